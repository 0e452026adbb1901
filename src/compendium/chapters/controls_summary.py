"""What the chapter on controls reads off its maps: which share of networks they outrank."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .controls_maps import WORDS

if TYPE_CHECKING:
    import pandas as pd

CONTROLS = {
    "rotated": "rotated maps",
    "spike": "random spikes",
    "noise": "noise",
    "words": f"{WORDS} arbitrary words",
    "word": "one arbitrary word",
    "words_in_noise": "the words in noise",
    "labels": "network, shuffled labels",
    "weights": "network, permuted weights",
    "untrained": "network, untrained",
}
METRICS = {
    "kld_original": "original metric",
    "consistency_frequency": "final score",
    "excess": "recommended score",
}


def control_rows(maps: pd.DataFrame, control: str) -> pd.DataFrame:
    """Rows of one population that belong to one control of `CONTROLS`, or to `network`."""
    if control == "rotated":
        return maps[(maps["kind"] == "network") & maps["rotated"]]
    words = {"words": WORDS, "word": 1}.get(control)
    kind = "words" if words else control
    maps = maps[(maps["kind"] == kind) & ~maps["rotated"]]
    return maps[maps["words"] == words] if words else maps


def outranked(maps: pd.DataFrame, column: str, control: str) -> np.ndarray:
    """Share of networks that score less than each map of a control, (maps,); NaN of none."""
    real, fake = (
        control_rows(maps, kind)[column].dropna().to_numpy(float) for kind in ("network", control)
    )
    return (real < fake[:, None]).sum(axis=1) / (len(real) or np.nan)


def share_outranked(maps: pd.DataFrame, column: str, control: str) -> float:
    """Mean of `outranked`, NaN without maps of the control or of a network."""
    shares = outranked(maps, column, control)
    return float(shares.sum() / (len(shares) or np.nan))


def outranked_table(maps: pd.DataFrame) -> pd.DataFrame:
    """`share_outranked` for every control (rows) and metric (columns)."""
    import pandas as pd

    return pd.DataFrame(
        {metric: {c: share_outranked(maps, metric, c) for c in CONTROLS} for metric in METRICS}
    )
