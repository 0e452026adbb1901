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
# # Networks that we did not train
#
# The {term}`length weights` were learnt on our own zoo, and we judged them on our own zoo. Whoever
# trains the networks, chooses the {term}`regularisation` and sets the length of the training can
# make a score look good without meaning to. **Does the score also follow the truth in networks that
# others trained, with weights that have never seen them?** A group that works on the same synthetic
# task has published its networks. We score those at hand with the weights of our zoo, and compare.
#
# The networks were not new to us: an early form of both metrics had been tried on them when this
# book was planned. So the chapter repeats a look, on the metrics as they now are.
#
# ```{admonition} The answer
# :class: important
# Yes. Inside one kind of network, where only the start differs, the score follows the truth at
# {glue:text}`i_within_snr_final`. Pooled it does better, and that says less: the kind alone reaches
# {glue:text}`i_kind_alone`.
# ```
#
# ```{admonition} After this chapter you can
# :class: tip
# - carry weights learnt on one set of networks over to another;
# - compare many scores with several truths in one table, with intervals;
# - tell a correlation *between* architectures from one *inside* them.
# ```
#
# *You need:* the first four chapters. *Reading time:* 12 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are shown
reading: str = "frequency"  # frequency, instance or per_sequence
draws: int = 1000  # bootstrap samples of networks
seed: int = 0  # seeds the bootstrap

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution_consistency.rounding import descending
from compendium import paths, rivals
from compendium.chapters import load_tables, tell_origin
from compendium.page import explorer, figures
from compendium.page.claims import decimals, expect, report
from compendium.stats import Estimate, spearman
from compendium.zoo import recipes

figures.style()

# %% tags=["remove-input"] mystnb={"markdown_format": "myst"}
scores, origin = paths.load_scores(run, "koo")
tell_origin("published", origin)

# %% [markdown]
# ## Whose networks, and what is independent
#
# Majdandzic and colleagues {cite:p}`majdandzic2023` trained networks for a study of gradient
# correction and published the weights: {glue:text}`i_published` networks, fifty initialisations of
# each of four *kinds*. The *deep* network is the one of our zoo with shorter first filters (11
# instead of 19 bases). The *shallow* one has two convolutions; after the first it keeps only the
# maximum of every 50 positions, so its first filters must recognise whole motifs
# {cite:p}`koo2021`. The first layer of each is ReLU or exponential, its
# {term}`activation function`, and all have {term}`batch norm <batch normalisation>`. Their last
# layer is a sigmoid; we leave it out, so that a gradient explains the {term}`logit`, as in our zoo.
#
# Four things are independent of us: who trained the networks, how, on which draw of sequences, and
# one of the two architectures. Three are not: the task is the same, so are its motifs, and the
# {glue:text}`i_sequences` positive test sequences on which we map and score are those on which we
# mapped our zoo. So this chapter asks whether the score carries over to other *networks*. It does
# not ask whether it carries over to other data.
#
# ```{margin} For readers new to biology
# Think of a second laboratory that repeats an experiment on the same cells. If it finds the same,
# the method is sound in other hands. What happens in other cells, where other proteins bind, it
# does not say.
# ```

# %%
NAMES = {
    ("deep", "relu"): "deep, ReLU",
    ("deep", "exp"): "deep, exponential",
    ("shallow", "relu"): "shallow, ReLU",
    ("shallow", "exp"): "shallow, exponential",
}
table = scores[scores["status"] == "ok"].reset_index(drop=True)
kinds = zip(table["architecture"], table["activation"])
table["kind"] = [NAMES[kind] for kind in kinds]
present = [name for name in NAMES.values() if (table["kind"] == name).any()]
columns = {
    "auroc": "AUROC",
    "snr": "SNR",
    "snr_absolute": "absolute SNR",
    "motif_aupr": "motif AUPR",
}
by_kind = table.groupby("kind")
overview = by_kind[list(columns)].median().rename(columns=columns)
overview.insert(0, "networks", by_kind.size())
overview = overview.loc[present]
overview.rename_axis("median of").style.format(
    "{:.2f}", subset=list(columns.values())
)

# %% tags=["remove-cell"]
report("i_published", len(recipes.published_ids()), "d")
report("i_networks", len(table), "d")
inits = (
    table.groupby("kind")["init"]
    .agg(["min", "max", "size"])
    .drop_duplicates()
)
report(
    "i_inits",
    f"numbers {inits['min'].iloc[0]:d} to {inits['max'].iloc[0]:d} of each kind"
    if len(inits) == 1
    and inits["size"].iloc[0]
    == 1 + inits["max"].iloc[0] - inits["min"].iloc[0]
    else "not the same number of every kind",
)
report(
    "i_this_run",
    "This run scores" if origin == "run" else "Our last full run scored",
)
report("i_diverged", int((scores["status"] != "ok").sum()), "d")
report("i_kinds", len(present), "d")
report("i_sequences", int(table["n"].iloc[0]), ",d")
for group in ("deep", "shallow"):
    rows = table[table["architecture"] == group]
    report(f"i_auroc_{group}", rows["auroc"].median(), ".3f")
