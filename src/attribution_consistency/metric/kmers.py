"""Count k-mers of all lengths in one pass, with and without attribution weights.

The code of the k-mer that starts at a position is that of the (k - 1)-mer there, times 4, plus
the base that follows; its score is a running sum in the same way. So each length costs one
multiply-add, one addition and one pass that adds every window's score to its k-mer. Numbers of
windows are counted at the longest k only and summed down: a k-mer's windows are those of its
four extensions, plus the windows that end a sequence. Pieces with unknown bases are counted at
every length instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Base codes (n, L), where bases are known (None: everywhere), and scores (n, L) of each track.
Piece = tuple[NDArray[np.int64], NDArray[np.bool_] | None, list[NDArray[np.float64]]]


class KmerSums(NamedTuple):
    """Window counts (4**k,) and summed weights (T, 4**k) of T score tracks, by k."""

    counts: dict[int, NDArray[np.float64]]
    weights: dict[int, NDArray[np.float64]]
    n_all_zero: NDArray[np.int64]  # (T,) sequences whose scores sum to 0


def kmer_names(k: int) -> list[str]:
    """All 4**k k-mers in the order of every table here: first base most significant, A C G T."""
    names = [""]
    for _ in range(k):
        names = [name + base for name in names for base in "ACGT"]
    return names


def reverse_complement_index(k: int) -> NDArray[np.int64]:
    """Index of the reverse complement of every k-mer, (4**k,) int."""
    code, out = np.arange(4**k), np.zeros(4**k, dtype=np.int64)
    for _ in range(k):
        out = out * 4 + (3 - code % 4)
        code = code // 4
    return out


def canonical_index(k: int) -> NDArray[np.int64]:
    """Index of each k-mer or of its reverse complement, whichever comes first, (4**k,) int."""
    return np.minimum(np.arange(4**k), reverse_complement_index(k))


def count_kmers(
    pieces: Iterable[Piece],
    ks: list[int],
    n_tracks: int,
    *,
    per_sequence: bool = False,
    collapse: bool = False,
) -> KmerSums:
    """Sum window counts and attribution weights over pieces `(codes, known, tracks)`.

    Parameters
    ----------
    pieces : iterable of (codes, known, tracks)
        codes (n, L) int64, 0-3; known (n, L) bool or None; tracks: `n_tracks` arrays (n, L) of
        scores >= 0, divided here by the sum over their sequence.
    ks, n_tracks
        k-mer lengths, and the number of tracks of every piece.
    per_sequence : bool
        The weight of a k-mer is sum_n f_n(m) w_n(m), and sum_n w_n(m) without it.
    collapse : bool
        Add a k-mer and its reverse complement together, under the first of the two.
    """
    lengths = range(min(ks), max(ks) + 1)
    to_sum_down = {k: np.zeros(4**k) for k in lengths}
    at_every_k: dict[int, NDArray[np.float64]] = {}  # counts of pieces with unknown bases
    weights = {k: np.zeros((n_tracks, 4**k)) for k in ks}
    canonical = {k: canonical_index(k) for k in ks} if collapse else {}
    n_all_zero = np.zeros(n_tracks, dtype=int)
    for codes, known, tracks in pieces:
        shares = [_shares(track, n_all_zero, t) for t, track in enumerate(tracks)]
        for k, code, ok, sums in _windows(codes, known, shares, lengths.stop - 1):
            if k not in lengths:
                continue
            width = codes.shape[1] - k + 1
            if ok is not None:
                np.add.at(at_every_k.setdefault(k, np.zeros(4**k)), code[ok], 1.0)
            elif k == lengths[-1]:
                np.add.at(to_sum_down[k], code[:, :width].ravel(), 1.0)
            else:
                np.add.at(to_sum_down[k], code[:, width - 1], 1.0)
            if k in weights and per_sequence:
                _add_per_sequence(weights[k], code, ok, sums, width, canonical.get(k))
            elif k in weights:
                end = code.size - k + 1
                for table, s in zip(weights[k], sums):
                    np.add.at(table, code.reshape(-1)[:end], s.reshape(-1)[:end])
    for k in reversed(lengths[:-1]):
        to_sum_down[k] += to_sum_down[k + 1].reshape(-1, 4).sum(axis=1)
    counts = {k: to_sum_down[k] + at_every_k[k] if at_every_k else to_sum_down[k] for k in ks}
    for k, index in canonical.items():
        counts[k] = np.bincount(index, counts[k], 4**k)
        weights[k] = np.stack([np.bincount(index, w, 4**k) for w in weights[k]])
    return KmerSums(counts, weights, n_all_zero)


def _shares(
    track: NDArray[np.float64], n_all_zero: NDArray[np.int64], t: int
) -> NDArray[np.float64]:
    """Scores as shares of their sequence's total; a sequence that sums to 0 stays 0."""
    with np.errstate(over="ignore"):
        total = track.sum(axis=1, keepdims=True)
    if not np.isfinite(total).all():
        raise ValueError("a: got values too large to add up; rescale the maps")
    zero = total == 0
    if zero.any():
        n_all_zero[t] += int(zero.sum())
        total[zero] = 1
    shares: NDArray[np.float64] = track / total
    return shares


