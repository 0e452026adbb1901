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
# Three exercises on real networks, about 40 minutes in all: ★ changes a parameter, ★★ takes a few
# lines, ★★★ extends the method. Replace each `...` by your answer. The check after it says whether
# the answer is right and, if not, what is wrong with it. Where the real sequences could not be
# downloaded, the notebook uses the stored tables.
#
# *You need:* the fifth chapter. Start JupyterLab with `make lab`, open `my_exercises`, and run
# the cells from the top.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are used
quantile: float = (
    2.093  # of Student's t with 19 degrees of freedom, for 95 %
)

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from compendium import paths
from compendium.chapters import real_data
from compendium.chapters.real_data_matching import matched_pairs
from compendium.page import figures
from compendium.page.exercises import Checks
from compendium.stats import spearman

figures.style()
checks = Checks(run, "05_real_data")
scores, tables, origin = real_data.load(run)
blocks = tables["blocks"]
whole = blocks[blocks["block"] == 0].set_index("id")["consistency"]
scored = real_data.compared(scores)
scored["final"] = scored["id"].map(whole)

# %% [markdown]
# `scored` has one row for each network, with its test Pearson r in `pearson` and its final score
# in `final`.
#
# ## ★ How equal is equal? (5 minutes)
#
# Two networks match when their Pearson r differs by at most 0.02. Is the largest difference of
# their scores a matter of that choice?

# %%
matched_pairs(scored, "pearson", "final", 0.02)

# %% tags=["solution"] answers=["largest", "count"]
# largest: {within: largest `difference` among the pairs} for within = 0.005, 0.02 and 0.1.
# count: {within: how many levels of performance have a pair}, for the same.
pairs = {
    w: matched_pairs(scored, "pearson", "final", w)
    for w in (0.005, 0.02, 0.1)
}
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
            w: float(found["score_high"].max())
            for w, found in pairs.items()
        },
    },
)
checks.expect(
    "count",
    count,
    {
        "this counts networks; a pair has two": {
            w: 2 * n for w, n in count.items()
        }
    },
)

# %%
checks("largest", largest)
checks("count", count)

# %% [markdown]
# A wider limit can only find larger differences. Why is the widest one not the best choice?
#
# ## ★★ Simpson again (10 minutes)
#
# Among the published networks, more consistent ones predict worse, and inside one architecture
# they do not. Show it. Leave out the Basset networks, whose maps had missing values, and correlate
# `kld_attr_mean` with `pearson_r` by Spearman over the *quantitative* networks: all of them, the
# CNNs, and the residual networks.

# %%
published = pd.read_csv(paths.published() / "gm12878_published.csv")
published.head(3)

# %% tags=["solution"] answers=["published_r"]
# published_r: {"all": ..., "cnn": ..., "residual": ...}; the names in `model` tell them apart.
sound = published[
    (published["task"] == "quantitative")
    & ~published["model"].str.contains("basset")
]
published_r = {}
for kind in ("all", "cnn", "residual"):
    part = (
        sound if kind == "all" else sound[sound["model"].str.contains(kind)]
    )
    published_r[kind] = spearman(
        part["kld_attr_mean"], part["pearson_r"]
    ).value


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
            published[~published["model"].str.contains("basset")],
            lambda t: spearman(t["kld_attr_mean"], t["pearson_r"]).value,
        ),
        "this is the original metric; take `kld_attr_mean`": for_each(
            sound,
            lambda t: (
                spearman(t["kld_6mer_thresholded"], t["pearson_r"]).value
            ),
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
# ## ★★★ An interval by hand (25 minutes)
#
# How sure is a score? A KLD of resampled sequences is too high, so no bootstrap will do. The
# *jackknife* leaves out one of $B = 20$ blocks of neighbouring windows at a time. `blocks` has
# the score of every network without each block (block 1 to 20; block 0 is all windows). With
# $\theta_b$ the score without block $b$ and $\bar\theta$ their mean,
#
# $$\mathrm{SE} = \sqrt{\tfrac{B-1}{B} \sum_b (\theta_b - \bar\theta)^2} ,$$
#
# and the 95 % interval is the score ± 2.093 SE (`quantile`). Compute both for every network. Then
# compare the two networks with the highest scores: the SE of their *difference* comes from the
# differences $\theta_b$ of the two, not from the two intervals.

# %% tags=["target", "remove-input"] mystnb={"image": {"alt": "Final score of each network with a horizontal 95 percent interval, one row a network, in the order of the scores."}}
checks.target("intervals")


# %% tags=["solution"] answers=["error", "gap_error", "clear"]
# error: {id of a network: SE of its final score}, from the column "consistency".
# gap_error: SE of the difference of the scores of the top two.
# clear: True or False: does the interval of the difference of the top two leave out zero?
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
# Draw the figure: figures.interval(ax, values, low, high, labels)
ranked = whole.sort_values(ascending=False, kind="stable")
half = quantile * np.array([error[name] for name in ranked.index])
fig, ax = plt.subplots(figsize=(figures.WIDTH, 0.28 * len(ranked) + 0.8))
figures.interval(ax, ranked, ranked - half, ranked + half, ranked.index)
ax.set(xlabel="final score (nats), 95 % interval")
ax.tick_params(axis="y", labelsize=8)
checks.keep("intervals", fig)

# %% [markdown]
# The intervals of two networks may overlap although their difference is clear. Why?
