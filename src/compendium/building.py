"""Build a book, or one page of it, from executed notebooks."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from attribution_consistency.files import replacing

from . import config, paths, steps
from .artefacts import writing
from .paths import relative
from .programs import call
from .run import RunError, locked

BOOK = "-c 'from jupyter_book.cli.main import main; main()' build --all -q"
BUILDER = [sys.executable, *shlex.split(BOOK)]


def build_book(this: paths.Run, strict: bool = False) -> None:
    """Build the book of a run from its executed notebooks.

    A run with a choice of notebooks gets a book of these only, never strict, for its prose
    points to pages it does not have.

    Parameters
    ----------
    this : Run
    strict : bool
        Any warning is an error, after all pages have been tried.

    Raises
    ------
    RunError
        The build fails.
    """
    settings = config.load_resolved(this.name)
    steps.notebook(this, "status")
    missing = set(paths.notebook_names()) - set(settings["notebooks"])
    contents = _contents(this, missing) if missing else paths.root() / "_toc.yml"
    _build(this, contents, ["-W", "-n", "--keep-going"] if strict and not missing else [])


def chapter_again(this: paths.Run, name: str, given: Sequence[str]) -> Path:
    """Execute one chapter again on a finished run, with other parameters: path of its page.

    The run and its book are left alone: the chapter and its page lie in `results/<run>-again`.

    Parameters
    ----------
    this : Run
    name : str
        Such as 03_attribution_weighting.
    given : sequence of str
        Parameters as `name=value`, the value as YAML has it.

    Raises
    ------
    ConfigError
        For a notebook or parameter that is unknown, or a value that does not fit.
    """
    import yaml

    pairs = [text.partition("=") for text in given]
    if len({pair[0] for pair in pairs}) < len(pairs):
        raise config.ConfigError(f"{' '.join(given)}: a parameter is given twice")
    if lone := [name for name, equals, _ in pairs if not equals]:
        raise config.ConfigError(f"{lone[0]}: expected name=value, such as k=5")
    try:
        overrides = {name: yaml.safe_load(value) for name, _, value in pairs}
    except yaml.YAMLError:
        raise config.ConfigError(f"{' '.join(given)}: expected values as YAML has them") from None
    checked = config.checked_notebooks({name: overrides})
    settings = config.load_resolved(this.name)
    settings["notebooks"] = {name: {"run": this.name, **checked[name]}}
    other = paths.Run(f"{this.name}-again")
    contents = other.folder / "book" / "_toc.yml"
    referred = [{"file": f"book/{page}"} for page in ("glossary", "bibliography")]
    toc = {"format": "jb-book", "root": f"notebooks/{name}", "chapters": referred}
    with locked(other):
        files = (other.config, settings, writing), (contents, toc, replacing)
        for path, value, opened in files:
            with opened(path) as temporary:
                temporary.write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
        steps.notebook(other, name)
        _build(other, contents)
    return other.book / "notebooks" / f"{name}.html"


def _build(this: paths.Run, contents: Path, options: Sequence[str] = ()) -> None:
    """Build the pages that a table of contents names from the executed notebooks of a run."""
    command = [*BUILDER, str(paths.root()), "--toc", str(contents)]
    command += ["--path-output", str(this.book.parent.parent), *options]
    os.environ[paths.RUN_VARIABLE] = this.name
    path = this.logs / "book.log"  # where it greets and says farewell; what is wrong is shown
    with steps.timed(this, "book"), open(path, "w") as log:
        status = call(command, stdout=log)
    if status or not (this.book / "index.html").exists():
        raise RunError(
            f"the book of run {this.name!r} could not be built: see the messages above, and "
            f"{relative(path)}"
        )


def _contents(this: paths.Run, missing: set[str]) -> Path:
    """A table of contents without the notebooks a run does not have."""
    import yaml

    def keep(entry: dict[str, str]) -> bool:
        return Path(entry.get("file", "")).name not in missing

    contents = yaml.safe_load((paths.root() / "_toc.yml").read_text(encoding="utf-8"))
    for part in contents["parts"]:
        part["chapters"] = [chapter for chapter in part["chapters"] if keep(chapter)]
    contents["parts"] = [part for part in contents["parts"] if part["chapters"]]
    path = this.folder / "book" / "_toc.yml"
    with replacing(path) as temporary:
        temporary.write_text(yaml.safe_dump(contents, sort_keys=False), encoding="utf-8")
    return path
