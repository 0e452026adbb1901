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
# # Exercises: put the rule to the test
#
# Three exercises on the rule of chapter 12, about 30 minutes in all: ★ changes a parameter,
# ★★ takes a few lines, ★★★ extends the method. Replace each `...` by your answer. The check after
# it says whether the answer is right and, if not, what is wrong with it. Where a run has no real
# sequences, simulated ones stand in, and the notebook says so.
#
# *You need:* chapter 12. Start JupyterLab with `make lab`, open `my_exercises`, and run
# the cells from the top.

# %% tags=["parameters"]
run: str = "default"  # the run whose sequences are taken
n_sequences: int = 500  # sequences, at most
windows: int = 20  # windows for each k-mer, at least, on average
draws: int = 99  # exchanges of each map
copies: int = 4  # untrained copies of the network
seed: int = 0  # seeds exchanges, untrained copies and random numbers

# %%
import sys

sys.path.insert(0, "lesson_data.zip")
import lesson

checks = lesson.Checks("09_your_model")

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import tensorflow as tf

from attribution_consistency import exchanged_null, jackknife, one_hot
from compendium import paths
from compendium.chapters import your_model
from compendium.page import figures

figures.style()
# As many as the chapter asks for: both write the same files.
files = your_model.prepare(paths.Run(run), 1000, "your_model_exercise")
if files.population == "synthetic":
    print(
        "This run has no real sequences: simulated ones, and a network "
        "of the zoo, stand in."
    )
records = (files.folder / "sequences.fa").read_text().split(">")[1:]
x = one_hot(["".join(record.split("\n")[1:]) for record in records])[
    :n_sequences
]
model = keras.saving.load_model(files.folder / "A.keras", compile=False)

# %% [markdown]
# The next cell holds four functions of the chapter, as they stand there.


# %%
def gradients(model, x, output=0):
    """Gradient of one output of a Keras model, as an array like x."""
    with tf.GradientTape() as tape:
        x = tf.constant(x)
        tape.watch(x)
        y = model(x, training=False)[:, output]
    return tape.gradient(y, x).numpy()


def lengths(x):
    """Lengths of k-mers that these sequences can carry."""
    n, length, _ = x.shape
    share = {k: n * (length - k + 1) / 4**k for k in range(3, 9)}
    return [k for k, per_kmer in share.items() if per_kmer >= windows]


def questions(x, a, controls):
    """What the rule asks, one row a length."""
    ks = lengths(x)
    own = jackknife(x, a, ks)
    over = [jackknife(x, a, ks, other=u) for u in controls]
    exchanged = exchanged_null(x, a, ks, n_draws=draws, seed=seed)
    joined = exchanged.weighted(np.full(len(ks), 1 / len(ks)))
    closest = {
        end: np.min([getattr(o, end) for o in over], axis=0)
        for end in ("estimate", "low", "high")
    }
    return pd.DataFrame(
        {
            "KLD": own.estimate,
            "low": own.low,
            "high": own.high,
            "exchanged": exchanged.null.mean(axis=0),
            "highest": exchanged.null.max(axis=0),
            "p": joined.p_value,
            "over untrained": closest["estimate"],
            "over low": closest["low"],
            "over high": closest["high"],
        },
        index=pd.Index(ks, name="k"),
    )


def verdict(table, agrees=True):
    """The rule above."""
    if len(table) < 3:
        return "cannot tell"
    p = table["p"].iloc[0]
    if p <= 0.05 and (table["over low"] > 0).all() and agrees:
        return "trust"
    worse = p > 0.05 or (table["over high"] < 0).all() or not agrees
    return "do not trust" if worse else "cannot tell"


# %% [markdown]
# `x` holds the sequences (N, L, 4), `a` the maps of model A on them, and `untrained` a list of the
# maps of its untrained copies. `questions(x, a, controls)` gives a table with one row for each
# length, and `verdict(table)` applies the rule to it, where map and mutations agree in sign:
#
# | verdict | when |
# |---|---|
# | *trust* | p is at most 0.05, and at every length the interval of the difference lies above 0 for every copy |
# | *do not trust* | p is above 0.05, or at every length the interval lies below 0 for some copy |
# | *cannot tell* | everything else, and always when fewer than three lengths are kept |

# %%
keras.utils.set_random_seed(seed)
a = gradients(model, x)
untrained = [
    gradients(keras.models.clone_model(model), x) for _ in range(copies)
]
of_a = questions(x, a, untrained)
print(verdict(of_a))
of_a.round(3)

