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

# %% tags=["solution"] answers=["kept", "verdict_at"]
kept = {n: lengths(x[:n]) for n in sizes}
fewer = {
    n: questions(x[:n], a[:n], [u[:n] for u in untrained]) for n in sizes
}
verdict_at = {n: verdict(table) for n, table in fewer.items()}


# %% tags=["key"]
def unlike(right, mistakes):
    """The mistakes that lead to another answer on these sequences; all need not."""
    return {
        hint: value for hint, value in mistakes.items() if value != right
    }


per_kmer = {
    n: {k: n * (x.shape[1] - k + 1) / 4**k for k in range(3, 9)}
    for n in sizes
}
checks.expect(
    "kept",
    kept,
    unlike(
        kept,
        {
            "these are the lengths of all sequences: is `x` cut?": dict.fromkeys(
                sizes, lengths(x)
            ),
            "these are numbers of lengths; list the lengths": {
                n: len(ks) for n, ks in kept.items()
            },
            "one window for each k-mer is not enough; `windows` says how many": {
                n: [k for k, number in each.items() if number >= 1]
                for n, each in per_kmer.items()
            },
            "these lengths are left out; list those that are kept": {
                n: [k for k in range(3, 9) if k not in ks]
                for n, ks in kept.items()
            },
        },
    ),
)
checks.expect(
    "verdict_at",
    verdict_at,
    unlike(
        verdict_at,
        {
            "fewer than three lengths: what does the rule say then?": {
                n: "trust" if len(ks) < 3 else verdict_at[n]
                for n, ks in kept.items()
            },
            "too few sequences are no evidence against a model: read the last row of the rule": {
                n: "do not trust" if len(ks) < 3 else verdict_at[n]
                for n, ks in kept.items()
            },
            "these are the lengths": kept,
        },
    ),
)

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


# %% tags=["solution"] answers=["said", "lead", "passes"]
def hand_in(i):
    return questions(x, untrained[i], untrained[:i] + untrained[i + 1 :])


handed_in = {i: hand_in(i) for i in range(copies)}
said = {i: verdict(table) for i, table in handed_in.items()}
lead = {
    i: float(table["over untrained"].iloc[0])
    for i, table in handed_in.items()
}
passes = {
    i: bool((table["p"] <= 0.05 / len(table)).all())
    for i, table in handed_in.items()
}

# %% tags=["key"]
with_itself = {
    i: questions(x, u, untrained) for i, u in enumerate(untrained)
}


def of_copies(function, tables=handed_in):
    return {i: function(table) for i, table in tables.items()}


checks.expect(
    "said",
    said,
    unlike(
        said,
        {
            "this is the verdict on A: hand in the maps of the copy": dict.fromkeys(
                said, verdict(of_a)
            ),
            "this is what the rule should say; what does it say?": dict.fromkeys(
                said, "do not trust"
            ),
            "the copy is among its own controls; take the others": of_copies(
                verdict, with_itself
            ),
        },
    ),
)
checks.expect(
    "lead",
    lead,
    {
        "the copy is among its own controls; take the others": of_copies(
            lambda t: float(t["over untrained"].iloc[0]), with_itself
        ),
        "this is the lead over exchanged maps": of_copies(
            lambda t: float(t["KLD"].iloc[0] - t["exchanged"].iloc[0])
        ),
        "this is the lead at the longest length; take the shortest": of_copies(
            lambda t: float(t["over untrained"].iloc[-1])
        ),
        "this is the lower end of the interval": of_copies(
            lambda t: float(t["over low"].iloc[0])
        ),
        "this is the lead of A": dict.fromkeys(
            lead, float(of_a["over untrained"].iloc[0])
        ),
    },
)
checks.expect(
    "passes",
    passes,
    unlike(
        passes,
        {
            "these are the copies that fail": {
                i: not value for i, value in passes.items()
            },
            "divide 0.05 by the number of lengths": of_copies(
                lambda t: bool((t["p"] <= 0.05).all())
            ),
            "one length is not enough; ask for every length": of_copies(
                lambda t: bool((t["p"] <= 0.05 / len(t)).any())
            ),
            "this asks for the interval too; ask for p only": of_copies(
                lambda t: verdict(t) == "trust"
            ),
        },
    ),
)

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


# %% tags=["solution"] answers=["by_share", "over_exchanged", "stops"]
def mixed(share):
    rows, a_mixed = order[: round(share * len(x))], a.copy()
    a_mixed[rows] = numbers[rows]
    return a_mixed


