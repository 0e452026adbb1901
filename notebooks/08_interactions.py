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
# The score of this book reads a map as a bag of words: how much each word receives, whatever stands
# beside it. Proteins do not work alone: a {term}`motif` may count only beside a certain partner, or
# only at a certain distance. The paper names this as its limit: it treats motifs as standing alone,
# and leaves their interactions to future work {cite:p}`chen2025`. **Can attribution maps tell us
# that a network has learnt a rule about pairs of motifs, where a score of single words cannot?** We
# build a second number for pairs, try it on maps whose rule we chose, and then on networks that
# were taught such rules.
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
# - read a divergence of pairs beside its null and its interval;
# - say when the number must be refused, and what it does not show.
# ```
#
# *You need:* chapters 1 and 3. *Reading time:* 15 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are shown
n_sequences: int = 2000  # sequences of each made-up set of maps
noise: float = 0.1  # standard deviation of the noise of made-up maps
draws: int = 99  # permutations of the null
activation: str = "exp"  # networks whose pairs are drawn: exp or relu
seed: int = 0  # seeds sequences, noise and permutations

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution_consistency import motifs
from attribution_consistency.divergence import kmer_klds, thresholded_kld
from compendium import kmer_words
from compendium.chapters import interactions, load_tables, tell_origin
from compendium.chapters.interactions_metric import (
    find_tokens,
    pair_divergence,
)
from compendium.page import figures
from compendium.page.claims import report

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
# Under the first three rules each motif is **equally frequent in both classes**: counting single
# words over a class says nothing about it. Under `pairing` and `and`, every motif speaks for the
# class beside one partner and against it beside another; such a rule is an {term}`exclusive or`.
# Under `presence` every motif counts by itself, so this rule is our counter-example.
#
# Which share of the motifs in either class is each of the four? For `pairing`, where every sequence
# has two:

# %%
first = interactions.simulate("pairing", n_sequences, seed=seed)
positive = first["y"][:, 0] > 0.5
share = pd.DataFrame(
    {
        "positive": [
            (first["motif"][positive] == m).mean() for m in "ABCD"
        ],
        "negative": [
            (first["motif"][~positive] == m).mean() for m in "ABCD"
        ],
    },
    index=list("ABCD"),
)
share.style.format("{:.1%}")

# %% tags=["remove-cell"]
names = {m.matrix_id: m.name.upper() for m in motifs.load_motifs()}
letters = {k: names[v] for k, v in interactions.MOTIFS.items()}
for letter, name in letters.items():
    report(f"pr_motif_{letter}", name)
report("pr_length", first["codes"].shape[1], "d")
report("pr_made", n_sequences, ",d")
for side, span in (("near", interactions.NEAR), ("far", interactions.FAR)):
    report(f"pr_{side}", f"{span[0]} to {span[1]}")
report("pr_noise", noise, "g")

# %% [markdown]
# A is {glue:text}`pr_motif_A`, B {glue:text}`pr_motif_B`, C {glue:text}`pr_motif_C` and D
# {glue:text}`pr_motif_D`. Sequences have {glue:text}`pr_length` nucleotides. Starts that are
# {glue:text}`pr_near` nucleotides apart are *near*, {glue:text}`pr_far` are *far*; under the other
# rules any distance from the smallest to the largest of these may occur.
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
# they would allow. Sequences of **both** classes go in. With positive ones alone, the forbidden
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
# tokens of one name, so that each name keeps its scores and who stood with whom is lost. The
# interval is a {term}`jackknife` over sequences.
#
# The exchange also takes away whatever all tokens of one sequence share, for instance how sure the
# network is of it. So a {term}`p-value` alone can come out far too small or too large. We call a
# divergence *clear of its null* only if p is 0.05 or less and the whole interval lies above the
# mean of the null.
#
# ## Maps whose rule we know
#
# What would the map of a network look like that follows its rule exactly? We let the base that is
# there score 1 under every motif that takes part in making the sequence positive and 0 elsewhere,
# and add noise (standard deviation {glue:text}`pr_noise`). We make such maps for each rule. A fifth
# set, `chance`, is the {term}`control`: the sequences of `pairing`, of which as many are
# highlighted, but at random.

