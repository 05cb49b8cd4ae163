"""The watched numbers of every step in MindSpore, as one short vector.

Few operations compute it, because in a compiled loop each one takes tens of microseconds, even on a small tensor.
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
from harness.records.tensor_key import TensorKey
from harness.spec.model import Model
from harness.spec.parameters import Parameter

# Tensors with fewer elements are concatenated into one.
LARGE = 4096


class WatchedColumns(nn.Cell):
    """The watched numbers of a step in one row: those of weights first, and the squares of norms.

    `table` turns rows into the recorded columns.
    """

    def __init__(self, word: Model, watch: tuple[Watched, ...], parameters: dict[str, Any], setting: Setting) -> None:
        super().__init__()
        kinds = weights_first(watch)
        groups = [_NumbersOfKind(watched_parameters(word, kind), kind.endswith("_norm"), setting) for kind in kinds]
        names = [TensorKey(kind, name) for kind, group in zip(kinds, groups, strict=True) for name in group.names]
        self.positions = [names.index(name) for name in columns(word, watch)]
        self.is_norm = [key.kind.endswith("_norm") for key in names]
        self.width, self.weight_width = len(names), sum(key.kind.startswith("weight") for key in names)
        self.subjects = tuple(kind.partition("_")[0] for kind in kinds)
        self.groups = nn.CellList(groups)
        self.weights = ParameterTuple([parameters[parameter.name] for parameter in word.parameters()])

    def weight_numbers(self) -> Any:
        """The first part of a row, from the current weights."""
        numbers: Any = ()
        for index, subject in enumerate(self.subjects):
            if subject == "weight":
                numbers += (self.groups[index](self.weights),)
        return numbers

    def construct(self, weight_numbers: Any, gradients: Any, clipped: Any) -> Any:
        numbers = weight_numbers
        for index, subject in enumerate(self.subjects):
            if subject != "weight":
                numbers += (self.groups[index](gradients if subject == "gradient" else clipped),)
        return ops.concat(numbers)

    def table(self, rows: Array) -> Array:
        """The recorded numbers (steps, columns), named by `records.step_columns.columns`."""
        numbers = np.where(self.is_norm, np.sqrt(np.where(self.is_norm, rows, 0)), rows)
        return numbers[:, self.positions]


class _NumbersOfKind(nn.Cell):
    """The sum of squares, or the projection, of each parameter of one watched kind; the large tensors come first."""

    def __init__(self, parameters: tuple[Parameter, ...], squared: bool, setting: Setting) -> None:
        super().__init__()
        large = [index for index, parameter in enumerate(parameters) if _is_large(parameter)]
        small = [index for index, parameter in enumerate(parameters) if not _is_large(parameter)]
        self.names = [parameters[index].name for index in (*large, *small)]
        self.large, self.small, self.squared = tuple(large), tuple(small), squared
        matrix_factors = [_matrix_factors(parameters[index]) for index in large]
        self.shapes = tuple((len(row_factors), len(column_factors)) for row_factors, column_factors in matrix_factors)
        self.row_factors = tuple(floats(row_factors[None], setting) for row_factors, _ in matrix_factors)
        self.column_factors = tuple(floats(column_factors[:, None], setting) for _, column_factors in matrix_factors)
        # One column for each small tensor: its pattern (or ones) at its elements, and zeros at all others.
        patterns = {k: to_native(parameters[k].name, pattern(parameters[k].shape)) for k in small}
        pattern_columns = np.concatenate(
            [np.zeros((0, len(small))), *(_column_of(patterns[k], k, small) for k in small)]
        )
        self.pattern_columns = floats(pattern_columns, setting)
        self.member_columns = floats(pattern_columns != 0, setting)

    def construct(self, tensors: Any) -> Any:
        numbers: Any = ()
        for position, index in enumerate(self.large):
            matrix = tensors[index].reshape(self.shapes[position])
            if self.squared:
                # Summed by rows, because MindSpore takes ten times as long to sum a large tensor at once.
                numbers += ((matrix * matrix).sum(1).sum().reshape(1),)
            else:
                projected_rows = ops.matmul(self.row_factors[position], matrix)
                numbers += (ops.matmul(projected_rows, self.column_factors[position]).reshape(1),)
        if self.small:
            flat_tensors: Any = ()
            for index in self.small:
                flat_tensors += (tensors[index].reshape(-1),)
            row = ops.concat(flat_tensors).reshape(1, -1)
            sums = ops.matmul(row * row, self.member_columns) if self.squared else ops.matmul(row, self.pattern_columns)
            numbers += (sums.reshape(-1),)
        return ops.concat(numbers)


def _is_large(parameter: Parameter) -> bool:
    # In MindSpore's layout of a depthwise kernel the pattern is not the product of two vectors.
    return prod(parameter.shape) >= LARGE and not parameter.name.endswith("depthwise_kernel")


def _matrix_factors(parameter: Parameter) -> tuple[Array, Array]:
    """The factors of the pattern over the rows and the columns of the tensor as a matrix, in MindSpore's layout."""
    shape = parameter.shape
    row_factor, column_factor = factors(shape)
    by_rows, by_columns = (
        to_native(parameter.name, np.broadcast_to(values, shape))
        for values in (row_factor.reshape(*shape[:-1], 1), column_factor)
    )
    # The canonical matrix has the last axis as its columns, and MindSpore mostly has it first.
    for matrix_shape in ((len(by_rows), -1), (-1, by_rows.shape[-1])):
        first, second = by_rows.reshape(matrix_shape), by_columns.reshape(matrix_shape)
        for of_rows, of_columns in ((first, second), (second, first)):
            if (of_rows == of_rows[:, :1]).all() and (of_columns == of_columns[:1]).all():
                return of_rows[:, 0], of_columns[0]
    raise AssertionError(f"the pattern of {parameter.name} is no product in MindSpore's layout")


def _column_of(values: Array, index: int, small: list[int]) -> Array:
    return values.reshape(-1, 1) * (np.array(small) == index)
