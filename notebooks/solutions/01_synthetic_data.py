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

# %% tags=["solution"] answers=["in_motifs"]
# in_motifs: {length: share of positions in motifs} for lengths 100, 200 and 400,
# each from 1,000 sequences simulated with seed=1.
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
        "this is the share outside the motifs": {
            length: float((~data.motif_mask).mean())
            for length, data in simulated.items()
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
# The information of a column is $2 + \sum_b p_b \log_2 p_b$ bits, and that of a motif is the sum
# over its columns. Compute it yourself, without `motifs.information`. Beware of bases that were
# never seen: $0 \log 0$ counts as 0.


# %% tags=["solution"] answers=["bits", "strongest"]
# bits: {name: bits} for the motifs in `core`.
# strongest: the name of the motif that says most.
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
    {"that motif says least": min(bits, key=bits.get)},
)

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


# %% tags=["solution"] answers=["core_only", "both"]
# core_only: AUROC of the mean fit of the five core motifs: auroc(label, score)
# both: AUROC of that mean minus the mean fit of the fifty background motifs.
def best_fit(ppm, codes):
    """Best log-odds of one oriented motif in each sequence, (n,)."""
    odds = np.log2((ppm + 0.01) / 1.04 / 0.25)
    places = codes.shape[1] - len(ppm) + 1
    fit = sum(odds[j, codes[:, j : j + places]] for j in range(len(ppm)))
    return fit.max(axis=1)


fits = np.array([best_fit(m.ppm, codes) for m in library])
either = np.maximum(
    fits[0::2], fits[1::2]
)  # the strands of a motif follow each other
is_core = np.array([m.role == "core" for m in library[::2]])
core_fit, background_fit = (
    either[is_core].mean(axis=0),
    either[~is_core].mean(axis=0),
)
core_only = auroc(label, core_fit)
both = auroc(label, core_fit - background_fit)

# %% tags=["key"]
checks.expect(
    "core_only",
    core_only,
    {
        "only one strand is searched": auroc(
            label, fits[0::2][is_core].mean(axis=0)
        ),
        "this is the mean over all ten orientations; take the better strand of each motif": auroc(
            label, fits[:10].mean(axis=0)
        ),
        "this is the fit of the single best motif; take the mean of the five": auroc(
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
        "this adds the background; subtract it": auroc(
            label, core_fit + background_fit
        ),
        "nothing is subtracted yet": core_only,
    },
)

# %%
checks("core_only", core_only)
checks("both", both)

# %% tags=["solution"]
# Draw the figure: a histogram of core fit minus background fit for each class.
fig, ax = plt.subplots(figsize=(figures.WIDTH * 0.8, 3))
for value, name, colour in (
    (1, "positive", figures.ORANGE),
    (0, "negative", figures.BLUE),
):
    chosen = (core_fit - background_fit)[label == value]
    ax.hist(chosen, bins=40, alpha=0.5, color=colour, label=name)
ax.set(xlabel="core fit − background fit (bits)", ylabel="sequences")
ax.legend()
checks.keep("scores", fig)

# %% [markdown]
# Compare with the AUROC of the networks in the next chapter. What does this score know that a
# network has to learn, and what could a network learn that this score does not know?
