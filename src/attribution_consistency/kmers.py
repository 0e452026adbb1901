"""Count k-mers of all lengths in one pass, with and without attribution weights.

The code of the k-mer that starts at a position is that of the (k - 1)-mer there, times 4, plus
the base that follows; its score is a running sum in the same way. So each length costs one
multiply-add, one addition and one pass that adds every window's score to its k-mer. Numbers of
windows are counted at the longest k only and summed down: a k-mer's windows are those of its
four extensions, plus the windows that end a sequence. Pieces with unknown bases are counted at
every length instead.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Floats, Ints, Mask

# Base codes (n, L), where bases are known (None: everywhere), and scores (n, L) of each track.
Piece = tuple[Ints, Mask | None, list[Floats]]
Prior = dict[int, Floats]  # k-mer frequencies (4**k,) by k
Windows = tuple[int, Ints, Mask | None, list[Floats]]


class KmerSums(NamedTuple):
    """Window counts (4**k,) and summed weights (T, 4**k) of T score tracks, by k."""

    counts: dict[int, Floats]
    weights: dict[int, Floats]
    n_all_zero: Ints  # (T,) sequences whose scores sum to 0


def kmer_names(k: int) -> list[str]:
    """All 4**k k-mers in the order of every table here: first base most significant, A C G T."""
    return ["".join(bases) for bases in product("ACGT", repeat=k)]


def canonical_index(k: int) -> Ints:
    """Index of each k-mer or of its reverse complement, whichever comes first, (4**k,) int."""
    index = np.arange(4**k)
    # With one axis a position: the complement counts from the other end, the reverse transposes.
    reverse_complement = index[::-1].reshape((4,) * k).T.ravel()
    return np.minimum(index, reverse_complement)


def kmer_indices(codes: ArrayLike, k: int) -> tuple[Ints, Mask]:
    """Index of the k-mer that starts at each position, in the order of `kmer_names`.

    Parameters
    ----------
    codes : (N, L) int
        0 to 3 for A, C, G, T; 4 where the base is unknown.
    k : int
        At most L.

    Returns
    -------
    index : (N, L - k + 1) int64
        Meaningless, but below 4**k, where not all bases are known.
    known : (N, L - k + 1) bool
        Whether they are.
    """
    codes = np.asarray(codes, dtype=np.int64)
    width = codes.shape[1] - k + 1
    *_, (_, index, known, _) = windows(np.minimum(codes, 3), codes < 4, [], k)
    return index[:, :width], np.asarray(known)[:, :width]


def check_prior(
    prior: Mapping[int, ArrayLike] | None, pseudocount: float, ks: list[int], collapse: bool
) -> Prior:
    """A passed prior as normalised frequencies for each k; empty when none is passed."""
    if prior is None:
        if pseudocount:
            raise ValueError("pseudocount: only for a prior from elsewhere; pass prior too")
        return {}
    if pseudocount < 0:
        raise ValueError(f"pseudocount: got {pseudocount!r}, expected a number >= 0")
    checked = {}
    for k in ks:
        if k not in prior:
            raise ValueError(f"prior: got no entry for k = {k}, expected a mapping of k to (4**k,)")
        p = np.asarray(prior[k], dtype=np.float64)
        if p.shape != (4**k,) or not np.isfinite(p).all() or (p < 0).any() or p.sum() == 0:
            raise ValueError(
                f"prior[{k}]: got shape {p.shape}, expected {4**k} finite numbers >= 0, not all 0"
            )
        index = canonical_index(k) if collapse else np.arange(4**k)
        p = np.bincount(index, p, 4**k).astype(np.float64)
        p[np.unique(index)] += pseudocount
        checked[k] = p / p.sum()
    return checked


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
    at_every_k: dict[int, Floats] = {}  # counts of pieces with unknown bases
    weights = {k: np.zeros((n_tracks, 4**k)) for k in ks}
    canonical = {k: canonical_index(k) for k in ks} if collapse else {}
    n_all_zero = np.zeros(n_tracks, dtype=int)
    for codes, known, tracks in pieces:
        shares = [_shares(track, n_all_zero, t) for t, track in enumerate(tracks)]
        for k, code, ok, sums in windows(codes, known, shares, lengths.stop - 1):
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


def _shares(track: Floats, n_all_zero: Ints, t: int) -> Floats:
    """Scores as shares of their sequence's total; a sequence that sums to 0 stays 0."""
    with np.errstate(over="ignore"):
        total = track.sum(axis=1, keepdims=True)
    if not np.isfinite(total).all():
        raise ValueError("a: got values too large to add up; rescale the maps")
    zero = total == 0
    if zero.any():
        n_all_zero[t] += int(zero.sum())
        total[zero] = 1
    return np.asarray(track / total)


def windows(
    codes: Ints, known: Mask | None, tracks: list[Floats], longest: int
) -> Iterator[Windows]:
    """For k = 1, 2, ... `longest`: the windows of k positions that start at each position.

    All sequences of a piece lie end to end and are updated in place, so that what one k gave
    changes with the next. Windows that run over the end of their sequence, or hold an unknown
    base, have a meaningless code below 4**k and a sum of 0.

    Parameters
    ----------
    codes, known, tracks
        A piece, as `count_kmers` takes it.
    longest : int
        The last k.

    Yields
    ------
    k, code, ok, sums : int, (n, L) int64, (n, L) bool or None, list of (n, L) float64
        The index of each k-mer, whether all of it is known and inside (None: `known` was), and
        the sum of every track under it.
    """
    length = codes.shape[1]
    code, sums = codes.copy(), [track.copy() for track in tracks]
    ok = None if known is None else known.copy()
    for k in range(1, longest + 1):
        if k > 1:
            end = code.size - k + 1
            flat = code.reshape(-1)[:end]
            flat <<= 2
            flat |= codes.reshape(-1)[k - 1 :]
            for s, track in zip(sums, tracks):
                flat_sums = s.reshape(-1)[:end]
                flat_sums += track.reshape(-1)[k - 1 :]
                s[:, length - k + 1 :] = 0
            if ok is not None and known is not None:
                ok[:, : 1 - k] &= known[:, k - 1 :]
                ok[:, length - k + 1 :] = False
        if ok is not None:
            for s in sums:
                s *= ok
        yield k, code, ok, sums


def _add_per_sequence(
    table: Floats,
    code: Ints,
    ok: Mask | None,
    sums: list[Floats],
    width: int,
    canonical: Ints | None,
) -> None:
    """Add sum_n f_n(m) w_n(m): each window counts by the frequency of its k-mer around it."""
    code = code[:, :width]
    ok = np.ones(code.shape, dtype=bool) if ok is None else ok[:, :width]
    index = code[ok] if canonical is None else canonical[code[ok]]
    n_windows = ok.sum(axis=1)
    row = np.repeat(np.arange(len(code)), n_windows)
    keys = row * table.shape[1] + index
    _, inverse, n_equal = np.unique(keys, return_inverse=True, return_counts=True)
    frequency = n_equal[inverse] / n_windows[row]
    for t, s in enumerate(sums):
        np.add.at(table[t], index, s[:, :width][ok] * frequency)
