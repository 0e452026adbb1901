"""How consistently a network's attribution maps highlight the same k-mers.

The names below are the public interface. Each is imported when first used, so that
`import attribution_consistency` costs nothing and never loads TensorFlow.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

NAMES = {
    "sequences": ("one_hot", "decode"),
    "simulation": ("simulate",),
    "divergence": ("kmer_klds", "thresholded_kld", "constant_floor", "excess_klds"),
    "ground_truth": ("signal_to_noise", "motif_auroc", "motif_aupr"),
    "length_scaling": ("length_weights", "consistency"),
    "nulls": ("exchanged_null", "rotated_null", "family_wise"),
    "uncertainty": ("jackknife", "excess_interval"),
    "words": ("attributed_words",),
    "score": ("score_files",),
    "geometric": ("geometric_kld",),
}
HOME = {name: module for module, names in NAMES.items() for name in names}  # where each lives

__all__ = ["__version__", *HOME]


def __getattr__(name: str) -> Any:
    if name not in HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
