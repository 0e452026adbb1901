"""Figures of the chapters: those of reports, and scatter plots of networks of the zoo and others.

Readable at column width.  Every function draws on given axes; `show` hands a figure to the book.
"""

from __future__ import annotations

import itertools
import os
import pickle
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np

from attribution_consistency.files import replacing
from attribution_consistency.plot import (  # noqa: F401, the chapters find all figures here
    BASE_COLOURS,
    BASES,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    STYLE,
    densest_window,
    interval,
    logo,
)
from attribution_consistency.rounding import descending

from ..paths import NOTEBOOK_VARIABLE, RUN_VARIABLE, Run, write_csv

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

WIDTH = 7.0  # inches: the text column of the book
ACTIVATION_COLOURS = {"relu": BLUE, "exp": ORANGE}
ACTIVATION_NAMES = {"relu": "ReLU", "exp": "exponential"}
ACTIVATION_MARKERS = {"relu": "o", "exp": "^"}
ARCHITECTURES = {
    "cnn": ("CNN", BLUE),
    "residual": ("residual", ORANGE),
    "basset": ("Basset-like", GREEN),
    "bpnet": ("BPNet-like", RED),
    "basenji": ("Basenji-like", PURPLE),
    "deep": ("deep", BLUE),
    "shallow": ("shallow", ORANGE),
}


def show(name: str, figure: Figure | None = None, data: pd.DataFrame | None = None) -> None:
    """Display a figure and keep it under `name` for a `glue:figure` of the page.

    In a run, what the figure draws is also kept as numbers, so that two runs can be compared, and
    the figure itself, so that the book can draw it anew for a phone and for the dark theme.

    Parameters
    ----------
    name : str
        Unique in the book.
    figure : Figure, optional
        The current one if None.
    data : DataFrame, optional
        What the figure shows, where a table says it better than its lines and points.
    """
    from myst_nb import glue

    figure = figure or plt.gcf()
    glue(name, figure)
    run, notebook = (os.environ.get(v) for v in (RUN_VARIABLE, NOTEBOOK_VARIABLE))
    if run and notebook:
        figure.canvas.draw()
        table = Run(run).figure(notebook, name)
        write_csv(table, marks(figure) if data is None else data)
        with replacing(table.with_suffix(".pickle")) as temporary:
            temporary.write_bytes(pickle.dumps(figure))
    plt.close(figure)


def marks(figure: Figure) -> pd.DataFrame:
    """Everything a figure draws inside its axes, as numbers and words.

    Returns
    -------
    DataFrame
        One row a point, bar, letter or text: axes, artist, kind, x, y (data coordinates; the
        middle of bars and letters), words.
    """
    import pandas as pd

    rows = [
        (number, at, type(artist).__name__, x, y, words)
        for number, ax in enumerate(figure.axes)
        for at, artist in enumerate(ax.get_children())
        if artist.get_visible() and artist is not ax.patch
        for points, words in [_drawn(artist)]
        for x, y in np.asarray(points, float).reshape(-1, 2)
    ]
    return pd.DataFrame(rows, columns=["axes", "artist", "kind", "x", "y", "words"])


def _drawn(artist):
    """Points and words of one artist."""
    from matplotlib.collections import Collection
    from matplotlib.image import AxesImage
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    if isinstance(artist, Line2D):
        return artist.get_xydata(), ""
    if isinstance(artist, Collection):
        offsets = np.ma.getdata(artist.get_offsets())
        corners = [np.asarray(path.vertices) for path in artist.get_paths()]
        middles = [points.mean(axis=0) for points in corners if len(points)]
        return offsets if offsets.any() else middles, ""
    if isinstance(artist, Patch):
        box = artist.get_path().get_extents(artist.get_patch_transform())
        return [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2], ""
    if isinstance(artist, AxesImage):
        values = np.ma.filled(np.ma.asarray(artist.get_array(), float), np.nan)
        return np.column_stack([np.arange(values.size), values.ravel()]), ""
    if isinstance(artist, Text) and artist.get_text():
        return [np.nan, np.nan], artist.get_text()
    return [], ""


