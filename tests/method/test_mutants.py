"""The script that changes the method: what it changes, and the list of what no test can notice."""

import ast

import numpy as np
import pandas as pd
import pytest

CODE = '''"""Not 1 + 1."""

Table = dict[int, 4]
LIMIT = 8  # of 3


def clipped(x: Literal[5], top: int = 10, whole: bool = True) -> Literal[7]:
    """Not 2 < 3."""
    if x < 0 and not whole:
        raise ValueError(f"{x} is below {0}")
    x[0] = min(x, top)
    return x
'''


@pytest.fixture
def mutants(script):
    return script("scripts/mutants.py")


def test_each_change_is_one_and_leaves_messages_and_hints_alone(mutants, tmp_path):
    (tmp_path / "code.py").write_text(CODE)
    found = mutants.Finder(tmp_path / "code.py").found
    assert [(m.function, m.line, m.new) for m in found] == [
        ("", 4, "LIMIT = 9"),
        ("", 4, "LIMIT = 7"),
        *(("clipped", 7, CODE.splitlines()[6].replace("10", top)) for top in ("11", "9")),
        ("clipped", 7, CODE.splitlines()[6].replace("True", "False")),
        ("clipped", 9, "if not (x < 0 and not whole):"),
        ("clipped", 9, "if x < 0 or not whole:"),
        ("clipped", 9, "if x <= 0 and not whole:"),
        ("clipped", 9, "if x >= 0 and not whole:"),
        ("clipped", 9, "if x < 1 and not whole:"),
        ("clipped", 9, "if x < (-1) and not whole:"),
        ("clipped", 9, "if x < 0 and whole:"),
        ("clipped", 10, "pass"),
        ("clipped", 11, "pass"),
        ("clipped", 11, "x[1] = min(x, top)"),
        ("clipped", 11, "x[(-1)] = min(x, top)"),
        ("clipped", 11, "x[0] = max(x, top)"),
    ]
    for mutant in found:
        ast.parse(CODE[: mutant.start] + mutant.text + CODE[mutant.end :])


def test_a_sample_has_of_every_module_its_share(mutants):
    every = pd.DataFrame({"module": np.repeat(["a", "b", "c"], [100, 40, 10])})
    sizes = mutants.sampled(every, 30, 0).groupby("module").size()
    assert sizes.to_dict() == {"a": 20, "b": 8, "c": 2}
    assert len(mutants.sampled(every, 0, 0)) == 150
    assert not mutants.sampled(every, 30, 1).index.equals(mutants.sampled(every, 30, 0).index)


def test_what_is_listed_as_equivalent_is_still_in_the_method(mutants):
    listed = pd.read_csv(mutants.EQUIVALENT, keep_default_na=False)
    found = [m for path in mutants.PACKAGE.glob("*.py") for m in mutants.Finder(path).found]
    there = {(m.module, m.function, m.old, m.new) for m in found}
    gone = [row for row in listed[mutants.KEY].itertuples(index=False) if tuple(row) not in there]
    assert not gone and listed["reason"].str.len().min() > 10
