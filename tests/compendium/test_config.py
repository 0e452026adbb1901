"""Configurations: defaults, and one line for every mistake, before any work."""

import json
import subprocess
import sys

import numpy as np
import pytest

from compendium import artefacts, config, paths, populations, steps
from compendium.config import ConfigError
from compendium.settings import Configuration, Section, Training
from compendium.zoo import recipes


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


def sections(model=Configuration):
    """A section and all below it."""
    yield model
    for field in model.model_fields.values():
        for kind in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(kind, type) and issubclass(kind, Section):
                yield from sections(kind)


@pytest.mark.parametrize("section", list(sections()), ids=lambda section: section.__name__)
def test_every_parameter_is_described_and_its_default_is_valid(section):
    assert section.__doc__
    filled = {}
    for name, field in section.model_fields.items():
        is_section = isinstance(field.annotation, type) and issubclass(field.annotation, Section)
        assert field.description or is_section, name
        if not field.is_required():
            filled[name] = field.get_default(call_default_factory=True)
            filled[name] = filled[name].model_dump() if is_section else filled[name]
    if filled:
        assert section.model_validate(filled).model_dump() == filled


@pytest.mark.parametrize("section", list(sections()), ids=lambda section: section.__name__)
def test_every_number_is_bounded(section):
    """A size or rate beyond all use is refused before any work, not an hour later."""
    for name, part in section.model_json_schema()["properties"].items():
        for kind in (part, *part.get("anyOf", ()), part.get("items", {})):
            if kind.get("type") in ("integer", "number"):
                assert {"minimum", "exclusiveMinimum"} & {*kind}, name
                assert {"maximum", "exclusiveMaximum"} & {*kind}, name


def test_the_json_schema_states_types_bounds_and_meanings():
    schema = Configuration.model_json_schema()
    parts = schema["$defs"]
    assert parts["Simulation"]["properties"]["n_sequences"] == {
        "default": 20000,
        "description": "half of them positive",
        "maximum": 10_000_000,
        "minimum": 40,
        "multipleOf": 2,
        "title": "N Sequences",
        "type": "integer",
    }
    assert parts["Zoo"]["properties"]["epochs"]["maximum"] == 1000
    assert parts["Interactions"]["properties"]["weights"]["enum"] == ["shipped", "train"]
    assert not any(part["additionalProperties"] for part in (schema, *parts.values()))


@pytest.mark.parametrize("name", ["default", "quick", "paper", "tiny"])
def test_shipped_configurations_are_valid(repository, name):
    path = repository / "config" / f"{name}.yml"
    settings = config.load(path)
    assert config.resolve(settings) == settings


def test_the_published_book_states_the_defaults(repository):
    stated = config.load(repository / "config" / "default.yml")
    own = {name: stated[name] for name in ("title", "further")}  # no other run scores all of these
    assert stated == config.resolve(own) and own["further"] == list(paths.FURTHER)


def test_the_models_state_the_settings_of_a_training():
    from compendium.zoo import recipes

    expected = dict(recipes.OPTIMISATION)
    for settings in recipes.REGULARISATION.values():
        expected |= settings
    stated = Training().model_dump()
    assert stated == expected
    # The digest of a recipe tells 2 from 2.0.
    assert {n: type(v) for n, v in stated.items()} == {n: type(v) for n, v in expected.items()}


def test_the_published_settings_find_the_shipped_weights(repository):
    from compendium.zoo import recipes

    settings = config.load(repository / "config" / "default.yml")
    records = sorted((repository / "data" / "zoo").glob("*.json"))
    checked = 0
    for path in records:
        made = recipes.synthetic_recipe(
            path.stem, settings["zoo"]["epochs"], settings["synthetic"], settings["zoo"]["training"]
        )
        assert json.loads(path.read_text())["digest"] == recipes.digest(made), path.stem
        checked += 1
    assert checked == len(records) >= 28


