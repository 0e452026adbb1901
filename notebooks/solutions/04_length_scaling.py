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
# # Exercises: which length?
#
# Three exercises on the weights of the k-mer lengths, about 55 minutes in all: ★ changes a
# parameter, ★★ takes a few lines, ★★★ extends the method. Replace each `...` by your answer and
# run the cell. The check below it says whether the answer is right and, if not, what is wrong.
#
# *You need:* the fourth chapter, and `lesson_data.zip` in the same folder as this notebook. Run
# the cells from the top.

# %% tags=["lesson"]
import sys

sys.path.insert(0, "lesson_data.zip")
import lesson

checks = lesson.Checks("04_length_scaling")

# %%
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from scipy.stats import spearmanr

from attribution_consistency import length_weights, plot

plt.rcParams.update(plot.STYLE)
table = lesson.table("networks")
table = table[table["snr"] > 0].reset_index(drop=True)
ks = [3, 4, 5, 6, 7, 8]


def klds_of(reading):
    """KLD of each network at each length in `ks`, (M, K)."""
    return table[[f"kld_{reading}_k{k}" for k in ks]].to_numpy()


klds = klds_of("frequency")
snr = table["snr"].to_numpy()
groups = table["configuration"].to_numpy()

# %% [markdown]
# `table` has one row for each network with a positive SNR; M of them. `snr`, (M,), is the
# signal-to-noise ratio, `klds`, (M, K), the KLD at each length in `ks`, and `groups`, (M,), the
# configuration of each network.
#
# ## ★ Another reading (5 minutes)
#
# *Goal:* see whether the weights move to longer or shorter words under another reading.
#
# The chapter learns the weights under the reading `frequency`. The others are `instance` and
# `per_sequence`.


# %%
def learnt(reading):
    """Mean weight of each length in `ks`, learnt under a reading."""
    return length_weights(klds_of(reading), snr, groups=groups).mean


dict(zip(ks, learnt("frequency").round(3)))

# %% [markdown]
# - `average`: a dictionary `{"frequency": ..., "instance": ..., "per_sequence": ...}`; for each
#   reading the mean length, each length counted with its weight: $\sum_k w_k k$.
#
# <details><summary>Hint</summary>
#
# The weights add up to 1. `weights @ np.array(ks)` multiplies two arrays of equal length entry by
# entry, and adds up.
#
# </details>

# %% tags=["solution"] answers=["average"]
readings = ("frequency", "instance", "per_sequence")
average = {r: float(learnt(r) @ np.array(ks)) for r in readings}

# %% tags=["key"]
positions = np.arange(len(ks))
checks.expect(
    "average",
    average,
    {
        "this is the largest weight, not a length": {
            r: float(learnt(r).max()) for r in average
        },
        "divided by the number of lengths? The weights add up to 1": {
            r: value / len(ks) for r, value in average.items()
        },
        "these are mean positions in the list; which length stands there?": {
            r: float(learnt(r) @ positions) for r in average
        },
        "these are the lengths with the largest weight; take the weighted mean": {
            r: int(ks[learnt(r).argmax()]) for r in average
        },
        "this is the mean of the lengths, without the weights": dict.fromkeys(
            average, float(np.mean(ks))
        ),
    },
    tolerance=1e-5,
)

# %%
checks("average", average)

# %% [markdown]
# Equal weights would give the middle of the lengths. How far from it are the learnt ones? And what
# did it cost in the chapter to do without them?
#
# ## ★★ One kind of network at a time (10 minutes)
#
# *Goal:* see how much of a correlation only compares kinds of network.
#
# The chapter correlates a score with SNR over all networks at once. Do it again inside each kind of
# first layer, with equal weights: the score is `klds.mean(axis=1)`. The column `activation` of
# `table` is "exp" for an exponential first layer and "relu" for ReLU. The Spearman correlation of
# two lists is `spearmanr(one, other).statistic`.
#
# - `inside`: a dictionary `{"all": ..., "exp": ..., "relu": ...}` of Spearman correlations of the
#   score with `snr`: over all networks, and among those of each kind alone.
#
# <details><summary>Hint</summary>
#
# `chosen = (table["activation"] == "exp").to_numpy()` is True for the networks of one kind, and
# `snr[chosen]` are their SNRs.
#
# </details>


# %% tags=["solution"] answers=["inside"]
def correlation(one, other):
    return float(spearmanr(one, other).statistic)


equal = klds.mean(axis=1)
inside = {"all": correlation(equal, snr)}
for kind in ("exp", "relu"):
    chosen = (table["activation"] == kind).to_numpy()
    inside[kind] = correlation(equal[chosen], snr[chosen])


# %% tags=["key"]
def for_each(function):
    masks = {"all": table["activation"] != ""} | {
        kind: table["activation"] == kind for kind in ("exp", "relu")
    }
    return {
        kind: float(function(mask.to_numpy()))
        for kind, mask in masks.items()
    }


