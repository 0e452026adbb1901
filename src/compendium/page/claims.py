"""Numbers that the book's prose states: shown through MyST-NB glue, kept for the tests."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from .. import paths


def report(name: str, value: Any, fmt: str | Callable[[Any], str] = ".3g") -> None:
    """State a number, or an estimate with its interval, under a name for the role `glue:text`.

    When the workflow executes the notebook, the value and its text also go to the run's
    claims, which `make store` collects and the tests hold the book against.

    Parameters
    ----------
    name : str
        Unique in the book.
    value : number, str, or what has `low`, `high` and `value` or `estimate`
        An estimate is one piece of text, such as "0.95 (0.91 to 0.97)".
    fmt : str or callable
        A format specification such as ".2f", or a function to text.
    """
    written = fmt if callable(fmt) else lambda number: format(number, fmt)
    if hasattr(value, "low"):
        ends = written(value.low), written(value.high)
        value = value.value if hasattr(value, "value") else value.estimate
        text = f"{written(value)} ({ends[0]} to {ends[1]})"
    else:
        text = value if isinstance(value, str) else written(value)
    _glue(name, text)
    run = os.environ.get(paths.RUN_VARIABLE)
    notebook = os.environ.get(paths.NOTEBOOK_VARIABLE)
    if run and notebook:
        path = paths.Run(run).claims(notebook)
        claims = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if not isinstance(value, str):
            value = float(value)
        paths.write_json(path, claims | {name: {"value": value, "text": text}})


def expect(sentence: str, holds: bool) -> None:
    """Where a rerun breaks a sentence of the prose, say so at that sentence; else show nothing."""
    if not holds:
        from IPython.display import Markdown, display

        said = f"This run does not bear out the next sentence: {sentence}."
        display(Markdown(f":::{{warning}}\n{said}\n:::"))


def decimals(value: float) -> str:
    """Two decimals, three where two would hide the sign, a dash where there is no number."""
    if value != value:  # NaN
        return "–"
    if 0 < abs(value) < 0.0005:
        return "< 0.001" if value > 0 else "> -0.001"
    return f"{value:.3f}" if 0 < abs(value) < 0.005 else f"{value:.2f}"


def percent(value: float) -> str:
    """Whole per cent; a share is written as 0 or 100 % only where it is."""
    if value != value:  # NaN
        return "–"
    return "< 1%" if 0 < value <= 0.005 else "> 99%" if 0.995 <= value < 1 else f"{value:.0%}"


def p_value(p: float, draws: int) -> str:
    """A p-value of so many draws with its sign; the smallest that there can be, as a bound."""
    least = 1 / (1 + draws)
    return f"≤ {least:.2g}" if p <= least else f"= {p:.2g}"


def _glue(name, text):
    """Leave `text` in the notebook's outputs, unseen, for prose to show."""
    from myst_nb import glue

    # A plain string: its quotes keep "20,000" from being read as a pair of numbers.
    glue(name, text, display=False)
