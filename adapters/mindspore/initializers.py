"""Initializers of MindSpore's own, sampled for their statistics; the weights of a training come from the plan.

`realisations.initializers` says which of the makers here makes a word. MindSpore draws by the seed of the process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor
from mindspore.common import initializer as native

from adapters.making import maker
from adapters.mindspore.realisations.initializers import INITIALIZERS
from adapters.protocol import Array
from adapters.setting import Setting
from harness.plan.initializer_laws import LAWS, TRUNCATED_AT
from harness.spec import initializers as spec
from harness.spec.parameters import Shape


@dataclass(frozen=True)
class Made:
    """A native initializer, and what is made of its draws."""

    native: Any
    then: Callable[[Array], Array] = lambda drawn: drawn


def initializer(word: spec.Initializer, shape: Shape, seed: int, setting: Setting) -> Any:
    """A tensor of `shape`, drawn in MindSpore's layout (out, in, ...), of which its fans are."""
    ms.set_seed(seed)
    made = maker(INITIALIZERS, word, setting)(word, shape, seed)
    axes = (len(shape) - 1, len(shape) - 2, *range(len(shape) - 2)) if len(shape) > 1 else (0,)
    there = tuple(shape[axis] for axis in axes)
    drawn = native.initializer(made.native, there, getattr(ms, setting.precision)).init_data().asnumpy()
    return Tensor(np.ascontiguousarray(made.then(drawn).transpose(np.argsort(axes))))


def zeros(_: spec.Zeros, shape: Shape, seed: int) -> Any:
    return Made(native.Zero())


def ones(_: spec.Ones, shape: Shape, seed: int) -> Any:
    return Made(native.One())


def constant(word: spec.ConstantValue, shape: Shape, seed: int) -> Any:
    return Made(native.Constant(word.value))


def normal(word: spec.Normal, shape: Shape, seed: int) -> Any:
    return Made(native.Normal(sigma=word.stddev, mean=word.mean))


def truncated_normal(word: spec.TruncatedNormal, shape: Shape, seed: int) -> Any:
    return Made(_truncated(word.mean, word.stddev))


def xavier_normal(_: spec.XavierNormal, shape: Shape, seed: int) -> Any:
    return Made(native.XavierNormal(gain=1))


def xavier_uniform(_: spec.XavierUniform, shape: Shape, seed: int) -> Any:
    return Made(native.XavierUniform(gain=1))


def he_normal(word: spec.HeNormal, shape: Shape, seed: int) -> Any:
    return Made(native.HeNormal(mode=word.fan, nonlinearity="relu"))


def he_uniform(word: spec.HeUniform, shape: Shape, seed: int) -> Any:
    return Made(native.HeUniform(mode=word.fan, nonlinearity="relu"))


def lecun_normal(_: spec.LecunNormal, shape: Shape, seed: int) -> Any:
    return Made(_scaled(1.0, "fan_in", "normal"))


def lecun_uniform(_: spec.LecunUniform, shape: Shape, seed: int) -> Any:
    return Made(_scaled(1.0, "fan_in", "uniform"))


def variance_scaling(word: spec.VarianceScaling, shape: Shape, seed: int) -> Any:
    return Made(_scaled(word.scale, word.mode, word.distribution))


def composed_variance_scaling(word: spec.VarianceScaling, shape: Shape, seed: int) -> Any:
    return Made(_truncated(0.0, LAWS[type(word)](word, shape).spread))


def orthogonal(word: spec.Orthogonal, shape: Shape, seed: int) -> Any:
    return Made(native.Orthogonal(gain=word.gain))


def identity(_: spec.Identity, shape: Shape, seed: int) -> Any:
    return Made(native.Identity())


def _scaled(scale: float, mode: str, distribution: str) -> Any:
    named = "untruncated_normal" if distribution == "normal" else distribution
    return native.VarianceScaling(scale=scale, mode=mode, distribution=named)


# Keras makes these by its own classes.


def composed_uniform(word: spec.Uniform, shape: Shape, seed: int) -> Any:
    middle = (word.high + word.low) / 2
    return Made(native.Uniform(scale=(word.high - word.low) / 2), lambda drawn: drawn + drawn.dtype.type(middle))


def composed_orthogonal(word: spec.Orthogonal, shape: Shape, seed: int) -> Any:
    """Of the decomposition of a matrix, which has the shape (out, all others)."""

    def decomposed(drawn: Array) -> Array:
        rows = drawn.reshape(len(drawn), -1)
        tall = rows if rows.shape[0] >= rows.shape[1] else rows.T
        q, r = np.linalg.qr(tall)
        q *= word.gain * np.where(np.diagonal(r) < 0, -1, 1)
        return np.asarray((q if tall is rows else q.T).reshape(drawn.shape))

    return Made(native.Normal(sigma=1.0, mean=0.0), decomposed)


def composed_identity(word: spec.Identity, shape: Shape, seed: int) -> Any:
    return Made(native.Identity(), lambda drawn: drawn * drawn.dtype.type(word.gain))


def _truncated(mean: float, stddev: float) -> Any:
    # Its bounds are numbers, not counts of standard deviations.
    low, high = mean - TRUNCATED_AT * stddev, mean + TRUNCATED_AT * stddev
    return native.TruncatedNormal(sigma=stddev, mean=mean, a=low, b=high)
