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
# fits them all. **Can the divergences of several lengths be joined into one score that follows the
# truth better than the {term}`original metric`?** The paper weights each length by how well its
# KLD explains the {term}`SNR <signal-to-noise ratio (SNR)>` of simulated networks. It then carries
# the weights over to data whose truth is not known. We repeat this on our {term}`zoo`, and ask
# what the weights add.
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
# - say what each part of the final score adds, by setting it beside simpler scores.
# ```
#
# *You need:* the first three chapters and linear regression. *Reading time:* 20 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose scores are used
reading: str = "frequency"  # frequency, instance or per_sequence
split: str = "configuration"  # hold out whole configurations, or "random"
n_subsets: int = 10  # subsets, each held out once
n_folds: int = 5  # folds of the cross-validation inside a trial
threshold: float = 0.97  # test AUROC above which the paper keeps a network
draws: int = 2000  # bootstrap samples of configurations
refits: int = 1000  # samples in which the weights are learnt anew
deals: int = 30  # ways to deal out the configurations among the trials
seed: int = 0  # seeds the splits and the bootstrap

# %% tags=["remove-cell"]
import contextlib
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import display
from statsmodels.api import OLS

from attribution_consistency import consistency, length_weights
from attribution_consistency.maps import READINGS
from attribution_consistency.rounding import descending, first_largest
from compendium import paths, tables
from compendium.comparison import centred_table, comparison_table
from compendium.page import explorer, figures
from compendium.page.claims import decimals, report
from compendium.stand_ins import (
    held_out_consistency,
    shipped_length_weights,
)
from compendium.stats import (
    Estimate,
    bootstrap,
    partial_spearman,
    shared_share,
    spearman,
    spearman_difference,
)
from compendium.tables import kld_columns

figures.style()

# %%
scores, _ = paths.load_scores(run, "synthetic")
table = scores[scores["status"] == "ok"].reset_index(drop=True)
ks, klds = kld_columns(table, reading)
snr = table["snr"].to_numpy()
configuration = tables.configuration(table).to_numpy()

# %% tags=["remove-cell"]
report("l_networks", len(table), "d")
report("l_diverged", len(scores) - len(table), "d")
report("l_configurations", len(set(configuration)), "d")
report("l_sequences", int(table["n"].iloc[0]), ",d")
report("l_k_min", ks[0], "d")
report("l_k_max", ks[-1], "d")

# %% [markdown]
# We use {glue:text}`l_networks` trained networks of {glue:text}`l_configurations`
# {term}`configurations <configuration>`, each scored on the same {glue:text}`l_sequences` positive
# test sequences. Networks whose training diverged are left out: {glue:text}`l_diverged`.
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

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(
    2,
    int(np.ceil(len(ks) / 2)),
    figsize=(figures.WIDTH * 1.2, 4.6),
    sharey=True,
)
fittable = np.isfinite(snr) & (snr > 0)
for ax, k, kld in zip(axes.flat, ks, klds.T):
    view = table.assign(kld=kld)
    figures.against(ax, view, "kld", "snr", "", "")
    slope, intercept = np.polyfit(kld[fittable], np.log(snr[fittable]), 1)
    line = np.linspace(kld.min(), kld.max(), 50)
    ax.plot(line, np.exp(intercept + slope * line), color="black", lw=1.2)
    figures.snr_axis(ax)
    ax.locator_params(axis="x", nbins=5)
    ax.set_title(f"k = {k}")
for ax in axes[:, 0]:
    ax.set_ylabel("SNR (log scale)")
for ax in axes[-1]:
    ax.set_xlabel("KLD (nats)")
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
# ## Weights that were not learnt on the networks they judge
#
# The weight of length k should say how much of the variance of log SNR its KLD explains *in
# networks that the fit has not seen*. We cut the networks into {glue:text}`l_subsets` subsets
# (the split here: {glue:text}`l_split`). Each subset is held out once; call this a *trial*. Among
# the other networks, {glue:text}`l_folds`-fold {term}`cross-validation` predicts every log SNR from
# a fit that did not use it. The predictions of a trial are pooled, and
#
# ```{math}
# :label: eq-r2
# R^2_k = \max\!\left(0,\; 1 - \frac{\sum (\log \mathrm{SNR} - \text{prediction})^2}
#                                  {\sum (\log \mathrm{SNR} - \text{mean})^2}\right).
# ```
#
# The sums run over the networks of the trial that have SNR > 0, the others having no logarithm;
# "mean" is the mean of their log SNR. A perfect prediction gives 1, one that is no better than the
# mean gives 0.
#
# Divided by their sum, the {glue:text}`l_lengths` values of $R^2_k$ are the weights of this trial.
# The {term}`final score` is $\sum_k \text{weight}_k\, \mathrm{KLD}_k$, for each network with the
# weights of the trial that held it out.

# %%
groups = configuration if split == "configuration" else None
options = {"n_subsets": n_subsets, "n_folds": n_folds, "seed": seed}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    try:
        fitted = length_weights(klds, snr, groups=groups, **options)
        final = held_out_consistency(klds, fitted)
    except ValueError as error:  # too few networks in this run
        print(
            f"No fit: {error}. The weights shipped with the package stand in. Where the text "
            "below speaks of weights learnt on networks of this run, it means those."
        )
        fitted = shipped_length_weights(reading, ks)
        final = consistency(klds, fitted)
for warning in caught:
    print("Note:", warning.message)

# %% tags=["remove-cell"]
r2 = fitted.r2.mean(axis=0)
report("l_subsets", n_subsets, "d")
report("l_folds", n_folds, "d")
report("l_shared", (n_subsets - 2) / (n_subsets - 1), ".0%")
report("l_split", "by configuration" if groups is not None else "random")
report("l_excluded", fitted.n_excluded, "d")
report("l_r2_min", r2.min(), ".2f")
report("l_r2_max", r2.max(), ".2f")
report("l_best_k", ks[first_largest(r2)], "d")
report("l_weight_min", fitted.mean.min(), ".3f")
report("l_weight_max", fitted.mean.max(), ".3f")

