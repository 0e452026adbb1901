"""Show that the workflow runs on Slurm: python workflow/scripts/prove_slurm.py

Needs Debian or Ubuntu, root and the extra `cluster`.  Installs Slurm and Munge from the
distribution where they are missing, and runs a cluster of one node out of a temporary
folder: its own keys, ports and daemons, which are gone when the script ends, as is the link
to their settings in /etc/slurm.  On it a small configuration is carried through the profile
for Slurm and disturbed twice:

1. the command that drives the run is killed while a job trains: the job lives on, a second
   command is refused, and, once the job is cancelled, the next command takes the training
   up at its checkpoint;
2. a training is then cancelled under a running command, which submits it again.

Prints one line a check; the exit status is 1 when one fails.
"""

import contextlib
import importlib.util
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RUN = "slurm-proof"
RESULTS = ROOT / "results" / RUN
USUAL_CONF = Path("/etc/slurm/slurm.conf")
EPOCHS = 12
LIMIT = 1200  # seconds that any one stage may take
CONFIG = f"""
title: Proof on Slurm
book: false
synthetic: {{n_sequences: 2000}}
zoo:
  configurations: [bn-exp-standard, bn-relu-standard, nobn-exp-standard, nobn-relu-standard]
  initialisations: [0]
  epochs: {EPOCHS}
  weights: train
gm12878: {{models: []}}
scores: {{n_sequences: 50, ks: [3, 4]}}
jobs: {{models_per_job: 2}}
notebooks: {{01_synthetic_data: {{}}}}
"""
SLURM_CONF = """
ClusterName=proof
SlurmctldHost={host}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=proof Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class Failed(Exception):
    """A check that did not hold."""


def check(holds: object, what: str) -> None:
    """Print what was checked; stop when it does not hold."""
    print(f"{'ok  ' if holds else 'FAIL'} {what}", flush=True)
    if not holds:
        raise Failed(what)


def wait(condition: Callable[[], Any], what: str, seconds: float = LIMIT) -> Any:
    """What `condition` returns once it is true; Failed when that takes too long."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            check(False, f"{what} within {seconds} s")
        time.sleep(0.5)
    return found


def output(*command: str) -> str:
    """What a program prints; it must succeed."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


# --- the cluster -----------------------------------------------------------------------


def install() -> None:
    """Slurm and Munge from the distribution, without starting their services."""
    if os.geteuid() != 0 or not sys.platform.startswith("linux"):
        sys.exit("error: needs root on Linux: use a container or a virtual machine")
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        sys.exit("error: the Slurm plugin of Snakemake is missing: install the extra 'cluster'")
    if USUAL_CONF.is_symlink() and not USUAL_CONF.exists():
        USUAL_CONF.unlink()  # leads nowhere: left by a proof that was killed
    if USUAL_CONF.exists() or USUAL_CONF.is_symlink():
        sys.exit(f"error: this machine has a Slurm of its own ({USUAL_CONF}): use another")
    if all(shutil.which(name) for name in ("slurmctld", "slurmd", "munged", "sbatch")):
        return
    if not shutil.which("apt-get"):
        sys.exit("error: install Slurm and Munge first: this is neither Debian nor Ubuntu")
    print("installing slurm-wlm and munge", flush=True)
    # Debian asks this file whether a package may start its services: they may not.
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "slurm-wlm", "munge"],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )
    finally:
        if ours:
            policy.unlink()


@contextlib.contextmanager
def cluster() -> Iterator[Path]:
    """Munge, a controller and one node in a temporary folder; stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="slurm-proof-") as name, contextlib.ExitStack() as end:
        folder = Path(name)
        for part in ("state", "spool"):
            (folder / part).mkdir()
        key = folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        folder.chmod(0o755)  # munged refuses a folder that others cannot enter
        conf = folder / "slurm.conf"
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
        conf.write_text(
            SLURM_CONF.format(
                host=socket.gethostname().split(".")[0],
                folder=folder,
                ports=free_ports(2),
                cpus=len(os.sched_getaffinity(0)),
                memory=int(0.9 * memory),
            )
        )
        # The plugin drops SLURM_CONF within a job, so the usual place has to lead here.
        USUAL_CONF.parent.mkdir(exist_ok=True)
        USUAL_CONF.symlink_to(conf)
        end.callback(USUAL_CONF.unlink)
        for command in (
            [
                "munged",
                "--foreground",
                "--force",
                "--key-file",
                str(key),
                "--socket",
                str(folder / "munge.socket"),
                "--pid-file",
                str(folder / "munged.pid"),
                "--seed-file",
                str(folder / "munge.seed"),
            ],
            ["slurmctld", "-D"],
            ["slurmd", "-D"],
        ):
            daemon(command, folder, end)
            if command[0] == "munged":
                wait((folder / "munge.socket").exists, "munge answers", 30)
        wait(lambda: "idle" in sinfo(), "the node is idle", 60)
        end.callback(cancel_everything)
        print(f"ok   a cluster of one node: {sinfo()} ({output('sinfo', '--version').strip()})")
        yield folder


