"""Layers. Shapes leave out the batch axis; images are (height, width, channels)."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from harness.spec.activations import Activation, AnyActivation, Linear
from harness.spec.base import Word, union_of
from harness.spec.initializers import AnyInitializer, XavierUniform, Zeros
from harness.spec.parameters import Mask, Parameter, Shape, UniformNoise


class Layer(Word):
    """Base of all layers."""

    family: ClassVar[str] = "layer"
    name: str | None = Field(default=None, pattern=r"^[A-Za-z][A-Za-z0-9_]*$")

    def output_shape(self, shape: Shape) -> Shape:
        """The shape this layer makes of an input of `shape`; ValueError where it does not fit."""
        return shape

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        """The arrays it learns or keeps, named within the layer, for an input of `shape`."""
        return ()

    def noise(self, shape: Shape) -> tuple[Mask | UniformNoise, ...]:
        """The random numbers it takes in training, named within the layer, for an input of `shape`."""
        return ()

    def multiply_adds(self, shape: Shape) -> int:
        """Multiply-adds per sample; additions of a bias and activations are not counted."""
        return 0

    @property
    def inner(self) -> tuple[Layer, ...]:
        """The layers it is made of, in order."""
        return ()

    @property
    def last_activation(self) -> Activation | None:
        """The activation its output comes from; None where it passes its input's on."""
        return None

    def specimen_shape(self) -> Shape:
        """An input that the vocabulary suite gives to its specimens."""
        return (6,)


class Flatten(Layer):
    """(d1, ..., dn) to (d1 * ... * dn,), last axis fastest."""

    kind: Literal["flatten"] = "flatten"

    def output_shape(self, shape: Shape) -> Shape:
        return (prod(shape),)

    def specimen_shape(self) -> Shape:
        return (4, 5, 3)


class Dense(Layer):
    """`activation(x @ kernel + bias)`, kernel (in, units), bias (units,)."""

    kind: Literal["dense"] = "dense"
    units: Annotated[int, Field(gt=0)]
    activation: AnyActivation = Linear()
    kernel_initializer: AnyInitializer
    bias_initializer: AnyInitializer = Zeros()

    @classmethod
    def specimens(cls) -> tuple[Dense, ...]:
        return (cls(units=5, kernel_initializer=XavierUniform()),)

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            raise ValueError(f"dense takes vectors, got {shape}: put a flatten layer before it")
        return (self.units,)

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        return (
            Parameter(name="kernel", shape=(shape[0], self.units), initializer=self.kernel_initializer),
            Parameter(name="bias", shape=(self.units,), initializer=self.bias_initializer),
            *self.activation.parameters((self.units,)),
        )

    def noise(self, shape: Shape) -> tuple[Mask | UniformNoise, ...]:
        return self.activation.noise((self.units,))

    def multiply_adds(self, shape: Shape) -> int:
        return shape[0] * self.units

    @property
    def last_activation(self) -> Activation:
        return self.activation


if TYPE_CHECKING:
    AnyLayer = Layer
else:
    AnyLayer: Any = union_of(Layer)
