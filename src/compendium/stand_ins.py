"""Length weights of a run: those of the trial that held a model out, and where none are learnt."""

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from attribution_consistency.length_scaling import LengthWeights, length_weights
from attribution_consistency.maps import READINGS
from attribution_consistency.weights import length_weights_from, shipped_entry


def shipped_length_weights(reading: str, ks: list[int]) -> LengthWeights:
    """The shipped `LengthWeights` of a reading for the lengths `ks`, or equal ones."""
    return length_weights_from(stand_in_weights(reading, ks, ""))


def learnt_length_weights(
    klds: ArrayLike, snr: ArrayLike, ks: list[int], reading: str = "frequency", **options: Any
) -> LengthWeights:
    """`length_weights`; where networks are too few for a fit, the shipped ones as its one trial."""
    with warnings.catch_warnings(action="ignore"):  # of few networks
        try:
            return length_weights(klds, snr, **options)
        except ValueError:
            found, held_out = shipped_length_weights(reading, ks), np.zeros(len(np.array(snr)), int)
            return found._replace(per_subset=found.mean[None], held_out=held_out)


def stand_in_weights(reading: str, ks: list[int], reason: str) -> dict[str, Any]:
    """Shipped weights of a reading for the lengths `ks`; equal ones where they do not fit."""
    entry = shipped_entry(reading) | {"note": reason}
    if entry["ks"] == ks:
        return entry
    equal = [1 / len(ks)] * len(ks)
    plain = {"ks": ks, "mean": equal, "source": "equal weights", "trained_on": {}}
    unlearnt = {"per_subset": [equal], "r2": [[0.0] * len(ks)], "centre": None, "scale": None}
    return entry | plain | unlearnt


def all_stand_ins(ks: Iterable[int], reason: str) -> dict[str, dict[str, Any]]:
    """`stand_in_weights` for every reading: {reading: entry}."""
    return {reading: stand_in_weights(reading, sorted(ks), reason) for reading in READINGS}


def held_out_consistency(klds: ArrayLike, weights: LengthWeights) -> NDArray[np.float64]:
    """Score each model of the table with the weights of the trial that held it out, (M,)."""
    klds = np.asarray(klds, dtype=np.float64)
    if klds.shape != (len(weights.held_out), len(weights.mean)):
        raise ValueError(
            f"klds: got shape {klds.shape}, expected the table the weights were "
            f"learnt from, {(len(weights.held_out), len(weights.mean))}"
        )
    if weights.centre is not None and weights.scale is not None:
        klds = (klds - weights.centre[weights.held_out]) / weights.scale[weights.held_out]
    return np.asarray((klds * weights.per_subset[weights.held_out]).sum(axis=1))
