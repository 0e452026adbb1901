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
# # Along a training, and how many motifs
#
# Two looks at the networks of {doc}`05_real_data` that need other tools or trainings of
# their own. Neither is needed elsewhere.
#
# *You need:* {doc}`05_real_data`. *Reading time:* 12 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are shown
draws: int = 2000  # bootstrap samples
seed: int = 0  # seeds the bootstrap

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt

from attribution_consistency.rounding import descending
from compendium.chapters import learning as learning_study
from compendium.chapters import load_tables, real_data, tell_origin
from compendium.page import figures
from compendium.page.claims import report
from compendium.stats import spearman
from compendium.tables import configuration

figures.style()

# %% tags=["remove-input"] mystnb={"markdown_format": "myst"}
scores, tables, origin = real_data.load(run)
tell_origin("real_data", origin)

# %% [markdown]
# ## How many motifs?
#
# A network that has learnt biology should point at more than one kind of site. TF-MoDISco
# {cite:p}`shrikumar2018` cuts the {term}`seqlets <seqlet>`, stretches of high attribution, out of
# the maps and clusters those that resemble each other into *patterns*. It needs many windows, so we
# give it the maps of {glue:text}`g_q_windows` accessible windows of all chromosomes, the same for
# every network. Most of them are training windows. It takes at most {glue:text}`g_q_budget` seqlets
# that speak for accessibility and {glue:text}`g_q_budget` that speak against it.
#
# A pattern is *named* after the JASPAR motif that the method Tomtom {cite:p}`gupta2007` finds most
# similar, if chance would hardly make any of the motifs so similar (p at most 0.05, divided by the
# number of motifs compared). The **seqlet yield** is the number of different names, motifs that
# resemble each other counted once. Baseline: {term}`rotated maps <rotated map>`, which keep every
# score but put it where it does not belong.

# %% tags=["remove-input"] mystnb={"markdown_format": "myst"}
seqlets, seqlets_origin = load_tables("seqlets", run)
if seqlets_origin != origin:
    tell_origin("seqlets", seqlets_origin)

# %%
yields = seqlets["measures"].set_index("model")
best = seqlets["patterns"].query("maps == 'network' and counts")
found_motifs = best.groupby("model")["factor"].agg(", ".join)
shown = yields[["value", "baseline", "n", "n_baseline"]].join(found_motifs)
shown["factor"] = shown["factor"].fillna("–")
shown.iloc[descending(shown["value"])].rename(
    columns={
        "value": "motifs",
        "baseline": "rotated",
        "n": "patterns",
        "n_baseline": "rotated patterns",
        "factor": "which",
    }
).style

# %% tags=["remove-cell"]
mixed = seqlets["patterns"].query("maps == 'network'")
yield_scores = yields.drop(columns="n").merge(
    scores, left_index=True, right_on="id"
)
report("g_q_windows", int(yields["windows"].iloc[0]), ",d")
report("g_q_budget", int(yields["budget"].iloc[0]), ",d")
least, most = int(yields["value"].min()), int(yields["value"].max())
report("g_q_max", most, "d")
report(
    "g_q_range",
    f"{least} to {most} motifs"
    if least < most
    else f"the same number of motifs, {most}",
)
report("g_q_single", int((yields["value"] <= 1).sum()), "d")
report("g_q_no_better", int((yields["excess"] <= 0).sum()), "d")
report("g_q_rotated", yields["baseline"].mean(), ".1f")
named_in = best.groupby("factor")["model"].nunique()
first_named = named_in.round(9).idxmax()
report("g_q_first", first_named)
report("g_q_first_networks", int(named_in.max()), "d")
turned = seqlets["patterns"].query("maps == 'rotated' and counts")
turned = turned[turned["factor"] == first_named]
report("g_q_first_rotated", turned["model"].nunique(), "d")
report("g_q_networks", len(yields), "d")
report("g_q_unnamed", 1 - mixed["named"].mean(), ".0%")
told = []
for task, part in yield_scores.groupby("task"):
    if part["value"].nunique() == 1:
        told.append(
            f"all {len(part)} {task} networks have the same yield, so their excess "
            "differs only by what rotated maps happened to yield, and a correlation "
            "would say nothing about the maps"
        )
        continue
    final, old = (
        spearman(
            part["excess"],
            part[column],
            draws=draws,
            groups=configuration(part),
            seed=seed,
        )
        for column in ("consistency_frequency", "kld_original")
    )
    told.append(
        f"among {len(part)} {task} networks it is {final.value:.2f} "
        f"({final.low:.2f} to {final.high:.2f}), and with the original metric "
        f"{old.value:.2f} ({old.low:.2f} to {old.high:.2f})"
    )
