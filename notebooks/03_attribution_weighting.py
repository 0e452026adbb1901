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
# not points now here, now there. **Can we tell good maps from bad ones without knowing the truth, from
# the words that they point at?** This chapter builds a number that tries: the divergence between the words a
# network looks at and the words the sequences are made of.
#
# ```{admonition} The answer
# :class: important
# For the most part. How far the words that a network points at are from all words of the sequences, a
# {term}`divergence <Kullback–Leibler divergence (KLD)>`, orders the networks of our zoo much as the truth
# does: {term}`rank correlation <Spearman correlation>` {glue:text}`w_new`. But a network that points at wrong
# words scores well too, and a map that points nowhere does not score zero, so to judge a single map we take off
# what it reaches when it is laid over other sequences.
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
# {glue:text}`w_low`. They are not the pair of the chapter before: these two differ in one choice only,
# the activation of their first layer. We take the maps of both for the same {glue:text}`w_sequences`
# positive test sequences.

# %%
from attribution_consistency.sequences import codes_to_one_hot

data = store.load(paths.Run(run).data("synthetic"))
maps = {
    name: paths.read_maps(run, "synthetic", network)
    for name, network in {"clear": high, "noisy": low}.items()
}
x = codes_to_one_hot(data["codes"][maps["clear"]["rows"]])
a = {name: m["a"] for name, m in maps.items()}

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
# is zero when the lists agree and grows as $q$ concentrates on words that are rare under $p$; a word
# with $q(m) = 0$ adds nothing. The logarithm is the natural one, so the unit is the {term}`nat`. All
# that remains is to define $q$.
#
# ```{margin} For readers new to machine learning
# If $q$ used a single word, the KLD would be $-\log p$ of that word: the surprise of meeting it. It is
# no distance, because exchanging $q$ and $p$ changes it.
# ```
#
# ## The original metric: cut, then count
#
# Majdandzic and colleagues {cite:p}`majdandzic2022` score each position by the length of its
# attribution vector, $\sqrt{\sum_c A_{ic}^2}$ over the four bases $c$. In each sequence they keep the
# tenth of the positions that scores highest, extend every run of them by two nucleotides to the right,
# and count the words of six bases that fit inside. The frequencies of these words are $q$.
#
# ```{margin} For readers new to biology
# Why six? A transcription factor touches some six to twelve bases, and the core that it insists on is
# often shorter.
# ```

# %%
from attribution_consistency import thresholded_kld

original = {name: thresholded_kld(x, a[name], k) for name in a}
pd.Series(original, name="original metric (nats)").to_frame().round(2)

# %% tags=["remove-input"]
expect(
    "the clear network scores higher on the original metric",
    original["clear"] > original["noisy"],
)

# %% [markdown]
# The clear network scores higher. But the tenth, the two and the six were chosen by hand, and one of
# them, the two nucleotides of the extension, {doc}`matters much <10_reproduction>`.
#
# ## The extension: keep everything, weight it
#
# The extension of Chen {cite:p}`chen2025` drops the cutoff. Every occurrence of every word counts,
# in proportion to the attribution under it. A toy shows how: one sequence of six bases, words of
# two, and a network that looks at GA. From here on the score of a position is the *absolute value* of
# the corrected gradient times input.

# %% tags=["remove-output"]
toy, looks = "TTGATT", np.array([1, 1, 3, 3, 1, 1])
fig, axes = plt.subplots(
    1, 2, figsize=(figures.WIDTH, 2.4), width_ratios=(3, 2)
)
draw_words(*axes, toy, looks, k=2)
figures.show("fig_words")

# %% [markdown]
# ```{glue:figure} fig_words
# :name: fig-words
# :alt: Six bases with a bar above each, its score, tall above G and A. Below them the five windows of two bases, each with its word and the sum of its two scores; GA is the darkest. Beside it two bars for each of the four words: how often it occurs, p, and the weighted share, q, which is larger than p for GA only.
#
# From scores to words. Each window is one occurrence of a word, with the sum of the scores under it.
# The two lists: *p*, how often the word occurs, and *q*, the same weighted by attribution.
# ```

# %%
instances = pd.DataFrame(
    [(toy[i : i + 2], looks[i : i + 2].sum()) for i in range(5)],
    columns=["word", "scores"],
)
steps = instances.groupby("word", sort=False).agg(["size", "sum"])
steps.columns = ["occurs", "scores under it"]
steps["p"] = steps["occurs"] / steps["occurs"].sum()
steps["weight"] = steps["scores under it"] / looks.sum()
steps["p × weight"] = steps["p"] * steps["weight"]
steps["q"] = steps["p × weight"] / steps["p × weight"].sum()
steps.style.format(precision=2)

