"""What the book keeps of a full run: `store` copies it to data/stored, `verify` compares.

    python workflow/scripts/stored_results.py store|verify [run]
    python workflow/scripts/stored_results.py store run study

`make store` and `make verify` call this with the default run.  With a study, only its tables
are kept: those of a study that the default run leaves out come from a run of its own.
"""

import json
import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd

from attribution_consistency.files import replacing
from compendium import chapters, config, paths, steps
from compendium.page import provenance
from compendium.paths import Run, read_csv, read_json, relative, shipped_weights_file


class StoredError(ValueError):
    """A run cannot be stored or compared; the message says why and what to do."""


def store(run: Run) -> list[str]:
    """Copy the tables of a finished run to `data/stored`, for readers without its inputs.

    Its length weights become those shipped with the package.  Everything is read before
    anything is written.

    Returns
    -------
    list of str
        The names of the files, relative to the root.

    Raises
    ------
    StoredError
        When the run is not finished, or a notebook does not show a figure to store.
    """
    if not run.manifest.exists():
        raise StoredError(f"run {run.name!r} is not finished: build its book first")
    known = {f"{n}.csv" for study in chapters.NAMES for n in chapters.table_names(study).values()}
    tables = run.table("x").parent.glob("*.csv")
    copied = {path.name: path for path in tables if path.name in known}  # none of earlier studies
    copied |= {f"scores_{p.stem}.csv": p for p in run.scores("x").parent.glob("*.csv")}
    copied |= {path.name: path for path in (run.length_weights, run.manifest)}
    rows = [
        {"notebook": path.stem, "name": name, **claim}
        for path in sorted(run.claims("x").parent.glob("*.json"))
        for name, claim in read_json(path).items()
    ]
    claims = pd.DataFrame(rows, columns=["notebook", "name", "value", "text"])
    contents = {
        f"{name}{'' if kind == 'light' else f'-{kind}'}.png": _figure(run, *at, kind)
        for name, at in STORED_FIGURES.items()
        for kind in ("light", "dark", "narrow", "narrow-dark")
    }
    copied |= {f"{n}.csv": run.figure(*at) for n, at in STORED_FIGURES.items() if n in STORED_DATA}
    contents |= {name: path.read_bytes() for name, path in copied.items()}
    contents["claims.csv"] = claims.to_csv(index=False).encode()
    written = {paths.stored() / name: content for name, content in contents.items()}
    written[shipped_weights_file()] = _shippable(run.length_weights)
    for path, content in written.items():
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    return sorted(relative(path) for path in written)


def store_study(run: Run, study: str) -> list[str]:
    """Copy the tables of one study of a run to `data/stored`; as `store`."""
    if study not in chapters.NAMES:
        raise StoredError(f"no study {study!r}: choose from {', '.join(chapters.NAMES)}")
    files = [run.table(name) for name in chapters.table_names(study).values()]
    for path in files:
        if not path.exists():
            raise StoredError(f"{relative(path)}: no such table: run the study first")
    for path in files:
        with replacing(paths.stored() / path.name) as temporary:
            temporary.write_bytes(path.read_bytes())
    return sorted(relative(paths.stored() / path.name) for path in files)


def _shippable(path):
    """Length weights of a run as the package ships them: bytes of JSON."""
    weights = read_json(path)
    for entry in weights.values():
        models = entry["trained_on"]["models"]
        entry |= {
            "source": f"shipped with the package, fitted to {models} networks of the synthetic zoo",
            "held_out": {},
        }
    return (json.dumps(weights, indent=1, sort_keys=True) + "\n").encode()


# Pictures that the landing page and the README show: name -> (notebook, figure).
STORED_FIGURES = {
    "two_networks": ("02_signal_to_noise", "fig_two_maps_scored"),
    "main_result": ("04_length_scaling", "fig_final"),
}

STORED_DATA = ("two_networks",)  # also as the table of what is drawn, which a test reads


def _figure(run, notebook, name, kind):
    """PNG bytes of a figure that a notebook showed under `name`, as the book drew it."""
    path = run.notebook(notebook)
    if name not in provenance.pictures(read_json(path)):
        raise StoredError(f"{relative(path)}: shows no figure {name!r}: rerun its notebook")
    drawn = run.figure(notebook, f"{name}-{kind}").with_suffix(".png")
    if not drawn.exists():
        raise StoredError(f"{relative(drawn)}: no such picture: build the book of this run")
    return drawn.read_bytes()


MADE_BY = {
    "learning": "along_a_training.py",
    "null": "calibrate_null.py",
    "sign": "train_variants.py",
    "deepshap": "deep_shap.py",
}

ABSENT = {
    "synthetic": "this run has no networks of the synthetic task",
    "gm12878_dnase": "this run has no GM12878 sequences",
    "koo": "this run has no published networks",
    "independent": "this run has no independent networks of ours",
    "beyond": "this run has no further architectures",
}


