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
# ```{admonition} The answer
# :class: important
# For the most part. On our simulated networks, whose truth we know, the divergence orders them
# much as the truth does: rank correlation {glue:text}`w_new`. But a map that points nowhere does not score zero, so for a verdict on a single map we take off
# what it reaches when it is laid over other sequences; the order of networks stays the same.
# ```
#
# ```{admonition} After this chapter you can
# :class: tip
# - compute the original metric, and weight every word by the attribution under it instead;
# - explain why a map that says nothing does not score zero;
# - test a map against chance, and say what the test cannot see.
# ```
#
# *You need:* the first two chapters, and logarithms. *Reading time:* 20 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are shown
high: str = "bn-exp-standard-00"  # a network with clear maps
low: str = "bn-relu-standard-00"  # a network with noisier maps
k: int = 6  # length of the words in the worked example
draws: int = 99  # exchanges of each map
seed: int = 0  # of the exchanges, and of the two examples of failure

# %% tags=["remove-cell"]
import functools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from compendium import paths, store
from compendium.chapters.attribution_weighting import (
    draw_track,
    draw_words,
    follow_position,
    planted,
)
from compendium.page import figures
from compendium.page.claims import expect, p_value, report
from compendium.spans import spans
from compendium.stats import spearman
from compendium.tables import configuration

figures.style()
shown_p = functools.partial(p_value, draws=draws)

# %% [markdown]
# Two networks serve as examples, a *clear* one, {glue:text}`w_high`, and a *noisy* one,
# {glue:text}`w_low`. As the parameters above stand, they differ only in the activation function of
# their first layer. We take the maps of both for the same {glue:text}`w_sequences` positive test
# sequences.

# %%
from attribution_consistency.sequences import codes_to_one_hot

data = store.load(paths.Run(run).data("synthetic"))
maps = {
    name: paths.read_maps(run, "synthetic", name) for name in (high, low)
}
x = codes_to_one_hot(data["codes"][maps[high]["rows"]])
a = {name: maps[name]["a"] for name in (high, low)}

# %% tags=["remove-cell"]
report("w_high", high)
report("w_low", low)
report("w_sequences", len(x), ",d")

# %% [markdown]
# ## One divergence, two lists of words
#
# A *word* here is a {term}`k-mer`, a stretch of $k$ bases. Let $p(m)$ be the frequency of word $m$
# in the sequences, the prior of the first chapter, and $q(m)$ its frequency *where the network
# looks*. The **Kullback–Leibler divergence** (KLD)
#
# ```{math}
# :label: eq-kld
# \mathrm{KLD}(q \,\|\, p) = \sum_m q(m) \log \frac{q(m)}{p(m)}
# ```
#
# adds up over all words; one with $q(m) = 0$ adds nothing. It is zero when the lists agree and
# grows as $q$ concentrates on words that are rare under $p$. We use the natural logarithm, so the
# unit is the {term}`nat`. All that remains is to define $q$.
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
# first, as everywhere). In each sequence they keep the tenth of the positions that scores highest.
# They extend every run of kept positions by two nucleotides to the right, and count the words of
# six bases that fit inside. The frequencies of these words are $q$.
#
# ```{margin} For readers new to biology
# Why six? A transcription factor touches some six to twelve bases, and the core that it insists
# on is often shorter. A word of six is long enough to be told from chance and short enough to be
# met often.
# ```

# %%
from attribution_consistency import thresholded_kld

original = {name: thresholded_kld(x, a[name], k) for name in a}
pd.Series(original, name="original metric (nats)").to_frame().round(2)

# %% tags=["remove-input"]
expect(
    "the clear network scores higher on the original metric",
    original[high] > original[low],
)

# %% [markdown]
# The clear network scores higher. But how many positions to keep, by how many bases to extend and
# how long a word is were chosen by hand, and one of these choices matters much:
# {doc}`10_reproduction` tries them all.
#
# ## The extension: keep everything, weight it
#
# The extension of Chen {cite:p}`chen2025` drops the cutoff. Every occurrence of every word
# counts, in proportion to the attribution under it.

