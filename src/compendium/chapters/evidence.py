"""Evidence beyond looking: measures on real sequences that could contradict the score.

One primary measure, replicate agreement, and three descriptive ones: motif support, perturbation
and occupancy. Each is a number for every network beside a baseline of its own; `excess`, the
difference, is then held against the scores of the networks. Nothing here is a truth.

Perturbation comes in two versions, with signed and with absolute scores.  Replicate agreement
belongs to all networks of a configuration and is held against the mean of their scores; second
initialisations that are not among the compared networks take part in it and in nothing else.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from attribution_consistency import motifs
from attribution_consistency.maps import position_scores
from attribution_consistency.sequences import codes_to_one_hot

from .. import paths, store
from ..sources import remote
from ..tables import configuration
from . import evidence_measures as measures
from .evidence_correlations import BOOTSTRAP, PRIMARY, SCORES, SEED, correlations, power_table  # noqa: F401, the chapter finds them here
from .real_data import POPULATION, compared

if TYPE_CHECKING:
    import pandas as pd

    from ..zoo.trained import Networks

PREFIX = "evidence"
POPULATIONS = (POPULATION,)
CHAPTER = "05_real_data"
TABLES = ("measures", "correlations", "power")
PEAKS = "gm12878_dnase/CTCF_GM12878_hg19.narrowPeak"
# Factors with a known part in B cells or at open chromatin anywhere, the newest matrix of each in
# JASPAR 2016 that was made from more than 1,000 sites, or the only one; chosen before any result.
MOTIFS = {
    "CTCF": "MA0139.1",
    "SPI1": "MA0080.4",
    "RUNX3": "MA0684.1",
    "IRF1": "MA0050.2",
    "IRF8": "MA0652.1",
    "NFKB1": "MA0105.4",
    "ETS1": "MA0098.3",
    "ELF1": "MA0473.2",
    "FOS": "MA0476.1",
    "BATF::JUN": "MA0462.1",
    "EBF1": "MA0154.3",
    "MEF2C": "MA0497.1",
    "POU2F2": "MA0507.1",
    "NRF1": "MA0506.1",
    "YY1": "MA0095.2",
}
# Maps of two untrained networks can be alike or opposite by luck, above all without batch norm,
# where the sign of the last layer turns the whole map around; the mean over 28 pairs depends less
# on it.
UNTRAINED = 8
ABSENT = (
    "This run has not made these measurements: its configuration leaves them out.",
    "To make them here, set `studies.evidence.run` to true and build the book again.",
)

Predict = Callable[[np.ndarray], np.ndarray]  # from codes (N, L) to predictions (N,)


class Measure(NamedTuple):
    """What was measured of one network, and the same where nothing should be found."""

    value: float | np.floating
    baseline: float | np.floating
    n: int  # sequences, or windows, behind the value
    n_baseline: int


def make(run: paths.Run, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Every table of `TABLES` from the artefacts of a run, {name: DataFrame}."""
    from ..zoo.trained import Networks

    scores = paths.read_csv(run.scores(POPULATION))
    scores = scores[scores["status"] == "ok"].reset_index(drop=True)
    data = store.load(run.data(POPULATION), ["codes", "split", "chrom", "start"])
    rows = paths.read_maps(run.name, POPULATION, scores["id"].iloc[0])["rows"]
    networks = Networks.of_run(run, settings, POPULATION, data["codes"].shape[1])
    return make_tables(
        {key: data[key][rows] for key in ("codes", "chrom", "start")},
        scores,
        lambda model_id: paths.read_maps(run.name, POPULATION, model_id)["a"],
        functools.partial(predictor, networks, data["codes"][data["split"] == 2]),
        functools.partial(untrained_maps, networks),
        read_peaks(),
        settings["studies"]["evidence"],
    )


def make_tables(
    data: dict[str, np.ndarray],
    scores: pd.DataFrame,
    maps: Callable[[str], np.ndarray],
    predictor: Callable[[str], tuple[Predict, float]],
    untrained: Callable[[str, np.ndarray], Sequence[np.ndarray]],
    peaks: dict[str, tuple[np.ndarray, np.ndarray]] | None,
    settings: dict[str, Any],
) -> dict[str, pd.DataFrame]:
    """Every table of `TABLES`, {name: DataFrame}.

    Parameters
    ----------
    data : codes uint8 (N, L), chrom (N,) and start (N,)
        Of the mapped sequences.
    scores : score table of the networks
    maps : function from the id of a network to its maps (N, L, 4)
    predictor : function from an id to a function from codes to predictions, and their SD
    untrained : function from an id and x to maps of fresh networks of the same architecture
    peaks : {chromosome: (starts, ends)} of CTCF peaks, or None
    settings : `studies.evidence` of the configuration
    """
    import pandas as pd

    codes, x = data["codes"], codes_to_one_hot(data["codes"])
    library, draws = motifs.jaspar_matrices(), settings["draws"]
    matrices = {name: library[matrix_id][1] for name, matrix_id in MOTIFS.items()}
    windows = measures.motif_windows(codes, matrices, draws=draws, seed=SEED)
    ctcf, occupied = _ctcf(data, library[MOTIFS["CTCF"]][1], peaks)
    few = measures.spread(len(codes), settings["n_sequences"])
    measured: dict[tuple[str, str], Measure | None] = {}
    for name in compared(scores)["id"]:
        a = maps(name)
        score = measures.relative_scores(x, a)
        signed = position_scores(x[few], a[few], score="input")
        drop = functools.partial(
            perturbation, *predictor(name), codes[few], settings["replacements"]
        )
        measured[name, "motif_support"] = support(score, windows, draws)
        measured[name, "perturbation"] = drop(signed)
        measured[name, "perturbation_absolute"] = drop(score[few])
        if occupied is not None:
            at_hits = measures.occupancy(score, ctcf, occupied)
            measured[name, "ctcf_occupancy"] = Measure(*at_hits)
    for first, others in replicates(scores["id"]).items():
        measured[first, PRIMARY] = agreement(first, others, maps, untrained(first, x[few]))
    rows = [(*key, *measure) for key, measure in measured.items() if measure]
    table = pd.DataFrame(rows, columns=["model", "measure", *Measure._fields])
    table.insert(4, "excess", table["value"] - table["baseline"])
    related = correlations(table, scores)
    return {"measures": table, "correlations": related, "power": power_table(related)}


