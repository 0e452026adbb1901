"""The package as it is installed: complete, and light without extras."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile

import pytest

FULL = "ATTRIBUTION_CONSISTENCY_TEST_INSTALL"
RESOURCES = {
    "synthetic_motifs.tsv",
    "jaspar2016_vertebrates.tsv.gz",
    "default_length_weights.json",
    "report.html",
    "report_parts.html",
    "book.mplstyle",
    "options.toml",
    "formats.txt",
    "scores.schema.json",
    "examples/sequences.npz",
    "examples/exponential.npz",
    "examples/relu.npz",
    "examples/performance.csv",
}


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(repository, tracked, tmp_path_factory):
    """A wheel and an sdist, built from a copy that has what version control has."""
    pytest.importorskip("setuptools")
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("built")
    for name in tracked:
        if len(name.parts) == 1 or name.parts[0] == "src":
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((repository / name).read_bytes())
    backend = "import sys; from setuptools import build_meta as b; "
    run(sys.executable, "-c", backend + "b.build_sdist(sys.argv[1])", str(out), cwd=copy)
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--disable-pip-version-check",
        "--wheel-dir",
        str(out),
        str(copy),
    )
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return wheel, sdist


def test_wheel_and_sdist_are_complete(repository, built):
    wheel, sdist = built
    with zipfile.ZipFile(wheel) as file:
        in_wheel = set(file.namelist())
    with tarfile.open(sdist) as file:
        in_sdist = {name.split("/", 1)[1] for name in file.getnames() if "/" in name}
    package = repository / "src" / "attribution_consistency"
    modules = {p.relative_to(package).as_posix() for p in package.rglob("*.py")}
    for name in modules | {f"resources/{name}" for name in RESOURCES}:
        assert f"attribution_consistency/{name}" in in_wheel, name
        assert f"src/attribution_consistency/{name}" in in_sdist, name
    assert {"pyproject.toml", "README.md", "LICENSE", "LICENSE-CONTENT"} <= in_sdist
    assert any(name.endswith("entry_points.txt") for name in in_wheel)
    assert {name.split("/")[0].split("-")[0] for name in in_wheel} == {"attribution_consistency"}
    assert wheel.stat().st_size < 1_000_000


def test_every_resource_is_listed_here(repository):
    folder = repository / "src" / "attribution_consistency" / "resources"
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert found == RESOURCES


def test_the_examples_are_small(repository):
    folder = repository / "src" / "attribution_consistency" / "resources" / "examples"
    assert sum(path.stat().st_size for path in folder.iterdir()) < 300_000


def test_the_core_dependencies(built):
    with zipfile.ZipFile(built[0]) as file:
        (name,) = [n for n in file.namelist() if n.endswith("/METADATA")]
        metadata = file.read(name).decode()
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist")]
    core = [line for line in needed if "extra ==" not in line]
    names = {re.split(r"[ ;<>=!]", line.removeprefix("Requires-Dist: "))[0] for line in core}
    plots = {"matplotlib", "seaborn", "fast-logomaker"}
    assert names == {"numpy", "scipy", "pandas", "h5py", "jinja2"} | plots
    assert any("tensorflow" in line and 'extra == "zoo"' in line for line in needed)


def test_an_installed_wheel_scores_its_examples_without_the_repository(built, tmp_path):
    """The wheel alone on the path: what it lacks would be missed."""
    with zipfile.ZipFile(built[0]) as file:
        file.extractall(tmp_path / "site")
    program = """
import sys
sys.path.insert(0, sys.argv[1])
from attribution_consistency import cli, __file__ as where
assert where.startswith(sys.argv[1]), where
assert cli.main(["score", "--example", "--out", "out"]) == 0
assert not set(sys.modules) & {"tensorflow", "keras", "torch"}
"""
    run(sys.executable, "-c", program, str(tmp_path / "site"), cwd=tmp_path)
    assert (tmp_path / "out" / "report.html").exists()


@pytest.mark.skipif(FULL not in os.environ, reason=f"downloads packages; set {FULL}=1 to run")
def test_a_clean_environment(built, tmp_path):
    """Core dependencies from the index, nothing else: TensorFlow is not among them."""
    run(sys.executable, "-m", "venv", str(tmp_path / "venv"))
    python = str(tmp_path / "venv" / "bin" / "python")
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(built[0]))
    installed = run(python, "-m", "pip", "list", "--format=freeze").lower()
    assert not [name for name in ("tensorflow", "keras", "torch") if name in installed]
    command = str(tmp_path / "venv" / "bin" / "attribution-consistency")
    run(command, "score", "--example", "--out", "report", cwd=tmp_path)
    assert (tmp_path / "report" / "report.html").stat().st_size > 100_000
