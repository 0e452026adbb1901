"""DNA as arrays: one-hot encoding and integer codes.

Bases are ordered A C G T. Lower case is read as upper case, U as T, and every other letter (N,
gaps, IUPAC codes) is "no base": code 4, an all-zero row when one-hot encoded, and N when decoded.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arrays import Array

BASES = "ACGT"
NO_BASE = 4

_CODE_OF_BYTE = np.full(256, NO_BASE, np.uint8)
for _code, _base in enumerate(BASES):
    _CODE_OF_BYTE[ord(_base)] = _CODE_OF_BYTE[ord(_base.lower())] = _code
_CODE_OF_BYTE[ord("U")] = _CODE_OF_BYTE[ord("u")] = BASES.index("T")
_BYTE_OF_CODE = np.frombuffer(b"ACGTN", np.uint8)
_ROW_OF_CODE = np.vstack([np.eye(4, dtype=np.float32), np.zeros((1, 4), np.float32)])


def encode_codes(seqs: Sequence[str]) -> NDArray[np.uint8]:
    """Turn sequences into integer codes.

    Parameters
    ----------
    seqs : sequence of str
        N sequences of one length L, in either case.

    Returns
    -------
    ndarray of uint8, shape (N, L)
        0, 1, 2, 3 for A, C, G, T and 4 for anything else.

    Raises
    ------
    ValueError
        If `seqs` is a single string, or its members differ in length or are not strings.
    """
    if isinstance(seqs, str):
        raise ValueError("got one string: pass a list of sequences, for instance [sequence]")
    seqs = list(seqs)
    if not seqs:
        return np.empty((0, 0), np.uint8)
    for i, seq in enumerate(seqs):
        if not isinstance(seq, str):
            raise ValueError(f"sequence {i} is a {type(seq).__name__}, not a str")
        if len(seq) != len(seqs[0]):
            differ = f"sequence {i} has {len(seq)} bases and sequence 0 has {len(seqs[0])}"
            raise ValueError(f"{differ}: cut or pad them to one length first")
    # One byte per letter, so that a letter outside ASCII cannot shift the others.
    joined = "".join(seqs).encode("ascii", "replace")
    return _CODE_OF_BYTE[np.frombuffer(joined, np.uint8)].reshape(len(seqs), -1)


def codes_to_one_hot(codes: ArrayLike) -> NDArray[np.float32]:
    """Turn integer codes into one-hot arrays.

    Parameters
    ----------
    codes : array-like of int, shape (N, L)
        0 to 3 for A, C, G, T; 4 for no base.

    Returns
    -------
    ndarray of float32, shape (N, L, 4)

    Raises
    ------
    ValueError
        If a code is not an integer from 0 to 4.
    """
    codes = np.asarray(codes)
    if codes.size and not np.issubdtype(codes.dtype, np.integer):
        raise ValueError(f"codes are {codes.dtype}, not integers")
    if codes.size and (codes.min() < 0 or codes.max() > NO_BASE):
        raise ValueError(f"codes run from {codes.min()} to {codes.max()}, expected 0 to 4")
    return np.take(_ROW_OF_CODE, codes.astype(np.uint8, copy=False), axis=0)


def one_hot(seqs: Sequence[str]) -> NDArray[np.float32]:
    """Turn sequences into a one-hot array.

    Parameters
    ----------
    seqs : sequence of str
        N sequences of one length L, in either case; a letter other than A, C, G, T gives an
        all-zero row.

    Returns
    -------
    ndarray of float32, shape (N, L, 4)
        In the order A C G T.

    Raises
    ------
    ValueError
        As `encode_codes`.
    """
    return codes_to_one_hot(encode_codes(seqs))


def one_hot_to_codes(x: ArrayLike) -> NDArray[np.uint8]:
    """Turn a one-hot array into integer codes.

    Parameters
    ----------
    x : array-like, shape (N, L, 4)
        Every position one 1 and three 0, or four 0 where there is no base.

    Returns
    -------
    ndarray of uint8, shape (N, L)
        0, 1, 2, 3 for A, C, G, T and 4 for an all-zero row.

    Raises
    ------
    ValueError
        If `x` has another shape or a position is neither one-hot nor all zero.
    """
    x = np.asarray(x)
    if x.ndim != 3 or x.shape[2] != 4:
        raise ValueError(f"expected an array of shape (N, L, 4), got {x.shape}")
    if (place := not_one_hot(x)) is not None:
        n, i = place
        raise ValueError(f"sequence {n}, position {i} is not one-hot: {x[n, i].tolist()}")
    return np.where(x.any(axis=2), x.argmax(axis=2), NO_BASE).astype(np.uint8)


def not_one_hot(x: Array) -> tuple[int, int] | None:
    """Sequence and position of the first place of x (N, L, 4) with neither one 1 nor four 0."""
    bad = ((x != 0) & (x != 1)).any(axis=2) | ((x == 1).sum(axis=2) > 1)
    return divmod(int(bad.argmax()), bad.shape[1]) if bad.any() else None


def decode_codes(codes: ArrayLike) -> list[str]:
    """Turn integer codes, shape (N, L), into N upper-case strings; 4 gives N."""
    codes = np.ascontiguousarray(codes, dtype=np.uint8)
    if codes.ndim != 2:
        raise ValueError(f"expected an array of shape (N, L), got {codes.shape}")
    if codes.size and codes.max() > NO_BASE:
        raise ValueError(f"codes run up to {codes.max()}, expected 0 to 4")
    letters = _BYTE_OF_CODE[codes].tobytes().decode("ascii")
    length = codes.shape[1]
    return [letters[i * length : (i + 1) * length] for i in range(len(codes))]


def decode(x: ArrayLike) -> list[str]:
    """Turn a one-hot array back into sequences.

    Parameters
    ----------
    x : array-like, shape (N, L, 4)
        As `one_hot_to_codes` takes it.

    Returns
    -------
    list of str
        N upper-case strings of length L, with N for all-zero rows.

    Raises
    ------
    ValueError
        As `one_hot_to_codes`.
    """
    return decode_codes(one_hot_to_codes(x))
