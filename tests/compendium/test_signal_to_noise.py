"""The picture that the book opens with shows what its caption says."""

import numpy as np
import pandas as pd
import pytest

from compendium import paths
from compendium.chapters import signal_to_noise

L, WIDTH = 60, 30


@pytest.fixture
def maps():
    """Signed scores (2, N, L), ratios (2, N) and shading (N, L): rows 2 and 4 will do."""
    rng = np.random.default_rng(1)
    shaded = np.zeros((6, L), bool)
    shaded[:, 20:28] = True
    clear = rng.normal(0, 0.05, (6, L)) + shaded
    noisy = rng.normal(0, 0.05, (6, L)) + shaded
    for row in (2, 4):
        noisy[row] = rng.normal(0, 0.05, L) - 0.5 * shaded[row]
    ratios = np.array([[3, 3, 9, 3, 3.1, 3], [0.4, 0.4, 0.4, 0.4, 0.41, 0.4]])
    return np.array([clear, noisy]), ratios, shaded


def test_the_most_typical_sequence_that_shows_it_is_chosen(maps):
    scores, ratios, shaded = maps
    example = signal_to_noise.choose(scores, ratios, shaded, WIDTH)
    assert example.row == 4 and example.share == pytest.approx(2 / 6)
    assert example.window.start <= 20 and example.window.stop >= 28


def test_of_equally_typical_sequences_the_first_whatever_the_last_bit(maps):
    scores, ratios, shaded = maps
    ratios[:, 2] = ratios[:, 4]
    for direction in (-np.inf, np.inf):
        other = ratios.copy()
        other[:, 2] = np.nextafter(other[:, 2], direction)
        assert signal_to_noise.choose(scores, other, shaded, WIDTH).row == 2


def test_where_no_window_will_do_the_largest_difference_is_shown(maps):
    scores, ratios, shaded = maps
    rows = [0, 1, 3]
    example = signal_to_noise.choose(scores[:, rows], ratios[:, rows], shaded[rows], WIDTH)
    assert example.share == 0 and example.window.stop - example.window.start == WIDTH


def test_a_map_that_marks_motifs_has_contrast_and_its_negative_the_opposite(maps):
    scores, _, shaded = maps
    seen = signal_to_noise.contrast(scores[0], shaded, WIDTH)
    inside = signal_to_noise.whole_motif(shaded, WIDTH)
    assert (seen[inside] > signal_to_noise.MARKED).all()
    assert np.allclose(signal_to_noise.contrast(-scores[0], shaded, WIDTH)[inside], -seen[inside])


def check_picture(shown, whole=True):
    """What a reader sees in the picture, from the numbers that were drawn."""
    runs = np.flatnonzero(np.diff(np.r_[0, shown["motif"].to_numpy(int), 0]))
    edges = {0, len(shown)}
    assert any(not {a, b} & edges for a, b in zip(runs[::2], runs[1::2])), "no whole motif in view"
    inside = shown[shown["motif"]].mean(numeric_only=True)
    rest = shown[~shown["motif"]].mean(numeric_only=True)
    assert inside["clear"] > rest["clear"], "the clear network does not mark the motifs"
    if whole:  # of few sequences none may show it as plainly
        assert inside["noisy"] <= rest["noisy"], "the noisy network marks them too"
    for name in ("clear", "noisy"):
        noise = shown[f"{name}_noise"]
        assert noise.sum() <= 10 and not (noise & shown["motif"]).any()
        lowest = shown.loc[noise, name].min()
        others = shown.loc[~noise & ~shown["motif"], name]
        assert not noise.any() or others.max() <= lowest, "a triangle stands over a lower letter"


def test_the_front_page_shows_a_motif_that_one_network_marks():
    check_picture(pd.read_csv(paths.stored() / "two_networks.csv"))


def test_chapter_slides_and_front_page_show_the_same_sequence(quick_book):
    run = paths.Run("quick")
    chapter, front, vote, truth = (
        pd.read_csv(run.figure(notebook, name)).drop(columns="sequence", errors="ignore")
        for notebook, name in (
            ("02_signal_to_noise", "fig_two_maps"),
            ("02_signal_to_noise", "fig_two_maps_scored"),
            ("slides", "slide_vote"),
            ("slides", "slide_truth"),
        )
    )
    for other in (front, vote, truth):
        pd.testing.assert_frame_equal(chapter, other)
    check_picture(chapter, whole=False)
