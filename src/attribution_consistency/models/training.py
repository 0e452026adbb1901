"""Training: deterministic, resumable after any interruption, one record per network.

Everything random in epoch `e` of initialisation `i` is seeded by `(i, e)`, so a
training that was killed and resumed at an epoch boundary ends at the same weights.

The learning rate falls, and training on real data stops, when the validation *score*
(AUROC or Pearson r) stalls. The validation loss would be the usual choice, but it misleads
here: batch norm after dropout sees other variances in training than at inference (Li et al.
2019, arXiv:1801.05134), which shifts every logit, so the loss rises for tens of epochs in
which the ranking of the sequences still improves.
"""

from __future__ import annotations

import contextlib
import json
import operator
import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import keras
import numpy as np

from . import networks, performance, recipes, regularisers, weights

if TYPE_CHECKING:
    import tensorflow as tf

LOSSES = {
    "binary": lambda: keras.losses.BinaryCrossentropy(from_logits=True),
    "quantitative": lambda: keras.losses.MeanSquaredError(),
}


def train(
    recipe: dict[str, Any],
    data: Mapping[str, np.ndarray],
    checkpoint: str | PathLike[str] | None = None,
    progress: Callable[[str], object] | None = None,
    each_epoch: Callable[[int, keras.Model], object] | None = None,
) -> tuple[keras.Model, dict[str, Any]]:
    """Train one network.

    A network is recorded as diverged, and keeps its last good weights, when its loss stops being
    finite or its weights leave the range of their file; also one that is chosen by a validation
    score it never has.

    Parameters
    ----------
    recipe : dict
        See `recipes`.
    data : mapping
        `x` float32 (N, L, 4), `y` float32 (N, T) and `split` (N,) of 0 training, 1 validation,
        2 test.
    checkpoint : path-like, optional
        Written after every epoch, read when it exists.
    progress : callable, optional
        Called with one line of text per epoch.
    each_epoch : callable, optional
        Called with the number of epochs done and the network as it is at inference, first before
        any training.

    Returns
    -------
    model : keras.Model
        Returns logits.
    record : dict
        The recipe, its digest, epochs run, minutes, history, `diverged` and the test scores.
    """
    x, y, split = data["x"], data["y"][:, recipe["targets"]], data["split"]
    valid, test = split == 1, split == 2
    network, plain = _compiled(recipe, x.shape[1])
    points = _points(recipe)
    state = _State(checkpoint, network, recipe)
    train_x, train_y = x[split == 0], y[split == 0]
    plain.set_weights(network.get_weights())
    if each_epoch:
        each_epoch(state.epoch, plain)

    while not state.finished:
        epoch, started = state.epoch, time.perf_counter()
        rng = np.random.default_rng([recipe["init"], epoch])
        reseed(network, recipe["init"], epoch)
        network.optimizer.learning_rate.assign(state.learning_rate)
        batch_x, batch_y = train_x, train_y
        if recipe["reverse_complement"]:
            flip = rng.random(len(batch_x)) < 0.5
            batch_x = np.where(flip[:, None, None], batch_x[:, ::-1, ::-1], batch_x)
        arrays, targets = points.epoch(batch_x, batch_y, recipe["batch_size"], rng)
        inputs = tuple(arrays) if len(arrays) > 1 else arrays[0]
        dataset = batches((inputs, targets), recipe["batch_size"])
        fitted = network.fit(dataset, shuffle=False, verbose=0)
        plain.set_weights(network.get_weights())
        prediction = predict(plain, x[valid])
        valid_loss = float(LOSSES[recipe["task"]]()(y[valid], prediction))
        score = performance.pearson if recipe["task"] == "quantitative" else performance.auroc
        valid_score = score(y[valid, 0], prediction[:, 0])
        seconds = time.perf_counter() - started
        state.close_epoch(fitted.history["loss"][0], valid_loss, valid_score, seconds)
        if progress:
            progress(
                f"epoch {state.epoch}/{recipe['epochs']}: "
                f"validation loss {valid_loss:.4f}, {score.__name__} {valid_score:.4f}"
            )
        if each_epoch:
            each_epoch(state.epoch, plain)

    plain.set_weights(state.best_weights)
    record = {
        "recipe": recipe,
        "digest": recipes.digest(recipe),
        "seed": recipe["init"],
        "training_version": recipes.TRAINING_VERSION,
        "epochs": state.epoch,
        "minutes": round(state.seconds / 60, 2),
        "diverged": state.diverged,
        "history": state.history,
        "test": evaluate(plain, recipe, x[test], data["y"][test]),
    }
    return plain, record


