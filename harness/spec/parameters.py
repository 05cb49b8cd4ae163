"""The arrays of a model: parameters, which are learned or updated, and noise, which is drawn for every sample."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from harness.spec.base import Spec
from harness.spec.initializers import AnyInitializer

Shape = tuple[int, ...]


class Parameter(Spec):
    """One array of a model, in canonical layout (a dense kernel is (in, out), a convolution's (kh, kw, in, out)).

    `drawn_as`: the shape as which the initializer draws it, where that is another; the numbers keep their order. One
    that is not `trainable` is not given to the optimizer: it has no gradient, no decay, no penalty and no part in the
    norm by which gradients are clipped. Either it is of a frozen layer (`frozen`), or the layer itself updates it, such
    as the statistics of a batch norm.
    """

    name: str
    shape: Shape
    initializer: AnyInitializer
    trainable: bool = True
    frozen: bool = False
    drawn_as: Shape | None = None

    @model_validator(mode="after")
    def _drawable(self) -> Parameter:
        try:
            self.initializer.check(self.shape_drawn)
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from None
        return self

    @property
    def shape_drawn(self) -> Shape:
        """The shape as which the initializer draws it."""
        return self.shape if self.drawn_as is None else self.drawn_as

    @property
    def is_kernel(self) -> bool:
        """Whether a weight decay with `decayed: kernels` applies to it: neither a bias nor a scale."""
        return self.name.endswith("kernel")

    @property
    def is_penalised(self) -> bool:
        """Whether the regularisation applies to it: a kernel that is trained."""
        return self.is_kernel and self.trainable


class Noise(Spec):
    """Random numbers that a layer takes in training, of `shape` a sample; drawn by the plan, the same in every arm."""

    name: str
    shape: Shape


class Mask(Noise):
    """1 with probability `1 - drop_rate`, else 0."""

    drop_rate: Annotated[float, Field(ge=0, lt=1)]


class UniformNoise(Noise):
    """U[low, high)."""

    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> UniformNoise:
        if self.low > self.high:
            raise ValueError(f"low must not exceed high, got low={self.low}, high={self.high}")
        return self
