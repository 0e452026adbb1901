"""Figures to explore: points found in the picture, and a table that scripts can read."""

import io
import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from IPython.core.pylabtools import print_figure
from matplotlib.colors import to_rgb

from compendium import paths, store
from compendium.page import explorer, figures


@pytest.fixture
def plot():
    figures.style()
    figure, axes = plt.subplots(1, 2, figsize=(7, 3), sharey=True)
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 5, 6), 10 ** rng.uniform(0, 2, 6)
    axes[0].scatter(x, y, s=60, color=figures.RED)
    axes[1].scatter(-x, y, s=60, color=figures.GREEN)
    axes[0].set(yscale="log", xlabel="x", ylabel="a label that widens the margin")
    figure.suptitle("and a title above")
    yield figure, [(axes[0], x, y), (axes[1], -x, y)]
    plt.close(figure)


def table(panels):
    names = pd.Index([f"n{i}" for i in range(len(panels[0][1]))])
    return pd.DataFrame({"SNR": [f"{v:.1f}" for v in panels[0][2]]}, index=names)


def read(html):
    return json.loads(html.data.split(">", 1)[1].rsplit("</script>", 1)[0])


def test_points_lie_where_the_notebook_draws_them(plot):
    figure, panels = plot
    picture = plt.imread(io.BytesIO(print_figure(figure)))[..., :3]
    height, width = picture.shape[:2]
    for panel, colour in zip(panels, (figures.RED, figures.GREEN)):
        for left, top in explorer.positions(figure, *panel):
            pixel = picture[round(top * height), round(left * width)]
            np.testing.assert_allclose(pixel, to_rgb(colour), atol=0.02)


def test_the_page_gets_names_facts_and_points(plot):
    figure, panels = plot
    found = read(explorer.explore("fig-x", figure, panels, table(panels)))
    assert found["figure"] == "fig-x" and "logo" not in found
    assert found["names"] == [f"n{i}" for i in range(6)]
    assert list(found["facts"]) == ["SNR"] and len(found["facts"]["SNR"]) == 6
    assert [len(points) for points in found["panels"]] == [6, 6]


def test_a_point_without_a_place_has_none(plot):
    figure, [(ax, x, y), other] = plot
    x[2] = np.nan
    found = read(explorer.explore("fig-x", figure, [(ax, x, y), other], table([other])))
    assert found["panels"][0][2] is None and None not in found["panels"][1]


def test_text_cannot_leave_the_script(plot):
    figure, panels = plot
    facts = table(panels).assign(note="</script><b>")
    html = explorer.explore("fig-x", figure, panels, facts)
    assert html.data.count("</script>") == 1
    assert read(html)["facts"]["note"][0] == "</script><b>"


def test_letters_keep_order_and_sign():
    scores = np.array([[0.5, -1.0, 0.25], [3.0, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(
        explorer.letters(scores), [[50, -100, 25], [100, 0, 0], [0, 0, 0]]
    )


def test_the_stretch_is_the_one_with_most_motif(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTRIBUTION_CONSISTENCY_ROOT", str(tmp_path))
    rng = np.random.default_rng(0)
    codes, inside = rng.integers(0, 4, (5, 30)), np.zeros((5, 30), bool)
    inside[1, 2:5] = inside[3, 10:14] = inside[3, 17:22] = True
    run = paths.Run("made")
    for path in (run.data("synthetic"), run.maps("synthetic", "m")):
        path.parent.mkdir(parents=True)
    store.save(run.data("synthetic"), {"codes": codes.astype(np.uint8), "motif_mask": inside})
    a = rng.normal(size=(2, 30, 4)).astype(np.float32)
    np.savez(run.maps("synthetic", "m"), a=a, rows=[1, 3])

    found = explorer.stretch("made", "synthetic", ["m"], width=10)
    start = found["start"]
    assert inside[3, start : start + 10].sum() == 7  # of the 9 in 12 positions
    assert found["sequence"] == "".join("ACGT"[c] for c in codes[3, start : start + 10])
    corrected = a[1] - a[1].mean(axis=1, keepdims=True)
    expected = corrected[np.arange(30), codes[3]][start : start + 10]
    np.testing.assert_allclose(found["scores"], [expected], rtol=1e-5)
    shaded = np.zeros(30, bool)
    for first, end in found["highlight"]:
        shaded[first:end] = True
    np.testing.assert_array_equal(shaded[start : start + 10], inside[3, start : start + 10])
    assert explorer.stretch("made", "synthetic", ["m", "without maps"]) == {}