# %%
rows, divergences = [], {}
for rule in [*interactions.GRAMMARS, "chance"]:
    grammar = "pairing" if rule == "chance" else rule
    data = interactions.simulate(grammar, n_sequences, seed=seed)
    part = data["takes_part"]
    if rule == "chance":
        part = np.random.default_rng(seed).permutation(part)
    x, a = interactions.made_map(data, part, noise, seed)
    tokens = find_tokens(x, a)
    row = {"rule": rule}
    for label, edges in (("D", ()), ("D, distance", interactions.EDGES)):
        found = pair_divergence(
            tokens, edges=edges, n_draws=draws, seed=seed
        )
        row |= {label: found.bits, f"{label}, null": found.null.mean()}
        divergences[rule, label] = found, tokens
    row["KLD, instance"] = kmer_klds(x, a, [6], reading="instance")[0]
    row["KLD, frequency"] = kmer_klds(x, a, [6])[0]
    row["original"] = thresholded_kld(x, a)
    rows.append(row)
made = pd.DataFrame(rows).set_index("rule")
made.style.format(precision=3)

# %% tags=["remove-cell"]
for rule, row in made.iterrows():
    report(f"pr_made_{rule}", row["D"], ".3f")
    report(f"pr_made_{rule}_distance", row["D, distance"], ".3f")
    report(f"pr_made_{rule}_null", row["D, null"], ".3f")
    report(f"pr_made_{rule}_kld", row["KLD, instance"], ".3f")
    report(f"pr_made_{rule}_original", row["original"], ".2f")
ratio = (
    made.loc["pairing", "KLD, instance"]
    / made.loc["chance", "KLD, instance"]
)
report("pr_made_kld_ratio", ratio, ".2f")
report("pr_draws", draws, "d")
tokens = divergences["pairing", "D"][1]
report("pr_made_tokens", len(tokens.start), ",d")
report("pr_made_cells", len(divergences["pairing", "D"][0].p), "d")

# %% tags=["remove-output", "hide-input"]
shown = [
    (rule, label) for rule in made.index for label in ("D", "D, distance")
]
found = [divergences[key][0] for key in shown]
fig, ax = plt.subplots(figsize=(figures.WIDTH, 3.6))
figures.interval(
    ax,
    [f.bits for f in found],
    [f.low for f in found],
    [f.high for f in found],
    [
        f"{rule}, distance" if "," in label else rule
        for rule, label in shown
    ],
)
height = np.arange(len(found))[::-1]
ax.scatter(
    [f.null.max() for f in found],
    height,
    marker="|",
    s=90,
    color=figures.RED,
    label="largest of the null",
)
ax.set(xlabel="divergence of pairs D (bits)")
ax.legend()
figures.show("fig_made_pairs")

# %% [markdown]
# ```{glue:figure} fig_made_pairs
# :name: fig-made-pairs
# :alt: Divergence of pairs of five sets of made-up maps, without and with distance, with intervals. Pairing and and lie far above zero, spacing only when distance is used, presence and chance lie at zero; a red tick at each row marks the largest value of the null.
#
# Divergence of pairs of made-up maps of {glue:text}`pr_made` sequences each, one seed. Bars: 95 %
# jackknife intervals over sequences. Red: the largest of {glue:text}`pr_draws` permutations.
# ```
#
# `pairing` has {glue:text}`pr_made_pairing` bits and `and` {glue:text}`pr_made_and`, against
# {glue:text}`pr_made_presence` for `presence` and {glue:text}`pr_made_chance` for `chance`.
# `spacing` has {glue:text}`pr_made_spacing` without distance and
# {glue:text}`pr_made_spacing_distance` with it. Compare each number with its own null, not with the
# other: cut by distance, more kinds of pairs are rare and left out, so that $D$ can fall.
#
# Now compare `pairing` with `chance` in the table. These maps lie on the same sequences, and give
# each motif the same on average. Their KLDs are {glue:text}`pr_made_pairing_kld` and
# {glue:text}`pr_made_chance_kld` nats at k = 6, a ratio of {glue:text}`pr_made_kld_ratio`; the
# original metric gives {glue:text}`pr_made_pairing_original` and
# {glue:text}`pr_made_chance_original`. A score of single words **cannot** tell a rule from a coin
# flip here, but for chance. No tuning would help: it adds up what each word receives, and both maps
# are made to give each word the same.
#
# ## What the pairs received
#
# Words that fit the same motif can be added up, to see the rule itself. {numref}`fig-made-cells`
# sets the attribution $J$ of each pair of motifs beside $R$, what single tokens would give it, and
# beside $P$, how often it occurs.


