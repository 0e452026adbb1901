"""How well one score orders networks by another, with an interval over configurations.

Networks that share a configuration are not independent, so the unit that is resampled is
the configuration, with all its initialisations (a cluster bootstrap).  Configurations that start
from the same initialisations are not independent either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from attribution_consistency.rounding import varies

TAILS = (0.025, 0.975)  # ends of every interval
FEWEST = 4  # networks of a correlation


class Estimate(NamedTuple):
    """An estimate with its interval of 95 %: `value`, `low`, `high`."""

    value: float | np.ndarray
    low: float | np.ndarray
    high: float | np.ndarray


def spearman(score: ArrayLike, truth: ArrayLike, **options: Any) -> Estimate:
    """Spearman correlation of two scores over networks, with a percentile interval.

    Parameters
    ----------
    score, truth : (M,)
        Networks where one is not finite stay out.
    options
        `groups`, `strata`, `draws` and `seed` of `bootstrap`; without groups each network is one.

    Returns
    -------
    Estimate
        NaN where fewer than four networks remain.
    """
    return _of_ranks(lambda r: r[:, 0, 1], [score, truth], **options)


def spearman_difference(
    first: ArrayLike, second: ArrayLike, truth: ArrayLike, **options: Any
) -> Estimate:
    """Difference of two Spearman correlations on the same networks and the same resamples.

    Parameters
    ----------
    first, second, truth : (M,)
    options
        As in `spearman`.

    Returns
    -------
    Estimate
        Of `r(first, truth) - r(second, truth)`.
    """
    return _of_ranks(lambda r: r[:, 0, 2] - r[:, 1, 2], [first, second, truth], **options)


def correlations(
    table: np.ndarray, statistic: str = "spearman", times: np.ndarray | None = None
) -> np.ndarray:
    """Matrix (C, C) of the correlations, `spearman` or `pearson`, of rows (C, M).

    With `times` (R, M), how often each of R resamples has each network: theirs, (R, C, C).
    """
    if times is None:
        return correlations(table, statistic, np.ones((1, table.shape[1])))[0]
    return pearson(ranks(table, times) if statistic == "spearman" else table, times)


def ranks(table: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Ranks (R, C, M), of ties their mean, of rows (C, M), each network there `times` (R, M)."""
    found = []
    for values in table:
        code = np.unique(values, return_inverse=True)[1]
        alike = times @ np.eye(code.max() + 1)[code]  # so many have each value
        found.append((alike.cumsum(axis=1) - (alike - 1) / 2)[:, code])
    return np.stack(found, axis=1)


def pearson(table: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Pearson correlations (R, C, C) of rows (C, M), or (R, C, M), with networks `times` (R, M).

    NaN for a row that is constant among the networks that are there, but for rounding.
    """
    often = times[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (table * often).sum(axis=-1) / often.sum(axis=-1)
        left = table - mean[..., None]
        products = (left * often) @ left.swapaxes(-1, -2)
        differ = varies(np.broadcast_to(table, left.shape), axis=-1, where=often > 0)
        norm = np.where(differ, np.sqrt(np.diagonal(products, axis1=-2, axis2=-1)), np.nan)
        return products / (norm[:, :, None] * norm[:, None])


def bootstrap(
    statistic: Callable[[np.ndarray], ArrayLike],
    groups: np.ndarray | Sequence,
    *,
    strata: ArrayLike | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> Estimate:
    """Percentile interval of any statistic over networks, resampled by whole groups.

    Parameters
    ----------
    statistic : function from row numbers (M,) to a float, or to an array of several
        It gets those of each resample, some of them more than once, and all rows.  NaN where a
        resample allows no value.
    groups, strata : (M,)
        As in `resamples`.
    draws : int
        Resamples; without any the ends are NaN.

    Returns
    -------
    Estimate
        Of floats or of arrays.
    """
    drawn = [statistic(rows) for rows in resamples(groups, strata, draws, seed)]
    return _interval(statistic(np.arange(len(groups))), drawn)


def bootstrap_counts(
    statistic: Callable[[np.ndarray], np.ndarray],
    groups: np.ndarray | Sequence,
    *,
    strata: ArrayLike | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> Estimate:
    """As `bootstrap`, fast: the statistic takes all resamples at once.

    Parameters
    ----------
    statistic : function from counts (R, M), how often each of R has each network, to (R, ...)
    groups, strata, draws, seed
        As in `bootstrap`.
    """
    drawn = (np.arange(len(groups)), *resamples(groups, strata, draws, seed))
    value, *samples = statistic(np.array([np.bincount(r, minlength=len(groups)) for r in drawn]))
    return _interval(value, samples)


def _interval(value, samples):
    """The estimate of an array of values from those of the resamples."""
    value = np.asarray(value, float)
    samples = np.reshape(np.array(samples, float), (-1, value.size))
    ends = np.full((2, value.size), np.nan)
    known = np.isfinite(samples).any(axis=0)
    if known.any():
        ends[:, known] = np.nanquantile(samples[:, known], TAILS, axis=0)
    return Estimate(value[()], *(end.reshape(value.shape)[()] for end in ends))


def resamples(
    groups: ArrayLike, strata: ArrayLike | None, draws: int, seed: int
) -> Iterator[np.ndarray]:
    """Row numbers of each bootstrap sample: whole groups, drawn inside their stratum.

    Parameters
    ----------
    groups : (M,)
        Labels.
    strata : (M,) or None
        Labels; None for one stratum.
    """
    groups = np.asarray(groups)
    strata = np.zeros(len(groups), int) if strata is None else np.asarray(strata)
    layers = []
    for stratum in np.unique(strata):
        inside = np.flatnonzero(strata == stratum)
        layers.append([inside[groups[inside] == g] for g in np.unique(groups[inside])])
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        drawn = ((members, rng.integers(len(members), size=len(members))) for members in layers)
        yield np.concatenate([members[i] for members, choice in drawn for i in choice])


def _of_ranks(combine, columns, *, groups=None, strata=None, **options):
    """`combine` of the matrix of rank correlations of columns (M,), with an interval."""
    table = np.array([np.asarray(v, float) for v in columns])
    finite = np.isfinite(table).all(axis=0)
    table = table[:, finite]
    if table.shape[1] < FEWEST:
        return Estimate(np.nan, np.nan, np.nan)
    return bootstrap_counts(
        lambda times: combine(correlations(table, times=times)),
        np.arange(table.shape[1]) if groups is None else np.asarray(groups)[finite],
        strata=None if strata is None else np.asarray(strata)[finite],
        **options,
    )
