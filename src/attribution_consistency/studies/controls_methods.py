"""Maps of other attribution methods, and maps of the wrong sign.

A gradient says what an infinitely small change does. A real mutation exchanges a whole base, and
the network may bend in between: then the two can differ in sign.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import artefacts, evaluation, metric

if TYPE_CHECKING:
    import pandas as pd

READING = "frequency"
METHODS = ("saliency", "smoothgrad", "integrated_gradients", "in_silico_mutagenesis")
POINTS = 16  # gradients averaged by SmoothGrad and by integrated gradients
SEED = 0
LOW = 5  # networks of negative signal-to-noise ratio that are looked at, at most
SHARES = (0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1)  # of a base that is exchanged
EXCHANGED = 20  # sequences whose motif positions are exchanged


def summary(
    x: np.ndarray,
    a: np.ndarray,
    ks: Sequence[int],
    masks: dict[str, Any],
    weights: dict[str, metric.LengthWeights],
) -> dict[str, Any]:
    """SNR, final score (mean length weights) and its rivals of one map, as a dict."""
    return {
        "n": len(x),
        "snr": mean(metric.signal_to_noise(x, a, **masks)),
        "final": metric.consistency(metric.kmer_klds(x, a, ks), weights[READING]),
        "original": metric.thresholded_kld(x, a),
        "geometric": metric.geometric_kld(x, a),
        "gini": metric.gini(x, a),
    }


def mean(values: np.ndarray) -> float:
    """Mean of the finite values; NaN where there is none."""
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size else float("nan")


# --- other methods ------------------------------------------------------------------------


def methods_table(
    run: artefacts.Run,
    settings: dict[str, Any],
    ids: Sequence[str],
    x: np.ndarray,
    masks: dict[str, Any],
    length_weights: dict[str, metric.LengthWeights],
) -> pd.DataFrame:
    """`summary` of the maps of other attribution methods: a row for each network and method.

    In-silico mutagenesis, which costs 4 L + 1 predictions a sequence, is done for the
    networks without a regulariser only.
    """
    import pandas as pd

    from ..models import attribution, networks, weights
    from ..pipeline import model_recipes

    recipes, built, rows = model_recipes(settings, "synthetic"), {}, []
    ks = settings["scores"]["ks"]
    n = min(len(x), settings["studies"]["controls"]["method_sequences"])
    x, masks = x[:n], {m: v[:n] for m, v in masks.items()}
    for name in ids:
        recipe = recipes[name]
        key = networks.kind(recipe)
        if key not in built:
            built[key] = networks.build(recipe, x.shape[1])
        model = weights.load_into(built[key], run.model("synthetic", name))
        maps = method_maps(
            functools.partial(attribution.saliency, model),
            x,
            model.predict_on_batch if recipe["regulariser"] == "standard" else None,
        )
        rows += [
            {"id": name, "method": method} | summary(x, a, ks, masks, length_weights)
            for method, a in maps.items()
        ]
    return pd.DataFrame(rows)


def method_maps(
    gradient: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    predict: Callable[[np.ndarray], np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Maps (N, L, 4) by the `METHODS`, {method: map}; the last only with a `predict`.

    Parameters
    ----------
    gradient, predict : functions as in `models.methods`
    x : (N, L, 4)
    """
    from ..models import methods

    maps = {
        "saliency": gradient(x),
        "smoothgrad": methods.smoothgrad(gradient, x, n_samples=POINTS, seed=SEED),
        "integrated_gradients": methods.integrated_gradients(gradient, x, steps=POINTS),
    }
    if predict is not None:
        maps["in_silico_mutagenesis"] = methods.in_silico_mutagenesis(
            predict, x, batch_size=4 * x.shape[1] + 1
        )
    return maps


def method_choices(methods: pd.DataFrame) -> pd.DataFrame:
    """The attribution methods that all networks have, as a family of `choices`."""
    some = methods[methods["method"] != METHODS[-1]].assign(family="attribution method")
    some = some.rename(columns={"method": "variant", "final": "value"})
    return some[["family", "variant", "id", "value", "snr"]]


# --- signs --------------------------------------------------------------------------------


def chosen(scores: pd.DataFrame) -> list[str]:
    """Networks whose maps are looked at: ids of low signal-to-noise ratio, and one to compare with.

    Low are those below zero, the lowest first, `LOW`; where there is none, the lowest.  The
    last of the list is the highest of the same configuration as the lowest, or of all networks.
    """
    ranked = scores.dropna(subset="snr").sort_values("snr", ignore_index=True)
    low = list(ranked.loc[ranked["snr"] < 0, "id"][:LOW]) or list(ranked["id"][:1])
    names = evaluation.configuration(ranked)
    alike = ranked[(names == names.iloc[0]) & ~ranked["id"].isin(low) & (ranked["snr"] > 0)]
    rest = alike if len(alike) else ranked[~ranked["id"].isin(low)]
    return low + list(rest["id"][-1:])


