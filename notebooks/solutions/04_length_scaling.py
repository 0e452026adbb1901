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
# Three exercises on the weights of the k-mer lengths, about 40 minutes in all: ★ changes a
# parameter, ★★ takes a few lines, ★★★ extends the method. Replace each `...` by your answer. The
# check after it says whether the answer is right and, if not, what is wrong with it.
#
# *You need:* the fourth chapter. Start JupyterLab with `make lab`, open `my_exercises`, and run
# the cells from the top.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are used
seed: int = 0  # seeds the splits

# %%
import matplotlib.pyplot as plt
import numpy as np

from attribution_consistency.maps import READINGS
from compendium import paths, tables
from compendium.page import figures
from compendium.page.exercises import Checks
from compendium.stand_ins import learnt_length_weights
from compendium.stats import spearman

figures.style()
checks = Checks(run, "04_length_scaling")
table, _ = paths.load_scores(run, "synthetic")
table = table[(table["status"] == "ok") & (table["snr"] > 0)].reset_index(
    drop=True
)
snr = table["snr"].to_numpy()
groups = tables.configuration(table).to_numpy()
ks, klds = tables.kld_columns(table, "frequency")

# %% [markdown]
# `table` has one row for each network with a positive SNR, `snr` (M,) its signal-to-noise ratio,
# `klds` (M, K) its KLD at each length in `ks`.
#
# ## ★ Another reading (5 minutes)
#
# The chapter learns the weights under the reading `frequency`. Do they move to longer or shorter
# words under the others?


# %%
def learnt(reading):
    """Mean weight of each length in `ks`, learnt under a reading."""
    ks, klds = tables.kld_columns(table, reading)
    options = {"groups": groups, "seed": seed}
    return learnt_length_weights(klds, snr, ks, reading, **options).mean


dict(zip(ks, learnt("frequency").round(3)))

# %% tags=["solution"] answers=["average"]
# average: {reading: mean length, weighted by the weights} for frequency, instance, per_sequence.
average = {r: float(learnt(r) @ np.array(ks)) for r in READINGS}

# %% tags=["key"]
positions = np.arange(len(ks))
checks.expect(
    "average",
    average,
    {
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
# A pooled correlation partly compares kinds of network. Take equal weights,
# `klds.mean(axis=1)`, and correlate this score with SNR among the networks with an exponential
# first layer alone, and among those with ReLU alone.

# %% tags=["solution"] answers=["inside"]
# inside: {"all": ..., "exp": ..., "relu": ...}, Spearman correlations: spearman(...).value;
# the column "activation" tells exp from relu.
equal = klds.mean(axis=1)
inside = {"all": spearman(equal, snr).value}
for kind in ("exp", "relu"):
    chosen = (table["activation"] == kind).to_numpy()
    inside[kind] = spearman(equal[chosen], snr[chosen]).value


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
        "is this Pearson's correlation? Rank first": for_each(
            lambda m: np.corrcoef(equal[m], snr[m])[0, 1]
        ),
        "this is the original metric; take `klds`": for_each(
            lambda m: spearman(original[m], snr[m]).value
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
# ## ★★★ Let the lengths share the work (25 minutes)
#
# The paper weighs each length by what it explains *alone*. But KLDs of neighbouring lengths say
# nearly the same. Fit all lengths together: a linear model of log SNR on an intercept and the K
# columns of `klds`, least squares (`np.linalg.lstsq`). Predict each network from a fit to the
# networks of all *other configurations* (`groups` names them: networks of its own configuration
# differ from it in the initialisation only), and see whether the predictions rank the networks
# better than equal weights.

# %% tags=["target", "remove-input"] mystnb={"image": {"alt": "Scatter plot of the signal-to-noise ratio of each network against its prediction from all lengths, by leaving its configuration out, with a dashed line of equality."}}
checks.target("together")

# %% tags=["solution"] answers=["predicted", "gain"]
# predicted: (M,), log SNR of each network as a fit to all other configurations predicts it.
# gain: Spearman correlation of `predicted` with SNR, minus that of equal weights.
design = np.column_stack([np.ones(len(klds)), klds])
predicted = np.empty(len(klds))
for group in np.unique(groups):
    own = groups == group
    slopes = np.linalg.lstsq(design[~own], np.log(snr[~own]), rcond=None)[0]
    predicted[own] = design[own] @ slopes
gain = spearman(predicted, snr).value - inside["all"]

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
siblings = {
    "other networks of the same configuration are in the fit": alone
}
checks.expect(
    "predicted",
    predicted,
    (siblings if len(set(groups)) < len(groups) else {})
    | {
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
        "this compares with fits that have seen the network": spearman(
            everything, snr
        ).value
        - inside["all"],
        "the other way round: predictions first, equal weights second": -gain,
        "this is the correlation of the predictions; subtract that of equal weights": spearman(
            predicted, snr
        ).value,
    },
    tolerance=1e-5,
)

# %%
checks("predicted", predicted)
checks("gain", gain)

# %% tags=["solution"]
# Draw the figure: figures.against(ax, table.assign(p=np.exp(predicted)), "p", "snr", ...)
fig, ax = plt.subplots(figsize=(figures.WIDTH * 0.8, 3.4))
view = table.assign(predicted=np.exp(predicted))
figures.against(
    ax, view, "predicted", "snr", "predicted SNR", "signal-to-noise ratio"
)
ax.axline((1, 1), (2, 2), color="black", lw=0.8, ls="--")
ax.set(xscale="log", yscale="log")
ax.legend(fontsize=7)
checks.keep("together", fig)

# %% [markdown]
# With so few configurations, what does a model with an intercept and a slope for each length risk?
# What would you need to know before you believe a gain, or a loss, of this size?
