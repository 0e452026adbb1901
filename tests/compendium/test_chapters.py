"""What all studies share: a page says when it shows stored results."""

import types

import IPython.display
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from compendium import chapters, paths
from compendium.page import claims, figures
from compendium.stats import Estimate


@pytest.mark.parametrize("study", [*chapters.NAMES, "published"])
def test_stored_results_are_announced_and_own_ones_are_not(study, monkeypatch):
    shown = []
    monkeypatch.setattr(IPython.display, "display", shown.append)
    chapters.tell_origin(study, "run")
    assert not shown
    chapters.tell_origin(study, "stored")
    why, remedy = chapters.module(study).ABSENT
    text = shown[0].data
    assert text.startswith(":::{warning}\n" + why) and text.endswith(f"{remedy}\n:::")
    assert why.endswith(".") and "stored results of ours" in text


def test_tables_of_a_run_and_stored_ones_are_never_mixed(compendium):
    names = chapters.table_names("reproduction").values()
    for name in names:
        paths.write_csv(paths.stored() / f"{name}.csv", pd.DataFrame({"x": [1]}))
    assert chapters.load_tables("reproduction", "my")[1] == "stored"
    for name in names:
        paths.write_csv(paths.Run("my").table(name), pd.DataFrame({"x": [2]}))
    tables, origin = chapters.load_tables("reproduction", "my")
    assert origin == "run" and all(table["x"].tolist() == [2] for table in tables.values())
    paths.Run("my").table(name).unlink()
    with pytest.raises(paths.ArtefactError, match="'my' holds only some tables of .* reproduction"):
        chapters.load_tables("reproduction", "my")


def test_a_sentence_that_a_rerun_breaks_is_marked_and_one_that_holds_is_not(monkeypatch):
    shown = []
    monkeypatch.setattr(IPython.display, "display", shown.append)
    claims.expect("More is more", True)
    assert not shown
    claims.expect("More is more", False)
    text = ":::{warning}\nThis run does not bear out the next sentence: More is more.\n:::"
    assert shown[0].data == text


def test_an_estimate_is_reported_with_its_interval(compendium, monkeypatch):
    said = []
    monkeypatch.setattr(claims, "_glue", lambda name, text: said.append(text))
    claims.report("estimate", Estimate(0.954, 0.907, 0.981), ".2f")
    ratio = types.SimpleNamespace(estimate=2.0, low=1.0, high=3.0)
    claims.report("other", ratio, lambda number: f"{number:g}-fold")
    assert said == ["0.95 (0.91 to 0.98)", "2-fold (1-fold to 3-fold)"]


def test_a_chapter_waits_for_the_studies_that_its_code_names(compendium):
    source = compendium / "notebooks" / "one.py"
    source.write_text('# the controls and mutagenesis\nload_tables("implants", run)\n')
    assert chapters.named(["notebooks/one.py"]) == ["implants"]


def test_the_axis_of_snr_has_a_place_for_every_ratio():
    """Logarithmic above 0.5, in order everywhere, without a step where its pieces meet."""
    snr = np.array([-6, -1, -1e-9, 0, 1e-9, 0.3, 0.5 - 1e-9, 0.5, 1, 4, 100])
    place = figures.snr_scale(snr)
    assert (np.diff(place) > 0).all() and place[3] == 0
    np.testing.assert_allclose(figures.snr_unscale(place), snr, atol=1e-8)
    assert np.diff(figures.snr_scale([0.5, 1, 2, 4])) == pytest.approx(np.log(2))
    assert place[7] - place[6] < 1e-8 and place[4] - place[2] < 1e-8


def test_what_a_figure_draws_is_kept_as_numbers_and_words(compendium, monkeypatch):
    glued = []
    monkeypatch.setattr("myst_nb.glue", lambda name, figure: glued.append(name))
    figure, (left, right) = plt.subplots(1, 2)
    left.plot([0, 1], [2, 3])
    left.scatter([4], [5])
    left.bar([1], [6])
    left.text(0, 0, "a word")
    right.imshow([[1, 2], [3, np.nan]])
    figures.show("alone", figure)
    assert not (compendium / "results").exists() and not plt.fignum_exists(figure.number)
    monkeypatch.setenv(paths.RUN_VARIABLE, "my")
    monkeypatch.setenv(paths.NOTEBOOK_VARIABLE, "01_first")
    figures.show("kept", figure)
    assert glued == ["alone", "kept"]
    path = paths.Run("my").figure("01_first", "kept")
    assert path.with_suffix(".pickle").is_file()
    table = paths.read_csv(path)

    def points(number, kind):
        own = table[(table["axes"] == number) & (table["kind"] == kind)]
        return own[["x", "y"]].to_numpy().tolist()

    assert points(0, "Line2D") == [[0, 2], [1, 3]] and points(0, "PathCollection") == [[4, 5]]
    assert [1, 3] in points(0, "Rectangle") and "a word" in set(table["words"])
    np.testing.assert_array_equal(points(1, "AxesImage"), [[0, 1], [1, 2], [2, 3], [3, np.nan]])
