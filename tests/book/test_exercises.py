"""Exercises: student files hold no solution, are up to date, and their checks tell right from
wrong without saying what is right."""

import ast
import base64
import html
import json
import pickle
import re
import shutil

import jupytext
import numpy as np
import pandas as pd
import pytest

from compendium import paths
from compendium.page import exercises, lesson_data
from compendium.page.exercises import ExerciseError

NAMES = exercises.names()
PART_I = NAMES[:5]
DRAWN = [name for name in NAMES if int(name[:2]) < 10]  # with a target figure


def source(repository, kind, name):
    return (repository / "notebooks" / kind / f"{name}.py").read_text(encoding="utf-8")


def statements(text):
    """Every statement of a source, as Python writes it."""
    return {ast.unparse(node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)}


def secrets(repository, name):
    """Statements that only the solution has."""
    secret, shown = set(), set()
    for cell in jupytext.reads(source(repository, "solutions", name), fmt="py:percent").cells:
        if cell.cell_type == "code":
            hidden = set(cell.metadata.get("tags", [])) & {"solution", "key"}
            (secret if hidden else shown).update(statements(cell.source))
    return {statement for statement in secret - shown if len(statement) > 16}


def test_every_chapter_has_exercises(repository):
    assert [name for name in paths.notebook_names() if name[0] != "a"] == NAMES
    contents = (repository / "_toc.yml").read_text()
    assert all(f"notebooks/exercises/{name}\n" in contents for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_student_sources_are_up_to_date(repository, name):
    student = exercises.student(source(repository, "solutions", name))
    assert source(repository, "exercises", name) == student, (
        "run python -m compendium.page.exercises"
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_student_source_holds_no_statement_of_a_solution(repository, name):
    text, hidden = source(repository, "exercises", name), secrets(repository, name)
    assert len(hidden) > 10
    assert not hidden & statements(text)
    assert "expect(" not in text and "keep(" not in text


def test_the_rule_in_the_exercises_is_that_of_the_chapter(repository):
    def functions(folder):
        text = (repository / "notebooks" / folder / "09_your_model.py").read_text(encoding="utf-8")
        return {
            node.name: ast.dump(node)
            for node in ast.parse(text).body
            if isinstance(node, ast.FunctionDef)
        }

    chapter = functions("")
    assert set(chapter) == {"gradients", "lengths", "mutants", "questions", "sign", "verdict"}
    shared = {n: f for n, f in chapter.items() if n not in ("sign", "mutants")}
    assert functions("exercises") == shared


@pytest.mark.parametrize("name", NAMES)
def test_exercises_are_graded_and_every_answer_is_checked(repository, name):
    text = source(repository, "exercises", name)
    grades = [len(stars) for stars in re.findall(r"^# ## (★+) ", text, re.M)]
    assert 2 <= len(grades) <= 4 and grades[0] == 1 and grades == sorted(grades)
    answers = re.findall(r"^(\w+) = \.\.\.$", text, re.M)
    assert answers
    for answer in answers:
        assert re.search(rf"^# - .*`{answer}`", text, re.M), f"{answer}: the task does not name it"
    for answer in answers:
        assert re.search(rf"^checks\(\s*\"{answer}\",\s+{answer}\b", text, re.M), answer
    chapter = (repository / "notebooks" / f"{name}.py").read_text(encoding="utf-8")
    assert len(re.findall(r"^# \d\. ★+ ", chapter, re.M)) == len(grades)
    assert f"exercises/{name}.ipynb" in chapter


@pytest.mark.parametrize("name", NAMES)
def test_tasks_are_prose_and_code_fits_its_box(repository, name):
    """Goal, minutes and a hint for each exercise; a cell for an answer has its names alone."""
    cells = jupytext.reads(source(repository, "exercises", name), fmt="py:percent").cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    stars = len(re.findall(r"^## ★+ .*\(\d+ minutes", prose, re.M))
    assert stars == len(re.findall(r"^## ★+ ", prose, re.M))
    assert prose.count("\n*Goal:* ") == stars == prose.count("<summary>Hint</summary>\n\n")
    assert prose.count("\n</details>") == stars
    for cell in cells:
        if cell.cell_type == "code":
            assert max(map(len, cell.source.splitlines())) <= 76, cell.source
        if "answer" in cell.metadata.get("tags", []):
            assert all(line.endswith(" = ...") for line in cell.source.splitlines())


@pytest.mark.parametrize("name", PART_I)
@pytest.mark.parametrize("kind", ["exercises", "solutions"])
def test_part_one_needs_the_method_package_alone(repository, name, kind):
    tree = ast.parse(source(repository, kind, name))
    used = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    used |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    allowed = {"sys", "lesson", "attribution_consistency", "numpy", "scipy", "pandas"}
    assert {module.split(".")[0] for module in used} <= allowed | {"matplotlib", "seaborn"}


def test_no_solution_is_a_page_of_the_book(repository):
    assert "solutions" not in (repository / "_toc.yml").read_text()


# --- the checks, on answers of the test -------------------------------------------------

RIGHT = {
    "number": 0.25,
    "count": 7,
    "word": "YY1",
    "yes": True,
    "many": np.array([1.0, 2.0, 3.0]),
    "by_name": {"a": 1.5, "b": -2.0},
}


@pytest.fixture
def folder(tmp_path):
    """A folder with `lesson.py`, as in a run."""
    shutil.copy(paths.root() / "book" / "class" / "lesson.py", tmp_path)
    return tmp_path


@pytest.fixture
def checks(folder):
    made = exercises.lesson(folder).Checks("01_first")
    for name, value in RIGHT.items():
        made.expect(name, value)
    made.expect("share", 0.25, {"this is in percent": 25.0})
    return made


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(checks, name, capsys):
    assert checks.hint(name, RIGHT[name]) is None
    checks(name, RIGHT[name])
    assert capsys.readouterr().out == f"✓ {name}\n"


def test_equal_answers_of_another_type_pass(checks):
    assert checks.hint("many", [1, 2, 3.0]) is None
    assert checks.hint("many", (1.0, 2.0, 3.0000001)) is None
    assert checks.hint("many", pd.Series([1, 2, 3], index=[4, 5, 6])) is None
    assert checks.hint("number", np.float32(0.25)) is None
    assert checks.hint("by_name", {"b": -2, "a": np.float64(1.5)}) is None


def test_keys_that_are_numbers_may_be_of_any_type(checks):
    checks.expect("shares", {0: 1.0, 0.3: 2.0, 1: 3.0})
    for keys in (np.array([0, 0.3, 1]), [0.0, 0.1 + 0.2, np.int64(1)]):
        assert checks.hint("shares", pd.Series([1.0, 2.0, 3.0], index=keys)) is None
    assert "lacks the key" in checks.hint("shares", {0: 1.0, 0.31: 2.0, 1: 3.0})


def test_a_number_near_zero_need_not_be_right_to_the_last_digit(checks):
    checks.expect("nothing", 1.2e-9, absolute=1e-6)
    assert checks.hint("nothing", 0.0) is None
    assert checks.hint("nothing", 1e-3) == "is too large"
    assert checks.hint("number", 0.0) == "is too small"


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("number", ..., "not answered yet"),
        ("number", 0.3, "too large"),
        ("number", 0.21, "too small"),
        ("number", 0.2, "is rounded: keep all digits"),
        ("number", -0.25, "wrong sign"),
        ("number", float("nan"), "not a number"),
        ("number", "0.25", "got text, expected a number"),
        ("number", [0.25], "got a list, expected a number"),
        ("number", None, "expected a number"),
        ("many", [1.0, ..., 3.0], "entry 1: got ..., expected a number"),
        ("number", len, "expected a number"),
        ("count", True, "expected a number"),
        ("yes", 1, "expected True or False"),
        ("yes", False, "another one"),
        ("word", "SP1", "another one"),
        ("many", [1.0, 2.0], "has 2 entries, expected 3"),
        ("many", [1.0, 2.5, 3.0], "1 of 3 are wrong; entry 1: is too large"),
        ("by_name", {"a": 1.5}, "lacks the key 'b'"),
        ("by_name", {"a": 1.5, "b": -2, "c": 0}, "should not have the key 'c'"),
        ("by_name", {"a": 1.5, "b": 2.0}, "for 'b': has the wrong sign"),
        ("by_name", [1.5, -2.0], "got a list, expected a dictionary"),
        ("share", 25, "this is in percent"),
    ],
)
def test_wrong_answers_are_told_what_is_wrong(checks, name, value, hint, capsys):
    found = checks.hint(name, value)
    assert hint in found
    checks(name, value)
    assert capsys.readouterr().out == f"✗ {name}: {found}\n"


