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
# - recognise a correlation that turns around inside groups;
# - name measurements that could contradict a map, and say what so few networks can show.
# ```
#
# *You need:* the first four chapters. *Reading time:* 35 minutes.

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
from compendium.chapters import evidence as evidence_study
from compendium.chapters import learning as learning_study
from compendium.chapters import load_tables, real_data, tell_origin
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
# ## Evidence beyond looking
#
# What would a good map predict that a bad one does not? We make four measurements, each beside a
# baseline. What counts is the difference of the two. In this section we call it the *excess*; it is
# not the excess over a constant map from above. A *hit* is a stretch of DNA that fits the matrix of
# a motif well.
#
# - **Replicate agreement**, our primary measure: two networks that differ in nothing but their
#   initialisation should have correlated maps. We take the correlation of their maps of the same
#   window, minus that of their maps of different windows. Baseline: the mean over all pairs of
#   eight untrained networks, since the maps of a single pair can be alike or opposite by luck.
# - **Motif support**: attribution should stand at motifs of factors that are at work in B cells or
#   at open DNA everywhere. We take the mean score at the hits of a matrix, for those of
#   {glue:text}`g_e_motifs` matrices that have at least {glue:text}`g_e_fewest` hits,
#   minus that at windows with as many G and C that best fit the same matrix with its columns
#   shuffled. Baseline: the same difference for {term}`rotated maps <rotated map>`.
# - **Perturbation**: replacing the three 6-mers that a map calls most favourable by random bases,
#   as many of them G or C, should lower the prediction. Unit: the standard deviation of the
#   network's predictions. Baseline: other 6-mers of the same sequence, with the same number of G
#   and C or nearly so. We also choose the 6-mers by *absolute* scores, as the final score reads a
#   map. Some of those speak against accessibility, so their map promises no drop.
# - **Occupancy**: at the CTCF motif, attribution should be higher where CTCF is bound. Baseline:
#   hits outside the measured peaks of CTCF {cite:p}`encode2012`, weighted to fit the motif about as
#   well.
#
# The first asks whether another training would give the same map, the third whether a map describes
# its network, the second and the fourth whether it fits what is known of the cell.

# %% tags=["remove-input"] mystnb={"markdown_format": "myst"}
evidence, evidence_origin = load_tables("evidence", run)
if evidence_origin != origin:
    tell_origin("evidence", evidence_origin)

# %%
measured = evidence["measures"].merge(
    scored, left_on="model", right_on="id", suffixes=("_measured", "")
)
# Agreement belongs to the networks of a configuration, so to the mean of their scores.
of_both = usable.groupby(configuration(usable))[
    f"consistency_{real_data.READING}"
].mean()
paired = measured["measure"] == evidence_study.PRIMARY
own = configuration(measured[paired])
measured.loc[paired, "final"] = of_both.reindex(own).to_numpy()
wide = measured.pivot(index="model", columns="measure", values="excess")
labels = {
    "replicate_agreement": "replicate agreement",
    "motif_support": "motif support",
    "perturbation": "perturbation (SD)",
    "ctcf_occupancy": "CTCF occupancy",
}
labels = {name: label for name, label in labels.items() if name in wide}
second_reading = {"perturbation_absolute": "perturbation, absolute (SD)"}
wide = wide[list(labels)].rename(columns=labels)
wide.insert(0, "final score", by_id["final"].reindex(wide.index))
wide.iloc[descending(wide["final score"])].style.format(
    precision=3, na_rep="–"
)

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(
    2,
    len(labels),
    figsize=(figures.WIDTH * 1.2, 5),
    squeeze=False,
    sharex="row",
    sharey="col",
)
for row, task in zip(axes, ("binary", "quantitative")):
    for ax, (measure, label) in zip(row, labels.items()):
        part = measured.query("measure == @measure and task == @task")
        ax.axhline(0, color="black", lw=0.8)
        figures.by_architecture(
            ax, part, "final", "excess", "final score (nats)", ""
        )
        ax.set_title(f"{label}\n{task}", fontsize="small")
        if part.empty:
            ax.text(
                0.5,
                0.5,
                "not measured",
                ha="center",
                transform=ax.transAxes,
            )
