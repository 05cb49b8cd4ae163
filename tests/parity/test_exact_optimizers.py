"""The `exact` realisations are the same algorithm to the last bit: 1,000 updates by the same gradients.

Every scalar coefficient is computed in float64 and rounded once, and what is left is a handful of IEEE operations in a
stated order. Two things may differ. XLA may contract `a * b + c` into one rounding. And LAMB takes norms, sums over a
tensor whose order is nobody's business: there a bound in ULP is claimed. By day every third of the other words runs.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import through_adapter
from selected import selected

from harness.spec.arm import Arm
from harness.spec.optimizers import Adam, Lamb
from harness.spec.recipe import Update
from harness.spec.schedules import Cosine, WarmupThen
from harness.spec.vocabulary import specimens

UPDATES, MILESTONES = 1000, (1, 10, 20, 100, 1000)
# Eager modes run one small operation after another, about a thousand times as slowly as compiled loops do.
EAGER_UPDATES, EAGER_MILESTONES = 10, (1, 10)
# Not from 0: the rule of ftrl divides by the rate.
WARMUP = WarmupThen(
    warmup_steps=100, start_rate=0.001, then=Cosine(initial_rate=0.05, decay_steps=800, floor_ratio=0.01)
)
BESIDE = ("weight_decay", "accumulation", "lookahead", "averaging")  # an optimizer
UPDATES_CHECKED = [
    *(Update(optimizer=word, schedule=WARMUP) for word in specimens("optimizer")),
    *(
        Update.model_validate({"optimizer": Adam(), "schedule": WARMUP, family: word})
        for family in BESIDE
        for word in specimens(family)
    ),
]
NAMES = [
    *(word.name_in_tables for word in specimens("optimizer")),
    *(f"{family} {word.name_in_tables}" for family in BESIDE for word in specimens(family)),
]
NUMBERS = range(len(UPDATES_CHECKED))
WITH_NORMS = [number for number in NUMBERS if isinstance(UPDATES_CHECKED[number].optimizer, Lamb)]
WITHOUT = [number for number in NUMBERS if number not in WITH_NORMS]
BY_DAY = WITHOUT[::3]


def arm(adapter: str, mode: str, precision: Any) -> Arm:
    return Arm(name=f"{mode}-{precision}", adapter=adapter, mode=mode, precision=precision, realisation="exact")


COMPILED = {
    "mindspore": [arm("mindspore", "jit", precision) for precision in ("float32", "float64")],
    "tensorflow": [arm("tensorflow", mode, p) for mode in ("graph", "xla") for p in ("float32", "float64")],
}
EAGER = {
    "mindspore": [arm("mindspore", "pynative", precision) for precision in ("float32", "float64")],
    "tensorflow": [arm("tensorflow", "eager", precision) for precision in ("float32", "float64")],
}


def at_night(*names: str) -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.nightly) for name in names]


EVERY_THIRD = [
    pytest.param(number, marks=[] if number in BY_DAY else pytest.mark.nightly, id=NAMES[number]) for number in WITHOUT
]
BIT_EQUAL = ["jit-float32", "graph-float32", *at_night("pynative-float32", "eager-float32")]
FLOAT64 = at_night("graph-float64", "jit-float64", "pynative-float64", "eager-float64", "xla-float64")
XLA32 = at_night("xla-float32")

# Seventeen weights: vector lanes of 4, 8 and 16 are filled, and one is left over.
rng = np.random.default_rng(7)
WEIGHTS = {"a/kernel": rng.normal(size=(4, 3)).astype(np.float32), "a/bias": np.zeros(5, np.float32)}
GRADIENTS = {
    name: (rng.normal(size=(UPDATES, *w.shape)) * 10.0 ** rng.uniform(-3, 1, w.shape)).astype(np.float32)
    for name, w in WEIGHTS.items()
}
WEIGHT_COUNT = sum(w.size for w in WEIGHTS.values())
LARGEST_TENSOR = max(w.size for w in WEIGHTS.values())

Replays = dict[tuple[str, int], Any]


@pytest.fixture(scope="module")
def replayed(
    request: pytest.FixtureRequest, in_mindspore: Callable[..., Any], in_tensorflow: Callable[..., Any]
) -> Replays:
    """By the arm's name and the number of the update: all weights after each milestone. Of the arms that are tested."""
    tested = selected(request, "name")
    numbers = sorted(set(selected(request, "number")))
    updates = [UPDATES_CHECKED[number] for number in numbers]
    fewer = {name: values[:EAGER_UPDATES] for name, values in GRADIENTS.items()}

    def ask(framework: str) -> Replays:
        in_process = {"mindspore": in_mindspore, "tensorflow": in_tensorflow}[framework]
        loop = through_adapter.replays_in_a_loop
        arms = [arm for arm in COMPILED[framework] if arm.name in tested]
        compiled = in_process(loop, arms, updates, WEIGHTS, GRADIENTS, MILESTONES)
        eager = [arm for arm in EAGER[framework] if arm.name in tested]
        return compiled | in_process(loop, eager, updates, WEIGHTS, fewer, EAGER_MILESTONES)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(ask, COMPILED)
    return {(name, numbers[place]): rows for (name, place), rows in (first | second).items()}


