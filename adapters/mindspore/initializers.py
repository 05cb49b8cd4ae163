"""Initializers of MindSpore's own, sampled for their statistics; the weights of a training come from the plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor
from mindspore.common import initializer as native

from adapters.protocol import made_by
from adapters.setting import Setting
from harness.draws import LAWS, TRUNCATED_AT
from harness.spec import initializers as spec
from harness.spec.parameters import Shape


@dataclass(frozen=True)
class Made:
    """A native initializer, and what its draws are multiplied with and moved by."""

    native: Any
    times: float = 1.0
    plus: float = 0.0


def uniform(word: spec.Uniform, _: Shape) -> Made:
    return Made(native.Uniform(scale=(word.high - word.low) / 2), plus=(word.high + word.low) / 2)


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
    spec.Identity: lambda word, _: Made(native.Identity(), times=word.gain),
}


def initializer(word: spec.Initializer, shape: Shape, seed: int, setting: Setting) -> Any:
    """A tensor of `shape`, drawn in MindSpore's layout (out, in, ...), of which its fans are."""
    ms.set_seed(seed)
    made = made_by(INITIALIZERS, word, "mindspore")(word, shape)
    axes = (len(shape) - 1, len(shape) - 2, *range(len(shape) - 2)) if len(shape) > 1 else (0,)
    there = tuple(shape[axis] for axis in axes)
    drawn = native.initializer(made.native, there, getattr(ms, setting.precision)).init_data().asnumpy()
    moved = drawn * drawn.dtype.type(made.times) + drawn.dtype.type(made.plus)
    return Tensor(np.ascontiguousarray(moved.transpose(np.argsort(axes))))
