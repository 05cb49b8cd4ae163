"""A worker's tasks about the steps of its side's training. Arrays are called `<precision>/<tensor>`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from adapters.digests import pattern
from adapters.user_model import OwnModel
from harness.judging.repeats import RUNS
from harness.records.array_types import Array
from harness.records.tensor_key import TensorKey, keyed, of_kind, prefixed
from harness.spec.own import OwnOptimizer
from harness.subjects.pair.side import FLOAT64, LiveSide, batches_at, described, layer_arrays, live, pair_at
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
        losses = np.array([model.step(x[step], y[step]) for step in range(pair.steps)])
        final = np.array([_digest(value) for value in side.weights(precision).values()])
        answer |= prefixed(run, {"losses": losses, "digests": final})
    return session.reply(answer)


def walk(session: Session, scratch: str, weights: str, told: int) -> Result:
    """A free run: `losses`, (steps,); `weight <step>/<name>` before the first `told` steps; `final/<name>`."""
    pair, side, start = pair_at(session, scratch), live(session), load_arrays(Path(weights))
    x, y = batches_at(scratch)
    answer: dict[str, Array] = {}
    for precision in side.updates:
        model = _begun(side, precision, pair, start)
        losses = []
        for step in range(pair.steps):
            if step < told:
                answer |= prefixed(precision, keyed("weight", side.weights(precision), step))
            losses.append(model.step(x[step], y[step]))
        final = keyed("final", side.weights(precision))
        answer |= prefixed(precision, {"losses": np.array(losses), **final})
    return session.reply(answer)


def digests(session: Session, scratch: str, weights: str, steps: int) -> Result:
    """A free run: `digest/<name>`, (steps,), of the weights after each step, and their distance from float64.

    The distance is `apart/<name>`, (steps,), without a precision in its name: the Euclidean norm of the arm's weights
    minus those in float64; 0 if the side does not run in float64.
    """
    pair, side, start = pair_at(session, scratch), live(session), load_arrays(Path(weights))
    x, y = batches_at(scratch)
    models = {precision: _begun(side, precision, pair, start) for precision in side.updates}
    by_step: dict[str, list[float]] = {}
    for step in range(steps):
        for model in models.values():
            model.step(x[step], y[step])
        after = {precision: side.weights(precision) for precision in models}
        exact = after.get(FLOAT64, {})
        for precision, values in after.items():
            for key, value in prefixed(precision, keyed("digest", values)).items():
                by_step.setdefault(key, []).append(_digest(value))
        for name, value in after[session.adapter.arm.precision].items():
            distance = np.linalg.norm(value.astype(np.float64) - exact[name]) if name in exact else 0.0
            by_step.setdefault(TensorKey("apart", name), []).append(float(distance))
    return session.reply({name: np.array(values) for name, values in by_step.items()})


def pupil(session: Session, scratch: str, teacher: str, steps: int) -> Result:
    """Teacher-forced steps: `loss <step>` and `gradient <step>/<name>` at the teacher's weights."""
    session.at(scratch)
    side, forced = live(session), load_arrays(Path(teacher))
    x, y = batches_at(scratch)
    answer: dict[str, Array] = {}
    for precision, model in side.models.items():
        for step in range(steps):
            side.set_weights(precision, _forced(side, forced, step))
            loss, gradients = model.loss_and_gradients(x[step], y[step])
            forward = {TensorKey("loss", step=step): np.array([loss])}
            answer |= prefixed(precision, forward | keyed("gradient", side.shared(gradients), step))
    return session.reply(answer)


def update(session: Session, scratch: str, teacher: str, steps: int) -> Result:
    """Updates by this arm's optimizer from the teacher's gradients: `weight <step>/<name>` after each.

    The parameters have their names in the model, by which an optimizer of the user's own may group them.
    """
    session.at(scratch)
    side, forced = live(session), load_arrays(Path(teacher))
    fed = [of_kind(forced, "gradient", step) for step in range(steps)]
    native = {name: side.names.get(name, name) for name in fed[0]}
    if len(set(native.values())) < len(native):  # several parts of one parameter
        native = {name: name for name in native}
    first = of_kind(forced, "weight", 0)
    start = {native[name]: first[name] for name in native}
    gradients = [{native[name]: of_step[name] for name in native} for of_step in fed]
    words = side.updates[session.adapter.arm.precision]
    if not isinstance(words.optimizer, OwnOptimizer):
        start, gradients, native = {n: first[n] for n in native}, fed, {n: n for n in native}
    answer: dict[str, Array] = {}
    for step, after in enumerate(session.adapter.optimizer(words, start, gradients)):
        answer |= keyed("weight", {name: after[native[name]] for name in native}, step)
    return session.reply(answer)


def probe(session: Session, scratch: str, weights: str, step: int, forced: bool) -> Result:
    """One step in full: every layer's output in training, `loss`, `gradient/<name>`, and `kept/<name>` statistics.

    `forced`: the step starts from the teacher's weights before it, which the file `weights` holds. Otherwise the side
    runs from the weights in the file up to the step, and `weight/<name>` after the update is answered too.
    """
    pair, side, arrays = pair_at(session, scratch), live(session), load_arrays(Path(weights))
    x, y = batches_at(scratch)
    answer: dict[str, Array] = {}
    calls: dict[str, list[dict[str, Any]]] = {}
    for precision in side.models:
        model = _begun(side, precision, pair, _forced(side, arrays, step) if forced else arrays)
        for before in range(0 if forced else step):
            model.step(x[before], y[before])
        start = side.weights(precision)
        trained = model.traced(x[step], True)
        side.set_weights(precision, start)
        loss, gradients = model.loss_and_gradients(x[step], y[step])
        of_step = {"loss": np.array([loss]), **keyed("gradient", side.shared(gradients))}
        answer |= prefixed(precision, of_step | keyed("kept", side.kept(precision)))
        answer |= layer_arrays(f"{precision}/training", trained)
        calls[f"{precision}/training"] = described(trained)
        if not forced:
            side.set_weights(precision, start)
            model.step(x[step], y[step])
            trainable = side.trainable(precision)
            after = {name: w for name, w in side.weights(precision).items() if name in trainable}
            answer |= prefixed(precision, keyed("weight", after))
    return session.reply(answer, calls=calls)


def _begun(side: LiveSide, precision: str, pair: Pair, start: Mapping[str, Array]) -> OwnModel:
    """The model with these weights, without dropout, and with a new optimizer."""
    model = side.models[precision]
    side.set_weights(precision, start)
    model.without_dropout()
    model.begin(side.updates[precision], side.trainable(precision), pair.steps)
    return model


def _forced(side: LiveSide, teacher: Mapping[str, Array], step: int) -> dict[str, Array]:
    weights = of_kind(teacher, "weight", step)
    return {name: weights[name] for name in side.names}


def _digest(value: Array) -> float:
    """The projection of `adapters.digests`, in float64."""
    return float(np.sum(pattern(value.shape or (1,)) * value.astype(np.float64)))
