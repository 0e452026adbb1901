"""What chance gives: the score of maps whose tracks no longer stand where they stood.

Two ways to take the knowledge of the bases out of a map. *Exchanged* tracks go to another
sequence and keep their positions: exact when tracks know nothing of the bases. *Rotated* tracks
stay with their sequence and are moved round it: not exact, but a second view where words stand
at a fixed place, which an exchange cannot take apart.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import exchange, maps
from .arrays import Floats
from .divergence import DEFAULT_KS, KmerSums, track_klds
from .exchange import CLOSEST, Interval
from .kmers import Moves, in_threads, present_kmers, stay, sum_windows
from .length_scaling import LengthWeights, consistency
from .maps import Options, Tracks, check, check_whole
from .rounding import at_least, varies

FEWEST_DRAWS = 99


class NullTest(NamedTuple):
    """A score beside the same map with its tracks exchanged or rotated, by k or weighted."""

    observed: Floats
    null: Floats  # (n_draws, K) or (n_draws,)
    p_value: Floats  # (1 + draws at least as high as observed) / (1 + n_draws)
    excess: Floats  # observed - mean of the draws

    def weighted(self, weights: ArrayLike | LengthWeights) -> "NullTest":
        """The same draws of KLDs (K,), joined into one score with `weights` over the lengths."""
        return tested(consistency(np.vstack([self.observed, self.null]), weights))


def exchanged_null(
    x: ArrayLike,
    a: ArrayLike,
    ks: Sequence[int] = DEFAULT_KS,
    *,
    n_draws: int = 99,
    weights: ArrayLike | LengthWeights | None = None,
    seed: int = 0,
    intervals: Sequence[Interval] | None = None,
    **options: Any,
) -> NullTest:
    """KLD per k beside a null: the same tracks of scores, exchanged among the sequences.

    Hypothesis: the tracks are independent of the bases, and tracks or sequences are exchangeable
    given where bases are known. Under it the p-value is exact. A small one is evidence that the
    map depends on the sequence, not that it shows motifs: a preference for one base is found too.
    Words that stand at the same place in every sequence exchange into themselves, and are not
    found.

    Tracks change places among sequences with the same known positions. Where fewer than 80 % of
    the sequences have such a partner, the window known to all is used, and where that is shorter
    than 50 positions tracks are rotated inside what is known (p is then approximate). Copies and
    reverse complements count once, with the mean of their tracks. `exchange.exchangeable` says
    which of this took place.

    Parameters
    ----------
    x, a, ks, weights
        As `jackknife`.
    n_draws : int
        At least 99, for a p-value.
    seed : int
        Of the draws, which are the same for all maps of the same sequences.
    intervals : list of (chromosome, start, end)
        Of each sequence; windows that overlap move together.
    **options
        `reading`, `score`, `correct` and `ignore` of `kmer_klds`.

    Returns
    -------
    compared : NullTest
        Observed, null, p-value and excess.

    Raises
    ------
    ValueError
        For invalid input or fewer than 99 draws.
    """
    check_whole(n_draws, "n_draws", FEWEST_DRAWS)
    klds = exchanged_klds(x, a, ks, n_draws=n_draws, seed=seed, intervals=intervals, **options)
    return tested(klds if weights is None else consistency(klds, weights))


def exchanged_klds(
    x: ArrayLike,
    a: ArrayLike,
    ks: Sequence[int] = DEFAULT_KS,
    *,
    n_draws: int = 19,
    seed: int = 0,
    intervals: Sequence[Interval] | None = None,
    **options: Any,
) -> Floats:
    """KLDs (1 + n_draws, K) in nats: of the map, then exchanged; see `exchanged_null`."""
    x, a, ks, own = check(x, a, ks, **options)
    scored, how = exchange.prepared(x, a, own, intervals)
    return drawn_klds(scored, exchange.draw(how, n_draws, seed), ks, own)


def rotated_null(
    x: ArrayLike,
    a: ArrayLike,
    ks: Sequence[int] = DEFAULT_KS,
    *,
    n_draws: int = 99,
    weights: ArrayLike | LengthWeights | None = None,
    seed: int = 0,
    **options: Any,
) -> NullTest:
    """KLD per k beside a null: the same scores, each sequence's rotated by a random offset.

    Offsets are uniform in 8 ... n - 8 of the n positions between the first known base and the
    last, drawn anew for each sequence and draw.

    Not exact, and no test by itself. Scores that follow the position, as on peaks centred on
    their summits, exceed their rotated copies without any knowledge of the bases. Short sequences
    have few offsets: at 16 positions one. Rotated scores avoid the motifs they came from. Use
    `exchanged_null`, and this one beside it where words stand at a fixed place.

    Parameters
    ----------
    x, a, ks, weights
        As `jackknife`.
    n_draws : int
        At least 99, for a p-value.
    seed : int
        Of the offsets.
    **options
        `reading`, `score`, `correct` and `ignore` of `kmer_klds`.

    Returns
    -------
    compared : NullTest
        Observed, null, p-value and excess.

    Raises
    ------
    ValueError
        For invalid input, fewer than 99 draws, or sequences with fewer than 16 positions.
    """
    x, a, ks, own = check(x, a, ks, **options)
    check_whole(n_draws, "n_draws", FEWEST_DRAWS)
    scored = maps.tracks(x, [a], own)
    stretches = exchange.known_stretches(scored.codes)
    lengths = stretches[:, 1] - stretches[:, 0]
    shortest = int(lengths[lengths > 0].min(initial=x.shape[1]))
    if shortest < 2 * CLOSEST:
        expected = f"expected at least {2 * CLOSEST} to rotate"
        raise ValueError(f"x: got sequences of {shortest} positions, {expected}")
    still = stay(*scored.codes.shape)
    offsets = exchange.offsets(stretches, n_draws, np.random.default_rng(seed))
    sources = np.repeat(still.sources, n_draws + 1, axis=1)
    moves = Moves(sources, np.hstack([still.shifts, offsets]), stretches)
    klds = drawn_klds(scored, moves, ks, own)
    return tested(klds if weights is None else consistency(klds, weights))


def drawn_klds(scored: Tracks, moves: Moves, ks: list[int], options: Options) -> Floats:
    """KLDs of one map's tracks under each arrangement, (T, K)."""
    kmers = present_kmers(scored.codes, ks)
    each = options.reading == "per_sequence"

    def klds(tracks: slice) -> list[Floats]:
        some = moves.part(tracks)
        sums = sum_windows(scored.codes, scored.shares, some, kmers, per_sequence=each)
        given = KmerSums(*sums)
        return [track_klds(given, ks, options.reading, t) for t in range(some.sources.shape[1])]

    return np.concatenate(in_threads(klds, moves.sources.shape[1]))


def tested(scores: Floats) -> NullTest:
    """The first of scores (1 + n_draws, K) or (1 + n_draws,) beside the others, its draws."""
    observed, null = scores[0], scores[1:]
    p_value = (1 + at_least(null, observed).sum(axis=0)) / (1 + len(null))
    return NullTest(observed, null, p_value, observed - null.mean(axis=0))


def family_wise(tests: Sequence[NullTest]) -> Floats:
    """P-values (M,) of M models of one question, by the largest standardised score of a draw.

    Parameters
    ----------
    tests : list of NullTest
        Of weighted scores, from the same draws.
    """
    scores = np.array([[test.observed, *test.null] for test in tests])
    spread = np.where(varies(scores, axis=1), scores.std(axis=1), np.inf)[:, None]
    standardised = (scores - scores.mean(axis=1, keepdims=True)) / spread
    largest = standardised.max(axis=0)[1:]
    reached = at_least(largest, standardised[:, :1]).sum(axis=1)
    return np.asarray((1 + reached) / (1 + len(largest)))
