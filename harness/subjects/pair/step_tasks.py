"""A worker's tasks about the steps of its side's training. Arrays are called `<precision>/<tensor>`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from adapters.digests import pattern
from adapters.user_model import OwnModel
from harness.judging.repeats import RUNS
from harness.records.array_types import Array
from harness.subjects.pair.side import FLOAT64, LiveSide, batches_at, layer_arrays, live, pair_at
from harness.subjects.pair.spec import Pair
from harness.system.array_files import load_arrays
from harness.worker.session import Session
from harness.worker.task import Result


def repeat(session: Session, scratch: str, weights: str) -> Result:
    """Three free runs from the same weights: `<run>/losses`, (steps,), and `<run>/digests` of the final weights."""
    pair, side, start = pair_at(session, scratch), live(session), load_arrays(Path(weights))
    precision = session.adapter.arm.precision
    x, y = batches_at(scratch)
    answer: dict[str, Array] = {}
    for run in RUNS:
        model = _begun(side, precision, pair, start)
        answer[f"{run}/losses"] = np.array([model.step(x[step], y[step]) for step in range(pair.steps)])
        answer[f"{run}/digests"] = np.array([_digest(value) for value in side.weights(precision).values()])
    return session.reply(answer)


def walk(session: Session, scratch: str, weights: str, told: int) -> Result:
    """A free run: `losses`, (steps,); `weight/<step>/<name>` before the first `told` steps; `final/<name>`."""
    pair, side, start = pair_at(session, scratch), live(session), load_arrays(Path(weights))
    x, y = batches_at(scratch)
    answer: dict[str, Array] = {}
    for precision in side.models:
        model = _begun(side, precision, pair, start)
        losses = []
        for step in range(pair.steps):
            if step < told:
                answer |= {f"{precision}/weight/{step}/{name}": w for name, w in side.weights(precision).items()}
            losses.append(model.step(x[step], y[step]))
        answer[f"{precision}/losses"] = np.array(losses)
        answer |= {f"{precision}/final/{name}": w for name, w in side.weights(precision).items()}
    return session.reply(answer)


def digests(session: Session, scratch: str, weights: str, steps: int) -> Result:
    """A free run: `digest/<name>`, (steps,), of the weights after each step, and their distance from float64.

    The distance is `apart/<name>`, (steps,), without a precision in its name: the Euclidean norm of the arm's weights
    minus those in float64; 0 if the side does not run in float64.
    """
    pair, side, start = pair_at(session, scratch), live(session), load_arrays(Path(weights))
    x, y = batches_at(scratch)
    models = {precision: _begun(side, precision, pair, start) for precision in side.models}
    by_step: dict[str, list[float]] = {}
    for step in range(steps):
        for model in models.values():
            model.step(x[step], y[step])
        after = {precision: side.weights(precision) for precision in models}
        exact = after.get(FLOAT64, {})
        for precision, values in after.items():
            for name, value in values.items():
                by_step.setdefault(f"{precision}/digest/{name}", []).append(_digest(value))
        for name, value in after[session.adapter.arm.precision].items():
            distance = np.linalg.norm(value.astype(np.float64) - exact[name]) if name in exact else 0.0
            by_step.setdefault(f"apart/{name}", []).append(float(distance))
    return session.reply({name: np.array(values) for name, values in by_step.items()})


def pupil(session: Session, scratch: str, teacher: str, steps: int) -> Result:
    """Teacher-forced steps: `loss/<step>` and `gradient/<step>/<name>` at the teacher's weights."""
    session.at(scratch)
    side, forced = live(session), load_arrays(Path(teacher))
    x, y = batches_at(scratch)
    answer: dict[str, Array] = {}
    for precision, model in side.models.items():
        for step in range(steps):
            side.set_weights(precision, _forced(side, forced, step))
            loss, gradients = model.loss_and_gradients(x[step], y[step])
            answer[f"{precision}/loss/{step}"] = np.array([loss])
            answer |= {f"{precision}/gradient/{step}/{name}": g for name, g in side.shared(gradients).items()}
    return session.reply(answer)


def update(session: Session, scratch: str, teacher: str, steps: int) -> Result:
    """Updates by this arm's optimizer from the teacher's gradients: `weight/<step>/<name>` after each."""
    pair, forced = pair_at(session, scratch), load_arrays(Path(teacher))
    names = [name.removeprefix("gradient/0/") for name in forced if name.startswith("gradient/0/")]
    start = {name: forced[f"weight/0/{name}"] for name in names}
    gradients = [{name: forced[f"gradient/{step}/{name}"] for name in names} for step in range(steps)]
    weights_by_step = session.adapter.optimizer(pair.update, start, gradients)
    return session.reply(
        {f"weight/{k}/{name}": w for k, weights in enumerate(weights_by_step) for name, w in weights.items()}
    )


def probe(session: Session, scratch: str, weights: str, step: int, forced: bool) -> Result:
    """One step in full: every layer's output in training, `loss`, `gradient/<name>`, and `kept/<name>` statistics.

    `forced`: the step starts from the teacher's weights before it, which the file `weights` holds. Otherwise the side
    runs from the weights in the file up to the step, and `weight/<name>` after the update is answered too.
    """
    pair, side, arrays = pair_at(session, scratch), live(session), load_arrays(Path(weights))
    x, y = batches_at(scratch)
    answer: dict[str, Array] = {}
    calls: dict[str, list[list[str]]] = {}
    for precision in side.models:
        model = _begun(side, precision, pair, _forced(side, arrays, step) if forced else arrays)
        for before in range(0 if forced else step):
            model.step(x[before], y[before])
        start = side.weights(precision)
        trained = model.traced(x[step], True)
        side.set_weights(precision, start)
        loss, gradients = model.loss_and_gradients(x[step], y[step])
        answer[f"{precision}/loss"] = np.array([loss])
        answer |= {f"{precision}/gradient/{name}": g for name, g in side.shared(gradients).items()}
        answer |= {f"{precision}/kept/{name}": value for name, value in side.kept(precision).items()}
        answer |= layer_arrays(f"{precision}/training", trained)
        calls[f"{precision}/training"] = [[call.layer, call.kind] for call in trained]
        if not forced:
            side.set_weights(precision, start)
            model.step(x[step], y[step])
            trainable = side.trainable(precision)
            answer |= {f"{precision}/weight/{n}": w for n, w in side.weights(precision).items() if n in trainable}
    return session.reply(answer, calls=calls)


def _begun(side: LiveSide, precision: str, pair: Pair, start: Mapping[str, Array]) -> OwnModel:
    """The model with these weights, without dropout, and with a new optimizer."""
    model = side.models[precision]
    side.set_weights(precision, start)
    model.without_dropout()
    model.begin(pair.update, side.trainable(precision), pair.steps)
    return model


def _forced(side: LiveSide, teacher: Mapping[str, Array], step: int) -> dict[str, Array]:
    return {name: teacher[f"weight/{step}/{name}"] for name in side.names}


def _digest(value: Array) -> float:
    """The projection of `adapters.digests`, in float64."""
    return float(np.sum(pattern(value.shape or (1,)) * value.astype(np.float64)))
