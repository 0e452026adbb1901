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

import json
import time
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from .. import performance
from ..artefacts import writing
from . import networks, recipes, regularisers, weights
from .state import State

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
    train_x, train_y, test = x[split == 0], y[split == 0], split == 2
    network, plain = compiled(recipe, x.shape[1])
    state = State(checkpoint, network, recipe)
    plain.set_weights(network.get_weights())
    if each_epoch:
        each_epoch(state.epoch, plain)
    while not state.finished:
        started = time.perf_counter()
        network.optimizer.learning_rate.assign(state.learning_rate)
        loss = _fit(network, recipe, train_x, train_y, state.epoch)
        plain.set_weights(network.get_weights())
        valid_loss, name, score = _validate(plain, recipe, x[split == 1], y[split == 1])
        state.close_epoch(loss, valid_loss, score, time.perf_counter() - started)
        if progress:
            where = f"epoch {state.epoch}/{recipe['epochs']}"
            progress(f"{where}: validation loss {valid_loss:.4f}, {name} {score:.4f}")
        if each_epoch:
            each_epoch(state.epoch, plain)
    plain.set_weights(state.best_weights)
    scores = evaluate(plain, recipe, x[test], data["y"][test])
    course = {"epochs": state.epoch, "diverged": state.diverged, "history": state.history}
    return plain, record_of(recipe, scores, minutes=round(state.seconds / 60, 2), **course)


def record_of(recipe: dict[str, Any], test: dict[str, float], **course: Any) -> dict[str, Any]:
    """The record of a network, for JSON.

    `course` are `epochs`, `minutes`, `diverged` and `history` of its training, which a network
    that others trained has not.
    """
    return {
        "recipe": recipe,
        "digest": recipes.digest(recipe),
        "seed": recipe["init"],
        "training_version": recipes.TRAINING_VERSION,
        "epochs": None,
        "minutes": None,
        "diverged": False,
        "history": {},
        "test": test,
        **course,
    }


def _fit(
    network: keras.Model, recipe: dict[str, Any], x: np.ndarray, y: np.ndarray, epoch: int
) -> float:
    """Train for one epoch; its mean loss."""
    rng = np.random.default_rng([recipe["init"], epoch])
    reseed(network, recipe["init"], epoch)
    if recipe["reverse_complement"]:
        flip = rng.random(len(x)) < 0.5
        x = np.where(flip[:, None, None], x[:, ::-1, ::-1], x)
    points = regularisers.Points(recipe["regulariser"], recipe)
    arrays, targets = points.epoch(x, y, recipe["batch_size"], rng)
    inputs = tuple(arrays) if len(arrays) > 1 else arrays[0]
    dataset = batches((inputs, targets), recipe["batch_size"])
    return network.fit(dataset, shuffle=False, verbose=0).history["loss"][0]


def _validate(
    plain: keras.Model, recipe: dict[str, Any], x: np.ndarray, y: np.ndarray
) -> tuple[float, str, float]:
    """Loss, and name and value of the score that decides, of the first target."""
    prediction = predict(plain, x)
    loss = float(LOSSES[recipe["task"]]()(y, prediction))
    score = performance.pearson if recipe["task"] == "quantitative" else performance.auroc
    return loss, score.__name__, score(y[:, 0], prediction[:, 0])


def batches(arrays: np.ndarray | tuple[Any, ...], batch_size: int) -> tf.data.Dataset:
    """The rows of one array, or of a tuple of them, in order, as a `tf.data.Dataset` of batches.

    Its tuning is off: the thread that tunes looks at the clock after 10, 20, 40, ... milliseconds,
    and each `fit` or `predict` waits at its end for the next look, up to half of its time.
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

    A network is copied when weights of its recipe, in the shapes its architecture has now, are
    shipped or were finished before; resumed when it has a checkpoint; and trained otherwise.

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
        for place in places:
            if place[0] and has_weights(*place, key, shapes[kind], progress):
                break
        else:
            data = data() if callable(data) else data
            place = finished_dir, kept
            checkpoint = checkpoint_dir / f"{kept}.npz"
            keras.utils.clear_session()

            def tell(line: str, label: str = label) -> None:
                progress(f"{label} {line}")

            save(*train(recipe, data, checkpoint, tell), *place)
            checkpoint.unlink(missing_ok=True)
        if place[0] != out_dir:
            copy(*place, out_dir, model_id)
            progress(f"{label} " + ("trained" if place[1] == kept else "shipped weights"))


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
    with writing(Path(folder) / f"{name}.npz") as temporary:
        np.savez_compressed(temporary, **arrays)
    with writing(Path(folder) / f"{name}.json") as temporary:
        temporary.write_bytes(f"{json.dumps(record, indent=1)}\n".encode())


def copy(
    folder: str | PathLike[str], name: str, target: str | PathLike[str], model_id: str
) -> None:
    """Copy the weights and then the record of a network into another folder, as `model_id`."""
    contents = [(s, (Path(folder) / f"{name}{s}").read_bytes()) for s in (".npz", ".json")]
    # An older record never stands beside these weights, which may not note their recipe.
    (Path(target) / f"{model_id}.json").unlink(missing_ok=True)
    for suffix, content in contents:
        with writing(Path(target) / f"{model_id}{suffix}") as temporary:
            temporary.write_bytes(content)


def compiled(recipe: dict[str, Any], length: int) -> tuple[keras.Model, keras.Model]:
    """The network to train and a plain twin, without the regulariser, to evaluate."""
    keras.utils.set_random_seed(recipe["init"])
    built = dict(recipe)
    if recipe["regulariser"] == "spectral":
        built["kernel_regularizer"] = regularisers.SpectralNorm(
            recipe["spectral_penalty"], recipe["l2"], recipe["spectral_iterations"]
        )
    network = networks.build(built, length, regularisers.Points(recipe["regulariser"], recipe))
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
