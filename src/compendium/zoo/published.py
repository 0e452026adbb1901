"""Networks that others trained and published: weight files of Keras 2 become networks of ours.

The files (HDF5) hold the weights of Majdandzic et al. (2023), Genome Biology 24:109.  Their last
layer is a sigmoid, which has no weights: ours return the logit before it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..sources import remote
from . import recipes


def recipe_of(model_id: str, sha256: str) -> dict[str, Any]:
    """Recipe of one published network: what it is, and the SHA-256 of the file it comes from.

    How long it was trained is not recorded with the file, so there are no epochs.
    """
    depth, activation, init = recipes.published_parts(model_id)
    return {
        "population": "koo",
        "architecture": depth,
        "batch_norm": True,
        "activation": activation,
        "regulariser": "standard",
        "init": init,
        "task": "binary",
        "targets": [0],
        "n_outputs": 1,
        "l2": 1e-6,
        "source": recipes.published_file(model_id),
        "sha256": sha256,
    }


def model_recipes(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Recipes of the published networks of a run, {id: recipe}: those named, or those here.

    They read 200 nucleotides: a run with sequences of another length has none of them.
    """
    named = settings["koo"]["models"]
    files = {i: recipes.published_file(i) for i in recipes.published_ids()}
    if named == "available":
        fits = settings["synthetic"]["length"] == recipes.PUBLISHED_LENGTH
        named = [i for i, file in files.items() if fits and remote.locate(file)]
    digests = {entry.name: entry.sha256 for entry in remote.entries("koo_synthetic_models/")}
    return {i: recipe_of(i, digests[files[i]]) for i in named}


def read_weights(path: str | os.PathLike[str], model: Any) -> list[np.ndarray]:
    """Weights in a Keras 2 file, as float32 arrays in the order of `model.weights`.

    Raises
    ------
    ValueError
        Naming the file, when it is damaged, holds other layers or shapes than the Keras `model`,
        or values that are not finite.
    """
    import h5py

    remedy = "remove it and fetch it again"
    try:
        with h5py.File(path) as file:
            found = [
                (_text(name), group[name][()].astype(np.float32))
                for group in (file[_text(layer)] for layer in file.attrs["layer_names"])
                for name in group.attrs["weight_names"]
            ]
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: no readable Keras weights ({reason}); {remedy}") from None
    expected = [(v.path.rsplit("/", 1)[-1], tuple(v.shape)) for v in model.weights]
    if len(found) != len(expected):
        raise ValueError(
            f"{path}: holds {len(found)} arrays, a {model.name} network {len(expected)}; {remedy}"
        )
    for (name, value), (role, shape) in zip(found, expected):
        if _role(name) != role or value.shape != shape:
            raise ValueError(
                f"{path}: {name} has shape {value.shape}, where a {model.name} network has "
                f"a {role} of shape {shape}; {remedy}"
            )
        if not np.isfinite(value).all():
            raise ValueError(f"{path}: {name} holds values that are not finite; {remedy}")
    return [value for _, value in found]


def convert_models(
    wanted: Mapping[str, dict[str, Any]],
    data: Callable[[], Mapping[str, np.ndarray]],
    out_dir: str | os.PathLike[str],
    progress: Callable[[str], object] = print,
    locate: Callable[[str], Path] = remote.verified,
) -> None:
    """Bring published networks into `out_dir` as `<id>.npz` and `<id>.json`.

    A network that is there already, from the same file, stays.

    Parameters
    ----------
    wanted : dict
        {id: recipe}, see `recipe_of`.
    data : callable
        Gives `x` (N, L, 4), `y` and `split`, see `models.training.train`.
    out_dir : path
        The folder.
    progress : callable
        Called with one line of text per converted network.
    locate : callable
        From the name of a remote file to its path here.

    Raises
    ------
    ValueError
        As `read_weights`.
    """
    from . import trained, training, weights

    test, out_dir = None, Path(out_dir)
    kept = {model_id: out_dir / f"{model_id}.npz" for model_id in wanted}
    networks = trained.Networks(wanted, kept.__getitem__, recipes.PUBLISHED_LENGTH)
    out_dir.mkdir(parents=True, exist_ok=True)
    for number, (model_id, recipe) in enumerate(wanted.items(), 1):
        if training.has_weights(out_dir, model_id, recipes.digest(recipe)):
            continue
        if test is None:
            arrays = data()
            tested = arrays["split"] == 2
            test = arrays["x"][tested], arrays["y"][tested]
        model = networks.built(recipe)
        values = read_weights(locate(recipe["source"]), model)
        # As they will be read again, in half precision: the scores are those of what is kept.
        packed = weights.pack_values((v.path, value) for v, value in zip(model.weights, values))
        model.set_weights(weights.unpack(packed))
        record = training.record_of(recipe, training.evaluate(model, recipe, *test))
        training.save(model, record, out_dir, model_id)
        progress(f"[{number}/{len(wanted)}] {model_id} converted: published weights")


def _text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def _role(name):
    """`kernel` of `conv1d_1/kernel:0`."""
    return name.rsplit("/", 1)[-1].split(":")[0]
