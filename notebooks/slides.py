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

# %% tags=["parameters"]
run: str = "default"  # the run whose networks are shown
window: int = 80  # positions of the sequence that opens the class
matched_within: float = 0.01  # largest AUROC difference of the two networks
example: int = 0  # which positive sequence shows its planted motifs
motif: str = "MAX"  # the core motif that is shown as a table
k: int = 6  # length of the words in the scatter plot
draws: int = 99  # exchanges of the map of network A
seed: int = 0  # of the exchanges, the arbitrary words and the bootstrap

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.text import Text

from attribution_consistency import motifs, sequences, signal_to_noise
from attribution_consistency.maps import (
    gradient_correction,
    position_scores,
)
from attribution_consistency.rounding import descending
from compendium import paths, store
from compendium.chapters import load_tables
from compendium.chapters import signal_to_noise as two_maps
from compendium.page import figures
from compendium.page.claims import expect, report
from compendium.spans import spans

figures.style()
LETTERS = 17.5  # points: an inch of a figure is 100 pixels of a slide
WIDE, BESIDE = 11.5, 7.05  # inches; of a figure with words beside it
sizes = ("axes.label", "axes.title", "xtick.label", "ytick.label")
plt.rcParams.update({f"{part}size": LETTERS for part in sizes})
plt.rcParams.update({"font.size": LETTERS, "legend.fontsize": LETTERS})
plt.rcParams.update({"figure.dpi": 200, "savefig.dpi": 200})
plt.rcParams.update({"lines.linewidth": 3, "lines.markersize": 9})
A, B = figures.ORANGE, figures.BLUE  # colours of the two networks


def show(name, **given):
    """Keep a figure for the slides, unless some words are too small."""
    words = plt.gcf().findobj(lambda artist: isinstance(artist, Text))
    small = [w.get_text() for w in words if w.get_fontsize() < LETTERS]
    assert not any(small), f"too small for a slide: {small}"
    figures.show(name, **given)


def dots(ax, table, x, xlabel):
    """Networks: SNR against one of their scores, coloured by activation."""
    for activation, colour in figures.ACTIVATION_COLOURS.items():
        part = table[table["activation"] == activation]
        label = figures.ACTIVATION_NAMES[activation]
        marker = figures.ACTIVATION_MARKERS[activation]
        look = {"color": colour, "edgecolor": "white", "lw": 0.6}
        ax.scatter(
            part[x], part["snr"], 90, marker=marker, label=label, **look
        )
    ax.set_xlabel(xlabel)
    ax.locator_params(axis="x", nbins=5)


def signed(form):
    """Writes numbers with a real minus sign."""
    return lambda number: format(number, form).replace("-", "−")


# %% The two networks of chapter 2, and what their maps say
table, _ = paths.load_scores(run, "synthetic")
table = table[table["status"] == "ok"].reset_index(drop=True)
pair = two_maps.matched_pair(table, "snr", matched_within)
chosen = table.set_index("id").loc[list(pair)]
data = store.load(paths.Run(run).data("synthetic"))
maps = {n: paths.read_maps(run, "synthetic", i) for n, i in zip("AB", pair)}
rows = maps["A"]["rows"]
x = sequences.codes_to_one_hot(data["codes"][rows])
inside, spacer = data["motif_mask"][rows], data["spacer_mask"][rows]
gradient = {n: gradient_correction(m["a"]) for n, m in maps.items()}
both = np.array([(a * x).sum(axis=2) for a in gradient.values()])

# %%
ratios = np.array(
    [
        signal_to_noise(x, m["a"], motif_mask=inside, spacer_mask=spacer)
        for m in maps.values()
    ]
)
row, part, _ = two_maps.choose(both, ratios, ~spacer, window)
drawn = two_maps.drawn(both[:, row], spacer[row], x[row], part)


def two_rows(truth):
    """Both maps of the sequence as letters; with the truth if wanted."""
    fig, axes = plt.subplots(2, 1, figsize=(WIDE, 4.3), sharex=True)
    shaded = spans(~spacer[row]) if truth else ()
    for ax, name, column in zip(axes, "AB", ("clear", "noisy")):
        letters = x[row][part] * drawn[[column]].to_numpy()
        figures.logo(ax, letters, part.start, shaded)
        if truth:
            noise = drawn[drawn[f"{column}_noise"]]
            at = noise["position"], noise[column]
            ax.plot(*at, "k", marker=7, ms=11, lw=0)
        ax.set_ylim(top=1.25 * drawn[column].max())
        ax.set(yticks=[], ylabel=name, xticks=[])
        ax.yaxis.label.set(rotation=0, size=34, weight="bold", va="center")
        ax.yaxis.labelpad = 26
        ax.spines[["left", "bottom"]].set_visible(False)
    return fig


# %%
two_rows(truth=False)
show("slide_vote", data=drawn)
two_rows(truth=True)
show("slide_truth", data=drawn)
for name, auroc in zip("ab", chosen["auroc"]):
    report(f"talk_auroc_{name}", auroc, ".3f")

