"""Tables behind the chapter on real DNA: with them it can be read without the sequences.

The workflow makes them from the sequences and the maps.  `make store` keeps those of our
last full run, which stand in where the sequences cannot be had.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution_consistency import consistency, jackknife
from attribution_consistency.divergence import kmer_distributions
from attribution_consistency.kmers import kmer_names
from attribution_consistency.maps import gradient_correction
from attribution_consistency.rounding import first_largest
from attribution_consistency.sequences import codes_to_one_hot, decode, one_hot
from attribution_consistency.uncertainty import Jackknife, jackknife_interval
from attribution_consistency.weights import length_weights_from

from .. import paths, store
from ..kmer_words import canonical_index, kmer_indices
from ..tables import significant
from ..zoo import recipes
from . import load_tables

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

PREFIX = "gm12878"
POPULATION = "gm12878_dnase"
POPULATIONS = (POPULATION,)
READING = "frequency"
K = 6  # length whose distribution is kept for one network
SHORT = 6  # a few hundred sequences leave few windows for each longer k-mer
BLOCKS = 20  # of sequences, each left out once
PEAKS = 2
PENALTIES = (10, 30, 100, 300, 1000, 3000)  # tried for the ridge regression
APART = 2000  # nucleotides between two chosen peaks: more than most hotspots are wide
TABLES = ("counts", "baseline", "weights", "kmers", "blocks", "peaks", "logos")
ABSENT = (
    "This run has no results on real sequences: they were not on this machine, or the "
    "configuration names no network for them.",
    "To compute them here, run `make prepare`, which downloads the sequences, and build the book "
    "again.",
)


def load(run: str) -> tuple[pd.DataFrame, dict[str, pd.DataFrame], str]:
    """What the chapter shows: (scores, {name: table}, "run" or "stored").

    Raises
    ------
    ArtefactError
        When neither the run nor `data/stored` has it all.
    """
    scores, origin = paths.load_scores(run, POPULATION)
    tables, source = load_tables("real_data", run)
    if source != origin:
        raise paths.ArtefactError(
            f"run {run!r} holds only some of the results on real sequences: run the workflow again"
        )
    return scores, tables, origin


def compared(scores: pd.DataFrame) -> pd.DataFrame:
    """Rows of networks that finished and are no replica; see `recipes.accessibility_ids`."""
    _, replicas = recipes.accessibility_ids()
    usable = (scores["status"] == "ok") & ~scores["id"].isin(replicas)
    return scores[usable].reset_index(drop=True)


def make(run: paths.Run, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Every table of `TABLES` from the artefacts of a run, {name: DataFrame}."""
    scores = paths.read_csv(run.scores(POPULATION))
    weights = paths.read_json(run.length_weights)[READING]
    rows = paths.read_maps(run.name, POPULATION, scores["id"].iloc[0])["rows"]

    def maps(model_id: str) -> np.ndarray:
        return paths.read_maps(run.name, POPULATION, model_id)["a"]

    return make_tables(store.load(run.data(POPULATION)), rows, scores, maps, weights)


def make_tables(
    data: Mapping[str, Any],
    rows: np.ndarray,
    scores: pd.DataFrame,
    maps: Callable[[str], np.ndarray],
    weights: Mapping[str, Any],
) -> dict[str, pd.DataFrame]:
    """Every table of `TABLES`, {name: DataFrame}.

    Parameters
    ----------
    data : dict
        Arrays of the data set, see `datasets.accessibility`.
    rows : ndarray of int, shape (N,)
        Row numbers of the mapped sequences.
    scores : DataFrame
        Score table of the networks.
    maps : callable
        From the id of a network to its maps, float32 (N, L, 4).
    weights : dict
        Length weights of one reading, an entry of `fit_length_weights`.
    """
    import pandas as pd

    x = codes_to_one_hot(data["codes"][rows])
    usable, peaks = compared(scores), choose_peaks(data, rows)
    blocks, logos = [], []
    for model_id in usable["id"]:
        a = maps(model_id)
        blocks.append(left_out(x, a, weights).assign(id=model_id))
        logos.append(logo_table(x, a, rows, peaks).assign(id=model_id))
    return {
        "counts": counts(data, rows),
        "baseline": kmer_ridge(data),
        "weights": weight_table(weights),
        "kmers": kmer_table(x, maps(example_network(usable))),
        "blocks": pd.concat(blocks, ignore_index=True),
        "peaks": peaks,
        "logos": pd.concat(logos, ignore_index=True),
    }


