"""The prediction for published networks that were not scored, and its test when they are there."""

import numpy as np
import pandas as pd
import pytest

from compendium import paths
from compendium.chapters import published


@pytest.fixture
def seen():
    table = pd.read_csv(paths.stored() / "scores_koo.csv")
    return table[(table["status"] == "ok") & (table["init"] < published.SEEN)]


def test_the_prediction_is_what_the_seen_networks_give(seen):
    again = published.predict(seen.reset_index(drop=True))
    pd.testing.assert_frame_equal(again, published.prediction(), atol=2e-3)


def test_a_prediction_is_wider_than_an_interval_by_the_root_of_two(seen):
    table = seen.reset_index(drop=True)
    own, wide = published.inside_kinds(table), published.predict(table)
    ratio = (wide["high"] - wide["low"]) / (own["high"] - own["low"])
    assert np.allclose(ratio, np.sqrt(2), atol=0.01)


def test_without_the_further_networks_there_is_no_outcome(seen):
    assert published.outcome(seen) is None
    one = seen.iloc[:1].assign(init=30)
    assert published.outcome(pd.concat([seen, one])) is None


def test_further_networks_that_are_alike_confirm_it_and_others_refute_it(seen):
    further = seen.assign(init=seen["init"] + published.SEEN, id=seen["id"] + "x")
    alike = published.outcome(pd.concat([seen, further], ignore_index=True))
    assert alike["holds"].all() and np.allclose(alike["found"], alike["difference"], atol=2e-3)
    ks = [c for c in seen if c.startswith("kld_frequency") or c == "consistency_frequency"]
    worse = further.assign(**{c: -further[c] for c in ks})
    refuted = published.outcome(pd.concat([seen, worse], ignore_index=True))
    assert not refuted["holds"].any()


def test_the_published_networks_bear_it_out_when_they_are_there():
    table = pd.read_csv(paths.stored() / "scores_koo.csv")
    outcome = published.outcome(table[table["status"] == "ok"])
    if outcome is None:
        pytest.skip("networks 25 to 49 of each published kind are not scored yet")
    assert outcome["holds"].all(), outcome