axes[0][0].set_ylabel("excess over the baseline")
axes[1][0].set_ylabel("excess over the baseline")
figures.legend_below(fig)
figures.show("fig_evidence")

# %% tags=["remove-cell"]
related = evidence["correlations"].set_index(
    ["measure", "networks", "score", "given"]
)
unknown = pd.Series({"value": np.nan, "low": np.nan, "high": np.nan})


def relation(measure, networks, score, given="nothing"):
    """Rank correlation of a measure with a score; unknown in a run without it."""
    key = measure, networks, score, given
    return related.loc[key] if key in related.index else unknown


shown_ranges = {
    evidence_study.PRIMARY: ("value", "baseline"),
    "perturbation": ("excess", "baseline"),
}
for measure in labels:
    key = f"g_e_{measure}"
    rows = measured.query("measure == @measure")
    for field in shown_ranges.get(measure, ("excess",)):
        name = key if field == "excess" else f"{key}_{field}"
        report(f"{name}_min", rows[field].min(), ".2f")
        report(f"{name}_max", rows[field].max(), ".2f")
    report(f"{key}_failed", int((rows["excess"] <= 0).sum()), "d")
    for task in tasks:
        for score in ("consistency", "original"):
            r = relation(measure, task, score)["value"]
            report(f"{key}_{task}_{score}_value", r, estimate)
for given, key in (("nothing", "g_e"), ("activation", "g_e_inside")):
    both = [
        [
            relation(m, task, score, given)["value"]
            for score in ("original", "consistency")
        ]
        for m in (*labels, *second_reading)
        for task in tasks
    ]
    both = [pair for pair in both if np.isfinite(pair).all()]
    report(f"{key}_comparisons", len(both), "d")
    report(f"{key}_original_wins", sum(old > new for old, new in both), "d")
    report(f"{key}_final_wins", sum(new > old for old, new in both), "d")
for score in ("consistency", "original"):
    r = relation("perturbation_absolute", "quantitative", score)
    report(f"g_e_absolute_{score}", r["value"], estimate)
layers = []
for task in tasks:
    of_task = scored[scored["task"] == task]
    exp, relu = (
        of_task.loc[of_task["activation"] == a, "final"]
        for a in ("exp", "relu")
    )
    above = sum((exp > value).sum() for value in relu)
    layers.append(f"{above} of {len(exp) * len(relu)} ({task})")
report("g_e_exp_above", ", ".join(layers))
power = evidence["power"].set_index(["n", "correlation"])["power"]
sizes = (
    related.reset_index()
    .query("score == 'consistency'")
    .set_index(["measure", "networks"])["n"]
    .groupby(level=[0, 1])
    .first()
)
for score in ("consistency", "original", "performance"):
    parts = []
    for task in tasks:
        n = int(sizes.get((evidence_study.PRIMARY, task), 0))
        r = relation(evidence_study.PRIMARY, task, score)
        parts.append(
            f"{r['value']:.2f} ({r['low']:.2f} to {r['high']:.2f}) over {n} {task} ones"
            if np.isfinite(r["value"])
            else f"unknown for {n} {task} ones"
        )
    report(f"g_e_agreement_{score}", "; ".join(parts))
turns = []
for task in tasks:
    ahead = {
        relation(evidence_study.PRIMARY, task, "consistency", given)[
            "value"
        ]
        > relation(evidence_study.PRIMARY, task, "original", given)["value"]
        for given in ("nothing", "first score", "second score")
    }
    turns += [f"{task} networks"] if len(ahead) > 1 else []
report("g_e_turns", " and ".join(turns) or "neither task")
report("g_e_motifs", len(evidence_study.MOTIFS), "d")
report("g_e_fewest", evidence_study.measures.FEWEST, "d")
ctcf = measured.query("measure == 'ctcf_occupancy'")
report("g_e_bound", ctcf["n_measured"].max(), ".0f")
report("g_e_unbound", ctcf["n_baseline"].max(), ".0f")
report(
    "g_e_replicates",
    int(sizes.get((evidence_study.PRIMARY, "all"), 0)),
    "d",
)
report("g_e_n", int(sizes.get(("motif_support", "all"), 0)), "d")
for task in tasks:
    for name, measure in (
        ("n", "motif_support"),
        ("pairs", evidence_study.PRIMARY),
    ):
        n = int(sizes.get((measure, task), 0))
        report(f"g_e_{name}_{task}", n, "d")
        for r in (0.5, 0.9):
            known_power = power.get((n, r), np.nan)
            report(
                f"g_e_power_{name}_{task}_{int(10 * r)}",
                known_power,
                estimate,
            )

