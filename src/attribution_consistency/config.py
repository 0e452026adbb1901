"""Configuration of a run: read, checked against the schema, every default filled in.

All checks happen before any work.  A mistake raises `ConfigError`, one line that names the
parameter and, for an unknown one, the nearest valid name.
"""

from __future__ import annotations

import ast
import difflib
import functools
import itertools
import json
import re
from collections.abc import Hashable, Iterable, Iterator
from importlib.resources import files
from os import PathLike
from pathlib import Path
from types import EllipsisType
from typing import TYPE_CHECKING, Annotated, Any, Union

from . import artefacts

if TYPE_CHECKING:
    import jsonschema
    from pydantic import TypeAdapter


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
    artefacts.Run(path.stem)
    return resolve(_parse_yaml(text, path), path)


def load_resolved(run: str) -> dict[str, Any]:
    """The configuration that `configure` wrote for a run."""
    path = artefacts.Run(run).config
    if not path.exists():
        raise ConfigError(
            f"{artefacts.relative(path)}: no such file: run 'attribution-consistency configure' "
            f"on the configuration of {run!r} first"
        )
    return load_text(path)


def load_text(path: str | PathLike[str]) -> dict[str, Any]:
    """Read a resolved configuration without checking it again."""
    return _parse_yaml(Path(path).read_text(encoding="utf-8"), path)


def resolve(given: Any, source: str | PathLike[str] = "configuration") -> dict[str, Any]:
    """Check a dict of parameters and fill in the defaults.

    Raises
    ------
    ConfigError
        A parameter is unknown or its value cannot be used; the message starts with `source`.
    """
    schema = config_schema()
    given = {} if given is None else given
    if not isinstance(given, dict):
        raise ConfigError(f"{source}: expected 'parameter: value' lines, got {_shown(given)}")
    _check(given, schema, source)
    config = _fill(given, schema)
    _check_networks(config, source)
    _check_lengths(config, source)
    _check_batches(config, source)
    config["notebooks"] = _check_notebooks(config.get("notebooks"), source)
    return config


def config_schema() -> dict[str, Any]:
    """The JSON schema of a configuration."""
    return json.loads((files(__package__) / "resources" / "config.schema.json").read_text())


def model_epochs(config: dict[str, Any]) -> dict[str, int]:
    """Networks of the synthetic task in a run: {model id: epochs}, in training order."""
    from .models import recipes

    zoo = config["zoo"]
    named = recipes.configurations() if zoo["configurations"] == "all" else zoo["configurations"]
    epochs = {f"{c}-{i:02d}": zoo["epochs"] for c in named for i in zoo["initialisations"]}
    for extra in zoo["extra"]:
        epochs[f"{extra['configuration']}-{extra['init']:02d}"] = extra["epochs"]
    return epochs


# --- YAML ------------------------------------------------------------------------------


def _parse_yaml(text: str, source: str | PathLike[str]) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """Refuses a key given twice and reads 1e-3 as a number, as YAML 1.2 does."""

        def construct_mapping(
            self, node: yaml.MappingNode, deep: bool = False
        ) -> dict[Hashable, Any]:
            keys = [key.value for key, _ in node.value]
            for key in keys:
                if keys.count(key) > 1:
                    line = node.start_mark.line + 1
                    raise ConfigError(f"{source}: {key} is given twice (section at line {line})")
            return super().construct_mapping(node, deep)

    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:float",
        re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"),
        list("-+0123456789"),
    )
    try:
        return yaml.load(text, Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "unreadable"
        raise ConfigError(f"{source}: not valid YAML{where}: {problem}") from None


# --- schema ----------------------------------------------------------------------------

_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "'parameter: value' lines",
    "null": "nothing",
}


def _check(given: Any, schema: dict[str, Any], source: str | PathLike[str]) -> None:
    """Raise for the first thing in `given` that the schema does not allow."""
    import jsonschema

    errors = jsonschema.Draft202012Validator(schema).iter_errors(given)
    for error in sorted(errors, key=lambda e: [str(part) for part in e.path]):
        raise ConfigError(f"{source}: {_explain(error, schema)}") from None


