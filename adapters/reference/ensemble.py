"""The reference trained several times at once, from weights that differ in their last place.

All draws are trained on the same batches. Draw 0 is bit for bit the run of `ReferenceTrainer`: each matrix product, sum
and elementwise operation of a draw is the same as it would be alone. So the gradients of an update may be computed at
once for all draws, which saves calls, or for one draw after the other, which saves memory, with the same results.

In mixed precision the first draw is rounded to the nearest, and the others at random: see `reference.rounding`.

Where rounding moves a number across a kink, such as that of a rectifier, the slope jumps and two trainings diverge.
Whether this happens within a few draws is chance, so the last draw can be pushed across kinks on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np

from adapters.digests import PATTERN_SIZE
from adapters.protocol import NO_NOISE, Adapter, Array, FloatArray, IntArray, Parameters
from adapters.reference.adapter import ReferenceAdapter
from adapters.reference.cancellation import leaving_of
from adapters.reference.draws import are_small, pushing_signs, side_by_side
from adapters.reference.flips import Flip, Flips
from adapters.reference.kink_crossing import (
    AT_ZERO,
    Kinks,
    across_zero,
    push_of,
    push_of_loss,
    pushed,
    signs_pushed,
)
from adapters.reference.layers import Applied, apply, pulled_back, within
from adapters.reference.loss_scaling import Scaling
from adapters.reference.losses import of_each_draw
from adapters.reference.regularizers import penalty
from adapters.reference.rounding import Range, Stream, rounding
from adapters.reference.watching import Watching
from harness.records.step_columns import Watched
from harness.spec.base import Word
from harness.spec.recipe import Recipe


@dataclass(frozen=True)
class Step:
    """One update of all D draws: losses (D,), digests (D, columns), numbers of flipped activations (D,), first flip.

    `skipped`: (D,), which draws skip the update because of gradients that are not finite.
    """

    losses: FloatArray
    digests: FloatArray
    flips: IntArray
    first_flip: Flip | None
    skipped: Array


def disturbed(weights: Parameters, seed: int) -> dict[str, Array]:
    """The weights in float32, each number moved by -1, 0 or 1 ULP of float32 at random; not moved for `seed` 0.

    Exact zeros are not moved: they have no last place.
    """
    random = np.random.default_rng(seed)
    rounded = {name: value.astype(np.float32) for name, value in weights.items()}
    if seed == 0:
        return rounded
    return {name: w + random.integers(-1, 2, w.shape, np.int8) * _spacing(w) for name, w in rounded.items()}


class Ensemble:
    """Several trainings of the reference in one.

    `draws`: the initial weights of each. `horizon`: the number of updates. `watch`: the digests that each step returns;
    see `adapters.digests`. `reach`: if not 0, the last draw is pushed across each kink within `reach` standard
    deviations of the rounding error at that place; see `adapters.reference.kink_crossing`. `slots`, `updates`: of the
    optimizer, where the draws go on with a training instead of beginning one. `at_once`: whether all draws' gradients
    are computed at once; by default they are where that takes little memory.
    """

    def __init__(
        self,
        adapter: Adapter,
        recipe: Recipe,
        draws: Sequence[Parameters],
        horizon: int,
        watch: tuple[Watched, ...] = (),
        reach: float = 0.0,
        slots: Parameters | None = None,
        updates: int = 0,
        at_once: bool | None = None,
    ) -> None:
        reference = cast(ReferenceAdapter, adapter)
        self.recipe, self.precision, self.count = recipe, reference.precision, len(draws)
        self.half, self.scaling = reference.half, Scaling(reference.loss_scale, self.precision, self.count)
        by_draw = [Stream(draw) for draw in range(self.count)]
        self.streams: list[Stream | Range] = [*reference.streams] * self.count or [*by_draw]
        self.placed, parameters = recipe.model.placed_layers(), recipe.model.parameters()
        self.trainable = [p.name for p in parameters if p.trainable]
        self.kernels = [p.name for p in parameters if p.is_penalised]
        self.watching = Watching(recipe.model, watch)
        self.parameters = {name: np.stack([draw[name] for draw in draws]).astype(self.precision) for name in draws[0]}
        self.optimizer = reference._optimizer(recipe.update, horizon)
        several = None if slots is None else {name: np.stack([slot] * self.count) for name, slot in slots.items()}
        self.optimizer.start(self._moving(), several, updates)
        self.steps_before = updates
        self.reach, self.at_once, self.outputs = reach, at_once, recipe.model.outputs

    def step(self, x: Array, y: Array, noise: Parameters = NO_NOISE, updates: bool = True) -> Step:
        """One update of every draw on the batch `x` (B, ...), `y` (B,) or (B, ...), with its noise by name.

        `updates`: False computes the losses and no gradients, where no step follows and no digests are watched.
        """
        with side_by_side():
            losses, gradients, flips = self._losses_and_gradients(x, y, noise, updates)
            skipped = np.zeros(self.count, bool)
            if not updates:
                return Step(losses, np.empty((self.count, 0), self.precision), flips.counts, flips.first, skipped)
            if self.scaling.dynamic is not None:
                skipped = ~self.scaling.finite(gradients)
                self.scaling.adjust(~skipped)
            self.steps_before += 1
            if skipped.any():  # where only some draws skip, nobody knows what is right from here on
                gradients = {name: np.zeros_like(value) for name, value in gradients.items()}
                clipped: Parameters = gradients
            else:
                with pushing_signs(signs_pushed(gradients, self.reach) if self.reach else None):
                    updated, clipped = self.optimizer.of_batch(self._moving(), gradients)
                self.parameters |= updated
            self.tensors = {"gradient": gradients, "clipped": clipped, "weight": self.parameters}
            return Step(losses, self._digests(), flips.counts, flips.first, skipped)

    def weights(self, draw: int) -> dict[str, Array]:
        return {name: value[draw].copy() for name, value in self.parameters.items()}

    def _losses_and_gradients(
        self, x: Array, y: Array, noise: Parameters, with_gradients: bool
    ) -> tuple[FloatArray, dict[str, Array], Flips]:
        """As `ReferenceTrainer.loss_and_gradients`, for every draw, and the activations that took another branch.

        There are no gradients, and the state of layers is not kept, unless `with_gradients`.
        """
        kinks = Kinks(self.count, self.reach)
        flips = Flips(self.steps_before, self.count, self.count - (self.reach > 0))
        groups = [self._of_group(group, x, y, noise, kinks, flips, with_gradients) for group in self._groups(len(x))]
        losses, gradients, state = (_joined([group[part] for group in groups]) for part in range(3))
        self.parameters |= state
        kernels = {name: self.parameters[name] for name in self.kernels}
        if self.reach and isinstance(self.recipe.regularizer, AT_ZERO):
            kernels = {name: pushed(kernel, self.reach, across_zero) for name, kernel in kernels.items()}
        extra, slopes = penalty(self.recipe.regularizer, kernels)
        if not with_gradients:
            return losses["loss"] + extra, {}, flips
        gradients |= {name: gradients[name] + slope for name, slope in slopes.items()}
        return losses["loss"] + extra, {name: gradients[name] for name in self.trainable}, flips

    def _of_group(
        self,
        group: range,
        x: Array,
        y: Array,
        noise: Parameters,
        kinks: Kinks,
        flips: Flips,
        with_gradients: bool,
    ) -> tuple[dict[str, Array], dict[str, Array], dict[str, Array]]:
        """Of some draws, which are computed at once: the losses, the gradients and the layers' new state, by name.

        Without gradients these two are empty.
        """
        kinks.turn_to(group)
        draws = slice(group.start, group.stop)
        push_across = partial(_across, kinks) if self.reach else None
        with side_by_side(push_across), leaving_of(draws), rounding(self.half, self.streams[draws]):
            flow = self._repeated(x, len(group))
            repeated_noise = {name: self._repeated(value, len(group)) for name, value in noise.items()}
            parameters = {name: value[draws] for name, value in self.parameters.items()}
            applied: list[tuple[str, Applied]] = []
            for placed in self.placed:
                forward = apply(placed, within(placed, parameters), flow, within(placed, repeated_noise), True)
                applied.append((placed.name, forward))
                flow = forward.y
            bent = [(f"{name}/{key}".rstrip("/"), z) for name, layer in applied for key, z in layer.bent.items()]
            flips.add(group, dict(bent))
            targets = y if self.recipe.targets == "labels" else y.astype(self.precision)
            push = push_of_loss(self.recipe.loss, targets) if self.reach else None
            flow = flow if push is None else kinks.pushed(flow, push)
            losses, upstream = of_each_draw(self.recipe.loss, flow, targets, len(group))
            if not with_gradients:
                return {"loss": losses}, {}, {}
            upstream = self.scaling.scaled(upstream, draws)
            del bent, flow, forward
            return {"loss": losses}, *pulled_back(applied, upstream, partial(self.scaling.unscaled, draws=draws))

    def _groups(self, samples: int) -> list[range]:
        """The draws, in groups that are computed at once: all of them, or each by itself."""
        at_once = self.at_once
        if at_once is None:
            at_once = are_small(self.count * samples * self.outputs, np.dtype(self.precision).itemsize)
        return [range(self.count)] if at_once else [range(draw, draw + 1) for draw in range(self.count)]

    def astray(self, oracle: Ensemble) -> FloatArray:
        """(D, columns): the distance of the last step's tensors from those of another run, in the size of digests.

        If the errors e of a tensor were independent of one another, their projection would have the size
        `PATTERN_SIZE * sqrt(sum(e * e))`. The projection itself may be small by chance.
        """
        columns = []
        for of, _, name in self.watching.columns():
            error = np.subtract(self.tensors[of][name], oracle.tensors[of][name], dtype=np.float64)
            columns.append(PATTERN_SIZE * np.linalg.norm(error.reshape(self.count, -1), axis=1))
        return np.array(columns).reshape(-1, self.count).T

    def _digests(self) -> FloatArray:
        """The digests (D, columns) of the last step, as those of `ReferenceTrainer`."""
        columns = self.watching.digests(self.tensors["gradient"], self.tensors["clipped"], self.parameters)
        return np.array(columns, self.precision).reshape(-1, self.count).T

    def _moving(self) -> dict[str, Array]:
        return {name: self.parameters[name] for name in self.trainable}

    def _repeated(self, rows: Array, draws: int) -> Array:
        """The batch repeated for every draw: (D * B, ...)."""
        return np.concatenate([rows.astype(self.precision)] * draws)


def _across(kinks: Kinks, word: Word, inputs: Array) -> Array:
    return kinks.pushed(inputs, push_of(word))


def _joined(groups: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """By name the tensors of all draws, (D, ...), from those of each group."""
    first, *others = groups
    return {name: np.concatenate([group[name] for group in groups]) for name in first} if others else dict(first)


def _spacing(w: Any) -> Any:
    return np.where(w == 0, np.float32(0), np.spacing(np.abs(w)))
