"""How far to trust a KLD: intervals over sequences, paired differences, a null of rotated scores.

The KLD of resampled sequences is biased upward, so a bootstrap interval misses its own estimate.
Intervals here are a delete-block jackknife: leave out one block of sequences after another,
prior recomputed, estimate +- t SE. Blocks are consecutive sequences, so that related neighbours
leave together; shuffle first if the order follows the strength of the signal.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .divergence import DEFAULT_KS, check, distributions, kl, sum_tracks
from .length_scaling import LengthWeights, consistency
from .maps import check_shapes
from .rounding import at_least

FEWEST_DRAWS = 99
CLOSEST = 8  # positions: a rotation moves every score at least this far
TRACKS_AT_ONCE = 16


class Jackknife(NamedTuple):
    """An estimate with its interval; arrays (K,) by k, or numbers for a weighted score."""

    estimate: NDArray[np.float64]
    se: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    replicates: NDArray[np.float64]  # (n_blocks, K) or (n_blocks,): the estimate without each block


class RotatedNull(NamedTuple):
    """A score beside the same map with every sequence's scores rotated, by k or weighted."""

    observed: NDArray[np.float64]
    null: NDArray[np.float64]  # (n_draws, K) or (n_draws,)
    p_value: NDArray[np.float64]  # (1 + draws at least as high as observed) / (1 + n_draws)
    excess: NDArray[np.float64]  # observed - mean of the draws


def jackknife(
    x: ArrayLike,
    a: ArrayLike,
    ks: Sequence[int] = DEFAULT_KS,
    *,
    other: ArrayLike | None = None,
    weights: ArrayLike | LengthWeights | None = None,
    n_blocks: int = 20,
    level: float = 0.95,
    reading: str = "frequency",
    score: str = "abs_input",
    correct: bool = True,
    collapse: bool = False,
) -> Jackknife:
    """KLD per k with a delete-block jackknife interval over sequences.

    Sums are kept per block, 16 bytes per block and k-mer, and no sequence is counted twice.

    Parameters
    ----------
    x, a, ks, reading, score, correct, collapse
        As `kmer_klds`.
    other : (N, L, 4)
        A second model's maps of the same sequences: everything is then about the paired
        difference, `a` minus `other`.
    weights : (K,)
        Or a `LengthWeights`: everything is about the weighted score.
    n_blocks : int
        Blocks of consecutive sequences, left out one after another.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    interval : Jackknife
        Estimate, SE, interval and replicates, in nats.

    Raises
    ------
    ValueError
        For invalid input or fewer sequences than blocks.
    """
    x, a, ks = check(x, a, ks, reading, score)
    tracks = [a] if other is None else [a, check_shapes(x, other, "other")[1]]
    if not 2 <= n_blocks <= len(x):
        raise ValueError(f"n_blocks: got {n_blocks}, expected 2 to {len(x)}, the sequences given")
    bounds = np.linspace(0, len(x), n_blocks + 1).astype(int)
    blocks = [
        sum_tracks(x, tracks, ks, reading, score, correct, collapse, rows=rows)
        for rows in pairwise(bounds)
    ]
    found = np.empty((len(tracks), n_blocks + 1, len(ks)))  # last row: all blocks
    for column, k in enumerate(ks):
        counts = [block.counts[k] for block in blocks]
        for t in range(len(tracks)):
            summed = [block.weights[k][t] for block in blocks]
            found[t, :, column] = _leave_one_out(counts, summed, k, reading)
    if weights is not None:
        found = consistency(found, weights)
    values = found[0] if other is None else found[0] - found[1]
    return _interval(values[-1], values[:-1], level)


def paired_difference(one: Jackknife, two: Jackknife, *, level: float = 0.95) -> Jackknife:
    """One model minus another, from their intervals over the same blocks of sequences."""
    if one.replicates.shape != two.replicates.shape:
        raise ValueError(
            f"two: got replicates of shape {two.replicates.shape}, expected those of "
            f"the first, {one.replicates.shape}: use the same sequences, lengths and "
            "blocks"
        )
    return _interval(one.estimate - two.estimate, one.replicates - two.replicates, level)


