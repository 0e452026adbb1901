"""The command `score`: its numbers are those of the metric, its report needs no other file."""

import gc
import json
import re
import resource
import signal
import subprocess
import sys
import time
import tracemalloc
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from metric_examples import planted_pair, random_pair

from attribution_consistency import (
    cli,
    constant_floor,
    excess_interval,
    exchanged_null,
    family_wise,
    kmer_klds,
    kmers,
    motifs,
    plot,
    ranking,
    report,
    scorer,
    thresholded_kld,
)
from attribution_consistency import score as scoring
from attribution_consistency.divergence import kmer_distributions
from attribution_consistency.nulls import NullTest
from attribution_consistency.uncertainty import Jackknife, paired_difference, smallest_difference
from attribution_consistency.weights import length_weights_from, shipped_entry

KS = (3, 4, 5)
FAST = scorer.Settings(ks=KS)
X, SHARP, MASK = planted_pair(0, n=120, length=60, sharpness=2.0)
BLURRED = planted_pair(0, n=120, length=60, sharpness=0.3)[1]
NOISE = random_pair(1, n=120, length=60)[1]
MODELS = {"sharp": SHARP, "blurred": BLURRED, "noise": NOISE}


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "x.npz", x=X.astype(np.uint8))
    for name, a in MODELS.items():
        np.savez(tmp_path / f"{name}.npz", a=a)
    (tmp_path / "p.csv").write_text("model,auroc\nsharp,0.90\nblurred,0.905\nnoise,0.5\nother,1\n")
    return tmp_path


def scored(names=MODELS, settings=FAST, **options):
    return scoring.score_files("x.npz", [f"{n}.npz" for n in names], settings=settings, **options)


def run(*arguments):
    maps = [f"{name}.npz" for name in MODELS]
    given = ["score", "--sequences", "x.npz", "--attributions", *maps, "--ks", "3-5"]
    return cli.main([*given, "--out", "out", *arguments])


def test_the_numbers_are_those_of_the_metric(place):
    table = scored(progress=(said := []).append).table.set_index("model")
    assert said == [f"scoring {i} of 3: {name}" for i, name in enumerate(MODELS, 1)]
    weights = np.full(3, 1 / 3)
    floor = constant_floor(X, KS)
    for name, a in MODELS.items():
        row = table.loc[name]
        klds = kmer_klds(X, a, KS)
        np.testing.assert_allclose([row[f"kld_k{k}"] for k in KS], klds)
        np.testing.assert_allclose(row["score_kld"], klds.mean())
        null = exchanged_null(X, a, KS, weights=weights)
        np.testing.assert_allclose(row["score"], null.excess)
        np.testing.assert_allclose(row["score_null"], null.null.mean())
        assert row["p"] == null.p_value
        interval = excess_interval(X, a, KS, null=null, weights=weights)
        np.testing.assert_allclose(
            row[["score_low", "score_high", "score_se"]].astype(float),
            [interval.low, interval.high, interval.se],
        )
        by_k = exchanged_null(X, a, KS)
        np.testing.assert_allclose([row[f"excess_k{k}"] for k in KS], by_k.excess)
        np.testing.assert_allclose([row[f"null_k{k}"] for k in KS], by_k.null.mean(axis=0))
        np.testing.assert_allclose(row["kld_original"], thresholded_kld(X, a))
        np.testing.assert_allclose([row[f"floor_k{k}"] for k in KS], floor)
        np.testing.assert_allclose(row["score_floor"], floor.mean())
        kept = (row["score_null"] - floor.mean()) / (klds.mean() - floor.mean())
        np.testing.assert_allclose(row["kept"], kept if klds.mean() > floor.mean() else np.nan)
        by_base = kmer_distributions(X, a, 1, reading="instance").q
        np.testing.assert_allclose([row[f"on_{base}"] for base in "ACGT"], by_base)


def test_what_p_says_of_a_model(place):
    found = scored().table.set_index("model")["verdict"]
    assert found.to_dict() == {
        "sharp": scorer.FOUND,
        "blurred": scorer.FOUND,
        "noise": scorer.NOTHING,
    }


