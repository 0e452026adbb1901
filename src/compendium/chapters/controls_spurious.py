"""Networks that are consistently wrong: one word was written into the positive class.

Each network learnt positives of which a share carries a word besides its motifs, as an adapter or
a repeat would stand in real data. The truth is the motifs alone. Each row is one network on its own
sequences (`with` the word, as its maker has them) or on those without.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution_consistency import consistency, kmer_klds, signal_to_noise
from attribution_consistency.motifs import all_motifs, fitting_motifs
from attribution_consistency.nulls import exchanged_klds
from attribution_consistency.sequences import codes_to_one_hot, one_hot, one_hot_to_codes
from attribution_consistency.words import Words, attributed_words

from .. import paths, performance, store
from ..measures import same_sign
from ..populations import as_trained
from ..tables import mean, positive_test_rows, significant, truth_masks

if TYPE_CHECKING:
    import pandas as pd

    from ..zoo.trained import Networks

PREFIX, TABLES, CHAPTER = "spurious", ("networks",), "06_controls"
POPULATIONS = ("synthetic",)
ABSENT = "This run did not make these tables.", ""
MAPPED, MUTATED = 500, 20  # sequences
WORDS = {"no motif": "ATCGCATT", "a known motif": "AGATAAGG", "a repeat": "CACACACA"}
SHARES = (0.0, 0.2, 0.5, 1.0)
STARTS = (0, 1, 3)  # whose maps have the right sign without a word
NETWORKS = {
    f"{word.lower()}-{round(100 * share):03d}": (word, share, start)
    for share in SHARES
    for word, start in zip(WORDS.values(), STARTS)
}


def plant(
    codes: np.ndarray, spacer: np.ndarray, y: np.ndarray, word: str, share: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Write a word into a share of the positive sequences, where no motif stands.

    The same sequences have it at a higher share, and at the same place. A sequence without room
    between its motifs stays as it is.

    Returns
    -------
    codes : (N, L)
    mask : (N, L) bool
        Where the word was written.
    """
    letters = one_hot_to_codes(one_hot([word]))[0]
    after, mask = codes.copy(), np.zeros(codes.shape, bool)
    windows = np.lib.stride_tricks.sliding_window_view(spacer, len(word), axis=1)
    room: np.ndarray = np.all(windows, axis=2)
    draws = np.random.default_rng(seed).random((len(codes), 2))
    for row in np.flatnonzero((y[:, 0] > 0.5) & (draws[:, 0] < share) & np.any(room, axis=1)):
        places = np.flatnonzero(room[row])
        at = places[int(draws[row, 1] * len(places))]
        after[row, at : at + len(word)] = letters
        mask[row, at : at + len(word)] = True
    return after, mask


def make(run: paths.Run, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Every table of `TABLES` from the artefacts of a run, {name: DataFrame}."""
    import pandas as pd

    from ..zoo.trained import Networks

    data, recipes = store.load(run.data("synthetic")), as_trained("spurious")
    networks = Networks(
        recipes, lambda name: paths.shipped("spurious") / f"{name}.npz", data["codes"].shape[1]
    )
    entry = paths.read_json(run.length_weights)["frequency"]
    weights = dict(zip(entry["ks"], entry["mean"]))
    rows = []
    for name in recipes:
        word, share, start = NETWORKS[name]
        own = {"id": name, "word": word, "share": share, "start": start}
        planted = plant(data["codes"], data["spacer_mask"], data["y"], word, share)
        for kind, (codes, mask) in {"with": planted, "without": (data["codes"], None)}.items():
            looked = look(networks, name, data | {"codes": codes, "word": mask}, weights)
            rows.append(own | {"sequences": kind, **looked})
    return {"networks": significant(pd.DataFrame(rows))}


def look(
    networks: Networks, name: str, data: dict[str, Any], weights: dict[int, float]
) -> dict[str, Any]:
    """What can be known about a network on some sequences, with the truth and without."""
    from ..zoo.methods import in_silico_mutagenesis

    test, rows = data["split"] == 2, positive_test_rows(data, MAPPED)
    x, ks = codes_to_one_hot(data["codes"][rows]), list(weights)
    a, predict = networks.maps(name, x), functools.partial(networks.predict, name)
    few, word = slice(MUTATED), NETWORKS[name][0]
    effects = in_silico_mutagenesis(predict, x[few], batch_size=3 * x.shape[1] + 1)
    output = predict(codes_to_one_hot(data["codes"][test]))
    klds = {"final": kmer_klds(x, a, ks), "ignored": kmer_klds(x, a, ks, ignore=(word,))}
    found = {n: consistency(kld, np.array(list(weights.values()))) for n, kld in klds.items()}
    own, *chance = exchanged_klds(x, a, ks).mean(axis=1)
    found |= {
        "excess": own - np.mean(chance),
        "auroc": performance.auroc(data["y"][test, 0], output),
        "snr": mean(signal_to_noise(x, a, **truth_masks(data, rows))),
        "same_sign": same_sign(x[few], a[few], effects).mean(),
        **listed(attributed_words(x, a), word),
    }
    if data["word"] is not None:
        here = np.abs((a - a.mean(axis=2, keepdims=True)) * x).sum(axis=2)
        found["on_word"] = float((here * data["word"][rows]).sum() / here.sum())
    return found


def listed(words: Words, word: str, shared: int = 5) -> dict[str, Any]:
    """What a list of known motifs says to the words of a map: does it know them all?

    `rank` is that of the first word that has so many letters in a row of the planted one, and
    `motif` and `bits` the best known motif of it; `least_bits` is the worst fit among all words.
    """
    known = all_motifs()
    fits = [fitting_motifs(found, known)[0] for found in words.names]
    parts = {word[i : i + shared] for i in range(len(word) - shared + 1)}
    parts |= {part.translate(str.maketrans("ACGT", "TGCA"))[::-1] for part in parts}
    ours = [i for i, found in enumerate(words.names) if any(part in found for part in parts)]
    first = ours[0] if ours else None
    return {
        "rank": None if first is None else first + 1,
        "motif": None if first is None else fits[first][0].name,
        "bits": None if first is None else fits[first][1],
        "least_bits": min((bits for _, bits in fits), default=None),
    }
