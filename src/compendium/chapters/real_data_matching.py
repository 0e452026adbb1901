"""Models that predict equally well and whose scores differ."""

import numpy as np
import pandas as pd

from attribution_consistency.rounding import at_least, descending


def matched_pairs(
    table: pd.DataFrame, performance: str, score: str, within: float, levels: int = 3
) -> pd.DataFrame:
    """Networks that predict equally well and whose scores differ most: a pair for each level.

    Parameters
    ----------
    table : DataFrame
        Score table with `id`; with a column `task`, only networks of one task are paired, and
        levels are drawn within each task.
    performance, score : str
        Names of two columns; networks that lack either stay out.
    within : float
        Two networks match when their performance differs by no more.
    levels : int
        Performance is cut at its quantiles into so many levels; a pair belongs to the level of
        its mean performance.

    Returns
    -------
    pairs : DataFrame
        At most one row a level, the lowest first: level, task, ids high and low (by score),
        performance_high, performance_low, score_high, score_low, difference. Of all pairs of a
        level it is the one with the largest difference of the scores.
    """
    known = pd.DataFrame({"id": table["id"], "task": table.get("task", "")})
    known["performance"], known["score"] = (
        table[performance].astype(float),
        table[score].astype(float),
    )
    known = known[np.isfinite(known["performance"]) & np.isfinite(known["score"])]
    pairs: pd.DataFrame = known.merge(known, on="task", suffixes=("_high", "_low"))
    apart = (pairs["performance_high"] - pairs["performance_low"]).abs()
    pairs = pairs[at_least(within, apart) & (pairs["score_high"] > pairs["score_low"])]
    edges = known.groupby("task")["performance"].quantile(np.arange(1, levels) / levels).round(9)
    middle = ((pairs["performance_high"] + pairs["performance_low"]) / 2).round(9)
    pairs = pairs.rename(columns={"id_high": "high", "id_low": "low"}).assign(
        level=[1 + int(np.searchsorted(edges[task], m)) for task, m in zip(pairs["task"], middle)],
        difference=pairs["score_high"] - pairs["score_low"],
    )
    best = pairs.iloc[descending(pairs["difference"])]
    best = best.drop_duplicates("level").sort_values("level", ignore_index=True)
    columns = "performance_high performance_low score_high score_low difference"
    return best[["level", "task", "high", "low", *columns.split()]]