report("i_auroc_min", table["auroc"].min(), ".2f")
report("i_auroc_max", table["auroc"].max(), ".2f")

# %% [markdown]
# {glue:text}`i_this_run` {glue:text}`i_networks` of them, {glue:text}`i_inits`. The
# table gives medians on *our* test sequences. The {term}`AUROC` is also a check of the conversion:
# a weight in the wrong place would ruin it. Deep networks reach a median of
# {glue:text}`i_auroc_deep`, shallow ones {glue:text}`i_auroc_shallow`.
#
# Three truths stand beside each other. *Signed* {term}`SNR <signal-to-noise ratio (SNR)>` is the
# one of the paper: scores inside motifs count with their sign, and noise is the largest positive
# scores outside. *Absolute* SNR drops the signs. The {term}`motif AUPR` asks, in each sequence, how
# well the scores without their signs pick out the motif positions (1 is perfect).
#
# ## Weights from our zoo, unchanged
#
# The {term}`final score` is $\sum_k \text{weight}_k\, \mathrm{KLD}_k$ with the mean weights of the
# fourth chapter. None of these networks had a part in them.
#
# A pooled correlation mixes two questions. Do *kinds* with a higher score have a higher SNR? And inside
# a kind, do *networks* with a higher score have a higher SNR? We ask both. For the second, the mean rank
# of a kind is taken away from the ranks of its networks.

# %%
reproduced, _ = load_tables("reproduction", run)
turned = reproduced["rotated"].drop(columns="population")
turned = turned[turned["id"].isin(table["id"])]
if len(turned) == len(table):  # a run may have stored scores only
    table = table.merge(turned, on="id")
named = rivals.score_columns(table, reading)
inside = {
    "pooled": np.zeros(len(table)),
    "inside a kind": table["kind"].to_numpy(),
}
compared = rivals.compare(
    named,
    {truth: table[column] for truth, column in rivals.TRUTHS.items()},
    inside,
    np.arange(len(table)),
    reference="original",
    draws=draws,
    seed=seed,
)
compared.pivot(
    index="score", columns=["level", "truth"], values="estimate"
).loc[list(named), list(inside)].style.format(precision=2)

# %% tags=["remove-cell"]
at = compared.set_index(["level", "truth", "score"])


def estimate(level, truth, score, prefix=""):
    names = ("difference", "difference_low", "difference_high")
    row = at.loc[(level, truth, score)]
    return Estimate(
        *row[list(names if prefix else ("estimate", "low", "high"))]
    )


for level, short in (("pooled", "all"), ("inside a kind", "within")):
    for truth, t in (
        ("SNR", "snr"),
        ("absolute SNR", "absolute"),
        ("motif AUPR", "aupr"),
    ):
        for score in ("final", "original"):
            report(
                f"i_{short}_{t}_{score}",
                estimate(level, truth, score),
                decimals,
            )
        gap = estimate(level, truth, "final", "difference")
        report(f"i_{short}_{t}_gap", gap, decimals)
    report(f"i_{short}_gini", estimate(level, "SNR", "Gini"), decimals)
    report(
        f"i_{short}_exchanged",
        estimate(level, "SNR", "exchanged maps"),
        decimals,
    )
    report(
        f"i_{short}_accuracy", estimate(level, "SNR", "accuracy"), decimals
    )
means = table.groupby("kind")["snr"].transform("mean").to_numpy()
by_kind_alone = spearman(means, table["snr"], draws=1).value
report("i_kind_alone", by_kind_alone, ".2f")
left_over = table["snr"] - means
between = (
    1
    - (left_over**2).sum()
    / ((table["snr"] - table["snr"].mean()) ** 2).sum()
)
report("i_between_snr", between, ".0%")

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(
    1, 2, figsize=(figures.WIDTH * 1.2, 4.2), sharey=True
)
columns = {"final": f"consistency_{reading}", "original": "kld_original"}
for ax, (name, column) in zip(axes, columns.items()):
    figures.by_architecture(ax, table, column, "snr", f"{name} (nats)", "")
    found = estimate("inside a kind", "SNR", name)
    ax.set_title(f"inside a kind: {found.value:.2f}", fontsize="medium")
figures.snr_axis(axes[0])
axes[0].set_ylabel("SNR")
figures.legend_below(fig)
figures.show("fig_independent")

