"""Decisions between floats that another processor computes with another last bit.

An argmax over a tie, an order of equal values, a spread that should be zero: each comes out of the
last bit, and the last bit depends on the processor. Here such decisions have a stated rule: values
are rounded to nine digits of the largest one, and of equal values the first counts.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arrays import Array, Floats, Mask

DIGITS = 9
AS_SINGLE = 1e-5  # tolerance of numbers that come from single precision, whatever their type


def rounded(values: ArrayLike, digits: int = DIGITS) -> Floats:
    """Values rounded to so many digits of the largest finite magnitude among them.

    Infinities and NaNs stay what they are.
    """
    values = np.asarray(values, dtype=np.float64)
    finite = np.abs(values[np.isfinite(values)])
    largest = finite.max() if finite.size else 0.0
    if largest == 0:
        return values.copy()
    decimals = digits - 1 - int(np.floor(np.log10(largest)))
    if abs(decimals) > 300:  # beyond what a power of ten can scale
        return values.copy()
    # Adding 0 makes -0 a 0.
    step = 10.0**-decimals
    return np.round(values / step) * step + 0.0


def first_largest(values: ArrayLike) -> int:
    """Index of the largest value, of equal ones the first; NaNs are passed over.

    Raises
    ------
    ValueError
        When no value is a number.
    """
    values = rounded(np.ravel(values))
    if np.isnan(values).all():
        raise ValueError("values: got nothing but NaN, expected a number")
    return int(np.nanargmax(values))


def first_smallest(values: ArrayLike) -> int:
    """Index of the smallest value, of equal ones the first; see `first_largest`."""
    return first_largest(-np.ravel(np.asarray(values, dtype=np.float64)))


def descending(values: ArrayLike) -> NDArray[np.intp]:
    """Indices (n,) from the largest value to the smallest, equal ones in their order, NaNs last."""
    return np.argsort(-rounded(np.ravel(values)), kind="stable")


def at_least(values: ArrayLike, bound: ArrayLike) -> Mask:
    """Whether values reach a bound, values that differ from it by rounding only included."""
    values, bound = np.asarray(values, np.float64), np.asarray(bound, np.float64)
    with np.errstate(invalid="ignore"):  # infinity minus itself
        slack = 10.0**-DIGITS * np.maximum(np.abs(values), np.abs(bound)) + 1e-12
        near = np.isfinite(slack) & (values >= bound - slack)
    return np.asarray((values >= bound) | near)


def varies(
    values: ArrayLike, tolerance: float | None = None, axis: int | None = 0, where: ArrayLike = True
) -> Mask:
    """Whether numbers differ by more than rounding: the one judge of what is constant.

    A network whose output is constant gives numbers that agree to float32 rounding, and whatever is
    correlated with that rounding is an accident of the processor.

    Parameters
    ----------
    values : (n, ...)
        Each column by itself. Those that are not finite do not count.
    tolerance : float
        The smallest spread, as a share of the largest magnitude, that is a difference; by default
        100 times the precision of the type of the numbers, and at least 1e-9.
    axis : int
        That of the numbers that are compared; None: all with each other.
    where : (n, ...) bool
        Which numbers count.
    """
    numbers = np.asarray(values)
    if tolerance is None:
        precise = numbers.dtype if numbers.dtype.kind == "f" else np.float64
        tolerance = max(1e-9, 100 * float(np.finfo(precise).eps))
    numbers = numbers.astype(np.float64, copy=False)
    known = np.isfinite(numbers) & where
    high, low = (np.max(s * numbers, axis=axis, initial=-np.inf, where=known) for s in (1, -1))
    return np.asarray(high + low > tolerance * np.maximum(np.abs(high), np.abs(low)))


def unit(rows: Array, tolerance: float | None = None) -> Array:
    """Rows (n, L) centred and of length 1; one that is constant, which `varies` judges, as 0."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    size = np.where(varies(rows, tolerance, axis=1), np.linalg.norm(centred, axis=1), np.inf)
    return np.asarray(centred / size[:, None])
