"""The report of `attribution-consistency score`: a self-contained HTML file, CSV and JSON."""

from __future__ import annotations

import base64
import contextlib
import html
import io
import json
import os
import secrets
import shutil
import string
import sys
from collections.abc import Iterable, Iterator
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from .scoring import Result

FILES = ("scores.csv", "scores.json", "report.html")
MOST = 40  # models in the ranking figure
MOST_LINES = 5  # models in the other figures, besides the last
LOGO_WIDTH = 60
COLOURS = ("BLUE", "ORANGE", "GREEN", "RED", "PURPLE", "GREY")


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
    """Write scores.csv, scores.json and report.html of a `scoring.Result` into a folder."""
    result.table.to_csv(Path(into) / "scores.csv", index=False)
    text = json.dumps(result.as_json(), indent=1, allow_nan=False)
    (Path(into) / "scores.json").write_text(text + "\n", encoding="utf-8")
    (Path(into) / "report.html").write_text(page(result), encoding="utf-8")


def progress(done: int, total: int, name: str) -> None:
    """A progress bar on standard error; one line a model where that is not a terminal."""
    if sys.stderr.isatty():
        bar = "#" * (30 * done // total) + "." * (30 - 30 * done // total)
        end = "" if done < total else "\n"
        print(f"\r[{bar}] {done}/{total} {name[:40]:40}", end=end, file=sys.stderr, flush=True)
    elif done < total:
        print(f"scoring {done + 1} of {total}: {name}", file=sys.stderr, flush=True)


def page(result: Result) -> str:
    """The whole report as HTML."""
    from . import figures

    figures.style()
    names = list(result.table["model"])
    shown = names if len(names) <= MOST_LINES + 1 else [*names[:MOST_LINES], names[-1]]
    s, weights = result.settings, result.weights
    parts = {
        "verdict": _verdict(result),
        "most": MOST,
        "within": f"{s.within:g}",
        "seed": s.seed,
        "notes": "".join(f'<p class="notes">{_text(note)}</p>' for note in result.notes),
        "ranking_figure": _ranking_figure(result),
        "ranking_table": _ranking_table(result),
        "k_figure": _k_figure(result, shown),
        "k_table": _k_table(result, shown),
        "kmers": _kmers(result, shown),
        "logos": _logos(result, shown),
        "plane_hidden": "" if result.performance_name else "hidden",
        "sensitivity_hidden": "" if len(names) > 1 else "hidden",
        "choices": f"reading {s.reading}, score {s.score}, k = {', '.join(map(str, s.ks))}",
        "sensitivity": _table(
            result.sensitivity.assign(
                turned=lambda t: [f"{r} of {p}" for r, p in zip(t["pairs_reversed"], t["pairs"])]
            ),
            variant="instead",
            best="best model",
            turned="pairs turned around",
        ),
        "weights_source": _text(
            weights["source"] + "".join(f"; {k} {v}" for k, v in weights["trained_on"].items())
        ),
        "weights": _table({"k": weights["ks"], "weight": weights["mean"][s.reading]}),
        "settings": _table(
            list(
                {
                    **result.as_json()["settings"],
                    "sequences in the file": result.n_available,
                    **{f"SHA-256 of {name}": digest for name, digest in result.inputs.items()},
                }.items()
            )
        ),
        **_plane(result),
    }
    template = files("attribution_consistency") / "resources" / "report.html"
    return string.Template(template.read_text(encoding="utf-8")).substitute(parts)


def _verdict(result: Result) -> str:
    table = result.table
    best, others = table.iloc[0], table["model"][1:]
    tied = others[table["below_best_low"][1:] <= 0]
    weak = table["model"][table.get("score_p", 0 * table["score"]) > 0.05]
    digits = _decimals(table)
    text = (
        f"<b>{_text(best['model'])}</b> scores {best['score']:.{digits}f} nats (95 % interval "
        f"{best['score_low']:.{digits}f} to {best['score_high']:.{digits}f}) "
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
    if len(weak):
        text += f"<b>No evidence of consistent k-mers</b> (rotated null, p > 0.05): {_some(weak)}."
    return text


def _decimals(table: pd.DataFrame) -> int:
    """Decimals that show two digits of the narrowest interval: small scores need more."""
    width = (table["score_high"] - table["score_low"]).min()
    return int(np.clip(1 - np.floor(np.log10(width)), 3, 8)) if width > 0 else 3


def _ranking_figure(result: Result) -> str:
    from matplotlib import pyplot as plt

    from . import figures

    table = result.table.head(MOST)
    figure, ax = plt.subplots(figsize=(5.2, 1.3 + 0.27 * len(table)))
    figures.interval(ax, table["score"], table["score_low"], table["score_high"], table["model"])
    if "score_null" in table:
        rows = np.arange(len(table))[::-1]
        ax.plot(table["score_null"], rows, "o", mfc="none", color=figures.GREY, label="rotated")
    ax.axvline(table["score_floor"][0], color="black", ls="--", lw=1, label="constant map")
    ax.set_xlabel("score (nats)")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncol=2, fontsize="small")
    return _picture(
        figure,
        "Scores with 95 % intervals, the best on top; beside each its rotated "
        f"scores, dashed a constant map. First: {table['model'][0]}.",
    )


def _ranking_table(result: Result) -> str:
    n = _decimals(result.table)

    def with_interval(name: str) -> list[str]:
        values = zip(*(result.table[f"{name}{end}"] for end in ("", "_low", "_high")))
        return [f"{value:.{n}f} ({low:.{n}f} to {high:.{n}f})" for value, low, high in values]

    table = result.table.assign(score=with_interval("score"), below=with_interval("below_best"))
    table.loc[0, "below"] = ""
    if "score_null" in table:
        table["score_null"] = table["score_null"].map(f"{{:.{n}f}}".format)
    return _table(
        table,
        rank="",
        model="model",
        score="score (95 % interval)",
        below="below best (95 % interval)",
        score_null="rotated",
        score_p="p",
        gini="Gini",
        kld_original="original",
        performance=result.performance_name,
    )


def _k_figure(result: Result, shown: list[str]) -> str:
    from matplotlib import pyplot as plt

    from . import figures

    ks, table = list(result.settings.ks), result.table.set_index("model")
    figure, ax = plt.subplots(figsize=(5.2, 3.8))
    for name, colour in zip(shown, COLOURS):
        colour = getattr(figures, colour)
        ax.plot(ks, [table[f"kld_k{k}"][name] for k in ks], "o-", color=colour, label=name)
        if "score_null" in table:
            ax.plot(ks, [table[f"null_k{k}"][name] for k in ks], ":", color=colour)
    floor = [table[f"floor_k{k}"].iloc[0] for k in ks]
    if max(floor) > 1e-6:
        ax.plot(ks, floor, "--", color="black", label="constant map")
    figures.log_y(ax)
    ax.set(xlabel="k-mer length k", ylabel="KLD (nats)", xticks=ks)
    ax.legend(fontsize="small")
    return _picture(
        figure,
        f"KLD against k-mer length for {', '.join(shown)}; dotted, the mean of "
        "their rotated scores; dashed, a constant map.",
    )


def _k_table(result: Result, shown: list[str]) -> str:
    columns = {
        "kld": "KLD",
        "floor": "constant map",
        "from_floor": "from constant",
        "null": "rotated",
        "excess": "excess",
        "p": "p",
    }
    rows = [
        {"model": row["model"], "k": k}
        | {head: row[f"{c}_k{k}"] for c, head in columns.items() if f"{c}_k{k}" in row}
        for _, row in result.table.iterrows()
        if row["model"] in shown
        for k in result.settings.ks
    ]
    return _table(rows)


def _plane(result: Result) -> dict[str, str]:
    """The parts of the page that need the performance of the models."""
    if not result.performance_name:
        return dict.fromkeys(("plane_figure", "pareto", "pairs"), "")
    from matplotlib import pyplot as plt

    from . import figures

    table, name = result.table, result.performance_name
    figure, ax = plt.subplots(figsize=(5.2, 3.8))
    ax.errorbar(
        table["performance"],
        table["score"],
        fmt="o",
        ecolor="#bbbbbb",
        label="model",
        yerr=[table["score"] - table["score_low"], table["score_high"] - table["score"]],
    )
    front = table[table["pareto"]].sort_values("performance")
    ax.plot(
        front["performance"], front["score"], "D--", color=figures.RED, zorder=5, label="Pareto set"
    )
    for _, row in (front if len(front) <= 8 else front.iloc[[0, -1]]).iterrows():
        ax.annotate(
            row["model"],
            (row["performance"], row["score"]),
            xytext=(-6, 5),
            textcoords="offset points",
            ha="right",
            fontsize="small",
        )
    ax.margins(x=0.25, y=0.2)
    ax.locator_params(axis="x", nbins=4)
    ax.set(xlabel=name, ylabel="score (nats)")
    ax.legend(fontsize="small", loc="lower center", bbox_to_anchor=(0.5, 1), ncol=2)
    pairs = (
        "<p>There is none.</p>"
        if result.pairs.empty
        else _table(
            result.pairs,
            high="higher score",
            low="lower score",
            performance_high=f"{name}, higher",
            performance_low=f"{name}, lower",
            difference="score difference",
        )
    )
    alt = f"Score against {name}; Pareto set: {', '.join(front['model'])}."
    return {
        "plane_figure": _picture(figure, alt),
        "pareto": _text(", ".join(front["model"])),
        "pairs": pairs,
    }


def _kmers(result: Result, shown: list[str]) -> str:
    found = ""
    for name in shown:
        own = result.kmers[result.kmers["model"] == name]
        own = own.assign(
            fits=[_some(names.split(", "), 4) for names in own["fits"]],
            **{column: own[column].map("{:.2%}".format) for column in ("expected", "attributed")},
        )
        table = _table(
            own,
            kmer="k-mer",
            contribution="nats",
            expected="expected",
            attributed="attributed",
            fits="fits",
        )
        state = " open" * (name == shown[0])
        found += f"<details{state}><summary>Enriched in {_text(name)}</summary>{table}</details>"
    return found


def _logos(result: Result, shown: list[str]) -> str:
    from matplotlib import pyplot as plt

    from . import figures, metric

    found = ""
    for i, number in enumerate(result.logo_rows):
        maps = {name: result.logos[name][i].astype(float) for name in shown}
        if result.settings.correct:
            maps = {name: metric.gradient_correction(a) for name, a in maps.items()}
        heights = {name: a * result.logo_x[i] for name, a in maps.items()}
        scores = [np.abs(h).sum(axis=1) for h in heights.values()]
        window = figures.densest_window(
            np.sum([s / max(s.sum(), 1e-300) for s in scores], axis=0), LOGO_WIDTH
        )
        figure, axes = plt.subplots(
            len(shown), 1, figsize=(7, 1.15 * len(shown) + 0.4), squeeze=False
        )
        for ax, name in zip(axes[:, 0], shown):
            figures.logo(ax, heights[name][window], window.start)
            ax.set_title(name, fontsize="small")
            ax.set_yticks([])
            ax.tick_params(labelbottom=name == shown[-1])
        axes[-1, 0].set_xlabel(f"position in sequence {number}")
        alt = f"Attribution logos of a part of sequence {number}, for {', '.join(shown)}."
        found += f'<div class="scroll wide" tabindex="0">{_picture(figure, alt)}</div>'
    return found


def _picture(figure: Figure, alt: str) -> str:
    """A figure as an image inside the page."""
    from matplotlib import pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=150)
    plt.close(figure)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<img alt="{_text(alt)}" src="data:image/png;base64,{data}">'


def _table(rows: Any, **columns: str | None) -> str:
    """A table that scrolls sideways; `columns` chooses and renames those that are there."""
    import pandas as pd

    table = pd.DataFrame(rows)
    if columns:
        columns = {c: head for c, head in columns.items() if c in table}
        table = table[list(columns)].rename(columns=columns)
    with pd.option_context("display.max_colwidth", None):
        text = table.to_html(
            index=False,
            na_rep="undefined",
            float_format="{:.3f}".format,
            justify="left",
            header=isinstance(table.columns[0], str),
        )
    return f'<div class="scroll" tabindex="0">{text}</div>'


def _some(names: Iterable[str], most: int = 8) -> str:
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return _text(", ".join(names[:most])) + more


def _text(value: object) -> str:
    return html.escape(str(value))
