"""Numbers of the book, recomputed from the stored tables without the code that made them.

``claims.tsv`` maps a claim to the notebook that states it, to the name under which
``data/stored/claims.csv`` keeps its value, and to one of the recomputations below.
"""

import csv
import functools
import itertools
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr

HERE = Path(__file__).resolve().parent
STORED = HERE.parents[1] / "data" / "stored"
with open(HERE / "claims.tsv", encoding="utf-8") as _file:
    CLAIMS = list(csv.DictReader(_file, delimiter="\t"))
KS = range(3, 9)


@pytest.fixture(scope="module")
def scores():
    table = pd.read_csv(STORED / "scores_synthetic.csv")
    return table[table["status"] == "ok"].reset_index(drop=True)


@pytest.fixture(scope="module")
def weights():
    return json.loads((STORED / "length_weights.json").read_text())["frequency"]


@pytest.fixture(scope="module")
def stored():
    return pd.read_csv(STORED / "claims.csv").set_index(["notebook", "name"])


def matched_pair(table):
    """SNRs of the pair within 0.01 AUROC with the largest SNR ratio, by trying all pairs."""
    best = (0, None)
    for a, b in itertools.permutations(table[["auroc", "snr"]].itertuples(index=False), 2):
        if abs(a.auroc - b.auroc) <= 0.01 and b.snr > 0 and a.snr / b.snr > best[0]:
            best = (a.snr / b.snr, (a.snr, b.snr))
    return best[1]


def final(table, weights):
    """Final score of each network with the weights of the trial that held it out."""
    per_subset = np.array(weights["per_subset"])
    rows = [per_subset[weights["held_out"][model]] for model in table["id"]]
    klds = table[[f"kld_frequency_k{k}" for k in KS]].to_numpy()
    return (klds * np.array(rows)).sum(axis=1)


def rank(table, column):
    return spearmanr(table[column], table["snr"])[0]


