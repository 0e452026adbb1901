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

# %% tags=["solution"] answers=["largest", "count"]
pairs = {w: matched_pairs(w) for w in (0.005, 0.02, 0.1)}
largest = {
    w: float(found["difference"].max()) for w, found in pairs.items()
}
count = {w: len(found) for w, found in pairs.items()}

# %% tags=["key"]
checks.expect(
    "largest",
    largest,
    {
        "these are the smallest differences": {
            w: float(found["difference"].min())
            for w, found in pairs.items()
        },
        "these are scores, not differences of scores": {
            w: float(found["final_high"].max())
            for w, found in pairs.items()
        },
        "all entries are alike: does the limit reach `matched_pairs`?": dict.fromkeys(
            largest, largest[0.02]
        ),
    },
)
checks.expect(
    "count",
    count,
    {
        "this counts networks; a pair has two": {
            w: 2 * n for w, n in count.items()
        },
        "this counts entries of the table; count its rows": {
            w: found.size for w, found in pairs.items()
        },
        "all entries are alike: does the limit reach `matched_pairs`?": dict.fromkeys(
            count, count[0.02]
        ),
    },
)

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


# %% tags=["solution"] answers=["published_r"]
def correlation(table, score="kld_attr_mean"):
    return float(spearmanr(table[score], table["pearson_r"]).statistic)


sound = published[published["task"] == "quantitative"]
published_r = {"all": correlation(sound)}
for kind in ("cnn", "residual"):
    chosen = sound["model"].str.contains(kind)
    published_r[kind] = correlation(sound[chosen])


# %% tags=["key"]
def for_each(table, function):
    return {
        kind: function(
            table
            if kind == "all"
            else table[table["model"].str.contains(kind)]
        )
        for kind in ("all", "cnn", "residual")
    }


checks.expect(
    "published_r",
    published_r,
    {
        "the binary networks are in here; take the quantitative ones": for_each(
            published, correlation
        ),
        "this is the original metric; take `kld_attr_mean`": for_each(
            sound, lambda t: correlation(t, "kld_6mer_thresholded")
        ),
        "is this Pearson's correlation? Rank first": for_each(
            sound,
            lambda t: float(
                np.corrcoef(t["kld_attr_mean"], t["pearson_r"])[0, 1]
            ),
        ),
    },
    tolerance=1e-5,
)

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


# %% tags=["solution"] answers=["error", "gap_error", "clear"]
def standard_error(values):
    values = np.asarray(values)
    spread = ((values - values.mean()) ** 2).sum()
    return float(np.sqrt((len(values) - 1) / len(values) * spread))


without = blocks[blocks["block"] > 0].pivot(
    index="block", columns="id", values="consistency"
)
error = {name: standard_error(without[name]) for name in without}
best, second = whole.sort_values(ascending=False, kind="stable").index[:2]
gap_error = standard_error(without[best] - without[second])
clear = bool(whole[best] - whole[second] > quantile * gap_error)

# %% tags=["key"]
sizes = len(without)
checks.expect(
    "error",
    error,
    {
        "this is the standard deviation of the scores; see the factor before the sum": {
            n: float(without[n].std()) for n in without
        },
        "this is the error of a mean; leaving out a block moves the score little, so the sum is "
        "multiplied, not divided, by nearly the number of blocks": {
            n: float(without[n].std() / np.sqrt(sizes)) for n in without
        },
        "these are variances; take the root": {
            n: e**2 for n, e in error.items()
        },
        "block 0 is in here: it leaves out nothing": {
            n: standard_error(g["consistency"])
            for n, g in blocks.groupby("id")
        },
    },
    tolerance=1e-4,
)
checks.expect(
    "gap_error",
    gap_error,
    {
        "this adds the two errors as if the networks had seen different windows": float(
            np.hypot(error[best], error[second])
        ),
        "errors do not add up like this, and both networks saw the same windows": error[
            best
        ]
        + error[second],
        "this is the difference of the two errors": abs(
            error[best] - error[second]
        ),
        "this is the error of the best network alone": error[best],
    },
    tolerance=1e-4,
)
checks.expect("clear", clear)

# %%
checks("error", error)
checks("gap_error", gap_error)
checks("clear", clear)

# %% tags=["solution"]
ranked = whole.sort_values(ascending=False, kind="stable")
half = quantile * np.array([error[name] for name in ranked.index])
fig, ax = plt.subplots(figsize=(7, 0.28 * len(ranked) + 0.8))
plot.interval(ax, ranked, ranked - half, ranked + half, ranked.index)
ax.set(xlabel="final score (nats), 95 % interval")
ax.tick_params(axis="y", labelsize=8)
checks.keep("intervals", fig)

# %% [markdown]
# The intervals of two networks may overlap although their difference is clear. Why?
