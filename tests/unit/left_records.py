"""What the tests of rules for records (results/plausible) look at: what an arm left, made up field by field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from made_up_traces import arm, epoch

from harness.records.trace import Trace
from harness.results.plausible.left import Left
from harness.results.recorded import RecordedArm
from harness.spec import Experiment

Build = Callable[..., Experiment]


def left(
    experiment: Experiment,
    losses: tuple[tuple[float, ...], ...] = ((1.0, 0.5), (0.25, 0.125)),
    trace: dict[str, Any] | None = None,
    planned: dict[str, Any] | None = None,
    **recorded: Any,
) -> Left:
    """Of an arm `one` with an epoch for each of `losses`; `trace` and `recorded` are further fields."""
    epochs = tuple(epoch(number, each) for number, each in enumerate(losses))
    fields = {"arm": arm("one"), "finished": True, "epochs": epochs, **(trace or {})}
    return Left(RecordedArm(Trace(**fields), place="arms/one/", **recorded), experiment, planned or {})
