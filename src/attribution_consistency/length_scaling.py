"""Length scaling: weigh the KLDs of several k by how well each explains the log SNR of models.

Source: S. Chen, *Enhanced Metrics for Assessing Reliability of Deep Neural Networks in Regulatory
Genomics*, "length scaling". What the paper leaves open is named in `length_weights`.
"""

import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import rounding
from .arrays import Array, Floats, Ints
from .maps import check_choice, check_whole

STATISTICS = ("r2", "f", "variance")
FEWEST_MODELS = 60


class LengthWeights(NamedTuple):
    """Weights of the k-mer lengths, each row summing to 1, and where they come from."""

    per_subset: Floats  # (n_subsets, K) weights learnt without each subset
    mean: Floats  # (K,) the final weights
    r2: Floats  # (n_subsets, K) the statistic behind per_subset, negative values as 0
    held_out: Ints  # (M,) the subset of each model: the trial that did not see it
    n_excluded: int  # models left out of the fit: SNR not finite or not above 0
    trained_on: dict[str, Any]  # number of models, options, and what the caller says of the data
    # (n_subsets, K) training mean and SD of each KLD, if standardised
    centre: Floats | None = None
    scale: Floats | None = None


def length_weights(
    klds: ArrayLike,
    snr: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    n_subsets: int = 10,
    n_folds: int = 5,
    statistic: str = "r2",
    standardise: bool = False,
    seed: int = 0,
    trained_on: Mapping[str, Any] | None = None,
) -> LengthWeights:
    """Learn the weight of each k-mer length from models whose SNR is known.

    The models are split into `n_subsets`; each is held out once, and among the others
    `n_folds`-fold cross-validation of log SNR on KLD_k (ordinary least squares) gives a
    statistic per k, normalised to sum 1. Warns below 60 models that the weights are provisional.

    Parameters
    ----------
    klds : (M, K)
        One model per row.
    snr : (M,)
        Models with SNR <= 0 or not finite stay out of the fit and are counted.
    groups : (M,)
        Labels, such as configurations, kept together in every split; None: random splits, as in
        the paper.
    n_subsets, n_folds : int
        Parts of the outer split and of the cross-validation.
    statistic : str
        `r2`, 1 - SS_res / SS_tot of the pooled out-of-fold predictions, negative as 0; `f`, the
        F ratio of the fit to all training models; `variance`, the variance of the out-of-fold
        predictions over that of log SNR.
    standardise : bool
        Apply the weights to KLDs minus training mean over training SD.
    seed : int
        Of the random splits.
    trained_on : mapping
        Noted with the result, such as dict(n=1000, length=200), for `warn_if_unlike`.

    Raises
    ------
    ValueError
        For invalid tables, too few models or groups, or when no length explains anything.

    References
    ----------
    Chen, "length scaling".
    """
    options = {"n_subsets": n_subsets, "n_folds": n_folds, "statistic": statistic}
    options |= {"standardise": bool(standardise), "seed": seed}
    options["split"] = "random" if groups is None else "groups"
    klds, snr, labels = _check_table(klds, snr, groups, statistic)
    used = np.isfinite(snr) & (snr > 0)
    n_used, n_groups = int(used.sum()), len(np.unique(labels[used]))
    if n_used < FEWEST_MODELS:
        few = f"{n_used} models to learn length weights from, fewer than {FEWEST_MODELS}"
        warnings.warn(f"{few}: provisional", stacklevel=2)
    log_snr = np.log(np.where(used, snr, 1.0))
    rng = np.random.default_rng(seed)
    held_out = _split(labels, n_subsets, rng, "n_subsets")
    train = [used & (held_out != subset) for subset in range(n_subsets)]
    folds = [_split(labels[rows], n_folds, rng, "n_folds") for rows in train]
    parts = zip(train, folds)
    r2 = np.array([_explained(klds[t], log_snr[t], fold, statistic) for t, fold in parts])
    if (unexplained := r2.sum(axis=1) == 0).any():  # exactly: negative ones were set to 0
        when = f"when subset {unexplained.argmax()} is held out (all statistics are 0)"
        raise ValueError(f"klds: no k-mer length explains log SNR {when}: no weights to give")
    own = [klds[rows] for rows in train]
    spreads = [np.where(rounding.varies(o), o.std(axis=0, ddof=1), 1) for o in own]
    per_subset = r2 / r2.sum(axis=1, keepdims=True)
    learnt_on = {"models": n_used, "groups": n_groups} | options | dict(trained_on or {})
    scaling = (np.array([o.mean(axis=0) for o in own]), np.array(spreads)) if standardise else ()
    mean, n_excluded = per_subset.mean(axis=0), len(snr) - n_used
    return LengthWeights(per_subset, mean, r2, held_out, n_excluded, learnt_on, *scaling)


