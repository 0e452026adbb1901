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
# # Consistency is not correctness
#
# A good explanation raises the score. **What else raises it, and which of our many choices
# matter?** Like any instrument, a metric must be tried where there is nothing to measure. So we
# show the metrics maps that know nothing, and networks that learnt nothing. Then we change the
# choices made so far, one at a time.
#
# ```{admonition} After this chapter you can
# :class: tip
# - build a map that keeps one virtue of a good map and lacks all others;
# - say which metric is fooled by what, and how often;
# - tell a choice that changes the verdict from one that does not;
# - choose between readings by a rule that was fixed before looking.
# ```
#
# *You need:* the first four chapters. *Reading time:* 20 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose results are shown
network: str = "bn-exp-standard-00"  # whose maps are controlled here, live
shown: int = 0  # the sequence that is drawn
draws: int = 1000  # bootstrap samples of configurations
seed: int = 0  # seeds bootstrap, splits and the live controls

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import display

from attribution_consistency import kmer_klds, thresholded_kld
from attribution_consistency.ground_truth import motif_auroc
from attribution_consistency.maps import position_scores
from attribution_consistency.rounding import descending, rounded
from compendium.chapters import (
    controls,
    controls_maps,
    controls_methods,
    controls_recommended,
    controls_summary,
    load_tables,
    tell_origin,
)
from compendium.page import figures
from compendium.page.claims import decimals, expect, percent, report
from compendium.paths import Run, load_scores, read_maps
from compendium.rotation import rotated
from compendium.spans import spans
from compendium.stats import Estimate, spearman, spearman_difference
from compendium.tables import configuration_of

figures.style()

# %% tags=["remove-input"] mystnb={"markdown_format": "myst"}
tables, origin = load_tables("controls", run)
tell_origin("controls", origin)

# %% tags=["remove-cell"]
maps = tables["maps"]
real = controls_summary.control_rows(maps, "network")
report("c_network", network)
report("c_networks", len(real), "d")
report("c_sequences", int(real["n"].iloc[0]), ",d")
report("c_draws", int(maps["draw"].max()) + 1, "d")
report("c_spike", controls_maps.SPIKE, "d")
report("c_words", controls_maps.WORDS, "d")
report("c_word", controls_maps.WORD, "d")

# %% [markdown]
# ## Three maps that know nothing
#
# Each {term}`control` keeps one thing that a metric may reward.
#
# - **Rotated:** the scores of a real map, moved around each sequence by a random offset. They are
#   as uneven as before, but stand in the wrong place.
# - **Random spike:** 1 at {glue:text}`c_spike` consecutive positions of each sequence, 0 elsewhere;
#   where they start is random. Concentrated, whatever the bases are.
# - **Arbitrary words:** 1 wherever one of {glue:text}`c_words` randomly drawn
#   {glue:text}`c_word`-mers stands, in every sequence. Perfectly *consistent*, and wrong, since
#   they are drawn without a look at the motifs. We also hide them in noise that adds up to as much
#   as they do.
#
# ```{margin} For readers new to biology
# A protein that binds one word also binds words that differ from it in a base or two. The words of
# a real motif therefore resemble each other. Those of this control do not.
# ```
#
# Here they are, made for the network {glue:text}`c_network`:

# %%
live = Run(run).maps("synthetic", network).exists()
if live:
    n = int(real["n"].iloc[0])
    x, masks = controls.sequences(Run(run), "synthetic", network, n)
    a = read_maps(run, "synthetic", network)["a"][:n]
    rng = np.random.default_rng(seed)
    examples = {
        network: a,
        "rotated": rotated(x, a, rng),
        "random spike": controls_maps.spikes(x, rng),
        "arbitrary words": controls_maps.wrong_words(x, rng),
    }
    examples["the words in noise"] = controls_maps.in_noise(
        x, examples["arbitrary words"], rng
    )
    display(
        pd.DataFrame(
            {
                name: {
                    "original metric (nats)": thresholded_kld(x, m),
                    "weighted KLD, k = 6 (nats)": kmer_klds(x, m, [6])[0],
                    "AUROC of motif positions": np.nanmean(
                        motif_auroc(x, m, **masks)
                    ),
                }
                for name, m in examples.items()
            }
        ).style.format(precision=2)
    )
else:
    print(
        f"This run has no maps of {network}: the tables below stand alone."
    )

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(
    5, 1, figsize=(figures.WIDTH * 1.1, 4.6), sharex=True
)
for ax, name in zip(axes, examples if live else []):
    score = position_scores(x, examples[name])[shown]
    for first, last in spans(masks["motif_mask"][shown]):
        ax.axvspan(
            first - 0.5, last - 0.5, color=figures.ORANGE, alpha=0.2, lw=0
        )
    ax.bar(np.arange(len(score)), score, width=1, color=figures.BLUE)
    ax.set_title(name, fontsize="small")
    ax.set_yticks([])
axes[-1].set_xlabel("position (nt)")
fig.supylabel("position score", fontsize="medium")
figures.show("fig_control_maps")

# %% [markdown]
# ```{glue:figure} fig_control_maps
# :name: fig-control-maps
# :alt: Five bar charts of position score along one sequence. The map of the network is high inside the shaded motifs, its rotated copy outside them, the spike is one block, the arbitrary words are scattered blocks, and under noise they stand out a little.
#
# Position scores of one sequence (corrected, absolute) under the map of {glue:text}`c_network` and
# under the controls made for it. Shaded: planted motifs. Each row has its own scale.
# ```
#
# ## Which metric do they fool?
#
# We say that a control *fools* a metric when it outranks a real network: when it scores higher. We
# score the controls and {glue:text}`c_networks` networks of the zoo, one of each configuration, on
# the same {glue:text}`c_sequences` sequences. The table gives the share of networks that a control
# outranks: the mean over the rotated maps of all networks, or over {glue:text}`c_draws` random
# maps. In the final scores, networks and controls alike have the mean length weights of
# {doc}`04_length_scaling`.

