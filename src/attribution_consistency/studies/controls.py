"""Tables behind the chapter on controls: what else moves the score, and which choices matter.

Maps that know nothing (rotated scores, random spikes, arbitrary words), networks that learnt
nothing (shuffled labels, permuted or fresh weights) and every choice of the metric, on the
same sequences: the first `studies.controls.n_sequences` of those mapped.  Baseline of every
comparison: corrected saliency, absolute gradient times input, reading `frequency`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import artefacts, evaluation, metric
from ..datasets import store
from ..datasets.sequences import codes_to_one_hot
from ..evaluation import READINGS
from ..metric.divergence import distributions, kl, sum_tracks
from .controls_maps import WORDS, in_noise, rotated, spikes, wrong_words
from .controls_methods import (
    READING,
    SEED,
    mean,
    method_choices,
    methods_table,
    sign_tables,
    summary,
)

if TYPE_CHECKING:
    import pandas as pd

PREFIX = "controls"
CHAPTER = "06_controls"
POPULATIONS = ("synthetic",)
OPTIONAL = ("gm12878_dnase",)
TABLES = ("maps", "halves", "sizes", "choices", "methods", "signs", "exchange", "starts")
FEWER_OR_MORE = (1, 4, 10, 160)  # arbitrary words, besides `WORDS`
BLIND = ("constant", "noise", "spike", "words")  # maps beside the networks in `sizes`
FRESH = 3  # sets of initial weights of each architecture
SHUFFLED = ("bn-exp-standard-00", "bn-relu-standard-00")  # trained on shuffled labels
ABSENT = "This run did not make these tables.", ""


# --- scores of one map --------------------------------------------------------------------


def score_map(
    x: np.ndarray,
    a: np.ndarray,
    ks: Sequence[int],
    masks: dict[str, Any] | None = None,
    correct: bool = True,
) -> dict[str, Any]:
    """Every metric of one map, as a dict of columns; see "Controls" in the columns page.

    All are NaN for maps that are not finite or the same everywhere after correction.

    Parameters
    ----------
    x, a : (N, L, 4)
    ks : k-mer lengths
    masks : {"motif_mask" and "spacer_mask": (N, L)}, or None
    correct : bool
    """
    names = ("snr", "motif_auroc", "original", "geometric", "gini")
    row = {"n": len(x)} | dict.fromkeys(names, np.nan)
    row |= {f"{what}_{r}_k{k}": np.nan for r in READINGS for k in ks for what in ("kld", "excess")}
    if not np.isfinite(a).all() or not np.abs(a).max() > 0:
        return row
    if masks:
        for name, truth in (("snr", metric.signal_to_noise), ("motif_auroc", metric.motif_auroc)):
            row[name] = mean(truth(x, a, correct=correct, **masks))
    row["original"] = metric.thresholded_kld(x, a, correct=correct)
    row["geometric"] = metric.geometric_kld(x, a)
    row["gini"] = metric.gini(x, a, correct=correct)
    sums = {r: _sums(x, a, ks, reading=r, correct=correct) for r in ("instance", "per_sequence")}
    for reading in READINGS:
        found = sums.get(reading, sums["instance"])  # frequency needs the same sums as instance
        for k in ks:
            counts, (w, constant) = found.counts[k], found.weights[k]
            q, p = distributions(counts, w, k, reading)
            row[f"kld_{reading}_k{k}"] = kl(q, p)
            row[f"excess_{reading}_k{k}"] = kl(q, distributions(counts, constant, k, reading)[0])
    return row


def _sums(x, a, ks, reading="instance", correct=True):
    """k-mer counts and weights of a map and of a constant one, see `metric.divergence`."""
    return sum_tracks(x, [a, None], ks, reading, "abs_input", correct, False)


# --- tables -------------------------------------------------------------------------------


def make(run: artefacts.Run, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Every table of `TABLES` from the artefacts of a run, {name: DataFrame}."""
    import pandas as pd

    options, ks = settings["studies"]["controls"], settings["scores"]["ks"]
    weights = {
        reading: evaluation.length_weights_from(entry)
        for reading, entry in artefacts.read_json(run.length_weights).items()
    }
    found = []
    for population in (*POPULATIONS, *OPTIONAL):
        if not run.scores(population).exists():
            continue
        every = artefacts.read_csv(run.scores(population))
        every = every[every["status"] == "ok"].reset_index(drop=True)
        scores = one_of_each(every)
        ids = list(scores["id"])
        x, masks = sequences(run, population, ids[0], options["n_sequences"])
        real = {i: artefacts.read_maps(run.name, population, i)["a"][: len(x)] for i in ids}
        part = control_table(x, real, ks, masks, options["draws"]).assign(population=population)
        known = scores.set_index("id")["auroc"]
        part["auroc"] = part["id"].map(known).where(part["kind"] == "network")
        found.append(part)
        if population == "synthetic":
            blind, record = blind_networks(run, settings, ids, x)
            part = control_table(x, blind, ks, masks, 0, kind=None).assign(population=population)
            part["auroc"] = part["id"].map(record).where(part["kind"] == "labels")
            found.append(part)
            tables = {
                "halves": halves(x, real, ks, masks, weights),
                "sizes": sizes(x, real, ks),
                "methods": methods_table(run, settings, ids, x, masks, weights),
                "choices": choices(x, real, ks, masks, weights),
                **sign_tables(run, settings, every, x, masks, weights),
            }
    maps = add_finals(pd.concat(found, ignore_index=True), ks, weights)
    first = ["population", "kind", "id", "rotated", "draw", "words", "auroc"]
    tables["maps"] = maps[first + [c for c in maps if c not in first]]
    tables["choices"] = pd.concat(
        [tables["choices"], method_choices(tables["methods"])], ignore_index=True
    )
    return {name: _short(table) for name, table in tables.items()}


