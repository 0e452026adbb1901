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
# Ask a trained network which bases made it call a sequence positive, and it draws a picture.
# Two networks that predict equally well can draw very different pictures. **How do we measure
# which picture is right?** On simulated DNA we can: we know where the motifs are.
#
# ```{admonition} After this chapter you can
# :class: tip
# - compute a saliency map and turn it into one score for each position;
# - measure a map against the truth with the signal-to-noise ratio;
# - show that accuracy does not tell you how good the explanations are.
# ```
#
# *You need:* the first chapter, and an idea of what a derivative is. *Reading time:* 20 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are shown
example: int = -1  # mapped sequence to draw, from 0; -1 takes a typical one
window: int = 80  # positions drawn
matched_within: float = 0.01  # largest AUROC difference in a pair
seed: int = 0  # seeds the bootstrap

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt
import numpy as np

from attribution_consistency import (
    artefacts,
    evaluation,
    figures,
    signal_to_noise,
)
from attribution_consistency.claims import report
from attribution_consistency.datasets import sequences, store
from attribution_consistency.metric import gradient_correction
from attribution_consistency.metric.association import spearman

figures.style()

# %% [markdown]
# ## What a network thinks of each base
#
# A network maps a one-hot sequence $X$, a table with one row for each position and one column
# for each base, to one number: the *logit* $f(X)$, whose sign decides the class. The
# **saliency map** {cite:p}`simonyan2013` is its gradient,
#
# ```{math}
# :label: eq-saliency
# A_{ic} = \frac{\partial f(X)}{\partial X_{ic}} ,
# ```
#
# the change of the logit per unit change at position $i$ and base $c$. We differentiate the
# logit and not the probability, because the probability flattens where the network is sure.
#
# ```{margin} For biologists
# A gradient is a sensitivity: how much the output would move if the input moved a little.
# ```
#
# One part of the gradient carries no information. The four entries of a position of $X$ always
# sum to 1, so the network never saw what happens when all four rise together, and that part of
# the gradient is arbitrary. We subtract it: $A_{ic} \leftarrow A_{ic} - \tfrac14 \sum_c A_{ic}$.
# This *gradient correction* is due to Majdandzic and colleagues {cite:p}`majdandzic2023`. The
# paper that this book reproduces does not use it; here it is on unless we say otherwise.
#
# The score of a position is the entry of the base that is really there (*gradient times input*).
# A positive score speaks for the positive class, a negative one against it.
#
# ## Two networks, one sequence
#
# We look for two networks of nearly equal accuracy whose maps differ most, by a fixed rule:
# among all pairs whose AUROC differs by at most {glue:text}`matched_within`, the one with the
# largest ratio of signal to noise between them, as defined below.

# %%
table, _ = artefacts.load_scores(run, "synthetic")
table = table[table["status"] == "ok"].reset_index(drop=True)


def matched_pair(table, column):
    """The equally accurate pair with the largest ratio: (high, low)."""
    pairs = table.merge(table, how="cross", suffixes=("_high", "_low"))
    close = (pairs["auroc_high"] - pairs["auroc_low"]).abs() <= matched_within
    pairs = pairs[close & (pairs[f"{column}_low"] > 0)]
    best = (pairs[f"{column}_high"] / pairs[f"{column}_low"]).idxmax()
    return pairs.loc[best, "id_high"], pairs.loc[best, "id_low"]


high, low = matched_pair(table, "snr")
by_id = table.set_index("id")

# %% tags=["remove-cell"]
report("n_networks", len(table), "d")
report("matched_within", matched_within, "g")
for which, name in (("high", high), ("low", low)):
    report(f"pair_{which}", name)
    report(f"pair_{which}_auroc", by_id.loc[name, "auroc"], ".3f")
    report(f"pair_{which}_snr", by_id.loc[name, "snr"], ".2f")

# %% tags=["remove-cell"]
data = store.load(artefacts.Run(run).data("synthetic"))
maps = {
    name: artefacts.read_maps(run, "synthetic", name) for name in (high, low)
}
rows = maps[high]["rows"]
x = sequences.codes_to_one_hot(data["codes"][rows])
motif, spacer = data["motif_mask"][rows], data["spacer_mask"][rows]
report("n_mapped", len(rows), ",d")

