"""Sequences as letters: FASTA, tables, and the intervals of a BED file in a genome.

Names like `chr1:100-300(-)`, as bedtools writes them, are the places of sequences: counted from 0
without the end or, where that fits their lengths, from 1 with it; and reverse complement where they
say `-`.
"""

import gzip
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .arrays import Array, File, Floats, Ints
from .containers import afford, begins_with, library, memory, one_line
from .sequences import NO_BASE, encode_codes

MOST = 2**30  # bytes of text, unpacked
BIGWIG = (b"\x26\xfc\x8f\x88", b"\x88\x8f\xfc\x26")
# In a process of its own: over damaged bytes the library may end the process.
READ_BIGWIG = """import json, sys, numpy, pybigtools
file = pybigtools.open(sys.argv[1])
for place in json.load(sys.stdin):
    values = numpy.nan_to_num(file.values(*place, fillna=0.0))
    sys.stdout.buffer.write(values.astype(float).tobytes())"""
HEADS = ("sequence", "seq", "sequences", "dna")  # of the column of a table
COMPLEMENT = str.maketrans("ACGTUacgtu", "TGCAAtgcaa")
Record = tuple[str, str]  # name, sequence


class Place(NamedTuple):
    """Where a sequence stands in a genome."""

    chromosome: str
    start: int
    end: int
    turned: bool  # it is the reverse complement


def read_records(path: Path, genome: str | None = None, strand: bool = False) -> list[Record]:
    """Names and sequences of a FASTA file, a table (the last column), or a BED file."""
    text = read_text(path)
    heads = ("#", ";", "track", "browser")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(heads)]
    if not lines or lines[0].startswith(">"):
        return _fasta(text)
    rows = [[cell.strip() for cell in re.split(r"[\t,;]", line)] for line in lines]
    if not rows or rows[0][-1].lower() in HEADS or rows[0][1:2] == ["start"]:
        rows = rows[1:]
    if rows and all(_spans(row) and len(row[-1]) != int(row[2]) - int(row[1]) for row in rows):
        return _of_genome(rows, genome, strand)
    for number, row in enumerate(rows, 1):
        if not re.fullmatch(r"[A-Za-z*.-]+", row[-1]):
            raise ValueError(f"is no file of arrays, FASTA or table: row {number} has no sequence")
    return [(_name(row) if len(row) > 1 else "", row[-1]) for row in rows]


def read_fasta(path: File) -> list[Record]:
    """Read a FASTA file, plain or gzip-compressed.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    list of (name, sequence)
        In file order. The name is the header up to the first space; the sequence keeps its case.

    Raises
    ------
    ValueError
        If the file is missing, holds no record, has text before the first header, or a record
        without sequence.
    """
    with one_line(Path(path)):
        return _fasta(read_text(Path(path)))


