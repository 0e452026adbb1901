"""The paper's own accessibility task: ATAC-seq peaks and coverage of ENCODE cell lines on hg38.

The genome is cut into windows side by side. A window counts as accessible in a cell line if the
middle of a peak lies in it, or if peaks cover half of it. Kept are the windows that are accessible
in some line, and for comparison a random sample of those that no peak touches. Windows on the
blacklist or with unknown bases are left out. Windows are read and written a few at a time, so
memory does not grow with the genome.

Files may be named by path, web address or ENCODE accession; a hash may follow, as in
`ENCFF000AAA#md5=…` or `hg38.fa#sha256=…`.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import shutil
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from . import registry, store
from .intervals import (
    AccessibilityError,
    amount_within,
    overlaps,
    rank,
    read_columns,
    refuse,
    refuse_disorder,
    split_names,
    split_of,
)
from .sequences import NO_BASE, encode_codes

TASK = "encode_atac"
CELL_LINES = Path(__file__).resolve().parents[1] / "resources" / "encode_atac.tsv"
COLUMNS = ["cell_line", "peaks", "coverage"]
ADDRESS = "https://www.encodeproject.org/files/{0}/@@download/{0}.{1}"
SUFFIX = {"peaks": "bed.gz", "coverage": "bigWig", "genome": "fasta.gz", "blacklist": "bed.gz"}
SOURCE = re.compile(r"(.*?)(?:#(?:md5=([0-9a-fA-F]{32})|sha256=([0-9a-fA-F]{64})))?")
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
    test, validation : tuple of str
        Chromosomes of these splits; chr1 to chr22 and chrX otherwise train.
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
    test: tuple[str, ...] = ("chr8",)
    validation: tuple[str, ...] = ("chr9",)
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
    progress: registry.Progress | None = None,
    timeout: float = 10.0,
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
    progress, timeout
        As for `registry.fetch`.

    Returns
    -------
    dict
        The key `meta` of the file: settings, names of the targets, counts, hashes of the inputs.

    Raises
    ------
    AccessibilityError
        If a file does not hold what it should, or a split would be empty: file, row and reason.
    registry.RegistryError
        If a file cannot be downloaded, or has another hash.
    store.StoreError
        If the file cannot be written.
    """
    try:
        import pybigtools  # noqa: F401
        import pyfaidx  # noqa: F401
    except ImportError as error:
        advice = "pip install 'attribution-consistency[atac]'"
        raise AccessibilityError(f"needs the package {error.name}: {advice}") from None
    report = progress or (lambda text, done, total: None)
    wanted = {("genome", ""): genome} | ({("blacklist", ""): blacklist} if blacklist else {})
    for line, (peaks, coverage) in samples.items():
        wanted["peaks", line] = peaks
        if settings.target == "coverage":
            wanted["coverage", line] = coverage
    files = find_files(wanted, progress=progress, timeout=timeout)
    fasta = _open_genome(*files["genome", ""])
    chromosomes = fasta.keys()  # names, where the object itself yields sequences
    names = sorted((n for n in chromosomes if re.fullmatch("chr([0-9]+|X)", n)), key=rank)
    lengths = {name: len(fasta[name]) for name in names}
    if not lengths:
        raise AccessibilityError(f"{genome}: no chromosome named chr1 to chr22 or chrX")
    tracks, spots = [], {}
    for key, (file, _) in files.items():
        if key[0] == "coverage":
            tracks.append((file, *_open_bigwig(file, lengths)))
        elif key[0] != "genome":
            spots[key] = _read_intervals(file, lengths, settings.merge)

    windows, labels, counts = _choose(_windows(fasta, lengths, settings.window), spots, settings)
    splits = settings.test, settings.validation
    split_of(windows.chrom[labels.any(axis=1)], *splits)
    n, bins = len(windows), settings.window // settings.bin_size
    size = n * (settings.window + 4 * len(samples) * (bins if tracks else 1))
    y = labels.astype(np.float32)
    if tracks:
        pieces = _coverage(
            windows,
            tracks,
            settings,
            lambda share: report("coverage", min(int(share * size), size - 1), size),
        )
        y = store.Stream((n, len(samples), bins), np.float32, pieces)
    meta = {
        "task": TASK,
        "targets": list(samples),
        "splits": split_names(*splits),
        "target_units": "fold change, mean of each bin" if tracks else "accessible (1) or not (0)",
        "settings": asdict(settings),
        "counts": counts,
        "inputs": {
            " ".join(key).strip(): {
                "source": source if "//" in source else Path(source).name,
                "sha256": files[key][1],
            }
            for key, source in wanted.items()
        },
    }
    report(f"{n} windows, {registry.megabytes(size)}, to {path}", 0, size)
    codes = store.Stream((n, settings.window), np.uint8, _codes(fasta, windows))
    store.save(
        path,
        {
            "codes": codes,
            "y": y,
            "peaks": labels.astype(np.uint8),
            "meta": meta,
            "split": split_of(windows.chrom, *splits),
            "start": windows.start.to_numpy(),
            "end": windows.end.to_numpy(),
            "chrom": windows.chrom.to_numpy().astype(np.str_),
        },
        compress=False,
    )
    report("done", size, size)
    return meta


