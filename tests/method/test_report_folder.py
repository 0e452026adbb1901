"""The folder of a report: one run at a time, all three files or none, nothing half written left."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from metric_examples import planted_pair

from attribution_consistency import cli, files, report

X, A, _ = planted_pair(0, n=40, length=40)
COMMAND = [sys.executable, "-m", "attribution_consistency", "score", "--sequences", "x.npz"]
COMMAND += ["--attributions", "a.npz", "--ks", "3", "--out", "out"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("x.npz", x=X)
    np.savez("a.npz", a=A)
    return tmp_path


def run(*arguments):
    return cli.main([*COMMAND[3:], *arguments])


def slow():
    """A run of many seconds, which has begun to score."""
    # A test run in the background of a shell ignores interrupts, and would hand that on.
    made = subprocess.Popen(
        [*COMMAND, "--draws", "99999"],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert "scoring 1 of 1" in made.stderr.readline()
    time.sleep(0.1)
    return made


def ended(process, signal_number):
    process.send_signal(signal_number)
    said = process.communicate(timeout=30)[1]
    return process.returncode, said


def test_a_second_run_into_a_folder_is_refused_and_the_first_goes_on(place, capsys):
    first = slow()
    for more in ([], ["--force"]):
        assert run(*more) == 2
        assert capsys.readouterr().err == "error: out: another run writes there: wait for its end\n"
    assert first.poll() is None
    ended(first, signal.SIGKILL)
    assert run() == 0  # no lock is left


@pytest.mark.parametrize(
    ("number", "status", "message"),
    [(signal.SIGINT, 130, "interrupted; nothing was written\n"), (signal.SIGTERM, 143, "")],
)
def test_what_is_stopped_leaves_nothing_and_promises_nothing(place, number, status, message):
    assert ended(slow(), number) == (status, message)
    assert sorted(os.listdir()) == ["a.npz", "x.npz"]


def test_what_a_killed_run_left_is_removed_by_the_next(place):
    (place / "out").mkdir()
    left = place / "out" / f"{files.TEMPORARY}elsewhere-0123-report.html"
    others = [place / "out" / name for name in (".part-elsewhere-0123-mine.npz", "notes.txt")]
    for path in (left, *others):
        path.write_text("half")
    assert run() == 0
    assert not left.exists() and all(path.read_text() == "half" for path in others)


@pytest.mark.parametrize("name", report.FILES)
def test_all_files_are_replaced_or_none(place, capsys, name):
    assert run() == 0
    (place / "out" / name).unlink()
    (place / "out" / name).mkdir()
    before = {p: p.read_bytes() for p in (place / "out").iterdir() if p.is_file()}
    assert run("--force", "--seed", "1") == 2
    assert f"out: has a folder {name}; name another folder" in capsys.readouterr().err
    assert {p: p.read_bytes() for p in (place / "out").iterdir() if p.is_file()} == before


def test_a_folder_that_appears_while_models_are_scored(place, capsys, monkeypatch):
    page = report.page

    def meanwhile(result):
        (place / "out" / "report.html").mkdir()
        return page(result)

    monkeypatch.setattr(report, "page", meanwhile)
    assert run() == 2
    assert "report.html: is there, and is no file" in capsys.readouterr().err
    assert os.listdir("out") == ["report.html"]


def test_only_files_are_replaced(place, capsys):
    os.mkfifo("pipe.npz")
    assert cli.main(["simulate", "--n", "10", "--out", "pipe.npz"]) == 2
    assert capsys.readouterr().err == "error: pipe.npz: is there, and is no file\n"
    assert sorted(os.listdir()) == ["a.npz", "pipe.npz", "x.npz"]


def test_a_folder_that_was_made_for_nothing_is_removed(place):
    np.savez("a.npz", a=0 * A)
    assert run() == 2 and not (place / "out").exists()
    (place / "out").mkdir()
    assert run() == 2 and (place / "out").exists()


def test_without_locks_of_the_system_a_run_goes_on(place, monkeypatch):
    import fcntl

    def none(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", none)
    assert run() == 0


def test_in_another_thread_than_the_first(place):
    """Which may set no handler of signals."""
    found = []
    thread = threading.Thread(target=lambda: found.append(run()))
    thread.start()
    thread.join()
    assert found == [0]


def test_too_little_memory_is_one_line(place, capsys, monkeypatch):
    def greedy(*_, **__):
        raise MemoryError

    monkeypatch.setattr("attribution_consistency.score.Scorer", greedy)
    assert run() == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == "error: not enough memory: take fewer sequences"


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "a=1"]


@pytest.mark.parametrize("name", FORMULAS)
def test_no_name_is_a_formula_in_a_spreadsheet(place, name):
    assert run(f"--names={name}") == 0
    with open("out/scores.csv", encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert row["model"] == (name if name == "a=1" else f"'{name}")
    assert float(row["below_best"]) == 0  # a number stays one, whatever its sign
    assert json.loads((place / "out" / "scores.json").read_text())["models"][0]["model"] == name


@pytest.mark.parametrize(
    "name", ["$x_1$", r"\frac{a}{", "$", "a_b^c", "{", "NA", "nan", "@missing", "control: a"]
)
def test_any_name_is_drawn_and_kept(place, name):
    (place / "p.csv").write_text(f'model,a $x_1$ \\frac\n"{name}",0.5\n')
    given = [f"--names={name}", "--performance", "p.csv"]
    assert run(*given) == 0
    (row,) = json.loads((place / "out" / "scores.json").read_text())["models"]
    assert row["model"] == name and row["performance"] == 0.5


@pytest.mark.parametrize("name", ["NA", "nan", "None", "null", "1.0", "007"])
def test_a_table_may_call_a_model_anything(place, name):
    (place / "m.csv").write_text(f"model,file,auroc\n{name},a.npz,0.5\n")
    given = ["score", "--sequences", "x.npz", "--ks", "3", "--out", "out", "--models", "m.csv"]
    assert cli.main(given) == 0
    (row,) = json.loads((place / "out" / "scores.json").read_text())["models"]
    assert (row["model"], row["performance"]) == (name, 0.5)


def test_names_and_performance_come_before_those_of_a_table(place):
    (place / "m.csv").write_text("model,file,auroc\none,a.npz,0.5\n")
    (place / "p.csv").write_text("model,r\ntwo,0.25\n")
    given = ["--models", "m.csv", "--names", "two", "--performance", "p.csv"]
    assert cli.main(["score", "--sequences", "x.npz", "--ks", "3", "--out", "out", *given]) == 0
    found = json.loads((place / "out" / "scores.json").read_text())
    assert found["models"][0]["model"] == "two" and found["models"][0]["performance"] == 0.25
    assert found["performance_name"] == "r"
