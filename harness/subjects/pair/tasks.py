"""What a worker can be asked about its side of a pair. Arrays are by the names that both sides share."""

from __future__ import annotations

import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from typing_extensions import TypedDict

from adapters.user_model import OwnModel
from harness.plan import digest_arrays
from harness.records.array_types import Array
from harness.records.failure import in_one_line
from harness.subjects.pair.drawing import draw_by_function
from harness.subjects.pair.side import (
    FLOAT64,
    LIVE,
    LiveSide,
    batches_at,
    built_model,
    layer_arrays,
    live,
    pair_at,
)
from harness.subjects.pair.step_tasks import digests, probe, pupil, repeat, update, walk
from harness.system.array_files import load_arrays
from harness.worker.session import Session
from harness.worker.task import Answered, Result, tasks

Plain = dict[str, Any]


class Drawn(TypedDict):
    wrong: str


class Built(TypedDict):
    parameters: list[Plain]
    settings: dict[str, Plain]
    images: list[list[int]]
    refused: str
    composed: list[str]
    unstable: list[str]
    environment: Plain


class Loaded(Answered):
    digest: str


class Probed(Answered):
    calls: dict[str, list[list[str]]]


def build(session: Session, scratch: str, file: str, function: str) -> Result:
    """Runs the builder; what the model consists of, and in what order its layers are called."""
    pair, arm = pair_at(session, scratch), session.adapter.arm
    x, y = batches_at(scratch)
    first, refused = built_model(session, pair, file, function, x[0], arm.precision), ""
    models: dict[str, OwnModel] = {arm.precision: first}
    if arm.precision != FLOAT64:
        try:
            in_float64 = built_model(session, pair, file, function, x[0], FLOAT64)
            before = in_float64.weights()
            in_float64.loss_and_gradients(x[0], y[0])
            in_float64.set_weights(before)
            models[FLOAT64] = in_float64
        except Exception as error:  # whatever the user's code or the framework has against float64
            traceback.print_exc()
            refused = in_one_line(error)
    LIVE[arm.name] = LiveSide(models)
    calls, again = first.traced(x[0], False), first.traced(x[0], False)
    called = list(dict.fromkeys(call.layer for call in calls))
    order, last = {name: number for number, name in enumerate(called)}, len(called)
    return {
        "parameters": [asdict(p) for p in sorted(first.parameters(), key=lambda p: order.get(p.layer, last))],
        "settings": first.settings(),
        "images": sorted({call.y.shape[1:] for call in calls if call.y.ndim > 2}),
        "refused": refused,
        "composed": models[FLOAT64].composed if FLOAT64 in models else [],
        "unstable": [c.layer for c, d in zip(calls, again, strict=False) if not np.array_equal(c.y, d.y)],
        "environment": asdict(session.adapter.environment()),
    }


def take(session: Session, scratch: str, names: dict[str, str], axes: dict[str, list[int]]) -> Result:
    """Takes on the shared names; its own weights by them."""
    side = live(session)
    side.names, side.axes = names, axes
    return session.at(scratch).reply(side.weights(session.adapter.arm.precision))


def load(session: Session, scratch: str, weights: str, rows: dict[str, list[int]]) -> Result:
    """Takes on the weights in every precision; their digest as read back, and what each dense layer was given."""
    side, arm = live(session), session.at(scratch).adapter.arm
    side.rows = rows
    given = load_arrays(Path(weights))
    for precision in side.models:
        side.set_weights(precision, given)
    x, _ = batches_at(scratch)
    read_back = digest_arrays(side.weights(arm.precision))
    inputs = {c.layer: c.x for c in side.models[arm.precision].traced(x[0], False) if c.x.ndim == 2}
    side.set_weights(arm.precision, given)
    return session.reply(inputs, digest=read_back)


def model(session: Session, scratch: str, weights: str, altered: list[Any]) -> Result:
    """The first batch: evaluation, layer by layer; training, layer by layer; loss, gradients, what the layers keep.

    `altered` are (layer, setting, value) in the live model, taken back at the end.
    """
    side, given = live(session), load_arrays(Path(weights))
    session.at(scratch)
    x, y = (each[0] for each in batches_at(scratch))
    before = next(iter(side.models.values())).settings()
    found: dict[str, Array] = {}
    calls: dict[str, Any] = {}
    for precision, one in side.models.items():
        for layer, setting, value in altered:
            one.change(layer, setting, value)
        side.set_weights(precision, given)
        evaluated = one.traced(x, False)
        one.without_dropout()
        found[f"{precision}/outputs"] = one.forward(x)
        side.set_weights(precision, given)
        trained = one.traced(x, True)
        side.set_weights(precision, given)
        loss, gradients = one.loss_and_gradients(x, y)
        found[f"{precision}/loss"] = np.array([loss])
        found |= {f"{precision}/gradient/{name}": each for name, each in side.shared(gradients).items()}
        found |= {f"{precision}/kept/{name}": each for name, each in side.kept(precision).items()}
        for phase, each in (("evaluation", evaluated), ("training", trained)):
            calls[f"{precision}/{phase}"] = [[c.layer, c.kind] for c in each]
            found |= layer_arrays(f"{precision}/{phase}", each)
        for layer, setting, _ in altered:
            one.change(layer, setting, before[layer][setting])
    return session.reply(found, calls=calls)


TASKS = tasks(
    __name__,
    {
        "pair_draw": (draw_by_function, Drawn),
        "pair_build": (build, Built),
        "pair_take": (take, Answered),
        "pair_load": (load, Loaded),
        "pair_model": (model, Probed),
        "pair_repeat": (repeat, Answered),
        "pair_walk": (walk, Answered),
        "pair_digests": (digests, Answered),
        "pair_pupil": (pupil, Answered),
        "pair_update": (update, Answered),
        "pair_probe": (probe, Probed),
    },
)
