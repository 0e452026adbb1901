"""Figures to explore: a point of a printed figure tells what it is and shows its logo.

The figure stays a picture, for paper and for readers without scripts.  Beside it the page
carries a small table, and `book/static/explorer.js` reads it: no server, nothing to download.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np

from attribution_consistency.maps import gradient_correction
from attribution_consistency.sequences import codes_to_one_hot

from .. import paths, store
from ..spans import spans
from .figures import BASE_COLOURS, BASES

if TYPE_CHECKING:
    import pandas as pd
    from IPython.display import HTML
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike


def positions(figure: Figure, ax: Axes, x: ArrayLike, y: ArrayLike) -> np.ndarray:
    """Where data points lie in the picture of a figure as notebooks show it.

    The picture is cropped, with a margin.

    Parameters
    ----------
    figure : Figure
        The whole figure.
    ax : Axes
        The panel with the points.
    x, y : array-like, shape (M,)
        Points in data units of `ax`.

    Returns
    -------
    ndarray of float, shape (M, 2)
        Fractions of the picture's width from the left and height from the top.
    """
    figure.draw_without_rendering()
    box = figure.get_tightbbox().padded(plt.rcParams["savefig.pad_inches"])
    inches = ax.transData.transform(np.column_stack([x, y])) / figure.dpi
    left, up = ((inches - box.min) / box.size).T
    return np.column_stack([left, 1 - up])


def letters(scores: ArrayLike) -> np.ndarray:
    """Whole numbers (M, W), -100 to 100, for scores (M, W); each row relative to its largest."""
    scores = np.asarray(scores, float)
    largest = np.abs(scores).max(axis=1, keepdims=True)
    return np.rint(100 * scores / np.where(largest > 0, largest, 1)).astype(int)


def explore(
    label: str,
    figure: Figure,
    panels: Sequence[tuple[Axes, ArrayLike, ArrayLike]],
    facts: pd.DataFrame,
    sequence: str | None = None,
    scores: ArrayLike | None = None,
    highlight: Iterable[tuple[int, int]] = (),
    start: int = 0,
) -> HTML:
    """Let readers explore a figure of the book.

    Parameters
    ----------
    label : str
        The `:name:` of the figure on the page.
    figure : Figure
        The matplotlib figure.
    panels : list of (ax, x, y)
        The same M points in each; x and y have shape (M,).
    facts : DataFrame, shape (M, F)
        What to tell about each point, as text, best first; the index holds the names of the
        points.
    sequence : str, optional
        The W bases of the logos.
    scores : array-like, shape (M, W), optional
        The score of each base of `sequence` under each point. None: no logos.
    highlight : iterable of (first, last + 1)
        Positions to shade, in the coordinates of `start`.
    start : int
        Position of the first base.

    Returns
    -------
    HTML
        For the output of a cell.
    """
    from IPython.display import HTML

    table = {
        "figure": label,
        "names": [str(name) for name in facts.index],
        "facts": {column: [str(v) for v in facts[column]] for column in facts},
        "panels": [_finite(positions(figure, *panel)) for panel in panels],
    }
    if scores is not None:
        rgb = {b: [round(255 * v) for v in colour] for b, colour in BASE_COLOURS.items()}
        table["logo"] = {
            "sequence": sequence,
            "heights": letters(scores).tolist(),
            "shaded": [[int(a - start), int(b - start)] for a, b in highlight],
            "colours": {base: f"rgb({r} {g} {b})" for base, (r, g, b) in rgb.items()},
        }
    text = json.dumps(table, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    return HTML(f'<script type="application/json" class="explorer">{text}</script>')


def _finite(points):
    """Rounded positions; None for a point without one."""
    return [[round(v, 4) for v in p] if np.isfinite(p).all() else None for p in points.tolist()]


def stretch(run: str, population: str, ids: Iterable[str], width: int = 50) -> dict[str, Any]:
    """Scores of the same stretch of one sequence under several networks of simulated data.

    The sequence and its `width` bases are those that hold the most positions inside motifs.

    Returns
    -------
    dict
        The arguments `sequence`, `scores`, `highlight` and `start` of `explore`; empty where the
        run has no maps, so that the page tells without logos.
    """
    if not all(paths.Run(run).maps(population, name).exists() for name in ids):
        return {}
    maps = {name: paths.read_maps(run, population, name) for name in ids}
    rows = next(iter(maps.values()))["rows"]
    data = store.load(paths.Run(run).data("synthetic"))
    inside = data["motif_mask"][rows]
    held = np.lib.stride_tricks.sliding_window_view(inside, width, axis=1).sum(axis=2)
    row, start = np.unravel_index(held.argmax(), held.shape)
    codes = data["codes"][rows[row]]
    x = codes_to_one_hot(codes[None])
    corrected = [gradient_correction(maps[name]["a"][row][None])[0] for name in ids]
    shown = slice(start, start + width)
    return {
        "sequence": "".join(BASES[c] for c in codes[shown]),
        "scores": np.multiply(corrected, x).sum(axis=2)[:, shown],
        "highlight": [(a + start, b + start) for a, b in spans(inside[row, shown])],
        "start": start,
    }