# %% [markdown]
# ## ★ Fewer sequences (5 minutes)
#
# *Goal:* see what the rule can still say when sequences are few.
#
# Your collaborator has not so many sequences. Which lengths would the chapter keep of the first 200
# of `x`, and of the first 80? And which verdict does A get on them? Cut the sequences, A's maps
# and the maps of every copy.

# %%
sizes = [200, 80]
{"sequences": len(x), "lengths": lengths(x), "verdict": verdict(of_a)}

# %% [markdown]
# - `kept`: a dictionary `{200: ..., 80: ...}`; the list of the lengths kept of so many sequences.
# - `verdict_at`: a dictionary with the verdict on A, for the same.
#
# <details><summary>Hint</summary>
#
# `x[:n]` are the first n sequences; cut `a` and each `u` of `untrained` in the same way.
#
# </details>

# %% tags=["answer"]
kept = ...
verdict_at = ...

# %%
checks("kept", kept)
checks("verdict_at", verdict_at)

# %% [markdown]
# Look at the tables of the questions: with fewer sequences the KLD of A is *higher* at the same
# length. Has A become more consistent? Which other columns rise with it? And is the verdict at 80
# sequences a statement about A?
#
# ## ★★ A model that has seen nothing (10 minutes)
#
# *Goal:* try the rule on a model whose right verdict you know.
#
# Hand the rule an untrained copy as if it were a model, with the *other* copies as its controls.
# Do so for each copy in turn. What does the rule say, and what should it say? How far is each copy
# ahead of the one that comes closest? And which copies would pass if the rule asked for p only?

# %%
len(untrained), untrained[0].shape


# %% [markdown]
# - `said`: a dictionary `{0: ..., 1: ..., ...}` with the verdict on each copy.
# - `lead`: a dictionary with the column "over untrained" at the shortest length, for the same.
# - `passes`: a dictionary of True or False, for the same: is p at most 0.05 / the number of lengths
#   at every length?
#
# <details><summary>Hint</summary>
#
# The other copies are `untrained[:i] + untrained[i + 1 :]`. Keep the table of `questions` for each
# copy; all three answers come from it.
#
# </details>


# %% tags=["answer"]
said = ...
lead = ...
passes = ...

# %%
checks("said", said)
checks("lead", lead)
checks("passes", passes)

# %% [markdown]
# One copy must be ahead of all others. What keeps the rule from trusting it, and how sure is that?
# A copy has seen no data: how can its maps score higher than when they are exchanged, on some
# sequences? What would go wrong if a rule had no untrained copies?
#
# ## ★★★ How much of a map may be noise? (15 minutes)
#
# *Goal:* find the share of noise at which the rule stops trusting.
#
# Replace the maps of A by random numbers at a growing share of the sequences. From which share on
# does the rule stop trusting? For a share s, `numbers` stand at the first `round(s * len(x))`
# sequences of `order`, a fixed random order, and A's maps at all others. Leave `a` as it is: work
# on a copy, `a.copy()`.

# %%
shares = [0, 0.3, 0.6, 0.8, 0.9, 1]
rng = np.random.default_rng(seed)
order = rng.permutation(len(x))
numbers = rng.normal(size=x.shape)

# %% tags=["target", "remove-input"] mystnb={"image": {"alt": "Lead of mixed maps over the closest untrained copy, with intervals, at the shortest and the longest length, against six shares of sequences with random numbers. Both fall steadily and are near zero where all sequences have random numbers."}}
checks.target("noise")


# %% [markdown]
# - `by_share`: a dictionary with the verdict for each of the `shares`.
# - `over_exchanged`: a dictionary with the KLD minus the mean KLD of the exchanged maps, at the
#   longest length, for the same.
# - `stops`: the smallest of the shares at which the verdict is not "trust".
#
# Drawing the figure is optional: the column "over untrained" with its interval, at the shortest and
# the longest length, against the share.
#
# <details><summary>Hint</summary>
#
# `mixed = a.copy()`, `chosen = order[: round(share * len(x))]`, `mixed[chosen] = numbers[chosen]`.
# Keep the table of `questions` for each share; `.iloc[-1]` is the row of the longest length.
#
# </details>


# %% tags=["answer"]
by_share = ...
over_exchanged = ...
stops = ...

# %%
checks("by_share", by_share)
checks("over_exchanged", over_exchanged)
checks("stops", stops)

# %% [markdown]
# Random numbers are far larger than gradients: why does their size not matter here? You are about
# to act on the map of *one* sequence. What does "trust" promise for it? Write down one more
# question that the rule could ask, and say what it would catch.
