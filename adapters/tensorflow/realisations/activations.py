"""How TensorFlow makes each activation."""

from __future__ import annotations

from adapters.setting import Entries, Realisation, Setting, composed, native
from harness.spec import activations as spec

ZERO_AT_6 = "the native gradient at 6 is 0"
ZERO_AT_KINK = "the native gradient at 0 is 0, and its layer keeps alpha to itself"
DRAWS_ITSELF = "Keras has none"
TWICE_AT_0 = "the native gradient at 0 is 2"
WRONG_BELOW_0 = "the native gradient just below 0 is that above 0"
ZERO_AT_ENDS = "the native gradient at -3 is 0 and at 3 is 1, that of the outer branches"
FLOAT64_LOST = "the native one takes its constants in float32"


def leaky_relu(_: spec.LeakyRelu, setting: Setting) -> Realisation:
    if setting.precision == "float64":
        return composed("where", FLOAT64_LOST)
    return native("keras.activations.leaky_relu")


def gelu(word: spec.Gelu, setting: Setting) -> Realisation:
    if setting.precision == "float64":
        return composed("tf.math.erf" if word.form == "erf" else "tf.math.sigmoid", FLOAT64_LOST)
    return native(f"keras.activations.gelu(approximate={word.form == 'tanh'})")


ACTIVATIONS: Entries = {
    spec.Linear: native("keras.activations.linear"),
    spec.Sigmoid: native("keras.activations.sigmoid"),
    spec.Tanh: native("keras.activations.tanh"),
    spec.Relu: native("keras.activations.relu"),
    spec.Relu6: composed("keras.activations.relu, tf.minimum", ZERO_AT_6),
    spec.LeakyRelu: leaky_relu,
    spec.Prelu: composed("where", ZERO_AT_KINK),
    spec.Rrelu: composed("where", DRAWS_ITSELF),
    spec.Elu: native("keras.activations.elu"),
    spec.Selu: composed("where, expm1", WRONG_BELOW_0),
    spec.Celu: composed("where, expm1", TWICE_AT_0),
    spec.Softplus: native("keras.activations.softplus"),
    spec.Softsign: native("keras.activations.softsign"),
    spec.Softmax: native("keras.activations.softmax"),
    spec.LogSoftmax: native("keras.activations.log_softmax"),
    spec.HardSigmoid: native("keras.activations.hard_sigmoid"),
    spec.HardSwish: composed("tf.clip_by_value", ZERO_AT_ENDS),
    spec.Silu: native("keras.activations.silu"),
    spec.Gelu: gelu,
    spec.Mish: native("keras.activations.mish"),
    spec.ExponentialActivation: native("keras.activations.exponential"),
    spec.HardTanh: native("keras.activations.hard_tanh"),
}