# %% tags=["hide-input"]
oriented = [
    m
    for m in motifs.load_motifs()
    if m.matrix_id in interactions.MOTIFS.values()
]
letter_of = {matrix: k for k, matrix in interactions.MOTIFS.items()}


def by_motif(cells):
    """Shares p, j and r of pairs of motifs, from those of pairs of words."""
    words = pd.unique(cells[["one", "two"]].to_numpy().ravel())
    motif = {
        w: letter_of[kmer_words.name_kmer(w, oriented)[0].matrix_id]
        for w in words
    }
    pair = [
        "".join(sorted((motif[a], motif[b])))
        for a, b in zip(cells["one"], cells["two"])
    ]
    if cells["distance"].any():
        pair = [
            f"{p} {'far' if far else 'near'}"
            for p, far in zip(pair, cells["far"])
        ]
    summed = cells[["p", "j", "r"]].groupby(np.array(pair)).sum()
    return summed[summed["p"] > 0.02]


def draw_pairs(ax, cells):
    """Bars: attribution of each pair of motifs beside its two rivals."""
    summed = by_motif(cells)
    at = np.arange(len(summed))
    for i, (column, label, colour) in enumerate(
        (
            ("p", "share of the pairs P", figures.GREY),
            ("r", "single tokens R", figures.BLUE),
            ("j", "attribution J", figures.ORANGE),
        )
    ):
        ax.bar(
            at + 0.27 * (i - 1),
            summed[column],
            0.27,
            color=colour,
            label=label,
        )
    ax.set_xticks(
        at,
        summed.index.str.replace(" ", "\n"),
        rotation=0 if len(at) < 7 else 90,
    )


# %% tags=["remove-output", "hide-input"]
examples = (
    ("pairing", "D"),
    ("and", "D"),
    ("spacing", "D, distance"),
    ("presence", "D"),
)
fig, axes = plt.subplots(
    1, 4, figsize=(figures.WIDTH * 1.25, 2.9), sharey=True
)
for ax, (rule, label) in zip(axes, examples):
    result, tokens = divergences[rule, label]
    cells = interactions.cell_table(tokens, result)
    draw_pairs(ax, cells.assign(distance="," in label))
    ax.set_title(f"{rule}: {result.bits:.2f} bits", fontsize="small")
axes[0].set_ylabel("share")
figures.legend_below(fig, 3)
figures.show("fig_made_cells")

# %% [markdown]
# ```{glue:figure} fig_made_cells
# :name: fig-made-cells
# :alt: Four bar charts of the shares of pairs of motifs. Under pairing the pairs AB and CD hold nearly all attribution while single tokens would spread it over four pairs; under and AB holds it; under spacing the near pair does; under presence attribution and single tokens agree.
#
# Share of the pairs, of what single tokens would explain, and of the attribution, for made-up maps
# of {glue:text}`pr_made` sequences each. Pairs with less than 2 % of all pairs are not drawn.
# ```
#
# ## Networks that were taught a rule
#
# Made-up maps follow their rule. Networks may not. So we train networks on the rules: one for each
# rule and {term}`activation <activation function>` of the first layer.
#
# Such a rule is hard to learn from nothing: as long as a network does not know the motifs, pairs
# say nothing to it, and as long as it does not know the pairs, motifs say nothing. We help: the
# first layer comes from a network of the {term}`zoo`, which was trained on these motifs
# ({glue:text}`pr_exp_start`, {glue:text}`pr_relu_start`), and stays as it is. The layers behind it
# see some hundred nucleotides at once, start at random, and are trained on the rule. As a control
# we take the networks of the zoo themselves, *before* they are taught anything about pairs, on the
# sequences of `pairing`.

