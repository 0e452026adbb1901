"""The search for patterns: on files made here, and with the program where it is installed."""

import numpy as np
import pytest

from attribution_consistency import motifs
from attribution_consistency.sequences import codes_to_one_hot
from compendium import chapters, config
from compendium.chapters import seqlets

N, LENGTH = 300, 120
CTCF, SPI1 = "MA0139.1", "MA0080.4"


def planted(seed=0):
    """Random sequences, half with a site of CTCF and half with one of SPI1: (x, maps)."""
    rng = np.random.default_rng(seed)
    library, codes = motifs.jaspar_matrices(), rng.integers(0, 4, (N, LENGTH)).astype(np.uint8)
    a = 0.02 * rng.normal(size=(N, LENGTH, 4))
    for row in range(N):
        ppm = seqlets.frequencies(library[(CTCF, SPI1)[row % 2]][1])
        start = rng.integers(30, LENGTH - 30 - len(ppm))
        for i, column in enumerate(ppm, start):
            codes[row, i] = rng.choice(4, p=column)
        a[row, start : start + len(ppm)] += ppm - 0.25
    return codes_to_one_hot(codes), a


def write(path, patterns):
    """An HDF5 file as tfmodisco-lite writes it; patterns: {name: {number: (ppm, seqlets)}}."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        for sign, some in patterns.items():
            for name, (ppm, count) in some.items():
                group = file.create_group(f"{sign}/{name}")
                group["sequence"], group["contrib_scores"] = ppm, ppm * (ppm > 0.5)
                group.create_group("seqlets")["n_seqlets"] = np.array([count])


def test_windows_are_accessible_and_in_no_order_of_the_genome():
    y = np.array([[0.0], [1.0]] * 50)
    rows = seqlets.windows(y, 20)
    assert len(set(rows)) == 20 and (y[rows, 0] == 1).all()
    assert not (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, seqlets.windows(y, 20))


def test_a_pattern_is_cut_to_where_its_attribution_is(tmp_path):
    flat, sharp = np.full((20, 4), 0.25), np.eye(4)[[0, 1, 2, 3, 0, 1]]
    write(
        tmp_path / "p.h5",
        {
            "pos_patterns": {"pattern_0": (np.concatenate([flat, sharp, flat]), 30)},
            "neg_patterns": {"pattern_0": (np.concatenate([sharp, flat]), 50)},
        },
    )
    first, second = seqlets.read_patterns(tmp_path / "p.h5")
    assert (first.seqlets, second.seqlets) == (50, 30)
    assert len(first.ppm) == 6 + seqlets.FLANK and len(second.ppm) == 6 + 2 * seqlets.FLANK
    assert seqlets.core(second.ppm).argmax(axis=1).tolist() == [0, 1, 2, 3, 0, 1]


def test_a_file_without_patterns_has_none(tmp_path):
    write(tmp_path / "p.h5", {})
    assert seqlets.read_patterns(tmp_path / "p.h5") == []


def test_motifs_that_resemble_each_other_count_once():
    pytest.importorskip("memelite")
    library = motifs.jaspar_matrices()
    ppms = [seqlets.frequencies(library[i][1]) for i in (CTCF, SPI1)]
    ppms += [ppms[0][::-1, ::-1], np.full((20, 4), 0.25)]
    found = seqlets.match([seqlets.Pattern(30, ppm) for ppm in ppms])
    assert [row["factor"] for row in found] == ["CTCF", "SPI1", "CTCF", ""]
    assert [row["counts"] for row in found] == [True, True, False, False]
    assert seqlets.match([]) == []


def test_long_vague_matrices_are_not_compared():
    pytest.importorskip("memelite")
    vague = seqlets.frequencies(motifs.jaspar_matrices()["MA0068.1"][1])  # Pax4, 30 columns
    (found,) = seqlets.match([seqlets.Pattern(30, vague)])
    assert found["factor"] != "Pax4" or not found["counts"]


def test_without_the_program_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(seqlets.shutil, "which", lambda *_, **__: None)
    with pytest.raises(seqlets.SeqletError, match="pip install 'modisco-lite"):
        seqlets.find_patterns(*planted(), 100)


def test_a_failure_of_the_program_is_one_line(monkeypatch, tmp_path):
    broken = tmp_path / "modisco"
    broken.write_text("#!/bin/sh\necho first >&2\necho 'no room' >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(seqlets, "program", lambda: str(broken))
    with pytest.raises(seqlets.SeqletError, match="^modisco motifs failed with 3: no room$"):
        seqlets.find_patterns(*planted(), 100)


@pytest.fixture(scope="module")
def tables():
    pytest.importorskip("modiscolite")
    x, a = planted()
    names = ["binary-cnn-gm12878-exp-00", "binary-cnn-gm12878-relu-00"]
    noise = np.random.default_rng(1).normal(size=a.shape)
    maps = dict(zip(names, (a, noise)))
    return seqlets.make_tables(x, names, maps.get, {"budget": 300})


def test_planted_motifs_are_found_and_noise_yields_less(tables):
    table = tables["measures"].set_index("model")
    assert table.loc["binary-cnn-gm12878-exp-00", "value"] == 2
    assert table.loc["binary-cnn-gm12878-exp-00", "excess"] >= 1
    assert table.loc["binary-cnn-gm12878-relu-00", "value"] < 2
    best = tables["patterns"].query("model == 'binary-cnn-gm12878-exp-00' and counts")
    assert set(best.query("maps == 'network'")["factor"]) == {"CTCF", "SPI1"}


def test_every_column_is_explained(repository, tables):
    page = (repository / "book" / "columns.md").read_text(encoding="utf-8")
    rows = page.split("`seqlets_patterns`:", 1)[1].split("|---|---|\n", 1)[1].split("\n\n")[0]
    explained = [name for row in rows.splitlines() for name in row.split("|")[1].split("`")[1::2]]
    assert explained == list(tables["patterns"].columns)


def test_the_study_is_off_unless_asked_for():
    assert not chapters.shown("seqlets", config.resolve({}))
    assert chapters.shown("seqlets", config.resolve({"studies": {"seqlets": {"run": True}}}))
