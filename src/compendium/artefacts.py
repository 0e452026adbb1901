"""Files of a run that show when something else has changed them.

Beside a file of `results/<run>` stands its note, `.digests/<file>` in that folder: its SHA-256 and
its bytes when it was written.  Whoever reads the file compares.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from os import PathLike
from pathlib import Path

from attribution_consistency.files import replacing, sha256

from .paths import ArtefactError, Run, relative, root

NOTES = ".digests"
# What a notebook writes beside its executed copy; without it the notebook has to be run again.
BESIDE_NOTEBOOKS = ("claims", "figures", "provenance")


@contextlib.contextmanager
def writing(path: str | PathLike[str]) -> Iterator[Path]:
    """As `files.replacing`, and a file of a run gets its note."""
    with replacing(path) as temporary:
        yield temporary
        text = f"{sha256(temporary)} {temporary.stat().st_size}\n"
        note = _note(path)
        if note:  # without one, a process killed at the wrong moment leaves no false alarm
            note.unlink(missing_ok=True)
    if note:
        with replacing(note) as temporary:
            temporary.write_text(text, encoding="utf-8")


def check(path: str | PathLike[str]) -> None:
    """Compare a file with its note.

    Raises
    ------
    ArtefactError
        It is not what was written.
    """
    note = _note(path)
    if note and note.is_file() and Path(path).is_file() and (why := _difference(path, note)):
        raise ArtefactError(f"{relative(path)}: {why}: run again, which makes it anew")


def changed(run: Run) -> dict[Path, str]:
    """Files of a run that are gone, or not what was written: {path: what is wrong}."""
    found = {path: _difference(path, note) for path, note in _noted(run).items()}
    return {path: why for path, why in found.items() if why}


def count(run: Run) -> int:
    """How many files of a run have a note."""
    return len(_noted(run))


def _noted(run):
    notes = sorted((run.folder / NOTES).rglob("*"))
    return {run.folder / n.relative_to(run.folder / NOTES): n for n in notes if n.is_file()}


def discard_changed(run: Run) -> None:
    """Remove the files of a run that have changed, so that the workflow makes them again."""
    found = changed(run)
    for path, why in found.items():
        if path.exists():  # what is gone has been removed by Snakemake, or on purpose
            print(f"note: {relative(path)}: {why}; it is made again", file=sys.stderr, flush=True)
    for path in found:
        for file in (path, run.folder / NOTES / path.relative_to(run.folder)):
            file.unlink(missing_ok=True)
        folder, name, *_ = (*path.relative_to(run.folder).parts, "")
        if folder in BESIDE_NOTEBOOKS:
            run.notebook(name.removesuffix(".json")).unlink(missing_ok=True)


def _note(path):
    """Where the note of a file is; None for a file of no run."""
    place = Path(os.path.abspath(path))
    results = root() / "results"
    if results not in place.parents or len(place.relative_to(results).parts) < 2:
        return None
    run, *rest = place.relative_to(results).parts
    return results.joinpath(run, NOTES, *rest)


def _difference(path, note):
    """What is wrong with a file, in words; empty for nothing."""
    digest, _, size = note.read_text(encoding="utf-8", errors="replace").strip().partition(" ")
    try:
        now = Path(path).stat().st_size
        if len(digest) != 64 or not size.isdecimal():
            return f"has a damaged note, {relative(note)}"
        if str(now) != size:
            return f"has {now} bytes, and {size} were written"
        return "" if sha256(path) == digest else "is not what was written"
    except FileNotFoundError:
        return "is gone"
