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
# # Exercises: sequences with a known answer
#
# Three exercises on motifs and simulated sequences, about 55 minutes in all: ★ changes a
# parameter, ★★ takes a few lines, ★★★ extends the method. Replace each `...` by your answer and
# run the cell. The check below it says whether the answer is right and, if not, what is wrong.
#
# *You need:* the first chapter, and `lesson_data.zip` in the same folder as this notebook. Run the
# cells from the top.

# %% tags=["lesson"]
import sys

sys.path.insert(0, "lesson_data.zip")
import lesson

checks = lesson.Checks("01_synthetic_data")

# %%
import matplotlib.pyplot as plt
import numpy as np

from attribution_consistency import motifs, plot, simulate

plt.rcParams.update(plot.STYLE)
library = motifs.load_motifs()
core = [m for m in library if m.role == "core" and m.strand == "+"]

# %% [markdown]
# `library` is a list of all motifs, each in both orientations; `core` has the five core motifs in
# one orientation. A motif `m` has a name, `m.name`, and base probabilities, `m.ppm`, an array
# (width, 4) with the bases in the order A C G T.
#
# ## ★ Longer sequences (5 minutes)
#
# *Goal:* see what sets the share of a sequence that lies in motifs.
#
# `simulate(1000, length, seed=1)` makes 1,000 sequences. It returns an object with the attribute
# `motif_mask`, (N, L): True where a position lies in a motif and says something. So
# `simulate(1000, 200, seed=1).motif_mask` is the mask of sequences as long as the book's.
#
# Which share of all positions lies in motifs if the sequences have 100, 200 or 400 nucleotides?
#
# - `in_motifs`: a dictionary `{100: ..., 200: ..., 400: ...}` of shares from 0 to 1.
#
# <details><summary>Hint</summary>
#
# The mean of an array of True and False is the share of True: `mask.mean()`. A dictionary for
# several lengths: `{length: ... for length in (100, 200, 400)}`.
#
# </details>

# %% tags=["solution"] answers=["in_motifs"]
simulated = {
    length: simulate(1000, length, seed=1) for length in (100, 200, 400)
}
in_motifs = {
    length: float(data.motif_mask.mean())
    for length, data in simulated.items()
}

# %% tags=["key"]
checks.expect(
    "in_motifs",
    in_motifs,
    {
        "this counts positions of motifs that say next to nothing; use `motif_mask`": {
            length: float((~data.spacer_mask).mean())
            for length, data in simulated.items()
        },
        "these are numbers of positions; a share is a mean": {
            length: int(data.motif_mask.sum())
            for length, data in simulated.items()
        },
        "these are positions in each sequence; divide by its length": {
            length: length * float(data.motif_mask.mean())
            for length, data in simulated.items()
        },
        "these are percentages; a share lies between 0 and 1": {
            length: 100 * float(data.motif_mask.mean())
            for length, data in simulated.items()
        },
        "this is the share outside the motifs": {
            length: float((~data.motif_mask).mean())
            for length, data in simulated.items()
        },
        "all entries are alike: does the length reach `simulate`?": dict.fromkeys(
            in_motifs, in_motifs[200]
        ),
        "these are other sequences: give `seed=1`": {
            length: float(simulate(1000, length).motif_mask.mean())
            for length in simulated
        },
    },
    tolerance=1e-6,
)

# %%
checks("in_motifs", in_motifs)

# %% [markdown]
# The number of motifs in a sequence does not depend on its length. Does the share fall exactly
# by half when the length doubles? Where must this break down?
#
# ## ★★ How much does a motif say? (10 minutes)
#
# *Goal:* compute the information of a motif yourself.
#
# A column with the base probabilities $p_A, p_C, p_G, p_T$ carries $2 + \sum_b p_b \log_2 p_b$
# bits; a motif carries the sum over its columns. Use NumPy, not `motifs.information`. A base that
# was never seen has $p_b = 0$, and $0 \log_2 0$ counts as 0.
#
# - `bits`: a dictionary `{name: bits}` for the five motifs of `core`.
# - `strongest`: the name of the motif that carries most bits.
#
# <details><summary>Hint</summary>
#
# Put 1 where the probability is 0 before you take the logarithm: `np.where(ppm > 0, ppm, 1)`. Its
# logarithm is 0, and so is the product. `max(bits, key=bits.get)` is the key with the largest
# value.
#
# </details>


# %% tags=["solution"] answers=["bits", "strongest"]
def total_bits(ppm):
    logs = np.log2(np.where(ppm > 0, ppm, 1))
    return float((2 + (ppm * logs).sum(axis=1)).sum())


bits = {m.name: total_bits(m.ppm) for m in core}
strongest = max(bits, key=bits.get)

