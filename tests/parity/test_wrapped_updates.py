"""Updates of several batches, and averages, are what Keras' own arguments give where the spec says the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import raw_tensorflow
import through_adapter
import trainer_runs

from harness.spec.arm import Arm
from harness.spec.recipe import Update

RATES = [0.1, 0.2, 0.05, 0.01, 0.3, 0.07, 0.02, 0.5]
GRADIENTS = [1.0, -0.3, 0.25, 2.0, 0.125, -1.5, 0.75, 0.1]
GROUP, DECAY = 3, 0.75
SCHEDULE = {
    "kind": "piecewise_constant",
    "boundaries": list(range(1, len(RATES))),
    "values": RATES,
    "boundary": "exclusive",
}
EAGER = Arm(name="eager", adapter="tensorflow", mode="eager")


def accumulated(in_tensorflow: Callable[..., Any], counts: str) -> Any:
    said = {"kind": "mean", "batches": GROUP, "schedule_counts": counts}
    update = Update.model_validate({"optimizer": "adam", "schedule": SCHEDULE, "accumulation": said})
    return replayed(in_tensorflow, update)


def replayed(in_tensorflow: Callable[..., Any], update: Update) -> Any:
    """A weight of 0 after each gradient."""
    start, given = {"w": np.zeros(1, np.float32)}, [{"w": np.array([each], np.float32)} for each in GRADIENTS]
    (after,) = in_tensorflow(through_adapter.replays, [EAGER], [update], start, given).values()
    return np.concatenate(list(after))


def test_keras_accumulates_as_with_a_schedule_that_counts_batches(in_tensorflow: Callable[..., Any]) -> None:
    wanted = in_tensorflow(raw_tensorflow.accumulated, RATES, GRADIENTS, GROUP)
    assert list(np.flatnonzero(np.diff(wanted, prepend=0))) == [2, 5]
    np.testing.assert_array_equal(accumulated(in_tensorflow, "batches"), wanted)
    assert np.all(accumulated(in_tensorflow, "updates")[2:] != wanted[2:])


@pytest.mark.parametrize("overwrite_every", [None, 3])
def test_keras_averages_as_from_the_first_update(
    in_tensorflow: Callable[..., Any], overwrite_every: int | None
) -> None:
    weights, averages = in_tensorflow(raw_tensorflow.averaged, RATES, GRADIENTS, DECAY, overwrite_every)
    said = {"kind": "exponential", "decay": DECAY, "overwrite_every": overwrite_every}
    update = Update.model_validate({"optimizer": "adam", "schedule": SCHEDULE, "averaging": said})
    found = replayed(in_tensorflow, update)
    # 0.75 and its complement are exact, so that a rounding or two of the average are all that may differ.
    np.testing.assert_allclose(found, weights, rtol=0, atol=8 * np.finfo(np.float32).eps)
    start, given = {"w": np.zeros(1, np.float32)}, [{"w": np.array([each], np.float32)} for each in GRADIENTS]
    (slots,) = in_tensorflow(trainer_runs.slots, [EAGER], [update], start, given).values()
    np.testing.assert_allclose(slots["average/w"], averages[-1:], rtol=0, atol=8 * np.finfo(np.float32).eps)
    from_the_beginning = update.averaging.model_copy(update={"start": "initial_weights"})
    other = update.model_copy(update={"averaging": from_the_beginning})
    (slots,) = in_tensorflow(trainer_runs.slots, [EAGER], [other], start, given).values()
    assert abs(slots["average/w"] - averages[-1:]) > 1e-3
