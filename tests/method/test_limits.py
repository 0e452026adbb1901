"""Files that declare, or unpack to, more than there is memory for are refused before it is taken.

Each is scored by a process of its own that may have little memory, so that what is taken none the
less ends in an error that is not ours.
"""

import gzip
import io
import os
import resource
import subprocess
import sys
import tracemalloc

import h5py
import numpy as np
import pytest
from metric_examples import random_pair

from attribution_consistency import containers, models, read, simulation, texts
from attribution_consistency.scorer import Settings

X, A = random_pair(0, n=24, length=30, dtype=np.float32)
GIB = 2**30
LIMIT = 3 * GIB  # of addresses: the libraries take 2
SMALL = """
import resource
resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))
from attribution_consistency import cli
raise SystemExit(cli.main({arguments!r}))
"""


def score(folder, *arguments, limit=LIMIT):
    given = ["score", "--sequences", "x.npz", "--attributions", "a.npz", "--out", "out"]
    program = SMALL.format(limit=limit, arguments=[*given, "--ks", "3", *arguments])
    # Each thread of a library for linear algebra takes addresses of its own.
    environment = {"OPENBLAS_NUM_THREADS": "1"}
    options = {"cwd": folder, "env": os.environ | environment, "capture_output": True}
    return subprocess.run([sys.executable, "-c", program], text=True, **options)


@pytest.fixture
def place(tmp_path):
    np.savez(tmp_path / "x.npz", x=X)
    np.savez(tmp_path / "a.npz", a=A)
    return tmp_path


def huge_hdf5(folder):
    """A declared array of a million million maps in a file of a few kB."""
    with h5py.File(folder / "a.h5", "w") as file:
        file.create_dataset("a", (10**12, 30, 4), "f4", chunks=(1, 30, 4))
        file.create_dataset("x", (10**12, 30, 4), "i1", chunks=(1, 30, 4))
        file.create_dataset("codes", (10**12, 30), "i1", chunks=(1, 30))
        file.create_dataset("names", (10**12,), "S9", chunks=(9,))


def one_chunk(folder):
    """Maps of which any one unpacks 2 GB."""
    with h5py.File(folder / "a.h5", "w") as file:
        options = {"chunks": (2**22, 30, 4), "maxshape": (None, 30, 4)}
        file.create_dataset("a", (24, 30, 4), "f4", **options)


def bomb(folder):
    """One MB of text that unpacks to 250 MB."""
    with gzip.open(folder / "x.fa.gz", "wb", compresslevel=1) as file:
        file.write(b">s\n")
        for _ in range(250):
            file.write(b"A" * 10**6)


def long_line(folder):
    """A sequence of 100 million bases among 23 of ten: padded alike, 2.4 GB."""
    short = b"".join(b">s%d\nACGTACGTAC\n" % i for i in range(23))
    (folder / "x.fa").write_bytes(short + b">long\n" + b"ACGT" * 25_000_000 + b"\n")