def test_unknown_names_and_missing_keys_say_what_to_do(checks):
    with pytest.raises(ValueError, match="nmber: not an answer of 01_first"):
        checks("nmber", 1)
    with pytest.raises(ValueError, match=r"get lesson_data\.zip again"):
        type(checks)("02_other")("number", 1)


def test_a_mistake_must_differ_from_the_right_answer(checks):
    with pytest.raises(ExerciseError, match="right, but listed as a mistake: half"):
        checks.expect("x", 2.0, {"half": 2.0})


# --- making and handing out --------------------------------------------------------------

SOLUTION = """# ---
# jupyter: {}
# ---

# %% [markdown]
# # Exercises

# %% tags=["parameters"]
run: str = "default"  # the run
n: int = 3  # how many

# %%
import lesson

checks = lesson.Checks("01_first")

# %% [markdown]
# - `double`: twice n.

# %% tags=["solution"] answers=["double"]
double = 2 * n

# %% tags=["key"]
checks.expect("double", double)

# %%
checks("double", double)
"""


@pytest.fixture
def solution(compendium, repository):
    """A compendium with one solution; write(text) replaces it and its student source."""
    shutil.copytree(repository / "book" / "class", compendium / "book" / "class")
    settings(compendium, "")
    target = paths.Run("small").exercise("lesson.py")
    target.parent.mkdir(parents=True)
    shutil.copy(lesson_data.source(), target)

    def write(text):
        for folder in ("solutions", "exercises"):
            (compendium / "notebooks" / folder).mkdir(exist_ok=True)
        (compendium / "notebooks" / "solutions" / "01_first.py").write_text(text)
        exercises.write_sources()

    write(SOLUTION)
    return write


