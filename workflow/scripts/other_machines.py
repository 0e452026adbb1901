"""Run the quick configuration as other processors would, and compare what comes out.

    python workflow/scripts/other_machines.py [option ...]

Another processor rounds differently. The options below make this one compute as others do: other
instructions in TensorFlow's kernels and in NumPy, another number of threads, another order of
hashes. With the networks that come with the book, every table, every number and sentence of the
chapters and everything that the figures draw must come out alike, to 1e-4 (what is computed from
gradients to 2e-3); of networks trained in the run, only whether they succeeded. Without options,
all. Exit status 1 where something differs.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from compendium.paths import Run, read_json, root

TOLERANCE = 1e-4
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
NUMBER = re.compile(r"[-+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")
# Wall-clock time, and where a table says which run it is of.
FREE = ("minutes", "seconds", "run")
# Columns that a last bit moves by more than the tolerance, and by how much at most.
RELATIVE = {"kld_geometric": 3e-3}  # few vectors in many boxes: one crosses the edge of its box
# The gradient of a network jumps where the input of a ReLU is 0 but for the last bit.
OF_GRADIENTS = re.compile(r"(kld|excess|floor|snr|consistency)\w*|value|excess|q|x|y|\d+")
KINKS = 2e-3
ABSOLUTE = {"baseline": 1e-4}  # of replicate agreement: correlations of untrained maps, around 0


def options() -> dict[str, dict[str, str]]:
    """Environment variables of every option, by its name; `default` is what others are held to."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    optional = [name for name in __cpu_dispatch__ if __cpu_features__.get(name)]
    return {
        "default": {},
        "onednn-off": {"TF_ENABLE_ONEDNN_OPTS": "0"},
        "onednn-sse41": {"ONEDNN_MAX_CPU_ISA": "SSE41"},
        "onednn-avx2": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
        "numpy-baseline": {"NPY_DISABLE_CPU_FEATURES": " ".join(optional)},
        "one-thread": dict.fromkeys(ONE_THREAD, "1"),
        "two-threads": dict.fromkeys(ONE_THREAD, "2"),
        "hash-1": {"PYTHONHASHSEED": "1"},
        "hash-2": {"PYTHONHASHSEED": "2"},
    }


def configurations(folder: Path, option: str) -> tuple[Path, Path]:
    """Write the two configurations of an option: shipped networks only, and two trained ones."""
    paths = []
    for name in ("quick", "tiny"):
        text = (root() / "config" / f"{name}.yml").read_text(encoding="utf-8")
        settings = yaml.safe_load(text)
        if name == "quick":
            settings["zoo"].pop("extra")
        settings["book"] = False
        paths.append(folder / f"{name}-{option}.yml")
        paths[-1].write_text(yaml.safe_dump(settings), encoding="utf-8")
    return paths[0], paths[1]


def carry_out(config: Path, variables: dict[str, str]) -> Run:
    """Carry a configuration through the workflow, up to the notebooks."""
    command = [sys.executable, "-m", "compendium", "run", str(config)]
    subprocess.run(
        [*command, "--cores", "2", "--offline", "--until", "notebooks"],
        check=True,
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
    )
    return Run(config.stem)


def compare_runs(ours: Run, theirs: Run) -> Iterator[str]:
    """Lines that say what differs between two runs of one configuration."""
    for kind in ("tables/*.csv", "scores/*.csv", "figures/*/*.csv", "claims/*.json"):
        found, expected = (
            {str(p.relative_to(run.folder)): p for p in sorted(run.folder.glob(kind))}
            for run in (ours, theirs)
        )
        for name in sorted({*found} ^ {*expected}):
            yield f"{name}: made by one of the two only"
        for name in sorted({*found} & {*expected}):
            same = same_claims if name.endswith(".json") else same_tables
            for line in same(found[name], expected[name]):
                yield f"{name}: {line}"


def same_tables(ours: Path, theirs: Path) -> Iterator[str]:
    """The first difference in each column of two tables."""
    one, other = pd.read_csv(ours), pd.read_csv(theirs)
    if list(one) != list(other) or len(one) != len(other):
        yield f"{one.shape} and {other.shape}, or other columns"
        return
    for column in one.columns.difference(FREE):
        a, b = one[column], other[column]
        if a.dtype.kind in "fiu" and b.dtype.kind in "fiu":
            finite = np.abs(b.to_numpy(float)[np.isfinite(b.to_numpy(float))])
            largest = finite.max(initial=0.0)
            # What is nearly 0 beside the rest of its column is compared with that.
            usual = KINKS if OF_GRADIENTS.fullmatch(column) else TOLERANCE
            alike = np.isclose(
                a,
                b,
                rtol=RELATIVE.get(column, usual),
                atol=ABSOLUTE.get(column, TOLERANCE * largest),
                equal_nan=True,
            )
        else:
            alike = np.array([same_text(*map(str, pair)) for pair in zip(a, b)])
        if not alike.all():
            row = int(np.flatnonzero(~alike)[0])
            yield f"{column}, {(~alike).sum()} rows, first {row + 1}: {a[row]} and {b[row]}"


def same_claims(ours: Path, theirs: Path) -> Iterator[str]:
    """Every number or sentence of a chapter that differs."""
    one, other = read_json(ours), read_json(theirs)
    for name in sorted({*one} ^ {*other}):
        yield f"{name}: reported by one of the two only"
    for name in sorted({*one} & {*other}):
        a, b = one[name], other[name]
        numbers = [v["value"] for v in (a, b)]
        alike = same_text(a["text"], b["text"])
        if not any(isinstance(v, str) for v in numbers):
            alike &= bool(np.isclose(numbers[0], numbers[1], rtol=KINKS, atol=1e-7, equal_nan=True))
        if not alike:
            yield f"{name}: {a['text']!r} and {b['text']!r} ({numbers[0]}, {numbers[1]})"


def same_text(one: str, other: str) -> bool:
    """Whether two texts have the same words, and numbers that differ by rounding only."""
    if NUMBER.sub("#", one) != NUMBER.sub("#", other):
        return False
    for a, b in zip(NUMBER.findall(one), NUMBER.findall(other)):
        a, b = a.replace(",", ""), b.replace(",", "")
        decimals = len(b.partition(".")[2].partition("e")[0])
        step = 1.001 * 10.0**-decimals if "." in b and "e" not in b else 0.0
        if abs(float(a) - float(b)) > max(step, TOLERANCE * abs(float(b))):
            return False
    return True


def main(arguments: Sequence[str]) -> int:
    """Exit status of a command line: 0, 1 where something differs, 2 for an unknown option."""
    known = options()
    if unknown := [name for name in arguments if name not in known]:
        print(f"error: no option {unknown[0]!r}: choose from {', '.join(known)}", file=sys.stderr)
        return 2
    chosen = ["default", *(n for n in arguments or known if n != "default")]
    found: dict[str, tuple[Run, pd.Series]] = {}
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        for option in chosen:
            started = time.perf_counter()
            quick, tiny = configurations(Path(folder), option)
            run = carry_out(quick, known[option])
            trained = carry_out(tiny, known[option])
            status = pd.read_csv(trained.scores("synthetic")).set_index("id")["status"]
            found[option] = run, status
            lines = list(compare_runs(run, found["default"][0]))
            if not status.equals(found["default"][1]):
                lines.append(f"networks trained here: {status.to_dict()}")
            minutes = (time.perf_counter() - started) / 60
            print(f"{option}: {len(lines)} differences, {minutes:.1f} minutes", flush=True)
            for line in lines:
                print(f"  {line}", flush=True)
            different += bool(lines)
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