mixtures = {
    share: questions(x, mixed(share), untrained) for share in shares
}
by_share = {share: verdict(table) for share, table in mixtures.items()}
over_exchanged = {
    share: float((table["KLD"] - table["exchanged"]).iloc[-1])
    for share, table in mixtures.items()
}
stops = next(
    share for share, said_of in by_share.items() if said_of != "trust"
)


# %% tags=["key"]
def first_rows(share):
    n = round(share * len(x))
    return np.concatenate([numbers[:n], a[n:]])


def turned(share):
    rows = order[: round(share * len(x))]
    a_turned = numbers.copy()
    a_turned[rows] = a[rows]
    return a_turned


def tables_of(mix, controls=untrained):
    return {share: questions(x, mix(share), controls) for share in shares}


def over(tables, column="exchanged", row=-1):
    return {
        s: float((t["KLD"] - t[column]).iloc[row])
        for s, t in tables.items()
    }


blended = tables_of(lambda share: (1 - share) * a + share * numbers)
reverse, first = tables_of(turned), tables_of(first_rows, untrained[:1])
checks.expect(
    "by_share",
    by_share,
    unlike(
        by_share,
        {
            "the shares are turned around: at 0 no sequence has random numbers": {
                s: verdict(t) for s, t in reverse.items()
            },
            "both are added up at every sequence here; replace whole maps": {
                s: verdict(t) for s, t in blended.items()
            },
            "all entries are those of A: do the random numbers reach the rule?": dict.fromkeys(
                shares, by_share[0]
            ),
            "all entries are those of random numbers: is `a` overwritten? Compute it again": dict.fromkeys(
                shares, by_share[1]
            ),
        },
    ),
)
checks.expect(
    "over_exchanged",
    over_exchanged,
    {
        "the shares are turned around: at 0 no sequence has random numbers": over(
            reverse
        ),
        "both are added up at every sequence here; replace whole maps": over(
            blended
        ),
        "these are the first sequences of `x`; take those of `order`": over(
            first
        ),
        "this is the lead over the highest exchanged map; take the mean": over(
            mixtures, "highest"
        ),
        "this is the shortest length; take the longest": over(
            mixtures, row=0
        ),
        "this is the KLD; subtract that of the exchanged maps": {
            s: float(t["KLD"].iloc[-1]) for s, t in mixtures.items()
        },
        "this is the lead over an untrained copy; take the exchanged maps": {
            s: float(t["over untrained"].iloc[-1])
            for s, t in mixtures.items()
        },
    },
)
checks.expect(
    "stops",
    stops,
    unlike(
        stops,
        {
            "there the rule still trusts; take the next share": max(
                (s for s in shares if s < stops), default=-1
            ),
            '"cannot tell" is not "trust" either': next(
                (
                    s
                    for s, said_of in by_share.items()
                    if said_of == "do not trust"
                ),
                stops,
            ),
            "this is the share of sequences with A's maps": 1 - stops,
            "this is in percent": 100 * stops,
        },
    ),
)

# %%
checks("by_share", by_share)
checks("over_exchanged", over_exchanged)
checks("stops", stops)

# %% tags=["solution"]
fig, ax = plt.subplots(figsize=(figures.WIDTH * 0.9, 3.2))
for shift, row, colour in (
    (-0.08, 0, figures.BLUE),
    (0.08, -1, figures.ORANGE),
):
    middle, low, high = (
        np.array([table[column].iloc[row] for table in mixtures.values()])
        for column in ("over untrained", "over low", "over high")
    )
    ax.errorbar(
        np.arange(len(shares)) + shift,
        middle,
        yerr=[middle - low, high - middle],
        fmt="o",
        color=colour,
        capsize=3,
        label=f"k = {lengths(x)[row]}",
    )
ax.axhline(0, color="black", lw=0.8)
ax.set_xticks(range(len(shares)), shares)
ax.set(
    xlabel="share of sequences with random numbers",
    ylabel="lead over the closest\nuntrained copy (nats)",
)
ax.legend()
checks.keep("noise", fig)

# %% [markdown]
# Random numbers are far larger than gradients: why does their size not matter here? You are about
# to act on the map of *one* sequence. What does "trust" promise for it? Write down one more
# question that the rule could ask, and say what it would catch.
