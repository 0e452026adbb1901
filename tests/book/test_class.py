"""What a class gets: notebooks that need the method package alone, and cells that fetch it."""

import contextlib
import functools
import hashlib
import http.server
import os
import re
import subprocess
import sys
import threading
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

from compendium.page import exercises, lesson_data
from compendium.paths import Run

OTHERS = "ATTRIBUTION_CONSISTENCY_TEST_CLASS"
VERSIONS = ("3.11", "3.12", "3.13")


def pythons():
    """Pythons to try: this one, and the others that are here when asked for."""
    here = "{}.{}".format(*sys.version_info)
    for version in VERSIONS:
        marks = () if version == here or OTHERS in os.environ else pytest.mark.skip(f"set {OTHERS}")
        yield pytest.param(version, marks=marks, id=version)


def interpreter(version):
    """The program of a version of Python, where it works; else the test is skipped."""
    if version == "{}.{}".format(*sys.version_info):
        return sys.executable
    places = [f"python{version}", *Path.home().glob(f".pyenv/versions/{version}.*/bin/python")]
    for program in map(str, places):
        with contextlib.suppress(OSError):
            done = subprocess.run([program, "--version"], capture_output=True, text=True)
            if done.stdout.startswith(f"Python {version}."):
                return program
    return pytest.skip(f"no Python {version} here")


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """Skip where no package can be installed."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "wheel"]
    folder = tmp_path_factory.mktemp("index")
    if subprocess.run(command, cwd=folder, capture_output=True).returncode:
        pytest.skip("no package index can be reached")


@pytest.fixture(scope="module")
def built(repository, quick_book, script, tmp_path_factory):
    """The files of a release, with the exercises of the quick run: {name: path}."""
    release, scratch = script("scripts/release.py"), tmp_path_factory.mktemp("release")
    source, out = scratch / "source", scratch / "out"
    release.copy_sources(repository, source)
    make = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*make, "--wheel-dir", out, source], check=True)
    (wheel,) = out.glob("*.whl")
    data, bundle = release.class_bundle(repository, wheel, "1.2.3", scratch, made="quick")
    kept = release.keep([wheel, data, bundle], "# Notes\n", scratch / "dist")
    return {path.name: path for path in kept}


# --- the data ------------------------------------------------------------------------------


def test_the_data_are_small_and_the_same_each_time(repository, quick_book, tmp_path):
    run = Run("quick")
    path = run.exercise("lesson_data.zip")
    before = path.read_bytes()
    assert len(before) < 6e6
    lesson_data.pack(run, exercises.names())
    # As a bool: pytest would take hours to show how two long texts differ.
    same = path.read_bytes() == before
    assert same
    with zipfile.ZipFile(path) as packed:
        names = set(packed.namelist())
    assert {"lesson.py", "sequences.npz", "networks.csv", "05_real_data.json"} <= names
    assert not any("/" in name for name in names)


@pytest.mark.slow
def test_the_published_data_are_small(repository):
    path = repository / "results" / "default" / "exercises" / "lesson_data.zip"
    if not path.exists():
        pytest.skip("the default run is not made")
    assert path.stat().st_size < 6e6


def test_the_module_reads_a_zip_wherever_the_notebook_goes(quick_book, tmp_path):
    """A program in an empty folder with the zip: the data, and where they are not."""
    (tmp_path / "lesson_data.zip").write_bytes(
        Run("quick").exercise("lesson_data.zip").read_bytes()
    )
    program = """
import os, sys
sys.path.insert(0, "lesson_data.zip")
import lesson
os.chdir("..")
table = lesson.table("networks")
x, motif, spacer = lesson.sequences(20)
assert x.shape == (20, 200, 4) and motif.shape == spacer.shape == (20, 200)
assert not (motif & spacer).any() and lesson.sequences().x.shape[0] >= len(x)
for name in table.loc[table["mapped"], "id"]:
    a = lesson.maps(name)
    assert a.dtype == "float32" and a.shape[1:] == (200, 4)
codes, label = lesson.labelled()
assert set(label) == {0, 1} and codes.max() == 3
try:
    lesson.maps("none")
except lesson.LessonError as error:
    assert "get lesson_data.zip again" in str(error)
assert "compendium" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)


def test_the_maps_are_those_of_the_run(quick_book):
    from attribution_consistency import kmer_klds
    from compendium import paths

    lesson = exercises.lesson(Run("quick").exercise("x").parent)
    for name in lesson_data.NETWORKS[:2]:
        small, own = lesson.maps(name), paths.read_maps("quick", "synthetic", name)["a"]
        x = lesson.sequences(len(small)).x
        given = kmer_klds(x, small, [3, 6])
        assert given == pytest.approx(kmer_klds(x, own[: len(small)], [3, 6]), rel=1e-3)