def batches(arrays: np.ndarray | tuple[Any, ...], batch_size: int) -> tf.data.Dataset:
    """The rows of one array, or of a tuple of them, in order, as a `tf.data.Dataset` of batches.

    Its tuning is off. The thread that tunes looks at the clock after 10, 20, 40, ... milliseconds,
    and at the end each `fit` or `predict` waits for the next look: up to half of its time is lost
    (TensorFlow 2.21).
    """
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    whole = len(keras.tree.flatten(arrays)[0]) % batch_size == 0  # then their size is known
    dataset = tf.data.Dataset.from_tensor_slices(arrays).batch(batch_size, drop_remainder=whole)
    return dataset.prefetch(2).with_options(options)


def evaluate(
    model: keras.Model, recipe: dict[str, Any], x: np.ndarray, y: np.ndarray
) -> dict[str, float]:
    """Test scores of the first target: AUROC (binary) and Pearson r; `y` (N, all targets)."""
    prediction, target = predict(model, x)[:, 0], y[:, recipe["targets"][0]]
    if recipe["task"] == "binary":
        probability = 1 / (1 + np.exp(-prediction.astype(float)))
        return {
            "auroc": performance.auroc(target, prediction),
            "pearson": performance.pearson(target, probability),
        }
    accessible = y[:, 0] > 0.5
    return {
        "auroc": performance.auroc(y[:, 0], prediction),
        "pearson": performance.pearson(target, prediction),
        "pearson_accessible": performance.pearson(target[accessible], prediction[accessible]),
    }


def predict(model: keras.Model, x: np.ndarray, batch_size: int = 500) -> np.ndarray:
    """Outputs (N, T) float32 of a network for one-hot sequences (N, L, 4)."""
    return model.predict(batches(x, batch_size), verbose=0)


def train_models(
    model_recipes: Mapping[str, dict[str, Any]],
    data: Mapping[str, np.ndarray] | Callable[[], Mapping[str, np.ndarray]],
    out_dir: str | PathLike[str],
    checkpoint_dir: str | PathLike[str],
    shipped_dir: str | PathLike[str] | None = None,
    progress: Callable[[str], object] = print,
    length: int | None = None,
) -> None:
    """Bring every network of `{id: recipe}` into `out_dir` as `<id>.npz` and `<id>.json`.

    A network is copied when weights of the same recipe, and of the shapes that its architecture
    has now, are shipped or were finished before; resumed when it has a checkpoint; and trained
    otherwise.

    Parameters
    ----------
    data : mapping or callable
        As `train` takes it, or a function that loads it; it is called only when something has to
        be trained, or to learn `length` where neither the caller nor the recipe tells it.
    progress : callable
        Called with one line of text per network copied or trained, and per epoch.
    length : int, optional
        Nucleotides per sequence.
    """
    out_dir, checkpoint_dir = Path(out_dir), Path(checkpoint_dir)
    finished_dir = checkpoint_dir / "finished"
    for folder in (out_dir, finished_dir):
        folder.mkdir(parents=True, exist_ok=True)
    shapes = {}  # by kind of network, as building one takes longer than copying ten
    for number, (model_id, recipe) in enumerate(model_recipes.items(), 1):
        key, label = recipes.digest(recipe), f"[{number}/{len(model_recipes)}] {model_id}"
        kept, kind = f"{model_id}-{key}", networks.kind(recipe)
        if kind not in shapes:
            length = length or recipe["data"].get("length")
            if length is None:
                data = data() if callable(data) else data
                length = data["x"].shape[1]
            shapes[kind] = weights.shapes(networks.build(recipe, length))
        places: list[tuple[Any, str]]
        places = [(out_dir, model_id), (finished_dir, kept), (shipped_dir, model_id)]
        source = next(
            (
                place
                for place in places
                if place[0] and has_weights(*place, key, shapes[kind], progress)
            ),
            None,
        )
        if source is None:
            data = data() if callable(data) else data
            checkpoint = checkpoint_dir / f"{kept}.npz"
            keras.utils.clear_session()

            def tell(line: str, label: str = label) -> None:
                progress(f"{label} {line}")

            model, record = train(recipe, data, checkpoint, tell)
            save(model, record, finished_dir, kept)
            checkpoint.unlink(missing_ok=True)
            source = finished_dir, kept
        if source[0] != out_dir:
            copy(source[0], source[1], out_dir, model_id)
            trained = source[0] == finished_dir
            progress(f"{label} " + ("trained" if trained else "shipped weights"))


