"""What is watched of every step, in MindSpore: one short vector.

Of the weights it is read before the update, and once more at the end of an epoch: in a compiled loop, a float64
parameter that is read again after it was assigned to is right to float32 only, and so are then all later updates.
"""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import ParameterTuple, Tensor, nn, ops

from adapters.mindspore.layers import to_native
from adapters.protocol import Array
from adapters.setting import Setting
from adapters.watching import Watched, columns, pattern, watched_parameters
from harness.spec.model import Model


class Watching(nn.Cell):
    """A step's numbers in its own order, first those of the weights; `table` puts them in that of the columns."""

    def __init__(self, word: Model, watch: tuple[Watched, ...], named: dict[str, Any], setting: Setting) -> None:
        super().__init__()
        dtype = getattr(ms, setting.precision)
        own: tuple[Watched, ...] = tuple(sorted(watch, key=lambda kind: not kind.startswith("weight")))
        names = columns(word, own)
        self.places = [names.index(name) for name in columns(word, watch)]
        self.width, self.of_weights = len(names), sum(name.startswith("weight") for name in names)
        self.kinds = tuple(tuple(kind.split("_")) for kind in own)
        self.weights = ParameterTuple([named[p.name] for p in word.parameters()])
        signs = {
            p.name: Tensor(to_native(p.name.rpartition("/")[2], pattern(p.shape)), dtype)
            for p in word.parameters()
            if watch
        }
        self.signs = tuple(tuple(signs[p.name] for p in watched_parameters(word, kind)) for kind in own)

    def before(self) -> Any:
        """Of the weights as they are."""
        found: Any = ()
        for number, (of, what) in enumerate(self.kinds):
            if of == "weight":
                found += self.numbers(self.weights, what, self.signs[number])
        return found

    def now(self) -> Any:
        return ops.stack(self.before())

    def construct(self, before: Any, gradients: Any, clipped: Any) -> Any:
        found = before
        for number, (of, what) in enumerate(self.kinds):
            if of != "weight":
                found += self.numbers(gradients if of == "gradient" else clipped, what, self.signs[number])
        return ops.stack(found)

    def numbers(self, tensors: Any, what: str, signs: Any) -> Any:
        found: Any = ()
        for index, tensor in enumerate(tensors):
            if what == "norm":
                found += (ops.sqrt(self.sum(tensor * tensor)),)
            else:
                found += (self.sum(tensor * signs[index]),)
        return found

    def sum(self, tensor: Any) -> Any:
        """Of all elements; row by row, for MindSpore takes ten times as long over a large tensor at once."""
        if tensor.ndim > 1:
            tensor = tensor.reshape(tensor.shape[0], -1).sum(1)
        return tensor.sum()

    def table(self, rows: Array, after: Array) -> Array:
        """The columns, from the rows of an epoch and from what the weights say after it."""
        count = self.of_weights
        weights = np.concatenate([rows[1:, :count], after[None]]) if count else rows[:, :0]
        return np.concatenate([weights, rows[:, count:]], axis=1)[:, self.places]