def settings(compendium, address):
    (compendium / "_config.yml").write_text(f'repository:\n  url: "{address}"\n')


def test_a_student_notebook_is_made_and_handed_out_once(solution, compendium):
    run = paths.Run("small")
    exercises.make(run, "01_first")
    run.exercise("lesson_data.zip").write_text("data")
    made = json.loads(run.notebook("exercises/01_first").read_text())
    text = "\n".join("".join(cell["source"]) for cell in made["cells"])
    assert 'run: str = "small"' in text and "double = ..." in text and "2 * n" not in text
    data, path = exercises.hand_out(run)
    path.write_text("my work")
    run.exercise("lesson_data.zip").write_text("newer data")
    assert exercises.hand_out(run) == [data] and path.read_text() == "my work"
    assert data.read_text() == "newer data"


@pytest.mark.parametrize("address", ["https://github.com/a/b", "https://github.com/a/b.git"])
def test_a_cell_that_fetches_is_there_once_a_repository_is(solution, compendium, address):
    text = '# %% tags=["lesson"]\nimport lesson\n'
    assert exercises.student(text) == text
    settings(compendium, address)
    found = exercises.student(text)
    assert found.endswith(text) and found.count("# %%") == 2
    assert 'FILES = "https://github.com/a/b/releases/download/v' in found


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("double = 2 * n", "double = n / 0", r"01_first.py: line 21: ZeroDivisionError"),
        ('checks("double", double)', 'checks("double", 5)', "fails its own check: ✗ double"),
    ],
)
def test_a_solution_that_fails_is_named(solution, old, new, message):
    solution(SOLUTION.replace(old, new))
    with pytest.raises(ExerciseError, match=message):
        exercises.make(paths.Run("small"), "01_first")


