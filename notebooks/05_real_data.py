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
# ```{admonition} The answer
# :class: important
# Yes, if they differ much: in {glue:text}`g_clear` of {glue:text}`g_pairs` pairs of networks, chosen to
# predict about equally well and differ most in {term}`final score`, they do so by more than the choice of
# windows explains. What it tells apart is above all whether the first layer uses the exponential or the ReLU
# {term}`activation <activation function>`. To tell apart is not to be right, and nothing here says which network
# of a pair is: {doc}`a later chapter <12_truth_on_dna>` plants a truth in real DNA.
# ```
#
# ```{admonition} After this chapter you can
# :class: tip
# - put real networks beside a baseline that is no network at all;
# - score maps for which no truth exists, with weights learnt elsewhere;
# - choose pairs and examples by rules that were fixed before looking;
# - recognise a correlation that turns around inside groups.
# ```
#
# *You need:* the first four chapters. *Reading time:* 25 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are shown
top: int = 8  # k-mers in the table
within: float = 0.02  # networks match within this Pearson r
window: int = 60  # positions drawn, in the middle of a peak
seed: int = 0  # seeds the bootstrap

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution_consistency import motifs
from attribution_consistency.rounding import descending
from attribution_consistency.uncertainty import paired_difference
from compendium import paths
from compendium.chapters import real_data, tell_origin
from compendium.chapters.real_data_matching import matched_pairs
from compendium.page import explorer, figures
from compendium.page.claims import expect, report
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
# surroundings. Our cells are GM12878, a {term}`cell line` of human B cells {cite:p}`encode2012`.
#
# The data set {cite:p}`min2017` holds {glue:text}`g_sequences` windows of {glue:text}`g_length`
# nucleotides of the human genome. Each has two kinds of answer. The *binary* one is whether the
# window overlaps a hotspot. The *quantitative* one is the logarithm of the number of tags in it.
# Chromosome 8 tests the networks, chromosome 9 decides when to stop training, all others but Y
# train. The maps that we score are those of the {glue:text}`g_mapped` accessible test windows.
#
# These windows are no random sample of the genome: some overlap their neighbours, and many stand around
# the peaks of a few experiments, so open windows are far too common.
# {doc}`../book/accessibility_data` lists the traps of the files. And this is not the data of the paper
# {cite:p}`chen2025`. Its networks were trained on ATAC-seq, another {term}`assay`, in windows ten times
# as long {cite:p}`toneyan2022`.
#
# ## Is a network needed at all?
#
# We compare {glue:text}`g_networks` networks. *Binary* networks predict the label, *quantitative*
# ones the tags, of GM12878 alone (`gm12878` in the name) or of four cell lines (`four`). The first
# layer is ReLU or exponential. The architectures are a plain {term}`CNN <convolutional network
# (CNN)>`, a `residual` network of {term}`dilated residual blocks <dilated residual block>`
# {cite:p}`koo2023`, and small relatives of Basset {cite:p}`kelley2016`, Basenji {cite:p}`kelley2018`
# and BPNet {cite:p}`avsec2021`.
#
# Only what a network predicts better than a simple model, a *baseline*, needs a network to explain
# it. Our baseline is a {term}`ridge regression` on the counts of all 5-mers: it knows which words a
# window holds, but neither where nor in which order. Labels are judged by {term}`AUROC`, tags by
# {term}`Pearson's r <Pearson correlation>`.

# %%
scored = real_data.compared(scores)
quantitative = scored[scored["task"] == "quantitative"]
best = quantitative[["pearson", "pearson_accessible"]].max()
best["auroc"] = scored["auroc"].max()
asked = {
    "auroc": "open or closed? (AUROC)",
    "pearson": "how many tags? (Pearson r)",
    "pearson_accessible": "the same, open windows only (r)",
}
both = {"best network": best, "5-mer counts": tables["baseline"].iloc[0]}
both = pd.DataFrame(both).loc[list(asked)].astype(float)
both.rename(asked).style.format(precision=3, na_rep="–")

# %% tags=["remove-input"]
found = tables["counts"].set_index("name")["value"]
for name in ("sequences", "length", "mapped"):
    report(f"g_{name}", found[name], ",.0f")
report("g_networks", len(scored), "d")
lead = both["best network"] - both["5-mer counts"]
expect("the networks win the first two questions", lead[:2].min() > 0)
expect("they do not win the third", lead["pearson_accessible"] <= 0)

