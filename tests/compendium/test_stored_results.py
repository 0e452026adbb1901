"""`make store` and `make verify`: what the book keeps of a full run."""

import json

import pandas as pd
import pytest

from compendium import artefacts, paths, steps


@pytest.fixture
def scripts(script):
    return script("scripts/stored_results.py")


def test_store_and_verify(compendium, scripts, capsys, monkeypatch):
    (compendium / "my.yml").write_text("")
    run = steps.configure(compendium / "my.yml")
    table = pd.DataFrame({"id": ["a", "b"], "snr": [1.0, None]})
    paths.write_csv(run.scores("synthetic"), table)
    paths.write_csv(run.table("interactions_cells"), table)
    paths.write_json(run.claims("01_first"), {"share": {"value": 0.2, "text": "20%"}})
    fitted = {"frequency": {"mean": [1.0], "trained_on": {"models": 2}, "held_out": {"a": 0}}}
    paths.write_json(run.length_weights, fitted)
    steps.manifest(run)
    assert scripts.main(["store", "my"]) == 2
    assert "02_signal_to_noise.ipynb: no such file" in capsys.readouterr().err
    assert not paths.stored().exists()
    monkeypatch.setattr(scripts, "STORED_FIGURES", {})
    assert scripts.main(["store", "my"]) == 0
    stored = sorted(path.name for path in paths.stored().iterdir())
    assert stored == [
        "claims.csv",
        "interactions_cells.csv",
        "length_weights.json",
        "manifest.json",
        "scores_synthetic.csv",
    ]
    shipped = paths.read_json(paths.shipped_weights_file())
    assert "2 networks" in shipped["frequency"]["source"]
    assert shipped["frequency"]["held_out"] == {}
    assert scripts.main(["verify", "my"]) == 0
    paths.write_csv(run.scores("synthetic"), table.assign(snr=[1.1, None]))
    capsys.readouterr()
    assert scripts.main(["verify", "my"]) == 1
    assert "scores_synthetic.csv: snr, a: 1.1 here, 1.0 stored" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [[], ["forget"], ["store", "a", "b", "c"], ["verify", "a", "b"]]
)
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
    run = steps.configure(compendium / "my.yml")
    table = pd.DataFrame({"id": ["a", "b"], "epoch": [0, 1], "final": [0.1, 0.2]})
    assert scripts.main(["store", "my", "nothing"]) == 2
    assert "no study 'nothing': choose from" in capsys.readouterr().err
    paths.write_csv(run.table("mutagenesis_methods"), table)
    assert scripts.main(["store", "my", "mutagenesis"]) == 2
    assert "mutagenesis_networks.csv: no such table" in capsys.readouterr().err
    assert not paths.stored().exists()
    paths.write_csv(run.table("mutagenesis_networks"), table)
    assert scripts.main(["store", "my", "mutagenesis"]) == 0
    stored = sorted(path.name for path in paths.stored().iterdir())
    assert stored == ["mutagenesis_methods.csv", "mutagenesis_networks.csv"]

    paths.write_csv(paths.stored() / "scores_synthetic.csv", table)
    paths.write_csv(run.scores("synthetic"), table)
    run.table("mutagenesis_methods").unlink()  # as in a run that leaves the study out
    capsys.readouterr()
    assert scripts.main(["verify", "my"]) == 0, capsys.readouterr().out


# --- a run with more or fewer downloads than ours ----------------------------------------

REAL = ("gm12878_dnase", "koo")


@pytest.fixture
def verify(compendium, scripts, capsys):
    """Compare a run of these networks with what is stored: (exit status, printed lines)."""
    (compendium / "my.yml").write_text("")
    notebook = (compendium / "notebooks" / "01_first.py").read_text()
    for chapter in ("05_real_data", "06_controls", "12_truth_on_dna"):
        (compendium / "notebooks" / f"{chapter}.py").write_text(notebook)
    run = steps.configure(compendium / "my.yml")
    kept = {
        "scores_synthetic": networks("a", "b"),
        "scores_koo": networks("c", "d"),
        "scores_gm12878_dnase": networks("e"),
        "gm12878_counts": networks("e"),
        "implants_networks": networks("e"),
        "controls_maps": networks("a", "e").assign(population=["synthetic", "gm12878_dnase"]),
    }
    for name, table in kept.items():
        paths.write_csv(paths.stored() / f"{name}.csv", table)
    for name in ("controls_maps", "gm12878_counts", "implants_networks"):
        paths.write_csv(run.table(name), kept[name])

    def verify(**populations):
        jobs = json.dumps({name: [ids] for name, ids in populations.items()})
        with artefacts.writing(run.networks) as temporary:
            temporary.write_text(jobs)
        status = scripts.main(["verify", "my"])
        return status, capsys.readouterr().out.splitlines()

    for population in ("synthetic", *REAL):
        paths.write_csv(run.scores(population), kept[f"scores_{population}"])
    verify.run, verify.kept = run, kept
    return verify


