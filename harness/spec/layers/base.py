"""The base class of all layers. Shapes leave out the batch axis; images are (height, width, channels)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field
from typing_extensions import Self

from harness.spec.activations import Activation
from harness.spec.base import Word
from harness.spec.numbers import Count
from harness.spec.parameters import Mask, Parameter, Shape, UniformNoise

Pair = tuple[Count, Count]
Padding = Literal["valid", "same"]
ConvolutionPadding = Literal["valid", "same", "same_lower"]


class Layer(Word):
    """Base of all layers.

    A layer that is not `trainable` is frozen, with all layers inside it: its parameters keep the values that they start
    with. They have no gradient, no decay, no penalty and no part in the norm by which gradients are clipped. What the
    layer computes is the same, but for a batch norm (see there); a dropout inside it drops.
    """

    family: ClassVar[str] = "layer"
    name: str | None = Field(default=None, pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    trainable: bool = True

    def output_shape(self, shape: Shape) -> Shape:
        """The shape of the output for an input of `shape`; ValueError where the layer takes no such input."""
        return shape

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        """The arrays that the layer learns or updates, named within the layer, for an input of `shape`."""
        return ()

    def parameters_as_trained(self, shape: Shape) -> tuple[Parameter, ...]:
        """`parameters`; those of a frozen layer are not trainable."""
        parameters = self.parameters(shape)
        if self.trainable:
            return parameters
        return tuple(p.model_copy(update={"trainable": False, "frozen": p.trainable or p.frozen}) for p in parameters)

    def noise(self, shape: Shape) -> tuple[Mask | UniformNoise, ...]:
        """The random numbers it takes in training, named within the layer, for an input of `shape`."""
        return ()

    def multiply_adds(self, shape: Shape) -> int:
        """Multiply-adds per sample; additions of a bias and activations are not counted."""
        return 0

    def computed_within(self, shape: Shape) -> int:
        """The numbers that it computes for one sample, and keeps for its gradients, besides its output."""
        return 0

    @property
    def rows(self) -> tuple[tuple[str, tuple[Layer, ...]], ...]:
        """The rows of layers that it is made of, each with the prefix of their names; all take the layer's input."""
        return ()

    @property
    def rows_as_trained(self) -> tuple[tuple[str, tuple[Layer, ...]], ...]:
        """`rows`; those of a frozen layer have frozen layers only."""
        if self.trainable:
            return self.rows
        return tuple((prefix, tuple(layer.frozen for layer in row)) for prefix, row in self.rows)

    @property
    def frozen(self) -> Self:
        """The same layer, not trainable."""
        return self.model_copy(update={"trainable": False})

    @property
    def inner(self) -> tuple[Layer, ...]:
        """The layers it is made of, row after row."""
        return tuple(layer for _, row in self.rows_as_trained for layer in row)

    @property
    def last_activation(self) -> Activation | None:
        """The activation that computes the output; None for a layer that passes on the output of one before it."""
        return None

    def specimen_shape(self) -> Shape:
        """The shape of the input by which the vocabulary suite checks the specimens."""
        return (6,)


class Step(NamedTuple):
    """A layer in a row of layers: its name there, and the shapes of its input and output."""

    name: str
    layer: Layer
    input_shape: Shape
    output_shape: Shape


def in_a_row(layers: Sequence[Layer], shape: Shape, prefix: str = "") -> tuple[Step, ...]:
    """Layers applied in order to an input of `shape`; ValueError where they do not fit.

    An unnamed one is called by its kind and its number among that kind, from 1.
    """
    steps: list[Step] = []
    counts: dict[str, int] = {}
    for index, layer in enumerate(layers):
        counts[layer.word()] = counts.get(layer.word(), 0) + 1
        name = prefix + (layer.name or f"{layer.word()}_{counts[layer.word()]}")
        try:
            after = layer.output_shape(shape)
        except ValueError as error:
            raise ValueError(f"layer {index} ({name}): {error}") from None
        steps.append(Step(name, layer, shape, after))
        shape = after
    repeated = sorted(name for name, times in Counter(step.name for step in steps).items() if times > 1)
    if repeated:
        raise ValueError(f"layer names must differ, got {', '.join(repeated)} more than once")
    return tuple(steps)


def image(shape: Shape, what: str) -> tuple[int, int, int]:
    """The shape as (height, width, channels); ValueError where it is not that of an image."""
    if len(shape) != 3:
        raise ValueError(f"{what} takes images (height, width, channels), got {shape}")
    return shape[0], shape[1], shape[2]


def places(size: int, window: int, stride: int, dilation: int, padding: ConvolutionPadding) -> int:
    """The number of windows of `window` cells, `dilation` apart, along `size` cells; 0 or less where none fits."""
    if padding != "valid":
        return -(-size // stride)
    return (size - (window - 1) * dilation - 1) // stride + 1


def padded(size: int, window: int, stride: int, dilation: int, padding: ConvolutionPadding) -> tuple[int, int]:
    """Cells of padding before and after.

    For `same`: `max((ceil(size / stride) - 1) * stride + (window - 1) * dilation + 1 - size, 0)` in all, the smaller
    half before; for `same_lower` as many, the larger half before.
    """
    if padding == "valid":
        return 0, 0
    total = max((-(-size // stride) - 1) * stride + (window - 1) * dilation + 1 - size, 0)
    smaller, larger = total // 2, total - total // 2
    return (larger, smaller) if padding == "same_lower" else (smaller, larger)


def windows_shape(
    shape: Shape, what: str, window: Pair, strides: Pair, dilation: Pair, padding: ConvolutionPadding
) -> Shape:
    """(rows, columns) of windows over an image of `shape`; ValueError where not one fits."""
    height, width, _ = image(shape, what)
    rows = places(height, window[0], strides[0], dilation[0], padding)
    columns = places(width, window[1], strides[1], dilation[1], padding)
    if rows < 1 or columns < 1:
        reach = tuple((w - 1) * d + 1 for w, d in zip(window, dilation, strict=True))
        raise ValueError(
            f"{what} with padding=valid reaches over {reach[0]} x {reach[1]} cells, the image has {height} x {width}"
        )
    return rows, columns


def pair_in_tables(pair: Pair, what: str) -> str:
    """A pair as text, such as `stride 2x1`; empty for (1, 1)."""
    return f"{what} {pair[0]}x{pair[1]}" if pair != (1, 1) else ""
