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
# Three exercises on motifs and simulated sequences, about 35 minutes in all: ★ changes a
# parameter, ★★ takes a few lines, ★★★ extends the method. Replace each `...` by your answer. The
# check after it says whether the answer is right and, if not, what is wrong with it.
#
# *You need:* the first chapter. Start JupyterLab with `make lab`, open `my_exercises`, and run
# the cells from the top.

# %% tags=["parameters"]
run: str = "default"  # the run whose sequences are used
n_test: int = 1000  # test sequences that the last exercise classifies

# %%
import matplotlib.pyplot as plt
import numpy as np

from attribution_consistency import motifs, simulate
from compendium import paths, store
from compendium.page import figures
from compendium.page.exercises import Checks
from compendium.performance import auroc

figures.style()
checks = Checks(run, "01_synthetic_data")
library = motifs.load_motifs()
core = [m for m in library if m.role == "core" and m.strand == "+"]

# %% [markdown]
# `library` holds all motifs in both orientations and `core` the core motifs in one. A motif `m`
# has a name `m.name` and base probabilities `m.ppm`, (width, 4).
#
# ## ★ Longer sequences (5 minutes)
#
# The book simulates 200 nucleotides at a time. What share of the positions lies inside motifs if
# a sequence is half as long, or twice as long? `simulate(n_sequences, length, seed=1)` returns
# the data; its `motif_mask`, (N, L), says which positions lie at an informative position of a
# motif.

# %% tags=["answer"]
# in_motifs: {length: share of positions in motifs} for lengths 100, 200 and 400,
# each from 1,000 sequences simulated with seed=1.
in_motifs = ...

# %%
checks("in_motifs", in_motifs)

# %% [markdown]
# The number of motifs in a sequence does not depend on its length. Does the share fall exactly
# by half when the length doubles? Where must this break down?
#
# ## ★★ How much does a motif say? (10 minutes)
#
# The information of a column is $2 + \sum_b p_b \log_2 p_b$ bits, and that of a motif is the sum
# over its columns. Compute it yourself, without `motifs.information`. Beware of bases that were
# never seen: $0 \log 0$ counts as 0.


# %% tags=["answer"]
# bits: {name: bits} for the motifs in `core`.
# strongest: the name of the motif that says most.
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
# ## ★★★ A classifier without a network (20 minutes)
#
# Is a network needed for this task? Classify with the motifs themselves. The *fit* of a motif at
# a place is the sum over its columns of $\log_2$(probability of the base there / 0.25), with the
# probabilities made safe for the logarithm: `(ppm + 0.01) / 1.04`. The fit of a motif to a
# sequence is the best over all places and *both strands*. Score a sequence by the mean fit of the
# five core motifs and measure the AUROC. Then subtract the mean fit of the fifty background
# motifs: does it help to know what should *not* be there?

# %%
data = store.load(paths.Run(run).data("synthetic"))
test = np.flatnonzero(data["split"] == 2)[:n_test]
codes, label = (
    data["codes"][test],
    data["y"][test, 0],
)  # (n, L) with A C G T as 0 1 2 3; (n,)

# %% tags=["target", "remove-input"] mystnb={"image": {"alt": "Two overlapping histograms of the score of a sequence, core fit minus background fit, for positive and negative test sequences."}}
checks.target("scores")


# %% tags=["answer"]
# core_only: AUROC of the mean fit of the five core motifs: auroc(label, score)
# both: AUROC of that mean minus the mean fit of the fifty background motifs.
core_only = ...
both = ...

# %%
checks("core_only", core_only)
checks("both", both)

# %% tags=["answer"]
# Draw the figure: a histogram of core fit minus background fit for each class.

# %% [markdown]
# Compare with the AUROC of the networks in the next chapter. What does this score know that a
# network has to learn, and what could a network learn that this score does not know?
