"""Length weights on tables whose answer is known."""

import warnings

import numpy as np
import pytest
from metric_examples import model_table as table

from attribution_consistency import consistency, length_weights
from attribution_consistency.length_scaling import _line, _split, warn_if_unlike


def test_weights_follow_explained_variance():
    klds, snr = table(m=2000, noise=(0.5, 1.0, 2.0))
    found = length_weights(klds, snr)
    r2 = 1 / (1 + np.array([0.5, 1.0, 2.0]) ** 2)  # of log SNR on a noisy copy of it
    np.testing.assert_allclose(found.mean, r2 / r2.sum(), atol=0.03)
    assert found.per_subset.shape == found.r2.shape == (10, 3)
    np.testing.assert_allclose(found.per_subset.sum(axis=1), 1)
    np.testing.assert_allclose(found.mean, found.per_subset.mean(axis=0))
    assert found.n_excluded == 0 and found.trained_on["models"] == 2000


def test_exact_line_has_r2_of_one_and_noise_zero():
    klds, snr = table(noise=(0.0, 1e9))
    found = length_weights(klds, snr)
    np.testing.assert_allclose(found.r2[:, 0], 1)
    assert (found.r2[:, 1] < 0.1).all() and (found.r2 >= 0).all()


def test_negative_r2_counts_as_zero():
    klds, snr = table(noise=(0.1, 1e9), m=60)
    found = length_weights(klds, snr, n_folds=5)
    assert (found.r2[:, 1] == 0).any()


def test_pooled_r2_is_that_of_a_plain_calculation():
    klds, snr = table(m=80, noise=(1.0,))
    found = length_weights(klds, snr, n_subsets=4, n_folds=3, seed=5)
    y, rng = np.log(snr), np.random.default_rng(5)
    held_out = _split(np.arange(80), 4, rng, "")
    for subset in range(4):
        train = held_out != subset
        fold = _split(np.arange(train.sum()), 3, rng, "")
        x, z = klds[train, 0], y[train]
        predicted = np.empty_like(z)
        for part in range(3):
            slope, intercept = np.polyfit(x[fold != part], z[fold != part], 1)
            predicted[fold == part] = intercept + slope * x[fold == part]
        want = 1 - ((z - predicted) ** 2).sum() / ((z - z.mean()) ** 2).sum()
        assert found.r2[subset, 0] == pytest.approx(want, rel=1e-9)


def test_variance_is_that_of_the_predictions_over_that_of_log_snr():
    klds, snr = table(m=80, noise=(1.0,))
    found = length_weights(klds, snr, n_subsets=2, n_folds=4, seed=3, statistic="variance")
    y, rng = np.log(snr), np.random.default_rng(3)
    held_out = _split(np.arange(80), 2, rng, "")
    for subset in range(2):
        x, z = klds[held_out != subset, 0], y[held_out != subset]
        fold = _split(np.arange(len(x)), 4, rng, "")
        predicted = np.empty_like(z)
        for part in range(4):
            line = np.polyfit(x[fold != part], z[fold != part], 1)
            predicted[fold == part] = np.polyval(line, x[fold == part])
        assert found.r2[subset, 0] == pytest.approx(predicted.var() / z.var(), rel=1e-9)
        assert 0.2 < found.r2[subset, 0] < 0.8


def test_ten_subsets_and_five_folds_unless_said_otherwise():
    klds, snr = table(noise=(1.0, 2.0))
    found = length_weights(klds, snr)
    assert (found.trained_on["n_subsets"], found.trained_on["n_folds"]) == (10, 5)
    assert (found.r2 == length_weights(klds, snr, n_subsets=10, n_folds=5).r2).all()
    assert (found.r2 != length_weights(klds, snr, n_subsets=10, n_folds=6).r2).any()
    assert found.trained_on["statistic"] == "r2" and not found.trained_on["standardise"]


