"""Scores of many networks: one table row a network, from its maps and its training record."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution_consistency.maps import READINGS
from attribution_consistency.weights import ARRAYS, length_weights_from

from . import paths
from .gini import gini
from .stand_ins import held_out_consistency, stand_in_weights

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


RIVALS = ("kld_original", "kld_geometric", "gini")  # columns of every table that has them
FACTORS = ("task", "architecture", "batch_norm", "activation", "regulariser")  # of a recipe


def positive_test_rows(data: Mapping[str, NDArray[Any]], n: int) -> NDArray[np.intp]:
    """Row numbers of the first `n` positive test sequences; data has `y` and `split`."""
    return np.flatnonzero((data["split"] == 2) & (data["y"][:, 0] > 0.5))[:n]


def truth_masks(data: Mapping[str, NDArray[Any]], rows: NDArray[Any]) -> dict[str, Any]:
    """The masks of simulated rows that SNR, AUROC and AUPR take; none where there is no truth."""
    return {name: data[name][rows] for name in ("motif_mask", "spacer_mask") if name in data}


def sequences_digest(codes: NDArray[np.integer[Any]]) -> str:
    """SHA-256 of integer-coded sequences (N, L), to match maps with their sequences."""
    return hashlib.sha256(np.ascontiguousarray(codes).tobytes()).hexdigest()


def describe(model_id: str, population: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a score table that come from the training record of a network."""
    recipe, test = record["recipe"], record["test"]
    return {
        "id": model_id,
        "population": population,
        **{name: recipe[name] for name in FACTORS},
        "targets": len(recipe["targets"]),
        "init": recipe["init"],
        **{name: record[name] for name in ("seed", "epochs")},
        "status": "diverged" if record["diverged"] else "ok",
        **{name: test.get(name) for name in ("auroc", "pearson", "pearson_accessible")},
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
        Sequences and maps; these, `ks`, `score` and `correct` as in `kmer_klds`.
    motif_mask, spacer_mask : (N, L) bool
        None where there is no ground truth, which leaves SNR and the motif AUPR out.
    """
    from attribution_consistency.divergence import kmer_klds
    from attribution_consistency.ground_truth import motif_aupr, signal_to_noise
    from attribution_consistency.nulls import exchanged_klds

    row: dict[str, Any] = {"n": len(x)}
    if motif_mask is not None:
        truth: dict[str, Any] = {"spacer_mask": spacer_mask, "correct": correct}
        snr = signal_to_noise(x, a, motif_mask, **truth)
        row["snr"] = mean(snr)
        row["snr_median"] = float(np.nanmedian(snr)) if np.isfinite(snr).any() else np.nan
        row["snr_undefined"] = int(np.isnan(snr).sum())
        row["snr_absolute"] = mean(signal_to_noise(x, a, motif_mask, absolute=True, **truth))
        row["motif_aupr"] = mean(motif_aupr(x, a, motif_mask, **truth))
    row |= rivals(x, a, score=score, correct=correct)
    for reading in READINGS:
        klds = kmer_klds(x, a, ks, reading=reading, score=score, correct=correct)
        row |= {f"kld_{reading}_k{k}": v for k, v in zip(ks, klds)}
    other = kmer_klds(x, a, ks, reading="frequency", score=score, correct=not correct)
    name = "uncorrected" if correct else "corrected"
    row |= {f"kld_{name}_k{k}": v for k, v in zip(ks, other)}
    exchanged = exchanged_klds(x, a, ks, score=score, correct=correct)[1:].mean(axis=0)
    return row | {f"kld_exchanged_k{k}": v for k, v in zip(ks, exchanged)}


def rivals(
    x: NDArray[Any],
    a: NDArray[Any],
    names: Iterable[str] = RIVALS,
    *,
    score: str = "abs_input",
    correct: bool = True,
) -> dict[str, float]:
    """Metrics of one network's maps that the final score is held against, as columns `names`."""
    from attribution_consistency import geometric_kld, thresholded_kld

    measure = {
        "kld_original": lambda: thresholded_kld(x, a, correct=correct),
        "kld_geometric": lambda: geometric_kld(x, a),
        "gini": lambda: gini(x, a, score=score, correct=correct),
    }
    return {name: measure[name]() for name in names}


def floors(x: NDArray[Any], *, ks: Sequence[int], score: str = "abs_input") -> dict[str, float]:
    """KLD of a constant map on the same sequences, for each reading, as columns."""
    from attribution_consistency import constant_floor

    columns: dict[str, float] = {}
    for reading in READINGS:
        values = constant_floor(x, ks, reading=reading, score=score)
        columns |= {f"floor_{reading}_k{k}": v for k, v in zip(ks, values)}
    return columns


def kld_columns(
    table: pd.DataFrame, reading: str = "frequency"
) -> tuple[list[int], NDArray[np.float64]]:
    """KLD columns of a reading, k ascending: (lengths, matrix (M, K) float64)."""
    ks, names = by_length(table, f"kld_{reading}")
    return ks, table[names].to_numpy(float)


def by_length(table: pd.DataFrame, quantity: str) -> tuple[list[int], list[str]]:
    """Columns `{quantity}_k{k}` of a table, k ascending: ([k, ...], [name, ...])."""
    prefix = f"{quantity}_k"
    ks = sorted(int(c.removeprefix(prefix)) for c in table.columns if c.startswith(prefix))
    return ks, [f"{prefix}{k}" for k in ks]


def configuration_of(model_id: str) -> str:
    """Configuration of a network: its identifier without the initialisation."""
    return model_id.rsplit("-", 1)[0]


def configuration(table: pd.DataFrame) -> pd.Series[str]:
    """Configuration of each network of a score table."""
    return table["id"].map(configuration_of)


def significant(table: pd.DataFrame, digits: int = 6) -> pd.DataFrame:
    """A table whose numbers have so many significant digits, to keep it small."""
    return table.apply(
        lambda c: c.map(lambda v: float(f"{v:.{digits}g}")) if c.dtype.kind == "f" else c
    )


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

    from attribution_consistency import sequences

    from . import store

    data, settings = store.load(data_path), config["scores"]
    options = {name: settings[name] for name in ("ks", "score")}
    floor: dict[str, float] | None = None
    rows = []
    for model_id in ids:
        record = paths.read_json(Path(model_dir) / f"{model_id}.json")
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
            masks = truth_masks(data, chosen)
            row |= score_maps(x, maps["a"], correct=settings["correct"], **options, **masks)
            floor = floors(x, **options) if floor is None else floor
            row |= floor
        rows.append(row)
    return pd.DataFrame(rows)


def fit_length_weights(table: pd.DataFrame, config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Length weights for every reading, fitted on a synthetic score table: a dict for JSON.

    Each reading has `ks`, `mean`, `per_subset`, `r2`, `held_out` ({id: subset}), `n_excluded`,
    `trained_on`, `source` and `note`. With fewer networks than the fit
    needs, the weights shipped with the package stand in, and `source` says so.
    """
    import warnings

    from attribution_consistency import length_weights

    fitted: dict[str, dict[str, Any]] = {}
    usable = table[table["status"] == "ok"]
    options = dict(config["length_weights"])
    by_configuration = options.pop("split") == "configuration"
    options["groups"] = configuration(usable).to_numpy() if by_configuration else None
    length = config["synthetic"]["length"]
    options["trained_on"] = {"n": int(usable["n"].max()), "length": length}
    for reading in READINGS:
        ks, klds = kld_columns(usable, reading)
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                learnt = length_weights(klds, usable["snr"].to_numpy(float), **options)
        except ValueError as error:
            fitted[reading] = stand_in_weights(reading, ks, str(error))
            continue
        fitted[reading] = {
            "ks": ks,
            "source": "fitted to this run",
            "note": "; ".join(str(w.message) for w in caught),
            "held_out": dict(zip(usable["id"], learnt.held_out.tolist())),
            **{k: np.asarray(getattr(learnt, k)).tolist() for k in ARRAYS},
            "n_excluded": learnt.n_excluded,
            "trained_on": learnt.trained_on,
        }
    return fitted


def add_consistency(table: pd.DataFrame, weights: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Score table with a column `consistency_<reading>` for each reading.

    A network that took part in the fit gets the weights of the trial that held it out, every
    other network the mean weights; a network that diverged gets NaN. `weights` is the dict of
    `fit_length_weights`.
    """
    from attribution_consistency import consistency

    table = table.copy()
    for reading, entry in weights.items():
        ks, klds = kld_columns(table, reading)
        if ks != entry["ks"]:
            raise ValueError(f"length weights are for k = {entry['ks']}, the scores have k = {ks}")
        learnt = length_weights_from(entry)
        final = np.array([consistency(row, learnt) for row in klds])
        inside = table["id"].isin(entry["held_out"]).to_numpy()
        if inside.any():
            subset = table["id"][inside].map(entry["held_out"]).to_numpy(int)
            final[inside] = held_out_consistency(klds[inside], learnt._replace(held_out=subset))
        table[f"consistency_{reading}"] = final
    return table


def mean(values: NDArray[np.float64]) -> float:
    """Mean of the finite values; NaN when there are none."""
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size else float("nan")
