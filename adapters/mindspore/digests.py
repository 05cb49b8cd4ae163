"""What is watched of every step, in MindSpore: one short vector.

Of the weights it is read before the update, and once more at the end of an epoch: in a compiled loop, a float64
parameter that is read again after it was assigned to is right to float32 only, and so are then all later updates.
And it is made of few operations, for in such a loop each one takes tens of microseconds, however small its tensor.
"""

from __future__ import annotations

from math import prod
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import ParameterTuple, Tensor, nn, ops

from adapters.digests import factors, pattern
from adapters.mindspore.layers import to_native
from adapters.protocol import Array
from adapters.setting import Setting
from harness.records.step_columns import Watched, columns, watched_parameters
from harness.spec.model import Model
from harness.spec.parameters import Parameter

# Tensors of fewer elements are put together into one.
LARGE = 4096


class Watching(nn.Cell):
    """A step's numbers in its own order, of norms the squares; `table` makes the columns of them."""

    def __init__(self, word: Model, watch: tuple[Watched, ...], named: dict[str, Any], setting: Setting) -> None:
        super().__init__()
        own: tuple[Watched, ...] = tuple(sorted(watch, key=lambda kind: not kind.startswith("weight")))
        grouped = {kind: Grouped(watched_parameters(word, kind), setting.precision) for kind in own}
        names = [f"{kind}/{name}" for kind, group in grouped.items() for name in group.names]
        self.places = [names.index(name) for name in columns(word, watch)]
        self.norms = [name.partition("/")[0].endswith("_norm") for name in names]
        self.width, self.of_weights = len(names), sum(name.startswith("weight") for name in names)
        self.kinds = tuple(tuple(kind.split("_")) for kind in own)
        self.groups = nn.CellList(list(grouped.values()))
        self.weights = ParameterTuple([named[p.name] for p in word.parameters()])

    def before(self) -> Any:
        """Of the weights as they are."""
        found: Any = ()
        for number, (of, what) in enumerate(self.kinds):
            if of == "weight":
                found += (self.groups[number](self.weights, what == "norm"),)
        return found

    def construct(self, before: Any, gradients: Any, clipped: Any) -> Any:
        found = before
        for number, (of, what) in enumerate(self.kinds):
            if of != "weight":
                found += (self.groups[number](gradients if of == "gradient" else clipped, what == "norm"),)
        return ops.concat(found)

    def table(self, rows: Array, after: Array) -> Array:
        """The columns, from the rows of an epoch and from what the weights say after it."""
        count = self.of_weights
        weights = np.concatenate([rows[1:, :count], after[None]]) if count else rows[:, :0]
        table = np.concatenate([weights, rows[:, count:]], axis=1)
        return np.where(self.norms, np.sqrt(np.where(self.norms, table, 0)), table)[:, self.places]


class Now(nn.Cell):
    """Of the weights as they are, by itself. A Cell of its own: a Cell of which another method was compiled too is
    compiled as that method from then on, wherever it is called."""

    def __init__(self, watching: Watching) -> None:
        super().__init__()
        self.watching = watching

    def construct(self) -> Any:
        return ops.concat(self.watching.before())


class Grouped(nn.Cell):
    """The sum of the squares of each of some tensors, or each one's projection; first of the large ones."""

    def __init__(self, parameters: tuple[Parameter, ...], precision: str) -> None:
        super().__init__()
        dtype = getattr(ms, precision)
        large = [index for index, each in enumerate(parameters) if _is_large(each)]
        small = [index for index, each in enumerate(parameters) if not _is_large(each)]
        self.names = [parameters[index].name for index in (*large, *small)]
        self.large, self.small = tuple(large), tuple(small)
        split = [_split(parameters[index]) for index in large]
        self.shapes = tuple((len(rows), len(others)) for rows, others in split)
        self.rows = tuple(Tensor(rows[None], dtype) for rows, _ in split)
        self.others = tuple(Tensor(others[:, None], dtype) for _, others in split)
        # A column for each small tensor, with its own elements' pattern, or ones, and zeros for those of the others.
        native = {k: to_native(_own(parameters[k]), pattern(parameters[k].shape)) for k in small}
        projecting = np.concatenate([np.zeros((0, len(small))), *(_columns(native[k], k, small) for k in small)])
        self.projecting, self.members = Tensor(projecting, dtype), Tensor(projecting != 0, dtype)

    def construct(self, tensors: Any, squared: bool) -> Any:
        found: Any = ()
        for place, index in enumerate(self.large):
            matrix = tensors[index].reshape(self.shapes[place])
            if squared:
                # Row by row, for MindSpore takes ten times as long over a large tensor at once.
                found += ((matrix * matrix).sum(1).sum().reshape(1),)
            else:
                found += (ops.matmul(ops.matmul(self.rows[place], matrix), self.others[place]).reshape(1),)
        if self.small:
            together: Any = ()
            for index in self.small:
                together += (tensors[index].reshape(-1),)
            row = ops.concat(together).reshape(1, -1)
            sums = ops.matmul(row * row, self.members) if squared else ops.matmul(row, self.projecting)
            found += (sums.reshape(-1),)
        return ops.concat(found)


def _own(parameter: Parameter) -> str:
    return parameter.name.rpartition("/")[2]


def _is_large(parameter: Parameter) -> bool:
    # In MindSpore's layout of a depthwise kernel the pattern is no product of two vectors.
    return prod(parameter.shape) >= LARGE and _own(parameter) != "depthwise_kernel"


def _split(parameter: Parameter) -> tuple[Array, Array]:
    """The pattern's factors over the rows and columns of the tensor as MindSpore lays it out, as a matrix."""
    first, last = factors(parameter.shape)
    if not _own(parameter).endswith("kernel"):
        return first, last
    if len(parameter.shape) == 4:
        first = first.reshape(parameter.shape[:3]).transpose(2, 0, 1).ravel()
    return last, first


def _columns(values: Array, index: int, small: list[int]) -> Array:
    return values.reshape(-1, 1) * (np.array(small) == index)
