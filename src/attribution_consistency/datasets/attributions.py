"""Attribution maps and sequences that others saved: .npz, .npy, .h5 and FASTA.

A file is opened without reading its numbers, checked by what it declares, and then read a few
rows at a time, so that the rows asked for are all that is ever in memory. Nothing is unpickled.
"""

from __future__ import annotations

import contextlib
import math
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from os import PathLike
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import sequences

MAP_KEYS = ("a", "attributions", "arr_0")
SEQUENCE_KEYS = ("x", "sequences", "arr_0")
FASTA = (".fa", ".fasta", ".fna")
KINDS = (".npz", ".npy", ".h5", ".hdf5")
LARGEST = 64 * 2**30  # bytes of one array
SQUEEZED = 500  # times smaller than its numbers: no map is, a bomb is
PIECE = 8 * 2**20  # bytes read at a time

Rows = NDArray[np.integer[Any]]
Shape = tuple[int, ...]
Reader = Callable[[Rows], NDArray[Any]]


class Source(NamedTuple):
    """A file whose numbers are not yet read; `shape` is (N, L, 4), whatever the file's own."""

    path: Path
    key: str | None
    shape: tuple[int, int, int]
    transposed: bool  # the file has (N, 4, L)


def open_maps(path: str | PathLike[str]) -> Source:
    """Check what an attribution file declares; its array is named a, attributions or arr_0.

    Raises
    ------
    ValueError
        In one line that names the file, for anything that is not numbers of shape (N, L, 4) or
        (N, 4, L).
    """
    return _open(Path(path), MAP_KEYS)


def open_sequences(path: str | PathLike[str]) -> Source:
    """Check what a file of sequences declares: FASTA, or one-hot named x, sequences or arr_0."""
    path = Path(path)
    if not _is_fasta(path):
        return _open(path, SEQUENCE_KEYS)
    with _one_line(path):
        return Source(path, None, (*_fasta_codes(path).shape, 4), False)


def read_maps(source: Source, rows: Rows) -> NDArray[Any]:
    """Read the maps of some sequences, (n, L, 4) float32 or wider; `rows` ascending."""
    maps = _read(source, rows)
    maps = maps.astype(np.result_type(maps.dtype, np.float32), copy=False)
    finite = np.isfinite(maps)
    if not finite.all():
        n, i, c = np.argwhere(~finite)[0]
        raise ValueError(
            f"{source.path}: got {maps[n, i, c]} at sequence {rows[n]}, position "
            f"{i}, channel {c} (counted from 0), expected finite numbers "
            f"({(~finite).sum()} are not)"
        )
    return maps


def read_sequences(source: Source, rows: Rows) -> NDArray[np.float32]:
    """Read some sequences, one-hot (n, L, 4) float32; `rows` ascending."""
    if _is_fasta(source.path):
        return sequences.codes_to_one_hot(_fasta_codes(source.path)[rows])
    x = _read(source, rows)
    bad = ((x != 0) & (x != 1)).any(axis=2) | ((x == 1).sum(axis=2) > 1)
    if bad.any():
        n, i = np.argwhere(bad)[0]
        raise ValueError(
            f"{source.path}: sequence {rows[n]}, position {i} (counted from 0) is "
            f"{x[n, i].tolist()}, expected one-hot: a single 1, or all 0 for an "
            "unknown base"
        )
    if not x.any():
        raise ValueError(f"{source.path}: every position is all 0, so no base is known")
    return x.astype(np.float32)


def check_channels(source: Source, x: NDArray[Any], a: NDArray[Any]) -> None:
    """Raise ValueError when maps have values at single bases, and not at those of `x`.

    Gradient-times-input maps are 0 at the three other bases. If theirs is mostly another base,
    the channels are in another order, or the maps are of other sequences.
    """
    filled = (a != 0).sum(axis=2) == 1
    known = filled & x.any(axis=2)
    if filled.mean() > 0.9 and known.any():
        agree = ((a != 0) & (x != 0)).any(axis=2)[known].mean()
        if agree < 0.9:
            raise ValueError(
                f"{source.path}: only {agree:.0%} of its values stand at the base of "
                "the sequence: the channels are not in the order A C G T, or the "
                "maps are of other sequences"
            )


def _open(path: Path, keys: tuple[str, ...]) -> Source:
    with _one_line(path):
        if path.is_dir():
            raise ValueError("is a folder, expected a file")
        if path.suffix.lower() not in KINDS:
            raise ValueError(f"expected a name that ends in {', '.join(KINDS)}; or FASTA sequences")
        if path.stat().st_size == 0:
            raise ValueError("is empty")
        with _array(path, keys) as (key, shape, dtype, _):
            return Source(path, key, *_layout(shape, dtype))


