"""Networks, regularisers, training and saliency, on sequences short enough for a test."""

import errno
import json
import os

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from attribution_consistency.models import (  # noqa: E402
    attribution, networks, performance, recipes, regularisers, training, weights,
)

LENGTH = 72
SMALL = {"n_sequences": 60, "length": LENGTH, "data_seed": 0}


def recipe(model_id="bn-exp-standard-00", epochs=2, **changes):
    return {**recipes.synthetic_recipe(model_id, epochs, SMALL), "batch_size": 10, **changes}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    x = np.eye(4, dtype=np.float32)[rng.integers(0, 4, (60, LENGTH))]
    y = (np.arange(60) % 2)[:, None].astype(np.float32)
    x[y[:, 0] == 1, 20:32] = np.eye(4, dtype=np.float32)[[0, 1, 2, 3] * 3]
    return {"x": x, "y": y, "split": np.repeat([0, 1, 2], 20).astype(np.uint8)}


@pytest.fixture(scope="module")
def points():
    def made(name, **settings):
        return regularisers.Points(name, recipe(f"bn-exp-{name}-00") | settings)

    return made


# --- recipes ---------------------------------------------------------------------------


def test_there_are_28_configurations_and_392_recipes_of_the_paper():
    names = recipes.configurations()
    assert len(set(names)) == 28
    digests = {
        recipes.digest(recipes.synthetic_recipe(f"{c}-{i:02d}", 100, SMALL))
        for c in names for i in range(14)
    }
    assert len(digests) == 392


def test_digest_changes_with_what_changes_the_weights_only():
    base = recipes.synthetic_recipe("bn-exp-standard-00", 40, SMALL)
    same = recipes.synthetic_recipe("bn-exp-standard-00", 40, SMALL, {"mixup_alpha": 0.4})
    assert recipes.digest(base) == recipes.digest(same), "no mixup in this network"
    for other in (
        recipes.synthetic_recipe("bn-exp-standard-00", 41, SMALL),
        recipes.synthetic_recipe("bn-exp-standard-00", 40, SMALL, {"learning_rate": 2e-3}),
        recipes.synthetic_recipe("bn-exp-standard-00", 40, {**SMALL, "data_seed": 1}),
    ):
        assert recipes.digest(base) != recipes.digest(other)


@pytest.mark.parametrize("model_id, hint", [
    ("bn-exp-standrd-00", "standard"), ("bn-gelu-standard-00", "relu"), ("bn-exp-00", "identifier"),
    ("bn-exp-standard-one", "identifier"),
])
def test_unknown_networks_are_refused_with_the_nearest_name(model_id, hint):
    with pytest.raises(ValueError, match=hint):
        recipes.synthetic_recipe(model_id, 1, SMALL)


def test_a_binary_network_has_no_four_targets():
    with pytest.raises(ValueError, match="four"):
        recipes.accessibility_recipe("binary-cnn-four-exp-00")


# --- networks --------------------------------------------------------------------------


def test_the_baseline_has_the_stated_size():
    assert networks.build(recipe(), 200).count_params() == 53161


@pytest.mark.parametrize("architecture", recipes.ARCHITECTURES)
def test_accessibility_networks_stay_small(architecture):
    made = recipes.accessibility_recipe(f"quantitative-{architecture}-four-exp-00")
    network = networks.build(made, 201)
    assert network.output_shape == (None, 4) and network.count_params() <= 300_000
    first = next(layer for layer in network.layers if isinstance(layer, keras.layers.Activation))
    assert first.activation is keras.activations.exponential


@pytest.mark.parametrize("change", [{"architecture": "unet"}, {"activation": "gelu"}])
def test_unknown_parts_are_named(change):
    with pytest.raises(ValueError, match="unknown"):
        networks.build(recipe(**change), LENGTH)


def test_an_unknown_regulariser_is_named_and_not_passed_over(data):
    with pytest.raises(ValueError, match="unknown regulariser 'dropblock'; choose from standard"):
        training.train(recipe(regulariser="dropblock"), data)


