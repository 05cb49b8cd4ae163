"""How TensorFlow makes each penalty."""

from __future__ import annotations

from adapters.setting import Entries, Entry, composed, native
from harness.spec import regularizers as spec

FACTOR_LOST = "the native penalty takes its factor in float32"


def by_class(by: str) -> Entry:
    """The class `by` in float32, composed in float64."""
    in_float64 = composed("abs, square, sum", FACTOR_LOST)
    return lambda _, setting: in_float64 if setting.precision == "float64" else native(by)


REGULARIZERS: Entries = {
    spec.NoRegularizer: native("no operation"),
    spec.L1: by_class("keras.regularizers.L1"),
    spec.L2: by_class("keras.regularizers.L2"),
    spec.L1L2: by_class("keras.regularizers.L1L2"),
}
