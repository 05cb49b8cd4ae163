"""The chaos envelope: how far apart correct float32 trainings of one experiment may be, step by step.

Rounding grows in a free-running training, at first slowly, and by leaps where an activation takes its other branch. So
the reference is run in float64, and in float32 several times at once, its initial weights moved by one unit in the last
place. A pair within what these runs show is equal as far as anyone can know; a pair outside is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from adapters.protocol import Adapter
from adapters.reference.ensemble import Ensemble, Flip, Step, disturbed
from harness.judging.context import Context
from harness.judging.tolerances import FACTOR, TELLING, Tolerance, enveloped, summation_error
from harness.judging.ulp import error_against
from harness.records.array_types import Array, FloatArray, IntArray
from harness.records.step_columns import DIGESTS, Watched, columns, watched_parameters
from harness.spec.arm import Arm

LOSS = "loss"
DRAWS = 4
# Rounding hardly ever moves the input of an activation by more standard deviations than these.
REACH = 4.0
# By which the rounding of the digests goes, in the same order.
NORMS: tuple[Watched, ...] = ("gradient_norm", "weight_norm")
Curves = Mapping[str, FloatArray]


@dataclass(frozen=True)
class Envelope:
    """Of an experiment and of arms that compute its coefficients alike. Curves are named `loss`, and as digests are.

    `oracle`: in float64, (steps,). `draws`: in float32, (draws, steps); the first is undisturbed, the last is pushed
    across every kink that rounding could put on its other side. `least`: what float32 may get wrong in a single step,
    by curve; of a digest, what it gets wrong in the tensor, for in a projection that may cancel.
    `own`: how far an arm's own runs lie apart.
    `flips`: at each step, how many activations of a draw took another branch than in draw 0, (draws, steps).
    """

    precision: Any
    oracle: Curves
    draws: Curves
    least: Curves
    flips: IntArray
    first_flip: Flip | None
    own: Curves = field(default_factory=dict)

    @cached_property
    def spread(self) -> Curves:
        """At each step, the largest |draw - draw 0|."""
        return {name: _spread(runs) for name, runs in self.draws.items()}

    @cached_property
    def drift(self) -> Curves:
        """At each step, |draw 0 - oracle|."""
        return {name: error_against(runs[0], self.oracle[name]) for name, runs in self.draws.items()}

    @cached_property
    def tolerances(self) -> Mapping[str, Tolerance]:
        """For every curve of an arm, against the oracle's."""
        return {name: self._tolerance(name) for name in self.oracle}

    @property
    def loss(self) -> Tolerance:
        return self.tolerances[LOSS]

    @cached_property
    def horizon(self) -> int | None:
        """The first step from which on the loss is let differ by more than `TELLING` of itself; None: there is none.

        From there a free-running comparison says nothing.
        """
        telling = np.flatnonzero(self.loss.bound <= TELLING * np.abs(self.oracle[LOSS]))
        first = int(telling[-1]) + 1 if telling.size else 0
        return first if first < len(self.oracle[LOSS]) else None

    def with_own(self, *spreads: Mapping[str, Any]) -> Envelope:
        """Widened to hold an arm's own runs: how far they lie apart at each step, by curve.

        Runs from the same start, and runs from weights that were moved by one unit in the last place, are given apart.
        """
        widest = {
            name: np.max([np.broadcast_to(each.get(name, 0.0), c.shape) for each in spreads], axis=0)
            for name, c in self.oracle.items()
        }
        return replace(self, own=widest)

    @property
    def in_words(self) -> str:
        """What a reader of a free-running comparison has to know."""
        horizon = (
            f"past step {self.horizon} a free run tells nothing"
            if self.horizon is not None
            else f"no horizon within {len(self.oracle[LOSS])} steps"
        )
        flip = self.first_flip
        if flip is None:
            return horizon
        before, after = (self.after_flip(steps) for steps in (0, 10))
        grown = f", {after:.2g} ten steps on" if after is not None else ""
        return (
            f"{horizon}; the first activation to flip by rounding: step {flip.step}, {flip.layer}{list(flip.index)}, "
            f"{flip.value:.2g} against {flip.disturbed:.2g}; the losses were {before:.2g} apart{grown}"
        )

    def after_flip(self, steps: int) -> float | None:
        """|loss - draw 0's loss| of the first draw that flipped, so many steps after it did (before: negative)."""
        if self.first_flip is None or not 0 <= self.first_flip.step + steps < len(self.oracle[LOSS]):
            return None
        losses = self.draws[LOSS][:, self.first_flip.step + steps].astype(np.float64)
        return float(abs(losses[self.first_flip.draw] - losses[0]))

    def _tolerance(self, name: str) -> Tolerance:
        apart = np.maximum(self.spread[name], self.drift[name])
        # What an arm shows of itself widens its tolerance by so much and no more: a fault must not excuse itself.
        most = FACTOR * np.maximum.accumulate(np.maximum(apart, self.least[name]))
        own = np.minimum(self.own.get(name, np.zeros(len(apart))), most)
        return enveloped(self.oracle[name], apart, own, self.precision, self.least[name])