def free_ports(count: int) -> list[int]:
    """So many ports of this machine that nothing uses."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def daemon(command: Sequence[str], folder: Path, end: contextlib.ExitStack) -> None:
    """Start a daemon in the foreground; `end` stops it."""
    log = end.enter_context((folder / f"{command[0]}.log").open("w"))
    program = subprocess.Popen(
        command,
        stdout=log,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )

    def stop():
        program.terminate()
        try:
            program.wait(20)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()

    end.callback(stop)
    time.sleep(1)
    if program.poll() is not None:
        print(Path(log.name).read_text()[-2000:], file=sys.stderr)
        check(False, f"{command[0]} starts")


def sinfo() -> str:
    """What Slurm says of its node; empty while it does not answer."""
    done = subprocess.run(
        ["sinfo", "-h", "-o", "%P %D node %c cores %m MB %t"], capture_output=True, text=True
    )
    return done.stdout.strip()


def jobs() -> dict[str, tuple[str, str]]:
    """Jobs that run or wait: {id: (state, rule)}."""
    lines = output("squeue", "-h", "-o", "%i|%T|%k").splitlines()
    return {
        i: (state, comment.removeprefix("rule_"))
        for i, state, comment in (line.split("|") for line in lines)
    }


def cancel_everything() -> None:
    """Cancel all jobs and wait until they are gone."""
    for job in jobs():
        subprocess.run(["scancel", job], check=False)
    wait(lambda: not jobs(), "all jobs are gone", 120)


# --- the run ---------------------------------------------------------------------------


class Proof:
    """The run that is disturbed; `folder` holds its configuration, profile and logs."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.logs = folder, folder / "logs"
        self.config = folder / f"{RUN}.yml"
        self.config.write_text(CONFIG)
        shipped = ROOT / "workflow" / "profiles" / "slurm" / "config.v9+.yaml"
        (folder / "profile").mkdir()
        (folder / "profile" / shipped.name).write_text(
            f"{shipped.read_text()}\nslurm-logdir: {self.logs}\nslurm-keep-successful-logs: true\n"
        )
        self.printed = folder / "driver.log"

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        """Start the run through the profile, in a session of its own."""
        paths = [str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
        with open(self.printed, "w") as printed:
            return subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "compendium",
                    "run",
                    str(self.config),
                    "--offline",
                    "--profile",
                    str(self.folder / "profile"),
                    *options,
                ],
                cwd=ROOT,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            )

    def finish(self, program: subprocess.Popen[bytes]) -> tuple[int, str]:
        """Wait for a run: (exit status, what it printed)."""
        try:
            program.wait(LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            check(False, f"the run ends within {LIMIT} s")
        return program.returncode, self.printed.read_text()

    def epochs(self) -> list[tuple[str, str, str, int]]:
        """What the logs of the Slurm jobs tell: (job, rule, network, epoch) in their order."""
        return [
            (path.stem, path.relative_to(self.logs).parts[0].removeprefix("rule_"), network, int(e))
            for path in sorted(self.logs.rglob("*.log"), key=lambda path: int(path.stem))
            for network, e in re.findall(r"\] (\S+) epoch (\d+)/", path.read_text())
        ]

    def wait_for_training(
        self, program: subprocess.Popen[bytes], least: int = 2
    ) -> tuple[str, str, str]:
        """A running job that has trained `least` epochs: (job, rule, network)."""

        def found():
            if program.poll() is not None:
                check(False, "the command still runs")
            return self._training(least)

        return wait(found, "a training on the node")

    def _training(self, least):
        running = {job for job, (state, _) in jobs().items() if state == "RUNNING"}
        last = [entry for entry in self.epochs() if entry[0] in running]
        for job, rule, network, _ in last:
            if least <= sum(entry[0] == job for entry in last) < 2 * EPOCHS - 3:
                return job, rule, network
        return None


def main() -> int:
    """Exit status: 0, 1 when a check fails."""
    install()
    shutil.rmtree(RESULTS, ignore_errors=True)
    try:
        with cluster() as folder:
            proof = Proof(folder)
            try:
                prove(proof)
            except Failed:
                print(proof.printed.read_text()[-4000:], file=sys.stderr)
                raise
    except Failed as failed:
        print(f"failed: {failed}")
        return 1
    finally:
        shutil.rmtree(RESULTS, ignore_errors=True)
    print("Slurm carried the run to its end, twice disturbed.")
    return 0


def prove(proof: Proof) -> None:
    """Kill, refuse, resume, cancel, retry, complete."""
    first = proof.start()
    job, rule, network = proof.wait_for_training(first)
    check(True, f"Slurm trains {network} ({rule})")
    asked = output("scontrol", "show", "job", "-o", job)
    for part in ("NumCPUs=2", "MinMemoryNode=4000M", r"TimeLimit=01:04:00"):
        check(re.search(part, asked), f"its job asks for {part}")
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    time.sleep(3)
    check(jobs().get(job, ("gone",))[0] == "RUNNING", "the driver is killed, its job lives on")
    status, printed = proof.finish(proof.start())
    check(status == 2 and "in use" in printed, f"a second command is refused: {printed.strip()}")
    cancel_everything()

    second = proof.start()
    before = {entry[0] for entry in proof.epochs()}
    job, rule, _ = proof.wait_for_training(second)
    check(job not in before, f"the next command trains again ({rule})")
    subprocess.run(["scancel", job], check=True)
    status, printed = proof.finish(second)
    check(status == 0, "one of its trainings is cancelled, and it completes all the same")
    again = {entry[0] for entry in proof.epochs() if entry[1] == rule} - before - {job}
    check(again, "the cancelled training was submitted again")

    records = [
        json.loads(path.read_text())
        for path in sorted((RESULTS / "models" / "synthetic").glob("*.json"))
    ]
    check([record["epochs"] for record in records] == [EPOCHS] * 4, "four networks are trained")
    trained = [(network, epoch) for _, _, network, epoch in proof.epochs()]
    check(len(trained) == len(set(trained)), "no epoch of any network was trained twice")
    check(len(trained) >= 4 * EPOCHS - 4, f"{len(trained)} of {4 * EPOCHS} epochs are in the logs")
    scores = (RESULTS / "scores" / "synthetic.csv").read_text().splitlines()
    check(len(scores) == 5, "each has its row in the table of scores")
    for name in ("notebooks/01_synthetic_data.ipynb", "manifest.json"):
        check((RESULTS / name).exists(), f"there is {name}")
    left = [p for p in RESULTS.rglob("*") if p.name.startswith(".part-") or p.suffix == ".tmp"]
    check(not left, "nothing half-written is left")
    status, printed = proof.finish(proof.start("--dry-run"))
    todo = [line for line in printed.splitlines() if line.startswith("- ")]
    check(status == 0 and not todo, "the finished run has nothing to do")


if __name__ == "__main__":
    sys.exit(main())
