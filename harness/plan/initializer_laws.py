"""Draws parameters, in float64, from the distributions that the spec defines."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy  # scipy.special is imported where it is first used: workers need none of it
from numpy.typing import NDArray

from harness.spec import initializers as init
from harness.spec.parameters import Shape

Array = NDArray[Any]
Draw = Callable[[Any, Shape, np.random.Generator], Array]

Form: TypeAlias = Literal["normal", "truncated_normal", "uniform"]

TRUNCATED_AT = 2.0


@dataclass(frozen=True)
class Law:
    """The distribution of the independent elements, around `center`.

    `spread`: the standard deviation of a normal, before truncation if it is truncated; half the width of a uniform.
    """

    form: Form
    center: float
    spread: float

    def draw(self, shape: Shape, rng: np.random.Generator) -> Array:
        if self.form == "normal":
            return rng.normal(self.center, self.spread, shape)
        if self.form == "uniform":
            return rng.uniform(self.center - self.spread, self.center + self.spread, shape)
        edge = float(scipy.special.ndtr(TRUNCATED_AT))
        values: Array = self.center + self.spread * scipy.special.ndtri(rng.uniform(1 - edge, edge, shape))
        return values


def fans(shape: Shape) -> tuple[int, int]:
    """(fan_in, fan_out) of a kernel (..., in, out); for a vector both are its length."""
    if len(shape) < 2:
        return shape[0], shape[0]
    receptive_field = math.prod(shape[:-2])
    return receptive_field * shape[-2], receptive_field * shape[-1]


def _of_variance(variance: float, form: Form) -> Law:
    return Law(form, 0.0, math.sqrt(3 * variance if form == "uniform" else variance))


def _xavier(form: Form) -> Callable[[Any, Shape], Law]:
    return lambda _, shape: _of_variance(2 / sum(fans(shape)), form)


def _he(form: Form) -> Callable[[Any, Shape], Law]:
    return lambda word, shape: _of_variance(2 / fans(shape)[word.fan == "fan_out"], form)


def _lecun(form: Form) -> Callable[[Any, Shape], Law]:
    return lambda _, shape: _of_variance(1 / fans(shape)[0], form)


def _scaled(word: init.VarianceScaling, shape: Shape) -> Law:
    fan_in, fan_out = fans(shape)
    n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[word.mode]
    return _of_variance(word.scale / n, word.distribution)


LAWS: dict[type[init.Initializer], Callable[[Any, Shape], Law]] = {
    init.Normal: lambda word, _: Law("normal", word.mean, word.stddev),
    init.TruncatedNormal: lambda word, _: Law("truncated_normal", word.mean, word.stddev),
    init.Uniform: lambda word, _: Law("uniform", (word.low + word.high) / 2, (word.high - word.low) / 2),
    init.XavierNormal: _xavier("normal"),
    init.XavierUniform: _xavier("uniform"),
    init.HeNormal: _he("normal"),
    init.HeUniform: _he("uniform"),
    init.LecunNormal: _lecun("normal"),
    init.LecunUniform: _lecun("uniform"),
    init.VarianceScaling: _scaled,
}


def draw_orthogonal(word: init.Orthogonal, shape: Shape, rng: np.random.Generator) -> Array:
    word.check(shape)
    rows, columns = math.prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
    q *= np.where(np.diagonal(r) < 0, -1, 1)  # otherwise Q is not uniform over the orthogonal matrices
    return word.gain * (q if rows >= columns else q.T).reshape(shape)


def draw_identity(word: init.Identity, shape: Shape, rng: np.random.Generator) -> Array:
    word.check(shape)
    rows, columns = shape
    values: Array = word.gain * np.eye(rows, columns)
    return values


def _by_law(word: init.Initializer, shape: Shape, rng: np.random.Generator) -> Array:
    return LAWS[type(word)](word, shape).draw(shape, rng)


DRAWS: dict[type[init.Initializer], Draw] = {
    init.Zeros: lambda _, shape, rng: np.zeros(shape),
    init.Ones: lambda _, shape, rng: np.ones(shape),
    init.ConstantValue: lambda word, shape, rng: np.full(shape, word.value, np.float64),
    **dict.fromkeys(LAWS, _by_law),
    # From the bounds themselves: their middle and half width would be rounded.
    init.Uniform: lambda word, shape, rng: rng.uniform(word.low, word.high, shape),
    init.Orthogonal: draw_orthogonal,
    init.Identity: draw_identity,
}
