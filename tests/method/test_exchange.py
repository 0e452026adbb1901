"""The exchanged null: against permuted scores, where it is exact, what it cannot see."""

import numpy as np
import pytest
import reference
from metric_examples import planted_pair, random_pair

from attribution_consistency import (
    constant_floor,
    excess_interval,
    exchange,
    exchanged_null,
    family_wise,
    kmer_klds,
    maps,
    rotated_null,
    thresholded_kld,
)
from attribution_consistency.nulls import NullTest, exchanged_klds
from attribution_consistency.sequences import encode_codes

KS = [3, 4]
WEIGHTS = np.array([0.5, 0.5])
RNG = np.random.default_rng


def noise_pair(seed, n=40, length=60, profile=None):
    """Sequences and maps that know nothing of them; `profile` (L,) multiplies every track."""
    rng = RNG(seed)
    x = np.eye(4)[rng.integers(0, 4, (n, length))]
    track = rng.gamma(0.5, size=(n, length)) * (1 if profile is None else profile)
    return x, x * track[..., None]


def codes_of(x):
    return maps.tracks(x, [None], maps.Options()).codes


def test_draws_are_what_permuted_scores_score():
    x, a = random_pair(0, n=7, length=20)
    a *= x  # so that a permuted map is a permuted track
    options = dict(score="l2", correct=False)
    klds = exchanged_klds(x, a, KS, n_draws=3, seed=5, **options)
    how = exchange.exchangeable(codes_of(x))
    moves = exchange.draw(how, 3, 5)
    np.testing.assert_array_equal(moves.sources[:, 0], np.arange(7))
    scores = reference.scores(x, a, "l2", False)
    for t in range(4):
        moved = [scores[i] for i in moves.sources[:, t]]
        for k, got in zip(KS, klds[t]):
            p = reference.prior(x, k)
            want = reference.kl(reference.weighted(x, moved, k, "frequency", p), p)
            assert got == pytest.approx(want, rel=1e-10)


@pytest.mark.parametrize("reading", maps.READINGS)
def test_planted_words_are_found_and_noise_is_not(reading):
    x, a, _ = planted_pair(n=60, length=60)
    planted = exchanged_null(x, a, KS, weights=WEIGHTS, reading=reading)
    assert planted.p_value == 0.01 and planted.excess > 0
    x, a = noise_pair(1)
    noise = exchanged_null(x, a, KS, weights=WEIGHTS, reading=reading)
    assert noise.p_value > 0.05 and abs(noise.excess) < 0.1 * planted.excess


@pytest.mark.parametrize("score", maps.SCORES)
def test_maps_that_say_nothing_have_a_p_value_of_one(score):
    x, _ = noise_pair(2)
    for a, correct in ((np.ones_like(x), False), (x, True), (x, False)):
        found = exchanged_null(x, a, KS, weights=WEIGHTS, score=score, correct=correct)
        assert found.p_value == 1 and found.excess == pytest.approx(0, abs=1e-12)


def test_scores_that_follow_the_position_are_taken_for_words_by_rotation_only():
    """Sequences alike in the middle, as aligned sites are, and tracks that are high there."""
    profile = np.exp(-0.5 * ((np.arange(60) - 30) / 4) ** 2)
    p_values = {exchanged_null: [], rotated_null: []}
    for seed in range(20):
        x, a = noise_pair(seed, profile=profile)
        at = RNG(seed).integers(26, 31, len(x))
        for row, start in enumerate(at):
            x[row, start : start + 4] = np.eye(4)[[0, 1, 2, 3]]
        a = x * a.sum(axis=2, keepdims=True)
        for null, values in p_values.items():
            values.append(float(null(x, a, KS, weights=WEIGHTS).p_value))
    assert np.mean(np.array(p_values[rotated_null]) <= 0.05) > 0.9
    assert np.mean(np.array(p_values[exchanged_null]) <= 0.05) < 0.3


def test_words_at_one_place_exchange_into_themselves():
    x, _ = noise_pair(3, n=100)
    x[:, 20:27] = np.eye(4)[[0, 1, 2, 3, 0, 0, 1]]
    a = np.zeros_like(x)
    a[:, 20:27] = x[:, 20:27]
    found = exchanged_null(x, a, KS, weights=WEIGHTS)
    over_floor = found.observed - constant_floor(x, KS) @ WEIGHTS
    assert found.p_value == 1 and abs(found.excess) < 1e-9 < over_floor
    assert rotated_null(x, a, KS, weights=WEIGHTS).p_value == 0.01


