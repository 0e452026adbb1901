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
# # Who stands with whom
#
# Every score of this book reads a map as a bag of words: how much each word receives, whatever stands
# beside it. Proteins do not work alone: a {term}`motif` may count only beside a certain partner, or
# only at a certain distance. The paper names this as its limit: it treats motifs as standing alone,
# and leaves their interactions to future work {cite:p}`chen2025`. **What can single words not
# say?** We build a second number, for pairs, try it on maps whose rule we chose, and then on networks
# that were taught such rules.
#
# ```{admonition} The answer
# :class: important
# They cannot say that a motif counts only beside a certain partner. A map that follows such a rule
# and one that marks as many motifs at random score alike as single words; a {term}`divergence of pairs`
# tells them apart, {glue:text}`pr_made_pairing` against {glue:text}`pr_made_chance` bits. Networks that
# learnt a rule show it too, but for rules of distance compare them with a network that cannot know one.
# ```
#
# ```{margin} For readers new to biology
# Two proteins that touch each other can hold each other on the DNA. Then one site does little
# without the other, and their distance may matter: the double helix turns about once every ten
# bases, so a shift of five puts a protein on the other side.
# ```
#
# ```{admonition} After this chapter you can
# :class: tip
# - say why two networks with different rules can have the same k-mer divergence;
# - turn a map into pairs of motifs, and ask whether their attributions depend on each other;
# - read a divergence of pairs beside its null and its controls.
# ```
#
# *You need:* chapters 1 and 3. *Reading time:* 20 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are shown
n_sequences: int = 2000  # sequences of each made-up set of maps
noise: float = 0.1  # standard deviation of the noise of made-up maps
draws: int = 99  # permutations of the null
seed: int = 0  # seeds sequences, noise and permutations

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution_consistency import motifs
from attribution_consistency.divergence import kmer_klds, thresholded_kld
from compendium.chapters import interactions, load_tables, tell_origin
from compendium.chapters.interactions_metric import (
    find_tokens,
    pair_divergence,
)
from compendium.page import figures
from compendium.page.claims import expect, report

figures.style()
tables, origin = load_tables("interactions", run)

# %% tags=["remove-input"] mystnb={"markdown_format": "myst"}
tell_origin("interactions", origin)

# %% [markdown]
# ## Four rules
#
# We take four motifs of the synthetic task and call them A, B, C and D. Every sequence holds two
# of them, on a random background. What makes a sequence positive differs:
#
# | rule | positive | negative |
# |---|---|---|
# | `pairing` | A with B, or C with D | A with D, or C with B |
# | `and` | A with B | A with A, or B with B |
# | `spacing` | A and B near | A and B far |
# | `presence` | more of A and B | more of C and D; one of each is a coin flip |
#
# *Near* means that their starts are {glue:text}`pr_near` nucleotides apart, *far*
# {glue:text}`pr_far`; under the other rules any distance may occur.
#
# Under the first three rules each motif is **equally frequent in both classes**. Here is the share
# of each among the motifs of either class under `pairing`:

# %%
first = interactions.simulate("pairing", n_sequences, seed=seed)
positive = first["y"][:, 0] > 0.5
names = {m.matrix_id: m.name for m in motifs.load_motifs()}
letters = list("ABCD")
share = pd.DataFrame({"motif": pd.Series(interactions.MOTIFS).map(names)})
for label, rows in (("positive", positive), ("negative", ~positive)):
    share[label] = [(first["motif"][rows] == m).mean() for m in letters]
share.style.format("{:.1%}", subset=["positive", "negative"])

# %% tags=["remove-cell"]
for side, span in (("near", interactions.NEAR), ("far", interactions.FAR)):
    report(f"pr_{side}", f"{span[0]} to {span[1]}")