# %% tags=["remove-output"]
from attribution_consistency.maps import position_scores
from attribution_consistency.sequences import decode

scores = position_scores(x, a[high])  # |corrected gradient × input|
highest = scores[0].argmax()  # of the first sequence
part = slice(max(highest - 7, 0), max(highest + 7, 14))
fig, axes = plt.subplots(
    1, 2, figsize=(figures.WIDTH, 2.8), width_ratios=(3, 2)
)
draw_words(*axes, decode(x[:1, part])[0], scores[0, part], k=3)
figures.show("fig_words")

# %% [markdown]
# ```{glue:figure} fig_words
# :name: fig-words
# :alt: A short sequence with a bar above each base, its score, and below it the windows of three bases, each with its word and its share of the scores; windows under tall bars are darker. Beside it two bars for each word: p is longest for words with two windows, q for words under tall bars.
#
# From scores to words, in a stretch of one sequence. Each window of three bases is one occurrence
# of a word, with its share of the scores (bars). The two lists: *p*, the share of the windows that
# are this word, and *q*, the share of the scores that they hold. A word with two windows adds up
# both.
# ```
#
# Let $a_{ni}$ be the score of position $i$ of sequence $n$: the absolute value of the corrected
# gradient times input. The weight of word $m$ in sequence $n$ is
#
# ```{math}
# :label: eq-weight
# w_n(m) = \frac{\sum_{\text{instances of } m} \; \sum_{j=0}^{k-1} a_{n,i+j}}{\sum_i a_{ni}} .
# ```
#
# The outer sum runs over the instances of $m$, each of which starts at a position $i$. The
# denominator makes every sequence count alike, whatever the scale of a network's output.
#
# The paper then multiplies "each k-mer in the global frequency" by its weight. This can be read
# in three ways. Each $q$ is in proportion to the formula, scaled to add up to one.
#
# | reading | $q(m) \propto$ | in words |
# |---|---|---|
# | `frequency` | $p(m) \sum_n w_n(m)$ | the literal one: global frequency times weight |
# | `instance` | $\sum_n w_n(m)$ | each instance counts with its own attribution |
# | `per_sequence` | $\sum_n f_n(m)\, w_n(m)$ | frequency inside each sequence times weight |
#
# Here $f_n(m)$ is the frequency of $m$ among the words of sequence $n$. For one sequence,
# {numref}`fig-words` draws `instance`. The book reproduces the paper with `frequency`, unless it
# says otherwise. Which reading one *should* use, the {doc}`chapter on controls <06_controls>` asks.
# We compute $q$ and the KLD of both networks, and draw $q$ against $p$.

# %%
from scipy.special import rel_entr  # q log(q / p), for each word

from attribution_consistency.divergence import kmer_distributions
from attribution_consistency.kmers import kmer_names

words = np.array(kmer_names(k))
p = kmer_distributions(x, a[high], k).p
q = {name: kmer_distributions(x, a[name], k).q for name in a}
kld = {name: rel_entr(q[name], p).sum() for name in q}

# %% tags=["remove-output"]
fig, axes = plt.subplots(
    1, 2, figsize=(figures.WIDTH, 4), sharex=True, sharey=True
)
for ax, name in zip(axes, q):
    figures.distributions(ax, q[name], p, words)
    ax.set_title(f"{name}\nKLD {kld[name]:.2f} nats", fontsize="small")
axes[1].set_ylabel("")
figures.show("fig_distributions")

# %% [markdown]
# ```{glue:figure} fig_distributions
# :name: fig-distributions
# :alt: Two scatter plots of attribution-weighted against prior frequency of all k-mers on logarithmic axes. The cloud is much steeper than the dashed diagonal: rare words lie below it, frequent ones above. The labelled k-mers lie at the upper end, highest above the diagonal.
#
# Where two networks look: attribution-weighted frequency of each word against its frequency in
# the sequences. Coloured and labelled: the eight words that add most to the KLD. Dashed:
# equality. This rebuilds figure 2 of the paper with our data.
# ```
#
# Which words are these? The next table has those that add most to the KLD of the clear network,
# how many times as frequent they are where each network looks, and the core motifs that they fit.
# The last column of numbers is of a map with the same score everywhere, which points nowhere.

