"""KLDs against a slow reference, closed forms, invariances and orderings."""

import warnings

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_examples import ADVERSARIAL, planted_pair, random_pair

from attribution_consistency import constant_floor, kmer_klds, maps, thresholded_kld
from attribution_consistency.divergence import excess_klds, kmer_distributions
from attribution_consistency.kmers import kmer_names
from attribution_consistency.maps import gradient_correction, position_scores

READINGS = maps.READINGS
quick = settings(max_examples=25, deadline=None)


def usable(x, k):
    return any(reference.windows(sequence, k) for sequence in reference.letters(x))


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("score", maps.SCORES)
@pytest.mark.parametrize("correct", [True, False])
@pytest.mark.parametrize("case", ADVERSARIAL)
def test_agrees_with_reference(case, reading, score, correct):
    x, a = random_pair(1, **ADVERSARIAL[case])
    ks = [k for k in (1, 2, 3, 5) if usable(x, k)]
    got = kmer_klds(x, a, ks, reading=reading, score=score, correct=correct)
    want = [reference.kmer_kld(x, a, k, reading, score, correct) for k in ks]
    np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("reading", READINGS)
def test_agrees_with_reference_at_all_default_ks(reading):
    x, a = random_pair(2, n=20, length=60, unknown=0.02)
    got = kmer_klds(x, a, reading=reading)
    want = [reference.kmer_kld(x, a, k, reading) for k in range(3, 9)]
    np.testing.assert_allclose(got, want, rtol=1e-10)


def test_the_longest_words_have_ten_bases():
    x, a = random_pair(2, n=8, length=30)
    want = [reference.kmer_kld(x, a, k) for k in (1, 10)]
    np.testing.assert_allclose(kmer_klds(x, a, [1, 10]), want, rtol=1e-10)


def test_float32_agrees_with_float64():
    x, a = random_pair(3, n=50, length=80)
    a += 100  # the correction must not cancel in single precision
    a = a.astype(np.float32)
    got = kmer_klds(x.astype(np.float32), a)
    want = [reference.kmer_kld(x, a, k) for k in range(3, 9)]
    np.testing.assert_allclose(got, want, rtol=1e-6)


def frequencies(x):
    """Those of the k-mers of sequences, to pass as a prior."""
    return {k: kmer_distributions(x, x, k).p for k in (2, 3)}


@quick
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 8),
    length=st.integers(3, 25),
    bases=st.integers(1, 4),
    reading=st.sampled_from(READINGS),
)
def test_agrees_with_reference_on_random_input(seed, n, length, bases, reading):
    x, a = random_pair(seed, n=n, length=length, bases=bases)
    a[np.random.default_rng(seed).random(n) < 0.2] = 0
    if not a.any():
        return
    got = kmer_klds(x, a, [1, 3], reading=reading)
    want = [reference.kmer_kld(x, a, k, reading) for k in (1, 3)]
    np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("score", maps.SCORES)
def test_floor_and_excess_agree_with_reference(reading, score):
    x, a = random_pair(4, n=8, length=40, unknown=0.05)
    ks = [1, 2, 4]
    floor = constant_floor(x, ks, reading=reading, score=score)
    excess = excess_klds(x, a, ks, reading=reading, score=score)
    want = [reference.floor(x, k, reading, score) for k in ks]
    np.testing.assert_allclose(floor, want, rtol=1e-10, atol=1e-14)
    want = [reference.excess(x, a, k, reading, score) for k in ks]
    np.testing.assert_allclose(excess, want, rtol=1e-10, atol=1e-14)


def test_floor_in_closed_form():
    """q = p**2 / sum(p**2): KL = sum(p**2 log p) / sum(p**2) - log(sum(p**2))."""
    x, _ = random_pair(5, n=100, length=50)
    for k in (3, 6):
        p = kmer_distributions(x, x, k, correct=False).p
        p = p[p > 0]
        # Windows at the ends of a sequence weigh as much as others: each has k equal scores.
        closed = (p**2 @ np.log(p)) / (p**2).sum() - np.log((p**2).sum())
        assert constant_floor(x, [k])[0] == pytest.approx(closed, rel=1e-12)
        assert kmer_klds(x, x, [k], correct=False)[0] == pytest.approx(closed, rel=1e-12)


def test_floor_of_instance_is_zero():
    x, _ = random_pair(6, n=100, length=50)
    np.testing.assert_allclose(constant_floor(x, reading="instance"), 0, atol=1e-14)


