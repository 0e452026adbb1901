"""Score tables: columns from maps, length weights that survive JSON, matched pairs."""

import json

import numpy as np
import pandas as pd
import pytest

from attribution_consistency import (
    kmer_klds,
    length_weights,
    one_hot,
    signal_to_noise,
    thresholded_kld,
)
from attribution_consistency.maps import READINGS
from compendium import paths, store, tables
from compendium.chapters.real_data_matching import matched_pairs
from compendium.stand_ins import held_out_consistency
from compendium.zoo import recipes


@pytest.fixture
def example():
    """Sixty random sequences, half of the maps' weight on ACGTAC wherever it stands."""
    rng = np.random.default_rng(0)
    letters = rng.choice(list("ACGT"), size=(60, 50))
    start = rng.integers(0, 44, size=60)
    mask = np.zeros((60, 50), bool)
    for row, i in enumerate(start):
        letters[row, i : i + 6] = list("ACGTAC")
        mask[row, i : i + 6] = True
    x = one_hot(["".join(row) for row in letters])
    a = rng.normal(0, 0.1, x.shape).astype(np.float32)
    a[mask] += x[mask]
    return x, a, mask


def test_the_truth_of_rows_has_both_masks_or_none(example):
    mask = example[2]
    data = {"y": np.ones((60, 1)), "motif_mask": mask, "spacer_mask": ~mask}
    rows = np.array([3, 1])
    truth = tables.truth_masks(data, rows)
    assert list(truth) == ["motif_mask", "spacer_mask"]
    np.testing.assert_array_equal(truth["spacer_mask"], ~mask[rows])
    assert tables.truth_masks({"y": data["y"]}, rows) == {}


def test_scores_of_maps_agree_with_the_metrics(example):
    x, a, mask = example
    row = tables.score_maps(x, a, ks=[3, 4], motif_mask=mask)
    assert row["n"] == 60
    assert row["kld_original"] == thresholded_kld(x, a)
    klds = kmer_klds(x, a, [3, 4], reading="instance")
    assert [row["kld_instance_k3"], row["kld_instance_k4"]] == list(klds)
    assert row["kld_uncorrected_k4"] == kmer_klds(x, a, [4], correct=False)[0]
    snr = signal_to_noise(x, a, mask)
    assert row["snr"] == pytest.approx(np.nanmean(snr))
    assert row["snr_undefined"] == np.isnan(snr).sum()


def test_scores_without_ground_truth_have_no_snr(example):
    x, a, _ = example
    row = tables.score_maps(x, a, ks=[3])
    assert not [name for name in row if name.startswith(("snr", "motif"))]


def test_better_maps_score_higher(example):
    x, a, mask = example
    noise = np.random.default_rng(1).normal(0, 0.1, x.shape).astype(np.float32)
    good = tables.score_maps(x, a, ks=[5], motif_mask=mask)
    bad = tables.score_maps(x, noise, ks=[5], motif_mask=mask)
    for name in ("snr", "motif_aupr", "kld_frequency_k5", "gini"):
        assert good[name] > bad[name], name


def synthetic_scores(n=40, ks=(3, 4)):
    """A score table in which KLDs follow the log SNR."""
    rng = np.random.default_rng(2)
    log_snr = rng.normal(size=n)
    table = pd.DataFrame(
        {
            "id": [f"bn-exp-standard-{i:02d}" for i in range(n)],
            "status": "ok",
            "n": 100,
            "snr": np.exp(log_snr),
        }
    )
    for reading in READINGS:
        for k in ks:
            table[f"kld_{reading}_k{k}"] = 2 + 0.1 * k * log_snr + rng.normal(0, 0.1, n)
    return table


SETTINGS = {
    "synthetic": {"length": 50},
    "length_weights": {
        "n_subsets": 5,
        "n_folds": 3,
        "statistic": "r2",
        "standardise": False,
        "seed": 0,
        "split": "random",
    },
}


@pytest.mark.filterwarnings("ignore:.*provisional")
@pytest.mark.parametrize("standardise", [False, True])
def test_length_weights_survive_json(standardise):
    table = synthetic_scores()
    settings = {
        **SETTINGS,
        "length_weights": SETTINGS["length_weights"] | {"standardise": standardise},
    }
    fitted = tables.fit_length_weights(table, settings)
    weights = json.loads(json.dumps(fitted))
    scored = tables.add_consistency(table, weights)

    klds = table[["kld_frequency_k3", "kld_frequency_k4"]].to_numpy()
    options = {k: v for k, v in settings["length_weights"].items() if k != "split"}
    found = length_weights(klds, table["snr"].to_numpy(), **options)
    expected = held_out_consistency(klds, found)
    np.testing.assert_allclose(scored["consistency_frequency"], expected)


@pytest.mark.filterwarnings("ignore:.*provisional")
def test_a_configuration_is_held_out_as_a_whole():
    table = synthetic_scores()
    table["id"] = [f"configuration{i // 4}-{i % 4:02d}" for i in range(len(table))]
    settings = {
        **SETTINGS,
        "length_weights": SETTINGS["length_weights"] | {"split": "configuration"},
    }
    held_out = tables.fit_length_weights(table, settings)["frequency"]["held_out"]
    subsets = pd.Series(held_out).groupby(lambda i: i.split("-")[0]).nunique()
    assert len(subsets) == 10 and (subsets == 1).all() and len(set(held_out.values())) == 5


