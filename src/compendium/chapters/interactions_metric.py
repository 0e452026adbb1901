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

from attribution_consistency.divergence import kmer_distributions
from attribution_consistency.kmers import kmer_names
from attribution_consistency.maps import check_shapes, position_scores
from attribution_consistency.rounding import at_least, descending
from attribution_consistency.sequences import one_hot_to_codes
from attribution_consistency.uncertainty import jackknife_interval

from ..kmer_words import kmer_indices

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


WORD, SIZE = 6, 40  # length of a word, and most words in the vocabulary
FEWEST = 20  # times that a word, and a kind of pair, has to occur
APART = 15  # nucleotides between the starts of a pair
TOLERANCE, ROUNDS = 1e-9, 5000  # of the fit: it stops once no factor differs from 1 by this much


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
    low: float | np.ndarray  # ends of the jackknife interval over sequences
    high: float | np.ndarray
    null: np.ndarray  # (n_draws,) with scores permuted among tokens of one name
    p_value: float
    pairs: Pairs
    p: np.ndarray  # (C,) share of the pairs
    j: np.ndarray  # (C,) share of their attribution
    r: np.ndarray  # (C,) the same if tokens did not depend on each other


def find_tokens(x: ArrayLike, a: ArrayLike, *, fewest: int = FEWEST, run: int = 3) -> Tokens:
    """Runs of at least `run` overlapping words of the vocabulary.

    The vocabulary is the `SIZE` 6-mers that add most to the KLD (reading `instance`) and occur
    `fewest` times or more.

    Parameters
    ----------
    x, a : array-like, shape (N, L, 4)
        One-hot sequences and maps, of **both** classes: a rule of pairs shows in what happens to
        the same word beside another partner.
    fewest : int
        How often a word has to occur.
    run : int
        Fewest overlapping words of a token.

    Raises
    ------
    ValueError
        For invalid input.
    """
    x, a = check_shapes(x, a)
    q, p, counts = kmer_distributions(x, a, WORD, reading="instance")
    gain = q * np.log(np.maximum(q, 1e-300) / np.maximum(p, 1e-300))
    gain[(counts < fewest) | (q <= 0)] = -1
    words = descending(gain)[:SIZE]
    words = words[gain[words] > 0]
    rank = np.full(4**WORD, SIZE)
    rank[words] = np.arange(len(words))

    index, known = kmer_indices(one_hot_to_codes(x), WORD)
    named = np.where(known, rank[index], SIZE)
    sequence, at = np.nonzero(named < SIZE)
    names = kmer_names(WORD)
    vocabulary = [names[w] for w in words]
    if not len(at):
        nothing = np.zeros(0, int)
        return Tokens(vocabulary, nothing, nothing, nothing, np.zeros(0), len(x))
    first = np.flatnonzero(np.r_[True, (np.diff(sequence) != 0) | (np.diff(at) >= WORD)])
    last = np.r_[first[1:], len(at)] - 1
    name = np.minimum.reduceat(named[sequence, at], first)
    positive = np.maximum(position_scores(x, a, score="input"), 0)
    total = np.hstack([np.zeros((len(x), 1)), positive.cumsum(axis=1)])
    row, start, stop = sequence[first], at[first], at[last] + WORD
    score = (total[row, stop] - total[row, start]) / (stop - start)
    keep = last - first + 1 >= run
    return Tokens(vocabulary, row[keep], start[keep], name[keep], score[keep], len(x))