# %% [markdown]
# ```{glue:figure} fig_evidence
# :name: fig-evidence
# :alt: Scatter plots of the excess of each measurement over its baseline against the final score, binary networks above and quantitative ones below, coloured by architecture, with a line at zero.
#
# Excess of each measurement over its baseline against the final score, one point a network. In the
# first column a point is a configuration: the agreement of its two initialisations against the
# mean of their scores.
# ```
#
# **Do the maps pass?** The agreement of two initialisations is
# {glue:text}`g_e_replicate_agreement_value_min` to
# {glue:text}`g_e_replicate_agreement_value_max`, that of untrained networks
# {glue:text}`g_e_replicate_agreement_baseline_min` to
# {glue:text}`g_e_replicate_agreement_baseline_max`. At 1, task, architecture and training windows
# would fix the map. What is missing to 1 depends on the random numbers of the training: the first
# weights, the order of the windows, dropout.
#
# In units of the mean score of a position, motif support exceeds its baseline by
# {glue:text}`g_e_motif_support_min` to {glue:text}`g_e_motif_support_max`, and occupancy by
# {glue:text}`g_e_ctcf_occupancy_min` to {glue:text}`g_e_ctcf_occupancy_max`. Perturbation exceeds
# its own by {glue:text}`g_e_perturbation_min` to {glue:text}`g_e_perturbation_max` standard
# deviations. A network at or below zero has failed, whatever its logo looks like. Such networks:
# {glue:text}`g_e_replicate_agreement_failed` by agreement,
# {glue:text}`g_e_motif_support_failed` by motif support,
# {glue:text}`g_e_perturbation_failed` by perturbation and
# {glue:text}`g_e_ctcf_occupancy_failed` by occupancy.
#
# A network just above zero has not passed by that: these numbers have no intervals. Occupancy rests
# on {glue:text}`g_e_bound` bound and {glue:text}`g_e_unbound` unbound hits. In perturbation the
# baseline itself lies at {glue:text}`g_e_perturbation_baseline_min` to
# {glue:text}`g_e_perturbation_baseline_max`: the other 6-mers lack the favourable ones, so
# replacing them may even raise the prediction. That adds to the excess of every network.
#
# **Do they follow the score?** A binary network explains a logit, a quantitative one a number of
# tags, so a correlation over both would also compare two tasks. The table therefore keeps them
# apart. Its last column says how likely so many networks are to show a true correlation of 0.5 in a
# two-sided test at the 5 % level.


# %%
def correlation_table(found, given, groups, power):
    """Rank correlations with each score, one row a measure and group."""
    found = found.query("given == @given and networks in @groups")
    found = found.assign(
        r=[
            f"{v:.2f} ({lo:.2f} to {hi:.2f})" if np.isfinite(v) else "–"
            for v, lo, hi in zip(
                found["value"], found["low"], found["high"]
            )
        ]
    )
    keys = ["measure", "networks", "n"]
    shown = found.pivot(
        index=keys, columns="score", values="r"
    ).reset_index()
    shown = shown.rename(columns={"consistency": "final", "gini": "Gini"})
    order = [
        c
        for c in ("final", "original", "Gini", "performance")
        if c in shown
    ]
    shown["power"] = [
        estimate(power.get((n, 0.5), np.nan)) for n in shown["n"]
    ]
    return shown[keys + order + ["power"]].sort_values(
        keys[:2], kind="stable"
    )


rows = labels | second_reading
known = related.reset_index().query("measure in @rows")
known["measure"] = known["measure"].map(rows)
correlation_table(known, "nothing", tasks, power).style.hide(axis="index")

