"""The GM12878 accessibility data: every rule on small made files, and the real files where here."""

import gzip
import hashlib

import numpy as np
import pandas as pd
import pytest

from attribution_consistency.sequences import decode_codes
from attribution_consistency.texts import read_fasta
from compendium.sources import gm12878 as acc
from compendium.sources import remote

EMPTY_SPOT = [("chr22", 10, 20, 5)]


def dna(seed, length=201):
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), length))


def reverse_complement(sequence):
    return sequence.translate(str.maketrans("ACGT", "TGCA"))[::-1]


def write_bed(path, windows):
    path.write_text("".join(f"{c}\t{s}\t{s + 200}\n" for c, s, _ in windows))


def write_fasta(path, windows):
    path.write_text("".join(f">{w[0]}_{i}\n{w[2]}\n" for i, w in enumerate(windows, start=1)))


def write_hotspots(path, spots):
    rows = "".join(f"{c} {s} {e} 9.5 {e - s} 0 0 0 {e - s}  {t} 1 2 3.5\n" for c, s, e, t in spots)
    path.write_bytes(gzip.compress(rows.encode(), mtime=0))


@pytest.fixture
def build(tmp_path, monkeypatch):
    """A function from {set: windows} and {cell line: hotspots} to the data set."""
    folder = tmp_path / acc.TASK
    folder.mkdir()
    monkeypatch.setenv(remote.MIRROR_VARIABLE, str(tmp_path))

    def run(windows, hotspots, damage=lambda folder: None):
        for i, name in enumerate(acc.SETS):
            # Every set needs a window; these are far from all others, without hotspot.
            rows = windows.get(name, [(f"chr{7 + i % 3}", 900_000 + 1000 * i, dna(1000 + i))])
            write_bed(folder / f"{name}.bed", rows)
            write_fasta(folder / f"{name}.fa", rows)
        for line, name in acc.HOTSPOTS.items():
            write_hotspots(folder / name, hotspots.get(line, EMPTY_SPOT))
        table = []
        for path in sorted(folder.iterdir()):
            content = path.read_bytes()
            name = f"{acc.TASK}/{path.name}"
            sha256 = hashlib.sha256(content).hexdigest()
            table.append(remote.Entry(name, "http://x.invalid", sha256, len(content), ""))
        damage(folder)
        return acc.gm12878_dnase(table=table)

    return run


def row_of(data, sequence):
    (row,) = np.flatnonzero(np.array(decode_codes(data.codes)) == sequence)
    return row


POS, NEG = acc.SETS[:2]


def test_windows_labels_and_tags(build):
    a, b, c, d, e = (dna(i) for i in range(5))
    data = build(
        {
            POS: [("chr1", 1001, a), ("chr1", 2001, b), ("chr1", 3001, c)],
            NEG: [("chr1", 4001, d), ("chr1", 5001, e.lower())],
        },
        {
            "GM12878": [
                ("chr1", 900, 1000, 70),  # ends where the first window begins: no shared base
                ("chr1", 1201, 1300, 70),  # begins where it ends
                ("chr1", 1901, 2001, 100),  # shares one base, [2000, 2001), with the second
                ("chr1", 4010, 4020, 30),  # inside the fourth
                ("chr1", 4150, 4301, 151),  # shares [4150, 4201): 51 of 151
                ("chr1", 4900, 5300, 1e9),  # covers the fifth
            ],
            "H1": [("chr1", 1000, 1201, 201)],
        },
    )
    rows = [row_of(data, s) for s in (a, b, c, d, e)]
    assert data.chrom[rows].tolist() == ["chr1"] * 5
    assert data.start[rows].tolist() == [1000, 2000, 3000, 4000, 5000]
    assert (data.end - data.start == 201).all()
    assert data.y[rows, 0].tolist() == [0, 1, 0, 1, 1], "by overlap, whatever the file"
    tags = np.array([0, 1, 0, 30 + 51, np.inf]) * 200 / 201
    np.testing.assert_allclose(data.y[rows, 1], np.log1p(np.minimum(tags, 2000)), rtol=1e-6)
    targets = data.meta["targets"]
    assert targets == ["accessible", "GM12878", "HeLa-S3", "H1", "HepG2"]
    np.testing.assert_allclose(data.y[rows[0], targets.index("H1")], np.log(201), rtol=1e-6)
    assert not data.y[rows][:, [2, 4]].any()
    assert data.codes.dtype == data.split.dtype == np.uint8
    assert data.y.dtype == np.float32 and data.chrom.dtype.kind == "U"
    assert data.meta["counts"]["capped"] == {"GM12878": 1, "HeLa-S3": 0, "H1": 0, "HepG2": 0}
    assert data.meta["counts"]["accessible"] == 3
    assert data.meta["region_sets"][NEG] == {"windows": 2, "accessible": 2}
    assert len(data.meta["inputs_sha256"]) == 2 * len(acc.SETS) + 4


