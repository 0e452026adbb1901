"""Every window of every length: its k-mer, and the scores under it in all tracks.

The k-mer of a window is that of the window one shorter, times 4, plus the base that follows, and
its score is a running sum in the same way. Arrays have the position first: the windows of the
next length are then the first rows, plus the last ones.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np

from .arrays import UNKNOWN, Array, Floats, Ints


class Windows(NamedTuple):
    """The windows of one length without an unknown base, M in all."""

    kmers: Ints  # (M,) in the order of `kmers.kmer_names`
    sequences: Ints  # (M,) row of the sequence
    scores: Floats  # (M, T) summed, in each track


def windows(codes: Array, tracks: Floats, ks: Collection[int]) -> Iterator[tuple[int, Windows]]:
    """The windows of each length, from sequences (N, L) and their tracks (L, N, T)."""
    bases = codes.T.astype(np.int64)
    kmers, known = np.zeros_like(bases), np.ones(bases.shape, bool)
    scores, sequences = np.zeros_like(tracks), np.arange(len(codes))
    for k in range(1, max(ks) + 1):
        n = max(len(bases) - k + 1, 0)
        kmers = 4 * kmers[:n] + bases[k - 1 :]
        known = known[:n] & (bases[k - 1 :] < UNKNOWN)
        scores = scores[:n]
        scores += tracks[k - 1 :]
        if k in ks:
            own = np.broadcast_to(sequences, known.shape)
            flat = scores.reshape(known.size, -1) if known.all() else scores[known]
            yield k, Windows(kmers[known], own[known], flat)


def placed(scores: Floats, sources: Ints, shifts: Ints, stretches: Ints) -> Floats:
    """Tracks (L, N, T) of N sequences: columns of scores (L, S), moved round a stretch, else 0."""
    at, first, end = np.arange(len(scores))[:, None], stretches[:, 0], stretches[:, 1]
    if shifts.any():
        moved = (at - first)[..., None] - shifts
        moved %= np.maximum(end - first, 1)[:, None]
        tracks = scores[moved + first[:, None], sources]
    else:
        tracks = np.take(scores, sources, axis=1)
    outside = (at < first) | (at >= end)
    if outside.any():
        tracks *= ~outside[..., None]
    return np.asarray(tracks)


def share_in_sequence(found: Windows, k: int) -> Floats:
    """The frequency of the k-mer of each window among the windows of its sequence, (M,)."""
    own = found.sequences * 4**k + found.kmers
    _, which, counts = np.unique(own, return_inverse=True, return_counts=True)
    return np.asarray(counts[which] / np.bincount(found.sequences)[found.sequences])
