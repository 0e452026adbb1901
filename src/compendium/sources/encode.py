"""The paper's own accessibility task: ATAC-seq peaks and coverage of ENCODE cell lines on hg38.

The genome is cut into windows side by side. A window counts as accessible in a cell line if the
middle of a peak lies in it, or if peaks cover half of it. Kept are the windows that are accessible
in some line, and for comparison a random sample of those that no peak touches. Windows on the
blacklist or with unknown bases are left out. Windows are read and written a few at a time, so
memory does not grow with the genome.

Files are named by path, web address or ENCODE accession; a hash follows, as in
`ENCFF000AAA#md5=…` or `hg38.fa#sha256=…`, or may follow if the file is on this machine.

This file is long because it holds all of the task, from the files to the data set; no other module
needs a part of it.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import shutil
import sys
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from attribution_consistency.files import sha256
from attribution_consistency.sequences import NO_BASE, encode_codes

from .. import store
from . import intervals, remote
from .intervals import AccessibilityError

TASK = "encode_atac"
CELL_LINES = Path(__file__).resolve().parents[1] / "resources" / "encode_atac.tsv"
COLUMNS = ["cell_line", "peaks", "coverage"]
ADDRESS = "https://www.encodeproject.org/files/{0}/@@download/{0}.{1}"
SUFFIX = {"peaks": "bed.gz", "coverage": "bigWig", "genome": "fasta.gz", "blacklist": "bed.gz"}
SOURCE = re.compile(r"(.*?)(?:#(md5=[0-9a-fA-F]{32}|sha256=[0-9a-fA-F]{64}))?")
PIECE = 64  # windows in memory at a time


@dataclass(frozen=True)
class Settings:
    """How the data set is made.

    Attributes
    ----------
    target : str
        `"coverage"`: mean fold change in each bin; `"binary"`: accessible or not.
    window, bin_size : int
        In bases; `bin_size` divides `window`.
    background : float
        Windows without any peak, for each accessible one.
    max_n : float
        Largest share of unknown bases in a window.
    merge : bool
        Sort and merge the intervals of a file instead of refusing them.
    seed : int
        Of the choice of background windows.
    """

    target: str = "coverage"
    window: int = 2048
    bin_size: int = 32
    background: float = 1.0
    max_n: float = 0.0
    merge: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for good, reason in (
            (self.target in ("coverage", "binary"), f"target {self.target!r}: coverage or binary"),
            (
                min(self.window, self.bin_size) > 0 and self.window % self.bin_size == 0,
                f"a window of {self.window} bases cannot be cut into bins of {self.bin_size}",
            ),
            (self.background >= 0, f"background {self.background}: expected 0 or more"),
            (0 <= self.max_n <= 1, f"max_n {self.max_n}: expected 0 to 1"),
        ):
            if not good:
                raise AccessibilityError(reason)


def read_samples(path: str | PathLike[str]) -> dict[str, tuple[str, str]]:
    """Read a tab-separated table with the columns `cell_line`, `peaks` and `coverage`.

    Returns
    -------
    dict
        `{cell line: (peaks, coverage)}`, as `encode_atac` takes it.

    Raises
    ------
    AccessibilityError
        If a column or a value is missing, or a cell line stands there twice: file, row, reason.
    """
    try:
        table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise AccessibilityError(f"{path}: cannot be read ({error})") from None
    if list(table.columns) != COLUMNS or not len(table):
        raise AccessibilityError(f"{path}: expected the columns {', '.join(COLUMNS)}, and rows")
    for row, (line, peaks, _) in enumerate(table.itertuples(index=False), start=2):
        if not line or not peaks or (table.cell_line == line).sum() > 1:
            what = "stands there twice" if line and peaks else "has no name or no peaks"
            raise AccessibilityError(f"{path}, row {row}: {line} {what}: complete or delete it")
    return {line: (peaks, coverage) for line, peaks, coverage in table.itertuples(index=False)}


def encode_atac(
    path: str | PathLike[str],
    samples: Mapping[str, tuple[str, str]],
    genome: str,
    blacklist: str = "",
    settings: Settings = Settings(),
    *,
    progress: remote.Progress | None = None,
) -> dict:
    """Build the data set and write it to one `.npz` file, whole or not at all.

    The file has the keys of `AccessibilityData` and `peaks`: `codes` uint8 (N, window); `y` float32
    (N, T, bins) for coverage or (N, T) for binary; `peaks` uint8 (N, T), 1 if accessible; `split`,
    `chrom`, `start`, `end` (N,); `meta`. T is the number of cell lines. Bases that a coverage track
    does not mention count as 0.

    Parameters
    ----------
    path : path-like
        What to write.
    samples : mapping
        `{cell line: (peaks, coverage)}`: IDR peaks (BED, narrowPeak) and fold change (bigWig).
    genome, blacklist : str
        FASTA, plain or gzip-compressed, and BED; no blacklist by default.
    progress
        As for `remote.fetch`.

    Returns
    -------
    dict
        The key `meta` of the file: settings, names of the targets, counts, hashes of the inputs.

    Raises
    ------
    AccessibilityError
        If a file does not hold what it should, or a split would be empty: file, row and reason.
    RegistryError
        If a file cannot be downloaded, or has another hash.
    store.StoreError
        If the file cannot be written.
    """
    _require_readers()
    sources = _sources(samples, genome, blacklist, settings)
    paths = find_files(sources, progress=progress)
    fasta, lengths = _open_genome(paths["genome", ""])
    tracks = [_open_bigwig(p, lengths) for (kind, _), p in paths.items() if kind == "coverage"]
    regions = {
        key: _read_intervals(p, lengths, settings.merge)
        for key, p in paths.items()
        if key[0] in ("peaks", "blacklist")
    }
    every_window = _windows(fasta, lengths, settings.window)
    windows, labels, counts = _choose(every_window, regions, settings)
    if progress:
        print(f"{len(windows)} windows to {path}", file=sys.stderr, flush=True)
    data = {
        "codes": store.Stream((len(windows), settings.window), np.uint8, _codes(fasta, windows)),
        "y": labels.astype(np.float32),
        "peaks": labels.astype(np.uint8),
        "meta": _meta(sources, paths, counts, settings),
        "split": intervals.split_of(windows.chrom),
        "start": windows.start.to_numpy(),
        "end": windows.end.to_numpy(),
        "chrom": windows.chrom.to_numpy().astype(np.str_),
    }
    if tracks:
        shape = (len(windows), len(tracks), settings.window // settings.bin_size)
        pieces = _coverage(windows, tracks, settings, progress)
        data["y"] = store.Stream(shape, np.float32, pieces)
    store.save(path, data, compress=False)
    return data["meta"]


def _require_readers() -> None:
    try:
        import pybigtools  # noqa: F401
        import pyfaidx  # noqa: F401
    except ImportError as error:
        advice = "pip install 'attribution-consistency[atac]'"
        raise AccessibilityError(f"needs the package {error.name}: {advice}") from None


def _sources(
    samples: Mapping[str, tuple[str, str]], genome: str, blacklist: str, settings: Settings
) -> dict[tuple[str, str], str]:
    """The files that a data set takes, as `find_files` takes them."""
    sources = {("genome", ""): genome} | ({("blacklist", ""): blacklist} if blacklist else {})
    for line, (peaks, coverage) in samples.items():
        sources["peaks", line] = peaks
        if settings.target == "coverage":
            sources["coverage", line] = coverage
    return sources


def _meta(sources: Mapping, paths: Mapping, counts: dict, settings: Settings) -> dict:
    """What the file says of itself."""
    units = {"coverage": "fold change, mean of each bin", "binary": "accessible (1) or not (0)"}
    return {
        "task": TASK,
        "targets": [line for kind, line in sources if kind == "peaks"],
        "splits": intervals.SPLITS,
        "target_units": units[settings.target],
        "settings": asdict(settings),
        "counts": counts,
        "inputs": {
            " ".join(key).strip(): {
                "source": source if "//" in source else Path(source).name,
                "sha256": sha256(paths[key]),
            }
            for key, source in sources.items()
        },
    }


def find_files(
    sources: Mapping[tuple[str, str], str], *, progress: remote.Progress | None = None
) -> dict[tuple[str, str], Path]:
    """Find or download files, and check the hashes that follow their names.

    Parameters
    ----------
    sources : mapping
        `{(kind, cell line): source}`: kind a key of `SUFFIX`; source a path, address or accession.
    progress
        As for `remote.fetch`.

    Returns
    -------
    dict
        `{(kind, cell line): path}`.
    """
    paths, rows = {}, {}
    for key, source in sources.items():
        match = SOURCE.fullmatch(source)
        where, known = match.groups("")  # type: ignore[union-attr]  # fits every line of text
        known = known.replace("=", ":")
        if re.fullmatch("ENCFF[0-9]{3}[A-Z]{3}", where):
            where = ADDRESS.format(where, SUFFIX[key[0]])
        if where.startswith(("http://", "https://")):
            rows[key] = remote.from_address(TASK, where, known)
            continue
        path = Path(where).expanduser()
        if not path.is_file():
            raise AccessibilityError(
                f"{' '.join(key).strip()}: {where or 'nothing'} is no file, "
                "web address or ENCODE accession"
            )
        if known and not remote.has_hash(path, known):
            raise AccessibilityError(f"{path}: its hash is not {known}: damaged, or another")
        paths[key] = path
    table = list(rows.values())
    fetched = remote.fetch([row.name for row in table], progress=progress, table=table)
    paths |= dict(zip(rows, fetched, strict=True))
    return {key: paths[key] for key in sources}


def _open_genome(path: Path):
    """Index a FASTA file, unpacked into the cache if compressed: reader, {chromosome: length}."""
    import pyfaidx

    unpacked = path
    try:
        with gzip.open(path) as packed:
            packed.peek(1)
            unpacked = remote.cache_folder() / TASK / f"{sha256(path)[:16]}.fa"
            if not unpacked.is_file():
                with store.open_atomic(unpacked) as out:
                    shutil.copyfileobj(packed, out, 1 << 20)
    except gzip.BadGzipFile:
        pass  # not compressed
    except (EOFError, zlib.error) as error:
        raise AccessibilityError(f"{path}: damaged, or cut short ({error})") from None
    try:
        fasta = pyfaidx.Fasta(str(unpacked), as_raw=True)
    except (pyfaidx.FastaIndexingError, ValueError) as error:
        raise AccessibilityError(f"{path}: not a FASTA file to be indexed ({error})") from None
    names = sorted(filter(re.compile("chr([0-9]+|X)").fullmatch, fasta.keys()), key=intervals.rank)
    if not names:
        raise AccessibilityError(f"{path}: no chromosome named chr1 to chr22 or chrX")
    return fasta, {name: len(fasta[name]) for name in names}


@contextlib.contextmanager
def _reading(path: Path, reason: str) -> Iterator[None]:
    """Turn what the bigWig library raises into one line; on damaged blocks it panics."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise AccessibilityError(f"{path}: {reason} ({error})") from None