# %% [markdown]
# How sure are we of the weights? The paper takes the agreement of its trials as a validation. But
# any two of {glue:text}`l_subsets` trials share {glue:text}`l_shared` of their networks, so their
# agreement proves little. A grouped {term}`jackknife` is fairer: leave out one configuration with
# all its networks, learn the weights anew, and see how far they move. How the networks are dealt
# out among subsets and folds is chance, too. So each time we take the mean over ten ways to deal
# them out, and add the variance between {glue:text}`l_deals` ways to that of the jackknife.


# %% tags=["hide-input"]
def learn(rows, **change):
    """Weights learnt on some networks; None where they cannot be learnt."""
    # A network that a bootstrap sample has twice must not stand on both sides of a split.
    kept = (np.arange(len(table)) if groups is None else groups)[rows]
    change = {
        "n_subsets": min(n_subsets, len(set(configuration[rows]))),
        **change,
    }
    arguments = {"groups": kept, **options, **change}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return length_weights(klds[rows], snr[rows], **arguments)
        except ValueError:
            return None


def mean_weights(rows, **change):
    """Mean weights learnt on some networks; NaN where they cannot be learnt."""
    learnt = learn(rows, **change)
    return np.full(len(ks), np.nan) if learnt is None else learnt.mean


def over_deals(rows, count):
    """Mean weights for each of some ways to deal out the networks."""
    found = np.array(
        [mean_weights(rows, seed=seed + d) for d in range(count)]
    )
    return found[np.isfinite(found).all(axis=1)]  # some may have no fit


# %%
without = [
    over_deals(configuration != name, 10) for name in set(configuration)
]
moved = np.array([found.mean(axis=0) for found in without if len(found)])
dealt_out = over_deals(np.ones(len(table), bool), deals)
if len(moved) > 1 and len(dealt_out) > 1:
    spread = ((moved - moved.mean(axis=0)) ** 2).sum(axis=0)
    jackknife = (len(moved) - 1) / len(moved) * spread
    standard_error = np.sqrt(jackknife + dealt_out.var(axis=0, ddof=1))
else:
    standard_error = np.full(len(ks), np.nan)

# %% tags=["remove-cell"]
report("l_deals", deals, "d")
report("l_se_max", standard_error.max(), ".3f")
report(
    "l_se_sure",
    int(np.nansum(np.abs(fitted.mean - 1 / len(ks)) > 2 * standard_error)),
    "d",
)
report("l_lengths", len(ks), "d")

# %% tags=["remove-output", "hide-input"]
fig, ax = plt.subplots(figsize=(figures.WIDTH * 0.8, 3))
figures.length_weights(ax, ks, fitted.per_subset, fitted.mean)
ax.errorbar(
    ks,
    fitted.mean,
    yerr=standard_error,
    fmt="none",
    color="black",
    capsize=3,
)
ax.axhline(1 / len(ks), color=figures.GREY, lw=0.8, ls="--")
ax.text(
    ks[-1],
    1 / len(ks),
    "equal weights",
    ha="right",
    va="bottom",
    fontsize=8,
)
ax.set_ylim(0, fitted.per_subset.max() * 1.25)
figures.show("fig_weights")

# %% [markdown]
# ```{glue:figure} fig_weights
# :name: fig-weights
# :alt: Thin lines of weight against k-mer length from 3 to 8, one for each held-out subset, with their mean and a dashed line at equal weights.
#
# Length weights of the {glue:text}`l_subsets` trials (thin) and their mean (thick), learnt on
# {glue:text}`l_networks` networks. Left out of the fit because of an SNR of zero or less:
# {glue:text}`l_excluded` ({doc}`chapter 6 <06_controls>` looks into such networks).
# Bars: ± one standard error, jackknife over {glue:text}`l_configurations` configurations and
# {glue:text}`l_deals` ways to deal them out. This rebuilds figure 3a of the paper.
# ```
#
# On average over the trials, the lengths explain between {glue:text}`l_r2_min` and
# {glue:text}`l_r2_max` of the variance of log SNR in networks left out of the fit, the most at
# k = {glue:text}`l_best_k`. The weights run from {glue:text}`l_weight_min` to
# {glue:text}`l_weight_max`, and their largest standard error is {glue:text}`l_se_max`. The number
# of weights that differ from equal weights by more than two standard errors is
# {glue:text}`l_se_sure` of {glue:text}`l_lengths`. All weights add up to 1, so these are not
# separate tests.
#
# "Variance ratio", the paper's word for what the weights measure, can be read in more than one way.
# The next table repeats the mean weights and their standard error, and has the mean weights
#
# - when the {term}`F statistic`, or the variance of the predictions over that of log SNR, replaces
#   $R^2$;
# - under a random split, which may put networks of one configuration on both sides;
# - learnt inside one kind of network only, cut into no more subsets than it has configurations.
#
# The last rest on few configurations. A kind is missing where its fit fails, as it does when no
# length explains anything in one of its trials.

# %%
kind = (
    table["batch_norm"].map(
        {True: "batch norm, ", False: "no batch norm, "}
    )
    + table["activation"]
).to_numpy()
whole = np.ones(len(table), bool)
vectors = {
    "R² (the paper)": fitted.mean,
    "standard error": standard_error,
    "F statistic": mean_weights(whole, statistic="f"),
    "explained / total variance": mean_weights(whole, statistic="variance"),
    "random split": mean_weights(whole, groups=None),
}
vectors |= {
    f"only {name} ({(kind == name).sum()} networks)": mean_weights(
        kind == name
    )
    for name in np.unique(kind)
}
found = pd.DataFrame(vectors, index=pd.Index(ks, name="k")).T.dropna()
found.style.format(precision=3)

