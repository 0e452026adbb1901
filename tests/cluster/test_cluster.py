"""What carries a run to a cluster: profiles, resources of the jobs, locks."""

import hashlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from tiny_workflow import kill_all

from attribution_consistency.files import TEMPORARY
from compendium import config, manifest, paths, populations, steps
from compendium import run as driver
from compendium.__main__ import main, parser
from compendium.sources import remote
from compendium.zoo import recipes

PROFILES = ("slurm",)
# ExecutorSettings of snakemake-executor-plugin-slurm 2.8.0.
PLUGIN_OPTIONS = {
    "slurm": {
        "array-jobs",
        "array-limit",
        "disable-memory-fudge",
        "logdir",
        "keep-successful-logs",
        "delete-logfiles-older-than",
        "init-seconds-before-status-checks",
        "requeue",
        "no-requeue",
        "exclude-failed-nodes",
        "no-account",
        "partition-config",
        "efficiency-report",
        "efficiency-report-path",
        "efficiency-threshold",
        "jobname-prefix",
        "status-command",
        "status-attempts",
        "qos",
        "reservation",
        "pass-command-as-script",
    }
}
OPTED_IN = "ATTRIBUTION_CONSISTENCY_TEST_SLURM"


@pytest.fixture(scope="module")
def profiles(repository):
    folder = repository / "workflow" / "profiles"
    return {
        name: yaml.safe_load((folder / name / "config.v9+.yaml").read_text()) for name in PROFILES
    }


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_says_what_a_cluster_has_to_know(profiles, name):
    profile = profiles[name]
    assert profile["executor"] != "local" and profile["jobs"] > 1
    assert profile["retries"] >= 1 and profile["latency-wait"] >= 30
    assert {"runtime", "mem_mb", "cpus_per_task"} <= set(profile["default-resources"])


def unknown_options(profile):
    """Options of a profile that neither Snakemake nor its plugin has."""
    from snakemake.cli import get_argument_parser

    executor = profile["executor"]
    known = {
        option for action in get_argument_parser()._actions for option in action.option_strings
    }
    known |= {f"--{executor}-{option}" for option in PLUGIN_OPTIONS[executor]}
    return [option for option in profile if f"--{option}" not in known]


@pytest.mark.parametrize("name", PROFILES)
def test_every_option_of_a_profile_is_known(profiles, name):
    pytest.importorskip("snakemake")
    assert unknown_options(profiles[name]) == []
    executor = profiles[name]["executor"]
    plugin = f"snakemake_executor_plugin_{executor.replace('-', '_')}"
    if importlib.util.find_spec(plugin):
        fields = importlib.import_module(plugin).ExecutorSettings.__dataclass_fields__
        used = [o.removeprefix(f"{executor}-") for o in profiles[name] if o.startswith(executor)]
        assert {option.replace("-", "_") for option in used if option != "executor"} <= set(fields)


@pytest.mark.parametrize(
    "name, option", [("slurm", "slurm-status-comand"), ("slurm", "latency-wiat")]
)
def test_a_misspelt_option_is_noticed_without_the_plugin(profiles, name, option):
    pytest.importorskip("snakemake")
    assert unknown_options({**profiles[name], option: 1}) == [option]


