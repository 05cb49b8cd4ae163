"""The arithmetic of an arm: in which type its results are held, and in which they are rounded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from adapters.reference.rounding import FORMATS
from harness.spec.arm import Arm


@dataclass(frozen=True)
class Arithmetic:
    """How an arm computes.

    `dtype`: of its results. `name`: of the precision in which tensors are rounded, `epsilon` the distance of 1 to the
    next number there, `smallest` the smallest normal number, `largest` the largest. `scale`: the factor from the errors
    of the reference to those of this arithmetic. The reference is run in float32 for arms in float64, so that there it
    is the ratio of the epsilons; for all others it is run in the arithmetic of the arm.
    """

    dtype: Any
    name: str
    epsilon: float
    smallest: float
    largest: float
    scale: float = 1.0

    @classmethod
    def of_dtype(cls, dtype: Any) -> Arithmetic:
        """The arithmetic that rounds to the type of the results."""
        limits = np.finfo(dtype)
        epsilon = float(limits.eps)
        scale = epsilon / float(np.finfo(np.float32).eps)
        return cls(np.dtype(dtype).type, np.dtype(dtype).name, epsilon, float(limits.tiny), float(limits.max), scale)

    @classmethod
    def of(cls, arm: Arm) -> Arithmetic:
        """The arithmetic of the arm's layers."""
        if arm.compute_dtype is None:
            return cls.of_dtype(arm.variable_dtype)
        form = FORMATS[arm.compute_dtype]
        smallest = 2.0 ** (form.smallest_exponent + form.digits - 1)
        return cls(np.float32, arm.precision, form.epsilon, smallest, form.largest)


def arithmetic(precision: Any) -> Arithmetic:
    """The arithmetic, or that of a type of NumPy."""
    return precision if isinstance(precision, Arithmetic) else Arithmetic.of_dtype(precision)