# %% tags=["key"]
checks.expect(
    "bits",
    bits,
    {
        "NaN: a base that was never seen has the logarithm of 0; see the hint": {
            m.name: bits[m.name] if (m.ppm > 0).all() else np.nan
            for m in core
        },
        "this is in nats: bits take the logarithm to base 2": {
            m.name: 2 * len(m.ppm)
            - (2 * len(m.ppm) - bits[m.name]) * np.log(2)
            for m in core
        },
        "these are negative: where are the 2 bits of a certain column?": {
            m.name: bits[m.name] - 2 * len(m.ppm) for m in core
        },
        "this adds 2 once for the motif, not once for each column": {
            m.name: bits[m.name] - 2 * len(m.ppm) + 2 for m in core
        },
        "this is the mean over the columns; add them up": {
            m.name: bits[m.name] / len(m.ppm) for m in core
        },
    },
)
checks.expect(
    "strongest",
    strongest,
    {"that motif carries least": min(bits, key=bits.get)},
)

# %%
checks("bits", bits)
checks("strongest", strongest)

# %% [markdown]
# A place that fits a motif of $b$ bits as well as nearly all of its real sites do turns up by
# chance about once in $2^b$ positions, on each strand.
# Which core motifs will turn up by chance in 200 nucleotides?
#
# ## ★★★ A classifier without a network (40 minutes)
#
# *Goal:* find out whether this task needs a network at all.
#
# Classify sequences with the motifs themselves.
#
# 1. Make the probabilities of a motif safe for the logarithm: `(ppm + 0.01) / 1.04`.
# 2. The *fit* of a motif at a place is the sum over its columns of
#    $\log_2$(probability of the base there / 0.25).
# 3. The fit of a motif to a sequence is the largest over all places *and both orientations*.
# 4. The score of a sequence is the mean fit of the five core motifs.
#
# Measure the AUROC of this score with `lesson.auroc(label, score)`. Then subtract the mean fit of
# the fifty background motifs: does it help to know what should *not* be there?
#
# - `core_only`: AUROC of the mean fit of the core motifs.
# - `both`: AUROC of that mean minus the mean fit of the background motifs.
#
# The figure shows the second score. Drawing it is optional.
#
# <details><summary>Hint</summary>
#
# Write a function `best_fit(ppm, codes)` for one motif in one orientation. Column `j` meets the
# base `codes[:, j : j + places]`, where `codes.shape[1] - len(ppm) + 1` places are possible, and
# `odds[j, codes[...]]` looks up its value for all sequences and places at once. The two
# orientations of a motif follow each other in `library`; `m.role` is "core" or "background".
#
# </details>

# %%
# codes: (N, L) with A C G T as 0 1 2 3; label: (N,), 1 for positive.
codes, label = lesson.labelled()

# %% tags=["target", "remove-input"] mystnb={"image": {"alt": "Two overlapping histograms of the score of a sequence, core fit minus background fit, for positive and negative test sequences."}}
checks.target("scores")


# %% tags=["solution"] answers=["core_only", "both"]
def best_fit(ppm, codes):
    """Best log-odds of one oriented motif in each sequence, (n,)."""
    odds = np.log2((ppm + 0.01) / 1.04 / 0.25)
    places = codes.shape[1] - len(ppm) + 1
    fit = sum(odds[j, codes[:, j : j + places]] for j in range(len(ppm)))
    return fit.max(axis=1)


fits = np.array([best_fit(m.ppm, codes) for m in library])
either = np.maximum(fits[0::2], fits[1::2])
is_core = np.array([m.role == "core" for m in library[::2]])
core_fit = either[is_core].mean(axis=0)
background_fit = either[~is_core].mean(axis=0)
core_only = lesson.auroc(label, core_fit)
both = lesson.auroc(label, core_fit - background_fit)

# %% tags=["key"]
checks.expect(
    "core_only",
    core_only,
    {
        "only one orientation is searched": lesson.auroc(
            label, fits[0::2][is_core].mean(axis=0)
        ),
        "this is the mean over all ten orientations; take the better one of each motif": (
            lesson.auroc(label, fits[:10].mean(axis=0))
        ),
        "this is the fit of the single best motif; take the mean of the five": lesson.auroc(
            label, either[is_core].max(axis=0)
        ),
        "are label and score in the wrong order, or the sign turned?": 1
        - core_only,
    },
)
checks.expect(
    "both",
    both,
    {
        "this adds the background; subtract it": lesson.auroc(
            label, core_fit + background_fit
        ),
        "nothing is subtracted yet": core_only,
        "are label and score in the wrong order, or the sign turned?": 1
        - both,
    },
)

# %%
checks("core_only", core_only)
checks("both", both)

# %% tags=["solution"]
fig, ax = plt.subplots(figsize=(5.6, 3))
for value, name, colour in (
    (1, "positive", plot.ORANGE),
    (0, "negative", plot.BLUE),
):
    chosen = (core_fit - background_fit)[label == value]
    ax.hist(chosen, bins=40, alpha=0.5, color=colour, label=name)
ax.set(xlabel="core fit − background fit (bits)", ylabel="sequences")
ax.legend()
checks.keep("scores", fig)

# %% [markdown]
# Compare with the AUROC of the networks in the next chapter. What does this score know that a
# network has to learn, and what could a network learn that this score does not know?
