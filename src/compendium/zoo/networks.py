"""The networks of the book, as Keras models that return logits.

Every builder takes one-hot sequences (N, L, 4) and gives raw outputs (N, T): the sigmoid
lives in the loss, so that a gradient of the output is a gradient of the logit.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import keras
from keras import KerasTensor, layers, ops

if TYPE_CHECKING:
    from .regularisers import Points

Hook = Callable[[KerasTensor, int], KerasTensor]


def capped_exponential(h: KerasTensor) -> KerasTensor:
    """An exponential that stops growing at e³, for the study of maps of the wrong sign."""
    return ops.exp(ops.minimum(h, 3.0))


ACTIVATIONS = {"relu": "relu", "exp": "exponential", "capped": capped_exponential}


def build(recipe: dict[str, Any], length: int, points: Points | None = None) -> keras.Model:
    """Build the untrained network of a recipe.

    Parameters
    ----------
    recipe : dict
        With `architecture`, `activation` (of `ACTIVATIONS`, first layer), `batch_norm` and
        `n_outputs`; `momentum` and `gain` of its batch norms where they are not Keras's own.
    length : int
        Nucleotides per sequence.
    points : regularisers.Points, optional
        Acts on the input and hidden layers during training. With or without, the weights are
        the same in the same order.

    Returns
    -------
    keras.Model
        From (N, L, 4) to (N, n_outputs) logits or predictions.

    Raises
    ------
    ValueError
        For an unknown architecture or activation.
    """
    name, activation = recipe["architecture"], recipe["activation"]
    if name not in ARCHITECTURES:
        raise ValueError(f"unknown architecture {name!r}; choose from {', '.join(ARCHITECTURES)}")
    if activation not in ACTIVATIONS:
        raise ValueError(f"unknown activation {activation!r}; choose from {', '.join(ACTIVATIONS)}")
    sequence = keras.Input((length, 4), name="sequence")
    inputs, hook = points.attach(sequence) if points else ([sequence], lambda h, i: h)
    blocks = Blocks(
        activation=ACTIVATIONS[activation],
        batch_norm=recipe["batch_norm"],
        regularizer=recipe.get("kernel_regularizer") or keras.regularizers.L2(recipe["l2"]),
        norm={
            "momentum": recipe.get("momentum", 0.99),
            "gamma_initializer": keras.initializers.Constant(recipe.get("gain", 1.0)),
        },
    )
    hidden = ARCHITECTURES[name](hook(sequence, 0), blocks, hook)
    output = layers.Dense(recipe["n_outputs"], name="output", **blocks.kernel)(hidden)
    model = points.model if points else keras.Model
    return model(inputs if len(inputs) > 1 else sequence, output, name=name)


def kind(recipe: dict[str, Any]) -> tuple[Any, ...]:
    """What decides the layers of a network: recipes of one kind can share one that is built."""
    return tuple(recipe[k] for k in ("architecture", "batch_norm", "activation", "n_outputs"))


class Blocks:
    """Layers that share one activation for the first layer, norm and weight penalty."""

    def __init__(
        self,
        activation: Any,
        batch_norm: bool,
        regularizer: keras.regularizers.Regularizer,
        norm: dict[str, Any],
    ) -> None:
        self.first, self.batch_norm, self._norm = activation, batch_norm, norm
        self.kernel: dict[str, Any] = {"kernel_regularizer": regularizer}
        self.kernel["kernel_initializer"] = "he_normal"

    def norm(self, h: KerasTensor) -> KerasTensor:
        """Batch norm, where the network has it."""
        return layers.BatchNormalization(**self._norm)(h) if self.batch_norm else h

    def conv(
        self,
        h: KerasTensor,
        filters: int,
        width: int,
        *,
        first: bool = False,
        pool: int = 1,
        dropout: float = 0.0,
        dilation: int = 1,
        activation: str = "relu",
    ) -> KerasTensor:
        """Convolution -> norm -> activation -> max pooling -> dropout."""
        options = {"padding": "same", "dilation_rate": dilation, **self.kernel}
        h = layers.Conv1D(filters, width, **options)(h)
        h = layers.Activation(self.first if first else activation)(self.norm(h))
        if pool > 1:
            h = layers.MaxPooling1D(pool)(h)
        return layers.Dropout(dropout)(h) if dropout else h

    def dense(self, h: KerasTensor, units: int, dropout: float) -> KerasTensor:
        """Dense layer -> norm -> activation -> dropout."""
        h = layers.Dense(units, **self.kernel)(h)
        return layers.Dropout(dropout)(layers.Activation("relu")(self.norm(h)))

    def attention(self, h: KerasTensor, heads: int, dropout: float = 0.1) -> KerasTensor:
        """Self-attention and two dense layers, each added back to its input, norms first."""
        width = h.shape[-1]
        seen = layers.LayerNormalization()(h)
        seen = layers.MultiHeadAttention(heads, width // heads, dropout=dropout)(seen, seen)
        h = layers.Add()([h, seen])
        changed = layers.LayerNormalization()(h)
        changed = layers.Dense(2 * width, activation="relu", **self.kernel)(changed)
        changed = layers.Dropout(dropout)(layers.Dense(width, **self.kernel)(changed))
        return layers.Add()([h, changed])

    def residual(
        self, h: KerasTensor, width: int, dilations: Sequence[int], dropout: float = 0.1
    ) -> KerasTensor:
        """Dilated convolutions of equal filter number added back to their input."""
        skip, filters = h, h.shape[-1]
        for dilation in dilations[:-1]:
            h = self.conv(h, filters, width, dilation=dilation, dropout=dropout)
        h = self.conv(h, filters, width, dilation=dilations[-1], activation="linear")
        return layers.Activation("relu")(layers.Add()([skip, h]))


class Places(layers.Layer):
    """Adds to each position a vector of its own, which is learnt."""

    def build(self, shape: tuple[int, ...]) -> None:
        """As many vectors as positions."""
        self.at = self.add_weight(shape=shape[1:], initializer="random_normal", name="at")

    def call(self, h: KerasTensor) -> KerasTensor:
        """The positions (B, L, C) with their vectors."""
        return h + self.at


def synthetic_cnn(h: KerasTensor, blocks: Blocks, hook: Hook, width: int = 19) -> KerasTensor:
    """Five hidden layers, 53,161 parameters with batch norm at 200 nt and first filters of 19."""
    h = hook(blocks.conv(h, 24, width, first=True, dropout=0.1), 1)
    h = hook(blocks.conv(h, 32, 7, pool=4, dropout=0.2), 2)
    h = hook(blocks.conv(h, 48, 7, pool=4, dropout=0.3), 3)
    h = hook(blocks.conv(h, 64, 3, pool=3, dropout=0.4), 4)
    return blocks.dense(layers.Flatten()(h), 96, 0.5)


def shallow(h: KerasTensor, blocks: Blocks, hook: Hook) -> KerasTensor:
    """Wide pooling after the first layer, which must learn whole motifs (Koo and Ploenzke 2021)."""
    h = hook(blocks.conv(h, 24, 19, first=True, pool=50, dropout=0.1), 1)
    h = hook(blocks.conv(h, 48, 3, pool=2, dropout=0.2), 2)
    return blocks.dense(layers.Flatten()(h), 96, 0.5)


def cnn(h: KerasTensor, blocks: Blocks, hook: Hook) -> KerasTensor:
    """Three convolutions and a dense layer, for accessibility."""
    h = hook(blocks.conv(h, 64, 15, first=True, pool=4, dropout=0.1), 1)
    h = hook(blocks.conv(h, 96, 7, pool=4, dropout=0.2), 2)
    h = hook(blocks.conv(h, 128, 5, pool=2, dropout=0.3), 3)
    return blocks.dense(layers.Flatten()(h), 128, 0.5)


def residual(h: KerasTensor, blocks: Blocks, hook: Hook) -> KerasTensor:
    """Dilated residual blocks after a wide first layer, after ResidualBind (Koo et al. 2023)."""
    h = hook(blocks.conv(h, 64, 15, first=True, pool=4, dropout=0.1), 1)
    h = hook(layers.Dropout(0.2)(blocks.residual(h, 3, (1, 2, 4))), 2)
    h = hook(blocks.conv(h, 96, 5, pool=4, dropout=0.3), 3)
    return blocks.dense(layers.Flatten()(h), 128, 0.5)


def basset(h: KerasTensor, blocks: Blocks, hook: Hook) -> KerasTensor:
    """Three convolutions and two dense layers, scaled down from Basset (Kelley et al. 2016)."""
    h = hook(blocks.conv(h, 80, 19, first=True, pool=3), 1)
    h = hook(blocks.conv(h, 64, 11, pool=4), 2)
    h = hook(blocks.conv(h, 64, 7, pool=4), 3)
    return blocks.dense(blocks.dense(layers.Flatten()(h), 160, 0.3), 160, 0.3)


def bpnet(h: KerasTensor, blocks: Blocks, hook: Hook) -> KerasTensor:
    """A wide layer, dilated residual convolutions: a thin relative of BPNet (Avsec et al. 2021)."""
    h = hook(blocks.conv(h, 32, 25, first=True), 1)
    for power in range(1, 7):
        h = layers.Add()([h, blocks.conv(h, 32, 3, dilation=2**power)])
    return layers.GlobalAveragePooling1D()(h)


def basenji(h: KerasTensor, blocks: Blocks, hook: Hook) -> KerasTensor:
    """Convolution, pooling, then densely growing dilations, after Basenji (Kelley et al. 2018)."""
    h = hook(blocks.conv(h, 48, 15, first=True, pool=2, dropout=0.05), 1)
    h = hook(blocks.conv(h, 48, 5, pool=4, dropout=0.05), 2)
    for power in range(1, 4):
        grown = blocks.conv(h, 24, 3, dilation=2**power)
        grown = blocks.conv(grown, 48, 1, dropout=0.25, activation="linear")
        h = layers.Add()([h, grown])
    h = blocks.conv(h, 96, 1, dropout=0.05)
    return blocks.dense(layers.Flatten()(layers.MaxPooling1D(5)(h)), 64, 0.3)


def transformer(h: KerasTensor, blocks: Blocks, hook: Hook) -> KerasTensor:
    """A wide layer whose pooled positions attend to each other, after Enformer's plan."""
    h = hook(blocks.conv(h, 48, 19, first=True, pool=4, dropout=0.1), 1)
    h = Places()(h)
    for _ in range(2):
        h = blocks.attention(h, heads=4)
    return blocks.dense(layers.GlobalAveragePooling1D()(h), 64, 0.3)


def pairs(h: KerasTensor, blocks: Blocks, hook: Hook) -> KerasTensor:
    """A layer for motifs and one whose filters span two of them, for rules about pairs."""
    h = hook(blocks.conv(h, 24, 19, first=True, pool=10), 1)
    h = hook(blocks.conv(h, 64, 9, dropout=0.1), 2)
    return blocks.dense(layers.GlobalMaxPooling1D()(h), 96, 0.3)


ARCHITECTURES: dict[str, Callable[[KerasTensor, Blocks, Hook], KerasTensor]] = {
    "synthetic": synthetic_cnn,
    "deep": functools.partial(synthetic_cnn, width=11),
    "shallow": shallow,
    "cnn": cnn,
    "residual": residual,
    "basset": basset,
    "bpnet": bpnet,
    "basenji": basenji,
    "transformer": transformer,
    "pairs": pairs,
}
