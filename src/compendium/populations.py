"""The networks of a run: their recipes, and the jobs that share them out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import config
from .paths import FURTHER, POPULATIONS, Run, read_json, shipped


def networks_in_jobs(settings: dict[str, Any]) -> dict[str, list[list[str]]]:
    """The networks of a run on this machine, cut into jobs: {population: [ids of job 0, ...]}."""
    from .sources import remote

    jobs: dict[str, list[list[str]]] = {}
    size = settings["jobs"]["models_per_job"]
    for population in POPULATIONS:
        if population == "gm12878_dnase" and not remote.available(population):
            continue
        ids = list(model_recipes(settings, population))
        if ids:
            jobs[population] = [ids[i : i + size] for i in range(0, len(ids), size)]
    return jobs


def batches(run: Run) -> dict[str, list[list[str]]]:
    """The networks that each job of a run handles: {population: [ids of job 0, ...]}.

    Only populations with networks are in it; see `steps.configure`.
    """
    return read_json(run.networks)


def model_recipes(settings: dict[str, Any], population: str) -> dict[str, dict[str, Any]]:
    """Recipes of the networks of a run, {model id: recipe}; see `zoo.recipes`."""
    from .zoo import published, recipes

    if population == "synthetic":
        return _synthetic(settings)
    if population == "koo":
        return published.model_recipes(settings)
    if population in FURTHER:
        length, wanted = settings["synthetic"]["length"], population in settings["further"]
        known = as_trained(population) if wanted else {}
        return {i: recipe for i, recipe in known.items() if recipe["data"]["length"] == length}
    named = settings["gm12878"]["models"]
    if named == "shipped":
        return as_trained(population)
    epochs = settings["gm12878"]["epochs"]
    return {model_id: recipes.accessibility_recipe(model_id, epochs) for model_id in named}


def as_trained(population: str) -> dict[str, dict[str, Any]]:
    """Recipes of all shipped networks of a population, as their records have them: {id: recipe}."""
    records = sorted(shipped(population).glob("*.json"))
    return {path.stem: read_json(path)["recipe"] for path in records}


def _synthetic(settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Recipes of the networks of the synthetic task."""
    from .zoo.recipes import digest, synthetic_recipe

    zoo = settings["zoo"]
    named = {
        model_id: synthetic_recipe(model_id, epochs, settings["synthetic"], zoo["training"])
        for model_id, epochs in config.model_epochs(settings).items()
    }
    if zoo["weights"] != "available":
        return named

    def is_shipped(model_id: str) -> bool:
        path = shipped("synthetic") / f"{model_id}.json"
        return path.exists() and read_json(path)["digest"] == digest(named[model_id])

    extra = {f"{e['configuration']}-{e['init']:02d}" for e in zoo["extra"]}
    return {i: recipe for i, recipe in named.items() if i in extra or is_shipped(i)}


def recipes_of(
    run: Run, population: str, ids: Iterable[str] | None = None
) -> dict[str, dict[str, Any]]:
    """Recipes of the networks of a run, or of some in the order of `ids`: {model id: recipe}.

    Raises
    ------
    ConfigError
        For a network that the run does not have.
    """
    settings = config.load_resolved(run.name)
    named = [model_id for job in batches(run).get(population, []) for model_id in job]
    if population == "koo":  # else "available" would mean: on this machine
        settings = {**settings, "koo": {"models": named}}
    known = model_recipes(settings, population)
    recipes = {model_id: known[model_id] for model_id in named if model_id in known}
    ids = recipes if ids is None else ids
    for model_id in ids:
        if model_id not in recipes:
            near = config.nearest(model_id, recipes)
            hint = f"; nearest: {near}" if near else ""
            raise config.ConfigError(f"{model_id}: not a network of run {run.name!r}{hint}")
    return {model_id: recipes[model_id] for model_id in ids}
