"""Weights as one flat vector: small enough to ship, exact enough to trust.

A weights file is an `.npz` with `weights` (float16, every variable in Keras order but
the batch-norm statistics), `statistics` (float32, moving means and variances, whose range
half precision cannot hold) and `layout` (JSON: name, shape, offset, array of each variable).
It may have `digest`, that of the recipe: weights and record are two files, and a process that
is killed between them leaves two that do not belong together.
"""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import artefacts

if TYPE_CHECKING:
    import keras

# What reading damaged or foreign content raises: one flipped bit can make any of them. A disk
# that fails for a moment, or too little memory, raises others and is no damage.
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, TypeError, RuntimeError)


def pack(model: keras.Model) -> dict[str, np.ndarray]:
    """Arrays of a weights file from a Keras model: {name: array}."""
    return pack_values((v.path, np.asarray(v)) for v in model.weights)


def pack_values(named_values: Iterable[tuple[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Arrays of a weights file from (name, array) pairs."""
    flat: dict[str, list[np.ndarray]] = {"weights": [], "statistics": []}
    layout = []
    for name, value in named_values:
        array = "statistics" if "moving_" in name.rsplit("/", 1)[-1] else "weights"
        offset = sum(v.size for v in flat[array])
        layout.append([name.split("/", 1)[-1], list(value.shape), offset, array])
        flat[array].append(np.ravel(value))
    join = lambda parts, dtype: np.concatenate(parts or [np.zeros(0)]).astype(dtype)
    return {
        "weights": join(flat["weights"], np.float16),
        "statistics": join(flat["statistics"], np.float32),
        "layout": np.array(json.dumps(layout)),
    }


def unpack(arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """List of float32 weight arrays, in Keras order, from the arrays of a weights file."""
    values = []
    for _, shape, offset, array in json.loads(str(arrays["layout"])):
        size = int(np.prod(shape))
        values.append(arrays[array][offset : offset + size].astype(np.float32).reshape(shape))
    return values


@contextlib.contextmanager
def naming(path: str | PathLike[str]) -> Iterator[None]:
    """Let an OSError that names no file, such as that of a full disk, name this one."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def read(path: str | PathLike[str]) -> dict[str, np.ndarray]:
    """Arrays of an `.npz` file, {name: array}.

    Raises
    ------
    one of `DAMAGE`
        If the content is damaged.
    OSError
        Which names the path, if the file is missing or cannot be read now.
    """
    with naming(path):
        # All bytes first: from a file, a failed read would come back as a damaged archive.
        content = io.BytesIO(Path(path).read_bytes())
        artefacts.check(path)
        with np.load(content, allow_pickle=False) as arrays:
            return dict(arrays)


def why(error: BaseException) -> str:
    """One of `DAMAGE` in words."""
    if isinstance(error, KeyError):
        return f"lacks {error}"
    return " ".join(str(error).split()) or type(error).__name__


def check(
    arrays: Mapping[str, np.ndarray], digest: str, expected: list[tuple[int, ...]] | None = None
) -> None:
    """Raise ValueError, which says why, unless the arrays of a weights file can be used.

    Parameters
    ----------
    arrays : mapping
        As `read` gives.
    digest : str
        That of the recipe; only a file that notes its own is compared.
    expected : list of tuples, optional
        The shapes of the network's weights, see `shapes`.
    """
    layout = json.loads(str(arrays["layout"]))
    sizes = dict.fromkeys(("weights", "statistics"), 0)
    for _, shape, _, array in layout:
        sizes[array] += int(np.prod(shape))
    if not sizes["weights"] or any(arrays[name].size != sizes[name] for name in sizes):
        raise ValueError("incomplete")
    if str(arrays.get("digest", digest)) != digest:
        raise ValueError("weights of another recipe than its record")
    if expected is not None and [tuple(shape) for _, shape, *_ in layout] != expected:
        raise ValueError("weights of another architecture than the network has now")


def shapes(model: keras.Model) -> list[tuple[int, ...]]:
    """Shapes of the weights of a Keras model, in its order: a list of tuples."""
    return [tuple(v.shape) for v in model.weights]


def can_hold(model: keras.Model) -> bool:
    """Whether a weights file can hold the weights of a Keras model: finite, in half precision."""
    most = np.finfo(np.float16).max
    return all(
        np.isfinite(value).all() and ("moving_" in v.path or np.abs(value).max() <= most)
        for v, value in zip(model.weights, model.get_weights())
    )


def load_into(model: keras.Model, path: str | PathLike[str]) -> keras.Model:
    """Set the weights of a Keras model from a file, and return the model.

    Raises
    ------
    ValueError
        If the file is missing or damaged, or belongs to another architecture.
    OSError
        Which names the path, if it cannot be read now.
    """
    try:
        values = unpack(read(path))
    except (FileNotFoundError, *DAMAGE) as error:
        raise ValueError(
            f"{path}: not a readable weights file ({why(error)}); delete it and retrain"
        ) from None
    expected = shapes(model)
    if [v.shape for v in values] != expected:
        raise ValueError(
            f"{path}: holds weights of another architecture than {model.name} ({len(values)} "
            f"arrays, expected {len(expected)} of matching shapes); delete it and retrain"
        )
    model.set_weights(values)
    return model
