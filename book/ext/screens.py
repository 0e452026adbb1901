"""The same figure for a phone and for the dark theme.

Pictures of a chapter are as wide as its text.  On a phone, what is wide becomes tall: panels stand
below each other, and a sequence goes on in a second row.  In the dark theme black and white change
places; colours, which words and captions name, stay.
"""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection, QuadMesh
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from attribution_consistency.files import replacing

NARROW, HIGHEST = 3.4, 2.8  # inches: the text column of a phone; a panel of several
WIDE_DPI, NARROW_DPI = 130, 200  # the screens of phones are finer
LETTERS = 50  # of a sequence, beside each other on a phone
SMALLEST, LARGEST = 8.0, 9.5  # points of text: anywhere, and on a phone
PAPER, INK = 18 / 255, 0.92  # grey of the page in the dark theme and of what was black
PAINTED = ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor")
KINDS = ("light", "dark", "narrow", "narrow-dark")


def pictures(kept: Path) -> dict[str, Path]:
    """The pictures of a figure, one for each of `KINDS`, made anew when the figure is.

    Parameters
    ----------
    kept : path of the pickled figure, in whose folder the pictures come to lie
    """
    found = {kind: kept.with_name(f"{kept.stem}-{kind}.png") for kind in KINDS}
    made = [path.stat().st_mtime_ns for path in found.values() if path.exists()]
    newest = max(kept.stat().st_mtime_ns, Path(__file__).stat().st_mtime_ns)
    if len(made) < len(KINDS) or min(made) < newest:
        wide = pickle.loads(kept.read_bytes())
        plt.close(wide)
        for text in wide.findobj(Text):
            text.set_fontsize(max(text.get_fontsize(), SMALLEST))
        small = narrow(wide)
        drawn = [(wide, WIDE_DPI), (dark(wide), WIDE_DPI)]
        drawn += [(small, NARROW_DPI), (dark(small), NARROW_DPI)]
        for path, (figure, dpi) in zip(found.values(), drawn):
            with replacing(path) as temporary:
                temporary.write_bytes(picture(figure, dpi))
    return found


def _copy(figure):
    """A figure like this one, of its own."""
    made = pickle.loads(pickle.dumps(figure))
    plt.close(made)
    return made


def picture(figure: Figure, dpi: int) -> bytes:
    """A PNG of a figure, which notes its smallest text and its panels, see `noted`."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    rows = [_pixels(figure, dpi) for _ in _rows(figure)]
    width = max(row.shape[1] for row in rows)
    paper = dict(constant_values=rows[0][0, 0, 0])
    filled = [np.pad(r, ((0, 0), (0, width - r.shape[1]), (0, 0)), **paper) for r in rows]
    texts = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    size = min(text.get_fontsize() for text in texts) / 72 * dpi / width
    notes, buffer = PngInfo(), io.BytesIO()
    known = {"inches": width / dpi, "text": size, "panels": _panels(figure)}
    notes.add_text("figure", json.dumps(known))
    image = Image.fromarray(np.vstack(filled))
    image.save(buffer, "png", pnginfo=notes, optimize=True)
    return buffer.getvalue()


def noted(path: Path) -> dict[str, Any]:
    """What a picture tells of itself.

    Returns
    -------
    dict
        `inches`, its width; `text`, its smallest text as a share of its width; `panels`, left, top,
        width and height of each, as shares of the picture.
    """
    from PIL import Image

    with Image.open(path) as image:
        return json.loads(image.text["figure"])


def _panels(figure):
    figure.draw_without_rendering()
    whole = figure.get_tightbbox().padded(plt.rcParams["savefig.pad_inches"])
    boxes = [ax.bbox.transformed(figure.dpi_scale_trans.inverted()) for ax in figure.axes]
    places = [((b.x0 - whole.x0) / whole.width, (whole.y1 - b.y1) / whole.height) for b in boxes]
    sizes = [(b.width / whole.width, b.height / whole.height) for b in boxes]
    return [[round(share, 4) for share in p + s] for p, s in zip(places, sizes)]


def _pixels(figure, dpi):
    """RGB of a figure, cropped as notebooks do."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, bbox_inches="tight")
    buffer.seek(0)
    return np.rint(255 * plt.imread(buffer)[..., :3]).astype(np.uint8)


