"""A worker's tasks for its side of a pair. Arrays are called by the names that both sides share."""

from __future__ import annotations

import traceback
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from typing_extensions import TypedDict

from adapters.user_data import MisfitError, Parts
from adapters.user_model import OwnModel, refusal
from harness.plan import digest_arrays
from harness.records.array_types import Array
from harness.subjects.pair.drawing import draw_by_function
from harness.subjects.pair.operation_tasks import operations
from harness.subjects.pair.outputs import output_key
from harness.subjects.pair.own_tasks import own_loss, own_outputs, rates, updates_of
from harness.subjects.pair.randomness import random_in_training
from harness.subjects.pair.side import (
    FLOAT64,
    LIVE,
    LiveSide,
    batches_at,
    built_model,
    described,
    layer_arrays,
    live,
    pair_at,
)
from harness.subjects.pair.step_tasks import digests, probe, pupil, repeat, update, walk
from harness.system.array_files import Arrays, load_arrays
from harness.worker.memory import resident_bytes
from harness.worker.session import Session
from harness.worker.task import Answered, Result, tasks

Plain = dict[str, Any]


class Drawn(TypedDict):
    wrong: str


class Built(TypedDict):
    wrong: list[str]
    parameters: list[Plain]
    outputs: list[Plain]
    ignored: list[str]
    settings: dict[str, Plain]
    images: list[list[int]]
    refused: str
    composed: list[str]
    reduced: dict[str, str]
    unstable: list[str]
    random: str
    words: list[str]
    penalties: list[str]
    constraints: list[str]
    not_registered: list[str]
    seconds: dict[str, float]
    bytes: int
    environment: Plain


class Loaded(Answered):
    digest: str


class Measured(Answered):
    refused: str


class Probed(Answered):
    calls: dict[str, list[Plain]]


def build(session: Session, scratch: str, file: str, function: str) -> Result:
    """Runs the builder, and describes the model: its parameters, settings and images, in the order of the calls.

    `seconds`: of a training step, by precision. `bytes`: the memory that building and running one batch took at most.
    `wrong`: what of the builder or of the batches cannot be compared; the rest of the description is then empty.
    """
    pair, arm = pair_at(session, scratch), session.adapter.arm
    x, y = batches_at(scratch)
    resident_before = resident_bytes("VmRSS")
    try:
        first, refused = built_model(session, pair, file, function, x[0], arm.precision), ""
        first.require_targets(y.parts)
        if not any(parameter.trainable for parameter in first.parameters()):
            why = "; ".join(["", *first.not_registered])
            raise MisfitError(f"the model of {Path(file).name}:{function} has no parameter that is trained{why}")
    except MisfitError as error:
        return _undescribed(session, str(error))
    models: dict[str, OwnModel] = {arm.precision: first}
    if arm.precision != FLOAT64:
        try:
            in_float64 = built_model(session, pair, file, function, x[0], FLOAT64)
            before = in_float64.weights()
            in_float64.loss_and_gradients(x[0], y[0])
            in_float64.set_weights(before)
            models[FLOAT64] = in_float64
        except Exception as error:  # any reason why the user's code or the framework does not run in float64
            traceback.print_exc()
            refused = refusal(error)
    try:
        updates, untrained = updates_of(session, pair, models, x[0], y[0])
    except MisfitError as error:
        return _undescribed(session, str(error))
    LIVE[arm.name] = LiveSide(models, (file, function), updates=updates)
    calls, again = first.traced(x[0], False), first.traced(x[0], False)
    called = list(dict.fromkeys(name for call in calls for name in (*call.inner, call.layer)))
    settings = first.settings()  # before dropout is switched off
    random, exact_s = random_in_training(models, x[0], y[0])
    precise = FLOAT64 if FLOAT64 in models else arm.precision
    order, last = {name: number for number, name in enumerate(called)}, len(called)
    return {
        "wrong": [],
        "parameters": [asdict(p) for p in sorted(first.parameters(), key=lambda p: order.get(p.layer, last))],
        "outputs": [asdict(output) for output in first.outputs],
        "ignored": [*first.ignored, *_composed_everywhere(first, arm.precision)],
        "settings": settings,
        "images": sorted({y.shape[1:] for call in calls for y in (*call.xs, *call.ys) if y.ndim > 2}),
        "refused": refused or untrained,
        "composed": models[FLOAT64].composed if FLOAT64 in models else [],
        "reduced": first.reduced(),
        "unstable": [
            c.layer
            for c, d in zip(calls, again, strict=False)
            if c.layer and not np.array_equal(c.y, d.y, equal_nan=c.y.dtype.kind == "f")
        ],
        "random": random,
        "words": first.words,
        "penalties": first.penalties,
        "constraints": first.constraints,
        "not_registered": first.not_registered,
        "seconds": {arm.precision: _step_s(first, x[0], y[0]), precise: exact_s},
        "bytes": resident_bytes("VmHWM") - resident_before,
        "environment": asdict(session.adapter.environment()),
    }


def _step_s(model: OwnModel, x: Parts, y: Parts) -> float:
    """The seconds of a loss and its gradients. A first call may compile, so that the second is timed."""
    before, taken_s = model.weights(), 0.0
    for _ in range(2):
        began_s = perf_counter()
        model.loss_and_gradients(x, y)
        taken_s = perf_counter() - began_s
        model.set_weights(before)
    return taken_s


def _composed_everywhere(model: OwnModel, precision: str) -> list[str]:
    if precision == FLOAT64 or not model.composed:
        return []
    return [f"layers for which this device has no kernel, composed from other operations: {', '.join(model.composed)}"]


