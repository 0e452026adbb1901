"""Project C: does another metric follow the truth as well?

    python book/projects/new_metric.py

Prints how each metric of the maps of 28 networks goes along with their signal-to-noise ratio, and
what it makes of the same maps exchanged among the sequences.  Put a metric of your own beside the
others.
"""

import numpy as np
import pandas as pd
from shipped import networks, positive_sequences

from attribution_consistency import kmer_klds, signal_to_noise
from attribution_consistency.maps import position_scores
from compendium.gini import gini
from compendium.stats import spearman, spearman_difference


def evenness_lost(x, a):
    """Mean over sequences of 1 - entropy of the scores / its maximum."""
    scores = position_scores(x, a)
    total = scores.sum(axis=1, keepdims=True)
    share = (scores / total)[total[:, 0] > 0]
    logs = np.log(np.where(share > 0, share, 1))  # 0 log 0 counts as 0
    entropy = -(share * logs).sum(axis=1)
    return float(np.mean(1 - entropy / np.log(x.shape[1])))


METRICS = {
    "KLD": lambda x, a: float(kmer_klds(x, a).mean()),
    "Gini": gini,
    "entropy": evenness_lost,
}


def exchanged(x, a, rng):
    """The maps of other sequences, one for each: their scores stand over other bases."""
    scores = position_scores(x, a)[rng.permutation(len(x))]
    return scores[..., None] * x


def main():
    x, truth = positive_sequences(200)
    zoo, rng, rows = networks("*-00"), np.random.default_rng(0), []
    for name in zoo.recipes:
        a = zoo.maps(name, x)
        moved = exchanged(x, a, rng)
        row = {"SNR": np.nanmean(signal_to_noise(x, a, **truth))}
        for metric, function in METRICS.items():
            row |= {metric: function(x, a), f"{metric} kept": function(x, moved)}
        rows.append(row)
    table = pd.DataFrame(rows)
    found = {}
    for metric in METRICS:
        r = spearman(table[metric], table["SNR"])
        less = spearman_difference(table["KLD"], table[metric], table["SNR"])
        kept = (table[f"{metric} kept"] / table[metric]).median()
        found[metric] = {"Spearman with SNR": f"{r.value:.2f} ({r.low:.2f} to {r.high:.2f})"}
        if metric != "KLD":
            found[metric]["KLD ahead by"] = f"{less.value:.2f} ({less.low:.2f} to {less.high:.2f})"
        found[metric]["kept when exchanged"] = f"{kept:.0%}"
    print(f"{len(table)} networks, {len(x)} sequences")
    print(pd.DataFrame(found).T.fillna("").to_string())


if __name__ == "__main__":
    main()
