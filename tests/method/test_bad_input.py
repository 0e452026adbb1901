"""Every mistake has a message that names the argument, what was got, and what to do."""

import numpy as np
import pytest
from metric_examples import random_pair

from attribution_consistency import (
    geometric_kld,
    jackknife,
    kmer_klds,
    rotated_null,
    signal_to_noise,
    thresholded_kld,
)
from attribution_consistency.maps import position_scores

X, A = random_pair(0, n=6, length=30)


def changed(array, place, value):
    array = array.copy()
    array[place] = value
    return array


BAD_PAIRS = {
    "length last": (X.transpose(0, 2, 1), A, r"x: got shape \(6, 4, 30\), length last.*transpose"),
    "map length last": (X, A.transpose(0, 2, 1), r"a: .*transpose with a.transpose\(0, 2, 1\)"),
    "one sequence": (X[0], A[0], r"x: got shape \(30, 4\), one sequence; pass x\[None\]"),
    "four axes": (X[None], A, r"x: got shape \(1, 6, 30, 4\), expected \(N, L, 4\)"),
    "scalar": (1.0, A, r"x: got shape \(\), expected \(N, L, 4\)"),
    "five channels": (np.zeros((6, 30, 5)), A, "expected 4 channels last, in order A C G T"),
    "map without channels": (X, A.sum(axis=2), r"a: got shape \(6, 30\)"),
    "other N": (X, A[:5], r"a: got shape \(5, 30, 4\), expected that of x, \(6, 30, 4\)"),
    "other L": (X, A[:, :29], r"a: got shape \(6, 29, 4\)"),
    "no sequences": (X[:0], A[:0], r"x: got an empty array of shape \(0, 30, 4\)"),
    "no positions": (X[:, :0], A[:, :0], r"x: got an empty array of shape \(6, 0, 4\)"),
    "text": (["ACGT"], A, "x: got dtype <U4, expected numbers; text sequences: call one_hot"),
    "bytes": (np.array([b"ACGT"]), A, "x: got dtype .S4, expected numbers; text"),
    "objects": (X.astype(object), A, "x: got dtype object, expected numbers"),
    "nothing": (X, None, "a: got dtype object, expected numbers"),
    "complex": (X, A + 1j, "a: got dtype complex128, expected numbers"),
    "ragged": ([[[1, 0, 0, 0]], [[1, 0, 0, 0], [0, 1, 0, 0]]], A, "x: got rows of unequal length"),
    "probabilities": (changed(X, (2, 3), 0.25), A, r"x\[2, 3\]: got \[0.25, .*expected one-hot"),
    "two bases": (changed(X, (5, 29), [1, 1, 0, 0]), A, r"x\[5, 29\]: got \[1.0, 1.0, 0.0, 0.0\]"),
    "minus one": (changed(X, (0, 0), [-1, 0, 0, 0]), A, r"x\[0, 0\]: got \[-1.0"),
    "twos": (2 * X, A, r"x\[0, 0\]: got .*2.0.*expected one-hot"),
    "NaN sequences": (changed(X, (1, 2, 3), np.nan), A, r"x\[1, 2\]: got .*nan"),
    "swapped": (A, X, r"x\[0, 0\]: .*is the first argument the sequences\?"),
    "NaN": (X, changed(A, (4, 7, 1), np.nan), r"a\[4, 7, 1\]: got nan, expected a finite number"),
    "inf": (X, changed(A, (3, 0, 0), np.inf), r"a\[3, 0, 0\]: got inf"),
    "inf and -inf": (X, changed(A, (3, 0), [np.inf, -np.inf, 0, 0]), r"a\[3, 0, 0\]: got inf"),
    "huge": (X, np.full_like(A, 1e308), "a: got values too large to add up"),
    "all zero": (X, np.zeros_like(A), "a: every score under a 3-mer is 0.*all zero"),
    "equal channels": (X, np.full_like(A, 0.7), "a: every score under a 3-mer is 0"),
    "no base known": (np.zeros_like(X), A, "x: no window of 3 positions is free of unknown bases"),
}


@pytest.mark.parametrize("case", BAD_PAIRS)
def test_bad_pairs(case):
    x, a, message = BAD_PAIRS[case]
    with pytest.raises(ValueError, match=message) as error:
        kmer_klds(x, a)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("case", [c for c in BAD_PAIRS if "zero" not in c and "equal" not in c])
def test_other_functions_check_the_same(case):
    x, a, message = BAD_PAIRS[case]
    if case != "no base known":
        for function in (
            position_scores,
            thresholded_kld,
            geometric_kld,
            lambda x, a: signal_to_noise(x, a, np.zeros((6, 30), dtype=bool)),
        ):
            with pytest.raises(ValueError, match=message):
                function(x, a)


