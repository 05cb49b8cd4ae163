"""Normalisation over a batch, and in float64 over a sample's last axis, from primitives."""

from __future__ import annotations

from typing import Any

from mindspore import nn, ops

from adapters.mindspore.runtime import floats
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


class BatchNormalisation(nn.Cell):
    """Normalises over the batch in training and updates the moving statistics, by which it normalises in evaluation.

    A frozen one may normalise by the moving statistics in training too.
    """

    def __init__(self, parameters: dict[str, Any], placed: PlacedLayer, setting: Setting, layout: Layout) -> None:
        super().__init__()
        word: Any = placed.layer
        self.gamma, self.beta = _gamma_and_beta(parameters, placed, setting)
        self.moving_mean, self.moving_variance = parameters["moving_mean"], parameters["moving_variance"]
        self.momentum, self.one_minus_momentum = floats(word.momentum, setting), floats(1 - word.momentum, setting)
        self.epsilon, self.unbiased = floats(word.epsilon, setting), word.kept_variance == "unbiased"
        channels_first = layout == "channels_first" and len(placed.input_shape) == 3
        self.by_batch = word.normalises_by_batch(training=True)
        self.axes = (0, 2, 3) if channels_first else tuple(range(len(placed.input_shape)))
        self.channel_shape = (-1, 1, 1) if channels_first else (-1,)

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        if not (training and self.by_batch):
            deviation = ops.sqrt(self.moving_variance + self.epsilon)
            return self.scale_and_shift((x - self._along_channels(self.moving_mean)) / self._along_channels(deviation))
        mean = ops.mean(x, self.axes, True)
        variance = ops.mean(ops.square(x - mean), self.axes, True)
        y = self.scale_and_shift((x - mean) / ops.sqrt(variance + self.epsilon))
        batch_statistic = ops.stop_gradient(mean).reshape(-1)
        moving_mean = self.momentum * self.moving_mean + self.one_minus_momentum * batch_statistic
        y = ops.depend(y, ops.assign(self.moving_mean, moving_mean))
        batch_statistic = ops.stop_gradient(variance).reshape(-1)
        if self.unbiased:
            count = x.size // batch_statistic.size
            # Whole numbers, because a fraction would be rounded to float32 first.
            batch_statistic = batch_statistic * count / max(count - 1, 1)
        moving_variance = self.momentum * self.moving_variance + self.one_minus_momentum * batch_statistic
        return ops.depend(y, ops.assign(self.moving_variance, moving_variance))

    def scale_and_shift(self, normalised: Any) -> Any:
        """`gamma * normalised + beta`, by channel."""
        return normalised * self._along_channels(self.gamma) + self._along_channels(self.beta)

    def _along_channels(self, values: Any) -> Any:
        """The values reshaped to broadcast along the axis of the channels."""
        return values.reshape(self.channel_shape)


class LastAxisNormalisation(nn.Cell):
    """Normalises over the last axis of each sample."""

    def __init__(self, parameters: dict[str, Any], placed: PlacedLayer, setting: Setting) -> None:
        super().__init__()
        word: Any = placed.layer
        self.gamma, self.beta = _gamma_and_beta(parameters, placed, setting)
        self.epsilon = floats(word.epsilon, setting)

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        mean = ops.mean(x, -1, True)
        variance = ops.mean(ops.square(x - mean), -1, True)
        return (x - mean) / ops.sqrt(variance + self.epsilon) * self.gamma + self.beta


def _gamma_and_beta(parameters: dict[str, Any], placed: PlacedLayer, setting: Setting) -> tuple[Any, Any]:
    """The trainable gamma and beta of the layer; ones and zeros where it has none."""
    size = placed.input_shape[-1]
    return parameters.get("gamma", floats([1.0] * size, setting)), parameters.get("beta", floats([0.0] * size, setting))
