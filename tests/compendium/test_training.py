"""Networks, regularisers, training and saliency, on sequences short enough for a test."""

import errno
import json
import os

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from compendium import performance
from compendium.zoo import attribution, networks, recipes, regularisers, training, weights
from compendium.zoo.state import State
from compendium.zoo.trained import Networks

pytestmark = pytest.mark.slow
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
        for c in names
        for i in range(14)
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


@pytest.mark.parametrize(
    "model_id, hint",
    [
        ("bn-exp-standrd-00", "standard"),
        ("bn-gelu-standard-00", "relu"),
        ("bn-exp-00", "identifier"),
        ("bn-exp-standard-one", "identifier"),
    ],
)
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
    (x, strength, _), _ = rule.epoch(data["x"][:40], data["y"][:40], 10, np.random.default_rng(1))
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


def test_steps_without_noise_draw_none_and_do_not_change_the_noise_of_later_steps(monkeypatch):
    h, off, on = (np.full((3, n), v, np.float32) for n, v in ((50, 0.5), (1, 0), (1, 1)))
    drawn, normal = [], keras.random.normal
    monkeypatch.setattr(keras.random, "normal", lambda *a, **k: drawn.append(1) or normal(*a, **k))
    after = {}
    for first in ("off", "on"):
        layer = regularisers.AddNoise(seed=1)
        before = layer((h, off if first == "off" else on), training=True)
        assert np.array_equal(before, h) == (first == "off")
        after[first] = np.asarray(layer((h, on), training=True))
    assert len(drawn) == 3
    np.testing.assert_array_equal(after["off"], after["on"])


def test_batches_keep_the_order_of_all_arrays_and_their_size_where_it_is_one():
    x, strength, y = (np.arange(n, dtype=np.float32).reshape(6, -1) for n in (24, 6, 6))
    for arrays, size, known in ((x, 2, 2), ((x, y), 3, 3), (((x, strength), y), 4, None)):
        dataset = training.batches(arrays, size)
        assert {s.shape[0] for s in keras.tree.flatten(dataset.element_spec)} == {known}
        parts = zip(*(keras.tree.flatten(batch) for batch in dataset))
        for part, whole in zip(parts, keras.tree.flatten(arrays)):
            np.testing.assert_array_equal(np.concatenate(part), whole)


def test_training_and_prediction_from_batches_are_those_from_arrays_to_the_bit(data):
    x, y = data["x"], data["y"]
    found = []
    for whole in (True, False):
        network, _ = training.compiled(recipe(), LENGTH)
        training.reseed(network, 0, 0)
        if whole:
            network.fit(x, y, batch_size=10, shuffle=False, verbose=0)
            found.append([network.predict(x, batch_size=n, verbose=0) for n in (20, 25)])
        else:
            network.fit(training.batches((x, y), 10), shuffle=False, verbose=0)
            found.append([training.predict(network, x, n) for n in (20, 25)])
    np.testing.assert_array_equal(*found)


def test_noise_is_at_the_input_and_manifold_noise_at_a_hidden_layer(data, points):
    for name, where in (("noise", [0]), ("manifoldnoise", [1, 2, 3, 4])):
        (_, strength), _ = points(name).epoch(data["x"], data["y"], 10, np.random.default_rng(0))
        assert set(np.flatnonzero(strength.any(axis=0))) <= set(where)
        assert ((strength > 0).sum(axis=1) == 1).all()


def largest_singular_value(kernel):
    return np.linalg.svd(np.asarray(kernel).reshape(-1, kernel.shape[-1]), compute_uv=False)[0]


def test_the_spectral_penalty_is_half_the_squared_largest_singular_value():
    values = np.random.default_rng(0).normal(size=(19, 4, 24)).astype(np.float32)
    kernel = keras.Variable(values)
    rule = regularisers.SpectralNorm(0.5)
    rule.restart(kernel, 0)
    for factor in (1, 2):
        kernel.assign(factor * values)
        expected = 0.25 * largest_singular_value(kernel) ** 2
        assert float(rule(kernel)) == pytest.approx(expected, rel=2e-3)


