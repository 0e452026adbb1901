"""Trainings that are interrupted, on damaged files, failing disks and full ones."""

import errno
import json
import os

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from training_examples import LENGTH, easy_data, encrypt, flip_a_bit, recipe, rewrite, truncate

from compendium.zoo import networks, recipes, training

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data():
    return easy_data()


@pytest.fixture(scope="module")
def straight(data):
    """A network trained for two epochs without a break."""
    return training.train(recipe(), data)[0].get_weights()


class Stop(Exception):
    """Ends a training from outside."""


def stop_after_one_epoch(data, checkpoint, made=None):
    def interrupt(line):
        raise Stop

    with pytest.raises(Stop):
        training.train(made or recipe(), data, checkpoint, interrupt)


@pytest.fixture(scope="module")
def after_one_epoch(data, tmp_path_factory):
    """Content of the checkpoint of a training of `recipe()` that ended after one epoch."""
    checkpoint = tmp_path_factory.mktemp("stopped") / "checkpoint.npz"
    stop_after_one_epoch(data, checkpoint)
    return checkpoint.read_bytes()


def without(name):
    def change(arrays):
        state = json.loads(str(arrays["state"]))
        del state[name]
        arrays["state"] = np.array(json.dumps(state))

    return change


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"PK\x03\x04 cut off"),
        lambda path: path.write_bytes(b""),
        lambda path: truncate(path, 0.5),
        flip_a_bit,
        encrypt,
        lambda path: np.save(path.open("wb"), np.zeros(3)),
        lambda path: rewrite(path, lambda arrays: arrays.pop("best_003")),
        lambda path: rewrite(path, lambda arrays: arrays.pop("optimizer_004")),
        lambda path: rewrite(path, without("learning_rate")),
        lambda path: rewrite(path, without("digest")),
    ],
    ids=[
        "foreign",
        "empty",
        "half",
        "one bit",
        "encrypted",
        "one array",
        "no best weight",
        "no optimiser state",
        "no setting",
        "of an earlier version",
    ],
)
def test_a_damaged_checkpoint_is_named_and_the_training_starts_again(
    damage, data, straight, after_one_epoch, tmp_path, capsys
):
    checkpoint = tmp_path / "checkpoint.npz"
    checkpoint.write_bytes(after_one_epoch)
    damage(checkpoint)
    damaged, kept = checkpoint.read_bytes(), tmp_path / "checkpoint.npz.damaged"
    kept.write_text("of an earlier time")
    model, record = training.train(recipe(), data, checkpoint)
    printed = capsys.readouterr().out
    assert str(checkpoint) in printed and "unreadable checkpoint" in printed and "()" not in printed
    same = kept.read_bytes() == damaged
    assert f"kept as {kept.name}" in printed and same
    assert record["epochs"] == 2 and len(record["history"]["loss"]) == 2
    for expected, found in zip(straight, model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "other", ["nobn-exp-standard-00", "bn-relu-standard-00", "bn-exp-standard-01"]
)
def test_a_checkpoint_of_another_network_is_not_taken_up(other, data, straight, tmp_path, capsys):
    """Not even where all arrays have the same shapes."""
    checkpoint = tmp_path / "checkpoint.npz"
    stop_after_one_epoch(data, checkpoint, recipe(other))
    model, _ = training.train(recipe(), data, checkpoint)
    assert "weights of another network" in capsys.readouterr().out
    for expected, found in zip(straight, model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


PASSING = [
    OSError(number, os.strerror(number))
    for number in (errno.EIO, errno.ESTALE, errno.EACCES, errno.EMFILE)
] + [MemoryError("for now")]


@pytest.mark.parametrize("error", PASSING, ids=str)
def test_a_passing_failure_to_read_is_no_damage(
    error, data, after_one_epoch, tmp_path, monkeypatch
):
    checkpoint = tmp_path / "checkpoint.npz"
    checkpoint.write_bytes(after_one_epoch)
    training.save(networks.build(recipe(), LENGTH), {"digest": "abc"}, tmp_path, "m")
    before = checkpoint.read_bytes()

    def fail(*given, **options):
        raise error

    monkeypatch.setattr(np, "load", fail)
    for read, path in (
        (lambda: training.train(recipe(), data, checkpoint), checkpoint),
        (lambda: training.has_weights(tmp_path, "m", "abc"), tmp_path / "m.npz"),
    ):
        if isinstance(error, OSError):
            error.filename = None
        with pytest.raises(type(error)) as caught:
            read()
        assert caught.value is error
        assert isinstance(error, MemoryError) or error.filename == str(path)
    same = checkpoint.read_bytes() == before
    assert same
    assert not list(tmp_path.glob("*.damaged"))


def test_what_cannot_be_opened_is_named_and_not_taken_for_absent(data, tmp_path):
    for name in ("m.json", "checkpoint.npz"):
        (tmp_path / name).mkdir()
    with pytest.raises(OSError, match="m.json"):
        training.has_weights(tmp_path, "m", "abc")
    with pytest.raises(OSError, match="checkpoint.npz"):
        training.train(recipe(), data, tmp_path / "checkpoint.npz")


def test_a_full_disk_keeps_the_last_checkpoint(data, straight, tmp_path, monkeypatch):
    """The disk fills up half-way through the second checkpoint; with room, training goes on."""
    checkpoint, write = tmp_path / "checkpoint.npz", np.savez

    def full(file, **arrays):
        if json.loads(str(arrays["state"]))["epoch"] == 2:
            file.write_bytes(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(file, **arrays)

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left") as caught:
        training.train(recipe(), data, checkpoint)
    assert caught.value.filename == str(checkpoint)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.npz"]
    monkeypatch.undo()
    lines = []
    model, _ = training.train(recipe(), data, checkpoint, lines.append)
    assert len(lines) == 1 and lines[0].startswith("epoch 2/2")
    for expected, found in zip(straight, model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_full_disk_loses_no_finished_network(data, tmp_path, monkeypatch):
    """Weights cannot be written: the checkpoint stays, so that no epoch is trained again."""
    made = {"bn-exp-standard-00": recipe()}
    out, checkpoints = tmp_path / "out", tmp_path / "checkpoints"

    def full(file, **arrays):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="finished/bn-exp-standard-00-[0-9a-f]{12}.npz"):
        training.train_models(made, data, out, checkpoints, progress=lambda line: None)
    assert not list(out.iterdir()) and not list((checkpoints / "finished").iterdir())
    monkeypatch.undo()
    lines = []
    training.train_models(made, data, out, checkpoints, progress=lines.append)
    assert [line.split("] ")[1] for line in lines] == ["bn-exp-standard-00 trained"]
    assert training.has_weights(out, "bn-exp-standard-00", recipes.digest(recipe()))
