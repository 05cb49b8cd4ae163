"""One update in TensorFlow, and the updates of an epoch. In `graph` and `xla` modes an epoch is one compiled function.

Measured on 2 CPU cores, 784-784-784-10, batch 200, Adam: the function of an epoch takes 0.5 to 0.6 of the time of
`keras.Model.fit`, which leaves the graph once per step.

The watched numbers of the weights are read after an update.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from adapters.protocol import IntArray
from adapters.setting import Setting
from adapters.tensorflow.digests import WatchedColumns
from adapters.tensorflow.loss_scaling import LossScaler
from adapters.tensorflow.runtime import compiles, integers


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
        self.scaler = scaler
        self.network, self.outputs = network, outputs
        self.loss, self.zero_one, self.penalty = loss, zero_one, penalty
        self.kernels = [kernel.value for kernel in kernels]
        self.parameters = [parameter.value for parameter in parameters]

    def value_and_gradients(self, x: Any, y: Any, *noise: Any) -> Any:
        """The loss with the penalty in training, and its gradients by the trainable parameters."""
        with tf.GradientTape() as tape:
            value = self._value(x, y, *noise)
            scaled = value if self.scaler is None else self.scaler.scaled(value)
        gradients = tape.gradient(scaled, self.parameters)
        return value, gradients if self.scaler is None else self.scaler.unscaled(gradients)

    def layers(self, x: Any, *noise: Any) -> Any:
        """The outputs of all layers in training."""
        return self.outputs(x, True, noise)

    def forward(self, x: Any) -> Any:
        """The output of the model in evaluation."""
        return self.network(x, False, ())

    def score(self, x: Any, y: Any) -> Any:
        """The loss in evaluation without the penalty, and the number of misclassified samples."""
        outputs = self.network(x, False, ())
        return self.loss(outputs, y), tf.reduce_sum(self.zero_one(outputs, y))

    def score_values(self, x: Any, y: Any) -> Any:
        """The loss in evaluation for targets that are values, and 0."""
        return self.loss(self.network(x, False, ()), y), integers(0)

    def _value(self, x: Any, y: Any, *noise: Any) -> Any:
        return self.loss(self.network(x, True, noise), y) + self.penalty(self.kernels)


def gathered(x: Any, y: Any, batch: Any) -> Any:
    """The inputs and the targets of the samples `batch`."""
    return tf.gather(x, batch), tf.gather(y, batch)


class Update:
    """One update on the samples `batch`: returns the loss before it and the row of watched numbers."""

    def __init__(self, step: Step, apply_gradients: Any, watched: WatchedColumns) -> None:
        self.value_and_gradients, self.apply_gradients = step.value_and_gradients, apply_gradients
        self.scaler = step.scaler if step.scaler is not None and step.scaler.dynamic else None
        self.watched, self.width = watched, watched.width

    def __call__(self, x: Any, y: Any, batch: Any, *noise: Any) -> Any:
        inputs, targets = gathered(x, y, batch)
        value, gradients = self.value_and_gradients(inputs, targets, *noise)
        if self.scaler is None:
            clipped = self.apply_gradients(gradients)
        else:
            is_finite = self.scaler.all_finite(gradients)
            gradients = self.scaler.finite_or_zero(gradients, is_finite)
            clipped = tf.cond(is_finite, lambda: self._applied(gradients), lambda: _identical(gradients))
            self.scaler.adjust(is_finite)
        return value, self.watched(self.watched.weight_numbers(), gradients, clipped) if self.width else value

    def _applied(self, gradients: Any) -> Any:
        return _identical(self.apply_gradients(_identical(gradients)))


def _identical(tensors: Any) -> Any:
    """The tensors as those of the graph of a branch, since Keras refuses gradients of the graph around it."""
    return tuple(tf.identity(tensor) for tensor in tensors)


class CompiledEpoch:
    """All updates of an epoch in one graph: returns the losses and the rows of watched numbers."""

    def __init__(self, update: Update, setting: Setting) -> None:
        self.loop: Any = tf.function(_EpochLoop(update, setting).__call__, jit_compile=setting.compiler == "xla")

    def __call__(self, x: Any, y: Any, order: IntArray, steps: int, noise: list[Any]) -> Any:
        return self.loop(x, y, integers(order), integers(0), integers(steps), *noise)


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


class _EpochLoop:
    def __init__(self, update: Update, setting: Setting) -> None:
        self.update, self.width = update, update.width
        self.precision = setting.precision

    def __call__(self, x: Any, y: Any, order: Any, start: Any, steps: Any, *noise: Any) -> Any:
        losses = tf.zeros((order.shape[0],), self.precision)
        rows = tf.zeros((order.shape[0], self.width), self.precision)
        for step in tf.range(start, steps):
            step_noise = [tensor[step] for tensor in noise]
            value, row = self.update(x, y, order[step], *step_noise)
            losses = tf.tensor_scatter_nd_update(losses, [[step]], [value])
            if self.width:
                rows = tf.tensor_scatter_nd_update(rows, [[step]], [row])
        return losses, rows


def _stack(tensors: list[Any]) -> Any:
    return tf.stack(tensors) if tensors else None


def _joined(tensors: Any) -> Any:
    return tf.concat(tensors, axis=0)


def epoch_class(setting: Setting) -> Any:
    """The class that runs the epochs of the arm's mode."""
    if not compiles(setting):
        return EagerEpoch
    return SteppedEpoch if setting.mode.endswith("_step") else CompiledEpoch
