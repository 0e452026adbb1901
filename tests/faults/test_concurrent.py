"""Two commands at once: for one run, for two runs, and one that goes on where another ended."""

import re
import shutil
import time

import pytest
from tiny_workflow import FULL, digests, kill_all

pytest.importorskip("keras")
pytest.importorskip("snakemake")

pytestmark = pytest.mark.slow
DELAYS = [0, 0.5, 3, 8] if FULL else [3]  # seconds until the second command


@pytest.fixture(scope="module")
def right(copy, finished):
    """Digests of a run that nothing disturbed."""
    return digests(copy)


def lost(copy, right):
    """How many results differ from those of a run alone."""
    return sum(digest != right.get(path) for path, digest in digests(copy).items())


@pytest.mark.parametrize("delay", DELAYS)
def test_the_second_of_two_commands_for_a_run_says_so(copy, start, right, record, delay):
    shutil.rmtree(copy / "results" / "tiny")
    programs = [start("config/tiny.yml", "--cores", "1")]
    time.sleep(delay)
    programs.append(start("config/tiny.yml", "--cores", "1"))
    printed = [program.communicate(timeout=900)[0] for program in programs]
    states = [program.returncode for program in programs]
    assert sorted(states) == [0, 2], printed
    said = printed[states.index(2)].strip().splitlines()[-1]
    assert "run 'tiny' is in use by an earlier command" in said and "Traceback" not in said
    differ = lost(copy, right)
    assert not differ
    reads = re.sub(r"process \d+", "process N", said)
    record("two commands for one run at once", 1, differ, reads)


@pytest.mark.parametrize("seed", range(3 if FULL else 1))
def test_two_runs_at_once_do_not_meet(copy, start, right, record, seed):
    shutil.rmtree(copy / "results" / "tiny")
    shutil.copy(copy / "config" / "tiny.yml", copy / "config" / "twin.yml")
    shutil.rmtree(copy / "results" / "twin", ignore_errors=True)
    programs = [start(f"config/{name}.yml", "--cores", "1") for name in ("tiny", "twin")]
    for program in programs:
        printed, _ = program.communicate(timeout=900)
        assert program.returncode == 0, printed
    twin = digests(copy, "twin")
    differ = lost(copy, right) + sum(twin[p] != right[p] for p in right if p in twin)
    assert not differ
    record("two runs at once in one folder", 2, differ, "nothing: both end")


@pytest.mark.parametrize("delay", [2, 5, 9] if FULL else [5])
def test_a_command_takes_over_from_one_that_was_killed(copy, start, run, right, record, delay):
    """As when a machine fails and another goes on in the same folder."""
    shutil.rmtree(copy / "results" / "tiny")
    first = start("config/tiny.yml", "--cores", "1")
    time.sleep(delay)
    kill_all(first)
    first.communicate()
    status, printed = run("config/tiny.yml")
    assert status == 0, printed
    differ = lost(copy, right)
    assert not differ
    record("all processes killed at once, then another machine", 1, differ, "(nothing: killed)")
