"""Every mistake on the command line of `score`: one line, status 2, nothing written."""

import io
import os
import zipfile

import numpy as np
import pytest
from metric_examples import random_pair

from attribution_consistency import cli

X, A = random_pair(0, n=24, length=30, dtype=np.float32)
FLOAT = "<f4"


def changed(array, place, value):
    array = array.copy()
    array[place] = value
    return array


def header(shape):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": FLOAT, "fortran_order": False, "shape": shape}
    )
    return stream.getvalue()


def save(name, **arrays):
    return lambda folder: np.savez(folder / name, **arrays)


def raw(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def bomb(folder):
    with zipfile.ZipFile(folder / "a.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.npy", header((1000, 1000, 4)) + bytes(16_000_000))


def truncate(name):
    def cut(folder):
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: len(data) // 2])

    return cut


def corrupt(folder):
    """One byte of the numbers flipped: the checksum of the archive no longer fits."""
    data = bytearray((folder / "a.npz").read_bytes())
    data[len(data) // 2] ^= 255
    (folder / "a.npz").write_bytes(data)


def table(text):
    return raw("p.csv", text.encode())


def pipe(folder):
    os.mkfifo(folder / "pipe")


def second(name="b.npz"):
    def write(folder):
        (folder / name).parent.mkdir(exist_ok=True)
        np.savez(folder / name, a=A)

    return write


# name: (what is done to the folder with x.npz and a.npz, further arguments, the message)
CASES = {
    "no maps file": (lambda f: (f / "a.npz").unlink(), [], "a.npz: No such file"),
    "no sequences file": (lambda f: (f / "x.npz").unlink(), [], "x.npz: No such file"),
    "a folder": (lambda f: [(f / "a.npz").unlink(), (f / "a.npz").mkdir()], [], "is a folder"),
    "an empty file": (raw("a.npz", b""), [], "a.npz: is empty"),
    "not an archive": (raw("a.npz", b"hello" * 99), [], "a.npz: is truncated or damaged, or no"),
    "truncated npz": (truncate("a.npz"), [], "a.npz: is truncated or damaged"),
    "damaged npz": (corrupt, [], "a.npz: is truncated or damaged"),
    "zip bomb": (bomb, [], "1000 maps of 1000 positions, but"),
    "wrong key": (
        save("a.npz", maps=A),
        [],
        "has no array of a known name; it holds maps (24, 30, 4) float32: name one with",
    ),
    "sequences as maps": (save("a.npz", a=X), [], "a.npz: these are the sequences; name maps by"),
    "no such key": (None, ["--attributions-key", "b"], "has no array b; it holds a (24, 30, 4)"),
    "sequences under a": (save("x.npz", a=X), [], "holds a (24, 30, 4) float32: name one with"),
    "pickled objects": (save("a.npz", a=np.array([{}, {}])), [], "never unpickled"),
    "text": (save("a.npz", a=np.array(["ACGT"])), [], "a holds <U4, expected real numbers"),
    "complex": (save("a.npz", a=A * 1j), [], "holds complex64, expected real numbers"),
    "no sequences": (save("a.npz", a=A[:0]), [], "holds an empty array"),
    "two axes": (save("a.npz", a=A[:, :9, 0]), [], "has shape (24, 9), expected (N, L, 4)"),
    "tasks": (save("a.npz", a=A[..., None] * [1, 2]), [], "maps of 2 tasks: take one with --task"),
    "no such task": (
        save("a.npz", a=A[..., None] * [1, 2]),
        ["--task", "2"],
        "has tasks 0 to 1, and no '2'",
    ),
    "cropped too wide": (None, ["--crop", "31"], "a whole number from 1 to 30"),
    "patterns": (
        save("a.npz", **{"pos_patterns/pattern_0/contrib_scores": A[0], "version": [1]}),
        [],
        "holds patterns, as TF-MoDISco writes them",
    ),
    "one sequence": (save("a.npz", a=A[0]), [], "for one sequence, add a first axis"),
    "five channels": (save("a.npz", a=np.zeros((24, 30, 5))), [], "has shape (24, 30, 5)"),
    "channels first": (save("a.npz", a=A.transpose(2, 0, 1)), [], "has shape (4, 24, 30)"),
    "fewer maps": (save("a.npz", a=A[:20]), [], "20 maps of 30 positions, but"),
    "shorter maps": (save("a.npz", a=A[:, :28]), [], "sequences of 30; --crop takes the middle"),
    "NaN": (
        save("a.npz", a=changed(A, (23, 4, 1), np.nan)),
        [],
        "got nan at sequence 23, position 4, channel 1",
    ),
    "infinite": (save("a.npz", a=changed(A, (3, 0, 0), np.inf)), [], "got inf at sequence 3"),
    "all zero": (save("a.npz", a=0 * A), [], "a.npz: a: every score under a 3-mer is 0"),
    "equal channels": (save("a.npz", a=0 * A + 1), [], "every score under a 3-mer is 0"),
    "other channel order": (save("a.npz", a=(X * A)[..., ::-1]), [], "not in the order A C G T"),
    "probabilities": (
        save("x.npz", x=changed(X, (2, 3), 0.2)),
        [],
        "sequence 2, position 3 (counted from 0) is [0.2",
    ),
    "two bases": (save("x.npz", x=changed(X, (0, 1), 1)), [], "expected one-hot"),
    "maps as sequences": (save("x.npz", x=A), [], "x.npz: sequence 0, position 0"),
    "NaN sequences": (save("x.npz", x=changed(X, (0, 0), np.nan)), [], "expected one-hot"),
    "no base known": (save("x.npz", x=0 * X), [], "every position is all 0"),
    "one sequence only": (
        lambda f: [save("x.npz", x=X[:1])(f), save("a.npz", a=A[:1])(f)],
        [],
        "one distinct sequence, expected two or more for an interval",
    ),
    "no arrays": (raw("a.txt", b"text"), ["--attributions", "a.txt"], "or no file of arrays"),
    "truncated npy": (
        lambda f: [np.save(f / "a.npy", A), truncate("a.npy")(f)],
        ["--attributions", "a.npy"],
        "a.npy: is truncated or damaged",
    ),
    "not npy": (raw("a.npy", b"hello" * 99), ["--attributions", "a.npy"], "a.npy: "),
    "not h5": (raw("a.h5", b"hello" * 99), ["--attributions", "a.h5"], "a.h5: "),
    "not FASTA": (
        raw("x.fa", b"hello 1"),
        ["--sequences", "x.fa"],
        "x.fa: is no file of arrays, FASTA or table: row 1",
    ),
    "protein FASTA": (raw("x.fa", b">a\nMALIFE\n"), ["--sequences", "x.fa"], "is it protein?"),
    "no bases": (raw("x.fa", b">a\nWWWW\n"), ["--sequences", "x.fa"], "holds no A, C, G or T"),
    "k too long": (None, ["--ks", "3,31"], "expected whole numbers from 1 to 10"),
    "k longer than sequences": (
        lambda f: [save("x.npz", x=X[:, :5])(f), save("a.npz", a=A[:, :5])(f)],
        [],
        "longer than the sequences (5 positions)",
    ),
    "no k": (None, ["--ks", "8-3"], "'8-3' is neither like 3-8 nor like 4,6"),
    "few draws": (
        None,
        ["--draws", "10"],
        "draws: got 10, expected a whole number from 99 to 100000",
    ),
    "same names": (
        second("c/a.npz"),
        ["--attributions", "a.npz", "c/a.npz"],
        "two models are called 'a'",
    ),
    "too few names": (
        second(),
        ["--attributions", "a.npz", "b.npz", "--names", "one"],
        "got 1 names for 2 models",
    ),
    "a blank name": (None, ["--names", " "], "'' is not a name of 1 to 200 printable letters"),
    "performance missing": (None, ["--performance", "p.csv"], "p.csv: No such file"),
    "performance empty": (table(""), ["--performance", "p.csv"], "p.csv: not a CSV table"),
    "performance binary": (
        raw("p.csv", bytes(range(256))),
        ["--performance", "p.csv"],
        "p.csv: not a CSV table",
    ),
    "performance columns": (
        table("name,auroc\na,1\n"),
        ["--performance", "p.csv"],
        "got columns name, auroc, expected model",
    ),
    "two performances": (
        table("model,auroc,r\na,1,2\n"),
        ["--performance", "p.csv"],
        "got columns model, auroc, r, expected model, and one of numbers or file",
    ),
    "names alone": (
        table("model,fold\na,1\n"),
        ["--performance", "p.csv"],
        "got columns model, fold, expected",
    ),
    "a file twice, under two names": (
        table("model,file,value\na,a.npz,1\na,./a.npz,1\n"),
        ["--performance", "p.csv"],
        "model 'a' is there twice",
    ),
    "performance twice": (
        table("model,value\na,1\na,2\n"),
        ["--performance", "p.csv"],
        "model 'a' is there twice",
    ),
    "performance of others": (
        table("model,value\nb,1\n"),
        ["--performance", "p.csv"],
        "has no row for model 'a'; its models: b",
    ),
    "performance in words": (
        table("model,value\na,good\n"),
        ["--performance", "p.csv"],
        "p.csv: got 'good' as value, expected a number",
    ),
    "one performance of two in words": (
        table("model,file,auroc\na,a.npz,.9\na,b.npz,oops\n"),
        ["--performance", "p.csv"],
        "p.csv: got 'oops' as auroc, expected a number",
    ),
    "codes from 1 to 4": (
        save("x.npz", x=X.argmax(axis=2) + 1),
        [],
        "x.npz: codes run from 1 to 4, expected 0 to 3",
    ),
    "names that are objects": (
        lambda f: [
            raw("x.fa", b"".join(b">s%d\n" % i + b"ACGTT" * 6 + b"\n" for i in range(24)))(f),
            save("a.npz", a=A, names=np.array([f"s{i}" for i in range(24)], object))(f),
        ],
        ["--sequences", "x.fa"],
        "a.npz: holds Python objects, never unpickled: save numbers, or text",
    ),
    "names of which one is there twice": (
        lambda f: [
            raw("x.fa", b"".join(b">s%d\n" % i + b"ACGTT" * 6 + b"\n" for i in range(24)))(f),
            save("a.npz", a=A, names=[f"s{max(i, 1)}" for i in reversed(range(24))])(f),
        ],
        ["--sequences", "x.fa"],
        "rows cannot be found by names of which some are there twice",
    ),
    "a broken link as folder": (
        lambda f: (f / "out").symlink_to(f / "absent"),
        [],
        "out: is a file, expected a folder",
    ),
    "nothing but bias": (
        save("b.npz", a=A.astype(float) * 3e200),
        ["--ignore", "b.npz"],
        "a.npz: the bias maps are all of its maps: nothing is left",
    ),
    "two names but for a space": (
        second(),
        ["--attributions", "a.npz", "b.npz", "--names", "a,a "],
        "two models are called 'a'",
    ),
    "too large to add up": (
        save("a.npz", a=np.full(A.shape, 1e308)),
        [],
        "a.npz: a: got values too large to add up",
    ),
    "performance NaN": (
        table("model,value\na,\n"),
        ["--performance", "p.csv"],
        "has no number for",
    ),
    "weights of nobody": (None, ["--weights", "mine"], "invalid choice: 'mine'"),
    "a report is there": (
        lambda f: [(f / "out").mkdir(), raw("out/report.html", b"old")(f)],
        [],
        "already has report.html; name another folder, or add --force",
    ),
    "out is a file": (raw("out", b"old"), [], "out: is a file, expected a folder"),
    "out in a file": (raw("file", b"old"), ["--out", "file/out"], "cannot be written"),
    "nothing named": (None, ["--attributions"], "expected at least one argument"),
    "reading": (None, ["--reading", "literal"], "invalid choice: 'literal'"),
    "ks in words": (None, ["--ks", "all"], "'all' is neither like 3-8 nor like 4,6"),
    "task of maps that have one": (None, ["--task", "3"], "has tasks 0 to 0, and no '3'"),
    "task of 5,000 digits": (None, ["--task", "9" * 5000], "and no '99999999999999999999'"),
    "task that is a digit elsewhere": (None, ["--task", "²"], "and no '²'"),
    "no crop": (None, ["--crop", "0"], "--crop: got 0, expected"),
    "crop below 0": (None, ["--crop", "-5"], "--crop: got -5, expected"),
    "crop of letters": (
        raw("x.fa", b"".join(b">s%d\n%s\n" % (i, b"ACGTT" * 6) for i in range(24))),
        ["--sequences", "x.fa", "--crop", "99"],
        "x.fa: --crop: got 99, expected a whole number from 1 to 30",
    ),
    "fewer than no sequences": (None, ["--max-sequences", "-5"], "max_sequences: got -5"),
    "a thousand million draws": (None, ["--draws", "1000000000"], "draws: got 1000000000"),
    "draws that are no number": (None, ["--draws", "nan"], "'nan' is not a whole number"),
    "draws that do not end": (None, ["--draws", "inf"], "'inf' is not a whole number"),
    "half a draw": (None, ["--draws", "99.5"], "'99.5' is not a whole number"),
    "seed below 0": (None, ["--seed", "-1"], "seed: got -1, expected a whole number from 0"),
    "seed of 5,000 digits": (None, ["--seed", "9" * 5000], "'9999999999999"),
    "k to a thousand million": (None, ["--ks", "1-999999999"], "'1-999999999' is neither"),
    "k of 5,000 digits": (None, ["--ks", "3-" + "9" * 5000], "'3-999999999999999999' is neither"),
    "no k at all": (None, ["--ks", "0,3"], "got k = 0, expected whole numbers from 1 to 10"),
    "a long name": (None, ["--names", "x" * 201], "is not a name"),
    "all but one map are zero": (
        save("a.npz", a=np.where(np.arange(24)[:, None, None] == 3, A, 0)),
        [],
        "the maps of 23 of 24 sequences are zero everywhere, which leaves too few",
    ),
    "no map can be used": (
        save("a.npz", a=A * np.nan),
        ["--drop-bad-rows"],
        "--drop-bad-rows: no sequence is left",
    ),
    "two controls of one name": (
        lambda f: [second("c/b.npz")(f), second("d/b.npz")(f)],
        ["--controls", "c/b.npz", "d/b.npz"],
        "two models are called 'control: b'",
    ),
    "a protein": (
        raw("x.fa", b"".join(b">p%d\nMKTAYIAKQRQISFVKSHFSRQLEERLGLI\n" % i for i in range(24))),
        ["--sequences", "x.fa"],
        "x.fa: holds letters that are mostly no A, C, G or T: is it protein?",
    ),
    "letters of every kind": (
        raw("x.fa", b">a\nRYSWKMBDHVRYSWKMBDHVAAAAAAAAAA\n"),
        ["--sequences", "x.fa"],
        "mostly no A, C, G or T",
    ),
    "one text as sequences": (
        save("x.npz", x=np.array("ACGT")),
        [],
        "x holds <U4, expected real numbers",
    ),
    "whole numbers of one sequence": (
        save("x.npz", x=X[0].astype(int)),
        [],
        "x.npz: has shape (30, 4), expected (N, L, 4)",
    ),
    "no codes": (save("x.npz", x=np.zeros((0, 30), int)), [], "an empty array of shape (0, 30)"),
    "empty codes": (save("x.npz", x=np.zeros((24, 0), int)), [], "empty array of shape (24, 0)"),
    "a table without files": (
        table("model,auroc\na,1\n"),
        ["--models", "p.csv"],
        "got 0 names for 0 models",
    ),
    "models and maps": (table("model,file\na,a.npz\n"), ["--models", "p.csv"], "; or --example"),
    "an example of one's own": (None, ["--example"], "name --sequences, and --attributions"),
    "a pipe as maps": (pipe, ["--attributions", "pipe"], "pipe: is a pipe or a device"),
    "a pipe as sequences": (pipe, ["--sequences", "pipe"], "pipe: is a pipe or a device,"),
    "a pipe as performance": (pipe, ["--performance", "pipe"], "pipe: is a pipe or a device, "),
    "a pipe to ignore": (pipe, ["--ignore", "pipe"], "pipe: is a pipe or a device, e"),
    "a pipe as controls": (pipe, ["--controls", "pipe"], "pipe: is a pipe or a device, ex"),
    "a device": (None, ["--sequences", "/dev/zero"], "/dev/zero: is a pipe or a device"),
    "performance with cells too many": (
        table("model,auroc\na,1,2\n"),
        ["--performance", "p.csv"],
        "p.csv: not a CSV table (its rows have more cells",
    ),
    "performance of 5,000 digits": (
        table("model,auroc\na," + "9" * 5000 + "\n"),
        ["--performance", "p.csv"],
        "p.csv: got '99999999999999999999' as auroc, expected a number",
    ),
    "weights of other lengths": (None, ["--ks", "3,4", "--weights", "learnt"], "use equal ones"),
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with usable files, as the working directory."""
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "x.npz", x=X)
    np.savez(tmp_path / "a.npz", a=A)
    return tmp_path


def contents(folder):
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("case", CASES)
def test_one_line_and_status_2(place, capfd, case):
    change, arguments, message = CASES[case]
    if change:
        change(place)
    before = contents(place)
    maps = [] if case == "a table without files" else ["--attributions", "a.npz"]
    given = ["--sequences", "x.npz", *maps, "--out", "out", *arguments]
    try:
        status = cli.main(["score", *given])
    except SystemExit as stopped:  # argparse
        status = stopped.code
    error = capfd.readouterr().err
    assert status == 2, error
    lines = [line for line in error.splitlines() if not line.startswith(("scoring", "usage", " "))]
    assert len(lines) == 1 and "error: " in lines[0] and message in lines[0], error
    assert "Traceback" not in error
    assert contents(place) == before
    assert not list(place.glob("**/*.part"))


def test_neither_maps_nor_example(place, capsys):
    assert cli.main(["score", "--out", "out"]) == 2
    assert capsys.readouterr().err == (
        "error: name --sequences, and --attributions or --models; or --example\n"
    )


def test_a_file_without_permission(place, capsys, monkeypatch):
    import builtins
    from pathlib import Path

    from attribution_consistency import read

    def refuse(path, *a, **k):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(builtins, "open", refuse)

    with pytest.raises(ValueError, match="a.npz: Permission denied"):
        read.open_maps(Path("a.npz"))


def test_messages_differ():
    messages = [message for _, _, message in CASES.values()]
    assert len(set(messages)) >= 45