def _undescribed(session: Session, wrong: str) -> Result:
    empty: Result = {"parameters": [], "outputs": [], "ignored": [], "settings": {}, "images": [], "composed": []}
    empty |= {"reduced": {}, "words": [], "penalties": [], "constraints": [], "not_registered": []}
    empty |= {"seconds": {}, "bytes": 0}
    environment = asdict(session.adapter.environment())
    return {**empty, "wrong": [wrong], "refused": "", "unstable": [], "random": "", "environment": environment}


def take(session: Session, scratch: str, names: dict[str, str], views: dict[str, Any], added: dict[str, Any]) -> Result:
    """Sets the shared names and views of the side, and answers its weights by these names."""
    side = live(session)
    side.names, side.views, side.added = names, views, added
    return session.at(scratch).reply(side.weights(session.adapter.arm.precision))


def load(session: Session, scratch: str, weights: str, rows: dict[str, list[int]]) -> Result:
    """Sets the weights in every precision, and answers their digest as read back and the input of each dense layer."""
    side, arm = live(session), session.at(scratch).adapter.arm
    side.rows = rows
    values = load_arrays(Path(weights))
    for precision in side.models:
        side.set_weights(precision, values)
    x, _ = batches_at(scratch)
    read_back = digest_arrays(side.weights(arm.precision))
    calls = side.models[arm.precision].traced(x[0], False)
    inputs = {c.layer: c.x for c in calls if c.layer and c.x.ndim == 2}
    side.set_weights(arm.precision, values)
    return session.reply(inputs, digest=read_back)


def exactly(session: Session, scratch: str, words: list[str]) -> Result:
    """Computes these words without the errors that the ledger knows from now on; all natively if there are none."""
    session.at(scratch)
    for live_model in live(session).models.values():
        live_model.compute_exactly(words)
    return session.reply({})


def outputs(session: Session, scratch: str) -> Result:
    """The first batch in evaluation: `y/<number>` of each call, `x/<layer>` of each layer, and the model's `last/<n>`.

    An output with spatial axes, which may lie otherwise on the other side, is left to the calls.
    """
    side = live(session)
    session.at(scratch)
    x, _ = batches_at(scratch)
    own = side.models[session.adapter.arm.precision]
    calls = own.traced(x[0], False)
    arrays = {f"y/{number}": call.y for number, call in enumerate(calls)}
    arrays |= {f"x/{call.layer}": call.x for call in reversed(calls) if call.layer}
    last = {f"last/{number}": y for number, y in enumerate(own.forward(x[0])) if y.ndim <= 2}
    return session.reply({**arrays, **(last or {"last/0": calls[-1].y if calls else np.empty(0)})})


def model(session: Session, scratch: str, weights: str, altered: list[Any]) -> Result:
    """The first batch: evaluation and training layer by layer, loss, gradients, the layers' statistics.

    `altered`: settings of the live model for this task only, (layer, setting, value) each. If the model does not run
    with them, there are no calls.
    """
    side, values = live(session), load_arrays(Path(weights))
    session.at(scratch)
    x, y = (item[0] for item in batches_at(scratch))
    arrays: dict[str, Array] = {}
    calls: dict[str, Any] = {}
    before = next(iter(side.models.values())).settings()
    for precision, live_model in side.models.items():
        try:
            for layer, setting, value in altered:
                live_model.change(layer, setting, value)
            seen, of_calls = _one_batch(side, precision, values, x, y)
            arrays |= seen
            calls |= of_calls
        except Exception:
            if not altered:
                raise
            traceback.print_exc()
            return session.reply({}, calls={})
        finally:
            for layer, setting, _ in altered:
                live_model.change(layer, setting, before[layer][setting])
    return session.reply(arrays, calls=calls)


def _one_batch(side: LiveSide, precision: str, values: Arrays, x: Parts, y: Parts) -> tuple[Arrays, dict[str, Any]]:
    """The tensors of a batch in one precision, `<precision>/...`, and the calls of its two passes."""
    live_model = side.models[precision]
    side.set_weights(precision, values)
    evaluated = live_model.traced(x, False)
    live_model.without_dropout()
    outputs = zip(live_model.outputs, live_model.forward(x), strict=True)
    arrays = {f"{precision}/{output_key(output.name)}": value for output, value in outputs}
    side.set_weights(precision, values)
    trained = live_model.traced(x, True)
    side.set_weights(precision, values)
    loss, gradients = live_model.loss_and_gradients(x, y)
    arrays[f"{precision}/loss"] = np.array([loss])
    arrays |= {f"{precision}/gradient/{name}": item for name, item in side.shared(gradients).items()}
    arrays |= {f"{precision}/kept/{name}": item for name, item in side.kept(precision).items()}
    calls = {}
    for phase, item in (("evaluation", evaluated), ("training", trained)):
        calls[f"{precision}/{phase}"] = described(item)
        arrays |= layer_arrays(f"{precision}/{phase}", item)
    return arrays, calls


TASKS = tasks(
    __name__,
    {
        "pair_draw": (draw_by_function, Drawn),
        "pair_build": (build, Built),
        "pair_take": (take, Answered),
        "pair_load": (load, Loaded),
        "pair_outputs": (outputs, Answered),
        "pair_model": (model, Probed),
        "pair_repeat": (repeat, Answered),
        "pair_walk": (walk, Answered),
        "pair_digests": (digests, Answered),
        "pair_pupil": (pupil, Answered),
        "pair_update": (update, Answered),
        "pair_probe": (probe, Probed),
        "pair_rates": (rates, Answered),
        "pair_own_outputs": (own_outputs, Answered),
        "pair_own_loss": (own_loss, Measured),
        "pair_operations": (operations, Probed),
        "pair_exactly": (exactly, Answered),
    },
)
