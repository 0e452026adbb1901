"""What all studies share: a page says when it shows stored results."""

import IPython.display
import pytest

from attribution_consistency import studies


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
    assert {f"studies/{name}.py" for name in ("evidence", "evidence_measures", "association",
                                              "controls", "controls_maps", "real_data")} <= set(evidence)
    assert "studies/controls_summary.py" not in evidence, "only the chapter reads it"
    assert set(evidence) < set(studies.files("seqlets"))
