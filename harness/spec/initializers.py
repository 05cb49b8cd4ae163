"""Initializers: the distribution the plan draws a parameter from.

For a kernel of shape (..., in, out), `fan_in` is the product of all axes but the last and `fan_out` the last axis
times the receptive field (the axes before the last two).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from harness.spec.base import Word, union_of


class Initializer(Word):
    """Base of all initializers."""

    family: ClassVar[str] = "initializer"


class Zeros(Initializer):
    """Every element 0."""

    kind: Literal["zeros"] = "zeros"


class ConstantValue(Initializer):
    """Every element `value`."""

    kind: Literal["constant"] = "constant"
    value: float


class Normal(Initializer):
    """Independent draws from N(mean, stddev**2), not truncated."""

    kind: Literal["normal"] = "normal"
    stddev: Annotated[float, Field(gt=0)]
    mean: float = 0.0


class Uniform(Initializer):
    """Independent draws from U[low, high)."""

    kind: Literal["uniform"] = "uniform"
    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if not self.low < self.high:
            raise ValueError(f"low must be below high, got low={self.low}, high={self.high}")
        return self


class XavierNormal(Initializer):
    """N(0, 2 / (fan_in + fan_out)), not truncated (Glorot and Bengio, 2010)."""

    kind: Literal["xavier_normal"] = "xavier_normal"


class XavierUniform(Initializer):
    """U[-a, a) with `a = sqrt(6 / (fan_in + fan_out))` (Glorot and Bengio, 2010)."""

    kind: Literal["xavier_uniform"] = "xavier_uniform"


class HeNormal(Initializer):
    """N(0, 2 / fan_in), not truncated (He et al., 2015)."""

    kind: Literal["he_normal"] = "he_normal"


class HeUniform(Initializer):
    """U[-a, a) with `a = sqrt(6 / fan_in)` (He et al., 2015)."""

    kind: Literal["he_uniform"] = "he_uniform"


if TYPE_CHECKING:
    AnyInitializer = Initializer
else:
    AnyInitializer: Any = union_of(Initializer)
