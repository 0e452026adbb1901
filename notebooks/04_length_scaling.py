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
# # One score from many lengths
#
# The {term}`motifs <motif>` that proteins bind are about five to twenty bases long, so no single k
# fits them all. **Can the divergences of words of several lengths be joined into one score that follows
# the truth better than the {term}`original metric`?** The paper weights each length by how well its
# KLD explains the {term}`SNR <signal-to-noise ratio (SNR)>` of simulated networks. It then carries
# the weights over to data whose truth is not known. We repeat this on our {term}`zoo`, and ask
# what the weights add.
#
# ```{admonition} The answer
# :class: important
# Yes. The {term}`rank correlation <Spearman correlation>` of the joint score, the
# {term}`final score`, with the truth is {glue:text}`primary_final`, and
# {glue:text}`primary_difference` above that of the original metric. But neither learnt weights nor
# many lengths are needed for it: equal weights, or words of six letters alone, give nearly the same
# correlation.
# ```
#
# ```{margin} For readers new to biology
# A binding site has a core that hardly varies and flanks that do: around the GGAA that GABPA
# needs, other bases matter less. A short word can catch the core of many sites. A long word
# includes the flanks and fits fewer sites, but is rarer by chance.
# ```
#
# ```{admonition} After this chapter you can
# :class: tip
# - learn length weights without letting a network judge itself;
# - read a rank correlation with an interval over configurations, and know what it leaves out;
# - ask of a learnt part whether something simpler does as well.
# ```
#
# *You need:* the first three chapters and linear regression. *Reading time:* 15 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose scores are used
draws: int = 2000  # bootstrap samples of configurations
seed: int = 0  # seeds the splits and the bootstrap

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution_consistency.rounding import descending, first_largest
from compendium import paths, tables
from compendium.page import explorer, figures
from compendium.page.claims import decimals, expect, report
from compendium.rivals import score_columns
from compendium.stand_ins import held_out_consistency, learnt_length_weights
from compendium.stats import spearman, spearman_difference

figures.style()

# %%
scores, _ = paths.load_scores(run, "synthetic")
table = scores[scores["status"] == "ok"].reset_index(drop=True)
ks, klds = tables.kld_columns(table, "frequency")
snr = table["snr"].to_numpy()
configuration = tables.configuration(table).to_numpy()

# %% tags=["remove-cell"]
report("l_networks", len(table), "d")
report("l_configurations", len(set(configuration)), "d")
report("l_sequences", int(table["n"].iloc[0]), ",d")

# %% [markdown]
# We use {glue:text}`l_networks` trained networks of {glue:text}`l_configurations`
# {term}`configurations <configuration>`, each scored on the same {glue:text}`l_sequences` positive
# test sequences.
#
# ## Each length against the truth
#
# The paper reports an exponential relation of SNR and KLD, so it fits a straight line to the
# *logarithm* of SNR, for each length k by itself:
#
# ```{math}
# :label: eq-length-model
# \log \mathrm{SNR} = \alpha_k + \beta_k \, \mathrm{KLD}_k + \varepsilon .
# ```
#
# Here $\alpha_k$ is the intercept, $\beta_k$ the slope, and $\varepsilon$ what $\mathrm{KLD}_k$
# does not explain.
#
# ```{margin} For readers new to statistics
# A logarithm turns an exponential curve into a straight line. If SNR doubles whenever the KLD
# grows by a fixed amount, then log SNR rises by log 2 each time.
# ```

# %% tags=["remove-output"]
fig, axes = plt.subplots(
    2, (len(ks) + 1) // 2, figsize=(figures.WIDTH, 4.8), sharey=True
)
positive = snr > 0  # the others have no logarithm
for ax, k, kld in zip(axes.flat, ks, klds.T):
    view = table.assign(kld=kld)
    figures.against(ax, view, "kld", "snr", f"KLD, k = {k} (nats)", "")
    slope, intercept = np.polyfit(kld[positive], np.log(snr[positive]), 1)
    line = np.linspace(kld.min(), kld.max())
    ax.plot(line, np.exp(intercept + slope * line), color="black")
    figures.snr_axis(ax)
for ax in axes[:, 0]:
    ax.set_ylabel("SNR")
figures.legend_below(fig)
figures.show("fig_lengths")

