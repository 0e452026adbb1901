"""Intervals of a genome, rows found by name, several files a model, and what is to be ignored."""

import gzip
import json
import os

import h5py
import numpy as np
import pytest
from metric_examples import planted_pair

from attribution_consistency import cli, exchanged_null, kmer_klds, maps, score_files
from attribution_consistency.models import agreement
from attribution_consistency.read import Wanted, open_sequences, read_sequences
from attribution_consistency.scorer import Settings
from attribution_consistency.sequences import decode, one_hot
from attribution_consistency.texts import matched, places, read_records

RNG = np.random.default_rng
X, A, _ = planted_pair(0, n=60, length=50)
A = A + 0.05 * RNG(0).normal(size=A.shape)
LETTERS = decode(X)
TURN = str.maketrans("ACGT", "TGCA")
COORDINATES = [(f"chr{1 + i % 2}", 100 * i + 7, 100 * i + 57, "+-"[i % 3 == 0]) for i in range(60)]


def score(*options):
    """Models by name, and notes, of the command."""
    given = [*map(str, options), "--ks", "3-4", "--out", "out", "--force"]
    assert cli.main(["score", *given]) == 0
    with open("out/scores.json", encoding="utf-8") as file:
        found = json.load(file)
    return {row["model"]: row for row in found["models"]}, " ".join(found["notes"])


