"""Piecewise activations: value and pullback. The gradient at a kink is that of the branch which the spec names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adapters.protocol import Array, Parameters
from adapters.reference.draws import by_draw
from harness.spec import activations as spec

# The numbers at which the slope jumps, by activation.
KINKS: dict[type[spec.Activation], tuple[float, ...]] = {
    spec.Relu: (0.0,),
    spec.Relu6: (0.0, 6.0),
    spec.LeakyRelu: (0.0,),
    spec.Prelu: (0.0,),
    spec.Rrelu: (0.0,),
    spec.HardTanh: (-1.0, 1.0),
    spec.HardSigmoid: (-3.0, 3.0),
    spec.HardSwish: (-3.0, 3.0),
    spec.Selu: (0.0,),
}


def branch(word: spec.Activation, x: Array) -> Array:
    """The number of kinks below each x, int8, in the shape of x."""
    counts: Array = np.zeros(np.shape(x), np.int8)
    for kink in KINKS[type(word)]:
        counts += x > kink
    return counts


def linear(_: spec.Linear, x: Array) -> Any:
    return x, lambda dy: dy


def relu(_: spec.Relu, x: Array) -> Any:
    return np.maximum(x, 0), lambda dy: np.where(x > 0, dy, 0)


def relu6(_: spec.Relu6, x: Array) -> Any:
    return np.clip(x, 0, 6), lambda dy: np.where((x > 0) & (x <= 6), dy, 0)


def hard_tanh(_: spec.HardTanh, x: Array) -> Any:
    return np.clip(x, -1, 1), lambda dy: np.where(np.abs(x) <= 1, dy, 0)


def hard_sigmoid(_: spec.HardSigmoid, x: Array) -> Any:
    return np.clip(x + 3, 0, 6) / 6, lambda dy: np.where(np.abs(x) < 3, dy / 6, 0)


def hard_swish(_: spec.HardSwish, x: Array) -> Any:
    bounded = np.maximum(x, np.finfo(x.dtype).min)  # -inf * 0 would be NaN
    y = bounded * (np.clip(x + 3, 0, 6) / 6)
    slope = np.where(x <= 3, np.where(x >= -3, (2 * np.clip(x, -3, 3) + 3) / 6, x.dtype.type(0)), x.dtype.type(1))
    return y, lambda dy: dy * slope


def leaky_relu(word: spec.LeakyRelu, x: Array) -> Any:
    y, pullback = _sloped(x, x.dtype.type(word.slope))
    return y, lambda dy: pullback(dy)[0]


def prelu(_: spec.Prelu, x: Array, extra: Parameters) -> Any:
    alpha = extra["alpha"]
    y, pullback = _sloped(by_draw(x, alpha), alpha[..., None, :])

    def with_alpha(dy: Array) -> tuple[Array, dict[str, Array]]:
        dx, by_slope = pullback(by_draw(dy, alpha))
        return dx.reshape(x.shape), {"alpha": by_slope.sum(axis=-2)}

    return y.reshape(x.shape), with_alpha


def rrelu(word: spec.Rrelu, x: Array, extra: Parameters) -> Any:
    slopes = extra["slopes"] if "slopes" in extra else x.dtype.type((word.lower + word.upper) / 2)
    y, pullback = _sloped(x, slopes)
    return y, lambda dy: (pullback(dy)[0], {})


def _sloped(x: Array, slope: Any) -> tuple[Array, Callable[[Array], tuple[Array, Array]]]:
    """x where positive, else slope * x, and the pullback to x and to the slope, by element."""
    negative = np.minimum(x, 0)
    y = np.where(x > 0, x, slope * negative)
    return y, lambda dy: (np.where(x > 0, dy, slope * dy), dy * negative)
