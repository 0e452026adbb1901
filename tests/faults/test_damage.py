"""Every kind of artefact, damaged in every way: noticed, made again, the same as before."""

import os
import re

import pytest
from tiny_workflow import FULL

from attribution_consistency.files import sha256

pytest.importorskip("keras")
pytest.importorskip("snakemake")

pytestmark = pytest.mark.slow
# What is made again is the same; the last four note when, or how fast, they were made.
SAME = [
    "data/synthetic.npz",
    "models/synthetic/*.npz",
    "checkpoints/synthetic/finished/*.npz",
    "maps/synthetic/*.npz",
    "scores/parts/*.csv",
    "scores/synthetic.csv",
    "length_weights.json",
    "claims/*.json",
    "figures/*/*.csv",
]
KINDS = [
    *SAME,
    "models/synthetic/*.json",
    "provenance/*.json",
    "notebooks/*.ipynb",
    "manifest.json",
]


def cut(content):
    return content[: len(content) // 2]


def bit(content):
    at = len(content) // 2
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def digit(content):
    """One digit after the middle is another; so it reads as well as before."""
    at = re.compile(rb"\d").search(content, len(content) // 2).start()
    other = b"7" if content[at : at + 1] != b"7" else b"3"
    return content[:at] + other + content[at + 1 :]


WAYS = [(cut, False), (digit, True), (bit, True), (bit, False), (cut, True), (digit, False)]


@pytest.mark.parametrize(
    "way, old_stamp", WAYS if FULL else WAYS[:2], ids=lambda v: getattr(v, "__name__", str(v))
)
def test_damage_is_noticed_and_mended(copy, run, finished, record, way, old_stamp):
    folder = copy / "results" / "tiny"
    damaged = [sorted(folder.glob(kind))[0] for kind in KINDS]
    before = {path: sha256(path) for path in damaged}
    for path in damaged:
        status = path.stat()
        path.write_bytes(way(path.read_bytes()))
        if old_stamp:
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    status, printed = run("config/tiny.yml", "--check")
    assert status == 1, printed
    named = [path for path in damaged if path.relative_to(copy).as_posix() in printed]
    assert named == damaged
    status, printed = run("config/tiny.yml")
    assert status == 0 and "Traceback" not in printed, printed
    for path in damaged:
        assert f"note: {path.relative_to(copy).as_posix()}: " in printed
    reads = next(line for line in printed.splitlines() if "it is made again" in line)
    kept = [p for p, kind in zip(damaged, KINDS) if kind in SAME and sha256(p) != before[p]]
    assert not kept
    status, printed = run("config/tiny.yml", "--check")
    assert status == 0 and " 0 changed since they were written" in printed, printed
    how = {"cut": "cut in half", "bit": "with one bit changed", "digit": "with one digit changed"}
    fault = f"a file of a run {how[way.__name__]}, its time {'kept' if old_stamp else 'new'}"
    record(fault, len(damaged), len(kept), reads)


def test_results_of_an_earlier_version_have_no_notes_and_are_taken_as_they_are(
    copy, run, finished, record
):
    notes = copy / "results" / "tiny" / ".digests"
    notes.rename(copy / "notes")
    status, printed = run("config/tiny.yml", "--dry-run")
    assert status == 0 and "- " not in printed, printed
    status, printed = run("config/tiny.yml", "--check")
    assert status == 2 and "no files to check" in printed
    (copy / "notes").rename(notes)
    record("results of a version without notes", 1, 0, "nothing: they are taken as they are")
