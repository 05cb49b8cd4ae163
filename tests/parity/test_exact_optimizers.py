"""The `exact` realisations are the same algorithm to the last bit: 1,000 updates by the same gradients.

Every scalar coefficient is computed in float64 and rounded once, and what is left is a handful of IEEE operations in a
stated order. XLA alone may contract `a * b + c` into one rounding, so there only closeness is claimed.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import raw_mindspore
import through_adapter

from harness.spec.arm import Arm
from harness.spec.optimizers import Adam, HeavyBall, Nesterov, Optimizer, Sgd
from harness.spec.schedules import Cosine, WarmupThen

UPDATES = 1000
# Eager modes run one small operation after another: in float64 a tenth of the way says as much.
FLOAT64_EAGER_UPDATES = 100
ROUNDS = ("float32", UPDATES), ("compiled float64", UPDATES), ("eager float64", FLOAT64_EAGER_UPDATES)
SCHEDULE = WarmupThen(warmup_steps=100, then=Cosine(initial_rate=0.05, decay_steps=800, floor_ratio=0.01))
WORDS: list[Optimizer] = [
    Sgd(),
    HeavyBall(momentum=0.9, form="rate_outside"),
    HeavyBall(momentum=0.9, form="rate_inside"),
    Nesterov(momentum=0.9, form="rate_outside"),
    Nesterov(momentum=0.9, form="rate_inside"),
    Adam(),
]
NAMES = [word.name_in_tables for word in WORDS]


def arm(adapter: str, mode: str, precision: Any) -> Arm:
    return Arm(name=f"{mode}-{precision}", adapter=adapter, mode=mode, precision=precision, realisation="exact")


ARMS = {
    "mindspore": {
        "float32": [arm("mindspore", "jit", "float32"), arm("mindspore", "pynative", "float32")],
        "compiled float64": [arm("mindspore", "jit", "float64")],
        "eager float64": [arm("mindspore", "pynative", "float64")],
    },
    "tensorflow": {
        "float32": [arm("tensorflow", mode, "float32") for mode in ("eager", "graph", "xla")],
        "compiled float64": [arm("tensorflow", mode, "float64") for mode in ("graph", "xla")],
        "eager float64": [arm("tensorflow", "eager", "float64")],
    },
}
BIT_EQUAL = ("jit-float32", "pynative-float32", "eager-float32", "graph-float32")
FLOAT64 = ("jit-float64", "pynative-float64", "eager-float64", "graph-float64", "xla-float64")

rng = np.random.default_rng(7)
PARAMETERS = {"a/kernel": rng.normal(size=(4, 5)).astype(np.float32), "a/bias": np.zeros(5, np.float32)}
GRADIENTS = [
    {name: rng.normal(size=value.shape).astype(np.float32) for name, value in PARAMETERS.items()}
    for _ in range(UPDATES)
]

Replays = dict[tuple[str, int], Any]


@pytest.fixture(scope="module")
def replayed(in_mindspore: Callable[..., Any], in_tensorflow: Callable[..., Any]) -> Replays:
    """By the arm's name and the number of the optimizer: all weights after each update."""
    in_mindspore(raw_mindspore.launch_blocking)

    def ask(framework: str) -> Replays:
        in_process = {"mindspore": in_mindspore, "tensorflow": in_tensorflow}[framework]
        found: Replays = {}
        for what, updates in ROUNDS:
            given = ARMS[framework][what], WORDS, SCHEDULE, PARAMETERS, GRADIENTS, updates
            found |= in_process(through_adapter.replays, *given)
        return found

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(ask, ARMS)
    return first | second


@pytest.fixture(scope="module")
def reference() -> Replays:
    arms = [arm("reference", "numpy", precision) for precision in ("float32", "float64")]
    return through_adapter.replays(arms, WORDS, SCHEDULE, PARAMETERS, GRADIENTS)


@pytest.mark.parametrize("number", range(len(WORDS)), ids=NAMES)
@pytest.mark.parametrize("name", BIT_EQUAL)
def test_float32_is_equal_to_the_last_bit(replayed: Replays, reference: Replays, name: str, number: int) -> None:
    found, wanted = replayed[name, number], reference["numpy-float32", number]
    assert found.dtype == wanted.dtype == np.float32
    assert found.shape == wanted.shape == (UPDATES, 25)
    differs = np.any(found.view(np.int32) != wanted.view(np.int32), axis=1)
    assert not differs.any(), f"{name} first differs after update {np.argmax(differs)}"


@pytest.mark.parametrize("number", range(len(WORDS)), ids=NAMES)
@pytest.mark.parametrize("name", FLOAT64)
def test_float64_is_equal_to_1e_14(replayed: Replays, reference: Replays, name: str, number: int) -> None:
    found = replayed[name, number]
    wanted = reference["numpy-float64", number][: len(found)]
    assert found.dtype == np.float64
    assert len(found) in (UPDATES, FLOAT64_EAGER_UPDATES)
    assert np.max(np.abs(found - wanted)) <= 1e-14 * np.max(np.abs(wanted))


@pytest.mark.parametrize("number", range(len(WORDS)), ids=NAMES)
def test_xla_is_close_by_rounding_alone(replayed: Replays, reference: Replays, number: int) -> None:
    """One rounding more or less an operation: after k updates, at most k ULP of the largest weight met so far.

    The gradients are given, so that an error is carried along and not fed back; the velocities forget theirs.
    """
    found, wanted = replayed["xla-float32", number], reference["numpy-float32", number]
    apart = np.max(np.abs(found.astype(np.float64) - wanted), axis=1)
    largest = np.maximum.accumulate(np.max(np.abs(wanted), axis=1))
    assert np.all(apart <= np.arange(1, UPDATES + 1) * np.finfo(np.float32).eps * largest)


@pytest.mark.parametrize("number", range(len(WORDS)), ids=NAMES)
def test_float32_is_not_float64(reference: Replays, number: int) -> None:
    """What bit equality is worth: float32 arithmetic does show in these thousand updates."""
    single, double = reference["numpy-float32", number], reference["numpy-float64", number]
    assert np.max(np.abs(single - double)) > 1e-8 * np.max(np.abs(double))


def test_the_last_bit_shows_a_coefficient_that_is_rounded_twice() -> None:
    """What bit equality is worth: the reference with coefficients computed in float32 is not equal to the last bit."""
    exact = through_adapter.replays([arm("reference", "numpy", "float32")], WORDS, SCHEDULE, PARAMETERS, GRADIENTS)
    native = Arm(name="native", adapter="reference", mode="numpy", precision="float32", realisation="native")
    rounded = through_adapter.replays([native], WORDS, SCHEDULE, PARAMETERS, GRADIENTS)
    for number in range(len(WORDS)):
        assert np.any(exact["numpy-float32", number] != rounded["native", number])
