"""Where a training stands, and the checkpoint that keeps it."""

from __future__ import annotations

import json
import os
from os import PathLike
from pathlib import Path
from typing import Any

import keras
import numpy as np

from attribution_consistency.files import replacing

from . import recipes, weights

NOT_PLAIN = ("path", "network", "recipe", "best_weights")  # of a state; JSON holds the rest


class State:
    """Where a training stands: epoch, learning rate, best weights; saved every epoch."""

    def __init__(
        self, path: str | PathLike[str] | None, network: keras.Model, recipe: dict[str, Any]
    ) -> None:
        self.path = None if path is None else Path(path)
        self.network, self.recipe = network, recipe
        self.epoch, self.learning_rate, self.seconds = 0, recipe["learning_rate"], 0.0
        self.best_score, self.waited_decay, self.waited_stop = float("-inf"), 0, 0
        self.diverged, self.stopped = False, False
        names = ("loss", "validation_loss", "validation_score", "learning_rate")
        self.history: dict[str, list[float]] = {name: [] for name in names}
        self.best_weights = network.get_weights()
        if self.path is not None:
            self._restore(self.path)

    @property
    def finished(self) -> bool:
        """Whether no epoch is left to run."""
        return self.epoch >= self.recipe["epochs"] or self.diverged or self.stopped

    def close_epoch(
        self, loss: float, valid_loss: float, valid_score: float, seconds: float
    ) -> None:
        """Take in what one epoch gave, and save."""
        if not (np.isfinite([loss, valid_loss]).all() and weights.can_hold(self.network)):
            self.diverged = True
        else:
            self.epoch += 1
            self.seconds += seconds
            values = (loss, valid_loss, valid_score, self.learning_rate)
            for name, value in zip(self.history, values):
                self.history[name].append(round(float(value), 8))
            improved = valid_score > self.best_score + 1e-4
            patience = self.recipe["stopping_patience"]
            if improved or patience is None:
                self.best_weights = self.network.get_weights()
            self.best_score = valid_score if improved else self.best_score
            self.waited_decay = 0 if improved else self.waited_decay + 1
            self.waited_stop = 0 if improved else self.waited_stop + 1
            if self.waited_decay >= self.recipe["decay_patience"]:
                self.learning_rate *= self.recipe["decay_factor"]
                self.waited_decay = 0
            self.stopped = patience is not None and self.waited_stop >= patience
            chosen = patience is not None or self.recipe["task"] == "quantitative"
            if self.finished and chosen and not np.isfinite(self.best_score):
                self.diverged = True  # a constant output correlates with nothing
        if self.path is not None:
            self._save(self.path)

    def _plain(self) -> dict[str, Any]:
        """What a checkpoint holds beside arrays."""
        return {name: value for name, value in vars(self).items() if name not in NOT_PLAIN}

    def _groups(self) -> dict[str, list[np.ndarray]]:
        return {
            "weights": self.network.get_weights(),
            "best": self.best_weights,
            "optimizer": [np.asarray(v) for v in self.network.optimizer.variables],
        }

    def _save(self, path: Path) -> None:
        state = {"digest": recipes.digest(self.recipe), **self._plain()}
        arrays: dict[str, Any] = {"state": np.array(json.dumps(state))}
        for group, values in self._groups().items():
            arrays |= {f"{group}_{i:03d}": value for i, value in enumerate(values)}
        with replacing(path) as temporary:
            np.savez(temporary, **arrays)

    def _restore(self, path: Path) -> None:
        """Take up a checkpoint; one that is damaged or of another network is put aside."""
        own = self._groups()
        try:
            arrays = weights.read(path)
            state = json.loads(str(arrays["state"]))
            groups = {g: [arrays[k] for k in sorted(arrays) if k.startswith(g + "_")] for g in own}
            shapes, wanted = ([v.shape for g in own for v in of[g]] for of in (groups, own))
            if (state["digest"], shapes) != (recipes.digest(self.recipe), wanted):
                raise ValueError("weights of another network")
            state = {name: state[name] for name in self._plain()}
        except FileNotFoundError:
            return
        except weights.DAMAGE as error:
            kept = path.with_name(f"{path.name}.damaged")
            os.replace(path, kept)
            print(
                f"{path}: unreadable checkpoint ({weights.why(error)}); kept as "
                f"{kept.name}; training starts again"
            )
            return
        self.network.set_weights(groups["weights"])
        for variable, value in zip(self.network.optimizer.variables, groups["optimizer"]):
            variable.assign(value)
        self.best_weights = groups["best"]
        for name, value in state.items():
            setattr(self, name, value)
