"""One side of a pair in its worker: the model in each precision, with the names that both sides share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import adapters
from adapters.info import UserModels
from adapters.user_model import LayerCall, OwnModel
from adapters.views import View, placed, viewed
from harness.records.array_types import Array
from harness.records.tensor_key import prefixed
from harness.spec.recipe import Update
from harness.subjects.pair.batch_parts import Steps, gathered
from harness.subjects.pair.spec import Pair
from harness.system.array_files import load_arrays
from harness.worker.session import Session

FLOAT64 = "float64"


@dataclass
class LiveSide:
    """One side: the model in the arm's precision and, if possible, in float64, with the shared names.

    `models`: by precision. `builder`: the file and the function that build it. `names`: from shared names to the
    framework's. `views`: by shared name, which part of this side's parameter it is, in the shared layout. `added`: by
    shared name, the parameter (its name and view) that the model adds to it, and that is 0 here. `rows`: by kernel of a
    dense layer behind a flatten of channels-first images, their (height, width, channels). `updates`: by the
    precisions in which it trains, the words of its updates.
    """

    models: dict[str, OwnModel]
    builder: tuple[str, str] = ("", "")
    names: dict[str, str] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    added: dict[str, tuple[str, View]] = field(default_factory=dict)
    rows: dict[str, list[int]] = field(default_factory=dict)
    updates: dict[str, Update] = field(default_factory=dict)

    def weights(self, precision: str) -> dict[str, Array]:
        """All weights by shared name, in the shared layout."""
        native = self.models[precision].weights()
        weights = self.shared(native)
        for name, (added, view) in self.added.items():
            weights[name] = weights[name] + self._out(name, viewed(native[added], view), ())
        return weights

    def shared(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Arrays by the framework's names, converted to shared names and the shared layout."""
        return {
            name: self._out(name, arrays[native], self.views.get(name, ()))
            for name, native in self.names.items()
            if native in arrays
        }

    def set_weights(self, precision: str, weights: Mapping[str, Array]) -> None:
        """Sets weights that are given by shared name, in the shared layout."""
        model = self.models[precision]
        parts = [name for name in weights if self.views.get(name)]
        native = model.weights() if parts or self.added else {}
        changed: dict[str, Array] = {}
        for name, value in weights.items():
            key, view = self.names[name], self.views.get(name, ())
            turned = self._rows_first(name, value)
            changed[key] = placed(changed.get(key, native[key]), view, turned) if view else turned
        for name, (added, view) in self.added.items():
            if name in weights:
                before = changed.get(added, native[added])
                changed[added] = placed(before, view, np.zeros_like(viewed(before, view)))
        model.set_weights(changed)

    def _out(self, name: str, value: Array, view: View) -> Array:
        value = viewed(value, view)
        return rows_last(value, self.rows[name]) if name in self.rows else value

    def _rows_first(self, name: str, value: Array) -> Array:
        return rows_first(value, self.rows[name]) if name in self.rows else value

    def kept(self, precision: str) -> dict[str, Array]:
        """The weights that no optimizer updates, by shared name: the layers' statistics."""
        fixed = {p.name for p in self.models[precision].parameters() if not p.trainable}
        return {name: value for name, value in self.weights(precision).items() if self.names[name] in fixed}

    def trainable(self, precision: str) -> dict[str, str]:
        """By shared name, the framework's names of the weights that an optimizer updates.

        A parameter of which several shared ones are parts is named once, by the first of them.
        """
        learning = {p.name for p in self.models[precision].parameters() if p.trainable}
        firsts: dict[str, str] = {}
        for name, native in self.names.items():
            if native in learning:
                firsts.setdefault(native, name)
        return {name: native for native, name in firsts.items()}


def rows_last(value: Array, image: Sequence[int]) -> Array:
    """Reorders the first axis from an image flattened channels first to the same image flattened channels last.

    `value`: (H * W * C, ...). `image`: (H, W, C), of a sequence (L, C), of a volume (D, H, W, C).
    """
    *sizes, channels = image
    return np.moveaxis(value.reshape(channels, *sizes, -1), 0, -2).reshape(value.shape)


def rows_first(value: Array, image: Sequence[int]) -> Array:
    """The inverse of `rows_last`."""
    *sizes, channels = image
    return np.moveaxis(value.reshape(*sizes, channels, -1), -2, 0).reshape(value.shape)


LIVE: dict[str, LiveSide] = {}  # of this process, by the arm's name


def live(session: Session) -> LiveSide:
    """The side that `build` has created in this process."""
    return LIVE[session.adapter.arm.name]


def pair_at(session: Session, scratch: str) -> Pair:
    """The pair in `scratch`, to which the session is switched."""
    return Pair.model_validate_json((session.at(scratch).scratch / "pair.json").read_text())


def batches_at(scratch: str) -> tuple[Steps, Steps]:
    """The x and the y of all batches."""
    arrays = load_arrays(Path(scratch) / "batches.npz")
    x, y = (gathered(name, arrays) for name in "xy")
    assert x is not None
    assert y is not None
    return Steps(x), Steps(y)


def model_module(session: Session) -> Any:
    """The module of the arm's adapter that runs users' models."""
    return import_module(_user_models(session).module)


def _user_models(session: Session) -> UserModels:
    arm = session.adapter.arm
    models = adapters.info(arm.adapter).user_models
    assert models is not None, f"{arm.adapter} runs no models of a user's"
    return models


def built_model(session: Session, pair: Pair, file: str, function: str, sample: Array, precision: Any) -> OwnModel:
    """The builder's model in this precision."""
    arm = session.adapter.arm
    exact = precision == FLOAT64 or session.adapter.setting.exact  # type: ignore[attr-defined]
    setting = replace(session.adapter.setting, precision=precision, exact=exact)  # type: ignore[attr-defined]
    if precision != arm.precision:  # a measure, for which it is enough to run one operation at a time, as any code does
        setting = replace(setting, mode=_user_models(session).eager_mode)
    layout = pair.models[arm.adapter].layout
    word = pair.loss_of(arm.adapter)
    model: OwnModel = model_module(session).user_model(file, function, layout, word, pair.seed, setting, sample)
    return model


def layer_arrays(above: str, calls: Sequence[LayerCall]) -> dict[str, Array]:
    """The arrays of the calls: `<above>/<number>/x0`, `x1`, ... that they take, and `y0`, ... that they return."""
    arrays: dict[str, Array] = {}
    for number, call in enumerate(calls):
        named = {
            f"{letter}{n}": value
            for letter, values in (("x", call.xs), ("y", call.ys))
            for n, value in enumerate(values)
        }
        arrays |= prefixed(f"{above}/{number}", named)
    return arrays


def described(calls: Sequence[LayerCall]) -> list[dict[str, Any]]:
    """The calls without their arrays; `takes` and `returns` count these."""
    return [
        {
            "layer": call.layer,
            "kind": call.kind,
            "takes": len(call.xs),
            "returns": len(call.ys),
            "inner": list(call.inner),
            "within": call.within,
            "source": call.source,
            "text": call.text,
            "operands": list(call.operands),
        }
        for call in calls
    ]
