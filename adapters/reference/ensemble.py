"""The reference trained several times at once, from weights that differ in their last place.

All draws see the same batches. Draw 0 is `ReferenceTrainer`'s run, number for number: each matrix product, sum and
elementwise step of a draw is the one that it would be alone.

Where rounding moves a number across a kink, of a rectifier, say, the slope jumps, and from there two trainings are two.
Whether it happens within a few draws is luck, so the last draw may be pushed across on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from adapters.digests import PATTERN_SIZE, factors
from adapters.protocol import NO_NOISE, Adapter, Array, FloatArray, IntArray, Parameters
from adapters.reference.adapter import ReferenceAdapter
from adapters.reference.clipping import clip
from adapters.reference.draws import projected, side_by_side, summed
from adapters.reference.kink_crossing import AT_ZERO, across_zero, push_of, push_of_loss, pushed
from adapters.reference.layers import Applied, apply, within
from adapters.reference.losses import of_each_draw
from adapters.reference.rectifiers import branch
from adapters.reference.regularizers import penalty
from harness.records.step_columns import Watched, watched_parameters
from harness.spec.activations import Activation
from harness.spec.base import Word
from harness.spec.recipe import Recipe


@dataclass(frozen=True)
class Flip:
    """An activation with a kink that took the other branch: the draw, the place, and what went in there.

    `index` is the sample's number in the batch, then the unit's place in the layer's output. `value` is draw 0's.
    """

    step: int
    draw: int
    layer: str
    index: tuple[int, ...]
    value: float
    disturbed: float


@dataclass(frozen=True)
class Step:
    """One update of every draw: its losses (D,), its digests (D, columns), and how many activations flipped (D,)."""

    losses: FloatArray
    digests: FloatArray
    flips: IntArray
    first_flip: Flip | None


def disturbed(weights: Parameters, seed: int) -> dict[str, Array]:
    """The weights in float32, every number moved by -1, 0 or 1 ULP of float32 at random; `seed` 0: as they are.

    Exact zeros stay: they have no last place.
    """
    random = np.random.default_rng(seed)
    rounded = {name: value.astype(np.float32) for name, value in weights.items()}
    if seed == 0:
        return rounded
    return {name: w + random.integers(-1, 2, w.shape, np.int8) * _spacing(w) for name, w in rounded.items()}


class Ensemble:
    """`draws`: the initial weights of each. `watch`: which digests each step tells; see `adapters.digests`.

    `reach`, where it is not 0: the last draw is pushed across each kink that is no further from draw 0 than so many
    standard deviations of what rounding does there; see `adapters.reference.kink_crossing`.
    """

    def __init__(
        self,
        adapter: Adapter,
        recipe: Recipe,
        draws: Sequence[Parameters],
        horizon: int,
        watch: tuple[Watched, ...] = (),
        reach: float = 0.0,
    ) -> None:
        reference = cast(ReferenceAdapter, adapter)
        self.recipe, self.precision, self.count = recipe, reference.precision, len(draws)
        self.placed, parameters = recipe.model.placed_layers(), recipe.model.parameters()
        self.trainable = [p.name for p in parameters if p.trainable]
        self.kernels = [p.name for p in parameters if p.is_kernel]
        self.watched = {kind: [p.name for p in watched_parameters(recipe.model, kind)] for kind in watch}
        self.factors = {p.name: factors(p.shape) for p in parameters} if watch else {}
        self.parameters = {name: np.stack([each[name] for each in draws]).astype(self.precision) for name in draws[0]}
        self.optimizer = reference._optimizer(recipe.update, horizon)
        self.optimizer.start(self._moving())
        self.reach = reach

    def step(self, x: Array, y: Array, noise: Parameters = NO_NOISE) -> Step:
        """An update on the batch (B, ...), with its noise."""
        with side_by_side(self._pushed if self.reach else None):
            losses, gradients, bent = self._losses_and_gradients(x, y, noise)
            clipped = clip(self.recipe.update.clipping, gradients)
            step = self.optimizer.updates
            self.parameters |= self.optimizer.update(self._moving(), clipped)
            self.tensors = {"gradient": gradients, "clipped": clipped, "weight": self.parameters}
            return Step(losses, self._digests(), *self._flips(step, bent))

    def weights(self, draw: int) -> dict[str, Array]:
        return {name: value[draw].copy() for name, value in self.parameters.items()}

    def _losses_and_gradients(
        self, x: Array, y: Array, noise: Parameters
    ) -> tuple[FloatArray, dict[str, Array], dict[str, tuple[Activation, Array]]]:
        """As `ReferenceTrainer.loss_and_gradients`, with what went into the activations that have a kink."""
        flow = self._repeated(x)
        drawn = {name: self._repeated(value) for name, value in noise.items()}
        applied: list[tuple[str, Applied]] = []
        for placed in self.placed:
            one = apply(placed, within(placed, self.parameters), flow, within(placed, drawn), True)
            applied.append((placed.name, one))
            flow = one.y
        targets = y if self.recipe.targets == "labels" else y.astype(self.precision)
        push = push_of_loss(self.recipe.loss, targets) if self.reach else None
        if push is not None:
            flow = pushed(flow.reshape(self.count, -1, *flow.shape[1:]), self.reach, push).reshape(flow.shape)
        losses, upstream = of_each_draw(self.recipe.loss, flow, targets, self.count)
        gradients: dict[str, Array] = {}
        for name, each in reversed(applied):
            upstream, own = each.pullback(upstream)
            gradients |= {f"{name}/{key}": value for key, value in own.items()}
            self.parameters |= {f"{name}/{key}": value for key, value in each.state.items()}
        kernels = {name: self.parameters[name] for name in self.kernels}
        if self.reach and isinstance(self.recipe.regularizer, AT_ZERO):
            kernels = {name: pushed(kernel, self.reach, across_zero) for name, kernel in kernels.items()}
        extra, slopes = penalty(self.recipe.regularizer, kernels)
        gradients |= {name: gradients[name] + slope for name, slope in slopes.items()}
        bent = {f"{name}/{key}".rstrip("/"): found for name, each in applied for key, found in each.bent.items()}
        return losses + extra, {name: gradients[name] for name in self.trainable}, bent

    def astray(self, oracle: Ensemble) -> FloatArray:
        """(D, columns): how far the tensors of the last step are from those of another run, as digests would show it.

        Were the errors e of a tensor independent of one another, their projection would be of the size
        `PATTERN_SIZE * sqrt(sum(e * e))`. The projection itself may be small by luck.
        """
        found = []
        for kind, names in self.watched.items():
            of, _ = kind.split("_")
            for name in names:
                error = np.subtract(self.tensors[of][name], oracle.tensors[of][name], dtype=np.float64)
                found.append(PATTERN_SIZE * np.linalg.norm(error.reshape(self.count, -1), axis=1))
        return np.array(found).reshape(-1, self.count).T

    def _digests(self) -> FloatArray:
        """(D, columns), as `ReferenceTrainer` watches them."""
        found = []
        for kind, names in self.watched.items():
            of, what = kind.split("_")
            for name in names:
                tensor = self.tensors[of][name]
                found.append(
                    np.sqrt(summed(tensor * tensor)) if what == "norm" else projected(tensor, self.factors[name])
                )
        return np.array(found, self.precision).reshape(-1, self.count).T

    def _flips(self, step: int, bent: Mapping[str, tuple[Activation, Array]]) -> tuple[IntArray, Flip | None]:
        """How many activations of each draw took another branch than draw 0's, and the first of them."""
        counts, first = np.zeros(self.count, np.int64), None
        natural = self.count - (self.reach > 0)
        for layer, (word, before) in bent.items():
            z = before.reshape(self.count, -1, *before.shape[1:])
            taken = branch(word, z)
            flipped = taken != taken[:1]
            counts += flipped.sum(axis=tuple(range(1, z.ndim)))
            if first is None and flipped[:natural].any():
                draw, *index = (int(i) for i in np.argwhere(flipped[:natural])[0])
                first = Flip(step, draw, layer, tuple(index), float(z[(0, *index)]), float(z[(draw, *index)]))
        return counts, first

    def _pushed(self, word: Word, before: Array) -> Array:
        draws = before.reshape(self.count, -1, *before.shape[1:])
        return pushed(draws, self.reach, push_of(word)).reshape(before.shape)

    def _moving(self) -> dict[str, Array]:
        return {name: self.parameters[name] for name in self.trainable}

    def _repeated(self, rows: Array) -> Array:
        """The batch once for every draw: (D * B, ...)."""
        return np.concatenate([rows.astype(self.precision)] * self.count)


def _spacing(w: Any) -> Any:
    return np.where(w == 0, np.float32(0), np.spacing(np.abs(w)))
