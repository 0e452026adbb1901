"""Sites written into real sequences: where they stand, which motifs, and what maps are told."""

import numpy as np
import pandas as pd
import pytest

from attribution_consistency.motifs import jaspar_matrices
from attribution_consistency.sequences import codes_to_one_hot
from compendium.chapters import implants

RNG = np.random.default_rng
WORD = np.eye(4)[[2, 3, 1, 0, 3, 0, 1, 1]]  # a matrix that says GTCATACC


@pytest.fixture
def planted():
    codes = RNG(0).integers(0, 4, (40, 201)).astype(np.uint8)
    return implants.plant(codes, pd.Series([WORD]), RNG(1))


def test_sites_stand_where_they_are_said_to(planted):
    assert (planted.width == 8).all() and planted.start.shape == (40, 6)
    changed = planted.before != planted.after
    assert not (changed & ~planted.mask(slice(None))).any() and changed.any(axis=1).all()
    spells = {tuple(WORD.argmax(axis=1)), tuple(WORD[::-1, ::-1].argmax(axis=1))}
    for row in range(40):
        for site in range(3):
            at = planted.start[row, site]
            assert tuple(planted.after[row, at : at + 8]) in spells
    # No two sites of a window overlap.
    assert (planted.mask(slice(None)).sum(axis=1) == 48).all()
    assert not (planted.mask(implants.TRUE) & planted.mask(implants.FALSE)).any()


class Knowing:
    """A network that counts the word, and whose map marks it; or one that knows nothing."""

    def __init__(self, planted, knows=True):
        self.true, self.knows = planted.mask(implants.TRUE), knows
        self.words = [WORD.argmax(axis=1), WORD[::-1, ::-1].argmax(axis=1)]

    def maps(self, model_id, x):
        noise = 0.1 * RNG(2).random(x.shape[:2])
        return x * (noise + self.knows * self.true)[..., None]

    def predict(self, model_id, x):
        codes = x.argmax(axis=2)
        found = [
            sum((codes[:, i : i + 8] == word).all(axis=1) for i in range(codes.shape[1] - 7))
            for word in self.words
        ]
        return np.sum(found, axis=0).astype(float)


def test_a_map_that_knows_the_sites_and_one_that_does_not(planted):
    good = implants.measure(Knowing(planted), "m", planted)
    bad = implants.measure(Knowing(planted, knows=False), "m", planted)
    assert good["motif_aupr"] == pytest.approx(1) and abs(bad["motif_aupr"] - 0.5) < 0.1
    assert good["snr"] > 3 * bad["snr"] and good["responds"] > 0.9
    assert (good["n"], good["sites"]) == (40, 120)


def test_a_motif_that_stands_in_one_class_is_taken_and_its_look_alikes_are_not():
    ctcf = jaspar_matrices()["MA0139.1"][1]
    closed = RNG(0).integers(0, 4, (60, 100)).astype(np.uint8)
    accessible = RNG(1).integers(0, 4, (60, 100)).astype(np.uint8)
    accessible[:, 30 : 30 + len(ctcf)] = ctcf.argmax(axis=1)
    found = implants.enriched(accessible, closed)
    assert found["name"][0] in ("CTCF", "CTCFL") and found["z"][0] > 5 > found["z_shuffled"][0]
    assert len(found) == implants.TAKEN and not {"CTCF", "CTCFL"} <= set(found["name"])


def test_log_odds_are_those_of_the_better_strand():
    codes = codes_to_one_hot(np.array([[2, 3, 1, 0]])).argmax(axis=2)
    bits = np.log2(np.array([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]]))
    found = implants.log_odds(codes, bits)[0]
    for start, value in enumerate(found):
        one, two = codes[0, start : start + 2]
        forward = bits[0, one] + bits[1, two]
        backward = bits[0, 3 - two] + bits[1, 3 - one]
        assert value == pytest.approx(max(forward, backward))