def test_the_resolved_configuration_shows_the_settings_of_a_training(compendium):
    from compendium import steps
    from compendium.zoo import recipes

    (compendium / "my.yml").write_text("zoo: {training: {manifold_mixup_alpha: 2}}")
    steps.configure(compendium / "my.yml")
    zoo = config.load_resolved("my")["zoo"]
    assert zoo["training"]["noise_sd"] == 0.25 and len(zoo["training"]) == 13
    plain, asked = (
        recipes.synthetic_recipe("bn-exp-manifoldmixup-00", 100, {}, training)
        for training in (None, zoo["training"])
    )
    assert recipes.digest(plain) == recipes.digest(asked), "2 is 2.0"


@pytest.mark.parametrize(
    "text",
    ["zoo: {configurations: []}", "zoo: {weights: available}", "zoo: {training: {batch_size: 28}}"],
)
def test_few_sequences_are_enough_where_nothing_or_little_is_trained(load, text):
    assert load("synthetic: {n_sequences: 40}\n" + text)


@pytest.mark.parametrize("n", [120, 142, 144])
def test_a_training_part_smaller_than_a_batch_is_refused(load, n):
    from attribution_consistency import simulation

    part = int((simulation._split(np.random.default_rng(0), n) == 0).sum())
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
        ("zoo: {epochs: 0}", "zoo.epochs: expected greater than or equal to 1, got 0"),
        ("zoo: {epochs: true}", "zoo.epochs: expected a whole number, got true"),
        ("zoo: 3", "zoo: expected 'parameter: value' lines, got 3"),
        ("zoo: {epochs: .nan}", "zoo.epochs: expected a whole number, got NaN"),
        ("zoo: {epochs: 1e300}", "zoo.epochs: expected less than or equal to 1000, got 1000"),
        ("zoo: {3: 4}", "zoo.3: unknown parameter; valid names here: configurations,"),
        ("zoo:", "zoo: expected 'parameter: value' lines, got null"),
        ("title: ''", 'title: expected some text, got ""'),
        ("title: 3", "title: expected text, got 3"),
        ("book: 1", "book: expected a valid boolean, got 1"),
        ("scores: {ks: [0, 3]}", "scores.ks[0]: expected greater than or equal to 1, got 0"),
        ("scores: {ks: [11]}", "scores.ks[0]: expected less than or equal to 10, got 11"),
        ("scores: {ks: []}", "scores.ks: expected at least one item, got []"),
        ("scores: {ks: [3, 3.0]}", "scores.ks: expected no item twice, got [3, 3]"),
        ("scores: {ks: &a [*a]}", "scores.ks[0]: expected a whole number, got [["),
        (
            "scores: {score: abs_inputs}",
            "scores.score: expected 'abs_input' or 'l2', got \"abs_inputs\"; "
            "nearest valid value: abs_input",
        ),
        ("synthetic: {n_sequences: 401}", "synthetic.n_sequences: expected a multiple of 2"),
        ("zoo: {training: {learning_rate: 0}}", "learning_rate: expected greater than 0, got 0"),
        ("zoo: {training: {learning_rate: .inf}}", "learning_rate: expected a finite number"),
        ("zoo: {training: {l2: .nan}}", "zoo.training.l2: expected a finite number, got NaN"),
        ("zoo: {training: {l2: '1'}}", 'zoo.training.l2: expected a valid number, got "1"'),
        ("zoo: {configurations: [bn-exp-mixpu]}", "nearest valid name: bn-exp-mixup"),
        ("zoo: {configurations: al}", "zoo.configurations: expected 'all' or a valid list, got"),
        ("zoo: {configurations: al}", "nearest valid value: all"),
        ("zoo: {configurations: [1]}", "zoo.configurations[0]: expected text, got 1"),
        ("zoo: {extra: [{configuration: bn-exp-mixup, init: 1}]}", "zoo.extra[0]: lacks epochs"),
        ("zoo: {extra: [{inti: 1}]}", "zoo.extra[0].inti: unknown parameter; nearest valid name"),
        ("zoo: {extra: [3]}", "zoo.extra[0]: expected 'parameter: value' lines, got 3"),
        (
            "zoo: {extra: [{configuration: bn-exp-mixup, init: 0, epochs: 1}]}",
            "zoo.extra[0]: bn-exp-mixup-00 is already in the run",
        ),
        ("zoo: {configurations: [bn-exp-dropblock]}", "unknown configuration 'bn-exp-dropblock'"),
        ("zoo: {configurations: [bn-gelu-standard]}", "unknown configuration 'bn-gelu-standard'"),
        ("gm12878: {models: [binary-cnn-gm12878-gelu-00]}", "'gelu' is not one of relu, exp"),
        ("gm12878: {models: [binary-cn-gm12878-exp-00]}", "did you mean 'cnn'"),
        ("notebooks: 3", "notebooks: expected 'parameter: value' lines, got 3"),
        ("notebooks: {01_first: 3}", "01_first: expected 'parameter: value' lines, got 3"),
        ("notebooks: {1: {}}", "notebooks.1: expected text, got 1"),
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
        ("zoo: " + 5000 * "[", "my.yml: not valid YAML"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_parameter(load, text, message):
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert message in str(caught.value)
    assert "my.yml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["config.yml", "networks.json"])
def test_a_resolved_configuration_that_something_else_changed_is_seen(compendium, name):
    """An edit by hand, or a file that a full disk has cut: until the run is resolved again."""
    (compendium / "my.yml").write_text("scores: {n_sequences: 40}")
    this = steps.configure(compendium / "my.yml")
    path = this.folder / name
    content = path.read_text()
    for changed in (content.replace("4", "5"), content[: len(content) // 2], "", "\xff"):
        path.write_text(changed, encoding="latin-1")
        assert list(artefacts.changed(this)) == [path]
        with pytest.raises(paths.ArtefactError, match=f"{name}: .*: run again"):
            config.load_resolved("my"), paths.read_json(this.networks)
        steps.configure(compendium / "my.yml")
        assert config.load_resolved("my") and not artefacts.changed(this)


def test_a_missing_file_is_named(compendium):
    with pytest.raises(ConfigError, match="absent.yml: no such file"):
        config.load(compendium / "absent.yml")


def test_a_file_that_cannot_be_read_is_named(compendium):
    (compendium / "latin.yml").write_bytes(b"title: B\xfcchlein")
    for name in ("latin.yml", "notebooks"):
        with pytest.raises(ConfigError, match=f"{name}: cannot be read") as caught:
            config.load(compendium / name)
        assert "\n" not in str(caught.value)


def test_a_file_name_that_cannot_be_a_folder_is_refused(load):
    with pytest.raises(ValueError, match="cannot name a run"):
        load("", name="my run.yml")


def test_numbers_in_exponent_form_are_numbers(load):
    zoo = load("zoo: {training: {learning_rate: 1e-4}}")["zoo"]
    assert zoo["training"]["learning_rate"] == 1e-4


def test_whole_numbers_written_with_a_point_become_whole(load):
    epochs = load("zoo: {epochs: 12.0}")["zoo"]["epochs"]
    assert epochs == 12 and isinstance(epochs, int)
    ks = load("scores: {ks: [3.0, 4]}")["scores"]["ks"]
    assert ks == [3, 4] and isinstance(ks[0], int)


def test_a_choice_of_notebooks_keeps_their_order_and_overrides(load):
    given = "notebooks: {01_first: {n_shown: 5, level: 1, names: [a], limit: null}}"
    assert load(given)["notebooks"] == {
        "01_first": {"n_shown": 5, "level": 1, "names": ["a"], "limit": None}
    }


def test_named_accessibility_networks_learn_for_as_long_as_the_run_says(load):
    name = "binary-cnn-gm12878-exp-00"
    settings = load(f"gm12878: {{models: [{name}], epochs: 3}}")
    found = populations.model_recipes(settings, "gm12878_dnase")
    assert found == {name: recipes.accessibility_recipe(name, 3)} and found[name]["epochs"] == 3


def test_help_needs_no_validator():
    program = (
        "import sys, compendium.__main__; "
        "sys.exit(bool({'pydantic', 'yaml', 'pandas'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