def verify(run: Run, tolerance: float = 1e-3) -> tuple[list[str], list[str]]:
    """Compare a run with `data/stored`.

    Numbers may differ by `tolerance`, relative, or 1e-6, absolute.
    What a run does not have because of a missing download or its configuration is no difference.
    Scores are compared network by network: a run may have more of them.

    Returns
    -------
    differences, skipped : list of str
        One line for each difference, and for what is not compared.

    Raises
    ------
    StoredError
        When nothing is stored yet.
    """
    stored = sorted(p.name for p in paths.stored().glob("*.csv") if p.name != "claims.csv")
    if not stored:
        raise StoredError("data/stored holds no tables yet: run 'make store' first")
    jobs, settings = steps.batches(run), config.load_resolved(run.name)
    differences, skipped = [], []
    for name in stored:
        needed, reason = _needed(name, settings)
        reason = next((ABSENT[p] for p in needed if p not in jobs), reason)
        if reason:
            skipped.append(f"not compared: {name} ({reason})")
            continue
        scores = name.startswith("scores_")
        path = run.scores(*needed) if scores else run.table(name[:-4])
        if name[:-4] in STORED_FIGURES:
            path = run.figure(*STORED_FIGURES[name[:-4]])
        if not path.exists():
            differences.append(f"{name}: not in run {run.name!r}")
            continue
        ours, theirs = read_csv(path), read_csv(paths.stored() / name)
        if list(ours) != list(theirs):
            differences.append(f"{name}: other columns")
            continue
        if scores:
            lost = theirs.loc[~theirs["id"].isin(ours["id"]), "id"]
            if needed == ("koo",):  # as many as are on this machine
                wanted = lost.isin([i for ids in jobs["koo"] for i in ids])
                if not wanted.all():
                    skipped.append(
                        f"not compared: {(~wanted).sum()} of {len(theirs)} networks of "
                        f"{name} (this run does not have them)"
                    )
                lost = lost[wanted]
            if len(lost):
                differences.append(f"{name}: lacks {', '.join(lost)}")
            theirs = theirs[theirs["id"].isin(ours["id"])].reset_index(drop=True)
            ours = ours.set_index("id", drop=False).loc[theirs["id"]].reset_index(drop=True)
        elif "population" in theirs:
            for population in sorted(set(theirs["population"]) - set(jobs)):
                skipped.append(f"not compared: {population} in {name} ({ABSENT[population]})")
            theirs = theirs[theirs["population"].isin(jobs)].reset_index(drop=True)
        if len(ours) != len(theirs):
            differences.append(f"{name}: {len(ours)} rows here, {len(theirs)} stored")
            continue
        differences += _compared(name, ours, theirs, tolerance)
    return differences, skipped


def _needed(name, settings):
    """Populations that a stored table is made from, and why a run leaves it out, if it does."""
    if name.startswith("scores_"):
        return (name[7:-4],), None
    for study in chapters.NAMES:
        if name[:-4] in chapters.table_names(study).values():
            shown = chapters.shown(study, settings)
            reason = None if shown else f"this run leaves out the study {study!r}"
            return chapters.module(study).POPULATIONS, reason
    script = MADE_BY.get(name.split("_")[0])
    return (), script and f"made by workflow/scripts/{script}"


def _compared(name, ours, theirs, tolerance):
    """The first difference in each column of two tables of the same shape, as lines."""
    differences = []
    for column in ours:
        a, b = ours[column].to_numpy(), theirs[column].to_numpy()
        if a.dtype.kind in "fiu" and b.dtype.kind in "fiu":
            same = np.isclose(
                a.astype(float), b.astype(float), rtol=tolerance, atol=1e-6, equal_nan=True
            )
        else:
            same = (a == b) | (ours[column].isna() & theirs[column].isna()).to_numpy()
        if not same.all():
            row = int(np.flatnonzero(~same)[0])
            which = theirs["id"][row] if name.startswith("scores_") else f"row {row + 1}"
            differences.append(f"{name}: {column}, {which}: {a[row]} here, {b[row]} stored")
    return differences


def main(arguments: Sequence[str]) -> int:
    """Exit status of a command line: 0, 1 where a run differs, 2 where it cannot be done."""
    most = {"store": 3, "verify": 2}
    if not arguments or len(arguments) > most.get(arguments[0], 0):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        run = Run(*(arguments[1:2] or ["default"]))
        if arguments[0] == "verify":
            return _verify(run)
        found = store_study(run, arguments[2]) if arguments[2:] else store(run)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for line in found:
        print(line)
    return 0


def _verify(run):
    differences, skipped = verify(run)
    for line in (*skipped, *differences):
        print(line)
    if not differences:
        print("data/stored agrees with this run" + (", as far as compared." if skipped else "."))
    return int(bool(differences))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
