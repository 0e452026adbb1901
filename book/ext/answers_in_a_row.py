"""Sphinx extension: the answer boxes of the chapters in a row, the book in one page.

The directive `answers` lists, part by part in the order of the contents, each chapter's question
and the text of its box, with the numbers of the run that is shown.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from compendium import paths

if TYPE_CHECKING:
    from sphinx.application import Sphinx

BOX = re.compile(r"```\{admonition\} The answer\n:class: important\n(.*?)```", re.S)
QUESTION = re.compile(r"\*\*(.+?)\*\*", re.S)  # the first that a chapter sets in bold
GLUE = re.compile(r"\{glue:text\}`([^`]*)`")
LINK = re.compile(r"(\{doc\}`(?:[^`<]*<)?)(?=[a0-9])")  # chapters name each other without a folder


def markdown(source: Path) -> str:
    """The prose of a percent-format notebook."""
    lines = source.read_text(encoding="utf-8").splitlines()
    return "\n".join(line[2:] if line.startswith("# ") else line.lstrip("#") for line in lines)


def claims(name: str) -> dict[str, str]:
    """What a chapter reports in the run that is shown, else in the stored one: {name: text}."""
    run = paths.Run(os.environ.get(paths.RUN_VARIABLE, "default"))
    if run.claims(name).exists():
        return {key: claim["text"] for key, claim in paths.read_json(run.claims(name)).items()}
    stored = paths.read_csv(paths.stored() / "claims.csv").query("notebook == @name")
    return dict(zip(stored["name"], stored["text"].astype(str)))


def answer(name: str) -> str | None:
    """Question and box of a chapter as Markdown, numbers filled in; None where it has no box."""
    prose = markdown(paths.notebook_source(name))
    found = BOX.search(prose)
    if not found:
        return None
    known, asked = claims(name), QUESTION.search(prose[: found.start()])
    text = GLUE.sub(lambda match: known.get(match[1], "–"), found[1])
    text = f"*{asked[1]}* {text}" if asked else text
    return " ".join(LINK.sub(r"\1/notebooks/", text.replace("<../book/", "</book/")).split())


class Answers(SphinxDirective):
    """`answers`: a list of chapters with what they found, under a heading for each part."""

    def run(self) -> list[nodes.Node]:
        """Parse the list as Markdown of this page."""
        contents = yaml.safe_load((paths.root() / "_toc.yml").read_text(encoding="utf-8"))
        lines = []
        for part in contents["parts"]:
            files = [chapter["file"] for chapter in part["chapters"]]
            chapters = [f.removeprefix("notebooks/") for f in files if f.startswith("notebooks/")]
            found = {name: text for name in chapters if "/" not in name and (text := boxed(name))}
            if found:
                lines += [f"**{part['caption']}**", ""]
                lines += [f"- {{doc}}`/notebooks/{name}`. {text}" for name, text in found.items()]
                lines += [""]
        return self.parse_text_to_nodes("\n".join(lines))


def boxed(name: str) -> str | None:
    """The box of a chapter that the run has; pages of the book are built from these only."""
    run = paths.Run(os.environ.get(paths.RUN_VARIABLE, "default"))
    return answer(name) if run.notebook(name).exists() else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx what this extension adds."""
    app.add_directive("answers", Answers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
