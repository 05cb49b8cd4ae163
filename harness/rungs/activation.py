"""Rung `activation`: value and gradient of every activation over a grid that includes the special points.

Every point is a finite float32 number, because the formulas are defined over the real numbers only, and at infinities
and NaN the frameworks follow no rule (MindSpore's relu returns 0 for NaN). A framework may flush a denormal to 0, as
TensorFlow does, so no bound is below the smallest normal number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.judging.arithmetic import arithmetic
from harness.judging.cases import Arrays, Case
from harness.judging.context import Context
from harness.judging.tolerances import FACTOR, FLOOR_ULP, Tolerance, largest_anywhere, own_error
from harness.judging.ulp import error_against
from harness.rungs.case_rung import WordRung, subjects
from harness.spec import activations as spec

NAME = "activation"
CHANNELS = 3
GELU_CUBIC = 0.044715
KINKS = (-3.0, -1.0, 0.0, 1.0, 3.0, 6.0)
# The number of grid points on either side whose errors count too; for |x| <= 12 they are less than 0.5 away.
WINDOW = 8
ROWWISE = (spec.Softmax, spec.LogSoftmax)
# Words whose formula adds to 1, so that a small result has lost digits by cancellation: `exp(x) - 1`,
# `log(1 + exp(x))`, `1 - y**2`.
ONE_MINUS = {
    "value": (spec.Elu, spec.Selu, spec.Celu, spec.Softplus),
    "gradient": (spec.Sigmoid, spec.Tanh, spec.Elu, spec.Selu, spec.Celu),
}
# Words whose formula multiplies x by such a result.
TIMES_X = {"value": (spec.Gelu, spec.Mish), "gradient": (spec.Gelu, spec.Mish, spec.Silu)}


def cases(context: Context) -> Iterator[Case]:
    """The cases of every activation: `x` and `upstream` of one shape, (points, CHANNELS), or rows for softmaxes."""
    for word in subjects(context, "activation"):
        x = rows() if isinstance(word, ROWWISE) else np.repeat(grid()[:, None], CHANNELS, axis=1)
        rng = np.random.default_rng(0)
        # The upstream gradients have sizes from 0.5 to 2, so that no error of the gradient is scaled down to nothing.
        upstream = (rng.uniform(0.5, 2, x.shape) * rng.choice([-1, 1], x.shape)).astype(np.float32)
        # A denormal that is flushed to 0 changes sides at a kink: its value is judged, its gradient is not.
        upstream[(x != 0) & (np.abs(x) < np.finfo(np.float32).tiny)] = 0
        inputs = {"x": x, "upstream": upstream}
        if isinstance(word, spec.Prelu):
            yield Case(word, word, {**inputs, "extra/alpha": np.array([0.25, 0, -0.7], np.float32)})
        elif isinstance(word, spec.Rrelu):
            yield Case(word, word, inputs, "in evaluation")
            slopes = rng.uniform(word.lower, word.upper, x.shape).astype(np.float32)
            yield Case(word, word, {**inputs, "extra/slopes": slopes}, "in training")
        else:
            yield Case(word, word, inputs, _fields_in_words(word))


def grid() -> Any:
    """The float32 points, sorted, (points,).

    They are a dense range, magnitudes by powers of 10, every kink with its neighbours, both zeros, denormals, and
    points far out.
    """
    kinks = np.array(KINKS)
    magnitudes = np.logspace(-37, 1.5, 155)  # exp of the largest is still finite
    limits = np.finfo(np.float32)
    small = [limits.smallest_subnormal, 1000 * limits.smallest_subnormal, limits.tiny]
    special = np.concatenate([magnitudes, small, [0.0, 1e4]])
    # The neighbours of a kink are one ULP of 8 away: if they were nearer, `x + 3` would be rounded to the kink itself.
    offset = float(np.spacing(np.float32(8)))
    points = np.concatenate([np.linspace(-12, 12, 961), special, -special, kinks, kinks + offset, kinks - offset])
    return np.sort(points.astype(np.float32))


def rows() -> Any:
    """Finite float32 rows of small, large and equal numbers, (rows, 7); an infinity or NaN in a row has no softmax."""
    rng = np.random.default_rng(1)
    random_rows = [rng.normal(0, scale, (20, 7)) for scale in (1e-3, 1, 5, 40, 0.4)]
    special_rows = np.zeros((4, 7))
    special_rows[1], special_rows[2], special_rows[3, ::2] = 1e4, np.linspace(-50, 50, 7), -40
    return np.concatenate([*random_rows, special_rows]).astype(np.float32)


def tolerances(case: Case, reference: Arrays, in_float32: Arrays, precision: Any) -> dict[str, Tolerance]:
    """By tensor, the tolerance from the reference's float32 error at neighbouring points of the grid, or in the row.

    For the gradient of a learned parameter, which has no point of its own, the largest error of the tensor counts.
    """
    bounds = {}
    for name, values in reference.items():
        if values.shape != case.arrays["x"].shape:
            bounds[name] = own_error(values, in_float32[name], precision)
            continue
        error = nearby(case, _finite(error_against(in_float32[name], values)))
        bounds[name] = _tolerance(error, values, _summands(case, name, values), precision)
    return bounds


def _summands(case: Case, name: str, values: Any) -> Any:
    """The size of the terms that the formula adds last: the result is rounded at this size, however small it is."""
    x = np.abs(case.arrays["x"].astype(np.float64))
    upstream = np.abs(case.arrays["upstream"].astype(np.float64)) if name == "gradient" else np.ones_like(x)
    if isinstance(case.word, ROWWISE):
        return np.max(np.abs(values if name == "value" else upstream), axis=-1, keepdims=True)
    if isinstance(case.word, TIMES_X[name]):
        return upstream * np.maximum(x * _argument_slope(case.word, x), 1) if name == "gradient" else x
    return upstream if isinstance(case.word, ONE_MINUS[name]) else np.zeros_like(x)


def _argument_slope(word: Any, x: Any) -> Any:
    """The derivative by x of the argument of the sigmoid or tanh that x is multiplied with, up to a constant."""
    return 1 + 3 * GELU_CUBIC * x**2 if isinstance(word, spec.Gelu) and word.form == "tanh" else 1.0


def nearby(case: Case, error: Any) -> Any:
    """The largest error in the row, or within `WINDOW` points on either side and over all channels, (points, 1).

    The gradient of a learned parameter, which has no point of its own, has one largest error.
    """
    if error.shape != case.arrays["x"].shape:
        return largest_anywhere(error)
    if isinstance(case.word, ROWWISE):
        return np.max(error, axis=-1, keepdims=True)
    padded = np.pad(error, ((WINDOW, WINDOW), (0, 0)), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * WINDOW + 1, axis=0).max(axis=(-1, 1))[:, None]


def _tolerance(error: Any, reference: Any, summands: Any, precision: Any) -> Tolerance:
    of_arm = arithmetic(precision)
    eps, tiny = of_arm.epsilon, of_arm.smallest
    magnitudes = np.clip(np.nan_to_num(np.abs(reference), posinf=0), tiny, of_arm.largest)
    units = eps * (np.ldexp(1.0, np.frexp(magnitudes)[1] - 1) + summands)
    bound = FACTOR * of_arm.scale * error + FLOOR_ULP * units + 2 * tiny
    return Tolerance(bound, f"{FACTOR:g} x the reference's own error nearby in {of_arm.name} + {FLOOR_ULP:g} ULP")


def _finite(error: Any) -> Any:
    """The error with 0 for infinities and NaN: an overflow of the reference widens no tolerance."""
    return np.where(np.isfinite(error), error, 0)


def _fields_in_words(word: spec.Activation) -> str:
    """The numbers of the word by name, which tell two specimens of one activation apart."""
    return ", ".join(f"{name} {value:g}" for name, value in word if isinstance(value, float))


RUNG = WordRung(NAME, cases, ("model",), tolerances, in_layers=True, nearby=nearby).rung
