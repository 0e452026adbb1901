"""Data files: round trip, atomic writes, refusals."""

import errno
import io
import socket

import numpy as np
import pytest

from compendium import paths, store

DATA = {
    "codes": np.array([[0, 1, 4]], np.uint8),
    "y": np.array([[0.5]], np.float32),
    "chrom": np.array(["chr8"]),
    "meta": {"targets": ["GM12878"], "n": np.int64(1), "ks": np.arange(3, 6)},
}


@pytest.mark.parametrize("compress", [True, False])
def test_round_trip(tmp_path, compress):
    path = tmp_path / "new" / "folder" / "a.npz"
    store.save(path, DATA, compress=compress)
    back = store.load(path)
    assert list(back) == list(DATA)
    for key in ("codes", "y", "chrom"):
        assert back[key].dtype == DATA[key].dtype
        assert np.array_equal(back[key], DATA[key])
    assert back["meta"] == {"targets": ["GM12878"], "n": 1, "ks": [3, 4, 5]}
    assert [p.name for p in path.parent.iterdir()] == ["a.npz"]
    assert list(store.load(path, keys=["y"])) == ["y"]


def test_same_data_gives_the_same_bytes(tmp_path):
    store.save(tmp_path / "a.npz", DATA)
    store.save(tmp_path / "b.npz", DATA)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.npz"
    store.save(path, DATA)
    before = path.read_bytes()
    with pytest.raises(RuntimeError), store.open_atomic(path) as handle:
        handle.write(b"half")
        raise RuntimeError
    with pytest.raises(store.StoreError, match="No space left"), store.open_atomic(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


@pytest.mark.parametrize(
    "write",
    [lambda path: store.save(path, DATA), lambda path: paths.write_json(path, {"x": 1})],
    ids=["data", "artefact"],
)
def test_a_file_is_on_the_disk_before_it_gets_its_name(tmp_path, disk, write):
    """Else a crash of the computer can leave the name and not the content."""
    for _ in range(2):
        write(tmp_path / "a")
    assert disk.done == [(tmp_path / "a").stat().st_size, "renamed"] * 2
    assert disk.temporary[0] != disk.temporary[1], "processes of one number on two computers"
    assert all(socket.gethostname() in name for name in disk.temporary)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(store.StoreError, match="cannot be written"):
        store.save(tmp_path / "file" / "a.npz", DATA)


def test_objects_are_not_pickled(tmp_path):
    with pytest.raises(store.StoreError, match="'chrom' holds Python objects"):
        store.save(tmp_path / "a.npz", {"chrom": np.array(["chr8"], object)})
    with pytest.raises(store.StoreError, match="meta cannot be written as JSON"):
        store.save(tmp_path / "a.npz", {"meta": {"x": object()}})
    assert not list(tmp_path.iterdir())


def _bytes(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not an archive",
        b"PK\x03\x04 and no more",
        _bytes(y=np.zeros(1000))[:900],
        _bytes(y=np.zeros(1000))[:-30],
        _bytes(y=np.array([{}], object)),
        _bytes(meta="{not json"),
        _bytes(y=np.zeros(1000)).replace(b"\0" * 64, b"\1" * 64, 1),
    ],
)
def test_damaged_files_are_refused(tmp_path, content):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(store.StoreError, match="a.npz: truncated, or not a data file") as error:
        store.load(path)
    assert "\n" not in str(error.value)


def test_single_array_file_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(3))
    with pytest.raises(store.StoreError, match="not a data file"):
        store.load(tmp_path / "a.npy")


def test_missing_file_and_missing_key(tmp_path):
    with pytest.raises(store.StoreError, match="a.npz: no such file"):
        store.load(tmp_path / "a.npz")
    store.save(tmp_path / "a.npz", DATA)
    with pytest.raises(store.StoreError, match="has no split, only codes, y, chrom, meta"):
        store.load(tmp_path / "a.npz", keys=["y", "split"])