def _rows(figure) -> Iterator[None]:
    """Show one half after the other of a long sequence on a phone, and else all at once."""
    logos = [
        ax for ax in figure.axes if any(isinstance(c, PatchCollection) for c in ax.collections)
    ]
    low, high = logos[0].get_xlim() if logos else (0, 0)
    if figure.get_figwidth() > NARROW or high - low <= LETTERS:
        yield
        return
    shaded = [patch.get_extents() for ax in logos for patch in ax.patches]
    ends = [box.transformed(logos[0].transData.inverted()).intervalx for box in shaded]
    middle = (low + high) / 2
    # Between two letters near the middle, and outside what is shaded.
    places = sorted(np.arange(low, high)[5:-5], key=lambda at: abs(at - middle))
    cut = min(places, key=lambda at: sum(first < at < last for first, last in ends))
    for limits in ((low, cut), (cut, high)):
        for ax in logos:
            ax.set_xlim(*limits)
        yield
    for ax in logos:
        ax.set_xlim(low, high)


def narrow(figure: Figure) -> Figure:
    """A figure as a phone shows it."""
    figure = _copy(figure)
    figure.draw_without_rendering()
    panels = [ax for ax in figure.axes if ax.get_subplotspec()]
    rows, columns = panels[0].get_gridspec().get_geometry()
    height = figure.get_figheight()
    if columns > 1:
        columns = 1 if rows == 1 else 2
        height *= -(-len(panels) // columns) / rows
        rows = -(-len(panels) // columns)
        height = min(height, HIGHEST * rows)
        _stack(figure, panels, rows, columns)
    for legend in list(figure.legends):
        names = [text.get_text() for text in legend.get_texts()]
        legend.remove()
        look = dict(ncol=2, columnspacing=1, handletextpad=0.4, handlelength=1.5, frameon=False)
        figure.legend(legend.legend_handles, names, loc="outside lower center", **look)
        height += 0.1 * len(names)
    figure.set_size_inches(NARROW, height)
    for ax in figure.axes:
        _fit(ax, columns)
    most = LARGEST if columns == 1 else SMALLEST
    for text in figure.findobj(Text):
        text.set_fontsize(np.clip(0.85 * text.get_fontsize(), SMALLEST, most))
    return figure


def _fit(ax, columns):
    """Break long titles and labels, and let the numbers below an axis have room."""
    if right := ax.get_title("right"):
        ax.set_title(f"{ax.get_title('left')}\n{right}", loc="left")
        ax.set_title("", loc="right")
    for text in (*ax.get_children(), ax.xaxis.label, ax.yaxis.label):  # titles among them
        if isinstance(text, Text):
            text.set_wrap(True)
    if isinstance(ax.xaxis.get_major_locator(), MaxNLocator):
        ax.xaxis.get_major_locator().set_params(nbins=5 if columns == 1 else 2)
        if columns > 1 and any(len(label.get_text()) > 4 for label in ax.get_xticklabels()):
            ax.tick_params(axis="x", labelrotation=30)


def _stack(figure, panels, rows, columns):
    """Put panels into another grid; those on the left and at the bottom have the labels."""
    grid = figure.add_gridspec(rows, columns)
    label = next((ax.get_ylabel() for ax in panels if ax.get_ylabel()), "")
    for i, ax in enumerate(panels):
        ax.set_subplotspec(grid[i // columns, i % columns])
        if i % columns == 0 and not ax.get_ylabel():
            ax.tick_params(labelleft=True)
            ax.set_ylabel(label)
        if i + columns >= len(panels) or not panels[i + columns].axison:
            ax.tick_params(labelbottom=True)


def dark(figure: Figure) -> Figure:
    """A figure as the dark theme shows it: black and white exchanged, but not in its images."""
    figure = _copy(figure)
    figure.draw_without_rendering()
    cells = {text for ax in figure.axes if ax.findobj(QuadMesh) for text in ax.texts}
    for artist in set(figure.findobj()) - cells:
        # Figures and axes would answer for the rectangles behind them.
        if not isinstance(artist, (AxesImage, Axes, Figure)):
            found = {part: getattr(artist, f"get_{part}", lambda: ())() for part in PAINTED}
            for part, painted in found.items():
                if len(painted):
                    getattr(artist, f"set_{part}")(_exchanged(painted))
    for ax in figure.axes:
        ax.tick_params(colors=(INK,) * 3)  # those still to come
    return figure


def _exchanged(painted: Any) -> Any:
    """A colour, or an array of colours, with its greys from ink to paper turned round."""
    colours = to_rgba_array(painted)
    grey = np.ptp(colours[:, :3], axis=1) < 0.1
    colours[grey, :3] = INK - (INK - PAPER) * colours[grey, :3]
    return colours if np.ndim(painted) > 1 else tuple(colours[0])
