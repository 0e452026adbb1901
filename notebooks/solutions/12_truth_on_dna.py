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
# # Exercises: a truth in real DNA
#
# Two exercises on sites planted in real DNA, about 15 minutes in all: ★ changes a parameter, ★★ takes a
# few lines. Replace each `...` by your answer and run the cell. The check below it says whether the
# answer is right and, if not, what is wrong.
#
# *You need:* the chapter *Truth on real DNA*, and `lesson_data.zip` in the same folder as this
# notebook. Run the cells from the top.

# %% tags=["lesson"]
import sys

sys.path.insert(0, "lesson_data.zip")
import lesson

checks = lesson.Checks("12_truth_on_dna")

# %%
from scipy.stats import spearmanr

table = lesson.table("real_networks")
columns = [
    "task",
    "activation",
    "final",
    "kld_original",
    "snr",
    "motif_aupr",
]
table[["id", *columns]].head(3)

# %% [markdown]
# `table` has one row for each network for real DNA: its task, the activation of its first layer,
# its final score in `final` and the original metric in `kld_original`, both on accessible windows,
# and two truths at planted sites, `snr` and `motif_aupr`.
#
# ## ★ Another truth (5 minutes)
#
# *Goal:* see whether the answer depends on the truth.
#
# Here is how well the final score follows the SNR at planted sites among the networks of one task:

# %%
part = table[table["task"] == "quantitative"]
float(spearmanr(part["final"], part["snr"]).statistic)

# %% [markdown]
# - `by_snr`: a dictionary `{"binary": ..., "quantitative": ...}`; for each task the Spearman
#   correlation of `final` with `snr`.
# - `by_aupr`: the same with `motif_aupr`.
#
# <details><summary>Hint</summary>
#
# Put the two lines above into a function of the task and of the column.
#
# </details>


# %% tags=["solution"] answers=["by_snr", "by_aupr"]
tasks = ("binary", "quantitative")


def follows(truth, score="final", measure=spearmanr):
    """{task: correlation of a score with a truth}."""
    parts = {task: table[table["task"] == task] for task in tasks}
    return {
        task: float(measure(part[score], part[truth]).statistic)
        for task, part in parts.items()
    }


by_snr, by_aupr = follows("snr"), follows("motif_aupr")

# %% tags=["key"]
from scipy.stats import pearsonr

for answer, truth, other in (
    ("by_snr", "snr", by_aupr),
    ("by_aupr", "motif_aupr", by_snr),
):
    checks.expect(
        answer,
        follows(truth),
        {
            "is this Pearson's correlation? Rank first": follows(
                truth, measure=pearsonr
            ),
            "this is the original metric; take `final`": follows(
                truth, "kld_original"
            ),
            "this is the other truth": other,
            "these are all networks at once; take those of one task": dict.fromkeys(
                tasks,
                float(spearmanr(table["final"], table[truth]).statistic),
            ),
        },
        tolerance=1e-5,
    )

# %%
checks("by_snr", by_snr)
checks("by_aupr", by_aupr)

# %% [markdown]
# For which task does the answer hang on the truth? What does that say about a claim made with one of
# them?
#
# ## ★★ What the activation alone knows (10 minutes)
#
# *Goal:* find out what a high correlation among the classifiers is made of.
#
# Take the networks whose task is "binary".
#
# - `activation_only`: the Spearman correlation with `snr` of a number that is 1 for an exponential
#   first layer (`activation` is "exp") and 0 for ReLU. It knows nothing else about a network.
# - `inside`: a dictionary `{"exp": ..., "relu": ...}`; the Spearman correlation of `final` with `snr`
#   among the classifiers of each activation alone.
#
# <details><summary>Hint</summary>
#
# `(part["activation"] == "exp").astype(float)` is the number. For `inside`, choose the rows of one
# activation first.
#
# </details>


# %% tags=["solution"] answers=["activation_only", "inside"]
def number(part):
    return (part["activation"] == "exp").astype(float)


def inside_each(part, score="final"):
    """{activation: correlation of a score with SNR}."""
    return {
        kind: float(spearmanr(rows[score], rows["snr"]).statistic)
        for kind, rows in part.groupby("activation")
    }


binary = table[table["task"] == "binary"]
activation_only = float(spearmanr(number(binary), binary["snr"]).statistic)
inside = inside_each(binary)

# %% tags=["key"]
checks.expect(
    "activation_only",
    activation_only,
    {
        "is this Pearson's correlation? Rank first": float(
            pearsonr(number(binary), binary["snr"]).statistic
        ),
        "1 stands for the exponential first layer, not for ReLU": -activation_only,
        "these are all networks; take the classifiers": float(
            spearmanr(number(table), table["snr"]).statistic
        ),
        "this is the correlation of the final score": by_snr["binary"],
    },
    tolerance=1e-5,
)
checks.expect(
    "inside",
    inside,
    {
        "these are all networks; take the classifiers": inside_each(table),
        "this is the original metric; take `final`": inside_each(
            binary, "kld_original"
        ),
        "all entries are alike: choose the networks of each activation": dict.fromkeys(
            inside, by_snr["binary"]
        ),
    },
    tolerance=1e-5,
)

# %%
checks("activation_only", activation_only)
checks("inside", inside)

# %% [markdown]
# How many networks are in each of the last two correlations, and what may you conclude from so few?
# Which networks would you train to tell a score from an activation?
