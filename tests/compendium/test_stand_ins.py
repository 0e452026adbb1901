"""Scores with the weights of the trial that held a model out."""

import numpy as np
import pytest
from metric_examples import model_table as table

from attribution_consistency import consistency, length_weights
from compendium.stand_ins import held_out_consistency, learnt_length_weights, shipped_length_weights


def test_held_out_consistency_uses_the_weights_of_the_right_trial():
    klds, snr = table(noise=(0.5, 1.0, 2.0))
    found = length_weights(klds, snr)
    scores = held_out_consistency(klds, found)
    for m in (0, 17, 119):
        assert scores[m] == pytest.approx(klds[m] @ found.per_subset[found.held_out[m]])


def test_standardised_scores_use_training_mean_and_sd():
    klds, snr = table(noise=(0.5, 1.0))
    plain = length_weights(klds, snr)
    found = length_weights(klds, snr, standardise=True)
    np.testing.assert_allclose(found.per_subset, plain.per_subset)  # R2 ignores units
    train = found.held_out != found.held_out[3]
    z = (klds[3] - klds[train].mean(axis=0)) / klds[train].std(axis=0, ddof=1)
    want = z @ found.per_subset[found.held_out[3]]
    assert held_out_consistency(klds, found)[3] == pytest.approx(want)
    rescaled = length_weights(klds * [1, 100], snr, standardise=True)
    np.testing.assert_allclose(consistency(klds * [1, 100], rescaled), consistency(klds, found))


def test_weights_are_learnt_or_where_networks_are_too_few_the_shipped_ones():
    klds, snr = table(noise=(0.5,) * 6)
    ks = list(range(3, 9))
    np.testing.assert_array_equal(
        learnt_length_weights(klds, snr, ks).per_subset, length_weights(klds, snr).per_subset
    )
    few = learnt_length_weights(klds[:4], snr[:4], ks, "instance")
    mean = shipped_length_weights("instance", ks).mean
    np.testing.assert_allclose(held_out_consistency(klds[:4], few), klds[:4] @ mean)
    equal = learnt_length_weights(klds[:4, :3], snr[:4], ks[:3])
    np.testing.assert_allclose(held_out_consistency(klds[:4, :3], equal), klds[:4, :3].mean(axis=1))


def test_another_table_than_the_weights_were_learnt_from_is_refused():
    klds, snr = table(noise=(0.5, 1.0))
    found = length_weights(klds, snr)
    with pytest.raises(ValueError, match=r"got shape \(119, 2\), expected .* \(120, 2\)"):
        held_out_consistency(klds[1:], found)
