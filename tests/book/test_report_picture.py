"""The picture of a report shows what the command says now; so do the numbers beside it."""

import importlib.util
import json
import re

import pytest
from PIL import Image

from attribution_consistency import report
from attribution_consistency.score import example, score_files


@pytest.fixture(scope="module")
def result():
    return score_files(**example())


def test_the_picture_shows_what_the_command_says(repository, result):
    path = repository / "workflow" / "scripts" / "picture_of_report.py"
    spec = importlib.util.spec_from_file_location("picture_of_report", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    with Image.open(repository / "book" / "static" / "report.png") as picture:
        noted, size = json.loads(picture.text["shown"]), picture.size
    assert size[0] == script.WIDTH
    now = script.shown(result)
    assert [row[:3] for row in noted] == [row[:3] for row in now], f"run: python {path}"
    for old, new in zip(noted, now):
        assert old[3] == pytest.approx(new[3], abs=2e-3), f"run: python {path}"


def test_the_report_says_how_much_words_explain_in_the_example(result):
    said = re.search(r"motifs, have (\d+) and (\d+) %", " ".join(report.page(result).split()))
    found = sorted(100 * result.table["explained"])
    assert [int(n) for n in said.groups()] == [round(value) for value in found]
