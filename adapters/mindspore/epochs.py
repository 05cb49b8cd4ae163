"""One update in MindSpore, and the updates of an epoch. In `jit` mode an epoch is one compiled graph with a real loop.

Measured on 2 CPU cores, 784-784-784-10, batch 200, Adam: the graph of an epoch takes 0.3 to 0.5 of the time of steps
that are compiled one by one, because parameters enter and leave the graph once per epoch instead of once per step. The
loop condition is a tensor: over a Python number MindSpore would unroll the loop and compile for seconds. Until a call
of the graph returns, its runtime keeps about 9 kB for each turn of the loop, so a long epoch is made of several calls.

The watched numbers of the weights are read before an update: in a compiled loop, a float64 parameter that is read again
after an assignment has float32 precision only, and so have all later updates.
"""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import nn, ops

from adapters.mindspore.digests import WatchedColumns
from adapters.mindspore.loss_scaling import LossScaler
from adapters.mindspore.runtime import compiled, compiles, integers
from adapters.protocol import IntArray
from adapters.setting import Setting

AT_ONCE = 5000  # steps of a call: some 50 MB


class Step:
    """The loss of a batch, its gradients, and the number of misclassified samples, as functions of tensors."""

    def __init__(
        self,
        network: Any,
        outputs: Any,
        loss: Any,
        zero_one: Any,
        penalty: Any,
        parameters: list[Any],
        kernels: list[Any],
        scaler: LossScaler | None,
    ) -> None:
        self.network, self.outputs = network, outputs
        self.loss, self.zero_one, self.penalty = loss, zero_one, penalty
        self.kernels = ms.ParameterTuple(kernels)
        self.scaler: Any = scaler
        if scaler is None:
            self.gradient_function = ms.value_and_grad(self._value, None, ms.ParameterTuple(parameters))
        else:
            scaled = ms.value_and_grad(self._scaled_value, None, ms.ParameterTuple(parameters), has_aux=True)
            self.gradient_function = _Unscaled(scaled, scaler)

    def value_and_gradients(self, x: Any, y: Any, *noise: Any) -> Any:
        """The loss with the penalty in training, and its gradients by the trainable parameters."""
        return self.gradient_function(x, y, *noise)

    def layers(self, x: Any, *noise: Any) -> Any:
        """The outputs of all layers in training."""
        return self.outputs(x, True, noise)

    def forward(self, x: Any) -> Any:
        """The output of the model in evaluation."""
        return self.network(x, False, ())

    def score(self, x: Any, y: Any) -> Any:
        """The loss in evaluation without the penalty, and the number of misclassified samples."""
        outputs = self.network(x, False, ())
        return self.loss(outputs, y), self.zero_one(outputs, y).sum()

    def score_values(self, x: Any, y: Any) -> Any:
        """The loss in evaluation for targets that are values, and 0."""
        return self.loss(self.network(x, False, ()), y), integers(0)

    def _scaled_value(self, x: Any, y: Any, *noise: Any) -> Any:
        value = self._value(x, y, *noise)
        return self.scaler.scaled(value), value

    def _value(self, x: Any, y: Any, *noise: Any) -> Any:
        return self.loss(self.network(x, True, noise), y) + self.penalty(self.kernels)


class _Unscaled(nn.Cell):
    """The loss and its gradients, from those of the scaled loss."""

    def __init__(self, scaled: Any, scaler: LossScaler) -> None:
        super().__init__()
        self.scaled, self.scaler = scaled, scaler

    def construct(self, x: Any, y: Any, *noise: Any) -> Any:
        (_, value), scaled_gradients = self.scaled(x, y, *noise)
        return value, self.scaler.unscaled(scaled_gradients)


def gathered(x: Any, y: Any, batch: Any) -> Any:
    """The inputs and the targets of the samples `batch`."""
    return ops.gather(x, batch, 0), ops.gather(y, batch, 0)


