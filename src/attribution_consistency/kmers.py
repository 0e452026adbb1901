"""Count k-mers of all lengths in one pass, with and without attribution weights."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arrays import Array, Floats, Ints
from .windows import placed, share_in_sequence, windows

Prior = dict[int, Floats]  # k-mer frequencies (4**k,) by k
TRACKS_AT_ONCE = 16  # whole lines of memory
WINDOWS_AT_ONCE = 2**16  # with the scores of their tracks 8 MiB


class Moves(NamedTuple):
    """Which track each sequence has, and where: T arrangements of the tracks of N sequences."""

    sources: Ints  # (N, T): the row of the scores
    shifts: Ints  # (N, T): positions to the right, round the stretch
    stretches: Ints  # (N, 2): first position, and one behind the last

    def part(self, tracks: slice, rows: Ints | slice = slice(None)) -> "Moves":
        """Some of the arrangements, of some of the sequences."""
        own = self.sources[rows, tracks], self.shifts[rows, tracks]
        return Moves(*own, self.stretches[rows])


def kmer_names(k: int) -> list[str]:
    """All 4**k k-mers in the order of every table here: first base most significant, A C G T."""
    return ["".join(bases) for bases in product("ACGT", repeat=k)]


def check_prior(prior: Mapping[int, ArrayLike] | None, pseudocount: float, ks: list[int]) -> Prior:
    """A passed prior as normalised frequencies for each k; empty when none is passed."""
    if prior is None:
        if pseudocount:
            raise ValueError("pseudocount: only for a prior from elsewhere; pass prior too")
        return {}
    if not 0 <= pseudocount < np.inf:
        raise ValueError(f"pseudocount: got {pseudocount!r}, expected a number >= 0")
    checked = {}
    for k in ks:
        if k not in prior:
            raise ValueError(f"prior: got no entry for k = {k}, expected a mapping of k to (4**k,)")
        p = np.asarray(prior[k], dtype=np.float64)
        if p.shape != (4**k,) or not p.min() >= 0 or not 0 < p.sum() < np.inf:
            expected = f"expected {4**k} finite numbers >= 0, not all 0"
            raise ValueError(f"prior[{k}]: got shape {p.shape}, {expected}")
        checked[k] = (p + pseudocount) / (p + pseudocount).sum()
    return checked


def stay(n: int, length: int, n_tracks: int = 1) -> Moves:
    """Every sequence has its own track of each of `n_tracks` stacked sets of scores."""
    sources = np.arange(n)[:, None] + n * np.arange(n_tracks, dtype=np.int64)
    stretches = np.tile(np.array([0, length], dtype=np.int64), (n, 1))
    return Moves(sources, np.zeros_like(sources), stretches)


class Rows(NamedTuple):
    """Which row of a table of sums each k-mer has."""

    starts: Ints  # (longest k + 1,) number of the first k-mer of each length; -1: not asked for
    rows: NDArray[np.int32]  # (k-mers of all lengths,); of length 0: each has its own
    of_k: dict[int, slice]  # the rows of each length


def all_kmers(ks: Sequence[int]) -> Rows:
    """A row for every k-mer."""
    starts = np.full(max(ks) + 1, -1)
    starts[list(ks)] = np.cumsum([0, *(4**k for k in ks[:-1])])
    of_k = {k: slice(starts[k], starts[k] + 4**k) for k in ks}
    return Rows(starts, np.empty(0, np.int32), of_k)


def present_kmers(codes: Array, ks: Sequence[int]) -> Rows:
    """As `all_kmers`, for those alone that sequences (N, L) have: fewer where these are few."""
    every = all_kmers(ks)
    if codes.size > 2 * 4 ** max(ks):  # most are there
        return every
    counts = count_windows(codes, every)
    if 2 * sum(np.count_nonzero(c) for c in counts.values()) > sum(map(len, counts.values())):
        return every
    rows, of_k, first = np.zeros(sum(map(len, counts.values())), np.int32), {}, 0
    for k, where in every.of_k.items():
        found = np.flatnonzero(counts[k])
        rows[where][found] = first + np.arange(len(found))
        of_k[k] = slice(first, first := first + len(found))
    return Rows(every.starts, rows, of_k)


def sum_windows(
    codes: Array, scores: Floats, moves: Moves, kmers: Rows, *, per_sequence: bool = False
) -> tuple[dict[int, Floats], dict[int, Floats]]:
    """Windows of each k-mer, {k: (rows,)}, and the scores under them summed, {k: (T, rows)}.

    Parameters
    ----------
    codes : (N, L) int8
        0 to 3 for A, C, G, T; 4 where the base is unknown. Windows with one count nowhere.
    scores : (S, L) float64
        Score tracks, 0 at unknown bases.
    moves : Moves
        The tracks of every sequence.
    kmers : Rows
        From `all_kmers`, for rows in the order of `kmer_names`, or `present_kmers`.
    per_sequence : bool
        Multiply the sum of a sequence by the frequency of the k-mer in it.
    """
    from scipy.sparse import csc_array

    n_rows, n_tracks = max(where.stop for where in kmers.of_k.values()), moves.sources.shape[1]
    counts, summed = np.zeros(n_rows), np.empty((n_tracks, n_rows))
    by_position = np.ascontiguousarray(scores.T)
    step = max(1, WINDOWS_AT_ONCE // codes.shape[1])
    for start in range(0, max(n_tracks, 1), TRACKS_AT_ONCE):
        part = slice(start, start + TRACKS_AT_ONCE)
        table = np.zeros((n_rows, len(summed[part])))
        for first in range(0, len(codes), step):
            some = slice(first, first + step)
            tracks = placed(by_position, *moves.part(part, some))
            for k, found in windows(codes[some], tracks, kmers.of_k):
                where, rows = kmers.of_k[k], found.kmers
                if len(kmers.rows):
                    rows = kmers.rows[kmers.starts[k] + rows] - where.start
                n = where.stop - where.start
                if start == 0:
                    counts[where] += np.bincount(rows, minlength=n)
                factor = share_in_sequence(found, k) if per_sequence else np.ones(len(rows))
                placing = csc_array((factor, rows, np.arange(len(rows) + 1)), (n, len(rows)))
                table[where] += placing @ found.scores
        summed[part] = table.T
    of_k = kmers.of_k.items()
    return {k: counts[w] for k, w in of_k}, {k: summed[:, w] for k, w in of_k}


def count_windows(codes: Array, kmers: Rows) -> dict[int, Floats]:
    """Windows of each k-mer without an unknown base, {k: (rows,)}."""
    none = stay(len(codes), codes.shape[1], 0)
    return sum_windows(codes, np.empty((0, codes.shape[1])), none, kmers)[0]


def in_threads(
    function: Callable[[slice], Any], n_tracks: int, at_once: int = TRACKS_AT_ONCE
) -> list[Any]:
    """What a function that mostly runs compiled code gives for some tracks each, on all cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    width = max(1, min(at_once, -(-n_tracks // (cores or 1))))
    with ThreadPoolExecutor(cores) as pool:
        return list(pool.map(function, [slice(i, i + width) for i in range(0, n_tracks, width)]))
