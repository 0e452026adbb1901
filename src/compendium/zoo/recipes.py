"""A recipe: everything that decides what a trained network is, as one plain dict.

The digest of a recipe keys its weights: the same recipe finds shipped or earlier weights,
another recipe trains anew. Raise `TRAINING_VERSION` only when the training code changes
what it computes; editing a docstring must retrain nothing.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

TRAINING_VERSION = 1
ACTIVATIONS = ("relu", "exp")
ARCHITECTURES = ("cnn", "residual", "basset", "bpnet", "basenji")
# The networks of Majdandzic et al. 2023: 50 initialisations of each of four groups.
PUBLISHED = {"deep": "cnn_deep", "shallow": "cnn_shallow", "relu": "relu", "exp": "exponential"}
PUBLISHED_INITIALISATIONS, PUBLISHED_LENGTH = 50, 200
TARGETS = {"binary": {"gm12878": [0]}, "quantitative": {"gm12878": [1], "four": [1, 2, 3, 4]}}

# Ours wherever the paper is silent; Adam's own defaults otherwise (Kingma and Ba 2014).
OPTIMISATION = {
    "batch_size": 100,
    "learning_rate": 1e-3,
    "decay_factor": 0.2,
    "decay_patience": 5,
    "l2": 1e-6,
}
REGULARISATION = {
    # Zhang et al. 2018, arXiv:1710.09412, section 3.1: alpha between 0.1 and 0.4 on ImageNet.
    "mixup": {"mixup_alpha": 0.2},
    # Verma et al. 2019, arXiv:1806.05236: alpha = 2.
    "manifoldmixup": {"manifold_mixup_alpha": 2.0},
    # Cohen et al. 2019, arXiv:1902.02918, train with 0.12 to 1.00; 0.25 is their second level.
    "noise": {"noise_sd": 0.25},
    # Ours: the same level at one hidden layer, drawn anew for every batch.
    "manifoldnoise": {"manifold_noise_sd": 0.25},
    # Madry et al. 2018, arXiv:1706.06083: an L-infinity ball. Its radius for one-hot DNA is ours:
    # under 0.03 no network came above an AUROC of 0.86 in 40 epochs.
    "adversarial": {"adversarial_radius": 0.01, "adversarial_steps": 3},
    # Yoshida and Miyato 2017, arXiv:1705.10941: lambda = 0.01, one power iteration a step.
    "spectral": {"spectral_penalty": 0.01, "spectral_iterations": 1},
}
REGULARISERS = ("standard", *REGULARISATION)


def configurations() -> list[str]:
    """The 28 configurations of the synthetic zoo, named like `bn-exp-mixup`."""
    return [
        f"{norm}-{activation}-{regulariser}"
        for norm in ("bn", "nobn")
        for activation in ACTIVATIONS
        for regulariser in REGULARISERS
    ]


def synthetic_recipe(
    model_id: str, epochs: int, data: Mapping[str, Any], training: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Recipe of one network of the synthetic zoo.

    Parameters
    ----------
    model_id : str
        `{bn|nobn}-{relu|exp}-{regulariser}-{init:02d}`.
    epochs : int
        Length of the training.
    data : mapping
        `n_sequences`, `length` and `data_seed` of the simulated data.
    training : mapping, optional
        Hyper-parameters that replace the defaults.

    Raises
    ------
    ValueError
        For an identifier that names no configuration.
    """
    norm, activation, regulariser, init = _parts(
        model_id, [("bn", "nobn"), ACTIVATIONS, REGULARISERS]
    )
    settings = {**OPTIMISATION, **REGULARISATION.get(regulariser, {})}
    settings.update({k: v for k, v in (training or {}).items() if k in settings})
    return {
        "population": "synthetic",
        "architecture": "synthetic",
        "batch_norm": norm == "bn",
        "activation": activation,
        "regulariser": regulariser,
        "init": init,
        "epochs": epochs,
        "task": "binary",
        "targets": [0],
        "n_outputs": 1,
        "reverse_complement": False,
        "stopping_patience": None,
        "data": dict(data),
        **settings,
    }


