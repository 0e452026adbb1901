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
# # From maps to words
#
# A network that has found real motifs points at the same words in many sequences; one that has
# not points now here, now there. **Can we tell them apart without knowing the truth, from the
# words alone?** This chapter builds a number that tries: the divergence between the words a
# network looks at and the words the sequences are made of.
#
# ```{admonition} After this chapter you can
# :class: tip
# - compute the original metric, and say which of its settings are arbitrary;
# - weight every k-mer by the attribution under it, in three ways;
# - explain why a map that says nothing does not score zero, and correct for it;
# - test a map against chance, and say what the test cannot see.
# ```
#
# *You need:* the first two chapters, and logarithms. *Reading time:* 15 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are shown
high: str = "bn-exp-standard-00"  # a network with clear maps
low: str = "bn-relu-standard-00"  # a network with noisier maps
k: int = 6  # length of the k-mers in the worked example
top: int = 8  # enriched k-mers in the table
draws: int = 99  # exchanges of each map
seed: int = 0  # of the exchanges, and of the two examples of failure

# %% tags=["remove-cell"]
import functools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution_consistency import (
    constant_floor,
    exchanged_null,
    kmer_klds,
    motifs,
    rotated_null,
    sequences,
    thresholded_kld,
)
from attribution_consistency.divergence import (
    excess_klds,
    kmer_distributions,
)
from attribution_consistency.kmers import kmer_names
from attribution_consistency.maps import READINGS
from attribution_consistency.rounding import descending
from compendium import paths, store, tables
from compendium.chapters.attribution_weighting import (
    follow_position,
    planted,
)
from compendium.page import figures
from compendium.page.claims import p_value, report
from compendium.stats import spearman

figures.style()

# %% [markdown]
# Two networks serve as examples: {glue:text}`w_high`, whose maps are clear, and
# {glue:text}`w_low`, whose maps are noisier. As the parameters above stand, they differ only in
# the activation function of their first layer. We take the maps of both for the same
# {glue:text}`w_sequences` positive test sequences.

# %%
data = store.load(paths.Run(run).data("synthetic"))
maps = {
    name: paths.read_maps(run, "synthetic", name) for name in (high, low)
}
rows = maps[high]["rows"]
x = sequences.codes_to_one_hot(data["codes"][rows])
a = {name: maps[name]["a"] for name in (high, low)}

# %% tags=["remove-cell"]
report("w_high", high)
report("w_low", low)
report("w_sequences", len(x), ",d")
report("w_k", k, "d")

# %% [markdown]
# ## One divergence, two lists of words
#
# Let $p(m)$ be the frequency of k-mer $m$ in the sequences, the prior of the first chapter, and
# $q(m)$ its frequency *where the network looks*. The **Kullback–Leibler divergence** (KLD)
#
# ```{math}
# :label: eq-kld
# \mathrm{KLD}(q \,\|\, p) = \sum_m q(m) \log \frac{q(m)}{p(m)}
# ```
#
# adds up over all k-mers $m$; a word with $q(m) = 0$ adds nothing. It is zero when the lists agree
# and grows as $q$ concentrates on words that are rare under $p$. We use the natural logarithm, so
# the unit is the {term}`nat`. All that remains is to define $q$.
#
# ```{margin} For readers new to machine learning
# A divergence says how badly one distribution stands in for another. If $q$ used a single word,
# the KLD would be $-\log p$ of that word: the surprise of meeting it. It is no distance, because
# exchanging $q$ and $p$ changes it.
# ```
#
# ## The original metric: cut, then count
#
# Majdandzic and colleagues {cite:p}`majdandzic2022` score each position by the length of its
# attribution vector, $\sqrt{\sum_c A_{ic}^2}$ over the four bases $c$ (we correct the gradient
# first, as everywhere). In each sequence they keep the positions whose score lies above the 90th
# percentile of the sequence. They extend every run of kept positions by two nucleotides to the
# right, and count the 6-mers that fit inside. The frequencies of these 6-mers are $q$.
#
# ```{margin} For readers new to biology
# Why six? A transcription factor touches some six to twelve bases, and the core that it insists
# on is often shorter. A 6-mer is long enough to be told from chance and short enough to be met
# often.
# ```
#
# Three numbers here were chosen by hand: the percentile, the two nucleotides and the length. What
# happens if we choose another percentile or another length?

# %%
quantiles = [0.8, 0.85, 0.9, 0.95]
lengths = [4, 5, 6, 7]