# %% [markdown] slideshow={"slide_type": "slide"} minutes=6
# ## Which one would you trust?
#
# ![The maps of two networks, A and B, on one sequence, drawn as letters: taller where a base matters more, upwards for the class, downwards against it.](glue:slide_vote)
#
# Two networks, one sequence. Test AUROC: {glue:text}`talk_auroc_a` and {glue:text}`talk_auroc_b`. **Vote: A or B?**

# %% [markdown] slideshow={"slide_type": "notes"}
# Say what is drawn, and no more: each letter is a base of the sequence, its height how much the
# network says that it speaks for the class; below the line, against. AUROC is the chance that a
# random positive sequence is ranked above a random negative one.
#
# Let everybody vote before anybody speaks. Write the numbers down. Then ask two people of each
# camp for their reason, without comment. Keep the votes for slide 5.

# %%
table_of = next(
    m
    for m in motifs.load_motifs()
    if m.name == motif and m.role == "core" and m.strand == "+"
).ppm
bits = motifs.information(table_of)
fig, axes = plt.subplots(
    2, 1, figsize=(WIDE, 4.4), sharex=True, height_ratios=(1.1, 1)
)
figures.logo(axes[0], table_of * bits[:, None], start=1)
axes[0].set(ylim=(0, 2.05), yticks=[0, 1, 2], ylabel="bits")
axes[1].imshow(table_of.T, cmap="Blues", vmin=0, vmax=1.4, aspect="auto",
               extent=(0.5, len(bits) + 0.5, 3.5, -0.5))  # fmt: skip
for (at, base), share in np.ndenumerate(table_of):
    colour = "white" if share > 0.7 else "black"
    axes[1].text(
        at + 1, base, f"{share:.0%}", ha="center", va="center", color=colour
    )
axes[1].set(yticks=range(4), yticklabels="ACGT", xlabel="position")
axes[1].set_xticks(range(1, len(bits) + 1))
axes[1].spines[:].set_visible(False)
axes[1].tick_params(length=0)
show("slide_motif")

# %% [markdown] slideshow={"slide_type": "slide"} minutes=4
# ## A motif is a table
#
# ![The motif MAX as a logo, whose middle reads CACGTG, and below it the table that it draws: how often each base stands at each position.](glue:slide_motif)
#
# Tall: the protein insists on this base. Low: any base will do.

# %% [markdown] slideshow={"slide_type": "notes"}
# The table says how often each base was seen at each position of sites that the protein binds. The
# logo draws it: the height of a stack is the information of its column, at most 2 bits, two yes-no
# questions.
#
# Let a student read the logo aloud. Ask: what is a column in which all four bases are equally
# frequent worth? (Nothing: no bits.) Ask: how would this motif read on the other strand? (The same:
# CACGTG is its own reverse complement.)

# %%
library = motifs.load_motifs()
planted_row = np.flatnonzero(data["y"][:, 0] == 1)[example]
bases = sequences.codes_to_one_hot(data["codes"][[planted_row]])[0]
truth, planted = np.zeros(bases.shape), {}
for which, start, strand in zip(
    *(data[f"motif_{of}"][planted_row] for of in ("id", "start", "strand"))
):
    if which >= 0:  # -1 fills up sequences of fewer than seven motifs
        found = library[2 * which + strand]
        stop = start + len(found.ppm)
        heights = motifs.information(found.ppm)[:, None]
        truth[start:stop] = found.ppm * heights
        planted[start, stop] = found.name
seen = figures.densest_window(data["motif_mask"][planted_row], 60)
fig, axes = plt.subplots(2, 1, figsize=(WIDE, 3.7), sharex=True)
figures.logo(axes[0], truth[seen], seen.start, planted)
figures.logo(axes[1], bases[seen], seen.start)
for number, ((start, stop), name) in enumerate(planted.items()):
    if seen.start <= start and stop <= seen.stop:
        height = 2.1 + 0.55 * (number % 2)
        axes[0].text(start - 0.5, height, name)
axes[0].set(ylim=(0, 3.2), yticks=[0, 2], ylabel="bits")
axes[1].set(yticks=[], ylabel="drawn", xticks=[])
axes[1].spines[["left", "bottom"]].set_visible(False)
show("slide_planted")

# %% [markdown] slideshow={"slide_type": "slide"} minutes=4
# ## DNA with a known answer
#
# ![Above, motifs at the places where they were planted; below, the bases that were drawn from them and from random spacers, in which nothing stands out.](glue:slide_planted)
#
# - Positive: core motifs only.
# - Negative: any motifs; {glue:text}`negatives_with_core` hold a *core* one, too.
#
# **Where is the trap?**

# %% [markdown] slideshow={"slide_type": "notes"}
# Above: the truth that we keep. Below: what the network gets to read. Between the motifs all bases
# are equally likely.
#
# The trap: one core motif does not make a sequence positive. A network has to see that several
# stand together, or that a motif is there that never stands in a positive sequence. So finding
# *one* motif is not enough to predict well, and a network may predict well for reasons that its map
# does not show as motifs.

