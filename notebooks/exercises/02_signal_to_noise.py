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
# # Exercises: signal and noise in an explanation
#
# Three exercises on the signal-to-noise ratio, about 30 minutes in all: ★ changes a parameter,
# ★★ takes a few lines, ★★★ extends the method. Replace each `...` by your answer. The check after
# it says whether the answer is right and, if not, what is wrong with it.
#
# *You need:* the second chapter. Start JupyterLab with `make lab`, open `my_exercises`, and run
# the cells from the top.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are used
high: str = "bn-exp-standard-00"  # a network with clear maps
low: str = "bn-relu-standard-00"  # a network with noisier maps

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution_consistency import sequences, signal_to_noise
from attribution_consistency.maps import position_scores
from compendium import paths, store
from compendium.page import figures
from compendium.page.exercises import Checks
from compendium.stats import spearman

figures.style()
checks = Checks(run, "02_signal_to_noise")

table, _ = paths.load_scores(run, "synthetic")
table = table[table["status"] == "ok"].reset_index(drop=True)


def load_map(name):
    """The maps of one network (N, L, 4)."""
    return paths.read_maps(run, "synthetic", name)["a"]


data = store.load(paths.Run(run).data("synthetic"))
rows = paths.read_maps(run, "synthetic", high)["rows"]
x = sequences.codes_to_one_hot(data["codes"][rows])
motif, spacer = data["motif_mask"][rows], data["spacer_mask"][rows]
a = {high: load_map(high), low: load_map(low)}

# %% [markdown]
# `x` holds the sequences (N, L, 4), `a` the maps of two networks (N, L, 4), `motif` and `spacer`
# say which positions lie inside motifs and between them (N, L), and `table` has one row for each
# network.
#
# ## ★ How loud is the noise? (5 minutes)
#
# Noise is the mean of the *ten* largest positive scores among the spacers. Why ten? Choose
# another number with the parameter `top`, and see whether the verdict on the two networks
# changes. A sequence with fewer than `top` positive scores in its spacers has no SNR:
# `signal_to_noise` returns one number for each sequence, and NaN for these. Here is the ratio of
# the two SNRs for ten:

# %%


def mean_snr(name, top=10):
    """SNR of a network: the mean over the sequences where it is defined."""
    found = signal_to_noise(x, a[name], motif, spacer_mask=spacer, top=top)
    return float(np.nanmean(found))


mean_snr(high) / mean_snr(low)

# %% tags=["answer"]
# ratio: {top: SNR of `high` over SNR of `low`} for top = 1, 5, 10 and 20.
# undefined: the number of sequences whose SNR under `low` is undefined (NaN) at top = 50.
ratio = ...
undefined = ...

# %%
checks("ratio", ratio)
checks("undefined", undefined)

# %% [markdown]
# Does the choice of ten decide which network looks better? And what does a large `top` cost?
#
# ## ★★ How much of the map lies inside motifs? (10 minutes)
#
# SNR compares the loudest noise with the mean signal. Ask a simpler question: of all the
# attribution that a network hands out, what *share* falls on motif positions? Take the absolute
# score of each position, `position_scores(x, a[name])`, (N, L). For each sequence, divide the sum
# over the positions in `motif` by the sum over *all* positions; then take the mean over sequences.

# %% tags=["answer"]
# share: {name: mean share} for the two networks.
# nothing: the mean share of a map that scores every position alike.
share = ...
nothing = ...

# %%
checks("share", share)
checks("nothing", nothing)

# %% [markdown]
# Both networks should beat the map that says nothing. Does the order of the two agree with SNR?
#
# ## ★★★ A ratio without the ten (15 minutes, 20 with the figure)
#
# Build a truth that needs no ten, no mean and no signs, and see whether it ranks the networks as
# SNR does. For each sequence, take the *absolute* scores. Signal is their mean over motif
# positions, as before. Noise is their 95th percentile among the *spacer* positions. (Put NaN
# everywhere else with `np.where`; `np.nanmean` and `np.nanquantile` with `axis=1` leave NaNs out.)
# The robust SNR of a network is the *median* over sequences; where a map is zero everywhere the
# ratio is 0 / 0, so take `np.nanmedian`.
#
# Write a function of a network's name and try it on one; `load_map(name)` reads the maps. Then
# compute it for every network of `table` (some seconds), and its Spearman correlation with the
# column `snr`. The figure shows what you should get.

# %% tags=["target", "remove-input"] mystnb={"image": {"alt": "Scatter plot of the robust signal-to-noise ratio against the signal-to-noise ratio, one point a network, on logarithmic axes."}}
checks.target("robust")


# %% tags=["answer"]
# robust: a list with the robust SNR of each network, in the order of `table`.
# agreement: Spearman correlation of `robust` with the column `snr`: spearman(...).value
robust = ...
agreement = ...

# %%
checks("robust", robust)
checks("agreement", agreement)

# %% tags=["answer"]
# Draw the figure: figures.against(ax, table, column for x, column for y, label of x, label of y).
# `table.assign(robust=robust)` has the new column; the scale "symlog" bears zeros.

# %% [markdown]
# If two truths rank the networks differently, which one is the truth? Write down one property of
# each that you would defend.
