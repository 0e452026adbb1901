"""The data of the exercises: files in a run's folder `exercises`, and all in `lesson_data.zip`.

With the zip the exercises of part I need the method package alone, and no run.
"""

from __future__ import annotations

import shutil
import sys
import zipfile
from pathlib import Path

import numpy as np

from attribution_consistency.files import replacing

from .. import paths, store, tables
from ..paths import Run
from ..populations import recipes_of

# Clear and noisy maps, and some whose ratio changes with how it is measured.
NETWORKS = (
    "bn-exp-standard-00",
    "bn-relu-standard-00",
    "bn-exp-adversarial-00",
    "bn-relu-adversarial-00",
    "bn-exp-mixup-00",
    "bn-relu-mixup-00",
)
MAPPED = 500  # sequences whose maps are kept
LABELLED = 1000  # test sequences of both classes


def source() -> Path:
    """The module that students import."""
    return paths.root() / "book" / "class" / "lesson.py"


def networks(run: Run) -> list[str]:
    """Ids of the networks of a run whose maps are kept."""
    return [name for name in NETWORKS if name in recipes_of(run, "synthetic")]


def made(run: Run) -> list[Path]:
    """Files that `make` writes."""
    tabled = ("networks", "real_networks", "real_blocks", "published")
    names = [f"{name}.csv" for name in tabled] + ["sequences.npz", "test.npz", "lesson.py"]
    return [run.exercise(n) for n in (*names, *(f"map-{i}.npz" for i in networks(run)))]


def make(run: Run) -> None:
    """Write the data of the exercises, small, and `lesson.py` beside them."""
    from ..chapters import load_tables, real_data

    data = store.load(run.data("synthetic"))
    for name in networks(run):
        found = paths.read_maps(run.name, "synthetic", name)
        kept = np.clip(found["a"][:MAPPED], -6e4, 6e4).astype(np.float16)
        store.save(run.exercise(f"map-{name}.npz"), {"a": kept})
        rows = found["rows"]
    masks = {"motif": data["motif_mask"][rows], "spacer": data["spacer_mask"][rows]}
    store.save(run.exercise("sequences.npz"), {"codes": data["codes"][rows], **masks})
    test = np.flatnonzero(data["split"] == 2)[:LABELLED]
    both = {"codes": data["codes"][test], "label": data["y"][test, 0].astype(np.uint8)}
    store.save(run.exercise("test.npz"), both)

    scores, _ = paths.load_scores(run.name, "synthetic")
    scores = scores[scores["status"] == "ok"]
    real, studied, _ = real_data.load(run.name)
    blocks = studied["blocks"]
    final = blocks[blocks["block"] == 0].set_index("id")["consistency"]
    planted = load_tables("implants", run.name)[0]["networks"].drop(columns="n")
    written = {
        "networks": scores.assign(
            configuration=tables.configuration(scores), mapped=scores["id"].isin(NETWORKS)
        ),
        "real_networks": real_data.compared(real)
        .assign(final=lambda t: t["id"].map(final))
        .merge(planted, on="id"),
        "real_blocks": blocks,
        "published": paths.read_csv(paths.published() / "gm12878_published.csv"),
    }
    for name, table in written.items():
        paths.write_csv(run.exercise(f"{name}.csv"), table)
    shutil.copyfile(source(), run.exercise("lesson.py"))


def pack(run: Run, chapters: list[str]) -> Path:
    """Write `lesson_data.zip`: the data, and keys and target figures of these chapters."""
    kept = made(run) + [run.exercise(f"{name}.json") for name in chapters]
    for name in chapters:
        # Beside each, a built book may have drawn it again for other screens.
        figures = sorted(run.exercise("x").parent.glob(f"{name}-*.pickle"))
        kept += [figure.with_suffix(".png") for figure in figures]
    path = run.exercise("lesson_data.zip")
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as packed:
        for file in kept:  # no date: the same content is the same file
            packed.writestr(zipfile.ZipInfo(file.name), file.read_bytes(), zipfile.ZIP_DEFLATED)
    return path


if __name__ == "__main__":  # RUN: write the data. RUN CHAPTER ...: pack them with these keys.
    if sys.argv[2:]:
        pack(Run(sys.argv[1]), sys.argv[2:])
    else:
        make(Run(sys.argv[1]))
