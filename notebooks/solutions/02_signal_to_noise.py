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
# Three exercises on the signal-to-noise ratio, about 55 minutes in all: ★ changes a parameter,
# ★★ takes a few lines, ★★★ extends the method. Replace each `...` by your answer and run the cell.
# The check below it says whether the answer is right and, if not, what is wrong.
#
# *You need:* the second chapter, and `lesson_data.zip` in the same folder as this notebook. Run
# the cells from the top.

# %% tags=["lesson"]
import sys

sys.path.insert(0, "lesson_data.zip")
import lesson

checks = lesson.Checks("02_signal_to_noise")

# %%
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from scipy.stats import spearmanr

from attribution_consistency import plot, signal_to_noise
from attribution_consistency.maps import position_scores

plt.rcParams.update(plot.STYLE)
clear, noisy = "bn-exp-standard-00", "bn-relu-standard-00"

table = lesson.table("networks")
names = list(table.loc[table["mapped"], "id"])
a = {name: lesson.maps(name) for name in names}
x, motif, spacer = lesson.sequences(len(a[clear]))

# %% [markdown]
# `x` holds the sequences (N, L, 4). `motif` and `spacer` say which positions lie in motifs and
# between them, (N, L). `a` is a dictionary with the maps of six networks: `a[name]` is (N, L, 4).
# `names` lists the six. Two of them are `clear`, a network with clear maps, and `noisy`, one with
# noisy maps.
#
# ## ★ How loud is the noise? (10 minutes)
#
# *Goal:* see whether the ten in the definition of SNR decides which network looks better.
#
# Noise is the mean of the *ten* largest positive scores among the spacers. The parameter `top`
# stands for the ten. A sequence with fewer than `top` positive scores in its spacers has no SNR:
# `signal_to_noise` returns one number for each sequence, and NaN for these. Here is the ratio of
# the two SNRs for ten:

# %%


def mean_snr(name, top=10):
    """SNR of a network: the mean over the sequences where it is defined."""
    found = signal_to_noise(x, a[name], motif, spacer_mask=spacer, top=top)
    return float(np.nanmean(found))


mean_snr(clear) / mean_snr(noisy)

# %% [markdown]
# - `ratio`: a dictionary `{1: ..., 5: ..., 10: ..., 20: ...}`; for each `top` the SNR of `clear`
#   divided by that of `noisy`.
# - `undefined`: the number of sequences that have no SNR under `noisy` at `top=50`.
#
# <details><summary>Hint</summary>
#
# For `undefined`, call `signal_to_noise` itself, as `mean_snr` does. `np.isnan(values)` is True
# where a value is NaN, and `.sum()` counts.
#
# </details>

# %% tags=["solution"] answers=["ratio", "undefined"]
ratio = {
    top: mean_snr(clear, top) / mean_snr(noisy, top)
    for top in (1, 5, 10, 20)
}
lost = np.isnan(
    signal_to_noise(x, a[noisy], motif, spacer_mask=spacer, top=50)
)
undefined = int(lost.sum())

