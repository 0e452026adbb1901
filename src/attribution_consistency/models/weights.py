"""Weights as one flat vector: small enough to ship, exact enough to trust.

A weights file is an ``.npz`` with ``weights`` (float16, every variable in Keras order but
the batch-norm statistics), ``statistics`` (float32, moving means and variances, whose range
half precision cannot hold) and ``layout`` (JSON: name, shape, offset, array of each variable).
"""

import json

import numpy as np


def pack(model):
    """Arrays of a weights file from a Keras model: {name: array}."""
    return pack_values(((v.path, np.asarray(v)) for v in model.weights))


def pack_values(named_values):
    """Arrays of a weights file from (name, array) pairs."""
    flat = {"weights": [], "statistics": []}
    layout = []
    for name, value in named_values:
        array = "statistics" if "moving_" in name.rsplit("/", 1)[-1] else "weights"
        offset = sum(v.size for v in flat[array])
        layout.append([name.split("/", 1)[-1], list(value.shape), offset, array])
        flat[array].append(np.ravel(value))
    join = lambda parts, dtype: np.concatenate(parts or [np.zeros(0)]).astype(dtype)
    return {
        "weights": join(flat["weights"], np.float16),
        "statistics": join(flat["statistics"], np.float32),
        "layout": np.array(json.dumps(layout)),
    }


def unpack(arrays):
    """List of float32 weight arrays, in Keras order, from the arrays of a weights file."""
    values = []
    for _, shape, offset, array in json.loads(str(arrays["layout"])):
        size = int(np.prod(shape))
        values.append(arrays[array][offset : offset + size].astype(np.float32).reshape(shape))
    return values


def is_complete(arrays):
    """Whether the arrays of a weights file hold every value that their layout names."""
    sizes = {name: 0 for name in ("weights", "statistics")}
    for _, shape, _, array in json.loads(str(arrays["layout"])):
        sizes[array] += int(np.prod(shape))
    return sizes["weights"] > 0 and all(arrays[name].size == sizes[name] for name in sizes)


def load_into(model, path):
    """Set the weights of a Keras model from a file.

    Raises ValueError when the file cannot be read or belongs to another architecture.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            values = unpack(arrays)
    except Exception as error:  # what NumPy raises for a damaged archive has many types
        raise ValueError(
            f"{path}: not a readable weights file ({error}); delete it and retrain"
        ) from None
    shapes = [tuple(v.shape) for v in model.weights]
    if [v.shape for v in values] != shapes:
        raise ValueError(
            f"{path}: holds weights of another architecture than {model.name} "
            f"({len(values)} arrays, expected {len(shapes)} of matching shapes); delete it and retrain"
        )
    model.set_weights(values)
    return model
