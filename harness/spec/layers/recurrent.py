"""Recurrent layers over sequences (steps, features), from a state of zeros. `h` is the state, x the input of a step.

Every parameter holds its gates side by side along the last axis, in the order that the word states; a gate takes its
own blocks of them. Where MindSpore adds two biases there is one here, for only their sum matters.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator

from harness.spec.activations import Activation, AnyActivation, HardSigmoid, Linear, Relu, Sigmoid, Tanh
from harness.spec.initializers import AnyInitializer, Normal, Orthogonal, XavierUniform, Zeros
from harness.spec.layers.base import Layer
from harness.spec.numbers import Count
from harness.spec.parameters import Parameter, Shape

OF_GATES = (Tanh, Sigmoid, Relu, HardSigmoid, Linear)


def _of_gates(activation: Activation) -> Activation:
    if not isinstance(activation, OF_GATES):
        allowed = ", ".join(kind.word() for kind in OF_GATES)
        raise ValueError(f"a recurrent layer takes one of the activations {allowed}, got {activation.word()}")
    return activation


GateActivation = Annotated[AnyActivation, AfterValidator(_of_gates)]


class Recurrent(Layer):
    """Base of the recurrent layers.

    With `return_sequences` the output is the state after every step, (steps, units), else the last one, (units,).
    """

    gates: ClassVar[int]
    prefix: ClassVar[str] = ""
    units: Count
    kernel_initializer: AnyInitializer
    recurrent_initializer: AnyInitializer
    use_bias: bool = True
    bias_initializer: AnyInitializer = Zeros()
    activation: GateActivation = Tanh()
    return_sequences: bool = False

    def output_shape(self, shape: Shape) -> Shape:
        steps, _ = sequence(shape, self.word())
        return (steps, self.units) if self.return_sequences else (self.units,)

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        width = self.gates * self.units
        kernel, recurrent = (shape[-1], width), (self.units, width)
        bias = Parameter(name=f"{self.prefix}bias", shape=self.bias_shape, initializer=self.bias_initializer)
        return (
            Parameter(name=f"{self.prefix}kernel", shape=kernel, initializer=self.kernel_initializer),
            Parameter(name=f"{self.prefix}recurrent_kernel", shape=recurrent, initializer=self.recurrent_initializer),
            *([bias] if self.use_bias else []),
        )

    @property
    def bias_shape(self) -> Shape:
        return (self.gates * self.units,)

    def multiply_adds(self, shape: Shape) -> int:
        return shape[0] * self.gates * self.units * (shape[1] + self.units)

    def computed_within(self, shape: Shape) -> int:
        # Of every step the sum of each gate before and after its activation, and the state.
        return shape[0] * (2 * self.gates + 1) * self.units

    @property
    def last_activation(self) -> Activation:
        return self.activation

    @property
    def name_in_tables(self) -> str:
        parts = [self.word(), *self.variant, "sequence" if self.return_sequences else ""]
        parts += ["" if self.activation == Tanh() else self.activation.word(), "" if self.use_bias else "no bias"]
        return " ".join(filter(None, parts))

    @property
    def variant(self) -> tuple[str, ...]:
        """What distinguishes the word in tables besides what all recurrent layers have."""
        return ()

    def specimen_shape(self) -> Shape:
        return (4, 3)


class SimpleRnn(Recurrent):
    """`h' = activation(x W + h U + bias)`, kernel W (in, units), recurrent_kernel U (units, units) (Elman, 1990)."""

    kind: Literal["simple_rnn"] = "simple_rnn"
    gates: ClassVar[int] = 1

    @classmethod
    def specimens(cls) -> tuple[SimpleRnn, ...]:
        return (
            cls(units=5, return_sequences=True, **DRAWN),
            cls(units=5, activation=Relu(), **DRAWN),
            cls(units=5, use_bias=False, **DRAWN),
        )


class Lstm(Recurrent):
    """`c' = f * c + i * g; h' = o * activation(c')` (Hochreiter and Schmidhuber, 1997; Gers et al., 2000).

    `i`, `f`, `o = recurrent_activation(x W + h U + bias)` and `g = activation(x W + h U + bias)`, each with its blocks
    of the kernel W (in, 4 * units), the recurrent_kernel U (units, 4 * units) and the bias, in the order i, f, g, o.
    Outputs are h; c begins with 0.
    """

    kind: Literal["lstm"] = "lstm"
    gates: ClassVar[int] = 4
    recurrent_activation: GateActivation = Sigmoid()

    @classmethod
    def specimens(cls) -> tuple[Lstm, ...]:
        return (
            cls(units=5, return_sequences=True, **DRAWN),
            cls(units=5, recurrent_activation=HardSigmoid(), **DRAWN),
            cls(units=5, use_bias=False, **DRAWN),
        )

    @property
    def variant(self) -> tuple[str, ...]:
        return _gated_by(self.recurrent_activation)

    @property
    def last_activation(self) -> Activation:
        return Linear()  # a product of a gate and an activation: no loss takes it for probabilities


class Gru(Recurrent):
    """`h' = (1 - z) * n + z * h` (Cho et al., 2014).

    `z`, `r = recurrent_activation(x W + b + h U + d)`, each with its blocks of the gru_kernel W (in, 3 * units), the
    gru_recurrent_kernel U (units, 3 * units) and the biases, in the order z, r, n. `reset = after`, as in MindSpore
    and by default in Keras: `n = activation(x W + b + r * (h U + d))`, gru_bias being b and d as two rows,
    (2, 3 * units). `reset = before`: `n = activation(x W + b + (r * h) U)`, gru_bias is b, (3 * units,), and d is 0.
    """

    kind: Literal["gru"] = "gru"
    gates: ClassVar[int] = 3
    prefix: ClassVar[str] = "gru_"
    recurrent_activation: GateActivation = Sigmoid()
    reset: Literal["after", "before"] = "after"

    @classmethod
    def specimens(cls) -> tuple[Gru, ...]:
        return (
            cls(units=5, return_sequences=True, **DRAWN),
            cls(units=5, reset="before", **DRAWN),
            cls(units=5, use_bias=False, recurrent_activation=HardSigmoid(), **DRAWN),
        )

    @property
    def bias_shape(self) -> Shape:
        return (2, 3 * self.units) if self.reset == "after" else (3 * self.units,)

    @property
    def variant(self) -> tuple[str, ...]:
        return (f"reset {self.reset}", *_gated_by(self.recurrent_activation))

    @property
    def last_activation(self) -> Activation:
        return Linear()  # a mean of states: no loss takes it for probabilities


def sequence(shape: Shape, what: str) -> tuple[int, int]:
    """The shape as (steps, features); ValueError, which says how to get such a shape, where it is another."""
    if len(shape) == 2:
        return shape[0], shape[1]
    advice = ""
    if len(shape) == 3:
        rows = [shape[0], shape[1] * shape[2]]
        advice = f": a reshape with target_shape={rows} before it makes each row of an image one step"
    raise ValueError(f"{what} takes sequences (steps, features), got {shape}{advice}")


def _gated_by(activation: Activation) -> tuple[str, ...]:
    return () if activation == Sigmoid() else (f"gated by {activation.word()}",)


DRAWN = {
    "kernel_initializer": XavierUniform(),
    "recurrent_initializer": Orthogonal(),
    "bias_initializer": Normal(stddev=0.5),
}
