"""Sphinx extension: a section of a chapter ends with questions that answer themselves.

The questions lie beside the pages, one file a chapter, `book/checks/<chapter>.yml`: under the
heading of a section a list of `ask` and `options`, each option `right` or `wrong` with a sentence
`because`.  An option is a `<details>` element, so that it opens by mouse, keyboard and screen
reader without any script; all of them lie in another one, which begins closed on a phone.  In a
chapter whose section ends with its key points, the questions
stand before them.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from docutils import nodes
from markdown_it import MarkdownIt
from sphinx.util import logging

if TYPE_CHECKING:
    from sphinx.application import Sphinx

CHECKS = Path(__file__).parents[1] / "checks"
VERDICTS = {"right": "✓ Right.", "wrong": "✗ Not quite."}


def questions(page: str) -> dict[str, list[dict[str, Any]]]:
    """Questions of a page, {heading: questions}; none for a page without a file of them."""
    path = CHECKS / f"{page.removeprefix('notebooks/')}.yml"
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}


def inline(text: str) -> str:
    """HTML of one line of Markdown."""
    return MarkdownIt().renderInline(text)


def option(given: dict[str, str], group: str) -> str:
    """HTML of one option: its text, and folded away what is to be said of it."""
    kind = "right" if "right" in given else "wrong"
    return (
        f'<details class="check-{kind}" name="{group}"><summary>{inline(given[kind])}</summary>'
        f"<p><strong>{VERDICTS[kind]}</strong> {inline(given['because'])}</p></details>"
    )


def block(heading: str, asked: list[dict[str, Any]], name: str) -> str:
    """HTML of the questions of a section; `name` begins the ids."""
    label = html.escape(f"Check yourself: {heading}")
    lines = [
        '<details class="check" open>',
        f'<summary aria-label="{label}">Check yourself</summary>',
    ]
    for number, question in enumerate(asked, 1):
        group = f"check-{name}-{number}"
        lines.append(f'<div role="group" aria-labelledby="{group}">')
        lines.append(f'<p class="check-question" id="{group}">{inline(question["ask"])}</p>')
        lines += [option(given, group) for given in question["options"]]
        lines.append("</div>")
    return "\n".join([*lines, "</details>"])


def ends_with_key_points(section: nodes.section) -> bool:
    """Whether a box of key points closes a section."""
    last = section.children[-1]
    return isinstance(last, nodes.admonition) and last.children[0].astext() == "Key points"


def add_questions(app: Sphinx, doctree: nodes.document) -> None:
    """Put the questions of a page at the ends of its sections."""
    page = app.env.docname
    asked = questions(page)
    if not asked:
        return
    app.env.note_dependency(str(CHECKS / f"{page.removeprefix('notebooks/')}.yml"))
    for section in doctree.findall(nodes.section):
        found = asked.pop(section.children[0].astext(), None)
        if found:
            raw = nodes.raw("", block(section.children[0].astext(), found, section["ids"][0]))
            raw["format"] = "html"
            section.insert(len(section) - ends_with_key_points(section), raw)
    for heading in asked:
        logging.getLogger(__name__).warning(
            "questions for a section that is not there: %r; rename it in book/checks",
            heading,
            location=page,
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx what this extension adds."""
    app.connect("doctree-read", add_questions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
