"""Project B: the score on sequences, motifs and models of your own.

    python book/projects/own_sequences.py results/own_sequences

Simulates a task with two motifs, fits two models without any network, and writes their maps
into the folder for `attribution-consistency score`.  Put your own sequences, motifs, models or
maps in place of these.
"""

import sys
from pathlib import Path

import numpy as np

from attribution_consistency import signal_to_noise
from attribution_consistency.motifs import all_motifs
from attribution_consistency.sequences import codes_to_one_hot
from compendium.performance import auroc
from compendium.zoo.methods import in_silico_mutagenesis

LENGTH, K = 100, 6
MOTIFS = "CTCF", "SPI1"  # a positive sequence holds both, a negative one neither
PENALTIES = {"weak": 1, "strong": 1000}  # of the two models


def simulated(rng, n):
    """Codes (n, L), labels (n,), and where the motifs are (n, L)."""
    codes, label = rng.integers(4, size=(n, LENGTH)), np.arange(n) % 2 == 0
    planted = np.zeros(codes.shape, bool)
    tables = [next(m.ppm for m in all_motifs() if m.name == name) for name in MOTIFS]
    for row in np.flatnonzero(label):
        for half, table in enumerate(tables):
            room = LENGTH // 2 - len(table)
            start = half * LENGTH // 2 + rng.integers(room + 1)
            stop = start + len(table)
            codes[row, start:stop] = [rng.choice(4, p=p) for p in table / table.sum(1)[:, None]]
            planted[row, start:stop] = True
    return codes, label, planted


def counts(x):
    """How often each k-mer occurs in each sequence (n, 4**k), from one-hot (n, L, 4)."""
    windows = np.lib.stride_tricks.sliding_window_view(x.argmax(axis=2), K, axis=1)
    index = windows @ 4 ** np.arange(K)[::-1] + 4**K * np.arange(len(x))[:, None]
    return np.bincount(index.ravel(), minlength=len(x) * 4**K).reshape(len(x), -1).astype(float)


def fitted(x, label, penalty):
    """A ridge regression on counts of k-mers, as a function from sequences to predictions."""
    table, target = counts(x), np.where(label, 1.0, -1.0)
    # As many unknowns as sequences, which are fewer than k-mers.
    weights = table.T @ np.linalg.solve(table @ table.T + penalty * np.eye(len(x)), target)
    return lambda x: counts(x) @ weights


def main(folder):
    rng = np.random.default_rng(0)
    (train, label, _), (test, answer, planted) = (simulated(rng, n) for n in (1000, 400))
    x, rows = codes_to_one_hot(test), np.flatnonzero(answer)[:100]
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "sequences.npz", x=x[rows])
    for name, penalty in PENALTIES.items():
        predict = fitted(codes_to_one_hot(train), label, penalty)
        maps = in_silico_mutagenesis(predict, x[rows])
        np.savez(folder / f"{name}.npz", a=maps.astype(np.float32))
        snr = np.nanmean(signal_to_noise(x[rows], maps, planted[rows]))
        print(f"{name:8}AUROC {auroc(answer, predict(x)):.3f}   SNR {snr:.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
