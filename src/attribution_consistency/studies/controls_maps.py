"""Control maps: they keep something that a score may reward and leave out what it should reward."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

SPIKE = 8  # positions of a random spike
WORD = 6  # length of an arbitrary word
WORDS = 40  # arbitrary words that a wrong map points at


def rotated(x: np.ndarray, a: np.ndarray, rng: np.random.Generator, closest: int = 8) -> np.ndarray:
    """Maps whose position scores are those of `a`, each sequence's rotated at random.

    Offsets are uniform in `closest` to L - closest.  At its new place the four entries of a
    position are shifted around so that the base that is there has what the base of the old
    place had: signed, absolute and l2 scores, with gradient correction or without, are exactly
    those of the old place.

    Parameters
    ----------
    x, a : (N, L, 4)
    rng : numpy Generator
    closest : int

    Returns
    -------
    (N, L, 4)
    """
    n, length, _ = a.shape
    offset = rng.integers(closest, length - closest, (n, 1), endpoint=True)
    source = (np.arange(length) - offset) % length
    codes, rows = x.argmax(axis=2), np.arange(n)[:, None]
    shift = codes - codes[rows, source]
    channel = (np.arange(4) - shift[:, :, None]) % 4
    return np.take_along_axis(a[rows, source], channel, axis=2)


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
        Indices of k-mers in the order of `metric.kmer_names`.
    k : int
    """
    codes = x.argmax(axis=2)
    width = codes.shape[1] - k + 1
    index = sum(codes[:, i : i + width] * 4 ** (k - 1 - i) for i in range(k))
    known = x.any(axis=2)
    found = np.isin(index, words)
    score = np.zeros(codes.shape, bool)
    for i in range(k):
        score[:, i : i + width] |= found
    return x * (score & known)[:, :, None]


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
