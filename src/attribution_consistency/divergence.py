"""k-mer consistency of attribution maps as Kullback-Leibler divergence (KLD), in nats.

Attribution weighting follows S. Chen, *Enhanced Metrics for Assessing Reliability of Deep Neural
Networks in Regulatory Genomics*; the thresholded metric is its baseline, from Majdandzic et al.
2022 (PMLR 200:131-149). Both say how strongly attributions concentrate on some k-mers. That is
consistency, not correctness.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import maps
from .arrays import Array, Floats, Ints, Mask
from .kmers import Prior, all_kmers, check_prior, count_windows, kmer_names, stay, sum_windows
from .maps import Options, check

DEFAULT_KS, NO_PRIOR = range(3, 9), Prior()


class KmerTable(NamedTuple):
    """Attribution-weighted distribution q, prior p and window counts of all k-mers, (4**k,)."""

    q: Floats
    p: Floats
    counts: Ints


class KmerSums(NamedTuple):
    """Window counts (4**k,) and summed weights (T, 4**k) of T score tracks, by k."""

    counts: dict[int, Floats]
    weights: dict[int, Floats]


def kmer_klds(
    x: ArrayLike,
    a: ArrayLike,
    ks: Sequence[int] = DEFAULT_KS,
    *,
    reading: str = "frequency",
    score: str = "abs_input",
    correct: bool = True,
    prior: Mapping[int, ArrayLike] | None = None,
    pseudocount: float = 0.0,
    ignore: tuple[str, ...] = (),
    reverse: bool = False,
) -> Floats:
    """KLD of the attribution-weighted k-mer distribution from the uninformative prior, per k.

    Parameters
    ----------
    x : (N, L, 4)
        One-hot sequences, all-zero rows for unknown bases.
    a : (N, L, 4)
        Attribution maps.
    ks : whole numbers
        k-mer lengths, 1 to 10.
    reading : str
        What the weights multiply: `frequency`, q ~ p sum_n w_n (the literal one, with a floor:
        see `constant_floor`); `instance`, q ~ sum_n w_n; `per_sequence`, q ~ sum_n f_n w_n.
    score, correct
        See `position_scores`.
    prior : mapping of k to (4**k,)
        k-mer frequencies or counts from elsewhere, instead of those of `x`.
    pseudocount : float
        Added to every entry of that prior, in its own units.
    ignore : tuple of str
        Words, of A, C, G and T, whose bases count in no k-mer, on either strand.
    reverse : bool
        KL(p || q) instead, a sensitivity check.

    Returns
    -------
    klds : (len(ks),) float64
        In nats.

    Raises
    ------
    ValueError
        For invalid input, when every score is 0, or when a k-mer that carries attribution is
        missing from a prior from elsewhere.

    References
    ----------
    Chen, "attribution weighting"; gradient correction is ours.
    """
    own = dict(reading=reading, score=score, correct=correct, ignore=ignore)
    x, a, ks, options = check(x, a, ks, **own)
    given = check_prior(prior, pseudocount, ks)
    pairs = _pairs(sum_tracks(x, [a], ks, options), ks, reading, prior=given)
    return np.array([kl(p, q) if reverse else kl(q, p) for q, p in pairs])


def kmer_distributions(x: ArrayLike, a: ArrayLike, k: int = 6, **options: Any) -> KmerTable:
    """The two k-mer distributions that `kmer_klds` compares, for one k."""
    x, a, ks, own = check(x, a, [k], **options)
    sums = sum_tracks(x, [a], ks, own)
    ((q, p),) = _pairs(sums, ks, own.reading)
    return KmerTable(q, p, sums.counts[k].astype(np.int64))


def constant_floor(x: ArrayLike, ks: Sequence[int] = DEFAULT_KS, **options: Any) -> Floats:
    """KLD of a map that says nothing, the same score everywhere: what these sequences give.

    0 for `instance` on sequences of one length without unknown bases; about 0.17 nats at
    k = 6 on 1,500 real 200-nt sequences for `frequency`, where q = p**2 / sum(p**2). It
    depends on the sequences and their number, so compare models on the same sequences.

    Parameters
    ----------
    x, ks
        As `kmer_klds`.
    **options
        `reading`, `score` and `ignore` of `kmer_klds`.

    Returns
    -------
    floor : (len(ks),) float64
        In nats.
    """
    x, _, ks, own = check(x, x, ks, **options)
    return track_klds(sum_tracks(x, [None], ks, own), ks, own.reading)


def excess_klds(
    x: ArrayLike, a: ArrayLike, ks: Sequence[int] = DEFAULT_KS, **options: Any
) -> Floats:
    """KL(q || q_constant): divergence from what a constant map gives on the same sequences.

    Never negative, and 0 for constant scores in every reading.

    Parameters
    ----------
    x, a, ks
        As `kmer_klds`.
    **options
        `reading`, `score`, `correct` and `ignore` of `kmer_klds`.

    Returns
    -------
    klds : (len(ks),) float64
        In nats.
    """
    x, a, ks, own = check(x, a, ks, **options)
    sums = sum_tracks(x, [a, None], ks, own)
    both = zip(_pairs(sums, ks, own.reading), _pairs(sums, ks, own.reading, track=1))
    return np.array([kl(q, constant) for (q, _), (constant, _) in both])


def thresholded_kld(
    x: ArrayLike,
    a: ArrayLike,
    k: int = 6,
    *,
    quantile: float = 0.9,
    buffer: int = 2,
    score: str = "l2",
    correct: bool = True,
) -> float:
    """The original metric: KLD of the k-mers under the highest scores from those of all windows.

    Per sequence, positions scoring strictly above the `quantile` (linear interpolation) are
    kept; each run of them grows by `buffer` positions on its right end only, clipped to the
    sequence; runs that then touch are one. Every k-mer wholly inside a run is counted, pooled
    over sequences, without pseudocount.

    Parameters
    ----------
    x, a : (N, L, 4)
        Sequences and maps; these, `score` and `correct` as in `kmer_klds`.
    k : int
        k-mer length.
    quantile : float
        At least 0 and below 1.
    buffer : int
        Positions.

    Returns
    -------
    kld : float
        In nats; NaN when no window is kept.

    References
    ----------
    Majdandzic et al. 2022, as described by Chen.
    """
    x, a, (k,), _ = check(x, a, [k], score=score)
    if not 0 <= quantile < 1:
        raise ValueError(f"quantile: got {quantile!r}, expected at least 0 and below 1")
    buffer = maps.check_whole(buffer, "buffer", 0)
    counts, kept, every = np.zeros(4**k), np.zeros(4**k), all_kmers([k])
    for chunk in maps.chunks(x, [a], score=score, correct=correct):
        known = np.ones(chunk.codes.shape, bool) if chunk.known is None else chunk.known
        scores = np.where(known, chunk.scores[0], np.nan)
        keep = scores > _row_quantiles(scores, known, quantile)
        run = keep.copy()
        for shift in range(1, min(buffer, keep.shape[1] - 1) + 1):
            run[:, shift:] |= keep[:, :-shift]
        for where, total in ((known, counts), (known & run, kept)):
            total += count_windows(np.where(where, chunk.codes, 4).astype(np.int8), every)[k]
    if kept.sum() == 0:
        return float("nan")
    return kl(kept / kept.sum(), counts / counts.sum())


def _row_quantiles(scores: Floats, known: Mask, quantile: float) -> Floats:
    """Quantile of each row's known positions, (n, 1); NaN where there is none."""
    quantiles = np.quantile if known.all() else np.nanquantile
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of rows without a known base
        return np.asarray(quantiles(scores, quantile, axis=1, keepdims=True))


