"""Controls and variants of the metric, on maps whose answer is known."""

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
from attribution_consistency.divergence import excess_klds, kmer_distributions
from attribution_consistency.kmers import kmer_names
from attribution_consistency.maps import READINGS, position_scores
from compendium.chapters import (
    controls,
    controls_choices,
    controls_maps,
    controls_methods,
    controls_scores,
    controls_summary,
    shown,
)
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


def test_jensen_shannon_is_symmetric_bounded_and_zero_for_equals():
    q, p = RNG(0).dirichlet(np.ones(64), 2)
    there, back = controls_choices.jensen_shannon(q, p), controls_choices.jensen_shannon(p, q)
    assert there == pytest.approx(back) and 0 < there < np.log(2)
    assert controls_choices.jensen_shannon(p, p) == pytest.approx(0)
    apart = np.eye(64)[:2]
    assert controls_choices.jensen_shannon(*apart) == pytest.approx(np.log(2))


def test_base_frequencies_give_the_zeroth_order_prior():
    x = one_hot(["AAAC", "AAAC"])
    prior = controls_choices.zeroth_order(x, [1, 2])
    assert prior[1] == pytest.approx([0.75, 0.25, 0, 0])
    assert prior[2][kmer_names(2).index("AC")] == pytest.approx(0.75 * 0.25)
    assert prior[2].sum() == pytest.approx(1)


@pytest.fixture(scope="module")
def variants():
    return controls_choices.variants(TASK, A)


def joined(klds, reading="frequency"):
    return np.asarray(klds) @ WEIGHTS[reading].mean


def by_hand(k, q_of, of):
    """A divergence of one length, from the distributions under `instance`, term by term."""
    table = kmer_distributions(X, A, k, reading="instance")
    q = q_of(table.q, table.p)
    return of(q / q.sum(), table.p)


def test_every_choice_of_the_book_is_among_the_variants(variants):
    families = {family for family, _ in variants}
    assert families == set(controls_choices.DEFAULTS) - {"attribution method"}
    final = joined(kmer_klds(X, A, KS))
    for family, variant in controls_choices.DEFAULTS.items():
        if family != "attribution method":
            usual = thresholded_kld(X, A) if family.startswith("original") else final
            assert variants[family, variant] == pytest.approx(usual), family


def test_directions_against_their_definition(variants):
    def forward(q, p):
        return (q[q > 0] * np.log(q[q > 0] / p[q > 0])).sum()

    def mixed(q, p):
        return (forward(q, (p + q) / 2) + forward(p, (p + q) / 2)) / 2

    for name, of in (
        ("KL(q || p)", forward),
        ("KL(p || q)", lambda q, p: forward(p, q)),
        ("Jensen-Shannon", mixed),
    ):
        klds = [by_hand(k, lambda q, p: q * p, of) for k in KS]
        assert variants["direction", name] == pytest.approx(joined(klds)), name
    assert variants["direction", "KL(p || q)"] != pytest.approx(variants["direction", "KL(q || p)"])


def test_priors_floor_and_parts_against_the_package(variants):
    def from_uniform(q, p):
        return np.log(len(q)) + (q[q > 0] * np.log(q[q > 0])).sum()

    uniform = [by_hand(k, lambda q, p: q, from_uniform) for k in KS]
    assert variants["prior", "uniform"] == pytest.approx(joined(uniform))
    floor = constant_floor(X, KS)
    assert variants["floor", "subtracted"] == pytest.approx(joined(kmer_klds(X, A, KS) - floor))
    middle = slice(20, 60)
    assert variants["sequence length", "middle 40 nt"] == pytest.approx(
        joined(kmer_klds(X[:, middle], A[:, middle], KS))
    )


def made_up_maps():
    """Twelve networks of six configurations; their score follows SNR, `instance` does not."""
    rows = []
    for i in range(12):
        name = f"bn-exp-c{i // 2}-{i % 2:02d}"
        for turned in (False, True):
            rows.append(
                {
                    "kind": "network",
                    "id": name,
                    "rotated": turned,
                    "snr": 1.0 + i,
                    "good": 0.1 if turned else 1.0 + i,
                    "bad": 5.0,
                }
            )
    for kind, words in (
        ("spike", np.nan),
        ("words", 40),
        ("words", 4),
        ("words_in_noise", 40),
        ("constant", np.nan),
    ):
        rows.append(
            {
                "kind": kind,
                "id": "",
                "rotated": False,
                "words": words,
                "snr": 0.0,
                "good": 3.5 if words == 40 else 0.0,
                "bad": 9.0,
            }
        )
    table = pd.DataFrame(rows).assign(population="synthetic")
    jitter = RNG(0).normal(scale=0.01, size=(len(table), 18))
    for column, (what, reading, k) in enumerate(
        (w, r, k) for w in ("kld", "excess") for r in READINGS for k in KS
    ):
        table[f"{what}_{reading}_k{k}"] = (
            table["bad" if reading == "instance" else "good"] + jitter[:, column % 18]
        )
    return table


