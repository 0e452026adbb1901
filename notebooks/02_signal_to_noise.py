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
# very different maps. **How do we measure which map is closer to the truth?** On simulated DNA we
# can: we know where the motifs are.
#
# ```{admonition} After this chapter you can
# :class: tip
# - compute a saliency map and turn it into one score for each position;
# - measure a map against the truth with the signal-to-noise ratio;
# - show how much accuracy says about explanations, and how much it leaves open.
# ```
#
# *You need:* the first chapter, and an idea of what a derivative is. *Reading time:* 10 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are shown
example: int = -1  # mapped sequence to draw, from 0; -1 chooses one
window: int = 80  # positions drawn
matched_within: float = 0.01  # largest AUROC difference in a pair
seed: int = 0  # seeds the bootstrap

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt
import numpy as np

from attribution_consistency import sequences, signal_to_noise
from attribution_consistency.maps import gradient_correction
from attribution_consistency.rounding import descending
from compendium import paths, store, tables
from compendium.chapters import signal_to_noise as two_maps
from compendium.page import figures
from compendium.page.claims import report
from compendium.spans import spans
from compendium.stats import spearman

figures.style()

# %% [markdown]
# ## What a network thinks of each base
#
# A network does not read letters. It reads a *one-hot* table $X$ with one row for each position
# and one column for each base: 1 for the base that is there, 0 for the three others. It returns
# one number, the *logit* $f(X)$. Where the logit is above 0 the network calls the sequence
# positive; $1 / (1 + e^{-f(X)})$ is the probability that it states.
#
# The **saliency map** {cite:p}`simonyan2013` is the gradient of the logit,
#
# ```{math}
# :label: eq-saliency
# A_{ic} = \frac{\partial f(X)}{\partial X_{ic}} ,
# ```
#
# the change of the logit per unit change of $X$ at position $i$ and base $c$. We differentiate
# the logit and not the probability, because the probability hardly moves where the network is
# sure.
#
# ```{margin} For readers new to machine learning
# A gradient is a sensitivity: how much the output would move if one input moved a little. The
# computer gets it by the chain rule, back through all layers. Training uses the same gradients,
# but with respect to the weights; here the weights stay as they are, and the *sequence* varies.
# ```
#
# One part of the gradient carries no information. The four entries of a position of $X$ always
# sum to 1, so no sequence shows what happens when all four rise together, and that part of the
# gradient is arbitrary. We subtract it: $A_{ic} \leftarrow A_{ic} - \tfrac14 \sum_b A_{ib}$, where
# $b$ runs over the four bases. This *gradient correction* is due to Majdandzic and colleagues
# {cite:p}`majdandzic2023`. The paper that this book reproduces does not use it; here it is on
# unless we say otherwise.
#
# The **score** of a position, $s_i = \sum_c A_{ic} X_{ic}$, is the entry of the base that is
# there (*gradient times input*). After the correction it says how much, by the slope alone, this
# base raises the logit above the mean of the four bases. A positive score speaks for the positive
# class, a negative one against it.
#
# ## Two networks, one sequence
#
# Accuracy here is the {term}`AUROC` on the test sequences: the probability that a network ranks a
# random positive sequence above a random negative one. We look for two networks of nearly equal
# accuracy whose maps differ most, by a fixed rule: of all pairs whose AUROC differs by at most
# {glue:text}`matched_within` and whose signal-to-noise ratios, defined below, are above zero, we
# take the one where these differ by the largest factor. It is an extreme pair, chosen to show that
# such pairs exist.

# %%
table, _ = paths.load_scores(run, "synthetic")
table = table[table["status"] == "ok"].reset_index(drop=True)
high, low = two_maps.matched_pair(table, "snr", matched_within)
by_id = table.set_index("id")

# %% tags=["remove-cell"]
report("n_networks", len(table), "d")
report("matched_within", matched_within, "g")
for which, name in (("high", high), ("low", low)):
    report(f"pair_{which}", name)
    report(f"pair_{which}_auroc", by_id.loc[name, "auroc"], ".3f")
    report(f"pair_{which}_snr", by_id.loc[name, "snr"], ".2f")

# %% tags=["remove-cell"]
data = store.load(paths.Run(run).data("synthetic"))
maps = {
    name: paths.read_maps(run, "synthetic", name) for name in (high, low)
}
rows = maps[high]["rows"]
x = sequences.codes_to_one_hot(data["codes"][rows])
motif, spacer = data["motif_mask"][rows], data["spacer_mask"][rows]
report("n_mapped", len(rows), ",d")

