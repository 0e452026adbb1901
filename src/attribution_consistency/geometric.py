"""The geometric method: do attribution vectors point in a few directions?

After gradient correction the four attributions of a position add up to 0: a vector in a
three-dimensional space, whose direction is two angles. Noise points anywhere, in a density that
changes slowly over the sphere; repeated motifs give directions that recur. The score is the
Kullback-Leibler divergence (KLD) of the density over the angles from its own local average.

Source: the published description in Majdandzic et al. 2022, *Selecting deep neural networks that
yield consistent attribution-based interpretations for genomics*, PMLR 200:131-149. Ours: the
azimuth wraps around, the neighbourhood is symmetric, the local prior is normalised (so that the
KLD is never negative), and nothing is rounded.
"""

import numpy as np
from numpy.typing import ArrayLike

from . import maps
from .arrays import Array, Floats
from .rounding import varies

# Orthonormal basis of the vectors (A, C, G, T) whose entries add up to 0, one per column.
BASIS = np.array([[-1, -1, -1], [1, -1, -1], [0, 2, -1], [0, 0, 3]]) / np.sqrt([2, 6, 12])


def geometric_kld(
    x: ArrayLike, a: ArrayLike, *, top_fraction: float = 0.1, box: float = 0.1, reach: int = 3
) -> float:
    """KLD of the directions of the largest attribution vectors from their local average, nats.

    Each sequence's map is scaled to norm 1; a vector counts with its squared length.

    Parameters
    ----------
    x : (N, L, 4)
        One-hot sequences.
    a : (N, L, 4)
        Attribution maps; correction is part of the method.
    top_fraction : float
        Share of all positions with a known base that is used, those with the longest vectors;
        the authors' scripts have 0.01 and 0.04, ours is larger because few points in many boxes
        raise the KLD by themselves.
    box : float
        Side of the boxes over the two angles in radians, the azimuth being halved so that both
        run from 0 to pi.
    reach : int
        The prior of a box is the mean over boxes up to this far.

    Raises
    ------
    ValueError
        For invalid input.

    References
    ----------
    Majdandzic et al. 2022, PMLR 200:131-149; the module says what is ours.
    """
    x, a = maps.check_shapes(x, a)
    if not 0 < top_fraction <= 1:
        raise ValueError(f"top_fraction: got {top_fraction!r}, expected above 0 and at most 1")
    if not 0 < box <= 1:
        raise ValueError(f"box: got {box!r}, expected an angle above 0 and at most 1 radian")
    reach = maps.check_whole(reach, "reach", 1)
    vectors = _vectors(x, a)
    length = np.sqrt((vectors**2).sum(axis=1))
    n_used = max(1, round(top_fraction * len(length)))
    cutoff = np.partition(length, -n_used)[-n_used] if len(length) else 0.0
    used = (length >= cutoff) & (length > 0)
    if not used.any():
        raise ValueError("a: every vector is 0 after gradient correction: nothing to compare")
    p = density_of(vectors[used], length[used], max(3, int(np.pi / box)))
    prior = local_mean(p, reach)
    filled = p > 0
    return float((p[filled] * np.log(p[filled] / prior[filled])).sum())


def _vectors(x: Array, a: Array) -> Floats:
    """Directions of the corrected map at known positions, every sequence scaled to norm 1."""
    maps.position_scores(x, a)  # checks them
    known = np.asarray(x.any(axis=2))
    # What a correction leaves of four that are equal to single precision is rounding.
    differ = known & varies(a, 1e-6, axis=2)
    v = maps.gradient_correction(np.where(differ[..., None], a, 0.0)) @ BASIS
    norm = np.sqrt((v**2).sum(axis=(1, 2), keepdims=True))
    return np.asarray((v / np.where(norm == 0, 1, norm))[known])


def density_of(vectors: Floats, length: Floats, n: int) -> Floats:
    """Share of squared length in each of n x n boxes over (half azimuth, polar angle)."""
    azimuth = np.arctan2(vectors[:, 2], vectors[:, 1]) / 2 + np.pi / 2
    polar = np.arccos(np.clip(vectors[:, 0] / length, -1, 1))
    angles = np.stack([azimuth, polar])
    row, column = np.minimum((angles * (n / np.pi)).astype(int), n - 1)
    p = np.bincount(row * n + column, length**2, n * n).reshape(n, n)
    return np.asarray(p / p.sum())


def local_mean(p: Floats, reach: int) -> Floats:
    """Mean over the boxes up to `reach` away, around the azimuth and up to the poles."""
    from scipy.ndimage import uniform_filter1d

    box = {"size": 2 * reach + 1, "mode": "constant"}
    around = uniform_filter1d(p, 2 * reach + 1, axis=0, mode="wrap")
    mean = uniform_filter1d(around, axis=1, **box) / uniform_filter1d(np.ones(len(p)), **box)
    return np.asarray(mean / mean.sum())
