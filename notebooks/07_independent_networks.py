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
# # Networks that we did not train
#
# The {term}`length weights` were learnt on our own zoo, and we judged them on our own zoo. Whoever
# trains the networks, chooses the {term}`regularisation` and sets the length of the training can
# make a score look good without meaning to. **Does the score also follow the truth in networks that
# others trained, with weights that have never seen them?** A group that works on the same synthetic
# task has published its networks. We score those at hand with the weights of our zoo, and compare.
#
# The networks were not new to us: an early form of both metrics had been tried on them when this
# book was planned. So the chapter repeats a look, on the metrics as they now are.
#
# ```{admonition} After this chapter you can
# :class: tip
# - carry weights learnt on one set of networks over to another;
# - compare many scores with several truths in one table, with intervals;
# - tell a correlation *between* architectures from one *inside* them;
# - say which comparison a published number belongs to.
# ```
#
# *You need:* the first four chapters. *Reading time:* 15 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are shown
reading: str = "frequency"  # frequency, instance or per_sequence
draws: int = 1000  # bootstrap samples of networks
seed: int = 0  # seeds the bootstrap

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution_consistency.maps import READINGS
from attribution_consistency.rounding import descending, first_largest
from compendium import paths, tables
from compendium.chapters import tell_origin
from compendium.comparison import comparison_table
from compendium.page import explorer, figures
from compendium.page.claims import decimals, report
from compendium.stats import partial_spearman, spearman_difference
from compendium.zoo import recipes

figures.style()

# %% tags=["remove-input"] mystnb={"markdown_format": "myst"}
scores, origin = paths.load_scores(run, "koo")
tell_origin("published", origin)

# %% [markdown]
# ## Whose networks, and what is independent
#
# Majdandzic and colleagues {cite:p}`majdandzic2023` trained networks for a study of gradient
# correction and published the weights: {glue:text}`i_published` networks, fifty initialisations of
# each of four *kinds*. The *deep* network is the one of our zoo with shorter first filters (11
# instead of 19 bases). The *shallow* one has two convolutions; after the first it keeps only the
# maximum of every 50 positions, so its first filters must recognise whole motifs
# {cite:p}`koo2021`. The first layer of each is ReLU or exponential, its
# {term}`activation function`, and all have {term}`batch norm <batch normalisation>`. Their last
# layer is a sigmoid; we leave it out, so that a gradient explains the {term}`logit`, as in our zoo.
#
# Four things are independent of us: who trained the networks, how, on which draw of sequences, and
# one of the two architectures. Three are not: the task is the same, so are its motifs, and the
# {glue:text}`i_sequences` positive test sequences on which we map and score are those on which we
# mapped our zoo. So this chapter asks whether the score carries over to other *networks*. It does
# not ask whether it carries over to other data.
#
# ```{margin} For readers new to biology
# Think of a second laboratory that repeats an experiment on the same cells. If it finds the same,
# the method is sound in other hands. What happens in other cells, where other proteins bind, it
# does not say.
# ```

# %%
NAMES = {
    ("deep", "relu"): "deep, ReLU",
    ("deep", "exp"): "deep, exponential",
    ("shallow", "relu"): "shallow, ReLU",
    ("shallow", "exp"): "shallow, exponential",
}
table = scores[scores["status"] == "ok"].reset_index(drop=True)
kinds = zip(table["architecture"], table["activation"])
table["kind"] = [NAMES[kind] for kind in kinds]
present = [name for name in NAMES.values() if (table["kind"] == name).any()]
columns = {
    "auroc": "AUROC",
    "snr": "SNR",
    "snr_absolute": "absolute SNR",
    "motif_aupr": "motif AUPR",
}
by_kind = table.groupby("kind")
overview = by_kind[list(columns)].median().rename(columns=columns)
overview.insert(0, "networks", by_kind.size())
overview = overview.loc[present]
overview.rename_axis("median of").style.format(
    "{:.2f}", subset=list(columns.values())
)

