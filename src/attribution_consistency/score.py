"""Score saved attribution maps of any model: what `attribution-consistency score` computes.

Models are read and scored one after another; of each, only its scores, its jackknife
replicates and the maps of a few sequences for logos are kept.
"""

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from . import __version__, divergence, exchange, maps, motifs, ranking, read, words
from .arrays import Array, Floats, Ints
from .files import sha256
from .kmers import all_kmers, stay, sum_windows
from .length_scaling import LengthWeights, consistency, warn_if_unlike
from .maps import READINGS, SCORES, gini
from .matching import matched_pairs
from .nulls import NullTest, exchanged_klds, exchanged_null, family_wise, rotated_null, tested
from .uncertainty import Jackknife, excess_interval
from .weights import choose_weights

N_LOGOS = 3
FEW_DRAWS = 9  # for the mean of a null, where no p-value is asked for
MOSTLY_KEPT = 0.5  # share of the KLD over the floor that exchange keeps
LEVEL = 0.05
FOUND = "depends on the sequence"
COINCIDE = "cannot tell: words and positions coincide"
NOTHING = "no evidence that it depends on the sequence"
File = str | PathLike[str]


@dataclass(frozen=True)
class Settings:
    """What is scored, and how much work goes into intervals and the null."""

    ks: tuple[int, ...] = (3, 4, 5, 6, 7, 8)
    reading: str = "frequency"
    score: str = "abs_input"
    correct: bool = True
    draws: int = 99
    max_sequences: int = 1000
    seed: int = 0
    within: float = 0.01  # models match when their performance differs by no more

    @property
    def options(self) -> dict[str, Any]:
        """Those of the metric, see `kmer_klds`."""
        return {"reading": self.reading, "score": self.score, "correct": self.correct}


@dataclass
class Result:
    """Everything a report shows; the columns of its tables are in the book's data dictionary."""

    table: pd.DataFrame  # one row a model, best score first
    sensitivity: pd.DataFrame  # one row a variant of the score
    words: pd.DataFrame  # one row a word that carries more attribution than by chance
    pairs: pd.DataFrame  # models of equal performance whose scores differ most
    settings: Settings
    weights: dict[str, Any]  # mean, source, trained_on
    performance_name: str | None
    n_available: int  # sequences in the file
    detectable: float | None  # median over pairs of models of the smallest detectable difference
    notes: list[str]  # what the reader has to know
    skipped: dict[str, str]  # {model: why}
    inputs: dict[str, str]  # {file: SHA-256}
    logo_rows: list[int]  # numbers of the sequences drawn as logos
    logo_x: NDArray[np.float32]
    logos: dict[str, Array]  # {model: maps (n, L, 4)}

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


class Scored(NamedTuple):
    """What is kept of one model."""

    row: dict[str, Any]  # of the table
    test: NullTest  # of the weighted score
    interval: Jackknife
    variants: dict[str, float]  # the score under other choices
    words: pd.DataFrame
    logos: Array


def example() -> dict[str, Any]:
    """The example maps of the package: arguments of `score_files`, as a dict."""
    folder = Path(str(files("attribution_consistency") / "resources" / "examples"))
    maps = [folder / "exponential.npz", folder / "relu.npz"]
    given = {"sequences": folder / "sequences.npz", "performance": folder / "performance.csv"}
    return given | {"maps": maps}