original = table["kld_original"].to_numpy()
checks.expect(
    "inside",
    inside,
    {
        "these are means of the score of each kind; correlate it with `snr`": for_each(
            lambda m: equal[m].mean()
        ),
        "is this Pearson's correlation? Rank first": for_each(
            lambda m: np.corrcoef(equal[m], snr[m])[0, 1]
        ),
        "this is the original metric; take `klds`": for_each(
            lambda m: correlation(original[m], snr[m])
        ),
        "all entries are alike: choose the networks of each kind": dict.fromkeys(
            inside, inside["all"]
        ),
    },
    tolerance=1e-5,
)

# %%
checks("inside", inside)

# %% [markdown]
# If the correlations inside are smaller than the pooled one, what did the pooled one measure?
#
# ## ★★★ Let the lengths share the work (40 minutes)
#
# *Goal:* find out whether a fit of all lengths together ranks networks better than equal weights.
#
# The paper weighs each length by what it explains *alone*. But KLDs of neighbouring lengths say
# nearly the same. Fit all lengths together, and predict each network from a fit that has not seen
# it, nor any network of its configuration: these differ from it in the initialisation only.
#
# 1. The model: log SNR = intercept + one slope for each column of `klds`, by least squares.
# 2. For each configuration in `groups`: fit the model to the networks of all *other*
#    configurations, and predict log SNR of its own networks.
#
# - `predicted`: (M,), the predicted log SNR of each network, in the order of `table`.
# - `gain`: the Spearman correlation of `predicted` with `snr`, minus that of equal weights with
#   `snr`.
#
# The figure shows the predictions. Drawing it is optional.
#
# <details><summary>Hint</summary>
#
# `np.column_stack([np.ones(len(klds)), klds])` has a column of ones for the intercept.
# `np.linalg.lstsq(design[other], np.log(snr[other]))[0]` are intercept and slopes of the best fit;
# `design[own] @ slopes` are the predictions. Loop over `np.unique(groups)`.
#
# </details>

# %% tags=["target", "remove-input"] mystnb={"image": {"alt": "Scatter plot of the signal-to-noise ratio of each network against its prediction from all lengths, by leaving its configuration out, with a dashed line of equality."}}
checks.target("together")

# %% tags=["solution"] answers=["predicted", "gain"]
design = np.column_stack([np.ones(len(klds)), klds])
predicted = np.empty(len(klds))
for group in np.unique(groups):
    own = groups == group
    slopes = np.linalg.lstsq(design[~own], np.log(snr[~own]), rcond=None)[0]
    predicted[own] = design[own] @ slopes
gain = correlation(predicted, snr) - inside["all"]

# %% tags=["key"]
everything = design @ np.linalg.lstsq(design, np.log(snr), rcond=None)[0]
raw = design @ np.linalg.lstsq(design, snr, rcond=None)[0]
alone = np.array(
    [
        design[i]
        @ np.linalg.lstsq(
            np.delete(design, i, 0), np.delete(np.log(snr), i), rcond=None
        )[0]
        for i in range(len(snr))
    ]
)
no_intercept = np.empty(len(klds))
for group in set(groups):
    own = groups == group
    fit = np.linalg.lstsq(klds[~own], np.log(snr[~own]), rcond=None)[0]
    no_intercept[own] = klds[own] @ fit
siblings = {
    "other networks of the same configuration are in the fit": alone
}
checks.expect(
    "predicted",
    predicted,
    (siblings if len(set(groups)) < len(groups) else {})
    | {
        "where is the intercept? Add a column of ones": no_intercept,
        "these fits have seen the network that they predict": everything,
        "this predicts SNR, not its logarithm": raw,
        "these are SNRs; leave the predictions on the log scale": np.exp(
            predicted
        ),
    },
    tolerance=1e-2,
    absolute=1e-4,
)
checks.expect(
    "gain",
    gain,
    {
        "this compares with fits that have seen the network": correlation(
            everything, snr
        )
        - inside["all"],
        "the other way round: predictions first, equal weights second": -gain,
        "this is the correlation of the predictions; subtract that of equal weights": correlation(
            predicted, snr
        ),
    },
    tolerance=1e-5,
)

# %%
checks("predicted", predicted)
checks("gain", gain)

# %% tags=["solution"]
fig, ax = plt.subplots(figsize=(5.6, 3.4))
view = lesson.named(table).assign(predicted=np.exp(predicted))
columns = {"x": "predicted", "y": "snr"}
kinds = {"hue": "first layer", "style": "batch norm"}
sns.scatterplot(view, **columns, **kinds)
ax.axline((1, 1), (2, 2), color="black", lw=0.8, ls="--")
ax.set(xlabel="predicted SNR", ylabel="signal-to-noise ratio")
ax.set(xscale="log", yscale="log")
ticks = [0.4, 1, 2, 4]  # powers of ten would be few, and overlap on a phone
ax.minorticks_off()
ax.set(xticks=ticks, xticklabels=ticks, yticks=ticks, yticklabels=ticks)
ax.legend(fontsize=7)
checks.keep("together", fig)

# %% [markdown]
# With so few configurations, what does a model with an intercept and a slope for each length risk?
# What would you need to know before you believe a gain, or a loss, of this size?