def klds(row):
    return [row["kld_k3"], row["kld_k4"]]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A genome that holds the sequences, of minus intervals the reverse complement."""
    monkeypatch.chdir(tmp_path)
    genome = {name: RNG(1).choice(list("ACGT"), 7000) for name in ("chr1", "chr2")}
    for (name, start, end, strand), letters in zip(COORDINATES, LETTERS):
        own = letters if strand == "+" else letters.translate(TURN)[::-1]
        genome[name][start:end] = list(own)
    text = "".join(f">{name} of a test\n{''.join(g)}\n" for name, g in genome.items())
    (tmp_path / "genome.fa").write_text(text)
    rows = [f"{c}\t{s}\t{e}\tCTCF\t0\t{strand}" for c, s, e, strand in COORDINATES]
    (tmp_path / "peaks.bed").write_text("track name=peaks\n" + "\n".join(rows) + "\n")
    np.savez("x.npz", x=X)
    np.savez("a.npz", a=A)
    return tmp_path


def test_intervals_of_a_genome(place):
    rows, notes = score("--sequences", "peaks.bed", "--genome", "genome.fa", "--strand",
                        "--attributions", "a.npz")  # fmt: skip
    np.testing.assert_allclose(klds(rows["a"]), kmer_klds(X, A, [3, 4]), rtol=1e-5)
    assert not notes
    minus = np.array([strand == "-" for *_, strand in COORDINATES])
    forward, maps_there = X.copy(), A.copy()
    forward[minus], maps_there[minus] = X[minus, ::-1, ::-1], A[minus, ::-1, ::-1]
    np.savez("forward.npz", a=maps_there)
    (place / "peaks.bed.gz").write_bytes(gzip.compress((place / "peaks.bed").read_bytes()))
    rows, _ = score("--sequences", "peaks.bed.gz", "--genome", "genome.fa",
                    "--attributions", "forward.npz")  # fmt: skip
    want = kmer_klds(forward, maps_there, [3, 4])
    np.testing.assert_allclose(klds(rows["forward"]), want, rtol=1e-5)


def test_intervals_reach_to_the_ends_of_a_chromosome(place):
    (place / "ends.bed").write_text("chr1\t0\t50\nchr1\t6950\t7000\n")
    whole = "".join((place / "genome.fa").read_text().split("\n>")[0].split("\n")[1:])
    found = open_sequences(place / "ends.bed", Wanted(genome="genome.fa"))
    assert decode(read_sequences(found, np.arange(2))) == [whole[:50], whole[-50:]]
    names = [name for name, _ in read_records(place / "peaks.bed", "genome.fa")]
    assert names == [f"{c}:{s}-{e}" for c, s, e, _ in COORDINATES]  # no strand unless asked for
    (place / "ends.bed").write_text("chr1\t0\t50\nchr1\t-1\t49\n")
    with pytest.raises(ValueError, match="chr1:-1-49 is not in genome.fa"):
        open_sequences(place / "ends.bed", Wanted(genome="genome.fa"))


@pytest.fixture
def bigwig(place):
    """Gradient times input at every base of the intervals, as ChromBPNet writes it."""
    pybigtools = pytest.importorskip("pybigtools")
    entries = []
    for (name, start, _, strand), values in zip(COORDINATES, (A * X).sum(axis=2)):
        own = values if strand == "+" else values[::-1]
        entries += [(name, start + i, start + i + 1, float(v)) for i, v in enumerate(own)]
    file = pybigtools.open(str(place / "shap.bw"), "w")
    file.write({"chr1": 7000, "chr2": 7000}, iter(sorted(entries)))
    return "shap.bw"


@pytest.mark.parametrize("sequences", ["bed", "bedtools"])
def test_bigwig_at_the_intervals(place, bigwig, sequences):
    given = ["--sequences", "peaks.bed", "--genome", "genome.fa", "--strand"]
    if sequences == "bedtools":  # getfasta -s
        names = [f"{c}:{s}-{e}({strand})" for c, s, e, strand in COORDINATES]
        fasta = "".join(f">{name}\n{letters}\n" for name, letters in zip(names, LETTERS))
        (place / "x.fa").write_text(fasta)
        given = ["--sequences", "x.fa"]
    rows, _ = score(*given, "--attributions", bigwig)
    projected = X * (A * X).sum(axis=2, keepdims=True)
    np.testing.assert_allclose(klds(rows["shap"]), kmer_klds(X, projected, [3, 4]), rtol=1e-4)
    rows, _ = score(*given, "--attributions", bigwig, "--crop", "30")
    want = kmer_klds(X[:, 10:40], projected[:, 10:40], [3, 4])
    np.testing.assert_allclose(klds(rows["shap"]), want, rtol=1e-4)


def test_a_table_with_places(place):
    lines = [f"{c},{s},{e},{letters}" for (c, s, e, _), letters in zip(COORDINATES, LETTERS)]
    (place / "peaks.csv").write_text("chrom,start,end,sequence\n" + "\n".join(lines) + "\n")
    order = RNG(3).permutation(60)
    with h5py.File("a.h5", "w") as file:
        file["hyp_scores"] = A[order]
        file["coords_dummy"] = np.arange(60)
        for i, name in enumerate(("chrom", "start", "end")):
            file[name] = [str(COORDINATES[j][i]) if i == 0 else COORDINATES[j][i] for j in order]
    rows, notes = score("--sequences", "peaks.csv", "--attributions", "a.h5")
    np.testing.assert_allclose(klds(rows["a"]), kmer_klds(X, A, [3, 4]), rtol=1e-5)
    assert "found by the names of the sequences in a.h5" in notes


@pytest.mark.parametrize("more", [0, 20])
def test_rows_are_found_by_name(place, more):
    """Whatever their order, and among others that are not asked for."""
    order = RNG(2).permutation(60 + more)
    (place / "x.fa").write_text("".join(f">peak{i}\n{s}\n" for i, s in enumerate(LETTERS)))
    np.savez("a.npz", a=np.concatenate([A, A[:more]])[order], names=[f"peak{i}" for i in order])
    rows, notes = score("--sequences", "x.fa", "--attributions", "a.npz")
    np.testing.assert_allclose(klds(rows["a"]), kmer_klds(X, A, [3, 4]), rtol=1e-5)
    assert "found by the names" in notes


def test_names_that_say_nothing_are_not_used(place):
    (place / "x.fa").write_text("".join(f">s{i}\n{s}\n" for i, s in enumerate(LETTERS)))
    for names in ([f"other{i}" for i in range(60)], ["s1"] * 60):
        np.savez("a.npz", a=A, names=names)
        rows, notes = score("--sequences", "x.fa", "--attributions", "a.npz")
        assert klds(rows["a"]) == pytest.approx(kmer_klds(X, A, [3, 4]), rel=1e-5)
        assert "found by" not in notes
        assert "Names in a.npz are not the sequences': rows go by number." in notes
    names = [f"s{i // 2}" for i in range(60)]  # twice each, and in the order of the sequences
    (place / "x.fa").write_text("".join(f">{n}\n{s}\n" for n, s in zip(names, LETTERS)))
    np.savez("a.npz", a=A, names=names)
    rows, notes = score("--sequences", "x.fa", "--attributions", "a.npz")
    assert klds(rows["a"]) == pytest.approx(kmer_klds(X, A, [3, 4]), rel=1e-5)
    assert "rows go by number" not in notes


def test_names_tell_rows_where_each_is_there_once():
    assert matched(["b", "a(+)", "c"], ["a", "b(-)"]).tolist() == [1, 0]
    assert matched(["c"], ["a"]) is None
    for names, wanted in ((["a", "a", "b"], ["a", "b"]), (["a", "b"], ["a", "a"])):
        with pytest.raises(ValueError, match="some are there twice"):
            matched(names, wanted)
    with pytest.raises(ValueError, match="has no map of 1 of the sequences, such as d"):
        matched(["a", "b"], ["a", "d"])


def test_overlapping_windows_move_as_one(place):
    """Thirty copies of a window, shifted by one base each, are not thirty sequences."""
    letters = "".join(RNG(5).choice(list("ACGT"), 300))
    windows = [(100 * (i // 13) + i % 13, 100 * (i // 13) + i % 13 + 60) for i in range(39)]
    fasta = "".join(f">chr1:{s}-{e}\n{letters[s:e]}\n" for s, e in windows)
    (place / "x.fa").write_text(fasta)
    x = one_hot([letters[s:e] for s, e in windows])
    a = x * RNG(0).random(300)[np.array([range(s, e) for s, e in windows])][..., None]
    np.savez("a.npz", a=a)
    intervals = [("chr1", s, e) for s, e in windows]
    want = exchanged_null(x, a, [3, 4], intervals=intervals, weights=[0.5, 0.5])
    rows, _ = score("--sequences", "x.fa", "--attributions", "a.npz")
    assert rows["a"]["p"] == want.p_value > 0.05
    assert exchanged_null(x, a, [3, 4], weights=[0.5, 0.5]).p_value <= 0.05


@pytest.mark.parametrize(
    "given, message",
    [
        (["peaks.bed", "--attributions", "a.npz"], "peaks.bed: holds intervals: name the FASTA"),
        (["far.bed", "--genome", "genome.fa", "--attributions", "a.npz"], "chr1:6990-7040 is not"),
        (["odd.bed", "--genome", "genome.fa", "--attributions", "a.npz"], "chrX:1-51 is not in"),
        (["peaks.bed", "--genome", "none.fa", "--attributions", "a.npz"], "none.fa"),
        (
            ["peaks.bed", "--genome", "pipe", "--attributions", "a.npz"],
            "pipe: is a pipe or a device",
        ),
        (["long.bed", "--genome", "genome.fa", "--attributions", "a.npz"], "chr1:0-99999999999"),
        (["x.npz", "--attributions", "shap.bw"], "shap.bw: is bigWig: give the sequences as BED"),
        (
            ["x.npz", "--genome", "genome.fa", "--attributions", "a.npz"],
            "x.npz: has sequences: --g",
        ),
        (["x.fa", "--strand", "--attributions", "a.npz"], "--strand are for intervals, as BED"),
        (["x.fa", "--attributions", "named.npz"], "no map of 59 of the sequences, such as s1"),
        (["x.npz", "--models", "none.csv"], "none.csv: No such file"),
        (["x.npz", "--models", "models.csv"], "missing.npz: No such file"),
        (["x.npz", "--attributions", "a.npz", "--ignore", "words.txt"], "words.txt: TTNTT"),
        (["x.npz", "--attributions", "a.npz", "--ignore", "empty.txt"], "it holds nothing"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(place, bigwig, capsys, given, message):
    os.mkfifo("pipe")
    (place / "long.bed").write_text("chr1\t0\t99999999999\n")
    (place / "far.bed").write_text("chr1\t6990\t7040\n")
    (place / "odd.bed").write_text("chrX\t1\t51\n")
    (place / "x.fa").write_text("".join(f">s{i}\n{s}\n" for i, s in enumerate(LETTERS)))
    np.savez("named.npz", a=A, names=["s0", *(f"t{i}" for i in range(59))])
    (place / "models.csv").write_text("model,file\none,missing.npz\n")
    (place / "words.txt").write_text("TTTT TTNTT\n")
    (place / "empty.txt").write_text("# no word\n")
    assert cli.main(["score", "--sequences", *given, "--out", "out"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and message in said and said.count("\n") == 1


def test_folds_of_a_model_are_scored_together(place):
    noise = RNG(4).normal(size=(3, *A.shape))
    for fold in range(3):
        (place / f"fold_{fold}").mkdir()
        np.savez(place / f"fold_{fold}/counts_scores.npz", a=A + 0.3 * noise[fold])
        np.savez(place / f"fold_{fold}/noise.npz", a=noise[fold])
    lines = [
        f"{model},fold_{fold}/{file}.npz,{fold},{0.9 + fold / 100}"
        for model, file in (("ours", "counts_scores"), ("noise", "noise"))
        for fold in range(3)
    ]
    (place / "models.csv").write_text("model,file,fold,auroc\n" + "\n".join(lines) + "\n")
    rows, _ = score("--sequences", "x.npz", "--models", "models.csv")
    assert list(rows) == ["ours", "noise"] and rows["ours"]["n_files"] == 3
    assert rows["ours"]["performance"] == pytest.approx(0.91)
    mean = A + 0.3 * noise.mean(axis=0)
    np.testing.assert_allclose(klds(rows["ours"]), kmer_klds(X, mean, [3, 4]), rtol=1e-5)
    assert rows["ours"]["agreement"] > 0.5 > 0.1 > abs(rows["noise"]["agreement"])
    assert max(abs(row["agreement_chance"]) for row in rows.values()) < 0.1
    page = (place / "out" / "report.html").read_text(encoding="utf-8")
    assert "files agree" in page and f"{rows['ours']['agreement']:.2f}" in page
    single, _ = score("--sequences", "x.npz", "--attributions", "a.npz")
    assert single["a"]["n_files"] == 1 and single["a"]["agreement"] is None
    assert "files agree" not in (place / "out" / "report.html").read_text(encoding="utf-8")


def test_two_files_of_a_model_are_their_mean(place):
    other = RNG(4).normal(size=A.shape)
    np.savez("other.npz", a=other)
    both = {"maps": [["a.npz", "other.npz"]], "settings": Settings(ks=(3, 4))}
    (row,) = score_files("x.npz", **both).table.to_dict("records")
    np.testing.assert_allclose(klds(row), kmer_klds(X, (A + other) / 2, [3, 4]))
    scores = [maps.position_scores(X, a) for a in (A, other)]
    assert (row["agreement"], row["agreement_chance"]) == pytest.approx(agreement(scores))
    assert row["n_files"] == 2 and row["model"] == "a"


def test_agreement_is_a_mean_correlation_and_its_chance_is_that_of_other_rows():
    tracks = RNG(0).random((3, 5, 20)) + np.linspace(0, 1, 20)  # a trend that all share
    pairs = [(0, 1), (0, 2), (1, 2)]
    rows = [np.corrcoef(tracks[i], tracks[j])[:5, 5:] for i, j in pairs]
    own = np.mean([np.diag(r).mean() for r in rows])
    other = np.mean([(r.sum() - np.trace(r)) / 20 for r in rows])
    np.testing.assert_allclose(agreement(tracks), (own, other))
    assert other > 0.2
    assert agreement([np.ones((3, 4)), np.ones((3, 4))]) == (0, 0)
    assert agreement(tracks[:2, :1]) == (pytest.approx(rows[0][0, 0]), 0)  # there is no other row


def test_words_to_ignore_count_nowhere_and_the_null_stays_exact(place):
    (place / "words.txt").write_text("CGTAA TTT  # what the enzyme prefers\n")
    rows, notes = score("--sequences", "x.npz", "--attributions", "a.npz", "--ignore", "words.txt")
    assert "CGTAA, TTT count in no word" in notes
    assert (
        rows["a"]["score"]
        < score("--sequences", "x.npz", "--attributions", "a.npz")[0]["a"]["score"]
    )
    hidden = X.copy()
    for row, letters in zip(hidden, LETTERS):
        for word in ("CGTAA", "TTACG", "TTT", "AAA"):
            for i in range(50):
                row[i : i + len(word)] *= letters[i : i + len(word)] != word
    # The scores of hidden bases stay part of a sequence's sum, so that q is another only by that.
    kept = maps.position_scores(X, A)
    found = maps.tracks(X, [A], maps.Options(ignore=("CGTAA", "TTT")))
    assert ((found.codes < 4) == hidden.any(axis=2)).all() and (
        found.codes[found.codes > 3] == 5
    ).all()
    np.testing.assert_allclose(found.shares, kept / kept.sum(axis=1, keepdims=True), rtol=1e-6)


def test_the_null_of_ignored_words_is_exact():
    """Maps that know nothing: p at most 0.05 in a twentieth of the data sets."""
    small = 0
    for seed in range(200):
        rng = RNG(seed)
        x = np.eye(4)[rng.integers(0, 4, (40, 40))]
        a = x * rng.random((40, 40))[..., None]
        p = exchanged_null(x, a, [3], seed=seed, weights=[1], ignore=("AA", "CG", "GT")).p_value
        small += p <= 0.05
    assert small <= 20


@pytest.mark.parametrize(("of_bias", "of_maps"), [(1, 1), (1e200, 1), (1e-200, 1), (1, 1e200)])
def test_maps_of_a_bias_model_are_taken_off(place, of_bias, of_maps):
    """Whatever the scale of each, whose squares may be no numbers."""
    bias = x_at(X, "TTT") * 3.0
    np.savez("bias.npz", a=bias.astype(float) * of_bias)
    np.savez("both.npz", a=(A + bias).astype(float) * of_maps)
    rows, notes = score("--sequences", "x.npz", "--attributions", "both.npz",
                        "--ignore", "bias.npz")  # fmt: skip
    slope = ((A + bias) * bias).sum() / (bias**2).sum()
    want = kmer_klds(X, A + bias - slope * bias, [3, 4])
    np.testing.assert_allclose(klds(rows["both"]), want, rtol=1e-4)
    assert f"the bias maps were {rows['both']['bias']:.0%} of its maps" in notes
    part = ((slope * bias) ** 2).sum() / ((A + bias) ** 2).sum()
    assert rows["both"]["bias"] == pytest.approx(part) and 0.1 < part < 0.9


def x_at(x, word):
    """Maps that are 1 at every base of a word."""
    found = np.zeros(x.shape)
    for row, letters in zip(found, decode(x)):
        for i in range(len(letters)):
            row[i : i + len(word)] += letters[i : i + len(word)] == word
    return x * (found > 0)


@pytest.mark.parametrize("first", [0, 1])
def test_places_count_from_0_or_from_1(first):
    """`chr1:100-150` of 50 bases counts from 0, of 51 from 1, as `samtools faidx` writes it."""
    names = [f"chr1:{100 * i + 100 + first}-{100 * i + 150}" for i in range(3)]
    found = places(names, ["A" * 50] * 3)
    assert found == [("chr1", 100 * i + 100, 100 * i + 150, False) for i in range(3)]
    assert places(names, ["A" * 40] * 3) == places(["peak", *names[1:]], ["A" * 50] * 3) == []
