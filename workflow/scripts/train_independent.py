"""Train networks that share nothing: each has data, start and order of batches of its own.

Four kinds, first-layer activation × batch norm, of the zoo's standard configuration for its 100
epochs, in order of seed, so that any prefix has as many of each kind. A network that is there
already is left alone, and one that was interrupted goes on from its last epoch. One takes about
four minutes on two cores; run from the root of the repository::

    python workflow/scripts/train_independent.py data/independent --rounds 15
"""

import argparse
from pathlib import Path

from attribution_consistency import sequences, simulate
from compendium.zoo import recipes, training

KINDS = ("bn-relu", "bn-exp", "nobn-relu", "nobn-exp")
FIRST_SEED, EPOCHS, SEQUENCES, LENGTH, THREADS = 1000, 100, 20000, 200, 2


def networks(rounds: int) -> list[str]:
    """Names of the networks of some rounds; the number at the end seeds everything."""
    return [
        f"{kind}-standard-{FIRST_SEED + len(KINDS) * turn + place}"
        for turn in range(rounds)
        for place, kind in enumerate(KINDS)
    ]


def train(folder: Path, name: str) -> None:
    """Simulate the data of one network, train it on them, and write it into a folder."""
    import keras

    seed = int(name.rsplit("-", 1)[1])
    task = {"n_sequences": SEQUENCES, "length": LENGTH, "data_seed": seed}
    recipe = recipes.synthetic_recipe(name, EPOCHS, task)
    data = simulate(SEQUENCES, LENGTH, seed)
    x = sequences.codes_to_one_hot(data.codes)
    keras.utils.clear_session()
    checkpoint = folder / "checkpoints" / f"{name}.npz"
    model, record = training.train(recipe, {"x": x, "y": data.y, "split": data.split}, checkpoint)
    training.save(model, record | {"threads": THREADS}, folder, name)
    checkpoint.unlink(missing_ok=True)
    print(name, record["test"], flush=True)


def main() -> None:
    """Train what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=15, help="networks of each kind")
    arguments = parser.parse_args()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    for name in networks(arguments.rounds):
        if not (arguments.folder / f"{name}.json").exists():
            train(arguments.folder, name)


if __name__ == "__main__":
    main()
