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
# # Exercises: signal and noise in an explanation
#
# Three exercises on the signal-to-noise ratio, about 30 minutes in all: ★ changes a parameter,
# ★★ takes a few lines, ★★★ extends the method. Replace each `...` by your answer. The check after
# it says whether the answer is right and, if not, what is wrong with it.
#
# *You need:* the second chapter. Start JupyterLab with `make lab`, open `my_exercises`, and run
# the cells from the top.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are used
high: str = "bn-exp-standard-00"  # a network with clear maps
low: str = "bn-relu-standard-00"  # a network with noisier maps

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution_consistency import sequences, signal_to_noise
from attribution_consistency.maps import position_scores
from compendium import paths, store
from compendium.page import figures
from compendium.page.exercises import Checks
from compendium.stats import spearman

figures.style()
checks = Checks(run, "02_signal_to_noise")

table, _ = paths.load_scores(run, "synthetic")
table = table[table["status"] == "ok"].reset_index(drop=True)


def load_map(name):
    """The maps of one network (N, L, 4)."""
    return paths.read_maps(run, "synthetic", name)["a"]


data = store.load(paths.Run(run).data("synthetic"))
rows = paths.read_maps(run, "synthetic", high)["rows"]
x = sequences.codes_to_one_hot(data["codes"][rows])
motif, spacer = data["motif_mask"][rows], data["spacer_mask"][rows]
a = {high: load_map(high), low: load_map(low)}

# %% [markdown]
# `x` holds the sequences (N, L, 4), `a` the maps of two networks (N, L, 4), `motif` and `spacer`
# say which positions lie inside motifs and between them (N, L), and `table` has one row for each
# network.
#
# ## ★ How loud is the noise? (5 minutes)
#
# Noise is the mean of the *ten* largest positive scores among the spacers. Why ten? Choose
# another number with the parameter `top`, and see whether the verdict on the two networks
# changes. A sequence with fewer than `top` positive scores in its spacers has no SNR:
# `signal_to_noise` returns one number for each sequence, and NaN for these. Here is the ratio of
# the two SNRs for ten:

# %%


def mean_snr(name, top=10):
    """SNR of a network: the mean over the sequences where it is defined."""
    found = signal_to_noise(x, a[name], motif, spacer_mask=spacer, top=top)
    return float(np.nanmean(found))


mean_snr(high) / mean_snr(low)

# %% tags=["solution"] answers=["ratio", "undefined"]
# ratio: {top: SNR of `high` over SNR of `low`} for top = 1, 5, 10 and 20.
# undefined: the number of sequences whose SNR under `low` is undefined (NaN) at top = 50.
ratio = {
    top: mean_snr(high, top) / mean_snr(low, top) for top in (1, 5, 10, 20)
}
lost = np.isnan(
    signal_to_noise(x, a[low], motif, spacer_mask=spacer, top=50)
)
undefined = int(lost.sum())

# %% tags=["key"]
checks.expect(
    "ratio",
    ratio,
    {
        "this is the SNR of `low` over that of `high`": {
            t: 1 / r for t, r in ratio.items()
        },
        "these are differences; divide": {
            t: mean_snr(high, t) - mean_snr(low, t) for t in ratio
        },
        "all entries are alike: does `top` reach the function?": dict.fromkeys(
            ratio, ratio[10]
        ),
        "these are means of ratios; take the ratio of the means": {
            t: float(
                np.nanmean(
                    np.divide(
                        *(
                            signal_to_noise(
                                x, a[name], motif, spacer_mask=spacer, top=t
                            )
                            for name in (high, low)
                        )
                    )
                )
            )
            for t in ratio
        },
    },
)
checks.expect(
    "undefined",
    undefined,
    {
        "these are the sequences where it is defined": int((~lost).sum()),
        "none? Check the network, `top`, and that you use `np.isnan`: NaN equals nothing": 0,
        "this is the SNR of the network; count its NaNs": mean_snr(low, 50),
        "this is a share; count": float(lost.mean()),
    },
)

