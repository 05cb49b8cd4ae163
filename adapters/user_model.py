"""The parts that the `user_model.py` of both frameworks share: a user's own model, written in native code.

Arrays are exchanged in canonical layout: images with channels last, a dense kernel (in, out), a convolution's kernel
(kh, kw, in, out), a depthwise one (kh, kw, in, multiplier). Only this module runs code from a file that a user names.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from adapters.layer_calls import MODEL as MODEL
from adapters.layer_calls import LayerCall as LayerCall
from adapters.layer_calls import Recorder as Recorder
from adapters.protocol import Array
from adapters.source_trace import Watcher, traced_loader
from harness.spec.arm import Layout
from harness.spec.recipe import Update

Builder = Callable[[], Any]


class BuilderError(Exception):
    """A builder, or the model that it returns, cannot be used. The message names the file."""


@dataclass(frozen=True)
class OwnParameter:
    """A parameter of the model: `name` in the framework, canonical `role` within its layer, canonical `shape`."""

    name: str
    layer: str
    role: str
    shape: tuple[int, ...]
    trainable: bool


class OwnModel(Protocol):
    """One model of a user in one precision. `composed` names the layers whose native computation was replaced."""

    composed: list[str]

    def parameters(self) -> list[OwnParameter]:
        """All parameters of the model."""

    def settings(self) -> dict[str, dict[str, Any]]:
        """By layer, its class as `kind`, and the settings that the two frameworks define differently, canonical."""

    def weights(self) -> dict[str, Array]:
        """Copies of all parameters, by the framework's names."""

    def set_weights(self, weights: Mapping[str, Array]) -> None:
        """Overwrites the parameters of these names, the framework's."""

    def change(self, layer: str, setting: str, value: float) -> None:
        """Changes a setting of `settings` in the model; KeyError where the layer does not allow it."""

    def without_dropout(self) -> None:
        """Switches the dropout layers off, because no two frameworks draw the same masks."""

    def forward(self, x: Array) -> Array:
        """The output for x in evaluation, in the arm's mode."""

    def traced(self, x: Array, training: bool) -> list[LayerCall]:
        """The calls of all layers for x, run one operation at a time."""

    def watched(self, x: Array, training: bool, watcher: Watcher) -> list[LayerCall]:
        """As `traced`, and the calls of all operations in the user's code, which the watcher has seen being built."""

    def loss_and_gradients(self, x: Array, y: Array) -> tuple[float, dict[str, Array]]:
        """The loss and its gradients in training, in the arm's mode. The state of layers is updated."""

    def begin(self, update: Update, names: Mapping[str, str], horizon: int) -> None:
        """Starts a new optimizer for the parameters `names.values()`, which weight decays know by the keys."""

    def step(self, x: Array, y: Array) -> float:
        """Makes one update and returns the loss before it."""


def load_function(file: str, name: str) -> Builder:
    """The function of that name in a file. The file can import from its folder."""
    path = Path(file)
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    module_name = f"own_{path.stem}"  # other modules may have the name of the file
    spec = importlib.util.spec_from_file_location(module_name, path, loader=traced_loader(module_name, path))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # compilers look a function's source up by its module
    spec.loader.exec_module(module)
    builder: Builder = getattr(module, name)
    return builder


def build_model(file: str, function: str, kinds: tuple[type[Any], ...], expected_kinds: str) -> Any:
    """The model that the builder returns; BuilderError where it raises or returns none of `kinds`."""
    location = f"{Path(file).name}:{function}"
    try:
        model = load_function(file, function)()
    except (Exception, SystemExit) as error:
        first_line = next(iter(str(error).strip().splitlines()), "")
        raise BuilderError(f"{location} raised {type(error).__name__}: {first_line}") from error
    if not isinstance(model, kinds):
        raise BuilderError(f"{location} returned {type(model).__name__}, not {expected_kinds}")
    return model


def require_accepts(call: Callable[[], Any], location: str, sample: Array) -> None:
    """Raises BuilderError where the model cannot be called with the sample."""
    try:
        call()
    except Exception as error:
        first_line = next(iter(str(error).strip().splitlines()), "")
        raise BuilderError(
            f"the model of {location} does not take a batch of shape {sample.shape}, channels last "
            f"({type(error).__name__}: {first_line})"
        ) from error


def to_channels_last(value: Array, layout: Layout) -> Array:
    """A batch of images or sequences in `layout`, moved to channels last; any other array unchanged."""
    return np.ascontiguousarray(np.moveaxis(value, 1, -1)) if _is_moved(value, layout) else value


def from_channels_last(value: Array, layout: Layout) -> Array:
    """A batch of images or sequences with channels last, moved to `layout`; any other array unchanged."""
    return np.ascontiguousarray(np.moveaxis(value, -1, 1)) if _is_moved(value, layout) else value


def _is_moved(value: Array, layout: Layout) -> bool:
    return layout == "channels_first" and value.ndim > 2


def calls_in_canonical_layout(calls: list[LayerCall], layout: Layout) -> list[LayerCall]:
    """The calls in canonical layout."""
    return [
        replace(
            call,
            xs=tuple(to_channels_last(x, layout) for x in call.xs),
            ys=tuple(to_channels_last(y, layout) for y in call.ys),
        )
        for call in calls
    ]