# %%
from attribution_consistency import motifs
from attribution_consistency.rounding import descending

q["constant map"] = kmer_distributions(x, x, k, correct=False).q
best = descending(rel_entr(q[high], p))[:6]
table = pd.DataFrame({name: q[name][best] / p[best] for name in q})
library = motifs.load_motifs()
fits = [motifs.fitting_motifs(word, library) for word in words[best]]
table["core motif"] = [
    ", ".join(motif.name for motif, _ in fit if motif.role == "core")
    for fit in fits
]
table.set_index(words[best]).style.format(precision=0)

# %% tags=["remove-input"]
expect(
    "the clear network lifts each of its words more than the other maps",
    (table[high] > table[[low, "constant map"]].max(axis=1)).all(),
)
expect("a constant map lifts them, too", (table["constant map"] > 1).all())
expect("the words fit core motifs", (table["core motif"] != "").all())

# %% [markdown]
# The words fit motifs that make a sequence positive (look-alikes of these fit them, too: a word
# cannot tell them apart). Both networks lift them, the clear one more. But the map that points
# nowhere lifts them as well. Why?
#
# ## The floor: a map that says nothing
#
# With the same score everywhere, the weight of a word is in proportion to its frequency. Under
# `frequency` it is multiplied by the frequency once more, so $q(m) = p(m)^2 / \sum_{m'} p(m')^2$,
# where $m'$ runs over all words. This is more uneven than $p$: common words stand out for *any*
# map, and planted words are common. That is why the clouds above are so steep.
#
# We call the KLD of a constant map the **floor**.

# %%
from attribution_consistency import constant_floor
from attribution_consistency.maps import READINGS

ks = list(range(3, 9))
floor = pd.DataFrame(
    {name: constant_floor(x, ks, reading=name) for name in READINGS},
    index=pd.Index(ks, name="k"),
)
floor.T.abs().round(2)

# %% tags=["remove-cell"]
report("floor_6", floor["frequency"][6], ".2f")
report("floor_8", floor["frequency"][8], ".2f")

# %% tags=["remove-input"]
expect(
    "the floor is zero under instance and grows with k under frequency",
    floor["instance"].abs().max() < 1e-9
    and floor["frequency"].is_monotonic_increasing,
)

# %% [markdown]
# Under `instance` the floor is zero. Under `frequency` it grows with the length of the words, from
# {glue:text}`floor_6` nats at k = 6 to {glue:text}`floor_8` at k = 8. It depends on the sequences
# and on their number. Hence a rule for the whole book: **compare networks on the same sequences
# only.**
#
# ## The null: the right scores in the wrong sequence
#
# A map can also be uneven without pointing at words, for example with a few tall spikes anywhere.
# To see what unevenness alone brings, we *exchange* the maps: each sequence gets the scores of
# another one, drawn at random, position by position.

# %% tags=["remove-cell"]
inside = data["motif_mask"][maps[high]["rows"]]
part = slice(80, 106)
held = (scores * inside)[:, part].sum(axis=1) / scores.sum(axis=1)
rows = descending(held)[:3]
texts = decode(x[rows, part])
colours = [figures.BLUE, figures.ORANGE, figures.GREEN]
fig, axes = plt.subplots(1, 2, figsize=(figures.WIDTH, 2.4))
for ax, title, shift in zip(
    axes, ("own scores", "exchanged scores"), (0, 1)
):
    for i, text in enumerate(texts):
        source = (i + shift) % 3
        given = scores[rows[source], part]
        draw_track(ax, text, given, -1.6 * i, colours[source])
        for first, last in spans(inside[rows[i], part]):
            look = {
                "color": figures.GREY,
                "alpha": 0.2,
                "lw": 0,
                "zorder": 0,
            }
            ax.bar(
                first - 0.5,
                1.4,
                last - first,
                -1.6 * i - 0.18,
                align="edge",
                **look,
            )
    ax.set_title(title)
figures.show("fig_exchange")

