"""Interactions of motifs: the divergence of pairs, on maps whose rule is known."""

import numpy as np
import pandas as pd
import pytest

from attribution_consistency import kmer_klds, motifs, one_hot, thresholded_kld
from attribution_consistency.sequences import codes_to_one_hot
from attribution_consistency.weights import shipped_entry
from compendium import config, paths
from compendium.chapters import NAMES, interactions, load_tables, module, shown
from compendium.chapters import interactions_metric as pairs
from compendium.performance import auroc

N = 1600


@pytest.fixture(scope="module")
def made():
    """Pair divergences of exact maps, {(rule, with distance): PairDivergence}."""
    found = {}
    for rule in [*interactions.GRAMMARS, "chance"]:
        data = interactions.simulate("pairing" if rule == "chance" else rule, N)
        part = data["takes_part"]
        if rule == "chance":
            part = np.random.default_rng(1).permutation(part)
        x, a = interactions.made_map(data, part, noise=0.1)
        tokens = pairs.find_tokens(x, a)
        for edges in ((), interactions.EDGES):
            found[rule, bool(edges)] = pairs.pair_divergence(tokens, edges=edges, n_draws=19)
    return found


@pytest.fixture
def tokens():
    """Forty sequences with four tokens of four names, 20 nt apart, and random scores."""
    rng = np.random.default_rng(0)
    name = np.tile(np.arange(4), 40)
    return pairs.Tokens(
        list("ABCD"),
        np.repeat(np.arange(40), 4),
        np.tile([0, 20, 40, 60], 40),
        name,
        rng.uniform(0.5, 1.5, 160),
        40,
    )


def test_the_fit_has_the_marginals_of_j_and_one_factor_a_name():
    rng = np.random.default_rng(0)
    left, right = np.triu_indices(5)
    p, j = rng.dirichlet(np.ones(15)), rng.dirichlet(np.ones(15))
    r = pairs.fit_independent(left, right, p, j)
    for name in range(5):
        twice = (left == name).astype(int) + (right == name)
        assert (twice * r).sum() == pytest.approx((twice * j).sum(), abs=1e-8)
    u = np.sqrt((r / p)[left == right])
    np.testing.assert_allclose(r, u[left] * u[right] * p, rtol=1e-6)


def test_the_fit_reaches_the_marginals_when_names_never_meet_their_own_kind():
    left, right = np.array([0, 0, 1, 1]), np.array([2, 3, 2, 3])
    p, j = np.array([0.1, 0.4, 0.3, 0.2]), np.array([0.4, 0.1, 0.2, 0.3])
    r = pairs.fit_independent(left, right, p, j)
    np.testing.assert_allclose([r[0] + r[1], r[0] + r[2], r.sum()], [0.5, 0.6, 1], atol=1e-7)
    assert r[0] * r[3] / (r[1] * r[2]) == pytest.approx(p[0] * p[3] / (p[1] * p[2]), rel=1e-6)


def test_scores_that_depend_on_the_name_alone_have_no_divergence(tokens):
    separable = tokens._replace(score=np.array([1.0, 0.2, 3.0, 0.0])[tokens.name])
    for edges in ((), (30,)):
        found = pairs.pair_divergence(separable, edges=edges, n_draws=9)
        assert found.bits == pytest.approx(0, abs=1e-8)
        np.testing.assert_allclose(found.null, 0, atol=1e-8)


def test_exclusive_pairing_is_one_bit(tokens):
    """Names 0 and 1 score together or not at all, and so do 2 and 3: half of what was possible."""
    use = np.arange(160) // 4 % 4
    alone = np.array([[0, 2], [1, 3], [0, 3], [1, 2]])[use]
    keep = (tokens.name[:, None] == alone).any(axis=1)
    kept = pairs.Tokens(
        tokens.words,
        tokens.sequence[keep],
        tokens.start[keep],
        tokens.name[keep],
        (use < 2).astype(float)[keep],
        40,
    )
    found = pairs.pair_divergence(kept, fewest=5, n_draws=99)
    assert found.bits == pytest.approx(1, abs=1e-6)
    assert found.p_value == 0.01 and found.low < 1 < found.high + 1e-9


def test_made_maps_are_told_apart_by_their_rule(made):
    for rule, distance in (("pairing", False), ("and", False), ("spacing", True)):
        found = made[rule, distance]
        assert found.bits > 0.4 and found.low > 0.3 and found.p_value == 0.05
        for other in ("presence", "chance"):
            assert found.bits > 10 * made[other, distance].bits
    for rule, distance in (("presence", False), ("chance", False), ("spacing", False)):
        assert made[rule, distance].bits < 0.05
    assert abs(made["presence", False].bits) < 0.01


