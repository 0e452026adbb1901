"""The steps of the workflow: one function for each command, one command for each arrow of

motifs -> sequences -> models -> attribution maps -> scores -> notebooks.

Each function takes a `Run`, reads its resolved configuration and writes artefacts of the
run, whole or not at all.  Heavy modules are imported where they are used.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from os import PathLike
from typing import TYPE_CHECKING, Any

from . import artefacts, config
from .artefacts import Run, relative

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

POPULATIONS = ("synthetic", "gm12878_dnase", "koo")


class PipelineError(ValueError):
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
    run = Run(os.path.splitext(os.path.basename(path))[0])
    texts = {
        run.config: yaml.safe_dump(resolved, sort_keys=False, allow_unicode=True),
        run.networks: json.dumps(_networks_here(resolved), indent=1) + "\n",
    }
    for file, text in texts.items():
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            with artefacts.write_atomic(file) as temporary:
                temporary.write_text(text, encoding="utf-8")
    return run


def _networks_here(settings: dict[str, Any]) -> dict[str, list[list[str]]]:
    """The networks of a run on this machine, cut into jobs: {population: [ids of job 0, ...]}."""
    from .datasets import registry

    jobs: dict[str, list[list[str]]] = {}
    size = settings["jobs"]["models_per_job"]
    for population in POPULATIONS:
        if population == "gm12878_dnase" and not registry.available(population):
            continue
        ids = list(model_recipes(settings, population))
        if ids:
            jobs[population] = [ids[i : i + size] for i in range(0, len(ids), size)]
    return jobs


def batches(run: Run) -> dict[str, list[list[str]]]:
    """The networks that each job of a run handles: {population: [ids of job 0, ...]}.

    Only populations with networks are in it; see `configure`.
    """
    if not run.networks.exists():
        raise PipelineError(
            f"{relative(run.networks)}: no such file: run 'attribution-consistency configure' on "
            f"the configuration of {run.name!r} first"
        )
    return artefacts.read_json(run.networks)


def simulate(run: Run) -> None:
    """Simulate the synthetic sequences of a run into `data/synthetic.npz`."""
    from .datasets import store, synthetic

    settings = config.load_resolved(run.name)["synthetic"]
    with timed(run, "simulate"):
        data = synthetic.simulate(
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
    from .datasets import registry

    lost = {"gm12878_dnase/": "The chapter on real data will show the stored results"}
    if networks:
        lost["koo_synthetic_models/"] = "The published networks that are here will be used"
    for prefix, consequence in lost.items():
        try:
            registry.fetch([entry.name for entry in registry.entries(prefix)])
        except registry.RegistryError as error:
            if not optional:
                raise
            print(f"note: {error}. {consequence}.", file=sys.stderr)


def accessibility(run: Run) -> None:
    """Make the GM12878 data set from its downloaded files into `data/gm12878_dnase.npz`."""
    from .datasets import accessibility as task
    from .datasets import store

    with timed(run, "accessibility"):
        store.save(run.data("gm12878_dnase"), task.gm12878_dnase()._asdict())


def model_recipes(settings: dict[str, Any], population: str) -> dict[str, dict[str, Any]]:
    """Recipes of the networks of a run, {model id: recipe}; see `models.recipes`."""
    from .models import recipes

    if population == "synthetic":
        zoo = settings["zoo"]
        named = {
            model_id: recipes.synthetic_recipe(
                model_id, epochs, settings["synthetic"], zoo["training"]
            )
            for model_id, epochs in config.model_epochs(settings).items()
        }
        if zoo["weights"] != "available":
            return named
        extra = {f"{e['configuration']}-{e['init']:02d}" for e in zoo["extra"]}
        return {i: r for i, r in named.items() if i in extra or _is_shipped(i, r)}
    if population == "koo":
        from .studies import published

        return published.model_recipes(settings)
    if population != "gm12878_dnase":
        raise PipelineError(f"unknown population {population!r}: synthetic, gm12878_dnase or koo")
    named = settings["gm12878"]["models"]
    if named == "shipped":  # as their records say they were trained
        records = sorted(artefacts.shipped(population).glob("*.json"))
        return {path.stem: artefacts.read_json(path)["recipe"] for path in records}
    epochs = settings["gm12878"]["epochs"]
    return {model_id: recipes.accessibility_recipe(model_id, epochs) for model_id in named}


def _is_shipped(model_id: str, recipe: dict[str, Any]) -> bool:
    """Whether the repository holds weights of a network of the synthetic task."""
    from .models import recipes

    path = artefacts.shipped("synthetic") / f"{model_id}.json"
    return path.exists() and artefacts.read_json(path)["digest"] == recipes.digest(recipe)


def recipes_of(
    run: Run, population: str, ids: Iterable[str] | None = None
) -> dict[str, dict[str, Any]]:
    """Recipes of the networks of a run, or of some in the order of `ids`: {model id: recipe}.

    Raises
    ------
    PipelineError
        For a network that the run does not have.
    """
    settings = config.load_resolved(run.name)
    here = [model_id for job in batches(run).get(population, []) for model_id in job]
    if population == "koo":  # else "available" would mean: on this machine
        settings = {**settings, "koo": {"models": here}}
    found = model_recipes(settings, population)
    recipes = {model_id: found[model_id] for model_id in here if model_id in found}
    ids = recipes if ids is None else ids
    for model_id in ids:
        if model_id not in recipes:
            near = config.nearest(model_id, recipes)
            hint = f"; nearest: {near}" if near else ""
            raise PipelineError(f"{model_id}: not a network of run {run.name!r}{hint}")
    return {model_id: recipes[model_id] for model_id in ids}


def train(run: Run, population: str, ids: list[str]) -> None:
    """Bring networks into `models/<population>`: shipped weights where they fit, else trained.

    Published networks are converted from their files instead.
    """
    from .datasets import sequences, store
    from .models import training

    settings = config.load_resolved(run.name)
    recipes = recipes_of(run, population, ids)
    shipped = population != "synthetic" or settings["zoo"]["weights"] != "train"

    def data() -> dict[str, np.ndarray]:
        arrays = store.load(run.data(population), ["codes", "y", "split"])
        x = sequences.codes_to_one_hot(arrays["codes"])
        return {"x": x, "y": arrays["y"], "split": arrays["split"]}

    with timed(run, f"train {population}", ids[0]):
        if population == "koo":
            from .studies import published

            published.convert_models(
                recipes, data, run.models(population), lambda line: print(line, flush=True)
            )
            return
        training.train_models(
            recipes,
            data,
            run.models(population),
            run.checkpoints / population,
            artefacts.shipped(population) if shipped else None,
            progress=lambda line: print(line, flush=True),
            length=store.load(run.data(population), ["codes"])["codes"].shape[1],
        )


def attribute(run: Run, population: str, ids: list[str]) -> None:
    """Write the saliency maps of networks into `maps/<population>`.

    Mapped are the positive test sequences, the first `scores.n_sequences` of them.
    """
    from . import evaluation
    from .datasets import sequences, store
    from .models import attribution

    settings = config.load_resolved(run.name)
    recipes = recipes_of(run, population, ids)
    data = store.load(run.data(population), ["codes", "y", "split"])
    rows = evaluation.positive_test_rows(data, settings["scores"]["n_sequences"])
    if not len(rows):
        raise PipelineError(
            f"{relative(run.data(population))}: no positive test sequence; simulate more"
        )
    codes = data["codes"][rows]
    paths = {model_id: run.model(population, model_id) for model_id in ids}
    with timed(run, f"attribute {population}", ids[0]):
        maps = attribution.saliency_of_models(recipes, paths, sequences.codes_to_one_hot(codes))
        for number, (model_id, gradient) in enumerate(maps, 1):
            store.save(
                run.maps(population, model_id),
                {
                    "a": gradient,
                    "rows": rows,
                    "method": "saliency",
                    "sequences_sha256": evaluation.sequences_digest(codes),
                },
                compress=False,
            )
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
    PipelineError
        `ids` are not the networks of job `part`.
    """
    from . import evaluation

    recipes_of(run, population, ids)
    jobs = batches(run).get(population, [])
    if not 0 <= part < len(jobs) or ids != jobs[part]:
        raise PipelineError(
            f"--part {part} with these --ids: a part has exactly the networks of one job, and jobs "
            f"are counted from 0, as listed under {population} in {relative(run.networks)}"
        )
    with timed(run, f"evaluate {population}", ids[0]):
        table = evaluation.score_models(
            ids,
            population=population,
            config=config.load_resolved(run.name),
            data_path=run.data(population),
            map_dir=run.map_folder(population),
            model_dir=run.models(population),
        )
        artefacts.write_csv(run.score_part(population, part), table)


