"""The workflow on a tiny run in a copy of the compendium: resuming, rerunning, refusing."""

import os
import subprocess
import sys

import pandas as pd
import pytest

pytest.importorskip("keras")
pytest.importorskip("snakemake")

pytestmark = pytest.mark.slow


def steps(copy, run, config="config/tiny.yml"):
    """The steps that a run would take now, as printed, in order."""
    status, printed = run(config, "--dry-run")
    assert status == 0, printed
    return [line[2:] for line in printed.splitlines() if line.startswith("- ")]


def kinds(steps):
    return {step.split(":")[0] for step in steps}


def test_an_interrupted_run_resumes(finished):
    printed, trained = finished
    assert "- sequences:" not in printed
    assert f"{trained} epoch" not in printed
    assert printed.count(" epoch 1/1") == 1


def test_every_artefact_is_there_and_nothing_half_written(copy, finished):
    folder = copy / "results" / "tiny"
    expected = [
        "config.yml",
        "networks.json",
        "manifest.json",
        "data/synthetic.npz",
        "length_weights.json",
        "scores/synthetic.csv",
        "notebooks/01_synthetic_data.ipynb",
    ]
    for name in expected:
        assert (folder / name).exists(), name
    assert len(list((folder / "maps" / "synthetic").glob("*.npz"))) == 2
    left = [path for path in folder.rglob("*") if ".part-" in path.name or path.suffix == ".tmp"]
    assert not left


def test_the_study_of_mutations_knows_the_maps_of_the_run(copy, finished):
    """Saliency scores as in the table of scores; integrated gradients and mutations differ."""
    study = [sys.executable, "-m", "compendium", "study", "--run", "tiny", "mutagenesis"]
    environment = {**os.environ, "PYTHONPATH": str(copy / "src")}
    environment.pop("ATTRIBUTION_CONSISTENCY_ROOT", None)
    done = subprocess.run(study, cwd=copy, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    folder = copy / "results" / "tiny"
    tables = folder / "tables"
    networks = pd.read_csv(tables / "mutagenesis_networks.csv").set_index("id")
    methods = pd.read_csv(tables / "mutagenesis_methods.csv").set_index(["id", "method"])
    scores = pd.read_csv(folder / "scores" / "synthetic.csv").set_index("id")
    assert list(networks.index) == list(scores.index) and (networks["n"] == 20).all()
    assert networks["agreement"].between(0.1, 1).all() and networks["same_sign"].gt(0.5).all()
    for name, row in scores.iterrows():
        saliency = methods.loc[name, "saliency"]
        expected = row[["kld_frequency_k3", "kld_frequency_k4"]].mean(), row["kld_original"]
        assert tuple(saliency[["kld", "original"]]) == pytest.approx(expected, rel=1e-4)
        assert methods.loc[name, "kld"].nunique() == 3


def test_a_finished_run_has_nothing_to_do(copy, run, finished):
    assert steps(copy, run) == []


def test_progress_is_shown_and_the_rest_is_in_the_log(copy, finished):
    printed, log = finished[0], (copy / "results" / "tiny" / "logs" / "workflow.log").read_text()
    for text in (printed, log):
        assert "100%" in text and "- notebooks: 01_synthetic_data" in text
    assert "Building DAG" in log and "Building DAG" not in printed


@pytest.fixture
def changed(copy):
    """Append a line to a file of the copy for one test: changed(name, line)."""
    before = {}

    def change(name, line):
        path = copy / name
        before.setdefault(path, (path.read_text(), path.stat()))
        path.write_text(path.read_text() + line)

    yield change
    for path, (text, status) in before.items():
        path.write_text(text)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_changed_notebook_reruns_only_itself(copy, run, finished, changed):
    changed("notebooks/01_synthetic_data.py", "\n# %%\n1 + 1\n")
    changed("notebooks/02_signal_to_noise.py", "\n# %%\n1 + 1\n")
    assert steps(copy, run) == [
        "notebooks: 01_synthetic_data",
        "manifest: versions, seeds, digests, minutes",
    ]


@pytest.mark.parametrize(
    "names, rerun",
    [
        (["attribution_consistency/kmers"], {"scores", "notebooks", "manifest"}),
        (["compendium/zoo/attribution"], {"attribution maps", "scores", "notebooks", "manifest"}),
        (["compendium/zoo/training", "compendium/zoo/regularisers", "compendium/__main__"], set()),
        (["attribution_consistency/plot"], {"notebooks", "manifest"}),
    ],
)
def test_a_changed_module_reruns_what_uses_it(copy, run, finished, changed, names, rerun):
    for name in names:
        changed(f"src/{name}.py", "\n# A comment.\n")
    assert kinds(steps(copy, run)) == rerun


def test_a_changed_setting_reruns_what_depends_on_it(copy, run, finished, changed):
    changed("config/tiny.yml", "")
    path = copy / "config" / "tiny.yml"
    original = path.read_text()
    path.write_text(original.replace("\nsynthetic:", "\nsynthetic:\n  data_seed: 0"))
    assert steps(copy, run) == []
    path.write_text(original.replace("\nsynthetic:", "\nsynthetic:\n  data_seed: 1"))
    assert {"sequences", "models", "attribution maps"} <= kinds(steps(copy, run))
    path.write_text(original + "\nlength_weights: {seed: 1}\n")
    assert kinds(steps(copy, run)) == {"scores", "notebooks", "manifest"}


def test_sequences_made_anew_retrain_nothing(copy, run, finished, changed):
    changed("src/attribution_consistency/simulation.py", "\n# A comment.\n")
    status, printed = run("config/tiny.yml", "--until", "models")
    assert status == 0
    assert "- sequences:" in printed and "epoch" not in printed


def test_a_bad_configuration_stops_before_any_work(copy, run):
    (copy / "bad.yml").write_text("zoo: {epoch: 3}\n")
    status, printed = run("bad.yml")
    assert status == 2
    assert printed == (
        "error: bad.yml: zoo.epoch: unknown parameter; nearest valid name: zoo.epochs\n"
    )
    assert not (copy / "results" / "bad").exists()


def test_a_second_driver_is_refused_while_the_first_lives(copy, run, finished):
    import fcntl

    with open(copy / "results" / "tiny" / ".lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        status, printed = run("config/tiny.yml")
    assert status == 2
    assert "run 'tiny' is in use" in printed and printed.count("\n") == 1


def test_a_failing_notebook_is_named_and_kept(copy, run, finished, changed):
    changed("notebooks/01_synthetic_data.py", "\n# %%\nraise RuntimeError('of the test')\n")
    status, printed = run("config/tiny.yml")
    assert status == 2
    assert "RuntimeError: of the test" in printed and "Traceback" not in printed
    assert "failed: notebooks: 01_synthetic_data" in printed
    assert (copy / "results" / "tiny" / "logs" / "01_synthetic_data.ipynb").exists()
    assert not (copy / "results" / "tiny" / "notebooks" / "01_synthetic_data.ipynb").exists()
