"""A small recipe and data for the tests of networks and trainings."""

import numpy as np

from compendium.zoo import recipes

LENGTH = 72
SMALL = {"n_sequences": 60, "length": LENGTH, "data_seed": 0}


def recipe(model_id="bn-exp-standard-00", epochs=2, **changes):
    return {**recipes.synthetic_recipe(model_id, epochs, SMALL), "batch_size": 10, **changes}


def easy_data():
    """Positives hold ACGT three times at one place."""
    rng = np.random.default_rng(0)
    x = np.eye(4, dtype=np.float32)[rng.integers(0, 4, (60, LENGTH))]
    y = (np.arange(60) % 2)[:, None].astype(np.float32)
    x[y[:, 0] == 1, 20:32] = np.eye(4, dtype=np.float32)[[0, 1, 2, 3] * 3]
    return {"x": x, "y": y, "split": np.repeat([0, 1, 2], 20).astype(np.uint8)}


# --- damage ------------------------------------------------------------------------------


def truncate(path, fraction):
    path.write_bytes(path.read_bytes()[: int(fraction * path.stat().st_size)])


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def rewrite(path, change):
    with np.load(path) as arrays:
        arrays = dict(arrays)
    change(arrays)
    np.savez(path, **arrays)


def encrypt(path):
    """One bit in the directory of the archive."""
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] ^= 1
    path.write_bytes(content)