# %%
checks("ratio", ratio)
checks("undefined", undefined)

# %% [markdown]
# Does the choice of ten decide which network looks better? And what does a large `top` cost?
#
# ## ★★ How much of the map lies inside motifs? (10 minutes)
#
# SNR compares the loudest noise with the mean signal. Ask a simpler question: of all the
# attribution that a network hands out, what *share* falls on motif positions? Take the absolute
# score of each position, `position_scores(x, a[name])`, (N, L). For each sequence, divide the sum
# over the positions in `motif` by the sum over *all* positions; then take the mean over sequences.

# %% tags=["solution"] answers=["share", "nothing"]
# share: {name: mean share} for the two networks.
# nothing: the mean share of a map that scores every position alike.
share = {}
for name in (high, low):
    scores = position_scores(x, a[name])
    inside = np.where(motif, scores, 0).sum(axis=1)
    share[name] = float((inside / scores.sum(axis=1)).mean())
nothing = float(motif.mean())


# %% tags=["key"]
def share_of(scores, of=None, mask=motif):
    inside = np.where(mask, scores, 0).sum(axis=1)
    return float(
        (inside / (scores.sum(axis=1) if of is None else of)).mean()
    )


def both(function):
    return {name: function(a[name]) for name in (high, low)}


checks.expect(
    "share",
    share,
    {
        "add up all sequences? Take the share of each sequence first, then the mean": both(
            lambda m: float(
                position_scores(x, m)[motif].sum()
                / position_scores(x, m).sum()
            )
        ),
        "the scores have signs here; take absolute ones": both(
            lambda m: share_of(position_scores(x, m, score="input"))
        ),
        "these maps are not corrected; leave `correct` on": both(
            lambda m: share_of(position_scores(x, m, correct=False))
        ),
        "a share is a part of the whole sequence, not a ratio to the spacers": both(
            lambda m: share_of(
                position_scores(x, m),
                np.where(spacer, position_scores(x, m), 0).sum(axis=1),
            )
        ),
        "these are all positions outside the spacers; take those in `motif`": both(
            lambda m: 1 - share_of(position_scores(x, m), mask=spacer)
        ),
        "these are scores of all four bases; take `position_scores`": both(
            lambda m: share_of(np.abs(m).sum(axis=2))
        ),
        "this is in percent": both(
            lambda m: 100 * share_of(position_scores(x, m))
        ),
        "these are shares of the spacers; `motif` marks the motifs": both(
            lambda m: 1 - share_of(position_scores(x, m))
        ),
    },
    tolerance=1e-4,
)
checks.expect(
    "nothing",
    nothing,
    {
        "some motif positions say next to nothing and are not in `motif`; use `motif` itself": float(
            (~spacer).mean()
        ),
        "a map of ones is zero after the gradient correction; do without `position_scores`": np.nan,
        "motifs do not fill half of a sequence": 0.5,
        "this is a number of positions; divide by the length": float(
            motif.sum(axis=1).mean()
        ),
        "this is in percent": 100 * nothing,
    },
    tolerance=1e-4,
)

# %%
checks("share", share)
checks("nothing", nothing)

# %% [markdown]
# Both networks should beat the map that says nothing. Does the order of the two agree with SNR?
#
# ## ★★★ A ratio without the ten (15 minutes, 20 with the figure)
#
# Build a truth that needs no ten, no mean and no signs, and see whether it ranks the networks as
# SNR does. For each sequence, take the *absolute* scores. Signal is their mean over motif
# positions, as before. Noise is their 95th percentile among the *spacer* positions. (Put NaN
# everywhere else with `np.where`; `np.nanmean` and `np.nanquantile` with `axis=1` leave NaNs out.)
# The robust SNR of a network is the *median* over sequences; where a map is zero everywhere the
# ratio is 0 / 0, so take `np.nanmedian`.
#
# Write a function of a network's name and try it on one; `load_map(name)` reads the maps. Then
# compute it for every network of `table` (some seconds), and its Spearman correlation with the
# column `snr`. The figure shows what you should get.

