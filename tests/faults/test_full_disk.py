"""A disk that is full at many sizes: one line that says so, nothing half-written, then all of it.

A limit of the size of a file stands for the disk: every write beyond it fails the same way.
"""

import resource
import shutil
import signal

import pytest
from tiny_workflow import FULL, digests

pytest.importorskip("keras")
pytest.importorskip("snakemake")

pytestmark = pytest.mark.slow
SIZES = [30, 1_000, 5_000, 20_000, 60_000, 90_000, 120_000, 200_000]


def limit(size):
    def before():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return before


@pytest.mark.parametrize("size", SIZES if FULL else SIZES[5:6])
def test_a_full_disk_is_said_and_nothing_is_lost(copy, run, finished, record, size):
    folder = copy / "results" / "tiny"
    right = digests(copy)
    shutil.rmtree(folder)
    status, printed = run("config/tiny.yml", preexec_fn=limit(size))
    said = printed
    assert status != 0 and "too large" in said.lower(), said
    assert not [p for p in folder.rglob("*.part-*") if p.is_file()]
    status, printed = run("config/tiny.yml")
    assert status == 0, printed
    lost = sum(digest != right.get(path) for path, digest in digests(copy).items())
    assert not lost
    reads = next(line for line in said.splitlines() if "too large" in line.lower())
    record("a disk that is full at some size", 1, lost, reads.replace(f"{copy}/", ""))