BAD_OPTIONS = {
    "k = 0": (dict(ks=[0]), "ks: got k = 0, expected whole numbers from 1 to 10"),
    "k = 11": (dict(ks=[3, 11]), "ks: got k = 11"),
    "k = 2.5": (dict(ks=[2.5]), "ks: got k = 2.5"),
    "k is text": (dict(ks=["3"]), "ks: got k = '3'"),
    "k is True": (dict(ks=[True]), "ks: got k = True"),
    "one number": (dict(ks=6), r"ks: got 6, expected one or more lengths, such as range\(3, 9\)"),
    "no k": (dict(ks=[]), r"ks: got \[\], expected one or more lengths"),
    "reading": (dict(reading="instances"), "reading: got 'instances', expected one of 'frequency'"),
    "score": (dict(score="l1"), "score: got 'l1', expected one of 'abs_input', 'l2'"),
    "prior lacks k": (dict(ks=[3], prior={4: np.ones(256)}), "prior: got no entry for k = 3"),
    "prior length": (dict(ks=[3], prior={3: np.ones(63)}), r"prior\[3\]: got shape \(63,\)"),
    "prior negative": (dict(ks=[1], prior={1: [1, 1, 1, -1]}), r"prior\[1\]: .* numbers >= 0"),
    "prior NaN": (dict(ks=[1], prior={1: [1, 1, 1, np.nan]}), r"prior\[1\]: .* finite"),
    "prior all zero": (dict(ks=[1], prior={1: np.zeros(4)}), r"prior\[1\]: .* not all 0"),
    "pseudocount alone": (dict(pseudocount=1), "pseudocount: only for a prior from elsewhere"),
    "pseudocount negative": (
        dict(ks=[1], prior={1: np.ones(4)}, pseudocount=-1),
        "pseudocount: got -1",
    ),
}


@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_bad_options(case):
    options, message = BAD_OPTIONS[case]
    with pytest.raises(ValueError, match=message):
        kmer_klds(X, A, **options)


def test_k_longer_than_the_sequences():
    with pytest.raises(ValueError, match=r"ks: got k = 8, longer than the sequences \(5 positions"):
        kmer_klds(X[:, :5], A[:, :5], [8])


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: thresholded_kld(X, A, quantile=1), "quantile: got 1"),
        (lambda: thresholded_kld(X, A, quantile=90), "quantile: got 90"),
        (lambda: thresholded_kld(X, A, buffer=-1), "buffer: got -1"),
        (lambda: thresholded_kld(X, A, k=40), "ks: got k = 40"),
        (lambda: jackknife(X, A), "n_blocks: got 20, expected a whole number from 2 to 6"),
        (lambda: jackknife(X, A, n_blocks=1), "n_blocks: got 1"),
        (lambda: jackknife(X, A, n_blocks=3, level=95), "level: got 95"),
        (lambda: jackknife(X, A, n_blocks=3, other=A[:, :9]), "other: got shape"),
        (
            lambda: jackknife(X, A, n_blocks=3, other=changed(A, (5, 1, 2), np.nan)),
            r"other\[5, 1, 2\]: got nan",
        ),
        (lambda: jackknife(X, A, n_blocks=3, weights=[1, 2]), "klds: got shape"),
        (
            lambda: rotated_null(X, A, n_draws=98),
            "n_draws: got 98, expected a whole number of at least 99",
        ),
        (lambda: rotated_null(X[:, :15], A[:, :15]), "x: got sequences of 15 positions"),
        (lambda: position_scores(X, A, score="max"), "score: got 'max'"),
    ],
)
def test_other_bad_options(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_places_are_counted_from_the_first_sequence():
    x, a = random_pair(1, n=2000, length=40)
    a[1990, 5, 0] = np.nan
    with pytest.raises(ValueError, match=r"a\[1990, 5, 0\]: got nan"):
        kmer_klds(x, a)
    with pytest.raises(ValueError, match=r"a\[1990, 5, 0\]: got nan"):
        jackknife(x, a)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int64, np.float16, np.float32])
def test_any_numeric_dtype_of_sequences(dtype):
    want = kmer_klds(X, A, [3])
    np.testing.assert_allclose(kmer_klds(X.astype(dtype), A, [3]), want)


def test_lists_and_integer_maps_are_fine():
    a = np.round(10 * A).astype(int)
    want = kmer_klds(X, a.astype(float), [3])
    np.testing.assert_allclose(kmer_klds(X.tolist(), a.tolist(), [3]), want)


@pytest.mark.filterwarnings("ignore:overflow")
def test_scores_too_large_to_add():
    a = X * np.where(np.arange(30) % 2, 1e307, -1e307)[:, None]
    with pytest.raises(ValueError, match="a: got values too large to add up"):
        kmer_klds(X, a)


def test_input_is_left_alone():
    x, a = X.copy(), A.copy()
    for function in (kmer_klds, thresholded_kld, geometric_kld):
        function(x, a)
    rotated_null(x, a, [3])
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(a, A)