report("g_q_correlations", "; ".join(told))

# %% [markdown]
# The networks yield {glue:text}`g_q_range`, and {glue:text}`g_q_single` of
# {glue:text}`g_q_networks` no more than one; rotated maps {glue:text}`g_q_rotated` on average. In
# {glue:text}`g_q_no_better` networks the rotated maps yield as many or more: clusters of stretches
# that merely share their G and C also get names. So at this number of windows and seqlets the yield
# hardly tells the networks apart.
#
# {glue:text}`g_q_first` is named in {glue:text}`g_q_first_networks` of {glue:text}`g_q_networks`
# networks; in rotated maps, of {glue:text}`g_q_first_rotated`. {glue:text}`g_q_unnamed` of the
# patterns match no motif well enough to be named, and add nothing to the yield.
#
# Does the excess over the baseline follow the final score? By rank correlation:
# {glue:text}`g_q_correlations`. It need not follow. The score asks how consistently a map uses its
# words, not how many it knows: one that points at a single motif and at nothing else scores high
# and yields one.
#
# Two rules were set after we had seen the patterns of two networks, before any yield was held
# against a score: ends of patterns without information are cut, and vague JASPAR matrices, which
# match everything, are left out.
#
# ## Along a training
#
# So far each network was looked at once, when its training had ended. What does the score see
# *during* training, and does it notice when a network begins to learn its windows by heart? Labels
# that were held back can tell that. Could a map tell without any?
#
# We trained {glue:text}`g_l_networks` binary CNNs, {glue:text}`g_l_inits` initialisations of each
# activation, on only {glue:text}`g_l_windows` windows and without early stopping. Before the first
# and after every epoch we looked at their maps of accessible test windows. These are fewer windows
# than in the rest of the chapter, so compare the scores with each other only.

# %% tags=["remove-input"] mystnb={"markdown_format": "myst"}
learning, learning_origin = load_tables("learning", run)
if learning_origin != origin:
    tell_origin("learning", learning_origin)

# %% tags=["remove-output", "hide-input"]
epochs, together = learning["epochs"], learning["agreement"]
epochs["final"] = learning_study.final_scores(epochs, tables["weights"])
fig, axes = plt.subplots(
    4, 2, figsize=(figures.WIDTH, 8.4), sharex=True, sharey="row"
)
kinds = [
    a for a in figures.ACTIVATION_NAMES if a in set(epochs["activation"])
]
for column, kind in zip(axes.T, kinds):
    part = epochs[epochs["activation"] == kind]
    mean = part.groupby("epoch").mean(numeric_only=True)
    colour = figures.ACTIVATION_COLOURS[kind]
    for ax, wanted in zip(
        column,
        (
            {"auroc_test": "test", "auroc_train": "training"},
            {"final": None},
            {"kld_original": None},
        ),
    ):
        for (name, label), line in zip(wanted.items(), ("-", ":")):
            for _, one in part.groupby("init"):
                ax.plot(
                    one["epoch"], one[name], color=colour, lw=0.6, alpha=0.5
                )
            ax.plot(mean[name], color="black", ls=line, lw=1.6, label=label)
    agreed = together[together["activation"] == kind]
    column[3].fill_between(
        agreed["epoch"],
        agreed["lowest"],
        agreed["highest"],
        color=colour,
        alpha=0.3,
        lw=0,
    )
    column[3].plot(
        agreed["epoch"], agreed["agreement"], color="black", lw=1.6
    )
    curves = (
        mean["auroc_test"],
        mean["final"],
        mean["kld_original"],
        agreed.set_index("epoch")["agreement"],
    )
    for ax, curve in zip(column, curves):
        ax.plot(
            curve.round(9).idxmax(), curve.max(), "o", color="black", ms=6
        )
    column[0].set_title(figures.ACTIVATION_NAMES[kind])
    column[3].set_xlabel("epoch")
