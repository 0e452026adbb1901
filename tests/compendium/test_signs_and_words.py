"""The sign of a map by mutations, words written into sequences, and further populations."""

import numpy as np
import pytest

from compendium import config, measures, paths, populations
from compendium.chapters import controls_spurious

RNG = np.random.default_rng


@pytest.fixture
def sequences():
    """Twelve one-hot sequences of 60, and what mutations do to them."""
    rng = RNG(0)
    x = np.eye(4)[rng.integers(4, size=(12, 60))]
    effects = rng.normal(size=x.shape) * (1 - x)
    return x, effects


def test_a_map_that_says_what_mutations_do_has_every_sign_right(sequences):
    x, effects = sequences
    assert (measures.same_sign(x, effects, effects) == 1).all()
    assert (measures.same_sign(x, 3 * effects + 7, effects) == 1).all(), (
        "size and offset are no sign"
    )


def test_a_map_of_the_opposite_sign_has_none_right(sequences):
    x, effects = sequences
    assert (measures.same_sign(x, -effects, effects) == 0).all()


def test_noise_has_half_of_them_right(sequences):
    x, effects = sequences
    share = measures.same_sign(x, RNG(1).normal(size=x.shape), effects).mean()
    assert share == pytest.approx(0.5, abs=0.12)


def test_only_the_bases_that_matter_most_count(sequences):
    x, effects = sequences
    weak = effects.copy()
    weak[:, 20:] *= 1e-6
    turned = weak.copy()
    turned[:, 20:] *= -1
    assert (measures.same_sign(x, turned, weak) == 1).all()
    assert (measures.same_sign(x, turned, weak, top=60) < 1).all()


def test_other_shapes_are_refused(sequences):
    x, effects = sequences
    with pytest.raises(ValueError, match="shapes"):
        measures.same_sign(x, effects[:3], effects)


# --- words -----------------------------------------------------------------------------


@pytest.fixture
def written():
    rng = RNG(3)
    codes = rng.integers(4, size=(200, 50))
    spacer = np.ones((200, 50), bool)
    spacer[:, 20:30] = False
    spacer[:5, ::4] = False  # no room for eight bases
    y = np.repeat([[1.0], [0.0]], 100, axis=0)
    return codes, spacer, y


@pytest.mark.parametrize("share", controls_spurious.SHARES)
def test_a_word_stands_in_a_share_of_the_positives_and_between_motifs(written, share):
    codes, spacer, y = written
    after, mask = controls_spurious.plant(*written, "ATCGCATT", share)
    assert not mask[y[:, 0] == 0].any() and not mask[:5].any()
    assert mask[5:100].any(axis=1).mean() == pytest.approx(share, abs=0.12)
    assert set(mask.sum(axis=1)) <= {0, 8}
    assert spacer[mask].all() and (after[~mask] == codes[~mask]).all()
    letters = after[mask].reshape(-1, 8)
    assert (letters == [0, 3, 1, 2, 1, 0, 3, 3]).all()


def test_a_higher_share_keeps_the_words_of_a_lower_one(written):
    few, most = (controls_spurious.plant(*written, "CACACACA", share)[1] for share in (0.2, 0.5))
    assert most[few].all() and most.sum() > few.sum()


# --- populations -----------------------------------------------------------------------


@pytest.mark.parametrize("population", paths.FURTHER)
def test_further_networks_are_in_a_run_that_names_them_and_can_read_them(population):
    named = config.resolve({"further": [population], "notebooks": {}})
    found = populations.model_recipes(named, population)
    assert found and set(found) == set(populations.as_trained(population))
    silent = config.resolve({"notebooks": {}})
    assert populations.model_recipes(silent, population) == {}
    longer = config.resolve(
        {
            "further": [population],
            "synthetic": {"length": 300},
            "notebooks": {},
            "koo": {"models": []},
        }
    )
    assert populations.model_recipes(longer, population) == {}


def test_independent_networks_share_no_seed_and_kinds_are_balanced():
    recipes = populations.as_trained("independent")
    seeds = [recipe["data"]["data_seed"] for recipe in recipes.values()]
    assert len(set(seeds)) == len(seeds) >= 20
    kinds = [name.rsplit("-", 1)[0] for name in recipes]
    counts = [kinds.count(kind) for kind in set(kinds)]
    assert len(counts) == 4 and max(counts) - min(counts) <= 1