def original_grid(name):
    """The original metric of one network for every quantile and k."""
    grid = {
        kk: [
            thresholded_kld(x, a[name], kk, quantile=cut)
            for cut in quantiles
        ]
        for kk in lengths
    }
    return pd.DataFrame(grid, index=[f"{cut:.0%}" for cut in quantiles])


original = {name: original_grid(name) for name in (high, low)}
ratio = original[high] / original[low]
pd.concat({high: original[high], low: original[low]}, axis=1).style.format(
    precision=3
)

# %% tags=["remove-cell"]
report("original_high", original[high].loc["90%", 6], ".3f")
report("original_low", original[low].loc["90%", 6], ".3f")
report("original_ratio_min", ratio.min().min(), ".2f")
report("original_ratio_max", ratio.max().max(), ".2f")
report(
    "original_order",
    "The order of the two never changes"
    if (ratio > 1).all(axis=None) or (ratio < 1).all(axis=None)
    else "Their order depends on the settings",
)

# %% [markdown]
# With the published settings the two networks score {glue:text}`original_high` and
# {glue:text}`original_low`. Over the settings in the table the ratio between them runs from
# {glue:text}`original_ratio_min` to {glue:text}`original_ratio_max`. {glue:text}`original_order`.
# A percentile is one choice more than we need. The extension below does without it; that the result
# depends on k remains, and the next chapter deals with it.
#
# ## The extension: keep everything, weight it
#
# The extension of Chen {cite:p}`chen2025` drops the cutoff. Every occurrence of every k-mer
# counts, in proportion to the attribution under it. Let $a_{ni}$ be the score of position $i$ of
# sequence $n$: the absolute value of the corrected gradient times input. The weight of k-mer $m$
# in sequence $n$ is
#
# ```{math}
# :label: eq-weight
# w_n(m) = \frac{\sum_{\text{instances of } m} \; \sum_{j=0}^{k-1} a_{n,i+j}}{\sum_i a_{ni}} .
# ```
#
# The outer sum runs over the instances of $m$ in the sequence, that is over its occurrences, each
# of which starts at a position $i$. The inner sum adds up the scores of the $k$ positions under
# it. The denominator is the sum of all scores of the sequence, so that every sequence counts alike
# and the scale of a network's output does not matter.
#
# The paper then multiplies "each k-mer in the global frequency" by its weight. This can be read
# in three ways, and we compute all of them. Each $q$ is scaled to add up to 1.
#
# | reading | $q(m)$ is in proportion to | in words |
# |---|---|---|
# | `frequency` | $p(m) \sum_n w_n(m)$ | the literal one: global frequency times weight |
# | `instance` | $\sum_n w_n(m)$ | each instance counts with its own attribution |
# | `per_sequence` | $\sum_n f_n(m)\, w_n(m)$ | frequency inside each sequence times weight |
#
# Here $f_n(m)$ is the frequency of $m$ among the k-mers of sequence $n$. The book reproduces the
# paper with `frequency`, unless it says otherwise.
#
# Which reading one *should* use is another question. The {doc}`chapter on controls <06_controls>`
# puts it to all three, by a rule that was fixed before looking: how well they follow the truth,
# and how often maps that know nothing fool them.
#
# The next table has the words that contribute most to the KLD of each network:
#
# - `q / p`: how many times as often the word occurs where the network looks;
# - `of KLD`: the share of the KLD that the word adds;
# - `fits`: up to three motifs that the word fits, within one bit of its best fit;
# - `core`: whether a core motif is among all motifs that it fits so well.

# %%
names = kmer_names(k)
distributions = {
    name: kmer_distributions(x, a[name], k) for name in (high, low)
}
library = motifs.load_motifs()


def most_enriched(table, top):
    """The k-mers with the largest q log(q / p), and motifs they fit."""
    q, p = table.q, table.p
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(q > 0, q * np.log(q / p), 0)
    best = descending(part)[:top]
    fits = [motifs.fitting_motifs(names[i], library) for i in best]
    ranks = np.arange(1, top + 1)
    return pd.DataFrame(
        index=ranks,
        data={
            "k-mer": [names[i] for i in best],
            "q / p": q[best] / p[best],
            "of KLD": part[best] / part.sum(),
            "fits": [", ".join(m.name for m, _ in fit[:3]) for fit in fits],
            "core": [any(m.role == "core" for m, _ in fit) for fit in fits],
        },
    )


enriched = {
    name: most_enriched(distributions[name], top) for name in (high, low)
}
pd.concat(enriched, names=["network", "rank"]).style.format(
    {"q / p": "{:.1f}", "of KLD": "{:.1%}"}
)

