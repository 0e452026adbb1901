"""Whatever bytes a file holds, its reader gives data or a line that names it, and soon.

Arbitrary bytes, and valid files of every kind that are changed a little. The environment variable
`ATTRIBUTION_CONSISTENCY_FUZZ` is the number of files that each test tries, instead of a few.
"""

import gzip
import io
import json
import os
import warnings
from contextlib import suppress
from functools import cache
from tempfile import TemporaryDirectory

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attribution_consistency import models, read, texts
from attribution_consistency.score import DEFAULT, _ignored
from attribution_consistency.sequences import decode
from attribution_consistency.weights import length_weights_from, shipped_entry

MANY = int(os.environ.get("ATTRIBUTION_CONSISTENCY_FUZZ", "60"))
fuzzed = settings(
    max_examples=MANY,
    deadline=20_000,
    derandomize="ATTRIBUTION_CONSISTENCY_FUZZ" not in os.environ,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

RNG = np.random.default_rng(0)
X = np.eye(4, dtype=np.int8)[RNG.integers(0, 4, (6, 20))]
A = RNG.normal(size=X.shape).astype(np.float32)
LETTERS = decode(X)
PLACES = [f"chr1:{30 * i}-{30 * i + 20}" for i in range(6)]
BED = "".join(f"chr1\t{30 * i}\t{30 * i + 20}\n" for i in range(6)).encode()
FASTA = "".join(f">{p}\n{s}\n" for p, s in zip(PLACES, LETTERS)).encode()
GENOME = b">chr1 of a test\n" + "".join(RNG.choice(list("ACGT"), 200)).encode() + b"\n"
TABLE = b"model,file,fold,auroc\nNA,a.npz,0,0.5\nb,b.npz,1,0.25\n"


def saved(save, **arrays):
    stream = io.BytesIO()
    save(stream, **arrays)
    return stream.getvalue()


def hdf5(**options):
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        for name, array in (("x", X), ("a", A), ("names", np.array(PLACES, "S"))):
            file.create_dataset(name, data=array, **options)
    return stream.getvalue()


@cache
def bigwig():
    import pybigtools

    with TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.bw")
        file = pybigtools.open(path, "w")
        file.write({"chr1": 200}, iter([("chr1", i, i + 1, float(i)) for i in range(200)]))
        with open(path, "rb") as stream:
            return stream.read()


@cache
def valid():
    """Files of every kind that is read, by name."""
    column = {"x": np.asfortranarray(X), "a": np.asfortranarray(A)}
    found = {
        "npz": saved(np.savez, x=X, a=A, names=PLACES),
        "packed.npz": saved(np.savez_compressed, **column),
        "npy": saved(lambda s, a: np.save(s, a), a=A),
        "letters.npy": saved(lambda s, a: np.save(s, a), a=np.array(LETTERS)),
        "h5": hdf5(),
        "packed.h5": hdf5(compression="gzip"),
        "fa": FASTA,
        "fa.gz": gzip.compress(FASTA),
        "bed": BED,
        "csv": ("name,sequence\n" + "\n".join(f"s,{s}" for s in LETTERS)).encode(),
    }
    with suppress(ImportError):
        found["bw"] = bigwig()
    with suppress(ImportError):
        from safetensors.numpy import save

        found["safetensors"] = save({"x": X, "attributions": A})
    return found


def change(data, changes):
    """Bytes with some places overwritten, cut out or doubled."""
    data = bytearray(data)
    for kind, at, value in changes:
        at %= len(data) + 1
        if kind == "set":
            data[at : at + len(value)] = value
        elif kind == "cut":
            del data[at : at + 1 + 7 * len(value)]
        elif kind == "end":
            del data[at:]
        else:
            data[at:at] = data[at : at + 16] + value
    return bytes(data)


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["set", "set", "set", "cut", "end", "double"]),
        st.integers(0, 2**16),
        st.binary(max_size=4) | st.sampled_from([b"\xff\xff\xff\xff", b"-1", b"9" * 30, b"\0\0"]),
    ),
    min_size=1,
    max_size=6,
)


