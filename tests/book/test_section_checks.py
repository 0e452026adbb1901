"""The questions at the ends of sections: two a section, one right option each, reasons for all."""

import re
from collections import Counter

import pytest
import yaml
from docutils import nodes
from docutils.core import publish_doctree

from compendium import paths

CHAPTERS = [name for name in paths.notebook_names() if name[:2] in ("01", "02", "03", "04", "05")]
UNASKED = {"Limits", "Exercises", "Where next", "With another parameter"}
BOTH = 2  # questions a section


@pytest.fixture(scope="module")
def extension(script):
    return script("ext/section_checks.py")


def headings(name):
    """Sections of a chapter that end with questions."""
    text = paths.notebook_source(name).read_text(encoding="utf-8")
    return [h for h in re.findall(r"^# ## (.+)$", text, re.M) if h not in UNASKED]


def every_question(extension):
    for name in CHAPTERS:
        for heading, asked in extension.questions(f"notebooks/{name}").items():
            for question in asked:
                yield f"{name}, {heading}: {question['ask']}", question


def test_there_is_a_file_for_each_chapter_of_part_one(extension):
    files = {path.stem for path in extension.CHECKS.glob("*")}
    assert files == set(CHAPTERS) and len(files) == 5


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_section_has_two_questions(extension, name):
    asked, sections = extension.questions(f"notebooks/{name}"), headings(name)
    file = f"book/checks/{name}.yml"
    gone = [heading for heading in asked if heading not in sections]
    missing = [heading for heading in sections if heading not in asked]
    assert not gone, f"{file} asks of {gone}, which are no sections: renamed to one of {missing}?"
    assert not missing, f"{file} has no questions on {missing}"
    assert list(asked) == sections, f"{file}: not in the order of the chapter"
    wrong = {heading: len(found) for heading, found in asked.items() if len(found) != BOTH}
    assert not wrong, f"{file}: not {BOTH} questions: {wrong}"


def test_an_option_is_right_or_wrong_and_says_why(extension):
    for where, question in every_question(extension):
        assert set(question) == {"ask", "options"}, where
        kinds = [next(iter(option)) for option in question["options"]]
        assert Counter(kinds) == {"right": 1, "wrong": 2}, where
        for option in question["options"]:
            assert set(option) == {kinds.pop(0), "because"}, f"{where} {option}"
            assert all(isinstance(text, str) and text.strip() for text in option.values()), where
            assert option["because"].endswith("."), f"{where} {option}"
            assert len(option["because"].split()) <= 30, f"{where} {option['because']}"


def test_the_right_option_stands_anywhere(extension):
    places = Counter(
        next(i for i, option in enumerate(question["options"]) if "right" in option)
        for _, question in every_question(extension)
    )
    total = sum(places.values())
    assert set(places) == {0, 1, 2} and min(places.values()) >= total / 5, places


def test_length_does_not_give_the_right_option_away(extension):
    longest = [
        max(question["options"], key=lambda o: len(o.get("right") or o["wrong"]))
        for _, question in every_question(extension)
    ]
    assert sum("right" in option for option in longest) <= len(longest) / 2


PAGE = """
Title
=====

First
-----

Text.

.. note:: Not the key points.

Second
------

.. admonition:: Key points

   One.
"""


class Env:
    """What the extension asks of Sphinx."""

    docname = "notebooks/x"

    def note_dependency(self, path):
        self.noted = path


def placed(extension, monkeypatch, tmp_path, asked):
    """The page above with these questions, as a tree."""
    monkeypatch.setattr(extension, "CHECKS", tmp_path)
    (tmp_path / "x.yml").write_text(yaml.safe_dump(asked))
    tree = publish_doctree(PAGE, settings_overrides={"doctitle_xform": False})
    app = type("App", (), {"env": Env()})()
    extension.add_questions(app, tree)
    assert app.env.noted == str(tmp_path / "x.yml")
    return tree


ASKED = [{"ask": "Is *a* < b?", "options": [{"right": "`yes`", "because": "It is."}]}]


def test_questions_close_a_section_before_its_key_points(extension, monkeypatch, tmp_path):
    tree = placed(extension, monkeypatch, tmp_path, {"First": ASKED, "Second": ASKED})
    first, second = list(tree.findall(nodes.section))[1:]
    assert isinstance(first[-1], nodes.raw) and isinstance(second[-2], nodes.raw)
    assert isinstance(second[-1], nodes.admonition)
    assert "Is <em>a</em> &lt; b?" in first[-1].astext()
    assert "<code>yes</code></summary><p><strong>✓ Right.</strong> It is." in first[-1].astext()
    assert 'name="check-first-1"' in first[-1].astext()


def test_a_renamed_section_is_named_in_a_warning(extension, monkeypatch, tmp_path):
    heard = []
    monkeypatch.setattr(
        extension.logging,
        "getLogger",
        lambda name: type("L", (), {"warning": lambda self, *a, **k: heard.append((a, k))})(),
    )
    placed(extension, monkeypatch, tmp_path, {"Third": ASKED})
    assert heard[0][0][1] == "Third" and heard[0][1]["location"] == "notebooks/x"


def test_the_questions_are_on_the_pages(extension, quick_book):
    for name in CHAPTERS:
        text = (quick_book / "notebooks" / f"{name}.html").read_text(encoding="utf-8")
        shown = re.findall(r'class="check-question" id="([^"]+)"', text)
        assert len(set(shown)) == BOTH * len(headings(name)), name
        assert text.count('class="check-right"') == len(shown), name
