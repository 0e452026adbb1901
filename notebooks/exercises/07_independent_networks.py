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
# # Exercises: networks of others
#
# Three exercises on networks that others trained, about 30 minutes in all: ★ changes a parameter,
# ★★ takes a few lines, ★★★ extends the method. Replace each `...` by your answer. The check after
# it says whether the answer is right and, if not, what is wrong with it. Where the published
# networks were not downloaded, the notebook uses the stored results of our last full run, and
# says so.
#
# *You need:* chapter 8. Start JupyterLab with `make lab`, open `my_exercises`, and run
# the cells from the top.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are used
drawn: int = 5  # networks among which the best one is chosen

# %%
import sys

sys.path.insert(0, "lesson_data.zip")
import lesson

checks = lesson.Checks("07_independent_networks")

# %%
from math import comb

import matplotlib.pyplot as plt
import numpy as np

from attribution_consistency.maps import READINGS
from compendium import paths
from compendium.page import figures
from compendium.stats import spearman

figures.style()
table, origin = paths.load_scores(run, "koo")
sizes = (
    table[table["status"] == "ok"]
    .groupby(["architecture", "activation"])
    .size()
)
if (
    len(sizes) < 2 or sizes.min() < 10
):  # too few kinds to compare, or networks to choose from
    table, origin = (
        paths.read_csv(paths.stored() / "scores_koo.csv"),
        "stored",
    )
if origin == "stored":
    print(
        "These are the stored results of our last full run. To compute "
        "them here: make prepare NETWORKS=1 downloads the networks; "
        "then run the configuration again."
    )
table = table[table["status"] == "ok"].reset_index(drop=True)
table["kind"] = table["architecture"] + ", " + table["activation"]


def rank_correlation(score, truth):
    """Spearman correlation without its interval, which takes a while."""
    return spearman(score, truth, draws=1).value


def inside(score, truth):
    """{kind: Spearman correlation of two columns inside this kind}."""
    return {
        kind: rank_correlation(part[score], part[truth])
        for kind, part in table.groupby("kind")
    }


# %% [markdown]
# `table` has one row for each network, with its `kind`, its SNR in `snr`, absolute SNR in
# `snr_absolute`, the final score in `consistency_frequency`, the original metric in
# `kld_original` and the accuracy in `auroc`.
#
# ## ★ Another reading, another truth (5 minutes)
#
# *Goal:* see which choice matters more, that of a reading or that of a truth.
#
# Here is how well the final score follows SNR inside each kind:

# %%
inside("consistency_frequency", "snr")


# %% [markdown]
# - `signed`: a dictionary `{"frequency": ..., "instance": ..., "per_sequence": ...}`; for each
#   reading the mean over the kinds of the correlation inside, of the final score with `snr`. The
#   columns are `consistency_frequency` and so on.
# - `absolute`: the same with `snr_absolute`.
#
# <details><summary>Hint</summary>
#
# `inside(score, truth)` returns a dictionary; `.values()` are its correlations. Each kind counts
# once, however many networks it has.
#
# </details>


# %% tags=["answer"]
signed = ...
absolute = ...

# %%
checks("signed", signed)
checks("absolute", absolute)

# %% [markdown]
# Compare the largest difference between two readings with the difference between the two truths.
# Which choice would you think about longer?
#
# ## ★★ A score that knows only the kind (10 minutes)
#
# *Goal:* see how much of a pooled correlation a score gets for nothing.
#
# The chapter says that the pooled correlation mostly compares kinds. Test it from both sides.
# First give every network the *mean SNR of its kind* as its score: it knows nothing about the
# network. Then do the opposite and spoil what a score could know inside a kind: *turn SNR around*
# there, so that the network with the highest SNR of its kind gets the lowest, the second highest
# the second lowest, and so on. How well does the final score follow this false truth, pooled and
# inside?

# %%
{
    "final score, pooled": rank_correlation(
        table["consistency_frequency"], table["snr"]
    ),
    "original metric, pooled": rank_correlation(
        table["kld_original"], table["snr"]
    ),
}

# %% [markdown]
# - `kind_only`: the pooled Spearman correlation of the mean SNR of a network's kind with `snr`.
# - `turned`: a dictionary `{"pooled": ..., "inside": ...}`; the correlations of
#   `consistency_frequency` with the SNR turned around inside each kind. "inside" is the mean over
#   the kinds.
#
# <details><summary>Hint</summary>
#
# `table.groupby("kind")["snr"].transform("mean")` gives each row the mean of its kind. To turn
# around: sort the rows of a kind by SNR, and give the values in reverse order to the same rows.
#
# </details>

# %% tags=["answer"]
kind_only = ...
turned = ...

# %%
checks("kind_only", kind_only)
checks("turned", turned)

# %% [markdown]
# Somebody shows you a pooled correlation as high as `kind_only`. What would you ask for? And what
# does `turned` say about a score that is wrong about every choice inside a kind?
#
# ## ★★★ What is a correlation worth? (15 minutes)
#
# *Goal:* turn a correlation into what it is used for, the choice of a network.
#
# Nobody uses a correlation; one chooses a network. Suppose that you train m networks of one kind
# and keep the one with the highest score. How good is it? Call the *quality* of a network its
# rank by SNR in its kind, from 0, the lowest of all N, to 1, the highest: rank / (N − 1).
#
# No random numbers are needed. Sort the N networks of a kind by the score, lowest first, at
# places i = 0 … N − 1. Draw m of them without replacement. The one at place i is the best drawn if
# it is drawn and the m − 1 others come from the i below it:
#
# $$P_i = \binom{i}{m-1} \Big/ \binom{N}{m} .$$
#
# The expected quality is the sum of $P_i$ times the quality at place i. Compute it in each kind
# and take the mean over the kinds, for m = 5 (`drawn`; `comb(i, m - 1)` counts).

# %% tags=["target", "remove-input"] mystnb={"image": {"alt": "Expected quality of the chosen network against the number of networks to choose from, one curve a score. All curves start at one half; SNR itself is highest; the final score, the original metric and accuracy lie below it."}}
checks.target("choice")


# %% [markdown]
# - `quality`: a dictionary with the mean over the kinds of the expected quality at m = `drawn`, for
#   the columns `consistency_frequency`, `kld_original`, `auroc` and, as the best possible, `snr`.
#
# Drawing the figure is optional: the expected quality against m from 1 to 15.
#
# <details><summary>Hint</summary>
#
# Write a function of the rows of one kind and a column: sort by the column, compute all $P_i$ as an
# array, and multiply with `(ranked["snr"].rank() - 1) / (n - 1)`. The $P_i$ must add up to 1.
#
# </details>


# %% tags=["answer"]
quality = ...

# %%
checks("quality", quality)

# %% [markdown]
# How much is lost by choosing with a score instead of the truth, and how much is gained over
# accuracy? Draw the curves of each kind for itself: in which kinds does the original metric choose
# better, and what does the chapter say about them?
