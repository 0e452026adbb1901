"""An edit reruns what uses the edited file, and nothing else."""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys

import pytest

from compendium import chapters, paths

NOTEBOOKS = [
    "01_synthetic_data",
    "02_signal_to_noise",
    "03_attribution_weighting",
    "04_length_scaling",
    "05_real_data",
    "06_controls",
    "07_independent_networks",
    "08_interactions",
    "09_your_model",
]


@pytest.fixture
def reached(repository, script):
    """reached(file): sources that a file below the root imports, directly or not, below src."""
    used, source = script("dependencies.py").used, repository / "src"

    def names(file):
        found = used([repository / file])
        return {str(path.relative_to(source)) for path in found if source in path.parents}

    return names


def test_imports_are_followed_through_relative_ones_and_public_names(reached):
    found = reached("src/compendium/chapters/interactions.py")
    assert "compendium/chapters/interactions_metric.py" in found
    assert "attribution_consistency/divergence.py" in found
    chapter = reached("notebooks/03_attribution_weighting.py")
    assert {"attribution_consistency/nulls.py", "compendium/page/claims.py"} <= chapter
    assert not any("/zoo/" in name for name in chapter)


def test_a_study_does_not_hang_on_the_pages(reached):
    for study in chapters.NAMES:
        found = reached(f"src/compendium/chapters/{study}.py")
        assert not any(name.startswith("compendium/page/") for name in found), study


def test_a_chapter_hangs_on_no_other_chapter(reached):
    for name in NOTEBOOKS:
        modules = {n for n in reached(f"notebooks/{name}.py") if "/chapters/" in n} - {
            "compendium/chapters/__init__.py"
        }
        stems = {n.rpartition("/")[2].removesuffix(".py").split("_")[0] for n in modules}
        assert len(stems) <= (4 if name == "05_real_data" else 1), (name, modules)


def test_what_is_left_out_is_not_followed(repository, script):
    start = repository / "src" / "compendium" / "chapters" / "controls.py"
    found = script("dependencies.py").used([start], ["compendium/zoo", "compendium/steps.py"])
    assert not any("zoo" in path.parts or path.name == "steps.py" for path in found)


@contextlib.contextmanager
def edited(path):
    """A file with one more comment, as it was afterwards."""
    before, times = path.read_bytes(), os.stat(path)
    try:
        path.write_bytes(before + b"# edited\n")
        yield
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.fixture
def planned(quick_book, command):
    """What a run of the quick configuration would do: its lines, without the hyphen."""

    def plan():
        done = command("run", "config/quick.yml", "--offline", "--dry-run")
        assert done.returncode == 0, done.stderr
        return {line[2:] for line in done.stdout.splitlines() if line.startswith("- ")}

    # Since the last run something else may have changed: that is not what is asked here.
    before = plan()
    return lambda: plan() - before


@pytest.mark.parametrize(
    ("file", "allowed", "wanted"),
    [
        ("notebooks/03_attribution_weighting.py", ("notebooks: 03",), "notebooks: 03"),
        (
            "src/compendium/chapters/interactions.py",
            ("notebooks: 08", "exercises: 08"),
            "notebooks: 08",
        ),
        ("src/compendium/page/claims.py", ("notebooks:", "exercises:"), "notebooks: 02"),
        (
            "src/attribution_consistency/geometric.py",
            ("scores:", "studies:", "notebooks:", "exercises:"),
            "scores:",
        ),
        ("src/compendium/zoo/training.py", (), ""),
    ],
)
def test_editing_a_file_reruns_what_uses_it(repository, planned, file, allowed, wanted):
    with edited(repository / file):
        lines = planned()
    # The slides repeat numbers of chapters, the data of a class hold the keys of all exercises.
    always = ("manifest", "book", "notebooks: slides", "exercises: lesson_data.zip")
    assert all(line.startswith((*allowed, *always)) for line in lines), lines
    assert any(line.startswith(wanted) for line in lines) or not wanted


@pytest.mark.slow
def test_one_chapter_runs_again_with_another_parameter(repository, quick_book):
    """The command that every chapter ends with: a page of its own, the run's left alone."""
    before = (quick_book / "notebooks" / "01_synthetic_data.html").read_bytes()
    command = [sys.executable, "-m", "compendium", "chapter", "01_synthetic_data", "k=5"]
    done = subprocess.run(
        [*command, "--run", "quick", "--quiet"], cwd=repository, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    page = repository / done.stdout.strip().splitlines()[-1]
    try:
        executed = json.loads(paths.Run("quick-again").notebook("01_synthetic_data").read_text())
        assert executed["metadata"]["papermill"]["parameters"] == {"run": "quick", "k": 5}
        assert "Sequences with a known answer" in page.read_text(encoding="utf-8")
        after = (quick_book / "notebooks" / "01_synthetic_data.html").read_bytes()
        assert hashlib.sha256(after).digest() == hashlib.sha256(before).digest()
    finally:
        shutil.rmtree(paths.Run("quick-again").folder)
    wrong = subprocess.run([*command[:-1], "q=5"], cwd=repository, capture_output=True, text=True)
    assert wrong.returncode == 2 and "01_synthetic_data.q: unknown" in wrong.stderr
