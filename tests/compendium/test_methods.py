"""Attribution methods on models whose attributions are known in closed form."""

import subprocess
import sys

import numpy as np
import pytest
from metric_examples import random_pair

from compendium.zoo import methods

X, WEIGHTS = random_pair(3, n=5, length=12, unknown=0.1)
WEIGHTS = WEIGHTS[0]
BACKGROUND = random_pair(4, n=7, length=12)[0]
PAIRS = np.random.default_rng(5).normal(size=(12, 4, 12, 4))


def linear(x):
    return np.tensordot(x.astype(float), WEIGHTS)


def linear_gradient(x):
    return np.broadcast_to(WEIGHTS, x.shape)


def quadratic(x):
    x = x.astype(float)
    return np.einsum("nia,iajb,njb->n", x, PAIRS, x)


def quadratic_gradient(x):
    x = x.astype(float)
    return np.einsum("iajb,njb->nia", PAIRS, x) + np.einsum("iajb,nia->njb", PAIRS, x)


def at_base(maps, x=X):
    return (maps * x).sum(axis=2)


def test_gradients_of_a_linear_model_are_its_weights():
    for found in (
        methods.saliency(linear_gradient, X),
        methods.smoothgrad(linear_gradient, X, n_samples=3),
        methods.integrated_gradients(linear_gradient, X, baseline=0, steps=2),
    ):
        np.testing.assert_allclose(found, np.broadcast_to(WEIGHTS, X.shape))


@pytest.mark.parametrize("baseline", [0.25, BACKGROUND[0], BACKGROUND[:5]])
def test_integrated_gradients_of_a_linear_model_are_weights_times_difference(baseline):
    found = methods.integrated_gradients(linear_gradient, X, baseline=baseline, steps=1)
    difference = (X - np.broadcast_to(baseline, X.shape)) * X.any(axis=2, keepdims=True)
    np.testing.assert_allclose(at_base(found), (difference * WEIGHTS).sum(axis=2), atol=1e-6)


@pytest.mark.parametrize("baseline", [0, 0.25, BACKGROUND[0]])
def test_integrated_gradients_are_complete(baseline):
    x = random_pair(6, n=4, length=12)[0]
    found = methods.integrated_gradients(quadratic_gradient, x, baseline=baseline, steps=1)
    base = np.broadcast_to(baseline, x.shape)
    np.testing.assert_allclose(
        at_base(found, x).sum(axis=1), quadratic(x) - quadratic(base), atol=1e-4
    )


def test_mutagenesis_is_exact_on_an_additive_model():
    found = methods.in_silico_mutagenesis(linear, X)
    there = (WEIGHTS * X).sum(axis=2, keepdims=True)
    np.testing.assert_allclose(found, WEIGHTS - there, atol=1e-10)
    centred = found - found.mean(axis=2, keepdims=True)
    np.testing.assert_allclose(
        centred, np.broadcast_to(WEIGHTS - WEIGHTS.mean(axis=1, keepdims=True), X.shape), atol=1e-10
    )


def test_mutagenesis_takes_a_column_of_predictions():
    np.testing.assert_array_equal(
        methods.in_silico_mutagenesis(lambda x: linear(x)[:, None], X),
        methods.in_silico_mutagenesis(linear, X),
    )


@pytest.mark.parametrize("name", ["saliency", "integrated_gradients", "in_silico_mutagenesis"])
def test_batches_do_not_matter(name):
    function = quadratic if name == "in_silico_mutagenesis" else quadratic_gradient
    whole, parts = (getattr(methods, name)(function, X, batch_size=b) for b in (500, 2))
    np.testing.assert_allclose(whole, parts, rtol=1e-6, atol=1e-9)


def test_the_seed_decides():
    one, same, other = (methods.smoothgrad(quadratic_gradient, X, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0


def test_smoothgrad_averages_noise_away():
    """The gradient of a quadratic is linear: its mean over symmetric noise is the gradient."""
    found = methods.smoothgrad(quadratic_gradient, X, n_samples=2000, noise=0.1)
    np.testing.assert_allclose(found, quadratic_gradient(X), atol=0.1)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: methods.saliency(linear_gradient, X[0]), r"x: got shape \(12, 4\)"),
        (lambda: methods.saliency(lambda x: x[:, :3], X), r"gradient: the function gave shape"),
        (lambda: methods.in_silico_mutagenesis(lambda x: 1.0, X), r"prediction: .*shape \(\)"),
        (lambda: methods.integrated_gradients(linear_gradient, X, steps=0), "got 0 samples"),
        (
            lambda: methods.integrated_gradients(linear_gradient, X, baseline=np.ones(3)),
            r"baseline: got shape \(3,\)",
        ),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.slow
def test_the_pytorch_example():
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 1, bias=False))
    with torch.no_grad():
        module[1].weight[:] = torch.tensor(WEIGHTS.T.reshape(1, -1))
    # The example of the documentation, as it is printed there.
    lines = methods.__doc__.split("length last::\n")[1].split("For JAX")[0]
    names = {"torch": torch, "module": module, "x": X, **vars(methods)}
    exec("\n".join(line.removeprefix("    ") for line in lines.splitlines()), names)
    want = methods.integrated_gradients(linear_gradient, X)
    np.testing.assert_allclose(names["maps"], want, atol=1e-5)
    found = methods.in_silico_mutagenesis(names["predict"], X)
    np.testing.assert_allclose(found, methods.in_silico_mutagenesis(linear, X), atol=1e-4)


@pytest.mark.slow
def test_keras_saliency_is_a_gradient_for_every_method():
    keras = pytest.importorskip("keras")
    from functools import partial

    from compendium.zoo import attribution

    model = keras.Sequential([keras.Input((12, 4)), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.layers[-1].set_weights([WEIGHTS.reshape(-1, 1), np.zeros(1)])
    found = methods.integrated_gradients(partial(attribution.saliency, model), X, steps=2)
    want = methods.integrated_gradients(linear_gradient, X)
    np.testing.assert_allclose(found, want, atol=1e-5)


def test_methods_import_no_framework():
    program = """
import sys
import compendium.zoo.methods
assert not set(sys.modules) & {"tensorflow", "keras", "torch", "jax", "shap"}
"""
    subprocess.run([sys.executable, "-c", program], check=True)