# %% [markdown]
# ```{glue:figure} fig_exchange
# :name: fig-exchange
# :alt: Three sequences, one below the other, with bars for the scores of their bases, a colour for each sequence; planted motifs are shaded. On the left the bars stand over the motifs. On the right each sequence has the bars of the next, at the same positions, and they miss its motifs.
#
# Maps exchanged. First three sequences with their own scores; planted motifs are grey. Then each
# has the scores of the next. How tall scores are and where along a sequence they stand survives,
# but they belong to other bases.
# ```

# %%
from attribution_consistency import exchanged_null

nulls = {
    (reading, name): exchanged_null(
        x, a[name], ks, reading=reading, n_draws=draws, seed=seed
    )
    for reading in ("frequency", "instance")
    for name in a
}

# %% tags=["remove-output"]
fig, axes = plt.subplots(1, 2, figsize=(figures.WIDTH, 3.1))
for ax, reading in zip(axes, ("frequency", "instance")):
    for name, colour in ((high, figures.ORANGE), (low, figures.BLUE)):
        test = nulls[reading, name]
        ax.plot(ks, test.observed, "o-", color=colour, label=name)
        ax.plot(ks, test.null.mean(axis=0), "s--", color=colour, ms=4)
    ax.plot(ks, floor[reading], ":", color="black")
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
# Look at the dashed lines at large k. Under `frequency` they are mostly the floor. Under
# `instance`, where the floor is zero, they are unevenness: a long word has few instances, and a few
# tall spikes decide which of them count. Only what lies above the dashed line says how well a map
# is *aligned* with words. The KLD minus its mean over exchanged maps is the {term}`excess`, the
# score that we recommend.
#
# ### A p-value
#
# If a map knows nothing of the bases, its KLD is one of the exchanged ones, and its rank among
# them is as good as drawn by lot. With $B$ exchanges, of which $r$ score at least as much as the
# map, the {term}`p-value` is $(1+r)/(1+B)$. It cannot fall below $1/(1+B)$. We take one p-value
# for each map, of its mean over the lengths.

# %%
equal = np.full(len(ks), 1 / len(ks))
p_values = {
    key: float(test.weighted(equal).p_value) for key, test in nulls.items()
}
pd.Series(p_values).unstack()

# %% tags=["remove-cell"]
promise = paths.read_csv(paths.stored() / "null_calibration.csv")
noise = promise[~promise["maps"].isin(["constant", "one-hot"])]
report("null_draws", draws, "d")
report("promise_kinds", len(noise), "d")
report("promise_worst", noise["exchanged"].max(), ".1%")

# %% tags=["remove-input"]
expect(
    "no exchange reaches either map, under either reading",
    max(p_values.values()) <= 1 / (1 + draws),
)

# %% [markdown]
# No exchange reaches either network: the p-values are the smallest that so many exchanges can give.
# Does the test keep its promise, to call a map that knows nothing significant (p ≤ 0.05) once in
# twenty times? We made {glue:text}`promise_kinds` kinds of such maps, hundreds of data sets of each
# kind; the worst kind gave {glue:text}`promise_worst`, no more than chance can make of one in twenty.
#
# ## Where a null fails
#
# An older null *rotates* the scores of each sequence: it moves all of them to the right by a
# random offset, and puts what leaves the end at the start. It looks as good. To see what either
# takes for a discovery, we make two sets of sequences with a word near the middle, as peaks have
# it that are centred on their summits. In the first, the map is *ignorant*: its scores fall with the
# distance from the middle and know nothing else. In the second, the word stands at the same place in
# every sequence, and the map is *perfect*: it marks exactly this word.

# %%
from attribution_consistency import rotated_null

rng = np.random.default_rng(seed)
peaks, _ = planted(rng, jitter=10)
ignorant = peaks * follow_position(rng)[..., None]
sites, inside = planted(rng, jitter=0)
perfect = sites * (inside + 0.1 * rng.random(inside.shape))[..., None]
cases = {"ignorant map": (peaks, ignorant), "perfect map": (sites, perfect)}
shared = {"n_draws": draws, "weights": equal, "seed": seed}
found = {
    (case, null.__name__): null(*pair, ks, correct=False, **shared).p_value
    for case, pair in cases.items()
    for null in (exchanged_null, rotated_null)
}
tests = pd.Series(found).astype(float).unstack()
tests

