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
# # Bring your own model
#
# You have trained a network, perhaps two, and you have sequences that it has never seen. Its
# attribution maps will decide which bases somebody mutates next. **May you act on these maps, and,
# if two networks predict equally well, on whose?** This chapter takes you from a saved model and a
# FASTA file to an answer, and to a list of mutants to test, in cells that you can copy. They use
# Keras and the {doc}`public functions of the package <../book/api>`, nothing else of this book.
#
# ```{admonition} The answer
# :class: important
# Only where they beat maps that know nothing (those of other sequences, and of untrained copies of the
# network) and {term}`mutations in the computer <in-silico mutagenesis>` bear out their signs; then ask somebody
# who knows whether the words that stand out make sense. Of two models that pass, act on what both say. The higher
# score, final or recommended alike, is a tie-breaker shown on simulated DNA only.
# ```
#
# ```{admonition} After this chapter you can
# :class: tip
# - compute maps of your own model, and choose the word lengths that your sequences can carry;
# - hold a model against two controls of its own: exchanged maps and untrained copies;
# - apply a rule that was fixed before looking, and that may answer "cannot tell";
# - compare two models, and go from a trusted map to an experiment.
# ```
#
# *You need:* chapters 2 and 3. *Reading time:* 30 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose sequences are taken
n_sequences: int = 1000  # sequences, at most
windows: int = 20  # windows for each k-mer, at least, on average
draws: int = 199  # exchanges of each map
copies: int = 5  # untrained copies of each network
agree: float = 0.8  # share of the signs that must be right, at least
seed: int = 0  # seeds exchanges and untrained copies

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt
from IPython.display import Markdown, display

from compendium import paths
from compendium.chapters import your_model
from compendium.page import figures
from compendium.page.claims import percent, report
from compendium.stats import Estimate

figures.style()
files = your_model.prepare(paths.Run(run), n_sequences)
folder = files.folder

# %% tags=["remove-input"] mystnb={"markdown_format": "myst"}
if files.population == "synthetic":
    display(Markdown(your_model.NOTICE))

# %% tags=["remove-cell"]
report("y_source", your_model.SOURCES[files.population])
for name, model_id in files.ids.items():
    report(f"y_{name.lower()}", model_id)
    report(f"y_{name.lower()}_auroc", files.auroc[name], ".3f")
report("y_windows", windows, "d")
report("y_draws", draws, "d")
report("y_copies", copies, "d")

# %% [markdown]
# ## One: what you bring
#
# You bring a FASTA file and one or two models. Three files in a folder play their part here:
#
# - `sequences.fa`: {glue:text}`y_n` {glue:text}`y_source`;
# - `A.keras`: our network {glue:text}`y_a` (test AUROC {glue:text}`y_a_auroc`);
# - `B.keras`: our network {glue:text}`y_b` (test AUROC {glue:text}`y_b_auroc`).
#
# We chose two that differ in their first activation only and predict about equally well. Take sequences
# that *are* positive by the experiment and that no model was trained on, all of one length.
#
# ```{margin} For readers new to machine learning
# A *saved model* is a file with the structure of a network and the numbers it has learnt. Whoever
# trained yours can give you one. Ask also in which order it takes the bases.
# ```
#
# ```{margin} For readers new to biology
# *FASTA* is a text file: a line that starts with `>` names a sequence, the lines below it spell
# the sequence. *Accessible* DNA is DNA that proteins can reach; see {doc}`05_real_data`.
# ```

# %%
import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from attribution_consistency import exchanged_null, jackknife, one_hot

records = (folder / "sequences.fa").read_text().split(">")[1:]
headers = [record.split("\n")[0] for record in records]
x = one_hot(["".join(record.split("\n")[1:]) for record in records])
models = {
    name: keras.saving.load_model(folder / f"{name}.keras", compile=False)
    for name in ("A", "B")
}
x.shape

