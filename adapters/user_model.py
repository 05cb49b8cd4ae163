"""The parts that the `user_model.py` of both frameworks share: a user's own model, written in native code.

Arrays are exchanged in canonical layout: images with channels last, a dense kernel (in, out), a convolution's kernel
(kh, kw, in, out), a depthwise one (kh, kw, in, multiplier). Only this module runs code from a file that a user names.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from adapters.layer_calls import MODEL as MODEL
from adapters.layer_calls import LayerCall as LayerCall
from adapters.layer_calls import Recorder as Recorder
from adapters.protocol import Array
from adapters.source_trace import Watcher, traced_loader
from adapters.user_data import MisfitError, Output, Parts, count, in_words, to_channels_last
from adapters.views import Step
from harness.spec.arm import Layout
from harness.spec.recipe import Update

Builder = Callable[[], Any]
INSIDE = ("network", "_network", "model")  # attributes by which an object may hold a model


class BuilderError(Exception):
    """A builder, or the model that it returns, cannot be used. The message names the file.

    `layer`: the layer that the model stopped in, if that is known.
    """

    def __init__(self, message: str, layer: str = "") -> None:
        super().__init__(message)
        self.layer = layer


@dataclass(frozen=True)
class OwnParameter:
    """A parameter of the model: `name` in the framework, canonical `role` within its layer, canonical `shape`.

    `path`: the names that the user's code gives to the layer and to those around it, outermost first. `pieces`: the
    parameters that both frameworks share and of which it consists, if it is not one as it stands. A piece has the
    `source` that it is part of, its `view` of it, and `how` that view is said in words.
    """

    name: str
    layer: str
    role: str
    shape: tuple[int, ...]
    trainable: bool
    path: tuple[str, ...] = ()
    source: str = ""
    view: tuple[Step, ...] = ()
    how: str = ""
    pieces: tuple[OwnParameter, ...] = ()


class OwnModel(Protocol):
    """One model of a user in one precision.

    `composed` names the layers whose native computation was replaced. `ignored` says what of the model is not used,
    such as the loss that it was compiled with. `outputs` are those of one batch. `words` are those in which the
    framework's ledger knows errors, and that the model uses, as `family/word`. `penalties` are what the layers add
    to the loss, `constraints` what parameters are held to after every update. `not_registered`
    are sentences on what the model computes with although its framework does not know it as a part.
    """

    composed: list[str]
    ignored: list[str]
    outputs: list[Output]
    words: list[str]
    penalties: list[str]
    constraints: list[str]
    not_registered: list[str]

    def parameters(self) -> list[OwnParameter]:
        """All parameters of the model."""

    def settings(self) -> dict[str, dict[str, Any]]:
        """By layer, its class as `kind`, and the settings that the two frameworks define differently, canonical."""

    def reduced(self) -> dict[str, str]:
        """The layers that compute in a lower precision than the arm, with that precision: `float16` or `bfloat16`."""

    def weights(self) -> dict[str, Array]:
        """Copies of all parameters, by the framework's names."""

    def set_weights(self, weights: Mapping[str, Array]) -> None:
        """Overwrites the parameters of these names, the framework's."""

    def change(self, layer: str, setting: str, value: float) -> None:
        """Changes a setting of `settings` in the model; KeyError where the layer does not allow it."""

    def without_dropout(self) -> None:
        """Switches the dropout layers off, because no two frameworks draw the same masks."""

    def compute_exactly(self, words: Sequence[str]) -> None:
        """Computes these of `words` without the errors that the ledger knows, one operation at a time; none as usual.

        Other models of this process then compute them so too.
        """

    def forward(self, x: Parts) -> list[Array]:
        """The outputs for x in evaluation, in the arm's mode and the model's own layout, in the order of `outputs`."""

    def traced(self, x: Parts, training: bool) -> list[LayerCall]:
        """The calls of all layers for x, run one operation at a time."""

    def watched(self, x: Parts, training: bool, watcher: Watcher) -> list[LayerCall]:
        """As `traced`, and the calls of all operations in the user's code, which the watcher has seen being built."""

    def require_targets(self, y: Parts) -> None:
        """Raises MisfitError if the targets, (steps, batch, ...) each, do not belong to the model's outputs."""

    def loss_and_gradients(self, x: Parts, y: Parts) -> tuple[float, dict[str, Array]]:
        """The loss and its gradients in training, in the arm's mode. The state of layers is updated."""

    def begin(self, update: Update, names: Mapping[str, str], horizon: int) -> None:
        """Starts a new optimizer for the parameters `names.values()`, which weight decays know by the keys."""

    def step(self, x: Parts, y: Parts) -> float:
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
    """The model that the builder returns.

    Raises BuilderError if the builder raises, and MisfitError if it cannot be called without arguments or returns none
    of `kinds`.
    """
    location = f"{Path(file).name}:{function}"
    try:
        builder = load_function(file, function)
        require_no_arguments(builder, location)
        model = builder()
    except MisfitError:
        raise
    except (Exception, SystemExit) as error:
        raise BuilderError(f"{location} raised {shortened_error(error)}") from error
    if not isinstance(model, kinds):
        raise MisfitError(f"{location} {_returned_instead(model, kinds)}; it must return {expected_kinds}")
    return model


