"""SNR, AUROC and AUPR against hand-worked cases and a slow reference."""

import warnings

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_examples import planted_pair, random_pair

from attribution_consistency import motif_aupr, motif_auroc, signal_to_noise
from attribution_consistency.maps import position_scores


def one(scores, motif, spacer=None):
    """A sequence with given signed scores (uncorrected), and its masks."""
    scores = np.array([scores], dtype=float)
    x = np.eye(4)[np.zeros(scores.shape, dtype=int)]
    masks = dict(motif_mask=np.array([motif], dtype=bool))
    if spacer is not None:
        masks["spacer_mask"] = np.array([spacer], dtype=bool)
    return dict(x=x, a=x * scores[..., None], correct=False, **masks)


def test_snr_by_hand():
    """Signal (3 - 1 + 4) / 3 = 2; noise (1.0 + 0.5) / 2 from the two largest positive."""
    case = one([3, -1, 4, 1, 0.5, 0.2, -9], [1, 1, 1, 0, 0, 0, 0])
    np.testing.assert_allclose(signal_to_noise(**case, top=2), [2 / 0.75])
    np.testing.assert_allclose(signal_to_noise(**case, top=1), [2 / 1])
    # Without signs: signal 8 / 3, noise (9 + 1) / 2.
    np.testing.assert_allclose(signal_to_noise(**case, top=2, absolute=True), [8 / 3 / 5])


def test_snr_may_be_negative():
    case = one([-3, -1, 2, 2], [1, 1, 0, 0])
    np.testing.assert_allclose(signal_to_noise(**case, top=2), [-1])


def test_snr_is_undefined_below_ten_positive_spacer_scores():
    nine = one([5] * 3 + [1] * 9 + [0, -1], [1] * 3 + [0] * 11)
    assert np.isnan(signal_to_noise(**nine)).all()
    ten = one([5] * 3 + [1] * 10 + [0, -1], [1] * 3 + [0] * 12)
    np.testing.assert_allclose(signal_to_noise(**ten), [5])
    assert np.isnan(signal_to_noise(**one([1] * 5, [1, 0, 0, 0, 0]))).all()


def test_snr_without_motif_is_undefined():
    assert np.isnan(signal_to_noise(**one([1] * 12, [0] * 12))).all()


def test_positions_of_neither_kind_are_not_noise():
    case = one([4, 100, 1, 1], [1, 0, 0, 0], [0, 0, 1, 1])
    np.testing.assert_allclose(signal_to_noise(**case, top=2), [4])


def test_snr_of_gradients_is_corrected():
    x, a = random_pair(0, n=3, length=40)
    mask = np.zeros((3, 40), dtype=bool)
    mask[:, 5:12] = True
    np.testing.assert_allclose(
        signal_to_noise(x, a + 5, mask, top=3), signal_to_noise(x, a, mask, top=3)
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), absolute=st.booleans(), correct=st.booleans())
def test_agree_with_reference(seed, absolute, correct):
    rng = np.random.default_rng(seed)
    x, a = random_pair(seed, n=5, length=30, unknown=0.05)
    a = np.round(a)  # ties
    motif = rng.random((5, 30)) < rng.choice([0.0, 0.3, 1.0], p=[0.1, 0.8, 0.1])
    spacer = ~motif & (rng.random((5, 30)) < 0.8)
    for mask in (None, spacer):
        got = signal_to_noise(
            x, a, motif, spacer_mask=mask, top=5, absolute=absolute, correct=correct
        )
        want = reference.signal_to_noise(x, a, motif, mask, 5, absolute, correct)
        np.testing.assert_allclose(got, want, rtol=1e-10)
    auroc = motif_auroc(x, a, motif, spacer_mask=spacer, correct=correct)
    aupr = motif_aupr(x, a, motif, spacer_mask=spacer, correct=correct)
    scores = position_scores(x, a, correct=correct)
    for n in range(5):
        used = motif[n] | spacer[n]
        values, flags = scores[n][used].tolist(), motif[n][used].tolist()
        assert auroc[n] == pytest.approx(reference.auroc(values, flags), nan_ok=True)
        want = reference.average_precision(values, flags)
        assert aupr[n] == pytest.approx(want, nan_ok=True)


