"""Activations: elementwise unless the formula says otherwise; `x` is the layer's output before the activation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from harness.spec.base import Word, union_of
from harness.spec.parameters import Mask, Parameter, Shape, UniformNoise


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


class Softmax(Activation):
    """`f(x)_i = exp(x_i) / sum_j exp(x_j)` over the last axis."""

    kind: Literal["softmax"] = "softmax"


if TYPE_CHECKING:
    AnyActivation = Activation
else:
    AnyActivation: Any = union_of(Activation)
