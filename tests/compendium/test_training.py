"""Training: what is learnt, recorded, copied and kept."""

import errno
import json
import os

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from training_examples import LENGTH, easy_data, encrypt, flip_a_bit, recipe, rewrite, truncate

from compendium.zoo import networks, recipes, training, weights
from compendium.zoo.state import State

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data():
    return easy_data()


# --- training --------------------------------------------------------------------------


def test_training_learns_an_easy_task(data):
    rng = np.random.default_rng(1)
    x = np.eye(4, dtype=np.float32)[rng.integers(0, 4, (800, LENGTH))]
    y = (np.arange(800) % 2)[:, None].astype(np.float32)
    x[y[:, 0] == 1, 20:32] = np.eye(4, dtype=np.float32)[[0, 1, 2, 3] * 3]
    easy = {"x": x, "y": y, "split": np.repeat([0, 1, 2], [600, 100, 100])}
    _, record = training.train(recipe("nobn-relu-standard-00", epochs=8), easy)
    assert record["test"]["auroc"] > 0.9


def test_a_training_can_be_followed_from_the_untrained_network_on(data):
    made, seen = recipe("bn-exp-mixup-00"), []
    network, _ = training.train(
        made, data, each_epoch=lambda epoch, n: seen.append((epoch, n.get_weights()))
    )
    assert [epoch for epoch, _ in seen] == [0, 1, 2]
    kernels = [values[0] for _, values in seen]
    assert not np.array_equal(kernels[0], kernels[1])
    np.testing.assert_array_equal(kernels[2], network.get_weights()[0])


@pytest.mark.parametrize("regulariser", recipes.REGULARISERS)
def test_a_resumed_training_ends_at_the_same_weights(regulariser, data, tmp_path):
    made = recipe(f"bn-exp-{regulariser}-03", epochs=3)
    running, after_one = tmp_path / "running.npz", tmp_path / "after_one.npz"

    def keep_the_first(line):
        if line.startswith("epoch 1"):
            after_one.write_bytes(running.read_bytes())

    straight, expected = training.train(made, data, running, keep_the_first)
    lines = []
    resumed, record = training.train(made, data, after_one, lines.append)
    assert [line.split(":")[0] for line in lines] == ["epoch 2/3", "epoch 3/3"]
    assert record["history"] == expected["history"] and record["epochs"] == 3
    for a, b in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


class Counter:
    """Stands for a network, whose one weight is the number of epochs trained."""

    weights, epoch = (), 0

    def get_weights(self):
        return [self.epoch]


def closed(scores, **changes):
    """A training after epochs of these validation scores, and its learning rate after each."""
    made, rates = recipe(epochs=len(scores), learning_rate=1.0) | changes, []
    state = State(None, Counter(), made)
    for score in scores:
        state.network.epoch += 1
        state.close_epoch(0.5, 0.6, score, 1.0)
        rates.append(state.learning_rate)
        if state.finished:
            break
    return state, rates


def test_the_learning_rate_falls_when_the_score_stalls():
    # A rise of 0.0001 is none.
    scores = [0.5, 0.6, 0.6, 0.60005, 0.6, 0.5, 0.7, 0.7, 0.7]
    state, rates = closed(scores, decay_patience=2, decay_factor=0.1)
    np.testing.assert_allclose(rates, [1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001])
    assert state.history["learning_rate"] == pytest.approx([1, *rates[:-1]])
    assert state.epoch == 9 and state.seconds == 9 and not state.diverged
    assert state.best_weights == [9], "without early stopping those of the last epoch"


def test_a_training_stops_early_and_keeps_its_best_weights():
    state, rates = closed([0.5, 0.7, 0.6, 0.70005, 0.6, 0.9], stopping_patience=3)
    assert state.epoch == len(rates) == 5 and state.stopped and not state.diverged
    assert state.best_score == 0.7 and state.best_weights == [2]


@pytest.mark.parametrize(
    "changes, diverged",
    [({"task": "quantitative"}, True), ({"stopping_patience": 2}, True), ({}, False)],
    ids=["quantitative", "stopped early", "last epoch of a binary task"],
)
def test_a_network_whose_score_is_never_finite_diverged(changes, diverged):
    state, _ = closed([np.nan] * 3, **changes)
    assert state.finished and state.diverged == diverged
    state, _ = closed([np.nan, 0.3, np.nan], **changes)
    assert state.finished and not state.diverged


