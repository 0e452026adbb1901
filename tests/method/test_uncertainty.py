"""Jackknife and rotated null: against brute force, coverage, orderings."""

from itertools import pairwise

import numpy as np
import pytest
from metric_examples import planted_pair, random_pair

from attribution_consistency import (
    excess_interval,
    exchange,
    exchanged_null,
    jackknife,
    kmer_klds,
    kmers,
    maps,
    rotated_null,
)
from attribution_consistency.divergence import kmer_distributions
from attribution_consistency.uncertainty import block_rows, paired_difference, smallest_difference


@pytest.mark.parametrize("reading", maps.READINGS)
@pytest.mark.parametrize("unknown", [0.0, 0.03])
def test_replicates_are_what_the_other_sequences_score(reading, unknown):
    x, a = random_pair(0, n=23, length=40, unknown=unknown)
    a[4] = 0
    found = jackknife(x, a, [2, 5], n_blocks=5, reading=reading)
    bounds = np.linspace(0, 23, 6).astype(int)
    for block, (first, last) in enumerate(pairwise(bounds)):
        rest = np.r_[0:first, last:23]
        want = kmer_klds(x[rest], a[rest], [2, 5], reading=reading)
        np.testing.assert_allclose(found.replicates[block], want, rtol=1e-10)
    np.testing.assert_allclose(found.estimate, kmer_klds(x, a, [2, 5], reading=reading), rtol=1e-12)


def test_interval_is_estimate_and_t_times_se():
    x, a = random_pair(1, n=40, length=40)
    found = jackknife(x, a, [3])
    r = found.replicates
    se = np.sqrt(19 / 20 * ((r - r.mean(axis=0)) ** 2).sum(axis=0))
    np.testing.assert_allclose(found.se, se)
    np.testing.assert_allclose(found.high - found.estimate, 2.093024 * se, rtol=1e-6)
    np.testing.assert_allclose(found.estimate - found.low, 2.093024 * se, rtol=1e-6)
    wider = jackknife(x, a, [3], level=0.99)
    assert wider.low < found.low and wider.high > found.high


def test_paired_difference():
    x, a = random_pair(2, n=60, length=40)
    _, b = random_pair(3, n=60, length=40)
    together = jackknife(x, a, [3, 4], other=b)
    one, two = jackknife(x, a, [3, 4]), jackknife(x, b, [3, 4])
    apart = paired_difference(one, two)
    for got, want in zip(apart, together):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(jackknife(x, a, [3], other=a).se, 0)
    with pytest.raises(ValueError, match="two: got replicates of shape"):
        paired_difference(one, jackknife(x, a, [3, 4], n_blocks=10))


def test_paired_difference_is_sharper_than_two_intervals():
    """Both models see the same sequences: what those share cancels."""
    x, a, mask = planted_pair(n=200, length=60)
    b = a + 0.2 * x * mask[..., None]
    one, two = jackknife(x, a, [4]), jackknife(x, b, [4])
    difference = paired_difference(one, two)
    assert difference.se < 0.5 * np.hypot(one.se, two.se)
    assert difference.high < 0


def test_weighted_score():
    x, a = random_pair(4, n=40, length=40)
    weights = np.array([0.2, 0.8])
    by_k, found = (jackknife(x, a, [3, 5], weights=w) for w in (None, weights))
    assert found.estimate == pytest.approx(by_k.estimate @ weights)
    assert found.replicates.shape == (20,) and np.ndim(found.se) == 0
    null = rotated_null(x, a, [3, 5], weights=weights)
    assert null.null.shape == (99,) and 0 < null.p_value <= 1


def test_coverage():
    """The 95 % interval holds the mean over repeated data sets about that often."""
    runs = [
        jackknife(*planted_pair(seed=seed, n=100, length=40)[:2], [3, 4]) for seed in range(150)
    ]
    truth = np.mean([run.estimate for run in runs], axis=0)
    covered = np.mean([(run.low <= truth) & (truth <= run.high) for run in runs], axis=0)
    assert (covered > 0.89).all() and (covered < 1).all()
    spread = np.std([run.estimate for run in runs], axis=0)
    np.testing.assert_allclose(np.mean([run.se for run in runs], axis=0), spread, rtol=0.2)


def test_paired_coverage():
    """Two models of one kind: the interval of their difference holds 0 about that often."""
    holds = []
    for seed in range(150):
        x, a, mask = planted_pair(seed=seed, n=100, length=40)
        noise = np.random.default_rng(seed + 1000).normal(size=mask.shape)
        b = x * (mask + 0.2 * np.abs(noise))[..., None]
        found = jackknife(x, a, [3], other=b)
        holds.append(found.low[0] <= 0 <= found.high[0])
    assert 0.89 < np.mean(holds) < 1


def test_smallest_difference():
    x, a = random_pair(5, n=60, length=40)
    _, b = random_pair(6, n=60, length=40)
    found = jackknife(x, a, [3], other=b)
    smallest = smallest_difference(found)
    np.testing.assert_allclose(smallest, (2.093024 + 0.860951) * found.se, rtol=1e-5)
    assert smallest_difference(found, power=0.95) > smallest


