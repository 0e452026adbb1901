"""What training and maps cost, as ratios of one run: python tests/benchmarks/bench_training.py

Each measurement runs in processes of its own, one after the other, on a machine that should
have nothing else to do:

- plain: `fit` of the baseline network in one process, the yardstick;
- training: two processes, each with one network, through the package's own loop, which also
  computes the validation score and writes a checkpoint after each epoch;
- saliency: gradients of the same network, in sequences a second;
- scoring: shipped networks, from their weights to their row of the table, and what that makes
  for a whole zoo.

The first epoch and the first batch are left out: TensorFlow compiles in them.
"""

import argparse
import multiprocessing
import os
import tempfile
import time

import numpy as np

LENGTH = 200
ZOO = 392


def example(n: int) -> dict:
    """Random sequences with random answers: what they say does not change the time."""
    rng = np.random.default_rng(0)
    x = np.eye(4, dtype=np.float32)[rng.integers(0, 4, (n, LENGTH))]
    y = rng.integers(0, 2, (n, 1)).astype(np.float32)
    return {"x": x, "y": y, "split": rng.choice(3, n, p=(0.7, 0.1, 0.2)).astype(np.uint8)}


def recipe(epochs: int, init: int = 0) -> dict:
    from compendium.zoo import recipes

    data = {"n_sequences": 0, "length": LENGTH, "data_seed": 0}
    return recipes.synthetic_recipe(f"bn-exp-standard-{init:02d}", epochs, data)


def plain(n: int, epochs: int) -> float:
    """Training sequences a second of `fit`."""
    import keras

    from compendium.zoo import networks

    data, settings = example(n), recipe(epochs)
    x, y = (data[name][data["split"] == 0] for name in ("x", "y"))
    network = networks.build(settings, LENGTH)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    network.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss, jit_compile=False)
    network.fit(x, y, batch_size=settings["batch_size"], verbose=0)
    start = time.perf_counter()
    network.fit(x, y, batch_size=settings["batch_size"], epochs=epochs, verbose=0)
    return epochs * len(x) / (time.perf_counter() - start)


def train(n: int, epochs: int, init: int) -> float:
    """Training sequences a second of the package's loop; one process of those side by side."""
    from compendium.zoo import training

    data, times = example(n), []
    with tempfile.TemporaryDirectory() as folder:
        training.train(
            recipe(epochs + 1, init),
            data,
            os.path.join(folder, "checkpoint.npz"),
            lambda line: times.append(time.perf_counter()),
        )
    return epochs * int((data["split"] == 0).sum()) / (times[-1] - times[0])


def saliency(n: int) -> float:
    """Sequences a second, in the fastest of three passes."""
    from compendium.zoo import attribution, networks

    network, x = networks.build(recipe(1), LENGTH), example(n)["x"]
    attribution.saliency(network, x[:500])
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        attribution.saliency(network, x)
        seconds.append(time.perf_counter() - start)
    return len(x) / min(seconds)


def scoring(n: int, count: int) -> tuple:
    """Seconds for a network: (maps, scores); mean of `count` shipped ones after a first."""
    from attribution_consistency import sequences, simulation
    from compendium import paths as artefacts
    from compendium import tables
    from compendium.zoo.trained import Networks

    data = simulation.simulate(2 * n, LENGTH, 0)._asdict()
    rows = np.flatnonzero(data["y"][:, 0] > 0.5)[:n]
    x = sequences.codes_to_one_hot(data["codes"][rows])
    masks = tables.truth_masks(data, rows)
    records = sorted(artefacts.shipped("synthetic").glob("bn-relu-*.json"))[: count + 1]
    made = {path.stem: artefacts.read_json(path)["recipe"] for path in records}
    weights = {path.stem: path.with_suffix(".npz") for path in records}
    networks = Networks(made, weights.__getitem__, LENGTH)
    seconds, start = [], time.perf_counter()
    for name in made:
        a = networks.maps(name, x)
        mapped = time.perf_counter()
        tables.score_maps(x, a, ks=range(3, 9), correct=True, score="abs_input", **masks)
        seconds.append((mapped - start, time.perf_counter() - mapped))
        start = time.perf_counter()
    return tuple(np.mean(seconds[1:], axis=0))


def apart(*calls) -> list:
    """Results of functions called side by side, each in a new process."""
    with multiprocessing.get_context("spawn").Pool(len(calls)) as pool:
        waiting = [pool.apply_async(function, arguments) for function, *arguments in calls]
        return [one.get() for one in waiting]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sequences", type=int, default=20_000, help="70 %% of them train")
    parser.add_argument("--epochs", type=int, default=5, help="epochs that are timed")
    parser.add_argument("--maps", type=int, default=1000, help="sequences that are scored")
    parser.add_argument("--networks", type=int, default=4, help="shipped networks that are scored")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

    n, epochs = options.sequences, options.epochs
    (one,) = apart((plain, n, epochs))
    print(f"plain fit, 1 process         {one:8,.0f} sequences/s      1.00", flush=True)
    two = sum(apart((train, n, epochs, 0), (train, n, epochs, 1)))
    print(f"training, 2 processes        {two:8,.0f} sequences/s  {two / one:8.2f}", flush=True)
    (speed,) = apart((saliency, n))
    print(f"saliency, 1 process          {speed:8,.0f} sequences/s  {speed / one:8.2f}", flush=True)
    ((maps, scores),) = apart((scoring, options.maps, options.networks))
    print(
        f"a network on {options.maps} sequences: maps {maps:.2f} s, scores {scores:.2f} s; "
        f"{ZOO} networks in one process: {ZOO * (maps + scores) / 60:.1f} minutes"
    )


if __name__ == "__main__":
    main()