def top_snr_ratio(table):
    top = table.sort_values("auroc", ascending=False)["snr"][: max(2, len(table) // 4)]
    return top.max() / top.min()


def equal_weights(table, reading="frequency"):
    return table[[f"kld_{reading}_k{k}" for k in KS]].mean(axis=1)


def partial_rank(u, v, given):
    """Correlation of what a line through the ranks of a third score leaves of two."""
    ranks = [pd.Series(np.asarray(values)).rank().to_numpy() for values in (u, v, given)]
    left = [r - np.polyval(np.polyfit(ranks[2], r, 1), ranks[2]) for r in ranks[:2]]
    return np.corrcoef(*left)[0, 1]


def inside_activation(table, score):
    """Rank correlation with SNR, ranks counted from the middle of those of each activation."""
    left = []
    for values in (score, table["snr"]):
        ranks = np.array(pd.Series(np.asarray(values)).rank())
        for activation in ("exp", "relu"):
            rows = (table["activation"] == activation).to_numpy()
            ranks[rows] -= ranks[rows].mean()
        left.append(ranks)
    return np.corrcoef(*left)[0, 1]


def accurate(table):
    return table["auroc"] >= 0.97


def bend(table, weights):
    """Second coefficient of a parabola through the standardised ranks of accuracy on score."""
    score, auroc = (
        pd.Series(np.asarray(v)).rank() for v in (final(table, weights), table["auroc"])
    )
    score, auroc = ((v - v.mean()) / v.std() for v in (score, auroc))
    return np.polyfit(score, auroc, 2)[0]


def explained(u, v):
    return np.corrcoef(u, v)[0, 1] ** 2


@functools.cache
def koo():
    """Published networks with their final score, from the mean weights of the zoo."""
    table = pd.read_csv(STORED / "scores_koo.csv")
    table = table[table["status"] == "ok"].reset_index(drop=True)
    mean = json.loads((STORED / "length_weights.json").read_text())["frequency"]["mean"]
    table["final"] = table[[f"kld_frequency_k{k}" for k in KS]].to_numpy() @ np.array(mean)
    return table


def koo_rank(metric, truth="snr"):
    return spearmanr(koo()[metric], koo()[truth])[0]


def koo_inside(metric, truth="snr"):
    """Mean of the rank correlations inside the four kinds."""
    kinds = koo().groupby(["architecture", "activation"])
    return np.mean([spearmanr(rows[metric], rows[truth])[0] for _, rows in kinds])


def koo_between():
    """Share of the variance of SNR between the kinds, from the mean variance inside them."""
    snr, kind = koo()["snr"], koo()["architecture"] + koo()["activation"]
    inside = sum(len(rows) * rows.var(ddof=0) for _, rows in snr.groupby(kind))
    return 1 - inside / (len(snr) * snr.var(ddof=0))


def taught(rule, distance=False):
    """Networks of the chapter on interactions that were taught a rule."""
    table = pd.read_csv(STORED / "interactions_networks.csv")
    return table[(table["rule"] == rule) & (table["distance"] == distance)].set_index("activation")


def divergence_of_cells(rule, activation, distance=False):
    """Divergence of pairs in bits, from the shares that the cells of one network received."""
    cells = pd.read_csv(STORED / "interactions_cells.csv")
    own = cells[(cells["id"] == f"{rule}-{activation}-00") & (cells["distance"] == distance)]
    own = own[own["j"] > 0]
    return (own["j"] * np.log2(own["j"] / own["r"])).sum()


@functools.cache
def your():
    """The two GM12878 networks that play the reader's own, by their first activation."""
    table = pd.read_csv(STORED / "scores_gm12878_dnase.csv").set_index("id")
    return table.loc["binary-cnn-gm12878-exp-00"], table.loc["binary-cnn-gm12878-relu-00"]


def your_gap():
    """Mean over k = 3 to 6 of the difference of their KLDs."""
    a, b = your()
    return np.mean([a[f"kld_frequency_k{k}"] - b[f"kld_frequency_k{k}"] for k in range(3, 7)])


def evidence(measure):
    """GM12878 networks with the excess of a measure over its baseline."""
    table = pd.read_csv(STORED / "evidence_measures.csv").query("measure == @measure")
    scores = pd.read_csv(STORED / "scores_gm12878_dnase.csv")
    if measure == "replicate_agreement":  # of all networks of a configuration, so is the score
        both = scores.groupby(scores["id"].str[:-3])
        for column in ("consistency_frequency", "kld_original"):
            scores[column] = both[column].transform("mean")
    return table[["model", "value", "baseline"]].merge(scores, left_on="model", right_on="id")


def follows(measure, column, task):
    table = evidence(measure)
    table = table[table["task"] == task]
    return spearmanr(table["value"] - table["baseline"], table[column])[0]


def motifs_found(maps):
    """Motifs counted among the patterns of each GM12878 network, from the table of patterns."""
    patterns = pd.read_csv(STORED / "seqlets_patterns.csv")
    networks = pd.read_csv(STORED / "seqlets_measures.csv")["model"]
    counted = patterns[(patterns["maps"] == maps) & patterns["counts"]]["model"].value_counts()
    return counted.reindex(networks, fill_value=0)


def along(activation):
    """Tables of networks along their training: every epoch, and agreement at every epoch."""
    epochs, agreed = (pd.read_csv(STORED / f"learning_{n}.csv") for n in ("epochs", "agreement"))
    weights = pd.read_csv(STORED / "gm12878_weights.csv").set_index("k")["weight"]
    epochs["final"] = sum(epochs[f"kld_frequency_k{k}"] * weight for k, weight in weights.items())
    return [table[table["activation"] == activation] for table in (epochs, agreed)]


def fooled(column, kind="network", rotated=False, words=None, population="synthetic"):
    """Mean share of networks that score less than a control, from the table of control maps."""
    maps = pd.read_csv(STORED / "controls_maps.csv")
    maps = maps[maps["population"] == population]
    real = maps.loc[(maps["kind"] == "network") & ~maps["rotated"], column]
    fake = maps[(maps["kind"] == kind) & (maps["rotated"] == rotated)]
    fake = (fake if words is None else fake[fake["words"] == words])[column].dropna()
    return np.mean([(real < value).mean() for value in fake])


def noise_instance():
    table = pd.read_csv(STORED / "controls_sizes.csv")
    found = table[(table["id"] == "noise") & (table["reading"] == "instance")]
    return found.loc[found["n"].idxmax()].filter(regex=r"^k\d").iloc[-1]


def widest_range():
    table = pd.read_csv(STORED / "controls_choices.csv").replace([np.inf, -np.inf], np.nan)
    r = {
        key: spearmanr(part["value"], part["snr"], nan_policy="omit")[0]
        for key, part in table.groupby(["family", "variant"])
    }
    by_family = pd.Series(r).groupby(level=0)
    return (by_family.max() - by_family.min()).max()


def gm_frequency():
    controls = (
        {"rotated": True},
        {"kind": "spike"},
        {"kind": "words", "words": 40},
        {"kind": "words_in_noise"},
    )
    return max(fooled("consistency_frequency", population="gm12878_dnase", **c) for c in controls)


RECOMPUTED = {
    "words_original": lambda t, w: fooled("kld_original", "words", words=40),
    "words_final": lambda t, w: fooled("consistency_frequency", "words", words=40),
    "one_word_final": lambda t, w: fooled("consistency_frequency", "words", words=1),
    "rotated_frequency": lambda t, w: fooled("consistency_frequency", rotated=True),
    "rotated_instance": lambda t, w: fooled("consistency_instance", rotated=True),
    "untrained_final": lambda t, w: fooled("consistency_frequency", "untrained"),
    "untrained_rotated": lambda t, w: fooled("consistency_frequency", "untrained", rotated=True),
    "noise_instance": lambda t, w: noise_instance(),
    "widest_range": lambda t, w: widest_range(),
    "gm_frequency": lambda t, w: gm_frequency(),
    "networks": lambda t, w: len(t),
    "pair_high_snr": lambda t, w: matched_pair(t)[0],
    "pair_low_snr": lambda t, w: matched_pair(t)[1],
    "spearman_auroc": lambda t, w: rank(t, "auroc"),
    "top_snr_ratio": lambda t, w: top_snr_ratio(t),
    "spearman_k6": lambda t, w: rank(t, "kld_frequency_k6"),
    "spearman_original": lambda t, w: rank(t, "kld_original"),
    "spearman_gini": lambda t, w: rank(t, "gini"),
    "floor_k6": lambda t, w: t["floor_frequency_k6"].iloc[0],
    "floor_k8": lambda t, w: t["floor_frequency_k8"].iloc[0],
    "spearman_final": lambda t, w: spearmanr(final(t, w), t["snr"])[0],
    "difference": lambda t, w: spearmanr(final(t, w), t["snr"])[0] - rank(t, "kld_original"),
    "accurate": lambda t, w: accurate(t).sum(),
    "pass_rate": lambda t, w: accurate(t).mean(),
    "accurate_final": lambda t, w: spearmanr(final(t, w)[accurate(t)], t["snr"][accurate(t)])[0],
    "accurate_original": lambda t, w: rank(t[accurate(t)], "kld_original"),
    "spearman_equal": lambda t, w: spearmanr(equal_weights(t), t["snr"])[0],
    "spearman_exchanged": lambda t, w: spearmanr(equal_weights(t, "exchanged"), t["snr"])[0],
    "spearman_excess": lambda t, w: spearmanr(
        equal_weights(t) - equal_weights(t, "exchanged"), t["snr"]
    )[0],
    "weighting": lambda t, w: (
        spearmanr(final(t, w), t["snr"])[0] - spearmanr(equal_weights(t), t["snr"])[0]
    ),
    "partial_final": lambda t, w: partial_rank(final(t, w), t["snr"], t["gini"]),
    "layer_final": lambda t, w: inside_activation(t, final(t, w)),
    "layer_original": lambda t, w: inside_activation(t, t["kld_original"]),
    "over_gini": lambda t, w: spearmanr(final(t, w), t["snr"])[0] - rank(t, "gini"),
    "equal_difference": lambda t, w: (
        spearmanr(equal_weights(t), t["snr"])[0] - rank(t, "kld_original")
    ),
    "spread_ratio": lambda t, w: (
        np.std(final(t, w)[t["snr"] < t["snr"].median()])
        / np.std(final(t, w)[t["snr"] >= t["snr"].median()])
    ),
    "partial_original": lambda t, w: partial_rank(t["kld_original"], t["snr"], t["gini"]),
    "pearson_original": lambda t, w: np.corrcoef(t["kld_original"], t["snr"])[0, 1],
    "pearson_geometric": lambda t, w: np.corrcoef(t["kld_geometric"], t["snr"])[0, 1],
    "auroc_final": lambda t, w: spearmanr(final(t, w), t["auroc"])[0],
    "bend": bend,
    "weight_min": lambda t, w: np.mean(w["per_subset"], axis=0).min(),
    "weight_max": lambda t, w: np.mean(w["per_subset"], axis=0).max(),
    "koo_networks": lambda t, w: len(koo()),
    "koo_final_snr": lambda t, w: koo_rank("final"),
    "koo_original_snr": lambda t, w: koo_rank("kld_original"),
    "koo_final_absolute": lambda t, w: koo_rank("final", "snr_absolute"),
    "koo_original_absolute": lambda t, w: koo_rank("kld_original", "snr_absolute"),
    "koo_gini_snr": lambda t, w: koo_rank("gini"),
    "koo_over_gini": lambda t, w: koo_inside("final") - koo_inside("gini"),
    "koo_between": lambda t, w: koo_between(),
    "koo_within_final_snr": lambda t, w: koo_inside("final"),
    "koo_within_original_snr": lambda t, w: koo_inside("kld_original"),
    "koo_within_final_absolute": lambda t, w: koo_inside("final", "snr_absolute"),
    "koo_within_original_absolute": lambda t, w: koo_inside("kld_original", "snr_absolute"),
    "koo_pearson_original": lambda t, w: pearsonr(koo()["kld_original"], koo()["snr"])[0],
    "koo_pearson_geometric": lambda t, w: pearsonr(koo()["kld_geometric"], koo()["snr"])[0],
    "linear": lambda t, w: explained(final(t, w)[t["snr"] > 0], t["snr"][t["snr"] > 0]),
    "exponential": lambda t, w: explained(
        final(t, w)[t["snr"] > 0], np.log(t["snr"][t["snr"] > 0])
    ),
    "taught_networks": lambda t, w: sum(
        len(taught(rule)) for rule in ("pairing", "and", "presence", "spacing")
    ),
    "pairing_bits": lambda t, w: divergence_of_cells("pairing", "exp"),
    "and_bits": lambda t, w: divergence_of_cells("and", "exp"),
    "spacing_bits": lambda t, w: divergence_of_cells("spacing", "exp", True),
    "presence_bits": lambda t, w: divergence_of_cells("presence", "exp"),
    "before_bits": lambda t, w: divergence_of_cells("before", "exp"),
    "your_a_k6": lambda t, w: your()[0]["kld_frequency_k6"],
    "your_b_k6": lambda t, w: your()[1]["kld_frequency_k6"],
    "your_exchanged_k6": lambda t, w: your()[0]["kld_exchanged_k6"],
    "your_over_k6": lambda t, w: your()[0]["kld_frequency_k6"] - your()[0]["kld_exchanged_k6"],
    "your_gap": lambda t, w: your_gap(),
    "your_a_auroc": lambda t, w: your()[0]["auroc"],
    "evidence_networks": lambda t, w: len(evidence("motif_support")),
    "replicates": lambda t, w: len(evidence("replicate_agreement")),
    "most_motifs": lambda t, w: motifs_found("network").max(),
    "rotated_motifs": lambda t, w: motifs_found("rotated").mean(),
    "pairing_auroc": lambda t, w: taught("pairing")["auroc"]["exp"],
}
for measure in ("replicate_agreement", "motif_support", "perturbation", "ctcf_occupancy"):
    for task in ("binary", "quantitative"):
        for score, column in (
            ("consistency", "consistency_frequency"),
            ("original", "kld_original"),
        ):
            RECOMPUTED[f"{measure}_{task}_{score}"] = functools.partial(
                lambda t, w, **which: follows(**which), measure=measure, column=column, task=task
            )
for activation in ("relu", "exp"):
    for name, function in (
        ("last_agreement", lambda e, a: a.loc[a["epoch"].idxmax(), "agreement"]),
        ("last_final", lambda e, a: e.loc[e["epoch"] == e["epoch"].max(), "final"].mean()),
        ("best_epoch", lambda e, a: e.groupby("epoch")["auroc_test"].mean().idxmax()),
    ):
        RECOMPUTED[f"{name}_{activation}"] = functools.partial(
            lambda t, w, function, activation: function(*along(activation)),
            function=function,
            activation=activation,
        )


@pytest.mark.parametrize("claim", CLAIMS, ids=[f"{c['notebook'][:2]}-{c['name']}" for c in CLAIMS])
def test_claim_holds_in_the_stored_tables(claim, scores, weights, stored):
    stated = float(stored.loc[(claim["notebook"], claim["name"]), "value"])
    expected = RECOMPUTED[claim["recomputed"]](scores, weights)
    assert stated == pytest.approx(expected, abs=float(claim["tolerance"]) + 1e-9)


def test_the_final_score_follows_absolute_snr_of_published_networks():
    assert len(koo()) >= 100
    assert koo_rank("final", "snr_absolute") >= 0.97
    assert koo_rank("final", "snr_absolute") > koo_rank("kld_original", "snr_absolute")


@pytest.mark.parametrize(
    "value, text",
    [
        (0.123, "0.12"),
        (-0.004, "-0.004"),
        (0.0003, "< 0.001"),
        (-0.0003, "> -0.001"),
        (0.0, "0.00"),
        (-1.5, "-1.50"),
        (np.nan, "–"),
    ],
)
def test_two_decimals_never_hide_a_sign(value, text):
    from compendium.page.claims import decimals

    assert decimals(value) == text


@pytest.mark.parametrize(
    "value, text",
    [
        (0, "0%"),
        (0.002, "< 1%"),
        (0.005, "< 1%"),
        (0.006, "1%"),
        (0.995, "> 99%"),
        (1, "100%"),
        (np.nan, "–"),
    ],
)
def test_small_shares_are_not_written_as_none(value, text):
    from compendium.page.claims import percent

    assert percent(value) == text


@pytest.mark.parametrize(
    ("p", "text"), [(0.01, "≤ 0.01"), (0.02, "= 0.02"), (0.32, "= 0.32"), (1, "= 1")]
)
def test_the_smallest_p_value_is_shown_as_a_bound(p, text):
    from compendium.page.claims import p_value

    assert p_value(p, 99) == text


def test_every_number_of_the_prose_is_stored(stored):
    """A chapter edited after the last full run must be run again before it is published."""
    missing = [
        (notebook.stem, name)
        for notebook in sorted((HERE.parents[1] / "notebooks").glob("0[0-9]_*.py"))
        for name in re.findall(r"\{glue:text\}`([^`:]+)", notebook.read_text(encoding="utf-8"))
        if (notebook.stem, name) not in stored.index
    ]
    assert not missing


def test_stored_scores_of_gm12878_belong_to_shipped_networks():
    table = pd.read_csv(STORED / "scores_gm12878_dnase.csv")
    shipped = {path.stem for path in (HERE.parents[1] / "data" / "gm12878").glob("*.npz")}
    assert set(table["id"]) == shipped and (table["status"] == "ok").all()
    tasks = table["task"].value_counts()
    assert tasks["binary"] >= 4 and tasks["quantitative"] >= 4
    assert table["auroc"].max() > 0.85
