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
# # Along a training
#
# So far we looked at each network once, when its training had ended. A network that trains for too
# long learns its training windows by heart. Labels that were held back can tell. **Does the score,
# which needs no labels, notice it too, and could it say when to stop?**
#
# ```{admonition} The answer
# :class: important
# In these few networks it falls, but it cannot say when to stop. The mean {term}`final score` is highest before
# the mean test accuracy is, and lower at the end; later the networks explain themselves less alike. In a single
# network the score may be highest anywhere from epoch {glue:text}`g_l_peak_low` to epoch {glue:text}`g_l_peak_high`.
# ```
#
# ```{admonition} After this page you can
# :class: tip
# - read accuracy, score and agreement of several networks along one training;
# - say why a level accuracy does not mean that nothing changes.
# ```
#
# *You need:* {doc}`05_real_data`. *Reading time:* 10 minutes.

# %% tags=["parameters"]
# The only parameter.
run: str = "default"  # the run whose networks are shown

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

from compendium import paths
from compendium.chapters import real_data
from compendium.page import figures
from compendium.page.claims import expect, report
from compendium.tables import kld_columns

figures.style()

# %% [markdown]
# ## Networks that train for too long
#
# We trained {glue:text}`g_l_networks` binary CNNs, half of them with a ReLU and half with an
# exponential first layer. They saw only {glue:text}`g_l_windows` windows, and nothing stopped them
# early. Before the first and after every epoch we measured four things on windows that they never
# trained on:
#
# - the test {term}`AUROC`;
# - the *final score* of their maps, with the length weights of {doc}`05_real_data`;
# - the {term}`original metric`;
# - their *agreement*: how much more alike the maps of two networks are on the same window than on
#   two different ones. 0 means not at all, 1 completely.
#
# The maps are of fewer windows than in {doc}`05_real_data`, so compare these scores with each other
# only. The cell averages over the networks of each activation.

# %%
epochs, _ = paths.load_table(run, "learning_epochs")
agreed, _ = paths.load_table(run, "learning_agreement")
agreed = agreed.set_index(["activation", "epoch"])
weights = real_data.load(run)[1]["weights"].set_index("k")["weight"]
ks, klds = kld_columns(epochs, "frequency")
epochs["final"] = klds @ weights.reindex(ks, fill_value=0).to_numpy()
measures = ["auroc_train", "auroc_test", "final", "kld_original"]
mean = epochs.groupby(["activation", "epoch"])[measures].mean()
mean = mean.join(agreed["agreement"])
by_kind = mean.groupby("activation")
table = {
    "untrained": by_kind.first(),
    "highest": by_kind.max(),
    "at epoch": by_kind.agg(lambda m: m.round(9).idxmax()[1]),
    "last epoch": by_kind.last(),
}
table = pd.concat({k: part.stack() for k, part in table.items()}, axis=1)
names = {
    "auroc_train": "AUROC, training windows",
    "auroc_test": "AUROC, test windows",
    "final": "final score (nats)",
    "kld_original": "original metric (nats)",
}
table.rename(index=names | figures.ACTIVATION_NAMES).rename_axis(
    ["first layer", "measure"]
).style.format(precision=3).format("{:.0f}", subset=["at epoch"])

# %% tags=["remove-output"]
fig, axes = plt.subplots(
    4, 2, figsize=(figures.WIDTH, 8), sharex=True, sharey="row"
)
for column, kind in zip(axes.T, ("relu", "exp")):
    own = epochs[epochs["activation"] == kind]
    for ax, name in zip(column, measures[1:]):
        sns.lineplot(own, x="epoch", y=name, errorbar=("pi", 100), ax=ax)
    column[0].plot(mean.loc[kind, "auroc_train"], ":", color="black")
    column[3].plot(agreed.loc[kind, "agreement"])
    low, high = agreed.loc[kind, "lowest"], agreed.loc[kind, "highest"]
    column[3].fill_between(low.index, low, high, alpha=0.2)
    column[0].set_title(figures.ACTIVATION_NAMES[kind])
    column[3].set_xlabel("epoch")
labels = ("AUROC", "final (nats)", "original (nats)", "agreement")
for ax, label in zip(axes[:, 0], labels):
    ax.set_ylabel(label)
figures.show("fig_learning")

