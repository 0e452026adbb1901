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
# # Exercises: what else raises the score
#
# Three exercises on maps that should not score high, about 30 minutes in all: ★ changes a
# parameter, ★★ takes a few lines, ★★★ extends the method. Replace each `...` by your answer and
# run the cell. The check below it says whether the answer is right and, if not, what is wrong.
#
# *You need:* chapter 7. Start JupyterLab with `make lab`, open `my_exercises`, and run
# the cells from the top.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are used
network: str = (
    "bn-exp-standard-00"  # whose maps are tested against rotated copies
)
word: str = "CACGTG"  # a 6-mer in the middle of a true motif, MAX
seed: int = 0  # seeds the random maps

# %%
import sys

sys.path.insert(0, "lesson_data.zip")
import lesson

checks = lesson.Checks("06_controls")

# %%
import matplotlib.pyplot as plt
import numpy as np

from attribution_consistency import consistency, kmer_klds, thresholded_kld
from attribution_consistency.kmers import kmer_names
from attribution_consistency.weights import length_weights_from
from compendium import paths
from compendium.chapters import (
    controls,
    controls_maps,
    controls_summary,
    load_tables,
)
from compendium.page import figures
from compendium.rotation import rotated
from compendium.stats import spearman
from compendium.tables import by_length

figures.style()
tables, origin = load_tables("controls", run)
if origin == "stored":
    print(
        "This run made no tables of controls: these are the stored "
        "ones of our last full run."
    )
scored = tables["maps"][tables["maps"]["population"] == "synthetic"]
networks = controls_summary.control_rows(scored, "network")
n = int(networks["n"].iloc[0])
x, masks = controls.sequences(paths.Run(run), "synthetic", network, n)
a = paths.read_maps(run, "synthetic", network)["a"][:n]
ks, _ = by_length(scored, "kld_frequency")
learnt = paths.read_json(paths.Run(run).length_weights)["frequency"]
weights = length_weights_from(learnt)


def final(a):
    """The final score of a map (N, L, 4) on the sequences `x`."""
    return float(consistency(kmer_klds(x, a, ks), weights))


def outranked(score):
    """The share of the trained networks whose final score is lower."""
    return float((networks["consistency_frequency"] < score).mean())


# %% [markdown]
# `x` holds the sequences (N, L, 4), `a` the maps of `network` on them, `masks["motif_mask"]` says
# which positions lie inside motifs (N, L). `networks` has one row for each trained network of the
# chapter, one of each configuration, with its final score in the column `consistency_frequency`.
#
# ## ★ Longer words (5 minutes)
#
# *Goal:* see whether the length of arbitrary words decides how high a wrong map scores.
#
# The arbitrary words of the chapter have six letters. It says that other lengths were not tried:
# try them. There are $4^k$ words of length k, so the same number of words covers fewer positions
# the longer they are. Take about one word in a hundred at each length, as `n_words` says. Here is
# the map of six letters:

# %%
n_words = {5: 10, 6: 40, 7: 160, 8: 640}
lies = controls_maps.wrong_words(
    x, np.random.default_rng(seed), n_words[6], k=6
)
{
    "positions covered": float(lies.any(axis=2).mean()),
    "final score": final(lies),
    "share of networks outranked": outranked(final(lies)),
}


# %% [markdown]
# - `by_length`: a dictionary `{5: ..., 6: ..., 7: ..., 8: ...}`; for each length the final score of
#   the map, made with a fresh `np.random.default_rng(seed)`.
# - `share`: a dictionary with the share of the networks that this map outranks, for the same.
#
# <details><summary>Hint</summary>
#
# The cell above does it for six letters. Put the length into `n_words[...]` and into `k=...`, and
# make a new generator for each map.
#
# </details>


# %% tags=["answer"]
by_length = ...
share = ...

# %%
checks("by_length", by_length)
checks("share", share)

