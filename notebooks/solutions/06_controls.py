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


# %% tags=["solution"] answers=["by_length", "share"]
def arbitrary(length, rng=None):
    rng = rng or np.random.default_rng(seed)
    return controls_maps.wrong_words(x, rng, n_words[length], k=length)


by_length = {length: final(arbitrary(length)) for length in n_words}
share = {length: outranked(value) for length, value in by_length.items()}

# %% tags=["key"]
one_rng = np.random.default_rng(seed)
checks.expect(
    "by_length",
    by_length,
    {
        "forty words at each length; take `n_words`": {
            k: final(
                controls_maps.wrong_words(
                    x, np.random.default_rng(seed), 40, k
                )
            )
            for k in n_words
        },
        "the words still have six letters: does `k` reach the function?": {
            k: final(
                controls_maps.wrong_words(x, np.random.default_rng(seed), m)
            )
            for k, m in n_words.items()
        },
        "one generator serves all lengths; take a fresh one for each": {
            k: final(arbitrary(k, one_rng)) for k in n_words
        },
        "this is the original metric; take `final`": {
            k: thresholded_kld(x, arbitrary(k)) for k in n_words
        },
        "this is the KLD at k = 6; take `final`": {
            k: float(kmer_klds(x, arbitrary(k), [6])[0]) for k in n_words
        },
        "these are the positions covered; take `final`": {
            k: float(arbitrary(k).any(axis=2).mean()) for k in n_words
        },
        "these are shares of networks; they are asked next": share,
    },
)
checks.expect(
    "share",
    share,
    {
        "these are the networks that score higher": {
            k: 1 - v for k, v in share.items()
        },
        "this is in percent": {k: 100 * v for k, v in share.items()},
        "these are numbers of networks; take shares": {
            k: len(networks) * v for k, v in share.items()
        },
    },
)

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

# %% tags=["solution"] answers=["scores", "correct", "complete"]
inside = masks["motif_mask"]
three = {
    "truth": x * inside[:, :, None],
    "part": controls_maps.pointing_at(x, [kmer_names(6).index(word)]),
    "lies": lies,
}
marked = {name: m.any(axis=2) for name, m in three.items()}
scores = {name: final(m) for name, m in three.items()}
correct = {name: float(inside[m].mean()) for name, m in marked.items()}
complete = {name: float(m[inside].mean()) for name, m in marked.items()}


# %% tags=["key"]
def in_each(part, whole):
    """Mean over sequences of the shares, where a map marks anything."""
    some = whole.sum(axis=1) > 0
    return float(
        ((part & whole).sum(axis=1)[some] / whole.sum(axis=1)[some]).mean()
    )


either = {name: float((m & inside).mean()) for name, m in marked.items()}
checks.expect(
    "scores",
    scores,
    {
        "this is the KLD at k = 6; take `final`": {
            name: float(kmer_klds(x, m, [6])[0])
            for name, m in three.items()
        },
        "one of these is not a number: this is the original metric; take `final`": {
            name: thresholded_kld(x, m) for name, m in three.items()
        },
        "the truth is missing its motifs: the mask is turned around": scores
        | {"truth": final(x * ~inside[:, :, None])},
        "`truth` is 1 at the bases, not the network's attribution": scores
        | {"truth": final(x * a * inside[:, :, None])},
        "`truth` has too many positions; take `motif_mask`": scores
        | {"truth": final(x * ~masks["spacer_mask"][:, :, None])},
        "`lies` was overwritten on the way: run its cell again": scores
        | {"lies": final(arbitrary(8))},
    },
)
checks.expect(
    "correct",
    correct,
    {
        "this is how complete the maps are": complete,
        "these are shares of all positions; divide by what the map marks": either,
        "these are means of the shares in each sequence; count over all sequences together": {
            name: in_each(inside, m) for name, m in marked.items()
        },
        "this counts agreement, also on what neither marks; divide by what the map marks": {
            name: float((inside == m).mean()) for name, m in marked.items()
        },
        "this is in percent": {
            name: 100 * value for name, value in correct.items()
        },
        "does `part` mark the word in spacers, too?": correct
        | {"part": 1.0},
    },
)
checks.expect(
    "complete",
    complete,
    {
        "this is how correct the maps are": correct,
        "these are shares of all positions; divide by the motif positions": either,
        "these are means of the shares in each sequence; count over all sequences together": {
            name: in_each(m, inside) for name, m in marked.items()
        },
        "these are all positions that a map marks; count those inside motifs": {
            name: float(m.mean()) for name, m in marked.items()
        },
        "this is in percent": {
            name: 100 * value for name, value in complete.items()
        },
    },
)

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

# %% tags=["solution"] answers=["left", "agreement", "p"]
kinds = {
    "network": "trained",
    "labels": "shuffled labels",
    "weights": "permuted weights",
    "untrained": "untrained",
}
chosen = scored[scored["kind"].isin(kinds)].set_index(["kind", "id"])
maps, copies = chosen[~chosen["rotated"]], chosen[chosen["rotated"]]
leaves = maps["consistency_frequency"] - copies["consistency_frequency"]
left = leaves.groupby("kind").median().to_dict()
snr = maps.loc["network", "snr"]
agreement = {
    "score": spearman(
        maps.loc["network", "consistency_frequency"], snr, draws=1
    ).value,
    "left": spearman(
        leaves["network"].reindex(snr.index), snr, draws=1
    ).value,
}


