"""Tables behind the chapter on real DNA: with them it can be read without the sequences.

The workflow makes them from the sequences and the maps.  `make store` keeps those of our
last full run, which stand in where the sequences cannot be had.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import artefacts, evaluation, metric
from ..datasets import store
from ..datasets.sequences import codes_to_one_hot, decode, one_hot
from ..metric import gradient_correction
from ..metric.rounding import first_largest
from ..models import recipes
from . import load_tables

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

PREFIX = "gm12878"
POPULATION = "gm12878_dnase"
POPULATIONS = (POPULATION,)
READING = "frequency"
KS = (4, 5, 6)  # lengths whose distributions are kept for one network
SHORT = 6  # a few hundred sequences leave few windows for each longer k-mer
BLOCKS = 20  # of sequences, each left out once
PEAKS = 4
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
    scores, origin = artefacts.load_scores(run, POPULATION)
    tables, found = load_tables("real_data", run)
    if found != origin:
        raise artefacts.ArtefactError(
            f"run {run!r} holds only some of the results on real sequences: run the workflow again"
        )
    return scores, tables, origin


def compared(scores: pd.DataFrame) -> pd.DataFrame:
    """Rows of networks that finished and are no replica; see `recipes.accessibility_ids`."""
    _, replicas = recipes.accessibility_ids()
    usable = (scores["status"] == "ok") & ~scores["id"].isin(replicas)
    return scores[usable].reset_index(drop=True)


def make(run: artefacts.Run, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Every table of `TABLES` from the artefacts of a run, {name: DataFrame}."""
    scores = artefacts.read_csv(run.scores(POPULATION))
    weights = artefacts.read_json(run.length_weights)[READING]
    rows = artefacts.read_maps(run.name, POPULATION, scores["id"].iloc[0])["rows"]

    def maps(model_id: str) -> np.ndarray:
        return artefacts.read_maps(run.name, POPULATION, model_id)["a"]

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
        Length weights of one reading, an entry of `evaluation.fit_length_weights`.
    """
    import pandas as pd

    x = codes_to_one_hot(data["codes"][rows])
    usable = compared(scores)
    peaks = choose_peaks(data, rows)
    blocks, logos, kmers = [], [], None
    example = example_network(usable)
    for model_id in usable["id"]:
        a = maps(model_id)
        blocks.append(left_out(x, a, weights).assign(id=model_id))
        logos.append(logo_table(x, a, rows, peaks).assign(id=model_id))
        if model_id == example:
            kmers = kmer_table(x, a)
    return {
        "counts": counts(data, rows),
        "baseline": kmer_ridge(data),
        "weights": weight_table(weights),
        "kmers": kmers,
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

    meta, accessible = data["meta"], data["y"][:, 0] > 0.5
    found = {k: v for k, v in meta["counts"].items() if k != "capped"}
    for value, name in enumerate(("training", "validation", "test")):
        found[name] = int((data["split"] == value).sum())
        found[f"{name}_accessible"] = int((accessible & (data["split"] == value)).sum())
    negative = [v for k, v in meta["region_sets"].items() if k.endswith("_neg")]
    found["negatives"] = sum(v["windows"] for v in negative)
    found["negatives_accessible"] = sum(v["accessible"] for v in negative)
    for column, line in enumerate(meta["targets"][1:], 1):
        tags = np.expm1(data["y"][:, column])
        found[f"capped_{line}"] = meta["counts"]["capped"][line]
        found[f"median_tags_{line}"] = round(float(np.median(tags[tags > 0])), 3)
    test, signal = data["split"] == 2, data["y"][:, 1].astype(float)
    both = signal[test & accessible]
    # Of all variance this is left once open windows are told from closed ones, which have none.
    found["variance_within"] = round(both.var() * len(both) / (signal[test].var() * test.sum()), 4)
    _, times = np.unique(both, return_counts=True)
    found["test_shared"] = int(times[times > 1].sum())
    chrom, start = data["chrom"][rows], data["start"][rows]
    length = data["codes"].shape[1]
    near = (chrom[1:] == chrom[:-1]) & (np.diff(start) < length)
    found |= {"length": length, "mapped": len(rows), "mapped_overlapping": int(near.sum())}
    return pd.DataFrame(found.items(), columns=["name", "value"])


def kmer_ridge(
    data: Mapping[str, Any],
    k: int = 5,
    penalties: Sequence[float] = (10, 30, 100, 300, 1000, 3000),
) -> pd.DataFrame:
    """A model without a network: ridge regression of the GM12878 signal on k-mer counts.

    Features are log(1 + count) of each k-mer together with its reverse complement.  The
    regression is fitted to all training sequences and, for comparison, to the accessible
    ones alone; the penalty with the best Pearson r on such validation sequences is kept.

    Returns
    -------
    DataFrame
        A row for each: trained_on ("all" or "accessible"), k, penalty, and on the test
        sequences pearson_accessible and, for the first, auroc and pearson.
    """
    import pandas as pd

    from ..models.performance import auroc, pearson

    features = np.log1p(count_both_strands(data["codes"], k))
    signal, accessible = data["y"][:, 1].astype(float), data["y"][:, 0] > 0.5
    test = data["split"] == 2
    rows = []
    for trained_on, sample in (("all", np.ones(len(signal), bool)), ("accessible", accessible)):
        train, valid = (sample & (data["split"] == value) for value in range(2))
        centred = features - features[train].mean(axis=0)
        gram = (centred[train].T @ centred[train]).astype(float)
        moment = centred[train].T @ (signal[train] - signal[train].mean())
        fits = [
            (p, centred @ np.linalg.solve(gram + p * np.eye(len(gram)), moment)) for p in penalties
        ]
        penalty, found = max(fits, key=lambda fit: pearson(signal[valid], fit[1][valid]))
        row = {"trained_on": trained_on, "k": k, "penalty": penalty}
        if trained_on == "all":
            row["auroc"] = auroc(accessible[test], found[test])
            row["pearson"] = pearson(signal[test], found[test])
        both = test & accessible
        rows.append(row | {"pearson_accessible": pearson(signal[both], found[both])})
    return pd.DataFrame(rows)


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
    n_windows = codes.shape[1] - k + 1
    forward = np.zeros((len(codes), n_windows), np.int64)
    known = np.ones(forward.shape, bool)
    for j in range(k):
        base = codes[:, j : j + n_windows]
        forward = forward * 4 + np.minimum(base, 3)
        known &= base < 4
    every = np.indices((4,) * k).reshape(k, -1).T
    partner = (3 - every[:, ::-1]) @ (4 ** np.arange(k)[::-1])
    first = np.minimum(np.arange(4**k), partner)
    pairs, pair_of = np.unique(first, return_inverse=True)
    index = np.arange(len(codes))[:, None] * len(pairs) + pair_of[forward]
    counted = np.bincount(index[known], minlength=len(codes) * len(pairs))
    return counted.reshape(len(codes), len(pairs)).astype(np.float32)


def weight_table(weights: Mapping[str, Any]) -> pd.DataFrame:
    """Length weights and what they were learnt on: k, weight, source, n, length."""
    import pandas as pd

    learnt = weights["trained_on"]
    return pd.DataFrame(
        {
            "k": weights["ks"],
            "weight": weights["mean"],
            "source": weights["source"],
            "n": learnt.get("n"),
            "length": learnt.get("length"),
        }
    )


def kmer_table(x: np.ndarray, a: np.ndarray) -> pd.DataFrame:
    """Weighted frequency q and prior p of all k-mers of the lengths `KS`: k, kmer, q, p."""
    import pandas as pd

    parts = []
    for k in KS:
        found = metric.kmer_distributions(x, a, k, reading=READING)
        parts.append(
            pd.DataFrame(
                {
                    "k": k,
                    "kmer": metric.kmer_names(k),
                    "q": _short(found.q),
                    "p": _short(found.p),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


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

    ks = weights["ks"]
    found = metric.jackknife(x, a, ks, n_blocks=min(BLOCKS, len(x)), reading=READING)
    klds = np.vstack([found.estimate, found.replicates])
    learnt = evaluation.length_weights_from(weights)
    keep = [i for i, k in enumerate(ks) if k <= SHORT] or list(range(len(ks)))
    short = learnt._replace(
        mean=learnt.mean[keep] / learnt.mean[keep].sum(),
        centre=None if learnt.centre is None else learnt.centre[:, keep],
        scale=None if learnt.scale is None else learnt.scale[:, keep],
    )
    return pd.DataFrame(
        {
            "id": "",
            "block": np.arange(len(klds)),
            "consistency": metric.consistency(klds, learnt),
            "consistency_short": metric.consistency(klds[:, keep], short),
        }
    )


def intervals(blocks: pd.DataFrame, column: str = "consistency") -> dict[str, metric.Jackknife]:
    """Jackknife of one column of the blocks table for each network, {id: `metric.Jackknife`}."""
    found = {}
    for model_id, part in blocks.groupby("id", sort=False):
        estimate, *replicates = part.sort_values("block")[column].to_numpy(float)
        still = np.zeros(len(replicates))
        # One number each, as for a weighted score.
        nothing = metric.Jackknife(0.0, 0.0, 0.0, 0.0, still)  # type: ignore[arg-type]
        found[model_id] = metric.paired_difference(
            nothing._replace(estimate=estimate, replicates=np.array(replicates)), nothing
        )
    return found


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

    from ..datasets.accessibility import CAP

    tags = np.expm1(data["y"][rows, 1].astype(float))
    place = list(zip(data["chrom"][rows], data["start"][rows].tolist()))
    chosen: list[int] = []
    for i in np.argsort(-tags, kind="stable"):
        near = any(
            place[i][0] == place[j][0] and abs(place[i][1] - place[j][1]) < APART for j in chosen
        )
        if tags[i] < 0.999 * CAP and not near:
            chosen.append(i)
        if len(chosen) == n:
            break
    at = np.asarray(rows)[chosen]
    return pd.DataFrame(
        {
            "peak": np.arange(1, len(at) + 1),
            "row": at,
            "chrom": data["chrom"][at],
            "start": data["start"][at],
            "end": data["end"][at],
            "tags": tags[chosen].round(1),
            "sequence": decode(codes_to_one_hot(data["codes"][at])),
        }
    )


def logo_table(x: np.ndarray, a: np.ndarray, rows: ArrayLike, peaks: pd.DataFrame) -> pd.DataFrame:
    """Corrected gradient times input at the peaks: id, peak, and a column for each position."""
    import pandas as pd

    at = [int(np.flatnonzero(np.asarray(rows) == row)[0]) for row in peaks["row"]]
    values = (gradient_correction(a[at]) * x[at]).sum(axis=2)
    table = pd.DataFrame(
        np.vectorize(lambda v: float(f"{v:.4g}"))(values),
        columns=[str(i) for i in range(1, values.shape[1] + 1)],
    )
    table.insert(0, "id", "")
    table.insert(1, "peak", peaks["peak"].to_numpy())
    return table


def logo_values(tables: Mapping[str, pd.DataFrame], model_id: str, peak: int) -> np.ndarray:
    """Letters of one logo: (L, 4), the score of each position at its base."""
    logos, peaks = tables["logos"], tables["peaks"]
    row = logos[(logos["id"] == model_id) & (logos["peak"] == peak)].iloc[0]
    sequence = peaks.set_index("peak").loc[peak, "sequence"]
    return one_hot([sequence])[0] * row.iloc[2:].to_numpy(float)[:, None]


def _short(values, digits=6):
    """Numbers with so many significant digits, to keep a table small."""
    return [float(f"{v:.{digits}g}") for v in values]
