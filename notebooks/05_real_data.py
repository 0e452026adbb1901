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
# # Real DNA, no answer key
#
# On simulated DNA we could hold every explanation against the truth. On real DNA nobody can.
# **Does the score still tell networks apart where there is no answer key?** We take networks
# that predict which stretches of the human genome are open to proteins, score their maps with the
# length weights of the simulated networks, and look.
#
# ```{admonition} After this chapter you can
# :class: tip
# - put real networks beside a baseline that is no network at all;
# - score the maps of networks for which no truth exists, with weights learnt elsewhere;
# - choose pairs and examples by rules that were fixed before looking;
# - recognise a correlation that turns around inside groups.
# ```
#
# *You need:* the first four chapters. *Reading time:* 25 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are shown
k: int = 6  # length of the k-mers in the worked example: 4, 5 or 6
top: int = 10  # enriched k-mers in the table
within: float = 0.02  # networks match within this Pearson r
window: int = 100  # positions drawn, in the middle of a peak
seed: int = 0  # seeds the bootstrap

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution_consistency import motifs
from attribution_consistency.rounding import descending, rounded
from attribution_consistency.uncertainty import paired_difference
from compendium import paths
from compendium.chapters import real_data, tell_origin
from compendium.chapters.real_data_matching import matched_pairs
from compendium.page import explorer, figures
from compendium.page.claims import report
from compendium.stats import spearman
from compendium.tables import configuration

figures.style()

# %% tags=["remove-input"] mystnb={"markdown_format": "myst"}
scores, tables, origin = real_data.load(run)
tell_origin("real_data", origin)

# %% [markdown]
# ## Open chromatin
#
# Most DNA of a cell is wound around proteins and packed away. Most transcription factors reach
# only the stretches that are *accessible*, and these differ from one kind of cell to the next.
# **DNase-seq** finds them: the enzyme DNase I cuts where DNA lies open, and the cut ends, called
# *tags*, are sequenced and counted. A *hotspot* is a stretch that holds clearly more tags than its
# surroundings. GM12878 is a {term}`cell line` of human B cells that the ENCODE project
# {cite:p}`encode2012` has measured with nearly every {term}`assay`.
#
# ```{margin} For readers new to biology
# Nearly all cells of a body hold the same DNA. What makes a nerve cell differ from a liver cell is
# which parts of it are in use, and parts in use lie open. The reference genome comes in versions;
# a coordinate such as chr8:1,000 means something only together with its version, here hg19.
# ```
#
# Our data set holds {glue:text}`g_sequences` windows of {glue:text}`g_length` nucleotides of the
# human genome. Each has two kinds of answer. The *binary* one is whether the window overlaps a
# GM12878 hotspot. The *quantitative* one is the logarithm of the number of tags in it, in GM12878
# and in three other cell lines. Chromosome 8 tests the networks, chromosome 9 decides when to stop
# training, all others but Y train.

# %%
found = tables["counts"].set_index("name")["value"]
splits = ["training", "validation", "test"]
pd.DataFrame(
    {
        "windows": [found[s] for s in splits],
        "accessible": [found[f"{s}_accessible"] for s in splits],
    },
    index=["training", "validation (chromosome 9)", "test (chromosome 8)"],
).style.format("{:,.0f}")

# %% tags=["remove-cell"]
per_kmer = {
    n: found["mapped"] * (found["length"] - n + 1) / 4**n for n in (6, 8)
}
for name in (
    "sequences",
    "length",
    "mapped",
    "mapped_overlapping",
    "in_artefact",
):
    report(f"g_{name}", found[name], ",.0f")
report("g_test_accessible", found["test_accessible"], ",.0f")
report(
    "g_mislabelled",
    found["negatives_accessible"] / found["negatives"],
    ".0%",
)
report("g_median_gm12878", found["median_tags_GM12878"], ".0f")
report("g_median_hepg2", found["median_tags_HepG2"], ".0f")
report("g_capped_gm12878", found["capped_GM12878"], ",.0f")
report("g_capped_hepg2", found["capped_HepG2"], ",.0f")
report("g_per_6mer", per_kmer[6], ".0f")
report("g_per_8mer", per_kmer[8], ".1f")