# %% [markdown]
# ## Two: maps, and maps that know nothing
#
# The map is the gradient of the output with respect to the one-hot sequence, as in
# {doc}`02_signal_to_noise`. Differentiate the output *before* any sigmoid. Our networks end with
# the logit; if the last layer of yours has a sigmoid, take it off first:
# `model.layers[-1].activation = keras.activations.linear`. We compute the same for
# {glue:text}`y_copies` **untrained copies** of each network: the same architecture with fresh
# random weights, which has seen no data at all. What such a copy scores, your architecture scores
# for nothing {cite:p}`adebayo2018`.
#


# %%
def gradients(model, x, output=0):
    """Gradient of one output of a Keras model, as an array like x."""
    with tf.GradientTape() as tape:
        x = tf.constant(x)
        tape.watch(x)
        y = model(x, training=False)[:, output]
    return tape.gradient(y, x).numpy()


keras.utils.set_random_seed(seed)
maps = {name: gradients(model, x) for name, model in models.items()}
fresh = keras.models.clone_model
untrained = {
    name: [gradients(fresh(model), x) for _ in range(copies)]
    for name, model in models.items()
}

# %% [markdown]
# In PyTorch, whose models mostly take the bases as the second axis, the same is
#
# ```python
# inputs = torch.tensor(x).permute(0, 2, 1).requires_grad_()  # (N, 4, L)
# model.eval()
# model(inputs)[:, 0].sum().backward()  # the logit, not the probability
# a = inputs.grad.permute(0, 2, 1).numpy()  # back to (N, L, 4)
#
# untrained = copy.deepcopy(model)
# for layer in untrained.modules():
#     if hasattr(layer, "reset_parameters"):
#         layer.reset_parameters()
# ```
#
# From here on only the arrays `x` and `a` count, both (N, L, 4) in the order A C G T. Maps of any
# other method, such as integrated gradients or DeepSHAP, go the same way.
#
# ## Three: which words can be counted?
#
# The KLD compares how much attribution each k-mer receives with how often it occurs. Where a k-mer
# has few windows, the KLD says more about the sample than about the model. So we keep only those
# lengths, from 3 to 8, that have on average {glue:text}`y_windows` windows or more for each
# possible k-mer.


# %%
def lengths(x):
    """Lengths of k-mers that these sequences can carry."""
    n, length, _ = x.shape
    share = {k: n * (length - k + 1) / 4**k for k in range(3, 9)}
    return [k for k, per_kmer in share.items() if per_kmer >= windows]


ks = lengths(x)
scores = {name: jackknife(x, a, ks) for name, a in maps.items()}
pd.concat(
    {
        name: pd.DataFrame(
            {"KLD": s.estimate, "from": s.low, "to": s.high},
            index=pd.Index(ks, name="k"),
        )
        for name, s in scores.items()
    },
    axis=1,
).style.format(precision=3)

# %% tags=["remove-cell"]
report("y_n", len(x), ",d")
report("y_lengths", ", ".join(map(str, ks)) or "none")
report("y_least", agree, percent)

