"""Every chapter stays one that people finish: words, numbers, code in view, claims, minutes."""

import json
import re
import shlex

import numpy as np
import pandas as pd
import pytest

from compendium import config, paths

STORED = paths.stored()
CHAPTERS = paths.notebook_names()
LINES, IN_VIEW, WORDS, CLAIMS, WIDEST, SCREENS = 600, 0.5, 1600, 350, 76, 20
NUMBERS = {"I": 3.0, "II": 6.0, "A": 8.0}  # in 100 words, as they are shown
MINUTES = {"words": 150, "rows": 12, "figures": 2}  # a minute has so many: 5 s a row, 30 s a figure
HIDDEN = re.compile("remove-cell|remove-input|hide-input|hide-cell")
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
NO_PROSE = re.compile(
    r"```\{math\}.*?```|\$[^$]*\$|\{[a-z:]+\}`[^`]*`|`[^`]*`|\]\([^)]*\)|:[a-z]+:[^\n]*", re.S
)


def part(name):
    return "A" if name.startswith("a") else "I" if name[:2] <= "05" else "II"


def cells(name):
    """(head, lines) of each cell of a chapter."""
    text = paths.notebook_source(name).read_text(encoding="utf-8")
    for cell in re.split(r"^# %%", text, flags=re.M)[1:]:
        head, *lines = cell.split("\n")
        yield head, lines


def prose(name):
    """The words of a chapter as a reader meets them, glued values filled in."""
    claims = pd.read_csv(STORED / "claims.csv").query("notebook == @name")
    shown = dict(zip(claims["name"], claims["text"].astype(str)))
    found = []
    for head, lines in cells(name):
        if head.startswith(" [markdown]"):
            text = "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in lines)
            found.append(re.sub(r"\{glue:text\}`([^`]*)`", lambda m: shown[m[1]], text))
    return NO_PROSE.sub(" ", "\n".join(found))


def words(text):
    return len(re.findall(r"[A-Za-z][\w'’-]*", text))


def code(name):
    """Lines of code in view and hidden, without the parameters."""
    seen, hidden = [], []
    for head, lines in cells(name):
        if not head.startswith(" [markdown]") and "parameters" not in head:
            kept = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
            (hidden if HIDDEN.search(head) else seen).extend(kept)
    return seen, hidden


def rows(name, folder):
    """Rows of the tables that an executed chapter shows."""
    notebook = json.loads((folder / f"{name}.ipynb").read_text())
    html = "".join(
        "".join(output.get("data", {}).get("text/html", []))
        for cell in notebook["cells"]
        if not re.search("remove-cell|remove-output", str(cell["metadata"].get("tags")))
        for output in cell.get("outputs", [])
    )
    return len(re.findall("<tr", html))


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_is_short_and_shows_its_code(name):
    text, (seen, hidden) = prose(name), code(name)
    assert sum(1 for _ in paths.notebook_source(name).open()) <= LINES
    assert len(seen) / (len(seen) + len(hidden)) >= IN_VIEW
    assert 100 * len(NUMBER.findall(text)) / words(text) <= NUMBERS[part(name)]
    assert words(text) <= WORDS


@pytest.mark.parametrize("name", CHAPTERS)
def test_code_in_view_fits_its_box(name):
    wide = [line for line in code(name)[0] if len(line) > WIDEST]
    assert not wide


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_answers_first(name):
    """The question, then a box of at most three sentences, then at most five key points."""
    source = "\n".join("\n".join(lines) for head, lines in cells(name) if "markdown" in head)
    box = re.search(r"\{admonition\} The answer\n# :class: important\n(.*?)```", source, re.S)
    assert box and source.index("**") < box.start() < source.index("*You need:*")
    answer = re.sub(r"\{[a-z:]+\}`[^`]*`", "x", box[1].replace("\n# ", " "))
    assert len(re.findall(r"[.:?](?=\s|$)", answer)) <= 5, "sentences"
    assert box[1].count("{glue:text}") <= 3
    points = re.search(r"\{admonition\} Key points\n(.*?)```", source, re.S)
    if points:
        assert len(re.findall(r"^# - ", points[1], re.M)) <= 5
        assert points[1].count("{glue:text}") <= 5


def test_what_no_sentence_uses_is_not_reported():
    claims = pd.read_csv(STORED / "claims.csv")
    assert len(claims) <= CLAIMS
    pages = "\n".join(p.read_text(encoding="utf-8") for p in (paths.root() / "book").glob("*.md"))
    for name, own in claims.groupby("notebook"):
        source = paths.notebook_source(name).read_text(encoding="utf-8")
        unused = [c for c in own["name"] if f"`{c}`" not in source and f"`{c}`" not in pages]
        assert not unused, name


@pytest.mark.slow
@pytest.mark.parametrize("name", CHAPTERS)
def test_the_stated_reading_time_is_the_computed_one(name, repository, quick_book):
    source = paths.notebook_source(name).read_text(encoding="utf-8").replace("\n#", "")
    stated = int(re.search(r"\*Reading\s+time:\*\s+(\d+) minutes", source)[1])
    folder = repository / "results" / "quick" / "notebooks"
    lines = len(code(name)[0]) + rows(name, folder)
    figures = len(re.findall(r"\{glue:figure\}", source))
    computed = words(prose(name)) / MINUTES["words"] + lines / MINUTES["rows"]
    computed += figures / MINUTES["figures"]
    assert abs(stated - computed) <= 3.5, f"{computed:.1f} minutes"


@pytest.mark.parametrize("name", [n for n in CHAPTERS if n != "a2_along_a_training"])
def test_a_chapter_ends_with_the_command_that_changes_one_parameter(name):
    source = paths.notebook_source(name).read_text(encoding="utf-8").replace("\\\n#", "")
    short, plain = re.findall(r"^# (\.venv/bin/.*)$", source, re.M)[-2:]
    words_of = shlex.split(short)
    assert words_of[:4] == [".venv/bin/python", "-m", "compendium", "chapter"]
    given, parameter = words_of[4:]
    assert given == name
    key, value = parameter.split("=")
    fitting = json.loads(value) if re.fullmatch(r"[\d.]+", value) else value
    assert config.checked_notebooks({name: {key: fitting}}) == {name: {key: fitting}}
    assert shlex.split(plain)[1:] == [
        f"results/default/notebooks/{name}.ipynb",
        "again.ipynb",
        "-p",
        key,
        value,
    ]


def test_the_bounds_can_fail():
    assert np.isclose(100 * len(NUMBER.findall("one 2 three 4.5 0.9")) / 2, 150)
    assert words("A map, two words' worth") == 5
