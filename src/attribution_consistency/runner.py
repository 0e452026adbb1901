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
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import Any

from . import artefacts, config, pipeline
from .artefacts import relative

JOBS_LOCK = ".jobs"
STEPS = ("sequences", "models", "maps", "scores", "notebooks", "exercises")


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
        One of `STEPS`, after which to stop.
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
    with locked(artefacts.Run(name)) as (lock, driver):
        if settings["gm12878"]["models"] and not (offline or dry_run):
            pipeline.fetch(optional=True)
        this = pipeline.configure(path)
        options = ["--profile", str(Path(profile).resolve())] if profile else []
        options += ["--dry-run"] if dry_run else []
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "--snakefile",
            "workflow/Snakefile",
            "--cores",
            str(cores),
            "--scheduler",
            "greedy",
            "--nolock",
            "--rerun-incomplete",
            "--quiet",
            "host",
            "reason",
            "--config",
            f"run={name}",
            f"strict={int(strict)}",
            f"driver={driver}",
            *options,
            "--",
            until or "all",
        ]
        this.logs.mkdir(parents=True, exist_ok=True)
        status = _call(command, stdin=lock, log=this.logs / "workflow.log")
    if status:
        raise RunError(
            f"run {name!r} stopped: see the first error above, or all of "
            f"{relative(this.logs / 'workflow.log')}; what is done is kept, so the same command "
            "resumes"
        )
    if settings["book"] and not (until or dry_run):
        print(f"The book: {relative(this.book / 'index.html')}")
    return 0


@contextlib.contextmanager
def locked(this: artefacts.Run) -> Iterator[tuple[int, str]]:
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
        for pattern in (f"{artefacts.TEMPORARY}*", ".*.tmp"):
            for left_over in this.folder.rglob(pattern):
                left_over.unlink(missing_ok=True)
        yield descriptor, driver
    finally:
        os.close(descriptor)


def share(this: artefacts.Run, driver: str | None = None) -> None:
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


def build_book(this: artefacts.Run, strict: bool = False) -> None:
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
    pipeline.notebook(this, "status")
    root = artefacts.root()
    missing = set(artefacts.notebook_names()) - set(settings["notebooks"])
    command = [
        sys.executable,
        "-c",
        "from jupyter_book.cli.main import main; main()",
        "build",
        str(root),
        "--path-output",
        str(this.book.parent.parent),
        "--all",
        "-q",
        "--toc",
        str(_contents(this, missing) if missing else root / "_toc.yml"),
    ]
    if strict and not missing:
        command += ["-W", "-n", "--keep-going"]
    with pipeline.timed(this, "book"):
        status = _call(command, environment={artefacts.RUN_VARIABLE: this.name})
    if status or not (this.book / "index.html").exists():
        raise RunError(f"the book of run {this.name!r} could not be built: see the messages above")


def _contents(this: artefacts.Run, missing: set[str]) -> Path:
    """A table of contents without the notebooks a run does not have."""
    import yaml

    def keep(entry: dict[str, str]) -> bool:
        return Path(entry.get("file", "")).name not in missing

    contents = yaml.safe_load((artefacts.root() / "_toc.yml").read_text(encoding="utf-8"))
    for part in contents["parts"]:
        part["chapters"] = [chapter for chapter in part["chapters"] if keep(chapter)]
    contents["parts"] = [part for part in contents["parts"] if part["chapters"]]
    path = this.folder / "book" / "_toc.yml"
    with artefacts.write_atomic(path) as temporary:
        temporary.write_text(yaml.safe_dump(contents, sort_keys=False), encoding="utf-8")
    return path


# What Snakemake says besides its progress; it all stays in the log.
_CHATTER = re.compile(
    r"\s*$|\[\w{3} \w{3} .*\d{4}\]$|job +count$|-+ +-+$|\w+ +\d+$"
    r"|(Assuming unrestricted|Building DAG|Using (shell|profile)|Provided (cores|remote)"
    r"|Rules claiming|Select jobs|Execute \d|Finished jobid|Complete log|Elapsed time|Shutting down"
    r"|Exiting because"
    r"|WorkflowError|At least one job|RuleException|CalledProcessError in|Command 'set -euo"
    r"|Error in rule|(local)?rule \w+:$|Removing output|Job stats|Nothing to be done"
    r"|WARNING: All log messages before|I0000 00:00"
    r"|Running Jupyter-Book|Source Folder|Config Path|Output Path|Finished generating|Your book's"
    r"|You can look|Or paste|\x1b\[92m=|=====)|\s+(file:/|results/|_build/)"
    r"|Reasons:|    (\(check individual|[a-z ]+:$)|        \w+(, \w+)*(, \.\.\.)?$"
    r"|This was a dry-run"
    r"|Some jobs were triggered|If you (prefer|are sure)|Rules with provenance"
    r"|interrupted; run|Terminating processes"
    r"|    (message|jobid|input|output|shell|reason|threads|resources):"
    r"|        (attribution-c|\(command)"
)
_JOB = re.compile(r"Job \d+: (.*)")


def _call(
    command: list[str],
    stdin: int | None = None,
    environment: dict[str, str] | None = None,
    log: Path | None = None,
) -> int:
    """Run a program in the root folder with our interpreter's tools first; its exit status.

    With `log`, everything it prints goes there and what a reader wants to see is passed on.
    An interrupt or a termination reaches the program too, and its end is awaited; then
    KeyboardInterrupt is raised.
    """
    tools = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        artefacts.ROOT_VARIABLE: str(artefacts.root()),
        "PATH": tools + os.pathsep + os.environ.get("PATH", ""),
        **(environment or {}),
    }
    piped: dict[str, Any] = (
        {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True} if log else {}
    )
    program = subprocess.Popen(
        command, cwd=artefacts.root(), env=environment, stdin=stdin, errors="replace", **piped
    )
    stopped: list[int] = []

    def stop(signum: int, frame: object) -> None:
        stopped.append(signum)
        program.send_signal(signum)

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        while True:
            try:
                if log and program.stdout:
                    _pass_on(program.stdout, log)
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


def _pass_on(lines: Iterable[str], log: Path) -> None:
    """Copy lines to the file `log`; print those that are not chatter."""
    with open(log, "a", encoding="utf-8") as copy:
        for line in lines:
            copy.write(line)
            copy.flush()
            if not _CHATTER.match(line):
                print(_JOB.sub(r"- \1", line), end="", flush=True)
