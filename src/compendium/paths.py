"""Where every file is; the one module that knows paths.

A *run* is one configuration file carried through the workflow.  Its artefacts lie under
`results/<run>/` of the compendium, which is the nearest folder upwards that holds the
workflow, or the folder named by `ATTRIBUTION_CONSISTENCY_ROOT`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ROOT_VARIABLE = "ATTRIBUTION_CONSISTENCY_ROOT"
RUN_VARIABLE = "ATTRIBUTION_CONSISTENCY_RUN"
NOTEBOOK_VARIABLE = "ATTRIBUTION_CONSISTENCY_NOTEBOOK"
# Of a notebook that is written, not of this process.
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
# `koo` are networks that others published, see `zoo.published`. Further ones of ours are there with
# their weights and nothing else: independent ones, and architectures beyond the zoo's.
FURTHER = ("independent", "beyond")
POPULATIONS = ("synthetic", "gm12878_dnase", "koo", *FURTHER)
RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class ArtefactError(ValueError):
    """A file of a run is missing or unreadable; the message says which and what to do."""


def root() -> Path:
    """Folder of the compendium: where `pyproject.toml` and `workflow/` are.

    Raises
    ------
    ArtefactError
        There is none at or above the working directory.
    """
    chosen = os.environ.get(ROOT_VARIABLE)
    if chosen:
        if not Path(chosen).is_dir():
            raise ArtefactError(f"{ROOT_VARIABLE}: {chosen} is not a folder")
        return Path(chosen).resolve()
    for start in (Path.cwd(), Path(__file__).resolve()):
        for folder in (start, *start.parents):
            if (folder / "pyproject.toml").is_file() and (folder / "workflow").is_dir():
                return folder
    raise ArtefactError(
        f"no compendium at or above {Path.cwd()}: change into your clone, or set {ROOT_VARIABLE}"
    )


@dataclass(frozen=True)
class Run:
    """Paths of one run; `name` is the stem of its configuration file.

    Raises `ArtefactError` for a name that cannot be a folder.
    """

    name: str

    def __post_init__(self) -> None:
        if not RUN_NAME.fullmatch(self.name):
            raise ArtefactError(
                f"{self.name!r} cannot name a run: rename the file, using "
                "letters, digits, '_', '-' and '.', at most 64 characters"
            )

    @property
    def folder(self) -> Path:
        return root() / "results" / self.name

    @property
    def config(self) -> Path:
        """The configuration with every default filled in."""
        return self.folder / "config.yml"

    @property
    def networks(self) -> Path:
        """The networks of each job, as they were when the configuration was resolved."""
        return self.folder / "networks.json"

    @property
    def manifest(self) -> Path:
        return self.folder / "manifest.json"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def minutes(self) -> Path:
        """One JSON line for each finished step, with the minutes it took."""
        return self.logs / "minutes.jsonl"

    @property
    def checkpoints(self) -> Path:
        """Weights of finished networks by digest of their settings; survives interruptions."""
        return self.folder / "checkpoints"

    @property
    def length_weights(self) -> Path:
        return self.folder / "length_weights.json"

    @property
    def notebooks(self) -> Path:
        """Folder of the executed notebooks."""
        return self.folder / "notebooks"

    @property
    def book(self) -> Path:
        """Folder of the HTML book: `_build/html` for the published run."""
        return (root() if self.name == "default" else self.folder / "book") / "_build" / "html"

    def data(self, task: str) -> Path:
        """Sequences of a population; all but those of accessibility are the simulated ones."""
        task = task if task == "gm12878_dnase" else "synthetic"
        return self.folder / "data" / f"{task}.npz"

    def models(self, population: str) -> Path:
        return self.folder / "models" / population

    def model(self, population: str, model_id: str) -> Path:
        return self.models(population) / f"{model_id}.npz"

    def map_folder(self, population: str) -> Path:
        return self.folder / "maps" / population

    def maps(self, population: str, model_id: str) -> Path:
        return self.map_folder(population) / f"{model_id}.npz"

    def scores(self, population: str) -> Path:
        return self.folder / "scores" / f"{population}.csv"

    def score_part(self, population: str, part: int) -> Path:
        """Scores of one batch of models, before they are merged."""
        return self.folder / "scores" / "parts" / f"{population}-{part}.csv"

    def table(self, name: str) -> Path:
        return self.folder / "tables" / f"{name}.csv"

    def figure(self, notebook: str, name: str) -> Path:
        """What a figure of a notebook draws, as a table."""
        return self.folder / "figures" / notebook / f"{name}.csv"

    def notebook(self, name: str) -> Path:
        """The executed copy of a notebook."""
        return self.folder / "notebooks" / f"{name}.ipynb"

    def exercise(self, name: str) -> Path:
        """What the solutions of the exercises leave: right values and target figures."""
        return self.folder / "exercises" / name

    def provenance(self, name: str) -> Path:
        """What the figures of a notebook were made from."""
        return self.folder / "provenance" / f"{name}.json"

    def claims(self, name: str) -> Path:
        """Values that a notebook reports in its prose."""
        return self.folder / "claims" / f"{name}.json"


def notebook_source(name: str) -> Path:
    """The percent-format source of a notebook."""
    return root() / "notebooks" / f"{name}.py"


def notebook_names() -> list[str]:
    """Names of the notebooks, in reading order, without the status page."""
    return sorted(path.stem for path in (root() / "notebooks").glob("[0-9a][0-9]*_*.py"))


def shipped(population: str) -> Path:
    """Folder of the trained weights in the repository."""
    folders = {"synthetic": "zoo", "gm12878_dnase": "gm12878"}
    return root() / "data" / folders.get(population, population)


def stored() -> Path:
    """Folder of the tables of our last full run."""
    return root() / "data" / "stored"


def shipped_weights_file() -> Path:
    """The length weights that the package ships."""
    resources = root() / "src" / "attribution_consistency" / "resources"
    return resources / "default_length_weights.json"


def published() -> Path:
    """Folder of figures that others published."""
    return root() / "data" / "published"


def relative(path: str | PathLike[str]) -> str:
    """`path` as it is written in messages and manifests: relative to the root, with '/'."""
    path = Path(path)
    with contextlib.suppress(ValueError):
        path = path.relative_to(root())
    return path.as_posix()


def write_json(path: str | PathLike[str], value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all."""
    from .artefacts import writing

    with writing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def read_json(path: str | PathLike[str]) -> Any:
    """Read a JSON file.

    Raises
    ------
    ArtefactError
        It is missing or damaged.
    """
    return _read(path, lambda path: json.loads(Path(path).read_text(encoding="utf-8")))


