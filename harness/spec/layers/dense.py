"""The dense layer, and the mixin of layers that end in an activation."""

from __future__ import annotations

from math import prod
from typing import Literal

from harness.spec.activations import AnyActivation, Linear, Softmax
from harness.spec.initializers import AnyInitializer, XavierUniform, Zeros
from harness.spec.layers.base import Layer
from harness.spec.numbers import Count
from harness.spec.parameters import Mask, Parameter, Shape, UniformNoise


class Activated(Layer):
    """Base of the layers whose last step is an activation; what that learns and takes counts as the layer's own."""

    activation: AnyActivation = Linear()

    def noise(self, shape: Shape) -> tuple[Mask | UniformNoise, ...]:
        return self.activation.noise(self.output_shape(shape))

    def acts_on_each_value(self, shape: Shape) -> bool:
        """Whether the activation depends on no axis, so that it may be applied in any memory layout."""
        along = self.activation.word() in ("softmax", "log_softmax")
        return not (along or self.activation.parameters(shape) or self.activation.noise(shape))

    @property
    def last_activation(self) -> AnyActivation:
        return self.activation


class Dense(Activated):
    """`activation(x @ kernel + bias)`, kernel (in, units), bias (units,) unless `use_bias` is false.

    Of a sequence (steps, in) every step by itself, to (steps, units).
    """

    kind: Literal["dense"] = "dense"
    units: Count
    kernel_initializer: AnyInitializer
    use_bias: bool = True
    bias_initializer: AnyInitializer = Zeros()

    @classmethod
    def specimens(cls) -> tuple[Dense, ...]:
        return tuple(cls(units=5, kernel_initializer=XavierUniform(), use_bias=use_bias) for use_bias in (True, False))

    @property
    def name_in_tables(self) -> str:
        return "dense" if self.use_bias else "dense no bias"

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) > 2:
            raise ValueError(f"dense takes vectors or sequences of them, got {shape}: put a flatten layer before it")
        return (*shape[:-1], self.units)

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        kernel = Parameter(name="kernel", shape=(shape[-1], self.units), initializer=self.kernel_initializer)
        bias = Parameter(name="bias", shape=(self.units,), initializer=self.bias_initializer)
        return (kernel, *([bias] if self.use_bias else []), *self.activation.parameters(self.output_shape(shape)))

    def multiply_adds(self, shape: Shape) -> int:
        return prod(shape) * self.units


class ActivationLayer(Activated):
    """`activation(x)`: an activation as a layer of its own."""

    kind: Literal["activation"] = "activation"

    @classmethod
    def specimens(cls) -> tuple[ActivationLayer, ...]:
        # Over the last axis of an image, wherever that lies in memory.
        return (cls(activation=Softmax()),)

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        return self.activation.parameters(shape)

    def specimen_shape(self) -> Shape:
        return (3, 4, 5)
