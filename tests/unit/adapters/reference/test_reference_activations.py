"""The reference's activations against formulas of 50 digits, at their special points, and against published digits."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from activation_formulas import FORMULAS, M, gelu_inside, log_softmax, softmax
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from adapters.reference.activations import ACTIVATIONS, GELU_TANH_ULP, VALUE_ULP, WITH_EXTRA, activate
from harness.spec import activations as spec
from harness.spec.base import family_members
from harness.spec.vocabulary import specimens

EPS = float(np.finfo(np.float64).eps)
TINY = float(np.finfo(np.float64).tiny)
WORDS = [word for word in specimens("activation") if type(word) in FORMULAS]
SPECIAL = [0.0, -0.0, 1e-300, -1e-300, 5e-324, -5e-324, -1.0, 1.0, -3.0, 3.0, 6.0, -40.0, 40.0, -10.0, 1e-8, -1e-8]
SPECIAL += [float(np.nextafter(kink, side)) for kink in (-3.0, -1.0, 1.0, 3.0, 6.0) for side in (-9, 9)]
# Up to where exp(-x) is still a normal number.
NUMBERS = st.one_of(st.floats(-30, 30), st.floats(-700, 700), st.sampled_from(SPECIAL))
INF, NAN = float("inf"), float("nan")


def named(word: Any) -> str:
    return f"{word.name_in_tables} {getattr(word, 'alpha', '')}".strip()


def value(word: spec.Activation, x: Any, **extra: Any) -> Any:
    return activate(word, np.asarray(x), extra)[0]


def slope(word: spec.Activation, x: Any, **extra: Any) -> Any:
    x = np.asarray(x)
    return activate(word, x, extra)[1](np.ones_like(x))[0]


def ulps(found: float, exact: Any) -> float:
    """Not below the smallest normal number, where the spacing is that of it."""
    return float(abs(M(found) - exact) / M(float(np.spacing(max(abs(float(exact)), TINY)))))


def allowed(word: spec.Activation, x: float) -> float:
    if isinstance(word, spec.Gelu) and word.form == "tanh":
        return 4 + GELU_TANH_ULP * abs(float(gelu_inside(M(x))))
    return VALUE_ULP[type(word)]


@pytest.mark.parametrize("word", WORDS, ids=named)
@settings(deadline=None, max_examples=60)
@given(numbers=st.lists(NUMBERS, min_size=1, max_size=8))
def test_value(word: spec.Activation, numbers: list[float]) -> None:
    numbers = [*numbers, *SPECIAL[: 8 - len(numbers)]]
    for x, found in zip(numbers, value(word, numbers), strict=True):
        assert ulps(float(found), FORMULAS[type(word)](word, M(x))) <= allowed(word, x), x


@pytest.mark.parametrize("word", WORDS, ids=named)
def test_value_at_every_special_point(word: spec.Activation) -> None:
    for x, found in zip(SPECIAL, value(word, SPECIAL), strict=True):
        assert ulps(float(found), FORMULAS[type(word)](word, M(x))) <= allowed(word, x), x


@pytest.mark.parametrize("word", WORDS, ids=named)
def test_gradient(word: spec.Activation) -> None:
    x = np.concatenate([np.random.default_rng(3).uniform(-12, 12, 60), [-40.0, 1e-9, -1e-9, 30.0, 200.0, -200.0]])
    for each, found in zip(x, slope(word, x), strict=True):
        exact = mpmath.diff(lambda z: FORMULAS[type(word)](word, z), M(float(each)), h=M(10) ** -20)
        assert abs(M(float(found)) - exact) <= 4 * EPS * max(1, abs(exact)), each


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(-300, 300), min_size=1, max_size=6))
def test_softmax_and_its_logarithm(row: list[float]) -> None:
    for word, formula in ((spec.Softmax(), softmax), (spec.LogSoftmax(), log_softmax)):
        for found, exact in zip(value(word, [row])[0], formula(row), strict=True):
            assert ulps(float(found), exact) <= VALUE_ULP[type(word)]


def test_a_log_softmax_near_0_keeps_its_digits() -> None:
    found = value(spec.LogSoftmax(), [[0.0, -50.0]])[0, 0]
    assert ulps(float(found), -mpmath.log1p(mpmath.exp(-50))) <= VALUE_ULP[spec.LogSoftmax]
    equal = value(spec.LogSoftmax(), [[7.0, 7.0, 7.0]])[0]
    assert all(ulps(float(each), -mpmath.log(3)) <= VALUE_ULP[spec.LogSoftmax] for each in equal)


def test_gradients_of_rows() -> None:
    rng = np.random.default_rng(4)
    x, dy = rng.normal(0, 3, (5, 4)), rng.normal(size=(5, 4))
    for word, formula in (
        (spec.Softmax(), lambda z: np.exp(z) / np.exp(z).sum()),
        (spec.LogSoftmax(), lambda z: z - np.log(np.exp(z).sum())),
    ):
        found = activate(word, x)[1](dy)[0]
        for i, j in np.ndindex(x.shape):
            nudged = x[i].astype(complex)
            nudged[j] += 1e-40j
            assert abs(found[i, j] - (dy[i] * formula(nudged).imag).sum() / 1e-40) <= 32 * EPS


# --- Beyond the real numbers ----------------------------------------------------------------------------------------

# By the word: the value at -inf and inf, and the gradient there.
LIMITS: dict[type[spec.Activation], tuple[float, float, float, float]] = {
    spec.Linear: (-INF, INF, 1, 1),
    spec.Sigmoid: (0, 1, 0, 0),
    spec.Tanh: (-1, 1, 0, 0),
    spec.Relu: (0, INF, 0, 1),
    spec.Relu6: (0, 6, 0, 0),
    spec.LeakyRelu: (-INF, INF, 0.01, 1),
    spec.Elu: (-1, INF, 0, 1),
    spec.Selu: (-1.7580993408473766, INF, 0, 1.0507009873554805),
    spec.Celu: (-1, INF, 0, 1),
    spec.Softplus: (0, INF, 0, 1),
    spec.Softsign: (-1, 1, 0, 0),
    spec.HardSigmoid: (0, 1, 0, 0),
    spec.HardSwish: (0, INF, 0, 1),
    spec.Silu: (0, INF, 0, 1),
    spec.Gelu: (0, INF, 0, 1),
    spec.Mish: (0, INF, 0, 1),
    spec.ExponentialActivation: (0, INF, 0, INF),
    spec.HardTanh: (-1, 1, 0, 0),
}


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("kind", LIMITS, ids=lambda kind: kind.word())
def test_far_out_and_nan(kind: type[spec.Activation], precision: Any) -> None:
    x = np.array([-INF, INF, NAN], precision)
    for word in (word for word in WORDS if type(word) is kind and getattr(word, "alpha", 1) == 1):
        if word == spec.Gelu(form="tanh") and precision is np.float32:
            continue  # the next test
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            found, back = activate(word, x)
            gradient = back(np.ones_like(x))[0]
        wanted = np.array(LIMITS[kind], precision)
        assert found[:2].tolist() == wanted[:2].tolist()
        assert gradient[:2].tolist() == wanted[2:].tolist()
        assert np.isnan(found[2])


def test_the_slope_of_gelu_by_tanh_overflows_in_float32_as_in_both_frameworks() -> None:
    """The slope holds `x * x * (1 - tanh(...) ** 2)`: an overflow times 0."""
    x = np.array([1e19, -1e19, 1e20, -1e20])
    for precision, far_out in ((np.float64, [1, 0]), (np.float32, [NAN, NAN])):
        with np.errstate(over="ignore", invalid="ignore"):
            found = activate(spec.Gelu(form="tanh"), x.astype(precision))[1](np.ones(4, precision))[0]
        np.testing.assert_array_equal(found, [1, 0, *far_out])


@pytest.mark.parametrize("word", WORDS, ids=named)
def test_no_warning_at_ten_thousand(word: spec.Activation) -> None:
    x = np.array([-1e4, 1e4])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = value(word, x)
        gradient = slope(word, x)
    for each, exact in zip(found, (float(FORMULAS[type(word)](word, M(each))) for each in x), strict=True):
        assert each == exact or abs(each - exact) <= EPS * abs(exact)
    assert not np.isnan(gradient).any()


# --- Kinks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "x", "expected"),
    [
        (spec.Relu(), [0.0, -0.0], [0, 0]),
        (spec.Relu6(), [0.0, 6.0], [0, 1]),
        (spec.LeakyRelu(slope=0.2), [0.0, -0.0], [0.2, 0.2]),
        (spec.Rrelu(lower=0.25, upper=0.5), [0.0, -0.0], [0.375, 0.375]),
        (spec.Elu(alpha=0.75), [0.0], [0.75]),
        (spec.Celu(alpha=0.75), [0.0], [1]),
        (spec.Selu(), [0.0], [1.7580993408473766]),
        (spec.HardTanh(), [-1.0, 1.0, np.nextafter(1, 2)], [1, 1, 0]),
        (spec.HardSigmoid(), [-3.0, 3.0, np.nextafter(-3, 0)], [0, 0, 1 / 6]),
        (spec.HardSwish(), [-3.0, 3.0, np.nextafter(3, 4)], [-0.5, 1.5, 1]),
    ],
    ids=lambda each: each.kind if isinstance(each, spec.Activation) else "",
)
def test_gradient_at_a_kink(word: spec.Activation, x: list[float], expected: list[float]) -> None:
    assert slope(word, x).tolist() == expected


def test_prelu_learns_a_slope_for_each_channel() -> None:
    x, alpha = np.array([[-2.0, -4.0, 0.0], [3.0, -1.0, 5.0]]), np.array([0.25, -0.5, 0.1])
    dy = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    found, back = activate(spec.Prelu(), x, {"alpha": alpha})
    dx, learned = back(dy)
    assert found.tolist() == [[-0.5, 2, 0], [3, 0.5, 5]]
    assert dx.tolist() == [[0.25, -1, 3 * 0.1], [4, -2.5, 6]]
    assert {name: each.tolist() for name, each in learned.items()} == {"alpha": [-2, -13, 0]}
    images = np.stack([x, 2 * x])[:, :, None]  # (2, 2, 1, 3): channels are the last axis whatever is before it
    assert activate(spec.Prelu(), images, {"alpha": alpha})[1](np.ones_like(images))[1]["alpha"].shape == (3,)


def test_rrelu_in_training_and_in_evaluation() -> None:
    word, x = spec.Rrelu(lower=0.25, upper=0.5), np.array([[-2.0, 4.0, -8.0]])
    assert value(word, x).tolist() == [[-0.75, 4, -3]]
    slopes = np.array([[0.5, 0.25, 0.375]])
    assert value(word, x, slopes=slopes).tolist() == [[-1, 4, -3]]
    assert slope(word, x, slopes=slopes).tolist() == [[0.5, 1, 0.375]]


def test_what_is_learned_and_drawn() -> None:
    (alpha,) = spec.Prelu().parameters((5, 5, 3))
    assert (alpha.name, alpha.shape, alpha.initializer.word()) == ("alpha", (3,), "constant")
    (slopes,) = spec.Rrelu(lower=0.1, upper=0.2).noise((5, 5, 3))
    assert (slopes.name, slopes.shape, slopes.low, slopes.high) == ("slopes", (5, 5, 3), 0.1, 0.2)
    assert not any(word.parameters((3,)) or word.noise((3,)) for word in WORDS if word.kind != "rrelu")


# --- Precision, tables, mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("word", specimens("activation"), ids=named)
def test_nothing_is_computed_in_a_wider_precision(word: spec.Activation, precision: Any) -> None:
    x = np.linspace(-7, 7, 30, dtype=precision).reshape(5, 6)
    extra = {"alpha": np.full(6, 0.25, precision)} if isinstance(word, spec.Prelu) else {}
    found, back = activate(word, x, extra)
    gradient, learned = back(x)
    assert {each.dtype for each in (found, gradient, *learned.values())} == {np.dtype(precision)}
    assert gradient.shape == found.shape == x.shape


def test_no_activation_is_left_out() -> None:
    shipped = {member for member in family_members(spec.Activation) if member.__module__ == spec.__name__}
    assert {*ACTIVATIONS, *WITH_EXTRA} == set(VALUE_ULP) == shipped
    assert {*FORMULAS, spec.Softmax, spec.LogSoftmax, spec.Prelu} == shipped


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": "leaky_relu", "slope": -0.1}, "greater than or equal to 0"),
        ({"kind": "elu", "alpha": -1}, "greater than or equal to 0"),
        ({"kind": "celu", "alpha": 0}, "greater than 0"),
        ({"kind": "rrelu", "lower": -0.1}, "greater than or equal to 0"),
        ({"kind": "rrelu", "lower": 0.3, "upper": 0.2}, "lower must not exceed upper, got lower=0.3, upper=0.2"),
        ({"kind": "gelu", "form": "sigmoid"}, "'erf' or 'tanh'"),
        ({"kind": "elu", "alpha": INF}, "finite number"),
        ({"kind": "relu", "alpha": 1}, "Extra inputs are not permitted"),
    ],
    ids=lambda each: str(each)[:40],
)
def test_a_wrong_number_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(spec.AnyActivation).validate_python(wrong)


# Each with as many digits as were printed.
PUBLISHED = [
    (spec.Sigmoid(), [1.0, 2.0, 3.0], ["0.7310586", "0.880797", "0.9525741"]),
    (spec.LeakyRelu(slope=0.2), [-2.0, 0.0, -0.0, 3.0], ["-0.4", "0", "0", "3"]),
    (spec.Softmax(), [4.0, 5.0, 1.0], ["0.2653879", "0.7213992", "0.0132129"]),
    (spec.Tanh(), [-INF, INF], ["-1", "1"]),
]


@pytest.mark.parametrize(("word", "x", "printed"), PUBLISHED, ids=lambda each: getattr(each, "kind", ""))
def test_published_digits(word: spec.Activation, x: list[float], printed: list[str]) -> None:
    for found, digits in zip(value(word, x), printed, strict=True):
        assert abs(found - float(digits)) <= 0.5 * 10.0 ** -len(digits.partition(".")[2]), digits


@pytest.mark.parametrize("form", ["erf", "tanh"])
def test_gelu_in_float32_is_rounded_at_the_size_of_1_as_both_frameworks_round_it(form: str) -> None:
    # Where 1 + tanh(u) or 1 + erf(x) cancels, a formula without cancellation would be a measure that nobody meets.
    x = np.linspace(-5.0, -3.0, 2001)
    word = spec.Gelu(form=form)
    for of in (value, slope):
        error = np.abs(of(word, x.astype(np.float32)).astype(np.float64) - of(word, x.astype(np.float32).astype(float)))
        assert 1e-8 < error.max() < 2e-6