# %% tags=["remove-cell"]
report("g_l_networks", len(epochs.groupby(["activation", "init"])), "d")
report("g_l_windows", int(epochs["windows"].iloc[0]), ",d")
report("g_l_epochs", int(epochs["epoch"].max()), "d")
for kind, part in mean.groupby("activation"):
    part = part.droplevel("activation")
    report(f"g_l_{kind}_best", part["auroc_test"].round(9).idxmax(), "d")
    report(f"g_l_{kind}_agreement_last", part["agreement"].iloc[-1], ".2f")
    report(f"g_l_{kind}_final_last", part["final"].iloc[-1], ".3f")
    above = part["final"] > part["final"].iloc[0]
    report(f"g_l_{kind}_flat", above.idxmax() - 1, "d")
report("g_l_exp_final_first", mean.loc["exp", "final"].iloc[0], ".3f")
ends = epochs.groupby(["activation", "init"])["kld_original"]
falls = ends.last() < ends.first()
report("g_l_original_falls", int(falls.sum()), "d")

# %% [markdown]
# ```{glue:figure} fig_learning
# :name: fig-learning
# :alt: Four rows of line plots against the epoch, one column for each activation, AUROC, final score, original metric and agreement. Training AUROC rises towards one while test AUROC levels off. The final score and the agreement rise later, and fall again before the end. The original metric falls from the start.
#
# Networks along their training on {glue:text}`g_l_windows` windows. Lines: mean over the networks;
# bands: lowest and highest of them, for the agreement of any two of them. Dotted: training windows.
# Epoch 0 is untrained.
# ```
#
# **Accuracy shows nothing alarming.** Training AUROC rises to 1: the networks know their windows by
# heart. Test AUROC is highest at epochs {glue:text}`g_l_relu_best` (ReLU) and
# {glue:text}`g_l_exp_best` (exponential) of {glue:text}`g_l_epochs`, and hardly lower at the end.

# %% tags=["remove-input"]
last, top = by_kind.last(), by_kind.max()
expect(
    "test AUROC is hardly lower at the end",
    (top["auroc_test"] - last["auroc_test"]).max() < 0.02,
)

# %% [markdown]
# **Explanations do change.** Agreement is highest at about the same epochs, and then falls, to
# {glue:text}`g_l_relu_agreement_last` (ReLU) and {glue:text}`g_l_exp_agreement_last` (exponential).
# Networks that predict about equally well explain themselves less alike after a longer training.

# %% tags=["remove-input"]
expect(
    "agreement falls again, and the final score with it",
    (last < top)[["agreement", "final"]].all(axis=None),
)

# %% [markdown]
# **The final score starts late and falls, too.** Until epochs {glue:text}`g_l_relu_flat` (ReLU) and
# {glue:text}`g_l_exp_flat` (exponential) its mean is no higher than for untrained networks, though they predict better than chance by then. At the end the exponential networks are back at
# {glue:text}`g_l_exp_final_last` nats, from {glue:text}`g_l_exp_final_first` untrained; those with
# ReLU keep {glue:text}`g_l_relu_final_last`. A network that predicts well can score about as low as
# one that never learnt.
#
# But the top is flat. Here is the epoch at which each single network scores highest:

# %%
columns = ["activation", "init"]
single = epochs.pivot(index="epoch", columns=columns, values="final")
peaks = single.round(9).idxmax()
peaks.rename(index=figures.ACTIVATION_NAMES).rename_axis(
    ["first layer", "start"]
).unstack()

# %% tags=["remove-cell"]
report("g_l_peak_low", int(peaks.min()), "d")
report("g_l_peak_high", int(peaks.max()), "d")

# %% [markdown]
# From one network the score would not tell when to stop.
#
# **The original metric ends below where it began.** In {glue:text}`g_l_original_falls` of
# {glue:text}`g_l_networks` networks it is lower after the last epoch than before the first, as if
# they had explained themselves best when they knew nothing. It counts only the 6-mers that lie
# wholly inside stretches of high scores. These are few, and a KLD of few counts is too high for any
# map ({doc}`06_controls`).

# %% tags=["remove-input"]
expect("the original metric falls in most networks", falls.mean() > 0.5)

# %% [markdown]
# ```{admonition} Key points
# :class: note
# - A network can keep its accuracy while its explanation becomes less consistent.
# - The final score falls in the course of a long training, and, later, the agreement of networks
#   with each other.
# - One network's score does not tell when to stop.
# ```
#
# ## Limits
#
# These are curves of one architecture on few windows. The epochs of one training are not
# independent of each other: this is a description, without a test. The highest of many epochs lies above the
# last one by chance alone, so the falls in the table are too large, and the epochs of the highest values are
# uncertain.
#
# ## Where next
#
# Back to {doc}`the front page <../book/intro>`.
