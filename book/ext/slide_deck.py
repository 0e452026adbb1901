"""Sphinx extension: the slides of the class, a deck that reveal.js shows, beside the book.

The notebook `slides` says what stands on each slide: Markdown cells, with `{glue:text}` for numbers
that it or a chapter of the same run reports, and `![alt text](glue:name)` for figures that it
draws. Code is left out, unless its cell has a slide type; then its tables are shown. NbConvert
makes the deck, `slides/index.html` of the book.

The directive `slide-deck` shows its content, and then the list of slides, in a run that has them.
"""

from __future__ import annotations

import html
import os
import re
import struct
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import nbformat
from docutils import nodes
from docutils.parsers.rst import directives
from nbconvert import SlidesExporter
from sphinx.util.docutils import SphinxDirective

from compendium import paths
from compendium.page import provenance

if TYPE_CHECKING:
    from sphinx.application import Sphinx

NOTEBOOK, FOLDER = "slides", "slides"
FIGURE = re.compile(r"!\[([^\]]+)\]\(glue:(\w+)\)")
NUMBER = re.compile(r"\{glue:text\}`(\w+)`")
TITLE = re.compile(r"^## (.+)$", re.M)


def this_run() -> paths.Run:
    """The run whose book is built."""
    return paths.Run(os.environ.get(paths.RUN_VARIABLE, "default"))


def read(run: paths.Run) -> nbformat.NotebookNode | None:
    """The executed notebook of the slides; None in a run that leaves out chapters."""
    path = run.notebook(NOTEBOOK)
    return nbformat.read(path, as_version=4) if path.exists() else None


def slides(notebook: nbformat.NotebookNode) -> list[tuple[str, int]]:
    """(title, minutes) of each slide."""
    return [
        (TITLE.search(cell.source)[1], cell.metadata["minutes"])
        for cell in notebook.cells
        if "minutes" in cell.metadata
    ]


def numbers(run: paths.Run) -> dict[str, str]:
    """What the notebooks of a run report, as text; each name is unique in the book."""
    files = run.claims("x").parent.glob("*.json")
    return {name: claim["text"] for file in files for name, claim in paths.read_json(file).items()}


def filled(source: str, known: dict[str, str], figures: dict[str, bytes]) -> str:
    """Markdown with its numbers, and with its figures at half the size of their pixels."""

    def image(found: re.Match[str]) -> str:
        alt, name = found.groups()
        width = struct.unpack(">I", figures[name][16:20])[0] / 2  # where a PNG has it
        return f'<img src="{name}.png" width="{width:g}" alt="{html.escape(alt)}">'

    # A minus sign is longer than a hyphen, and a line does not end behind it.
    source = NUMBER.sub(lambda found: re.sub(r"-(?=\d)", "−", known[found[1]]), source)
    return FIGURE.sub(image, source)


def deck(run: paths.Run, notebook: nbformat.NotebookNode) -> str:
    """The deck as an HTML page."""
    known, figures = numbers(run), provenance.pictures(notebook)
    ends = enumerate(accumulate(minutes for _, minutes in slides(notebook)), 1)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = filled(cell.source, known, figures)
        elif "slideshow" not in cell.metadata:
            cell.metadata["slideshow"] = {"slide_type": "skip"}
        if "minutes" in cell.metadata:
            cell.metadata["number"], cell.metadata["until"] = next(ends)
    exporter = SlidesExporter(
        extra_template_paths=[str(Path(__file__).parent)],
        template_file="slide_deck.html.j2",
        exclude_anchor_links=True,
    )
    return exporter.from_notebook_node(notebook)[0]


def write_deck(app: Sphinx, error: Exception | None) -> None:
    """Write the deck and its figures into the book."""
    run = this_run()
    notebook = read(run)
    if error or app.builder.name != "html" or notebook is None or not has_page(app):
        return
    folder = Path(app.outdir) / FOLDER
    folder.mkdir(exist_ok=True)
    for name, content in provenance.pictures(notebook).items():
        (folder / f"{name}.png").write_bytes(content)
    (folder / "index.html").write_text(deck(run, notebook), encoding="utf-8")


def has_page(app: Sphinx) -> bool:
    """Whether the book has the page of the slides; one chapter built alone has not."""
    return "book/slides" in app.env.found_docs


class SlideDeck(SphinxDirective):
    """The page of the deck: its content, its PDF under the words of `pdf`, its slides in a list."""

    has_content = True
    option_spec: ClassVar = {"pdf": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Nothing but a note in a run without slides."""
        notebook = read(this_run())
        if notebook is None:
            said = "This run leaves out chapters, and has no slides."
            return [nodes.paragraph("", said)]
        block = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, block)
        rows = "".join(
            f'<li><a href="../{FOLDER}/index.html#/slide-{number}">{html.escape(title)}</a>, '
            f"{minutes} min</li>"
            for number, (title, minutes) in enumerate(slides(notebook), 1)
        )
        pdf = this_run().book / FOLDER / "slides.pdf"
        # One that was printed of earlier slides is not offered.
        source = this_run().notebook(NOTEBOOK)
        made = pdf.exists() and pdf.stat().st_mtime > source.stat().st_mtime
        link = f'<p><a href="../{FOLDER}/slides.pdf">{html.escape(self.options["pdf"])}</a></p>'
        listed = f"{link if made else ''}<ol>{rows}</ol>"
        return [*block.children, nodes.raw("", listed, format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx what this extension adds."""
    app.add_directive("slide-deck", SlideDeck)
    app.connect("build-finished", write_deck)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