# %%
best = int(np.where(inside[row], both[0, row], -np.inf).argmax())
near = slice(max(0, best - 7), max(0, best - 7) + 15)
names = list(sequences.decode(x[[row]])[0][near])
fig, axes = plt.subplots(
    3, 1, figsize=(BESIDE, 5), sharex=True, height_ratios=(1, 1, 1)
)
grid = {"aspect": "auto", "extent": (-0.5, len(names) - 0.5, 3.5, -0.5)}
axes[0].imshow(x[row, near].T, cmap="Greys", vmax=1.4, **grid)
values = gradient["A"][row, near]
most = np.abs(values).max()
axes[1].imshow(values.T, cmap="RdBu_r", vmin=-most, vmax=most, **grid)
figures.logo(axes[2], x[row, near] * both[0, row, near, None])
axes[0].set_ylabel("$X$", rotation=0, labelpad=20, va="center")
axes[1].set_ylabel("$A$", rotation=0, labelpad=20, va="center")
axes[2].set_ylabel("$s$", rotation=0, labelpad=20, va="center")
for ax in axes:
    ax.yaxis.label.set_size(26)
    ax.set(xticks=[], yticks=range(4) if ax is not axes[2] else [])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
for ax in axes[:2]:
    ax.set_yticklabels("ACGT")
show("slide_gradient")

# %% [markdown] slideshow={"slide_type": "slide"} minutes=5 layout="side"
# ## Asking a network why
#
# ![Three rows along fifteen bases: X has one dark field at each position, A is red and blue in all four rows, s keeps of A what lies at the base that is there, drawn as letters.](glue:slide_gradient)
#
# <div>
#
# $$s_i = \sum_c X_{ic}\,\underbrace{\frac{\partial f(X)}{\partial X_{ic}}}_{A_{ic}}$$
#
# - $X$: the sequence, 0 or 1
# - $f$: the logit of the network
# - $s_i$: how much base $i$ speaks for the class
#
# </div>

# %% [markdown] slideshow={"slide_type": "notes"}
# One formula, three rows. X is the sequence as the network reads it: one 1 at each position. A is the
# gradient: how much the output would move if one entry of X moved a little; red up, blue down. The
# score s keeps, at each position, the entry of the base that is there.
#
# It is a stretch of the sequence of the vote, under network A. Some will recognise a motif: let them keep it to
# themselves until the next slide.
#
# For those who ask: we differentiate the logit, since the probability hardly moves where the network
# is sure; and from the four entries of A at a position we subtract their mean, because no sequence
# shows what happens when all four rise together.
#
# Ask: is this the effect of a mutation? (No. It is a slope at one place; a mutation is a step.)

# %% [markdown] slideshow={"slide_type": "slide"} minutes=6
# ## Signal and noise
#
# ![The two maps of the vote again, with the planted motifs shaded and triangles over the tallest letters outside them. A marks a whole motif; in B the tall letters lie outside.](glue:slide_truth)
#
# SNR = mean score in the motifs (shaded) ÷ mean of the ten tallest outside (▼)

# %% [markdown] slideshow={"slide_type": "notes"}
# The picture of the vote, now with the truth. Compare it with the votes on the board: who was
# right, and for which reason?
#
# Signal: the mean score over all motif positions. Noise: the mean of the ten tallest positive letters
# outside, the places where a reader would most likely see a motif that is not there. The numbers
# are means over {glue:text}`n_mapped` sequences, not of this one: B is the lower one on
# {glue:text}`share_lower` of them.
#
# Say that the two networks are an extreme pair, chosen to show that such pairs exist.

# %% slideshow={"slide_type": "notes"}
expect("A marks more of the motifs than B", chosen["snr"].iloc[0] > 1)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **SNR of A: {glue:text}`pair_clear_snr` · of B: {glue:text}`pair_noisy_snr`**

# %%
published, _ = paths.load_scores(run, "koo")
published = published[published["status"] == "ok"]
fig, axes = plt.subplots(1, 2, figsize=(WIDE, 4.3), sharey=True)
for ax, some in zip(axes, (table, published)):
    dots(ax, some, "auroc", "test AUROC")
    figures.snr_axis(ax)
axes[0].scatter(
    chosen["auroc"], chosen["snr"], 330, color="none", edgecolor="black"
)
for name, at in zip("AB", chosen[["auroc", "snr"]].to_numpy()):
    axes[0].annotate(name, at, (-22, 8), textcoords="offset points")
axes[0].set(title="our networks", ylabel="SNR")
axes[1].set_title("networks of another group")
axes[1].legend(loc="lower right", handletextpad=0)
show("slide_accuracy")

