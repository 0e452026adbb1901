"""How well many scores follow many truths over networks: one table for the chapters that compare.

Shared resamples make the intervals of all scores comparable, and let every score be set
against one reference score on the same networks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from .association import resamples

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("networks", "truth", "statistic", "metric", "n", "estimate", "low", "high")
DIFFERENCE = ("difference", "difference_low", "difference_high")
POOLED, WITHIN = "all", "within"
STATISTICS = ("spearman", "pearson")


def comparison_table(
    scores: pd.DataFrame,
    metrics: Mapping[str, str | ArrayLike] | Sequence[str],
    truths: Mapping[str, str | ArrayLike] | Sequence[str],
    groups: str | ArrayLike | None = None,
    n_boot: int = 2000,
    seed: int = 0,
    *,
    strata: str | ArrayLike | None = None,
    reference: str | None = None,
    statistics: Sequence[str] = STATISTICS,
    level: float = 0.95,
) -> pd.DataFrame:
    """Correlation of every metric with every truth over networks, with percentile intervals.

    Parameters
    ----------
    scores : DataFrame
        One row a network.
    metrics, truths : {label: column name, or values (M,)}, or a list of column names
    groups : labels (M,) or column name
        Networks of one group, such as a configuration, are resampled together.  None: each
        network by itself.
    n_boot : int
        Bootstrap samples; 0 gives NaN intervals.
    strata : labels (M,) or column name
        Each resample keeps the number of groups of each stratum, and the table has rows for
        every stratum, and the mean over the strata.
    reference : str
        Label of the metric that every other is set against.
    statistics : of `spearman` and `pearson`
    level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        With the columns of `COLUMNS`.  `networks` is `all`, the name of a stratum, or `within`
        for the mean of the strata's correlations.  A network whose metric or truth is not
        finite stays out of that row; fewer than four networks give NaN.  With a `reference`
        there are also the columns of `DIFFERENCE`: the correlation minus that of the reference,
        on the same resamples; NaN where the two were not computed on the same networks.

    Raises
    ------
    ValueError
        For an unknown statistic or reference.
    """
    import pandas as pd

    metrics, truths = (_values(scores, named) for named in (metrics, truths))
    unknown = [s for s in statistics if s not in STATISTICS]
    if unknown:
        raise ValueError(f"statistic {unknown[0]!r}: choose from {', '.join(STATISTICS)}")
    if reference is not None and reference not in metrics:
        raise ValueError(f"reference {reference!r} is none of the metrics {', '.join(metrics)}")
    count = len(scores)
    clusters = np.arange(count) if groups is None else _column(scores, groups)
    layers = None if strata is None else _column(scores, strata)
    rows = []
    for finite, pairs in _alike(metrics, truths):
        names, targets = (list(dict.fromkeys(labels)) for labels in zip(*pairs))
        chosen = [metrics[name] for name in names] + [truths[truth] for truth in targets]
        table = np.array(chosen)[:, finite]
        part = None if layers is None else layers[finite]
        estimates = _correlations(table, len(names), part, statistics)
        drawn = [
            _correlations(
                table[:, picked], len(names), None if part is None else part[picked], statistics
            )
            for picked in resamples(clusters[finite], part, n_boot, seed)
        ]
        for (networks, statistic), values in estimates.items():
            samples = np.array([d[networks, statistic] for d in drawn])
            samples = samples.reshape(-1, len(names), len(targets))
            n = int(np.sum(part == networks)) if networks not in (POOLED, WITHIN) else finite.sum()
            for j, truth in enumerate(targets):
                found = _summaries(names, values[:, j], samples[:, :, j], reference, level)
                rows += [
                    {
                        "networks": networks,
                        "truth": truth,
                        "statistic": statistic,
                        "metric": name,
                        "n": int(n),
                        **found[name],
                    }
                    for name in names
                    if (name, truth) in pairs
                ]
    columns = list(COLUMNS) + (list(DIFFERENCE) if reference is not None else [])
    table = pd.DataFrame(rows, columns=columns)
    order = {"metric": list(metrics), "truth": list(truths), "statistic": list(statistics)}
    found = dict.fromkeys(table["networks"])
    order["networks"] = [POOLED, *(n for n in found if n not in (POOLED, WITHIN)), WITHIN]
    ranks = {c: table[c].map({v: i for i, v in enumerate(values)}) for c, values in order.items()}
    by = pd.DataFrame(ranks)[["networks", "truth", "statistic", "metric"]]
    return table.loc[by.sort_values(list(by)).index].reset_index(drop=True)


def centred_table(
    metrics: Mapping[str, ArrayLike],
    truth: ArrayLike,
    labels: ArrayLike,
    groups: ArrayLike | None = None,
    n_boot: int = 2000,
    seed: int = 0,
    *,
    reference: str,
    level: float = 0.95,
) -> pd.DataFrame:
    """What is left of each rank correlation inside labels, such as configurations.

    Of every rank, over all networks, the mean rank of its label is taken away; the estimate is
    the correlation of what is left of a metric with what is left of the truth.  Each bootstrap
    sample is ranked and centred anew.

    Parameters
    ----------
    metrics : {label: values (M,)}
        Values must be finite.
    truth, labels : (M,)
    groups : (M,)
        Resampled as a whole; None: each network.
    reference : str
        The metric that every other is set against.

    Returns
    -------
    DataFrame
        With the metrics as its index and the columns estimate, low, high and those of
        `DIFFERENCE`.
    """
    import pandas as pd

    names = list(metrics)
    values = pd.DataFrame({**metrics, None: np.asarray(truth)})  # type: ignore[misc]  # no name
    labels = np.asarray(labels)

    def left(rows):
        ranks = values.iloc[rows].reset_index(drop=True).rank()
        ranks = ranks - ranks.groupby(labels[rows]).transform("mean")
        return _between(ranks.to_numpy().T, len(names), "pearson")[:, 0]

    count = len(values)
    clusters = np.arange(count) if groups is None else np.asarray(groups)
    drawn = np.array([left(rows) for rows in resamples(clusters, None, n_boot, seed)])
    drawn = drawn.reshape(-1, len(names))
    summaries = _summaries(names, left(np.arange(count)), drawn, reference, level)
    return pd.DataFrame(summaries).T


def _values(scores, named):
    named = named if hasattr(named, "items") else {name: name for name in named}
    return {label: _column(scores, value).astype(float) for label, value in named.items()}


def _column(scores, value):
    found = np.asarray(scores[value] if isinstance(value, str) else value)
    if found.shape != (len(scores),):
        raise ValueError(f"expected {len(scores)} values, one a network, got shape {found.shape}")
    return found


def _alike(metrics, truths):
    """Pairs that are finite on the same networks: (mask (M,), [(metric, truth), ...])."""
    alike = {}
    for truth, target in truths.items():
        for name, values in metrics.items():
            finite = np.isfinite(values) & np.isfinite(target)
            alike.setdefault(finite.tobytes(), (finite, []))[1].append((name, truth))
    return alike.values()


def _correlations(table, count, strata, statistics):
    """Correlations of the first `count` rows with the others: {(networks, statistic): matrix}."""
    parts = {POOLED: table}
    if strata is not None:
        parts |= {name: table[:, strata == name] for name in dict.fromkeys(strata.tolist())}
    found = {}
    for statistic in statistics:
        one = {(name, statistic): _between(part, count, statistic) for name, part in parts.items()}
        if strata is not None:
            inside = [values for (name, _), values in one.items() if name != POOLED]
            one[WITHIN, statistic] = np.mean(inside, axis=0)
        found |= one
    return found


def _between(table, count, statistic):
    from scipy.stats import rankdata

    if table.shape[1] < 4:
        return np.full((count, len(table) - count), np.nan)
    table = rankdata(table, axis=1) if statistic == "spearman" else table
    table = table - table.mean(axis=1, keepdims=True)
    norm = np.sqrt((table**2).sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return (table[:count] @ table[count:].T) / np.outer(norm[:count], norm[count:])


def _summaries(names, values, drawn, reference, level):
    """Estimate and interval of each metric, and of its difference from the reference."""
    tails = [(1 - level) / 2, (1 + level) / 2]

    def interval(samples):
        kept = samples[np.isfinite(samples)]
        return np.quantile(kept, tails) if len(kept) else (np.nan, np.nan)

    at = names.index(reference) if reference in names else None
    summaries = {}
    for i, name in enumerate(names):
        low, high = interval(drawn[:, i])
        summary = {"estimate": values[i], "low": low, "high": high}
        if reference is not None:
            summary |= dict.fromkeys(DIFFERENCE, np.nan)
        if at is not None:
            ends = interval(drawn[:, i] - drawn[:, at])
            summary |= dict(zip(DIFFERENCE, (values[i] - values[at], *ends)))
        summaries[name] = summary
    return summaries