def test_floor_is_what_a_constant_map_scores():
    x, _ = random_pair(7, n=30, length=40, unknown=0.03)
    for reading in READINGS:
        for score, a in (("abs_input", x), ("l2", np.ones_like(x))):
            got = kmer_klds(x, a, [3, 5], reading=reading, score=score, correct=False)
            floor = constant_floor(x, [3, 5], reading=reading, score=score)
            np.testing.assert_allclose(got, floor, rtol=1e-12, atol=1e-14)
            excess = excess_klds(x, a, [3, 5], reading=reading, score=score, correct=False)
            np.testing.assert_allclose(excess, 0, atol=1e-14)


@quick
@given(seed=st.integers(0, 10**6), reading=st.sampled_from(READINGS))
def test_excess_is_never_negative(seed, reading):
    x, a = random_pair(seed, n=4, length=20)
    assert (excess_klds(x, a, [2, 4], reading=reading) >= -1e-15).all()


@quick
@given(
    seed=st.integers(0, 10**6),
    reading=st.sampled_from(READINGS),
    chunk=st.sampled_from([1, 50, 10**6]),
    scale=st.sampled_from([1e-30, 3.0, 1e12]),
    layout=st.sampled_from(["C", "F", "strided", "length last"]),
)
def test_invariances(seed, reading, chunk, scale, layout):
    x, a = random_pair(seed, n=7, length=23, unknown=0.02)
    want = kmer_klds(x, a, [2, 4], reading=reading)
    order = np.random.default_rng(seed).permutation(len(x))
    x, a = x[order], scale * a[order]
    if layout == "F":
        x, a = np.asfortranarray(x), np.asfortranarray(a)
    elif layout == "strided":
        x, a = np.repeat(x, 2, axis=1)[:, ::2], np.repeat(a, 3, axis=0)[::3]
    elif layout == "length last":
        x, a = (v.transpose(0, 2, 1).copy().transpose(0, 2, 1) for v in (x, a))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(maps, "CHUNK", chunk)
        got = kmer_klds(x, a, [2, 4], reading=reading)
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("chunk", [1, 60, 23 * 6])
def test_what_is_read_in_pieces_is_counted_once(monkeypatch, chunk):
    x, a = random_pair(3, n=7, length=23, unknown=0.05)
    a[[0, 2, 6]] = 0
    whole = maps.tracks(x, [a, None], maps.Options()), thresholded_kld(x, a, 2)
    monkeypatch.setattr(maps, "CHUNK", chunk)
    for got, want in zip(maps.tracks(x, [a, None], maps.Options()), whole[0]):
        np.testing.assert_allclose(got, want, rtol=1e-12)
    assert whole[0].n_all_zero.tolist() == [3, 0]
    assert thresholded_kld(x, a, 2) == pytest.approx(whole[1], rel=1e-12)


def test_sequences_that_score_zero():
    """They add nothing to q, stay in p, and are counted."""
    x, a = random_pair(10, n=10, length=30)
    more, _ = random_pair(11, n=3, length=30)
    whole, zeros = np.concatenate([x, more]), np.concatenate([a, np.zeros_like(more)])
    before = kmer_distributions(x, a, 3, reading="instance")
    after = kmer_distributions(whole, zeros, 3, reading="instance")
    np.testing.assert_allclose(after.q, before.q, rtol=1e-12)
    assert maps.tracks(whole, [zeros], maps.Options()).n_all_zero == [3]
    assert after.counts.sum() == 13 * 28


def test_counts_and_names():
    x = np.eye(4)[[[0, 1, 2, 3, 3]]]
    table = kmer_distributions(x, x, 2, correct=False)
    names = kmer_names(2)
    assert {names[i]: int(table.counts[i]) for i in np.flatnonzero(table.counts)} == {
        "AC": 1,
        "CG": 1,
        "GT": 1,
        "TT": 1,
    }


def test_order_of_ks_is_kept():
    x, a = random_pair(12)
    one = [kmer_klds(x, a, [k])[0] for k in (5, 2, 5)]
    np.testing.assert_allclose(kmer_klds(x, a, [5, 2, 5]), one, rtol=1e-12)


def test_reverse_direction():
    x, a = random_pair(13, n=40, length=60)
    table = kmer_distributions(x, a, 2)
    want = (table.p * np.log(table.p / table.q)).sum()
    assert kmer_klds(x, a, [2], reverse=True)[0] == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("reading", READINGS)
