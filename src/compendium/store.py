"""A data set on disk: one compressed `.npz`, written whole or not at all, read without unpickling.

The key `meta` holds a dictionary as a JSON string; every other key holds an array.
"""

from __future__ import annotations

import contextlib
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from operator import methodcaller
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from . import artefacts

# What NumPy, zipfile and zlib raise for a damaged file.
DAMAGED = (OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError, zlib.error)


class StoreError(ValueError):
    """A data file cannot be read or written; the message says which, why and what to do."""


@contextlib.contextmanager
def open_atomic(path: str | PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file for writing that appears under its name only once it is complete.

    Bytes go to a temporary name in the same folder, renamed when the block ends without an error
    and removed otherwise. Missing parent folders are made.

    Raises
    ------
    StoreError
        If the folder cannot be made or written, or the disk is full.
    """
    try:
        with artefacts.writing(path) as temporary, open(temporary, "xb") as handle:
            yield handle
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be written ({error.strerror or error}): "
            "check the folder and the free space, then run again"
        ) from error


class Stream(NamedTuple):
    """An array that is written piece by piece, so that it need not fit into memory.

    `pieces` yields arrays that follow each other along the first axis and add up to `shape`.
    """

    shape: tuple[int, ...]
    dtype: type
    pieces: Iterable[np.ndarray]


def save(path: str | PathLike[str], data: Mapping[str, Any], *, compress: bool = True) -> None:
    """Write arrays, and a dictionary under the key `meta`, to one `.npz` file.

    Parameters
    ----------
    path : path-like
        Written as named, whole or not at all; an older file is replaced.
    data : mapping of str to array-like or Stream
        `meta`, where given, is a dictionary of what JSON can hold.
    compress : bool
        Off is faster for large floating-point arrays, which hardly shrink.

    Raises
    ------
    StoreError
        If `meta` is not JSON, a value would need pickling, or the file cannot be written.
    """
    arrays = {}
    for key, value in data.items():
        if key == "meta":
            try:
                value = json.dumps(value, default=methodcaller("tolist"))  # of NumPy's
            except (AttributeError, TypeError, ValueError) as error:
                raise StoreError(f"{path}: meta cannot be written as JSON ({error})") from None
        arrays[key] = value if isinstance(value, Stream) else np.asarray(value)
        if np.dtype(arrays[key].dtype).hasobject:
            raise StoreError(f"{path}: {key!r} holds Python objects: give it a plain dtype")
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with open_atomic(path) as handle, zipfile.ZipFile(handle, "w", method) as archive:
        for key, value in arrays.items():
            with archive.open(f"{key}.npy", "w", force_zip64=True) as out:
                if isinstance(value, Stream):
                    header = {"descr": np.dtype(value.dtype).str, "fortran_order": False}
                    np.lib.format.write_array_header_1_0(out, header | {"shape": value.shape})
                    for piece in value.pieces:
                        out.write(np.ascontiguousarray(piece, value.dtype).data)
                else:
                    np.lib.format.write_array(out, value, allow_pickle=False)


def load(path: str | PathLike[str], keys: Iterable[str] | None = None) -> dict[str, Any]:
    """Read a file that `save` wrote.

    Parameters
    ----------
    path : path-like
    keys : iterable of str, optional
        Read these only, which is quicker; all by default.

    Returns
    -------
    dict
        Arrays by key, and `meta` as a dictionary where there is one.

    Raises
    ------
    StoreError
        If the file is missing, truncated, not such a file, or lacks one of `keys`.
    ArtefactError
        If a file of a run is not what was written.
    """
    path = Path(path)
    artefacts.check(path)
    try:
        # A context of its own: np.load leaves the file open when it is not an archive.
        with open(path, "rb") as handle, np.load(handle, allow_pickle=False) as archive:
            names = archive.files
            wanted = names if keys is None else list(keys)
            data = {key: archive[key] for key in wanted if key in names}
        if "meta" in data:
            data["meta"] = json.loads(str(data["meta"]))
    except FileNotFoundError:
        raise StoreError(f"{path}: no such file: run the step that makes it") from None
    except (*DAMAGED, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise StoreError(
            f"{path}: truncated, or not a data file of ours ({reason}): delete it and make it again"
        ) from None
    missing = [key for key in wanted if key not in data]
    if missing:
        raise StoreError(f"{path}: has no {', '.join(missing)}, only {', '.join(names)}")
    return data
