"""What is watched of every step, in MindSpore: one short vector.

Few operations make it, for in a compiled loop each one takes tens of microseconds, however small its tensor.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from mindspore import ParameterTuple, nn, ops

from adapters.digests import factors, pattern, weights_first
from adapters.mindspore.layers import to_native
from adapters.mindspore.runtime import floats
from adapters.protocol import Array
from adapters.setting import Setting
from harness.records.step_columns import Watched, columns, watched_parameters
from harness.spec.model import Model
from harness.spec.parameters import Parameter

# Tensors of fewer elements are put together into one.
LARGE = 4096


class Watching(nn.Cell):
    """A step's numbers in one row, those of weights first, of norms the squares; `table` makes the columns of rows."""

    def __init__(self, word: Model, watch: tuple[Watched, ...], parameters: dict[str, Any], setting: Setting) -> None:
        super().__init__()
        kinds = weights_first(watch)
        groups = [_Grouped(watched_parameters(word, kind), kind.endswith("_norm"), setting) for kind in kinds]
        names = [f"{kind}/{name}" for kind, group in zip(kinds, groups, strict=True) for name in group.names]
        self.places = [names.index(name) for name in columns(word, watch)]
        self.squares = [name.partition("/")[0].endswith("_norm") for name in names]
        self.width, self.width_of_weights = len(names), sum(name.startswith("weight") for name in names)
        self.subjects = tuple(kind.partition("_")[0] for kind in kinds)
        self.groups = nn.CellList(groups)
        self.weights = ParameterTuple([parameters[p.name] for p in word.parameters()])

    def of_weights(self) -> Any:
        """The first part of a row: the weights as they are."""
        numbers: Any = ()
        for index, subject in enumerate(self.subjects):
            if subject == "weight":
                numbers += (self.groups[index](self.weights),)
        return numbers

    def construct(self, of_weights: Any, gradients: Any, clipped: Any) -> Any:
        numbers = of_weights
        for index, subject in enumerate(self.subjects):
            if subject != "weight":
                numbers += (self.groups[index](gradients if subject == "gradient" else clipped),)
        return ops.concat(numbers)

    def table(self, rows: Array) -> Array:
        """(steps, columns), named by `records.step_columns.columns`."""
        numbers = np.where(self.squares, np.sqrt(np.where(self.squares, rows, 0)), rows)
        return numbers[:, self.places]


class _Grouped(nn.Cell):
    """The sum of the squares of each of some tensors, or each one's projection; first of the large ones."""

    def __init__(self, parameters: tuple[Parameter, ...], squared: bool, setting: Setting) -> None:
        super().__init__()
        large = [index for index, parameter in enumerate(parameters) if _is_large(parameter)]
        small = [index for index, parameter in enumerate(parameters) if not _is_large(parameter)]
        self.names = [parameters[index].name for index in (*large, *small)]
        self.large, self.small, self.squared = tuple(large), tuple(small), squared
        split = [_split(parameters[index]) for index in large]
        self.shapes = tuple((len(rows), len(others)) for rows, others in split)
        self.rows = tuple(floats(rows[None], setting) for rows, _ in split)
        self.others = tuple(floats(others[:, None], setting) for _, others in split)
        # A column for each small tensor, with its own elements' pattern, or ones, and zeros for those of the others.
        native = {k: to_native(parameters[k].name, pattern(parameters[k].shape)) for k in small}
        projecting = np.concatenate([np.zeros((0, len(small))), *(_columns(native[k], k, small) for k in small)])
        self.projecting, self.members = floats(projecting, setting), floats(projecting != 0, setting)

    def construct(self, tensors: Any) -> Any:
        numbers: Any = ()
        for place, index in enumerate(self.large):
            matrix = tensors[index].reshape(self.shapes[place])
            if self.squared:
                # Row by row, for MindSpore takes ten times as long over a large tensor at once.
                numbers += ((matrix * matrix).sum(1).sum().reshape(1),)
            else:
                numbers += (ops.matmul(ops.matmul(self.rows[place], matrix), self.others[place]).reshape(1),)
        if self.small:
            together: Any = ()
            for index in self.small:
                together += (tensors[index].reshape(-1),)
            row = ops.concat(together).reshape(1, -1)
            sums = ops.matmul(row * row, self.members) if self.squared else ops.matmul(row, self.projecting)
            numbers += (sums.reshape(-1),)
        return ops.concat(numbers)


def _is_large(parameter: Parameter) -> bool:
    # In MindSpore's layout of a depthwise kernel the pattern is no product of two vectors.
    return prod(parameter.shape) >= LARGE and not parameter.name.endswith("depthwise_kernel")


def _split(parameter: Parameter) -> tuple[Array, Array]:
    """The pattern's factors over the rows and columns of the tensor as MindSpore lays it out, as a matrix."""
    first, last = factors(parameter.shape)
    if not parameter.name.endswith("kernel"):
        return first, last
    if len(parameter.shape) == 4:
        first = first.reshape(parameter.shape[:3]).transpose(2, 0, 1).ravel()
    return last, first


def _columns(values: Array, index: int, small: list[int]) -> Array:
    return values.reshape(-1, 1) * (np.array(small) == index)
