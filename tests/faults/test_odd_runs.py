"""Names, folders and settings that once ended in a traceback, or in no word at all."""

import shutil

import pytest

pytest.importorskip("keras")
pytest.importorskip("snakemake")

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["2026", "1e5", "nan", "007", "true"])
def test_a_run_may_be_named_like_a_number(copy, run, name):
    shutil.copy(copy / "config" / "tiny.yml", copy / f"{name}.yml")
    status, printed = run(f"{name}.yml", "--until", "sequences")
    assert status == 0, printed
    assert (copy / "results" / name / "data" / "synthetic.npz").is_file()


def test_a_home_folder_that_cannot_be_written(copy, run, tmp_path):
    home = tmp_path / "home"
    home.write_text("a file")
    shutil.copy(copy / "config" / "tiny.yml", copy / "homeless.yml")
    environment = {"HOME": str(home), "XDG_CACHE_HOME": ""}
    status, printed = run("homeless.yml", "--until", "sequences", env=environment)
    assert status == 0, printed
    assert f"note: {home} cannot be written; caches go to results/homeless/.home" in printed


@pytest.mark.parametrize(
    "rate, message",
    [
        ("1.0e+6", "every network of synthetic diverged"),
        ("1.0e+30", "zoo.training.learning_rate: expected less than or equal to 1000000"),
        (".nan", "zoo.training.learning_rate: expected"),
    ],
)
def test_a_run_of_which_nothing_comes_fails(copy, run, rate, message):
    text = (copy / "config" / "tiny.yml").read_text()
    text = text.replace(
        "  weights: train", f"  weights: train\n  training: {{learning_rate: {rate}}}"
    )
    (copy / "diverges.yml").write_text(text)
    status, printed = run("diverges.yml", "--until", "scores")
    assert status == 2 and message in printed and "Traceback" not in printed, printed


def test_threads_are_part_of_every_recipe(copy, start):
    """On one core and on all, with whatever the user's environment says, the weights are these."""
    import subprocess
    import sys

    program = (
        "import numpy as np, sys\n"
        "from compendium.zoo import training\n"
        "from compendium.config import resolve\n"
        "from compendium.populations import model_recipes\n"
        "from attribution_consistency import sequences, simulation\n"
        "zoo = {'epochs': 1, 'configurations': ['nobn-relu-standard'], 'initialisations': [0]}\n"
        "settings = resolve({'synthetic': {'n_sequences': 800}, 'zoo': zoo})\n"
        "((_, recipe),) = model_recipes(settings, 'synthetic').items()\n"
        "d = simulation.simulate(800, 200, 0)\n"
        "data = {'x': sequences.codes_to_one_hot(d.codes), 'y': d.y, 'split': d.split}\n"
        "model, _ = training.train(recipe, data)\n"
        "print(hash(b''.join(w.tobytes() for w in model.get_weights())))\n"
    )
    import os

    found = set()
    for threads, cores in (("1", {0}), ("7", os.sched_getaffinity(0))):
        environment = {**os.environ, "PYTHONPATH": str(copy / "src"), "PYTHONHASHSEED": "0"}
        environment |= {"TF_NUM_INTRAOP_THREADS": threads, "TF_CPP_MIN_LOG_LEVEL": "3"}
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            preexec_fn=lambda cores=cores: os.sched_setaffinity(0, cores),
        )
        found.add(done.stdout.strip().splitlines()[-1])
    assert len(found) == 1, found
