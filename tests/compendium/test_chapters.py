"""What all studies share: a page says when it shows stored results."""

import types

import IPython.display
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
