"""Layers that normalise, and dropout."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.spec.initializers import AnyInitializer, ConstantValue, Zeros
from harness.spec.layers.base import Layer
from harness.spec.parameters import Mask, Parameter, Shape, UniformNoise

ONES = ConstantValue(value=1.0)


class Normalisation(Layer):
    """Base of the layers that normalise: along the last axis lie gamma (with `scale`) and beta (with `center`)."""

    epsilon: Annotated[float, Field(gt=0)] = 1e-5
    center: bool = True
    scale: bool = True
    gamma_initializer: AnyInitializer = ONES
    beta_initializer: AnyInitializer = Zeros()

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        gamma = Parameter(name="gamma", shape=shape[-1:], initializer=self.gamma_initializer)
        beta = Parameter(name="beta", shape=shape[-1:], initializer=self.beta_initializer)
        return (*([gamma] if self.scale else []), *([beta] if self.center else []))

    def specimen_shape(self) -> Shape:
        return (3, 4, 2)


class BatchNorm(Normalisation):
    """`y = gamma * (x - mean) / sqrt(variance + epsilon) + beta` (Ioffe and Szegedy, 2015).

    In training mean and variance are those of the batch, over all axes but the last (the channels), the variance
    divided by the number of values, not by one less; the layer keeps `moving = momentum * moving + (1 - momentum) *
    batch` of both, of the variance this same (biased) one; with `kept_variance = unbiased` the one divided by one less
    (of a single value by 1). In evaluation they are the moving ones.

    A frozen one (`trainable: false`), whose gamma and beta stay as they are: with `frozen_statistics = moving` it
    computes in training what it computes in evaluation, by the moving statistics, which stay as they are too. With
    `frozen_statistics = batch` mean and variance are in training those of the batch, and the moving ones move on.
    """

    kind: Literal["batch_norm"] = "batch_norm"
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.99
    kept_variance: Literal["biased", "unbiased"] = "biased"
    frozen_statistics: Literal["moving", "batch"] = "moving"

    @classmethod
    def specimens(cls) -> tuple[BatchNorm, ...]:
        plain = cls(momentum=0.9, center=False, scale=False, epsilon=0.001)
        frozen = cls(momentum=0.9, trainable=False)
        by_batch = cls(momentum=0.9, trainable=False, frozen_statistics="batch")
        return (cls(momentum=0.9), plain, cls(momentum=0.9, kept_variance="unbiased"), frozen, by_batch)

    @property
    def name_in_tables(self) -> str:
        flags = [name for name in ("center", "scale") if getattr(self, name)]
        flags += ["unbiased"] if self.kept_variance == "unbiased" else []
        flags += [] if self.trainable else ["frozen"]
        flags += ["by the batch"] if not self.trainable and self.frozen_statistics == "batch" else []
        return " ".join([self.kind, *flags])

    def normalises_by_batch(self, training: bool) -> bool:
        """Whether mean and variance are those of the batch, and the moving ones are updated."""
        return training and (self.trainable or self.frozen_statistics == "batch")

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        statistics = [("moving_mean", Zeros()), ("moving_variance", ONES)]
        return (
            *super().parameters(shape),
            *(Parameter(name=n, shape=shape[-1:], initializer=start, trainable=False) for n, start in statistics),
        )

    def specimen_shape(self) -> Shape:
        return (3, 4, 2) if self.scale else (6,)


class LayerNorm(Normalisation):
    """`y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`, both over the last axis of each sample.

    The variance is divided by the number of values (Ba et al., 2016).
    """

    kind: Literal["layer_norm"] = "layer_norm"

    def specimen_shape(self) -> Shape:
        return (3, 4, 6)


class Dropout(Layer):
    """In training `x * mask / (1 - rate)`, mask 0 with probability `rate`, else 1; in evaluation x."""

    kind: Literal["dropout"] = "dropout"
    rate: Annotated[float, Field(ge=0, lt=1)]

    @classmethod
    def specimens(cls) -> tuple[Dropout, ...]:
        return (cls(rate=0.3),)

    def noise(self, shape: Shape) -> tuple[Mask | UniformNoise, ...]:
        return (Mask(name="mask", shape=shape, drop_rate=self.rate),)

    def specimen_shape(self) -> Shape:
        return (3, 4, 5)