# %% [markdown]
# The lengths kept are {glue:text}`y_lengths`. The table gives, for each model, the KLD in nats with
# the ends of its 95 % interval over sequences. The interval is from a {term}`jackknife`: cut the
# sequences into blocks, leave out one block after the other, and see how much the KLD moves.
#
# ## Four: the model against its own controls
#
# A KLD alone means nothing: it grows with k, and it is not zero for a map that says nothing. Two
# controls give it a scale, both made from the model in question.
#
# - **Exchanged maps**: each sequence gets the scores of another one. They are as uneven as before
#   and high at the same positions, and have lost the words. We draw {glue:text}`y_draws`; p, one
#   for the mean over the lengths, is as in chapter 3.
# - **Untrained copies** are the {glue:text}`y_copies` of the second cell. We take the paired
#   difference to each, with its interval, and count the copy that comes closest.
#
# - **Mutations.** A map may have the wrong sign: it says that a base speaks for the class, and the output
#   rises when it is changed. No score of this book sees that, since it takes absolute values. But one can
#   ask the model: change every base of some sequences, and see whether the map has the sign of what the
#   output does, at the bases that matter most. {doc}`a3_wrong_sign` shows why the share must be
#   {glue:text}`y_least` or more, and that a correlation would not do.
#
# Then we need a rule, written down before anyone sees a verdict:
#
# | verdict | when |
# |---|---|
# | *trust* | p is at most 0.05, at every length the interval of the difference lies above 0 for every copy, and the signs agree |
# | *do not trust* | p is above 0.05, or at every length the interval lies below 0 for some copy, or the signs do not agree |
# | *cannot tell* | everything else, and always when fewer than three lengths are kept |
#
# We are not blind here: the scores of A and B stood in {doc}`05_real_data` when we wrote it. For
# models of your own you can be. We also give the rule two cases whose answer we know: random numbers, and
# model A on 40 sequences, too few for three lengths, where it must abstain.
#
# The rule does not ask whether anybody knows the words. You must: a table below lists them.


# %%
def questions(x, a, controls):
    """What the rule asks, one row a length."""
    ks = lengths(x)
    own = jackknife(x, a, ks)
    over = [jackknife(x, a, ks, other=u) for u in controls]
    exchanged = exchanged_null(x, a, ks, n_draws=draws, seed=seed)
    joined = exchanged.weighted(np.full(len(ks), 1 / len(ks)))
    closest = {
        end: np.min([getattr(o, end) for o in over], axis=0)
        for end in ("estimate", "low", "high")
    }
    return pd.DataFrame(
        {
            "KLD": own.estimate,
            "low": own.low,
            "high": own.high,
            "exchanged": exchanged.null.mean(axis=0),
            "highest": exchanged.null.max(axis=0),
            "p": joined.p_value,
            "over untrained": closest["estimate"],
            "over low": closest["low"],
            "over high": closest["high"],
        },
        index=pd.Index(ks, name="k"),
    )


def sign(model, x, a, n=50, top=20):
    """Share of the bases that matter most whose sign is right."""
    x, a = x[:n], a[:n]
    effect = np.zeros(x.shape)
    for i in range(x.shape[1]):
        mutants = np.repeat(x[:, None], 4, axis=1)
        mutants[:, :, i] = np.eye(4)
        outputs = model(mutants.reshape(-1, *x.shape[1:]), training=False)
        effect[:, i] = np.reshape(outputs[:, 0], (len(x), 4))
    here, mutated = (
        ((m - m.mean(axis=-1, keepdims=True)) * x).sum(axis=-1)
        for m in (a, effect)
    )
    most = np.argsort(-np.abs(mutated).round(6), axis=1)[:, :top]
    right = np.sign(here) == np.sign(mutated)
    return np.take_along_axis(right, most, axis=1).mean()


signs = {name: sign(models[name], x, a) for name, a in maps.items()}


def verdict(table, agrees=True):
    """The rule above."""
    if len(table) < 3:
        return "cannot tell"
    p = table["p"].iloc[0]
    if p <= 0.05 and (table["over low"] > 0).all() and agrees:
        return "trust"
    worse = p > 0.05 or (table["over high"] < 0).all() or not agrees
    return "do not trust" if worse else "cannot tell"


random_map = np.random.default_rng(seed).normal(size=x.shape)
few = slice(40)
cases = {
    "A": (x, maps["A"], untrained["A"]),
    "B": (x, maps["B"], untrained["B"]),
    "random": (x, random_map, untrained["A"]),
    "A, 40 sequences": (
        x[few],
        maps["A"][few],
        [u[few] for u in untrained["A"]],
    ),
}
answers = {name: questions(*case) for name, case in cases.items()}
verdicts = {
    name: verdict(table, signs.get(name[:1], 1) >= agree)
    for name, table in answers.items()
}
columns = {
    "KLD": "KLD",
    "exchanged": "exchanged, mean",
    "p": "p",
    "over untrained": "above untrained",
    "over low": "from",
    "over high": "to",
}
pd.concat(answers, names=["maps"])[list(columns)].rename(
    columns=columns
).style.format(precision=3)

