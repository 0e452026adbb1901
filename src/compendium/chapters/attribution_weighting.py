"""What chapter 3 draws of single sequences, and the data sets where its nulls fail."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.lib.stride_tricks import sliding_window_view

from attribution_consistency.plot import BASE_COLOURS, BLUE, GREY, ORANGE

WORD = np.array([0, 1, 2, 3, 0, 0, 1, 2])  # ACGTAACG


def planted(
    rng: np.random.Generator, jitter: int, n: int = 100, length: int = 200
) -> tuple[np.ndarray, np.ndarray]:
    """Sequences (n, L, 4) with the word, and where it is (n, L): near the middle.

    `jitter` is how far from the middle it is at most, in nt.
    """
    x = np.eye(4, dtype=np.float32)[rng.integers(0, 4, (n, length))]
    first = (length - len(WORD)) // 2 + rng.integers(-jitter, jitter + 1, n)
    inside = np.zeros((n, length), dtype=bool)
    np.put_along_axis(inside, first[:, None] + np.arange(len(WORD)), True, axis=1)
    x[inside] = np.tile(np.eye(4)[WORD], (n, 1))
    return x, inside


def follow_position(rng: np.random.Generator, n: int = 100, length: int = 200) -> np.ndarray:
    """Scores (n, L) that fall with the distance from the middle and know nothing else."""
    profile = np.exp(-0.5 * ((np.arange(length) - length / 2) / 15) ** 2)
    return rng.gamma(0.3, size=(n, length)) * profile


def draw_track(ax: Axes, text: str, scores: np.ndarray, at: float, colour: str) -> None:
    """The letters of a sequence at height `at`, and above them their scores as bars, 1 at most."""
    ax.bar(range(len(text)), scores / scores.max(), 0.8, at + 0.2, color=colour, lw=0)
    for i, base in enumerate(text):
        ax.text(i, at, base, color=BASE_COLOURS[base], weight="bold", ha="center", va="center")
    ax.axis("off")


def draw_words(left: Axes, right: Axes, text: str, scores: np.ndarray, k: int) -> None:
    """From scores to words: on the left the windows of `k` bases, on the right p and q.

    A window has the sum of the scores under it, and is the darker, the larger it is; q is that of
    the reading `frequency`.
    """
    draw_track(left, text, scores, 0, BLUE)
    sums = sliding_window_view(scores, k).sum(axis=1)
    words = [text[i : i + k] for i in range(len(sums))]
    for i, (word, held) in enumerate(zip(words, sums)):
        at, shade = -0.4 - 0.3 * (i % k), 0.1 + 0.4 * held / sums.max()
        left.barh(at, k - 0.1, 0.25, i - 0.45, color=ORANGE, alpha=shade, lw=0)
        left.text(i + k / 2 - 0.5, at, f"{word} {held:g}", ha="center", va="center", fontsize=8)
    table = pd.DataFrame({"q": sums, "p": 1 / len(sums)}).groupby(words, sort=False).sum()
    table["q"] *= table["p"] / (table["p"] * table["q"]).sum()
    table[::-1].plot.barh(ax=right, color=[ORANGE, GREY], width=0.8, xlabel="share", ylabel="")
    right.legend(reverse=True, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
