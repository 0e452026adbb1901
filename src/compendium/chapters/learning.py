"""Explanations along a training: accuracy, score and agreement of replicates at every epoch.

Networks of one architecture learn from few windows, without early stopping, from untrained to
overfitted.  Several initialisations of each activation see the same windows, so that at every
epoch their maps can be compared with each other.  That takes longer than the rest of the book:
runs leave it out unless `studies.learning.run` is on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution_consistency import kmer_klds
from attribution_consistency.sequences import codes_to_one_hot

from .. import store, tables
from ..measures import agreement, spread
from .real_data import POPULATION

if TYPE_CHECKING:
    import pandas as pd

    from .. import paths

PREFIX = "learning"
CHAPTER = "a2_along_a_training"
POPULATIONS = (POPULATION,)
TABLES = ("epochs", "agreement")
ACTIVATIONS = ("relu", "exp")
SEED = 11
KS = range(3, 9)
ABSENT = (
    "This run did not repeat the trainings of this page (`studies.learning.run` is off in its "
    "configuration).",
    "To repeat them, see `config/learning.yml`.",
)


def recipe(activation: str, init: int, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Recipe of one network: a binary CNN of the chapter that never stops early."""
    from ..zoo import recipes

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


def make(run: paths.Run, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """The tables of the study, {name: DataFrame}.

    Returns
    -------
    epochs : DataFrame
        One row a network and epoch, 0 for the untrained network.
    agreement : DataFrame
        One row an activation and epoch, over all pairs of initialisations.
    """
    import pandas as pd

    chosen = settings["studies"][PREFIX]
    data = subset(store.load(run.data(POPULATION), ["codes", "y", "split"]), chosen)
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
    from ..performance import auroc
    from ..zoo.attribution import saliency
    from ..zoo.training import predict, train

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


def final_scores(epochs: pd.DataFrame, weights: pd.DataFrame) -> np.ndarray:
    """Final score of every row of the table `epochs`, nats.

    `weights` is a table with columns k and weight, which may be of another run than the
    trainings.
    """
    ks, klds = tables.kld_columns(epochs, "frequency")
    return klds @ weights.set_index("k")["weight"].reindex(ks, fill_value=0).to_numpy()