# %% [markdown]
# ## The comparison that counts
#
# One comparison was fixed before the networks were trained, and we call it *primary*: the final
# score against the original metric, by their {term}`Spearman correlation` with signed SNR, weights
# learnt with whole configurations held out, on our zoo. Everything else in this chapter is
# exploration.
#
# It has been looked at more than once. The first zoo had {glue:text}`first_networks` networks of
# {glue:text}`first_epochs` epochs and a stronger adversary; few of them passed the threshold of
# accuracy, and we trained a second one. Of the second we saw the first network of each
# configuration before the others were trained, at first with a fault in the spectral-norm penalty;
# those {glue:text}`look_faulty` networks were trained anew. The table below keeps all these looks.
#
# The intervals are {term}`bootstrap` intervals over *configurations*: two
# {term}`initialisations <initialisation>` of one configuration are not two independent networks. In
# the primary row the weights are not learnt anew in each bootstrap sample, so their own uncertainty
# is left out. The row below it puts that in: each sample of configurations learns its weights, with
# the configurations dealt out afresh, and scores its networks with them. This interval errs on the
# wide side, because a sample repeats some configurations and lacks others.


# %%
def compare(score, old, truth, groups):
    """Both metrics on some networks: correlations and their difference."""
    shared = {"groups": groups, "draws": draws, "seed": seed}
    return {
        "final": spearman(score, truth, **shared),
        "original": spearman(old, truth, **shared),
        "difference": spearman_difference(score, old, truth, **shared),
    }


original = table["kld_original"].to_numpy()
primary = compare(final, original, snr, configuration)


# %% tags=["hide-input"]
def compare_rows(score, rows):
    return compare(score, original[rows], snr[rows], configuration[rows])


def learnt_anew(rows, seed):
    """Final scores of some networks with weights learnt on these alone, or None."""
    learnt = learn(rows, seed=seed)
    return (
        None if learnt is None else held_out_consistency(klds[rows], learnt)
    )


def with_refits():
    """The primary comparison, weights learnt in each bootstrap sample anew."""

    def statistic(rows):
        deal = np.random.default_rng([seed, *rows]).integers(2**31)
        score = learnt_anew(rows, int(deal))
        if score is None:
            return [np.nan, np.nan]
        new, old = (
            spearman(v, snr[rows], draws=1).value
            for v in (score, original[rows])
        )
        return [new, new - old]

    ends = bootstrap(statistic, configuration, draws=refits, seed=seed)
    return primary | {
        name: primary[name]._replace(low=low, high=high)
        for name, low, high in zip(
            ("final", "difference"), ends.low, ends.high
        )
    }


as_fixed = reading == "frequency" and split == "configuration"
kept_to = "primary" if as_fixed else "not as fixed: see the parameters"
everything = np.arange(len(table))
accurate = np.flatnonzero(table["auroc"] >= threshold)
equal_weights = klds.mean(axis=1)
refitted = with_refits()
unlearnt = compare_rows(equal_weights, everything)
filtered = compare_rows(final[accurate], accurate)
looks = {
    f"our zoo, all {len(table)} networks ({kept_to})": primary,
    "the same, weights learnt anew in each sample": refitted,
    "the same, equal weights: nothing learnt": unlearnt,
    f"our zoo, {len(accurate)} with AUROC ≥ {threshold:g}": filtered,
}

# One point a configuration, and each look by itself.
repeated = pd.Series(configuration).duplicated(keep=False).to_numpy()
initialisation = table["init"].to_numpy()
if repeated.any():
    means = pd.DataFrame(
        {"final": final, "original": original, "snr": snr}
    ).rank()
    means = means.groupby(configuration).mean()
    looks[f"our zoo, mean ranks of {len(means)} configurations"] = compare(
        means["final"],
        means["original"],
        means["snr"],
        means.index.to_numpy(),
    )
positive = np.flatnonzero(snr > 0)
if len(positive) < len(table):
    looks[f"our zoo, {len(positive)} with SNR > 0"] = compare_rows(
        final[positive], positive
    )
alone = {}
for number in sorted(set(initialisation)):
    rows = np.flatnonzero(initialisation == number)
    score = learnt_anew(rows, seed) if len(rows) < len(table) else None
    if score is not None:
        name = (
            f"our zoo, {len(rows)} networks of initialisation {number:02d}"
        )
        looks[name] = alone[number] = compare_rows(score, rows)

# Earlier zoos, by the same steps.
earlier = paths.read_csv(paths.shipped("synthetic") / "earlier_zoos.csv")
for name, zoo in earlier.groupby("zoo"):
    found = tables.configuration(zoo).to_numpy()
    old_klds = kld_columns(zoo, reading)[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few networks
        learnt = length_weights(
            old_klds,
            zoo["snr"],
            groups=found if groups is not None else None,
            **options | {"n_subsets": min(n_subsets, len(zoo))},
        )
    looks[f"our {name} zoo, {len(zoo)} networks"] = compare(
        held_out_consistency(old_klds, learnt),
        zoo["kld_original"],
        zoo["snr"],
        found,
    )

# How much depends on how the configurations are dealt out among the trials?
dealt = [learnt_anew(everything, seed + d) for d in range(deals)]
dealt = [
    spearman(score, snr, draws=1).value
    for score in dealt
    if score is not None
]


def written(estimate):
    value, low, high = (decimals(v) for v in estimate)
    return f"{value} ({low} to {high})"


shown = pd.DataFrame(
    {
        name: {
            metric: written(estimate) for metric, estimate in result.items()
        }
        for name, result in looks.items()
    }
).T
shown.loc["the paper, 327 of 390 networks"] = ["0.868", "0.587", "–"]
shown

# %% tags=["remove-cell"]
first_zoo = earlier[earlier["zoo"] == "first"]
report("first_networks", len(first_zoo), "d")
report("first_epochs", int(first_zoo["epochs"].iloc[0]), "d")
faulty = earlier[earlier["zoo"] == "faulty second"]
report("look_faulty", int(faulty["id"].str.contains("spectral").sum()), "d")
report("l_threshold", threshold, "g")
report("l_accurate", len(accurate), "d")
report("l_pass_rate", len(accurate) / len(table), ".0%")
for prefix, result in (
    ("primary", primary),
    ("refitted", refitted),
    ("unlearnt", unlearnt),
    ("filtered", filtered),
):
    for name, estimate in result.items():
        for part in estimate._fields:
            report(
                f"{prefix}_{name}_{part}", getattr(estimate, part), decimals
            )
report("l_dealt_low", min(dealt, default=np.nan), ".3f")
report("l_dealt_high", max(dealt, default=np.nan), ".3f")


def where(estimate):
    """Where an interval lies."""
    if not np.isfinite(estimate.low):
        return "is not known"
    return (
        "lies above zero"
        if estimate.low > 0
        else "lies below zero"
        if estimate.high < 0
        else "includes zero"
    )


fixed, anew, equal = (
    where(result["difference"]) for result in (primary, refitted, unlearnt)
)
report(
    "primary_verdict",
    f"With the weights held fixed the interval of the difference {fixed}; with the weights learnt "
    f"anew it {anew}. So this zoo "
    + (
        "favours the final score"
        if fixed == anew == "lies above zero"
        else "favours the original metric"
        if fixed == anew == "lies below zero"
        else "does not decide between the two metrics"
    ),
)
report("unlearnt_verdict", equal)
differences = [result["difference"] for result in looks.values()]
report("l_looks", len(differences), "d")
report(
    "l_looks_zero",
    sum(where(d) == "includes zero" for d in differences),
    "d",
)
report(
    "l_without",
    "without it and without the others of its configuration"
    if groups is not None
    else "without it",
)

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(
    1, 2, figsize=(figures.WIDTH * 1.2, 3.6), sharey=True
)
view = table.assign(final=final)
figures.against(axes[0], view, "final", "snr", "final score (nats)", "SNR")
figures.against(
    axes[1], view, "kld_original", "snr", "original metric (nats)", ""
)
figures.snr_axis(axes[0])
for ax, name in zip(axes, ("final", "original")):
    found = primary[name]
    ax.set_title(
        f"$r_s$ = {found.value:.2f}  ({found.low:.2f} to {found.high:.2f})"
    )
figures.legend_below(fig)
figures.show("fig_final")

# %% tags=["remove-input"]
# For readers on a screen: point at a network, see what it is and one of its maps.
best = descending(final)
ranked = table.assign(final=final).iloc[best]
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
            "batch norm": ranked["batch_norm"].map(
                {True: "yes", False: "no"}
            ),
            "regulariser": ranked["regulariser"],
            "SNR": ranked["snr"].map("{:.2f}".format),
            "final": ranked["final"].map("{:.3f}".format),
            "original": ranked["kld_original"].map("{:.3f}".format),
            "AUROC": ranked["auroc"].map("{:.3f}".format),
        }
    ).set_index(ranked["id"]),
    **explorer.stretch(run, "synthetic", ranked["id"]),
)

