"""Length weights on disk: those that come with the package, and those of a run.

A file of length weights is JSON with an entry for each reading: `ks`, `mean`, `per_subset`, `r2`,
`held_out`, `n_excluded`, `trained_on`, `source` and `note`.
"""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import numpy as np

from .arrays import Floats
from .length_scaling import LengthWeights
from .maps import check_choice

ARRAYS = ("per_subset", "mean", "r2", "centre", "scale")


def length_weights_from(entry: Mapping[str, Any]) -> LengthWeights:
    """The `LengthWeights` of one reading from its JSON form, or ValueError: it is none."""
    try:
        arrays = {k: None if entry[k] is None else np.array(entry[k], float) for k in ARRAYS}
        arrays["held_out"] = np.array([*entry["held_out"].values()], int)
        mean, same = np.ravel(entry["mean"]), {k: entry[k] for k in ("n_excluded", "trained_on")}
        if not (mean.min() >= 0 and abs(mean.sum() - 1) < 1e-6):
            raise ValueError(f"got mean {mean.tolist()}, expected shares that add up to 1")
        return LengthWeights(**arrays, **same)  # type: ignore[arg-type]
    except (LookupError, TypeError, AttributeError, OverflowError, ValueError) as error:
        raise ValueError(f"length weights: {error!r}") from None


def shipped_entry(reading: str) -> dict[str, Any]:
    """The JSON form of the length weights of a reading that come with the package."""
    resource = files(__package__) / "resources" / "default_length_weights.json"
    entry: dict[str, Any] = json.loads(resource.read_text(encoding="utf-8"))[reading]
    return entry | {"held_out": {}, "source": "shipped with the package"}


def choose_weights(
    which: str, reading: str, ks: list[int]
) -> tuple[LengthWeights | Floats, dict[str, Any]]:
    """Length weights of a reading for the lengths `ks`, and where they come from.

    Parameters
    ----------
    which : str
        `equal`, all lengths alike, or `learnt`, those shipped with the package.
    reading : str
    ks : list of int
        k-mer lengths.

    Raises
    ------
    ValueError
        For another name, or when learnt weights are asked for at other lengths than theirs.
    """
    check_choice(which, ("equal", "learnt"), "weights")
    equal = {"source": "equal weights", "ks": ks, "trained_on": {}, "mean": [1 / len(ks)] * len(ks)}
    entry = equal if which == "equal" else shipped_entry(reading)
    if entry["ks"] != ks:
        raise ValueError(f"weights: those of the package are not for k = {ks}; use equal ones")
    weights = np.array(entry["mean"]) if which == "equal" else length_weights_from(entry)
    return weights, {name: entry[name] for name in equal}
