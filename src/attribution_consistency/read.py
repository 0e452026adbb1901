"""Attribution maps and sequences that tools and people saved, as (N, L, 4) arrays.

Which array of a file is meant, and which of its axes is which, is found by the names that the
tools of the field give, by shapes, and by what the caller says.
"""

import csv
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import sequences
from .arrays import Array, Mask
from .containers import Rows, Shape, Stored, arrays, holds_arrays, one_line

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
LAYOUTS = ("NLC", "NCL", "NLCT", "NCLT", "NTLC", "NTCL", "TNLC", "TNCL", "NL")
AXES = {"N": "sequences", "L": "positions", "C": "channels", "T": "tasks"}


class Wanted(NamedTuple):
    """Which part of the files is meant, where they leave it open."""

    sequences_key: str | None = None
    attributions_key: str | None = None
    task: str | None = None  # number, from 0, or `mean`
    crop: int | None = None  # positions in the middle of sequences and of maps
    skip_bad: bool = False  # leave out models with unusable maps, and say so
    drop_bad_rows: bool = False  # sequences that some model has no usable map of
    align: str = "centre"  # or `start`: where sequences of unequal length stand


ANY = Wanted()


class Source(NamedTuple):
    """An array of a file whose numbers are not yet read."""

    path: Path
    key: str | None  # None: letters, or codes
    shape: tuple[int, int, int]  # (N, L, 4), as it will be read
    layout: str  # of LAYOUTS
    length: int  # positions in the file
    task: str | None
    codes: Array | None = None  # (N, L) of letters
    note: str = ""

    @property
    def axes(self) -> str:
        """The axes of the array in the file, in words."""
        return ", ".join(AXES[axis] for axis in self.layout)


def open_maps(
    path: str | PathLike[str], like: Source | None = None, wanted: Wanted = ANY
) -> Source:
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
    maps = _open(Path(path), "attributions", MAP_KEYS, wanted.attributions_key, like, wanted)
    if like and maps.shape != like.shape:
        (n, length, _), (m, positions, _) = maps.shape, like.shape
        expected = f"{like.path} has {m} sequences of {positions}"
        middle = "; --crop takes the middle of both" if n == m and not wanted.crop else ""
        raise ValueError(f"{maps.path}: {n} maps of {length} positions, but {expected}{middle}")
    return maps


def open_sequences(path: str | PathLike[str], wanted: Wanted = ANY) -> Source:
    """Check what a file of sequences declares: FASTA, letters or codes in an array, or one-hot."""
    path = Path(path)
    with one_line(path):
        lines = None if holds_arrays(path) else sequences.read_letters(path)
        codes, note = _of_letters(lines or _coded(path, wanted), wanted.align)
    if codes is None:
        return _open(path, "sequences", SEQUENCE_KEYS, wanted.sequences_key, None, wanted)
    shape = len(codes), wanted.crop or codes.shape[1], 4
    return Source(path, None, shape, "NLC", codes.shape[1], None, codes, note)


def _coded(path: Path, wanted: Wanted) -> list[str] | None:
    """The sequences of a file of letters, or of the numbers 0 to 4; None for another kind."""
    with arrays(path) as held:
        name = _choose(held, SEQUENCE_KEYS, wanted.sequences_key, "sequences")
        shape, dtype, read = held[name]
        coded = dtype.kind in "iu" and len(shape) == 2 and shape[1] != 4
        if 0 in shape or not (coded or dtype.kind in "SU"):
            return None
        values = read(np.arange(shape[0]))
    if coded:
        known = (values >= 0) & (values <= sequences.NO_BASE)
        return sequences.decode_codes(np.where(known, values, sequences.NO_BASE))
    return ["".join(row) for row in values.astype(str).reshape(shape[0], -1).tolist()]


