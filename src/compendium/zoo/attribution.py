"""Attribution maps: what each base contributes to a network's output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

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
