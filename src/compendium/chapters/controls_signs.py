"""Networks whose maps have the wrong sign, under several attribution methods.

A gradient says what an infinitely small change does. A real mutation exchanges a whole base, and
the network may bend in between: then the two can differ in sign.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from attribution_consistency import motif_aupr
from attribution_consistency.maps import position_scores

from ..tables import configuration, mean
from .controls_scores import Task

if TYPE_CHECKING:
    import pandas as pd

    from ..zoo.trained import Networks

METHODS = ("saliency", "smoothgrad", "integrated_gradients", "in_silico_mutagenesis")
POINTS = 16  # gradients averaged by SmoothGrad and by integrated gradients
SEED = 0
LOW = 5  # networks of negative signal-to-noise ratio that are looked at, at most


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


def signs_table(networks: Networks, task: Task, ids: Sequence[str]) -> pd.DataFrame:
    """Whether the maps of some networks speak for the motifs, a row for each and each method."""
    import pandas as pd

    x, motif = task.x, task.masks["motif_mask"]
    rows = [
        {
            "id": name,
            "method": method,
            "n": len(x),
            "positive": float((position_scores(x, a, score="input")[motif] > 0).mean()),
            "motif_aupr": mean(motif_aupr(x, a, motif)),
        }
        for name in ids
        for method, a in method_maps(networks, name, x).items()
    ]
    return pd.DataFrame(rows)


def method_maps(networks: Networks, model_id: str, x: np.ndarray) -> dict[str, np.ndarray]:
    """Maps (N, L, 4) of a network by the `METHODS`, {method: map}."""
    from ..zoo.attribution import saliency
    from ..zoo.methods import in_silico_mutagenesis, integrated_gradients, smoothgrad

    model = networks.trained(model_id)
    gradient = functools.partial(saliency, model)
    batch = 3 * x.shape[1] + 1  # predictions of a sequence and its mutants
    maps = (
        gradient(x),
        smoothgrad(gradient, x, n_samples=POINTS, seed=SEED),
        integrated_gradients(gradient, x, steps=POINTS),
        in_silico_mutagenesis(model.predict_on_batch, x, batch_size=batch),
    )
    return dict(zip(METHODS, maps))
