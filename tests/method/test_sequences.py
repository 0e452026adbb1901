"""Encoding, decoding, reverse complements and FASTA reading."""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution_consistency import sequences as sq
from attribution_consistency import texts

one_length = st.integers(1, 30).flatmap(
    lambda n: st.lists(st.text("ACGTN", min_size=n, max_size=n), min_size=1, max_size=8)
)


@given(one_length)
def test_decode_undoes_one_hot(seqs):
    assert sq.decode(sq.one_hot(seqs)) == seqs
    assert sq.decode_codes(sq.encode_codes(seqs)) == seqs


def test_one_hot_values():
    x = sq.one_hot(["ACGTN", "tgca-"])
    assert x.shape == (2, 5, 4) and x.dtype == np.float32
    assert np.array_equal(x[0, :4], np.eye(4))
    assert np.array_equal(x[1, :4], np.eye(4)[::-1])
    assert not x[:, 4].any()
    codes = sq.encode_codes(["ACGTN", "tgca-"])
    assert codes.dtype == np.uint8
    assert codes.tolist() == [[0, 1, 2, 3, 4], [3, 2, 1, 0, 4]]
    assert np.array_equal(sq.codes_to_one_hot(codes), x)


def test_letters_outside_ascii_are_no_base():
    assert sq.decode(sq.one_hot(["AéG", "ＡCG"])) == ["ANG", "NCG"]


def test_no_sequences():
    assert sq.one_hot([]).shape == (0, 0, 4)
    assert sq.decode(sq.one_hot([])) == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sq.one_hot(["ACG", "AC"]), "sequence 1 has 2 bases and sequence 0 has 3"),
        (lambda: sq.one_hot("ACG"), "one string"),
        (lambda: sq.one_hot(["ACG", None]), "sequence 1 is a NoneType"),
        (lambda: sq.codes_to_one_hot(np.array([[5]])), "expected 0 to 4"),
        (lambda: sq.codes_to_one_hot(np.array([[-1]])), "expected 0 to 4"),
        (lambda: sq.codes_to_one_hot(np.array([[0.5]])), "not integers"),
        (lambda: sq.decode(np.zeros((3, 4))), r"\(N, L, 4\)"),
        (lambda: sq.decode(np.full((1, 2, 4), 0.25)), "sequence 0, position 0 is not one-hot"),
        (lambda: sq.decode(np.ones((1, 2, 4))), "not one-hot"),
        (lambda: sq.decode(np.full((1, 2, 4), np.nan)), "not one-hot"),
    ],
)
def test_bad_arrays_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("text", ["AARR", "ANNNR", "UuR-.XR", "A"])
def test_half_of_the_letters_of_sequences_are_bases(text):
    """Of those that do not stand for an unknown one."""
    assert len(texts.aligned([text], "centre")[0][0]) == len(text)
    with pytest.raises(ValueError, match="mostly no A, C, G or T: is it protein"):
        texts.aligned([text + "RR"], "centre")


def test_read_fasta(tmp_path):
    plain = tmp_path / "a.fa"
    plain.write_bytes(b">one extra words\r\nACG\r\nTnn\r\n\r\n>two\r\nGGG")
    expected = [("one", "ACGTnn"), ("two", "GGG")]
    assert texts.read_fasta(plain) == expected
    zipped = tmp_path / "a.fa.gz"
    zipped.write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
    assert texts.read_fasta(zipped) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no FASTA file"),
        (b"ACGT\n>a\nACG\n", "text before the first '>'"),
        (b">a\nACG\n>b\n>c\nAC\n", r"record 2 \(b\) has no sequence"),
        (b"\x89PNG\n", "text before the first"),
        (gzip.compress(b">a\nACGT\n" * 99, mtime=0)[:-9], "is truncated or damaged"),
        (b"\x1f\x8b\x08\x00" + b"x" * 40, "is truncated or damaged"),
    ],
)
def test_bad_fasta_is_refused(tmp_path, content, message):
    path = tmp_path / "bad.fa"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        texts.read_fasta(path)
    assert "bad.fa" in str(error.value) and "\n" not in str(error.value)


def test_missing_fasta(tmp_path):
    with pytest.raises(ValueError, match="No such file"):
        texts.read_fasta(tmp_path / "none.fa")
