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
# # Consistency is not correctness
#
# A good explanation raises the score. **What else raises the score: what fools it?** Like any instrument, a
# metric must be tried where there is nothing to measure. So we show it maps that know nothing of
# motifs, and networks that learnt nothing, and look where they land among trained networks.
#
# ```{admonition} The answer
# :class: important
# Wrong words fool every score. A map that points at {glue:text}`c_words` arbitrary words gets a higher
# {term}`final score` than {glue:text}`c_consistency_frequency_words` of the trained networks, and a higher
# {term}`recommended score` than {glue:text}`c_excess_words`. Noise fools the {term}`original metric` and a few
# tall spikes the final score; neither, nor scores shifted along the sequence, fools the recommended score on
# average.
# ```
#
# ```{admonition} After this chapter you can
# :class: tip
# - build a map that keeps one virtue of a good map and lacks all others;
# - say which control fools which score, and why;
# - choose between scores by a rule that was fixed before looking;
# - name three things that the score cannot see.
# ```
#
# *You need:* the first four chapters. *Reading time:* 25 minutes.

# %% tags=["parameters"]
run: str = "default"  # the run whose results are shown
network: str = "bn-exp-standard-00"  # whose maps are controlled
shown: int = 0  # the sequence that is drawn
exchanged: int = 5  # maps of each random control whose excess is computed
draws: int = 1000  # bootstrap samples of configurations
seed: int = 0  # seeds the bootstrap and the maps of the gallery

# %% tags=["remove-cell"]
from compendium.chapters import controls_summary, load_tables, tell_origin
from compendium.page import figures
from compendium.page.claims import expect, percent, report
from compendium.stats import Estimate
from compendium.tables import by_length

figures.style()

# %% tags=["remove-input"] mystnb={"markdown_format": "myst"}
tables, origin = load_tables("controls", run)
tell_origin("controls", origin)

# %% tags=["remove-cell"]
maps = tables["maps"].query("population == 'synthetic'").fillna({"id": ""})
real = controls_summary.control_rows(maps, "network")
n = int(real["n"].iloc[0])
report("c_network", network)
report("c_networks", len(real), "d")
report("c_sequences", n, ",d")
report("c_draws", int(maps["draw"].max()) + 1, "d")
report("c_exchanged", exchanged, "d")
report("c_words", controls_summary.WORDS, "d")

# %% [markdown]
# ## A gallery of maps that should not win
#
# A {term}`control` keeps one thing that a score may reward and drops the rest.
#
# - **Rotated:** the scores of a real map, moved round each sequence by a random offset. As uneven
#   as before, in the wrong place.
# - **Random spike:** 1 at eight neighbouring positions, 0 elsewhere; where it stands is random.
#   Concentrated, whatever the bases are.
# - **Noise:** a random number for every base.
# - **Arbitrary words:** 1 wherever one of {glue:text}`c_words` words of six letters stands. The
#   words are drawn without a look at the motifs. Perfectly *consistent*, and wrong.
# - **The words in noise:** the same, hidden in noise that adds up to as much as they do.
#
# ```{margin} For readers new to biology
# A protein that binds one word also binds similar ones, so the words of a real motif resemble each
# other. Those of this control do not.
# ```
#
# Here they are for the network {glue:text}`c_network`:

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from compendium.chapters import controls, controls_maps
from compendium.paths import Run, load_scores, read_json, read_maps
from compendium.rotation import rotated
from compendium.spans import spans

x, masks = controls.sequences(Run(run), "synthetic", network, n)
a = read_maps(run, "synthetic", network)["a"][:n]
rng = np.random.default_rng(seed)
words = controls_maps.wrong_words(x, rng)
gallery = {
    network: a,
    "rotated": rotated(x, a, rng),
    "random spike": controls_maps.spikes(x, rng),
    "noise": rng.normal(size=x.shape),
    "arbitrary words": words,
    "the words in noise": controls_maps.in_noise(x, words, rng),
}

# %% [markdown]
# Three scores judge them: the {term}`original metric`, the {term}`final score`, and the
# {term}`recommended score`. For the last one, each sequence is given the map of another. The KLD that
# is left after this exchange owes nothing to the bases, and is subtracted: what remains is the
# {term}`excess`.

# %%
from attribution_consistency import consistency, kmer_klds, thresholded_kld
from attribution_consistency.maps import position_scores
from attribution_consistency.nulls import exchanged_klds
from attribution_consistency.weights import length_weights_from

ks, _ = by_length(maps, "kld_frequency")
learnt = read_json(Run(run).length_weights)["frequency"]
weights = length_weights_from(learnt)


