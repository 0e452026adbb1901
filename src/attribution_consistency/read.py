"""Attribution maps and sequences that others saved: .npz, .npy, .h5 and FASTA.

A file is opened without reading its numbers, checked by what it declares, and then read a few
rows at a time, so that the rows asked for are all that is ever in memory. Nothing is unpickled.
"""

import contextlib
import math
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import sequences
from .arrays import Array

MAP_KEYS = ("a", "attributions", "arr_0")
SEQUENCE_KEYS = ("x", "sequences", "arr_0")
FASTA = (".fa", ".fasta", ".fna")
KINDS = (".npz", ".npy", ".h5", ".hdf5")
LARGEST = 64 * 2**30  # bytes of one array
SQUEEZED = 500  # times smaller than its numbers: no map is, a bomb is
PIECE = 8 * 2**20  # bytes read at a time

Rows = NDArray[np.integer[Any]]
Shape = tuple[int, ...]
Reader = Callable[[Rows], Array]


class Source(NamedTuple):
    """A file whose numbers are not yet read; `shape` is (N, L, 4), whatever the file's own."""

    path: Path
    key: str | None
    shape: tuple[int, int, int]
    transposed: bool  # the file has (N, 4, L)


def open_maps(path: str | PathLike[str], like: Source | None = None) -> Source:
    """Check what an attribution file declares; its array is named a, attributions or arr_0.

    Parameters
    ----------
    path : path
    like : Source
        The sequences, whose number and length the maps have to have.

    Raises
    ------
    ValueError
        In one line that names the file, for anything that is not numbers of shape (N, L, 4) or
        (N, 4, L), or not of the shape of `like`.
    """
    maps = _open(Path(path), MAP_KEYS)
    if like and maps.shape != like.shape:
        (n, length, _), (m, positions, _) = maps.shape, like.shape
        expected = f"{like.path} has {m} sequences of {positions}"
        raise ValueError(f"{maps.path}: {n} maps of {length} positions, but {expected}")
    return maps


def open_sequences(path: str | PathLike[str]) -> Source:
    """Check what a file of sequences declares: FASTA, or one-hot named x, sequences or arr_0."""
    path = Path(path)
    if not _is_fasta(path):
        return _open(path, SEQUENCE_KEYS)
    with _one_line(path):
        return Source(path, None, (*_fasta_codes(path).shape, 4), False)


def read_maps(source: Source, rows: Rows) -> Array:
    """Read the maps of some sequences, (n, L, 4) float32 or wider; `rows` ascending."""
    maps = _read(source, rows)
    maps = maps.astype(np.result_type(maps.dtype, np.float32), copy=False)
    unusable = ~np.isfinite(maps)
    if unusable.any():
        n, i, c = np.argwhere(unusable)[0]
        place = f"sequence {rows[n]}, position {i}, channel {c} (counted from 0)"
        expected = f"expected finite numbers ({unusable.sum()} are not)"
        raise ValueError(f"{source.path}: got {maps[n, i, c]} at {place}, {expected}")
    return maps


def read_sequences(source: Source, rows: Rows) -> NDArray[np.float32]:
    """Read some sequences, one-hot (n, L, 4) float32; `rows` ascending."""
    if _is_fasta(source.path):
        return sequences.codes_to_one_hot(_fasta_codes(source.path)[rows])
    x = _read(source, rows)
    if (place := sequences.not_one_hot(x)) is not None:
        n, i = place
        there = f"sequence {rows[n]}, position {i} (counted from 0) is {x[n, i].tolist()}"
        expected = "expected one-hot: a single 1, or all 0 for an unknown base"
        raise ValueError(f"{source.path}: {there}, {expected}")
    if not x.any():
        raise ValueError(f"{source.path}: every position is all 0, so no base is known")
    return x.astype(np.float32)


def check_channels(source: Source, x: Array, a: Array) -> None:
    """Raise ValueError when maps have values at single bases, and not at those of `x`.

    Gradient-times-input maps are 0 at the three other bases. If theirs is mostly another base,
    the channels are in another order, or the maps are of other sequences.
    """
    filled = (a != 0).sum(axis=2) == 1
    known = filled & x.any(axis=2)
    if filled.mean() > 0.9 and known.any():
        agree = ((a != 0) & (x != 0)).any(axis=2)[known].mean()
        if agree < 0.9:
            few = f"{source.path}: only {agree:.0%} of its values stand at the base of the sequence"
            why = "the channels are not in the order A C G T, or the maps are of other sequences"
            raise ValueError(f"{few}: {why}")


def read_performance(
    path: str | PathLike[str] | None, names: Sequence[str]
) -> tuple[dict[str, float], str | None]:
    """Performance {model: value} from a CSV, and the name of its column; path None: none."""
    import pandas as pd

    if path is None:
        return {}, None
    try:
        table = pd.read_csv(path, dtype={"model": str})
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[-1]
        raise ValueError(f"{path}: not a CSV table ({reason})") from None
    columns = [c for c in table.columns if c != "model"]
    column = "value" if "value" in columns else columns[0] if len(columns) == 1 else None
    if "model" not in table or column is None:
        there = ", ".join(table.columns)
        raise ValueError(f"{path}: got columns {there}, expected model and one of numbers")
    values = dict(zip(table["model"], pd.to_numeric(table[column], errors="coerce")))
    if len(values) < len(table):
        twice = table["model"][table["model"].duplicated()].iloc[0]
        raise ValueError(f"{path}: model {twice!r} is there twice")
    for name in names:
        if not np.isfinite(values.get(name, np.nan)):
            there = "has no number for" if name in values else "has no row for"
            models = ", ".join(map(str, [*values][:5]))
            raise ValueError(f"{path}: {there} model {name!r}; its models: {models}")
    return values, column


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


def _read(source: Source, rows: Rows) -> Array:
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
        import h5py
        import hdf5plugin  # noqa: F401, compressors such as blosc, which h5py lacks

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

    def read(rows: Rows) -> Array:
        if by_columns:
            return np.frombuffer(stream.read(n_bytes), dtype).reshape(shape, order="F")[rows]
        row_bytes = n_bytes // shape[0]
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
