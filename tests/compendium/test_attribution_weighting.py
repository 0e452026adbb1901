"""The data sets of chapter 3, and the promise of the p-value as it was measured."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from attribution_consistency.sequences import decode
from compendium.chapters.attribution_weighting import follow_position, planted
from compendium.paths import stored

RNG = np.random.default_rng


@pytest.mark.parametrize("jitter", [0, 10])
def test_the_word_is_where_it_is_said_to_be(jitter):
    x, inside = planted(RNG(0), jitter, n=50, length=60)
    assert (x.sum(axis=2) == 1).all() and (inside.sum(axis=1) == 8).all()
    first = inside.argmax(axis=1)
    for text, at in zip(decode(x), first):
        assert text[at : at + 8] == "ACGTAACG"
    spread = np.abs(first - 26).max()
    assert spread == 0 if jitter == 0 else 0 < spread <= 10


def test_scores_that_follow_the_position_are_highest_in_the_middle():
    mean = follow_position(RNG(0), 500).mean(axis=0)
    assert mean[90:110].mean() > 5 * mean[60:70].mean() > mean[:20].mean()


def test_the_stored_shares_keep_the_promise():
    """The 99.6 % interval of the share with p <= 0.05 holds 0.05, or lies below it."""
    table = pd.read_csv(stored() / "null_calibration.csv").set_index("maps")
    assert len(table) >= 14 and (table["n"] >= 400).all()
    assert table.loc[["constant", "one-hot"], "exchanged_always_1"].all()
    for name, row in table.iterrows():
        hits = round(row["exchanged"] * row["n"])
        low, high = binomtest(hits, row["n"]).proportion_ci(0.996, method="exact")
        assert [low, high] == pytest.approx([row["exchanged_low"], row["exchanged_high"]])
        assert low <= 0.05, name
    broken = ["centred on peaks", "16 nt", "20 nt", "copies × 10"]
    assert (table.loc[broken, "rotated_low"] > 0.05).all()