if example < 0:
    first, second = (
        signal_to_noise(x, maps[name]["a"], motif, spacer_mask=spacer)
        for name in (high, low)
    )
    ratio = np.log(first.clip(1e-3) / second.clip(1e-3))
    example = int(np.nanargmin(np.abs(ratio - np.nanmedian(ratio))))

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(
    2, 1, figsize=(figures.WIDTH * 1.3, 3.4), sharex=True
)
shown = figures.densest_window(motif[example], window)
inside = figures.spans(~spacer[example])
for ax, name in zip(axes, (high, low)):
    a = gradient_correction(maps[name]["a"][example][None])[0] * x[example]
    figures.logo(ax, a[shown], shown.start, inside)
    ax.set_title(
        f"{name}   AUROC {by_id.loc[name, 'auroc']:.3f}", fontsize="small"
    )
    ax.set(ylabel="score")
axes[1].set_xlabel("position in the sequence (nt)")
figures.show("fig_two_maps")

# %% [markdown]
# ```{glue:figure} fig_two_maps
# :name: fig-two-maps
# :alt: Attribution logos of two networks on the same sequence. In the upper one tall letters stand mostly inside the shaded motifs; in the lower one letters of similar height are scattered along the whole sequence.
#
# Saliency (corrected gradient times input) of two networks on one test sequence. Shaded: the
# planted motifs. The upper network ({glue:text}`pair_high`) and the lower one
# ({glue:text}`pair_low`) predict almost equally well. The sequence is a typical one: the ratio
# between the networks, defined below, is nearest to its median over all sequences.
# ```
#
# ## Signal, noise and their ratio
#
# Call **signal** the mean score over positions inside motifs, and **noise** the mean of the ten
# largest positive scores among the spacers: the places where a reader would most likely see a
# motif that is not there. The **signal-to-noise ratio** (SNR) of a sequence is
#
# ```{math}
# :label: eq-snr
# \mathrm{SNR} = \frac{\operatorname{mean}_{i \in \text{motifs}} s_i}
#                     {\operatorname{mean}_{i \in \text{top 10 of spacers}} s_i} .
# ```
#
# If a sequence has fewer than ten positive spacer scores, its SNR is undefined; we count such
# sequences and leave them out. The SNR of a network is the mean over its sequences.

# %%
snr = {
    name: signal_to_noise(x, maps[name]["a"], motif, spacer_mask=spacer)
    for name in (high, low)
}
raw = {
    name: signal_to_noise(
        x, maps[name]["a"], motif, spacer_mask=spacer, correct=False
    )
    for name in (high, low)
}

# %% tags=["remove-cell"]
report("snr_high_median", np.nanmedian(snr[high]), ".2f")
report("snr_low_median", np.nanmedian(snr[low]), ".2f")
report("snr_high_raw", np.nanmean(raw[high]), ".2f")
report("snr_low_raw", np.nanmean(raw[low]), ".2f")
report("share_lower", np.nanmean(snr[low] < snr[high]), ".0%")

# %% tags=["remove-output", "hide-input"]
fig, ax = plt.subplots(figsize=(figures.WIDTH, 2.8))
values = np.concatenate([snr[high], snr[low]])
bins = np.linspace(*np.nanquantile(values, [0.002, 0.998]), 45)
for name, colour in ((high, figures.ORANGE), (low, figures.BLUE)):
    ax.hist(
        snr[name], bins=bins, histtype="stepfilled", alpha=0.35, color=colour
    )
    ax.hist(
        snr[name],
        bins=bins,
        histtype="step",
        color=colour,
        lw=1.5,
        label=name,
    )
    ax.axvline(np.nanmean(snr[name]), color=colour, ls="--", lw=1.2)
ax.set(xlabel="signal-to-noise ratio of a sequence", ylabel="sequences")
ax.legend()
figures.show("fig_snr_sequences")

# %% [markdown]
# ```{glue:figure} fig_snr_sequences
# :name: fig-snr-sequences
# :alt: Two overlapping histograms of signal-to-noise ratio per sequence. The histogram of the first network lies to the right of the second.
#
# Signal-to-noise ratio of {glue:text}`n_mapped` positive test sequences under the two networks
# of {numref}`fig-two-maps`. Dashed: the means, which are the networks' SNR.
# ```
#
# The first network reaches an SNR of {glue:text}`pair_high_snr`, the second
# {glue:text}`pair_low_snr`; on {glue:text}`share_lower` of the sequences the second is the
# lower one. Without gradient correction the two numbers are {glue:text}`snr_high_raw` and
# {glue:text}`snr_low_raw`.
#
# ## All networks
#
# The zoo of this book holds {glue:text}`n_networks` networks of one architecture that differ in
# three choices: batch normalisation or not, the activation of the first layer (ReLU or
# exponential), and one of seven ways to regularise the training.

