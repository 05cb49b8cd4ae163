"""Layers that move values without computing."""

from __future__ import annotations

from math import prod
from typing import Annotated, Literal

from pydantic import Field, field_validator

from harness.spec.layers.base import Layer, image
from harness.spec.numbers import Count
from harness.spec.parameters import Shape


class Flatten(Layer):
    """(d1, ..., dn) to (d1 * ... * dn,), last axis fastest.

    `order = channels_first`: an image (height, width, channels) is turned to (channels, height, width) first, as it is
    flattened where channels lie first in memory.
    """

    kind: Literal["flatten"] = "flatten"
    order: Literal["channels_last", "channels_first"] = "channels_last"

    @classmethod
    def specimens(cls) -> tuple[Flatten, ...]:
        return (cls(), cls(order="channels_first"))

    @property
    def name_in_tables(self) -> str:
        return self.kind if self.order == "channels_last" else f"{self.kind} {self.order}"

    def output_shape(self, shape: Shape) -> Shape:
        if self.order == "channels_first":
            image(shape, f"flatten with order={self.order}")
        return (prod(shape),)

    def specimen_shape(self) -> Shape:
        return (4, 5, 3)


class Reshape(Layer):
    """The same values in another shape, last axis fastest in both."""

    kind: Literal["reshape"] = "reshape"
    target_shape: Annotated[tuple[Count, ...], Field(min_length=1)]

    @classmethod
    def specimens(cls) -> tuple[Reshape, ...]:
        return (cls(target_shape=(5, 2, 6)),)

    def output_shape(self, shape: Shape) -> Shape:
        if prod(shape) != prod(self.target_shape):
            raise ValueError(
                f"reshape to {self.target_shape} takes {prod(self.target_shape)} values, {shape} has {prod(shape)}"
            )
        return self.target_shape

    def specimen_shape(self) -> Shape:
        return (4, 5, 3)


class Permute(Layer):
    """The axes in another order: axis k of the output is axis `axes[k]` of the input, counted from 1.

    `axes = [2, 1]` turns a sequence (steps, features) to (features, steps), so that a dense layer mixes the steps.
    """

    kind: Literal["permute"] = "permute"
    axes: Annotated[tuple[Count, ...], Field(min_length=2)]

    @field_validator("axes")
    @classmethod
    def _each_once(cls, axes: tuple[int, ...]) -> tuple[int, ...]:
        if sorted(axes) != list(range(1, len(axes) + 1)):
            raise ValueError(f"must hold each of 1 to {len(axes)} once, got {list(axes)}")
        return axes

    @classmethod
    def specimens(cls) -> tuple[Permute, ...]:
        return (cls(axes=(2, 3, 1)),)

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != len(self.axes):
            raise ValueError(
                f"permute with axes={list(self.axes)} takes {len(self.axes)} axes, {shape} has {len(shape)}"
            )
        return tuple(shape[axis - 1] for axis in self.axes)

    def specimen_shape(self) -> Shape:
        return (4, 5, 3)
