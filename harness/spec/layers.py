"""Layers and the models made of them. Shapes leave out the batch axis; images are (height, width, channels)."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from harness.spec.activations import Activation, AnyActivation, Linear
from harness.spec.base import Spec, Word, union_of
from harness.spec.initializers import AnyInitializer, Zeros

Shape = tuple[int, ...]


class Parameter(Spec):
    """One trainable array of a model, in canonical layout (a dense kernel is (in, out))."""

    name: str
    shape: Shape
    initializer: AnyInitializer


class Layer(Word):
    """Base of all layers."""

    family: ClassVar[str] = "layer"
    name: str | None = Field(default=None, pattern=r"^[A-Za-z][A-Za-z0-9_]*$")

    def output_shape(self, shape: Shape) -> Shape:
        """The shape this layer makes of an input of `shape`; ValueError where it does not fit."""
        return shape

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        """The trainable arrays, named within the layer, for an input of `shape`."""
        return ()

    def multiply_adds(self, shape: Shape) -> int:
        """Multiply-adds per sample; additions of a bias and activations are not counted."""
        return 0


class Flatten(Layer):
    """(d1, ..., dn) to (d1 * ... * dn,), last axis fastest."""

    kind: Literal["flatten"] = "flatten"

    def output_shape(self, shape: Shape) -> Shape:
        return (prod(shape),)


class Dense(Layer):
    """`activation(x @ kernel + bias)`, kernel (in, units), bias (units,)."""

    kind: Literal["dense"] = "dense"
    units: Annotated[int, Field(gt=0)]
    activation: AnyActivation = Linear()
    kernel_initializer: AnyInitializer
    bias_initializer: AnyInitializer = Zeros()

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            raise ValueError(f"dense takes vectors, got {shape}: put a flatten layer before it")
        return (self.units,)

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        return (
            Parameter(name="kernel", shape=(shape[0], self.units), initializer=self.kernel_initializer),
            Parameter(name="bias", shape=(self.units,), initializer=self.bias_initializer),
        )

    def multiply_adds(self, shape: Shape) -> int:
        return shape[0] * self.units


if TYPE_CHECKING:
    AnyLayer = Layer
else:
    AnyLayer: Any = union_of(Layer)


class Input(Spec):
    """The shape of one sample."""

    shape: Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=1)]


class PlacedLayer(Spec):
    """A layer at its place in a model: its unique name and the shapes around it."""

    name: str
    layer: AnyLayer
    input_shape: Shape
    output_shape: Shape

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        own = self.layer.parameters(self.input_shape)
        return tuple(p.model_copy(update={"name": f"{self.name}/{p.name}"}) for p in own)


class Model(Spec):
    """Layers applied in order. An unnamed layer is called by its kind and its number among that kind, from 1."""

    input: Input
    layers: Annotated[tuple[AnyLayer, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _fits(self) -> Model:
        names = [placed.name for placed in self.placed_layers()]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"layer names must differ, got {', '.join(repeated)} more than once")
        return self

    def placed_layers(self) -> tuple[PlacedLayer, ...]:
        placed: list[PlacedLayer] = []
        shape: Shape = self.input.shape
        counts: dict[str, int] = {}
        for index, layer in enumerate(self.layers):
            counts[layer.word()] = counts.get(layer.word(), 0) + 1
            name = layer.name or f"{layer.word()}_{counts[layer.word()]}"
            try:
                after = layer.output_shape(shape)
            except ValueError as error:
                raise ValueError(f"layer {index} ({name}): {error}") from None
            placed.append(PlacedLayer(name=name, layer=layer, input_shape=shape, output_shape=after))
            shape = after
        return tuple(placed)

    @property
    def output_shape(self) -> Shape:
        return self.placed_layers()[-1].output_shape

    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(p for placed in self.placed_layers() for p in placed.parameters)

    @property
    def parameter_count(self) -> int:
        return sum(prod(p.shape) for p in self.parameters())

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one forward pass of one sample."""
        return sum(placed.layer.multiply_adds(placed.input_shape) for placed in self.placed_layers())

    @property
    def last_activation(self) -> Activation:
        """The activation that the output comes from; layers without one pass it on."""
        return next((layer.activation for layer in reversed(self.layers) if isinstance(layer, Dense)), Linear())