# %% tags=["remove-cell"]
report("i_published", len(recipes.published_ids()), "d")
report("i_networks", len(table), "d")
inits = (
    table.groupby("kind")["init"]
    .agg(["min", "max", "size"])
    .drop_duplicates()
)
report(
    "i_inits",
    f"numbers {inits['min'].iloc[0]:d} to {inits['max'].iloc[0]:d} of each kind"
    if len(inits) == 1
    and inits["size"].iloc[0]
    == 1 + inits["max"].iloc[0] - inits["min"].iloc[0]
    else "not the same number of every kind",
)
report(
    "i_this_run",
    "This run scores" if origin == "run" else "Our last full run scored",
)
report("i_diverged", int((scores["status"] != "ok").sum()), "d")
report("i_kinds", len(present), "d")
report("i_sequences", int(table["n"].iloc[0]), ",d")
for group in ("deep", "shallow"):
    rows = table[table["architecture"] == group]
    report(f"i_auroc_{group}", rows["auroc"].median(), ".3f")
report("i_auroc_min", table["auroc"].min(), ".2f")
report("i_auroc_max", table["auroc"].max(), ".2f")

# %% [markdown]
# {glue:text}`i_this_run` {glue:text}`i_networks` of them, {glue:text}`i_inits`. The
# table gives medians on *our* test sequences. The {term}`AUROC` is also a check of the conversion:
# a weight in the wrong place would ruin it. Deep networks reach a median of
# {glue:text}`i_auroc_deep`, shallow ones {glue:text}`i_auroc_shallow`.
#
# Three truths stand beside each other. *Signed* {term}`SNR <signal-to-noise ratio (SNR)>` is the
# one of the paper: scores inside motifs count with their sign, and noise is the largest positive
# scores outside. *Absolute* SNR drops the signs. The {term}`motif AUPR` asks, in each sequence, how
# well the scores without their signs pick out the motif positions (1 is perfect).
#
# ## Weights from our zoo, unchanged
#
# The {term}`final score` is $\sum_k \text{weight}_k\, \mathrm{KLD}_k$ with the mean weights of the
# fourth chapter. None of these networks had a part in them.

# %%
metrics = {"final score": f"consistency_{reading}"}
ks, klds = tables.kld_columns(table, reading)
metrics["equal weights"] = klds.mean(axis=1)
metrics |= {f"k = {k} alone": f"kld_{reading}_k{k}" for k in ks}
for other in (r for r in READINGS if r != reading):
    metrics[f"{other}, weighted"] = f"consistency_{other}"
if f"kld_uncorrected_k{ks[0]}" in table:
    raw = tables.kld_columns(table, "uncorrected")[1]
    metrics["without correction"] = raw.mean(axis=1)
metrics |= {
    "original metric": "kld_original",
    "geometric method": "kld_geometric",
    "Gini of the scores": "gini",
    "accuracy (AUROC)": "auroc",
}
truths = {
    "SNR": "snr",
    "absolute SNR": "snr_absolute",
    "motif AUPR": "motif_aupr",
}
compared = comparison_table(
    table,
    metrics,
    truths,
    strata="kind",
    reference="original metric",
    n_boot=draws,
    seed=seed,
).set_index(["networks", "truth", "statistic", "metric"])


# %% tags=["remove-cell"]
def found(networks, truth, metric, statistic="spearman"):
    """One row of the comparison."""
    return compared.loc[(networks, truth, statistic, metric)]


SHORT = {
    "final": "final score",
    "original": "original metric",
    "gini": "Gini of the scores",
    "auroc": "accuracy (AUROC)",
    "geometric": "geometric method",
    "equal": "equal weights",
}
TRUTHS = {"snr": "SNR", "absolute": "absolute SNR", "aupr": "motif AUPR"}
for where in ("all", "within"):
    for t, truth in TRUTHS.items():
        for m, metric in SHORT.items():
            row = found(where, truth, metric)
            report(f"i_{where}_{t}_{m}", row["estimate"], decimals)
            if m in ("final", "original"):
                report(f"i_{where}_{t}_{m}_low", row["low"], decimals)
                report(f"i_{where}_{t}_{m}_high", row["high"], decimals)
        row = found(where, truth, "final score")
        for part in ("difference", "difference_low", "difference_high"):
            report(f"i_{where}_{t}_{part}", row[part], decimals)

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(
    1, 2, figsize=(figures.WIDTH * 1.2, 4.2), sharey=True
)
for ax, name, label in (
    (axes[0], "final score", "final score (nats)"),
    (axes[1], "original metric", "original metric (nats)"),
):
    figures.by_architecture(ax, table, metrics[name], "snr", label, "")
    row = found("all", "SNR", name)
    ax.set_title(
        f"$r_s$ = {row['estimate']:.2f}  "
        f"({row['low']:.2f} to {row['high']:.2f})"
    )
