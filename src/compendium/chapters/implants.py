"""Truth on real DNA: motifs of open chromatin, written into closed windows that no network saw.

Which motifs: those that stand more often in accessible training windows than in closed ones, beyond
what their columns shuffled do. No network is asked. Into every closed test window go three sites of
such motifs and three of the same matrices with shuffled columns, in random order. `networks` says
how well the maps of each network tell the former, `motifs` which motifs were taken.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from attribution_consistency import motif_aupr, motifs, signal_to_noise
from attribution_consistency.rounding import at_least
from attribution_consistency.sequences import codes_to_one_hot

from .. import paths, store
from ..kmer_words import similarity
from ..tables import mean, significant

if TYPE_CHECKING:
    import pandas as pd

    from ..zoo.trained import Networks

PREFIX, TABLES, CHAPTER = "implants", ("networks", "motifs"), "12_truth_on_dna"
POPULATION = "gm12878_dnase"
POPULATIONS = (POPULATION,)
ABSENT = (
    "This run has no real sequences, or no networks for them.",
    "For the real ones run `make prepare`, which downloads them, and build the book again.",
)
MATCH = 0.85  # a hit scores at least this share of the way from a matrix's worst to its best
SCANNED, TAKEN, ALIKE = 1000, 10, 0.75  # windows of each class; motifs; no two more similar
SITES, SEED = 3, 0  # true ones in a window, and as many shuffled ones


class Planted(NamedTuple):
    """Windows with sites, before and after, and where the sites stand."""

    before: np.ndarray  # codes (N, L)
    after: np.ndarray
    start: np.ndarray  # (N, 2 SITES), the true ones first
    width: np.ndarray

    def mask(self, sites: slice, kept: np.ndarray | None = None) -> np.ndarray:
        """Positions (N, L) of some sites, or of those of them that are kept (N, sites)."""
        at = np.arange(self.after.shape[1])[None, :, None]
        start, width = self.start[:, None, sites], self.width[:, None, sites]
        inside = (at >= start) & (at < start + width)
        return (inside if kept is None else inside & kept[:, None]).any(axis=2)


TRUE, FALSE = slice(0, SITES), slice(SITES, None)


def make(run: paths.Run, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Every table of `TABLES` from the artefacts of a run, {name: DataFrame}."""
    import pandas as pd

    from ..zoo.trained import Networks

    data = store.load(run.data(POPULATION))
    open_, whole = data["y"][:, 0] > 0.5, (data["codes"] < 4).all(axis=1)
    train, test = (whole & (data["split"] == part) for part in (0, 2))
    rng = np.random.default_rng(SEED)
    scanned = [
        data["codes"][rng.choice(np.flatnonzero(train & kind), SCANNED, replace=False)]
        for kind in (open_, ~open_)
    ]
    chosen = enriched(*scanned)
    planted = plant(data["codes"][test & ~open_], chosen["matrix"], rng)
    networks = Networks.of_run(run, settings, POPULATION, planted.after.shape[1])
    ids = paths.usable_networks(run, POPULATION)
    table = pd.DataFrame({"id": i, **measure(networks, i, planted)} for i in ids)
    return {"networks": significant(table), "motifs": significant(chosen.drop(columns="matrix"))}


