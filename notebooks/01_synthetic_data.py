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
# A network that predicts well may still explain itself badly. To tell a good explanation
# from a bad one we need sequences whose right answer we know. **How do we make DNA whose
# important bases are known in advance?** We write it ourselves: short patterns that proteins
# bind go into random DNA, and we note where we put them.
#
# ```{admonition} After this chapter you can
# :class: tip
# - say what a motif is, and read a sequence logo;
# - simulate DNA with motifs at known places;
# - say what makes a sequence positive, and why one motif does not give it away;
# - describe the background that later chapters compare with: how often each k-mer occurs.
# ```
#
# *You need:* basic Python, the four letters of DNA, and what a probability is. *Reading time:*
# 10 minutes.

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
from attribution_consistency.divergence import kmer_distributions
from attribution_consistency.kmers import kmer_names
from attribution_consistency.rounding import descending, rounded
from compendium import kmer_words, paths, store
from compendium.page import figures
from compendium.page.claims import report

figures.style()

# %% [markdown]
# ## A motif is a table of probabilities
#
# A **transcription factor** is a protein that binds short stretches of DNA and raises or lowers
# the activity of genes. It tolerates variation: at some positions only one base will do,
# at others any base is fine. A **motif** records this as a table, one column for each position
# and one row for each base, that says how often each base was seen among bound sites. We take
# our motifs from the open database JASPAR {cite:p}`mathelier2016`.
#
# ```{margin} For readers new to biology
# DNA is a double strand. A stands opposite T, C opposite G, and the two strands are read in
# opposite directions. So GGAA on one strand is TTCC on the other, its *reverse complement*. A
# protein that binds a stretch can meet it on either strand.
# ```
#
# A **sequence logo** draws the table. The height of a stack of letters is the *information* of
# the column, in bits:
#
# ```{math}
# :label: eq-information
# I = 2 + \sum_{b \in \{A,C,G,T\}} p_b \log_2 p_b .
# ```
#
# Here $I$ is the information of a column, $p_b$ the probability of base $b$ in it, and $0 \log_2 0$
# counts as 0. A column that always holds the same base has 2 bits: it answers two yes-no questions,
# enough to name one of four bases. A column in which all four bases are equally likely has none.
# Inside a stack the height of each letter is in proportion to its probability.

# %%
library = motifs.load_motifs()
core = [m for m in library if m.role == "core" and m.strand == "+"]
background = [
    m for m in library if m.role == "background" and m.strand == "+"
]

# %% tags=["remove-cell"]
report("n_core", len(core), "d")
report("n_background", len(background), "d")

# %% tags=["remove-output", "hide-input"]
fig, axes = plt.subplots(
    len(core), 1, figsize=(figures.WIDTH * 0.7, 5.2), sharex=True
)
for ax, motif in zip(axes, core):
    height = motifs.information(motif.ppm)
    figures.logo(ax, motif.ppm * height[:, None], start=1)
    ax.set(ylim=(0, 2), yticks=[0, 2], xlim=(0.5, 12.5))
    ax.set_title(f"{motif.name}  ({motif.matrix_id})")
axes[-1].set(xlabel="position in the motif (nt)")
fig.supylabel("information (bits)", fontsize="medium")
figures.show("fig_motifs")

# %% [markdown]
# ```{glue:figure} fig_motifs
# :name: fig-motifs
# :alt: Five sequence logos, one above the other. In each some letters are tall and others short: GGAA stands out for Gabpa, CACGTG for MAX.
#
# The {glue:text}`n_core` core motifs of the synthetic task, as sequence logos on one strand. The
# name of the protein stands above each, with the identifier of its table. Data: JASPAR CORE
# vertebrates 2016.
# ```
#
# ## Two kinds of sequence
#
# Koo and Ploenzke designed the task {cite:p}`koo2021`. A **positive** sequence holds three to seven
# motifs, all from the core set; the same motif may come twice. A **negative** sequence holds as
# many, drawn from a larger set: {glue:text}`n_background` *background* motifs and the core ones.
# Each motif is as likely to be written forwards as in its {term}`reverse complement`. Before,
# between and after them lie **spacers**, in which every base has probability 1/4.

# %%
data = store.load(paths.Run(run).data("synthetic"))
positive = data["y"][:, 0] == 1
n_sequences, length = data["codes"].shape
catalogue = pd.DataFrame(
    data["meta"]["motifs"], columns=["matrix", "name", "role"]
)

