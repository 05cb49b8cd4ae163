"""How TensorFlow makes each activation, and by which function."""

from __future__ import annotations

from adapters.making import Makers
from adapters.setting import Choice, Entries, Setting, by_precision, composed, made_in_half, native
from harness.spec import activations as spec

make = Makers("adapters.tensorflow.activations")

ZERO_AT_6 = "the native gradient at 6 is 0"
ZERO_AT_KINK = "the native gradient at 0 is 0, and its layer keeps alpha to itself"
DRAWS_ITSELF = "Keras has none"
TWICE_AT_0 = "the native gradient at 0 is 2"
WRONG_BELOW_0 = "the native gradient just below 0 is that above 0"
ZERO_AT_ENDS = "the native gradient at -3 is 0 and at 3 is 1, that of the outer branches"
SQUARE_OVERFLOWS = "the native gradient is not a number where the square of x overflows float16"
FLOAT64_LOST = "the native one takes its constants in float32"


def gelu(word: spec.Gelu, setting: Setting) -> Choice:
    """Composed in float64, and for the tanh form in 16 bits; else native."""
    if setting.half and word.form == "tanh":
        return composed("keras.activations.gelu in float32", SQUARE_OVERFLOWS, make.gelu_in_float32)
    if setting.precision == "float64":
        by = "tf.math.erf" if word.form == "erf" else "tf.math.sigmoid"
        return composed(by, FLOAT64_LOST, make.composed_gelu)
    return native(f"keras.activations.gelu(approximate={word.form == 'tanh'})", make.gelu)


_ACTIVATIONS: Entries = {
    spec.Linear: native("keras.activations.linear", make.linear),
    spec.Sigmoid: native("keras.activations.sigmoid", make.sigmoid),
    spec.Tanh: native("keras.activations.tanh", make.tanh),
    spec.Relu: native("keras.activations.relu", make.relu),
    spec.Relu6: composed("keras.activations.relu, tf.minimum", ZERO_AT_6, make.composed_relu6),
    spec.LeakyRelu: by_precision(
        native("keras.activations.leaky_relu", make.leaky_relu),
        composed("where", FLOAT64_LOST, make.composed_leaky_relu),
    ),
    spec.Prelu: composed("where", ZERO_AT_KINK, make.composed_prelu),
    spec.Rrelu: composed("where", DRAWS_ITSELF, make.composed_rrelu),
    spec.Elu: native("keras.activations.elu", make.elu),
    spec.Selu: composed("where, expm1", WRONG_BELOW_0, make.composed_selu),
    spec.Celu: composed("where, expm1", TWICE_AT_0, make.composed_celu),
    spec.Softplus: native("keras.activations.softplus", make.softplus),
    spec.Softsign: native("keras.activations.softsign", make.softsign),
    spec.Softmax: native("keras.activations.softmax", make.softmax),
    spec.LogSoftmax: native("keras.activations.log_softmax", make.log_softmax),
    spec.HardSigmoid: native("keras.activations.hard_sigmoid", make.hard_sigmoid),
    spec.HardSwish: composed("tf.clip_by_value", ZERO_AT_ENDS, make.composed_hard_swish),
    spec.Silu: native("keras.activations.silu", make.silu),
    spec.Gelu: gelu,
    spec.Mish: native("keras.activations.mish", make.mish),
    spec.ExponentialActivation: native("keras.activations.exponential", make.exponential),
    spec.HardTanh: native("keras.activations.hard_tanh", make.hard_tanh),
}
ACTIVATIONS = made_in_half(_ACTIVATIONS, *(word for word in _ACTIVATIONS if word not in (spec.Prelu, spec.Rrelu)))
