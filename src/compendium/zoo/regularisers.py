"""Seven ways to train the same network.

The strategies are the ones named in the paper: none, input mixup, manifold mixup, input
noise, manifold noise, adversarial training and a spectral-norm penalty. All of them act
in training only. Random choices (mixing partner, mixing strength, where to act) are drawn
outside the network, one row per batch, and enter it as extra inputs; a resumed training
therefore repeats them exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import layers, ops

from . import recipes

if TYPE_CHECKING:
    from .networks import Hook

Tensor = Any  # of the backend, or symbolic

HIDDEN_POINTS = 4


class SpectralNorm(keras.regularizers.Regularizer):
    """Half the squared largest singular value of each kernel, times `strength`.

    The kernel is flattened to (inputs, outputs). Power iteration finds its singular value, with
    no gradient through the iteration; each step of training goes on from the direction of the
    last one. (From one fixed start the network would learn to hide its largest direction.)

    References
    ----------
    Yoshida and Miyato (2017), equation 4 and algorithm 1.
    """

    RESTART = 100  # iterations from a fresh direction

    def __init__(self, strength: float, l2: float = 0.0, iterations: int = 1) -> None:
        self.strength, self.l2, self.iterations = strength, l2, iterations
        self.directions: dict[str, keras.Variable] = {}

    def restart(self, kernel: keras.Variable, seed: int | Sequence[int]) -> None:
        """Point at the largest direction of a kernel, from a start drawn by `seed`."""
        start = np.random.default_rng(seed).normal(size=(kernel.shape[-1], 1))
        _, v = power_iteration(_matrix(kernel), start.astype("float32"), self.RESTART)
        if kernel.path not in self.directions:
            self.directions[kernel.path] = keras.Variable(v, trainable=False)
        self.directions[kernel.path].assign(v)

    def __call__(self, kernel: keras.Variable) -> Tensor:
        matrix, direction = _matrix(kernel), self.directions[kernel.path]
        u, v = power_iteration(ops.stop_gradient(matrix), direction, self.iterations)
        direction.assign(v)
        norm = ops.sum(u * ops.matmul(matrix, v))
        return 0.5 * self.strength * ops.square(norm) + self.l2 * ops.sum(ops.square(kernel))


def power_iteration(matrix: Tensor, v: Tensor, iterations: int) -> tuple[Tensor, Tensor]:
    """Left and right singular vectors (I, 1), (O, 1) of the largest singular value of (I, O)."""
    for _ in range(iterations):
        u = ops.matmul(matrix, v)
        u = u / (ops.norm(u) + 1e-12)
        v = ops.matmul(ops.transpose(matrix), u)
        v = v / (ops.norm(v) + 1e-12)
    return u, v


def _matrix(kernel):
    return ops.reshape(kernel, (-1, kernel.shape[-1]))


class MixHidden(layers.Layer):
    """Mix each example with a partner of its batch: (h, partner (B,), keep (B, 1)) -> h."""

    def call(self, inputs: Sequence[Tensor], training: bool = False) -> Tensor:
        """Leave `h` as it is outside training."""
        h, partner, keep = inputs
        if not training:
            return h
        keep = ops.reshape(keep, (-1,) + (1,) * (len(h.shape) - 1))
        other = ops.take(h, ops.cast(ops.reshape(partner, (-1,)), "int32"), axis=0)
        return keep * h + (1.0 - keep) * other


class AddNoise(layers.Layer):
    """Add Gaussian noise of the given standard deviation: (h, sd (B, 1)) -> h."""

    def __init__(self, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Sequence[Tensor], training: bool = False) -> Tensor:
        """Leave `h` as it is outside training."""
        h, sd = inputs
        if not training:
            return h
        sd = ops.reshape(sd, (-1,) + (1,) * (len(h.shape) - 1))

        def noisy():
            normal = keras.random.normal(ops.shape(h), dtype=h.dtype, seed=self.seed_generator)
            return h + sd * normal

        def quiet():
            self.seed_generator.next()  # the noise of a step does not depend on earlier ones
            return h

        # Drawing is slow: a step draws no numbers that it would multiply by zero.
        return ops.cond(ops.any(sd != 0), noisy, quiet)


class Points:
    """Where a regulariser touches the network: point 0 is the input, 1 to 4 hidden layers.

    `attach` gives the extra inputs and the hook that `networks.build` calls at each point;
    `epoch` draws one epoch of training data with those inputs filled in.
    """

    def __init__(self, regulariser: str, settings: dict[str, Any]) -> None:
        if regulariser not in recipes.REGULARISERS:
            known = ", ".join(recipes.REGULARISERS)
            raise ValueError(f"unknown regulariser {regulariser!r}; choose from {known}")
        self.regulariser, self.settings = regulariser, settings
        self.model = keras.Model
        if regulariser == "adversarial":
            self.model = adversarial_model(settings)

    def attach(self, sequence: Tensor) -> tuple[list[Tensor], Hook]:
        """The inputs of the network and the hook for its points, as `Points` says."""
        mixes = self.regulariser == "manifoldmixup"
        if not mixes and self.regulariser not in ("noise", "manifoldnoise"):
            return [sequence], lambda h, point: h
        strength = keras.Input((HIDDEN_POINTS + 1,), name="strength")
        partner = keras.Input((1,), name="partner")

        def hook(h, point):
            s = strength[:, point : point + 1]
            return MixHidden()([h, partner, s]) if mixes else AddNoise()([h, s])

        return [sequence, strength] + ([partner] if mixes else []), hook

    def epoch(
        self, x: np.ndarray, y: np.ndarray, batch_size: int, rng: np.random.Generator
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Shuffled arrays of one epoch, without the last incomplete batch.

        Parameters
        ----------
        x : ndarray of float32, shape (N, L, 4)
            One-hot sequences.
        y : ndarray of float32, shape (N, T)
            Targets.

        Returns
        -------
        ([x, extra inputs ...], targets)
        """
        order = rng.permutation(len(x))[: len(x) // batch_size * batch_size]
        x, y = x[order], y[order]
        n_batches = len(x) // batch_size
        if self.regulariser in ("mixup", "manifoldmixup"):
            manifold = self.regulariser == "manifoldmixup"
            alpha = self.settings["manifold_mixup_alpha" if manifold else "mixup_alpha"]
            keep, partner = self._mixing(n_batches, batch_size, alpha, rng)
            other = np.arange(len(x)) // batch_size * batch_size + partner
            mixed_y = keep[:, None] * y + (1 - keep)[:, None] * y[other]
            if not manifold:
                share = keep[:, None, None]
                return [share * x + (1 - share) * x[other]], mixed_y
            strength = np.ones((len(x), HIDDEN_POINTS + 1), np.float32)
            strength[np.arange(len(x)), self._where(n_batches, batch_size, rng)] = keep
            return [x, strength, partner[:, None].astype(np.float32)], mixed_y
        if self.regulariser in ("noise", "manifoldnoise"):
            strength = np.zeros((len(x), HIDDEN_POINTS + 1), np.float32)
            if self.regulariser == "noise":
                strength[:, 0] = self.settings["noise_sd"]
            else:
                where = self._where(n_batches, batch_size, rng)
                strength[np.arange(len(x)), where] = self.settings["manifold_noise_sd"]
            return [x, strength], y
        return [x], y

    @staticmethod
    def _mixing(n_batches, batch_size, alpha, rng):
        """Per example: share kept (one Beta(alpha, alpha) draw a batch) and partner index."""
        keep = np.repeat(rng.beta(alpha, alpha, n_batches), batch_size).astype(np.float32)
        partner = np.concatenate([rng.permutation(batch_size) for _ in range(n_batches)])
        return keep, partner

    @staticmethod
    def _where(n_batches, batch_size, rng):
        """One hidden point a batch, repeated for its examples."""
        return np.repeat(rng.integers(1, HIDDEN_POINTS + 1, n_batches), batch_size)


def adversarial_model(settings: dict[str, Any]) -> type[keras.Model]:
    """A `keras.Model` class that trains on worst-case inputs (TensorFlow backend)."""
    ball = settings["adversarial_radius"], settings["adversarial_steps"]

    class AdversarialModel(keras.Model):
        def train_step(self, data: Any) -> dict[str, Any]:
            x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
            return super().train_step((projected_gradient(self, x, y, *ball), y))

    return AdversarialModel


def projected_gradient(
    model: keras.Model, x: Tensor, y: Tensor, radius: float, steps: int
) -> Tensor:
    """Inputs within `radius` (L-infinity) of `x` that raise the loss of `model`.

    References
    ----------
    Madry et al. (2018), equation 2.1, started at `x` itself.
    """
    import tensorflow as tf

    step = 2.5 * radius / steps
    worst = x
    for _ in range(steps):
        with tf.GradientTape() as tape:
            tape.watch(worst)
            loss = model.compute_loss(x=worst, y=y, y_pred=model(worst, training=False))
        move = step * tf.sign(tape.gradient(loss, worst))
        worst = tf.stop_gradient(tf.clip_by_value(worst + move, x - radius, x + radius))
    return worst
