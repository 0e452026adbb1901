"""Imports point one way: metric and datasets stand alone, models may use metric.maps, and only
the face (the modules at the top of the package, and the studies) uses all three."""

import ast
import subprocess
import sys

import pytest

PACKAGE = "attribution_consistency"
WINGS = {
    "metric": {"metric"},
    "datasets": {"datasets"},
    "models": {"models", "metric.maps", "metric.rounding"},
}
FRAMEWORKS = {"tensorflow", "keras", "torch", "jax"}


def imported(path, package):
    """Absolute names of what a module imports, `from x import y` as `x.y`."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *filter(None, [base])])
            names |= {f"{base}.{alias.name}" for alias in node.names}
    return names


@pytest.fixture(scope="module")
def modules(repository):
    source = repository / "src" / PACKAGE
    return {
        path.relative_to(source): imported(
            path, ".".join([PACKAGE, *path.relative_to(source).parent.parts])
        )
        for path in source.rglob("*.py")
    }


def test_wings_import_only_what_they_may(modules):
    for path, names in modules.items():
        if len(path.parts) == 1 or path.parts[0] == "studies":
            continue
        allowed = WINGS[path.parts[0]]
        for name in names:
            inside = name.removeprefix(f"{PACKAGE}.")
            if inside != name:
                assert any(f"{inside}.".startswith(f"{a}.") for a in allowed), f"{path}: {name}"


def test_only_models_imports_a_framework(modules):
    for path, names in modules.items():
        if path.parts[0] != "models":
            assert not {name.split(".")[0] for name in names} & FRAMEWORKS, path


def test_nothing_imports_the_workflow_engine(modules):
    for path, names in modules.items():
        assert "snakemake" not in {name.split(".")[0] for name in names}, path


def test_no_deep_learning_framework_is_needed_to_score():
    program = f"""
import sys
import {PACKAGE} as package
for name in package.__all__:
    getattr(package, name)
import numpy as np
x = package.one_hot(["ACGTACGTACGT", "TTGACGTACCAA"])
package.kmer_klds(x, np.random.default_rng(0).normal(size=x.shape).astype("float32"), ks=(2, 3))
assert not set(sys.modules) & {FRAMEWORKS!r}
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_importing_the_package_imports_nothing_heavy():
    program = f"""
import sys
import {PACKAGE}, {PACKAGE}.cli
heavy = {{"numpy", "scipy", "pandas", "matplotlib", "statsmodels", "pydantic"}}
assert not set(sys.modules) & heavy
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def code_lines(text):
    """Lines that are not blank, comment or docstring."""
    described = (ast.Module, ast.FunctionDef, ast.ClassDef)
    prose = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, described) and ast.get_docstring(node) is not None:
            prose |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return sum(
        number not in prose and bool(line.strip()) and not line.strip().startswith("#")
        for number, line in enumerate(text.splitlines(), 1)
    )


def test_the_source_stays_small(repository):
    """All of it, as formatted: what scores maps and what makes the book; no folder is exempt."""
    sources = (repository / "src").rglob("*.py")
    assert sum(code_lines(path.read_text()) for path in sources) <= 9400  # less, never more


def test_only_the_chapters_and_the_workflow_know_the_studies(modules):
    for path, names in modules.items():
        if path.parts[0] != "studies" and path.name not in ("pipeline.py", "cli.py"):
            assert not any(name.startswith(f"{PACKAGE}.studies") for name in names), path