# %% [markdown]
# Read it from left to right. The *frequency* p says how common a word is. Its *weight* is the sum of
# the scores under it over the sum of all scores of the sequence, so that every sequence counts alike
# and the scale of a network's output does not matter. Their product, scaled to add up to one, is q. GA
# gains over TG and AT, which occur as often. (TT is highest all the same, being common; more soon.)
#
# In symbols, with $a_{ni}$ the score of position $i$ of sequence $n$, the weight of word $m$ is
#
# ```{math}
# :label: eq-weight
# w_n(m) = \frac{\sum_{\text{instances of } m} \; \sum_{j=0}^{k-1} a_{n,i+j}}{\sum_i a_{ni}} ,
# ```
#
# where an instance starts at a position $i$ and covers $k$ of them, and
# $q(m) \propto p(m) \sum_n w_n(m)$ over all sequences. We call this *reading* `frequency`: the paper
# multiplies "each k-mer in the global frequency" by its weight, and this is what it says literally.
#
# ```{admonition} Two other readings
# :class: note
# - `instance`: leave out the factor $p$, so $q(m) \propto \sum_n w_n(m)$. Common words get nothing
#   extra. It matters when you judge a single map, as the next section shows.
# - `per_sequence`: let the factor be $f_n(m)$, the frequency of the word inside sequence $n$, so
#   $q(m) \propto \sum_n f_n(m)\, w_n(m)$. It differs from `instance` only for words that stand more
#   than once in a sequence.
#
# The book uses `frequency` unless it says otherwise. {doc}`06_controls` compares all three.
# ```
#
# Now the real maps. We compute $q$ and the KLD of both networks, and draw $q$ against $p$.

# %%
from scipy.special import rel_entr  # q log(q / p), for each word

from attribution_consistency.divergence import kmer_distributions
from attribution_consistency.kmers import kmer_names

words = np.array(kmer_names(k))
p = kmer_distributions(x, a["clear"], k).p
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
# Which words are these? The table has those that add most to the KLD of the clear network, how many
# times as frequent they are where each network looks, and the core motifs that they fit. The *constant
# map* has the same score everywhere: it points nowhere.

# %%
from attribution_consistency import motifs
from attribution_consistency.rounding import descending

q["constant map"] = kmer_distributions(x, x, k, correct=False).q
best = descending(rel_entr(q["clear"], p))[:6]
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
    (table["clear"] > table[["noisy", "constant map"]].max(axis=1)).all(),
)
expect("a constant map lifts them, too", (table["constant map"] > 1).all())
expect("the words fit core motifs", (table["core motif"] != "").all())

# %% [markdown]
# The words fit motifs that make a sequence positive. Both networks lift them, the clear one more. But
# the map that points nowhere lifts them as well. Why?
#
# ## The floor: a map that says nothing
#
# Remember TT. With the same score everywhere, a word's weight is in proportion to its frequency, and
# `frequency` multiplies by the frequency once more: $q$ is in proportion to $p^2$. So common words
# stand out for *any* map, and planted words are common. We call the KLD of a constant map the
# **floor**.

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
# {glue:text}`floor_6` nats at k = 6 to {glue:text}`floor_8` at k = 8, and it depends on the sequences.
# Hence a rule for the whole book: **compare networks on the same sequences only.**
#
# ## The null: the right scores in the wrong sequence
#
# A map can also be uneven without pointing at words, for example with a few tall spikes anywhere.
# To see what this alone brings, we *exchange* the maps: each sequence gets the scores of another
# one, position by position. They are as tall as before and at the same places, but over other bases.

# %% tags=["remove-cell"]
from attribution_consistency.maps import position_scores
from attribution_consistency.sequences import decode

scores = position_scores(x, a["clear"])
inside = data["motif_mask"][maps["clear"]["rows"]]
part = slice(80, 106)
held = (scores * inside)[:, part].sum(axis=1) / scores.sum(axis=1)
# Of the sixty that hold most, the three whose exchanged scores miss best:
# how much of the scores of j lands in the motifs of i, for i, j, k in turn.
best = descending(held)[:60]
tracks = scores[best, part]
tracks = tracks / tracks.sum(axis=1, keepdims=True)
lands = inside[best, part] @ tracks.T
worst = np.maximum(lands[:, :, None], lands[None])
worst = np.maximum(worst, lands.T[:, None])
rows = best[list(np.unravel_index(worst.argmin(), worst.shape))]
texts = decode(x[rows, part])
colours = [figures.BLUE, figures.ORANGE, figures.GREEN]
grey = {"color": figures.GREY, "alpha": 0.2, "lw": 0, "zorder": 0}
fig, axes = plt.subplots(1, 2, figsize=(figures.WIDTH, 2.4))
titles = "own scores", "exchanged scores"
for shift, (ax, title) in enumerate(zip(axes, titles)):
    for i, text in enumerate(texts):
        other, at = (i + shift) % 3, -1.6 * i
        draw_track(ax, text, scores[rows[other], part], at, colours[other])
        for first, last in spans(inside[rows[i], part]):
            place = first - 0.5, 1.4, last - first, at - 0.18
            ax.bar(*place, align="edge", **grey)
    ax.set_title(title)
figures.show("fig_exchange")

