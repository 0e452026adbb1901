"""What only the chapters of this book need: the studies behind the later ones, one module each.

A study turns sequences, maps and scores of a run into the few tables that its chapter shows.
The workflow makes them and `make store` keeps those of our last full run, so that a chapter
can be read where its inputs cannot be had or its computation takes too long.

Each module has `PREFIX` (of its tables' names), `TABLES`, `POPULATIONS` (networks whose
maps and scores it reads) and `make(run, settings)`, which returns `{table: DataFrame}`.
It has `ABSENT`, see `tell_origin`.  It may have `OPTIONAL`, populations that it reads where
the run has them, and `CHAPTER`: a run that leaves this notebook out leaves out the study too, as
does one with `run: false` under `studies.<name>` of its configuration.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .. import paths

if TYPE_CHECKING:
    import pandas as pd

NAMES = (
    *("real_data", "implants", "controls", "interactions", "reproduction"),
    *("controls_recommended", "mutagenesis", "controls_spurious"),
)


def module(study: str) -> ModuleType:
    """The module of a study of `NAMES`."""
    return importlib.import_module(f"{__name__}.{study}")


def named(sources: Iterable[str]) -> list[str]:
    """The studies that notebooks name in their code, and whose tables they may show.

    Parameters
    ----------
    sources : percent-format files, relative to the root
    """
    code = "\n".join(
        line
        for source in sources
        for line in (paths.root() / source).read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    )
    return [study for study in NAMES if re.search(rf"\b{study}\b", code)]


def shown(study: str, settings: dict[str, Any]) -> bool:
    """Whether a run makes the tables of a study: not turned off, and its chapter is there."""
    chapter = getattr(module(study), "CHAPTER", None)
    wanted = settings["studies"].get(study, {}).get("run", True)
    return wanted and (chapter is None or chapter in settings["notebooks"])


def table_names(study: str) -> dict[str, str]:
    """Names of the tables of a study among the artefacts of a run, {short name: name}."""
    found = module(study)
    return {table: f"{found.PREFIX}_{table}" for table in found.TABLES}


def load_tables(study: str, run: str) -> tuple[dict[str, pd.DataFrame], str]:
    """The tables of a study, those of the run or the stored ones.

    Returns
    -------
    tables : {short name: DataFrame}
    origin : "run" or "stored"

    Raises
    ------
    ArtefactError
        When neither the run nor `data/stored` has them all.
    """
    tables, origins = {}, set()
    for table, name in table_names(study).items():
        tables[table], origin = paths.load_table(run, name)
        origins.add(origin)
    if len(origins) > 1:
        raise paths.ArtefactError(
            f"run {run!r} holds only some tables of the study {study}: run the workflow again"
        )
    return tables, origins.pop()


def tell_origin(study: str, origin: str) -> None:
    """Say on a page, where its tables are stored ones, that they are, and why.

    Parameters
    ----------
    study : str
        Module whose `ABSENT` says why a run lacks them and what to do about it, two sentences
        of Markdown.
    origin : "run" or "stored"
    """
    from IPython.display import Markdown, display

    why, remedy = module(study).ABSENT
    if origin == "stored":
        display(
            Markdown(
                f":::{{warning}}\n{why} **The chapter shows stored results of ours**, drawn by "
                f"the same code. {remedy}\n:::"
            )
        )