def test_what_is_dropped(build):
    artefact, edge, beside, y_chrom, twice, n_run = (dna(i) for i in range(6))
    n_run = "N" * 50 + n_run[50:]
    data = build(
        {
            POS: [("chr1", 567535, artefact), ("chr1", 559_801, edge), ("chr1", 571_001, beside)],
            NEG: [("chrY", 5000, y_chrom), ("chr3", 77, twice), ("chr3", 9000, n_run)],
            acc.SETS[3]: [("chr3", 77, twice)],
        },
        {},
    )
    sequences = decode_codes(data.codes)
    assert artefact not in sequences and edge not in sequences and y_chrom not in sequences
    assert beside in sequences and n_run in sequences
    assert sequences.count(twice) == 1
    counts = data.meta["counts"]
    assert counts["in_artefact"] == 2, "[559800, 560001) shares a base with the artefact"
    assert counts["on_excluded_chromosomes"] == 1
    assert counts["repeated"] == 1
    assert counts["rows"] - 4 == counts["sequences"] == len(data.codes)


def test_no_sequence_in_two_splits(build):
    across, across_reversed, within, kept = (dna(i) for i in range(4))
    data = build(
        {
            POS: [("chr1", 1, across), ("chr2", 1, across_reversed), ("chr1", 500, within)],
            NEG: [
                ("chr8", 1, across),
                ("chr9", 1, reverse_complement(across_reversed)),
                ("chr4", 500, reverse_complement(within)),
                ("chr8", 700, kept),
            ],
        },
        {},
    )
    sequences = decode_codes(data.codes)
    for gone in (across, across_reversed, reverse_complement(across_reversed)):
        assert gone not in sequences
    assert within in sequences and reverse_complement(within) not in sequences
    assert kept in sequences
    assert data.meta["counts"]["repeated"] == 5


def test_splits_and_order(build):
    windows = [("chrX", 1, dna(0)), ("chr10", 9, dna(1)), ("chr2", 9, dna(2)), ("chr2", 4, dna(3))]
    data = build({POS: windows}, {})
    assert (data.split == 2).tolist() == (data.chrom == "chr8").tolist()
    assert (data.split == 1).tolist() == (data.chrom == "chr9").tolist()
    order = list(dict.fromkeys(data.chrom.tolist()))
    assert order == ["chr2", "chr7", "chr8", "chr9", "chr10", "chrX"]
    assert data.start[:2].tolist() == [3, 8]


def test_same_files_same_data(build):
    first, second = (build({}, {}) for _ in range(2))
    assert first.meta == second.meta
    assert all(np.array_equal(a, b) for a, b in zip(first[:-1], second[:-1], strict=True))


def test_a_damaged_file_is_refused(build):
    def damage(folder):
        path = folder / f"{NEG}.fa"
        path.write_text(path.read_text().replace("A", "C", 1))

    with pytest.raises(remote.RegistryError, match=f"{NEG}.fa is not the registered file"):
        build({}, {}, damage)

    with pytest.raises(remote.RegistryError, match="SNEDE0000ENO: not on this machine"):
        build({}, {}, lambda folder: (folder / "SNEDE0000ENO").unlink())


@pytest.mark.parametrize(("gone", "name"), [("chr8", r"test \(chr8\)"), ("chr9", "validation")])
def test_an_empty_split_is_refused(build, gone, name):
    chroms = [c for c in ("chr1", "chr8", "chr9") if c != gone]
    windows = {s: [(chroms[i % 2], 1 + 500 * i, dna(i))] for i, s in enumerate(acc.SETS)}
    with pytest.raises(acc.AccessibilityError, match=f"no sequence for {name}"):
        build(windows, {})


def test_one_window_with_two_sequences_is_refused(build):
    windows = {POS: [("chr3", 78, dna(0))], NEG: [("chr3", 78, dna(1))]}
    message = f"{POS}, row 1 and {NEG}, row 1 give different sequences for chr3:78-278"
    with pytest.raises(acc.AccessibilityError, match=message):
        build(windows, {})