def final(m):
    """The final score of maps on the sequences `x`."""
    return consistency(kmer_klds(x, m, ks), weights)


def excess(m, **options):
    """The recommended score: KLD less the KLD of exchanged maps."""
    klds = exchanged_klds(x, m, ks, **options)
    return (klds[0] - klds[1:].mean(axis=0)).mean()


# %% tags=["remove-output"]
fig, axes = plt.subplots(
    len(gallery), figsize=(figures.WIDTH, 6.5), sharex=True
)
for ax, (name, m) in zip(axes, gallery.items()):
    for first, last in spans(masks["motif_mask"][shown]):
        ax.axvspan(first - 0.5, last - 0.5, color="orange", alpha=0.2)
    score = position_scores(x, m)[shown]
    ax.bar(range(len(score)), score, 1, color=figures.BLUE, lw=0)
    scores = [thresholded_kld(x, m), final(m), excess(m)]
    values = "original {:.2f}   final {:.2f}   recommended {:.2f}"
    values = values.format(*np.round(scores, 2) + 0)
    ax.set_title(name, loc="left", fontsize="medium")
    ax.set_title(values, loc="right", fontsize="medium")
    ax.set_yticks([])
axes[-1].set_xlabel("position (nt)")
figures.show("fig_control_maps")

# %% [markdown]
# ```{glue:figure} fig_control_maps
# :name: fig-control-maps
# :alt: Six bar charts of position score along one sequence, each with its three scores. The map of the network is high inside the shaded motifs, its rotated copy outside them, the spike is one block, noise is everywhere, the arbitrary words are scattered blocks, and under noise they stand out a little. The arbitrary words have the highest scores, or nearly so.
#
# Position scores of one sequence under the map of {glue:text}`c_network` and under five controls, with
# the scores (in nats) of each map on all {glue:text}`c_sequences` sequences. Shaded: planted motifs.
# Each row has its own scale.
# ```
#
# ## Where do they land among trained networks?
#
# A number in nats says little by itself. We say that a control *outranks* a network when it scores
# higher on the same sequences. How many of {glue:text}`c_networks` trained networks, one of each
# configuration, does a control outrank?
#
# We also break networks, for Adebayo and colleagues {cite:p}`adebayo2018` ask of any explanation
# whether it changes when the model is broken. Ours are trained on **shuffled labels**, or have
# their trained **weights permuted**, or are **untrained**.
#
# ```{margin} For readers new to machine learning
# Shuffling the labels cuts every link between sequence and class. Whatever the maps of such a
# network still show comes from its architecture, its training and the sequences, not from the
# task.
# ```

# %%
trained = {
    ("network", i): read_maps(run, "synthetic", i)["a"][:n]
    for i in real["id"]
}
measured = [
    which | {"excess": excess(m, **options)}
    for which, m, options in controls.control_maps(x, trained, exchanged)
    if m.any()
]
scored = maps.merge(pd.DataFrame(measured), how="left")

# %%
outranked = controls_summary.outranked_table(scored)
shade = "background: rgba(230, 120, 30, {:.2f})".format
outranked.rename(
    index=controls_summary.CONTROLS, columns=controls_summary.METRICS
).style.format(percent).map(lambda share: shade(0.5 * share))

# %% tags=["remove-cell"]
words_final = controls_summary.outranked(
    scored, "consistency_frequency", "words"
)
on_dna = tables["maps"].query("population != 'synthetic'")
broken = outranked.loc[["labels", "weights", "untrained"]].max(axis=None)
alone = outranked.loc[["rotated", "spike", "noise"]]
for name, share in {
    "c_kld_original_words": outranked.at["words", "kld_original"],
    "c_kld_original_noise": outranked.at["noise", "kld_original"],
    "c_consistency_frequency_words": words_final.mean(),
    "c_words_least": words_final.min(),
    "c_words_most": words_final.max(),
    "c_excess_words": outranked.at["words", "excess"],
    "c_consistency_frequency_spike": alone.at[
        "spike", "consistency_frequency"
    ],
    "c_broken": broken,
    "c_real_noise": controls_summary.share_outranked(
        on_dna, "kld_original", "noise"
    ),
    "c_real_spike": controls_summary.share_outranked(
        on_dna, "consistency_frequency", "spike"
    ),
}.items():
    report(name, share, percent)

# %% [markdown]
# The table has the share of trained networks that a control outranks, as a mean over its maps:
# {glue:text}`c_draws` of a random control (a single word and the recommended score: the first
# {glue:text}`c_exchanged`). What the recommended score says of broken networks was not computed.

