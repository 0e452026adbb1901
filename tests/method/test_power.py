"""The power of the test, against data sets in which a word is planted; what words explain."""

import numpy as np
import pytest
from metric_examples import planted_pair, random_pair

from attribution_consistency import exchange, exchanged_null
from attribution_consistency.maps import Options
from attribution_consistency.power import STRENGTH, WIDTH, power
from attribution_consistency.words import explained

KS = (3, 4, 5, 6)
EQUAL = np.full(4, 1 / 4)


def spiky(seed, n, length=100):
    """Sequences and maps that know nothing, as bases and tracks."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 4, (n, length)), rng.gamma(0.3, size=(n, length)), rng


def maps(codes, tracks):
    x = np.eye(4, dtype=np.float32)[codes]
    return x, (x * tracks[..., None]).astype(np.float32)


def found_and_foretold(seed, n):
    """Whether a word planted at the stated strength is found, and the power before it was."""
    codes, tracks, rng = spiky(seed, n)
    x, a = maps(codes, tracks)
    foretold = power(x, a, KS, weights=EQUAL)
    tracks /= tracks.sum(axis=1, keepdims=True)
    rows = rng.permutation(n)[: n // 2]
    at = rows[:, None], rng.integers(0, codes.shape[1] - 5, len(rows))[:, None] + np.arange(WIDTH)
    codes[at] = rng.integers(0, 4, WIDTH)
    tracks[at] += (STRENGTH - 1) / codes.shape[1]
    return exchanged_null(*maps(codes, tracks), KS, weights=EQUAL).p_value <= 0.05, foretold


@pytest.mark.parametrize(("n", "enough"), [(6, False), (40, True)])
def test_power_says_whether_a_word_would_be_found(n, enough):
    found, foretold = np.array([found_and_foretold(seed, n) for seed in range(25)], float).T
    # Means of 25, whose standard error is at most 0.1.
    assert (found.mean() > 0.8) == (foretold.mean() > 0.8) == enough
    assert abs(found.mean() - foretold.mean()) < 0.3


def test_power_has_its_seed_and_leaves_its_input_alone():
    x, a = maps(*spiky(0, 20)[:2])
    before = x.copy(), a.copy()
    one, same = (power(x, a, KS, weights=EQUAL, seed=3) for _ in range(2))
    assert one == same and 0 <= one <= 1
    np.testing.assert_array_equal(before, (x, a))


def slow_explained(codes, shares, k, prior=20):
    """The same share, one window at a time."""
    n, length = codes.shape
    errors = np.zeros(2)
    for tried in (0, 1):
        learnt = {}
        values = []
        for row in range(n):
            for i in range(length - k + 1):
                word = tuple(codes[row, i : i + k])
                value = shares[row, i : i + k].sum()
                if 4 in word:
                    continue
                if row % 2 == tried:
                    values.append((word, value))
                else:
                    learnt.setdefault(word, []).append(value)
        mean = np.mean([v for own in learnt.values() for v in own])
        for word, value in values:
            own = learnt.get(word, [])
            guess = (sum(own) + prior * mean) / (len(own) + prior)
            errors += (value - guess) ** 2, (value - mean) ** 2
    return max(0, 1 - errors[0] / errors[1])


def test_what_words_explain_is_what_the_slow_count_says():
    x, a, _ = planted_pair(60, 40, length=30)
    x[:3, :9] = 0
    a[:3, :9] = 0
    scores = np.abs(((a - a.mean(axis=2, keepdims=True)) * x).sum(axis=2))
    shares = scores / scores.sum(axis=1, keepdims=True)
    codes = np.where(x.any(axis=2), x.argmax(axis=2), 4)
    found = explained(exchange.prepared(x, a, Options())[0], 4)
    assert 0.05 < found < 1
    np.testing.assert_allclose(found, slow_explained(codes, shares, 4), rtol=1e-9)


def test_words_explain_nothing_of_noise_and_of_constant_maps():
    x, a = random_pair(0, n=100, length=60)
    assert explained(exchange.prepared(x, a, Options())[0]) < 0.01
    assert explained(exchange.prepared(x, None, Options())[0]) == 0