def test_ties_count_one_half(repository):
    from compendium.performance import auroc

    lesson = exercises.lesson(repository / "book" / "class")
    label, score = [0, 1, 0, 1, 1], [1, 1, 2, 3, 0]
    assert lesson.auroc(label, score) == pytest.approx(auroc(label, score)) != 0.5


# --- the bundle ----------------------------------------------------------------------------


def test_the_bundle_is_complete(built):
    with zipfile.ZipFile(built["class-1.2.3.zip"]) as packed:
        names = packed.namelist()
        start = packed.read("START.md").decode("utf-8")
        notebooks = [packed.read(name).decode("utf-8") for name in names if ".ipynb" in name]
    (wheel,) = (name for name in names if name.endswith(".whl"))
    assert len(notebooks) == 5 and "lesson_data.zip" in names
    assert start.count(wheel) == 2 and "WHEEL" not in start
    assert all("expect(" not in text and "/results/" not in text for text in notebooks)


def test_the_sums_are_those_of_the_files(built):
    lines = built["SHA256SUMS"].read_text().splitlines()
    assert len(lines) == 3
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256(built[name].read_bytes()).hexdigest() == digest


def test_a_bundle_needs_the_exercises(script, tmp_path):
    release = script("scripts/release.py")
    with pytest.raises(release.ReleaseError, match="--until exercises"):
        release.class_bundle(tmp_path, tmp_path / "x.whl", "1.2.3", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("version", list(pythons()))
def test_a_class_can_work_with_it(repository, built, index, script, tmp_path, version):
    """START.md typed as it stands, all notebooks, solutions and mistakes: with the wheel alone."""
    script("scripts/try_class.py").main(
        [
            str(built["class-1.2.3.zip"]),
            f"--folder={tmp_path}",
            f"--solutions={repository / 'notebooks' / 'solutions'}",
            f"--python={interpreter(version)}",
        ]
    )


# --- the cell that fetches -----------------------------------------------------------------


@pytest.fixture
def server(tmp_path_factory):
    """A folder and the address at which a local server offers its files."""
    folder = tmp_path_factory.mktemp("served")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *given):
            pass

    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as offering:
        threading.Thread(target=offering.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{offering.server_address[1]}/"
        offering.shutdown()


def first_cell(repository, address):
    text = (repository / "book" / "class" / "first_cell.py").read_text(encoding="utf-8")
    return text.replace("FILES_OF_THE_RELEASE", address)


@pytest.fixture
def offered(repository, server, tmp_path, monkeypatch):
    """Offer files, {name: content}, whose sums are those of {name: content}; run the cell."""
    folder, address = server
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setattr(urllib.request, "getproxies", dict)

    def run(files, summed):
        sums = "".join(f"{hashlib.sha256(c).hexdigest()}  {n}\n" for n, c in summed.items())
        for name, content in {**files, "SHA256SUMS": sums.encode()}.items():
            (folder / name).write_bytes(content)
        exec(first_cell(repository, address), {})
        return work

    return run


def test_the_cell_fetches_the_data_once(offered):
    files = {"lesson_data.zip": b"data"}
    work = offered(files, files)
    assert (work / "lesson_data.zip").read_bytes() == b"data"
    offered({"lesson_data.zip": b"other"}, files)  # not even looked at
    assert (work / "lesson_data.zip").read_bytes() == b"data"


def test_a_damaged_file_is_refused_and_says_what_to_do(offered):
    with pytest.raises(RuntimeError, match=r"arrived damaged: its sha256 .* Run this cell again"):
        offered({"lesson_data.zip": b"dat"}, {"lesson_data.zip": b"data"})
    assert not Path("lesson_data.zip").exists()


def test_a_file_that_does_not_arrive_says_what_to_do(offered):
    with pytest.raises(RuntimeError, match=r"did not arrive \(.*404.*download the file in your"):
        offered({}, {"lesson_data.zip": b"data"})


@pytest.mark.slow
def test_the_cell_installs_and_fetches_in_a_bare_environment(
    repository, built, index, server, tmp_path
):
    """As in Colab: IPython and nothing of ours, the files of a release, a made address for it."""
    folder, address = server
    for name, path in built.items():
        (folder / name).write_bytes(path.read_bytes())
    venv.create(tmp_path / "bare", with_pip=True)
    python = tmp_path / "bare" / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "ipython"]
    subprocess.run(pip, check=True)
    student = repository / "notebooks" / "exercises" / "01_synthetic_data.py"
    text = first_cell(repository, address) + student.read_text(encoding="utf-8")
    (tmp_path / "notebook.py").write_text(text, encoding="utf-8")
    variables = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [python, "notebook.py"],
        cwd=tmp_path,
        env={**variables, "no_proxy": "*", "PYTHONUTF8": "1", "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert len(re.findall("not answered yet", done.stdout)) == 5
