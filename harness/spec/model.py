"""Models: layers at their places, applied in order. Shapes leave out the batch axis."""

from __future__ import annotations

from math import prod
from typing import Annotated

from pydantic import Field, model_validator

from harness.spec.activations import Activation, Linear
from harness.spec.base import Spec, Word
from harness.spec.layers import AnyLayer, Layer, in_a_row
from harness.spec.numbers import Count
from harness.spec.parameters import Mask, Parameter, Shape, UniformNoise

MOST_LAYERS = 500


class Input(Spec):
    """The shape of one sample; images are (height, width, channels)."""

    shape: Annotated[tuple[Count, ...], Field(min_length=1, max_length=8)]


class PlacedLayer(Spec):
    """A layer at its place in a model: its unique name and the shapes around it."""

    name: str
    layer: AnyLayer
    input_shape: Shape
    output_shape: Shape

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        parameters = self.layer.parameters_as_trained(self.input_shape)
        return tuple(p.model_copy(update={"name": f"{self.name}/{p.name}"}) for p in parameters)

    @property
    def noise(self) -> tuple[Mask | UniformNoise, ...]:
        noise = self.layer.noise(self.input_shape)
        return tuple(n.model_copy(update={"name": f"{self.name}/{n.name}"}) for n in noise)

    @property
    def rows(self) -> tuple[tuple[PlacedLayer, ...], ...]:
        """The rows of layers inside this one, with their names and shapes."""
        rows = self.layer.rows_as_trained
        return tuple(place(row, self.input_shape, f"{self.name}/{prefix}") for prefix, row in rows)

    @property
    def inner(self) -> tuple[PlacedLayer, ...]:
        """The layers inside this one, row after row."""
        return tuple(placed for row in self.rows for placed in row)

    @property
    def outputs(self) -> int:
        """The numbers that the layer computes for one sample, with those of the layers inside it."""
        within = self.layer.computed_within(self.input_shape)
        return prod(self.output_shape) + within + sum(placed.outputs for placed in self.inner)


def place(layers: tuple[Layer, ...], shape: Shape, prefix: str = "") -> tuple[PlacedLayer, ...]:
    """Layers in a row, on an input of `shape`. An unnamed one is called by its kind and its number among that kind."""
    return tuple(
        PlacedLayer(name=name, layer=layer, input_shape=before, output_shape=after)
        for name, layer, before, after in in_a_row(layers, shape, prefix)
    )


class Model(Spec):
    """Layers applied in order. An unnamed layer is called by its kind and its number among that kind, from 1."""

    input: Input
    layers: Annotated[tuple[AnyLayer, ...], Field(min_length=1, max_length=MOST_LAYERS)]

    @model_validator(mode="after")
    def _fits(self) -> Model:
        parameters = self.parameters()  # the shapes fit, and each array can be drawn
        if any(p.frozen for p in parameters) and not any(p.trainable for p in parameters):
            raise ValueError("every layer with parameters is frozen, so that nothing would be trained")
        return self

    def placed_layers(self) -> tuple[PlacedLayer, ...]:
        return place(self.layers, self.input.shape)

    @property
    def output_shape(self) -> Shape:
        return self.placed_layers()[-1].output_shape

    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(p for placed in self.placed_layers() for p in placed.parameters)

    def noise(self) -> tuple[Mask | UniformNoise, ...]:
        """The noise of all layers, which is drawn again for every sample of every step of a training."""
        return tuple(n for placed in self.placed_layers() for n in placed.noise)

    @property
    def parameter_count(self) -> int:
        return sum(prod(p.shape) for p in self.parameters())

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one forward pass of one sample."""
        return sum(placed.layer.multiply_adds(placed.input_shape) for placed in self.placed_layers())

    @property
    def outputs(self) -> int:
        """The numbers that all layers compute in one forward pass of one sample."""
        return sum(placed.outputs for placed in self.placed_layers())

    def words(self) -> tuple[Word, ...]:
        """Every layer and activation, including inner ones, each once."""
        return tuple(dict.fromkeys(word for layer in self.layers for word in _words(layer)))

    @property
    def last_activation(self) -> Activation:
        """The activation that computes the output; layers without one pass on the output of those before them."""
        return next((a for layer in reversed(self.layers) if (a := layer.last_activation) is not None), Linear())


def _words(layer: Layer) -> tuple[Word, ...]:
    activations = [value for _, value in layer if isinstance(value, Activation)]
    return (layer, *activations, *layer.implied_words, *(word for inner in layer.inner for word in _words(inner)))
