"""The chaos envelope: how far apart correct float32 trainings of one experiment may be, step by step.

Rounding errors grow in a free-running training: slowly at first, and in jumps when an activation switches to its other
branch. So the reference runs in float64, and several times in float32 with its initial weights moved by one unit in the
last place. Two trainings within the spread of these runs cannot be told apart; two trainings outside it differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from adapters.protocol import Adapter, Parameters
from adapters.reference.cancellation import leaving
from adapters.reference.ensemble import Ensemble, Step, disturbed
from adapters.reference.flips import Flip
from harness.judging.arithmetic import Arithmetic
from harness.judging.context import Context
from harness.judging.overflow import noticed_overflows
from harness.judging.remainders import signs_of_draws
from harness.judging.tolerances import DRAWS, FACTOR, TELLING, Tolerance, enveloped, summation_error
from harness.judging.ulp import error_against, largest_error
from harness.plan import Batch
from harness.records.array_types import Array, FloatArray, IntArray
from harness.records.step_columns import DIGESTS, Watched, columns, watched_parameters
from harness.records.tensor_key import TensorKey
from harness.spec.arm import Arm

LOSS = "loss"
# Rounding hardly ever moves the input of an activation by more than this many standard deviations.
REACH = 4.0
# The norms from which the rounding errors of the digests are computed, in the order of `DIGESTS`.
NORMS: tuple[Watched, ...] = ("gradient_norm", "weight_norm")
Curves = Mapping[str, FloatArray]


@dataclass(frozen=True)
class Start:
    """Where runs of the reference start: by name the weights, and the batches that follow.

    Where they go on with a training: by `<slot>/<parameter>` the optimizer's slots, and the `updates` made so far.
    """

    weights: Parameters
    batches: Sequence[Batch]
    slots: Parameters | None = None
    updates: int = 0

    @property
    def steps(self) -> int:
        """The number of updates of the runs."""
        return len(self.batches)


@dataclass(frozen=True)
class Envelope:
    """The envelope of an experiment, for all arms with the same realisation. Curves: `loss`, and the digests by name.

    `oracle`: by curve, in float64, (steps,). `draws`: by curve, in float32, (draws, steps); the first draw is
    undisturbed, the last is pushed across every kink whose side rounding could decide; all but the first leave a
    remainder of terms that cancel. `least`: by curve, (steps,), the error that float32 may make in a single step; for a
    digest the error of its whole tensor, because errors may cancel in the projection. `own`: by curve, (steps,), the
    distance between runs of one arm. `flips`: (draws, steps), how many activations take another branch than in draw 0.
    `skipped`: of each step, whether its update is skipped because of an overflow; empty where no loss is scaled so.
    """

    precision: Any
    oracle: Curves
    draws: Curves
    least: Curves
    flips: IntArray
    first_flip: Flip | None
    own: Curves = field(default_factory=dict)
    skipped: tuple[bool, ...] = ()

    @cached_property
    def spread(self) -> Curves:
        """At each step, the largest |draw - draw 0|."""
        return {name: largest_error(runs, runs[0]) for name, runs in self.draws.items()}

    @cached_property
    def drift(self) -> Curves:
        """At each step, |draw 0 - oracle|."""
        return {name: error_against(runs[0], self.oracle[name]) for name, runs in self.draws.items()}

    @cached_property
    def tolerances(self) -> Mapping[str, Tolerance]:
        """By curve, the tolerance for an arm's values against the oracle's."""
        return {name: self._tolerance(name) for name in self.oracle}

    @property
    def loss(self) -> Tolerance:
        return self.tolerances[LOSS]

    @cached_property
    def horizon(self) -> int | None:
        """The step from which on the tolerance of the loss is more than `TELLING` of the loss; None if there is none.

        From that step on a free-running comparison says nothing.
        """
        telling = np.flatnonzero(self.loss.bound <= TELLING * np.abs(self.oracle[LOSS]))
        first = int(telling[-1]) + 1 if telling.size else 0
        return first if first < len(self.oracle[LOSS]) else None

    def with_own(self, *spreads: Mapping[str, Any]) -> Envelope:
        """The envelope widened by the distance between an arm's own runs, by curve and step.

        `spreads`: one for runs from the same start, and one for runs from weights moved by one unit in the last place.
        """
        widest = {
            name: np.max([np.broadcast_to(spread.get(name, 0.0), c.shape) for spread in spreads], axis=0)
            for name, c in self.oracle.items()
        }
        return replace(self, own=widest)

    @property
    def in_words(self) -> str:
        """The horizon and the first flip in words, for readers of a free-running comparison."""
        horizon = (
            f"past step {self.horizon} a free run tells nothing"
            if self.horizon is not None
            else f"no horizon within {len(self.oracle[LOSS])} steps"
        )
        if any(self.skipped):
            horizon += f"; {sum(self.skipped)} of {len(self.skipped)} updates are skipped, since gradients overflow"
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
        """|loss - draw 0's loss| of the first draw that flipped, `steps` steps after its flip; None outside the run."""
        if self.first_flip is None or not 0 <= self.first_flip.step + steps < len(self.oracle[LOSS]):
            return None
        losses = self.draws[LOSS][:, self.first_flip.step + steps].astype(np.float64)
        return float(abs(losses[self.first_flip.draw] - losses[0]))

    def _tolerance(self, name: str) -> Tolerance:
        reference_spread = np.maximum(self.spread[name], self.drift[name])
        # The spread of an arm's own runs widens its tolerance up to a limit: a fault must not excuse itself.
        limit = FACTOR * np.maximum.accumulate(np.maximum(reference_spread, self.least[name]))
        arm_spread = np.minimum(self.own.get(name, np.zeros(len(reference_spread))), limit)
        return enveloped(self.oracle[name], reference_spread, arm_spread, self.precision, self.least[name])


