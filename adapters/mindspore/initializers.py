"""MindSpore's own initializers, sampled for their statistics. The plan draws the weights of a training.

`realisations.initializers` states which function makes a word. MindSpore draws by the seed of the process.
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
class Sampler:
    """A native initializer, and the function that transforms its sample."""

    native: Any
    transform: Callable[[Array], Array] = lambda sample: sample


def initializer(word: spec.Initializer, shape: Shape, seed: int, setting: Setting) -> Any:
    """A sample of `shape`. It is drawn in MindSpore's layout (out, in, ...), from which MindSpore computes the fans."""
    ms.set_seed(seed)
    sampler = maker(INITIALIZERS, word, setting)(word, shape, seed)
    axes = (len(shape) - 1, len(shape) - 2, *range(len(shape) - 2)) if len(shape) > 1 else (0,)
    native_shape = tuple(shape[axis] for axis in axes)
    sample = native.initializer(sampler.native, native_shape, getattr(ms, setting.precision)).init_data().asnumpy()
    return Tensor(np.ascontiguousarray(sampler.transform(sample).transpose(np.argsort(axes))))


def zeros(_: spec.Zeros, shape: Shape, seed: int) -> Any:
    """All 0."""
    return Sampler(native.Zero())


def ones(_: spec.Ones, shape: Shape, seed: int) -> Any:
    """All 1."""
    return Sampler(native.One())


def constant(word: spec.ConstantValue, shape: Shape, seed: int) -> Any:
    """All `value`."""
    return Sampler(native.Constant(word.value))


def normal(word: spec.Normal, shape: Shape, seed: int) -> Any:
    """Normal with `mean` and `stddev`."""
    return Sampler(native.Normal(sigma=word.stddev, mean=word.mean))


def truncated_normal(word: spec.TruncatedNormal, shape: Shape, seed: int) -> Any:
    """Normal with `mean` and `stddev`, truncated at two standard deviations."""
    return Sampler(_truncated_normal(word.mean, word.stddev))


def xavier_normal(_: spec.XavierNormal, shape: Shape, seed: int) -> Any:
    """Normal of variance `2 / (fan_in + fan_out)`."""
    return Sampler(native.XavierNormal(gain=1))


def xavier_uniform(_: spec.XavierUniform, shape: Shape, seed: int) -> Any:
    """Uniform of variance `2 / (fan_in + fan_out)`."""
    return Sampler(native.XavierUniform(gain=1))


def he_normal(word: spec.HeNormal, shape: Shape, seed: int) -> Any:
    """Normal of variance `2 / fan`."""
    return Sampler(native.HeNormal(mode=word.fan, nonlinearity="relu"))


def he_uniform(word: spec.HeUniform, shape: Shape, seed: int) -> Any:
    """Uniform of variance `2 / fan`."""
    return Sampler(native.HeUniform(mode=word.fan, nonlinearity="relu"))


def lecun_normal(_: spec.LecunNormal, shape: Shape, seed: int) -> Any:
    """Normal of variance `1 / fan_in`."""
    return Sampler(_variance_scaling(1.0, "fan_in", "normal"))


def lecun_uniform(_: spec.LecunUniform, shape: Shape, seed: int) -> Any:
    """Uniform of variance `1 / fan_in`."""
    return Sampler(_variance_scaling(1.0, "fan_in", "uniform"))


def variance_scaling(word: spec.VarianceScaling, shape: Shape, seed: int) -> Any:
    """Variance `scale / fan`, of the distribution of the word."""
    return Sampler(_variance_scaling(word.scale, word.mode, word.distribution))


def composed_variance_scaling(word: spec.VarianceScaling, shape: Shape, seed: int) -> Any:
    """Truncated normal with the standard deviation of the law."""
    return Sampler(_truncated_normal(0.0, LAWS[type(word)](word, shape).spread))


def orthogonal(word: spec.Orthogonal, shape: Shape, seed: int) -> Any:
    """`gain` times an orthogonal matrix."""
    return Sampler(native.Orthogonal(gain=word.gain))


def identity(_: spec.Identity, shape: Shape, seed: int) -> Any:
    """The identity matrix."""
    return Sampler(native.Identity())


def _variance_scaling(scale: float, mode: str, distribution: str) -> Any:
    native_distribution = "untruncated_normal" if distribution == "normal" else distribution
    return native.VarianceScaling(scale=scale, mode=mode, distribution=native_distribution)


# Keras has its own classes for these.


def composed_uniform(word: spec.Uniform, shape: Shape, seed: int) -> Any:
    """Uniform about 0, moved to between `low` and `high`."""
    center = (word.high + word.low) / 2
    return Sampler(native.Uniform(scale=(word.high - word.low) / 2), lambda sample: sample + sample.dtype.type(center))


def composed_orthogonal(word: spec.Orthogonal, shape: Shape, seed: int) -> Any:
    """`gain` times the Q of a QR decomposition in float64 of a normal matrix (out, product of the other sizes)."""

    def orthogonal_factor(sample: Array) -> Array:
        rows = sample.reshape(len(sample), -1)
        tall = rows if rows.shape[0] >= rows.shape[1] else rows.T
        q, r = np.linalg.qr(tall)
        q *= word.gain * np.where(np.diagonal(r) < 0, -1, 1)
        return np.asarray((q if tall is rows else q.T).reshape(sample.shape))

    return Sampler(native.Normal(sigma=1.0, mean=0.0), orthogonal_factor)


def composed_identity(word: spec.Identity, shape: Shape, seed: int) -> Any:
    """`gain` times the identity matrix."""
    return Sampler(native.Identity(), lambda sample: sample * sample.dtype.type(word.gain))


def _truncated_normal(mean: float, stddev: float) -> Any:
    # The bounds are absolute values, not multiples of the standard deviation.
    low, high = mean - TRUNCATED_AT * stddev, mean + TRUNCATED_AT * stddev
    return native.TruncatedNormal(sigma=stddev, mean=mean, a=low, b=high)
