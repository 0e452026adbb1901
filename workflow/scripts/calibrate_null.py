"""Does the p-value keep its promise?  python workflow/scripts/calibrate_null.py [data sets]

Draws data sets whose maps know nothing of the sequences, of many kinds, and counts how often the
exchanged and the rotated null call them significant: data/stored/null_calibration.csv. Seeds are
fixed; 400 data sets a kind by default.
"""

import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from attribution_consistency import exchanged_null, rotated_null
from compendium.chapters.attribution_weighting import follow_position, planted
from compendium.paths import stored, write_csv

KS = range(3, 9)
WEIGHTS = np.full(6, 1 / 6)
N, LENGTH = 100, 200
LEVEL = 0.05
Pair = tuple[np.ndarray, np.ndarray]


def sequences(rng: np.random.Generator, n: int = N, length: int = LENGTH) -> np.ndarray:
    """Random one-hot sequences (n, length, 4)."""
    return np.eye(4, dtype=np.float32)[rng.integers(0, 4, (n, length))]


def gamma(rng: np.random.Generator, n: int = N, length: int = LENGTH) -> np.ndarray:
    """Spiky scores (n, length)."""
    return rng.gamma(0.3, size=(n, length))


def pair(x: np.ndarray, tracks: np.ndarray) -> Pair:
    """Sequences and maps whose position scores are `tracks`."""
    return x, x * tracks[..., None]


def spiky(rng: np.random.Generator, n: int = N, length: int = LENGTH) -> Pair:
    """Spiky scores on random sequences of some number and length."""
    return pair(sequences(rng, n, length), gamma(rng, n, length))


def sparse(rng: np.random.Generator) -> Pair:
    """Three positions of each sequence carry everything."""
    tracks = np.zeros((N, LENGTH))
    np.put_along_axis(tracks, rng.random((N, LENGTH)).argsort(axis=1)[:, :3], 1, axis=1)
    return pair(sequences(rng), tracks)


def centred(rng: np.random.Generator) -> Pair:
    """Peaks with a word near their summits, and scores that follow the distance from it only."""
    return pair(planted(rng, 10)[0], follow_position(rng))


def autocorrelated(rng: np.random.Generator) -> Pair:
    """Scores that change slowly along a sequence."""
    tracks = np.apply_along_axis(np.convolve, 1, gamma(rng, N, LENGTH + 14), np.ones(15), "valid")
    return pair(sequences(rng), tracks)


def padded(rng: np.random.Generator, lengths: np.ndarray) -> Pair:
    """Spiky scores on sequences of the lengths, filled up with unknown bases at the right."""
    x, a = spiky(rng, len(lengths))
    x[np.arange(LENGTH) >= lengths[:, None]] = 0
    return x, a


def zeros(rng: np.random.Generator) -> Pair:
    """Three in ten tracks are 0 everywhere."""
    tracks = gamma(rng)
    tracks[rng.random(N) < 0.3] = 0
    return pair(sequences(rng), tracks)


def copies(rng: np.random.Generator) -> Pair:
    """Thirty sequences and tracks, each ten times."""
    x, a = spiky(rng, 30)
    return np.tile(x, (10, 1, 1)), np.tile(a, (10, 1, 1))


CASES: dict[str, Callable[[np.random.Generator], Pair]] = {
    "flat": lambda rng: pair(sequences(rng), 1 + rng.random((N, LENGTH))),
    "spiky": spiky,
    "sparse": sparse,
    "centred on peaks": centred,
    "autocorrelated": autocorrelated,
    "12 nt": lambda rng: spiky(rng, length=12),
    "16 nt": lambda rng: spiky(rng, length=16),
    "20 nt": lambda rng: spiky(rng, length=20),
    "40 nt": lambda rng: spiky(rng, length=40),
    "20 sequences": lambda rng: spiky(rng, 20),
    "1,000 sequences": lambda rng: spiky(rng, 1000),
    "any lengths, padded": lambda rng: padded(rng, rng.integers(100, LENGTH + 1, N)),
    "five lengths, padded": lambda rng: padded(rng, rng.choice([40, 80, 120, 160, 200], N)),
    "three tracks in ten 0": zeros,
    "copies × 10": copies,
    "constant": lambda rng: pair(sequences(rng), np.ones((N, LENGTH))),
    "one-hot": lambda rng: (x := sequences(rng), x),
}


def p_values(x: np.ndarray, a: np.ndarray, seed: int, correct: bool) -> list[float]:
    """P-values of the exchanged and of the rotated null; NaN where it cannot be."""
    found = []
    for null in (exchanged_null, rotated_null):
        try:
            test = null(x, a, KS, weights=WEIGHTS, seed=seed, correct=correct)
            found.append(float(test.p_value))
        except ValueError:  # too short to rotate
            found.append(np.nan)
    return found


def of_noise(job: tuple[str, int]) -> list[float]:
    """P-values of one data set of a case."""
    name, seed = job
    x, a = CASES[name](np.random.default_rng([zlib.crc32(name.encode()), seed]))
    return p_values(x, a, seed, correct=name == "one-hot")


def calibration(pool: ProcessPoolExecutor, times: int) -> pd.DataFrame:
    """Share of data sets of each kind with p <= 0.05, with its 99.6 % interval."""
    rows: list[dict[str, Any]] = []
    for name in CASES:
        p = np.array(list(pool.map(of_noise, [(name, seed) for seed in range(times)])))
        row: dict[str, Any] = {"maps": name, "n": times}
        for null, values in zip(("exchanged", "rotated"), p.T):
            hits = int((values <= LEVEL).sum())
            low, high = binomtest(hits, times).proportion_ci(0.996, method="exact")
            one = bool((values == 1).all())
            part = {"": hits / times, "_low": low, "_high": high, "_always_1": one}
            short = np.isnan(values).any()
            row |= {f"{null}{end}": None if short else v for end, v in part.items()}
        rows.append(row)
        print(pd.Series(row).to_frame().T.to_string(header=len(rows) == 1), flush=True)
    return pd.DataFrame(rows)


def main(arguments: list[str]) -> int:
    """Compute the table and store it."""
    times = int(arguments[0]) if arguments else 400
    with ProcessPoolExecutor(2) as pool:
        write_csv(stored() / "null_calibration.csv", calibration(pool, times))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