# %% [markdown]
# ```{glue:figure} fig_lengths
# :name: fig-lengths
# :alt: Six scatter plots of signal-to-noise ratio, on a logarithmic axis, against KLD for k = 3 to 8, each with a rising fitted line.
#
# SNR of {glue:text}`l_networks` networks against the KLD at each length, with the fit of
# {eq}`eq-length-model` to those of SNR > 0. The vertical axis is logarithmic above 0.5 and pressed
# together below 0, so that negative ratios have a place.
# ```
#
# ## How much does one length explain?
#
# Take one length, the middle one. We leave out every fifth configuration with all its networks, because
# they resemble each other, fit the line to the others, and predict the networks that were left out.

# %%
middle = len(ks) // 2
kld = klds[:, middle]
left_out = np.isin(configuration, np.unique(configuration)[1::5]) & positive
seen = positive & ~left_out
slope, intercept = np.polyfit(kld[seen], np.log(snr[seen]), 1)
predicted = intercept + slope * kld

# %% tags=["remove-output"]
fig, ax = plt.subplots(figsize=(figures.WIDTH * 0.8, 3.2))
log_snr = np.log(snr, where=positive, out=np.full(len(snr), np.nan))
ax.plot(kld[seen], log_snr[seen], "o", ms=3, color=figures.GREY)
ax.vlines(
    kld[left_out], predicted[left_out], log_snr[left_out], color=figures.RED
)
ax.plot(kld[left_out], log_snr[left_out], "o", ms=4, color=figures.RED)
ax.plot(kld[positive], predicted[positive], color="black", lw=1)
ax.axhline(np.nanmean(log_snr), color="black", ls="--", lw=0.8)
ax.set(xlabel=f"KLD, k = {ks[middle]} (nats)", ylabel="log SNR")
figures.show("fig_one_length")

# %% [markdown]
# ```{glue:figure} fig_one_length
# :name: fig-one-length
# :alt: Scatter plot of log SNR against the KLD at one length. Grey points follow a rising line; coloured points, left out of the fit, are joined to it by short vertical lines. A dashed line marks the mean.
#
# One length. Grey: networks that the line was fitted to. Coloured: networks that it had not seen, and
# how far off it is. Dashed: the mean.
# ```
#
# The coloured lines are the errors of the prediction. A length is worth much when they are short, compared
# with the distances from the dashed mean. The rule of the paper makes this a weight, in three steps:
#
# 1. **Predict.** Do the same for every fifth of the configurations in turn, so that each network is
#    predicted once, by a line that had not seen it ({term}`cross-validation`).
# 2. **Weigh.** Add up the squares of all errors. The weight of length $k$ is in proportion to
#
#    ```{math}
#    :label: eq-r2
#    R^2_k = \max\!\left(0,\; 1 - \frac{\sum (\log \mathrm{SNR} - \text{prediction})^2}
#                                     {\sum (\log \mathrm{SNR} - \text{mean})^2}\right) ,
#    ```
#
#    the share of the variance of log SNR that the length explains: one if every prediction is right,
#    zero if the mean does no worse. Networks with an SNR of zero or less have no logarithm and stay
#    out.
# 3. **Judge others only.** Set a tenth of the configurations aside, do the first two steps on the
#    rest, and give the networks of this tenth the weights found. Ten such *trials* serve all networks.
#
# The {term}`final score` of a network is $\sum_k \text{weight}_k\, \mathrm{KLD}_k$.

# %%
# A run of too few networks gets the weights that come with the package.
fitted = learnt_length_weights(
    klds, snr, ks, groups=configuration, n_subsets=10, n_folds=5, seed=seed
)
final = held_out_consistency(klds, fitted)

# %% tags=["remove-output"]
fig, ax = plt.subplots(figsize=(figures.WIDTH * 0.8, 3))
ax.plot(ks, fitted.per_subset.T, color=figures.BLUE, alpha=0.45, lw=1)
ax.plot(ks, fitted.mean, "o-", color="black", lw=2)
ax.axhline(1 / len(ks), color=figures.GREY, ls="--")
ax.set(
    xlabel="k-mer length k",
    ylabel="weight",
    xticks=ks,
    ylim=(0, 1.5 / len(ks)),
)
figures.show("fig_weights")

# %% tags=["remove-cell"]
r2 = fitted.r2.mean(axis=0)
report("l_excluded", fitted.n_excluded, "d")
report("l_r2_min", r2.min(), ".2f")
report("l_r2_max", r2.max(), ".2f")
report("l_best_k", ks[first_largest(r2)], "d")
report("l_weight_min", fitted.mean.min(), ".3f")
report("l_weight_max", fitted.mean.max(), ".3f")