def test_copies_count_once():
    x, a, _ = planted_pair(n=40, length=40)
    own = dict(weights=WEIGHTS, seed=1)
    once, ten = (
        exchanged_null(np.tile(x, (r, 1, 1)), np.tile(a, (r, 1, 1)), KS, **own) for r in (1, 10)
    )
    for got, want in zip(ten, once):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)
    intervals = [
        excess_interval(np.tile(x, (r, 1, 1)), np.tile(a, (r, 1, 1)), KS, **own) for r in (1, 10)
    ]
    for got, want in zip(*intervals):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)
    (note,) = exchange.exchangeable(codes_of(np.tile(x, (10, 1, 1)))).notes
    assert note == "360 of 400 sequences are copies of others"
    (note,) = exchange.exchangeable(codes_of(np.concatenate([x, x[:1]]))).notes
    assert note == "1 of 41 sequences are copies of others"


def test_reverse_complements_are_copies_wherever_they_stand():
    codes = encode_codes(["ACGTTANN", "NNTAACGT", "ACGTTAGG"])
    first, member, turned = exchange.distinct(codes.astype(np.int8))
    assert first.tolist() == [0, 2] and member.tolist() == [0, 0, 1]
    assert turned.tolist() == [False, True, False]
    x = np.eye(5)[codes][..., :4]
    track = np.zeros((3, 8))
    track[0, 1], track[1, 7], track[2, 0] = 1, 1, 1  # C of the first; T, its last, of the second
    scored = maps.tracks(x, [x * track[..., None]], maps.Options(correct=False))
    how = exchange.exchangeable(scored.codes)._replace(window=slice(0, 8))
    shares = exchange.collapse(scored, how).shares
    np.testing.assert_allclose(shares, [[0.5, 0.5, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0]])


def test_padding_changes_nothing():
    x, a = noise_pair(4)
    a += 0.1 * RNG(0).normal(size=a.shape)
    wide = np.pad(x, ((0, 0), (3, 90), (0, 0)))
    rubbish = RNG(1).normal(size=wide.shape) * 1e3
    rubbish[0, 0] = np.nan  # whatever the maps hold there
    rubbish[:, 3:63] = a
    for score in maps.SCORES:
        for function in (exchanged_null, rotated_null):
            pair = [function(*given, KS, score=score) for given in ((x, a), (wide, rubbish))]
            for want, got in zip(*pair):
                np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)
        for function, ks in ((kmer_klds, (KS,)), (thresholded_kld, (3,))):
            want, got = (function(*g, *ks, score=score) for g in ((x, a), (wide, rubbish)))
            np.testing.assert_allclose(got, want, rtol=1e-9)


def padded(lengths, width=80, seed=0):
    x = np.eye(4)[RNG(seed).integers(0, 4, (len(lengths), width))]
    for row, length in enumerate(lengths):
        x[row, length:] = 0
    return x


def test_tracks_change_places_among_sequences_with_the_same_known_positions():
    lengths = np.repeat([60, 70, 80], 10)
    how = exchange.exchangeable(codes_of(padded(lengths)))
    assert not how.notes and how.window == slice(0, 80)
    sources = exchange.draw(how, 50, 0).sources
    assert (lengths[sources] == lengths[:, None]).all()
    assert sorted(set(sources[0])) == list(range(10))


def test_sequences_without_a_partner_are_cropped_to_what_all_know():
    x = padded(range(51, 81))
    how = exchange.exchangeable(codes_of(x))
    assert how.window == slice(0, 51) and not how.rotates
    assert how.notes == ("positions 1 to 51 are known in all sequences, and the null is of these",)
    a = x * RNG(1).random(x.shape[:2])[..., None]
    cropped = exchanged_null(x[:, :51], a[:, :51], KS)
    for got, want in zip(exchanged_null(x, a, KS), cropped):
        np.testing.assert_allclose(got, want, rtol=1e-12)
    assert exchange.exchangeable(codes_of(padded([60, 70]))).window == slice(0, 60)  # of two, too


def test_where_little_is_known_to_all_tracks_are_rotated():
    x = padded(range(21, 80, 2))
    how = exchange.exchangeable(codes_of(x))
    assert how.rotates and how.notes[0].endswith("p is approximate")
    moves = exchange.draw(how, 5, 0)
    assert (moves.sources == np.arange(len(x))[:, None]).all()
    assert (moves.shifts[:, 1:] >= 8).all() and (moves.stretches[:, 1] == range(21, 80, 2)).all()