def test_words_at_one_place_leave_the_answer_open(place, capsys):
    x, a = X.copy(), np.zeros_like(X)
    x[:, 20:27] = np.eye(4)[[0, 1, 2, 3, 0, 0, 1]]
    a[:, 20:27] = x[:, 20:27]
    np.savez(place / "x.npz", x=x)
    np.savez(place / "sharp.npz", a=a)
    row = scored(["sharp"]).table.iloc[0]
    assert row["verdict"] == scorer.UNSURE and row["why"] == scorer.COINCIDE
    assert row["kept"] > 0.99 and row["p_rotated"] == 0.01
    page = report.page(scored(["sharp"]))
    assert "Cannot tell: sharp." in page and "Words and positions coincide" in page


def test_few_sequences_leave_the_answer_open(place):
    x, a = random_pair(3, n=6, length=60)
    np.savez(place / "x.npz", x=x)
    np.savez(place / "sharp.npz", a=a)
    result = scored(["sharp"])
    row = result.table.iloc[0]
    assert row["p"] > 0.05 and row["power"] < 0.8
    assert (row["verdict"], row["why"]) == (scorer.UNSURE, scorer.WEAK)
    assert "Too little to go by" in report.page(result)


def test_models_that_cannot_be_told_apart_share_a_rank():
    def interval(estimate, spread):
        replicates = estimate + spread * np.linspace(-1, 1, 20)
        return Jackknife(estimate, 0, 0, 0, replicates)

    both = [interval(1.0, 0.001), interval(0.999, -0.001), interval(0.5, 0.001)]
    assert ranking.shared_ranks(both) == [1, 1, 3]
    assert ranking.shared_ranks(both[:1]) == [1]


def test_a_result_shows_itself_in_a_notebook(place):
    shown = scored()._repr_html_()
    assert shown.count("<tr>") == 1 + len(MODELS) and "<html" not in shown
    assert all(name in shown for name in MODELS)


def test_files_of_one_name_have_a_digest_each(place):
    for fold in ("one", "two"):
        (place / fold).mkdir()
        np.savez(place / fold / "m.npz", a=SHARP)
    files = ["one/m.npz", "two/m.npz"]
    result = scoring.score_files("x.npz", files, names=["a", "b"], settings=FAST)
    assert list(result.inputs) == ["x.npz", *files]


def test_dead_maps_and_unknown_bases_are_counted_in_notes(place):
    x, a = X.copy(), SHARP.copy()
    x[:, :6], a[:20] = 0, 0
    np.savez(place / "x.npz", x=x)
    np.savez(place / "sharp.npz", a=a)
    notes = scored(["sharp"]).notes
    assert "0.1 of all positions are unknown bases; no word holds one." in notes
    assert "sharp: the maps of 20 of 120 sequences are zero everywhere." in notes


def test_copies_are_counted_in_a_note(place):
    np.savez(place / "x.npz", x=np.concatenate([X, X[:30, ::-1, ::-1]]))
    np.savez(place / "sharp.npz", a=np.concatenate([SHARP, SHARP[:30, ::-1, ::-1]]))
    result = scored(["sharp"])
    note = "The null: 30 of 150 sequences are copies of others, 30 of them reverse complements."
    assert note in result.notes and result.table["n_distinct"][0] == 120


def test_the_family_wise_p_value_is_that_of_the_draws(place):
    table = scored().table.set_index("model")
    tests = [exchanged_null(X, a, KS, weights=np.full(3, 1 / 3)) for a in MODELS.values()]
    want = dict(zip(MODELS, family_wise(tests)))
    assert table["p_family"].to_dict() == want
    assert (table["p_family"] >= table["p"]).all()


def test_sharper_maps_rank_higher_and_noise_is_not_significant(place):
    table = scored(settings=FAST).table
    assert list(table["model"]) == ["sharp", "blurred", "noise"]
    assert list(table["rank"]) == [1, 2, 3]
    assert table["p"][0] == 0.01 and table["p"][2] > 0.05
    assert table["below_best"][0] == 0 and table["below_best_low"][1] > 0


def test_differences_are_paired(place):
    result = scored()
    sharp, blurred = (
        excess_interval(X, a, KS, weights=np.full(3, 1 / 3)) for a in (SHARP, BLURRED)
    )
    row = result.table.iloc[1]
    estimate = result.table["score"][0] - row["score"]
    difference = paired_difference(sharp, blurred)
    half = (difference.high - difference.low) / 2
    np.testing.assert_allclose(
        [row["below_best"], row["below_best_low"], row["below_best_high"]],
        [estimate, estimate - half, estimate + half],
    )
    pair = scored(["sharp", "blurred"])
    np.testing.assert_allclose(pair.detectable, smallest_difference(difference))