# %% tags=["remove-input"]
# For readers on a screen: point at a network, see what it is and one of its maps.
ranked = table.iloc[descending(table[columns["final"]])]
explorer.explore(
    "fig-independent",
    fig,
    [
        (ax, ranked[c], ranked["snr"])
        for ax, c in zip(axes, columns.values())
    ],
    pd.DataFrame(
        {
            "kind": ranked["kind"],
            "SNR": ranked["snr"].map("{:.2f}".format),
            "final": ranked[columns["final"]].map("{:.3f}".format),
            "original": ranked["kld_original"].map("{:.3f}".format),
            "AUROC": ranked["auroc"].map("{:.3f}".format),
        }
    ).set_index(ranked["id"]),
    **explorer.stretch(run, "koo", ranked["id"]),
)

# %% [markdown]
# ```{glue:figure} fig_independent
# :name: fig-independent
# :alt: Two scatter plots of signal-to-noise ratio against the final score and against the original metric for published networks. Colour shows the architecture, circles ReLU and triangles exponential first layers. The four kinds form clusters that follow each other up the plot.
#
# SNR of {glue:text}`i_networks` published networks of {glue:text}`i_kinds` kinds on
# {glue:text}`i_sequences` sequences, against the final score with the length weights of our zoo, and
# against the original metric. On a screen, choose a network to see what it is and, where this run made
# its maps, its attribution logo on one test sequence, on its own scale.
# ```
#
# - **Pooled, the score carries over**: {glue:text}`i_all_snr_final` with SNR, against
#   {glue:text}`i_all_snr_original` for the original metric.
# - **But the pool says little.** A number that knows nothing but the *kind* of a network reaches
#   {glue:text}`i_kind_alone`: {glue:text}`i_between_snr` of the variance of SNR lies between the kinds.
# - **Inside a kind**, where a user who has settled on an architecture chooses, the final score keeps
#   {glue:text}`i_within_snr_final` with SNR, {glue:text}`i_within_absolute_final` with absolute SNR and
#   {glue:text}`i_within_aupr_final` with the motif AUPR.
# - **The gap to the original metric** depends on the truth: {glue:text}`i_within_snr_gap` with SNR,
#   {glue:text}`i_within_absolute_gap` with absolute SNR, {glue:text}`i_within_aupr_gap` with the AUPR.
# - **Concentration and accuracy.** The {term}`Gini coefficient` reaches {glue:text}`i_within_gini` inside
#   a kind, accuracy {glue:text}`i_within_accuracy`. {term}`Exchanged maps <exchanged map>`, which know
#   nothing of the bases, reach {glue:text}`i_within_exchanged`: about as much as the original metric,
#   and less than the final score.
#
# Neither score sees whether a motif pushes the output up or down: the final score takes
# |gradient × input|, the original metric the norm of all four entries. Absolute SNR and the motif AUPR
# are made from the same |gradient × input| as the final score, and part of their agreement with it may
# be this shared choice. Signed SNR is the stricter truth.

# %% tags=["remove-input"]
expect(
    "inside a kind the score follows SNR",
    estimate("inside a kind", "SNR", "final").low > 0,
)

# %% [markdown]
# ```{admonition} Key points
# :class: note
# - The score carries over to networks that others trained: inside a kind {glue:text}`i_within_snr_final`
#   with SNR. Single lengths do about as well, so this says little about the weights.
# - The kind alone reaches {glue:text}`i_kind_alone`, so a pooled correlation proves little.
# - Against the original metric inside a kind: {glue:text}`i_within_snr_gap` with SNR.
# ```
#
# ## Limits
#
# Four kinds are few, and each differs from the next in more than one way. All networks have batch norm
# and none was trained with the regularisers of our zoo. The task is the one on which the weights were
# learnt, with the same motifs. The intervals speak of other initialisations of the same four kinds.
# And no network here was made to be consistently *wrong*: the score measures consistency, not
# correctness.
#
# ## Exercises
#
# Work on them in the {doc}`student notebook <exercises/07_independent_networks>`
# (<a href="../exercises/07_independent_networks.ipynb" download>download</a>; `make lab` copies all of them into
# `my_exercises`). It checks your answers and, when one is wrong, says why.
#
# 1. ★ *Change a parameter.* Compare readings and truths inside the kinds. Which choice matters
#    more?
# 2. ★★ *Write a few lines.* Give each network the mean SNR of its kind as its score; then turn SNR
#    around inside each kind. Which pooled correlations are left?
# 3. ★★★ *Extend the method.* What is a correlation worth? Compute how good a network you get when
#    you train a few of one kind and keep the one with the highest score.
#
# ## Where next
#
# All scores so far read a map one word at a time. The next chapter asks what they miss when motifs
# count in pairs. To score networks of your own, use the command `score` ({doc}`../book/api`); to
# run this chapter with other parameters, see {doc}`../book/how_to_rerun`.
