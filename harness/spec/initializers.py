"""Initializers: the distribution the plan draws a parameter from.

For a kernel of shape (..., in, out), `fan_in` is the product of all axes but the last and `fan_out` the last axis
times the receptive field (the axes before the last two); of a vector both are its length. Every `stddev` is that of the
normal distribution before it is truncated, if it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from harness.spec.base import Word, union_of

Positive = Annotated[float, Field(gt=0)]
Fan = Literal["fan_in", "fan_out"]


class Initializer(Word):
    """Base of all initializers."""

    family: ClassVar[str] = "initializer"

    def check(self, shape: tuple[int, ...]) -> None:
        """ValueError where no array of this shape can be drawn."""


class Zeros(Initializer):
    """Every element 0."""

    kind: Literal["zeros"] = "zeros"


class Ones(Initializer):
    """Every element 1."""

    kind: Literal["ones"] = "ones"


class ConstantValue(Initializer):
    """Every element `value`."""

    kind: Literal["constant"] = "constant"
    value: float

    @classmethod
    def specimens(cls) -> tuple[ConstantValue, ...]:
        return (cls(value=0.3),)


class Normal(Initializer):
    """Independent draws from N(mean, stddev**2), not truncated."""

    kind: Literal["normal"] = "normal"
    stddev: Positive
    mean: float = 0.0

    @classmethod
    def specimens(cls) -> tuple[Normal, ...]:
        return (cls(stddev=0.05, mean=0.02),)


class TruncatedNormal(Initializer):
    """Independent draws from N(mean, stddev**2), drawn again where further than `2 * stddev` from the mean.

    The draws' own standard deviation is 0.8796 * stddev.
    """

    kind: Literal["truncated_normal"] = "truncated_normal"
    stddev: Positive
    mean: float = 0.0

    @classmethod
    def specimens(cls) -> tuple[TruncatedNormal, ...]:
        return (cls(stddev=0.05, mean=0.02),)


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

    @classmethod
    def specimens(cls) -> tuple[Uniform, ...]:
        return (cls(low=-0.02, high=0.06),)


class XavierNormal(Initializer):
    """N(0, 2 / (fan_in + fan_out)), not truncated (Glorot and Bengio, 2010)."""

    kind: Literal["xavier_normal"] = "xavier_normal"


class XavierUniform(Initializer):
    """U[-a, a) with `a = sqrt(6 / (fan_in + fan_out))` (Glorot and Bengio, 2010)."""

    kind: Literal["xavier_uniform"] = "xavier_uniform"


class HeNormal(Initializer):
    """N(0, 2 / fan), not truncated (He et al., 2015)."""

    kind: Literal["he_normal"] = "he_normal"
    fan: Fan = "fan_in"

    @classmethod
    def specimens(cls) -> tuple[HeNormal, ...]:
        return (cls(fan="fan_in"), cls(fan="fan_out"))


class HeUniform(Initializer):
    """U[-a, a) with `a = sqrt(6 / fan)` (He et al., 2015)."""

    kind: Literal["he_uniform"] = "he_uniform"
    fan: Fan = "fan_in"

    @classmethod
    def specimens(cls) -> tuple[HeUniform, ...]:
        return (cls(fan="fan_in"), cls(fan="fan_out"))


class LecunNormal(Initializer):
    """N(0, 1 / fan_in), not truncated (LeCun et al., 1998)."""

    kind: Literal["lecun_normal"] = "lecun_normal"


class LecunUniform(Initializer):
    """U[-a, a) with `a = sqrt(3 / fan_in)` (LeCun et al., 1998)."""

    kind: Literal["lecun_uniform"] = "lecun_uniform"


class VarianceScaling(Initializer):
    """With `v = scale / n`, n being fan_in, fan_out, or for `fan_avg` half their sum: one of three distributions.

    `normal`: N(0, v). `truncated_normal`: N(0, v), drawn again where further than `2 * sqrt(v)` from 0, and nothing
    made up for, so that the variance is 0.7737 * v. `uniform`: U[-a, a) with `a = sqrt(3 * v)`.
    """

    kind: Literal["variance_scaling"] = "variance_scaling"
    scale: Positive = 1.0
    mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in"
    distribution: Literal["normal", "truncated_normal", "uniform"] = "normal"

    @classmethod
    def specimens(cls) -> tuple[VarianceScaling, ...]:
        return (
            cls(scale=1.5, mode="fan_in", distribution="normal"),
            cls(scale=1.5, mode="fan_out", distribution="truncated_normal"),
            cls(scale=1.5, mode="fan_avg", distribution="uniform"),
        )


class Orthogonal(Initializer):
    """gain * Q of the QR decomposition of a standard normal matrix, R's diagonal positive (Saxe et al., 2014).

    All axes but the last are taken as one. The columns are orthogonal, or the rows where there are fewer of them.
    """

    kind: Literal["orthogonal"] = "orthogonal"
    gain: Positive = 1.0

    @classmethod
    def specimens(cls) -> tuple[Orthogonal, ...]:
        return (cls(gain=1.5),)

    def check(self, shape: tuple[int, ...]) -> None:
        if len(shape) < 2:
            raise ValueError(f"orthogonal draws matrices, got shape {shape}")


class Identity(Initializer):
    """`gain` where row and column are the same, else 0; for matrices only, square or not."""

    kind: Literal["identity"] = "identity"
    gain: float = 1.0

    @classmethod
    def specimens(cls) -> tuple[Identity, ...]:
        return (cls(), cls(gain=1.5))

    def check(self, shape: tuple[int, ...]) -> None:
        if len(shape) != 2:
            raise ValueError(f"identity makes matrices, got shape {shape}")


if TYPE_CHECKING:
    AnyInitializer = Initializer
else:
    AnyInitializer: Any = union_of(Initializer)
