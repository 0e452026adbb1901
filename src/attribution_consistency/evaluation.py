"""Scores of many networks: one table row a network, from its maps and its training record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import artefacts
from .metric.rounding import at_least, descending

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from .metric import LengthWeights

READINGS = ("frequency", "instance", "per_sequence")


def positive_test_rows(data: Mapping[str, NDArray[Any]], n: int) -> NDArray[np.intp]:
    """Row numbers of the first `n` positive test sequences; data has `y` and `split`."""
    return np.flatnonzero((data["split"] == 2) & (data["y"][:, 0] > 0.5))[:n]


def sequences_digest(codes: NDArray[np.integer[Any]]) -> str:
    """SHA-256 of integer-coded sequences (N, L), to match maps with their sequences."""
    return hashlib.sha256(np.ascontiguousarray(codes).tobytes()).hexdigest()


def describe(model_id: str, population: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a score table that come from the training record of a network."""
    recipe, test = record["recipe"], record["test"]
    return {
        "id": model_id,
        "population": population,
        "task": recipe["task"],
        "architecture": recipe["architecture"],
        "batch_norm": recipe["batch_norm"],
        "activation": recipe["activation"],
        "regulariser": recipe["regulariser"],
        "targets": len(recipe["targets"]),
        "init": recipe["init"],
        "seed": record["seed"],
        "epochs": record["epochs"],
        "minutes": record["minutes"],
        "status": "diverged" if record["diverged"] else "ok",
        "auroc": test.get("auroc"),
        "pearson": test.get("pearson"),
        "pearson_accessible": test.get("pearson_accessible"),
    }


def score_maps(
    x: NDArray[Any],
    a: NDArray[Any],
    *,
    ks: Sequence[int],
    score: str = "abs_input",
    correct: bool = True,
    motif_mask: NDArray[np.bool_] | None = None,
    spacer_mask: NDArray[np.bool_] | None = None,
) -> dict[str, Any]:
    """Every score of one network's maps, as a dict of columns.

    Parameters
    ----------
    x, a : (N, L, 4) float32
        Sequences and maps; these, `ks`, `score` and `correct` as in `metric.kmer_klds`.
    motif_mask, spacer_mask : (N, L) bool
        None where there is no ground truth, which leaves SNR and the motif AUPR out.
    """
    from . import metric

    row: dict[str, Any] = {"n": len(x)}
    if motif_mask is not None:
        for name, absolute in (("snr", False), ("snr_absolute", True)):
            snr = metric.signal_to_noise(
                x, a, motif_mask, spacer_mask=spacer_mask, absolute=absolute, correct=correct
            )
            row[name] = _mean(snr)
            if not absolute:
                row["snr_median"] = float(np.nanmedian(snr)) if np.isfinite(snr).any() else np.nan
                row["snr_undefined"] = int(np.isnan(snr).sum())
        aupr = metric.motif_aupr(x, a, motif_mask, spacer_mask=spacer_mask, correct=correct)
        row["motif_aupr"] = _mean(aupr)
    row["kld_original"] = metric.thresholded_kld(x, a, correct=correct)
    row["kld_geometric"] = metric.geometric_kld(x, a)
    row["gini"] = metric.gini(x, a, score=score, correct=correct)
    for reading in READINGS:
        klds = metric.kmer_klds(x, a, ks, reading=reading, score=score, correct=correct)
        row |= {f"kld_{reading}_k{k}": v for k, v in zip(ks, klds)}
    other = metric.kmer_klds(x, a, ks, reading="frequency", score=score, correct=not correct)
    name = "uncorrected" if correct else "corrected"
    row |= {f"kld_{name}_k{k}": v for k, v in zip(ks, other)}
    rotated = metric.rotated_null(x, a, ks, score=score, correct=correct).null.mean(axis=0)
    return row | {f"kld_rotated_k{k}": v for k, v in zip(ks, rotated)}


def floors(x: NDArray[Any], *, ks: Sequence[int], score: str = "abs_input") -> dict[str, float]:
    """KLD of a constant map on the same sequences, for each reading, as columns."""
    from . import metric

    columns: dict[str, float] = {}
    for reading in READINGS:
        values = metric.constant_floor(x, ks, reading=reading, score=score)
        columns |= {f"floor_{reading}_k{k}": v for k, v in zip(ks, values)}
    return columns


def kld_columns(
    table: pd.DataFrame, reading: str = "frequency"
) -> tuple[list[int], NDArray[np.float64]]:
    """KLD columns of a reading, k ascending: (lengths, matrix (M, K) float64)."""
    prefix = f"kld_{reading}_k"
    ks = sorted(int(c.removeprefix(prefix)) for c in table.columns if c.startswith(prefix))
    return ks, table[[f"{prefix}{k}" for k in ks]].to_numpy(float)


