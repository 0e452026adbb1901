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
from scipy.stats import spearmanr

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
    """Difference of their recommended scores."""
    a, b = (
        np.mean([row[f"kld_frequency_k{k}"] - row[f"kld_exchanged_k{k}"] for k in range(3, 9)])
        for row in your()
    )
    return a - b


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


@functools.cache
def dead():
    """The original metric and the final score with one dead map, and SNR by network."""
    return pd.read_csv(STORED / "reproduction_alignment.csv")


def without_buffer(t, correction):
    """Correlation with SNR of the original metric without a buffer, at the 90th percentile."""
    settings = pd.read_csv(STORED / "reproduction_settings.csv").set_index("id")
    column = settings[f"l2-{correction}-q0.9-b0-k6"]
    return spearmanr(column.reindex(t["id"]), t["snr"], nan_policy="omit")[0]


def front(end):
    part = dead()[(dead()["n"] == 1000) & (dead()["dead"] == "front")]
    return getattr(part["original"], end)()


def some_dead(t, column, share=0.4):
    """Mean correlation with SNR when a share of the networks has a dead map at a random place."""
    part = dead()[dead()["n"] == 1000]
    whole = part[part["dead"] == "none"].set_index("id")[column].reindex(t["id"]).to_numpy()
    hit = part[part["dead"] == "random"].groupby("id")[column].apply(list).reindex(t["id"])
    rng, found = np.random.default_rng(99), []
    for _ in range(400):
        values = whole.copy()
        for row in rng.choice(len(values), round(share * len(values)), replace=False):
            values[row] = rng.choice(hit.iloc[row])
        found.append(spearmanr(values, t["snr"])[0])
    return np.mean(found)


def inside(table, score, labels, truth="snr"):
    """Correlation of ranks, counted from their mean among networks of one label."""
    ranks = pd.DataFrame({"s": np.asarray(score), "t": table[truth].to_numpy()}).rank()
    left = ranks - ranks.groupby(np.asarray(labels)).transform("mean")
    return np.corrcoef(left["s"], left["t"])[0, 1]


def kind(table, start=True):
    own = table["architecture"] + table["batch_norm"].astype(str) + table["activation"]
    return own + table["init"].astype(str) if start else own


def rotated_mean(t):
    turned = pd.read_csv(STORED / "reproduction_rotated.csv").set_index("id").reindex(t["id"])
    return equal_weights(turned, "rotated").to_numpy()


def won(table, score, within=0.005):
    """Share of pairs of equal accuracy in which the higher score has the higher SNR."""
    s, truth, accuracy = np.asarray(score), table["snr"].to_numpy(), table["auroc"].to_numpy()
    right = [
        0.5 if s[i] == s[j] else float((s[i] > s[j]) == (truth[i] > truth[j]))
        for i, j in itertools.combinations(range(len(s)), 2)
        if abs(accuracy[i] - accuracy[j]) <= within
    ]
    return np.mean(right)


def best_of_two(table, score):
    """Share of the possible gain in rank when one keeps the better of two, by trying all pairs."""
    shares = []
    for _, rows in table.assign(score=np.asarray(score)).groupby(kind(table, start=False)):
        truth, s = rows["snr"].rank().to_numpy(), rows["score"].to_numpy()
        pairs = list(itertools.combinations(range(len(s)), 2))
        kept = np.mean([truth[i if s[i] >= s[j] else j] for i, j in pairs])
        most = np.mean([max(truth[i], truth[j]) for i, j in pairs])
        shares.append((kept - truth.mean()) / (most - truth.mean()))
    return np.mean(shares)


def implants(column, quantitative, truth="snr"):
    """Correlation of a score of real windows with SNR at implanted sites, in one task."""
    truths = pd.read_csv(STORED / "implants_networks.csv").set_index("id")[truth]
    table = pd.read_csv(STORED / "scores_gm12878_dnase.csv")
    table = table[table["id"].str.startswith("quantitative") == quantitative]
    return spearmanr(table[column], truths.reindex(table["id"]))[0]


@functools.cache
def further(population):
    """Further networks of ours with their final score, as the published ones."""
    table = pd.read_csv(STORED / f"scores_{population}.csv")
    mean = json.loads((STORED / "length_weights.json").read_text())["frequency"]["mean"]
    table["final"] = table[[f"kld_frequency_k{k}" for k in KS]].to_numpy() @ np.array(mean)
    return table


