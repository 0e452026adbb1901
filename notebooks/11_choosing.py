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
# Of two equally accurate networks of one {term}`kind`, the one with the higher {term}`final score` has the
# clearer maps in {glue:text}`v_zoo_kind` of the pairs in our zoo and in {glue:text}`v_published_kind` among
# published networks, where a coin finds it in half. The higher score, final or recommended alike, is a
# tie-breaker shown on simulated DNA only. On real DNA it is not shown to choose better than the
# {term}`activation <activation function>` alone among classifiers, or than a coin among networks of a quantity.
# ```
#
# ```{admonition} After this chapter you can
# :class: tip
# - turn a correlation into a number that matters to a user;
# - say how many trainings it takes before choosing pays;
# - say where you should not choose by this score.
# ```
#
# *You need:* {doc}`04_length_scaling`. *Reading time:* 10 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are shown
within: float = 0.005  # difference in accuracy of equally accurate networks
draws: int = 1000  # bootstrap samples
seed: int = 0  # seeds the bootstrap

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt
import pandas as pd

from compendium.chapters import load_tables
from compendium.choosing import best_of, candidates, pairs_won
from compendium.page import figures
from compendium.page.claims import expect, percent, report
from compendium.rivals import NAMES

figures.style()

# %% [markdown]
# ## A bet on two networks
#
# A correlation over networks is no choice. So we make it a bet. Take two networks that are equally
# accurate: their test scores, {term}`AUROC` or correlation, differ by at most
# {glue:text}`v_within`. Bet on the one whose maps score higher. You win when it has the higher
# {term}`SNR <signal-to-noise ratio (SNR)>`. A coin wins half of the bets. A network stands in many pairs, so
# pairs are not independent: the intervals come from resampling networks or configurations, not pairs.
#
# Four groups of networks can be bet on: our zoo, the published networks, and our networks for real DNA,
# classifiers and those that predict a quantity. For real DNA the truth is that of
# {doc}`motifs planted in closed windows <12_truth_on_dna>`.

# %%
SCORES = ["final", "excess", "original", "Gini", "accuracy"]
planted = load_tables("implants", run)[0]["networks"]
groups = candidates(run, SCORES, planted)
won = {}
for name, networks in groups.items():
    won[name], n = pairs_won(
        networks.scores,
        networks.truth,
        networks.accuracy,
        networks.alike,
        within=within,
        draws=draws,
        seed=seed,
    )
    print(f"{name}: {n} pairs of equally accurate networks")

# %% tags=["remove-output"]
palette = "BLUE", "PURPLE", "ORANGE", "GREEN", "GREY"
colours = {s: getattr(figures, c) for s, c in zip(SCORES, palette)}
fig, ax = plt.subplots(figsize=(figures.WIDTH, 3.4))
for j, score in enumerate(SCORES):
    for i, name in enumerate(won):
        bet = won[name][score]
        place = i + 0.14 * (j - 2)
        label = NAMES.get(score, score) if i == 0 else None
        ax.plot(place, bet.value, "o", color=colours[score], label=label)
        ax.vlines(place, bet.low, bet.high, color=colours[score])
ax.axhline(0.5, color="black", ls="--", lw=0.8)
ax.set(xticks=range(len(won)), ylabel="share of bets won", ylim=(0, 1.02))
ax.set_xticklabels([name.replace(", ", ",\n") for name in won])
figures.legend_below(fig, 3)
figures.show("fig_bet")

# %%
inside = {}  # the same bets, on pairs of one kind only
for name in ("our zoo", "published"):
    networks = groups[name]
    kind = pd.factorize(networks.kinds)[0]
    inside[name], _ = pairs_won(
        networks.scores,
        networks.truth,
        networks.accuracy + 10 * kind,  # far apart between kinds
        networks.alike,
        within=within,
        draws=draws,
        seed=seed,
    )

# %% tags=["remove-cell"]
report("v_within", within, "g")
zoo, published, binary, quantitative = won.values()
for short, bets in {"zoo": zoo, "published": published}.items():
    report(f"v_{short}_final", bets["final"], percent)
    report(f"v_{short}_original", bets["original"].value, percent)
report("v_zoo_accuracy", zoo["accuracy"].value, percent)
report("v_zoo_excess", zoo["excess"].value, percent)
report("v_zoo_kind", inside["our zoo"]["final"], percent)
report("v_published_kind", inside["published"]["final"].value, percent)
report("v_binary", binary["final"], percent)
report("v_binary_gini", binary["Gini"].value, percent)
report("v_quantitative", quantitative["final"], percent)

# %% [markdown]
# ```{glue:figure} fig_bet
# :name: fig-bet
# :alt: Share of bets won by five scores in four groups of networks. Final score, recommended score, original metric and Gini coefficient win far more than half in our zoo and among published networks; among classifiers of real DNA they win most bets, but intervals of all but Gini reach down to about one half; among networks that predict a quantity no interval leaves out a half.
#
# A bet on the higher of two scores, among equally accurate networks. Dashed: a coin. Lines: 95 %
# intervals over networks, ours over configurations. The figure to remember from this chapter.
# ```
#
# **On the simulated task the bet is a good one.** The final score wins {glue:text}`v_zoo_final` of the
# bets in our zoo, and the {term}`recommended score` {glue:text}`v_zoo_excess`. The original metric
# wins {glue:text}`v_zoo_original`, accuracy {glue:text}`v_zoo_accuracy`. Among the published networks, which
# we did not train, the final score wins {glue:text}`v_published_final` and the original metric
# {glue:text}`v_published_original`.
#
# **Inside a kind** it wins most bets, too. Networks of one *kind* share architecture, activation and batch
# norm. In our zoo they still differ in the regulariser, and there it wins {glue:text}`v_zoo_kind`. Published
# networks of one kind differ only in their starts: that is the situation of somebody who trains a model
# again, and there it wins {glue:text}`v_published_kind`.
#
# **On real DNA the bets decide little.** Among classifiers the final score wins {glue:text}`v_binary`; the
# original metric wins as many and the Gini coefficient {glue:text}`v_binary_gini`. All of them prefer
# exponential first layers, which {doc}`there is enough <12_truth_on_dna>`. Among networks that predict a
# quantity the final score wins {glue:text}`v_quantitative`: nothing shows that it is better than a coin, and
# the interval of the original metric holds a half, too.

