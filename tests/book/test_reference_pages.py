"""The reference pages of the book: every public name, every column, and nothing that is gone."""

import importlib
import re

import numpy as np
import pytest
from metric_examples import planted_pair

import attribution_consistency
from attribution_consistency import score, scorer
from attribution_consistency.maps import READINGS
from compendium import tables


@pytest.fixture(scope="module")
def costs(script):
    return script("scripts/export_costs.py")


def test_the_tables_of_costs_are_up_to_date(repository, costs):
    page = (repository / "book" / "run_at_scale.md").read_text(encoding="utf-8")
    assert page == costs.page(page), "run: python workflow/scripts/export_costs.py"


def test_costs_grow_as_stated(repository, costs):
    seconds = {"slow": 72.0, "fast": 36.0}
    assert costs.training_hours(seconds, 14, 2) == pytest.approx(14 * 1.5)
    assert costs.training_hours(seconds, 14, 392) == pytest.approx(2), "one network, one process"
    assert len(costs.seconds_per_epoch()) == 28
    assert costs.span([8.1, 41.2, 9.0]) == "8.1–41" and costs.span([11.1, 11.4]) == "11"
    assert costs.duration(0.5) == "30 minutes" and costs.duration(96) == "4 days"
    assert costs.figures(1234.5) == "1,200" and costs.figures(0.0123) == "0.012"


def test_a_zoo_is_reckoned_from_the_fastest_record_of_each_configuration(costs, monkeypatch):
    """The range is printed: what else a computer did shows more than what was trained."""
    found = {name: [36.0, 360.0] for name in costs.seconds_per_epoch()}
    monkeypatch.setattr(costs, "seconds_per_epoch", lambda: found)
    text = "\n".join(costs.training_tables())
    assert "| mixup | 36–360 | 36–360 |" in text
    assert "| 28 × 14, the paper's | 392 | 8.2 days |" in text
    for seconds in costs.seconds_per_epoch().values():
        assert seconds == sorted(seconds)


def test_the_page_of_functions_has_every_public_name_and_none_that_is_gone(repository):
    page = (repository / "book" / "api.md").read_text(encoding="utf-8")
    shown = re.findall(
        r"^### (\w+)\n\n```\{eval-rst\}\n\.\. autofunction:: (\S+)\n```$", page, re.M
    )
    for heading, name in shown:
        module, _, function = name.rpartition(".")
        if "compendium" not in module:  # these take TensorFlow to import
            assert callable(getattr(importlib.import_module(module), function)), name
        assert heading == function
    assert {*attribution_consistency.__all__} - {"__version__"} <= {heading for heading, _ in shown}


def test_the_page_of_functions_is_filled_from_the_docstrings(quick_book):
    built = (quick_book / "book" / "api.html").read_text(encoding="utf-8")
    assert "unknown bases" in built and "gradient" in built
    assert built.count('class="py function"') >= 25 and "Parameters" in built


def documented(page, title):
    """Columns in the table that follows a heading or name, as patterns."""
    table = page.split(title, 1)[1].split("|---|---|\n", 1)[1]
    rows = re.match(r"(?:\|.*\n)+", table)[0]
    names = re.findall(r"^\| `([^`]+)` \|", rows, re.M)
    assert len(names) == rows.count("\n")
    fill = {"{reading}": "(frequency|instance|per_sequence)", "{k}": r"\d+", "{model}": ".+"}
    fill |= {"{base}": "[ACGT]"}
    return {name: re.sub(r"\{\w+\}", lambda m: fill[m[0]], name) for name in names}


def check(page, title, columns):
    patterns = documented(page, title)
    for column in columns:
        assert any(re.fullmatch(p, column) for p in patterns.values()), f"{title}: {column}"
    for name, pattern in patterns.items():
        assert any(re.fullmatch(pattern, c) for c in columns), f"{title}: {name} is no column"


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "book" / "columns.md").read_text(encoding="utf-8")


X, A, MASK = planted_pair(0, n=24, length=40)


def test_columns_of_the_score_table(page):
    recipe = dict.fromkeys(
        ("task", "architecture", "batch_norm", "activation", "regulariser", "init"), 0
    ) | {"targets": [0]}
    record = {"recipe": recipe, "test": {}, "seed": 0, "epochs": 1, "minutes": 1, "diverged": False}
    row = tables.describe("bn-exp-standard-00", "synthetic", record)
    row |= tables.score_maps(X, A, ks=[3, 4], motif_mask=MASK)
    row |= tables.floors(X, ks=[3, 4])
    row |= {f"consistency_{reading}": 0 for reading in READINGS}
    check(page, "## Scores of the networks", row)


def test_columns_of_the_command(page, tmp_path):
    np.savez(tmp_path / "x.npz", x=X)
    np.savez(tmp_path / "one.npz", a=A)
    np.savez(tmp_path / "two.npz", a=np.random.default_rng(0).normal(size=A.shape))
    (tmp_path / "p.csv").write_text("model,auroc\none,0.9\ntwo,0.9\n")
    result = score.score_files(
        tmp_path / "x.npz",
        [tmp_path / "one.npz", tmp_path / "two.npz"],
        performance=tmp_path / "p.csv",
        settings=scorer.Settings(ks=(3, 4)),
    )
    check(page, "## Scores of your own maps", list(result.table))
    check(page, "`words`:", list(result.words))