def lead_inside(table):
    """Final score minus original metric, inside kinds."""
    labels = kind(table, start=False)
    return inside(table, table["final"], labels) - inside(table, table["kld_original"], labels)


def real(quantitative):
    """Networks of real DNA with the SNR at implanted sites in place of their own."""
    truths = pd.read_csv(STORED / "implants_networks.csv").set_index("id")["snr"]
    table = pd.read_csv(STORED / "scores_gm12878_dnase.csv")
    table = table[table["id"].str.startswith("quantitative") == quantitative]
    accuracy = table["pearson"] if quantitative else table["auroc"]
    table = table.assign(snr=truths.reindex(table["id"]).to_numpy(), auroc=accuracy)
    return table.reset_index(drop=True)


def mutated():
    """Agreement of maps with mutations, by network."""
    return pd.read_csv(STORED / "mutagenesis_networks.csv").set_index(["population", "id"])


def lead_by_mutations(table, score, population):
    truth = mutated().loc[population].reindex(table["id"])["agreement"]
    return spearmanr(score, truth)[0] - spearmanr(table["kld_original"], truth)[0]


def wrong_signs(t):
    """Largest share of agreeing signs among networks of negative SNR."""
    low = t.loc[t["snr"] < 0, "id"]
    return mutated().loc["synthetic"].loc[low, "same_sign"].max()


def with_word(share, column, sequences="with"):
    table = pd.read_csv(STORED / "spurious_networks.csv")
    return table[(table["share"] == share) & (table["sequences"] == sequences)][column].mean()


def passed(form, reading):
    """Whether no control's mean exceeds the 5th percentile of networks, with equal weights."""
    table = pd.read_csv(STORED / "recommendation_scores.csv")
    score = equal_weights(table, reading)
    if form == "excess":
        score = score - table[[f"exchanged_{reading}_k{k}" for k in KS]].mean(axis=1)
    shares = []
    for _, rows in table.groupby("population"):
        real = score[rows.index[rows["kind"] == "network"]]
        for _, some in rows[rows["kind"] != "network"].groupby("kind"):
            shares.append((real < score[some.index].mean()).mean())
    return max(shares) <= 0.05


