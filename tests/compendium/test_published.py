"""Published networks: conversion of Keras 2 files, what is refused, and which are available."""

import json

import numpy as np
import pytest

keras = pytest.importorskip("keras")
h5py = pytest.importorskip("h5py")

from attribution_consistency import kmer_klds, sequences, simulation
from compendium import config, paths, populations, steps, store
from compendium.chapters import reproduction
from compendium.sources import remote
from compendium.zoo import networks, published, recipes, training, weights

pytestmark = pytest.mark.slow
# Shapes of the published files: kernels of the convolutions, and of the two dense layers.
KERNELS = {
    "deep": [(11, 4, 24), (7, 24, 32), (7, 32, 48), (3, 48, 64), (256, 96), (96, 1)],
    "shallow": [(19, 4, 24), (3, 24, 48), (96, 96), (96, 1)],
}
POOLS = {"deep": [1, 4, 4, 3], "shallow": [50, 2]}
NORM = ("gamma", "beta", "moving_mean", "moving_variance")


def made_values(kind, seed=0):
    """[(layer, {weight: array})] of a network, in the order of its file."""
    rng = np.random.default_rng(seed)
    layers = []
    for i, shape in enumerate(KERNELS[kind]):
        name = "dense" if len(shape) == 2 else "conv1d"
        fan_in, units = np.prod(shape[:-1]), shape[-1]
        kernel = rng.normal(0, fan_in**-0.5, shape)
        layers.append((f"{name}_{i}", {"kernel": kernel, "bias": rng.normal(0, 0.1, units)}))
        if units > 1:
            norm = [
                rng.uniform(0.5, 1.5, units),
                rng.normal(0, 0.1, units),
                rng.normal(0, 0.1, units),
                rng.uniform(0.5, 1.5, units),
            ]
            layers.append((f"batch_normalization_{i}", dict(zip(NORM, norm))))
        layers.append((f"activation_{i}", {}))
    return layers