# %% [markdown]
# Under `pairing` and `and` a motif speaks for the class beside one partner and against it beside
# another; such a rule is an {term}`exclusive or`. Under `presence` every motif counts by itself: this
# rule is our counter-example.
#
# ## From words to pairs
#
# 1. **Vocabulary.** The 40 6-mers that add most to the KLD (reading `instance`, as in
#    {doc}`03_attribution_weighting`) and occur at least 20 times.
# 2. **Token.** A run of at least three overlapping words of the vocabulary, named by the one of
#    them that adds most to the KLD. Its score is the mean of the *positive part* of
#    {term}`gradient × input` over its positions: how much it speaks for the class.
# 3. **Pair.** Two tokens of one sequence whose starts are at least 15 nucleotides apart. It weighs
#    the product of their scores. A kind of pair, two names $i$ and $j$, that occurs fewer than
#    20 times is left out.
#
# Let $P_{ij}$ be the share of names $i$ and $j$ in the number of pairs, and $J_{ij}$ their share in
# the weight of all pairs, which we call the attribution. If a token scored as its name alone says,
# whatever stands beside it, then $J$ would be
#
# ```{math}
# :label: eq-separable
# R_{ij} = u_i \, u_j \, P_{ij}
# ```
#
# with one factor $u$ for each name. We choose the factors so that $R$ gives each name the same
# total as $J$ (*iterative proportional fitting*: scale every factor until all totals agree). What
# is left is the {term}`divergence of pairs`,
#
# ```{math}
# :label: eq-pairs
# D = \sum_{ij} J_{ij} \log_2 \frac{J_{ij}}{R_{ij}} ,
# ```
#
# in *bits*: 0 when single tokens explain everything, 1 when a rule of pairs forbids half of what
# they would allow. Sequences of **both** classes go in: with positive ones alone, the forbidden
# pairs would never be seen. For rules about distance, a pair carries its distance, near or far, as
# a third index, while $u$ still knows names only.
#
# ```{margin} For readers new to statistics
# In a table of counts, rows and columns are independent when each cell is its row total times its
# column total over the grand total. $R$ is the same idea for pairs that do not all occur equally
# often.
# ```
#
# Chance alone gives a $D$ above 0. So we compare it with a {term}`null`: scores change places among
# tokens of one name, so that each name keeps its scores and who stood with whom is lost. We call a
# divergence *clear of its null* when the {term}`p-value` is 0.05 or less and the whole
# {term}`jackknife` interval over sequences lies above the mean of the null. With distance this test
# alone is not enough: networks that know no rule pass it, as we shall see.
#
# ## Maps whose rule we know
#
# What would the map of a network look like that follows its rule exactly? We let the base that is
# there score 1 under every motif that takes part in making the sequence positive and 0 elsewhere,
# and add a little noise. A fifth set, `chance`, is the {term}`control`: the sequences of `pairing`,
# of which as many are highlighted, but at random.

# %%
maps = {}
for rule in [*interactions.GRAMMARS, "chance"]:
    grammar = "pairing" if rule == "chance" else rule
    data = interactions.simulate(grammar, n_sequences, seed=seed)
    part = data["takes_part"]
    if rule == "chance":
        part = np.random.default_rng(seed).permutation(part)
    maps[rule] = interactions.made_map(data, part, noise, seed)

# %% [markdown]
# For each set we compute the divergence of pairs without and with distance, and two scores of single
# words:

# %%
options = {"n_draws": draws, "seed": seed}
tokens, plain, spaced, rows = {}, {}, {}, {}
for rule, (x, a) in maps.items():
    tokens[rule] = t = find_tokens(x, a)
    plain[rule] = pair_divergence(t, **options)
    spaced[rule] = pair_divergence(t, edges=interactions.EDGES, **options)
    rows[rule] = {
        "D": plain[rule].bits,
        "D, distance": spaced[rule].bits,
        "KLD": kmer_klds(x, a, [6], reading="instance")[0],
        "original metric": thresholded_kld(x, a),
    }
made = pd.DataFrame(rows).T
made.style.format(precision=3)

# %% tags=["remove-cell"]
report("pr_made", n_sequences, ",d")
report("pr_made_pairing", made.loc["pairing", "D"], ".3f")
report("pr_made_chance", made.loc["chance", "D"], ".3f")
report("pr_made_spacing", made.loc["spacing", "D"], ".3f")
report(
    "pr_made_spacing_distance", made.loc["spacing", "D, distance"], ".3f"
)
ratio = made.loc["pairing", "KLD"] / made.loc["chance", "KLD"]
report("pr_made_kld_ratio", ratio, ".2f")

