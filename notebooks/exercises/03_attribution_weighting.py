# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---


# %% [markdown]
# # Exercises: from maps to words
#
# Three exercises on the divergence, about 45 minutes in all: ★ changes a parameter, ★★ takes a
# few lines, ★★★ extends the method. Replace each `...` by your answer. The check after it says
# whether the answer is right and, if not, what is wrong with it.
#
# *You need:* the third chapter. Start JupyterLab with `make lab`, open `my_exercises`, and run
# the cells from the top.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are used
high: str = "bn-exp-standard-00"  # a network with clear maps
low: str = "bn-relu-standard-00"  # a network with noisier maps
k: int = 6  # length of the k-mers

# %%
import matplotlib.pyplot as plt
import numpy as np

from attribution_consistency import (
    kmer_klds,
    sequences,
    signal_to_noise,
    thresholded_kld,
)
from attribution_consistency.kmers import kmer_names
from attribution_consistency.maps import position_scores
from compendium import paths, store
from compendium.page import figures
from compendium.page.exercises import Checks

figures.style()
checks = Checks(run, "03_attribution_weighting")
data = store.load(paths.Run(run).data("synthetic"))
maps = {
    name: paths.read_maps(run, "synthetic", name) for name in (high, low)
}
rows = maps[high]["rows"]
codes = data["codes"][rows]  # (N, L) with A C G T as 0 1 2 3
x = sequences.codes_to_one_hot(codes)
motif, spacer = data["motif_mask"][rows], data["spacer_mask"][rows]
a = {name: maps[name]["a"] for name in (high, low)}

# %% [markdown]
# `x` holds the sequences (N, L, 4), `codes` the same as numbers (N, L), `a` the maps of two
# networks (N, L, 4).
#
# ## ★ Another reading (5 minutes)
#
# "Frequency times weight" has three readings. By which factor do the two networks differ under
# each of them? Here are the divergences at one length under the first:

# %%
reading = "frequency"
{
    name: kmer_klds(x, a[name], [k], reading=reading)[0]
    for name in (high, low)
}


# %% tags=["answer"]
# factor: {reading: KLD of `high` over KLD of `low`} for frequency, instance, per_sequence.
factor = ...

# %%
checks("factor", factor)

# %% [markdown]
# Under one reading the factor is much smaller than under another. Which part of the KLD, present
# in both networks, explains it? (Look for the *floor* in the chapter.)
#
# ## ★★ The divergence by hand (15 minutes)
#
# Compute the `instance` reading at k = 3 for the network `high`, with NumPy alone. The scores
# are `position_scores(x, a[high])`. Divide them by their sum in each sequence. The weight of a
# window is the sum of the three scores under it. Add up the weights of each 3-mer over all
# windows, scale to sum 1: that is q. Count the windows of each 3-mer, scale: that is p.
# The code of the 3-mer in a window is 16 × first base + 4 × second + third;
# `np.bincount(code, weights, 64)` adds up.


# %% tags=["answer"]
# by_hand: the KLD of q from p, in nats.
by_hand = ...

# %%
checks("by_hand", by_hand)
kmer_klds(x, a[high], [3], reading="instance")

# %% [markdown]
# ## ★★★ Fool the metric (25 minutes)
#
# A metric of consistency can be fooled by a map that is consistently *wrong*. Make one. Below
# are forty arbitrary 6-mers. Your map scores 1 on every position that an occurrence of one of
# them covers and 0.01 on all others: `fake = covered[..., None] * ... * x`, (N, L, 4). Then
# find out how many real networks it outranks on the original metric and on the weighted one, and
# how well it fits the truth.

# %%
words = np.random.default_rng(0).choice(kmer_names(6), 40, replace=False)
table, _ = paths.load_scores(run, "synthetic")
table = table[table["status"] == "ok"].reset_index(drop=True)
letters = [
    "".join("ACGT"[c] for c in row) for row in codes
]  # the sequences as text

# %% tags=["target", "remove-input"] mystnb={"image": {"alt": "Scatter plot of the weighted KLD against the original KLD, one point a network, with a black cross for the fake map."}}
checks.target("fake")

# %% tags=["answer"]
# covered: bool (N, L), positions that an occurrence of one of the words covers.
# outranked: {"original": ..., "weighted": ...}, the share of networks of `table` that score
#   below the fake map: kld_original against thresholded_kld(x, fake), and
#   kld_frequency_k6 against kmer_klds(x, fake, [6])[0].
# fake_snr: the mean over sequences of its signal_to_noise(x, fake, motif, spacer_mask=spacer).
covered = ...
outranked = ...
fake_snr = ...

# %%
checks("covered share", covered if covered is ... else np.mean(covered))
checks(
    "covered", covered if covered is ... else np.flatnonzero(covered).sum()
)
checks("outranked", outranked)
checks("fake_snr", fake_snr)

# %% tags=["answer"]
# Draw the figure: figures.against(ax, table, "kld_original", "kld_frequency_k6", ...)

# %% [markdown]
# Which metric is fooled more, and why? Which map would fool the other one? And which sentence of
# the chapter have you just proved?