def read_text(path: Path) -> str:
    """The text of a file, plain or packed, in UTF-8 or UTF-16."""
    most = min(MOST, memory() // 16)
    # gzip, and blocks of it, as bgzip writes them
    with (gzip.open if begins_with(path, b"\x1f\x8b") else open)(path, "rb") as stream:
        data: bytes = stream.read(most + 1)
    if len(data) > most:
        raise ValueError(f"holds more than {most >> 20:,} MiB of text: take fewer sequences")
    marks = (b"\xff\xfe", b"\xfe\xff")
    return data.decode("utf-16" if data.startswith(marks) else "utf-8-sig", "replace")


def places(names: Sequence[str], texts: Sequence[str]) -> list[Place]:
    """The places that the names of sequences say, if all do: counted from 0, or else from 1."""
    form = r"(?:.*::)?([^:\s]+):(\d{1,12})-(\d{1,12})(\([+-.]\))?"
    found = [re.fullmatch(form, name) for name in names]
    told = [Place(m[1], int(m[2]), int(m[3]), m[4] == "(-)") for m in found if m]
    beyond = {len(text) - (p.end - p.start) for p, text in zip(told, texts)}
    if len(told) < len(texts) or len(beyond) != 1 or not beyond <= {0, 1}:
        return []
    return [p._replace(start=p.start - min(beyond)) for p in told]


def aligned(texts: Sequence[str], align: str) -> tuple[Array, Ints, str]:
    """Codes (N, L), where each sequence begins (N,), and a note where unknown bases fill up."""
    lengths = np.array([len(text) for text in texts])
    longest, note = int(lengths.max()), ""
    begins = (longest - lengths) // 2 if align == "centre" else 0 * lengths
    if lengths.min() < longest:
        span = f"{lengths.min()} to {longest} bases"
        note = f"Sequences of {span} were aligned at the {align}; the rest is N."
    afford(8 * longest * len(texts))
    codes = encode_codes([f"{'N' * b}{t}".ljust(longest, "N") for b, t in zip(begins, texts)])
    if (codes == NO_BASE).all():
        raise ValueError("holds no A, C, G or T")
    letters = "".join(texts).upper()
    if 2 * sum(map(letters.count, "ACGTU")) < len(letters) - sum(map(letters.count, "N.-X")):
        raise ValueError("holds letters that are mostly no A, C, G or T: is it protein?")
    return codes, begins, note


def matched(names: Sequence[str], wanted: Sequence[str]) -> Ints | None:
    """The row of each sequence that is wanted, by its name; None where names do not tell."""
    names, wanted = ([name.split("(")[0] for name in own] for own in (names, wanted))
    row = {name: i for i, name in enumerate(names)}
    missing = [name for name in wanted if name not in row]
    if len(missing) == len(wanted) or len(row) == 1 or (names == wanted and len(row) < len(names)):
        return None
    if len(row) < len(names) or len({*wanted}) < len(wanted):
        raise ValueError("rows cannot be found by names of which some are there twice: rename them")
    if missing:
        raise ValueError(f"has no map of {len(missing)} of the sequences, such as {missing[0]}")
    return np.array([row[name] for name in wanted])


def coverage(path: Path, places: Sequence[Place], begins: Ints, length: int) -> Floats:
    """Numbers of a bigWig file at some places, (n, L), 0 where it has none.

    Parameters
    ----------
    path : path
    places : list of n Place
    begins : (n,) int
        The position in the array of the first base of each.
    length : int
        Positions, L.
    """
    library("pybigtools", "is bigWig")
    asked = json.dumps([place[:3] for place in places]).encode()
    command = [sys.executable, "-P", "-c", READ_BIGWIG, str(path)]
    done = subprocess.run(command, input=asked, capture_output=True)
    if done.returncode:
        why = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise ValueError(f"is truncated or damaged, or lacks a place ({why})")
    values, read = np.zeros((len(places), length)), np.frombuffer(done.stdout)
    ends = np.cumsum([place.end - place.start for place in places])
    for row, place, begin, own in zip(values, places, begins, np.split(read, ends[:-1])):
        row[begin : begin + len(own)] = own[::-1] if place.turned else own
    return values


def _name(row: Sequence[str]) -> str:
    """The name of a row of a table: a place, or the first column."""
    minus = "(-)" if "-" in row[3:6] else ""
    return f"{row[0]}:{row[1]}-{row[2]}{minus}" if _spans(row) else row[0]


def _spans(row: Sequence[str]) -> bool:
    """Whether a row begins with chromosome, start and end."""
    return bool(re.fullmatch(r"-?\d{1,12}\t-?\d{1,12}", "\t".join(row[1:3])))


def _of_genome(rows: Sequence[Sequence[str]], genome: str | None, strand: bool) -> list[Record]:
    if genome is None:
        raise ValueError("holds intervals: name the FASTA file of their genome with --genome")
    pyfaidx = library("pyfaidx", "holds intervals of a genome")
    records = []
    with one_line(Path(genome)), pyfaidx.Fasta(genome, as_raw=True) as chromosomes:
        lengths = {name: len(chromosome) for name, chromosome in chromosomes.items()}
        for row in rows:
            name = _name(row).removesuffix("" if strand else "(-)")
            start, end = int(row[1]), int(row[2])
            if not 0 <= start < end <= lengths.get(row[0], -1):
                raise ValueError(f"{name} is not in {genome}")
            afford((end - start) * len(rows))
            text = chromosomes[row[0]][start:end]
            turned = name.endswith("(-)")
            records.append((name, text.translate(COMPLEMENT)[::-1] if turned else text))
    return records


def _fasta(text: str) -> list[Record]:
    """Names and sequences of the text of a FASTA file."""
    records: list[Record] = []
    lines = [line for line in text.splitlines() if not line.startswith((";", "#"))]
    before, *blocks = ("\n" + "\n".join(lines)).split("\n>")
    if before.strip() or not blocks:
        raise ValueError("is no FASTA file: it has no record, or text before the first '>'")
    for row, block in enumerate(blocks, start=1):
        header, _, body = block.partition("\n")
        sequence = "".join(body.split()).removesuffix("*")  # * ends a sequence
        name = header.split(maxsplit=1)[0] if header.strip() else ""
        if not sequence:
            raise ValueError(f"record {row} ({name or 'no name'}) has no sequence")
        records.append((name, sequence))
    return records
