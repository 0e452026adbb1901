"""Tables behind the chapter on controls: what else raises the score, and what it cannot see.

Maps that know nothing (rotated scores, random spikes, arbitrary words) and networks that learnt
nothing (shuffled labels, permuted or fresh weights), on the same sequences: the first
`studies.controls.n_sequences` of those mapped.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution_consistency.sequences import codes_to_one_hot
from attribution_consistency.weights import length_weights_from

from .. import store
from ..paths import Run, read_csv, read_json, read_maps, shipped
from ..rotation import rotated
from ..tables import configuration, significant, truth_masks
from .controls_maps import WORDS, in_noise, spikes, wrong_words
from .controls_scores import Task, add_finals, score_map

if TYPE_CHECKING:
    import pandas as pd

    from ..zoo.trained import Networks

PREFIX = "controls"
CHAPTER = "06_controls"
POPULATIONS = ("synthetic",)
OPTIONAL = ("gm12878_dnase",)
TABLES = ("maps",)
SEED = 0
FEWER_OR_MORE, FEWER_DRAWS = (1, 4, 10, 160), 5  # arbitrary words besides `WORDS`, and their draws
FRESH = 3  # sets of initial weights of each architecture
SHUFFLED = ("bn-exp-standard-00", "bn-relu-standard-00")  # trained on shuffled labels
ABSENT = "This run did not make these tables.", ""


def make(run: Run, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Every table of `TABLES` from the artefacts of a run, {name: DataFrame}."""
    import pandas as pd

    from ..zoo.trained import Networks

    options, ks = settings["studies"]["controls"], settings["scores"]["ks"]
    fitted = read_json(run.length_weights)
    weights = {reading: length_weights_from(entry) for reading, entry in fitted.items()}
    maps = []
    for population in (*POPULATIONS, *OPTIONAL):
        if not run.scores(population).exists():
            continue
        scores = one_of_each(read_csv(run.scores(population)).query("status == 'ok'"))
        ids = list(scores["id"])
        x, masks = sequences(run, population, ids[0], options["n_sequences"])
        task = Task(x, ks, masks, weights)
        real = {i: read_maps(run.name, population, i)["a"][: len(x)] for i in ids}
        auroc = {("network", i): known for i, known in zip(ids, scores["auroc"])}
        trained = {("network", i): a for i, a in real.items()}
        maps.append(control_table(task, population, trained, auroc, options["draws"]))
        if population == "synthetic":
            networks = Networks.of_run(run, settings, population, x.shape[1])
            blind = blind_maps(networks, ids, x)
            taught, auroc = shuffled_maps(run, settings, x)
            maps.append(control_table(task, population, blind | taught, auroc))
    return {"maps": significant(add_finals(pd.concat(maps, ignore_index=True), task))}


def one_of_each(scores: pd.DataFrame) -> pd.DataFrame:
    """The rows of a score table of the first initialisation of each configuration."""
    first = scores.groupby(configuration(scores))["init"].transform("min")
    return scores[scores["init"] == first].reset_index(drop=True)


def sequences(
    run: Run, population: str, model_id: str, n: int
) -> tuple[np.ndarray, dict[str, Any]]:
    """First `n` mapped sequences of a run: x (n, L, 4), and masks of their motifs or {}."""
    rows = read_maps(run.name, population, model_id)["rows"][:n]
    data = store.load(run.data(population))
    return codes_to_one_hot(data["codes"][rows]), truth_masks(data, rows)


def control_table(
    task: Task,
    population: str,
    maps: Mapping[tuple[str, str], np.ndarray],
    auroc: Mapping[tuple[str, str], float],
    draws: int = 0,
) -> pd.DataFrame:
    """Scores of maps, of their rotated copies and of `draws` maps of each other control.

    Parameters
    ----------
    task : Task
    population : str
    maps : {(kind, id): (N, L, 4)}
    auroc : {(kind, id): of the network}
    draws : int

    Returns
    -------
    DataFrame
        One row a map.
    """
    import pandas as pd

    rows = []
    for which, a, more in control_maps(task.x, maps, draws):
        known = {"auroc": auroc.get((which["kind"], which["id"]), np.nan)}
        rows.append({"population": population} | which | known | score_map(task, a, **more))
    return pd.DataFrame(rows)