def _open_bigwig(path: Path, lengths: dict[str, int]):
    """Open a coverage track and compare the chromosomes: path, reader, names of chromosomes."""
    import pybigtools

    with _reading(path, "not a bigWig file, or cut short"):
        reader = pybigtools.open(str(path))
        own = reader.chroms()
        if not reader.is_bigwig:
            raise ValueError("a bigBed file")
    for name in lengths:
        if own.get(name, lengths[name]) != lengths[name]:
            raise AccessibilityError(
                f"{path}: {name} has {own[name]} bases, {lengths[name]} in "
                "the genome: another genome build"
            )
    if not own.keys() & lengths:
        raise AccessibilityError(f"{path}: no chromosome of the genome, only {', '.join(own)}")
    return path, reader, own


def _read_intervals(path: Path, lengths: dict[str, int], merge: bool) -> pd.DataFrame:
    """Read peaks or a blacklist on the chromosomes of the genome, sorted and disjoint."""
    rows = intervals.read_columns(path, ["chrom", "start", "end"], [0, 1, 2])
    beyond = rows.end > rows.chrom.map(lengths)
    intervals.refuse(path, rows, beyond, "ends beyond its chromosome: another genome build")
    if merge:
        rows = rows.sort_values(["chrom", "start"])
        apart = rows.start > rows.groupby("chrom").end.cummax().shift()
        run = (apart | (rows.chrom != rows.chrom.shift())).cumsum()
        rows = rows.groupby(run).agg({"chrom": "first", "start": "min", "end": "max"})
    else:
        advice = "; sort and merge the file, or choose to merge"
        intervals.refuse_disorder(path, rows, "interval", advice)
    if not rows.chrom.isin(lengths).any():
        raise AccessibilityError(
            f"{path}: no interval on a chromosome of the genome, only on "
            f"{', '.join(sorted(set(rows.chrom))[:5])}"
        )
    return rows[rows.chrom.isin(lengths)]


