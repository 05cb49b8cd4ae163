"""A user's own model, in native code: what both frameworks' `user_model.py` share.

Arrays cross in canonical layout, as everywhere: images channels last, a dense kernel (in, out), a convolution's
(kh, kw, in, out), a depthwise one (kh, kw, in, multiplier). This is the one place where code named in a file is run.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from adapters.protocol import Array
from harness.spec.arm import Layout
from harness.spec.recipe import Update

Made = Callable[[], Any]


class BuilderError(Exception):
    """A builder, or the model that it returned, cannot be used; the message names the file."""


@dataclass(frozen=True)
class OwnParameter:
    """`name` is the framework's, `role` the canonical name within the layer, `shape` canonical."""

    name: str
    layer: str
    role: str
    shape: tuple[int, ...]
    trainable: bool


@dataclass(frozen=True)
class Called:
    """One call of a layer: what went in and came out, in canonical layout.

    A fused activation is a call of its own, so that `Dense(activation="relu")` and a Dense before a ReLU are alike.
    """

    layer: str
    kind: str
    x: Array
    y: Array


@dataclass
class Recorder:
    """Takes down the calls of layers, in order."""

    calls: list[Called] = field(default_factory=list)

    def take(self, layer: str, kind: str, x: Any, y: Any) -> None:
        if isinstance(x, np.ndarray) and isinstance(y, np.ndarray):
            self.calls.append(Called(layer, kind, x, y))


class OwnModel(Protocol):
    """One model, alive in one precision. `composed`: the layers that are not the framework's own in it."""

    composed: list[str]

    def parameters(self) -> list[OwnParameter]: ...

    def settings(self) -> dict[str, dict[str, Any]]:
        """By layer: its class as `kind`, and what is known to be given differently in the two frameworks."""

    def weights(self) -> dict[str, Array]:
        """Copies of all parameters, by the framework's names."""

    def set_weights(self, weights: Mapping[str, Array]) -> None: ...

    def change(self, layer: str, setting: str, value: float) -> None:
        """Sets what `settings` tells in the live layer; KeyError where that cannot be."""

    def without_dropout(self) -> None:
        """Turns the dropout layers off: no two frameworks draw the same masks."""

    def forward(self, x: Array) -> Array:
        """In evaluation, in the arm's mode."""

    def traced(self, x: Array, training: bool) -> list[Called]:
        """Every layer's call, one operation at a time."""

    def loss_and_gradients(self, x: Array, y: Array) -> tuple[float, dict[str, Array]]:
        """In training, in the arm's mode; the layers then keep what they keep."""

    def begin(self, update: Update, names: Mapping[str, str], horizon: int) -> None:
        """A fresh optimizer for the parameters of these names; the keys are what weight decays know them by."""

    def step(self, x: Array, y: Array) -> float:
        """One update; the loss before it."""


def load_function(file: str, name: str) -> Made:
    """The function of that name in a file, whose folder is importable to it."""
    path = Path(file)
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    named = f"own_{path.stem}"  # whatever else has the file's name
    spec = importlib.util.spec_from_file_location(named, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[named] = module  # compilers look a function's source up by its module
    spec.loader.exec_module(module)
    made: Made = getattr(module, name)
    return made


def built(file: str, function: str, kinds: tuple[type[Any], ...], named: str) -> Any:
    """What the builder returns; BuilderError where it raises, or returns none of `kinds`."""
    where = f"{Path(file).name}:{function}"
    try:
        model = load_function(file, function)()
    except (Exception, SystemExit) as error:
        first_line = next(iter(str(error).strip().splitlines()), "")
        raise BuilderError(f"{where} raised {type(error).__name__}: {first_line}") from error
    if not isinstance(model, kinds):
        raise BuilderError(f"{where} returned {type(model).__name__}, not {named}")
    return model


def accepted(call: Callable[[], Any], where: str, sample: Array) -> None:
    """BuilderError where the model cannot be called with the sample."""
    try:
        call()
    except Exception as error:
        first_line = next(iter(str(error).strip().splitlines()), "")
        raise BuilderError(
            f"the model of {where} does not take a batch of shape {sample.shape}, channels last "
            f"({type(error).__name__}: {first_line})"
        ) from error


def to_channels_last(value: Array, layout: Layout) -> Array:
    """An image or a sequence as it lies in `layout`, channels last; anything else as it is."""
    return np.ascontiguousarray(np.moveaxis(value, 1, -1)) if _turns(value, layout) else value


def from_channels_last(value: Array, layout: Layout) -> Array:
    return np.ascontiguousarray(np.moveaxis(value, -1, 1)) if _turns(value, layout) else value


def _turns(value: Array, layout: Layout) -> bool:
    return layout == "channels_first" and value.ndim > 2


def relayered(calls: list[Called], layout: Layout) -> list[Called]:
    """The calls in canonical layout."""
    return [
        Called(each.layer, each.kind, to_channels_last(each.x, layout), to_channels_last(each.y, layout))
        for each in calls
    ]