# %% [markdown]
# Intervals are a bootstrap over configurations. Where the ranks agree almost perfectly it has
# little to vary: a narrow interval promises more than so few networks can keep.
#
# The primary measure is replicate agreement. Its rank correlation with each score, over the
# configurations that have two initialisations:
#
# - final score: {glue:text}`g_e_agreement_consistency`;
# - original metric: {glue:text}`g_e_agreement_original`;
# - test performance: {glue:text}`g_e_agreement_performance`.
#
# Agreement belongs to two networks, so we hold it against the mean of their two scores. This was
# changed after seeing the results: at first we took the score of the first network alone. How much
# hangs on that, the next table shows. Final score and original metric change places with the
# choice of the network in: {glue:text}`g_e_turns`. Where they do, so few configurations do not
# decide between them.

# %% tags=["hide-input"]
labels_of = {
    "nothing": "mean of both",
    "first score": "first",
    "second score": "second",
}
by_member = related.reset_index().query(
    "measure == @evidence_study.PRIMARY and given in @labels_of and networks in @tasks"
)
by_member = by_member.assign(
    r=[
        f"{estimate(v)} ({estimate(lo)} to {estimate(hi)})"
        for v, lo, hi in zip(
            by_member["value"], by_member["low"], by_member["high"]
        )
    ],
    given=by_member["given"].map(labels_of),
).pivot(index=["networks", "given"], columns="score", values="r")
by_member.rename(columns={"consistency": "final", "gini": "Gini"}).reindex(
    columns=["final", "original", "Gini", "performance"]
).rename_axis(index=["agreement of", "score of"], columns=None).style

# %% [markdown]
# Over all rows of the first table, {glue:text}`g_e_comparisons` comparisons, the
# final score has the higher correlation in {glue:text}`g_e_final_wins` and the original metric in
# {glue:text}`g_e_original_wins`. That is a count, not a test: the comparisons share networks and
# maps, perturbation counts twice, the higher of two correlations may still be negative, and the
# intervals are wide. The choice of 6-mers matters. By absolute scores the drop among quantitative
# networks correlates {glue:text}`g_e_absolute_consistency` with the final score and
# {glue:text}`g_e_absolute_original` with the original metric.
#
# How much of this is architecture, and how much mere concentration? A map with a few tall peaks is
# taller than its mean at every motif it finds, so its excess grows with concentration alone. For
# the next table we subtract from each rank its mean in the architecture, and then take the
# {term}`partial correlation` with the {term}`Gini coefficient` of the maps held fixed. This uses
# up most of what so few networks have to say: eight networks of four architectures leave three
# free numbers. The intervals take the subtracted means as known and are too narrow. Read the
# table for signs that change, not for sizes.

# %%
correlation_table(known, "architecture and Gini", tasks, power).drop(
    columns="power"
).style.hide(axis="index")

# %% [markdown]
# A third suspect is the first layer. Compare every exponential network with every ReLU network of
# its task: pairs in which the exponential one has the higher final score are
# {glue:text}`g_e_exp_above`. So the first table may mostly compare two activations. Among binary
# networks the second table compares nothing else, for each architecture has one network of either.
# For the last table we subtract from each rank its mean among networks of the same activation.

# %%
correlation_table(known, "activation", tasks, power).drop(
    columns="power"
).style.hide(axis="index")

# %% [markdown]
# Inside an activation the final score has the higher correlation in
# {glue:text}`g_e_inside_final_wins` of {glue:text}`g_e_inside_comparisons` comparisons, the
# original metric in {glue:text}`g_e_inside_original_wins`.
#
# Read all tables with care. A test at the 5 % level finds a true correlation of 0.5 among
# {glue:text}`g_e_n_binary` binary networks with probability {glue:text}`g_e_power_n_binary_5`,
# among {glue:text}`g_e_n_quantitative` quantitative ones with
# {glue:text}`g_e_power_n_quantitative_5`; one of 0.9 with {glue:text}`g_e_power_n_binary_9` and
# {glue:text}`g_e_power_n_quantitative_9`. Agreement has {glue:text}`g_e_pairs_binary` and
# {glue:text}`g_e_pairs_quantitative` configurations: {glue:text}`g_e_power_pairs_binary_5` and
# {glue:text}`g_e_power_pairs_quantitative_5` for 0.5, {glue:text}`g_e_power_pairs_binary_9` and
# {glue:text}`g_e_power_pairs_quantitative_9` for 0.9. These powers are simulated for networks that
# have nothing in common. Ours share architectures, and most quantitative ones are two
# initialisations of one configuration, so their power is probably lower. These are many
# comparisons, and none but the agreement was named as primary.
#
# The measurements are no truth either. Two networks can agree on an artefact. Motif support knows
# only the motifs in its list. And CTCF stands in that list, so motif support and occupancy are not
# two independent witnesses.
#
# ## How many motifs?
#
# A network that has learnt biology should point at more than one kind of site. TF-MoDISco
# {cite:p}`shrikumar2018` cuts the {term}`seqlets <seqlet>`, stretches of high attribution, out of
# the maps and clusters those that resemble each other into *patterns*. It needs many windows, so we
# give it the maps of {glue:text}`g_q_windows` accessible windows of all chromosomes, the same for
# every network. Most of them are training windows. It takes at most {glue:text}`g_q_budget` seqlets
# that speak for accessibility and {glue:text}`g_q_budget` that speak against it.
#
# A pattern is *named* after the JASPAR motif that the method Tomtom {cite:p}`gupta2007` finds most
# similar, if chance would hardly make any of the motifs so similar (p at most 0.05, divided by the
# number of motifs compared). The **seqlet yield** is the number of different names, motifs that
# resemble each other counted once. Baseline: {term}`rotated maps <rotated map>`, which keep every
# score but put it where it does not belong.

