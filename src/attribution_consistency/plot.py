"""Figures of reports and of the book: colour-blind safe, uncertainty shown.

Every function draws on given axes.
"""

import contextlib
import io
from collections.abc import Collection, Iterable
from importlib.resources import files
from typing import Any

import numpy as np
from matplotlib import rc_params_from_file
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from .arrays import Array

BASES = "ACGT"
BLUE, ORANGE, GREEN = "#0072B2", "#E69F00", "#009E73"
RED, PURPLE, GREY = "#D55E00", "#CC79A7", "#666666"
# Okabe and Ito (2008) colours, so that A and T differ for every reader.
BASE_COLOURS = dict(A=[0, 0.62, 0.45], C=[0, 0.45, 0.70], G=[0.90, 0.62, 0], T=[0.84, 0.37, 0])
OF_FIGURES = files("attribution_consistency") / "resources" / "book.mplstyle"
STYLE: Any = rc_params_from_file(str(OF_FIGURES), use_default_template=False)
LOGO_STYLE = dict(color_scheme=BASE_COLOURS, show_progress=False, fade_below=0.0, shade_below=0.0)


def logo(
    ax: Axes, values: ArrayLike, start: int = 0, highlight: Iterable[tuple[float, float]] = ()
) -> Axes:
    """Draw letters whose signed heights are `values` (L, 4), first position `start`.

    `highlight` has spans (first, last + 1) to shade, in the same coordinates.
    """
    from fast_logomaker import FastLogo

    values = np.asarray(values, float)
    for first, last in highlight:
        ax.axvspan(first - 0.5, last - 0.5, color=ORANGE, alpha=0.18, lw=0, zorder=0)
    positions = np.arange(start, start + len(values))
    drawer = FastLogo(values[None], alphabet=list(BASES), positions=positions, **LOGO_STYLE)
    with contextlib.redirect_stdout(io.StringIO()):
        drawer.process_all()
        drawer.draw_single(0, ax=ax, border=False, apply_layout=False)
    ax.set_xlim(start - 0.5, start + len(values) - 0.5)
    ax.axhline(0, color="black", lw=0.6)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def densest_window(mask: Array, width: int) -> slice:
    """The slice of `width` positions that holds most True values of `mask` (L,)."""
    width = min(width, len(mask))
    start = int(np.convolve(mask, np.ones(width), mode="valid").argmax())
    return slice(start, start + width)


def interval(
    ax: Axes,
    values: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    labels: Collection[str],
    marker: str = "o",
    colour: str = BLUE,
) -> Axes:
    """Horizontal estimates with intervals, one row a label, first on top."""
    rows = np.arange(len(labels))[::-1]
    values, low, high = map(np.asarray, (values, low, high))
    style: dict[str, Any] = dict(fmt=marker, color=colour, ecolor=colour, capsize=3, lw=1.4)
    ax.errorbar(values, rows, xerr=[values - low, high - values], **style)
    ax.set(yticks=rows, yticklabels=labels, ylim=(-0.6, len(labels) - 0.4))
    return ax
