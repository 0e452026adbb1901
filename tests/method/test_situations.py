"""Situations that people of the field meet, each from files to the answer of the command."""

import json
import os

import h5py
import numpy as np
import pytest
from metric_examples import planted_pair

from attribution_consistency import cli
from attribution_consistency.sequences import decode

X, A, _ = planted_pair(0, n=60, length=50)
A = A + 0.05 * np.random.default_rng(0).normal(size=A.shape)
NOISE = np.random.default_rng(1).normal(size=A.shape)
FOUND, NOTHING, UNSURE = "consistent words", "no evidence of consistent words", "cannot tell"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("x.npz", x=X)
    np.savez("a.npz", a=A)
    return tmp_path


def score(*maps, x="x.npz", ks="3-5", more=()):
    """Models and notes of the command's answer; None when it refuses."""
    given = ["score", "--sequences", x, "--attributions", *maps, "--ks", ks, "--out", "out"]
    if cli.main([*given, "--force", *more]):
        return None
    with open("out/scores.json", encoding="utf-8") as file:
        answer = json.load(file)
    return {row["model"]: row for row in answer["models"]}, answer["notes"], answer["words"]


def refused(capsys):
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    (line,) = lines
    return line


def test_padding_alike_changes_nothing_whatever_the_maps_hold_there(place):
    wide = ((0, 0), (9, 4), (0, 0))
    noise = np.random.default_rng(2).normal(size=(60, 63, 4))
    noise[:, 9:59] = A
    np.savez("wide.npz", x=np.pad(X, wide))
    np.savez("zero.npz", a=np.pad(A, wide))
    np.savez("noise.npz", a=noise)
    models, notes, _ = score("zero.npz", "noise.npz", x="wide.npz")
    plain = score("a.npz")[0]["a"]
    for row in models.values():
        for name in ("score", "score_low", "p", "kld_original", "explained"):
            assert row[name] == pytest.approx(plain[name], rel=1e-9), name
    assert any("unknown bases" in note for note in notes)


def test_mutagenesis_with_zeros_at_the_base_that_is_there(place):
    """As in-silico mutagenesis is saved: the map is hypothetical but for a constant."""
    np.savez("ism.npz", a=A - (A * X).sum(axis=2, keepdims=True))
    assert score("ism.npz")[0]["ism"]["score"] == pytest.approx(score("a.npz")[0]["a"]["score"])


@pytest.mark.parametrize("scale", [1e-30, 1e30, 1e200])
def test_the_scale_of_maps_says_nothing(place, scale):
    np.savez("scaled.npz", a=A * scale)
    rows = score("scaled.npz", "a.npz")[0]
    for name in ("score", "explained", "kld_original"):
        assert rows["scaled"][name] == pytest.approx(rows["a"][name], rel=1e-6)


def test_maps_half_of_which_are_dead(place):
    dead = A.copy()
    dead[:40] = 0
    np.savez("dead.npz", a=dead)
    models, notes, _ = score("dead.npz")
    assert models["dead"]["n_all_zero"] == 40 and models["dead"]["verdict"] == FOUND
    assert "dead: the maps of 40 of 60 sequences are zero everywhere." in notes
    assert score("dead.npz", more=["--drop-bad-rows"])[0]["dead"]["n"] == 20


def test_noise_and_unsigned_maps(place):
    np.savez("noise.npz", a=NOISE)
    np.savez("unsigned.npz", a=np.abs(A))
    models, _, words = score("noise.npz", "unsigned.npz")
    assert models["noise"]["verdict"] == NOTHING and models["noise"]["explained"] < 0.02
    assert models["unsigned"]["verdict"] == FOUND
    assert not [row for row in words if row["model"] == "noise"]


def test_maps_of_other_sequences_and_of_the_next_one(place, capsys):
    np.savez("shifted.npz", a=np.roll(A, 1, axis=0))
    assert score("shifted.npz")[0]["shifted"]["verdict"] != FOUND
    np.savez("projected.npz", a=np.roll(A * X, 1, axis=0))
    assert score("projected.npz") is None
    assert "or the maps are of other sequences" in refused(capsys)


def test_peaks_that_were_dropped_and_a_width_that_differs(place, capsys):
    np.savez("fewer.npz", a=A[:57])
    assert score("fewer.npz") is None
    assert "57 maps of 50 positions, but x.npz has 60 sequences of 50" in refused(capsys)
    np.savez("narrow.npz", a=A[:, 10:40])
    assert score("narrow.npz") is None
    assert "--crop takes the middle of both" in refused(capsys)
    assert score("narrow.npz", more=["--crop", "30"])[0]["narrow"]["length"] == 30


def test_short_windows(place, capsys):
    np.savez("short.npz", x=X[:, :8])
    np.savez("a.npz", a=NOISE[:, :8])
    assert score("a.npz", x="short.npz", ks="3-8")[0]["a"]["verdict"] in (NOTHING, UNSURE)
    np.savez("short.npz", x=X[:, :7])
    np.savez("a.npz", a=NOISE[:, :7])
    assert score("a.npz", x="short.npz", ks="3-8") is None
    assert "k = 8, longer than the sequences (7 positions)" in refused(capsys)


