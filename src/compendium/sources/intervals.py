"""Genomic intervals: tables read row by row, checked for order, and laid over windows.

Intervals are counted from 0 and half-open, [start, end), as in BED files.
"""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

# How pandas reads a table without header, every value as text.
TEXT: Any = dict(sep=r"\s+", header=None, dtype=str, encoding="ascii", keep_default_na=False)
SPLITS = ["training", "validation (chr9)", "test (chr8)"]  # what 0, 1 and 2 of `split` mean


class AccessibilityError(ValueError):
    """An input file does not hold what it should: the message gives file, row and reason."""


def read_columns(path: Path, names: list[str], columns: list[int]) -> pd.DataFrame:
    """Read a chromosome, a start, an end and other whole numbers from a table without header.

    Parameters
    ----------
    path : Path
        Plain or gzip-compressed; columns end at white space.
    names, columns : list
        What to read: a name and a number, from 0, for each. The first three are `chrom`, `start`
        and `end`.

    Raises
    ------
    AccessibilityError
        If the file is no such table or a row is not an interval: file, row and reason.
    """
    try:
        with open(path, "rb") as handle:
            compression = "gzip" if handle.read(2) == b"\x1f\x8b" else None
        rows = pd.read_csv(path, usecols=columns, compression=compression, **TEXT)
        rows = rows[columns].set_axis(names, axis=1)
    except (ValueError, OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise AccessibilityError(f"{path}: not the table it should be ({reason})") from None
    for name, column in zip(names[1:], columns[1:], strict=True):
        rows[name] = rows[name].str.removesuffix(".0")
        bad = ~rows[name].str.fullmatch("-?[0-9]{1,18}").to_numpy(bool)
        if bad.any():
            i = int(np.argmax(bad))
            raise AccessibilityError(
                f"{path}, row {i + 1}: column {column + 1} is {rows[name][i]!r}, not a whole number"
            )
    rows = rows.astype(dict.fromkeys(names[1:], np.int64))
    refuse(path, rows, (rows.start < 0) | (rows.end <= rows.start), "is not an interval")
    return rows


def refuse(path: Path, rows: pd.DataFrame, bad: ArrayLike, reason: str) -> None:
    """Raise `AccessibilityError` for the first row of a file where `bad` holds."""
    bad = np.asarray(bad)
    if bad.any():
        i = int(np.argmax(bad))
        where = f"{rows.chrom[i]}:{rows.start[i]}-{rows.end[i]}"
        raise AccessibilityError(f"{path}, row {i + 1}: {where} {reason}")


def refuse_disorder(path: Path, rows: pd.DataFrame, what: str, advice: str = "") -> None:
    """Raise `AccessibilityError` unless the rows of a file are sorted and disjoint.

    Parameters
    ----------
    what : str
        What an interval is called.
    advice : str
        Ends the message.
    """
    same = rows.chrom.eq(rows.chrom.shift())
    for bad, reason in (
        (~same & rows.chrom.duplicated(), "is on a chromosome that came before: not sorted"),
        (same & (rows.start < rows.start.shift()), "is not sorted by start"),
        (same & (rows.start < rows.end.shift()), f"overlaps the {what} before it"),
    ):
        refuse(path, rows, bad, reason + advice)


def overlaps(windows: pd.DataFrame, spots: pd.DataFrame) -> np.ndarray:
    """Whether each window shares a base with an interval.

    Parameters
    ----------
    windows, spots : DataFrame
        Columns chrom, start, end; spots sorted and disjoint.

    Returns
    -------
    ndarray of bool, shape (N,)
    """
    start, end, spot_start, spot_end = _on_one_axis(windows, spots)
    first = np.searchsorted(spot_end, start, side="right")
    return np.searchsorted(spot_start, end, side="left") > first


def amount_within(windows: pd.DataFrame, spots: pd.DataFrame, amount: np.ndarray) -> np.ndarray:
    """How much of what the intervals hold lies in each window.

    Each interval's `amount` is taken to be spread evenly over it; with its length as amount, the
    result is the number of bases covered.

    Parameters
    ----------
    windows, spots : DataFrame
        As for `overlaps`.
    amount : ndarray, shape (number of spots,)

    Returns
    -------
    ndarray of float64, shape (N,)
        0 where no interval is.
    """
    start, end, spot_start, spot_end = _on_one_axis(windows, spots)
    # The sum up to each position: flat between intervals, rising evenly inside them.
    position = np.column_stack([spot_start, spot_end]).ravel()
    total = np.cumsum(np.asarray(amount, float))
    up_to = np.column_stack([total - amount, total]).ravel()
    return np.interp(end, position, up_to) - np.interp(start, position, up_to)


def _on_one_axis(windows: pd.DataFrame, spots: pd.DataFrame) -> list[np.ndarray]:
    """Starts and ends of both, the chromosomes laid end to end in the order of the spots."""
    number, _ = pd.factorize(pd.concat([spots.chrom, windows.chrom]))
    offset = number.astype(np.int64) << 32
    of_spots, of_windows = offset[: len(spots)], offset[len(spots) :]
    return [
        windows.start.to_numpy() + of_windows,
        windows.end.to_numpy() + of_windows,
        spots.start.to_numpy() + of_spots,
        spots.end.to_numpy() + of_spots,
    ]


def split_of(chrom: ArrayLike) -> np.ndarray:
    """Split of each chromosome, uint8: 2 (test) for 8, 1 (validation) for 9, 0 for all others.

    Raises
    ------
    AccessibilityError
        If a split is empty.
    """
    names = pd.Series(np.asarray(chrom, str))
    split = names.map({"chr9": 1, "chr8": 2}).fillna(0).to_numpy(np.uint8)
    for value, name in enumerate(SPLITS):
        if not (split == value).any():
            raise AccessibilityError(
                f"no sequence for {name}: expected chromosomes named chr1 to chr22 and chrX, got "
                f"{', '.join(sorted(set(names))) or 'none'}"
            )
    return split


def rank(name: str) -> tuple[int, str]:
    """Sort key of a chromosome: chr1 to chr22, then the others by name."""
    tail = name.removeprefix("chr")
    return (int(tail), "") if re.fullmatch("[0-9]+", tail) else (1000, tail)
