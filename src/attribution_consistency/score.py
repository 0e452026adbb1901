"""Score saved attribution maps of any model: what `attribution-consistency score` computes.

Models are read and scored one after another; of each, only its scores, its jackknife
replicates and the maps of a few sequences for logos are kept.
"""

import json
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from . import __version__, ranking, read
from .arrays import Array, Ints
from .files import sha256
from .length_scaling import warn_if_unlike
from .nulls import family_wise
from .scorer import Scored, Scorer, Settings, verdict
from .weights import choose_weights

N_LOGOS = 2
DEFAULT = Settings()
File = str | PathLike[str]


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
    skipped: dict[str, str]  # {model: why}
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
    maps: Sequence[File],
    *,
    names: Sequence[str] | None = None,
    controls: Sequence[File] = (),
    performance: File | None = None,
    wanted: read.Wanted = read.ANY,
    settings: Settings = DEFAULT,
    progress: Callable[[str], object] = lambda line: None,
) -> Result:
    """Score the maps of one or many models on the same sequences: a `Result`.

    Parameters
    ----------
    sequences : path
        File of N sequences of length L.
    maps : list of paths
        Files, one a model, see `read.open_maps`.
    names : list of str
        Of the models, the stems of the files by default.
    controls : list of paths
        Maps of networks that learnt nothing, such as untrained copies, in the same table.
    performance : path
        CSV with columns `model` and one of numbers.
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
    names = _names(maps, names)
    measured, performance_name = read.read_performance(performance, names)
    maps, names = [*maps, *controls], [*names, *(f"control: {Path(f).stem}" for f in controls)]
    chosen, origin = choose_weights(settings.weights, list(settings.ks))
    source, skipped = read.open_sequences(sequences, wanted), dict[str, str]()
    attempt = partial(_attempt, skipped if wanted.skip_bad else None)
    tried = {n: attempt(n, read.open_maps, f, source, wanted) for n, f in zip(names, maps)}
    opened = {name: file for name, file in tried.items() if file}  # by what files declare
    rows, dropped = _draw(source, opened.values() if wanted.drop_bad_rows else (), settings)
    shown, x = _logo_rows(rows, settings), read.read_sequences(source, rows)
    scorer, scored = Scorer(x, settings, chosen), {}
    for number, (name, file) in enumerate(opened.items(), 1):
        progress(f"scoring {number} of {len(opened)}: {name}")
        if model := attempt(name, _score_file, scorer, file, source, rows):
            scored[name] = model
    if not scored:
        raise ValueError(f"no model could be scored; the first: {next(iter(skipped.values()))}")
    return Result(
        **_compared(scored, measured),
        settings=settings,
        weights=origin,
        performance_name=performance_name,
        n_available=source.shape[0],
        skipped=skipped,
        notes=_notes({"sequences": source} | opened, skipped, scorer, origin, scored, dropped),
        inputs=_digests(sequences, *maps),
        logo_rows=rows[shown].tolist(),
        logo_x=x[shown],
    )


def _digests(*paths: File) -> dict[str, str]:
    """SHA-256 of each file, by its name and that of its folder."""
    return {"/".join(p.parts[-2:]): sha256(p) for p in map(Path, paths) if p.is_file()}


def _attempt(
    skipped: dict[str, str] | None, name: str, function: Callable[..., Any], *arguments: Any
) -> Any:
    """What a function gives, or None with what is wrong noted; `skipped` None: that is raised."""
    try:
        return function(*arguments)
    except ValueError as error:
        if skipped is None:
            raise
        skipped[name] = str(error)


def _draw(source: read.Source, maps: Iterable[read.Source], settings: Settings) -> tuple[Ints, int]:
    """Rows that are scored, ascending, and how many were left out as unusable in one of `maps`."""
    rows, most = np.arange(source.shape[0]), settings.max_sequences
    if 0 < most < len(rows):
        rows = np.sort(np.random.default_rng(settings.seed).choice(len(rows), most, replace=False))
    good = np.ones(len(rows), bool)
    for file in maps:
        good &= read.usable(file, rows)
    return rows[good], int((~good).sum())


def _logo_rows(rows: Ints, settings: Settings) -> Ints:
    """Places among `rows` that are drawn as logos, ascending."""
    return np.sort(np.random.default_rng(settings.seed).permutation(len(rows))[:N_LOGOS])


def _score_file(scorer: Scorer, file: read.Source, source: read.Source, rows: Ints) -> Scored:
    a = read.read_maps(file, rows, scorer.x)
    read.check_sequences(file, source, rows, scorer.x)
    read.check_channels(file, scorer.x, a)
    try:
        return scorer.score(a, _logo_rows(rows, scorer.settings))
    except ValueError as error:
        raise ValueError(f"{file.path}: {error}") from None


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
    return {
        "logos": {name: model.logos for name, model in scored.items()},
        "table": table,
        "words": pd.concat([model.words.assign(model=name) for name, model in scored.items()]),
        "detectable": ranking.detectable(list(intervals.values())),
    }


def _names(maps: Sequence[File], names: Sequence[str] | None) -> Sequence[str]:
    """Names of the models, checked."""
    paths = [Path(path) for path in maps]
    names = [path.stem for path in paths] if names is None else names
    if len(names) != len(paths):
        raise ValueError(f"--names: got {len(names)} names for {len(paths)} files of attributions")
    for i, name in enumerate(names):
        if not name.strip() or not name.isprintable():
            raise ValueError(f"--names: {name!r} is not a name")
        if name in names[:i]:
            both = f"{paths[names.index(name)]} and {paths[i]}"
            raise ValueError(f"two models are called {name!r} ({both}): give each its own --names")
    return names


def _notes(
    opened: Mapping[str, read.Source],
    skipped: Mapping[str, str],
    scorer: Scorer,
    origin: Mapping[str, Any],
    scored: Mapping[str, Scored],
    dropped: int,
) -> list[str]:
    """What the reader of the numbers has to know."""
    notes = [
        f"{name}: {file.key or 'the array'} of {file.path.name} was read as {file.axes}."
        for name, file in opened.items()
        if file.layout != "NLC"
    ]
    notes += [file.note for file in opened.values() if file.note]
    x, settings = scorer.x, scorer.settings
    if dropped:
        why = "some model has no map of them, or one that is zero everywhere"
        notes.append(f"{dropped} sequences were left out: {why}.")
    if len(x) + dropped < (available := opened["sequences"].shape[0]):
        notes.append(
            f"{len(x):,} of the {available:,} sequences were drawn at random (seed "
            f"{settings.seed}), the same for all models; every number is of these."
        )
    if unknown := 1 - x.any(axis=2).mean():
        notes.append(f"{unknown:.2g} of all positions are unknown bases; no word holds one.")
    for name, model in scored.items():
        if dead := model.row["n_all_zero"]:
            notes.append(f"{name}: the maps of {dead} of {len(x)} sequences are zero everywhere.")
    notes += [f"{name}: left out. {reason}" for name, reason in skipped.items()]
    notes += [f"The null: {note}." for note in scorer.exchange.notes]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_if_unlike(origin["trained_on"], *x.shape[:2])
    return notes + [f"The length weights do not fit here: {w.message}." for w in caught]
