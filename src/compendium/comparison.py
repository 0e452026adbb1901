"""How well many scores follow many truths over networks: one table for the chapters that compare.

Shared resamples make the intervals of all scores comparable, and let every score be set
against one reference score on the same networks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from .stats import FEWEST, bootstrap_counts, correlations, pearson, ranks

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

    values, aims = (_values(scores, named) for named in (metrics, truths))
    unknown = [s for s in statistics if s not in STATISTICS]
    if unknown:
        raise ValueError(f"statistic {unknown[0]!r}: choose from {', '.join(STATISTICS)}")
    if reference is not None and reference not in values:
        raise ValueError(f"reference {reference!r} is none of the metrics {', '.join(values)}")
    clusters = np.arange(len(scores)) if groups is None else _column(scores, groups)
    layers = np.zeros(len(scores)) if strata is None else _column(scores, strata)
    kinds = [] if strata is None else list(dict.fromkeys(layers.tolist()))
    rows = []
    for finite, pairs in _alike(values, aims):
        chosen, wanted = (
            {label: named[label][finite] for label in dict.fromkeys(labels)}
            for named, labels in zip((values, aims), zip(*pairs))
        )
        options = {"strata": layers[finite], "draws": n_boot, "seed": seed}
        for statistic in statistics:
            known = _rows(chosen, wanted, kinds, reference, statistic, clusters[finite], options)
            rows += [row for row in known if (row[3], row[1]) in pairs]
    columns = [*COLUMNS, *DIFFERENCE]
    shown = columns if reference is not None else list(COLUMNS)
    labels = ([POOLED, *kinds, WITHIN], list(aims), list(statistics), list(values))
    order = dict(zip(COLUMNS, labels))
    return pd.DataFrame(rows, columns=columns)[shown].sort_values(
        list(order), key=lambda column: column.map(order[column.name].index), ignore_index=True
    )


def centred_table(
    metrics: Mapping[str, ArrayLike],
    truth: ArrayLike,
    labels: ArrayLike,
    groups: ArrayLike | None = None,
    n_boot: int = 2000,
    seed: int = 0,
    *,
    reference: str,
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

    values, at = np.array([*metrics.values(), truth], float), list(metrics).index(reference)
    label = np.unique(np.asarray(labels), return_inverse=True)[1]
    member = np.eye(label.max() + 1)[label]

    def left(times):
        ranked, often = ranks(values, times), times[:, None]
        sums = (ranked * often) @ member / np.maximum(often @ member, 1)
        inside = pearson(ranked - sums[..., label], times)[:, :-1, -1]
        return np.stack([inside, inside - inside[:, [at]]], axis=1)

    clusters = np.arange(len(label)) if groups is None else np.asarray(groups)
    numbers = np.stack(bootstrap_counts(left, clusters, draws=n_boot, seed=seed))
    return pd.DataFrame(
        numbers.transpose(2, 1, 0).reshape(len(metrics), -1),
        index=list(metrics),
        columns=["estimate", "low", "high", *DIFFERENCE],
    )


def _values(scores, named):
    named = named if hasattr(named, "items") else {name: name for name in named}
    return {label: _column(scores, value).astype(float) for label, value in named.items()}


def _column(scores, value):
    column = np.asarray(scores[value] if isinstance(value, str) else value)
    if column.shape != (len(scores),):
        raise ValueError(f"expected {len(scores)} values, one a network, got shape {column.shape}")
    return column


def _alike(metrics, truths):
    """Pairs that are finite on the same networks: (mask (M,), [(metric, truth), ...])."""
    alike = {}
    for truth, target in truths.items():
        for name, values in metrics.items():
            finite = np.isfinite(values) & np.isfinite(target)
            alike.setdefault(finite.tobytes(), (finite, []))[1].append((name, truth))
    return alike.values()


def _rows(metrics, truths, kinds, reference, statistic, clusters, options):
    """Rows of the table, for scores that are finite on the same networks."""
    table = np.array([*metrics.values(), *truths.values()])
    count, strata = len(metrics), options["strata"]
    sizes = {POOLED: len(clusters)} | {kind: int((strata == kind).sum()) for kind in kinds}
    sizes = {kind: n for kind, n in sizes.items() if n}
    sizes |= {WITHIN: len(clusters)} if kinds else {}

    def between(times):
        found = correlations(table, statistic, times)[:, :count, count:]
        return np.where(times.sum(axis=1)[:, None, None] >= FEWEST, found, np.nan)

    def estimates(times):
        parts = [between(times * (strata == k)) for k in sizes if k not in (POOLED, WITHIN)]
        mean = [np.mean(parts, axis=0)] if kinds else []
        values = np.stack([between(times), *parts, *mean], axis=1)
        other = values[:, :, [list(metrics).index(reference)]] if reference in metrics else np.nan
        return np.stack([values, values - other], axis=1)

    numbers = np.stack(bootstrap_counts(estimates, clusters, **options))
    return [
        (networks, truth, statistic, name, n, *numbers[:, :, i, m, t].T.ravel())
        for i, (networks, n) in enumerate(sizes.items())
        for t, truth in enumerate(truths)
        for m, name in enumerate(metrics)
    ]
