"""The power of the test, against data sets in which a word is planted; what words explain."""

from statistics import NormalDist

import numpy as np
import pytest
from metric_examples import planted_pair, random_pair

from attribution_consistency import exchange, exchanged_null
from attribution_consistency import power as module
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


@pytest.fixture
def drawn(monkeypatch):
    """Scores by length of each try, of the map and of its draws, and what they were asked for."""
    rng, asked = np.random.default_rng(1), []
    given = [rng.normal(size=(6, 4)) + 0.5 for _ in range(3)]

    def drawn_klds(planted, moves, ks, options):
        asked.append((planted, moves))
        return given[len(asked) - 1]

    monkeypatch.setattr(module, "drawn_klds", drawn_klds)
    return given, asked


@pytest.mark.parametrize("level", [0.05, 0.2])
def test_power_is_that_of_normal_scores_with_one_spread(drawn, level):
    found = power(*maps(*spiky(0, 20)[:2]), KS, weights=EQUAL, level=level)
    scores = [klds.mean(axis=1) for klds in drawn[0]]
    spread = np.sqrt(np.mean([np.var(s[1:], ddof=1) for s in scores]))
    normal, critical = NormalDist(), NormalDist().inv_cdf(1 - level)
    want = [normal.cdf((s[0] - s[1:].mean()) / spread - critical) for s in scores]
    assert found == pytest.approx(np.mean(want)) and 0.01 < found < 0.99


def test_every_second_sequence_gets_one_word_at_twice_the_mean(drawn):
    x, a = maps(*spiky(0, 21, length=9)[:2])
    x[:, 0] = a[:, 0] = 0  # an unknown base stays unknown
    before, _ = exchange.prepared(x, a, Options())
    power(x, a, KS, weights=EQUAL)
    words, ends = [], set()
    for planted, moves in drawn[1]:
        assert moves.sources.shape == (21, 6) and (moves.sources[:, 0] == range(21)).all()
        changed = (planted.shares != before.shares).any(axis=1)
        assert changed.sum() == 11 and (planted.codes[~changed] == before.codes[~changed]).all()
        for row in np.flatnonzero(changed):
            for n in (6, 5):  # of its bases, one may be the unknown one
                more = 9 * (planted.shares[row] * (1 + n / 9) - before.shares[row])
                if np.allclose(more, more.round(), atol=1e-9):
                    break
            at = np.flatnonzero(more.round())
            np.testing.assert_allclose(more[at], 1)
            assert at.tolist() == list(range(at[-1] - n + 1, at[-1] + 1))
            elsewhere = np.delete(np.arange(9), at)
            assert (planted.codes[row, elsewhere] == before.codes[row, elsewhere]).all()
            words.append(tuple(planted.codes[row, at[-5:]]))
            ends.add(int(at[-1]))
    assert len(words) == 33 and len(set(words)) == 3 and ends == {5, 6, 7, 8}


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