# %% tags=["remove-cell"]
report("w_top", top, "d")
for which, name in (("high", high), ("low", low)):
    report(f"core_{which}", int(enriched[name]["core"].sum()), "d")
    report(f"top_share_{which}", enriched[name]["of KLD"].sum(), ".0%")
# The same for a map with one score everywhere; the section on the floor derives its q.
p = distributions[high].p
flat = distributions[high]._replace(q=p**2 / np.sum(p**2))
report("core_flat", int(most_enriched(flat, top)["core"].sum()), "d")
word = enriched[high].loc[1, "k-mer"]
report("first_word", word)
at = names.index(word)
for which, of in (
    ("high", distributions[high]),
    ("low", distributions[low]),
    ("flat", flat),
):
    report(f"first_word_{which}", of.q[at] / of.p[at], ".0f")

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(
    1, 2, figsize=(figures.WIDTH * 1.25, 4), sharex=True, sharey=True
)
for ax, name in zip(axes, (high, low)):
    figures.distributions(
        ax, distributions[name].q, distributions[name].p, names
    )
    kld = kmer_klds(x, a[name], [k])[0]
    ax.set_title(f"{name}\nKLD {kld:.2f} nats", fontsize="small")
    report("w_kld_high" if name == high else "w_kld_low", kld, ".2f")
axes[1].set_ylabel("")
figures.show("fig_distributions")

# %% [markdown]
# ```{glue:figure} fig_distributions
# :name: fig-distributions
# :alt: Two scatter plots of attribution-weighted against prior frequency of all k-mers on logarithmic axes. The cloud is much steeper than the dashed diagonal: rare words lie below it, frequent ones above. The labelled k-mers lie at the upper end, highest above the diagonal.
#
# Attribution-weighted frequency against prior of all {glue:text}`w_k`-mers, for two networks on
# {glue:text}`w_sequences` positive test sequences (`frequency` reading). Coloured and labelled:
# the eight k-mers that contribute most to the KLD. Dashed: equality. This rebuilds figure 2 of the
# paper with our data.
# ```
#
# Of the {glue:text}`w_top` words of {glue:text}`w_high` in the table, {glue:text}`core_high` fit a
# core motif; of those of {glue:text}`w_low`, {glue:text}`core_low`. They carry
# {glue:text}`top_share_high` and {glue:text}`top_share_low` of the divergence. Where the table
# names several motifs, the word cannot tell them apart; some are the look-alikes of the first
# chapter.
#
# This alone says little about the networks. Planted words are common, and under `frequency` common
# words rise for any map: of the {glue:text}`w_top` words that a map with the same score everywhere
# lifts most, {glue:text}`core_flat` fit a core motif, too. What counts is how much more a network
# lifts them. {glue:text}`first_word` is {glue:text}`first_word_high` times as frequent where
# {glue:text}`w_high` looks, {glue:text}`first_word_low` times where {glue:text}`w_low` looks, and
# {glue:text}`first_word_flat` times under that map.
#
# ## The floor: a map that says nothing
#
# Give every position the same score. Such a map points nowhere, so its divergence should be zero.
# Under `instance` it is. Under `frequency` it is not: the frequency is multiplied by a weight that
# is itself in proportion to the frequency. So $q(m) = p(m)^2 / \sum_{m'} p(m')^2$, where $m'$ runs
# over all k-mers. This is more uneven than $p$. That is why the clouds above are so steep: common
# words stand out for any map.
#
# We call the KLD of a constant map the **floor**. Beside each KLD the table has *from constant*,
# the divergence of $q$ from the $q$ of a constant map. It is never negative, and zero for a
# constant map. It is a divergence of its own, not the KLD minus the floor.

# %%
ks = list(range(3, 9))
floor_table = pd.concat(
    {
        reading: pd.DataFrame(
            {
                "floor": constant_floor(x, ks, reading=reading),
                f"KLD {high}": kmer_klds(x, a[high], ks, reading=reading),
                f"KLD {low}": kmer_klds(x, a[low], ks, reading=reading),
                f"from constant {high}": excess_klds(
                    x, a[high], ks, reading=reading
                ),
                f"from constant {low}": excess_klds(
                    x, a[low], ks, reading=reading
                ),
            },
            index=pd.Index(ks, name="k"),
        )
        for reading in READINGS
    },
    names=["reading"],
)
(floor_table.round(3) + 0.0).style.format(precision=3)

