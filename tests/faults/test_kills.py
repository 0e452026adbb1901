"""Any process of a run, ended by any signal at any moment: the same command gets it all."""

import os
import random
import re
import shutil
import signal
import time

import pytest
from tiny_workflow import FULL, digests, kill_all, members

pytest.importorskip("keras")
pytest.importorskip("snakemake")

pytestmark = pytest.mark.slow
# Whose command line looks like this; a job is a step of the run.
WHO = {"driver": "-m compendium run", "workflow": "progress.py", "job": r"-m compendium (?!run)"}
SIGNALS = ["SIGKILL", "SIGTERM", "SIGINT"]
CASES = [(who, name) for who in WHO for name in SIGNALS]


@pytest.fixture(scope="module")
def right(copy, finished):
    """Digests of a run that nothing disturbed."""
    return digests(copy)


@pytest.mark.parametrize("who, name", CASES if FULL else [("job", "SIGKILL"), ("driver", "SIGINT")])
@pytest.mark.parametrize("seed", range(3 if FULL else 1))
def test_a_run_that_was_ended_resumes(copy, start, run, right, record, who, name, seed):
    shutil.rmtree(copy / "results" / "tiny")
    program = start("config/tiny.yml", "--cores", "2")
    wait = random.Random(f"{who} {name} {seed}").uniform(1, 12)
    victim = None
    while victim is None and program.poll() is None:
        time.sleep(wait if wait else 0.05)
        found = [p for p, words in members(program).items() if re.search(WHO[who], words)]
        victim, wait = (found[0] if found else None), 0
    if victim is not None:
        os.kill(victim, getattr(signal, name))
    printed, _ = program.communicate(timeout=120)
    assert "Traceback" not in printed, printed
    deadline = time.monotonic() + 60
    while members(program) and time.monotonic() < deadline:
        time.sleep(0.1)  # the workflow of a driver that was killed ends its jobs
    if victim is not None and program.returncode:
        lines = printed.strip().splitlines()
        said = [line for line in lines if "killed from outside" in line]
        reads = (said or lines)[-1]
        if who == "driver" and name == "SIGKILL":
            reads = "(nothing: it was killed)"
        if who == "job" and name == "SIGKILL":
            assert f"killed from outside by {name}" in printed and " GB. Close" in printed
    else:
        reads = "nothing: it had finished"
    kill_all(program)
    status, printed = run("config/tiny.yml")
    assert status == 0, printed
    lost = sum(digest != right.get(path) for path, digest in digests(copy).items())
    assert not lost
    record(f"{name} to the {who}, at a random moment", 1, lost, reads)


def test_an_interrupt_to_the_driver_alone_stops_the_run_soon(copy, start, run, finished, record):
    shutil.rmtree(copy / "results" / "tiny")
    program = start("config/tiny.yml")
    while not any("compendium simulate" in words for words in members(program).values()):
        assert program.poll() is None
        time.sleep(0.05)
    os.kill(program.pid, signal.SIGINT)
    printed, _ = program.communicate(timeout=60)
    assert program.returncode == 130 and "interrupted; run the same command again" in printed
    assert not members(program)
    assert run("config/tiny.yml")[0] == 0