def score_files(
    sequences: File,
    maps: Sequence[File],
    *,
    names: Sequence[str] | None = None,
    performance: File | None = None,
    weights: File | None = None,
    skip_bad: bool = False,
    settings: Settings = Settings(),
    progress: Callable[[int, int, str], None] = lambda done, total, name: None,
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
    performance : path
        CSV with columns `model` and one of numbers.
    weights : path
        JSON file of length weights, those of the package by default.
    skip_bad : bool
        Leave a model with unusable maps out, and say so.
    settings : Settings
        What is scored, and how.
    progress : function of (done, total, name)
        Called before each model.

    Raises
    ------
    ValueError
        In one line, for whatever cannot be scored.
    """
    names = _names(maps, names)
    measured, performance_name = read.read_performance(performance, names)
    chosen, origin = choose_weights(weights, list(settings.ks))
    source = read.open_sequences(sequences)
    skipped: dict[str, str] = {}
    attempt = partial(_attempt, skipped if skip_bad else None)
    opened = {n: attempt(n, read.open_maps, path, source) for n, path in zip(names, maps)}
    opened = {name: file for name, file in opened.items() if file}  # by what files declare
    rows, shown = _draw(source.shape[0], settings)
    x = read.read_sequences(source, rows)
    scorer, scored = Scorer(x, settings, chosen), {}
    for done, (name, file) in enumerate(opened.items()):
        progress(done, len(opened), name)
        if model := attempt(name, _score_file, scorer, file, rows, shown):
            scored[name] = model
    if not scored:
        raise ValueError(f"no model could be scored; the first: {next(iter(skipped.values()))}")
    progress(len(opened), len(opened), "")
    return Result(
        **_compared(scored, measured, settings),
        weights=origin,
        performance_name=performance_name,
        n_available=source.shape[0],
        skipped=skipped,
        notes=_notes({"sequences": source} | opened, skipped, scorer, origin),
        inputs={Path(p).name: sha256(p) for p in (sequences, *maps) if Path(p).is_file()},
        logo_rows=rows[shown].tolist(),
        logo_x=x[shown],
    )


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


def _draw(available: int, settings: Settings) -> tuple[Ints, Ints]:
    """Rows that are scored, and places among them that are drawn as logos, both ascending."""
    rng = np.random.default_rng(settings.seed)
    rows = np.arange(available)
    if 0 < settings.max_sequences < available:
        rows = np.sort(rng.choice(available, settings.max_sequences, replace=False))
    return rows, np.sort(rng.permutation(len(rows))[:N_LOGOS])


@dataclass(frozen=True)
class Scorer:
    """Scores one model after another on the same sequences."""

    x: Array  # (N, L, 4)
    settings: Settings
    weights: Mapping[str, LengthWeights]  # by reading

    def score(self, a: Array, shown: Ints) -> Scored:
        """All that is kept of a model with maps `a`; `shown`, the rows of its logos."""
        if len(self.x) < 2:
            raise ValueError("one sequence: an interval needs two or more")
        s, own, weights = self.settings, self.settings.options, self.weights[self.settings.reading]
        null = exchanged_null(self.x, a, s.ks, n_draws=s.draws, seed=s.seed, **own)
        test = tested(consistency(null.observed, weights), consistency(null.null, weights))
        given: dict[str, Any] = {"null": test, "weights": weights, "seed": s.seed}
        interval = excess_interval(self.x, a, s.ks, **given, **own)
        row = self.row(a, null, test, interval)
        return Scored(row, test, interval, self.variants(a, row), self.words(a), a[shown])

    @cached_property
    def exchange(self) -> exchange.Exchange:
        """Which tracks may change places."""
        return exchange.exchangeable(maps.tracks(self.x, [None], "abs_input", True).codes)

    @cached_property
    def floor(self) -> Floats:
        """KLD of a constant map on the sequences that are exchanged, (K,)."""
        constant: dict[str, Any] = {"reading": self.settings.reading, "correct": False}
        klds = exchanged_klds(self.x, self.x, self.settings.ks, n_draws=0, **constant)
        return np.asarray(klds[0])

    def row(self, a: Array, null: NullTest, test: NullTest, interval: Jackknife) -> dict[str, Any]:
        """The row of a model in the table."""
        x, s, own = self.x, self.settings, self.settings.options
        weights = self.weights[s.reading]
        by_k = {"kld": null.observed, "floor": self.floor, "excess": null.excess}
        by_k["null"] = null.null.mean(axis=0)
        row: dict[str, Any] = {"n": len(x), "length": x.shape[1]}
        row["n_distinct"] = len(self.exchange.first)
        for name, value in zip(("score", "score_se", "score_low", "score_high"), interval):
            row[name] = float(value)
        row["score_floor"] = float(consistency(self.floor, weights))
        row |= {"score_kld": float(test.observed), "score_null": float(test.null.mean())}
        over = row["score_kld"] - row["score_floor"]
        row["kept"] = (row["score_null"] - row["score_floor"]) / over if over > 0 else np.nan
        row["p"], row["p_rotated"] = float(test.p_value), np.nan
        if row["p"] > LEVEL and x.shape[1] >= 2 * exchange.CLOSEST:
            turned = rotated_null(x, a, s.ks, n_draws=s.draws, seed=s.seed, weights=weights, **own)
            row["p_rotated"] = float(turned.p_value)
        row["verdict"] = verdict(row)
        scored = maps.tracks(x, [a], s.score, s.correct)
        _, by_base = sum_windows(scored.codes, scored.shares, stay(*x.shape[:2]), all_kmers([1]))
        row |= dict(zip(("on_A", "on_C", "on_G", "on_T"), by_base[1][0] / by_base[1][0].sum()))
        row["gini"] = gini(x, a, score=s.score, correct=s.correct)
        k = min(6, x.shape[1])
        row["kld_original"] = divergence.thresholded_kld(x, a, k, correct=s.correct)
        row["n_all_zero"] = int(scored.n_all_zero[0])
        return row | {f"{name}_k{k}": v for name, vs in by_k.items() for k, v in zip(s.ks, vs)}

    def words(self, a: Array) -> pd.DataFrame:
        """The words that carry more attribution than by chance, and the motifs that they fit."""
        s = self.settings
        k = min(6, max(s.ks))
        own: dict[str, Any] = {"score": s.score, "correct": s.correct}
        found = words.attributed_words(self.x, a, k, n_draws=s.draws, seed=s.seed, **own)._asdict()
        table = pd.DataFrame({"word": found.pop("names"), **found})
        return table.assign(fits=[motifs.fitting_names(word) for word in table["word"]])

    def variants(self, a: Array, row: Mapping[str, Any]) -> dict[str, float]:
        """The score under other choices: {what differs: value}."""
        s = self.settings

        def under(every: int = 1, **changed: Any) -> float:
            options = s.options | changed | {"n_draws": FEW_DRAWS, "seed": s.seed}
            try:
                klds = exchanged_klds(self.x[::every], a[::every], s.ks, **options)
            except ValueError:  # such as maps that correction leaves all zero
                return float("nan")
            scores = consistency(klds, self.weights[options["reading"]])
            return float(scores[0] - scores[1:].mean())

        alone = {f"k = {k} alone": float(row[f"excess_k{k}"]) for k in s.ks}
        correction = "without correction" if s.correct else "with correction"
        return {
            **{f"reading {r}": under(reading=r) for r in READINGS if r != s.reading},
            **{f"score {name}": under(score=name) for name in SCORES if name != s.score},
            correction: under(correct=not s.correct),
            "every second sequence": under(every=2),
            "every fourth sequence": under(every=4),
            "all k weighted alike": float(np.mean(list(alone.values()))),
            **alone,
            "nothing subtracted": row["score_kld"],
            "original metric": row["kld_original"],
            "Gini": row["gini"],
        }


def verdict(row: Mapping[str, Any]) -> str:
    """What p says of a model; see `exchanged_null` for what it cannot see."""
    if row["p"] <= LEVEL:
        return FOUND
    fixed = row["p_rotated"] <= LEVEL and row["kept"] >= MOSTLY_KEPT
    return COINCIDE if fixed else NOTHING


def _score_file(scorer: Scorer, file: read.Source, rows: Ints, shown: Ints) -> Scored:
    a = read.read_maps(file, rows)
    read.check_channels(file, scorer.x, a)
    try:
        return scorer.score(a, shown)
    except ValueError as error:
        raise ValueError(f"{file.path}: {error}") from None


def _compared(
    scored: Mapping[str, Scored], measured: Mapping[str, float], settings: Settings
) -> dict[str, Any]:
    """The parts of a `Result` that set models beside each other."""
    rows = {name: model.row for name, model in scored.items()}
    intervals = {name: model.interval for name, model in scored.items()}
    table = ranking.ranked(rows, intervals, measured)
    family = dict(zip(scored, family_wise([model.test for model in scored.values()])))
    table.insert(list(table.columns).index("p") + 1, "p_family", table["model"].map(family))
    variants = pd.DataFrame({name: scored[name].variants for name in table["model"]})
    pairs = pd.DataFrame()
    if measured:
        named = table.rename(columns={"model": "id"})[["id", "performance", "score"]]
        pairs = matched_pairs(named, "performance", "score", settings.within).drop(columns="task")
    return {
        "settings": settings,
        "logos": {name: model.logos for name, model in scored.items()},
        "table": table,
        "sensitivity": ranking.sensitivity(variants),
        "words": pd.concat([model.words.assign(model=name) for name, model in scored.items()]),
        "pairs": pairs,
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
) -> list[str]:
    """What the reader of the numbers has to know."""
    notes = [
        f"{name}: the file has (N, 4, L); it was read with length and channels exchanged."
        for name, file in opened.items()
        if file.transposed
    ]
    x, settings = scorer.x, scorer.settings
    if len(x) < (available := opened["sequences"].shape[0]):
        notes.append(
            f"{len(x):,} of the {available:,} sequences were drawn at random (seed "
            f"{settings.seed}), the same for all models; every number is of these."
        )
    notes += [f"{name}: left out. {reason}" for name, reason in skipped.items()]
    notes += [f"The null: {note}." for note in scorer.exchange.notes]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_if_unlike(origin["trained_on"], *x.shape[:2])
    return notes + [f"The length weights do not fit here: {w.message}." for w in caught]
