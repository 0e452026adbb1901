"""Explanations along a training: accuracy, score and agreement of replicates at every epoch.

Networks of one architecture learn from few windows, without early stopping, from untrained to
overfitted. Several initialisations of each activation see the same windows, so that at every
epoch their maps can be compared with each other. Takes ten minutes; after `make book`, with the
real sequences on this machine, from the root of the repository::

    .venv/bin/python workflow/scripts/along_a_training.py data/stored
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from attribution_consistency import kmer_klds
from attribution_consistency.sequences import codes_to_one_hot
from compendium import paths, store, tables
from compendium.measures import agreement, spread
from compendium.performance import auroc
from compendium.zoo import recipes
from compendium.zoo.attribution import saliency
from compendium.zoo.training import predict, train

POPULATION = "gm12878_dnase"
ACTIVATIONS = ("relu", "exp")
SEED = 11
KS = range(3, 9)
# Networks of each activation; few windows, so that they learn them by heart; windows mapped.
CHOSEN = {"initialisations": 5, "epochs": 60, "n_train": 1000, "n_sequences": 300}


def recipe(activation: str, init: int, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Recipe of one network: a binary CNN of the chapter that never stops early."""
    model_id = f"binary-cnn-gm12878-{activation}-{init:02d}"
    return recipes.accessibility_recipe(model_id, chosen["epochs"]) | {
        "stopping_patience": None,
        "decay_patience": chosen["epochs"],
    }


def subset(data: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The windows of the study, as `train` takes them.

    All test and validation windows, and `n_train` of the training windows, the same for every
    network.
    """
    rng = np.random.default_rng(SEED)
    training = np.flatnonzero(data["split"] == 0)
    few = rng.choice(training, min(chosen["n_train"], len(training)), replace=False)
    rows = np.sort(np.concatenate([few, np.flatnonzero(data["split"] > 0)]))
    return {
        "x": codes_to_one_hot(data["codes"][rows]),
        "y": data["y"][rows],
        "split": data["split"][rows],
    }


def make(data: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Both tables, {name: DataFrame}, from the arrays of the data set.

    Returns
    -------
    epochs : DataFrame
        One row a network and epoch, 0 for the untrained network.
    agreement : DataFrame
        One row an activation and epoch, over all pairs of initialisations.
    """
    data = subset(data, chosen)
    rows, agreements, windows = [], [], int((data["split"] == 0).sum())
    for activation in ACTIVATIONS:
        followed = []
        for init in range(chosen["initialisations"]):
            measured, maps = follow(recipe(activation, init, chosen), data, chosen)
            start = {"activation": activation, "init": init, "windows": windows}
            rows += [start | row for row in measured]
            followed.append(maps)
            print(f"{activation}, initialisation {init}: {len(maps) - 1} epochs", flush=True)
        for epoch, alike in enumerate(zip(*followed)):
            pairs = [agreement(one, two) for i, one in enumerate(alike) for two in alike[:i]]
            agreements.append((activation, epoch, np.mean(pairs), min(pairs), max(pairs)))
    columns = ["activation", "epoch", "agreement", "lowest", "highest"]
    return {"epochs": pd.DataFrame(rows), "agreement": pd.DataFrame(agreements, columns=columns)}


def follow(
    given: dict[str, Any], data: Mapping[str, np.ndarray], chosen: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[np.ndarray]]:
    """Train one network and measure it at every epoch: rows, and maps (n, L, 4)."""
    x, y, split = data["x"], data["y"][:, 0], data["split"]
    accessible = np.flatnonzero((split == 2) & (y > 0.5))
    mapped = x[accessible[spread(len(accessible), chosen["n_sequences"])]]
    rows: list[dict[str, Any]] = []
    maps: list[np.ndarray] = []

    def measure(epoch: int, network: Any) -> None:
        a = saliency(network, mapped)
        row: dict[str, Any] = {"epoch": epoch}
        for name, part in (("auroc_train", split == 0), ("auroc_test", split == 2)):
            row[name] = auroc(y[part], predict(network, x[part])[:, 0])
        row |= {f"kld_frequency_k{k}": kld for k, kld in zip(KS, kmer_klds(mapped, a, KS))}
        rows.append(row | tables.rivals(mapped, a, ["kld_original"]))
        maps.append(a.astype(np.float16))

    train(given, data, each_epoch=measure)
    return rows, maps


def main() -> None:
    """Write `learning_epochs.csv` and `learning_agreement.csv` to a folder."""
    data = store.load(paths.Run("default").data(POPULATION), ["codes", "y", "split"])
    for name, table in make(data, CHOSEN).items():
        paths.write_csv(Path(sys.argv[1]) / f"learning_{name}.csv", table)


if __name__ == "__main__":
    main()
