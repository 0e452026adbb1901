"""Words of sequences, and the motifs that they resemble."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from attribution_consistency.motifs import Motif, fitting_motifs, information

Floats = NDArray[np.float64]


def canonical_index(k: int) -> NDArray[np.int64]:
    """Index of each k-mer or of its reverse complement, whichever comes first, (4**k,) int."""
    index = np.arange(4**k)
    # With one axis a position: the complement counts from the other end, the reverse transposes.
    reverse_complement = index[::-1].reshape((4,) * k).T.ravel()
    return np.minimum(index, reverse_complement)


def kmer_indices(codes: ArrayLike, k: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Index of the k-mer that starts at each position, in the order of `kmer_names`.

    Parameters
    ----------
    codes : (N, L) int
        0 to 3 for A, C, G, T; 4 where the base is unknown.
    k : int
        At most L.

    Returns
    -------
    index : (N, L - k + 1) int64
        Meaningless, but below 4**k, where not all bases are known.
    known : (N, L - k + 1) bool
        Whether they are.
    """
    codes = np.asarray(codes, dtype=np.int64)
    width = codes.shape[1] - k + 1
    index, known = np.zeros((len(codes), width), np.int64), np.ones((len(codes), width), bool)
    for offset in range(k):
        base = codes[:, offset : offset + width]
        index = 4 * index + np.minimum(base, 3)
        known &= base < 4
    return index, known


def similarity(first: Floats, second: Floats) -> float:
    """How alike two motifs are: 1 for identical ones, 0 for nothing in common.

    Each column becomes its deviation from the column mean, scaled to the square root of its
    information, so that vague columns count little; the result is the largest cosine of the
    two matrices over all offsets and both strands. Informative columns that find no partner
    lower it.

    Parameters
    ----------
    first, second : ndarray, shape (width, 4)
        Base probabilities.
    """
    return max(
        float(np.tensordot(a[i:j], b[i - shift : j - shift]))
        for a, b in ((_columns(first), _columns(s)) for s in (second, second[::-1, ::-1]))
        for shift in range(1 - len(b), len(a))
        for i, j in [(max(0, shift), min(len(a), shift + len(b)))]
    )


def _columns(ppm: Floats) -> Floats:
    """Centred columns of length sqrt(information), the whole scaled to length 1."""
    centred = ppm - ppm.mean(axis=1, keepdims=True)
    centred = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    weighted = centred * np.sqrt(np.maximum(information(ppm), 0))[:, None]
    return np.asarray(weighted / max(np.linalg.norm(weighted), 1e-9))


def name_kmer(kmer: str, motifs: Sequence[Motif], pseudocount: float = 0.01) -> tuple[Motif, float]:
    """The motif that a k-mer fits best: (Motif, bits); see `fitting_motifs`."""
    return fitting_motifs(kmer, motifs, pseudocount=pseudocount)[0]
