"""A worker's tasks for native losses, optimizers and schedules of the user's, and the words that a side trains by."""

from __future__ import annotations

import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import adapters
from adapters.user_data import parts_of
from harness.records.array_types import Array, FloatArray
from harness.records.failure import in_one_line
from harness.records.tensor_key import prefixed
from harness.spec.own import OwnOptimizer, OwnSchedule
from harness.spec.recipe import Update
from harness.spec.schedules import Constant, PiecewiseConstant, Schedule
from harness.subjects.pair.side import FLOAT64, batches_at, live, pair_at
from harness.subjects.pair.spec import Pair
from harness.system.array_files import load_arrays
from harness.worker.session import Session
from harness.worker.task import Result


def update_of(session: Session, pair: Pair, horizon: int) -> Update:
    """The words of a side's updates. A schedule of its own is the table of its rates."""
    adapter = session.adapter.arm.adapter
    schedule = table(rates_of(session, pair, horizon)) if pair.own.schedule else pair.schedule
    optimizer = OwnOptimizer(**pair.place_of("optimizer", adapter)) if pair.own.optimizer else pair.optimizer
    return pair.update(optimizer, schedule)


def rates_of(session: Session, pair: Pair, horizon: int) -> FloatArray:
    """The rates of a side's own schedule, (horizon,)."""
    arm = session.adapter.arm
    models = adapters.info(arm.adapter).user_models
    assert models is not None
    word = OwnSchedule(**pair.place_of("schedule", arm.adapter))
    rates: FloatArray = import_module(models.words).own_rates(word, horizon, session.adapter.setting)  # type: ignore[attr-defined]
    return rates


def table(rates: FloatArray) -> Schedule:
    """The schedule with these rates, (steps,); after the last step the last of them."""
    starts = [step for step in range(1, len(rates)) if rates[step] != rates[step - 1]]
    values = tuple(float(rates[step]) for step in (0, *starts))
    if not starts:
        return Constant(rate=values[0])
    return PiecewiseConstant(boundaries=tuple(starts), values=values, boundary="exclusive")


def rates(session: Session, scratch: str, steps: int) -> Result:
    """`rates`, (steps,), of the side's own schedule."""
    pair = pair_at(session, scratch)
    return session.reply({"rates": rates_of(session, pair, steps)})


def own_loss(session: Session, scratch: str, outputs: str) -> Result:
    """`loss` and `gradient` by the outputs, `<precision>/<batch>/...`, of the outputs and targets in a file.

    `refused`: why the loss does not run in float64; empty if it does.
    """
    pair, arm = pair_at(session, scratch), session.adapter.arm
    word, given = pair.loss_of(arm.adapter), load_arrays(Path(outputs))
    answer: dict[str, Array] = {}
    refused = ""
    for precision in dict.fromkeys((arm.precision, FLOAT64)):
        exact: Any = arm.model_copy(update={"precision": precision})
        try:
            adapter = session.adapter if precision == arm.precision else adapters.load(exact)
            for batch in range(len(given["outputs"])):
                values = adapter.loss(word, given["outputs"][batch], given["targets"][batch])
                answer |= prefixed(precision, prefixed(batch, _named(values)))
        except Exception as error:  # any reason why the user's code does not run in float64
            if precision == arm.precision:
                raise
            traceback.print_exc()
            refused = in_one_line(error)
            answer = {name: value for name, value in answer.items() if not name.startswith(f"{FLOAT64}/")}
    return session.reply(answer, refused=refused)


def _named(values: dict[str, Array]) -> dict[str, Array]:
    return {"loss": np.reshape(values["value"], (1,)), "gradient": values["gradient"]}


def own_outputs(session: Session, scratch: str, weights: str, batches: int) -> Result:
    """`outputs`, (batches, B, ...), of the side in evaluation, and `targets`, (batches, B, ...).

    Of a model with several outputs the first. Nothing if there are several targets.
    """
    side, precision = live(session), session.at(scratch).adapter.arm.precision
    x, y = batches_at(scratch)
    side.set_weights(precision, load_arrays(Path(weights)))
    targets = [parts_of(y[batch]) for batch in range(batches)]
    if set(targets[0]) != {""}:
        return session.reply({})
    computed = np.stack([side.models[precision].forward(x[batch])[0] for batch in range(batches)])
    return session.reply({"outputs": computed, "targets": np.stack([target[""] for target in targets])})
