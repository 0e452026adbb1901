"""Seqlet yield: how many different motifs TF-MoDISco finds in the maps of a network.

A *seqlet* is a short stretch of high attribution.  TF-MoDISco (Shrikumar et al. 2018,
arXiv:1811.00416) clusters seqlets into patterns; its reimplementation tfmodisco-lite runs here as a
program of its own, on files in its own form.  Every network gives as many seqlets, as far as it has
them, from the same windows.  The yield is the number of patterns that match a JASPAR matrix, motifs
that resemble each other counted once.  Baseline: rotated maps, see `controls_maps.rotated`.

It needs the extra `seqlets` and ten minutes, so runs leave it out unless `studies.seqlets.run`
is on.  The program draws random numbers of its own: a repeated run may differ by a pattern.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import artefacts
from ..datasets import motifs, store
from ..datasets.sequences import codes_to_one_hot
from ..metric import gradient_correction
from . import evidence, real_data
from .controls_maps import rotated
from .evidence_measures import frequencies

if TYPE_CHECKING:
    import pandas as pd

PREFIX = "seqlets"
CHAPTER = "05_real_data"
POPULATION = evidence.POPULATION
POPULATIONS = (POPULATION,)
TABLES = ("measures", "patterns")
MEASURE = "seqlet_yield"
SEED = 7
SIGNIFICANCE = 0.05  # over all matrices that a pattern is compared with
HEIGHT, FLANK = 0.3, 4  # a pattern is cut where attribution falls below 0.3 of its peak, plus 4
# Long vague matrices, such as that of Pax4, match every long pattern, so ends are cut to the first
# and last column of half a bit and only matrices of one bit a column are used.  Set after seeing
# the patterns of two networks, before any yield was held against a score.
EDGE, SHARP, SHORTEST = 0.5, 1.0, 5
ABSENT = (
    "This run did not look for patterns (`studies.seqlets.run` is off in its configuration).",
    "To look for them, see `config/seqlets.yml`.",
)


class SeqletError(ValueError):
    """Patterns cannot be found; the message says why and what to do."""


class Pattern(NamedTuple):
    """What the seqlets of one cluster have in common."""

    sign: str  # "pos" or "neg": attribution for or against the output
    seqlets: int
    ppm: np.ndarray  # (width, 4) base frequencies


def make(run: artefacts.Run, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """The tables of the study, {name: DataFrame}; see `make_tables`."""
    chosen = settings["studies"][PREFIX]
    scores = real_data.compared(artefacts.read_csv(run.scores(POPULATION)))
    data = store.load(run.data(POPULATION), ["codes", "y", "split"])
    x = codes_to_one_hot(data["codes"][windows(data["y"], chosen["n_sequences"])])
    networks = evidence.Networks(run, settings, data["codes"][data["split"] == 2])
    return make_tables(x, scores, lambda name: networks.maps(name, x), chosen)


def windows(y: np.ndarray, n: int) -> np.ndarray:
    """Row numbers of at most `n` accessible windows, spread evenly over them, then shuffled.

    The order matters: the program takes seqlets from the first windows until it has enough.
    """
    accessible = np.flatnonzero(y[:, 0] > 0.5)
    return np.random.default_rng(SEED).permutation(accessible[evidence.spread(len(accessible), n)])


def make_tables(
    x: np.ndarray,
    scores: pd.DataFrame,
    maps: Callable[[str], np.ndarray],
    chosen: Mapping[str, Any],
) -> dict[str, pd.DataFrame]:
    """Every table of `TABLES`, {name: DataFrame}.

    Parameters
    ----------
    x : ndarray, shape (N, L, 4)
        One-hot windows.
    scores : DataFrame
        Score table of the networks.
    maps : callable
        From the id of a network to its maps (N, L, 4).
    chosen : dict
        `studies.seqlets` of the configuration.
    """
    import pandas as pd

    rows, listed = [], []
    for name in scores["id"]:
        a = gradient_correction(maps(name))
        turned = rotated(x, a, np.random.default_rng([SEED, 1]))  # alike for every network
        counted = {}
        for kind, these in (("network", a), ("rotated", turned)):
            patterns = find_patterns(x, these, chosen["budget"])
            matches = match(patterns)
            for number, (pattern, found) in enumerate(zip(patterns, matches), 1):
                listed.append(
                    {
                        "model": name,
                        "maps": kind,
                        "pattern": number,
                        "sign": pattern.sign,
                        "seqlets": pattern.seqlets,
                        "consensus": consensus(pattern.ppm),
                        **found,
                    }
                )
            counted[kind] = sum(found["counts"] for found in matches), len(patterns)
        (value, n), (baseline, n_baseline) = counted["network"], counted["rotated"]
        rows.append(
            {
                "model": name,
                "measure": MEASURE,
                "value": value,
                "baseline": baseline,
                "excess": value - baseline,
                "n": n,
                "n_baseline": n_baseline,
                "windows": len(x),
                "budget": chosen["budget"],
            }
        )
        print(
            f"{name}: {value} motifs in {n} patterns; rotated {baseline} in {n_baseline}",
            flush=True,
        )
    table = pd.DataFrame(rows)
    columns = [
        "model",
        "maps",
        "pattern",
        "sign",
        "seqlets",
        "consensus",
        "matrix",
        "factor",
        "p_value",
        "named",
        "counts",
    ]
    return {"measures": table, "patterns": pd.DataFrame(listed, columns=columns)}


# --- the program ---------------------------------------------------------------------------


def find_patterns(x: np.ndarray, a: np.ndarray, budget: int) -> list[Pattern]:
    """Patterns that tfmodisco-lite finds in maps, most seqlets first.

    Parameters
    ----------
    x, a : ndarray, shape (N, L, 4)
        One-hot sequences and corrected maps of all four bases.
    budget : int
        Largest number of seqlets for, and of seqlets against, the output.

    Raises
    ------
    SeqletError
        When the program is not here or fails.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, array in (("sequences", x), ("attributions", a)):
            # Its arrays have the length last.
            np.savez(folder / f"{name}.npz", array.transpose(0, 2, 1).astype(np.float32))
        command = [
            program(),
            "motifs",
            "--sequences",
            "sequences.npz",
            "--attributions",
            "attributions.npz",
            "--max-seqlets",
            str(budget),
            "--window",
            str(x.shape[1] // 2 * 2),
            "--output",
            "patterns.h5",
        ]
        threads = dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS"), "1")
        done = subprocess.run(
            command, cwd=folder, env=os.environ | threads, capture_output=True, text=True
        )
        if done.returncode:
            last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
            raise SeqletError(f"modisco motifs failed with {done.returncode}: {last}")
        return read_patterns(folder / "patterns.h5")


def program() -> str:
    """Path of tfmodisco-lite's program, beside the running Python or on the search path."""
    found = shutil.which("modisco", path=os.path.dirname(sys.executable)) or shutil.which("modisco")
    if found is None:
        raise SeqletError(
            "the program modisco is not here: pip install 'modisco-lite>=2.3', or "
            "turn studies.seqlets.run off"
        )
    return found


def read_patterns(path: str | os.PathLike[str]) -> list[Pattern]:
    """The patterns in an HDF5 file of tfmodisco-lite, cut to their core."""
    import h5py

    found = []
    with h5py.File(path) as file:
        for sign in ("pos", "neg"):
            for pattern in file.get(f"{sign}_patterns", {}).values():
                height = np.abs(pattern["contrib_scores"][:]).sum(axis=1)
                core = np.flatnonzero(height >= HEIGHT * height.max())
                part = slice(max(0, core[0] - FLANK), core[-1] + FLANK + 1)
                count = int(np.ravel(pattern["seqlets"]["n_seqlets"][:])[0])
                found.append(Pattern(sign, count, pattern["sequence"][part]))
    return sorted(found, key=lambda pattern: -pattern.seqlets)


# --- matches with JASPAR -------------------------------------------------------------------


def match(patterns: Sequence[Pattern]) -> list[dict[str, Any]]:
    """The JASPAR matrix that fits each pattern best: a list of dicts, one a pattern.

    A pattern is named when the p-value of Tomtom for its best matrix is at most `SIGNIFICANCE`
    divided by the number of matrices.  `counts` is whether it adds to the yield: it is named, and
    its matrix does not match that of an earlier one.

    References
    ----------
    Tomtom: Gupta et al. (2007), Genome Biology 8, R24.
    """
    from memelite import tomtom

    library = motifs.jaspar_matrices()
    cut = {i: core(frequencies(counts)) for i, (_, counts) in library.items()}
    ids = [i for i, ppm in cut.items() if len(ppm) and motifs.information(ppm).mean() >= SHARP]
    ppms = [cut[i].T for i in ids]
    limit = SIGNIFICANCE / len(ids)
    earlier: list[int] = []
    rows = []
    for pattern in patterns:
        row = {"matrix": "", "factor": "", "p_value": 1.0, "named": False, "counts": False}
        query = core(pattern.ppm)
        if len(query) >= SHORTEST:
            p = np.asarray(tomtom([query.T], ppms)[0])[0]
            best = int(p.argmin())
            row |= {"matrix": ids[best], "factor": library[ids[best]][0], "p_value": p[best]}
            if p[best] <= limit:
                alike = np.asarray(tomtom([ppms[best]], ppms)[0])[0] <= limit
                row |= {"named": True, "counts": not alike[earlier].any()}
                earlier.append(best)
        rows.append(row)
    return rows


def core(ppm: np.ndarray) -> np.ndarray:
    """Base frequencies (width, 4) from the first to the last column of `EDGE` bits."""
    informative = np.flatnonzero(motifs.information(ppm) >= EDGE)
    return ppm[informative[0] : informative[-1] + 1] if len(informative) else ppm[:0]


def consensus(ppm: np.ndarray) -> str:
    """The most frequent base of each column; in small letters where it has less than half."""
    letters = ("ACGT"[i] for i in ppm.argmax(axis=1))
    return "".join(c if p >= 0.5 else c.lower() for c, p in zip(letters, ppm.max(axis=1)))