# %% [markdown]
# The networks win the first two questions. They do not win the third: how open a window is, among
# windows that are all open, no network predicts better than counted words. It is not what they were
# trained for, since nearly all of the variance lies between open and closed windows. But a network
# of real data knows less than its first score suggests.
#
# ## What one network looks at
#
# We look at one network before we score them all. It is chosen by a rule that ignores the maps: of
# the quantitative CNNs the one with the highest test r. As in the third chapter we take the
# attribution-weighted frequency $q$ of every 6-mer. There we saw that even a map that says nothing,
# with the same score everywhere, makes common words commoner. So we list the words that stand out
# against such a *constant* map.

# %%
words = tables["kmers"].copy()
constant = words["p"] ** 2 / (words["p"] ** 2).sum()
words["times"] = words["q"] / constant
with np.errstate(divide="ignore", invalid="ignore"):
    words["nats"] = (words["q"] * np.log(words["times"])).fillna(0)
most = words.iloc[descending(words["nats"])].head(top)
names = most["kmer"].map(motifs.fitting_names).str.split(", ")
most = most.assign(fits=names.str[:3].str.join(", "))
columns = {
    "kmer": "word",
    "times": "times as frequent",
    "nats": "adds (nats)",
    "fits": "fits motifs",
}
most[list(columns)].rename(columns=columns).style.format(
    {"times as frequent": "{:.1f}", "adds (nats)": "{:.4f}"}
).hide(axis="index")

# %% tags=["remove-cell"]
logs = np.log(words["q"] / words["p"]).where(words["q"] > 0, 0)
report("g_kld", (words["q"] * logs).sum(), ".2f")
report("g_excess", words["nats"].sum(), ".2f")
report("g_top_motif", names.iloc[0][0])

# %% [markdown]
# The first number says how often the word occurs where the network looks, against the constant map;
# the second, what it adds to the divergence. Beside them are the three motifs of JASPAR
# {cite:p}`mathelier2016` that the word fits best, for the first word {glue:text}`g_top_motif`. A fit
# says that a word *could* belong to a motif, not that the protein binds there.
#
# Now the sobering part. The KLD of these 6-mers is {glue:text}`g_kld` nats. Measured against the
# constant map, {glue:text}`g_excess` are left. Most of a KLD on real DNA is the {term}`floor` that
# every map gets for free, so only differences between networks on the same windows mean something.
#
# ## Equal accuracy, different scores
#
# The final score sums the KLDs of all word lengths, each with its {term}`length weight
# <length weights>`. Weights need a truth to be learnt from. Here there is none, so we take those of
# the simulated networks, unchanged. Nothing guarantees that they suit real DNA.
#
# If accuracy vouched for consistent explanations, the networks would line up in the next figure. We
# also look for **matched pairs**, by a rule fixed before any score was seen:
#
# 1. Divide the networks of each task into three levels of performance, 1 the lowest. Performance is the
#    test r, the Pearson correlation of what a network predicts with the measured tags.
# 2. Two networks of one task match if their r differs by at most {glue:text}`g_within`, about as
#    much as chance in the choice of test windows explains.
# 3. At each level take the matching pair, of either task, whose final score differs most.

# %%
blocks = real_data.intervals(tables["blocks"])
scored["final"] = [blocks[i].estimate for i in scored["id"]]
scored["low"] = [blocks[i].low for i in scored["id"]]
scored["high"] = [blocks[i].high for i in scored["id"]]
pairs = matched_pairs(scored, "pearson", "final", within)
weights = tables["weights"].set_index("k")["weight"]
floors = scored[[f"floor_frequency_k{k}" for k in weights.index]].iloc[0]
floor = (weights.to_numpy() * floors).sum()

# %% tags=["remove-output"]
by_id = scored.set_index("id")
tasks = list(scored.groupby("task"))
fig, axes = plt.subplots(
    1, len(tasks), figsize=(7, 4.2), sharex=True, squeeze=False
)
for ax, (task, part) in zip(axes[0], tasks):
    axis_labels = "final score (nats)", "test Pearson r"
    figures.by_architecture(
        ax, part, "final", "pearson", *axis_labels, ("low", "high")
    )
    ax.axvline(floor, color="black", lw=0.8, ls=":")
    ax.set_title(task)
    for _, pair in pairs[pairs["task"] == task].iterrows():
        ends = by_id.loc[[pair["low"], pair["high"]], ["final", "pearson"]]
        ax.plot(*ends.to_numpy().T, color="black", ls="--", lw=1)
        ax.text(*ends.mean(), pair["level"], weight="bold", ha="right")
