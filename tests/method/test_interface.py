"""The public names, what importing them costs, and what the package imports."""

import ast
import dataclasses
import inspect
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from metric_examples import random_pair

import attribution_consistency
from attribution_consistency import kmer_klds, maps
from attribution_consistency.scorer import Settings

PACKAGE = Path(attribution_consistency.__file__).parent
PUBLIC = [
    *("one_hot", "decode", "simulate", "kmer_klds", "thresholded_kld", "signal_to_noise"),
    *("length_weights", "consistency", "constant_floor", "rotated_null", "excess_klds"),
    *("jackknife", "geometric_kld", "motif_auroc", "motif_aupr", "exchanged_null"),
    *("excess_interval", "family_wise", "attributed_words", "score_files"),
]


def test_the_public_names():
    assert set(attribution_consistency.__all__) == {"__version__", *PUBLIC}
    assert set(attribution_consistency.HOME) == set(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_a_documented_function_of_its_module(name):
    function = getattr(attribution_consistency, name)
    assert function.__module__ == f"attribution_consistency.{attribution_consistency.HOME[name]}"
    assert function.__doc__.strip() and name in dir(attribution_consistency)


def test_signatures_that_users_rely_on():
    def signature(name):
        parameters = inspect.signature(getattr(attribution_consistency, name)).parameters.values()
        return {p.name: p.default for p in parameters}

    common = {"reading": "frequency", "score": "abs_input", "correct": True}
    found = signature("kmer_klds")
    assert list(found)[:3] == ["x", "a", "ks"] and found["ks"] == range(3, 9)
    assert common.items() <= found.items()
    original = {"k": 6, "quantile": 0.9, "buffer": 2, "score": "l2", "correct": True}
    assert original.items() <= signature("thresholded_kld").items()
    ratio = {"top": 10, "absolute": False, "correct": True}
    assert ratio.items() <= signature("signal_to_noise").items()
    fit = {"groups": None, "n_subsets": 10, "n_folds": 5, "statistic": "r2"}
    assert (fit | {"standardise": False, "seed": 0}).items() <= signature("length_weights").items()
    elsewhere = {"prior": None, "pseudocount": 0.0, "ignore": (), "reverse": False}
    assert elsewhere.items() <= found.items()
    assert signature("simulate") == {"n_sequences": 20_000, "length": 200, "seed": 0}
    assert {"n_draws": 99, "seed": 0}.items() <= signature("exchanged_null").items()
    assert {"n_draws": 99, "seed": 0}.items() <= signature("rotated_null").items()
    assert {"n_blocks": 20, "level": 0.95}.items() <= signature("jackknife").items()
    blocks = {"n_blocks": 20, "n_draws": 5, "level": 0.95, "seed": 0}
    assert blocks.items() <= signature("excess_interval").items()
    listed = {"k": 6, "top": 10, "n_draws": 19, "seed": 0}
    assert listed.items() <= signature("attributed_words").items()
    angles = {"top_fraction": 0.1, "box": 0.1, "reach": 3}
    assert angles.items() <= signature("geometric_kld").items()


def test_what_is_scored_unless_said_otherwise():
    options = {"reading": "frequency", "score": "abs_input", "correct": True}
    work = {"draws": 99, "max_sequences": 1000, "seed": 0}
    others = {"ks": (3, 4, 5, 6, 7, 8), "weights": "equal", "ignored_words": ()}
    assert dataclasses.asdict(Settings()) == options | work | others
    assert maps.Options() == ("frequency", "abs_input", True, ())


def test_unknown_name():
    with pytest.raises(AttributeError, match="has no attribute 'kmer_kld'"):
        _ = attribution_consistency.kmer_kld


def loaded_after(code: str) -> set[str]:
    code += "; import sys; print(*{m.split('.')[0] for m in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_imports_are_lazy():
    assert "numpy" not in loaded_after("import attribution_consistency")
    loaded = loaded_after("from attribution_consistency import kmer_klds, length_weights")
    assert not loaded & {"tensorflow", "keras", "statsmodels", "pandas", "matplotlib", "scipy"}


def test_the_package_imports_its_core_dependencies_and_nothing_else():
    core = {"numpy", "scipy", "pandas", "matplotlib", "seaborn", "fast_logomaker"}
    optional = {
        "zarr",
        "torch",
        "safetensors",
        "pybigtools",
        "pyfaidx",
    }  # readers of their files, which say what to install
    allowed = core | {"h5py", "jinja2"} | optional | set(sys.stdlib_module_names)
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 1 or node.module.split(".")[0] in allowed, path
            elif isinstance(node, ast.Import):
                assert {alias.name.split(".")[0] for alias in node.names} <= allowed, path


def test_cost_is_a_small_multiple_of_reading_the_input():
    """Measured about 22 times; see tests/benchmarks. The bound only catches a lost kernel."""
    x, a = (v.astype(np.float32) for v in random_pair(0, n=1000, length=200))

    def fastest(function):
        times = []
        for _ in range(5):
            start = time.thread_time()
            function()
            times.append(time.thread_time() - start)
        return min(times)

    assert fastest(lambda: kmer_klds(x, a)) < 120 * fastest(lambda: x.sum() + a.sum())
