"""Evidence beyond looking: every measure on made maps and networks whose answer is known."""

import functools

import numpy as np
import pandas as pd
import pytest

from attribution_consistency import motifs
from attribution_consistency.sequences import codes_to_one_hot, encode_codes
from compendium import config, paths
from compendium.chapters import NAMES, evidence, evidence_correlations, shown
from compendium.chapters import evidence_measures as measures

N, LENGTH = 120, 90
WORD = encode_codes(["TGACTCA"])[0]  # the binding site of AP-1, "FOS" in the list of motifs


def RNG(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def planted():
    """Random sequences with `WORD` at a known start each: (codes, starts)."""
    rng = RNG()
    codes, start = rng.integers(0, 4, (N, LENGTH)).astype(np.uint8), rng.integers(10, 70, N)
    for i in range(len(WORD)):
        codes[np.arange(N), start + i] = WORD[i]
    return codes, start


@pytest.fixture(scope="module")
def pointing(planted):
    """Maps that are 1 under the planted word and a tenth of noise elsewhere, (N, L, 4)."""
    codes, start = planted
    score = 0.1 * RNG(1).random((N, LENGTH))
    for i in range(len(WORD)):
        score[np.arange(N), start + i] = 1
    # The other three bases balance it, so that correction takes nothing away.
    x = codes_to_one_hot(codes)
    return score[..., None] * (x - (1 - x) / 3)


def noise(seed):
    return RNG(seed).normal(size=(N, LENGTH, 4))


# --- replicate agreement ------------------------------------------------------------------


def test_agreement_is_the_share_of_variance_that_two_networks_have_in_common():
    common = noise(0)
    assert measures.agreement(common + noise(1), common + noise(2)) == pytest.approx(0.5, abs=0.02)
    assert measures.agreement(common, 3 * common) == pytest.approx(1, abs=0.02)
    assert measures.agreement(noise(1), noise(2)) == pytest.approx(0, abs=0.02)


def test_what_does_not_depend_on_the_sequence_is_no_agreement():
    everywhere = noise(0)[:1]
    one, two = noise(1) + 3 * everywhere, noise(2) + 3 * everywhere
    assert measures.agreement(one, two) == pytest.approx(0, abs=0.02)
    channel = 5 * RNG(3).normal(size=(N, LENGTH, 1))  # the part that correction removes
    assert measures.agreement(noise(1) + channel, noise(2) + channel) == pytest.approx(0, abs=0.02)


def test_a_map_of_zeros_agrees_with_nothing():
    assert measures.agreement(np.zeros((N, LENGTH, 4)), noise(0)) == 0


def test_configurations_with_one_initialisation_have_no_replicates():
    ids = [
        "binary-cnn-gm12878-exp-01",
        "binary-cnn-gm12878-exp-00",
        "binary-cnn-gm12878-relu-00",
        "binary-cnn-gm12878-exp-02",
    ]
    assert evidence.replicates(ids) == {
        "binary-cnn-gm12878-exp-00": ["binary-cnn-gm12878-exp-01", "binary-cnn-gm12878-exp-02"]
    }
    assert evidence.replicates(ids[1:3]) == {}


# --- motif support ------------------------------------------------------------------------


def test_hits_are_found_on_both_strands_and_over_no_unknown_base(planted):
    codes, start = planted
    bits = measures.matrix_bits(motifs.jaspar_matrices()[evidence.MOTIFS["FOS"]][1])
    hits = measures.find_hits(codes, bits)
    assert set(np.arange(N)) <= set(hits.row)
    reverse = (3 - codes)[:, ::-1]
    np.testing.assert_allclose(
        measures.log_odds(reverse, bits), measures.log_odds(codes, bits)[:, ::-1]
    )
    unknown = codes.copy()
    unknown[np.arange(N), start + 3] = 4
    assert len(measures.find_hits(unknown, bits).row) < len(hits.row) - N / 2


def test_controls_are_as_many_as_the_hits_with_their_gc_and_touch_none(planted):
    codes, _ = planted
    bits = measures.matrix_bits(motifs.jaspar_matrices()[evidence.MOTIFS["FOS"]][1])
    hits = measures.find_hits(codes, bits)
    control = measures.control_hits(codes, bits, hits, RNG())

    def contents(windows):
        at = windows.start[:, None] + np.arange(windows.width)
        return np.sort(np.isin(codes[windows.row[:, None], at], (1, 2)).sum(axis=1))

    np.testing.assert_array_equal(contents(control), contents(hits))
    for row, start in zip(control.row, control.start):
        assert (np.abs(hits.start[hits.row == row] - start) >= hits.width).all()


def test_support_is_high_for_maps_at_the_motif_and_none_for_others(planted, pointing):
    codes, _ = planted
    x = codes_to_one_hot(codes)
    matrices = {"FOS": motifs.jaspar_matrices()[evidence.MOTIFS["FOS"]][1]}
    windows = measures.motif_windows(codes, matrices, draws=3)
    found = evidence.support(measures.relative_scores(x, pointing), windows, draws=20)
    assert found.value > 4 and abs(found.baseline) < 0.25
    assert found.n >= N and found.n_baseline == 3 * found.n
    nothing = evidence.support(measures.relative_scores(x, noise(0)), windows, draws=3)
    assert abs(nothing.value) < 0.15
    flat = measures.motif_support(np.ones((N, LENGTH)), windows)
    assert flat["FOS"] == pytest.approx(0, abs=1e-12)


def test_motifs_with_few_hits_are_left_out(planted):
    codes, _ = planted
    matrices = {"FOS": motifs.jaspar_matrices()[evidence.MOTIFS["FOS"]][1]}
    assert measures.motif_windows(codes[:3], matrices) == {}
    assert evidence.support(np.ones((3, LENGTH)), {}, draws=2) is None


def test_every_motif_of_the_list_is_in_the_library():
    library = motifs.jaspar_matrices()
    for name, matrix_id in evidence.MOTIFS.items():
        assert library[matrix_id][0].upper() == name


# --- perturbation -------------------------------------------------------------------------


def count_words(codes):
    """A network that counts exact instances of `WORD`."""
    width = len(WORD)
    at = [(codes[:, i : LENGTH - width + 1 + i] == WORD[i]) for i in range(width)]
    return np.logical_and.reduce(at).sum(axis=1).astype(float)


def test_replacing_what_the_network_reads_takes_its_prediction_away(planted, pointing):
    codes, _ = planted
    score = measures.relative_scores(codes_to_one_hot(codes), pointing)
    top, random = measures.perturbation(count_words, codes, score, seed=evidence.SEED)
    assert top.shape == random.shape == (10, N)
    assert top.mean() == pytest.approx(1, abs=0.05)
    assert abs(random.mean()) < 0.05, "the word is a top window, which random ones stay off"
    row = evidence.perturbation(count_words, 2.0, codes, 10, score)
    assert row.value == pytest.approx(top.mean() / 2) and row.n == N


def test_a_map_that_points_elsewhere_loses_nothing(planted):
    codes, start = planted
    away = np.zeros((N, LENGTH))
    away[np.arange(N)[:, None], (start[:, None] + 30 + np.arange(20)) % LENGTH] = 1
    top, _ = measures.perturbation(count_words, codes, away)
    assert abs(top.mean()) < 0.1


def test_replaced_bases_keep_their_place_and_their_gc(planted):
    codes, _ = planted
    sites = np.stack([np.full(N, 4), np.full(N, 40)], axis=1)
    new = measures.replaced(codes, sites, RNG())
    same = np.ones(LENGTH, bool)
    for first in (4, 40):
        part = slice(first, first + measures.K)
        same[part] = False
        strong = [np.isin(c[:, part], (1, 2)).sum(axis=1) for c in (codes, new)]
        np.testing.assert_array_equal(*strong)
        assert (codes[:, part] != new[:, part]).mean() == pytest.approx(0.7, abs=0.15)
    np.testing.assert_array_equal(codes[:, same], new[:, same])


def test_windows_do_not_overlap_and_random_ones_have_the_same_gc(planted):
    codes, _ = planted
    rng = RNG(2)
    gc = measures.window_sums(np.isin(codes, (1, 2)), measures.K)
    sums = measures.window_sums(rng.random(codes.shape), measures.K)
    top, taken = measures._pick(sums, measures.SITES)
    random = measures._alike(gc, np.where(taken, np.inf, 0), top, rng)
    both = np.sort(np.concatenate([top, random], axis=1), axis=1)
    assert np.diff(both, axis=1).min() >= measures.K
    rows = np.arange(N)[:, None]
    assert (gc[rows, top] == gc[rows, random]).mean() > 0.95


def test_sequences_without_room_are_refused():
    codes = np.zeros((2, 14), np.uint8)
    with pytest.raises(ValueError, match="use longer ones"):
        measures.perturbation(lambda c: np.zeros(len(c)), codes, np.ones(codes.shape))


# --- occupancy and power ------------------------------------------------------------------


def test_positions_in_overlapping_intervals():
    start, end = np.array([10, 12, 40]), np.array([20, 25, 50])
    found = measures.in_intervals(np.array([9, 10, 24, 25, 40, 49, 50]), start, end)
    assert found.tolist() == [False, True, True, False, True, True, False]


def test_occupancy_compares_hits_of_equal_match():
    """Score follows the match, and occupied hits match better: no difference is left."""
    rng = RNG()
    match = np.repeat([1.0, 2.0, 3.0, 4.0], 50)
    occupied = rng.random(200) < match / 5
    hits = measures.Hits(np.arange(200), np.zeros(200, int), match, 1)
    value, baseline, n, others = measures.occupancy(match[:, None], hits, occupied)
    assert value == pytest.approx(baseline) and (n, others) == (occupied.sum(), (~occupied).sum())
    raised = match[:, None] + 2 * occupied[:, None]
    value, baseline, *_ = measures.occupancy(raised, hits, occupied)
    assert value - baseline == pytest.approx(2)
    assert np.isnan(measures.occupancy(raised, hits, np.ones(200, bool))[0])


def test_power_grows_with_networks_and_correlation_and_is_the_level_without_one():
    few, many = (evidence_correlations.power(n, (0.0, 0.5, 0.9)) for n in (10, 40))
    assert few[0] == pytest.approx(0.05, abs=0.02) and many[0] == pytest.approx(0.05, abs=0.02)
    assert few[0] < few[1] < few[2] and few[1] < many[1] and many[2] > 0.99
    # Fieller, Hartley and Pearson (1957): the SD of Fisher's z of a rank correlation.
    z = np.arctanh(6 / np.pi * np.arcsin(0.25)) / np.sqrt(1.06 / 37)
    expected = 0.5 * (1 + np.vectorize(__import__("math").erf)((z - 1.96) / np.sqrt(2)))
    assert many[1] == pytest.approx(expected, abs=0.05)


# --- the whole study ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def tables(planted, pointing):
    codes, _ = planted
    strength = {
        "binary-cnn-gm12878-exp-00": 3,
        "binary-cnn-gm12878-exp-01": 3,
        "binary-cnn-gm12878-relu-00": 1,
        "quantitative-cnn-gm12878-exp-00": 0.3,
        "quantitative-cnn-four-exp-00": 0.1,
        "quantitative-cnn-gm12878-relu-00": 0.0,
    }
    maps = {
        name: s * pointing + 0.2 * noise(20 + i) for i, (name, s) in enumerate(strength.items())
    }
    scores = pd.DataFrame({"id": list(strength), "status": "ok", "architecture": "cnn"})
    scores["task"] = scores["id"].str.split("-").str[0]
    scores["activation"] = scores["id"].str.split("-").str[3]
    for column in evidence.SCORES.values():
        scores[column] = list(strength.values())
    data = {"codes": codes, "chrom": np.array(["chr8"] * N), "start": np.arange(N) * 1000}
    settings = {"n_sequences": 60, "replacements": 10, "draws": 2}
    return evidence.make_tables(
        data,
        scores,
        maps.get,
        lambda name: (count_words, 1.0),
        lambda name, x: [noise(seed)[: len(x)] for seed in (8, 9, 10)],
        None,
        settings,
    )


def test_the_tables_hold_a_row_for_each_network_and_measure(tables):
    table = tables["measures"]
    assert not table.duplicated(["model", "measure"]).any()
    rows = table["measure"].value_counts()
    assert rows["motif_support"] == rows["perturbation"] == rows["perturbation_absolute"] == 5
    assert "binary-cnn-gm12878-exp-01" not in set(table["model"]), "it is there for its maps only"
    assert rows[evidence.PRIMARY] == 1, "only one configuration has a second initialisation"
    assert "ctcf_occupancy" not in rows, "no peaks were given"
    np.testing.assert_allclose(table["excess"], table["value"] - table["baseline"])


def test_stronger_maps_have_more_evidence(tables):
    table = tables["measures"].set_index(["measure", "model"])["excess"]
    for measure in ("motif_support", "perturbation"):
        found = table[measure]
        assert found["binary-cnn-gm12878-exp-00"] > found["quantitative-cnn-gm12878-relu-00"] + 0.3
    assert table[evidence.PRIMARY, "binary-cnn-gm12878-exp-00"] > 0.3


def test_the_baseline_of_agreement_is_a_mean_over_pairs():
    a = noise(3)
    row = evidence.agreement("one", ["two"], lambda name: a, [a, a, -a])
    # Of three pairs one is alike and two are opposite.
    assert row.value == pytest.approx(measures.agreement(a, a))
    assert row.baseline == pytest.approx(-row.value / 3)
    assert row.n == row.n_baseline == len(a)


def test_correlations_state_their_number_and_power(tables):
    found = tables["correlations"].set_index(["measure", "networks", "score", "given"])
    row = found.loc["motif_support", "all", "consistency", "nothing"]
    assert row["n"] == 5 and row["value"] > 0.8 and row["low"] <= row["value"] <= row["high"]
    alone = found.loc[evidence.PRIMARY, "all", "consistency", "nothing"]
    assert alone["n"] == 1 and np.isnan(alone["value"])
    power = tables["power"].set_index(["n", "correlation"])["power"]
    assert set(power.index.get_level_values("n")) == {5} and power[5, 0.5] < 0.3


def test_sequences_are_spread_evenly():
    assert measures.spread(10, 4).tolist() == [0, 3, 6, 9]
    assert measures.spread(3, 200).tolist() == [0, 1, 2]


def test_a_run_may_leave_the_study_out(repository):
    assert "evidence" in NAMES
    settings = config.load(repository / "config" / "default.yml")
    assert shown("evidence", settings)
    settings["studies"]["evidence"]["run"] = False
    assert not shown("evidence", settings)


def test_peaks_that_are_not_here_leave_occupancy_out(monkeypatch, tmp_path):
    monkeypatch.setenv("ATTRIBUTION_CONSISTENCY_DATA", str(tmp_path))
    monkeypatch.setattr(evidence.remote, "locate", lambda name: None)
    assert evidence.read_peaks() is None


def test_every_column_is_explained(repository, tables):
    page = (repository / "book" / "columns.md").read_text(encoding="utf-8")
    for name in evidence.TABLES:
        rows = page.split(f"`evidence_{name}`:", 1)[1].split("|---|---|\n", 1)[1]
        explained = [row.split("`")[1] for row in rows.split("\n\n")[0].splitlines()]
        assert explained == list(tables[name].columns)


@pytest.mark.slow
def test_networks_of_a_run_predict_and_have_untrained_copies(compendium, repository):
    pytest.importorskip("keras")
    from compendium.zoo.trained import Networks

    (compendium / "data").symlink_to(repository / "data")
    run, name = paths.Run("my"), "binary-cnn-gm12878-relu-00"
    shipped = paths.shipped("gm12878_dnase")
    for suffix in (".npz", ".json"):
        target = run.model("gm12878_dnase", name).with_suffix(suffix)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((shipped / f"{name}{suffix}").read_bytes())
    codes = RNG().integers(0, 4, (12, 201)).astype(np.uint8)
    recipes = {name: paths.read_json(shipped / f"{name}.json")["recipe"]}
    networks = Networks(recipes, functools.partial(run.model, "gm12878_dnase"), 201)
    predict, scale = evidence.predictor(networks, codes, name)
    assert predict(codes).shape == (12,) and scale == pytest.approx(predict(codes).std())
    x = np.eye(4, dtype=np.float32)[codes[:4]]
    one, two = evidence.untrained_maps(networks, name, x, 2)
    assert one.shape == two.shape == (4, 201, 4) and not np.allclose(one, two)
    np.testing.assert_array_equal(one, evidence.untrained_maps(networks, name, x, 1)[0])


def test_agreement_is_held_against_the_mean_score_of_its_networks():
    names = [
        f"binary-{a}-gm12878-{b}-0{i}"
        for a in ("cnn", "basset")
        for b in ("exp", "relu")
        for i in (0, 1)
    ]
    scores = pd.DataFrame({"id": names, "task": "binary"})
    for column in evidence.SCORES.values():
        scores[column] = np.arange(8.0) ** 2
    table = pd.DataFrame(
        {
            "model": names[::2] * 2,
            "excess": 0.0,
            "measure": np.repeat([evidence.PRIMARY, "motif_support"], 4),
        }
    )
    joined, single = evidence_correlations.with_scores(table, scores)
    assert list(joined["kld_original"]) == [0.5, 6.5, 20.5, 42.5, 0, 4, 16, 36]
    assert list(single["first"]["kld_original"]) == [0, 4, 16, 36] * 2
    assert list(single["second"]["kld_original"]) == [1, 9, 25, 49, 0, 4, 16, 36]
