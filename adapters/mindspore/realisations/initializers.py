"""Which initializer of MindSpore's own draws from the spec's distribution. The plan draws a training's weights."""

from __future__ import annotations

from adapters.making import Makers
from adapters.setting import Choice, Entries, Setting, by_precision, composed, native
from harness.spec import initializers as spec

make = Makers("adapters.mindspore.initializers")

SYMMETRIC_ONLY = "the native one is symmetric about 0"
FLOAT64_LOST = "the native one decomposes in float32"
NO_GAIN = "the native one has no gain"
UNIFORM_INSTEAD = "the native VarianceScaling draws uniform numbers when asked for truncated normal ones"


def variance_scaling(word: spec.VarianceScaling, setting: Setting) -> Choice:
    """Composed for a truncated normal, else native."""
    if word.distribution == "truncated_normal":
        return composed("TruncatedNormal", UNIFORM_INSTEAD, make.composed_variance_scaling)
    return native("VarianceScaling", make.variance_scaling)


def identity(word: spec.Identity, setting: Setting) -> Choice:
    """Native for a gain of 1, else composed."""
    if word.gain == 1:
        return native("Identity", make.identity)
    return composed("Identity, times the gain", NO_GAIN, make.composed_identity)


INITIALIZERS: Entries = {
    spec.Zeros: native("Zero", make.zeros),
    spec.Ones: native("One", make.ones),
    spec.ConstantValue: native("Constant", make.constant),
    spec.Normal: native("Normal", make.normal),
    spec.TruncatedNormal: native("TruncatedNormal", make.truncated_normal),
    spec.Uniform: composed("Uniform, moved", SYMMETRIC_ONLY, make.composed_uniform),
    spec.XavierNormal: native("XavierNormal", make.xavier_normal),
    spec.XavierUniform: native("XavierUniform", make.xavier_uniform),
    spec.HeNormal: native("HeNormal", make.he_normal),
    spec.HeUniform: native("HeUniform", make.he_uniform),
    spec.LecunNormal: native("VarianceScaling", make.lecun_normal),
    spec.LecunUniform: native("VarianceScaling", make.lecun_uniform),
    spec.VarianceScaling: variance_scaling,
    spec.Orthogonal: by_precision(
        native("Orthogonal", make.orthogonal),
        composed("Normal, QR in float64", FLOAT64_LOST, make.composed_orthogonal),
    ),
    spec.Identity: identity,
}