# %% tags=["remove-output", "hide-input"]
shown = ["A", "B", "random"]
fig, axes = plt.subplots(
    1, 3, figsize=(figures.WIDTH, 3.6), sharex=True, sharey=True
)
for ax, name in zip(axes, shown):
    table = answers[name]
    k = table.index.to_numpy(float)
    null = table["exchanged"]
    ax.axhline(0, color="black", lw=0.8)
    ax.errorbar(
        k - 0.08,
        table["KLD"] - null,
        yerr=[table["KLD"] - table["low"], table["high"] - table["KLD"]],
        fmt="o",
        color=figures.BLUE,
        capsize=3,
        label="the maps",
    )
    ax.scatter(
        k,
        table["highest"] - null,
        marker="_",
        s=110,
        color=figures.RED,
        label="highest of the exchanged maps",
    )
    ax.scatter(
        k + 0.08,
        table["KLD"] - table["over untrained"] - null,
        marker="x",
        s=36,
        color=figures.ORANGE,
        label="highest untrained copy",
    )
    ax.set(xlabel="k-mer length k", xticks=k)
    ax.set_title(f"{name}: {verdicts[name]}", fontsize="small")
axes[0].set_ylabel("KLD over the exchanged maps (nats)")
figures.legend_below(fig, 3)
figures.show("fig_your_controls")

# %% tags=["remove-cell"]
short = {"A": "a", "B": "b", "random": "random", "A, 40 sequences": "few"}
for name, key in short.items():
    report(f"y_{key}_verdict", verdicts[name])
for name in ("A", "B"):
    over = answers[name].set_axis(answers[name].columns.str[5:], axis=1)
    closest = over.loc[over["low"].round(9).idxmin()]
    lead = Estimate(closest["untrained"], closest["low"], closest["high"])
    report(f"y_{name.lower()}_untrained", lead, ".3f")
    report(f"y_{name.lower()}_signs", signs[name], percent)
report("y_few_lengths", len(answers["A, 40 sequences"]), "d")
report("y_exchanged_last", answers["A"]["exchanged"].iloc[-1], ".3f")
report("y_a_last", answers["A"]["KLD"].iloc[-1], ".3f")

# %% [markdown]
# ```{glue:figure} fig_your_controls
# :name: fig-your-controls
# :alt: Three panels of KLD minus the mean of exchanged maps against k-mer length, for model A, model B and random numbers. Points with intervals are the maps, a red dash the highest exchanged map, an orange cross the highest untrained copy; each panel is titled with its verdict.
#
# KLD of the maps minus the mean of their {glue:text}`y_draws` exchanges, on
# {glue:text}`y_n` sequences, reading `frequency`. Bars: 95 % jackknife intervals over sequences.
# Zero is the mean of the exchanged maps.
# ```
#
# - **Model A: {glue:text}`y_a_verdict`.** It lies far over its exchanged maps. Over the untrained copy that
#   comes closest it leads by {glue:text}`y_a_untrained` nats, and {glue:text}`y_a_signs` of the signs agree.
# - **Model B: {glue:text}`y_b_verdict`.** It leads by {glue:text}`y_b_untrained` nats, and
#   {glue:text}`y_b_signs` of the signs agree.
# - **Random numbers: {glue:text}`y_random_verdict`.** They do not differ from their exchanged copies.
# - **Model A on 40 sequences: {glue:text}`y_few_verdict`.** So few sequences can carry this many lengths:
#   {glue:text}`y_few_lengths`.
#
# At the longest k the exchanged maps of A have a KLD of {glue:text}`y_exchanged_last` nats themselves.
# Without them, the {glue:text}`y_a_last` of A would look like a larger finding than it is.
#
# ## Five: which of the two?
#
# To compare, one number a model is enough: the {term}`recommended score`, the KLD minus that of the
# exchanged maps, as a mean over the lengths 3 to 8, of which only the difference of models on the same
# windows counts. Save the maps, and one call gives it, with the interval of how far each lies below
# the first.