for ax, label in zip(
    axes[:, 0],
    ("AUROC", "final score (nats)", "original (nats)", "agreement"),
):
    ax.set_ylabel(label)
axes[0, 0].legend(loc="lower right")
figures.show("fig_learning")

# %% tags=["remove-cell"]
report("g_l_networks", len(epochs.groupby(["activation", "init"])), "d")
report("g_l_inits", epochs["init"].nunique(), "d")
report("g_l_windows", int(epochs["windows"].iloc[0]), ",d")
report("g_l_epochs", int(epochs["epoch"].max()), "d")
ends = epochs.sort_values("epoch", kind="stable").groupby(
    ["activation", "init"]
)["kld_original"]
report("g_l_original_falls", int((ends.last() < ends.first()).sum()), "d")
for kind in kinds:
    mean = (
        epochs[epochs["activation"] == kind]
        .groupby("epoch")
        .mean(numeric_only=True)
    )
    mean["agreement"] = together[together["activation"] == kind].set_index(
        "epoch"
    )["agreement"]
    report(
        f"g_l_{kind}_best", int(mean["auroc_test"].round(9).idxmax()), "d"
    )
    for name, told in (
        ("auroc_train", "last"),
        ("auroc_test", "last top"),
        ("final", "first last top peak"),
        ("kld_original", "first last"),
        ("agreement", "last top peak"),
    ):
        values = {
            "first": mean[name].iloc[0],
            "last": mean[name].iloc[-1],
            "top": mean[name].max(),
            "peak": int(mean[name].round(9).idxmax()),
        }
        for which in told.split():
            form = (
                "d"
                if which == "peak"
                else ".3f"
                if name == "final"
                else ".2f"
            )
            report(f"g_l_{kind}_{name}_{which}", values[which], form)
    single = epochs[epochs["activation"] == kind]
    peaks = single.round({"final": 9}).loc[
        lambda t: t.groupby("init")["final"].idxmax(), "epoch"
    ]
    by_init = single.pivot(index="epoch", columns="init", values="final")
    rise = by_init.max() - by_init.iloc[0]
    kept = (by_init.iloc[-1] - by_init.iloc[0]) / rise
    report(f"g_l_{kind}_kept_low", kept.min(), ".0%")
    report(f"g_l_{kind}_kept_high", kept.max(), ".0%")
    others = by_init.drop(columns=by_init.max().round(9).idxmax())
    report(
        f"g_l_{kind}_peak_without",
        int(others.mean(axis=1).round(9).idxmax()),
        "d",
    )
    report(f"g_l_{kind}_final_peak_low", int(peaks.min()), "d")
    report(f"g_l_{kind}_final_peak_high", int(peaks.max()), "d")
    above = mean["final"].iloc[1:] > mean["final"].iloc[0]
    flat = int(above.idxmax()) - 1 if above.any() else int(mean.index[-1])
    report(f"g_l_{kind}_flat", flat, "d")
    report(f"g_l_{kind}_auroc_flat", mean.loc[flat, "auroc_test"], ".2f")

