"""What the chapter on controls reads off its tables: shares, correlations, a choice by a rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from attribution_consistency.maps import READINGS

from .. import tables
from ..stats import spearman, spearman_difference
from .controls_choices import DEFAULTS
from .controls_maps import WORDS

if TYPE_CHECKING:
    import pandas as pd

CONTROLS = {
    "rotated": "rotated maps",
    "spike": "random spikes",
    "words": f"{WORDS} arbitrary words",
    "words_in_noise": "the words in noise",
}
METRICS = {
    "kld_original": "original",
    "kld_geometric": "geometric",
    "gini": "Gini",
    **{f"consistency_{reading}": f"final, {reading}" for reading in READINGS},
}


def control_rows(
    maps: pd.DataFrame, control: str, population: str = "synthetic", words: int | None = None
) -> pd.DataFrame:
    """Rows of the table of maps that belong to one control of `CONTROLS`, or to `network`."""
    maps = maps[maps["population"] == population]
    if control == "rotated":
        return maps[(maps["kind"] == "network") & maps["rotated"]]
    maps = maps[(maps["kind"] == control) & ~maps["rotated"]]
    return maps[maps["words"] == (words or WORDS)] if control == "words" else maps


def outranked_by_each(
    maps: pd.DataFrame,
    column: str | Callable[[pd.DataFrame], np.ndarray],
    control: str,
    population: str = "synthetic",
    words: int | None = None,
) -> np.ndarray:
    """Share of networks that score less than each map of a control, (maps,).

    Parameters
    ----------
    maps : table of maps
    column : name of a column, or a function from rows to their values
    control, population : str
        As in `control_rows`.
    words : int
        Number of the arbitrary words, where it is not that of `CONTROLS`.
    """
    value = column if callable(column) else lambda rows: rows[column].to_numpy(float)
    real = value(control_rows(maps, "network", population))
    fake = value(control_rows(maps, control, population, words))
    real, fake = real[np.isfinite(real)], fake[np.isfinite(fake)]
    return (real < fake[:, None]).mean(axis=1) if len(real) else np.full(len(fake), np.nan)


def outranked(
    maps: pd.DataFrame,
    column: str | Callable[[pd.DataFrame], np.ndarray],
    control: str,
    population: str = "synthetic",
) -> float:
    """Mean of `outranked_by_each` over the maps of a control."""
    shares = outranked_by_each(maps, column, control, population)
    return float(shares.mean()) if len(shares) else float("nan")


def outranked_table(maps: pd.DataFrame, population: str = "synthetic") -> pd.DataFrame:
    """`outranked` for every metric (rows) and control (columns)."""
    import pandas as pd

    return pd.DataFrame(
        {c: {m: outranked(maps, m, c, population) for m in METRICS} for c in CONTROLS}
    )


def choice_table(choices: pd.DataFrame, seed: int = 0, draws: int = 1000) -> pd.DataFrame:
    """Each variant of each family: how it follows SNR, and how far from the book's choice.

    Returns
    -------
    DataFrame
        Columns family, variant, default, networks (with a finite value), spearman with SNR;
        difference, low and high (95 %, over configurations), the variant's correlation minus
        that of the family's default on these networks, each with the SNR of its own maps; and
        order, the Spearman correlation of the variant's values with the default's.
    """
    import pandas as pd

    rows = []
    for family, part in choices.groupby("family", sort=False):
        values = part.pivot(index="id", columns="variant", values="value")
        truth = part.pivot(index="id", columns="variant", values="snr")
        values = values.where(np.isfinite(values))
        default = DEFAULTS[family]
        groups = tables.configuration(values.reset_index()).to_numpy()
        for variant in [default, *(v for v in part["variant"].unique() if v != default)]:
            value, usual = values[variant], values[default]
            # Other attribution methods have SNRs of their own, from their own maps.
            truths = {"truth": truth[variant], "second_truth": truth[default]}
            options = {"groups": groups, "draws": draws, "seed": seed}
            away = spearman_difference(value, usual, **truths, **options)
            follows, order = (spearman(value, v, draws=1).value for v in (truth[variant], usual))
            n = int(np.isfinite(value).sum())
            rows.append((family, variant, variant == default, n, follows, *away, order))
    names = ["family", "variant", "default", "networks", "spearman"]
    table = pd.DataFrame(rows, columns=[*names, "difference", "low", "high", "order"])
    listed = list(DEFAULTS)
    return table.sort_values(
        "family", key=lambda f: f.map(listed.index), kind="stable", ignore_index=True
    )
