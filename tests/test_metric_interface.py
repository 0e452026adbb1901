"""The public names, what importing them costs, and which way imports go."""

import ast
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from metric_examples import random_pair

import attribution_consistency
from attribution_consistency import metric

METRIC = Path(metric.__file__).parent


@pytest.mark.parametrize(
    "name",
    [
        "kmer_klds",
        "thresholded_kld",
        "signal_to_noise",
        "length_weights",
        "consistency",
        "constant_floor",
        "rotated_null",
        "jackknife",
        "geometric_kld",
        "motif_auroc",
        "motif_aupr",
    ],
)
def test_public_names_are_those_of_the_metric(name):
    assert getattr(attribution_consistency, name) is getattr(metric, name)
    assert name in attribution_consistency.__all__ and name in dir(attribution_consistency)


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


def test_metric_imports_no_other_wing():
    allowed = {"numpy", "scipy", "__future__", "collections", "itertools", "typing", "warnings"}
    for path in METRIC.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 1 or node.module.split(".")[0] in allowed, path
            elif isinstance(node, ast.Import):
                assert {alias.name.split(".")[0] for alias in node.names} <= allowed, path


def test_every_public_function_says_what_it_does():
    for name in metric.__all__:
        assert (getattr(metric, name).__doc__ or "").strip(), name


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

    assert fastest(lambda: metric.kmer_klds(x, a)) < 120 * fastest(lambda: x.sum() + a.sum())
