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
# # Exercises: a bet on two networks
#
# Two exercises on the choice of a network, about 20 minutes in all: ★ changes a parameter, ★★ takes a
# few lines. Replace each `...` by your answer and run the cell. The check below it says whether the
# answer is right and, if not, what is wrong.
#
# *You need:* the chapter *Choosing among models*, and `lesson_data.zip` in the same folder as this
# notebook. Run the cells from the top.

# %% tags=["lesson"]
import sys

sys.path.insert(0, "lesson_data.zip")
import lesson

checks = lesson.Checks("11_choosing")

# %%
import numpy as np

table = lesson.table("networks")


def equally_accurate(within):
    """Pairs of networks whose AUROC differs by at most `within`.

    One row a pair, the network with the higher final score first: each
    column of `table` is there twice, with `_high` and `_low` behind it.
    """
    pairs = table.merge(table, how="cross", suffixes=("_high", "_low"))
    apart = (pairs["auroc_high"] - pairs["auroc_low"]).abs()
    first = (
        pairs["consistency_frequency_high"]
        > pairs["consistency_frequency_low"]
    )
    return pairs[(apart <= within) & first]


# %% [markdown]
# `table` has one row for each trained network, with its AUROC in `auroc`, its final score in
# `consistency_frequency`, its SNR in `snr`, the activation of its first layer in `activation` and
# True or False in `batch_norm`.
#
# ## ★ How equal is equally accurate? (5 minutes)
#
# *Goal:* see whether the bet depends on what counts as equally accurate.
#
# You bet on the network with the higher final score, and win where it has the higher SNR. Here is
# the share of bets won among pairs that differ by at most 0.005:

# %%
pairs = equally_accurate(0.005)
float((pairs["snr_high"] > pairs["snr_low"]).mean())

# %% [markdown]
# - `won`: a dictionary `{0.001: ..., 0.005: ..., 0.02: ...}` of the share of bets won.
#
# <details><summary>Hint</summary>
#
# Put the two lines above into a function of the limit.
#
# </details>


# %% tags=["answer"]
won = ...

# %%
checks("won", won)

# %% [markdown]
# A wider limit allows pairs in which one network is simply better trained. Does the bet need them?
#
# ## ★★ What a bet is worth (15 minutes)
#
# *Goal:* say what choosing gains, and how much of it is left among networks of one kind.
#
# Take the pairs within 0.005. A coin gets you the mean of the two SNRs. The score gets you
# `snr_high`, the SNR of the network with the higher score. Somebody who knows the truth gets the
# larger SNR of the two.
#
# - `gain`: the mean over the pairs of what the score gets you, minus what a coin gets you.
# - `possible`: the mean over the pairs of what the truth gets you, minus what a coin gets you.
# - `alike`: a dictionary `{"won": ..., "worth": ...}` of the pairs of *one kind*: both networks have
#   the same activation and the same batch norm. "won" is the share of bets won, "worth" is gain
#   divided by possible.
#
# <details><summary>Hint</summary>
#
# `pairs[["snr_high", "snr_low"]].max(axis=1)` is the larger of the two, in each row. Rows of one kind
# are those with `pairs["activation_high"] == pairs["activation_low"]`, and the same for
# `batch_norm`; `&` joins the two.
#
# </details>


# %% tags=["answer"]
gain = ...
possible = ...
alike = ...

# %%
checks("gain", gain)
checks("possible", possible)
checks("alike", alike)

# %% [markdown]
# Networks of one kind are what you have when you train one architecture a few times. Would you let
# the score choose among them? Which networks would you test it on before you do so with your own?
