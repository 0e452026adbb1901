"""Was the paper reproduced? Tables that say why its original metric did worse than ours.

`settings` has the original metric of every network under every choice that the paper leaves open,
`alignment` the original metric and the final score when one map of the network is dead and every
later map is laid over the wrong sequence, and `rotated` the KLD of maps that are moved round.
"""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution_consistency import consistency, kmer_klds, thresholded_kld
from attribution_consistency.divergence import kl
from attribution_consistency.kmers import all_kmers, count_windows
from attribution_consistency.maps import SCORES, position_scores
from attribution_consistency.sequences import codes_to_one_hot, one_hot_to_codes

from .. import store
from ..paths import Run, read_json, read_maps, usable_networks
from ..rotation import rotated
from ..stats import TAILS, Estimate, spearman
from ..tables import positive_test_rows, significant

if TYPE_CHECKING:
    import pandas as pd

PREFIX, TABLES = "reproduction", ("settings", "alignment", "rotated")
POPULATIONS, OPTIONAL, CHAPTER = ("synthetic",), ("koo",), "10_reproduction"
ABSENT = "This run did not make these tables.", ""
BUFFERS, QUANTILES, LENGTHS = (0, 1, 2, 3, 5), (0.8, 0.85, 0.9, 0.95), (4, 5, 6, 7)
PLACES = 5  # random places of a dead map
ROTATIONS = 3


