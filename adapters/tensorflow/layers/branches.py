"""Branches, which all take one input, joined: added, multiplied or concatenated along the channels."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from adapters.tensorflow.layers.base import BuiltLayer
from harness.spec.arm import Layout
from harness.spec.layers.branches import Join
from harness.spec.model import PlacedLayer


def joined(placed: PlacedLayer, branches: list[BuiltLayer], noise: list[int], join: Join, layout: Layout) -> BuiltLayer:
    """The branches joined. Their images are in `layout`, `noise` has how many tensors of noise each takes."""
    prefix = f"{placed.name}/"
    parameters = {name.removeprefix(prefix): value for branch in branches for name, value in branch.parameters.items()}
    ends = [sum(noise[: number + 1]) for number in range(len(noise))]
    noise_spans = [(end - count, end) for end, count in zip(ends, noise, strict=True)]
    channels = 1 if layout == "channels_first" and len(placed.output_shape) == 3 else -1
    return BuiltLayer(JoinedBranches(branches, noise_spans, join, channels), layout, layout, parameters)


class JoinedBranches:
    """The outputs of the branches, each called with its part of the noise, joined."""

    def __init__(
        self, branches: list[BuiltLayer], noise_spans: list[tuple[int, int]], join: Join, channels: int
    ) -> None:
        self.branches = [branch.call for branch in branches]
        self.noise_spans, self.join, self.channels = noise_spans, join, channels

    def __call__(self, x: Any, training: bool, noise: Any) -> Any:
        outputs: Any = ()
        for index, branch in enumerate(self.branches):
            start, end = self.noise_spans[index]
            outputs += (branch(x, training, noise[start:end]),)
        if self.join == "concatenate":
            return tf.concat(outputs, self.channels)
        y = outputs[0]
        for output in outputs[1:]:
            y = y + output if self.join == "add" else y * output
        return y
