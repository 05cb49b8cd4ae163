"""The activations' formulas, written with mpmath's numbers of 50 digits: an oracle for the oracle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath

from harness.spec import activations as spec

mpmath.mp.dps = 50
M = mpmath.mpf
SELU_SCALE = M("1.0507009873554804934193349852946")
SELU_ALPHA = M("1.6732632423543772848170429916717")


def clip(x: Any, low: int, high: int) -> Any:
    return min(max(x, M(low)), M(high))


def sloped(x: Any, slope: Any) -> Any:
    return x if x > 0 else slope * x


def gelu_inside(x: Any) -> Any:
    """Twice the argument of the tanh."""
    return 2 * mpmath.sqrt(2 / mpmath.pi) * (x + M("0.044715") * x**3)


def gelu(word: Any, x: Any) -> Any:
    if word.form == "erf":
        return x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2
    return x / (1 + mpmath.exp(-gelu_inside(x)))


FORMULAS: dict[type[spec.Activation], Callable[[Any, Any], Any]] = {
    spec.Linear: lambda word, x: x,
    spec.Sigmoid: lambda word, x: 1 / (1 + mpmath.exp(-x)),
    spec.Tanh: lambda word, x: mpmath.tanh(x),
    spec.Relu: lambda word, x: max(x, M(0)),
    spec.Relu6: lambda word, x: clip(x, 0, 6),
    spec.LeakyRelu: lambda word, x: sloped(x, M(word.slope)),
    spec.Rrelu: lambda word, x: sloped(x, (M(word.lower) + M(word.upper)) / 2),
    spec.Elu: lambda word, x: x if x > 0 else M(word.alpha) * mpmath.expm1(x),
    spec.Selu: lambda word, x: SELU_SCALE * (x if x > 0 else SELU_ALPHA * mpmath.expm1(x)),
    spec.Celu: lambda word, x: x if x > 0 else M(word.alpha) * mpmath.expm1(x / M(word.alpha)),
    spec.Softplus: lambda word, x: mpmath.log1p(mpmath.exp(x)),
    spec.Softsign: lambda word, x: x / (1 + abs(x)),
    spec.HardSigmoid: lambda word, x: clip(x + 3, 0, 6) / 6,
    spec.HardSwish: lambda word, x: x * clip(x + 3, 0, 6) / 6,
    spec.Silu: lambda word, x: x / (1 + mpmath.exp(-x)),
    spec.Gelu: gelu,
    spec.Mish: lambda word, x: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x))),
    spec.ExponentialActivation: lambda word, x: mpmath.exp(x),
    spec.HardTanh: lambda word, x: clip(x, -1, 1),
}


def softmax(row: list[float]) -> list[Any]:
    powers = [mpmath.exp(M(x)) for x in row]
    return [power / sum(powers) for power in powers]


def log_softmax(row: list[float]) -> list[Any]:
    with mpmath.workdps(600):  # the logarithm of 1 plus something of size exp(-1000)
        total = mpmath.log(sum(mpmath.exp(M(x)) for x in row))
        return [M(x) - total for x in row]
