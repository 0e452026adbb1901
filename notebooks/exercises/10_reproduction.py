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
# # Exercises: a published number, again
#
# Two exercises on numbers of the paper, about 20 minutes in all: ★ changes a parameter, ★★ takes a
# few lines. Replace each `...` by your answer and run the cell. The check below it says whether the
# answer is right and, if not, what is wrong.
#
# *You need:* the chapter *Was the paper reproduced?*, and `lesson_data.zip` in the same folder as this
# notebook. Run the cells from the top.

# %% tags=["lesson"]
import sys

sys.path.insert(0, "lesson_data.zip")
import lesson

checks = lesson.Checks("10_reproduction")

# %%
import numpy as np
from scipy.stats import spearmanr

from attribution_consistency import kmer_klds, thresholded_kld

table = lesson.table("networks")
name = "bn-exp-standard-00"
a = lesson.maps(name)
x, motif, spacer = lesson.sequences(len(a))

# %% [markdown]
# `table` has one row for each trained network. `x` holds the sequences and `a` the maps of one
# network, (N, L, 4) both.
#
# ## ★ The paper's three numbers (5 minutes)
#
# *Goal:* compute what the paper reports, on our networks.
#
# The paper reports the Spearman correlation with SNR of its final score, 0.868, and of the original
# metric, 0.587, and so a gap of 0.281. The columns are `consistency_frequency`, `kld_original` and
# `snr`. Here is one of the three:

# %%
float(spearmanr(table["consistency_frequency"], table["snr"]).statistic)

# %% [markdown]
# - `ours`: a dictionary `{"final": ..., "original": ..., "gap": ...}`; the two correlations, and the
#   first minus the second.
#
# <details><summary>Hint</summary>
#
# Change the name of the column in the cell above for the second, and subtract for the third.
#
# </details>


# %% tags=["answer"]
ours = ...

# %%
checks("ours", ours)

# %% [markdown]
# The sign of the gap is that of the paper. What else would you need before you call it reproduced,
# or not reproduced?
#
# ## ★★ Maps over the wrong sequences (15 minutes)
#
# *Goal:* see how far a small mistake in the code of a metric can lower it.
#
# Suppose that one sequence drops out while the maps are processed, and that every map behind it is
# laid over the sequence *before* its own. Take the maps from row `start` on from one row below:
# row i gets `a[i + 1]`, and the last row keeps its own. All rows before `start` are right.
#
# What do the original metric, `thresholded_kld(x, maps)`, and the weighted one,
# `kmer_klds(x, maps, [6])[0]`, say of these maps, with `start` at 0, at half and at the end?
#
# - `original`: a dictionary `{0: ..., 0.5: ..., 1: ...}`; the original metric with `start` at
#   row `int(share * len(x))`.
# - `weighted`: a dictionary with the weighted KLD at k = 6, for the same.
#
# <details><summary>Hint</summary>
#
# `shifted = a.copy()`, then `shifted[start:-1] = a[start + 1 :]`. Where `start` is the number of
# sequences, both sides are empty, and nothing changes.
#
# </details>


# %% tags=["answer"]
original = ...
weighted = ...

# %%
checks("original", original)
checks("weighted", weighted)

# %% [markdown]
# What is left of the weighted KLD when every map lies over a wrong sequence? (Look for the *floor* in
# the third chapter.) And how would you find such a mistake in code that somebody else wrote?
