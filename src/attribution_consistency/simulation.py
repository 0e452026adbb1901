"""Synthetic sequences whose regulatory grammar is known.

The task follows Koo and Ploenzke (2021, Nature Machine Intelligence 3, 258) as used by
Majdandzic et al. (2022): a positive sequence holds three to seven motifs of a *core* set,
a negative one as many motifs of a larger *background* set that includes the core motifs.
Because every motif is planted, the truth about each position is kept beside the bases.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arrays import Ints, Mask
from .containers import afford
from .maps import check_whole
from .motifs import information, load_motifs

MOTIFS_PER_SEQUENCE = {3: 0.50, 4: 0.25, 5: 0.17, 6: 0.05, 7: 0.03}
MOST_MOTIFS = max(MOTIFS_PER_SEQUENCE)
MOST_SEQUENCES, SHORTEST, LONGEST = 1_000_000, 60, 2**15 - 1  # starts of motifs are int16
INFORMATIVE_BITS = 0.1
SPLIT_FRACTIONS = (0.7, 0.1, 0.2)


class SyntheticData(NamedTuple):
    """Simulated sequences and their ground truth.

    Attributes
    ----------
    codes : ndarray of uint8, shape (N, L)
        A C G T as 0 1 2 3.
    y : ndarray of float32, shape (N, 1)
        1 for the positive class.
    split : ndarray of uint8, shape (N,)
        0 training, 1 validation, 2 test.
    motif_id : ndarray of int16, shape (N, 7)
        Index into `meta["motifs"]` (matrix ID, name, role); -1 where there is none.
    motif_start : ndarray of int16, shape (N, 7)
        First position of each motif, -1 where there is none.
    motif_strand : ndarray of int8, shape (N, 7)
        0 forward, 1 reverse complement, -1 where there is none.
    motif_mask : ndarray of bool, shape (N, L)
        Positions inside a motif with more than 0.1 bit.
    spacer_mask : ndarray of bool, shape (N, L)
        Positions outside every motif (0 bit).
    meta : dict
        What made the data.
    """

    codes: NDArray[np.uint8]
    y: NDArray[np.float32]
    split: NDArray[np.uint8]
    motif_id: NDArray[np.int16]
    motif_start: NDArray[np.int16]
    motif_strand: NDArray[np.int8]
    motif_mask: Mask
    spacer_mask: Mask
    meta: dict[str, Any]


def simulate(n_sequences: int = 20000, length: int = 200, seed: int = 0) -> SyntheticData:
    """Simulate the synthetic classification task.

    Parameters
    ----------
    n_sequences : int
        Even, 10 to 1,000,000; half of the sequences are positive.
    length : int
        Nucleotides per sequence, 60, room for three motifs, to 32,767.
    seed : int
        Seeds every draw.

    Returns
    -------
    SyntheticData
        Sequences in random order.

    Raises
    ------
    ValueError
        For other numbers.
    """
    if check_whole(n_sequences, "n_sequences", 10, MOST_SEQUENCES) % 2:
        raise ValueError(f"n_sequences: got {n_sequences}, expected an even number")
    length = check_whole(length, "length", SHORTEST, LONGEST)
    afford(20 * n_sequences * length)
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
    y, split = positive[:, None].astype(np.float32), _split(rng, n_sequences)
    meta: dict[str, Any] = dict(task="synthetic", n_sequences=n_sequences, length=length, seed=seed)
    named = [[m.matrix_id, m.name, m.role] for m in motifs[::2]]
    meta |= {"motifs": named, "source": "JASPAR CORE vertebrates 2016"}
    return SyntheticData(codes, y, split, motif_id, start, strand, motif_mask, spacer_mask, meta)


def _draw_motifs(rng: np.random.Generator, n_motifs: int, widths: Ints, length: int) -> Ints:
    """Motif indices, drawn with replacement; drawn again when they fill the sequence."""
    counts, weights = zip(*MOTIFS_PER_SEQUENCE.items())
    while True:
        size = rng.choice(counts, p=weights)
        chosen: Ints = rng.integers(n_motifs, size=size)
        if widths[chosen].sum() < length:
            return chosen


def _draw_spacers(rng: np.random.Generator, left: int, n_spacers: int) -> Ints:
    """Spacer lengths: each Uniform(0, 2) times an equal share of `left`, rounded.

    Sets are drawn until one adds up to `left` exactly; 256 sets at a time for speed.
    """
    while True:
        sets = np.rint(rng.uniform(0, 2, (256, n_spacers)) * left / n_spacers).astype(int)
        exact = np.flatnonzero(sets.sum(axis=1) == left)
        if exact.size:
            return np.asarray(sets[exact[0]])


def _split(rng: np.random.Generator, n: int) -> NDArray[np.uint8]:
    """Unstratified random split: 0 training, 1 validation, 2 test."""
    first, second = np.rint(np.cumsum(SPLIT_FRACTIONS)[:2] * n).astype(int)
    split = np.empty(n, np.uint8)
    split[rng.permutation(n)] = np.repeat((0, 1, 2), (first, second - first, n - second))
    return split