def test_order_of_files_does_not_matter(place):
    one, two = scored().table, scored(list(MODELS)[::-1]).table
    pd.testing.assert_frame_equal(one, two)


@pytest.mark.parametrize(
    "options",
    [{"reading": "instance"}, {"reading": "per_sequence"}, {"score": "l2"}, {"correct": False}],
)
def test_options_reach_the_metric(place, options):
    row = scored(["sharp"], replace(FAST, **options)).table.iloc[0]
    klds = kmer_klds(X, SHARP, KS, **options)
    np.testing.assert_allclose([row[f"kld_k{k}"] for k in KS], klds)


def test_learnt_weights(place):
    ks = (3, 4, 5, 6, 7, 8)
    settings = replace(FAST, ks=ks, weights="learnt")
    row = scored(["sharp"], settings).table.iloc[0]
    entry = length_weights_from(shipped_entry("frequency"))
    excess = [row[f"excess_k{k}"] for k in ks]
    assert row["score"] == pytest.approx(np.dot(excess, entry.mean))
    assert any("learnt on" in note for note in scored(["sharp"], settings).notes)
    with pytest.raises(ValueError, match="not for k = "):
        scored(["sharp"], replace(FAST, weights="learnt"))


def test_a_sample_of_many_sequences_is_stated_and_the_same_for_all(place):
    result = scored(settings=replace(FAST, max_sequences=50))
    assert (result.table["n"] == 50).all() and result.n_available == 120
    assert "50 of the 120 sequences were drawn at random (seed 0)" in result.notes[0]
    rows = np.sort(np.random.default_rng(0).choice(120, 50, replace=False))
    for name, score in zip(result.table["model"], result.table["kld_k4"]):
        assert score == pytest.approx(kmer_klds(X[rows], MODELS[name][rows], [4])[0])
    assert set(result.logo_rows) <= set(rows.tolist())
    assert scored(["sharp"], replace(FAST, max_sequences=0)).table["n"][0] == 120


def test_length_last_files_give_the_same_and_say_so(place):
    np.savez(place / "sharp.npz", a=SHARP.transpose(0, 2, 1))
    result = scored(["sharp"])
    assert "a of sharp.npz was read as sequences, channels, positions." in result.notes
    assert result.table["kld_k4"][0] == pytest.approx(kmer_klds(X, SHARP, [4])[0])


def test_memory_does_not_grow_with_the_number_of_models(place, monkeypatch):
    # What two threads hold at the same moment is chance.
    monkeypatch.setattr(kmers.os, "sched_getaffinity", lambda process: {0}, raising=False)
    for i in range(24):
        np.savez(place / f"m{i}.npz", a=random_pair(i, n=120, length=60)[1])

    def peak(n):
        gc.collect()
        tracemalloc.start()
        scored([f"m{i}" for i in range(n)])
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(1)  # imports
    assert peak(24) < peak(2) + 12 * SHARP.nbytes


def test_the_pareto_set_is_that_of_the_definition():
    rng = np.random.default_rng(0)
    for _ in range(20):
        p, s = rng.integers(0, 5, (2, 12)).astype(float)
        beaten = [
            any((p[j] >= p[i] and s[j] >= s[i]) and (p[j] > p[i] or s[j] > s[i]) for j in range(12))
            for i in range(12)
        ]
        np.testing.assert_array_equal(ranking.pareto(p, s), ~np.array(beaten))
    assert ranking.pareto([1, np.nan], [1, 2]).tolist() == [True, False]


def test_performance(place):
    result = scored(performance="p.csv")
    table = result.table.set_index("model")
    assert result.performance_name == "auroc"
    assert table["performance"].to_dict() == {"sharp": 0.90, "blurred": 0.905, "noise": 0.5}
    assert table["pareto"].to_dict() == {"sharp": True, "blurred": True, "noise": False}
    first = ["rank", "model", "verdict", "why", "performance", "pareto", "n", "length"]
    first += ["n_distinct", "score", "score_se", "score_low", "score_high", "below_best"]
    first += ["below_best_low", "below_best_high", "score_floor", "score_kld", "score_null"]
    first += ["kept", "p", "p_family", "p_rotated", "power", "p_words", "on_A"]
    assert list(result.table.columns)[: len(first)] == first