def example_network(scores: pd.DataFrame) -> str:
    """Id of the network whose k-mers are shown: of the quantitative CNNs the best predictor.

    Without a quantitative CNN, the best predictor of all, by test Pearson r.
    """
    usable = compared(scores)
    chosen = usable[(usable["task"] == "quantitative") & (usable["architecture"] == "cnn")]
    chosen = chosen if len(chosen) else usable
    return chosen["id"].iloc[first_largest(chosen["pearson"])]


def counts(data: Mapping[str, Any], rows: np.ndarray) -> pd.DataFrame:
    """What the data set and the mapped sequences hold, one number a row: name, value."""
    import pandas as pd

    numbers = {"sequences": len(data["codes"]), "length": data["codes"].shape[1]}
    numbers["mapped"] = len(rows)
    return pd.DataFrame(numbers.items(), columns=["name", "value"])


def kmer_ridge(data: Mapping[str, Any], k: int = 5) -> pd.DataFrame:
    """A model without a network: ridge regression of the GM12878 signal on k-mer counts.

    Features are log(1 + count) of each k-mer together with its reverse complement.  The penalty
    with the best Pearson r on the validation sequences is kept.

    Returns
    -------
    DataFrame
        One row: k, penalty, and on the test sequences auroc, pearson and pearson_accessible.
    """
    import pandas as pd

    from ..performance import auroc, pearson

    features = np.log1p(count_both_strands(data["codes"], k))
    signal, accessible = data["y"][:, 1].astype(float), data["y"][:, 0] > 0.5
    train, valid, test = (data["split"] == value for value in range(3))
    centred = features - features[train].mean(axis=0)
    gram = (centred[train].T @ centred[train]).astype(float)
    moment = centred[train].T @ (signal[train] - signal[train].mean())
    eye = np.eye(len(gram))
    fits = [(p, centred @ np.linalg.solve(gram + p * eye, moment)) for p in PENALTIES]
    penalty, fitted = max(fits, key=lambda fit: pearson(signal[valid], fit[1][valid]))
    row = {"k": k, "penalty": penalty, "auroc": auroc(accessible[test], fitted[test])}
    row["pearson"] = pearson(signal[test], fitted[test])
    both = test & accessible
    row["pearson_accessible"] = pearson(signal[both], fitted[both])
    return pd.DataFrame([row])


def count_both_strands(codes: np.ndarray, k: int) -> np.ndarray:
    """Count each k-mer together with its reverse complement.

    Parameters
    ----------
    codes : ndarray of uint8, shape (N, L)
        0 to 3 for A C G T and 4 for no base; a window with one counts nowhere.
    k : int
        Length of a k-mer.

    Returns
    -------
    ndarray of float32, shape (N, pairs)
        Pairs are in the order of their alphabetically first k-mer.
    """
    index, known = kmer_indices(codes, k)
    pairs, pair_of = np.unique(canonical_index(k), return_inverse=True)
    cell = np.arange(len(codes))[:, None] * len(pairs) + pair_of[index]
    counted = np.bincount(cell[known], minlength=len(codes) * len(pairs))
    return counted.reshape(len(codes), len(pairs)).astype(np.float32)


def weight_table(weights: Mapping[str, Any]) -> pd.DataFrame:
    """Length weights and what they were learnt on: k, weight, source, n, length."""
    import pandas as pd

    table = pd.DataFrame({"k": weights["ks"], "weight": weights["mean"]})
    learnt = {name: weights["trained_on"].get(name) for name in ("n", "length")}
    return table.assign(source=weights["source"], **learnt)


def kmer_table(x: np.ndarray, a: np.ndarray) -> pd.DataFrame:
    """Weighted frequency q and prior p of all k-mers of length `K`: kmer, q, p."""
    import pandas as pd

    weighted = kmer_distributions(x, a, K, reading=READING)
    columns = {"kmer": kmer_names(K), "q": weighted.q, "p": weighted.p}
    return significant(pd.DataFrame(columns))


