"""Rank correlations over networks and their intervals."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from compendium import stats
from compendium.stats import bootstrap, resamples, spearman, spearman_difference


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=60)
    return truth, truth + rng.normal(size=60), rng.normal(size=60)


def test_estimate_is_scipys_and_lies_in_its_interval(scores):
    truth, good, _ = scores
    found = spearman(good, truth, draws=300)
    assert found.value == pytest.approx(spearmanr(good, truth)[0])
    assert found.low < found.value < found.high


def test_ties_are_ranked_as_scipy_ranks_them():
    score, truth = [1, 1, 2, 2, 3], [5, 1, 4, 4, 9]
    assert spearman(score, truth, draws=10).value == pytest.approx(spearmanr(score, truth)[0])


def test_networks_without_a_finite_value_stay_out(scores):
    truth, good, _ = scores
    with_hole = good.copy()
    with_hole[3] = np.nan
    expected = spearmanr(np.delete(good, 3), np.delete(truth, 3))[0]
    assert spearman(with_hole, truth, draws=10).value == pytest.approx(expected)


def test_too_few_networks_give_nan():
    assert np.isnan(spearman([1, 2, 3], [1, 2, 3]).value)


def test_repeating_networks_does_not_narrow_a_cluster_interval(scores):
    """Copies of a configuration are no new evidence; resampling networks would think so."""
    truth, good, _ = scores
    copies = np.tile(np.arange(60), 5)
    clustered = spearman(good[copies], truth[copies], groups=copies, draws=400)
    naive = spearman(good[copies], truth[copies], draws=400)
    single = spearman(good, truth, draws=400)
    assert clustered.high - clustered.low == pytest.approx(single.high - single.low, rel=0.25)
    assert naive.high - naive.low < 0.65 * (single.high - single.low)


def test_difference_is_zero_with_itself_and_clear_of_zero_against_noise(scores):
    truth, good, noise = scores
    assert spearman_difference(good, good, truth, draws=100) == (0, 0, 0)
    assert spearman_difference(good, noise, truth, draws=400).low > 0


def test_a_difference_is_that_of_two_correlations():
    first, second, truth = np.random.default_rng(3).normal(size=(3, 30))
    found = spearman_difference(first, second, truth, draws=200)
    expected = spearmanr(first, truth).statistic - spearmanr(second, truth).statistic
    assert found.value == pytest.approx(expected) and found.low < expected < found.high


def test_strata_keep_their_numbers():
    strata = np.repeat(["a", "b", "c"], [4, 10, 3])
    groups = np.arange(17) // 2
    for rows in resamples(np.arange(17), strata, 20, 0):
        assert dict(zip(*np.unique(strata[rows], return_counts=True))) == {"a": 4, "b": 10, "c": 3}
    for rows in resamples(groups, None, 20, 0):
        assert len(rows) in range(9, 19)
        counts = np.bincount(rows, minlength=17)
        assert (counts[0:16:2] == counts[1:16:2]).all()  # groups come whole
    # A score that tells the strata apart and nothing else: pooled and stratified agree on the
    # estimate, and resampling inside strata leaves less to chance.
    level = np.repeat([0.0, 1.0, 2.0], 10)
    rng = np.random.default_rng(0)
    score, truth = level + 0.01 * rng.normal(size=(2, 30))
    free = spearman(score, truth, draws=500)
    kept = spearman(score, truth, strata=level, draws=500)
    assert free.value == kept.value and kept.high - kept.low < free.high - free.low


def test_any_statistic_can_be_bootstrapped(scores):
    truth, good, _ = scores
    groups = np.repeat(np.arange(20), 3)
    found = bootstrap(lambda rows: spearmanr(good[rows], truth[rows])[0], groups, draws=200)
    np.testing.assert_allclose(found, spearman(good, truth, groups=groups, draws=200))
    assert np.isnan(bootstrap(lambda rows: np.nan, groups, draws=5)).all()


def test_several_statistics_share_their_resamples(scores):
    truth, good, noise = scores
    groups = np.repeat(np.arange(20), 3)
    both = bootstrap(
        lambda rows: [spearmanr(v[rows], truth[rows])[0] for v in (good, noise)], groups, draws=50
    )
    for i, score in enumerate((good, noise)):
        alone = spearman(score, truth, groups=groups, draws=50)
        np.testing.assert_allclose([part[i] for part in both], alone)
    assert np.shape(bootstrap(lambda rows: [np.nan] * 2, groups, draws=5)) == (3, 2)


# --- initialisations that all configurations share --------------------------------------------


@pytest.mark.parametrize("constant", [0.0, 0.1, 1 / 3, 7.0, -1e9, 1e-12])
def test_a_constant_has_no_correlation_nor_have_numbers_equal_but_for_rounding(constant):
    rng = np.random.default_rng(0)
    other, flat = rng.normal(size=30), np.full(30, constant)
    rounded = flat * (1 + 1e-15 * rng.normal(size=30))
    found = stats.correlations(np.array([other, flat, rounded, 2 * other]), "pearson")
    assert np.isnan(found[:, 1:3]).all() and found[0, 3] == pytest.approx(1)
    times = np.zeros((2, 30), int)
    times[0, :2], times[1, 0] = 1, 5  # in the second resample the same network only
    several = stats.pearson(np.array([other, 2 * other]), times)
    assert several[0, 0, 1] == pytest.approx(1) and np.isnan(several[1]).all()