@pytest.mark.parametrize(
    "text",
    [
        "model,auroc\nsharp,0.9\nblurred,0.8\nnoise,0.5\n",
        "Model;auroc\nsharp;0.9\nblurred;0.8\nnoise;0.5\n",
        "model,auroc\nsharp.counts_scores,0.9\nblurred,0.8\nnoise,0.5\n",
        "\ufeffmodel\tauroc\nsharp.npz\t0.9\nblurred.npz\t0.8\nnoise.npz\t0.5\n",
        "model, auroc\nsharp , 0.9\n blurred,0.8\nnoise,0.5\n",
    ],
)
def test_tables_of_performance_as_people_have_them(place, text):
    (place / "p.csv").write_text(text, encoding="utf-8")
    found = scored(performance="p.csv")
    assert found.performance_name == "auroc"
    assert found.table.set_index("model")["performance"].to_dict() == {
        "sharp": 0.9,
        "blurred": 0.8,
        "noise": 0.5,
    }


def test_words_name_their_motifs(place):
    assert "MAX" in motifs.fitting_names("CACGTG") and motifs.fitting_names("ACGTCA").split(", ")[0]
    words = scored(["sharp"]).words
    assert words["word"].iloc[0] in "ACGTAAC" and (words["low"] > 1).all()
    assert list(words["fits"]) == [motifs.fitting_names(word) for word in words["word"]]
    assert len(scored(["noise"]).words) == 0


