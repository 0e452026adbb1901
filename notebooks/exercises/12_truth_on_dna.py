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
# # Exercises: a truth in real DNA
#
# Two exercises on sites planted in real DNA, about 15 minutes in all: ★ changes a parameter, ★★ takes a
# few lines. Replace each `...` by your answer and run the cell. The check below it says whether the
# answer is right and, if not, what is wrong.
#
# *You need:* the chapter *Truth on real DNA*, and `lesson_data.zip` in the same folder as this
# notebook. Run the cells from the top.

# %% tags=["lesson"]
import sys

sys.path.insert(0, "lesson_data.zip")
import lesson

checks = lesson.Checks("12_truth_on_dna")

# %%
from scipy.stats import spearmanr

table = lesson.table("real_networks")
columns = [
    "task",
    "activation",
    "final",
    "kld_original",
    "snr",
    "motif_aupr",
]
table[["id", *columns]].head(3)

# %% [markdown]
# `table` has one row for each network for real DNA: its task, the activation of its first layer,
# its final score in `final` and the original metric in `kld_original`, both on accessible windows,
# and two truths at planted sites, `snr` and `motif_aupr`.
#
# ## ★ Another truth (5 minutes)
#
# *Goal:* see whether the answer depends on the truth.
#
# Here is how well the final score follows the SNR at planted sites among the networks of one task:

# %%
part = table[table["task"] == "quantitative"]
float(spearmanr(part["final"], part["snr"]).statistic)

# %% [markdown]
# - `by_snr`: a dictionary `{"binary": ..., "quantitative": ...}`; for each task the Spearman
#   correlation of `final` with `snr`.
# - `by_aupr`: the same with `motif_aupr`.
#
# <details><summary>Hint</summary>
#
# Put the two lines above into a function of the task and of the column.
#
# </details>


# %% tags=["answer"]
by_snr = ...
by_aupr = ...

# %%
checks("by_snr", by_snr)
checks("by_aupr", by_aupr)

# %% [markdown]
# For which task does the answer hang on the truth? What does that say about a claim made with one of
# them?
#
# ## ★★ What the activation alone knows (10 minutes)
#
# *Goal:* find out what a high correlation among the classifiers is made of.
#
# Take the networks whose task is "binary".
#
# - `activation_only`: the Spearman correlation with `snr` of a number that is 1 for an exponential
#   first layer (`activation` is "exp") and 0 for ReLU. It knows nothing else about a network.
# - `inside`: a dictionary `{"exp": ..., "relu": ...}`; the Spearman correlation of `final` with `snr`
#   among the classifiers of each activation alone.
#
# <details><summary>Hint</summary>
#
# `(part["activation"] == "exp").astype(float)` is the number. For `inside`, choose the rows of one
# activation first.
#
# </details>


# %% tags=["answer"]
activation_only = ...
inside = ...

# %%
checks("activation_only", activation_only)
checks("inside", inside)

# %% [markdown]
# How many networks are in each of the last two correlations, and what may you conclude from so few?
# Which networks would you train to tell a score from an activation?