def configuration(table: pd.DataFrame) -> pd.Series[str]:
    """Configuration of each network of a score table: its identifier without the initialisation."""
    return table["id"].str.rsplit("-", n=1).str[0]


def matched_pairs(
    table: pd.DataFrame, performance: str, score: str, within: float, levels: int = 3
) -> pd.DataFrame:
    """Networks that predict equally well and whose scores differ most: a pair for each level.

    Parameters
    ----------
    table : DataFrame
        Score table with `id`; with a column `task`, only networks of one task are paired, and
        levels are drawn within each task.
    performance, score : str
        Names of two columns; networks that lack either stay out.
    within : float
        Two networks match when their performance differs by no more.
    levels : int
        Performance is cut at its quantiles into so many levels; a pair belongs to the level of
        its mean performance.

    Returns
    -------
    pairs : DataFrame
        At most one row a level, the lowest first: level, task, ids high and low (by score),
        performance_high, performance_low, score_high, score_low, difference. Of all pairs of a
        level it is the one with the largest difference of the scores.
    """
    import pandas as pd

    known = pd.DataFrame(
        {
            "id": table["id"],
            "task": table.get("task", ""),
            "performance": table[performance].astype(float),
            "score": table[score].astype(float),
        }
    )
    known = known[np.isfinite(known["performance"]) & np.isfinite(known["score"])]
    pairs: pd.DataFrame = known.merge(known, on="task", suffixes=("_high", "_low"))
    apart = (pairs["performance_high"] - pairs["performance_low"]).abs()
    pairs = pairs[at_least(within, apart) & (pairs["score_high"] > pairs["score_low"])]
    edges = known.groupby("task")["performance"].quantile(np.arange(1, levels) / levels).round(9)
    middle = ((pairs["performance_high"] + pairs["performance_low"]) / 2).round(9)
    pairs = pairs.rename(columns={"id_high": "high", "id_low": "low"}).assign(
        level=[1 + int(np.searchsorted(edges[task], m)) for task, m in zip(pairs["task"], middle)],
        difference=pairs["score_high"] - pairs["score_low"],
    )
    best = pairs.iloc[descending(pairs["difference"])]
    columns = [
        "level",
        "task",
        "high",
        "low",
        "performance_high",
        "performance_low",
        "score_high",
        "score_low",
        "difference",
    ]
    return best.drop_duplicates("level").sort_values("level")[columns].reset_index(drop=True)


def score_models(
    ids: Iterable[str],
    *,
    population: str,
    config: Mapping[str, Any],
    data_path: str | PathLike[str],
    map_dir: str | PathLike[str],
    model_dir: str | PathLike[str],
) -> pd.DataFrame:
    """Score table of networks whose maps are in `map_dir`: a DataFrame, one row a network.

    A network that diverged keeps its row, without scores.

    Raises
    ------
    ValueError
        When maps were made from other sequences than those of `data_path`.
    """
    import pandas as pd

    from .datasets import sequences, store

    data, settings = store.load(data_path), config["scores"]
    options = {name: settings[name] for name in ("ks", "score")}
    floor: dict[str, float] | None = None
    rows = []
    for model_id in ids:
        record = artefacts.read_json(Path(model_dir) / f"{model_id}.json")
        row = describe(model_id, population, record)
        maps = store.load(Path(map_dir) / f"{model_id}.npz")
        chosen = maps["rows"]
        codes = data["codes"][chosen]
        if str(maps["sequences_sha256"]) != sequences_digest(codes):
            raise ValueError(
                f"maps of {model_id} were made from other sequences than {data_path}: "
                "delete them and run again"
            )
        x = sequences.codes_to_one_hot(codes)
        if row["status"] == "ok":
            masks = {k: data[k][chosen] for k in ("motif_mask", "spacer_mask") if k in data}
            row |= score_maps(x, maps["a"], correct=settings["correct"], **options, **masks)
            floor = floors(x, **options) if floor is None else floor
            row |= floor
        rows.append(row)
    return pd.DataFrame(rows)