def test_one_long_locus_is_too_few(place, capsys):
    np.savez("x.npz", x=X.reshape(1, -1, 4))
    np.savez("a.npz", a=A.reshape(1, -1, 4))
    assert score("a.npz") is None
    assert "got one distinct sequence, expected two or more" in refused(capsys)


def test_maps_that_are_zero_but_around_one_place(place):
    sparse = np.zeros((40, 3000, 4), np.float32)
    x = np.eye(4, dtype=np.int8)[np.random.default_rng(3).integers(0, 4, (40, 3000))]
    sparse[:, 1500:1504] = np.random.default_rng(4).normal(size=(40, 4, 4))
    np.savez_compressed("long.npz", x=x)
    np.savez_compressed("sparse.npz", a=sparse)
    assert score("sparse.npz", x="long.npz")[0]["sparse"]["verdict"] == UNSURE


def test_words_at_the_middle_of_every_peak(place):
    """Scores that follow the position, on peaks that are centred, know no word."""
    rng, at = np.random.default_rng(5), np.arange(50)
    codes, start = X.argmax(axis=2), rng.integers(18, 27, 60)
    for row, first in zip(codes, start):
        row[first : first + 6] = (2, 0, 3, 0, 0, 2)
    x = np.eye(4)[codes]
    np.savez("peaks.npz", x=x)
    bell = np.exp(-(((at - 25) / 6) ** 2)) * rng.gamma(2, size=(60, 50))
    np.savez("bell.npz", a=x * bell[..., None])
    assert score("bell.npz", x="peaks.npz")[0]["bell"]["verdict"] != FOUND


def test_a_base_that_a_map_prefers_is_seen_in_its_shares(place):
    np.savez("base.npz", a=X * (0.1 + (X.argmax(axis=2) == 2)[..., None]))
    row = score("base.npz")[0]["base"]
    assert row["verdict"] == NOTHING and row["on_G"] > 0.6 and row["p"] <= 0.05


def test_rna_and_letters_in_lower_case_are_the_same_sequences(place):
    (place / "x.fa").write_text("".join(f">s\n{s.replace('T', 'U')}\n" for s in decode(X)))
    (place / "y.txt").write_text("\n".join(decode(X)).lower())
    want = score("a.npz")[0]["a"]["score"]
    assert score("a.npz", x="x.fa")[0]["a"]["score"] == want
    assert score("a.npz", x="y.txt")[0]["a"]["score"] == want


def test_folds_of_one_name_want_names(place, capsys):
    for fold in ("fold_0", "fold_1"):
        (place / fold).mkdir()
        np.savez(place / fold / "counts.npz", a=A)
    files = ["fold_0/counts.npz", "fold_1/counts.npz"]
    assert score(*files) is None
    assert "two models are called 'counts'" in refused(capsys)
    assert set(score(*files, more=["--names", "0,1"])[0]) == {"0", "1"}


def test_two_outputs_of_one_model(place):
    """Counts and profile (chrombpnet #261, tfmodisco-lite #52): two rows of one table."""
    with h5py.File("m.counts_scores.h5", "w") as counts, h5py.File("m.profile.h5", "w") as profile:
        for file, maps in ((counts, A), (profile, A + 0.3 * NOISE)):
            file["raw/seq"], file["shap/seq"] = X.transpose(0, 2, 1), maps.transpose(0, 2, 1)
    models, _, _ = score("m.counts_scores.h5", "m.profile.h5", x="m.profile.h5")
    assert list(models) == ["m.counts_scores", "m.profile"]


def test_a_minimal_example_of_one_sequence_many_times(place, capsys):
    """tfmodisco-lite #50: a thousand times AAAAACCCC."""
    x = np.tile(np.eye(4)[[0] * 5 + [1] * 45], (100, 1, 1))
    np.savez("x.npz", x=x)
    np.savez("a.npz", a=x)
    np.savez("b.npz", a=2 * x)
    assert score("b.npz") is None and "one distinct sequence" in refused(capsys)


def test_lists_that_numpy_pickled(place, capsys):
    """tfmodisco-lite #7."""
    np.save("a.npy", np.array([[1, 2], [3]], dtype=object), allow_pickle=True)
    assert score("a.npy") is None and "never unpickled, expected real numbers" in refused(capsys)


def test_half_precision_that_overflowed(place, capsys):
    """captum #835: some values of some sequences are no numbers; they are counted."""
    maps = A.copy()
    maps[[3, 7, 8], 5] = np.nan
    np.savez("half.npz", a=maps.astype(np.float16))
    assert score("half.npz") is None and "sequence 3, position 5" in refused(capsys)
    models, notes, _ = score("half.npz", more=["--drop-bad-rows"])
    assert models["half"]["n"] == 57 and any("3 sequences were left out" in n for n in notes)


