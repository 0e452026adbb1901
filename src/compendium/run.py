"""Drive the workflow and build the book: the two steps that start other programs.

One run is driven by one process at a time.  The driver holds an operating-system lock on the
run's folder and hands it to Snakemake and its jobs as their standard input, which every
child inherits.  If the driver is killed, a job that lives on keeps the lock, so that no
second driver writes beside it; once all are gone the lock is free, and Snakemake's own
lock, which would have stayed, is not used.  A job on another computer of a cluster inherits
nothing, so every job also shares a second lock, which a new driver must find free.

A job that still waits in the queue of a cluster holds no lock.  So each driver writes a token
of its own into the file of the second lock and hands it to its jobs; a job that starts later
and finds another token there refuses to work.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from attribution_consistency.files import TEMPORARY, replacing

from . import config, paths, steps
from .paths import relative

JOBS_LOCK = ".jobs"
# Of TensorFlow, before it knows how much it may say.
GREETINGS = ("WARNING: All log messages before absl", "I0000 00:00")
SNAKEMAKE = "workflow/progress.py --snakefile workflow/Snakefile --scheduler greedy --nolock"
BOOK = "-c 'from jupyter_book.cli.main import main; main()' build --all -q"
BUILDER = [sys.executable, *shlex.split(BOOK)]


class RunError(ValueError):
    """The workflow or the book could not be completed."""


def run(
    path: str | PathLike[str],
    *,
    cores: int = 2,
    strict: bool = False,
    offline: bool = False,
    until: str | None = None,
    profile: str | PathLike[str] | None = None,
    dry_run: bool = False,
) -> int:
    """Carry a configuration through the workflow.

    Parameters
    ----------
    path : path
        Configuration file.
    cores : int
        Processes at a time.
    strict : bool
        Any warning of the book is an error.
    offline : bool
        Do not try to download the real sequences.
    until : str or None
        Rule of the Snakefile after which to stop, such as `models`.
    profile : path or None
        A Snakemake profile.
    dry_run : bool
        Only list the steps that would be run.

    Returns
    -------
    int
        0, the exit status.

    Raises
    ------
    ConfigError
        The configuration cannot be run; raised before any work.
    RunError
        A step fails, or the run is in use.
    """
    if cores < 1:
        raise RunError(f"--cores: expected at least 1, got {cores}")
    settings = config.load(path)
    name = Path(path).stem
    with locked(paths.Run(name)) as (lock, driver):
        if settings["gm12878"]["models"] and not (offline or dry_run):
            steps.fetch(optional=True)
        this = steps.configure(path)
        this.logs.mkdir(parents=True, exist_ok=True)
        log = this.logs / "workflow.log"
        command = [sys.executable, *shlex.split(SNAKEMAKE), "--rerun-incomplete"]
        command += ["--cores", str(cores), "--logger", "steps", "--logger-steps-log", str(log)]
        command += ["--profile", str(Path(profile).resolve())] if profile else []
        command += ["--dry-run"] if dry_run else []
        command += ["--config", f"run={name}", f"strict={int(strict)}", f"driver={driver}"]
        status = _call([*command, "--", until or "all"], log, stdin=lock)
    if status:
        raise RunError(
            f"run {name!r} stopped: see the first error above, or all of {relative(log)}; "
            "what is done is kept, so the same command resumes"
        )
    if settings["book"] and not (until or dry_run):
        print(f"The book: {relative(this.book / 'index.html')}")
    return 0


@contextlib.contextmanager
def locked(this: paths.Run) -> Iterator[tuple[int, str]]:
    """Hold the run's lock.

    Yields
    ------
    lock : int
        File descriptor of the lock, to be inherited by child processes.
    driver : str
        The token that jobs must show, see `share`.

    Raises
    ------
    RunError
        A process of an earlier call still holds the lock.
    """
    try:
        import fcntl
    except ImportError:
        raise RunError("the workflow needs Linux or macOS (on Windows, WSL)") from None
    this.folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(this.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode().strip() or "unknown"
            raise RunError(
                f"run {this.name!r} is in use by an earlier command (process {holder}) or one of "
                "its jobs; wait until it ends"
            ) from None
        with open(this.folder / JOBS_LOCK, "a") as jobs:
            try:
                fcntl.flock(jobs, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RunError(
                    f"run {this.name!r} is in use: a job of an earlier command still runs; wait "
                    "until it ends, or cancel it"
                ) from None
            driver = f"driver-{secrets.token_hex(8)}"
            jobs.truncate(0)
            jobs.write(driver)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        # What a process that was killed had not finished writing.
        for left_over in this.folder.rglob(f"{TEMPORARY}*"):
            left_over.unlink(missing_ok=True)
        yield descriptor, driver
    finally:
        os.close(descriptor)


def share(this: paths.Run, driver: str | None = None) -> None:
    """Share the lock of the run's jobs until this process ends.

    Parameters
    ----------
    this : Run
    driver : str or None
        Token of the command that started this job; None for one by hand.

    Raises
    ------
    RunError
        A later command has driven the run since.
    """
    with contextlib.suppress(ImportError, OSError):  # no folder yet, or a disk without locks
        import fcntl

        descriptor = os.open(this.folder / JOBS_LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    if driver:
        with contextlib.suppress(FileNotFoundError):
            if (this.folder / JOBS_LOCK).read_text() != driver:
                raise RunError(
                    f"run {this.name!r}: this job does nothing, superseded by a later command"
                )


def build_book(this: paths.Run, strict: bool = False) -> None:
    """Build the book of a run from its executed notebooks.

    A run with a choice of notebooks gets a book of these only, never strict, for its prose
    points to pages it does not have.

    Parameters
    ----------
    this : Run
    strict : bool
        Any warning is an error, after all pages have been tried.

    Raises
    ------
    RunError
        The build fails.
    """
    settings = config.load_resolved(this.name)
    steps.notebook(this, "status")
    missing = set(paths.notebook_names()) - set(settings["notebooks"])
    contents = _contents(this, missing) if missing else paths.root() / "_toc.yml"
    _build(this, contents, ["-W", "-n", "--keep-going"] if strict and not missing else [])


def chapter_again(this: paths.Run, name: str, given: Sequence[str]) -> Path:
    """Execute one chapter again on a finished run, with other parameters: path of its page.

    The run and its book are left alone: the chapter and its page lie in `results/<run>-again`.

    Parameters
    ----------
    this : Run
    name : str
        Such as 03_attribution_weighting.
    given : sequence of str
        Parameters as `name=value`, the value as YAML has it.

    Raises
    ------
    ConfigError
        For a notebook or parameter that is unknown, or a value that does not fit.
    """
    import yaml

    pairs = [text.partition("=") for text in given]
    if lone := [name for name, equals, _ in pairs if not equals]:
        raise config.ConfigError(f"{lone[0]}: expected name=value, such as k=5")
    overrides = {name: yaml.safe_load(value) for name, _, value in pairs}
    checked = config.checked_notebooks({name: overrides})
    settings = config.load_resolved(this.name)
    settings["notebooks"] = {name: {"run": this.name, **checked[name]}}
    other = paths.Run(f"{this.name}-again")
    contents = other.folder / "book" / "_toc.yml"
    referred = [{"file": f"book/{page}"} for page in ("glossary", "bibliography")]
    toc = {"format": "jb-book", "root": f"notebooks/{name}", "chapters": referred}
    for path, value in ((other.config, settings), (contents, toc)):
        with replacing(path) as temporary:
            temporary.write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
    steps.notebook(other, name)
    _build(other, contents)
    return other.book / "notebooks" / f"{name}.html"


def _build(this: paths.Run, contents: Path, options: Sequence[str] = ()) -> None:
    """Build the pages that a table of contents names from the executed notebooks of a run."""
    command = [*BUILDER, str(paths.root()), "--toc", str(contents)]
    command += ["--path-output", str(this.book.parent.parent), *options]
    os.environ[paths.RUN_VARIABLE] = this.name
    path = this.logs / "book.log"  # where it greets and says farewell; what is wrong is shown
    with steps.timed(this, "book"), open(path, "w") as log:
        status = _call(command, stdout=log)
    if status or not (this.book / "index.html").exists():
        raise RunError(
            f"the book of run {this.name!r} could not be built: see the messages above, and "
            f"{relative(path)}"
        )


def _contents(this: paths.Run, missing: set[str]) -> Path:
    """A table of contents without the notebooks a run does not have."""
    import yaml

    def keep(entry: dict[str, str]) -> bool:
        return Path(entry.get("file", "")).name not in missing

    contents = yaml.safe_load((paths.root() / "_toc.yml").read_text(encoding="utf-8"))
    for part in contents["parts"]:
        part["chapters"] = [chapter for chapter in part["chapters"] if keep(chapter)]
    contents["parts"] = [part for part in contents["parts"] if part["chapters"]]
    path = this.folder / "book" / "_toc.yml"
    with replacing(path) as temporary:
        temporary.write_text(yaml.safe_dump(contents, sort_keys=False), encoding="utf-8")
    return path


def _call(command: list[str], log: Path | None = None, **options: Any) -> int:
    """Run a program in the root folder with our interpreter's tools first; its exit status.

    With `log`, what it prints goes there too. An interrupt or a termination reaches the program as
    well, and its end is awaited; then KeyboardInterrupt is raised.
    """
    tools = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        paths.ROOT_VARIABLE: str(paths.root()),
        "PATH": tools + os.pathsep + os.environ.get("PATH", ""),
    }
    if log:
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "errors": "replace"}
    program = subprocess.Popen(command, cwd=paths.root(), env=environment, **options)
    stopped: list[int] = []

    def stop(signum: int, frame: object) -> None:
        stopped.append(signum)
        program.send_signal(signum)

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        while True:
            try:
                if log:
                    _copy(program, log)
                status = program.wait()
                break
            except KeyboardInterrupt:
                # The terminal has sent it to the whole group: let the program tidy up.
                stopped.append(signal.SIGINT)
    finally:
        signal.signal(signal.SIGTERM, previous)
    if stopped and status:
        raise KeyboardInterrupt
    return status


def _copy(program: subprocess.Popen[str], log: Path) -> None:
    """Print what a program says, but for TensorFlow's greetings, and append it to a file."""
    with open(log, "a", encoding="utf-8") as copy:
        for line in program.stdout or ():
            copy.write(line)
            copy.flush()
            if not line.startswith(GREETINGS):
                print(line, end="", flush=True)