# %% tags=["target", "remove-input"] mystnb={"image": {"alt": "Scatter plot of the robust signal-to-noise ratio against the signal-to-noise ratio, one point a network, on logarithmic axes."}}
checks.target("robust")


# %% tags=["solution"] answers=["robust", "agreement"]
# robust: a list with the robust SNR of each network, in the order of `table`.
# agreement: Spearman correlation of `robust` with the column `snr`: spearman(...).value
def robust_snr(name):
    scores = position_scores(x, load_map(name))
    signal = np.nanmean(np.where(motif, scores, np.nan), axis=1)
    noise = np.nanquantile(np.where(spacer, scores, np.nan), 0.95, axis=1)
    with np.errstate(invalid="ignore"):
        return signal / noise


per_sequence = [robust_snr(name) for name in table["id"]]
robust = [float(np.nanmedian(values)) for values in per_sequence]
agreement = spearman(robust, table["snr"]).value


# %% tags=["key"]
def quantile(values, share):
    """As np.nanquantile with axis=1, which takes each row by itself, but fast."""
    ordered = np.sort(values, axis=1)  # NaN last
    at = share * (np.isfinite(ordered).sum(axis=1, keepdims=True) - 1)
    low, high = (
        np.take_along_axis(ordered, f(at).astype(int), axis=1)
        for f in (np.floor, np.ceil)
    )
    return (low + (at - np.floor(at)) * (high - low))[:, 0]


def variants(name):
    """Robust SNRs of one network that went wrong in one place each."""
    m = load_map(name)
    scores = position_scores(x, m)

    def ratio_of(at, scores=scores, other=np.nan):
        inside, outside = (
            np.where(motif, scores, other),
            np.where(at, scores, other),
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            noise = quantile(outside, 0.95)
            return float(np.nanmedian(np.nanmean(inside, axis=1) / noise))

    return {
        "the noise here comes from all positions; take the spacers only": ratio_of(
            np.ones_like(motif)
        ),
        "some positions outside `motif` are no spacers; take `spacer`": ratio_of(
            ~motif
        ),
        "zeros take part in the mean and the percentile; put NaN, not 0": ratio_of(
            spacer, other=0
        ),
        "the scores have signs here; take absolute ones": ratio_of(
            spacer, position_scores(x, m, score="input")
        ),
        "these maps are not corrected; leave `correct` on": ratio_of(
            spacer, position_scores(x, m, correct=False)
        ),
    }


wrong = pd.DataFrame([variants(name) for name in table["id"]]).to_dict(
    "list"
)
checks.expect(
    "robust",
    robust,
    wrong
    | {
        "this is the mean over sequences; take the median": [
            np.nanmean(v) for v in per_sequence
        ]
    },
)
checks.expect(
    "agreement",
    agreement,
    {
        "is this Pearson's correlation? Rank first": table["snr"].corr(
            pd.Series(robust)
        ),
        "this is the end of the interval; `.value` is the estimate": spearman(
            robust, table["snr"]
        ).low,
        "this is the estimate with its interval; take `.value`": spearman(
            robust, table["snr"]
        ),
    },
    tolerance=1e-6,
)

# %%
checks("robust", robust)
checks("agreement", agreement)

# %% tags=["solution"]
# Draw the figure: figures.against(ax, table, column for x, column for y, label of x, label of y).
# `table.assign(robust=robust)` has the new column; the scale "symlog" bears zeros.
fig, ax = plt.subplots(figsize=(figures.WIDTH * 0.8, 3.4))
view = table.assign(robust=robust)
figures.against(
    ax, view, "snr", "robust", "signal-to-noise ratio", "robust ratio"
)
ax.set(xscale="symlog", yscale="log")
ax.legend(fontsize=7)
checks.keep("robust", fig)

# %% [markdown]
# If two truths rank the networks differently, which one is the truth? Write down one property of
# each that you would defend.
