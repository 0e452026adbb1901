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
# # Exercises: real DNA, no answer key
#
# Three exercises on real networks, about 60 minutes in all: ★ changes a
# parameter, ★★ takes a few lines, ★★★ extends the method. Replace each `...` by your answer and
# run the cell. The check below it says whether the answer is right and, if not, what is wrong.
#
# *You need:* the fifth chapter, and `lesson_data.zip` in the same folder as this notebook. Run
# the cells from the top.

# %% tags=["lesson"]
import sys

sys.path.insert(0, "lesson_data.zip")
import lesson

checks = lesson.Checks("05_real_data")

# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import spearmanr

from attribution_consistency import plot

plt.rcParams.update(plot.STYLE)
scored = lesson.table("real_networks")[["id", "task", "pearson", "final"]]
scored.head(3)

# %% [markdown]
# `scored` has one row for each network, with its task, its test Pearson r in `pearson` and its
# final score in `final`.
#
# ## ★ How equal is equal? (5 minutes)
#
# *Goal:* see how the largest difference between equally good networks depends on what counts as
# equally good.
#
# Two networks of one task match when their Pearson r differs by at most `within`. Here are the
# matching pairs for 0.02, the largest difference of the final scores first:


# %%
def matched_pairs(within):
    """Pairs of networks of one task, the higher final score first."""
    pairs = scored.merge(scored, on="task", suffixes=("_high", "_low"))
    apart = (pairs["pearson_high"] - pairs["pearson_low"]).abs()
    pairs["difference"] = pairs["final_high"] - pairs["final_low"]
    matched = pairs[(apart <= within) & (pairs["difference"] > 0)]
    return matched.sort_values("difference", ascending=False)


matched_pairs(0.02).head(3)

# %% [markdown]
# - `largest`: a dictionary `{0.005: ..., 0.02: ..., 0.1: ...}`; for each limit the largest
#   `difference` among the matching pairs.
# - `count`: a dictionary with the number of matching pairs, for the same limits.
#
# <details><summary>Hint</summary>
#
# `matched_pairs(0.02)["difference"].max()` is the largest value of a column; `len(table)` counts
# rows.
#
# </details>

# %% tags=["answer"]
largest = ...
count = ...

# %%
checks("largest", largest)
checks("count", count)

# %% [markdown]
# A wider limit finds more pairs, so the largest difference can only grow. Why is the widest one not
# the best choice?
#
# ## ★★ Simpson again (15 minutes)
#
# *Goal:* show Simpson's paradox in the published networks: over all of them more consistent maps go
# with worse predictions, inside one architecture they do not.
#
# In `published`, `kld_attr_mean` is the final score of a network and `pearson_r` its performance.
# Take the *quantitative* networks (column `task`) of every architecture. The architecture is part
# of the name in `model`, such as `cnn_base_task_relu`.
#
# - `published_r`: a dictionary `{"all": ..., "cnn": ..., "residual": ...}` of Spearman correlations
#   of `kld_attr_mean` with `pearson_r`: over all quantitative networks, over those with "cnn" in
#   their name, and over those with "residual".
#
# <details><summary>Hint</summary>
#
# `table["task"] == "quantitative"` and `table["model"].str.contains("cnn")` are True in the rows to
# take. `spearmanr(one, other).statistic` is the correlation of two columns.
#
# </details>

# %%
published = lesson.table("published")
published.head(3)


# %% tags=["answer"]
published_r = ...

# %%
checks("published_r", published_r)

# %% [markdown]
# Say in one sentence, without the word *paradox*, why the sign turns.
#
# ## ★★★ An interval by hand (40 minutes)
#
# *Goal:* compute how sure a score is, and whether the best network clearly beats the second.
#
# A KLD of resampled sequences is too high, so no bootstrap will do. The *jackknife* leaves out one
# of $B = 20$ blocks of neighbouring windows at a time. With $\theta_b$ the score without block $b$
# and $\bar\theta$ the mean of these 20 scores, the standard error of the score is
#
# $$\mathrm{SE} = \sqrt{\tfrac{B-1}{B} \sum_b (\theta_b - \bar\theta)^2} .$$
#
# The 95 % interval is the score ± 2.093 SE (`quantile`). `blocks` has one row for each network
# (`id`) and block: its final score `consistency` without this block, for the blocks 1 to 20. Block
# 0 leaves out nothing: its row has the score of all windows.
#
# Then compare the two networks with the highest scores. The SE of their *difference* comes from the
# same formula with $\theta_b$ the difference of the two scores without block $b$.
#
# - `error`: a dictionary `{id: SE}` for every network.
# - `gap_error`: the SE of the difference between the two networks with the highest scores.
# - `clear`: True or False: does the 95 % interval of this difference leave out zero?
#
# The figure shows all intervals. Drawing it is optional.
#
# <details><summary>Hint</summary>
#
# `blocks[blocks["block"] > 0].pivot(index="block", columns="id", values="consistency")` is a table
# with a row for each block and a column for each network. A dictionary of all columns:
# `{name: ... for name in table}`. `whole` has the score of all windows for each `id`;
# `whole.sort_values(ascending=False).index[:2]` are the two highest.
#
# </details>

# %%
quantile = 2.093  # of Student's t with 19 degrees of freedom
blocks = lesson.table("real_blocks")
whole = blocks[blocks["block"] == 0].set_index("id")["consistency"]
blocks.head(3)

# %% tags=["target", "remove-input"] mystnb={"image": {"alt": "Final score of each network with a horizontal 95 percent interval, one row a network, in the order of the scores."}}
checks.target("intervals")


# %% tags=["answer"]
error = ...
gap_error = ...
clear = ...

# %%
checks("error", error)
checks("gap_error", gap_error)
checks("clear", clear)

# %% [markdown]
# The intervals of two networks may overlap although their difference is clear. Why?
