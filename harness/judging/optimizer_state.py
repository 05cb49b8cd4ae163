"""Tolerances for an optimizer's slots after updates by given gradients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from adapters.protocol import Adapter, Parameters
from harness.judging.tolerances import Arrays, Tolerance, pooled_error
from harness.spec.recipe import Update


def slot_tolerances(
    exact: Arrays,
    oracle: Adapter,
    in_float32: Adapter,
    update: Update,
    parameters: Parameters,
    gradients: Sequence[Parameters],
    precision: Any,
) -> dict[str, Tolerance]:
    """By slot, the tolerance from the reference's own relative error.

    Under the native policy the effect of rounding the optimizer's numbers is added: a framework's own class may compute
    `1 - beta` from beta in float32, which for 0.999 has a relative error of 1.3e-5, as then has the second moment. In
    the weights the correction of the bias may cancel that error.
    """
    training = parameters, gradients
    tolerances = pooled_error(exact, in_float32.slots_after(update, *training), precision)
    if in_float32.arm.realisation == "exact":
        return tolerances
    for rounded in _rounded(update, precision):
        shifted = oracle.slots_after(rounded, *training)
        tolerances = {
            name: replace(tolerance, bound=tolerance.bound + np.abs(shifted[name] - exact[name]))
            for name, tolerance in tolerances.items()
        }
    source = " + the effect of rounding the optimizer's numbers"
    return {name: replace(tolerance, source=tolerance.source + source) for name, tolerance in tolerances.items()}


def _rounded(update: Update, precision: Any) -> Iterator[Update]:
    """Copies of the update, in each of which one number of the optimizer is rounded to `precision`."""
    for name, value in update.optimizer:
        if isinstance(value, float) and float(precision(value)) != value:
            word = update.optimizer.model_copy(update={name: float(precision(value))})
            yield update.model_copy(update={"optimizer": word})
