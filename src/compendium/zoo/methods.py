"""Attribution methods for any framework: they see a model only through one function.

Every method is called as `method(function, x, *, batch_size=500, ...)` and returns raw maps,
(N, L, 4) float64, without gradient correction: score them with the metric, which corrects once,
after all averaging. This module imports no framework; `function` takes and gives NumPy arrays:

* a *gradient*, (n, L, 4) float32 to the gradient (n, L, 4) of the explained output, for
  `saliency`, `smoothgrad` and `integrated_gradients`;
* a *prediction*, (n, L, 4) float32 to the explained output (n,), for `in_silico_mutagenesis`.

For a Keras model the gradient is `functools.partial(attribution.saliency, model)`. For a
PyTorch module that wants the length last::

    def gradient(x):
        x = torch.tensor(x.transpose(0, 2, 1), requires_grad=True)
        module(x)[:, 0].sum().backward()
        return x.grad.numpy().transpose(0, 2, 1)

    def predict(x):
        with torch.no_grad():
            return module(torch.tensor(x.transpose(0, 2, 1)))[:, 0].numpy()

    maps = integrated_gradients(gradient, x)

For JAX: `jax.vmap(jax.grad(lambda s: apply(params, s[None])[0, 0]))`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

Function = Callable[[np.ndarray], ArrayLike]


def saliency(gradient: Function, x: ArrayLike, *, batch_size: int = 500) -> np.ndarray:
    """The gradient itself (Simonyan et al. 2013), (N, L, 4)."""
    return _mean_over_points(gradient, x, [lambda x, rows: (x, 0.0)], batch_size)


def smoothgrad(
    gradient: Function,
    x: ArrayLike,
    *,
    n_samples: int = 50,
    noise: float = 0.25,
    seed: int = 0,
    batch_size: int = 500,
) -> np.ndarray:
    """Mean gradient at noisy copies of the sequences (Smilkov et al. 2017), (N, L, 4).

    Parameters
    ----------
    noise : float
        Standard deviation of the normal noise that is added to every entry of `x`.
    """
    rng = np.random.default_rng(seed)

    def point(x, rows):
        return x + rng.normal(scale=noise, size=x.shape), 0.0

    return _mean_over_points(gradient, x, [point] * _at_least_one(n_samples), batch_size)


def integrated_gradients(
    gradient: Function,
    x: ArrayLike,
    *,
    baseline: ArrayLike = 0.25,
    steps: int = 50,
    batch_size: int = 500,
) -> np.ndarray:
    """What each base would add, from gradients along the path from a baseline (N, L, 4).

    The map of base c is `mean g_c - sum_c' b_c' mean g_c'`: with the base that is there,
    the integrated gradient (x - b) g of its position (Sundararajan et al. 2017), whose sum over
    positions is f(x) - f(b).

    Parameters
    ----------
    baseline : array-like
        A number for every entry, or an array (L, 4) or (N, L, 4); 0 where `x` has no base.
    steps : int
        Midpoints of the path.
    """
    base = _baseline(baseline, x)
    steps = _at_least_one(steps)
    shares = (np.arange(steps) + 0.5) / steps
    points = [lambda x, rows, t=t: (base[rows] + t * (x - base[rows]), base[rows]) for t in shares]
    return _mean_over_points(gradient, x, points, batch_size)


def in_silico_mutagenesis(predict: Function, x: ArrayLike, *, batch_size: int = 500) -> np.ndarray:
    """Change of the prediction when each base takes each place in turn, (N, L, 4).

    The base that is there has 0, so score these maps with gradient correction, which makes it
    the prediction minus the mean over the four bases. Costs 3 L + 1 predictions a sequence.
    """
    x = _checked(x)
    out = np.zeros(x.shape)
    for i in range(len(x)):
        place, base = np.nonzero(x[i] != 1)
        mutants = np.repeat(x[i : i + 1], len(place) + 1, axis=0)
        mutants[np.arange(len(place)), place] = np.eye(4, dtype=np.float32)[base]
        batches = (mutants[j : j + batch_size] for j in range(0, len(mutants), batch_size))
        values = np.concatenate([_numbers(predict(b), (len(b),), "prediction") for b in batches])
        out[i, place, base] = values[:-1] - values[-1]
    return out


def _mean_over_points(
    gradient: Function, x: ArrayLike, points: Sequence[Callable], batch_size: int
) -> np.ndarray:
    """Mean over points of g_c - sum_c' b_c' g_c'; a point gives where to differentiate, and b."""
    x = _checked(x)
    out = np.zeros(x.shape)
    for start in range(0, len(x), batch_size):
        rows = slice(start, min(start + batch_size, len(x)))
        for point in points:
            where, base = point(x[rows], rows)
            g = _numbers(gradient(np.asarray(where, np.float32)), where.shape, "gradient")
            out[rows] += g - (base * g).sum(axis=2, keepdims=True)
    return out / len(points)


def _baseline(baseline: ArrayLike, x: ArrayLike) -> np.ndarray:
    x = _checked(x)
    try:
        base = np.broadcast_to(np.asarray(baseline, np.float32), x.shape)
    except ValueError:
        raise ValueError(
            f"baseline: got shape {np.shape(baseline)}, expected a number, "
            f"(L, 4) or (N, L, 4) for x of shape {x.shape}"
        ) from None
    return base * x.any(axis=2, keepdims=True)


def _checked(x: ArrayLike) -> np.ndarray:
    x = np.asarray(x, np.float32)
    if x.ndim != 3 or x.shape[2] != 4 or not x.size:
        raise ValueError(f"x: got shape {x.shape}, expected (N, L, 4)")
    return x


def _numbers(values: ArrayLike, shape: tuple[int, ...], name: str) -> np.ndarray:
    """What a caller's function gave, as float64 of the expected shape."""
    values = np.asarray(values, np.float64)
    if name == "prediction" and values.shape == (*shape, 1):
        values = values[:, 0]
    if values.shape != shape:
        raise ValueError(f"{name}: the function gave shape {values.shape}, expected {shape}")
    return values


def _at_least_one(number: int) -> int:
    if number < 1 or int(number) != number:
        raise ValueError(f"got {number!r} samples or steps, expected a whole number from 1")
    return int(number)
