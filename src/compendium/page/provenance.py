"""Where a figure comes from: the data files and the code that a notebook had used when it drew it.

The workflow names the run and the notebook in the environment of a kernel and calls `watch` in it.
Files are noticed as Python opens them and figures as the kernel sends them, so nothing has to be
declared, and nothing is forgotten.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from attribution_consistency.files import sha256

from .. import paths as artefacts
from ..paths import NOTEBOOK_VARIABLE, RUN_VARIABLE, Run, read_json, relative, write_json

PACKAGES = ("attribution_consistency", "compendium")
MANY = 4  # files of one folder that are named one by one
READ: set[str] = set()  # paths opened for reading since `watch`


def watch() -> None:
    """Notice from now on which files this process reads, and note them for each glued figure."""
    from IPython import get_ipython

    sys.addaudithook(_opened)
    if get_ipython():
        get_ipython().display_pub.register_hook(_sent)


def note(figure: str) -> None:
    """Keep, for a figure about to be shown, the data read so far and the code loaded so far."""
    run = Run(os.environ[RUN_VARIABLE])
    path = run.provenance(os.environ[NOTEBOOK_VARIABLE])
    known = read_json(path) if path.exists() else {}
    modules = [
        module.__file__
        for name, module in sys.modules.items()
        if name.split(".")[0] in PACKAGES and getattr(module, "__file__", None)
    ]
    code = {"modules": len(modules), "sha256": combined(filter(None, modules))}
    write_json(path, known | {figure: {"data": _data(run), "code": code}})


def pictures(notebook: Mapping[str, Any]) -> dict[str, bytes]:
    """The figures that an executed notebook keeps under a name, {name: bytes of a PNG}.

    `notebook` is its document, of nbformat 4 or as the JSON file has it.
    """
    return {
        output["metadata"]["scrapbook"]["name"]: base64.b64decode(
            "".join(output["data"]["image/png"])
        )
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if "scrapbook" in output.get("metadata", {}) and "image/png" in output.get("data", {})
    }


def combined(paths: Iterable[str | os.PathLike[str]]) -> str:
    """SHA-256 of one file; of several, that of their names and digests."""
    files = list(map(str, paths))
    if len(files) == 1:
        return _digest(files[0], os.stat(files[0]).st_mtime_ns)
    lines = [f"{_digest(p, os.stat(p).st_mtime_ns)} {os.path.basename(p)}" for p in sorted(files)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@functools.cache
def _digest(path, changed):
    return sha256(path)


def _data(run):
    """{file, or folder of many files: {files, sha256}}, names relative to the repository."""
    root, source = artefacts.root(), Path(__file__).parents[2]
    places = [run.folder / name for name in ("data", "models", "maps", "scores", "tables")]
    places += [run.length_weights, root / "data"]
    places += [source / package / "resources" for package in PACKAGES]
    found = {}
    for path in map(Path, sorted(READ)):
        if path.is_file() and any(place in (path, *path.parents) for place in places):
            found.setdefault(path.parent, []).append(path)
    groups = {}
    for folder, paths in found.items():
        named = {folder: paths} if len(paths) > MANY else {path: [path] for path in paths}
        for name, some in named.items():
            groups[relative(name)] = {"files": len(some), "sha256": combined(some)}
    return groups


def _sent(message):
    """Note a figure that MyST-NB keeps under a name; pass every message on."""
    content = message.get("content", {})
    name = content.get("metadata", {}).get("scrapbook", {}).get("name")
    if name and any("image/png" in kind for kind in content.get("data", {})):
        note(name)
    return message


def _opened(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, os.PathLike)):
        path, mode = arguments[:2]
        if mode is None or "r" in str(mode):
            READ.add(os.path.realpath(path))
