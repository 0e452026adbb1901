"""Which score is recommended? Every candidate on every network and on maps that know nothing.

`scores` has the KLD and the mean KLD of exchanged maps, by reading and length, of each network and
of each control map on the same sequences; `jitter` has them for a word that stands ever less
exactly at one place. The rule is on the page, and `choose` runs it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from attribution_consistency import length_weights
from attribution_consistency.maps import READINGS
from attribution_consistency.nulls import exchanged_klds
from attribution_consistency.sequences import codes_to_one_hot

from .. import rivals, store
from ..paths import Run, read_maps, usable_networks
from ..stand_ins import held_out_consistency
from ..tables import by_length, configuration, significant
from .controls_maps import spikes

if TYPE_CHECKING:
    import pandas as pd

PREFIX, TABLES = "recommendation", ("scores", "jitter")
POPULATIONS, OPTIONAL, CHAPTER = ("synthetic",), ("koo", "gm12878_dnase"), "06_controls"
ABSENT = "This run did not make these tables.", ""
BLIND = ("spike", "noise", "position", "constant")  # maps that know nothing
DRAWS = 20  # maps of each
PLACES = (0, 1, 3, 10, 90)  # by how much a word is moved; 90: anywhere
PERCENTILE = 0.05  # of trained networks, which no control may exceed


def make(run: Run, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Every table of `TABLES` from the artefacts of a run, {name: DataFrame}."""
    import pandas as pd

    ks, rows = settings["scores"]["ks"], []
    for population in (*POPULATIONS, *OPTIONAL):
        if not (ids := usable_networks(run, population)):
            continue
        first = read_maps(run.name, population, ids[0])
        x = codes_to_one_hot(store.load(run.data(population))["codes"][first["rows"]])
        given: list[tuple[str, Any, Any]] = [("network", i, None) for i in ids]
        given += [(*named, a) for named, a in zip(product(BLIND, range(DRAWS)), blind(x))]

        def one(item: tuple[str, Any, Any], x: np.ndarray = x, where: str = population) -> Any:
            kind, name, a = item
            a = read_maps(run.name, where, name)["a"] if a is None else a
            return {"population": where, "kind": kind, "id": name, **both(x, a, ks)}

        with ThreadPoolExecutor(2) as pool:
            rows += list(pool.map(one, given))
    moved = [{"moved": m, **both(*at_a_place(m), ks)} for m in PLACES]
    return {"scores": significant(pd.DataFrame(rows)), "jitter": significant(pd.DataFrame(moved))}


def both(x: np.ndarray, a: np.ndarray, ks: list[int]) -> dict[str, float]:
    """KLDs, and means of those of exchanged maps, by reading and length."""
    row: dict[str, float] = {}
    for reading in READINGS:
        klds = exchanged_klds(x, a, ks, reading=reading)
        for what, values in (("kld", klds[0]), ("exchanged", klds[1:].mean(axis=0))):
            row |= {f"{what}_{reading}_k{k}": v for k, v in zip(ks, values)}
    return row


def blind(x: np.ndarray) -> Iterator[np.ndarray]:
    """Maps of every kind of `BLIND` in turn, (N, L, 4): the constant one is there once."""
    n, length, _ = x.shape
    bump = np.exp(-0.5 * ((np.arange(length) - length / 2) / (length / 10)) ** 2)
    for kind, seed in product(BLIND, range(DRAWS)):
        rng = np.random.default_rng([BLIND.index(kind), seed])
        if kind == "spike":
            yield spikes(x, rng)
        elif kind == "noise":
            yield rng.normal(size=x.shape)
        elif kind == "position":
            yield x * (bump * rng.gamma(1, size=(n, length)))[..., None]
        elif seed == 0:
            yield x


