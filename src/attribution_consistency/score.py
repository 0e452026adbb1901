"""Score saved attribution maps of any model: what `attribution-consistency score` computes.

Models are read and scored one after another; of each, only its scores, its jackknife
replicates and the maps of a few sequences for logos are kept.
"""

import json
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from . import __version__, models, ranking, read, texts
from .arrays import Array, File, Ints
from .containers import holds_arrays, one_line
from .files import sha256
from .length_scaling import warn_if_unlike
from .maps import position_scores
from .nulls import family_wise
from .scorer import Scored, Scorer, Settings, verdict
from .weights import choose_weights

N_LOGOS = 2
DEFAULT = Settings()


@dataclass
class Result:
    """Everything a report shows; the columns of its tables are in the book's data dictionary."""

    table: pd.DataFrame  # one row a model, best score first
    words: pd.DataFrame  # one row a word that carries more attribution than by chance
    settings: Settings
    weights: dict[str, Any]  # mean, source, trained_on
    performance_name: str | None
    n_available: int  # sequences in the file
    detectable: float | None  # median over pairs of models of the smallest detectable difference
    notes: list[str]  # what the reader has to know
    inputs: dict[str, str]  # {folder/file: SHA-256}
    logo_rows: list[int]  # numbers of the sequences drawn as logos
    logo_x: NDArray[np.int8]
    logos: dict[str, Array]  # {model: maps (n, L, 4)}

    def _repr_html_(self) -> str:
        from .report import ranking_table

        return ranking_table(self)

    def as_json(self) -> dict[str, Any]:
        """The result without logos, as plain values."""
        values: dict[str, Any] = {"version": __version__, "settings": asdict(self.settings)}
        for name, value in vars(self).items():
            if hasattr(value, "to_json"):
                name = "models" if name == "table" else name
                values[name] = json.loads(value.to_json(orient="records", double_precision=12))
            elif not name.startswith("logo") and name not in values:
                values[name] = value
        return values


def example() -> dict[str, Any]:
    """The example maps of the package: arguments of `score_files`, as a dict."""
    folder = Path(str(files("attribution_consistency") / "resources" / "examples"))
    given = {"sequences": folder / "sequences.npz", "performance": folder / "performance.csv"}
    return given | {"maps": [folder / "exponential.npz", folder / "relu.npz"]}


def score_files(
    sequences: File,
    maps: Sequence[File | Sequence[File]],
    *,
    names: Sequence[str] | None = None,
    controls: Sequence[File] = (),
    performance: File | models.Models | None = None,
    ignore: File | None = None,
    wanted: read.Wanted = read.ANY,
    settings: Settings = DEFAULT,
    progress: Callable[[str], object] = lambda line: None,
) -> Result:
    """Score the maps of one or many models on the same sequences: a `Result`.

    Parameters
    ----------
    sequences : path
        File of N sequences of length L.
    maps : list of paths, or of lists of paths
        Files, see `read.open_maps`: one a model, or several (folds, seeds), whose mean is scored.
    names : list of str
        Of the models, the stems of the files by default.
    controls : list of paths
        Maps of networks that learnt nothing, such as untrained copies, in the same table.
    performance : path, or Models
        A table, see `models.read_models`.
    ignore : path
        Words that are to count nowhere, in a text file, or maps of a bias model, of which so much
        is taken off every map that the rest is not correlated with them.
    wanted : Wanted
        Which array, task and positions of the files are meant, where they leave it open, and
        what becomes of maps that cannot be used.
    settings : Settings
        What is scored, and how.
    progress : function of a line of text
        Called before each model.

    Raises
    ------
    ValueError
        In one line, for whatever cannot be scored.
    """
    files = _files(maps, names)
    measured, performance_name = models.performance(performance, [*files])
    named = [*files, *(f"control: {Path(f).stem}" for f in controls)]
    files = _files([*files.values(), *controls], named)
    source = read.open_sequences(sequences, wanted)
    bias, settings = _ignored(ignore, source, wanted, settings)
    chosen, origin = choose_weights(settings.weights, settings.reading, list(settings.ks))
    opened = {m: [read.open_maps(f, source, wanted) for f in own] for m, own in files.items()}
    every = list(chain(*opened.values()))
    rows, dropped = _draw(source, every if wanted.drop_bad_rows else (), settings)
    shown = np.sort(np.random.default_rng(settings.seed).permutation(len(rows))[:N_LOGOS])
    x, places = read.read_sequences(source, rows), source.places
    scorer = Scorer(x, settings, chosen, [places[i][:3] for i in rows] if places else None)
    scored, other = {}, read.read_maps(bias, rows, x).astype(float) if bias else None
    for number, (name, several) in enumerate(opened.items(), 1):
        progress(f"scoring {number} of {len(opened)}: {name}")
        scored[name] = _score_model(scorer, several, source, rows, shown, other)
    paths = [Path(path) for path in (sequences, *chain(*files.values()))]
    found = _compared(scored, measured) | {"performance_name": performance_name, "weights": origin}
    found["notes"] = _notes([source, *every], scorer, origin, scored, dropped)
    found["inputs"] = {"/".join(p.parts[-2:]): sha256(p) for p in paths if p.is_file()}
    found |= {"n_available": source.shape[0], "settings": settings}
    return Result(**found, logo_rows=rows[shown].tolist(), logo_x=x[shown])