def envelope(context: Context, arm: Arm, steps: int) -> Envelope:
    """The envelope over the first `steps` updates of the plan. Arms with the same realisation share its runs."""
    in_float32 = context.in_float32(arm)
    key = "envelope", in_float32.arm.arithmetic, steps
    runs = context.once(key, lambda: _runs(context, in_float32, _beginning(context, steps)))
    return replace(runs, precision=Arithmetic.of(arm))


def envelope_from(context: Context, arm: Arm, start: Start) -> Envelope:
    """The envelope of the losses that follow on a state in which an arm's training was; it has no digests."""
    return replace(_runs(context, context.in_float32(arm), start, ()), precision=Arithmetic.of(arm))


def oracle_run(context: Context, steps: int, start: Start | None = None) -> Curves:
    """The curves of a new run of the reference in float64, for callers that disturb the reference."""
    names = (LOSS, *columns(context.experiment.model, DIGESTS))
    return dict(zip(names, np.stack(list(oracle_steps(context, steps, start)), axis=1), strict=True))


def oracle_steps(context: Context, steps: int, start: Start | None = None) -> Iterator[FloatArray]:
    """(1 + digests,) of every step of a new run of the reference in float64, each computed when it is asked for."""
    beginning = start or _beginning(context, steps)
    ensemble = _ensemble(context, context.oracle, beginning, [beginning.weights], DIGESTS)
    for batch in context.told(beginning.batches, "free run"):
        step = ensemble.step(*context.samples(batch, "float64"), batch.noise)
        yield np.append(step.losses, step.digests[0])


@dataclass(frozen=True)
class Crossing:
    """Units of a layer that are 0 in only one of two arms: their number, and the first with the values of both arms."""

    layer: str
    count: int
    index: tuple[int, ...]
    value_a: float
    value_b: float


def crossings_between(a: Mapping[str, Array], b: Mapping[str, Array]) -> tuple[Crossing, ...]:
    """By layer, the rectified units that are off in only one of two arms. `a`, `b`: layer outputs by name, (B, ...)."""
    crossings = []
    for layer in (name for name in a if a[name].shape == b[name].shape):
        indices = np.argwhere((a[layer] == 0) != (b[layer] == 0))
        if len(indices):
            index = tuple(int(i) for i in indices[0])
            crossings.append(Crossing(layer, len(indices), index, float(a[layer][index]), float(b[layer][index])))
    return tuple(crossings)


def _beginning(context: Context, steps: int) -> Start:
    return Start(context.plan.weights, context.batches(steps))