# %% [markdown]
# ```{glue:figure} fig_final
# :name: fig-final
# :alt: Two scatter plots of signal-to-noise ratio, left against the final score and right against the original metric, each titled with its Spearman correlation and interval.
#
# SNR of {glue:text}`l_networks` networks against the final score, each network scored with weights
# that were learnt {glue:text}`l_without`, and against the original metric. This rebuilds figure 3b
# of the paper. Intervals: 95 %, bootstrap over configurations, weights held fixed. On a screen,
# choose a network to see what it is and its attribution logo on one test sequence, on its own scale
# (shaded: motifs).
# ```
#
# {glue:text}`primary_verdict`. The difference is {glue:text}`primary_difference_value`:
# {glue:text}`primary_difference_low` to {glue:text}`primary_difference_high` with fixed weights,
# {glue:text}`refitted_difference_low` to {glue:text}`refitted_difference_high` with weights learnt
# anew. With equal weights, where nothing is learnt and nothing left out, the interval
# {glue:text}`unlearnt_verdict` ({glue:text}`unlearnt_difference_low` to
# {glue:text}`unlearnt_difference_high`). Of the {glue:text}`l_looks` intervals of a difference in
# the table, most of them from fewer networks, {glue:text}`l_looks_zero` include zero.
#
# The paper keeps networks whose test performance passes {glue:text}`l_threshold`. It does not name
# the measure; we take AUROC, and {glue:text}`l_pass_rate` of ours pass. Its row
# {cite:p}`chen2025` is of other networks and comes without intervals.
# {doc}`Chapter 7 <07_independent_networks>` asks networks that others trained.
#
# ## Which part does the work?
#
# The final score is a sum of divergences, weighted over the lengths. We compare it with what one
# could have used instead: equal weights, a single length, the other {term}`readings <reading>`,
# maps without {term}`gradient correction`, {term}`exchanged maps <exchanged map>`, the
# {term}`excess` over them, the {term}`geometric method` of Majdandzic and colleagues, plain
# accuracy, and the {term}`Gini coefficient` of the scores: how uneven the map is, with no regard to
# words.

# %%
rivals = {"final score": final}
rivals["mean weights, not held out"] = consistency(klds, fitted)
with warnings.catch_warnings(), contextlib.suppress(ValueError):
    warnings.simplefilter("ignore")
    scaled = length_weights(
        klds, snr, groups=groups, standardise=True, **options
    )
    rivals["standardised KLDs"] = held_out_consistency(klds, scaled)
rivals["equal weights"] = equal_weights
rivals |= {f"k = {k} alone": klds[:, i] for i, k in enumerate(ks)}
for other in (r for r in READINGS if r != reading):
    name = f"{other}, equal weights"
    rivals[name] = kld_columns(table, other)[1].mean(axis=1)
if "kld_uncorrected_k3" in table:
    uncorrected = kld_columns(table, "uncorrected")[1]
    rivals["without correction"] = uncorrected.mean(axis=1)
exchanged = kld_columns(table, "exchanged")[1].mean(axis=1)
rivals["exchanged maps, equal weights"] = exchanged
rivals["excess over exchanged maps"] = equal_weights - exchanged
rivals["original metric"] = original
rivals["geometric method"] = table["kld_geometric"].to_numpy()
rivals["Gini of the scores"] = table["gini"].to_numpy()
rivals["accuracy (AUROC)"] = table["auroc"].to_numpy()

# %%
truths = {
    "SNR": snr,
    "absolute SNR": table["snr_absolute"].to_numpy(),
    "motif AUPR": table["motif_aupr"].to_numpy(),
}
every = comparison_table(
    table,
    rivals,
    truths,
    configuration,
    draws,
    seed,
    reference="original metric",
)
pooled = every[every["networks"] == "all"].rename(
    columns={"estimate": "value"}
)
correlations = {
    pair: rows.set_index("metric")
    for pair, rows in pooled.groupby(["truth", "statistic"], sort=False)
}
results = correlations["SNR", "spearman"]

