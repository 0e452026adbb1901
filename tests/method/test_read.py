"""Files of maps and sequences that others saved: every form gives the same numbers."""

import gzip
import io
import subprocess
import sys
import tracemalloc
import zipfile

import h5py
import hdf5plugin
import numpy as np
import pytest
from metric_examples import random_pair

from attribution_consistency import containers
from attribution_consistency import read as files
from attribution_consistency.sequences import decode

X, A = random_pair(0, n=7, length=20, dtype=np.float32)
ROWS = np.arange(7)


def write(path, array, key):
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".npz":
        np.savez_compressed(path, **{key: array})
    else:
        with h5py.File(path, "w") as file:
            file[key] = array
    return path


@pytest.mark.parametrize("key", ["a", "attributions", "arr_0"])
@pytest.mark.parametrize("suffix", [".npz", ".npy", ".h5"])
def test_every_kind_and_key(tmp_path, suffix, key):
    source = files.open_maps(write(tmp_path / f"m{suffix}", A, key))
    assert source.shape == A.shape and source.layout == "NLC"
    np.testing.assert_array_equal(files.read_maps(source, ROWS, X), A)


def test_hdf5_compressed_by_blosc(tmp_path):
    """In a process of its own, where nothing but the package has loaded the compressor."""
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.create_dataset("a", data=A, **hdf5plugin.Blosc())
    program = """
import sys
import numpy as np
from attribution_consistency import read
maps = read.read_maps(read.open_maps("m.h5"), np.arange(7), None)
np.save("read.npy", maps)
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "read.npy"), A)


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".h5"])
def test_length_last_is_recognised(tmp_path, suffix):
    source = files.open_maps(write(tmp_path / f"m{suffix}", A.transpose(0, 2, 1).copy(), "a"))
    assert source.shape == A.shape and source.layout == "NCL"
    np.testing.assert_array_equal(files.read_maps(source, ROWS, X), A)


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".h5"])
@pytest.mark.parametrize("rows", [[0], [6], [1, 2, 5], [0, 6]])
@pytest.mark.parametrize("piece", [1, 500, 2**20])
def test_only_the_rows_asked_for(tmp_path, monkeypatch, suffix, rows, piece):
    monkeypatch.setattr(containers, "PIECE", piece)
    source = files.open_maps(write(tmp_path / f"m{suffix}", A, "a"))
    np.testing.assert_array_equal(files.read_maps(source, np.array(rows), X), A[rows])


@pytest.mark.parametrize("dtype", ["<f2", ">f4", "<f8", "i1", "<i4", "?"])
def test_any_numbers(tmp_path, dtype):
    values = np.round(3 * A).astype(dtype)
    found = files.read_maps(files.open_maps(write(tmp_path / "m.npz", values, "a")), ROWS, X)
    assert found.dtype in (np.float32, np.float64) and found.dtype.isnative
    np.testing.assert_array_equal(found, values.astype(float))


def test_column_order(tmp_path):
    source = files.open_maps(write(tmp_path / "m.npy", np.asfortranarray(A), "a"))
    np.testing.assert_array_equal(files.read_maps(source, ROWS[2:4], X), A[2:4])


@pytest.mark.parametrize("key", ["x", "sequences", "arr_0"])
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float16, np.float64])
def test_one_hot_sequences(tmp_path, key, dtype):
    source = files.open_sequences(write(tmp_path / "x.npz", X.astype(dtype), key))
    found = files.read_sequences(source, ROWS[1:])
    assert found.dtype == np.int8
    np.testing.assert_array_equal(found, X[1:])


@pytest.mark.parametrize("name", ["x.fa", "x.FASTA", "x.fna.gz"])
def test_fasta_sequences_in_either_case_and_with_n(tmp_path, name):
    x = X.copy()
    x[2, 3] = 0
    text = "".join(f">s{i}\n{s.lower() if i % 2 else s}\n" for i, s in enumerate(decode(x)))
    packed = gzip.compress(text.encode(), mtime=0) if name.endswith("gz") else text.encode()
    (tmp_path / name).write_bytes(packed)
    source = files.open_sequences(tmp_path / name)
    assert source.shape == X.shape
    np.testing.assert_array_equal(files.read_sequences(source, ROWS[2:]), x[2:])


def test_maps_at_the_wrong_bases_are_noticed(tmp_path):
    source = files.open_maps(write(tmp_path / "m.npy", X * A, "a"))
    files.check_channels(source, X, X * A)
    files.check_channels(source, X, A)
    with pytest.raises(ValueError, match="not in the order A C G T"):
        files.check_channels(source, X, (X * A)[..., [0, 2, 1, 3]])


@pytest.mark.parametrize(
    ("filled", "wrong", "noticed"),
    [(1000, 90, False), (1000, 110, True), (890, 890, False), (910, 910, True)],
)
def test_nine_of_ten_values_stand_at_the_base_of_the_sequence(tmp_path, filled, wrong, noticed):
    """Of maps that have one value at nine of ten positions; of others nothing is said."""
    x, _ = random_pair(0, n=10, length=100)
    a = np.where(np.arange(1000)[:, None] < wrong, np.roll(x, 1, axis=2).reshape(-1, 4), -1)
    a = np.where(a < 0, 2 * x.reshape(-1, 4), a)
    a[filled:] = 0
    source = files.open_maps(write(tmp_path / "m.npy", a.reshape(x.shape), "a"))
    if noticed:
        with pytest.raises(ValueError, match=f"only {1 - wrong / filled:.0%} of its values"):
            files.check_channels(source, x, a.reshape(x.shape))
    else:
        files.check_channels(source, x, a.reshape(x.shape))


@pytest.mark.parametrize("n", [8, 9, 20])
def test_eight_arrays_of_a_file_are_named(tmp_path, n):
    np.savez(tmp_path / "m.npz", **{f"mine{i:02}": [i] for i in range(n)})
    with pytest.raises(ValueError, match="has no array of a known name; it holds") as caught:
        files.open_maps(tmp_path / "m.npz")
    said = str(caught.value)
    assert said.count("mine") == 8 and (f" and {n - 8} more: name" in said) == (n > 8)
    assert ("more" in said) == (n > 8)


def test_memory_is_that_of_the_rows(tmp_path):
    """40 MB of maps, 20 sequences of them asked for: less than half in memory."""
    big = np.random.default_rng(0).normal(size=(2500, 1000, 4)).astype(np.float32)
    path = tmp_path / "m.npz"
    np.savez(path, a=big)
    del big
    tracemalloc.start()
    found = files.read_maps(files.open_maps(path), np.arange(0, 2500, 125), None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.shape == (20, 1000, 4) and peak < 20e6


def header(shape, dtype="<f4"):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": dtype, "fortran_order": False, "shape": shape}
    )
    return stream.getvalue()


def archive(path, content, name="a.npy"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, content)
    return path


def test_a_bomb_is_opened_without_being_read_and_stopped_by_memory(tmp_path, monkeypatch):
    shape = (1000, 1000, 4)
    path = archive(tmp_path / "m.npz", header(shape) + bytes(16_000_000))
    assert path.stat().st_size < 100_000
    tracemalloc.start()
    source = files.open_maps(path)
    assert tracemalloc.get_traced_memory()[1] < 2e6
    monkeypatch.setattr(containers, "memory", lambda: 10_000_000)
    assert files.read_maps(source, np.arange(3), None).shape == (3, 1000, 4)
    with pytest.raises(ValueError, match="needs 0.0 GiB at a time, of 0.0 GiB: take fewer"):
        files.read_maps(source, np.arange(1000), None)
    assert tracemalloc.get_traced_memory()[1] < 30e6
    tracemalloc.stop()


def test_a_header_that_lies_is_refused(tmp_path):
    path = archive(tmp_path / "m.npz", header((10**6, 10**6, 4)) + bytes(100))
    with pytest.raises(
        ValueError, match="truncated or damaged: 100 bytes of numbers, not 16000000000000"
    ):
        files.open_maps(path)
    path = archive(tmp_path / "n.npz", header((7, 20, 4)) + bytes(100))
    with pytest.raises(ValueError, match="truncated or damaged: 100 bytes of numbers, not 2240"):
        files.open_maps(path)


def test_nothing_is_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    for name in ("m.npy", "m.npz"):
        objects = np.array([Trap()] * 3, dtype=object)
        (np.save if name.endswith("y") else np.savez)(tmp_path / name, objects)
        with pytest.raises(ValueError, match="never unpickled"):
            files.open_maps(tmp_path / name)
    assert not (tmp_path / "sprung").exists()