# %% [markdown] slideshow={"slide_type": "slide"} minutes=4
# ## Does accuracy choose?
#
# ![Two scatter plots of signal-to-noise ratio against test AUROC, one point a network, ours on the left, of another group on the right. Both clouds rise and are wide. A and B are ringed, at nearly equal AUROC.](glue:slide_accuracy)
#
# A hint, no more: among our {glue:text}`top_quarter` most accurate, SNR differs {glue:text}`top_snr_ratio`-fold.

# %% [markdown] slideshow={"slide_type": "notes"}
# Before you explain: let them find A and B, and two networks of equal accuracy and very different
# SNR in either panel.
#
# The rank correlation of AUROC and SNR is {glue:text}`auroc_snr` for ours and
# {glue:text}`auroc_snr_published` for the others (in brackets the 95 % interval). Part of it rests
# on the {glue:text}`n_negative` networks of negative SNR. So accuracy tells something, and leaves
# most open.
#
# If somebody asks: the axis of SNR is logarithmic above 0.5 and pressed together below zero.

# %% [markdown] slideshow={"slide_type": "slide"} minutes=20 layout="words"
# ## Your turn
#
# In pairs: `02_signal_to_noise.ipynb`
#
# - ★ Why the *ten* tallest? Change it.
# - ★★ Which share of the attribution falls on motifs?
#
# **First write down what you expect.**

# %% [markdown] slideshow={"slide_type": "notes"}
# Fifteen minutes of work, five of discussion. The notebooks are in the class file that you sent; each
# answer is checked, and a wrong one is told why.
#
# Go round. Thirty minutes would be comfortable, so do not wait for all: after fifteen minutes take the
# two exercises together. ★: ten is a compromise; more leaves many sequences without an SNR. ★★: which
# choice decides, absolute scores or signed ones? ★★★ is homework.
#
# Without computers: let pairs write on paper what else than a ratio could measure a map, then collect.

# %%
from scipy.special import rel_entr

from attribution_consistency.divergence import kmer_distributions
from attribution_consistency.kmers import kmer_names

words = np.array(kmer_names(k))
seen_words = kmer_distributions(x, maps["A"]["a"], k)
p, q = seen_words.p, seen_words.q
adds = rel_entr(q, p)
best = descending(adds)[:6]
fig, ax = plt.subplots(figsize=(BESIDE, 5))
ax.scatter(p, q, 14, color=figures.GREY, alpha=0.4, lw=0, rasterized=True)
ax.scatter(p[best], q[best], 80, color=figures.RED, lw=0)
line = {"arrowstyle": "-", "color": figures.RED, "lw": 1}
for rank, word in enumerate(best[descending(q[best])]):
    ax.annotate(
        words[word],
        (p[word], q[word]),
        (0.03, 0.95 - 0.085 * rank),
        textcoords="axes fraction",
        family="monospace",
        va="center",
        arrowprops=line,
    )
ends = np.array([p[p > 0].min(), q.max()])
ax.plot(ends, ends, color="black", lw=1.5, ls="--")
ax.set(xscale="log", yscale="log", ylim=(1e-5, 2.5 * q.max()))
ax.set(xlabel="$p$: share of the words", ylabel="$q$: share of attribution")
show("slide_words")

# %% [markdown] slideshow={"slide_type": "slide"} minutes=3 layout="side"
# ## No truth? Count words
#
# ![A cloud of words of six bases: attribution-weighted frequency against frequency, for network A. Six labelled words, CACGTG on top, lie far above the dashed diagonal.](glue:slide_words)
#
# <div>
#
# $$\mathrm{KLD} = \sum_{\text{words}} q \,\log\frac{q}{p}$$
#
# - $p$: a word's frequency
# - $q$: its share of attribution
#
# Same words again and again: $q$ far from $p$.
#
# </div>

# %% [markdown] slideshow={"slide_type": "notes"}
# On real DNA nobody has the shading. What is left? A network that has found something points at the
# same words in many sequences.
#
# Each point is a word. To the right: frequent in the sequences. Up: much attribution under it. On the
# dashed line a word gets as much as its frequency. The labelled words add most to the sum. Ask: which
# motif is CACGTG? (Slide 2.)
#
# The Kullback–Leibler divergence adds up how much more attribution each word gets than it occurs. It is
# zero when the two lists agree. Its unit, with the natural logarithm, is the nat.


# %%
def thousandths(shares):
    """Shares in whole thousandths that add up to one."""
    cut = np.floor(1000 * shares)
    left = round(1000 - cut.sum())
    cut[descending(1000 * shares - cut)[:left]] += 1
    return cut / 1000


board = kmer_distributions(x, maps["A"]["a"], 1)
p1, q1 = thousandths(board.p), thousandths(board.q)
terms = rel_entr(q1, p1).round(4)
board_table = pd.DataFrame(
    {"p": p1, "q": q1, "q log(q/p)": terms}, index=list("ACGT")
)
board_table.loc["sum"] = board_table.sum()
later = pd.DataFrame("", board_table.index, board_table.columns)
later["q log(q/p)"] = "fragment"
later.loc["sum", "q log(q/p)"] = "fragment total"
report("talk_board_sum", terms.sum(), ".4f")
report("talk_six", adds.sum(), ".2f")

