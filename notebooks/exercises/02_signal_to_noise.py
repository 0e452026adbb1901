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
# Three exercises on the signal-to-noise ratio, about 55 minutes in all: ★ changes a parameter,
# ★★ takes a few lines, ★★★ extends the method. Replace each `...` by your answer and run the cell.
# The check below it says whether the answer is right and, if not, what is wrong.
#
# *You need:* the second chapter, and `lesson_data.zip` in the same folder as this notebook. Run
# the cells from the top.

# %% tags=["lesson"]
import sys

sys.path.insert(0, "lesson_data.zip")
import lesson

checks = lesson.Checks("02_signal_to_noise")

# %%
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from scipy.stats import spearmanr

from attribution_consistency import plot, signal_to_noise
from attribution_consistency.maps import position_scores

plt.rcParams.update(plot.STYLE)
clear, noisy = "bn-exp-standard-00", "bn-relu-standard-00"

table = lesson.table("networks")
names = list(table.loc[table["mapped"], "id"])
a = {name: lesson.maps(name) for name in names}
x, motif, spacer = lesson.sequences(len(a[clear]))

# %% [markdown]
# `x` holds the sequences (N, L, 4). `motif` and `spacer` say which positions lie in motifs and
# between them, (N, L). `a` is a dictionary with the maps of six networks: `a[name]` is (N, L, 4).
# `names` lists the six. Two of them are `clear`, a network with clear maps, and `noisy`, one with
# noisy maps.
#
# ## ★ How loud is the noise? (10 minutes)
#
# *Goal:* see whether the ten in the definition of SNR decides which network looks better.
#
# Noise is the mean of the *ten* largest positive scores among the spacers. The parameter `top`
# stands for the ten. A sequence with fewer than `top` positive scores in its spacers has no SNR:
# `signal_to_noise` returns one number for each sequence, and NaN for these. Here is the ratio of
# the two SNRs for ten:

# %%


def mean_snr(name, top=10):
    """SNR of a network: the mean over the sequences where it is defined."""
    found = signal_to_noise(x, a[name], motif, spacer_mask=spacer, top=top)
    return float(np.nanmean(found))


mean_snr(clear) / mean_snr(noisy)

# %% [markdown]
# - `ratio`: a dictionary `{1: ..., 5: ..., 10: ..., 20: ...}`; for each `top` the SNR of `clear`
#   divided by that of `noisy`.
# - `undefined`: the number of sequences that have no SNR under `noisy` at `top=50`.
#
# <details><summary>Hint</summary>
#
# For `undefined`, call `signal_to_noise` itself, as `mean_snr` does. `np.isnan(values)` is True
# where a value is NaN, and `.sum()` counts.
#
# </details>

# %% tags=["answer"]
ratio = ...
undefined = ...

# %%
checks("ratio", ratio)
checks("undefined", undefined)

# %% [markdown]
# Does the choice of ten decide which network looks better? And what does a large `top` cost?
#
# ## ★★ How much of the map lies in motifs? (10 minutes)
#
# *Goal:* measure a map by a simpler question: of all the attribution that a network hands out,
# which share falls on motif positions?
#
# The absolute score of each position is `position_scores(x, a[name])`, (N, L). For each sequence,
# divide the sum over the positions in `motif` by the sum over *all* positions. Then take the mean
# over the sequences.
#
# - `share`: a dictionary with the mean share of the two networks, `{clear: ..., noisy: ...}`.
# - `nothing`: the mean share of a map that scores every position alike.
#
# <details><summary>Hint</summary>
#
# `np.where(motif, scores, 0)` puts 0 outside the motifs; `.sum(axis=1)` adds up each sequence. For
# `nothing` no map is needed: if all scores are 1, what are the two sums?
#
# </details>

# %% tags=["answer"]
share = ...
nothing = ...

# %%
checks("share", share)
checks("nothing", nothing)

# %% [markdown]
# Both networks should beat the map that says nothing. Does the order of the two agree with SNR?
#
# ## ★★★ A ratio without the ten (35 minutes)
#
# *Goal:* build a truth that needs no ten, no mean over sequences and no signs, and see whether it
# ranks the networks as SNR does.
#
# Call it the *robust SNR*. For each sequence take the absolute scores, as in the last exercise.
#
# 1. Signal: their mean over the positions in `motif`.
# 2. Noise: their 95th percentile over the positions in `spacer`.
# 3. The robust SNR of a network is the *median* over sequences of signal / noise.
#
# Compute it for all six networks, and compare their order with that of SNR, `snr` below.
#
# - `robust`: a dictionary `{name: robust SNR}` for the six `names`.
# - `agreement`: the Spearman correlation of robust SNR and SNR over the six networks:
#   `spearmanr(one, other).statistic` of two lists in the same order.
#
# The figure shows what you should get. Drawing it is optional.
#
# <details><summary>Hint</summary>
#
# `np.where(motif, scores, np.nan)` puts NaN where a position does not count; `np.nanmean(...,
# axis=1)` and `np.nanquantile(..., 0.95, axis=1)` leave NaN out. Where a map is zero everywhere
# the ratio is 0 / 0, so take `np.nanmedian`. Write a function of a name and try it on `clear`
# first.
#
# </details>

# %%
snr = {name: mean_snr(name) for name in names}

# %% tags=["target", "remove-input"] mystnb={"image": {"alt": "Scatter plot of the robust signal-to-noise ratio of six networks against their signal-to-noise ratio."}}
checks.target("robust")


# %% tags=["answer"]
robust = ...
agreement = ...

# %%
checks("robust", robust)
checks("agreement", agreement)

# %% [markdown]
# If two truths rank the networks differently, which one is the truth? Write down one property of
# each that you would defend.
