"""Networks trained on rules about *pairs* of motifs, which a score of single k-mers cannot see.

Every sequence holds two motifs.  Under `pairing` and `and` the classes hold each motif
equally often and differ only in who stands with whom; under `spacing` only in the distance;
under `presence` each motif counts by itself.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution_consistency import consistency, kmer_klds
from attribution_consistency.length_scaling import LengthWeights
from attribution_consistency.motifs import load_motifs
from attribution_consistency.sequences import codes_to_one_hot
from attribution_consistency.weights import length_weights_from

from .. import paths
from ..kmer_words import name_kmer
from ..tables import rivals
from . import interactions_metric as pairs

if TYPE_CHECKING:
    import pandas as pd

PREFIX = "interactions"
CHAPTER = "08_interactions"
POPULATIONS = ()
TABLES = ("networks", "cells")
# Four core motifs of the synthetic task that share little.
MOTIFS = {"A": "MA0466.2", "B": "MA0062.2", "C": "MA0058.3", "D": "MA0095.2"}
# Pairs of the negative and of the positive class, each as likely as the others of its class.
GRAMMARS = {
    "pairing": (["AD", "CB"], ["AB", "CD"]),
    "and": (["AA", "BB"], ["AB"]),
    "presence": (
        ["AC", "AD", "BC", "BD", "CC", "CD", "DD", "CD"],
        ["AC", "AD", "BC", "BD", "AA", "AB", "BB", "AB"],
    ),
    "spacing": (["AB"], ["AB"]),
}
PPM = {m.matrix_id: m.ppm for m in load_motifs() if m.strand == "+"}
WIDTHS = {letter: len(PPM[matrix]) for letter, matrix in MOTIFS.items()}
NEAR, FAR = (20, 35), (55, 80)  # distances of two starts, nucleotides
EDGES = (45,)  # where a pair counts as far
# Networks of the zoo, which know the four motifs; the first layer comes from them.
START = {"exp": "bn-exp-standard-00", "relu": "bn-relu-standard-00"}
BEFORE = "before"  # the networks of the zoo themselves, on the sequences of `pairing`
FIRST = 6  # arrays of a first layer and its batch norm
CELLS = ["distance", "one", "two", "far", "p", "j", "r"]
ABSENT = (
    "This run left the networks of this chapter out (`studies.interactions.run` is off in its "
    "configuration).",
    "The made-up maps are computed here.",
)


def simulate(
    grammar: str, n: int = 6000, length: int = 200, seed: int = 0
) -> dict[str, np.ndarray]:
    """Sequences with two motifs each, labelled by a grammar.

    Returns
    -------
    dict of ndarray
        `codes` uint8 (N, L), `y` float32 (N, 1), `split` uint8 (N,) 0 training, 2 test;
        `motif` str (N, 2) and `start` int (N, 2), in the order of the sequence; `takes_part`
        bool (N, 2), whether the rule makes the motif speak for the positive class where it
        stands.
    """
    rng = np.random.default_rng(seed)
    positive = rng.permutation(np.arange(n) < n // 2)
    motif, start = np.empty((n, 2), "<U1"), np.empty((n, 2), int)
    probabilities = np.full((n, length, 4), 0.25)
    for row, label in enumerate(positive):
        choices = GRAMMARS[grammar][int(label)]
        motif[row] = rng.permutation(list(choices[rng.integers(len(choices))]))
        low, high = (NEAR[0], FAR[1]) if grammar != "spacing" else NEAR if label else FAR
        distance = rng.integers(low, high, endpoint=True)
        start[row, 0] = rng.integers(length - distance - WIDTHS[motif[row, 1]], endpoint=True)
        start[row, 1] = start[row, 0] + distance
        for m, at in zip(motif[row], start[row]):
            probabilities[row, at : at + WIDTHS[m]] = PPM[MOTIFS[m]]
    edges = probabilities.cumsum(axis=2)[:, :, :3]
    codes = (rng.random((n, length, 1)) >= edges).sum(axis=2).astype(np.uint8)
    matters = np.isin(motif, ["A", "B"])
    takes_part = matters if grammar == "presence" else np.c_[positive, positive]
    return {
        "codes": codes,
        "y": positive[:, None].astype(np.float32),
        "split": rng.choice([0, 2], n, p=(0.7, 0.3)).astype(np.uint8),
        "motif": motif,
        "start": start,
        "takes_part": takes_part,
    }


def made_map(
    data: Mapping[str, np.ndarray], takes_part: np.ndarray, noise: float = 0.3, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Sequences and maps (N, L, 4) of a network that followed a rule exactly.

    The base that is there scores 1 under every motif that `takes_part`, bool (N, 2), and 0
    elsewhere; `noise` is the standard deviation of what is added to every entry.
    """
    x = codes_to_one_hot(data["codes"])
    score = np.zeros(x.shape[:2])
    for row, column in np.argwhere(takes_part):
        start, width = data["start"][row, column], WIDTHS[data["motif"][row, column]]
        score[row, start : start + width] = 1
    # The mean over the four bases is 0, so that the gradient correction changes nothing.
    a = score[:, :, None] * (4 * x - 1) / 3
    a += np.random.default_rng(seed).normal(0, noise, a.shape)
    return x, a.astype(np.float32)