shared = {"groups": configuration, "draws": draws, "seed": seed}
gini = rivals["Gini of the scores"]
partial_final = partial_spearman(final, snr, gini, **shared)
partial_original = partial_spearman(
    rivals["original metric"], snr, gini, **shared
)
weighting = spearman_difference(
    final, rivals["equal weights"], snr, **shared
)

# %% tags=["hide-input"]
over_gini = spearman_difference(final, gini, snr, **shared)

# What is left inside the two activations of the first layer, and between them.
usable = np.isfinite(np.column_stack([*rivals.values(), snr])).all(axis=1)


def centred(labels, rows):
    """All rivals, ranks minus their mean inside each label."""
    return centred_table(
        {name: values[rows] for name, values in rivals.items()},
        snr[rows],
        labels[rows],
        configuration[rows],
        draws,
        seed,
        reference="original metric",
    )


def share_between(labels, rows):
    """Share of the variance of the ranks of SNR that lies between labels."""
    ranks = pd.Series(snr[rows]).rank()
    means = ranks.groupby(labels[rows]).transform("mean")
    return float(means.var() / ranks.var())


activation = table["activation"].to_numpy()
layer = centred(activation, usable)

# %% tags=["remove-cell"]
for part in weighting._fields:
    report(f"l_weighting_{part}", getattr(weighting, part), ".3f")
    report(f"l_partial_final_{part}", getattr(partial_final, part), ".2f")
    report(
        f"l_partial_original_{part}", getattr(partial_original, part), ".2f"
    )
    report(f"l_over_gini_{part}", getattr(over_gini, part), decimals)
for name, key in (
    ("final score", "final"),
    ("original metric", "original"),
):
    for column, part in (
        ("estimate", "value"),
        ("low", "low"),
        ("high", "high"),
    ):
        report(f"l_layer_{key}_{part}", layer.loc[name, column], ".2f")
for part in ("", "_low", "_high"):
    report(
        f"l_layer_difference{part}",
        layer.loc["final score", f"difference{part}"],
        decimals,
    )
report("l_layer_share", share_between(activation, usable), ".0%")
report("l_auroc_min", table["auroc"].min(), ".3f")
report("l_auroc_max", table["auroc"].max(), ".3f")
report("l_auroc_sd", table["auroc"].std(), ".4f")
siblings = table[repeated].groupby(configuration[repeated])["auroc"]
report(
    "l_auroc_siblings",
    f"; networks of one configuration differ by a standard deviation of "
    f"{np.sqrt(siblings.var().mean()):.4f}"
    if repeated.any()
    else "",
)
report("l_best_rival", str(results["value"].round(9).idxmax()))
report("l_best_rival_value", results["value"].max(), ".2f")
report(
    "l_mean_weights", results["value"]["mean weights, not held out"], ".2f"
)
report("l_equal", results["value"]["equal weights"], ".2f")
report(
    "l_standardised",
    results["value"].get("standardised KLDs", np.nan),
    ".2f",
)
report("l_gini", results.loc["Gini of the scores", "value"], ".2f")
for name, rival in (
    ("exchanged", "exchanged maps, equal weights"),
    ("excess", "excess over exchanged maps"),
):
    report(f"l_{name}", results.loc[rival, "value"], ".2f")
report(
    "l_pearson_original",
    correlations["SNR", "pearson"].loc["original metric", "value"],
    ".2f",
)
report(
    "l_pearson_geometric",
    correlations["SNR", "pearson"].loc["geometric method", "value"],
    ".2f",
)
report("l_auroc", results.loc["accuracy (AUROC)", "value"], ".2f")
report("l_weighting_verdict", "Yes" if weighting.low > 0 else "Not visibly")

# %% tags=["remove-output", "hide-input"]
fig, ax = plt.subplots(figsize=(figures.WIDTH, 0.3 * len(results) + 1.2))
figures.interval(
    ax, results["value"], results["low"], results["high"], results.index
)
rows = np.arange(len(results))[::-1]
values = correlations["absolute SNR", "spearman"]["value"]
ax.plot(values, rows - 0.25, "D", color=figures.ORANGE, ms=4)
ax.axvline(0, color="black", lw=0.8)
ax.plot([], [], "o", color=figures.BLUE, label="with SNR, 95 % interval")
ax.plot([], [], "D", color=figures.ORANGE, ms=4, label="with absolute SNR")
ax.set(xlabel="Spearman correlation over networks", xlim=(None, 1.02))
fig.legend(fontsize=8, loc="outside lower center", ncols=2)
figures.show("fig_rivals")