figures.snr_axis(axes[0])
axes[0].set_ylabel("SNR")
figures.legend_below(fig)
figures.show("fig_independent")

# %% tags=["remove-input"]
# For readers on a screen: point at a network, see what it is and one of its maps.
ranked = table.iloc[descending(table[metrics["final score"]])]
explorer.explore(
    "fig-independent",
    fig,
    [
        (ax, ranked[metrics[name]], ranked["snr"])
        for ax, name in zip(axes, ("final score", "original metric"))
    ],
    pd.DataFrame(
        {
            "kind": ranked["kind"],
            "SNR": ranked["snr"].map("{:.2f}".format),
            "final": ranked[metrics["final score"]].map("{:.3f}".format),
            "original": ranked["kld_original"].map("{:.3f}".format),
            "AUROC": ranked["auroc"].map("{:.3f}".format),
        }
    ).set_index(ranked["id"]),
    **explorer.stretch(run, "koo", ranked["id"]),
)

# %% [markdown]
# ```{glue:figure} fig_independent
# :name: fig-independent
# :alt: Two scatter plots of signal-to-noise ratio against the final score and against the original metric for published networks. Colour shows the architecture, circles ReLU and triangles exponential first layers. The four kinds form clusters that follow each other up the plot.
#
# SNR of {glue:text}`i_networks` published networks of {glue:text}`i_kinds` kinds on
# {glue:text}`i_sequences` sequences, against the final score with the length weights of our zoo,
# and against the original metric. Intervals: 95 %, bootstrap over networks inside each kind. On a
# screen, choose a network to see what it is and, where this run made its maps, its attribution
# logo on one test sequence, on its own scale.
# ```
#
# Over all {glue:text}`i_networks` networks the {term}`Spearman correlation` with signed SNR is
# {glue:text}`i_all_snr_final` for the final score and {glue:text}`i_all_snr_original` for the
# original metric, a difference of {glue:text}`i_all_snr_difference`
# ({glue:text}`i_all_snr_difference_low` to {glue:text}`i_all_snr_difference_high`). With
# absolute SNR it is {glue:text}`i_all_absolute_final` against
# {glue:text}`i_all_absolute_original`, with the motif AUPR {glue:text}`i_all_aupr_final` against
# {glue:text}`i_all_aupr_original`. These intervals hold the {glue:text}`i_kinds` kinds fixed. Much
# of a pooled correlation compares the kinds, and of those there are few: the next section
# takes them apart.
#
# This is not a second primary comparison. That one was fixed for our zoo; everything here is
# exploration. Here is all of it.

# %%
wide = compared.loc["all"].reset_index()
wide["shown"] = [
    f"{decimals(e)} ({decimals(low)} to {decimals(high)})"
    for e, low, high in wide[["estimate", "low", "high"]].to_numpy()
]
wide = wide.pivot(
    index="metric", columns=["statistic", "truth"], values="shown"
)
wide = wide.loc[
    list(metrics),
    [
        (statistic, truth)
        for statistic in ("spearman", "pearson")
        for truth in truths
    ],
]
wide["spearman"].rename_axis(columns="Spearman with", index=None).style

# %% tags=["hide-input"]
wide["pearson"].rename_axis(columns="Pearson with", index=None).style

# %% [markdown]
# Spearman compares ranks, {term}`Pearson <Pearson correlation>` asks for a straight line. Brackets:
# 95 % intervals, {term}`bootstrap` over networks inside each kind. A "weighted"
# {term}`reading` has length weights of its own, learnt on our zoo like those of the final score.
#
# ## What the pooled number compares
#
# Look at the figure again: colour and shape mark the {glue:text}`i_kinds` kinds. As far as they
# keep to different parts of the plot, a number that knew nothing but the *kind* of a network
# would correlate with SNR too. How much of each score is the kind? Take the share of its variance
# that lies between the kinds.
#
# ```{margin} For readers new to statistics
# A pooled correlation mixes two questions. Do kinds with a higher mean score have a higher mean
# SNR? And inside a kind, do networks with a higher score have a higher SNR? The answers may even
# have opposite signs.
# ```