# %%
networks = tables["networks"].set_index(["id", "distance"])
flat, spaced = (networks.xs(d, level="distance") for d in (False, True))
columns = {
    "auroc": "AUROC",
    "bits": "D",
    "bits_low": "low",
    "bits_high": "high",
    "null": "null",
    "p_value": "p",
    "kld_instance_k6": "KLD, instance",
    "kld_frequency_k6": "KLD, frequency",
    "kld_original": "original",
    "consistency_frequency": "final",
}
table = flat[list(columns)].rename(columns=columns)
table.insert(2, "D, distance", spaced["bits"])
table.style.format(precision=3, na_rep="–").format(
    precision=2, subset=["p"]
)

# %% tags=["remove-cell"]
report("pr_networks", len(flat), "d")
for activation, network in interactions.START.items():
    report(f"pr_{activation}_start", network)
report("pr_taught", int((flat["epochs"] > 0).sum()), "d")
report("pr_epochs", int(flat["epochs"].max()), "d")
report("pr_mapped", int(flat["n"].min()), ",d")
refused = networks["reason"].notna().sum()
report("pr_refused", int(refused), "d")

for (name, part), (_, with_distance) in zip(
    flat.iterrows(), spaced.iterrows()
):
    key = f"pr_{part['activation']}_{part['rule']}"
    used = with_distance if part["rule"] == "spacing" else part
    report(key, used["bits"], ".3f")
    report(f"{key}_auroc", part["auroc"], ".2f")
    report(f"{key}_final", part["consistency_frequency"], ".3f")
    report(f"{key}_original", part["kld_original"], ".2f")
report("pr_exp_spacing_flat", flat.loc["spacing-exp-00", "bits"], ".3f")

# %% [markdown]
# The table shows {glue:text}`pr_networks` networks, of which {glue:text}`pr_taught` were taught a
# rule, for {glue:text}`pr_epochs` epochs, one initialisation each. All numbers are from their
# maps of {glue:text}`pr_mapped` or more test sequences of both classes. A dash is a refusal: fewer
# than two kinds of pairs were left, or no attribution. That happened {glue:text}`pr_refused` times
# among twice {glue:text}`pr_networks` tries.
#
# First look at {term}`AUROC`: a network that has not learnt its rule cannot show it. Guessing gives
# 0.5. With an exponential first layer the networks taught `pairing` reach
# {glue:text}`pr_exp_pairing_auroc`, `and` {glue:text}`pr_exp_and_auroc` and `spacing`
# {glue:text}`pr_exp_spacing_auroc`. `presence` cannot exceed 7/8, because half of its sequences are
# labelled by a coin; there it is {glue:text}`pr_exp_presence_auroc`. With a ReLU first layer it is
# {glue:text}`pr_relu_pairing_auroc`, {glue:text}`pr_relu_and_auroc`,
# {glue:text}`pr_relu_spacing_auroc` and {glue:text}`pr_relu_presence_auroc`, in the same order.
# *Before* they are taught, the networks of the zoo have {glue:text}`pr_exp_before_auroc` and
# {glue:text}`pr_relu_before_auroc` on `pairing`.

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(
    1, 2, figsize=(figures.WIDTH * 1.2, 3.6), sharey=True
)
for ax, part, title in zip(
    axes, (flat, spaced), ("pairs of names", "names and distance")
):
    figures.interval(
        ax,
        part["bits"],
        part["bits_low"],
        part["bits_high"],
        [i.removesuffix("-00") for i in part.index],
    )
    ax.scatter(
        part["null"],
        np.arange(len(part))[::-1],
        marker="|",
        s=90,
        color=figures.RED,
        label="mean of the null",
    )
    ax.set(xlabel="D (bits)")
    ax.set_title(title, fontsize="small")