def test_other_networks_get_the_mean_weights():
    table = synthetic_scores()
    weights = tables.fit_length_weights(table, SETTINGS)
    other = table.assign(id="quantitative-cnn-gm12878-exp-00", snr=np.nan)
    scored = tables.add_consistency(other, weights)
    klds = other[["kld_instance_k3", "kld_instance_k4"]].to_numpy()
    np.testing.assert_allclose(
        scored["consistency_instance"], klds @ np.array(weights["instance"]["mean"])
    )


def test_too_few_networks_get_stand_in_weights_that_say_so():
    weights = tables.fit_length_weights(synthetic_scores(4), SETTINGS)
    assert weights["frequency"]["source"] != "fitted to this run"
    assert sum(weights["frequency"]["mean"]) == pytest.approx(1)
    assert "n_subsets" in weights["frequency"]["note"]


def test_a_network_that_diverged_keeps_its_row_without_scores(example, tmp_path):
    x, a, mask = example
    codes = x.argmax(axis=2).astype(np.uint8)
    store.save(tmp_path / "data.npz", {"codes": codes, "motif_mask": mask})
    recipe = recipes.synthetic_recipe("bn-exp-standard-00", 1, {})
    for name, diverged in (("good-00", False), ("bad-00", True)):
        store.save(
            tmp_path / f"{name}.npz",
            {"a": a, "rows": np.arange(60), "sequences_sha256": tables.sequences_digest(codes)},
        )
        paths.write_json(
            tmp_path / f"{name}.json",
            {
                "recipe": recipe,
                "test": {"auroc": 0.5},
                "seed": 0,
                "epochs": 1,
                "diverged": diverged,
            },
        )

    def table(*ids):
        return tables.score_models(
            ids,
            population="synthetic",
            data_path=tmp_path / "data.npz",
            map_dir=tmp_path,
            model_dir=tmp_path,
            config=settings,
        )

    settings = {**SETTINGS, "scores": {"ks": [3, 4], "score": "abs_input", "correct": True}}
    both = table("bad-00", "good-00").set_index("id")
    assert both["status"].to_dict() == {"bad-00": "diverged", "good-00": "ok"}
    scores = ["snr", "kld_original", "kld_frequency_k3", "floor_frequency_k3"]
    assert both.loc["bad-00", scores].isna().all() and both.loc["good-00", scores].notna().all()
    assert both.loc["bad-00", "auroc"] == 0.5
    scored = both.reset_index()
    weights = tables.fit_length_weights(scored, settings)
    final = tables.add_consistency(scored, weights).set_index("id")["consistency_frequency"]
    assert np.isnan(final["bad-00"]) and np.isfinite(final["good-00"])
    store.save(tmp_path / "data.npz", {"codes": codes[::-1], "motif_mask": mask[::-1]})
    with pytest.raises(ValueError, match="maps of good-00 were made from other sequences than"):
        table("good-00")


def test_length_weights_of_other_lengths_are_refused():
    weights = tables.fit_length_weights(synthetic_scores(), SETTINGS)
    with pytest.raises(ValueError, match=r"k = \[3, 4\].*k = \[3\]"):
        tables.add_consistency(synthetic_scores(ks=(3,)), weights)


def networks(rows):
    return pd.DataFrame(rows, columns=["id", "task", "pearson", "final"])


def test_matched_pairs_are_close_in_performance_and_far_in_score():
    table = networks(
        [
            ("a", "binary", 0.50, 1.0),
            ("b", "binary", 0.51, 3.0),
            ("c", "binary", 0.515, 2.0),
            ("d", "binary", 0.60, 9.0),
            ("e", "binary", 0.61, 8.5),
            ("f", "binary", 0.70, 1.0),
            ("g", "binary", 0.72, 7.0),
        ]
    )
    pairs = matched_pairs(table, "pearson", "final", within=0.0101)
    assert pairs[["level", "high", "low"]].to_numpy().tolist() == [[1, "b", "a"], [2, "d", "e"]]
    assert pairs["difference"].tolist() == [2.0, 0.5]
    assert (pairs["score_high"] > pairs["score_low"]).all()


def test_matched_pairs_stay_within_a_task():
    table = networks([("a", "binary", 0.5, 1.0), ("b", "quantitative", 0.5, 9.0)])
    assert matched_pairs(table, "pearson", "final", 1).empty
    both = matched_pairs(table.drop(columns="task"), "pearson", "final", 1)
    assert both[["high", "low"]].to_numpy().tolist() == [["b", "a"]]


def test_each_level_gets_one_pair_the_widest_of_all_tasks():
    rows = [
        (f"{task}{level}{i}", task, 0.2 * level + 0.001 * i, level + i * apart)
        for task, apart in (("binary", 1.0), ("quantitative", 2.0))
        for level in (1, 2, 3)
        for i in (0, 1)
    ]
    pairs = matched_pairs(networks(rows), "pearson", "final", 0.01)
    assert pairs["level"].tolist() == [1, 2, 3]
    assert set(pairs["task"]) == {"quantitative"}
    halves = matched_pairs(networks(rows), "pearson", "final", 0.01, levels=2)
    assert halves["level"].tolist() == [1, 2]


def test_networks_without_a_score_are_never_paired():
    table = networks([("a", "binary", 0.5, 1.0), ("b", "binary", 0.5, np.nan)])
    assert matched_pairs(table, "pearson", "final", 1).empty