# %%
from attribution_consistency import score_files

saved = {**maps, "untrained": untrained["A"][0]}
for name, a in saved.items():
    np.savez(folder / f"{name}.npz", a=a)
result = score_files(
    folder / "sequences.fa",
    [folder / "A.npz", folder / "B.npz"],
    controls=[folder / "untrained.npz"],
)
result

# %%
words = result.words[result.words["model"].isin(maps)]
words = words.groupby("model").head(4)[["model", "word", "ratio", "fits"]]
words.style.format(precision=1).hide(axis="index")

# %% tags=["remove-cell"]
own = result.table[result.table["model"].isin(maps)]
higher, second = own["model"].iloc[0], own.iloc[1]
if own["rank"].nunique() == 1:
    decision = "the two cannot be ranked on these sequences"
elif verdicts[higher] == "trust":
    decision = f"take {higher}"
else:
    decision = "take neither"
ends = (second[f"below_best{end}"] for end in ("", "_low", "_high"))
report("y_gap", Estimate(*ends), ".3f")
report("y_decision", decision)

# %% [markdown]
# The second lies {glue:text}`y_gap` nats below the first. The score alone would say:
# **{glue:text}`y_decision`**. But A has an exponential first layer and B a ReLU. On real DNA the higher score
# is then {doc}`no evidence beyond the activation <11_choosing>`: act on what both models say.
#
# The second table has words that stand out: how many times more attribution they get than in exchanged maps
# (*ratio*), and the JASPAR motifs that *fit* best. Something always does: look at it.
#
# The call is the command `score`, which {doc}`../book/score_your_maps` explains:
#
# ```
# attribution-consistency score --sequences sequences.fa \
#   --attributions A.npz B.npz --controls untrained.npz --out report/
# ```
#
# **Why its verdict is not ours.** The command has maps and no model. Its *consistent words* is the first
# of our questions, whether the maps beat exchanged ones. Untrained copies and signs take the model, so
# *trust* asks more. And the command takes all lengths unless told otherwise (`--ks`).
#
# ## From a trusted map to an experiment
#
# What would you mutate? From each of some sequences we take the base that speaks most for the class,
# and ask both models what happens when it is changed. Beside it stands a *control*, a base of the same
# sequence that the map calls unimportant. We keep the mutants that both models expect to lower the output by
# more than they expect of any control.


# %%
def mutants(x, a, models, n=50):
    """The strongest and the weakest base of each of n maps, changed."""
    score = ((a - a.mean(axis=-1, keepdims=True)) * x).sum(axis=-1).round(6)
    rows = []
    for i in range(n):
        picks = {
            "mutant": score[i].argmax(),
            "control": abs(score[i]).argmin(),
        }
        for kind, place in picks.items():
            changed = np.repeat(x[[i]], 4, axis=0)
            changed[:, place] = np.eye(4)
            ref = x[i, place].argmax()
            effect = {
                name: np.ravel(model(changed, training=False)[:, 0])
                for name, model in models.items()
            }
            effect = pd.DataFrame(effect) - pd.DataFrame(effect).iloc[ref]
            alt = effect.mean(axis=1).drop(ref).idxmin()
            row = [headers[i], kind, place + 1, "ACGT"[ref], "ACGT"[alt]]
            rows.append([*row, *effect.loc[alt]])
    columns = ["sequence", "kind", "position", "ref", "alt"]
    columns += [f"effect in {name}" for name in models]
    return pd.DataFrame(rows, columns=columns)