# %%
def share_between(values):
    """Share of the variance of a score that lies between the kinds."""
    values = pd.Series(np.asarray(values, float), table.index)
    means = values.groupby(table["kind"]).transform("mean")
    return float(
        ((means - values.mean()) ** 2).sum()
        / ((values - values.mean()) ** 2).sum()
    )


def values_of(metric):
    """Values of a metric or a truth, by its name."""
    chosen = {**metrics, **truths}[metric]
    return table[chosen] if isinstance(chosen, str) else chosen


listed = [*truths, *SHORT.values()]
between = {name: share_between(values_of(name)) for name in listed}

# %% tags=["remove-cell"]
for key, name in {**TRUTHS, **SHORT}.items():
    report(f"i_between_{key}", between[name], ".0%")
log_share = share_between(np.log(table["snr"].where(table["snr"] > 0)))
report("i_between_log", log_share, ".0%")

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(
    1, 2, figsize=(figures.WIDTH * 1.2, 3.8), width_ratios=[1.3, 1]
)
rng = np.random.default_rng(0)
for place, name in enumerate(present):
    rows = table[table["kind"] == name]
    colour = figures.ARCHITECTURES[rows["architecture"].iloc[0]][1]
    marker = figures.ACTIVATION_MARKERS[rows["activation"].iloc[0]]
    axes[0].scatter(
        place + rng.uniform(-0.2, 0.2, len(rows)),
        rows["snr"],
        s=24,
        marker=marker,
        color=colour,
        edgecolor="white",
        lw=0.5,
    )
    axes[0].hlines(
        rows["snr"].median(),
        place - 0.32,
        place + 0.32,
        color="black",
        lw=1.5,
    )
axes[0].set(
    xticks=range(len(present)),
    ylabel="SNR",
    xticklabels=[name.replace(", ", "\n") for name in present],
)
axes[0].tick_params(axis="x", labelsize=8)
figures.snr_axis(axes[0])
rows = np.arange(len(between))[::-1]
colours = [figures.GREY] * len(TRUTHS) + [figures.BLUE] * len(SHORT)
axes[1].hlines(rows, 0, list(between.values()), color=colours, lw=1.5)
axes[1].scatter(list(between.values()), rows, color=colours, s=36)
axes[1].set(
    yticks=rows,
    yticklabels=list(between),
    xlim=(0, 1),
    xlabel="share of variance between kinds",
)
axes[1].tick_params(axis="y", labelsize=8)
figures.show("fig_kinds")

# %% [markdown]
# ```{glue:figure} fig_kinds
# :name: fig-kinds
# :alt: Left, signal-to-noise ratio of the networks in four columns, one for each kind, with medians; the exponential kinds lie higher than the ReLU kinds. Right, horizontal lines giving the share of variance between kinds for three truths and six scores.
#
# Left: SNR of {glue:text}`i_networks` published networks by kind; black: medians. Right: the share
# of the variance that lies between the {glue:text}`i_kinds` kinds, for the truths (grey) and the
# scores (blue).
# ```
#
# The kind explains {glue:text}`i_between_snr` of the variance of SNR ({glue:text}`i_between_log`
# on the logarithmic scale), {glue:text}`i_between_final` of that of the final score and
# {glue:text}`i_between_original` of that of the original metric. The larger these shares, the more
# the pooled correlation compares ways to build a network. For that comparison there are
# {glue:text}`i_kinds` points, not {glue:text}`i_networks`.
#
# Inside a kind only the {term}`initialisation` differs. For a user who has settled on an
# architecture, this is the comparison that matters.

# %%
inside = compared.xs("spearman", level="statistic").reset_index()
inside = inside[inside["metric"].isin(["final score", "original metric"])]
inside = inside[inside["truth"].isin(["SNR", "absolute SNR"])]
inside["shown"] = [
    f"{decimals(e)} ({decimals(low)} to {decimals(high)})"
    for e, low, high in inside[["estimate", "low", "high"]].to_numpy()
]
inside = inside.pivot(
    index="networks", columns=["truth", "metric"], values="shown"
).loc[["all", *present, "within"]]
inside = inside.rename(
    {"all": "all networks", "within": "mean inside a kind"}
)[["SNR", "absolute SNR"]]
inside.rename_axis(columns=[None, None], index=None).style

