"""What the projects start from: fresh sequences with their truth, and the shipped networks."""

import numpy as np

from attribution_consistency import simulate
from attribution_consistency.sequences import codes_to_one_hot
from compendium import paths
from compendium.zoo.trained import Networks

LENGTH = 200  # nucleotides, what the networks were trained on


def positive_sequences(n, seed=1):
    """New sequences of the task, none of which a network has seen: (x, keywords of their truth)."""
    data = simulate(4 * n, LENGTH, seed=seed)
    rows = np.flatnonzero(data.y[:, 0] == 1)[:n]
    truth = {"motif_mask": data.motif_mask[rows], "spacer_mask": data.spacer_mask[rows]}
    return codes_to_one_hot(data.codes[rows]), truth


def networks(pattern):
    """The shipped networks whose name fits a pattern, such as "bn-*-00"."""
    folder = paths.shipped("synthetic")
    records = {path.stem: paths.read_json(path) for path in sorted(folder.glob(f"{pattern}.json"))}
    recipes = {name: record["recipe"] for name, record in records.items()}
    return Networks(recipes, lambda name: folder / f"{name}.npz", LENGTH)
