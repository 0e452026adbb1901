"""Figures of the chapters: those of reports, and scatter plots of networks of the zoo and others.

Readable at column width.  Every function draws on given axes; `show` hands a figure to the book.
"""

import matplotlib.pyplot as plt
import numpy as np

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


def show(name, figure=None):
    """Display a figure and keep it under ``name`` for a ``glue:figure`` of the page."""
    from myst_nb import glue

    figure = figure or plt.gcf()
    glue(name, figure)
    plt.close(figure)


def spans(mask):
    """Runs of True in ``mask`` (L,), as (first, last + 1) pairs."""
    edges = np.flatnonzero(np.diff(np.r_[False, mask, False]))
    return list(zip(edges[::2], edges[1::2]))


def distributions(ax, q, p, names, top=8):
    """Attribution-weighted k-mer frequencies ``q`` against the prior ``p``, both (4**k,).

    The ``top`` k-mers with the largest ``q log(q / p)`` are labelled.
    """
    seen = p > 0
    ax.scatter(p[seen], q[seen], s=7, color=GREY, alpha=0.35, lw=0, rasterized=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        contribution = np.where(q > 0, q * np.log(q / p), 0)
    best = np.argsort(-contribution)[:top]
    ax.scatter(p[best], q[best], s=22, color=RED, lw=0)
    for rank, i in enumerate(sorted(best, key=lambda i: -q[i])):
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


def snr_axis(ax):
    """Make the y axis logarithmic above 0.5, linear from there to 0, pressed together below 0."""
    from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullLocator

    ax.set_yscale("function", functions=(snr_scale, snr_unscale))
    ax.yaxis.set_major_locator(FixedLocator([-5, -1, 0, 0.5, 1, 2, 4, 8, 16, 32, 64]))
    ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    ax.yaxis.set_minor_locator(NullLocator())


def snr_scale(snr):
    """Where a signal-to-noise ratio stands on the axis: its logarithm, as long as that can be."""
    snr = np.asarray(snr, float)
    low = np.where(snr >= 0, 2 * snr, -0.35 * np.log1p(2 * np.abs(snr)))
    return np.where(snr >= 0.5, 1 + np.log(2 * np.maximum(snr, 0.5)), low)


def snr_unscale(place):
    """The ratio that stands there; undoes `snr_scale`."""
    place = np.asarray(place, float)
    low = np.where(place >= 0, place / 2, -np.expm1(np.abs(place) / 0.35) / 2)
    return np.where(place >= 1, np.exp(np.maximum(place, 1) - 1) / 2, low)


def length_weights(ax, ks, per_subset, mean):
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


def against(ax, table, x, y, xlabel, ylabel):
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


def by_architecture(ax, table, x, y, xlabel, ylabel, errors=None):
    """Scatter of two columns, colour for architecture, marker for activation.

    errors : names of two columns, the ends of an interval of ``x``.
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


def legend_below(figure, columns=4):
    """One legend for all panels of a figure, below them."""
    entries = {}
    for ax in figure.axes:
        entries |= dict(zip(*reversed(ax.get_legend_handles_labels())))
    figure.legend(
        entries.values(), entries.keys(), loc="outside lower center", ncol=columns, fontsize=8
    )