# %%
fooled = controls_summary.outranked_table(maps)
fooled.rename(
    index=controls_summary.METRICS, columns=controls_summary.CONTROLS
).style.format(percent).background_gradient(cmap="Oranges", vmin=0, vmax=1)

# %% tags=["remove-cell"]
for name in fooled.index:
    for control in fooled.columns:
        report(f"c_{name}_{control}", fooled.loc[name, control], percent)
for control in ("words", "words_in_noise", "spike"):
    for name in ("kld_original", "consistency_frequency"):
        each = controls_summary.outranked_by_each(maps, name, control)
        for end, value in (("least", each.min()), ("most", each.max())):
            report(f"c_{name}_{control}_{end}", value, percent)
by_words = maps[maps["kind"] == "words"]
report(
    "c_words_auroc",
    by_words.loc[
        (by_words["words"] == controls_maps.WORDS)
        & (by_words["population"] == "synthetic"),
        "motif_auroc",
    ].mean(),
    ".2f",
)
report("c_network_auroc", real["motif_auroc"].median(), ".2f")

# %% [markdown]
# The arbitrary words outrank {glue:text}`c_kld_original_words` of the networks on the original
# metric and {glue:text}`c_consistency_frequency_words` on the final score, where it depends on the
# words that were drawn: from {glue:text}`c_consistency_frequency_words_least` to
# {glue:text}`c_consistency_frequency_words_most` over {glue:text}`c_draws` sets. They know nothing:
# as a detector of motif positions such a map has an {term}`AUROC` of {glue:text}`c_words_auroc`,
# where 0.5 is guessing and the median network has {glue:text}`c_network_auroc`. Rotated maps
# outrank {glue:text}`c_kld_original_rotated` on the original metric, and on the final score
# {glue:text}`c_consistency_frequency_rotated` (`frequency`) and
# {glue:text}`c_consistency_instance_rotated` (`instance`).
#
# The words are not only consistent but spotless: nothing outside them has any attribution, which no
# network achieves. Is that why they score high? Under noise of the same total they outrank
# {glue:text}`c_kld_original_words_in_noise` on the original metric and
# {glue:text}`c_consistency_frequency_words_in_noise` on the final score
# ({glue:text}`c_consistency_frequency_words_in_noise_least` to
# {glue:text}`c_consistency_frequency_words_in_noise_most`, set by set). Where this share is smaller
# than the one without noise, the difference is what a clean background is worth; where it is not,
# the words need no clean background.
#
# Two rows need care. The {term}`Gini coefficient` knows no words, so a rotated map has exactly the
# value of its original, and the share is close to one half whatever the networks are. The
# {term}`geometric method` sees directions only. Every control but the rotated one has attribution
# only at the base that is there, hence just four directions, and scores high by construction. Of
# these controls only the rotated one is fair to it.
#
# ## How few words fool the final score?
#
# A map may point at fewer words than {glue:text}`c_words`, and then it is *more* consistent.

# %% tags=["remove-output", "hide-input"]
words = by_words[by_words["population"] == "synthetic"].sort_values(
    "words", kind="stable"
)
panels = {
    "kld_original": "original metric",
    "consistency_frequency": "final score",
}
fig, axes = plt.subplots(1, 2, figsize=(figures.WIDTH * 1.1, 3.2))
for ax, (column, title) in zip(axes, panels.items()):
    ax.axhspan(
        real[column].min(),
        real[column].max(),
        color=figures.GREY,
        alpha=0.2,
        lw=0,
        label="networks, lowest to highest",
    )
    ax.axhline(
        real[column].median(), color=figures.GREY, lw=1, label="median"
    )
    ax.plot(
        words["words"],
        words[column],
        "o",
        color=figures.RED,
        alpha=0.7,
        label="arbitrary words",
    )
    ax.set(
        xscale="log",
        xlabel=f"number of {controls_maps.WORD}-mers",
        ylabel="nats",
        title=title,
    )
    ticks = sorted(words["words"].unique())
    ax.set_xticks(ticks, [f"{t:.0f}" for t in ticks])
    ax.minorticks_off()
figures.legend_below(fig, 3)
figures.show("fig_words")

# %% tags=["remove-cell"]
fewest = int(words["words"].min())
counts = {}
for n_words, part in words.groupby("words"):
    for column in panels:
        beaten = (
            real[column].to_numpy() < part[[column]].to_numpy()
        ).mean()
        counts[int(n_words), column] = beaten
for n_words in (1, 4, 10):
    for column in panels:
        report(
            f"c_{column}_{n_words}_words", counts[n_words, column], percent
        )
fools = [
    n
    for n, c in counts
    if c == "consistency_frequency" and counts[n, c] >= 0.5
]
report(
    "c_words_enough",
    f"as many as {max(fools)}, the largest number tried that does"
    if fools
    else "none of the numbers tried",
)

# %% [markdown]
# ```{glue:figure} fig_words
# :name: fig-words
# :alt: Two panels of score against the number of arbitrary words, on a logarithmic axis. Points fall as the number of words grows; a grey band shows the range of the networks.
#
# Score of maps that point at arbitrary {glue:text}`c_word`-mers, {glue:text}`c_draws` random sets
# of each size, beside the range of {glue:text}`c_networks` networks on the same
# {glue:text}`c_sequences` sequences.
# ```
#
# A map that points at a single arbitrary word outranks {glue:text}`c_consistency_frequency_1_words`
# of the networks on the final score, one with four words
# {glue:text}`c_consistency_frequency_4_words`, one with ten
# {glue:text}`c_consistency_frequency_10_words`. With how many words does it still outrank at least
# half of the networks? With {glue:text}`c_words_enough`.
#
# A better formula would not remove this. The score asks whether a network keeps pointing at the
# same words, and this map does nothing else. **A metric that sees only maps and sequences cannot
# tell a wrong word from a right one.**
#
# ## Networks that learnt nothing
#
# Adebayo and colleagues {cite:p}`adebayo2018` ask of any explanation: does it change when the
# model is broken? We break networks in three ways and map them like the others.
#
# - **shuffled labels:** trained on labels that were permuted among the sequences;
# - **permuted weights:** the trained networks, with the entries of each weight array permuted;
# - **untrained:** random initial weights.
#
# We expect their maps to score lower than those of trained networks.
#
# ```{margin} For readers new to machine learning
# Shuffling the labels cuts every link between sequence and class. Whatever the maps of such a
# network still show comes from its architecture, its training and the sequences, not from the
# task.
# ```

