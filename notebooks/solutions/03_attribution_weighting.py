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
# # Exercises: from maps to words
#
# Three exercises on the divergence, about 45 minutes in all: ★ changes a parameter, ★★ takes a
# few lines, ★★★ extends the method. Replace each `...` by your answer. The check after it says
# whether the answer is right and, if not, what is wrong with it.
#
# *You need:* the third chapter. Start JupyterLab with `make lab`, open `my_exercises`, and run
# the cells from the top.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are used
high: str = "bn-exp-standard-00"  # a network with clear maps
low: str = "bn-relu-standard-00"  # a network with noisier maps
k: int = 6  # length of the k-mers

# %%
import matplotlib.pyplot as plt
import numpy as np

from attribution_consistency import (
    kmer_klds,
    sequences,
    signal_to_noise,
    thresholded_kld,
)
from attribution_consistency.kmers import kmer_names
from attribution_consistency.maps import position_scores
from compendium import paths, store
from compendium.page import figures
from compendium.page.exercises import Checks

figures.style()
checks = Checks(run, "03_attribution_weighting")
data = store.load(paths.Run(run).data("synthetic"))
maps = {
    name: paths.read_maps(run, "synthetic", name) for name in (high, low)
}
rows = maps[high]["rows"]
codes = data["codes"][rows]  # (N, L) with A C G T as 0 1 2 3
x = sequences.codes_to_one_hot(codes)
motif, spacer = data["motif_mask"][rows], data["spacer_mask"][rows]
a = {name: maps[name]["a"] for name in (high, low)}

# %% [markdown]
# `x` holds the sequences (N, L, 4), `codes` the same as numbers (N, L), `a` the maps of two
# networks (N, L, 4).
#
# ## ★ Another reading (5 minutes)
#
# "Frequency times weight" has three readings. By which factor do the two networks differ under
# each of them? Here are the divergences at one length under the first:

# %%
reading = "frequency"
{
    name: kmer_klds(x, a[name], [k], reading=reading)[0]
    for name in (high, low)
}


# %% tags=["solution"] answers=["factor"]
# factor: {reading: KLD of `high` over KLD of `low`} for frequency, instance, per_sequence.
def kld(name, reading, **options):
    return float(kmer_klds(x, a[name], [k], reading=reading, **options)[0])


readings = ("frequency", "instance", "per_sequence")
factor = {r: kld(high, r) / kld(low, r) for r in readings}

# %% tags=["key"]
checks.expect(
    "factor",
    factor,
    {
        "this is the KLD of `low` over that of `high`": {
            r: 1 / v for r, v in factor.items()
        },
        "these are differences; divide": {
            r: kld(high, r) - kld(low, r) for r in readings
        },
        "these maps are not corrected; leave `correct` on": {
            r: kld(high, r, correct=False) / kld(low, r, correct=False)
            for r in readings
        },
        "all entries are alike: does `reading` reach the function?": dict.fromkeys(
            readings, factor["frequency"]
        ),
    },
)

# %%
checks("factor", factor)

# %% [markdown]
# Under one reading the factor is much smaller than under another. Which part of the KLD, present
# in both networks, explains it? (Look for the *floor* in the chapter.)
#
# ## ★★ The divergence by hand (15 minutes)
#
# Compute the `instance` reading at k = 3 for the network `high`, with NumPy alone. The scores
# are `position_scores(x, a[high])`. Divide them by their sum in each sequence. The weight of a
# window is the sum of the three scores under it. Add up the weights of each 3-mer over all
# windows, scale to sum 1: that is q. Count the windows of each 3-mer, scale: that is p.
# The code of the 3-mer in a window is 16 × first base + 4 × second + third;
# `np.bincount(code, weights, 64)` adds up.


# %% tags=["solution"] answers=["by_hand"]
# by_hand: the KLD of q from p, in nats.
def divergence(q, p, log=np.log):
    q, p, seen = q / q.sum(), p / p.sum(), q > 0
    return float((q[seen] * log(q[seen] / p[seen])).sum())


scores = position_scores(x, a[high])
shares = scores / scores.sum(axis=1, keepdims=True)
code = 16 * codes[:, :-2].astype(int) + 4 * codes[:, 1:-1] + codes[:, 2:]
weight = shares[:, :-2] + shares[:, 1:-1] + shares[:, 2:]
q, p = (
    np.bincount(code.ravel(), weight.ravel(), 64),
    np.bincount(code.ravel(), None, 64),
)
by_hand = divergence(q, p)

