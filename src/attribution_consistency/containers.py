"""Files of named arrays, opened without reading their numbers, whatever their suffix.

NumPy (.npz, .npy), HDF5, Zarr, safetensors and PyTorch. A file is recognised by its first bytes,
checked by what it declares, and then read a few rows at a time. Nothing is unpickled, and nothing
is read for which, by what is declared, there is too little memory.
"""

import contextlib
import io
import math
import os
import sys
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arrays import Array

PIECE = 8 * 2**20  # bytes read at a time
HEADER = 2**16  # bytes that hold the header of a .npy file
WORK = 3  # times its own size that work on an array takes
# Which control groups this process is in, and their limits, on Linux.
OWN_GROUPS, ALL_GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")

Rows = NDArray[np.integer[Any]]
Shape = tuple[int, ...]


class Stored(NamedTuple):
    """An array of a file, whose numbers are not yet read."""

    shape: Shape
    dtype: np.dtype[Any]
    load: Callable[[Rows], Array]  # some rows of the first axis, ascending
    least: int = 0  # bytes that are unpacked for any row

    def read(self, rows: Rows | None = None) -> Array:
        """Some rows of the first axis, ascending, or all: if there is memory for them."""
        n = self.shape[0] if rows is None else len(rows)
        afford(max(self.least, n * math.prod(self.shape[1:]) * self.dtype.itemsize))
        return self.load(np.arange(n) if rows is None else rows)


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
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise ValueError("is a pipe or a device, expected a file")
        yield
    except Exception as error:  # there is nothing that no library raises over damaged bytes
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        reason = reason or "needs more memory than there is"
        if not isinstance(error, ValueError | OSError | RuntimeError | KeyError | MemoryError):
            reason = f"is truncated or damaged ({reason})"
        named = reason if reason.startswith(f"{path}: ") else f"{path}: {reason}"
        raise ValueError(named) from None


def holds_arrays(path: Path) -> bool:
    """Whether a file is one of these, by its first bytes, or says so by its name."""
    by_name = path.is_dir() or path.suffix in (".npz", ".npy", ".h5", ".pt", ".safetensors")
    return by_name or begins_with(path, b"\x93NUMPY", b"\x89HDF", b"PK")


def begins_with(path: Path, *heads: bytes) -> bool:
    """Whether the first bytes of a file are one of some."""
    with contextlib.suppress(OSError), open(path if path.is_file() else os.devnull, "rb") as stream:
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
    openers = {b"\x93NUMPY": _one_npy, b"\x89HDF": _hdf5, b"PK": _zip}
    for first, opener in openers.items():
        if head.startswith(first):
            return opener
    if path.suffix == ".safetensors":
        return _safetensors
    raise ValueError("is truncated or damaged, or no file of arrays, such as .npz or .h5")


def _hdf5(path: Path, stack: contextlib.ExitStack) -> dict[str, Stored]:
    import h5py

    with contextlib.suppress(ImportError):
        import_module("hdf5plugin")  # compressors that h5py lacks

    file = stack.enter_context(h5py.File(path, "r"))
    found: dict[str, Stored] = {}

    def visit(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset):
            made = node.id.get_create_plist()
            filters = [made.get_filter(i)[0] for i in range(made.get_nfilters())]
            if not all(map(h5py.h5z.filter_avail, filters)):
                library("hdf5plugin", f"is compressed by HDF5's filter {filters[-1]}")
            found[name] = _chunked(node, node)

    file.visititems(visit)
    return found


def _zarr(path: Path, stack: contextlib.ExitStack) -> dict[str, Stored]:
    root = library("zarr", "is Zarr").open(str(path), mode="r")
    named = dict(root.arrays()) if hasattr(root, "arrays") else {"": root}
    return {name: _chunked(node, node.oindex) for name, node in named.items()}


def _chunked(node: Any, values: Any) -> Stored:
    """An array of a library that unpacks whole chunks, whose numbers are those of `values`."""
    chunk = math.prod(node.chunks or ()) * node.dtype.itemsize
    return Stored(node.shape or (), node.dtype, values.__getitem__, chunk)


def _zip(path: Path, stack: contextlib.ExitStack) -> dict[str, Stored]:
    """An .npz, or a file of PyTorch."""
    archive = stack.enter_context(zipfile.ZipFile(path))
    if any(name.endswith("data.pkl") for name in archive.namelist()):
        torch = library("torch", "is a PyTorch file")
        afford(path.stat().st_size)
        held = torch.load(path, map_location="cpu", weights_only=True)
        named = (held if isinstance(held, dict) else {"": held}).items()
        tensors = {str(name): value for name, value in named if torch.is_tensor(value)}
        return _loaded({n: value.detach().float().numpy() for n, value in tensors.items()})
    members = [m for m in archive.infolist() if m.filename.endswith(".npy")]
    found = {m.filename: _npy(partial(archive.open, m), m.file_size) for m in members}
    return {name.removesuffix(".npy"): stored for name, stored in found.items()}


