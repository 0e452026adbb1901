"""Would a word have been found?  The power of the exchange test on given sequences and maps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import exchange
from .arrays import UNKNOWN
from .divergence import DEFAULT_KS
from .length_scaling import LengthWeights, consistency
from .maps import Tracks, check, check_between
from .nulls import drawn_klds

STRENGTH = 2  # times the mean score of the sequence
EACH = 2  # every second sequence has the word
WIDTH, TRIES, DRAWS = 6, 3, 5


def power(
    x: ArrayLike,
    a: ArrayLike,
    ks: Sequence[int] = DEFAULT_KS,
    *,
    weights: ArrayLike | LengthWeights,
    level: float = 0.05,
    seed: int = 0,
    intervals: Sequence[exchange.Interval] | None = None,
    **options: Any,
) -> float:
    """Probability that maps which also marked a word would be found to depend on the sequence.

    Into every second sequence a word of 6 bases, drawn anew in each of three tries, is written at
    a random place, where its bases get the mean score of the sequence on top of their own: twice
    the mean. The excess is then set against that of five exchanges of the same maps, as if these
    were normal.

    Parameters
    ----------
    x, a, ks
        As `exchanged_null`; maps that it finds nothing in.
    level : float
        Of the test.
    seed, intervals
        As `exchanged_null`.
    **options
        `reading`, `score`, `correct` and `ignore` of `kmer_klds`.

    Returns
    -------
    power : float
        Between 0 and 1.
    """
    from scipy.special import ndtr, ndtri

    check_between(level, "level")
    x, a, ks, own = check(x, a, ks, **options)
    (alone, how), drawn = exchange.prepared(x, a, own, intervals), []
    width = min(WIDTH, alone.codes.shape[1])
    for number in range(TRIES):
        rng = np.random.default_rng([seed, number])
        codes, shares = alone.codes.copy(), alone.shares.copy()
        rows = rng.permutation(len(codes))[: -(-len(codes) // EACH)]
        start = rng.integers(0, codes.shape[1] - width + 1, len(rows))
        at = rows[:, None], start[:, None] + np.arange(width)
        known = codes[at] < UNKNOWN
        codes[at] = np.where(known, rng.integers(0, 4, width), codes[at])
        shares[at] += known * (STRENGTH - 1) / codes.shape[1]
        shares[rows] /= np.maximum(shares[rows].sum(axis=1, keepdims=True), 1e-300)
        planted = Tracks(codes, shares, alone.n_all_zero)
        klds = drawn_klds(planted, exchange.draw(how, DRAWS, seed + number), ks, own)
        drawn.append(consistency(klds, weights))
    observed, null = np.array(drawn)[:, 0], np.array(drawn)[:, 1:]
    spread = max(float(np.sqrt(null.var(axis=1, ddof=1).mean())), 1e-300)
    return float(ndtr((observed - null.mean(axis=1)) / spread - ndtri(1 - level)).mean())