is_core = np.isin(
    data["motif_id"], np.flatnonzero(catalogue["role"] == "core")
)
per_sequence = (data["motif_id"] >= 0).sum(axis=1)

# %% tags=["remove-cell"]
report("n_sequences", n_sequences, ",d")
report("length", length, "d")
report("n_train", (data["split"] == 0).sum(), ",d")
report("n_valid", (data["split"] == 1).sum(), ",d")
report("n_test", (data["split"] == 2).sum(), ",d")
report("mean_motifs", per_sequence.mean(), ".1f")
report("share_in_motif", data["motif_mask"].mean(), ".0%")
report("negatives_with_core", is_core[~positive].any(axis=1).mean(), ".0%")

# %% [markdown]
# The data set has {glue:text}`n_sequences` sequences of {glue:text}`length` nucleotides (nt),
# half of them positive. {glue:text}`n_train` train a network, {glue:text}`n_valid` decide during
# training when to take smaller steps, and {glue:text}`n_test` test the finished network. A
# sequence holds {glue:text}`mean_motifs` motifs on average, and {glue:text}`share_in_motif` of
# all positions are informative ones of a motif (more than 0.1 bit).
#
# ```{margin} For readers new to machine learning
# A neural network is a function with many adjustable numbers, its *weights*. *Training* shows it
# labelled sequences and changes the weights in small steps, so that its predictions come closer
# to the labels. *Test* sequences are kept away from it: only there can one see whether it learnt
# a rule or learnt its examples by heart.
# ```
#
# One core motif does not make a sequence positive: {glue:text}`negatives_with_core` of the
# *negative* sequences hold one too. A network has to notice that several core motifs stand
# together, or that a background motif is there, which no positive sequence is given.
#
# Here is one positive sequence. The upper row is the truth that we keep: the motif tables at the
# places where we planted them, drawn as logos. The lower row shows the bases that were drawn.

# %% tags=["remove-output", "hide-input"]
row = np.flatnonzero(positive)[example]
found = data["motif_id"][row] >= 0
truth = np.zeros((length, 4))
spans = []
for index, start, strand in zip(
    *(data[f"motif_{f}"][row][found] for f in ("id", "start", "strand"))
):
    motif = library[2 * index + strand]
    truth[start : start + len(motif.ppm)] = (
        motif.ppm * motifs.information(motif.ppm)[:, None]
    )
    spans.append(
        (start, start + len(motif.ppm), f"{motif.name} ({motif.strand})")
    )
shown = figures.densest_window(data["motif_mask"][row], window)

fig, (top, bottom) = plt.subplots(
    2,
    1,
    figsize=(figures.WIDTH * 1.3, 2.9),
    sharex=True,
    height_ratios=[2, 1],
)
figures.logo(top, truth[shown], shown.start, [span[:2] for span in spans])
figures.logo(
    bottom,
    sequences.codes_to_one_hot(data["codes"][row][None])[0][shown],
    shown.start,
)
for i, (start, stop, name) in enumerate(spans):
    if not shown.start < (start + stop) / 2 < shown.stop:
        continue
    top.text(
        (start + stop) / 2,
        2.1 + 0.45 * (i % 2),
        name,
        ha="center",
        fontsize=8,
    )
top.set(ylim=(0, 3), yticks=[0, 1, 2], ylabel="bits")
bottom.set(
    yticks=[], ylabel="bases", xlabel="position in the sequence (nt)"
)
figures.show("fig_sequence")
report("example_motifs", ", ".join(name for *_, name in spans))

# %% [markdown]
# ```{glue:figure} fig_sequence
# :name: fig-sequence
# :alt: Two rows along one simulated sequence. Above, the information of each position rises to 2 bits inside the planted motifs and is zero between them. Below, the drawn bases look alike everywhere.
#
# Part of one positive sequence: the planted motifs (shaded) and the bases drawn from them. The
# whole sequence holds {glue:text}`example_motifs`; + and − are the strands. By eye, the lower row
# gives little away.
# ```
#
# ## Look-alikes
#
# Some background motifs resemble a core motif, because related proteins bind related sites.
# The authors of the task removed such motifs, but not all of them. We lay each background motif
# over each core motif, at every offset and on both strands. The similarity counts informative
# columns most; 1 means identical. The table has the closest core motif of each of the most
# similar background motifs.