def _windows(fasta, lengths: dict[str, int], size: int) -> pd.DataFrame:
    """Every whole window, in the order of the genome, with its share of unknown bases."""
    parts = []
    for name, length in lengths.items():
        for first in range(0, length - size + 1, 512 * size):
            start = np.arange(first, min(first + 512 * size, length - size + 1), size)
            codes = encode_codes([fasta[name][first : start[-1] + size]]).reshape(-1, size)
            unknown = (codes == NO_BASE).mean(axis=1)
            parts.append(pd.DataFrame({"chrom": name, "start": start, "unknown": unknown}))
    if not parts:
        raise AccessibilityError(f"no chromosome is as long as a window, {size} bases")
    windows = pd.concat(parts, ignore_index=True)
    return windows.assign(end=windows.start + size)


def _choose(windows: pd.DataFrame, regions: dict, settings: Settings):
    """Keep accessible windows and a sample without peaks: windows, labels (n, T), counts."""
    in_line, touched, listed = [], np.zeros(len(windows), bool), np.zeros(len(windows), bool)
    for (kind, _), rows in regions.items():
        covered = intervals.amount_within(windows, rows, (rows.end - rows.start).to_numpy())
        if kind == "blacklist":
            listed = covered > 0
        else:
            middle = (rows.start + rows.end) // 2
            held = intervals.overlaps(windows, rows.assign(start=middle, end=middle + 1))
            in_line.append(held | (2 * covered >= settings.window))
            touched |= covered > 0
    labels = np.stack(in_line, axis=1)
    unknown = (windows.unknown > settings.max_n).to_numpy()
    usable = ~unknown & ~listed
    accessible = usable & labels.any(axis=1)
    intervals.split_of(windows.chrom[accessible])  # none may be empty
    without = np.flatnonzero(usable & ~touched)
    n = min(len(without), round(settings.background * accessible.sum()))
    chosen = np.random.default_rng(settings.seed).choice(without, n, replace=False)
    keep = np.sort(np.concatenate([np.flatnonzero(accessible), chosen]))
    counts = {
        "windows": len(windows),
        "unknown_bases": int(unknown.sum()),
        "blacklisted": int(listed.sum()),
        "accessible": int(accessible.sum()),
        "background": n,
        "touched_by_a_peak_only": int((usable & touched & ~accessible).sum()),
    }
    return windows.iloc[keep], labels[keep], counts


