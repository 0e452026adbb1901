"""The book's command: quick to help, one line and status 2 for what cannot be done."""

import errno
import json
import os
import resource
import sys
import webbrowser
from pathlib import Path

import pytest

from attribution_consistency.maps import READINGS
from compendium import building, chapters, manifest, paths, run, steps, store
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
        (["run", "absent.yml", "--cores", "0"], "--cores: expected at least 1, got 0"),
        (["chapter", "01_first", "n_shown"], "n_shown: expected name=value, such as k=5"),
        (["chapter", "01_first", "n_shown=1", "n_shown=2"], "a parameter is given twice"),
        (["chapter", "01_first", "n_shown=[1"], "n_shown=[1: expected values as YAML has them"),
        (["chapter", "01_first", "n_show=1"], "nearest valid name: notebooks.01_first.n_shown"),
        (["chapter", "01_first", "n_shown=1"], "results/default/config.yml: no such file"),
    ],
)
def test_mistakes_end_in_one_line_and_status_2(compendium, capsys, arguments, message):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error
    assert error.count("\n") == 1
    assert not (compendium / "results").exists()


@pytest.mark.parametrize("options, opened", [([], 1), (["--quiet"], 0)])
def test_a_chapter_run_again_is_named_and_opened(compendium, capsys, monkeypatch, options, opened):
    seen, pages = [], []
    page = compendium / "results" / "my-again" / "01_first.html"

    def again(run, name, given):
        seen.append((run.name, name, given))
        return page

    monkeypatch.setattr(building, "chapter_again", again)
    monkeypatch.setattr(webbrowser, "open", pages.append)
    assert main(["chapter", "01_first", "k=5", "level=1", "--run", "my", *options]) == 0
    assert seen == [("my", "01_first", ["k=5", "level=1"])]
    assert capsys.readouterr().out == "results/my-again/01_first.html\n"
    assert pages == [page.as_uri()] * opened


def test_downloads_are_those_asked_for(monkeypatch):
    asked = []
    monkeypatch.setattr(
        steps, "fetch", lambda optional, networks: asked.append((optional, networks))
    )
    for options in ([], ["--optional"], ["--networks"]):
        assert main(["fetch", *options]) == 0
    assert asked == [(False, False), (True, False), (False, True)]


@pytest.fixture
def driven(compendium, monkeypatch):
    """A run whose Snakemake is only asked for: (drive(*options), what was asked, downloads)."""
    commands, downloads = [], []
    monkeypatch.setattr(run, "call", lambda command, log, **options: commands.append(command) or 0)
    monkeypatch.setattr(steps, "fetch", lambda **options: downloads.append(options))
    (compendium / "my.yml").write_text("")

    def drive(*options):
        return main(["run", str(compendium / "my.yml"), *options])

    return drive, commands, downloads


def test_a_run_downloads_first_unless_it_must_not(driven, capsys):
    drive, commands, downloads = driven
    assert drive("--cores", "3", "--strict") == 0
    assert downloads == [{"optional": True}]
    assert capsys.readouterr().out == "The book: results/my/book/_build/html/index.html\n"
    command = " ".join(commands[-1])
    assert "--cores 3" in command and command.endswith(" -- all") and "--dry-run" not in command
    assert "run=results/my strict=1 driver=driver-" in command and "--profile" not in command
    assert drive("--offline", "--until", "models", "--profile", "here") == 0
    command = " ".join(commands[-1])
    assert command.endswith(" -- models") and " strict=0 " in command
    assert f"--profile {Path('here').resolve()} " in command
    assert drive("--dry-run") == 0 and "--dry-run" in commands[-1]
    assert len(downloads) == 1 and not capsys.readouterr().out