axes[0].legend(fontsize=8)
figures.show("fig_taught")

# %% [markdown]
# ```{glue:figure} fig_taught
# :name: fig-taught
# :alt: Divergence of pairs of ten networks with intervals, left for pairs of names, right with distance, and the mean of the null of each as a red tick.
#
# Divergence of pairs of {glue:text}`pr_networks` networks (one seed each), from
# {glue:text}`pr_mapped` or more test sequences. Bars: 95 % jackknife intervals over sequences; they
# do not say how much another initialisation would differ.
# ```

# %% tags=["remove-cell"]
LEARNT, NOTHING = 0.9, 0.55  # AUROC from which, and up to which
ruled = pd.concat(
    [
        flat[flat["rule"].isin(["pairing", "and"])],
        spaced[spaced["rule"] == "spacing"],
    ]
)
learnt = ruled[ruled["auroc"] >= LEARNT]
nothing = ruled[ruled["auroc"] <= NOTHING]
partly = ruled.drop([*learnt.index, *nothing.index])


def is_clear(part):
    """Whether each divergence is clear of its null."""
    return (part["bits_low"] > part["null"]) & (part["p_value"] <= 0.05)


clear = learnt[is_clear(learnt)]


def listed(part):
    """Names of networks, as text."""
    return ", ".join(i.removesuffix("-00") for i in part.index) or "none"


report("pr_auroc_learnt", LEARNT, "g")
report("pr_auroc_nothing", NOTHING, "g")
report("pr_ruled", len(ruled), "d")
report("pr_learnt", len(learnt), "d")
report("pr_clear", len(clear), "d")
report("pr_learnt_min", learnt["bits"].min(), ".2f")
report("pr_learnt_max", learnt["bits"].max(), ".2f")
report("pr_nothing", listed(nothing))
report("pr_nothing_max", nothing["bits"].max(), ".3f")
report("pr_partly", listed(partly))
report("pr_partly_max", partly["bits"].max(), ".2f")
controls = ["presence", "before"]
report(
    "pr_controls_max",
    flat[flat["rule"].isin(controls)]["bits"].max(),
    ".3f",
)
apart = spaced[spaced["rule"].isin(controls)]
report("pr_apart_max", apart["bits"].max(), ".2f")
report("pr_apart_p", int((apart["p_value"] <= 0.05).sum()), "d")
report("pr_apart_clear", int(is_clear(apart).sum()), "d")
kinds_learnt = sorted(
    set(learnt["activation"].map(figures.ACTIVATION_NAMES))
)
report(
    "pr_learnt_layers",
    f"all with first layer {kinds_learnt[0]}"
    if len(kinds_learnt) == 1
    else f"with first layers {' and '.join(kinds_learnt)}"
    if kinds_learnt
    else "none",
)
report(
    "pr_other_layers",
    f"All have the first layer {kinds_learnt[0]}; of the other one we know nothing."
    if len(kinds_learnt) == 1
    else "",
)
report("pr_apart", len(apart), "d")