# %%
groups = evaluation.configuration(table)
accuracy = spearman(table["auroc"], table["snr"], groups=groups, seed=seed)
accurate = table[table["auroc"] >= 0.97]
best_accuracy = table.nlargest(max(2, len(table) // 4), "auroc")

# %% tags=["remove-cell"]
report("auroc_snr", accuracy.value, ".2f")
report("auroc_snr_low", accuracy.low, ".2f")
report("auroc_snr_high", accuracy.high, ".2f")
report("n_accurate", len(accurate), "d")
report("share_accurate", len(accurate) / len(table), ".0%")
report("n_configurations", groups.nunique(), "d")
report("n_undefined", int(table["snr_undefined"].sum()), ",d")
report("top_quarter", len(best_accuracy), "d")
report(
    "top_snr_ratio",
    best_accuracy["snr"].max() / best_accuracy["snr"].min(),
    ".1f",
)

# %% tags=["remove-output", "hide-input"]
fig, ax = plt.subplots(figsize=(figures.WIDTH, 3.6))
figures.against(
    ax, table, "auroc", "snr", "test AUROC", "signal-to-noise ratio"
)
pair = by_id.loc[[high, low]]
ax.scatter(
    pair["auroc"], pair["snr"], s=160, color="none", edgecolor="black", lw=1
)
ax.legend(fontsize=8)
figures.snr_axis(ax)
figures.show("fig_auroc_snr")

# %% [markdown]
# ```{glue:figure} fig_auroc_snr
# :name: fig-auroc-snr
# :alt: Scatter plot of signal-to-noise ratio against test AUROC, one point a network. Networks of nearly the same AUROC differ several-fold in signal-to-noise ratio.
#
# Accuracy and SNR of {glue:text}`n_networks` networks of {glue:text}`n_configurations`
# configurations, {glue:text}`n_mapped` test sequences each. Rings: the pair of {numref}`fig-two-maps`.
# ```
#
# How far do accuracy and SNR go together? Their Spearman correlation is {glue:text}`auroc_snr` (95 % interval {glue:text}`auroc_snr_low` to
# {glue:text}`auroc_snr_high`, bootstrap over configurations). Among the {glue:text}`top_quarter`
# most accurate networks the SNR still differs {glue:text}`top_snr_ratio`-fold.

# The paper keeps only networks with a test AUROC of at least 0.97, which were 84 % of its own
# (327 of 390) {cite:p}`chen2025`. Of ours {glue:text}`n_accurate` pass, {glue:text}`share_accurate`. The next table
# has the mean AUROC of each configuration and, in brackets, how many of its networks pass.

# %% tags=["hide-input"]
kind = table["batch_norm"].map({True: "batch norm", False: "no batch norm"})
by_kind = table.assign(kind=kind + ", " + table["activation"]).groupby(
    ["regulariser", "kind"], sort=False
)["auroc"]
passed = by_kind.agg(
    lambda v: f"{v.mean():.3f} ({int((v >= 0.97).sum())} of {len(v)})"
)
passed.unstack().rename_axis(columns=None).fillna("–")

# %% [markdown]
# Here is every network.

# %%
shown_columns = {
    "id": "network",
    "auroc": "AUROC",
    "snr": "SNR",
    "snr_median": "median SNR",
    "snr_absolute": "SNR, absolute",
    "motif_aupr": "motif AUPR",
}
ranked = table.sort_values("snr", ascending=False)[
    list(shown_columns)
].rename(columns=shown_columns)
ranked.style.format(precision=3).hide(axis="index")

# %% [markdown]
# *Absolute* SNR drops the signs of the scores first. Motif AUPR
# asks another question of the same truth: if positions are called motif in the order of their
# absolute scores, how pure are the calls?
#
# ```{admonition} Key points
# :class: note
# - A saliency map gives each base a signed score; we use the corrected gradient of the logit.
# - SNR compares the mean score inside motifs with the ten loudest spacer positions.
# - Networks of equal accuracy differ in SNR: {glue:text}`pair_high_snr` against
#   {glue:text}`pair_low_snr` for the pair shown. Accuracy does not choose between them.
# - SNR needs the truth, so it exists for simulated data only. The next chapters look for a
#   measure that does not.
# ```
#
# ## Limits
#
# SNR depends on choices: ten positions, the mean, signs kept. {glue:text}`n_undefined` pairs of
# network and sequence had too few positive spacer scores and were left out. The simulated motifs
# are independent; a network that uses their combination would not be rewarded here.
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
