"""The pair of networks and the sequence that the book opens with.

Two networks that predict equally well; one marks the planted motifs, the other does not. What is
drawn follows from a stated rule, so that the picture shows what its caption says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attribution_consistency import decode
from attribution_consistency.rounding import at_least, descending, first_largest, first_smallest

from ..spans import spans

if TYPE_CHECKING:
    import pandas as pd

MARKED = 0.15  # contrast from which a motif is visibly marked; at 0 it is not


class Example(NamedTuple):
    """A sequence, the part of it that is drawn, and the share of sequences that would do."""

    row: int
    window: slice
    share: float


def matched_pair(table: pd.DataFrame, column: str, within: float) -> tuple[str, str]:
    """The two networks of nearly equal AUROC whose values differ by the largest factor.

    Parameters
    ----------
    table : score table with `id`, `auroc` and `column`
    within : largest difference of the AUROC

    Returns
    -------
    (id of the network with the higher value, id of the other)
    """
    pairs = table.merge(table, how="cross", suffixes=("_high", "_low"))
    close = at_least(within, (pairs["auroc_high"] - pairs["auroc_low"]).abs())
    pairs = pairs[close & (pairs[f"{column}_low"] > 0)]
    best = pairs.iloc[first_largest(pairs[f"{column}_high"] / pairs[f"{column}_low"])]
    return best["id_high"], best["id_low"]


def contrast(scores: NDArray, shaded: NDArray, width: int) -> NDArray[np.float64]:
    """How visibly a map marks what is shaded, in every window of a width.

    Mean score of the shaded positions minus that of the others, over the tallest score in view.

    Parameters
    ----------
    scores : (N, L) signed scores
    shaded : bool (N, L)

    Returns
    -------
    (N, L - width + 1), between -1 and 1; NaN where a window lacks either kind of position
    """
    windows = np.lib.stride_tricks.sliding_window_view
    inside, score = windows(shaded, width, axis=1), windows(scores, width, axis=1)
    n = inside.sum(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        signal = np.where(inside, score, 0).sum(axis=2) / n
        rest = np.where(inside, 0, score).sum(axis=2) / (width - n)
        return (signal - rest) / np.abs(score).max(axis=2)


def whole_motif(shaded: NDArray, width: int) -> NDArray[np.bool_]:
    """Which windows (N, L - width + 1) hold a whole run of shaded positions."""
    whole = np.zeros((len(shaded), shaded.shape[1] - width + 1), bool)
    for row, mask in enumerate(shaded):
        for first, last in spans(mask):
            whole[row, max(0, last - width) : first + 1] = True
    return whole


def choose(scores: NDArray, ratios: NDArray, shaded: NDArray, width: int) -> Example:
    """The most typical sequence in which one network visibly marks a motif and the other does not.

    A window will do when it holds a whole motif, the first network's contrast there is at least
    `MARKED` and the second's at most 0. Of the sequences with such a window, the one whose two
    signal-to-noise ratios lie nearest to the medians of their networks; of its windows, the one
    where the contrasts differ most. Of equals the first. Where no window will do, as among few
    sequences, the one where the contrasts differ most of all.

    Parameters
    ----------
    scores : (2, N, L) signed scores of the clear and the noisy network
    ratios : (2, N) their signal-to-noise ratios, NaN where undefined
    shaded : bool (N, L), inside planted motifs
    width : positions drawn
    """
    width = min(width, shaded.shape[1])
    clear, noisy = (contrast(s, shaded, width) for s in scores)
    whole = whole_motif(shaded, width)
    will_do = whole & (clear >= MARKED) & (noisy <= 0)
    logs = np.log(np.clip(ratios, 1e-3, None))
    distance = np.abs(logs - np.nanmedian(logs, axis=1, keepdims=True)).sum(axis=0)
    usable = will_do.any(axis=1) & np.isfinite(distance)
    difference = np.where(whole, clear - noisy, -np.inf)
    if usable.any():
        row = first_smallest(np.where(usable, distance, np.nan))
        difference = np.where(will_do[row], difference[row], -np.inf)
    else:
        row = int(np.unravel_index(first_largest(difference), difference.shape)[0])
        difference = difference[row]
    start = first_largest(difference)
    return Example(row, slice(start, start + width), float(usable.mean()))


def drawn(scores: NDArray, spacer: NDArray, x: NDArray, window: slice) -> pd.DataFrame:
    """What the picture shows, a row a position: base, motif, and for each network its score.

    The ten largest scores of the spacers are the noise of a network.

    Parameters
    ----------
    scores : (2, L) signed scores of the clear and the noisy network
    spacer : bool (L,), outside planted motifs
    x : (L, 4) one-hot sequence
    """
    import pandas as pd

    at = np.arange(len(spacer))
    columns = {"position": at, "base": list(decode(x[None])[0]), "motif": ~spacer}
    for name, score in zip(("clear", "noisy"), scores):
        largest = descending(np.where(spacer, score, np.nan))[:10]
        columns |= {name: score, f"{name}_noise": np.isin(at, largest)}
    return pd.DataFrame(columns)[window].reset_index(drop=True)