def networks(*ids):
    return pd.DataFrame({"id": ids, "snr": [ord(i) / 10 for i in ids], "minutes": 1.0})


def test_a_run_like_ours_is_compared_whole(verify):
    status, printed = verify(synthetic=["a", "b"], koo=["c", "d"], gm12878_dnase=["e"])
    assert (status, printed) == (0, ["data/stored agrees with this run."])
    paths.write_csv(verify.run.table("implants_networks"), networks("f"))
    status, printed = verify(synthetic=["a", "b"], koo=["c", "d"], gm12878_dnase=["e"])
    assert status == 1 and "implants_networks.csv: id, row 1: f here, e stored" in printed


def test_more_networks_than_stored_are_no_difference(verify):
    paths.write_csv(verify.run.scores("koo"), networks("x", "d", "y", "c"))
    status, printed = verify(synthetic=["a", "b"], koo=["x", "d", "y", "c"], gm12878_dnase=["e"])
    assert (status, printed) == (0, ["data/stored agrees with this run."])
    paths.write_csv(verify.run.scores("koo"), networks("x", "d", "y", "c").replace(9.9, 9.8))
    status, printed = verify(synthetic=["a", "b"], koo=["x", "d", "y", "c"], gm12878_dnase=["e"])
    assert (status, printed) == (1, ["scores_koo.csv: snr, c: 9.8 here, 9.9 stored"])


def test_networks_that_are_not_here_are_named_but_lost_ones_are_a_difference(verify):
    paths.write_csv(verify.run.scores("koo"), networks("d"))
    status, printed = verify(synthetic=["a", "b"], koo=["d"], gm12878_dnase=["e"])
    assert status == 0
    assert printed[0] == (
        "not compared: 1 of 2 networks of scores_koo.csv (this run does not have them)"
    )
    status, printed = verify(synthetic=["a", "b"], koo=["c", "d"], gm12878_dnase=["e"])
    assert (status, printed) == (1, ["scores_koo.csv: lacks c"])
    paths.write_csv(verify.run.scores("synthetic"), networks("a"))
    status, printed = verify(synthetic=["a"], koo=["d"], gm12878_dnase=["e"])
    assert status == 1 and "scores_synthetic.csv: lacks b" in printed


def test_tables_of_absent_populations_are_skipped_in_a_line_each(verify):
    for population in REAL:
        verify.run.scores(population).unlink()
    for name in ("gm12878_counts", "implants_networks"):
        verify.run.table(name).unlink()
    paths.write_csv(verify.run.table("controls_maps"), verify.kept["controls_maps"][:1])
    status, printed = verify(synthetic=["a", "b"])
    lacking = "(this run has no GM12878 sequences)"
    assert status == 0 and printed == [
        f"not compared: gm12878_dnase in controls_maps.csv {lacking}",
        f"not compared: gm12878_counts.csv {lacking}",
        f"not compared: implants_networks.csv {lacking}",
        f"not compared: scores_gm12878_dnase.csv {lacking}",
        "not compared: scores_koo.csv (this run has no published networks)",
        "data/stored agrees with this run, as far as compared.",
    ]
    verify.run.table("controls_maps").unlink()
    status, printed = verify(synthetic=["a", "b"])
    assert status == 1 and "controls_maps.csv: not in run 'my'" in printed
    status, printed = verify(synthetic=["a", "b"], gm12878_dnase=["e"])
    assert status == 1 and "scores_gm12878_dnase.csv: not in run 'my'" in printed
