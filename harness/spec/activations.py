"""Activations: elementwise unless the formula says otherwise; `x` is the layer's output before the activation.

Subgradients are stated where a formula has a kink: there the gradient is that of the branch the formula names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from harness.spec.base import Word, union_of
from harness.spec.initializers import AnyInitializer, ConstantValue
from harness.spec.parameters import Mask, Parameter, Shape, UniformNoise

Slope = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]


class Activation(Word):
    """Base of all activations."""

    family: ClassVar[str] = "activation"

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        """What it learns, for an input of `shape`."""
        return ()

    def noise(self, shape: Shape) -> tuple[Mask | UniformNoise, ...]:
        """The random numbers it takes in training, for an input of `shape`."""
        return ()


class Linear(Activation):
    """`f(x) = x`."""

    kind: Literal["linear"] = "linear"


class Sigmoid(Activation):
    """`f(x) = 1 / (1 + exp(-x))`."""

    kind: Literal["sigmoid"] = "sigmoid"


class Tanh(Activation):
    """`f(x) = (exp(x) - exp(-x)) / (exp(x) + exp(-x))`."""

    kind: Literal["tanh"] = "tanh"


class Relu(Activation):
    """`f(x) = max(x, 0)`; the gradient at 0 is 0."""

    kind: Literal["relu"] = "relu"


class Relu6(Activation):
    """`f(x) = min(max(x, 0), 6)`; the gradient is 1 for `0 < x <= 6`, else 0."""

    kind: Literal["relu6"] = "relu6"


class LeakyRelu(Activation):
    """`f(x) = x for x > 0, else slope * x`; the gradient at 0 is `slope` (Maas et al., 2013)."""

    kind: Literal["leaky_relu"] = "leaky_relu"
    slope: Slope = 0.01


class Prelu(Activation):
    """`f(x) = x for x > 0, else alpha * x`, alpha learned, one for each channel (last axis) (He et al., 2015).

    At 0 the gradient by x is alpha and that by alpha is 0.
    """

    kind: Literal["prelu"] = "prelu"
    alpha_initializer: AnyInitializer = ConstantValue(value=0.25)

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        return (Parameter(name="alpha", shape=shape[-1:], initializer=self.alpha_initializer),)


class Rrelu(Activation):
    """`f(x) = x for x > 0, else a * x`; the gradient at 0 is a (Xu et al., 2015).

    In training each element has an a of its own, drawn from U[lower, upper); in evaluation `a = (lower + upper) / 2`.
    """

    kind: Literal["rrelu"] = "rrelu"
    lower: Slope = 0.125
    upper: Slope = 0.3333333333333333

    @model_validator(mode="after")
    def _ordered(self) -> Rrelu:
        if self.lower > self.upper:
            raise ValueError(f"lower must not exceed upper, got lower={self.lower}, upper={self.upper}")
        return self

    def noise(self, shape: Shape) -> tuple[Mask | UniformNoise, ...]:
        return (UniformNoise(name="slopes", shape=shape, low=self.lower, high=self.upper),)


class Elu(Activation):
    """`f(x) = x for x > 0, else alpha * (exp(x) - 1)`; the gradient at 0 is alpha (Clevert et al., 2016)."""

    kind: Literal["elu"] = "elu"
    alpha: Slope = 1.0

    @classmethod
    def specimens(cls) -> tuple[Elu, ...]:
        return (cls(), cls(alpha=0.75))


class Selu(Activation):
    """`f(x) = s * x for x > 0, else s * a * (exp(x) - 1)`; the gradient at 0 is s * a (Klambauer et al., 2017).

    s = 1.0507009873554804934193349852946 and a = 1.6732632423543772848170429916717, from the fixed point at (0, 1).
    """

    kind: Literal["selu"] = "selu"


class Celu(Activation):
    """`f(x) = x for x > 0, else alpha * (exp(x / alpha) - 1)`; the gradient at 0 is 1 (Barron, 2017)."""

    kind: Literal["celu"] = "celu"
    alpha: Positive = 1.0

    @classmethod
    def specimens(cls) -> tuple[Celu, ...]:
        return (cls(), cls(alpha=0.75))


class Softplus(Activation):
    """`f(x) = log(1 + exp(x))`."""

    kind: Literal["softplus"] = "softplus"


class Softsign(Activation):
    """`f(x) = x / (1 + |x|)`; the gradient is `1 / (1 + |x|)**2`."""

    kind: Literal["softsign"] = "softsign"


class Softmax(Activation):
    """`f(x)_i = exp(x_i) / sum_j exp(x_j)` over the last axis."""

    kind: Literal["softmax"] = "softmax"


class LogSoftmax(Activation):
    """`f(x)_i = x_i - log(sum_j exp(x_j))` over the last axis."""

    kind: Literal["log_softmax"] = "log_softmax"


class HardSigmoid(Activation):
    """`f(x) = min(max(x + 3, 0), 6) / 6`; the gradient is 1/6 for `-3 < x < 3`, else 0."""

    kind: Literal["hard_sigmoid"] = "hard_sigmoid"


class HardSwish(Activation):
    """`f(x) = x * min(max(x + 3, 0), 6) / 6` (Howard et al., 2019).

    The gradient is `(2 * x + 3) / 6` for `-3 <= x <= 3`, else 0 below and 1 above.
    """

    kind: Literal["hard_swish"] = "hard_swish"


class Silu(Activation):
    """`f(x) = x / (1 + exp(-x))`, also called swish (Elfwing et al., 2018)."""

    kind: Literal["silu"] = "silu"


class Gelu(Activation):
    """`erf`: `f(x) = x * (1 + erf(x / sqrt(2))) / 2` (Hendrycks and Gimpel, 2016).

    `tanh`, their approximation: `f(x) = x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2`.
    """

    kind: Literal["gelu"] = "gelu"
    form: Literal["erf", "tanh"] = "erf"

    @classmethod
    def specimens(cls) -> tuple[Gelu, ...]:
        return (cls(form="erf"), cls(form="tanh"))


class Mish(Activation):
    """`f(x) = x * tanh(log(1 + exp(x)))` (Misra, 2019)."""

    kind: Literal["mish"] = "mish"


class ExponentialActivation(Activation):
    """`f(x) = exp(x)`."""

    kind: Literal["exponential"] = "exponential"


class HardTanh(Activation):
    """`f(x) = min(max(x, -1), 1)`; the gradient is 1 for `-1 <= x <= 1`, else 0."""

    kind: Literal["hard_tanh"] = "hard_tanh"


if TYPE_CHECKING:
    AnyActivation = Activation
else:
    AnyActivation: Any = union_of(Activation)