def test_the_share_of_networks_that_a_control_outranks():
    table = made_up_maps()
    assert controls_summary.outranked(table, "good", "rotated") == 0
    assert controls_summary.outranked(table, "good", "words") == pytest.approx(3 / 12)
    assert controls_summary.outranked(table, "bad", "spike") == 1
    assert np.isnan(controls_summary.outranked(table, "good", "rotated", "gm12878_dnase"))


def test_the_table_of_choices_compares_with_the_default():
    rows = []
    for i in range(8):
        for variant, value in (("apart", i), ("together", 2 * i)):
            rows.append(
                {
                    "family": "strands",
                    "variant": variant,
                    "id": f"bn-exp-c{i}-00",
                    "value": value,
                    "snr": i,
                }
            )
        for variant, value in (("KL(q || p)", i), ("KL(p || q)", np.inf if i == 3 else -i)):
            rows.append(
                {
                    "family": "direction",
                    "variant": variant,
                    "id": f"bn-exp-c{i}-00",
                    "value": value,
                    "snr": i,
                }
            )
    table = controls_summary.choice_table(pd.DataFrame(rows), draws=50)
    table = table.set_index(["family", "variant"])
    together = table.loc[("strands", "together")]
    assert together[["spearman", "order", "difference"]].tolist() == pytest.approx([1, 1, 0])
    turned = table.loc[("direction", "KL(p || q)")]
    assert turned["networks"] == 7 and turned["spearman"] == pytest.approx(-1)
    assert turned["high"] < 0 and not turned["default"]


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
    check(page, "`controls_sizes`:", list(controls.sizes(X, KS, real)))
    check(page, "`controls_choices`:", list(controls_choices.choices(TASK, real)))
    row = {"id": "", "method": ""} | controls_scores.summary(TASK, A)
    check(page, "`controls_methods`:", list(row))
    check(page, "`controls_signs`:", list(controls_methods.sign_row("", "", X, A, MASK)))
    check(page, "`controls_exchange`:", ["id", "share", "change"])
    check(page, "`controls_starts`:", ["id", "in_run", "auroc", "snr"])


# --- maps of the wrong sign -----------------------------------------------------------------


def test_networks_of_negative_snr_are_chosen_and_one_to_compare_with():
    table = pd.DataFrame(
        {
            "id": ["bn-exp-noise-00", "bn-exp-noise-01", "bn-exp-noise-02", "bn-exp-mixup-00"],
            "snr": [2.0, -1.0, 1.0, 3.0],
        }
    )
    assert controls_methods.chosen(table) == ["bn-exp-noise-01", "bn-exp-noise-00"]
    assert controls_methods.chosen(table[table["snr"] > 0]) == [
        "bn-exp-noise-02",
        "bn-exp-noise-00",
    ]
    assert controls_methods.chosen(table.iloc[[1, 3]]) == ["bn-exp-noise-01", "bn-exp-mixup-00"]
    many = pd.DataFrame(
        {"id": [f"bn-exp-noise-{i:02d}" for i in range(9)], "snr": [*range(-8, 0), 1]}
    )
    assert controls_methods.chosen(many) == [f"bn-exp-noise-{i:02d}" for i in (0, 1, 2, 3, 4, 8)]


def test_an_exchange_runs_from_the_slope_to_the_mutation():
    from compendium.zoo import methods

    rng = RNG(4)
    x = one_hot(["".join(rng.choice(list("ACGT"), 12)) for _ in range(5)])
    mask = rng.random((5, 12)) < 0.4
    w = rng.normal(size=(12, 4))

    def predict(some):
        h = (some * w).sum(axis=(1, 2))
        return np.exp(0.3 * h) - 0.2 * h**2

    def gradient(some):
        h = (some * w).sum(axis=(1, 2))[:, None, None]
        return (0.3 * np.exp(0.3 * h) - 0.4 * h) * w

    at = controls_methods.exchange(predict, x, mask, (0, 1e-3, 1))
    assert at[0] == pytest.approx(0, abs=1e-6)
    for change, share, a in (
        (at[1], 1e-3, gradient(x)),
        (at[2], 1, methods.in_silico_mutagenesis(predict, x)),
    ):
        # Away from a base, towards the mean of the three others.
        lost = position_scores(x, a, score="input")[mask].mean() * 4 / 3
        assert change / share == pytest.approx(-lost, rel=0.02)


def test_the_sign_of_a_gradient_can_be_that_of_no_mutation():
    """A hump between two bases: the slope rises where the whole exchange costs something."""
    x = one_hot(["A" * 6])
    mask = np.zeros((1, 6), bool)
    mask[0, 2] = True

    def predict(some):
        t = 1 - some[:, 2, 0]
        return 2 * t - 3 * t**2

    slope, *_, end = controls_methods.exchange(predict, x, mask)[1:]
    assert slope > 0 > end and end == pytest.approx(-1)
