"""Normalisation over a batch and over a sample's last axis, and dropout."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import Tensor, nn, ops

from adapters.mindspore.layers.base import TO_FIRST, Made, Plain, parameter
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def batch_norm(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    word: Any = placed.layer
    own = {
        p.name: parameter(p.name, placed, weights, setting, p.trainable) for p in word.parameters(placed.input_shape)
    }
    return Made(NormalisedBatch(own, placed, setting, incoming), incoming, incoming, own)


def layer_norm(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    word: Any = placed.layer
    own = {p.name: parameter(p.name, placed, weights, setting) for p in word.parameters(placed.input_shape)}
    if setting.precision == "float64":
        return Made(NormalisedLast(own, placed, setting), parameters=own)
    native = nn.LayerNorm(placed.input_shape[-1:], -1, -1, epsilon=word.epsilon)
    learned = {"gamma": native.gamma, "beta": native.beta}
    for name, value in learned.items():
        if name in own:
            value.set_data(own[name])
        value.requires_grad = name in own
    return Made(Plain(native), parameters={name: learned[name] for name in own})


def dropout(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    word: Any = placed.layer
    turned = incoming == "channels_first" and len(placed.input_shape) == 3
    return Made(Dropped(Tensor(1 - word.rate, getattr(ms, setting.precision)), turned), incoming, incoming)


class NormalisedBatch(nn.Cell):
    """Over the batch in training, updating the moving statistics once a call; by the moving ones in evaluation."""

    def __init__(self, own: dict[str, Any], placed: PlacedLayer, setting: Setting, layout: Layout) -> None:
        super().__init__()
        word: Any = placed.layer
        dtype, channels = getattr(ms, setting.precision), placed.input_shape[-1]
        self.gamma = own.get("gamma", Tensor([1.0] * channels, dtype))
        self.beta = own.get("beta", Tensor([0.0] * channels, dtype))
        self.moving_mean, self.moving_variance = own["moving_mean"], own["moving_variance"]
        self.momentum, self.rest = Tensor(word.momentum, dtype), Tensor(1 - word.momentum, dtype)
        self.epsilon, self.unbiased = Tensor(word.epsilon, dtype), word.kept_variance == "unbiased"
        first = layout == "channels_first" and len(placed.input_shape) == 3
        self.axes = (0, 2, 3) if first else tuple(range(len(placed.input_shape)))
        self.along = (-1, 1, 1) if first else (-1,)

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        if not training:
            deviation = ops.sqrt(self.moving_variance + self.epsilon)
            return self.scaled((x - self._laid(self.moving_mean)) / self._laid(deviation))
        mean = ops.mean(x, self.axes, True)
        variance = ops.mean(ops.square(x - mean), self.axes, True)
        y = self.scaled((x - mean) / ops.sqrt(variance + self.epsilon))
        of_batch = ops.stop_gradient(mean).reshape(-1)
        y = ops.depend(y, ops.assign(self.moving_mean, self.momentum * self.moving_mean + self.rest * of_batch))
        of_batch = ops.stop_gradient(variance).reshape(-1)
        if self.unbiased:
            count = x.size // of_batch.size
            # Whole numbers, for a fraction would be rounded to float32 first.
            of_batch = of_batch * count / max(count - 1, 1)
        return ops.depend(
            y, ops.assign(self.moving_variance, self.momentum * self.moving_variance + self.rest * of_batch)
        )

    def scaled(self, normalised: Any) -> Any:
        return normalised * self._laid(self.gamma) + self._laid(self.beta)

    def _laid(self, values: Any) -> Any:
        """Along the axis of the channels."""
        return values.reshape(self.along)


class NormalisedLast(nn.Cell):
    """Over the last axis of each sample."""

    def __init__(self, own: dict[str, Any], placed: PlacedLayer, setting: Setting) -> None:
        super().__init__()
        word: Any = placed.layer
        dtype, size = getattr(ms, setting.precision), placed.input_shape[-1]
        self.gamma = own.get("gamma", Tensor([1.0] * size, dtype))
        self.beta = own.get("beta", Tensor([0.0] * size, dtype))
        self.epsilon = Tensor(word.epsilon, dtype)

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        mean = ops.mean(x, -1, True)
        variance = ops.mean(ops.square(x - mean), -1, True)
        return (x - mean) / ops.sqrt(variance + self.epsilon) * self.gamma + self.beta


class Dropped(nn.Cell):
    """`x * mask / (1 - rate)` in training."""

    def __init__(self, kept: Any, turned: bool) -> None:
        super().__init__()
        self.kept, self.turned = kept, turned

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        if not training:
            return x
        mask = ops.transpose(noise[0], TO_FIRST) if self.turned else noise[0]
        return x * (mask / self.kept)