def left_out(x: np.ndarray, a: np.ndarray, weights: Mapping[str, Any]) -> pd.DataFrame:
    """Final score without each block of sequences, for jackknife intervals.

    Returns
    -------
    DataFrame
        Columns id (empty, for the caller to fill), block (0 is all sequences, 1 to 20 leave one
        block out), consistency, and consistency_short, the score from lengths up to `SHORT` with
        weights scaled to sum to 1.
    """
    import pandas as pd

    ks, learnt = weights["ks"], length_weights_from(weights)
    left = jackknife(x, a, ks, n_blocks=min(BLOCKS, len(x)), reading=READING)
    klds = np.vstack([left.estimate, left.replicates])
    keep = [i for i, k in enumerate(ks) if k <= SHORT] or list(range(len(ks)))
    centre, scale = (None if v is None else v[:, keep] for v in (learnt.centre, learnt.scale))
    mean = learnt.mean[keep] / learnt.mean[keep].sum()
    short = learnt._replace(mean=mean, centre=centre, scale=scale)
    table = pd.DataFrame({"id": "", "block": np.arange(len(klds))})
    final = {"consistency": consistency(klds, learnt)}
    return table.assign(**final, consistency_short=consistency(klds[:, keep], short))


def intervals(blocks: pd.DataFrame, column: str = "consistency") -> dict[str, Jackknife]:
    """Jackknife of one column of the blocks table for each network, {id: `Jackknife`}."""
    by_network = {}
    for model_id, part in blocks.groupby("id", sort=False):
        values = part.sort_values("block")[column].to_numpy(float)
        by_network[model_id] = jackknife_interval(values[0], values[1:])
    return by_network


def choose_peaks(data: Mapping[str, Any], rows: ArrayLike, n: int = PEAKS) -> pd.DataFrame:
    """Peaks to look at, chosen by the measurement alone: no network has a say.

    They are the mapped windows with the most GM12878 tags, the highest first.  A window at
    the cap is left out: so many tags come from repeats.  So is one within 2,000 nt of a
    chosen window, which lies in the same hotspot.  Of equal windows the first in the genome
    comes first.

    Returns
    -------
    DataFrame
        Columns peak (from 1), row, chrom, start, end, tags (per 200 bp), sequence.
    """
    import pandas as pd

    from ..sources.gm12878 import CAP

    tags = np.expm1(data["y"][rows, 1].astype(float))
    place = {name: data[name][rows] for name in ("chrom", "start", "end")}
    chosen: list[int] = []
    for i in np.argsort(-tags, kind="stable"):
        apart = np.abs(place["start"][chosen] - place["start"][i]) >= APART
        apart |= place["chrom"][chosen] != place["chrom"][i]
        if len(chosen) < n and tags[i] < 0.999 * CAP and apart.all():
            chosen.append(i)
    sequence = decode(codes_to_one_hot(data["codes"][np.asarray(rows)[chosen]]))
    table = pd.DataFrame({"row": np.asarray(rows), **place, "tags": tags.round(1)})
    table = table.iloc[chosen].assign(sequence=sequence).reset_index(drop=True)
    table.insert(0, "peak", table.index + 1)
    return table


def logo_table(x: np.ndarray, a: np.ndarray, rows: ArrayLike, peaks: pd.DataFrame) -> pd.DataFrame:
    """Corrected gradient times input at the peaks: id, peak, and a column for each position."""
    import pandas as pd

    at = [int(np.flatnonzero(np.asarray(rows) == row)[0]) for row in peaks["row"]]
    values = (gradient_correction(a[at]) * x[at]).sum(axis=2)
    columns = [str(i) for i in range(1, values.shape[1] + 1)]
    table = significant(pd.DataFrame(values.astype(float), columns=columns), 5)
    table.insert(0, "id", "")
    table.insert(1, "peak", peaks["peak"].to_numpy())
    return table


def logo_values(tables: Mapping[str, pd.DataFrame], model_id: str, peak: int) -> np.ndarray:
    """Letters of one logo: (L, 4), the score of each position at its base."""
    logos, peaks = tables["logos"], tables["peaks"]
    row = logos[(logos["id"] == model_id) & (logos["peak"] == peak)].iloc[0]
    sequence = peaks.set_index("peak").loc[peak, "sequence"]
    return one_hot([sequence])[0] * row.iloc[2:].to_numpy(float)[:, None]
