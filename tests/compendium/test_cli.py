"""The book's command: quick to help, one line and status 2 for what cannot be done."""

import errno
import json
import os
import resource

import pytest

from compendium import manifest, steps
from compendium.__main__ import STEPS, main

VERBS = ("run", "configure", "fetch", "encode-atac", *STEPS)


def test_help_takes_less_than_half_a_second_of_cpu(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    shown = command("--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    for name in VERBS:
        assert name in shown.stdout
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert seconds < 0.5


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_explains_itself(name, capsys):
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: python -m compendium {name}")


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["configure", "absent.yml"], "absent.yml: no such file"),
        (["simulate", "--run", "../x"], "cannot name a run"),
        (["simulate", "--run", "absent"], "results/absent/config.yml: no such file"),
        (["run", "absent.yml"], "absent.yml: no such file"),
    ],
)
def test_mistakes_end_in_one_line_and_status_2(compendium, capsys, arguments, message):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error
    assert error.count("\n") == 1
    assert not (compendium / "results").exists()


def test_an_unknown_verb_ends_in_status_2():
    with pytest.raises(SystemExit) as caught:
        main(["bogus"])
    assert caught.value.code == 2


@pytest.mark.slow
def test_a_network_that_the_run_does_not_have_is_named(compendium, capsys):
    (compendium / "my.yml").write_text("")
    assert main(["configure", str(compendium / "my.yml")]) == 0
    arguments = ["train", "--run", "my", "--population", "synthetic", "--ids", "bn-exp-mixpu-00"]
    pytest.importorskip("keras")
    assert main(arguments) == 2
    assert "bn-exp-mixpu-00: not a network of run 'my'; nearest: bn-exp-mixup-00" in (
        capsys.readouterr().err
    )


def test_a_full_disk_is_one_line_and_leaves_nothing(compendium, capsys, monkeypatch):
    (compendium / "my.yml").write_text("synthetic: {n_sequences: 40}\nzoo: {configurations: []}")
    main(["configure", str(compendium / "my.yml")])

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert main(["simulate", "--run", "my"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and "No space left" in error and error.count("\n") == 1
    assert list((compendium / "results" / "my" / "data").iterdir()) == []


def test_an_operating_system_error_is_one_line(compendium, capsys, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", "results/my/config.yml")

    monkeypatch.setattr(steps, "configure", refuse)
    assert main(["configure", "my.yml"]) == 2
    assert capsys.readouterr().err == "error: results/my/config.yml: Permission denied\n"


def test_an_unchanged_configuration_is_not_written_again(compendium):
    path = compendium / "my.yml"
    path.write_text("zoo: {epochs: 3}")
    written = steps.configure(path).config
    os.utime(written, (1, 1))
    steps.configure(path)
    assert written.stat().st_mtime == 1
    path.write_text("zoo: {epochs: 4}")
    steps.configure(path)
    assert written.stat().st_mtime > 1


def test_the_manifest_names_no_machine(compendium):
    (compendium / "my.yml").write_text("")
    run = steps.configure(compendium / "my.yml")
    steps.manifest(run)
    text = run.manifest.read_text()
    written = json.loads(text)
    assert "results/my/config.yml" in written["inputs"]
    assert written["seeds"]["data_seed"] == 0
    assert str(compendium) not in text and os.uname().nodename not in text


def test_minutes_are_those_of_the_last_time_each_part_was_run(compendium):
    (compendium / "my.yml").write_text("")
    run = steps.configure(compendium / "my.yml")
    run.logs.mkdir()
    parts = [("train", "a", 5), ("train", "b", 1), ("train", "a", 2), ("simulate", "", 0.5)]
    run.minutes.write_text(
        "".join(
            f'{{"step": "{step}", "part": "{part}", "minutes": {minutes}}}\n'
            for step, part, minutes in parts
        )
    )
    assert manifest.minutes(run) == {"train": 3, "simulate": 0.5}
