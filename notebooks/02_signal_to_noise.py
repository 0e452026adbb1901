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
# # Signal and noise in an explanation
#
# Ask a trained network which bases made it call a sequence positive: the answer is a number for
# every base, an {term}`attribution map`. Two networks that predict almost equally well can give
# very different maps. **How do we measure which map is closer to the truth?**
#
# ```{admonition} The answer
# :class: important
# On simulated DNA we know the motifs, so we divide what a map gives to them by its tallest letters
# elsewhere: the *signal-to-noise ratio* (SNR), which is 1 when both are equally tall. Two networks of
# nearly equal accuracy can lie far apart, {glue:text}`pair_clear_snr` against
# {glue:text}`pair_noisy_snr`. Accuracy is a weak hint at the clearer map: in our zoo, without the few
# networks whose maps speak against the motifs, even this hint would be uncertain.
# ```
#
# ```{admonition} After this chapter you can
# :class: tip
# - compute a saliency map and turn it into one score for each position;
# - measure a map against the truth with the signal-to-noise ratio;
# - say how much accuracy tells about explanations, and how much it leaves open.
# ```
#
# *You need:* the first chapter, and an idea of what a derivative is. *Reading time:* 15 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are shown
window: int = 80  # positions drawn
matched_within: float = 0.01  # largest AUROC difference in a pair
seed: int = 0  # seeds the bootstrap

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from attribution_consistency import sequences, signal_to_noise
from attribution_consistency.maps import gradient_correction
from attribution_consistency.rounding import descending
from compendium import paths, store
from compendium.chapters import signal_to_noise as two_maps
from compendium.chapters import tell_origin
from compendium.page import figures
from compendium.page.claims import expect, report
from compendium.spans import spans
from compendium.stats import spearman
from compendium.tables import configuration

figures.style()

# %% [markdown]
# ## What a network thinks of each base
#
# A network does not read letters. It reads a *one-hot* table $X$ with one row for each position
# and one column for each base: 1 for the base that is there, 0 for the others. It returns
# one number, the *logit* $f(X)$. Above zero the network calls the sequence positive, and the larger
# the logit, the surer it is. A *sigmoid* turns the logit into a probability.
#
# ```{margin} For readers new to machine learning
# A gradient is a sensitivity: how much the output would move if one input moved a little. The
# computer gets it by the chain rule, back through all layers. Training uses the same gradients,
# but with respect to the weights; here the weights stay as they are, and the *sequence* varies.
# ```
#
# The **saliency map** {cite:p}`simonyan2013` is the gradient of the logit,
#
# ```{math}
# :label: eq-saliency
# A_{ic} = \frac{\partial f(X)}{\partial X_{ic}} ,
# ```
#
# the change of the logit per unit change of $X$ at position $i$ and base $c$. We differentiate the
# logit and not the probability, because the probability hardly moves where the network is sure.
#
# One part of the gradient carries no information. The four entries of a position of $X$ always
# sum to 1, so no sequence shows what happens when all four rise together. We subtract that part,
# the mean of the four: $A_{ic} \leftarrow A_{ic} - \tfrac14 \sum_b A_{ib}$. This *gradient correction*
# is due to Majdandzic and colleagues {cite:p}`majdandzic2023`. The paper that this book reproduces
# does not use it; here it is on unless we say otherwise.
#
# The **score** of a position, $s_i = \sum_c A_{ic} X_{ic}$, is the entry of the base that is
# there. It says how much, by the slope alone, this base raises the logit above the mean of the four
# bases. A positive score speaks for the positive class, a negative one against it.
#
# ## Two networks, one sequence
#
# Accuracy here is the {term}`AUROC` on the test sequences: the probability that a network ranks a
# random positive sequence above a random negative one. We pick two networks by a fixed rule: of all
# pairs whose AUROC differs by at most {glue:text}`matched_within`, the one whose maps differ most in
# the ratio that this chapter is about. We call them the *clear* and the *noisy* network. They are an
# extreme pair, chosen to show that such pairs exist.

# %%
table, _ = paths.load_scores(run, "synthetic")
table = table[table["status"] == "ok"].reset_index(drop=True)
clear, noisy = two_maps.matched_pair(table, "snr", matched_within)
pair = pd.DataFrame({"network": [clear, noisy]}, ["clear", "noisy"])
auroc = table.set_index("id")["auroc"]
pair["AUROC"] = pair["network"].map(auroc)
pair.style.format(precision=3)

# %% [markdown]
# We read their maps of the same positive test sequences and compute the scores, and also the ratio,
# `snr`, which the next section explains.

