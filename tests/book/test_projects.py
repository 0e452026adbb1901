"""The projects start from scripts that work, and their page shows what came out of them."""

import io
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from attribution_consistency import score_files

pytestmark = pytest.mark.slow
NUMBER = re.compile(r"(?<![\w-])-?\d+(?:\.\d+)?")
CLOSE = 0.03  # what another processor may change of a printed number; 3 of a percentage


@pytest.fixture(scope="module")
def printed(repository, tmp_path_factory):
    """What a script prints, and the folder that it may write to; each runs once."""
    folder, known = tmp_path_factory.mktemp("projects"), {}

    def run(name):
        if name not in known:
            script = repository / "book" / "projects" / f"{name}.py"
            given = [str(folder)] if name == "own_sequences" else []
            command = [sys.executable, str(script), *given]
            done = subprocess.run(command, cwd=repository, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            known[name] = done.stdout
        return known[name], folder

    return run


@pytest.mark.parametrize("name", ["new_attribution", "own_sequences", "new_metric"])
def test_the_page_shows_what_comes_out(repository, printed, name):
    kept = (repository / "book" / "projects" / f"{name}.txt").read_text(encoding="utf-8")
    made, _ = printed(name)
    again = f"write it again: python book/projects/{name}.py > book/projects/{name}.txt"
    words = [NUMBER.sub("#", text).split() for text in (kept, made)]
    assert words[0] == words[1], again
    old, new = (np.array(NUMBER.findall(text), float) for text in (kept, made))
    tolerance = np.where(np.abs(old) > 10, 3, CLOSE)
    assert (np.abs(old - new) <= tolerance).all(), again


def test_what_the_page_says_of_attribution_methods(printed):
    table = printed("new_attribution")[0].split("\n\n")[0]
    found = pd.read_csv(io.StringIO(table), sep=r"\s+", skiprows=2, header=None, index_col=0)
    found.columns = pd.MultiIndex.from_product([["SNR", "score"], ["saliency", "integrated", "m"]])
    snr, score = found["SNR"], found["score"]
    assert (snr["integrated"] > snr["saliency"]).mean() > 0.5, "on most networks"
    highest = score["m"].nlargest(2).index
    assert (snr.loc[highest, "m"] < 0).all()
    assert score["m"][highest].min() > score[["saliency", "integrated"]].max().max()


def test_what_the_page_says_of_own_sequences(printed):
    text, folder = printed("own_sequences")
    weak, strong = re.findall(r"AUROC (\S+)   SNR (\S+)", text)
    assert float(weak[0]) < float(strong[0]) and float(weak[1]) < float(strong[1])
    files = [folder / f"{name}.npz" for name in ("weak", "strong")]
    table = score_files(folder / "sequences.npz", files).table
    assert list(table["model"]) == ["strong", "weak"] and (table["p"] <= 0.05).all()


def test_what_the_page_says_of_metrics(printed):
    rows = {line.split()[0]: line for line in printed("new_metric")[0].splitlines()[2:]}
    for name in ("Gini", "entropy"):
        low, high = map(float, re.search(r"\((-?[\d.]+) to (-?[\d.]+)\)$", rows[name]).groups())
        assert low < 0 < high and "100%" in rows[name]
    assert int(re.search(r"(\d+)%", rows["KLD"])[1]) < 50