# %% tags=["remove-input"]
expect(
    "the weights were learnt on networks of this run",
    len(fitted.per_subset) > 1,
)

# %% [markdown]
# ```{glue:figure} fig_weights
# :name: fig-weights
# :alt: Thin lines of weight against k-mer length from 3 to 8, one for each held-out subset, with their mean; all lie close to a dashed line at equal weights.
#
# Length weights of the ten trials (thin) and their mean (thick); dashed: equal weights. Left out of
# the fit because of an SNR of zero or less: {glue:text}`l_excluded` networks ({doc}`06_controls`
# looks into such networks). This rebuilds figure 3a of the paper.
# ```
#
# All lengths explain log SNR well: $R^2$ is {glue:text}`l_r2_min` to {glue:text}`l_r2_max`, the
# most at k = {glue:text}`l_best_k`. So the weights are nearly equal, {glue:text}`l_weight_min` to
# {glue:text}`l_weight_max`. The paper takes the agreement of its trials as a validation. But any
# two trials share nearly all of their networks, so their agreement proves little.
#
# ## The comparison that counts
#
# We call one comparison *primary*: the final score against the original metric, by their
# {term}`Spearman correlation` with SNR, weights learnt with whole configurations held out. First both
# metrics were tried on other networks, so its direction was known. Then we chose it, and then trained
# these networks. A third of them we saw before the rest; {doc}`an appendix <a1_every_look>` has every look.
#
# The correlations are pooled over all {term}`kinds <kind>` of network. The two colours of the figures form two clouds,
# so pooling compares kinds as well: {doc}`07_independent_networks` explains why it matters, and
# {doc}`a4_rivals` has the numbers inside kinds.
#
# The intervals are {term}`bootstrap` intervals over *configurations*: two
# {term}`initialisations <initialisation>` of one configuration are not two independent networks. The
# weights are held fixed, so the interval of the final score leaves out how uncertain *they* are. The
# last three rows of the table learn nothing: all lengths with the same weight, one length alone, and
# the {term}`recommended score` of the chapter before.