def log_odds(codes: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Log-odds of the better strand for every window: (N, L - width + 1), in bits."""
    n_windows = codes.shape[1] - len(bits) + 1
    strands = [
        sum(column[codes[:, i : i + n_windows]] for i, column in enumerate(oriented))
        for oriented in (bits, bits[::-1, ::-1])
    ]
    return np.maximum(*strands)


def excess_of_hits(ppm: np.ndarray, accessible: np.ndarray, closed: np.ndarray) -> float:
    """Z-score of the share of accessible windows with a hit, against that of closed ones."""
    bits = np.log2(np.maximum(ppm, 0.01) / 0.25)
    worst, best = bits.min(axis=1).sum(), bits.max(axis=1).sum()
    cutoff = worst + MATCH * (best - worst)
    one, two = (
        at_least(log_odds(codes, bits).max(axis=1), cutoff).mean() for codes in (accessible, closed)
    )
    both = (one + two) / 2
    return float((one - two) / np.sqrt(max(both * (1 - both), 1e-6) * 2 / len(accessible)))


def enriched(accessible: np.ndarray, closed: np.ndarray) -> pd.DataFrame:
    """The motifs taken, most enriched first: id, name, z, z of the shuffled matrix, matrix."""
    import pandas as pd

    library = motifs.jaspar_matrices()

    def one(item: tuple[str, tuple[str, np.ndarray]]) -> dict[str, Any]:
        matrix_id, (name, counts) = item
        ppm = counts / counts.sum(axis=1, keepdims=True)
        shuffled = shuffle(ppm, np.random.default_rng([SEED, len(ppm)]))
        z, other = (excess_of_hits(m, accessible, closed) for m in (ppm, shuffled))
        return {"id": matrix_id, "name": name, "z": z, "z_shuffled": other, "matrix": ppm}

    with ThreadPoolExecutor(2) as pool:
        table = pd.DataFrame(pool.map(one, library.items()))
    table["over"] = (table["z"] - table["z_shuffled"]).round(6)
    table = table.sort_values(["over", "id"], ascending=[False, True], ignore_index=True)
    taken: list[int] = []
    for row, ppm in enumerate(table["matrix"]):
        if all(similarity(ppm, table["matrix"][other]) < ALIKE for other in taken):
            taken.append(row)
        if len(taken) == TAKEN:
            break
    return table.loc[taken].reset_index(drop=True)


def shuffle(ppm: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A matrix (width, 4) with its columns in another order."""
    return ppm[rng.permutation(len(ppm))]


def plant(codes: np.ndarray, matrices: pd.Series, rng: np.random.Generator) -> Planted:
    """Write sites into windows (N, L), each in a part of the window of its own."""
    n, length = codes.shape
    part = length // (2 * SITES)
    after, start = codes.copy(), np.zeros((n, 2 * SITES), int)
    width = np.zeros_like(start)
    for row in range(n):
        slots = rng.permutation(2 * SITES)
        for site, slot in enumerate(slots):
            ppm = matrices[int(rng.integers(len(matrices)))][:part]
            ppm = ppm if site < SITES else shuffle(ppm, rng)
            ppm = ppm if rng.random() < 0.5 else ppm[::-1, ::-1]
            bases = (rng.random((len(ppm), 1)) >= ppm.cumsum(axis=1)[:, :3]).sum(axis=1)
            at = slot * part + int(rng.integers(part - len(ppm) + 1))
            after[row, at : at + len(ppm)] = bases
            start[row, site], width[row, site] = at, len(ppm)
    return Planted(codes, after, start, width)


def measure(networks: Networks, model_id: str, planted: Planted) -> dict[str, float]:
    """How well the maps of a network tell true sites, and those that it responds to."""
    x = codes_to_one_hot(planted.after)
    a = networks.maps(model_id, x)
    true, false = planted.mask(TRUE), planted.mask(FALSE)
    snr = signal_to_noise(x, a, true)
    row = {"n": len(x), "sites": SITES * len(x), "snr": mean(snr)}
    row["snr_median"] = float(np.nanmedian(snr))
    row["snr_absolute"] = mean(signal_to_noise(x, a, true, absolute=True))
    row["motif_aupr"] = mean(motif_aupr(x, a, true, spacer_mask=false))
    fall = falls(networks, model_id, planted)
    responds = fall[:, TRUE] > np.quantile(fall[:, FALSE], 0.95)
    answered = planted.mask(TRUE, responds)
    row["responds"] = float(responds.mean())
    row["faithful_aupr"] = mean(motif_aupr(x, a, answered, spacer_mask=false))
    return row


def falls(networks: Networks, model_id: str, planted: Planted) -> np.ndarray:
    """By how much the output falls when a site gets its old bases back, (N, 2 SITES)."""
    whole = networks.predict(model_id, codes_to_one_hot(planted.after))
    fall = np.empty(planted.start.shape)
    for site in range(2 * SITES):
        here = planted.mask(slice(site, site + 1))
        without = np.where(here, planted.before, planted.after)
        fall[:, site] = whole - networks.predict(model_id, codes_to_one_hot(without))
    return fall
