"""Build a release of the package and try it as a user would; with --publish, tag it too.

    python workflow/scripts/release.py [--publish] [--dist DIR]

`make release` calls this, `make release PUBLISH=1` with --publish.  Nothing is ever uploaded:
the last lines say which commands do that.  It needs Python and Git alone, as `build` and `twine`
go into an environment that is thrown away: what tries the release cannot lean on what is installed
here, and the book's lock files stay free of tools that no chapter needs.

Beside the package it makes what a class gets, `class-<version>.zip`, from the exercises of the
finished run `default`.
"""

import argparse
import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
import zipfile
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECTION = re.compile(r"^## (\S+), (unreleased|\d{4}-\d\d-\d\d)$")


class ReleaseError(ValueError):
    """The tree cannot be released; the message says why."""


def run(*command, cwd, **variables):
    """Output of a command, which must succeed; no module of this tree is on its path."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**inherited, **variables},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
        raise ReleaseError(f"this failed: {' '.join(map(str, command))}")
    return done.stdout


@contextlib.contextmanager
def step(text):
    """Say what is done, then how long it took."""
    print(f"{text} ... ", end="", flush=True)
    start = time.monotonic()
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - start:.0f} s")


def first_section(changelog):
    """Version, date or "unreleased", and text of the first section of a changelog."""
    lines = changelog.splitlines()
    headings = [i for i, line in enumerate(lines) if line.startswith("## ")] + [len(lines)]
    match = SECTION.match(lines[headings[0]]) if len(headings) > 1 else None
    if match is None:
        raise ReleaseError(
            "CHANGELOG.md: its first section is not '## 1.2.3, unreleased or a date'"
        )
    return *match.groups(), "\n".join(lines[headings[0] + 1 : headings[1]]).strip()


def versions(root):
    """The version that each file states, by the file's name."""

    def found(name, pattern):
        match = re.search(pattern, (root / name).read_text(encoding="utf-8"), re.M)
        return match[1] if match else None

    package = "src/attribution_consistency/__init__.py"
    return {
        "pyproject.toml": tomllib.loads((root / "pyproject.toml").read_text())["project"][
            "version"
        ],
        "CITATION.cff": found("CITATION.cff", r"^version: *[\"']?([^\s\"']+)"),
        "CHANGELOG.md": first_section((root / "CHANGELOG.md").read_text(encoding="utf-8"))[0],
        package: found(package, r'^__version__ = "(.+)"$'),
    }