def replicates(ids: Iterable[str]) -> dict[str, list[str]]:
    """Networks of one configuration: {id of the first initialisation: ids of the others}.

    A configuration with a single initialisation has no replicate and is left out.
    """
    import pandas as pd

    table = pd.DataFrame({"id": sorted(ids)})
    groups = [list(part) for _, part in table["id"].groupby(configuration(table))]
    return {first: others for first, *others in groups if others}


def predictor(networks: Networks, test: np.ndarray, model_id: str) -> tuple[Predict, float]:
    """Function from codes (N, L) to the explained output (N,), and its SD on the test codes."""

    def predict(codes):
        return networks.predict(model_id, codes_to_one_hot(codes)).astype(float)

    return predict, predict(test).std()


def untrained_maps(
    networks: Networks, model_id: str, x: np.ndarray, n: int = UNTRAINED
) -> list[np.ndarray]:
    """Maps of `n` fresh networks of the same architecture on sequences (N, L, 4)."""
    draws = (np.random.default_rng([SEED, 2, draw]) for draw in range(n))
    return [networks.untrained_maps(model_id, x, rng) for rng in draws]


# --- one network and measure ---------------------------------------------------------------


def agreement(
    first: str,
    others: Sequence[str],
    maps: Callable[[str], np.ndarray],
    untrained: Sequence[np.ndarray],
) -> Measure:
    """Replicate agreement of one configuration; baseline: mean over pairs of untrained networks."""
    one = maps(first)
    value = np.mean([measures.agreement(one, maps(other)) for other in others])
    baseline = np.mean([measures.agreement(*p) for p in itertools.combinations(untrained, 2)])
    return Measure(value, baseline, len(one), len(untrained[0]))


def support(
    score: np.ndarray, windows: dict[str, tuple[measures.Hits, list[measures.Hits]]], draws: int
) -> Measure | None:
    """Motif support, mean over motifs; baseline: rotated scores, mean over rotations.

    None where no motif has enough hits.
    """
    if not windows:
        return None
    rng = np.random.default_rng([SEED, 1])
    rotated = [measures.rotated_scores(score, rng) for _ in range(draws)]
    value, *null = (
        np.mean(list(measures.motif_support(s, windows).values())) for s in (score, *rotated)
    )
    n = sum(len(hits.row) for hits, _ in windows.values())
    n_controls = sum(len(c.row) for _, controls in windows.values() for c in controls)
    return Measure(value, np.mean(null), n, n_controls)


def perturbation(
    predict: Predict, scale: float, codes: np.ndarray, replacements: int, score: np.ndarray
) -> Measure:
    """Drop in SD of the prediction when the top k-mers go; baseline: random k-mers of equal GC.

    With signed scores the top k-mers are those of which the map says that they raise the
    prediction; with absolute ones, as the score of this book reads a map, they may also lower it.
    """
    top, random = measures.perturbation(predict, codes, score, replacements=replacements, seed=SEED)
    return Measure(top.mean() / scale, random.mean() / scale, len(codes), len(codes))


def _ctcf(data, counts, peaks):
    """Hits of the CTCF matrix, and which of them have their middle in a peak (None: no peaks)."""
    hits = measures.find_hits(data["codes"], measures.matrix_bits(counts))
    if peaks is None:
        return hits, None
    middle = data["start"][hits.row] + hits.start + hits.width // 2
    chrom, nothing = data["chrom"][hits.row], (np.empty(0), np.empty(0))
    occupied = np.zeros(len(middle), bool)
    for name in np.unique(chrom):
        at = chrom == name
        occupied[at] = measures.in_intervals(middle[at], *peaks.get(str(name), nothing))
    return hits, occupied


def read_peaks() -> dict[str, tuple[np.ndarray, np.ndarray]] | None:
    """CTCF peaks of GM12878, {chromosome: (starts, ends)}; None where the file is not here."""
    from ..sources.intervals import read_columns

    if remote.locate(PEAKS) is None:
        return None
    table = read_columns(remote.verified(PEAKS), ["chrom", "start", "end"], [0, 1, 2])
    return {
        name: (part["start"].to_numpy(), part["end"].to_numpy())
        for name, part in table.groupby("chrom")
    }