WITH_TARGET = SOLUTION.replace(
    'checks.expect("double", double)',
    'import matplotlib.pyplot as plt\nchecks.keep("shape", plt.figure())\n'
    'checks.expect("double", double)',
).replace("# %%\nchecks(", '# %% tags=["target"]\nchecks.target("shape")\n\n# %%\nchecks(')


def test_a_student_sees_the_figure_to_be_drawn(solution, compendium):
    solution(WITH_TARGET)
    run = paths.Run("small")
    exercises.make(run, "01_first")
    made = json.loads(run.notebook("exercises/01_first").read_text())
    (shown,) = (cell["outputs"] for cell in made["cells"] if cell.get("outputs"))
    picture = run.exercise("01_first-shape.png").read_bytes()
    assert (
        picture.startswith(b"\x89PNG")
        and base64.b64decode(shown[0]["data"]["image/png"]) == picture
    )
    kept = pickle.loads(run.exercise("01_first-shape.pickle").read_bytes())
    assert not kept.axes, "the figure itself, for other screens"


def test_a_target_that_no_solution_draws_is_named(solution, monkeypatch):
    solution(WITH_TARGET)
    monkeypatch.setattr(exercises.Keys, "keep", lambda *arguments: None)
    with pytest.raises(
        ExerciseError, match="01_first-shape.png: the solution draws no such figure"
    ):
        exercises.make(paths.Run("small"), "01_first")


def test_the_command_writes_makes_and_hands_out(solution, compendium, capsys, command):
    small = paths.Run("small")
    assert exercises.main([]) == 0
    assert capsys.readouterr().out == "notebooks/exercises/01_first.py\n"
    assert exercises.main(["small", "01_first"]) == 0 and not capsys.readouterr().out
    assert (
        small.notebook("exercises/01_first").exists() and '"exercises"' in small.minutes.read_text()
    )
    small.exercise("lesson_data.zip").write_text("data")
    assert exercises.main(["small"]) == 0
    handed = [f"notebooks/my_exercises/{name}" for name in ("lesson_data.zip", "01_first.ipynb")]
    assert capsys.readouterr().out.split() == handed
    failed = command("../small", package="compendium.page.exercises")
    assert failed.returncode == 2
    assert (
        failed.stderr.startswith("error: '../small' cannot name a run")
        and failed.stderr.count("\n") == 1
    )


def test_an_outdated_student_source_stops_the_workflow(solution, compendium):
    (compendium / "notebooks" / "exercises" / "01_first.py").write_text("old")
    with pytest.raises(ExerciseError, match="write it again with"):
        exercises.make(paths.Run("small"), "01_first")


# --- the quick book, whose workflow has run the solutions ---------------------------------


@pytest.fixture(scope="module")
def keys(repository, quick_book):
    """What the solutions of the quick run left: {chapter: {answer: entry}}."""
    folder = repository / "results" / "quick" / "exercises"
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in NAMES}


def wrong(value):
    """A value like `value` that is wrong."""
    if isinstance(value, dict):
        return {key: wrong(item) for key, item in value.items()}
    if isinstance(value, list):
        return [wrong(item) for item in value]
    if isinstance(value, bool):
        return not value
    return value + "x" if isinstance(value, str) else 1.37 * value + 0.11


