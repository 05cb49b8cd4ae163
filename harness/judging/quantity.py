"""A quantity that two arms recorded, value by value: whether it is bit-equal, where it first differs, by how much."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from harness.judging.ulp import error_against
from harness.records.array_types import FloatArray
from harness.records.tensor_key import TensorKey


@dataclass(frozen=True)
class Quantity:
    """The values of one quantity in A and in B, one-dimensional. They are compared up to the shorter length.

    `steps`: the step of each value; None if the values do not belong to steps. `column`: what was recorded of which
    parameter or layer; None if `what` says all.
    """

    what: str
    a: FloatArray
    b: FloatArray
    steps: Any = None
    column: TensorKey | None = None

    @property
    def kind(self) -> str:
        """The kind of the quantity, without the parameter or layer."""
        return self.what if self.column is None else self.column.kind

    @property
    def of(self) -> str:
        """The parameter or layer; empty if there is none."""
        return "" if self.column is None else self.column.of

    @property
    def common(self) -> int:
        return min(len(self.a), len(self.b))

    @cached_property
    def equal(self) -> bool:
        """Whether both sides are bit-equal and of the same length."""
        return same_bits(self.a, self.b)

    @cached_property
    def first(self) -> int | None:
        """The first index at which they differ, up to the shorter length; None if there is none."""
        apart = np.flatnonzero(_bits(self.a[: self.common]) != _bits(self.b[: self.common]))
        return int(apart[0]) if len(apart) else None

    @cached_property
    def count(self) -> int:
        """How many values differ, up to the shorter length."""
        return int(np.count_nonzero(_bits(self.a[: self.common]) != _bits(self.b[: self.common])))

    @cached_property
    def largest(self) -> float:
        """The largest difference divided by the largest absolute value; infinity if only one side is finite."""
        a, b = self.a[: self.common], self.b[: self.common]
        error = float(np.max(error_against(a, b), initial=0.0))
        size = float(np.max(np.abs(np.concatenate([a, b])), initial=0.0, where=np.isfinite(np.concatenate([a, b]))))
        return error / size if size > 0 else error


def same_bits(a: Any, b: Any) -> bool:
    """Whether two arrays are equal in shape and in every bit as float64, which holds every float32 exactly."""
    return np.shape(a) == np.shape(b) and bool(np.array_equal(_bits(a), _bits(b)))


def _bits(values: Any) -> Any:
    return np.ascontiguousarray(values, np.float64).view(np.int64)