# --- regularisers ----------------------------------------------------------------------


def test_mixup_mixes_inputs_and_targets_alike(data, points):
    x, y = data["x"][:40], data["y"][:40]
    (mixed,), targets = points("mixup", mixup_alpha=1.0).epoch(x, y, 10, np.random.default_rng(0))
    np.testing.assert_allclose(mixed.sum(axis=2), 1, rtol=1e-5)
    assert ((targets > 0) & (targets < 1)).any()
    # The planted word stands in positives only, so its share must follow the mixed target.
    planted = mixed[:, 20:32][:, np.arange(12), [0, 1, 2, 3] * 3].min(axis=1)
    assert np.corrcoef(planted, targets[:, 0])[0, 1] > 0.95


def test_mixup_strengths_follow_a_beta_distribution(points):
    keep, partner = points("mixup")._mixing(4000, 5, 0.2, np.random.default_rng(0))
    assert np.ptp(keep.reshape(4000, 5), axis=1).max() == 0, "one draw a batch"
    assert keep.mean() == pytest.approx(0.5, abs=0.03)
    assert keep.var() == pytest.approx(1 / (4 * 1.4), rel=0.05)  # of Beta(0.2, 0.2)
    assert sorted(partner[:5]) == [0, 1, 2, 3, 4]


def test_manifold_mixup_acts_at_one_hidden_layer(data, points):
    rule = points("manifoldmixup")
    (x, strength, partner), y = rule.epoch(data["x"][:40], data["y"][:40], 10, np.random.default_rng(1))
    assert (strength[:, 0] == 1).all(), "never at the input"
    acting = strength.reshape(4, 10, -1) < 1
    assert (acting.any(axis=(1)).sum(axis=1) == 1).all(), "one layer a batch"
    np.testing.assert_array_equal(x.sum(axis=2), 1)  # inputs themselves are not mixed


def test_mixing_layer_mixes_in_training_only():
    h = np.arange(12, dtype=np.float32).reshape(3, 4)
    inputs = (h, np.array([[1], [2], [0]], np.float32), np.full((3, 1), 0.75, np.float32))
    layer = regularisers.MixHidden()
    mixed = np.asarray(layer(inputs, training=True))
    np.testing.assert_allclose(mixed, 0.75 * h + 0.25 * h[[1, 2, 0]])
    np.testing.assert_array_equal(np.asarray(layer(inputs, training=False)), h)


def test_noise_layer_adds_noise_of_the_given_size_in_training_only():
    h, sd = np.zeros((2, 5000), np.float32), np.array([[0.0], [0.25]], np.float32)
    layer = regularisers.AddNoise()
    noisy = np.asarray(layer((h, sd), training=True))
    assert noisy[0].std() == 0 and noisy[1].std() == pytest.approx(0.25, rel=0.05)
    assert np.asarray(layer((h, sd), training=False)).std() == 0


def test_noise_is_at_the_input_and_manifold_noise_at_a_hidden_layer(data, points):
    for name, where in (("noise", [0]), ("manifoldnoise", [1, 2, 3, 4])):
        (_, strength), _ = points(name).epoch(data["x"], data["y"], 10, np.random.default_rng(0))
        assert set(np.flatnonzero(strength.any(axis=0))) <= set(where)
        assert ((strength > 0).sum(axis=1) == 1).all()


def test_spectral_norm_is_the_largest_singular_value():
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(19, 4, 24)).astype(np.float32)
    exact = np.linalg.svd(kernel.reshape(-1, 24), compute_uv=False)[0]
    found = float(regularisers.spectral_norm(keras.ops.convert_to_tensor(kernel), 60))
    assert found == pytest.approx(exact, rel=1e-3)
    penalty = float(regularisers.SpectralNorm(0.5, iterations=60)(keras.ops.convert_to_tensor(kernel)))
    assert penalty == pytest.approx(0.25 * exact**2, rel=2e-3)
    doubled = float(regularisers.spectral_norm(keras.ops.convert_to_tensor(2 * kernel), 60))
    assert doubled == pytest.approx(2 * exact, rel=1e-3)