# %% tags=["remove-input"]
expect(
    "noise outranks more networks than spikes do on the original metric, "
    "the other way round on the final score; on the recommended none does",
    alone.idxmax()[["kld_original", "consistency_frequency"]].tolist()
    == ["noise", "spike"]
    and alone["excess"].max() == 0,
)
expect(
    "the words outrank more than one network in twenty on every score, "
    "a single word all networks, and broken networks few",
    outranked.loc["words"].min() > 0.05
    and outranked.loc["word"].min() == 1
    and broken < 0.1,
)

# %% [markdown]
# - **Noise fools the original metric**: it outranks {glue:text}`c_kld_original_noise` of the
#   networks. The metric counts only the highest tenth of each map, and a KLD of few words is high
#   whatever they are.
# - **Spikes fool the final score**, if not often: they outrank
#   {glue:text}`c_consistency_frequency_spike`. Whatever is concentrated has a KLD.
#   On real DNA they outrank {glue:text}`c_real_spike` of our networks, and noise
#   {glue:text}`c_real_noise` on the original metric.
# - **Neither fools the recommended score on average.** Here, in our zoo, spikes, noise and rotated maps
#   outrank no network, five maps of each. Single maps elsewhere may, see below.
# - **Arbitrary words fool all three.** They outrank {glue:text}`c_kld_original_words` on the original
#   metric, {glue:text}`c_consistency_frequency_words` on the final score
#   ({glue:text}`c_words_least` to {glue:text}`c_words_most`, as the words are drawn) and
#   {glue:text}`c_excess_words` on the recommended score. The fewer words, the more consistent: a map that
#   points at a *single* arbitrary word outranks every network on every score. Hidden in noise, words still
#   outrank a few, more on the recommended score than on the final one.
# - **Broken networks fool neither** the original metric nor the final score. They outrank
#   {glue:text}`c_broken` at most.
#
# ## No formula of maps and sequences shuts out wrong words
#
# The score asks whether a map keeps pointing at the same words, and a map of arbitrary words does
# nothing else. A better formula would not remove this, **as long as it is computed from maps and
# sequences alone.** For which words matter is a fact about the cell. In a cell that reads just
# these {glue:text}`c_words` words, the same map of the same sequences would be right, and whatever
# is computed from the two has the same value in both cells.
#
# The {term}`signal-to-noise ratio (SNR)` knows the planted motifs, an experiment knows the cell, and a list
# of known motifs can tell whose word it is. Use one of them before you believe a word.

# %% [markdown]
# ## Which score do we recommend?
#
# A score has a form (the *raw* KLD, or its {term}`excess`), a {term}`reading`, and weights of the
# lengths (equal, learnt, or k = 6 alone). That makes {glue:text}`c_candidates` candidates. The rule
# was written down before it was run on them:
#
# 1. *Controls first.* Spikes, noise, a profile that follows the position, and a constant map know
#    nothing of the bases. A candidate is out if one of these, as the mean of its
#    {glue:text}`c_maps` maps, scores above the 5th percentile of trained networks on the same
#    sequences, in any population: ours, published networks, or networks of real DNA.
# 2. *Then the truth.* Of the rest, the mean place over three truths (SNR, absolute SNR, motif AUPR)
#    and two populations (ours and the published), by rank correlation inside kinds.
# 3. *Ties* (the interval of the difference holds 0) go to `frequency` with equal weights, which has
#    nothing to learn.
#
# **Words and rotated maps are not among the controls of the rule.** A map of arbitrary *words* is
# consistent in the very sense of the score: no candidate can pass it, so it cannot choose between them.
# *Rotated* maps do know something: each avoids the motifs that the map of a network points at.

# %%
from compendium.chapters import controls_recommended

table, recommended_from = load_tables("controls_recommended", run)
tell_origin("controls_recommended", recommended_from)
truths = pd.concat(
    load_scores(run, name)[0].query("status == 'ok'")
    for name in ("synthetic", "koo")
)
candidates, chosen = controls_recommended.choose(
    table["scores"], truths, draws, seed
)
blind = candidates[list(controls_recommended.BLIND)]
candidates["outranks"] = blind.max(axis=1)
candidates["worst controls"] = [
    ", ".join(row.index[(row == row.max()) & (row > 0)]) or "none"
    for _, row in blind.iterrows()
]

# %% [markdown]
# Of the candidates {glue:text}`c_admitted` pass the controls, and none of these can be told apart from the one
# that the rule takes. A low *place* is good.

# %%
columns = ["candidate", "worst controls", "outranks"]
columns += ["follows", "place", "low", "high"]
candidates[columns].style.format(
    {"outranks": percent, "place": "{:.1f}"}, precision=3
).hide(axis="index")

