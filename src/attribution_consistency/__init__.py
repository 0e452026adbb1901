"""How consistently a network's attribution maps highlight the same k-mers.

The names below are the public interface. Each is imported when first used, so that
`import attribution_consistency` costs nothing and never loads TensorFlow.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

PUBLIC = """
    sequences.one_hot sequences.decode simulation.simulate geometric.geometric_kld score.score_files
    divergence.kmer_klds divergence.thresholded_kld divergence.constant_floor divergence.excess_klds
    ground_truth.signal_to_noise ground_truth.motif_auroc ground_truth.motif_aupr
    length_scaling.length_weights length_scaling.consistency words.attributed_words
    nulls.exchanged_null nulls.rotated_null nulls.family_wise
    uncertainty.jackknife uncertainty.excess_interval
"""
HOME = {place.split(".")[1]: place.split(".")[0] for place in PUBLIC.split()}  # of each name
__all__ = ["__version__", *HOME]


def __getattr__(name: str) -> Any:
    if name not in HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