def kl(q: Floats, p: Floats) -> float:
    """sum q log(q / p) in nats, terms with q = 0 being 0; infinite where p = 0 < q."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return float((q * np.log(np.where(q > 0, q / p, 1))).sum())


def distributions(
    counts: Floats, weights: Floats, k: int, reading: str, prior: Floats | None = None
) -> tuple[Floats, Floats]:
    """q and p from window counts and summed weights (4**k,), by the chosen reading."""
    if not (n_windows := counts.sum()):
        raise ValueError(f"x: no window of {k} positions is free of unknown bases")
    p = counts / n_windows if prior is None else prior
    if prior is not None and ((p == 0) & (weights > 0)).any():
        missing = kmer_names(k)[int(np.argmax((p == 0) & (weights > 0)))]
        why = f"got frequency 0 for {missing}, which carries attribution"
        raise ValueError(f"prior: {why}; use a prior with all k-mers, or name a pseudocount")
    q = p * weights if reading == "frequency" else weights
    total = q.sum()
    if total == 0:
        zero = f"every score under a {k}-mer is 0 (after gradient correction, if on)"
        why = "are the maps all zero, or equal for the four nucleotides?"
        raise ValueError(f"a: {zero}, so there is nothing to compare; {why}")
    return q / total, p


def track_klds(sums: KmerSums, ks: list[int], reading: str, track: int = 0) -> Floats:
    """KLD of one of the tracks behind `sums`, (len(ks),) in nats."""
    return np.array([kl(q, p) for q, p in _pairs(sums, ks, reading, track)])


def _pairs(
    sums: KmerSums, ks: list[int], reading: str, track: int = 0, prior: Prior = NO_PRIOR
) -> Iterator[tuple[Floats, Floats]]:
    """q and p of one track, for one k after another."""
    for k in ks:
        yield distributions(sums.counts[k], sums.weights[k][track], k, reading, prior.get(k))


def sum_tracks(
    x: Array, tracks: Sequence[Array | None], ks: list[int], options: Options
) -> KmerSums:
    """Count k-mers of `x` weighted by maps, `None` among them being a constant map.

    Parameters
    ----------
    x : (N, L, 4)
        Sequences.
    tracks : list of (N, L, 4)
        The maps.
    ks, options
        Checked already.
    """
    scored = maps.tracks(x, tracks, options)
    moves = stay(len(x), x.shape[1], len(tracks))
    kmers, each = all_kmers(ks), options.reading == "per_sequence"
    sums = sum_windows(scored.codes, scored.shares, moves, kmers, per_sequence=each)
    return KmerSums(*sums)