def p_value(m, draws=19, rng=None):
    rng = rng or np.random.default_rng(seed)
    observed = kmer_klds(x, m, [6])[0]
    turned = [
        kmer_klds(x, rotated(x, m, rng), [6])[0] for _ in range(draws)
    ]
    return (1 + sum(value >= observed for value in turned)) / (1 + draws)


tested = {
    "network": a,
    "lies": lies,
    "noise": np.random.default_rng(1).normal(size=x.shape),
}
p = {name: p_value(m) for name, m in tested.items()}

# %% tags=["key"]
by_kind = maps["consistency_frequency"].groupby("kind").median()
checks.expect(
    "left",
    left,
    {
        "all are NaN: the two tables share no index; see the hint": dict.fromkeys(
            left, np.nan
        ),
        "these are the scores of the copies; subtract them from those of the maps": copies[
            "consistency_frequency"
        ]
        .groupby("kind")
        .median(),
        "this is the reading `instance`; take `consistency_frequency`": (
            maps["consistency_instance"] - copies["consistency_instance"]
        )
        .groupby("kind")
        .median(),
        "these are the scores of the maps; subtract their copies": by_kind,
        "this is the copy minus the map": {
            kind: -v for kind, v in left.items()
        },
        "these are means; take medians": leaves.groupby("kind").mean(),
        "these are differences of medians; subtract each map's own copy first": by_kind
        - copies["consistency_frequency"].groupby("kind").median(),
        "this is the original metric; take `consistency_frequency`": (
            maps["kld_original"] - copies["kld_original"]
        )
        .groupby("kind")
        .median(),
        "these are quotients; subtract": (
            maps["consistency_frequency"] / copies["consistency_frequency"]
        )
        .groupby("kind")
        .median(),
    },
    tolerance=1e-4,
)
checks.expect(
    "agreement",
    agreement,
    {
        "is this Pearson's correlation? Rank first": {
            "score": float(
                np.corrcoef(
                    maps.loc["network", "consistency_frequency"], snr
                )[0, 1]
            ),
            "left": float(
                np.corrcoef(leaves["network"].reindex(snr.index), snr)[0, 1]
            ),
        },
        "the broken networks are in here; take the trained ones": {
            "score": spearman(
                maps["consistency_frequency"], maps["snr"], draws=1
            ).value,
            "left": spearman(
                leaves.reindex(maps.index), maps["snr"], draws=1
            ).value,
        },
        "`left` is the correlation of the copies; subtract first": agreement
        | {
            "left": spearman(
                copies.loc["network", "consistency_frequency"].reindex(
                    snr.index
                ),
                snr,
                draws=1,
            ).value
        },
    },
    tolerance=1e-4,
)
above = {name: value * 20 - 1 for name, value in p.items()}
one_rng = np.random.default_rng(seed)
shared = {name: p_value(m, rng=one_rng) for name, m in tested.items()}
checks.expect(
    "p",
    p,
    (
        {"one generator serves all maps; take a fresh one for each": shared}
        if shared != p
        else {}
    )
    | {
        "a p-value of 0 would need infinitely many draws: count the map itself": {
            name: count / 19 for name, count in above.items()
        },
        "the map itself is counted above the line, not below it": {
            name: (1 + count) / 19 for name, count in above.items()
        },
        "these are the copies that score lower; count those at least as high": {
            name: (20 - count) / 20 for name, count in above.items()
        },
        "large for a map that beats its copies? Count the copies that beat the map": {
            name: 1 - value for name, value in p.items()
        },
        "this takes 99 copies; take 19": {
            name: (1 + count) / 100 for name, count in above.items()
        },
    },
    tolerance=1e-4,
)

# %%
checks("left", left)
checks("agreement", agreement)
checks("p", p)

# %% tags=["solution"]
fig, axes = plt.subplots(1, 2, figsize=(figures.WIDTH, 2.8), sharey=True)
for ax, values, title in (
    (axes[0], maps["consistency_frequency"], "final score (nats)"),
    (axes[1], leaves, "what a rotated copy leaves (nats)"),
):
    for row, kind in enumerate(kinds):
        points = values[kind]
        ax.scatter(
            points,
            np.full(len(points), row),
            s=18,
            alpha=0.6,
            color=figures.BLUE,
        )
    ax.axvline(0, color="black", lw=0.8)
    ax.set(
        xlabel=title, yticks=range(len(kinds)), yticklabels=kinds.values()
    )
axes[0].invert_yaxis()
checks.keep("left", fig)

# %% [markdown]
# Subtracting the copy takes away what broken networks score. Does it take away what `lies`
# scores? What, then, does a small p-value show, and what does it not show?