def accessibility_recipe(
    model_id: str, epochs: int = 40, data: str = "gm12878_dnase"
) -> dict[str, Any]:
    """Recipe of one accessibility network: `{task}-{architecture}-{targets}-{act}-{init:02d}`.

    Training stops when the validation score has not risen for six epochs and keeps the
    best weights; half of the sequences of each epoch are reverse-complemented.
    """
    task, architecture, target, activation, init = _parts(
        model_id, [tuple(TARGETS), ARCHITECTURES, ("gm12878", "four"), ACTIVATIONS]
    )
    if target not in TARGETS[task]:
        raise ValueError(f"{model_id}: a {task} network has no {target!r} targets")
    columns = TARGETS[task][target]
    return {
        "population": "gm12878_dnase",
        "architecture": architecture,
        "batch_norm": architecture != "bpnet",
        "activation": activation,
        "regulariser": "standard",
        "init": init,
        "epochs": epochs,
        "task": task,
        "targets": columns,
        "n_outputs": len(columns),
        "reverse_complement": True,
        "stopping_patience": 6,
        "data": {"data": data},
        **OPTIMISATION,
        "decay_patience": 2,
    }


def accessibility_ids() -> tuple[list[str], list[str]]:
    """The accessibility networks of the book: (those that are compared, replicas).

    Compared are 8 binary and 18 quantitative networks, as many as the paper has. A replica is a
    second initialisation of a compared network that has none among them: it shows how far maps
    depend on the initialisation, and enters no other comparison.
    """
    once = [
        f"binary-{architecture}-gm12878-{activation}"
        for architecture in ("basset", "cnn", "residual", "basenji")
        for activation in ACTIVATIONS
    ] + [f"quantitative-{architecture}-gm12878-relu" for architecture in ("bpnet", "basenji")]
    twice = [
        f"quantitative-{architecture}-{targets}-{activation}"
        for architecture in ("cnn", "residual")
        for targets in ("gm12878", "four")
        for activation in ACTIVATIONS
    ]
    compared = [f"{name}-00" for name in once] + [f"{n}-{i:02d}" for n in twice for i in (0, 1)]
    return compared, [f"{name}-01" for name in once]


def published_ids() -> list[str]:
    """Names of the 200 published networks, `{deep|shallow}-{relu|exp}-{init:02d}`."""
    return [
        f"{depth}-{activation}-{init:02d}"
        for depth in ("deep", "shallow")
        for activation in ACTIVATIONS
        for init in range(PUBLISHED_INITIALISATIONS)
    ]


def published_parts(model_id: str) -> tuple[str, str, int]:
    """Depth, activation and initialisation of a published network.

    Raises
    ------
    ValueError
        For an identifier that names none.
    """
    depth, activation, init = _parts(model_id, [("deep", "shallow"), ACTIVATIONS])
    if model_id not in published_ids():
        last = PUBLISHED_INITIALISATIONS - 1
        raise ValueError(f"{model_id!r}: initialisations of published networks are 00 to {last}")
    return depth, activation, init


def published_file(model_id: str) -> str:
    """Name of the file of a published network in the registry of remote files."""
    depth, activation, init = published_parts(model_id)
    return f"koo_synthetic_models/{PUBLISHED[depth]}_{PUBLISHED[activation]}_{init}.h5"


def digest(recipe: dict[str, Any]) -> str:
    """Twelve hexadecimal digits that name a recipe and the training version."""
    text = json.dumps([TRAINING_VERSION, recipe], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _parts(model_id: str, choices: Sequence[tuple[str, ...]]) -> tuple[Any, ...]:
    """Split an identifier, check each part against its choices, give init as an int."""
    parts = model_id.split("-")
    if len(parts) != len(choices) + 1 or not parts[-1].isdigit():
        pattern = "-".join("{" + "|".join(c) + "}" for c in choices) + "-{init:02d}"
        raise ValueError(f"{model_id!r} is not a network identifier; expected {pattern}")
    for part, allowed in zip(parts, choices):
        if part not in allowed:
            near = difflib.get_close_matches(part, allowed, 1, 0) or [allowed[0]]
            raise ValueError(
                f"{model_id!r}: {part!r} is not one of {', '.join(allowed)}; "
                f"did you mean {near[0]!r}?"
            )
    return (*parts[:-1], int(parts[-1]))
