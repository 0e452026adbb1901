"""Attribution maps: what each base contributes to a network's output."""

import numpy as np

from . import networks, weights


def saliency(model, x, output=0, batch_size=500):
    """Gradient of one output with respect to one-hot sequences (Simonyan et al. 2013).

    Parameters
    ----------
    model : Keras model from (N, L, 4) to (N, T) logits or predictions, before any sigmoid.
    x : float32 (N, L, 4).
    output : int, column of the output that is explained.
    batch_size : int, sequences differentiated at once; it changes memory, not the result.

    Returns
    -------
    float32 (N, L, 4), the raw gradient, without gradient correction.

    Raises ValueError when ``output`` is not a column of the model's output.
    """
    import tensorflow as tf

    if not 0 <= output < model.output_shape[-1]:
        raise ValueError(f"output {output}: the network has {model.output_shape[-1]} outputs")
    gradient = getattr(model, "_saliency", {}).get(output)
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


def saliency_of_models(recipes, paths, x):
    """Saliency of the first output of many networks: yields (model id, maps (N, L, 4)).

    recipes : {id: recipe}; paths : {id: weights file}; x : float32 (N, L, 4).
    One network is built for each architecture and its weights are swapped.
    """
    built = {}
    for model_id, recipe in recipes.items():
        key = networks.kind(recipe)
        if key not in built:
            built[key] = networks.build(recipe, x.shape[1])
        yield model_id, saliency(weights.load_into(built[key], paths[model_id]), x)
