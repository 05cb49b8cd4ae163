"""How MindSpore makes each activation, and by which function."""

from __future__ import annotations

from adapters.making import Makers
from adapters.setting import Choice, Entries, Setting, by_precision, composed, made_in_half, native
from harness.spec import activations as spec

make = Makers("adapters.mindspore.activations")

WRONG_AT_KINK = "the native gradient at the kink is the mean of its two sides"
CHANNELS_SECOND = "the native one takes its channels from the second axis, and refuses float64"
DRAWS_ITSELF = "the native one draws its slopes by itself"
ONE_ONLY = "the native one refuses every alpha but 1"
WRONG_BELOW_0 = "the native gradient below 0 is another function"
NAN_FAR_OUT = "the native one makes NaN of a large x, and its gradient is coarse"
FLOAT64_REFUSED = "the native one has no float64 kernel"
FLOAT64_LOST = "the native one computes in float32, or from constants in float32, whatever it is given"


def elu(word: spec.Elu, setting: Setting) -> Choice:
    """Native for an alpha of 1, else composed."""
    return native("ops.elu", make.elu) if word.alpha == 1 else composed("where, expm1", ONE_ONLY, make.composed_elu)


def gelu(word: spec.Gelu, setting: Setting) -> Choice:
    """Composed for the tanh form in float64, else native."""
    if setting.precision == "float64" and word.form == "tanh":
        return composed("ops.sigmoid", FLOAT64_LOST, make.composed_gelu)
    return native(f"ops.gelu(approximate={'none' if word.form == 'erf' else 'tanh'})", make.gelu)


_ACTIVATIONS: Entries = {
    spec.Linear: native("no operation", make.linear),
    spec.Sigmoid: native("ops.sigmoid", make.sigmoid),
    spec.Tanh: native("ops.tanh", make.tanh),
    spec.Relu: native("ops.relu", make.relu),
    spec.Relu6: by_precision(
        native("ops.relu6", make.relu6), composed("ops.relu, ops.clamp", FLOAT64_REFUSED, make.composed_relu6)
    ),
    spec.LeakyRelu: composed("where", WRONG_AT_KINK, make.composed_leaky_relu),
    spec.Prelu: composed("where", CHANNELS_SECOND, make.composed_prelu),
    spec.Rrelu: composed("where", DRAWS_ITSELF, make.composed_rrelu),
    spec.Elu: elu,
    spec.Selu: composed("where, expm1", WRONG_BELOW_0, make.composed_selu),
    spec.Celu: by_precision(native("ops.celu", make.celu), composed("where, expm1", FLOAT64_LOST, make.composed_celu)),
    spec.Softplus: by_precision(
        native("ops.softplus", make.softplus),
        composed("maximum, exp, log1p", FLOAT64_LOST, make.composed_softplus),
    ),
    spec.Softsign: native("ops.softsign", make.softsign),
    spec.Softmax: native("ops.softmax", make.softmax),
    spec.LogSoftmax: by_precision(
        native("ops.log_softmax", make.log_softmax),
        composed("max, exp, log", FLOAT64_LOST, make.composed_log_softmax),
    ),
    spec.HardSigmoid: native("ops.hardsigmoid", make.hard_sigmoid),
    spec.HardSwish: native("ops.hardswish", make.hard_swish),
    spec.Silu: native("ops.silu", make.silu),
    spec.Gelu: gelu,
    spec.Mish: composed("where, exp", NAN_FAR_OUT, make.composed_mish),
    spec.ExponentialActivation: native("ops.exp", make.exponential),
    spec.HardTanh: composed("ops.clamp", WRONG_AT_KINK, make.composed_hard_tanh),
}
ACTIVATIONS = made_in_half(_ACTIVATIONS, *(word for word in _ACTIVATIONS if word not in (spec.Prelu, spec.Rrelu)))
