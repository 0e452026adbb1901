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
# # Exercises: which length?
#
# Three exercises on the weights of the k-mer lengths, about 40 minutes in all: ★ changes a
# parameter, ★★ takes a few lines, ★★★ extends the method. Replace each `...` by your answer. The
# check after it says whether the answer is right and, if not, what is wrong with it.
#
# *You need:* the fourth chapter. Start JupyterLab with `make lab`, open `my_exercises`, and run
# the cells from the top.

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are used
seed: int = 0  # seeds the splits

# %%
import matplotlib.pyplot as plt
import numpy as np

from attribution_consistency.maps import READINGS
from compendium import paths, tables
from compendium.page import figures
from compendium.page.exercises import Checks
from compendium.stand_ins import learnt_length_weights
from compendium.stats import spearman

figures.style()
checks = Checks(run, "04_length_scaling")
table, _ = paths.load_scores(run, "synthetic")
table = table[(table["status"] == "ok") & (table["snr"] > 0)].reset_index(
    drop=True
)
snr = table["snr"].to_numpy()
groups = tables.configuration(table).to_numpy()
ks, klds = tables.kld_columns(table, "frequency")

# %% [markdown]
# `table` has one row for each network with a positive SNR, `snr` (M,) its signal-to-noise ratio,
# `klds` (M, K) its KLD at each length in `ks`.
#
# ## ★ Another reading (5 minutes)
#
# The chapter learns the weights under the reading `frequency`. Do they move to longer or shorter
# words under the others?


# %%
def learnt(reading):
    """Mean weight of each length in `ks`, learnt under a reading."""
    ks, klds = tables.kld_columns(table, reading)
    options = {"groups": groups, "seed": seed}
    return learnt_length_weights(klds, snr, ks, reading, **options).mean


dict(zip(ks, learnt("frequency").round(3)))

# %% tags=["answer"]
# average: {reading: mean length, weighted by the weights} for frequency, instance, per_sequence.
average = ...

# %%
checks("average", average)

# %% [markdown]
# Equal weights would give the middle of the lengths. How far from it are the learnt ones? And what
# did it cost in the chapter to do without them?
#
# ## ★★ One kind of network at a time (10 minutes)
#
# A pooled correlation partly compares kinds of network. Take equal weights,
# `klds.mean(axis=1)`, and correlate this score with SNR among the networks with an exponential
# first layer alone, and among those with ReLU alone.

# %% tags=["answer"]
# inside: {"all": ..., "exp": ..., "relu": ...}, Spearman correlations: spearman(...).value;
# the column "activation" tells exp from relu.
inside = ...

# %%
checks("inside", inside)

# %% [markdown]
# If the correlations inside are smaller than the pooled one, what did the pooled one measure?
#
# ## ★★★ Let the lengths share the work (25 minutes)
#
# The paper weighs each length by what it explains *alone*. But KLDs of neighbouring lengths say
# nearly the same. Fit all lengths together: a linear model of log SNR on an intercept and the K
# columns of `klds`, least squares (`np.linalg.lstsq`). Predict each network from a fit to the
# networks of all *other configurations* (`groups` names them: networks of its own configuration
# differ from it in the initialisation only), and see whether the predictions rank the networks
# better than equal weights.

# %% tags=["target", "remove-input"] mystnb={"image": {"alt": "Scatter plot of the signal-to-noise ratio of each network against its prediction from all lengths, by leaving its configuration out, with a dashed line of equality."}}
checks.target("together")

# %% tags=["answer"]
# predicted: (M,), log SNR of each network as a fit to all other configurations predicts it.
# gain: Spearman correlation of `predicted` with SNR, minus that of equal weights.
predicted = ...
gain = ...

# %%
checks("predicted", predicted)
checks("gain", gain)

# %% tags=["answer"]
# Draw the figure: figures.against(ax, table.assign(p=np.exp(predicted)), "p", "snr", ...)

# %% [markdown]
# With so few configurations, what does a model with an intercept and a slope for each length risk?
# What would you need to know before you believe a gain, or a loss, of this size?
