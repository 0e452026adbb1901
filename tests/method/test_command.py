"""The command: `score`, whose tests are in test_score, and `simulate`."""

import json

import numpy as np
import pytest

from attribution_consistency import __version__, cli, simulate


def test_simulated_sequences_are_those_of_the_function_and_can_be_scored(tmp_path, capsys):
    out = tmp_path / "x.npz"
    assert cli.main(["simulate", "--out", str(out), "--n", "40", "--seed", "3"]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    made = simulate(40, 200, 3)
    with np.load(out, allow_pickle=False) as file:
        arrays = dict(file)
    assert arrays["x"].shape == (40, 200, 4) and (arrays["x"].argmax(axis=2) == made.codes).all()
    assert (arrays["motif_mask"] == made.motif_mask).all()
    assert json.loads(str(arrays["meta"]))["motifs"]
    maps = tmp_path / "a.npz"
    np.savez(maps, a=np.random.default_rng(0).normal(size=(40, 200, 4)).astype("float32"))
    given = ["--sequences", str(out), "--attributions", str(maps), "--ks", "3"]
    assert cli.main(["score", *given, "--out", str(tmp_path / "report")]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"), [(["--n", "0"], "n_sequences"), (["--length", "20"], "length")]
)
def test_what_cannot_be_simulated_is_one_line(tmp_path, capsys, arguments, message):
    assert cli.main(["simulate", "--out", str(tmp_path / "x.npz"), *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_there_are_two_verbs():
    verbs = next(a for a in cli.parser()._actions if a.dest == "verb").choices
    assert list(verbs) == ["score", "simulate"]


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"{__version__}\n"
