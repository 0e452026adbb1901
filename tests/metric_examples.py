"""Inputs for the metric tests: random, adversarial, with planted motifs."""

import numpy as np


def random_pair(seed=0, n=6, length=30, unknown=0.0, dtype=np.float64, bases=4):
    """Random sequences and maps; ``unknown`` is the share of N; ``bases`` limits the alphabet."""
    rng = np.random.default_rng(seed)
    x = np.eye(4)[rng.integers(0, bases, (n, length))]
    x[rng.random((n, length)) < unknown] = 0
    return x.astype(dtype), rng.normal(size=x.shape).astype(dtype)


def planted_pair(seed=0, n=200, length=100, motif=(0, 1, 2, 3, 0, 0, 1), sharpness=1.0):
    """A motif in every sequence, and maps that point at it with some strength plus noise."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (n, length))
    start = rng.integers(0, length - len(motif), n)
    mask = np.zeros((n, length), dtype=bool)
    for i, s in enumerate(start):
        codes[i, s : s + len(motif)] = motif
        mask[i, s : s + len(motif)] = True
    x = np.eye(4)[codes]
    strength = sharpness * mask + 0.2 * np.abs(rng.normal(size=mask.shape))
    return x, x * strength[..., None], mask


ADVERSARIAL = {
    "one sequence": dict(n=1, length=9),
    "as long as k": dict(n=4, length=5),
    "single base": dict(n=5, length=20, bases=1),
    "two bases": dict(n=5, length=40, bases=2),
    "many unknown": dict(n=8, length=40, unknown=0.15),
    "few unknown": dict(n=8, length=40, unknown=0.01),
}


def model_table(m=120, noise=(0.0, 0.5, 50.0), seed=0):
    """KLDs (m, noise levels) that follow log SNR, and SNR (m,), of models."""
    rng = np.random.default_rng(seed)
    log_snr = rng.normal(size=m)
    klds = np.column_stack([0.2 + 0.1 * (log_snr + s * rng.normal(size=m)) for s in noise])
    return klds, np.exp(log_snr)