def _explain(error: jsonschema.ValidationError, schema: dict[str, Any]) -> str:
    """One sentence for a jsonschema error."""
    where, value, limit = _path(error.path), _shown(error.instance), error.validator_value
    if error.validator == "additionalProperties":
        allowed = list(error.schema["properties"])
        unknown = next(key for key in error.instance if key not in allowed)
        return unknown_name(f"{where}.{unknown}".lstrip("."), where, allowed, _all_paths(schema))
    if error.validator == "required":
        missing = next(key for key in limit if key not in error.instance)
        return f"{where}: lacks {missing}"
    if error.validator == "type":
        kinds = [limit] if isinstance(limit, str) else limit
        return f"{where}: expected {' or '.join(_TYPES[k] for k in kinds)}, got {value}"
    if error.validator == "enum":
        near = nearest(error.instance, limit)
        hint = f"; nearest valid value: {near}" if near else ""
        return f"{where}: expected one of {', '.join(map(str, limit))}, got {value}{hint}"
    rules = {
        "minimum": "at least {}",
        "maximum": "at most {}",
        "exclusiveMinimum": "more than {}",
        "multipleOf": "a multiple of {}",
        "minItems": "at least {} item(s)",
        "uniqueItems": "no item twice",
        "minLength": "some text",
    }
    if error.validator in rules:
        return f"{where}: expected {rules[error.validator].format(limit)}, got {value}"
    return f"{where}: expected {error.schema.get('description', 'another value')}, got {value}"


def unknown_name(
    name: str, section: str, allowed: Iterable[str], everywhere: Iterable[str] = ()
) -> str:
    """Message for an unknown parameter `name` of `section`, naming the nearest valid one."""
    leaf = name.rsplit(".", 1)[-1]
    near = nearest(leaf, allowed)
    if near:
        return f"{name}: unknown parameter; nearest valid name: {f'{section}.{near}'.lstrip('.')}"
    elsewhere = {path.rsplit(".", 1)[-1]: path for path in reversed(list(everywhere))}
    near = nearest(leaf, elsewhere)
    if near:
        return f"{name}: unknown parameter; nearest valid name: {elsewhere[near]}"
    return f"{name}: unknown parameter; valid names here: {', '.join(allowed)}"


def nearest(word: object, choices: Iterable[object]) -> str | None:
    """The choice most like `word`, or None."""
    found = difflib.get_close_matches(str(word), [str(c) for c in choices], 1, 0.5)
    return found[0] if found else None


