"""Train the networks of three questions, and trace some of them while they learn.

`sign`: exponential networks with batch norm, seven starts, each as it is and with one thing
changed. Nothing but a table is kept: at every epoch the mean signed SNR of the maps, and at the
last how well their sign agrees with that of mutations. `word`: networks whose positive class
carries one word besides its motifs, in three strengths. `beyond`: residual networks and
transformers on the zoo's own data.
Weights that are there are left alone, and an interrupted training goes on from its last epoch. Run
from the root of the repository, which has the simulated sequences of the default run::

    python workflow/scripts/train_variants.py sign data/stored/sign_traces.csv
    python workflow/scripts/train_variants.py word data/spurious
    python workflow/scripts/train_variants.py beyond data/beyond
"""

import argparse
from pathlib import Path

import numpy as np

from attribution_consistency import sequences, signal_to_noise
from compendium import paths, store
from compendium.chapters import controls_spurious
from compendium.measures import same_sign
from compendium.tables import mean, positive_test_rows
from compendium.zoo import attribution, recipes, training
from compendium.zoo.methods import in_silico_mutagenesis

THREADS = 2
TASK = {"n_sequences": 20000, "length": 200, "data_seed": 0}
STARTS = (2, 5, 6, 0, 1, 3, 4)  # those of wrong sign first
CHANGED = 4  # starts, the first, that are trained again with one thing changed
SIGN_EPOCHS, WORD_EPOCHS, BEYOND_EPOCHS = 8, 20, 15
CHANGES = {
    "as it is": {},
    "other order": {},
    "learning rate / 3": {"learning_rate": 1e-3 / 3},
    "momentum 0.9": {"momentum": 0.9},
    "capped exponential": {"activation": "capped"},
    "gain 0.3": {"gain": 0.3},
    "first layer of start 00": {},
}
DONOR = 0  # the start that gives its first layer
TRACED = 200, 20  # sequences of the SNR, and of the mutations


def synthetic() -> dict[str, np.ndarray]:
    """The zoo's sequences, as a training takes them."""
    data = store.load(paths.Run("default").data("synthetic"))
    return data | {"x": sequences.codes_to_one_hot(data["codes"])}


def reordered(data: dict[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """The same sequences, met in another order."""
    rows = np.random.default_rng(seed).permutation(len(data["y"]))
    return {name: data[name][rows] for name in ("x", "y", "split")}


def with_first_layer(recipe: dict, length: int) -> tuple:
    """A network to train whose first layer begins as that of another start, and its twin."""
    donor, _ = COMPILED(recipe | {"init": DONOR}, length)
    network, plain = COMPILED(recipe, length)
    layers = [next(la for la in m.layers if "conv" in la.name) for m in (network, donor)]
    layers[0].set_weights(layers[1].get_weights())
    return network, plain


COMPILED = training.compiled


def trace(change: str, start: int, data: dict[str, np.ndarray]) -> list[dict[str, object]]:
    """One row an epoch of one exponential network with batch norm."""
    name = f"bn-exp-standard-{start:02d}"
    recipe = recipes.synthetic_recipe(name, SIGN_EPOCHS, TASK) | CHANGES[change]
    rows = positive_test_rows(data, TRACED[0])
    x, mask = data["x"][rows], data["motif_mask"][rows]
    found = []

    def look(epoch, model):
        # Over spacers alone, maps of the wrong sign come to have no ratio: too few positive scores.
        snr = signal_to_noise(x, attribution.saliency(model, x), mask)
        found.append({"change": change, "start": start, "epoch": epoch, "snr": mean(snr)})
        if epoch == SIGN_EPOCHS:
            few = x[: TRACED[1]]
            effects = in_silico_mutagenesis(lambda some: training.predict(model, some), few)
            signs = same_sign(few, attribution.saliency(model, few), effects)
            found[-1]["same_sign"] = signs.mean()

    met = reordered(data, start) if change == "other order" else data
    training.compiled = with_first_layer if change.startswith("first layer") else COMPILED
    _, record = training.train(recipe, met, each_epoch=look)
    scores = [float("nan"), *record["history"]["validation_score"]]
    return [row | {"validation_auroc": score} for row, score in zip(found, scores)]


def signs(path: Path) -> None:
    """Trace every change of every start into a table that grows."""
    import pandas as pd

    data = synthetic()
    table = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=["change", "start"])
    for change in CHANGES:
        for start in STARTS if change == "as it is" else STARTS[:CHANGED]:
            if ((table["change"] == change) & (table["start"] == start)).any():
                continue
            rows = trace(change, start, data)
            table = pd.concat([table, pd.DataFrame(rows)], ignore_index=True)
            paths.write_csv(path, table.round(5))
            print(change, start, rows[-1], flush=True)


def keep(folder: Path, name: str, recipe: dict, data: dict[str, np.ndarray]) -> None:
    """Train one network into a folder, unless it is there."""
    import keras

    if (folder / f"{name}.json").exists():
        return
    keras.utils.clear_session()
    checkpoint = folder / "checkpoints" / f"{name}.npz"
    model, record = training.train(recipe, data, checkpoint)
    training.save(model, record | {"threads": THREADS}, folder, name)
    checkpoint.unlink(missing_ok=True)
    print(name, record["test"], flush=True)


def words(folder: Path) -> None:
    """Networks whose positive class carries a word."""
    plain = synthetic()
    for name, (word, share, init) in controls_spurious.NETWORKS.items():
        recipe = recipes.synthetic_recipe(f"bn-exp-standard-{init:02d}", WORD_EPOCHS, TASK)
        where = (plain[name] for name in ("codes", "spacer_mask", "y"))
        x = sequences.codes_to_one_hot(controls_spurious.plant(*where, word, share)[0])
        keep(folder, name, recipe | {"word": word, "share": share}, plain | {"x": x})


def beyond(folder: Path) -> None:
    """Residual networks and transformers."""
    data = synthetic()
    for init in range(2):
        for architecture in ("residual", "transformer"):
            for activation in recipes.ACTIVATIONS:
                name = f"{architecture}-{activation}-{init:02d}"
                plain = recipes.synthetic_recipe(
                    f"bn-{activation}-standard-{init:02d}", BEYOND_EPOCHS, TASK
                )
                own = {"architecture": architecture, "population": "beyond"}
                keep(folder, name, plain | own, data)


def main() -> None:
    """Train what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("question", choices=["sign", "word", "beyond"])
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    {"sign": signs, "word": words, "beyond": beyond}[arguments.question](arguments.target)


if __name__ == "__main__":
    main()