def _codes(fasta, windows: pd.DataFrame) -> Iterator[np.ndarray]:
    for first in range(0, len(windows), PIECE):
        part = windows.iloc[first : first + PIECE]
        places = zip(part.chrom, part.start, part.end, strict=True)
        yield encode_codes([fasta[chrom][start:end] for chrom, start, end in places])


def _coverage(
    windows: pd.DataFrame, tracks: list, settings: Settings, progress: remote.Progress | None
) -> Iterator[np.ndarray]:
    """Mean of each bin: arrays (n, T, bins)."""
    bins = settings.window // settings.bin_size
    size = 4 * len(windows) * len(tracks) * bins
    with progress("coverage", size) if progress else contextlib.nullcontext() as bar:
        for first in range(0, len(windows), PIECE):
            part = windows.iloc[first : first + PIECE]
            y = np.zeros((len(part), len(tracks), bins), np.float32)
            places = list(zip(part.chrom, part.start.tolist(), part.end.tolist(), strict=True))
            for t, (path, reader, chromosomes) in enumerate(tracks):
                for i, (chrom, start, end) in enumerate(places):
                    if chrom in chromosomes:
                        with _reading(path, f"cannot be read at {chrom}:{start}"):
                            values = reader.values(chrom, start, end, fillna=0.0)
                        y[i, t] = values.reshape(-1, settings.bin_size).mean(axis=1)
            if bar:
                bar.update(y.nbytes)
            yield y
