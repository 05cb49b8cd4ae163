"""Initializers of Keras' own, sampled for their statistics; the weights of a training come from the plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import initializers as native

from adapters.protocol import made_by
from adapters.setting import Setting
from harness.plan.initializer_laws import LAWS
from harness.spec import initializers as spec
from harness.spec.parameters import Shape


def normal(word: spec.Normal, _: Shape, seed: int) -> Any:
    return native.RandomNormal(mean=word.mean, stddev=word.stddev, seed=seed)


def truncated_normal(word: spec.TruncatedNormal, _: Shape, seed: int) -> Any:
    return native.TruncatedNormal(mean=word.mean, stddev=word.stddev, seed=seed)


def uniform(word: spec.Uniform, _: Shape, seed: int) -> Any:
    return native.RandomUniform(minval=word.low, maxval=word.high, seed=seed)


def variance_scaling(word: spec.VarianceScaling, shape: Shape, seed: int) -> Any:
    if word.distribution == "truncated_normal":
        return native.TruncatedNormal(mean=0.0, stddev=LAWS[type(word)](word, shape).spread, seed=seed)
    return _scaled(word.scale, word.mode, word.distribution, seed)


def _scaled(scale: float, mode: str, distribution: str, seed: int) -> Any:
    named = "untruncated_normal" if distribution == "normal" else distribution
    return native.VarianceScaling(scale=scale, mode=mode, distribution=named, seed=seed)


INITIALIZERS: dict[type[spec.Initializer], Callable[[Any, Shape, int], Any]] = {
    spec.Zeros: lambda word, _, seed: native.Zeros(),
    spec.Ones: lambda word, _, seed: native.Ones(),
    # A Python number would be rounded to float32.
    spec.ConstantValue: lambda word, _, seed: native.Constant(np.float64(word.value)),
    spec.Normal: normal,
    spec.TruncatedNormal: truncated_normal,
    spec.Uniform: uniform,
    spec.XavierNormal: lambda word, _, seed: _scaled(1.0, "fan_avg", "normal", seed),
    spec.XavierUniform: lambda word, _, seed: _scaled(1.0, "fan_avg", "uniform", seed),
    spec.HeNormal: lambda word, _, seed: _scaled(2.0, word.fan, "normal", seed),
    spec.HeUniform: lambda word, _, seed: _scaled(2.0, word.fan, "uniform", seed),
    spec.LecunNormal: lambda word, _, seed: _scaled(1.0, "fan_in", "normal", seed),
    spec.LecunUniform: lambda word, _, seed: _scaled(1.0, "fan_in", "uniform", seed),
    spec.VarianceScaling: variance_scaling,
    spec.Orthogonal: lambda word, _, seed: native.Orthogonal(gain=word.gain, seed=seed),
    spec.Identity: lambda word, _, seed: native.Identity(gain=word.gain),
}


def initializer(word: spec.Initializer, shape: Shape, seed: int, setting: Setting) -> Any:
    """A tensor of `shape`."""
    return made_by(INITIALIZERS, word, "tensorflow")(word, shape, seed)(shape, dtype=setting.precision)
