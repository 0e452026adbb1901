"""The shipped networks of the synthetic task: complete, small, and what their records say."""

import json
import sys

import numpy as np
import pytest

pytest.importorskip("keras")

from attribution_consistency import kmer_klds, sequences, simulation
from compendium import paths, performance, tables
from compendium.zoo import attribution, networks, recipes, training, weights

sys.path.insert(0, str(paths.root() / "workflow" / "scripts"))
import train_independent as independent

pytestmark = pytest.mark.slow
MAX_MEGABYTES = 12
EXAMPLES = ("bn-exp-standard", "nobn-relu-mixup")


@pytest.fixture(scope="module")
def folder(repository):
    return repository / "data" / "zoo"


@pytest.fixture(scope="module")
def simulated():
    data = simulation.simulate()
    return data, sequences.codes_to_one_hot(data.codes[data.split == 2])


def records(folder):
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def shipped_network(folder, name, length):
    """A shipped network with its weights, and its record."""
    record = json.loads((folder / f"{name}.json").read_text())
    network = networks.build(record["recipe"], length)
    return weights.load_into(network, folder / f"{name}.npz"), record


def test_every_configuration_is_shipped_with_its_record(folder):
    found = records(folder)
    assert {tables.configuration_of(name) for name in found} == set(recipes.configurations())
    assert {path.stem for path in folder.glob("*.npz")} == set(found)
    for name, record in found.items():
        assert record["digest"] == recipes.digest(record["recipe"]), name
        asked = recipes.synthetic_recipe(name, 100, record["recipe"]["data"])
        assert record["digest"] == recipes.digest(asked), name
        assert record["epochs"] == record["recipe"]["epochs"] or record["diverged"], name
        assert len(record["history"]["loss"]) == record["epochs"], name


def test_the_zoo_is_small(folder):
    assert sum(path.stat().st_size for path in folder.rglob("*")) <= MAX_MEGABYTES * 1e6


def test_independent_networks_share_nothing_and_are_what_their_script_trains(repository):
    """A prefix of the script's list, each with a seed of its own for data, start and order."""
    folder = repository / "data" / "independent"
    found = records(folder)
    assert {path.stem for path in folder.glob("*.npz")} == set(found)
    seeds = [record["seed"] for record in found.values()]
    assert len(set(seeds)) == len(seeds) >= 16
    assert set(found) <= set(independent.networks(15))
    assert sorted(found, key=lambda name: int(name[-4:])) == independent.networks(15)[: len(found)]
    task = {"n_sequences": 20000, "length": 200}
    for name, record in found.items():
        seed = int(name[-4:])
        asked = recipes.synthetic_recipe(name, 100, task | {"data_seed": seed})
        assert record["digest"] == recipes.digest(asked) and record["seed"] == seed, name
        assert record["epochs"] == 100 and record["test"]["auroc"] > 0.95, name
    assert sum(path.stat().st_size for path in folder.rglob("*")) <= 8e6


def test_half_precision_keeps_the_auroc_of_every_network(folder, simulated):
    """Recorded scores were measured before rounding."""
    data, x = simulated
    target, built = data.y[data.split == 2][:, 0], {}
    for name, record in records(folder).items():
        kind = networks.kind(record["recipe"])
        if kind not in built:
            built[kind] = networks.build(record["recipe"], x.shape[1])
        network = weights.load_into(built[kind], folder / f"{name}.npz")
        auroc = performance.auroc(target, training.predict(network, x)[:, 0])
        assert abs(auroc - record["test"]["auroc"]) <= 1e-3, name


def test_networks_beyond_the_zoo_have_their_recorded_architecture_and_auroc(repository, simulated):
    data, x = simulated
    target, folder = data.y[data.split == 2][:, 0], repository / "data" / "beyond"
    found = records(folder)
    assert {path.stem for path in folder.glob("*.npz")} == set(found)
    assert {r["recipe"]["architecture"] for r in found.values()} == {"residual", "transformer"}
    for name, record in found.items():
        assert record["digest"] == recipes.digest(record["recipe"]) and not record["diverged"], name
        network, _ = shipped_network(folder, name, x.shape[1])
        auroc = performance.auroc(target, training.predict(network, x)[:, 0])
        assert abs(auroc - record["test"]["auroc"]) <= 1e-3, name


@pytest.mark.parametrize("configuration", EXAMPLES)
def test_half_precision_keeps_divergences(folder, simulated, configuration):
    """Compared with those of weights that would round to the shipped ones: moved by up to half a
    step of float16."""
    data, x = simulated
    network, _ = shipped_network(folder, f"{configuration}-00", x.shape[1])
    some = x[data.y[data.split == 2][:, 0] > 0.5][:200]
    rounded = kmer_klds(some, attribution.saliency(network, some))
    rng = np.random.default_rng(0)
    network.set_weights(
        [
            v
            + rng.uniform(-0.5, 0.5, v.shape).astype(np.float32) * np.spacing(v.astype(np.float16))
            for v in network.get_weights()
        ]
    )
    moved = kmer_klds(some, attribution.saliency(network, some))
    np.testing.assert_allclose(moved, rounded, rtol=0.01)
    assert (moved != rounded).any()


def test_weights_are_found_by_the_recipe_of_the_published_configuration(folder, repository):
    import yaml

    zoo = yaml.safe_load((repository / "config" / "default.yml").read_text())["zoo"]
    data = {"n_sequences": 20000, "length": 200, "data_seed": 0}
    for configuration in recipes.configurations():
        for init in zoo["initialisations"]:
            name = f"{configuration}-{init:02d}"
            key = recipes.digest(recipes.synthetic_recipe(name, zoo["epochs"], data))
            assert training.has_weights(folder, name, key), name
    assert paths.shipped("synthetic").name == "zoo"


@pytest.mark.parametrize("configuration", [*EXAMPLES, "bn-relu-spectral"])
def test_stored_divergences_are_reproduced(folder, repository, simulated, configuration):
    import pandas as pd

    data, x = simulated
    name = f"{configuration}-00"
    stored = pd.read_csv(repository / "data" / "stored" / "scores_synthetic.csv").set_index("id")
    network, _ = shipped_network(folder, name, x.shape[1])
    some = x[data.y[data.split == 2][:, 0] > 0.5][: int(stored.loc[name, "n"])]
    found = kmer_klds(some, attribution.saliency(network, some))
    expected = stored.loc[name, [f"kld_frequency_k{k}" for k in range(3, 9)]].to_numpy(float)
    # As close as other processors come: float32 gradients differ in their sixth digit.
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_the_accessibility_networks_are_shipped_small_and_stopped_by_themselves(repository):
    folder = repository / "data" / "gm12878"
    found = records(folder)
    compared, replicas = recipes.accessibility_ids()
    assert set(found) == {path.stem for path in folder.glob("*.npz")}
    assert set(found) == {*compared, *replicas}
    assert sum(path.stat().st_size for path in folder.iterdir()) < 16e6
    for name, record in found.items():
        recipe = recipes.accessibility_recipe(name)
        assert record["recipe"] == recipe and record["digest"] == recipes.digest(recipe), name
        assert not record["diverged"] and record["epochs"] <= recipe["epochs"], name
        assert networks.build(recipe, 201).count_params() <= 300_000, name
    best = {
        task: max(record["test"][score] for name, record in found.items() if name.startswith(task))
        for task, score in (("binary", "auroc"), ("quantitative", "pearson"))
    }
    assert best["binary"] >= 0.91 and best["quantitative"] >= 0.72