# %% tags=["remove-input"] mystnb={"markdown_format": "myst"}
seqlets, seqlets_origin = load_tables("seqlets", run)
if seqlets_origin != origin:
    tell_origin("seqlets", seqlets_origin)

# %%
yields = seqlets["measures"].set_index("model")
best = seqlets["patterns"].query("maps == 'network' and counts")
found_motifs = best.groupby("model")["factor"].agg(", ".join)
shown = yields[["value", "baseline", "n", "n_baseline"]].join(found_motifs)
shown["factor"] = shown["factor"].fillna("–")
shown.iloc[descending(shown["value"])].rename(
    columns={
        "value": "motifs",
        "baseline": "rotated",
        "n": "patterns",
        "n_baseline": "rotated patterns",
        "factor": "which",
    }
).style

# %% tags=["remove-cell"]
mixed = seqlets["patterns"].query("maps == 'network'")
yield_scores = yields.drop(columns="n").merge(
    scores, left_index=True, right_on="id"
)
report("g_q_windows", int(yields["windows"].iloc[0]), ",d")
report("g_q_budget", int(yields["budget"].iloc[0]), ",d")
least, most = int(yields["value"].min()), int(yields["value"].max())
report("g_q_max", most, "d")
report(
    "g_q_range",
    f"{least} to {most} motifs"
    if least < most
    else f"the same number of motifs, {most}",
)
report("g_q_single", int((yields["value"] <= 1).sum()), "d")
report("g_q_no_better", int((yields["excess"] <= 0).sum()), "d")
report("g_q_rotated", yields["baseline"].mean(), ".1f")
named_in = best.groupby("factor")["model"].nunique()
first_named = named_in.round(9).idxmax()
report("g_q_first", first_named)
report("g_q_first_networks", int(named_in.max()), "d")
turned = seqlets["patterns"].query("maps == 'rotated' and counts")
turned = turned[turned["factor"] == first_named]
report("g_q_first_rotated", turned["model"].nunique(), "d")
report("g_q_networks", len(yields), "d")
report("g_q_unnamed", 1 - mixed["named"].mean(), ".0%")
told = []
for task, part in yield_scores.groupby("task"):
    if part["value"].nunique() == 1:
        told.append(
            f"all {len(part)} {task} networks have the same yield, so their excess "
            "differs only by what rotated maps happened to yield, and a correlation "
            "would say nothing about the maps"
        )
        continue
    final, old = (
        spearman(
            part["excess"],
            part[column],
            draws=evidence_study.BOOTSTRAP,
            groups=configuration(part),
            seed=evidence_study.SEED,
        )
        for column in ("consistency_frequency", "kld_original")
    )
    told.append(
        f"among {len(part)} {task} networks it is {final.value:.2f} "
        f"({final.low:.2f} to {final.high:.2f}), and with the original metric "
        f"{old.value:.2f} ({old.low:.2f} to {old.high:.2f})"
    )
report("g_q_correlations", "; ".join(told))

