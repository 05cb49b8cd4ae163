"""Terms that cancel exactly leave a unit in their last place where that is asked for, and nothing anywhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import adapters
from adapters.reference.cancellation import leaving, less_one, nearly_cancelled, remainder, saturated
from harness.spec.arm import Arm
from harness.spec.model import PlacedLayer, place
from harness.spec.optimizers import Ftrl
from harness.spec.recipe import Update
from harness.spec.schedules import Constant
from harness.spec.vocabulary import parse

TERM = np.array([[3.0, -0.7], [100.0, 0.0]], np.float32)
ZEROS = np.zeros((2, 2), np.float32)
FLOAT32, FLOAT64 = (
    adapters.load(Arm(name="r", adapter="reference", mode="numpy", precision=precision, realisation="native"))
    for precision in ("float32", "float64")
)


def test_without_the_context_and_with_the_sign_0_nothing_is_left() -> None:
    assert remainder(ZEROS, TERM, 0) is ZEROS
    with leaving(0.0) as remainders:
        np.testing.assert_array_equal(remainder(ZEROS, TERM, 0), ZEROS)
    assert remainders.cancelled


@pytest.mark.parametrize(
    ("sign", "axis", "pattern"),
    [(1.0, 0, [[1, 1], [1, 1]]), (-1.0, 0, [[-1, -1], [1, 1]]), (-1.0, 1, [[-1, 1], [-1, 1]])],
)
def test_a_unit_in_the_last_place_of_each_term_is_left(sign: float, axis: int, pattern: list[list[int]]) -> None:
    term = np.where(TERM == 0, 1, TERM)
    with leaving(sign):
        left = remainder(ZEROS, term, axis)
    np.testing.assert_array_equal(left, pattern * np.spacing(np.abs(term)))


@pytest.mark.parametrize("shape", [(2, 3, 1), (6, 1)])  # the draws on an axis of their own, or joined to one batch
def test_each_draw_has_its_sign(shape: tuple[int, ...]) -> None:
    with leaving(0.0, -1.0):
        left = remainder(np.zeros(shape, np.float32), np.ones(shape, np.float32), -1)
    np.testing.assert_array_equal(left.reshape(2, 3), [[0.0] * 3, [-np.spacing(np.float32(1))] * 3])


def test_a_single_zero_among_other_numbers_is_no_cancellation() -> None:
    difference = np.array([[0.0, 1e-7]], np.float32)
    with leaving(1.0) as remainders:
        np.testing.assert_array_equal(remainder(difference, TERM[:1], 1), difference)
    assert not remainders.cancelled


def test_in_float64_and_of_terms_that_are_0_nothing_is_left() -> None:
    with leaving(1.0) as remainders:
        remainder(np.zeros((2, 2)), TERM.astype(np.float64), 0)
        remainder(ZEROS, ZEROS, 0)
    assert not remainders.cancelled


def test_a_slope_of_a_few_units_is_one_more_or_none_at_single_inputs() -> None:
    unit = float(np.finfo(np.float32).eps)
    slope = np.array([0.0, 0.5, 3 * unit, 0.0] * 2, np.float32)  # of two draws
    is_near = np.array([True, True, True, False] * 2)
    with leaving(0.0, 1.0) as remainders:
        np.testing.assert_array_equal(saturated(slope, is_near)[4:], [unit, 0.5, 4 * unit, 0.0])
    assert remainders.cancelled
    with leaving(0.0, -1.0):
        moved = saturated(slope, is_near)
    np.testing.assert_array_equal(moved[:4], slope[:4])
    np.testing.assert_array_equal(moved[4:], [0.0, 0.5, 0.0, 0.0])
    with leaving(1.0) as remainders:
        saturated(slope[1::4], is_near[1::4])
        saturated(slope.astype(np.float64), is_near)
    assert not remainders.cancelled
    assert saturated(slope, is_near) is slope


def test_a_difference_that_has_lost_ten_bits_is_a_unit_of_its_term_off() -> None:
    term = np.array([1.0, 1.0, 4.0, 0.0], np.float32)
    difference = np.array([1e-4, 0.01, -1e-3, 0.0], np.float32)
    with leaving(1.0) as remainders:
        moved = nearly_cancelled(difference, term)
    assert remainders.cancelled
    np.testing.assert_array_equal(moved, difference + np.array([2.0**-23, 0, 2.0**-21, 0], np.float32))
    assert nearly_cancelled(difference, term) is difference
    with leaving(1.0) as remainders:
        nearly_cancelled(difference[1:2], term[1:2])
    assert not remainders.cancelled


@pytest.mark.parametrize("kind", ["elu", "celu", "selu"])
def test_the_slope_of_an_exponential_may_be_one_that_is_computed_from_its_value(kind: str) -> None:
    word, upstream, x = parse("activation", {"kind": kind}), np.ones((1, 2), np.float32), np.array([[-17.0, -1.0]])
    slope = FLOAT64.activation(word, x, upstream, {})["gradient"]
    with leaving(-1.0):
        left = FLOAT32.activation(word, x.astype(np.float32), upstream, {})["gradient"]
    assert left[0, 0] == 0 < slope[0, 0]
    assert left[0, 1] == pytest.approx(slope[0, 1], rel=1e-6)


def test_an_exponential_near_one_may_be_the_neighbour() -> None:
    unit = np.finfo(np.float32).epsneg
    power = np.array([1.0, 1 - 4 * unit, 0.5, 1 - unit] * 2, np.float32)  # of two draws
    exact = power[:4] - 1
    with leaving(0.0, 1.0) as remainders:
        np.testing.assert_array_equal(less_one(power), [*exact, 0, -3 * unit, -0.5, 0])
    assert remainders.cancelled
    with leaving(0.0, -1.0):
        np.testing.assert_array_equal(less_one(power), [*exact, 0, -5 * unit, -0.5, -2 * unit])
    with leaving(1.0) as remainders:
        less_one(power[::2])
        less_one(power.astype(np.float64))
    assert not remainders.cancelled


@pytest.mark.parametrize(("adapter", "arithmetic"), [(FLOAT32, np.float32), (FLOAT64, np.float64)])
def test_the_difference_of_two_powers_in_ftrl_may_be_a_unit_of_them_off(adapter: Any, arithmetic: type[Any]) -> None:
    """A square of 1e-5 beside an accumulator of 0.1 leaves 4 digits of the difference of their powers."""
    update = Update(optimizer=Ftrl(initial_accumulator=0.1), schedule=Constant(rate=0.01))
    found = []
    for sign in (0.0, 1.0):
        with leaving(sign) as remainders:
            *_, last = adapter.optimizer(update, {"w": np.ones(1, arithmetic)}, [{"w": np.full(1, 3e-3, arithmetic)}])
        found.append(float(last["w"][0]))
        assert remainders.cancelled == (arithmetic is np.float32)
    assert (abs(found[1] - found[0]) > 1e-3 * abs(found[0])) == (arithmetic is np.float32)


def test_the_gradient_of_a_normalisation_leaves_a_remainder_of_an_upstream_that_is_all_alike() -> None:
    """Although the other term of its sum, whose size is that of rounding errors, is not 0."""
    placed, weights, x, _ = _case("batch_norm", (4,), 4)  # a mean of 4 is exact
    upstream = np.full_like(x, 0.25)
    with leaving(0.0) as remainders:
        plain = _results(FLOAT32, placed, weights, x, upstream)["gradient"].sum(axis=0)
    assert remainders.cancelled
    with leaving(1.0):
        left = _results(FLOAT32, placed, weights, x, upstream)["gradient"].sum(axis=0)
    unit = np.spacing(upstream[0] * weights["gamma"]) / np.sqrt(x.var(axis=0) + np.float32(placed.layer.epsilon))  # type: ignore[attr-defined]
    np.testing.assert_allclose(left - plain, 4 * unit, rtol=0.1)


@pytest.mark.parametrize(("kind", "flat", "far"), [("tanh", 9.5, 12.0), ("sigmoid", 17.5, 20.0)])
def test_a_saturated_function_may_leave_a_unit(kind: str, flat: float, far: float) -> None:
    word, upstream = parse("activation", {"kind": kind}), np.ones((1, 3), np.float32)
    x = np.array([[flat, 0.1, far]], np.float32)
    exact = FLOAT64.activation(word, x.astype(np.float64), upstream, {})["gradient"]
    assert 0 < exact[0, 2] < exact[0, 0] < 0.25 * np.finfo(np.float32).eps
    with leaving(1.0):
        left = FLOAT32.activation(word, x, upstream, {})["gradient"]
    assert np.finfo(np.float32).eps <= left[0, 0] <= 2 * np.finfo(np.float32).eps
    assert left[0, 1] == pytest.approx(exact[0, 1], rel=1e-6)
    assert left[0, 2] == 0


# A word, the shape of a sample, and the number of samples.
CANCELLING = [
    ("batch_norm", (4,), 1),
    ("batch_norm", (1, 1, 3), 1),
    ("layer_norm", (1,), 5),
    ("layer_norm", (2, 2, 1), 3),
]
ORDINARY = [("batch_norm", (4,), 2), ("batch_norm", (2, 2, 3), 1), ("layer_norm", (2,), 1), ("layer_norm", (7,), 4)]


@pytest.mark.parametrize(("kind", "shape", "samples"), CANCELLING)
def test_a_normalisation_of_one_number_leaves_the_rounding_of_its_terms(
    kind: str, shape: tuple[int, ...], samples: int
) -> None:
    placed, weights, x, upstream = _case(kind, shape, samples)
    exact = _results(FLOAT64, placed, weights, x, upstream)
    with leaving(0.0) as remainders:
        plain = _results(FLOAT32, placed, weights, x, upstream)
    assert remainders.cancelled
    with leaving(1.0):
        left = _results(FLOAT32, placed, weights, x, upstream)
    assert np.max(np.abs(plain["value"] - exact["value"])) == 0
    deviation = np.sqrt(placed.layer.epsilon)  # type: ignore[attr-defined]
    one_unit = np.finfo(np.float32).eps * np.abs(x * weights["gamma"]) / deviation
    error = np.abs(left["value"] - exact["value"])
    assert np.all(error <= 1.5 * one_unit)
    assert np.max(error / one_unit) > 0.3
    assert np.all(exact["gradient"] == 0)
    dn = np.abs(upstream * weights["gamma"])
    assert np.all(np.abs(left["gradient"]) <= np.finfo(np.float32).eps * dn / deviation * 1.001)
    assert np.any(left["gradient"] != 0)


@pytest.mark.parametrize(("kind", "shape", "samples"), ORDINARY)
def test_an_ordinary_normalisation_is_the_same_bit_for_bit(kind: str, shape: tuple[int, ...], samples: int) -> None:
    case = _case(kind, shape, samples)
    plain = _results(FLOAT32, *case)
    with leaving(1.0) as remainders:
        other = _results(FLOAT32, *case)
    assert not remainders.cancelled
    for name, values in plain.items():
        np.testing.assert_array_equal(other[name], values)


def _case(kind: str, shape: tuple[int, ...], samples: int) -> tuple[PlacedLayer, dict[str, Any], Any, Any]:
    random = np.random.default_rng(3)
    (placed,) = place((parse("layer", {"kind": kind}),), shape)
    weights = {p.name.partition("/")[2]: random.uniform(0.5, 2, p.shape).astype(np.float32) for p in placed.parameters}
    x, upstream = (random.normal(size=(samples, *shape)).astype(np.float32) for _ in range(2))
    return placed, weights, x, upstream


def _results(adapter: Any, placed: PlacedLayer, weights: dict[str, Any], x: Any, upstream: Any) -> dict[str, Any]:
    full = {f"{placed.name}/{name}": value for name, value in weights.items()}
    found: dict[str, Any] = adapter.layer(placed, full, x, upstream, {}, True)
    return found
