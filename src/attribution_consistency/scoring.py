"""Score saved attribution maps of any model: what `attribution-consistency score` computes.

Models are read and scored one after another; of each, only its scores, its jackknife
replicates and the maps of a few sequences for logos are kept.
"""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import __version__, artefacts, evaluation, metric
from .datasets import attributions, motifs
from .metric import rounding

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from .metric import Jackknife, LengthWeights

N_BLOCKS = 20
N_LOGOS = 3
TOP_KMERS = 10
READINGS = evaluation.READINGS


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


@dataclass
class Result:
    """Everything a report shows; the columns of its tables are in the book's data dictionary."""

    table: pd.DataFrame  # one row a model, best score first
    sensitivity: pd.DataFrame  # one row a variant of the score
    kmers: pd.DataFrame  # one row an enriched k-mer
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
    logos: dict[str, NDArray[Any]]  # {model: maps (n, L, 4)}

    def as_json(self) -> dict[str, Any]:
        """The result without logos, as plain values."""
        found: dict[str, Any] = {"version": __version__, "settings": asdict(self.settings)}
        for name, value in vars(self).items():
            if hasattr(value, "to_json"):
                name = "models" if name == "table" else name
                found[name] = json.loads(value.to_json(orient="records", double_precision=12))
            elif not name.startswith("logo") and name not in found:
                found[name] = value
        return found


def example() -> dict[str, Any]:
    """The example maps of the package: arguments of `score_files`, as a dict."""
    folder = Path(str(files("attribution_consistency") / "resources" / "examples"))
    return {
        "sequences": folder / "sequences.npz",
        "performance": folder / "performance.csv",
        "maps": [folder / "exponential.npz", folder / "relu.npz"],
    }