def test_prior_from_elsewhere(reading):
    x, a = random_pair(14, n=40, length=60)
    other, _ = random_pair(15, n=400, length=60)
    own = kmer_klds(x, a, [2, 3], reading=reading)
    passed = kmer_klds(x, a, [2, 3], reading=reading, prior=frequencies(x))
    np.testing.assert_allclose(passed, own, rtol=1e-12)
    counts = {k: 7 * p for k, p in frequencies(x).items()}
    passed = kmer_klds(x, a, [2, 3], reading=reading, prior=counts)
    np.testing.assert_allclose(passed, own, rtol=1e-12)
    prior = frequencies(other)
    foreign = kmer_klds(x, a, [2, 3], reading=reading, prior=prior)
    assert (foreign != own).all() and (foreign >= 0).all()
    prior[3][5] = 0
    with pytest.raises(ValueError, match="prior: got frequency 0 for ACC"):
        kmer_klds(x, a, [3], reading=reading, prior=prior)
    smoothed = kmer_klds(x, a, [3], reading=reading, prior=prior, pseudocount=1e-4)
    assert np.isfinite(smoothed).all()


@pytest.mark.parametrize("reading", READINGS)
def test_planted_beats_rotated(reading):
    x, a, _ = planted_pair()
    scores = np.abs((a * x).sum(axis=2))
    rolled = np.stack([np.roll(row, 20 + i % 50) for i, row in enumerate(scores)])
    planted = excess_klds(x, a, [4, 6], reading=reading)
    rotated = excess_klds(x, x * rolled[..., None], [4, 6], reading=reading)
    assert (planted > 2 * rotated).all()


@pytest.mark.parametrize("reading", READINGS)
def test_sharper_beats_blurrier(reading):
    klds = []
    for sharpness in (2.0, 0.5, 0.1):
        x, a, _ = planted_pair(sharpness=sharpness)
        klds.append(kmer_klds(x, a, reading=reading))
    assert (np.diff(klds, axis=0) < 0).all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("unknown", [0.0, 0.05])
def test_thresholded_agrees_with_reference(seed, unknown):
    x, a = random_pair(seed, n=20, length=50, unknown=unknown)
    a = np.cumsum(a, axis=1)  # runs of high scores
    for options in (dict(), dict(score="abs_input"), dict(correct=False), dict(buffer=0)):
        want = reference.thresholded_kld(x, a, 3, **options)
        got = thresholded_kld(x, a, 3, **options)
        assert got == pytest.approx(want, rel=1e-10, nan_ok=True)
    want = reference.thresholded_kld(x, a, 2, fraction=0.5, buffer=5)
    got = thresholded_kld(x, a, 2, quantile=0.5, buffer=5)
    assert got == pytest.approx(want, rel=1e-10)


def track(scores, codes):
    """A pair (x, a) whose uncorrected abs_input scores are the given ones."""
    x = np.eye(4)[np.array([codes])]
    return x, x * np.array([scores], dtype=float)[..., None]


def kept_kmers(scores, codes, k, quantile, buffer):
    """The k-mers a threshold keeps, read off a KLD that has only one possible value."""
    x, a = track(scores, codes)
    return thresholded_kld(
        x, a, k, quantile=quantile, buffer=buffer, score="abs_input", correct=False
    )


def test_buffer_is_on_the_right_end_only():
    codes = [0, 1, 2, 3, 0, 0, 0, 0, 0, 0]  # 1-mers: A 7/10, C G T 1/10 each
    scores = [0, 0, 9, 0, 0, 0, 0, 0, 0, 0]
    # Kept: position 2 (G) and, with a buffer of 1, position 3 (T), not position 1 (C).
    assert kept_kmers(scores, codes, 1, 0.9, 0) == pytest.approx(np.log(10))
    assert kept_kmers(scores, codes, 1, 0.9, 1) == pytest.approx(np.log(5))
    # With 2, also position 4 (A).
    want = 2 / 3 * np.log(10 / 3) + 1 / 3 * np.log(1 / 3 / 0.7)
    assert kept_kmers(scores, codes, 1, 0.9, 2) == pytest.approx(want)


def test_buffer_is_clipped_and_runs_merge():
    codes = [0, 0, 0, 0, 0, 0, 0, 1, 2, 3]
    # The run ends with the sequence: kept T only.
    assert kept_kmers([0] * 9 + [5], codes, 1, 0.9, 2) == pytest.approx(np.log(10))
    # Positions 7 and 9 with a buffer of 1: one run 7-9, so the 3-mer CGT is inside it.
    scores = [0] * 7 + [5, 0, 5]
    assert np.isnan(kept_kmers(scores, codes, 3, 0.7, 0))
    assert kept_kmers(scores, codes, 3, 0.7, 1) == pytest.approx(np.log(8))


