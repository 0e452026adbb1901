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
# matter?** An instrument is known by what it reads when there is nothing to measure. So we
# show the metrics maps that know nothing, and networks that learnt nothing. Then we change every choice
# made so far, one at a time.
#
# ```{admonition} After this chapter you can
# :class: tip
# - build a map that keeps one virtue of a good map and lacks all others;
# - say which metric is fooled by what, and how often;
# - tell a choice that changes the verdict from one that does not;
# - choose between readings by a rule that was fixed before looking.
# ```
#
# *You need:* the first four chapters. *Reading time:* 25 minutes.

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
from IPython.display import Markdown, display

from attribution_consistency import (
    artefacts,
    evaluation,
    figures,
    kmer_klds,
    thresholded_kld,
)
from attribution_consistency.claims import report
from attribution_consistency.metric import motif_auroc, position_scores
from attribution_consistency.metric.association import spearman
from attribution_consistency.studies import (
    controls,
    controls_maps,
    controls_summary,
    load_tables,
)

figures.style()

# %% tags=["remove-input"] mystnb={"markdown_format": "myst"}
tables, origin = load_tables("controls", run)
if origin == "stored":
    display(Markdown(controls.NOTICE))

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
# Each control keeps one thing that a metric may reward.
#
# - **Rotated:** the scores of a real map, moved around each sequence by a random offset. They are
#   as uneven as before, and stand in the wrong place.
# - **Random spike:** 1 at {glue:text}`c_spike` consecutive random positions of each sequence,
#   0 elsewhere. As concentrated as can be.
# - **Arbitrary words:** 1 wherever one of {glue:text}`c_words` randomly drawn
#   {glue:text}`c_word`-mers stands, in every sequence. Perfectly *consistent*, and wrong. We also
#   hide them in noise that adds up to as much as they do.
#
# All in a few lines, for {glue:text}`c_network`:

# %%
live = artefacts.Run(run).maps("synthetic", network).exists()
if live:
    n = int(real["n"].iloc[0])
    x, masks = controls.sequences(artefacts.Run(run), "synthetic", network, n)
    a = artefacts.read_maps(run, "synthetic", network)["a"][:n]
    rng = np.random.default_rng(seed)
    examples = {
        network: a,
        "rotated": controls_maps.rotated(x, a, rng),
        "random spike": controls_maps.spikes(x, rng),
        "arbitrary words": controls_maps.wrong_words(x, rng),
    }
    examples["the words in noise"] = controls_maps.in_noise(
        x, examples["arbitrary words"], rng
    )
    display(pd.DataFrame({
        name: {
            "original metric (nats)": thresholded_kld(x, m),
            "weighted KLD, k = 6 (nats)": kmer_klds(x, m, [6])[0],
            "AUROC of motif positions": np.nanmean(motif_auroc(x, m, **masks)),
        }
        for name, m in examples.items()
    }).style.format(precision=2))
else:
    print(f"This run has no maps of {network}: the tables below stand alone.")

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(
    5, 1, figsize=(figures.WIDTH * 1.1, 4.6), sharex=True
)
for ax, name in zip(axes, examples if live else []):
    score = position_scores(x, examples[name])[shown]
    for first, last in figures.spans(masks["motif_mask"][shown]):
        ax.axvspan(first - 0.5, last - 0.5, color=figures.ORANGE, alpha=0.2, lw=0)
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
# A metric is fooled when a control *outranks* a real network. We score the controls and all
# {glue:text}`c_networks` networks of the zoo on the same {glue:text}`c_sequences` sequences. The
# table gives the share of networks that a control outranks: the mean over the rotated maps of
# all networks, or over {glue:text}`c_draws` random maps. The final scores use the mean length
# weights.

# %%
fooled = controls_summary.outranked_table(maps)
fooled.rename(
    index=controls_summary.METRICS, columns=controls_summary.CONTROLS
).style.format("{:.0%}").background_gradient(cmap="Oranges", vmin=0, vmax=1)