# %% tags=["remove-input"]
expect(
    "pairing, and, and spacing with distance lie above their nulls",
    all(
        found.bits > found.null.max()
        for found in (plain["pairing"], plain["and"], spaced["spacing"])
    ),
)

# %% [markdown]
# `pairing` and `and` lie far above every draw of their nulls, `presence` and `chance` near 0.
# `spacing` has {glue:text}`pr_made_spacing` bits without distance and
# {glue:text}`pr_made_spacing_distance` with it: names alone do not say which pair counts.
#
# Now compare `pairing` with `chance`. These maps lie on the same sequences, and give each motif the
# same on average. The ratio of their KLDs is {glue:text}`pr_made_kld_ratio`. A score of single words
# **cannot** tell a rule from a coin flip here, but for chance. No tuning would help: it adds up what
# each word receives, and both maps give each word the same.
#
# The pairs show the rule itself. We add up words that fit the same motif:

# %% tags=["remove-output"]
colours = [figures.GREY, figures.BLUE, figures.ORANGE]
meaning = {"p": "pairs P", "r": "single tokens R", "j": "attribution J"}
fig, axes = plt.subplots(1, 2, figsize=(figures.WIDTH, 3), sharey=True)
for ax, rule in zip(axes, ("pairing", "chance")):
    shares = interactions.by_motif(tokens[rule], plain[rule])
    shares.rename(columns=meaning).plot.bar(
        ax=ax, rot=0, color=colours, legend=False, width=0.8
    )
    ax.set_title(f"{rule}: {plain[rule].bits:.2f} bits")
axes[0].set_ylabel("share")
figures.legend_below(fig, 3)
figures.show("fig_made_cells")

# %% [markdown]
# ```{glue:figure} fig_made_cells
# :name: fig-made-cells
# :alt: Two bar charts of the shares of pairs of motifs. Under pairing the pairs AB and CD hold nearly all attribution, while single tokens would spread it over four pairs; under chance attribution and single tokens agree on every pair.
#
# Share of each pair of motifs in the number of pairs, in what single tokens would explain, and in the
# attribution, for made-up maps of {glue:text}`pr_made` sequences each. Pairs with less than 5 % of all
# pairs are not drawn.
# ```
#
# ## Networks that were taught a rule
#
# Made-up maps follow their rule. Networks may not. So we train networks on the rules: one for each
# rule and {term}`activation <activation function>` of the first layer.
#
# Such a rule is hard to learn from nothing: as long as a network does not know the motifs, pairs
# say nothing to it, and as long as it does not know the pairs, motifs say nothing. We help: the
# first layer comes from a network of the {term}`zoo`, which was trained on these motifs, and stays as
# it is. The layers behind it see some hundred nucleotides at once, start at random, and are trained
# on the rule. As a control we take the networks of the zoo themselves, on the sequences of `pairing`. The
# table calls them `before`: they were not yet taught anything about pairs.

# %%
networks = tables["networks"].set_index("id")
above = networks["bits_low"] > networks["null"]
networks["clear"] = above & (networks["p_value"] <= 0.05)
flat = networks[~networks["distance"]]
far = networks[networks["distance"]]
table = pd.DataFrame(
    {
        "AUROC": flat["auroc"],
        "final score": flat["consistency_frequency"],
        "D": flat["bits"],
        "clear": flat["clear"],
        "D, distance": far["bits"],
        "clear, distance": far["clear"],
    }
)


def yes(clear):
    return {True: "yes", False: "no"}.get(clear, "–")


table.rename_axis("network").style.format(precision=3, na_rep="–").format(
    yes, subset=["clear", "clear, distance"]
)

# %% [markdown]
# First look at {term}`AUROC`: a network that has not learnt its rule cannot show it. Guessing gives
# 0.5, and `presence` cannot exceed 7/8, because half of its sequences are labelled by a coin. We say
# that a network learnt a rule of pairs or of distance when it reaches 0.9, and read its divergence
# with distance for `spacing`, without it for the others:

