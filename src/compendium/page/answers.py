"""How an answer to an exercise is compared with the right one, and what is said of a wrong one."""

from __future__ import annotations

import math
import numbers
from typing import Any


def plain(value: Any) -> Any:
    """`value` as JSON knows it: arrays and tuples as lists, keys as text."""
    if hasattr(value, "to_dict"):
        value = value.to_dict()
    if isinstance(value, dict):
        return {_key(key): plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def _key(key: Any) -> str:
    """A key as text, the same for 1, 1.0 and NumPy's."""
    number = isinstance(key, numbers.Real) and not isinstance(key, bool)
    return f"{key:.12g}" if number else str(key)


def same(value: Any, right: Any, tolerance: tuple[float, float]) -> bool:
    """Whether two plain values agree, numbers within a relative and an absolute tolerance."""
    if _kind(value) != _kind(right):
        return False
    if isinstance(right, (dict, list)):
        items, expected = _items(value), _items(right)
        if set(items) != set(expected):
            return False
        return all(same(items[key], expected[key], tolerance) for key in expected)
    if _kind(right) == "a number":
        both_nan = math.isnan(value) and math.isnan(right)
        relative, absolute = tolerance
        return both_nan or math.isclose(value, right, rel_tol=relative, abs_tol=absolute)
    return value == right


def difference(value: Any, right: Any, tolerance: tuple[float, float]) -> str:
    """How a wrong plain value differs from the right one, without saying the right one."""
    if _kind(value) != _kind(right):
        return f"got {_kind(value)}, expected {_kind(right)}"
    if isinstance(right, dict) and set(value) != set(right):
        lacking, surplus = set(right) - set(value), set(value) - set(right)
        word, keys = ("lacks", lacking) if lacking else ("should not have", surplus)
        return f"{word} the key {min(keys)!r}"
    if isinstance(right, list) and len(value) != len(right):
        return f"has {len(value)} entries, expected {len(right)}"
    if isinstance(right, (dict, list)):
        items, expected = _items(value), _items(right)
        wrong = [key for key in expected if not same(items[key], expected[key], tolerance)]
        first = wrong[0]
        where = f"for {first!r}" if isinstance(right, dict) else f"entry {first}"
        about = difference(items[first], expected[first], tolerance)
        return f"{len(wrong)} of {len(right)} are wrong; {where}: {about}"
    if _kind(right) == "a number":
        if math.isnan(value):
            return "is not a number (NaN): is something undefined left in, or divided by 0?"
        if value * right < 0:
            return "has the wrong sign"
        return "is too large" if value > right else "is too small"
    return "is another one"


def _items(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else dict(enumerate(value))


KINDS = {bool: "True or False", str: "text", list: "a list", dict: "a dictionary"}
KINDS |= dict.fromkeys((int, float), "a number")


def _kind(value: Any) -> str:
    return KINDS.get(type(value), type(value).__name__)
