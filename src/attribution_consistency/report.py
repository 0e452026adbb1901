"""The report of `attribution-consistency score`: a self-contained HTML file, CSV and JSON."""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .score import Result

FILES = ("scores.csv", "scores.json", "report.html")
MOST_LINES = 5  # models in figures of single models, besides the last


@contextlib.contextmanager
def folder(out: str | PathLike[str], force: bool = False) -> Iterator[Path]:
    """A temporary folder whose files move to `out` when the block ends well.

    Whatever goes wrong in the block, an earlier report stays as it is.

    Yields
    ------
    temporary : Path

    Raises
    ------
    ValueError
        Before any work, when `out` cannot be written, or already has a report and `force` is not
        given.
    """
    out = Path(out)
    present = [name for name in FILES if (out / name).exists()]
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out}: is a file, expected a folder to write the report to")
    if present and not force:
        raise ValueError(f"{out}: already has {present[0]}; name another folder, or add --force")
    there = next(path for path in (out, *out.absolute().parents) if path.exists())
    try:
        temporary = tempfile.TemporaryDirectory(prefix=".report-", suffix=".part", dir=there)
    except OSError as error:
        raise ValueError(f"{out}: cannot be written ({error.strerror})") from None
    with temporary as made:
        yield Path(made)
        out.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            os.replace(Path(made) / name, out / name)


def write(result: Result, into: str | PathLike[str]) -> None:
    """Write scores.csv, scores.json and report.html of a `score.Result` into a folder."""
    result.table.to_csv(Path(into) / "scores.csv", index=False)
    text = json.dumps(result.as_json(), indent=1, allow_nan=False)
    (Path(into) / "scores.json").write_text(text + "\n", encoding="utf-8")
    (Path(into) / "report.html").write_text(page(result), encoding="utf-8")


def page(result: Result) -> str:
    """The whole report as HTML."""
    from . import report_figures

    names = list(result.table["model"])
    shown = names if len(names) <= MOST_LINES + 1 else [*names[:MOST_LINES], names[-1]]
    values = _values(result) | {"shown": shown, "figures": report_figures.drawn(result, shown)}
    return str(_template("report.html").render(values))


def ranking_table(result: Result) -> str:
    """The table of the models alone, as HTML."""
    return str(_template("report_parts.html").make_module(_values(result)).ranking())


def _template(name: str) -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader(__package__, "resources")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    return environment.get_template(name)


def _values(result: Result) -> dict[str, Any]:
    return result.as_json() | {"digits": _decimals(result.table)}


def _decimals(table: pd.DataFrame) -> int:
    """Decimals that show two digits of the narrowest interval: small scores need more."""
    width = (table["score_high"] - table["score_low"]).min()
    return int(np.clip(1 - np.floor(np.log10(width)), 3, 8)) if width > 0 else 3