def sign_tables(
    run: artefacts.Run,
    settings: dict[str, Any],
    scores: pd.DataFrame,
    x: np.ndarray,
    masks: dict[str, Any],
    length_weights: dict[str, metric.LengthWeights],
) -> dict[str, pd.DataFrame]:
    """Tables `signs` and `exchange` of the chosen networks, `starts` of the low ones.

    Parameters
    ----------
    run, settings : run and its configuration
    scores : score table
    x : (N, L, 4)
    masks : {"motif_mask" and "spacer_mask": (N, L)}
    length_weights : {reading: LengthWeights}
    """
    import pandas as pd

    from ..models import attribution, networks, training, weights
    from ..pipeline import model_recipes

    recipes, signs, paths = model_recipes(settings, "synthetic"), [], []
    ids, ks = chosen(scores), settings["scores"]["ks"]
    starts = starts_table(run, recipes, ids[:-1], x, masks)
    n = min(len(x), settings["studies"]["controls"]["method_sequences"])
    x, masks = x[:n], {m: v[:n] for m, v in masks.items()}
    some, motif = x[:EXCHANGED], masks["motif_mask"][:EXCHANGED]
    for name in ids:
        model = networks.build(recipes[name], x.shape[1])
        weights.load_into(model, run.model("synthetic", name))
        maps = method_maps(
            functools.partial(attribution.saliency, model), x, model.predict_on_batch
        )
        signs += [
            sign_row(name, method, x, a, ks, masks, length_weights) for method, a in maps.items()
        ]
        changes = exchange(
            lambda mutants, model=model: training.predict(model, mutants)[:, 0], some, motif
        )
        paths += [{"id": name, "share": s, "change": c} for s, c in zip(SHARES, changes)]
    return {
        "signs": pd.DataFrame(signs),
        "exchange": pd.DataFrame(paths),
        "starts": starts,
    }


def starts_table(
    run: artefacts.Run,
    run_recipes: dict[str, dict[str, Any]],
    ids: Sequence[str],
    x: np.ndarray,
    masks: dict[str, Any],
) -> pd.DataFrame:
    """Every initialisation of the configurations of some networks, in the run or only shipped.

    Columns id, in_run, n, auroc and snr: does what happened to one network happen to others?
    """
    import pandas as pd

    from ..models import attribution, networks, recipes, training, weights

    shipped, rows = artefacts.shipped("synthetic"), []
    for configuration, model_id in {i.rsplit("-", 1)[0]: i for i in ids}.items():
        model = networks.build(run_recipes[model_id], x.shape[1])
        for init in range(100):
            name, recipe = f"{configuration}-{init:02d}", run_recipes[model_id] | {"init": init}
            in_run = run_recipes.get(name) == recipe
            if not in_run and not training.has_weights(shipped, name, recipes.digest(recipe)):
                continue
            path = run.model("synthetic", name) if in_run else shipped / f"{name}.npz"
            weights.load_into(model, path)
            snr = metric.signal_to_noise(x, attribution.saliency(model, x), **masks)
            auroc = artefacts.read_json(path.with_suffix(".json"))["test"]["auroc"]
            rows.append(
                {"id": name, "in_run": in_run, "n": len(x), "auroc": auroc, "snr": mean(snr)}
            )
    return pd.DataFrame(rows)


def sign_row(
    model_id: str,
    method: str,
    x: np.ndarray,
    a: np.ndarray,
    ks: Sequence[int],
    masks: dict[str, Any],
    length_weights: dict[str, metric.LengthWeights],
) -> dict[str, Any]:
    """One map of one network: does it speak for the motifs, and what do the scores say?"""
    motif = masks["motif_mask"]
    return {
        "id": model_id,
        "method": method,
        "n": len(x),
        "snr": mean(metric.signal_to_noise(x, a, **masks)),
        "positive": float((metric.position_scores(x, a, score="input")[motif] > 0).mean()),
        "motif_aupr": mean(metric.motif_aupr(x, a, motif)),
        "final": metric.consistency(metric.kmer_klds(x, a, ks), length_weights[READING]),
    }


def exchange(
    predict: Callable[..., np.ndarray],
    x: np.ndarray,
    mask: np.ndarray,
    shares: Sequence[float] = SHARES,
) -> list[float]:
    """Mean change of a prediction while single bases turn into others, one value a share.

    Each masked position by itself, towards each of the three other bases: at share t the base that
    is there counts 1 - t and the other t.  Slope at 0: that of the saliency map; at 1: in-silico
    mutagenesis.

    Parameters
    ----------
    predict : function from (n, L, 4) to (n,)
    x : one-hot (N, L, 4)
        A base at each masked position.
    mask : bool (N, L)
    shares : floats in 0 to 1
    """
    row, place = (np.repeat(where, 3) for where in np.nonzero(mask))
    each = np.arange(len(row))
    old = x[row, place].argmax(axis=1)
    new = (old + 1 + each % 3) % 4
    mutants, changes = x[row], []
    before = predict(x)[row]
    for share in shares:
        mutants[each, place, old], mutants[each, place, new] = 1 - share, share
        changes.append(float((predict(mutants) - before).mean()))
    return changes
