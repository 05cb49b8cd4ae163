"""Updates of several batches in TensorFlow are what Keras' own arguments give, where the spec says the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import raw_tensorflow
import through_adapter

from harness.spec.arm import Arm
from harness.spec.recipe import Update

RATES = [0.1, 0.2, 0.05, 0.01, 0.3, 0.07, 0.02, 0.5]
GRADIENTS = [1.0, -0.3, 0.25, 2.0, 0.125, -1.5, 0.75, 0.1]
GROUP = 3
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
