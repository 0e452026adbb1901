"""Files of a run: written whole or not at all, read with one-line errors."""

import errno
import json

import numpy as np
import pandas as pd
import pytest

from attribution_consistency.files import replacing
from compendium import paths
from compendium.paths import ArtefactError, Run
from compendium.store import StoreError


def test_paths_lie_below_the_root(compendium):
    run = Run("my")
    assert run.maps("synthetic", "a-00") == compendium / "results/my/maps/synthetic/a-00.npz"
    assert run.book == compendium / "results/my/book/_build/html"
    assert Run("default").book == compendium / "_build/html"
    assert paths.relative(run.config) == "results/my/config.yml"


def test_the_root_is_found_upwards(compendium, monkeypatch):
    monkeypatch.delenv("ATTRIBUTION_CONSISTENCY_ROOT", raising=False)
    monkeypatch.chdir(compendium / "notebooks")
    assert paths.root() == compendium


def test_a_root_that_is_no_folder_is_named(compendium, monkeypatch):
    monkeypatch.setenv("ATTRIBUTION_CONSISTENCY_ROOT", str(compendium / "absent"))
    with pytest.raises(ArtefactError, match="absent is not a folder"):
        paths.root()


def test_outside_of_a_clone_the_message_says_where_to_go(tmp_path, monkeypatch):
    monkeypatch.delenv("ATTRIBUTION_CONSISTENCY_ROOT", raising=False)
    monkeypatch.setattr(paths, "__file__", str(tmp_path / "site-packages" / "paths.py"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArtefactError, match=f"at or above {tmp_path}: change into your clone"):
        paths.root()


@pytest.mark.parametrize("name", ["", "a b", "../x", ".hidden", "a/b", "x" * 65])
def test_names_that_cannot_be_folders_are_refused(name):
    with pytest.raises(ArtefactError, match="cannot name a run"):
        Run(name)


def test_writing_makes_folders_and_leaves_no_other_file(tmp_path):
    path = tmp_path / "a" / "b.npz"
    with replacing(path) as temporary:
        np.savez(temporary, x=np.arange(3))
    assert [p.name for p in path.parent.iterdir()] == ["b.npz"]
    with np.load(path) as arrays:
        assert arrays["x"].tolist() == [0, 1, 2]


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    paths.write_json(path, {"x": 1})
    with pytest.raises(OSError), replacing(path) as temporary:
        temporary.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert paths.read_json(path) == {"x": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_missing_and_damaged_files_are_named(compendium):
    path = Run("my").length_weights
    with pytest.raises(ArtefactError, match="results/my/length_weights.json: no such file"):
        paths.read_json(path)
    path.parent.mkdir(parents=True)
    path.write_text('{"mean": [0.1,')
    with pytest.raises(ArtefactError, match="length_weights.json: damaged"):
        paths.read_json(path)
    path = Run("my").scores("synthetic")
    with pytest.raises(ArtefactError, match="synthetic.csv: no such file"):
        paths.read_csv(path)
    path.parent.mkdir(parents=True)
    path.write_text("")
    with pytest.raises(ArtefactError, match="synthetic.csv: damaged"):
        paths.read_csv(path)
    path = Run("my").maps("synthetic", "a-00")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(StoreError, match="a-00.npz: truncated"):
        paths.read_maps("my", "synthetic", "a-00")


def test_a_table_of_the_run_wins_over_the_stored_one(compendium):
    with pytest.raises(ArtefactError, match="no table pairs"):
        paths.load_table("my", "pairs")
    paths.write_csv(paths.stored() / "pairs.csv", pd.DataFrame({"x": [1]}))
    table, origin = paths.load_table("my", "pairs")
    assert (table["x"].tolist(), origin) == ([1], "stored")
    paths.write_csv(Run("my").table("pairs"), pd.DataFrame({"x": [2]}))
    table, origin = paths.load_table("my", "pairs")
    assert (table["x"].tolist(), origin) == ([2], "run")


def test_scores_of_the_run_win_over_the_stored_ones(compendium):
    stored = paths.stored() / "scores_gm12878_dnase.csv"
    paths.write_csv(stored, pd.DataFrame({"id": ["a"]}))
    assert paths.load_scores("my", "gm12878_dnase")[1] == "stored"
    paths.write_csv(Run("my").scores("gm12878_dnase"), pd.DataFrame({"id": ["b"]}))
    table, origin = paths.load_scores("my", "gm12878_dnase")
    assert (table["id"].tolist(), origin) == (["b"], "run")


def test_the_digest_of_text_does_not_depend_on_line_endings():
    assert paths.text_sha256("a\nb\n") == paths.text_sha256("a\r\nb\r\n")


def test_claims_are_kept_when_the_workflow_runs_the_notebook(compendium, monkeypatch):
    from compendium.page import claims

    monkeypatch.setattr(claims, "_glue", lambda name, text: None)
    claims.report("alone", 0.5)
    monkeypatch.setenv("ATTRIBUTION_CONSISTENCY_RUN", "my")
    monkeypatch.setenv("ATTRIBUTION_CONSISTENCY_NOTEBOOK", "01_first")
    claims.report("share", 0.25, ".0%")
    claims.report("networks", 28, "d")
    claims.report("name", "MAX")
    kept = json.loads(Run("my").claims("01_first").read_text())
    assert kept == {
        "share": {"value": 0.25, "text": "25%"},
        "networks": {"value": 28.0, "text": "28"},
        "name": {"value": "MAX", "text": "MAX"},
    }