def _all_paths(schema: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, part in schema.get("properties", {}).items():
        yield prefix + name
        yield from _all_paths(part, f"{prefix}{name}.")


def _path(parts: Iterable[str | int]) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _shown(value: object) -> str:
    try:
        text = json.dumps(value, default=str)
    except (TypeError, ValueError):  # a date as a key, a list within itself
        text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _fill(given: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """`given` with the schema's defaults, in the order of the schema."""
    filled: dict[str, Any] = {}
    for name, part in schema["properties"].items():
        if name not in given and "default" not in part:
            continue
        value = given.get(name, part.get("default"))
        filled[name] = _fill(value, part) if "properties" in part else value
        if part.get("type") in ("integer", "number"):  # 2 and 2.0 are one setting, of one digest
            filled[name] = (int if part["type"] == "integer" else float)(filled[name])
    return filled


# --- what the schema cannot say --------------------------------------------------------


def _check_networks(config: dict[str, Any], source: str | PathLike[str]) -> None:
    from .models import recipes

    zoo, known = config["zoo"], recipes.configurations()
    named = [] if zoo["configurations"] == "all" else zoo["configurations"]
    places = {f"zoo.configurations[{i}]": name for i, name in enumerate(named)}
    for i, extra in enumerate(zoo["extra"]):
        places[f"zoo.extra[{i}].configuration"] = extra["configuration"]
    for place, name in places.items():
        if name not in known:
            near = nearest(name, known) or known[0]
            raise ConfigError(
                f"{source}: {place}: unknown configuration {name!r}; nearest valid name: {near}"
            )
    ids = [
        f"{c}-{i:02d}"
        for c in (known if zoo["configurations"] == "all" else named)
        for i in zoo["initialisations"]
    ]
    for i, extra in enumerate(zoo["extra"]):
        model_id = f"{extra['configuration']}-{extra['init']:02d}"
        if model_id in ids:
            raise ConfigError(
                f"{source}: zoo.extra[{i}]: {model_id} is already in the run; choose another init"
            )
        ids.append(model_id)
    for part, check in (("gm12878", recipes.accessibility_recipe), ("koo", recipes.published_file)):
        named = config[part]["models"]
        for i, model_id in enumerate(named if isinstance(named, list) else []):
            try:
                check(model_id)
            except ValueError as error:
                raise ConfigError(f"{source}: {part}.models[{i}]: {error}") from None
    length, read = config["synthetic"]["length"], recipes.PUBLISHED_LENGTH
    if config["koo"]["models"] not in ("available", []) and length != read:
        raise ConfigError(
            f"{source}: koo.models: these networks read {read} nt, and synthetic.length is "
            f"{length}: change one of them"
        )


def _check_lengths(config: dict[str, Any], source: str | PathLike[str]) -> None:
    longest, length = max(config["scores"]["ks"]), config["synthetic"]["length"]
    if longest > length:
        raise ConfigError(
            f"{source}: scores.ks: k = {longest} is longer than the sequences "
            f"(synthetic.length: {length})"
        )


def _check_batches(config: dict[str, Any], source: str | PathLike[str]) -> None:
    """A last incomplete batch is left out, so an epoch needs one whole batch."""
    from .datasets.synthetic import SPLIT_FRACTIONS

    zoo, n = config["zoo"], config["synthetic"]["n_sequences"]
    batch, available = zoo["training"]["batch_size"], round(SPLIT_FRACTIONS[0] * n)
    trained = zoo["extra"] if zoo["weights"] == "available" else model_epochs(config)
    if trained and available < batch:
        raise ConfigError(
            f"{source}: zoo.training.batch_size: {batch} sequences are more than the {available} "
            f"for training out of {n} (synthetic.n_sequences): change one of them"
        )


def _check_notebooks(
    given: dict[str, dict[str, Any] | None] | None, source: str | PathLike[str]
) -> dict[str, dict[str, Any]]:
    """The notebooks of the run, each with its checked parameter overrides."""
    names = artefacts.notebook_names()
    given = dict.fromkeys(names) if given is None else given
    for name, overrides in given.items():
        if name not in names:
            raise ConfigError(f"{source}: {unknown_name(f'notebooks.{name}', 'notebooks', names)}")
        known = notebook_parameters(artefacts.notebook_source(name))
        for parameter, value in (overrides or {}).items():
            where = f"notebooks.{name}.{parameter}"
            if parameter == "run":
                raise ConfigError(f"{source}: {where}: is set by the workflow; remove it")
            if parameter not in known:
                raise ConfigError(
                    f"{source}: {unknown_name(where, f'notebooks.{name}', list(known))}"
                )
            annotation = known[parameter]
            if not fits(value, annotation):
                raise ConfigError(f"{source}: {where}: expected {annotation}, got {_shown(value)}")
    return {name: dict(given[name] or {}) for name in names if name in given}


def notebook_parameters(path: str | PathLike[str]) -> dict[str, str]:
    """Parameters of a percent-format notebook: {name: annotation as text}.

    They are the annotated assignments, `name: type = default  # meaning`, of the one cell
    tagged `parameters`.

    Raises
    ------
    ConfigError
        The notebook is missing, has no such cell or cannot be parsed, or an annotation is none
        of the types that `fits` knows.
    """
    path = Path(path)
    where = artefacts.relative(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise ConfigError(f"{where}: no such notebook") from None
    cells = [i for i, line in enumerate(lines) if line.startswith("# %%")] + [len(lines)]
    tagged = [
        (start, stop)
        for start, stop in itertools.pairwise(cells)
        if re.search(r"tags=\[[^\]]*[\"']parameters[\"']", lines[start])
    ]
    if len(tagged) != 1:
        raise ConfigError(f"{where}: expected one cell tagged 'parameters', found {len(tagged)}")
    start, stop = tagged[0]
    try:
        body = ast.parse("\n".join(lines[start + 1 : stop])).body
    except SyntaxError as error:
        line = start + 1 + (error.lineno or 0)
        raise ConfigError(f"{where}: line {line}: {error.msg}") from None
    cell = "\n".join(lines[start + 1 : stop]).strip()
    if cell.startswith("run") and "\n" not in cell:
        # IPython looks for its commands, %run here, in cells of a single line.
        raise ConfigError(f"{where}: line {start + 2}: add a comment line, or IPython runs '%run'")
    found = {}
    for statement in body:
        line = start + 1 + statement.lineno
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                annotation = ast.unparse(statement.annotation)
            case _:
                raise ConfigError(f"{where}: line {line}: a parameter is 'name: type = default'")
        try:
            _adapter(annotation)
        except ConfigError as error:
            raise ConfigError(f"{where}: line {line}: {name}: {error}") from None
        found[name] = annotation
    return found


# --- types of notebook parameters --------------------------------------------------------

_PLAIN: dict[str, Any] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "list": list,
    "dict": dict,
}
# With how many types in brackets.
_FILLED: dict[tuple[str, int], Any] = {("list", 1): list, ("dict", 2): dict}
_UNION: Any = Union
_TUPLE: Any = tuple
_OF_NUMBERS = ("ge", "gt", "le", "lt", "multiple_of")
_OF_LENGTHS = ("min_length", "max_length")
_BOUNDS = {
    **dict.fromkeys(("int", "float"), _OF_NUMBERS),
    **dict.fromkeys(("str", "list", "tuple", "dict"), _OF_LENGTHS),
}


def fits(value: object, annotation: str) -> bool:
    """Whether `value`, as YAML gives it, is of the type written as `annotation`.

    Known are int, float, str, bool, None, list, dict and tuple, the last three also with types
    in brackets, Literal, Optional, Union, unions with `|`, and Annotated with the bounds of a
    `Field`.  A whole number is a float too; true and false are no numbers, and neither are NaN
    and infinity.  YAML has no tuples: a list stands for one.

    Raises
    ------
    ConfigError
        The annotation is none of these.
    """
    from pydantic import ValidationError

    try:
        _adapter(annotation).validate_python(value)
    except ValidationError:
        return False
    return True


@functools.cache
def _adapter(annotation: str) -> TypeAdapter[Any]:
    """What checks values of a type; ConfigError when nobody knows the annotation.

    No part of the text is evaluated: its syntax tree is translated.  So nothing in it can run,
    and pydantic never sees text in the place of a type, which it would evaluate.
    """
    from pydantic import ConfigDict, PydanticUserError, TypeAdapter
    from pydantic_core import SchemaError

    try:
        known = _type(ast.parse(annotation, mode="eval").body)
        return TypeAdapter(known, config=ConfigDict(strict=True, allow_inf_nan=False))
    except (LookupError, SyntaxError, TypeError, ValueError, PydanticUserError, SchemaError):
        raise ConfigError(
            f"unknown type {annotation}; use int, float, str, bool, None, list[...], "
            "tuple[...], dict[..., ...], Literal[...], Annotated[..., Field(...)] or a union"
        ) from None


def _type(node: ast.expr) -> Any:
    """The type that the syntax tree of an annotation names; LookupError for an unknown one."""
    match node:
        case ast.Constant(value=None):
            return None
        case ast.Name(id="tuple"):
            return _tuple(tuple)
        case ast.Name(id=name) if name in _PLAIN:
            return _PLAIN[name]
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _UNION[_type(left), _type(right)]
        case ast.Subscript(value=ast.Name(id=outer), slice=inner):
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            match outer, parts:
                case "Literal", [_, *_]:
                    return _literal(parts)
                case "Annotated", [first, _, *_]:
                    return _annotated(first, parts[1:])
                case "Optional", [only]:
                    return _UNION[_type(only), None]
                case "Union", [_, *_]:
                    return _UNION[tuple(map(_type, parts))]
                case "tuple", [first, ast.Constant(value=EllipsisType())]:
                    return _tuple(_TUPLE[_type(first), ...])
                case "tuple", _:
                    return _tuple(_TUPLE[tuple(map(_type, parts))])
            return _FILLED[outer, len(parts)][tuple(map(_type, parts))]
    raise LookupError(ast.unparse(node))


def _tuple(kind: Any) -> Any:
    """The type of a tuple, for which a list may stand."""
    from pydantic import BeforeValidator

    as_tuple = BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
    return Annotated[kind, as_tuple]


def _literal(parts: list[ast.expr]) -> Any:
    """One of these values, of the same type: to pydantic's own, true is 1 and so is 1.0."""
    from pydantic import AfterValidator

    choices = [ast.literal_eval(part) for part in parts]
    if not all(isinstance(choice, int | str | None) for choice in choices):
        raise LookupError("Literal")

    def one_of(value: object) -> object:
        if (type(value), value) not in [(type(choice), choice) for choice in choices]:
            raise ValueError(f"none of {choices}")
        return value

    return Annotated[Any, AfterValidator(one_of)]


def _annotated(kind: ast.expr, notes: list[ast.expr]) -> Any:
    """A type with bounds, each of which it can have."""
    from pydantic import Field

    allowed = _BOUNDS.get(ast.unparse(kind.value if isinstance(kind, ast.Subscript) else kind), ())
    marks: list[Any] = []
    for note in notes:
        match note:
            case ast.Constant(value=str(comment)):
                marks.append(comment)
            case ast.Call(func=ast.Name(id="Field"), args=[], keywords=bounds):
                given = {str(bound.arg): ast.literal_eval(bound.value) for bound in bounds}
                if not given or not set(given) <= set(allowed):
                    raise LookupError(ast.unparse(note))
                marks.append(Field(**given))
            case _:
                raise LookupError(ast.unparse(note))
    return Annotated[(_type(kind), *marks)]
