"""Files that play the reader's own in the last chapter: a FASTA and two saved Keras models."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from attribution_consistency import simulate
from attribution_consistency.files import replacing
from attribution_consistency.sequences import codes_to_one_hot, decode

from .. import paths, store, tables

FOLDER = "your_model"
# Chosen by us: equal in all but the activation of the first layer, and about equally accurate.
MODELS = {
    "gm12878_dnase": {"A": "binary-cnn-gm12878-exp-00", "B": "binary-cnn-gm12878-relu-00"},
    "synthetic": {"A": "bn-exp-standard-00", "B": "bn-relu-standard-00"},
}
SOURCES = {
    "gm12878_dnase": "accessible windows of human chromosome 8, which no network was trained on",
    "synthetic": "positive sequences that we simulated, which no network was trained on",
}
SEED = 2  # the networks of the zoo learnt from the simulation with seed 0
NOTICE = """:::{warning}
This run has no real sequences: they were not on this machine, or the configuration names no network
for them. **Simulated sequences and two networks of the zoo play the reader's files instead**, and
every number below is of these. For the real ones run `make prepare`, which downloads them, and
build the book again.
:::"""


class Files(NamedTuple):
    """What was prepared: where, from which population, and by {name of model} id and AUROC."""

    folder: Path
    population: str
    ids: dict[str, str]
    auroc: dict[str, float]


def prepare(run: paths.Run, n: int, folder: str = FOLDER) -> Files:
    """Write `sequences.fa`, `A.keras` and `B.keras` into a folder of the run: `Files`.

    The sequences are the first `n` positive test ones of GM12878, or, in a run without them,
    simulated ones. The weights are those in the repository. Notebooks that may run at the same time
    name a `folder` each.
    """
    from ..zoo import networks, weights

    population = "gm12878_dnase" if run.data("gm12878_dnase").exists() else "synthetic"
    if population == "synthetic":
        data = simulate(2 * n, seed=SEED)
        rows = (data.y[:, 0] > 0.5).nonzero()[0][:n]
        codes, headers = data.codes[rows], [f"simulated_{row}" for row in rows]
    else:
        data = store.load(run.data(population), ["codes", "y", "split", "chrom", "start", "end"])
        rows = tables.positive_test_rows(data, n)
        place = zip(*(data[key][rows] for key in ("chrom", "start", "end")))
        codes, headers = data["codes"][rows], [f"{c}:{s + 1}-{e}" for c, s, e in place]
    records = zip(headers, decode(codes_to_one_hot(codes)))
    target, auroc = run.models(folder), {}
    with replacing(target / "sequences.fa") as temporary:
        temporary.write_text("".join(f">{header}\n{s}\n" for header, s in records))
    for name, model_id in MODELS[population].items():
        record = paths.read_json(paths.shipped(population) / f"{model_id}.json")
        auroc[name] = record["test"]["auroc"]
        model = networks.build(record["recipe"], codes.shape[1])
        weights.load_into(model, paths.shipped(population) / f"{model_id}.npz")
        with replacing(target / f"{name}.keras") as temporary:
            model.save(temporary)
    return Files(target, population, MODELS[population], auroc)
