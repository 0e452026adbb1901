"""The chapter on a model of one's own: its files, its rule, and that it needs nothing private."""

import ast
import re

import numpy as np
import pytest
from metric_examples import planted_pair

import attribution_consistency
from compendium import paths
from compendium.chapters import your_model


@pytest.fixture(scope="module")
def cells(repository):
    """Code cells of the chapter, as (first line, source)."""
    text = (repository / "notebooks" / "09_your_model.py").read_text(encoding="utf-8")
    parts = re.findall(r"^# %%(.*)\n((?:(?!# %%).*\n?)*)", text, re.M)
    return [(head, body) for head, body in parts if "[markdown]" not in head]


@pytest.fixture
def defined(cells):
    """The functions that the chapter's cells define, with its default parameters."""
    space = {"windows": 20, "draws": 199, "seed": 0}
    for _, body in cells:
        tree = ast.parse(body)
        kept = (ast.FunctionDef, ast.Import, ast.ImportFrom)
        tree.body = [
            node
            for node in tree.body
            if isinstance(node, kept)
            and "keras" not in ast.unparse(node)
            and "tensorflow" not in ast.unparse(node)
        ]
        exec(compile(tree, "chapter", "exec"), space)
    return space


@pytest.fixture
def rule(defined):
    return lambda *arguments: defined["verdict"](defined["questions"](*arguments))


def test_seven_cells_take_the_reader_there_through_the_public_interface(cells):
    shown = [body for head, body in cells if "tags" not in head]
    assert len(shown) == 7
    imported = [
        node
        for body in shown
        for node in ast.walk(ast.parse(body))
        if isinstance(node, ast.ImportFrom)
    ]
    assert [node.module for node in imported] == [
        "attribution_consistency",
        "attribution_consistency",
    ]
    names = {alias.name for node in imported for alias in node.names}
    assert names and names <= set(attribution_consistency.__all__)


def noise(seed, like):
    return np.random.default_rng(seed).normal(size=like.shape)


def test_the_rule_gives_each_verdict_where_it_is_due(rule):
    x, a, _ = planted_pair(0, n=300)
    nothing = [noise(seed, x) for seed in (1, 2)]
    assert rule(x, a, nothing) == "trust"
    assert rule(x, noise(3, x), nothing) == "do not trust"
    assert rule(x, noise(3, x), [*nothing, a]) == "do not trust", "a control is better"
    assert rule(x, a, [*nothing, a]) == "cannot tell", "a control is as good"
    few = [u[:30] for u in nothing]
    assert rule(x[:30], a[:30], few) == "cannot tell", "words are met too rarely"


def test_mutants_of_a_linear_model_have_the_effect_of_its_weights(defined):
    rng = np.random.default_rng(0)
    x, weights = np.eye(4)[rng.integers(0, 4, (5, 12))], rng.normal(size=(12, 4))
    models = {
        name: lambda some, training, by=by: by * (some * weights).sum((1, 2))[:, None]
        for name, by in (("A", 1), ("B", 2))
    }
    defined["headers"] = list("vwxyz")
    table = defined["mutants"](x, np.broadcast_to(weights, x.shape), models, n=5)
    assert list(table["sequence"]) == [name for name in "vwxyz" for _ in range(2)]
    score = ((weights - weights.mean(axis=1, keepdims=True)) * x).sum(axis=2)
    for kind, places in (("mutant", score.argmax(1)), ("control", abs(score).argmin(1))):
        found = table[table["kind"] == kind]
        assert list(found["position"]) == list(places + 1)
        ref, alt = (found[base].map("ACGT".index).to_numpy() for base in ("ref", "alt"))
        assert (ref == x.argmax(2)[np.arange(5), places]).all() and (ref != alt).all()
        effect = weights[places, alt] - weights[places, ref]
        np.testing.assert_allclose(found[["effect in A", "effect in B"]], effect[:, None] * [1, 2])


@pytest.fixture
def run(compendium, repository):
    (compendium / "data").symlink_to(repository / "data")
    return paths.Run("my")


@pytest.mark.slow
def test_without_real_sequences_simulated_ones_stand_in(run):
    keras = pytest.importorskip("keras")
    files = your_model.prepare(run, 30)
    assert files.population == "synthetic" and set(files.ids) == set(files.auroc) == {"A", "B"}
    text = (files.folder / "sequences.fa").read_text()
    assert text.count(">") == 30 and {len(line) for line in text.split("\n")[1::2]} == {200}
    x = attribution_consistency.one_hot(text.split("\n")[1::2])
    shuffled = x[:, np.random.default_rng(0).permutation(200)]  # no motif is left
    for name in files.ids:
        model = keras.saving.load_model(files.folder / f"{name}.keras", compile=False)
        found, lost = (model.predict_on_batch(some).mean() for some in (x, shuffled))
        assert found > lost + 2, "logits: positive sequences, and the weights of a trained network"


@pytest.mark.slow
def test_real_sequences_are_the_first_accessible_test_ones(run):
    pytest.importorskip("keras")
    from compendium import store

    codes = np.random.default_rng(0).integers(0, 4, (6, 201)).astype(np.uint8)
    store.save(
        run.data("gm12878_dnase"),
        {
            "codes": codes,
            "y": np.array([[1, 0, 1, 1, 1, 1]], np.float32).T,
            "split": np.array([0, 2, 2, 2, 1, 2], np.uint8),
            "chrom": np.array(["chr8"] * 6),
            "start": np.arange(6) * 1000,
            "end": np.arange(6) * 1000 + 201,
        },
    )
    files = your_model.prepare(run, 2)
    lines = (files.folder / "sequences.fa").read_text().split("\n")
    assert files.population == "gm12878_dnase"
    assert lines[::2] == [">chr8:2001-2201", ">chr8:3001-3201", ""]
    assert lines[1] == "".join("ACGT"[code] for code in codes[2])
