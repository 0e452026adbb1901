"""Exercises: student notebooks made from solution notebooks, and the keys to their checks.

A solution, `notebooks/solutions/<chapter>.py`, is written by hand.  The tags of a cell say what
becomes of it in the student's `notebooks/exercises/<chapter>.py`:

`solution`
    Goes, but for a line `name = ...` for each name in `answers=[...]`, to be filled in.
`key`
    Goes.  It tells the checks the right values and the common mistakes.
`target`
    Stays, and shows the figure that the solution draws under this name.
`lesson`
    Stays.  Once `_config.yml` names a repository, a cell before it fetches what it imports.

All other cells stay: the tasks are Markdown.  The workflow runs the solutions, which leave the
right values and the figures in the run's folder `exercises`, and writes the student notebooks of
the run.  After a change of a solution, `python -m compendium.page.exercises` writes the student
sources again.
"""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import io
import json
import pickle
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from attribution_consistency import __version__
from attribution_consistency.files import replacing

from .. import paths
from ..paths import KERNEL, Run, notebook_source, read_json, relative, write_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL = re.compile(r"(?m)^(?=# %%)")


class ExerciseError(ValueError):
    """An exercise cannot be made or checked; the message says which and what to do."""


# --- student notebooks -----------------------------------------------------------------


def names() -> list[str]:
    """Chapters with exercises, in reading order."""
    folder = notebook_source("solutions/x").parent
    return sorted(path.stem for path in folder.glob("[0-9][0-9]_*.py"))


def student(text: str) -> str:
    """The student's percent-format source for the source of a solution."""
    return "".join(_student_cell(cell) for cell in CELL.split(text)).rstrip() + "\n"


def _student_cell(cell):
    marker = cell.partition("\n")[0]
    tags = _listed("tags", marker)
    stubs = [f"{name} = ..." for name in _listed("answers", marker)]
    if stubs:
        return "\n".join(['# %% tags=["answer"]', *stubs, "", ""])
    if {"key", "solution"} & set(tags):
        return ""
    return fetching() + cell if "lesson" in tags else cell


def fetching() -> str:
    """The cell that installs the package and fetches the data; none without a repository."""
    import yaml

    settings = yaml.safe_load((paths.root() / "_config.yml").read_text(encoding="utf-8"))
    address = (settings["repository"]["url"] or "").removesuffix("/").removesuffix(".git")
    cell = (paths.root() / "book" / "class" / "first_cell.py").read_text(encoding="utf-8")
    files = f"{address}/releases/download/v{__version__}/"
    return cell.replace("FILES_OF_THE_RELEASE", files) + "\n" if address else ""


def _listed(key, marker):
    """The list after `key=` in the first line of a cell."""
    found = re.search(rf"\b{key}=(\[[^\]]*\])", marker)
    return json.loads(found[1]) if found else []


def write_sources() -> list[Path]:
    """Write `notebooks/exercises/*.py` from the solutions; returns the paths."""
    written = []
    for name in names():
        text = notebook_source(f"solutions/{name}").read_text(encoding="utf-8")
        written.append(notebook_source(f"exercises/{name}"))
        with replacing(written[-1]) as temporary:
            temporary.write_text(student(text), encoding="utf-8")
    return written


def make(run: Run, name: str) -> None:
    """Run the solution of a chapter and write the student notebook of the run.

    Raises
    ------
    ExerciseError
        When the student source is not that of the solution, or the solution fails.
    """
    import jupytext

    source = notebook_source(f"exercises/{name}")
    solution = notebook_source(f"solutions/{name}").read_text(encoding="utf-8")
    text = source.read_text(encoding="utf-8") if source.exists() else ""
    if text != student(solution):
        raise ExerciseError(
            f"{relative(source)}: is not what its solution gives; write it again with "
            "'python -m compendium.page.exercises'"
        )
    run.exercise(f"{name}.json").unlink(missing_ok=True)
    lesson(run.exercise(name).parent)
    solve(_of_run(solution, run), name)
    document = jupytext.reads(_of_run(text, run), fmt="py:percent")
    document.metadata = {
        "source_sha256": paths.text_sha256(text),
        "kernelspec": KERNEL,
        "language_info": {"name": "python", "pygments_lexer": "ipython3"},
    }
    for cell in document.cells:
        if "target" in cell.metadata.get("tags", []):
            figure = re.search(r"target\(\"(\w+)\"\)", cell.source)[1]  # type: ignore[index]
            cell.outputs = [_picture(run.exercise(f"{name}-{figure}.png"))]
    with replacing(run.notebook(f"exercises/{name}")) as temporary:
        jupytext.write(document, temporary, fmt="ipynb")