# %% tags=["remove-cell"]
report("floor_6", floor_table.loc[("frequency", 6), "floor"], ".2f")
report("floor_8", floor_table.loc[("frequency", 8), "floor"], ".2f")
report(
    "floor_instance", abs(floor_table.loc["instance", "floor"]).max(), ".0f"
)

# %% [markdown]
# At k = 6 the floor under `frequency` is {glue:text}`floor_6` nats and at k = 8
# {glue:text}`floor_8`; under `instance` it is {glue:text}`floor_instance` at every length, and
# under `per_sequence` it stays small. The floor depends on the sequences and on their number.
# Hence a rule for the whole book: **compare networks on the same sequences only.**
#
# ## The null: the right scores in the wrong sequence
#
# A map can also be uneven without pointing at words, for example with a few tall spikes anywhere.
# To see what unevenness alone brings, we *exchange* the maps: each sequence gets the scores of
# another one, drawn at random, position by position. Everything about the scores survives, how
# tall they are and where along the sequence, except that they belong to other bases.
#
# If a map knows nothing of the bases, its KLD is one of the exchanged ones, and its rank among
# them is as good as drawn by lot. With $B$ exchanges, of which $r$ score at least as much as the
# map, the {term}`p-value` is $(1+r)/(1+B)$. It cannot fall below $1/(1+B)$, which we write as
# "≤ 0.01" for $B=99$. We take one p-value for each map, of its mean over the lengths.

# %%
equal = np.full(len(ks), 1 / len(ks))
nulls, p_values = {}, {}
for name in (high, low):
    for reading in ("frequency", "instance"):
        null = exchanged_null(
            x, a[name], ks, reading=reading, n_draws=draws, seed=seed
        )
        nulls[name, reading] = null
        p_values[name, reading] = null.weighted(equal).p_value

# %% tags=["remove-cell"]
report("null_draws", draws, "d")
shown_p = functools.partial(p_value, draws=draws)
report("null_p", float(max(p_values.values())), shown_p)

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(figures.WIDTH * 1.15, 3.1))
for ax, reading in zip(axes, ("frequency", "instance")):
    for name, colour in ((high, figures.ORANGE), (low, figures.BLUE)):
        null = nulls[name, reading]
        ax.plot(
            ks,
            kmer_klds(x, a[name], ks, reading=reading),
            "o-",
            color=colour,
            label=name,
        )
        ax.plot(
            ks,
            null.null.mean(axis=0),
            "s--",
            color=colour,
            lw=1,
            ms=4,
            alpha=0.8,
        )
    ax.plot(
        ks,
        constant_floor(x, ks, reading=reading),
        color="black",
        lw=1,
        ls=":",
    )
    ax.set(xlabel="k-mer length k", title=reading, xticks=ks)
axes[0].set_ylabel("KLD (nats)")
axes[0].legend(fontsize=7)
figures.show("fig_null")

# %% [markdown]
# ```{glue:figure} fig_null
# :name: fig-null
# :alt: Two panels of KLD against k for two networks. Solid lines, the maps, lie above dashed lines, the exchanged maps. Under frequency the dashed lines run along the dotted line of a constant map, which rises with k; under instance the dotted line stays at zero and the dashed lines rise above it at large k.
#
# KLD of two networks (solid), mean KLD of their maps exchanged {glue:text}`null_draws` times
# (dashed) and KLD of a constant map (dotted), for two readings. The two panels have different
# scales.
# ```
#
# Both networks, under both readings, lie above their exchanged maps (p {glue:text}`null_p`). Note
# how much an exchanged map scores at large k. Under `frequency` this is mostly the floor. Under
# `instance`, where the floor is zero, it is unevenness: a long word has few instances, and a few
# tall spikes decide which of them count. Only what lies above the dashed line says how well a map
# is *aligned* with words. The KLD minus its mean over exchanged maps is the {term}`excess`, the
# score that we recommend.
#
# ## Where each null fails
#
# Another null is older: *rotate* the scores of each sequence, move all of them to the right by a
# random offset, and put what leaves the end at the start. It looks as good. To see what either
# takes for a discovery, we make two sets of {glue:text}`fail_n` sequences with a word near the
# middle, as peaks have it that are centred on their summits. In the first, the scores fall with the
# distance from the middle and know nothing else. In the second, the word stands at the same place
# in every sequence, and the scores mark exactly it.