def test_standardised_scores_are_numbers_where_a_length_never_varies():
    klds, snr = table(m=70, noise=(0.0, 1.0))
    klds = np.column_stack([klds, np.full(70, 0.1)])
    found = length_weights(klds, snr, standardise=True)
    assert found.mean[2] == 0 and (found.scale[:, 2] == 1).all()
    scores = consistency(klds, found)
    own = (klds[:, :2] - found.centre.mean(axis=0)[:2]) / found.scale.mean(axis=0)[:2]
    np.testing.assert_allclose(scores, own @ found.mean[:2])


@pytest.mark.parametrize("weights", [[np.nan, 1.0], [np.inf, 0.0]])
def test_weights_that_are_no_numbers_give_no_score(weights):
    with pytest.raises(ValueError, match="weights: got .*expected finite numbers"):
        consistency([1.0, 2.0], weights)


def test_lines_are_those_of_statsmodels():
    from statsmodels.api import OLS, add_constant

    klds, snr = table(m=40, noise=(0.5, 2.0))
    klds = np.column_stack([klds, np.full(40, 0.7)])  # and one that never varies
    y, new = np.log(snr), np.linspace(0, 1, 7)
    predicted = _line(klds, y)(np.column_stack([new] * 3))
    for k in range(2):
        fit = OLS(y, add_constant(klds[:, k])).fit()
        np.testing.assert_allclose(predicted[:, k], fit.predict(add_constant(new)), rtol=1e-9)
        found = length_weights(klds, snr, statistic="f", n_subsets=2, n_folds=2)
        train = found.held_out != 0
        fit = OLS(y[train], add_constant(klds[train, k])).fit()
        assert found.r2[0, k] == pytest.approx(fit.fvalue)
    np.testing.assert_allclose(predicted[:, 2], y.mean())
    assert (found.r2[:, 2] == 0).all()


def test_every_model_is_held_out_once_and_subsets_are_even():
    klds, snr = table(m=105)
    found = length_weights(klds, snr)
    sizes = np.bincount(found.held_out, minlength=10)
    assert sizes.sum() == 105 and set(sizes) == {10, 11}


def test_groups_stay_together():
    klds, snr = table(m=112)
    groups = np.repeat([f"configuration {i}" for i in range(28)], 4)
    found = length_weights(klds, snr, groups=groups)
    for group in np.unique(groups):
        assert len(set(found.held_out[groups == group])) == 1
    assert found.trained_on["split"] == "groups" and found.trained_on["groups"] == 28
    # What was asked for, also where each group is one model.
    alone = length_weights(klds, snr, groups=np.arange(112)).trained_on
    assert alone["split"] == "groups" and alone["groups"] == 112
    assert length_weights(klds, snr).trained_on["split"] == "random"
    assert len(set(found.held_out)) == 10


def test_unusable_snr_is_left_out_of_the_fit_and_counted():
    klds, snr = table(m=100)
    spoilt, strange = np.append(snr, [0, -1, np.nan, np.inf]), np.full((4, 3), 99.0)
    found = length_weights(np.vstack([klds, strange]), spoilt)
    assert found.n_excluded == 4 and found.trained_on["models"] == 100
    assert len(found.held_out) == 104  # they still have a trial, for the rank correlation
    assert found.r2[:, 0] == pytest.approx(1)


def test_fewer_than_60_models_are_provisional():
    klds, snr = table(m=59)
    with pytest.warns(UserWarning, match="59 models .* fewer than 60: provisional"):
        length_weights(klds, snr)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        length_weights(*table(m=60))


def test_nothing_explained_is_an_error():
    _, snr = table(m=60)
    with pytest.raises(ValueError, match="no k-mer length explains log SNR"):
        length_weights(np.ones((60, 3)), snr)


@pytest.mark.parametrize("statistic", ["r2", "f", "variance"])
def test_statistics_rank_lengths_alike(statistic):
    klds, snr = table(noise=(0.3, 1.0, 5.0))
    mean = length_weights(klds, snr, statistic=statistic).mean
    assert mean[0] > mean[1] > mean[2] and mean.sum() == pytest.approx(1)