GOOD = [("chr1", 101, dna(0)), ("chr2", 201, dna(1))]


@pytest.mark.parametrize(
    ("bed", "fasta", "message"),
    [
        (GOOD, GOOD[:1], "a.fa: 1 records, but a.bed has 2 rows: the two files do not correspond"),
        (
            GOOD,
            GOOD[::-1],
            r"a.fa, record 1: is named chr2_1, but row 1 of a.bed would make it chr1_1",
        ),
        (GOOD, [GOOD[0], ("chr2", 201, dna(1)[:-1])], "a.fa, record 2: 200 bases, but row 2"),
        (["chr1 101 302"], GOOD[:1], "a.bed, row 1: chr1:101-302 is not 201 bp"),
        (["chr1 0 200"], GOOD[:1], "a.bed, row 1: chr1:0-200 starts below 1"),
        (["chr1 301 101"], GOOD[:1], "a.bed, row 1: chr1:301-101 is not an interval"),
        (["chr1 -5 195"], GOOD[:1], "a.bed, row 1: chr1:-5-195 is not an interval"),
        (["chr1 101 301", "chr2 x 401"], GOOD, "a.bed, row 2: column 2 is 'x', not a whole number"),
        (["chr1 101 301", "chr2 201"], GOOD, "a.bed, row 2: column 3 is '', not a whole number"),
        (["chr1 101.5 301.5"], GOOD[:1], "a.bed, row 1: column 2 is '101.5', not a whole number"),
        (["chr1"], GOOD[:1], "a.bed: not the table it should be"),
        ([], GOOD[:1], "a.bed: not the table it should be"),
    ],
)
def test_regions_that_do_not_correspond(tmp_path, bed, fasta, message):
    if bed and isinstance(bed[0], tuple):
        write_bed(tmp_path / "a.bed", bed)
    else:
        (tmp_path / "a.bed").write_text("".join(f"{line}\n" for line in bed))
    write_fasta(tmp_path / "a.fa", fasta)
    with pytest.raises(acc.AccessibilityError, match=message) as error:
        acc.read_regions(tmp_path / "a.bed", tmp_path / "a.fa")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("spots", "message"),
    [
        ([("chr1", 50, 90, 1), ("chr1", 10, 20, 1)], "row 2: chr1:10-20 is not sorted by start"),
        ([("chr1", 10, 90, 1), ("chr1", 80, 99, 1)], "row 2: chr1:80-99 overlaps the hotspot bef"),
        (
            [("chr1", 10, 90, 1), ("chr2", 10, 20, 1), ("chr1", 200, 300, 1)],
            "row 3: chr1:200-300 is on a chromosome that came before",
        ),
        ([("chr1", 10, 90, -1)], "row 1: chr1:10-90 has a negative tag count in column 10"),
        ([("chr1", 10, 90, "many")], "row 1: column 10 is 'many', not a whole number"),
        ([("chr1", 10, 10, 5)], "row 1: chr1:10-10 is not an interval"),
        ([], "spots: not the table it should be"),
    ],
)
def test_bad_hotspots_are_refused(tmp_path, spots, message):
    path = tmp_path / "spots"
    write_hotspots(path, spots)
    with pytest.raises(acc.AccessibilityError, match=message):
        acc.read_hotspots(path)


def test_hotspots_of_another_layout_are_refused(tmp_path):
    path = tmp_path / "spots"
    path.write_text("chr1 10 90 9.5 80 0 0 0 81 12\n")
    with pytest.raises(acc.AccessibilityError, match="row 1: chr1:10-90 has another width"):
        acc.read_hotspots(path)
    path.write_text("chr1\t10\t90\t.\t1000\n")
    with pytest.raises(acc.AccessibilityError, match="spots: not the table"):
        acc.read_hotspots(path)
    write_hotspots(path, [("chr1", 100 * i, 100 * i + 50, i) for i in range(1000)])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(acc.AccessibilityError, match="spots: not the table"):
        acc.read_hotspots(path)