def find_pairs(
    tokens: Tokens, *, apart: int = APART, edges: Sequence[float] = (), fewest: int = FEWEST
) -> Pairs:
    """Pairs of tokens of one sequence whose starts are `apart` or more nucleotides apart.

    A cell is a pair of names in any order and a bin of distance; `edges` are the distances
    where a new bin starts.  Cells with fewer than `fewest` pairs are left out.

    Raises
    ------
    TooFewPairs
        When fewer than two cells are left: one cell has nothing to differ from.
    """
    both = [np.zeros((0, 2), int)]
    for lag in range(1, len(tokens.start)):
        one = np.flatnonzero(tokens.sequence[lag:] == tokens.sequence[:-lag])
        if not len(one):
            break
        one = one[tokens.start[one + lag] - tokens.start[one] >= apart]
        both.append(np.c_[one, one + lag])
    one, two = np.vstack(both).T
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
    left: np.ndarray, right: np.ndarray, p: np.ndarray, j: np.ndarray
) -> np.ndarray:
    """R = u_i u_j P_ij with the marginals of J, by iterative proportional fitting.

    A name's marginal is the sum over its cells, twice where it meets itself.

    Parameters
    ----------
    left, right : ndarray of int, shape (C,)
        Names of the cells.
    p, j : ndarray of float, shape (C,)
        Their shares of the pairs and of the attribution.

    Returns
    -------
    ndarray of float, shape (C,)
        R.
    """
    size = max(left.max(), right.max()) + 1

    def marginals(values):
        return np.bincount(left, values, size) + np.bincount(right, values, size)

    wanted, u = marginals(j), np.ones(size)
    for _ in range(ROUNDS):
        r = u[left] * u[right] * p
        present = marginals(r)
        # The root shares the correction between the two partners of a pair.
        factor = np.sqrt(np.divide(wanted, present, out=np.zeros(size), where=present > 0))
        u *= factor
        if np.abs(factor[wanted > 0] - 1).max() < TOLERANCE:
            break
    return u[left] * u[right] * p


def bits(
    left: np.ndarray, right: np.ndarray, p: np.ndarray, j: np.ndarray
) -> tuple[float, np.ndarray]:
    """(D, R): D = sum J log2(J / R) of shares of attribution J over cells with shares P."""
    r = fit_independent(left, right, p, j)
    seen = j > 0
    return float((j[seen] * np.log2(j[seen] / r[seen])).sum()), r


def pair_divergence(
    tokens: Tokens,
    *,
    edges: Sequence[float] = (),
    fewest: int = FEWEST,
    n_draws: int = 99,
    n_blocks: int = 20,
    seed: int = 0,
) -> PairDivergence:
    """How far the attribution of pairs is from tokens that do not depend on each other.

    Parameters
    ----------
    tokens : Tokens
        See `find_tokens`.
    edges, fewest
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
    pairs = find_pairs(tokens, edges=edges, fewest=fewest)
    cells = len(pairs.left)

    def attribution(score, block=0, blocks=1):
        weight = score[pairs.one] * score[pairs.two]
        return np.bincount(block * cells + pairs.cell, weight, blocks * cells)

    def divergence(counts, summed):
        if not summed.sum() > 0:
            raise TooFewPairs("no pair has positive attribution on both of its tokens")
        return bits(pairs.left, pairs.right, counts / counts.sum(), summed / summed.sum())

    block = tokens.sequence[pairs.one] * n_blocks // tokens.n_sequences
    every = np.bincount(block * cells + pairs.cell, minlength=n_blocks * cells)
    counts = every.reshape(n_blocks, cells)
    summed = attribution(tokens.score, block, n_blocks).reshape(n_blocks, cells)
    n, s = counts.sum(axis=0), summed.sum(axis=0)
    estimate, r = divergence(n, s)
    left_out = [divergence(n - c, np.maximum(s - w, 0))[0] for c, w in zip(counts, summed)]
    interval = jackknife_interval(np.float64(estimate), np.array(left_out))
    shuffled = _shuffled_scores(tokens, n_draws, seed)
    null = np.array([divergence(n, attribution(score))[0] for score in shuffled])
    p_value = float((1 + at_least(null, estimate).sum()) / (1 + n_draws))
    ends = (interval.low, interval.high)
    return PairDivergence(estimate, *ends, null, p_value, pairs, n / n.sum(), s / s.sum(), r)


def _shuffled_scores(tokens, n_draws, seed):
    """Scores of the tokens after they changed places among those of one name, once a draw."""
    rng, order = np.random.default_rng(seed), np.argsort(tokens.name, kind="stable")
    for _ in range(n_draws):
        shuffled = np.lexsort((rng.random(len(order)), tokens.name))
        score = np.empty_like(tokens.score)
        score[order] = tokens.score[shuffled]
        yield score
