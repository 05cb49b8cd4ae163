"""Stochastic depth: a branch that is left out for some samples."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.spec.layers.base import Layer
from harness.spec.parameters import Mask, Shape, UniformNoise


class StochasticDepth(Layer):
    """In training `x * mask / (1 - rate)`, with one mask for each sample, 0 with probability `rate`; in evaluation x.

    As the last layer of a residual it leaves out its layers for the samples with mask 0 (Huang et al., 2016; scaled in
    training instead of in evaluation).
    """

    kind: Literal["stochastic_depth"] = "stochastic_depth"
    rate: Annotated[float, Field(ge=0, lt=1)]

    @classmethod
    def specimens(cls) -> tuple[StochasticDepth, ...]:
        return (cls(rate=0.4),)

    def noise(self, shape: Shape) -> tuple[Mask | UniformNoise, ...]:
        return (Mask(name="mask", shape=(1,), drop_rate=self.rate),)

    def specimen_shape(self) -> Shape:
        return (3, 4, 5)