# %%
synthetic = maps[maps["population"] == "synthetic"]
kinds = {
    "network": "trained",
    "labels": "shuffled labels",
    "weights": "permuted weights",
    "untrained": "untrained",
}
broken = synthetic[synthetic["kind"].isin(kinds)]
shares = {}
for kind, label in kinds.items():
    for turned in (False, True):
        part = broken[
            (broken["kind"] == kind) & (broken["rotated"] == turned)
        ]
        name = label + (", rotated" if turned else "")
        shares[name] = {
            "maps": len(part),
            "Gini, median": part["gini"].median(),
        }
        for column, title in panels.items():
            values = part[column].dropna().to_numpy()
            beaten = (real[column].to_numpy() < values[:, None]).mean()
            shares[name][f"{title}, median"] = np.median(values)
            shares[name][f"{title}, outranks"] = beaten
shares = pd.DataFrame(shares).T
shares.style.format(
    {c: percent if "outranks" in c else "{:.2f}" for c in shares}
    | {"maps": "{:.0f}"}
)

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(
    1, 2, figsize=(figures.WIDTH * 1.2, 3.2), sharey=True
)
for ax, (column, title) in zip(axes, panels.items()):
    for row, kind in enumerate(kinds):
        for turned in (False, True):
            part = broken[
                (broken["kind"] == kind) & (broken["rotated"] == turned)
            ]
            shift = np.random.default_rng(0).uniform(-0.12, 0.12, len(part))
            ax.scatter(
                part[column],
                row + 0.2 * turned - 0.1 + shift,
                s=18,
                lw=1,
                color="none" if turned else figures.BLUE,
                edgecolor=figures.BLUE,
                label="rotated copy" if turned else "map",
            )
    ax.set(
        xlabel=f"{title} (nats)",
        yticks=range(len(kinds)),
        yticklabels=kinds.values(),
    )
axes[0].invert_yaxis()
figures.legend_below(fig)
figures.show("fig_broken")

# %% tags=["remove-cell"]
for kind, label in list(kinds.items())[1:]:
    for column, title in panels.items():
        for turned, tail in ((False, ""), (True, "_rotated")):
            name = label + (", rotated" if turned else "")
            report(
                f"c_{kind}_{column}{tail}",
                shares.loc[name, f"{title}, outranks"],
                percent,
            )
auroc = broken.loc[
    (broken["kind"] == "labels") & ~broken["rotated"], "auroc"
]
report("c_labels", len(auroc), "d")
report("c_labels_auroc", auroc.mean(), ".2f")
report("c_trained_auroc", real["auroc"].mean(), ".2f")


def verdict(column):
    """Which broken networks score as high as the median trained one."""
    median = real[column].median()
    high = [
        label
        for kind, label in list(kinds.items())[1:]
        if shares.loc[label, f"{panels[column]}, median"] >= median
    ]
    return (
        f"not lower for {' and '.join(high)}"
        if high
        else "lower for all three"
    )


for column in panels:
    report(f"c_broken_{column}", verdict(column))

# %% [markdown]
# ```{glue:figure} fig_broken
# :name: fig-broken
# :alt: Two strip charts of score for trained networks, networks trained on shuffled labels, networks with permuted weights and untrained ones, each with hollow points for rotated copies.
#
# Scores of {glue:text}`c_networks` trained networks and of broken ones on
# {glue:text}`c_sequences` sequences: {glue:text}`c_labels` trained on shuffled labels, each trained
# network with permuted weights, fresh weights of each architecture. Hollow: the same
# maps rotated.
# ```
#
# A check first: on true labels, the networks trained on shuffled ones have a mean AUROC of
# {glue:text}`c_labels_auroc` (0.5 is guessing), the trained networks {glue:text}`c_trained_auroc`.
# Compared with the median score of the trained networks, the median of the broken ones is
#
# - on the original metric: {glue:text}`c_broken_kld_original`;
# - on the final score: {glue:text}`c_broken_consistency_frequency`.
#
# If a broken network outranks a trained one, why? Either its map is merely uneven, and then a
# rotated copy scores as high. Or the map is tied to words, although the network was taught none: a
# first-layer filter with random weights still answers to some k-mers and not to others, in every
# sequence alike. The rotated copies tell the two apart: where the rotation lowers a share, the
# difference is what random filters get for being consistent.
#
# On the final score, untrained networks outrank {glue:text}`c_untrained_consistency_frequency` of
# the trained ones and their rotated copies {glue:text}`c_untrained_consistency_frequency_rotated`;
# permuted weights {glue:text}`c_weights_consistency_frequency` and
# {glue:text}`c_weights_consistency_frequency_rotated`. On the original metric the pairs are
# {glue:text}`c_untrained_kld_original` and {glue:text}`c_untrained_kld_original_rotated`,
# {glue:text}`c_weights_kld_original` and {glue:text}`c_weights_kld_original_rotated`.
#
# ## How many sequences, how long a word?
#
# There are $4^k$ words of length k, and few sequences hold few of them, most only once or twice.
# This moves the KLD in two ways. Under `instance`, chance makes the attribution of rare words
# uneven, so that even noise has a KLD, which falls as sequences are added. Under `frequency`, the
# {term}`floor` comes on top: the weight is multiplied by the frequency of the word. While each word
# occurs about once this changes little; with more sequences frequencies differ, and the floor of
# long words *rises*.

