"""Something that two arms recorded, value by value: equal bit for bit, or where they first part and how far apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from harness.judging.ulp import error_against
from harness.records.array_types import FloatArray


@dataclass(frozen=True)
class Quantity:
    """What A has of a quantity, and what B has. Only as far as both go are they compared.

    `steps` is the step each value belongs to; None where it is of the end.
    """

    what: str
    a: FloatArray
    b: FloatArray
    steps: Any = None

    @property
    def kind(self) -> str:
        """What it is of any parameter or layer."""
        return self.what.removeprefix("digest/").partition("/")[0]

    @property
    def of(self) -> str:
        """The parameter or layer; empty where it is of none."""
        return self.what.removeprefix("digest/").partition("/")[2]

    @property
    def common(self) -> int:
        return min(len(self.a), len(self.b))

    @cached_property
    def equal(self) -> bool:
        """Bit for bit, and as long."""
        return same_bits(self.a, self.b)

    @cached_property
    def first(self) -> int | None:
        """Where they first differ, as far as both go; None where they do not."""
        apart = np.flatnonzero(_bits(self.a[: self.common]) != _bits(self.b[: self.common]))
        return int(apart[0]) if len(apart) else None

    @cached_property
    def count(self) -> int:
        """How many differ, as far as both go."""
        return int(np.count_nonzero(_bits(self.a[: self.common]) != _bits(self.b[: self.common])))

    @cached_property
    def largest(self) -> float:
        """The largest difference over the largest value; infinite where only one is finite."""
        a, b = self.a[: self.common], self.b[: self.common]
        error = float(np.max(error_against(a, b), initial=0.0))
        size = float(np.max(np.abs(np.concatenate([a, b])), initial=0.0, where=np.isfinite(np.concatenate([a, b]))))
        return error / size if size > 0 else error


def same_bits(a: Any, b: Any) -> bool:
    """Whether two arrays are equal in shape and in every bit of every float64; float32 is exact in it."""
    return np.shape(a) == np.shape(b) and bool(np.array_equal(_bits(a), _bits(b)))


def _bits(values: Any) -> Any:
    return np.ascontiguousarray(values, np.float64).view(np.int64)
