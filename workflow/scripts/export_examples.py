"""Write the small example maps that `attribution-consistency score --example` scores.

Two shipped networks, with exponential and with ReLU first layer, on simulated sequences that
neither was trained on. Maps are scaled to a largest absolute value of 1, which changes no
score, and stored in half precision. Run once, by hand, from the root of the repository::

    python workflow/scripts/export_examples.py src/attribution_consistency/resources/examples
"""

import json
import sys
from pathlib import Path

import numpy as np

from attribution_consistency import sequences, simulation
from compendium import store
from compendium.zoo.trained import Networks

MODELS = {"exponential": "bn-exp-standard-00", "relu": "bn-relu-standard-00"}
SEED, N = 1, 90  # the networks were trained on the simulation with seed 0


def main(folder: Path) -> None:
    """Write sequences, maps and performance into a folder."""
    data = simulation.simulate(2 * N, seed=SEED)
    x = sequences.codes_to_one_hot(data.codes[data.y[:, 0] == 1])
    note = {"source": "simulated positive sequences", "data_seed": SEED}
    store.save(folder / "sequences.npz", {"x": x.astype(np.uint8), "meta": note})
    records = {
        name: json.loads(Path(f"data/zoo/{model}.json").read_text())
        for name, model in MODELS.items()
    }
    recipes = {name: record["recipe"] for name, record in records.items()}
    networks = Networks(recipes, lambda name: f"data/zoo/{MODELS[name]}.npz", x.shape[1])
    for name in MODELS:
        maps = networks.maps(name, x)
        note = {"network": MODELS[name], "method": "saliency of the logit, scaled"}
        scaled = (maps / np.abs(maps).max()).astype(np.float16)
        store.save(folder / f"{name}.npz", {"a": scaled, "meta": note})
    table = "".join(f"{n},{r['test']['auroc']:.4f}\n" for n, r in records.items())
    (folder / "performance.csv").write_text("model,AUROC\n" + table)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
