"""Would the tests of the method notice a wrong method?  Change it in small ways, and see.

    python workflow/scripts/mutants.py [--n 350] [--seed 0] [--seconds 25] [--again] [module ...]

A mutant is one change of `src/attribution_consistency`, made in a copy: another comparison or
operator, another number, a condition turned round, a statement left out. Of all mutants, or those
of some modules, `--n` are drawn, in proportion to the size of the modules (0: all). Each is tried
with the fast tests of tests/method that call its function, the quickest first, for 25 seconds or
`--seconds`; one that fails, or hangs, kills it. `--again` tries those that survived last time,
with all of their tests. Status 1 when fewer than 95 % are killed.

Mutants that no input can tell from the method stand in tests/method/equivalent_mutants.csv, each
with its reason, by what the lines say, and are left out; so are docstrings, type hints, messages,
and the numbers of what draws. results/mutants/mutants.csv says which test killed which mutant.

Takes one core, about 5 seconds a mutant after two minutes, and fork, which Windows has not.
"""

import argparse
import ast
import compileall
import contextlib
import importlib
import json
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis
import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE, RESULTS = ROOT / "src" / "attribution_consistency", ROOT / "results" / "mutants"
EQUIVALENT = ROOT / "tests" / "method" / "equivalent_mutants.csv"
KEY = ["module", "function", "old", "new"]
DRAWING = {"plot", "report_figures"}
SHARED = ["scipy.stats", "scipy.sparse", "seaborn", "h5py", "jinja2", "zarr"]  # imported once
OPERATORS = {
    "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"), "==": ("!=",),
    "!=": ("==",), "is": ("is not",), "is not": ("is",), "in": ("not in",), "not in": ("in",),
    "+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "//": ("/",), "%": ("//",), "**": ("*",),
    "&": ("|",), "|": ("&",), "and": ("or",), "or": ("and",),
}  # fmt: skip
NAMES = "min max minimum maximum any all zeros ones zeros_like ones_like argmin argmax mean sum"
NAMES += " True False abs_input l2 frequency instance r2 f hstack vstack"
SWAPPED = {
    a: b for i, pair in enumerate(zip(*2 * [iter(NAMES.split())])) for a, b in (pair, pair[::-1])
}


class Mutant(NamedTuple):
    """Bytes `start` to `end` of a module become `text`."""

    module: str
    function: str  # "" outside of functions
    line: int
    old: str  # the lines that change, without comments and needless space
    new: str
    start: int
    end: int
    text: str


