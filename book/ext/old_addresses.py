"""Sphinx extension: an address of the book, once published, stays or leads to its successor.

`book/addresses.tsv` lists every address that a page ever had, and beside it the page that took its
place, `-` where it stands.  For each that has moved, a page says so and goes there.  Who renames
or removes a page keeps its line and names the successor.
"""

from __future__ import annotations

import csv
import posixpath
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.errors import ExtensionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sphinx.application import Sphinx

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>This page has moved</title>
<meta http-equiv="refresh" content="0; url={to}">
<link rel="canonical" href="{to}">
<link rel="icon" href="data:,">
</head>
<body><main><h1>This page has moved</h1><p><a href="{to}">It is here now.</a></p></main></body>
</html>
"""


def read(table: Path) -> dict[str, str]:
    """Pages that have moved, {old: new}, both without suffix."""
    with open(table, encoding="utf-8", newline="") as lines:
        rows = {row["address"]: row["now"] for row in csv.DictReader(lines, delimiter="\t")}
    return {old: new for old, new in rows.items() if new != "-"}


def write(moved: Mapping[str, str], out: Path) -> None:
    """Write the redirecting pages into a finished book.

    Raises
    ------
    ExtensionError
        When a page is still there, or its successor is not.
    """
    for old, new in moved.items():
        page = out / f"{old}.html"
        if page.exists() or not (out / f"{new}.html").exists():
            raise ExtensionError(f"book/addresses.tsv: {old} cannot lead to {new}")
        to = posixpath.relpath(new, posixpath.dirname(old)) + ".html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(PAGE.format(to=to), encoding="utf-8")


def add_pages(app: Sphinx, error: Exception | None) -> None:
    """Write the redirecting pages, but for pages that a run without all chapters lacks."""
    if error or app.builder.format != "html" or app.builder.name == "singlehtml":
        return
    moved = read(Path(app.srcdir) / "book" / "addresses.tsv")
    out = Path(app.outdir)
    for old in moved:  # of the last build
        (out / f"{old}.html").unlink(missing_ok=True)
    write({old: new for old, new in moved.items() if new in app.env.found_docs}, out)


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx what this extension adds."""
    app.connect("build-finished", add_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
