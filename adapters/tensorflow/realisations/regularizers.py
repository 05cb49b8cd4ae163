"""How TensorFlow makes each penalty."""

from __future__ import annotations

from adapters.setting import Entries, Entry, composed, native
from harness.spec import regularizers as spec

FACTOR_LOST = "the native penalty takes its factor in float32"


def of_keras(by: str) -> Entry:
    in_float64 = composed("abs, square, sum", FACTOR_LOST)
    return lambda _, setting: in_float64 if setting.precision == "float64" else native(by)


REGULARIZERS: Entries = {
    spec.NoRegularizer: native("no operation"),
    spec.L1: of_keras("keras.regularizers.L1"),
    spec.L2: of_keras("keras.regularizers.L2"),
    spec.L1L2: of_keras("keras.regularizers.L1L2"),
}
