"""The comparison of runs on other processors finds what differs, and only that."""

import numpy as np
import pandas as pd
import pytest
import yaml

from compendium import paths, performance


@pytest.fixture
def machines(script):
    return script("scripts/other_machines.py")


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("0.95 (0.91 to 0.97)", "0.95 (0.91 to 0.97)", True),
        ("0.95 of 84", "0.96 of 84", True),  # one unit of the last digit: rounding
        ("0.95 of 84", "0.97 of 84", False),
        ("70 of 84", "71 of 84", False),  # a count does not round
        ("the interval includes zero", "the interval lies above zero", False),
        ("CACGTG", "CACGTT", False),
        ("20,000 sequences", "20,001 sequences", True),  # 1e-4 of it
        ("1e-5", "2e-5", False),
    ],
)
def test_texts_are_alike_but_for_rounding(machines, one, other, alike):
    assert machines.same_text(one, other) is alike


def test_tables_are_compared_column_by_column(machines, tmp_path):
    table = pd.DataFrame({"id": ["a", "b"], "snr": [3.0, -0.2], "minutes": [1.0, 2.0]})
    files = [tmp_path / "one.csv", tmp_path / "two.csv"]

    def differences(**change):
        for path, content in zip(files, (table, table.assign(**change))):
            content.to_csv(path, index=False)
        return list(machines.same_tables(*files))

    assert differences(minutes=[5.0, 5.0]) == []
    assert differences(snr=[3.0001, -0.2]) == []
    assert "snr, 1 rows, first 1" in differences(snr=[3.01, -0.2])[0]
    assert "id, 1 rows, first 2: b and c" in differences(id=["a", "c"])[0]
    assert differences(more=[1, 2])


def test_every_option_is_a_job_of_continuous_integration(machines, repository):
    jobs = yaml.safe_load((repository / ".github/workflows/machines.yml").read_text())["jobs"]
    tried = jobs["compare"]["strategy"]["matrix"]["option"]
    assert {*tried} == {*machines.options()} - {"default"}
    assert machines.main(["a-vax"]) == 2


def test_a_run_that_differs_from_itself_in_nothing(machines, compendium):
    run = paths.Run("one")
    paths.write_csv(run.scores("synthetic"), pd.DataFrame({"id": ["a"], "snr": [1.0]}))
    paths.write_json(run.claims("01"), {"n": {"value": 1.0, "text": "1"}})
    assert not list(machines.compare_runs(run, run))
    other = paths.Run("two")
    paths.write_csv(other.scores("synthetic"), pd.DataFrame({"id": ["a"], "snr": [1.1]}))
    paths.write_json(other.claims("01"), {"n": {"value": 2.0, "text": "2"}})
    paths.write_csv(other.figure("01", "fig"), pd.DataFrame({"x": [1.0]}))
    found = "\n".join(machines.compare_runs(run, other))
    assert "scores/synthetic.csv: snr" in found and "claims/01.json: n: '1' and '2'" in found
    assert "figures/01/fig.csv: made by one of the two only" in found


@pytest.mark.parametrize("constant", [0.1, 1 / 3, -2.7, 1e-4])
def test_outputs_that_agree_but_for_rounding_correlate_with_nothing(constant):
    rng = np.random.default_rng(3)
    y = rng.normal(size=200)
    same = np.float32(constant) * (1 + 2e-7 * rng.normal(size=200)).astype("float32")
    assert np.ptp(same) > 0
    assert np.isnan(performance.pearson(y, same)) and np.isnan(performance.pearson(same, y))
    assert np.isnan(performance.pearson(y, np.full(200, constant)))
    assert performance.auroc(y > 0, same) == 0.5
    assert performance.pearson(y, y * constant) == pytest.approx(np.sign(constant))
