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
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import artefacts
from ..datasets import motifs, registry, store
from ..datasets.sequences import codes_to_one_hot
from ..evaluation import configuration
from ..metric import position_scores
from . import evidence_measures as measures
from . import real_data
from .association import centred_ranks, partial_spearman, spearman
from .controls import he_normal

if TYPE_CHECKING:
    import pandas as pd

PREFIX = "evidence"
POPULATION = "gm12878_dnase"
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
PRIMARY = "replicate_agreement"
# Maps of two untrained networks can be alike or opposite by luck, above all without batch norm,
# where the sign of the last layer turns the whole map around; the mean over 28 pairs depends less
# on it.
UNTRAINED = 8
# What the measures are held against: performance, the score, its rivals.
SCORES = {
    "performance": "pearson",
    "consistency": "consistency_frequency",
    "original": "kld_original",
    "gini": "gini",
}
TRUE_CORRELATIONS = (0.3, 0.5, 0.7, 0.9)
ABSENT = (
    "This run has not made these measurements: its configuration leaves them out.",
    "To make them here, set `studies.evidence.run` to true and build the book again.",
)
SEED = 5
BOOTSTRAP = 500


def make(run: artefacts.Run, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Every table of `TABLES` from the artefacts of a run, {name: DataFrame}."""
    scores = artefacts.read_csv(run.scores(POPULATION))
    scores = scores[scores["status"] == "ok"].reset_index(drop=True)
    data = store.load(run.data(POPULATION), ["codes", "split", "chrom", "start"])
    rows = artefacts.read_maps(run.name, POPULATION, scores["id"].iloc[0])["rows"]
    networks = Networks(run, settings, data["codes"][data["split"] == 2])
    return make_tables(
        {key: data[key][rows] for key in ("codes", "chrom", "start")},
        scores,
        lambda model_id: artefacts.read_maps(run.name, POPULATION, model_id)["a"],
        networks,
        read_peaks(),
        settings["studies"]["evidence"],
    )


def make_tables(
    data: dict[str, np.ndarray],
    scores: pd.DataFrame,
    maps: Callable[[str], np.ndarray],
    networks: Networks,
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
    networks : see `Networks`
        With `predictor(id)`, a function from codes to predictions and their SD, and
        `untrained(id, x)`, maps of fresh networks of the same architecture.
    peaks : {chromosome: (starts, ends)} of CTCF peaks, or None
    settings : `studies.evidence` of the configuration
    """
    import pandas as pd

    codes, x = data["codes"], codes_to_one_hot(data["codes"])
    library, draws = motifs.jaspar_matrices(), settings["draws"]
    matrices = {name: library[matrix_id][1] for name, matrix_id in MOTIFS.items()}
    windows = measures.motif_windows(codes, matrices, draws=draws, seed=SEED)
    ctcf, occupied = _ctcf(data, library[MOTIFS["CTCF"]][1], peaks)
    some = spread(len(codes), settings["n_sequences"])
    rows = []
    for name in real_data.compared(scores)["id"]:
        a = maps(name)
        score = measures.relative_scores(x, a)
        signed = position_scores(x[some], a[some], score="input")
        test = functools.partial(
            perturbation_row, *networks.predictor(name), codes[some], settings["replacements"]
        )
        rows += [
            {"model": name} | row
            for row in (
                support_row(score, windows, draws),
                test(signed, "perturbation"),
                test(score[some], "perturbation_absolute"),
                occupancy_row(score, ctcf, occupied),
            )
            if row
        ]
    for first, others in replicates(scores["id"]).items():
        rows.append(agreement_row(first, others, maps, networks.untrained(first, x[some])))
    columns = ["model", "measure", "value", "baseline", "excess", "n", "n_baseline"]
    table = pd.DataFrame(rows, columns=[c for c in columns if c != "excess"])
    table.insert(4, "excess", table["value"] - table["baseline"])
    found = correlations(table, scores)
    return {"measures": table[columns], "correlations": found, "power": power_table(found)}


def spread(n: int, wanted: int) -> np.ndarray:
    """Row numbers of at most `wanted` of `n` sequences, evenly spread over them."""
    return np.unique(np.linspace(0, n - 1, min(n, wanted)).round().astype(int))


def replicates(ids: Iterable[str]) -> dict[str, list[str]]:
    """Networks of one configuration: {id of the first initialisation: ids of the others}.

    A configuration with a single initialisation has no replicate and is left out.
    """
    groups: dict[str, list[str]] = {}
    for model_id in sorted(ids):
        groups.setdefault(model_id.rsplit("-", 1)[0], []).append(model_id)
    return {first: others for first, *others in groups.values() if others}


# --- one row a network and measure --------------------------------------------------------


def agreement_row(
    first: str,
    others: Sequence[str],
    maps: Callable[[str], np.ndarray],
    untrained: Sequence[np.ndarray],
) -> dict[str, Any]:
    """Replicate agreement of one configuration; baseline: mean over pairs of untrained networks."""
    one = maps(first)
    value = np.mean([measures.agreement(one, maps(other)) for other in others])
    baseline = np.mean([measures.agreement(*p) for p in itertools.combinations(untrained, 2)])
    return {
        "model": first,
        "measure": PRIMARY,
        "value": value,
        "baseline": baseline,
        "n": len(one),
        "n_baseline": len(untrained[0]),
    }


def support_row(
    score: np.ndarray, windows: dict[str, tuple[measures.Hits, list[measures.Hits]]], draws: int
) -> dict[str, Any] | None:
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
    hits = sum(len(hits.row) for hits, _ in windows.values())
    return {
        "measure": "motif_support",
        "value": value,
        "baseline": np.mean(null),
        "n": hits,
        "n_baseline": sum(len(c.row) for _, controls in windows.values() for c in controls),
    }


def perturbation_row(
    predict: Callable[[np.ndarray], np.ndarray],
    scale: float,
    codes: np.ndarray,
    replacements: int,
    score: np.ndarray,
    measure: str,
) -> dict[str, Any]:
    """Drop in SD of the prediction when the top k-mers go; baseline: random k-mers of equal GC.

    With signed scores the top k-mers are those of which the map says that they raise the
    prediction; with absolute ones, as the score of this book reads a map, they may also lower it.
    """
    top, random = measures.perturbation(predict, codes, score, replacements=replacements, seed=SEED)
    return {
        "measure": measure,
        "value": top.mean() / scale,
        "baseline": random.mean() / scale,
        "n": len(codes),
        "n_baseline": len(codes),
    }


def occupancy_row(
    score: np.ndarray, ctcf: measures.Hits, occupied: np.ndarray | None
) -> dict[str, Any] | None:
    """Score at CTCF hits inside peaks; baseline: at hits of equal match outside. Or None."""
    if occupied is None:
        return None
    value, baseline, n, others = measures.occupancy(score, ctcf, occupied)
    return {
        "measure": "ctcf_occupancy",
        "value": value,
        "baseline": baseline,
        "n": n,
        "n_baseline": others,
    }


def _ctcf(data, counts, peaks):
    """Hits of the CTCF matrix, and which of them have their middle in a peak (None: no peaks)."""
    hits = measures.find_hits(data["codes"], measures.matrix_bits(counts))
    if peaks is None:
        return hits, None
    middle = data["start"][hits.row] + hits.start + hits.width // 2
    chrom, nothing = data["chrom"][hits.row], (np.empty(0), np.empty(0))
    occupied = np.zeros(len(middle), bool)
    for name in np.unique(chrom):
        here = chrom == name
        occupied[here] = measures.in_intervals(middle[here], *peaks.get(str(name), nothing))
    return hits, occupied


def read_peaks() -> dict[str, tuple[np.ndarray, np.ndarray]] | None:
    """CTCF peaks of GM12878, {chromosome: (starts, ends)}; None where the file is not here."""
    import pandas as pd

    if registry.locate(PEAKS) is None:
        return None
    table = pd.read_csv(
        registry.verified(PEAKS),
        sep="\t",
        header=None,
        usecols=[0, 1, 2],
        names=["chrom", "start", "end"],
    )
    return {
        name: (part["start"].to_numpy(), part["end"].to_numpy())
        for name, part in table.groupby("chrom")
    }


class Networks:
    """The networks of a run, built once for each architecture and given weights in turn."""

    def __init__(
        self, run: artefacts.Run, settings: dict[str, Any], test_codes: np.ndarray
    ) -> None:
        from ..pipeline import model_recipes

        self.run, self.recipes = run, model_recipes(settings, POPULATION)
        self.test = test_codes
        self._built = functools.cache(self._build)

    def _build(self, kind):
        from ..models import networks

        recipe = next(r for r in self.recipes.values() if networks.kind(r) == kind)
        return networks.build(recipe, self.test.shape[1])

    def _network(self, model_id):
        """The network of this kind, whatever weights it has now."""
        from ..models import networks

        return self._built(networks.kind(self.recipes[model_id]))

    def predictor(self, model_id: str) -> tuple[Callable[[np.ndarray], np.ndarray], float]:
        """Function from codes (N, L) to the explained output (N,), and its SD on the test set."""
        from ..models import training

        model = self._trained(model_id)

        def predict(codes):
            return training.predict(model, codes_to_one_hot(codes))[:, 0].astype(float)

        return predict, predict(self.test).std()

    def maps(self, model_id: str, x: np.ndarray) -> np.ndarray:
        """Saliency of a trained network on any sequences (N, L, 4)."""
        from ..models import attribution

        return attribution.saliency(self._trained(model_id), x)

    def _trained(self, model_id):
        """The network with its weights, until the next network of its kind takes its place."""
        from ..models import weights

        model = self._network(model_id)
        return weights.load_into(model, self.run.model(POPULATION, model_id))

    def untrained(self, model_id: str, x: np.ndarray, n: int = UNTRAINED) -> list[np.ndarray]:
        """Maps of `n` fresh networks of the same architecture on sequences (N, L, 4), a list."""
        from ..models import attribution

        model = self._network(model_id)
        found = []
        for draw in range(n):
            rng = np.random.default_rng([SEED, 2, draw])
            model.set_weights([he_normal(w.name, w.shape, rng) for w in model.weights])
            found.append(attribution.saliency(model, x))
        return found


# --- over networks ------------------------------------------------------------------------


def correlations(table: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Rank correlation of the excess of each measure with each score, over networks.

    For all networks and for each task; as it is, given the Gini coefficient, given the
    architecture or the first activation (ranks minus their mean in each), and given architecture
    and Gini. Intervals are a bootstrap over configurations; NaN where fewer than four networks
    remain. Replicate agreement also has rows given `first score` and `second score`, with
    the score of one network of each configuration in place of the mean.

    Returns
    -------
    DataFrame
        Columns measure, networks, score, given, n, value, low, high.
    """
    import pandas as pd

    joined, single = with_scores(table, scores)
    rows = []
    for measure, part in joined.groupby("measure", sort=False):
        for which in ("all", *sorted(part["task"].unique())):
            some = part if which == "all" else part[part["task"] == which]
            groups = configuration(some).to_numpy()
            options = {"groups": groups, "seed": SEED, "draws": BOOTSTRAP}
            excess, inner = some["excess"], some["architecture"]
            for score, column in SCORES.items():
                alone = {
                    f"{which} score": spearman(excess, one.loc[some.index, column], **options)
                    for which, one in single.items()
                    if measure == PRIMARY
                }
                found = {"nothing": spearman(excess, some[column], **options)} | {
                    given: spearman(
                        *(centred_ranks(v, some[given]) for v in (excess, some[column])), **options
                    )
                    for given in ("architecture", "activation")
                }
                if score != "gini":
                    found["Gini"] = partial_spearman(some[column], excess, some["gini"], **options)
                    found["architecture and Gini"] = partial_spearman(
                        *(centred_ranks(v, inner) for v in (some[column], excess, some["gini"])),
                        **options,
                    )
                found |= alone
                usable = int(np.isfinite(some[["excess", column]].astype(float)).all(axis=1).sum())
                rows += [
                    {
                        "measure": measure,
                        "networks": which,
                        "score": score,
                        "given": given,
                        "n": usable,
                    }
                    | estimate._asdict()
                    for given, estimate in found.items()
                ]
    return pd.DataFrame(
        rows, columns=["measure", "networks", "score", "given", "n", "value", "low", "high"]
    )


def with_scores(
    table: pd.DataFrame, scores: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """The table of measures joined to the scores of its networks, and those of single networks.

    Returns
    -------
    joined, {"first" and "second": joined}
        Rows of `PRIMARY` have the mean of every score over the networks of the configuration,
        or the score of its first or second network.
    """
    columns = list(SCORES.values())
    ordered = scores.sort_values("id")
    ordered = ordered[columns].set_index(configuration(ordered))
    members = ordered.groupby(level=0)
    values = {"mean": members.mean()} | {
        which: ordered[members.cumcount() == n] for n, which in enumerate(("first", "second"))
    }
    joined = table.merge(scores, left_on="model", right_on="id")
    paired = joined["measure"] == PRIMARY
    names = configuration(joined[paired])
    found = {}
    for which, value in values.items():
        found[which] = joined.copy()
        found[which].loc[paired, columns] = value.reindex(names).to_numpy(float)
    return found.pop("mean"), found


def power_table(found: pd.DataFrame) -> pd.DataFrame:
    """Power at each number of networks that the correlations have: n, correlation, power."""
    import pandas as pd

    return pd.DataFrame(
        [
            {"n": n, "correlation": r, "power": p}
            for n in sorted(set(found["n"]))
            if n >= 4
            for r, p in zip(TRUE_CORRELATIONS, measures.power(n, TRUE_CORRELATIONS, seed=SEED))
        ],
        columns=["n", "correlation", "power"],
    )
