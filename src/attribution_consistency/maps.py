"""Sequences and attribution maps: the one validator, gradient correction, position scores.

Everything reads its input through `chunks`, a few ten thousand positions at a time, so
that validation, correction and scoring touch each number while it is still in the cache and
need no copy of the whole map.

Rules for unknown bases: a position of `x` whose four entries are all 0 (N, or any other
letter, after one-hot encoding) has a score of 0 whatever the map holds there, is left out of
quantiles and Gini coefficients, and k-mers that contain it are counted nowhere.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arrays import IGNORED, Array, Floats, Ints, Mask
from .sequences import encode_codes, not_one_hot

SCORES = ("abs_input", "l2")
READINGS = ("frequency", "instance", "per_sequence")
MAX_K = 10
CHUNK = 32768  # positions handled at a time; results do not depend on it beyond rounding

# One-hot rows read as one 32-bit word are 1, 2**8, 2**16 or 2**24; this product, shifted right by
# 30, is then 0, 1, 2 or 3.
_WORD_TO_CODE = np.uint32(1 << 22 | 2 << 14 | 3 << 6)


class Options(NamedTuple):
    """How a map is scored, the same for all functions that take `**options`: see `kmer_klds`."""

    reading: str = "frequency"
    score: str = "abs_input"
    correct: bool = True
    ignore: tuple[str, ...] = ()


class Tracks(NamedTuple):
    """Sequences, and each one's scores as shares of their sum."""

    codes: Array  # (N, L) int8; 4 where the base is unknown, 5 where it is ignored
    shares: Floats  # (M * N, L): of M maps, one below the other
    n_all_zero: Ints  # (M,) sequences whose scores are all 0, and stay so


class Chunk(NamedTuple):
    """A few sequences, validated, with one or two maps scored."""

    rows: slice
    codes: Ints  # (n, L); 0 where the base is unknown
    known: Mask | None  # (n, L); None: all are
    scores: list[Floats]  # one (n, L) array per map


def check(
    x: ArrayLike, a: ArrayLike, ks: Sequence[int], **given: Any
) -> tuple[Array, Array, list[int], Options]:
    """Arrays `x` and `a`, a list of `ks` and the `Options` given, or ValueError saying why."""
    options = Options(**given)
    check_choice(options.reading, READINGS, "reading")
    check_choice(options.score, SCORES, "score")
    x, a = check_shapes(x, a)
    return x, a, check_ks(ks, x.shape[1]), options


def check_shapes(x: ArrayLike, a: ArrayLike, name: str = "a") -> tuple[Array, Array]:
    """Return `x` and `a` as arrays of one shape (N, L, 4), or raise ValueError saying why."""
    x, a = _three_axes(x, "x"), _three_axes(a, name)
    if x.shape != a.shape:
        expected = f"that of x, {x.shape}: one map per sequence, of the same length"
        raise ValueError(f"{name}: got shape {a.shape}, expected {expected}")
    return x, a


def check_choice(value: str, choices: Sequence[str], name: str) -> None:
    """Raise ValueError unless `value` is one of `choices`."""
    if value not in choices:
        raise ValueError(f"{name}: got {value!r}, expected one of {', '.join(map(repr, choices))}")


def check_whole(value: float, name: str, least: int, most: float = math.inf) -> int:
    """Return `value` as an int, or raise ValueError unless it is whole and in its range."""
    real = isinstance(value, Real) and not isinstance(value, bool) and least <= value <= most
    if not real or value == math.inf or int(value) != value:
        bounds = f"of at least {least}" if most == math.inf else f"from {least} to {most}"
        raise ValueError(f"{name}: got {value}, expected a whole number {bounds}")
    return int(value)


def check_between(value: float, name: str) -> None:
    """Raise ValueError unless `value` is between 0 and 1, and neither."""
    if not 0 < value < 1:
        raise ValueError(f"{name}: got {value!r}, expected between 0 and 1, such as 0.95")


def check_ks(ks: Sequence[int], length: int) -> list[int]:
    """Return the k-mer lengths as a list of int, each in 1 ... 10 and at most `length`."""
    if np.ndim(ks) != 1 or len(ks) == 0:
        raise ValueError(f"ks: got {ks!r}, expected one or more lengths, such as range(3, 9)")
    for k in ks:
        if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 1 <= k <= MAX_K:
            raise ValueError(f"ks: got k = {k!r}, expected whole numbers from 1 to {MAX_K}")
        if k > length:
            raise ValueError(f"ks: got k = {k}, longer than the sequences ({length} positions)")
    return [int(k) for k in ks]