# %% tags=["key"]
raw = scores[:, :-2] + scores[:, 1:-1] + scores[:, 2:]
first = np.bincount(code.ravel(), shares[:, :-2].ravel(), 64)
checks.expect(
    "by_hand",
    by_hand,
    {
        "this is in bits; nats take the natural logarithm": divergence(
            q, p, np.log2
        ),
        "the scores are not divided by their sum in each sequence": divergence(
            np.bincount(code.ravel(), raw.ravel(), 64), p
        ),
        "a window has three scores under it; here one counts": divergence(
            first, p
        ),
        "this is KL(p ‖ q), the other way round": divergence(p, q),
        "this is the `frequency` reading, weights times p": divergence(
            q * p, p
        ),
    },
)

# %%
checks("by_hand", by_hand)
kmer_klds(x, a[high], [3], reading="instance")

# %% [markdown]
# ## ★★★ Fool the metric (25 minutes)
#
# A metric of consistency can be fooled by a map that is consistently *wrong*. Make one. Below
# are forty arbitrary 6-mers. Your map scores 1 on every position that an occurrence of one of
# them covers and 0.01 on all others: `fake = covered[..., None] * ... * x`, (N, L, 4). Then
# find out how many real networks it outranks on the original metric and on the weighted one, and
# how well it fits the truth.

# %%
words = np.random.default_rng(0).choice(kmer_names(6), 40, replace=False)
table, _ = paths.load_scores(run, "synthetic")
table = table[table["status"] == "ok"].reset_index(drop=True)
letters = [
    "".join("ACGT"[c] for c in row) for row in codes
]  # the sequences as text

# %% tags=["target", "remove-input"] mystnb={"image": {"alt": "Scatter plot of the weighted KLD against the original KLD, one point a network, with a black cross for the fake map."}}
checks.target("fake")

# %% tags=["solution"] answers=["covered", "outranked", "fake_snr"]
# covered: bool (N, L), positions that an occurrence of one of the words covers.
# outranked: {"original": ..., "weighted": ...}, the share of networks of `table` that score
#   below the fake map: kld_original against thresholded_kld(x, fake), and
#   kld_frequency_k6 against kmer_klds(x, fake, [6])[0].
# fake_snr: the mean over sequences of its signal_to_noise(x, fake, motif, spacer_mask=spacer).
covered = np.zeros(codes.shape, bool)
for row, text in zip(covered, letters):
    for start in range(len(text) - 5):
        if text[start : start + 6] in words:
            row[start : start + 6] = True


def fool(covered):
    return np.where(covered, 1, 0.01)[..., None] * x


fake = fool(covered)
fake_klds = {
    "original": thresholded_kld(x, fake),
    "weighted": float(kmer_klds(x, fake, [6])[0]),
}
columns = {"original": "kld_original", "weighted": "kld_frequency_k6"}
outranked = {
    name: float((table[c] < fake_klds[name]).mean())
    for name, c in columns.items()
}
fake_snr = float(
    np.nanmean(signal_to_noise(x, fake, motif, spacer_mask=spacer))
)

# %% tags=["key"]
starts = covered & ~np.roll(covered, 1, axis=1)
checks.expect("covered", int(np.flatnonzero(covered).sum()))
checks.expect(
    "covered share",
    float(covered.mean()),
    {
        "only the starts are marked; an occurrence covers six positions": float(
            starts.mean()
        ),
        "these are the positions that no word covers": float(
            (~covered).mean()
        ),
    },
)
checks.expect(
    "outranked",
    outranked,
    {
        "these are the networks that score above it": {
            n: 1 - v for n, v in outranked.items()
        },
        "the two are exchanged": {
            "original": outranked["weighted"],
            "weighted": outranked["original"],
        },
    },
)
checks.expect(
    "fake_snr",
    fake_snr,
    {
        "this is the median; take the mean": float(
            np.nanmedian(
                signal_to_noise(x, fake, motif, spacer_mask=spacer)
            )
        ),
        "the spacers are given as `spacer_mask`": float(
            np.nanmean(signal_to_noise(x, fake, motif))
        ),
    },
    tolerance=1e-4,
)

# %%
checks("covered share", covered if covered is ... else np.mean(covered))
checks(
    "covered", covered if covered is ... else np.flatnonzero(covered).sum()
)
checks("outranked", outranked)
checks("fake_snr", fake_snr)

# %% tags=["solution"]
# Draw the figure: figures.against(ax, table, "kld_original", "kld_frequency_k6", ...)
fig, ax = plt.subplots(figsize=(figures.WIDTH * 0.8, 3.4))
figures.against(
    ax,
    table,
    "kld_original",
    "kld_frequency_k6",
    "original KLD (nats)",
    "weighted KLD, k = 6 (nats)",
)
ax.plot(
    fake_klds["original"],
    fake_klds["weighted"],
    "x",
    color="black",
    ms=12,
    mew=3,
)
ax.legend(fontsize=7)
checks.keep("fake", fig)

# %% [markdown]
# Which metric is fooled more, and why? Which map would fool the other one? And which sentence of
# the chapter have you just proved?