# %% [markdown]
# ```{glue:figure} fig_rivals
# :name: fig-rivals
# :alt: Horizontal intervals of Spearman correlation with signal-to-noise ratio for the final score and its rivals, one row each, with a second mark for absolute signal-to-noise ratio.
#
# Spearman correlation of the final score and its rivals with SNR (blue, 95 % bootstrap interval
# over {glue:text}`l_configurations` configurations) and with absolute SNR (orange).
# ```
#
# - **Does weighting the lengths help?** {glue:text}`l_weighting_verdict`: the correlation of the
#   final score minus that of equal weights is {glue:text}`l_weighting_value`
#   ({glue:text}`l_weighting_low` to {glue:text}`l_weighting_high`).
# - **Does it matter how networks are dealt out?** Each is scored with the weights of its own
#   trial, and raw KLDs grow with k. A trial whose weights happen to favour long words gives larger
#   scores, whatever the network. Over {glue:text}`l_deals` ways to deal out the configurations the
#   final score reaches {glue:text}`l_dealt_low` to {glue:text}`l_dealt_high`. Three scores are free
#   of this chance or nearly so: equal weights reach {glue:text}`l_equal`, one mean weight vector
#   for all networks, which has seen them, {glue:text}`l_mean_weights`, and held-out weights on KLDs
#   scaled to equal spread {glue:text}`l_standardised`.
# - **Is it only concentration?** The Gini coefficient, which knows no words, reaches
#   {glue:text}`l_gini` by itself, beside {glue:text}`primary_final_value` for the final score and
#   {glue:text}`primary_original_value` for the original metric. The final score minus the Gini is
#   {glue:text}`l_over_gini_value` ({glue:text}`l_over_gini_low` to {glue:text}`l_over_gini_high`).
#   The {term}`partial correlation` with SNR, with the ranks of the Gini held fixed, is
#   {glue:text}`l_partial_final_value` ({glue:text}`l_partial_final_low` to
#   {glue:text}`l_partial_final_high`) for the final score and
#   {glue:text}`l_partial_original_value` ({glue:text}`l_partial_original_low` to
#   {glue:text}`l_partial_original_high`) for the original metric. An interval that contains zero
#   leaves open whether a score says more about SNR than how uneven the map is.
# - **Is it only the first layer?** Networks with an exponential first layer have clearer maps as a
#   group: {glue:text}`l_layer_share` of the variance of the ranks of SNR lies between the two
#   activations. So part of every correlation here compares two groups. With the mean rank of each
#   activation subtracted, {glue:text}`l_layer_final_value` ({glue:text}`l_layer_final_low` to
#   {glue:text}`l_layer_final_high`) is left for the final score and
#   {glue:text}`l_layer_original_value` ({glue:text}`l_layer_original_low` to
#   {glue:text}`l_layer_original_high`) for the original metric, a difference of
#   {glue:text}`l_layer_difference` ({glue:text}`l_layer_difference_low` to
#   {glue:text}`l_layer_difference_high`).
# - **Would accuracy have done?** It reaches {glue:text}`l_auroc`. But this zoo says little about
#   that: its AUROC runs from {glue:text}`l_auroc_min` to {glue:text}`l_auroc_max`, with a standard
#   deviation of {glue:text}`l_auroc_sd`{glue:text}`l_auroc_siblings`. Networks that spread wider
#   are in {doc}`chapter 7 <07_independent_networks>`.
# - **Does it need the bases at all?** In {term}`exchanged maps <exchanged map>` the scores no
#   longer stand over the bases to which the network gave them. Their KLD reaches
#   {glue:text}`l_exchanged`; what the map has beyond them, the {term}`excess`,
#   {glue:text}`l_excess`.
# - The largest correlation in the figure, {glue:text}`l_best_rival_value`, belongs to:
#   {glue:text}`l_best_rival`. A maximum picked after looking is not a result.
#
# Signed SNR is one truth; we show two more. *Absolute* SNR counts scores of either sign as signal.
# The {term}`motif AUPR` asks how well the scores pick out the motif positions. Both are computed
# from |gradient × input|, the position score inside the final score too; the original metric takes
# the norm of all four entries. {doc}`Chapter 6 <06_controls>` exchanges the position scores of the
# two, to see whether this favours the final score.


# %% tags=["hide-input"]
def with_interval(rows):
    numbers = rows[["value", "low", "high"]].to_numpy()
    return [
        f"{v:.2f} ({low:.2f} to {high:.2f})" for v, low, high in numbers
    ]


pd.DataFrame(
    {
        truth: with_interval(correlations[truth, "spearman"])
        for truth in truths
    },
    index=pd.Index(rivals, name="Spearman with"),
)

# %% [markdown]
# {term}`Pearson's r <Pearson correlation>` asks for a straight line, and a single extreme network
# can dominate it. The right half of the next table has the rank correlations again, over the
# {glue:text}`l_accurate` networks with AUROC ≥ {glue:text}`l_threshold` only. It has no intervals:
# read it as a description.

# %% tags=["hide-input"]
kept = table.iloc[accurate]
few = comparison_table(
    kept,
    {name: values[accurate] for name, values in rivals.items()},
    {name: values[accurate] for name, values in truths.items()},
    n_boot=0,
    statistics=("spearman",),
).set_index(["truth", "metric"])["estimate"]
others = {
    ("Pearson, all networks", truth): correlations[truth, "pearson"][
        "value"
    ]
    for truth in truths
}
others |= {
    ("Spearman, accurate networks", truth): few.xs(truth)
    for truth in truths
}
pd.DataFrame(others).reindex(rivals).style.format(precision=2, na_rep="–")

# %% [markdown]
# {cite:t}`majdandzic2022` report, over their networks, Pearson correlations with SNR of 0.6177 for
# the original metric and 0.8747 for their geometric one. On ours the two numbers are
# {glue:text}`l_pearson_original` and {glue:text}`l_pearson_geometric`. The networks differ, so
# neither pair tests the other.
#
# ## Inside one configuration
#
# A pooled correlation mixes two questions: do configurations with a higher score have a higher SNR,
# and do networks of *one* configuration? Whoever has settled how to train, and chooses among the
# networks that came out, asks the second. As for the activations above, we subtract from every
# rank the mean rank of its configuration, and correlate what is left.

# %% tags=["hide-input"]
among = repeated & usable
free = among.sum() - len(set(configuration[among]))
if free >= 20:
    inside = centred(configuration, among)
    left = inside[["estimate", "low", "high"]].map(decimals)
    over = inside[["difference", "difference_low", "difference_high"]].map(
        decimals
    )
    both = pd.DataFrame(
        {
            name: part.iloc[:, 0]
            + " ("
            + part.iloc[:, 1]
            + " to "
            + part.iloc[:, 2]
            + ")"
            for name, part in (
                ("left of the correlation", left),
                ("minus the original metric", over),
            )
        }
    )
    both.loc["original metric", "minus the original metric"] = "–"
    display(both)
    best, text = inside.loc["final score"], both["left of the correlation"]
    inside_text = (
        f"These are {among.sum()} networks of {len(set(configuration[among]))} configurations. "
        f"Between the configurations lies {share_between(configuration, among):.0%} of the "
        "variance of the ranks of SNR. Inside them the final score keeps "
        f"{text['final score']}, the original metric {text['original metric']} and the Gini "
        f"coefficient {text['Gini of the scores']}; the final score minus the original metric is "
        f"{both.loc['final score', 'minus the original metric']}"
    )
    if (snr[among] < 0).any():
        some = centred(configuration, among & (snr > 0))
        inside_text += (
            f". The {(snr[among] < 0).sum()} networks of negative SNR, of which chapter 6 speaks, "
            f"have a part in this: without them {decimals(some.loc['final score', 'estimate'])} "
            f"and {decimals(some.loc['original metric', 'estimate'])} are left, a difference of "
            + written(
                some.loc[
                    "final score",
                    ["difference", "difference_low", "difference_high"],
                ]
            )
        )
    for part in (
        "estimate",
        "low",
        "high",
        "difference",
        "difference_low",
        "difference_high",
    ):
        report(f"l_inside_{part}", best[part], ".2f")