# %%
alike = pd.DataFrame(
    [
        (b.name, c.name, kmer_words.similarity(b.ppm, c.ppm))
        for b in background
        for c in core
    ],
    columns=["background motif", "core motif", "similarity"],
).sort_values("similarity", ascending=False, key=rounded, kind="stable")
closest = (
    alike.drop_duplicates("background motif")
    .head(10)
    .reset_index(drop=True)
)
closest.style.format({"similarity": "{:.2f}"}).hide(axis="index")

# %% tags=["remove-cell"]
report("lookalike_1", closest.loc[0, "background motif"])
report("lookalike_1_core", closest.loc[0, "core motif"])
report("lookalike_1_similarity", closest.loc[0, "similarity"], ".2f")

# %% [markdown]
# The closest pair is {glue:text}`lookalike_1` and {glue:text}`lookalike_1_core`, with a
# similarity of {glue:text}`lookalike_1_similarity`. Further down, the similarity drops by one
# large step: the pairs above it are look-alikes. They make the task harder. And when a later
# chapter names a k-mer after a core motif, remember that a look-alike may deserve the name as
# well.
#
# ## The background to compare with
#
# A **k-mer** is a word of *k* bases. The metric of this book compares two lists: how often each
# k-mer occurs in the sequences, and how often it occurs where a network looks. The first list
# is called the *uninformative prior*, because it knows nothing of the network. Here are its most
# frequent words, each with the motif that it fits best.

# %%
test_positive = (data["split"] == 2) & positive
x = sequences.codes_to_one_hot(data["codes"][test_positive])
prior = kmer_distributions(x, x, k).p
words = pd.DataFrame({"k-mer": kmer_names(k), "frequency": prior})
words["times uniform"] = words["frequency"] * 4**k
words = words.iloc[descending(words["frequency"])].reset_index(drop=True)
words["closest motif"] = [
    kmer_words.name_kmer(w, library[:10])[0].name
    for w in words["k-mer"][:10]
] + [""] * (len(words) - 10)
words.head(10).style.format(
    {"frequency": "{:.5f}", "times uniform": "{:.1f}"}
).hide(axis="index")

# %% tags=["remove-cell"]
report("prior_k", k, "d")
report("prior_kmers", 4**k, ",d")
report("prior_top", words.loc[0, "k-mer"])
report("prior_top_times", words.loc[0, "times uniform"], ".1f")
report("prior_sequences", int(test_positive.sum()), ",d")

# %% [markdown]
# There are {glue:text}`prior_kmers` different {glue:text}`prior_k`-mers. In the
# {glue:text}`prior_sequences` positive test sequences the commonest is {glue:text}`prior_top`,
# {glue:text}`prior_top_times` times as frequent as if all were equally likely. So the planted
# motifs leave a mark in the plain counts.
#
# A metric must look *beyond* this mark. A network should earn credit only where it concentrates
# on words more than the sequences themselves do.

# %% tags=["remove-output", "hide-input"]
fig, ax = plt.subplots(figsize=(figures.WIDTH, 2.8))
ax.plot(
    np.arange(1, len(words) + 1),
    words["times uniform"],
    color=figures.BLUE,
    lw=2,
)
ax.axhline(1, color="black", ls="--", lw=0.8)
ax.set(
    xscale="log",
    xlabel=f"rank of the {k}-mer",
    ylabel="frequency relative\nto uniform",
)
ax.text(1.1, 1.15, "all k-mers equally likely", fontsize=8, va="bottom")
figures.show("fig_prior")

# %% [markdown]
# ```{glue:figure} fig_prior
# :name: fig-prior
# :alt: A falling curve of k-mer frequency by rank. A few dozen k-mers are several times more frequent than uniform; most lie close to one.
#
# Frequency of every {glue:text}`prior_k`-mer in the positive test sequences, relative to the
# uniform frequency, the most frequent first. Words of planted motifs stand at the left. Dashed:
# all k-mers equally likely.
# ```
#
# ```{admonition} Key points
# :class: note
# - A motif is a table of base probabilities; its logo shows where the information is.
# - In simulated sequences we know, for each position, whether it belongs to a motif.
# - {glue:text}`negatives_with_core` of the negative sequences hold a core motif, so finding one
#   is not enough.
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
# Where the original description leaves a choice open we state ours. The positions that the motifs
# leave free are divided among the spacers in equal parts; each part is multiplied by its own
# random number between 0 and 2 and rounded, and all are drawn again until they add up.
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
