"""How consistently a network's attribution maps highlight k-mers, and how to rerun the book.

The names below are the public interface. Each is imported when first used, so that
`import attribution_consistency` costs nothing and never loads TensorFlow.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "one_hot": "datasets.sequences",
    "decode": "datasets.sequences",
    "simulate": "datasets.synthetic",
    "kmer_klds": "metric",
    "thresholded_kld": "metric",
    "signal_to_noise": "metric",
    "length_weights": "metric",
    "consistency": "metric",
    "constant_floor": "metric",
    "rotated_null": "metric",
    "jackknife": "metric",
    "geometric_kld": "metric",
    "motif_auroc": "metric",
    "motif_aupr": "metric",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
