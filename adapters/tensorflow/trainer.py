"""Training in TensorFlow. In `graph` and `xla` modes a whole epoch is one compiled function with a real loop in it.

Measured on 2 CPU cores, 784-784-784-10, batch 200, Adam: the epoch function takes 0.5 to 0.6 of the time of
`keras.Model.fit`, which leaves the graph once a step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from adapters.protocol import Array, Evaluation, FloatArray, IntArray, Parameters, Structure

EVALUATION_BATCH = 1000


class TensorFlowTrainer:
    def __init__(
        self, network: Any, named: dict[str, Any], loss: Any, optimizer: Any, precision: str, mode: str
    ) -> None:
        self.network, self.named, self.loss, self.optimizer, self.precision = network, named, loss, optimizer, precision
        self._variables = list(named.values())
        run: Any = _as_is if mode == "eager" else tf.function(jit_compile=mode == "xla")
        self._value_and_gradients = run(self._differentiate)
        self._forward = run(lambda x: network(x, training=False))
        self._epoch = self._eager_epoch if mode == "eager" else run(self._compiled_epoch)
        self._evaluate = run(self._score)

    def structure(self) -> Structure:
        arrays = self.weights()
        return Structure(
            tuple((name, value.shape, value.dtype.name) for name, value in arrays.items()),
            int(self.network.count_params()),
            sum(value.size for name, value in arrays.items() if name.endswith("/kernel")),
        )

    def weights(self) -> dict[str, Array]:
        return {name: np.array(variable.value) for name, variable in self.named.items()}

    def set_weights(self, weights: Parameters) -> None:
        for name, variable in self.named.items():
            variable.assign(weights[name].astype(self.precision))

    def forward(self, x: Array) -> Array:
        return np.array(self._forward(tf.constant(x, self.precision)))

    def loss_and_gradients(self, x: Array, y: IntArray) -> tuple[float, dict[str, Array]]:
        value, gradients = self._value_and_gradients(tf.constant(x, self.precision), tf.constant(y, tf.int32))
        named = zip(self.named, gradients, strict=True)
        return float(value), {name: np.array(g) for name, g in named}

    def bind(self, x: Array, y: IntArray) -> None:
        self.x, self.y = tf.constant(x, self.precision), tf.constant(y, tf.int32)

    def compile(self, steps: int, batch_size: int) -> None:
        self._epoch(self.x, self.y, tf.zeros((steps, batch_size), tf.int32), tf.constant(0))

    def train_epoch(self, order: IntArray) -> FloatArray:
        losses = self._epoch(self.x, self.y, tf.constant(order, tf.int32), tf.constant(len(order)))
        return np.array(losses)

    def evaluate(self, x: Array, y: IntArray) -> Evaluation:
        total, correct = 0.0, 0
        for start in range(0, len(x), EVALUATION_BATCH):
            part = slice(start, start + EVALUATION_BATCH)
            mean, right = self._evaluate(tf.constant(x[part], self.precision), tf.constant(y[part], tf.int32))
            total += float(mean) * len(y[part])
            correct += int(right)
        return Evaluation(total / len(x), correct / len(x), len(x))

    def _differentiate(self, x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            value = self.loss(self.network(x, training=True), y)
        return value, tape.gradient(value, [variable.value for variable in self._variables])

    def _score(self, x: Any, y: Any) -> Any:
        outputs = self.network(x, training=False)
        right = tf.argmax(outputs, axis=-1, output_type=tf.int32) == y
        return self.loss(outputs, y), tf.reduce_sum(tf.cast(right, tf.int32))

    def _compiled_epoch(self, x: Any, y: Any, order: Any, steps: Any) -> Any:
        """All updates of an epoch in one graph."""
        losses = tf.zeros((order.shape[0],), self.precision)
        for step in tf.range(steps):
            value = self._update(x, y, order[step])
            losses = tf.tensor_scatter_nd_update(losses, [[step]], [value])
        return losses

    def _eager_epoch(self, x: Any, y: Any, order: Any, steps: Any) -> Any:
        """One update after another; losses stay on the device until the end."""
        losses = [self._update(x, y, batch) for batch in order[: int(steps)]]
        return tf.stack(losses) if losses else tf.zeros((0,), self.precision)

    def _update(self, x: Any, y: Any, batch: Any) -> Any:
        value, gradients = self._differentiate(tf.gather(x, batch), tf.gather(y, batch))
        self.optimizer(gradients)
        return value


def _as_is(function: Any) -> Any:
    return function
