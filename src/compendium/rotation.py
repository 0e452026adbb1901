"""Maps and scores that are moved round their sequences: a baseline that knows no word."""

import numpy as np
from numpy.typing import ArrayLike

from attribution_consistency.exchange import CLOSEST


def rotate(scores: ArrayLike, offsets: ArrayLike) -> np.ndarray:
    """Move each sequence's scores to the right, those that leave coming back at the left.

    Parameters
    ----------
    scores : (N, L) or (N, L, 4)
        Position scores, or maps.
    offsets : (N,) int
        Positions; negative ones move to the left.

    Returns
    -------
    rotated : of the shape of `scores`
        Position i has what stood at i - offset, modulo L.
    """
    scores = np.asarray(scores)
    n, length = scores.shape[:2]
    source = (np.arange(length) - np.asarray(offsets)[:, None]) % length
    source += length * np.arange(n)[:, None]
    return np.asarray(scores.reshape(n * length, *scores.shape[2:])[source])


def rotated(x: ArrayLike, a: ArrayLike, rng: np.random.Generator) -> np.ndarray:
    """Maps whose position scores are those of `a`, each sequence's rotated by a random offset.

    Offsets are uniform in 8 ... L - 8. At its new place the four entries of a position are
    shifted around so that the base that is there has what the base of the old place had: signed,
    absolute and l2 scores, with gradient correction or without, are exactly those of the old
    place.

    Parameters
    ----------
    x, a : (N, L, 4)
        Sequences and maps.
    rng : numpy Generator
        Draws the offsets.

    Returns
    -------
    maps : (N, L, 4)
    """
    codes, a = np.asarray(x).argmax(axis=2), np.asarray(a)
    n, length, _ = a.shape
    offsets = rng.integers(CLOSEST, length - CLOSEST, n, endpoint=True)
    shift = codes - rotate(codes, offsets)
    channel = (np.arange(4) - shift[:, :, None]) % 4
    return np.asarray(np.take_along_axis(rotate(a, offsets), channel, axis=2))