# %% [markdown]
# The networks yield {glue:text}`g_q_range`, and {glue:text}`g_q_single` of
# {glue:text}`g_q_networks` no more than one; rotated maps {glue:text}`g_q_rotated` on average. In
# {glue:text}`g_q_no_better` networks the rotated maps yield as many or more: clusters of stretches
# that merely share their G and C also get names. So at this number of windows and seqlets the yield
# hardly tells the networks apart.
#
# {glue:text}`g_q_first` is named in {glue:text}`g_q_first_networks` of {glue:text}`g_q_networks`
# networks; in rotated maps, of {glue:text}`g_q_first_rotated`. {glue:text}`g_q_unnamed` of the
# patterns match no motif well enough to be named, and add nothing to the yield.
#
# Does the excess over the baseline follow the final score? By rank correlation:
# {glue:text}`g_q_correlations`. It need not follow. The score asks how consistently a map uses its
# words, not how many it knows: one that points at a single motif and at nothing else scores high
# and yields one.
#
# Two rules were set after we had seen the patterns of two networks, before any yield was held
# against a score: ends of patterns without information are cut, and vague JASPAR matrices, which
# match everything, are left out.
#
# ## Along a training
#
# So far each network was looked at once, when its training had ended. What does the score see
# *during* training, and does it notice when a network begins to learn its windows by heart? Labels
# that were held back can tell that. Could a map tell without any?
#
# We trained {glue:text}`g_l_networks` binary CNNs, {glue:text}`g_l_inits` initialisations of each
# activation, on only {glue:text}`g_l_windows` windows and without early stopping. Before the first
# and after every epoch we looked at their maps of accessible test windows. These are fewer windows
# than in the rest of the chapter, so compare the scores with each other only.

# %% tags=["remove-input"] mystnb={"markdown_format": "myst"}
learning, learning_origin = load_tables("learning", run)
if learning_origin != origin:
    tell_origin("learning", learning_origin)

# %% tags=["remove-output", "hide-input"]
epochs, together = learning["epochs"], learning["agreement"]
epochs["final"] = learning_study.final_scores(epochs, tables["weights"])
fig, axes = plt.subplots(
    4, 2, figsize=(figures.WIDTH, 8.4), sharex=True, sharey="row"
)
kinds = [
    a for a in figures.ACTIVATION_NAMES if a in set(epochs["activation"])
]
for column, kind in zip(axes.T, kinds):
    part = epochs[epochs["activation"] == kind]
    mean = part.groupby("epoch").mean(numeric_only=True)
    colour = figures.ACTIVATION_COLOURS[kind]
    for ax, wanted in zip(
        column,
        (
            {"auroc_test": "test", "auroc_train": "training"},
            {"final": None},
            {"kld_original": None},
        ),
    ):
        for (name, label), line in zip(wanted.items(), ("-", ":")):
            for _, one in part.groupby("init"):
                ax.plot(
                    one["epoch"], one[name], color=colour, lw=0.6, alpha=0.5
                )
            ax.plot(mean[name], color="black", ls=line, lw=1.6, label=label)
    agreed = together[together["activation"] == kind]
    column[3].fill_between(
        agreed["epoch"],
        agreed["lowest"],
        agreed["highest"],
        color=colour,
        alpha=0.3,
        lw=0,
    )
    column[3].plot(
        agreed["epoch"], agreed["agreement"], color="black", lw=1.6
    )
    curves = (
        mean["auroc_test"],
        mean["final"],
        mean["kld_original"],
        agreed.set_index("epoch")["agreement"],
    )
    for ax, curve in zip(column, curves):
        ax.plot(
            curve.round(9).idxmax(), curve.max(), "o", color="black", ms=6
        )
    column[0].set_title(figures.ACTIVATION_NAMES[kind])
    column[3].set_xlabel("epoch")
for ax, label in zip(
    axes[:, 0],
    ("AUROC", "final score (nats)", "original (nats)", "agreement"),
):
    ax.set_ylabel(label)
axes[0, 0].legend(loc="lower right")
figures.show("fig_learning")

