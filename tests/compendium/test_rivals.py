"""Every score against every truth, pooled and inside groups, and what a choice is worth."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from compendium import choosing, rivals

RNG = np.random.default_rng


@pytest.fixture
def networks():
    """Forty networks of two kinds; `between` knows the kind alone, `inside` all but the kind."""
    rng = RNG(0)
    kind = np.repeat(["a", "b"], 20)
    own = rng.normal(size=40)
    truth = own + 5 * (kind == "b")
    scores = {
        "good": truth + 0.3 * rng.normal(size=40),
        "between": (kind == "b") + 0.001 * rng.normal(size=40),
        "inside": own + 0.3 * rng.normal(size=40),
    }
    return kind, truth, scores


def test_pooled_and_inside(networks):
    kind, truth, scores = networks
    levels = {"pooled": np.zeros(40), "kind": kind}
    table = rivals.compare(
        scores, {"t": truth}, levels, np.arange(40), reference="between", draws=200
    )
    table = table.set_index(["level", "score"])
    for name, values in scores.items():
        want = spearmanr(values, truth)[0]
        assert table.loc[("pooled", name), "estimate"] == pytest.approx(want)
    ranks = pd.DataFrame({"s": scores["good"], "t": truth}).rank()
    left = ranks - ranks.groupby(kind).transform("mean")
    inside = table.loc["kind"]
    assert inside.loc["good", "estimate"] == pytest.approx(np.corrcoef(left["s"], left["t"])[0, 1])
    assert abs(inside.loc["between", "estimate"]) < 0.4 < inside.loc["inside", "estimate"]
    assert (inside["difference"] == inside["estimate"] - inside.loc["between", "estimate"]).all()
    assert inside.loc["good", "low"] < inside.loc["good", "estimate"] < inside.loc["good", "high"]
    assert table.loc[("pooled", "between"), "difference_high"] == 0


def test_networks_without_a_number_are_left_out_of_all(networks):
    kind, truth, scores = networks
    scores = scores | {"good": np.where(np.arange(40) < 3, np.nan, scores["good"])}
    options = {"reference": "good", "draws": 10}
    table = rivals.compare(scores, {"t": truth}, {"kind": kind}, np.arange(40), **options)
    assert (table["n"] == 37).all()


def test_levels_are_ever_finer():
    rows = itertools.product(("exp", "relu"), (True, False), ("noise", "mixup"), (0, 1))
    table = pd.DataFrame(rows, columns=["activation", "batch_norm", "regulariser", "init"])
    table["architecture"] = "cnn"
    table["id"] = [
        f"{'bn' if b else 'nobn'}-{a}-{r}-{i:02d}" for a, b, r, i in table.iloc[:, :4].to_numpy()
    ]
    found = rivals.levels(table)
    assert [len(set(labels)) for labels in found.values()] == [1, 2, 4, 8, 8]


def test_pairs_of_equal_accuracy_by_trying_all(networks):
    _, truth, scores = networks
    accuracy = RNG(1).random(40)
    found, n = choosing.pairs_won(scores, truth, accuracy, np.arange(40), within=0.1, draws=50)
    pairs = [
        p for p in itertools.combinations(range(40), 2) if abs(np.diff(accuracy[list(p)])) <= 0.1
    ]
    assert n == len(pairs)
    for name, values in scores.items():
        won = [(values[i] > values[j]) == (truth[i] > truth[j]) for i, j in pairs]
        assert found[name].value == pytest.approx(np.mean(won))
        assert found[name].low <= found[name].value <= found[name].high
    perfect, _ = choosing.pairs_won({"truth": truth}, truth, accuracy, np.arange(40), draws=20)
    assert perfect["truth"] == (1, 1, 1)


@pytest.mark.parametrize("m", [1, 2, 4])
def test_the_best_of_some_by_trying_all(m):
    score, truth = RNG(0).random(8), RNG(1).random(8)
    kept = [
        truth[max(some, key=lambda i: score[i])] for some in itertools.combinations(range(8), m)
    ]
    assert choosing.expected_best(score, truth, m) == pytest.approx(np.mean(kept))


def test_an_oracle_gains_all_and_chance_nothing(networks):
    kind, truth, scores = networks
    given = {"chance": RNG(5).random(40), "truth": truth, "upside down": -truth} | scores
    table = choosing.best_of(given, truth, kind, np.arange(40), [2, 5], draws=30)
    value = table.set_index(["score", "m"])["value"]
    assert value["truth", 2] == value["truth", 5] == pytest.approx(1)
    assert value["upside down", 2] == pytest.approx(-1)
    assert abs(value["chance", 2]) < 0.5 < value["inside", 2] < 1
    over = table.set_index(["score", "m"]).loc[("truth", 5)]
    assert over["low_over"] > 0


# --- a mixed model, and how many networks ----------------------------------------------


@pytest.fixture
def crossed():
    """Twelve configurations of four starts, each with an effect of its own on score and truth."""
    rng = RNG(5)
    ids = [f"c{i:02d}-{j:02d}" for i in range(12) for j in range(4)]
    table = pd.DataFrame({"id": ids, "init": [int(i[-2:]) for i in ids]})
    score = rng.normal(size=48)
    truth = score + np.repeat(rng.normal(size=12), 4) + 0.3 * rng.normal(size=48)
    return table, score, truth


def test_a_mixed_model_gives_the_slope_to_the_score_that_has_it(crossed):
    table, score, truth = crossed
    idle = RNG(6).normal(size=48)
    slopes = rivals.mixed_slopes({"good": score, "idle": idle}, truth, table)
    assert slopes["good"].low > 0.4 and slopes["good"].value == pytest.approx(
        score.std() / truth.std(), abs=0.15
    )
    assert slopes["idle"].low < 0 < slopes["idle"].high


def test_a_mixed_model_does_not_take_configurations_for_networks(crossed):
    """A score that only knows the configuration: twelve values, not forty-eight."""
    table, _, truth = crossed
    score = np.repeat(RNG(7).normal(size=12), 4)
    slope = rivals.mixed_slopes({"s": score}, truth, table)["s"]
    plain = 2 * 1.96 * np.sqrt((1 - np.corrcoef(score, truth)[0, 1] ** 2) / 46)
    assert slope.high - slope.low > 1.3 * plain


def test_four_times_the_networks_halve_what_can_be_told():
    found = rivals.Estimate(0.1, 0.0, 0.2)
    need = rivals.networks_needed(found, 100, 0.1)
    assert need == pytest.approx(100 * ((1.96 + 0.8416) * (0.2 / 3.92) / 0.1) ** 2, abs=1.5)
    assert rivals.networks_needed(found, 100, 0.05) == pytest.approx(4 * need, abs=4)