# %%
of_pairs = flat[flat["rule"].isin(["pairing", "and"])]
ruled = pd.concat([of_pairs, far[far["rule"] == "spacing"]])
learnt = ruled[ruled["auroc"] >= 0.9]
columns = {
    "auroc": "AUROC",
    "bits": "D (bits)",
    "bits_low": "from",
    "null": "mean of the null",
    "clear": "clear of it",
}
learnt[list(columns)].rename(columns=columns).rename_axis(
    "network"
).style.format(precision=3).format(yes, subset=["clear of it"])

# %% tags=["remove-output"]
fig, axes = plt.subplots(1, 2, figsize=(figures.WIDTH, 3.6), sharey=True)
for ax, part in zip(axes, (flat, far)):
    ends = part["bits_low"], part["bits_high"]
    figures.interval(ax, part["bits"], *ends, part.index)
    height = np.arange(len(part))[::-1]
    ax.plot(
        part["null"], height, "|", color=figures.RED, ms=10, label="null"
    )
    ax.set_xlabel("D (bits)")
axes[0].set_title("pairs of names")
axes[1].set_title("names and distance")
axes[0].legend()
figures.show("fig_taught")

# %% tags=["remove-cell"]
report("pr_networks", len(flat), "d")
report("pr_taught", int((flat["epochs"] > 0).sum()), "d")
report("pr_mapped", int(flat["n"].min()), ",d")
report("pr_ruled", len(ruled), "d")
report("pr_learnt", len(learnt), "d")
report("pr_clear", int(learnt["clear"].sum()), "d")
report("pr_learnt_min", learnt["bits"].min(), ".2f")
nothing = ruled[ruled["auroc"] <= 0.55]
report("pr_nothing_max", nothing["bits"].max(), ".3f")
control = flat["rule"].isin(["presence", "before"])
report("pr_controls_max", flat.loc[control, "bits"].max(), ".3f")
apart = far[control]
report("pr_apart", len(apart), "d")
report("pr_apart_clear", int(apart["clear"].sum()), "d")
report("pr_apart_max", apart["bits"].max(), ".2f")
exp = ruled[ruled["activation"] == "exp"].set_index("rule")
report("pr_exp_spacing", exp.loc["spacing", "bits"], ".3f")
exp = flat[flat["activation"] == "exp"].set_index("rule")
for rule in ("before", "pairing"):
    one = exp.loc[rule]
    report(f"pr_exp_{rule}", one["bits"], ".3f")
    report(f"pr_exp_{rule}_final", one["consistency_frequency"], ".2f")

# %% [markdown]
# ```{glue:figure} fig_taught
# :name: fig-taught
# :alt: Divergence of pairs of ten networks with intervals, left for pairs of names, right with distance, and the mean of the null of each as a red tick.
#
# Divergence of pairs of {glue:text}`pr_networks` networks, of which {glue:text}`pr_taught` were taught
# a rule, one initialisation each, from {glue:text}`pr_mapped` or more test sequences. Bars: 95 %
# jackknife intervals over sequences; they do not say how much another initialisation would differ.
# Red: mean of the null. A network without a point has too few pairs.
# ```
#
# Of the {glue:text}`pr_ruled` networks that were taught a rule of pairs or of distance,
# {glue:text}`pr_learnt` learnt it. All of these have the exponential first layer; of ReLU we know
# nothing here.

# %% tags=["remove-input"]
expect(
    "all networks that learnt their rule have the exponential first layer",
    set(learnt["activation"]) == {"exp"},
)

# %% [markdown]
# **The divergence is large where a rule was learnt.** The networks that learnt theirs have
# {glue:text}`pr_learnt_min` bits or more, and {glue:text}`pr_clear` of {glue:text}`pr_learnt` are clear of their null.
# The two that guess, taught `pairing` and `and` with a ReLU, have at most {glue:text}`pr_nothing_max` and,
# without distance, the controls `presence` and `before` at most {glue:text}`pr_controls_max`. One network is
# in between: with a ReLU, `spacing` was learnt in part, too little to count by our line of accuracy, and its
# divergence with distance is clear of its null and less than half of that of the network that learnt it.

