"""Prediction performance: AUROC and Pearson r."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from attribution_consistency.rounding import AS_SINGLE, varies

from .stats import correlations


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
    if not varies(score, AS_SINGLE):  # ties, but for the last bits
        return 0.5
    ranks = rankdata(score)[y].sum()
    return float((ranks - positives * (positives + 1) / 2) / (positives * negatives))


def pearson(y: ArrayLike, prediction: ArrayLike) -> float:
    """Pearson correlation of two vectors (N,); NaN when one of them is constant."""
    table = np.array([y, prediction], float)
    known = varies(table, AS_SINGLE, axis=1).all()
    return float(correlations(table, "pearson")[0, 1]) if known else float("nan")