# %% tags=["remove-cell"]
best = candidates.set_index("candidate")
raw = best[best.index.str.startswith("raw")]
given_up = best.loc["raw, frequency, equal"]
snr = truths.query("population == 'synthetic'").set_index("id")["snr"]
single = controls_recommended.exceeded(
    table["scores"],
    controls_recommended.values(
        table["scores"], controls_recommended.DEFAULT, snr
    ),
    highest=True,
)
report("c_candidates", len(best), "d")
report("c_maps", controls_recommended.DRAWS, "d")
report("c_admitted", int(best["admitted"].sum()), "d")
report("c_recommended", chosen)
report("c_recommended_follows", best.loc[chosen, "follows"], ".2f")
report(
    "c_given_up", Estimate(*given_up[["difference", "low", "high"]]), ".3f"
)
report("c_single_map", single["spike"], percent)

# %% [markdown]
# The *worst controls* of a candidate are those that outrank the largest share of networks, in
# whichever population that is. *Follows* is the mean rank correlation with the truths; *low* and
# *high* are the ends of the 95 % interval of its difference from that of the first row.

# %% tags=["remove-input"]
expect(
    "the rule takes the command's default, and no admitted candidate can "
    "be told apart from it",
    chosen == controls_recommended.DEFAULT.name
    and best[best["admitted"]].eval("low <= 0 <= high").all(),
)
expect(
    "every raw KLD is out, and spikes are among its worst controls",
    raw["worst controls"].str.contains("spike").all()
    and not raw["admitted"].any(),
)

# %% [markdown]
# The rule takes **{glue:text}`c_recommended`**. It follows the truths at {glue:text}`c_recommended_follows`,
# and the {doc}`command <../book/score_your_maps>` computes it unless told otherwise.
#
# - **Every raw KLD is out**, and the random spike is always among its worst controls: whatever is
#   concentrated has a KLD.
# - **The tie-break decides** among those admitted.
# - **Little is given up.** The raw KLD with the same reading and weights follows the truths by
#   {glue:text}`c_given_up` more.
# - **A single map may still pass.** The highest of {glue:text}`c_maps` spike maps, whose mean the rule looks
#   at, outranks {glue:text}`c_single_map` of the networks of one population by the recommended score. That is
#   chance, and
#   the reason why a verdict on one model rests on a {term}`p-value`.
#
# ## What the recommended score cannot see
#
# **Wrong words**, as above.
#
# **Words that always stand at the same place.** The map of another sequence then points at the same
# word again. We planted a word in the middle of random sequences, moved it by up to so many bases,
# and computed the recommended score of a map that sees it:

# %%
jitter = table["jitter"].set_index("moved")
klds = jitter.filter(like="kld_frequency").to_numpy()
exchanges = jitter.filter(like="exchanged_frequency").to_numpy()
pd.DataFrame(
    {
        "moved by up to": jitter.index,
        "recommended score (nats)": (klds - exchanges).mean(axis=1).round(2)
        + 0,
    }
).style.format(precision=2).hide(axis="index")

# %% [markdown]
# **The sign.** The score takes absolute values, so a map turned upside down scores the same:

# %%
print(f"{excess(a):.4f} as it is, {excess(-a):.4f} upside down")

# %% [markdown]
# Such maps exist, and {doc}`an appendix <a3_wrong_sign>` shows how to notice them.
#
# ## Networks that are wrong, consistently
#
# Wrong words need not be made up. An adapter or a repeat that stands in the positive sequences is learnt
# like a motif. We wrote one word into a share of them, where no motif stands, and trained networks on
# these sequences. The table has means over three words, one network each. SNR counts the motifs alone as
# signal; *least fit* is how well the worst of the words that the command would list fits a known
# motif.

# %%
wrong, wrong_from = load_tables("controls_spurious", run)
tell_origin("controls_spurious", wrong_from)
wrong = wrong["networks"]
own = wrong[wrong["sequences"] == "with"].groupby("share")
shown_as = {
    "auroc": "AUROC",
    "final": "final score",
    "snr": "SNR",
    "same_sign": "signs right",
    "least_bits": "least fit (bits)",
    "ignored": "final, word ignored",
}
means = own[list(shown_as)].mean().rename(columns=shown_as)
means.rename_axis("positives with the word").style.format(
    precision=2
).format_index(percent)