def read_parts(run: Run, population: str) -> pd.DataFrame:
    """All parts of a population's scores as one DataFrame."""
    import pandas as pd

    parts = range(len(batches(run).get(population, [])))
    if not parts:
        raise PipelineError(f"run {run.name!r} has no networks of {population}")
    tables = [artefacts.read_csv(run.score_part(population, part)) for part in parts]
    return pd.concat(tables, ignore_index=True)


def length_weights(run: Run) -> None:
    """Fit the weights of the k-mer lengths on the synthetic networks: `length_weights.json`.

    With too few networks for a fit, the shipped weights stand in, and the file says so.
    """
    from . import evaluation

    with timed(run, "length-weights"):
        settings = config.load_resolved(run.name)
        if "synthetic" in batches(run):
            weights = evaluation.fit_length_weights(read_parts(run, "synthetic"), settings)
        else:
            reason = "this run has no networks of the synthetic task"
            weights = evaluation.all_stand_ins(settings["scores"]["ks"], reason)
        artefacts.write_json(run.length_weights, weights)


def merge(run: Run, population: str) -> None:
    """Join the parts of a population's scores and add the final metric, one row a network."""
    from . import evaluation

    weights = artefacts.read_json(run.length_weights)
    table = evaluation.add_consistency(read_parts(run, population), weights)
    artefacts.write_csv(run.scores(population), table)


