"""The final score and the original metric under every choice that they leave open."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from attribution_consistency import consistency, constant_floor, kmer_klds, thresholded_kld
from attribution_consistency.divergence import distributions, excess_klds, kl
from attribution_consistency.maps import READINGS

from ..tables import rivals
from .controls_scores import READING, Task

if TYPE_CHECKING:
    import pandas as pd

# The choice that the book makes, of each family of choices; the others are varied.
DEFAULTS = {
    "metric": "final score",
    "reading": "frequency",
    "gradient correction": "yes",
    "position score": "|gradient x input|",
    "prior": "own k-mers",
    "direction": "KL(q || p)",
    "floor": "kept",
    "strands": "apart",
    "lengths": "length weights",
    "sequence length": "whole",
    "attribution method": "saliency",
    "original: position score": "l2",
    "original: correction": "yes",
}


def choices(task: Task, real: dict[str, np.ndarray]) -> pd.DataFrame:
    """The score of each network under every variant: family, variant, id, value, snr."""
    import pandas as pd

    rows = []
    for name, a in real.items():
        snr = task.snr(a)
        rows += [
            {"family": family, "variant": variant, "id": name, "value": value, "snr": snr}
            for (family, variant), value in variants(task, a).items()
        ]
    return pd.DataFrame(rows)


def variants(task: Task, a: np.ndarray) -> dict[tuple[str, str], float]:
    """One map (N, L, 4) under every choice, {(family, variant): score}.

    The variants of the final score are joined over the lengths by the weights of its reading.
    """
    x, ks, weights = task.x, task.ks, task.weights
    score = functools.partial(kmer_klds, x, a, ks)
    base, sums, others = score(), task.sums(a), rivals(x, a)
    pairs = {k: distributions(sums.counts[k], sums.weights[k][0], k, READING) for k in ks}
    changed = {
        ("gradient correction", "no"): score(correct=False),
        ("position score", "l2"): score(score="l2"),
        ("direction", "KL(p || q)"): score(reverse=True),
        ("direction", "Jensen-Shannon"): np.array([jensen_shannon(*pairs[k]) for k in ks]),
        ("floor", "subtracted"): base - constant_floor(x, ks),
        ("floor", "KL(q || q of a constant map)"): excess_klds(x, a, ks),
        ("strands", "together"): kmer_klds(
            *(np.concatenate([v, v[:, ::-1, ::-1]]) for v in (x, a)), ks
        ),
        ("prior", "uniform"): score(prior={k: np.ones(4**k) for k in ks}),
        ("prior", "single bases"): score(prior=zeroth_order(x, ks)),
    }
    length = x.shape[1]
    for part in (length // 2, 3 * length // 4):
        middle = slice((length - part) // 2, (length - part) // 2 + part)
        changed["sequence length", f"middle {part} nt"] = kmer_klds(x[:, middle], a[:, middle], ks)
    values = {
        ("metric", "original"): others["kld_original"],
        ("metric", "geometric"): others["kld_geometric"],
        ("metric", "Gini"): others["gini"],
        ("lengths", "equal weights"): base.mean(),
    }
    values |= {("lengths", f"k = {k}"): kld for k, kld in zip(ks, base)}
    values |= {key: consistency(klds, weights[READING]) for key, klds in changed.items()}
    for reading in READINGS[1:]:
        values["reading", reading] = consistency(score(reading=reading), weights[reading])
    values |= original_variants(x, a)
    usual = {False: consistency(base, weights[READING]), True: values["metric", "original"]}
    for family, variant in DEFAULTS.items():
        if family != "attribution method":
            values[family, variant] = usual[family.startswith("original")]
    return values


def original_variants(x: np.ndarray, a: np.ndarray) -> dict[tuple[str, str], float]:
    """One map (N, L, 4) under every choice of the original metric, {(family, variant): score}."""
    original = functools.partial(thresholded_kld, x, a)
    return {
        ("original: position score", "|gradient x input|"): original(score="abs_input"),
        ("original: correction", "no"): original(correct=False),
    }


def zeroth_order(x: np.ndarray, ks: Sequence[int]) -> dict[int, np.ndarray]:
    """k-mer frequencies that the frequencies of single bases alone would give, {k: (4**k,)}."""
    base = x.sum(axis=(0, 1)) / x.sum()
    return {k: functools.reduce(np.multiply.outer, [base] * k).ravel() for k in ks}


def jensen_shannon(q: np.ndarray, p: np.ndarray) -> float:
    """Mean divergence of two distributions (M,) from their mean, nats: symmetric, at most log 2."""
    middle = (q + p) / 2
    return (kl(q, middle) + kl(p, middle)) / 2