def test_tags_against_one_base_at_a_time():
    rng = np.random.default_rng(0)
    spots, per_base = [], {}
    for chrom in ("chr1", "chr10", "chr2"):
        edges = np.sort(rng.choice(3000, 60, replace=False)) + 200
        per_base[chrom] = np.zeros(4000)
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            spots.append((chrom, start, end, rng.integers(0, 1000)))
            per_base[chrom][start:end] = spots[-1][3] / (end - start)
    spots = pd.DataFrame(spots, columns=["chrom", "start", "end", "tags"])
    regions = pd.DataFrame({"chrom": rng.choice(["chr2", "chr3", "chr1", "chr10"], 500)})
    regions["start"] = rng.integers(0, 3500, 500)
    regions["end"] = regions.start + rng.integers(1, 300, 500)
    per_base["chr3"] = np.zeros(4000)
    inside = [per_base[c][s:e] for c, s, e in regions.itertuples(index=False)]
    np.testing.assert_allclose(
        acc.tags_per_200_bp(regions, spots), [200 * x.mean() for x in inside], atol=1e-6
    )
    covered = regions.apply(
        lambda r: ((spots.chrom == r.chrom) & (spots.start < r.end) & (spots.end > r.start)).any(),
        axis=1,
    )
    assert np.array_equal(acc.overlaps(regions, spots), covered)


# ---- the real files, where they are on this machine

on_real_files = pytest.mark.skipif(
    not remote.available(acc.TASK), reason="the registered files are not on this machine"
)


def real_file(name):
    return remote.verified(f"{acc.TASK}/{name}")


@pytest.fixture(scope="module")
def real():
    return acc.gm12878_dnase()


@on_real_files
def test_real_counts(real):
    counts = real.meta["counts"]
    assert counts["rows"] == 37_646
    assert counts["in_artefact"] == 2
    assert counts["on_excluded_chromosomes"] == 121
    assert counts["repeated"] == 145
    assert len(real.codes) == counts["sequences"] == 37_378
    accessible = real.y[:, 0] == 1
    per_split = [((real.split == s).sum(), accessible[real.split == s].sum()) for s in (0, 1, 2)]
    assert per_split == [(34_417, 18_877), (1_537, 767), (1_424, 639)]


@on_real_files
def test_real_negatives_overlap_hotspots(real):
    sets = real.meta["region_sets"]
    negative = [v for k, v in sets.items() if k.endswith("neg")]
    share = sum(v["accessible"] for v in negative) / sum(v["windows"] for v in negative)
    assert 0.09 < share < 0.11


@on_real_files
def test_real_sequences_are_unique_and_in_one_split(real):
    sequences = decode_codes(real.codes)
    assert len(set(sequences)) == len(sequences)
    assert not set(sequences) & {reverse_complement(s) for s in sequences if "N" not in s}
    assert set(real.chrom[real.split == 2]) == {"chr8"}
    assert set(real.chrom[real.split == 1]) == {"chr9"}
    assert "chrY" not in real.chrom


@on_real_files
def test_real_windows_that_overlap_agree(real):
    """Sequences and coordinates belong together: shared bases are the same in both windows."""
    pairs = 0
    for i in range(len(real.codes) - 1):
        shift = real.start[i + 1] - real.start[i]
        if real.chrom[i] == real.chrom[i + 1] and shift < 201:
            assert np.array_equal(real.codes[i, shift:], real.codes[i + 1, : 201 - shift])
            pairs += 1
    assert pairs > 2000


@on_real_files
def test_real_hotspot_files_are_the_cell_lines_they_are_said_to_be():
    """DNase and H3K4me3 peaks of GM12878 overlap its hotspots most; only male lines have a Y."""
    hotspots = {line: acc.read_hotspots(real_file(name)) for line, name in acc.HOTSPOTS.items()}
    for mark, least in [("DNase", 0.999), ("H3K4me3", 0.99), ("POL2", 0.99)]:
        name = f"{mark}_GM12878_hg19_4000_pos"
        regions = acc.read_regions(real_file(f"{name}.bed"), real_file(f"{name}.fa"))
        share = {line: acc.overlaps(regions, spots).mean() for line, spots in hotspots.items()}
        assert max(share, key=share.get) == "GM12878"
        assert share.pop("GM12878") > least
        assert mark != "DNase" or max(share.values()) < 0.9
    has_y = {line: (spots.chrom == "chrY").any() for line, spots in hotspots.items()}
    assert has_y == {"GM12878": False, "HeLa-S3": False, "H1": True, "HepG2": True}


@on_real_files
def test_real_file_order():
    """The first DNase windows are the ones in the artefact, and names follow the rows."""
    name = "DNase_GM12878_hg19_4000_pos"
    assert [n for n, _ in read_fasta(real_file(f"{name}.fa"))[:2]] == ["chr1_1", "chr1_2"]
    regions = acc.read_regions(real_file(f"{name}.bed"), real_file(f"{name}.fa"))
    assert regions.start[:2].tolist() == [569_754, 567_534]