def test_a_bad_model_stops_the_command_before_anything_is_scored(place, capsys):
    np.savez(place / "noise.npz", a=NOISE[:9])
    assert run() == 2
    assert "noise.npz: 9 maps" in (said := capsys.readouterr().err) and "scoring" not in said
    assert not (place / "out").exists()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The report of three models, one with a name that HTML would take for a tag."""
    folder = tmp_path_factory.mktemp("written")
    np.savez(folder / "x.npz", x=X)
    paths = []
    for name, a in MODELS.items():
        paths.append(str(folder / f"{name}.npz"))
        np.savez(paths[-1], a=a)
    (folder / "p.csv").write_text("model,auroc\n<b>sharp</b>,0.9\nblurred,0.905\nnoise,0.5\n")
    given = ["--names", "<b>sharp</b>,blurred,noise", "--performance", str(folder / "p.csv")]
    assert (
        cli.main(
            [
                "score",
                "--sequences",
                str(folder / "x.npz"),
                "--attributions",
                *paths,
                "--ks",
                "3-5",
                "--out",
                str(folder / "out"),
                *given,
            ]
        )
        == 0
    )
    return folder / "out"


def test_the_report_needs_no_other_file(written):
    page = (written / "report.html").read_text()
    assert sorted(p.name for p in written.iterdir()) == sorted(report.FILES)
    assert not re.findall(r"https?:|<link|<script|@import|url\(", page)
    images = re.findall(r"<img[^>]*>", page)
    assert len(images) == 4
    for image in images:
        assert re.search(r'src="data:image/png;base64,[A-Za-z0-9+/=]{1000,}"', image)
        assert len(re.search(r'alt="([^"]*)"', image)[1]) > 30
    assert 'name="viewport"' in page and "prefers-color-scheme:dark" in page
    assert str(written.parent) not in page


def test_the_report_says_what_it_must(written):
    page = (written / "report.html").read_text()
    for said in (
        "consistency, not correctness",
        "When not to use this score",
        "Pareto set",
        "Which model?",
        "Which words?",
        "drawn at random with seed 0",
        "Weights: equal weights",
        "80 % power",
        "No evidence of consistent words: noise",
        "whether the words are right, and whether their sign is",
    ):
        assert said in page, said
    assert "&lt;b&gt;sharp&lt;/b&gt;" in page and "<b>sharp" not in page


def test_the_report_of_one_model_says_that_it_says_little(place):
    page = report.page(scored(["sharp"]))
    assert "A single score says little" in page and "Pareto" not in page


def test_the_report_of_many_models_shows_some(place):
    for i in range(12):
        np.savez(place / f"m{i:02d}.npz", a=random_pair(i, n=120, length=60)[1])
    result = scored([f"m{i:02d}" for i in range(12)])
    page = report.page(result)
    order = list(result.table["model"])
    for name in [*order[:5], order[-1]]:
        assert f"Words of {name}" in page
    assert page.count("Words of") == 6
    assert all(f"<td>{name}</td>" in page for name in order)


@pytest.mark.parametrize("options", [["--no-correct"], ["--score", "l2"], ["--seed", "3"]])
def test_options_of_the_command_reach_the_report(place, options):
    assert run(*options) == 0
    settings = json.loads((place / "out" / "scores.json").read_text())["settings"]
    want = {"--no-correct": {"correct": False}, "--score": {"score": "l2"}, "--seed": {"seed": 3}}
    assert (
        settings
        == {
            "ks": [3, 4, 5],
            "reading": "frequency",
            "score": "abs_input",
            "correct": True,
            "draws": 99,
            "max_sequences": 1000,
            "seed": 0,
            "weights": "equal",
            "ignored_words": [],
        }
        | want[options[0]]
    )


@pytest.mark.parametrize(
    ("width", "digits"), [(0, 3), (0.5, 3), (0.02, 3), (0.002, 4), (2e-6, 7), (2e-7, 8), (2e-9, 8)]
)
def test_two_digits_of_the_narrowest_interval_are_shown(width, digits):
    """Three decimals at least, eight at most."""
    table = pd.DataFrame({"score_low": [0.0, 0.1], "score_high": [width, 9]})
    assert report._decimals(table) == digits


def test_small_scores_are_shown_with_enough_digits(place):
    result = scored()
    tiny = result.table.copy()
    for name in ("score", "below_best"):
        for end in ("", "_low", "_high"):
            tiny[f"{name}{end}"] *= 1e-4
    page = report.page(replace(result, table=tiny))
    shown = re.findall(r">(-?[0-9.]+) \((-?[0-9.]+) to (-?[0-9.]+)\)<", page)
    assert len(shown) >= len(MODELS) and all(low != high for _, low, high in shown)


def test_table_and_json_agree(written):
    table = pd.read_csv(written / "scores.csv")
    found = json.loads((written / "scores.json").read_text())
    assert list(table.columns) == list(found["models"][0])
    np.testing.assert_allclose(table["score"], [m["score"] for m in found["models"]])
    assert len(found["inputs"]) == 4 and found["settings"]["seed"] == 0
    text = (written / "scores.json").read_text()
    assert "NaN" not in text and text == json.dumps(found, indent=1) + "\n"


def test_bad_rows_are_left_out_of_all_models_only_when_asked(place, capsys):
    bad, dead = SHARP.copy(), BLURRED.copy()
    bad[[3, 50], 2, 1], dead[7] = np.nan, 0
    np.savez(place / "sharp.npz", a=bad)
    np.savez(place / "blurred.npz", a=dead)
    assert run() == 2
    assert "got nan at sequence 3, position 2, channel 1" in capsys.readouterr().err
    assert run("--drop-bad-rows") == 0
    found = json.loads((place / "out" / "scores.json").read_text())
    assert [m["n"] for m in found["models"]] == [len(X) - 3] * 3
    assert any(note.startswith("3 sequences were left out: some model") for note in found["notes"])
    good = np.setdiff1d(np.arange(len(X)), [3, 7, 50])
    by_name = {m["model"]: m["kld_k3"] for m in found["models"]}
    np.testing.assert_allclose(by_name["noise"], kmer_klds(X[good], NOISE[good], [3])[0])


def test_maps_beside_other_sequences_are_refused(place, capsys):
    order = np.random.default_rng(0).permutation(len(X))
    np.savez(place / "sharp.npz", a=SHARP, x=X)
    assert run() == 0
    one = X.copy()
    one[7] = X[8]
    for a, x, said in ((SHARP[order], X[order], "1"), (SHARP, one, "1 of 120 ")):
        np.savez(place / "sharp.npz", a=a, x=x)
        capsys.readouterr()
        assert run("--force") == 2
        error = capsys.readouterr().err
        assert "sequences in it (x) are others" in error
        assert f"sharp.npz: {said}" in error


def test_what_is_no_set_of_sequences_beside_maps_is_left_alone(place):
    """Of another length, or the maps themselves, which look like sequences."""
    wide = np.pad(X[::-1], ((0, 0), (2, 2), (0, 0)))
    np.savez(place / "sharp.npz", a=SHARP, x=wide)
    assert scored(["sharp"]).table["kld_k3"][0] == pytest.approx(kmer_klds(X, SHARP, [3])[0])
    a = X.copy()
    a[:, :2] = np.roll(a[:, :2], 1, axis=2)
    np.savez(place / "sharp.npz", a)  # as arr_0
    assert scored(["sharp"]).table["kld_k3"][0] == pytest.approx(kmer_klds(X, a, [3])[0])


def test_a_file_with_two_sets_of_sequences_is_asked_for_one(place):
    np.savez(place / "sharp.npz", a=SHARP, x=X[::-1], mine=X)
    given = ["score", "--sequences", "sharp.npz", "--attributions", "sharp.npz", "--ks", "3-5"]
    assert cli.main([*given, "--sequences-key", "mine", "--out", "out"]) == 0


def test_names_of_files_need_not_be_written_out(place):
    np.savez(place / "sharp.counts_scores.npz", a=SHARP)
    (place / "p.csv").write_text("model,r\nsharp,0.9\nnoise,0.1\n")
    found = scored(["sharp.counts_scores", "noise"], performance="p.csv").table
    assert found.set_index("model")["performance"]["sharp.counts_scores"] == 0.9


def test_controls_stand_in_the_same_table(place):
    np.savez(place / "untrained.npz", a=NOISE)
    (place / "p.csv").write_text("model,r\nsharp,0.9\nblurred,0.8\nnoise,0.1\n")
    assert run("--controls", "untrained.npz", "--performance", "p.csv") == 0
    found = json.loads((place / "out" / "scores.json").read_text())["models"]
    row = next(m for m in found if m["model"] == "control: untrained")
    assert row["performance"] is None and row["verdict"] == scorer.NOTHING and not row["pareto"]
    page = (place / "out" / "report.html").read_text()
    assert re.search(r"The control: untrained scores -?[0-9.]+ nats: what is above", page)


def test_the_json_is_that_of_its_schema(written, place):
    from jsonschema import Draft202012Validator

    path = files("attribution_consistency") / "resources" / "scores.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    valid = Draft202012Validator(schema)
    found = json.loads((written / "scores.json").read_text())
    valid.validate(found)
    valid.validate(json.loads(json.dumps(scored(["sharp"]).as_json(), allow_nan=False)))
    for name, wrong in (("verdict", "good"), ("p", 1.5), ("unheard", 1)):
        broken = json.loads(json.dumps(found))
        broken["models"][0][name] = wrong
        assert not valid.is_valid(broken), name


def test_nothing_is_replaced_without_force(place, capsys):
    assert run() == 0
    before = (place / "out" / "report.html").read_bytes()
    (place / "out" / "mine.txt").write_text("mine")
    assert run("--reading", "instance") == 2
    same = (place / "out" / "report.html").read_bytes() == before
    assert same  # as a bool: pytest takes hours to show how long texts differ
    assert run("--reading", "instance", "--force") == 0
    assert (place / "out" / "report.html").read_bytes() != before
    assert (place / "out" / "mine.txt").read_text() == "mine"
    assert not list(place.glob("**/*.part"))


def test_a_killed_run_leaves_the_earlier_report(place):
    assert run() == 0
    before = {p: p.read_bytes() for p in (place / "out").iterdir()}
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "attribution_consistency",
            "score",
            "--sequences",
            "x.npz",
            "--attributions",
            "sharp.npz",
            "--draws",
            "99999",
            "--out",
            "out",
            "--force",
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "scoring 1 of 1: sharp" in process.stderr.readline()
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    assert all(path.read_bytes() == content for path, content in before.items())
    assert run("--force") == 0


def test_the_example_needs_no_framework(tmp_path):
    program = """