def write(path, layers):
    """A weights file as Keras 2 lays it out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name, _ in layers]
        for layer, arrays in layers:
            group = file.create_group(layer)
            group.attrs["weight_names"] = [f"{layer}/{name}:0".encode() for name in arrays]
            for name, value in arrays.items():
                group[f"{layer}/{name}:0"] = value.astype(np.float32)
    return path


def forward(kind, activation, layers, x):
    """Logits (N,) by the definition: convolution, norm, activation, pooling; dense likewise."""
    arrays = {name: value for name, value in layers if value}
    h, pools = x, iter(POOLS[kind])
    for i, shape in enumerate(KERNELS[kind]):
        dense = len(shape) == 2
        own = arrays[f"{'dense' if dense else 'conv1d'}_{i}"]
        if dense:
            h = h.reshape(len(h), -1) @ own["kernel"] + own["bias"]
        else:
            width = shape[0]
            padded = np.pad(h, ((0, 0), ((width - 1) // 2, width // 2), (0, 0)))
            windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)
            h = np.einsum("nlcw,wco->nlo", windows, own["kernel"]) + own["bias"]
        if f"batch_normalization_{i}" not in arrays:
            return h[:, 0]
        gamma, beta, mean, variance = (arrays[f"batch_normalization_{i}"][n] for n in NORM)
        h = (h - mean) / np.sqrt(variance + 1e-3) * gamma + beta
        h = np.exp(h) if i == 0 and activation == "exp" else np.maximum(h, 0)
        if not dense:
            pool = next(pools)
            kept = h.shape[1] // pool * pool
            h = h[:, :kept].reshape(len(h), -1, pool, h.shape[-1]).max(axis=2)


def recipe(model_id):
    return published.recipe_of(model_id, "0" * 64)


@pytest.fixture(scope="module")
def x():
    rng = np.random.default_rng(1)
    return np.eye(4, dtype=np.float32)[rng.integers(0, 4, (6, 200))]


# --- conversion ------------------------------------------------------------------------


@pytest.mark.parametrize("model_id", ["deep-relu-00", "shallow-exp-00"])
def test_a_converted_network_computes_what_its_file_says(model_id, x, tmp_path):
    kind, activation, _ = model_id.split("-")
    layers = made_values(kind)
    model = networks.build(recipe(model_id), 200)
    model.set_weights(published.read_weights(write(tmp_path / "a.h5", layers), model))
    expected = forward(kind, activation, layers, x)
    assert np.ptp(expected) > 0.01
    np.testing.assert_allclose(training.predict(model, x)[:, 0], expected, rtol=1e-3, atol=1e-4)


def test_conversion_writes_weights_and_a_record_once(x, tmp_path):
    written = write(tmp_path / "a.h5", made_values("shallow"))
    data = {"x": x, "y": np.arange(6)[:, None] % 2, "split": np.full(6, 2)}
    lines, one = [], {"shallow-relu-03": recipe("shallow-relu-03")}

    def convert():
        published.convert_models(
            one, lambda: data, tmp_path / "out", lines.append, lambda name: written
        )

    convert()
    record = json.loads((tmp_path / "out" / "shallow-relu-03.json").read_text())
    assert record["recipe"]["source"] == "koo_synthetic_models/cnn_shallow_relu_3.h5"
    assert record["digest"] == recipes.digest(one["shallow-relu-03"]) and record["seed"] == 3
    model = weights.load_into(
        networks.build(one["shallow-relu-03"], 200), tmp_path / "out" / "shallow-relu-03.npz"
    )
    again = training.evaluate(model, one["shallow-relu-03"], x, data["y"])
    assert record["test"] == pytest.approx(again)
    written.unlink()
    convert()
    assert len(lines) == 1, "what is there is not converted again"
    one["shallow-relu-03"] = published.recipe_of("shallow-relu-03", "1" * 64)
    with pytest.raises(ValueError, match="a.h5"):
        convert()  # another source file is another network


def changed(layers, layer, **arrays):
    return [(name, arrays if name == layer else own) for name, own in layers]


def refusals():
    good = made_values("shallow")
    norm = dict(good[1][1])
    yield "a layer is missing", good[:-3], "holds 18 arrays, a shallow network 20"
    yield "another architecture", made_values("deep"), "holds 32 arrays, a shallow network 20"
    yield (
        "another width",
        changed(good, "conv1d_0", kernel=np.zeros((11, 4, 24)), bias=np.zeros(24)),
        r"conv1d_0/kernel:0 has shape \(11, 4, 24\).*\(19, 4, 24\)",
    )
    yield (
        "another order",
        changed(
            good,
            "batch_normalization_0",
            beta=norm["beta"],
            gamma=norm["gamma"],
            moving_mean=norm["moving_mean"],
            moving_variance=norm["moving_variance"],
        ),
        "batch_normalization_0/beta:0 .*gamma",
    )
    yield (
        "not a number",
        changed(good, "conv1d_0", kernel=np.full((19, 4, 24), np.nan), bias=np.zeros(24)),
        "conv1d_0/kernel:0 holds values that are not finite",
    )


@pytest.mark.parametrize(
    "layers, message", [case[1:] for case in refusals()], ids=[case[0] for case in refusals()]
)
def test_a_file_that_is_no_such_network_is_refused_in_one_line(layers, message, tmp_path):
    path = write(tmp_path / "wrong.h5", layers)
    model = networks.build(recipe("shallow-relu-00"), 200)
    with pytest.raises(ValueError, match=message) as error:
        published.read_weights(path, model)
    text = str(error.value)
    assert text.startswith(str(path)) and "remove it" in text and "\n" not in text


@pytest.mark.parametrize("damage", ["cut off", "no HDF5", "absent", "no layers"])
def test_a_damaged_file_is_refused_in_one_line(damage, tmp_path):
    path = write(tmp_path / "wrong.h5", made_values("shallow"))
    if damage == "cut off":
        path.write_bytes(path.read_bytes()[:5000])
    elif damage == "no HDF5":
        path.write_text("404: not found")
    elif damage == "absent":
        path.unlink()
    else:
        with h5py.File(path, "a") as file:
            del file.attrs["layer_names"]
    model = networks.build(recipe("shallow-relu-00"), 200)
    with pytest.raises(ValueError, match="no readable Keras weights") as error:
        published.read_weights(path, model)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


# --- which networks a run has ----------------------------------------------------------


def test_every_published_network_has_a_file_in_the_registry():
    ids = recipes.published_ids()
    known = {entry.name for entry in remote.entries("koo_synthetic_models/")}
    assert len(set(ids)) == 200 and {recipes.published_file(i) for i in ids} == known
    assert recipes.published_file("deep-exp-07").endswith("/cnn_deep_exponential_7.h5")


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A mirror with one whole and one partial file, of any content, and an empty cache."""
    monkeypatch.setattr(remote, "_has_hash", lambda *_: True)
    monkeypatch.setenv(remote.MIRROR_VARIABLE, str(tmp_path / "mirror"))
    monkeypatch.setattr(remote, "cache_folder", lambda: tmp_path / "cache")
    folder = tmp_path / "mirror" / "koo_synthetic_models"
    folder.mkdir(parents=True)
    for model_id, less in (("shallow-exp-07", 0), ("deep-relu-00", 1)):
        (entry,) = remote.entries(recipes.published_file(model_id))
        with open(tmp_path / "mirror" / entry.name, "wb") as file:
            file.truncate(entry.bytes - less)
    return folder


