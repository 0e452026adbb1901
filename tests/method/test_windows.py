"""Sums over windows: the same in parts of sequences and of tracks."""

import warnings

import numpy as np
import pytest
from metric_examples import random_pair

from attribution_consistency import kmers, maps, windows


@pytest.mark.parametrize("per_sequence", [False, True])
def test_rows_of_the_k_mers_that_are_there_hold_the_same_sums(per_sequence):
    x, a = random_pair(0, n=6, length=25, unknown=0.05)
    x[0, :6] = np.eye(4)[3]  # the last k-mer of each length is there
    scored = maps.tracks(x, [a, None], maps.Options())
    moves = kmers.stay(6, 25, 2)
    given = (scored.codes, scored.shares, moves)
    every, present = (
        kmers.sum_windows(*given, rows([2, 4]), per_sequence=per_sequence)
        for rows in (kmers.all_kmers, lambda *a: kmers.present_kmers(scored.codes, *a))
    )
    assert present[1][4].shape < every[1][4].shape
    for k in (2, 4):
        there = every[0][k] > 0
        np.testing.assert_array_equal(present[0][k], every[0][k][there])
        np.testing.assert_array_equal(present[1][k], every[1][k][:, there])


def test_many_tracks_are_summed_in_parts(monkeypatch):
    x, a = random_pair(1, n=6, length=25)
    several = [a, np.roll(a, 1, axis=1), a**2, None, a[::-1]]
    scored = maps.tracks(x, several, maps.Options())
    given = (scored.codes, scored.shares, kmers.stay(6, 25, 5), kmers.all_kmers([3]))
    whole = kmers.sum_windows(*given)[1][3]
    for track, one in zip(whole, several):
        alone = maps.tracks(x, [one], maps.Options()).shares
        own = kmers.sum_windows(scored.codes, alone, kmers.stay(6, 25), kmers.all_kmers([3]))
        np.testing.assert_array_equal(own[1][3][0], track)
    monkeypatch.setattr(kmers, "TRACKS_AT_ONCE", 2)
    np.testing.assert_array_equal(kmers.sum_windows(*given)[1][3], whole)


@pytest.mark.parametrize("per_sequence", [False, True])
@pytest.mark.parametrize("at_once", [50, 10])  # two sequences; less than one
def test_many_sequences_are_summed_in_parts(monkeypatch, per_sequence, at_once):
    """Rotated and exchanged tracks, each of the sequence it goes to, whatever part that is in."""
    x, a = random_pair(2, n=7, length=25, unknown=0.05)
    scored = maps.tracks(x, [a], maps.Options())
    rng = np.random.default_rng(0)
    sources = np.stack([rng.permutation(7) for _ in range(3)], axis=1)
    stretches = np.tile([2, 24], (7, 1))
    moves = kmers.Moves(sources, rng.integers(0, 22, (7, 3)), stretches)
    given = (scored.codes, scored.shares, moves, kmers.all_kmers([2, 3]))
    whole = kmers.sum_windows(*given, per_sequence=per_sequence)
    monkeypatch.setattr(kmers, "WINDOWS_AT_ONCE", at_once)
    parts = kmers.sum_windows(*given, per_sequence=per_sequence)
    for k in (2, 3):
        np.testing.assert_array_equal(parts[0][k], whole[0][k])
        np.testing.assert_allclose(parts[1][k], whole[1][k], rtol=1e-13)


@pytest.mark.parametrize("moves", [False, True])
def test_a_track_is_moved_round_its_stretch_and_0_outside(moves):
    rng = np.random.default_rng(0)
    scores = rng.random((9, 4))
    stretches = np.array([[0, 9], [2, 7], [3, 9], [5, 6], [0, 0]])
    lengths = np.maximum(stretches[:, 1] - stretches[:, 0], 1)
    sources, shifts = rng.integers(0, 4, (5, 3)), rng.integers(0, lengths, (3, 5)).T * moves
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = windows.placed(scores, sources, shifts, stretches)
    want = np.zeros((9, 5, 3))
    for n, (first, end) in enumerate(stretches):
        for t in range(3):
            for i in range(end - first):  # to the right, and in again on the left
                at = first + (i + shifts[n, t]) % (end - first)
                want[at, n, t] = scores[first + i, sources[n, t]]
    np.testing.assert_array_equal(found, want)