def smallest_difference(
    difference: Jackknife, *, level: float = 0.95, power: float = 0.8, times: float = 1.0
) -> NDArray[np.float64]:
    """Smallest true difference found with probability `power` by a test at `1 - level`.

    Two models closer than this cannot be ranked on these sequences.

    Parameters
    ----------
    difference : Jackknife
        A paired difference.
    times : float
        For this many times the sequences; the SE falls with the square root.

    Returns
    -------
    smallest : float64
        In nats, of the shape of the estimate.
    """
    if not times > 0:
        raise ValueError(f"times: got {times!r}, expected a number above 0")
    dof = len(difference.replicates) - 1
    smallest: NDArray[np.float64] = (
        (_t(1 - (1 - level) / 2, dof) + _t(power, dof)) * difference.se / np.sqrt(times)
    )
    return smallest


def rotated_null(
    x: ArrayLike,
    a: ArrayLike,
    ks: Sequence[int] = DEFAULT_KS,
    *,
    n_draws: int = 99,
    weights: ArrayLike | LengthWeights | None = None,
    seed: int = 0,
    reading: str = "frequency",
    score: str = "abs_input",
    correct: bool = True,
    collapse: bool = False,
) -> RotatedNull:
    """KLD per k beside a null: the same scores, each sequence's rotated by a random offset.

    Rotation keeps the sequences, the scores and how they vary from position to position, and
    takes away where they stand. Offsets are uniform in 8 ... L - 8, drawn anew for each sequence
    and draw.

    Parameters
    ----------
    x, a, ks, weights, reading, score, correct, collapse
        As `jackknife`.
    n_draws : int
        At least 99, for a p-value.
    seed : int
        Of the offsets.

    Returns
    -------
    compared : RotatedNull
        Observed, null, p-value and excess.

    Raises
    ------
    ValueError
        For invalid input, fewer than 99 draws, or sequences shorter than 16.
    """
    x, a, ks = check(x, a, ks, reading, score)
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
    klds = []
    for start in range(0, n_draws + 1, TRACKS_AT_ONCE):
        some = offsets[start : start + TRACKS_AT_ONCE]
        sums = sum_tracks(x, [a], ks, reading, score, correct, collapse, offsets=some)
        for t in range(len(some)):
            klds.append(
                [kl(*distributions(sums.counts[k], sums.weights[k][t], k, reading)) for k in ks]
            )
    found = np.array(klds) if weights is None else consistency(klds, weights)
    observed, null = found[0], found[1:]
    p_value = (1 + at_least(null, observed).sum(axis=0)) / (1 + n_draws)
    return RotatedNull(observed, null, p_value, observed - null.mean(axis=0))


def _leave_one_out(
    counts: list[NDArray[np.float64]], summed: list[NDArray[np.float64]], k: int, reading: str
) -> list[float]:
    """KLDs from the sums (4**k,) of each block: without that block, then with all of them.

    With v = c w for `frequency` and w otherwise, Z = sum v and C = sum c, the KLD is
    sum(v log r) / Z + log(C / Z), where r = w for `frequency` and w / c otherwise.
    """
    c_all: Any = sum(counts)
    w_all: Any = sum(summed)
    n_windows, total = c_all.sum(), w_all.sum()
    klds = []
    for block_counts, block_summed in zip(counts, summed):
        c = c_all - block_counts
        w = np.maximum(w_all - block_summed, 0)  # differences may round to just below 0
        v, r = (c * w, w) if reading == "frequency" else (w, w / np.maximum(c, 1))
        z = v.sum()
        if z == 0 or w.sum() < 1e-12 * total:  # nothing is left without this block
            klds.append(np.nan)
            continue
        mean_log = (v * np.log(np.maximum(r, 1e-300))).sum() / z
        klds.append(mean_log + np.log((n_windows - block_counts.sum()) / z))
    return [*klds, kl(*distributions(c_all, w_all, k, reading))]


def _interval(
    estimate: NDArray[np.float64], replicates: NDArray[np.float64], level: float
) -> Jackknife:
    if not 0 < level < 1:
        raise ValueError(f"level: got {level!r}, expected between 0 and 1, such as 0.95")
    n = len(replicates)
    se = np.sqrt((n - 1) / n * ((replicates - replicates.mean(axis=0)) ** 2).sum(axis=0))
    half = _t(1 - (1 - level) / 2, n - 1) * se
    return Jackknife(estimate, se, estimate - half, estimate + half, replicates)


def _t(probability: float, dof: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(dof, probability))
