"""Maps of other attribution methods, and maps of the wrong sign.

A gradient says what an infinitely small change does. A real mutation exchanges a whole base, and
the network may bend in between: then the two can differ in sign.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution_consistency import motif_aupr
from attribution_consistency.maps import position_scores

from .. import paths
from ..tables import configuration, mean
from .controls_scores import Task, summary

if TYPE_CHECKING:
    import pandas as pd

    from ..zoo.trained import Networks

METHODS = ("saliency", "smoothgrad", "integrated_gradients", "in_silico_mutagenesis")
POINTS = 16  # gradients averaged by SmoothGrad and by integrated gradients
SEED = 0
LOW = 5  # networks of negative signal-to-noise ratio that are looked at, at most
SHARES = (0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1)  # of a base that is exchanged
EXCHANGED = 10  # sequences whose motif positions are exchanged


# --- other methods ------------------------------------------------------------------------


def methods_table(networks: Networks, task: Task, ids: Sequence[str]) -> pd.DataFrame:
    """`summary` of the maps of other attribution methods: a row for each network and method.

    In-silico mutagenesis, which costs 3 L + 1 predictions a sequence, is done for the
    networks without a regulariser only.
    """
    import pandas as pd

    rows = []
    for name in ids:
        mutate = networks.recipes[name]["regulariser"] == "standard"
        maps = method_maps(networks, name, task.x, mutate)
        rows += [{"id": name, "method": method} | summary(task, a) for method, a in maps.items()]
    return pd.DataFrame(rows)


def method_maps(
    networks: Networks, model_id: str, x: np.ndarray, mutate: bool = True
) -> dict[str, np.ndarray]:
    """Maps (N, L, 4) of a network by the `METHODS`, {method: map}; the last only to `mutate`."""
    from ..zoo.attribution import saliency
    from ..zoo.methods import in_silico_mutagenesis, integrated_gradients, smoothgrad

    model = networks.trained(model_id)
    gradient = functools.partial(saliency, model)
    maps = {
        "saliency": gradient(x),
        "smoothgrad": smoothgrad(gradient, x, n_samples=POINTS, seed=SEED),
        "integrated_gradients": integrated_gradients(gradient, x, steps=POINTS),
    }
    if mutate:
        batch = 3 * x.shape[1] + 1
        maps[METHODS[-1]] = in_silico_mutagenesis(model.predict_on_batch, x, batch_size=batch)
    return maps


def method_choices(methods: pd.DataFrame) -> pd.DataFrame:
    """The attribution methods that all networks have, as a family of `choices`."""
    common = methods[methods["method"] != METHODS[-1]].assign(family="attribution method")
    common = common.rename(columns={"method": "variant", "consistency_frequency": "value"})
    return common[["family", "variant", "id", "value", "snr"]]


# --- signs --------------------------------------------------------------------------------


def chosen(scores: pd.DataFrame) -> list[str]:
    """Networks whose maps are looked at: ids of low signal-to-noise ratio, and one to compare with.

    Low are those below zero, the lowest first, `LOW`; where there is none, the lowest.  The
    last of the list is the highest of the same configuration as the lowest, or of all networks.
    """
    ranked = scores.dropna(subset="snr").sort_values("snr", kind="stable", ignore_index=True)
    low = list(ranked.loc[ranked["snr"] < 0, "id"][:LOW]) or list(ranked["id"][:1])
    names = configuration(ranked)
    alike = ranked[(names == names.iloc[0]) & ~ranked["id"].isin(low) & (ranked["snr"] > 0)]
    rest = alike if len(alike) else ranked[~ranked["id"].isin(low)]
    return low + list(rest["id"][-1:])


def sign_tables(networks: Networks, task: Task, ids: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Tables `signs` and `exchange` of some networks."""
    import pandas as pd

    x, motif, signs, paths = task.x, task.masks["motif_mask"], [], []
    for name in ids:
        maps = method_maps(networks, name, x)
        signs += [sign_row(name, method, x, a, motif) for method, a in maps.items()]
        predict = functools.partial(networks.predict, name)
        changes = exchange(predict, x[:EXCHANGED], motif[:EXCHANGED])
        paths += [{"id": name, "share": s, "change": c} for s, c in zip(SHARES, changes)]
    return {"signs": pd.DataFrame(signs), "exchange": pd.DataFrame(paths)}


def starts_table(
    run: paths.Run, networks: Networks, task: Task, ids: Sequence[str]
) -> pd.DataFrame:
    """Every initialisation of the configurations of some networks, in the run or only shipped.

    Columns id, in_run, auroc and snr: does what happened to one network happen to others?
    """
    import pandas as pd

    from ..zoo.attribution import saliency
    from ..zoo.recipes import digest
    from ..zoo.training import has_weights
    from ..zoo.weights import load_into

    shipped, rows = paths.shipped("synthetic"), []
    names = configuration(pd.DataFrame({"id": ids}))
    for start, model_id in dict(zip(names, ids)).items():
        for init in range(100):
            name, recipe = f"{start}-{init:02d}", networks.recipes[model_id] | {"init": init}
            in_run = networks.recipes.get(name) == recipe
            if not in_run and not has_weights(shipped, name, digest(recipe)):
                continue
            path = run.model("synthetic", name) if in_run else shipped / f"{name}.npz"
            snr = task.snr(saliency(load_into(networks.built(recipe), path), task.x))
            auroc = paths.read_json(path.with_suffix(".json"))["test"]["auroc"]
            rows.append({"id": name, "in_run": in_run, "auroc": auroc, "snr": snr})
    return pd.DataFrame(rows)


def sign_row(
    model_id: str, method: str, x: np.ndarray, a: np.ndarray, motif: np.ndarray
) -> dict[str, Any]:
    """Whether one map of one network speaks for the motifs, `motif` bool (N, L)."""
    return {
        "id": model_id,
        "method": method,
        "n": len(x),
        "positive": float((position_scores(x, a, score="input")[motif] > 0).mean()),
        "motif_aupr": mean(motif_aupr(x, a, motif)),
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
