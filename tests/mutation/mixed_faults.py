"""Faults of mixed precision: float16 layers between float32 weights and a float32 loss, which is scaled by 128."""

from __future__ import annotations

from faults import MS, TF, Fault

MIXED = (
    Fault(
        "weights kept in float16",
        f"{TF}.layers",
        'parameter.assign(weights[f"{placed.name}/{name}"])',
        'parameter.assign(weights[f"{placed.name}/{name}"].astype("float16"))',
        "model",
        "tensorflow-mixed",
    ),
    Fault(
        "the loss scale not divided out",
        f"{MS}.epochs",
        "return value, self.scaler.unscaled(scaled_gradients)",
        "return value, scaled_gradients",
        "model",
        "mindspore-mixed",
    ),
    Fault(
        "a loss rounded to float16",
        f"{TF}.epochs",
        "return self.loss(self.network(x, True, noise), y) + self.penalty(self.kernels)",
        "return tf.cast(tf.cast(self.loss(self.network(x, True, noise), y) + self.penalty(self.kernels), 'float16'),"
        " 'float32')",
        "model",
        "tensorflow-mixed",
    ),
    Fault(
        "a softmax of float16 logits",
        f"{MS}.losses",
        "flat = outputs.reshape(-1, self.width)",
        "flat = outputs.reshape(-1, self.width).astype(ms.float16).astype(ms.float32)",
        "loss",
        "mindspore-mixed",
    ),
    Fault(
        "a normalisation in float16",
        f"{MS}.specifics.half",
        "ops.cast(self.layer(ops.cast(x, self.precision), training, noise), self.half)",
        "ops.cast(self.layer(ops.cast(x, self.precision) // 0.0625 * 0.0625, training, noise), self.half)",
        "layer",
        "mindspore-mixed",
        "conv",
    ),
    Fault(
        "a root mean square in float16",
        f"{TF}.specifics.half",
        "tf.cast(self.layer(tf.cast(x, self.precision), training, noise), self.half)",
        "tf.cast(self.layer(tf.cast(x, self.precision) // 0.0625 * 0.0625, training, noise), self.half)",
        "layer",
        "tensorflow-mixed",
        "branches",
    ),
    Fault(
        "a softmax in float32 without the factor of its scores",
        f"{TF}.layers.attention",
        "self.native(tf.cast(scores, self.precision) * self.factor, mask=mask)",
        "self.native(tf.cast(scores, self.precision), mask=mask)",
        "layer",
        "tensorflow-mixed",
        "sequences",
    ),
    Fault(
        "a recurrent kernel with too few digits",
        f"{MS}.specifics.recurrent",
        "return ops.matmul(x, ops.cast(kernel, x.dtype).T)",
        "return ops.matmul(x, ops.cast(kernel // 0.0625 * 0.0625, x.dtype).T)",
        "layer",
        "mindspore-mixed",
        "sequences",
    ),
    Fault(
        "weights rounded to float16 by an update",
        f"{TF}.epochs",
        "            clipped = self.apply_gradients(gradients)\n        else:",
        "            clipped = self.apply_gradients(gradients)\n"
        "            weights = self.value_and_gradients.__self__.parameters\n"
        "            [w.assign(tf.cast(tf.cast(w, 'float16'), 'float32')) for w in weights]\n"
        "        else:",
        "trajectory",
        "tensorflow-mixed",
    ),
)
