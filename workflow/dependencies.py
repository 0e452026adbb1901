"""Which source files a step uses: what its module imports, and what that imports in turn.

Included by the Snakefile, which takes them as inputs, so that an edit reruns what uses the file and
nothing else.
"""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from attribution_consistency import HOME
from compendium.paths import root

PACKAGES = ("attribution_consistency", "compendium")


@cache
def imported(path: Path) -> tuple[Path, ...]:
    """Source files of our packages that a Python file imports, anywhere in it."""
    source = root() / "src"
    package = path.relative_to(source).parent.parts if source in path.parents else ()
    names: list[str] = []
    for node in _run(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            base += node.module.split(".") if node.module else []
            names += [".".join([*base, alias.name]) for alias in node.names]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return tuple(dict.fromkeys(file for name in names for file in _files(name)))


def _run(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node of a source but those that only a type checker sees."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from _run(node)


def _files(name: str) -> Iterator[Path]:
    """Files that an import of a dotted name reads: its packages and the module itself."""
    parts = name.split(".")
    if parts[0] not in PACKAGES:
        return
    if parts[0] == "attribution_consistency" and parts[1:] and parts[1] in HOME:
        parts.insert(1, HOME[parts[1]])  # a public name of the method: the module it is in
    for n in range(1, len(parts) + 1):
        place = (root() / "src").joinpath(*parts[:n])
        file = place.with_suffix(".py")
        if n > 1 and file.is_file():
            yield file
            return
        if not (place / "__init__.py").is_file():
            return
        yield place / "__init__.py"


def used(files: Iterable[Path], without: Iterable[str] = ()) -> list[Path]:
    """The files themselves and all of our source files that they reach by imports.

    Parameters
    ----------
    files : Python files
    without : folders or files below `src` that do not count, such as `compendium/zoo`
    """
    source, reached = root() / "src", set()
    left = [Path(file).resolve() for file in files]
    barred = [source / name for name in without]
    while left:
        path = left.pop()
        if path in reached or any(path == b or b in path.parents for b in barred):
            continue
        reached.add(path)
        left += imported(path)
    return sorted(reached)