RECOMPUTED = {
    "no_buffer_raw": lambda t, w: without_buffer(t, "raw"),
    "no_buffer_corrected": lambda t, w: without_buffer(t, "corrected"),
    "front_min": lambda t, w: front("min"),
    "front_max": lambda t, w: front("max"),
    "dead_original": lambda t, w: some_dead(t, "original"),
    "dead_final": lambda t, w: some_dead(t, "final"),
    "inside_final": lambda t, w: inside(t, final(t, w), kind(t)),
    "inside_original": lambda t, w: inside(t, t["kld_original"], kind(t)),
    "inside_gap": lambda t, w: (
        inside(t, final(t, w), kind(t)) - inside(t, t["kld_original"], kind(t))
    ),
    "exp_gini": lambda t, w: rank(t[t["activation"] == "exp"], "gini"),
    "aupr_gap": lambda t, w: (
        spearmanr(final(t, w), t["motif_aupr"])[0]
        - spearmanr(t["kld_original"], t["motif_aupr"])[0]
    ),
    "rotated": lambda t, w: spearmanr(rotated_mean(t), t["snr"])[0],
    "pairs_final": lambda t, w: won(t, final(t, w)),
    "pairs_original": lambda t, w: won(t, t["kld_original"]),
    "pairs_accuracy": lambda t, w: won(t, t["auroc"]),
    "pairs_published": lambda t, w: won(koo(), koo()["final"]),
    "two_final": lambda t, w: best_of_two(t, final(t, w)),
    "two_accuracy": lambda t, w: best_of_two(t, t["auroc"]),
    "two_published": lambda t, w: best_of_two(koo(), koo()["final"]),
    "bet_binary": lambda t, w: won(real(False), real(False)["consistency_frequency"]),
    "bet_quantitative": lambda t, w: won(real(True), real(True)["consistency_frequency"]),
    "koo_lead": lambda t, w: lead_inside(koo()),
    "own_networks": lambda t, w: len(further("independent")),
    "own_inside": lambda t, w: inside(
        further("independent"),
        further("independent")["final"],
        kind(further("independent"), start=False),
    ),
    "own_lead": lambda t, w: lead_inside(further("independent")),
    "beyond_final": lambda t, w: spearmanr(further("beyond")["final"], further("beyond")["snr"])[0],
    "mutations_koo": lambda t, w: lead_by_mutations(koo(), koo()["final"], "koo"),
    "mutations_zoo": lambda t, w: lead_by_mutations(t, final(t, w), "synthetic"),
    "wrong_signs": lambda t, w: wrong_signs(t),
    "tainted_final": lambda t, w: with_word(1, "final"),
    "clean_final": lambda t, w: with_word(0, "final"),
    "tainted_snr": lambda t, w: with_word(1, "snr"),
    "away_auroc": lambda t, w: with_word(1, "auroc", "without"),
    "tainted_bits": lambda t, w: with_word(1, "least_bits"),
    "implants_binary": lambda t, w: implants("consistency_frequency", False),
    "implants_quantitative": lambda t, w: implants("consistency_frequency", True),
    "implants_original": lambda t, w: implants("kld_original", True),
    "implants_gap": lambda t, w: (
        implants("consistency_frequency", True) - implants("kld_original", True)
    ),
    "koo_inside_final": lambda t, w: inside(koo(), koo()["final"], kind(koo(), False)),
    "koo_inside_original": lambda t, w: inside(koo(), koo()["kld_original"], kind(koo(), False)),
    "koo_kind": lambda t, w: spearmanr(
        koo().groupby(kind(koo(), False))["snr"].transform("mean"), koo()["snr"]
    )[0],
    "words_original": lambda t, w: fooled("kld_original", "words", words=40),
    "words_final": lambda t, w: fooled("consistency_frequency", "words", words=40),
    "noise_original": lambda t, w: fooled("kld_original", "noise"),
    "spike_final": lambda t, w: fooled("consistency_frequency", "spike"),
    "broken_most": lambda t, w: max(
        fooled(column, kind)
        for column in ("kld_original", "consistency_frequency")
        for kind in ("labels", "weights", "untrained")
    ),
    "networks": lambda t, w: len(t),
    "pair_high_snr": lambda t, w: matched_pair(t)[0],
    "pair_low_snr": lambda t, w: matched_pair(t)[1],
    "spearman_auroc": lambda t, w: rank(t, "auroc"),
    "top_snr_ratio": lambda t, w: top_snr_ratio(t),
    "spearman_k6": lambda t, w: rank(t, "kld_frequency_k6"),
    "spearman_original": lambda t, w: rank(t, "kld_original"),
    "floor_k6": lambda t, w: t["floor_frequency_k6"].iloc[0],
    "floor_k8": lambda t, w: t["floor_frequency_k8"].iloc[0],
    "spearman_final": lambda t, w: spearmanr(final(t, w), t["snr"])[0],
    "difference": lambda t, w: spearmanr(final(t, w), t["snr"])[0] - rank(t, "kld_original"),
    "equal_difference": lambda t, w: (
        spearmanr(equal_weights(t), t["snr"])[0] - rank(t, "kld_original")
    ),
    "weight_min": lambda t, w: np.mean(w["per_subset"], axis=0).min(),
    "weight_max": lambda t, w: np.mean(w["per_subset"], axis=0).max(),
    "koo_networks": lambda t, w: len(koo()),
    "koo_auroc": lambda t, w: koo_rank("auroc"),
    "koo_final_snr": lambda t, w: koo_rank("final"),
    "koo_original_snr": lambda t, w: koo_rank("kld_original"),
    "koo_between": lambda t, w: koo_between(),
    "taught_networks": lambda t, w: sum(
        len(taught(rule)) for rule in ("pairing", "and", "presence", "spacing")
    ),
    "pairing_bits": lambda t, w: divergence_of_cells("pairing", "exp"),
    "and_bits": lambda t, w: divergence_of_cells("and", "exp"),
    "spacing_bits": lambda t, w: divergence_of_cells("spacing", "exp", True),
    "presence_bits": lambda t, w: divergence_of_cells("presence", "exp"),
    "before_bits": lambda t, w: divergence_of_cells("before", "exp"),
    "your_exchanged_k6": lambda t, w: your()[0]["kld_exchanged_k6"],
    "your_gap": lambda t, w: your_gap(),
    "your_a_auroc": lambda t, w: your()[0]["auroc"],
}
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
        for notebook in sorted((HERE.parents[1] / "notebooks").glob("[0-9a][0-9]*_*.py"))
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


def test_the_verdicts_of_the_recommendation():
    """Every raw score lets a spike through, the excess with `frequency` lets nothing through."""
    assert passed("excess", "frequency") and passed("excess", "instance")
    assert not any(passed("raw", r) for r in ("frequency", "instance", "per_sequence"))
    assert not passed("excess", "per_sequence")