else:
    inside_text = (
        f"This run has {among.sum()} networks that share a configuration with another: too few "
        "for this question"
    )
report("l_inside_text", inside_text)
report(
    "l_inside_short",
    f"{best.estimate:.2f} and {inside.loc['original metric', 'estimate']:.2f}, a difference of "
    + both.loc["final score", "minus the original metric"]
    if free >= 20
    else "not asked, for lack of networks",
)

# %% [markdown]
# {glue:text}`l_inside_text`.

# %% [markdown]
# ## Networks that start alike
#
# The number of the {term}`initialisation` seeds a training. So all networks of initialisation 00,
# whatever their configuration, start from the same weights and see the training sequences in the
# same order. This compares configurations under equal luck. But a bootstrap over configurations
# takes the luck itself as given: every sample has the same starts.
#
# Does the start matter? We subtract from every rank the mean rank of its configuration, and ask how
# much of the variance that is left lies between initialisations. A start may suit one kind of
# network and not another, so the second row takes each combination of initialisation, batch norm
# and activation by itself; it contains the first. In brackets: what chance gives, with the
# initialisations shuffled inside each configuration.

# %% tags=["hide-input"]
measured = {
    "AUROC": table["auroc"].to_numpy(),
    "SNR": snr,
    "final score": final,
    "original metric": original,
}
kinds = (
    table["batch_norm"].astype(str)
    + table["activation"]
    + table["init"].astype(str)
)
starts = {
    "initialisation": initialisation,
    "the same, for each kind of network": kinds.to_numpy(),
}


def both_metrics(rows):
    new, old = (
        spearman(score[rows], snr[rows], draws=1).value
        for score in (final, original)
    )
    return [new, old, new - old]


if free >= 20 and len(set(initialisation[among])) > 1:
    shares = {
        name: {
            start: shared_share(
                values[among],
                configuration[among],
                labels[among],
                seed=seed,
            )
            for start, labels in starts.items()
        }
        for name, values in measured.items()
    }
    display(
        pd.DataFrame(shares).map(
            lambda found: f"{found[0]:.0%} ({found[1]:.0%})"
        )
    )
    p_values = [column["initialisation"][2] for column in shares.values()]
    low, high = bootstrap(
        both_metrics,
        configuration,
        crossed=initialisation,
        draws=draws,
        seed=seed,
    )[1:]
    apart = [look["difference"] for look in alone.values()]
    zero = sum(where(difference) == "includes zero" for difference in apart)
    start_text = (
        f"Of the {len(p_values)} shares of the first row, {sum(p < 0.05 for p in p_values)} are "
        f"larger than by chance (p < 0.05; the largest p value is {max(p_values):.2g})"
        + (
            ". So networks of one initialisation are not independent of each other, and "
            f"{len(table)} networks are worth fewer than {len(table)} independent ones"
            if min(p_values) < 0.05
            else ""
        )
    )
    each_text = (
        "The table of all looks shows each initialisation alone, with weights learnt on its own "
        f"networks: the difference of the two metrics runs from "
        f"{decimals(min(d.value for d in apart))} to {decimals(max(d.value for d in apart))}; of "
        f"the {len(apart)} intervals, {zero} include zero"
        if apart
        else "No initialisation has enough networks to be looked at alone"
    )
    crossed_text = (
        f"With the weights held fixed, the final score has {decimals(low[0])} to "
        f"{decimals(high[0])}, the original metric {decimals(low[1])} to {decimals(high[1])} and "
        f"their difference {decimals(low[2])} to {decimals(high[2])}"
    )
    crossed_point = (
        "Networks of different configurations start from the same weights. With the "
        f"{len(set(initialisation))} initialisations drawn as well, the interval of the difference "
        f"is {decimals(low[2])} to {decimals(high[2])} (weights held fixed; rough, with so few)"
    )
else:
    start_text = "This run has too few networks that share a configuration for this question"
    each_text = "No initialisation is looked at alone"
    crossed_text = "This run has too few for that"
    crossed_point = (
        "Networks of different configurations start from the same weights"
    )
report("l_start_text", start_text)
report("l_each_text", each_text)
report("l_crossed_text", crossed_text)
report("l_crossed_point", crossed_point)

# %% [markdown]
# {glue:text}`l_start_text`. Only what the second row has above the first speaks for starts that
# suit one kind of network; we do not test that. {glue:text}`l_each_text`.
#
# A bootstrap can draw both, configurations and initialisations; a network is then in a sample as
# often as both draws say {cite:p}`owen2007`. Where there are many of both, its intervals are rather
# too wide. Where there are few initialisations they may be too narrow: three draws of three starts
# cannot show how much starts differ. {glue:text}`l_crossed_text`.

# %% [markdown]
# ## Three claims of the paper
#
# The paper says that the relation of KLD and SNR is *exponential*; that the new metric, more than
# the original, spreads out the networks of *low* SNR; and, of its chromatin networks, that
# performance does not rise steadily with the KLD. What does our zoo say? The next chapter returns
# to the third on chromatin.


# %%
def r_squared(u, v):
    return float(np.corrcoef(u, v)[0, 1] ** 2)


fitted_on = fittable & np.isfinite(final)
linear, exponential = (
    r_squared(final[fitted_on], f(snr[fitted_on]))
    for f in (lambda v: v, np.log)
)


def spread_ratio(score, rows=everything):
    """Standard deviation of a score below the median SNR over that above."""
    score, lower = score[rows], snr[rows] < np.median(snr[rows])
    return float(np.std(score[lower]) / np.std(score[~lower]))