def test_the_spectral_penalty_goes_on_from_its_last_direction():
    """A start that hardly sees the largest direction is left behind, one iteration a step."""
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.normal(size=(n, 24)))[0] for n in (76, 24))
    sizes = np.r_[3.0, 2.0, np.linspace(1, 0.1, 22)]
    kernel = keras.Variable(((left * sizes) @ right.T).reshape(19, 4, 24).astype(np.float32))
    rule = regularisers.SpectralNorm(2.0)
    rule.restart(kernel, 0)
    rule.directions[kernel.path].assign((right[:, [1]] + 0.001 * right[:, [0]]).astype(np.float32))
    found = [np.sqrt(float(rule(kernel))) for _ in range(20)]
    assert found[0] == pytest.approx(2, rel=1e-3) and found[-1] == pytest.approx(3, rel=1e-3)


def test_the_spectral_penalty_tracks_the_kernels_of_a_training(data, monkeypatch):
    """After an epoch of steps each direction is still the largest of its kernel."""
    built, compiled = [], training.compiled
    monkeypatch.setattr(training, "compiled", lambda *a: built.append(compiled(*a)) or built[-1])
    training.train(recipe("bn-relu-spectral-00", epochs=1, learning_rate=1e-2), data)
    network, plain = built[0]
    kernels = [v for v in network.trainable_variables if v.regularizer]
    assert len(kernels) == 6
    for kernel in kernels:
        rule = kernel.regularizer
        penalty = float(rule(kernel)) - rule.l2 * float(np.sum(np.square(kernel)))
        estimate = np.sqrt(2 * penalty / rule.strength)
        assert estimate == pytest.approx(largest_singular_value(kernel), rel=0.05)
    assert not any(isinstance(v.regularizer, regularisers.SpectralNorm) for v in plain.weights)
    penalties = sum(float(loss) for loss in network.losses)
    assert penalties == pytest.approx(
        sum(0.005 * largest_singular_value(v) ** 2 for v in kernels), rel=0.1
    )


def test_adversarial_inputs_raise_the_loss_within_their_bound(data):
    network, _ = training.compiled(recipe("bn-relu-adversarial-00"), LENGTH)
    x = keras.ops.convert_to_tensor(data["x"][:20])
    y = keras.ops.convert_to_tensor(data["y"][:20])
    worst = regularisers.projected_gradient(network, x, y, radius=0.05, steps=3)
    assert float(keras.ops.max(keras.ops.abs(worst - x))) <= 0.05 + 1e-6

    def loss(inputs):
        return float(network.compute_loss(x=inputs, y=y, y_pred=network(inputs, training=False)))

    random = x + 0.05 * np.sign(np.random.default_rng(0).normal(size=x.shape)).astype(np.float32)
    assert loss(worst) > loss(x) and loss(worst) > loss(random)


def one_epoch(made, data, seed=0):
    """What the network to train is given in an epoch on the first 40 sequences."""
    rng = np.random.default_rng(seed)
    return training.points_of(made).epoch(data["x"][:40], data["y"][:40], made["batch_size"], rng)


@pytest.mark.parametrize("regulariser", recipes.REGULARISERS)
def test_a_regulariser_changes_the_outputs_in_training_only(regulariser, data):
    """With neither dropout nor batch norm nothing else tells the network from its plain twin."""
    made = recipe(f"nobn-relu-{regulariser}-00", noise_sd=5.0, manifold_noise_sd=5.0)
    network, plain = training.compiled(made, LENGTH)
    plain.set_weights(network.get_weights())
    for layer in (*network.layers, *plain.layers):
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    arrays, _ = one_epoch(made, data)
    batch = [array[:10] for array in arrays]
    inside = regulariser in ("manifoldmixup", "noise", "manifoldnoise")
    assert (len(network.inputs) > 1) == inside and len(plain.inputs) == 1

    def outputs(model, given, training):
        return np.asarray(model(given if len(given) > 1 else given[0], training=training))

    expected = outputs(plain, batch[:1], False)
    np.testing.assert_array_equal(outputs(network, batch, False), expected)
    np.testing.assert_array_equal(outputs(plain, batch[:1], True), expected)
    changed = np.abs(outputs(network, batch, True) - expected) > 1e-3
    assert changed.mean() > 0.8 if inside else not changed.any()


