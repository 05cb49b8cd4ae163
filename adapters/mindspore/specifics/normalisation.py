"""Normalisation over a batch, and in float64 over a sample's last axis, from primitives."""

from __future__ import annotations

from typing import Any

from mindspore import nn, ops

from adapters.mindspore.runtime import floats
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


class NormalisedBatch(nn.Cell):
    """Over the batch in training, updating the moving statistics once a call; by the moving ones in evaluation."""

    def __init__(self, parameters: dict[str, Any], placed: PlacedLayer, setting: Setting, layout: Layout) -> None:
        super().__init__()
        word: Any = placed.layer
        self.gamma, self.beta = _scale_and_shift(parameters, placed, setting)
        self.moving_mean, self.moving_variance = parameters["moving_mean"], parameters["moving_variance"]
        self.momentum, self.rest = floats(word.momentum, setting), floats(1 - word.momentum, setting)
        self.epsilon, self.unbiased = floats(word.epsilon, setting), word.kept_variance == "unbiased"
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

    def __init__(self, parameters: dict[str, Any], placed: PlacedLayer, setting: Setting) -> None:
        super().__init__()
        word: Any = placed.layer
        self.gamma, self.beta = _scale_and_shift(parameters, placed, setting)
        self.epsilon = floats(word.epsilon, setting)

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        mean = ops.mean(x, -1, True)
        variance = ops.mean(ops.square(x - mean), -1, True)
        return (x - mean) / ops.sqrt(variance + self.epsilon) * self.gamma + self.beta


def _scale_and_shift(parameters: dict[str, Any], placed: PlacedLayer, setting: Setting) -> tuple[Any, Any]:
    """What the layer learns of them; ones and zeros where it learns none."""
    size = placed.input_shape[-1]
    return parameters.get("gamma", floats([1.0] * size, setting)), parameters.get("beta", floats([0.0] * size, setting))
