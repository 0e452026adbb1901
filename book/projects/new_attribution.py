"""Project A: does another attribution method give clearer maps of the same networks?

    python book/projects/new_attribution.py

Prints one row a network: signal-to-noise ratio and score under each method.  Put a method of your
own beside the others.
"""

import functools

import numpy as np
import pandas as pd
from shipped import networks, positive_sequences

from attribution_consistency import excess_klds, signal_to_noise
from compendium.stats import spearman
from compendium.zoo import attribution, methods


def mine(gradient, x):
    """A map (N, L, 4) of your own; here the gradient half way."""
    return gradient((x + np.float32(0.25)) / 2)


METHODS = {
    "saliency": methods.saliency,
    "integrated": functools.partial(methods.integrated_gradients, steps=20),
    "mine": mine,
}


def main():
    x, truth = positive_sequences(200)
    zoo, rows = networks("*-[sm][ti]*-00"), {}
    for name in zoo.recipes:
        gradient = functools.partial(attribution.saliency, zoo.trained(name))
        maps = {method: function(gradient, x) for method, function in METHODS.items()}
        snr = {m: np.nanmean(signal_to_noise(x, a, **truth)) for m, a in maps.items()}
        score = {m: excess_klds(x, a).mean() for m, a in maps.items()}
        rows[name] = pd.concat({"SNR": pd.Series(snr), "score": pd.Series(score)})
    table = pd.DataFrame(rows).T
    print(table.round(2).to_string())
    print("\nSpearman correlation of score and SNR over these networks")
    for method in METHODS:
        print(f"{method:12}{spearman(table['score', method], table['SNR', method]).value:.2f}")


if __name__ == "__main__":
    main()