scores = np.array(
    [
        (gradient_correction(maps[n]["a"]) * x).sum(axis=2)
        for n in (high, low)
    ]
)
ratios = np.array(
    [
        signal_to_noise(x, maps[name]["a"], motif, spacer_mask=spacer)
        for name in (high, low)
    ]
)
chosen = two_maps.choose(scores, ratios, ~spacer, window)
if example >= 0:  # this sequence, whatever it shows
    one = [scores[:, [example]], ratios[:, [example]], ~spacer[[example]]]
    chosen = two_maps.choose(*one, window)._replace(row=example)
example, part = chosen.row, chosen.window
report("example_high", ratios[0][example], ".1f")
report("example_low", ratios[1][example], ".1f")
report("example_share", chosen.share, ".0%")

# %% tags=["remove-output", "hide-input"]
letters = scores[:, example, :, None] * x[example]
# Noise, as defined below: the ten largest scores of the spacers.
counted = np.zeros(scores[:, example].shape, bool)
for one, score in zip(counted, scores[:, example]):
    one[descending(np.where(spacer[example], score, np.nan))[:10]] = True
bases = sequences.decode(x[[example]])[0]
shown = two_maps.drawn(
    scores[:, example], counted, ~spacer[example], bases, part
)
shown.insert(0, "sequence", example)


def draw_pair(name_of_figure, title):
    """Both maps of the example, each under a title made from its row."""
    _, axes = plt.subplots(
        2, 1, figsize=(figures.WIDTH * 1.3, 3.4), sharex=True
    )
    inside = spans(~spacer[example])
    for ax, name, letter, noise in zip(axes, (high, low), letters, counted):
        figures.logo(ax, letter[part], part.start, inside)
        height = letter.sum(axis=1)
        deepest, top = height[part].min(), height[part].max()
        ax.set_ylim(
            1.1 * min(deepest, 0), 1.2 * top
        )  # room for the triangles
        lift = 0.05 * np.ptp(ax.get_ylim())
        at = np.flatnonzero(noise)
        ax.plot(at, height[at] + lift, "v", color="black", ms=3.5, lw=0)
        ax.set_title(title.format(**by_id.loc[name]), fontsize="small")
        ax.set(ylabel="attribution")
    axes[1].set_xlabel("position in the sequence (nt)")
    figures.show(name_of_figure, data=shown)


draw_pair("fig_two_maps", "AUROC {auroc:.3f}")
# The same for the first page of the book, with what the later chapters find.
draw_pair(
    "fig_two_maps_scored",
    "AUROC {auroc:.3f}     signal-to-noise ratio {snr:.2f}     "
    "score of this book {consistency_frequency:.2f}",
)

# %% [markdown]
# ```{glue:figure} fig_two_maps
# :name: fig-two-maps
# :alt: Attribution logos of two networks on the same sequence, one above the other, with the planted motifs shaded and small triangles over the letters outside them that rise highest.
#
# Scores (corrected gradient times input) of two networks on one test sequence, drawn as letters: up
# for the positive class, down against it; each row has its own scale. Shaded: the planted motifs.
# Triangles: the ten letters outside the motifs that rise highest above zero, as far as they lie in
# the part that is drawn. The upper network is {glue:text}`pair_high` (AUROC
# {glue:text}`pair_high_auroc`), the lower one {glue:text}`pair_low` ({glue:text}`pair_low_auroc`).
# In {glue:text}`example_share` of the sequences a window like this one can be found: the upper
# network marks a whole motif in it, the lower one does not. Of these we show the most typical one,
# whose signal-to-noise ratios, defined below, are nearest to their medians:
# {glue:text}`example_high` and {glue:text}`example_low`.
# ```
#
# The name of a network says how it was made. `bn` or `nobn`: with or without batch normalisation.
# `relu` or `exp`: the activation function of its first layer. Then the regularisation, and a
# number for the initialisation. The section on all networks explains these words.
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
# with $s_i$ the score of position $i$.
#
# ```{margin} For readers new to biology
# A biologist reads a map as a list of bases to test: change one in living cells and see whether
# the activity changes. Such tests cost time and money. A tall letter in a spacer sends them to a
# place where nothing binds.
# ```
#
# Informative are positions of more than 0.1 bit; the other
# positions of a motif count as neither signal nor noise. If a sequence has fewer than ten positive
# spacer scores, its SNR is undefined; we count such sequences and leave them out.
#
# The SNR of a network is the mean over positive test sequences, because only there the motifs
# speak for the class that the logit stands for.

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
both = np.isfinite(snr[low]) & np.isfinite(snr[high])
report("share_lower", np.mean((snr[low] < snr[high])[both]), ".0%")

