"""How TensorFlow makes each loss."""

from __future__ import annotations

from adapters.setting import Entries, Realisation, Setting, native
from harness.spec import losses as spec


def softmax_cross_entropy(word: spec.SoftmaxCrossEntropy, setting: Setting) -> Realisation:
    sparse = word.targets == "sparse"
    return native(f"keras.losses.{'Sparse' if sparse else ''}CategoricalCrossentropy")


LOSSES: Entries = {
    spec.SoftmaxCrossEntropy: softmax_cross_entropy,
    spec.MeanSquaredError: native("keras.losses.MeanSquaredError"),
}