def settings(**koo):
    return config.resolve({"koo": koo, "notebooks": {}})


def test_available_networks_are_those_whose_whole_file_is_here(mirror):
    found = populations.model_recipes(settings(), "koo")
    assert list(found) == ["shallow-exp-07"]
    (entry,) = remote.entries(found["shallow-exp-07"]["source"])
    assert found["shallow-exp-07"]["sha256"] == entry.sha256
    assert found["shallow-exp-07"]["architecture"] == "shallow"
    (mirror / "cnn_shallow_exponential_7.h5").unlink()
    assert populations.model_recipes(settings(), "koo") == {}


def test_sequences_of_another_length_leave_the_published_networks_out(mirror):
    other = config.resolve({"synthetic": {"length": 150}, "notebooks": {}})
    assert populations.model_recipes(other, "koo") == {}


def test_named_networks_are_in_the_run_wherever_their_files_are(mirror):
    named = ["deep-exp-03", "shallow-relu-12"]
    assert list(populations.model_recipes(settings(models=named), "koo")) == named
    assert populations.model_recipes(settings(models=[]), "koo") == {}


def test_published_networks_see_the_simulated_sequences(compendium):
    from compendium.paths import Run

    assert Run("my").data("koo") == Run("my").data("synthetic")


@pytest.mark.parametrize(
    "models, message",
    [
        (["deep-exq-03"], r"koo.models\[0\]: 'deep-exq-03'.*'exp'"),
        (["deep-exp-03", "deep-exp-50"], r"koo.models\[1\]: 'deep-exp-50': .*00 to 49"),
        (["deep-exp-3"], "deep-exp-3"),
    ],
)
def test_unknown_networks_stop_the_run_before_any_work(models, message):
    with pytest.raises(config.ConfigError, match=message):
        settings(models=models)


def test_named_networks_need_sequences_of_their_length():
    with pytest.raises(config.ConfigError, match="200 nt, and synthetic.length is 150"):
        config.resolve({"koo": {"models": ["deep-exp-03"]}, "synthetic": {"length": 150}})


def test_a_named_file_that_is_not_here_says_how_to_get_it(compendium, mirror, monkeypatch):
    (compendium / "my.yml").write_text(
        "koo: {models: [deep-exp-03]}\nsynthetic: {n_sequences: 40}\nzoo: {configurations: []}"
    )
    run = steps.configure(compendium / "my.yml")
    steps.simulate(run)
    with pytest.raises(remote.RegistryError, match="deep_exponential_3.*fetch --networks"):
        steps.train(run, "koo", ["deep-exp-03"])