# %% [markdown]
# ```{glue:figure} fig_learning
# :name: fig-learning
# :alt: Four rows of line plots against the epoch, one column for each activation: AUROC on training and test windows, final score, original metric, and agreement of initialisations. Training AUROC rises towards one while test AUROC levels off; the final score and the agreement have their highest point, marked by a dot, before the end.
#
# Networks along their training on {glue:text}`g_l_windows` windows. Thin: single initialisations;
# black: their mean; dotted: training windows. Band: lowest and highest agreement of any two
# initialisations. Dot: the highest point of a mean. Epoch 0 is untrained.
# ```
#
# By accuracy, nothing alarming happens. Training AUROC rises to
# {glue:text}`g_l_relu_auroc_train_last` (ReLU) and {glue:text}`g_l_exp_auroc_train_last`
# (exponential): the networks know their windows by heart. Test AUROC pays hardly a price. It is
# highest at epochs {glue:text}`g_l_relu_best` and {glue:text}`g_l_exp_best` of
# {glue:text}`g_l_epochs`, {glue:text}`g_l_relu_auroc_test_top` and
# {glue:text}`g_l_exp_auroc_test_top`, and ends at {glue:text}`g_l_relu_auroc_test_last` and
# {glue:text}`g_l_exp_auroc_test_last`.
#
# Agreement changes more. Initialisations agree most at epochs
# {glue:text}`g_l_relu_agreement_peak` and {glue:text}`g_l_exp_agreement_peak`
# ({glue:text}`g_l_relu_agreement_top` and {glue:text}`g_l_exp_agreement_top`), and less at the end
# ({glue:text}`g_l_relu_agreement_last` and {glue:text}`g_l_exp_agreement_last`). So networks that
# predict about equally well can explain themselves less alike after a longer training, though far
# more alike than in the first epochs.
#
# The final score is slower to start. Until epochs {glue:text}`g_l_relu_flat` and
# {glue:text}`g_l_exp_flat` its mean is no higher than for untrained networks, though test AUROC has
# already reached {glue:text}`g_l_relu_auroc_flat` and {glue:text}`g_l_exp_auroc_flat`. Then it
# rises, stays about level, and falls slowly. With ReLU it is {glue:text}`g_l_relu_final_first` nats
# untrained, {glue:text}`g_l_relu_final_top` at best and {glue:text}`g_l_relu_final_last` at the
# end; with the exponential {glue:text}`g_l_exp_final_first`, {glue:text}`g_l_exp_final_top` and
# {glue:text}`g_l_exp_final_last`. Of its own rise a network keeps at the end
# {glue:text}`g_l_relu_kept_low` to {glue:text}`g_l_relu_kept_high` (ReLU) and
# {glue:text}`g_l_exp_kept_low` to {glue:text}`g_l_exp_kept_high` (exponential): one that predicts
# well can score about as low as one that never learnt.
#
# The means are highest at epochs {glue:text}`g_l_relu_final_peak` and
# {glue:text}`g_l_exp_final_peak`, before agreement is. But the top is flat, and single
# initialisations have theirs anywhere from epoch {glue:text}`g_l_relu_final_peak_low` to
# {glue:text}`g_l_relu_final_peak_high` (ReLU) and {glue:text}`g_l_exp_final_peak_low` to
# {glue:text}`g_l_exp_final_peak_high` (exponential). Under both activations one initialisation
# scores above the others; without it the means are highest at epochs
# {glue:text}`g_l_relu_peak_without` and {glue:text}`g_l_exp_peak_without`. So the score needs no
# labels and does change as networks learn by heart, but from one network it would not tell when to
# stop.
#
# The original metric starts at {glue:text}`g_l_relu_kld_original_first` (ReLU) and
# {glue:text}`g_l_exp_kld_original_first` nats (exponential) for *untrained* networks and ends at
# {glue:text}`g_l_relu_kld_original_last` and {glue:text}`g_l_exp_kld_original_last`. In
# {glue:text}`g_l_original_falls` of {glue:text}`g_l_networks` networks it is lower after the last
# epoch than before the first, as if they had explained themselves best when they knew nothing. Maps of noise bear
# on the reason ({doc}`06_controls`): the metric counts only the 6-mers that lie wholly inside
# stretches of high scores. These are few, and a KLD of few counts is too high for any map.
#
# These are curves of one architecture on few windows, and the epochs of one training are not
# independent of each other: a description, without a test.
#
#
# ## Where next
#
# Back to {doc}`the front page <../book/intro>`.