def test_perfect_beats_random_beats_inverted():
    x, _, mask = planted_pair(n=50)
    perfect = x * mask[..., None]
    inverted = x * ~mask[..., None]
    noise = x * np.random.default_rng(0).random(mask.shape)[..., None]
    for evaluate in (motif_auroc, motif_aupr):
        best, middle, worst = (np.mean(evaluate(x, v, mask)) for v in (perfect, noise, inverted))
        assert best == 1 and best > middle > worst
    np.testing.assert_allclose(motif_auroc(x, inverted, mask), 0)
    np.testing.assert_allclose(motif_auroc(x, x, mask), 0.5)
    np.testing.assert_allclose(motif_aupr(x, x, mask), mask.mean(axis=1))


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(motif_mask=np.ones((2, 30))), r"motif_mask: got shape \(2, 30\)"),
        (dict(motif_mask=np.full((3, 30), 2)), "motif_mask: got values other than 0 and 1"),
        (dict(motif_mask=np.arange(90).reshape(3, 30) // 44), "motif_mask: got values other than"),
        (dict(spacer_mask=np.ones((3, 30), bool)), r"spacer_mask\[0, 0\]: got True where"),
        (dict(spacer_mask=np.ones(30, bool)), "spacer_mask: got shape"),
        (dict(top=0), "top: got 0"),
        (dict(top=2.5), "top: got 2.5"),
    ],
)
def test_bad_input(change, message):
    x, a = random_pair(0, n=3, length=30)
    mask = np.zeros((3, 30), dtype=bool)
    mask[:, :5] = True
    with pytest.raises(ValueError, match=message):
        signal_to_noise(**{**dict(x=x, a=a, motif_mask=mask), **change})


def test_noise_is_the_mean_of_the_ten_highest_of_many_scores():
    rng = np.random.default_rng(0)
    x = np.eye(4)[rng.integers(0, 4, (6, 300))]
    scores, mask = rng.permuted(np.tile(np.arange(1.0, 301), (6, 1)), axis=1), np.zeros((6, 300))
    mask[:, :5] = 1
    found = signal_to_noise(x, x * scores[..., None], mask, correct=False)
    highest = np.sort(scores[:, 5:], axis=1)[:, -10:].mean(axis=1)
    np.testing.assert_allclose(found, scores[:, :5].mean(axis=1) / highest)


def test_one_position_of_each_kind_is_enough():
    x = np.eye(4)[[[0, 1]]]
    a = x * np.array([2.0, 1.0])[:, None]
    for mask, want in (([[1, 0]], 1), ([[0, 1]], 0)):
        assert motif_auroc(x, a, mask).tolist() == [want]


@pytest.mark.parametrize("function", [motif_auroc, motif_aupr, signal_to_noise])
@pytest.mark.parametrize("motif", [0, 1])
def test_sequences_of_one_kind_have_no_number(function, motif):
    x, a = random_pair(0, n=3, length=30)
    mask = np.zeros((3, 30))
    mask[1], mask[:, :5][[0, 2]] = motif, 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(function(x, a, mask)).tolist() == [False, True, False]


@pytest.mark.parametrize("function", [motif_auroc, motif_aupr, signal_to_noise])
def test_maps_are_corrected_unless_said_otherwise(function):
    rng = np.random.default_rng(0)
    x, mask = np.eye(4)[rng.integers(0, 4, (5, 60))], rng.random((5, 60)) < 0.3
    a = rng.normal(size=x.shape) + 1
    np.testing.assert_array_equal(function(x, a, mask), function(x, a, mask, correct=True))
    assert (function(x, a, mask) != function(x, a, mask, correct=False)).any()
