"""What all studies share: a page says when it shows stored results."""

import IPython.display
import numpy as np
import pytest

from compendium import chapters
from compendium.page import figures


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
