"""Data sets with a word, and with maps that know it or not: where the nulls of chapter 3 fail."""

from __future__ import annotations

import numpy as np

WORD = np.array([0, 1, 2, 3, 0, 0, 1, 2])  # ACGTAACG


def planted(
    rng: np.random.Generator, jitter: int, n: int = 100, length: int = 200
) -> tuple[np.ndarray, np.ndarray]:
    """Sequences (n, L, 4) with the word, and where it is (n, L): near the middle.

    `jitter` is how far from the middle it is at most, in nt.
    """
    x = np.eye(4, dtype=np.float32)[rng.integers(0, 4, (n, length))]
    first = (length - len(WORD)) // 2 + rng.integers(-jitter, jitter + 1, n)
    inside = np.zeros((n, length), dtype=bool)
    np.put_along_axis(inside, first[:, None] + np.arange(len(WORD)), True, axis=1)
    x[inside] = np.tile(np.eye(4)[WORD], (n, 1))
    return x, inside


def follow_position(rng: np.random.Generator, n: int = 100, length: int = 200) -> np.ndarray:
    """Scores (n, L) that fall with the distance from the middle and know nothing else."""
    profile = np.exp(-0.5 * ((np.arange(length) - length / 2) / 15) ** 2)
    return rng.gamma(0.3, size=(n, length)) * profile
