"""The calls of layers and operations of a user's own model, as both frameworks record them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from adapters.protocol import Array

MODEL = "model"  # the kind of the last call: that of the whole model


@dataclass(frozen=True)
class LayerCall:
    """One call of a layer, or of an operation in the user's code, in canonical layout.

    `layer`: the name of the layer; empty for an operation. `kind`: the class of the layer, or the name of the
    operation. `xs`, `ys`: all arrays that it takes and returns, in order, however they are nested. `inner`: the layers
    that this call itself calls. `within`: the layer that makes this call. `source`: `file.py:line` in the user's code;
    `text`: the expression there. `operands`: of an operation, the expression of each of `xs`.

    A fused activation is a separate call, so that `Dense(activation="relu")` equals a Dense followed by a ReLU.
    """

    layer: str
    kind: str
    xs: tuple[Array, ...]
    ys: tuple[Array, ...]
    inner: tuple[str, ...] = ()
    within: str = ""
    source: str = ""
    text: str = ""
    operands: tuple[str, ...] = ()

    @property
    def x(self) -> Array:
        """The first array that it takes; empty if it takes none."""
        return self.xs[0] if self.xs else np.empty(0)

    @property
    def y(self) -> Array:
        """The first array that it returns."""
        return self.ys[0]


@dataclass
class Recorder:
    """The calls of layers, in the order in which they end."""

    calls: list[LayerCall] = field(default_factory=list)
    _begun: list[int] = field(default_factory=list)

    def enter(self) -> None:
        """A layer begins to compute."""
        self._begun.append(len(self.calls))

    def leave(self, call: LayerCall) -> None:
        """The layer that was entered last has computed: records its call, if it returns an array.

        Calls that it makes in a loop are dropped: a recurrent layer is one call, whatever its cell does.
        """
        start = self._begun.pop()
        made = self.calls[start:]
        names = [each.layer for each in made if each.layer]
        inner = tuple(dict.fromkeys([*names, *(name for each in made for name in each.inner)]))
        repeats = len(set(names)) < len(names)
        self.calls[start:] = [] if repeats else [replace(each, within=each.within or call.layer) for each in made]
        self.record(replace(call, inner=inner))

    def record(self, call: LayerCall) -> None:
        """Adds a call if it returns an array."""
        if call.ys:
            self.calls.append(call)


def arrays_in(values: Iterable[Any], is_tensor: Any, to_array: Any) -> tuple[Array, ...]:
    """All tensors and arrays in nested tuples, lists and mappings, as arrays."""
    found: list[Array] = []
    for value in values:
        if isinstance(value, tuple | list):
            found += arrays_in(value, is_tensor, to_array)
        elif isinstance(value, dict):
            found += arrays_in(value.values(), is_tensor, to_array)
        elif is_tensor(value):
            found.append(to_array(value))
    return tuple(found)
