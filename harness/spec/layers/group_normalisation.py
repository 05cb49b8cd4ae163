"""Normalisation of each sample by itself: over groups of channels, over each channel, and by the root mean square."""

from __future__ import annotations

from math import prod
from typing import Annotated, Literal

from pydantic import Field

from harness.spec.initializers import AnyInitializer
from harness.spec.layers.base import Layer
from harness.spec.layers.normalisation import ONES, Normalisation
from harness.spec.numbers import Count
from harness.spec.parameters import Parameter, Shape


def several_values(word: Layer, count: int, shape: Shape) -> None:
    """ValueError where a normalisation is over a single value: its output would be beta, whatever the value is."""
    if count < 2:
        raise ValueError(f"{word.word()} takes several values in each group, got 1 in an input of {shape}")


class GroupNorm(Normalisation):
    """`y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`, both over a group of a sample's channels.

    The channels, the last axis, are divided into `groups` of channels side by side; mean and variance are over all
    values of a sample in the channels of a group. The variance is divided by their number (Wu and He, 2018).
    """

    kind: Literal["group_norm"] = "group_norm"
    groups: Count

    @classmethod
    def specimens(cls) -> tuple[GroupNorm, ...]:
        return (cls(groups=2), cls(groups=3, epsilon=0.001, center=False, scale=False))

    @property
    def name_in_tables(self) -> str:
        return f"{super().name_in_tables} groups {self.groups}"

    def output_shape(self, shape: Shape) -> Shape:
        if shape[-1] % self.groups:
            raise ValueError(f"group_norm divides the channels into {self.groups} groups, {shape} has {shape[-1]}")
        several_values(self, prod(shape) // self.groups, shape)
        return shape

    def specimen_shape(self) -> Shape:
        return (3, 4, 6)


class InstanceNorm(Normalisation):
    """`y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`, both over each channel of each sample.

    A group normalisation with a group for each channel. The variance is divided by the number of values (Ulyanov et
    al., 2016). Takes inputs with an axis besides the channels, the last.
    """

    kind: Literal["instance_norm"] = "instance_norm"

    def output_shape(self, shape: Shape) -> Shape:
        several_values(self, prod(shape[:-1]), shape)
        return shape

    def specimen_shape(self) -> Shape:
        return (3, 4, 2)


class RmsNorm(Layer):
    """`y = gamma * x / sqrt(mean(x ** 2) + epsilon)`, the mean over the last axis (Zhang and Sennrich, 2019)."""

    kind: Literal["rms_norm"] = "rms_norm"
    epsilon: Annotated[float, Field(gt=0)] = 1e-5
    gamma_initializer: AnyInitializer = ONES

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        return (Parameter(name="gamma", shape=shape[-1:], initializer=self.gamma_initializer),)

    def specimen_shape(self) -> Shape:
        return (3, 4, 6)
