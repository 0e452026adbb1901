"""Parameters of a notebook: the names and types in its `parameters` cell, and what fits them."""

from __future__ import annotations

import ast
import functools
import re
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Union

from pydantic import ConfigDict, TypeAdapter, ValidationError

from . import paths

CELL = re.compile(
    r"^# %%[^\n]*tags=\[[^\]]*[\"']parameters[\"'].*?\n(.*?)(?=^# %%|\Z)", re.M | re.S
)
PLAIN: dict[str, Any] = {"int": int, "float": float, "str": str, "bool": bool}


class ParameterError(ValueError):
    """A notebook whose parameters cannot be read; the message names notebook and line."""


def notebook_parameters(path: str | PathLike[str]) -> dict[str, str]:
    """Parameters of a percent-format notebook: {name: annotation as text}.

    They are the annotated assignments, `name: type = default  # meaning`, of the one cell
    tagged `parameters`.

    Raises
    ------
    ParameterError
        The notebook is missing, has no such cell or cannot be parsed, or an annotation is none
        of the types that `fits` knows.
    """
    where = paths.relative(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ParameterError(f"{where}: no such notebook") from None
    cells = list(CELL.finditer(text))
    if len(cells) != 1:
        raise ParameterError(f"{where}: expected one cell tagged 'parameters', found {len(cells)}")
    cell, before = cells[0][1], text.count("\n", 0, cells[0].start(1))
    if cell.lstrip().startswith("run") and "\n" not in cell.strip():
        # IPython looks for its commands, %run here, in cells of a single line.
        raise ParameterError(
            f"{where}: line {before + 1}: add a comment line, or IPython runs '%run'"
        )
    types = {}
    try:
        for statement in ast.parse("\n" * before + cell).body:
            place = f"{where}: line {statement.lineno}"
            match statement:
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                    place += f": {name}"
                    types[name] = ast.unparse(statement.annotation)
                    _adapter(types[name])
                case _:
                    raise ParameterError("a parameter is 'name: type = default'")
    except SyntaxError as error:
        raise ParameterError(f"{where}: line {error.lineno}: {error.msg}") from None
    except ParameterError as error:
        raise ParameterError(f"{place}: {error}") from None
    return types


def fits(value: object, annotation: str) -> bool:
    """Whether `value`, as YAML gives it, is of the type written as `annotation`.

    Known are int, float, str, bool, None, list[...], dict[..., ...], Literal[...] of texts and
    unions with `|`.  A whole number is a float too; true and false are no numbers, and neither
    are NaN and infinity.  There is no tuple, since YAML has none: a list would arrive.

    Raises
    ------
    ParameterError
        The annotation is none of these.
    """
    try:
        _adapter(annotation).validate_python(value)
    except ValidationError:
        return False
    return True


@functools.cache
def _adapter(annotation: str) -> TypeAdapter[Any]:
    """What checks values of a type.  Its text is never evaluated, so nothing in it can run."""
    try:
        known = _type(ast.parse(annotation, mode="eval").body)
    except (LookupError, SyntaxError, ValueError):
        raise ParameterError(
            f"unknown type {annotation}; use int, float, str, bool, None, list[...], "
            "dict[..., ...], Literal['...'] or a union"
        ) from None
    return TypeAdapter(known, config=ConfigDict(strict=True, allow_inf_nan=False))


def _type(node: ast.expr) -> Any:
    """The type that a syntax tree names; LookupError for an unknown one."""
    match node:
        case ast.Constant(value=None):
            return None
        case ast.Name(id=name):
            return PLAIN[name]
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return Union[_type(left), _type(right)]  # noqa: UP007
        case ast.Subscript(value=ast.Name(id="list"), slice=item):
            return list[_type(item)]  # type: ignore[misc]
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[key, item])):
            return dict[_type(key), _type(item)]  # type: ignore[misc]
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
            choices = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            texts = tuple(ast.literal_eval(choice) for choice in choices)
            if set(map(type, texts)) == {str}:  # pydantic takes true and 1.0 for 1
                return Literal[texts]
    raise LookupError(ast.unparse(node))
