"""What the chapter on controls reads off its tables: shares, correlations, a choice by a rule."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution_consistency import length_weights
from attribution_consistency.maps import READINGS
from attribution_consistency.rounding import first_largest, first_smallest

from .. import tables
from ..stand_ins import held_out_consistency, shipped_length_weights
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
TREATMENTS = {"kept": "KLD", "subtracted": "KLD - floor", "constant": "KL from constant"}
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


def readings(maps: pd.DataFrame, seed: int = 0, draws: int = 1000, **options: Any) -> pd.DataFrame:
    """Each reading with each treatment of the floor: how it follows SNR, what outranks it.

    Treatments, see `TREATMENTS`: the KLD as it is; minus that of a constant map on the same
    sequences; the divergence from the distribution that the constant map gives.  Every network
    is scored with length weights of the trial that held it out; `outranked` compares networks
    and controls, all scored with the mean weights, and takes the worst control.

    Parameters
    ----------
    maps : table of maps
    seed : int
        Of the fit and of the bootstrap.
    draws : int
        Of the bootstrap.
    options : of the fit

    Returns
    -------
    DataFrame
        One row each: reading, treatment, spearman, low, high, a column for each control, worst,
        and the held-out scores of the networks as `scores`.
    """
    import pandas as pd

    real = control_rows(maps, "network")
    snr, groups = real["snr"].to_numpy(float), tables.configuration(real).to_numpy()
    constant = maps[(maps["kind"] == "constant") & (maps["population"] == "synthetic")].iloc[0]
    rows = []
    for reading, treatment in itertools.product(READINGS, TREATMENTS):
        ks, names = tables.by_length(
            maps, f"{'excess' if treatment == 'constant' else 'kld'}_{reading}"
        )
        floor = constant[names].to_numpy(float) if treatment == "subtracted" else 0.0
        klds = real[names].to_numpy(float) - floor
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # one network a configuration is few
                fit = length_weights(klds, snr, groups=groups, seed=seed, **options)
            final = held_out_consistency(klds, fit)
        except ValueError:  # too few networks for a fit
            fit = shipped_length_weights(reading, ks)
            final = klds @ fit.mean

        def score(rows, names=names, floor=floor, fit=fit):
            return (rows[names].to_numpy(float) - floor) @ fit.mean

        shares = {c: outranked(maps, score, c) for c in CONTROLS}
        estimate = spearman(final, snr, groups=groups, draws=draws, seed=seed)
        row: dict[str, Any] = {"reading": reading, "treatment": treatment}
        row |= dict(zip(("spearman", "low", "high"), estimate)) | shares
        rows.append(row | {"worst": np.nanmax(list(shares.values())), "scores": final})
    return pd.DataFrame(rows)


def choose_reading(
    table: pd.DataFrame, maps: pd.DataFrame, seed: int = 0, draws: int = 1000
) -> tuple[int, np.ndarray]:
    """Choose a row of `readings` by a rule fixed before looking.

    Admitted is what does not follow SNR visibly worse than the best: the 95 % interval of the
    difference of the correlations, bootstrapped over configurations, holds 0.  Of these the one
    whose worst control outranks the smallest share of networks; of equals the first listed.

    Returns
    -------
    position of the chosen row, and which rows are admitted, bool (rows,)
    """
    real = control_rows(maps, "network")
    snr, groups = real["snr"], tables.configuration(real).to_numpy()
    best = table["scores"].iloc[first_largest(table["spearman"])]
    admitted = [
        spearman_difference(best, scores, snr, groups=groups, draws=draws, seed=seed).low <= 0
        for scores in table["scores"]
    ]
    worst = table["worst"].where(admitted)
    return first_smallest(worst), np.array(admitted)


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