# %% tags=["remove-input"]
expect(
    "without distance no control is clear of its null",
    not flat.loc[control, "clear"].any(),
)
expect(
    "with distance it is the untaught networks that are clear",
    set(apart.loc[apart["clear"], "rule"]) == {"before"},
)

# %% [markdown]
# **With distance the test alone proves nothing.** {glue:text}`pr_apart_clear` of the
# {glue:text}`pr_apart` controls are clear of their null with distance, too: both networks of the zoo,
# `before` they were taught anything. Close motifs can change
# each other's attribution without any rule, for example because one filter sees both. What speaks for
# `spacing` is therefore the size: {glue:text}`pr_exp_spacing` bits, against at most
# {glue:text}`pr_apart_max` among the controls.
#
# **Single words say something else.** On the same sequences the network of the zoo with the
# exponential first layer has a final score of {glue:text}`pr_exp_before_final`, and the network that
# learnt `pairing` has {glue:text}`pr_exp_pairing_final`: less, though it knows more. The divergence of
# pairs rises from {glue:text}`pr_exp_before` to {glue:text}`pr_exp_pairing` bits. These are two
# networks, an example and no test.

# %% tags=["remove-input"]
expect(
    "the final score falls and the divergence of pairs rises",
    exp["consistency_frequency"]["before"]
    > exp["consistency_frequency"]["pairing"]
    and exp["bits"]["before"] < exp["bits"]["pairing"],
)

# %% [markdown]
# ```{admonition} Key points
# :class: note
# - A score of single k-mers cannot see a rule about pairs when each word receives the same with the
#   rule and without it.
# - The divergence of pairs asks whether the attribution of two motifs depends on each other.
# - {glue:text}`pr_clear` of {glue:text}`pr_learnt` networks that learnt a rule are clear of their null.
# - But with distance so are {glue:text}`pr_apart_clear` of {glue:text}`pr_apart` controls, which know
#   no such rule: compare the sizes.
# - Maps of both classes are needed.
# ```
#
# ## Limits
#
# Everything here is simulated, with four motifs that we know and two of them in each sequence. It was never
# tried on real DNA, whose sequences hold more motifs, and rarer pairs. The networks had help, and what we say
# of them rests on {glue:text}`pr_learnt`, with one initialisation each.
#
# A gradient sees small changes of a base. A network whose answer is saturated may know a rule that
# its gradients do not show. A motif whose sites differ much breaks into many names, and rare names
# are left out. With few sequences so few kinds of pair may be left that single words explain all of
# them: then $D$ is zero, whatever the rule. The first exercise shows it. And $D$ does not see rules
# about order, or of three motifs. Above all, it measures dependence, not correctness.
#
# ## Exercises
#
# Work on them in the {doc}`student notebook <exercises/08_interactions>`
# (<a href="../exercises/08_interactions.ipynb" download>download</a>; `make lab` copies all of them into
# `my_exercises`). It checks your answers and, when one is wrong, says why.
#
# 1. ★ *Change a parameter.* How does the divergence of pairs depend on the number of sequences, and
#    what does a zero mean?
# 2. ★★ *Write a few lines.* Fit by hand what single tokens explain, for a network that was taught a
#    rule of pairs and for one that was taught a rule of single motifs.
# 3. ★★★ *Extend the method.* Make the divergence see a rule about order.
#
# ## Where next
#
# To compare pairs of your own networks, call `find_tokens` and `pair_divergence` on their maps of
# both classes, beside a control. How to run this chapter with other parameters is described in
# {doc}`../book/how_to_rerun`.
#
# ## With another parameter
#
# The first command runs this chapter alone and opens its page; the second does the same with plain papermill:
#
# ```
# .venv/bin/python -m compendium chapter 08_interactions noise=0.3
# .venv/bin/papermill results/default/notebooks/08_interactions.ipynb \
#   again.ipynb -p noise 0.3
# ```
