"""The geometric method: basis, closed cases, invariances, orderings."""

import numpy as np
import pytest
from metric_examples import planted_pair, random_pair

from attribution_consistency import geometric_kld
from attribution_consistency.geometric import BASIS, density_of, local_mean


def test_basis_is_orthonormal_and_in_the_plane():
    np.testing.assert_allclose(BASIS.T @ BASIS, np.eye(3), atol=1e-15)
    np.testing.assert_allclose(BASIS.sum(axis=0), 0, atol=1e-15)


def test_basis_keeps_lengths_and_angles():
    v = np.random.default_rng(0).normal(size=(50, 4))
    v -= v.mean(axis=1, keepdims=True)
    np.testing.assert_allclose((v @ BASIS) @ (v @ BASIS).T, v @ v.T, atol=1e-13)


def test_density_puts_known_directions_in_known_boxes():
    """Box (half azimuth, polar angle); azimuth from coordinate 2 towards 3."""
    v = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 2], [0, -1, -1e-9]])
    p = density_of(v, np.sqrt((v**2).sum(axis=1)), 4)
    assert p[2, 0] == pytest.approx(1 / 7)  # at the pole, azimuth 0 -> pi / 2
    assert p[2, 2] == pytest.approx(1 / 7)  # equator, azimuth 0
    assert p[3, 2] == pytest.approx(4 / 7)  # equator, azimuth pi / 2; squared length 4
    assert p[0, 2] == pytest.approx(1 / 7)  # equator, azimuth -pi
    assert p.sum() == pytest.approx(1)


def test_local_mean_wraps_around_the_azimuth_only():
    p = np.zeros((9, 9))
    p[0, 0] = 1
    mean = local_mean(p, 1)
    assert set(map(tuple, np.argwhere(mean > 0).tolist())) == {
        (row, column) for row in (8, 0, 1) for column in (0, 1)
    }
    assert mean.sum() == pytest.approx(1)
    np.testing.assert_allclose(local_mean(np.full((9, 9), 1 / 81), 2), 1 / 81)


def test_one_direction_scores_highest_and_noise_lowest():
    x, _, mask = planted_pair(n=200)
    one = np.zeros_like(x)
    one[mask] = [1, 0, 0, 0]
    noise = np.random.default_rng(0).normal(size=x.shape)
    few = noise * 0.05 + x * mask[..., None]
    scores = [geometric_kld(x, a) for a in (one, few, noise)]
    # A single box of 49 in its neighbourhood, whose prior is the mean of all.
    assert scores[0] == pytest.approx(np.log(49), rel=0.05)
    assert scores[0] > scores[1] > scores[2] >= 0


def test_sharper_beats_blurrier():
    klds = []
    for sharpness in (2.0, 0.7, 0.1):
        x, a, _ = planted_pair(sharpness=sharpness)
        a = a + 0.1 * np.random.default_rng(1).normal(size=a.shape)
        klds.append(geometric_kld(x, a))
    assert klds[0] > klds[1] > klds[2]


def test_invariances():
    x, a = random_pair(0, n=40, length=50)
    want = geometric_kld(x, a)
    order = np.random.default_rng(0).permutation(40)
    scale = np.random.default_rng(1).uniform(0.1, 10, (40, 1, 1))
    got = geometric_kld(x[order], scale * a[order] + 3)
    assert got == pytest.approx(want, rel=1e-9)


def test_positions_without_a_base_are_left_out():
    x, a = random_pair(1, n=20, length=50)
    x[:, 40:] = 0
    short = geometric_kld(x[:, :40], a[:, :40])
    a[:, 40:] *= 1e-9  # keeps the norms
    assert geometric_kld(x, a) == pytest.approx(short)


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(top_fraction=0), "top_fraction: got 0"),
        (dict(top_fraction=1.5), "top_fraction: got 1.5"),
        (dict(box=0), "box: got 0"),
        (dict(reach=0), "reach: got 0"),
    ],
)
def test_bad_options(options, message):
    x, a = random_pair(2)
    with pytest.raises(ValueError, match=message):
        geometric_kld(x, a, **options)


def test_all_zero_map():
    x, a = random_pair(3)
    with pytest.raises(ValueError, match="every vector is 0"):
        geometric_kld(x, np.ones_like(a))


@pytest.mark.parametrize("value", [0.1, 0.7, 1 / 3, 1e9])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_four_equal_attributions_have_no_direction(value, dtype):
    """What rounding leaves of their correction is none."""
    x = np.eye(4)[np.random.default_rng(0).integers(0, 4, (5, 30))]
    equal = np.full(x.shape, value, dtype)
    equal[..., 1] = np.nextafter(equal[..., 1], dtype(0))
    with pytest.raises(ValueError, match="every vector is 0"):
        geometric_kld(x, equal)


@pytest.mark.parametrize("reach", [0, 1.5, np.nan])
def test_reach_is_a_whole_number(reach):
    with pytest.raises(ValueError, match=f"reach: got {reach}, expected a whole number"):
        geometric_kld(*random_pair(0), reach=reach)


def test_a_tenth_of_the_vectors_in_boxes_of_a_tenth_unless_said_otherwise():
    x, a = random_pair(0, n=30, length=60)
    default = {"top_fraction": 0.1, "box": 0.1, "reach": 3}
    assert geometric_kld(x, a) == geometric_kld(x, a, **default)
    for other in ({"top_fraction": 0.11}, {"box": 0.11}, {"reach": 4}):
        assert geometric_kld(x, a) != geometric_kld(x, a, **(default | other))


def test_the_ends_of_the_ranges_of_options():
    x, a = random_pair(0, n=30, length=60)
    v = a - a.mean(axis=2, keepdims=True)
    v = (v / np.sqrt((v**2).sum(axis=(1, 2), keepdims=True))).reshape(-1, 4) @ BASIS
    length = np.sqrt((v**2).sum(axis=1))
    longest = np.argsort(-length)[:1]
    for n_boxes, reach, options in (
        (3, 1, {"box": 1, "reach": 1, "top_fraction": 1}),
        (31, 3, {"top_fraction": 1e-9}),  # a single vector
    ):
        used = np.arange(len(v)) if reach == 1 else longest
        p = density_of(v[used], length[used], n_boxes)
        prior = local_mean(p, reach)
        want = (p[p > 0] * np.log(p[p > 0] / prior[p > 0])).sum()
        assert geometric_kld(x, a, **options) == pytest.approx(want)


def test_a_length_that_rounding_made_too_small_is_a_pole():
    v = np.array([[1.0, 0, 0], [-1.0, 0, 0]])
    p = density_of(v, np.nextafter([1.0, 1.0], 0), 4)
    np.testing.assert_allclose(p.sum(axis=0), [0.5, 0, 0, 0.5])


def test_the_largest_box_is_a_radian_and_the_largest_share_all():
    x, a = random_pair(0, n=5)
    assert np.isfinite(geometric_kld(x, a, box=1, top_fraction=1))
    for option in ({"box": np.nextafter(1, 2)}, {"box": 0}):
        with pytest.raises(ValueError, match="box: got"):
            geometric_kld(x, a, **option)
    for fraction in (0, np.nextafter(1, 2)):
        with pytest.raises(ValueError, match="top_fraction: got"):
            geometric_kld(x, a, top_fraction=fraction)