def one_of_each(scores: pd.DataFrame) -> pd.DataFrame:
    """The rows of a score table of the first initialisation of each configuration."""
    first = scores.groupby(evaluation.configuration(scores))["init"].transform("min")
    return scores[scores["init"] == first].reset_index(drop=True)


def add_finals(
    table: pd.DataFrame, ks: Sequence[int], weights: dict[str, metric.LengthWeights]
) -> pd.DataFrame:
    """The table of maps with final_{reading} and final_excess_{reading}, by mean length weights."""
    for what, final in (("kld", "final"), ("excess", "final_excess")):
        for reading in READINGS:
            klds = table[[f"{what}_{reading}_k{k}" for k in ks]].to_numpy(float)
            table[f"{final}_{reading}"] = metric.consistency(klds, weights[reading])
    return table


def sequences(
    run: artefacts.Run, population: str, model_id: str, n: int
) -> tuple[np.ndarray, dict[str, Any]]:
    """First `n` mapped sequences of a run: x (n, L, 4), and masks of their motifs or {}."""
    rows = artefacts.read_maps(run.name, population, model_id)["rows"][:n]
    data = store.load(run.data(population))
    masks: dict[str, Any] = {m: data[m][rows] for m in ("motif_mask", "spacer_mask") if m in data}
    return codes_to_one_hot(data["codes"][rows]), masks


