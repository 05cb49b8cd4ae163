"""How far an update in float32 may be from the exact one: the rule's arithmetic, and its coefficients' rounding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import adapters
from harness.judging.tolerances import FACTOR, FLOOR_ULP, Tolerance
from harness.judging.ulp import ulp
from harness.records.array_types import FloatArray
from harness.records.tensor_key import TensorKey, keyed, of_kind
from harness.spec.arm import Arm, Policy, Precision
from harness.spec.recipe import Update
from harness.system.array_files import Arrays

SOURCE = (
    f"{FACTOR:g} x the reference's own relative error in the updates, + the rounding of 1 - beta ** k in float32, "
    f"+ {FLOOR_ULP:g} ULP"
)


class Updates:
    """The weights after each of a few updates by given gradients, as the reference computes them.

    `start`: the weights by name. `gradients`: by update. Weights are called `weight <step>/<name>`.
    """

    def __init__(self, update: Update, start: Arrays, gradients: Sequence[Arrays]) -> None:
        self.update, self.start, self.gradients = update, start, gradients
        self.expected = self._after(update, "float64", "exact")

    def tolerances(self, policy: Policy, precision: Any) -> dict[str, Tolerance]:
        """By tensor, the tolerance of an arm whose coefficients are computed by this policy.

        The largest relative error of an update in any tensor counts for all after the same step, because in a tensor of
        few numbers float32 may be right by luck.
        """
        rounded = self._after(self.update, "float32", policy)
        coefficients = coefficient_errors(self.update, len(self.gradients)) if policy == "native" else None
        scale = float(np.finfo(precision).eps) / float(np.finfo(np.float32).eps)
        before, paths, allowed = self.start, dict.fromkeys(self.start, 0.0), dict.fromkeys(self.start, 0.0)
        bounds: dict[str, Tolerance] = {}
        for step in range(len(self.gradients)):
            after = of_kind(self.expected, "weight", step)
            for name, value in after.items():
                moved = float(np.max(np.abs(value - before[name]), initial=0.0))
                paths[name] += moved
                allowed[name] += 0.0 if coefficients is None else float(coefficients[step]) * moved
            errors = {name: _error(rounded[TensorKey("weight", name, step)], value) for name, value in after.items()}
            relative = max((errors[name] / path for name, path in paths.items() if path > 0), default=0.0)
            for name, value in after.items():
                arithmetic = FACTOR * max(errors[name], relative * paths[name]) + allowed[name]
                bound = scale * arithmetic + FLOOR_ULP * ulp(value, precision)
                bounds[TensorKey("weight", name, step)] = Tolerance(bound, SOURCE)
            before = after
        return bounds

    def _after(self, update: Update, precision: Precision, policy: Policy) -> Arrays:
        arm = Arm(name="reference", adapter="reference", mode="numpy", precision=precision, realisation=policy)
        weights: Arrays = {}
        for step, after in enumerate(adapters.load(arm).optimizer(update, self.start, self.gradients)):
            weights |= keyed("weight", after, step)
        return weights


def coefficient_errors(update: Update, updates: int) -> FloatArray:
    """(updates,), how far, relatively, an update may be off because a framework computes `1 - beta ** k` in float32.

    The power is a product of k rounded factors, off by up to `k * eps * beta ** k`, and what is left after subtracting
    it from 1 is small in the first updates. The second moment enters by its root, which halves the relative error.
    """
    k = np.arange(1, updates + 1)
    relative: FloatArray = np.zeros(updates)
    for name, share in (("beta1", 1.0), ("beta2", 0.5)):
        beta = getattr(update.optimizer, name, 0.0)
        if getattr(update.optimizer, "bias_correction", True) and 0 < beta < 1:
            relative = relative + share * k * float(np.finfo(np.float32).eps) * beta**k / (1 - beta**k)
    return relative


def _error(rounded: FloatArray, value: FloatArray) -> float:
    """The largest error of an update. The rounding of the weight itself, to its own last place, is none of it."""
    error = np.abs(np.asarray(rounded, np.float64) - value) - ulp(value, np.float32)
    return max(0.0, float(np.max(error, initial=0.0)))
