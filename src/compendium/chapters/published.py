"""The published networks: why a run may lack them, and what we predict for those not seen here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import paths
from ..rivals import TRUTHS, compare, levels, score_columns

if TYPE_CHECKING:
    import pandas as pd

ABSENT = (
    "This run has no published networks: their files were not on this machine, or the "
    "configuration names none.",
    "To compute them here, run `make prepare NETWORKS=1`, which downloads the files (36 MB), and "
    "build the book again.",
)
SEEN = 25  # initialisations of each kind that the book scores; the others are predicted
FILE, SCORES = "prediction.csv", ("final", "excess")


def inside_kinds(table: pd.DataFrame, draws: int = 2000, seed: int = 0) -> pd.DataFrame:
    """By how much each score beats the original metric among networks of one kind.

    Columns truth, score, difference, low and high: of rank correlations, with 95 % intervals over
    networks.
    """
    named = score_columns(table)
    found = compare(
        {name: named[name] for name in ("original", *SCORES)},
        {name: table[column] for name, column in TRUTHS.items()},
        {"kind": levels(table)["kind"]},
        table["id"],
        reference="original",
        draws=draws,
        seed=seed,
    )
    ends = {"difference_low": "low", "difference_high": "high"}
    found = found[found["score"] != "original"].drop(columns=["low", "high"]).rename(columns=ends)
    return found[["truth", "score", "difference", "low", "high"]].reset_index(drop=True)


def predict(seen: pd.DataFrame) -> pd.DataFrame:
    """What as many further networks should show: the same, with wider intervals.

    They differ from the truth as those that were seen do, so an interval for the difference of two
    samples is wider by the root of 2.
    """
    found = inside_kinds(seen)
    for end in ("low", "high"):
        found[end] = found["difference"] + np.sqrt(2) * (found[end] - found["difference"])
    return found.round(4)


def prediction() -> pd.DataFrame:
    """The registered prediction, as `predict` wrote it."""
    return paths.read_csv(paths.published() / FILE)


def outcome(table: pd.DataFrame) -> pd.DataFrame | None:
    """The prediction beside what the further networks show; None where not all are there.

    Adds the columns found, found_low, found_high, and holds: found lies in the interval.
    """
    further = table[table["init"] >= SEEN].reset_index(drop=True)
    if further.groupby(["architecture", "activation"]).size().lt(SEEN).any() or further.empty:
        return None
    names = {"difference": "found", "low": "found_low", "high": "found_high"}
    found = inside_kinds(further).rename(columns=names)
    both = prediction().merge(found, on=["truth", "score"])
    return both.assign(holds=both["found"].between(both["low"], both["high"]))