# %% tags=["remove-input"]
expect(
    "the final score beats a coin on both simulated groups",
    min(zoo["final"].low, published["final"].low) > 0.5,
)
expect(
    "Gini and the original metric do as well as it on classifiers",
    min(binary["Gini"].value, binary["original"].value)
    >= binary["final"].value - 0.01,
)
expect(
    "no score beats a coin on networks that predict a quantity",
    max(bet.low for bet in quantitative.values()) < 0.5,
)

# %% [markdown]
# ## How many to train
#
# Now train m networks of one kind and keep the one with the highest score. *Chance* keeps an average
# network, an *oracle* that knows the truth the best of the m. Each score brings some share of what lies
# between the two.

# %%
gains = {}
for name in ("our zoo", "published"):
    networks = groups[name]
    half = pd.Series(networks.kinds).value_counts().min() // 2
    gains[name] = best_of(
        networks.scores,
        networks.truth,
        networks.kinds,
        networks.alike,
        range(2, half + 1),
        draws=draws // 4,
        seed=seed,
    )

# %% tags=["remove-output"]
fig, axes = plt.subplots(1, 2, figsize=(figures.WIDTH, 3.2), sharey=True)
for ax, (name, table) in zip(axes, gains.items()):
    for score in ("final", "original", "accuracy"):
        part = table[table["score"] == score]
        ends = 100 * part["low"], 100 * part["high"]
        ax.plot(
            part["m"],
            100 * part["value"],
            color=colours[score],
            label=NAMES.get(score, score),
        )
        ax.fill_between(part["m"], *ends, color=colours[score], alpha=0.15)
    ax.axhline(100, color="black", lw=0.8, ls="--")
    ax.set(title=name, xlabel="networks trained, m")
axes[0].set_ylabel("share of the possible gain (%)")
figures.legend_below(fig, 3)
figures.show("fig_choosing")

# %% tags=["remove-cell"]
two = {
    name: table.set_index(["score", "m"]).xs(2, level="m")
    for name, table in gains.items()
}
for name, short in (("our zoo", "zoo"), ("published", "published")):
    for score in ("final", "accuracy"):
        report(
            f"v_{short}_{score}_two", two[name].loc[score, "value"], percent
        )

# %% [markdown]
# ```{glue:figure} fig_choosing
# :name: fig-choosing
# :alt: Two line charts of the share of the possible gain in SNR against the number of networks trained. The final score is above the original metric and far above accuracy in our zoo; among published networks it leads for few networks and the others catch up.
#
# What choosing brings. 0 %: an average network; 100 %: the best of the m. Bands: 95 %, over
# configurations or networks.
# ```
#
# **It pays from two networks on.** With two, the final score brings {glue:text}`v_zoo_final_two` of the
# possible gain in our zoo and {glue:text}`v_published_final_two` among published networks; accuracy
# brings {glue:text}`v_zoo_accuracy_two` and {glue:text}`v_published_accuracy_two`. The gain itself grows
# with m, but the share of it need not: among many published networks the final score falls behind the
# original metric. In our zoo, the most accurate of many has, on average, maps *less* clear than those of an
# average network.

# %% tags=["remove-input"]
expect(
    "with two networks the score is ahead of accuracy in both groups",
    all(table.loc["accuracy", "high_over"] < 0 for table in two.values()),
)

# %% [markdown]
# ```{admonition} Key points
# :class: note
# - On the simulated task, the higher score, final or recommended, is a good tie-breaker between two equally
#   accurate networks.
# - Two trainings are enough for the choice to pay; with more candidates the share of the gain need not grow.
# - On real DNA we could not show that it helps: not among classifiers beyond their activation, and not among
#   networks that predict a quantity. There, rely on what both networks say ({doc}`09_your_model`).
# ```
#
# ## Limits
#
# The bets on real DNA are few: its networks are some dozens, of several architectures, and the interval
# is wide. Kinds of our zoo hold seven regularisers, those of the published networks only starts. The score
# picks the network whose maps are clearest. It does not pick one that is right where all are wrong in the
# same way ({doc}`06_controls`), and it does not see the sign of a map.
#
# ## Exercises
#
# Work on them in the {doc}`student notebook <exercises/11_choosing>`
# (<a href="../exercises/11_choosing.ipynb" download>download</a>; `make lab` copies all of them into
# `my_exercises`). It checks your answers and, when one is wrong, says why.
#
# 1. ★ *Change a parameter.* Does the bet depend on what counts as equally accurate?
# 2. ★★ *Write a few lines.* What is a bet worth in SNR, and how much is left among networks of one kind?
#
# ## Where next
#
# {doc}`Your own model <09_your_model>`, and {doc}`your own maps in ten minutes
# <../book/score_your_maps>`.
#
# ## With another parameter
#
# The first command runs this chapter alone and opens its page; the second does the same with plain papermill:
#
# ```
# .venv/bin/python -m compendium chapter 11_choosing within=0.002
# .venv/bin/papermill results/default/notebooks/11_choosing.ipynb \
#   again.ipynb -p within 0.002
# ```