def _layout(shape: Shape, dtype: np.dtype[Any]) -> tuple[tuple[int, int, int], bool]:
    """Shape as (N, L, 4) and whether the file's own is (N, 4, L)."""
    if dtype.hasobject:
        raise ValueError("holds Python objects, which are never unpickled: save numbers")
    if dtype.kind not in "biuf":
        raise ValueError(f"holds {dtype}, expected real numbers")
    if math.prod(shape) == 0:
        raise ValueError(f"holds an empty array of shape {shape}")
    if len(shape) == 3 and shape[2] == 4:
        return shape, False
    if len(shape) == 3 and shape[1] == 4:
        return (shape[0], shape[2], 4), True
    one = "; for one sequence, add a first axis of length 1" if 4 in shape[:2] else ""
    raise ValueError(f"has shape {shape}, expected (N, L, 4) or (N, 4, L), A C G T{one}")


def _read(source: Source, rows: Rows) -> NDArray[Any]:
    """Rows of the array of a source, length before channels."""
    keys = () if source.key is None else (source.key,)  # .npy has no names to choose from
    with _one_line(source.path), _array(source.path, keys) as (_, shape, _, read):
        if len(rows) and rows[-1] >= shape[0]:
            raise ValueError(f"has {shape[0]} sequences, fewer than when it was opened")
        values = read(rows)
    return values.transpose(0, 2, 1) if source.transposed else values


@contextlib.contextmanager
def _array(
    path: Path, keys: tuple[str, ...]
) -> Iterator[tuple[str | None, Shape, np.dtype[Any], Reader]]:
    """Open the array of a file: its key, shape, dtype, and a function that reads rows of it."""
    if path.suffix.lower() == ".npy":
        with open(path, "rb") as stream:
            yield None, *_npy(stream, path.stat().st_size, path.stat().st_size)
    elif path.suffix.lower() == ".npz":
        with zipfile.ZipFile(path) as archive:
            members = {name.removesuffix(".npy"): name for name in archive.namelist()}
            key = _choose(keys, members)
            member = archive.getinfo(members[key])
            with archive.open(member) as stream:
                yield key, *_npy(stream, member.file_size, member.compress_size)
    else:
        try:
            import h5py
        except ImportError:
            raise ValueError("needs the package h5py: pip install h5py, or save as .npz") from None
        with h5py.File(path, "r") as file:
            key = _choose(keys, {k for k, v in file.items() if isinstance(v, h5py.Dataset)})
            yield key, file[key].shape, file[key].dtype, lambda rows: file[key][rows]


def _choose(keys: tuple[str, ...], present: Collection[str]) -> str:
    """The one of `keys` that a file has."""
    for key in keys:
        if key in present:
            return key
    there = ", ".join(sorted(present)[:8]) or "nothing"
    raise ValueError(f"has no {' or '.join(keys)}, only {there}")


def _npy(stream: IO[bytes], declared: int, stored: int) -> tuple[Shape, np.dtype[Any], Reader]:
    """Shape and dtype from the header of a .npy stream, and a function that reads rows of it.

    `declared` are the bytes of the stream, `stored` what they take on the disk.
    """
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"has .npy version {version}, expected 1.0 or 2.0")
    header = getattr(np.lib.format, f"read_array_header_{version[0]}_0")
    shape, by_columns, dtype = header(stream)
    n_bytes = math.prod(shape) * dtype.itemsize
    if not dtype.hasobject:
        if n_bytes > LARGEST:
            raise ValueError(f"declares {n_bytes / 2**30:.0f} GiB, more than {LARGEST >> 30}")
        if n_bytes > 2**20 and n_bytes > SQUEEZED * stored:
            raise ValueError(f"declares {n_bytes} bytes in {stored}: no map is so compressible")
        if (there := declared - stream.tell()) != n_bytes:
            raise ValueError(f"is truncated or damaged: {there} bytes of numbers, not {n_bytes}")

    def read(rows: Rows) -> NDArray[Any]:
        if by_columns:
            return np.frombuffer(stream.read(n_bytes), dtype).reshape(shape, order="F")[rows]
        row_bytes = n_bytes // shape[0]
        step = max(1, PIECE // row_bytes)
        found = np.empty((len(rows), *shape[1:]), dtype)
        for start in range(0, shape[0], step):
            size = min(step, shape[0] - start)
            first, last = np.searchsorted(rows, (start, start + size))
            block = stream.read(size * row_bytes)
            if len(block) != size * row_bytes:
                raise ValueError("is truncated")
            values = np.frombuffer(block, dtype).reshape(size, *shape[1:])
            found[first:last] = values[rows[first:last] - start]
        return found

    return shape, dtype, read


def _is_fasta(path: Path) -> bool:
    return Path(path.name.lower().removesuffix(".gz")).suffix in FASTA


def _fasta_codes(path: Path) -> NDArray[np.uint8]:
    codes = sequences.encode_codes([s for _, s in sequences.read_fasta(path)])
    if (codes == sequences.NO_BASE).all():
        raise ValueError("holds no A, C, G or T")
    return codes


@contextlib.contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong with a file into one line that names it."""
    broken = (zipfile.BadZipFile, zlib.error, EOFError)
    try:
        yield
    except (ValueError, OSError, RuntimeError, KeyError, *broken) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        if isinstance(error, broken):
            reason = f"is truncated or damaged ({reason})"
        raise ValueError(reason if str(path) in reason else f"{path}: {reason}") from None
