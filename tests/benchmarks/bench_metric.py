"""What the metric costs, as ratios of one run: python tests/benchmarks/bench_metric.py [--large]

The yardstick is np.sum(X) + np.sum(A), one pass over the input. Times are the smallest CPU time
of several repeats, so that other work on the machine hardly matters; memory is the peak beyond
the input, as tracemalloc sees NumPy's arrays.
"""

import argparse
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "method"))
import reference

from attribution_consistency import (
    excess_interval,
    exchanged_null,
    jackknife,
    kmer_klds,
    score,
    thresholded_kld,
)

KS = range(3, 9)
REPEATS = 5


def example(n: int, length: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    x = np.eye(4, dtype=np.float32)[rng.integers(0, 4, (n, length))]
    return x, rng.normal(size=x.shape).astype(np.float32)


def fastest(functions: dict, seconds: float) -> dict:
    """Smallest CPU time of each function, called in turn until the time is up."""
    best = dict.fromkeys(functions, np.inf)
    end, rounds = time.monotonic() + seconds, 0
    while True:
        for name, function in functions.items():
            start = time.thread_time()
            function()
            best[name] = min(best[name], time.thread_time() - start)
        rounds += 1
        if time.monotonic() > end and rounds >= REPEATS:
            return best


def peak_mb(function) -> float:
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def one_size(n: int, length: int, seconds: float) -> None:
    x, a = example(n, length)
    best = fastest(
        {
            "np.sum(X) + np.sum(A)": lambda: np.sum(x) + np.sum(a),
            "kmer_klds, k = 3-8": lambda: kmer_klds(x, a),
            "jackknife, 20 blocks": lambda: jackknife(x, a),
            "jackknife of a difference": lambda: jackknife(x, a, other=a[::-1]),
            "reading per_sequence": lambda: kmer_klds(x, a, reading="per_sequence"),
            "thresholded_kld": lambda: thresholded_kld(x, a),
        },
        seconds,
    )
    base, one = best["np.sum(X) + np.sum(A)"], best["kmer_klds, k = 3-8"]
    print(f"\n{n} sequences x {length} nt: times np.sum(X) + np.sum(A) | times kmer_klds")
    for name, value in best.items():
        print(f"  {name:28s} {value / base:8.1f} {value / one:8.2f}")
    print(f"  extra memory of kmer_klds    {peak_mb(lambda: kmer_klds(x, a)):8.1f} MB")


def nulls(n: int, length: int) -> None:
    """Wall time on all cores of what draws, over one pass over the input on one core."""
    x, a = example(n, length)
    exchanged_null(x[:9], a[:9])  # compiled, or read from the cache
    found = {}
    for name, function in {
        "np.sum(X) + np.sum(A)": lambda: np.sum(x) + np.sum(a),
        "exchanged_null, 99 draws": lambda: exchanged_null(x, a),
        "excess_interval": lambda: excess_interval(x, a),
    }.items():
        times = []
        for _ in range(3):
            start = time.perf_counter()
            function()
            times.append(time.perf_counter() - start)
        found[name] = min(times)
    base = found["np.sum(X) + np.sum(A)"]
    print(f"\n{n} sequences x {length} nt: wall time over np.sum(X) + np.sum(A)")
    for name, value in found.items():
        print(f"  {name:28s} {value / base:8.1f}")
    print(f"  extra memory of the null     {peak_mb(lambda: exchanged_null(x, a)):8.1f} MB")


def against_python(n: int, length: int) -> None:
    x, a = example(n, length)
    start = time.thread_time()
    for k in KS:
        reference.kmer_kld(x, a, k)
    slow = time.thread_time() - start
    fast = fastest({"": lambda: kmer_klds(x, a)}, 1)[""]
    print(f"\nplain Python at {n} x {length}: {slow / fast:.0f} times kmer_klds")


def growth(seconds: float) -> None:
    sizes = {f"N = {n}": (n, 200) for n in (1000, 2000, 4000, 8000)}
    sizes |= {f"L = {length}": (1000, length) for length in (200, 400, 800, 1600)}
    inputs = {name: example(*size) for name, size in sizes.items()}
    best = fastest(
        {name: lambda pair=pair: kmer_klds(*pair) for name, pair in inputs.items()}, seconds
    )
    unit = best["N = 1000"] / (1000 * 200)
    print("\ntime per position, over that of 1000 x 200 (linear: at most about 1)")
    for name, (n, length) in sizes.items():
        print(f"  {name:10s} {best[name] / (n * length) / unit:6.2f}")
    x, a = inputs["N = 2000"]
    best = fastest({k: lambda k=k: kmer_klds(x, a, [k]) for k in (1, 3, 6, 8, 10)}, seconds)
    memory = {k: peak_mb(lambda k=k: kmer_klds(x, a, [k])) for k in best}
    print("one k at 2000 x 200: time over that of k = 1, extra memory")
    for k in best:
        print(f"  k = {k:2d}    {best[k] / best[1]:6.2f} {memory[k]:6.1f} MB")


def models() -> None:
    """Models are scored one after another: time grows with their number, memory does not."""
    with tempfile.TemporaryDirectory() as folder:
        x, _ = example(500, 200)
        np.savez_compressed(f"{folder}/x.npz", x=x)
        paths = [f"{folder}/model_{i}.npy" for i in range(8)]
        for seed, path in enumerate(paths):
            np.save(path, example(500, 200, seed)[1])
        found = {}
        for count in (1, 1, 2, 4, 8):  # the first pays for imports
            start = time.thread_time()

            def run(count=count):
                score.score_files(f"{folder}/x.npz", paths[:count])

            memory = peak_mb(run)
            found[count] = time.thread_time() - start, memory
    print("score, models of 500 x 200: time over that of one, peak memory")
    for count, (spent, memory) in found.items():
        print(f"  {count} model{'s' * (count > 1):1s}  {spent / found[1][0]:6.2f} {memory:6.1f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true", help="also 5,000 x 2,048 (1 GB)")
    parser.add_argument("--seconds", type=float, default=8, help="time for each table")
    options = parser.parse_args()
    one_size(2000, 200, options.seconds)
    if options.large:
        one_size(5000, 2048, options.seconds)
    nulls(1000, 2114)
    against_python(2000, 200)
    growth(options.seconds)
    models()
