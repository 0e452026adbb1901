"""Scores of one map in the chapter on controls, on the sequences that all its maps share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from attribution_consistency import consistency, motif_auroc, signal_to_noise
from attribution_consistency.divergence import distributions, kl, sum_tracks
from attribution_consistency.length_scaling import LengthWeights
from attribution_consistency.maps import READINGS, Options

from ..tables import RIVALS, kld_columns, mean, rivals

if TYPE_CHECKING:
    import pandas as pd


class Task(NamedTuple):
    """What maps are scored on, and how."""

    x: np.ndarray  # (N, L, 4)
    ks: list[int]
    masks: dict[str, np.ndarray]  # motif_mask and spacer_mask (N, L), or nothing
    weights: dict[str, LengthWeights]  # by reading

    def sums(self, a: np.ndarray, reading: str = "instance", correct: bool = True) -> Any:
        """k-mer counts and weights of a map and of a constant one, see `divergence`."""
        return sum_tracks(self.x, [a, None], self.ks, Options(reading, correct=correct))


def score_map(task: Task, a: np.ndarray, correct: bool = True) -> dict[str, Any]:
    """Every metric of one map, as a dict of columns; see "Controls" in the columns page.

    All are NaN for maps that are not finite or the same everywhere after correction.
    """
    x, ks, masks = task.x, task.ks, task.masks
    names = ("snr", "motif_auroc", *RIVALS)
    row: dict[str, Any] = {"n": len(x)} | dict.fromkeys(names, np.nan)
    row |= {f"{what}_{r}_k{k}": np.nan for r in READINGS for k in ks for what in ("kld", "excess")}
    if not np.isfinite(a).all() or not np.abs(a).max() > 0:
        return row
    if masks:
        for name, truth in (("snr", signal_to_noise), ("motif_auroc", motif_auroc)):
            row[name] = mean(truth(x, a, correct=correct, **masks))
    row |= rivals(x, a, correct=correct)
    sums = {r: task.sums(a, r, correct) for r in ("instance", "per_sequence")}
    for reading in READINGS:
        known = sums.get(reading, sums["instance"])  # frequency needs the same sums as instance
        for k in ks:
            counts, (w, constant) = known.counts[k], known.weights[k]
            q, p = distributions(counts, w, k, reading)
            row[f"kld_{reading}_k{k}"] = kl(q, p)
            row[f"excess_{reading}_k{k}"] = kl(q, distributions(counts, constant, k, reading)[0])
    return row


def add_finals(maps: pd.DataFrame, task: Task) -> pd.DataFrame:
    """The table of maps with consistency_{reading}, by mean length weights."""
    for reading in READINGS:
        klds = kld_columns(maps, reading)[1]
        maps[f"consistency_{reading}"] = consistency(klds, task.weights[reading])
    return maps