# %% tags=["key"]
checks.expect(
    "ratio",
    ratio,
    {
        "this is the SNR of `noisy` over that of `clear`": {
            t: 1 / r for t, r in ratio.items()
        },
        "these are differences; divide": {
            t: mean_snr(clear, t) - mean_snr(noisy, t) for t in ratio
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
                            for name in (clear, noisy)
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
        "this is the SNR of the network; count its NaNs": mean_snr(
            noisy, 50
        ),
        "this is a share; count": float(lost.mean()),
    },
)

# %%
checks("ratio", ratio)
checks("undefined", undefined)

# %% [markdown]
# Does the choice of ten decide which network looks better? And what does a large `top` cost?
#
# ## ★★ How much of the map lies in motifs? (10 minutes)
#
# *Goal:* measure a map by a simpler question: of all the attribution that a network hands out,
# which share falls on motif positions?
#
# The absolute score of each position is `position_scores(x, a[name])`, (N, L). For each sequence,
# divide the sum over the positions in `motif` by the sum over *all* positions. Then take the mean
# over the sequences.
#
# - `share`: a dictionary with the mean share of the two networks, `{clear: ..., noisy: ...}`.
# - `nothing`: the mean share of a map that scores every position alike.
#
# <details><summary>Hint</summary>
#
# `np.where(motif, scores, 0)` puts 0 outside the motifs; `.sum(axis=1)` adds up each sequence. For
# `nothing` no map is needed: if all scores are 1, what are the two sums?
#
# </details>

# %% tags=["solution"] answers=["share", "nothing"]
share = {}
for name in (clear, noisy):
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
    return {name: function(a[name]) for name in (clear, noisy)}


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
# ## ★★★ A ratio without the ten (35 minutes)
#
# *Goal:* build a truth that needs no ten, no mean over sequences and no signs, and see whether it
# ranks the networks as SNR does.
#
# Call it the *robust SNR*. For each sequence take the absolute scores, as in the last exercise.
#
# 1. Signal: their mean over the positions in `motif`.
# 2. Noise: their 95th percentile over the positions in `spacer`.
# 3. The robust SNR of a network is the *median* over sequences of signal / noise.
#
# Compute it for all six networks, and compare their order with that of SNR, `snr` below.
#
# - `robust`: a dictionary `{name: robust SNR}` for the six `names`.
# - `agreement`: the Spearman correlation of robust SNR and SNR over the six networks:
#   `spearmanr(one, other).statistic` of two lists in the same order.
#
# The figure shows what you should get. Drawing it is optional.
#
# <details><summary>Hint</summary>
#
# `np.where(motif, scores, np.nan)` puts NaN where a position does not count; `np.nanmean(...,
# axis=1)` and `np.nanquantile(..., 0.95, axis=1)` leave NaN out. Where a map is zero everywhere
# the ratio is 0 / 0, so take `np.nanmedian`. Write a function of a name and try it on `clear`
# first.
#
# </details>

# %%
snr = {name: mean_snr(name) for name in names}

# %% tags=["target", "remove-input"] mystnb={"image": {"alt": "Scatter plot of the robust signal-to-noise ratio of six networks against their signal-to-noise ratio."}}
checks.target("robust")


# %% tags=["solution"] answers=["robust", "agreement"]
def ratios(name):
    """Signal / noise of each sequence."""
    scores = position_scores(x, a[name])
    signal = np.nanmean(np.where(motif, scores, np.nan), axis=1)
    noise = np.nanquantile(np.where(spacer, scores, np.nan), 0.95, axis=1)
    with np.errstate(invalid="ignore"):
        return signal / noise


robust = {name: float(np.nanmedian(ratios(name))) for name in names}
agreement = spearmanr(
    list(robust.values()), list(snr.values())
).statistic.item()


# %% tags=["key"]
from scipy.stats import pearsonr


def variants(name):
    """Robust SNRs of one network that went wrong in one place each."""
    m = a[name]
    scores = position_scores(x, m)

    def ratio_of(at, scores=scores, other=np.nan, share=0.95):
        inside = np.where(motif, scores, other)
        outside = np.where(at, scores, other)
        with np.errstate(invalid="ignore", divide="ignore"):
            noise = np.nanquantile(outside, share, axis=1)
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
        "this divides by the median of the noise; take its 95th percentile": ratio_of(
            spacer, share=0.5
        ),
        "this is the mean over sequences; take the median": float(
            np.nanmean(ratios(name))
        ),
    }


wrong = {name: variants(name) for name in names}
checks.expect(
    "robust",
    robust,
    {
        hint: {name: wrong[name][hint] for name in names}
        for hint in wrong[clear]
    }
    | {"this is SNR itself": snr},
)
both_lists = list(robust.values()), list(snr.values())
checks.expect(
    "agreement",
    agreement,
    {
        "is this Pearson's correlation? Rank first": pearsonr(*both_lists)[
            0
        ],
        "this is a p-value; take `.statistic`": spearmanr(
            *both_lists
        ).pvalue,
        "this is the correlation with its p-value; take `.statistic`": tuple(
            spearmanr(*both_lists)
        ),
    },
    tolerance=1e-6,
)

# %%
checks("robust", robust)
checks("agreement", agreement)

# %% tags=["solution"]
fig, ax = plt.subplots(figsize=(5.6, 3.4))
six = lesson.named(table[table["mapped"]]).assign(
    snr=list(snr.values()), robust=list(robust.values())
)
columns = {"hue": "regulariser", "style": "first layer"}
sns.scatterplot(six, x="snr", y="robust", **columns, s=80)
ax.set(xlabel="signal-to-noise ratio", ylabel="robust SNR")
ax.legend(fontsize=7)
checks.keep("robust", fig)

# %% [markdown]
# If two truths rank the networks differently, which one is the truth? Write down one property of
# each that you would defend.