@pytest.fixture
def clone(repository, tmp_path):
    """A compendium with nothing done yet: its sources are copies, the rest is what is here."""
    shutil.copytree(
        repository / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in (
        "workflow",
        "notebooks",
        "config",
        "data",
        "book",
        "_config.yml",
        "_toc.yml",
        "pyproject.toml",
        "requirements.lock",
    ):
        (tmp_path / name).symlink_to(repository / name)
    return tmp_path


def elsewhere(clone, **change):
    """Environment of a process at work in a copy, on a computer without downloads."""
    kept = {name: value for name, value in os.environ.items() if name != remote.MIRROR_VARIABLE}
    return {
        **kept,
        paths.ROOT_VARIABLE: str(clone),
        "XDG_CACHE_HOME": str(clone / "empty"),
        "PYTHONPATH": str(clone / "src"),
        **change,
    }


def python(clone, *arguments, **change):
    """Run a module of Python in a copy; what it printed, and nothing but success."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=clone,
        env=elsewhere(clone, **change),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_dry_run_of_the_paper_lists_392_trainings(clone):
    """In jobs of several networks each."""
    pytest.importorskip("keras")
    pytest.importorskip("snakemake")
    lines = python(
        clone,
        "compendium",
        "run",
        "config/paper.yml",
        "--offline",
        "--dry-run",
        "--until",
        "models",
    ).splitlines()
    jobs = [line for line in lines if line.startswith("- models: synthetic networks")]
    trained = set()
    for job in jobs:
        first, last = job.split("networks ")[1].split(" of 392")[0].split("-")
        trained |= set(range(int(first), int(last) + 1))
    assert trained == set(range(1, 393))
    assert len(jobs) == 28


@pytest.mark.slow
def test_a_job_finds_the_rules_of_its_command_without_the_downloads(clone):
    """They were decided where the command was given, and are anew with the next command."""
    pytest.importorskip("snakemake")
    (clone / "my.yml").write_text(
        "zoo: {configurations: [bn-exp-standard]}\nnotebooks: {05_real_data: {}}\n"
    )
    published = ["deep-relu-03", "shallow-exp-07"]
    names = [entry.name for entry in remote.entries("gm12878_dnase/")]
    names += [recipes.published_file(model_id) for model_id in published]
    registry = clone / "src" / "compendium" / "resources" / "registry.tsv"
    text = registry.read_text(encoding="utf-8")
    for entry in remote.entries():
        if entry.name in names:
            # Empty files of the right size, which its own registry takes for the right ones.
            text = text.replace(entry.sha256, hashlib.sha256(bytes(entry.bytes)).hexdigest())
            path = clone / "cache" / "attribution-consistency" / entry.name
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "wb") as file:
                file.truncate(entry.bytes)
    registry.write_text(text, encoding="utf-8")

    def rules(**change):
        listed = python(
            clone,
            "snakemake",
            "--snakefile",
            "workflow/Snakefile",
            "--list-rules",
            "--config",
            "run=my",
            **change,
        )
        return set(listed.split())

    full = {"XDG_CACHE_HOME": str(clone / "cache")}
    python(clone, "compendium", "configure", "my.yml", **full)
    jobs = json.loads((clone / "results" / "my" / "networks.json").read_text())
    assert list(jobs) == ["synthetic", "gm12878_dnase", "koo"]
    assert [i for ids in jobs["koo"] for i in ids] == published
    found = rules()
    assert {"train_gm12878_dnase_0", "train_koo_0", "study_real_data"} <= found
    assert found == rules(**full)
    python(clone, "compendium", "configure", "my.yml")
    assert rules() & {"train_gm12878_dnase_0", "train_koo_0", "study_real_data"} == set()


# --- time limits -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def limits(script):
    return script("limits.py")


@pytest.mark.parametrize("folder", ["zoo", "gm12878"])
def test_a_limit_is_twice_what_any_of_our_networks_took(repository, limits, folder):
    records = [json.loads(p.read_text()) for p in (repository / "data" / folder).glob("*.json")]
    assert len(records) >= 28
    for record in records:
        taken = record["minutes"] / record["epochs"]
        assert limits.epoch_minutes(record["recipe"]) >= 2 * taken, record["recipe"]


def test_limits_grow_with_what_a_network_does(limits):
    data = {"n_sequences": 20000, "length": 200, "data_seed": 0}

    def minutes(regulariser="standard", data=data, **training):
        recipe = recipes.synthetic_recipe(f"bn-exp-{regulariser}-00", 10, data, training)
        return limits.training_minutes([recipe]) - limits.START_MINUTES

    assert minutes() == 14 and minutes("adversarial") == 14
    assert minutes("adversarial", adversarial_steps=7) == 28
    assert minutes(batch_size=50) == 28 and minutes(batch_size=200) == 14
    assert minutes(data={**data, "length": 400}) == 28
    assert minutes(data={**data, "n_sequences": 400}) == 14
    converted = {"population": "koo"}
    assert limits.training_minutes([converted]) == limits.START_MINUTES


def test_the_page_states_the_limit_of_a_job_of_the_paper(repository, limits):
    settings = config.load(repository / "config" / "paper.yml")
    found = list(populations.model_recipes(settings, "synthetic").values())
    minutes = limits.training_minutes(found[: settings["jobs"]["models_per_job"]])
    page = (repository / "book" / "run_at_scale.md").read_text()
    assert f"{minutes / 60:.0f} hours for one of `config/paper.yml`" in page


# --- without Snakemake -------------------------------------------------------------------


def test_the_commands_of_the_page_are_those_of_the_tiny_run(repository, compendium):
    """As our command line understands them, in an order in which each has its inputs."""
    page = (repository / "book" / "run_at_scale.md").read_text().split("## Without Snakemake")[1]
    block = page.split("```\n")[1].replace("\\\n", " ")
    lines = [shlex.split(line) for line in block.splitlines()[1:] if line]
    assert {tuple(line[:3]) for line in lines} == {("python", "-m", "compendium")}
    given = [parser().parse_args(line[3:]) for line in lines]
    assert given[0].config == "config/tiny.yml"
    assert {arguments.run for arguments in given[1:]} == {"tiny"}
    for path in (repository / "notebooks").glob("0*.py"):
        (compendium / "notebooks" / path.name).write_text(path.read_text())
    jobs = populations.batches(steps.configure(repository / "config" / "tiny.yml"))
    assert list(jobs) == ["synthetic"]
    expected = ["configure", "simulate"]
    for _ in jobs["synthetic"]:
        expected += ["train", "attribute", "evaluate"]
    chapters = list(config.load(repository / "config" / "tiny.yml")["notebooks"])
    expected += ["length-weights", "merge", *["notebook" for _ in chapters], "manifest"]
    assert [arguments.verb for arguments in given] == expected
    for verb in ("train", "attribute", "evaluate"):
        assert [a.ids for a in given if a.verb == verb] == jobs["synthetic"]
    assert [a.part for a in given if a.verb == "evaluate"] == list(range(len(jobs["synthetic"])))
    assert [a.name for a in given if a.verb == "notebook"] == chapters


def test_every_step_of_the_workflow_is_on_the_page(repository):
    page = (repository / "book" / "run_at_scale.md").read_text().split("## Without Snakemake")[1]
    rules = (repository / "workflow" / "Snakefile").read_text()
    shells = [command.split() for command in re.findall(r'shell:\s*"([^"]*)"', rules)]
    assert len(shells) >= 12
    for words in shells:
        step = words[3] if words[2] == "compendium" else " ".join(words[:3])
        assert step in page, step


def test_a_part_has_the_networks_of_its_job(compendium, capsys):
    (compendium / "my.yml").write_text(
        "zoo: {configurations: [bn-exp-mixup, bn-exp-noise], initialisations: [0]}\n"
        "jobs: {models_per_job: 1}"
    )
    run = steps.configure(compendium / "my.yml")
    assert populations.batches(run)["synthetic"] == [["bn-exp-mixup-00"], ["bn-exp-noise-00"]]
    for part in ("0", "2", "-1"):
        assert (
            main(
                [
                    "evaluate",
                    "--run",
                    "my",
                    "--population",
                    "synthetic",
                    "--part",
                    part,
                    "--ids",
                    "bn-exp-noise-00",
                ]
            )
            == 2
        )
        assert f"--part {part} with these --ids: a part has exactly" in capsys.readouterr().err


# --- locks -----------------------------------------------------------------------------


@pytest.fixture
def working(compendium):
    """A job of run `my` in a process of its own, as on another computer; yields its run."""
    this = paths.Run("my")
    this.folder.mkdir(parents=True)
    program = (
        "from compendium import paths, run\n"
        "run.share(paths.Run('my'))\nprint('works', flush=True)\ninput()"
    )
    job = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert job.stdout.readline() == "works\n"
    yield this, job
    job.kill()
    job.communicate()


def test_a_driver_is_refused_while_a_job_works_elsewhere(working):
    this, job = working
    half = this.folder / f"{TEMPORARY}1-x.npz"
    half.write_bytes(b"half")
    still = pytest.raises(driver.RunError, match="a job of an earlier command still runs")
    with still, driver.locked(this):
        pass
    assert half.exists(), "what the job is writing stays"
    job.communicate("\n")
    with driver.locked(this):
        assert not half.exists()


def test_a_job_that_waited_is_superseded_by_the_next_command(compendium):
    this = paths.Run("my")
    with driver.locked(this) as (_, first), driver.locked(paths.Run("other")):
        pass
    with driver.locked(this) as (_, second):
        with pytest.raises(driver.RunError, match="'my': this job does nothing, superseded by a"):
            driver.share(this, first)
        driver.share(this, second)
        driver.share(this)  # a command given by hand has no driver


def test_only_a_command_that_drives_the_run_supersedes(working):
    this, _ = working
    (this.folder / driver.JOBS_LOCK).write_text("driver-of-the-job")
    with pytest.raises(driver.RunError, match="still runs"), driver.locked(this):
        pass
    driver.share(this, "driver-of-the-job")


QUEUE = """
import os
from pathlib import Path

from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings

common_settings = CommonSettings(
    non_local_exec=True, implies_no_shared_fs=False, job_deploy_sources=False,
    pass_default_storage_provider_args=True, pass_default_resources_args=True,
    pass_envvar_declarations_to_cmd=True, auto_deploy_default_storage_provider=False,
)


class Executor(RemoteExecutor):
    def run_job(self, job):
        script = Path(os.environ["QUEUE"])
        self.write_jobscript(job, script.with_suffix(".part"))
        script.with_suffix(".part").rename(script)
        self.report_job_submission(SubmittedJobInfo(job, external_jobid="1"))

    async def check_active_jobs(self, active_jobs):
        for job in active_jobs:
            yield job

    def cancel_jobs(self, active_jobs):
        pass
"""


@pytest.mark.slow
def test_snakemake_hands_the_token_to_jobs_in_a_queue(clone):
    """An executor that only queues: its job scripts are made as for Slurm."""
    pytest.importorskip("snakemake")
    if " " in sys.executable:
        pytest.skip("Snakemake does not quote the path of Python in the scripts of jobs")
    (clone / "my.yml").write_text("synthetic: {n_sequences: 400}\nnotebooks: {}\nkoo: {models: []}")
    plugin = clone / "plugins" / "snakemake_executor_plugin_queue"
    plugin.mkdir(parents=True)
    (plugin / "__init__.py").write_text(QUEUE)
    (clone / "profile").mkdir()
    (clone / "profile" / "config.v9+.yaml").write_text("executor: queue\njobs: 1\n")
    script, data = clone / "job.sh", clone / "results" / "my" / "data" / "synthetic.npz"
    run = ["compendium", "run", "my.yml", "--offline", "--until", "sequences"]
    paths = os.pathsep.join([str(clone / "src"), str(plugin.parent)])
    with open(clone / "printed", "w") as printed:
        first = subprocess.Popen(
            [sys.executable, "-m", *run, "--profile", "profile"],
            cwd=clone,
            stdout=printed,
            stderr=printed,
            start_new_session=True,
            env=elsewhere(clone, PYTHONPATH=paths, QUEUE=str(script)),
        )
    deadline = time.monotonic() + 300
    while not script.exists() and time.monotonic() < deadline and first.poll() is None:
        time.sleep(0.1)
    assert script.exists(), (clone / "printed").read_text()
    kill_all(first)
    first.wait()

    def job():
        tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["sh", script],
            cwd=clone,
            env=elsewhere(clone, PATH=tools),
            capture_output=True,
            text=True,
            timeout=300,
        )

    done = job()
    assert done.returncode == 0, done.stdout + done.stderr
    python(clone, *run)
    written = data.stat().st_mtime_ns
    refused = job()
    assert refused.returncode != 0
    assert "superseded by a later command" in refused.stdout + refused.stderr
    assert data.stat().st_mtime_ns == written


def test_jobs_share_the_lock(working):
    this, _ = working
    driver.share(this)  # would wait for ever if the lock were not shared


def test_a_job_of_a_run_that_does_not_exist_makes_no_folder(compendium):
    driver.share(paths.Run("absent"))
    assert not (compendium / "results").exists()


def test_minutes_torn_by_two_computers_are_left_out(compendium):
    this = paths.Run("my")
    this.logs.mkdir(parents=True)
    whole = '{"step": "train synthetic", "part": "a", "minutes": 2}\n'
    this.minutes.write_text(whole + '{"step": "train{"step": "tra\n' + whole.replace('"a"', '"b"'))
    assert manifest.minutes(this) == {"train synthetic": 4}


# --- Slurm -----------------------------------------------------------------------------


@pytest.mark.skipif(OPTED_IN not in os.environ, reason=f"installs Slurm; set {OPTED_IN}=1 to run")
def test_a_run_on_slurm(repository):
    proof = subprocess.run(
        [sys.executable, repository / "workflow" / "scripts" / "prove_slurm.py"],
        capture_output=True,
        text=True,
    )
    assert proof.returncode == 0, proof.stdout + proof.stderr