def test_a_map_is_measured_without_and_with_distance_and_its_cells_are_kept():
    data = interactions.simulate("pairing", 800)
    x, a = interactions.made_map(data, data["takes_part"], noise=0.1)
    rows, cells = interactions.measure(x, a, draws=19)
    tokens = pairs.find_tokens(x, a)
    for row, edges in zip(rows, ((), interactions.EDGES), strict=True):
        found = pairs.pair_divergence(tokens, edges=edges, n_draws=19)
        assert row["reason"] == "" and row["distance"] == bool(edges)
        ends = row["bits"], row["bits_low"], row["bits_high"], row["p_value"]
        assert ends == (found.bits, found.low, found.high, found.p_value)
        own = cells[cells["distance"] == bool(edges)]
        np.testing.assert_array_equal(own[["p", "j", "r"]].T, [found.p, found.j, found.r])
        assert own["far"].any() == bool(edges) and set(own["one"]) <= set(tokens.words)
    shares = interactions.by_motif(tokens, pairs.pair_divergence(tokens, n_draws=19))
    assert {"AB", "CD", "AD", "BC"} <= set(shares.index)
    together, apart = shares.loc[["AB", "CD"]].sum(), shares.loc[["AD", "BC"]].sum()
    assert together["j"] > 2 * apart["j"] and together["p"] < 2 * apart["p"]
    (row, _), cells = interactions.measure(x[:2], a[:2], draws=19)  # no word is there often enough
    assert "map more sequences" in row["reason"] and not len(cells)


def test_a_score_of_single_k_mers_does_not_see_the_rule():
    """The same sequences, as many of them highlighted: by who stands with whom, or by chance."""
    data = interactions.simulate("pairing", 1000)
    by_chance = np.random.default_rng(1).permutation(data["takes_part"])
    for reading in ("instance", "frequency"):
        one, two = (
            kmer_klds(*interactions.made_map(data, part, noise=0.1), [6], reading=reading)
            for part in (data["takes_part"], by_chance)
        )
        assert one == pytest.approx(two, rel=0.1)


def test_the_null_keeps_the_scores_of_each_name(tokens):
    found = pairs.pair_divergence(tokens, n_draws=199, n_blocks=10)
    assert 0 < found.null.mean() < 0.02
    assert found.p_value > 0.02 and len(found.null) == 199
    again = pairs.pair_divergence(tokens, n_draws=199, n_blocks=10)
    np.testing.assert_array_equal(found.null, again.null)


def test_the_jackknife_leaves_out_whole_blocks_of_sequences(tokens):
    found = pairs.pair_divergence(tokens, n_draws=1, n_blocks=4, fewest=5)
    left_out = []
    for block in range(4):
        keep = tokens.sequence // 10 != block
        part = pairs.Tokens(tokens.words, *(v[keep] for v in tokens[1:5]), 40)
        left_out.append(pairs.pair_divergence(part, n_draws=1, n_blocks=4, fewest=5).bits)
    se = np.sqrt(3 / 4 * ((left_out - np.mean(left_out)) ** 2).sum())
    half = 3.182446 * se  # Student's t, 3 degrees of freedom
    assert (found.low, found.high) == pytest.approx(
        (found.bits - half, found.bits + half), rel=1e-4
    )


def test_distance_makes_cells_and_close_tokens_make_no_pair(tokens):
    found = pairs.find_pairs(tokens)
    assert len(found.left) == 6 and len(found.one) == 240 and (found.left < found.right).all()
    assert len(pairs.find_pairs(tokens, apart=25).left) == 3
    near = pairs.find_pairs(tokens, edges=(30,))
    assert near.bin.sum() == 3 and len(near.left) == 6


def test_too_few_pairs_are_refused_with_a_reason(tokens):
    with pytest.raises(pairs.TooFewPairs, match="0 kinds occur 41 times.*map more sequences"):
        pairs.pair_divergence(tokens, fewest=41)
    with pytest.raises(pairs.TooFewPairs, match="no pair has positive attribution"):
        pairs.pair_divergence(tokens._replace(score=np.zeros(160)))
    silent = pairs.Tokens([], *np.zeros((3, 0), int), np.zeros(0), 40)
    with pytest.raises(pairs.TooFewPairs, match="0 tokens"):
        pairs.pair_divergence(silent)


