"""GM12878 chromatin accessibility: real sequences, labelled and quantified by DNase-seq hotspots.

Sequences: 201-bp windows of hg19 around CTCF, POL2, H3K4me3 and DNase peaks of GM12878 and DNA
break sites of NHEK, each set with matched windows elsewhere. Labels: DNase-seq hotspots of four
ENCODE cell lines with their tag counts. What in these files could mislead, and what is done:

* Record i of a FASTA file is row i of the BED file beside it, and holds the bases start to end
  counted from 1, both included: one more than the BED interval. Here that window is given as
  usual, from 0 and half-open: [start - 1, end).
* The two highest DNase "peaks" lie in a known artefact, chr1:560-571 kb, and are dropped.
* A tenth of the windows in the "negative" files overlap a hotspot of GM12878. So the label is the
  overlap, and the file a window came from is ignored.
* Some windows stand twice, in one file or in two; each is kept once.
* A few hotspots have tens of thousands of tags; tags per 200 bp are capped at 2,000.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from attribution_consistency.sequences import encode_codes
from attribution_consistency.texts import read_fasta

from . import intervals, remote
from .intervals import AccessibilityError, overlaps, refuse

TASK = "gm12878_dnase"
PEAKS = ("CTCF_GM12878", "DNase_GM12878", "DSBCapture_NHEK", "H3K4me3_GM12878", "POL2_GM12878")
SETS = [f"{peaks}_hg19_4000_{side}" for peaks in PEAKS for side in ("pos", "neg")]
HOTSPOTS = {  # cell line: file; ENCODE experiments ENCSR000EMT, ENO, EMU, ENP
    "GM12878": "SNEDE0000EMT",
    "HeLa-S3": "SNEDE0000ENO",
    "H1": "SNEDE0000EMU",
    "HepG2": "SNEDE0000ENP",
}
WINDOW = 201
CAP = 2000.0
ARTEFACT = ("chr1", 560_000, 571_000)
EXCLUDED = ("chrY",)

_COMPLEMENT = str.maketrans("ACGT", "TGCA")


class AccessibilityData(NamedTuple):
    """Sequences with measured accessibility, in the order of the genome.

    Attributes
    ----------
    codes : ndarray of uint8, shape (N, 201)
        0, 1, 2, 3 for A, C, G, T; 4 for no base.
    y : ndarray of float32, shape (N, 5)
        Column 0: 1 if the window overlaps a GM12878 hotspot, else 0. Columns 1 to 4:
        log(1 + min(t, 2000)) with t the tags per 200 bp in GM12878, HeLa-S3, H1 and HepG2.
    split : ndarray of uint8, shape (N,)
        0 training, 1 validation (chromosome 9), 2 test (chromosome 8).
    chrom : ndarray of str, shape (N,)
    start, end : ndarray of int64, shape (N,)
        Window [start, end), counted from 0, on hg19.
    meta : dict
        Names of the targets, rules, counts of what was dropped, and sha256 of every input file.
    """

    codes: np.ndarray
    y: np.ndarray
    split: np.ndarray
    chrom: np.ndarray
    start: np.ndarray
    end: np.ndarray
    meta: dict


def gm12878_dnase(*, table: Sequence[remote.Entry] | None = None) -> AccessibilityData:
    """Build the GM12878 accessibility data set from its registered files.

    The files must be on this machine (`remote.fetch` brings them); their sha256 is checked.

    Parameters
    ----------
    table : sequence of remote.Entry, optional
        Another registry; the shipped one by default.

    Raises
    ------
    remote.RegistryError
        If a file is absent, or is not the registered one.
    AccessibilityError
        If a file does not hold what it should: file, row and reason.
    """
    names = [f"{name}.{suffix}" for name in SETS for suffix in ("bed", "fa")]
    names = [f"{TASK}/{name}" for name in (*names, *HOTSPOTS.values())]
    path = {name: remote.verified(name, table=table) for name in names}
    digest = {entry.name: entry.sha256 for entry in remote.entries(f"{TASK}/", table=table)}
    rows = [read_regions(path[f"{TASK}/{s}.bed"], path[f"{TASK}/{s}.fa"]) for s in SETS]
    hotspots = {line: read_hotspots(path[f"{TASK}/{s}"]) for line, s in HOTSPOTS.items()}
    regions, about = _choose(pd.concat(rows, ignore_index=True), hotspots["GM12878"])
    tags = np.stack([tags_per_200_bp(regions, spots) for spots in hotspots.values()], axis=1)
    about["counts"]["capped"] = dict(zip(hotspots, (tags > CAP).sum(axis=0).tolist()))
    meta = {
        "task": TASK,
        "assembly": "hg19",
        "targets": ["accessible", *hotspots],
        "target_units": ["overlaps a GM12878 hotspot (1) or not (0)"]
        + ["log(1 + min(DNase-seq tags per 200 bp, 2000))"] * len(hotspots),
        "splits": intervals.SPLITS,
        "counts": about["counts"],
        "inputs_sha256": {name: digest[name] for name in names},
        "region_sets": about["region_sets"],
    }
    y = np.column_stack([regions.accessible, np.log1p(np.minimum(tags, CAP))])
    return AccessibilityData(
        encode_codes(regions.sequence.tolist()),
        y.astype(np.float32),
        intervals.split_of(regions.chrom),
        regions.chrom.to_numpy().astype(np.str_),
        regions.start.to_numpy(np.int64),
        regions.end.to_numpy(np.int64),
        meta,
    )


def _choose(rows: pd.DataFrame, spots: pd.DataFrame) -> tuple[pd.DataFrame, dict]:
    """Label, sort and thin out the windows of all files: the windows, and what was dropped."""
    chrom, start, end = ARTEFACT
    in_artefact = (rows.chrom == chrom) & (rows.start < end) & (rows.end > start)
    excluded = rows.chrom.isin(EXCLUDED)
    usable = rows[~in_artefact & ~excluded]
    usable = usable.assign(accessible=overlaps(usable, spots))
    regions = drop_repeats(usable)
    place = {name: i for i, name in enumerate(sorted(set(regions.chrom), key=intervals.rank))}
    regions = regions.iloc[np.lexsort([regions.start, regions.chrom.map(place)])]
    per_set = usable.groupby("file", sort=False).accessible.agg(windows="size", accessible="sum")
    counts = {
        "rows": len(rows),
        "in_artefact": int(in_artefact.sum()),
        "on_excluded_chromosomes": int(excluded.sum()),
        "repeated": len(usable) - len(regions),
        "sequences": len(regions),
        "accessible": int(regions.accessible.sum()),
    }
    return regions, {"counts": counts, "region_sets": per_set.to_dict("index")}


def read_regions(bed: Path, fasta: Path) -> pd.DataFrame:
    """Read windows and their sequences: row i of `bed` and record i, named `<chromosome>_<i>`.

    Returns
    -------
    DataFrame
        Columns chrom, start, end (from 0, half-open), sequence (upper case), and where from: file
        (without its suffix) and row (from 1).

    Raises
    ------
    AccessibilityError
        If row and record do not correspond, or a window is not 201 bp: file, row and reason.
    """
    rows = intervals.read_columns(bed, ["chrom", "start", "end"], [0, 1, 2])
    records = read_fasta(fasta)
    if len(rows) != len(records):
        raise AccessibilityError(
            f"{fasta}: {len(records)} records, but {bed.name} has "
            f"{len(rows)} rows: the two files do not correspond"
        )
    refuse(bed, rows, rows.start < 1, "starts below 1, from which this file counts")
    refuse(bed, rows, rows.end - rows.start + 1 != WINDOW, f"is not {WINDOW} bp")
    for i, (name, sequence) in enumerate(records, start=1):
        if name != (expected := f"{rows.chrom[i - 1]}_{i}"):
            raise AccessibilityError(
                f"{fasta}, record {i}: is named {name}, but row {i} of {bed.name} would make it "
                f"{expected}: the two files do not correspond"
            )
        if len(sequence) != WINDOW:
            raise AccessibilityError(
                f"{fasta}, record {i}: {len(sequence)} bases, but row {i} of "
                f"{bed.name} is {WINDOW} bp"
            )
    return rows.assign(
        start=rows.start - 1,
        sequence=[sequence.upper() for _, sequence in records],
        file=fasta.stem,
        row=range(1, len(rows) + 1),
    )


def read_hotspots(path: Path) -> pd.DataFrame:
    """Read hotspots: BED columns 1 to 3, width in column 9, tag count in column 10.

    Returns
    -------
    DataFrame
        Columns chrom, start, end (from 0, half-open) and tags.

    Raises
    ------
    AccessibilityError
        If a row is malformed, out of order or overlaps the one before (its tags would be counted
        twice): file, row and reason.
    """
    columns = ["chrom", "start", "end", "width", "tags"]
    rows = intervals.read_columns(path, columns, [0, 1, 2, 8, 9])
    refuse(path, rows, rows.end - rows.start != rows.width, "has another width in column 9")
    refuse(path, rows, rows.tags < 0, "has a negative tag count in column 10")
    intervals.refuse_disorder(path, rows, "hotspot")
    return rows.drop(columns="width")


def drop_repeats(regions: pd.DataFrame) -> pd.DataFrame:
    """Keep every sequence once, and none that stands in two splits, on either strand.

    Parameters
    ----------
    regions : DataFrame
        As `read_regions` gives, of one file or several.

    Returns
    -------
    DataFrame
        The first row of each sequence, a sequence and its reverse complement being the same; a
        sequence of which one copy is in another split is dropped altogether.

    Raises
    ------
    AccessibilityError
        If one window stands there with two sequences.
    """
    place = ["chrom", "start", "end"]
    windows = regions.drop_duplicates([*place, "sequence"])
    twice = windows[windows.duplicated(place, keep=False)].sort_values(place, kind="stable")
    if len(twice):
        one, other = twice.iloc[0], twice.iloc[1]
        raise AccessibilityError(
            f"{one.file}, row {one.row} and {other.file}, row {other.row} give different sequences "
            f"for {one.chrom}:{one.start + 1}-{one.end}: FASTA and BED rows do not correspond"
        )
    reverse = [s.translate(_COMPLEMENT)[::-1] for s in regions.sequence]
    pairs = zip(regions.sequence, reverse, strict=True)
    same = pd.Series([min(pair) for pair in pairs], index=regions.index)
    split = regions.chrom.where(regions.chrom.isin(["chr8", "chr9"]), "training")
    in_two_splits = split.groupby(same).transform("nunique") > 1
    return regions[~in_two_splits & ~same.duplicated()]


def tags_per_200_bp(regions: pd.DataFrame, hotspots: pd.DataFrame) -> np.ndarray:
    """Tags in each window, scaled to 200 bp.

    The files give one tag count per hotspot, not where in it the tags lie. They are taken to lie
    evenly: a window gets from each hotspot its tags times the fraction of the hotspot that is
    inside the window. A window that a hotspot touches with few bases thus has few tags.

    Parameters
    ----------
    regions, hotspots : DataFrame
        As for `overlaps`; hotspots also with tags.

    Returns
    -------
    ndarray of float64, shape (N,)
        0 where no hotspot is.
    """
    tags = intervals.amount_within(regions, hotspots, hotspots.tags.to_numpy())
    return tags * 200.0 / (regions.end - regions.start).to_numpy()
