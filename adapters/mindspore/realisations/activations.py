"""How MindSpore makes each activation."""

from __future__ import annotations

from adapters.setting import Entries, Entry, Realisation, Setting, composed, native
from harness.spec import activations as spec

WRONG_AT_KINK = "the native gradient at the kink is the mean of its two sides"
CHANNELS_SECOND = "the native one takes its channels from the second axis, and refuses float64"
DRAWS_ITSELF = "the native one draws its slopes by itself"
ONE_ONLY = "the native one refuses every alpha but 1"
WRONG_BELOW_0 = "the native gradient below 0 is another function"
NAN_FAR_OUT = "the native one makes NaN of a large x, and its gradient is coarse"
FLOAT64_REFUSED = "the native one has no float64 kernel"
FLOAT64_LOST = "the native one computes in float32, or from constants in float32, whatever it is given"


def elu(word: spec.Elu, setting: Setting) -> Realisation:
    return native("ops.elu") if word.alpha == 1 else composed("where, expm1", ONE_ONLY)


def gelu(word: spec.Gelu, setting: Setting) -> Realisation:
    if word.form == "tanh" and setting.precision == "float64":
        return composed("ops.sigmoid", FLOAT64_LOST)
    return native(f"ops.gelu(approximate={'none' if word.form == 'erf' else 'tanh'})")


def in_float32(made: Realisation, otherwise: Realisation) -> Entry:
    """`made` in float32, `otherwise` in float64."""
    return lambda _, setting: otherwise if setting.precision == "float64" else made


ACTIVATIONS: Entries = {
    spec.Linear: native("no operation"),
    spec.Sigmoid: native("ops.sigmoid"),
    spec.Tanh: native("ops.tanh"),
    spec.Relu: native("ops.relu"),
    spec.Relu6: in_float32(native("ops.relu6"), composed("ops.relu, ops.clamp", FLOAT64_REFUSED)),
    spec.LeakyRelu: composed("where", WRONG_AT_KINK),
    spec.Prelu: composed("where", CHANNELS_SECOND),
    spec.Rrelu: composed("where", DRAWS_ITSELF),
    spec.Elu: elu,
    spec.Selu: composed("where, expm1", WRONG_BELOW_0),
    spec.Celu: in_float32(native("ops.celu"), composed("where, expm1", FLOAT64_LOST)),
    spec.Softplus: in_float32(native("ops.softplus"), composed("maximum, exp, log1p", FLOAT64_LOST)),
    spec.Softsign: native("ops.softsign"),
    spec.Softmax: native("ops.softmax"),
    spec.LogSoftmax: in_float32(native("ops.log_softmax"), composed("max, exp, log", FLOAT64_LOST)),
    spec.HardSigmoid: native("ops.hardsigmoid"),
    spec.HardSwish: native("ops.hardswish"),
    spec.Silu: native("ops.silu"),
    spec.Gelu: gelu,
    spec.Mish: composed("where, exp", NAN_FAR_OUT),
    spec.ExponentialActivation: native("ops.exp"),
    spec.HardTanh: composed("ops.clamp", WRONG_AT_KINK),
}
