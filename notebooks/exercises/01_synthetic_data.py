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

# %% tags=["answer"]
in_motifs = ...

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


# %% tags=["answer"]
bits = ...
strongest = ...

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


# %% tags=["answer"]
core_only = ...
both = ...

# %%
checks("core_only", core_only)
checks("both", both)

# %% [markdown]
# Compare with the AUROC of the networks in the next chapter. What does this score know that a
# network has to learn, and what could a network learn that this score does not know?
