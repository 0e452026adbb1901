"""Networks that others trained and published: weight files of Keras 2 become networks of ours.

The files (HDF5) hold the weights of Majdandzic et al. (2023), Genome Biology 24:109.  Their last
layer is a sigmoid, which has no weights: ours return the logit before it.
"""

from pathlib import Path

import numpy as np

from . import networks, recipes, training, weights


def read_weights(path, model):
    """Weights in a Keras 2 file, as float32 arrays in the order of ``model.weights``.

    Raises ValueError naming the file when it is damaged, holds other layers or shapes than the
    Keras ``model``, or values that are not finite.
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


def convert_models(model_recipes, files, data, out_dir, progress=print):
    """Bring published networks into ``out_dir`` as ``<id>.npz`` and ``<id>.json``.

    model_recipes : {id: recipe}, see `recipes.published_recipe`.
    files : callable from the id of a network to the path of its file.
    data : callable that gives ``x`` (N, L, 4), ``y`` and ``split``, see `training.train`.

    A network that is there already, from the same file, stays.  Raises ValueError as
    `read_weights` does.
    """
    built, test, out_dir = {}, None, Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    for number, (model_id, recipe) in enumerate(model_recipes.items(), 1):
        if training.has_weights(out_dir, model_id, recipes.digest(recipe)):
            continue
        if test is None:
            data = data()
            test = data["x"][data["split"] == 2], data["y"][data["split"] == 2]
        key = recipe["architecture"], recipe["activation"]
        if key not in built:
            built[key] = networks.build(recipe, test[0].shape[1])
        model = built[key]
        values = read_weights(files(model_id), model)
        # As they will be read again, in half precision: the scores are those of what is kept.
        model.set_weights(weights.unpack(weights.pack_values(
            (variable.path, value) for variable, value in zip(model.weights, values)
        )))
        record = {
            "recipe": recipe, "digest": recipes.digest(recipe), "seed": recipe["init"],
            "training_version": recipes.TRAINING_VERSION, "epochs": None, "minutes": None,
            "diverged": False, "history": {}, "test": training.evaluate(model, recipe, *test),
        }
        training.save(model, record, out_dir, model_id)
        progress(f"[{number}/{len(model_recipes)}] {model_id} converted: published weights")


def _text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def _role(name):
    """``kernel`` of ``conv1d_1/kernel:0``."""
    return name.rsplit("/", 1)[-1].split(":")[0]