# %% [markdown]
# ```{glue:figure} fig_exchange
# :name: fig-exchange
# :alt: Three sequences, one below the other, with bars for the scores of their bases, a colour for each sequence; planted motifs are shaded. On the left the bars stand over the motifs. On the right each sequence has the bars of the next, at the same positions, and they miss its motifs.
#
# Maps exchanged. First three sequences, chosen with motifs at different places, with their own scores;
# planted motifs are grey. Then each has the scores of the next.
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
    for name, colour in zip(a, (figures.ORANGE, figures.BLUE)):
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
# Look at the dashed lines at large k. Under `frequency` they are mostly the floor. Under `instance`
# they are unevenness: a long word has few instances, and a few tall spikes decide which of them
# count. Only what lies *above* the dashed line says that a map points at words. This {term}`excess`
# under `frequency`, as a mean over the lengths, is the **recommended score** of the book.
#
# ### A p-value
#
# If a map knows nothing of the bases, its rank among its exchanged copies is drawn by lot. With $B$
# exchanges, of which $r$ score at least as much as the map, the {term}`p-value` is $(1+r)/(1+B)$. We
# take one for each map, of its mean over the lengths.

# %%
equal = np.full(len(ks), 1 / len(ks))
p_values = {
    key: float(test.weighted(equal).p_value) for key, test in nulls.items()
}
pd.Series(p_values).unstack().rename_axis(index="reading")

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
# No exchange reaches either network: these are the smallest p-values that so many exchanges can give.
# A good test calls a map that knows nothing significant (p ≤ 0.05) once in twenty times. We made
# {glue:text}`promise_kinds` kinds of such maps, hundreds of data sets of each; in the worst kind it was
# {glue:text}`promise_worst`, within chance.
#
# ## What the test cannot see
#
# There is an older way to draw chance: *rotate* the scores of each sequence by a random number of
# bases, what leaves at one end coming in at the other. Two made-up cases show what each test sees:
#
# | map | the sequences | the scores | a good test gives |
# |---|---|---|---|
# | ignorant | hold a word *near* their middle | are tall in the middle, whatever the bases | a large p |
# | perfect | hold the same word at the *same place* | mark exactly this word | a small p |

# %%
from attribution_consistency import rotated_null

rng = np.random.default_rng(seed)
peaks, _ = planted(rng, jitter=10)
ignorant = peaks * follow_position(rng)[..., None]
sites, inside = planted(rng, jitter=0)
perfect = sites * (inside + 0.1 * rng.random(inside.shape))[..., None]
cases = {"ignorant map": (peaks, ignorant), "perfect map": (sites, perfect)}
chance = {"exchange": exchanged_null, "rotation": rotated_null}
shared = {"n_draws": draws, "weights": equal, "seed": seed}
found = {
    (case, way): null(*pair, ks, correct=False, **shared).p_value
    for case, pair in cases.items()
    for way, null in chance.items()
}
tests = pd.Series(found).astype(float).unstack()
tests.rename_axis("p-values")

# %% tags=["remove-cell"]
ignorant_p, fixed_p = tests["exchange"]
report("fail_ignorant", ignorant_p, shown_p)
report("fail_fixed", fixed_p, shown_p)

# %% tags=["remove-input"]
expect(
    "rotation finds both maps, exchange neither",
    (tests["rotation"] <= 0.05).all() and (tests["exchange"] > 0.05).all(),
)

# %% [markdown]
# Rotation lets the *ignorant* map pass: what it moves away from the middle no longer meets the words
# there. Exchange does not (p {glue:text}`fail_ignorant`), because scores keep their positions.
#
# But exchange misses the *perfect* map (p {glue:text}`fail_fixed`). Where all sequences have the word
# at the same place, the map of another one marks it just as well. Maps and sequences cannot tell
# whether a network knows the word or the place, and the `score` command says *cannot tell*. A small p
# says that a map *depends on the sequence*, be it by words or by a preference for one base.
#
# ## Does it follow the truth?
#
# For simulated networks we know the SNR. Here is the weighted KLD of all of them at one length.

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
# The {term}`Spearman correlation` with SNR is {glue:text}`w_new` for the weighted KLD at
# k = {glue:text}`w_k`, and {glue:text}`w_old` for the original metric (in brackets: interval of
# 95 %, bootstrap over configurations). The next chapter has the interval of their difference, and says
# where to find the correlations inside {term}`kinds <kind>` of network: all points together also compare the two clouds.
#
# ```{admonition} Key points
# :class: note
# - The KLD compares the words a network looks at with the words that are there. Weighting by
#   attribution needs no cutoff.
# - Over {glue:text}`w_networks` networks it follows the truth: rank correlation with SNR
#   {glue:text}`w_new`.
# - A map that points nowhere does not score zero. Take off what exchanged maps reach: the rest, the
#   excess, is the recommended score, and follows the truth as closely ({doc}`04_length_scaling`).
# - Exchanged maps test whether a map depends on the sequence. The test is blind to words at a fixed
#   place.
# ```
#
# ## Limits
#
# A network that consistently points at wrong words scores well too: consistency is not correctness.
# And our two networks were chosen because their maps differ.
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
