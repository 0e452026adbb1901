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
# # Exercises: a published number, again
#
# Two exercises on numbers of the paper, about 20 minutes in all: ★ changes a parameter, ★★ takes a
# few lines. Replace each `...` by your answer and run the cell. The check below it says whether the
# answer is right and, if not, what is wrong.
#
# *You need:* the chapter *Was the paper reproduced?*, and `lesson_data.zip` in the same folder as this
# notebook. Run the cells from the top.

# %% tags=["lesson"]
import sys

sys.path.insert(0, "lesson_data.zip")
import lesson

checks = lesson.Checks("10_reproduction")

# %%
import numpy as np
from scipy.stats import spearmanr

from attribution_consistency import kmer_klds, thresholded_kld

table = lesson.table("networks")
name = "bn-exp-standard-00"
a = lesson.maps(name)
x, motif, spacer = lesson.sequences(len(a))

# %% [markdown]
# `table` has one row for each trained network. `x` holds the sequences and `a` the maps of one
# network, (N, L, 4) both.
#
# ## ★ The paper's three numbers (5 minutes)
#
# *Goal:* compute what the paper reports, on our networks.
#
# The paper reports the Spearman correlation with SNR of its final score, 0.868, and of the original
# metric, 0.587, and so a gap of 0.281. The columns are `consistency_frequency`, `kld_original` and
# `snr`. Here is one of the three:

# %%
float(spearmanr(table["consistency_frequency"], table["snr"]).statistic)

# %% [markdown]
# - `ours`: a dictionary `{"final": ..., "original": ..., "gap": ...}`; the two correlations, and the
#   first minus the second.
#
# <details><summary>Hint</summary>
#
# Change the name of the column in the cell above for the second, and subtract for the third.
#
# </details>


# %% tags=["solution"] answers=["ours"]
def correlation(score, measure=spearmanr):
    return float(measure(table[score], table["snr"]).statistic)


def three(measure=spearmanr):
    final = correlation("consistency_frequency", measure)
    original = correlation("kld_original", measure)
    return {"final": final, "original": original, "gap": final - original}


ours = three()

# %% tags=["key"]
from scipy.stats import pearsonr

checks.expect(
    "ours",
    ours,
    {
        "is this Pearson's correlation? Rank first": three(pearsonr),
        "the gap is the final score's correlation minus the original's": ours
        | {"gap": -ours["gap"]},
        "the two correlations are exchanged": {
            "final": ours["original"],
            "original": ours["final"],
            "gap": ours["gap"],
        },
        "these are the numbers of the paper; compute ours": {
            "final": 0.868,
            "original": 0.587,
            "gap": 0.281,
        },
    },
    tolerance=1e-5,
)

# %%
checks("ours", ours)

# %% [markdown]
# The sign of the gap is that of the paper. What else would you need before you call it reproduced,
# or not reproduced?
#
# ## ★★ Maps over the wrong sequences (15 minutes)
#
# *Goal:* see how far a small mistake in the code of a metric can lower it.
#
# Suppose that one sequence drops out while the maps are processed, and that every map behind it is
# laid over the sequence *before* its own. Take the maps from row `start` on from one row below:
# row i gets `a[i + 1]`, and the last row keeps its own. All rows before `start` are right.
#
# What do the original metric, `thresholded_kld(x, maps)`, and the weighted one,
# `kmer_klds(x, maps, [6])[0]`, say of these maps, with `start` at 0, at half and at the end?
#
# - `original`: a dictionary `{0: ..., 0.5: ..., 1: ...}`; the original metric with `start` at
#   row `int(share * len(x))`.
# - `weighted`: a dictionary with the weighted KLD at k = 6, for the same.
#
# <details><summary>Hint</summary>
#
# `shifted = a.copy()`, then `shifted[start:-1] = a[start + 1 :]`. Where `start` is the number of
# sequences, both sides are empty, and nothing changes.
#
# </details>


# %% tags=["solution"] answers=["original", "weighted"]
def shifted(share, step=1):
    start = int(share * len(x))
    moved = a.copy()
    if step == 1:
        moved[start:-1] = a[start + 1 :]
    else:
        moved[start + 1 :] = a[start:-1]
    return moved


laid = {share: shifted(share) for share in (0, 0.5, 1)}
original = {s: thresholded_kld(x, m) for s, m in laid.items()}
weighted = {s: float(kmer_klds(x, m, [6])[0]) for s, m in laid.items()}

# %% tags=["key"]
other_way = {share: shifted(share, step=-1) for share in laid}
ends = {
    0: laid[1],
    0.5: np.concatenate([laid[0][: len(x) // 2], a[len(x) // 2 :]]),
    1: laid[0],
}
checks.expect(
    "original",
    original,
    {
        "the maps move down, not up: row i gets the map of row i + 1": {
            s: thresholded_kld(x, m) for s, m in other_way.items()
        },
        "the first rows are moved here; those from `start` on should be": {
            s: thresholded_kld(x, m) for s, m in ends.items()
        },
        "all entries are alike: was `a` itself changed? Work on a copy": dict.fromkeys(
            original, original[0]
        ),
        "this is the weighted KLD": weighted,
    },
)
checks.expect(
    "weighted",
    weighted,
    {
        "this is the original metric": original,
        "the maps move down, not up: row i gets the map of row i + 1": {
            s: float(kmer_klds(x, m, [6])[0]) for s, m in other_way.items()
        },
        "all entries are alike: was `a` itself changed? Work on a copy": dict.fromkeys(
            weighted, weighted[0]
        ),
    },
)

# %%
checks("original", original)
checks("weighted", weighted)

# %% [markdown]
# What is left of the weighted KLD when every map lies over a wrong sequence? (Look for the *floor* in
# the third chapter.) And how would you find such a mistake in code that somebody else wrote?
