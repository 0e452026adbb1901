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


# %% tags=["solution"] answers=["signed", "absolute"]
def mean_inside(score, truth):
    return float(np.mean(list(inside(score, truth).values())))


columns = {reading: f"consistency_{reading}" for reading in READINGS}
signed = {
    reading: mean_inside(column, "snr")
    for reading, column in columns.items()
}
absolute = {
    reading: mean_inside(column, "snr_absolute")
    for reading, column in columns.items()
}


# %% tags=["key"]
def pooled(truth):
    return {
        reading: rank_correlation(table[column], table[truth])
        for reading, column in columns.items()
    }


for answer, right, truth in (
    ("signed", signed, "snr"),
    ("absolute", absolute, "snr_absolute"),
):
    checks.expect(
        answer,
        right,
        {
            "these are over all networks at once; correlate inside each kind": pooled(
                truth
            ),
            "this is the other truth": absolute
            if answer == "signed"
            else signed,
            "all entries are alike: does the reading reach the name of the column?": dict.fromkeys(
                columns, right["frequency"]
            ),
        },
        tolerance=1e-5,
    )

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

# %% tags=["solution"] answers=["kind_only", "turned"]
by_kind = table.groupby("kind")["snr"]
kind_only = rank_correlation(by_kind.transform("mean"), table["snr"])
table["turned"] = table["snr"]
for _, part in table.groupby("kind"):
    order = part["snr"].sort_values(kind="stable").index
    table.loc[order, "turned"] = part.loc[order[::-1], "snr"].to_numpy()
turned = {
    "pooled": rank_correlation(
        table["consistency_frequency"], table["turned"]
    ),
    "inside": mean_inside("consistency_frequency", "turned"),
}


# %% tags=["key"]
def against(truth):
    """`turned` for another truth."""
    wrong = table.assign(wrong=truth)
    each = [
        rank_correlation(p["consistency_frequency"], p["wrong"])
        for _, p in wrong.groupby("kind")
    ]
    return {
        "pooled": rank_correlation(
            wrong["consistency_frequency"], wrong["wrong"]
        ),
        "inside": float(np.mean(each)),
    }


checks.expect(
    "kind_only",
    kind_only,
    {
        "is this Pearson's correlation? Rank first": float(
            np.corrcoef(by_kind.transform("mean"), table["snr"])[0, 1]
        ),
        "this is the correlation of the final score; the mean of the kind is the score": (
            rank_correlation(table["snr"], table["consistency_frequency"])
        ),
        "this follows the mean of the kind; let the mean follow `snr`": rank_correlation(
            table["consistency_frequency"], by_kind.transform("mean")
        ),
    },
    tolerance=1e-5,
)
checks.expect(
    "turned",
    turned,
    {
        "SNR is turned around over all networks, or by its sign; inside each kind, give the lowest "
        "value to the highest": against(
            table["snr"]
            .sort_values(kind="stable")
            .set_axis(table["snr"].sort_values(kind="stable").index[::-1])
        ),
        "the rows are turned around, not the ranks: sort by SNR first": against(
            by_kind.transform(lambda snr: snr.to_numpy()[::-1])
        ),
        "nothing is turned around": against(table["snr"]),
    },
    tolerance=1e-5,
)

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


# %% tags=["solution"] answers=["quality"]
def expected_quality(part, column, m):
    ranked = part.sort_values(column, kind="stable")
    n = len(ranked)
    best = np.array([comb(i, m - 1) for i in range(n)]) / comb(n, m)
    return float(best @ ((ranked["snr"].rank() - 1) / (n - 1)))


def mean_quality(column, m):
    parts = (part for _, part in table.groupby("kind"))
    return float(
        np.mean([expected_quality(part, column, m) for part in parts])
    )


rivals = ("consistency_frequency", "kld_original", "auroc", "snr")
quality = {column: mean_quality(column, drawn) for column in rivals}


# %% tags=["key"]
def in_kinds(
    best,
    parts=None,
    ascending=True,
    value=lambda snr: (snr.rank() - 1) / (len(snr) - 1),
):
    """`quality` with other chances `best(n)` of the places, groups, order or quality."""
    parts = parts or [part for _, part in table.groupby("kind")]
    return {
        column: float(
            np.mean(
                [
                    best(len(part))
                    @ value(
                        part.sort_values(
                            column, kind="stable", ascending=ascending
                        )["snr"]
                    )
                    for part in parts
                ]
            )
        )
        for column in rivals
    }


def chances(n, m=drawn):
    return np.array([comb(i, m - 1) for i in range(n)]) / comb(n, m)


def with_replacement(n):
    return (np.arange(1, n + 1) ** drawn - np.arange(n) ** drawn) / n**drawn


checks.expect(
    "quality",
    quality,
    {
        "the lowest score is chosen: the lowest comes first": in_kinds(
            chances, ascending=False
        ),
        "all kinds are thrown together; choose inside each kind": in_kinds(
            chances, [table]
        ),
        "this draws with replacement: one network may come twice": in_kinds(
            with_replacement
        ),
        "these are mean SNRs; the quality is a rank from 0 to 1": in_kinds(
            chances, value=lambda snr: snr
        ),
        "these are ranks; divide by N - 1": in_kinds(
            chances, value=lambda snr: snr.rank() - 1
        ),
        "the ranks run from 1 to N here; the lowest quality is 0": in_kinds(
            chances, value=lambda snr: snr.rank() / len(snr)
        ),
        "one network too few is drawn: the others are m - 1": in_kinds(
            lambda n: chances(n, drawn - 1)
        ),
        "these chances do not add up to 1: m - 1 of the i below are drawn, not m": in_kinds(
            lambda n: (
                np.array([comb(i, drawn) for i in range(n)])
                / comb(n, drawn)
            )
        ),
    },
    tolerance=1e-4,
)

# %%
checks("quality", quality)

# %% tags=["solution"]
names = {
    "consistency_frequency": "final score",
    "kld_original": "original metric",
    "auroc": "accuracy (AUROC)",
    "snr": "SNR itself",
}
most = min(15, int(by_kind.size().min()))
fig, ax = plt.subplots(figsize=(figures.WIDTH * 0.8, 3.2))
for (column, name), colour, style in zip(
    names.items(),
    (figures.BLUE, figures.ORANGE, figures.GREEN, figures.GREY),
    ("-", "--", ":", "-."),
):
    curve = [mean_quality(column, m) for m in range(1, most + 1)]
    ax.plot(range(1, most + 1), curve, style, color=colour, label=name)
ax.set(
    xlabel="networks to choose from",
    ylabel="expected quality",
    ylim=(0.45, 1),
)
ax.legend(fontsize=8)
checks.keep("choice", fig)

# %% [markdown]
# How much is lost by choosing with a score instead of the truth, and how much is gained over
# accuracy? Draw the curves of each kind for itself: in which kinds does the original metric choose
# better, and what does the chapter say about them?