# %% [markdown]
# The sequences come from a public course on networks for genomics, the hotspots from the code of
# Min and colleagues {cite:p}`min2017`. What one has to know about them:
#
# - *No random sample.* The windows stand around the peaks of five experiments: four on proteins and
#   open DNA of GM12878, one on breaks of DNA in skin cells. About as many windows again come from
#   elsewhere. Sites of the protein CTCF and starts of genes are far more common here than in the
#   genome, and so are accessible windows.
# - *Labels.* A file called *negative* is not: {glue:text}`g_mislabelled` of the windows in such
#   files overlap a hotspot. So the label is the overlap and never the file.
# - *Tags.* They are raw counts, taken to lie evenly over their hotspot and capped at 2,000 per 200
#   nucleotides. They are not corrected for how deeply a cell line was sequenced. HepG2 has far
#   more than GM12878 (a median of {glue:text}`g_median_hepg2` against
#   {glue:text}`g_median_gm12878` in windows with any), and {glue:text}`g_capped_hepg2` windows
#   reach its cap, against {glue:text}`g_capped_gm12878`.
# - *Left out.* {glue:text}`g_in_artefact` windows lie in a known artefact of chromosome 1. A window
#   that stands twice is kept once; windows that merely overlap stay.
#
# {doc}`../book/accessibility_data` has the rest.
#
# **This is not the data of the paper.** The paper {cite:p}`chen2025` scores networks that were
# trained on ATAC-seq, another assay of accessibility, in windows of 2,048 nucleotides
# {cite:p}`toneyan2022`. That takes downloads of many gigabytes; ours takes a few megabytes. A
# window ten times shorter holds fewer motifs and less of their surroundings, so the question is
# the same but the numbers need not be.
#
# We compute maps for {glue:text}`g_mapped` of the {glue:text}`g_test_accessible` accessible test
# windows. That is few: for each 6-mer there are {glue:text}`g_per_6mer` positions at which it
# could stand, but for each 8-mer only {glue:text}`g_per_8mer`, so that chance decides much of its
# KLD. This chapter therefore shows, beside the final score, a **short** one that stops at k = 6.
#
# ## The networks
#
# The networks differ in task, architecture and first-layer activation. *Binary* networks predict
# the label; *quantitative* ones the logarithm of the tags, of GM12878 alone (`gm12878` in the
# name) or of all four cell lines (`four`).
#
# The book has five architectures. One is a plain {term}`CNN <convolutional network (CNN)>`, one a
# `residual` network of {term}`dilated residual blocks <dilated residual block>`
# {cite:p}`koo2023`. The others are small relatives of Basset {cite:p}`kelley2016`, Basenji
# {cite:p}`kelley2018` and BPNet {cite:p}`avsec2021`. The table shows which of them this run holds.
#
# We compare {glue:text}`g_binary` binary and {glue:text}`g_quantitative` quantitative networks; the
# paper has 8 and 18. A *configuration* is all that is chosen before a training. The quantitative
# networks have {glue:text}`g_configurations` configurations: of CNNs and residual networks two
# {term}`initialisations <initialisation>` are compared, so these networks are not independent. Of
# every other network a second initialisation, a *replica*, serves one purpose: to show how much of
# a map, and of its score, another initialisation repeats. There are {glue:text}`g_replicas` of
# them, in no ranking, no pair and no correlation of scores with performance.
#
# ```{margin} For readers new to machine learning
# A network that trains too long learns its training windows by heart. *Early stopping* ends the
# training when predictions for the validation windows no longer improve. A *baseline* is a simple
# model of the same task: only what a network predicts better needs a network to explain it.
# ```
#
# Is a network needed at all? As a baseline we take a {term}`ridge regression` of the GM12878
# signal on the counts of all {glue:text}`g_ridge_k`-mers, a k-mer and its reverse complement
# counted together. It knows which words a window holds, but neither where nor in which order. Its
# penalty was chosen on chromosome 9. A second regression saw accessible windows only.

# %%
table = real_data.compared(scores)
baseline, only = (row for _, row in tables["baseline"].iterrows())
columns = {
    "id": "network",
    "epochs": "epochs",
    "auroc": "AUROC",
    "pearson": "Pearson r",
    "pearson_accessible": "r, accessible only",
}
ranked = table.round({"pearson": 9}).sort_values(
    ["task", "pearson"], ascending=[True, False]
)
shown = ranked[list(columns)].rename(columns=columns)
for row, which in ((baseline, ""), (only, ", accessible windows only")):
    label = f"{row['k']}-mer ridge{which}"
    shown.loc[len(shown)] = [label, np.nan, *row[list(columns)[2:]]]
shown.style.format({"epochs": "{:.0f}"}, precision=3, na_rep="–").hide(
    axis="index"
)

# %% tags=["remove-cell"]
by_task = dict(list(table.groupby("task")))
usable = scores[scores["status"] == "ok"]
report("g_replicas", len(usable) - len(table), "d")
binary = by_task.get("binary", table[:0])
quantitative = by_task.get("quantitative", table[:0])
inside = quantitative["pearson_accessible"]
report("g_networks", len(table), "d")
configurations = configuration(quantitative).nunique()
report("g_configurations", configurations, "d")
report("g_epochs_min", int(table["epochs"].min()), "d")
report("g_epochs_max", int(table["epochs"].max()), "d")
report("g_binary", len(binary), "d")
report("g_quantitative", len(quantitative), "d")
report("g_best_auroc", binary["auroc"].max(), ".3f")
report("g_best_pearson", quantitative["pearson"].max(), ".3f")
report("g_best_accessible", inside.max(), ".3f")
report("g_ridge_k", baseline["k"], "d")
report("g_ridge_auroc", baseline["auroc"], ".3f")
report("g_ridge_pearson", baseline["pearson"], ".3f")
report("g_ridge_accessible", baseline["pearson_accessible"], ".3f")
beaten = quantitative["pearson"] > baseline["pearson"]
report("g_beat_pearson", int(beaten.sum()), "d")
won = int((inside > baseline["pearson_accessible"]).sum())
report("g_beat_accessible", won, "d")
report("g_only_accessible", only["pearson_accessible"], ".3f")
report("g_variance_within", found["variance_within"], ".0%")
report("g_test_shared", found["test_shared"], ",.0f")
verdict = "no network does better" if won == 0 else "all networks do better"
if 0 < won < len(inside):
    verdict = "some networks do better"
report("g_verdict", verdict)
spread = (1 - baseline["pearson_accessible"] ** 2) / np.sqrt(
    found["test_accessible"]
)
report("g_se_accessible", spread, ".2f")