def require_no_arguments(function: Any, location: str) -> None:
    """Raises MisfitError if the function cannot be called, or not without arguments."""
    if not callable(function):
        raise MisfitError(f"{location} is no function but {_kind(function)}")
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a callable that does not say what it takes
        return
    fixed = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in fixed]
    if needed:
        needs = f"needs {count(len(needed), 'argument')} ({', '.join(needed)})"
        raise MisfitError(f"{location} {needs}; it is called without any: write a function that gives them")


def _returned_instead(model: Any, kinds: tuple[type[Any], ...]) -> str:
    if model is None:
        return "returned None, as a function without a return statement does"
    if isinstance(model, type):
        return f"returned the class {model.__name__}" + (", not an instance" if issubclass(model, kinds) else "")
    if isinstance(model, tuple | list) and any(isinstance(part, kinds) for part in model):
        return f"returned {_kind(model)} with the model among its {len(model)} elements"
    attributes = getattr(model, "__dict__", {})
    inside = next((name for name in INSIDE if isinstance(attributes.get(name), kinds)), None)
    return f"returned {_kind(model)}" + (f", whose {inside} is the model" if inside else "")


def _kind(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"


def require_accepts(call: Callable[[], Any], location: str, sample: Parts, inside: Sequence[str] = ()) -> None:
    """Raises BuilderError where the model cannot be called with the sample.

    `inside`: filled by the call, the layers that it is in, from the outermost.
    """
    try:
        call()
    except MisfitError:
        raise
    except Exception as error:
        layer = inside[-1] if inside else ""
        where = f"at layer {layer}: " if layer else ""
        raise BuilderError(
            f"the model of {location} does not take a batch of {in_words(sample)}, channels last "
            f"({where}{shortened_error(error)})",
            layer,
        ) from error


def refusal(error: Exception) -> str:
    """Why a model does not run in a precision, with the layer where that is known."""
    cause = error.__cause__ if isinstance(error, BuilderError) and error.__cause__ is not None else error
    layer = getattr(error, "layer", "")
    return f"layer {layer}: {shortened_error(cause)}" if layer else shortened_error(cause)


def shortened_error(error: BaseException) -> str:
    """The class of an error and the line of its text that says what is wrong."""
    try:
        lines = [line.strip() for line in str(error).splitlines() if line.strip(" -\t")]
    except Exception:
        return type(error).__name__  # its text cannot be had
    # The first line of Keras' and MindSpore's errors may only say where.
    telling = [
        line for line in lines if not line.startswith(("Exception encountered when calling", "Arguments received"))
    ]
    first_line = next(iter(telling or lines), "").replace("\x1b[1m", "").replace("\x1b[0m", "")
    return f"{type(error).__name__}: {first_line}"


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
