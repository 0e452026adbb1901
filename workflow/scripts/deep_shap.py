"""Does the score follow the truth in DeepSHAP maps? One network of each configuration of the zoo.

Lundberg and Lee (2017), by the library `shap`, which the extra of that name installs and nothing
else needs. The background of a sequence are shuffles of it. Takes some minutes; from the root of
the repository, after `make book`::

    .venv/bin/python -m pip install 'shap>=0.46'
    .venv/bin/python workflow/scripts/deep_shap.py data/stored/deepshap_methods.csv
"""

import sys
import warnings

import numpy as np
import pandas as pd

from attribution_consistency import kmer_klds, sequences, signal_to_noise, thresholded_kld
from compendium import config, paths, store
from compendium.measures import spread
from compendium.tables import mean, positive_test_rows, significant, truth_masks
from compendium.zoo.trained import Networks

START, SEQUENCES, SHUFFLES = "-00", 20, 5


def deep_shap(model, x: np.ndarray) -> np.ndarray:
    """DeepSHAP maps (N, L, 4): what each base that is there adds, against shuffles of its sequence.

    The sum over a map is the output minus its mean over the background; that is checked.
    """
    import shap

    found = np.zeros(x.shape)
    for i, one in enumerate(x):
        rng = np.random.default_rng(i)
        background = np.stack([one[rng.permutation(len(one))] for _ in range(SHUFFLES)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its age and of the shape of its inputs
            explainer = shap.DeepExplainer(model, background)
            values = explainer.shap_values(one[None], check_additivity=False)
        whole = model.predict(np.concatenate([one[None], background]), verbose=0)[:, 0]
        here = np.asarray(values)[0, :, :, 0]
        if not np.isclose(here.sum(), whole[0] - whole[1:].mean(), atol=0.01 * np.abs(here).sum()):
            raise ValueError(f"sequence {i}: the map does not add up to the output")
        found[i] = one * here.sum(axis=1, keepdims=True)
    return found


def main() -> None:
    """Score the maps of one network of each configuration of the default run."""
    run, settings, rows = paths.Run("default"), config.load_resolved("default"), []
    data = store.load(run.data("synthetic"), ["codes", "y", "split", "motif_mask", "spacer_mask"])
    own = positive_test_rows(data, settings["scores"]["n_sequences"])
    own = own[spread(len(own), SEQUENCES)]
    x, truth = sequences.codes_to_one_hot(data["codes"][own]), truth_masks(data, own)
    networks = Networks.of_run(run, settings, "synthetic", x.shape[1])
    for model_id in paths.usable_networks(run, "synthetic"):
        if not model_id.endswith(START):
            continue
        a = deep_shap(networks.trained(model_id), x)
        measured = {
            "snr": mean(signal_to_noise(x, a, **truth)),
            "kld": kmer_klds(x, a, settings["scores"]["ks"]).mean(),
            "original": thresholded_kld(x, a),
        }
        rows.append({"id": model_id, "n": len(x)} | measured)
        print(rows[-1], flush=True)
        paths.write_csv(sys.argv[1], significant(pd.DataFrame(rows)))


if __name__ == "__main__":
    main()