# %% tags=["remove-cell"]
for t, truth in (("snr", "SNR"), ("absolute", "absolute SNR")):
    ahead = {"final": [], "original": [], "open": []}
    for name in present:
        row = found(name, truth, "final score")
        winner = (
            "final"
            if row["difference_low"] > 0
            else "original"
            if row["difference_high"] < 0
            else "open"
        )
        ahead[winner].append(name)
    for winner, names in ahead.items():
        report(f"i_ahead_{t}_{winner}", "; ".join(names) or "none")
row = (
    found("deep, exponential", "SNR", "final score")
    if ("deep, exponential" in present)
    else dict.fromkeys(compared.columns, np.nan)
)
for part in ("estimate", "difference", "difference_low", "difference_high"):
    report(f"i_deep_exp_{part}", row[part], decimals)

# %% [markdown]
# The last row is the mean over the {glue:text}`i_kinds` kinds. With signed SNR it is
# {glue:text}`i_within_snr_final` for the final score and {glue:text}`i_within_snr_original` for
# the original metric (difference {glue:text}`i_within_snr_difference`,
# {glue:text}`i_within_snr_difference_low` to {glue:text}`i_within_snr_difference_high`); with
# absolute SNR {glue:text}`i_within_absolute_final` and {glue:text}`i_within_absolute_original`
# (difference {glue:text}`i_within_absolute_difference`,
# {glue:text}`i_within_absolute_difference_low` to
# {glue:text}`i_within_absolute_difference_high`).
#
# Kind by kind, the interval of the paired difference may decide which score follows the truth more
# closely. Undecided means that it contains zero, not that the scores are equal; the intervals are
# not corrected for their number.
#
# | ahead with | final score | original metric | undecided |
# |---|---|---|---|
# | signed SNR | {glue:text}`i_ahead_snr_final` | {glue:text}`i_ahead_snr_original` | {glue:text}`i_ahead_snr_open` |
# | absolute SNR | {glue:text}`i_ahead_absolute_final` | {glue:text}`i_ahead_absolute_original` | {glue:text}`i_ahead_absolute_open` |
#
# In deep networks with an exponential first layer, where the early look had the original metric
# ahead, the difference for signed SNR is
# {glue:text}`i_deep_exp_difference` ({glue:text}`i_deep_exp_difference_low` to
# {glue:text}`i_deep_exp_difference_high`).
#
# Neither score sees whether a motif pushes the output up or down: the final score takes
# |gradient × input|, the original metric the norm of all four entries. Absolute SNR and the motif
# AUPR are made from the same |gradient × input| as the final score. Part of their agreement with it
# may be this shared choice, so signed SNR is the stricter truth here.
#
# ## Every rival, pooled and inside

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(
    1,
    2,
    figsize=(figures.WIDTH * 1.25, 0.27 * len(metrics) + 1.5),
    sharey=True,
    sharex=True,
)
rows = np.arange(len(metrics))[::-1]
for ax, where, title in (
    (axes[0], "all", "all networks"),
    (axes[1], "within", "inside a kind"),
):
    view = compared.loc[where].xs("spearman", level="statistic")
    signed = view.loc["SNR"].loc[list(metrics)]
    figures.interval(
        ax, signed["estimate"], signed["low"], signed["high"], list(metrics)
    )
    for truth, colour, marker in (
        ("absolute SNR", figures.ORANGE, "D"),
        ("motif AUPR", figures.GREEN, "s"),
    ):
        other = view.loc[truth].loc[list(metrics), "estimate"]
        ax.plot(
            other,
            rows - 0.25,
            marker,
            color=colour,
            ms=4,
            label=f"with {truth}",
        )
    ax.axvline(0, color="black", lw=0.8)
    ax.set(title=title, xlabel="Spearman correlation")
axes[0].plot(
    [], [], "o", color=figures.BLUE, label="with SNR, 95 % interval"
)
axes[0].set_xlim(None, 1.03)
figures.legend_below(fig, 3)
figures.show("fig_independent_rivals")

