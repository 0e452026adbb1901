"""What all studies share: a page says when it shows stored results."""

import IPython.display
import numpy as np
import pytest

from attribution_consistency import studies
from attribution_consistency.studies import figures


@pytest.mark.parametrize("study", [*studies.NAMES, "published"])
def test_stored_results_are_announced_and_own_ones_are_not(study, monkeypatch):
    shown = []
    monkeypatch.setattr(IPython.display, "display", shown.append)
    studies.tell_origin(study, "run")
    assert not shown
    studies.tell_origin(study, "stored")
    why, remedy = studies.module(study).ABSENT
    text = shown[0].data
    assert text.startswith(":::{warning}\n" + why) and text.endswith(f"{remedy}\n:::")
    assert why.endswith(".") and "stored results of ours" in text


def test_a_study_depends_on_what_its_module_imports():
    evidence = studies.files("evidence")
    assert {
        f"studies/{name}.py"
        for name in (
            "evidence",
            "evidence_measures",
            "association",
            "controls",
            "controls_maps",
            "real_data",
        )
    } <= set(evidence)
    assert "studies/controls_summary.py" not in evidence, "only the chapter reads it"
    assert set(evidence) < set(studies.files("seqlets"))


def test_the_axis_of_snr_has_a_place_for_every_ratio():
    """Logarithmic above 0.5, in order everywhere, without a step where its pieces meet."""
    snr = np.array([-6, -1, -1e-9, 0, 1e-9, 0.3, 0.5 - 1e-9, 0.5, 1, 4, 100])
    place = figures.snr_scale(snr)
    assert (np.diff(place) > 0).all() and place[3] == 0
    np.testing.assert_allclose(figures.snr_unscale(place), snr, atol=1e-8)
    assert np.diff(figures.snr_scale([0.5, 1, 2, 4])) == pytest.approx(np.log(2))
    assert place[7] - place[6] < 1e-8 and place[4] - place[2] < 1e-8
