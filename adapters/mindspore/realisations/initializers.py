"""Which initializer of MindSpore's own draws from the spec's distribution. The plan draws a training's weights."""

from __future__ import annotations

from adapters.setting import Entries, Realisation, Setting, composed, native
from harness.spec import initializers as spec

SYMMETRIC_ONLY = "the native one is symmetric about 0"
FLOAT64_LOST = "the native one decomposes in float32"
NO_GAIN = "the native one has no gain"
UNIFORM_INSTEAD = "the native VarianceScaling draws uniform numbers when asked for truncated normal ones"


def variance_scaling(word: spec.VarianceScaling, setting: Setting) -> Realisation:
    truncated = word.distribution == "truncated_normal"
    return composed("TruncatedNormal", UNIFORM_INSTEAD) if truncated else native("VarianceScaling")


def orthogonal(_: spec.Orthogonal, setting: Setting) -> Realisation:
    return composed("Normal, QR in float64", FLOAT64_LOST) if setting.precision == "float64" else native("Orthogonal")


def identity(word: spec.Identity, setting: Setting) -> Realisation:
    return native("Identity") if word.gain == 1 else composed("Identity, times the gain", NO_GAIN)


INITIALIZERS: Entries = {
    spec.Zeros: native("Zero"),
    spec.Ones: native("One"),
    spec.ConstantValue: native("Constant"),
    spec.Normal: native("Normal"),
    spec.TruncatedNormal: native("TruncatedNormal"),
    spec.Uniform: composed("Uniform, moved", SYMMETRIC_ONLY),
    spec.XavierNormal: native("XavierNormal"),
    spec.XavierUniform: native("XavierUniform"),
    spec.HeNormal: native("HeNormal"),
    spec.HeUniform: native("HeUniform"),
    spec.LecunNormal: native("VarianceScaling"),
    spec.LecunUniform: native("VarianceScaling"),
    spec.VarianceScaling: variance_scaling,
    spec.Orthogonal: orthogonal,
    spec.Identity: identity,
}
