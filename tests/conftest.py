"""Shared fixtures: the repository, and the quick book that `make test` has built."""

import importlib.util
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

pytest_plugins = ["tiny_workflow"]
REPOSITORY = Path(__file__).resolve().parents[1]
BEFORE = pytest.StashKey[dict[str, bytes]]()


def pytest_addoption(parser):
    parser.addoption(
        "--require-book",
        action="store_true",
        help="fail, instead of skipping, the tests of the quick book when it is not built",
    )


def pytest_ignore_collect(collection_path, config):
    """Import no module of slow tests to leave them all out: TensorFlow alone takes seconds."""
    if config.option.markexpr != "not slow" or collection_path.suffix != ".py":
        return None
    text = collection_path.read_text(encoding="utf-8")
    return "\npytestmark = pytest.mark.slow\n" in text or None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what uses the built book; begin with the longest file, or one process waits for it."""
    items.sort(key=lambda item: item.path.name != "test_steps.py")
    for item in items:
        if "quick_book" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


def _changed():
    """Tracked files that are not as committed, with their content's digests."""
    command = ["git", "diff", "--raw", "--abbrev=40", "HEAD"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    names = [line.partition("\t")[2] for line in listed.stdout.splitlines()]
    files = {name: REPOSITORY / name for name in names}
    return {name: path.read_bytes() if path.is_file() else b"" for name, path in files.items()}


def pytest_sessionstart(session):
    if not hasattr(session.config, "workerinput"):
        session.config.stash[BEFORE] = _changed()


def pytest_sessionfinish(session):
    """In continuous integration, where nobody edits meanwhile: no test changes a tracked file."""
    before = session.config.stash.get(BEFORE, None)
    if before is not None and os.environ.get("CI") and (now := _changed()) != before:
        names = sorted(name for name in now | before if now.get(name) != before.get(name))
        print(f"\nerror: a test changed files of the repository: {', '.join(names)}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def _no_framework(request):
    """Fail what loads TensorFlow where only fast tests run."""
    before = "tensorflow" in sys.modules
    yield
    if request.config.option.markexpr == "not slow" and not before:
        assert "tensorflow" not in sys.modules, "loads TensorFlow: mark this test slow"


@pytest.fixture(scope="session")
def repository():
    """Folder of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def script():
    """Function from the path of a script, below workflow/ or book/, to a module of its own."""

    def load(name):
        path = next(p for d in ("workflow", "book") if (p := REPOSITORY / d / name).exists())
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def tracked():
    """Files of the repository that version control knows or would take up, relative."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a checkout")
    return [Path(name) for name in listed.stdout.splitlines() if (REPOSITORY / name).is_file()]


@pytest.fixture
def disk(monkeypatch):
    """What is done to files: ``done``, sizes of synchronised files and "renamed", in their
    order, and ``temporary``, the names that were replaced."""
    seen, sync, replace = types.SimpleNamespace(done=[], temporary=[]), os.fsync, os.replace

    def synced(descriptor):
        seen.done.append(os.fstat(descriptor).st_size)
        sync(descriptor)

    def renamed(source, target):
        seen.done.append("renamed")
        seen.temporary.append(os.path.basename(source))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    return seen


@pytest.fixture(scope="session")
def quick_book(request):
    """Folder of the HTML pages of the quick book."""
    folder = REPOSITORY / "results" / "quick" / "book" / "_build" / "html"
    if not (folder / "index.html").exists():
        message = "the quick book is not built: run make test"
        if request.config.getoption("--require-book"):
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture
def command():
    """Run the command line in a process of its own: command(*arguments, cwd=, env=)."""

    def run(*arguments, cwd=REPOSITORY, env=None, timeout=300, package="compendium"):
        return subprocess.run(
            [sys.executable, "-m", package, *map(str, arguments)],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )

    return run


@pytest.fixture
def compendium(tmp_path, monkeypatch):
    """An empty compendium in a temporary folder, with one notebook; the root for this test."""
    (tmp_path / "workflow").mkdir()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "notebooks" / "01_first.py").write_text(
        "# %% [markdown]\n# # First\n\n"
        '# %% tags=["parameters"]\n'
        'run: str = "default"  # the run\n'
        "n_shown: int = 3  # how many\n"
        "level: float = 0.5  # how high\n"
        "names: list[str] = []  # which\n"
        "limit: int | None = None  # at most\n\n"
        "# %%\nprint(n_shown)\n"
    )
    monkeypatch.setenv("ATTRIBUTION_CONSISTENCY_ROOT", str(tmp_path))
    return tmp_path