def _files(
    maps: Sequence[File | Sequence[File]], names: Sequence[str] | None
) -> dict[str, list[File]]:
    """The files of each model, by its name."""
    files = [[f] if isinstance(f, str | PathLike) else list(f) for f in maps]
    names = [Path(own[0]).stem for own in files] if names is None else [*map(str.strip, names)]
    if not len(names) == len(files) > 0:
        raise ValueError(f"--names: got {len(names)} names for {len(files)} models with files")
    for i, name in enumerate(names):
        if not name.strip() or not name.isprintable() or len(name) > 200:
            raise ValueError(f"--names: {name[:200]!r} is not a name of 1 to 200 printable letters")
        if name in names[:i]:
            both = f"{files[names.index(name)][0]} and {files[i][0]}"
            raise ValueError(f"two models are called {name!r} ({both}): give each its own name")
    return dict(zip(names, files))


def _draw(source: read.Source, maps: Iterable[read.Source], settings: Settings) -> tuple[Ints, int]:
    """Rows that are scored, ascending, and how many were left out as unusable in one of `maps`."""
    rows, most = np.arange(source.shape[0]), settings.max_sequences
    if 0 < most < len(rows):
        rows = np.sort(np.random.default_rng(settings.seed).choice(len(rows), most, replace=False))
    good = np.ones(len(rows), bool)
    for file in maps:
        good &= read.usable(file, rows)
    if not good.any():
        raise ValueError("--drop-bad-rows: no sequence is left, some model has no map of each")
    return rows[good], int((~good).sum())


def _ignored(
    path: File | None, source: read.Source, wanted: read.Wanted, settings: Settings
) -> tuple[read.Source | None, Settings]:
    """Maps of a bias model, or settings with words, of a file of what is to be ignored."""
    if path is None:
        return None, settings
    with one_line(Path(path)):
        if holds_arrays(Path(path)):
            return read.open_maps(path, source, wanted), settings
        lines = texts.read_text(Path(path)).upper().splitlines()
        words = tuple(word for line in lines for word in line.partition("#")[0].split())
        wrong = [word[:40] for word in words if not re.fullmatch("[ACGT]{2,}", word)]
        if wrong or not words:
            raise ValueError(f"{''.join(wrong[:1]) or 'it holds nothing'}: expected DNA words")
    return None, replace(settings, ignored_words=words)