def find_files(
    wanted: Mapping[tuple[str, str], str],
    *,
    progress: registry.Progress | None = None,
    timeout: float = 10.0,
) -> dict[tuple[str, str], tuple[Path, str]]:
    """Find or download files, and hash them.

    Parameters
    ----------
    wanted : mapping
        `{(kind, cell line): source}`: kind a key of `SUFFIX`; source a path, address or accession.
    progress, timeout
        As for `registry.fetch`.

    Returns
    -------
    dict
        `{(kind, cell line): (path, sha256)}`.
    """
    found, remote = {}, {}
    for key, source in wanted.items():
        match = SOURCE.fullmatch(source)
        where, *hashes = match.groups("")  # type: ignore[union-attr]  # fits every line of text
        expected = "".join(hashes).lower()
        if re.fullmatch("ENCFF[0-9]{3}[A-Z]{3}", where):
            where = ADDRESS.format(where, SUFFIX[key[0]])
        if where.startswith(("http://", "https://")):
            remote[key] = registry.from_address(TASK, where, expected, timeout=timeout)
            continue
        path = Path(where).expanduser()
        if not path.is_file():
            raise AccessibilityError(
                f"{' '.join(key).strip()}: {where or 'nothing'} is no file, "
                "web address or ENCODE accession"
            )
        if expected and registry.digest(path, expected) != expected:
            raise AccessibilityError(f"{path}: its hash is not {expected}: damaged, or another")
        found[key] = path, registry.digest(path)
    fetched = registry.fetched(list(remote.values()), progress=progress, timeout=timeout)
    found |= dict(zip(remote, fetched, strict=True))
    return {key: found[key] for key in wanted}


def _open_genome(path: Path, sha256: str):
    """Index a FASTA file, unpacked into the cache if it is compressed."""
    import pyfaidx

    try:
        with gzip.open(path) as packed:
            packed.peek(1)
            plain = registry.cache_folder() / TASK / f"{sha256[:16]}.fa"
            if not plain.is_file():
                with store.open_atomic(plain) as out:
                    shutil.copyfileobj(packed, out, 1 << 20)
            path = plain
    except gzip.BadGzipFile:
        pass  # not compressed
    except (EOFError, zlib.error) as error:
        raise AccessibilityError(f"{path}: damaged, or cut short ({error})") from None
    try:
        return pyfaidx.Fasta(str(path), as_raw=True)
    except (pyfaidx.FastaIndexingError, ValueError) as error:
        raise AccessibilityError(f"{path}: not a FASTA file to be indexed ({error})") from None


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
    """Open a coverage track and compare the chromosomes: (reader, names of its chromosomes)."""
    import pybigtools

    with _reading(path, "not a bigWig file, or cut short"):
        reader = pybigtools.open(str(path))
        found = reader.chroms()
        if not reader.is_bigwig:
            raise ValueError("a bigBed file")
    for name in lengths:
        if found.get(name, lengths[name]) != lengths[name]:
            raise AccessibilityError(
                f"{path}: {name} has {found[name]} bases, {lengths[name]} in "
                "the genome: another genome build"
            )
    if not found.keys() & lengths:
        raise AccessibilityError(f"{path}: no chromosome of the genome, only {', '.join(found)}")
    return reader, found


def _read_intervals(path: Path, lengths: dict[str, int], merge: bool) -> pd.DataFrame:
    """Read peaks or a blacklist on the chromosomes of the genome, sorted and disjoint."""
    rows = read_columns(path, ["chrom", "start", "end"], [0, 1, 2])
    ends = rows.chrom.map(lengths)
    refuse(path, rows, rows.end > ends, "ends beyond its chromosome: another genome build")
    if merge:
        rows = rows.sort_values(["chrom", "start"])
        apart = rows.start > rows.groupby("chrom").end.cummax().shift()
        run = (apart | (rows.chrom != rows.chrom.shift())).cumsum()
        rows = rows.groupby(run).agg({"chrom": "first", "start": "min", "end": "max"})
    else:
        refuse_disorder(path, rows, "interval", "; sort and merge the file, or choose to merge")
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


def _choose(windows: pd.DataFrame, spots: dict, settings: Settings):
    """Keep accessible windows and a sample without peaks: windows, labels (n, T), counts."""
    in_line, touched, listed = [], np.zeros(len(windows), bool), np.zeros(len(windows), bool)
    for (kind, _), found in spots.items():
        covered = amount_within(windows, found, (found.end - found.start).to_numpy())
        if kind == "blacklist":
            listed = covered > 0
        else:
            middle = (found.start + found.end) // 2
            held = overlaps(windows, found.assign(start=middle, end=middle + 1))
            in_line.append(held | (2 * covered >= settings.window))
            touched |= covered > 0
    labels = np.stack(in_line, axis=1)
    unknown = (windows.unknown > settings.max_n).to_numpy()
    usable = ~unknown & ~listed
    accessible = usable & labels.any(axis=1)
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


def _coverage(windows: pd.DataFrame, tracks: list, settings: Settings, report):
    """Mean of each bin: arrays (n, T, bins)."""
    for first in range(0, len(windows), PIECE):
        part = windows.iloc[first : first + PIECE]
        y = np.zeros((len(part), len(tracks), settings.window // settings.bin_size), np.float32)
        for t, (path, reader, there) in enumerate(tracks):
            for i, (chrom, start) in enumerate(zip(part.chrom, part.start.tolist(), strict=True)):
                if chrom in there:
                    with _reading(path, f"cannot be read at {chrom}:{start}"):
                        values = reader.values(chrom, start, start + settings.window, fillna=0.0)
                    y[i, t] = values.reshape(-1, settings.bin_size).mean(axis=1)
        report((first + len(part)) / len(windows))
        yield y
