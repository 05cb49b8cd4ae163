"""Normalisation of each sample by itself, from primitives, and nn.GroupNorm of what is no image."""

from __future__ import annotations

from math import prod
from typing import Any

from mindspore import nn, ops

from adapters.mindspore.runtime import floats
from adapters.setting import Setting
from harness.spec.model import PlacedLayer


class ChannelsSecond(nn.Cell):
    """A layer whose second axis is that of the channels, for inputs (B, ..., C) of any number of axes."""

    def __init__(self, native: Any) -> None:
        super().__init__()
        self.native = native

    def construct(self, x: Any) -> Any:
        turned = ops.transpose(x.reshape(x.shape[0], -1, x.shape[-1]), (0, 2, 1))
        return ops.transpose(self.native(turned), (0, 2, 1)).reshape(x.shape)


class GroupNormalisation(nn.Cell):
    """Normalises over each group of channels of each sample, (B, ..., C)."""

    def __init__(self, groups: int, parameters: dict[str, Any], placed: PlacedLayer, setting: Setting) -> None:
        super().__init__()
        word: Any = placed.layer
        channels = placed.input_shape[-1]
        self.group_shape = (prod(placed.input_shape[:-1]), groups, channels // groups)
        self.gamma = parameters.get("gamma", floats([1.0] * channels, setting))
        self.beta = parameters.get("beta", floats([0.0] * channels, setting))
        self.epsilon = floats(word.epsilon, setting)

    def construct(self, x: Any) -> Any:
        grouped = x.reshape(x.shape[0], *self.group_shape)
        mean = ops.mean(grouped, (1, 3), True)
        variance = ops.mean(ops.square(grouped - mean), (1, 3), True)
        return ((grouped - mean) / ops.sqrt(variance + self.epsilon)).reshape(x.shape) * self.gamma + self.beta


class RootMeanSquareNormalisation(nn.Cell):
    """Divides by the root mean square over the last axis of each sample."""

    def __init__(self, parameters: dict[str, Any], placed: PlacedLayer, setting: Setting) -> None:
        super().__init__()
        word: Any = placed.layer
        self.gamma, self.epsilon = parameters["gamma"], floats(word.epsilon, setting)

    def construct(self, x: Any) -> Any:
        return x / ops.sqrt(ops.mean(ops.square(x), -1, True) + self.epsilon) * self.gamma
