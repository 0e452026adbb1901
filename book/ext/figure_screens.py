"""Sphinx extension: figures change with the screen and the theme, and stay one image each.

A figure of a chapter is drawn four times, see `screens`.  Which picture a reader sees, the style
sheet decides; the `<img>` with its description remains the one that paper shows.  Its attribute
`data-text` tells how large the smallest text is in the wide picture and in the narrow one, as a
share of their widths; `data-panels`, beside figures to explore, where their panels are.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import screens

from compendium import paths
from compendium.page import provenance

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

IMAGE = re.compile(r'<img\b([^>]*?)\bsrc="(?:[./]*_images/|data:image/png;base64,)([^"]+)"([^>]*)>')
PHONE = "(max-width: 700px)"  # where the wide pictures would become too small
RULES = """\
.{name} {{ width: {width:.0f}px; }}
@media screen {{ [data-theme="dark"] .{name} {{ content: url("{dark}"); }} }}
@media screen and {phone} {{
  .{name} {{ width: 30rem; content: url("{narrow}"); }}
  [data-theme="dark"] .{name} {{ content: url("{narrow-dark}"); }}
}}
"""


def known_figures(app: Sphinx) -> None:
    """Draw all figures: `{SHA-256 of the picture in a notebook, or of a stored one: pictures}`."""
    run = paths.Run(os.environ.get(paths.RUN_VARIABLE, "default"))
    app.figure_screens = {}
    for path in paths.stored().glob("*-narrow.png"):
        name = path.name.removesuffix("-narrow.png")
        found = {kind: path.with_name(f"{name}-{kind}.png") for kind in screens.KINDS}
        remember(app, found | {"light": path.with_name(f"{name}.png")})
    for path in sorted(run.notebooks.glob("*.ipynb")):
        for name, shown in provenance.pictures(paths.read_json(path)).items():
            kept = run.figure(path.stem, name).with_suffix(".pickle")
            if kept.exists():
                remember(app, screens.pictures(kept), shown)
    for kept in run.exercise("x").parent.glob("*.pickle"):
        remember(app, screens.pictures(kept), kept.with_suffix(".png").read_bytes())


def remember(app: Sphinx, pictures: dict[str, Path], shown: bytes | None = None) -> None:
    """Know a figure by its light picture, and by the one that a notebook shows."""
    for content in filter(None, (pictures["light"].read_bytes(), shown)):
        app.figure_screens[hashlib.sha256(content).hexdigest()] = pictures


def add_screens(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give the images of a page their classes, and the page the style sheet that they need."""
    files = {name: Path(app.srcdir, source) for source, name in app.builder.images.items()}
    folder = "../" * page.count("/") + "_images/"
    explored, rules = 'class="explorer"' in context.get("body", ""), []

    def changed(image: re.Match[str]) -> str:
        before, source, after = image.groups()
        content = files[source].read_bytes() if source in files else base64.b64decode(source)
        digest = hashlib.sha256(content).hexdigest()
        if digest not in app.figure_screens:
            return image[0]
        pictures, name, addresses = app.figure_screens[digest], f"screen-{digest[:12]}", {}
        for kind, path in pictures.items():
            addresses[kind] = f"{folder}{name}-{kind}.png"
            copied = Path(app.outdir, "_images", f"{name}-{kind}.png")
            copied.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, copied)
        wide, narrow = (screens.noted(pictures[kind]) for kind in ("light", "narrow"))
        width = 96 * wide["inches"]
        rules.append(RULES.format(name=name, width=width, phone=PHONE, **addresses))
        told = f' data-text="{wide["text"]:.5f} {narrow["text"]:.5f}"'
        if explored:
            told += f' data-panels="{json.dumps([wide["panels"], narrow["panels"]])}"'
        # To the theme, `dark-light` is an image that suits both.
        return f'<img{before}class="{name} dark-light"{told} src="{addresses["light"]}"{after}>'

    if "body" in context:
        context["body"] = IMAGE.sub(changed, context["body"])
    if rules:
        context["metatags"] = context.get("metatags", "") + f"<style>{''.join(rules)}</style>"


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx what this extension adds."""
    app.connect("builder-inited", known_figures)
    app.connect("html-page-context", add_screens)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