@pytest.mark.parametrize(
    "status, why", [(1, "see the first error above"), (-9, "the workflow was killed by SIGKILL")]
)
def test_a_run_that_stops_says_why_and_where_to_read_more(driven, capsys, monkeypatch, status, why):
    monkeypatch.setattr(run, "call", lambda *arguments, **options: status)
    assert driven[0]("--offline") == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: run 'my' stopped: {why}; all of it is in results/my/logs/")
    assert said.endswith("; what is done is kept, so the same command resumes\n")


def test_a_check_compares_files_and_runs_nothing(driven, capsys):
    drive, commands, downloads = driven
    assert drive("--check") == 2
    assert capsys.readouterr().err == "error: run 'my' has no files to check\n"
    path = paths.Run("my").length_weights
    paths.write_json(path, {"a": 1})
    assert drive("--check") == 0
    path.write_text("{}")
    assert drive("--check") == 1
    assert "results/my/length_weights.json: " in capsys.readouterr().out
    assert not commands and not downloads


def test_without_a_home_folder_programs_keep_their_caches_in_the_run(
    compendium, capsys, monkeypatch
):
    this = paths.Run("my")
    this.folder.mkdir(parents=True)
    for home in (compendium / "absent", None):
        monkeypatch.setenv("HOME", "before")
        monkeypatch.setattr(Path, "home", lambda home=home: home or no_home())
        run._home(this)
        assert os.environ["HOME"] == str(this.folder / ".home") and (this.folder / ".home").is_dir()
        printed = capsys.readouterr().out
        where = home or "~"
        assert printed == f"note: {where} cannot be written; caches go to results/my/.home\n"
    monkeypatch.setenv("HOME", "before")
    monkeypatch.setattr(Path, "home", lambda: compendium)
    run._home(this)
    assert os.environ["HOME"] == "before" and not capsys.readouterr().out


def no_home():
    raise RuntimeError("Could not determine home directory.")


def test_where_no_run_can_be_locked_the_message_says_where_one_can(compendium, capsys, monkeypatch):
    (compendium / "my.yml").write_text("")
    monkeypatch.setitem(sys.modules, "fcntl", None)
    assert main(["run", str(compendium / "my.yml")]) == 2
    message = "error: the workflow needs Linux or macOS (on Windows, WSL)\n"
    assert capsys.readouterr().err == message


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


@pytest.mark.slow
def test_without_a_positive_test_sequence_there_is_nothing_to_map(compendium, capsys):
    pytest.importorskip("keras")
    text = "synthetic: {n_sequences: 400}\nzoo: {configurations: [bn-exp-standard]}"
    (compendium / "my.yml").write_text(text)
    for arguments in (["configure", str(compendium / "my.yml")], ["simulate", "--run", "my"]):
        assert main(arguments) == 0
    path = paths.Run("my").data("synthetic")
    data = store.load(path)
    store.save(path, {**data, "y": data["y"] * (data["split"] != 2)[:, None]})
    ids = ["--population", "synthetic", "--ids", "bn-exp-standard-00"]
    capsys.readouterr()
    assert main(["attribute", "--run", "my", *ids]) == 2
    message = "error: results/my/data/synthetic.npz: no positive test sequence; simulate more\n"
    assert capsys.readouterr().err == message


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


def test_a_run_without_networks_has_the_shipped_weights_of_lengths(compendium):
    (compendium / "my.yml").write_text("zoo: {configurations: []}\nscores: {ks: [4, 3]}")
    this = steps.configure(compendium / "my.yml")
    steps.length_weights(this)
    written = paths.read_json(this.length_weights)
    assert set(written) == set(READINGS)
    for entry in written.values():
        assert entry["note"] == "this run has no networks of the synthetic task"
        assert (entry["ks"], entry["mean"], entry["source"]) == (
            [3, 4],
            [0.5, 0.5],
            "equal weights",
        )


def test_a_study_that_is_none_is_named_with_those_there_are(compendium, capsys):
    assert main(["study", "--run", "my", "control"]) == 2
    message = "error: no study 'control': choose from "
    assert capsys.readouterr().err.startswith(f"{message}{', '.join(chapters.NAMES)}")


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
