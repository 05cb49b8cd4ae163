"""A worker's tasks for native losses, optimizers and schedules of the user's, and the words that a side trains by."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import adapters
from adapters.user_data import MisfitError, Parts, parts_of
from adapters.user_model import OwnModel, refusal, shortened_error
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


def updates_of(
    session: Session, pair: Pair, models: Mapping[str, OwnModel], x: Parts, y: Parts
) -> tuple[dict[str, Update], str]:
    """By precision, the words of the updates, and why the side's own optimizer does not train in float64.

    In float64 an own optimizer with a word is that word, as canonical as it is in float64 elsewhere. Without a word it
    is tried. Raises MisfitError if the native objects cannot be used.
    """
    update, precision = update_of(session, pair, pair.steps), session.adapter.arm.precision
    if pair.own.families:
        try:
            _train_a_step(models[precision], update, pair, x, y)
        except MisfitError:
            raise
        except Exception as error:
            named = " and ".join(pair.own.of(family)[session.adapter.arm.adapter] for family in pair.own.families)
            raise MisfitError(f"a step of training with {named} raised {shortened_error(error)}") from error
    updates = dict.fromkeys(models, update)
    if precision == FLOAT64 or FLOAT64 not in models or not pair.own.optimizer:
        return updates, ""
    if pair.optimizer is not None:
        return {**updates, FLOAT64: update.model_copy(update={"optimizer": pair.optimizer})}, ""
    try:
        _train_a_step(models[FLOAT64], update, pair, x, y)
    except Exception as error:  # any reason why the framework does not run it in float64
        traceback.print_exc()
        return {precision: update}, f"its optimizer: {refusal(error)}"
    return updates, ""


def _train_a_step(model: OwnModel, update: Update, pair: Pair, x: Parts, y: Parts) -> None:
    """Makes one update, and restores the weights."""
    before = model.weights()
    names = {parameter.name: parameter.name for parameter in model.parameters() if parameter.trainable}
    model.begin(update, names, pair.steps)
    model.step(x, y)
    model.set_weights(before)


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