@pytest.fixture(scope="module")
def reference() -> Replays:
    arms = [arm("reference", "numpy", precision) for precision in ("float32", "float64")]
    return through_adapter.replays_in_a_loop(arms, UPDATES_CHECKED, WEIGHTS, GRADIENTS, MILESTONES)


def largest_so_far(rows: Any) -> Any:
    """At each milestone: the largest weight at any until then."""
    return np.maximum.accumulate(np.max(np.abs(rows), axis=1))


@pytest.mark.parametrize("number", EVERY_THIRD)
@pytest.mark.parametrize("name", BIT_EQUAL)
def test_float32_is_equal_to_the_last_bit(replayed: Replays, reference: Replays, name: str, number: int) -> None:
    found = replayed[name, number]
    wanted = reference["numpy-float32", number][: len(found)]
    assert found.dtype == wanted.dtype == np.float32
    assert found.shape == wanted.shape
    assert found.shape in ((len(MILESTONES), WEIGHT_COUNT), (len(EAGER_MILESTONES), WEIGHT_COUNT))
    differs = np.any(found.view(np.int32) != wanted.view(np.int32), axis=1)
    assert not differs.any(), f"{name} first differs after update {MILESTONES[int(np.argmax(differs))]}"


@pytest.mark.parametrize("number", WITH_NORMS, ids=[NAMES[number] for number in WITH_NORMS])
@pytest.mark.parametrize("name", [*BIT_EQUAL, *XLA32])
def test_norms_cost_few_ulp_an_update(replayed: Replays, reference: Replays, name: str, number: int) -> None:
    """Two sums of n squares, each at most n - 1 roundings, halved by the root; and four roundings around them.

    After k updates, at most (n + 3) k ULP of the largest weight met so far: a step is never larger than the weights.
    """
    found = replayed[name, number]
    wanted = reference["numpy-float32", number][: len(found)]
    apart = np.max(np.abs(found.astype(np.float64) - wanted), axis=1)
    k = np.array(MILESTONES[: len(found)])
    assert np.all(apart <= (LARGEST_TENSOR + 3) * k * np.finfo(np.float32).eps * largest_so_far(wanted))


@pytest.mark.parametrize("number", NUMBERS, ids=NAMES)
@pytest.mark.parametrize("name", FLOAT64)
def test_float64_is_equal_to_1e_14(replayed: Replays, reference: Replays, name: str, number: int) -> None:
    found = replayed[name, number]
    wanted = reference["numpy-float64", number][: len(found)]
    assert found.dtype == np.float64
    assert len(found) in (len(MILESTONES), len(EAGER_MILESTONES))
    assert np.max(np.abs(found - wanted)) <= 1e-14 * np.max(np.abs(wanted))


@pytest.mark.parametrize("number", WITHOUT, ids=[NAMES[number] for number in WITHOUT])
@pytest.mark.parametrize("name", XLA32)
def test_xla_is_close_by_rounding_alone(replayed: Replays, reference: Replays, name: str, number: int) -> None:
    """One rounding more or less an operation: after k updates, at most k ULP of the largest weight met so far.

    The gradients are given, so that an error is carried along and not fed back; the slots forget theirs.
    """
    found, wanted = replayed[name, number], reference["numpy-float32", number]
    apart = np.max(np.abs(found.astype(np.float64) - wanted), axis=1)
    assert np.all(apart <= np.array(MILESTONES) * np.finfo(np.float32).eps * largest_so_far(wanted))


@pytest.mark.parametrize("of_reference", NUMBERS, ids=NAMES)
def test_float32_is_not_float64(reference: Replays, of_reference: int) -> None:
    """What bit equality is worth: float32 arithmetic does show in these thousand updates."""
    single, double = reference["numpy-float32", of_reference], reference["numpy-float64", of_reference]
    assert np.max(np.abs(single - double)) > 1e-8 * np.max(np.abs(double))


def test_the_last_bit_shows_a_coefficient_that_is_rounded_twice(reference: Replays) -> None:
    """What bit equality is worth: the reference with coefficients computed in float32 is not equal to the last bit."""
    native = Arm(name="native", adapter="reference", mode="numpy", precision="float32", realisation="native")
    rounded = through_adapter.replays_in_a_loop([native], UPDATES_CHECKED, WEIGHTS, GRADIENTS, MILESTONES)
    for number in NUMBERS:
        found = rounded["native", number]
        if UPDATES_CHECKED[number].optimizer.kind != "rprop":  # whose only rate is the first
            assert np.any(found != reference["numpy-float32", number][: len(found)]), NAMES[number]
