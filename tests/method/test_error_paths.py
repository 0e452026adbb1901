"""What goes wrong outside the files that are read: libraries, disks, interruptions, numbers."""

import argparse
import errno
import sys
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from metric_examples import random_pair

from attribution_consistency import cli, files, motifs, read, score, simulate
from attribution_consistency.exchange import known_stretches
from attribution_consistency.sequences import decode_codes
from attribution_consistency.weights import length_weights_from, shipped_entry

X, A = random_pair(0, n=6, length=20, dtype=np.float32)


def ended(error):
    def function(arguments):
        raise error

    return cli.guarded(argparse.Namespace(function=function), "and so on")


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted; and so on"),
        (OSError(errno.ENOSPC, "No space left", "a.npz"), 2, "error: a.npz: No space left; make "),
        (OSError(errno.EIO, "Input/output error"), 2, "error: Input/output error"),
        (ValueError("one\n  line"), 2, "error: one line"),
        (MemoryError(), 2, "error: not enough memory"),
        (MemoryError("Unable to allocate 8 TiB"), 2, "error: Unable to allocate 8 TiB"),
    ],
)
def test_every_end_is_a_line_and_a_status(capsys, error, status, said):
    assert ended(error) == status
    printed = capsys.readouterr().err
    assert printed.startswith(said) and printed.count("\n") == 1


def test_a_full_disk_names_the_file_and_leaves_the_older_one(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(OSError) as caught, files.replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.filename == str(tmp_path / "a.txt")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


@pytest.mark.parametrize("library", ["zarr", "safetensors", "pyfaidx", "pybigtools", "torch"])
def test_a_library_that_is_not_there_is_named(tmp_path, monkeypatch, library):
    for name in (library, f"{library}.numpy"):
        monkeypatch.setitem(sys.modules, name, None)
    names = [f"chr1:{30 * i}-{30 * i + 20}" for i in range(6)]
    like = read.Source(tmp_path, None, X.shape, "NLC", 20, None)
    like = like._replace(places=read.texts.places(names, ["A" * 20] * 6), begins=np.zeros(6, int))
    path, wanted = tmp_path / "file", read.Wanted(genome="genome.fa")
    if library == "zarr":
        path.mkdir()
        (path / ".zgroup").write_text("{}")
    elif library == "torch":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a/data.pkl", b"")
    elif library == "safetensors":
        path = tmp_path / "file.safetensors"
        path.write_bytes(b"\0" * 9)
    elif library == "pyfaidx":
        path.write_bytes(b"chr1\t1\t21\n")
    else:
        path.write_bytes(b"\x26\xfc\x8f\x88")
    with pytest.raises(ValueError, match=rf"which needs {library}: pip install {library}$"):
        if library == "pyfaidx":
            read.open_sequences(path, wanted)
        else:
            read.read_maps(read.open_maps(path, like), np.arange(6), X)


class Tensor:
    """What is asked of a tensor of PyTorch."""

    def __init__(self, values):
        self.values = values

    detach = float = lambda self: self

    def numpy(self):
        return self.values


@pytest.mark.parametrize("held", [{"a": Tensor(A), "epoch": 3}, Tensor(A)])
def test_files_of_tensors_are_loaded_without_unpickling(tmp_path, monkeypatch, held):
    asked = {}

    def load(path, **options):
        asked.update(options)
        return held

    torch = SimpleNamespace(load=load, is_tensor=lambda value: isinstance(value, Tensor))
    monkeypatch.setitem(sys.modules, "torch", torch)
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("a/data.pkl", b"")
    maps = read.read_maps(read.open_maps(tmp_path / "a.pt"), np.array([1, 4]), X[[1, 4]])
    np.testing.assert_array_equal(maps, A[[1, 4]])
    assert asked == {"map_location": "cpu", "weights_only": True}


@pytest.mark.parametrize("left", [3, 5])
def test_a_file_that_shrinks_after_it_was_opened(tmp_path, left):
    np.savez(tmp_path / "a.npz", a=A)
    source = read.open_maps(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", a=A[:left])
    with pytest.raises(ValueError, match=r"a\.npz: has fewer sequences than when it was opened"):
        read.read_maps(source, np.arange(6), X)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"mean": [0.5, 0.6]}, "shares that add up to 1"),
        ({"mean": [1.5, -0.5]}, "shares that add up to 1"),
        ({"mean": [float("nan"), 1]}, "shares that add up to 1"),
        ({"mean": [float("inf"), 1]}, "shares that add up to 1"),
        ({"mean": []}, "length weights: "),
        ({"mean": "0.5"}, "length weights: "),
        ({"held_out": [1, 2]}, "length weights: "),
        ({"r2": [[1], [1, 2]]}, "length weights: "),
    ],
)
def test_weights_that_are_no_shares(changed, message):
    with pytest.raises(ValueError, match=message):
        length_weights_from(shipped_entry("frequency") | changed)
    with pytest.raises(ValueError, match="length weights: KeyError"):
        length_weights_from({})


@pytest.mark.parametrize(
    ("kmer", "within"), [("", 1), ("ACGN", 1), ("acgt", 1), ("ACG", float("nan")), ("ACG", -1)]
)
def test_words_and_bits_of_which_no_motif_can_be_told(kmer, within):
    with pytest.raises(ValueError, match="kmer, within: got"):
        motifs.fitting_motifs(kmer, motifs.load_motifs(), within)


@pytest.mark.parametrize("codes", [[0, 1, 2], [[0, 5]]])
def test_codes_that_are_no_sequences(codes):
    with pytest.raises(ValueError, match=r"expected"):
        decode_codes(codes)


def test_a_sequence_without_a_known_base_has_an_empty_stretch():
    codes = np.array([[4, 4, 4], [4, 1, 4], [0, 4, 2]], np.int8)
    assert known_stretches(codes).tolist() == [[0, 0], [1, 2], [0, 3]]


def test_the_example_is_scored_by_its_arguments():
    result = score.score_files(**score.example(), settings=score.Settings(ks=(3,)))
    assert list(result.table["model"]) == ["exponential", "relu"]


def test_simulated_starts_fit_their_type():
    made = simulate(10, 32_767)
    starts = made.motif_start[made.motif_id >= 0]
    assert (starts >= 0).all() and starts.max() > 20_000
    assert made.motif_mask.any(axis=1).all()