# %% [markdown]
# Of the {glue:text}`pr_ruled` networks that were taught a rule of pairs or of
# distance, {glue:text}`pr_learnt` learnt it: we ask for an AUROC of {glue:text}`pr_auroc_learnt` or
# more. Their divergences, with distance for `spacing`, run from {glue:text}`pr_learnt_min` to
# {glue:text}`pr_learnt_max` bits. {glue:text}`pr_clear` of them are clear of their null. Networks
# with an AUROC up to {glue:text}`pr_auroc_nothing` learnt nothing ({glue:text}`pr_nothing`); the
# largest divergence among them is {glue:text}`pr_nothing_max`. In between, the rule was learnt in
# part ({glue:text}`pr_partly`); the largest is {glue:text}`pr_partly_max`. Without distance, the
# largest among the controls `presence` and *before* is {glue:text}`pr_controls_max`.
#
# What does the score of single words say about the same maps? The network of the zoo with an
# exponential first layer, *before* it knew of any pairs, has a final score of
# {glue:text}`pr_exp_before_final`; the network that learnt `pairing` has
# {glue:text}`pr_exp_pairing_final`, on the same sequences. The original metric gives
# {glue:text}`pr_exp_before_original` and {glue:text}`pr_exp_pairing_original`, the divergence of
# pairs {glue:text}`pr_exp_before` and {glue:text}`pr_exp_pairing` bits. A number that follows
# whether a network knows the rule must rise from the first to the second. These are two networks,
# an example and no test.
#
# **With distance, read the controls first.** Of {glue:text}`pr_apart` controls, which were taught
# no rule of distance, {glue:text}`pr_apart_clear` are clear of their null with distance
# ({glue:text}`pr_apart_p` have a p-value of 0.05 or less); the largest divergence among the
# controls is {glue:text}`pr_apart_max` bits. In a network, close
# motifs can change each other's attribution without any rule, for example because one filter sees
# both. A small divergence with a small p-value is therefore not yet a rule. Compare
# it with a network that cannot know one.

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(
    1, 4, figsize=(figures.WIDTH * 1.25, 2.9), sharey=True
)
for ax, rule in zip(axes, ("pairing", "and", "spacing", "before")):
    cells = tables["cells"]
    own = cells[cells["id"].str.startswith(f"{rule}-{activation}-")]
    own = own[own["distance"] == (rule == "spacing")]
    if len(own):
        draw_pairs(ax, own)
    ax.set_title(rule, fontsize="small")
axes[0].set_ylabel("share")
figures.legend_below(fig, 3)
figures.show("fig_taught_cells")
report("pr_activation", figures.ACTIVATION_NAMES[activation])

# %% [markdown]
# ```{glue:figure} fig_taught_cells
# :name: fig-taught-cells
# :alt: Four bar charts of the shares of pairs of motifs for networks taught pairing, and, and spacing, and for the network of the zoo before; bars for all pairs, for what single tokens would explain and for the attribution.
#
# Pairs of motifs as in {numref}`fig-made-cells`, for three networks that were taught a rule and the
# network of the zoo before (`pairing` sequences), first layer {glue:text}`pr_activation`,
# one network each, {glue:text}`pr_mapped` or more test sequences.
# ```
#
# ```{admonition} Key points
# :class: note
# - A score of single k-mers cannot see a rule about pairs when each word receives the same with the
#   rule and without it: on two such sets of made-up maps the KLDs differ by a factor of
#   {glue:text}`pr_made_kld_ratio`.
# - The divergence of pairs asks whether the attribution of two motifs depends on each other. On
#   made-up maps it is {glue:text}`pr_made_pairing` bits with the rule and
#   {glue:text}`pr_made_chance` without.
# - {glue:text}`pr_clear` of {glue:text}`pr_learnt` networks that learnt a rule of pairs or distance
#   ({glue:text}`pr_learnt_layers`) are clear of their null; the least of the {glue:text}`pr_learnt`
#   has {glue:text}`pr_learnt_min` bits.
# - Maps of both classes are needed, and a control that cannot know the rule.
# ```
#
# ## Limits
#
# Everything here is simulated, with four motifs that we know and two of them in each sequence. Real
# sequences hold more, and pairs of them are rarer: whether twenty of a kind are ever found is open.
# The networks had help, a first layer that was trained on the motifs, and not all learnt their rule
# even so: what we say of networks rests on {glue:text}`pr_learnt` of them, with one initialisation
# each. {glue:text}`pr_other_layers` The intervals speak of sequences, not of initialisations.
#
# A gradient sees small changes of a base. A network whose answer is saturated may know a rule that
# its gradients do not show. The divergence needs words that repeat: a motif whose sites differ
# much breaks into many names, and rare names are left out. It does not say *which* rule holds, nor
# how strong it is for the prediction; for that, look at the pairs. And it does not see rules about
# order, or of three motifs. Above all, it measures dependence, not correctness.
#
# Zero does not mean that there is no rule. With fewer sequences so few kinds of pair may be left
# that what single words explain fits all of them, and the divergence is zero with an interval of
# zero width. The first exercise shows it.
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
