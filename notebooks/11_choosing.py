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
# # Choosing among models
#
# You have trained a model a few times. The test scores hardly differ. **Which one do you keep, if you
# want explanations that can be trusted?**
#
# ```{admonition} The answer
# :class: important
# On a simulated task, the one with the higher score. Of two networks that are equally accurate, it has the
# clearer maps in {glue:text}`v_ours_final` of the pairs in our zoo. Choosing pays from two networks on. On
# real DNA {doc}`we could not show it <12_truth_on_dna>` for every kind of network.
# ```
#
# ```{admonition} After this chapter you can
# :class: tip
# - turn a correlation into a number that matters to a user;
# - say how many trainings it takes before choosing pays.
# ```
#
# *You need:* {doc}`04_length_scaling`. *Reading time:* 10 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are shown
within: float = 0.002  # difference in AUROC of equally accurate networks
draws: int = 1000  # bootstrap samples
seed: int = 0  # seeds the bootstrap

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt
import pandas as pd

from compendium import paths
from compendium.choosing import best_of, pairs_won
from compendium.page import figures
from compendium.page.claims import expect, percent, report
from compendium.rivals import levels, score_columns
from compendium.tables import configuration

figures.style()

# %% [markdown]
# ## Two networks that are equally accurate
#
# A correlation over networks is no choice. So we take all pairs of networks whose {term}`AUROC` differs
# by at most {glue:text}`v_within`, and ask how often each score picks the network with the higher
# {term}`SNR <signal-to-noise ratio (SNR)>`, or the higher {term}`motif AUPR`. A coin picks it in half of
# the pairs.

# %%
SCORES = ("accuracy", "final", "excess", "original", "Gini")


def networks(population):
    """The networks of a population, their scores, and which resemble each other."""
    table, _ = paths.load_scores(run, population)
    table = table[table["status"] == "ok"].reset_index(drop=True)
    named = score_columns(table)
    alike = (
        configuration(table) if population == "synthetic" else table["id"]
    )
    return table, {name: named[name] for name in SCORES}, alike.to_numpy()


POPULATIONS = {"our zoo": "synthetic", "published": "koo"}
truths = {"SNR": "snr", "motif AUPR": "motif_aupr"}
won, numbers, alone = {}, {}, {}
for name, population in POPULATIONS.items():
    table, scores, alike = networks(population)
    for truth, column in truths.items():
        won[name, truth], numbers[name] = pairs_won(
            scores,
            table[column],
            table["auroc"],
            alike,
            within=within,
            draws=draws,
            seed=seed,
        )
    kind = pd.factorize(levels(table)["kind"])[0]
    alone[name], _ = pairs_won(
        scores,
        table["snr"],
        table["auroc"] + 10 * kind,  # so that pairs are of one kind
        alike,
        within=within,
        draws=draws,
        seed=seed,
    )
    won[name, "SNR, one kind"] = alone[name]
pd.DataFrame(won).map(
    lambda e: f"{e.value:.0%} ({e.low:.0%} to {e.high:.0%})"
)

# %% tags=["remove-cell"]
report("v_within", within, "g")
report("v_pairs", numbers["our zoo"], "d")
report("v_pairs_published", numbers["published"], "d")
for name, short in (("our zoo", "ours"), ("published", "published")):
    for score in ("final", "original", "accuracy"):
        report(f"v_{short}_{score}", won[name, "SNR"][score], percent)
        report(f"v_{short}_{score}_kind", alone[name][score], percent)

# %% [markdown]
# Of {glue:text}`v_pairs` pairs in our zoo the final score picks the clearer network in
# {glue:text}`v_ours_final`, the original metric in {glue:text}`v_ours_original`, accuracy in
# {glue:text}`v_ours_accuracy`. Of {glue:text}`v_pairs_published` pairs of published networks the numbers
# are {glue:text}`v_published_final`, {glue:text}`v_published_original` and
# {glue:text}`v_published_accuracy`. Accuracy is held nearly equal here, so it cannot do much. Where both
# networks are of one kind the final score picks the clearer in {glue:text}`v_ours_final_kind` of ours and
# {glue:text}`v_published_final_kind` of the published pairs. Intervals resample networks, ours by whole
# configurations.

# %% tags=["remove-input"]
expect(
    "accuracy does no better than a coin on our zoo",
    won["our zoo", "SNR"]["accuracy"].low < 0.5,
)
expect(
    "the final score does better than a coin on published networks",
    won["published", "SNR"]["final"].low > 0.5,
)

