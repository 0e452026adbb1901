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
# # Sequences with a known answer
#
# A network that predicts well may still explain itself badly. To tell a good explanation from a bad
# one we need sequences whose right answer we know. **How do we make DNA whose important bases are
# known in advance?**
#
# ```{admonition} The answer
# :class: important
# We write it ourselves: short patterns that proteins bind, {term}`motifs <motif>`, go into random DNA
# at places that we note. A sequence is *positive* when its motifs were drawn from a chosen set only. One of
# that set is not enough: {glue:text}`negatives_with_core` of the other, *negative* sequences hold at least
# one.
# ```
#
# ```{admonition} After this chapter you can
# :class: tip
# - say what a motif is, and read a sequence logo;
# - say what makes a sequence positive, and why one motif does not give it away;
# - describe the background that later chapters compare with: how often each k-mer occurs.
# ```
#
# *You need:* basic Python, the four letters of DNA, and what a probability is. *Reading time:*
# 15 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose sequences are shown
example: int = 0  # which positive sequence to draw, counted from 0
window: int = 90  # positions drawn
k: int = 6  # length of the k-mers counted at the end

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution_consistency import motifs, sequences
from attribution_consistency.kmers import kmer_names
from attribution_consistency.rounding import descending
from compendium import kmer_words, paths, store
from compendium.page import figures
from compendium.page.claims import expect, percent, report

figures.style()

# %% [markdown]
# ## A motif is a table of probabilities
#
# A **transcription factor** is a protein that binds short stretches of DNA and raises or lowers
# the activity of genes. It tolerates variation: at some positions only one base will do,
# at others any base is fine. A **motif** records this as a table, one column for each position
# and one row for each base, that says how often each base was seen among bound sites. Our
# motifs come from the open database JASPAR {cite:p}`mathelier2016`.
#
# A **sequence logo** draws the table. Here are the {glue:text}`n_core` *core* motifs of our task.

# %% tags=["remove-output"]
library = motifs.load_motifs()  # each motif twice, once for each strand
core = [m for m in library if m.role == "core" and m.strand == "+"]

fig, axes = plt.subplots(len(core), 1, figsize=(5, 5.2), sharex=True)
for ax, motif in zip(axes, core):
    height = motifs.information(motif.ppm)  # bits, one number a column
    figures.logo(ax, motif.ppm * height[:, None], start=1)
    ax.set(ylim=(0, 2), yticks=[0, 2], xlim=(0.5, 12.5), title=motif.name)
axes[-1].set_xlabel("position in the motif")
fig.supylabel("information (bits)", fontsize="medium")
figures.show("fig_motifs")

# %% tags=["remove-cell"]
background = {m.name for m in library if m.role == "background"}
report("n_core", len(core), "d")
report("n_background", len(background), "d")

# %% [markdown]
# ```{glue:figure} fig_motifs
# :name: fig-motifs
# :alt: Five sequence logos, one above the other. In each some letters are tall and others short: GGAA stands out for Gabpa, CACGTG for MAX.
#
# The core motifs as sequence logos, each under the name of the protein that binds it. Data: JASPAR
# CORE vertebrates 2016.
# ```
#
# The height of a stack of letters is the *information* of the column, in bits:
#
# ```{math}
# :label: eq-information
# I = 2 + \sum_{b \in \{A,C,G,T\}} p_b \log_2 p_b .
# ```
#
# Here $p_b$ is the probability of base $b$ in the column, and $0 \log_2 0$ counts as 0. A column that
# always holds the same base has 2 bits: it answers two yes-no questions, enough to name one of four
# bases. A column in which all four bases are equally likely has none. Inside a stack the height of
# each letter is in proportion to its probability.
#
# ```{margin} For readers new to biology
# DNA is a double strand. A stands opposite T, C opposite G, and the two strands are read in
# opposite directions. So GGAA on one strand is TTCC on the other, its *reverse complement*. A
# protein that binds a stretch can meet it on either strand.
# ```
#
# ## Two kinds of sequence
#
# Koo and Ploenzke designed the task {cite:p}`koo2021`. A **positive** sequence holds three to seven
# motifs, all from the core set; the same motif may come twice. A **negative** sequence holds as
# many, drawn from a larger set: the core motifs and {glue:text}`n_background` *background* motifs.
# Now and then chance draws core motifs only; such a sequence still counts as negative, because the label
# says from which set its motifs were drawn. Each motif is as likely to be written forwards as in its
# {term}`reverse complement`. Before, between and after the motifs lie **spacers**, in which all four
# bases are equally likely.
#
# Here is one positive sequence. The upper row is the truth that we keep: the motif tables at the
# places where we planted them. The lower row shows the bases that were drawn.