def _windows(
    codes: NDArray[np.int64],
    known: NDArray[np.bool_] | None,
    shares: list[NDArray[np.float64]],
    longest: int,
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.bool_] | None, list[NDArray[np.float64]]]]:
    """For k = 1, 2, ...: code, validity (None = all) and summed shares of the window at each start.

    All sequences of a piece lie end to end and are updated in place. Windows that run over the
    end of their sequence, or hold an unknown base, have a meaningless code below 4**k and a
    sum of 0.
    """
    length = codes.shape[1]
    code, sums = codes.copy(), [share.copy() for share in shares]
    ok = None if known is None else known.copy()
    for k in range(1, longest + 1):
        if k > 1:
            end = code.size - k + 1
            flat = code.reshape(-1)[:end]
            flat <<= 2
            flat |= codes.reshape(-1)[k - 1 :]
            for s, share in zip(sums, shares):
                flat_sums = s.reshape(-1)[:end]
                flat_sums += share.reshape(-1)[k - 1 :]
                s[:, length - k + 1 :] = 0
            if ok is not None and known is not None:
                ok[:, : 1 - k] &= known[:, k - 1 :]
                ok[:, length - k + 1 :] = False
        if ok is not None:
            for s in sums:
                s *= ok
        yield k, code, ok, sums


def _add_per_sequence(
    table: NDArray[np.float64],
    code: NDArray[np.int64],
    ok: NDArray[np.bool_] | None,
    sums: list[NDArray[np.float64]],
    width: int,
    canonical: NDArray[np.int64] | None,
) -> None:
    """Add sum_n f_n(m) w_n(m): each window counts by the frequency of its k-mer around it."""
    code = code[:, :width]
    ok = np.ones(code.shape, dtype=bool) if ok is None else ok[:, :width]
    windows = code[ok] if canonical is None else canonical[code[ok]]
    n_windows = ok.sum(axis=1)
    row = np.repeat(np.arange(len(code)), n_windows)
    frequency = _n_equal(row * table.shape[1] + windows) / n_windows[row]
    for t, s in enumerate(sums):
        np.add.at(table[t], windows, s[:, :width][ok] * frequency)


def _n_equal(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many keys, whole numbers from 0, equal each key."""
    if keys.size == 0 or keys.max() < 8 * keys.size:
        return np.bincount(keys)[keys]
    # A table would be mostly empty: sort each key with its place in the lower bits.
    shift = keys.size.bit_length()
    order = np.sort(keys << shift | np.arange(keys.size))
    first = np.flatnonzero(np.diff(order >> shift, prepend=-1))
    length = np.diff(first, append=keys.size)
    found = np.empty(keys.size, dtype=np.int64)
    found[order & ((1 << shift) - 1)] = np.repeat(length, length)
    return found
