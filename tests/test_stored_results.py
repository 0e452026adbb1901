"""`make store` and `make verify`: what the book keeps of a full run."""

import pandas as pd
import pytest

from attribution_consistency import artefacts, pipeline


@pytest.fixture
def scripts(script):
    return script("scripts/stored_results.py")


def test_store_and_verify(compendium, scripts, capsys, monkeypatch):
    (compendium / "my.yml").write_text("")
    run = pipeline.configure(compendium / "my.yml")
    table = pd.DataFrame({"id": ["a", "b"], "snr": [1.0, None], "minutes": [3.0, 4.0]})
    artefacts.write_csv(run.scores("synthetic"), table)
    artefacts.write_csv(run.table("pairs"), table)
    artefacts.write_json(run.claims("01_first"), {"share": {"value": 0.2, "text": "20%"}})
    fitted = {"frequency": {"mean": [1.0], "trained_on": {"models": 2}, "held_out": {"a": 0}}}
    artefacts.write_json(run.length_weights, fitted)
    pipeline.manifest(run)
    assert scripts.main(["store", "my"]) == 2
    assert "02_signal_to_noise.ipynb: no such file" in capsys.readouterr().err
    assert not artefacts.stored().exists()
    monkeypatch.setattr(scripts, "STORED_FIGURES", {})
    assert scripts.main(["store", "my"]) == 0
    stored = sorted(path.name for path in artefacts.stored().iterdir())
    assert stored == [
        "claims.csv", "length_weights.json", "manifest.json", "pairs.csv", "scores_synthetic.csv",
    ]
    shipped = artefacts.read_json(artefacts.default_length_weights())
    assert "2 networks" in shipped["frequency"]["source"]
    assert shipped["frequency"]["held_out"] == {}
    artefacts.write_csv(run.scores("synthetic"), table.assign(minutes=[9.0, 9.0]))
    assert scripts.main(["verify", "my"]) == 0
    artefacts.write_csv(run.scores("synthetic"), table.assign(snr=[1.1, None]))
    capsys.readouterr()
    assert scripts.main(["verify", "my"]) == 1
    assert "scores_synthetic.csv: snr, row 1: 1.1 here, 1.0 stored" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["forget"], ["store", "a", "b", "c"], ["verify", "a", "b"]])
def test_a_wrong_command_shows_how_to_call_it(scripts, capsys, arguments):
    assert scripts.main(arguments) == 2
    assert "stored_results.py store|verify" in capsys.readouterr().err


def test_an_unfinished_run_is_not_stored(compendium, scripts, capsys):
    assert scripts.main(["store", "absent"]) == 2
    assert "not finished" in capsys.readouterr().err


def test_one_study_is_stored_by_itself_and_not_asked_of_runs_without_it(
    compendium, scripts, capsys
):
    (compendium / "my.yml").write_text("")
    run = pipeline.configure(compendium / "my.yml")
    table = pd.DataFrame({"epoch": [0, 1], "final": [0.1, 0.2]})
    assert scripts.main(["store", "my", "nothing"]) == 2
    assert "no study 'nothing': choose from" in capsys.readouterr().err
    artefacts.write_csv(run.table("learning_epochs"), table)
    assert scripts.main(["store", "my", "learning"]) == 2
    assert "learning_agreement.csv: no such table" in capsys.readouterr().err
    assert not artefacts.stored().exists()
    artefacts.write_csv(run.table("learning_agreement"), table)
    assert scripts.main(["store", "my", "learning"]) == 0
    stored = sorted(path.name for path in artefacts.stored().iterdir())
    assert stored == ["learning_agreement.csv", "learning_epochs.csv"]

    artefacts.write_csv(artefacts.stored() / "scores_synthetic.csv", table)
    artefacts.write_csv(run.scores("synthetic"), table)
    run.table("learning_epochs").unlink()  # as in a run that leaves the study out
    capsys.readouterr()
    assert scripts.main(["verify", "my"]) == 0, capsys.readouterr().out
