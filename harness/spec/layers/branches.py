"""Layers whose branches are joined: rows of layers side by side, all on the same input."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.spec.activations import Sigmoid
from harness.spec.initializers import XavierUniform
from harness.spec.layers.base import Layer
from harness.spec.layers.composite import AnySingleLayer, Composite
from harness.spec.layers.convolution import Conv2d
from harness.spec.layers.dense import Dense
from harness.spec.layers.normalisation import BatchNorm, Dropout
from harness.spec.layers.pooling import GlobalAveragePool2d
from harness.spec.layers.resizing import Upsampling2d
from harness.spec.layers.shape import Reshape
from harness.spec.parameters import Shape

Join = Literal["add", "multiply", "concatenate"]
Row = tuple[AnySingleLayer, ...]
MOST_BRANCHES = 50


class Parallel(Composite):
    """`join(f_1(x), ..., f_n(x))`, each f_i being a branch: layers in a row, or none, which leave x as it is.

    `join = add`: the sum, and `multiply`: the product of the branches, value by value, which must have one shape.
    `concatenate`: the branches one after the other along the last axis; their other axes must have the same sizes. A
    branch may hold any layer but one made of layers.
    """

    kind: Literal["parallel"] = "parallel"
    join: Join
    branches: Annotated[tuple[Row, ...], Field(min_length=2, max_length=MOST_BRANCHES)]

    @classmethod
    def specimens(cls) -> tuple[Parallel, ...]:
        drawn = XavierUniform()
        plain = Conv2d(filters=2, kernel_size=(1, 1), kernel_initializer=drawn, use_bias=False)
        wide = Conv2d(filters=3, kernel_size=(3, 3), padding="same", kernel_initializer=drawn)
        gate = Dense(units=2, kernel_initializer=drawn, activation=Sigmoid())
        # Squeeze and excitation (Hu et al., 2018).
        squeezed = (GlobalAveragePool2d(), gate, Reshape(target_shape=(1, 1, 2)), Upsampling2d(size=(5, 4)))
        return (
            cls(join="add", branches=((plain, BatchNorm(momentum=0.9)), (plain,))),
            cls(join="multiply", branches=((), squeezed)),
            cls(join="concatenate", branches=((plain,), (wide, Dropout(rate=0.3)), ())),
        )

    @property
    def rows(self) -> tuple[tuple[str, tuple[Layer, ...]], ...]:
        return tuple((f"branch_{number}/", branch) for number, branch in enumerate(self.branches, start=1))

    @property
    def name_in_tables(self) -> str:
        branches = (", ".join(layer.name_in_tables for layer in branch) or "input" for branch in self.branches)
        return f"parallel {self.join} ({'; '.join(branches)})"

    def output_shape(self, shape: Shape) -> Shape:
        return joined_shape(self.join, self.shapes_out(shape), [f"branch_{n + 1}" for n in range(len(self.branches))])

    def specimen_shape(self) -> Shape:
        return (5, 4, 2)


class Concatenate(Composite):
    """`[x, f(x)]` along the last axis, f being the inner layers in a row (a dense connection: Huang et al., 2017).

    All axes of f(x) but the last must have the sizes of those of x. The inner layers may be any but one made of layers.
    """

    kind: Literal["concatenate"] = "concatenate"
    layers: Annotated[tuple[AnySingleLayer, ...], Field(min_length=1)]

    @classmethod
    def specimens(cls) -> tuple[Concatenate, ...]:
        return (cls(layers=(Dense(units=4, kernel_initializer=XavierUniform()), Dropout(rate=0.3))),)

    @property
    def rows(self) -> tuple[tuple[str, tuple[Layer, ...]], ...]:
        return (("", self.layers),)

    @property
    def name_in_tables(self) -> str:
        return f"concatenate ({', '.join(layer.name_in_tables for layer in self.layers)})"

    def output_shape(self, shape: Shape) -> Shape:
        return joined_shape("concatenate", (shape, *self.shapes_out(shape)), ["the input", "the last layer"])


def joined_shape(join: Join, shapes: tuple[Shape, ...], names: list[str]) -> Shape:
    """The shape of branches joined; ValueError, with both shapes, where one does not join the first."""
    first, *others = shapes
    is_concatenated = join == "concatenate"
    alike = "all axes but the last must be alike" if is_concatenated else "their shapes must be alike"
    for name, shape in zip(names[1:], others, strict=True):
        if (shape[:-1] != first[:-1]) if is_concatenated else (shape != first):
            raise ValueError(f"to {join} branches {alike}, got {first} from {names[0]} and {shape} from {name}")
    return (*first[:-1], sum(shape[-1] for shape in shapes)) if is_concatenated else first
