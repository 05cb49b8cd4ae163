"""What must be said of which parameter is which, and of a float64 that measures nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from bench import Bench
from guards import Guard

from adapters import views
from adapters.user_model import OwnParameter
from harness.oracles import own_float64
from harness.oracles.own_float64 import Side
from harness.spec.arm import Arm
from harness.subjects.pair import findings, mapping, update_errors

VALUES = np.random.default_rng(0).normal(size=50)
NAMES = mapping.Names("a", "b")


def side(name: str, float32: Any, float64: Any) -> Side:
    return Side(Arm(name=name, adapter=name, mode="eager"), {"x": float32.astype(np.float32)}, {"x": float64})


def a_float64_that_is_not_finite(bench: Bench) -> None:
    """Also where the other side has no such tensor."""
    broken = side("a", VALUES, np.where(VALUES > 1, np.nan, VALUES))
    for other in (side("b", VALUES, VALUES), Side(Arm(name="b", adapter="b", mode="eager"), {}, {})):
        assert own_float64.no_measure(broken, other)


def a_float64_that_is_right(bench: Bench) -> None:
    """Whether the sides are the same function or two, and whichever of them is numerically off."""
    for off in (1.0, 1.1, 1.001):
        a, b = side("a", VALUES * off, VALUES * off), side("b", VALUES, VALUES)
        assert not own_float64.no_measure(a, b)
        assert not own_float64.no_measure(side("a", VALUES * off, VALUES), b)


def parameter(path: str, role: str = "kernel", trainable: bool = True, shape: tuple[int, ...] = (4, 4)) -> OwnParameter:
    names = tuple(path.split("."))
    return OwnParameter(f"{path}.{role}", path, role, shape, trainable, names)


def names_before_the_order_of_calls(bench: Bench) -> None:
    a, b = ([parameter(f"{net}.{name}") for name in order] for net, order in (("x", "qkv"), ("y", "kqv")))
    pairing = mapping.paired(a, b, {}, NAMES)
    assert all(match.a.path[-1] == match.b.path[-1] for match in pairing.matches)


def gates_in_their_order(bench: Bench) -> None:
    value = np.arange(6.0)
    assert views.viewed(value, [("blocks", 0, 3, (1, 0, 2))]).tolist() == [2, 3, 0, 1, 4, 5]


def found(a: list[OwnParameter], b: list[OwnParameter]) -> list[str]:
    pairing = mapping.paired(a, b, {}, NAMES)
    arms = tuple(SimpleNamespace(name=name, adapter=name) for name in "ab")
    built = {name: {"settings": {}} for name in "ab"}
    climb: Any = SimpleNamespace(pairing=pairing, matches=pairing.matches, arms=arms, built=built, remarks=[])
    return [verdict.status for verdict in findings.found_in_parameters(climb, [])]


def a_frozen_parameter(bench: Bench) -> None:
    for first in (True, False):
        sides = [[parameter("fc", trainable=first)], [parameter("fc", trainable=not first)]]
        assert found(sides[0], sides[1]) == ["diverges"]


def a_parameter_without_a_partner(bench: Bench) -> None:
    both = [parameter("fc"), parameter("fc", "bias", shape=(4,))]
    assert found(both, both[:1]) == ["diverges"]
    assert found(both[:1], both) == ["diverges"]


def rounded_coefficients(bench: Bench) -> None:
    """Of rules that correct a bias, and of the second moment by its root."""
    update: Any = SimpleNamespace(optimizer=SimpleNamespace(beta1=0.9, beta2=0.999))
    assert 5e-5 < update_errors.coefficient_errors(update, 1)[0] < 7e-5


def a_fused_kernel_in_its_parts(bench: Bench) -> None:
    """Each part is another one, and all of them are there."""
    whole, parts = [parameter("qkv", shape=(4, 12))], [parameter(name) for name in "qkv"]
    value = np.arange(48.0).reshape(4, 12)
    pairing = mapping.paired(whole, parts, {}, NAMES)
    pieces = [views.viewed(value, match.view_a) for match in pairing.matches]
    assert np.array_equal(np.concatenate(pieces, 1), value)
    assert not mapping.paired(whole, parts[:1], {}, NAMES).fused


GUARDS: tuple[Guard, ...] = (
    a_fused_kernel_in_its_parts,
    a_float64_that_is_not_finite,
    a_float64_that_is_right,
    names_before_the_order_of_calls,
    gates_in_their_order,
    a_frozen_parameter,
    a_parameter_without_a_partner,
    rounded_coefficients,
)
