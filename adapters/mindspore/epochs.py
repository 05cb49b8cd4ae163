"""An update in MindSpore, and an epoch of them. In `jit` mode an epoch is one compiled graph with a real loop in it.

Measured on 2 CPU cores, 784-784-784-10, batch 200, Adam: the epoch graph takes 0.3 to 0.5 of the time a step takes
that is compiled alone, because parameters then enter and leave the graph once an epoch and not once a step. The loop
condition is a tensor: over a Python number MindSpore would unroll the loop, and compile for seconds.

What is watched of the weights is read before an update: in a compiled loop, a float64 parameter that is read again
after it was assigned to is right to float32 only, and so are then all later updates.
"""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import nn, ops

from adapters.mindspore.digests import Watching
from adapters.mindspore.runtime import integers
from adapters.protocol import IntArray
from adapters.setting import Setting


class Step:
    """The loss of a batch, its gradients, and its count of wrong answers, as functions of tensors."""

    def __init__(
        self,
        network: Any,
        outputs: Any,
        loss: Any,
        zero_one: Any,
        penalty: Any,
        parameters: list[Any],
        kernels: list[Any],
    ) -> None:
        self.network, self.outputs = network, outputs
        self.loss, self.zero_one, self.penalty = loss, zero_one, penalty
        self.kernels = ms.ParameterTuple(kernels)
        self.differentiated = ms.value_and_grad(self._value, None, ms.ParameterTuple(parameters))

    def value_and_gradients(self, x: Any, y: Any, *noise: Any) -> Any:
        return self.differentiated(x, y, *noise)

    def layers(self, x: Any, *noise: Any) -> Any:
        return self.outputs(x, True, noise)

    def forward(self, x: Any) -> Any:
        return self.network(x, False, ())

    def score(self, x: Any, y: Any) -> Any:
        outputs = self.network(x, False, ())
        return self.loss(outputs, y), self.zero_one(outputs, y).sum()

    def score_values(self, x: Any, y: Any) -> Any:
        return self.loss(self.network(x, False, ()), y), integers(0)

    def _value(self, x: Any, y: Any, *noise: Any) -> Any:
        return self.loss(self.network(x, True, noise), y) + self.penalty(self.kernels)


class Update(nn.Cell):
    """One update: the loss of its step, and what is watched of it."""

    def __init__(self, step: Step, clip: Any, move: Any, watching: Watching) -> None:
        super().__init__()
        self.differentiated, self.clip, self.move = step.differentiated, clip, move
        self.watching, self.width = watching, watching.width

    def construct(self, x: Any, y: Any, batch: Any, *noise: Any) -> Any:
        of_weights = self.watching.of_weights()
        value, gradients = self.differentiated(ops.gather(x, batch, 0), ops.gather(y, batch, 0), *noise)
        clipped = self.clip(gradients)
        value = ops.depend(value, self.move(clipped))
        return value, self.watching(of_weights, gradients, clipped) if self.width else value


class CompiledEpoch:
    """All updates of an epoch in one graph."""

    def __init__(self, update: Update, setting: Setting) -> None:
        self.loop = _EpochLoop(update, setting)

    def __call__(self, x: Any, y: Any, order: IntArray, steps: int, noise: list[Any]) -> Any:
        return self.loop(x, y, integers(order), integers(0), integers(steps), *noise)


class EagerEpoch:
    """One update after another; losses stay on the device until the end."""

    def __init__(self, update: Update, setting: Setting) -> None:
        self.update = update

    def __call__(self, x: Any, y: Any, order: IntArray, steps: int, noise: list[Any]) -> Any:
        losses, rows = [], []
        for number in range(steps):
            value, row = self.update(x, y, integers(order[number]), *(tensor[number] for tensor in noise))
            losses.append(value)
            rows.append(row)
        return _stacked(losses), _stacked(rows)


class _EpochLoop(nn.Cell):
    def __init__(self, update: Update, setting: Setting) -> None:
        super().__init__()
        self.update, self.width = update, update.width
        self.dtype = getattr(ms, setting.precision)

    @ms.jit
    def construct(self, x: Any, y: Any, order: Any, step: Any, steps: Any, *noise: Any) -> Any:
        losses = ops.zeros((order.shape[0],), self.dtype)
        rows = ops.zeros((order.shape[0], max(self.width, 1)), self.dtype)
        while step < steps:
            drawn: Any = ()
            for tensor in noise:
                drawn += (ops.gather(tensor, step, 0),)
            value, row = self.update(x, y, ops.gather(order, step, 0), *drawn)
            losses = ops.tensor_scatter_update(losses, step.reshape(1, 1), value.reshape(1))
            if self.width:
                rows = ops.tensor_scatter_update(rows, step.reshape(1, 1), row.reshape(1, self.width))
            step = step + 1
        return losses, rows


def _stacked(tensors: list[Any]) -> Any:
    return ops.stack(tensors) if tensors else None