# %% tags=["remove-cell"]
report("g_l_networks", len(epochs.groupby(["activation", "init"])), "d")
report("g_l_inits", epochs["init"].nunique(), "d")
report("g_l_windows", int(epochs["windows"].iloc[0]), ",d")
report("g_l_epochs", int(epochs["epoch"].max()), "d")
ends = epochs.sort_values("epoch", kind="stable").groupby(
    ["activation", "init"]
)["kld_original"]
report("g_l_original_falls", int((ends.last() < ends.first()).sum()), "d")
for kind in kinds:
    mean = (
        epochs[epochs["activation"] == kind]
        .groupby("epoch")
        .mean(numeric_only=True)
    )
    mean["agreement"] = together[together["activation"] == kind].set_index(
        "epoch"
    )["agreement"]
    report(
        f"g_l_{kind}_best", int(mean["auroc_test"].round(9).idxmax()), "d"
    )
    for name, told in (
        ("auroc_train", "last"),
        ("auroc_test", "last top"),
        ("final", "first last top peak"),
        ("kld_original", "first last"),
        ("agreement", "last top peak"),
    ):
        values = {
            "first": mean[name].iloc[0],
            "last": mean[name].iloc[-1],
            "top": mean[name].max(),
            "peak": int(mean[name].round(9).idxmax()),
        }
        for which in told.split():
            form = (
                "d"
                if which == "peak"
                else ".3f"
                if name == "final"
                else ".2f"
            )
            report(f"g_l_{kind}_{name}_{which}", values[which], form)
    single = epochs[epochs["activation"] == kind]
    peaks = single.round({"final": 9}).loc[
        lambda t: t.groupby("init")["final"].idxmax(), "epoch"
    ]
    by_init = single.pivot(index="epoch", columns="init", values="final")
    rise = by_init.max() - by_init.iloc[0]
    kept = (by_init.iloc[-1] - by_init.iloc[0]) / rise
    report(f"g_l_{kind}_kept_low", kept.min(), ".0%")
    report(f"g_l_{kind}_kept_high", kept.max(), ".0%")
    others = by_init.drop(columns=by_init.max().round(9).idxmax())
    report(
        f"g_l_{kind}_peak_without",
        int(others.mean(axis=1).round(9).idxmax()),
        "d",
    )
    report(f"g_l_{kind}_final_peak_low", int(peaks.min()), "d")
    report(f"g_l_{kind}_final_peak_high", int(peaks.max()), "d")
    above = mean["final"].iloc[1:] > mean["final"].iloc[0]
    flat = int(above.idxmax()) - 1 if above.any() else int(mean.index[-1])
    report(f"g_l_{kind}_flat", flat, "d")
    report(f"g_l_{kind}_auroc_flat", mean.loc[flat, "auroc_test"], ".2f")

