"""The networks of a run, built once for each architecture and given weights in turn."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from . import attribution, networks, training, weights

if TYPE_CHECKING:
    import keras

    from ..paths import Run


Path = Callable[[str], str | PathLike[str]]


class Networks:
    """Networks by id; each keeps its weights until the next of its kind takes its place.

    Parameters
    ----------
    recipes : mapping
        `{id: recipe}`.
    path : callable
        From an id to its weights file.
    length : int
        Nucleotides per sequence.
    """

    def __init__(self, recipes: Mapping[str, dict[str, Any]], path: Path, length: int) -> None:
        self.recipes, self._path, self._length = recipes, path, length
        self._built: dict[tuple[Any, ...], keras.Model] = {}

    @classmethod
    def of_run(cls, run: Run, settings: dict[str, Any], population: str, length: int) -> Networks:
        """The networks of one population of a run."""
        from ..populations import model_recipes

        path = functools.partial(run.model, population)
        return cls(model_recipes(settings, population), path, length)

    def built(self, recipe: dict[str, Any]) -> keras.Model:
        """The network of this kind, whatever weights it has now."""
        kind = networks.kind(recipe)
        if kind not in self._built:
            self._built[kind] = networks.build(recipe, self._length)
        return self._built[kind]

    def trained(self, model_id: str) -> keras.Model:
        """A network with its weights."""
        return weights.load_into(self.built(self.recipes[model_id]), self._path(model_id))

    def maps(self, model_id: str, x: np.ndarray) -> np.ndarray:
        """Saliency of a trained network on one-hot sequences (N, L, 4)."""
        return attribution.saliency(self.trained(model_id), x)

    def untrained_maps(self, model_id: str, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Saliency of a network of the same architecture with fresh weights."""
        model = self.built(self.recipes[model_id])
        model.set_weights([he_normal(w.name, w.shape, rng) for w in model.weights])
        return attribution.saliency(model, x)

    def predict(self, model_id: str, x: np.ndarray) -> np.ndarray:
        """First output (N,) of a trained network for one-hot sequences (N, L, 4)."""
        return training.predict(self.trained(model_id), x)[:, 0]


def he_normal(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Initial values of a weight array of the networks, by its name; kernels He-normal."""
    if name == "kernel":
        return rng.normal(scale=np.sqrt(2 / np.prod(shape[:-1])), size=shape)
    return np.full(shape, 1.0 if name in ("gamma", "moving_variance") else 0.0)