def _safetensors(path: Path, stack: contextlib.ExitStack) -> dict[str, Stored]:
    afford(path.stat().st_size)
    return _loaded(library("safetensors.numpy", "holds tensors").load_file(path))


def _loaded(held: dict[str, Array]) -> dict[str, Stored]:
    return {name: Stored(v.shape, v.dtype, v.__getitem__) for name, v in held.items()}


def library(name: str, what: str) -> Any:
    """A library that few need, or ValueError: what is to be installed."""
    try:
        return import_module(name)
    except ImportError:
        package = name.partition(".")[0]
        raise ValueError(f"{what}, which needs {package}: pip install {package}") from None


def _one_npy(path: Path, stack: contextlib.ExitStack) -> dict[str, Stored]:
    stream = stack.enter_context(path.open("rb"))
    return {"": _npy(lambda: stream, path.stat().st_size)}


def _npy(opened: Callable[[], IO[bytes]], declared: int) -> Stored:
    """An array by the header of a .npy stream of so many bytes, which is opened anew to be read."""
    stream = opened()
    stream.seek(0)
    head = io.BytesIO(stream.read(HEADER))
    version = np.lib.format.read_magic(head)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"has .npy version {version}, expected 1.0 or 2.0")
    shape, by_columns, dtype = getattr(np.lib.format, f"read_array_header_{version[0]}_0")(head)
    begin, there, row = head.tell(), declared - head.tell(), math.prod(shape[1:])
    n_bytes = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or (there != n_bytes and not dtype.hasobject):
        raise ValueError(f"is truncated or damaged: {there} bytes of numbers, not {n_bytes}")

    def load(rows: Rows) -> Array:
        if dtype.hasobject:
            raise ValueError("holds Python objects, never unpickled: save numbers, or text")
        stream = opened()
        stream.seek(begin)
        # On the disk: rows, or, in the order of columns, each item of all rows.
        outer, inner = (row, shape[0]) if by_columns else (shape[0], row)
        step = max(1, PIECE // max(inner * dtype.itemsize, 1))
        chosen = np.empty((row, len(rows)) if by_columns else (len(rows), row), dtype)
        for start in range(0, outer, step):
            size = min(step, outer - start)
            block = stream.read(size * inner * dtype.itemsize)
            if len(block) != size * inner * dtype.itemsize:
                raise ValueError("is truncated")
            values = np.frombuffer(block, dtype).reshape(size, inner)
            if by_columns:
                chosen[start : start + size] = values[:, rows]
            else:
                first, last = np.searchsorted(rows, (start, start + size))
                chosen[first:last] = values[rows[first:last] - start]
        if by_columns:
            return chosen.reshape(*shape[:0:-1], len(rows)).T
        return chosen.reshape(len(rows), *shape[1:])

    return Stored(shape, dtype, load)


def afford(n_bytes: int) -> None:
    """Raise ValueError, before anything is read, where an array of so many bytes is too much."""
    if n_bytes > (most := memory() // WORK):
        wanted, given = (f"{size / 2**30:,.1f} GiB" for size in (n_bytes, most))
        raise ValueError(f"needs {wanted} at a time, of {given}: take fewer sequences or draws")


def memory() -> int:
    """Bytes of memory that this process may have."""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ImportError, AttributeError, ValueError, OSError):  # not POSIX
        return sys.maxsize
    there = min(there, _of_groups())
    return there if limit == resource.RLIM_INFINITY else min(there, limit)


def _of_groups() -> int:
    """Bytes that the control groups of this process have, as containers and schedulers set them."""
    limits = [sys.maxsize]
    with contextlib.suppress(OSError):
        for line in OWN_GROUPS.read_text().splitlines():
            _, kinds, group = line.split(":", 2)
            if not kinds:  # version 2
                top, name = ALL_GROUPS, "memory.max"
            elif "memory" in kinds.split(","):
                top, name = ALL_GROUPS / "memory", "memory.limit_in_bytes"
            else:
                continue
            own = top / group.strip("/")
            for folder in (own, *own.parents):
                with contextlib.suppress(OSError, ValueError):  # no such file, or "max"
                    limits.append(int((folder / name).read_text()))
    return min(limits)