class Update(nn.Cell):
    """One update on the samples `batch`: returns the loss before it and the row of watched numbers."""

    def __init__(self, step: Step, apply_gradients: Any, watched: WatchedColumns) -> None:
        super().__init__()
        self.value_and_gradients, self.apply_gradients = step.gradient_function, apply_gradients
        self.scaler = step.scaler if step.scaler is not None and step.scaler.dynamic else None
        self.watched, self.width = watched, watched.width

    def construct(self, x: Any, y: Any, batch: Any, *noise: Any) -> Any:
        weight_numbers = self.watched.weight_numbers()
        inputs, targets = gathered(x, y, batch)
        value, gradients = self.value_and_gradients(inputs, targets, *noise)
        if self.scaler is None:
            clipped = self.apply_gradients(gradients)
        else:
            is_finite = self.scaler.all_finite(gradients)
            gradients = self.scaler.finite_or_zero(gradients, is_finite)
            clipped = gradients
            if is_finite:
                clipped = self.apply_gradients(gradients)
            value = ops.depend(value, self.scaler.adjust(is_finite))
        value = ops.depend(value, clipped)
        return value, self.watched(weight_numbers, gradients, clipped) if self.width else value


class CompiledEpoch:
    """All updates of an epoch in one graph: returns the losses and the rows of watched numbers.

    An epoch of more than `AT_ONCE` steps is several calls of this graph.
    """

    def __init__(self, update: Update, setting: Setting) -> None:
        self.loop = compiled(_EpochLoop(update, setting).construct, setting)

    def __call__(self, x: Any, y: Any, order: IntArray, steps: int, noise: list[Any]) -> Any:
        batches = integers(order)

        def run(first: int, end: int) -> Any:
            return self.loop(x, y, batches, integers(first), integers(end), *noise)

        if steps <= AT_ONCE:
            return run(0, steps)
        parts = [(first, min(first + AT_ONCE, steps)) for first in range(0, steps, AT_ONCE)]
        results = [[tensor[first:end] for tensor in run(first, end)] for first, end in parts]
        losses, rows = zip(*results, strict=True)
        return _joined(losses), _joined(rows)


class EagerEpoch:
    """The updates of an epoch one after another. The losses stay on the device until the end."""

    def __init__(self, update: Update, setting: Setting) -> None:
        self.update = update

    def __call__(self, x: Any, y: Any, order: IntArray, steps: int, noise: list[Any]) -> Any:
        losses, rows = [], []
        for step in range(steps):
            value, row = self.update(x, y, integers(order[step]), *(tensor[step] for tensor in noise))
            losses.append(value)
            rows.append(row)
        return _stack(losses), _stack(rows)


class SteppedEpoch:
    """The updates of an epoch one after another, each a call of a compiled epoch of one step."""

    def __init__(self, update: Update, setting: Setting) -> None:
        self.step = CompiledEpoch(update, setting)

    def __call__(self, x: Any, y: Any, order: IntArray, steps: int, noise: list[Any]) -> Any:
        if not steps:
            return self.step(x, y, order[:1], 0, [tensor[:1] for tensor in noise])
        results = []
        for step in range(steps):
            one = slice(step, step + 1)
            results.append(self.step(x, y, order[one], 1, [tensor[one] for tensor in noise]))
        losses, rows = zip(*results, strict=True)
        return _joined(losses), _joined(rows)


class _EpochLoop(nn.Cell):
    def __init__(self, update: Update, setting: Setting) -> None:
        super().__init__()
        self.update, self.width = update, update.width
        self.dtype = getattr(ms, setting.precision)

    def construct(self, x: Any, y: Any, order: Any, step: Any, steps: Any, *noise: Any) -> Any:
        losses = ops.zeros((order.shape[0],), self.dtype)
        rows = ops.zeros((order.shape[0], max(self.width, 1)), self.dtype)
        while step < steps:
            step_noise: Any = ()
            for tensor in noise:
                step_noise += (ops.gather(tensor, step, 0),)
            value, row = self.update(x, y, ops.gather(order, step, 0), *step_noise)
            losses = ops.tensor_scatter_update(losses, step.reshape(1, 1), value.reshape(1))
            if self.width:
                rows = ops.tensor_scatter_update(rows, step.reshape(1, 1), row.reshape(1, self.width))
            step = step + 1
        return losses, rows


def _stack(tensors: list[Any]) -> Any:
    return ops.stack(tensors) if tensors else None


def _joined(tensors: Any) -> Any:
    return ops.concat(tensors)


def epoch_class(setting: Setting) -> Any:
    """The class that runs the epochs of the arm's mode."""
    if not compiles(setting):
        return EagerEpoch
    return SteppedEpoch if setting.mode.endswith("_step") else CompiledEpoch
