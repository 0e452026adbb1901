"""The report of `attribution-consistency score`: a self-contained HTML file, CSV and JSON."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .arrays import File
from .files import replacing
from .score import Result

FILES = ("scores.csv", "scores.json", "report.html")
MOST_LINES = 5  # models in figures of single models, besides the last


def check_folder(out: File, force: bool = False) -> None:
    """Before any work: raise ValueError when a report cannot be written to a folder.

    It cannot to a file, to a folder that may not be written, over a folder of the name of one of
    its files, or, without `force`, over an earlier report.
    """
    out = Path(out)
    there = next(path for path in (out, *out.absolute().parents) if os.path.lexists(path))
    if not there.is_dir() or not os.access(there, os.W_OK):
        what = "cannot be written" if there.is_dir() else "is a file, expected a folder"
        raise ValueError(f"{there}: {what}, so the report cannot be written to {out}")
    present = [name for name in FILES if (out / name).exists()]
    if folders := [name for name in present if (out / name).is_dir()]:
        raise ValueError(f"{out}: has a folder {folders[0]}; name another folder for the report")
    if present and not force:
        raise ValueError(f"{out}: already has {present[0]}; name another folder, or add --force")


def write(result: Result, out: File, force: bool = False) -> None:
    """Write scores.csv, scores.json and report.html of a `score.Result` into a folder."""
    text = json.dumps(result.as_json(), indent=1, allow_nan=False) + "\n"
    # A spreadsheet would take a name that begins so for a formula.
    table = result.table.replace({"model": "^([=+@-])"}, {"model": r"'\1"}, regex=True)
    texts = table.to_csv(index=False), text, page(result)
    with contextlib.ExitStack() as stack:  # all three, or none
        for name, text in zip(FILES, texts):
            temporary = stack.enter_context(replacing(Path(out) / name))
            temporary.write_text(text, encoding="utf-8")
        check_folder(out, force)  # another run may have written meanwhile


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
    values = result.as_json() | {"digits": _decimals(result.table)}
    for row in values["models"]:
        row["control"] = row["model"].startswith("control: ")
    return values


def _decimals(table: pd.DataFrame) -> int:
    """Decimals that show two digits of the narrowest interval: small scores need more."""
    width = (table["score_high"] - table["score_low"]).min()
    return int(np.clip(1 - np.floor(np.log10(width)), 3, 8)) if width > 0 else 3
