"""How far updates may be off: a lucky tensor counts as little as a coefficient that a framework rounds otherwise."""

import numpy as np
import pytest

from harness.spec.optimizers import Adam, Sgd
from harness.spec.recipe import Update
from harness.spec.schedules import Constant
from harness.subjects.pair.update_errors import Updates, coefficient_errors

RNG = np.random.default_rng(0)
START = {"kernel": RNG.normal(size=(4, 4)).astype(np.float32), "bias": np.zeros(2, np.float32)}
GRADIENTS = [{name: RNG.normal(size=value.shape).astype(np.float32) for name, value in START.items()} for _ in range(3)]


def updates(optimizer):
    return Updates(Update(optimizer=optimizer, schedule=Constant(rate=0.001)), START, GRADIENTS)


def native_adam(beta1, beta2, epsilon, rate):
    """Adam as a framework computes it: all in float32, the powers of the betas by repeated products."""
    f = np.float32
    weights, m, v = ({n: np.asarray(x, f) for n, x in START.items()} for _ in range(3))
    m, v = ({n: np.zeros_like(x) for n, x in START.items()} for _ in range(2))
    power1, power2 = f(1), f(1)
    for step, gradients in enumerate(GRADIENTS):
        power1, power2 = power1 * f(beta1), power2 * f(beta2)
        corrected = f(rate) * np.sqrt(f(1) - power2) / (f(1) - power1)
        for name, g in gradients.items():
            m[name] = m[name] + (g - m[name]) * (f(1) - f(beta1))
            v[name] = v[name] + (g * g - v[name]) * (f(1) - f(beta2))
            weights[name] = weights[name] - corrected * m[name] / (np.sqrt(v[name]) + f(epsilon))
            yield f"weight {step}/{name}", weights[name]


@pytest.mark.parametrize("beta2", [0.999, 0.99, 0.9999])
def test_an_adam_in_float32_is_within_the_tolerance_and_another_epsilon_is_not(beta2):
    word = Adam(beta2=beta2)
    judged = updates(word)
    tolerances = judged.tolerances("native", np.float32)
    for name, value in native_adam(word.beta1, word.beta2, word.epsilon, 0.001):
        assert np.all(np.abs(value - judged.expected[name]) <= tolerances[name].bound), name
    other = dict(native_adam(word.beta1, word.beta2, 1e-2, 0.001))
    assert any(np.any(np.abs(other[name] - judged.expected[name]) > t.bound) for name, t in tolerances.items())


def test_only_rules_that_correct_a_bias_have_coefficients_that_round():
    assert np.all(coefficient_errors(updates(Sgd()).update, 3) == 0)
    errors = coefficient_errors(updates(Adam()).update, 3)
    assert errors[0] == pytest.approx(2.0**-23 * (0.9 / 0.1 + 0.5 * 0.999 / 0.001), rel=1e-6)


def test_exact_coefficients_allow_for_no_rounding_of_theirs():
    judged = updates(Adam())
    native, exact = (judged.tolerances(policy, np.float32) for policy in ("native", "exact"))
    assert all(np.all(exact[name].bound <= native[name].bound) for name in native)
    assert np.max(exact["weight 0/bias"].bound) < np.max(native["weight 0/bias"].bound)