# %%
data = store.load(paths.Run(run).data("synthetic"))
maps = {
    name: paths.read_maps(run, "synthetic", model)["a"]
    for name, model in pair["network"].items()
}
rows = paths.read_maps(run, "synthetic", clear)["rows"]
x = sequences.codes_to_one_hot(data["codes"][rows])
motif, spacer = data["motif_mask"][rows], data["spacer_mask"][rows]

scores = {
    n: (gradient_correction(a) * x).sum(axis=2) for n, a in maps.items()
}
seen = {"motif_mask": motif, "spacer_mask": spacer}
snr = pd.DataFrame(
    {n: signal_to_noise(x, a, **seen) for n, a in maps.items()}
)

# %% [markdown]
# Which sequence shall we draw? One where the clear network visibly marks a motif and the noisy one
# does not. The table `shown` has what the picture draws.

# %%
both = np.array([scores["clear"], scores["noisy"]])
ratios = snr.to_numpy().T
example, part, share = two_maps.choose(both, ratios, ~spacer, window)
shown = two_maps.drawn(both[:, example], spacer[example], x[example], part)

# %% tags=["remove-cell"]
shown.insert(0, "sequence", example)
report("matched_within", matched_within, "g")
report("example_share", share, ".0%")

# %% tags=["remove-output"]
fig, axes = plt.subplots(2, 1, figsize=(7, 3.4), sharex=True)
for ax, name in zip(axes, pair.index):
    letters = x[example][part] * shown[[name]].to_numpy()
    figures.logo(ax, letters, part.start, spans(~spacer[example]))
    noise = shown[shown[f"{name}_noise"]]
    ax.plot(noise["position"], noise[name], "k", marker=7, lw=0)
    ax.set(ylabel="score", title=f"{name}: AUROC {pair['AUROC'][name]:.3f}")
    ax.set_ylim(top=1.2 * shown[name].max())  # room for the triangles
axes[0].tick_params(bottom=False)  # they would reach the title below
axes[1].set_xlabel("position in the sequence")
figures.show("fig_two_maps", data=shown)

# %% tags=["remove-cell"]
# The same for the first page of the book, with what later chapters find.
for ax, model in zip(axes, pair["network"]):
    ax.set_title(
        "AUROC {auroc:.3f}     signal-to-noise ratio {snr:.2f}     "
        "final score {consistency_frequency:.2f}".format(
            **table.set_index("id").loc[model]
        )
    )
figures.show("fig_two_maps_scored", fig, data=shown)

# %% [markdown]
# ```{glue:figure} fig_two_maps
# :name: fig-two-maps
# :alt: Attribution logos of two networks on the same sequence, one above the other, with the planted motifs shaded and small triangles over the letters outside them that rise highest.
#
# Scores of the clear and of the noisy network on one test sequence, drawn as letters: up for the
# positive class, down against it; each row has its own scale. Shaded: the planted motifs.
# Triangles: those of the ten tallest letters outside the motifs that lie in view. The clear network
# marks the core of a motif here, the noisy one does not. {glue:text}`example_share` of the sequences have
# such a stretch; of these we show the most typical one.
# ```
#
# ## Signal, noise and their ratio
#
# Call **signal** the mean score over the informative positions of motifs, and **noise** the mean
# of the ten largest positive scores among the spacers: the places where a reader would most
# likely see a motif that is not there. The **signal-to-noise ratio** (SNR) of a sequence is
#
# ```{math}
# :label: eq-snr
# \mathrm{SNR} = \frac{\operatorname{mean}_{i \in \text{motifs}} s_i}
#                     {\operatorname{mean}_{i \in \text{top 10 of spacers}} s_i} ,
# ```
#
# with $s_i$ the score of position $i$. Positions of a motif with at most 0.1 bit count as neither.
#
# At an SNR of **1** a base of a motif stands, on average, as high as the ten tallest letters outside:
# by height alone nobody could tell which belong to a motif. Above 1
# motifs stand out; below 1 the letters that catch the eye lie where nothing binds; below 0 the motifs
# count *against* the class. The SNR of a network is the mean over positive test sequences, because
# only there the motifs speak for the class that the logit stands for.
#
# ```{margin} For readers new to biology
# A biologist reads a map as a list of bases to test: change one in living cells and see whether
# the activity changes. Such tests cost time and money. A tall letter in a spacer sends them to a
# place where nothing binds.
# ```

# %%
raw = pd.DataFrame(
    {
        name: signal_to_noise(x, a, **seen, correct=False)
        for name, a in maps.items()
    }
)
summary = {
    "SNR (mean)": snr.mean(),
    "median": snr.median(),
    "mean without correction": raw.mean(),
}
pd.DataFrame(summary).style.format(precision=2)

