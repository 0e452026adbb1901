"""Do attributions of two motifs depend on each other? A divergence of pairs, in bits.

A score of single k-mers adds up what each word receives and forgets what stood beside it.  Here
words that overlap become *tokens*, and tokens of one sequence become *pairs*.  J is how much
attribution a kind of pair receives, the product of the scores of its tokens; P is how often it
occurs.  If each token scored as it does whatever its partner, J would be R = u_i u_j P_ij, with
one factor u for each name.  The divergence of J from the R with J's own marginals is the part of
the attribution that only pairs explain.  The method is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .. import metric
from ..datasets.sequences import one_hot_to_codes
from ..metric.maps import check_shapes
from ..metric.rounding import at_least, descending

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class TooFewPairs(ValueError):
    """The maps hold too little to compare pairs; the message says what is missing."""


class Tokens(NamedTuple):
    """Stretches of words that a map highlights, in the order of sequence and start."""

    words: list[str]  # the vocabulary, what adds most to the KLD first
    sequence: np.ndarray  # (T,) int, row of the sequence
    start: np.ndarray  # (T,) int, first position
    name: np.ndarray  # (T,) int, index into words of its best word
    score: np.ndarray  # (T,) mean over its positions of the positive part of gradient x input
    n_sequences: int


class Pairs(NamedTuple):
    """Pairs of tokens, (M,) each, and the kinds ("cells") they belong to, (C,) each."""

    one: np.ndarray  # index of the first token
    two: np.ndarray
    cell: np.ndarray
    left: np.ndarray  # (C,) names of a cell, left <= right
    right: np.ndarray
    bin: np.ndarray  # (C,) which bin of distance


class PairDivergence(NamedTuple):
    """The divergence of pairs with its interval, its null and the tables behind it."""

    bits: float
    low: float  # ends of the jackknife interval over sequences
    high: float
    null: np.ndarray  # (n_draws,) with scores permuted among tokens of one name
    p_value: float
    pairs: Pairs
    p: np.ndarray  # (C,) share of the pairs
    j: np.ndarray  # (C,) share of their attribution
    r: np.ndarray  # (C,) the same if tokens did not depend on each other


def find_tokens(
    x: ArrayLike,
    a: ArrayLike,
    *,
    k: int = 6,
    size: int = 40,
    fewest: int = 20,
    run: int = 3,
    correct: bool = True,
) -> Tokens:
    """Runs of at least `run` overlapping words of the vocabulary.

    The vocabulary is the `size` k-mers that add most to the KLD (reading `instance`) and occur
    `fewest` times or more.

    Parameters
    ----------
    x, a : array-like, shape (N, L, 4)
        One-hot sequences and maps, of **both** classes: a rule of pairs shows in what happens to
        the same word beside another partner.
    k : int
        Length of a word.
    size, fewest : int
        Most words in the vocabulary, and how often each has to occur.
    run : int
        Fewest overlapping words of a token.
    correct : bool
        Whether to correct the gradients, as in `kmer_klds`.

    Raises
    ------
    ValueError
        For invalid input.
    """
    x, a = check_shapes(x, a)
    q, p, counts, _ = metric.kmer_distributions(x, a, k, reading="instance", correct=correct)
    gain = q * np.log(np.maximum(q, 1e-300) / np.maximum(p, 1e-300))
    gain[(counts < fewest) | (q <= 0)] = -1
    words = descending(gain)[:size]
    words = words[gain[words] > 0]
    rank = np.full(4**k, size)
    rank[words] = np.arange(len(words))

    codes = one_hot_to_codes(x).astype(int)
    n = len(codes)
    windows = np.lib.stride_tricks.sliding_window_view(codes, k, axis=1)
    known = (windows < 4).all(axis=2)
    named = np.where(known, rank[np.minimum(windows, 3) @ 4 ** np.arange(k)[::-1]], size)
    sequence, at = np.nonzero(named < size)
    names = metric.kmer_names(k)
    vocabulary = [names[w] for w in words]
    if not len(at):
        nothing = np.zeros(0, int)
        return Tokens(vocabulary, nothing, nothing, nothing, np.zeros(0), n)
    new = np.r_[True, (np.diff(sequence) != 0) | (np.diff(at) >= k)]
    first = np.flatnonzero(new)
    last = np.r_[first[1:], len(at)] - 1
    name = np.minimum.reduceat(named[sequence, at], first)
    positive = np.maximum(metric.position_scores(x, a, score="input", correct=correct), 0)
    total = np.hstack([np.zeros((n, 1)), positive.cumsum(axis=1)])
    row, start, stop = sequence[first], at[first], at[last] + k
    score = (total[row, stop] - total[row, start]) / (stop - start)
    keep = last - first + 1 >= run
    return Tokens(vocabulary, row[keep], start[keep], name[keep], score[keep], n)


def find_pairs(
    tokens: Tokens, *, apart: int = 15, edges: Sequence[float] = (), fewest: int = 20
) -> Pairs:
    """Pairs of tokens of one sequence whose starts are `apart` or more nucleotides apart.

    A cell is a pair of names in any order and a bin of distance; `edges` are the distances
    where a new bin starts.  Cells with fewer than `fewest` pairs are left out.

    Raises
    ------
    TooFewPairs
        When fewer than two cells are left: one cell has nothing to differ from.
    """
    found = []
    for lag in range(1, len(tokens.start)):
        one = np.flatnonzero(tokens.sequence[lag:] == tokens.sequence[:-lag])
        if not len(one):
            break
        found.append(one[tokens.start[one + lag] - tokens.start[one] >= apart])
        found[-1] = np.c_[found[-1], found[-1] + lag]
    one, two = np.vstack([*found, np.zeros((0, 2), int)]).T
    names = np.sort([tokens.name[one], tokens.name[two]], axis=0)
    distance = np.digitize(tokens.start[two] - tokens.start[one], edges)
    kinds, cell, count = np.unique(
        np.vstack([names, distance]), axis=1, return_inverse=True, return_counts=True
    )
    cell, often = cell.ravel(), count >= fewest
    if often.sum() < 2:
        raise TooFewPairs(
            f"{len(tokens.start)} tokens make {len(one)} pairs, of which {int(often.sum())} kinds "
            f"occur {fewest} times: at least 2 are needed; map more sequences, of both classes"
        )
    renumber = np.cumsum(often) - 1
    keep = often[cell]
    return Pairs(one[keep], two[keep], renumber[cell[keep]], *kinds[:, often])


def fit_independent(
    left: np.ndarray,
    right: np.ndarray,
    p: np.ndarray,
    j: np.ndarray,
    *,
    tolerance: float = 1e-9,
    rounds: int = 5000,
) -> np.ndarray:
    """R = u_i u_j P_ij with the marginals of J, by iterative proportional fitting.

    A name's marginal is the sum over its cells, twice where it meets itself.

    Parameters
    ----------
    left, right : ndarray of int, shape (C,)
        Names of the cells.
    p, j : ndarray of float, shape (C,)
        Their shares of the pairs and of the attribution.
    tolerance : float
        The fit stops once no factor differs from 1 by this much.
    rounds : int
        Most rounds of the fit.

    Returns
    -------
    ndarray of float, shape (C,)
        R.
    """
    size = max(left.max(), right.max()) + 1

    def marginals(values):
        return np.bincount(left, values, size) + np.bincount(right, values, size)

    wanted, u = marginals(j), np.ones(size)
    for _ in range(rounds):
        r = u[left] * u[right] * p
        found = marginals(r)
        # The root shares the correction between the two partners of a pair.
        factor = np.sqrt(np.divide(wanted, found, out=np.zeros(size), where=found > 0))
        u *= factor
        if np.abs(factor[wanted > 0] - 1).max() < tolerance:
            break
    return u[left] * u[right] * p


def bits(
    left: np.ndarray, right: np.ndarray, p: np.ndarray, j: np.ndarray
) -> tuple[float, np.ndarray]:
    """(D, R): D = sum J log2(J / R) of shares of attribution J over cells with shares P."""
    r = fit_independent(left, right, p, j)
    some = j > 0
    return float((j[some] * np.log2(j[some] / r[some])).sum()), r


def pair_divergence(
    tokens: Tokens,
    *,
    apart: int = 15,
    edges: Sequence[float] = (),
    fewest: int = 20,
    n_draws: int = 99,
    n_blocks: int = 20,
    seed: int = 0,
) -> PairDivergence:
    """How far the attribution of pairs is from tokens that do not depend on each other.

    Parameters
    ----------
    tokens : Tokens
        See `find_tokens`.
    apart, edges, fewest
        See `find_pairs`.
    n_draws : int
        Draws of the null, in which scores change places among tokens of one name.
    n_blocks : int
        Blocks of consecutive sequences, each left out once for the 95 % jackknife interval.
    seed : int
        Seeds the draws.

    Returns
    -------
    PairDivergence
        D in bits, 0 when pairs say nothing that single tokens do not.

    Raises
    ------
    TooFewPairs
        When fewer than two kinds of pairs, or no attribution at all, are left.
    """
    found = find_pairs(tokens, apart=apart, edges=edges, fewest=fewest)
    cells = len(found.left)

    def attribution(score, block=0, blocks=1):
        weight = score[found.one] * score[found.two]
        return np.bincount(block * cells + found.cell, weight, blocks * cells)

    def divergence(counts, summed):
        if not summed.sum() > 0:
            raise TooFewPairs("no pair has positive attribution on both of its tokens")
        return bits(found.left, found.right, counts / counts.sum(), summed / summed.sum())

    block = tokens.sequence[found.one] * n_blocks // tokens.n_sequences
    counts = np.bincount(block * cells + found.cell, minlength=n_blocks * cells)
    counts = counts.reshape(n_blocks, cells)
    summed = attribution(tokens.score, block, n_blocks).reshape(n_blocks, cells)
    n, s = counts.sum(axis=0), summed.sum(axis=0)
    estimate, r = divergence(n, s)
    left_out = [divergence(n - c, np.maximum(s - w, 0))[0] for c, w in zip(counts, summed)]
    # One number each, as for a weighted score.
    nothing = metric.Jackknife(0.0, 0.0, 0.0, 0.0, np.zeros(n_blocks))  # type: ignore[arg-type]
    interval = metric.paired_difference(
        nothing._replace(estimate=estimate, replicates=np.array(left_out)), nothing
    )

    rng, order = np.random.default_rng(seed), np.argsort(tokens.name, kind="stable")
    drawn = []
    for _ in range(n_draws):
        shuffled = np.lexsort((rng.random(len(order)), tokens.name))
        score = np.empty_like(tokens.score)
        score[order] = tokens.score[shuffled]
        drawn.append(divergence(n, attribution(score))[0])
    null = np.array(drawn)
    p_value = (1 + at_least(null, estimate).sum()) / (1 + n_draws)
    return PairDivergence(
        estimate,
        interval.low,  # type: ignore[arg-type]  # one number
        interval.high,  # type: ignore[arg-type]  # one number
        null,
        float(p_value),
        found,
        n / n.sum(),
        s / s.sum(),
        r,
    )