def test_a_published_network_goes_through_every_step_of_a_run(compendium, mirror):
    (model_id,) = ids = ["deep-exp-03"]
    path = write(mirror / "cnn_deep_exponential_3.h5", made_values("deep"))
    (entry,) = remote.entries(recipes.published_file(model_id))
    with open(path, "r+b") as file:
        file.truncate(entry.bytes)  # as long as the real one
    (compendium / "my.yml").write_text(
        "koo: {models: [deep-exp-03]}\nsynthetic: {n_sequences: 400}\n"
        "zoo: {configurations: []}\nscores: {n_sequences: 20}"
    )
    run = steps.configure(compendium / "my.yml")
    steps.simulate(run)
    for step, more in ((steps.train, ()), (steps.attribute, ()), (steps.evaluate, (0,))):
        step(run, "koo", ids, *more)
    steps.length_weights(run)
    steps.merge(run, "koo")
    (row,) = paths.read_csv(run.scores("koo")).to_dict("records")
    assert (row["id"], row["architecture"], row["activation"]) == (model_id, "deep", "exp")
    maps = paths.read_maps("my", "koo", model_id)
    x = sequences.codes_to_one_hot(store.load(run.data("koo"))["codes"][maps["rows"]])
    klds = kmer_klds(x, maps["a"])
    learnt = paths.read_json(run.length_weights)["frequency"]["mean"]
    assert row["n"] == 20 and row["consistency_frequency"] == pytest.approx(klds @ learnt)
    tables = reproduction.make(run, config.load_resolved("my"))
    (turned,) = tables["rotated"].to_dict("records")
    assert turned["population"] == "koo" and 0 < turned["kld_rotated_k6"] < 10
    assert not len(tables["settings"]) and not len(tables["alignment"])


def test_networks_are_fetched_only_when_asked_and_a_failure_can_be_a_note(monkeypatch, capsys):
    wanted = []

    def refuse(names):
        wanted.extend(names)
        raise remote.RegistryError("no network")

    monkeypatch.setattr(remote, "fetch", refuse)
    steps.fetch(optional=True)
    assert not any(name.startswith("koo") for name in wanted)
    steps.fetch(optional=True, networks=True)
    assert sum(name.startswith("koo") for name in wanted) == 200
    note = capsys.readouterr().err.splitlines()[-1]
    assert note.startswith("note: no network") and "published networks that are here" in note
    with pytest.raises(remote.RegistryError):
        steps.fetch(networks=True)


def test_a_run_with_published_networks_is_planned(repository, tmp_path, command):
    """They have no epochs, by which the others' jobs are measured, and no data of their own."""
    pytest.importorskip("snakemake")
    for name in ("workflow", "notebooks", "src", "data", "pyproject.toml"):
        (tmp_path / name).symlink_to(repository / name)
    (tmp_path / "my.yml").write_text(
        "koo: {models: [deep-exp-03, shallow-relu-12]}\ngm12878: {models: []}\n"
        "zoo: {configurations: [bn-exp-standard]}\nnotebooks: {}\n"
    )
    done = command(
        "run",
        "my.yml",
        "--offline",
        "--dry-run",
        "--until",
        "scores",
        cwd=tmp_path,
        env={"ATTRIBUTION_CONSISTENCY_ROOT": str(tmp_path)},
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for step in ("models: koo networks 1-2 of 2", "attribution maps: koo", "scores: koo, all"):
        assert f"- {step}" in done.stdout
    assert done.stdout.count("- sequences: ") == 1


# --- the real files --------------------------------------------------------------------

REAL = ["deep-exp-00", "deep-relu-00", "shallow-exp-00"]


@pytest.mark.skipif(
    not all(remote.locate(recipes.published_file(i)) for i in REAL),
    reason="not on this machine: python -m compendium fetch --networks",
)
def test_real_networks_predict_our_simulated_sequences(tmp_path):
    """A weight in the wrong place, another padding or epsilon would show here."""
    data = simulation.simulate(1000, seed=5)
    arrays = {"x": sequences.codes_to_one_hot(data.codes), "y": data.y, "split": np.full(1000, 2)}
    found = {i: published.recipe_of(i, "0" * 64) for i in REAL}
    published.convert_models(found, lambda: arrays, tmp_path, lambda line: None)
    for model_id in REAL:
        record = json.loads((tmp_path / f"{model_id}.json").read_text())
        assert record["test"]["auroc"] > (0.95 if model_id.startswith("deep") else 0.9), model_id
