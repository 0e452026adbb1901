"""The script that follows networks along their training, on made windows."""

import numpy as np
import pytest

pytest.importorskip("keras")

pytestmark = pytest.mark.slow
CHOSEN = {"initialisations": 2, "epochs": 2, "n_train": 300, "n_sequences": 20}


@pytest.fixture(scope="module")
def learning(script):
    return script("scripts/along_a_training.py")


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


def test_all_networks_learn_the_same_few_windows(learning, windows):
    one, again = (learning.subset(windows, CHOSEN | {"n_train": 100}) for _ in range(2))
    np.testing.assert_array_equal(one["x"], again["x"])
    assert (one["split"] == 0).sum() == 100
    for part in (1, 2):
        assert (one["split"] == part).sum() == (windows["split"] == part).sum()
    assert len(learning.subset(windows, CHOSEN | {"n_train": 10**6})["x"]) == 600


def test_a_training_is_never_cut_short(learning):
    given = learning.recipe("exp", 4, CHOSEN)
    assert given["stopping_patience"] is None and given["decay_patience"] >= given["epochs"] == 2
    assert (given["init"], given["activation"], given["architecture"]) == (4, "exp", "cnn")


@pytest.fixture(scope="module")
def tables(learning, windows):
    return learning.make(windows, CHOSEN)


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
