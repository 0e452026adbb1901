"""Notes beside the files of a run: what changes them is seen by whoever reads."""

import numpy as np
import pandas as pd
import pytest

from compendium import artefacts, paths, run, steps, store


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(tmp_path))
    return paths.Run("tiny")


def write(tiny):
    paths.write_json(tiny.length_weights, {"a": 1.25})
    paths.write_csv(tiny.score_part("synthetic", 0), pd.DataFrame({"id": ["a", "b"], "n": [1, 2]}))
    store.save(tiny.data("synthetic"), {"codes": np.zeros((3, 5), np.uint8)})


@pytest.mark.parametrize("content", [b"", b"abc", b"abc x", b"\xff\xfe", b"0" * 64])
def test_a_damaged_note_is_a_file_to_be_made_again(tiny, content):
    write(tiny)
    note = tiny.folder / artefacts.NOTES / "length_weights.json"
    note.write_bytes(content)
    assert "has a damaged note" in artefacts.changed(tiny)[tiny.length_weights]
    with pytest.raises(
        paths.ArtefactError, match="length_weights.json: has a damaged note, .*: run"
    ):
        paths.read_json(tiny.length_weights)
    artefacts.discard_changed(tiny)
    assert not note.exists() and not tiny.length_weights.exists()


READERS = {
    "length_weights.json": paths.read_json,
    "scores/parts/synthetic-0.csv": paths.read_csv,
    "data/synthetic.npz": store.load,
}


@pytest.mark.parametrize("name", READERS)
def test_whoever_reads_a_changed_file_is_told(tiny, name):
    write(tiny)
    path = tiny.folder / name
    READERS[name](path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(paths.ArtefactError, match=rf"{name}: has \d+ bytes, and {len(content)} "):
        READERS[name](path)
    path.write_bytes(content[:-4] + bytes([content[-4] ^ 1]) + content[-3:])
    with pytest.raises(paths.ArtefactError, match=f"{name}: is not what was written: run again"):
        READERS[name](path)
    path.write_bytes(content)
    READERS[name](path)


def test_what_has_changed_is_listed_and_discarded(tiny, capsys):
    write(tiny)
    assert artefacts.count(tiny) == 3 and not artefacts.changed(tiny)
    part = tiny.score_part("synthetic", 0)
    part.write_text("id,n\na,1\nb,3\n")
    tiny.length_weights.unlink()
    found = {p.name: why for p, why in artefacts.changed(tiny).items()}
    assert found == {"synthetic-0.csv": "is not what was written", "length_weights.json": "is gone"}
    artefacts.discard_changed(tiny)
    assert "synthetic-0.csv: is not what was written; it is made" in capsys.readouterr().err
    assert not part.exists() and artefacts.count(tiny) == 1 and not artefacts.changed(tiny)


def test_what_a_notebook_wrote_beside_itself_is_made_again_with_it(tiny):
    name = "01_synthetic_data"
    paths.write_json(tiny.claims(name), {})
    paths.write_json(tiny.provenance(name), {})
    paths.write_csv(tiny.figure(name, "fig_x"), pd.DataFrame({"x": [1]}))
    for path in (tiny.claims(name), tiny.provenance(name), tiny.figure(name, "fig_x")):
        paths.write_json(tiny.notebook(name), {})
        path.write_text("changed")
        artefacts.discard_changed(tiny)
        assert not path.exists() and not tiny.notebook(name).exists()


def test_a_write_that_fails_leaves_file_and_note(tiny):
    write(tiny)
    with pytest.raises(ZeroDivisionError), artefacts.writing(tiny.length_weights):
        raise ZeroDivisionError
    assert not artefacts.changed(tiny) and paths.read_json(tiny.length_weights) == {"a": 1.25}


def test_files_of_no_run_have_no_note(tiny, tmp_path):
    for path in (tmp_path / "data" / "stored" / "x.csv", tmp_path / "results" / "x.csv"):
        paths.write_csv(path, pd.DataFrame({"x": [1]}))
        assert len(paths.read_csv(path)) == 1
    assert not list(tmp_path.rglob(artefacts.NOTES))


def test_check_says_what_it_found(tiny, capsys):
    with pytest.raises(run.RunError, match="no files to check"):
        run._checked(tiny)
    write(tiny)
    assert run._checked(tiny) == 0
    tiny.length_weights.write_text("{}")
    assert run._checked(tiny) == 1
    printed = capsys.readouterr().out
    assert "3 files, 0 changed since they were written" in printed
    assert "results/tiny/length_weights.json: has 2 bytes, and" in printed
    assert "3 files, 1 changed" in printed


def test_parts_of_other_networks_or_of_none_that_can_be_scored_are_refused(tiny):
    paths.write_json(tiny.networks, {"synthetic": [["a"], ["b"]]})
    for part, (name, status) in enumerate([("a", "ok"), ("c", "ok")]):
        table = pd.DataFrame({"id": [name], "status": [status]})
        paths.write_csv(tiny.score_part("synthetic", part), table)
    with pytest.raises(
        steps.StepError, match=r"synthetic-1.csv: holds other networks than its job"
    ):
        steps.read_parts(tiny, "synthetic")
    with pytest.raises(steps.StepError, match="run 'tiny' has no networks of koo"):
        steps.read_parts(tiny, "koo")
    for part, name in enumerate("ab"):
        table = pd.DataFrame({"id": [name], "status": ["diverged"]})
        paths.write_csv(tiny.score_part("synthetic", part), table)
    with pytest.raises(steps.StepError, match="every network of synthetic diverged.*learning_rate"):
        steps.read_parts(tiny, "synthetic")