def check_mask(mask: ArrayLike, x: Array, name: str) -> Mask:
    """Return `mask` as a boolean array of shape (N, L), the first two axes of `x`."""
    mask = np.asarray(mask)
    if mask.shape != x.shape[:2]:
        raise ValueError(f"{name}: got shape {mask.shape}, expected (N, L) = {x.shape[:2]}")
    if mask.dtype != bool and not np.isin(mask, (0, 1)).all():
        raise ValueError(f"{name}: got values other than 0 and 1, expected True or False")
    return mask.astype(bool)


def gradient_correction(a: ArrayLike) -> NDArray[np.floating]:
    """Subtract from a map (..., 4) its mean over the four nucleotides of each position.

    Removes the part of a gradient that leaves the space of one-hot sequences. Our choice, not
    part of Chen's method.

    References
    ----------
    Majdandzic et al. 2023, Genome Biology 24:109.
    """
    a = np.asarray(a)
    corrected: NDArray[np.floating] = a - a.mean(axis=-1, keepdims=True)
    return corrected


def position_scores(
    x: ArrayLike, a: ArrayLike, *, score: str = "abs_input", correct: bool = True
) -> Floats:
    """Score every position of every sequence: how much the map says about it.

    Parameters
    ----------
    x : (N, L, 4)
        One-hot sequences.
    a : (N, L, 4)
        Attribution maps.
    score : str
        `abs_input`, absolute attribution of the base that is there; `l2`, norm over the four
        nucleotides; `input`, the first one with its sign.
    correct : bool
        Apply `gradient_correction` first.

    Returns
    -------
    scores : (N, L) float64

    Raises
    ------
    ValueError
        For input that is not a pair (x, a).
    """
    check_choice(score, (*SCORES, "input"), "score")
    x, a = check_shapes(x, a)
    out = np.empty(x.shape[:2])
    for chunk in chunks(x, [a], score=score, correct=correct):
        out[chunk.rows] = chunk.scores[0]
    return out


def tracks(x: Array, maps: Sequence[Array | None], options: Options) -> Tracks:
    """Validate sequences and maps and score them; a map that is None is a constant one.

    Ignored words take no part in any k-mer, but their bases keep their scores: which bases they
    are is a matter of the sequence, and not of the track that an exchange gives it.

    Raises
    ------
    ValueError
        For sequences that are not one-hot, or maps with values that are not finite or too large.
    """
    n, length = x.shape[:2]
    codes = np.empty((n, length), np.int8)
    shares = np.empty((len(maps), n, length))
    n_all_zero = np.zeros(len(maps), dtype=int)
    given = [a for a in maps if a is not None]
    for chunk in chunks(x, given, score=options.score, correct=options.correct):
        own = iter(chunk.scores)
        known = 1 if chunk.known is None else chunk.known
        codes[chunk.rows] = chunk.codes if chunk.known is None else np.where(known, chunk.codes, 4)
        for m, a in enumerate(maps):
            scores = np.ones(chunk.codes.shape) * known if a is None else next(own)
            n_all_zero[m] += share(scores, shares[m, chunk.rows])
    codes[_under(codes, options.ignore)] = IGNORED
    return Tracks(codes, shares.reshape(-1, length), n_all_zero)


def _under(codes: Array, words: Sequence[str]) -> Mask:
    """Which positions (N, L) stand under one of some words, or its reverse complement."""
    found = np.zeros(codes.shape, bool)
    for forward in (encode_codes([word])[0] for word in words):
        for bases in (forward, 3 - forward[::-1]):
            end = max(codes.shape[1] - len(bases) + 1, 0)
            hit = np.logical_and.reduce([codes[:, i : end + i] == b for i, b in enumerate(bases)])
            for i in range(len(bases)):
                found[:, i : end + i] |= hit
    return found


def level_bases(x: Array, a: Array, options: Options) -> Floats:
    """Maps (N, L, 4): the scores of `a` at the bases of `x`, with one mean for all four bases."""
    scores = position_scores(x, a, score=options.score, correct=options.correct)
    mean = np.einsum("nlc,nl->c", x, scores) / np.maximum(x.sum(axis=(0, 1)), 1)
    return np.asarray(x * scores[..., None] / np.where(mean > 0, mean, 1))


def share(scores: Floats, out: Floats) -> int:
    """Write scores (n, L) as shares of their sums into `out`; how many rows are all 0."""
    with np.errstate(over="ignore"):
        total = scores.sum(axis=1, keepdims=True)
    if not np.isfinite(total).all():
        raise ValueError("a: got values too large to add up; rescale the maps")
    zero = total == 0
    total[zero] = 1
    np.divide(scores, total, out=out)
    return int(zero.sum())