def genome(place, bed):
    (place / "genome.fa").write_text(">chr1\n" + "".join(decode(X[:4])) + "\n")
    (place / "peaks.bed").write_text(bed)
    np.savez("a.npz", a=A[:3])
    return score("a.npz", x="peaks.bed", more=["--genome", "genome.fa"])


GOOD = "chr1\t0\t50\nchr1\t50\t100\nchr1\t100\t150\n"


@pytest.mark.parametrize(
    "bed, message",
    [
        (GOOD.replace("chr", ""), "1:0-50 is not in genome.fa"),  # Ensembl's names, UCSC's genome
        (GOOD.replace("\t0\t", "\t-1\t"), "chr1:-1-50 is not in"),  # ctk #2
        (GOOD.replace("150", "250"), "chr1:100-250 is not in"),  # macs2, past the end
        (GOOD.replace("\t0\t50", "\t50\t0"), "chr1:50-0 is not in"),  # bdgToBigWig, end first
        (GOOD + "chr1\t150\t200\n", "3 maps of 50 positions, but peaks.bed has 4"),  # finemo #21
    ],
)
def test_intervals_that_do_not_fit(place, capsys, bed, message):
    assert genome(place, bed) is None and message in refused(capsys)


def test_a_bed_file_with_a_header(place):
    """As R and pandas write them."""
    assert genome(place, "chrom\tstart\tend\n" + GOOD)[0]["a"]["n"] == 3


def test_fasta_with_comments_of_either_kind(place):
    """As logomaker's own data files are written: several lines of # before the first record."""
    records = "".join(f"# {i}\n>s{i} of RegulonDB\t-41.5\n{s}\n" for i, s in enumerate(decode(X)))
    (place / "x.fa").write_text("# \n# CRP sites, in FASTA format\n; old style\n\n" + records)
    plain = score("a.npz")[0]["a"]["score"]
    assert score("a.npz", x="x.fa")[0]["a"]["score"] == pytest.approx(plain, rel=1e-9)


def test_a_pipe(place, capsys):
    """Process substitution: <(zcat x.fa.gz). What is read twice cannot be a pipe."""
    os.mkfifo("stream")
    assert score("a.npz", x="stream") is None and "stream: is a pipe or a device" in refused(capsys)


def test_an_adapter_in_every_sequence(place):
    """A constant flank rules the words, and what is said of the rest is said without it."""
    adapter = "ACACTCTTTC"
    at = np.random.default_rng(3).integers(0, 40, 60)
    x, maps = X.copy(), NOISE * 0.1
    for row, begin in enumerate(at):
        x[row, begin : begin + 10] = np.eye(4)[["ACGT".index(base) for base in adapter]]
        maps[row, begin : begin + 10] += 2 * x[row, begin : begin + 10]
    np.savez("x.npz", x=x)
    np.savez("a.npz", a=maps)
    models, _, words = score("a.npz")
    assert models["a"]["verdict"] == FOUND and words[0]["word"] in adapter
    (place / "adapter.txt").write_text(adapter)
    models, notes, words = score("a.npz", more=["--ignore", "adapter.txt"])
    assert models["a"]["verdict"] != FOUND and not words
    assert any(adapter in note for note in notes)


def test_maps_over_the_wrong_sequences_are_no_consistent_words(place):
    """All four channels, each position with a liking for G: a base is preferred, and no word."""
    x = np.eye(4)[np.random.default_rng(5).integers(0, 4, (300, 50))]
    maps = np.random.default_rng(6).normal(size=x.shape) * [0.3, 0.3, 3, 0.3]
    np.savez("x.npz", x=x)
    np.savez("scrambled.npz", a=maps)
    np.savez("words.npz", a=marking(x))
    models, _, words = score("scrambled.npz", "words.npz")
    row = models["scrambled"]
    assert row["p"] <= 0.05 < row["p_words"] and words
    assert (row["verdict"], row["why"]) == (NOTHING, "single bases are preferred, and no words")
    assert models["words"]["verdict"] == FOUND and models["words"]["p_words"] <= 0.05
    page = (place / "out" / "report.html").read_text(encoding="utf-8")
    assert "No evidence of consistent words: scrambled." in page and "wrong sequences" in page


def marking(x):
    """Maps of 1 under every GTC, with a little noise."""
    maps = 0.05 * np.random.default_rng(7).random(x.shape)
    for row, letters in zip(maps, decode(x)):
        for i in range(48):
            row[i : i + 3] += letters[i : i + 3] == "GTC"
    return maps * x


def test_an_ignored_word_longer_than_the_sequences_is_nowhere(place):
    (place / "words.txt").write_text("ACGT" * 18)
    with_word, without = (score("a.npz", more=m)[0] for m in (["--ignore", "words.txt"], []))
    assert with_word["a"]["score"] == without["a"]["score"]


def test_words_are_found_beside_ignored_ones(place):
    """A word at whose sides many windows vanish is no reason to list no other."""
    (place / "words.txt").write_text("GG\n")
    words = score("a.npz", more=["--ignore", "words.txt"])[2]
    assert words and words[0]["word"] in "ACGTAACG"
