"""Synthetic sequences whose regulatory grammar is known.

The task follows Koo and Ploenzke (2021, Nature Machine Intelligence 3, 258) as used by
Majdandzic et al. (2022): a positive sequence holds three to seven motifs of a *core* set,
a negative one as many motifs of a larger *background* set that includes the core motifs.
Because every motif is planted, the truth about each position is kept beside the bases.
"""

from typing import NamedTuple

import numpy as np

from .motifs import information, load_motifs

MOTIFS_PER_SEQUENCE = {3: 0.50, 4: 0.25, 5: 0.17, 6: 0.05, 7: 0.03}
MOST_MOTIFS = max(MOTIFS_PER_SEQUENCE)
INFORMATIVE_BITS = 0.1
SPLIT_FRACTIONS = (0.7, 0.1, 0.2)


class SyntheticData(NamedTuple):
    """Simulated sequences and their ground truth.

    codes : uint8 (N, L), A C G T as 0 1 2 3.
    y : float32 (N, 1), 1 for the positive class.
    split : uint8 (N,), 0 training, 1 validation, 2 test.
    motif_id : int16 (N, 7), index into ``meta["motifs"]`` (matrix ID, name, role); -1, none.
    motif_start : int16 (N, 7), first position of each motif, -1 where there is none.
    motif_strand : int8 (N, 7), 0 forward, 1 reverse complement, -1 where there is none.
    motif_mask : bool (N, L), positions inside a motif with more than 0.1 bit.
    spacer_mask : bool (N, L), positions outside every motif (0 bit).
    meta : dict, what made the data.
    """

    codes: np.ndarray
    y: np.ndarray
    split: np.ndarray
    motif_id: np.ndarray
    motif_start: np.ndarray
    motif_strand: np.ndarray
    motif_mask: np.ndarray
    spacer_mask: np.ndarray
    meta: dict


def simulate(n_sequences=20000, length=200, seed=0):
    """Simulate the synthetic classification task.

    Parameters
    ----------
    n_sequences : int, even; half of the sequences are positive.
    length : int, nucleotides per sequence; must leave room for three motifs.
    seed : int, seeds every draw.

    Returns
    -------
    SyntheticData, sequences in random order.

    Raises
    ------
    ValueError, when ``n_sequences`` is odd or smaller than 10, or ``length`` below 60.
    """
    if n_sequences < 10 or n_sequences % 2:
        raise ValueError(f"n_sequences must be an even number of at least 10, got {n_sequences}")
    if length < 60:
        raise ValueError(f"length must be at least 60 nt to hold three motifs, got {length}")
    rng = np.random.default_rng(seed)
    motifs = load_motifs()
    n_core = sum(m.role == "core" for m in motifs)
    widths = np.array([len(m.ppm) for m in motifs])

    positive = rng.permutation(np.arange(n_sequences) < n_sequences // 2)
    shape = (n_sequences, MOST_MOTIFS)
    motif_id, start, strand = (np.full(shape, -1, t) for t in (np.int16, np.int16, np.int8))
    motif_mask = np.zeros((n_sequences, length), bool)
    spacer_mask = np.ones((n_sequences, length), bool)
    probabilities = np.full((n_sequences, length, 4), 0.25)
    informative = [information(m.ppm) > INFORMATIVE_BITS for m in motifs]

    for n in range(n_sequences):
        chosen = _draw_motifs(rng, n_core if positive[n] else len(motifs), widths, length)
        spacers = _draw_spacers(rng, length - widths[chosen].sum(), len(chosen) + 1)
        starts = np.cumsum(spacers[:-1]) + np.cumsum(widths[chosen]) - widths[chosen]
        for i, (m, s) in enumerate(zip(chosen, starts)):
            span = slice(s, s + widths[m])
            probabilities[n, span] = motifs[m].ppm
            motif_mask[n, span] = informative[m]
            spacer_mask[n, span] = False
            motif_id[n, i], start[n, i], strand[n, i] = m // 2, s, m % 2

    edges = probabilities.cumsum(axis=2)[:, :, :3]
    codes = (rng.random((n_sequences, length, 1)) >= edges).sum(axis=2).astype(np.uint8)
    return SyntheticData(
        codes,
        positive[:, None].astype(np.float32),
        _split(rng, n_sequences),
        motif_id,
        start,
        strand,
        motif_mask,
        spacer_mask,
        meta={
            "task": "synthetic",
            "n_sequences": n_sequences,
            "length": length,
            "seed": seed,
            "motifs": [[m.matrix_id, m.name, m.role] for m in motifs[::2]],
            "source": "JASPAR CORE vertebrates 2016",
        },
    )


def _draw_motifs(rng, n_motifs, widths, length):
    """Motif indices, drawn with replacement; drawn again when they fill the sequence."""
    counts, weights = zip(*MOTIFS_PER_SEQUENCE.items())
    while True:
        chosen = rng.integers(n_motifs, size=rng.choice(counts, p=weights))
        if widths[chosen].sum() < length:
            return chosen


def _draw_spacers(rng, left, n_spacers):
    """Spacer lengths: each Uniform(0, 2) times an equal share of ``left``, rounded.

    Sets are drawn until one adds up to ``left`` exactly; 256 sets at a time for speed.
    """
    while True:
        sets = np.rint(rng.uniform(0, 2, (256, n_spacers)) * left / n_spacers).astype(int)
        exact = np.flatnonzero(sets.sum(axis=1) == left)
        if exact.size:
            return sets[exact[0]]


def _split(rng, n):
    """Unstratified random split: 0 training, 1 validation, 2 test."""
    first, second = np.rint(np.cumsum(SPLIT_FRACTIONS)[:2] * n).astype(int)
    split = np.full(n, 2, np.uint8)
    order = rng.permutation(n)
    split[order[:first]] = 0
    split[order[first:second]] = 1
    return split