def test_threshold_is_strict():
    """Equal scores: none is above its own quantile, so nothing is kept."""
    assert np.isnan(kept_kmers([1] * 10, [0, 1, 2, 3, 0, 1, 2, 3, 0, 1], 1, 0.9, 2))


def test_no_window_kept_is_nan():
    scores, codes = [0, 0, 0, 0, 9, 0, 0, 0, 0, 0], [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
    assert np.isnan(kept_kmers(scores, codes, 6, 0.9, 2))


def test_gradient_correction_is_a_choice():
    x, a = random_pair(17)
    shifted = a + np.random.default_rng(0).normal(size=a.shape[:2])[..., None]
    np.testing.assert_allclose(kmer_klds(x, shifted, [3]), kmer_klds(x, a, [3]), rtol=1e-9)
    assert kmer_klds(x, shifted, [3], correct=False) != kmer_klds(x, a, [3])
    corrected = gradient_correction(a)
    np.testing.assert_allclose(corrected.sum(axis=-1), 0, atol=1e-12)
    np.testing.assert_allclose(
        kmer_klds(x, corrected, [3], correct=False), kmer_klds(x, a, [3]), rtol=1e-9
    )


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_the_scale_of_a_map_does_not_matter(scale):
    x, a = random_pair(4, n=30, length=40)
    want, found = (position_scores(x, m, score="l2") for m in (a, a.astype(float) * scale))
    np.testing.assert_allclose(found / scale, want, rtol=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert thresholded_kld(x, a.astype(float) * scale, 3) == pytest.approx(
            thresholded_kld(x, a, 3)
        )


def test_the_quantile_0_keeps_all_but_the_lowest_score():
    """Two sequences whose lowest score stands at their end, and is not kept."""
    x, _ = random_pair(0, n=2, length=12)
    a = x * np.arange(12, 0, -1)[:, None]
    kept = kmer_distributions(x[:, :11], x[:, :11], 2).p
    every = kmer_distributions(x, x, 2).p
    want = (kept[kept > 0] * np.log(kept[kept > 0] / every[kept > 0])).sum()
    found = thresholded_kld(x, a, 2, quantile=0, buffer=0, score="abs_input", correct=False)
    assert found == pytest.approx(want) and found > 0
    for other in (-1e-9, 1, np.nan):
        with pytest.raises(ValueError, match="quantile: got"):
            thresholded_kld(x, a, 2, quantile=other)


@pytest.mark.parametrize("name", ["quantile", "buffer", "pseudocount"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -1])
def test_options_that_are_no_numbers_are_refused(name, value):
    x, a = random_pair(0)
    with pytest.raises(ValueError, match=f"{name}: got {value}"):
        if name == "pseudocount":
            kmer_klds(x, a, [1], prior={1: [1, 1, 1, 1]}, pseudocount=value)
        else:
            thresholded_kld(x, a, 2, **{name: value})


def test_a_prior_whose_sum_is_no_number():
    x, a = random_pair(0)
    with pytest.raises(ValueError, match=r"prior\[1\]: got shape"):
        kmer_klds(x, a, [1], prior={1: [1e308] * 4})


def test_words_have_six_bases_unless_said_otherwise():
    x, a = random_pair(0, n=20, length=40)
    assert kmer_distributions(x, a).q.shape == (4**6,)
    assert thresholded_kld(x, a) == thresholded_kld(x, a, 6) != thresholded_kld(x, a, 7)


def test_a_buffer_that_is_longer_than_the_sequence_ends_with_it():
    x, _ = random_pair(0, n=3, length=12)
    a = x * (np.arange(12) == 0)[:, None]
    options = {"score": "abs_input", "correct": False, "quantile": 0.9}
    for buffer in (11, 12, 100):
        assert thresholded_kld(x, a, 2, buffer=buffer, **options) == pytest.approx(0, abs=1e-12)
    assert thresholded_kld(x, a, 2, buffer=10, **options) > 0


def test_a_pseudocount_is_added_before_frequencies_are_taken():
    x, a = random_pair(0)
    found = kmer_klds(x, a, [1], prior={1: [3, 1, 1, 1]}, pseudocount=1)
    assert found == pytest.approx(kmer_klds(x, a, [1], prior={1: [4, 2, 2, 2]}))
