"""How uneven a map is, with no regard to words: a rival of every score here."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from attribution_consistency.maps import SCORES, check_choice, check_shapes, chunks


def gini(x: ArrayLike, a: ArrayLike, *, score: str = "abs_input", correct: bool = True) -> float:
    """Concentration of the scores along a sequence: mean Gini coefficient over sequences.

    0 when every position scores the same, near 1 when one position has everything. Sequences
    whose scores are all 0 are left out; NaN when there is no other.
    """
    check_choice(score, SCORES, "score")
    x, a = check_shapes(x, a)
    length = x.shape[1]
    found: list[NDArray[np.float64]] = []
    for chunk in chunks(x, [a], score=score, correct=correct):
        s = np.sort(chunk.scores[0], axis=1)  # unknown bases first: they score 0
        total = s.sum(axis=1)
        used = total > 0
        n = np.full(len(s), length) if chunk.known is None else chunk.known.sum(axis=1)
        rank = 2 * (np.arange(1, length + 1) - length + n[:, None]) - n[:, None] - 1
        found.append((s * rank).sum(axis=1)[used] / total[used] / n[used])
    coefficients = np.concatenate(found)
    return float(coefficients.mean()) if coefficients.size else float("nan")
