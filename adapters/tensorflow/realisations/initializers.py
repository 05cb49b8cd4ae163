"""Which initializer of TensorFlow's own draws from the spec's distribution. The plan draws a training's weights."""

from __future__ import annotations

from adapters.making import Makers
from adapters.setting import Choice, Entries, Setting, composed, native
from harness.spec import initializers as spec

make = Makers("adapters.tensorflow.initializers")

WIDENED = "the native VarianceScaling widens a truncated normal to make up for what is cut off"
SCALED = "keras.initializers.VarianceScaling"


def variance_scaling(word: spec.VarianceScaling, setting: Setting) -> Choice:
    """Composed for a truncated normal, else native."""
    if word.distribution == "truncated_normal":
        return composed("keras.initializers.TruncatedNormal", WIDENED, make.composed_variance_scaling)
    return native(SCALED, make.variance_scaling)


INITIALIZERS: Entries = {
    spec.Zeros: native("keras.initializers.Zeros", make.zeros),
    spec.Ones: native("keras.initializers.Ones", make.ones),
    spec.ConstantValue: native("keras.initializers.Constant", make.constant),
    spec.Normal: native("keras.initializers.RandomNormal", make.normal),
    spec.TruncatedNormal: native("keras.initializers.TruncatedNormal", make.truncated_normal),
    spec.Uniform: native("keras.initializers.RandomUniform", make.uniform),
    spec.XavierNormal: native(SCALED, make.xavier_normal),
    spec.XavierUniform: native(SCALED, make.xavier_uniform),
    spec.HeNormal: native(SCALED, make.he_normal),
    spec.HeUniform: native(SCALED, make.he_uniform),
    spec.LecunNormal: native(SCALED, make.lecun_normal),
    spec.LecunUniform: native(SCALED, make.lecun_uniform),
    spec.VarianceScaling: variance_scaling,
    spec.Orthogonal: native("keras.initializers.Orthogonal", make.orthogonal),
    spec.Identity: native("keras.initializers.Identity", make.identity),
}
