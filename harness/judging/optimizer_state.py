"""How far an optimizer's slots may be from the reference's after given gradients."""

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
    """The reference's own relative error; under the native policy also what rounding the optimizer's numbers does.

    A framework's own class may compute `1 - beta` from beta in float32: for 0.999 that is off by 1.3e-5 of itself, and
    the second moment with it. In the weights the correction of the bias may take it off again.
    """
    given = parameters, gradients
    tolerances = pooled_error(exact, in_float32.slots_after(update, *given), precision)
    if in_float32.arm.realisation == "exact":
        return tolerances
    for other in _rounded(update, precision):
        moved = oracle.slots_after(other, *given)
        tolerances = {
            name: replace(own, bound=own.bound + np.abs(moved[name] - exact[name])) for name, own in tolerances.items()
        }
    source = " + the effect of rounding the optimizer's numbers"
    return {name: replace(own, source=own.source + source) for name, own in tolerances.items()}


def _rounded(update: Update, precision: Any) -> Iterator[Update]:
    """The update with one number of its optimizer at a time as `precision` holds it."""
    for name, value in update.optimizer:
        if isinstance(value, float) and float(precision(value)) != value:
            word = update.optimizer.model_copy(update={name: float(precision(value))})
            yield update.model_copy(update={"optimizer": word})
