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

from .. import evaluation, metric
from ..datasets import store
from ..datasets.sequences import codes_to_one_hot
from .evidence import spread
from .evidence_measures import agreement

if TYPE_CHECKING:
    import pandas as pd

    from .. import artefacts

PREFIX = "learning"
CHAPTER = "05_real_data"
POPULATION = "gm12878_dnase"
POPULATIONS = (POPULATION,)
TABLES = ("epochs", "agreement")
ACTIVATIONS = ("relu", "exp")
SEED = 11
KS = range(3, 9)
ABSENT = (
    "This run did not repeat the trainings of this section (`studies.learning.run` is off in its "
    "configuration).",
    "To repeat them, see `config/learning.yml`.",
)


def recipe(activation: str, init: int, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Recipe of one network: a binary CNN of the chapter that never stops early."""
    from ..models import recipes

    model_id = f"binary-cnn-gm12878-{activation}-{init:02d}"
    return recipes.accessibility_recipe(model_id, chosen["epochs"]) | {
        "stopping_patience": None,
        "decay_patience": chosen["epochs"],
    }


def subset(data: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The windows of the study, as `training.train` takes them.

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


def make(run: artefacts.Run, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
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
            found = follow(recipe(activation, init, chosen), data, chosen)
            rows += [
                {"activation": activation, "init": init, "windows": windows} | row
                for row, _ in found
            ]
            followed.append([maps for _, maps in found])
            print(f"{activation}, initialisation {init}: {len(found) - 1} epochs", flush=True)
        for epoch, maps in enumerate(zip(*followed)):
            pairs = [agreement(one, two) for i, one in enumerate(maps) for two in maps[:i]]
            agreements.append(
                {
                    "activation": activation,
                    "epoch": epoch,
                    "pairs": len(pairs),
                    "agreement": np.mean(pairs),
                    "lowest": min(pairs),
                    "highest": max(pairs),
                }
            )
    return {"epochs": pd.DataFrame(rows), "agreement": pd.DataFrame(agreements)}


def follow(
    given: dict[str, Any], data: Mapping[str, np.ndarray], chosen: Mapping[str, Any]
) -> list[tuple[dict[str, Any], np.ndarray]]:
    """Train one network and measure it at every epoch: a list of (row, maps (n, L, 4))."""
    from ..models import training
    from ..models.attribution import saliency
    from ..models.performance import auroc

    x, y, split = data["x"], data["y"][:, 0], data["split"]
    accessible = np.flatnonzero((split == 2) & (y > 0.5))
    mapped = x[accessible[spread(len(accessible), chosen["n_sequences"])]]
    found = []

    def measure(epoch: int, network: Any) -> None:
        a = saliency(network, mapped)
        seen = {
            name: auroc(y[split == part], training.predict(network, x[split == part])[:, 0])
            for name, part in (("auroc_train", 0), ("auroc_test", 2))
        }
        klds = {f"kld_frequency_k{k}": v for k, v in zip(KS, metric.kmer_klds(mapped, a, KS))}
        found.append(
            (
                {
                    "epoch": epoch,
                    **seen,
                    **klds,
                    "kld_original": metric.thresholded_kld(mapped, a),
                    "gini": metric.gini(mapped, a),
                },
                a.astype(np.float16),
            )
        )

    _, record = training.train(given, data, each_epoch=measure)
    for (row, _), loss in zip(found, [np.nan, *record["history"]["loss"]]):
        row["loss"] = loss
    return found


def final_scores(epochs: pd.DataFrame, weights: pd.DataFrame) -> np.ndarray:
    """Final score of every row of the table `epochs`, nats.

    `weights` is a table with columns k and weight, which may be of another run than the
    trainings.
    """
    ks, klds = evaluation.kld_columns(epochs, "frequency")
    return klds @ weights.set_index("k")["weight"].reindex(ks, fill_value=0).to_numpy()
