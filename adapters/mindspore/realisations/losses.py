"""How MindSpore makes each loss."""

from __future__ import annotations

from adapters.setting import Entries, Realisation, Setting, composed, native
from harness.spec import losses as spec

SPARSE_IS_INFINITE = "with sparse=True its value is inf once a logit is 87 above the label's"
FLOAT64_REFUSED = "the native loss has no float64 kernel"
FLOAT64_LOST = "the native loss computes in float32 whatever it is given"


def softmax_cross_entropy(word: spec.SoftmaxCrossEntropy, setting: Setting) -> Realisation:
    if setting.precision == "float64":
        return composed("max, exp, log", FLOAT64_REFUSED)
    if word.targets == "sparse":
        return composed("one-hot rows, nn.SoftmaxCrossEntropyWithLogits", SPARSE_IS_INFINITE)
    return native("nn.SoftmaxCrossEntropyWithLogits")


def mean_squared_error(_: spec.MeanSquaredError, setting: Setting) -> Realisation:
    return composed("mean of squares", FLOAT64_LOST) if setting.precision == "float64" else native("nn.MSELoss")


LOSSES: Entries = {
    spec.SoftmaxCrossEntropy: softmax_cross_entropy,
    spec.MeanSquaredError: mean_squared_error,
}
