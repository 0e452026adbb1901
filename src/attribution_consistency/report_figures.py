"""The figures of the report: of each, what it shows in words, and an image."""

import base64
import io
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from . import plot
from .maps import gradient_correction
from .score import Result

MOST = 40  # models in the ranking figure
LOGO_WIDTH = 60
ABOVE: dict[str, Any] = dict(loc="lower center", bbox_to_anchor=(0.5, 1), ncol=2, fontsize="small")
Picture = dict[str, str]  # alt, png


def drawn(result: Result, shown: list[str]) -> dict[str, Any]:
    """All figures; those of single models for the models `shown`."""
    with plt.rc_context({**plot.STYLE, "text.parse_math": False}):  # names may hold a $
        figures: dict[str, Any] = {"ranking": ranking(result), "logos": logos(result, shown)}
        if result.performance_name:
            figures["plane"] = plane(result)
    return figures


def ranking(result: Result) -> Picture:
    """Scores with their intervals, the best on top."""
    table = result.table.head(MOST)
    figure, ax = plt.subplots(figsize=(4.2, 1.3 + 0.27 * len(table)))
    plot.interval(ax, table["score"], table["score_low"], table["score_high"], table["model"])
    ax.axvline(0, color="black", ls="--", lw=1)
    ax.set_xlabel("score (nats)")
    alt = "Scores with 95 % intervals, the best on top; dashed, 0: exchanged maps. First: "
    return _picture(figure, f"{alt}{table['model'][0]}.")


def plane(result: Result) -> Picture:
    """Score against performance, and the Pareto set."""
    table = result.table.sort_values("performance", kind="stable")
    best = table[table["pareto"]]
    figure, ax = plt.subplots(figsize=(4.2, 3.8))
    bars = [table["score"] - table["score_low"], table["score_high"] - table["score"]]
    style: dict[str, Any] = {"fmt": "o", "ecolor": "#bbbbbb", "label": "model"}
    ax.errorbar(table["performance"], table["score"], bars, **style)
    given = {"data": best, "color": plot.RED, "zorder": 5, "label": "Pareto set"}
    ax.plot("performance", "score", "D--", **given)
    ax.margins(x=0.1, y=0.1)
    ax.locator_params(axis="x", nbins=4)
    ax.set(xlabel=result.performance_name, ylabel="score (nats)")
    ax.legend(**ABOVE)
    names = ", ".join(best["model"])
    return _picture(figure, f"Score against {result.performance_name}; Pareto set: {names}.")


def logos(result: Result, shown: list[str]) -> list[Picture]:
    """Of a few sequences, the part that carries most attribution, for the models `shown`."""
    pictures, level = [], gradient_correction if result.settings.correct else np.asarray
    for i, number in enumerate(result.logo_rows):
        maps = (result.logos[name][i].astype(float) for name in shown)
        heights = [level(a) * result.logo_x[i] for a in maps]
        scores = [np.abs(h).sum(axis=1) for h in heights]
        shares = np.sum([s / max(s.sum(), 1e-300) for s in scores], axis=0)
        window = plot.densest_window(shares, LOGO_WIDTH)
        tall = 1.15 * len(shown) + 0.4
        edges = {"left": 0.02, "right": 0.98, "bottom": 0.5 / tall, "top": 1 - 0.25 / tall}
        figure = plt.figure(figsize=(7, tall), layout="none")  # to lay it out takes longest
        axes = figure.subplots(len(shown), squeeze=False, gridspec_kw=edges | {"hspace": 0.3})
        for ax, name, height in zip(axes[:, 0], shown, heights):
            plot.logo(ax, height[window], window.start)
            ax.set_title(name, fontsize="small")
            ax.set_yticks([])
            ax.tick_params(labelbottom=name == shown[-1])
        axes[-1, 0].set_xlabel(f"position in sequence {number}")
        alt = f"Attribution logos of a part of sequence {number}, for {', '.join(shown)}."
        pictures.append(_picture(figure, alt))
    return pictures


def _picture(figure: Figure, alt: str) -> Picture:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=120)
    plt.close(figure)
    return {"alt": alt, "png": base64.b64encode(buffer.getvalue()).decode("ascii")}
