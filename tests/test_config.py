"""Configurations: defaults, and one line for every mistake, before any work."""

import ast
import datetime
import json
import math
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from attribution_consistency import config
from attribution_consistency.config import ConfigError


@pytest.fixture
def load(compendium):
    def load(text, name="my.yml"):
        path = compendium / name
        path.write_text(text)
        return config.load(path)

    return load


def test_an_empty_file_is_all_defaults(load):
    settings = load("")
    assert settings["synthetic"] == {"data_seed": 0, "n_sequences": 20000, "length": 200}
    assert settings["scores"]["ks"] == [3, 4, 5, 6, 7, 8]
    assert settings["notebooks"] == {"01_first": {}}


def test_the_schema_documents_every_parameter_and_its_defaults_are_valid():
    def walk(schema, path=""):
        for name, part in schema.get("properties", {}).items():
            assert part.get("description"), f"{path}{name} has no description"
            walk(part, f"{path}{name}.")

    walk(config.config_schema())


@pytest.mark.parametrize("name", ["default", "quick", "paper", "tiny"])
def test_shipped_configurations_are_valid(repository, name):
    path = repository / "config" / f"{name}.yml"
    settings = config.load(path)
    assert config.resolve(settings) == settings


def test_the_published_book_states_the_defaults(repository):
    stated = config.load(repository / "config" / "default.yml")
    assert stated == config.resolve({"title": stated["title"]})


def test_the_schema_states_the_settings_of_a_training():
    from attribution_consistency.models import recipes

    parts = config.config_schema()["properties"]["zoo"]["properties"]["training"]["properties"]
    expected = dict(recipes.OPTIMISATION)
    for settings in recipes.REGULARISATION.values():
        expected |= settings
    found = {name: part["default"] for name, part in parts.items()}
    assert found == expected
    # The digest of a recipe tells 2 from 2.0.
    assert {n: type(v) for n, v in found.items()} == {n: type(v) for n, v in expected.items()}


def test_the_published_settings_find_the_shipped_weights(repository):
    from attribution_consistency.models import recipes

    settings = config.load(repository / "config" / "default.yml")
    records = sorted((repository / "data" / "zoo").glob("*.json"))
    checked = 0
    for path in records:
        made = recipes.synthetic_recipe(
            path.stem,
            settings["zoo"]["epochs"],
            settings["synthetic"],
            settings["zoo"]["training"],
        )
        assert json.loads(path.read_text())["digest"] == recipes.digest(made), path.stem
        checked += 1
    assert checked == len(records) >= 28


def test_the_resolved_configuration_shows_the_settings_of_a_training(compendium):
    from attribution_consistency import pipeline
    from attribution_consistency.models import recipes

    (compendium / "my.yml").write_text("zoo: {training: {manifold_mixup_alpha: 2}}")
    pipeline.configure(compendium / "my.yml")
    zoo = config.load_resolved("my")["zoo"]
    assert zoo["training"]["noise_sd"] == 0.25 and len(zoo["training"]) == 13
    plain, asked = (
        recipes.synthetic_recipe("bn-exp-manifoldmixup-00", 100, {}, training)
        for training in (None, zoo["training"])
    )
    assert recipes.digest(plain) == recipes.digest(asked), "2 is 2.0"


@pytest.mark.parametrize(
    "text",
    [
        "zoo: {configurations: []}",
        "zoo: {weights: available}",
        "zoo: {training: {batch_size: 28}}",
    ],
)
def test_few_sequences_are_enough_where_nothing_or_little_is_trained(load, text):
    assert load("synthetic: {n_sequences: 40}\n" + text)


@pytest.mark.parametrize("n", [120, 142, 144])
def test_a_training_part_smaller_than_a_batch_is_refused(load, n):
    from attribution_consistency.datasets import synthetic

    part = int((synthetic._split(np.random.default_rng(0), n) == 0).sum())
    few = f"synthetic: {{n_sequences: {n}}}\n"
    assert load(f"{few}zoo: {{training: {{batch_size: {part}}}}}")
    message = rf"zoo.training.batch_size: {part + 1} .* {part} .* {n} \(synthetic.n_sequences\)"
    with pytest.raises(ConfigError, match=message):
        load(f"{few}zoo: {{training: {{batch_size: {part + 1}}}}}")
    if part < 100:
        with pytest.raises(ConfigError, match="zoo.training.batch_size: 100"):
            load(few)
        extra = "extra: [{configuration: bn-exp-mixup, init: 90, epochs: 1}]"
        with pytest.raises(ConfigError, match="zoo.training.batch_size: 100"):
            load(f"{few}zoo: {{weights: available, {extra}}}")


