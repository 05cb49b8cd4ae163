"""Tolerances: how far from the reference a right value may be. Every tolerance is derived and names its source.

They are derived from the reference's own error: if the formula, evaluated by NumPy in float32 instead of float64, is
off by e, another float32 implementation, with another order of operations, may be off by `FACTOR * e`. `FLOOR_ULP`
units in the last place are added, because e may happen to be 0. For an arm in mixed precision the reference rounds the
tensors of its layers to 16 bits, and e is what that changes. `precision` is a type of NumPy or an `Arithmetic`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.judging.arithmetic import arithmetic
from harness.judging.ulp import ulp
from harness.records.array_types import FloatArray

Arrays = Mapping[str, FloatArray]

FACTOR = 8.0
# The number of float32 runs of the reference: one from the weights themselves, the others from weights moved by 1 ULP.
RUNS = 3
# The number where runs cost next to nothing; small tensors are right by luck most often.
MANY_RUNS = 12
SMALL = 1_000_000  # multiply-adds of a forward pass
# The number of such runs in the chaos envelope.
DRAWS = 4
FLOOR_ULP = 4.0

# Two float64 trajectories of the same semantics stay this close, relatively, for this many steps.
STRICT = 1e-10
STRICT_STEPS = 500

# A single step of a curve may be right by luck, so the errors of this many later steps count for it too.
AHEAD = 4
# If the bound of a curve is more than this share of its size, the curve does not tell different trainings apart.
TELLING = 0.1


@dataclass(frozen=True)
class Tolerance:
    """An absolute bound, per element or one for all, and its source in words."""

    bound: FloatArray
    source: str

    def upto(self, count: int) -> Tolerance:
        """The tolerance of a curve's first `count` steps."""
        return Tolerance(self.bound[:count], self.source)


@dataclass(frozen=True)
class Excuse:
    """The ledger's absolute bound in place of a tolerance, per element or one for all.

    A bound of None excuses every error: it is for another function, which is never used.
    """

    bound: Any
    cause: str


def float32_runs(multiply_adds: int) -> int:
    """The number of float32 runs of the reference. `multiply_adds`: those of a forward pass on the whole batch."""
    return MANY_RUNS if multiply_adds <= SMALL else RUNS


def furthest(reference: Arrays, runs: Sequence[Arrays]) -> dict[str, FloatArray]:
    """By tensor, element by element, the value of several float32 runs that is furthest from the reference.

    A single run may be right by luck, above all in a tensor of one number; several runs, whose weights are moved by a
    unit in the last place, are hardly all right by luck.
    """
    values = {}
    for name, value in reference.items():
        stacked = np.stack([run[name] for run in runs])
        worst = np.argmax(np.abs(stacked - value), axis=0)[None]
        values[name] = np.take_along_axis(stacked, worst, axis=0)[0]
    return values


def own_error(
    reference: FloatArray, in_float32: FloatArray, precision: Any, window: int = 0, size: Any = 0.0, least: float = 0.0
) -> Tolerance:
    """The tolerance from the reference's error in float32 arithmetic, scaled by the ratio of epsilons for float64.

    `window`: the error of an element is the largest among this many neighbours on either side, because a single point
    may be right by luck; 0 takes the largest error of the whole array. `size`: the size of each element's terms, if
    that is more than its own: a sum is rounded at the size of its terms, however small the sum is.
    `least`: without a window, the error counts as at least this.
    """
    error = np.abs(in_float32.astype(np.float64) - reference)
    widest = _running_maximum(error, window) if window else np.max(error, initial=least)
    return _tolerance(widest, np.maximum(np.abs(reference), size), precision, "own error")


def pooled_error(reference: Arrays, in_float32: Arrays, precision: Any) -> dict[str, Tolerance]:
    """By tensor, the tolerance as in `own_error`, for the tensors of one computation, such as the gradients of a loss.

    The largest relative error among them counts for all, because in a tensor of ten numbers float32 may be right by
    luck. A tensor that is all rounding error next to the largest (the gradient of a bias that batch normalisation
    cancels) has no relative error: only its own absolute error counts for it. If fewer than half of its digits are
    right, its terms have cancelled and were rounded at the size of the largest tensor.
    """
    largest = {name: float(np.max(np.abs(value), initial=0.0)) for name, value in reference.items()}
    errors = {name: float(np.max(np.abs(in_float32[name] - value), initial=0.0)) for name, value in reference.items()}
    most, eps = max(largest.values(), default=0.0), max(float(np.finfo(np.float32).eps), arithmetic(precision).epsilon)
    worst = max((errors[name] / size for name, size in largest.items() if size > eps * most), default=0.0)

    def bound(name: str, value: FloatArray) -> Tolerance:
        size, error = largest[name], errors[name]
        cancels = size <= eps * most and error >= np.sqrt(eps) * size
        place = np.maximum(np.abs(value), most if cancels else 0.0)
        return _tolerance(max(error, worst * size), place, precision, "own relative error")

    return {name: bound(name, value) for name, value in reference.items()}