def envelope(context: Context, arm: Arm, steps: int) -> Envelope:
    """Over the first `steps` updates of the plan. The runs are made once for all arms of the same coefficients."""
    in_float32 = context.in_float32(arm)
    key = "envelope", in_float32.arm.realisation, steps
    made = context.once(key, lambda: _runs(context, in_float32, steps))
    return replace(made, precision=np.dtype(arm.precision).type)


def oracle_run(context: Context, steps: int) -> Curves:
    """The curves of the reference in float64, run anew: for who disturbs it."""
    names = (LOSS, *columns(context.experiment.model, DIGESTS))
    ensemble = Ensemble(context.oracle, context.experiment.recipe, [context.plan.weights], steps, DIGESTS)
    made = [ensemble.step(*context.samples(each, "float64"), each.noise) for each in context.batches(steps)]
    return dict(zip(names, _curves(made)[:, 0], strict=True))


@dataclass(frozen=True)
class Crossing:
    """Units of a layer that are 0 in one arm and not in the other: how many, and the first with both its values."""

    layer: str
    count: int
    index: tuple[int, ...]
    value_a: float
    value_b: float


def crossings_between(a: Mapping[str, Array], b: Mapping[str, Array]) -> tuple[Crossing, ...]:
    """Where two arms' layer outputs, (B, ...) by name, differ in which of their rectified units are off."""
    found = []
    for layer in a:
        crossed = np.argwhere((a[layer] == 0) != (b[layer] == 0))
        if len(crossed):
            index = tuple(int(i) for i in crossed[0])
            found.append(Crossing(layer, len(crossed), index, float(a[layer][index]), float(b[layer][index])))
    return tuple(found)


def _runs(context: Context, in_float32: Adapter, steps: int) -> Envelope:
    model, recipe, weights = context.experiment.model, context.experiment.recipe, context.plan.weights
    oracle = Ensemble(context.oracle, recipe, [weights], steps, (*DIGESTS, *NORMS))
    draws = Ensemble(in_float32, recipe, [disturbed(weights, draw) for draw in range(DRAWS)], steps, DIGESTS, REACH)
    exact, found, astray = [], [], []
    for batch in context.batches(steps):
        exact.append(oracle.step(*context.samples(batch, "float64"), batch.noise))
        found.append(draws.step(*context.samples(batch, "float32"), batch.noise))
        astray.append(draws.astray(oracle).max(axis=0))
    names = (LOSS, *columns(model, DIGESTS))
    told = dict(zip((*names, *columns(model, NORMS)), _curves(exact)[:, 0], strict=True))
    least = {LOSS: np.full(steps, context.sample_loss_error)}
    wrong = dict(zip(names[1:], np.transpose(astray), strict=True))
    for digest, norm in zip(DIGESTS, NORMS, strict=True):
        for parameter in watched_parameters(model, digest):
            lost = summation_error(int(np.prod(parameter.shape)), told[f"{norm}/{parameter.name}"])
            column = f"{digest}/{parameter.name}"
            least[column] = np.maximum(lost, wrong[column])
    return Envelope(
        np.float32,
        {name: told[name] for name in names},
        dict(zip(names, _curves(found), strict=True)),
        least,
        np.stack([each.flips for each in found], axis=1),
        next((each.first_flip for each in found if each.first_flip is not None), None),
    )


def _curves(steps: Sequence[Step]) -> FloatArray:
    """(1 + digests, draws, steps)."""
    rows = [np.concatenate([each.losses[:, None], each.digests], axis=1) for each in steps]
    curves: FloatArray = np.stack(rows).transpose(2, 1, 0)
    return curves


def _spread(runs: FloatArray) -> FloatArray:
    widest: FloatArray = np.max([error_against(run, runs[0]) for run in runs], axis=0)
    return widest