# %% [markdown]
# ```{glue:figure} fig_independent_rivals
# :name: fig-independent-rivals
# :alt: Two panels of horizontal intervals of Spearman correlation for the final score and its rivals, over all networks on the left and averaged inside the four kinds on the right. The correlations inside the kinds are lower and spread further.
#
# Spearman correlation of the scores with three truths over {glue:text}`i_networks` published
# networks: pooled (left) and as the mean of the correlations inside the {glue:text}`i_kinds` kinds
# (right). 95 % bootstrap intervals for signed SNR.
# ```

# %%
gini, snr = table["gini"], table["snr"]
partial = {}
for label in ("final score", "original metric"):
    score = values_of(label)
    pooled = partial_spearman(
        score, snr, gini, strata=table["kind"], draws=draws, seed=seed
    )
    each = [
        partial_spearman(score[rows], snr[rows], gini[rows], draws=50).value
        for rows in by_kind.groups.values()
    ]
    partial[label] = {
        **pooled._asdict(),
        "mean inside a kind": np.mean(each),
    }
partial = pd.DataFrame(partial).T
partial.rename(columns={"value": "all networks"}).rename_axis(
    "with SNR, Gini held fixed"
).style.format(precision=2)

beside_gini = comparison_table(
    table,
    {"final": metrics["final score"], "gini": "gini"},
    {"SNR": "snr"},
    strata="kind",
    reference="gini",
    n_boot=draws,
    seed=seed,
    statistics=("spearman",),
).set_index(["networks", "metric"])

# %% tags=["remove-cell"]
for where in ("all", "within"):
    for part in ("difference", "difference_low", "difference_high"):
        report(
            f"i_gini_{where}_{part}",
            beside_gini.loc[(where, "final"), part],
            decimals,
        )
for label, row in partial.iterrows():
    short = label.split()[0]
    report(f"i_partial_{short}", row["value"], decimals)
    report(f"i_partial_{short}_low", row["low"], decimals)
    report(f"i_partial_{short}_high", row["high"], decimals)
    report(f"i_partial_{short}_within", row["mean inside a kind"], decimals)
weighting = spearman_difference(
    values_of("final score"),
    values_of("equal weights"),
    snr,
    strata=table["kind"],
    draws=draws,
    seed=seed,
)
for part in weighting._fields:
    report(f"i_weighting_{part}", getattr(weighting, part), ".3f")
single = [found("all", "SNR", f"k = {k} alone")["estimate"] for k in ks]
report("i_single_min", min(single), decimals)
report("i_single_max", max(single), decimals)
report("i_best_k", ks[first_largest(single)], "d")
for t, truth in (("snr", "SNR"), ("absolute", "absolute SNR")):
    for m in ("final", "original", "geometric"):
        row = found("all", truth, SHORT[m], "pearson")
        report(f"i_pearson_{t}_{m}", row["estimate"], decimals)