def _ensemble(
    context: Context,
    adapter: Adapter,
    start: Start,
    draws: Sequence[Parameters],
    watch: tuple[Watched, ...],
    reach: float = 0.0,
) -> Ensemble:
    horizon = start.updates + start.steps
    return Ensemble(adapter, context.experiment.recipe, draws, horizon, watch, reach, start.slots, start.updates)


def _runs(context: Context, in_float32: Adapter, start: Start, digests: tuple[Watched, ...] = DIGESTS) -> Envelope:
    model, steps = context.experiment.model, start.steps
    norms = NORMS[: len(digests)]
    oracle = _ensemble(context, context.oracle, start, [start.weights], (*digests, *norms))
    starts = [disturbed(start.weights, draw) for draw in range(DRAWS)]
    draws = _ensemble(context, in_float32, start, starts, digests, REACH)
    undisturbed, drawn, distances, sound = [], [], [], steps
    for number, batch in enumerate(context.told(start.batches, "chaos envelope"), 1):
        updates = bool(digests) or number < steps  # nothing follows on the last loss
        undisturbed.append(oracle.step(*context.samples(batch, "float64"), batch.noise, updates))
        with leaving(*signs_of_draws(DRAWS)), noticed_overflows() as overflows:
            drawn.append(draws.step(*context.samples(batch, "float32"), batch.noise, updates))
        skips = [step.skipped for step in (undisturbed[-1], drawn[-1])]
        if draws.scaling.dynamic is not None:  # an overflow skips the update, where all agree on it
            overflows = [] if len({*np.concatenate(skips)}) == 1 and np.isfinite(drawn[-1].losses).all() else ["skips"]
        sound = min(sound, number - 1) if overflows else sound
        distances.append(draws.astray(oracle).max(axis=0))
    names = (LOSS, *columns(model, digests))
    curves = dict(zip((*names, *columns(model, norms)), _curves(undisturbed)[:, 0], strict=True))
    sample_error = context.sample_loss_error_at(in_float32.arm, start.weights, start.batches[0])
    least = {LOSS: np.full(steps, sample_error)}
    digest_errors = dict(zip(names[1:], np.transpose(distances), strict=True))
    for digest, norm in zip(digests, norms, strict=True):
        for parameter in watched_parameters(model, digest):
            rounding = summation_error(int(np.prod(parameter.shape)), curves[TensorKey(norm, parameter.name)])
            column = TensorKey(digest, parameter.name)
            least[column] = np.maximum(rounding, digest_errors[column])
    drawn_curves = dict(zip(names, _curves(drawn), strict=True))
    least |= _of_the_asleep(least, curves, drawn_curves)
    for name, runs in drawn_curves.items():
        runs[:, sound + (name == LOSS) :] = np.nan  # the loss is computed before the update of its step
    return Envelope(
        np.float32,
        {name: curves[name] for name in names},
        drawn_curves,
        least,
        np.stack([step.flips for step in drawn], axis=1),
        next((step.first_flip for step in drawn if step.first_flip is not None), None),
        skipped=tuple(bool(step.skipped[0]) for step in drawn) if draws.scaling.dynamic is not None else (),
    )


def _of_the_asleep(least: Curves, oracle: Curves, draws: Curves) -> dict[str, FloatArray]:
    """The errors that a step may make in the digests of parameters that had no gradient in any run so far.

    The slope of a PReLU of which every input is positive has none, until rounding moves one of them below 0. Its curve
    has no size of its own, so the widest spread among the other parameters counts for it.
    """
    wider: dict[str, FloatArray] = {}
    gradient, weight = DIGESTS
    for name in (key for key in map(TensorKey.parse, least) if key.kind == gradient):
        asleep = np.logical_and.accumulate((oracle[name] == 0) & (draws[name] == 0).all(axis=0))
        for column in (name, TensorKey(weight, name.of)) if asleep.any() else ():
            others = [draws[key] for key in map(TensorKey.parse, least) if key.kind == column.kind]
            widest = np.max([largest_error(runs, runs[0]) for runs in others], axis=0)
            wider[column] = np.where(asleep, np.maximum(least[column], widest), least[column])
    return wider


def _curves(steps: Sequence[Step]) -> FloatArray:
    """(1 + digests, draws, steps)."""
    rows = [np.concatenate([step.losses[:, None], step.digests], axis=1) for step in steps]
    curves: FloatArray = np.stack(rows).transpose(2, 1, 0)
    return curves
