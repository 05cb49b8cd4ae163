"""Which initializer of TensorFlow's own draws from the spec's distribution. The plan draws a training's weights."""

from __future__ import annotations

from adapters.setting import Entries, Realisation, Setting, composed, native
from harness.spec import initializers as spec

WIDENED = "the native VarianceScaling widens a truncated normal to make up for what is cut off"
SCALED = native("keras.initializers.VarianceScaling")


def variance_scaling(word: spec.VarianceScaling, setting: Setting) -> Realisation:
    truncated = word.distribution == "truncated_normal"
    return composed("keras.initializers.TruncatedNormal", WIDENED) if truncated else SCALED


INITIALIZERS: Entries = {
    spec.Zeros: native("keras.initializers.Zeros"),
    spec.Ones: native("keras.initializers.Ones"),
    spec.ConstantValue: native("keras.initializers.Constant"),
    spec.Normal: native("keras.initializers.RandomNormal"),
    spec.TruncatedNormal: native("keras.initializers.TruncatedNormal"),
    spec.Uniform: native("keras.initializers.RandomUniform"),
    spec.XavierNormal: SCALED,
    spec.XavierUniform: SCALED,
    spec.HeNormal: SCALED,
    spec.HeUniform: SCALED,
    spec.LecunNormal: SCALED,
    spec.LecunUniform: SCALED,
    spec.VarianceScaling: variance_scaling,
    spec.Orthogonal: native("keras.initializers.Orthogonal"),
    spec.Identity: native("keras.initializers.Identity"),
}
