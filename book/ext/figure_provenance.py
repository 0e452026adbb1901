"""Sphinx extension: for each figure of the chapters, the notebook, code and data it was made from.

The directive `figure-provenance` reads what the notebooks noted when the run executed them, see
`compendium.page.provenance`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import nbformat
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from compendium import paths
from compendium.page import provenance

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SHOWN = re.compile(r"\{glue:figure\} (\w+)\s+:name: ([\w-]+)")


class FigureProvenance(SphinxDirective):
    """One table a chapter: figures in the order of the page."""

    def run(self) -> list[nodes.Node]:
        """The tables of all chapters that the run executed and the book holds."""
        run = paths.Run(os.environ.get(paths.RUN_VARIABLE, "default"))
        lines = []
        for name in paths.notebook_names():
            path, noted = run.notebook(name), run.provenance(name)
            if path.exists() and noted.exists() and f"notebooks/{name}" in self.env.found_docs:
                notebook = nbformat.read(path, as_version=4)
                lines += chapter(name, notebook, paths.read_json(noted))
        block = nodes.container()
        self.state.nested_parse(StringList(lines, "figure-provenance"), 0, block)
        return block.children


def chapter(name: str, notebook: nbformat.NotebookNode, noted: Mapping[str, Any]) -> list[str]:
    """Lines of Markdown for one chapter; `noted` is {figure: {data, code}}."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    pictures = provenance.pictures(notebook)
    rows: list[str] = []
    known: dict[str, Any] = {}
    code: dict[str, Any] = {}
    for figure, label in SHOWN.findall(text):
        if figure not in noted or figure not in pictures:
            continue
        data, code = noted[figure]["data"], noted[figure]["code"]
        new = {file: found for file, found in data.items() if known.get(file) != found}
        listed = "<br>".join(f"`{file}`{many(found)} {short(found)}" for file, found in new.items())
        if known:
            listed = f"as above, and<br>{listed}" if listed else "as above"
        known |= data
        picture = hashlib.sha256(pictures[figure]).hexdigest()
        rows.append(f"| {{numref}}`{label}` | `{picture[:12]}` | {listed or '–'} |")
    if not rows:
        return []
    source = notebook.metadata["source_sha256"]
    return [
        f"{{doc}}`../notebooks/{name}`: source `notebooks/{name}.py` (`{source[:12]}`), code: "
        f"{code['modules']} modules of the package ({short(code)}).",
        "",
        "| figure | picture | data |",
        "|---|---|---|",
        *rows,
        "",
    ]


def many(found: Mapping[str, Any]) -> str:
    """How many files a digest is of, in brackets; nothing for one."""
    return f" ({found['files']} files)" if found["files"] > 1 else ""


def short(found: Mapping[str, Any]) -> str:
    """The first 12 digits of a digest, as code."""
    return f"`{found['sha256'][:12]}`"


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx what this extension adds."""
    app.add_directive("figure-provenance", FigureProvenance)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
