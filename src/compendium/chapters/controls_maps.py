"""Control maps: they keep something that a score may reward and leave out what it should reward."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from attribution_consistency.sequences import one_hot_to_codes

from ..kmer_words import kmer_indices

SPIKE = 8  # positions of a random spike
WORD = 6  # length of an arbitrary word
WORDS = 40  # arbitrary words that a wrong map points at


def spikes(x: np.ndarray, rng: np.random.Generator, width: int = SPIKE) -> np.ndarray:
    """Maps that are 1 at `width` consecutive random positions of each sequence, (N, L, 4)."""
    start = rng.integers(0, x.shape[1] - width + 1, (len(x), 1))
    place = np.arange(x.shape[1]) - start
    return x * ((place >= 0) & (place < width))[:, :, None]


def pointing_at(x: np.ndarray, words: ArrayLike, k: int = WORD) -> np.ndarray:
    """Maps that are 1 wherever one of some k-mers stands and 0 elsewhere, (N, L, 4).

    Parameters
    ----------
    x : (N, L, 4)
    words : int (n,)
        Indices of k-mers in the order of `kmer_names`.
    k : int
    """
    index, known = kmer_indices(one_hot_to_codes(x), k)
    starts = np.isin(index, words) & known
    marked = np.zeros(x.shape[:2], bool)
    for i in range(k):
        marked[:, i : i + starts.shape[1]] |= starts
    return x * marked[:, :, None]


def wrong_words(
    x: np.ndarray, rng: np.random.Generator, n_words: int = WORDS, k: int = WORD
) -> np.ndarray:
    """`pointing_at` of `n_words` arbitrary k-mers: consistent, and wrong."""
    return pointing_at(x, rng.choice(4**k, n_words, replace=False), k)


def in_noise(x: np.ndarray, a: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`a` and half-normal noise at the bases that are there, with equal totals, (N, L, 4).

    Parameters
    ----------
    x : (N, L, 4)
    a : (N, L, 4)
        Not negative, 0 but at those bases.  A sequence without any has noise alone.
    rng : numpy Generator
    """
    noise = np.abs(rng.normal(size=x.shape[:2])) * x.any(axis=2)
    total = a.sum(axis=(1, 2))
    scale = np.where(total > 0, total, 1) / np.maximum(noise.sum(axis=1), 1e-12)
    return a + x * (noise * scale[:, None])[:, :, None]