# %% tags=["remove-output", "hide-input"]
fig, ax = plt.subplots(figsize=(figures.WIDTH, 2.8))
values = np.concatenate([snr[high], snr[low]])
bins = np.linspace(*np.nanquantile(values, [0.002, 0.998]), 45)
for name, colour in ((high, figures.ORANGE), (low, figures.BLUE)):
    ax.hist(
        snr[name],
        bins=bins,
        histtype="stepfilled",
        alpha=0.35,
        color=colour,
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
# :alt: Two overlapping histograms of signal-to-noise ratio per sequence. That of the second network is narrow and lies at low values; that of the first is wide and reaches far to the right.
#
# Signal-to-noise ratio of {glue:text}`n_mapped` positive test sequences under the two networks
# of {numref}`fig-two-maps`. Dashed: the means, which are the networks' SNR. A few sequences with
# extreme values lie outside the picture.
# ```
#
# The first network reaches an SNR of {glue:text}`pair_high_snr`, the second
# {glue:text}`pair_low_snr`; on {glue:text}`share_lower` of the sequences where both are defined the
# second is the lower one. Without gradient correction the two numbers are {glue:text}`snr_high_raw`
# and {glue:text}`snr_low_raw`.
#
# ## All networks
#
# The {term}`zoo` of this book holds {glue:text}`n_networks` {term}`convolutional networks
# <convolutional network (CNN)>` of one architecture: four convolutions (24 filters of 19 bases,
# then 32 of width 7, 48 of width 7 and 64 of width 3) and a dense layer of 96 units, trained with
# {term}`dropout` and a small penalty on large weights. They differ in three choices:
#
# - {term}`batch normalisation` or none;
# - the {term}`activation function` of the first layer, ReLU or exponential;
# - the {term}`regularisation`, what makes it harder to learn the training sequences by heart.
#   `standard` adds nothing to the dropout and the penalty of all networks. The six others blend
#   pairs of sequences and of their labels (`mixup`, or inside the network `manifoldmixup`), add
#   random noise (`noise`, or inside the network `manifoldnoise`), change each sequence a little in
#   the direction that hurts most (`adversarial`), or limit how far a layer can stretch its input
#   (`spectral`).
#
# Each combination of the three is a *configuration*. Networks of one configuration differ in their
# {term}`initialisation` only; the zoo has {glue:text}`n_inits` of each. How far do accuracy and SNR
# go together?

# %%
groups = tables.configuration(table)
accuracy = spearman(table["auroc"], table["snr"], groups=groups, seed=seed)
accurate = table[table["auroc"] >= 0.97]
best_accuracy = table.iloc[
    descending(table["auroc"])[: max(2, len(table) // 4)]
]

# %% tags=["remove-cell"]
report("auroc_snr", accuracy.value, ".2f")
report("auroc_snr_low", accuracy.low, ".2f")
report("auroc_snr_high", accuracy.high, ".2f")
above = (table["snr"] > 0).to_numpy()
some = spearman(
    table["auroc"][above],
    table["snr"][above],
    groups=groups[above],
    seed=seed,
)
report(
    "auroc_snr_zero",
    (
        "the interval includes zero, so these networks show no clear relation"
        if accuracy.low <= 0 <= accuracy.high
        else "the interval does not include zero"
    )
    + (
        ""
        if above.all()
        else f". Without the networks of negative SNR the correlation is {some.value:.2f} "
        f"({some.low:.2f} to {some.high:.2f})"
    ),
)
report("n_accurate", len(accurate), "d")
report("share_accurate", len(accurate) / len(table), ".0%")
report("n_configurations", groups.nunique(), "d")
passes = (
    (table["auroc"] >= 0.97).groupby(table["init"]).agg(["sum", "size"])
)
report(
    "passed_by_init",
    "Those that pass, by the number of their initialisation: "
    + ", ".join(
        f"{n:02d}: {one['sum']} of {one['size']}"
        for n, one in passes.iterrows()
    ),
)
of_each = groups.value_counts()
report(
    "n_inits",
    " to ".join(str(n) for n in sorted({of_each.min(), of_each.max()})),
)
report("n_negative", int((table["snr"] < 0).sum()), "d")
report("n_undefined", int(table["snr_undefined"].sum()), ",d")
worst = table.loc[table["snr_undefined"].idxmax(), "id"]
worst_map = paths.read_maps(run, "synthetic", worst)["a"]
left_out = np.isnan(
    signal_to_noise(x, worst_map, motif, spacer_mask=spacer)
)
worst_score = (gradient_correction(worst_map[left_out]) * x[left_out]).sum(
    axis=2
)
signal = np.where(motif[left_out], worst_score, 0).sum(axis=1)
report("undefined_worst", worst)
report("undefined_most", int(left_out.sum()), ",d")
report("undefined_negative", int((signal <= 0).sum()), ",d")
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
figures.snr_axis(ax)
figures.legend_below(fig)
figures.show("fig_auroc_snr")

# %% [markdown]
# ```{glue:figure} fig_auroc_snr
# :name: fig-auroc-snr
# :alt: Scatter plot of signal-to-noise ratio, on a logarithmic axis, against test AUROC, one point a network. Most networks crowd at a high AUROC; among them those with exponential activation tend to lie higher. Two points are ringed.
#
# Accuracy and SNR of {glue:text}`n_networks` networks of {glue:text}`n_configurations`
# configurations, {glue:text}`n_mapped` test sequences each. Rings: the pair of
# {numref}`fig-two-maps`.
# ```
#
# The {term}`Spearman correlation` of accuracy and SNR is {glue:text}`auroc_snr` (95 % interval
# {glue:text}`auroc_snr_low` to {glue:text}`auroc_snr_high`, {term}`bootstrap` over configurations);
# {glue:text}`auroc_snr_zero`. Accuracy leaves much open: among the {glue:text}`top_quarter` most
# accurate networks the largest SNR is {glue:text}`top_snr_ratio` times the smallest.
#
# A ratio grows without limit when its denominator shrinks. A network with hardly any positive
# score in the spacers can stand far above all others, whatever its accuracy. So the figure has an
# axis that is logarithmic above 0.5 (and pressed together below 0), this book compares ranks, and
# the second table below has the median as well.
# A ratio below zero means that, on average, the motifs get negative scores; how far below says
# little. Networks with such an SNR: {glue:text}`n_negative`. {doc}`06_controls` asks
# what is wrong with them.
#
# The paper keeps only networks with a test performance of at least 0.97, which we read as AUROC;
# 84 % of its own passed (327 of 390) {cite:p}`chen2025`. Of ours {glue:text}`n_accurate` pass,
# {glue:text}`share_accurate`. The next table has the mean AUROC of each configuration and, in
# brackets, how many of its networks pass. The mean is rounded, and may pass where a network does
# not. {glue:text}`passed_by_init`. Networks of one initialisation start alike
# ({doc}`04_length_scaling`), so they do not pass or fail independently.

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
# The last table has every network. Open it with a click.

# %% tags=["hide-input", "hide-output"]
shown_columns = {
    "id": "network",
    "auroc": "AUROC",
    "snr": "SNR",
    "snr_median": "median SNR",
    "snr_absolute": "SNR, absolute",
    "motif_aupr": "motif AUPR",
}
ranked = table.iloc[descending(table["snr"])][list(shown_columns)].rename(
    columns=shown_columns
)
ranked.style.format(precision=3).hide(axis="index")

# %% [markdown]
# *Median SNR* takes the median over sequences in place of the mean. *Absolute* SNR drops the
# signs of the scores first. {term}`Motif AUPR <motif AUPR>` asks another question of the same
# truth: if we call positions motif one after the other, the largest absolute score first, what
# share of the calls is right, on average?
#
# ```{admonition} Key points
# :class: note
# - A saliency map gives each base a signed score; we use the corrected gradient of the logit.
# - SNR compares the mean score inside motifs with the ten largest scores of the spacers.
# - Networks of nearly equal accuracy can differ in SNR: {glue:text}`pair_high_snr` against
#   {glue:text}`pair_low_snr` for the most extreme pair. Accuracy does not choose between them.
# - SNR needs the truth, so it exists for simulated data only. The next chapters look for a
#   measure that does not.
# ```
#
# ## Limits
#
# SNR depends on choices: ten positions, the mean, signs kept. {glue:text}`n_undefined` pairs of
# network and sequence had too few positive spacer scores and were left out. The network with most
# of them is {glue:text}`undefined_worst`, with {glue:text}`undefined_most`. A map with hardly any
# noise and a positive signal would have had a very high SNR, so leaving it out lowers the mean of
# its network; one with a negative signal would have lowered it. Of the
# {glue:text}`undefined_most` maps {glue:text}`undefined_negative` have a signal below zero.
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
