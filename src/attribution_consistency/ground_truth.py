"""How well maps find motifs whose positions are known: synthetic data only.

Every function returns one value per sequence, NaN where it is undefined: average with
`numpy.nanmean` and report the number of NaNs beside it.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import maps
from .arrays import Floats, Mask


def signal_to_noise(
    x: ArrayLike,
    a: ArrayLike,
    motif_mask: ArrayLike,
    *,
    spacer_mask: ArrayLike | None = None,
    top: int = 10,
    absolute: bool = False,
    correct: bool = True,
) -> Floats:
    """Signal-to-noise ratio of the scores of each sequence, (N,).

    Signal: mean score over motif positions. Noise: mean of the `top` largest positive scores
    over spacer positions. The score is the attribution of the base that is there, signed.

    Parameters
    ----------
    x, a : (N, L, 4)
        Sequences and maps; these and `correct` as in `position_scores`.
    motif_mask : (N, L) bool
        Positions inside embedded motifs with information > 0.1 bit.
    spacer_mask : (N, L) bool
        Positions between motifs; None: all others.
    top : int
        How many spacer scores make the noise.
    absolute : bool
        Take scores without their sign.

    Returns
    -------
    snr : (N,) float64
        NaN where undefined: fewer than `top` positive spacer scores, or no motif position.

    Raises
    ------
    ValueError
        For invalid input.

    References
    ----------
    Chen; Majdandzic et al. 2022.
    """
    top = maps.check_whole(top, "top", 1)
    own: dict[str, Any] = {"spacer_mask": spacer_mask, "score": "input", "correct": correct}
    score, motif, spacer = _masked(x, a, motif_mask, **own)
    score = np.abs(score) if absolute else score
    n_motif = motif.sum(axis=1)
    signal = np.where(motif, score, 0).sum(axis=1) / np.maximum(n_motif, 1)
    if score.shape[1] < top:
        return np.full(len(score), np.nan)
    highest = np.partition(np.where(spacer, score, -np.inf), -top, axis=1)[:, -top:]
    defined = (n_motif > 0) & (highest.min(axis=1) > 0)
    noise = np.where(defined[:, None], highest, 1).mean(axis=1)
    return np.where(defined, signal / noise, np.nan)


def motif_auroc(x: ArrayLike, a: ArrayLike, motif_mask: ArrayLike, **options: Any) -> Floats:
    """Area under the ROC curve of position scores as detectors of motif positions, (N,).

    The probability that a motif position outscores a spacer position, ties counting half.
    NaN when a sequence has no position of one kind.

    Parameters
    ----------
    x, a, motif_mask
        As `signal_to_noise`.
    **options
        Its `spacer_mask` and `correct`; `score`, `abs_input` by default, of `position_scores`.
    """
    from scipy.stats import rankdata

    values, motif, spacer = _masked(x, a, motif_mask, **options)
    # Positions of neither kind go below all others, so that they move every rank alike.
    neither = ~(motif | spacer)
    rank = rankdata(np.where(neither, -np.inf, values), axis=1) - neither.sum(axis=1, keepdims=True)
    n_motif, n_spacer = motif.sum(axis=1), spacer.sum(axis=1)
    wins = np.where(motif, rank, 0).sum(axis=1) - n_motif * (n_motif + 1) / 2
    pairs = n_motif * n_spacer
    return np.where(pairs > 0, wins / np.maximum(pairs, 1), np.nan)


def motif_aupr(x: ArrayLike, a: ArrayLike, motif_mask: ArrayLike, **options: Any) -> Floats:
    """Average precision of position scores as detectors of motif positions, (N,).

    Sum over score thresholds of (recall gained) x (precision there); positions with equal
    scores pass together. A map that says nothing gets the share of motif positions. Arguments
    and NaN as `motif_auroc`.
    """
    values, motif, spacer = _masked(x, a, motif_mask, **options)
    used = motif | spacer
    order = np.argsort(np.where(used, -values, np.inf), axis=1, kind="stable")
    value = np.take_along_axis(values, order, axis=1)
    positive, inside = (np.take_along_axis(v, order, axis=1) for v in (motif, used))
    tied = np.pad((value[:, 1:] == value[:, :-1]) & inside[:, 1:], ((0, 0), (0, 1)))
    places = np.arange(value.shape[1])
    # Where each tie ends: there its precision is taken.
    ends = np.where(tied, len(places) - 1, places)
    ends = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
    precision = np.take_along_axis(positive.cumsum(axis=1) / (places + 1), ends, axis=1)
    n_motif = motif.sum(axis=1)
    average = np.where(positive, precision, 0).sum(axis=1) / np.maximum(n_motif, 1)
    return np.where((n_motif > 0) & spacer.any(axis=1), average, np.nan)


def _masked(
    x: ArrayLike,
    a: ArrayLike,
    motif_mask: ArrayLike,
    *,
    spacer_mask: ArrayLike | None = None,
    score: str = "abs_input",
    correct: bool = True,
) -> tuple[Floats, Mask, Mask]:
    """Position scores and the two masks, each (N, L)."""
    x, a = maps.check_shapes(x, a)
    motif = maps.check_mask(motif_mask, x, "motif_mask")
    spacer = ~motif if spacer_mask is None else maps.check_mask(spacer_mask, x, "spacer_mask")
    if (motif & spacer).any():
        n, i = np.argwhere(motif & spacer)[0]
        raise ValueError(f"spacer_mask[{n}, {i}]: got True where motif_mask is True too")
    return maps.position_scores(x, a, score=score, correct=correct), motif, spacer