# %% tags=["remove-output"]
fig, ax = plt.subplots(figsize=(7, 2.8))
most = np.nanquantile(snr, [0.002, 0.998])  # a few lie far outside
colours = [figures.ORANGE, figures.BLUE]
look = {"bins": 45, "element": "step", "palette": colours}
sns.histplot(snr, binrange=most, **look, ax=ax)
ax.set(xlabel="signal-to-noise ratio of a sequence", ylabel="sequences")
figures.show("fig_snr_sequences")

# %% tags=["remove-cell"]
report("n_mapped", len(rows), ",d")
for name in snr:
    report(f"pair_{name}_snr", snr[name].mean(), ".2f")
lower = (snr["noisy"] < snr["clear"])[snr.notna().all(axis=1)]
report("share_lower", lower.mean(), ".0%")

# %% [markdown]
# ```{glue:figure} fig_snr_sequences
# :name: fig-snr-sequences
# :alt: Two overlapping histograms of signal-to-noise ratio per sequence. That of the noisy network is narrow and lies at low values; that of the clear one is wide and reaches far to the right.
#
# Signal-to-noise ratio of {glue:text}`n_mapped` positive test sequences under the two networks. A few
# sequences with extreme values lie outside the picture.
# ```

# %% tags=["remove-input"]
expect(
    "the clear network is ahead on most sequences, with the median, and "
    "without correction",
    all((one["clear"] > one["noisy"]) for one in summary.values())
    and lower.mean() > 0.5,
)

# %% [markdown]
# The clear network reaches an SNR of {glue:text}`pair_clear_snr`, the noisy one
# {glue:text}`pair_noisy_snr`. It is no lucky sequence: on {glue:text}`share_lower` of them the noisy
# network is the lower one. It stays lower with the median in place of the mean, and without gradient
# correction.
#
# ## All networks
#
# The {term}`zoo` of this book, the networks that we trained for it, holds {glue:text}`n_networks`
# {term}`convolutional networks <convolutional network (CNN)>` of one architecture. They differ in how
# they were built and trained, so that their maps differ:
#
# | choice | in the name of a network |
# |---|---|
# | {term}`batch normalisation` of every layer, or none | `bn` or `nobn` |
# | {term}`activation function` of the first layer | `relu` or `exp` (exponential) |
# | {term}`regularisation`, a way to keep a network from learning its training sequences by heart | `standard` (nothing special), or one of six ways |
#
# You need not know the six; a {ref}`table <names-of-networks>` has a line on each. The three choices
# together are a *configuration*, and the zoo has {glue:text}`n_configurations` of them. Networks of one
# configuration differ in their {term}`initialisation` only; its number ends the name.
#
# How far do accuracy and SNR go together? One zoo may mislead, so we look at a second population
# too: {glue:text}`n_published` networks that another group trained for the same task and published
# {cite:p}`majdandzic2023`. They are of four kinds; {doc}`07_independent_networks` introduces them.

