"""Consistency metrics on plain arrays: NumPy and SciPy only."""

from .divergence import (
    EnrichedKmers,
    KmerTable,
    constant_floor,
    enriched_kmers,
    excess_klds,
    kmer_distributions,
    kmer_klds,
    kmer_prior,
    thresholded_kld,
)
from .geometric import geometric_kld
from .ground_truth import motif_aupr, motif_auroc, signal_to_noise
from .kmers import kmer_names
from .length_scaling import (
    LengthWeights,
    consistency,
    held_out_consistency,
    length_weights,
    warn_if_unlike,
)
from .maps import gini, gradient_correction, position_scores
from .uncertainty import (
    Jackknife,
    RotatedNull,
    jackknife,
    paired_difference,
    rotated_null,
    smallest_difference,
)

__all__ = [
    "EnrichedKmers",
    "Jackknife",
    "KmerTable",
    "LengthWeights",
    "RotatedNull",
    "consistency",
    "constant_floor",
    "enriched_kmers",
    "excess_klds",
    "geometric_kld",
    "gini",
    "gradient_correction",
    "held_out_consistency",
    "jackknife",
    "kmer_distributions",
    "kmer_klds",
    "kmer_names",
    "kmer_prior",
    "length_weights",
    "motif_aupr",
    "motif_auroc",
    "paired_difference",
    "position_scores",
    "rotated_null",
    "signal_to_noise",
    "smallest_difference",
    "thresholded_kld",
    "warn_if_unlike",
]
