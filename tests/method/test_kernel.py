"""The compiled kernel: cached between runs, and without any folder for the cache."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from metric_examples import random_pair

from attribution_consistency import kernel, kmers, maps

PROGRAM = """
import numpy as np
from attribution_consistency import kmer_klds
x = np.eye(4)[np.random.default_rng(0).integers(0, 4, (5, 20))]
kmer_klds(x, x + 1, [3])
from attribution_consistency.kernel import add_windows
print(sum(add_windows.stats.cache_hits.values()), sum(add_windows.stats.cache_misses.values()))
"""


def test_what_was_compiled_is_read_by_the_next_process(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", PROGRAM]
    found = [
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    ]
    assert [line.split() for line in found] == [["0", "1"], ["1", "0"]]


def test_no_folder_can_be_written(monkeypatch):
    compile_it = numba.njit

    def njit(**options):
        def decorate(function):
            if options.get("cache"):
                raise RuntimeError("cannot cache function: no locator available")
            return compile_it(**options)(function)

        return decorate

    with monkeypatch.context() as patched:
        patched.setattr(numba, "njit", njit)
        plus_one = kernel.compiled(lambda number: number + 1)
    assert plus_one(2) == 3


@pytest.mark.parametrize("per_sequence", [False, True])
def test_rows_of_the_k_mers_that_are_there_hold_the_same_sums(per_sequence):
    x, a = random_pair(0, n=6, length=25, unknown=0.05)
    scored = maps.tracks(x, [a, None], maps.Options())
    moves = kmers.stay(6, 25, 2)
    given = (scored.codes, scored.shares, moves)
    every, present = (
        kmers.sum_windows(*given, rows([2, 4]), per_sequence=per_sequence)
        for rows in (kmers.all_kmers, lambda *a: kmers.present_kmers(scored.codes, *a))
    )
    for k in (2, 4):
        there = every[0][k] > 0
        np.testing.assert_array_equal(present[0][k], every[0][k][there])
        np.testing.assert_array_equal(present[1][k], every[1][k][:, there])


def test_many_tracks_are_summed_in_parts(monkeypatch):
    x, a = random_pair(1, n=6, length=25)
    scored = maps.tracks(x, [a] * 5, maps.Options())
    given = (scored.codes, scored.shares, kmers.stay(6, 25, 5), kmers.all_kmers([3]))
    whole = kmers.sum_windows(*given)[1][3]
    monkeypatch.setattr(kmers, "TRACKS_AT_ONCE", 2)
    np.testing.assert_array_equal(kmers.sum_windows(*given)[1][3], whole)