# %% [markdown] slideshow={"slide_type": "slide"} minutes=6 layout="words"
# ## A divergence on the board
#
# Words of one base, network A, natural logarithm:

# %% [markdown] slideshow={"slide_type": "notes"}
# Write p and q of the four words on the board, and let each quarter of the room compute one line: the
# natural logarithm of q ÷ p, times q. Then uncover the column, then the sum:
# {glue:text}`talk_board_sum` nats.
#
# Ask: why are some lines negative, and can the sum be? (Never: it is zero only when the lists agree.)
# Ask: what would it be if all attribution fell on G? (−log p of G, about 1.3: the surprise of meeting G.)
#
# Then: one base says almost nothing. Words of six bases give {glue:text}`talk_six` for the same network.

# %% slideshow={"slide_type": "-"}
board_table.style.format("{:.3f}").format(
    signed("+.4f"), subset=["q log(q/p)"]
).set_td_classes(later)

# %%
from attribution_consistency import constant_floor, exchanged_null

ks = list(range(3, 9))
tests = {
    n: exchanged_null(x, m["a"], ks, n_draws=draws, seed=seed)
    for n, m in maps.items()
}
floor = constant_floor(x, ks)


def against_k(floored):
    """KLD against k of both networks; with the constant map if wanted."""
    ax = plt.figure(figsize=(BESIDE, 4.9)).add_subplot()
    for (name, test), colour in zip(tests.items(), (A, B)):
        ax.plot(ks, test.observed, "o-", color=colour)
        at = ks[-1] + 0.15, test.observed[-1]
        ax.text(
            *at, name, size=26, weight="bold", color=colour, va="center"
        )
    if floored:
        ax.plot(ks, floor, "k:")
        ax.text(ks[-1] + 0.15, floor[-1], "constant", va="center")
    ax.set(xlabel="length of the words, $k$", ylabel="KLD (nats)")
    ax.set(xticks=ks, xlim=(2.8, 9.4 if floored else 8.7), ylim=(0, None))


against_k(floored=False)
show("slide_lengths")
against_k(floored=True)
show("slide_floor")
report("talk_floor_8", floor[-1], ".2f")

# %% [markdown] slideshow={"slide_type": "slide"} minutes=2 layout="side"
# ## Words of three to eight bases
#
# ![KLD against the length of the words, from 3 to 8, for networks A and B. Both lines rise; A lies above B at every length.](glue:slide_lengths)
#
# <div>
#
# - Short: seen often, say little.
# - Long: say much, seen rarely.
#
# The score takes all lengths, with nearly equal weights.
#
# </div>

# %% [markdown] slideshow={"slide_type": "notes"}
# Nobody knows how long the right word is. The method learns a weight for each length from networks
# whose truth is known; they come out between {glue:text}`l_weight_min` and
# {glue:text}`l_weight_max`, where one sixth is 0.167. So equal weights come to nearly the same.
#
# Ask: why does the KLD rise with k for *every* network? Collect guesses; the next slide has a part of
# the answer.

# %% slideshow={"slide_type": "notes"}
expect(
    "A lies above B at every length",
    (tests["A"].observed > tests["B"].observed).all(),
)

# %% [markdown] slideshow={"slide_type": "slide"} minutes=3 layout="side"
# ## A map that says nothing
#
# ![The same lines for A and B, and a dotted one below them for a constant map, which rises from nearly zero with the length of the words.](glue:slide_floor)
#
# <div>
#
# Same score everywhere, and yet not zero: **the floor**.
#
# Common words rise for *any* map.
#
# Compare on the same sequences only.
#
# </div>

# %% [markdown] slideshow={"slide_type": "notes"}
# The dotted line is a map with the same score at every base. It points nowhere, and reaches
# {glue:text}`talk_floor_8` nats at k = 8.
#
# Why: the method multiplies the frequency of a word by the attribution under all its instances. A
# frequent word has more instances, so its frequency counts twice: q is in proportion to p². The planted
# words are frequent, so they rise for any map.
#
# The floor depends on the sequences and on their number. So two networks are compared on the same
# sequences, or not at all.

# %%
scores_a = position_scores(x, maps["A"]["a"])
part_of = slice(88, 108)
share = scores_a[:, part_of].sum(axis=1) / scores_a.sum(axis=1)
three = descending(share)[:3]
letters = [list(sequences.decode(x[[n]])[0][part_of]) for n in three]
fig, axes = plt.subplots(3, 2, figsize=(WIDE, 3.5), sharex=True)
tracks = scores_a[three, part_of]
colours = (figures.ORANGE, figures.GREEN, figures.PURPLE)
for column, order in enumerate(([0, 1, 2], [1, 2, 0])):
    for ax, bases_of, track in zip(axes[:, column], letters, order):
        height = tracks[track] / tracks[track].max()
        ax.bar(range(len(height)), height, 1, color=colours[track])
        for at, base in enumerate(bases_of):
            ax.text(at, -0.32, base, ha="center", va="center")
        ax.set(xticks=[], yticks=[], ylim=(-0.6, 1.05))
        ax.spines[:].set_visible(False)
