"""What is scored of one model: its excess, what p says of it, its words, other choices."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from . import divergence, exchange, maps, motifs, words
from .arrays import Array, Floats, Ints
from .kmers import all_kmers, stay, sum_windows
from .length_scaling import LengthWeights, consistency
from .nulls import FEWEST_DRAWS, NullTest, exchanged_klds, exchanged_null, rotated_null
from .power import power
from .uncertainty import Jackknife, excess_interval

MOSTLY_KEPT = 0.5  # share of the KLD over the floor that exchange keeps
SLIGHT = 0.1  # of the floor: a KLD over it by less says nothing that positions could explain
LEVEL = 0.05
MOST_DRAWS = 100_000
ENOUGH = 0.8  # power without which nothing found says nothing
FOUND, NOTHING = "consistent words", "no evidence of consistent words"
UNSURE = "cannot tell"
COINCIDE, WEAK = "words and positions coincide", "too little to go by"
BASES_ONLY = "single bases are preferred, and no words"


@dataclass(frozen=True)
class Settings:
    """What is scored, and how much work goes into intervals and the null."""

    ks: tuple[int, ...] = (3, 4, 5, 6, 7, 8)
    reading: str = "frequency"
    score: str = "abs_input"
    correct: bool = True
    draws: int = 99
    max_sequences: int = 1000
    seed: int = 0
    weights: str = "equal"  # of lengths, or `learnt`
    ignored_words: tuple[str, ...] = ()  # whose bases count in no k-mer

    def __post_init__(self) -> None:
        maps.check_whole(self.draws, "draws", FEWEST_DRAWS, MOST_DRAWS)
        maps.check_whole(self.max_sequences, "max_sequences", 0)
        maps.check_whole(self.seed, "seed", 0, 2**63)

    @property
    def options(self) -> dict[str, Any]:
        """Those of the metric, see `kmer_klds`."""
        own = {"reading": self.reading, "score": self.score, "correct": self.correct}
        return own | {"ignore": self.ignored_words}


class Scored(NamedTuple):
    """What is kept of one model."""

    row: dict[str, Any]  # of the table
    test: NullTest  # of the weighted score
    interval: Jackknife
    words: pd.DataFrame
    logos: Array


@dataclass(frozen=True)
class Scorer:
    """Scores one model after another on the same sequences."""

    x: Array  # (N, L, 4)
    settings: Settings
    weights: LengthWeights | Floats
    intervals: list[exchange.Interval] | None = None  # of the sequences

    def score(self, a: Array, shown: Ints) -> Scored:
        """All that is kept of a model with maps `a`; `shown`, the rows of its logos."""
        s = self.settings
        own = s.options | {"seed": s.seed, "intervals": self.intervals}
        null = exchanged_null(self.x, a, s.ks, n_draws=s.draws, **own)
        test = null.weighted(self.weights)
        interval = excess_interval(self.x, a, s.ks, null=test, weights=self.weights, **own)
        row = self.row(a, null, test, interval)
        if not np.isfinite(row["score_low"]):
            zero = f"the maps of {row['n_all_zero']} of {row['n']} sequences are zero everywhere"
            raise ValueError(f"a: {zero}, which leaves too few for an interval")
        return Scored(row, test, interval, self.words(a), a[shown])

    @cached_property
    def exchange(self) -> exchange.Exchange:
        """Which tracks may change places."""
        codes = maps.tracks(self.x, [None], maps.Options()).codes
        return exchange.exchangeable(codes, self.intervals)

    @cached_property
    def floor(self) -> Floats:
        """KLD of a constant map on the sequences that are exchanged, (K,)."""
        constant = self.settings.options | {"correct": False, "intervals": self.intervals}
        klds = exchanged_klds(self.x, self.x, self.settings.ks, n_draws=0, **constant)
        return np.asarray(klds[0])

    def row(self, a: Array, null: NullTest, test: NullTest, interval: Jackknife) -> dict[str, Any]:
        """The row of a model in the table."""
        x, s, own, weights = self.x, self.settings, self.settings.options, self.weights
        drawn: dict[str, Any] = {"weights": weights, "seed": s.seed, "intervals": self.intervals}
        by_k = {"kld": null.observed, "floor": self.floor, "excess": null.excess}
        by_k["null"] = null.null.mean(axis=0)
        row: dict[str, Any] = {"n": len(x), "length": x.shape[1]}
        row["n_distinct"] = len(self.exchange.first)
        for name, value in zip(("score", "score_se", "score_low", "score_high"), interval):
            row[name] = float(value)
        row["score_floor"] = float(consistency(self.floor, weights))
        row |= {"score_kld": float(test.observed), "score_null": float(test.null.mean())}
        over = row["score_kld"] - row["score_floor"]
        row["kept"] = (row["score_null"] - row["score_floor"]) / over if over > 0 else np.nan
        row["p"], row["p_rotated"] = float(test.p_value), np.nan
        mostly_kept = over > SLIGHT * row["score_floor"] and row["kept"] >= MOSTLY_KEPT
        if row["p"] > LEVEL and mostly_kept and x.shape[1] >= 2 * exchange.CLOSEST:
            turned = rotated_null(x, a, s.ks, n_draws=s.draws, seed=s.seed, weights=weights, **own)
            row["p_rotated"] = float(turned.p_value)
        row["power"], row["p_words"] = np.nan, np.nan
        if row["p"] <= LEVEL:
            given = own | drawn | {"n_draws": s.draws, "score": "abs_input", "correct": False}
            level = maps.level_bases(x, a, maps.Options(**own))
            row["p_words"] = float(exchanged_null(x, level, s.ks, **given).p_value)
        if test.p_value > 1 / (1 + s.draws):
            row["power"] = power(x, a, s.ks, level=LEVEL, **drawn, **own)
        scored = maps.tracks(x, [a], maps.Options(**own))
        _, by_base = sum_windows(scored.codes, scored.shares, stay(*x.shape[:2]), all_kmers([1]))
        row |= dict(zip(("on_A", "on_C", "on_G", "on_T"), by_base[1][0] / by_base[1][0].sum()))
        k = min(6, x.shape[1])
        row["explained"] = words.explained(exchange.collapse(scored, self.exchange), k)
        row["kld_original"] = divergence.thresholded_kld(x, a, k, correct=s.correct)
        row["n_all_zero"] = int(scored.n_all_zero[0])
        return row | {f"{name}_k{k}": v for name, vs in by_k.items() for k, v in zip(s.ks, vs)}

    def words(self, a: Array) -> pd.DataFrame:
        """The words that carry more attribution than by chance, and the motifs that they fit."""
        s = self.settings
        k = min(6, max(s.ks))
        own = s.options | {"seed": s.seed, "intervals": self.intervals}
        found = words.attributed_words(self.x, a, k, **own)._asdict()
        table = pd.DataFrame({"word": found.pop("names"), **found})
        return table.assign(fits=[motifs.fitting_names(word) for word in table["word"]])


def verdict(row: Mapping[str, Any]) -> tuple[str, str]:
    """What the p-value of all models says of one, and why it says nothing, where it does."""
    if row["p_family"] <= LEVEL:
        return (FOUND, "") if row["p_words"] <= LEVEL else (NOTHING, BASES_ONLY)
    if row["p_rotated"] <= LEVEL:
        return UNSURE, COINCIDE
    return (UNSURE, WEAK) if row["power"] < ENOUGH else (NOTHING, "")
