"""The steps of the workflow: one function for each command, one command for each arrow of

motifs -> sequences -> models -> attribution maps -> scores -> notebooks.

Each function takes a `Run`, reads its resolved configuration and writes artefacts of the
run, whole or not at all.  Heavy modules are imported where they are used.
"""

from __future__ import annotations

import contextlib
import functools
import json
import sys
import time
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from . import config, execution, paths
from .artefacts import writing
from .parameters import notebook_parameters
from .paths import Run, read_csv, read_json, relative, write_csv, write_json
from .populations import batches, networks_in_jobs, recipes_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class StepError(ValueError):
    """A step cannot be done; the message says what, where and what to do."""


@contextlib.contextmanager
def timed(run: Run, step: str, part: str = "") -> Iterator[None]:
    """Note the minutes that a step, or a part of it, took once it has finished."""
    started = time.perf_counter()
    yield
    minutes = round((time.perf_counter() - started) / 60, 3)
    run.logs.mkdir(parents=True, exist_ok=True)
    with open(run.minutes, "a", encoding="utf-8") as log:
        log.write(json.dumps({"step": step, "part": part, "minutes": minutes}) + "\n")


def configure(path: str | PathLike[str]) -> Run:
    """Check a configuration file and write the resolved one; returns its `Run`.

    Which networks are in the run depends on the downloads that are here.  That is decided now and
    written beside it, so that no job decides it anew where it happens to run.  What is unchanged
    is not written again, which leaves the finished steps alone.
    """
    import yaml

    resolved = config.load(path)
    run = Run(Path(path).stem)
    texts = {
        run.config: yaml.safe_dump(resolved, sort_keys=False, allow_unicode=True),
        run.networks: json.dumps(networks_in_jobs(resolved), indent=1) + "\n",
    }
    for file, text in texts.items():
        if not file.exists() or file.read_bytes() != text.encode():
            with writing(file) as temporary:
                temporary.write_text(text, encoding="utf-8")
    return run


def simulate(run: Run) -> None:
    """Simulate the synthetic sequences of a run into `data/simulation.npz`."""
    from attribution_consistency import simulation

    from . import store

    settings = config.load_resolved(run.name)["synthetic"]
    with timed(run, "simulate"):
        data = simulation.simulate(
            settings["n_sequences"], settings["length"], settings["data_seed"]
        )
        store.save(run.data("synthetic"), data._asdict())


def fetch(optional: bool = False, networks: bool = False) -> None:
    """Download the real sequences that are not on this machine yet; with `networks`, these too.

    Parameters
    ----------
    optional : bool
        A failure is one printed line: the book is built without what is missing.
    networks : bool
        Download also the 200 published networks of the chapter on independent networks.
    """
    from .sources import remote

    lost = {"gm12878_dnase/": "The chapter on real data will show the stored results"}
    if networks:
        lost["koo_synthetic_models/"] = "The published networks that are here will be used"
    for prefix, consequence in lost.items():
        try:
            remote.fetch([entry.name for entry in remote.entries(prefix)])
        except remote.RegistryError as error:
            if not optional:
                raise
            print(f"note: {error}. {consequence}.", file=sys.stderr)


def accessibility(run: Run) -> None:
    """Make the GM12878 data set from its downloaded files into `data/gm12878_dnase.npz`."""
    from . import store
    from .sources import gm12878 as task

    with timed(run, "accessibility"):
        store.save(run.data("gm12878_dnase"), task.gm12878_dnase()._asdict())


def train(run: Run, population: str, ids: list[str]) -> None:
    """Bring networks into `models/<population>`: shipped weights where they fit, else trained.

    Published networks are converted from their files instead.
    """
    from attribution_consistency import sequences

    from . import store
    from .zoo import published, training

    recipes = recipes_of(run, population, ids)

    def data() -> dict[str, np.ndarray]:
        arrays = store.load(run.data(population), ["codes", "y", "split"])
        return {"x": sequences.codes_to_one_hot(arrays.pop("codes")), **arrays}

    def progress(line: str) -> None:
        print(line, flush=True)

    with timed(run, f"train {population}", ids[0]):
        if population == "koo":
            published.convert_models(recipes, data, run.models(population), progress)
            return
        weights = config.load_resolved(run.name)["zoo"]["weights"]
        anew = population == "synthetic" and weights == "train"
        shipped = None if anew else paths.shipped(population)
        folders = (run.models(population), run.checkpoints / population, shipped)
        length = store.load(run.data(population), ["codes"])["codes"].shape[1]
        training.train_models(recipes, data, *folders, progress=progress, length=length)


def attribute(run: Run, population: str, ids: list[str]) -> None:
    """Write the saliency maps of networks into `maps/<population>`.

    Mapped are the positive test sequences, the first `scores.n_sequences` of them.
    """
    from attribution_consistency import sequences

    from . import store
    from .tables import positive_test_rows, sequences_digest
    from .zoo.trained import Networks

    settings = config.load_resolved(run.name)
    recipes = recipes_of(run, population, ids)
    data = store.load(run.data(population), ["codes", "y", "split"])
    rows = positive_test_rows(data, settings["scores"]["n_sequences"])
    if not len(rows):
        raise StepError(
            f"{relative(run.data(population))}: no positive test sequence; simulate more"
        )
    codes = data["codes"][rows]
    x = sequences.codes_to_one_hot(codes)
    networks = Networks(recipes, functools.partial(run.model, population), x.shape[1])
    with timed(run, f"attribute {population}", ids[0]):
        for number, model_id in enumerate(ids, 1):
            arrays = {"a": networks.maps(model_id, x), "rows": rows, "method": "saliency"}
            arrays["sequences_sha256"] = sequences_digest(codes)
            store.save(run.maps(population, model_id), arrays, compress=False)
            print(f"[{number}/{len(ids)}] {model_id} maps of {len(rows)} sequences", flush=True)