# %% tags=["remove-cell"]
for name in fooled.index:
    for control in fooled.columns:
        report(f"c_{name}_{control}", fooled.loc[name, control], ".0%")
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
# The arbitrary words outrank {glue:text}`c_original_words` of the networks on the original metric
# and {glue:text}`c_final_frequency_words` on the final score. They know nothing: as a detector of
# motif positions such a map has an AUROC of {glue:text}`c_words_auroc`, where 0.5 is guessing and
# the median network has {glue:text}`c_network_auroc`. Rotated maps outrank
# {glue:text}`c_original_rotated`, {glue:text}`c_final_frequency_rotated` (`frequency`) and
# {glue:text}`c_final_instance_rotated` (`instance`).
#
# Why do the words do so well? They are not only consistent but spotless: nothing outside them has
# any attribution, which no network achieves. Under noise of the same total they outrank
# {glue:text}`c_original_words_in_noise` on the original metric and
# {glue:text}`c_final_frequency_words_in_noise` on the final score. The difference is what a
# clean background is worth.
#
# Two rows need care. The Gini coefficient knows no words, so a rotated map has exactly the value
# of its original. The geometric metric sees directions only: a map of 0 and 1 has just four,
# one for each base, the most concentrated there can be. Of its controls only the rotated
# one is fair.
#
# ## How few words fool the final score?
#
# Forty words are many. A map may point at fewer, and then it is *more* consistent.