def test_a_block_that_holds_all_scores():
    x, a = random_pair(7, n=10, length=20)
    a[2:] = 0
    found = jackknife(x, a, [3], n_blocks=5)
    assert np.isfinite(found.estimate).all() and np.isnan(found.replicates[0]).all()
    assert np.isnan(found.se).all()


@pytest.mark.parametrize("reading", maps.READINGS)
def test_planted_beats_rotated_and_noise_does_not(reading):
    x, a, _ = planted_pair(n=60, length=60)
    planted = rotated_null(x, a, [4, 6], reading=reading)
    assert (planted.p_value == 0.01).all() and (planted.excess > 0).all()
    noise = x * np.random.default_rng(0).random(x.shape[:2])[..., None]
    flat = rotated_null(x, noise, [4, 6], reading=reading)
    assert (flat.p_value > 0.02).all()
    assert (np.abs(flat.excess) < 0.1 * planted.excess).all()


def test_rotated_null_is_what_rotated_maps_score():
    x, a = random_pair(8, n=12, length=30)
    a *= x  # scores that are attributions, so that a rotated map is a rotated track
    offsets = np.random.default_rng(0).integers(8, 23, (3, 12))
    scored = maps.tracks(x, [a], maps.Options(score="l2", correct=False))
    still = kmers.stay(12, 30, 3)
    moves = still._replace(sources=still.sources % 12, shifts=offsets.T)
    _, sums = kmers.sum_windows(scored.codes, scored.shares, moves, kmers.all_kmers([3]))
    for draw in range(3):
        rolled = np.stack([np.roll(row, o, axis=0) for row, o in zip(a, offsets[draw])])
        want = kmer_distributions(x, rolled, 3, reading="instance", score="l2", correct=False)
        got = sums[3][draw]
        np.testing.assert_allclose(got / got.sum(), want.q, rtol=1e-12, atol=1e-15)


def test_rotations_move_every_score():
    """Offsets are 8 to L - 8: a single peak is never within 8 positions of where it was."""
    x = np.eye(4)[np.zeros((200, 20), dtype=int)]
    x[:, 10] = np.eye(4)[3]  # the only T, under the only score
    a = np.zeros_like(x)
    a[:, 10] = x[:, 10]
    found = rotated_null(x, a, [1], correct=False, reading="instance")
    assert found.observed == pytest.approx(np.log(20))  # q is all T
    np.testing.assert_allclose(found.null, np.log(20 / 19))  # q is all A
    assert found.p_value == 0.01


def test_same_seed_same_null():
    x, a = random_pair(9, n=10, length=30)
    one, two, other = (rotated_null(x, a, [3], seed=s).null for s in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(maps, "CHUNK", 60)
        np.testing.assert_allclose(rotated_null(x, a, [3], seed=1).null, one, rtol=1e-9)


def test_p_value_of_ties():
    """Draws as high as the observed score count against it."""
    x = np.eye(4)[np.zeros((5, 20), dtype=int)]
    found = rotated_null(x, x, [2], correct=False)
    assert found.p_value == 1 and found.excess == 0


@pytest.mark.parametrize("name", ["level", "power"])
@pytest.mark.parametrize("value", [0, 1, 95, np.nan])
def test_probabilities_are_between_0_and_1(name, value):
    difference = jackknife(*random_pair(0, n=20), [2], n_blocks=5)
    with pytest.raises(ValueError, match=f"{name}: got {value}, expected between 0 and 1"):
        smallest_difference(difference, **{name: value})


@pytest.mark.parametrize("value", [1, 2.5, np.nan, np.inf, "ten"])
def test_blocks_are_whole_numbers(value):
    for interval in (jackknife, excess_interval):
        with pytest.raises(ValueError, match="n_blocks: got"):
            interval(*random_pair(0, n=40), [2], n_blocks=value)


@pytest.mark.parametrize("value", [np.nan, np.inf, 99.5, "many"])
def test_draws_are_whole_numbers(value):
    with pytest.raises(ValueError, match=f"n_draws: got {value}, expected a whole number"):
        exchanged_null(*random_pair(0), [2], n_draws=value)


@pytest.mark.parametrize("n_draws", [0, -1, 1.5, np.nan])
def test_an_excess_needs_a_draw(n_draws):
    with pytest.raises(ValueError, match=f"n_draws: got {n_draws}, expected a whole number of at"):
        excess_interval(*random_pair(0, n=40), [2], n_draws=n_draws)


def test_one_draw_is_enough_for_an_excess():
    found = excess_interval(*random_pair(0, n=40), [2, 3], n_draws=1)
    assert np.isfinite(found.se).all() and (found.se > 0).all()


def test_every_sequence_is_in_one_block():
    x, _ = random_pair(0, n=47)
    how = exchange.exchangeable(x.argmax(axis=2).astype(np.int8))
    for n_blocks, want in ((2, 2), (3, 3), (20, 4)):  # ten sequences or more in each
        rows = block_rows(how, n_blocks)
        assert len(rows) == want and min(map(len, rows)) >= 10
        assert np.concatenate(rows).tolist() == list(range(47))
