"""Types of arrays, for signatures: what a number is; shapes are in the docstrings."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

UNKNOWN = 4  # code of a base that is not A, C, G or T


def of_codes(function: Callable[..., Any]) -> Callable[..., Any]:
    """Remember what a function of codes (N, L) gave: many maps are of the same sequences."""

    @functools.lru_cache(maxsize=2)
    def known(content: bytes, shape: tuple[int, ...], *more: Any) -> Any:
        return function(np.frombuffer(content, np.int8).reshape(shape), *more)

    @functools.wraps(function)
    def call(codes: Array, *more: Any) -> Any:
        frozen = [tuple(m) if isinstance(m, list) else m for m in more]
        return known(codes.astype(np.int8).tobytes(), codes.shape, *frozen)

    return call
