"""Models beside each other: their order, what tells them apart, and how choices change it."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from . import rounding
from .arrays import Mask
from .uncertainty import Jackknife, paired_difference, smallest_difference


def ranked(
    rows: Mapping[str, Mapping[str, Any]],
    intervals: Mapping[str, Jackknife],
    performance: Mapping[str, float],
) -> pd.DataFrame:
    """One row a model, best score first, each compared with the best.

    Parameters
    ----------
    rows : mapping of model to row
        With `score` and `score_floor`.
    intervals : mapping of model to Jackknife
        Of the scores, over the same blocks of sequences.
    performance : mapping of model to number
        Empty where it is not known.
    """
    table = pd.DataFrame([{"model": name, **row} for name, row in rows.items()])
    order = np.lexsort([table["model"].to_numpy(str), -rounding.rounded(table["score"])])
    table = table.iloc[order].reset_index(drop=True)
    table.insert(0, "rank", shared_ranks([intervals[model] for model in table["model"]]))
    best = intervals[table["model"][0]]
    compared = [paired_difference(best, intervals[model]) for model in table["model"]]
    for name, part in (("", "estimate"), ("_low", "low"), ("_high", "high")):
        values = [float(getattr(difference, part)) for difference in compared]
        table.insert(list(table.columns).index("score_floor"), f"below_best{name}", values)
    if performance:
        table.insert(2, "performance", table["model"].map(performance))
        table.insert(3, "pareto", pareto(table["performance"], table["score"]))
    return table


def shared_ranks(intervals: Sequence[Jackknife]) -> list[int]:
    """Ranks of models, the best first; those not told apart from the first of a group share its."""
    ranks, first = [1], 0
    for i in range(1, len(intervals)):
        if paired_difference(intervals[first], intervals[i]).low > 0:
            first = i
        ranks.append(first + 1)
    return ranks


def pareto(performance: ArrayLike, score: ArrayLike) -> Mask:
    """Which models no other beats in one of two numbers without losing in the other, (M,)."""
    p, s = rounding.rounded(performance), rounding.rounded(score)
    beaten = (p[:, None] <= p) & (s[:, None] <= s) & ((p[:, None] < p) | (s[:, None] < s))
    return ~beaten.any(axis=1) & np.isfinite(p) & np.isfinite(s)


def detectable(intervals: Sequence[Jackknife]) -> float | None:
    """Median over pairs of models of the smallest difference found with 80 % power."""
    smallest = [smallest_difference(paired_difference(*p)) for p in combinations(intervals, 2)]
    return float(np.median(smallest)) if smallest else None