axes[0, 0].set_title("the maps as they are")
axes[0, 1].set_title("exchanged: the wrong sequences")
show("slide_exchange")

# %%
equal = np.full(len(ks), 1 / len(ks))
weighted = {name: test.weighted(equal) for name, test in tests.items()}
for name, test in weighted.items():
    # Rounded before they are subtracted, as somebody would on the board.
    kld, null = np.round([test.observed, test.null.mean()], 3)
    report(f"talk_kld_{name.lower()}", kld, ".3f")
    report(f"talk_null_{name.lower()}", null, ".3f")
    report(f"talk_excess_{name.lower()}", kld - null, ".3f")

# %% [markdown] slideshow={"slide_type": "slide"} minutes=4
# ## What chance looks like
#
# ![Three sequences with the scores of network A as bars, on the left each under its own scores, on the right each under those of another one: the bars stand over other words.](glue:slide_exchange)
#
# **Excess** = KLD − its mean over exchanges
#
# A: {glue:text}`talk_kld_a` − {glue:text}`talk_null_a` = **{glue:text}`talk_excess_a`** · B: {glue:text}`talk_kld_b` − {glue:text}`talk_null_b` = **{glue:text}`talk_excess_b`**

# %% [markdown] slideshow={"slide_type": "notes"}
# Each sequence gets the scores of another one, drawn at random, position by position. Everything about
# the scores survives, how tall they are and where, except that they lie over other bases. What the KLD
# is *then* owes nothing to the bases.
#
# We do that {glue:text}`null_draws` times. If a map knows nothing of the bases, its own KLD is one
# of these; with r of B exchanges at least as high, p = (1 + r) ÷ (1 + B). No exchange reaches A or B.
#
# The difference is the excess, the score that we recommend: a map that points nowhere gets zero on
# average. Ask: what if the word stands at the same place in all sequences? (Then the map exchanges into
# itself: this null cannot see it.)

# %% slideshow={"slide_type": "notes"}
expect(
    "no exchange reaches A or B",
    max(test.p_value for test in weighted.values()) <= 1 / (1 + draws),
)

# %%
fig, axes = plt.subplots(1, 2, figsize=(WIDE, 4.2), sharey=True)
for ax, some in zip(axes, (table, published)):
    dots(
        ax, some, "consistency_frequency", "score (nats), without the truth"
    )
    figures.snr_axis(ax)
axes[0].set(title="our networks", ylabel="SNR, with the truth")
axes[1].set_title("networks of another group")
axes[1].legend(loc="lower right", handletextpad=0)
show("slide_follows")

# %% [markdown] slideshow={"slide_type": "slide"} minutes=3
# ## Does it follow the truth?
#
# ![Two scatter plots of signal-to-noise ratio against the final score, one point a network, ours on the left, of another group on the right. Both clouds rise and are narrow.](glue:slide_follows)
#
# **On simulated DNA, yes.** Rank correlation, ours: {glue:text}`primary_final`;
# <br>of the other group, trained without us: {glue:text}`i_all_snr_final`.

# %% [markdown] slideshow={"slide_type": "notes"}
# Up: the signal-to-noise ratio, which needs the truth. Along: the final score, which does not. Compare
# with the clouds of slide 6.
#
# The metric that it extends reaches {glue:text}`primary_original` on our networks; the difference is
# {glue:text}`primary_difference`. In brackets: 95 % intervals.
#
# A pooled correlation also compares *kinds* of networks. Inside a kind of the other group's networks it is
# {glue:text}`i_within_snr_final`.

# %%
from attribution_consistency import consistency, kmer_klds
from attribution_consistency.weights import length_weights_from
from compendium.chapters import controls_maps

weights = length_weights_from(
    paths.read_json(paths.Run(run).length_weights)["frequency"]
)
arbitrary = controls_maps.wrong_words(x, np.random.default_rng(seed))
judged = {"network A": maps["A"]["a"], "a liar": arbitrary}
fooled = pd.DataFrame(index=judged, columns=["final score", "excess"])
for name, m in judged.items():
    test = exchanged_null(x, m, ks, n_draws=draws, seed=seed)
    final = consistency(kmer_klds(x, m, ks), weights)
    fooled.loc[name] = final, test.excess.mean()

# %%
fig, axes = plt.subplots(2, 1, figsize=(WIDE, 2.9), sharex=True)
for ax, (name, m) in zip(axes, judged.items()):
    for first, last in spans(~spacer[row]):
        ax.axvspan(first - 0.5, last - 0.5, color=A, alpha=0.25, lw=0)
    height = position_scores(x[[row]], m[[row]])[0]
    ax.bar(range(len(height)), height, width=1, color=figures.BLUE)
    ax.set_title(name)
    ax.set(yticks=[], xticks=[], xlim=(-1, len(height)))
    ax.spines["left"].set_visible(False)