def _of_letters(texts: list[str] | None, align: str) -> tuple[Array | None, str]:
    """Codes (N, L), and a note where unknown bases fill sequences up to the longest."""
    if texts is None:
        return None, ""
    letters = "".join(texts)
    if sum(map(letters.upper().count, "EFIJLOPQZ")) > 0.2 * len(letters):
        raise ValueError("holds letters that stand for no base, such as E, F, I, L: is it protein?")
    lengths = [len(text) for text in texts]
    longest, note = max(lengths), ""
    if min(lengths) < longest:
        span = f"{min(lengths)} to {longest} bases"
        note = f"Sequences of {span} were aligned at the {align}; the rest is N."
        begins = [(longest - n) // 2 if align == "centre" else 0 for n in lengths]
        texts = [f"{'N' * b}{t}".ljust(longest, "N") for b, t in zip(begins, texts)]
    codes = sequences.encode_codes(texts)
    if (codes == sequences.NO_BASE).all():
        raise ValueError("holds no A, C, G or T")
    return codes, note


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
    if source.path == given.path:
        return
    try:
        own = _open(source.path, "sequences", SEQUENCE_KEYS, None, None, ANY)
        if own.key == source.key or own.length != source.length:
            return
        other = (read_sequences(own._replace(shape=source.shape), rows) != x).any(axis=(1, 2))
    except ValueError:
        return  # it has none
    if other.any():
        there = f"{other.sum()} of {len(x)} sequences beside the maps ({own.key}) are others"
        raise ValueError(f"{source.path}: {there} than those given")


def read_performance(
    path: str | PathLike[str] | None, names: Sequence[str]
) -> tuple[dict[str, float], str | None]:
    """Performance {model: value} from a CSV, and the name of its column; path None: none."""
    if path is None:
        return {}, None
    import pandas as pd

    with one_line(Path(path)):
        try:
            table = pd.read_csv(path, sep=None, engine="python", encoding="utf-8-sig", dtype=str)
        except (ValueError, csv.Error) as error:
            raise ValueError(f"not a CSV table ({error})") from None
        table.columns = [c.strip().replace("Model", "model") for c in table.columns]
        column = next((c for c in table.columns if c != "model"), None)
        if "model" not in table or column is None or len(table.columns) > 2:
            there = ", ".join(table.columns)
            raise ValueError(f"got columns {there}, expected model and one of numbers")
        models = [_called(model.strip(), names) for model in table["model"]]
        values = dict(zip(models, pd.to_numeric(table[column], errors="coerce")))
        if len(values) < len(models):
            twice = next(model for model in models if models.count(model) > 1)
            raise ValueError(f"model {twice!r} is there twice")
        for name in names:
            if not np.isfinite(values.get(name, np.nan)):
                there = "has no number for" if name in values else "has no row for"
                known = ", ".join(models[:5])
                raise ValueError(f"{there} model {name!r}; its models: {known}: see --names")
        return values, str(column)


def _called(model: str, names: Sequence[str]) -> str:
    """The one of `names` that is meant, with or without the end of a file's name; or itself."""
    alike = [n for n in names if n.startswith(f"{model}.") or model.startswith(f"{n}.")]
    return alike[0] if len(alike) == 1 and model not in names else model


def _open(
    path: Path,
    role: str,
    keys: Sequence[str],
    key: str | None,
    like: Source | None,
    wanted: Wanted,
) -> Source:
    with arrays(path) as held:
        name = _choose(held, keys, key, role)
        shape, dtype, _ = held[name]
        if dtype.hasobject:
            raise ValueError("holds Python objects, which are never unpickled: save numbers")
        if dtype.kind not in "biuf":
            raise ValueError(f"{name or 'it'} holds {dtype}, expected real numbers")
        if 0 in shape:
            raise ValueError(f"holds an empty array of shape {shape}")
        layout = _layout(shape, like, role, wanted.crop)
        size = dict(zip(layout, shape))
        task = _task(wanted.task, size["T"]) if "T" in size else None
        length = wanted.crop or size["L"]
        if length > size["L"]:
            raise ValueError(f"has {size['L']} positions, fewer than --crop {length}")
        return Source(path, name, (size["N"], length, 4), layout, size["L"], task)


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
    fits = []
    for layout in LAYOUTS:
        size = dict(zip(layout, shape))
        if len(layout) == len(shape) and size.get("C", 4) == 4:
            fits.append((layout, size["N"], size["L"]))
    if role == "sequences" or like is None:
        fits = [fit for fit in fits if fit[0] != "NL"]
    if like:
        n, length = like.shape[0], like.length
        alike = [f for f in fits if f[1] == n and (f[2] == length or crop)]
        fits = alike or [fit for fit in fits if fit[0] != "NL"]
    if fits:
        return fits[0][0]
    one = "; for one sequence, add a first axis of length 1" if 4 in shape[:2] else ""
    raise ValueError(f"has shape {shape}, expected (N, L, 4) or (N, 4, L), A C G T{one}")


def _task(task: str | None, n: int) -> str:
    """The task that is meant, of n."""
    if n == 1:
        return "0"
    if task is None:
        raise ValueError(
            f"has maps of {n} tasks: take one with --task 0 to {n - 1}, or --task mean"
        )
    if task != "mean" and not (task.isdigit() and int(task) < n):
        raise ValueError(f"has tasks 0 to {n - 1}, and no {task!r}")
    return task


def _read(source: Source, rows: Rows) -> Array:
    """Rows of the array of a source, (n, L, 4), or (n, L)."""
    with arrays(source.path) as held:
        stored, layout = held[source.key or ""], source.layout
        sequences_axis = layout.index("N")
        if len(rows) and rows[-1] >= stored.shape[sequences_axis]:
            there = stored.shape[sequences_axis]
            raise ValueError(f"has {there} sequences, fewer than when it was opened")
        every = np.arange(stored.shape[0])
        values = stored.read(rows) if sequences_axis == 0 else stored.read(every)[:, rows]
    order = [layout.index(axis) for axis in "NLCT" if axis in layout]
    values = values.transpose(order)
    if source.task is not None:
        values = values.mean(axis=3) if source.task == "mean" else values[..., int(source.task)]
    return _middle(values, source)


def _middle(values: Array, source: Source) -> Array:
    """The positions (n, L, ...) that are wanted."""
    start = (source.length - source.shape[1]) // 2
    return values[:, start : start + source.shape[1]]