def study(run: Run, name: str) -> None:
    """Write the tables of one study, see `studies`; `store` keeps them."""
    from . import studies

    if name not in studies.NAMES:
        raise PipelineError(f"no study {name!r}: choose from {', '.join(studies.NAMES)}")
    settings = config.load_resolved(run.name)
    with timed(run, f"study {name}"):
        tables = studies.module(name).make(run, settings)
        for short, full in studies.table_names(name).items():
            artefacts.write_csv(run.table(full), tables[short])


def notebook(run: Run, name: str) -> None:
    """Execute a notebook with the parameters of the run into `notebooks/<name>.ipynb`.

    The copy records the digest of its source, which the book checks.  When a cell fails,
    the notebook up to there stays under `logs/`.
    """
    import jupytext
    import papermill

    source = artefacts.notebook_source(name)
    config.notebook_parameters(source)
    text = source.read_text(encoding="utf-8")
    document = jupytext.reads(text, fmt="py:percent")
    document.metadata["source_sha256"] = artefacts.text_sha256(text)
    document.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    parameters = dict(config.load_resolved(run.name)["notebooks"].get(name, {}))
    if run.name != "default":
        parameters = {"run": run.name, **parameters}
    os.environ |= {
        artefacts.ROOT_VARIABLE: str(artefacts.root()),
        artefacts.RUN_VARIABLE: run.name,
        artefacts.NOTEBOOK_VARIABLE: name,
    }
    for left_over in (run.claims(name), run.provenance(name)):
        left_over.unlink(missing_ok=True)
    run.logs.mkdir(parents=True, exist_ok=True)
    working = run.logs / f"{name}.ipynb"
    jupytext.write(document, working)
    with timed(run, f"notebook {name}"):
        try:
            papermill.execute_notebook(
                working,
                working,
                parameters=parameters,
                kernel_name="python3",
                cwd=source.parent,
                progress_bar=False,
                extra_arguments=[
                    # Else every kernel warns that it listens on the local machine.
                    "--IPKernelApp.log_level=40",
                    "--IPKernelApp.exec_lines=from attribution_consistency.studies import "
                    "provenance; provenance.watch(); del provenance",
                ],
            )
        except papermill.PapermillExecutionError as error:
            reason = f"{error.ename}: {error.evalue}".splitlines()[0]
            raise PipelineError(
                f"notebooks/{name}.py: cell {error.exec_count}: {reason} "
                f"(executed up to there: {relative(working)})"
            ) from None
        executed = jupytext.read(working)
        record = executed.metadata["papermill"]
        record["input_path"], record["output_path"] = map(relative, (source, run.notebook(name)))
        with artefacts.write_atomic(run.notebook(name)) as temporary:
            jupytext.write(executed, temporary, fmt="ipynb")
    working.unlink()


def manifest(run: Run) -> None:
    """Write what made a run: versions, seeds, input digests, commit, minutes."""
    import platform
    from importlib import metadata

    settings = config.load_resolved(run.name)
    packages = (
        "attribution-consistency",
        "numpy",
        "scipy",
        "pandas",
        "statsmodels",
        "matplotlib",
        "tensorflow-cpu",
        "tensorflow",
        "keras",
        "snakemake",
        "papermill",
        "jupyter-book",
    )
    versions = {"python": platform.python_version()}
    for package in packages:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    artefacts.write_json(
        run.manifest,
        {
            "run": run.name,
            "title": settings["title"],
            "versions": versions,
            "system": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(),
            "seeds": {
                "data_seed": settings["synthetic"]["data_seed"],
                "initialisations": settings["zoo"]["initialisations"],
                "length_weights": settings["length_weights"]["seed"],
            },
            "inputs": _input_digests(run),
            "commit": _commit(),
            "minutes": _minutes(run),
        },
    )


def _minutes(run: Run) -> dict[str, float]:
    """Minutes of each step: the last time each of its parts was run, added up."""
    last: dict[tuple[str, str], float] = {}
    minutes: dict[str, float] = {}
    if run.minutes.exists():
        for line in run.minutes.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError):  # torn, as two computers wrote at once
                entry = json.loads(line)
                last[entry["step"], entry.get("part", "")] = entry["minutes"]
    for (step, _), spent in last.items():
        minutes[step] = round(minutes.get(step, 0) + spent, 3)
    return minutes


def _input_digests(run: Run) -> dict[str, str]:
    """SHA-256 of the configuration, the resources, the shipped weights and the data sets."""
    package = artefacts.root() / "src" / "attribution_consistency" / "resources"
    paths = [run.config, artefacts.root() / "requirements.lock", *sorted(package.glob("*"))]
    for population in ("synthetic", "gm12878_dnase"):
        paths += sorted(artefacts.shipped(population).glob("*.npz"))
        paths += [run.data(population)]
    return {relative(path): artefacts.sha256(path) for path in paths if path.is_file()}


def _commit() -> str | None:
    """The commit the run was made from, with "+" after it for uncommitted changes; or None."""
    import subprocess

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(artefacts.root()), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.SubprocessError):
        return None
