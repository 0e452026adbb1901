"""What a score is worth to somebody who has trained several networks and keeps one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import comb
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .stats import Estimate, bootstrap, bootstrap_counts

if TYPE_CHECKING:
    import pandas as pd

WITHIN = 0.002  # difference in accuracy of networks that nobody would choose between by it


def pairs_won(
    scores: Mapping[str, ArrayLike],
    truth: ArrayLike,
    accuracy: ArrayLike,
    groups: ArrayLike,
    *,
    within: float = WITHIN,
    draws: int = 2000,
    seed: int = 0,
) -> tuple[dict[str, Estimate], int]:
    """How often each score has the network with the higher truth, of two that are as accurate.

    Parameters
    ----------
    scores : {name: (M,)}
    truth, accuracy : (M,)
    groups : (M,)
        Networks of one group, such as a configuration, are resampled together.
    within : float
        Pairs of networks whose accuracy differs by at most this; never a network and itself.

    Returns
    -------
    share : {name: Estimate}
        Ties of a score count half.
    n : int
        Pairs.
    """
    truth, accuracy = np.asarray(truth, float), np.asarray(accuracy, float)
    one, two = np.triu_indices(len(truth), 1)
    near = (np.abs(accuracy[one] - accuracy[two]) <= within) & (truth[one] != truth[two])
    one, two = one[near], two[near]
    higher = np.sign(truth[one] - truth[two])
    values = [np.asarray(v, float) for v in scores.values()]
    won = np.array([0.5 + 0.5 * higher * np.sign(v[one] - v[two]) for v in values])

    def share(times: np.ndarray) -> np.ndarray:
        often = times[:, one] * times[:, two]
        n = often.sum(axis=1)[:, None]  # none, where a sample has no such pair
        return np.where(n > 0, often @ won.T / np.maximum(n, 1), np.nan)

    ends = np.array(bootstrap_counts(share, np.asarray(groups), draws=draws, seed=seed))
    return {name: Estimate(*ends[:, i]) for i, name in enumerate(scores)}, len(one)


def expected_best(score: ArrayLike, truth: ArrayLike, m: int) -> float:
    """Mean truth of the network with the highest score among m, drawn from these networks."""
    truth = np.asarray(truth, float)[np.argsort(-np.asarray(score, float), kind="stable")]
    n = len(truth)
    chance = np.array([comb(n - 1 - rank, m - 1) for rank in range(n)], float) / comb(n, m)
    return float(chance @ truth)


def best_of(
    scores: Mapping[str, ArrayLike],
    truth: ArrayLike,
    kinds: ArrayLike,
    groups: ArrayLike,
    sizes: Sequence[int],
    *,
    draws: int = 500,
    seed: int = 0,
) -> pd.DataFrame:
    """Share of the possible gain that each score brings, when one keeps the best of m networks.

    Inside a kind, chance brings the mean truth and an oracle the highest of the m: shares of 0 and
    1. Truths are ranked inside the kind, and shares are means over kinds.

    Parameters
    ----------
    scores : {name: (M,)}
    truth, kinds, groups : (M,)
    sizes : list of m
        At most half of the networks of every kind.

    Returns
    -------
    table : DataFrame
        Columns m, score, value, low, high; and low_over, high_over, of the share minus that of the
        first score.
    """
    import pandas as pd

    values, truth = [np.asarray(v, float) for v in scores.values()], np.asarray(truth, float)
    kinds = np.asarray(kinds)

    def gains(rows: np.ndarray) -> np.ndarray:
        found = []
        for kind in np.unique(kinds[rows]):
            own = rows[kinds[rows] == kind]
            rank = truth[own].argsort(kind="stable").argsort(kind="stable").astype(float)
            for m in sizes:
                top = expected_best(rank, rank, m) - rank.mean()
                found.append([(expected_best(v[own], rank, m) - rank.mean()) / top for v in values])
        table = np.array(found).reshape(-1, len(sizes), len(values)).mean(axis=0)
        return np.stack([table, table - table[:, :1]])

    ends = np.array(bootstrap(gains, np.asarray(groups), strata=kinds, draws=draws, seed=seed))
    rows = [
        (m, name, *ends[:, 0, i, j], *ends[1:, 1, i, j])
        for i, m in enumerate(sizes)
        for j, name in enumerate(scores)
    ]
    return pd.DataFrame(
        rows, columns=["m", "score", "value", "low", "high", "low_over", "high_over"]
    )


class Candidates(NamedTuple):
    """Networks that somebody could choose among; arrays (M,)."""

    scores: dict[str, np.ndarray]
    truth: np.ndarray  # signal-to-noise ratio
    accuracy: np.ndarray
    alike: np.ndarray  # resampled together
    kinds: np.ndarray  # compared with each other only


def candidates(run: str, scores: Sequence[str], planted: pd.DataFrame) -> dict[str, Candidates]:
    """The networks of a run, or the stored ones, of each population: {name: Candidates}.

    Real networks are those of one task; their truth is `planted`: columns id, and snr at motifs
    written into closed windows.
    """
    from . import paths
    from .rivals import levels, score_columns
    from .tables import configuration

    def one(table: pd.DataFrame, accuracy: str, alike: pd.Series, kinds: np.ndarray) -> Candidates:
        named = score_columns(table.assign(auroc=table[accuracy]))
        chosen = {name: named[name] for name in scores}
        arrays = (table["snr"].to_numpy(), table[accuracy].to_numpy(), alike.to_numpy())
        return Candidates(chosen, *arrays, kinds)

    found = {}
    for name, population in {"our zoo": "synthetic", "published": "koo"}.items():
        table = paths.load_scores(run, population)[0].query("status == 'ok'").reset_index(drop=True)
        alike = configuration(table) if population == "synthetic" else table["id"]
        found[name] = one(table, "auroc", alike, levels(table)["kind"])
    real = paths.load_scores(run, "gm12878_dnase")[0].merge(planted[["id", "snr"]], on="id")
    for task, accuracy in {"binary": "auroc", "quantitative": "pearson"}.items():
        table = real[real["task"] == task].reset_index(drop=True)
        found[f"real, {task}"] = one(table, accuracy, table["id"], table["task"].to_numpy())
    return found
