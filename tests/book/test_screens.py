"""Figures for a phone and for the dark theme: the same content, laid out and coloured anew."""

import os
import pickle

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from compendium.page import figures


@pytest.fixture
def screens(script):
    figures.style()
    yield script("ext/screens.py")
    plt.close("all")


def scatters(rows, columns, **options):
    figure, axes = plt.subplots(rows, columns, figsize=(figures.WIDTH, 3), **options)
    for ax in np.ravel(axes):
        ax.scatter([1, 2, 3], [1, 5, 2], color=figures.BLUE, label="networks")
        ax.set(xlabel="score")
    np.ravel(axes)[0].set_ylabel("SNR")
    figures.legend_below(figure)
    return figure


def read(path):
    return plt.imread(path)[..., :3]


@pytest.mark.parametrize(
    "grid, expected", [((1, 2), (2, 1)), ((2, 3), (3, 2)), ((4, 1), (4, 1)), ((1, 1), (1, 1))]
)
def test_panels_stand_below_each_other_on_a_phone(screens, grid, expected):
    wide = scatters(*grid, sharey=True)
    small = screens.narrow(wide)
    assert wide.axes[0].get_gridspec().get_geometry() == grid  # as it was
    assert small.axes[0].get_gridspec().get_geometry() == expected
    assert small.get_figwidth() == screens.NARROW
    for ax in small.axes:
        if ax.get_subplotspec().is_first_col():
            assert ax.get_ylabel() or grid == (4, 1)
            assert any(label.get_text() for label in ax.get_yticklabels())
    assert [text.get_text() for text in small.legends[0].get_texts()] == ["networks"]


def test_a_title_on_the_right_goes_below_the_one_on_the_left(screens):
    figure, ax = plt.subplots()
    ax.set_title("left", loc="left")
    ax.set_title("right", loc="right")
    small = screens.narrow(figure).axes[0]
    assert small.get_title("left") == "left\nright" and not small.get_title("right")


def test_a_long_sequence_goes_on_in_a_second_row_outside_what_is_shaded(screens):
    figure, ax = plt.subplots(figsize=(figures.WIDTH, 2))
    figures.logo(ax, np.eye(4)[np.arange(80) % 4], start=100, highlight=[(135, 145)])
    small = screens.narrow(figure)
    ax = small.axes[0]
    shown = [ax.get_xlim() for _ in screens._rows(small)]
    (low, cut), (start, high) = shown
    assert (low, high) == (99.5, 179.5) and cut == start and not 134.5 < cut < 144.5
    assert ax.get_xlim() == (99.5, 179.5)
    assert [ax.get_xlim() for _ in screens._rows(figure)] == [(99.5, 179.5)]  # the wide one


def test_black_and_white_change_places_and_colours_stay(screens, tmp_path):
    figure, ax = plt.subplots(figsize=(3, 2))
    ax.bar([0, 1, 2], [1, 1, 1], 1, color=[figures.ORANGE, "black", "white"], lw=0)
    ax.set(xlim=(-0.5, 4), ylim=(0, 1))
    night = screens.dark(figure)
    figure.draw_without_rendering()
    (tmp_path / "night.png").write_bytes(screens.picture(night, 100))
    image = read(tmp_path / "night.png")
    left, top, width, height = screens.noted(tmp_path / "night.png")["panels"][0]
    rows, columns = image.shape[:2]
    middle = round((top + height / 2) * rows)
    seen = [
        image[middle, round((left + (x + 0.5) / 4.5 * width) * columns)] for x in (0, 1, 2, 3.5)
    ]
    paper, ink = (screens.PAPER,) * 3, (screens.INK,) * 3
    np.testing.assert_allclose(seen, [to_rgb(figures.ORANGE), ink, paper, paper], atol=0.01)
    np.testing.assert_allclose(image[0, 0], paper, atol=0.01)  # outside the axes, too


def test_numbers_in_coloured_cells_stay_as_they_are(screens):
    import seaborn as sns

    ax = sns.heatmap([[0, 1]], annot=True, cbar=False)
    before = [text.get_color() for text in ax.texts]
    assert len(set(before)) == 2
    assert [text.get_color() for text in screens.dark(ax.figure).axes[0].texts] == before


def test_a_picture_notes_its_smallest_text(screens, tmp_path):
    figure = scatters(1, 2)
    figure.axes[0].text(1, 1, "small", fontsize=4)
    path = tmp_path / "x.png"
    path.write_bytes(screens.picture(figure, 100))
    known = screens.noted(path)
    assert known["inches"] == pytest.approx(read(path).shape[1] / 100)
    assert known["text"] * known["inches"] * 72 == pytest.approx(4)
    path.write_bytes(screens.picture(screens.narrow(figure), 100))
    known = screens.noted(path)
    assert known["text"] * known["inches"] * 72 == pytest.approx(screens.SMALLEST)


def test_pictures_are_drawn_anew_with_their_figure(screens, tmp_path):
    kept = tmp_path / "fig_x.pickle"
    kept.write_bytes(pickle.dumps(scatters(1, 2)))
    first = screens.pictures(kept)
    assert list(first) == list(screens.KINDS)
    made = {kind: path.stat().st_mtime_ns for kind, path in first.items()}
    assert {k: p.stat().st_mtime_ns for k, p in screens.pictures(kept).items()} == made
    later = max(made.values()) + 10**9
    os.utime(kept, ns=(later, later))
    assert all(p.stat().st_mtime_ns > made[k] for k, p in screens.pictures(kept).items())
