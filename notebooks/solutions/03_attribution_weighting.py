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
# Three exercises on the divergence, about 65 minutes in all: ★ changes a
# parameter, ★★ takes a few lines, ★★★ extends the method. Replace each `...` by your answer and
# run the cell. The check below it says whether the answer is right and, if not, what is wrong.
#
# *You need:* the third chapter, and `lesson_data.zip` in the same folder as this notebook. Run
# the cells from the top.

# %% tags=["lesson"]
import sys

sys.path.insert(0, "lesson_data.zip")
import lesson

checks = lesson.Checks("03_attribution_weighting")

# %%
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns

from attribution_consistency import (
    kmer_klds,
    plot,
    signal_to_noise,
    thresholded_kld,
)
from attribution_consistency.kmers import kmer_names
from attribution_consistency.maps import position_scores

plt.rcParams.update(plot.STYLE)
clear, noisy = "bn-exp-standard-00", "bn-relu-standard-00"
k = 6  # length of the k-mers

a = {name: lesson.maps(name) for name in (clear, noisy)}
x, motif, spacer = lesson.sequences(len(a[clear]))
codes = x.argmax(axis=2)

# %% [markdown]
# `x` holds the sequences (N, L, 4), `codes` the same as numbers, (N, L) with A C G T as 0 1 2 3.
# `a[clear]` and `a[noisy]` are the maps of two networks, (N, L, 4).
#
# ## ★ Another reading (5 minutes)
#
# *Goal:* see how much the choice of a reading matters when two networks are compared.
#
# "Frequency times weight" has three readings: `frequency`, `instance` and `per_sequence`. Here are
# the divergences of the two networks at k = 6 under the first:

# %%
{
    name: kmer_klds(x, a[name], [k], reading="frequency")[0]
    for name in (clear, noisy)
}

# %% [markdown]
# By which factor do the two differ under each reading?
#
# - `factor`: a dictionary `{"frequency": ..., "instance": ..., "per_sequence": ...}`; for each
#   reading the KLD of `clear` divided by that of `noisy`, at k = 6.
#
# <details><summary>Hint</summary>
#
# `kmer_klds` returns an array with one number for each length in the list; `[0]` takes the first.
#
# </details>


# %% tags=["solution"] answers=["factor"]
def kld(name, reading, **options):
    return float(kmer_klds(x, a[name], [k], reading=reading, **options)[0])


readings = ("frequency", "instance", "per_sequence")
factor = {r: kld(clear, r) / kld(noisy, r) for r in readings}

