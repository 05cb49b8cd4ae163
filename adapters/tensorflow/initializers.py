"""Initializers of Keras' own, sampled for their statistics; the weights of a training come from the plan.

`realisations.initializers` says which of the makers here makes a word.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import initializers as native

from adapters.making import maker
from adapters.setting import Setting
from adapters.tensorflow.realisations.initializers import INITIALIZERS
from harness.plan.initializer_laws import LAWS
from harness.spec import initializers as spec
from harness.spec.parameters import Shape


def initializer(word: spec.Initializer, shape: Shape, seed: int, setting: Setting) -> Any:
    """A tensor of `shape`."""
    return maker(INITIALIZERS, word, setting)(word, shape, seed)(shape, dtype=setting.precision)


def zeros(_: spec.Zeros, shape: Shape, seed: int) -> Any:
    return native.Zeros()


def ones(_: spec.Ones, shape: Shape, seed: int) -> Any:
    return native.Ones()


def constant(word: spec.ConstantValue, shape: Shape, seed: int) -> Any:
    return native.Constant(np.float64(word.value))  # a Python number would be rounded to float32


def normal(word: spec.Normal, shape: Shape, seed: int) -> Any:
    return native.RandomNormal(mean=word.mean, stddev=word.stddev, seed=seed)


def truncated_normal(word: spec.TruncatedNormal, shape: Shape, seed: int) -> Any:
    return native.TruncatedNormal(mean=word.mean, stddev=word.stddev, seed=seed)


def xavier_normal(_: spec.XavierNormal, shape: Shape, seed: int) -> Any:
    return _scaled(1.0, "fan_avg", "normal", seed)


def xavier_uniform(_: spec.XavierUniform, shape: Shape, seed: int) -> Any:
    return _scaled(1.0, "fan_avg", "uniform", seed)


def he_normal(word: spec.HeNormal, shape: Shape, seed: int) -> Any:
    return _scaled(2.0, word.fan, "normal", seed)


def he_uniform(word: spec.HeUniform, shape: Shape, seed: int) -> Any:
    return _scaled(2.0, word.fan, "uniform", seed)


def lecun_normal(_: spec.LecunNormal, shape: Shape, seed: int) -> Any:
    return _scaled(1.0, "fan_in", "normal", seed)


def lecun_uniform(_: spec.LecunUniform, shape: Shape, seed: int) -> Any:
    return _scaled(1.0, "fan_in", "uniform", seed)


def variance_scaling(word: spec.VarianceScaling, shape: Shape, seed: int) -> Any:
    return _scaled(word.scale, word.mode, word.distribution, seed)


def composed_variance_scaling(word: spec.VarianceScaling, shape: Shape, seed: int) -> Any:
    return native.TruncatedNormal(mean=0.0, stddev=LAWS[type(word)](word, shape).spread, seed=seed)


def orthogonal(word: spec.Orthogonal, shape: Shape, seed: int) -> Any:
    return native.Orthogonal(gain=word.gain, seed=seed)


def identity(word: spec.Identity, shape: Shape, seed: int) -> Any:
    return native.Identity(gain=word.gain)


def _scaled(scale: float, mode: str, distribution: str, seed: int) -> Any:
    named = "untruncated_normal" if distribution == "normal" else distribution
    return native.VarianceScaling(scale=scale, mode=mode, distribution=named, seed=seed)


# MindSpore's own is symmetric about 0.


def uniform(word: spec.Uniform, shape: Shape, seed: int) -> Any:
    return native.RandomUniform(minval=word.low, maxval=word.high, seed=seed)
