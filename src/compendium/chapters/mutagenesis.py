"""Do maps say what mutations of a sequence do to the output, and do other maps rank networks alike?

`networks` has one row a network, `methods` one for each network and kind of map. They take some
minutes, so runs leave them out unless `studies.mutagenesis.run` is on.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from attribution_consistency import kmer_klds, signal_to_noise, thresholded_kld
from attribution_consistency.sequences import codes_to_one_hot

from .. import paths, store
from ..measures import agreement, same_sign, spread
from ..tables import mean, significant, truth_masks

if TYPE_CHECKING:
    import pandas as pd

PREFIX, TABLES = "mutagenesis", ("networks", "methods")
POPULATIONS, OPTIONAL = ("synthetic",), ("koo",)
STEPS = 16  # of integrated gradients
ABSENT = (
    "This run did not mutate its sequences (`studies.mutagenesis.run` is off).",
    "To do so, see `config/mutagenesis.yml`.",
)


def make(run: paths.Run, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Every table of `TABLES` from the artefacts of a run, {name: DataFrame}."""
    import pandas as pd

    from ..zoo.attribution import saliency
    from ..zoo.methods import in_silico_mutagenesis, integrated_gradients
    from ..zoo.trained import Networks

    found: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}
    for population in (*POPULATIONS, *OPTIONAL):
        if not (ids := paths.usable_networks(run, population)):
            continue
        data = store.load(run.data(population), ["codes", "motif_mask", "spacer_mask"])
        networks = Networks.of_run(run, settings, population, data["codes"].shape[1])
        for model_id in ids:
            maps = paths.read_maps(run.name, population, model_id)
            few = spread(len(maps["rows"]), settings["studies"]["mutagenesis"]["n_sequences"])
            rows, a = maps["rows"][few], maps["a"][few]
            x, truth = codes_to_one_hot(data["codes"][rows]), truth_masks(data, rows)
            predict = functools.partial(networks.predict, model_id)
            effects = in_silico_mutagenesis(predict, x, batch_size=3 * x.shape[1] + 1)
            gradient = functools.partial(saliency, networks.trained(model_id))
            path = integrated_gradients(gradient, x, steps=STEPS)
            own = {"population": population, "id": model_id, "n": len(x)}
            signs = same_sign(x, a, effects).mean()
            found["networks"].append(own | {"agreement": agreement(a, effects), "same_sign": signs})
            named = {"saliency": a, "integrated gradients": path, "mutagenesis": effects}
            for method, m in named.items():
                measured = {
                    "snr": mean(signal_to_noise(x, m, **truth)),
                    "kld": kmer_klds(x, m, settings["scores"]["ks"]).mean(),
                    "original": thresholded_kld(x, m),
                }
                found["methods"].append(own | {"method": method} | measured)
    return {name: significant(pd.DataFrame(table)) for name, table in found.items()}
