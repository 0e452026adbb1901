"""Attribution maps: what each base contributes to a network's output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from . import networks, weights

if TYPE_CHECKING:
    import keras


def saliency(
    model: keras.Model, x: np.ndarray, output: int = 0, batch_size: int = 500
) -> np.ndarray:
    """Gradient of one output with respect to one-hot sequences.

    Parameters
    ----------
    model : keras.Model
        From (N, L, 4) to (N, T) logits or predictions, before any sigmoid.
    x : ndarray of float32, shape (N, L, 4)
        One-hot sequences.
    output : int
        Column of the output that is explained.
    batch_size : int
        Sequences differentiated at once; it changes memory, not the result.

    Returns
    -------
    ndarray of float32, shape (N, L, 4)
        The raw gradient, without gradient correction.

    Raises
    ------
    ValueError
        If `output` is not a column of the model's output.

    References
    ----------
    Simonyan et al. (2013).
    """
    import tensorflow as tf

    if not 0 <= output < model.output_shape[-1]:
        raise ValueError(f"output {output}: the network has {model.output_shape[-1]} outputs")
    gradient: Any = getattr(model, "_saliency", {}).get(output)
    if gradient is None:

        @tf.function(input_signature=[tf.TensorSpec((None, *x.shape[1:]), tf.float32)])
        def gradient(batch):
            with tf.GradientTape() as tape:
                tape.watch(batch)
                score = tf.reduce_sum(model(batch, training=False)[:, output])
            return tape.gradient(score, batch)

        # Tracing costs a second: keep the function with the model, whose weights may be swapped.
        model._saliency = {**getattr(model, "_saliency", {}), output: gradient}
    batches = (x[i : i + batch_size] for i in range(0, len(x), batch_size))
    return np.concatenate([gradient(tf.constant(b)).numpy() for b in batches])


def saliency_of_models(
    recipes: Mapping[str, dict[str, Any]],
    paths: Mapping[str, str | PathLike[str]],
    x: np.ndarray,
) -> Iterator[tuple[str, np.ndarray]]:
    """Saliency of the first output of many networks.

    One network is built for each architecture and its weights are swapped.

    Parameters
    ----------
    recipes : mapping
        `{id: recipe}`.
    paths : mapping
        `{id: weights file}`.
    x : ndarray of float32, shape (N, L, 4)
        One-hot sequences.

    Yields
    ------
    (str, ndarray of float32, shape (N, L, 4))
        The model's id and its maps.
    """
    built: dict[tuple[Any, ...], keras.Model] = {}
    for model_id, recipe in recipes.items():
        key = networks.kind(recipe)
        if key not in built:
            built[key] = networks.build(recipe, x.shape[1])
        yield model_id, saliency(weights.load_into(built[key], paths[model_id]), x)
