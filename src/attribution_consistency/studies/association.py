"""How well one score orders networks by another, with an interval over configurations.

Networks that share a configuration are not independent, so the unit that is resampled is
the configuration, with all its initialisations (a cluster bootstrap).  Configurations that start
from the same initialisations are not independent either; `shared_share` measures it.
"""

from typing import NamedTuple

import numpy as np


class Estimate(NamedTuple):
    """An estimate with its interval: ``value``, ``low``, ``high``."""

    value: float
    low: float
    high: float


def spearman(score, truth, *, groups=None, strata=None, draws=2000, level=0.95, seed=0):
    """Spearman correlation of two scores over networks, with a percentile interval.

    score, truth : (M,); networks where one is not finite stay out.
    groups : (M,) labels resampled as a whole, such as configurations; None: each network.
    strata : (M,) labels; each resample keeps the number of groups of each.  None: one stratum.

    Returns an `Estimate`; NaN where fewer than four networks remain.
    """
    return _bootstrap([score, truth], groups, strata, draws, level, seed, lambda r: r[0, 1])


def spearman_difference(
    first,
    second,
    truth,
    *,
    second_truth=None,
    groups=None,
    strata=None,
    draws=2000,
    level=0.95,
    seed=0,
):
    """Difference of two Spearman correlations on the same networks and the same resamples.

    first, second, truth : (M,).  second_truth : (M,), the truth of ``second`` where it has one of
    its own.  Returns an `Estimate` of ``r(first, truth) - r(second, second_truth or truth)``.
    """
    second_truth = truth if second_truth is None else second_truth
    return _bootstrap(
        [first, second, truth, second_truth],
        groups,
        strata,
        draws,
        level,
        seed,
        lambda r: r[0, 2] - r[1, 3],
    )


def partial_spearman(
    score, truth, given, *, groups=None, strata=None, draws=2000, level=0.95, seed=0
):
    """Spearman correlation of ``score`` and ``truth`` with the ranks of ``given`` held fixed.

    Source: the first-order partial correlation, on ranks.
    """

    def partial(r):
        with np.errstate(divide="ignore", invalid="ignore"):
            return (r[0, 1] - r[0, 2] * r[1, 2]) / np.sqrt((1 - r[0, 2] ** 2) * (1 - r[1, 2] ** 2))

    return _bootstrap([score, truth, given], groups, strata, draws, level, seed, partial)


def centred_ranks(values, groups):
    """Ranks (M,) of values minus their mean inside each group; NaN stays NaN.

    groups : (M,) labels, such as configurations; what lies between groups is taken away.
    """
    import pandas as pd

    ranks = pd.Series(np.asarray(values)).rank()
    return (ranks - ranks.groupby(np.asarray(groups)).transform("mean")).to_numpy()


def shared_share(values, groups, levels, *, shuffles=2000, seed=0):
    """Share of what differs inside groups that the same level does in all of them.

    Of every rank the mean rank of its group is taken away; the share is that of the variance left
    which lies between levels.  Chance: levels shuffled inside each group.

    values : (M,), finite.  groups : (M,), such as configurations.  levels : (M,), such as
    initialisations that all configurations have.

    Returns (share, mean share of the shuffles, p value of as large a share by chance); NaN where
    no group has two members that differ.
    """
    left, levels = centred_ranks(values, groups), np.unique(levels, return_inverse=True)[1]
    inside = [np.flatnonzero(np.asarray(groups) == g) for g in np.unique(groups)]
    total = (left**2).sum()
    if total == 0:
        return np.nan, np.nan, np.nan

    def share(levels):
        counts = np.bincount(levels)
        return (np.bincount(levels, left) ** 2 / np.maximum(counts, 1)).sum() / total

    rng, found, by_chance = np.random.default_rng(seed), share(levels), np.empty(shuffles)
    for draw in range(shuffles):
        shuffled = levels.copy()
        for members in inside:
            shuffled[members] = rng.permutation(levels[members])
        by_chance[draw] = share(shuffled)
    at_least = (by_chance >= found - 1e-12).sum()
    return found, by_chance.mean(), (1 + at_least) / (1 + shuffles)


def bootstrap(statistic, groups, *, strata=None, crossed=None, draws=2000, level=0.95, seed=0):
    """Percentile interval of any statistic over networks, resampled by whole groups.

    statistic : function from row numbers (M,) to a float, or to an array of several; it gets those
        of each resample, some of them more than once, and all rows.  NaN where a resample allows
        no value.
    groups, strata, crossed : as in `resamples`.

    Returns an `Estimate`, of floats or of arrays.
    """
    drawn = np.array([statistic(rows) for rows in resamples(groups, strata, draws, seed, crossed)])
    tails = [(1 - level) / 2, (1 + level) / 2]
    ends = np.full((2, *drawn.shape[1:]), np.nan)
    if np.isfinite(drawn).any():
        ends = np.nanquantile(drawn, tails, axis=0)
    return Estimate(*(np.asarray(v, float)[()] for v in (statistic(np.arange(len(groups))), *ends)))


def resamples(groups, strata, draws, seed, crossed=None):
    """Row numbers of each bootstrap sample: whole groups, drawn inside their stratum.

    groups : (M,) labels.  strata : (M,) labels, or None for one stratum.
    crossed : (M,) labels that run across the groups, such as initialisations, or None.  They are
        drawn too, and a network is there as often as its group and its label together: the
        pigeonhole bootstrap (Owen 2007, doi:10.1214/07-AOAS122), whose intervals are wide rather
        than narrow.
    """
    groups = np.asarray(groups)
    strata = np.zeros(len(groups), int) if strata is None else np.asarray(strata)
    layers = []
    for stratum in np.unique(strata):
        inside = np.flatnonzero(strata == stratum)
        layers.append([inside[groups[inside] == g] for g in np.unique(groups[inside])])
    labels, of_row = (None, None) if crossed is None else np.unique(crossed, return_inverse=True)
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        rows = np.concatenate(
            [
                members[i]
                for members in layers
                for i in rng.integers(len(members), size=len(members))
            ]
        )
        if labels is not None:
            times = np.bincount(rng.integers(len(labels), size=len(labels)), minlength=len(labels))
            rows = np.repeat(rows, times[of_row[rows]])
        yield rows


def _bootstrap(columns, groups, strata, draws, level, seed, combine):
    """`combine` of the matrix of rank correlations, with an interval."""
    table = np.array([np.asarray(v, float) for v in columns])
    finite = np.isfinite(table).all(axis=0)
    table = table[:, finite]
    if table.shape[1] < 4:
        return Estimate(np.nan, np.nan, np.nan)
    labels = np.arange(len(finite)) if groups is None else np.asarray(groups)
    layers = None if strata is None else np.asarray(strata)[finite]
    return bootstrap(
        lambda rows: combine(_rank_correlations(table[:, rows])),
        labels[finite],
        strata=layers,
        draws=draws,
        level=level,
        seed=seed,
    )


def _rank_correlations(table):
    """Matrix (C, C) of Spearman correlations of rows (C, M)."""
    from scipy.stats import rankdata

    ranks = rankdata(table, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    norm = np.sqrt((ranks**2).sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return ranks @ ranks.T / np.outer(norm, norm)