def read_csv(path: str | PathLike[str]) -> pd.DataFrame:
    """Read a table.

    Raises
    ------
    ArtefactError
        It is missing, empty or cut off.
    """
    import pandas as pd

    return _read(path, pd.read_csv)


def _read(path: str | PathLike[str], reader: Callable[[Any], Any]) -> Any:
    """What `reader` makes of a file; one line for a file that is missing or damaged."""
    from .artefacts import check

    check(path)
    try:
        return reader(path)
    except FileNotFoundError:
        raise ArtefactError(f"{relative(path)}: no such file: run the step that makes it") from None
    except ValueError as error:
        reason = str(error).strip().splitlines()[-1]
        raise ArtefactError(f"{relative(path)}: damaged ({reason}): delete it and rerun") from None


def text_sha256(text: str) -> str:
    """SHA-256 of text, in hexadecimal; the same for all line endings."""
    return hashlib.sha256(text.replace("\r\n", "\n").encode("utf-8")).hexdigest()


def write_csv(path: str | PathLike[str], table: pd.DataFrame) -> None:
    """Write a table, whole or not at all."""
    from .artefacts import writing

    with writing(path) as temporary:
        table.to_csv(temporary, index=False)


def load_table(run: str, name: str) -> tuple[pd.DataFrame, str]:
    """A table of a run, or the stored one where the run has none.

    Returns
    -------
    table : DataFrame
    origin : str
        "run" or "stored", so that a chapter can say which it shows.
    """
    return _own_or_stored(Run(run).table(name), f"{name}.csv")


def load_scores(run: str, population: str) -> tuple[pd.DataFrame, str]:
    """Scores of a population, one row a model, and where they are from: "run" or "stored"."""
    return _own_or_stored(Run(run).scores(population), f"scores_{population}.csv")


def _own_or_stored(path: Path, name: str) -> tuple[pd.DataFrame, str]:
    for place, origin in ((path, "run"), (stored() / name, "stored")):
        if place.exists():
            return read_csv(place), origin
    raise ArtefactError(f"no table {name}: neither the run nor data/stored/ holds it")


def usable_networks(run: Run, population: str) -> list[str]:
    """Ids of the networks of a population that did not diverge; none where it is not there."""
    path = run.scores(population)
    return list(read_csv(path).query("status == 'ok'")["id"]) if path.exists() else []


def read_maps(run: str, population: str, model_id: str) -> dict[str, np.ndarray]:
    """The attribution maps of one model: a dictionary of the file's arrays."""
    from . import store

    return store.load(Run(run).maps(population, model_id))
