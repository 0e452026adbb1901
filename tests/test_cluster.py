"""What carries a run to a cluster: profiles, resources of the jobs, locks, the image."""

import importlib.util
import json
import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest
import yaml

from attribution_consistency import artefacts, pipeline, runner

PROFILES = ("slurm", "kubernetes")
OPTED_IN = "ATTRIBUTION_CONSISTENCY_TEST_SLURM"


@pytest.fixture(scope="module")
def profiles(repository):
    folder = repository / "workflow" / "profiles"
    return {name: yaml.safe_load((folder / name / "config.v9+.yaml").read_text())
            for name in PROFILES}


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_says_what_a_cluster_has_to_know(profiles, name):
    profile = profiles[name]
    assert profile["executor"] != "local" and profile["jobs"] > 1
    assert profile["retries"] >= 1 and profile["latency-wait"] >= 30
    assert {"runtime", "mem_mb", "cpus_per_task"} <= set(profile["default-resources"])


@pytest.mark.parametrize("name", PROFILES)
def test_every_option_of_a_profile_is_known(profiles, name):
    """Of Snakemake itself, and of its plugin where that is installed."""
    pytest.importorskip("snakemake")
    from snakemake.cli import get_argument_parser

    executor = profiles[name]["executor"]
    actions = get_argument_parser()._actions
    known = {option for action in actions for option in action.option_strings}
    for option in profiles[name]:
        assert f"--{option}" in known or option.startswith(f"{executor}-"), option
    plugin = f"snakemake_executor_plugin_{executor.replace('-', '_')}"
    if importlib.util.find_spec(plugin):
        fields = importlib.import_module(plugin).ExecutorSettings.__dataclass_fields__
        for option in profiles[name]:
            if option.startswith(f"{executor}-"):
                assert option.removeprefix(f"{executor}-").replace("-", "_") in fields, option


def dry_run(repository, tmp_path, config, *options):
    """The lines that a dry run of a configuration prints, in a copy with nothing done yet."""
    for name in ("workflow", "notebooks", "config", "src", "data", "book", "_config.yml",
                 "_toc.yml", "pyproject.toml", "requirements.lock"):
        (tmp_path / name).symlink_to(repository / name)
    environment = {**os.environ, "ATTRIBUTION_CONSISTENCY_ROOT": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "attribution_consistency", "run", config, "--offline", "--dry-run",
         *options],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_a_dry_run_of_the_paper_lists_392_trainings(repository, tmp_path):
    """In jobs of several networks each."""
    pytest.importorskip("keras")
    pytest.importorskip("snakemake")
    lines = dry_run(repository, tmp_path, "config/paper.yml", "--until", "models")
    jobs = [line for line in lines if line.startswith("- models: synthetic networks")]
    trained = set()
    for job in jobs:
        first, last = job.split("networks ")[1].split(" of 392")[0].split("-")
        trained |= set(range(int(first), int(last) + 1))
    assert trained == set(range(1, 393))
    assert len(jobs) == 28


# --- locks -----------------------------------------------------------------------------


@pytest.fixture
def working(compendium):
    """A job of run `my` in a process of its own, as on another computer; yields its run."""
    this = artefacts.Run("my")
    this.folder.mkdir(parents=True)
    program = "from attribution_consistency import artefacts, runner\n" \
              "runner.share(artefacts.Run('my'))\nprint('works', flush=True)\ninput()"
    job = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, text=True)
    assert job.stdout.readline() == "works\n"
    yield this, job
    job.kill()
    job.communicate()


def test_a_driver_is_refused_while_a_job_works_elsewhere(working):
    this, job = working
    half = this.folder / f"{artefacts.TEMPORARY}1-x.npz"
    half.write_bytes(b"half")
    with pytest.raises(runner.RunError, match="a job of an earlier command still runs"):
        with runner.locked(this):
            pass
    assert half.exists(), "what the job is writing stays"
    job.communicate("\n")
    with runner.locked(this):
        assert not half.exists()


def test_jobs_share_the_lock(working):
    this, _ = working
    runner.share(this)  # would wait for ever if the lock were not shared