# %% tags=["remove-cell"]
elsewhere = wrong[wrong["sequences"] == "without"].groupby("share")
clean, tainted = means.loc[0.0], means.loc[1.0]
away = elsewhere[["auroc", "final"]].mean().loc[1.0]
short = {"final score": "final", "SNR": "snr", "least fit (bits)": "bits"}
for column, name in short.items():
    report(f"c_clean_{name}", clean[column], ".2f")
    report(f"c_tainted_{name}", tainted[column], ".2f")
report("c_tainted_auroc", tainted["AUROC"], ".2f")
report("c_away_auroc", away["auroc"], ".2f")

# %% [markdown]
# Where every positive sequence carries the word, the score *rises*, from {glue:text}`c_clean_final` to
# {glue:text}`c_tainted_final`, while the SNR of the true motifs falls from {glue:text}`c_clean_snr` to
# {glue:text}`c_tainted_snr`. (With the word in a fifth of them the score is *lower* than with none.) What
# would have warned you?
#
# - **Accuracy**: no. On its own data the network is better than before.
# - **Mutations**: hardly. The network does use the word, so map and mutations agree on most bases. Fewer
#   signs are right than without the word, but enough to pass the rule of {doc}`09_your_model`.
# - **A list of known motifs**: yes. One of the words that the map points at fits every known motif less well:
#   {glue:text}`c_tainted_bits` bits at worst, against {glue:text}`c_clean_bits` in networks that never saw
#   the word.
# - **Data from elsewhere**: yes. On sequences without the word the accuracy falls from
#   {glue:text}`c_tainted_auroc` to {glue:text}`c_away_auroc`.
# - **Ignoring the word** (`--ignore` of the command): yes, once you suspect it. The score falls below that of
#   networks that never saw the word.

# %% tags=["remove-input"]
expect(
    "the word raises score and accuracy and lowers SNR, and the signs stay right",
    tainted["final score"] > clean["final score"]
    and tainted["AUROC"] > clean["AUROC"]
    and tainted["SNR"] < clean["SNR"]
    and tainted["signs right"] > 0.8,
)
expect(
    "known motifs, other data and ignoring the word tell",
    tainted["least fit (bits)"] < clean["least fit (bits)"] - 1
    and away["auroc"] < tainted["AUROC"]
    and tainted["final, word ignored"] < tainted["final score"],
)

# %% [markdown]
# ```{admonition} Key points
# :class: note
# - Consistency is not correctness: a map of {glue:text}`c_words` arbitrary words outranks
#   {glue:text}`c_consistency_frequency_words` of {glue:text}`c_networks` trained networks on the
#   final score.
# - Noise fools the original metric, spikes fool a raw KLD; neither fools the recommended score on average.
# - It was chosen by a rule that was fixed before looking, {glue:text}`c_recommended`, but on networks that
#   other chapters report on.
# - It sees neither the sign of a map nor words that always stand at one place.
# - A word that half of the positives carry by accident raises the final score. A list of known motifs, and data from elsewhere,
#   can tell.
# ```
#
# ## Limits
#
# The controls are ours; another one could fool what these do not, and arbitrary words of other
# lengths were not tried. Compare networks on the same sequences, by one method and one reading: KLDs
# of different numbers of sequences, methods or readings are on different scales. The networks trained
# on shuffled labels are two, and had too few epochs to learn labels by heart. And SNR is computed from
# the same maps as the score, so it shares their faults. The recommended score was chosen on the networks
# that other chapters report on, so what they say of it may be a little too good.
#
# ## Exercises
#
# Work on them in the {doc}`student notebook <exercises/06_controls>` (<a
# href="../exercises/06_controls.ipynb" download>download</a>; `make lab` copies all of them into
# `my_exercises`). It checks your answers and, when one is wrong, says why.
#
# 1. ★ *Change a parameter.* Arbitrary words of five to eight letters: which of them fool the final
#    score?
# 2. ★★ *Write a few lines.* Score a map that marks the whole truth, one that marks a single true
#    word, and one that lies. Which is correct, which complete, which wins?
# 3. ★★★ *Extend the method.* Subtract from each score that of a rotated copy, then make the copies
#    into a test. Which of the maps that should not pass does it let through?
#
# ## Where next
#
# Does the score follow the truth in networks that we did not train? The {doc}`next chapter
# <07_independent_networks>` asks. To hold your own maps against controls, use the command
# `score` ({doc}`../book/score_your_maps`).
#
# ## With another parameter
#
# The first command runs this chapter alone and opens its page; the second does the same with plain papermill:
#
# ```
# .venv/bin/python -m compendium chapter 06_controls seed=1
# .venv/bin/papermill results/default/notebooks/06_controls.ipynb \
#   again.ipynb -p seed 1
# ```