def test_adversarial_inputs_raise_the_loss_within_their_bound(data):
    network, _ = training._compiled(recipe("bn-relu-adversarial-00"), LENGTH)
    x = keras.ops.convert_to_tensor(data["x"][:20])
    y = keras.ops.convert_to_tensor(data["y"][:20])
    worst = regularisers.projected_gradient(network, x, y, radius=0.05, steps=3)
    assert float(keras.ops.max(keras.ops.abs(worst - x))) <= 0.05 + 1e-6

    def loss(inputs):
        return float(network.compute_loss(x=inputs, y=y, y_pred=network(inputs, training=False)))

    random = x + 0.05 * np.sign(np.random.default_rng(0).normal(size=x.shape)).astype(np.float32)
    assert loss(worst) > loss(x) and loss(worst) > loss(random)


@pytest.mark.parametrize("regulariser", recipes.REGULARISERS)
def test_every_regulariser_trains_and_is_inactive_at_inference(regulariser, data):
    made = recipe(f"nobn-relu-{regulariser}-00", epochs=1)
    model, record = training.train(made, data)
    assert record["epochs"] == 1 and not record["diverged"]
    assert len(model.inputs) == 1 and model.count_params() == networks.build(made, LENGTH).count_params()
    first, again = (training.predict(model, data["x"]) for _ in range(2))
    np.testing.assert_array_equal(first, again)


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


def test_a_resumed_training_ends_at_the_same_weights(data, tmp_path):
    made = recipe("bn-exp-manifoldnoise-03", epochs=3)
    straight, _ = training.train(made, data)
    checkpoint = tmp_path / "checkpoint.npz"

    class Stop(Exception):
        pass

    def interrupt(line):
        if line.startswith("epoch 2"):
            raise Stop

    with pytest.raises(Stop):
        training.train(made, data, checkpoint, interrupt)
    resumed, record = training.train(made, data, checkpoint)
    assert record["epochs"] == 3 and len(record["history"]["loss"]) == 3
    for a, b in zip(straight.get_weights(), resumed.get_weights()):
        np.testing.assert_array_equal(a, b)


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


def truncate(path, fraction):
    path.write_bytes(path.read_bytes()[: int(fraction * path.stat().st_size)])


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def rewrite(path, change):
    with np.load(path) as arrays:
        arrays = dict(arrays)
    change(arrays)
    np.savez(path, **arrays)


def without_a_setting(arrays):
    state = json.loads(str(arrays["state"]))
    del state["learning_rate"]
    arrays["state"] = np.array(json.dumps(state))


