"""The reference's whole update: by hand, and against updates by gradients that NumPy combines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import adapters
from adapters.coefficients import following
from adapters.forms import update_rates
from adapters.protocol import Adapter
from adapters.reference.updates import WholeUpdate
from harness.spec.arm import Arm
from harness.spec.averaging import Exponential, NoAveraging
from harness.spec.lookahead import SlowWeights
from harness.spec.recipe import Update
from harness.spec.vocabulary import specimens

# Of 1, 1/2, 1/3, ...
FALLING = {"kind": "inverse_time", "initial_rate": 1.0, "decay_rate": 1.0, "decay_steps": 1}
OPTIMIZERS: tuple[Any, ...] = specimens("optimizer")
BATCHES = 14
SHAPES = {"a/kernel": (2, 3), "a/bias": (3,)}


def reference() -> Adapter:
    return adapters.load(
        Arm(name="reference", adapter="reference", mode="numpy", precision="float64", realisation="exact")
    )


def update(**words: Any) -> Update:
    return Update.model_validate({"optimizer": "sgd", "schedule": FALLING, **words})


def by_hand(gradients: list[float], **words: Any) -> list[float]:
    """A weight of 0 after each batch."""
    given = [{"a/kernel": np.array([gradient])} for gradient in gradients]
    found = reference().optimizer(update(**words), {"a/kernel": np.zeros(1)}, given)
    return [float(weights["a/kernel"][0]) for weights in found]


def drawn(seed: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    rng = np.random.default_rng(seed)
    start = {name: rng.normal(size=shape) for name, shape in SHAPES.items()}
    return start, [{name: rng.normal(size=shape) for name, shape in SHAPES.items()} for _ in range(BATCHES)]


def test_the_mean_of_a_group_is_applied_after_its_last_batch() -> None:
    found = by_hand([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], accumulation={"kind": "mean", "batches": 3})
    assert found == [0, 0, -2, -2, -2, -2 - 5 / 2, -2 - 5 / 2]


def test_the_sum_is_as_many_times_as_large() -> None:
    found = by_hand([1.0, 2.0, 3.0, 4.0], accumulation={"kind": "sum", "batches": 2})
    assert found == [0, -3, -3, -3 - 7 / 2]


def test_a_schedule_that_counts_batches_is_read_at_the_last_of_a_group() -> None:
    said = {"kind": "mean", "batches": 2, "schedule_counts": "batches"}
    assert by_hand([1.0, 1.0, 1.0, 1.0], accumulation=said) == [0, -1 / 2, -1 / 2, -1 / 2 - 1 / 4]


def test_what_is_clipped_is_the_gradient_of_the_group() -> None:
    # Of each batch clipped by itself the mean would be 0.5.
    clipping = {"kind": "by_value", "bound": 1.0}
    found = by_hand([3.0, 0.0], accumulation={"kind": "mean", "batches": 2}, clipping=clipping)
    assert found == [0, -1]


def test_decay_and_moments_count_updates() -> None:
    # Without a gradient the weights decay once a group, by 1 - rate * factor.
    words = {"weight_decay": {"kind": "decoupled", "factor": 0.5, "decayed": "all"}}
    given = [{"a/kernel": np.zeros(1)}] * 4
    accumulated = update(accumulation={"kind": "mean", "batches": 2}, **words)
    found = list(reference().optimizer(accumulated, {"a/kernel": np.ones(1)}, given))
    assert [float(weights["a/kernel"][0]) for weights in found] == [1, 0.5, 0.5, 0.5 * 0.75]


@pytest.mark.parametrize("kind", ["mean", "sum"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda word: word.name_in_tables)
def test_every_optimizer_sees_the_gradients_of_groups_only(optimizer: Any, kind: str) -> None:
    start, gradients = drawn(3)
    combine = {"mean": np.mean, "sum": np.sum}[kind]
    groups = [gradients[first : first + 4] for first in range(0, BATCHES - 3, 4)]
    combined = [{name: combine([each[name] for each in group], axis=0) for name in start} for group in groups]
    words = {"optimizer": optimizer, "clipping": {"kind": "by_global_norm", "bound": 1.5}}
    wanted = list(reference().optimizer(update(**words), start, combined))
    found = list(reference().optimizer(update(**words, accumulation={"kind": kind, "batches": 4}), start, gradients))
    for batch, weights in enumerate(found, 1):
        applied = wanted[batch // 4 - 1] if batch >= 4 else start
        for name, value in weights.items():
            np.testing.assert_allclose(value, applied[name], rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("done", [0, 1, 5, 8])
def test_a_training_goes_on_from_its_slots_within_a_group(done: int) -> None:
    start, gradients = drawn(4)
    word = update(optimizer="adam", accumulation={"kind": "mean", "batches": 4})

    def whole() -> WholeUpdate:
        return WholeUpdate(word, update_rates(word, BATCHES), np.float64, np.float64)

    straight, weights = whole(), dict(start)
    straight.start(weights)
    for gradient in gradients[:done]:
        weights = dict(straight.of_batch(weights, gradient)[0])
    resumed = whole()
    resumed.start(weights, straight.slots(), done)
    other = weights
    for gradient in gradients[done:]:
        weights, other = straight.of_batch(weights, gradient)[0], resumed.of_batch(other, gradient)[0]  # type: ignore[assignment]
    assert all(np.array_equal(weights[name], other[name]) for name in weights)
    assert list(straight.slots()) == [f"{slot}/{name}" for slot in word.slot_names for name in start]
    assert all(np.array_equal(value, resumed.slots()[name]) for name, value in straight.slots().items())


def test_the_sum_of_an_unfinished_group_is_a_slot() -> None:
    word = update(accumulation={"kind": "mean", "batches": 3})
    for batches, wanted in ((2, 3.0), (3, 0.0), (4, 4.0)):
        given = [{"a/kernel": np.array([float(number)])} for number in range(1, batches + 1)]
        (kept,) = reference().slots_after(word, {"a/kernel": np.zeros(1)}, given).values()
        assert kept == [wanted]


SLOW = {"kind": "slow_weights", "steps": 2, "factor": 0.5}
CONSTANT = {"kind": "constant", "rate": 1.0}


def kept(batches: int, **words: Any) -> float:
    """The only slot of a weight of 0 after batches with gradients 1, 2, 3, ... at a rate of 1."""
    given = [{"w": np.array([float(number)])} for number in range(1, batches + 1)]
    (slot,) = reference().slots_after(update(schedule=CONSTANT, **words), {"w": np.zeros(1)}, given).values()
    return float(slot[0])


def test_slow_weights_go_a_part_of_the_way_and_the_fast_ones_go_on_from_there() -> None:
    found = by_hand([1.0, 2.0, 3.0, 4.0, 5.0], schedule=CONSTANT, lookahead=SLOW)
    # -1; -3, half of which is -1.5; -4.5; -8.5, halfway to which from -1.5 is -5; -10.
    assert found == [-1, -1.5, -4.5, -5, -10]
    assert [kept(batches, lookahead=SLOW) for batches in range(1, 6)] == [0, -1.5, -1.5, -5, -5]


def test_an_average_starts_where_it_is_said_to() -> None:
    # Weights of -1, -3, -6.
    said = {"kind": "exponential", "decay": 0.75}
    assert [kept(batches, averaging=said) for batches in (1, 2, 3)] == [-1, -1.5, -2.625]
    said = {**said, "start": "initial_weights"}
    assert [kept(batches, averaging=said) for batches in (1, 2, 3)] == [-0.25, -0.9375, -2.203125]


def test_an_average_that_replaces_the_weights_is_what_the_training_goes_on_with() -> None:
    said = {"kind": "exponential", "decay": 0.5, "overwrite_every": 2}
    # -1; -3, averaged -2; -5, averaged -3.5; -9, averaged -6.25.
    assert by_hand([1.0, 2.0, 3.0, 4.0], schedule=CONSTANT, averaging=said) == [-1, -2, -5, -6.25]
    never = {"kind": "exponential", "decay": 0.5}
    assert by_hand([1.0, 2.0], schedule=CONSTANT, averaging=never) == [-1, -3]


def test_what_is_averaged_is_what_the_look_ahead_leaves() -> None:
    word = update(schedule=CONSTANT, lookahead=SLOW, averaging={"kind": "exponential", "decay": 0.5})
    given = [{"w": np.array([float(number)])} for number in (1, 2, 3)]
    slots = reference().slots_after(word, {"w": np.zeros(1)}, given)
    # Weights of -1, -1.5, -4.5.
    assert {name: float(value[0]) for name, value in slots.items()} == {"slow/w": -1.5, "average/w": -2.875}


def test_both_count_updates_and_not_batches() -> None:
    words = {"lookahead": SLOW, "averaging": {"kind": "exponential", "decay": 0.5, "overwrite_every": 3}}
    start, gradients = drawn(5)
    pairs = [gradients[first : first + 2] for first in range(0, BATCHES, 2)]
    means = [{name: np.mean([each[name] for each in pair], axis=0) for name in start} for pair in pairs]
    wanted = list(reference().optimizer(update(**words), start, means))
    grouped = update(**words, accumulation={"kind": "mean", "batches": 2})
    for after, found in zip(wanted, list(reference().optimizer(grouped, start, gradients))[1::2], strict=True):
        assert all(np.allclose(found[name], value, rtol=1e-13) for name, value in after.items())


def test_a_training_goes_on_from_its_copies_of_the_weights() -> None:
    start, gradients = drawn(6)
    averaging = {"kind": "exponential", "decay": 0.9, "overwrite_every": 4}
    word = update(optimizer="adam", lookahead={**SLOW, "steps": 3}, averaging=averaging)
    rates = update_rates(word, BATCHES)
    straight, resumed = (WholeUpdate(word, rates, np.float64, np.float64) for _ in range(2))
    weights: Any = dict(start)
    straight.start(weights)
    for gradient in gradients[:5]:
        weights = straight.of_batch(weights, gradient)[0]
    resumed.start(weights, straight.slots(), 5)
    other = weights
    for gradient in gradients[5:]:
        weights, other = straight.of_batch(weights, gradient)[0], resumed.of_batch(other, gradient)[0]
    assert all(np.array_equal(weights[name], other[name]) for name in weights)
    assert list(straight.slots()) == [f"{slot}/{name}" for slot in word.slot_names for name in start]


@pytest.mark.parametrize("words", [{"lookahead": word} for word in specimens("lookahead")], ids=str)
def test_the_canonical_scalars_take_what_is_due(words: Any) -> None:
    scalars = following(update(**words), 6)
    steps = update(**words).lookahead
    due = [float(isinstance(steps, SlowWeights) and k % steps.steps == 0) for k in range(1, 7)]
    assert list(scalars.get("slow_taken", np.zeros(6))) == due


def test_only_an_average_that_is_evaluated_is_scored() -> None:
    weights, slots = {"a/kernel": 1.0, "a/moving_mean": 2.0}, {"average/a/kernel": 3.0}
    scored = Exponential().scored(weights, slots)
    assert scored == {"a/kernel": 3.0, "a/moving_mean": 2.0}
    assert Exponential(evaluated=False).scored(weights, slots) == NoAveraging().scored(weights, slots) == weights