# %% [markdown]
# - **Is it only concentration?** The {term}`Gini coefficient`, which knows no words, reaches
#   {glue:text}`i_all_snr_gini` over all networks and {glue:text}`i_within_snr_gini` inside a kind.
#   The final score is {glue:text}`i_gini_all_difference` ({glue:text}`i_gini_all_difference_low` to
#   {glue:text}`i_gini_all_difference_high`) above it over all networks and
#   {glue:text}`i_gini_within_difference` ({glue:text}`i_gini_within_difference_low` to
#   {glue:text}`i_gini_within_difference_high`) inside a kind. The {term}`partial correlation` with
#   SNR, with the ranks of the Gini held fixed, is {glue:text}`i_partial_final`
#   ({glue:text}`i_partial_final_low` to {glue:text}`i_partial_final_high`) for the final score and
#   {glue:text}`i_partial_original` ({glue:text}`i_partial_original_low` to
#   {glue:text}`i_partial_original_high`) for the original metric; inside a kind
#   {glue:text}`i_partial_final_within` and {glue:text}`i_partial_original_within`.
# - **Do the length weights matter?** The correlation of the final score minus that of equal weights
#   is {glue:text}`i_weighting_value` ({glue:text}`i_weighting_low` to
#   {glue:text}`i_weighting_high`). Single lengths reach {glue:text}`i_single_min` to
#   {glue:text}`i_single_max`, the most at k = {glue:text}`i_best_k`, a choice one could only make
#   after looking.
# - **Would accuracy have done?** It reaches {glue:text}`i_all_snr_auroc` over all networks and
#   {glue:text}`i_within_snr_auroc` inside a kind.
#
# ## The published numbers beside ours
#
# Majdandzic and colleagues {cite:p}`majdandzic2022` compare the original (k-mer) metric with their
# geometric one on networks of their own, by *Pearson* correlation with SNR.
#
# | Pearson with SNR | networks | final | original | geometric |
# |---|---|---|---|---|
# | published {cite:p}`majdandzic2022` | 327 | – | 0.6177 | 0.8747 |
# | here, signed SNR | {glue:text}`i_networks` | {glue:text}`i_pearson_snr_final` | {glue:text}`i_pearson_snr_original` | {glue:text}`i_pearson_snr_geometric` |
# | here, absolute SNR | {glue:text}`i_networks` | {glue:text}`i_pearson_absolute_final` | {glue:text}`i_pearson_absolute_original` | {glue:text}`i_pearson_absolute_geometric` |
#
# The first row is theirs, on other networks, and their k-mer metric and SNR came from their own
# code; our {term}`geometric method` is written anew from the description. The rows stand beside
# each other and do not test each other.
#
# ```{admonition} Key points
# :class: note
# - On {glue:text}`i_networks` networks trained elsewhere, with weights learnt on our zoo, the
#   final score correlates {glue:text}`i_all_snr_final` with signed and
#   {glue:text}`i_all_absolute_final` with absolute SNR; the original metric
#   {glue:text}`i_all_snr_original` and {glue:text}`i_all_absolute_original`.
# - {glue:text}`i_between_snr` of the variance of SNR lies between {glue:text}`i_kinds` kinds of
#   network. Inside them the correlations are {glue:text}`i_within_snr_final` and
#   {glue:text}`i_within_absolute_final` for the final score, {glue:text}`i_within_snr_original`
#   and {glue:text}`i_within_absolute_original` for the original metric. The differences are
#   {glue:text}`i_within_snr_difference` ({glue:text}`i_within_snr_difference_low` to
#   {glue:text}`i_within_snr_difference_high`) and {glue:text}`i_within_absolute_difference`
#   ({glue:text}`i_within_absolute_difference_low` to
#   {glue:text}`i_within_absolute_difference_high`).
# - Kind by kind, the interval of the difference favours the final score in:
#   {glue:text}`i_ahead_snr_final` (signed SNR), {glue:text}`i_ahead_absolute_final` (absolute SNR);
#   for the original metric in: {glue:text}`i_ahead_snr_original` (signed SNR),
#   {glue:text}`i_ahead_absolute_original` (absolute SNR).
# ```
#
# ## Limits
#
# Four kinds are few, and each differs from the next in more than one way. All networks have batch
# norm and none was trained with the regularisers of our zoo. The task is the one on which the
# weights were learnt, with the same motifs, and we scored on our own simulated sequences, of which
# there is one draw. The intervals speak of other initialisations of the same four kinds, and of
# nothing else. The length of their training is not recorded with the weights. And no network here
# was made to be consistently *wrong*, so the chapter cannot show what the score does then: it
# measures consistency, not correctness.
#
# ## Exercises
#
# Work on them in the {doc}`student notebook <exercises/07_independent_networks>`
# (<a href="../exercises/07_independent_networks.ipynb" download>download</a>; `make lab` copies all of them into
# `my_exercises`). It checks your answers and, when one is wrong, says why.
#
# 1. ★ *Change a parameter.* Compare readings and truths inside the kinds. Which choice matters
#    more?
# 2. ★★ *Write a few lines.* Give each network the mean SNR of its kind as its score; then turn SNR
#    around inside each kind. Which pooled correlations are left?
# 3. ★★★ *Extend the method.* What is a correlation worth? Compute how good a network you get when
#    you train a few of one kind and keep the one with the highest score.
#
# ## Where next
#
# All scores so far read a map one word at a time. The next chapter asks what they miss when motifs
# count in pairs. To score networks of your own, use the command `score` ({doc}`../book/api`); to
# run this chapter with other parameters, see {doc}`../book/how_to_rerun`.