def test_windows_that_overlap_move_together():
    x, _ = noise_pair(5, n=6)
    pairs = [("chr1", 0, 60), ("chr1", 30, 90), ("chr1", 500, 560), ("chr1", 530, 590)]
    how = exchange.exchangeable(codes_of(x), [*pairs, ("chr2", 30, 90), ("chr3", 30, 90)])
    assert [unit.tolist() for unit in how.units] == [[0, 1], [2, 3], [4], [5]] and not how.notes
    sources = exchange.draw(how, 50, 0).sources
    assert {tuple(column[:2]) for column in sources.T} == {(0, 1), (2, 3)}
    odd = [("chr1", 0, 60), ("chr1", 30, 90), ("chr1", 500, 560), ("chr1", 510, 570)]
    how = exchange.exchangeable(codes_of(x), [*odd, ("chr2", 30, 90), ("chr3", 30, 90)])
    assert len(how.units) == 6 and how.notes[0].endswith("p is approximate")
    with pytest.raises(ValueError, match="intervals: got 4, expected one for each of 6"):
        exchange.exchangeable(codes_of(x), odd)


def test_the_same_draws_for_all_maps():
    x, a = noise_pair(6)
    _, b = noise_pair(7)
    one, two = (exchanged_null(x, m, KS, weights=WEIGHTS) for m in (a, 3 * a))
    np.testing.assert_allclose(two.null, one.null, rtol=1e-12)
    assert exchanged_null(x, b, KS, weights=WEIGHTS).p_value > 0.05


def test_the_p_value_of_a_family():
    def test_of(observed, null):
        return NullTest(np.array(observed), np.array(null), np.array(0.0), np.array(0.0))

    ramp = np.arange(99) / 99
    one = test_of(0.9, ramp)
    assert family_wise([one])[0] == pytest.approx((1 + (ramp >= 0.9).sum()) / 100)
    strong, flat = test_of(20.0, ramp), test_of(1.0, np.ones(99))
    together = family_wise([strong, one, flat])
    assert together[0] == 0.01 and together[2] == 1
    assert together[1] >= family_wise([one])[0]
    other = test_of(0.9, RNG(0).permutation(ramp))
    assert (family_wise([one, other]) > family_wise([one])).all()


def test_the_interval_of_the_excess():
    x, a, _ = planted_pair(n=100, length=40)
    own = dict(weights=WEIGHTS, seed=3)
    null = exchanged_null(x, a, KS, **own)
    found = excess_interval(x, a, KS, null=null, **own)
    assert found.estimate == null.excess and found.low < null.excess < found.high
    assert len(found.replicates) == 10
    assert excess_interval(x, a, KS, **own).estimate == pytest.approx(null.excess, rel=0.05)
    with pytest.raises(ValueError, match="one distinct sequence"):
        excess_interval(np.repeat(x[:1], 5, 0), np.repeat(a[:1], 5, 0), KS)


@pytest.mark.slow
def test_the_interval_covers_the_excess_at_this_number_of_sequences():
    runs = [
        excess_interval(*planted_pair(seed=seed, n=200, length=40)[:2], KS, seed=seed)
        for seed in range(150)
    ]
    truth = np.mean([run.estimate for run in runs], axis=0)
    covered = np.mean([(run.low <= truth) & (truth <= run.high) for run in runs], axis=0)
    assert (covered > 0.89).all() and (covered < 1).all()
    spread = np.std([run.estimate for run in runs], axis=0)
    np.testing.assert_allclose(np.mean([run.se for run in runs], axis=0), spread, rtol=0.25)


