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
# Three exercises on the divergence, about 65 minutes in all: ★ changes a
# parameter, ★★ takes a few lines, ★★★ extends the method. Replace each `...` by your answer and
# run the cell. The check below it says whether the answer is right and, if not, what is wrong.
#
# *You need:* the third chapter, and `lesson_data.zip` in the same folder as this notebook. Run
# the cells from the top.

# %% tags=["lesson"]
import sys

sys.path.insert(0, "lesson_data.zip")
import lesson

checks = lesson.Checks("03_attribution_weighting")

# %%
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns

from attribution_consistency import (
    kmer_klds,
    plot,
    signal_to_noise,
    thresholded_kld,
)
from attribution_consistency.kmers import kmer_names
from attribution_consistency.maps import position_scores

plt.rcParams.update(plot.STYLE)
clear, noisy = "bn-exp-standard-00", "bn-relu-standard-00"
k = 6  # length of the k-mers

a = {name: lesson.maps(name) for name in (clear, noisy)}
x, motif, spacer = lesson.sequences(len(a[clear]))
codes = x.argmax(axis=2)

# %% [markdown]
# `x` holds the sequences (N, L, 4), `codes` the same as numbers, (N, L) with A C G T as 0 1 2 3.
# `a[clear]` and `a[noisy]` are the maps of two networks, (N, L, 4).
#
# ## ★ Another reading (5 minutes)
#
# *Goal:* see how much the choice of a reading matters when two networks are compared.
#
# "Frequency times weight" has three readings: `frequency`, `instance` and `per_sequence`. Here are
# the divergences of the two networks at k = 6 under the first:

# %%
{
    name: kmer_klds(x, a[name], [k], reading="frequency")[0]
    for name in (clear, noisy)
}

# %% [markdown]
# By which factor do the two differ under each reading?
#
# - `factor`: a dictionary `{"frequency": ..., "instance": ..., "per_sequence": ...}`; for each
#   reading the KLD of `clear` divided by that of `noisy`, at k = 6.
#
# <details><summary>Hint</summary>
#
# `kmer_klds` returns an array with one number for each length in the list; `[0]` takes the first.
#
# </details>


# %% tags=["answer"]
factor = ...

# %%
checks("factor", factor)

# %% [markdown]
# Under one reading the factor is much smaller than under another. Which part of the KLD, present
# in both networks, explains it? (Look for the *floor* in the chapter.)
#
# ## ★★ The divergence by hand (20 minutes)
#
# *Goal:* compute one divergence with NumPy alone, so that no step of it is a black box.
#
# Take the reading `instance` at k = 3, for the network `clear`.
#
# 1. The scores are `position_scores(x, a[clear])`, (N, L). Divide each sequence by its sum.
# 2. The weight of a window of three positions is the sum of its three scores.
# 3. The code of the 3-mer in a window is 16 × first base + 4 × second + third, from 0 to 63.
# 4. For each 3-mer, add up the weights of its windows over all sequences, and scale to sum 1: q.
# 5. For each 3-mer, count its windows, and scale to sum 1: p.
# 6. The divergence is $\sum q \ln(q / p)$.
#
# - `by_hand`: this divergence, one number in nats.
#
# <details><summary>Hint</summary>
#
# The first positions of all windows are `codes[:, :-2]`, the second `codes[:, 1:-1]`, the third
# `codes[:, 2:]`; the same slices of the scores add up to the weights.
# `np.bincount(code.ravel(), weight.ravel(), 64)` adds up weights by code, and
# `np.bincount(code.ravel(), minlength=64)` counts.
#
# </details>


# %% tags=["answer"]
by_hand = ...

# %%
checks("by_hand", by_hand)
kmer_klds(x, a[clear], [3], reading="instance")

# %% [markdown]
# The last line is the answer of the package. The two must agree.
#
# ## ★★★ Fool the metric (40 minutes)
#
# *Goal:* make a map that is consistently *wrong*, and see how high it scores.
#
# Below are forty arbitrary 6-mers, `words`. Your map scores 1 on every position that an occurrence
# of one of them covers, and 0.01 on all others. It is 0 at the three bases that are not there:
# `fake = np.where(covered, 1, 0.01)[:, :, None] * x_all`, (N, L, 4).
#
# `table` has one row for each trained network. Its scores come from more sequences than the maps
# above, so here they all are: `x_all`, with `motif_all`, `spacer_all` and, as text, `letters`. How
# many networks does the fake map outrank?
#
# - `covered`: (N, L), True where an occurrence of one of the words covers the position.
# - `outranked`: a dictionary `{"original": ..., "weighted": ...}`, the share of the networks that
#   score below the fake map: the column `kld_original` against `thresholded_kld(x_all, fake)`, and
#   `kld_frequency_k6` against `kmer_klds(x_all, fake, [6])[0]`.
# - `fake_snr`: the SNR of the fake map, the mean over the sequences of
#   `signal_to_noise(x_all, fake, motif_all, spacer_mask=spacer_all)`.
#
# The figure shows where the fake map ends up. Drawing it is optional.
#
# <details><summary>Hint</summary>
#
# Start with `covered = np.zeros(motif_all.shape, bool)`. Go through all starts of all `letters`, the
# sequences as text; where `text[start : start + 6]` is one of the words, mark the six positions of
# that row. (`set(words)` makes the question "is it one of them?" fast.)
#
# </details>

# %%
words = np.random.default_rng(0).choice(kmer_names(6), 40, replace=False)
table = lesson.table("networks")
x_all, motif_all, spacer_all = lesson.sequences()
letters = ["".join("ACGT"[c] for c in row) for row in x_all.argmax(axis=2)]

# %% tags=["target", "remove-input"] mystnb={"image": {"alt": "Scatter plot of the weighted KLD against the original KLD, one point a network, with a black cross for the fake map."}}
checks.target("fake")


# %% tags=["answer"]
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

# %% [markdown]
# Which metric is fooled more, and why? Which map would fool the other one? And which sentence of
# the chapter have you just proved?