def control_table(
    x: np.ndarray,
    maps: Mapping[Any, np.ndarray],
    ks: Sequence[int],
    masks: dict[str, Any],
    draws: int,
    kind: str | None = "network",
) -> pd.DataFrame:
    """Scores of maps, of their rotated copies and of `draws` maps of each other control.

    Parameters
    ----------
    x : (N, L, 4)
    maps : {id: (N, L, 4)}, or {(kind, id): ...} where `kind` is None
    ks, masks : as in `score_map`
    draws : int
    kind : str or None

    Returns
    -------
    DataFrame
        One row a map.
    """
    import pandas as pd

    def row(kind, name, a, draw=0, words=np.nan, turned=False, **more):
        where = {"kind": kind, "id": name, "rotated": turned, "draw": draw, "words": words}
        return where | score_map(x, a, ks, masks, **more)

    rows = []
    for number, (key, a) in enumerate(maps.items()):
        this, name = (kind, key) if kind else key
        rows.append(row(this, name, a))
        rng = np.random.default_rng([SEED, number])
        rows.append(row(this, name, rotated(x, a, rng), turned=True))
    for draw in range(draws):
        rng = np.random.default_rng([SEED, 1000 + draw])
        rows.append(row("spike", "", spikes(x, rng), draw))
        rows.append(row("noise", "", rng.normal(size=x.shape), draw))
        for words in (WORDS, *FEWER_OR_MORE):
            rows.append(row("words", "", wrong_words(x, rng, words), draw, words))
        hidden = in_noise(x, wrong_words(x, rng), rng)
        rows.append(row("words_in_noise", "", hidden, draw, WORDS))
    if draws:
        rows.append(row("constant", "", x, correct=False))
    return pd.DataFrame(rows)


def blind_networks(
    run: artefacts.Run, settings: dict[str, Any], ids: Sequence[str], x: np.ndarray
) -> tuple[dict[tuple[str, str], np.ndarray], dict[str, float]]:
    """Maps of networks that learnt nothing of the task: {(kind, id): map}, {id: AUROC}.

    Kinds: `labels`, trained on shuffled labels; `weights`, the networks of the run with
    the entries of every weight array permuted; `untrained`, fresh He-normal weights.
    The AUROC is that on the true labels of the test sequences.
    """
    from ..models import attribution, networks, training, weights
    from ..pipeline import model_recipes

    recipes, maps, auroc = model_recipes(settings, "synthetic"), {}, {}
    built = functools.cache(
        lambda batch_norm, activation: networks.build(
            next(
                r
                for r in recipes.values()
                if (r["batch_norm"], r["activation"]) == (batch_norm, activation)
            ),
            x.shape[1],
        )
    )
    for number, name in enumerate(ids):
        model = built(recipes[name]["batch_norm"], recipes[name]["activation"])
        weights.load_into(model, run.model("synthetic", name))
        rng = np.random.default_rng([SEED, 2000 + number])
        arrays = model.get_weights()
        model.set_weights([rng.permutation(w.ravel()).reshape(w.shape) for w in arrays])
        maps["weights", name] = attribution.saliency(model, x)
    kinds = sorted({(recipes[name]["batch_norm"], recipes[name]["activation"]) for name in ids})
    for number, (batch_norm, activation) in enumerate(kinds):
        model = built(batch_norm, activation)
        for draw in range(FRESH):
            rng = np.random.default_rng([SEED, 3000 + number, draw])
            model.set_weights([he_normal(w.name, w.shape, rng) for w in model.weights])
            name = f"{'bn' if batch_norm else 'nobn'}-{activation}-{draw:02d}"
            maps["untrained", name] = attribution.saliency(model, x)
    shuffled = shuffled_recipes(settings)
    folder = run.models(PREFIX)
    training.train_models(
        shuffled,
        functools.partial(_shuffled_data, run),
        folder,
        run.checkpoints / PREFIX,
        artefacts.shipped(PREFIX),
    )
    paths = {name: folder / f"{name}.npz" for name in shuffled}
    for name, a in attribution.saliency_of_models(shuffled, paths, x):
        maps["labels", name] = a
        auroc[name] = artefacts.read_json(folder / f"{name}.json")["test"]["auroc"]
    return maps, auroc