@pytest.mark.parametrize("damage", [
    lambda path: path.write_bytes(b"PK\x03\x04 cut off"),
    lambda path: path.write_bytes(b""),
    lambda path: truncate(path, 0.5),
    flip_a_bit,
    lambda path: rewrite(path, lambda arrays: arrays.pop("best_003")),
    lambda path: rewrite(path, lambda arrays: arrays.pop("optimizer_004")),
    lambda path: rewrite(path, without_a_setting),
], ids=["foreign", "empty", "half", "one bit", "no best weight", "no optimiser state", "no setting"])
def test_a_damaged_checkpoint_is_named_and_the_training_starts_again(
    damage, data, straight, tmp_path, capsys
):
    checkpoint = tmp_path / "checkpoint.npz"
    stop_after_one_epoch(data, checkpoint)
    damage(checkpoint)
    model, record = training.train(recipe(), data, checkpoint)
    printed = capsys.readouterr().out
    assert str(checkpoint) in printed and "unreadable checkpoint" in printed
    assert record["epochs"] == 2 and len(record["history"]["loss"]) == 2
    for expected, found in zip(straight, model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_checkpoint_of_another_network_is_not_taken_up(data, straight, tmp_path, capsys):
    checkpoint = tmp_path / "checkpoint.npz"
    stop_after_one_epoch(data, checkpoint, recipe("nobn-exp-standard-00"))
    model, _ = training.train(recipe(), data, checkpoint)
    assert "weights of another network" in capsys.readouterr().out
    for expected, found in zip(straight, model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_full_disk_keeps_the_last_checkpoint(data, straight, tmp_path, monkeypatch):
    """The disk fills up half-way through the second checkpoint; with room, training goes on."""
    checkpoint, write = tmp_path / "checkpoint.npz", np.savez

    def full(file, **arrays):
        if json.loads(str(arrays["state"]))["epoch"] == 2:
            file.write(b"half")
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
    with pytest.raises(OSError, match="bn-exp-standard-00.npz"):
        training.train_models(made, data, out, checkpoints, progress=lambda line: None)
    assert not list(out.iterdir()) and not list((checkpoints / "finished").iterdir())
    monkeypatch.undo()
    lines = []
    training.train_models(made, data, out, checkpoints, progress=lines.append)
    assert [line.split("] ")[1] for line in lines] == ["bn-exp-standard-00 trained"]
    assert training.has_weights(out, "bn-exp-standard-00", recipes.digest(recipe()))


def test_a_diverging_network_is_recorded_as_such(data):
    _, record = training.train(recipe("nobn-exp-standard-00", epochs=3, learning_rate=1e6), data)
    assert record["diverged"] and record["epochs"] < 3


def test_shipped_weights_are_taken_when_their_digest_matches(data, tmp_path):
    made = {"bn-relu-standard-00": recipe("bn-relu-standard-00", epochs=1)}
    folders = [tmp_path / name for name in ("first", "checkpoints", "second")]
    training.train_models(made, data, folders[0], folders[1], progress=lambda line: None)

    def no_data():
        raise AssertionError("trained although weights were shipped")

    training.train_models(made, no_data, folders[2], tmp_path / "other", folders[0], lambda line: None)
    first, second = ((f / "bn-relu-standard-00.npz").read_bytes() for f in (folders[0], folders[2]))
    assert first == second
    changed = {"bn-relu-standard-00": recipe("bn-relu-standard-00", epochs=2)}
    with pytest.raises(AssertionError, match="trained although"):
        training.train_models(changed, no_data, folders[2], tmp_path / "other", folders[0], lambda line: None)


@pytest.mark.parametrize("damage", [
    lambda path: path.write_bytes(b"PK\x03\x04"),
    lambda path: truncate(path, 0.5),
    flip_a_bit,
    lambda path: rewrite(path, lambda arrays: arrays.pop("layout")),
    lambda path: rewrite(path, lambda arrays: arrays.pop("statistics")),
    lambda path: rewrite(path, lambda a: a.update(weights=a["weights"][:-1])),
    lambda path: path.with_suffix(".json").write_text('{"digest": "ab'),
    lambda path: path.with_suffix(".json").unlink(),
], ids=["foreign", "half", "one bit", "no layout", "no statistics", "too short", "half a record",
        "no record"])
def test_damaged_weights_are_trained_again(damage, tmp_path):
    path = tmp_path / "m.npz"
    np.savez_compressed(path, **weights.pack(networks.build(recipe(), LENGTH)))
    path.with_suffix(".json").write_text(json.dumps({"digest": "abc"}))
    assert training.has_weights(tmp_path, "m", "abc")
    assert not training.has_weights(tmp_path, "m", "another")
    damage(path)
    assert not training.has_weights(tmp_path, "m", "abc")


# --- weights ---------------------------------------------------------------------------


def test_weights_survive_packing(tmp_path):
    network = networks.build(recipe(), LENGTH)
    rng = np.random.default_rng(0)
    network.set_weights([rng.normal(1, 0.1, w.shape) for w in network.get_weights()])
    variance = next(w for w in network.weights if w.path.endswith("moving_variance"))
    variance.assign(np.full(variance.shape, 3e5, np.float32))  # beyond half precision
    np.savez(tmp_path / "w.npz", **weights.pack(network))
    loaded = weights.load_into(networks.build(recipe(), LENGTH), tmp_path / "w.npz")
    for before, after in zip(network.weights, loaded.weights):
        tolerance = 0 if "moving_" in before.path else 1e-3
        np.testing.assert_allclose(np.asarray(after), np.asarray(before), rtol=tolerance)


def test_weights_of_another_architecture_are_refused(tmp_path):
    np.savez(tmp_path / "w.npz", **weights.pack(networks.build(recipe(), LENGTH)))
    other = networks.build(recipe("nobn-exp-standard-00"), LENGTH)
    with pytest.raises(ValueError, match="another architecture"):
        weights.load_into(other, tmp_path / "w.npz")
    for content in (b"nonsense", b"", b"PK\x03\x04 cut off"):
        (tmp_path / "w.npz").write_bytes(content)
        with pytest.raises(ValueError, match=r"w.npz: not a readable weights file.*retrain"):
            weights.load_into(other, tmp_path / "w.npz")


# --- attribution -----------------------------------------------------------------------


def test_saliency_of_a_linear_network_is_its_weight_matrix(data):
    inputs = keras.Input((LENGTH, 4))
    outputs = keras.layers.Dense(2)(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, outputs)
    kernel = np.asarray(model.layers[-1].kernel)
    for output in (0, 1):
        found = attribution.saliency(model, data["x"][:7], output, batch_size=3)
        expected = np.broadcast_to(kernel[:, output].reshape(LENGTH, 4), found.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    with pytest.raises(ValueError, match="2 outputs"):
        attribution.saliency(model, data["x"], 2)


def test_saliency_agrees_with_finite_differences_and_not_with_batch_size(data):
    network = networks.build(recipe("nobn-relu-standard-00"), LENGTH)
    x = data["x"][:4]
    a = attribution.saliency(network, x)
    np.testing.assert_allclose(a, attribution.saliency(network, x, batch_size=1), atol=1e-6)
    rng, step = np.random.default_rng(0), 1e-2
    close = []
    for _ in range(30):
        n, i, c = rng.integers(4), rng.integers(LENGTH), rng.integers(4)
        up, down = x[n : n + 1].copy(), x[n : n + 1].copy()
        up[0, i, c] += step
        down[0, i, c] -= step
        change = (training.predict(network, up) - training.predict(network, down))[0, 0]
        close.append(abs(change / (2 * step) - a[n, i, c]) < 0.05 * np.abs(a).max())
    assert np.mean(close) > 0.8  # a step may cross a kink of ReLU


def test_swapping_weights_gives_each_network_its_own_maps(data, tmp_path):
    made = {f"bn-relu-standard-{i:02d}": recipe(f"bn-relu-standard-{i:02d}") for i in (0, 1)}
    paths, single = {}, {}
    for model_id, one in made.items():
        keras.utils.set_random_seed(one["init"])
        network = networks.build(one, LENGTH)
        paths[model_id] = tmp_path / f"{model_id}.npz"
        np.savez(paths[model_id], **weights.pack(network))
        single[model_id] = attribution.saliency(
            weights.load_into(networks.build(one, LENGTH), paths[model_id]), data["x"][:5]
        )
    for model_id, a in attribution.saliency_of_models(made, paths, data["x"][:5]):
        np.testing.assert_array_equal(a, single[model_id])


# --- performance -----------------------------------------------------------------------


def test_auroc_counts_pairs():
    rng = np.random.default_rng(0)
    y, score = rng.integers(0, 2, 50), rng.integers(0, 6, 50)
    pairs = [(p > n) + 0.5 * (p == n) for p in score[y == 1] for n in score[y == 0]]
    assert performance.auroc(y, score) == pytest.approx(np.mean(pairs))
    assert np.isnan(performance.auroc(np.ones(5), np.arange(5)))
    assert np.isnan(performance.auroc(y, np.where(score > 4, np.nan, score)))


def test_pearson_is_numpys():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 30))
    assert performance.pearson(a, b) == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert np.isnan(performance.pearson(a, np.ones(30)))