def test_the_paper_has_392_networks(repository):
    networks = config.model_epochs(config.load(repository / "config" / "paper.yml"))
    assert len(networks) == 392
    assert set(networks.values()) == {100}


@pytest.mark.parametrize(
    "text, message",
    [
        ("zoo: {epoch: 3}", "zoo.epoch: unknown parameter; nearest valid name: zoo.epochs"),
        ("sceres: {}", "sceres: unknown parameter; nearest valid name: scores"),
        ("epochs: 3", "epochs: unknown parameter; nearest valid name: zoo.epochs"),
        ("zoo: {xyzzy: 3}", "zoo.xyzzy: unknown parameter; valid names here: configurations,"),
        ("zoo: {epochs: forty}", 'zoo.epochs: expected a whole number, got "forty"'),
        ("zoo: {epochs: 0}", "zoo.epochs: expected at least 1, got 0"),
        ("zoo: {epochs: true}", "zoo.epochs: expected a whole number, got true"),
        ("zoo: 3", "zoo: expected 'parameter: value' lines, got 3"),
        ("scores: {ks: [0, 3]}", "scores.ks[0]: expected at least 1, got 0"),
        ("scores: {ks: [11]}", "scores.ks[0]: expected at most 10, got 11"),
        ("scores: {ks: []}", "scores.ks: expected at least 1 item(s), got []"),
        ("scores: {score: abs_inputs}", "nearest valid value: abs_input"),
        ("synthetic: {n_sequences: 401}", "synthetic.n_sequences: expected a multiple of 2"),
        ("zoo: {training: {learning_rate: 0}}", "zoo.training.learning_rate: expected more than 0"),
        ("zoo: {configurations: [bn-exp-mixpu]}", "nearest valid name: bn-exp-mixup"),
        ("zoo: {configurations: some}", "zoo.configurations: expected 'all', or a list of names"),
        ("zoo: {extra: [{configuration: bn-exp-mixup, init: 1}]}", "zoo.extra[0]: lacks epochs"),
        (
            "zoo: {extra: [{configuration: bn-exp-mixup, init: 0, epochs: 1}]}",
            "zoo.extra[0]: bn-exp-mixup-00 is already in the run",
        ),
        ("zoo: {configurations: [bn-exp-dropblock]}", "unknown configuration 'bn-exp-dropblock'"),
        ("zoo: {configurations: [bn-gelu-standard]}", "unknown configuration 'bn-gelu-standard'"),
        ("gm12878: {models: [binary-cnn-gm12878-gelu-00]}", "'gelu' is not one of relu, exp"),
        ("gm12878: {models: [binary-cn-gm12878-exp-00]}", "did you mean 'cnn'"),
        ("notebooks: {01_frist: {}}", "nearest valid name: notebooks.01_first"),
        ("notebooks: {01_first: {n_show: 3}}", "nearest valid name: notebooks.01_first.n_shown"),
        ("notebooks: {01_first: {n_shown: 3.5}}", "n_shown: expected int, got 3.5"),
        ("notebooks: {01_first: {n_shown: true}}", "n_shown: expected int, got true"),
        ("notebooks: {01_first: {level: .nan}}", "level: expected float, got NaN"),
        ("notebooks: {01_first: {names: [a, 1]}}", 'names: expected list[str], got ["a", 1]'),
        ("notebooks: {01_first: {names: [2020-01-01]}}", "names: expected list[str], got ["),
        ("notebooks: {01_first: {names: {2020-01-01: a}}}", "names: expected list[str], got {"),
        ("notebooks: {01_first: {names: &a [*a]}}", "names: expected list[str], got [["),
        ("notebooks: {01_first: {run: x}}", "set by the workflow"),
        ("a: 1\na: 2", "a is given twice"),
        ("zoo:\n  epochs: 1\n epochs: 2", "not valid YAML at line 3"),
        ("- a\n- b", "expected 'parameter: value' lines"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_parameter(load, text, message):
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert message in str(caught.value)
    assert "my.yml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(compendium):
    with pytest.raises(ConfigError, match="absent.yml: no such file"):
        config.load(compendium / "absent.yml")


def test_a_file_name_that_cannot_be_a_folder_is_refused(load):
    with pytest.raises(ValueError, match="cannot name a run"):
        load("", name="my run.yml")


def test_numbers_in_exponent_form_are_numbers(load):
    zoo = load("zoo: {training: {learning_rate: 1e-4}}")["zoo"]
    assert zoo["training"]["learning_rate"] == 1e-4


def test_whole_numbers_written_with_a_point_become_whole(load):
    epochs = load("zoo: {epochs: 12.0}")["zoo"]["epochs"]
    assert epochs == 12 and isinstance(epochs, int)


def test_a_choice_of_notebooks_keeps_their_order_and_overrides(load):
    given = "notebooks: {01_first: {n_shown: 5, level: 1, names: [a], limit: null}}"
    assert load(given)["notebooks"] == {
        "01_first": {"n_shown": 5, "level": 1, "names": ["a"], "limit": None}
    }


@pytest.mark.parametrize(
    "value, annotation, good",
    [
        (1, "int", True),
        (1.0, "int", False),
        (True, "int", False),
        (1, "float", True),
        ("a", "str", True),
        (None, "int | None", True),
        ("a", "int | None", False),
        ([1, 2], "list[int]", True),
        ([1, "a"], "list[int]", False),
        (1, "list[int]", False),
        (["a"], "list[str] | None", True),
        ([1.5, 2], "tuple[float, ...]", True),
        ({"a": 1}, "dict[str, int]", True),
        ({"a": "b"}, "dict[str, int]", False),
    ],
)
def test_types_of_notebook_parameters(value, annotation, good):
    assert config.fits(value, annotation) is good


# Annotation: values of this type, and values that are not.
TYPES = {
    "int": ([0, -3, 10**30], [1.0, True, "1", None, [1], {}]),
    "float": ([0, -3, 2.5, 1e300], [True, "1.5", None, math.nan, math.inf, 10**400, [1.5]]),
    "str": (["", "a"], [1, None, True, ["a"], b"a", datetime.date(2020, 1, 1)]),
    "bool": ([True, False], [0, 1, "true", None]),
    "None": ([None], [0, "", False, []]),
    "list": ([[], [1, "a"]], ["ab", {}, None, {1}]),
    "dict": ([{}, {"a": [1]}], [[], "a", None]),
    "tuple": ([[], [1, "a"], (1,)], ["ab", {}, None, {1}]),
    "list[float]": ([[], [1, 2.5]], [[math.nan], [True], ["1"], 1.0, [None]]),
    "list[list[int]]": ([[[1], []]], [[1], [[1.5]]]),
    "tuple[int, ...]": ([[], [1], [1, 2, 3]], [[1, "a"], 1, "12", {1}]),
    "tuple[int, str]": ([[1, "a"]], [[1], [1, 2], ["a", 1], [1, "a", 1], []]),
    "tuple[()]": ([[]], [[1]]),
    "list[tuple[float, float]]": ([[[0, 1.5], [2, 3]]], [[[0]], [0, 1]]),
    "dict[int, str]": ([{1: "a"}, {}], [{"1": "a"}, {True: "a"}, {1: 1}]),
    "dict[str, list[int]]": ([{"a": [1]}], [{"a": 1}, {"a": ["b"]}]),
    "int | str | None": ([1, "a", None], [1.5, True, []]),
    "list[int] | dict[str, int]": ([[1], {"a": 1}], [["a"], {"a": "b"}, 1]),
    "Optional[int]": ([1, None], ["a", 1.5, False]),
    "Optional[tuple[int, ...]]": ([None, [1]], [["a"], 1]),
    "Union[int, list[str]]": ([1, ["a"]], ["a", [1], None]),
    "Literal['b']": (["b"], ["a", "", None, ["b"]]),
    "Literal['a', 1, None]": (["a", 1, None], ["b", 2, True, 1.0, "1", False, []]),
    "Literal[True]": ([True], [1, 1.0, False, "true"]),
    "Literal[-1] | float": ([-1, 2.5], ["a", True]),
    "list[Literal['a', 'b']]": ([[], ["a", "b", "a"]], [["c"], "a"]),
    "Annotated[int, Field(ge=4, le=6)]": ([4, 6], [3, 7, 5.0, True, "5", None]),
    "Annotated[float, 'a share', Field(gt=0, lt=1)]": ([0.5], [0, 1, math.nan, "0.5"]),
    "Annotated[int, Field(multiple_of=2)] | None": ([4, None], [3, "4"]),
    "Annotated[list[int], Field(min_length=1)]": ([[1]], [[], ["a"]]),
    "Annotated[tuple[int, ...], Field(max_length=2)]": ([[], [1, 2]], [[1, 2, 3]]),
    "Annotated[str, 'a name']": (["a"], [1]),
}


@pytest.mark.parametrize("annotation", TYPES)
def test_values_fit_their_type_and_no_other(annotation):
    good, bad = TYPES[annotation]
    for value in good:
        assert config.fits(value, annotation) is True, value
        assert config.fits([value], f"list[{annotation}]") is True, value
        assert config.fits(value, f"Optional[{annotation}]") is True, value
    for value in bad:
        assert config.fits(value, annotation) is False, value
        assert config.fits([*good, value], f"tuple[{annotation}, ...]") is False, value
        assert config.fits({"a": value}, f"dict[str, {annotation}]") is False, value


SIMPLE = {
    "int": st.integers(),
    "float": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9),
    "str": st.text(max_size=3),
    "bool": st.booleans(),
    "None": st.none(),
    "Literal['a', 2]": st.sampled_from(["a", 2]),
}


def combined(inner):
    """Pairs of an annotation and a value of it, made from such pairs."""
    return st.one_of(
        inner.map(lambda pair: (f"list[{pair[0]}]", [pair[1], pair[1]])),
        inner.map(lambda pair: (f"tuple[{pair[0]}, ...]", [pair[1]])),
        inner.map(lambda pair: (f"dict[str, {pair[0]}]", {"a": pair[1]})),
        inner.map(lambda pair: (f"Optional[{pair[0]}]", pair[1])),
        st.tuples(inner, inner).map(lambda two: (f"{two[0][0]} | {two[1][0]}", two[1][1])),
        st.tuples(inner, inner).map(
            lambda two: (f"tuple[{two[0][0]}, {two[1][0]}]", [two[0][1], two[1][1]])
        ),
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
    assert config.fits(value, annotation)
    assert not config.fits({1, 2}, annotation), "a set is a value of no type"
    assert not config.fits([[value], object()], f"list[list[{annotation}]]")


UNKNOWN = [
    "floot",
    "Int",
    "object",
    "Any",
    "Path",
    "'int'",
    "list['int']",
    "...",
    "3",
    "int | floot",
    "int | 3",
    "int & str",
    "not int",
    "int or str",
    "list[floot]",
    "list[int, str]",
    "list[()]",
    "dict[str]",
    "dict[str, int, int]",
    "int[str]",
    "set[int]",
    "tuple[..., int]",
    "tuple[int, ..., str]",
    "Literal",
    "Literal[()]",
    "Literal[a]",
    "Literal[1.5]",
    "Literal[['a']]",
    "Optional",
    "Optional[int, str]",
    "Union[()]",
    "Annotated[int]",
    "Annotated[int, 3]",
    "Annotated[floot, 'a name']",
    "Annotated[int, Field()]",
    "Annotated[int, Field(4)]",
    "Annotated[int, Field(ge='a')]",
    "Annotated[int, Field(ge=n)]",
    "Annotated[int, Field(min_length=1)]",
    "Annotated[str, Field(ge=1)]",
    "Annotated[int | str, Field(ge=1)]",
    "Annotated[int, Field(default_factory=print)]",
    "Annotated[int, Field(**{'ge': 1})]",
    "typing.Any",
    "().__class__",
    "list[().__class__]",
    "open('made', 'w')",
    "list[\"open('made', 'w')\"]",
    "Literal[open('made', 'w')]",
    "Annotated[int, Field(ge=open('made', 'w'))]",
    "(lambda: int)()",
]


@pytest.mark.parametrize("annotation", UNKNOWN)
def test_an_unknown_type_is_named_before_any_work(load, compendium, monkeypatch, annotation):
    monkeypatch.chdir(compendium)
    source = compendium / "notebooks" / "01_first.py"
    text = source.read_text()
    source.write_text(text.replace("level: float", f"level: {annotation}"))
    shown = re.escape(ast.unparse(ast.parse(annotation, mode="eval")))
    message = rf"notebooks/01_first.py: line 7: level: unknown type {shown}; use int, "
    for given_text in ("", "notebooks: {01_first: }", "notebooks: {01_first: {level: 0.5}}"):
        with pytest.raises(ConfigError, match=message) as caught:
            load(given_text)
        assert "\n" not in str(caught.value)
    for value in (1, "x", None, []):
        with pytest.raises(ConfigError, match=f"unknown type {re.escape(annotation)}; use"):
            config.fits(value, annotation)
    assert not (compendium / "made").exists(), "text of an annotation was run"


@pytest.mark.parametrize("annotation", ["", "int |", "list[", "int\nstr", "\0"])
def test_text_that_is_no_annotation_is_unknown_too(annotation):
    with pytest.raises(ConfigError, match="unknown type"):
        config.fits(1, annotation)


def test_a_choice_of_values_is_a_type(load, compendium):
    source = compendium / "notebooks" / "01_first.py"
    text = source.read_text().replace("level: float = 0.5", "level: Literal['a', 'b'] = 'a'")
    source.write_text(text)
    assert load("notebooks: {01_first: {level: b}}")["notebooks"] == {"01_first": {"level": "b"}}
    with pytest.raises(ConfigError, match=r"level: expected Literal\['a', 'b'\], got \"c\""):
        load("notebooks: {01_first: {level: c}}")


def test_every_default_fits_its_own_type(repository):
    checked = 0
    for source in sorted((repository / "notebooks").rglob("*.py")):
        parameters = config.notebook_parameters(source)
        for node in ast.parse(source.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") in parameters:
                value, annotation = ast.literal_eval(node.value), parameters.pop(node.target.id)
                assert config.fits(value, annotation), f"{source.name}: {ast.unparse(node)}"
                checked += 1
        assert not parameters, f"{source.name}: no default found of {list(parameters)}"
    assert checked > 40


def test_reading_the_module_needs_no_validator():
    program = (
        "import sys, attribution_consistency.config; "
        "sys.exit(bool({'pydantic', 'jsonschema', 'yaml'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_notebook_has_one_parameters_cell_with_a_comment_on_each_line(repository):
    sources = sorted((repository / "notebooks").glob("*.py"))
    assert sources
    for source in sources:
        parameters = config.notebook_parameters(source)
        assert parameters.get("run") == "str", f"{source.name} lacks run: str"
        lines = source.read_text().splitlines()
        for name in parameters:
            line = next(line for line in lines if re.match(rf"{name}\s*:", line))
            assert "#" in line, f"{source.name}: {name} does not say what it means"


def test_parameters_cell_mistakes_are_named(compendium):
    source = compendium / "notebooks" / "01_first.py"
    source.write_text("# %%\nx = 1\n")
    with pytest.raises(ConfigError, match="expected one cell tagged 'parameters', found 0"):
        config.notebook_parameters(source)
    source.write_text('# %% tags=["parameters"]\nx = 1\n')
    with pytest.raises(ConfigError, match="line 2: a parameter is 'name: type = default'"):
        config.notebook_parameters(source)
    source.write_text('# %% tags=["parameters"]\nrun: str = "default"  # the run\n\n# %%\nx = 1\n')
    with pytest.raises(ConfigError, match="line 2: add a comment line"):
        config.notebook_parameters(source)
    for target in ("a.b", "a[0]"):
        source.write_text(f'# %% tags=["parameters"]\n{target}: int = 1  # no name\n')
        with pytest.raises(ConfigError, match="line 2: a parameter is 'name: type = default'"):
            config.notebook_parameters(source)
