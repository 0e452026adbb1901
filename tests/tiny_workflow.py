"""A tiny run in a copy of the compendium: fixtures of the tests that kill, damage and resume."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from attribution_consistency.files import sha256

# Whether all faults are tried, see faults/conftest.py.
FULL = bool(os.environ.get("ATTRIBUTION_CONSISTENCY_FAULTS"))
COPIED = (
    "workflow",
    "notebooks",
    "config",
    "src",
    "pyproject.toml",
    "requirements.lock",
    "_config.yml",
    "_toc.yml",
    "book",
)


@pytest.fixture(scope="module")
def copy(repository, tmp_path_factory):
    """A copy of the compendium without results, data or weights."""
    folder = tmp_path_factory.mktemp("compendium")
    for name in COPIED:
        source = repository / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "static")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder / name)
    return folder


@pytest.fixture(scope="module")
def start(copy):
    """Start the workflow in the copy, in a session of its own."""

    def start(config, *options, env=None, **others):
        environment = {
            **os.environ,
            "PYTHONPATH": str(copy / "src"),
            "XDG_CACHE_HOME": str(copy / "cache"),
            **(env or {}),
        }
        for name in ("ROOT", "RUN", "NOTEBOOK", "DATA"):
            environment.pop(f"ATTRIBUTION_CONSISTENCY_{name}", None)
        return subprocess.Popen(
            [sys.executable, "-m", "compendium", "run", config, "--offline", *options],
            cwd=copy,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **others,
        )

    return start


@pytest.fixture(scope="module")
def run(start):
    """Run the workflow in the copy to its end: (exit status, what it printed)."""

    def run(config, *options, **others):
        program = start(config, *options, **others)
        try:
            printed, _ = program.communicate(timeout=900)
        except subprocess.TimeoutExpired:
            kill_all(program)
            raise
        return program.returncode, printed

    return run


@pytest.fixture(scope="module")
def finished(copy, start, run):
    """The tiny run, killed once its first network was trained, then run again.

    Gives what the second call printed and the name of that network.
    """
    models = copy / "results" / "tiny" / "models" / "synthetic"
    first = start("config/tiny.yml", "--cores", "1")
    deadline = time.monotonic() + 900
    while not list(models.glob("*.json")) and time.monotonic() < deadline:
        assert first.poll() is None, first.communicate()[0]
        time.sleep(0.1)
    kill_all(first)
    first.communicate()
    trained = next(models.glob("*.json")).stem
    status, printed = run("config/tiny.yml")
    assert status == 0, printed
    return printed, trained


def members(program):
    """Processes of the session that `program` leads: {process id: command line}."""
    import psutil

    found = {}
    for process in psutil.process_iter():
        with contextlib.suppress(OSError, psutil.Error):
            if os.getsid(process.pid) == program.pid:
                found[process.pid] = " ".join(process.cmdline())
    return found


def kill_all(program):
    """Kill a program with all that it has started, as a power failure does."""
    for process in members(program):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def digests(copy, name="tiny"):
    """Digests of what the tiny run computes, under this name: {file: sha256}."""
    folder = copy / "results" / name
    files = [*folder.glob("scores/*.csv"), *folder.glob("models/*/*.npz"), *folder.glob("*.json")]
    found = {p.relative_to(folder).as_posix(): sha256(p) for p in files if p.stem != "manifest"}
    assert len(found) == 5
    return found
