"""The study that follows networks along their training, on made windows."""

import numpy as np
import pytest

from compendium import paths, store

pytest.importorskip("keras")

from compendium.chapters import learning

pytestmark = pytest.mark.slow
CHOSEN = {"initialisations": 2, "epochs": 2, "n_train": 300, "n_sequences": 20}


@pytest.fixture(scope="module")
def windows():
    """Windows whose class is whether GATTACA was written into them."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (600, 200)).astype(np.uint8)
    y = np.zeros((600, 5), np.float32)
    y[::2] = 1
    for row in codes[::2]:
        for start in rng.choice(27, 4, replace=False) * 7:
            row[start : start + 7] = [2, 0, 3, 3, 0, 1, 0]
    split = rng.choice([0, 0, 0, 1, 2], 600).astype(np.uint8)
    return {"codes": codes, "y": y, "split": split}


def test_all_networks_learn_the_same_few_windows(windows):
    one, again = (learning.subset(windows, CHOSEN | {"n_train": 100}) for _ in range(2))
    np.testing.assert_array_equal(one["x"], again["x"])
    assert (one["split"] == 0).sum() == 100
    for part in (1, 2):
        assert (one["split"] == part).sum() == (windows["split"] == part).sum()
    assert len(learning.subset(windows, CHOSEN | {"n_train": 10**6})["x"]) == 600


def test_a_training_is_never_cut_short():
    given = learning.recipe("exp", 4, CHOSEN)
    assert given["stopping_patience"] is None and given["decay_patience"] >= given["epochs"] == 2
    assert (given["init"], given["activation"], given["architecture"]) == (4, "exp", "cnn")


@pytest.fixture(scope="module")
def tables(windows, tmp_path_factory):
    root = tmp_path_factory.mktemp("compendium")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(paths.ROOT_VARIABLE, str(root))
        run = paths.Run("made")
        run.data("x").parent.mkdir(parents=True)
        store.save(run.data("gm12878_dnase"), windows)
        return learning.make(run, {"studies": {"learning": CHOSEN}})


def test_every_epoch_of_every_network_is_measured(tables):
    epochs = tables["epochs"]
    assert len(epochs) == 2 * 2 * 3
    assert set(zip(epochs["activation"], epochs["init"], epochs["epoch"])) == {
        (a, i, e) for a in ("relu", "exp") for i in range(2) for e in range(3)
    }
    measured = epochs.select_dtypes("number")
    assert np.isfinite(measured.to_numpy()).all()
    by_epoch = epochs.groupby("epoch")["auroc_train"].mean()
    assert by_epoch[2] > by_epoch[0] + 0.1  # the windows can be told apart


def test_replicates_are_compared_at_the_same_epoch(tables):
    agreement = tables["agreement"].set_index(["activation", "epoch"])
    assert len(agreement) == 6
    assert (agreement["lowest"] <= agreement["agreement"]).all()
    assert (agreement["agreement"] <= agreement["highest"]).all()
    assert agreement["agreement"].abs().max() <= 2


def test_the_final_score_takes_the_weights_of_the_run_that_shows_it(tables):
    pandas = pytest.importorskip("pandas")
    weights = pandas.DataFrame({"k": [4, 6, 9], "weight": [0.25, 0.75, 1.0]})
    found = learning.final_scores(tables["epochs"], weights)
    expected = [
        0.25 * row["kld_frequency_k4"] + 0.75 * row["kld_frequency_k6"]
        for _, row in tables["epochs"].iterrows()
    ]
    np.testing.assert_allclose(found, expected)


def test_the_study_is_off_unless_asked_for():
    from compendium import chapters, config

    default = config.resolve({})
    assert not chapters.shown("learning", default)
    assert chapters.shown("learning", config.resolve({"studies": {"learning": {"run": True}}}))