import sys
from attribution_consistency import cli
assert cli.main(["score", "--example", "--out", "out"]) == 0
assert not set(sys.modules) & {"tensorflow", "keras", "torch", "jax", "h5py", "shap"}
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)
    table = pd.read_csv(tmp_path / "out" / "scores.csv")
    assert list(table["model"]) == ["exponential", "relu"]


def test_help_takes_less_than_half_a_second_of_cpu():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    program = [sys.executable, "-m", "attribution_consistency", "score", "--help"]
    assert b"--performance" in subprocess.run(program, check=True, capture_output=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


@pytest.mark.parametrize(("length", "rotated"), [(15, False), (16, True)])
def test_words_at_one_place_are_rotated_where_there_is_room(length, rotated):
    """Eight positions to each side; exchanged into themselves, they are no evidence."""
    x, _ = random_pair(0, n=60, length=length)
    x[:, 4:9] = np.eye(4)[[0, 1, 2, 3, 0]]
    a = np.zeros_like(x)
    a[:, 4:9] = x[:, 4:9]
    row = scorer.Scorer(x, FAST, np.full(3, 1 / 3)).score(a, np.arange(1)).row
    assert row["p"] == 1 and row["kept"] == pytest.approx(1)
    assert np.isfinite(row["p_rotated"]) == rotated


@pytest.mark.parametrize(
    ("p_family", "p_words", "p_rotated", "power", "want"),
    [
        (0.05, 0.05, np.nan, np.nan, (scorer.FOUND, "")),
        (0.05, 0.06, np.nan, np.nan, (scorer.NOTHING, scorer.BASES_ONLY)),
        (0.06, 0.01, 0.05, 0.1, (scorer.UNSURE, scorer.COINCIDE)),
        (0.06, 0.01, 0.06, 0.8, (scorer.NOTHING, "")),
        (0.06, np.nan, np.nan, 0.79, (scorer.UNSURE, scorer.WEAK)),
    ],
)
def test_the_bounds_of_what_p_says(p_family, p_words, p_rotated, power, want):
    row = dict(p_family=p_family, p_words=p_words, p_rotated=p_rotated, power=power)
    assert scorer.verdict(row) == want


@pytest.mark.parametrize(
    ("p", "floor", "observed", "null", "asked"),
    [
        (0.01, 0, 2, 0, ["p_words"]),
        (0.05, 0, 2, 1, ["p_words", "power"]),
        (0.06, 0, 2, 0.99, ["power"]),  # of what is over the floor, half or more is kept, or not
        (0.06, 0, 2, 1, ["power", "p_rotated"]),
        (0.06, 1, 1.095, 1.095, ["power"]),  # a tenth of the floor over it, or not
        (0.06, 1, 1.105, 1.105, ["power", "p_rotated"]),
    ],
)
def test_what_is_asked_of_a_model_follows_from_its_p(p, floor, observed, null, asked):
    x, a, weights = X[:40], SHARP[:40], np.full(3, 1 / 3)
    own = scorer.Scorer(x, FAST, weights)
    own.__dict__["floor"] = np.full(3, floor)  # as if computed already
    by_k, interval = exchanged_null(x, a, KS), excess_interval(x, a, KS, weights=weights)
    test = NullTest(np.float64(observed), np.full(99, null), np.float64(p), np.float64(0))
    row = own.row(a, by_k, test, interval)
    assert [name for name in ("p_words", "power", "p_rotated") if np.isfinite(row[name])] == asked


def test_a_name_has_200_letters_at_most_that_can_be_printed():
    assert list(scoring._files(["a.npz"], ["x" * 200])) == ["x" * 200]
    for name in ("x" * 201, "a\x07", "a\nb", ""):
        with pytest.raises(ValueError, match="is not a name"):
            scoring._files(["a.npz"], [name])


@pytest.mark.parametrize("start", [0, 7])
def test_logos_and_intervals_stand_where_they_are_said_to(start):
    figure, axes = plt.subplots(1, 2)
    before = [ax.get_position().bounds for ax in axes]
    plot.logo(axes[0], SHARP[0, :20], start, [(start + 2, start + 5)])
    assert axes[0].get_xlim() == (start - 0.5, start + 19.5)
    assert [p.get_x() for p in axes[0].patches if p.get_zorder() == 0] == [start + 1.5]
    assert [axes[0].spines[side].get_visible() for side in ("top", "right")] == [False, False]
    plot.interval(axes[1], [1, 2], [0, 1.5], [3, 2.5], ["best", "other"])
    (bars,) = axes[1].containers
    assert bars.lines[0].get_xydata().tolist() == [[1, 1], [2, 0]]
    ends = [segment.tolist() for segment in bars.lines[2][0].get_segments()]
    assert ends == [[[0, 1], [3, 1]], [[1.5, 0], [2.5, 0]]]
    assert [label.get_text() for label in axes[1].get_yticklabels()] == ["best", "other"]
    assert [ax.get_position().bounds for ax in axes] == before
    plt.close(figure)


@pytest.mark.parametrize("width", [1, 8, 60, 100])
def test_the_densest_window_holds_most(width):
    mask = MASK[0] * np.arange(60)
    found = plot.densest_window(mask, width)
    sums = [mask[i : i + width].sum() for i in range(max(61 - width, 1))]
    assert found == slice(np.argmax(sums), np.argmax(sums) + min(width, 60))
