"""Drive the workflow.

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
import sys
from collections.abc import Iterator
from os import PathLike
from pathlib import Path

from attribution_consistency.files import TEMPORARY

from . import artefacts, config, paths, steps
from .paths import relative
from .programs import call

JOBS_LOCK = ".jobs"
SNAKEMAKE = "workflow/progress.py --snakefile workflow/Snakefile --scheduler greedy --nolock"


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
    check: bool = False,
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
    check : bool
        Only compare the files of the run with what was written.

    Returns
    -------
    int
        The exit status: 0, or 1 when `check` finds a file that has changed.

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
        if check:
            return _checked(paths.Run(name))
        _home(paths.Run(name))
        if settings["gm12878"]["models"] and not (offline or dry_run):
            steps.fetch(optional=True)
        this = steps.configure(path)
        if not dry_run:
            artefacts.discard_changed(this)
        log = this.logs / "workflow.log"
        command = [sys.executable, *shlex.split(SNAKEMAKE), "--rerun-incomplete"]
        command += ["--cores", str(cores), "--logger", "steps", "--logger-steps-log", str(log)]
        command += ["--profile", str(Path(profile).resolve())] if profile else []
        command += ["--dry-run"] if dry_run else []
        command += ["--config", f"run=results/{name}", f"strict={int(strict)}", f"driver={driver}"]
        status = call([*command, "--", until or "all"], log, stdin=lock)
    if status:
        killed = f"the workflow was killed by {signal.Signals(-status).name}" if status < 0 else ""
        see = f"{killed or 'see the first error above'}; all of it is in {relative(log)}"
        raise RunError(
            f"run {name!r} stopped: {see}; what is done is kept, so the same command resumes"
        )
    if settings["book"] and not (until or dry_run):
        print(f"The book: {relative(this.book / 'index.html')}")
    return 0


def _checked(this: paths.Run) -> int:
    """Say which files of a run are not what was written; 1 if there are any."""
    n_files, found = artefacts.count(this), artefacts.changed(this)
    if not n_files:
        raise RunError(f"run {this.name!r} has no files to check")
    for file, why in found.items():
        print(f"{relative(file)}: {why}")
    print(f"{n_files} files, {len(found)} changed since they were written")
    return int(bool(found))


def _home(this: paths.Run) -> None:
    """Where the home folder cannot be written, let programs keep their caches in the run's."""
    try:
        home = Path.home()
    except RuntimeError:
        home = Path("~")
    if not os.access(home, os.W_OK | os.X_OK):
        os.environ["HOME"] = str(this.folder / ".home")
        (this.folder / ".home").mkdir(exist_ok=True)
        print(f"note: {home} cannot be written; caches go to {relative(this.folder)}/.home")


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