def distributions(
    ax: Axes, q: np.ndarray, p: np.ndarray, names: Sequence[str], top: int = 8
) -> Axes:
    """Attribution-weighted k-mer frequencies `q` against the prior `p`, both (4**k,).

    The `top` k-mers with the largest `q log(q / p)` are labelled, with their `names`.
    """
    seen = p > 0
    ax.scatter(p[seen], q[seen], s=7, color=GREY, alpha=0.35, lw=0, rasterized=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        contribution = np.where(q > 0, q * np.log(q / p), 0)
    best = descending(contribution)[:top]
    ax.scatter(p[best], q[best], s=22, color=RED, lw=0)
    arrow = {"arrowstyle": "-", "color": RED, "lw": 0.5, "alpha": 0.6, "shrinkB": 2}
    look: dict[str, Any] = {"ha": "left", "va": "center", "fontsize": 8, "family": "monospace"}
    for rank, i in enumerate(best[descending(q[best])]):
        at = (0.03, 0.96 - 0.055 * rank)
        place: dict[str, Any] = {"xy": (p[i], q[i]), "xytext": at, "textcoords": "axes fraction"}
        ax.annotate(names[i], **place, arrowprops=arrow, **look)
    limit = np.array([p[seen].min(), max(p.max(), q.max())])
    ax.plot(limit, limit, color="black", lw=0.8, ls="--")
    ax.set(xscale="log", yscale="log", ylim=(np.quantile(q[q > 0], 0.001), q.max() * 2))
    for axis in (ax.xaxis, ax.yaxis):  # exponents would be too small for a phone
        axis.set_major_formatter("{x:g}")
    ax.set(xlabel="prior frequency p", ylabel="attribution-weighted frequency q")
    return ax


def snr_axis(ax: Axes) -> None:
    """Make the y axis logarithmic above 0.5, linear from there to 0, pressed together below 0."""
    from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullLocator

    ax.set_yscale("function", functions=(snr_scale, snr_unscale))
    ax.yaxis.set_major_locator(FixedLocator([-5, -1, 0, 0.5, 1, 2, 4, 8, 16, 32, 64]))
    ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    ax.yaxis.set_minor_locator(NullLocator())


def snr_scale(snr: ArrayLike) -> np.ndarray:
    """Where a signal-to-noise ratio stands on the axis: its logarithm, as long as that can be."""
    snr = np.asarray(snr, float)
    low = np.where(snr >= 0, 2 * snr, -0.35 * np.log1p(2 * np.abs(snr)))
    return np.where(snr >= 0.5, 1 + np.log(2 * np.maximum(snr, 0.5)), low)


def snr_unscale(place: ArrayLike) -> np.ndarray:
    """The ratio that stands there; undoes `snr_scale`."""
    place = np.asarray(place, float)
    low = np.where(place >= 0, place / 2, -np.expm1(np.abs(place) / 0.35) / 2)
    return np.where(place >= 1, np.exp(np.maximum(place, 1) - 1) / 2, low)


def against(ax: Axes, table: pd.DataFrame, x: str, y: str, xlabel: str, ylabel: str) -> Axes:
    """Scatter of two columns of a score table, colour for activation, fill for batch norm."""
    size = 34 if len(table) <= 40 else 20
    for activation, batch_norm in itertools.product(ACTIVATION_COLOURS, (True, False)):
        part = table[(table["activation"] == activation) & (table["batch_norm"] == batch_norm)]
        if part.empty:
            continue
        colour = ACTIVATION_COLOURS[activation]
        label = f"{ACTIVATION_NAMES[activation]}, {'batch norm' if batch_norm else 'no norm'}"
        look: dict[str, Any] = {"color": colour if batch_norm else "none", "edgecolor": colour}
        ax.scatter(part[x], part[y], size, lw=1.3, label=label, **look)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return ax


def by_architecture(
    ax: Axes,
    table: pd.DataFrame,
    x: str,
    y: str,
    xlabel: str,
    ylabel: str,
    errors: Sequence[str] | None = None,
) -> Axes:
    """Scatter of two columns, colour for architecture, marker for activation.

    `errors` names two columns, the ends of an interval of `x`.
    """
    for architecture, activation in itertools.product(ARCHITECTURES, ACTIVATION_MARKERS):
        part = table[(table["architecture"] == architecture) & (table["activation"] == activation)]
        if part.empty:
            continue
        name, colour = ARCHITECTURES[architecture]
        if errors:
            ax.hlines(part[y], part[errors[0]], part[errors[1]], color=colour, lw=1, alpha=0.7)
        label = f"{name}, {ACTIVATION_NAMES[activation]}"
        look: dict[str, Any] = {"color": colour, "edgecolor": "white", "lw": 0.6, "zorder": 3}
        marker = ACTIVATION_MARKERS[activation]
        ax.scatter(part[x], part[y], 42, marker=marker, label=label, **look)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return ax


def legend_below(figure: Figure, columns: int = 4) -> None:
    """One legend for all panels of a figure, below them."""
    entries: dict[str, Artist] = {}
    for ax in figure.axes:
        entries |= dict(zip(*reversed(ax.get_legend_handles_labels())))
    place: dict[str, Any] = {"loc": "outside lower center", "ncol": columns}
    figure.legend(entries.values(), entries.keys(), fontsize=8, **place)


def style() -> None:
    """Set the look of every figure of a notebook."""
    import seaborn as sns  # takes half a second, which the command need not wait

    sns.set_theme(context="notebook", style="ticks", palette="colorblind", font_scale=0.9)
    plt.rcParams.update(STYLE)