def test_a_diverging_network_is_recorded_as_such_also_when_it_is_resumed(data, tmp_path):
    made = recipe("nobn-exp-standard-00", epochs=3, learning_rate=1e6)
    network, record = training.train(made, data, tmp_path / "checkpoint.npz")
    assert record["diverged"] and record["epochs"] < 3
    assert weights.can_hold(network)

    def again(line):
        raise AssertionError("trained on after it diverged")

    resumed, same = training.train(made, data, tmp_path / "checkpoint.npz", again)
    assert same == record
    for expected, found in zip(network.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.filterwarnings("error:overflow")
def test_weights_that_half_precision_cannot_hold_are_recorded_as_diverged(
    data, tmp_path, monkeypatch
):
    built, compiled, seen = [], training.compiled, {}
    monkeypatch.setattr(training, "compiled", lambda *a: built.append(compiled(*a)) or built[-1])

    def push(epoch, plain):
        seen.setdefault(epoch, plain.get_weights())
        if epoch == 1:
            built[0][0].layers[-1].bias.assign([7e4])

    network, record = training.train(recipe(epochs=3), data, each_epoch=push)
    assert record["diverged"] and record["epochs"] == 1
    assert np.isfinite(record["history"]["loss"]).all()
    for expected, found in zip(seen[1], network.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)
    training.save(network, record, tmp_path, "m")
    assert training.has_weights(tmp_path, "m", record["digest"])


def test_a_constant_output_is_recorded_as_diverged(data):
    """All validation sequences are the same, and so are the outputs: there is no correlation."""
    x = data["x"].copy()
    x[data["split"] == 1] = x[0]
    made = recipe(epochs=5, task="quantitative", stopping_patience=2)
    _, record = training.train(made, {**data, "x": x})
    assert record["diverged"] and record["epochs"] == 2
    assert np.isnan(record["history"]["validation_score"]).all()


def test_shipped_weights_are_taken_when_their_digest_matches(data, tmp_path):
    made = {"bn-relu-standard-00": recipe("bn-relu-standard-00", epochs=1)}
    folders = [tmp_path / name for name in ("first", "checkpoints", "second")]
    training.train_models(made, data, folders[0], folders[1], progress=lambda line: None)

    def no_data():
        raise AssertionError("trained although weights were shipped")

    training.train_models(
        made, no_data, folders[2], tmp_path / "other", folders[0], lambda line: None
    )
    first, second = ((f / "bn-relu-standard-00.npz").read_bytes() for f in (folders[0], folders[2]))
    assert first == second
    changed = {"bn-relu-standard-00": recipe("bn-relu-standard-00", epochs=2)}
    with pytest.raises(AssertionError, match="trained although"):
        training.train_models(
            changed, no_data, folders[2], tmp_path / "other", folders[0], lambda line: None
        )


@pytest.fixture
def trained(monkeypatch):
    """Ids of the networks that `train_models` trained; their weights are the untrained ones."""
    ids = []

    def train(recipe, data, checkpoint=None, progress=None, each_epoch=None):
        ids.append(checkpoint.name.rsplit("-", 1)[0])
        return networks.build(recipe, LENGTH), {"digest": recipes.digest(recipe)}

    monkeypatch.setattr(training, "train", train)
    return ids


@pytest.mark.parametrize("place", ["out", "finished", "shipped"])
def test_weights_of_an_architecture_that_was_edited_are_trained_again(place, tmp_path, trained):
    """The recipe is the same, the network is not: nobody has to find and delete such files."""
    made, out = recipe(), tmp_path / "out"
    key, older = recipes.digest(made), networks.build(recipe(architecture="deep"), LENGTH)
    folder, name = {
        "out": (out, "m"),
        "finished": (tmp_path / "kept" / "finished", f"m-{key}"),
        "shipped": (tmp_path / "shipped", "m"),
    }[place]
    folder.mkdir(parents=True)
    training.save(older, {"digest": key}, folder, name)
    assert training.has_weights(folder, name, key)
    for expected in (["m"], ["m"]):  # and once only
        lines = []
        training.train_models(
            {"m": made}, {}, out, tmp_path / "kept", tmp_path / "shipped", lines.append
        )
        assert trained == expected
        weights.load_into(networks.build(made, LENGTH), out / "m.npz")
        if lines:
            assert str(folder / f"{name}.npz") in lines[0] and "another architecture" in lines[0]


def test_copying_many_networks_builds_one_of_each_kind(tmp_path, monkeypatch, trained):
    made = {
        f"{kind}-standard-{i:02d}": recipe(f"{kind}-standard-{i:02d}")
        for kind in ("bn-exp", "bn-relu", "nobn-exp")
        for i in range(4)
    }
    build, built = networks.build, []
    packed = {bn: weights.pack(build(recipe(batch_norm=bn), LENGTH)) for bn in (True, False)}
    for name, one in made.items():  # without a digest of their own, as those in data/
        np.savez(tmp_path / f"{name}.npz", **packed[one["batch_norm"]])
        (tmp_path / f"{name}.json").write_text(json.dumps({"digest": recipes.digest(one)}))
    monkeypatch.setattr(networks, "build", lambda *a: built.append(a) or build(*a))
    training.train_models(
        made, None, tmp_path / "out", tmp_path / "kept", tmp_path, lambda line: None
    )
    assert len(built) == 3 and not trained
    assert {path.stem for path in (tmp_path / "out").glob("*.npz")} == set(made)


def test_the_length_of_sequences_is_given_or_learnt_from_the_data(data, tmp_path, trained):
    made = {"m": recipe(data={"data": "from elsewhere"})}
    key, asked = recipes.digest(made["m"]), []
    training.save(networks.build(made["m"], LENGTH), {"digest": key}, tmp_path, "m")

    def load():
        asked.append("loaded")
        return data

    for name, options in (("given", {"length": LENGTH}), ("learnt", {})):
        training.train_models(
            made, load, tmp_path / name, tmp_path / "kept", tmp_path, lambda line: None, **options
        )
        assert asked == [] if name == "given" else ["loaded"]
    assert not trained


def test_the_pipeline_tells_the_length(compendium, monkeypatch):
    from compendium import steps as pipeline
    from compendium import store

    (compendium / "my.yml").write_text("zoo: {configurations: [bn-exp-standard]}")
    run, told = pipeline.configure(compendium / "my.yml"), {}
    store.save(run.data("synthetic"), {"codes": np.zeros((3, 77), np.uint8)})
    monkeypatch.setattr(training, "train_models", lambda *a, **options: told.update(options))
    pipeline.train(run, "synthetic", ["bn-exp-standard-00"])
    assert told["length"] == 77


def test_finished_weights_are_kept_by_digest_and_nothing_else_is_taken(tmp_path, trained):
    """Two lengths of training of one network do not displace each other."""
    out, kept = tmp_path / "out", tmp_path / "kept"
    short, long = {"m": recipe(epochs=1)}, {"m": recipe(epochs=2)}
    for made in (short, long, short, long):
        training.train_models(made, {}, out, kept, progress=lambda line: None)
    assert trained == ["m", "m"]
    names = {f"m-{recipes.digest(made['m'])}.npz" for made in (short, long)}
    assert {path.name for path in (kept / "finished").glob("*.npz")} == names
    other = {"m": recipe(epochs=3)}
    digest = recipes.digest(other["m"])
    training.save(networks.build(other["m"], LENGTH), {"digest": digest}, kept / "finished", "m")
    training.train_models(other, {}, out, kept, progress=lambda line: None)
    assert trained == ["m", "m", "m"]


def test_new_weights_never_pass_under_an_old_record(tmp_path, monkeypatch):
    """The disk is full, or the process killed, when the weights are there and the record is not."""
    network, replacing = networks.build(recipe(), LENGTH), training.writing

    def full(path):
        if path.suffix == ".json":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return replacing(path)

    names = ("old", "new", "shipped", "saved", "copied", "out")
    folders = {name: tmp_path / name for name in names}
    for folder in folders.values():
        folder.mkdir()
    for name in ("old", "saved", "copied", "out"):
        training.save(network, {"digest": "old"}, folders[name], "m")
    training.save(network, {"digest": "new"}, folders["new"], "m")
    np.savez(folders["shipped"] / "m.npz", **weights.pack(network))
    (folders["shipped"] / "m.json").write_text(json.dumps({"digest": "new"}))
    monkeypatch.setattr(training, "writing", full)
    for writing in (
        lambda: training.save(network, {"digest": "new"}, folders["saved"], "m"),
        lambda: training.copy(folders["new"], "m", folders["copied"], "m"),
        lambda: training.copy(folders["shipped"], "m", folders["out"], "m"),
    ):
        with pytest.raises(OSError, match="m.json"):
            writing()
    for name in ("saved", "copied", "out"):
        for key in ("old", "new"):
            assert not training.has_weights(folders[name], "m", key), (name, key)
    assert training.has_weights(folders["shipped"], "m", "new")
    assert training.has_weights(folders["old"], "m", "old")


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"PK\x03\x04"),
        lambda path: truncate(path, 0.5),
        flip_a_bit,
        encrypt,
        lambda path: rewrite(path, lambda arrays: arrays.update(digest=np.array("abd"))),
        lambda path: rewrite(path, lambda arrays: arrays.pop("layout")),
        lambda path: rewrite(path, lambda arrays: arrays.pop("statistics")),
        lambda path: rewrite(path, lambda a: a.update(weights=a["weights"][:-1])),
        lambda path: path.with_suffix(".json").write_text('{"digest": "ab'),
        lambda path: path.with_suffix(".json").write_text("[]"),
    ],
    ids=[
        "foreign",
        "half",
        "one bit",
        "encrypted",
        "of another recipe",
        "no layout",
        "no statistics",
        "too short",
        "half a record",
        "foreign record",
    ],
)
def test_damaged_weights_are_named_and_trained_again(damage, tmp_path, capsys):
    path = tmp_path / "m.npz"
    np.savez_compressed(path, **weights.pack(networks.build(recipe(), LENGTH)))
    path.with_suffix(".json").write_text(json.dumps({"digest": "abc"}))
    assert training.has_weights(tmp_path, "m", "abc")
    assert not training.has_weights(tmp_path, "m", "another")
    assert not training.has_weights(tmp_path, "absent", "abc")
    assert capsys.readouterr().out == "", "that they are others is no damage"
    damage(path)
    assert not training.has_weights(tmp_path, "m", "abc")
    printed = capsys.readouterr().out
    assert str(path.with_suffix("")) in printed and "not used (" in printed and "()" not in printed
    path.with_suffix(".json").unlink()
    assert not training.has_weights(tmp_path, "m", "abc")
    assert capsys.readouterr().out == ""
