"""How far to trust a KLD: intervals over sequences, paired differences.

The KLD of resampled sequences is biased upward, so a bootstrap interval misses its own estimate.
Intervals here are a delete-block jackknife: leave out one block of sequences after another,
prior recomputed, estimate +- t SE. Blocks are consecutive sequences, so that related neighbours
leave together; shuffle first if the order follows the strength of the signal.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import exchange, maps
from .arrays import Array, Floats, Ints
from .divergence import DEFAULT_KS, distributions, kl
from .exchange import Exchange, Interval
from .kmers import Moves, count_windows, in_threads, present_kmers, stay, sum_windows
from .length_scaling import LengthWeights, consistency
from .maps import Options, check, check_shapes
from .nulls import NullTest, exchanged_klds, tested

TRACKS_AT_ONCE = 3  # sums are kept for every block
SMALLEST_BLOCK = 10  # distinct sequences, for exchanging inside


class Jackknife(NamedTuple):
    """An estimate with its interval; arrays (K,) by k, or numbers for a weighted score."""

    estimate: Floats
    se: Floats
    low: Floats
    high: Floats
    replicates: Floats  # (n_blocks, K) or (n_blocks,): the estimate without each block


def jackknife(
    x: ArrayLike,
    a: ArrayLike,
    ks: Sequence[int] = DEFAULT_KS,
    *,
    other: ArrayLike | None = None,
    weights: ArrayLike | LengthWeights | None = None,
    n_blocks: int = 20,
    level: float = 0.95,
    **options: Any,
) -> Jackknife:
    """KLD per k with a delete-block jackknife interval over sequences.

    Sums are kept per block, 16 bytes per block and k-mer, and no sequence is counted twice.

    Parameters
    ----------
    x, a, ks
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
    **options
        `reading`, `score`, `correct` and `ignore` of `kmer_klds`.

    Returns
    -------
    interval : Jackknife
        Estimate, SE, interval and replicates, in nats.

    Raises
    ------
    ValueError
        For invalid input or fewer sequences than blocks.
    """
    x, a, ks, own = check(x, a, ks, **options)
    tracks = [a] if other is None else [a, check_shapes(x, other, "other")[1]]
    n_blocks = maps.check_whole(n_blocks, "n_blocks", 2, len(x))
    scored = maps.tracks(x, tracks, own)
    moves = stay(len(x), x.shape[1], len(tracks))
    bounds = np.linspace(0, len(x), n_blocks + 1).astype(int)
    rows = [np.arange(*ends) for ends in pairwise(bounds)]
    klds = _block_klds(scored, moves, rows, ks, own)
    scores = klds if weights is None else consistency(klds, weights)
    values = scores[0] if other is None else scores[0] - scores[1]
    return jackknife_interval(values[-1], values[:-1], level)


def excess_interval(
    x: ArrayLike,
    a: ArrayLike,
    ks: Sequence[int] = DEFAULT_KS,
    *,
    null: NullTest | None = None,
    weights: ArrayLike | LengthWeights | None = None,
    n_blocks: int = 20,
    n_draws: int = 5,
    level: float = 0.95,
    seed: int = 0,
    intervals: Sequence[Interval] | None = None,
    **options: Any,
) -> Jackknife:
    """The excess over exchanged maps with a delete-block jackknife interval over sequences.

    Inside each block tracks are exchanged, by the same draws throughout, so that a block that is
    left out takes its bases and its tracks along. Copies of a sequence, and windows that overlap,
    are in one block. The target is the excess at this number of sequences. Intervals serve
    differences of models; whether there is an excess at all is said by `exchanged_null`.

    Parameters
    ----------
    x, a, ks, weights, level
        As `jackknife`.
    null : NullTest
        From `exchanged_null` with the same arguments, whose excess is the estimate; drawn anew
        without it.
    n_blocks : int
        At most; fewer where a block would have fewer than 10 distinct sequences.
    n_draws, seed, intervals
        As `exchanged_null`; the mean of few draws serves.
    **options
        `reading`, `score`, `correct` and `ignore` of `kmer_klds`.

    Returns
    -------
    interval : Jackknife
        Estimate, SE, interval and replicates, in nats.

    Raises
    ------
    ValueError
        For invalid input, or fewer than 2 distinct sequences.
    """
    maps.check_whole(n_draws, "n_draws", 1)
    drawn: dict[str, Any] = {"seed": seed, "intervals": intervals}
    if null is None:
        found = exchanged_klds(x, a, ks, n_draws=n_draws, **drawn, **options)
        null = tested(found if weights is None else consistency(found, weights))
    x, a, ks, own = check(x, a, ks, **options)
    scored, how = exchange.prepared(x, a, own, intervals)
    rows = block_rows(how, n_blocks)
    blocks = np.empty(len(scored.codes), int)
    for number, block in enumerate(rows):
        blocks[block] = number
    klds = _block_klds(scored, exchange.draw(how, n_draws, seed, blocks), rows, ks, own)
    scores = klds if weights is None else consistency(klds, weights)
    values = scores[0] - scores[1:].mean(axis=0)
    return jackknife_interval(null.excess, values[:-1], level)


def block_rows(how: Exchange, n_blocks: int) -> list[Ints]:
    """Distinct sequences of each block: what moves together is in one, 10 or more in each.

    Raises
    ------
    ValueError
        When there are fewer than two.
    """
    if len(how.units) < 2:
        raise ValueError("x: got one distinct sequence, expected two or more for an interval")
    maps.check_whole(n_blocks, "n_blocks", 2)
    n_blocks = max(2, min(n_blocks, len(how.units) // SMALLEST_BLOCK))
    bounds = np.linspace(0, len(how.units), n_blocks + 1).astype(int)
    return [np.concatenate(how.units[first:last]) for first, last in pairwise(bounds)]


def _block_klds(
    scored: maps.Tracks, moves: Moves, rows: list[Ints], ks: list[int], options: Options
) -> Floats:
    """KLDs (T, n_blocks + 1, K) of each track without one block after another; last, with all."""
    codes, kmers = scored.codes, present_kmers(scored.codes, ks)
    counts, each = [count_windows(codes[r], kmers) for r in rows], options.reading == "per_sequence"

    def klds(tracks: slice) -> list[Array]:
        parts = [(codes[r], scored.shares, moves.part(tracks, r)) for r in rows]
        sums = [sum_windows(*part, kmers, per_sequence=each)[1] for part in parts]
        return [np.array([one(sums, t, k) for k in ks]).T for t in range(len(sums[0][ks[0]]))]

    def one(sums: list[dict[int, Floats]], t: int, k: int) -> list[float]:
        return _leave_one_out([c[k] for c in counts], [s[k][t] for s in sums], k, options.reading)

    return np.concatenate(in_threads(klds, moves.sources.shape[1], TRACKS_AT_ONCE))


def paired_difference(one: Jackknife, two: Jackknife, *, level: float = 0.95) -> Jackknife:
    """One model minus another, from their intervals over the same blocks of sequences."""
    if one.replicates.shape != two.replicates.shape:
        got = f"got replicates of shape {two.replicates.shape}, not those of one"
        raise ValueError(f"two: {got}: use the same sequences, lengths and blocks")
    return jackknife_interval(one.estimate - two.estimate, one.replicates - two.replicates, level)


def smallest_difference(
    difference: Jackknife, *, level: float = 0.95, power: float = 0.8
) -> Floats:
    """Smallest true difference found with probability `power` by a test at `1 - level`.

    Two models closer than this cannot be ranked on these sequences.

    Parameters
    ----------
    difference : Jackknife
        A paired difference. The SE falls with the square root of the number of sequences.

    Returns
    -------
    smallest : float64
        In nats, of the shape of the estimate.
    """
    maps.check_between(level, "level")
    maps.check_between(power, "power")
    dof = len(difference.replicates) - 1
    return (_t(1 - (1 - level) / 2, dof) + _t(power, dof)) * difference.se


def _leave_one_out(counts: list[Floats], summed: list[Floats], k: int, reading: str) -> list[float]:
    """KLDs from the sums (4**k,) of each block: without that block, then with all of them."""
    c_all, w_all = np.sum(counts, axis=0), np.sum(summed, axis=0)
    klds = []
    for c, w in zip(counts, summed):
        left = c_all - c  # what rounding leaves of a word that was in this block only is nothing
        weights = np.where(left > 0, np.maximum(w_all - w, 0), 0)
        nothing = weights.sum() < 1e-12 * w_all.sum()
        klds.append(np.nan if nothing else kl(*distributions(left, weights, k, reading)))
    return [*klds, kl(*distributions(c_all, w_all, k, reading))]


def jackknife_interval(estimate: Any, replicates: Floats, level: float = 0.95) -> Jackknife:
    """The interval of an estimate from its replicates, (n_blocks, ...), without each block."""
    maps.check_between(level, "level")
    n = len(replicates)
    se = np.sqrt((n - 1) / n * ((replicates - replicates.mean(axis=0)) ** 2).sum(axis=0))
    half = _t(1 - (1 - level) / 2, n - 1) * se
    return Jackknife(estimate, se, estimate - half, estimate + half, replicates)


def _t(probability: float, dof: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(dof, probability))
