"""Controls of the metric, on maps whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from metric_examples import planted_pair, random_pair

from attribution_consistency import (
    constant_floor,
    kmer_klds,
    motif_auroc,
    one_hot,
    signal_to_noise,
    thresholded_kld,
)
from attribution_consistency.divergence import excess_klds
from attribution_consistency.kmers import kmer_names
from attribution_consistency.maps import READINGS, position_scores
from compendium import paths, store
from compendium.chapters import controls, controls_maps, controls_scores, controls_summary, shown
from compendium.gini import gini
from compendium.rotation import rotated
from compendium.stand_ins import shipped_length_weights

KS = [3, 4]
RNG = np.random.default_rng
X, A, MASK = planted_pair(0, n=60, length=80)
MASKS = {"motif_mask": MASK}
WEIGHTS = {reading: shipped_length_weights(reading, KS) for reading in READINGS}
TASK = controls_scores.Task(X, KS, MASKS, WEIGHTS)


@pytest.mark.parametrize("score", ["abs_input", "l2", "input"])
@pytest.mark.parametrize("correct", [True, False])
def test_a_rotated_map_has_the_same_scores_elsewhere(score, correct):
    x, a = random_pair(1, n=5, length=40)
    turned = rotated(x, a, RNG(0))
    before = position_scores(x, a, score=score, correct=correct)
    after = position_scores(x, turned, score=score, correct=correct)
    for old, new in zip(before, after):
        shifts = [s for s in range(40) if np.allclose(np.roll(old, s), new)]
        assert len(shifts) == 1 and 8 <= shifts[0] <= 32
    assert gini(x, a) == pytest.approx(gini(x, turned))


def test_rotation_takes_away_what_a_good_map_knows():
    turned = rotated(X, A, RNG(0))
    assert kmer_klds(X, A, KS).min() > kmer_klds(X, turned, KS).max()
    good, bad = (np.nanmean(motif_auroc(X, a, MASK)) for a in (A, turned))
    assert good > 0.9 and abs(bad - 0.5) < 0.1


def test_a_spike_covers_eight_positions_of_each_sequence():
    scores = position_scores(X, controls_maps.spikes(X, RNG(0)), correct=False)
    assert (scores.sum(axis=1) == controls_maps.SPIKE).all()
    for row in scores:
        assert np.diff(np.flatnonzero(row)).max() == 1


def test_a_map_points_at_its_words_and_nowhere_else():
    x = one_hot(["AACGTAAAAA", "TTTTACGTNN", "TTACGNTTTT"])
    word = kmer_names(4).index("ACGT")
    scores = position_scores(x, controls_maps.pointing_at(x, [word], 4), correct=False)
    assert scores.astype(int).tolist() == [
        [0, 1, 1, 1, 1, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 1, 1, 1, 1, 0, 0],
        [0] * 10,
    ]


def test_noise_weighs_as_much_as_what_it_hides():
    words = controls_maps.wrong_words(X, RNG(2), 400)
    hidden = controls_maps.in_noise(X, words, RNG(3))
    some = words.any(axis=(1, 2))
    totals = [m[some].sum(axis=(1, 2)) for m in (words, hidden)]
    assert some.sum() > 20 and totals[1] == pytest.approx(2 * totals[0])
    assert (hidden[X == 0] == 0).all() and (hidden[X == 1] > 0).all()


def test_fewer_wrong_words_are_more_consistent_and_still_wrong():
    klds = {n: kmer_klds(X, controls_maps.wrong_words(X, RNG(2), n), [6])[0] for n in (4, 40, 400)}
    assert klds[4] > klds[40] > klds[400]
    x = random_pair(3, n=60, length=80)[0]  # nothing is planted where the mask says
    auroc = np.nanmean(motif_auroc(x, controls_maps.wrong_words(x, RNG(2), 400), MASK))
    assert abs(auroc - 0.5) < 0.1


def test_scores_of_a_map_are_those_of_the_package():
    row = controls_scores.score_map(TASK, A)
    assert row["snr"] == pytest.approx(np.nanmean(signal_to_noise(X, A, MASK)))
    assert row["motif_auroc"] == pytest.approx(np.nanmean(motif_auroc(X, A, MASK)))
    assert row["kld_original"] == pytest.approx(thresholded_kld(X, A))
    for reading in READINGS:
        klds, excess = (f(X, A, KS, reading=reading) for f in (kmer_klds, excess_klds))
        assert [row[f"kld_{reading}_k{k}"] for k in KS] == pytest.approx(list(klds))
        assert [row[f"excess_{reading}_k{k}"] for k in KS] == pytest.approx(list(excess))


def test_a_map_that_is_broken_or_says_nothing_has_no_score():
    for a in (np.full(X.shape, np.nan), np.zeros(X.shape)):
        row = controls_scores.score_map(TASK, a)
        assert row.pop("n") == len(X) and np.isnan(list(row.values())).all()


def test_the_constant_map_scores_the_floor():
    row = controls.control_table(TASK, "", {}, {}, 1).set_index("kind").loc["constant"]
    for reading in READINGS:
        floor = constant_floor(X, KS, reading=reading)
        assert [row[f"kld_{reading}_k{k}"] for k in KS] == pytest.approx(list(floor))


def made_up_maps():
    """Twelve networks that score 1 to 12, and controls: rotated copies, spikes and words."""
    rows = [
        ("network", f"{i}", turned, 0, 0.1 if turned else 1.0 + i)
        for i in range(12)
        for turned in (False, True)
    ]
    rows += [("spike", "", False, np.nan, 0.0), ("words", "", False, 40, 3.5)]
    rows += [("words", "", False, 4, 9.5), ("words", "", False, 1, 99.0)]
    table = pd.DataFrame(rows, columns=["kind", "id", "rotated", "words", "good"])
    table = table.assign(**dict.fromkeys(controls_summary.METRICS, table["good"]))
    return table.assign(population="synthetic")


def test_the_share_of_networks_that_a_control_outranks():
    table = made_up_maps()
    for control, share in {"rotated": 0, "spike": 0, "words": 3 / 12, "word": 1}.items():
        assert controls_summary.outranked(table, "good", control) == pytest.approx(share)
    elsewhere = table[table["kind"] == "network"].assign(population="gm12878_dnase", good=-1)
    both = pd.concat([table, elsewhere])
    own = both[both["population"] == "synthetic"]
    assert controls_summary.outranked(own, "good", "words") == pytest.approx(3 / 12)
    shares = controls_summary.outranked_table(table)
    assert list(shares.index) == list(controls_summary.CONTROLS)
    assert (shares.loc["words"] == 3 / 12).all() and shares.loc["untrained"].isna().all()


def test_of_no_network_no_share_is_known(recwarn):
    controls_alone = made_up_maps().query("kind != 'network'")
    shares = controls_summary.outranked_table(controls_alone)
    assert shares.isna().all(axis=None) and not recwarn.list


def test_the_maps_of_a_table_can_be_drawn_again():
    given = list(controls.control_maps(X, {("network", "a"): A}, 2))
    table = controls.control_table(TASK, "", {("network", "a"): A}, {}, 2)
    assert len(given) == len(table)
    for (which, a, options), (_, row) in zip(given, table.iterrows()):
        known = [k for k, v in which.items() if v == v]
        assert row[known].to_dict() == {k: which[k] for k in known}
        if a.any():
            klds = kmer_klds(X, a, KS, **options)
            assert row[[f"kld_frequency_k{k}" for k in KS]].tolist() == pytest.approx(list(klds))


def test_shuffled_labels_stay_in_their_split_and_those_of_the_test_are_true(compendium):
    rng = RNG(0)
    data = {
        "codes": rng.integers(0, 4, (300, 20)).astype(np.uint8),
        "y": (np.arange(300) % 3 == 0)[:, None].astype(np.float32),
        "split": rng.choice([0, 1, 2], 300, p=(0.7, 0.1, 0.2)).astype(np.uint8),
    }
    run = paths.Run("my")
    store.save(run.data("synthetic"), data)
    found = controls._shuffled_data(run)
    test = data["split"] == 2
    np.testing.assert_array_equal(found["y"][test], data["y"][test])
    np.testing.assert_array_equal(found["x"].argmax(axis=2), data["codes"])
    for split in (0, 1):
        own, true = (y[data["split"] == split] for y in (found["y"], data["y"]))
        assert own.sum() == true.sum() and (own != true).any()
    np.testing.assert_array_equal(controls._shuffled_data(run)["y"], found["y"])


@pytest.mark.slow
def test_fresh_weights_are_he_normal():
    pytest.importorskip("keras")
    from compendium.zoo.trained import he_normal

    kernel = he_normal("kernel", (19, 4, 2000), RNG(0))
    assert kernel.std() == pytest.approx(np.sqrt(2 / 76), rel=0.01)
    assert (he_normal("gamma", (5,), RNG(0)) == 1).all()
    assert (he_normal("bias", (5,), RNG(0)) == 0).all()


def test_a_run_without_the_chapter_leaves_the_study_out():
    assert shown("controls", {"studies": {}, "notebooks": {"06_controls": {}}})
    assert not shown("controls", {"studies": {}, "notebooks": {"01_synthetic_data": {}}})


def test_one_initialisation_of_each_configuration_is_studied():
    table = pd.DataFrame(
        {"id": ["bn-exp-noise-01", "bn-exp-noise-00", "bn-relu-noise-03"], "init": [1, 0, 3]}
    )
    assert controls.one_of_each(table)["id"].tolist() == ["bn-exp-noise-00", "bn-relu-noise-03"]


def test_the_page_of_columns_describes_every_table(repository):
    from test_reference_pages import check

    page = (repository / "book" / "columns.md").read_text(encoding="utf-8")
    real = {"bn-exp-standard-00": A}
    maps = controls.control_table(TASK, "", {("network", i): a for i, a in real.items()}, {}, 1)
    check(page, "`controls_maps`:", list(controls_scores.add_finals(maps, TASK)))
