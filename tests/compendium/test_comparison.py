"""The table of correlations over networks, on made scores whose correlations are known."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr

from compendium.comparison import centred_table, comparison_table


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=80)
    group = np.repeat(["a", "b"], 40)
    return pd.DataFrame(
        {
            "truth": truth,
            "exact": np.exp(truth),
            "noisy": truth + rng.normal(size=80),
            "noise": rng.normal(size=80),
            "group": group,
            # Follows the groups, and inside them the truth backwards.
            "turned": np.where(group == "a", 10, 0) - truth,
        }
    )


def row(table, metric, **where):
    found = table[table["metric"] == metric]
    for column, value in where.items():
        found = found[found[column] == value]
    assert len(found) == 1
    return found.iloc[0]


def test_estimates_are_scipys_and_lie_in_their_intervals(scores):
    table = comparison_table(scores, ["exact", "noisy"], ["truth"], n_boot=200)
    noisy = row(table, "noisy", statistic="spearman")
    assert noisy["estimate"] == pytest.approx(spearmanr(scores["noisy"], scores["truth"])[0])
    assert noisy["low"] < noisy["estimate"] < noisy["high"]
    linear = row(table, "exact", statistic="pearson")
    assert linear["estimate"] == pytest.approx(pearsonr(scores["exact"], scores["truth"])[0])
    perfect = row(table, "exact", statistic="spearman")
    assert perfect[["estimate", "low", "high"]].tolist() == pytest.approx([1, 1, 1])


def test_known_correlation_of_a_normal_pair_is_covered():
    rng = np.random.default_rng(1)
    a, b = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=2000).T
    table = comparison_table(
        pd.DataFrame({"a": a, "b": b}), ["a"], ["b"], n_boot=200, statistics=["pearson"]
    )
    found = table.iloc[0]
    assert found["low"] < 0.6 < found["high"] and found["high"] - found["low"] < 0.1


def test_strata_show_a_correlation_that_turns_around(scores):
    scores = scores.assign(truth=np.where(scores["group"] == "a", 10, 0) + scores["truth"])
    table = comparison_table(
        scores, ["turned"], ["truth"], strata="group", n_boot=50, statistics=["spearman"]
    )
    assert table["networks"].tolist() == ["all", "a", "b", "within"]
    assert table["n"].tolist() == [80, 40, 40, 80]
    assert row(table, "turned", networks="all")["estimate"] > 0.4
    for part in ("a", "b", "within"):
        assert row(table, "turned", networks=part)["estimate"] == pytest.approx(-1)


def test_within_is_the_mean_over_the_strata(scores):
    table = comparison_table(
        scores, ["noisy"], ["truth"], strata="group", n_boot=0, statistics=["spearman"]
    ).set_index("networks")["estimate"]
    assert table["within"] == pytest.approx((table["a"] + table["b"]) / 2)
    assert table["a"] != table["b"]


def test_difference_from_the_reference_is_paired(scores):
    metrics = {"noisy": "noisy", "shifted": scores["noisy"] * 2 + 1, "noise": "noise"}
    table = comparison_table(scores, metrics, ["truth"], n_boot=200, reference="noisy")
    for label in ("noisy", "shifted"):
        same = row(table, label, statistic="spearman")
        assert same[["difference", "difference_low", "difference_high"]].tolist() == [0, 0, 0]
    assert row(table, "noise", statistic="spearman")["difference_high"] < 0


def test_copies_of_a_network_are_no_new_evidence(scores):
    copies = pd.concat([scores] * 5, ignore_index=True)
    who = np.tile(np.arange(80), 5)

    def width(table):
        return float((table["high"] - table["low"]).iloc[0])

    options = {"n_boot": 300, "statistics": ["spearman"]}
    single = width(comparison_table(scores, ["noisy"], ["truth"], **options))
    clustered = width(comparison_table(copies, ["noisy"], ["truth"], who, **options))
    naive = width(comparison_table(copies, ["noisy"], ["truth"], **options))
    assert clustered == pytest.approx(single, rel=0.25) and naive < 0.65 * single


def test_a_network_without_a_value_stays_out_of_its_row_only(scores):
    holed = scores.copy()
    holed.loc[3, "noisy"] = np.nan
    holed.loc[4, "noisy"] = np.inf
    table = comparison_table(
        holed, ["exact", "noisy"], ["truth"], n_boot=20, reference="exact", strata="group"
    )
    assert row(table, "exact", networks="all", statistic="spearman")["n"] == 80
    short = row(table, "noisy", networks="all", statistic="spearman")
    rest = scores.drop([3, 4])
    assert short["n"] == 78 and np.isnan(short["difference"])
    assert short["estimate"] == pytest.approx(spearmanr(rest["noisy"], rest["truth"])[0])
    assert table["metric"].tolist()[:2] == ["exact", "noisy"], "in the order asked for"


def test_three_networks_give_no_estimate(scores):
    table = comparison_table(scores[:3], ["noisy"], ["truth"], n_boot=5)
    assert table["estimate"].isna().all() and table["low"].isna().all()


def test_a_reference_or_statistic_that_does_not_exist_is_named(scores):
    with pytest.raises(ValueError, match="nosuch.*exact"):
        comparison_table(scores, ["exact"], ["truth"], reference="nosuch")
    with pytest.raises(ValueError, match="kendall.*spearman"):
        comparison_table(scores, ["exact"], ["truth"], statistics=["kendall"])
    with pytest.raises(ValueError, match="one a network"):
        comparison_table(scores, {"short": [1, 2]}, ["truth"])


def test_centred_ranks_leave_only_what_lies_inside_the_labels(scores):
    """A score that follows the labels and turns the truth around inside them."""
    truth = np.where(scores["group"] == "a", 10, 0) + scores["truth"].to_numpy()
    metrics = {name: scores[name].to_numpy() for name in ("exact", "noisy", "turned")}
    table = centred_table(metrics, truth, scores["group"], n_boot=100, reference="noisy")
    assert list(table.index) == ["exact", "noisy", "turned"]
    assert table.loc["turned", "estimate"] < -0.95 and spearmanr(metrics["turned"], truth)[0] > 0.4
    assert table.loc["exact", "estimate"] > table.loc["noisy", "high"]
    assert table.loc["exact", "difference_low"] > 0 > table.loc["turned", "difference_high"]
    assert table.loc["noisy", "difference"] == 0

    ranks = scores[["noisy"]].assign(truth=truth).rank()
    for group in ("a", "b"):
        inside = scores["group"] == group
        ranks[inside] -= ranks[inside].mean()
    expected = np.corrcoef(ranks["noisy"], ranks["truth"])[0, 1]
    assert table.loc["noisy", "estimate"] == pytest.approx(expected)


def test_clusters_of_a_centred_table_are_resampled_whole(scores):
    """Networks that are copies of each other add nothing to what is known."""
    twice = pd.concat([scores, scores], ignore_index=True)
    cluster = np.tile(np.arange(80), 2)
    metrics = {"noisy": twice["noisy"].to_numpy()}
    widths = []
    for groups in (cluster, None):
        found = centred_table(
            metrics, twice["truth"], twice["group"], groups, n_boot=200, reference="noisy"
        ).iloc[0]
        widths.append(found["high"] - found["low"])
    assert widths[0] > 1.2 * widths[1]