# %% tags=["remove-cell"]
ignorant_p, fixed_p = tests["exchanged_null"]
report("fail_ignorant", ignorant_p, shown_p)
report("fail_fixed", fixed_p, shown_p)

# %% tags=["remove-input"]
expect(
    "rotation finds both maps, exchange neither",
    (tests["rotated_null"] <= 0.05).all()
    and (tests["exchanged_null"] > 0.05).all(),
)

# %% [markdown]
# Rotation calls the ignorant map a discovery: what it moves away from the middle no longer meets
# the words there. Exchange does not (p {glue:text}`fail_ignorant`), because scores keep their
# positions. But exchange cannot see the perfect map either (p {glue:text}`fail_fixed`): the word
# stands at the same place everywhere, and the map exchanges into itself.
#
# Sequences and maps alone cannot tell word from position there; the `score` command then says so
# instead of giving a verdict. A small p under exchange is evidence that a map *depends on the
# sequence*, be it by words or by a preference for one base.
#
# ## Does it follow the truth?
#
# For the simulated networks we know the SNR. Here is the weighted KLD of all of them at one length.

# %%
scores, _ = paths.load_scores(run, "synthetic")
scores = scores[scores["status"] == "ok"]
column = f"kld_frequency_k{k}"
groups = configuration(scores)
new = spearman(scores[column], scores["snr"], groups=groups)
old = spearman(scores["kld_original"], scores["snr"], groups=groups)

# %% tags=["remove-output"]
fig, ax = plt.subplots(figsize=(figures.WIDTH * 0.75, 3.2))
label = f"weighted KLD, k = {k} (nats)"
figures.against(ax, scores, column, "snr", label, "SNR")
figures.snr_axis(ax)
ax.legend(fontsize=8)
figures.show("fig_weighted_snr")

# %% tags=["remove-cell"]
report("w_networks", len(scores), "d")
report("w_k", k, "d")
report("w_new", new, ".2f")
report("w_old", old, ".2f")

# %% [markdown]
# ```{glue:figure} fig_weighted_snr
# :name: fig-weighted-snr
# :alt: Scatter plot of signal-to-noise ratio, on a logarithmic axis, against the weighted KLD, one point a network; the cloud rises.
#
# SNR of {glue:text}`w_networks` networks against the weighted KLD at one length. One point a
# network; the vertical axis is logarithmic above 0.5 and pressed together below 0.
# ```
#
# The Spearman correlation with SNR is {glue:text}`w_new` for the weighted KLD at
# k = {glue:text}`w_k`, and {glue:text}`w_old` for the original metric (in brackets: interval of
# 95 %, bootstrap over configurations). Two intervals side by side do not compare the metrics,
# because both come from the same networks. The next chapter joins the lengths and gives an
# interval for the difference.
#
# ```{admonition} Key points
# :class: note
# - The metric is a divergence between the words a network looks at and the words that are there.
# - Weighting by attribution needs no cutoff. "Frequency times weight" has three readings.
# - Under `frequency` a map that says nothing scores the floor, not zero. Under `instance` an
#   uneven map that points nowhere scores above zero at large k. Take the exchanged maps off.
# - Exchanged maps give an exact test of whether a map depends on the sequence. It is blind to words
#   at a fixed place.
# - Over {glue:text}`w_networks` networks the weighted KLD follows SNR at {glue:text}`w_new`.
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
# Which length should we use? {doc}`The next chapter <04_length_scaling>` has the answer of the
# paper: all of them, weighted by how well each one explains the SNR of simulated networks.
#
# ## With another parameter
#
# The first command runs this chapter alone and opens its page; the second does the same with plain papermill:
#
# ```
# .venv/bin/python -m compendium chapter 03_attribution_weighting k=5
# .venv/bin/papermill results/default/notebooks/03_attribution_weighting.ipynb \
#   again.ipynb -p k 5
# ```