show("slide_fooled")
# %% [markdown] slideshow={"slide_type": "slide"} minutes=4
# ## A map that fools the score
#
# ![Scores along one sequence with the motifs shaded. Those of network A rise inside the motifs. Those of the liar are blocks of equal height, scattered without regard to the motifs.](glue:slide_fooled)
#
# The liar marks {glue:text}`c_words` arbitrary words, wherever they stand. **Which scores higher?**

# %% [markdown] slideshow={"slide_type": "notes"}
# Let them vote before you uncover the numbers. The words of the liar were drawn by lot, without a look at
# any motif. It is perfectly consistent, and wrong.
#
# Such a map outranks {glue:text}`c_consistency_frequency_words` of the trained networks on the final
# score, and {glue:text}`c_excess_words` on the excess.
#
# No formula of maps and sequences alone can shut it out: in a cell that reads just these
# {glue:text}`c_words` words, the same map would be right. Which words matter is a fact about the cell.

# %% slideshow={"slide_type": "notes"}
expect("the liar has a high final score", fooled.iloc[1, 0] > 0.5)

# %% slideshow={"slide_type": "fragment"}
fooled.style.format("{:.2f}")

# %%
planted_truth = load_tables("implants", run)[0]["networks"]
real, _ = paths.load_scores(run, "gm12878_dnase")
own = real.columns.difference(planted_truth.columns).union(["id"])
real = real.loc[real["status"] == "ok", own].merge(planted_truth, on="id")
fig, axes = plt.subplots(1, 2, figsize=(WIDE, 3.9))
titles = {"binary": "accessible or not", "quantitative": "how accessible"}
for ax, (task, title) in zip(axes, titles.items()):
    some = real[real["task"] == task]
    dots(ax, some, "consistency_frequency", "score (nats)")
    ax.set_title(title)
axes[0].set_ylabel("SNR, planted sites")
axes[0].legend(loc="upper left", handletextpad=0)
show("slide_real")

# %% [markdown] slideshow={"slide_type": "slide"} minutes=4
# ## And on real DNA?
#
# ![Two scatter plots of signal-to-noise ratio at planted sites against the score. Left, classifiers: two groups, exponential ones higher on both axes. Right, networks that predict how accessible: no trend.](glue:slide_real)
#
# - Left: {glue:text}`d_binary_final`. But the activation *alone* reaches {glue:text}`d_activation`.
# - Right: {glue:text}`d_quantitative_final`. **No relation shown.**

# %% [markdown] slideshow={"slide_type": "notes"}
# Nobody knows the truth on real DNA. So motifs were written into closed windows that no network had
# seen, beside shuffled copies of them.
#
# Ask first: cover the colours, what do you see on the left? Then uncover: the two colours are the two
# activations of the first layer. Inside one of them {glue:text}`d_within` is left: too few networks to
# tell.
#
# Among networks that predict how accessible a window is, the score may follow nothing, and the original
# metric is ahead by this truth. Say plainly: this is a negative result, and the book states it as its
# answer. All maps are weak here: the best motif AUPR is {glue:text}`d_aupr_max`, where a half is chance.

# %% [markdown] slideshow={"slide_type": "slide"} minutes=5 layout="words"
# ## Live: score two maps
#
# ```
# attribution-consistency score --example --out report
# ```
#
# Open `report/report.html`. Write down:
#
# 1. which model scores higher, and by how much
# 2. its p
# 3. its first word
#
# **Then: what does the report *not* say?**

# %% [markdown] slideshow={"slide_type": "notes"}
# Before class, in the folder of the repository: `pip install .`, or put `.venv/bin/` before the commands. Run
# both of them once: the first time something is compiled; after that each takes about six seconds. A folder
# that holds a report is not overwritten unless you add `--force`.
#
# *Minute 1.* Type the command: two maps of the same sequences, which come with the package. Open the report. Its
# box has the answer.
#
# *Minute 2.* The verdict rests on p, from exchanged maps; the ranking on the score, and on the interval of the
# difference.
#
# *Minute 3.* The words: CACGTG again, with the motifs that it fits. Look-alikes fit as well.
#
# *Minute 4.* Lay the first map over the wrong sequences, each over its neighbour's, and let them guess the verdict:
#
# ```
# cp src/attribution_consistency/resources/examples/*.npz .
# python -c "import numpy as np; a = np.load('exponential.npz')['a']; np.savez('wrong.npz', a=np.roll(a, 1, axis=0))"
# attribution-consistency score --sequences sequences.npz --attributions exponential.npz wrong.npz --out wrong
# ```
#
# No evidence of consistent words, and an excess near zero: what slide 12 did by hand.
#
# *Minute 5.* What does the report not say? Whether the words are right, and whether their sign is.
#
# No computer in the room: the report is a figure of the book's page *Score your maps in ten minutes*.

