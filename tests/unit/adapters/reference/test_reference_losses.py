"""The reference's losses: their values against 50 digits, their gradients against differences, their special points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mpf
from pydantic import ValidationError

from adapters.reference.losses import per_sample, target_rows, unweighted, value_and_gradient
from adapters.weighting import normaliser
from harness.rungs.loss import extremes, outputs, targets
from harness.spec import losses as spec
from harness.spec.base import family_members

WORDS = [word for member in family_members(spec.Loss) for word in member.specimens()]
EPS = float(np.finfo(np.float64).eps)
Formula = Callable[[Any, list[Any], list[Any]], tuple[Any, Any]]


def name_of(word: spec.Loss) -> str:
    return word.name_in_tables


# --- The formulas in 50 digits: the value, and the largest number on the way to it -----------------------------------


def mean_of(each: Callable[[Any, Any, Any], Any], size: Callable[[Any, Any, Any], Any] | None = None) -> Formula:
    def formula(s: Any, p: list[Any], t: list[Any]) -> tuple[Any, Any]:
        terms = [each(s, a, b) for a, b in zip(p, t, strict=True)]
        sizes = [size(s, a, b) for a, b in zip(p, t, strict=True)] if size else terms
        return sum(terms) / len(terms), max(abs(x) for x in [*terms, *sizes])

    return formula


def squared_log(s: Any, p: Any, t: Any) -> Any:
    return (mpmath.log1p(max(p, s.epsilon)) - mpmath.log1p(max(t, s.epsilon))) ** 2


def binary(t: Any, q: Any) -> Any:
    return -(t * mpmath.log(q) + (1 - t) * mpmath.log(1 - q))


def bounded(p: Any, s: Any, most: Any = None) -> Any:
    return min(max(p, mpf(s.epsilon)), mpf(1 - s.epsilon if most is None else most))


def huber(s: Any, p: Any, t: Any) -> Any:
    e = abs(p - t)
    return e * e / 2 if e <= s.delta else s.delta * (e - mpf(s.delta) / 2)


def smooth_l1(s: Any, p: Any, t: Any) -> Any:
    e = abs(p - t)
    return e * e / (2 * mpf(s.beta)) if e <= s.beta else e - mpf(s.beta) / 2


def softmax(s: Any, z: list[Any], t: list[Any]) -> tuple[Any, Any]:
    total = mpmath.log(sum(mpmath.exp(each) for each in z))
    smoothing = mpf(s.label_smoothing)
    terms = [((1 - smoothing) * b + smoothing / len(z)) * (total - a) for a, b in zip(z, t, strict=True)]
    return sum(terms), max(*terms, max(z) - min(z), 1)


def categorical(s: Any, p: list[Any], t: list[Any]) -> tuple[Any, Any]:
    total = sum(p) if s.normalize else 1
    terms = [-b * mpmath.log(bounded(a / total, s)) for a, b in zip(p, t, strict=True)]
    return sum(terms), max(*terms, 1)


def likelihood(s: Any, p: list[Any], t: list[Any]) -> tuple[Any, Any]:
    terms = [-a * b for a, b in zip(p, t, strict=True) if b]
    return sum(terms), max(abs(each) for each in terms)


def divergence(s: Any, p: list[Any], t: list[Any]) -> tuple[Any, Any]:
    pairs = [(bounded(a, s, 1), bounded(b, s, 1)) for a, b in zip(p, t, strict=True)]
    divisor = len(pairs) if s.classes == "averaged" else 1
    return sum(b * mpmath.log(b / a) for a, b in pairs) / divisor, max(
        1, *(abs(b * mpmath.log(b / a)) for a, b in pairs)
    )


def cosine(s: Any, p: list[Any], t: list[Any]) -> tuple[Any, Any]:
    def norm(x: list[Any]) -> Any:
        return max(mpmath.sqrt(sum(a * a for a in x)), mpf(s.epsilon))

    return -sum(a * b for a, b in zip(p, t, strict=True)) / (norm(p) * norm(t)), mpf(1)


def categorical_hinge(s: Any, p: list[Any], t: list[Any]) -> tuple[Any, Any]:
    own = t.index(1)
    rivals = [a for j, a in enumerate(p) if j != own] + ([mpf(0)] if s.zero_competes else [])
    return max(1 + max(rivals) - p[own], 0), max(1, *(abs(a) for a in p))


def signed(_: Any, p: Any, t: Any) -> Any:
    return max(1 - t * p, 0)


FORMULAS: dict[type[spec.Loss], Formula] = {
    spec.MeanSquaredError: mean_of(lambda s, p, t: (p - t) ** 2),
    spec.MeanAbsoluteError: mean_of(lambda s, p, t: abs(p - t)),
    spec.MeanSquaredLogarithmicError: mean_of(squared_log, lambda s, p, t: 4 * mpmath.log1p(max(p, t, 1)) ** 2),
    spec.MeanAbsolutePercentageError: mean_of(lambda s, p, t: 100 * abs(p - t) / max(abs(t), s.epsilon)),
    spec.Huber: mean_of(huber),
    spec.SmoothL1: mean_of(smooth_l1),
    spec.LogCosh: mean_of(lambda s, p, t: mpmath.log(mpmath.cosh(p - t)), lambda s, p, t: abs(p - t)),
    spec.CosineSimilarity: cosine,
    spec.AsymmetricLinear: mean_of(lambda s, p, t: s.over * (p - t) if p > t else s.under * (t - p)),
    spec.SoftmaxCrossEntropy: softmax,
    spec.CategoricalCrossEntropy: categorical,
    spec.NegativeLogLikelihood: likelihood,
    spec.SigmoidCrossEntropy: mean_of(
        lambda s, z, t: mpmath.log(1 + mpmath.exp(z)) - t * z, lambda s, z, t: 1 + abs(z)
    ),
    spec.BinaryCrossEntropy: mean_of(lambda s, p, t: binary(t, bounded(p, s)), lambda s, p, t: mpf(1)),
    spec.KlDivergence: divergence,
    spec.Poisson: mean_of(lambda s, p, t: p - t * mpmath.log(p + s.epsilon), lambda s, p, t: 1 + p + 10 * t),
    spec.Hinge: mean_of(signed, lambda s, p, t: 1 + abs(p)),
    spec.SquaredHinge: mean_of(lambda s, p, t: signed(s, p, t) ** 2, lambda s, p, t: (1 + abs(p)) ** 2),
    spec.CategoricalHinge: categorical_hinge,
    spec.Exponential: mean_of(lambda s, p, t: mpmath.exp(-t * p), lambda s, p, t: (1 + abs(p)) * mpmath.exp(-t * p)),
}


def batches(word: spec.Loss) -> list[tuple[Any, Any]]:
    """Ordinary and extreme rows, five outputs each, on labels and on values."""
    rng = np.random.default_rng(11)
    ordinary, (far, against) = outputs(word, rng, (6, 5)), extremes(word, 5)
    values = targets(word, rng, (6, 5))
    found = [(ordinary, np.arange(6) % 5), (ordinary, values), (far, np.arange(len(far))), (far, against)]
    return [(p.astype(np.float64), t if t.dtype == np.int64 else t.astype(np.float64)) for p, t in found]


@pytest.mark.parametrize("word", WORDS, ids=name_of)
def test_values_in_50_digits(word: spec.Loss) -> None:
    formula = FORMULAS[type(word)]
    # Each term and its sum: a handful of operations, each rounded once, relative to the largest number among them; the
    # 1 - epsilon within a bound is rounded too, and its logarithm is no larger than that of epsilon.
    edge = EPS / word.epsilon if isinstance(word, (spec.BinaryCrossEntropy, spec.CategoricalCrossEntropy)) else 0
    with mpmath.workdps(50):
        for p, y in batches(word):
            losses = unweighted(word, p, y)[0]
            for value, row, target in zip(losses, p, target_rows(word, p, y), strict=True):
                exact, size = formula(word, [mpf(float(a)) for a in row], [mpf(float(b)) for b in target])
                assert abs(mpf(float(value)) - exact) <= 16 * EPS * size + edge


@pytest.mark.parametrize("word", WORDS, ids=name_of)
def test_gradients_are_those_of_the_values(word: spec.Loss) -> None:
    for p, y in batches(word)[:2]:
        gradient = value_and_gradient(word, p, y)[1]
        assert gradient.shape == p.shape
        step = 1e-5
        for index in np.ndindex(p.shape):
            at = {}
            for steps in (-2, -1, 1, 2):
                moved = p.copy()
                moved[index] += steps * step
                at[steps] = float(value_and_gradient(word, moved, y)[0])
            quotient = (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * step)
            # Rounding: 18 / 12 of 32 EPS of the value; the truncation is of the order step**4.
            size = max(1.0, *(abs(each) for each in at.values()))
            assert abs(gradient[index] - quotient) <= 48 * EPS * size / step + 1e3 * step**4 * size, index


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("word", WORDS, ids=name_of)
def test_nothing_is_computed_in_a_wider_precision_and_nothing_overflows(word: spec.Loss, precision: Any) -> None:
    for p, y in batches(word):
        given = p.astype(precision), y if y.dtype == np.int64 else y.astype(precision)
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            value, slope = value_and_gradient(word, *given)
            each, slopes = per_sample(word, *given)
        assert {value.dtype, slope.dtype, each.dtype, slopes.dtype} == {np.dtype(precision)}
        assert np.isfinite(slope).all()
        rounding = 16 * np.finfo(precision).eps * max(1, np.abs(each).max())
        assert abs(each.mean(dtype=np.float64) - value) <= rounding
        assert np.abs(slopes / len(p) - slope).max() <= 4 * np.finfo(precision).eps * np.abs(slopes).max()


@pytest.mark.parametrize("word", WORDS, ids=name_of)
def test_labels_are_rows(word: spec.Loss) -> None:
    p, y = batches(word)[0]
    rows = np.where(np.eye(5)[y] > 0, 1.0, -1.0 if word.targets_domain == "signs" else 0.0)
    by_label, by_row = value_and_gradient(word, p, y), value_and_gradient(word, p, rows)
    assert by_label[0] == by_row[0]
    assert (by_label[1] == by_row[1]).all()


@pytest.mark.parametrize("word", WORDS, ids=name_of)
@given(cut=st.integers(1, 5), seed=st.integers(0, 1000))
@settings(max_examples=5, deadline=None)
def test_parts_add_up_to_the_whole(word: spec.Loss, cut: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, y = outputs(word, rng, (6, 5)).astype(np.float64), rng.integers(0, 5, 6)
    parts = [(p[:cut], y[:cut]), (p[cut:], y[cut:])]
    total = sum(value_and_gradient(word, *part)[0] * normaliser(word, part[1]) for part in parts)
    whole = value_and_gradient(word, p, y)[0]
    assert abs(total / normaliser(word, y) - whole) <= 32 * EPS * np.abs(per_sample(word, p, y)[0]).max()


def test_a_sample_of_any_shape_is_one_vector() -> None:
    p, y = np.arange(24.0).reshape(2, 3, 4), np.arange(24.0).reshape(2, 3, 4)[::-1]
    value, slope = value_and_gradient(spec.MeanAbsoluteError(), p, y)
    assert (value, slope.shape) == (12, p.shape)


# --- Published numbers, and numbers by hand --------------------------------------------------------------------------


def value_of(word: spec.Loss, p: Any, y: Any) -> float:
    return float(value_and_gradient(word, np.array(p, np.float64), np.array(y))[0])


def test_published() -> None:
    assert abs(value_of(spec.MeanSquaredError(), [[0.5, 0.8]], [[1.0, 1.0]]) - 0.145) <= EPS
    for p, printed in (([0.5, 0.4, 0.1], 0.6931472), ([0.8, 0.1, 0.1], 0.2231436)):
        assert abs(value_of(spec.CategoricalCrossEntropy(), [p], [[1.0, 0.0, 0.0]]) - printed) <= 0.5e-7
    z, classes = np.array([[4.0, 2, 1], [0, 5, 1]]), np.array([0, 1])
    for y in (classes, np.eye(3)[classes]):
        losses = per_sample(spec.SoftmaxCrossEntropy(), z, y)[0]
        assert np.abs(losses - [0.1698460, 0.0247449]).max() <= 0.5e-7
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    likelihood = per_sample(spec.NegativeLogLikelihood(), np.log(p), classes)[0]
    assert np.abs(likelihood - per_sample(spec.SoftmaxCrossEntropy(), z, classes)[0]).max() <= 2 * EPS


def gradient_of(word: spec.Loss, p: Any, y: Any) -> list[float]:
    return [
        float(each) for each in value_and_gradient(word, np.array([p], np.float64), np.array([y], np.float64))[1][0]
    ]


def test_gradients_at_the_kinks() -> None:
    assert gradient_of(spec.MeanAbsoluteError(), [1, 2], [1, 1]) == [0, 0.5]
    assert gradient_of(spec.AsymmetricLinear(over=3, under=5), [1, 2, 0], [1, 1, 1]) == [-5 / 3, 1, -5 / 3]
    assert gradient_of(spec.Huber(delta=1), [1, -1, 3, 0], [0, 0, 0, 0]) == [0.25, -0.25, 0.25, 0]
    assert gradient_of(spec.Hinge(), [1, -1], [1, -1]) == [-0.5, 0.5]
    assert gradient_of(spec.SquaredHinge(), [1, -1], [1, -1]) == [0, 0]
    assert gradient_of(spec.CategoricalHinge(), [2, 2, 0], [0, 0, 1]) == [0.5, 0.5, -1]
    assert gradient_of(spec.CategoricalHinge(), [-3, -3, -2], [0, 0, 1]) == [0.5, 0.5, -1]
    assert gradient_of(spec.CategoricalHinge(zero_competes=True), [-3, -3, 2], [0, 0, 1]) == [0, 0, 0]
    # On and outside the bounds of a probability.
    inside = gradient_of(spec.BinaryCrossEntropy(epsilon=0.25), [0.25, 0.75, 0.125, 1], [1, 0, 1, 0])
    assert inside == [-1, 1, 0, 0]
    assert gradient_of(spec.CategoricalCrossEntropy(epsilon=0.25), [0.25, 0], [0.5, 0.5]) == [-2, 0]
    assert gradient_of(spec.KlDivergence(epsilon=0.25), [1, 0.125], [1, 0]) == [-1, 0]


def test_asymmetric_costs_by_hand() -> None:
    word = spec.AsymmetricLinear(over=10, under=1)
    assert value_of(word, [[3.0], [1.0]], [[1.0], [3.0]]) == (20 + 2) / 2


def test_probability_0_of_a_class_that_is_not_the_label() -> None:
    p = np.array([[0.0, -np.inf]])
    value, slope = value_and_gradient(spec.NegativeLogLikelihood(), p, np.array([0]))
    assert (value, slope.tolist()) == (0, [[-1, 0]])


def test_class_weights_by_hand() -> None:
    z, y = np.zeros((3, 2)), np.array([0, 1, 1])
    weights = {"class_weights": (1.0, 3.0)}
    assert value_of(spec.SoftmaxCrossEntropy(**weights), z, y) == pytest.approx(np.log(2), rel=4 * EPS)
    by_count = value_of(spec.SoftmaxCrossEntropy(**weights, weighting="batch"), z, y)
    assert by_count == pytest.approx(7 / 3 * np.log(2), rel=4 * EPS)
    assert value_of(spec.SoftmaxCrossEntropy(**weights, reduction="sum"), z, y) == pytest.approx(
        7 * np.log(2), rel=4 * EPS
    )


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (spec.Huber, "delta", 0),
        (spec.SmoothL1, "beta", 0),
        (spec.SoftmaxCrossEntropy, "label_smoothing", 1),
        (spec.SoftmaxCrossEntropy, "class_weights", (1, 0)),
        (spec.AsymmetricLinear, "over", -1),
        (spec.BinaryCrossEntropy, "epsilon", 0.5),
        (spec.KlDivergence, "epsilon", 0),
        (spec.MeanSquaredError, "reduction", "none"),
    ],
)
def test_refused(kind: Any, field: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=field):
        kind(**{field: value})


@pytest.mark.parametrize(
    ("word", "last", "said"),
    [
        (spec.SoftmaxCrossEntropy(), "log_softmax", "takes logits"),
        (spec.SigmoidCrossEntropy(), "sigmoid", "use binary_cross_entropy"),
        (spec.NegativeLogLikelihood(), "softmax", "takes log-probabilities"),
        (spec.CategoricalCrossEntropy(), "log_softmax", "takes probabilities"),
        (spec.Poisson(), "tanh", "takes positive outputs"),
        (spec.SoftmaxCrossEntropy(class_weights=(1, 2, 3)), "linear", "class_weights has 3 numbers"),
        (spec.SoftmaxCrossEntropy(), "linear", ""),
        (spec.NegativeLogLikelihood(), "log_softmax", ""),
        (spec.MeanSquaredError(), "softmax", ""),
    ],
)
def test_what_a_model_may_end_in(word: spec.Loss, last: str, said: str) -> None:
    found = word.misfit(last, 5)
    assert said in found
    assert bool(said) == bool(found)