# %%
data = store.load(paths.Run(run).data("synthetic"))
positive = data["y"][:, 0] == 1
row = np.flatnonzero(positive)[example]
bases = sequences.codes_to_one_hot(data["codes"][[row]])[0]

truth, planted = np.zeros(bases.shape), {}
for which, start, strand in zip(
    *(data[f"motif_{key}"][row] for key in ("id", "start", "strand"))
):
    if which >= 0:  # -1 fills up sequences of fewer than seven motifs
        motif = library[2 * which + strand]
        stop = start + len(motif.ppm)
        bits = motifs.information(motif.ppm)[:, None]
        truth[start:stop] = motif.ppm * bits
        planted[start, stop] = f"{motif.name} ({motif.strand})"

# %% tags=["remove-output"]
shown = figures.densest_window(data["motif_mask"][row], window)
fig, axes = plt.subplots(2, 1, figsize=(7, 2.8), sharex=True)
figures.logo(axes[0], truth[shown], shown.start, planted)
figures.logo(axes[1], bases[shown], shown.start)
for i, ((start, _), name) in enumerate(planted.items()):
    height = 2.1 + 0.5 * (i % 2)  # neighbours at two heights
    axes[0].text(start, height, name, fontsize=9, clip_on=True)
axes[0].set(ylim=(0, 3.1), yticks=[0, 1, 2], ylabel="bits")
axes[1].set(yticks=[], ylabel="bases", xlabel="position in the sequence")
figures.show("fig_sequence")

# %% [markdown]
# ```{glue:figure} fig_sequence
# :name: fig-sequence
# :alt: Two rows along one simulated sequence. Above, the information of each position rises to 2 bits inside the planted motifs and is zero between them. Below, the drawn bases look alike everywhere.
#
# Part of one positive sequence: the planted motifs (shaded), with + and − for the strand, and the
# bases drawn from them. By eye, the lower row gives little away.
# ```
#
# What tells the classes apart? We count the core motifs of each sequence. Each column of the table
# says which shares of a class hold none, one, two and so on.

# %%
is_core = np.isin(data["motif_id"], range(len(core)))  # numbered first
label = np.where(positive, "positive", "negative")
counted = pd.crosstab(
    is_core.sum(axis=1), label, normalize="columns", colnames=[None]
)
counted.rename_axis("core motifs").reset_index().style.format(
    percent, subset=["negative", "positive"]
).hide(axis="index")

# %% tags=["remove-cell"]
report("n_sequences", len(positive), ",d")
report("length", data["codes"].shape[1], "d")
report("n_test", (data["split"] == 2).sum(), ",d")
report("share_in_motif", data["motif_mask"].mean(), ".0%")
report("negatives_with_core", is_core[~positive].any(axis=1).mean(), ".0%")

# %% [markdown]
# One core motif does not make a sequence positive: {glue:text}`negatives_with_core` of the
# *negative* sequences hold one or more. A network has to notice that several core motifs stand
# together, or that a background motif is there, which never happens in a positive sequence.
#
# Some background motifs even resemble a core motif, because related proteins bind related sites:
# CEBPG resembles CEBPB, and Arnt resembles MAX. The authors of the task removed such *look-alikes*,
# but not all of them. So when a later chapter names a word after a core motif, a look-alike may
# deserve the name as well.
#
# ```{margin} For readers new to machine learning
# A neural network is a function with many adjustable numbers, its *weights*. *Training* shows it
# labelled sequences and changes the weights in small steps, so that its predictions come closer
# to the labels. *Test* sequences are kept away from it: only there can one see whether it learnt
# a rule or learnt its examples by heart.
# ```
#
# The whole data set has {glue:text}`n_sequences` sequences of {glue:text}`length` bases, half of
# them positive. {glue:text}`share_in_motif` of all positions are *informative*: a motif lies there, and
# its column has more than 0.1 bit. We keep {glue:text}`n_test` sequences apart to test the finished networks. Most of the
# others train them; the rest serve to check, during training, whether a network still improves.
#
# ## The background to compare with
#
# A **k-mer** is a word of *k* bases. The metric of this book compares two lists: how often each
# k-mer occurs in the sequences, and how often it occurs where a network looks. The first list
# is called the *uninformative prior*, because it knows nothing of the network. We count it in the
# positive test sequences. Here are its most frequent words, each with the core motif that it fits
# best.

