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
# # Exercises: who stands with whom
#
# Three exercises on pairs of motifs, about 30 minutes in all: ★ changes a parameter, ★★ takes a
# few lines, ★★★ extends the method. Replace each `...` by your answer. The check after it says
# whether the answer is right and, if not, what is wrong with it. Where a run trained no networks
# on rules of pairs, the second exercise uses the stored tables of our last full run, and says so.
#
# *You need:* chapter 10. Start JupyterLab with `make lab`, open `my_exercises`, and run
# the cells from the top.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are used
n_sequences: int = 2000  # sequences of a set of made-up maps
noise: float = 0.1  # standard deviation of the noise of made-up maps
seed: int = 0  # seeds sequences, noise and controls

# %%
import sys

sys.path.insert(0, "lesson_data.zip")
import lesson

checks = lesson.Checks("08_interactions")

# %%
import matplotlib.pyplot as plt
import numpy as np

from attribution_consistency import kmer_klds
from compendium import paths
from compendium.chapters import interactions, load_tables
from compendium.chapters.interactions_metric import (
    bits,
    find_pairs,
    find_tokens,
    pair_divergence,
)
from compendium.page import figures

figures.style()


def chosen_cells(table):
    """{rule: kinds of pairs of the network that was taught it}."""
    found = {}
    for rule in ("pairing", "presence"):
        own = table["id"].str.startswith(f"{rule}-exp-") & ~table[
            "distance"
        ].astype(bool)
        found[rule] = table.loc[own, ["one", "two", "p", "j"]].reset_index(
            drop=True
        )
    return found


tables, origin = load_tables("interactions", run)
cells = chosen_cells(tables["cells"])
if any(
    table.empty for table in cells.values()
):  # pairs of this run's networks were refused
    cells = chosen_cells(
        paths.read_csv(paths.stored() / "interactions_cells.csv")
    )
    origin = "stored"
if origin == "stored":
    print(
        "This run trained no networks on rules: these are the stored "
        "ones of our last full run."
    )


def pairing(n):
    """Sequences and made-up maps, (n, L, 4) each, that follow `pairing`."""
    data = interactions.simulate("pairing", n, seed=seed)
    return interactions.made_map(data, data["takes_part"], noise, seed)


# %% [markdown]
# ## ★ How many sequences? (5 minutes)
#
# *Goal:* see what the divergence of pairs says when there are few pairs.
#
# The chapter shows the divergence of pairs D of made-up maps of 2,000 sequences. The rule behind
# them is the same for any number. Is D?

# %%
tokens = find_tokens(*pairing(n_sequences))
found = pair_divergence(tokens, n_draws=0)  # without the null
{
    "D": found.bits,
    "interval": (found.low, found.high),
    "kinds of pairs": len(found.p),
}

# %% [markdown]
# - `divergence`: a dictionary `{1000: ..., 2000: ..., 3000: ...}`; D in bits for so many sequences.
# - `kinds`: a dictionary with the number of kinds of pairs that D was computed from, for the same.
#
# <details><summary>Hint</summary>
#
# The cell above does it for `n_sequences`. `pairing(n)` makes the sequences and maps.
#
# </details>

# %% tags=["answer"]
divergence = ...
kinds = ...

# %%
checks("divergence", divergence)
checks("kinds", kinds)

# %% [markdown]
# Which kinds of pairs are left at the smallest number? `found.pairs.left` and `.right` are indices
# into `tokens.words`. Each name stands with few others: how can factors of single names explain
# everything then? And what may you conclude from a D of 0?
#
# ## ★★ What single tokens explain (10 minutes)
#
# *Goal:* compute the divergence of pairs yourself, from the table of the kinds of pairs.
#
# Two networks of the chapter were taught `pairing` and `presence`. `cells[rule]` has one row for
# each kind of pair of one of them: its names `one` and `two`, its share `p` of the pairs and its
# share `j` of their attribution. How far is J from P, in bits: $\sum J \log_2 (J / P)$? And how
# much of it is left when single tokens may explain what they can, that is, what is D? Fit R with
# NumPy:
#
# 1. start with a factor u = 1 for each name, and R = u[one] u[two] P;
# 2. the total of a name is the sum of R over the rows where it is `one`, plus the sum where it is
#    `two`; the total wanted is the same with J;
# 3. multiply each u by the *root* of wanted / found, and repeat 2,000 times.