def test_sequences_padded_in_many_ways_are_pointed_out():
    x = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (60, 40))]
    alike, many = np.zeros((60, 60, 4), np.float32), np.zeros((60, 60, 4), np.float32)
    for i in range(60):
        alike[i, 7:47], many[i, i // 3 : i // 3 + 40] = x[i], x[i]
    assert not exchange.exchangeable(codes_of(alike)).notes
    (note,) = exchange.exchangeable(codes_of(many)).notes
    assert "lower than it were if all were padded alike" in note


def test_rotations_move_every_score_by_8_positions_or_more():
    """Where there is room for it, which 16 positions just have; else by any number, 0 too."""
    stretches = np.array([[0, 16], [3, 22], [0, 15], [5, 6], [0, 0]])
    found = exchange.offsets(stretches, 2000, np.random.default_rng(0))
    want = [{8}, set(range(8, 12)), set(range(15)), {0}, {0}]
    assert [set(row.tolist()) for row in found] == want


def test_windows_that_touch_do_not_overlap():
    windows = [("chr1", 0, 10), ("chr1", 10, 20), ("chr2", 10, 20), ("chr1", 19, 29)]
    assert [unit.tolist() for unit in exchange.overlapping(windows)] == [[0], [1, 3], [2]]


def test_a_sequence_with_an_unknown_base_is_its_reverse_complement():
    codes = encode_codes(["NACGNTTAN", "NTAANCGTN", "NACGNTTTN"]).astype(np.int8)
    first, member, turned = exchange.distinct(codes)
    assert first.tolist() == [0, 2] and member.tolist() == [0, 0, 1]
    assert turned.tolist() == [False, True, False]


def test_several_maps_of_copies_are_taken_together_each_by_itself():
    x, a = random_pair(0, n=5, length=20)
    x[3] = x[1]
    two = np.abs(random_pair(1, n=5, length=20)[1])
    two[[0]] = 0
    scored = maps.tracks(x, [a, two], maps.Options())
    how = exchange.exchangeable(scored.codes)
    both = exchange.collapse(scored, how)
    assert both.shares.shape == (8, 20) and both.n_all_zero.tolist() == [0, 1]
    for own, given in zip((both.shares[:4], both.shares[4:]), (a, two)):
        alone = exchange.collapse(maps.tracks(x, [given], maps.Options()), how)
        np.testing.assert_allclose(own, alone.shares)


@pytest.mark.parametrize("rotates", [False, True])
def test_draws_need_sixteen_bytes_a_sequence(monkeypatch, rotates):
    how = exchange.exchangeable(encode_codes(["ACGTACGTACGTACGTAC", "TTTTACGTACGGACGTAC"]))
    how = how._replace(rotates=rotates)
    monkeypatch.setattr(exchange, "afford", (asked := []).append)
    exchange.draw(how, 4, 0)
    assert asked == [2 * 16 * 5] * (1 + rotates)


@pytest.mark.parametrize("null", [exchanged_null, rotated_null])
def test_the_seed_is_0_unless_said_otherwise(null):
    x, a = random_pair(0, n=12, length=30)
    drawn, same, other = (null(x, a, [2], **seed).null for seed in ({}, {"seed": 0}, {"seed": 1}))
    np.testing.assert_array_equal(drawn, same)
    assert (drawn != other).any()


def test_sixteen_positions_are_just_enough_to_rotate():
    x, a = random_pair(0, n=12, length=16)
    assert rotated_null(x, a, [2]).null.shape == (99, 1)


def test_the_shortest_sequence_has_to_have_room_to_rotate():
    x, a = random_pair(0, n=12, length=30)
    x[0] = 0  # of which nothing is known, and nothing rotates
    assert rotated_null(x, a, [2]).null.shape == (99, 1)
    x[1, :4] = x[1, 19:] = 0
    with pytest.raises(ValueError, match="x: got sequences of 15 positions"):
        rotated_null(x, a, [2])


def test_the_family_wise_p_is_that_of_standardised_scores():
    """Two models on scales and at heights that differ, by the definition, draw by draw."""
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(2, 100)) * [[1], [30]] + [[5], [-200]]
    scores[0, 0], scores[1, 0] = scores[0].max(), np.sort(scores[1])[-8]
    tests = [NullTest(s[0], s[1:], 0, 0) for s in scores]
    standard = [[(v - s.mean()) / s.std() for v in s] for s in scores]
    highest = [max(two) for two in zip(*(s[1:] for s in standard))]
    want = [(1 + sum(h >= s[0] for h in highest)) / 100 for s in standard]
    assert family_wise(tests).tolist() == want and want[0] < 0.1 < want[1]
    flat = NullTest(np.float64(0.1), np.full(99, 0.1), 0, 0)
    assert family_wise([tests[0], flat])[1] == 1


def test_tracks_stay_whole_where_eight_of_ten_sequences_can_move():
    lengths = [80] * 8 + [60, 70]
    how = exchange.exchangeable(codes_of(padded(lengths)))
    assert how.window == slice(0, 80) and not how.rotates
    how = exchange.exchangeable(codes_of(padded([*lengths[1:], 75])))  # seven of ten
    assert how.window == slice(0, 60) and not how.rotates
    # Two pairs of one layout and four alone can move, a pair of its own cannot.
    x, _ = noise_pair(0, n=10)
    starts = [(0, 30), (500, 530), (1000, 1010)]
    pairs = [("chr1", s, s + 60) for two in starts for s in two]
    alone = [(f"chr{i}", 0, 60) for i in range(2, 6)]
    how = exchange.exchangeable(codes_of(x), [*pairs, *alone])
    assert len(how.units) == 7 and not how.notes
    how = exchange.exchangeable(codes_of(x[:9]), [*pairs, *alone[:3]])  # seven of nine
    assert len(how.units) == 9 and "move one by one" in how.notes[0]


def test_of_two_windows_known_to_all_the_longer_is_used():
    x = padded(range(71, 101), width=100)
    x[:, 55:60] = 0
    assert exchange.exchangeable(codes_of(x)).window == slice(0, 55)
    x = padded(range(71, 101), width=100)
    x[:, 5:12] = 0
    assert exchange.exchangeable(codes_of(x)).window == slice(12, 71)


def test_where_nothing_is_known_to_all_there_is_no_window():
    assert exchange._longest_run(np.zeros(5, bool)) == slice(0, 0)
    assert exchange._longest_run(np.array([1, 1, 0, 1, 1], bool)) == slice(0, 2)