# %% [markdown]
# AUROC asks whether accessible windows are ranked above the others. {term}`Pearson r
# <Pearson correlation>` is taken with the measured signal, but for a binary network with the
# label: the r of a binary and of a quantitative network cannot be compared. The last column asks a
# harder question, *how* accessible, among the accessible windows alone.
#
# On the first question the best binary network reaches an AUROC of {glue:text}`g_best_auroc`, the
# baseline {glue:text}`g_ridge_auroc`. The best quantitative network reaches an r of
# {glue:text}`g_best_pearson`, the baseline {glue:text}`g_ridge_pearson`;
# {glue:text}`g_beat_pearson` of {glue:text}`g_quantitative` quantitative networks beat it.
#
# On the second question {glue:text}`g_verdict`: the best reaches {glue:text}`g_best_accessible`,
# the baseline {glue:text}`g_ridge_accessible`, and {glue:text}`g_beat_accessible` of
# {glue:text}`g_quantitative` beat it. One r on these windows has a standard error of
# {glue:text}`g_se_accessible` at least, and all are measured on the same windows: read this as
# "about level at best", not as {glue:text}`g_quantitative` separate results. Nor is it what the
# networks were trained for. Only
# {glue:text}`g_variance_within` of the variance of the signal lies among accessible windows, so
# training on the squared error mostly teaches to tell open from closed. The regression that saw
# accessible windows only reaches {glue:text}`g_only_accessible`.
#
# And no model of the sequence can be perfect here. The files have one tag count for each hotspot,
# so windows of one hotspot share a value whatever their sequences: {glue:text}`g_test_shared` of
# the {glue:text}`g_test_accessible` accessible test windows have a value that another one has too.
#
# ## What one network looks at
#
# As in the third chapter we compare how often each k-mer occurs with how much attribution it
# receives (`frequency` reading). The network is chosen by a rule that ignores the maps: of the
# quantitative CNNs, the one with the highest test r. Here that is {glue:text}`g_example`.

# %%
example = real_data.example_network(table)
kmers = tables["kmers"].query("k == @k").reset_index(drop=True)
constant = kmers["p"] ** 2 / (kmers["p"] ** 2).sum()
with np.errstate(divide="ignore", invalid="ignore"):
    part = (kmers["q"] * np.log(kmers["q"] / kmers["p"])).fillna(0)
    over = (kmers["q"] * np.log(kmers["q"] / constant)).fillna(0)
kld, excess = part.sum(), over.sum()

# %% tags=["remove-output", "hide-input"]
fig, ax = plt.subplots(figsize=(figures.WIDTH * 0.75, 4.4))
figures.distributions(
    ax, kmers["q"].to_numpy(), kmers["p"].to_numpy(), kmers["kmer"].tolist()
)
line = kmers["p"] > 0
order = kmers["p"][line].sort_values(key=rounded, kind="stable").index
ax.plot(kmers["p"][order], constant[order], color="black", lw=1, ls=":")
ax.set_title(f"{example}\nKLD {kld:.2f} nats", fontsize="small")
figures.show("fig_real_distributions")

# %% [markdown]
# ```{glue:figure} fig_real_distributions
# :name: fig-real-distributions
# :alt: Scatter plot of attribution-weighted against prior frequency of all k-mers of one network on real sequences, on logarithmic axes. The cloud is steeper than the dashed diagonal and follows the dotted line of a constant map; the labelled k-mers lie at its upper end.
#
# Attribution-weighted frequency against prior of all {glue:text}`g_k`-mers, for one quantitative
# CNN on {glue:text}`g_mapped` accessible windows of chromosome 8. Coloured and labelled: the eight
# k-mers that contribute most to the KLD. Dashed: equality. Dotted: a map that scores every
# position alike. This rebuilds figure 2 of the paper on our data.
# ```
#
# The cloud is steeper than the diagonal, and it would be for any network: as the third chapter
# showed, frequency times weight makes common words commoner even when the map says nothing. So
# we list the top words twice: by what they add to the KLD ({glue:text}`g_kld` nats in all), as
# the paper does, and by what they add to the {term}`excess` over a constant map
# ({glue:text}`g_excess` nats in all; words that fall below it take some away). Where the second
# total is small, the map says little that a constant map would not.
#
# Which proteins might bind them? We slide each word along all {glue:text}`g_matrices` vertebrate
# motifs of JASPAR {cite:p}`mathelier2016`, not only those of the synthetic task. A short word fits
# many of them. The columns of the tables:
#
# - `q / p` and `q / constant`: how many times as often the word occurs where the network looks as
#   in the sequences, and as under a constant map;
# - `nats`: what it adds to the total;
# - `fits` and `bits`: the three motifs that it fits best, and how well it fits the best of them;
# - `others`: how many more fit within one bit of that.

# %%
library = [
    motifs.Motif(matrix_id, name, "", strand, ppm)
    for matrix_id, (name, counts) in motifs.jaspar_matrices().items()
    for one in [counts / counts.sum(axis=1, keepdims=True)]
    for strand, ppm in (("+", one), ("-", one[::-1, ::-1]))
]


def top_words(part):
    """The words that contribute most, each with the motifs it fits."""
    order = part.index[descending(part)][:top]
    words = kmers.loc[order, ["kmer"]].rename(columns={"kmer": "k-mer"})
    words["q / p"] = kmers["q"] / kmers["p"]
    words["q / constant"] = kmers["q"] / constant
    words["nats"] = part
    fits = [motifs.fitting_motifs(w, library) for w in words["k-mer"]]
    names = [list(dict.fromkeys(m.name for m, _ in fit)) for fit in fits]
    words["fits"] = [", ".join(some[:3]) for some in names]
    words["bits"] = [fit[0][1] for fit in fits]
    words["others"] = [len(some[3:]) for some in names]
    return words


form = {
    "q / p": "{:.1f}",
    "q / constant": "{:.1f}",
    "nats": "{:.4f}",
    "bits": "{:.1f}",
}
enriched, exceeding = top_words(part), top_words(over)
enriched.style.format(form).hide(axis="index").set_caption(
    "By what they add to the KLD"
)

# %% tags=["hide-input"]
exceeding.style.format(form).hide(axis="index").set_caption(
    "By what they add to the excess over a constant map"
)