# %%
test_positive = positive & (data["split"] == 2)
index, _ = kmer_words.kmer_indices(data["codes"][test_positive], k)
count = np.bincount(index.ravel(), minlength=4**k)

words = pd.DataFrame(
    {"k-mer": kmer_names(k), "times the mean": count / count.mean()}
)
words = words.iloc[descending(count)[:8]].reset_index(drop=True)
words["core motif"] = [
    kmer_words.name_kmer(word, library[:10])[0].name
    for word in words["k-mer"]
]
words.style.format(precision=1).hide(axis="index")

# %% tags=["remove-cell"]
report("prior_k", k, "d")
report("prior_top", words.loc[0, "k-mer"])
report("prior_top_times", words.iloc[0, 1], ".1f")

# %% tags=["remove-input"]
expect("the commonest word is far above the mean", words.iloc[0, 1] > 3)

# %% [markdown]
# The commonest {glue:text}`prior_k`-mer, {glue:text}`prior_top`, is {glue:text}`prior_top_times`
# times as frequent as {glue:text}`prior_k`-mers are on average. So the planted motifs leave a mark
# in the plain counts, and a metric must look *beyond* this mark: a network should earn credit only
# where it concentrates on words more than the sequences themselves do.
#
# ```{admonition} Key points
# :class: note
# - A motif is a table of base probabilities; its logo shows where the information is.
# - In simulated sequences we know, for each position, whether it belongs to a motif.
# - Positive is what drew its motifs *only* from the core ones. {glue:text}`negatives_with_core` of the
#   negative sequences hold a core motif, so finding one is not enough.
# - The prior, the k-mer frequencies of the sequences themselves, is the background against
#   which every network will be compared.
# ```
#
# ## Limits
#
# Real regulatory DNA is not like this. Between its motifs the bases are not random, its motifs
# interact, and nobody knows its truth. The simulation answers one question only: *if* a truth of
# this kind exists, does a metric notice which network found it?
#
# A planted position is not a needed one. At a position of low information the drawn base may be
# almost any, and a word of a motif can arise in a spacer by chance. The truth says where we
# planted, not what the sequence would lose without it.
#
# The original description does not say how long each spacer is. In ours the positions that the
# motifs leave free are shared out at random.
#
# ## Exercises
#
# Work on them in the {doc}`student notebook <exercises/01_synthetic_data>`
# (<a href="../exercises/01_synthetic_data.ipynb" download>download</a>; `make lab` copies all of them into
# `my_exercises`). It checks your answers and, when one is wrong, says why.
#
# 1. ★ *Change a parameter.* Which share of the positions lies in motifs if the sequences are half
#    as long, or twice as long?
# 2. ★★ *Write a few lines.* How many bits does each core motif carry? Compute
#    {eq}`eq-information` yourself.
# 3. ★★★ *Extend the method.* Classify the test sequences without a network, by how well the core
#    motifs fit. Does it help to know which motifs should *not* be there?
#
# ## Where next
#
# The next chapter takes networks that were trained on these sequences, asks them which bases
# matter, and measures how well their answers match what we planted.
#
# ## With another parameter
#
# The first command runs this chapter alone and opens its page; the second does the same with plain papermill:
#
# ```
# .venv/bin/python -m compendium chapter 01_synthetic_data k=5
# .venv/bin/papermill results/default/notebooks/01_synthetic_data.ipynb \
#   again.ipynb -p k 5
# ```
