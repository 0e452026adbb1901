"""Seqlet yield: how many different motifs TF-MoDISco finds in the maps of a network.

A *seqlet* is a short stretch of high attribution.  TF-MoDISco (Shrikumar et al. 2018,
arXiv:1811.00416) clusters seqlets into patterns; its reimplementation tfmodisco-lite runs here as a
program of its own, on files in its own form.  Every network gives as many seqlets, as far as it has
them, from the same windows.  The yield is the number of patterns that match a JASPAR matrix, motifs
that resemble each other counted once.  Baseline: rotated maps, see `rotation.rotated`.

It needs the extra `seqlets` and ten minutes, so runs leave it out unless `studies.seqlets.run`
is on.  The program draws random numbers of its own: a repeated run may differ by a pattern.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from attribution_consistency import motifs
from attribution_consistency.maps import gradient_correction
from attribution_consistency.sequences import codes_to_one_hot

from .. import paths, store
from ..measures import frequencies, spread
from ..rotation import rotated
from .real_data import POPULATION, compared

if TYPE_CHECKING:
    import pandas as pd

PREFIX = "seqlets"
CHAPTER = "05_real_data"
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
NOTHING = {"factor": "", "named": False, "counts": False}  # of a pattern that fits no matrix
ABSENT = (
    "This run did not look for patterns (`studies.seqlets.run` is off in its configuration).",
    "To look for them, see `config/seqlets.yml`.",
)


class SeqletError(ValueError):
    """Patterns cannot be found; the message says why and what to do."""


class Pattern(NamedTuple):
    """What the seqlets of one cluster have in common."""

    seqlets: int
    ppm: np.ndarray  # (width, 4) base frequencies


def make(run: paths.Run, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """The tables of the study, {name: DataFrame}; see `make_tables`."""
    from ..zoo.trained import Networks

    chosen = settings["studies"][PREFIX]
    scores = compared(paths.read_csv(run.scores(POPULATION)))
    data = store.load(run.data(POPULATION), ["codes", "y"])
    x = codes_to_one_hot(data["codes"][windows(data["y"], chosen["n_sequences"])])
    networks = Networks.of_run(run, settings, POPULATION, x.shape[1])
    return make_tables(x, scores["id"], lambda name: networks.maps(name, x), chosen)


def windows(y: np.ndarray, n: int) -> np.ndarray:
    """Row numbers of at most `n` accessible windows, spread evenly over them, then shuffled.

    The order matters: the program takes seqlets from the first windows until it has enough.
    """
    accessible = np.flatnonzero(y[:, 0] > 0.5)
    return np.random.default_rng(SEED).permutation(accessible[spread(len(accessible), n)])


def make_tables(
    x: np.ndarray, ids: Iterable[str], maps: Callable[[str], np.ndarray], chosen: Mapping[str, Any]
) -> dict[str, pd.DataFrame]:
    """Every table of `TABLES`, {name: DataFrame}.

    Parameters
    ----------
    x : ndarray, shape (N, L, 4)
        One-hot windows.
    ids : iterable of str
        The networks.
    maps : callable
        From the id of a network to its maps (N, L, 4).
    chosen : dict
        `studies.seqlets` of the configuration.
    """
    import pandas as pd

    rows, listed = [], []
    for name in ids:
        a = gradient_correction(maps(name))
        turned = rotated(x, a, np.random.default_rng([SEED, 1]))  # alike for every network
        counted = []
        for kind, values in (("network", a), ("rotated", turned)):
            matches = match(find_patterns(x, values, chosen["budget"]))
            listed += [{"model": name, "maps": kind} | matched for matched in matches]
            counted.append((sum(matched["counts"] for matched in matches), len(matches)))
        (value, n), (baseline, n_baseline) = counted
        numbers = (value, baseline, value - baseline, n, n_baseline)
        rows.append((name, MEASURE, *numbers, len(x), chosen["budget"]))
        print(f"{name}: {value} motifs in {n} patterns; rotated {baseline} in {n_baseline}")
    fields = ["value", "baseline", "excess", "n", "n_baseline"]
    columns = ["model", "measure", *fields, "windows", "budget"]
    return {
        "measures": pd.DataFrame(rows, columns=columns),
        "patterns": pd.DataFrame(listed, columns=["model", "maps", *NOTHING]),
    }


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
        options = {
            "sequences": "sequences.npz",
            "attributions": "attributions.npz",
            "max-seqlets": str(budget),
            "window": str(x.shape[1] // 2 * 2),
            "output": "patterns.h5",
        }
        command = [program(), "motifs", *(w for k, v in options.items() for w in (f"--{k}", v))]
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
    path = shutil.which("modisco", path=os.path.dirname(sys.executable)) or shutil.which("modisco")
    if path is None:
        raise SeqletError(
            "the program modisco is not here: pip install 'modisco-lite>=2.3', or "
            "turn studies.seqlets.run off"
        )
    return path


def read_patterns(path: str | os.PathLike[str]) -> list[Pattern]:
    """The patterns in an HDF5 file of tfmodisco-lite, cut to their core."""
    import h5py

    patterns = []
    with h5py.File(path) as file:
        for sign in ("pos", "neg"):
            for pattern in file.get(f"{sign}_patterns", {}).values():
                height = np.abs(pattern["contrib_scores"][:]).sum(axis=1)
                core = np.flatnonzero(height >= HEIGHT * height.max())
                part = slice(max(0, core[0] - FLANK), core[-1] + FLANK + 1)
                count = int(np.ravel(pattern["seqlets"]["n_seqlets"][:])[0])
                patterns.append(Pattern(count, pattern["sequence"][part]))
    return sorted(patterns, key=lambda pattern: -pattern.seqlets)


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
        row = dict(NOTHING)
        query = core(pattern.ppm)
        if len(query) >= SHORTEST:
            p = np.asarray(tomtom([query.T], ppms)[0])[0]
            best = int(p.argmin())
            row["factor"] = library[ids[best]][0]
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
