"""Tables of the chapter on real sequences, on small made-up data."""

import numpy as np
import pandas as pd
import pytest

from attribution_consistency import jackknife, kmer_klds, one_hot
from attribution_consistency.uncertainty import paired_difference
from compendium import paths
from compendium import tables as evaluation
from compendium.chapters import real_data, table_names
from compendium.tables import configuration_of
from compendium.zoo import recipes

WEIGHTS = {
    "ks": [3, 7],
    "mean": [0.25, 0.75],
    "per_subset": [[0.25, 0.75]],
    "r2": [[0.1, 0.3]],
    "centre": None,
    "scale": None,
    "held_out": {},
    "n_excluded": 0,
    "source": "made up",
    "trained_on": {"n": 100, "length": 200},
}
LINES = ["GM12878", "HeLa-S3", "H1", "HepG2"]


@pytest.fixture
def data():
    """Eighty windows of 60 nt, 40 of them test; the signal rises with the number of GATA."""
    rng = np.random.default_rng(0)
    n = 80
    codes = rng.integers(0, 4, (n, 60)).astype(np.uint8)
    gata = np.array([2, 0, 3, 0])
    for row in range(0, n, 2):
        for start in rng.choice(np.arange(0, 56, 4), 3, replace=False):
            codes[row, start : start + 4] = gata
    y = np.zeros((n, 5), np.float32)
    y[::2, 0] = 1
    y[::2, 1:] = np.log1p(rng.uniform(50, 300, (n // 2, 4)))
    split = np.repeat([0, 1, 2], [20, 20, 40]).astype(np.uint8)
    return {
        "codes": codes,
        "y": y,
        "split": split,
        "chrom": np.where(split == 2, "chr8", np.where(split == 1, "chr9", "chr1")),
        "start": np.arange(n) * 10_000,
        "end": np.arange(n) * 10_000 + 60,
        "meta": {
            "targets": ["accessible", *LINES],
            "counts": {"rows": 90, "sequences": n, "capped": dict.fromkeys(LINES, 1)},
            "region_sets": {
                "A_pos": {"windows": 40, "accessible": 39},
                "A_neg": {"windows": 50, "accessible": 5},
            },
        },
    }


@pytest.fixture
def rows(data):
    return evaluation.positive_test_rows(data, 1000)


@pytest.fixture
def scores():
    return pd.DataFrame(
        [
            {
                "id": "binary-cnn-gm12878-exp-00",
                "task": "binary",
                "architecture": "cnn",
                "pearson": 0.9,
                "status": "ok",
            },
            {
                "id": "quantitative-cnn-gm12878-exp-00",
                "task": "quantitative",
                "architecture": "cnn",
                "pearson": 0.5,
                "status": "ok",
            },
            {
                "id": "quantitative-cnn-gm12878-relu-00",
                "task": "quantitative",
                "architecture": "cnn",
                "pearson": 0.6,
                "status": "ok",
            },
            {
                "id": "quantitative-cnn-gm12878-exp-01",
                "task": "quantitative",
                "architecture": "cnn",
                "pearson": 0.7,
                "status": "diverged",
            },
        ]
    )


@pytest.fixture
def maps(rows, scores):
    rng = np.random.default_rng(1)
    return {i: rng.normal(size=(len(rows), 60, 4)).astype(np.float32) for i in scores["id"]}


def test_the_example_is_the_best_quantitative_cnn(scores):
    assert real_data.example_network(scores) == "quantitative-cnn-gm12878-relu-00"
    assert real_data.example_network(scores[:1]) == "binary-cnn-gm12878-exp-00"


def test_every_table_is_made_stored_and_loaded(data, rows, scores, maps, compendium):
    made = real_data.make_tables(data, rows, scores, maps.__getitem__, WEIGHTS)
    assert set(made) == set(real_data.TABLES)
    run, names = paths.Run("default"), {}
    for name, table in made.items():
        paths.write_csv(paths.stored() / f"{table_names('real_data')[name]}.csv", table)
        names[name] = run.table(table_names("real_data")[name])
    paths.write_csv(paths.stored() / "scores_gm12878_dnase.csv", scores)
    found, tables, origin = real_data.load("default")
    assert origin == "stored" and len(found) == 4
    for name, table in made.items():
        pd.testing.assert_frame_equal(tables[name], table, check_dtype=False)

    paths.write_csv(run.scores(real_data.POPULATION), scores)
    with pytest.raises(paths.ArtefactError, match="only some"):
        real_data.load("default")
    for name, table in made.items():
        paths.write_csv(names[name], table)
    assert real_data.load("default")[2] == "run"


def test_without_any_results_the_message_says_what_is_missing(compendium):
    with pytest.raises(paths.ArtefactError, match="gm12878_dnase"):
        real_data.load("default")


def test_k_mers_are_counted_with_their_reverse_complements():
    codes = np.array([[0, 1, 2, 3], [2, 4, 0, 0]], np.uint8)  # ACGT, GNAA
    counted = real_data.count_both_strands(codes, 2)
    # AA/TT AC/GT AG/CT AT CA/TG CC/GG CG GA/TC GC TA
    assert counted.astype(int).tolist() == [
        [0, 2, 0, 0, 0, 0, 1, 0, 0, 0],
        [1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]
    both = np.array([[0, 0, 1, 2, 3, 3], [0, 0, 1, 2, 3, 3]], np.uint8)
    both[1] = 3 - both[1, ::-1]
    first, second = real_data.count_both_strands(both, 3)
    assert (first == second).all()


def test_the_ridge_regression_finds_the_signal(data):
    (found,) = real_data.kmer_ridge(data, k=4).to_dict("records")
    assert found["auroc"] > 0.9 and found["pearson"] > 0.7
    shuffled = np.random.default_rng(2).permutation(len(data["y"]))
    assert real_data.kmer_ridge(data | {"y": data["y"][shuffled]}, k=4)["pearson"][0] < 0.5


def test_left_out_blocks_give_the_interval_of_the_metric(data, rows, maps):
    x = one_hot(["".join("ACGT"[c] for c in row) for row in data["codes"][rows]])
    one, two = list(maps.values())[:2]
    blocks = pd.concat(
        [
            real_data.left_out(x, a, WEIGHTS).assign(id=name)
            for name, a in (("one", one), ("two", two))
        ]
    )
    found = real_data.intervals(blocks)
    expected = jackknife(x, one, [3, 7], weights=np.array([0.25, 0.75]))
    np.testing.assert_allclose(found["one"].estimate, expected.estimate)
    np.testing.assert_allclose([found["one"].low, found["one"].high], [expected.low, expected.high])
    paired = paired_difference(found["one"], found["two"])
    expected = jackknife(x, one, [3, 7], other=two, weights=np.array([0.25, 0.75]))
    np.testing.assert_allclose(paired.se, expected.se, rtol=1e-6)
    short = real_data.intervals(blocks, "consistency_short")["one"]
    np.testing.assert_allclose(short.estimate, kmer_klds(x, one, [3])[0])


def test_peaks_are_the_highest_apart_and_not_saturated(data, rows):
    order = rows[np.argsort(-data["y"][rows, 1], kind="stable")]
    assert real_data.choose_peaks(data, rows, 3)["row"].tolist() == order[:3].tolist()
    data["y"][order[0], 1] = np.log1p(np.float32(2000))
    data["start"][order[2]] = data["start"][order[1]] + 500
    chosen = real_data.choose_peaks(data, rows, 3)
    assert chosen["row"].tolist() == [order[1], order[3], order[4]]
    assert chosen["tags"].is_monotonic_decreasing
    assert set(chosen["sequence"].str.len()) == {60}


def test_logos_are_corrected_gradient_times_input(data, rows, maps):
    x = one_hot(["".join("ACGT"[c] for c in row) for row in data["codes"][rows]])
    a = next(iter(maps.values()))
    peaks = real_data.choose_peaks(data, rows)
    tables = {"peaks": peaks, "logos": real_data.logo_table(x, a, rows, peaks).assign(id="one")}
    at = np.flatnonzero(rows == peaks["row"][1])[0]
    expected = (a[at] - a[at].mean(axis=1, keepdims=True)) * x[at]
    np.testing.assert_allclose(real_data.logo_values(tables, "one", 2), expected, rtol=1e-3)


def test_counts_are_those_of_the_data(data, rows):
    found = real_data.counts(data, rows).set_index("name")["value"].to_dict()
    assert found == {"sequences": len(data["codes"]), "length": 60, "mapped": 20}


def test_replicas_are_second_initialisations_that_are_not_compared(scores):
    compared, replicas = recipes.accessibility_ids()
    assert not set(compared) & set(replicas)
    tasks = [name.split("-")[0] for name in compared]
    assert (tasks.count("binary"), tasks.count("quantitative")) == (8, 18)
    # With the replicas, every configuration has two initialisations.
    configurations = [configuration_of(name) for name in (*compared, *replicas)]
    assert {configurations.count(c) for c in configurations} == {2}
    for name in (*compared, *replicas):
        assert recipes.accessibility_recipe(name)["stopping_patience"]
    some = pd.concat([scores, scores.head(1).assign(id=replicas[0])])
    assert list(real_data.compared(some)["id"]) == list(scores["id"][:3])
