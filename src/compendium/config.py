"""Configuration of a run: read, checked against `settings`, every default filled in.

All checks happen before any work.  A mistake raises `ConfigError`, one line that names the
parameter, what was expected and got, and for an unknown parameter the nearest valid name.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Hashable, Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import ValidationError

from . import artefacts, paths
from .parameters import ParameterError, fits, notebook_parameters
from .settings import Configuration, Section
from .zoo import recipes


class ConfigError(ValueError):
    """A configuration that cannot be run; the message names file, parameter and remedy."""


def load(path: str | PathLike[str]) -> dict[str, Any]:
    """Read a configuration file; returns the full configuration.

    Raises
    ------
    ConfigError
        The file is missing, is not YAML, or holds an unknown or ill-typed parameter.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from None
    paths.Run(path.stem)
    return resolve(_parse_yaml(text, path), path)


def load_resolved(run: str) -> dict[str, Any]:
    """The configuration that `configure` wrote for a run, which is not checked again."""
    path = paths.Run(run).config
    if not path.exists():
        raise ConfigError(
            f"{paths.relative(path)}: no such file: run 'python -m compendium configure' on the "
            f"configuration of {run!r} first"
        )
    artefacts.check(path)
    return _parse_yaml(path.read_text(encoding="utf-8"), path)


def resolve(given: Any, source: str | PathLike[str] = "configuration") -> dict[str, Any]:
    """Check a dict of parameters and fill in the defaults.

    Raises
    ------
    ConfigError
        A parameter is unknown or its value cannot be used; the message starts with `source`.
    """
    given = {} if given is None else given
    try:
        settings = Configuration.model_validate(given)
        config = settings.model_dump() | {"notebooks": checked_notebooks(settings.notebooks)}
        _check_agreement(settings, model_epochs(config))
    except ValidationError as error:
        raise ConfigError(f"{source}: {_explain(error, given)}") from None
    except (ConfigError, ParameterError) as error:
        raise ConfigError(f"{source}: {error}") from None
    return config


def model_epochs(config: dict[str, Any]) -> dict[str, int]:
    """Networks of the synthetic task in a run: {model id: epochs}, in training order."""
    zoo = config["zoo"]
    named = recipes.configurations() if zoo["configurations"] == "all" else zoo["configurations"]
    epochs = {f"{c}-{i:02d}": zoo["epochs"] for c in named for i in zoo["initialisations"]}
    for i, extra in enumerate(zoo["extra"]):
        model_id = f"{extra['configuration']}-{extra['init']:02d}"
        if model_id in epochs:
            raise ConfigError(
                f"zoo.extra[{i}]: {model_id} is already in the run; choose another init"
            )
        epochs[model_id] = extra["epochs"]
    return epochs


# --- YAML ------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """Refuses a key given twice and reads 1e-3 as a number, as YAML 1.2 does."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                problem = f"{key} is given twice in this section"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def _parse_yaml(text: str, source: str | PathLike[str]) -> Any:
    try:
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, RecursionError) as error:  # the latter: brackets in brackets
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "unreadable"
        raise ConfigError(f"{source}: not valid YAML{where}: {problem}") from None


# --- what no parameter shows alone -----------------------------------------------------


def _check_agreement(settings: Configuration, networks: Iterable[str]) -> None:
    """Whether published networks can read the sequences, and an epoch has one whole batch."""
    from attribution_consistency.simulation import SPLIT_FRACTIONS

    length, read = settings.synthetic.length, recipes.PUBLISHED_LENGTH
    if settings.koo.models not in ("available", []) and length != read:
        raise ConfigError(
            f"koo.models: these networks read {read} nt, and synthetic.length is {length}: "
            "change one of them"
        )
    n, batch = settings.synthetic.n_sequences, settings.zoo.training.batch_size
    available = round(SPLIT_FRACTIONS[0] * n)
    trained = settings.zoo.extra if settings.zoo.weights == "available" else networks
    if trained and available < batch:  # a last incomplete batch is left out
        raise ConfigError(
            f"zoo.training.batch_size: {batch} sequences are more than the {available} for "
            f"training out of {n} (synthetic.n_sequences): change one of them"
        )


