"""Evidence for or against a map that needs no planted truth: arrays in, numbers out.

All measures but replicate agreement read position scores, |corrected gradient x input| as in the
score of this book, divided by their mean over the sequence: 1 is what a position has on average.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from attribution_consistency.maps import gradient_correction, position_scores
from attribution_consistency.rounding import at_least, descending, rounded

from ..rotation import rotate

MATCH = 0.85  # a hit scores at least this share of the way from a matrix's worst to its best
FEWEST = 10  # hits of a matrix that is used
K, SITES = 6, 3  # length and number of the replaced k-mers of a sequence


class Hits(NamedTuple):
    """Windows of one width that fit a matrix, best strand: (n,) arrays, and the width."""

    row: np.ndarray
    start: np.ndarray
    match: np.ndarray  # log-odds, bits
    width: int


def spread(n: int, wanted: int) -> np.ndarray:
    """Row numbers of at most `wanted` of `n` sequences, evenly spread over them."""
    return np.unique(np.linspace(0, n - 1, min(n, wanted)).round().astype(int))


def relative_scores(x: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Position scores divided by their mean over the sequence, (N, L); all 1 where it is 0."""
    score = position_scores(x, a)
    mean = score.mean(axis=1, keepdims=True)
    return np.where(mean > 0, score / np.where(mean > 0, mean, 1), 1.0)


def rotated_scores(score: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Scores (N, L), those of each sequence rotated by a uniform offset in 0 to L - 1.

    All offsets take part: without the small ones, as in `rotated_null`, a hit would get less
    than a window at random, because what stood under it never stays.
    """
    return rotate(score, rng.integers(0, score.shape[1], len(score)))


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


# --- motif support ------------------------------------------------------------------------


def log_odds(codes: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Log-odds of the better strand for every window: (N, L - width + 1), -inf over an N.

    Parameters
    ----------
    codes : uint8 (N, L)
    bits : (width, 4)
        Log-odds of a matrix, see `matrix_bits`.
    """
    width, n_windows = len(bits), codes.shape[1] - len(bits) + 1
    strands = []
    for oriented in (bits, bits[::-1, ::-1]):
        table = np.column_stack([oriented, np.full(width, -np.inf)])
        strands.append(sum(table[i][codes[:, i : i + n_windows]] for i in range(width)))
    # A word and its mirror image fit equally well, but for the last bit of their sums.
    return np.round(np.maximum(*strands), 9)


def frequencies(counts: ArrayLike) -> np.ndarray:
    """Base frequencies (width, 4) of a count matrix, with one pseudocount a column."""
    counts = np.asarray(counts, float)
    return (counts + 0.25) / (counts.sum(axis=1, keepdims=True) + 1)


def matrix_bits(counts: ArrayLike) -> np.ndarray:
    """Log-odds of a count matrix (width, 4) against even bases; see `frequencies`."""
    return np.log2(frequencies(counts) / 0.25)


def find_hits(codes: np.ndarray, bits: np.ndarray) -> Hits:
    """Windows whose log-odds reach `MATCH` of the way from the worst to the best possible."""
    score = log_odds(codes, bits)
    worst, best = bits.min(axis=1).sum(), bits.max(axis=1).sum()
    row, start = np.nonzero(at_least(score, worst + MATCH * (best - worst)))
    return Hits(row, start, score[row, start], len(bits))


def control_hits(codes: np.ndarray, bits: np.ndarray, hits: Hits, rng: np.random.Generator) -> Hits:
    """Windows that best fit the matrix with its columns shuffled: as many, with the same GC.

    Of each number of G and C the windows have as many as the hits; none shares a base with a hit.
    Where the sequences hold fewer such windows, all of them.
    """
    score = log_odds(codes, bits[rng.permutation(len(bits))])
    gc = window_sums((codes == 1) | (codes == 2), hits.width)
    covered = np.zeros(codes.shape, bool)
    for i in range(hits.width):
        covered[hits.row, hits.start + i] = True
    free = np.isfinite(score) & (window_sums(covered, hits.width) == 0)
    rows, starts = [], []
    for count, number in enumerate(np.bincount(gc[hits.row, hits.start])):
        row, start = np.nonzero(free & (gc == count))
        best = descending(score[row, start])[:number]
        rows.append(row[best])
        starts.append(start[best])
    row, start = np.concatenate(rows), np.concatenate(starts)
    return Hits(row, start, score[row, start], hits.width)


def running_sums(values: np.ndarray) -> np.ndarray:
    """Sums of the values before each position: (N, L) to (N, L + 1)."""
    values = values.astype(int) if values.dtype == bool else values
    return np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)


