"""Every score against every truth, pooled over networks and inside groups of them: one table."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .stats import Estimate, bootstrap_counts, pearson, ranks
from .tables import configuration, kld_columns

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = ("estimate", "low", "high", "difference", "difference_low", "difference_high")
TRUTHS = {
    "SNR": "snr",
    "median SNR": "snr_median",
    "absolute SNR": "snr_absolute",
    "motif AUPR": "motif_aupr",
}
NAMES = {  # of the scores, as the book calls them
    "final": "final score",
    "excess": "recommended score",
    "original": "original metric",
    "geometric": "geometric method",
    "Gini": "Gini coefficient",
}


def score_columns(table: pd.DataFrame, reading: str = "frequency") -> dict[str, np.ndarray]:
    """Scores of networks from a table of scores, {name: (M,)}; `final` with its learnt weights."""
    ks, klds = kld_columns(table, reading)
    plain = {k: table[f"kld_{k}"].to_numpy(float) for k in ("original", "geometric")}
    named = {"final": table[f"consistency_{reading}"].to_numpy(float), **plain}
    exchanged = kld_columns(table, "exchanged")[1].mean(axis=1)
    named["excess"] = kld_columns(table)[1].mean(axis=1) - exchanged
    named |= {f"k = {k}": kld for k, kld in zip(ks, klds.T)}
    named |= {"Gini": table["gini"].to_numpy(float), "exchanged maps": exchanged}
    if "kld_rotated_k3" in table:
        named["rotated maps"] = kld_columns(table, "rotated")[1].mean(axis=1)
    return named | {"accuracy": table["auroc"].to_numpy(float)}


def levels(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Labels (M,) of networks that are compared with each other only, from none to the finest."""
    norm, start = table["batch_norm"].astype(str), table["init"].astype(str).to_numpy()
    activation = table["activation"].to_numpy()
    kind = (table["architecture"] + norm).to_numpy() + activation
    found = {"pooled": np.zeros(len(table)), "activation": activation, "kind": kind}
    return found | {
        "kind and start": kind + start,
        "configuration": configuration(table).to_numpy(),
    }


def compare(
    scores: Mapping[str, ArrayLike],
    truths: Mapping[str, ArrayLike],
    inside: Mapping[str, ArrayLike],
    groups: ArrayLike,
    *,
    reference: str,
    draws: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Rank correlation of every score with every truth, with intervals, and against a reference.

    Ranks are taken over all networks; inside a level, the mean rank of a network's label is taken
    away from each, and what is left is correlated. Every bootstrap sample is ranked and centred
    anew, and the same samples serve all scores.

    Parameters
    ----------
    scores, truths : {name: (M,)}
        Networks where one is not finite are left out of all.
    inside : {level: labels (M,)}
        See `levels`.
    groups : (M,)
        Networks of one group, such as a configuration, are resampled together.
    reference : str
        The score that every other is set against.
    draws, seed : int
        Of the bootstrap.

    Returns
    -------
    table : DataFrame
        Columns level, truth, score, n, and those of `NUMBERS`.
    """
    import pandas as pd

    values = np.array([*scores.values(), *truths.values()], float)
    known = np.isfinite(values).all(axis=0)
    values, count, at = values[:, known], len(scores), list(scores).index(reference)
    rows = []
    for level, labels in inside.items():
        label = np.unique(np.asarray(labels)[known], return_inverse=True)[1]
        member = np.eye(label.max() + 1)[label]

        def left(times: np.ndarray, label: np.ndarray = label, member: Any = member) -> np.ndarray:
            ranked, often = ranks(values, times), times[:, None]
            sums = (ranked * often) @ member / np.maximum(often @ member, 1)
            found = pearson(ranked - sums[..., label], times)[:, :count, count:]
            return np.stack([found, found - found[:, [at]]], axis=1)

        drawn = bootstrap_counts(left, np.asarray(groups)[known], draws=draws, seed=seed)
        numbers = np.stack(drawn)
        for (s, score), (t, truth) in product(enumerate(scores), enumerate(truths)):
            own = numbers[:, :, s, t].T.ravel()
            rows.append((level, truth, score, int(known.sum()), *own))
    return pd.DataFrame(rows, columns=["level", "truth", "score", "n", *NUMBERS])


def estimate(row: Mapping[str, float], difference: bool = False) -> Estimate:
    """A row of `compare` as an estimate: of the correlation, or of what it is ahead by."""
    return Estimate(*(row[name] for name in (NUMBERS[3:] if difference else NUMBERS[:3])))


def mixed_slopes(
    scores: Mapping[str, ArrayLike], truth: ArrayLike, table: pd.DataFrame
) -> dict[str, Estimate]:
    """Slopes of a truth on scores, all standardised, in a linear mixed model: {name: Estimate}.

    Configurations and starts are crossed random effects: networks of one configuration resemble
    each other, and so do those of one start. The intervals are Wald's.

    Parameters
    ----------
    scores : {name: (M,)}
        Together in one model, so that each slope is what its score adds to the others.
    truth : (M,)
    table : DataFrame
        With `id` and `init` of the networks.
    """
    import warnings

    import pandas as pd
    import statsmodels.formula.api as smf

    columns = {f"s{i}": np.asarray(v, float) for i, v in enumerate(scores.values())}
    columns["truth"] = np.asarray(truth, float)
    frame = pd.DataFrame({name: (v - v.mean()) / v.std() for name, v in columns.items()})
    frame = frame.assign(configuration=configuration(table).to_numpy(), start=table["init"].array)
    crossed = {name: f"0 + C({name})" for name in ("configuration", "start")}
    formula = "truth ~ " + " + ".join(f"s{i}" for i in range(len(scores)))
    model = smf.mixedlm(
        formula, frame, groups=np.ones(len(frame)), vc_formula=crossed, re_formula="0"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a variance of about 0 lies at the edge of its range
        fit = model.fit()
    ends = fit.conf_int().to_numpy()[1 : 1 + len(scores)]
    return {n: Estimate(fit.params[f"s{i}"], *ends[i]) for i, n in enumerate(scores)}


def networks_needed(found: Estimate, n: int, difference: float, power: float = 0.8) -> int:
    """Networks that would tell a difference from 0, where `n` of them gave the interval `found`.

    A standard error falls with the root of the number of networks; two-sided, 5 %.
    """
    from scipy.stats import norm

    error = float(found.high - found.low) / (2 * norm.ppf(0.975))
    return int(np.ceil(n * ((norm.ppf(0.975) + norm.ppf(power)) * error / difference) ** 2))
