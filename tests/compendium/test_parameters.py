"""Parameters of notebooks: which types there are, and which values fit them."""

import ast
import datetime
import math
import re

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from compendium import config
from compendium.config import ConfigError
from compendium.parameters import ParameterError, fits, notebook_parameters

# Annotation: values of this type, and values that are not.
TYPES = {
    "int": ([0, -3, 10**30], [1.0, True, "1", None, [1], {}]),
    "float": ([0, -3, 2.5, 1e300], [True, "1.5", None, math.nan, math.inf, 10**400, [1.5]]),
    "str": (["", "a"], [1, None, True, ["a"], b"a", datetime.date(2020, 1, 1)]),
    "bool": ([True, False], [0, 1, "true", None]),
    "None": ([None], [0, "", False, []]),
    "list[float]": ([[], [1, 2.5]], [[math.nan], [True], ["1"], 1.0, [None]]),
    "list[list[int]]": ([[[1], []]], [[1], [[1.5]]]),
    "dict[int, str]": ([{1: "a"}, {}], [{"1": "a"}, {True: "a"}, {1: 1}]),
    "dict[str, list[int]]": ([{"a": [1]}], [{"a": 1}, {"a": ["b"]}]),
    "int | str | None": ([1, "a", None], [1.5, True, []]),
    "list[int] | dict[str, int]": ([[1], {"a": 1}], [["a"], {"a": "b"}, 1]),
    "Literal['b']": (["b"], ["a", "", None, ["b"]]),
    "Literal['a'] | int | None": (["a", 1, None], ["b", True, 1.0, "1", []]),
    "Literal['all'] | list[str]": (["all", ["a"]], ["a", [1], None]),
    "list[Literal['a', 'b']]": ([[], ["a", "b", "a"]], [["c"], "a"]),
}


@pytest.mark.parametrize("annotation", TYPES)
def test_values_fit_their_type_and_no_other(annotation):
    good, bad = TYPES[annotation]
    for value in good:
        assert fits(value, annotation) is True, value
        assert fits([value], f"list[{annotation}]") is True, value
        assert fits(value, f"{annotation} | None") is True, value
    for value in bad:
        assert fits(value, annotation) is False, value
        assert fits([*good, value], f"list[{annotation}]") is False, value
        assert fits({"a": value}, f"dict[str, {annotation}]") is False, value


SIMPLE = {
    "int": st.integers(),
    "float": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9),
    "str": st.text(max_size=3),
    "bool": st.booleans(),
    "None": st.none(),
    "Literal['a', 'b']": st.sampled_from(["a", "b"]),
}


def combined(inner):
    """Pairs of an annotation and a value of it, made from such pairs."""
    return st.one_of(
        inner.map(lambda pair: (f"list[{pair[0]}]", [pair[1], pair[1]])),
        inner.map(lambda pair: (f"dict[str, {pair[0]}]", {"a": pair[1]})),
        st.tuples(inner, inner).map(lambda two: (f"{two[0][0]} | {two[1][0]}", two[1][1])),
    )


PAIRS = st.recursive(
    st.one_of(*(st.tuples(st.just(name), values) for name, values in SIMPLE.items())),
    combined,
    max_leaves=4,
)


@effort(max_examples=40, deadline=None)
@given(PAIRS)
def test_a_value_made_from_its_annotation_fits(pair):
    annotation, value = pair
    assert fits(value, annotation)
    assert not fits({1, 2}, annotation), "a set is a value of no type"
    assert not fits([[value], object()], f"list[list[{annotation}]]")


UNKNOWN = [
    "floot",
    "Int",
    "Any",
    "list",
    "dict",
    "tuple[int, ...]",
    "set[int]",
    "'int'",
    "list['int']",
    "...",
    "3",
    "int | floot",
    "int | 3",
    "int & str",
    "not int",
    "list[floot]",
    "list[int, str]",
    "list[()]",
    "dict[str]",
    "dict[str, int, int]",
    "int[str]",
    "Literal",
    "Literal[()]",
    "Literal[a]",
    "Literal[1]",
    "Literal['a', 1]",
    "Literal[True]",
    "Literal[['a']]",
    "Optional[int]",
    "Union[int, str]",
    "Annotated[int, Field(ge=1)]",
    "typing.Any",
    "list[().__class__]",
    "open('made', 'w')",
    "list[\"open('made', 'w')\"]",
    "Literal[open('made', 'w')]",
    "(lambda: int)()",
]


