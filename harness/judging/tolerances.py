"""How far from the reference a right answer may be. Every tolerance is derived, and says from what.

The measure is the reference's own error: the same formula, evaluated by NumPy in float32 instead of float64, is off by
e; another float32 implementation, with another order of operations, may be off by `FACTOR * e`. To this come
`FLOOR_ULP` units in the last place, for where e happens to be 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.judging.ulp import ulp
from harness.records.array_types import FloatArray

Arrays = Mapping[str, FloatArray]

FACTOR = 8.0
# So many runs of the reference in float32 are looked at: one as it is, the others from weights moved by 1 ULP.
RUNS = 3
FLOOR_ULP = 4.0

# Two float64 trajectories of the same semantics stay this close, relatively, for this many steps.
STRICT = 1e-10
STRICT_STEPS = 500

# One step of a curve may be right by luck, as one element may: the errors of so many later steps count for it too.
AHEAD = 4
# A curve whose bound is this share of its own size tells no two trainings apart that a reader would call different.
TELLING = 0.1


@dataclass(frozen=True)
class Tolerance:
    """An absolute bound per element (or one for all), and where it comes from."""

    bound: FloatArray
    source: str


@dataclass(frozen=True)
class Excuse:
    """What a tolerance becomes, per element or one for all, where the ledger knows of the error.

    No bound: of what is another function, and never used, any error is known.
    """

    bound: Any
    cause: str


def furthest(reference: Arrays, runs: Sequence[Arrays]) -> dict[str, FloatArray]:
    """Of several runs in float32, element by element the value that is furthest from the reference.

    One run may be right by luck, a tensor of one number all the more; of runs whose weights are moved by a unit in the
    last place hardly all are.
    """
    found = {}
    for name, value in reference.items():
        each = np.stack([run[name] for run in runs])
        worst = np.argmax(np.abs(each - value), axis=0)[None]
        found[name] = np.take_along_axis(each, worst, axis=0)[0]
    return found


def own_error(
    reference: FloatArray, in_float32: FloatArray, precision: Any, window: int = 0, size: Any = 0.0
) -> Tolerance:
    """From the reference's error in float32 arithmetic; for float64 that error is scaled by the ratio of the epsilons.

    With `window`, the largest error among that many neighbours on either side (a single point may be right by luck);
    without, the largest error of the whole array. `size`: how large each element was on the way to what it is, where
    that was more: a sum is rounded at the size of its terms, however small it comes out.
    """
    error = np.abs(in_float32.astype(np.float64) - reference)
    widest = _running_maximum(error, window) if window else np.max(error, initial=0.0)
    return _tolerance(widest, np.maximum(np.abs(reference), size), precision, "own error")


def pooled_error(reference: Arrays, in_float32: Arrays, precision: Any) -> dict[str, Tolerance]:
    """As `own_error` for tensors that come of one computation, such as the gradients of one loss.

    The relative error of the worst of them counts for all: in a tensor of ten numbers float32 may be right by luck.
    A tensor that is nothing but rounding beside the largest (the gradient by a bias that batch normalisation takes off
    again) has no relative error. It counts for itself alone; where its terms cancel, and of its own digits not half are
    right, they were rounded at the size of the largest.
    """
    largest = {name: float(np.max(np.abs(value), initial=0.0)) for name, value in reference.items()}
    errors = {name: float(np.max(np.abs(in_float32[name] - value), initial=0.0)) for name, value in reference.items()}
    most, eps = max(largest.values(), default=0.0), float(np.finfo(np.float32).eps)
    worst = max((errors[name] / size for name, size in largest.items() if size > eps * most), default=0.0)

    def bound(name: str, value: FloatArray) -> Tolerance:
        size, error = largest[name], errors[name]
        cancels = size <= eps * most and error >= np.sqrt(eps) * size
        place = np.maximum(np.abs(value), most if cancels else 0.0)
        return _tolerance(max(error, worst * size), place, precision, "own relative error")

    return {name: bound(name, value) for name, value in reference.items()}


def loss_error(reference: FloatArray, sample_error: float, precision: Any) -> Tolerance:
    """For a mean loss, from the reference's largest error in the loss of one sample."""
    return _tolerance(sample_error, reference, precision, "own error in a sample's loss")


def enveloped(reference: FloatArray, apart: FloatArray, own: FloatArray, precision: Any, least: Any = 0.0) -> Tolerance:
    """For a curve of a free-running training, in which errors grow: the chaos envelope.

    `apart`: at each step, how far the reference in float32 is from itself in float64, and from itself with its initial
    weights moved by 1 ULP, whichever is more. `own`: how far the arm is from itself so moved; 0 where it was not tried.
    A float64 arm is moved by less, and grows apart by the same law. `least`: what float32 arithmetic may get wrong in
    any one step.

    `bound[t] = FACTOR * max(own[s], scale * apart[s], scale * least[t] over s <= t + AHEAD) + FLOOR_ULP * ulp[t]`
    """
    scale = _scale(precision)
    widest = np.maximum.accumulate(np.maximum(own, scale * apart))
    ahead = widest[np.minimum(np.arange(len(widest)) + AHEAD, len(widest) - 1)]
    bound = FACTOR * np.maximum(ahead, scale * least) + FLOOR_ULP * ulp(reference, precision)
    name = np.dtype(precision).name
    return Tolerance(bound, f"{FACTOR:g} x the chaos envelope in {name} + {FLOOR_ULP:g} ULP")


def summation_error(count: int, norm: FloatArray) -> FloatArray:
    """What float32 may lose of the sum of `count` numbers of this Euclidean norm: `eps * sqrt(count) * norm / FACTOR`.

    Added up one by one, in any order, the rounding errors of the partial sums go at random: see Higham, Accuracy and
    Stability of Numerical Algorithms, 2002, chapter 4. `FACTOR` of these are five standard deviations.
    """
    lost: FloatArray = float(np.finfo(np.float32).eps) * np.sqrt(count) * norm / FACTOR
    return lost


def strict(reference: FloatArray) -> Tolerance:
    return Tolerance(STRICT * np.abs(reference), f"float64 semantics: {STRICT:g} relative")


def margin(value: float) -> Tolerance:
    return Tolerance(np.asarray(value), "the experiment's accuracy_margin")


def _tolerance(error: Any, reference: FloatArray, precision: Any, what: str) -> Tolerance:
    bound = FACTOR * _scale(precision) * error + FLOOR_ULP * ulp(reference, precision)
    name = np.dtype(precision).name
    return Tolerance(bound, f"{FACTOR:g} x the reference's {what} in {name} + {FLOOR_ULP:g} ULP")


def _scale(precision: Any) -> float:
    """Errors of float32 arithmetic, times this, are those of the same steps in `precision`."""
    return float(np.finfo(precision).eps) / float(np.finfo(np.float32).eps)


def _running_maximum(error: FloatArray, window: int) -> FloatArray:
    padded = np.pad(error, window, mode="edge")
    widest: FloatArray = np.lib.stride_tricks.sliding_window_view(padded, 2 * window + 1).max(axis=-1)
    return widest