figures.legend_below(fig)
figures.show("fig_performance")

# %% tags=["remove-input"]
# For readers on a screen: point at a network, see what it is and one of its maps.
ranked = scored.iloc[descending(scored["final"])].set_index("id")
maps = np.array([real_data.logo_values(tables, i, 1) for i in ranked.index])
middle = slice((maps.shape[1] - 50) // 2, (maps.shape[1] + 50) // 2)
peak = tables["peaks"].set_index("peak").loc[1]
facts = ranked[["task", "architecture"]].assign(
    **{
        "first layer": ranked["activation"].map(figures.ACTIVATION_NAMES),
        "Pearson r": ranked["pearson"].map("{:.3f}".format),
        "final score": ranked["final"].map("{:.3f}".format),
    }
)
explorer.explore(
    "fig-performance",
    fig,
    [
        (
            ax,
            ranked["final"].where(ranked["task"] == task),
            ranked["pearson"],
        )
        for ax, (task, _) in zip(axes[0], tasks)
    ],
    facts,
    sequence=peak["sequence"][middle],
    scores=maps.sum(axis=2)[:, middle],
)

# %% [markdown]
# ```{glue:figure} fig_performance
# :name: fig-performance
# :alt: Two scatter plots of test Pearson r against the final score, one for binary and one for quantitative networks, with horizontal intervals. Colour shows the architecture, circles ReLU and triangles exponential activation; dashed lines join matched pairs.
#
# Performance against the final score of {glue:text}`g_networks` networks. Bars: 95 %
# {term}`jackknife` intervals over blocks of neighbouring windows. Dashed and numbered: the matched
# pairs, by level of performance. Dotted: the score of a constant map. The vertical scales differ.
# This rebuilds figure 4a of the paper with our networks. On a screen, choose a network to see what
# it is and its attribution logo at the peak drawn below.
# ```
#
# Do accuracy and score go together? Here is their rank correlation inside each task, with a 95 %
# bootstrap interval.

# %%
ours = {
    task: spearman(
        part["final"],
        part["pearson"],
        groups=configuration(part).to_numpy(),
        seed=seed,
    )
    for task, part in tasks
}
table = pd.DataFrame(ours, index=["correlation", "low", "high"])
table.T.style.format(precision=2, na_rep="–")

# %%
gaps = [
    paired_difference(blocks[high], blocks[low])
    for high, low in zip(pairs["high"], pairs["low"])
]
shown = pairs[["level", "task", "difference", "high", "low"]].assign(
    difference=[
        f"{g.estimate:.2f} ({g.low:.2f} to {g.high:.2f})" for g in gaps
    ]
)
for side in ("high", "low"):
    shown[side] = shown[side].str.replace(r"^[a-z]+-", "", regex=True)
shown.rename(
    columns={"high": "higher network", "low": "lower network"}
).style.hide(axis="index")

# %% tags=["remove-input"]
clear = sum(g.low > 0 for g in gaps)
smallest = min((g.estimate for g in gaps), default=np.nan)
usable = scores[scores["status"] == "ok"]
repeated = usable.groupby(configuration(usable))["consistency_frequency"]
repeated = repeated.agg(["count", np.ptp]).query("count > 1")["ptp"]
kinds = [by_id.loc[pairs[s], "activation"] for s in ("high", "low")]
inside = ["task", "architecture"]
low = scored.query("activation == 'exp'").groupby(inside)["final"].min()
high = scored.query("activation == 'relu'").groupby(inside)["final"].max()
lead = (low - high).dropna()
report("g_within", within, "g")
report("g_pairs", len(pairs), "d")
report("g_clear", clear, "d")
report("g_pairs_smallest", smallest, ".2f")
report("g_inits_largest", repeated.max(), ".2f")
expect(
    "both intervals of the correlation hold zero",
    all(r.low < 0 < r.high for r in ours.values()),
)
expect("every difference is clear", clear == len(pairs) > 0)
expect("another initialisation changes less", smallest > repeated.max())
expect(
    "exponential networks score higher in every pair",
    {*kinds[0]} == {"exp"} and {*kinds[1]} == {"relu"},
)
expect("and within every architecture", lead.min() > 0)

# %% [markdown]
# - **Accuracy does not vouch for the score.** Both correlations have intervals that hold zero. With
#   so few networks they rule little out, in either direction; the binary ones are too few for any
#   statement.
# - **The pairs differ.** The table shows the difference of the two final scores with its 95 %
#   interval: all {glue:text}`g_clear` lie above zero, so other windows of this kind would hardly
#   turn the order around. Each pair was picked because it differs most, so its difference is more
#   likely too large than too small.
# - **It is not the luck of one training.** We trained every network twice, from two
#   {term}`initialisations <initialisation>`; for some, the figure has a point for both. The scores of
#   such twins differ by at most {glue:text}`g_inits_largest`, those of the pairs by at least
#   {glue:text}`g_pairs_smallest`.
# - **The pairs compare activations.** In each pair the higher network has an exponential first layer, the
#   lower one ReLU. More than that: inside each architecture and task, every triangle of the figure
#   stands right of every circle. Exponential activations are known to make filters more like
#   motifs {cite:p}`koo2021`.
#
# ## Looking at the pairs
#
# Choosing a peak because its logo is pretty would prove nothing. Ours is chosen by the measurement
# alone: the accessible test window with the most tags. The files cut every count off at a largest value,
# the *cap*. Windows that reach it are left out, since so many tags are a sign of repeated sequence.

# %% tags=["remove-output", "hide-input"]
rows = [
    (f"pair {pair['level']}, {side}er: {pair[side]}", pair[side])
    for _, pair in pairs.iterrows()
    for side in ("high", "low")
] or [(name, name) for name in ranked.index[:1]]
size = 7, 1.1 * len(rows) + 0.5
fig, axes = plt.subplots(len(rows), figsize=size, squeeze=False)
for ax, (title, name) in zip(axes[:, 0], rows):
    values = real_data.logo_values(tables, name, 1)
    first = max(0, (len(values) - window) // 2)
    figures.logo(ax, values[first : first + window], first + 1)
    ax.set_title(title, fontsize="small")
    ax.set(xticks=[], yticks=[0])
fig.supylabel("gradient × input", fontsize="medium")
figures.show("fig_real_logos")

# %% [markdown]
# ```{glue:figure} fig_real_logos
# :name: fig-real-logos
# :alt: Attribution logos of the networks of the matched pairs, one row a network, along the middle of one window. Letters point up or down from zero. Some stretches are tall in several rows, others in one row only.
#
# Scores (corrected gradient times input) of the matched pairs in the middle of one accessible
# window. Letters above zero speak for accessibility, those below against it. Each row has its own
# scale. This rebuilds figure 4b of the paper.
# ```
#
# Do the networks with the higher score draw clearer pictures? Judge for yourself, and then
# distrust the judgement. A picture looks clear when few letters are tall, and the score favours
# just such pictures. That both agree does not show that the tall letters matter to the cell.
#
# ## Compare like with like
#
# Majdandzic and colleagues {cite:p}`majdandzic2022` published a mean attribution KLD and the test r
# of networks on the GM12878 task of the paper. Do the more consistent ones predict better? We take
# the quantitative networks, all together and inside two architectures.

# %%
published = pd.read_csv(paths.published() / "gm12878_published.csv")
published = published.query("task == 'quantitative'").assign(
    architecture=published["model"].str.extract(r"^([a-z]+)", expand=False),
    activation=published["model"].str.extract("(exp)$").fillna("relu"),
)
groups = {
    "all": published,
    "CNN": published.query("architecture == 'cnn'"),
    "residual": published.query("architecture == 'residual'"),
}
theirs = {
    name: spearman(part["kld_attr_mean"], part["pearson_r"], seed=seed)
    for name, part in groups.items()
}
table = pd.DataFrame(theirs, index=["correlation", "low", "high"])
table.T.style.format(precision=2)

# %% tags=["remove-output"]
fig, ax = plt.subplots(figsize=(6, 4.2))
columns = "kld_attr_mean", "pearson_r"
labels = "mean attribution KLD (nats)", "test Pearson r"
figures.by_architecture(ax, published, *columns, *labels)
colours = ("black", figures.BLUE, figures.ORANGE)
for part, colour in zip(groups.values(), colours):
    fit = np.polynomial.Polynomial.fit(*part[list(columns)].to_numpy().T, 1)
    ax.plot(*fit.linspace(2), color=colour, lw=1.5)
figures.legend_below(fig, 3)
figures.show("fig_published")

# %% [markdown]
# ```{glue:figure} fig_published
# :name: fig-published
# :alt: Scatter plot of test Pearson r against a published KLD for quantitative networks. A black line over all falls, while the coloured lines inside the CNN and the residual networks rise.
#
# Performance against the mean attribution KLD of published quantitative networks. Lines: least
# squares over all (black) and inside two architectures. Data: Majdandzic and colleagues
# {cite:p}`majdandzic2022`.
# ```
#
# Pooled, the networks with the higher KLD predict *worse*. Inside one architecture no fall is seen:
# among CNNs the interval spans zero and excludes little, and among residual networks the
# correlation rises. This is Simpson's paradox {cite:p}`simpson1951`: residual networks predict
# better and have lower KLDs than CNNs, so the pooled correlation compares two architectures, not
# accuracy and consistency.
#
# The trap has a second level. Every residual network with an exponential first layer (triangles)
# has both a higher KLD and a higher r than every one with ReLU (circles). So the correlation inside
# this architecture compares two activations.
#
# ## Would another score choose the same?
#
# No truth says here which score is right. But we can ask whether others order our networks alike:
# a final score from *short words* of up to six letters, the {term}`original metric`, the
# {term}`geometric method`, and the {term}`Gini coefficient`, which knows no words and only asks how
# unevenly the attribution lies. The table has their rank correlation with the final score, inside
# each task.

# %%
short = real_data.intervals(tables["blocks"], "consistency_short")
scored["short"] = [short[i].estimate for i in scored["id"]]
rivals = ["short", "kld_original", "kld_geometric", "gini"]
agreement = scored.groupby("task")[["final", *rivals]].corr("spearman")
agreement = agreement["final"].unstack()[rivals]
agreement.set_axis(
    ["short words", "original metric", "geometric method", "Gini"], axis=1
).style.format(precision=2, na_rep="–")

# %% tags=["remove-input"]
report("g_short", agreement["short"].min(), ".2f")
expect(
    "the Gini coefficient agrees more than the original metric does",
    (agreement["gini"] > agreement["kld_original"]).all(),
)

# %% [markdown]
# The long words do not decide: without them the order is nearly the same, with a rank correlation of
# at least {glue:text}`g_short`. The Gini coefficient orders the networks much as the final score does, the
# original metric less so. So much of what the score sees here may be how concentrated a map is.
# Agreement is not truth: two scores can agree because they share a fault.
#
# ```{admonition} Key points
# :class: note
# - On {glue:text}`g_mapped` real windows the score tells networks apart: {glue:text}`g_clear` of
#   {glue:text}`g_pairs` matched pairs differ by more than the choice of windows explains.
# - What it tells apart is above all an exponential first layer from ReLU. Accuracy does not vouch
#   for the score, though so few networks rule little out.
# - Most of a KLD on real DNA is the floor that every map gets. Compare networks on the same windows.
# - Pooled over architectures a correlation can fall where it rises inside each. Compare like with
#   like.
# - The score measures consistency, not correctness. Whether the higher score belongs to the
#   *better* explanation takes a truth, and {doc}`12_truth_on_dna` plants one.
# ```
#
# ## Limits
#
# Nothing in this chapter is checked against a truth. A network that consistently follows an artefact
# of the assay, such as the sequences that DNase I prefers to cut, would score well. The networks are
# few and no random sample of anything. Because windows overlap, the jackknife leaves out whole blocks of
# neighbours, but some dependence stays.
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
# One more prediction can fail: maps that know nothing should score below every network.
# {doc}`06_controls` tries to fool the score with such maps. To run this chapter with other
# parameters, see {doc}`../book/how_to_rerun`.
#
# ## With another parameter
#
# The first command runs this chapter alone and opens its page; the second does the same with plain papermill:
#
# ```
# .venv/bin/python -m compendium chapter 05_real_data within=0.01
# .venv/bin/papermill results/default/notebooks/05_real_data.ipynb \
#   again.ipynb -p within 0.01
# ```
