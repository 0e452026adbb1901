"""The report of `attribution-consistency score`: a self-contained HTML file, CSV and JSON."""

import contextlib
import html
import json
import os
import secrets
import shutil
import string
from collections.abc import Iterable, Iterator
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .score import Result
from .scorer import LEVEL

FILES = ("scores.csv", "scores.json", "report.html")
MOST_LINES = 5  # models in figures of single models, besides the last
TABLE: dict[str, Any] = dict(index=False, na_rep="undefined", justify="left")
TABLE["float_format"] = "{:.3f}".format
HEADS = {
    "rank": "",
    "score": "score (95 % interval)",
    "below": "below best (95 % interval)",
    "score_kld": "KLD",
    "score_null": "exchanged",
    "p_family": "p, all models",
    "gini": "Gini",
    "kld_original": "original",
    "n": "times",
    "share": "of attribution",
    "exchanged": "when exchanged",
    "ratio": "ratio (95 % interval)",
}


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
    parent = out if out.exists() else out.absolute().parent
    temporary = parent / f".report-{secrets.token_hex(4)}.part"
    try:
        temporary.mkdir(parents=True)
    except OSError as error:
        raise ValueError(f"{out}: cannot be written ({error.strerror})") from None
    try:
        yield temporary
        if not out.exists():
            os.replace(temporary, out)
        for name in FILES if temporary.exists() else ():
            os.replace(temporary / name, out / name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write(result: Result, into: str | PathLike[str]) -> None:
    """Write scores.csv, scores.json and report.html of a `score.Result` into a folder."""
    result.table.to_csv(Path(into) / "scores.csv", index=False)
    text = json.dumps(result.as_json(), indent=1, allow_nan=False)
    (Path(into) / "scores.json").write_text(text + "\n", encoding="utf-8")
    (Path(into) / "report.html").write_text(page(result), encoding="utf-8")


def page(result: Result) -> str:
    """The whole report as HTML."""
    from . import report_figures as figures

    names = list(result.table["model"])
    shown = names if len(names) <= MOST_LINES + 1 else [*names[:MOST_LINES], names[-1]]
    s, name = result.settings, result.performance_name
    trained_on = result.weights["trained_on"].items()
    origin = [result.weights["source"], *(f"{what} {value}" for what, value in trained_on)]
    parts = {
        **_tables(result, shown),
        "verdict": _verdict(result),
        "most": figures.MOST,
        "seed": s.seed,
        "notes": "".join(f'<p class="notes">{_text(note)}</p>' for note in result.notes),
        "ranking_figure": figures.ranking(result),
        "k_figure": figures.by_length(result, shown),
        "logos": figures.logos(result, shown),
        "plane_figure": figures.plane(result) if name else "",
        "pareto": _text(", ".join(figures.front(result)["model"])) if name else "",
        "plane_hidden": "" if name else "hidden",
        "choices": f"reading {s.reading}, score {s.score}, k = {', '.join(map(str, s.ks))}",
        "weights_source": _text("; ".join(origin)),
    }
    template = files("attribution_consistency") / "resources" / "report.html"
    return string.Template(template.read_text(encoding="utf-8")).substitute(parts)


def _verdict(result: Result) -> str:
    table = result.table
    best, others = table.iloc[0], table["model"][1:]
    tied = others[table["below_best_low"][1:] <= 0]
    weak = table[table["p"] > LEVEL]
    estimate, low, high = (
        f"{best[name]:.{_decimals(table)}f}" for name in ("score", "score_low", "score_high")
    )
    text = (
        f"<b>{_text(best['model'])}</b> scores {estimate} nats (95 % interval {low} to {high}) "
        f"on {best['n']:,} sequences. "
    )
    if others.empty:
        text += "A single score says little: score other models on the same sequences. "
    elif tied.empty:
        text += (
            f"It is the highest of {len(table)}; the others score lower by more than the noise. "
        )
    else:
        text += f"It is the highest of {len(table)}, but cannot be told apart from {_some(tied)}. "
    if len(others):
        text += (
            "Two models are told apart on these sequences (80 % power, 5 % level) when their "
            f"scores differ by about {result.detectable:.2g} nats. "
        )
    for says, models in weak.groupby("verdict")["model"]:
        text += f"<b>{_text(says[:1].upper() + says[1:])}</b> (p > {LEVEL}): {_some(models)}. "
    return text


def _decimals(table: pd.DataFrame) -> int:
    """Decimals that show two digits of the narrowest interval: small scores need more."""
    width = (table["score_high"] - table["score_low"]).min()
    return int(np.clip(1 - np.floor(np.log10(width)), 3, 8)) if width > 0 else 3


def _tables(result: Result, shown: list[str]) -> dict[str, str]:
    """All tables of the page; those of single models for the models `shown`."""
    settings = {**result.as_json()["settings"], "sequences in the file": result.n_available}
    settings |= {f"SHA-256 of {file}": digest for file, digest in result.inputs.items()}
    weights = {"k": result.weights["ks"], "weight": result.weights["mean"][result.settings.reading]}
    return {
        "ranking_table": _ranking_table(result),
        "other_table": _other_table(result),
        "words": _words(result, shown),
        "weights": _table(weights),
        "settings": _table(list(settings.items())),
    }


def _ranking_table(result: Result) -> str:
    n = _decimals(result.table)

    def with_interval(name: str) -> list[str]:
        values = zip(*(result.table[f"{name}{end}"] for end in ("", "_low", "_high")))
        return [f"{value:.{n}f} ({low:.{n}f} to {high:.{n}f})" for value, low, high in values]

    table = result.table.assign(score=with_interval("score"), below=with_interval("below_best"))
    table.loc[0, "below"] = ""
    for column in ("score_kld", "score_null"):
        table[column] = table[column].map(f"{{:.{n}f}}".format)
    for column in ("p", "p_family"):
        least = 1 / (1 + result.settings.draws)
        table[column] = [f"≤ {least:.2g}" if p <= least else f"{p:.2g}" for p in table[column]]
    columns = "rank model score below score_kld score_null p p_family performance"
    return _table(table, columns, performance=result.performance_name or "")


def _other_table(result: Result) -> str:
    """What else is measured of each model: where by base the attribution is, other metrics."""
    table = result.table.copy()
    for column in ("kept", "on_A", "on_C", "on_G", "on_T"):
        table[column] = table[column].map("{:.0%}".format)
    return _table(table, "model on_A on_C on_G on_T kept gini kld_original")


def _words(result: Result, shown: list[str]) -> str:
    table = result.words
    rows = zip(*(table[column] for column in ("ratio", "low", "high")))
    table = table.assign(
        fits=[_some(names.split(", "), 4) for names in table["fits"]],
        ratio=[f"{ratio:.1f} ({low:.1f} to {high:.1f})" for ratio, low, high in rows],
        **{column: table[column].map("{:.2%}".format) for column in ("share", "exchanged")},
    )
    parts = []
    for name in shown:
        own = _table(table[table["model"] == name], "word n share exchanged ratio fits")
        state = " open" * (name == shown[0])
        parts.append(f"<details{state}><summary>Words of {_text(name)}</summary>{own}</details>")
    return "".join(parts)


def _table(rows: Any, columns: str = "", **heads: str) -> str:
    """A table that scrolls sideways; of `columns` those that are there, under `HEADS`."""
    table = pd.DataFrame(rows)
    if columns:
        present = [column for column in columns.split() if column in table]
        table = table[present].rename(columns=lambda c: (HEADS | heads).get(c, c.replace("_", " ")))
    if table.empty:
        return "<p>There is none.</p>"
    with pd.option_context("display.max_colwidth", None):
        text = table.to_html(header=isinstance(table.columns[0], str), **TABLE)
    return f'<div class="scroll" tabindex="0">{text}</div>'


def _some(names: Iterable[str], most: int = 8) -> str:
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return _text(", ".join(names[:most])) + more


def _text(value: object) -> str:
    return html.escape(str(value))
