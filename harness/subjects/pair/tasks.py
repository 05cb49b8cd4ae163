"""What a worker can be asked about its side of a pair. Arrays are by the names that both sides share."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from typing_extensions import TypedDict

import adapters
from adapters.user_model import Called, OwnModel
from harness.plan import digest_arrays
from harness.records.array_types import Array
from harness.records.failure import in_one_line
from harness.subjects.pair.drawing import draw_by_function
from harness.subjects.pair.spec import Pair
from harness.system.array_files import load_arrays
from harness.worker.session import Session
from harness.worker.task import Answered, Result, tasks

FLOAT64 = "float64"
Plain = dict[str, Any]


class Drawn(TypedDict):
    wrong: str


class Built(TypedDict):
    parameters: list[Plain]
    settings: dict[str, Plain]
    images: list[list[int]]
    refused: str
    composed: list[str]
    environment: Plain


class Loaded(Answered):
    digest: str


class Passed(Answered):
    calls: dict[str, list[list[str]]]
    unstable: list[str]


@dataclass
class Own:
    """One side: the model in the arm's precision and, where that can be, in float64, with the shared names.

    `names`: shared to the framework's. `axes`: the order of the shared axes in this side's parameter. `rows`: of a
    dense kernel behind a flatten of images that lie channels first, their (height, width, channels).
    """

    models: dict[str, OwnModel]
    names: dict[str, str] = field(default_factory=dict)
    axes: dict[str, list[int]] = field(default_factory=dict)
    rows: dict[str, list[int]] = field(default_factory=dict)

    def weights(self, precision: str) -> dict[str, Array]:
        return self.shared(self.models[precision].weights())

    def shared(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        return {name: self._out(name, arrays[own]) for name, own in self.names.items() if own in arrays}

    def set_weights(self, precision: str, weights: Mapping[str, Array]) -> None:
        self.models[precision].set_weights({self.names[name]: self._in(name, each) for name, each in weights.items()})

    def _out(self, name: str, value: Array) -> Array:
        if name in self.axes:
            value = value.transpose(np.argsort(self.axes[name]))
        return rows_last(value, self.rows[name]) if name in self.rows else value

    def _in(self, name: str, value: Array) -> Array:
        if name in self.rows:
            height, width, channels = self.rows[name]
            value = value.reshape(height, width, channels, -1).transpose(2, 0, 1, 3).reshape(value.shape)
        return value.transpose(self.axes[name]) if name in self.axes else value


def rows_last(value: Array, image: Sequence[int]) -> Array:
    """The first axis, that of an image flattened channels first, as if it had been flattened channels last."""
    height, width, channels = image
    return value.reshape(channels, height, width, -1).transpose(1, 2, 0, 3).reshape(value.shape)


_SIDES: dict[str, Own] = {}


def build(session: Session, scratch: str, file: str, function: str) -> Result:
    """Runs the builder; what the model consists of, and in what order its layers are called."""
    pair, arm = _pair(session, scratch), session.adapter.arm
    x, y = _batches(scratch)
    first, refused = _made(session, pair, file, function, x[0], arm.precision), ""
    models: dict[str, OwnModel] = {arm.precision: first}
    if arm.precision != FLOAT64:
        try:
            in_float64 = _made(session, pair, file, function, x[0], FLOAT64)
            before = in_float64.weights()
            in_float64.loss_and_gradients(x[0], y[0])
            in_float64.set_weights(before)
            models[FLOAT64] = in_float64
        except Exception as error:  # whatever the user's code or the framework has against float64
            traceback.print_exc()
            refused = in_one_line(error)
    _SIDES[arm.name] = Own(models)
    calls = first.traced(x[0], False)
    called = list(dict.fromkeys(call.layer for call in calls))
    order, last = {name: number for number, name in enumerate(called)}, len(called)
    return {
        "parameters": [asdict(p) for p in sorted(first.parameters(), key=lambda p: order.get(p.layer, last))],
        "settings": first.settings(),
        "images": sorted({call.y.shape[1:] for call in calls if call.y.ndim > 2}),
        "refused": refused,
        "composed": models[FLOAT64].composed if FLOAT64 in models else [],
        "environment": asdict(session.adapter.environment()),
    }


def take(session: Session, scratch: str, names: dict[str, str], axes: dict[str, list[int]]) -> Result:
    """Takes on the shared names; its own weights by them."""
    own = _own(session)
    own.names, own.axes = names, axes
    return session.at(scratch).reply(own.weights(session.adapter.arm.precision))


def load(session: Session, scratch: str, weights: str, rows: dict[str, list[int]]) -> Result:
    """Takes on the weights in every precision; their digest as read back, and what each dense layer was given."""
    own, arm = _own(session), session.at(scratch).adapter.arm
    own.rows = rows
    given = load_arrays(Path(weights))
    for precision in own.models:
        own.set_weights(precision, given)
    x, _ = _batches(scratch)
    read_back = digest_arrays(own.weights(arm.precision))
    inputs = {c.layer: c.x for c in own.models[arm.precision].traced(x[0], False) if c.x.ndim == 2}
    own.set_weights(arm.precision, given)
    return session.reply(inputs, digest=read_back)


def model(session: Session, scratch: str, weights: str, altered: list[Any]) -> Result:
    """The first batch: evaluation, layer by layer; training, layer by layer; loss, gradients, what the layers keep.

    `altered` are (layer, setting, value) in the live model, taken back at the end.
    """
    own, given = _own(session), load_arrays(Path(weights))
    session.at(scratch)
    x, y = (each[0] for each in _batches(scratch))
    before = next(iter(own.models.values())).settings()
    found: dict[str, Array] = {}
    calls: dict[str, Any] = {}
    unstable: list[str] = []
    for precision, one in own.models.items():
        for layer, setting, value in altered:
            one.change(layer, setting, value)
        own.set_weights(precision, given)
        evaluated = one.traced(x, False)
        again = one.traced(x, False)
        unstable += [c.layer for c, d in zip(evaluated, again, strict=False) if not np.array_equal(c.y, d.y)]
        one.without_dropout()
        found[f"{precision}/outputs"] = one.forward(x)
        own.set_weights(precision, given)
        trained = one.traced(x, True)
        own.set_weights(precision, given)
        loss, gradients = one.loss_and_gradients(x, y)
        found[f"{precision}/loss"] = np.array([loss])
        found |= {f"{precision}/gradient/{name}": each for name, each in own.shared(gradients).items()}
        found |= {f"{precision}/kept/{name}": each for name, each in _kept(own, precision).items()}
        for phase, each in (("evaluation", evaluated), ("training", trained)):
            calls[f"{precision}/{phase}"] = [[c.layer, c.kind] for c in each]
            found |= _written(f"{precision}/{phase}", each)
        for layer, setting, _ in altered:
            one.change(layer, setting, before[layer][setting])
    return session.reply(found, calls=calls, unstable=unstable)


def walk(session: Session, scratch: str, weights: str, told: int) -> Result:
    """Free-running: the loss of every step, and the weights before each of the first `told`."""
    pair, own, given = _pair(session, scratch), _own(session), load_arrays(Path(weights))
    x, y = _batches(scratch)
    found: dict[str, Array] = {}
    for precision, one in own.models.items():
        own.set_weights(precision, given)
        one.without_dropout()
        one.begin(pair.update, _trainable(own, precision), pair.steps)
        losses = []
        for step in range(pair.steps):
            if step < told:
                found |= {f"{precision}/weight/{step}/{name}": w for name, w in own.weights(precision).items()}
            losses.append(one.step(x[step], y[step]))
        found[f"{precision}/losses"] = np.array(losses)
    return session.reply(found)


def pupil(session: Session, scratch: str, teacher: str, steps: int) -> Result:
    """Teacher-forced: loss and gradients at the teacher's weights."""
    session.at(scratch)
    own, forced = _own(session), load_arrays(Path(teacher))
    x, y = _batches(scratch)
    found: dict[str, Array] = {}
    for precision, one in own.models.items():
        for step in range(steps):
            own.set_weights(precision, {name: forced[f"weight/{step}/{name}"] for name in own.names})
            loss, gradients = one.loss_and_gradients(x[step], y[step])
            found[f"{precision}/loss/{step}"] = np.array([loss])
            found |= {f"{precision}/gradient/{step}/{name}": g for name, g in own.shared(gradients).items()}
    return session.reply(found)


