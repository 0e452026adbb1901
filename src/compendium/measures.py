"""Small measures that several studies share: arrays in, numbers out."""

from __future__ import annotations

import numpy as np

from attribution_consistency.maps import gradient_correction
from attribution_consistency.rounding import unit


def spread(n: int, wanted: int) -> np.ndarray:
    """Row numbers of at most `wanted` of `n` sequences, evenly spread over them."""
    return np.unique(np.linspace(0, n - 1, min(n, wanted)).round().astype(int))


def agreement(one: np.ndarray, two: np.ndarray) -> float:
    """Correlation of two networks' corrected maps, minus that on mismatched sequences.

    The Pearson correlation of two maps of one sequence is averaged over sequences; so is that of
    each map with the other network's map of the sequence N // 2 further on, which has in common
    only what does not depend on the sequence.

    Parameters
    ----------
    one, two : (N, L, 4)
        Maps of the same sequences.
    """
    shifted = np.roll(two, len(two) // 2, axis=0)
    return float((_correlation(one, two) - _correlation(one, shifted)).mean())


def _correlation(one, two):
    """Pearson correlation of each corrected map with another, (N,)."""
    first, second = (unit(gradient_correction(m).reshape(len(m), -1)) for m in (one, two))
    return (first * second).sum(axis=1)


def same_sign(x: np.ndarray, a: np.ndarray, effects: np.ndarray, top: int = 20) -> np.ndarray:
    """Share of the bases that matter most whose map has the sign of what mutations do, (N,).

    Those that matter most are the positions of a sequence where replacing the base changes the
    output most. Half of them agree by chance; a map of the wrong sign agrees at fewer than a map
    that can be trusted. It needs no truth, but it needs the model.

    Parameters
    ----------
    x, a : (N, L, 4)
        Sequences and maps.
    effects : (N, L, 4)
        Change of the output when each base takes each place, as `zoo.methods` has it.
    top : int
        Positions of each sequence.

    Raises
    ------
    ValueError
        For shapes that differ.
    """
    if not np.shape(x) == np.shape(a) == np.shape(effects):
        raise ValueError(f"x, a, effects: shapes {np.shape(x)}, {np.shape(a)}, {np.shape(effects)}")
    here, mutated = (
        (gradient_correction(np.asarray(m, float)) * x).sum(axis=2) for m in (a, effects)
    )
    most = np.argsort(-np.abs(mutated).round(9), axis=1, kind="stable")[:, :top]
    signs = [np.sign(np.take_along_axis(m, most, axis=1)) for m in (here, mutated)]
    return np.asarray((signs[0] == signs[1]).mean(axis=1))
