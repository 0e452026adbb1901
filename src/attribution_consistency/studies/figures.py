"""Figures of the chapters: those of reports, and scatter plots of networks of the zoo and others.

Readable at column width.  Every function draws on given axes; `show` hands a figure to the book.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from ..artefacts import NOTEBOOK_VARIABLE, RUN_VARIABLE, Run, write_csv
from ..figures import (  # noqa: F401, the chapters find all figures here
    BASE_COLOURS,
    BASES,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    densest_window,
    interval,
    log_y,
    logo,
    style,
)
from ..metric.rounding import descending

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

    In a run, what the figure draws is also kept as numbers, so that two runs can be compared.

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
        write_csv(Run(run).figure(notebook, name), marks(figure) if data is None else data)
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
    from matplotlib.collections import Collection
    from matplotlib.image import AxesImage
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    rows = []

    def add(number, at, artist, points, words=""):
        points = np.asarray(points, float).reshape(-1, 2)
        rows.extend((number, at, type(artist).__name__, x, y, words) for x, y in points)

    for number, ax in enumerate(figure.axes):
        for at, artist in enumerate(ax.get_children()):
            if not artist.get_visible() or artist is ax.patch:
                continue
            if isinstance(artist, Line2D):
                add(number, at, artist, artist.get_xydata())
            elif isinstance(artist, Collection):
                offsets, paths = np.ma.getdata(artist.get_offsets()), artist.get_paths()
                corners = [np.asarray(path.vertices) for path in paths]
                middles = [points.mean(axis=0) for points in corners if len(points)]
                add(number, at, artist, offsets if offsets.any() else middles)
            elif isinstance(artist, Patch):
                box = artist.get_path().get_extents(artist.get_patch_transform())
                add(number, at, artist, [[(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2]])
            elif isinstance(artist, AxesImage):
                values: np.ndarray = np.ma.filled(np.ma.asarray(artist.get_array(), float), np.nan)
                add(number, at, artist, np.column_stack([np.arange(values.size), values.ravel()]))
            elif isinstance(artist, Text) and artist.get_text():
                add(number, at, artist, [[np.nan, np.nan]], artist.get_text())
    return pd.DataFrame(rows, columns=["axes", "artist", "kind", "x", "y", "words"])


def spans(mask: ArrayLike) -> list[tuple[int, int]]:
    """Runs of True in `mask` (L,), as (first, last + 1) pairs."""
    edges = np.flatnonzero(np.diff(np.r_[False, mask, False]))
    return list(zip(edges[::2], edges[1::2]))


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
    for rank, i in enumerate(best[descending(q[best])]):
        ax.annotate(
            names[i],
            (p[i], q[i]),
            xytext=(0.03, 0.96 - 0.055 * rank),
            textcoords="axes fraction",
            ha="left",
            va="center",
            fontsize=7.5,
            family="monospace",
            arrowprops={"arrowstyle": "-", "color": RED, "lw": 0.5, "alpha": 0.6, "shrinkB": 2},
        )
    limit = np.array([p[seen].min(), max(p.max(), q.max())])
    ax.plot(limit, limit, color="black", lw=0.8, ls="--")
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="prior frequency p",
        ylabel="attribution-weighted frequency q",
    )
    lowest = np.quantile(q[q > 0], 0.001)
    ax.set_ylim(lowest, q.max() * 2)
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


def length_weights(ax: Axes, ks: Sequence[int], per_subset: np.ndarray, mean: np.ndarray) -> Axes:
    """Weight of each k-mer length: one thin line a held-out subset, the mean on top."""
    for i, weights in enumerate(per_subset):
        ax.plot(
            ks,
            weights,
            color=BLUE,
            alpha=0.45,
            lw=1,
            marker="o",
            ms=3,
            label="one held-out subset" if i == 0 else None,
        )
    ax.plot(ks, mean, color="black", lw=2, marker="o", ms=5, label="mean")
    ax.set(xlabel="k-mer length k", ylabel="weight", xticks=ks, ylim=(0, None))
    ax.legend()
    return ax


def against(ax: Axes, table: pd.DataFrame, x: str, y: str, xlabel: str, ylabel: str) -> Axes:
    """Scatter of two columns of a score table, colour for activation, fill for batch norm."""
    size = 34 if len(table) <= 40 else 20
    for activation, colour in ACTIVATION_COLOURS.items():
        for batch_norm in (True, False):
            part = table[(table["activation"] == activation) & (table["batch_norm"] == batch_norm)]
            if part.empty:
                continue
            label = f"{ACTIVATION_NAMES[activation]}, {'batch norm' if batch_norm else 'no norm'}"
            ax.scatter(
                part[x],
                part[y],
                s=size,
                color=colour if batch_norm else "none",
                edgecolor=colour,
                lw=1.3,
                label=label,
            )
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
    for architecture, (name, colour) in ARCHITECTURES.items():
        for activation, marker in ACTIVATION_MARKERS.items():
            part = table[
                (table["architecture"] == architecture) & (table["activation"] == activation)
            ]
            if part.empty:
                continue
            if errors:
                ends = part[list(errors)].to_numpy()
                ax.hlines(part[y], ends[:, 0], ends[:, 1], color=colour, lw=1, alpha=0.7)
            ax.scatter(
                part[x],
                part[y],
                s=42,
                marker=marker,
                color=colour,
                edgecolor="white",
                lw=0.6,
                zorder=3,
                label=f"{name}, {ACTIVATION_NAMES[activation]}",
            )
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return ax


def legend_below(figure: Figure, columns: int = 4) -> None:
    """One legend for all panels of a figure, below them."""
    entries: dict[str, Artist] = {}
    for ax in figure.axes:
        entries |= dict(zip(*reversed(ax.get_legend_handles_labels())))
    figure.legend(
        entries.values(), entries.keys(), loc="outside lower center", ncol=columns, fontsize=8
    )
