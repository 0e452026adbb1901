"""Which words carry the attribution, and how much more than exchanged maps would give them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import exchange, rounding
from .arrays import UNKNOWN, Array, Floats, Ints, Mask
from .exchange import Exchange, Interval
from .kmers import all_kmers, in_threads, kmer_names, stay, sum_windows
from .maps import Tracks, check
from .uncertainty import block_rows, jackknife_interval

PRIOR = 20  # windows of the mean, beside those of a word
FEWEST = 10  # occurrences of a word that is listed
ERROR_RATE = 0.05  # of listing any word of a map that knows nothing


class Words(NamedTuple):
    """Words that carry more attribution than exchanged maps give them, the most first."""

    names: list[str]
    n: Ints  # occurrences in distinct sequences
    share: Floats  # of all attribution; the shares of all words add up to 1
    exchanged: Floats  # the same share, expected when tracks are exchanged
    ratio: Floats  # of the two, with its interval
    low: Floats
    high: Floats


def attributed_words(
    x: ArrayLike,
    a: ArrayLike,
    k: int = 6,
    *,
    top: int = 10,
    n_draws: int = 19,
    seed: int = 0,
    intervals: Sequence[Interval] | None = None,
    **options: Any,
) -> Words:
    """What attribution goes where: words with more than chance gives them.

    Every sequence has the same attribution to give. A word has the scores under all its windows, as
    a share of those under all windows. A word is listed when it occurs 10 times or more,
    and (share - exchanged) / sqrt(exchanged) is above the highest of any word in 95 % of
    exchanged maps: of maps that know nothing, 5 % list a word.

    Parameters
    ----------
    x, a : (N, L, 4)
        Sequences and maps.
    k : int
        Length of the words.
    top : int
        Words at most.
    n_draws, seed, intervals
        As `exchanged_null`; 19 or more draws.
    **options
        `score` and `correct` of `kmer_klds`.

    Returns
    -------
    words : Words
        With 95 % jackknife intervals of the ratio over blocks of sequences.
    """
    x, a, _, own = check(x, a, [k], **options)
    scored, how = exchange.prepared(x, a, own, intervals)
    moves = exchange.draw(how, n_draws, seed)

    def summed(tracks: slice) -> tuple[Floats, Floats]:
        counts, sums = sum_windows(scored.codes, scored.shares, moves.part(tracks), all_kmers([k]))
        return counts[k], sums[k]

    groups = in_threads(summed, n_draws + 1)
    counts, sums = groups[0][0], np.concatenate([sums for _, sums in groups])
    given = sums / max(sums[0].sum(), 1e-300)
    often = counts >= FEWEST
    chance = np.where(often, given.mean(axis=0), 1)
    beyond = np.where(often, given - chance, 0) / np.sqrt(np.maximum(chance, 1e-300))
    beyond[:, ~rounding.varies(given)] = 0
    highest = beyond[1:].max(axis=1)
    p = (1 + rounding.at_least(highest[:, None], beyond[0]).sum(axis=0)) / (1 + n_draws)
    order = rounding.descending(given[0] - chance)
    listed = order[(p <= ERROR_RATE)[order] & often[order]][:top]
    share, expected, ratio, low, high = _ratios(scored, how, k, listed)
    found = [kmer_names(k)[i] for i in listed]
    return Words(found, counts[listed].astype(int), share, expected, ratio, low, high)


def explained(scored: Tracks, k: int = 6) -> float:
    """Share of the variation of windows' scores that their words explain: a scale beside nats.

    What each word gets is learnt on every second sequence, with 20 windows of the mean beside its
    own, and tried on the others, and the other way round. Copies count once. 0 for maps that know
    nothing; less than 0, words mislead, is given as 0.

    Parameters
    ----------
    scored : Tracks
        Sequences and the scores of one map, from `exchange.prepared`.
    k : int
        Length of the words.
    """
    codes, shares, sums = scored.codes, scored.shares, []
    own_track = stay(*codes.shape)
    end = codes.shape[1] - k + 1
    windows = shares[:, :end].copy()
    for i in range(1, k):
        windows += shares[:, i : end + i]
    windows *= (there := _windows_in(codes, k))
    if not rounding.varies(windows, rounding.AS_SINGLE, axis=None, where=there):
        return 0.0
    squares = np.einsum("nl,nl->n", windows, windows)
    for rows in (np.arange(half, len(codes), 2) for half in (0, 1)):
        moves = own_track.part(slice(None), rows)
        counts, summed = sum_windows(codes[rows], shares, moves, all_kmers([k]))
        sums.append((counts[k], summed[k][0], squares[rows].sum()))
    errors = np.zeros(2)
    for (n, total, square), (n_learnt, learnt, _) in (sums, sums[::-1]):
        mean = learnt.sum() / max(n_learnt.sum(), 1)
        for i, guess in enumerate([(learnt + PRIOR * mean) / (n_learnt + PRIOR), mean]):
            errors[i] += square - 2 * (guess * total).sum() + (guess**2 * n).sum()
    return max(0.0, 1 - float(errors[0] / errors[1]))


def _windows_in(codes: Array, k: int) -> Mask:
    """Whether all k positions of each window are known, (N, L - k + 1)."""
    known, end = codes < UNKNOWN, codes.shape[1] - k + 1
    return np.asarray(np.logical_and.reduce([known[:, i : end + i] for i in range(k)]))


def _ratios(scored: Tracks, how: Exchange, k: int, listed: Ints) -> tuple[Floats, ...]:
    """Share, expected share and their ratio with its interval, of the words `listed`."""
    if not len(listed):
        return (np.empty(0),) * 5
    known, parts = scored.codes < UNKNOWN, scored.shares
    expected = known * (parts.sum(axis=1) / np.maximum(known.sum(axis=1), 1))[:, None]
    for kind in set(how.kinds) if not how.rotates else ():
        rows = np.array([u for u, other in zip(how.units, how.kinds) if other == kind])
        expected[rows] = parts[rows].mean(axis=0)
    moves = stay(len(parts), parts.shape[1], 2)
    both = np.concatenate([parts, expected])
    blocks = []
    for rows in block_rows(how, 20):
        own = moves.part(slice(None), rows)
        blocks.append(sum_windows(scored.codes[rows], both, own, all_kmers([k]))[1][k])
    each = np.array(blocks)  # (blocks, 2, 4**k)
    whole = each.sum(axis=0)
    left = (whole - each)[:, :, listed]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = whole[0, listed] / whole[1, listed]
        found = jackknife_interval(np.log(ratio), np.log(left[:, 0] / left[:, 1]))
    total = whole.sum(axis=1, keepdims=True)
    share, chance = (whole / total)[:, listed]
    return share, chance, ratio, np.exp(found.low), np.exp(found.high)