def evaluate(run: Run, population: str, ids: list[str], part: int) -> None:
    """Score the maps of networks into one part of the population's table.

    Parameters
    ----------
    run : Run
    population : str
    ids : list of str
        The networks of one job, all of them, in its order.
    part : int
        Number of that job in `batches`, from 0, for `merge` joins these.

    Raises
    ------
    StepError
        `ids` are not the networks of job `part`.
    """
    from .tables import score_models

    recipes_of(run, population, ids)
    jobs = batches(run).get(population, [])
    if not 0 <= part < len(jobs) or ids != jobs[part]:
        raise StepError(
            f"--part {part} with these --ids: a part has exactly the networks of one job, and jobs "
            f"are counted from 0, as listed under {population} in {relative(run.networks)}"
        )
    with timed(run, f"evaluate {population}", ids[0]):
        settings = config.load_resolved(run.name)
        folders = {"map_dir": run.map_folder(population), "model_dir": run.models(population)}
        data = run.data(population)
        table = score_models(ids, population=population, config=settings, data_path=data, **folders)
        write_csv(run.score_part(population, part), table)


def read_parts(run: Run, population: str) -> pd.DataFrame:
    """All parts of a population's scores as one DataFrame.

    Raises
    ------
    StepError
        There are none, they are of other networks, or every network diverged.
    """
    import pandas as pd

    jobs = batches(run).get(population, [])
    if not jobs:
        raise StepError(f"run {run.name!r} has no networks of {population}")
    tables = [read_csv(run.score_part(population, part)) for part in range(len(jobs))]
    for part, ids in enumerate(jobs):
        if list(tables[part]["id"]) != ids:
            raise StepError(
                f"{relative(run.score_part(population, part))}: holds other networks than its job "
                f"in {relative(run.networks)}: delete it and run again"
            )
    table = pd.concat(tables, ignore_index=True)
    if (table["status"] != "ok").all():
        raise StepError(
            f"every network of {population} diverged, so there is nothing to score: change "
            f"zoo.training, such as learning_rate, in the configuration of {run.name!r}"
        )
    return table


def length_weights(run: Run) -> None:
    """Fit the weights of the k-mer lengths on the synthetic networks: `length_weights.json`.

    With too few networks for a fit, the shipped weights stand in, and the file says so.
    """
    from .stand_ins import all_stand_ins
    from .tables import fit_length_weights

    with timed(run, "length-weights"):
        settings = config.load_resolved(run.name)
        if "synthetic" in batches(run):
            weights = fit_length_weights(read_parts(run, "synthetic"), settings)
        else:
            reason = "this run has no networks of the synthetic task"
            weights = all_stand_ins(settings["scores"]["ks"], reason)
        write_json(run.length_weights, weights)


def merge(run: Run, population: str) -> None:
    """Join the parts of a population's scores and add the final metric, one row a network."""
    from .tables import add_consistency

    weights = read_json(run.length_weights)
    table = add_consistency(read_parts(run, population), weights)
    write_csv(run.scores(population), table)


def study(run: Run, name: str) -> None:
    """Write the tables of one study, see `studies`; `store` keeps them."""
    from . import chapters

    if name not in chapters.NAMES:
        raise StepError(f"no study {name!r}: choose from {', '.join(chapters.NAMES)}")
    settings = config.load_resolved(run.name)
    with timed(run, f"study {name}"):
        tables = chapters.module(name).make(run, settings)
        for short, full in chapters.table_names(name).items():
            write_csv(run.table(full), tables[short])


def notebook(run: Run, name: str) -> None:
    """Execute a notebook with the parameters of the run into `notebooks/<name>.ipynb`.

    The copy records the digest of its source, which the book checks.  When a cell fails,
    the notebook up to there stays under `logs/`.
    """
    import jupytext

    source = paths.notebook_source(name)
    notebook_parameters(source)
    text = source.read_text(encoding="utf-8")
    document = jupytext.reads(text, fmt="py:percent")
    document.metadata["source_sha256"] = paths.text_sha256(text)
    document.metadata["kernelspec"] = paths.KERNEL
    parameters = dict(config.load_resolved(run.name)["notebooks"].get(name, {}))
    if run.name != "default":
        parameters = {"run": run.name, **parameters}
    for left_over in (run.claims(name), run.provenance(name)):
        left_over.unlink(missing_ok=True)
    run.logs.mkdir(parents=True, exist_ok=True)
    working = run.logs / f"{name}.ipynb"
    jupytext.write(document, working)
    with timed(run, f"notebook {name}"):
        execution.execute(run, name, working, parameters)
        executed = jupytext.read(working)
        record = executed.metadata["papermill"]
        record["input_path"], record["output_path"] = map(relative, (source, run.notebook(name)))
        with writing(run.notebook(name)) as temporary:
            jupytext.write(executed, temporary, fmt="ipynb")
    working.unlink()


def manifest(run: Run) -> None:
    """Write what made a run: versions, seeds, input digests, commit, minutes."""
    from .manifest import of_run

    write_json(run.manifest, of_run(run))