def has_weights(
    folder: str | PathLike[str],
    name: str,
    key: str,
    shapes: list[tuple[int, ...]] | None = None,
    tell: Callable[[str], object] = print,
) -> bool:
    """Whether `<name>.npz` in a folder holds the weights of the recipe with digest `key`.

    Parameters
    ----------
    shapes : list of tuples, optional
        What the weights must have, see `weights.shapes`.
    tell : callable
        Called with one line when there are such files and they cannot be used.

    Raises
    ------
    OSError
        Which names the path, for files that are there and cannot be read now.
    """
    path = Path(folder) / f"{name}.json"
    try:
        with weights.naming(path):
            record = json.loads(path.read_bytes())
        if record["digest"] != key:
            return False
        path = path.with_name(f"{name}.npz")
        weights.check(weights.read(path), key, shapes)
    except FileNotFoundError:
        return False
    except weights.DAMAGE as error:
        tell(f"{path}: not used ({weights.why(error)})")
        return False
    return True


def save(
    model: keras.Model, record: dict[str, Any], folder: str | PathLike[str], name: str
) -> None:
    """Write `<name>.npz` (float16) and, last, `<name>.json`; each whole or not at all."""
    arrays: dict[str, Any] = {**weights.pack(model), "digest": np.array(record["digest"])}
    _write(Path(folder) / f"{name}.npz", lambda f: np.savez_compressed(f, **arrays))
    text = json.dumps(record, indent=1) + "\n"
    _write(Path(folder) / f"{name}.json", lambda f: f.write(text.encode()))


def copy(
    folder: str | PathLike[str], name: str, target: str | PathLike[str], model_id: str
) -> None:
    """Copy the weights and then the record of a network into another folder, as `model_id`."""
    contents = [(s, (Path(folder) / f"{name}{s}").read_bytes()) for s in (".npz", ".json")]
    # An older record never stands beside these weights, which may not note their recipe.
    (Path(target) / f"{model_id}.json").unlink(missing_ok=True)
    for suffix, content in contents:
        _write(Path(target) / f"{model_id}{suffix}", operator.methodcaller("write", content))


def _write(path: Path, writer: Callable[[BinaryIO], object]) -> None:
    """Write through a temporary name in the same folder, on to the disk, then rename."""
    temporary = path.with_name(f".{path.name}.{socket.gethostname()}-{secrets.token_hex(4)}.tmp")
    try:
        with weights.naming(path):
            with open(temporary, "xb") as f:
                writer(f)
                f.flush()
                os.fsync(f.fileno())
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # not every system can do this with a folder
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _points(recipe):
    return regularisers.Points(recipe["regulariser"], recipe)