# %% [markdown]
# ## The best of a few
#
# Now train m networks of one kind and keep the one with the highest score. *Chance* keeps an average
# network, an *oracle* that knows the truth the best of the m. We measure each score by the share that it
# brings of what lies between the two, mean over kinds.

# %%
gains = {}
for name, population in POPULATIONS.items():
    table, scores, alike = networks(population)
    kinds = levels(table)["kind"]
    half = pd.Series(kinds).value_counts().min() // 2
    gains[name] = best_of(
        scores,
        table["snr"],
        kinds,
        alike,
        range(2, half + 1),
        draws=draws // 4,
        seed=seed,
    )

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(
    1, 2, figsize=(figures.WIDTH * 1.1, 3.4), sharey=True
)
colours = {
    "final": figures.BLUE,
    "original": figures.ORANGE,
    "accuracy": figures.GREY,
}
for ax, (name, table) in zip(axes, gains.items()):
    for score, colour in colours.items():
        part = table[table["score"] == score]
        ax.plot(
            part["m"],
            100 * part["value"],
            "o-",
            ms=4,
            color=colour,
            label=score,
        )
        ends = 100 * part["low"], 100 * part["high"]
        ax.fill_between(part["m"], *ends, color=colour, alpha=0.15, lw=0)
    ax.axhline(0, color="black", lw=0.8)
    ax.axhline(100, color="black", lw=0.8, ls="--")
    ax.set(title=name, xlabel="networks trained, m")
axes[0].set_ylabel("share of the possible gain (%)")
figures.legend_below(fig, 3)
figures.show("fig_choosing")

# %% tags=["remove-cell"]
for name, short in (("our zoo", "ours"), ("published", "published")):
    table = gains[name].set_index(["score", "m"])
    for score in ("final", "original", "accuracy"):
        report(
            f"v_{short}_{score}_two",
            table.loc[(score, 2), "value"],
            percent,
        )
    last = table.index.get_level_values("m").max()
    report(f"v_{short}_most", last, "d")
    report(
        f"v_{short}_final_most",
        table.loc[("final", last), "value"],
        percent,
    )
    pays = table.loc["final"]
    pays = pays.index[pays["low_over"] > 0]
    report(f"v_{short}_pays", ", ".join(map(str, pays)) or "none")

# %% [markdown]
# ```{glue:figure} fig_choosing
# :name: fig-choosing
# :alt: Two line charts of the share of the possible gain in SNR against the number of networks trained. The final score is above the original metric and far above accuracy in our zoo; among published networks it leads for few networks and the others catch up.
#
# What choosing brings. 0 %: an average network; 100 %: the best of the m. Bands: 95 %, over
# configurations or networks. The figure to remember from this chapter.
# ```
#
# **It pays from two networks on.** With two, the final score brings
# {glue:text}`v_ours_final_two` of the possible gain in our zoo and {glue:text}`v_published_final_two`
# among published networks; accuracy brings {glue:text}`v_ours_accuracy_two` and
# {glue:text}`v_published_accuracy_two`. The score is ahead of accuracy, with an interval above zero, for
# m = {glue:text}`v_ours_pays` in our zoo and m = {glue:text}`v_published_pays` among published ones.
#
# **The share need not stay.** The gain itself grows with m. Among published networks the share of it falls
# to {glue:text}`v_published_final_most` at m = {glue:text}`v_published_most`, and the original metric and
# the Gini coefficient come level with the final score.

# %% tags=["remove-input"]
both = [
    table.set_index(["score", "m"]).loc[("final", 2)]
    for table in gains.values()
]
expect(
    "with two networks the score is ahead of accuracy in both populations",
    all(row["low_over"] > 0 for row in both),
)

# %% [markdown]
# ```{admonition} Key points
# :class: note
# - Between equally accurate networks of one kind, take the one with the higher score.
# - Of two trainings the choice brings {glue:text}`v_ours_final_two` of the possible gain in our zoo,
#   {glue:text}`v_published_final_two` among published networks; choosing by accuracy
#   {glue:text}`v_ours_accuracy_two` and {glue:text}`v_published_accuracy_two`.
# ```
#
# ## Limits
#
# All this is on one simulated task, whose truth is known. Kinds are few, and a kind of our zoo holds
# seven regularisers, a published one only starts. The score chooses the network whose maps are clearest;
# it does not choose one that is right where all are wrong in the same way
# ({doc}`06_controls`), and it does not see the sign of a map.
#
# ## Where next
#
# {doc}`Your own model <09_your_model>`, and {doc}`your own maps in ten minutes
# <../book/score_your_maps>`.
