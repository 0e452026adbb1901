"""Motifs: JASPAR matrices, how much they say, and which of them a k-mer resembles."""

import gzip
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import product
from typing import NamedTuple

import numpy as np

from .arrays import Floats
from .sequences import encode_codes


class Motif(NamedTuple):
    """One oriented JASPAR matrix: `ppm` holds (width, 4) base probabilities."""

    matrix_id: str
    name: str
    role: str
    strand: str
    ppm: Floats


def jaspar_matrices() -> dict[str, tuple[str, Floats]]:
    """JASPAR CORE vertebrates 2016: {matrix ID: (name, counts (width, 4) float)}.

    References
    ----------
    Mathelier et al. (2016), Nucleic Acids Research 44, D110.
    """
    resource = files(__package__) / "resources" / "jaspar2016_vertebrates.tsv.gz"
    with resource.open("rb") as raw, gzip.open(raw, "rt") as lines:
        next(lines)
        rows = [line.rstrip("\n").split("\t") for line in lines]
    counts = ([[float(v) for v in base.split(",")] for base in bases] for _, _, *bases in rows)
    return {row[0]: (row[1], np.array(matrix).T) for row, matrix in zip(rows, counts)}


def load_motifs() -> list[Motif]:
    """The 55 matrices of the synthetic task in both orientations: a list of 110 `Motif`.

    The ten core entries come first. Probabilities are counts divided by their column
    sum, with no pseudocount.
    """
    matrices = jaspar_matrices()
    table = (files(__package__) / "resources" / "synthetic_motifs.tsv").read_text()
    rows = [line.split("\t") for line in table.splitlines()[1:]]
    return [m for role, i, name in rows for m in _both_strands(i, name, role, matrices[i][1])]


@cache
def all_motifs() -> list[Motif]:
    """All matrices of `jaspar_matrices` in both orientations, without a role."""
    matrices = jaspar_matrices().items()
    return [m for key, (name, counts) in matrices for m in _both_strands(key, name, "", counts)]


def _both_strands(matrix_id: str, name: str, role: str, counts: Floats) -> tuple[Motif, Motif]:
    ppm = counts / counts.sum(axis=1, keepdims=True)
    # A C G T reversed is T G C A, so reversing both axes is the reverse complement.
    reverse = Motif(matrix_id, name, role, "-", ppm[::-1, ::-1])
    return Motif(matrix_id, name, role, "+", ppm), reverse


def information(ppm: Floats) -> Floats:
    """Bits per position of base probabilities (..., 4), against a uniform background."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(2 + np.nansum(ppm * np.log2(ppm), axis=-1))


def fitting_motifs(
    kmer: str, motifs: Sequence[Motif], within: float = 1.0, pseudocount: float = 0.01
) -> list[tuple[Motif, float]]:
    """The motifs that a k-mer fits, best first.

    A motif is listed once, in its better orientation, when its evidence is at most
    `within` bits below the best: such motifs cannot be told apart by this word. The evidence
    of a placement is the sum of `log2(probability / 0.25)` over its columns; every placement
    with the k-mer wholly inside the motif, or the motif inside the k-mer, is tried.

    Parameters
    ----------
    kmer : str
        Of A C G T.
    motifs : sequence of Motif
        In both orientations.
    within : float
        In bits.
    pseudocount : float
        Added to each probability of a column before they are scaled to 1 again.

    Returns
    -------
    list of (Motif, float)
        The float is the evidence in bits.
    """
    if not kmer or not {*kmer} <= {*"ACGT"} or not within >= 0:
        raise ValueError(f"kmer, within: got {kmer!r}, {within}, expected letters A C G T and bits")
    codes = encode_codes([kmer])[0]
    best: dict[str, tuple[Motif, float]] = {}
    for motif in motifs:
        bits = np.log2((motif.ppm + pseudocount) / (1 + 4 * pseudocount) / 0.25)
        span = min(len(codes), len(bits))
        starts = product(range(len(codes) - span + 1), range(len(bits) - span + 1))
        fits = (bits[np.arange(j, j + span), codes[i : i + span]].sum() for i, j in starts)
        score = float(max(fits))
        if score > best.get(motif.matrix_id, (None, -np.inf))[1]:
            best[motif.matrix_id] = (motif, score)
    # Placements that are mirror images have equal evidence, but for its last bit.
    ranked = sorted(best.values(), key=lambda pair: -round(pair[1], 9))
    return [pair for pair in ranked if pair[1] >= ranked[0][1] - within - 1e-9]


@cache
def fitting_names(kmer: str) -> str:
    """Names of the JASPAR motifs that a k-mer fits about equally well, best first."""
    return ", ".join(dict.fromkeys(motif.name for motif, _ in fitting_motifs(kmer, all_motifs())))