# %% [markdown]
# ```{glue:figure} fig_learning
# :name: fig-learning
# :alt: Four rows of line plots against the epoch, one column for each activation: AUROC on training and test windows, final score, original metric, and agreement of initialisations. Training AUROC rises towards one while test AUROC levels off; the final score and the agreement have their highest point, marked by a dot, before the end.
#
# Networks along their training on {glue:text}`g_l_windows` windows. Thin: single initialisations;
# black: their mean; dotted: training windows. Band: lowest and highest agreement of any two
# initialisations. Dot: the highest point of a mean. Epoch 0 is untrained.
# ```
#
# By accuracy, nothing alarming happens. Training AUROC rises to
# {glue:text}`g_l_relu_auroc_train_last` (ReLU) and {glue:text}`g_l_exp_auroc_train_last`
# (exponential): the networks know their windows by heart. Test AUROC pays hardly a price. It is
# highest at epochs {glue:text}`g_l_relu_best` and {glue:text}`g_l_exp_best` of
# {glue:text}`g_l_epochs`, {glue:text}`g_l_relu_auroc_test_top` and
# {glue:text}`g_l_exp_auroc_test_top`, and ends at {glue:text}`g_l_relu_auroc_test_last` and
# {glue:text}`g_l_exp_auroc_test_last`.
#
# Agreement changes more. Initialisations agree most at epochs
# {glue:text}`g_l_relu_agreement_peak` and {glue:text}`g_l_exp_agreement_peak`
# ({glue:text}`g_l_relu_agreement_top` and {glue:text}`g_l_exp_agreement_top`), and less at the end
# ({glue:text}`g_l_relu_agreement_last` and {glue:text}`g_l_exp_agreement_last`). So networks that
# predict about equally well can explain themselves less alike after a longer training, though far
# more alike than in the first epochs.
#
# The final score is slower to start. Until epochs {glue:text}`g_l_relu_flat` and
# {glue:text}`g_l_exp_flat` its mean is no higher than for untrained networks, though test AUROC has
# already reached {glue:text}`g_l_relu_auroc_flat` and {glue:text}`g_l_exp_auroc_flat`. Then it
# rises, stays about level, and falls slowly. With ReLU it is {glue:text}`g_l_relu_final_first` nats
# untrained, {glue:text}`g_l_relu_final_top` at best and {glue:text}`g_l_relu_final_last` at the
# end; with the exponential {glue:text}`g_l_exp_final_first`, {glue:text}`g_l_exp_final_top` and
# {glue:text}`g_l_exp_final_last`. Of its own rise a network keeps at the end
# {glue:text}`g_l_relu_kept_low` to {glue:text}`g_l_relu_kept_high` (ReLU) and
# {glue:text}`g_l_exp_kept_low` to {glue:text}`g_l_exp_kept_high` (exponential): one that predicts
# well can score about as low as one that never learnt.
#
# The means are highest at epochs {glue:text}`g_l_relu_final_peak` and
# {glue:text}`g_l_exp_final_peak`, before agreement is. But the top is flat, and single
# initialisations have theirs anywhere from epoch {glue:text}`g_l_relu_final_peak_low` to
# {glue:text}`g_l_relu_final_peak_high` (ReLU) and {glue:text}`g_l_exp_final_peak_low` to
# {glue:text}`g_l_exp_final_peak_high` (exponential). Under both activations one initialisation
# scores above the others; without it the means are highest at epochs
# {glue:text}`g_l_relu_peak_without` and {glue:text}`g_l_exp_peak_without`. So the score needs no
# labels and does change as networks learn by heart, but from one network it would not tell when to
# stop.
#
# The original metric starts at {glue:text}`g_l_relu_kld_original_first` (ReLU) and
# {glue:text}`g_l_exp_kld_original_first` nats (exponential) for *untrained* networks and ends at
# {glue:text}`g_l_relu_kld_original_last` and {glue:text}`g_l_exp_kld_original_last`. In
# {glue:text}`g_l_original_falls` of {glue:text}`g_l_networks` networks it is lower after the last
# epoch than before the first, as if they had explained themselves best when they knew nothing. A
# likely reason, which we did not test: it counts only the 6-mers that lie wholly inside stretches
# of high scores. These are few, and a KLD of few counts is too high for any map.
#
# These are curves of one architecture on few windows, and the epochs of one training are not
# independent of each other: a description, without a test.
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
# - Four measurements could contradict a map. Named in advance was replicate agreement. Its rank
#   correlations over configurations: with the final score,
#   {glue:text}`g_e_agreement_consistency`; with the original metric,
#   {glue:text}`g_e_agreement_original`. The two change places, when the score of one network stands
#   for that of both, in: {glue:text}`g_e_turns`.
# - Of {glue:text}`g_e_comparisons` comparisons inside a task, the final score has the higher
#   correlation with the measurement in {glue:text}`g_e_final_wins`, the original metric in
#   {glue:text}`g_e_original_wins`; inside an activation, in {glue:text}`g_e_inside_final_wins` and
#   {glue:text}`g_e_inside_original_wins`. So few networks show only strong relations.
# - Networks that learnt their windows by heart nearly kept their test accuracy, while their maps
#   came to agree less between initialisations. The final score rose from
#   {glue:text}`g_l_relu_final_first` to {glue:text}`g_l_relu_final_top` and fell to
#   {glue:text}`g_l_relu_final_last` nats (ReLU); with the exponential it went from
#   {glue:text}`g_l_exp_final_first` to {glue:text}`g_l_exp_final_top` and back to
#   {glue:text}`g_l_exp_final_last`. Single networks differ in when.
# - Whether the higher score belongs to the *better* explanation, this chapter cannot say. The
#   score measures consistency, not correctness.
# ```
#
# ## Limits
#
# Nothing in this chapter is checked against a truth; the measurements of *Evidence beyond looking*
# and the seqlet yield are indirect, and only replicate agreement was named as primary in advance.
# The pairs, the peaks and the example were chosen by stated rules, but the eye judges the logos.
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