# %% tags=["remove-output", "hide-input"]
sizes = tables["sizes"]
lengths = [c for c in sizes if c.startswith("k")]
chosen = [lengths[i] for i in (1, len(lengths) // 2, -1)]
styles = {
    "networks": (figures.BLUE, "o-"),
    "noise": (figures.RED, "s--"),
    "spike": (figures.GREEN, "v--"),
    "words": (figures.PURPLE, "D--"),
    "constant": ("black", "^:"),
}
fig, axes = plt.subplots(
    2, len(chosen), figsize=(figures.WIDTH * 1.2, 4.6), sharex=True
)
for row, reading in zip(axes, ("frequency", "instance")):
    part = sizes[sizes["reading"] == reading]
    apart = part["id"].where(part["id"].isin(controls.BLIND), "networks")
    for ax, column in zip(row, chosen):
        for name, (colour, style) in styles.items():
            group = part[apart == name].groupby("n")[column]
            ax.plot(
                group.median(),
                style,
                color=colour,
                ms=4,
                label=f"{name}, median" if name == "networks" else name,
            )
            if name == "networks":
                low, high = group.quantile(0.25), group.quantile(0.75)
                ax.fill_between(
                    low.index, low, high, color=colour, alpha=0.15, lw=0
                )
        ax.set(
            xscale="log",
            title=f"{reading}, k = {column[1:]}",
            ylim=(0, None),
        )
        ax.set_xticks(
            group.median().index,
            group.median().index.astype(str),
            fontsize=7,
        )
        ax.minorticks_off()
for ax in axes[:, 0]:
    ax.set_ylabel("KLD (nats)")
for ax in axes[1]:
    ax.set_xlabel("sequences")
figures.legend_below(fig, 5)
figures.show("fig_sizes")

# %% tags=["remove-cell"]
longest, n_min, n_max = (
    lengths[-1],
    int(sizes["n"].min()),
    int(sizes["n"].max()),
)
at = sizes.set_index(["id", "reading", "n"])[longest]
report("c_n_min", n_min, "d")
report("c_n_max", n_max, ",d")
report("c_k_max", longest[1:])
for reading in ("frequency", "instance"):
    for which, n_used in (("few", n_min), ("many", n_max)):
        report(
            f"c_noise_{reading}_{which}",
            at["noise", reading, n_used],
            ".2f",
        )
ranked = sizes[sizes["reading"] == "frequency"]
mean = ranked.assign(mean=ranked[lengths].mean(axis=1)).pivot(
    index="id", columns="n", values="mean"
)
blind = mean.loc[list(controls.BLIND)]
mean = mean.drop(index=blind.index)
for control in ("spike", "words"):
    for which, n_used in (("few", n_min), ("many", n_max)):
        beaten = (mean[n_used] < blind.loc[control, n_used]).mean()
        report(f"c_{control}_{which}", beaten, percent)
kept = mean.corrwith(mean[n_max], method="spearman")
report("c_kept_few", kept[n_min], ".2f")
tried = [n for n in kept.index if n < n_max]
enough = [n for n in tried if all(kept[m] >= 0.95 for m in tried if m >= n)]
report(
    "c_enough",
    "No smaller number reaches"
    if not enough
    else f"Already the smallest number tried, {n_min}, reaches"
    if enough[0] == n_min
    else f"From {enough[0]} sequences on, all numbers tried reach",
)

# %% [markdown]
# ```{glue:figure} fig_sizes
# :name: fig-sizes
# :alt: Six panels of KLD against the number of sequences for three word lengths and two readings. Curves of networks, noise and a constant map fall or level off with more sequences for instance; for frequency the long words rise.
#
# KLD against the number of sequences: median and middle half of {glue:text}`c_networks`
# networks, and one map each of normal noise, random spikes, {glue:text}`c_words` arbitrary words
# and a constant, at three lengths and two readings. Each size takes the first sequences of the
# test set.
# ```
#
# At k = {glue:text}`c_k_max` pure noise scores {glue:text}`c_noise_instance_few` nats from
# {glue:text}`c_n_min` sequences and {glue:text}`c_noise_instance_many` from
# {glue:text}`c_n_max` under `instance`; under `frequency` {glue:text}`c_noise_frequency_few` and
# {glue:text}`c_noise_frequency_many`. **Do not compare KLDs from different numbers of sequences.**
#
# Controls can profit from scarcity. A spike selects a few positions of each sequence, and a few
# positions hold few words. With the lengths weighted equally (`frequency`), one set of spikes
# outranks {glue:text}`c_spike_few` of the networks on {glue:text}`c_n_min` sequences and
# {glue:text}`c_spike_many` on {glue:text}`c_n_max`; one set of arbitrary words
# {glue:text}`c_words_few` and {glue:text}`c_words_many`. Where the share falls, a metric that
# resists controls on many sequences does not resist them on few: **score as many sequences as
# you can, and show the controls for your number.**
#
# What becomes of the *order* of the networks? With the lengths weighted equally, their ranks from
# {glue:text}`c_n_min` sequences correlate {glue:text}`c_kept_few` with those from
# {glue:text}`c_n_max`. {glue:text}`c_enough` a correlation of 0.95. The small sets are part of the
# large one, so ranks from separate sequences would agree less.
#
# ## Other attribution methods
#
# The score takes any map. {term}`Saliency <saliency map>` is the cheapest. {term}`SmoothGrad`
# {cite:p}`smilkov2017` averages gradients around the sequence. {term}`Integrated gradients`
# {cite:p}`sundararajan2017` average them along a path to it that starts where all four bases are
# equally likely. {term}`In-silico mutagenesis` replaces every base by each of the others.

# %%
methods = tables["methods"]
both = methods["id"].isin(
    methods.loc[methods["method"] == controls_methods.METHODS[-1], "id"]
)
shown_methods = (
    methods[both]
    .groupby("method", sort=False)[
        ["snr", "consistency_frequency", "kld_original", "gini"]
    ]
    .median()
)
shown_methods.rename(
    columns={
        "snr": "SNR",
        "consistency_frequency": "final score (nats)",
        "kld_original": "original metric (nats)",
        "gini": "Gini",
    }
).style.format(precision=2)

# %% tags=["remove-cell"]
report("c_method_sequences", int(methods["n"].max()), "d")
report("c_method_networks", int(methods.loc[both, "id"].nunique()), "d")
usual = methods[methods["method"] == "saliency"].set_index("id")
for method, name in (
    ("smoothgrad", "smooth"),
    ("integrated_gradients", "integrated"),
):
    there = methods[methods["method"] == method].set_index("id")
    higher = (
        there["consistency_frequency"]
        > usual["consistency_frequency"].reindex(there.index)
    ).mean()
    clearer = (there["snr"] > usual["snr"].reindex(there.index)).mean()
    agree = spearman(
        there["consistency_frequency"],
        usual["consistency_frequency"].reindex(there.index),
        draws=1,
    )
    report(f"c_{name}_higher", higher, percent)
    report(f"c_{name}_clearer", clearer, percent)
    report(f"c_{name}_order", agree.value, ".2f")

# %% [markdown]
# The table has medians over the {glue:text}`c_method_networks` networks without
# {term}`regularisation`, mapped on {glue:text}`c_method_sequences` sequences. The length weights
# were learnt on many more, so only the order of these scores means something. Of the
# {glue:text}`c_networks` networks of this chapter, integrated gradients raise SNR, as compared with
# saliency, in {glue:text}`c_integrated_clearer` and the final score in
# {glue:text}`c_integrated_higher`; SmoothGrad in {glue:text}`c_smooth_clearer` and
# {glue:text}`c_smooth_higher`. The final scores of the networks under the two methods have rank
# correlations of {glue:text}`c_integrated_order` and {glue:text}`c_smooth_order` with those under
# saliency. Compare networks under one method only.
#
# ## Maps of the wrong sign
#
# The signal-to-noise ratio of a network can be negative: on average the motifs get negative scores,
# although the network calls most sequences correctly. {glue:text}`s_intro`. Is the network wrong,
# or its map? We ask the other methods. The table has the share of motif positions with a positive
# score. Its last row is for comparison: {glue:text}`s_compared`.

# %% tags=["remove-cell"]
signs, paths = (
    tables["signs"],
    tables["exchange"].pivot(index="share", columns="id", values="change"),
)
ids = list(signs["id"].unique())
low, other = ids[:-1], ids[-1]
zoo, _ = load_scores(run, "synthetic")
zoo = zoo[zoo["status"] == "ok"].set_index("id")
negative = zoo[zoo["snr"] < 0]
place = zoo["consistency_frequency"].rank().astype(int)
by_method = signs.pivot(
    index="id", columns="method", values="positive"
).loc[ids]


def span(values, fmt):
    """The range of some numbers in words."""
    low, high = (format(v, fmt) for v in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def same(name, column):
    return zoo[column] == zoo.loc[name, column]


# Networks of the same start and kind as the lowest.
kin = zoo[
    same(low[0], "batch_norm")
    & same(low[0], "activation")
    & same(low[0], "init")
]
kin_above = kin[kin["snr"] > 0].sort_values(
    "snr", key=rounded, kind="stable"
)
among_kin = sum(name in kin.index for name in low)
if len(negative):
    intro = (
        f"Networks like that among our {len(zoo)}: {len(negative)}, with a test AUROC of "
        f"{span(negative['auroc'], '.3f')}"
        + (
            f"; here are the {len(low)} lowest"
            if len(negative) > len(low)
            else ""
        )
    )
else:
    intro = f"No network of this run is like that; the lowest, {low[0]}, shows the method"
shared = (
    f"{'All' if among_kin == len(low) else among_kin} of the {len(low)} are among the "
    f"{len(kin)} networks of one kind (batch norm and activation) and one initialisation. They "
    "share their start, so they count once. "
    f"The others of this kind and start have a positive SNR: {', '.join(kin_above.index) or 'none'}"
    if among_kin > 1
    else "One network is no evidence about others"
)
compared = f"{other}, the network of highest SNR " + (
    "in the same configuration as the lowest"
    if configuration_of(other) == configuration_of(low[0])
    else "of all"
)
missed = int((zoo.loc[low, "auroc"] < 0.97).sum())
turned = (paths.loc[0.1, low] > 0) & (paths.loc[1, low] < 0)
published, _ = load_scores(run, "koo")
report("s_published", int((published["status"] == "ok").sum()), "d")
report("s_published_negative", int((published["snr"] < 0).sum()), "d")
starts = tables["starts"]
of_start = starts["id"].map(configuration_of)
further = sorted(set(of_start[~starts["in_run"].astype(bool)]))
started = "No such networks are here for this run"
if further:
    starts = starts[of_start == further[0]]
    bad, good = starts[starts["snr"] < 0], starts[starts["snr"] >= 0]
    more = starts[~starts["in_run"].astype(bool)]
    started = (
        f"Of the {len(more)} further starts of {further[0]} {int((more['snr'] < 0).sum())} end "
        f"with a negative SNR, and {len(bad)} of all {len(starts)}"
    )
    if len(bad) and len(good):
        started += (
            f". Those have an AUROC of {span(bad['auroc'], '.3f')}, the others one of "
            f"{span(good['auroc'], '.3f')} and an SNR of {span(good['snr'], '.1f')}"
        )
    if (more["snr"] < 0).any() and len(good):
        started += (
            ". So this is no single accident. Trained like this, the network has two outcomes, "
            "and its start decides which"
        )
report("s_starts", started)
report("s_intro", intro)
report("s_shared", shared)
report("s_compared", compared)
report("s_low", len(low), "d")
report("s_all", len(zoo), "d")
report("s_other", other)
for method in controls_methods.METHODS:
    report(
        f"s_{method}", span(100 * by_method.loc[low, method], ".0f") + " %"
    )
report("s_sequences", int(signs["n"].max()), "d")
report("s_exchanged", controls_methods.EXCHANGED, "d")
report("s_places", span(place[low], "d"))
report("s_missed", missed, "d")
report("s_left_out", int((zoo["auroc"] < 0.97).sum()) - missed, "d")
report("s_turned", int(turned.sum()), "d")
aupr = signs[signs["method"] == "saliency"].set_index("id")["motif_aupr"]
report("s_aupr_low", span(aupr[low], ".2f"))
report("s_aupr_other", aupr[other], ".2f")

# %% tags=["hide-input"]
by_method[list(controls_methods.METHODS)].rename(
    columns=lambda name: name.replace("_", " ")
).rename_axis(index="network", columns=None).style.format("{:.0%}")

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(figures.WIDTH * 1.1, 3))
for ax, names in zip(axes, (low, [other])):
    for name, marker in zip(names, "os^vD"):
        ax.plot(
            paths.index,
            paths[name],
            marker,
            ls="-",
            ms=4,
            lw=1.2,
            label=name,
            color=figures.ORANGE if names is low else figures.BLUE,
        )
    ax.axhline(0, color="black", lw=0.8)
    ax.set(xlabel="share of the base that is exchanged")
axes[0].set_ylabel("change of the logit")
figures.legend_below(fig, columns=3)
figures.show("fig_exchange")

# %% [markdown]
# ```{glue:figure} fig_exchange
# :name: fig-exchange
# :alt: Two panels of lines of the change of the logit against the share of a motif base that is exchanged. Left, the networks of lowest signal-to-noise ratio; right, the network to compare with, whose line falls all the way.
#
# Change of the logit while one base of a motif turns into another, mean over the motif positions of
# {glue:text}`s_exchanged` sequences and the three other bases. Left: the networks of lowest SNR;
# right: {glue:text}`s_other`. The slope at 0 is what saliency sees, the value at 1 what in-silico
# mutagenesis sees.
# ```
#
# Of the motif positions in {glue:text}`s_sequences` sequences, saliency gives
# {glue:text}`s_saliency` a positive score, SmoothGrad {glue:text}`s_smoothgrad`, integrated
# gradients {glue:text}`s_integrated_gradients` and in-silico mutagenesis
# {glue:text}`s_in_silico_mutagenesis`. {numref}`fig-exchange` shows how the two ends can differ.
# When a tenth of the base is exchanged the logit has *risen*, and when the exchange is complete it
# has fallen: so it is with {glue:text}`s_turned` of the {glue:text}`s_low` on the left. Sequences
# between two bases do not exist. Only mixup, noise and adversarial training show a network anything
# of that kind; nothing holds the others to a straight line there.
#
# {glue:text}`s_shared`.
#
# Is this start to blame? After we had seen these networks, we trained one of the configurations
# from further starts; they are in no other chapter. {glue:text}`s_starts`.
#
# Of the {glue:text}`s_published` published networks that {doc}`07_independent_networks`
# shows, {glue:text}`s_published_negative` have a negative SNR.
#
# Would the score have warned us? By their final score these networks are number
# {glue:text}`s_places` of {glue:text}`s_all`, counted from the lowest. But the score drops all
# signs. It can see only that the absolute scores miss the motifs as well: their {term}`motif AUPR`
# is {glue:text}`s_aupr_low`, that of the network on the right {glue:text}`s_aupr_other`. A map with
# the right places and the wrong signs would pass unseen. The paper's bound of 0.97 for the AUROC
# leaves out {glue:text}`s_missed` of the {glue:text}`s_low`, and {glue:text}`s_left_out` others.
#
# **Where a gradient surprises you, check some bases by mutagenesis.**
#
# ## Which choices matter?
#
# The choices of the last chapters could have been others. Each row of {numref}`fig-choices` is
# one family of choices, each point one option: how well the networks, scored that way, follow SNR.
# We call an option *visibly different* when the 95 % interval of its difference from the book's
# option, by {term}`bootstrap` over configurations, leaves out zero.
#
# ```{margin} For readers new to statistics
# If no option differed from the book's, about one 95 % interval in twenty would still leave out
# zero by chance. Among dozens of options, expect one or two.
# ```

# %%
options = controls_summary.choice_table(tables["choices"], seed, draws)
options["visible"] = ~options["default"] & (
    (options["low"] > 0) | (options["high"] < 0)
)
ranges = options.groupby("family", sort=False)["spearman"].agg(
    ["min", "max"]
)
ranges["range"] = ranges["max"] - ranges["min"]
ranges["visible options"] = options.groupby("family", sort=False)[
    "visible"
].sum()
ranges["other options"] = options.groupby("family", sort=False).size() - 1
ranges["least agreement in order"] = options.groupby("family")[
    "order"
].min()
ranges = ranges.iloc[descending(ranges["range"])]
ranges.style.format(
    precision=2, subset=["min", "max", "range", "least agreement in order"]
)

# %% tags=["remove-output", "hide-input"]
families = list(ranges.index)
fig, ax = plt.subplots(
    figsize=(figures.WIDTH * 1.2, 0.52 * len(families) + 1)
)
for row, family in enumerate(families):
    part = options[options["family"] == family].sort_values(
        "spearman", key=rounded, kind="stable"
    )
    colour = (
        figures.ORANGE if family.startswith("original") else figures.BLUE
    )
    ax.plot(
        part["spearman"], [row] * len(part), color=colour, lw=1, alpha=0.5
    )
    default = part.loc[part["default"], "spearman"].iloc[0]
    last = -np.inf
    for number, (_, o) in enumerate(part.iterrows()):
        ax.scatter(
            o["spearman"],
            row,
            s=70 if o["default"] else 34,
            zorder=3,
            marker="D" if o["default"] else "o",
            edgecolor=colour,
            lw=1.3,
            color=colour if o["default"] or o["visible"] else "white",
        )
        # Where options crowd, the table above tells them apart.
        if (
            abs(o["spearman"] - default) > 0.03
            and o["spearman"] - last > 0.03
        ):
            ax.annotate(
                o["variant"],
                (o["spearman"], row),
                xytext=(0, 6 if number % 2 else -11),
                textcoords="offset points",
                ha="center",
                fontsize=6,
            )
            last = o["spearman"]
ax.set(
    yticks=range(len(families)),
    yticklabels=families,
    xlabel="Spearman correlation with SNR",
    ylim=(len(families) - 0.4, -0.7),
)
for marker, filled, label in (
    ("D", True, "the book's option"),
    ("o", True, "visibly different"),
    ("o", False, "not visibly different"),
):
    ax.scatter(
        [],
        [],
        marker=marker,
        edgecolor=figures.BLUE,
        label=label,
        color=figures.BLUE if filled else "white",
    )
figures.legend_below(fig)
figures.show("fig_choices")

# %% tags=["remove-cell"]
others = options[~options["default"]]
value = {
    key: part.set_index("id")
    for key, part in tables["choices"].groupby(["family", "variant"])
}
for name, variants in (
    ("norm", ("l2", "l2")),
    ("product", ("|gradient x input|",) * 2),
):
    ours = value["position score", variants[0]]
    theirs = value["original: position score", variants[1]].loc[ours.index]
    away = spearman_difference(
        ours["value"],
        theirs["value"],
        ours["snr"],
        draws=draws,
        seed=seed,
        groups=ours.index.map(configuration_of),
    )
    for part in away._fields:
        report(f"c_alike_{name}_{part}", getattr(away, part), decimals)
# The paper keeps the accurate networks only.
kept = tables["choices"][tables["choices"]["id"].map(zoo["auroc"]) >= 0.97]
filtered = controls_summary.choice_table(kept, draws=1).set_index(
    ["family", "variant"]
)
moved = (
    filtered["spearman"]
    - options.set_index(["family", "variant"])["spearman"]
)
report("c_kept", int(kept["id"].nunique()), "d")
report("c_moved", moved.abs().max(), ".2f")
report("c_moved_most", ": ".join(moved.abs().round(9).idxmax()))
report("c_options", len(others), "d")
report("c_families", len(families), "d")
report("c_visible", int(others["visible"].sum()), "d")
widest = ranges["range"].round(9).idxmax()
report("c_widest", widest)
report("c_widest_range", ranges.loc[widest, "range"], ".2f")
inside = ranges.drop(index=["metric", widest], errors="ignore")
report("c_second", inside["range"].round(9).idxmax())
report("c_second_range", inside["range"].max(), ".2f")
worse = others[others["visible"] & (others["difference"] < 0)]
better = others[others["visible"] & (others["difference"] > 0)]
for name, part in (("worse", worse), ("better", better)):
    named = [f"{o['family']}: {o['variant']}" for _, o in part.iterrows()]
    report(f"c_{name}", "; ".join(named) if named else "none")

# %% [markdown]
# ```{glue:figure} fig_choices
# :name: fig-choices
# :alt: One row for each family of choices, with points for its options along an axis of Spearman correlation with signal-to-noise ratio. Some rows are tight, others wide.
#
# Spearman correlation with SNR over {glue:text}`c_networks` networks on {glue:text}`c_sequences`
# sequences ({glue:text}`c_method_sequences` for the attribution methods, each against the SNR of
# its own maps) under every option, the widest family on top. Diamonds: the book's option. Filled:
# visibly different from it. Blue: the final score; orange: the original metric. Options away from
# the book's are named. A network whose divergence is infinite under an option is left out of its
# point, and out of its comparison with the book's option.
# ```
#
# The widest family is *{glue:text}`c_widest`*, with a range of {glue:text}`c_widest_range`; next,
# the comparison of metrics apart, comes *{glue:text}`c_second`* with {glue:text}`c_second_range`.
# (A family with more options has more chances of a wide range.) Of {glue:text}`c_options` other
# options in {glue:text}`c_families` families, {glue:text}`c_visible` differ visibly from the
# book's. Visibly worse: {glue:text}`c_worse`. Visibly better: {glue:text}`c_better`. These are many
# comparisons, uncorrected: read them as hints of where to look, not as results. Over the
# {glue:text}`c_kept` networks of this chapter with AUROC ≥ 0.97 no option's correlation with SNR
# moves by more than {glue:text}`c_moved` (*{glue:text}`c_moved_most`*).
#
# *Metric* is not the primary comparison of {doc}`04_length_scaling`: here the final
# score has mean weights, which have seen these networks, on fewer sequences, and there is one
# network of each configuration.
#
# **Is the final score ahead only because of its position score?** It takes |gradient × input|, from
# which SNR is made too, and the original metric the norm of the four entries. Give both the norm,
# and the final score is ahead by {glue:text}`c_alike_norm_value` ({glue:text}`c_alike_norm_low` to
# {glue:text}`c_alike_norm_high`). Give both |gradient × input|, and it is ahead by
# {glue:text}`c_alike_product_value` ({glue:text}`c_alike_product_low` to
# {glue:text}`c_alike_product_high`). The weights, as above, are held fixed.
#
# ## Which score do we recommend?
#
# A score has a form (the KLD as it is, or its {term}`excess` over exchanged maps), a
# {term}`reading`, and weights of the lengths (equal, learnt, or k = 6 alone). That makes
# {glue:text}`c_candidates` candidates. The rule, written before it was run on them together:
#
# 1. *Controls first.* Spikes, noise, a profile that follows the position, and a constant map know
#    nothing of the bases. A candidate is out if one of these, as the mean of its {glue:text}`c_maps`
#    maps, scores above the 5th percentile of trained networks on the same sequences, in any population.
# 2. *Then the truth.* Of the rest, the mean place over three truths (SNR, absolute SNR, motif AUPR) and
#    two populations (ours and the published), by rank correlation inside kinds.
# 3. *Ties* (the interval of the difference holds 0) go to `frequency` with equal weights, which has
#    nothing to learn.

# %%
options, recommended_from = load_tables("controls_recommended", run)
tell_origin("controls_recommended", recommended_from)
truths = pd.concat(
    [
        load_scores(run, name)[0].query("status == 'ok'")
        for name in ("synthetic", "koo")
    ]
)
candidates, chosen = controls_recommended.choose(
    options["scores"], truths, draws, seed
)
shares = dict.fromkeys((*controls_recommended.BLIND, "highest"), percent)
numbers = dict.fromkeys(("follows", "difference", "low", "high"), "{:.3f}")
candidates.style.format(shares | numbers | {"place": "{:.1f}"}).hide(
    axis="index"
)

# %% tags=["remove-cell"]
best = candidates.set_index("candidate")
report("c_candidates", len(best), "d")
report("c_maps", controls_recommended.DRAWS, "d")
report("c_admitted", int(best["admitted"].sum()), "d")
report("c_recommended", chosen)
report("c_recommended_follows", best.loc[chosen, "follows"], ".2f")
report("c_raw_spike", best.loc["raw, frequency, equal", "spike"], percent)
report("c_single_map", best.loc[chosen, "highest"], percent)
report(
    "c_instance_map",
    best.loc["excess, instance, equal", "highest"],
    percent,
)
given_up = best.loc["raw, frequency, equal"]
report(
    "c_given_up", Estimate(*given_up[["difference", "low", "high"]]), ".3f"
)
moved = options["jitter"].set_index("moved")
ks = range(3, 9)
excess = np.mean(
    [
        moved[f"kld_frequency_k{k}"] - moved[f"exchanged_frequency_k{k}"]
        for k in ks
    ],
    axis=0,
)
for nt, value in zip(moved.index, excess):
    report(f"c_moved_{nt}", abs(value), ".2f")

# %% [markdown]
# {glue:text}`c_admitted` candidates pass the controls, and the rule takes
# **{glue:text}`c_recommended`**, which follows the truths at {glue:text}`c_recommended_follows`. It is
# what the {doc}`command <../book/score_your_maps>` computes unless told otherwise.
#
# - **The tie-break decides.** No admitted candidate can be told apart from the chosen one.
# - **Every raw KLD is out.** Random spikes score above {glue:text}`c_raw_spike` of the networks of some
#   population: whatever is concentrated has a KLD. Its excess over exchanged maps is near 0.
# - **What is given up.** By the truths nothing visible: the raw KLD, same reading and weights, follows
#   them by {glue:text}`c_given_up` more. But words at one place are no longer seen, see below.
# - **A single map may still pass.** The highest of {glue:text}`c_maps` spike maps still outranks
#   {glue:text}`c_single_map` of the networks of one population ({glue:text}`c_instance_map` with
#   `instance`). That is chance, and the reason why a verdict on one model rests on a {term}`p-value`.
# - **Words at one place are not seen.** A word planted at exactly one position exchanges into itself, and
#   its excess is {glue:text}`c_moved_0` nats. Moved by up to 1, 3, 10 and 90 bases it is
#   {glue:text}`c_moved_1`, {glue:text}`c_moved_3`, {glue:text}`c_moved_10` and {glue:text}`c_moved_90`.

# %% tags=["remove-input"]
expect(
    "the rule takes the command's default",
    chosen == controls_recommended.DEFAULT.name,
)

# %% [markdown]
# ```{admonition} Key points
# :class: note
# - Maps of {glue:text}`c_words` arbitrary words outrank {glue:text}`c_kld_original_words` of
#   {glue:text}`c_networks` networks on the original metric and
#   {glue:text}`c_consistency_frequency_words` on the final score. With a *single* arbitrary word
#   they outrank {glue:text}`c_consistency_frequency_1_words` on the final score; with
#   {glue:text}`c_words`, hidden in noise, {glue:text}`c_consistency_frequency_words_in_noise` on
#   average, set by set {glue:text}`c_consistency_frequency_words_in_noise_least` to
#   {glue:text}`c_consistency_frequency_words_in_noise_most`. Consistency is not correctness.
# - Rotated maps outrank {glue:text}`c_consistency_frequency_rotated` under `frequency` and
#   {glue:text}`c_consistency_instance_rotated` under `instance`.
# - Networks that learnt nothing were expected to score lower than the median trained network. On
#   the final score their median is {glue:text}`c_broken_consistency_frequency`; on the original
#   metric {glue:text}`c_broken_kld_original`.
# - The number of sequences matters: with equal weights, one set of random spikes outranks
#   {glue:text}`c_spike_few` of the networks on {glue:text}`c_n_min` sequences and
#   {glue:text}`c_spike_many` on {glue:text}`c_n_max`.
# - KLDs from different numbers of sequences, lengths, methods or readings are on different scales.
#   Compare networks under one choice.
# - A gradient and a mutation can differ in sign: in the networks of lowest SNR, saliency gives
#   {glue:text}`s_saliency` of the motif positions a positive score, in-silico mutagenesis
#   {glue:text}`s_in_silico_mutagenesis`.
# - Recommended, by a rule: {glue:text}`c_recommended`.
# ```
#
# ## Limits
#
# The controls are ours; another control could fool what these do not. Arbitrary words of other
# lengths were not tried. The networks trained on shuffled labels had few epochs, too few to learn
# labels by heart, and there are {glue:text}`c_labels` of them. Outside the section on signs, this
# chapter takes the first network of each configuration: its correlations with SNR compare
# configurations, and these networks share one start. In-silico mutagenesis was run on
# {glue:text}`c_method_networks` of them, and on the networks of the section on signs, which were
# picked by their SNR. And SNR itself is a choice: it is computed from the same maps, so it shares
# their faults.
#
# ## Exercises
#
# Work on them in the {doc}`student notebook <exercises/06_controls>` (<a
# href="../exercises/06_controls.ipynb" download>download</a>; `make lab` copies all of them into
# `my_exercises`). It checks your answers and, when one is wrong, says why.
#
# 1. ★ *Change a parameter.* Arbitrary words of five to eight letters: which of them fool the final
#    score?
# 2. ★★ *Write a few lines.* Score a map that marks the whole truth, one that marks a single true
#    word, and one that lies. Which is correct, which complete, which wins?
# 3. ★★★ *Extend the method.* Subtract from each score that of a rotated copy, then make the copies
#    into a test. Which of the maps that should not pass does it let through?
#
# ## Where next
#
# Does the score follow the truth in networks that we did not train? The next chapter asks. To
# set your own maps beside rotated copies of themselves, use the command `score`
# ({doc}`../book/api`); to run this chapter with other parameters, see {doc}`../book/how_to_rerun`.
