"""Small measures that several studies share: arrays in, numbers out."""

from __future__ import annotations

import numpy as np

from attribution_consistency.maps import gradient_correction


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
    first, second = (_unit(gradient_correction(a).reshape(len(a), -1)) for a in (one, two))
    shifted = np.roll(second, len(second) // 2, axis=0)
    return float(((first * second).sum(axis=1) - (first * shifted).sum(axis=1)).mean())


def _unit(rows):
    """Rows centred and of length 1; a constant row, which correlates with nothing, as 0."""
    rows = rows - rows.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(norm > 0, rows / np.where(norm > 0, norm, 1), 0)
