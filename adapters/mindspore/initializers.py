"""Initializers of MindSpore's own, sampled for their statistics; the weights of a training come from the plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor
from mindspore.common import initializer as native

from adapters.protocol import Array, made_by
from adapters.setting import Setting
from harness.plan.initializer_laws import LAWS, TRUNCATED_AT
from harness.spec import initializers as spec
from harness.spec.parameters import Shape


@dataclass(frozen=True)
class Made:
    """A native initializer, and what is made of its draws."""

    native: Any
    then: Callable[[Array], Array] = lambda drawn: drawn


def uniform(word: spec.Uniform, _: Shape) -> Made:
    middle = (word.high + word.low) / 2
    return Made(native.Uniform(scale=(word.high - word.low) / 2), lambda drawn: drawn + drawn.dtype.type(middle))


def orthogonal(word: spec.Orthogonal, shape: Shape) -> Made:
    """For float64; of the decomposition of a matrix, which has the shape (out, all others)."""

    def decomposed(drawn: Array) -> Array:
        rows = drawn.reshape(len(drawn), -1)
        tall = rows if rows.shape[0] >= rows.shape[1] else rows.T
        q, r = np.linalg.qr(tall)
        q *= word.gain * np.where(np.diagonal(r) < 0, -1, 1)
        return np.asarray((q if tall is rows else q.T).reshape(drawn.shape))

    return Made(native.Normal(sigma=1.0, mean=0.0), decomposed)


def he_normal(word: spec.HeNormal, _: Shape) -> Made:
    return Made(native.HeNormal(mode=word.fan, nonlinearity="relu"))


def he_uniform(word: spec.HeUniform, _: Shape) -> Made:
    return Made(native.HeUniform(mode=word.fan, nonlinearity="relu"))


def variance_scaling(word: spec.VarianceScaling, shape: Shape) -> Made:
    if word.distribution == "truncated_normal":
        return Made(_truncated(0.0, LAWS[type(word)](word, shape).spread))
    return Made(_scaled(word.scale, word.mode, word.distribution))


def _scaled(scale: float, mode: str, distribution: str) -> Any:
    named = "untruncated_normal" if distribution == "normal" else distribution
    return native.VarianceScaling(scale=scale, mode=mode, distribution=named)


def _truncated(mean: float, stddev: float) -> Any:
    # Its bounds are numbers, not counts of standard deviations.
    low, high = mean - TRUNCATED_AT * stddev, mean + TRUNCATED_AT * stddev
    return native.TruncatedNormal(sigma=stddev, mean=mean, a=low, b=high)


INITIALIZERS: dict[type[spec.Initializer], Callable[[Any, Shape], Made]] = {
    spec.Zeros: lambda word, _: Made(native.Zero()),
    spec.Ones: lambda word, _: Made(native.One()),
    spec.ConstantValue: lambda word, _: Made(native.Constant(word.value)),
    spec.Normal: lambda word, _: Made(native.Normal(sigma=word.stddev, mean=word.mean)),
    spec.TruncatedNormal: lambda word, _: Made(_truncated(word.mean, word.stddev)),
    spec.Uniform: uniform,
    spec.XavierNormal: lambda word, _: Made(native.XavierNormal(gain=1)),
    spec.XavierUniform: lambda word, _: Made(native.XavierUniform(gain=1)),
    spec.HeNormal: he_normal,
    spec.HeUniform: he_uniform,
    spec.LecunNormal: lambda word, _: Made(_scaled(1.0, "fan_in", "normal")),
    spec.LecunUniform: lambda word, _: Made(_scaled(1.0, "fan_in", "uniform")),
    spec.VarianceScaling: variance_scaling,
    spec.Orthogonal: lambda word, _: Made(native.Orthogonal(gain=word.gain)),
    spec.Identity: lambda word, _: Made(native.Identity(), lambda drawn: drawn * drawn.dtype.type(word.gain)),
}

IN_FLOAT64: dict[type[spec.Initializer], Callable[[Any, Shape], Made]] = {spec.Orthogonal: orthogonal}


def initializer(word: spec.Initializer, shape: Shape, seed: int, setting: Setting) -> Any:
    """A tensor of `shape`, drawn in MindSpore's layout (out, in, ...), of which its fans are."""
    ms.set_seed(seed)
    table = {**INITIALIZERS, **(IN_FLOAT64 if setting.precision == "float64" else {})}
    made = made_by(table, word, "mindspore")(word, shape)
    axes = (len(shape) - 1, len(shape) - 2, *range(len(shape) - 2)) if len(shape) > 1 else (0,)
    there = tuple(shape[axis] for axis in axes)
    drawn = native.initializer(made.native, there, getattr(ms, setting.precision)).init_data().asnumpy()
    return Tensor(np.ascontiguousarray(made.then(drawn).transpose(np.argsort(axes))))
