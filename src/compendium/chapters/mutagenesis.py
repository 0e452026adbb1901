"""Do the maps of a network say what mutations of a sequence do to its output?

One row a network. It takes a few minutes for all of them, so runs leave it out unless
`studies.mutagenesis.run` is on.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution_consistency.sequences import codes_to_one_hot

from .. import paths, store
from ..measures import agreement, same_sign, spread
from ..tables import significant

if TYPE_CHECKING:
    import pandas as pd

PREFIX, TABLES = "mutagenesis", ("networks",)
POPULATIONS, OPTIONAL = ("synthetic",), ("koo", *paths.OTHERS)
ABSENT = (
    "This run did not mutate its sequences (`studies.mutagenesis.run` is off).",
    "To do so, see `config/mutagenesis.yml`.",
)


def make(run: paths.Run, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Every table of `TABLES` from the artefacts of a run, {name: DataFrame}."""
    import pandas as pd

    from ..zoo.methods import in_silico_mutagenesis
    from ..zoo.trained import Networks

    rows = []
    for population in (*POPULATIONS, *OPTIONAL):
        if not (ids := paths.usable_networks(run, population)):
            continue
        codes = store.load(run.data(population))["codes"]
        networks = Networks.of_run(run, settings, population, codes.shape[1])
        for model_id in ids:
            maps = paths.read_maps(run.name, population, model_id)
            few = spread(len(maps["rows"]), settings["studies"]["mutagenesis"]["n_sequences"])
            x, a = codes_to_one_hot(codes[maps["rows"][few]]), maps["a"][few]
            predict = functools.partial(networks.predict, model_id)
            effects = in_silico_mutagenesis(predict, x, batch_size=3 * x.shape[1] + 1)
            row = {
                "agreement": agreement(a, effects),
                "same_sign": np.mean(same_sign(x, a, effects)),
            }
            rows.append({"population": population, "id": model_id, "n": len(x), **row})
    return {"networks": significant(pd.DataFrame(rows))}