CASES = {
    "maps that a file declares": (huge_hdf5, ["--attributions", "a.h5"], "a.h5: needs"),
    "sequences that a file declares": (huge_hdf5, ["--sequences", "a.h5"], "a.h5: needs"),
    "codes that a file declares": (
        huge_hdf5,
        ["--sequences", "a.h5", "--sequences-key", "codes"],
        "a.h5: needs",
    ),
    "a chunk": (one_chunk, ["--attributions", "a.h5"], "a.h5: needs 1.9 GiB"),
    "a bomb of text": (bomb, ["--sequences", "x.fa.gz"], "x.fa.gz: holds more than"),
    "a bomb as a table": (bomb, ["--performance", "x.fa.gz"], "x.fa.gz: holds more than"),
    "a bomb to ignore": (bomb, ["--ignore", "x.fa.gz"], "x.fa.gz: holds more than"),
    "sequences of unequal length": (long_line, ["--sequences", "x.fa"], "x.fa: needs"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_what_is_declared_is_refused_before_it_is_read(place, case):
    make, arguments, message = CASES[case]
    make(place)
    done = score(place, *arguments)
    assert done.returncode == 2, done.stderr
    *progress, said = done.stderr.splitlines()
    assert said.startswith("error: ") and message in said and "take fewer sequences" in said
    assert progress in ([], ["scoring 1 of 1: a"])
    assert not (place / "out").exists()


@pytest.mark.slow
def test_the_process_of_these_tests_can_score_what_is_small(place):
    done = score(place)
    assert done.returncode == 0, done.stderr


def test_so_many_draws_of_so_many_sequences_are_refused(place, monkeypatch):
    from attribution_consistency import exchanged_null, rotated_null

    monkeypatch.setattr(containers, "memory", lambda: 1_000_000)
    for null in (exchanged_null, rotated_null):
        with pytest.raises(ValueError, match=r"needs .* take fewer sequences or draws"):
            null(X, A, [3], n_draws=99_999)
        null(X, A, [3], n_draws=99)


def test_memory_is_asked_for_before_it_is_taken(place, monkeypatch):
    """Of texts, of simulated sequences, of sources and of their rows: bytes for each of them."""
    for module in (texts, simulation, read, containers):
        monkeypatch.setattr(module, "afford", (asked := []).append)
        if module is texts:
            texts.aligned(["ACGTA", "ACG"], "start")
        elif module is simulation:
            simulation.simulate(10, 100)
        else:
            read.read_maps(read.open_maps(place / "a.npz"), np.array([3, 7]), X)
        want = {texts: 8 * 5 * 2, simulation: 20 * 10 * 100, read: 16 * 24, containers: 2 * 480}
        assert asked == [want[module]]


@pytest.mark.parametrize("order", ["C", "F"])
def test_neither_order_of_an_archive_is_read_whole(tmp_path, order):
    """96 MB of maps, a few of which are asked for: some MB at a time."""
    maps = np.zeros((50_000, 120, 4), np.float32, order=order)
    maps[[7, 49_999], 5] = [[1, 2, 3, 4], [5, 6, 7, 8]]
    np.savez_compressed(tmp_path / "a.npz", a=maps)
    del maps
    tracemalloc.start()
    rows = np.array([7, 100, 49_999])
    found = read.read_maps(read.open_maps(tmp_path / "a.npz"), rows, np.zeros((3, 120, 4)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found[0, 5].tolist() == [1, 2, 3, 4] and found[2, 5].tolist() == [5, 6, 7, 8]
    assert found.any(axis=(1, 2)).tolist() == [True, False, True] and peak < 40e6


@pytest.mark.parametrize("shape", [(5,), (5, 2), (5, 3, 4), (2, 3, 4, 5), (5, 0)])
@pytest.mark.parametrize("piece", [1, 40, 10**6])
def test_rows_of_arrays_in_the_order_of_columns(tmp_path, monkeypatch, shape, piece):
    monkeypatch.setattr(containers, "PIECE", piece)
    values = np.asfortranarray(np.random.default_rng(0).normal(size=shape))
    np.save(tmp_path / "a.npy", values)
    for rows in ([0], [shape[0] - 1], [0, 1], range(shape[0]), []):
        with containers.arrays(tmp_path / "a.npy") as held:
            found = held[""].read(np.array(rows, int))
        np.testing.assert_array_equal(found, values[list(rows)])


def test_a_header_of_many_bytes_is_not_read(tmp_path):
    head = b"\x93NUMPY\x02\x00" + (2**30).to_bytes(4, "little")
    (tmp_path / "a.npy").write_bytes(head + b" " * 100_000)
    with pytest.raises(ValueError, match=r"a\.npy: "):
        read.open_maps(tmp_path / "a.npy")


@pytest.mark.parametrize("shape", ["(-2, -3, 4)", "(24, 30, " + "9" * 5000 + ")", "(24, 30.0, 4)"])
def test_shapes_that_are_none(tmp_path, shape):
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    head += b" " * (-len(head) % 64) + b"\n"
    start = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little")
    (tmp_path / "a.npy").write_bytes(start + head + bytes(24 * 4))
    with pytest.raises(ValueError, match=r"a\.npy: "):
        read.open_maps(tmp_path / "a.npy")


def test_the_limit_of_a_process_counts(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda which: (12345, -1))
    assert containers.memory() == 12345
    monkeypatch.setattr(resource, "getrlimit", lambda which: (resource.RLIM_INFINITY, -1))
    assert containers.memory() > GIB / 4


def test_an_array_may_take_a_third_of_the_memory(monkeypatch):
    monkeypatch.setattr(containers, "memory", lambda: 3_000_002)
    containers.afford(1_000_000)
    with pytest.raises(ValueError, match="take fewer sequences or draws"):
        containers.afford(1_000_001)


def test_memory_that_is_not_known_is_no_limit(monkeypatch):
    monkeypatch.delattr(containers.os, "sysconf")
    assert containers.memory() == sys.maxsize


def test_texts_have_a_largest_size(tmp_path, monkeypatch):
    monkeypatch.setattr(texts, "MOST", 1000)
    (tmp_path / "m.csv").write_text("model,auroc\na,1\n" + " " * 1000)
    with pytest.raises(ValueError, match=r"m.csv: holds more than 0 MiB of text"):
        models.read_models(tmp_path / "m.csv")
    (tmp_path / "m.csv").write_text("model,auroc\na,1\n".ljust(1000))
    assert texts.read_text(tmp_path / "m.csv").startswith("model")  # exactly as much
    (tmp_path / "m.csv").write_text("model,auroc\na,1\n")
    assert models.read_models(tmp_path / "m.csv").performance == {"a": 1}


@pytest.mark.parametrize("name", ["draws", "max_sequences", "seed"])
@pytest.mark.parametrize("value", [-1, 1.5, float("nan"), float("inf"), "many", True, None])
def test_settings_are_whole_numbers_in_their_range(name, value):
    with pytest.raises(ValueError, match=f"{name}: got"):
        Settings(**{name: value})


def test_a_stream_that_ends_too_early(tmp_path):
    stored = io.BytesIO()
    np.save(stored, A)
    whole = stored.getvalue()
    cut = containers._npy(lambda: io.BytesIO(whole[:-4]), len(whole))
    with pytest.raises(ValueError, match="is truncated"):
        cut.read()


GROUPS = {
    "version 2": ("0::/slurm/job_1\n", "slurm/memory.max", "memory.max"),
    "version 1": ("5:cpu:/a\n4:memory:/job\n", "memory/job/memory.limit_in_bytes", "cpu/a/x"),
    "a container": ("0::/\n", "memory.max", "other/memory.max"),
}


@pytest.mark.parametrize("version", GROUPS)
def test_memory_is_what_the_control_group_has(tmp_path, monkeypatch, version):
    """A job of a cluster, or a container: the smallest limit on the way up counts."""
    own, limited, other = GROUPS[version]
    free = containers.memory()
    (tmp_path / "own").write_text(own)
    monkeypatch.setattr(containers, "OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr(containers, "ALL_GROUPS", tmp_path / "all")
    assert containers.memory() == free
    for path, text in ((other, "max\n"), (limited, f"{2**30}\n")):
        (tmp_path / "all" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "all" / path).write_text(text)
    assert containers.memory() == 2**30
    with pytest.raises(ValueError, match="needs 0.9 GiB at a time, of "):
        containers.afford(int(0.9 * 2**30))
    monkeypatch.setattr(containers, "OWN_GROUPS", tmp_path / "missing")
    assert containers.memory() == free