def shuffled_recipes(settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Recipes of the networks that are trained on shuffled labels, {id: recipe}."""
    from ..models import recipes

    epochs = settings["studies"]["controls"]["label_epochs"]
    return {
        name: recipes.synthetic_recipe(name, epochs, settings["synthetic"]) | {"labels": "shuffled"}
        for name in SHUFFLED
    }


def _shuffled_data(run):
    """The synthetic data, labels of training and validation sequences permuted among them."""
    arrays = store.load(run.data("synthetic"), ["codes", "y", "split"])
    y, rng = arrays["y"].copy(), np.random.default_rng(SEED)
    for split in (0, 1):
        rows = np.flatnonzero(arrays["split"] == split)
        y[rows] = y[rng.permutation(rows)]
    return {"x": codes_to_one_hot(arrays["codes"]), "y": y, "split": arrays["split"]}


def he_normal(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Initial values of a weight array of the networks, by its name; kernels He-normal."""
    if name == "kernel":
        return rng.normal(scale=np.sqrt(2 / np.prod(shape[:-1])), size=shape)
    return np.full(shape, 1.0 if name in ("gamma", "moving_variance") else 0.0)


def halves(
    x: np.ndarray,
    real: dict[str, np.ndarray],
    ks: Sequence[int],
    masks: dict[str, Any],
    weights: dict[str, metric.LengthWeights],
) -> pd.DataFrame:
    """`summary` of each network on even and on odd sequences: a row for each half."""
    import pandas as pd

    return pd.DataFrame(
        [
            {"id": name, "half": which}
            | summary(x[half], a[half], ks, {m: v[half] for m, v in masks.items()}, weights)
            for name, a in real.items()
            for which, half in (("even", slice(0, None, 2)), ("odd", slice(1, None, 2)))
        ]
    )


def sizes(x: np.ndarray, real: dict[str, np.ndarray], ks: Sequence[int]) -> pd.DataFrame:
    """KLDs of each network and of maps that know nothing on the first n sequences.

    Returns
    -------
    DataFrame
        Columns id (one of `BLIND` for those maps), reading, n, and k3 ... for each k.
    """
    import pandas as pd

    rng = np.random.default_rng([SEED, 4000])
    blind = dict(zip(BLIND, (None, rng.normal(size=x.shape), spikes(x, rng), wrong_words(x, rng))))
    rows = []
    for n in [*(n for n in (25, 50, 100, 200, 400, 800) if n < 0.7 * len(x)), len(x)]:
        for name, a in {**real, **blind}.items():
            for reading in READINGS:
                if a is None:
                    klds = metric.constant_floor(x[:n], ks, reading=reading)
                else:
                    klds = metric.kmer_klds(x[:n], a[:n], ks, reading=reading)
                rows.append(
                    {"id": name, "reading": reading, "n": n}
                    | {f"k{k}": v for k, v in zip(ks, klds)}
                )
    return pd.DataFrame(rows)


# --- every choice of the metric -----------------------------------------------------------

# The choice that the book makes, of each family of choices; the others are varied.
DEFAULTS = {
    "metric": "final score",
    "reading": "frequency",
    "gradient correction": "yes",
    "position score": "|gradient x input|",
    "prior": "own k-mers",
    "direction": "KL(q || p)",
    "floor": "kept",
    "strands": "apart",
    "lengths": "length weights",
    "sequence length": "whole",
    "attribution method": "saliency",
    "original: quantile": "0.9",
    "original: buffer": "2",
    "original: k": "6",
    "original: position score": "l2",
    "original: correction": "yes",
}


def choices(
    x: np.ndarray,
    real: dict[str, np.ndarray],
    ks: Sequence[int],
    masks: dict[str, Any],
    weights: dict[str, metric.LengthWeights],
) -> pd.DataFrame:
    """The score of each network under every variant: family, variant, id, value, snr."""
    import pandas as pd

    prior = {"uniform": {k: np.ones(4**k) for k in ks}, "single bases": zeroth_order(x, ks)}
    rows = []
    for name, a in real.items():
        snr = mean(metric.signal_to_noise(x, a, **masks))
        rows += [
            {"family": family, "variant": variant, "id": name, "value": value, "snr": snr}
            for (family, variant), value in variants(x, a, ks, weights, prior).items()
        ]
    return pd.DataFrame(rows)


def variants(
    x: np.ndarray,
    a: np.ndarray,
    ks: Sequence[int],
    weights: dict[str, metric.LengthWeights],
    prior: dict[str, dict[int, np.ndarray]],
) -> dict[tuple[str, str], float]:
    """One map under every choice, {(family, variant): score}.

    The variants of the final score are joined over the lengths by the weights of its reading.

    Parameters
    ----------
    x, a : (N, L, 4)
    ks : k-mer lengths
    weights : {reading: LengthWeights}
    prior : {variant: {k: (4**k,) frequencies}}
    """
    score = functools.partial(metric.kmer_klds, x, a, ks)
    base, sums = score(), _sums(x, a, ks)
    pairs = {k: distributions(sums.counts[k], sums.weights[k][0], k, READING) for k in ks}
    changed = {
        ("gradient correction", "no"): score(correct=False),
        ("position score", "l2"): score(score="l2"),
        ("direction", "KL(p || q)"): score(reverse=True),
        ("direction", "Jensen-Shannon"): np.array([jensen_shannon(*pairs[k]) for k in ks]),
        ("floor", "subtracted"): base - metric.constant_floor(x, ks),
        ("floor", "KL(q || q of a constant map)"): metric.excess_klds(x, a, ks),
        ("strands", "together"): score(collapse=True),
        **{("prior", name): score(prior=given) for name, given in prior.items()},
    }
    length = x.shape[1]
    for part in (length // 2, 3 * length // 4):
        middle = slice((length - part) // 2, (length - part) // 2 + part)
        changed["sequence length", f"middle {part} nt"] = metric.kmer_klds(
            x[:, middle], a[:, middle], ks
        )
    final = metric.consistency(base, weights[READING])
    values = {
        ("metric", "geometric"): metric.geometric_kld(x, a),
        ("metric", "Gini"): metric.gini(x, a),
        ("lengths", "equal weights"): base.mean(),
    }
    values |= {("lengths", f"k = {k}"): v for k, v in zip(ks, base)}
    values |= {key: metric.consistency(v, weights[READING]) for key, v in changed.items()}
    for reading in READINGS[1:]:
        values["reading", reading] = metric.consistency(score(reading=reading), weights[reading])
    original = functools.partial(metric.thresholded_kld, x, a)
    values |= {("original: quantile", str(q)): original(quantile=q) for q in (0.8, 0.85, 0.95)}
    values |= {("original: buffer", str(b)): original(buffer=b) for b in (0, 5)}
    values |= {("original: k", str(k)): original(k) for k in (4, 5, 7)}
    values["original: position score", "|gradient x input|"] = original(score="abs_input")
    values["original: correction", "no"] = original(correct=False)
    values["metric", "original"] = usual = original()
    for family, variant in DEFAULTS.items():
        if family != "attribution method":
            values[family, variant] = usual if family.startswith("original") else final
    return values


def zeroth_order(x: np.ndarray, ks: Sequence[int]) -> dict[int, np.ndarray]:
    """k-mer frequencies that the frequencies of single bases alone would give, {k: (4**k,)}."""
    base = x.sum(axis=(0, 1)) / x.sum()
    return {k: functools.reduce(np.multiply.outer, [base] * k).ravel() for k in ks}


def jensen_shannon(q: np.ndarray, p: np.ndarray) -> float:
    """Mean divergence of two distributions (M,) from their mean, nats: symmetric, at most log 2."""
    middle = (q + p) / 2
    return (kl(q, middle) + kl(p, middle)) / 2


def _short(table, digits=6):
    """A table whose numbers have so many significant digits, to keep it small."""
    table = table.copy()
    for column in table.select_dtypes("float"):
        table[column] = [float(f"{v:.{digits}g}") for v in table[column]]
    return table
