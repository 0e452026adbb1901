"""Files of named arrays, opened without reading their numbers, whatever their suffix.

NumPy (.npz, .npy), HDF5, Zarr, safetensors and PyTorch. A file is recognised by its first bytes,
checked by what it declares, and then read a few rows at a time. Nothing is unpickled.
"""

import contextlib
import math
import os
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arrays import Array

PIECE = 8 * 2**20  # bytes read at a time

Rows = NDArray[np.integer[Any]]
Shape = tuple[int, ...]


class Stored(NamedTuple):
    """An array of a file, whose numbers are not yet read."""

    shape: Shape
    dtype: np.dtype[Any]
    read: Callable[[Rows], Array]  # some rows of the first axis, ascending


@contextlib.contextmanager
def arrays(path: Path) -> Iterator[dict[str, Stored]]:
    """The arrays of a file by name, "" for the only one of a file without names.

    Raises
    ------
    ValueError
        In one line that names the file, for whatever is wrong with it.
    """
    with one_line(path), contextlib.ExitStack() as stack:
        yield _kind(path)(path, stack)


@contextlib.contextmanager
def one_line(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong with a file into one line that names it."""
    broken = (zipfile.BadZipFile, zlib.error, EOFError)
    try:
        yield
    except (ValueError, OSError, RuntimeError, KeyError, *broken) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        if isinstance(error, broken):
            reason = f"is truncated or damaged ({reason})"
        raise ValueError(reason if str(path) in reason else f"{path}: {reason}") from None


def holds_arrays(path: Path) -> bool:
    """Whether a file is one of these, by its first bytes, or says so by its name."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise ValueError("is a pipe or a device, expected a file")
    with contextlib.suppress(ValueError):
        return bool(_kind(path))
    return path.is_dir() or path.suffix in (".npz", ".npy", ".h5", ".pt")


def begins_with(path: Path, *heads: bytes) -> bool:
    """Whether the first bytes of a file are one of some."""
    with contextlib.suppress(OSError), open(path, "rb") as stream:
        return stream.read(8).startswith(heads)
    return False


def _kind(path: Path) -> Callable[[Path, contextlib.ExitStack], dict[str, Stored]]:
    """The opener of a file."""
    if path.is_dir():
        if any((path / name).exists() for name in (".zgroup", ".zarray", "zarr.json")):
            return _zarr
        raise ValueError("is a folder, expected a file")
    with open(path, "rb") as stream:
        head = stream.read(8)
    if not head:
        raise ValueError("is empty")
    if head.startswith(b"\x93NUMPY"):
        return _one_npy
    if head.startswith(b"\x89HDF"):
        return _hdf5
    if head.startswith(b"PK"):
        with zipfile.ZipFile(path) as archive:
            torch = any(name.endswith("data.pkl") for name in archive.namelist())
        return _torch if torch else _npz
    if path.suffix == ".safetensors":
        return _safetensors
    raise ValueError("is truncated or damaged, or no file of arrays, such as .npz or .h5")


def _hdf5(path: Path, stack: contextlib.ExitStack) -> dict[str, Stored]:
    import h5py
    import hdf5plugin  # noqa: F401, compressors such as blosc, which h5py lacks

    file = stack.enter_context(h5py.File(path, "r"))
    found: dict[str, Stored] = {}

    def visit(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset):
            found[name] = Stored(node.shape or (), node.dtype, _rows_of(node))

    file.visititems(visit)
    return found


def _zarr(path: Path, stack: contextlib.ExitStack) -> dict[str, Stored]:
    try:
        import zarr
    except ImportError:
        raise ValueError("is Zarr, which needs zarr: pip install zarr") from None
    root = zarr.open(str(path), mode="r")
    named = dict(root.arrays()) if hasattr(root, "arrays") else {"": root}
    return {n: Stored(a.shape, a.dtype, _rows_of(a.oindex)) for n, a in named.items()}


def _torch(path: Path, stack: contextlib.ExitStack) -> dict[str, Stored]:
    try:
        import torch
    except ImportError:
        raise ValueError("is a PyTorch file: install torch, or save its tensors as .npz") from None
    held = torch.load(path, map_location="cpu", weights_only=True)
    named = held if isinstance(held, dict) else {"": held}
    tensors = {str(name): value for name, value in named.items() if torch.is_tensor(value)}
    values = {name: tensor.detach().float().numpy() for name, tensor in tensors.items()}
    return {name: Stored(v.shape, v.dtype, _rows_of(v)) for name, v in values.items()}


def _safetensors(path: Path, stack: contextlib.ExitStack) -> dict[str, Stored]:
    try:
        from safetensors.numpy import load_file
    except ImportError:
        raise ValueError("needs safetensors: pip install safetensors") from None
    return {n: Stored(v.shape, v.dtype, _rows_of(v)) for n, v in load_file(path).items()}


def _one_npy(path: Path, stack: contextlib.ExitStack) -> dict[str, Stored]:
    stream = stack.enter_context(path.open("rb"))
    return {"": _npy(lambda: stream, path.stat().st_size)}


def _npz(path: Path, stack: contextlib.ExitStack) -> dict[str, Stored]:
    archive = stack.enter_context(zipfile.ZipFile(path))
    found = {}
    for member in archive.infolist():
        if member.filename.endswith(".npy"):
            name = member.filename.removesuffix(".npy")
            found[name] = _npy(partial(archive.open, member), member.file_size)
    return found


def _rows_of(values: Any) -> Callable[[Rows], Array]:
    return lambda rows: np.asarray(values[rows])


def _npy(opened: Callable[[], IO[bytes]], declared: int) -> Stored:
    """An array by the header of a .npy stream of so many bytes, which is opened anew to be read."""
    stream = opened()
    stream.seek(0)
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"has .npy version {version}, expected 1.0 or 2.0")
    shape, by_columns, dtype = getattr(np.lib.format, f"read_array_header_{version[0]}_0")(stream)
    begin, n_bytes = stream.tell(), math.prod(shape) * dtype.itemsize
    if not dtype.hasobject and (there := declared - begin) != n_bytes:
        raise ValueError(f"is truncated or damaged: {there} bytes of numbers, not {n_bytes}")

    def read(rows: Rows) -> Array:
        stream = opened()
        stream.seek(begin)
        row_bytes = n_bytes // shape[0]
        needed = n_bytes if by_columns else len(rows) * row_bytes
        if needed > memory():
            raise ValueError(
                f"needs {needed / 2**30:.0f} GiB for {len(rows)} sequences: take fewer"
            )
        if by_columns:
            return np.frombuffer(stream.read(n_bytes), dtype).reshape(shape, order="F")[rows]
        step = max(1, PIECE // row_bytes)
        chosen = np.empty((len(rows), *shape[1:]), dtype)
        for start in range(0, shape[0], step):
            size = min(step, shape[0] - start)
            first, last = np.searchsorted(rows, (start, start + size))
            block = stream.read(size * row_bytes)
            if len(block) != size * row_bytes:
                raise ValueError("is truncated")
            values = np.frombuffer(block, dtype).reshape(size, *shape[1:])
            chosen[first:last] = values[rows[first:last] - start]
        return chosen

    return Stored(shape, dtype, read)


def memory() -> int:
    """Bytes of memory of this computer."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not POSIX
        return sys.maxsize