def disagreements(root):
    """One line for each thing that versions, changelog and tags of a tree disagree about."""
    stated = versions(root)
    version = stated["pyproject.toml"]
    lines = [
        f"{name} says {other}, pyproject.toml {version}"
        for name, other in stated.items()
        if other != version
    ]
    _, day, _ = first_section((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    if day != "unreleased":
        try:
            date.fromisoformat(day)
        except ValueError:
            lines.append(f"CHANGELOG.md: {day} is no date")
    for tag in run("git", "tag", "--points-at", "HEAD", "--list", "v[0-9]*", cwd=root).split():
        if tag != f"v{version}":
            lines.append(f"this commit is tagged {tag}, pyproject.toml says {version}")
        elif day == "unreleased":
            lines.append(f"this commit is tagged {tag}, but CHANGELOG.md has no date for it")
    return lines


def obstacles(root):
    """One line for each thing that forbids tagging a tree whose versions agree."""
    version, day, _ = first_section((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    lines = []
    if run("git", "status", "--porcelain", cwd=root):
        lines.append("the tree has changes that are not committed")
    if day == "unreleased":
        lines.append(f"CHANGELOG.md has no date for {version}")
    if run("git", "tag", "--list", f"v{version}", cwd=root):
        lines.append(f"the tag v{version} exists")
    return lines


def copy_sources(root, target):
    """Copy what the package is built from: what Git has of the root folder and of src.

    Neither an old build folder nor a file that Git ignores can get into the release; its files
    are as old as the commit, so that one commit gives the same wheel each time.  Returns that time.
    """
    seconds = run("git", "log", "-1", "--format=%ct", cwd=root).strip()
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=root)
    for name in map(Path, filter(None, listed.split("\0"))):
        if (len(name.parts) == 1 or name.parts[0] == "src") and (root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, target / name)
            os.utime(target / name, (int(seconds), int(seconds)))
    return seconds


def environment(folder, *requirements):
    """A new virtual environment with these packages; returns its folder of programs."""
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = (programs / "python", "-m", "pip", "--disable-pip-version-check", "--quiet")
    run(*pip, "install", *requirements, cwd=folder)
    return programs


def contents(wheel):
    """Digest of every file of a wheel; what only says how it was made counts by its name alone."""
    with zipfile.ZipFile(wheel) as file:
        return {
            name: "" if name.endswith(("/WHEEL", "/RECORD")) else sha256(file.read(name))
            for name in file.namelist()
        }


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def build(root, scratch):
    """Build sdist and wheel, check their metadata, and the wheel that the sdist gives.

    Returns the two paths, in the scratch folder.
    """
    source, out, again = scratch / "source", scratch / "out", scratch / "again"
    epoch = copy_sources(root, source)
    extras = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    with step("tools in an environment of their own"):
        programs = environment(scratch / "tools", *extras["optional-dependencies"]["release"])
    with step("sdist and wheel"):
        made = (programs / "python", "-m", "build", "--sdist", "--wheel", "--outdir", out, source)
        run(*made, cwd=scratch, SOURCE_DATE_EPOCH=epoch)
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    with step("twine check"):
        run(programs / "python", "-m", "twine", "check", "--strict", sdist, wheel, cwd=scratch)
    with step("a wheel from the sdist, file by file the same"):
        pip = (programs / "python", "-m", "pip", "--disable-pip-version-check")
        made = (*pip, "wheel", "--no-deps", "--wheel-dir", again, sdist)
        run(*made, cwd=scratch, SOURCE_DATE_EPOCH=epoch)
        direct, other = contents(wheel), contents(next(again.glob("*.whl")))
        differing = sorted(n for n in direct | other if direct.get(n) != other.get(n))
        if differing:
            raise ReleaseError(f"sdist and tree give different wheels: {', '.join(differing)}")
    return [sdist, wheel]


def score_examples(wheel, scratch):
    """Install a wheel with its dependencies and nothing else; score the maps that it brings."""
    with step("the wheel in a clean environment"):
        programs = environment(scratch / "clean", wheel)
    with step("the report of the example maps"):
        command = (programs / "attribution-consistency", "score", "--example", "--out", "report")
        run(*command, cwd=scratch)
    report = scratch / "report" / "report.html"
    if not report.is_file() or report.stat().st_size < 100_000:
        raise ReleaseError("the installed wheel wrote no report, or an empty one")


def class_bundle(root, wheel, version, scratch, made="default"):
    """What a class gets: notebooks of part I, their data, the wheel, and how to start.

    Returns the data and the bundle, `lesson_data.zip` and `class-<version>.zip`.
    """
    made = root / "results" / made
    data = made / "exercises" / "lesson_data.zip"
    notebooks = sorted((made / "notebooks" / "exercises").glob("0[1-5]_*.ipynb"))
    if not data.is_file() or len(notebooks) != 5:
        raise ReleaseError(
            "the exercises of the run 'default' are not made: 'make release' makes them, or run "
            "'python -m compendium run config/default.yml --until exercises'"
        )
    start = (root / "book" / "class" / "START.md").read_text(encoding="utf-8")
    bundle = scratch / f"class-{version}.zip"
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("START.md", start.replace("WHEEL", wheel.name))
        for path in (*notebooks, data, wheel):
            packed.write(path, path.name)
    return data, bundle


def try_class(bundle, scratch):
    """Follow START.md in an empty folder, and run every notebook, unanswered."""
    with step("the class bundle in a clean environment"):
        script = Path(__file__).with_name("try_class.py")
        run(sys.executable, script, bundle, "--folder", scratch / "class", cwd=scratch)


def keep(paths, notes, dist):
    """Replace the last release in a folder by these files and notes; returns the new paths."""
    dist.mkdir(parents=True, exist_ok=True)
    for old in (*dist.glob("attribution_consistency-*"), *dist.glob("class-*")):
        old.unlink()
    kept = [Path(shutil.copy2(path, dist)) for path in paths]
    for name, text in (
        ("SHA256SUMS", "".join(f"{sha256(p.read_bytes())}  {p.name}\n" for p in kept)),
        ("RELEASE_NOTES.md", notes),
    ):
        kept.append(dist / name)
        kept[-1].write_text(text, encoding="utf-8", newline="\n")
    return kept


def release(root, dist, publish):
    """All of it; see the module."""
    wrong = disagreements(root)
    if wrong:
        raise ReleaseError("; ".join(wrong))
    version, _, changes = first_section((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    print(f"version {version}: the files agree")
    hindering = obstacles(root)
    if hindering and publish:
        raise ReleaseError("; ".join(hindering))
    for line in hindering:
        print(f"no release yet: {line}")
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        built = build(root, Path(folder))
        score_examples(built[1], Path(folder))
        built += class_bundle(root, built[1], version, Path(folder))
        try_class(built[-1], Path(folder))
        notes = f"# attribution-consistency {version}\n\n{changes}\n"
        kept = keep(built, notes, dist)
    for path in kept:
        print(f"{sha256(path.read_bytes())}  {path.name}")
    if not publish:
        print(f"dry: no tag was made; these files are in {dist}")
        return
    if obstacles(root):
        raise ReleaseError("the tree changed meanwhile: nothing is tagged")
    run("git", "tag", "-a", f"v{version}", "-m", f"attribution-consistency {version}", cwd=root)
    print(f"tagged v{version}, here only; these commands publish it:")
    print(f"  git push origin v{version}")
    print(f"  twine upload {' '.join(str(path) for path in kept[:2])}")
    print(f"  gh release create v{version} -F {kept[-1]} {' '.join(map(str, kept[:-1]))}")


def solutions(root, dist):
    """Write what an instructor gets, not published with the rest: solutions and the exam."""
    for old in dist.glob("solutions-*.zip"):
        old.unlink()
    bundle = dist / f"solutions-{versions(root)['pyproject.toml']}.zip"
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted((root / "notebooks" / "solutions").glob("*.py")):
            packed.write(path, f"solutions/{path.name}")
        packed.write(root / "book" / "instructors" / "exam.md", "exam.md")
    print(f"{bundle}: for instructors; no command above publishes it")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--publish", action="store_true", help="tag the commit, locally")
    parser.add_argument("--dist", type=Path, default=ROOT / "dist", help="folder for the files")
    given = parser.parse_args(arguments)
    try:
        release(ROOT, given.dist, given.publish)
        solutions(ROOT, given.dist)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
