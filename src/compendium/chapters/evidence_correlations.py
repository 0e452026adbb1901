"""Evidence held against the scores of the networks: rank correlations, and their power."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..stats import FEWEST, centred_ranks, partial_spearman, spearman
from ..tables import configuration

if TYPE_CHECKING:
    import pandas as pd

PRIMARY = "replicate_agreement"
# What the measures are held against: performance, the score, its rivals.
SCORES = {
    "performance": "pearson",
    "consistency": "consistency_frequency",
    "original": "kld_original",
    "gini": "gini",
}
TRUE_CORRELATIONS = (0.5, 0.9)
SEED = 5
DRAWS, LEVEL = 4000, 0.05  # of the power
BOOTSTRAP = 500


def correlations(table: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Rank correlation of the excess of each measure with each score, over networks.

    For all networks and for each task; as it is, given the first activation (ranks minus their
    mean in each), and given architecture and Gini coefficient. Intervals are a bootstrap over
    configurations; NaN where fewer than four networks remain. Replicate agreement also has rows
    given `first score` and `second score`, with the score of one network of each configuration
    in place of the mean.

    Returns
    -------
    DataFrame
        Columns measure, networks, score, given, n, value, low, high.
    """
    import pandas as pd

    joined, single = with_scores(table, scores)
    rows = []
    for measure, part in joined.groupby("measure", sort=False):
        for which in ("all", *sorted(part["task"].unique())):
            chosen = part if which == "all" else part[part["task"] == which]
            alone = {
                f"{name} score": one.loc[chosen.index]
                for name, one in single.items()
                if measure == PRIMARY
            }
            for score, column in SCORES.items():
                values = chosen[["excess", column]].astype(float)
                n = int(np.isfinite(values).all(axis=1).sum())
                rows += [
                    (measure, which, score, given, n, *estimate)
                    for given, estimate in _estimates(chosen, column, alone).items()
                ]
    columns = ["measure", "networks", "score", "given", "n", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def _estimates(networks, column, alone):
    """Correlations of the excess with one score, by what is held fixed."""
    options = {"groups": configuration(networks), "seed": SEED, "draws": BOOTSTRAP}
    excess = networks["excess"]

    def centred(columns, label):
        return centred_ranks(networks[columns], networks[label]).T

    estimates = {
        "nothing": spearman(excess, networks[column], **options),
        "activation": spearman(*centred(["excess", column], "activation"), **options),
    }
    if column != "gini":
        inside = centred([column, "excess", "gini"], "architecture")
        estimates["architecture and Gini"] = partial_spearman(*inside, **options)
    return estimates | {
        given: spearman(excess, one[column], **options) for given, one in alone.items()
    }


def with_scores(
    table: pd.DataFrame, scores: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """The table of measures joined to the scores of its networks, and those of single networks.

    Returns
    -------
    joined, {"first" and "second": joined}
        Rows of `PRIMARY` have the mean of every score over the networks of the configuration,
        or the score of its first or second network.
    """
    columns = list(SCORES.values())
    ordered = scores.sort_values("id")
    ordered = ordered[columns].set_index(configuration(ordered))
    members = ordered.groupby(level=0)
    values = {"mean": members.mean()} | {
        which: ordered[members.cumcount() == n] for n, which in enumerate(("first", "second"))
    }
    joined = table.merge(scores, left_on="model", right_on="id")
    paired = joined["measure"] == PRIMARY
    names = configuration(joined[paired])
    tables = {}
    for which, value in values.items():
        tables[which] = joined.copy()
        tables[which].loc[paired, columns] = value.reindex(names).to_numpy(float)
    return tables.pop("mean"), tables


def power_table(related: pd.DataFrame) -> pd.DataFrame:
    """Power at each number of networks that the correlations have: n, correlation, power."""
    import pandas as pd

    rows = [
        (n, *pair)
        for n in sorted(set(related["n"]))
        if n >= FEWEST
        for pair in zip(TRUE_CORRELATIONS, power(n, TRUE_CORRELATIONS, seed=SEED))
    ]
    return pd.DataFrame(rows, columns=["n", "correlation", "power"])


def power(n: int, correlations: Sequence[float], seed: int = 0) -> np.ndarray:
    """Probability to find a rank correlation among `n` networks, (len(correlations),).

    Simulated: `DRAWS` samples of `n` pairs from a bivariate normal with each correlation, and
    two-sided Spearman tests whose critical value is the quantile of as many samples with none.
    """

    def spearman(correlation, generator):
        u, v = generator.normal(size=(2, DRAWS, n))
        v = correlation * u + np.sqrt(1 - correlation**2) * v
        u, v = (r.argsort(axis=1).argsort(axis=1) - (n - 1) / 2 for r in (u, v))
        return np.abs((u * v).sum(axis=1) / (u**2).sum(axis=1))

    # A value exactly at the quantile, as few networks often give, is not beyond it.
    critical = np.quantile(spearman(0.0, np.random.default_rng([seed, n])), 1 - LEVEL)
    return np.array(
        [
            (spearman(r, np.random.default_rng([seed, n, 1])) > critical + 1e-9).mean()
            for r in correlations
        ]
    )
