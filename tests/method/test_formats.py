"""Files in the forms that the tools of the field write, each scored by the command alone."""

import gzip
import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pytest
from metric_examples import planted_pair

from attribution_consistency import cli, kmer_klds, read
from attribution_consistency.sequences import decode

X, A, _ = planted_pair(0, n=60, length=50)
A = A + 0.05 * np.random.default_rng(0).normal(size=A.shape)  # hypothetical: all four bases
LAST = (0, 2, 1)  # length last


def hdf5(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, (array, options) in arrays.items():
            file.create_dataset(name.replace("__", "/"), data=array, **options)


def chrombpnet(folder):
    """`chrombpnet contribs_bw`: deepdish, which compresses by blosc."""
    blosc = dict(hdf5plugin.Blosc())
    hdf5(
        folder / "f.h5",
        raw__seq=(X.transpose(LAST).astype("i1"), blosc),
        shap__seq=(A.transpose(LAST).astype("f2"), blosc),
        projected_shap__seq=((A * X).transpose(LAST).astype("f2"), blosc),
    )


def bpreveal(folder):
    """`bpreveal.interpretFlat`: hyp_scores and input_seqs, by gzip."""
    gzip = {"compression": "gzip"}
    hdf5(folder / "f.h5", hyp_scores=(A, gzip), input_seqs=(X.astype("u1"), gzip))


def finemo(folder):
    """`finemo extract-regions-*`: regions .npz, length last."""
    sequences, contributions = (v.transpose(LAST) for v in (X.astype("i1"), A.astype("f2")))
    np.savez_compressed(folder / "f.npz", sequences=sequences, contributions=contributions)


def finemo_bigwig(folder):
    """The same from a bigWig: one number for a position."""
    np.savez(folder / "f.npz", sequences=X.transpose(LAST), contributions=(A * X).sum(axis=2))


def baskerville(folder):
    """`hound_ism` and gradients of Borzoi: seqs bool, grads with a last axis of tasks."""
    grads = np.stack([A, 2 * A, -A], axis=-1).astype("f2")
    hdf5(folder / "f.h5", seqs=(X.astype(bool), {}), grads=(grads, {}))


def arrays(folder, x, a):
    np.save(folder / "x.npy", x)
    np.save(folder / "a.npy", a)


def torch_file(folder):
    torch = pytest.importorskip("torch")
    torch.save(torch.tensor(X.transpose(LAST)), folder / "x.npy")
    torch.save(torch.tensor(A.transpose(LAST), requires_grad=True), folder / "a.npy")


def zarr_group(folder):
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(str(folder / "f.zarr"), mode="w")
    for name, array in (("x", X), ("attributions", A)):
        group.create_array(name, data=array) if hasattr(group, "create_array") else group.array(
            name, array
        )


def safetensors(folder):
    """Named tensors, by the library of the format."""
    pytest.importorskip("safetensors")
    from safetensors.numpy import save_file

    held = {"x": X.astype("<f4"), "attributions": A.astype("<f4")}
    save_file(held, folder / "f.safetensors", metadata={"format": "np"})


# tool: (what it writes, the files of sequences and of maps, further arguments, tolerance)
TOOLS = {
    "ChromBPNet": (chrombpnet, "f.h5", "f.h5", [], 1e-2),
    "ChromBPNet, projected": (
        chrombpnet,
        "f.h5",
        "f.h5",
        ["--attributions-key", "projected_shap/seq"],
        1e-2,
    ),
    "BPReveal": (bpreveal, "f.h5", "f.h5", [], 1e-6),
    "FiNeMo": (finemo, "f.npz", "f.npz", [], 1e-2),
    "FiNeMo, from a bigWig": (finemo_bigwig, "f.npz", "f.npz", [], 1e-6),
    "Baskerville": (baskerville, "f.h5", "f.h5", ["--task", "1"], 1e-2),
    "Baskerville, mean of tasks": (baskerville, "f.h5", "f.h5", ["--task", "mean"], 1e-2),
    "TF-MoDISco input": (
        partial(arrays, x=X.transpose(LAST), a=A.transpose(LAST)),
        "x.npy",
        "a.npy",
        [],
        1e-6,
    ),
    "one task last": (partial(arrays, x=X, a=A[..., None]), "x.npy", "a.npy", [], 1e-6),
    "tasks first": (
        partial(arrays, x=X, a=np.stack([A, A - 1])),
        "x.npy",
        "a.npy",
        ["--task", "0"],
        1e-6,
    ),
    "CREsted": (
        partial(arrays, x=X, a=np.stack([A, 2 * A], axis=1)),
        "x.npy",
        "a.npy",
        ["--task", "1"],
        1e-6,
    ),
    "tangermeme and gReLU, PyTorch": (torch_file, "x.npy", "a.npy", [], 1e-6),
    "Zarr": (zarr_group, "f.zarr", "f.zarr", [], 1e-6),
    "safetensors": (safetensors, "f.safetensors", "f.safetensors", [], 1e-5),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_what_a_tool_writes_is_scored_by_the_command_alone(tmp_path, monkeypatch, tool):
    write, x, a, options, tolerance = TOOLS[tool]
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    given = ["score", "--sequences", x, "--attributions", a, "--ks", "3-4", "--out", "out"]
    assert cli.main([*given, *options]) == 0
    (row,) = json.loads((tmp_path / "out" / "scores.json").read_text())["models"]
    projected = "bigWig" in tool or "projected" in tool
    want = kmer_klds(X, A * X if projected else A, [3, 4])
    np.testing.assert_allclose([row["kld_k3"], row["kld_k4"]], want, rtol=tolerance)


@pytest.mark.parametrize("axis", [0, 1, 3])
def test_maps_of_a_task_and_the_mean_of_tasks(tmp_path, axis):
    tasks = [A, 3 * A - 1, A**2]
    np.save(tmp_path / "a.npy", np.stack(tasks, axis=axis))
    np.save(tmp_path / "x.npy", X)
    source, rows = read.open_sequences(tmp_path / "x.npy"), np.array([2, 5])
    for task, want in (("2", A**2), ("mean", np.mean(tasks, axis=0))):
        maps = read.open_maps(tmp_path / "a.npy", source, read.Wanted(task=task))
        np.testing.assert_allclose(read.read_maps(maps, rows, X[rows]), want[rows], rtol=1e-12)


def test_the_page_says_how_each_file_is_scored():
    """Every row of the page's table is a command with the options it has, of a tool tried here."""
    page = Path(__file__).parents[2] / "book" / "score_your_maps.md"
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| `score ([^`]+)` \|$", page.read_text("utf-8"), re.M)
    assert len(rows) == 16
    for tool, command in rows:
        given = cli.parser().parse_args(["score", *command.split(), "--out", "report/"])
        words = re.findall(r"[A-Za-z-]{4,}", tool)
        ours = tool.startswith(("NumPy", "bedtools", "BED", "bigWig", "Folds"))
        tried = ours or [name for name in TOOLS if words[0].lower() in name.lower()]
        assert tried and given.sequences and (given.attributions or given.models), tool


def test_the_command_lists_what_it_reads_as_the_page_does(capsys):
    page = (Path(__file__).parents[2] / "book" / "score_your_maps.md").read_text("utf-8")
    with pytest.raises(SystemExit) as ended:
        cli.main(["score", "--formats"])
    listed = capsys.readouterr().out
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| `(score [^`]+)` \|$", page, re.M)
    assert ended.value.code == 0 and listed.count("\n  score ") == len(rows) == 16
    for tool, file, command in rows:
        assert f"\n{tool}: {file.replace('`', '')}\n  {command}\n" in listed


def test_the_middle_of_wider_sequences(tmp_path):
    wide = np.pad(X, ((0, 0), (7, 7), (0, 0)))
    wide[:, :7, 0] = wide[:, -7:, 1] = 1
    arrays(tmp_path, wide, A)
    with pytest.raises(ValueError, match="--crop takes the middle of both"):
        read.open_maps(tmp_path / "a.npy", read.open_sequences(tmp_path / "x.npy"))
    wanted = read.Wanted(crop=40)
    source = read.open_sequences(tmp_path / "x.npy", wanted)
    maps = read.open_maps(tmp_path / "a.npy", source, wanted)
    rows = np.arange(60)
    x = read.read_sequences(source, rows)
    np.testing.assert_array_equal(x, X[:, 5:45])
    np.testing.assert_array_equal(read.read_maps(maps, rows, x), A[:, 5:45])


def test_a_quarter_in_each_channel_is_an_unknown_base(tmp_path):
    x = X.astype(np.float32)
    x[3, :5] = 0.25
    arrays(tmp_path, x, A)
    found = read.read_sequences(read.open_sequences(tmp_path / "x.npy"), np.arange(60))
    assert (found[3, :5] == 0).all() and (found[4] == X[4]).all()


def table(text, between):
    records = (record.split("\n") for record in text.strip()[1:].split("\n>"))
    return "\n".join(between.join(record) for record in records).encode()


FASTA = {
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "lines of old Macs": lambda text: text.replace("\n", "\r").encode(),
    "lines of Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "comments": lambda text: ("; made by hand\n" + text).encode(),
    "other alphabets": lambda text: text.replace(">s", ">Größe s").encode("utf-8"),
    "ends of sequences": lambda text: text.replace("\n>", "*\n>").encode(),
    "lower case": lambda text: text.lower().encode(),
    "RNA": lambda text: text.replace("T", "U").encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "blank lines": lambda text: text.replace("\n>", "\n\n>").encode(),
    "a table": lambda text: table(text, "\t"),
    "a table with a head": lambda text: b"name,sequence\n" + table(text, ","),
    "sequences alone": lambda text: "".join(text.splitlines(keepends=True)[1::2]).encode(),
    "packed": lambda text: gzip.compress(text.encode()),
    "wrapped": lambda text: "".join(
        line if line.startswith(">") else "\n".join((line[:20], line[20:]))
        for line in text.splitlines(keepends=True)
    ).encode(),
}


@pytest.mark.parametrize("form", FASTA)
def test_fasta_as_people_have_it(tmp_path, form):
    text = "".join(f">s{i}\n{s}\n" for i, s in enumerate(decode(X)))
    for name in ("x.fas", "x.txt", "x"):  # recognised by what is in it
        (tmp_path / name).write_bytes(FASTA[form](text))
        found = read.read_sequences(read.open_sequences(tmp_path / name), np.arange(60))
        np.testing.assert_array_equal(found, X)


LETTERS = np.array(decode(X))
CODED = {
    "strings": LETTERS,
    "bytes": LETTERS.astype("S"),
    "single letters": np.array([list(text) for text in LETTERS]),
    "lower case": np.char.lower(LETTERS),
    "codes": X.argmax(axis=2),
    "codes of one byte": X.argmax(axis=2).astype(np.uint8),
}


@pytest.mark.parametrize("form", CODED)
def test_sequences_as_letters_and_as_codes(tmp_path, form):
    np.savez(tmp_path / "x.npz", sequences=CODED[form])
    source = read.open_sequences(tmp_path / "x.npz")
    assert source.shape == X.shape
    np.testing.assert_array_equal(read.read_sequences(source, np.arange(60)), X)


def test_codes_that_stand_for_no_base_are_unknown(tmp_path):
    codes = X.argmax(axis=2)
    codes[0, :3], codes[1, 5] = (4, -1, 9), 15
    np.save(tmp_path / "x.npy", codes)
    found = read.read_sequences(read.open_sequences(tmp_path / "x.npy"), np.arange(60))
    assert not found[0, :3].any() and not found[1, 5].any() and found.sum() == X.sum() - 4


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_codes_have_any_length_but_that_of_one_hot(tmp_path, length):
    np.save(tmp_path / "x.npy", X[:, :length].argmax(axis=2))
    source = read.open_sequences(tmp_path / "x.npy")
    np.testing.assert_array_equal(read.read_sequences(source, np.arange(60)), X[:, :length])


@pytest.mark.parametrize("align", ["centre", "start"])
def test_sequences_of_unequal_length_are_aligned_and_said_to_be(tmp_path, align):
    texts = decode(X)
    texts[0], texts[1] = texts[0][:44], texts[1][:47]
    (tmp_path / "x.fa").write_text("".join(f">s{i}\n{s}\n" for i, s in enumerate(texts)))
    source = read.open_sequences(tmp_path / "x.fa", read.Wanted(align=align))
    found = read.read_sequences(source, np.arange(60))
    begin = 3 if align == "centre" else 0
    assert found.shape == X.shape and not found[0, :begin].any()
    np.testing.assert_array_equal(found[0, begin : begin + 44], X[0, :44])
    np.testing.assert_array_equal(found[2:], X[2:])
    assert f"44 to 50 bases were aligned at the {align}" in source.note
    np.savez(tmp_path / "a.npz", a=A)
    out = ["--out", str(tmp_path / "out"), "--ks", "3-4", "--align", align]
    given = ["--sequences", str(tmp_path / "x.fa"), "--attributions", str(tmp_path / "a.npz")]
    assert cli.main(["score", *given, *out]) == 0
    assert source.note in json.loads((tmp_path / "out" / "scores.json").read_text())["notes"]


WITHOUT_PLUGIN = """
import sys

sys.modules["hdf5plugin"] = None
from attribution_consistency import cli

raise SystemExit(cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize(("write", "needed"), [(chrombpnet, True), (bpreveal, False)])
def test_a_compression_that_is_not_installed_is_named(tmp_path, write, needed):
    """h5py alone reads gzip; of others the command says what to install."""
    write(tmp_path)
    given = ["score", "--sequences", "f.h5", "--attributions", "f.h5", "--ks", "3", "--out", "out"]
    command = [sys.executable, "-c", WITHOUT_PLUGIN, *given]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == (2 if needed else 0), done.stderr
    said = "is compressed by HDF5's filter 32001, which needs hdf5plugin: pip install hdf5plugin"
    assert (said in done.stderr) == needed, done.stderr
