"""A book, or a page of it, from executed notebooks: of which pages, how strictly, or why not."""

import json
import sys
from pathlib import Path

import pytest
import yaml

from compendium import building, config, execution, paths, steps
from compendium.run import RunError

CONTENTS = {
    "format": "jb-book",
    "root": "book/intro",
    "parts": [
        {"caption": "One", "chapters": [{"file": "notebooks/01_first"}, {"url": "https://a.org"}]},
        {"caption": "Two", "chapters": [{"file": "notebooks/02_second"}]},
    ],
}


@pytest.fixture
def started(compendium, monkeypatch):
    """Commands that would have been started, which write an index page and succeed."""
    second = (compendium / "notebooks" / "01_first.py").read_text()
    (compendium / "notebooks" / "02_second.py").write_text(second)
    (compendium / "_toc.yml").write_text(yaml.safe_dump(CONTENTS))
    commands = []

    def call(command, **options):
        commands.append(command)
        pages = Path(command[command.index("--path-output") + 1]) / "_build" / "html"
        pages.mkdir(parents=True, exist_ok=True)
        (pages / "index.html").write_text("a page")
        return 0

    monkeypatch.setattr(building, "call", call)
    monkeypatch.setattr(steps, "notebook", lambda run, name: run.logs.mkdir(exist_ok=True))
    monkeypatch.setenv(paths.RUN_VARIABLE, "")
    return commands


def contents(command):
    """The file of the table of contents that a command names."""
    return Path(command[command.index("--toc") + 1])


def configured(compendium, text):
    (compendium / "my.yml").write_text(text)
    return steps.configure(compendium / "my.yml")


def test_a_whole_book_has_the_contents_of_the_compendium_and_may_be_strict(compendium, started):
    this = configured(compendium, "")
    for strict in (True, False):
        building.build_book(this, strict)
        assert started[-1][:3] == [sys.executable, "-c", building.BUILDER[2]]
        assert contents(started[-1]) == compendium / "_toc.yml" and ("-W" in started[-1]) == strict
    assert [json.loads(line)["step"] for line in this.minutes.read_text().splitlines()] == [
        "book"
    ] * 2


def test_a_book_of_some_notebooks_names_no_other_and_is_never_strict(compendium, started):
    this = configured(compendium, "notebooks: {01_first: {}}")
    building.build_book(this, strict=True)
    toc = this.folder / "book" / "_toc.yml"
    assert contents(started[0]) == toc and "-W" not in started[0]
    assert yaml.safe_load(toc.read_text()) == {**CONTENTS, "parts": CONTENTS["parts"][:1]}


@pytest.mark.parametrize("status, pages", [(1, True), (0, False)])
def test_a_book_that_was_not_built_is_said(compendium, started, monkeypatch, status, pages):
    this = configured(compendium, "")

    def call(command, **options):
        if pages:
            this.book.mkdir(parents=True)
            (this.book / "index.html").write_text("of an earlier time")
        return status

    monkeypatch.setattr(building, "call", call)
    with pytest.raises(
        RunError, match="the book of run 'my' could not be built: .*my/logs/book.log"
    ):
        building.build_book(this)


def test_one_chapter_again_leaves_the_run_alone(compendium, started):
    this = configured(compendium, "notebooks: {01_first: {level: 1}}")
    before = this.config.read_text()
    page = building.chapter_again(this, "02_second", ["n_shown=5", "names=[a, b]"])
    other = paths.Run("my-again")
    assert page == other.book / "notebooks" / "02_second.html"
    assert this.config.read_text() == before and not this.book.exists()
    given = {"run": "my", "n_shown": 5, "names": ["a", "b"]}
    assert config.load_resolved("my-again")["notebooks"] == {"02_second": given}
    assert yaml.safe_load(contents(started[0]).read_text())["root"] == "notebooks/02_second"


def test_a_notebook_whose_process_is_killed_is_named(compendium, monkeypatch):
    papermill = pytest.importorskip("papermill")
    from nbclient.exceptions import DeadKernelError

    def die(*arguments, **options):
        raise DeadKernelError("Kernel died")

    monkeypatch.setattr(papermill, "execute_notebook", die)
    for variable in (paths.RUN_VARIABLE, paths.NOTEBOOK_VARIABLE):
        monkeypatch.setenv(variable, "")
    with pytest.raises(execution.ExecutionError, match="01_first.py: its process was killed from"):
        execution.execute(paths.Run("my"), "01_first", compendium / "a.ipynb", {})


@pytest.mark.parametrize("name, given", [("default", {"k": 5}), ("my", {"run": "my", "k": 5})])
def test_a_notebook_is_told_its_run_and_keeps_what_it_was_made_from(
    compendium, monkeypatch, name, given
):
    def execute(run, notebook, working, parameters):
        assert parameters == given and (run.name, notebook) == (name, "01_first")
        document = json.loads(working.read_text())
        document["metadata"]["papermill"] = {"input_path": "/x/y", "output_path": "/x/y"}
        working.write_text(json.dumps(document))

    monkeypatch.setattr(execution, "execute", execute)
    run, source = paths.Run(name), compendium / "notebooks" / "01_first.py"
    run.folder.mkdir(parents=True)
    run.config.write_text("notebooks: {01_first: {k: 5}}")
    paths.write_json(run.claims("01_first"), {"of": "an earlier time"})
    steps.notebook(run, "01_first")
    metadata = json.loads(run.notebook("01_first").read_text())["metadata"]
    assert metadata["source_sha256"] == paths.text_sha256(source.read_text())
    assert metadata["papermill"]["input_path"] == "notebooks/01_first.py"
    assert metadata["papermill"]["output_path"] == f"results/{name}/notebooks/01_first.ipynb"
    assert not run.claims("01_first").exists() and not (run.logs / "01_first.ipynb").exists()