listed = mutants(x, maps["A"], models, n=min(50, len(x)))
effects = listed.filter(like="effect")
largest = effects[listed["kind"] == "control"].abs().max()
falls = (effects < -largest).all(axis=1) & (listed["kind"] == "mutant")
agreed = listed["sequence"].isin(listed.loc[falls, "sequence"])
listed[agreed].to_csv(folder / "mutants.csv", index=False)
listed[agreed].head(6).style.format(precision=2).hide(axis="index")

# %% [markdown]
# `mutants.csv` has a row a mutant: the sequence and the position in it, counted from 1, the base that is
# there, the base to write, and by how much the logit of A and of B changes. A mutant inside a motif that you
# know is worth more than one in a word that nobody knows. If the cells answer to mutants and controls alike,
# the map was wrong.
#
# ```{admonition} Key points
# :class: note
# - Choose the lengths by how many windows each k-mer has, before you look at any score.
# - A map is to be trusted only where it beats its controls, exchanged maps and untrained copies.
# - Fix the rule first, let it say "cannot tell", and try it on cases whose answer you know.
# - Ask the model by mutations whether its maps have the right sign; no score sees that.
# - Compare two models on the same sequences, by the interval of their difference. On real DNA rely on what
#   both say.
# ```
#
# ## Both pass: what now?
#
# 1. *Consistent words* for both: neither map is noise.
# 2. Look the words up in a database of motifs (JASPAR, for example with Tomtom of the MEME suite; the
#    column `fits` is a start), and check the signs by mutating.
# 3. The higher score breaks ties. This is shown on simulated DNA only.
# 4. On real DNA, and with models of quantities, rely on what both models agree on.
# 5. Test it: order mutants, and controls.
#
# *Cannot tell*: score more sequences, or fewer lengths. *No evidence*: do not act on these maps. See whether
# maps and sequences are in one order and the right output was explained; then train again.
#
# ## Limits
#
# "Trust" is a short word for a narrow statement: the map keeps pointing at the same words, far more
# than chance and an untrained network do. It does not say that the words are right. A network
# that consistently follows an artefact of the experiment passes: {doc}`06_controls` shows such maps, and
# that known motifs and data from elsewhere warn where the score cannot.
#

# The limits 0.05, {glue:text}`y_windows` windows and three lengths are conventions, and so is
# "every length". {glue:text}`y_copies` untrained copies show roughly what an architecture gives,
# not its extremes. The intervals speak of sequences, not of another training: had you trained A
# once more, its score would differ. They also assume that blocks of sequences are independent,
# which overlapping windows are only in part. Saliency is one kind of map; another kind may get
# another verdict.
#
# And the rule judges the maps together: a model whose maps are random at most sequences can still pass, as
# the last exercise shows.
#
# ## Exercises
#
# Work on them in the {doc}`student notebook <exercises/09_your_model>`
# (<a href="../exercises/09_your_model.ipynb" download>download</a>; `make lab` copies all of them into
# `my_exercises`). It checks your answers and, when one is wrong, says why.
#
# 1. ★ *Change a parameter.* Take 200 sequences, then 80. Which lengths are kept, and what becomes
#    of the verdict?
# 2. ★★ *Write a few lines.* Hand the rule an untrained copy as if it were a model, with the other
#    copies as its controls. What does it say, and what should it say?
# 3. ★★★ *Extend the method.* Replace the map of A by random numbers at more and more of the
#    sequences. From which share on does the rule stop trusting it?
#
# ## Where next
#
# Copy the cells in view and the parameters of the first cell; put
# `from pathlib import Path; folder = Path("my_files")` before them, and your files into that
# folder. What the columns of the report mean is in {doc}`../book/columns`; what to do when
# something goes wrong in {doc}`../book/questions`.
#
# ## With another parameter
#
# The first command runs this chapter alone and opens its page; the second does the same with plain papermill:
#
# ```
# .venv/bin/python -m compendium chapter 09_your_model n_sequences=200
# .venv/bin/papermill results/default/notebooks/09_your_model.ipynb \
#   again.ipynb -p n_sequences 200
# ```
