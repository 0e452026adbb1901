"""The figures of the report, each as an image inside the page."""

import base64
import html
import io
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from . import plot
from .maps import gradient_correction
from .score import Result

MOST = 40  # models in the ranking figure
LOGO_WIDTH = 60
COLOURS = (plot.BLUE, plot.ORANGE, plot.GREEN, plot.RED, plot.PURPLE, plot.GREY)
ABOVE: dict[str, Any] = dict(loc="lower center", bbox_to_anchor=(0.5, 1), ncol=2, fontsize="small")
LABEL: dict[str, Any] = dict(textcoords="offset points", ha="right", fontsize="small")


def ranking(result: Result) -> str:
    """Scores with their intervals, the best on top."""
    plot.style()
    table = result.table.head(MOST)
    figure, ax = plt.subplots(figsize=(5.2, 1.3 + 0.27 * len(table)))
    plot.interval(ax, table["score"], table["score_low"], table["score_high"], table["model"])
    ax.axvline(0, color="black", ls="--", lw=1)
    ax.set_xlabel("score: KLD above exchanged maps (nats)")
    alt = (
        "Scores with 95 % intervals, the best on top; dashed, 0, what exchanged maps have. First: "
    )
    return _picture(figure, f"{alt}{table['model'][0]}.")


def by_length(result: Result, shown: list[str]) -> str:
    """KLD against k for the models `shown`."""
    plot.style()
    ks, table = list(result.settings.ks), result.table.set_index("model")
    figure, ax = plt.subplots(figsize=(5.2, 3.8))

    def curve(column: str, name: str, line: str, **options: Any) -> None:
        ax.plot(ks, [table[f"{column}_k{k}"][name] for k in ks], line, **options)

    for name, colour in zip(shown, COLOURS):
        curve("kld", name, "o-", color=colour, label=name)
        curve("null", name, ":", color=colour)
    if max(table[f"floor_k{k}"].iloc[0] for k in ks) > 1e-6:
        curve("floor", shown[0], "--", color="black", label="constant map")
    plot.log_y(ax)
    ax.set(xlabel="k-mer length k", ylabel="KLD (nats)", xticks=ks)
    ax.legend(fontsize="small")
    alt = f"KLD against k-mer length for {', '.join(shown)}; dotted, the mean of their exchanged "
    return _picture(figure, f"{alt}maps; dashed, a constant map.")


def front(result: Result) -> pd.DataFrame:
    """The models of the Pareto set, by performance."""
    return result.table[result.table["pareto"]].sort_values("performance", kind="stable")


def plane(result: Result) -> str:
    """Score against performance, and the Pareto set."""
    plot.style()
    table, best = result.table, front(result)
    figure, ax = plt.subplots(figsize=(5.2, 3.8))
    bars = [table["score"] - table["score_low"], table["score_high"] - table["score"]]
    points = table["performance"], table["score"]
    ax.errorbar(*points, bars, fmt="o", ecolor="#bbbbbb", label="model")
    points = best["performance"], best["score"]
    ax.plot(*points, "D--", color=plot.RED, zorder=5, label="Pareto set")
    for _, row in (best if len(best) <= 8 else best.iloc[[0, -1]]).iterrows():
        point = row["performance"], row["score"]
        ax.annotate(row["model"], point, (-6, 5), **LABEL)
    ax.margins(x=0.25, y=0.2)
    ax.locator_params(axis="x", nbins=4)
    ax.set(xlabel=result.performance_name, ylabel="score (nats)")
    ax.legend(**ABOVE)
    names = ", ".join(best["model"])
    return _picture(figure, f"Score against {result.performance_name}; Pareto set: {names}.")


def logos(result: Result, shown: list[str]) -> str:
    """Of a few sequences, the part that carries most attribution, for the models `shown`."""
    plot.style()
    pictures = ""
    for i, number in enumerate(result.logo_rows):
        maps = [result.logos[name][i].astype(float) for name in shown]
        if result.settings.correct:
            maps = [gradient_correction(a) for a in maps]
        heights = [a * result.logo_x[i] for a in maps]
        scores = [np.abs(h).sum(axis=1) for h in heights]
        shares = np.sum([s / max(s.sum(), 1e-300) for s in scores], axis=0)
        window = plot.densest_window(shares, LOGO_WIDTH)
        size = (7, 1.15 * len(shown) + 0.4)
        figure, axes = plt.subplots(len(shown), 1, figsize=size, squeeze=False)
        for ax, name, height in zip(axes[:, 0], shown, heights):
            plot.logo(ax, height[window], window.start)
            ax.set_title(name, fontsize="small")
            ax.set_yticks([])
            ax.tick_params(labelbottom=name == shown[-1])
        axes[-1, 0].set_xlabel(f"position in sequence {number}")
        alt = f"Attribution logos of a part of sequence {number}, for {', '.join(shown)}."
        pictures += f'<div class="scroll wide" tabindex="0">{_picture(figure, alt)}</div>'
    return pictures


def _picture(figure: Figure, alt: str) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=150)
    plt.close(figure)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'