def consistency(klds: ArrayLike, weights: ArrayLike | LengthWeights) -> Floats:
    """The final score, sum_k weight_k KLD_k, in nats (standard deviations if standardised).

    Parameters
    ----------
    klds : (..., K)
        In nats.
    weights : (K,)
        Or a `LengthWeights`, whose mean is used.

    Returns
    -------
    score : (...,) float64
        A float for one model.

    Raises
    ------
    ValueError
        When the lengths do not match.

    References
    ----------
    Chen, "length scaling".
    """
    values: Floats = np.asarray(klds, dtype=np.float64)
    if isinstance(weights, LengthWeights):
        if weights.centre is not None and weights.scale is not None:
            values = (values - weights.centre.mean(axis=0)) / weights.scale.mean(axis=0)
        weights = weights.mean
    per_k = np.asarray(weights, dtype=np.float64)
    if per_k.ndim != 1 or values.ndim < 1 or values.shape[-1] != len(per_k):
        expected = f"expected (..., K), one KLD for each weight of shape {per_k.shape}"
        raise ValueError(f"klds: got shape {values.shape}, {expected}")
    if not np.isfinite(per_k).all():
        raise ValueError(f"weights: got {per_k.tolist()}, expected finite numbers")
    return values @ per_k


def warn_if_unlike(trained_on: Mapping[str, Any], n: int, length: int) -> bool:
    """Warn when N L differs more than twofold from that behind the weights; True if it does.

    KLDs grow with neither N nor L alone: few windows per k-mer raise them, so weights carry
    the size they were learnt on.
    """
    before, per_sequence = trained_on.get("n", n), trained_on.get("length", length)
    ratio = n * length / (before * per_sequence)
    if unlike := not 0.5 <= ratio <= 2:
        learnt = f"length weights learnt on {before} sequences of {per_sequence} nt"
        applied = f"applied to {n} of {length} nt: {ratio:.2g} times as many positions"
        warnings.warn(f"{learnt}, {applied}", stacklevel=2)
    return unlike


def _check_table(
    klds: ArrayLike, snr: ArrayLike, groups: ArrayLike | None, statistic: str
) -> tuple[Floats, Floats, Array]:
    """The arguments of `length_weights` as arrays (M, K), (M,) and (M,)."""
    check_choice(statistic, STATISTICS, "statistic")
    klds, snr = np.asarray(klds, dtype=np.float64), np.asarray(snr, dtype=np.float64)
    if klds.ndim != 2 or klds.size == 0:
        raise ValueError(f"klds: got shape {klds.shape}, expected (models, k-mer lengths)")
    groups = np.arange(len(klds)) if groups is None else np.asarray(groups)
    for name, given in (("snr", snr), ("groups", groups)):
        if given.shape != (len(klds),):
            raise ValueError(
                f"{name}: got shape {given.shape}, expected one a model, ({len(klds)},)"
            )
    if not np.isfinite(klds).all():
        m, k = np.argwhere(~np.isfinite(klds))[0]
        raise ValueError(f"klds[{m}, {k}]: got {klds[m, k]}, expected a finite number")
    return klds, snr, groups


def _split(groups: Array, n_parts: int, rng: np.random.Generator, name: str) -> Ints:
    """Part 0 ... n_parts - 1 of each model: whole groups in random order, dealt out in turn."""
    labels, which = np.unique(groups, return_inverse=True)
    check_whole(n_parts, name, 2, len(labels))  # models or groups
    return (rng.permutation(len(labels)) % n_parts)[which]


def _explained(klds: Floats, log_snr: Floats, fold: Ints, statistic: str) -> Floats:
    """How much of the variance of log SNR each column of KLDs explains, never negative: (K,)."""
    spread = ((log_snr - log_snr.mean()) ** 2).sum()
    varies = rounding.varies(klds)
    if not rounding.varies(log_snr) or not varies.any():
        return np.zeros(klds.shape[1])
    if statistic == "f":
        left = ((log_snr[:, None] - _line(klds, log_snr)(klds)) ** 2).sum(axis=0)
        with np.errstate(divide="ignore"):
            explained = np.minimum((spread - left) / (left / (len(log_snr) - 2)), 1e300)
        return np.where(varies, np.maximum(explained, 0), 0.0)
    predicted = np.empty_like(klds)
    for part in np.unique(fold):
        test = fold == part
        predicted[test] = _line(klds[~test], log_snr[~test])(klds[test])
    if statistic == "variance":
        explained = ((predicted - predicted.mean(axis=0)) ** 2).sum(axis=0) / spread
    else:
        explained = np.maximum(0, 1 - ((log_snr[:, None] - predicted) ** 2).sum(axis=0) / spread)
    return np.where(varies, explained, 0.0)


def _line(x: Floats, y: Floats) -> Callable[[Floats], Floats]:
    """Ordinary least squares of y (M,) on each column of x (M, K) by itself: the predictor.

    The closed form of a straight line, for all columns at once: intervals refit it thousands of
    times. A column that does not vary predicts the mean.
    """
    centre, mean = x.mean(axis=0), y.mean()
    square = np.where(rounding.varies(x), ((x - centre) ** 2).sum(axis=0), np.inf)
    slope = ((x - centre) * (y - mean)[:, None]).sum(axis=0) / square
    return lambda new: mean + slope * (new - centre)