class Finder:
    """All mutants of one module."""

    def __init__(self, path: Path) -> None:
        self.module, self.code, self.found = path.stem, path.read_bytes(), []
        self.starts = np.cumsum([0, *map(len, self.code.splitlines(keepends=True))])
        self.visit(ast.parse(self.code), "", False)

    def visit(self, node: Any, name: str, inside: bool) -> None:
        """Add the mutants of a node in the class or function `name`, and of what is below it."""
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            name = name if inside else f"{name}.{node.name}".lstrip(".")
            inside = inside or isinstance(node, ast.FunctionDef)
        self.here = name
        drawing, test = self.module in DRAWING, getattr(node, "test", None)
        if isinstance(node, ast.BinOp | ast.Compare | ast.BoolOp):
            self.operators(node, drawing)
        elif isinstance(node, ast.Constant):
            self.constant(node.value, *self.at(node), drawing)
        elif isinstance(node, ast.UnaryOp) and not isinstance(node.operand, ast.Constant):
            self.add(*self.at(node), self.text(node.operand))
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            word = self.text(node).rpartition(".")[2]
            if word in SWAPPED:
                self.add(self.at(node)[1] - len(word), self.at(node)[1], SWAPPED[word])
        elif isinstance(node, ast.If | ast.IfExp | ast.While):
            if not isinstance(test, ast.Compare | ast.UnaryOp):
                self.add(*self.at(test), f"not ({self.text(test)})")
        elif inside and not drawing and can_go(node):
            self.add(*self.at(node), "pass")
        for child in self.below(node, name):
            self.visit(child, name, inside)

    def below(self, node: Any, name: str) -> list[Any]:
        """What can be changed below a node: no docstring, type hint or message."""
        value = getattr(node, "value", None)
        if isinstance(node, ast.FunctionDef):
            return [*filter(None, (*node.args.defaults, *node.args.kw_defaults)), *node.body]
        if isinstance(node, ast.ClassDef):
            return node.body
        if isinstance(node, ast.AnnAssign):
            return [value] if value else []
        docstring = isinstance(node, ast.Expr) and isinstance(value, ast.Constant)
        alias = isinstance(value, ast.Subscript) or isinstance(getattr(value, "op", 0), ast.BitOr)
        message = isinstance(node, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom)
        message |= isinstance(node, ast.Call) and "warn" in self.text(node.func)
        return [] if docstring or message or (alias and not name) else [*ast.iter_child_nodes(node)]

    def operators(self, node: Any, drawing: bool) -> None:
        parts = getattr(node, "values", None) or [
            node.left,
            *getattr(node, "comparators", [getattr(node, "right", None)]),
        ]
        for start, end in ((self.at(a)[1], self.at(b)[0]) for a, b in pairwise(parts)):
            sign = re.search(rb"[^\s()]+(\s+(not|in)\b)?", self.code[start:end])
            if sign and not (drawing and isinstance(node, ast.BinOp)):
                for other in OPERATORS.get(" ".join(sign[0].decode().split()), ()):
                    self.add(start + sign.start(), start + sign.end(), other)

    def constant(self, value: Any, start: int, end: int, drawing: bool) -> None:
        if (new := SWAPPED.get(str(value))) and isinstance(value, str | bool):
            self.add(start, end, new if isinstance(value, bool) else f'"{new}"')
        elif not drawing and isinstance(value, int | float):
            steps = [value + 1, value - 1] if isinstance(value, int) else [value * 1.1 or 1.0]
            for number in steps:
                self.add(start, end, f"({number!r})" if number < 0 else repr(number))

    def add(self, start: int, end: int, text: str) -> None:
        first, last = self.starts.searchsorted([start, end - 1], side="right")
        low, high = self.starts[first - 1], self.starts[last]
        lines = self.code[low:high], self.code[low:start] + text.encode() + self.code[end:high]
        shown = [re.sub(r"\s+(# .*)?", " ", code.decode()).strip() for code in lines]
        own = Mutant(self.module, self.here, int(first), *shown, int(start), int(end), text)
        self.found.append(own)

    def at(self, node: Any) -> tuple[int, int]:
        first, last = self.starts[node.lineno - 1], self.starts[node.end_lineno - 1]
        return first + node.col_offset, last + node.end_col_offset

    def text(self, node: Any) -> str:
        return self.code[slice(*self.at(node))].decode()


def can_go(node: Any) -> bool:
    """Whether a module still runs without a statement."""
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Subscript) for target in node.targets)
    call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    return call or isinstance(node, ast.AugAssign | ast.Raise | ast.Continue)