# %%
rng = np.random.default_rng(seed)
peaks, _ = planted(rng, jitter=10)
ignorant = peaks * follow_position(rng)[..., None]
sites, inside = planted(rng, jitter=0)
perfect = sites * (inside + 0.1 * rng.random(inside.shape))[..., None]
cases = {
    "scores follow the position": (peaks, ignorant),
    "a word at a fixed place": (sites, perfect),
}
tests = {
    (case, null.__name__.split("_")[0]): null(
        *pair, ks, n_draws=draws, weights=equal, seed=seed, correct=False
    )
    for case, pair in cases.items()
    for null in (exchanged_null, rotated_null)
}

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(2, 2, figsize=(figures.WIDTH * 1.15, 4.4))
for ax, ((case, null), test) in zip(axes.ravel(), tests.items()):
    colour = figures.ORANGE if null == "exchanged" else figures.BLUE
    # An outline, so that bars are seen where the panel is much wider.
    ax.hist(test.null, bins=12, histtype="stepfilled", fc=colour, ec=colour)
    ax.axvline(test.observed, color="black", lw=2)
    ax.set_title(f"{case}\n{null}, p {shown_p(float(test.p_value))}")
    ax.set_yticks([])
    ax.margins(x=0.15)
    ax.locator_params(axis="x", nbins=4)
    ax.ticklabel_format(useOffset=False)
for ax in axes[1]:
    ax.set_xlabel("mean KLD (nats)")
figures.show("fig_null_fails")

# %% tags=["remove-cell"]
report("fail_n", len(peaks), "d")
(name_a, name_b) = cases
for key, name in (("ignorant", name_a), ("fixed", name_b)):
    p = float(tests[name, "exchanged"].p_value)
    report(f"fail_{key}", p, shown_p)

# %% [markdown]
# ```{glue:figure} fig_null_fails
# :name: fig-null-fails
# :alt: Four histograms of the KLD under a null, with the map as a black line. Above, scores that follow the position: the line lies inside the exchanged ones and to the right of all rotated ones. Below, a word at a fixed place: the line lies among the exchanged ones and to the right of all rotated ones.
#
# The map (black line) and its exchanged (left) and rotated (right) maps. Above, a map that knows no
# word; below, one that knows it perfectly. Each panel has its own scale.
# ```
#
# Rotation calls the ignorant map a discovery: what it moves away from the middle no longer meets
# the words there. Exchange does not (p {glue:text}`fail_ignorant`), because scores keep their
# positions. But exchange cannot see the perfect map either (p {glue:text}`fail_fixed`): the word
# stands at the same place everywhere, and the map exchanges into itself. Sequences and maps alone
# cannot tell word from position there; the `score` command then says so instead of giving a
# verdict. A small p under exchange is evidence that a map *depends on the sequence*, be it by
# words or by a preference for one base.
#
# How often do maps that know nothing get p ≤ 0.05? The promise is one in twenty.

# %% tags=["hide-input"]
promise = paths.read_csv(paths.stored() / "null_calibration.csv")
promise = promise.set_index("maps")[["exchanged", "rotated"]]
promise.rename_axis(None).style.format("{:.1%}", na_rep="too short")

# %% tags=["remove-cell"]
noise = promise.drop(["constant", "one-hot"])
report("promise_kinds", len(noise), "d")
report("promise_worst", noise["exchanged"].max(), ".1%")
report("promise_rotated", noise["rotated"].max(), ".0%")

# %% [markdown]
# Over {glue:text}`promise_kinds` kinds of noise, exchange gives at most
# {glue:text}`promise_worst`; rotation up to {glue:text}`promise_rotated`.
#
# And how often is a word found that the maps mark but weakly? Each of 100 sequences holds one word
# of eight bases, and the scores under it are raised a little above uniform noise.

# %% tags=["hide-input"]
power = paths.read_csv(paths.stored() / "null_power.csv")
power = power.set_index(["length", "place", "strength"])
power[["exchanged", "rotated"]].style.format("{:.0%}").format_index(
    "{:.2f}", level=2
)

# %% tags=["remove-cell"]
marked = power.xs("anywhere", level="place").query("strength > 0")
lost = -marked["difference"].mean()
half = (
    np.sqrt(((marked["high"] - marked["low"]) ** 2).sum()) / 2 / len(marked)
)
report("power_lost", lost, ".1%")
report("power_lost_low", lost - half, ".1%")
report("power_lost_high", lost + half, ".1%")