def largest_anywhere(error: FloatArray) -> Any:
    """The largest error of a tensor; 0 if it is empty."""
    return np.max(error, initial=0.0)


def floored(
    tolerances: Mapping[str, Tolerance],
    reference: Arrays,
    remainders: Sequence[Arrays],
    precision: Any,
    reduce: Callable[[FloatArray], Any] = largest_anywhere,
) -> dict[str, Tolerance]:
    """The tolerances with a floor at the size of terms that cancel exactly, whose own error is 0.

    `remainders`: the results of float32 runs in which such terms leave a remainder. Each tensor has its own floor: the
    remainder of one tensor says nothing about the others. `reduce`: turns the errors of a tensor into those that count
    at each of its elements.
    """
    wider = dict(tolerances)
    for name, tolerance in tolerances.items():
        errors = [reduce(np.abs(run[name] - reference[name])) for run in remainders if name in run]
        floor = FACTOR * _scale(precision) * np.max(errors, axis=0, initial=0.0)
        if np.any(floor > tolerance.bound):
            source = f"{FACTOR:g} x the rounding of terms that cancel in the reference, in {arithmetic(precision).name}"
            wider[name] = Tolerance(np.maximum(tolerance.bound, floor), source)
    return wider


def loss_error(reference: FloatArray, sample_error: float, precision: Any) -> Tolerance:
    """The tolerance for a mean loss. `sample_error`: the reference's largest error in the loss of one sample."""
    return _tolerance(sample_error, reference, precision, "own error in a sample's loss")


def enveloped(
    reference: FloatArray, reference_spread: FloatArray, arm_spread: FloatArray, precision: Any, least: Any = 0.0
) -> Tolerance:
    """The tolerance for a curve of a free-running training, in which errors grow: the chaos envelope.

    `reference_spread`: (steps,), the distance of the reference in float32 from itself in float64 or from itself with
    initial weights moved by 1 ULP, whichever is more. `arm_spread`: (steps,), the distance of the arm from itself with
    weights moved in the same way; 0 if it was not run so. The weights of a float64 arm are moved by less, and its runs
    grow apart by the same law. `least`: the error that float32 arithmetic may make in any single step.

    `bound[t] = FACTOR * max(arm_spread[s], scale * reference_spread[s], scale * least[t]) + FLOOR_ULP * ulp[t]`, the
    maximum over all s <= t + AHEAD. If the runs overflow at a later step, only the steps before that count.
    """
    scale = _scale(precision)
    widest = np.maximum.accumulate(np.maximum(arm_spread, scale * reference_spread))
    steps, finite = np.arange(len(widest)), int(np.count_nonzero(np.isfinite(widest)))
    ahead = widest[np.maximum(steps, np.minimum(steps + AHEAD, finite - 1))]
    bound = FACTOR * np.maximum(ahead, scale * least) + FLOOR_ULP * ulp(reference, arithmetic(precision).dtype)
    name = arithmetic(precision).name
    return Tolerance(bound, f"{FACTOR:g} x the chaos envelope in {name} + {FLOOR_ULP:g} ULP")


def summation_error(count: int, norm: FloatArray) -> FloatArray:
    """The error of a float32 sum of `count` numbers with this Euclidean norm: `eps * sqrt(count) * norm / FACTOR`.

    If the numbers are added one by one, in any order, the rounding errors of the partial sums are random: see Higham,
    Accuracy and Stability of Numerical Algorithms, 2002, chapter 4. `FACTOR` times this are five standard deviations.
    """
    error: FloatArray = float(np.finfo(np.float32).eps) * np.sqrt(count) * norm / FACTOR
    return error


def strict(reference: FloatArray) -> Tolerance:
    """The tolerance between two float64 arms: `STRICT` times |reference|, element by element."""
    return Tolerance(STRICT * np.abs(reference), f"float64 semantics: {STRICT:g} relative")


def margin(value: float) -> Tolerance:
    """The tolerance for accuracies: the experiment's own margin, a fraction of 1."""
    return Tolerance(np.asarray(value), "the experiment's accuracy_margin")


def share(fraction: float, sizes: FloatArray) -> Tolerance:
    """The tolerance for test losses of these sizes: the experiment's own margin, a share of each."""
    return Tolerance(fraction * sizes, f"the experiment's loss_margin, {fraction:g} of the larger loss")


def _tolerance(error: Any, reference: FloatArray, precision: Any, what: str) -> Tolerance:
    bound = FACTOR * _scale(precision) * error + FLOOR_ULP * ulp(reference, arithmetic(precision).dtype)
    name = arithmetic(precision).name
    return Tolerance(bound, f"{FACTOR:g} x the reference's {what} in {name} + {FLOOR_ULP:g} ULP")


def _scale(precision: Any) -> float:
    """The factor from errors of the reference to errors of the same operations in `precision`."""
    return arithmetic(precision).scale


def _running_maximum(error: FloatArray, window: int) -> FloatArray:
    padded = np.pad(error, window, mode="edge")
    widest: FloatArray = np.lib.stride_tricks.sliding_window_view(padded, 2 * window + 1).max(axis=-1)
    return widest