@pytest.mark.parametrize("annotation", UNKNOWN)
def test_an_unknown_type_is_named_before_any_work(compendium, monkeypatch, annotation):
    monkeypatch.chdir(compendium)
    source = compendium / "notebooks" / "01_first.py"
    text = source.read_text()
    source.write_text(text.replace("level: float", f"level: {annotation}"))
    shown = re.escape(ast.unparse(ast.parse(annotation, mode="eval")))
    message = rf"notebooks/01_first.py: line 7: level: unknown type {shown}; use int, "
    for given_parameters in (None, {"01_first": None}, {"01_first": {"level": 0.5}}):
        given_parameters = {} if given_parameters is None else {"notebooks": given_parameters}
        with pytest.raises(ConfigError, match=message) as caught:
            config.resolve(given_parameters)
        assert "\n" not in str(caught.value)
    for value in (1, "x", None, []):
        with pytest.raises(ParameterError, match=f"unknown type {re.escape(annotation)}; use"):
            fits(value, annotation)
    assert not (compendium / "made").exists(), "text of an annotation was run"


@pytest.mark.parametrize("annotation", ["", "int |", "list[", "int\nstr", "\0"])
def test_text_that_is_no_annotation_is_unknown_too(annotation):
    with pytest.raises(ParameterError, match="unknown type"):
        fits(1, annotation)


def test_a_choice_of_values_is_a_type(compendium):
    source = compendium / "notebooks" / "01_first.py"
    text = source.read_text().replace("level: float = 0.5", "level: Literal['a', 'b'] = 'a'")
    source.write_text(text)
    chosen = {"01_first": {"level": "b"}}
    assert config.resolve({"notebooks": chosen})["notebooks"] == chosen
    with pytest.raises(ConfigError, match=r"level: expected Literal\['a', 'b'\], got \"c\""):
        config.resolve({"notebooks": {"01_first": {"level": "c"}}})


def test_every_default_fits_its_own_type(repository):
    checked = 0
    for source in sorted((repository / "notebooks").rglob("*.py")):
        if 'tags=["parameters"]' not in source.read_text(encoding="utf-8"):
            continue  # an exercise that needs no run
        parameters = notebook_parameters(source)
        for node in ast.parse(source.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") in parameters:
                value, annotation = ast.literal_eval(node.value), parameters.pop(node.target.id)
                assert fits(value, annotation), f"{source.name}: {ast.unparse(node)}"
                checked += 1
        assert not parameters, f"{source.name}: no default found of {list(parameters)}"
    assert checked > 40


def test_every_notebook_has_one_parameters_cell_with_a_comment_on_each_line(repository):
    sources = sorted((repository / "notebooks").glob("*.py"))
    assert sources
    for source in sources:
        parameters = notebook_parameters(source)
        assert parameters.get("run") == "str", f"{source.name} lacks run: str"
        lines = source.read_text().splitlines()
        for name in parameters:
            line = next(line for line in lines if re.match(rf"{name}\s*:", line))
            assert "#" in line, f"{source.name}: {name} does not say what it means"


def test_parameters_cell_mistakes_are_named(compendium):
    source = compendium / "notebooks" / "01_first.py"
    source.write_text("# %%\nx = 1\n")
    with pytest.raises(ParameterError, match="expected one cell tagged 'parameters', found 0"):
        notebook_parameters(source)
    source.write_text('# %% tags=["parameters"]\nx = 1\n')
    with pytest.raises(ParameterError, match="line 2: a parameter is 'name: type = default'"):
        notebook_parameters(source)
    source.write_text('# %% tags=["parameters"]\nrun: str = "default"  # the run\n\n# %%\nx = 1\n')
    with pytest.raises(ParameterError, match="line 2: add a comment line"):
        notebook_parameters(source)
    for target in ("a.b", "a[0]"):
        source.write_text(f'# %% tags=["parameters"]\n{target}: int = 1  # no name\n')
        with pytest.raises(ParameterError, match="line 2: a parameter is 'name: type = default'"):
            notebook_parameters(source)
    source.write_text('# %% tags=["parameters"]\n# what to show\nn: int = (1  # how many\n')
    with pytest.raises(ParameterError, match="notebooks/01_first.py: line 3: "):
        notebook_parameters(source)
    with pytest.raises(ParameterError, match="notebooks/02_none.py: no such notebook"):
        notebook_parameters(compendium / "notebooks" / "02_none.py")