# %% [markdown]
# All these maps know equally little. How many positions does each cover, and can that alone explain
# the order of their scores? Why else does the length of their words matter? Think of the lengths
# that the final score adds up, `ks`, and look at `kmer_klds(x, m, ks)` of the maps.
#
# ## ★★ The truth, a part of it, and lies (10 minutes)
#
# *Goal:* tell apart what a score rewards, what is correct and what is complete.
#
# Three maps, each 1 on some positions and 0 elsewhere.
#
# - `truth` marks every position inside a motif: `x` times the mask (`mask[:, :, None]` stretches a
#   mask (N, L) over the four bases).
# - `part` marks every place where `word` stands, be it inside a motif or not:
#   `controls_maps.pointing_at(x, [index])`. The index is that of the word in the list
#   `kmer_names(6)`; a list has the method `.index`.
# - `lies` you have, from the cell before the first answer.
#
# What does each score? How *correct* is it: of the positions that it marks (`m.any(axis=2)` of a
# map `m`), what share lies inside motifs? And how *complete*: of all motif positions, what share
# does it mark? Count over all sequences together.

# %% [markdown]
# - `scores`: a dictionary `{"truth": ..., "part": ..., "lies": ...}` of final scores.
# - `correct`, `complete`: dictionaries with the same keys, of shares from 0 to 1.
#
# <details><summary>Hint</summary>
#
# With `inside = masks["motif_mask"]` and `marked = m.any(axis=2)`, `inside[marked]` are the marked
# positions alone, True where they lie in a motif. What is `marked[inside]`?
#
# </details>

# %% tags=["answer"]
scores = ...
correct = ...
complete = ...

# %%
checks("scores", scores)
checks("correct", correct)
checks("complete", complete)

# %% [markdown]
# Which of the three would you want from a network, and which does the score want? Now ask the
# original metric, `thresholded_kld`, for the score of `truth`, and explain its answer: it keeps
# positions *strictly above* the 90th percentile of their sequence.
#
# ## ★★★ What a rotated copy leaves (15 minutes, 20 with the figure)
#
# *Goal:* take off what a map scores without pointing at anything, and test what is left.
#
# A rotated copy of a map is as uneven as the map and points at nothing. So subtract: what is
# *left* of a map is its final score minus that of its own rotated copy. `scored` has both in its
# column `consistency_frequency`, in rows that agree in `kind` and `id` and differ in `rotated` (False for
# the map, True for its copy). Take the kinds `network` (trained), `labels`, `weights` and
# `untrained` (broken). What is left of each kind? And do the trained networks follow SNR (column
# `snr`) better by what is left?
#
# Then make the copies into a test. Make B = 19 rotated copies of a map `m`, each with
# `rotated(x, m, rng)`, and score map and copies by the KLD at k = 6,
# `kmer_klds(x, m, [6])[0]`. If h copies score at least as high as the map, its p-value is
# (1 + h) / (1 + B): were the map no better than its copies, it would be as likely to come first as
# each of them. Compute it for `a`, for `lies`, and for a map that is nothing but noise,
# `np.random.default_rng(1).normal(size=x.shape)`; take a fresh `np.random.default_rng(seed)` for
# the copies of each.

# %% tags=["target", "remove-input"] mystnb={"image": {"alt": "Two strip charts over four kinds of networks, trained, shuffled labels, permuted weights and untrained. Left, their final scores; right, what a rotated copy leaves of them, which is near zero for the broken ones."}}
checks.target("left")

# %% [markdown]
# - `left`: a dictionary with the median over the networks of what is left, for the four kinds.
# - `agreement`: a dictionary `{"score": ..., "left": ...}` of Spearman correlations with SNR over
#   the trained networks; `spearman(one, other, draws=1).value` is quick.
# - `p`: a dictionary `{"network": ..., "lies": ..., "noise": ...}` of p-values.
#
# The figure shows the first. Drawing it is optional: a row of points for each kind.
#
# <details><summary>Hint</summary>
#
# pandas subtracts rows that have the same index, wherever they stand. So choose the four kinds with
# `.isin`, give the table the index `["kind", "id"]` with `.set_index`, and only then split it by
# `rotated`. For the p-values write a function of a map that makes its own generator.
#
# </details>

# %% tags=["answer"]
left = ...
agreement = ...
p = ...

# %%
checks("left", left)
checks("agreement", agreement)
checks("p", p)

# %% [markdown]
# Subtracting the copy takes away what broken networks score. Does it take away what `lies`
# scores? What, then, does a small p-value show, and what does it not show?