# %%
original = table["kld_original"].to_numpy()
metrics = {
    "final score": final,
    "original metric": original,
    "equal weights": klds.mean(axis=1),
    f"k = {ks[len(ks) // 2]} alone": klds[:, len(ks) // 2],
    "recommended score": score_columns(table)["excess"],
}
shared = {"groups": configuration, "draws": draws, "seed": seed}
follows = {
    name: spearman(score, snr, **shared) for name, score in metrics.items()
}
gains = {
    name: spearman_difference(score, original, snr, **shared)
    for name, score in metrics.items()
    if score is not original
}


# %%
def text(e):
    return f"{e.value:.2f} ({e.low:.2f} to {e.high:.2f})"


shown = {"Spearman with SNR": follows, "above the original metric": gains}
shown = pd.DataFrame(shown).map(text, na_action="ignore")
shown["in the paper"] = ["0.868", "0.587", None, None, None]
shown.fillna("–")

# %% tags=["remove-cell"]
report("primary_final", follows["final score"], decimals)
report("primary_original", follows["original metric"], decimals)
report("primary_difference", gains["final score"], decimals)
report("unlearnt_difference", gains["equal weights"], decimals)

# %% tags=["remove-input"]
expect(
    "every interval of the difference lies above zero",
    min(gain.low for gain in gains.values()) > 0,
)
expect(
    "what learns nothing does as well as learnt weights",
    np.ptp([e.value for e in gains.values()]) < 0.01,
)

# %% [markdown]
# The interval of the difference lies above zero: this zoo favours the final score. With equal
# weights, where nothing is learnt, the difference is {glue:text}`unlearnt_difference`, and with one
# length alone nearly the same. So it comes neither from many lengths nor from their weights. What all
# these scores share is that they keep every position, where the original metric cuts most away. The
# recommended score follows SNR about as closely; we recommend it because the
# {doc}`controls <06_controls>` show that less fools it.

# %% tags=["remove-output"]
fig, axes = plt.subplots(1, 2, figsize=(figures.WIDTH, 3.6), sharey=True)
view = table.assign(final=final)
for ax, name, column in zip(axes, metrics, ("final", "kld_original")):
    figures.against(ax, view, column, "snr", f"{name} (nats)", "")
    ax.set_title(f"$r_s$ = {text(follows[name])}")
axes[0].set_ylabel("SNR")
figures.snr_axis(axes[0])
figures.legend_below(fig)
figures.show("fig_final")

# %% tags=["remove-input"]
# For readers on a screen: point at a network, see what it is and one of its maps.
ranked = view.iloc[descending(final)].set_index("id", drop=False)
numbers = {
    "SNR": "snr",
    "final score": "final",
    "original metric": "kld_original",
}
explorer.explore(
    "fig-final",
    fig,
    [
        (axes[0], ranked["final"], ranked["snr"]),
        (axes[1], ranked["kld_original"], ranked["snr"]),
    ],
    pd.DataFrame(
        {
            "first layer": ranked["activation"].map(
                figures.ACTIVATION_NAMES
            ),
            "batch norm": np.where(ranked["batch_norm"], "yes", "no"),
            "regulariser": ranked["regulariser"],
            **{
                n: ranked[c].map("{:.2f}".format)
                for n, c in numbers.items()
            },
            "AUROC": ranked["auroc"].map("{:.3f}".format),
        }
    ),
    **explorer.stretch(run, "synthetic", ranked["id"]),
)

# %% [markdown]
# ```{glue:figure} fig_final
# :name: fig-final
# :alt: Two scatter plots of signal-to-noise ratio, left against the final score and right against the original metric, each titled with its Spearman correlation and interval.
#
# SNR of {glue:text}`l_networks` networks against the final score, each network scored with weights
# that were learnt without its configuration, and against the original metric. This rebuilds figure 3b
# of the paper. Intervals: 95 %, bootstrap over configurations, weights held fixed. On a screen,
# choose a network to see what it is and its attribution logo on one test sequence, on its own scale
# (shaded: motifs).
# ```
#
# The numbers of the paper {cite:p}`chen2025` are of other networks and come without intervals. Our
# original metric does far better than the paper's, so our difference is smaller;
# {doc}`10_reproduction` asks why.
#
# ```{admonition} Key points
# :class: note
# - On {glue:text}`l_networks` networks the final score follows SNR at {glue:text}`primary_final`, the
#   original metric at {glue:text}`primary_original`.
# - The weight of a length is the share of log SNR that its KLD explains in networks not seen. All
#   lengths explain nearly the same, so the weights are nearly equal.
# - Neither weights nor many lengths are needed: with equal weights, or one length, the difference lies
#   above zero, too. Ask of each part of a method whether something simpler does as well.
# - Two networks of one configuration are not two independent networks: resample configurations.
# ```
#
# ## Limits
#
# Our networks are fewer than the paper's, and count as fewer still: those of one
# configuration resemble each other, and those of different configurations share their starts. The
# configurations themselves are all combinations of three choices and no sample of anything, yet the
# bootstrap treats them as a random sample. The length weights have seen no network of negative SNR. All
# correlations here are pooled over kinds of network; those inside kinds stand in {doc}`a4_rivals`.
#
# And consistency is not correctness: no network of the zoo was made to be consistently wrong, so
# this chapter cannot show what the score does then. The {doc}`chapter on controls <06_controls>`
# does, with made-up maps.
#
# ## Exercises
#
# Work on them in the {doc}`student notebook <exercises/04_length_scaling>` (<a
# href="../exercises/04_length_scaling.ipynb" download>download</a>; `make lab` copies all of them
# into `my_exercises`). It checks your answers and, when one is wrong, says why.
#
# 1. ★ *Change a parameter.* Do the weights move to longer or shorter words under another reading?
# 2. ★★ *Write a few lines.* Correlate the score with SNR among exponential networks alone, and
#    among ReLU networks alone.
# 3. ★★★ *Extend the method.* Fit all lengths together instead of one by one. Does it rank networks
#    better that the fit has not seen?
#
# ## Where next
#
# A score that works where the truth is known can be carried to data where it is not.
# {doc}`The next chapter <05_real_data>` does so on chromatin accessibility in a human cell line.
#
# ## With another parameter
#
# The first command runs this chapter alone and opens its page; the second does the same with plain papermill:
#
# ```
# .venv/bin/python -m compendium chapter 04_length_scaling seed=1
# .venv/bin/papermill results/default/notebooks/04_length_scaling.ipynb \
#   again.ipynb -p seed 1
# ```