def _score_model(
    scorer: Scorer,
    files: Sequence[read.Source],
    source: read.Source,
    rows: Ints,
    shown: Ints,
    bias: Array | None,
) -> Scored:
    """Score the mean map of the files of one model."""
    x, s, total, tracks, part = scorer.x, scorer.settings, np.zeros(()), [], None
    for file in files:
        a = read.read_maps(file, rows, x)
        read.check_sequences(file, source, rows, x)
        read.check_channels(file, x, a)
        total = total + a / len(files) if len(files) > 1 else a
        if len(files) > 1:
            with one_line(file.path):
                tracks += [position_scores(x, a, score=s.score, correct=s.correct)]
    if bias is not None:
        # Squares of large and small numbers may be none.
        total, bias = (one.astype(float) / max(np.abs(one).max(), 1e-300) for one in (total, bias))
        common = (total * bias).sum() / max((bias**2).sum(), 1e-300) * bias
        part = float((common**2).sum() / max((total**2).sum(), 1e-300))
        if part > 1 - 1e-9:  # what is left is rounding
            raise ValueError(f"{files[0].path}: the bias maps are all of its maps: nothing is left")
        total = total - common
    try:
        scored = scorer.score(total, shown)
    except ValueError as error:
        raise ValueError(f"{files[0].path}: {error}") from None
    alike = dict(zip(("agreement", "agreement_chance"), models.agreement(tracks)))
    return scored._replace(row=scored.row | {"n_files": len(files), "bias": part} | alike)


def _compared(scored: Mapping[str, Scored], measured: Mapping[str, float]) -> dict[str, Any]:
    """The parts of a `Result` that set models beside each other."""
    rows = {name: model.row for name, model in scored.items()}
    intervals = {name: model.interval for name, model in scored.items()}
    table = ranking.ranked(rows, intervals, measured)
    family = dict(zip(scored, family_wise([model.test for model in scored.values()])))
    table.insert(list(table.columns).index("p") + 1, "p_family", table["model"].map(family))
    says = [verdict(row) for _, row in table.iterrows()]
    table.insert(2, "verdict", [what for what, _ in says])
    table.insert(3, "why", [why for _, why in says])
    words = pd.concat([model.words.assign(model=name) for name, model in scored.items()])
    found = {"table": table, "words": words, "logos": {n: m.logos for n, m in scored.items()}}
    return found | {"detectable": ranking.detectable([*intervals.values()])}


def _notes(
    opened: Sequence[read.Source],
    scorer: Scorer,
    origin: Mapping[str, Any],
    scored: Mapping[str, Scored],
    dropped: int,
) -> list[str]:
    """What the reader of the numbers has to know."""
    turned = (file for file in opened if file.layout != "NLC")
    read_as = ((f"{f.key or 'The array'} of {f.path.name}", ", ".join(f.layout)) for f in turned)
    notes = [f"{array} was read as {axes.translate(read.AXES)}." for array, axes in read_as]
    notes += [file.note for file in opened if file.note]
    if dropped:
        why = "some model has no map of them, or one that is zero everywhere"
        notes.append(f"{dropped} sequences were left out: {why}.")
    by_name = ", ".join(file.path.name for file in opened if file.order is not None)
    notes += [f"Rows were found by the names of the sequences in {by_name}."] * bool(by_name)
    x, settings = scorer.x, scorer.settings
    if len(x) + dropped < (available := opened[0].shape[0]):
        drawn = f"{len(x):,} of the {available:,} sequences were drawn at random"
        notes.append(f"{drawn} (seed {settings.seed}), the same for all models.")
    if unknown := 1 - x.any(axis=2).mean():
        notes.append(f"{unknown:.2g} of all positions are unknown bases; no word holds one.")
    if settings.ignored_words:
        notes.append(f"Bases under {', '.join(settings.ignored_words)} count in no word.")
    for name, model in scored.items():
        if (part := model.row["bias"]) is not None:
            notes.append(f"{name}: the bias maps were {part:.0%} of its maps, and are taken off.")
        if dead := model.row["n_all_zero"]:
            notes.append(f"{name}: the maps of {dead} of {len(x)} sequences are zero everywhere.")
    notes += [f"The null: {note}." for note in scorer.exchange.notes]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_if_unlike(origin["trained_on"], *x.shape[:2])
    return notes + [f"The length weights do not fit here: {w.message}." for w in caught]
