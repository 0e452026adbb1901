"""The metrics written again from their definitions, one number at a time. Slow on purpose.

Nothing here imports the package. Sequences and maps are nested loops over (N, L, 4) arrays;
k-mers are strings; tables are dictionaries.
"""

import math
from itertools import product

BASES = "ACGT"


def letters(x):
    """One string per one-hot sequence, N where all four entries are 0."""
    return [
        "".join(BASES[[int(v) for v in row].index(1)] if sum(row) else "N" for row in sequence)
        for sequence in x
    ]


def all_kmers(k):
    return ["".join(kmer) for kmer in product(BASES, repeat=k)]


def reverse_complement(kmer):
    return "".join({"A": "T", "C": "G", "G": "C", "T": "A"}[base] for base in reversed(kmer))


def scores(x, a, score="abs_input", correct=True):
    """Score of every position, as lists of floats."""
    out = []
    for sequence, attribution in zip(x, a):
        row = []
        for bases, values in zip(sequence, attribution):
            values = [float(v) for v in values]
            if correct:
                mean = math.fsum(values) / 4
                values = [v - mean for v in values]
            if not any(bases):  # an unknown base says nothing, whatever the map holds there
                values = [0.0] * 4
            if score == "l2":
                row.append(math.sqrt(math.fsum(v * v for v in values)))
            else:
                value = math.fsum(v * float(b) for v, b in zip(values, bases))
                row.append(value if score == "input" else abs(value))
        out.append(row)
    return out


def windows(sequence, k):
    """(start, k-mer) of every window without an unknown base."""
    found = []
    for start in range(len(sequence) - k + 1):
        kmer = sequence[start : start + k]
        if "N" not in kmer:
            found.append((start, kmer))
    return found


def prior(x, k):
    counts = {}
    for sequence in letters(x):
        for _, kmer in windows(sequence, k):
            counts[kmer] = counts.get(kmer, 0) + 1
    total = sum(counts.values())
    return {kmer: count / total for kmer, count in counts.items()}


def weighted(x, position_scores, k, reading, p):
    """The attribution-weighted distribution q, by its three readings."""
    q = {}
    for sequence, row in zip(letters(x), position_scores):
        total = math.fsum(row)
        if total == 0:
            continue
        w, f = {}, {}
        found = windows(sequence, k)
        for start, kmer in found:
            w[kmer] = w.get(kmer, 0) + math.fsum(row[start : start + k]) / total
            f[kmer] = f.get(kmer, 0) + 1 / len(found)
        for kmer in w:
            share = {"frequency": p[kmer], "instance": 1, "per_sequence": f[kmer]}[reading]
            q[kmer] = q.get(kmer, 0) + share * w[kmer]
    total = math.fsum(q.values())
    return {kmer: value / total for kmer, value in q.items()}


def kl(q, p):
    return math.fsum(v * math.log(v / p[kmer]) for kmer, v in q.items() if v > 0)


def kmer_kld(x, a, k, reading="frequency", score="abs_input", correct=True):
    p = prior(x, k)
    return kl(weighted(x, scores(x, a, score, correct), k, reading, p), p)


def constant_scores(x):
    return [[1.0 if sum(row) else 0.0 for row in sequence] for sequence in x]


def floor(x, k, reading="frequency", score="abs_input"):
    p = prior(x, k)
    return kl(weighted(x, constant_scores(x), k, reading, p), p)


def excess(x, a, k, reading="frequency", score="abs_input", correct=True):
    p = prior(x, k)
    q = weighted(x, scores(x, a, score, correct), k, reading, p)
    return kl(q, weighted(x, constant_scores(x), k, reading, p))


def quantile(values, fraction):
    """Linear interpolation between order statistics."""
    ordered = sorted(values)
    place = fraction * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def thresholded_kld(x, a, k=6, fraction=0.9, buffer=2, score="l2", correct=True):
    kept = {}
    for sequence, row in zip(letters(x), scores(x, a, score, correct)):
        known = [value for value, base in zip(row, sequence) if base != "N"]
        cutoff = quantile(known, fraction) if known else math.inf
        runs, start = [], None
        for i in range(len(row) + 1):
            above = i < len(row) and row[i] > cutoff
            if above and start is None:
                start = i
            if not above and start is not None:
                runs.append([start, min(i + buffer, len(row))])
                start = None
        merged = []
        for run in runs:
            if merged and run[0] <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], run[1])
            else:
                merged.append(run)
        for low, high in merged:
            for _, kmer in windows(sequence[low:high], k):
                kept[kmer] = kept.get(kmer, 0) + 1
    total = sum(kept.values())
    if total == 0:
        return math.nan
    return kl({kmer: count / total for kmer, count in kept.items()}, prior(x, k))


def signal_to_noise(x, a, motif_mask, spacer_mask=None, top=10, absolute=False, correct=True):
    out = []
    for n, row in enumerate(scores(x, a, "input", correct)):
        row = [abs(v) for v in row] if absolute else row
        motif = [v for v, inside in zip(row, motif_mask[n]) if inside]
        spacer = [
            v
            for i, v in enumerate(row)
            if (spacer_mask[n][i] if spacer_mask is not None else not motif_mask[n][i]) and v > 0
        ]
        if len(spacer) < top or not motif:
            out.append(math.nan)
            continue
        noise = math.fsum(sorted(spacer)[-top:]) / top
        out.append(math.fsum(motif) / len(motif) / noise)
    return out


def auroc(values, positive):
    yes = [v for v, flag in zip(values, positive) if flag]
    no = [v for v, flag in zip(values, positive) if not flag]
    if not yes or not no:
        return math.nan
    wins = sum((a > b) + 0.5 * (a == b) for a in yes for b in no)
    return wins / len(yes) / len(no)


def average_precision(values, positive):
    if not any(positive) or all(positive):
        return math.nan
    found, before = 0.0, 0
    for cutoff in sorted(set(values), reverse=True):
        passed = [flag for v, flag in zip(values, positive) if v >= cutoff]
        found += (sum(passed) - before) / sum(positive) * (sum(passed) / len(passed))
        before = sum(passed)
    return found