def test_tokens_are_runs_of_words_named_by_the_best_and_scored_by_the_positive_part():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, (60, 50))  # A and C, so that no word stands elsewhere by chance
    word = np.array([0, 2, 1, 3, 3, 0, 2, 1, 1, 0])
    codes[:, 20:30] = word
    x = one_hot(["".join("ACGT"[c] for c in row) for row in codes])
    score = np.zeros((60, 50))
    score[:, 20:30] = np.linspace(-1, 3.5, 10)
    a = score[:, :, None] * (4 * x - 1) / 3
    found = pairs.find_tokens(x, a, fewest=45)
    assert found.sequence.tolist() == list(range(60)) and (found.start == 20).all()
    text = "".join("ACGT"[c] for c in word)
    assert set(found.words) <= {text[i : i + 6] for i in range(5)}
    assert found.words[found.name[0]] == found.words[0] == text[4:10]
    np.testing.assert_allclose(found.score, np.maximum(np.linspace(-1, 3.5, 10), 0).mean())
    assert len(pairs.find_tokens(x, a, fewest=45, run=6).start) == 0
    x[:, 22] = 0  # an unknown base leaves two words
    assert len(pairs.find_tokens(x, a, fewest=45).start) == 0
    assert (pairs.find_tokens(x, a, fewest=45, run=2).start == 23).all()


def test_rules_of_pairs_keep_the_frequency_of_each_motif():
    for rule in ("pairing", "and", "spacing"):
        data = interactions.simulate(rule, 2000)
        positive = data["y"][:, 0] > 0.5
        for letter in "ABCD":
            often = [(data["motif"][rows] == letter).mean() for rows in (positive, ~positive)]
            assert often[0] == pytest.approx(often[1], abs=0.03)
    gap = data["start"][:, 1] - data["start"][:, 0]
    assert gap[positive].max() < interactions.EDGES[0] < gap[~positive].min()


def test_planted_motifs_stand_where_the_record_says():
    data = interactions.simulate("and", 400)
    assert data["codes"].shape == (400, 200) and set(data["split"]) == {0, 2}
    core = {m.matrix_id for m in motifs.load_motifs() if m.role == "core"}
    assert set(interactions.MOTIFS.values()) <= core
    best = interactions.PPM[interactions.MOTIFS["A"]].argmax(axis=1)
    where = np.argwhere(data["motif"] == "A")
    found = np.array(
        [data["codes"][row, data["start"][row, i] + np.arange(len(best))] for row, i in where]
    )
    assert (found == best).mean() > 0.7


def test_a_network_that_cannot_be_measured_is_recorded_with_the_reason():
    x = one_hot(["ACGT" * 10] * 30)
    rows, cells = interactions.measure(x, np.random.default_rng(0).normal(size=x.shape), draws=19)
    assert [row["distance"] for row in rows] == [False, True] and not len(cells)
    assert all("map more sequences" in row["reason"] and "bits" not in row for row in rows)


def test_a_run_makes_the_study_only_if_it_wants_it(repository):
    for name, wanted in (("default", True), ("quick", False), ("tiny", False)):
        settings = config.load(repository / "config" / f"{name}.yml")
        if name == "default":
            settings["notebooks"] = {interactions.CHAPTER: {}}
        assert shown("interactions", settings) == wanted, name
    assert "interactions" in NAMES and module("interactions").POPULATIONS == ()


@pytest.mark.slow
def test_shipped_networks_belong_to_the_published_settings(repository):
    from compendium.zoo import recipes, training

    settings = config.load(repository / "config" / "default.yml")["studies"]["interactions"]
    for rule in interactions.GRAMMARS:
        for activation in interactions.START:
            given = interactions.recipe(rule, activation, settings)
            name = f"{rule}-{activation}-{settings['seed']:02d}"
            folder = repository / "data" / "interactions"
            assert training.has_weights(folder, name, recipes.digest(given)), name


@pytest.mark.slow
def test_a_network_is_taught_and_keeps_its_first_layer(compendium, repository, monkeypatch):
    from compendium.zoo import weights

    settings = {"n_sequences": 200, "epochs": 1, "seed": 3}
    data = interactions.simulate("and", 200)
    (compendium / "data").symlink_to(repository / "data")
    given = interactions.recipe("and", "relu", settings)
    model, record = interactions.teach(given, data)
    assert model.output_shape == (None, 1) and record["epochs"] == 1
    assert 0 <= record["test"]["auroc"] <= 1
    with np.load(paths.shipped("synthetic") / "bn-relu-standard-00.npz") as arrays:
        before = weights.unpack(arrays)
    for old, new in zip(before[: interactions.FIRST], model.get_weights()):
        np.testing.assert_array_equal(old, new)
    again, _ = interactions.teach(given, data)
    for one, two in zip(model.get_weights(), again.get_weights()):
        np.testing.assert_allclose(one, two, atol=1e-5)