# %% tags=["remove-output", "hide-input"]
words = by_words[by_words["population"] == "synthetic"].sort_values("words")
panels = {"original": "original metric", "final_frequency": "final score"}
fig, axes = plt.subplots(1, 2, figsize=(figures.WIDTH * 1.1, 3.2))
for ax, (column, title) in zip(axes, panels.items()):
    ax.axhspan(
        real[column].min(), real[column].max(), color=figures.GREY, alpha=0.2,
        lw=0, label="networks, lowest to highest",
    )
    ax.axhline(real[column].median(), color=figures.GREY, lw=1, label="median")
    ax.plot(
        words["words"], words[column], "o", color=figures.RED, alpha=0.7,
        label="arbitrary words",
    )
    ax.set(
        xscale="log", xlabel=f"number of {controls_maps.WORD}-mers",
        ylabel="nats", title=title,
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
        beaten = (real[column].to_numpy() < part[[column]].to_numpy()).mean()
        counts[int(n_words), column] = beaten
for n_words in (1, 4, 10):
    for column in panels:
        report(f"c_{column}_{n_words}_words", counts[n_words, column], ".0%")
fools = [n for n, c in counts if c == "final_frequency" and counts[n, c] >= 0.5]
report(
    "c_words_enough", f"up to {max(fools)} of the numbers tried" if fools
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
# A map that points at a single arbitrary word outranks {glue:text}`c_final_frequency_1_words` of
# the networks on the final score, one with four words {glue:text}`c_final_frequency_4_words`, one
# with ten {glue:text}`c_final_frequency_10_words`. Such a map outranks at least half of the
# networks with this many words: {glue:text}`c_words_enough`. This is no flaw that a better formula would
# remove. The score asks whether a network keeps pointing at the same words; this map does
# nothing else. **No metric without a truth can tell a wrong word from a right one.**
#
# ## Networks that learnt nothing
#
# Adebayo and colleagues {cite:p}`adebayo2018` ask of any explanation: does it change when the
# model is broken? We break networks in three ways and map them like the others.
#
# - **shuffled labels:** trained on labels that were permuted among the sequences;
# - **permuted weights:** every trained network, the entries of each weight array permuted;
# - **untrained:** fresh weights.
#
# Their maps should score lower than those of trained networks.

# %%
synthetic = maps[maps["population"] == "synthetic"]
kinds = {
    "network": "trained", "labels": "shuffled labels",
    "weights": "permuted weights", "untrained": "untrained",
}
broken = synthetic[synthetic["kind"].isin(kinds)]
shares = {}
for kind, label in kinds.items():
    for turned in (False, True):
        part = broken[(broken["kind"] == kind) & (broken["rotated"] == turned)]
        name = label + (", rotated" if turned else "")
        shares[name] = {"maps": len(part), "Gini, median": part["gini"].median()}
        for column, title in panels.items():
            values = part[column].dropna().to_numpy()
            beaten = (real[column].to_numpy() < values[:, None]).mean()
            shares[name][f"{title}, median"] = np.median(values)
            shares[name][f"{title}, outranks"] = beaten
shares = pd.DataFrame(shares).T
shares.style.format({c: "{:.0%}" if "outranks" in c else "{:.2f}" for c in shares}
                    | {"maps": "{:.0f}"})

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
                part[column], row + 0.2 * turned - 0.1 + shift, s=18, lw=1,
                color="none" if turned else figures.BLUE,
                edgecolor=figures.BLUE,
                label="rotated copy" if turned else "map",
            )
    ax.set(
        xlabel=f"{title} (nats)", yticks=range(len(kinds)),
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
                shares.loc[name, f"{title}, outranks"], ".0%",
            )
auroc = broken.loc[(broken["kind"] == "labels") & ~broken["rotated"], "auroc"]
report("c_labels", len(auroc), "d")
report("c_labels_auroc", auroc.mean(), ".2f")
report("c_trained_auroc", real["auroc"].mean(), ".2f")


def verdict(column):
    """Which broken networks score as high as the median trained one."""
    median = real[column].median()
    high = [
        label for kind, label in list(kinds.items())[1:]
        if shares.loc[label, f"{panels[column]}, median"] >= median
    ]
    return f"not lower for {' and '.join(high)}" if high else "lower for all three"


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
# The networks trained on shuffled labels predict as one expects (AUROC
# {glue:text}`c_labels_auroc` on true labels; trained networks {glue:text}`c_trained_auroc`).
# Compared with the median trained network, the median of the broken ones is
#
# - on the original metric: {glue:text}`c_broken_original`;
# - on the final score: {glue:text}`c_broken_final_frequency`.
#
# If a broken network scores high, why? Either its map is merely uneven, and then a rotated copy
# scores as high. Or the map is tied to words, although the network was taught none: a first-layer
# filter with random weights still answers to some k-mers and not to others, in every sequence
# alike. The rotated copies tell the two apart. Untrained networks outrank
# {glue:text}`c_untrained_final_frequency` of the trained ones on the final score, their rotated
# copies {glue:text}`c_untrained_final_frequency_rotated`; permuted weights
# {glue:text}`c_weights_final_frequency` and {glue:text}`c_weights_final_frequency_rotated`. On
# the original metric the pairs are {glue:text}`c_untrained_original` and
# {glue:text}`c_untrained_original_rotated`, {glue:text}`c_weights_original` and
# {glue:text}`c_weights_original_rotated`. What the rotation takes away is the share that random
# filters get for being consistent.
#
# ## Scored here, checked there
#
# So far KLD and SNR came from the same sequences. Could both be high by the same accident? We
# score each network on the even sequences and measure SNR on the odd ones, and the other way
# round.

# %%
half = tables["halves"].pivot(index="id", columns="half")
checked = pd.DataFrame({
    title: {
        f"KLD {one}, SNR {two}": spearman(
            half[column][one], half["snr"][two], draws=1
        ).value
        for one in ("even", "odd") for two in ("even", "odd")
    }
    for column, title in (("final", "final score"), ("original", "original metric"))
})
checked.style.format(precision=3)

# %% tags=["remove-cell"]
same = checked.loc[["KLD even, SNR even", "KLD odd, SNR odd"]]
other = checked.drop(same.index)
for title, name in (("final score", "final"), ("original metric", "original")):
    report(f"c_same_{name}", same[title].mean(), ".2f")
    report(f"c_other_{name}", other[title].mean(), ".2f")

# %% [markdown]
# The Spearman correlation with SNR is {glue:text}`c_same_final` on the same half and
# {glue:text}`c_other_final` on the other half for the final score, {glue:text}`c_same_original`
# and {glue:text}`c_other_original` for the original metric (mean of two). What separates the
# networks is not the choice of sequences.
#
# ## How many sequences, how long a word?
#
# There are $4^k$ words of length k. With few sequences most of them are never seen, and a
# distribution over too few observations looks concentrated whatever the map says.

# %% tags=["remove-output", "hide-input"]
sizes = tables["sizes"]
lengths = [c for c in sizes if c.startswith("k")]
chosen = [lengths[i] for i in (1, len(lengths) // 2, -1)]
styles = {
    "networks": (figures.BLUE, "o-"), "noise": (figures.RED, "s--"),
    "spike": (figures.GREEN, "v--"), "words": (figures.PURPLE, "D--"),
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
                group.median(), style, color=colour, ms=4,
                label=f"{name}, median" if name == "networks" else name,
            )
            if name == "networks":
                low, high = group.quantile(0.25), group.quantile(0.75)
                ax.fill_between(low.index, low, high, color=colour, alpha=0.15, lw=0)
        ax.set(xscale="log", title=f"{reading}, k = {column[1:]}", ylim=(0, None))
        ax.set_xticks(group.median().index, group.median().index.astype(str), fontsize=7)
        ax.minorticks_off()
for ax in axes[:, 0]:
    ax.set_ylabel("KLD (nats)")
for ax in axes[1]:
    ax.set_xlabel("sequences")
figures.legend_below(fig, 5)
figures.show("fig_sizes")

# %% tags=["remove-cell"]
longest, n_min, n_max = lengths[-1], int(sizes["n"].min()), int(sizes["n"].max())
at = sizes.set_index(["id", "reading", "n"])[longest]
report("c_n_min", n_min, "d")
report("c_n_max", n_max, ",d")
report("c_k_max", longest[1:])
for reading in ("frequency", "instance"):
    for which, n_used in (("few", n_min), ("many", n_max)):
        report(f"c_noise_{reading}_{which}", at["noise", reading, n_used], ".2f")
ranked = sizes[sizes["reading"] == "frequency"]
mean = ranked.assign(mean=ranked[lengths].mean(axis=1)).pivot(
    index="id", columns="n", values="mean"
)
blind = mean.loc[list(controls.BLIND)]
mean = mean.drop(index=blind.index)
for control in ("spike", "words"):
    for which, n_used in (("few", n_min), ("many", n_max)):
        beaten = (mean[n_used] < blind.loc[control, n_used]).mean()
        report(f"c_{control}_{which}", beaten, ".0%")
kept = mean.corrwith(mean[n_max], method="spearman")
report("c_kept_few", kept[n_min], ".2f")
enough = [n for n in kept.index if kept[n] >= 0.95]
report("c_enough", min(enough), "d")

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
# {glue:text}`c_noise_frequency_many`. KLDs from different numbers of sequences must not be
# compared.
#
# Controls profit from scarcity too. A spike selects a few positions of each sequence, and a few
# positions hold few words: with the lengths weighted equally (`frequency`), the spikes outrank
# {glue:text}`c_spike_few` of the networks on {glue:text}`c_n_min` sequences and
# {glue:text}`c_spike_many` on {glue:text}`c_n_max`; the arbitrary words
# {glue:text}`c_words_few` and {glue:text}`c_words_many`. Where the share falls, a metric that
# resists controls on many sequences does not resist them on few: **score as many sequences as
# you can, and show the controls for your number.**
#
# The *order* of the networks is more robust: with the lengths weighted equally, their
# ranks from {glue:text}`c_n_min` sequences correlate {glue:text}`c_kept_few` with those from
# {glue:text}`c_n_max`, and from {glue:text}`c_enough` on by 0.95 or more.
#
# ## Other attribution methods
#
# The score takes any map. Saliency is the cheapest; SmoothGrad {cite:p}`smilkov2017` averages
# gradients around the sequence, integrated gradients {cite:p}`sundararajan2017` along a path to
# it, and in-silico mutagenesis changes every base in turn.

# %%
methods = tables["methods"]
both = methods["id"].isin(methods.loc[methods["method"] == controls.METHODS[-1], "id"])
shown_methods = methods[both].groupby("method", sort=False)[
    ["snr", "final", "original", "gini"]
].median()
shown_methods.rename(columns={
    "snr": "SNR", "final": "final score (nats)",
    "original": "original metric (nats)", "gini": "Gini",
}).style.format(precision=2)

# %% tags=["remove-cell"]
report("c_method_sequences", int(methods["n"].max()), "d")
report("c_method_networks", int(methods.loc[both, "id"].nunique()), "d")
usual = methods[methods["method"] == "saliency"].set_index("id")
for method, name in (("smoothgrad", "smooth"), ("integrated_gradients", "integrated")):
    there = methods[methods["method"] == method].set_index("id")
    higher = (there["final"] > usual["final"].reindex(there.index)).mean()
    clearer = (there["snr"] > usual["snr"].reindex(there.index)).mean()
    agree = spearman(there["final"], usual["final"].reindex(there.index), draws=1)
    report(f"c_{name}_higher", higher, ".0%")
    report(f"c_{name}_clearer", clearer, ".0%")
    report(f"c_{name}_order", agree.value, ".2f")

# %% [markdown]
# Medians over the {glue:text}`c_method_networks` networks without a regulariser, mapped on
# {glue:text}`c_method_sequences` sequences. Over all networks, integrated gradients raise SNR in
# {glue:text}`c_integrated_clearer` and the score in {glue:text}`c_integrated_higher` of them, SmoothGrad
# in {glue:text}`c_smooth_clearer` and {glue:text}`c_smooth_higher`. They keep the order
# of the networks with a rank correlation of {glue:text}`c_integrated_order` and
# {glue:text}`c_smooth_order`. Compare networks under one method only.
#
# ## Which choices matter?
#
# Every choice of the last chapters could have been another. Each row of {numref}`fig-choices` is
# one family of choices, each point one option: how well networks scored that way follow SNR. We
# call a choice *visible* when the 95 % interval of its difference from the book's option,
# bootstrapped over configurations, leaves out zero.

# %%
options = controls_summary.choice_table(tables["choices"], seed, draws)
options["visible"] = ~options["default"] & (
    (options["low"] > 0) | (options["high"] < 0)
)
ranges = options.groupby("family", sort=False)["spearman"].agg(["min", "max"])
ranges["range"] = ranges["max"] - ranges["min"]
ranges["visible options"] = options.groupby("family", sort=False)["visible"].sum()
ranges["other options"] = options.groupby("family", sort=False).size() - 1
ranges["least agreement in order"] = options.groupby("family")["order"].min()
ranges = ranges.sort_values("range", ascending=False)
ranges.style.format(
    precision=2, subset=["min", "max", "range", "least agreement in order"]
)

# %% tags=["remove-output", "hide-input"]
families = list(ranges.index)
fig, ax = plt.subplots(figsize=(figures.WIDTH * 1.2, 0.52 * len(families) + 1))
for row, family in enumerate(families):
    part = options[options["family"] == family].sort_values("spearman")
    colour = figures.ORANGE if family.startswith("original") else figures.BLUE
    ax.plot(part["spearman"], [row] * len(part), color=colour, lw=1, alpha=0.5)
    default = part.loc[part["default"], "spearman"].iloc[0]
    last = -np.inf
    for number, (_, o) in enumerate(part.iterrows()):
        ax.scatter(
            o["spearman"], row, s=70 if o["default"] else 34, zorder=3,
            marker="D" if o["default"] else "o", edgecolor=colour, lw=1.3,
            color=colour if o["default"] or o["visible"] else "white",
        )
        # Where options crowd, the table above tells them apart.
        if abs(o["spearman"] - default) > 0.03 and o["spearman"] - last > 0.03:
            ax.annotate(
                o["variant"], (o["spearman"], row), xytext=(0, 6 if number % 2 else -11),
                textcoords="offset points", ha="center", fontsize=6,
            )
            last = o["spearman"]
ax.set(
    yticks=range(len(families)), yticklabels=families,
    xlabel="Spearman correlation with SNR", ylim=(len(families) - 0.4, -0.7),
)
for marker, filled, label in (
    ("D", True, "the book's option"), ("o", True, "visibly different"),
    ("o", False, "not visibly different"),
):
    ax.scatter([], [], marker=marker, edgecolor=figures.BLUE, label=label,
               color=figures.BLUE if filled else "white")
figures.legend_below(fig)
figures.show("fig_choices")

# %% tags=["remove-cell"]
others = options[~options["default"]]
report("c_options", len(others), "d")
report("c_families", len(families), "d")
report("c_visible", int(others["visible"].sum()), "d")
widest = ranges["range"].idxmax()
report("c_widest", widest)
report("c_widest_range", ranges.loc[widest, "range"], ".2f")
inside = ranges.drop(index=["metric", widest], errors="ignore")
report("c_second", inside["range"].idxmax())
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
# the book's are named.
# ```
#
# The widest family is *{glue:text}`c_widest`*, with a range of {glue:text}`c_widest_range`; next,
# the comparison of metrics apart, comes *{glue:text}`c_second`* with {glue:text}`c_second_range`.
# Of {glue:text}`c_options` other options in {glue:text}`c_families` families,
# {glue:text}`c_visible` differ visibly from the book's. Visibly worse: {glue:text}`c_worse`.
# Visibly better: {glue:text}`c_better`. These are many comparisons, uncorrected: read them as
# hints of where to look, not as results.
#
# ## Which reading?
#
# "Frequency times weight" has three readings, and the floor can be kept, subtracted, or
# replaced by the divergence from the constant map. We choose by a rule fixed before looking:
#
# 1. admitted is what does not follow SNR visibly worse than the best option;
# 2. of these, take the option whose *worst* control outranks the fewest networks;
# 3. of equals, take the first listed, which is the literal one.
#
# On the same sequences the floor of each length is one number for all networks. Subtracting it
# cannot change who outranks whom under common weights; it acts only where weights differ, that is
# between networks held out in different trials.

# %%
readings = controls_summary.readings(maps, seed, draws)
position, admitted = controls_summary.choose_reading(readings, maps, seed, draws)
readings["admitted"] = admitted
treated = readings["treatment"].map(controls_summary.TREATMENTS)
table = readings.drop(columns="scores").assign(treatment=treated)
table.rename(columns=controls_summary.CONTROLS).style.format({
    **{c: "{:.2f}" for c in ("spearman", "low", "high")},
    **{c: "{:.0%}" for c in (*controls_summary.CONTROLS.values(), "worst")},
}).hide(axis="index")

# %% tags=["remove-cell"]
winner = readings.loc[position]
report("c_chosen", winner["reading"])
report("c_chosen_treatment", controls_summary.TREATMENTS[winner["treatment"]])
for name, row in (
    ("chosen", winner),
    *((r, readings[(readings["reading"] == r) & (readings["treatment"] == "kept")].iloc[0])
      for r in evaluation.READINGS),
):
    report(f"c_{name}_spearman", row["spearman"], ".2f")
    report(f"c_{name}_worst", row["worst"], ".0%")
report("c_admitted", int(admitted.sum()), "d")
report("c_candidates", len(readings), "d")
report(
    "c_default_verdict",
    "agrees with the evidence" if winner["reading"] == "frequency"
    else "is not what this evidence would choose",
)
alike = maps
if "gm12878_dnase" not in set(maps["population"]):  # shown from the last full run
    alike = artefacts.read_csv(artefacts.stored() / "controls_maps.csv")
there = controls_summary.outranked_table(alike, "gm12878_dnase")
there = there.loc[[f"final_{r}" for r in evaluation.READINGS]]
report(
    "c_gm_networks",
    len(controls_summary.control_rows(alike, "network", "gm12878_dnase")), "d",
)
for reading in evaluation.READINGS:
    report(f"c_gm_{reading}", there.loc[f"final_{reading}"].max(), ".0%")
worst_there = there.max(axis=1)
if worst_there.nunique() == 1:
    verdict_there = "All three are fooled alike, so these networks decide nothing."
elif worst_there[f"final_{winner['reading']}"] == worst_there.min():
    verdict_there = "This confirms the choice."
else:
    best = worst_there.idxmin().removeprefix("final_")
    verdict_there = f"This does not confirm the choice: {best} is fooled least."
report("c_gm_verdict", verdict_there)

# %% [markdown]
# {glue:text}`c_admitted` of {glue:text}`c_candidates` options are admitted. With the floor kept,
# the readings follow SNR with {glue:text}`c_frequency_spearman` (`frequency`),
# {glue:text}`c_instance_spearman` (`instance`) and {glue:text}`c_per_sequence_spearman`
# (`per_sequence`), and their worst controls outrank {glue:text}`c_frequency_worst`,
# {glue:text}`c_instance_worst` and {glue:text}`c_per_sequence_worst` of the networks. The rule
# chooses {glue:text}`c_chosen`, {glue:text}`c_chosen_treatment`
# ({glue:text}`c_chosen_spearman`; {glue:text}`c_chosen_worst`). The reading that the command
# `score` uses unless told otherwise, `frequency`, {glue:text}`c_default_verdict`.
#
# One look at data that had no say: on the {glue:text}`c_gm_networks` networks of GM12878 the
# worst controls outrank {glue:text}`c_gm_frequency` (`frequency`), {glue:text}`c_gm_instance`
# (`instance`) and {glue:text}`c_gm_per_sequence` (`per_sequence`) of the networks.
# {glue:text}`c_gm_verdict` Chapters that reproduce the paper keep the literal reading in any case.
#
# ```{admonition} Key points
# :class: note
# - Arbitrary words, pointed at consistently, outrank {glue:text}`c_original_words` of
#   {glue:text}`c_networks` networks on the original metric and
#   {glue:text}`c_final_frequency_words` on the final score, but a map with a *single* arbitrary word
#   outranks {glue:text}`c_final_frequency_1_words` on the final score too. Hidden in noise, the
#   first map outranks {glue:text}`c_final_frequency_words_in_noise`. Consistency is not correctness.
# - Rotated maps outrank {glue:text}`c_final_frequency_rotated` under `frequency` and
#   {glue:text}`c_final_instance_rotated` under `instance`.
# - Networks that learnt nothing were expected to score lower. On the final score their median is
#   {glue:text}`c_broken_final_frequency`; on the original metric
#   {glue:text}`c_broken_original`. Rotated copies show how much of it is unevenness.
# - With few sequences controls look consistent: random spikes outrank {glue:text}`c_spike_few` of
#   the networks on {glue:text}`c_n_min` sequences, {glue:text}`c_spike_many` on
#   {glue:text}`c_n_max`.
# - KLDs from different numbers of sequences, lengths, methods or readings are on different
#   scales; the order of networks moves far less.
# - The rule chooses the reading {glue:text}`c_chosen` ({glue:text}`c_chosen_treatment`).
# ```
#
# ## Limits
#
# The controls are ours; another control could fool what these do not. Arbitrary words of other
# lengths were not tried. The networks trained on shuffled labels had few epochs, too few to learn
# labels by heart, and there are {glue:text}`c_labels` of them. The zoo has one initialisation of
# each configuration here, and a pooled correlation with SNR partly compares architectures. In-silico
# mutagenesis was run on {glue:text}`c_method_networks` networks only. And SNR itself is a choice:
# it is computed from the same maps, so it shares their faults.
#
# ## Exercises
#
# 1. Write a map that points at one true core motif and nowhere else, with
#    `controls_maps.pointing_at`. Is it correct? Is it complete? What does it score?
# 2. Set `network` to one with a ReLU first layer. Which control comes closest to it?
# 3. Draw the words of a wrong map from the most frequent 6-mers only. Which reading is fooled
#    more, and why?
#
# ## Where next
#
# A score that cannot see correctness needs company: a truth where there is one, agreement
# between networks where there is none. To control your own maps, see
# {doc}`../book/how_to_rerun`.
