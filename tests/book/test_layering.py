"""The house: two packages, arrows that point one way, and sizes, with no folder exempt."""

import ast
import subprocess
import sys

import pytest

METHOD, BOOK = "attribution_consistency", "compendium"
FRAMEWORKS = {"tensorflow", "keras", "torch", "jax"}
# What the method may not know: runs, configurations and the workflow.
NOT_IN_METHOD = FRAMEWORKS | {BOOK, "yaml", "snakemake", "statsmodels", "pydantic", "papermill"}
LINES = {METHOD: 2800, BOOK: 6000}
LINES_OF_A_FUNCTION = 40


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


# Sites planted in real DNA have no spacers between them; and the sign of an SNR needs a noise that
# maps of the wrong sign have.
TRUTH_WITHOUT_SPACERS = {"implants.py", "own_sequences.py", "train_variants.py"}


def test_every_ratio_is_over_the_same_noise(repository):
    """The noise of an SNR is the spacers, and not all that is outside of motifs."""
    called = []
    for folder in ("src/compendium", "workflow", "notebooks", "book/projects"):
        for path in (repository / folder).rglob("*.py"):
            if path.parent.name == "solutions":
                continue  # they know the mistake, too
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    name = ast.unparse(node.func).rpartition(".")[2]
                    if name in {"signal_to_noise", "motif_auroc", "motif_aupr"}:
                        given = {keyword.arg for keyword in node.keywords}
                        called.append((path.name, bool(given & {None, "spacer_mask"})))
    assert {name for name, told in called if not told} <= TRUTH_WITHOUT_SPACERS
    assert sum(told for _, told in called) > 12


def packages(names):
    return {name.split(".")[0] for name in names}


@pytest.fixture(scope="module")
def modules(repository):
    """{path below src: names that the module imports}."""
    source = repository / "src"
    return {
        path.relative_to(source): imported(path, ".".join(path.relative_to(source).parent.parts))
        for path in source.rglob("*.py")
    }


def of_readers(path):
    """PyTorch's own files are read by PyTorch, where somebody has it."""
    return {"torch"} if path.name == "containers.py" else set()


def test_there_are_two_packages(repository):
    folders = [
        path.name for path in (repository / "src").iterdir() if (path / "__init__.py").exists()
    ]
    assert sorted(folders) == [METHOD, BOOK]


def test_the_method_knows_arrays_and_files_only(modules):
    for path, names in modules.items():
        if path.parts[0] == METHOD:
            assert not packages(names) & NOT_IN_METHOD - of_readers(path), path
            assert len(path.parts) == 2, f"{path}: the method is flat"


def test_only_the_zoo_imports_a_framework(modules):
    for path, names in modules.items():
        if path.parts[:2] != (BOOK, "zoo"):
            assert not packages(names) & FRAMEWORKS - of_readers(path), path


def test_nothing_imports_the_workflow_engine(modules):
    for path, names in modules.items():
        assert "snakemake" not in packages(names), path


def chapter(name):
    """The chapter that a module of `chapters` belongs to: its name up to the first underscore."""
    return name.split("_")[0] if name != "real_data" else name


def test_chapters_do_not_import_each_other_nor_the_pages(modules):
    """What two need moves down."""
    inside = f"{BOOK}.chapters."
    for path, names in modules.items():
        if path.parts[:2] == (BOOK, "chapters") and path.stem != "__init__":
            others = {n.removeprefix(inside).split(".")[0] for n in names if n.startswith(inside)}
            files = {n for n in others if (f"{BOOK}/chapters/{n}.py") in map(str, modules)}
            assert {chapter(n) for n in files} <= {chapter(path.stem)}, path
            assert not any(name.startswith(f"{BOOK}.page") for name in names), path


def test_only_the_commands_and_the_pages_know_the_chapters(modules):
    knows = {f"{BOOK}/{name}.py" for name in ("steps", "__main__", "dependencies")}
    for path, names in modules.items():
        if path.parts[:2] not in {(BOOK, "chapters"), (BOOK, "page")} and str(path) not in knows:
            assert not any(name.startswith(f"{BOOK}.chapters") for name in names), path


def test_nobody_imports_a_private_name(repository):
    """What two modules need is public and documented."""
    for folder in ("src", "notebooks", "workflow", "book/ext"):
        for path in (repository / folder).rglob("*.py"):
            for name in imported(path, ""):
                if packages([name.lstrip(".")]) & {METHOD, BOOK} or name.startswith("."):
                    last = name.split(".")[-1]
                    assert not last.startswith("_") or last.startswith("__"), f"{path}: {name}"


def test_no_deep_learning_framework_is_needed_to_score():
    program = f"""
import sys
import {METHOD} as package
for name in package.__all__:
    getattr(package, name)
import numpy as np
x = package.one_hot(["ACGTACGTACGT", "TTGACGTACCAA"])
package.kmer_klds(x, np.random.default_rng(0).normal(size=x.shape).astype("float32"), ks=(2, 3))
assert not set(sys.modules) & {FRAMEWORKS!r}
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_importing_the_packages_imports_nothing_heavy():
    program = f"""
import sys
import {METHOD}, {METHOD}.cli, {BOOK}, {BOOK}.__main__
heavy = {{"numpy", "scipy", "pandas", "matplotlib", "statsmodels", "pydantic"}}
assert not set(sys.modules) & heavy, set(sys.modules) & heavy
"""
    subprocess.run([sys.executable, "-c", program], check=True)


# --- sizes: lines of code as formatted, without blanks, comments and docstrings -----------


def lines_of_code(text):
    """Numbers of the lines that are code."""
    prose = set()
    for node in ast.walk(ast.parse(text)):
        described = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        if isinstance(node, described) and ast.get_docstring(node, clean=False) is not None:
            prose |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return {
        number
        for number, line in enumerate(text.splitlines(), 1)
        if number not in prose and line.strip() and not line.strip().startswith("#")
    }


@pytest.mark.parametrize("package", LINES)
def test_a_package_stays_small(repository, package):
    sources = (repository / "src" / package).rglob("*.py")
    assert sum(len(lines_of_code(path.read_text())) for path in sources) <= LINES[package]


def test_functions_are_short(repository):
    long = []
    for path in (repository / "src").rglob("*.py"):
        text = path.read_text()
        code = lines_of_code(text)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                size = len(code & set(range(node.lineno, node.end_lineno + 1)))
                if size > LINES_OF_A_FUNCTION:
                    long.append(f"{path.name}:{node.name} {size}")
    assert not long


def test_files_are_short(repository):
    """350 lines; a longer one says why in its first lines."""
    for path in (repository / "src").rglob("*.py"):
        text = path.read_text()
        if len(text.splitlines()) > 350:
            assert "long because" in text[:1500].lower(), (
                f"{path.name} has {text.count(chr(10))} lines"
            )