@pytest.mark.slow
def test_a_study_teaches_networks_once_and_tables_what_their_maps_say(
    compendium, repository, monkeypatch
):
    from compendium.zoo import networks, training, weights
    from compendium.zoo.attribution import saliency

    (compendium / "data").symlink_to(repository / "data")
    monkeypatch.setattr(interactions, "GRAMMARS", {"pairing": interactions.GRAMMARS["pairing"]})
    monkeypatch.setattr(interactions, "START", {"exp": interactions.START["exp"]})
    learnt = {"ks": [3, 4, 5, 6, 7, 8], "mean": [0, 0, 0, 1, 0, 0]}
    run = paths.Run("my")
    entry = {**shipped_entry("frequency"), **learnt, "per_subset": [learnt["mean"]]}
    paths.write_json(run.length_weights, {"frequency": entry})
    chosen = {"n_sequences": 200, "epochs": 1, "seed": 3, "weights": "shipped", "draws": 19}
    settings = {"studies": {"interactions": chosen}}
    tables = interactions.make(run, settings)
    table = tables["networks"].set_index("id")
    taught, of_zoo = names = ["pairing-exp-03", "before-exp-03"]
    assert list(table.index) == [taught, taught, of_zoo, of_zoo]
    assert table["epochs"].tolist() == [1, 1, 0, 0]
    kept = run.checkpoints / "interactions" / f"{taught}.npz"
    assert list(kept.parent.glob("*.npz")) == [kept]

    data = interactions.simulate("pairing", 200, seed=3)
    x = codes_to_one_hot(data["codes"][data["split"] == 2])
    shipped = paths.shipped("synthetic") / "bn-exp-standard-00.npz"
    for name, path in zip(names, (kept, shipped)):
        given = interactions.recipe(name.split("-")[0], "exp", chosen)
        network = networks.build(given, 200)
        a = saliency(weights.load_into(network, path), x)
        row = table.loc[name].iloc[0]
        assert row["n"] == len(x) and row["auroc"] == pytest.approx(
            auroc(data["y"][data["split"] == 2, 0], training.predict(network, x)[:, 0])
        )
        assert row["kld_frequency_k6"] == pytest.approx(kmer_klds(x, a, [6])[0], rel=1e-4)
        assert row["consistency_frequency"] == pytest.approx(row["kld_frequency_k6"], rel=1e-6)
        assert row["kld_original"] == pytest.approx(thresholded_kld(x, a), rel=1e-4)

    monkeypatch.setattr(interactions, "teach", None)
    again = interactions.make(run, settings)
    for name in interactions.TABLES:
        pd.testing.assert_frame_equal(again[name], tables[name])


@pytest.mark.slow
def test_shipped_networks_are_taken_where_they_fit(compendium, repository, monkeypatch):
    from compendium.zoo import weights

    (compendium / "data").symlink_to(repository / "data")
    monkeypatch.setattr(interactions, "teach", None)
    settings = config.load(repository / "config" / "default.yml")["studies"]["interactions"]
    data = interactions.simulate("pairing", 200)
    given = interactions.recipe("pairing", "exp", settings)
    run, name = paths.Run("my"), "pairing-exp-00"
    network, epochs = interactions.trained(run, name, given, data, shipped=True)
    assert epochs == settings["epochs"] and not run.checkpoints.exists()
    with np.load(paths.shipped("interactions") / f"{name}.npz") as arrays:
        for kept, own in zip(weights.unpack(arrays), network.get_weights()):
            np.testing.assert_array_equal(kept, own)
    with pytest.raises(TypeError):  # not asked for, they are taught anew
        interactions.trained(run, name, given, data, shipped=False)


def test_stored_tables_hold_every_network_with_a_number_or_a_reason(repository, monkeypatch):
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(repository))
    tables, _ = load_tables("interactions", "no-such-run")
    table = tables["networks"]
    assert len(table) == 2 * 2 * (1 + len(interactions.GRAMMARS))
    assert (table["bits"].notna() ^ table["reason"].notna()).all()
    for _, part in tables["cells"].groupby(["id", "distance"]):
        np.testing.assert_allclose(part[["p", "j", "r"]].sum(), 1, atol=1e-6)


def test_every_column_is_explained(repository):
    """The page of columns and the tables that the study makes name the same columns."""
    page = (repository / "book" / "columns.md").read_text(encoding="utf-8")
    for name in interactions.TABLES:
        rows = page.split(f"`interactions_{name}.csv`:", 1)[1].split("|---|---|\n", 1)[1]
        explained = [row.split("`")[1] for row in rows.split("\n\n")[0].splitlines()]
        table = repository / "data" / "stored" / f"interactions_{name}.csv"
        assert explained == table.read_text(encoding="utf-8").split("\n")[0].split(",")
