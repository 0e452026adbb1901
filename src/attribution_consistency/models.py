"""Tables of models: their files, one or several each, and how well they predict."""

import csv
import io
from collections.abc import Sequence
from itertools import chain, combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from . import rounding, texts
from .arrays import File, Floats
from .containers import one_line

NOT_NUMBERS = ("model", "file", "fold", "seed")


class Models(NamedTuple):
    """What a table says of models, in its order."""

    files: dict[str, list[Path]]  # empty where the table names none
    performance: dict[str, float]  # mean over the files of a model
    measure: str | None  # of performance


def read_models(path: File) -> Models:
    """Read a table of models, CSV or with tabs or semicolons.

    Parameters
    ----------
    path : path
        Columns `model`, `file` (relative to the folder of the table), and if you like `fold` or
        `seed` and one of numbers, the performance. One row a file.

    Raises
    ------
    ValueError
        In one line that names the table.
    """
    with one_line(Path(path)):
        text = io.StringIO(texts.read_text(Path(path)))
        try:
            # "NA" is a name like any other; what is missing is an empty text.
            table = pd.read_csv(text, sep=None, engine="python", dtype=str, keep_default_na=False)
            if not isinstance(table.index, pd.RangeIndex):
                raise ValueError("its rows have more cells than its head")
        except (ValueError, csv.Error) as error:
            raise ValueError(f"not a CSV table ({error})") from None
        table.columns = [c.strip().replace("Model", "model") for c in table.columns]
        there, measures = ", ".join(table.columns), table.columns.difference(NOT_NUMBERS)
        if "model" not in table or len(measures) > 1 or not {*measures, "file"} & {*table.columns}:
            raise ValueError(f"got columns {there}, expected model, and one of numbers or file")
        table["model"] = table["model"].str.strip()
        # ./a.npz is a.npz.
        repeated = table[["model", *table.columns.intersection(["file"])]].map(Path).duplicated()
        if repeated.any():
            raise ValueError(f"model {table['model'][repeated].iloc[0]!r} is there twice")
        numbers = {c: pd.to_numeric(table[c], errors="coerce") for c in measures}
        for cell, number in chain(*(zip(table[c], numbers[c]) for c in measures)):
            if cell.strip() and not np.isfinite(number):
                raise ValueError(f"got {cell[:20]!r} as {measures[0]}, expected a number")
        by_model = table.assign(**numbers).groupby("model", sort=False)
        files = {}
        if "file" in table:
            files = {m: [Path(path).parent / f for f in part["file"]] for m, part in by_model}
        means = by_model[measures[0]].mean().to_dict() if len(measures) else {}
        return Models(files, means, measures[0] if len(measures) else None)


def performance(
    table: File | Models | None, names: Sequence[str]
) -> tuple[dict[str, float], str | None]:
    """The performance of each of `names`, which may lack the ends of files' names, and its name."""
    if table is None:
        return {}, None
    models = table if isinstance(table, Models) else read_models(table)
    called = {_called(model, names): value for model, value in models.performance.items()}
    known, where = ", ".join([*models.performance][:5]), "--models" if table is models else table
    for name in names if models.measure else ():
        if not np.isfinite(called.get(name, np.nan)):
            there = "has no number for" if name in called else "has no row for"
            raise ValueError(f"{where}: {there} model {name!r}; its models: {known}: see --names")
    return called, models.measure


def _called(model: str, names: Sequence[str]) -> str:
    """The one of `names` that is meant, with or without the end of a file's name; or itself."""
    alike = [n for n in names if n.startswith(f"{model}.") or model.startswith(f"{n}.")]
    return alike[0] if len(alike) == 1 and model not in names else model


def agreement(tracks: Sequence[Floats]) -> tuple[float | None, float | None]:
    """How alike the maps of one model's files are, and how alike they were by chance.

    Parameters
    ----------
    tracks : list of (N, L)
        Scores, a set a file.

    Returns
    -------
    agreement, chance : float, or none of the two where there is one file
        Mean Pearson correlation along a sequence of two files' scores, over sequences and pairs
        of files; and of the scores of two different sequences, which only positions relate.
    """
    if len(tracks) < 2:
        return None, None
    pairs = [*combinations([rounding.unit(track, rounding.AS_SINGLE) for track in tracks], 2)]
    own = np.array([(one * two).sum() for one, two in pairs])
    every = np.array([one.sum(axis=0) @ two.sum(axis=0) for one, two in pairs])
    n = len(tracks[0])
    return float(own.mean() / n), float((every - own).mean() / max(n * (n - 1), 1))
