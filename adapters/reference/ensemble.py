"""The reference trained several times at once, from weights that differ in their last place.

All draws are trained on the same batches. Draw 0 is bit for bit the run of `ReferenceTrainer`: each matrix product, sum
and elementwise operation of a draw is the same as it would be alone.

Where rounding moves a number across a kink, such as that of a rectifier, the slope jumps and two trainings diverge.
Whether this happens within a few draws is chance, so the last draw can be pushed across kinks on purpose.
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
    """An activation with a kink that took another branch than in draw 0.

    `index`: the sample's number in the batch, then the unit's index in the layer's output. `value`: the input in draw
    0. `disturbed`: the input in draw `draw`.
    """

    step: int
    draw: int
    layer: str
    index: tuple[int, ...]
    value: float
    disturbed: float


@dataclass(frozen=True)
class Step:
    """One update of all D draws: losses (D,), digests (D, columns), numbers of flipped activations (D,), first flip."""

    losses: FloatArray
    digests: FloatArray
    flips: IntArray
    first_flip: Flip | None


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
    optimizer, where the draws go on with a training instead of beginning one.
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
    ) -> None:
        reference = cast(ReferenceAdapter, adapter)
        self.recipe, self.precision, self.count = recipe, reference.precision, len(draws)
        self.placed, parameters = recipe.model.placed_layers(), recipe.model.parameters()
        self.trainable = [p.name for p in parameters if p.trainable]
        self.kernels = [p.name for p in parameters if p.is_kernel]
        self.watched = {kind: [p.name for p in watched_parameters(recipe.model, kind)] for kind in watch}
        self.factors = {p.name: factors(p.shape) for p in parameters} if watch else {}
        self.parameters = {name: np.stack([draw[name] for draw in draws]).astype(self.precision) for name in draws[0]}
        self.optimizer = reference._optimizer(recipe.update, horizon)
        several = None if slots is None else {name: np.stack([slot] * self.count) for name, slot in slots.items()}
        self.optimizer.start(self._moving(), several, updates)
        self.reach = reach

    def step(self, x: Array, y: Array, noise: Parameters = NO_NOISE) -> Step:
        """One update of every draw on the batch `x` (B, ...), `y` (B,) or (B, ...), with its noise by name."""
        with side_by_side(self._pushed if self.reach else None):
            losses, gradients, flips = self._losses_and_gradients(x, y, noise)
            clipped = clip(self.recipe.update.clipping, gradients)
            self.parameters |= self.optimizer.update(self._moving(), clipped)
            self.tensors = {"gradient": gradients, "clipped": clipped, "weight": self.parameters}
            return Step(losses, self._digests(), *flips)

    def weights(self, draw: int) -> dict[str, Array]:
        return {name: value[draw].copy() for name, value in self.parameters.items()}

    def _losses_and_gradients(
        self, x: Array, y: Array, noise: Parameters
    ) -> tuple[FloatArray, dict[str, Array], tuple[IntArray, Flip | None]]:
        """As `ReferenceTrainer.loss_and_gradients`, for every draw, and the activations that took another branch."""
        flow = self._repeated(x)
        repeated_noise = {name: self._repeated(value) for name, value in noise.items()}
        applied: list[tuple[str, Applied]] = []
        for placed in self.placed:
            forward = apply(placed, within(placed, self.parameters), flow, within(placed, repeated_noise), True)
            applied.append((placed.name, forward))
            flow = forward.y
        targets = y if self.recipe.targets == "labels" else y.astype(self.precision)
        push = push_of_loss(self.recipe.loss, targets) if self.reach else None
        if push is not None:
            flow = pushed(flow.reshape(self.count, -1, *flow.shape[1:]), self.reach, push).reshape(flow.shape)
        losses, upstream = of_each_draw(self.recipe.loss, flow, targets, self.count)
        bent = {
            f"{name}/{key}".rstrip("/"): bent_input for name, layer in applied for key, bent_input in layer.bent.items()
        }
        flips = self._flips(self.optimizer.updates, bent)
        del bent, flow
        gradients: dict[str, Array] = {}
        while applied:  # what a layer keeps for its gradients is freed after them
            name, layer = applied.pop()
            upstream, by_parameter = layer.pullback(upstream)
            gradients |= {f"{name}/{key}": value for key, value in by_parameter.items()}
            self.parameters |= {f"{name}/{key}": value for key, value in layer.state.items()}
        kernels = {name: self.parameters[name] for name in self.kernels}
        if self.reach and isinstance(self.recipe.regularizer, AT_ZERO):
            kernels = {name: pushed(kernel, self.reach, across_zero) for name, kernel in kernels.items()}
        extra, slopes = penalty(self.recipe.regularizer, kernels)
        gradients |= {name: gradients[name] + slope for name, slope in slopes.items()}
        return losses + extra, {name: gradients[name] for name in self.trainable}, flips

    def astray(self, oracle: Ensemble) -> FloatArray:
        """(D, columns): the distance of the last step's tensors from those of another run, in the size of digests.

        If the errors e of a tensor were independent of one another, their projection would have the size
        `PATTERN_SIZE * sqrt(sum(e * e))`. The projection itself may be small by chance.
        """
        columns = []
        for kind, names in self.watched.items():
            of, _ = kind.split("_")
            for name in names:
                error = np.subtract(self.tensors[of][name], oracle.tensors[of][name], dtype=np.float64)
                columns.append(PATTERN_SIZE * np.linalg.norm(error.reshape(self.count, -1), axis=1))
        return np.array(columns).reshape(-1, self.count).T

    def _digests(self) -> FloatArray:
        """The digests (D, columns) of the last step, as those of `ReferenceTrainer`."""
        columns = []
        for kind, names in self.watched.items():
            of, what = kind.split("_")
            for name in names:
                tensor = self.tensors[of][name]
                columns.append(
                    np.sqrt(summed(tensor * tensor)) if what == "norm" else projected(tensor, self.factors[name])
                )
        return np.array(columns, self.precision).reshape(-1, self.count).T

    def _flips(self, step: int, bent: Mapping[str, tuple[Activation, Array]]) -> tuple[IntArray, Flip | None]:
        """The numbers (D,) of activations that took another branch than in draw 0, and the first of them."""
        counts, first = np.zeros(self.count, np.int64), None
        natural = self.count - (self.reach > 0)
        for layer, (word, before) in bent.items():
            z = before.reshape(self.count, -1, *before.shape[1:])
            branches = branch(word, z)
            flipped = branches != branches[:1]
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
        """The batch repeated for every draw: (D * B, ...)."""
        return np.concatenate([rows.astype(self.precision)] * self.count)


def _spacing(w: Any) -> Any:
    return np.where(w == 0, np.float32(0), np.spacing(np.abs(w)))