def test_a_job_of_a_run_that_does_not_exist_makes_no_folder(compendium):
    runner.share(artefacts.Run("absent"))
    assert not (compendium / "results").exists()


def test_minutes_torn_by_two_computers_are_left_out(compendium):
    this = artefacts.Run("my")
    this.logs.mkdir(parents=True)
    whole = '{"step": "train synthetic", "part": "a", "minutes": 2}\n'
    this.minutes.write_text(whole + '{"step": "train{"step": "tra\n' + whole.replace('"a"', '"b"'))
    assert pipeline._minutes(this) == {"train synthetic": 4}


# --- Kubernetes ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pod(script):
    return script("profiles/kubernetes/pod.py")


JOB = Namespace(
    name="train_synthetic_0", cpus=2, memory=4000, minutes=870, script="/v/clone/job.sh"
)
NAMED = {"ATTRIBUTION_CONSISTENCY_IMAGE": "book:1", "ATTRIBUTION_CONSISTENCY_VOLUME": "claim:/v",
         "ATTRIBUTION_CONSISTENCY_ROOT": "/v/clone", "SECRET": "x"}


def test_a_pod_gets_the_clone_its_resources_and_nothing_else(pod):
    made = pod.manifest(JOB, NAMED, Path("/v/clone"))
    spec = made["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert made["metadata"]["generateName"] == "train-synthetic-0-"
    assert made["spec"]["activeDeadlineSeconds"] == 870 * 60
    assert container["command"] == ["/bin/sh", "/v/clone/job.sh"]
    assert container["resources"]["requests"] == {"cpu": "2", "memory": "4000Mi"}
    assert container["workingDir"] == "/v/clone"
    assert container["volumeMounts"][0]["mountPath"] == "/v"
    assert spec["volumes"][0]["persistentVolumeClaim"] == {"claimName": "claim"}
    assert {e["name"]: e["value"] for e in container["env"]} == {
        "ATTRIBUTION_CONSISTENCY_ROOT": "/v/clone", "PYTHONPATH": "/v/clone/src",
    }


@pytest.mark.parametrize("change, message", [
    ({"ATTRIBUTION_CONSISTENCY_IMAGE": ""}, "name the image"),
    ({"ATTRIBUTION_CONSISTENCY_VOLUME": "claim"}, "expected CLAIM:PATH"),
    ({"ATTRIBUTION_CONSISTENCY_VOLUME": "claim:/other"}, "/other does not hold /v/clone"),
])
def test_what_the_environment_must_name(pod, change, message):
    with pytest.raises(ValueError, match=message):
        pod.manifest(JOB, NAMED | change, Path("/v/clone"))


@pytest.mark.parametrize("conditions, expected", [
    (None, "running"), ([{"type": "Complete", "status": "True"}], "success"),
    ([{"type": "Failed", "status": "True"}], "failed"),
    ([{"type": "Failed", "status": "False"}], "running"),
])
def test_how_a_job_stands(pod, monkeypatch, capsys, conditions, expected):
    answer = {"status": {"conditions": conditions} if conditions else {}}
    monkeypatch.setattr(pod, "kubectl", lambda *a, given=None: json.dumps(answer))
    pod.status(Namespace(job="job.batch/x"))
    assert capsys.readouterr().out == f"{expected}\n"


def test_the_image_is_locked_and_not_root(repository):
    text = (repository / "workflow" / "Containerfile").read_text()
    assert "--require-hashes -r /tmp/build/requirements.lock" in text
    assert text.index("USER 1000") > text.rindex("RUN ")
    for line in text.splitlines():
        if line.startswith("COPY "):
            for source in line.split()[1:-1]:
                assert (repository / source).exists(), source


# --- Slurm -----------------------------------------------------------------------------


@pytest.mark.skipif(OPTED_IN not in os.environ, reason=f"installs Slurm; set {OPTED_IN}=1 to run")
def test_a_run_on_slurm(repository):
    proof = subprocess.run(
        [sys.executable, repository / "workflow" / "scripts" / "prove_slurm.py"],
        capture_output=True, text=True,
    )
    assert proof.returncode == 0, proof.stdout + proof.stderr
