"""Published values of losses, and what must equal what, in the reference and in both frameworks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from loss_values import evaluated, values

from harness.plan import draw_weights
from harness.spec import losses as spec
from harness.spec.arm import Arm
from harness.spec.model import Model

LOGITS, CLASSES = np.array([[4, 2, 1], [0, 5, 1]], np.float32), np.array([0, 1], np.int32)
FIRST = np.array([[1, 0, 0]], np.float32)
SPARSE, ONE_HOT = spec.SoftmaxCrossEntropy(), spec.SoftmaxCrossEntropy(targets="one_hot")
# A loss, its outputs and targets, and the value with as many digits as are printed.
PUBLISHED: list[tuple[spec.Loss, Any, Any, float, int]] = [
    (spec.MeanSquaredError(), [[0.5, 0.8]], np.ones((1, 2), np.float32), 0.145, 3),
    (spec.CategoricalCrossEntropy(), [[0.5, 0.4, 0.1]], FIRST, 0.6931472, 7),
    (spec.CategoricalCrossEntropy(), [[0.8, 0.1, 0.1]], FIRST, 0.2231436, 7),
    *((word, LOGITS[:1], CLASSES[:1], 0.1698460, 7) for word in (SPARSE, ONE_HOT)),
    *((word, LOGITS[1:], CLASSES[1:], 0.0247449, 7) for word in (SPARSE, ONE_HOT)),
]
LOG_SOFTMAX = (LOGITS - np.log(np.exp(LOGITS.astype(np.float64)).sum(axis=1, keepdims=True))).astype(np.float32)
SAME = [(spec.NegativeLogLikelihood(), LOG_SOFTMAX, CLASSES), (SPARSE, LOGITS, CLASSES)]
WEIGHTS = {"class_weights": (0.5, 1.0, 2.0)}
WHOLE = [
    spec.MeanSquaredError(reduction="sum"),
    spec.SoftmaxCrossEntropy(**WEIGHTS),
    spec.SoftmaxCrossEntropy(**WEIGHTS, weighting="batch"),
    spec.SoftmaxCrossEntropy(**WEIGHTS, reduction="sum"),
]
MODEL = Model.model_validate(
    {"input": {"shape": [4]}, "layers": [{"kind": "dense", "units": 3, "kernel_initializer": "xavier_uniform"}]}
)
ARMS = {
    "reference": Arm(name="reference", adapter="reference", mode="numpy"),
    "mindspore": Arm(name="mindspore", adapter="mindspore", mode="jit"),
    "pynative": Arm(name="pynative", adapter="mindspore", mode="pynative"),
    "tensorflow": Arm(name="tensorflow", adapter="tensorflow", mode="graph"),
}
EPS = float(np.finfo(np.float32).eps)


@pytest.fixture(params=list(ARMS))
def asked(request: pytest.FixtureRequest) -> Any:
    """Calls a function with the arm, in its framework's process."""
    arm = ARMS[request.param]
    if request.param == "reference":
        return lambda function, *given: function(arm, *given)
    ask = request.getfixturevalue(f"in_{arm.adapter}")
    return lambda function, *given: ask(function, arm, *given)


def test_published_values(asked: Any) -> None:
    given = [(word, np.asarray(p, np.float32), y) for word, p, y, _, _ in PUBLISHED]
    for found, (word, _, _, printed, digits) in zip(asked(values, given), PUBLISHED, strict=True):
        # Half a unit of the last digit, and float32's own rounding of the inputs and of numbers of size 1.
        assert abs(float(found) - printed) <= 0.5 * 10**-digits + 4 * EPS, word.name_in_tables


def test_likelihood_of_a_log_softmax_is_the_cross_entropy(asked: Any) -> None:
    likelihood, entropy = (float(each) for each in asked(values, SAME))
    # Each rounds numbers as large as the largest logarithm, 5, on the way to a mean of two.
    assert abs(likelihood - entropy) <= 2 * np.spacing(np.float32(5))


@pytest.mark.parametrize("logit", [-12.0, -4.0, -0.5, 0.3352854, 1.5, 12.0])
def test_a_loss_of_logits_that_are_all_alike_is_right_to_the_last_digits(asked: Any, logit: float) -> None:
    """Errors of an exponential do not average out where every logit has the same."""
    z, t = np.full((1, 10), logit, np.float32), np.zeros((1, 10), np.float32)
    exact = {spec.SigmoidCrossEntropy(): np.logaddexp(0, float(z[0, 0])), spec.LogCosh(): _log_cosh(float(z[0, 0]))}
    for found, size in zip(asked(values, [(word, z, t) for word in exact]), exact.values(), strict=True):
        assert abs(float(found) - size) <= 8 * EPS * max(size, 1.0)


def _log_cosh(x: float) -> float:
    return float(np.logaddexp(x, -x) - np.log(2))


def test_parts_of_an_evaluation_make_up_the_whole(asked: Any) -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(2345, 4)).astype(np.float32), rng.integers(0, 3, 2345).astype(np.int32)
    weights = draw_weights(MODEL, 0)
    found = asked(evaluated, MODEL, WHOLE, weights, x, y)
    z = x.astype(np.float64) @ weights["dense_1/kernel"] + weights["dense_1/bias"]
    entropy = np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), y]
    counts = np.array(WEIGHTS["class_weights"])[y]
    weighted = (entropy * counts).sum()
    wanted = [((z - np.eye(3)[y]) ** 2).mean(axis=1).sum(), weighted / counts.sum(), weighted / len(y), weighted]
    for value, exact in zip(found, wanted, strict=True):
        # A sum of 1,000 positive numbers in float32 may lose half an EPS at every term.
        assert abs(value - exact) <= 500 * EPS * exact