def tried(path, function, *arguments):
    """What a reader gives, or None where it ends in a line that names the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*arguments)
    except ValueError as error:
        said = str(error)
        assert str(path) in said and "\n" not in said and said.strip(), said


def read_all(path, wanted=read.ANY):
    """Read a file as sequences, and as maps of sequences that are good."""
    source = tried(path, read.open_sequences, path, wanted)
    if source:
        rows = np.arange(min(source.shape[0], 9))
        x = tried(path, read.read_sequences, source, rows)
        assert x is None or (x.shape == (len(rows), *source.shape[1:]) and x.max(initial=0) <= 1)
    codes = X.argmax(axis=2).astype(np.uint8)
    places = texts.places(PLACES, LETTERS)
    like = read.Source(path, None, X.shape, "NLC", 20, None, codes)
    like = like._replace(names=PLACES, places=places, begins=np.zeros(6, int))
    maps = tried(path, read.open_maps, path, like, wanted)
    if maps:
        a = tried(path, read.read_maps, maps, np.arange(6), X)
        assert a is None or (a.shape == X.shape and np.isfinite(a).all())


@pytest.mark.parametrize("kind", sorted(valid()))
def test_a_valid_file_is_read(tmp_path, kind):
    path, genome = tmp_path / f"file.{kind}", tmp_path / "genome.fa"
    path.write_bytes(valid()[kind])
    genome.write_bytes(GENOME)
    read_all(path, read.Wanted(genome=str(genome)))


@pytest.mark.parametrize("kind", sorted(set(valid()) - {"bw"}))
@fuzzed
@given(changes=CHANGES)
def test_changed_files(tmp_path, kind, changes):
    path, genome = tmp_path / f"file.{kind}", tmp_path / "genome.fa"
    path.write_bytes(change(valid()[kind], changes))
    genome.write_bytes(GENOME)
    read_all(path, read.Wanted(genome=str(genome), drop_bad_rows=True))
    tried(path, _ignored, path, None, read.ANY, DEFAULT)


def damaged(folder, place, value):
    """A bigWig file in which one number is another."""
    path, data = folder / "file.bw", bytearray(valid()["bw"])
    data[place : place + len(value)] = value
    path.write_bytes(data)
    return path


@pytest.mark.skipif("bw" not in valid(), reason="pybigtools is not installed")
@pytest.mark.parametrize("place", [0, 4, 6, 8, 16, 24, 52, 1292, 1308, 1316, 1324, 1372])
@pytest.mark.parametrize("value", [b"\xff\xff", b"\0\0\0\0\1"])
def test_a_damaged_bigwig_file_does_not_end_the_process(tmp_path, place, value, capfd):
    """As the library does that reads it, which asks for the memory that a file declares."""
    path = damaged(tmp_path, place, value)
    read_all(path)
    assert capfd.readouterr().err == ""


HEADS = [b"\x93NUMPY\x01\x00", b"\x93NUMPY\x02\x00", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b">", b""]
HEADS += [b"\x1f\x8b\x08", b"\x26\xfc\x8f\x88", b"\x88\x8f\xfc\x26", b"chr1\t", b"\xff\xfe", b"s,"]
NAMES = ["a.npz", "a.npy", "a.h5", "a.safetensors", "a.fa", "a.bed", "a", "a.pt", "a.zarr"]


@fuzzed
@given(head=st.sampled_from(HEADS), data=st.binary(max_size=200), name=st.sampled_from(NAMES))
def test_any_bytes(tmp_path, head, data, name):
    path = tmp_path / name
    path.write_bytes(head + data)
    read_all(path)
    tried(path, models.read_models, path)
    tried(path, _ignored, path, None, read.ANY, DEFAULT)


@fuzzed
@given(text=st.text(max_size=300))
def test_any_text(tmp_path, text):
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    read_all(path)
    tried(path, models.read_models, path)
    tried(path, _ignored, path, None, read.ANY, DEFAULT)


@fuzzed
@given(changes=CHANGES)
def test_changed_tables_of_models(tmp_path, changes):
    path = tmp_path / "m.csv"
    path.write_bytes(change(TABLE, changes))
    found = tried(path, models.read_models, path)
    if found:
        assert all(isinstance(name, str) for name in (*found.files, *found.performance))
        tried(path, models.performance, path, [*found.performance])


@fuzzed
@given(changes=CHANGES)
def test_changed_genomes(tmp_path, changes):
    pytest.importorskip("pyfaidx")
    path, genome = tmp_path / "x.bed", tmp_path / "genome.fa"
    path.write_bytes(BED)
    (tmp_path / "genome.fa.fai").unlink(missing_ok=True)
    genome.write_bytes(change(GENOME, changes))
    tried(genome, read.open_sequences, path, read.Wanted(genome=str(genome)))


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JSON = st.recursive(
    PLAIN, lambda kind: st.lists(kind, max_size=3) | st.dictionaries(st.text(max_size=5), kind)
)
SHIPPED = shipped_entry("frequency")


@fuzzed
@given(entry=JSON | st.dictionaries(st.sampled_from(sorted(SHIPPED)), JSON))
def test_any_json_as_length_weights(entry):
    if isinstance(entry, dict):
        entry = json.loads(json.dumps(SHIPPED)) | entry
    try:
        found = length_weights_from(entry)
    except ValueError as error:
        assert str(error).startswith("length weights: ") and "\n" not in str(error)
    else:
        assert found.mean.sum() == pytest.approx(1) and found.mean.min() >= 0
        assert found.mean.shape == (len(SHIPPED["ks"]),) or "mean" in entry
