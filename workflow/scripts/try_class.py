"""Try what a class gets, on any system, with Python alone: follow START.md, run the notebooks.

    python workflow/scripts/try_class.py class-0.1.0.zip --folder NEW

It unpacks the bundle into the folder, types the commands of START.md for this system, and then
holds in that environment that

- every notebook runs from top to bottom unanswered, and every check says so;
- every solution is accepted, with --solutions notebooks/solutions;
- every common mistake is answered with its own message, three or more in each exercise.

It prints the megabytes and seconds of the installation.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

LARGEST = {  # MB
    "lesson_data.zip": 6,
    "the package": 400,
    "with JupyterLab": 600,
    "with what was compiled since": 650,
}
SYSTEM = "Windows" if sys.platform == "win32" else "macOS and Linux"

# Runs in the environment of a student: a source, and what its checks print.
RUN = """
import sys
import matplotlib

matplotlib.use("agg")
sys.stdout.reconfigure(encoding="utf-8")
sys.path.insert(0, "lesson_data.zip")
import lesson

lesson.Checks.expect = lesson.Checks.keep = lambda *given, **options: None
name, known = sys.argv[1], set(sys.modules)
with open(name, encoding="utf-8") as file:
    exec(compile(file.read(), name, "exec"), {})
tools = {"compendium", "tensorflow", "statsmodels"} & set(sys.modules)
assert not tools, tools
"""

MISTAKES = """
import json
import sys

sys.stdout.reconfigure(encoding="utf-8")
sys.path.insert(0, "lesson_data.zip")
import lesson

checks, said = lesson.Checks(sys.argv[1]), {}
for name, entry in checks.key().items():
    assert checks.hint(name, entry["right"]) is None, name
    said[name] = [checks.hint(name, m["value"]) for m in entry["mistakes"]]
    assert said[name] == [m["hint"] for m in entry["mistakes"]], said[name]
print(json.dumps(said))
"""


def run(*command, cwd):
    """What a command prints; it must succeed, and knows no Python module of the caller's."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        sys.exit(f"this failed: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def commands(start):
    """The commands of START.md for this system, in words."""
    block = re.search(rf"^{SYSTEM}:\n\n```\n(.*?)```", start, re.M | re.S)[1]
    return [line.split() for line in block.splitlines()]


def megabytes(path):
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def hold(what, path):
    """Print the size of a file or a folder, which has a bound."""
    size = megabytes(path)
    print(f"{what}: {size:.0f} MB")
    assert size <= LARGEST[what], f"{what}: {size:.1f} MB, at most {LARGEST[what]}"


def program(folder, name):
    """The file of a program that START.md names; on Windows it has an extension."""
    path = folder.joinpath(*re.split(r"[\\/]", name))
    return shutil.which(path) or path


def install(folder, python):
    """Type the commands of START.md; returns the Python of the environment."""
    make, *adding, opening = commands((folder / "START.md").read_text(encoding="utf-8"))
    run(python, *make[1:], cwd=folder)
    inside = program(folder, adding[0][0])
    for what, add in zip(("the package", "with JupyterLab"), adding, strict=True):
        begun = time.monotonic()
        run(inside, *add[1:], cwd=folder)
        print(f"installed {what}: {time.monotonic() - begun:.0f} s")
        hold(what, folder / "env")
    run(program(folder, opening[0]), "--version", cwd=folder)
    assert (folder / opening[1]).is_file(), opening
    return inside


def checked(printed):
    return [line for line in printed.splitlines() if line.startswith(("✓", "✗"))]


def try_notebook(inside, folder, path):
    """Run a notebook unanswered; returns the names of its answers, by exercise."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    (folder / "unanswered.py").write_text("\n\n".join(code), encoding="utf-8")
    asked = [re.findall(r'^checks\(\s*"([\w ]+)"', text, re.M) for text in code]
    found = checked(run(inside, "run.py", "unanswered.py", cwd=folder))
    expected = [f"✗ {name}: not answered yet" for names in asked for name in names]
    assert found == expected, f"{path.name}: {found}"
    return [names for names in asked if names]


def try_chapter(inside, folder, path, solutions):
    """A notebook unanswered, its solution, and its mistakes; says how many there are."""
    asked = try_notebook(inside, folder, path)
    said = json.loads(run(inside, "mistakes.py", path.stem, cwd=folder))
    each = [sum(len(said[name]) for name in names) for names in asked]
    assert min(each) >= 3, f"{path.name}: {each} mistakes"
    messages = [hint for hints in said.values() for hint in set(hints)]
    assert len(messages) == sum(map(len, said.values())), f"{path.name}: a message comes twice"
    if solutions:
        found = checked(run(inside, "run.py", solutions / f"{path.stem}.py", cwd=folder))
        right = [f"✓ {name}" for names in asked for name in names]
        assert found == right, f"{path.name}: {found}"
    print(f"{path.stem}: {len(asked)} exercises, mistakes of each: {each}")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--folder", type=Path, required=True, help="an empty folder, or a new one")
    parser.add_argument("--solutions", type=Path, help="try these, too")
    parser.add_argument("--python", default=sys.executable, help="makes the environment")
    given = parser.parse_args(arguments)
    folder = given.folder.resolve()
    with zipfile.ZipFile(given.bundle) as packed:
        packed.extractall(folder)
    (folder / "run.py").write_text(RUN, encoding="utf-8")
    (folder / "mistakes.py").write_text(MISTAKES, encoding="utf-8")
    inside = install(folder, given.python)
    hold("lesson_data.zip", folder / "lesson_data.zip")
    notebooks = sorted(folder.glob("0[1-5]_*.ipynb"))
    assert len(notebooks) == 5
    # The code of all is run below; that Jupyter runs it, too, one notebook shows.
    run(
        inside,
        *["-m", "nbconvert", "--to", "notebook", "--execute", "--inplace"],
        notebooks[0],
        cwd=folder,
    )
    for path in notebooks:
        try_chapter(inside, folder, path, given.solutions and given.solutions.resolve())
    hold("with what was compiled since", folder / "env")


if __name__ == "__main__":
    main()
