"""Networks, regularisers, weights and saliency, on sequences short enough for a test."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from training_examples import LENGTH, SMALL, easy_data, recipe

from compendium import performance
from compendium.zoo import attribution, networks, recipes, regularisers, training, weights
from compendium.zoo.trained import Networks

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data():
    return easy_data()


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


def test_the_first_layer_may_be_an_exponential_that_stops_growing():
    network = networks.build(recipe(activation="capped", gain=0.3, momentum=0.9), LENGTH)
    first = next(layer for layer in network.layers if isinstance(layer, keras.layers.Activation))
    h = np.array([-2.0, 0, 1, 3, 50], np.float32)
    np.testing.assert_allclose(first.activation(h), np.exp([-2.0, 0, 1, 3, 3]), rtol=1e-6)
    norms = [m for m in network.layers if isinstance(m, keras.layers.BatchNormalization)]
    assert norms and all(m.momentum == 0.9 and (m.gamma.numpy() == 0.3).all() for m in norms)


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
    points = regularisers.Points(made["regulariser"], made)
    return points.epoch(data["x"][:40], data["y"][:40], made["batch_size"], rng)


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