# %%
from compendium.choosing import candidates, pairs_won

shown = {"final": "score", "accuracy": "accuracy"}
groups = candidates(run, list(shown), planted_truth)
named = (
    "our\nnetworks",
    "another\ngroup",
    "real:\naccessible?",
    "real:\nhow much?",
)
fig, ax = plt.subplots(figsize=(WIDE, 4.2))
for number, networks in enumerate(groups.values()):
    won, _ = pairs_won(
        networks.scores,
        networks.truth,
        networks.accuracy,
        networks.alike,
        within=0.005,
        draws=1000,
        seed=seed,
    )
    for offset, colour, (score, label) in zip(
        (-0.12, 0.12), (figures.BLUE, figures.GREY), shown.items()
    ):
        bet, at = won[score], number + offset
        label = label if number == 0 else None
        ax.plot(at, bet.value, "o", ms=13, color=colour, label=label)
        ax.vlines(at, bet.low, bet.high, color=colour)
ax.axhline(0.5, color="black", ls="--", lw=1.5)
ax.text(3.45, 0.52, "coin", ha="right")
ax.set(xticks=range(4), yticks=[0, 0.5, 1], ylim=(0, 1.04))
ax.set_xticklabels(named)
ax.set_yticklabels(["0 %", "50 %", "100 %"])
ax.set(ylabel="bets won", xlim=(-0.4, 3.5))
ax.legend(loc="lower left", ncol=2, handletextpad=0)
show("slide_bets")

# %% [markdown] slideshow={"slide_type": "slide"} minutes=2
# ## Choosing among models
#
# ![Share of bets won by the score and by accuracy in four groups of networks. The score wins most bets in the two simulated groups and among classifiers of real DNA; among networks that predict how accessible, its interval holds a half.](glue:slide_bets)
#
# Of two equally accurate networks, keep the one with the higher score:
# <br>that pays on simulated DNA, and is **not shown** to pay on real DNA.

# %% [markdown] slideshow={"slide_type": "notes"}
# A bet: of two networks that are equally accurate, does the one with the higher score have the higher
# SNR? On our networks it does in {glue:text}`v_zoo_final` of the pairs, among those of another group in
# {glue:text}`v_published_final`. Two trainings are enough for the choice to pay.
#
# On real DNA: {glue:text}`v_binary` among classifiers, which is their activation again, and
# {glue:text}`v_quantitative` among the others, where a coin is as good. There, rely on what two networks
# agree on, on known motifs, and on mutations.

# %% [markdown] slideshow={"slide_type": "slide"} minutes=2 layout="words"
# ## Consistent is not correct
#
# An artefact: one word written into the positive sequences.

# %% [markdown] slideshow={"slide_type": "notes"}
# A real case of a liar: three words, one at a time, were written into every positive sequence, and networks
# trained on these. Means over the words. They learn the word as if it were a motif: better accuracy on their
# own data, a higher score, and hardly any signal at the true motifs. On sequences without the word their
# AUROC falls to {glue:text}`c_away_auroc`.
#
# Two more things that the score cannot see: the sign, because it takes absolute values, and words that always
# stand at the same place, because then the map exchanges into itself.
#
# What tells? A list of known motifs, mutations in the cell, data from elsewhere.

# %% slideshow={"slide_type": "-"}
spurious = load_tables("controls_spurious", run)[0]["networks"]
spurious = spurious[spurious["sequences"] == "with"].groupby("share")
means = spurious[["auroc", "snr", "final"]].mean().loc[[0.0, 1.0]]
means.columns = ["AUROC", "SNR", "score"]
means.index = ["trained without it", "trained with it"]
means.style.format(signed(".2f"))

# %% slideshow={"slide_type": "notes"}
expect(
    "the word raises the score and lowers SNR",
    means["score"].is_monotonic_increasing and means["SNR"].iloc[1] < 1,
)

# %% [markdown] slideshow={"slide_type": "-"}
# Not seen either: the **sign**; words at a **fixed place**.

# %% [markdown] slideshow={"slide_type": "slide"} minutes=1 layout="words"
# ## Take home
#
# - Accuracy does not vouch for an explanation.
# - Where you can plant the truth, measure against it.
# - Where not, measure consistency, against chance.
# - **Consistent is not correct.**

# %% [markdown] slideshow={"slide_type": "notes"}
# One sentence each, no more. Then the last slide, on which students write.

# %% [markdown] slideshow={"slide_type": "slide"} minutes=2 layout="question"
# ## Exit question
#
# **Name a map that scores high and is wrong.**
#
# How would you notice?

# %% [markdown] slideshow={"slide_type": "notes"}
# On paper, one minute, handed in at the door. Good answers name a map *and* say what it is consistent
# about: arbitrary words, an adapter or a repeat, a map of the wrong sign. Better ones say what else has to
# come in to notice: known motifs, mutations, an experiment, training without the artefact.
