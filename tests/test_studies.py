"""What all studies share: a page says when it shows stored results."""

import pytest
from IPython.utils.capture import capture_output

from attribution_consistency import studies


@pytest.mark.parametrize("study", [*studies.NAMES, "published"])
def test_stored_results_are_announced_and_own_ones_are_not(study):
    with capture_output() as shown:
        studies.tell_origin(study, "stored")
    (output,) = shown.outputs
    text = output.data["text/markdown"]
    why, remedy = studies.module(study).ABSENT
    assert text.startswith(":::{warning}\n" + why) and text.endswith(f"{remedy}\n:::")
    assert why.endswith(".") and "stored results of our last full run" in text
    with capture_output() as shown:
        studies.tell_origin(study, "run")
    assert not shown.outputs
