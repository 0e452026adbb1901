"""Runs of a mask."""

import numpy as np
from numpy.typing import ArrayLike


def spans(mask: ArrayLike) -> list[tuple[int, int]]:
    """Runs of True in `mask` (L,), as (first, last + 1) pairs."""
    edges = np.flatnonzero(np.diff(np.r_[False, mask, False]))
    return list(zip(edges[::2], edges[1::2]))