def control_maps(
    x: np.ndarray, maps: Mapping[tuple[str, str], np.ndarray], draws: int = 0
) -> Iterator[tuple[dict[str, Any], np.ndarray, dict[str, bool]]]:
    """The maps of `control_table`, each with what it is and options of the metric.

    What it is: the columns kind, id, rotated, draw and words.
    """

    def one(kind, name, a, draw=0, words=np.nan, turned=False, **more):
        which = {"kind": kind, "id": name, "rotated": turned, "draw": draw, "words": words}
        return which, a, more

    for number, ((kind, name), a) in enumerate(maps.items()):
        yield one(kind, name, a)
        turned = rotated(x, a, np.random.default_rng([SEED, number]))
        yield one(kind, name, turned, turned=True)
    for draw in range(draws):
        rng = np.random.default_rng([SEED, 1000 + draw])
        yield one("spike", "", spikes(x, rng), draw)
        yield one("noise", "", rng.normal(size=x.shape), draw)
        for words in (WORDS, *(FEWER_OR_MORE if draw < FEWER_DRAWS else ())):
            yield one("words", "", wrong_words(x, rng, words), draw, words)
        yield one("words_in_noise", "", in_noise(x, wrong_words(x, rng), rng), draw, WORDS)
    if draws:
        yield one("constant", "", x, correct=False)


def blind_maps(
    networks: Networks, ids: Sequence[str], x: np.ndarray
) -> dict[tuple[str, str], np.ndarray]:
    """Maps of networks that learnt nothing of the task, {(kind, id): map}.

    Kinds: `weights`, the networks of the run with the entries of every weight array permuted;
    `untrained`, fresh He-normal weights for each batch norm and activation.
    """
    from ..zoo.attribution import saliency

    maps = {}
    for number, name in enumerate(ids):
        model, rng = networks.trained(name), np.random.default_rng([SEED, 2000 + number])
        arrays = model.get_weights()
        model.set_weights([rng.permutation(w.ravel()).reshape(w.shape) for w in arrays])
        maps["weights", name] = saliency(model, x)
    recipes = {i: networks.recipes[i] for i in ids}
    kinds = {(r["batch_norm"], r["activation"]): i for i, r in recipes.items()}
    for number, ((batch_norm, activation), name) in enumerate(sorted(kinds.items())):
        for draw in range(FRESH):
            rng = np.random.default_rng([SEED, 3000 + number, draw])
            kind = f"{'bn' if batch_norm else 'nobn'}-{activation}-{draw:02d}"
            maps["untrained", kind] = networks.untrained_maps(name, x, rng)
    return maps


def shuffled_maps(
    run: Run, settings: dict[str, Any], x: np.ndarray
) -> tuple[dict[tuple[str, str], np.ndarray], dict[tuple[str, str], float]]:
    """Maps of networks trained on shuffled labels, and their AUROC on true ones, by (kind, id)."""
    from ..zoo.trained import Networks
    from ..zoo.training import train_models

    recipes = shuffled_recipes(settings)
    data, path = functools.partial(_shuffled_data, run), functools.partial(run.model, PREFIX)
    train_models(recipes, data, run.models(PREFIX), run.checkpoints / PREFIX, shipped(PREFIX))
    taught = Networks(recipes, path, x.shape[1])
    records = {name: read_json(path(name).with_suffix(".json")) for name in recipes}
    return (
        {("labels", name): taught.maps(name, x) for name in recipes},
        {("labels", name): record["test"]["auroc"] for name, record in records.items()},
    )


def shuffled_recipes(settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Recipes of the networks that are trained on shuffled labels, {id: recipe}."""
    from ..zoo.recipes import synthetic_recipe

    epochs = settings["studies"]["controls"]["label_epochs"]
    return {
        name: synthetic_recipe(name, epochs, settings["synthetic"]) | {"labels": "shuffled"}
        for name in SHUFFLED
    }


def _shuffled_data(run):
    """The synthetic data, labels of training and validation sequences permuted among them."""
    arrays = store.load(run.data("synthetic"), ["codes", "y", "split"])
    y, rng = arrays["y"].copy(), np.random.default_rng(SEED)
    for split in (0, 1):
        rows = np.flatnonzero(arrays["split"] == split)
        y[rows] = y[rng.permutation(rows)]
    return {"x": codes_to_one_hot(arrays["codes"]), "y": y, "split": arrays["split"]}