def window_sums(values: np.ndarray, width: int) -> np.ndarray:
    """Sums over all windows of a width: (N, L) to (N, L - width + 1)."""
    sums = running_sums(values)
    return sums[:, width:] - sums[:, :-width]


def inside(sums: np.ndarray, hits: Hits) -> np.ndarray:
    """Mean score inside each of the windows, (n,), from the `running_sums` of the scores."""
    ends = sums[hits.row, hits.start + hits.width] - sums[hits.row, hits.start]
    return ends / hits.width


def motif_windows(
    codes: np.ndarray, matrices: dict[str, np.ndarray], *, draws: int = 10, seed: int = 0
) -> dict[str, tuple[Hits, list[Hits]]]:
    """Hits and their controls, {name: (Hits, list of Hits)}, of matrices with `FEWEST` hits.

    Parameters
    ----------
    codes : uint8 (N, L)
    matrices : {name: counts (width, 4)}
    draws : int
        Shuffles of the columns of each.
    """
    windows = {}
    for number, (name, counts) in enumerate(matrices.items()):
        bits = matrix_bits(counts)
        hits = find_hits(codes, bits)
        if len(hits.row) >= FEWEST:
            rng = np.random.default_rng([seed, number])
            windows[name] = hits, [control_hits(codes, bits, hits, rng) for _ in range(draws)]
    return windows


def motif_support(
    score: np.ndarray, windows: dict[str, tuple[Hits, list[Hits]]]
) -> dict[str, float]:
    """Mean score inside hits minus inside controls, for each motif: {name: value}.

    Parameters
    ----------
    score : (N, L)
        Relative scores.
    windows : of `motif_windows`
    """
    sums = running_sums(score)
    support = {}
    for name, (hits, controls) in windows.items():
        chance = np.mean([inside(sums, control).mean() for control in controls])
        support[name] = float(inside(sums, hits).mean() - chance)
    return support


# --- perturbation -------------------------------------------------------------------------