def update(session: Session, scratch: str, teacher: str, steps: int) -> Result:
    """The teacher's gradients, fed to this arm's optimizer."""
    pair, forced = _pair(session, scratch), load_arrays(Path(teacher))
    names = [name.removeprefix("gradient/0/") for name in forced if name.startswith("gradient/0/")]
    start = {name: forced[f"weight/0/{name}"] for name in names}
    given = [{name: forced[f"gradient/{step}/{name}"] for name in names} for step in range(steps)]
    moved = session.adapter.optimizer(pair.update, start, given)
    return session.reply({f"weight/{k}/{name}": w for k, each in enumerate(moved) for name, w in each.items()})


TASKS = tasks(
    __name__,
    {
        "pair_draw": (draw_by_function, Drawn),
        "pair_build": (build, Built),
        "pair_take": (take, Answered),
        "pair_load": (load, Loaded),
        "pair_model": (model, Passed),
        "pair_walk": (walk, Answered),
        "pair_pupil": (pupil, Answered),
        "pair_update": (update, Answered),
    },
)


def _pair(session: Session, scratch: str) -> Pair:
    return Pair.model_validate_json((session.at(scratch).scratch / "pair.json").read_text())


def _batches(scratch: str) -> tuple[Array, Array]:
    arrays = load_arrays(Path(scratch) / "batches.npz")
    return arrays["x"], arrays["y"]


def _own(session: Session) -> Own:
    return _SIDES[session.adapter.arm.name]


def _made(session: Session, pair: Pair, file: str, function: str, sample: Array, precision: Any) -> OwnModel:
    arm = session.adapter.arm
    models = adapters.info(arm.adapter).user_models
    assert models is not None, f"{arm.adapter} runs no models of a user's"
    module = import_module(models.module)
    exact = precision == FLOAT64 or session.adapter.setting.exact  # type: ignore[attr-defined]
    setting = replace(session.adapter.setting, precision=precision, exact=exact)  # type: ignore[attr-defined]
    layout = pair.models[arm.adapter].layout
    made: OwnModel = module.user_model(file, function, layout, pair.loss, pair.seed, setting, sample)
    return made


def _kept(own: Own, precision: str) -> dict[str, Array]:
    """What no optimizer moves: the layers' statistics."""
    fixed = {p.name for p in own.models[precision].parameters() if not p.trainable}
    return {name: value for name, value in own.weights(precision).items() if own.names[name] in fixed}


def _trainable(own: Own, precision: str) -> dict[str, str]:
    learning = {p.name for p in own.models[precision].parameters() if p.trainable}
    return {name: native for name, native in own.names.items() if native in learning}


def _written(phase: str, calls: list[Called]) -> dict[str, Array]:
    found = {f"{phase}/{number}/x": call.x for number, call in enumerate(calls)}
    return found | {f"{phase}/{number}/y": call.y for number, call in enumerate(calls)}
