"""What the exercises need beside the package: their data, and the checks of the answers.

The workflow puts this file into `lesson_data.zip`, beside the data and the keys. Python imports it
from there:

    import sys

    sys.path.insert(0, "lesson_data.zip")
    import lesson

It knows neither the repository nor a run.
"""

from __future__ import annotations

import io
import json
import math
import numbers
import os
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from IPython.display import Image, Markdown
    from numpy.typing import ArrayLike

HERE = os.path.dirname(os.path.abspath(__file__))  # lesson_data.zip, or a folder with its content


class LessonError(ValueError):
    """Something is missing; the message says what and what to do."""


# --- data ------------------------------------------------------------------------------


class Sequences(NamedTuple):
    """Sequences and the truth about them."""

    x: np.ndarray  # (N, L, 4) one-hot, in the order A C G T
    motif: np.ndarray  # (N, L) True at informative positions of a motif
    spacer: np.ndarray  # (N, L) True between the motifs


def content(name: str) -> bytes:
    """A file of `lesson_data.zip`.

    Raises
    ------
    LessonError
        There is none of this name.
    """
    try:
        if os.path.isfile(HERE):
            with zipfile.ZipFile(HERE) as packed:
                return packed.read(name)
        with open(os.path.join(HERE, name), "rb") as file:
            return file.read()
    except (KeyError, FileNotFoundError):
        raise LessonError(f"{HERE} holds no {name}: get lesson_data.zip again") from None


def arrays(name: str) -> dict[str, np.ndarray]:
    """Arrays of an `.npz` file, by their names."""
    import numpy as np

    with np.load(io.BytesIO(content(f"{name}.npz"))) as file:
        return dict(file)


def sequences(n: int | None = None) -> Sequences:
    """The first `n` positive test sequences, or all, whose maps gave the scores of the networks."""
    from attribution_consistency.sequences import codes_to_one_hot

    found = arrays("sequences")
    x = codes_to_one_hot(found["codes"][:n])
    return Sequences(x, found["motif"][:n], found["spacer"][:n])


def labelled() -> tuple[np.ndarray, np.ndarray]:
    """Test sequences of both classes: (codes (N, L) with A C G T as 0 1 2 3, labels (N,))."""
    found = arrays("test")
    return found["codes"], found["label"]


def maps(name: str) -> np.ndarray:
    """Attribution maps of a network on the first sequences, float32 (N, L, 4)."""
    return arrays(f"map-{name}")["a"].astype("float32")


def table(name: str) -> pd.DataFrame:
    """A table, such as that of the scores of all networks, "networks"."""
    import pandas as pd

    return pd.read_csv(io.BytesIO(content(f"{name}.csv")))


def named(networks: pd.DataFrame) -> pd.DataFrame:
    """The networks with columns for a legend, "first layer" and "batch norm"."""
    layers = networks["activation"].map({"relu": "ReLU", "exp": "exponential"})
    norms = networks["batch_norm"].map({True: "yes", False: "no"})
    return networks.assign(**{"first layer": layers, "batch norm": norms})


def auroc(label: ArrayLike, score: ArrayLike) -> float:
    """Area under the ROC curve of scores (N,) for labels 0 and 1 (N,); ties count one half."""
    import numpy as np
    from scipy.stats import mannwhitneyu

    label, score = np.asarray(label) > 0.5, np.asarray(score)
    pairs = label.sum() * (~label).sum()
    return float(mannwhitneyu(score[label], score[~label]).statistic / pairs)


# --- checks ----------------------------------------------------------------------------


class Checks:
    """Checks of the answers to one chapter: `checks(name, value)` says what is wrong.

    `chapter` is such as "02_signal_to_noise".
    """

    def __init__(self, chapter: str) -> None:
        self.chapter = chapter

    def __call__(self, name: str, value: Any) -> None:
        hint = self.hint(name, value)
        print(f"✓ {name}" if hint is None else f"✗ {name}: {hint}")

    def hint(self, name: str, value: Any) -> str | None:
        """What is wrong with an answer, in one sentence that does not give it away; or None."""
        entry = self.key().get(name)
        if entry is None:
            raise LessonError(f"{name}: not an answer of {self.chapter}")
        if value is ...:
            return "not answered yet"
        if isinstance(entry["right"], list) and hasattr(value, "to_list"):
            value = value.to_list()  # a column of a table
        value = plain(value)
        tolerance = entry["tolerance"], entry["absolute"]
        if same(value, entry["right"], tolerance):
            return None
        for mistake in entry["mistakes"]:
            if same(value, mistake["value"], tolerance):
                return mistake["hint"]
        return difference(value, entry["right"], tolerance)

    def key(self) -> dict[str, Any]:
        """Right answers and common mistakes, by the name of the answer."""
        return json.loads(content(f"{self.chapter}.json"))

    def target(self, name: str) -> Image | Markdown:
        """Show the target figure `name`."""
        from IPython.display import Image, Markdown

        try:
            return Image(content(f"{self.chapter}-{name}.png"))
        except LessonError:
            return Markdown("*The solution draws it.*")


# --- comparing an answer with the right one ----------------------------------------------


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
        if value in (round(right, 1), round(right, 2)):
            return "is rounded: keep all digits"
        if value * right < 0:
            return "has the wrong sign"
        return "is too large" if value > right else "is too small"
    return "is another one"


def _items(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else dict(enumerate(value))


KINDS = {bool: "True or False", str: "text", list: "a list", dict: "a dictionary"}
KINDS |= dict.fromkeys((int, float), "a number") | {type(...): "..."}


def _kind(value: Any) -> str:
    return KINDS.get(type(value), type(value).__name__)