def test_f_is_the_ratio_of_mean_squares():
    klds, snr = table(noise=(1.0,), m=100)
    found = length_weights(klds, snr, statistic="f")
    train = found.held_out != 0
    y, r2 = np.log(snr[train]), np.corrcoef(klds[train, 0], np.log(snr[train]))[0, 1] ** 2
    assert found.r2[0, 0] == pytest.approx(r2 / (1 - r2) * (len(y) - 2))


def test_same_seed_same_weights():
    klds, snr = table(noise=(1.0, 2.0))
    one, two, other = (length_weights(klds, snr, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.per_subset, two.per_subset)
    assert (one.held_out != other.held_out).any()


def test_consistency_is_a_weighted_sum():
    weights = np.array([0.25, 0.75])
    assert consistency([1.0, 2.0], weights) == 1.75
    np.testing.assert_allclose(consistency([[[1, 2], [0, 4]]], weights), [[1.75, 3]])
    assert np.isnan(consistency([np.nan, 1], weights))


def test_warns_when_size_differs_more_than_twofold():
    size = dict(n=1000, length=200)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not warn_if_unlike(size, 1000, 200)
        assert not warn_if_unlike(size, 500, 200)
        assert not warn_if_unlike(size, 1000, 400)
        assert not warn_if_unlike(size, 200, 1000)
        assert not warn_if_unlike({}, 5, 5)
        assert not warn_if_unlike({"n": 5}, 10, 7)
    with pytest.warns(UserWarning, match="10 times as many positions"):
        assert warn_if_unlike(size, 1000, 2000)
    for n, length in ((1001, 400), (499, 200)):
        with pytest.warns(UserWarning, match="learnt on 1000 sequences of 200 nt, applied to"):
            assert warn_if_unlike(size, n, length)


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(klds=np.ones(5)), r"klds: got shape \(5,\)"),
        (dict(snr=np.ones(5)), r"snr: got shape \(5,\), expected one a model"),
        (dict(groups=np.ones(5)), r"groups: got shape \(5,\)"),
        (
            dict(groups=np.repeat(range(4), 15)),
            "n_subsets: got 10, expected a whole number from 2 to 4",
        ),
        (dict(n_subsets=1), "n_subsets: got 1"),
        (dict(n_folds=100), "n_folds: got 100"),
        (dict(statistic="R2"), "statistic: got 'R2'"),
    ],
)
def test_bad_tables(change, message):
    klds, snr = table(m=60)
    with pytest.raises(ValueError, match=message):
        length_weights(**{**dict(klds=klds, snr=snr), **change})


def test_bad_values_are_placed():
    klds, snr = table(m=60)
    klds[[7, 9], [2, 0]] = np.nan
    with pytest.raises(ValueError, match=r"klds\[7, 2\]: got nan"):
        length_weights(klds, snr)
    with pytest.raises(ValueError, match="one KLD for each weight of shape"):
        consistency(np.ones((4, 2)), np.ones(3))


def test_the_seed_is_0_unless_said_otherwise():
    klds, snr = table(noise=(1.0, 2.0))
    found = length_weights(klds, snr)
    assert (found.held_out == length_weights(klds, snr, seed=0).held_out).all()
    assert (found.held_out != length_weights(klds, snr, seed=1).held_out).any()


@pytest.mark.parametrize("statistic", ["r2", "f", "variance"])
def test_an_snr_that_never_varies_is_explained_by_nothing(statistic):
    klds, _ = table(m=60, noise=(1.0,))
    with pytest.raises(ValueError, match="no k-mer length explains log SNR"):
        length_weights(klds, np.full(60, 0.1), statistic=statistic)


def test_the_spread_that_is_kept_is_that_of_a_sample():
    klds, snr = table(m=61, noise=(1.0, 2.0))
    found = length_weights(klds, snr, standardise=True)
    train = found.held_out != 0
    np.testing.assert_allclose(found.scale[0], klds[train].std(axis=0, ddof=1))
    np.testing.assert_allclose(found.centre[0], klds[train].mean(axis=0))