def answers(repository, name):
    """Names of the answers, by exercise, in the order of the checks."""
    text = source(repository, "exercises", name)
    asked = [re.findall(r'^checks\(\s*"([\w ]+)"', part, re.M) for part in text.split("# ## ★")]
    return [names for names in asked if names]


@pytest.fixture
def lesson(repository, quick_book):
    """The module that students of the quick run import."""
    return exercises.lesson(repository / "results" / "quick" / "exercises")


@pytest.mark.parametrize("name", NAMES)
def test_each_exercise_knows_three_mistakes(repository, keys, name):
    for asked in answers(repository, name):
        hints = [m["hint"] for answer in asked for m in keys[name][answer]["mistakes"]]
        assert len(set(hints)) >= 3, asked


@pytest.mark.parametrize("name", NAMES)
def test_the_checks_tell_right_from_wrong(keys, name, lesson):
    checks = lesson.Checks(name)
    assert len(keys[name]) >= 3
    for answer, entry in keys[name].items():
        assert checks.hint(answer, entry["right"]) is None
        assert checks.hint(answer, ...) == "not answered yet"
        hint = checks.hint(answer, wrong(entry["right"]))
        assert hint
        if isinstance(entry["right"], (float, str)):
            assert str(entry["right"]) not in hint
        for mistake in entry["mistakes"]:
            assert mistake["hint"] in checks.hint(answer, mistake["value"])


@pytest.mark.parametrize("name", NAMES)
def test_an_unanswered_notebook_runs_through(repository, keys, lesson, name, capsys):
    text = source(repository, "exercises", name)
    exec(text.replace('run: str = "default"', 'run: str = "quick"'), {})
    printed = capsys.readouterr().out.splitlines()
    checked = [line for line in printed if line.startswith(("✗", "✓"))]
    asked = [answer for names in answers(repository, name) for answer in names]
    assert checked == [f"✗ {answer}: not answered yet" for answer in asked]
    assert set(keys[name]) == set(asked)


@pytest.mark.parametrize("name", ["07_independent_networks", "08_interactions"])
def test_stored_results_are_named_as_such(repository, lesson, name, capsys):
    before = source(repository, "exercises", name).split("# ## ★")[0]
    first = before.rpartition("# %% [markdown]")[0]
    exec(first.replace('run: str = "default"', 'run: str = "quick"'), {})
    assert "stored" in capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_pages_sources_and_downloads_hold_no_solution(repository, quick_book, name):
    download = json.loads((quick_book / "exercises" / f"{name}.ipynb").read_text())
    page = (quick_book / "notebooks" / "exercises" / f"{name}.html").read_text(encoding="utf-8")
    texts = {
        "page": html.unescape(re.sub(r"<[^>]+>", "", page)),
        "download": "\n".join("".join(cell["source"]) for cell in download["cells"]),
    }
    for path in quick_book.glob(f"_sources/**/exercises/{name}.*"):
        texts[path.name] = path.read_text(encoding="utf-8")
    assert "= ..." in texts["page"] and "= ..." in texts["download"]
    for where, text in texts.items():
        assert not [line for line in secrets(repository, name) if line in text], where
    assert not list(quick_book.rglob("*solutions*"))


@pytest.mark.parametrize("name", DRAWN)
def test_the_target_figure_is_shown_and_small(repository, quick_book, name):
    download = json.loads((quick_book / "exercises" / f"{name}.ipynb").read_text())
    pictures = [
        output["data"]["image/png"]
        for cell in download["cells"]
        for output in cell.get("outputs", [])
    ]
    assert pictures and all(len("".join(p)) * 3 / 4 <= 100_000 for p in pictures)
    page = (quick_book / "notebooks" / "exercises" / f"{name}.html").read_text(encoding="utf-8")
    article = page[page.index("<article") : page.index("</article>")]
    assert article.count("<img") == len(pictures)