# %%
cells["pairing"].head(4)


# %% [markdown]
# - `total`: a dictionary `{"pairing": ..., "presence": ...}`; for each rule the divergence of J from
#   P in bits.
# - `pairs_only`: a dictionary with the divergence of J from R in bits, for the same.
#
# <details><summary>Hint</summary>
#
# Number the names, so that `one` and `two` are arrays of numbers. `np.bincount(one, values, n)`
# adds up the values of the rows in which a name is `one`; do the same for `two` and add. Rows with
# J = 0 add nothing to the divergence.
#
# </details>


# %% tags=["answer"]
total = ...
pairs_only = ...

# %%
checks("total", total)
checks("pairs_only", pairs_only)

# %% [markdown]
# Both networks attend to some pairs far more than to others. Why is that a rule of pairs in one of
# them and not in the other? Why the root in step 3? Try it without.
#
# ## ★★★ A rule of order (15 minutes)
#
# *Goal:* make the divergence of pairs see a rule that it does not see in the chapter.
#
# The chapter admits that D does not see rules about order. Make it see them. Below are three sets
# of maps. In `order` a pair of A and B is highlighted when A stands *before* B. In `chance` as many
# pairs of the same sequences are highlighted, at random. `pairing` is the rule that you know.
#
# Split each kind of pair in two, by which of its names comes first, as the chapter splits kinds by
# distance; u still knows names only. `find_pairs(tokens)` gives you `pairs`: each pair has its
# tokens `pairs.one` and `pairs.two`, the first and the second along the sequence, and its kind
# `pairs.cell`. Each kind has its names `pairs.left` and `pairs.right`. A token has a name
# `tokens.name` and a score `tokens.score`. `np.bincount(kind, weights, number)` counts pairs, or
# adds up the products of their two scores; `bits(left, right, p, j)` takes names and shares of the
# kinds, fits R and returns (D, R).

# %%
ordered = interactions.simulate("spacing", n_sequences, seed=seed)
a_first = np.repeat(ordered["motif"][:, :1] == "A", 2, axis=1)
chance = np.random.default_rng(seed).permutation(a_first)
sets = {
    "order": find_tokens(
        *interactions.made_map(ordered, a_first, noise, seed)
    ),
    "chance": find_tokens(
        *interactions.made_map(ordered, chance, noise, seed)
    ),
    "pairing": find_tokens(*pairing(n_sequences)),
}

# %% tags=["target", "remove-input"] mystnb={"image": {"alt": "Divergence of pairs of three sets of made-up maps as horizontal bars, without and with order. The set order is near zero without and high with order, chance is near zero in both, pairing is high in both."}}
checks.target("order")


# %% [markdown]
# - `without_order`: a dictionary `{"order": ..., "chance": ..., "pairing": ...}`; for each set D in
#   bits, with the kinds as `find_pairs` gives them.
# - `with_order`: the same with each kind split by which name comes first.
#
# Drawing the figure is optional: two bars for each set.
#
# <details><summary>Hint</summary>
#
# `tokens.name[pairs.one] == pairs.left[pairs.cell]` says of each pair whether the left name of its
# kind comes first. Give the two halves of kind i the numbers 2 i and 2 i + 1;
# `pairs.left.repeat(2)` are their left names.
#
# </details>


# %% tags=["answer"]
without_order = ...
with_order = ...

# %%
checks("without_order", without_order)
checks("with_order", with_order)

# %% [markdown]
# `chance` has a little more D with order than without, and so has `pairing`. Is that a rule? What
# would you compare it with, and what does each further split of the kinds cost?