class Chosen:
    """For pytest: some tests in their order, the failing one noted; or all, and what each calls."""

    def __init__(self, tests: list[str] | None, note: Path) -> None:
        self.order = None if tests is None else {name: at for at, name in enumerate(tests)}
        self.note, self.calls, self.seen = note, {}, set()
        self.of_fixture: dict[str, set[Any]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if (order := self.order) is not None:
            kept = [item for item in items if item.nodeid in order]
            items[:] = sorted(kept, key=lambda item: order[item.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.note.write_text(report.nodeid)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        if self.order is not None:
            return (yield)
        self.seen, began = set(), time.monotonic()
        threading.settrace(self.see)
        sys.settrace(self.see)
        result = yield
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        found = self.seen.union(*(self.of_fixture.get(f, ()) for f in item.fixturenames))
        names = {f"{Path(c.co_filename).stem}:{c.co_qualname.split('.<')[0]}" for c in found}
        self.calls[item.nodeid] = [time.monotonic() - began, sorted(names)]
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """What a fixture of many tests calls, each of them calls."""
        before, self.seen = self.seen, set()
        result = yield
        self.of_fixture.setdefault(fixturedef.argname, set()).update(self.seen)
        self.seen |= before
        return result

    def see(self, frame: Any, event: str, argument: Any) -> None:
        self.seen.add(frame.f_code)

    def pytest_sessionfinish(self) -> None:
        if self.order is None:
            self.note.write_text(json.dumps(self.calls))


def run_tests(copy: Path, note: Path, tests: list[str] | None, files: list[str]) -> bool:
    """Whether `tests`, or the fast ones of some files, pass with the package in `copy`."""
    sys.path[:0] = [str(copy)]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(copy), str(ROOT / "src")])
    os.environ["PYTHONDONTWRITEBYTECODE"], sys.dont_write_bytecode = "1", True
    phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    hypothesis.settings.register_profile("mutants", phases=phases)  # which shrinks nothing
    hypothesis.settings.load_profile("mutants")
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow"]
    return pytest.main([*files, *options], plugins=[Chosen(tests, note)]) == 0


def in_child(work: Callable[[], bool], seconds: int) -> bool | None:
    """What `work` returns in a process of its own; None where that takes too long."""
    if not (child := os.fork()):
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        for stream in (0, 1, 2):
            os.dup2(os.open(os.devnull, os.O_RDWR), stream)
        try:
            os._exit(0 if work() else 1)
        finally:
            os._exit(1)
    end, done, status = time.monotonic() + 10 * seconds, 0, 0
    while not done and time.monotonic() < end:
        time.sleep(0.02)
        done, status = os.waitpid(child, os.WNOHANG)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if not done:
        os.waitpid(child, 0)
    return status == 0 if done and not os.WIFSIGNALED(status) else None


def calls_of_tests(folder: Path) -> dict[str, Any]:
    """Seconds and called functions of each test: from last time, but for files edited since."""
    path, note, since, calls = RESULTS / "calls.json", folder / "note", 0.0, {}
    files = {str(p.relative_to(ROOT)): p for p in sorted(ROOT.glob("tests/method/test_*.py"))}
    if path.exists():
        since, calls = path.stat().st_mtime, json.loads(path.read_text())
    if any(source.stat().st_mtime > since for source in PACKAGE.glob("*.py")):
        since = 0.0
    edited = [name for name, file in files.items() if file.stat().st_mtime > since]
    if edited and not in_child(lambda: run_tests(folder, note, None, edited), 3600):
        sys.exit(f"tests/method fails without a mutant: {note.read_text()}")
    kept = {n: c for n, c in calls.items() if n.split("::")[0] in {*files} - {*edited}}
    path.write_text(json.dumps(kept | (json.loads(note.read_text()) if edited else {})))
    return json.loads(path.read_text())


def tests_of(mutant: Mutant, calls: dict[str, Any], seconds: float) -> list[str]:
    """Those that call the function, the quickest first, then those that start a process."""
    function, module = f"{mutant.module}:{mutant.function}", f"{mutant.module}:"
    called = any(function in own for _, own in calls.values())

    def rank(name: str) -> int:
        own = calls[name][1]
        if not called:  # a constant, a class
            return int(not any(one.startswith(module) for one in own))
        return 0 if function in own else 2 if "subprocess:Popen.__init__" in own else 3

    ordered = sorted((rank(name), calls[name][0], name) for name in calls)
    spent = np.cumsum([took for _, took, _ in ordered])
    return [name for (r, _, name), s in zip(ordered, spent) if r < 3 and s < seconds]


def in_two(tests: list[str], calls: dict[str, Any]) -> Iterator[tuple[list[str], list[str]]]:
    """Files and tests: those of the file of which the most are among the tests; the others."""
    held, every = (Counter(name.split("::")[0] for name in names) for names in (tests, calls))
    own = max(held, key=lambda file: held[file] / every[file], default="")
    for files in ([own], sorted({*held} - {own})):
        if part := [name for name in tests if name.split("::")[0] in files]:
            yield files, part


def tried(mutants: pd.DataFrame, seconds: float) -> Iterator[dict[str, Any]]:
    """Each mutant with whether it was killed, by which test, after how many seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder, copy, note = Path(name), Path(name) / PACKAGE.name, Path(name) / "note"
        shutil.copytree(PACKAGE, copy)
        compileall.compile_dir(copy, quiet=1)
        calls = calls_of_tests(folder)
        for mutant in map(Mutant._make, mutants.itertuples(index=False)):
            path, tests = copy / f"{mutant.module}.py", tests_of(mutant, calls, seconds)
            code = path.read_bytes()
            path.write_bytes(code[: mutant.start] + mutant.text.encode() + code[mutant.end :])
            for compiled in copy.glob(f"__pycache__/{mutant.module}.*"):
                compiled.unlink()  # of the same size and second
            note.write_text("")
            began, passed = time.monotonic(), True
            for files, part in in_two(tests, calls):
                limit = 10 + round(2 * sum(calls[name][0] for name in part))
                work = partial(run_tests, folder, note, part, files)
                passed = passed and in_child(work, limit)
            path.write_bytes(code)
            by = "" if passed else "time" if passed is None else note.read_text() or "import"
            took = round(time.monotonic() - began, 1)
            yield {**mutant._asdict(), "killed": not passed, "by": by, "seconds": took}


def sampled(mutants: pd.DataFrame, n: int, seed: int) -> pd.DataFrame:
    """`n` of the mutants, of each module in proportion; 0: all."""
    drawn = mutants.sample(frac=1, random_state=seed).groupby("module")["module"]
    place = (drawn.cumcount() + 0.5) / drawn.transform("size")
    return mutants.loc[place.sort_values(kind="stable").index[: n or None]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("modules", nargs="*")
    for name, value in {"n": 350, "seed": 0, "seconds": 0}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--again", action="store_true")
    given, table = parser.parse_args(), RESULTS / "mutants.csv"
    os.chdir(ROOT)
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name in SHARED:
        importlib.import_module(name)
    paths = [
        p for p in sorted(PACKAGE.glob("*.py")) if not given.modules or p.stem in given.modules
    ]
    found = pd.DataFrame([mutant for path in paths for mutant in Finder(path).found])
    keys, known = found.set_index(KEY).index, pd.read_csv(EQUIVALENT, keep_default_na=False)
    equivalent, rows = keys.isin(known.set_index(KEY).index), []
    if given.again:
        last = pd.read_csv(table, keep_default_na=False)
        rows = last[last["killed"]].to_dict("records")
        chosen = found[keys.isin(last[~last["killed"]].set_index(KEY).index) & ~equivalent]
    else:
        chosen = sampled(found[~equivalent], given.n, given.seed)
    print(f"{len(found)} mutants, {equivalent.sum()} equivalent, {len(chosen)} tried", flush=True)
    for row in tried(chosen, given.seconds or (np.inf if given.again else 25)):
        rows.append(row)
        pd.DataFrame(rows).to_csv(table, index=False)
        if not row["killed"]:
            print("{module}.py:{line}: {old}  ->  {new}".format(**row), flush=True)
    killed = pd.DataFrame(rows).groupby("module")["killed"]
    by_module = killed.agg(sampled="size", killed="sum", share="mean")
    share = by_module["killed"].sum() / len(rows)
    by_module.loc["all"] = [len(rows), by_module["killed"].sum(), share]
    print(by_module.round(2).astype({"sampled": int, "killed": int}).to_string())
    return int(share < 0.95)


if __name__ == "__main__":
    sys.exit(main())
