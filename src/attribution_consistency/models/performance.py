"""Prediction performance: AUROC and Pearson r."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..metric.rounding import varies


def auroc(y: ArrayLike, score: ArrayLike) -> float:
    """Area under the ROC curve, in which ties count one half.

    Parameters
    ----------
    y : array-like, shape (N,)
        Classes, 0 or 1.
    score : array-like, shape (N,)
        Predictions.

    Returns
    -------
    float
        NaN when only one class is present or a score is not finite.
    """
    from scipy.stats import rankdata

    y, score = np.asarray(y) > 0.5, np.asarray(score, float)
    positives, negatives = int(y.sum()), int((~y).sum())
    if not positives or not negatives or not np.isfinite(score).all():
        return float("nan")
    if not varies(score):  # ties, but for the last bits
        return 0.5
    ranks = rankdata(score)[y].sum()
    return float((ranks - positives * (positives + 1) / 2) / (positives * negatives))


def pearson(y: ArrayLike, prediction: ArrayLike) -> float:
    """Pearson correlation of two vectors (N,); NaN when one of them is constant."""
    one, other = np.asarray(y, float), np.asarray(prediction, float)
    if not (varies(one) and varies(other)):
        return float("nan")
    one, other = one - one.mean(), other - other.mean()
    scale = np.sqrt((one**2).sum() * (other**2).sum())
    return float((one * other).sum() / scale)
