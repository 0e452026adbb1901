"""What made a run: versions, seeds, digests of the inputs, commit, minutes."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
from importlib import metadata
from typing import Any

from attribution_consistency.files import sha256

from . import config
from .paths import Run, relative, root, shipped

PACKAGES = (
    "attribution-consistency numpy scipy pandas statsmodels matplotlib tensorflow-cpu tensorflow "
    "keras snakemake papermill jupyter-book"
)


def of_run(run: Run) -> dict[str, Any]:
    """The manifest of a run, for JSON."""
    settings = config.load_resolved(run.name)
    versions = {"python": platform.python_version()}
    for package in PACKAGES.split():
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return {
        "run": run.name,
        "title": settings["title"],
        "versions": versions,
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "seeds": {
            "data_seed": settings["synthetic"]["data_seed"],
            "initialisations": settings["zoo"]["initialisations"],
            "length_weights": settings["length_weights"]["seed"],
        },
        "inputs": input_digests(run),
        "commit": commit(),
        "minutes": minutes(run),
    }


def minutes(run: Run) -> dict[str, float]:
    """Minutes of each step: the last time each of its parts was run, added up."""
    last: dict[tuple[str, str], float] = {}
    total: dict[str, float] = {}
    if run.minutes.exists():
        for line in run.minutes.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError):  # torn, as two computers wrote at once
                entry = json.loads(line)
                last[entry["step"], entry.get("part", "")] = entry["minutes"]
    for (step, _), spent in last.items():
        total[step] = round(total.get(step, 0) + spent, 3)
    return total


def input_digests(run: Run) -> dict[str, str]:
    """SHA-256 of the configuration, the resources, the shipped weights and the data sets."""
    paths = [run.config, root() / "requirements.lock"]
    paths += sorted((root() / "src").glob("*/resources/*"))
    for population in ("synthetic", "gm12878_dnase"):
        paths += [*sorted(shipped(population).glob("*.npz")), run.data(population)]
    return {relative(path): sha256(path) for path in paths if path.is_file()}


def commit() -> str | None:
    """The commit the run was made from, with "+" after it for uncommitted changes; or None."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root()), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
        return done.stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.SubprocessError):
        return None
