"""Decisions between floats come out the same whatever the last bit."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution_consistency import rounding
from attribution_consistency.rounding import (
    at_least,
    descending,
    first_largest,
    first_smallest,
    rounded,
    varies,
)


def shaken(values, seed):
    """The same values with another last bit, up or down."""
    rng = np.random.default_rng(seed)
    return np.nextafter(values, rng.choice([-np.inf, np.inf], np.shape(values)))


TIES = st.lists(st.sampled_from([0.1, 0.3, 0.7, 1 / 3, 2.5e-3, -4.2]), min_size=2, max_size=12)


@given(TIES, st.integers(0, 99))
def test_the_last_bit_decides_nothing(values, seed):
    values = np.array(values)
    other = shaken(values, seed)
    assert first_largest(other) == values.argmax()
    assert first_smallest(other) == values.argmin()
    assert descending(other).tolist() == np.argsort(-values, kind="stable").tolist()
    assert at_least(other, values).all() and at_least(values, other).all()


def test_a_difference_of_a_millionth_is_seen():
    assert first_largest([1.0, 1.000001]) == 1
    assert descending([1.0, 1.000001, 0.5]).tolist() == [1, 0, 2]
    assert not at_least(1.0, 1.000001)
    assert not at_least(0.0, 1e-9)
    assert at_least([-np.inf, np.inf, np.nan, 2.0], 1.0).tolist() == [False, True, False, True]
    assert at_least(np.inf, np.inf) and not at_least(0.0, np.inf)


def test_nan_is_passed_over_and_nothing_else_is_an_error():
    assert first_largest([np.nan, 2.0, 2.0]) == 1
    assert first_smallest(pd.Series([np.nan, 3.0, 2.0])) == 2
    assert descending([np.nan, 1.0, 2.0]).tolist() == [2, 1, 0]
    assert first_largest([-np.inf, -5.0]) == 1
    with pytest.raises(ValueError, match="NaN"):
        first_largest([np.nan])


def test_rounding_is_relative_to_the_largest():
    assert rounded([123456.7890123, 1e-5]).tolist() == pytest.approx([123456.789, 0])
    assert rounded([0.0, -0.0]).tolist() == [0, 0]
    assert rounded([np.inf, np.nan, 1.0])[[0, 2]].tolist() == [np.inf, 1]
    assert rounded([]).size == 0
    assert rounded([5e-320])[0] == 5e-320  # too small to scale: as it is


@pytest.mark.parametrize("constant", [0.1, -3.0, 1e-8, 7e5])
def test_what_agrees_but_for_float32_rounding_does_not_vary(constant):
    rng = np.random.default_rng(0)
    values = np.float32(constant) * (1 + np.float32(1e-6) * rng.normal(size=50).astype("float32"))
    assert np.ptp(values) > 0
    assert not varies(values)
    assert varies(values * np.linspace(1, 1.001, 50))


def test_what_is_empty_or_not_a_number_does_not_vary():
    assert not varies([]) and not varies([np.nan, 1.0]) and not varies([0.0, 0.0])
    assert varies([0.0, 1e-30])


@pytest.mark.parametrize("constant", [0.1, 1 / 3, -50, 7e3])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_tolerance_is_that_of_the_type_and_of_the_magnitude(constant, dtype):
    one = np.full(9, constant, dtype)
    last_bit = one.copy()
    last_bit[::2] = np.nextafter(one[::2], dtype(np.inf))
    assert np.ptp(last_bit) > 0 and not varies(last_bit) and not varies(one)
    assert varies(one * np.linspace(1, 1.5, 9).astype(dtype))


def test_whole_numbers_vary_by_one():
    assert varies([1, 2]) and varies(np.array([100, 101], np.int8)) and not varies([3, 3])


def test_each_row_by_itself_and_only_what_counts():
    values = np.array([[1.0, 1.0, 5.0], [1.0, 2.0, 2.0]])
    assert varies(values, axis=1).all()
    there = np.array([[True, True, False], [True, True, False]])
    assert varies(values, axis=1, where=there).tolist() == [False, True]
    assert not varies(values, axis=1, where=~there).any()


@pytest.mark.parametrize("constant", [0.1, 1 / 3, 1e100, 0.0])
def test_a_constant_row_correlates_with_nothing(constant):
    rng = np.random.default_rng(0)
    rows = np.stack([rng.normal(size=30), np.full(30, constant), np.arange(30.0)])
    found = rounding.unit(rows) @ rounding.unit(rows).T
    assert found[0, 0] == pytest.approx(1) and found[0, 2] == pytest.approx(
        np.corrcoef(rows[0], rows[2])[0, 1]
    )
    assert (found[1] == 0).all()


def test_nine_digits():
    assert rounding.DIGITS == 9


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e7])
def test_nine_digits_are_kept_and_no_more(size):
    want = np.array([1.23456789, -0.98765432, 0.0])
    np.testing.assert_allclose(
        rounded(size * (want + 4e-9)), size * want, rtol=0, atol=size * 1e-13
    )
    assert (rounded(size * (want + 4e-8)) != rounded(size * want)).all()


@pytest.mark.parametrize("bound", [1.0, -1.0, 1e3, 1e-3])
def test_values_reach_a_bound_that_they_miss_by_less_than_a_thousand_millionth(bound):
    by = abs(bound) * np.array([0, 9e-10, 1.1e-9]) + [0, 0, 1.1e-12]
    assert at_least(bound - by, bound).tolist() == [True, True, False]
    assert at_least([-0.95e-12, -1.05e-12], 0.0).tolist() == [True, False]


@pytest.mark.parametrize(
    ("dtype", "stated", "tolerance"),
    [
        (np.float64, False, 1e-9),
        (np.float32, False, 100 * 2.0**-23),  # its last bit
        (np.float16, False, 100 * 2.0**-10),
        (np.float64, True, 1e-5),
        (np.float32, True, 1e-5),
    ],
)
def test_what_varies_differs_by_more_than_the_tolerance(dtype, stated, tolerance):
    given = rounding.AS_SINGLE if stated else None
    for size in (0.95, 1.05):
        assert varies(np.array([1, 1 - size * tolerance], dtype), given) == (size > 1)