def at_a_place(moved: int, n: int = 500, length: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Sequences with one word near their middle, moved by up to `moved`, and a map that sees it."""
    rng = np.random.default_rng(moved)
    codes, word = rng.integers(0, 4, (n, length)), rng.integers(0, 4, 8)
    at = length // 2 - 4 + rng.integers(-moved, moved + 1, n)
    places = at[:, None] + np.arange(8)
    codes[np.arange(n)[:, None], places] = word
    x = codes_to_one_hot(codes)
    score = 0.1 * rng.random((n, length))
    score[np.arange(n)[:, None], places] += 1
    return x, x * score[..., None]


class Candidate(NamedTuple):
    """A score that could be recommended."""

    form: str  # raw or excess
    reading: str
    weights: str  # equal, learnt or k = 6

    @property
    def name(self) -> str:
        return f"{self.form}, {self.reading}, {self.weights}"


FORMS, WEIGHTS = ("excess", "raw"), ("equal", "learnt", "k = 6")
CANDIDATES = [Candidate(*choice) for choice in product(FORMS, READINGS, WEIGHTS)]
DEFAULT = CANDIDATES[0]


def values(table: pd.DataFrame, candidate: Candidate, snr: pd.Series) -> np.ndarray:
    """A candidate on every row of `scores`; learnt weights never saw the configuration."""
    ks, names = by_length(table, f"kld_{candidate.reading}")
    klds = table[names].to_numpy(float)
    if candidate.form == "excess":
        klds = klds - table[[n.replace("kld_", "exchanged_") for n in names]].to_numpy(float)
    if candidate.weights == "equal":
        return klds.mean(axis=1)
    if candidate.weights != "learnt":
        return klds[:, ks.index(6)]
    ours = ((table["population"] == "synthetic") & (table["kind"] == "network")).to_numpy()
    groups = configuration(table[ours]).to_numpy()
    with warnings.catch_warnings(action="ignore"):  # small runs have few networks
        fit = length_weights(klds[ours], table["id"][ours].map(snr), groups=groups)
    found = klds @ fit.mean
    found[ours] = held_out_consistency(klds[ours], fit)
    return found


def exceeded(table: pd.DataFrame, scores: np.ndarray, highest: bool = False) -> dict[str, float]:
    """Share of networks below each control, in the worst population.

    A control is the mean of its maps or, if asked, the highest of them.
    """
    found = dict.fromkeys(BLIND, 0.0)
    for population in table["population"].unique():
        here = (table["population"] == population).to_numpy()
        real = scores[here & (table["kind"] == "network").to_numpy()]
        for kind in BLIND:
            blind = scores[here & (table["kind"] == kind).to_numpy()]
            bound = blind.max() if highest else blind.mean()
            found[kind] = max(found[kind], float((real < bound).mean()))
    return found


def choose(
    table: pd.DataFrame, truths: pd.DataFrame, draws: int = 500, seed: int = 0
) -> tuple[pd.DataFrame, str]:
    """The rule: every candidate, what it lets through, how it follows the truths, and the choice.

    Parameters
    ----------
    table : `scores`
    truths : score tables of populations whose truth is known, one below the other
    draws, seed : int
        Of the bootstrap.

    Returns
    -------
    table : DataFrame
        One row a candidate: a column for each control (share of networks below it), admitted,
        highest (the largest such share of a single control map), follows (mean rank correlation
        inside kinds over truths and populations), place (mean), and difference, low and high, from
        the default.
    chosen : str
        The admitted candidate of the best place; of those not told apart from it, the default.
    """
    import pandas as pd

    truths = truths[truths["population"].isin(table["population"])]
    snr = truths.query("population == 'synthetic'").set_index("id")["snr"]
    scores = {c.name: values(table, c, snr) for c in CANDIDATES}
    rows = {name: exceeded(table, s) for name, s in scores.items()}
    worst = {name: max(exceeded(table, s, highest=True).values()) for name, s in scores.items()}
    parts = []
    for population, known in truths.groupby("population"):
        place = pd.Series(np.arange(len(table)), table["id"].astype(str) + table["population"])
        at = place[known["id"] + population].to_numpy()
        own = {t: known[c].to_numpy(float) for t, c in rivals.TRUTHS.items() if t != "median SNR"}
        level = {"kind": rivals.levels(known)["kind"]}
        groups = configuration(known) if population == "synthetic" else known["id"]
        given, drawn = {n: s[at] for n, s in scores.items()}, {"draws": draws, "seed": seed}
        part = rivals.compare(given, own, level, groups, reference=DEFAULT.name, **drawn)
        parts.append(part.assign(place=part.groupby("truth")["estimate"].rank(ascending=False)))
    mean = pd.concat(parts).groupby("score")[[*rivals.NUMBERS, "place"]].mean()
    found = pd.DataFrame(rows).T.assign(highest=pd.Series(worst))
    found["admitted"] = (found[list(BLIND)] <= PERCENTILE).all(axis=1)
    found[["follows", "place"]] = mean[["estimate", "place"]]
    found[["difference", "low", "high"]] = mean[list(rivals.NUMBERS[3:])]
    best = found.loc[found["admitted"], "place"].idxmin()
    tied = found.loc[best, "low"] <= 0 and found.loc[DEFAULT.name, "admitted"]
    return found.rename_axis("candidate").reset_index(), DEFAULT.name if tied else best
