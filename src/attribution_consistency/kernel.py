"""The compiled loop under every k-mer sum: one pass over the windows of all lengths.

The k-mer of a window is that of the window one shorter, times 4, plus the base that follows, and
its score is a running sum in the same way. So each position is the start of one walk through the
lengths. Tracks (of several maps, or of one map exchanged or rotated) lie innermost: a k-mer is
looked up once for all of them.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from .arrays import UNKNOWN, Array, Floats, Ints

Kmers = tuple[Ints, Array]
Sums = tuple[Floats, Floats]


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile with a cache beside the source, in the user's cache folder, or without one."""
    try:
        cached: Callable[..., Any] = numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no folder for the cache can be written
        cached = numba.njit(nogil=True)(function)
    return cached


@compiled
def mark(codes: Array, kmers: Kmers, step: int, seen: Ints, n_windows: Ints) -> None:
    """Add `step` to `seen` for each k-mer of one sequence, and count its windows by k."""
    starts, slots = kmers
    for i in range(len(codes)):
        code = 0
        for k in range(1, min(len(starts), len(codes) - i + 1)):
            if codes[i + k - 1] >= UNKNOWN:
                break
            code = (code << 2) | codes[i + k - 1]
            if starts[k] >= 0:
                row = starts[k] + code
                seen[slots[row] if len(slots) else row] += step
                n_windows[k] += step


@compiled
def place(
    scores: Floats, sources: Ints, shifts: Ints, first: int, end: int, window: Floats
) -> None:
    """The tracks of one sequence, (L, T): rows of `scores`, moved round inside first ... end."""
    window[:first] = 0
    window[end:] = 0
    for block in range(first, end, 64):  # few enough lines of memory to stay near
        for t in range(len(sources)):
            track, shift = scores[sources[t]], shifts[t]
            for i in range(block, min(block + 64, end)):
                at = i + shift
                window[at if at < end else at - end + first, t] = track[i]


@compiled
def walk(
    codes: Array, window: Floats, kmers: Kmers, own: Kmers, counts: Floats, table: Floats
) -> None:
    """Add the windows of one sequence, whose tracks are `window` (L, T); `own`, from `mark`."""
    (starts, slots), (seen, n_windows) = kmers, own
    length, n_tracks = window.shape
    total = np.empty(n_tracks)
    for i in range(length):
        code = np.uint64(0)
        total[:] = 0
        for k in range(1, min(len(starts), length - i + 1)):
            at = np.uint64(i + k - 1)  # an unsigned index is not tried from the end
            base = codes[at]
            if base >= UNKNOWN:
                break
            code = (code << np.uint64(2)) | np.uint64(base)
            for t in range(n_tracks):
                total[t] += window[at, t]
            if starts[k] >= 0:
                row = np.uint64(starts[k]) + code
                if len(slots):
                    row = np.uint64(slots[row])
                if len(counts):
                    counts[row] += 1
                factor = seen[row] / n_windows[k] if len(seen) else 1.0
                for t in range(n_tracks):
                    table[row, t] += total[t] * factor


@compiled
def add_windows(
    codes: Array, scores: Floats, moves: Any, kmers: Kmers, per_sequence: bool, into: Sums
) -> None:
    """Count every window without an unknown base, and add up the scores under it.

    Parameters
    ----------
    codes : (N, L) int8
        0 to 3, and `UNKNOWN`.
    scores : (S, L) float64
        Score tracks.
    moves : kmers.Moves
        The row of `scores` that sequence n has in track t, and by how much it is moved.
    kmers : (longest k + 1,) int64, (k-mers of all lengths,) int32
        The first two of `kmers.Rows`.
    per_sequence : bool
        Multiply by the frequency of the k-mer among the windows of its sequence.
    into : (rows,) float64, (rows, T) float64
        Windows of each k-mer are added to the first (of length 0: they are not counted), scores
        to the second.
    """
    (sources, shifts, stretches), (counts, table) = moves, into
    window = np.empty((codes.shape[1], table.shape[1]))
    seen = np.zeros(len(table) if per_sequence else 0, np.int64)
    n_windows = np.zeros(len(kmers[0]), np.int64)
    for n in range(len(codes)):
        place(scores, sources[n], shifts[n], stretches[n, 0], stretches[n, 1], window)
        if per_sequence:
            mark(codes[n], kmers, 1, seen, n_windows)
        walk(codes[n], window, kmers, (seen, n_windows), counts, table)
        if per_sequence:
            mark(codes[n], kmers, -1, seen, n_windows)