# %% tags=["key"]
checks.expect(
    "factor",
    factor,
    {
        "this is the KLD of `noisy` over that of `clear`": {
            r: 1 / v for r, v in factor.items()
        },
        "these are differences; divide": {
            r: kld(clear, r) - kld(noisy, r) for r in readings
        },
        "these maps are not corrected; leave `correct` on": {
            r: kld(clear, r, correct=False) / kld(noisy, r, correct=False)
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
# ## ★★ The divergence by hand (20 minutes)
#
# *Goal:* compute one divergence with NumPy alone, so that no step of it is a black box.
#
# Take the reading `instance` at k = 3, for the network `clear`.
#
# 1. The scores are `position_scores(x, a[clear])`, (N, L). Divide each sequence by its sum.
# 2. The weight of a window of three positions is the sum of its three scores.
# 3. The code of the 3-mer in a window is 16 × first base + 4 × second + third, from 0 to 63.
# 4. For each 3-mer, add up the weights of its windows over all sequences, and scale to sum 1: q.
# 5. For each 3-mer, count its windows, and scale to sum 1: p.
# 6. The divergence is $\sum q \ln(q / p)$.
#
# - `by_hand`: this divergence, one number in nats.
#
# <details><summary>Hint</summary>
#
# The first positions of all windows are `codes[:, :-2]`, the second `codes[:, 1:-1]`, the third
# `codes[:, 2:]`; the same slices of the scores add up to the weights.
# `np.bincount(code.ravel(), weight.ravel(), 64)` adds up weights by code, and
# `np.bincount(code.ravel(), minlength=64)` counts.
#
# </details>


# %% tags=["solution"] answers=["by_hand"]
def divergence(q, p, log=np.log):
    q, p, seen = q / q.sum(), p / p.sum(), q > 0
    return float((q[seen] * log(q[seen] / p[seen])).sum())


scores = position_scores(x, a[clear])
shares = scores / scores.sum(axis=1, keepdims=True)
code = 16 * codes[:, :-2] + 4 * codes[:, 1:-1] + codes[:, 2:]
weight = shares[:, :-2] + shares[:, 1:-1] + shares[:, 2:]
q = np.bincount(code.ravel(), weight.ravel(), 64)
p = np.bincount(code.ravel(), minlength=64)
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
kmer_klds(x, a[clear], [3], reading="instance")

# %% [markdown]
# The last line is the answer of the package. The two must agree.
#
# ## ★★★ Fool the metric (40 minutes)
#
# *Goal:* make a map that is consistently *wrong*, and see how high it scores.
#
# Below are forty arbitrary 6-mers, `words`. Your map scores 1 on every position that an occurrence
# of one of them covers, and 0.01 on all others. It is 0 at the three bases that are not there:
# `fake = np.where(covered, 1, 0.01)[:, :, None] * x_all`, (N, L, 4).
#
# `table` has one row for each trained network. Its scores come from more sequences than the maps
# above, so here they all are: `x_all`, with `motif_all`, `spacer_all` and, as text, `letters`. How
# many networks does the fake map outrank?
#
# - `covered`: (N, L), True where an occurrence of one of the words covers the position.
# - `outranked`: a dictionary `{"original": ..., "weighted": ...}`, the share of the networks that
#   score below the fake map: the column `kld_original` against `thresholded_kld(x_all, fake)`, and
#   `kld_frequency_k6` against `kmer_klds(x_all, fake, [6])[0]`.
# - `fake_snr`: the SNR of the fake map, the mean over the sequences of
#   `signal_to_noise(x_all, fake, motif_all, spacer_mask=spacer_all)`.
#
# The figure shows where the fake map ends up. Drawing it is optional.
#
# <details><summary>Hint</summary>
#
# Start with `covered = np.zeros(motif_all.shape, bool)`. Go through all starts of all `letters`, the
# sequences as text; where `text[start : start + 6]` is one of the words, mark the six positions of
# that row. (`set(words)` makes the question "is it one of them?" fast.)
#
# </details>

# %%
words = np.random.default_rng(0).choice(kmer_names(6), 40, replace=False)
table = lesson.table("networks")
x_all, motif_all, spacer_all = lesson.sequences()
letters = ["".join("ACGT"[c] for c in row) for row in x_all.argmax(axis=2)]

# %% tags=["target", "remove-input"] mystnb={"image": {"alt": "Scatter plot of the weighted KLD against the original KLD, one point a network, with a black cross for the fake map."}}
checks.target("fake")


# %% tags=["solution"] answers=["covered", "outranked", "fake_snr"]
def places(letters, words, width=6):
    """Positions that an occurrence of one of the words covers."""
    found, known = np.zeros(motif_all.shape, bool), set(words)
    for row, text in zip(found, letters):
        for start in range(len(text) - 5):
            if text[start : start + 6] in known:
                row[start : start + width] = True
    return found


covered = places(letters, words)


def fool(covered):
    return np.where(covered, 1, 0.01)[..., None] * x_all


fake = fool(covered)
fake_klds = {
    "original": thresholded_kld(x_all, fake),
    "weighted": float(kmer_klds(x_all, fake, [6])[0]),
}
columns = {"original": "kld_original", "weighted": "kld_frequency_k6"}
outranked = {
    name: float((table[c] < fake_klds[name]).mean())
    for name, c in columns.items()
}
fake_snr = float(
    np.nanmean(
        signal_to_noise(x_all, fake, motif_all, spacer_mask=spacer_all)
    )
)

# %% tags=["key"]
starts = places(letters, words, width=1)
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
        "occurrences of one word only? All forty count": float(
            places(letters, words[:1]).mean()
        ),
        "the last word of a sequence may start at L - 6": float(
            places([text[:-1] for text in letters], words).mean()
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
        "these are numbers of networks; take shares": {
            n: len(table) * v for n, v in outranked.items()
        },
        "these are percentages; a share lies between 0 and 1": {
            n: 100 * v for n, v in outranked.items()
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
                signal_to_noise(
                    x_all, fake, motif_all, spacer_mask=spacer_all
                )
            )
        ),
        "the spacers are given as `spacer_mask`": float(
            np.nanmean(signal_to_noise(x_all, fake, motif_all))
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
fig, ax = plt.subplots(figsize=(5.6, 3.4))
columns = {"x": "kld_original", "y": "kld_frequency_k6"}
kinds = {"hue": "first layer", "style": "batch norm"}
sns.scatterplot(lesson.named(table), **columns, **kinds)
ax.plot(*fake_klds.values(), "x", color="black", ms=12, mew=3)
ax.set(xlabel="original KLD (nats)", ylabel="weighted KLD, k = 6 (nats)")
ax.legend(fontsize=7)
checks.keep("fake", fig)

# %% [markdown]
# Which metric is fooled more, and why? Which map would fool the other one? And which sentence of
# the chapter have you just proved?
