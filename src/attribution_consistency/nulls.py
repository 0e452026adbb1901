"""What chance gives: the score of maps whose tracks no longer stand where they stood."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, Floats, Ints
from .divergence import DEFAULT_KS, sum_tracks, track_klds
from .length_scaling import LengthWeights, consistency
from .maps import check
from .rounding import at_least

FEWEST_DRAWS = 99
CLOSEST = 8  # positions: a rotation moves every score at least this far
TRACKS_AT_ONCE = 16


class RotatedNull(NamedTuple):
    """A score beside the same map with every sequence's scores rotated, by k or weighted."""

    observed: Floats
    null: Floats  # (n_draws, K) or (n_draws,)
    p_value: Floats  # (1 + draws at least as high as observed) / (1 + n_draws)
    excess: Floats  # observed - mean of the draws


def rotated_null(
    x: ArrayLike,
    a: ArrayLike,
    ks: Sequence[int] = DEFAULT_KS,
    *,
    n_draws: int = 99,
    weights: ArrayLike | LengthWeights | None = None,
    seed: int = 0,
    **options: Any,
) -> RotatedNull:
    """KLD per k beside a null: the same scores, each sequence's rotated by a random offset.

    Rotation keeps the sequences, the scores and how they vary from position to position, and
    takes away where they stand. Offsets are uniform in 8 ... L - 8, drawn anew for each sequence
    and draw.

    Parameters
    ----------
    x, a, ks, weights
        As `jackknife`.
    n_draws : int
        At least 99, for a p-value.
    seed : int
        Of the offsets.
    **options
        `reading`, `score`, `correct` and `collapse` of `kmer_klds`.

    Returns
    -------
    compared : RotatedNull
        Observed, null, p-value and excess.

    Raises
    ------
    ValueError
        For invalid input, fewer than 99 draws, or sequences shorter than 16.
    """
    x, a, ks, own = check(x, a, ks, **options)
    length = x.shape[1]
    if n_draws < FEWEST_DRAWS:
        raise ValueError(f"n_draws: got {n_draws}, expected at least {FEWEST_DRAWS}")
    if length < 2 * CLOSEST:
        raise ValueError(
            f"x: got sequences of {length} positions, expected at least {2 * CLOSEST} to rotate"
        )
    rng = np.random.default_rng(seed)
    offsets = rng.integers(CLOSEST, length - CLOSEST, (n_draws + 1, len(x)), endpoint=True)
    offsets[0] = 0  # the map as it is
    klds: list[Floats] = []
    for start in range(0, n_draws + 1, TRACKS_AT_ONCE):
        moves = [partial(_rotate_rows, draw) for draw in offsets[start : start + TRACKS_AT_ONCE]]
        sums = sum_tracks(x, [a], ks, *own, moves=moves)
        klds += [track_klds(sums, ks, own.reading, track) for track in range(len(moves))]
    scores = np.array(klds) if weights is None else consistency(klds, weights)
    return tested(scores[0], scores[1:])


def tested(observed: Floats, null: Floats) -> RotatedNull:
    """A score, by k (K,) or weighted (), beside its draws (n_draws, K) or (n_draws,)."""
    p_value = (1 + at_least(null, observed).sum(axis=0)) / (1 + len(null))
    return RotatedNull(observed, null, p_value, observed - null.mean(axis=0))


def rotate(scores: ArrayLike, offsets: ArrayLike) -> Array:
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


def rotated(x: ArrayLike, a: ArrayLike, rng: np.random.Generator) -> Floats:
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


def _rotate_rows(offsets: Ints, scores: Floats, rows: slice) -> Floats:
    return rotate(scores, offsets[rows])