# %%
published, origin = paths.load_scores(run, "koo")
published = published[published["status"] == "ok"]
groups = configuration(table)
ours = spearman(table["auroc"], table["snr"], groups=groups, seed=seed)
theirs = spearman(published["auroc"], published["snr"], seed=seed)
best = table.iloc[descending(table["auroc"])[: len(table) // 4]]

# %% tags=["remove-input"] mystnb={"markdown_format": "myst"}
tell_origin("published", origin)

# %% tags=["remove-output"]
fig, axes = plt.subplots(1, 2, figsize=(7, 3.8), sharey=True)
for ax, some in zip(axes, (table, published)):
    figures.against(ax, some, "auroc", "snr", "test AUROC", "")
    figures.snr_axis(ax)
    ax.locator_params(axis="x", nbins=4)
rings = table.set_index("id").loc[[clear, noisy]]
ring = {"s": 160, "color": "none", "edgecolor": "black"}
axes[0].scatter(rings["auroc"], rings["snr"], **ring)
axes[0].set(title="our zoo", ylabel="signal-to-noise ratio")
axes[1].set_title("published networks")
figures.legend_below(fig)
figures.show("fig_auroc_snr")

# %% tags=["remove-cell"]
report("n_networks", len(table), "d")
report("n_configurations", groups.nunique(), "d")
report("n_published", len(published), "d")
report("auroc_snr", ours, ".2f")
report("auroc_snr_published", theirs, ".2f")
report("top_quarter", len(best), "d")
report("top_snr_ratio", best["snr"].max() / best["snr"].min(), ".1f")
above = table["snr"] > 0
report("n_negative", int((~above).sum()), "d")
undefined = table["snr_undefined"].sum() / (len(table) * len(rows))
report("undefined", undefined, ".1%")

# %% [markdown]
# ```{glue:figure} fig_auroc_snr
# :name: fig-auroc-snr
# :alt: Two scatter plots of signal-to-noise ratio, on a logarithmic axis, against test AUROC, one point a network, left of our zoo, right of published networks. In both the clouds rise from left to right and are wide; networks with exponential activation tend to lie higher. Two points on the left are ringed.
#
# Accuracy and SNR of the networks of our zoo and of the published ones. Rings: the clear and the
# noisy network. The axis of SNR is logarithmic above 0.5 and pressed together below zero, where the
# motifs get negative scores on average, as in {glue:text}`n_negative` of our networks.
# ```

# %% tags=["remove-input"]
kept = table[above]
without = spearman(
    kept["auroc"], kept["snr"], groups=groups[above], seed=seed
)
expect(
    "more accurate networks tend to have a higher SNR in both populations",
    ours.low > 0 and theirs.low > 0,
)
expect(
    "without the networks of negative SNR the interval reaches zero",
    without.low <= 0 < without.value,
)
expect(
    "among the most accurate networks the largest SNR is several times the "
    "smallest",
    best["snr"].max() > 2 * best["snr"].min() > 0,
)

# %% [markdown]
# In both populations more accurate networks tend to have a higher SNR. The {term}`Spearman
# correlation`, with its 95 % interval, is {glue:text}`auroc_snr` in our zoo ({term}`bootstrap` over
# configurations) and {glue:text}`auroc_snr_published` among the published networks (over networks).
# Part of this rests on few: without the {glue:text}`n_negative` networks of negative SNR our interval
# reaches zero, and the published networks form kinds that differ in both. Why some networks that predict
# well have maps of the wrong sign, {doc}`a3_wrong_sign` asks.
#
# Look at the colours of the figure, too. They split the points into two clouds: at the same accuracy,
# networks whose first layer is exponential mostly have the higher SNR.
#
# So accuracy is a hint, and it leaves much open: among the {glue:text}`top_quarter` most accurate
# networks of our zoo the largest SNR is {glue:text}`top_snr_ratio` times the smallest.
#
# A ratio grows without limit when its denominator shrinks: a network with hardly any positive
# score in the spacers can stand far above all others. So this book compares ranks.
#
# ```{admonition} Key points
# :class: note
# - A saliency map gives each base a signed score; we use the corrected gradient of the logit.
# - SNR compares the mean score inside motifs with the ten largest scores of the spacers; at 1 they are
#   equally high.
# - Networks of nearly equal accuracy can differ in SNR: {glue:text}`pair_clear_snr` against
#   {glue:text}`pair_noisy_snr` for the most extreme pair.
# - Accuracy goes along with SNR, in our zoo and among published networks, but loosely: it does not
#   replace a look at the maps.
# - SNR needs the truth, so it exists only where we planted the motifs. The next chapters look for a
#   measure that does not.
# ```
#
# ## Limits
#
# SNR depends on choices: ten positions, the mean, signs kept. A sequence with fewer than ten positive
# spacer scores has no SNR; we leave it out, which happens in {glue:text}`undefined` of all cases.
#
# SNR takes every planted motif for signal. A network may rightly call a sequence positive after
# three of its motifs and ignore the rest, and a gradient is small where the output no longer
# changes. And motifs are planted independently: SNR does not ask how a network combines them.
#
# ## Exercises
#
# Work on them in the {doc}`student notebook <exercises/02_signal_to_noise>`
# (<a href="../exercises/02_signal_to_noise.ipynb" download>download</a>; `make lab` copies all of them into
# `my_exercises`). It checks your answers and, when one is wrong, says why.
#
# 1. ★ *Change a parameter.* Noise is the mean of the ten largest spacer scores. Does the verdict on
#    two networks change with five or twenty, and what does a large number cost?
# 2. ★★ *Write a few lines.* Which share of a network's attribution falls on motif positions?
# 3. ★★★ *Extend the method.* Build a ratio with quantiles and medians, without the ten and without
#    signs. Does it rank all networks as SNR does?
#
# ## Where next
#
# Without the truth, can we still tell the two maps apart? A good map should point at the *same
# words* again and again. The next chapter turns this idea into a number.
#
# ## With another parameter
#
# The first command runs this chapter alone and opens its page; the second does the same with plain papermill:
#
# ```
# .venv/bin/python -m compendium chapter 02_signal_to_noise window=60
# .venv/bin/papermill results/default/notebooks/02_signal_to_noise.ipynb \
#   again.ipynb -p window 60
# ```
