"""Settings of the original metric, one dead map, verdicts, and the score that is recommended."""

import itertools

import numpy as np
import pandas as pd
import pytest
from metric_examples import planted_pair, random_pair

from attribution_consistency import thresholded_kld
from compendium.chapters import controls_recommended as recommendation
from compendium.chapters import reproduction
from compendium.stats import Estimate

RNG = np.random.default_rng


def test_every_setting_is_that_of_the_metric():
    x, a = random_pair(0, n=30, length=60, unknown=0.0)
    found = reproduction.original_settings(x, a)
    assert len(found) == 2 * 2 * 4 * 5 * 4
    choices = itertools.product(("l2", "abs_input"), (True, False), (0.8, 0.95), (0, 2, 5), (4, 6))
    for score, correct, q, b, k in choices:
        name = f"{score}-{'corrected' if correct else 'raw'}-q{q}-b{b}-k{k}"
        want = thresholded_kld(x, a, k, quantile=q, buffer=b, score=score, correct=correct)
        assert found[name] == pytest.approx(want, nan_ok=True), name


def test_a_dead_map_puts_every_later_one_over_the_sequence_before():
    a = np.arange(5)[:, None, None] * np.ones((5, 3, 4)) + 1
    moved = reproduction.shifted(a, 2)
    assert moved[:, 0, 0].tolist() == [1, 2, 4, 5, 0]
    x, a, _ = planted_pair(n=80, length=60)
    rows = reproduction.one_dead_map(x, a, [3, 4], [0.5, 0.5])
    assert [row["dead"] for row in rows] == ["none", "front", *["random"] * reproduction.PLACES]
    assert rows[1]["original"] < rows[0]["original"] and rows[1]["final"] < rows[0]["final"]


@pytest.mark.parametrize(
    "ends, paper, asks, verdict",
    [
        ((0.91, 0.97), 0.868, "at least", "reproduced"),
        ((0.80, 0.93), 0.587, "equal", "not reproduced"),
        ((0.55, 0.93), 0.587, "equal", "reproduced"),
        ((0.02, 0.13), 0.281, "gap", "in direction only"),
        ((-0.02, 0.13), 0.281, "gap", "not reproduced"),
        ((-0.02, 0.13), 0, "above", "cannot tell"),
        ((0.02, 0.13), 0, "above", "reproduced"),
        ((-0.2, -0.1), 0, "above", "not reproduced"),
        ((0.5, 0.6), 0.868, "at least", "not reproduced"),
    ],
)
def test_verdicts_on_numbers_of_the_paper(ends, paper, asks, verdict):
    assert reproduction.verdict(Estimate(np.mean(ends), *ends), paper, asks) == verdict


def test_correlations_of_settings_and_of_dead_maps():
    snr = pd.Series(np.arange(10.0), [f"n{i}" for i in range(10)])
    settings = pd.DataFrame({"id": snr.index, "l2-raw-q0.9-b2-k6": -snr.to_numpy()})
    (row,) = reproduction.correlations(settings, snr).to_dict("records")
    assert row == {
        "score": "l2",
        "corrected": False,
        "quantile": 0.9,
        "buffer": 2,
        "k": 6,
        "spearman": -1,
    }
    rows = [
        {"id": i, "n": 5, "dead": dead, "original": value, "final": value}
        for i, v in snr.items()
        for dead, value in (("none", v), *[("random", 0.1 * p) for p in range(3)])
    ]
    found = reproduction.with_dead_maps(pd.DataFrame(rows), snr, np.array([0, 0.5]), ways=20)
    assert found["final"]["mean"][0] == 1 and found["original"]["mean"][1] < 0.9


def test_a_control_above_the_networks_is_seen():
    table = pd.DataFrame(
        [("synthetic", "network", i) for i in range(20)]
        + [("synthetic", kind, i) for kind in recommendation.BLIND for i in range(2)],
        columns=["population", "kind", "id"],
    )
    scores = np.r_[np.arange(20.0), [0, 0], [0, 38], [-1, -1], [5, 5]]
    mean = recommendation.exceeded(table, scores)
    assert mean == {"spike": 0, "noise": 0.95, "position": 0, "constant": 0.25}
    assert recommendation.exceeded(table, scores, highest=True)["noise"] == 1


def test_the_rule_leaves_out_what_a_control_beats_and_gives_ties_to_the_default():
    """A raw KLD that spikes beat, however well it follows the truth."""
    rng, rows, truths = RNG(0), [], []
    for i, (activation, start) in enumerate(itertools.product(("exp", "relu"), range(20))):
        truth = rng.normal() + 3
        truths.append(
            {
                "id": f"bn-{activation}-r{start}-00",
                "population": "synthetic",
                "architecture": "cnn",
                "batch_norm": True,
                "activation": activation,
                "init": 0,
                "snr": truth,
                "snr_absolute": truth,
                "motif_aupr": truth,
                "snr_median": truth,
            }
        )
        row = {"population": "synthetic", "kind": "network", "id": truths[i]["id"]}
        for reading, k in itertools.product(recommendation.READINGS, (5, 6)):
            row[f"kld_{reading}_k{k}"] = truth + 0.1 * rng.normal()
            row[f"exchanged_{reading}_k{k}"] = 0.05 * rng.normal()
        rows.append(row)
    for kind in recommendation.BLIND:
        same = {f"kld_{r}_k{k}": 9.0 for r in recommendation.READINGS for k in (5, 6)}
        same |= {name.replace("kld", "exchanged"): value for name, value in same.items()}
        rows.append({"population": "synthetic", "kind": kind, "id": "0", **same})
    table, chosen = recommendation.choose(pd.DataFrame(rows), pd.DataFrame(truths), draws=40)
    table = table.set_index("candidate")
    assert chosen == recommendation.DEFAULT.name == "excess, frequency, equal"
    assert table["admitted"].tolist() == [name.startswith("excess") for name in table.index]
    assert table.loc["raw, frequency, equal", "spike"] == 1 and (table["follows"] > 0.8).all()


def test_a_word_at_one_place_has_no_excess_and_one_at_random_places_has():
    fixed, free = (
        recommendation.both(*recommendation.at_a_place(moved, 100), [4]) for moved in (0, 90)
    )
    over = [row["kld_frequency_k4"] - row["exchanged_frequency_k4"] for row in (fixed, free)]
    assert abs(over[0]) < 0.02 < over[1]