# %% [markdown]
# Where words stand anywhere, exchange finds them in {glue:text}`power_lost` fewer of the data sets
# than rotation ({glue:text}`power_lost_low` to {glue:text}`power_lost_high`), most of it on short
# sequences: there an exchanged score sometimes falls on a word again, while a rotated one keeps
# away from the word it came from. The closer to one place the words stand, the less exchange can
# find; at the very same place, nothing.
#
# ## Does it follow the truth?
#
# For the simulated networks we know the SNR. Here is the attribution-weighted KLD of all of them
# at one length.

# %%
table, _ = paths.load_scores(run, "synthetic")
table = table[table["status"] == "ok"].reset_index(drop=True)
groups = tables.configuration(table)
column = f"kld_frequency_k{k}"
new = spearman(table[column], table["snr"], groups=groups)
old = spearman(table["kld_original"], table["snr"], groups=groups)

# The paper keeps the accurate networks only.
kept = table[table["auroc"] >= 0.97]
new_kept, old_kept = (
    spearman(kept[score], kept["snr"], draws=1).value
    for score in (column, "kld_original")
)

# %% tags=["remove-cell"]
report("w_networks", len(table), "d")
report("w_kept", len(kept), "d")
report("w_new_kept", new_kept, ".2f")
report("w_old_kept", old_kept, ".2f")
for which, found in (("new", new), ("old", old)):
    for part in ("value", "low", "high"):
        report(f"w_{which}_{part}", getattr(found, part), ".2f")

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(
    1, 2, figsize=(figures.WIDTH * 1.2, 3.4), sharey=True
)
figures.against(
    axes[0], table, column, "snr", f"weighted KLD, k = {k} (nats)", "SNR"
)
figures.against(
    axes[1], table, "kld_original", "snr", "original KLD (nats)", ""
)
figures.snr_axis(axes[0])
figures.legend_below(fig)
figures.show("fig_weighted_snr")

# %% [markdown]
# ```{glue:figure} fig_weighted_snr
# :name: fig-weighted-snr
# :alt: Two scatter plots of signal-to-noise ratio, on a logarithmic axis, against the weighted KLD on the left and against the original KLD on the right; both rise.
#
# SNR of {glue:text}`w_networks` networks on {glue:text}`w_sequences` sequences against the
# weighted KLD at one length (left) and against the original metric (right). One point a network;
# the vertical axis is logarithmic above 0.5 and pressed together below 0.
# ```
#
# The Spearman correlation with SNR is {glue:text}`w_new_value` (95 % interval, bootstrap over
# configurations, {glue:text}`w_new_low` to {glue:text}`w_new_high`) for the weighted KLD at k =
# {glue:text}`w_k`, and {glue:text}`w_old_value` ({glue:text}`w_old_low` to
# {glue:text}`w_old_high`) for the original metric. Over the {glue:text}`w_kept` networks with
# AUROC ≥ 0.97 they are {glue:text}`w_new_kept` and {glue:text}`w_old_kept`. Two intervals side by
# side do not compare the metrics, because both come from the same networks. The next chapter
# combines the lengths and gives an interval for the difference.
#
# ```{admonition} Key points
# :class: note
# - The metric is a divergence between the words a network looks at and the words that are there.
# - The original version cuts at a percentile, a choice that moves two networks closer together or
#   further apart.
# - Weighting by attribution needs no cutoff. "Frequency times weight" has three readings.
# - Under `frequency` a map that says nothing scores the floor, not zero. Under `instance` an
#   uneven map that points nowhere scores above zero at large k. Take the exchanged maps off.
# - Exchanged maps give an exact test of whether a map depends on the sequence. It is blind to words
#   at a fixed place.
# ```
#
# ## Limits
#
# The KLD measures *consistency*: whether a network keeps pointing at the same words. A network
# that consistently points at wrong words scores well too. Consistency is not correctness.
#
# The two networks of this chapter are examples, chosen because their maps differ.
#
# ## Exercises
#
# Work on them in the {doc}`student notebook <exercises/03_attribution_weighting>` (<a
# href="../exercises/03_attribution_weighting.ipynb" download>download</a>; `make lab` copies all of
# them into `my_exercises`). It checks your answers and, when one is wrong, says why.
#
# 1. ★ *Change a parameter.* By which factor do the two networks differ under each reading?
# 2. ★★ *Write a few lines.* Compute the `instance` divergence at k = 3 by hand, with NumPy alone.
# 3. ★★★ *Extend the method.* Fool the metric: a map that consistently marks forty arbitrary words.
#    How many real networks does it outrank, and what is its SNR?
#
# ## Where next
#
# Which length should we use? The paper answers: all of them, weighted by how well each one
# explains the SNR of simulated networks.
