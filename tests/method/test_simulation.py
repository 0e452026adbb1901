"""The simulated task is what its description says."""

import math
from itertools import product

import numpy as np
import pytest

from attribution_consistency import motifs, simulation


@pytest.fixture(scope="module")
def data():
    return simulation.simulate(2000, 200, seed=3)


@pytest.fixture(scope="module")
def library():
    return motifs.load_motifs()


def test_matrices_are_those_of_the_task(library):
    assert len(library) == 110
    assert [m.name for m in library[:10:2]] == ["SP1", "Gabpa", "CEBPB", "MAX", "YY1"]
    assert sum(m.role == "core" for m in library) == 10
    for forward, reverse in zip(library[::2], library[1::2]):
        np.testing.assert_allclose(forward.ppm.sum(axis=1), 1)
        np.testing.assert_array_equal(forward.ppm, reverse.ppm[::-1, ::-1])


def test_half_are_positive_and_the_split_is_as_stated(data):
    assert data.y.shape == (2000, 1) and data.y.mean() == 0.5
    assert np.bincount(data.split).tolist() == [1400, 200, 400]


def test_motif_numbers_follow_their_distribution(data):
    counts = np.bincount((data.motif_id >= 0).sum(axis=1), minlength=8) / len(data.y)
    assert counts[:3].sum() == 0
    # Five standard deviations of the commonest share, which is one half.
    expected = [simulation.MOTIFS_PER_SEQUENCE[n] for n in range(3, 8)]
    np.testing.assert_allclose(counts[3:], expected, atol=5 * np.sqrt(0.25 / 2000))


def test_positives_hold_core_motifs_only_and_some_negatives_hold_one(data):
    core = (data.motif_id >= 0) & (data.motif_id < 5)
    positive = data.y[:, 0] == 1
    assert core[positive].sum() == (data.motif_id[positive] >= 0).sum()
    assert 0.25 < core[~positive].any(axis=1).mean() < 0.36


def test_bases_agree_with_the_planted_matrices(data, library):
    """No base may stand where its matrix gives it probability zero."""
    for n in range(300):
        for index, start, strand in zip(
            data.motif_id[n], data.motif_start[n], data.motif_strand[n]
        ):
            if index >= 0:
                ppm = library[2 * index + strand].ppm
                drawn = data.codes[n, start : start + len(ppm)]
                assert (ppm[np.arange(len(ppm)), drawn] > 0).all()


def test_base_frequencies_inside_motifs_match_the_matrix(data, library):
    index, strand = 3, 0  # MAX, forward
    ppm = library[2 * index + strand].ppm
    where = np.argwhere((data.motif_id == index) & (data.motif_strand == strand))
    starts = [data.motif_start[n, i] for n, i in where]
    drawn = np.array([data.codes[n, s : s + len(ppm)] for (n, _), s in zip(where, starts)])
    found = (drawn[:, :, None] == np.arange(4)).mean(axis=0)
    np.testing.assert_allclose(found, ppm, atol=5 * np.sqrt(0.25 / len(drawn)))


def test_masks_mark_informative_motif_positions_and_spacers(data, library):
    rebuilt = np.zeros_like(data.motif_mask)
    inside = np.zeros_like(data.motif_mask)
    for n, (ids, starts, strands) in enumerate(
        zip(data.motif_id, data.motif_start, data.motif_strand)
    ):
        for index, start, strand in zip(ids[ids >= 0], starts, strands):
            ppm = library[2 * index + strand].ppm
            span = slice(start, start + len(ppm))
            rebuilt[n, span] = motifs.information(ppm) > 0.1
            assert not inside[n, span].any(), "motifs overlap"
            inside[n, span] = True
    np.testing.assert_array_equal(data.motif_mask, rebuilt)
    np.testing.assert_array_equal(data.spacer_mask, ~inside)


def test_spacers_are_uniform(data):
    share = np.bincount(data.codes[data.spacer_mask], minlength=4) / data.spacer_mask.sum()
    np.testing.assert_allclose(share, 0.25, atol=0.005)


def test_spacer_lengths_add_up_and_average_to_equal_parts():
    rng = np.random.default_rng(0)
    drawn = np.array([simulation._draw_spacers(rng, 160, 4) for _ in range(2000)])
    assert (drawn.sum(axis=1) == 160).all() and (drawn >= 0).all() and drawn.max() <= 80
    np.testing.assert_allclose(drawn.mean(axis=0), 40, atol=3)


def test_same_seed_same_data_other_seed_other_data(data):
    again = simulation.simulate(2000, 200, seed=3)
    np.testing.assert_array_equal(data.codes, again.codes)
    assert (simulation.simulate(2000, 200, seed=4).codes != data.codes).any()


def test_20_000_sequences_of_200_bases_and_seed_0_unless_said_otherwise(monkeypatch):
    assert simulation.simulate(10).meta["seed"] == 0

    def stop(n_bytes):
        raise ValueError(f"asked for {n_bytes}")

    monkeypatch.setattr(simulation, "afford", stop)
    with pytest.raises(ValueError, match=f"asked for {20 * 20_000 * 200}$"):
        simulation.simulate()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((11, 200), "even"),
        ((8, 200), "n_sequences: got 8, expected a whole number from 10"),
        ((float("nan"), 200), "n_sequences: got nan"),
        ((10**9, 200), "n_sequences"),
        ((100, 30), "length"),
        ((100, 2**15), "length: got 32768, expected a whole number from 60 to 32767"),
    ],
)
def test_impossible_requests_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        simulation.simulate(*arguments)


def test_a_kmer_is_named_after_the_motifs_it_fits(library):
    assert motifs.fitting_motifs("AAGATGGCGG", library)[0][0].name == "YY1"
    fits = [m.name for m, _ in motifs.fitting_motifs("CACGTG", library)]
    assert "MAX" in fits and "MLX" in fits and "Gabpa" not in fits
    bits = [b for _, b in motifs.fitting_motifs("CACGTG", library)]
    assert bits == sorted(bits, reverse=True) and bits[0] - bits[-1] <= 1


@pytest.mark.parametrize("word", ["CACGTG", "AAGATGGCGGACGTGACCTTGCA"])
def test_the_evidence_of_a_word_is_that_of_its_best_placement(library, word):
    """The shorter of word and motif wholly inside the other; in bits, with the pseudocount."""
    want = {}
    for motif in library:
        span, n = min(len(word), len(motif.ppm)), len(motif.ppm)
        for i, j in product(range(len(word) - span + 1), range(n - span + 1)):
            columns = zip(word[i : i + span], motif.ppm[j : j + span])
            p = [(column["ACGT".index(base)] + 0.01) / 1.04 for base, column in columns]
            bits = sum(math.log2(v / 0.25) for v in p)
            want[motif.matrix_id] = max(bits, want.get(motif.matrix_id, -math.inf))
    found = {m.matrix_id: bits for m, bits in motifs.fitting_motifs(word, library, 1000)}
    assert found == pytest.approx(want) and len(found) == 55
    alike = {name for name, bits in want.items() if bits > max(want.values()) - 1}
    assert {m.matrix_id for m, _ in motifs.fitting_motifs(word, library)} == alike


def test_information_of_certain_and_uniform_columns():
    ppm = np.array([[1, 0, 0, 0], [0.25] * 4, [0.5, 0.5, 0, 0]])
    np.testing.assert_allclose(motifs.information(ppm), [2, 0, 1])
