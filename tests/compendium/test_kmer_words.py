"""Words and the motifs that they resemble, rotated maps, and the Gini coefficient."""

import numpy as np
import pytest
from metric_examples import random_pair

from attribution_consistency import maps, motifs
from attribution_consistency.kmers import kmer_names
from attribution_consistency.sequences import encode_codes
from compendium import kmer_words
from compendium.gini import gini
from compendium.kmer_words import kmer_indices
from compendium.rotation import rotate, rotated


def test_similarity_of_motifs():
    library = motifs.load_motifs()
    by_name = {m.name: m.ppm for m in library[::2]}
    for ppm in by_name.values():
        assert kmer_words.similarity(ppm, ppm) == pytest.approx(1)
        assert kmer_words.similarity(ppm, ppm[::-1, ::-1]) == pytest.approx(1)
    assert kmer_words.similarity(by_name["Arnt"], by_name["MAX"]) > 0.9
    assert kmer_words.similarity(by_name["YY1"], by_name["SP1"]) < 0.6


def test_kmer_indices_name_every_window_and_say_which_are_known():
    sequences = ["ACGTNACG", "TTTTTTTT"]
    index, known = kmer_indices(encode_codes(sequences), 3)
    names = kmer_names(3)
    for sequence, row, ok in zip(sequences, index, known):
        for start, (i, usable) in enumerate(zip(row, ok, strict=True)):
            kmer = sequence[start : start + 3]
            assert usable == ("N" not in kmer)
            assert names[i] == kmer or not usable
    assert index.shape == known.shape == (2, 6) and index.max() < 64


def test_a_rotation_moves_tracks_and_maps_to_the_right_around_the_end():
    _, a = random_pair(0, n=5, length=30)
    offsets = np.array([0, 1, 29, -3, 31])
    rolled = np.stack([np.roll(row, offset, axis=0) for row, offset in zip(a, offsets)])
    np.testing.assert_array_equal(rotate(a, offsets), rolled)
    np.testing.assert_array_equal(rotate(a[..., 0], offsets), rolled[..., 0])


@pytest.mark.parametrize("score", [*maps.SCORES, "input"])
@pytest.mark.parametrize("correct", [True, False])
def test_rotated_maps_have_the_scores_of_their_old_places(score, correct):
    x, a = random_pair(0, n=5, length=30)
    offsets = np.random.default_rng(3).integers(8, 22, 5, endpoint=True)
    moved = rotated(x, a, np.random.default_rng(3))
    options = dict(score=score, correct=correct)
    want = rotate(maps.position_scores(x, a, **options), offsets)
    np.testing.assert_allclose(maps.position_scores(x, moved, **options), want, atol=1e-15)


def test_gini():
    x, a = random_pair(16, n=5, length=20)
    scores = maps.position_scores(x, a)
    apart = np.abs(scores[:, :, None] - scores[:, None]).mean(axis=(1, 2))
    want = (apart / 2 / scores.mean(axis=1)).mean()  # half the mean difference over the mean
    assert gini(x, a) == pytest.approx(want, rel=1e-12)
    assert gini(x, x, correct=False) == pytest.approx(0, abs=1e-12)
    one = np.zeros_like(x)
    one[:, 3] = x[:, 3]
    assert gini(x, one) == pytest.approx(1 - 1 / 20)
    assert np.isnan(gini(x, np.zeros_like(x)))