def _compiled(recipe, length):
    """The network to train and a plain twin, without the regulariser, to evaluate."""
    keras.utils.set_random_seed(recipe["init"])
    built = dict(recipe)
    if recipe["regulariser"] == "spectral":
        built["kernel_regularizer"] = regularisers.SpectralNorm(
            recipe["spectral_penalty"], recipe["l2"], recipe["spectral_iterations"]
        )
    network = networks.build(built, length, _points(recipe))
    network.compile(
        optimizer=keras.optimizers.Adam(recipe["learning_rate"]),
        loss=LOSSES[recipe["task"]](),
        jit_compile=False,
    )
    network.optimizer.build(network.trainable_variables)
    return network, networks.build(recipe, length)


def reseed(network: keras.Model, init: int, epoch: int) -> None:
    """Give all that is random a state that depends on the initialisation and the epoch only.

    Random layers get a seed, the power iteration of a spectral-norm penalty a fresh start.
    """
    for position, variable in enumerate(network.trainable_variables):
        if isinstance(variable.regularizer, regularisers.SpectralNorm):
            variable.regularizer.restart(variable, [init, epoch, position])
    for position, layer in enumerate(network.layers):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            seed = np.random.SeedSequence([init, epoch, position]).generate_state(1)[0]
            value = np.array([seed, 0]).astype(np.asarray(generator.state).dtype)
            generator.state.assign(value)


class _State:
    """Where a training stands: epoch, learning rate, best weights; saved every epoch."""

    def __init__(self, path, network, recipe):
        self.path, self.network, self.recipe = path, network, recipe
        self.epoch, self.learning_rate, self.seconds = 0, recipe["learning_rate"], 0.0
        self.best_score, self.waited_decay, self.waited_stop = float("-inf"), 0, 0
        self.diverged, self.stopped = False, False
        self.history = {
            "loss": [],
            "validation_loss": [],
            "validation_score": [],
            "learning_rate": [],
        }
        self.best_weights = network.get_weights()
        if path is not None:
            self._restore()

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
            for name, value in zip(
                self.history, (loss, valid_loss, valid_score, self.learning_rate)
            ):
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
            self._save()

    _PLAIN = (
        "epoch",
        "learning_rate",
        "seconds",
        "best_score",
        "waited_decay",
        "waited_stop",
        "diverged",
        "stopped",
        "history",
    )

    def _save(self):
        state = {"digest": recipes.digest(self.recipe)}
        state |= {name: getattr(self, name) for name in self._PLAIN}
        arrays = {"state": np.array(json.dumps(state))}
        for group, values in (
            ("weights", self.network.get_weights()),
            ("best", self.best_weights),
            ("optimizer", self.network.optimizer.variables),
        ):
            arrays.update({f"{group}_{i:03d}": np.asarray(v) for i, v in enumerate(values)})
        _write(Path(self.path), lambda f: np.savez(f, **arrays))

    def _restore(self):
        """Take up a checkpoint; one that is damaged or of another network is put aside."""
        own = {
            "weights": self.network.get_weights(),
            "best": self.best_weights,
            "optimizer": [np.asarray(v) for v in self.network.optimizer.variables],
        }
        try:
            arrays = weights.read(self.path)
            state = json.loads(str(arrays["state"]))
            groups = {g: [arrays[k] for k in sorted(arrays) if k.startswith(g + "_")] for g in own}
            shapes, wanted = ([v.shape for g in own for v in of[g]] for of in (groups, own))
            if (state["digest"], shapes) != (recipes.digest(self.recipe), wanted):
                raise ValueError("weights of another network")
            state = {name: state[name] for name in self._PLAIN}
        except FileNotFoundError:
            return
        except weights.DAMAGE as error:
            kept = Path(f"{self.path}.damaged")
            os.replace(self.path, kept)
            print(
                f"{self.path}: unreadable checkpoint ({weights.why(error)}); kept as "
                f"{kept.name}; training starts again"
            )
            return
        self.network.set_weights(groups["weights"])
        for variable, value in zip(self.network.optimizer.variables, groups["optimizer"]):
            variable.assign(value)
        self.best_weights = groups["best"]
        for name, value in state.items():
            setattr(self, name, value)
