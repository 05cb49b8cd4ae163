"""Rung `activation`: value and gradient over a grid with the special points.

Every point is a finite float32 number: the formulas are over the real numbers, and at infinities and NaN the frameworks
follow none (MindSpore's relu makes 0 of NaN). A denormal may be flushed to 0, as TensorFlow does: no bound is below
the smallest normal number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.judging.cases import Arrays, Case
from harness.judging.context import Context
from harness.judging.tolerances import FACTOR, FLOOR_ULP, Tolerance, own_error
from harness.judging.ulp import error_against
from harness.rungs.case_rung import WordRung, subjects
from harness.spec import activations as spec

NAME = "activation"
CHANNELS = 3
GELU_CUBIC = 0.044715
KINKS = (-3.0, -1.0, 0.0, 1.0, 3.0, 6.0)
# The points on either side whose own errors count: within 12 they are less than half a unit away.
WINDOW = 8
ROWWISE = (spec.Softmax, spec.LogSoftmax)
# What adds something to 1, so that a small result is a rest of it: `exp(x) - 1`, `log(1 + exp(x))`, `1 - y**2`; and
# what is x times such a rest.
ONE_MINUS = {
    "value": (spec.Elu, spec.Selu, spec.Celu, spec.Softplus),
    "gradient": (spec.Sigmoid, spec.Tanh, spec.Elu, spec.Selu, spec.Celu),
}
TIMES_X = {"value": (spec.Gelu, spec.Mish), "gradient": (spec.Gelu, spec.Mish, spec.Silu)}


def cases(context: Context) -> Iterator[Case]:
    for word in subjects(context, "activation"):
        x = rows() if isinstance(word, ROWWISE) else np.repeat(grid()[:, None], CHANNELS, axis=1)
        rng = np.random.default_rng(0)
        # Of size 1, so that no element's error vanishes by being multiplied.
        upstream = (rng.uniform(0.5, 2, x.shape) * rng.choice([-1, 1], x.shape)).astype(np.float32)
        # Flushed to 0, a denormal is on the other side of a kink: its value is judged, not its gradient.
        upstream[(x != 0) & (np.abs(x) < np.finfo(np.float32).tiny)] = 0
        given = {"x": x, "upstream": upstream}
        if isinstance(word, spec.Prelu):
            yield Case(word, word, {**given, "extra/alpha": np.array([0.25, 0, -0.7], np.float32)})
        elif isinstance(word, spec.Rrelu):
            yield Case(word, word, given, "in evaluation")
            slopes = rng.uniform(word.lower, word.upper, x.shape).astype(np.float32)
            yield Case(word, word, {**given, "extra/slopes": slopes}, "in training")
        else:
            yield Case(word, word, given, _numbers(word))


def grid() -> Any:
    """Sorted: a dense range, magnitudes by powers, each kink with its neighbours, both zeros, denormals, far points."""
    kinks = np.array(KINKS)
    magnitudes = np.logspace(-37, 1.5, 155)  # exp of the largest is still finite
    limits = np.finfo(np.float32)
    small = [limits.smallest_subnormal, 1000 * limits.smallest_subnormal, limits.tiny]
    special = np.concatenate([magnitudes, small, [0.0, 1e4]])
    # Nearer than the places of 8 hold, `x + 3` is rounded to the kink itself.
    near = float(np.spacing(np.float32(8)))
    points = np.concatenate([np.linspace(-12, 12, 961), special, -special, kinks, kinks + near, kinks - near])
    return np.sort(points.astype(np.float32))


def rows() -> Any:
    """Finite rows of small, large and equal numbers: a row with an infinity or NaN has no softmax."""
    rng = np.random.default_rng(1)
    drawn = [rng.normal(0, scale, (20, 7)) for scale in (1e-3, 1, 5, 40, 0.4)]
    made = np.zeros((4, 7))
    made[1], made[2], made[3, ::2] = 1e4, np.linspace(-50, 50, 7), -40
    return np.concatenate([*drawn, made]).astype(np.float32)


def tolerances(case: Case, reference: Arrays, in_float32: Arrays, precision: Any) -> dict[str, Tolerance]:
    """By the reference's own error at neighbouring points of the grid, or in the row; whole for a learned parameter."""
    bounds = {}
    for name, values in reference.items():
        if values.shape != case.arrays["x"].shape:
            bounds[name] = own_error(values, in_float32[name], precision)
            continue
        error = _finite(error_against(in_float32[name], values))
        error = np.max(error, axis=-1, keepdims=True) if isinstance(case.word, ROWWISE) else _widest_nearby(error)
        bounds[name] = _tolerance(error, values, _summands(case, name, values), precision)
    return bounds


def _summands(case: Case, name: str, values: Any) -> Any:
    """The size of what the formula adds up last: the smaller the sum beside it, the fewer places it keeps."""
    x = np.abs(case.arrays["x"].astype(np.float64))
    pushed = np.abs(case.arrays["upstream"].astype(np.float64)) if name == "gradient" else np.ones_like(x)
    if isinstance(case.word, ROWWISE):
        return np.max(np.abs(values if name == "value" else pushed), axis=-1, keepdims=True)
    if isinstance(case.word, TIMES_X[name]):
        return pushed * np.maximum(x * _slope_inside(case.word, x), 1) if name == "gradient" else x
    return pushed if isinstance(case.word, ONE_MINUS[name]) else np.zeros_like(x)


def _slope_inside(word: Any, x: Any) -> Any:
    """How much faster than x the argument of the sigmoid or tanh grows whose rest x is multiplied with."""
    return 1 + 3 * GELU_CUBIC * x**2 if isinstance(word, spec.Gelu) and word.form == "tanh" else 1.0


def _widest_nearby(error: Any) -> Any:
    padded = np.pad(error, ((WINDOW, WINDOW), (0, 0)), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * WINDOW + 1, axis=0).max(axis=(-1, 1))[:, None]


def _tolerance(error: Any, reference: Any, summands: Any, precision: Any) -> Tolerance:
    limits = np.finfo(precision)
    eps, tiny = float(limits.eps), float(limits.tiny)
    at = np.clip(np.nan_to_num(np.abs(reference), posinf=0), tiny, float(limits.max)).astype(precision)
    units = np.spacing(at).astype(np.float64) + eps * summands
    bound = FACTOR * eps / float(np.finfo(np.float32).eps) * error + FLOOR_ULP * units + 2 * tiny
    name = np.dtype(precision).name
    return Tolerance(bound, f"{FACTOR:g} x the reference's own error nearby in {name} + {FLOOR_ULP:g} ULP")


def _finite(error: Any) -> Any:
    """Where float32 has no number for it, nothing is forgiven."""
    return np.where(np.isfinite(error), error, 0)


def _numbers(word: spec.Activation) -> str:
    """Its numbers by name, by which two specimens of one form differ."""
    return ", ".join(f"{name} {value:g}" for name, value in word if isinstance(value, float))


RUNG = WordRung(NAME, cases, ("model",), tolerances).rung