def fit_length_weights(table: pd.DataFrame, config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Length weights for every reading, fitted on a synthetic score table: a dict for JSON.

    Each reading has `ks`, `mean`, `per_subset`, `r2`, `held_out` ({id: subset}), `n_excluded`,
    `trained_on`, `source` and `note`. With fewer networks than the fit needs, or none that did
    not diverge, the weights shipped with the package stand in, and `source` says so.
    """
    import warnings

    from . import metric

    fitted: dict[str, dict[str, Any]] = {}
    usable = table[table["status"] == "ok"]
    if usable.empty:
        return all_stand_ins(config["scores"]["ks"], "every network of this run diverged")
    options = dict(config["length_weights"])
    by_configuration = options.pop("split") == "configuration"
    groups = configuration(usable).to_numpy() if by_configuration else None
    for reading in READINGS:
        ks, klds = kld_columns(usable, reading)
        trained_on = {"n": int(usable["n"].max()), "length": config["synthetic"]["length"]}
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                found = metric.length_weights(
                    klds,
                    usable["snr"].to_numpy(float),
                    groups=groups,
                    trained_on=trained_on,
                    **options,
                )
        except ValueError as error:
            fitted[reading] = stand_in_weights(reading, ks, str(error))
            continue
        fitted[reading] = {
            "ks": ks,
            "source": "fitted to this run",
            "note": "; ".join(str(w.message) for w in caught),
            "held_out": dict(zip(usable["id"], found.held_out.tolist())),
            **{k: _plain(getattr(found, k)) for k in _ARRAYS},
            "n_excluded": found.n_excluded,
            "trained_on": found.trained_on,
        }
    return fitted


def add_consistency(table: pd.DataFrame, weights: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Score table with a column `consistency_<reading>` for each reading.

    A network that took part in the fit gets the weights of the trial that held it out, every
    other network the mean weights; a network that diverged gets NaN. `weights` is the dict of
    `fit_length_weights`.
    """
    from . import metric

    table = table.copy()
    if (table["status"] != "ok").all():  # there are no KLDs
        return table.assign(**{f"consistency_{reading}": np.nan for reading in weights})
    for reading, entry in weights.items():
        ks, klds = kld_columns(table, reading)
        if ks != entry["ks"]:
            raise ValueError(f"length weights are for k = {entry['ks']}, the scores have k = {ks}")
        found = length_weights_from(entry)
        final = np.array([metric.consistency(row, found) for row in klds])
        inside = table["id"].isin(entry["held_out"]).to_numpy()
        if inside.any():
            subset = table["id"][inside].map(entry["held_out"]).to_numpy(int)
            final[inside] = metric.held_out_consistency(
                klds[inside], found._replace(held_out=subset)
            )
        table[f"consistency_{reading}"] = final
    return table


def length_weights_from(entry: Mapping[str, Any]) -> LengthWeights:
    """The `LengthWeights` of one reading from its JSON form."""
    from . import metric

    arrays: dict[str, Any] = {k: None if entry[k] is None else np.array(entry[k]) for k in _ARRAYS}
    return metric.LengthWeights(
        **arrays,
        held_out=np.array(list(entry["held_out"].values()), int),
        n_excluded=entry["n_excluded"],
        trained_on=entry["trained_on"],
    )


_ARRAYS = ("per_subset", "mean", "r2", "centre", "scale")


def default_length_weights() -> dict[str, dict[str, Any]]:
    """The weights shipped with the package, {reading: entry}; each says what it was fitted on."""
    resource = files("attribution_consistency") / "resources" / "default_length_weights.json"
    weights: dict[str, dict[str, Any]] = json.loads(resource.read_text(encoding="utf-8"))
    return weights


def shipped_length_weights(reading: str, ks: list[int]) -> LengthWeights:
    """The shipped `LengthWeights` of a reading for the lengths `ks`, or equal ones."""
    return length_weights_from(stand_in_weights(reading, ks, ""))


def stand_in_weights(reading: str, ks: list[int], reason: str) -> dict[str, Any]:
    """Shipped weights of a reading for the lengths `ks`; equal ones where they do not fit."""
    entry = default_length_weights()[reading]
    source = "shipped with the package"
    if entry["ks"] != ks:
        equal = [1 / len(ks)] * len(ks)
        entry = entry | {
            "mean": equal,
            "per_subset": [equal],
            "r2": [[0.0] * len(ks)],
            "centre": None,
            "scale": None,
        }
        source = "equal weights"
    return entry | {"ks": ks, "held_out": {}, "source": source, "note": reason}


def all_stand_ins(ks: Iterable[int], reason: str) -> dict[str, dict[str, Any]]:
    """`stand_in_weights` for every reading: {reading: entry}."""
    return {reading: stand_in_weights(reading, sorted(ks), reason) for reading in READINGS}


def _plain(array: NDArray[np.float64] | None) -> list[Any] | None:
    return None if array is None else np.asarray(array).tolist()


def _mean(values: NDArray[np.float64]) -> float:
    """Mean of the finite values; NaN when there are none."""
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size else float("nan")
