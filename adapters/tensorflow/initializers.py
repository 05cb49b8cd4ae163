"""Keras' own initializers, sampled for their statistics. The plan draws the weights of a training.

`realisations.initializers` states which function makes a word.
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
    """A sample of `shape`."""
    return maker(INITIALIZERS, word, setting)(word, shape, seed)(shape, dtype=setting.precision)


def zeros(_: spec.Zeros, shape: Shape, seed: int) -> Any:
    """All 0."""
    return native.Zeros()


def ones(_: spec.Ones, shape: Shape, seed: int) -> Any:
    """All 1."""
    return native.Ones()


def constant(word: spec.ConstantValue, shape: Shape, seed: int) -> Any:
    """All `value`."""
    return native.Constant(np.float64(word.value))  # a Python number would be rounded to float32


def normal(word: spec.Normal, shape: Shape, seed: int) -> Any:
    """Normal with `mean` and `stddev`."""
    return native.RandomNormal(mean=word.mean, stddev=word.stddev, seed=seed)


def truncated_normal(word: spec.TruncatedNormal, shape: Shape, seed: int) -> Any:
    """Normal with `mean` and `stddev`, truncated at two standard deviations."""
    return native.TruncatedNormal(mean=word.mean, stddev=word.stddev, seed=seed)


def xavier_normal(_: spec.XavierNormal, shape: Shape, seed: int) -> Any:
    """Normal of variance `2 / (fan_in + fan_out)`."""
    return _variance_scaling(1.0, "fan_avg", "normal", seed)


def xavier_uniform(_: spec.XavierUniform, shape: Shape, seed: int) -> Any:
    """Uniform of variance `2 / (fan_in + fan_out)`."""
    return _variance_scaling(1.0, "fan_avg", "uniform", seed)


def he_normal(word: spec.HeNormal, shape: Shape, seed: int) -> Any:
    """Normal of variance `2 / fan`."""
    return _variance_scaling(2.0, word.fan, "normal", seed)


def he_uniform(word: spec.HeUniform, shape: Shape, seed: int) -> Any:
    """Uniform of variance `2 / fan`."""
    return _variance_scaling(2.0, word.fan, "uniform", seed)


def lecun_normal(_: spec.LecunNormal, shape: Shape, seed: int) -> Any:
    """Normal of variance `1 / fan_in`."""
    return _variance_scaling(1.0, "fan_in", "normal", seed)


def lecun_uniform(_: spec.LecunUniform, shape: Shape, seed: int) -> Any:
    """Uniform of variance `1 / fan_in`."""
    return _variance_scaling(1.0, "fan_in", "uniform", seed)


def variance_scaling(word: spec.VarianceScaling, shape: Shape, seed: int) -> Any:
    """Variance `scale / fan`, of the distribution of the word."""
    return _variance_scaling(word.scale, word.mode, word.distribution, seed)


def composed_variance_scaling(word: spec.VarianceScaling, shape: Shape, seed: int) -> Any:
    """Truncated normal with the standard deviation of the law."""
    return native.TruncatedNormal(mean=0.0, stddev=LAWS[type(word)](word, shape).spread, seed=seed)


def orthogonal(word: spec.Orthogonal, shape: Shape, seed: int) -> Any:
    """`gain` times an orthogonal matrix."""
    return native.Orthogonal(gain=word.gain, seed=seed)


def identity(word: spec.Identity, shape: Shape, seed: int) -> Any:
    """`gain` times the identity matrix."""
    return native.Identity(gain=word.gain)


def _variance_scaling(scale: float, mode: str, distribution: str, seed: int) -> Any:
    native_distribution = "untruncated_normal" if distribution == "normal" else distribution
    return native.VarianceScaling(scale=scale, mode=mode, distribution=native_distribution, seed=seed)


# MindSpore's Uniform is always symmetric about 0.


def uniform(word: spec.Uniform, shape: Shape, seed: int) -> Any:
    """Uniform between `low` and `high`."""
    return native.RandomUniform(minval=word.low, maxval=word.high, seed=seed)