def chunks(x: Array, maps: Sequence[Array], *, score: str, correct: bool) -> Iterator[Chunk]:
    """Validate and score sequences and maps piece by piece; the shapes are checked already."""
    step = max(1, CHUNK // x.shape[1])
    for start in range(0, len(x), step):
        piece = slice(start, min(start + step, len(x)))
        codes, known = _codes(x[piece], start)
        named = zip(maps, chain(["a"], repeat("other")))
        own = (start, codes, known, score, correct)
        yield Chunk(piece, codes, known, [_score(a[piece], name, *own) for a, name in named])


def _three_axes(array: ArrayLike, name: str) -> Array:
    try:
        array = np.asarray(array)
    except ValueError:
        raise ValueError(f"{name}: got rows of unequal length, expected (N, L, 4)") from None
    if array.dtype.kind not in "biuf":
        hint = "; text sequences: call one_hot first" if array.dtype.kind in "US" else ""
        raise ValueError(f"{name}: got dtype {array.dtype}, expected numbers{hint}")
    shape = array.shape
    if array.ndim != 3 or shape[2] != 4:
        wrong = "expected (N, L, 4)"
        if array.ndim == 2 and shape[1] == 4:
            wrong = f"one sequence; pass {name}[None]"
        elif array.ndim == 3 and shape[1] == 4:
            wrong = f"length last; expected (N, L, 4): transpose with {name}.transpose(0, 2, 1)"
        elif array.ndim == 3:
            wrong = "expected 4 channels last, in order A C G T"
        raise ValueError(f"{name}: got shape {shape}, {wrong}")
    if array.size == 0:
        raise ValueError(f"{name}: got an empty array of shape {shape}")
    return array


def _codes(x: Array, first: int) -> tuple[Ints, Mask | None]:
    """Base codes of a piece of `x` and where they are known, or ValueError: not one-hot."""
    shape = x.shape[:2]
    x = np.ascontiguousarray(x).reshape(-1)
    ones = x == 1
    words = ones.view("<u4")
    several = (words & (words - np.uint32(1))).any()
    if several or (words != (x != 0).view("<u4")).any():
        x = x.reshape(*shape, 4)
        n, i = not_one_hot(x) or (0, 0)
        expected = "expected one-hot (a single 1, or all 0 for an unknown base)"
        got = f"got {x[n, i].tolist()}, {expected}; is the first argument the sequences?"
        raise ValueError(f"x[{first + n}, {i}]: {got}")
    codes = ((words * _WORD_TO_CODE) >> np.uint32(30)).astype(np.int64).reshape(shape)
    known = words != 0
    return codes, None if known.all() else known.reshape(shape)


def _score(
    a: Array, name: str, first: int, codes: Ints, known: Mask | None, score: str, correct: bool
) -> Floats:
    """Scores (n, L) of a piece of a map, in double precision whatever the map's own."""
    a = np.ascontiguousarray(a, dtype=np.float64)
    if known is not None:
        a = np.where(known[..., None], a, 0)
    mean = 0.25 * _checked_sums(a, name, first)
    a = a.reshape(-1)
    if score == "l2":
        a = (a.reshape(-1, 4) - mean[:, None]).reshape(-1) if correct else a
        largest = max(a.max(), -a.min(), 1e-300)  # whose square may be no number
        scale = 1.0 if 1e-100 < largest < 1e100 else 2.0 ** -int(np.frexp(largest)[1])
        return np.sqrt(_sum_of_four((a * scale) ** 2)).reshape(codes.shape) / scale
    value = a.take(codes.reshape(-1) + np.arange(0, a.size, 4))
    if correct:
        value -= mean
    return (np.abs(value) if score == "abs_input" else value).reshape(codes.shape)


def _sum_of_four(flat: Floats) -> Floats:
    """Sums over rows of four; exact when the four are equal, so that a correction gives 0."""
    pairs = flat[::2] + flat[1::2]
    return pairs[::2] + pairs[1::2]


def _checked_sums(a: Floats, name: str, first: int) -> Floats:
    """Sum over the nucleotides of every position, or ValueError: some value is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        sums = _sum_of_four(a.reshape(-1))
        if np.isfinite(sums.sum()):
            return sums
    bad = np.argwhere(~np.isfinite(a))
    if len(bad) == 0:
        raise ValueError(f"{name}: got values too large to add up; rescale the maps")
    n, i, c = bad[0]
    got = f"got {a[n, i, c]}, expected a finite number"
    there = f"{len(bad)} such values in these {len(a)} sequences"
    raise ValueError(f"{name}[{first + n}, {i}, {c}]: {got} ({there})")
