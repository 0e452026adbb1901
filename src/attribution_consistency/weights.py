"""Length weights on disk: those that come with the package, and those of a run.

A file of length weights is JSON with an entry for each reading: `ks`, `mean`, `per_subset`, `r2`,
`held_out`, `n_excluded`, `trained_on`, `source` and `note`.
"""

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

import numpy as np

from .length_scaling import LengthWeights
from .maps import READINGS, check_choice

ARRAYS = ("per_subset", "mean", "r2", "centre", "scale")


def length_weights_from(entry: Mapping[str, Any]) -> LengthWeights:
    """The `LengthWeights` of one reading from its JSON form."""
    arrays: dict[str, Any] = {k: None if entry[k] is None else np.array(entry[k]) for k in ARRAYS}
    held_out = np.array(list(entry["held_out"].values()), int)
    same = {name: entry[name] for name in ("n_excluded", "trained_on")}
    return LengthWeights(**arrays, held_out=held_out, **same)


def shipped_length_weights(reading: str, ks: list[int]) -> LengthWeights:
    """The shipped `LengthWeights` of a reading for the lengths `ks`, or equal ones."""
    return length_weights_from(stand_in_weights(reading, ks, ""))


def stand_in_weights(reading: str, ks: list[int], reason: str) -> dict[str, Any]:
    """Shipped weights of a reading for the lengths `ks`; equal ones where they do not fit."""
    resource = files(__package__) / "resources" / "default_length_weights.json"
    entry: dict[str, Any] = json.loads(resource.read_text(encoding="utf-8"))[reading]
    entry |= {"held_out": {}, "note": reason}
    if entry["ks"] == ks:
        return entry | {"source": "shipped with the package"}
    return equal_weights(entry, ks)


def equal_weights(entry: dict[str, Any], ks: list[int]) -> dict[str, Any]:
    """An entry like another, with all lengths weighted alike and nothing they were learnt on."""
    equal = [1 / len(ks)] * len(ks)
    per_subset: dict[str, Any] = {"per_subset": [equal], "r2": [[0.0] * len(ks)]}
    unscaled = {"centre": None, "scale": None}
    plain = {"ks": ks, "mean": equal, "source": "equal weights", "trained_on": {}}
    return entry | plain | per_subset | unscaled


def all_stand_ins(ks: Iterable[int], reason: str) -> dict[str, dict[str, Any]]:
    """`stand_in_weights` for every reading: {reading: entry}."""
    return {reading: stand_in_weights(reading, sorted(ks), reason) for reading in READINGS}


def choose_weights(which: str, ks: list[int]) -> tuple[dict[str, LengthWeights], dict[str, Any]]:
    """Length weights {reading: LengthWeights} for the lengths `ks`, and where they come from.

    Parameters
    ----------
    which : str
        `equal`, all lengths alike, or `learnt`, those shipped with the package.
    ks : list of int
        k-mer lengths.

    Raises
    ------
    ValueError
        For another name, or when learnt weights are asked for at other lengths than theirs.
    """
    check_choice(which, ("equal", "learnt"), "weights")
    entries = {reading: stand_in_weights(reading, ks, "") for reading in READINGS}
    if which == "learnt" and entries["frequency"]["source"] == "equal weights":
        raise ValueError(f"weights: those of the package are not for k = {ks}; use equal ones")
    if which == "equal":
        entries = {reading: equal_weights(entry, ks) for reading, entry in entries.items()}
    chosen = {reading: length_weights_from(entry) for reading, entry in entries.items()}
    mean = {reading: weights.mean.tolist() for reading, weights in chosen.items()}
    origin = {name: entries["frequency"][name] for name in ("source", "ks", "trained_on")}
    return chosen, origin | {"mean": mean}