def score_files(
    sequences: str | PathLike[str],
    maps: Sequence[str | PathLike[str]],
    *,
    names: Sequence[str] | None = None,
    performance: str | PathLike[str] | None = None,
    weights: str | PathLike[str] | None = None,
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
        Files, one a model, see `datasets.attributions`.
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
    import pandas as pd

    names = _names(maps, names)
    measured, performance_name = _performance(performance, names)
    chosen, origin = choose_weights(weights, list(settings.ks))
    source = attributions.open_sequences(sequences)
    rng = np.random.default_rng(settings.seed)
    rows = np.arange(source.shape[0])
    if 0 < settings.max_sequences < len(rows):
        rows = np.sort(rng.choice(len(rows), settings.max_sequences, replace=False))
    opened: dict[str, attributions.Source] = {}
    scored: dict[str, dict[str, Any]] = {}
    skipped: dict[str, str] = {}

    @contextlib.contextmanager
    def skipping(name: str) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            if not skip_bad:
                raise
            skipped[name] = str(error)

    for name, path in zip(names, maps):  # what files declare, before any work
        with skipping(name):
            opened[name] = _same_shape(attributions.open_maps(path), source)
    x = attributions.read_sequences(source, rows)
    floor = metric.constant_floor(x, settings.ks, reading=settings.reading, score=settings.score)
    shown = np.sort(rng.permutation(len(x))[:N_LOGOS])
    for done, (name, file) in enumerate(opened.items()):
        progress(done, len(opened), name)
        with skipping(name):
            a = attributions.read_maps(file, rows)
            attributions.check_channels(file, x, a)
            try:
                scored[name] = _score(x, a, floor, settings, chosen) | {"maps": a[shown]}
            except ValueError as error:
                raise ValueError(f"{file.path}: {error}") from None
    if not scored:
        raise ValueError(f"no model could be scored; the first: {next(iter(skipped.values()))}")
    progress(len(opened), len(opened), "")
    table = _ranking(scored, measured)
    return Result(
        table=table,
        sensitivity=_sensitivity(scored, list(table["model"])),
        kmers=pd.concat([s["kmers"].assign(model=name) for name, s in scored.items()]),
        pairs=_pairs(table, settings.within),
        settings=settings,
        weights=origin,
        performance_name=performance_name,
        n_available=source.shape[0],
        detectable=_detectable([s["jackknife"] for s in scored.values()]),
        skipped=skipped,
        notes=_notes({"sequences": source} | opened, skipped, x, settings, origin),
        inputs={Path(p).name: artefacts.sha256(p) for p in (sequences, *maps) if Path(p).is_file()},
        logo_rows=rows[shown].tolist(),
        logo_x=x[shown],
        logos={name: s["maps"] for name, s in scored.items()},
    )


def choose_weights(
    path: str | PathLike[str] | None, ks: list[int]
) -> tuple[dict[str, LengthWeights], dict[str, Any]]:
    """Length weights {reading: LengthWeights} for the lengths `ks`, and where they come from.

    Parameters
    ----------
    path : path
        JSON file {reading: entry}, as `length_weights.json` of a run; None: the shipped ones, or
        equal ones when those are for other lengths.
    ks : list of int
        k-mer lengths.
    """
    if path is None:
        entries = evaluation.default_length_weights()
        chosen = {r: evaluation.shipped_length_weights(r, ks) for r in READINGS}
        source = entries["frequency"]["source"]
        if entries["frequency"]["ks"] != ks:
            source = f"equal weights, because those of the package are not for k = {ks}"
    else:
        source = Path(path).name
        try:
            entries = json.loads(Path(path).read_text(encoding="utf-8"))
            chosen = {r: evaluation.length_weights_from(entries[r]) for r in READINGS}
            fit = all(
                list(entries[r]["ks"]) == ks
                and np.isfinite(w.mean).all()
                and w.mean.shape == (len(ks),)
                for r, w in chosen.items()
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"
            raise ValueError(f"{path}: not a file of length weights ({reason})") from None
        if not fit:
            found = entries["frequency"]["ks"]
            raise ValueError(f"{path}: weights for k = {found}, expected one for each of {ks}")
    mean = {r: w.mean.tolist() for r, w in chosen.items()}
    trained_on = entries["frequency"]["trained_on"]
    return chosen, {"source": source, "ks": ks, "trained_on": trained_on, "mean": mean}


@cache
def fits(kmer: str) -> str:
    """Names of the JASPAR motifs that a k-mer fits about equally well, best first."""
    found = motifs.fitting_motifs(kmer, _matrices())
    return ", ".join(dict.fromkeys(motif.name for motif, _ in found))


@cache
def _matrices() -> list[motifs.Motif]:
    """All JASPAR matrices in both orientations."""
    found = []
    for matrix_id, (name, counts) in motifs.jaspar_matrices().items():
        ppm = counts / counts.sum(axis=1, keepdims=True)
        found.append(motifs.Motif(matrix_id, name, "", "+", ppm))
        found.append(motifs.Motif(matrix_id, name, "", "-", ppm[::-1, ::-1]))
    return found


def pareto(performance: ArrayLike, score: ArrayLike) -> NDArray[np.bool_]:
    """Which models no other beats in one of two numbers without losing in the other, (M,)."""
    p, s = rounding.rounded(performance), rounding.rounded(score)
    beaten = (p[:, None] <= p) & (s[:, None] <= s) & ((p[:, None] < p) | (s[:, None] < s))
    return ~beaten.any(axis=1) & np.isfinite(p) & np.isfinite(s)


def _score(
    x: NDArray[Any],
    a: NDArray[Any],
    floor: NDArray[np.float64],
    settings: Settings,
    chosen: Mapping[str, LengthWeights],
) -> dict[str, Any]:
    """All scores of one model: `row`, `jackknife`, `kmers` and `variants`."""
    import pandas as pd

    ks, weights = list(settings.ks), chosen[settings.reading]
    own: dict[str, Any] = {
        "reading": settings.reading,
        "score": settings.score,
        "correct": settings.correct,
    }
    if len(x) < 2:
        raise ValueError("one sequence: an interval needs two or more")
    jackknife = metric.jackknife(x, a, ks, weights=weights, n_blocks=min(N_BLOCKS, len(x)), **own)
    by_k = {
        "kld": metric.kmer_klds(x, a, ks, **own),
        "floor": floor,
        "from_floor": metric.excess_klds(x, a, ks, **own),
    }
    row: dict[str, Any] = {
        "n": len(x),
        "length": x.shape[1],
        "score": float(jackknife.estimate),
        "score_low": float(jackknife.low),
        "score_high": float(jackknife.high),
        "score_se": float(jackknife.se),
        "score_floor": float(metric.consistency(floor, weights)),
    }
    if settings.draws:
        null = metric.rotated_null(x, a, ks, n_draws=settings.draws, seed=settings.seed, **own)
        by_k |= {"null": null.null.mean(axis=0), "p": null.p_value, "excess": null.excess}
        drawn = metric.consistency(null.null, weights)
        higher = rounding.at_least(drawn, metric.consistency(null.observed, weights)).sum()
        row |= {
            "score_null": drawn.mean(),
            "score_excess": row["score"] - drawn.mean(),
            "score_p": (1 + higher) / (1 + len(drawn)),
        }
    k = min(6, max(ks))
    top = metric.enriched_kmers(x, a, k, top=TOP_KMERS, **own)
    original = metric.thresholded_kld(x, a, min(6, x.shape[1]), correct=settings.correct)
    row |= {
        "gini": metric.gini(x, a, score=settings.score, correct=settings.correct),
        "kld_original": original,
        "n_all_zero": metric.kmer_distributions(x, a, k, **own).n_all_zero,
    }
    row |= {f"{name}_k{k}": v for name, values in by_k.items() for k, v in zip(ks, values)}
    return {
        "row": row,
        "jackknife": jackknife,
        "variants": _variants(x, a, ks, own, chosen, row),
        "kmers": pd.DataFrame(
            {
                "kmer": top.names,
                "contribution": top.contribution,
                "attributed": top.q,
                "expected": top.p,
                "fits": [fits(name) for name in top.names],
            }
        ),
    }


def _variants(
    x: NDArray[Any],
    a: NDArray[Any],
    ks: list[int],
    own: dict[str, Any],
    chosen: Mapping[str, LengthWeights],
    row: Mapping[str, Any],
) -> dict[str, float]:
    """The score under other choices: {what differs: value}."""

    def under(every: int = 1, **changed: Any) -> float:
        options = own | changed
        try:
            klds = metric.kmer_klds(x[::every], a[::every], ks, **options)
        except ValueError:  # such as maps that correction leaves all zero
            return float("nan")
        return float(metric.consistency(klds, chosen[options["reading"]]))

    found = {f"reading {r}": under(reading=r) for r in READINGS if r != own["reading"]}
    found |= {f"score {s}": under(score=s) for s in ("abs_input", "l2") if s != own["score"]}
    found["without correction" if own["correct"] else "with correction"] = under(
        correct=not own["correct"]
    )
    found |= {f"every {n} sequence": under(every=e) for n, e in (("second", 2), ("fourth", 4))}
    klds = {f"k = {k} alone": float(row[f"kld_k{k}"]) for k in ks}
    found["all k weighted alike"] = float(np.mean(list(klds.values())))
    return found | klds | {"original metric": row["kld_original"], "Gini": row["gini"]}


def _names(maps: Sequence[str | PathLike[str]], names: Sequence[str] | None) -> Sequence[str]:
    paths = [Path(path) for path in maps]
    names = [path.stem for path in paths] if names is None else names
    if len(names) != len(paths):
        raise ValueError(f"--names: got {len(names)} names for {len(paths)} files of attributions")
    for i, name in enumerate(names):
        if not name.strip() or not name.isprintable():
            raise ValueError(f"--names: {name!r} is not a name")
        if name in names[:i]:
            raise ValueError(
                f"two models are called {name!r} ({paths[names.index(name)]} and "
                f"{paths[i]}): give each its own with --names"
            )
    return names


def _performance(
    path: str | PathLike[str] | None, names: Sequence[str]
) -> tuple[dict[str, float], str | None]:
    """Performance {model: value} from a CSV, and the name of its column."""
    import pandas as pd

    if path is None:
        return {}, None
    try:
        table = pd.read_csv(path, dtype={"model": str})
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[-1]
        raise ValueError(f"{path}: not a CSV table ({reason})") from None
    columns = [c for c in table.columns if c != "model"]
    column = "value" if "value" in columns else columns[0] if len(columns) == 1 else None
    if "model" not in table or column is None:
        found = ", ".join(table.columns)
        raise ValueError(f"{path}: got columns {found}, expected model and one of numbers")
    values = dict(zip(table["model"], pd.to_numeric(table[column], errors="coerce")))
    if len(values) < len(table):
        twice = table["model"][table["model"].duplicated()].iloc[0]
        raise ValueError(f"{path}: model {twice!r} is there twice")
    for name in names:
        if not np.isfinite(values.get(name, np.nan)):
            there = "has no number for" if name in values else "has no row for"
            raise ValueError(
                f"{path}: {there} model {name!r}; its models: {', '.join(map(str, [*values][:5]))}"
            )
    return values, column


def _same_shape(maps: attributions.Source, source: attributions.Source) -> attributions.Source:
    """`maps`, if they are of the sequences' number and length."""
    if maps.shape != source.shape:
        (n, length, _), (m, positions, _) = maps.shape, source.shape
        raise ValueError(
            f"{maps.path}: {n} maps of {length} positions, but {source.path} has {m} "
            f"sequences of {positions}"
        )
    return maps


def _ranking(
    scored: Mapping[str, Mapping[str, Any]], measured: Mapping[str, float]
) -> pd.DataFrame:
    """One row a model, best first, each compared with the best."""
    import pandas as pd

    table = pd.DataFrame([{"model": name, **s["row"]} for name, s in scored.items()])
    table = table.sort_values(
        ["score", "model"],
        ascending=[False, True],
        ignore_index=True,
        key=lambda column: rounding.rounded(column) if column.name == "score" else column,
    )
    table.insert(0, "rank", range(1, len(table) + 1))
    best = scored[table["model"][0]]["jackknife"]
    compared = [metric.paired_difference(best, scored[m]["jackknife"]) for m in table["model"]]
    for name, part in (("", "estimate"), ("_low", "low"), ("_high", "high")):
        values = [float(getattr(c, part)) for c in compared]
        table.insert(list(table.columns).index("score_floor"), f"below_best{name}", values)
    if measured:
        table.insert(2, "performance", table["model"].map(measured))
        table.insert(3, "pareto", pareto(table["performance"], table["score"]))
    return table


def _detectable(jackknives: Sequence[Jackknife]) -> float | None:
    """Median over pairs of models of the smallest difference found with 80 % power."""
    found = [
        metric.smallest_difference(metric.paired_difference(one, two))
        for i, one in enumerate(jackknives)
        for two in jackknives[:i]
    ]
    return float(np.median(found)) if found else None


def _pairs(table: pd.DataFrame, within: float) -> pd.DataFrame:
    """Models that perform alike and whose scores differ most, one pair a level of performance."""
    import pandas as pd

    if "performance" not in table:
        return pd.DataFrame()
    table = table.rename(columns={"model": "id"})[["id", "performance", "score"]]
    pairs = evaluation.matched_pairs(table, "performance", "score", within)
    return pairs.drop(columns="task")


def _sensitivity(scored: Mapping[str, Mapping[str, Any]], order: Sequence[str]) -> pd.DataFrame:
    """How the order of models changes when a choice changes: one row a variant."""
    import pandas as pd

    rows = []
    for name in scored[order[0]]["variants"]:
        values = np.array([scored[model]["variants"][name] for model in order])
        first, second = np.triu_indices(len(order), 1)  # order has falling scores
        rows.append(
            {
                "variant": name,
                "undefined": int(np.isnan(values).sum()),
                "best": order[rounding.first_largest(np.nan_to_num(values, nan=-np.inf))],
                "pairs_reversed": int((values[first] < values[second]).sum()),
                "pairs": int(np.isfinite(values[first] + values[second]).sum()),
                **dict(zip((f"value_{model}" for model in order), values)),
            }
        )
    return pd.DataFrame(rows)


def _notes(
    opened: Mapping[str, attributions.Source],
    skipped: Mapping[str, str],
    x: NDArray[Any],
    settings: Settings,
    origin: Mapping[str, Any],
) -> list[str]:
    """What the reader of the numbers has to know."""
    found = [
        f"{name}: the file has (N, 4, L); it was read with length and channels exchanged."
        for name, file in opened.items()
        if file.transposed
    ]
    if len(x) < (available := opened["sequences"].shape[0]):
        found.append(
            f"{len(x):,} of the {available:,} sequences were drawn at random (seed "
            f"{settings.seed}), the same for all models; every number is of these."
        )
    found += [f"{name}: left out. {reason}" for name, reason in skipped.items()]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        metric.warn_if_unlike(origin["trained_on"], *x.shape[:2])
    return found + [f"The length weights do not fit here: {w.message}." for w in caught]