def recipe(rule: str, activation: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """All that decides what a network is; its digest keys the weights, see `models.recipes`.

    The network of the zoo that it starts from counts too, by its own digest.
    """
    from ..zoo import recipes

    data = {"grammar": rule, "n_sequences": settings["n_sequences"], "data_seed": settings["seed"]}
    given = recipes.synthetic_recipe(START[activation], settings["epochs"], data)
    if rule == BEFORE:
        return given | {"epochs": 0, "start": START[activation]}
    start = paths.read_json(paths.shipped("synthetic") / f"{START[activation]}.json")
    return given | {
        "population": PREFIX,
        "architecture": "pairs",
        "init": settings["seed"],
        "start": START[activation],
        "start_digest": start["digest"],
    }


def teach(given: dict[str, Any], data: Mapping[str, np.ndarray]) -> tuple[Any, dict[str, Any]]:
    """Train a network on a rule: `(model, record)` as `models.training.train` gives them.

    Its first layer is that of a network of the zoo, which knows the motifs, and stays as it is;
    its output is computed once, which makes an epoch cheap.  The layers behind it, wide enough
    to see two motifs at once, start at random.

    Parameters
    ----------
    given : dict
        The recipe.
    data : dict of ndarray
        As `simulate` gives it.
    """
    from ..performance import auroc
    from ..zoo import networks, training, weights
    from ..zoo.trained import he_normal

    rng = np.random.default_rng(given["init"])
    model = networks.build(given, data["codes"].shape[1])
    with np.load(paths.shipped("synthetic") / f"{given['start']}.npz") as arrays:
        first = weights.unpack(arrays)[:FIRST]
    fresh = [he_normal(w.name, w.shape, rng) for w in model.weights[FIRST:]]
    model.set_weights([*first, *fresh])
    layers = [type(layer).__name__ for layer in model.layers]
    cut = len(layers) - 1 - layers[::-1].index("Conv1D")
    features = model.layers[cut].input
    trunk, tail = type(model)(model.inputs, features), type(model)(features, model.output)
    tail.compile("adam", loss=training.LOSSES["binary"](), jit_compile=False)
    y, training_rows, test = data["y"], *(np.flatnonzero(data["split"] == s) for s in (0, 2))
    x = training.predict(trunk, codes_to_one_hot(data["codes"]))
    began, losses = time.perf_counter(), []
    for epoch in range(given["epochs"]):
        training.reseed(tail, given["init"], epoch)
        rows = np.random.default_rng([given["init"], epoch]).permutation(training_rows)
        dataset = training.batches((x[rows], y[rows]), given["batch_size"])
        fitted = tail.fit(dataset, shuffle=False, verbose=0)
        losses.append(round(float(fitted.history["loss"][0]), 6))
    minutes = round((time.perf_counter() - began) / 60, 2)
    scores = {"auroc": auroc(y[test, 0], training.predict(tail, x[test])[:, 0])}
    course = {"epochs": given["epochs"], "minutes": minutes, "history": {"loss": losses}}
    return model, training.record_of(given, scores, **course)


def trained(
    run: paths.Run,
    model_id: str,
    given: dict[str, Any],
    data: Mapping[str, np.ndarray],
    shipped: bool,
) -> tuple[Any, int]:
    """A network with its weights, and the epochs of its training.

    It is from the repository, where weights in `data/interactions` may be used (`shipped`), from
    an earlier run, or taught, see `teach`.
    """
    from ..zoo import networks, recipes, training, weights

    model = networks.build(given, data["codes"].shape[1])
    if given["epochs"] == 0:  # of the zoo, as it is
        path = paths.shipped("synthetic") / f"{given['start']}.npz"
        return weights.load_into(model, path), 0
    digest, shapes = recipes.digest(given), weights.shapes(model)
    folder, kept = paths.shipped(PREFIX), run.checkpoints / PREFIX
    if not (shipped and training.has_weights(folder, model_id, digest, shapes)):
        folder = kept
        if not training.has_weights(folder, model_id, digest, shapes):
            kept.mkdir(parents=True, exist_ok=True)
            training.save(*teach(given, data), kept, model_id)
    epochs = paths.read_json(folder / f"{model_id}.json")["epochs"]
    return weights.load_into(model, folder / f"{model_id}.npz"), epochs


def make(run: paths.Run, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """The tables of the study, {name: DataFrame}.

    Returns
    -------
    networks : DataFrame
        Two rows a network, pairs of names without and with their distance.
    cells : DataFrame
        Every kind of pair behind them.
    """
    import pandas as pd

    from ..performance import auroc
    from ..zoo.attribution import saliency
    from ..zoo.training import predict

    chosen = settings["studies"][PREFIX]
    shipped = chosen["weights"] == "shipped"
    learnt = length_weights_from(paths.read_json(run.length_weights)["frequency"])
    rows, cells = [], []
    for rule in [*GRAMMARS, BEFORE]:
        grammar = "pairing" if rule == BEFORE else rule
        data = simulate(grammar, chosen["n_sequences"], seed=chosen["seed"])
        test = data["split"] == 2
        x = codes_to_one_hot(data["codes"][test])
        for activation in START:
            model_id = f"{rule}-{activation}-{chosen['seed']:02d}"
            given = recipe(rule, activation, chosen)
            model, epochs = trained(run, model_id, given, data, shipped)
            a, predicted = saliency(model, x), predict(model, x)[:, 0]
            row = {"id": model_id, "rule": rule, "activation": activation, "epochs": epochs}
            row |= {"auroc": auroc(data["y"][test, 0], predicted), "n": len(x)}
            row |= single_scores(x, a, learnt)
            measured, table = measure(x, a, chosen["draws"])
            rows += [row | part for part in measured]
            cells.append(table.assign(id=model_id))
            print(f"{model_id}: AUROC {row['auroc']:.3f}", flush=True)
    every = pd.concat(cells, ignore_index=True)[["id", *CELLS]]
    return {"networks": pd.DataFrame(rows), "cells": every}


def single_scores(x: np.ndarray, a: np.ndarray, learnt: LengthWeights) -> dict[str, float]:
    """What scores of single k-mers say about the same maps, as columns."""
    klds = kmer_klds(x, a)
    return {
        "kld_frequency_k6": klds[3],
        "kld_instance_k6": kmer_klds(x, a, [6], reading="instance")[0],
        **rivals(x, a, ["kld_original"]),
        "consistency_frequency": float(consistency(klds, learnt)),
    }


def measure(
    x: np.ndarray, a: np.ndarray, draws: int = 99, seed: int = 0
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """The divergence of pairs without and with distance: (two rows, table of cells).

    Where there are too few pairs, the row holds the reason and no number.
    """
    import pandas as pd

    tokens = pairs.find_tokens(x, a)
    rows: list[dict[str, Any]] = []
    tables = []
    for distance, edges in ((False, ()), (True, EDGES)):
        try:
            pair = pairs.pair_divergence(tokens, edges=edges, n_draws=draws, seed=seed)
        except pairs.TooFewPairs as error:
            rows.append({"distance": distance, "reason": str(error)})
            continue
        row = {"distance": distance, "reason": "", "bits": pair.bits, "bits_low": pair.low}
        row |= {"bits_high": pair.high, "null": pair.null.mean(), "p_value": pair.p_value}
        rows.append(row)
        tables.append(cell_table(tokens, pair).assign(distance=distance))
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=CELLS)
    return rows, table[CELLS]


def cell_table(tokens: pairs.Tokens, found: pairs.PairDivergence) -> pd.DataFrame:
    """Every cell of a divergence: names, far (second bin of distance), p, j and r."""
    import pandas as pd

    words, cells = tokens.words, found.pairs
    names = {"one": [words[i] for i in cells.left], "two": [words[i] for i in cells.right]}
    shares = {"p": found.p, "j": found.j, "r": found.r}
    return pd.DataFrame(names | {"far": cells.bin.astype(bool)} | shares)


def by_motif(tokens: pairs.Tokens, found: pairs.PairDivergence) -> pd.DataFrame:
    """Shares p, r and j of pairs of motifs, where those are 5 % of all pairs or more.

    Names of tokens that fit the same motif are added up.
    """
    import pandas as pd

    letters = {matrix: letter for letter, matrix in MOTIFS.items()}
    known = [m for m in load_motifs() if m.matrix_id in letters]
    motif = [letters[name_kmer(word, known)[0].matrix_id] for word in tokens.words]
    cells = zip(found.pairs.left, found.pairs.right)
    names = ["".join(sorted((motif[one], motif[two]))) for one, two in cells]
    shares = pd.DataFrame({"p": found.p, "r": found.r, "j": found.j}).groupby(names).sum()
    return shares[shares["p"] >= 0.05]
