"""The ENCODE accessibility task on a made genome, with bigWig and BED files of its own."""

import gzip
import hashlib
import http.server
import json
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pytest

from attribution_consistency.sequences import decode_codes
from compendium import __main__ as command
from compendium import store
from compendium.sources import encode, intervals, remote

pytest.importorskip("pyfaidx")
pybigtools = pytest.importorskip("pybigtools")

W = 64  # bases in a window, unless said otherwise
LENGTHS = {"chr1": 20 * W + 17, "chr8": 8 * W, "chr9": 8 * W + 1, "chrY": 8 * W, "chrX": W - 1}


def dna(length, seed=0):
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), length))


def write_fasta(path, genome, width=50):
    with open(path, "w") as out:
        for name, sequence in genome.items():
            out.write(f">{name} made\n")
            out.writelines(f"{sequence[i : i + width]}\n" for i in range(0, len(sequence), width))


def write_bigwig(path, values, lengths=LENGTHS):
    pybigtools.open(str(path), "w").write(lengths, iter(values))


def write_bed(path, rows):
    path.write_text("".join(f"{c}\t{s}\t{e}\tpeak\t1\n" for c, s, e in rows))


class Made:
    """A genome, two cell lines and a blacklist in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.genome = {name: dna(n, i) for i, (name, n) in enumerate(LENGTHS.items())}
        chr1 = self.genome["chr1"]
        self.genome["chr1"] = (
            chr1[: 2 * W] + "N" * (W // 2) + chr1[2 * W + W // 2 : 5 * W] + chr1[5 * W :].lower()
        )
        write_fasta(folder / "genome.fa", self.genome)
        self.peaks = {
            "A": [
                ("chr1", 0, 10),  # the first window of its chromosome
                ("chr1", 2 * W + 40, 2 * W + 50),  # beside an N run
                ("chr1", 6 * W - 30, 6 * W + 4),  # its middle in window 5, its end in window 6
                ("chr1", 10 * W - 1, 12 * W + 40),  # covers windows 10, 11 and most of 12
                ("chr1", 20 * W + 2, 20 * W + 17),  # past the last whole window
                ("chr8", 7 * W + 20, 8 * W),  # to the very end
                ("chr9", 3, 9),
                ("chrY", 3, 9),
            ],
            "B": [("chr1", 14 * W, 14 * W + 5), ("chr8", 0, 5), ("chr9", 3, 9)],
        }
        for line, rows in self.peaks.items():
            write_bed(folder / f"{line}.bed", rows)
        black = [("chr1", 15 * W - 1, 15 * W + 1), ("chr1", 18 * W, 19 * W)]
        write_bed(folder / "black.bed", black)
        steps = [(c, i, i + 1, float(i % 7)) for c in ("chr1", "chr8") for i in range(LENGTHS[c])]
        write_bigwig(folder / "A.bw", steps)
        write_bigwig(folder / "B.bw", [("chr1", 5 * W, 5 * W + 16, 3.0), ("chr9", 0, 32, 1.0)])

    def samples(self, lines="AB"):
        return {x: (str(self.folder / f"{x}.bed"), str(self.folder / f"{x}.bw")) for x in lines}

    def build(self, samples=None, blacklist=True, genome="genome.fa", **settings):
        settings = encode.Settings(**{"window": W, "bin_size": 32, "background": 1e9} | settings)
        out = self.folder / "out.npz"
        encode.encode_atac(
            out,
            samples or self.samples(),
            str(self.folder / genome),
            str(self.folder / "black.bed") if blacklist else "",
            settings,
        )
        return store.load(out)


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.delenv(remote.MIRROR_VARIABLE, raising=False)
    monkeypatch.setattr(remote, "cache_folder", lambda: tmp_path / "cache")
    return Made(tmp_path)


def places(data, which=slice(None)):
    pairs = zip(data["chrom"][which].tolist(), data["start"][which].tolist(), strict=True)
    return [(chrom, start // W) for chrom, start in pairs]


def test_windows_and_labels(made):
    data = made.build(target="binary")
    assert data["codes"].dtype == data["peaks"].dtype == data["split"].dtype == np.uint8
    assert data["y"].dtype == np.float32 and data["y"].shape == (len(data["codes"]), 2)
    assert (data["y"] == data["peaks"]).all()
    assert (data["end"] - data["start"] == W).all()
    # Not in chr1: 2 (N), 6 and 9 (touched by a peak only), 14 and 15, 18 (blacklist), 20 (short).
    kept = [0, 1, 3, 4, 5, 7, 8, 10, 11, 12, 13, 16, 17, 19]
    assert places(data) == [
        (c, i) for c, n in (("chr1", kept), ("chr8", range(8)), ("chr9", range(8))) for i in n
    ]
    of_a = [
        ("chr1", 0),
        ("chr1", 5),
        ("chr1", 10),
        ("chr1", 11),
        ("chr1", 12),
        ("chr8", 7),
        ("chr9", 0),
    ]
    assert places(data, data["peaks"][:, 0] == 1) == of_a
    assert places(data, data["peaks"][:, 1] == 1) == [("chr8", 0), ("chr9", 0)]
    assert {s: set(data["chrom"][data["split"] == s]) for s in (0, 1, 2)} == {
        0: {"chr1"},
        1: {"chr9"},
        2: {"chr8"},
    }
    assert data["meta"]["counts"] == {
        "windows": 36,
        "unknown_bases": 1,
        "blacklisted": 3,
        "accessible": 8,
        "background": 22,
        "touched_by_a_peak_only": 2,
    }


def test_sequences_are_those_of_the_genome_in_upper_case(made):
    data = made.build(blacklist=False, max_n=1.0)
    expected = [made.genome[c][i * W : (i + 1) * W].upper() for c, i in places(data)]
    assert decode_codes(data["codes"]) == expected
    assert any("N" * (W // 2) in s for s in expected), "with max_n = 1 the N run is kept"
    assert ("chr1", 19) in places(data) and data["end"].max() <= LENGTHS["chr1"]


@pytest.mark.parametrize("bin_size", [1, 32])
def test_coverage(made, bin_size):
    data = made.build(bin_size=bin_size)
    assert data["y"].shape == (len(data["codes"]), 2, W // bin_size)
    for row, (chrom, i) in enumerate(places(data)):
        at = np.arange(i * W, (i + 1) * W)
        a = (at % 7) * float(chrom != "chr9")  # the track of A does not mention chr9
        b = np.where((chrom == "chr1") & (at >= 5 * W) & (at < 5 * W + 16), 3.0, 0.0)
        b = b + ((chrom == "chr9") & (at < 32))
        for t, values in enumerate((a, b)):
            binned = values.reshape(-1, bin_size).mean(axis=1)
            np.testing.assert_allclose(data["y"][row, t], binned, rtol=1e-6)


def test_background_is_a_sample_that_the_seed_chooses(made):
    first, again, other = (made.build(background=1.0, seed=s) for s in (1, 1, 2))
    assert places(first) == places(again) != places(other)
    assert first["meta"]["counts"]["background"] == first["peaks"].any(axis=1).sum() == 8
    none = made.build(background=0.0)
    assert none["peaks"].any(axis=1).all()


def test_meta_names_inputs_and_settings_without_paths(made):
    meta = made.build()["meta"]
    assert meta["targets"] == ["A", "B"] and meta["settings"]["window"] == W
    assert set(meta["inputs"]) == {
        "genome",
        "blacklist",
        "peaks A",
        "peaks B",
        "coverage A",
        "coverage B",
    }
    sha256 = hashlib.sha256((made.folder / "A.bw").read_bytes()).hexdigest()
    assert meta["inputs"]["coverage A"] == {"source": "A.bw", "sha256": sha256}
    assert str(made.folder) not in json.dumps(meta)


def test_a_compressed_genome_is_unpacked_into_the_cache(made):
    plain = made.build()
    genome = (made.folder / "genome.fa").read_bytes()
    (made.folder / "g.fa.gz").write_bytes(gzip.compress(genome, mtime=0))
    packed = made.build(genome="g.fa.gz")
    assert np.array_equal(plain["codes"], packed["codes"])
    assert not (made.folder / "g.fa").exists()
    whole = (made.folder / "g.fa.gz").read_bytes()
    (made.folder / "g.fa.gz").write_bytes(whole[:-30])
    with pytest.raises(ValueError, match="g.fa.gz: damaged, or cut short"):
        made.build(genome="g.fa.gz")


def test_merged_peaks_are_their_union(made):
    rows = made.peaks["A"]
    write_bed(made.folder / "A.bed", [*reversed(rows), rows[0], ("chr1", 2, 8)])
    with pytest.raises(ValueError, match=r"A.bed, row \d+: chr\S+ is .*sort"):
        made.build()
    merged = made.build(merge=True)["peaks"]
    write_bed(made.folder / "A.bed", rows)
    assert np.array_equal(merged, made.build()["peaks"])


PEAKS = [("chr1", 0, 9), ("chr8", 0, 9), ("chr9", 0, 9)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([PEAKS[0], PEAKS[0]], "A.bed, row 2: chr1:0-9 overlaps the interval before it; sort and"),
        ([("chr1", 50, 60), PEAKS[0]], "A.bed, row 2: chr1:0-9 is not sorted by start"),
        ([*PEAKS, ("chr1", 99, 120)], "A.bed, row 4: chr1:99-120 is on a chromosome that came be"),
        ([PEAKS[0], ("chr8", 0, 8 * W + 1)], "row 2: chr8:0-513 ends beyond its chromosome: anot"),
        ([("1", 0, 9)], "A.bed: no interval on a chromosome of the genome, only on 1"),
        ([("chr1", 9, 9)], "A.bed, row 1: chr1:9-9 is not an interval"),
        ([("chr1", "x", 9)], "A.bed, row 1: column 2 is 'x', not a whole number"),
        ([], "A.bed: not the table it should be"),
        (PEAKS[:2], r"no sequence for validation \(chr9\)"),
        (PEAKS[::2], r"no sequence for test \(chr8\)"),
    ],
)
def test_bad_peaks_are_refused(made, rows, message):
    write_bed(made.folder / "A.bed", rows)
    with pytest.raises(intervals.AccessibilityError, match=message) as error:
        made.build(made.samples("A"))
    assert "\n" not in str(error.value)
    assert not list(made.folder.glob("*out.npz*")), "nothing half-written is left"


def test_a_track_of_another_genome_is_refused(made):
    track = made.folder / "A.bw"
    write_bigwig(track, [("chr1", 0, 5, 1.0)], LENGTHS | {"chr1": LENGTHS["chr1"] + 1})
    with pytest.raises(ValueError, match="A.bw: chr1 has 1298 bases, 1297 in the genome: another"):
        made.build()
    write_bigwig(track, [("1", 0, 5, 1.0)], {"1": 100})
    with pytest.raises(ValueError, match="A.bw: no chromosome of the genome, only 1"):
        made.build()
    track.write_bytes(b"track type=wiggle_0")
    with pytest.raises(ValueError, match="A.bw: not a bigWig file"):
        made.build()
    other = made.folder / "A.bb"
    pybigtools.open(str(other), "w").write(LENGTHS, iter([("chr1", 0, 5, "peak")]))
    with pytest.raises(ValueError, match=r"A.bb: not a bigWig file, or cut short \(a bigBed file"):
        made.build({"A": (str(made.folder / "A.bed"), str(other))})


def test_an_interrupt_is_not_taken_for_a_damaged_track(made, monkeypatch):
    def interrupted(path):
        raise KeyboardInterrupt

    monkeypatch.setattr(pybigtools, "open", interrupted)
    with pytest.raises(KeyboardInterrupt):
        made.build()


def test_without_the_readers_of_tracks_the_message_says_what_to_install(made, monkeypatch):
    monkeypatch.setitem(sys.modules, "pybigtools", None)
    with pytest.raises(intervals.AccessibilityError) as caught:
        made.build()
    advice = "needs the package pybigtools: pip install 'attribution-consistency[atac]'"
    assert str(caught.value) == advice


def test_a_damaged_track_leaves_nothing(made):
    rng = np.random.default_rng(0)
    steps = [("chr1", i, i + 1, float(v)) for i, v in enumerate(rng.random(LENGTHS["chr1"]))]
    write_bigwig(made.folder / "A.bw", steps)
    whole = bytearray((made.folder / "A.bw").read_bytes())
    middle = len(whole) // 2
    whole[middle - 400 : middle + 400] = bytes(800)
    (made.folder / "A.bw").write_bytes(whole)
    with pytest.raises(intervals.AccessibilityError, match="A.bw: "):
        made.build()
    assert not list(made.folder.glob("*out.npz*"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (">chr1\nACGT\nA\nACGT\n", "genome.fa: not a FASTA file to be indexed"),
        ("ACGT\n", "genome.fa: "),
        (">1\nACGT\n", "genome.fa: no chromosome named chr1 to chr22 or chrX"),
        (">chr1\nACGT\n", "black.bed, row 1: chr1:959-961 ends beyond its chromosome"),
    ],
)
def test_a_bad_genome_is_refused(made, content, message):
    (made.folder / "genome.fa").write_text(content)
    with pytest.raises(ValueError, match=message):
        made.build(target="binary")


def test_settings_that_cannot_be(made):
    for wrong in (
        {"bin_size": 30},
        {"window": 0},
        {"background": -1.0},
        {"max_n": 2.0},
        {"target": "both"},
        {"window": 64 * W},
    ):
        with pytest.raises(intervals.AccessibilityError):
            made.build(**wrong)


# ---- files by address


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        content = self.server.files[self.path.lstrip("/")]
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(made, monkeypatch):
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(remote, "RETRIES", 0)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked = []
        server.files = {p.name: p.read_bytes() for p in made.folder.iterdir() if p.is_file()}
        server.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def test_files_by_address_are_fetched_once(made, server, capsys):
    digest = {x: hashlib.sha256(server.files[f"{x}.bed"]).hexdigest() for x in "AB"}
    wanted = {("peaks", x): f"{server.url}/{x}.bed#sha256={digest[x]}" for x in "AB"}
    files = encode.find_files(wanted, progress=remote.terminal_progress)
    assert "files: 2, size not known, from 127.0.0.1" in capsys.readouterr().err
    for x in "AB":
        assert files["peaks", x].read_bytes() == server.files[f"{x}.bed"]
    assert encode.find_files(wanted) == files
    assert server.asked == ["/A.bed", "/B.bed"], "no network is needed the second time"
    files["peaks", "A"].write_bytes(b"x")
    assert encode.find_files(wanted) == files and server.asked[2:] == ["/A.bed"]
    assert files["peaks", "A"].read_bytes() == server.files["A.bed"]


def test_a_data_set_of_files_by_address_is_the_same(made, server):
    local = made.build()
    samples = {}
    for x in "AB":
        names = (f"{x}.bed", f"{x}.bw")
        digest = [hashlib.md5(server.files[name]).hexdigest() for name in names]
        samples[x] = tuple(f"{server.url}/{n}#md5={d}" for n, d in zip(names, digest, strict=True))
    fetched = made.build(samples)
    assert all(np.array_equal(local[k], fetched[k]) for k in local if k != "meta")
    source = fetched["meta"]["inputs"]["coverage B"]
    assert source["source"] == samples["B"][1]
    assert source["sha256"] == local["meta"]["inputs"]["coverage B"]["sha256"]


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_a_hash_after_the_name_is_checked(made, server, kind):
    right = hashlib.new(kind, server.files["A.bed"]).hexdigest()
    wrong = "0" * len(right)
    with pytest.raises(remote.RegistryError, match=f"hash {kind}:000.*nothing was kept"):
        encode.find_files({("peaks", "A"): f"{server.url}/A.bed#{kind}={wrong}"})
    good = {("peaks", "A"): f"{server.url}/A.bed#{kind}={right.upper()}"}
    assert encode.find_files(good)
    with pytest.raises(remote.RegistryError, match="sent another file"):
        encode.find_files({("peaks", "A"): f"{server.url}/A.bed#{kind}={wrong}"})
    local = str(made.folder / "A.bed")
    assert encode.find_files({("peaks", "A"): f"{local}#{kind}={right}"})
    with pytest.raises(intervals.AccessibilityError, match=f"its hash is not {kind}:000"):
        encode.find_files({("peaks", "A"): f"{local}#{kind}={wrong}"})


def test_an_address_without_a_hash_is_not_asked(server):
    for wanted in (f"{server.url}/A.bed", f"{server.url}/A.bed#md5=12"):
        with pytest.raises(remote.RegistryError, match="its hash is not known.*add #md5="):
            encode.find_files({("peaks", "A"): wanted})
    assert not server.asked


def test_an_accession_becomes_an_address(made, monkeypatch):
    asked = []

    def stop(task, url, known):
        asked.append((url, known))
        raise remote.RegistryError("stop")

    monkeypatch.setattr(remote, "from_address", stop)
    for kind in encode.SUFFIX:
        with pytest.raises(remote.RegistryError):
            encode.find_files({(kind, ""): f"ENCFF000AAA#md5={'0' * 32}"})
    base = "https://www.encodeproject.org/files/ENCFF000AAA/@@download/ENCFF000AAA"
    ends = ("bed.gz", "bigWig", "fasta.gz", "bed.gz")
    assert asked == [(f"{base}.{end}", f"md5:{'0' * 32}") for end in ends]


def test_no_file_no_address(made):
    with pytest.raises(intervals.AccessibilityError, match="peaks A: x.bed is no file, web"):
        encode.find_files({("peaks", "A"): "x.bed"})


# ---- the command


def test_the_command(made, capsys):
    samples = made.folder / "samples.tsv"
    assert command.main(["encode-atac", "--cell-lines"]) == 0
    template = capsys.readouterr().out
    samples.write_text(template)
    lines = [row.split("\t") for row in template.splitlines()]
    assert lines[0] == encode.COLUMNS and len(lines) == 16
    assert all(line and not peaks and not coverage for line, peaks, coverage in lines[1:])
    order = [
        "encode-atac",
        "--samples",
        str(samples),
        "--genome",
        str(made.folder / "genome.fa"),
        "--out",
        str(made.folder / "a.npz"),
        "--window",
        str(W),
        "--background",
        "2",
    ]
    assert command.main(order) == 2
    assert "row 2: GM21381 has no name or no peaks: complete" in capsys.readouterr().err
    rows = [f"{x}\t{bed}\t{track}\n" for x, (bed, track) in made.samples().items()]
    samples.write_text("\t".join(encode.COLUMNS) + "\n" + "".join(rows))
    assert command.main(order) == 0
    data = store.load(made.folder / "a.npz")
    assert data["y"].shape[1:] == (2, W // 32)
    samples.write_text("\t".join(encode.COLUMNS) + "\n" + rows[0] * 2)
    assert command.main(order) == 2
    assert "row 2: A stands there twice" in capsys.readouterr().err
    samples.write_text(rows[0])
    assert command.main(order) == 2
    assert "samples.tsv: expected the columns cell_line, peaks" in capsys.readouterr().err
    samples.unlink()
    assert command.main(order) == 2
    assert "samples.tsv: cannot be read (" in capsys.readouterr().err
    assert command.main(["encode-atac"]) == 2
    assert "--cell-lines prints a table" in capsys.readouterr().err


# ---- memory


def test_five_megabases_fit_into_500_mb(tmp_path):
    """Bin 1 and three lines: the data set is larger than what memory grows by."""
    lengths = {"chr1": 3_000_000, "chr8": 1_000_000, "chr9": 1_000_000}
    write_fasta(tmp_path / "g.fa", {c: dna(n, i) for i, (c, n) in enumerate(lengths.items())}, 80)
    steps = [(c, i, i + 100, float(i % 9)) for c, n in lengths.items() for i in range(0, n, 100)]
    write_bigwig(tmp_path / "c.bw", steps, lengths)
    write_bed(
        tmp_path / "p.bed",
        [(c, i, i + 300) for c, n in lengths.items() for i in range(1000, n - 300, 20_000)],
    )
    program = """
import resource, sys
from pathlib import Path
from compendium.sources import encode

def peak():
    # On Linux, the rusage of a new process begins with that of its parent.
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

folder, before = sys.argv[1], peak()
samples = {x: (f"{folder}/p.bed", f"{folder}/c.bw") for x in "ABC"}
settings = encode.Settings(bin_size=1, background=1e9)
encode.encode_atac(f"{folder}/o.npz", samples, f"{folder}/g.fa", "", settings)
print(peak(), before)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    peak, before = map(int, done.stdout.split())
    print(f"{peak / 1e6:.0f} MB at most, {before / 1e6:.0f} MB before")
    size = (tmp_path / "o.npz").stat().st_size
    assert size > 50e6
    assert peak < 500e6
    assert peak - before < size
    with np.load(tmp_path / "o.npz") as data:
        assert set(pd.unique(data["split"])) == {0, 1, 2}