# %% tags=["remove-cell"]
best_fit = exceeding["fits"].str.split(", ").str[0]
names = best_fit.value_counts()
shared = set(enriched["k-mer"]) & set(exceeding["k-mer"])
report("g_example", example)
report("g_k", k, "d")
report("g_top", top, "d")
report("g_kld", kld, ".2f")
report("g_matrices", len(library) // 2, "d")
report("g_excess", excess, ".2f")
report("g_top_kmer", exceeding["k-mer"].iloc[0])
report("g_top_motif", best_fit.iloc[0])
report("g_shared", len(shared), "d")
report("g_below", int((enriched["q / constant"] < 1).sum()), "d")
report("g_motifs", ", ".join(names.index))
rivals = exceeding["fits"].str.count(",") + exceeding["others"]
report("g_close", int(np.ceil(rivals.median())), "d")

# %% [markdown]
# Of the {glue:text}`g_top` words of each table {glue:text}`g_shared` stand in both.
# {glue:text}`g_below` of the first receive *less* attribution than a constant map would give them:
# they stand there because they are common. The word that adds most to the excess is
# {glue:text}`g_top_kmer`, which fits {glue:text}`g_top_motif` best. The best fits of the second
# table, most frequent first: {glue:text}`g_motifs`.
#
# Read these names with care. Half of the words of the second table have {glue:text}`g_close` or
# more rivals within one bit. Overlapping words are parts of one site. And a fit says that a word
# *could* belong to a motif, not that the protein binds there.
#
# ## Weights from elsewhere
#
# The final score is $\sum_k \text{weight}_k\, \mathrm{KLD}_k$, with $\mathrm{KLD}_k$ the divergence
# for k-mers of length $k$ and $\text{weight}_k$ the {term}`length weight <length weights>` of the
# fourth chapter. Weights need a truth to be learnt from. Here there is none, so we take those of
# the simulated networks, unchanged.

# %%
weights = tables["weights"].set_index("k")
weights[["weight"]].T.style.format(precision=3)

# %% tags=["remove-cell"]
n_learnt, length_learnt = weights["n"].iloc[0], weights["length"].iloc[0]
applied = found["mapped"] * found["length"]
ratio = applied / (n_learnt * length_learnt)
if weights["source"].iloc[0] == "fitted to this run":
    learnt = (
        f"learnt on maps of {n_learnt:,.0f} simulated sequences of "
        f"{length_learnt:.0f} nt"
    )
    limits = "within" if 0.5 <= ratio <= 2 else "outside"
    carried = (
        f"{ratio:.2g} times as many positions, {limits} the twofold range in "
        "which we carry weights over without a warning"
    )
else:
    learnt = f"{weights['source'].iloc[0]}, for want of simulated networks"
    carried = "no comparison of sizes is possible"
report("g_learnt", learnt)
report("g_carried", carried)

# %% [markdown]
# These weights are {glue:text}`g_learnt`. We apply them to {glue:text}`g_mapped` windows of
# {glue:text}`g_length` nt: {glue:text}`g_carried`. Size matters because a KLD depends on how many
# windows there are for each k-mer. With few, chance raises it; under `frequency` the floor of the
# longest words *rises* with more. Nothing guarantees that weights learnt on planted motifs suit
# real DNA. What we can check is whether the ranking depends on the long words, and we do so at the
# end.
#
# ## Performance against consistency
#
# If accuracy vouched for consistent explanations, the networks would line up in the next figure.
# We also look for **matched pairs**: networks that predict about equally well and explain
# themselves differently. The rule, fixed before any score was seen:
#
# 1. Cut the networks of each task by their Pearson r into three levels of performance of equal
#    size, 1 the lowest.
# 2. Two networks of one task match if their r differs by at most {glue:text}`g_within`; for
#    comparison, the standard error of a single r on the test chromosome is about
#    {glue:text}`g_se`. The pair belongs to the level of its mean r.
# 3. At each level take the matching pair, of either task, whose final score differs most.

# %%
scored = table.copy()
blocks = real_data.intervals(tables["blocks"])
for edge in ("low", "high"):
    scored[f"score_{edge}"] = [
        getattr(blocks[i], edge) for i in scored["id"]
    ]
scored["final"] = [blocks[i].estimate for i in scored["id"]]
short = real_data.intervals(tables["blocks"], "consistency_short")
scored["short"] = [short[i].estimate for i in scored["id"]]
pairs = matched_pairs(scored, "pearson", "final", within)
by_id = scored.set_index("id")
floor = sum(
    w * by_id[f"floor_{real_data.READING}_k{n}"].iloc[0]
    for n, w in weights["weight"].items()
)

# %% tags=["remove-output", "hide-input"]
tasks = [t for t in ("binary", "quantitative") if t in by_task]
fig, axes = plt.subplots(
    1,
    len(tasks),
    figsize=(figures.WIDTH * 1.15, 4.4),
    sharex=True,
    squeeze=False,
)
for ax, task in zip(axes[0], tasks):
    figures.by_architecture(
        ax,
        scored[scored["task"] == task],
        "final",
        "pearson",
        "final score (nats)",
        "test Pearson r",
        ("score_low", "score_high"),
    )
    ax.axvline(floor, color="black", lw=0.8, ls=":")
    ax.set_title(task)
    for _, pair in pairs[pairs["task"] == task].iterrows():
        low, high = by_id.loc[
            [pair["low"], pair["high"]], ["final", "pearson"]
        ].to_numpy()
        arc = {
            "arrowstyle": "-",
            "color": "black",
            "ls": "--",
            "lw": 1.1,
            "shrinkA": 4,
            "shrinkB": 4,
            "connectionstyle": "arc3,rad=-0.3",
        }
        ax.annotate("", high, xytext=low, arrowprops=arc)
        ax.annotate(
            pair["level"],
            (low + high) / 2,
            xytext=(0, 16),
            ha="center",
            textcoords="offset points",
            fontweight="bold",
            bbox={"fc": "white", "ec": "none", "pad": 1},
        )
    ax.margins(y=0.15)
figures.legend_below(fig)
figures.show("fig_performance")

# %% tags=["remove-input"]
# For readers on a screen: point at a network, see what it is and one of its maps.
ranked = scored.iloc[descending(scored["final"])]
maps = np.array(
    [real_data.logo_values(tables, name, 1) for name in ranked["id"]]
)
middle = slice((maps.shape[1] - 50) // 2, (maps.shape[1] + 50) // 2)
peak = tables["peaks"].set_index("peak").loc[1, "sequence"]
explorer.explore(
    "fig-performance",
    fig,
    [
        (
            ax,
            ranked["final"].where(ranked["task"] == task),
            ranked["pearson"],
        )
        for ax, task in zip(axes[0], tasks)
    ],
    pd.DataFrame(
        {
            "task": ranked["task"],
            "architecture": ranked["architecture"],
            "first layer": ranked["activation"].map(
                figures.ACTIVATION_NAMES
            ),
            "Pearson r": ranked["pearson"].map("{:.3f}".format),
            "final": ranked["final"].map("{:.3f}".format),
        }
    ).set_index(ranked["id"]),
    sequence=peak[middle],
    scores=maps.sum(axis=2)[:, middle],
)

# %% [markdown]
# ```{glue:figure} fig_performance
# :name: fig-performance
# :alt: Two scatter plots of test Pearson r against the final score, one for binary and one for quantitative networks, with horizontal intervals. Colour shows the architecture, circles ReLU and triangles exponential activation; dashed lines join matched pairs.
#
# Performance against the final score of {glue:text}`g_networks` networks on
# {glue:text}`g_mapped` windows. Bars: 95 % {term}`jackknife` intervals over blocks of neighbouring
# windows. Dashed and numbered: the matched pairs, by level of performance (1 lowest). Dotted: the
# score of a constant map. The vertical scales of the two tasks differ. This rebuilds figure 4a of
# the paper with our networks. On a screen, choose a network to see what it is and its attribution
# logo, on its own scale, in the middle of the first window chosen below.
# ```
#
# The table lists the pairs. The difference of the final scores stands beside the higher one, with
# its own 95 % interval: both networks saw the same windows, so their scores vary together.

# %%
gaps = [
    paired_difference(blocks[high], blocks[low])
    for high, low in zip(pairs["high"], pairs["low"])
]
members = pairs.melt("level", ["high", "low"], "score", "id")
members = (
    members.join(
        by_id[["pearson", "final", "kld_original", "gini"]], on="id"
    )
    .set_index(["level", "score"])
    .sort_index()
)
members["difference"] = ""
for level, gap in zip(pairs["level"], gaps):
    members.loc[(level, "high"), "difference"] = (
        f"{gap.estimate:.2f} ({gap.low:.2f} to {gap.high:.2f})"
    )
members.rename(
    columns={
        "id": "network",
        "pearson": "r",
        "kld_original": "original",
        "gini": "Gini",
    }
).style.format(
    {
        "r": "{:.3f}",
        "final": "{:.2f}",
        "original": "{:.2f}",
        "Gini": "{:.2f}",
    }
)

# %% tags=["remove-cell"]
agree = [
    by_id.loc[p["high"], "kld_original"]
    > by_id.loc[p["low"], "kld_original"]
    for _, p in pairs.iterrows()
]
activations = [
    (by_id.loc[p["high"], "activation"], by_id.loc[p["low"], "activation"])
    for _, p in pairs.iterrows()
]
report("g_within", within, "g")
error = (1 - scored["pearson"].median() ** 2) / np.sqrt(found["test"])
report("g_se", error, ".3f")
report("g_pairs", len(pairs), "d")
report("g_clear", sum(gap.low > 0 for gap in gaps), "d")
report("g_agree", sum(agree), "d")
report(
    "g_exp_over_relu", sum(a == ("exp", "relu") for a in activations), "d"
)
repeated = usable.groupby(configuration(usable))[
    f"consistency_{real_data.READING}"
].agg(["count", np.ptp])
repeated = repeated.loc[repeated["count"] > 1, "ptp"]
report("g_inits_compared", len(repeated), "d")
report("g_inits_largest", repeated.max(), ".2f")
report(
    "g_pairs_smallest",
    min((g.estimate for g in gaps), default=np.nan),
    ".2f",
)
report("g_floor", floor, ".2f")
report("g_final_min", scored["final"].min(), ".2f")
report("g_final_max", scored["final"].max(), ".2f")


def estimate(value):
    """Two decimals, or a dash where too few networks give no estimate."""
    return f"{value:.2f}" if np.isfinite(value) else "–"


for task in ("binary", "quantitative"):
    rows = scored[scored["task"] == task]
    r = spearman(
        rows["final"],
        rows["pearson"],
        seed=seed,
        groups=configuration(rows).to_numpy(),
    )
    for field, value in r._asdict().items():
        report(f"g_performance_{task}_{field}", value, estimate)

# %% [markdown]
# The final scores run from {glue:text}`g_final_min` to {glue:text}`g_final_max` nats; a constant
# map would score {glue:text}`g_floor`. The rank correlation of score and performance is
# {glue:text}`g_performance_binary_value` ({glue:text}`g_performance_binary_low` to
# {glue:text}`g_performance_binary_high`) over {glue:text}`g_binary` binary networks and
# {glue:text}`g_performance_quantitative_value` ({glue:text}`g_performance_quantitative_low` to
# {glue:text}`g_performance_quantitative_high`) over {glue:text}`g_quantitative` quantitative ones.
# The intervals are a 95 % bootstrap over configurations; fewer than four networks give no estimate.
# A few networks give wide intervals, which rule little out. The paper reports that the relation is
# not monotonic.
#
# What the rule finds:
#
# - matched pairs: {glue:text}`g_pairs`;
# - pairs whose difference has an interval above zero: {glue:text}`g_clear`;
# - pairs in which the original metric prefers the same network: {glue:text}`g_agree`;
# - pairs in which the higher network has an exponential first layer and the lower one ReLU:
#   {glue:text}`g_exp_over_relu`. Exponential activations are known to make the filters more like
#   motifs {cite:p}`koo2021`, so such a pair compares two activations as much as two explanations.
#
# An interval above zero says that other windows of this kind would hardly turn the order around.
# It does not allow for the choice: each pair is the one that differs most at its level, so its
# difference is more likely too large than too small. And it says nothing of other
# initialisations. In {glue:text}`g_inits_compared` configurations we have two: their final scores
# differ by at most {glue:text}`g_inits_largest`, those of the pairs by at least
# {glue:text}`g_pairs_smallest`.
#
# ## Looking at the pairs
#
# Where should we look? Choosing a peak because its logo is pretty would prove nothing. The peaks
# are chosen by the measurement alone: the windows with the most GM12878 tags among those that have
# maps. Left out are windows at the cap, where so many tags are a sign of repeated sequence, and
# windows within 2,000 nucleotides of one already chosen. Here are the first two, under every
# network of the pairs.

# %% tags=["remove-cell"]
peaks = tables["peaks"].set_index("peak")
drawn = [
    (f"pair {p['level']}, {which} score", p[key])
    for _, p in pairs.iterrows()
    for which, key in (("higher", "high"), ("lower", "low"))
] or [("example", example)]
for number in (1, 2):
    place = peaks.loc[number]
    report(f"g_peak_{number}", f"{place['chrom']}:{place['start']:,d}")
    report(f"g_peak_{number}_tags", place["tags"], ".0f")
report("g_window", window, "d")

# %% tags=["remove-output", "hide-input"]
for number in (1, 2):
    fig, axes = plt.subplots(
        len(drawn),
        1,
        figsize=(figures.WIDTH * 1.4, 1.15 * len(drawn) + 0.4),
        sharex=True,
        squeeze=False,
    )
    for ax, (label, name) in zip(axes[:, 0], drawn):
        values = real_data.logo_values(tables, name, number)
        first = max(0, (len(values) - window) // 2)
        figures.logo(ax, values[first : first + window], first + 1)
        ax.set_title(f"{label}: {name}", fontsize="small")
        ax.set(yticks=[0])
    axes[-1, 0].set_xlabel("position in the window (nt)")
    fig.supylabel("gradient × input", fontsize="medium")
    figures.show(f"fig_real_logos_{number}")

# %% [markdown]
# ```{glue:figure} fig_real_logos_1
# :name: fig-real-logos-1
# :alt: Attribution logos of the networks of the matched pairs, one row a network, along the middle of the first chosen window. Letters point up or down from zero. Some stretches are tall in several rows, others in one row only.
#
# Scores (corrected gradient times input) of the matched pairs at the most accessible window left,
# {glue:text}`g_peak_1` ({glue:text}`g_peak_1_tags` tags per 200 nt), its middle
# {glue:text}`g_window` positions. Letters above zero speak for accessibility, those below against
# it. Each row has its own scale.
# ```
#
# ```{glue:figure} fig_real_logos_2
# :name: fig-real-logos-2
# :alt: Attribution logos of the networks of the matched pairs, one row a network, along the middle of the second chosen window. Letters point up or down from zero. Some stretches are tall in several rows, others in one row only.
#
# The same at the second window, {glue:text}`g_peak_2` ({glue:text}`g_peak_2_tags` tags per
# 200 nt). These two figures rebuild figure 4b of the paper.
# ```
#
# Do the networks with the higher score draw clearer pictures? Judge for yourself, and then
# distrust the judgement. A picture looks clear when few letters are tall, and a score that
# rewards concentration favours just such pictures. Where the eye agrees with the score, both like
# the same thing. It does not show that the tall letters are the bases that matter to the cell.
#
# ## The published networks
#
# Majdandzic and colleagues {cite:p}`majdandzic2022` published two scores for
# {glue:text}`g_published` networks on the GM12878 task of the paper: the original metric, and what
# their table calls a mean attribution KLD. The scores of the two Basset networks come from maps
# with missing values (NaN), so we flag them and leave them out of the correlations. The table has
# Spearman correlations with test Pearson r, and 95 % intervals by bootstrap over networks.

# %%
published = pd.read_csv(paths.published() / "gm12878_published.csv")
parts = published["model"].str.extract(
    "(?P<architecture>basset|cnn|residual|basenji|bpnet)"
)
published = published.join(parts)
published["activation"] = np.where(
    published["model"].str.endswith("exp"), "exp", "relu"
)
published["flagged"] = published["architecture"] == "basset"
sound = published[~published["flagged"]]
two = ["kld_attr_mean", "kld_6mer_thresholded"]
numeric = sound[sound["task"] == "quantitative"]
groups = {
    "all but Basset": sound,
    "quantitative": numeric,
    "quantitative CNN": numeric.query("architecture == 'cnn'"),
    "quantitative residual": numeric.query("architecture == 'residual'"),
}


def correlations(groups, performance, columns, unit=None):
    """Spearman of performance with each score, inside each group.

    unit : function from a table to what the bootstrap draws; None: each network.
    """
    rows = {}
    for label, part in groups.items():
        drawn = None if unit is None else unit(part).to_numpy()
        r = {
            c: spearman(part[c], part[performance], groups=drawn, seed=seed)
            for c in columns
        }
        rows[label] = {"networks": len(part)} | {
            c: f"{v.value:.2f} ({v.low:.2f} to {v.high:.2f})"
            for c, v in r.items()
        }
    return pd.DataFrame(rows).T


names = {two[0]: "mean attribution KLD", two[1]: "original metric"}
correlations(groups, "pearson_r", two).rename(columns=names).style

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(
    1, 2, figsize=(figures.WIDTH * 1.15, 4.4), sharex=True
)
for ax, task in zip(axes, ("binary", "quantitative")):
    rows = published[published["task"] == task]
    figures.by_architecture(
        ax,
        rows,
        two[0],
        "pearson_r",
        "mean attribution KLD (nats)",
        "test Pearson r",
    )
    bad = rows[rows["flagged"]]
    ax.scatter(
        bad[two[0]], bad["pearson_r"], marker="x", s=130, color="black"
    )
    for name in ("cnn", "residual"):
        group = rows[rows["architecture"] == name]
        if len(group) > 3:
            fit = np.polyfit(group[two[0]], group["pearson_r"], 1)
            ends = np.array([group[two[0]].min(), group[two[0]].max()])
            colour = figures.ARCHITECTURES[name][1]
            ax.plot(ends, np.polyval(fit, ends), color=colour, lw=1.5)
    if task == "quantitative":
        fit = np.polyfit(rows[two[0]], rows["pearson_r"], 1)
        ends = np.array([rows[two[0]].min(), rows[two[0]].max()])
        ax.plot(ends, np.polyval(fit, ends), color="black", lw=1, ls="--")
    ax.set_title(task)
figures.legend_below(fig)
figures.show("fig_published")

# %% tags=["remove-cell"]
report("g_published", len(published), "d")
report("g_published_quantitative", len(numeric), "d")
for label, part in (
    ("quantitative", numeric),
    ("cnn", groups["quantitative CNN"]),
    ("residual", groups["quantitative residual"]),
):
    r = spearman(part[two[0]], part["pearson_r"], seed=seed)
    for field, value in r._asdict().items():
        report(f"g_published_{label}_{field}", value, ".2f")

# %% [markdown]
# ```{glue:figure} fig_published
# :name: fig-published
# :alt: Two scatter plots of test Pearson r against a published KLD for binary and quantitative networks. Among quantitative networks a dashed line over all falls, while the solid lines inside the CNN and the residual networks rise.
#
# Performance against the mean attribution KLD of {glue:text}`g_published` published networks.
# Crossed out: the two Basset networks, whose maps had missing values. Lines: least squares over
# all quantitative networks (dashed) and inside two architectures (solid). Data: Majdandzic and
# colleagues {cite:p}`majdandzic2022`.
# ```
#
# Pooled over {glue:text}`g_published_quantitative` quantitative networks, those with the higher
# KLD predict *worse*: the rank correlation is {glue:text}`g_published_quantitative_value`
# ({glue:text}`g_published_quantitative_low` to {glue:text}`g_published_quantitative_high`). Inside
# one architecture no fall is seen: {glue:text}`g_published_cnn_value`
# ({glue:text}`g_published_cnn_low` to {glue:text}`g_published_cnn_high`) among CNNs, an interval
# that spans zero and excludes little, and {glue:text}`g_published_residual_value`
# ({glue:text}`g_published_residual_low` to {glue:text}`g_published_residual_high`) among residual
# networks. This is Simpson's paradox {cite:p}`simpson1951`: residual networks predict better and
# have lower KLDs than CNNs, so a pooled correlation compares the two architectures, not accuracy
# and consistency.
#
# The trap has a second floor. Look at the residual networks in the figure: every one with an
# exponential first layer (triangles) has both a higher KLD and a higher r than every one with
# ReLU (circles). So the correlation inside this architecture compares two activations. Inside one
# activation too few networks are left to tell.
#
# So "performance and interpretability trade off" would be the wrong lesson from the pooled points,
# and "they go together" from the residual networks. Here are our own networks, in every group that
# has at least four, with 95 % intervals by bootstrap over configurations. The row `all` mixes two
# tasks, whose r cannot be compared:

# %%
ours = {"all": scored} | {
    task: scored[scored["task"] == task] for task in tasks
}
for (task, architecture), part in scored.groupby(["task", "architecture"]):
    ours[f"{task} {figures.ARCHITECTURES[architecture][0]}"] = part
ours = {label: part for label, part in ours.items() if len(part) > 3}
names = {
    "final": "final",
    "short": "short",
    "kld_original": "original metric",
    "gini": "Gini",
}
correlations(ours, "pearson", list(names), configuration).rename(
    columns=names
).style

# %% [markdown]
# ## Do the scores agree?
#
# No truth says which score is right. But we can ask whether they would choose the same network.
# Beside the scores of the fourth chapter there are two rivals: the {term}`geometric method`, which
# looks at the directions of attribution vectors and not at words, and the
# {term}`Gini coefficient`, which looks at neither.
#
# All maps were made on the same windows, so all {glue:text}`g_networks` networks can be ranked
# together. Two warnings. The map of a binary network explains a logit and that of a quantitative
# one a number of tags, which are different questions. And `performance` is Pearson r, which is
# comparable inside a task only: its row and column mix two things.

# %%
rivals = {
    "final": scored["final"],
    "short (k ≤ 6)": scored["short"],
    "original": scored["kld_original"],
    "geometric": scored["kld_geometric"],
    "Gini": scored["gini"],
    "performance": scored["pearson"],
}
rivals = pd.DataFrame(rivals).set_axis(scored["id"])
agreement = rivals.corr("spearman")
agreement.style.format(precision=2)

# %% tags=["remove-output", "hide-input"]
ranks = rivals.rank(ascending=False)
fig, ax = plt.subplots(
    figsize=(figures.WIDTH, max(2.5, 0.2 * len(ranks) + 0.8))
)
for name, row in ranks.iterrows():
    colour = figures.ARCHITECTURES[by_id.loc[name, "architecture"]][1]
    marker = figures.ACTIVATION_MARKERS[by_id.loc[name, "activation"]]
    ax.plot(range(len(row)), row, marker=marker, color=colour, lw=1, ms=5)
ax.set(
    xticks=range(ranks.shape[1]),
    xticklabels=ranks.columns,
    yticks=ranks["final"],
    yticklabels=ranks.index,
    ylabel="",
)
ax.tick_params(axis="y", labelsize=7)
ax.invert_yaxis()
figures.show("fig_ranks")

# %% [markdown]
# ```{glue:figure} fig_ranks
# :name: fig-ranks
# :alt: Ranks of the networks under six scores, one line a network. Lines cross between most columns.
#
# Rank of {glue:text}`g_networks` networks under six scores, best on top; labels in the order of
# the final score. Colour: architecture; circles ReLU, triangles exponential, as in
# {numref}`fig-performance`.
# ```

# %% tags=["remove-cell"]
by_part = [
    sum(
        weights.loc[n, "weight"] * scored[f"kld_{real_data.READING}_k{n}"]
        for n in some
    )
    for some in (
        weights.index[weights.index <= 6],
        weights.index[weights.index > 6],
    )
]
report("g_short_long", spearman(*by_part, draws=1).value, ".2f")
for name, label in (
    ("short", "short (k ≤ 6)"),
    ("original", "original"),
    ("gini", "Gini"),
):
    report(f"g_agreement_{name}", agreement.loc["final", label], ".2f")
report(
    "g_agreement_original_gini", agreement.loc["original", "Gini"], ".2f"
)
task_of = by_id["task"].reindex(rivals.index)
for name in ("original", "performance"):
    inside = {
        task: rivals[task_of == task].corr("spearman").loc["final", name]
        for task in tasks
    }
    report(
        f"g_inside_{name}",
        ", ".join(f"{r:.2f} ({task})" for task, r in inside.items()),
    )
for name in ("final", "original", "performance"):
    chosen = [
        rivals.loc[task_of == task, name].round(9).idxmax()
        for task in tasks
    ]
    report(f"g_best_{name}", " and ".join(chosen))

# %% [markdown]
# - **Do the long words decide?** The final score is a sum of two parts, one from words of up to six
#   letters and one from longer words. Ranked by either part alone, the networks come in nearly the
#   same order if the two correlate nearly 1; they correlate {glue:text}`g_short_long`.
# - **Final or original?** Their ranks correlate {glue:text}`g_agreement_original`; inside a task,
#   {glue:text}`g_inside_original`. Asked for one network of each task, the final score
#   would choose {glue:text}`g_best_final`, the original metric {glue:text}`g_best_original`.
# - **Is it only concentration?** The Gini coefficient, which knows no words, correlates
#   {glue:text}`g_agreement_gini` with the final score and {glue:text}`g_agreement_original_gini`
#   with the original metric. The nearer to 1, the less a score says that the Gini does not.
# - **Would accuracy choose the same?** Inside a task it correlates
#   {glue:text}`g_inside_performance` with the final score. Its choice is
#   {glue:text}`g_best_performance`.
#
# Agreement is not truth: two scores can agree because they share a fault.
#
#
# ```{admonition} Key points
# :class: note
# - On {glue:text}`g_mapped` real windows the final scores of {glue:text}`g_networks` networks run
#   from {glue:text}`g_final_min` to {glue:text}`g_final_max` nats, over a floor of
#   {glue:text}`g_floor`.
# - Among networks of about equal performance, {glue:text}`g_clear` of {glue:text}`g_pairs` matched
#   pairs differ by more than the choice of windows explains. They are the most different pairs, and
#   {glue:text}`g_exp_over_relu` of them set an exponential first layer above ReLU.
# - Pooled over architectures, the published scores fall with performance
#   ({glue:text}`g_published_quantitative_value`); inside the CNNs the data cannot tell
#   ({glue:text}`g_published_cnn_low` to {glue:text}`g_published_cnn_high`), and among residual
#   networks they rise, together with the activation. Compare like with like.
# - Do the scores follow a truth on real DNA? {doc}`12_truth_on_dna` plants one.
# - Whether the higher score belongs to the *better* explanation, this chapter cannot say. The
#   score measures consistency, not correctness.
# ```
#
# ## Limits
#
# Nothing in this chapter is checked against a truth. The pairs, the peaks and the example were chosen by stated rules, but the eye judges the logos.
# And a network that consistently follows an artefact of the assay, such as the sequences that
# DNase I prefers to cut, would score well.
#
# The networks were trained for different numbers of epochs, from {glue:text}`g_epochs_min` to
# {glue:text}`g_epochs_max`: until the validation score had not risen for a while, or for 40 epochs.
# {glue:text}`g_networks` networks are few, and they are not a random sample of anything.
#
# {glue:text}`g_mapped_overlapping` of the windows with maps overlap the one before. The jackknife
# leaves out blocks of neighbours for that reason, but some dependence stays. What lies outside a
# window of {glue:text}`g_length` nucleotides, the networks cannot see.
#
# ## Exercises
#
# Work on them in the {doc}`student notebook <exercises/05_real_data>`
# (<a href="../exercises/05_real_data.ipynb" download>download</a>; `make lab` copies all of them into
# `my_exercises`). It checks your answers and, when one is wrong, says why.
#
# 1. ★ *Change a parameter.* How does the largest difference among matched pairs depend on how equal
#    their performance must be?
# 2. ★★ *Write a few lines.* Show Simpson's paradox in the published networks.
# 3. ★★★ *Extend the method.* Compute the jackknife intervals of all scores by hand. Does the best
#    network clearly beat the second?
#
# ## Where next
#
# One more prediction can fail: maps that know nothing should score below every network. The next
# chapter tries to fool the score with such maps. To run this chapter with other parameters, see
# {doc}`../book/how_to_rerun`.
