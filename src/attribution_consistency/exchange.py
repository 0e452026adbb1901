"""Which score tracks may change places among sequences, and how they do.

Under the hypothesis that tracks know nothing of the bases, tracks whose known positions are the
same are exchangeable. Sequences that are there more than once are taken together first, and
windows that overlap move as one: otherwise one accident would count many times.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .arrays import UNKNOWN, Array, Ints, Mask
from .containers import afford
from .kmers import Moves, stay
from .maps import Options, Tracks, share, tracks

ENOUGH = 0.8  # share of sequences that can move
FEW = 10  # sequences on average to change places with
SHORTEST = 50  # positions that all know, for cropping
CLOSEST = 8  # positions: a rotation moves every score at least this far, where there is room
Interval = tuple[str, int, int]  # chromosome, start, end


class Exchange(NamedTuple):
    """How the tracks of some sequences change places."""

    first: Ints  # (M,) the row of each distinct sequence where it is first
    member: Ints  # (N,) number of the distinct sequence of each row
    turned: Mask  # (N,) whether it is that one's reverse complement
    window: slice  # positions that are used
    units: list[Ints]  # distinct sequences that move together
    kinds: list[int]  # of each unit; units of one kind change places
    stretches: Ints  # (M, 2) of each distinct sequence, inside the window
    rotates: bool  # tracks are rotated instead: too few can change places
    notes: tuple[str, ...]  # what the reader of a p-value has to know


def exchangeable(codes: Array, intervals: Sequence[Interval] | None = None) -> Exchange:
    """What may change places among sequences.

    Parameters
    ----------
    codes : (N, L) int8
        0 to 3 for A, C, G, T; 4 where the base is unknown.
    intervals : list of (chromosome, start, end)
        Of each sequence; windows that overlap move together.

    Raises
    ------
    ValueError
        When there are not as many intervals as sequences.
    """
    if intervals is not None and len(intervals) != len(codes):
        raise ValueError(f"intervals: got {len(intervals)}, expected one for each of {len(codes)}")
    first, member, turned = distinct(codes)
    notes = []
    if (copies := len(codes) - len(first)) > 0:
        also = f", {turned.sum():,} of them reverse complements" if turned.any() else ""
        notes.append(f"{copies:,} of {len(codes):,} sequences are copies of others{also}")
    window, rotates = slice(0, codes.shape[1]), False
    known = codes[first] != UNKNOWN
    own = [intervals[i] for i in first] if intervals else None
    alone = [np.array([i]) for i in range(len(first))]
    units = overlapping(own) if own else alone
    kinds = _kinds(known, units, own)
    if _movable(units, kinds) < ENOUGH and len(units) < len(first):
        notes.append("overlapping windows differ in layout and move one by one: p is approximate")
        units, kinds = alone, _kinds(known, alone, None)
    if _movable(units, kinds) < ENOUGH and len(first) > 1:
        longest = _longest_run(known.all(axis=0))
        rotates = longest.stop - longest.start < SHORTEST
        if rotates:
            how = "tracks are rotated instead of exchanged: p is approximate"
            notes.append(f"known positions differ from sequence to sequence, so {how}")
        else:
            window, kinds = longest, [0] * len(units)
            known_to_all = f"positions {window.start + 1} to {window.stop}"
            notes.append(f"{known_to_all} are known in all sequences, and the null is of these")
    if not (rotates or known.all()) and len(set(kinds)) > len(units) / FEW:
        some = "sequences change places only with those whose known positions are the same"
        lower = "the score is lower than it were if all were padded alike"
        notes.append(f"{some}, few each, and {lower}")
    bounds = known_stretches(codes[first][:, window])
    return Exchange(first, member, turned, window, units, kinds, bounds, rotates, tuple(notes))


def distinct(codes: Array) -> tuple[Ints, Ints, Mask]:
    """Sequences that are there once or more: first rows (M,), which (N,), turned (N,).

    A sequence and its reverse complement are one, wherever between unknown bases they stand.
    """
    number: dict[bytes, int] = {}
    heads: list[tuple[int, bytes]] = []
    member, turned = np.zeros(len(codes), int), np.zeros(len(codes), bool)
    for row, (begin, end) in enumerate(known_stretches(codes)):
        here = codes[row, begin:end]
        there = np.where(here >= UNKNOWN, here, 3 - here)[::-1].astype(codes.dtype)
        forward, backward = here.tobytes(), there.tobytes()
        name = min(forward, backward)
        if name not in number:
            number[name] = len(heads)
            heads.append((row, forward))
        member[row] = number[name]
        turned[row] = forward != heads[member[row]][1]
    return np.array([row for row, _ in heads]), member, turned


def known_stretches(codes: Array) -> Ints:
    """First known position of each sequence, and one behind the last, (N, 2); (0, 0): none."""
    known = codes != UNKNOWN
    begin, end = known.argmax(axis=1), known.shape[1] - known[:, ::-1].argmax(axis=1)
    return np.where(known.any(axis=1)[:, None], np.stack([begin, end], axis=1), 0)


def overlapping(intervals: Sequence[Interval]) -> list[Ints]:
    """Rows of intervals that overlap, directly or through others, in the order of their starts."""
    order = sorted(range(len(intervals)), key=lambda i: tuple(intervals[i]))
    units: list[list[int]] = []
    reach: tuple[str, int] = ("", -1)
    for i in order:
        chromosome, start, end = intervals[i]
        if units and chromosome == reach[0] and start < reach[1]:
            units[-1].append(i)
            reach = chromosome, max(reach[1], end)
        else:
            units.append([i])
            reach = chromosome, end
    return [np.array(unit) for unit in sorted(units, key=min)]


def _kinds(known: Mask, units: list[Ints], intervals: Sequence[Interval] | None) -> list[int]:
    """A number for each unit; the same where known positions and places in the unit are."""
    names: dict[tuple[bytes | int, ...], int] = {}
    kinds = []
    for unit in units:
        name: tuple[bytes | int, ...] = tuple(known[i].tobytes() for i in unit)
        if intervals:
            name += tuple(intervals[i][1] - intervals[unit[0]][1] for i in unit)
        kinds.append(names.setdefault(name, len(names)))
    return kinds


def _movable(units: list[Ints], kinds: list[int]) -> float:
    """Share of the sequences that have another to change places with."""
    sizes = np.array([len(unit) for unit in units])
    alike = np.bincount(kinds)[kinds] > 1
    return float(sizes[alike].sum() / sizes.sum())


def _longest_run(flags: Mask) -> slice:
    """The longest stretch of true flags; an empty one where there is none."""
    edges = np.flatnonzero(np.diff(np.pad(flags.astype(int), 1)))
    best = int(np.argmax(edges[1::2] - edges[::2])) if edges.size else 0
    return slice(*edges[2 * best : 2 * best + 2].tolist()) if edges.size else slice(0, 0)


def prepared(
    x: Array, a: Array | None, options: Options, intervals: Sequence[Interval] | None = None
) -> tuple[Tracks, Exchange]:
    """The tracks of one map, and how they change places, by `exchangeable` and `collapse`."""
    scored = tracks(x, [a], options)
    how = exchangeable(scored.codes, intervals)
    return collapse(scored, how), how


def collapse(scored: Tracks, exchange: Exchange) -> Tracks:
    """One track for each distinct sequence, the mean of its copies', inside the window."""
    codes = scored.codes[exchange.first][:, exchange.window]
    n = len(scored.codes)
    shares = scored.shares
    if len(codes) < n:
        moved, stretches = shares.copy(), known_stretches(scored.codes)
        targets = stretches[exchange.first][exchange.member]
        for row, ((begin, end), at) in enumerate(zip(stretches, targets)):
            track = shares[row::n, begin:end]
            moved[row::n] = 0
            moved[row::n, at[0] : at[1]] = track[:, ::-1] if exchange.turned[row] else track
        summed = np.zeros((len(shares) // n, len(codes), shares.shape[1]))
        for m, one in enumerate(moved.reshape(-1, n, shares.shape[1])):
            np.add.at(summed[m], exchange.member, one)
        shares = summed.reshape(-1, shares.shape[1])
    shares = np.ascontiguousarray(shares[:, exchange.window])
    n_all_zero = [share(part, part) for part in shares.reshape(-1, len(codes), codes.shape[1])]
    return Tracks(np.ascontiguousarray(codes), shares, np.array(n_all_zero))


def draw(exchange: Exchange, n_draws: int, seed: int, blocks: Ints | None = None) -> Moves:
    """The tracks as they are, and `n_draws` times changed: `Moves` of M sequences.

    Parameters
    ----------
    exchange, n_draws, seed
        What may change places, how often, and the seed of the draws.
    blocks : (M,) int
        Of each distinct sequence; tracks then change places inside their block only.
    """
    m = len(exchange.first)
    afford(16 * m * (n_draws + 1))
    length = exchange.window.stop - exchange.window.start
    moves = stay(m, length)._replace(stretches=exchange.stretches)
    rng = np.random.default_rng(seed)
    sources, shifts = (np.repeat(part, n_draws + 1, axis=1) for part in moves[:2])
    if exchange.rotates:
        shifts[:, 1:] = offsets(exchange.stretches, n_draws, rng)
        return Moves(sources, shifts, exchange.stretches)
    groups: dict[tuple[int, int], list[Ints]] = {}
    for unit, kind in zip(exchange.units, exchange.kinds):
        block = 0 if blocks is None else int(blocks[unit[0]])
        groups.setdefault((kind, block), []).append(unit)
    for alike in groups.values():
        rows = np.array(alike)  # (units, members)
        for t in range(1, n_draws + 1):
            sources[rows, t] = rows[rng.permutation(len(rows))]
    return Moves(sources, shifts, exchange.stretches)


def offsets(stretches: Ints, n_draws: int, rng: np.random.Generator) -> Ints:
    """Rotations (N, n_draws), uniform in 8 ... n - 8 of n positions, in 0 ... n - 1 below 16."""
    afford(16 * len(stretches) * (n_draws + 1))
    length = (stretches[:, 1] - stretches[:, 0])[:, None]
    low = np.where(length < 2 * CLOSEST, 0, CLOSEST)
    high = np.where(length < 2 * CLOSEST, np.maximum(length - 1, 0), length - CLOSEST)
    return np.asarray(rng.integers(low, high, (len(stretches), n_draws), endpoint=True))