def both_ratios(rows):
    new, old = (spread_ratio(score, rows) for score in (final, original))
    return [new, old, new - old]


ratios = dict(
    zip(
        ("final", "original", "difference"),
        map(Estimate, *bootstrap(both_ratios, **shared)),
    )
)

# %%
# Accuracy: a line and then a bend, both on ranks.
rank = pd.DataFrame({"final": final, "auroc": table["auroc"]}).rank()
rank = (rank - rank.mean()) / rank.std()
bend = OLS(
    rank["auroc"],
    np.column_stack(
        [np.ones(len(rank)), rank["final"], rank["final"] ** 2]
    ),
)
clusters = pd.factorize(configuration)[0]
curve = bend.fit(cov_type="cluster", cov_kwds={"groups": clusters})
steady = spearman(final, table["auroc"].to_numpy(), **shared)

# %% tags=["remove-cell"]
for part in steady._fields:
    report(f"l_steady_{part}", getattr(steady, part), ".2f")
report("l_bend", curve.params.iloc[2], ".2f")
report("l_bend_p", curve.pvalues.iloc[2], ".2g")
report("l_fittable", int(fitted_on.sum()), "d")
report("l_linear", linear, ".2f")
report("l_exponential", exponential, ".2f")
report("l_form", "exponential" if exponential > linear else "linear")
for name, ratio in ratios.items():
    for part in ratio._fields:
        report(f"l_spread_{name}_{part}", getattr(ratio, part), ".2f")
report(
    "l_spread_verdict",
    "Our zoo supports the claim"
    if ratios["final"].low > 1 and ratios["difference"].low > 0
    else "Our zoo speaks against the claim"
    if ratios["final"].high < 1 or ratios["difference"].high < 0
    else "Our zoo cannot tell",
)
report(
    "l_steady_verdict",
    (
        "Our zoo cannot tell whether the two go together"
        if steady.low <= 0 <= steady.high
        else "In our zoo the two go together"
        if steady.low > 0
        else "Here accuracy falls with the score"
    )
    + (
        ""
        if len(positive) == len(table)
        else "; without the networks of negative SNR the correlation is "
        + written(
            spearman(
                final[positive],
                table["auroc"].to_numpy()[positive],
                **shared | {"groups": configuration[positive]},
            )
        )
    ),
)

# %% [markdown]
# **Exponential?** Over the {glue:text}`l_fittable` networks with SNR > 0, the final score explains
# {glue:text}`l_linear` of the variance of SNR by a straight line, and {glue:text}`l_exponential` of
# the variance of log SNR, which is an exponential curve for SNR itself. The form with the larger
# share is {glue:text}`l_form`. The two shares are of different quantities, and a few networks of
# very high SNR can rule the first, so this describes our zoo and tests nothing.
#
# **More spread at low SNR?** We divide the standard deviation of a score among the networks below
# the median SNR by that among the networks above it. If a score spreads out the networks of low
# SNR more, this ratio is above 1. It is {glue:text}`l_spread_final_value`
# ({glue:text}`l_spread_final_low` to {glue:text}`l_spread_final_high`) for the final score and
# {glue:text}`l_spread_original_value` ({glue:text}`l_spread_original_low` to
# {glue:text}`l_spread_original_high`) for the original metric, a difference of
# {glue:text}`l_spread_difference_value` ({glue:text}`l_spread_difference_low` to
# {glue:text}`l_spread_difference_high`). {glue:text}`l_spread_verdict`.
#
# **Does accuracy rise steadily?** Its rank correlation with the final score is
# {glue:text}`l_steady_value` ({glue:text}`l_steady_low` to {glue:text}`l_steady_high`). If accuracy
# rose with every step of the score it would be 1; chance alone also lowers it, the more so the
# closer the networks are in accuracy. {glue:text}`l_steady_verdict`. A parabola fitted to the
# standardised ranks has a quadratic coefficient of {glue:text}`l_bend` (p = {glue:text}`l_bend_p`,
# standard error by configuration). Below zero, accuracy rises more slowly, or falls, among high
# scores.

# %% [markdown]
# ```{admonition} Key points
# :class: note
# - Primary comparison on {glue:text}`l_networks` networks: {glue:text}`primary_final_value` for the
#   final score, {glue:text}`primary_original_value` for the original metric; difference
#   {glue:text}`primary_difference_value` ({glue:text}`primary_difference_low` to
#   {glue:text}`primary_difference_high`; with weights learnt anew in each sample
#   {glue:text}`refitted_difference_low` to {glue:text}`refitted_difference_high`). The paper
#   reports 0.868 and 0.587.
# - Learnt length weights against equal ones: {glue:text}`l_weighting_value` in correlation
#   ({glue:text}`l_weighting_low` to {glue:text}`l_weighting_high`). Scores of different trials are
#   not on one scale: how the configurations are dealt out moves the correlation from
#   {glue:text}`l_dealt_low` to {glue:text}`l_dealt_high`.
# - Inside an activation of the first layer, {glue:text}`l_layer_final_value` is left of the
#   correlation of the final score, {glue:text}`l_layer_original_value` of the original metric.
# - What is left inside one configuration, for the same two: {glue:text}`l_inside_short`.
# - {glue:text}`l_crossed_point`.
# - How uneven a map is, with no regard to words, correlates {glue:text}`l_gini` with SNR by itself.
#   The final score is {glue:text}`l_over_gini_value` above that ({glue:text}`l_over_gini_low` to
#   {glue:text}`l_over_gini_high`). Report the Gini coefficient beside the KLD.
# ```
#
# ## Limits
#
# The zoo has {glue:text}`l_networks` networks of {glue:text}`l_configurations` configurations; the
# paper had 390, each trained for 100 epochs ({doc}`status` says for how many ours were). Ours are
# worth fewer than they are: those of one configuration resemble each other, and those of different
# configurations share their starts. The configurations themselves are all combinations of three
# choices and no sample of anything, yet the bootstrap treats them as a random sample. The length
# weights have seen no network of negative SNR. And this zoo is our second, as the table of all
# looks says.
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
# Weights learnt where the truth is known can be carried to data where it is not. The next
# chapter does so on chromatin accessibility in a human cell line.
