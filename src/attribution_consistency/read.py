"""Attribution maps and sequences that tools and people saved, as (N, L, 4) arrays.

Which array of a file is meant, and which of its axes is which, is found by the names that the
tools of the field give, by shapes, and by what the caller says.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import sequences, texts
from .arrays import Array, File, Ints, Mask
from .containers import Rows, Shape, Stored, afford, arrays, begins_with, holds_arrays, one_line
from .maps import check_whole

# What tools call their arrays, in the order in which they are looked for.
MAP_KEYS = (
    *("a", "attributions", "arr_0", ""),  # this package; NumPy
    *("shap/seq", "projected_shap/seq"),  # ChromBPNet
    *("hyp_scores", "contributions", "hypothetical_contributions"),  # BPReveal, FiNeMo
    *("grads", "attrs", "contribs", "shap", "hyp", "scores"),  # Baskerville; others
)
SEQUENCE_KEYS = (
    *("x", "sequences", "arr_0", ""),
    *("raw/seq", "input_seqs", "seqs", "one_hot", "onehot", "ohe", "oh"),
)
NAMES = ("names", "name", "ids", "regions", "peaks")  # of sequences, beside the arrays
PLACES = (("chrom", "start", "end"), ("chr", "start", "end"), ("chroms", "starts", "ends"))
LAYOUTS = ("NLC", "NCL", "NLCT", "NCLT", "NTLC", "NTCL", "TNLC", "TNCL", "NL")
NOWHERE = np.empty(0, int)
AXES = str.maketrans({"N": "sequences", "L": "positions", "C": "channels", "T": "tasks"})


class Wanted(NamedTuple):
    """Which part of the files is meant, where they leave it open."""

    sequences_key: str | None = None
    attributions_key: str | None = None
    task: str | None = None  # number, from 0, or `mean`
    crop: int | None = None  # positions in the middle of sequences and of maps
    drop_bad_rows: bool = False  # sequences that some model has no usable map of
    align: str = "centre"  # or `start`: where sequences of unequal length stand
    genome: str | None = None  # FASTA file of the intervals of a BED file
    strand: bool = False  # intervals on the minus strand are reverse complements


ANY = Wanted()


class Source(NamedTuple):
    """An array of a file whose numbers are not yet read."""

    path: Path
    key: str | None  # None: letters, codes or bigWig
    shape: tuple[int, int, int]  # (N, L, 4), as it will be read
    layout: str  # of LAYOUTS
    length: int  # positions in the file
    task: str | None
    codes: Array | None = None  # (N, L) of letters
    note: str = ""
    names: Sequence[str] = ()  # of the sequences, where the file has them
    places: Sequence[texts.Place] = ()  # in a genome, where the names say so
    begins: Ints = NOWHERE  # (N,) the first position of each sequence of letters
    order: Ints | None = None  # (N,) the row in the file of each sequence, found by its name


def open_maps(path: File, like: Source | None = None, wanted: Wanted = ANY) -> Source:
    """Check what an attribution file declares.

    Parameters
    ----------
    path : path
    like : Source
        The sequences, whose number and length the maps have to have.
    wanted : Wanted
        Which part of the file is meant.

    Raises
    ------
    ValueError
        In one line that names the file, for anything that holds no maps of the sequences.
    """
    path = Path(path)
    if like and begins_with(path, *texts.BIGWIG):
        if not like.places:
            raise ValueError(f"{path}: is bigWig: give the sequences as BED, with --genome")
        return like._replace(path=path, layout="NL", codes=None, note="")
    maps = _open(path, "attributions", MAP_KEYS, wanted.attributions_key, like, wanted)
    if like and maps.shape != like.shape:
        (n, length, _), (m, positions, _) = maps.shape, like.shape
        expected = f"{like.path} has {m} sequences of {positions}"
        middle = "; --crop takes the middle of both" if n == m and not wanted.crop else ""
        raise ValueError(f"{maps.path}: {n} maps of {length} positions, but {expected}{middle}")
    return maps


def open_sequences(path: File, wanted: Wanted = ANY) -> Source:
    """Check what a file of sequences declares: letters, codes, intervals, or one-hot."""
    path, names = Path(path), list[str]()
    with one_line(path):
        if holds_arrays(path):
            letters = _coded(path, wanted)
        else:
            records = texts.read_records(path, wanted.genome, wanted.strand)
            names, letters = [name for name, _ in records], [text for _, text in records]
        if (wanted.genome or wanted.strand) and ":" not in "".join(names[:1]):  # no place in one
            raise ValueError("has sequences: --genome and --strand are for intervals, as BED")
        if letters is None:
            return _open(path, "sequences", SEQUENCE_KEYS, wanted.sequences_key, None, wanted)
        codes, begins, note = texts.aligned(letters, wanted.align)
        shape = len(codes), _cropped(wanted, codes.shape[1]), 4
    told = (note, names if all(names) else [], texts.places(names, letters), begins)
    return Source(path, None, shape, "NLC", codes.shape[1], None, codes, *told)


def _coded(path: Path, wanted: Wanted) -> list[str] | None:
    """The sequences of a file of letters, or of the numbers 0 to 4; None for another kind."""
    with arrays(path) as held:
        name = _choose(held, SEQUENCE_KEYS, wanted.sequences_key, "sequences")
        shape, dtype = held[name][:2]
        coded = dtype.kind in "iu" and len(shape) == 2 and shape[1] != 4
        if not shape or 0 in shape or not (coded or dtype.kind in "SU"):
            return None
        values = held[name].read()
    if coded:
        if (values.min(), values.max()) == (1, 4):
            raise ValueError("codes run from 1 to 4, expected 0 to 3 for A, C, G, T: take 1 off")
        known = (values >= 0) & (values <= sequences.NO_BASE)
        return sequences.decode_codes(np.where(known, values, sequences.NO_BASE))
    return ["".join(row) for row in values.astype(str).reshape(shape[0], -1).tolist()]


def read_maps(source: Source, rows: Rows, x: Array) -> Array:
    """Read the maps of the sequences `x` (n, L, 4), float32 or wider; `rows` ascending.

    Scores with one number for a position are those of the base that is there.
    """
    maps = _read(source, rows)
    maps = maps.astype(np.result_type(maps.dtype, np.float32), copy=False)
    if source.layout == "NL":
        maps = maps[..., None] * x
    unusable = ~np.isfinite(maps)
    if unusable.any():
        n, i, c = np.argwhere(unusable)[0]
        place = f"sequence {rows[n]}, position {i}, channel {c} (counted from 0)"
        expected = f"expected finite numbers ({unusable.sum()} are not)"
        raise ValueError(f"{source.path}: got {maps[n, i, c]} at {place}, {expected}")
    return maps


def usable(source: Source, rows: Rows) -> Mask:
    """Which sequences have a map of finite numbers that are not all 0, (n,)."""
    values = _read(source, rows).reshape(len(rows), -1)
    return np.asarray(np.isfinite(values).all(axis=1) & values.any(axis=1))


def read_sequences(source: Source, rows: Rows) -> NDArray[np.int8]:
    """Read some sequences, one-hot (n, L, 4) int8; `rows` ascending.

    A position with a quarter in each channel is an unknown base.
    """
    if source.codes is not None:
        return sequences.codes_to_one_hot(_middle(source.codes[rows], source)).astype(np.int8)
    x = _read(source, rows)
    x = np.where((x == 0.25).all(axis=2, keepdims=True), 0, x)
    if (place := sequences.not_one_hot(x)) is not None:
        n, i = place
        there = f"sequence {rows[n]}, position {i} (counted from 0) is {x[n, i].tolist()}"
        expected = "expected one-hot: a single 1, or all 0 for an unknown base"
        raise ValueError(f"{source.path}: {there}, {expected}")
    if not x.any():
        raise ValueError(f"{source.path}: every position is all 0, so no base is known")
    return x.astype(np.int8)


def check_channels(source: Source, x: Array, a: Array) -> None:
    """Raise ValueError when maps have values at single bases, and not at those of `x`.

    Gradient-times-input maps are 0 at the three other bases. If theirs is mostly another base,
    the channels are in another order, or the maps are of other sequences.
    """
    if np.array_equal(a, x):
        raise ValueError(f"{source.path}: these are the sequences; name maps by --attributions-key")
    if np.count_nonzero(a) > a.size / 2:  # hypothetical ones, as most maps are
        return
    filled = (a != 0).sum(axis=2) == 1
    known = filled & x.any(axis=2)
    if filled.mean() > 0.9 and known.any():
        agree = ((a != 0) & (x != 0)).any(axis=2)[known].mean()
        if agree < 0.9:
            few = f"{source.path}: only {agree:.0%} of its values stand at the base of the sequence"
            why = "the channels are not in the order A C G T, or the maps are of other sequences"
            raise ValueError(f"{few}: {why}")


def check_sequences(source: Source, given: Source, rows: Rows, x: Array) -> None:
    """Raise ValueError when a file of maps, other than `given`, has sequences that are not `x`."""
    try:
        with arrays(source.path) as held:  # an error's traceback would keep maps in memory
            if source.path == given.path or not {*SEQUENCE_KEYS} & {*held}:
                return
        own = _open(source.path, "sequences", SEQUENCE_KEYS, None, None, ANY)
        if own.key == source.key or own.length != source.length:
            return
        other = (read_sequences(own._replace(shape=source.shape), rows) != x).any(axis=(1, 2))
    except ValueError:
        return  # it has none
    if n := other.sum():
        raise ValueError(f"{source.path}: {n} of {len(x)} sequences in it ({own.key}) are others")


def _open(
    path: Path, role: str, keys: Sequence[str], key: str | None, like: Source | None, wanted: Wanted
) -> Source:
    with arrays(path) as held:
        name = _choose(held, keys, key, role)
        shape, dtype = held[name][:2]
        if dtype.kind not in "biuf":
            objects = "Python objects, which are never unpickled" if dtype.hasobject else dtype
            raise ValueError(f"{name or 'it'} holds {objects}, expected real numbers")
        if 0 in shape:
            raise ValueError(f"holds an empty array of shape {shape}")
        layout = _layout(shape, like, role, wanted.crop)
        size = dict(zip(layout, shape))
        afford(16 * size["N"])
        names = _names(held, size["N"])
        order = texts.matched(names, like.names) if like else None
        task = _task(wanted.task if role == "attributions" else None, size.get("T", 1))
        shape = (size["N"] if order is None else len(order), _cropped(wanted, size["L"]), 4)
        other = like and names and like.names and order is None and [*names] != [*like.names]
        note = f"Names in {path.name} are not the sequences': rows go by number." if other else ""
        return Source(path, name, shape, layout, size["L"], task, None, note, names, order=order)


def _names(held: dict[str, Stored], n: int) -> list[str]:
    """Names of n sequences, or their places, where a file has them; else none."""

    def column(name: str) -> list[str]:
        values = held[name].read().tolist() if name in held and held[name].shape == (n,) else []
        return [v.decode() if isinstance(v, bytes) else str(v) for v in values]

    for parts in PLACES:
        if all(columns := [column(part) for part in parts]):
            return ["{}:{}-{}".format(*row) for row in zip(*columns)]
    return next(filter(None, map(column, NAMES)), [])


def _choose(held: dict[str, Stored], keys: Sequence[str], key: str | None, role: str) -> str:
    """The name of the array that is meant."""
    for name in (key,) if key is not None else keys:
        if name in held:
            return name
    if any("patterns" in name for name in held):
        raise ValueError("holds patterns, as TF-MoDISco writes them: score the maps behind them")
    there = [f"{name} {s.shape} {s.dtype}" for name, s in sorted(held.items())]
    more = f" and {len(there) - 8} more" if len(there) > 8 else ""
    lacks = f"has no array {key or 'of a known name'}"
    held_here = f"{', '.join(there[:8]) or 'nothing'}{more}"
    raise ValueError(f"{lacks}; it holds {held_here}: name one with --{role}-key")


def _layout(shape: Shape, like: Source | None, role: str, crop: int | None) -> str:
    """The axes of an array: of `LAYOUTS`, the first that fits, and fits the sequences if it can."""
    sizes = {axes: dict(zip(axes, shape)) for axes in LAYOUTS if len(axes) == len(shape)}
    fits = [(axes, s["N"], s["L"]) for axes, s in sizes.items() if s.get("C", 4) == 4]
    if role == "sequences" or like is None:
        fits = [fit for fit in fits if fit[0] != "NL"]
    if like:
        n, length = like.shape[0], like.length
        alike = [f for f in fits if f[1] == n and (f[2] == length or crop)]
        alike = alike or [f for f in fits if f[2] == length]
        fits = alike or [fit for fit in fits if fit[0] != "NL"]
    if fits:
        return fits[0][0]
    one = "; for one sequence, add a first axis of length 1" if 4 in shape[:2] else ""
    raise ValueError(f"has shape {shape}, expected (N, L, 4) or (N, 4, L), A C G T{one}")


def _task(task: str | None, n: int) -> str:
    """The task that is meant, of n."""
    if task is None and n > 1:
        raise ValueError(f"has maps of {n} tasks: take one with --task 0 to {n - 1}, or: mean")
    task = task or "0"
    if task != "mean" and not (re.fullmatch("[0-9]{1,9}", task) and int(task) < n):
        raise ValueError(f"has tasks 0 to {n - 1}, and no {task[:20]!r}")
    return task


def _cropped(wanted: Wanted, length: int) -> int:
    """How many positions of so many are meant."""
    return length if wanted.crop is None else check_whole(wanted.crop, "--crop", 1, length)


def _read(source: Source, rows: Rows) -> Array:
    """Rows of the array of a source, (n, L, 4), or (n, L)."""
    if source.key is None:  # bigWig
        with one_line(source.path):
            there = [source.places[i] for i in rows], source.begins[rows]
            return _middle(texts.coverage(source.path, *there, source.length), source)
    if source.order is not None:
        at = source.order[rows]
        return _read(source._replace(order=None), np.sort(at))[np.argsort(np.argsort(at))]
    with arrays(source.path) as held:
        stored, layout = held[source.key or ""], source.layout
        sequences_axis = layout.index("N")
        if len(rows) and rows[-1] >= stored.shape[sequences_axis]:
            raise ValueError("has fewer sequences than when it was opened")
        values = stored.read(rows) if sequences_axis == 0 else stored.read()[:, rows]
    values = values.transpose([layout.index(axis) for axis in "NLCT" if axis in layout])
    if task := source.task if "T" in layout else None:
        values = values.mean(axis=3) if task == "mean" else values[..., int(task)]
    return _middle(values, source)


def _middle(values: Array, source: Source) -> Array:
    """The positions (n, L, ...) that are wanted."""
    start = (source.length - source.shape[1]) // 2
    return values[:, start : start + source.shape[1]]