def perturbation(
    predict: Callable[[np.ndarray], np.ndarray],
    codes: np.ndarray,
    score: np.ndarray,
    *,
    replacements: int = 10,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Drop of the prediction when the top-attributed k-mers of a sequence are replaced.

    In each sequence the `SITES` windows of `K` bases with the largest summed score that do not
    overlap are replaced by random bases with as many G and C; beside it, as many windows drawn at
    random that have the GC of the former, or the nearest there is, and overlap none of them.

    Parameters
    ----------
    predict : function from codes (N, L) to predictions (N,)
    codes : uint8 (N, L)
    score : (N, L)
    replacements : int

    Returns
    -------
    drops of the top k-mers, drops of the random ones : each (replacements, N)
        In units of the prediction.

    Raises
    ------
    ValueError
        When the sequences are too short for so many windows.
    """
    rng = np.random.default_rng(seed)
    sums = np.where(window_sums(codes > 3, K) == 0, window_sums(score, K), -np.inf)
    gc = window_sums((codes == 1) | (codes == 2), K)
    top, taken = _pick(sums, SITES)
    changed = []
    for _ in range(replacements):
        random = _alike(gc, np.where(taken, np.inf, 0), top, rng)
        changed += [replaced(codes, sites, rng) for sites in (top, random)]
    # All in one call: Keras takes a tenth of a second for each, whatever its size.
    before, *after = predict(np.concatenate([codes, *changed])).reshape(-1, len(codes))
    return before - np.array(after[::2]), before - np.array(after[1::2])


def _pick(sums, sites):
    """Starts (N, sites) of the best windows that do not overlap, and what is ruled out."""
    sums, rows, starts = sums.copy(), np.arange(len(sums)), []
    at = np.arange(sums.shape[1])
    for _ in range(sites):
        best = rounded(sums).argmax(axis=1)
        if np.isneginf(sums[rows, best]).any():
            raise ValueError(
                f"sequences of {sums.shape[1] + K - 1} bases have no {sites} windows "
                f"of {K} bases apart from each other: use longer ones"
            )
        starts.append(best)
        sums[np.abs(at - best[:, None]) < K] = -np.inf
    return np.stack(starts, axis=1), np.isneginf(sums)


def _alike(gc, penalty, sites, rng):
    """Starts (N, sites) of random windows apart from `sites`, of the same GC, or nearly."""
    penalty, rows, at, starts = penalty.copy(), np.arange(len(gc)), np.arange(gc.shape[1]), []
    for site in sites.T:
        distance = np.abs(gc - gc[rows, site][:, None]) + penalty
        chosen = (distance + rng.uniform(0, 0.5, gc.shape)).argmin(axis=1)
        if np.isinf(distance[rows, chosen]).any():
            raise ValueError(
                f"sequences of {gc.shape[1] + K - 1} bases have no room for windows "
                "apart from the top-attributed ones: use longer ones"
            )
        starts.append(chosen)
        penalty[np.abs(at - chosen[:, None]) < K] = np.inf
    return np.stack(starts, axis=1)


def replaced(codes: np.ndarray, sites: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Codes (N, L) with the `K` bases from each of `sites` (N, S) on random, at equal GC."""
    codes, rows = codes.copy(), np.arange(len(codes))[:, None]
    for site in sites.T:
        at = site[:, None] + np.arange(K)
        gc = np.isin(codes[rows, at], (1, 2)).sum(axis=1, keepdims=True)
        strong = rng.random(at.shape).argsort(axis=1).argsort(axis=1) < gc
        coin = rng.integers(0, 2, at.shape)
        codes[rows, at] = np.where(strong, 1 + coin, 3 * coin)
    return codes


# --- occupancy ----------------------------------------------------------------------------


def in_intervals(position: np.ndarray, start: ArrayLike, end: ArrayLike) -> np.ndarray:
    """Whether each position lies in one of the intervals [start, end), which may overlap."""
    begun = np.searchsorted(np.sort(start), position, side="right")
    return begun > np.searchsorted(np.sort(end), position, side="right")


def occupancy(
    score: np.ndarray, hits: Hits, occupied: np.ndarray, bins: int = 4
) -> tuple[float, float, int, int]:
    """Mean score inside occupied and inside other hits of equal match: (value, baseline, n, n).

    Hits are cut at the quartiles of their log-odds; the others count in each quarter as much as
    it holds occupied ones.  A quarter that lacks either kind is left out.

    Parameters
    ----------
    score : (N, L)
    hits : Hits
    occupied : bool (n,)
    bins : int
    """
    values = inside(running_sums(score), hits)
    edges = np.round(np.quantile(hits.match, np.arange(1, bins) / bins), 9)
    quarter = np.searchsorted(edges, hits.match, side="right")
    weight, means = [], []
    for number in range(bins):
        yes, no = (values[(quarter == number) & kind] for kind in (occupied, ~occupied))
        if len(yes) and len(no):
            weight.append(len(yes))
            means.append((yes.mean(), no.mean(), len(no)))
    if not means:
        return np.nan, np.nan, 0, 0
    *scores, others = np.array(means).T
    value, baseline = (float(np.average(v, weights=weight)) for v in scores)
    return value, baseline, int(np.sum(weight)), int(others.sum())
