"""Sphinx extension: the picture and title that other sites show for a link to the book.

The picture, `social_preview.png`, is drawn from the question of the book and the figure of its
first page.  Other sites need its whole address, so the tags that name it stand in the pages only
when `html.baseurl` of `_config.yml` says where the book is published.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compendium import paths

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

PICTURE = "social_preview.png"
SIZE = 1200, 630  # pixels, what most sites ask for
QUESTION = "Which deep network's explanations of DNA can be trusted?"


def tags(base: str, page: str, title: str, description: str) -> str:
    """The `<meta>` tags of a page, for a book at address `base`."""
    base = base.rstrip("/") + "/"
    facts = {
        "og:type": "article",
        "og:title": title,
        "og:description": description,
        "og:url": f"{base}{page}.html",
        "og:image": base + PICTURE,
        "og:image:width": SIZE[0],
        "og:image:height": SIZE[1],
    }
    lines = [f'<meta property="{name}" content="{escape(str(v))}">' for name, v in facts.items()]
    return "\n".join([*lines, '<meta name="twitter:card" content="summary_large_image">'])


def add_tags(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Add the tags to a page, where the book has an address."""
    if app.config.html_baseurl and doctree is not None:
        title = app.env.titles[page].astext()  # that of the context holds HTML
        found = tags(app.config.html_baseurl, page, title, QUESTION)
        context["metatags"] = context.get("metatags", "") + found


def draw(figure: Path, path: Path) -> None:
    """Write the picture: the question above a figure, on white."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    canvas = plt.figure(figsize=(SIZE[0] / 100, SIZE[1] / 100), dpi=100, facecolor="white")
    canvas.text(0.05, 0.86, QUESTION, fontsize=21, fontweight="bold", va="center")
    ax = canvas.add_axes((0.03, 0.04, 0.94, 0.7))
    ax.imshow(plt.imread(figure))
    ax.axis("off")
    canvas.savefig(path)
    plt.close(canvas)


def add_picture(app: Sphinx, error: Exception | None) -> None:
    """Draw the picture into a finished HTML book."""
    if not error and app.builder.format == "html":
        figure = paths.stored() / "two_networks.png"
        draw(figure, Path(app.outdir) / PICTURE)


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx what this extension adds."""
    app.connect("html-page-context", add_tags)
    app.connect("build-finished", add_picture)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