def _of_run(text, run):
    """A source with the name of the run as the default of its parameter."""
    return text.replace('run: str = "default"', f"run: str = {json.dumps(run.name)}", 1)


def solve(text: str, name: str) -> None:
    """Run the source of a solution in this process; its checks must all be content."""
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(text, f"notebooks/solutions/{name}.py", "exec"), {})
    except Exception as error:
        step = error.__traceback__.tb_next  # type: ignore[union-attr]  # caught, so it has one
        where = f"line {step.tb_lineno}" if step else "start"
        reason = " ".join(str(error).split())
        raise ExerciseError(
            f"notebooks/solutions/{name}.py: {where}: {type(error).__name__}: {reason}"
        ) from None
    finally:
        plt.close("all")
    wrong = [line for line in printed.getvalue().splitlines() if line.startswith("✗")]
    if wrong:
        raise ExerciseError(f"notebooks/solutions/{name}.py: fails its own check: {wrong[0]}")


def _picture(path):
    """A notebook output that shows a PNG file."""
    from nbformat.v4 import new_output

    if not path.exists():
        raise ExerciseError(f"{relative(path)}: the solution draws no such figure")
    return new_output("display_data", {"image/png": base64.b64encode(path.read_bytes()).decode()})


def hand_out(run: Run) -> list[Path]:
    """Copy the student notebooks of a run to `notebooks/my_exercises`, where students work.

    A notebook that is there stays as it is; their data are those of the run.  Returns the paths of
    the new ones.
    """
    copied = [notebook_source("my_exercises/x").with_name("lesson_data.zip")]
    with replacing(copied[0]) as temporary:
        shutil.copyfile(run.exercise("lesson_data.zip"), temporary)
    for name in names():
        path = notebook_source(f"my_exercises/{name}").with_suffix(".ipynb")
        if not path.exists():
            with replacing(path) as temporary:
                temporary.write_bytes(run.notebook(f"exercises/{name}").read_bytes())
            copied.append(path)
    return copied


# --- keys ------------------------------------------------------------------------------


class Keys:
    """What solutions can do beside checking: note the right answers, keep target figures."""

    lesson: ModuleType
    chapter: str

    def expect(
        self,
        name: str,
        value: Any,
        mistakes: Mapping[str, Any] | None = None,
        tolerance: float = 1e-3,
        absolute: float = 1e-9,
    ) -> None:
        """Note the right answer and the common mistakes.

        Parameters
        ----------
        name : str
            The answer.
        value : object
            Its right value.
        mistakes : dict, optional
            `{hint: wrong answer}`.
        tolerance, absolute : float
            How far numbers may lie from the right ones, relative and in units.

        Raises
        ------
        ExerciseError
            When a mistake is within the tolerance of the right answer.
        """
        path, plain = Path(self.lesson.HERE, f"{self.chapter}.json"), self.lesson.plain
        key = read_json(path) if path.exists() else {}
        wrong = [{"hint": h, "value": plain(v)} for h, v in (mistakes or {}).items()]
        for mistake in wrong:
            if self.lesson.same(mistake["value"], plain(value), (tolerance, absolute)):
                raise ExerciseError(f"{name}: right, but listed as a mistake: {mistake['hint']}")
        limits = {"tolerance": tolerance, "absolute": absolute}
        write_json(path, key | {name: {"right": plain(value), "mistakes": wrong} | limits})

    def keep(self, name: str, figure: Figure) -> None:
        """Keep a figure of the solution as the target that students see."""
        path = Path(self.lesson.HERE, f"{self.chapter}-{name}.png")
        with replacing(path) as picture, replacing(path.with_suffix(".pickle")) as kept:
            figure.savefig(picture, dpi=90)
            kept.write_bytes(pickle.dumps(figure))


def lesson(folder: Path) -> ModuleType:
    """The module that `import lesson` finds from now on: that of a folder, and its checks note."""
    spec = importlib.util.spec_from_file_location("lesson", folder / "lesson.py")
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]  # a file has one
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    checks = type("Checks", (Keys, vars(module)["Checks"]), {"lesson": module})
    vars(module)["Checks"] = checks
    sys.modules["lesson"] = module
    return module


def main(arguments: Sequence[str]) -> int:
    """No argument: write the student sources. RUN: hand out. RUN CHAPTER ...: make these."""
    if not arguments:
        changed = write_sources()
    elif len(arguments) == 1:
        changed = hand_out(Run(arguments[0]))
    else:
        from .. import steps

        run, changed = Run(arguments[0]), []
        with steps.timed(run, "exercises"):
            for name in arguments[1:]:
                make(run, name)
    for path in changed:
        print(relative(path))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