def test_manifold_mixup_mixes_behind_one_hook_and_its_targets_alike(data):
    made = recipe("nobn-relu-manifoldmixup-00")
    network, _ = training.compiled(made, LENGTH)
    hooks = [layer for layer in network.layers if isinstance(layer, regularisers.MixHidden)]
    assert len(hooks) == regularisers.HIDDEN_POINTS + 1
    seen = keras.Model(network.inputs, [t for hook in hooks for t in (hook.input[0], hook.output)])
    (x, strength, partner), targets = one_epoch(made, data, seed=3)
    order = np.random.default_rng(3).permutation(40)
    acted = []
    for start in range(0, 40, 10):
        batch = slice(start, start + 10)
        y, other = data["y"][:40][order][batch], partner[batch, 0].astype(int)
        np.testing.assert_array_equal(x[batch], data["x"][:40][order][batch])
        keep = strength[batch].min(axis=1, keepdims=True)
        np.testing.assert_allclose(targets[batch], y * keep + (1 - keep) * y[other], rtol=1e-6)
        values = seen([x[batch], strength[batch], partner[batch]], training=True)
        values = iter([np.asarray(value) for value in values])
        for point, (before, after) in enumerate(zip(values, values)):
            if not np.array_equal(before, after):
                acted.append(point)
                share = keep.reshape(-1, *(1,) * (before.ndim - 1))
                mixed = share * before + (1 - share) * before[other]
                np.testing.assert_allclose(after, mixed, rtol=1e-4, atol=1e-6)
                assert point == strength[start].argmin()
    assert len(acted) == 4 and len(set(acted)) > 1 and 0 not in acted


def test_adversarial_training_fits_on_worst_inputs_of_its_recipe(data, monkeypatch):
    called, worst = [], regularisers.projected_gradient

    def spy(model, x, y, radius, steps):
        called.append((radius, steps))
        return worst(model, x, y, radius, steps)

    monkeypatch.setattr(regularisers, "projected_gradient", spy)
    made = recipe("nobn-relu-adversarial-00", 1, adversarial_radius=0.02, adversarial_steps=2)
    attacked, _ = training.train(made, data)
    assert set(called) == {(0.02, 2)}
    monkeypatch.setattr(regularisers, "projected_gradient", lambda model, x, *rest: x)
    clean, _ = training.train(made, data)
    assert not np.array_equal(attacked.get_weights()[0], clean.get_weights()[0])


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
    [
        ({"task": "quantitative"}, True),
        ({"stopping_patience": 2}, True),
        ({}, False),
    ],
    ids=["quantitative", "stopped early", "last epoch of a binary task"],
)
def test_a_network_whose_score_is_never_finite_diverged(changes, diverged):
    state, _ = closed([np.nan] * 3, **changes)
    assert state.finished and state.diverged == diverged
    state, _ = closed([np.nan, 0.3, np.nan], **changes)
    assert state.finished and not state.diverged


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


def encrypt(path):
    """One bit in the directory of the archive."""
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] ^= 1
    path.write_bytes(content)


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
    assert f"kept as {kept.name}" in printed and kept.read_bytes() == damaged
    assert record["epochs"] == 2 and len(record["history"]["loss"]) == 2
    for expected, found in zip(straight, model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "other",
    [
        "nobn-exp-standard-00",
        "bn-relu-standard-00",
        "bn-exp-standard-01",
    ],
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
    assert checkpoint.read_bytes() == before
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
    network, replacing = networks.build(recipe(), LENGTH), training.replacing

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
    monkeypatch.setattr(training, "replacing", full)
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
    of_one_kind = Networks(made, paths.__getitem__, LENGTH)
    for model_id in made:
        np.testing.assert_array_equal(of_one_kind.maps(model_id, data["x"][:5]), single[model_id])


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