def checked_notebooks(given: dict[str, dict[str, Any] | None]) -> dict[str, dict[str, Any]]:
    """The notebooks of a run in reading order, each with its checked parameters."""
    names = paths.notebook_names()
    for name, overrides in given.items():
        if name not in names:
            raise ConfigError(_unknown(f"notebooks.{name}", [f"notebooks.{n}" for n in names]))
        types = notebook_parameters(paths.notebook_source(name))
        for parameter, value in (overrides or {}).items():
            where = f"notebooks.{name}.{parameter}"
            if parameter == "run":
                raise ConfigError(f"{where}: is set by the workflow; remove it")
            if parameter not in types:
                raise ConfigError(_unknown(where, [f"notebooks.{name}.{n}" for n in types]))
            if not fits(value, types[parameter]):
                raise ConfigError(f"{where}: expected {types[parameter]}, got {_shown(value)}")
    return {name: dict(given[name] or {}) for name in names if name in given}


# --- mistakes --------------------------------------------------------------------------

_LINES = "'parameter: value' lines"
_EXPECTED = {
    "int_type": "a whole number",
    "string_type": "text",
    "model_type": _LINES,
    "dict_type": _LINES,
    "too_short": "at least one item",
    "string_too_short": "some text",
}


def _explain(error: ValidationError, given: Any) -> str:
    """One sentence for the first mistake."""
    mistakes = error.errors(include_url=False)
    places = [_place(mistake["loc"], given) for mistake in mistakes]
    # Where types are alternatives each of them complains; the deepest complaint is to the point.
    place = max((p for p in places if p.startswith(places[0])), key=len)
    alternatives = [mistake for mistake, p in zip(mistakes, places) if p == place]
    first = alternatives[0]
    match first["type"]:
        case "extra_forbidden" | "invalid_key":
            return _unknown(place, list(_names(Configuration)))
        case "missing":
            return f"{place}: lacks {first['loc'][-1]}"
        case "value_error":
            return f"{place}: {first['ctx']['error']}"
    expected = " or ".join(
        _EXPECTED.get(a["type"], a["msg"].removeprefix("Input should be ")) for a in alternatives
    )
    near = nearest(first["input"], re.findall("'(.*?)'", first.get("ctx", {}).get("expected", "")))
    hint = f"; nearest valid value: {near}" if near else ""
    return f"{place}: expected {expected}, got {_shown(first['input'])}{hint}".removeprefix(": ")


def _place(parts: Iterable[str | int], given: Any) -> str:
    """The place of a mistake, like `zoo.extra[0].init`, without the names of types."""
    place = ""
    for part in parts:
        if isinstance(given, dict) and part in given:
            place, given = f"{place}.{part}", given[part]
        elif isinstance(given, list) and isinstance(part, int):
            place, given = f"{place}[{part}]", given[part]
    return place.removeprefix(".")


def _names(section: type[Section], prefix: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield prefix + name
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, Section):
                yield from _names(kind, f"{prefix}{name}.")


def _unknown(name: str, known: list[str]) -> str:
    """Message for an unknown parameter that names the nearest one, of its own section if it can."""
    section, _, leaf = re.sub(r"\[\d+\]", "", name).rpartition(".")
    siblings = {k.rpartition(".")[2]: k for k in known if k.rpartition(".")[0] == section}
    everywhere = {k.rpartition(".")[2]: k for k in reversed(known)}
    for choices in (siblings, everywhere):
        near = nearest(leaf, choices)
        if near:
            return f"{name}: unknown parameter; nearest valid name: {choices[near]}"
    return f"{name}: unknown parameter; valid names here: {', '.join(siblings)}"


def nearest(word: object, choices: Iterable[object]) -> str | None:
    """The choice most like `word`, or None."""
    matches = difflib.get_close_matches(str(word), [str(c) for c in choices], 1, 0.5)
    return matches[0] if matches else None


def _shown(value: object) -> str:
    try:
        text = json.dumps(value, default=str)
    except (TypeError, ValueError):  # a date as a key, a list within itself
        text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