def make(run: Run, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Every table of `TABLES` from the artefacts of a run, {name: DataFrame}."""
    import pandas as pd

    found: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    ks, weights = settings["scores"]["ks"], read_json(run.length_weights)["frequency"]["mean"]

    def one(population: str, codes: np.ndarray, model_id: str) -> list[Any]:
        maps, own = read_maps(run.name, population, model_id), {"id": model_id}
        x, a = codes_to_one_hot(codes[maps["rows"]]), maps["a"]
        moved = [rotated(x, a, np.random.default_rng([0, i])) for i in range(ROTATIONS)]
        turned = np.mean([kmer_klds(x, m, ks) for m in moved], axis=0)
        named = {"population": population} | {f"kld_rotated_k{k}": v for k, v in zip(ks, turned)}
        if population != "synthetic":
            return [[], [], [own | named]]
        dead = [own | row for row in one_dead_map(x, a, ks, weights)]
        return [[own | original_settings(x, a)], dead, [own | named]]

    for population in (*POPULATIONS, *OPTIONAL):
        if not (ids := usable_networks(run, population)):
            continue
        codes = store.load(run.data(population))["codes"]
        with ThreadPoolExecutor(2) as pool:  # most of it is compiled
            for parts in pool.map(functools.partial(one, population, codes), ids):
                for name, rows in zip(TABLES, parts):
                    found[name] += rows
    found["alignment"] += all_sequences(run, settings)
    return {name: significant(pd.DataFrame(rows)) for name, rows in found.items()}


def original_settings(x: np.ndarray, a: np.ndarray) -> dict[str, float]:
    """The original metric of a map under every choice of settings, by name of the choice."""
    codes, every = one_hot_to_codes(x).astype(np.int8), all_kmers(LENGTHS)
    prior = count_windows(codes, every)
    found = {}
    for score, correct in product(SCORES, (True, False)):
        values = position_scores(x, a, score=score, correct=correct)
        name = f"{score}-{'corrected' if correct else 'raw'}"
        cutoffs = np.quantile(values, QUANTILES, axis=1)[..., None]
        for quantile, keep in zip(QUANTILES, values > cutoffs):
            run = keep.copy()
            for buffer in range(max(BUFFERS) + 1):
                run[:, buffer:] |= keep[:, : keep.shape[1] - buffer]
                if buffer not in BUFFERS:
                    continue
                kept = count_windows(np.where(run, codes, 4).astype(np.int8), every)
                for k in LENGTHS:
                    n = kept[k].sum()
                    value = kl(kept[k] / n, prior[k] / prior[k].sum()) if n else np.nan
                    found[f"{name}-q{quantile}-b{buffer}-k{k}"] = value
    return found


def shifted(a: np.ndarray, place: int) -> np.ndarray:
    """Maps (N, L, 4) of which one is dead, and each later one lies over the sequence before it."""
    return np.concatenate([np.delete(a, place, axis=0), np.zeros_like(a[:1])])


def one_dead_map(
    x: np.ndarray, a: np.ndarray, ks: list[int], weights: list[float]
) -> list[dict[str, Any]]:
    """Both metrics of a map as it is, with a dead map in front, and at random places."""
    random = np.random.default_rng(len(a)).integers(0, len(a), PLACES)
    rows = []
    for name, place in [("none", None), ("front", 0), *((f"random {p}", p) for p in random)]:
        moved = a if place is None else shifted(a, place)
        both = {"original": thresholded_kld(x, moved)}
        both["final"] = float(consistency(kmer_klds(x, moved, ks), weights))
        rows.append({"n": len(a), "dead": name.split()[0], "place": place, **both})
    return rows


def all_sequences(run: Run, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """The original metric on all positive test sequences, with and without a dead map in front."""
    from ..zoo.trained import Networks

    data = store.load(run.data("synthetic"))
    x = codes_to_one_hot(data["codes"][positive_test_rows(data, len(data["codes"]))])
    networks, rows = Networks.of_run(run, settings, "synthetic", x.shape[1]), []
    for model_id in usable_networks(run, "synthetic"):
        a = networks.maps(model_id, x)
        for dead, maps in (("none", a), ("front", shifted(a, 0))):
            value = {"dead": dead, "place": 0, "original": thresholded_kld(x, maps)}
            rows.append({"id": model_id, "n": len(x), **value, "final": np.nan})
    return rows


def verdict(ours: Estimate, paper: float, asks: str) -> str:
    """On a number of the paper that ours should `equal`, be `above`, or be `at least`.

    For a difference, `gap`, an interval on the right side of zero that excludes the paper's number
    is a reproduction in direction only.
    """
    if asks in ("above", "at least"):
        if ours.low > paper or (asks == "at least" and ours.high >= paper):
            return "reproduced"
        return "cannot tell" if ours.high > paper else "not reproduced"
    if ours.low <= paper <= ours.high:
        return "reproduced"
    return "in direction only" if asks == "gap" and ours.low > 0 else "not reproduced"


def correlations(settings: pd.DataFrame, snr: pd.Series) -> pd.DataFrame:
    """Spearman correlation with SNR of the original metric under each choice, one row a choice."""
    import pandas as pd

    rows = []
    for name in settings.columns.drop("id"):
        score, corrected, *numbers = name.split("-")
        quantile, buffer, k = (float(number[1:]) for number in numbers)
        choice = {"score": score, "corrected": corrected == "corrected", "quantile": quantile}
        found = spearman(settings[name], settings["id"].map(snr), draws=1).value
        rows.append(choice | {"buffer": int(buffer), "k": int(k), "spearman": found})
    return pd.DataFrame(rows)


def with_dead_maps(
    alignment: pd.DataFrame, snr: pd.Series, shares: np.ndarray, ways: int = 300, seed: int = 0
) -> dict[str, pd.DataFrame]:
    """Correlation of each metric with SNR when a share of the networks has one dead map.

    Parameters
    ----------
    alignment : the table
    snr : by id
    shares : (S,)
        Of networks.
    ways : int
        To choose the networks and the places of their dead maps.

    Returns
    -------
    found : {metric: DataFrame of mean, low and high, one row a share}
    """
    import pandas as pd

    part, rng = alignment[alignment["n"] == alignment["n"].min()], np.random.default_rng(seed)
    whole = part[part["dead"] == "none"].set_index("id")
    hit = part[part["dead"] == "random"].assign(way=lambda t: t.groupby("id").cumcount())
    found = {}
    for metric in ("original", "final"):
        fallen = hit.pivot(index="id", columns="way", values=metric).reindex(whole.index).to_numpy()
        rows = []
        for share in shares:
            some = []
            for _ in range(ways):
                dead = rng.permutation(len(whole)) < round(share * len(whole))
                place = fallen[np.arange(len(whole)), rng.integers(0, fallen.shape[1], len(whole))]
                values = np.where(dead, place, whole[metric])
                some.append(float(spearman(values, snr.reindex(whole.index), draws=1).value))
            rows.append((np.mean(some), *np.quantile(some, TAILS)))
        found[metric] = pd.DataFrame(rows, columns=["mean", "low", "high"])
    return found
