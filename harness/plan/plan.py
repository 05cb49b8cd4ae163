"""The plan: everything random in a run, drawn once with NumPy and handed to every arm as the same bytes."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.data.augmenting import augmented
from harness.plan.initializer_laws import DRAWS
from harness.records.tensor_key import below, keyed, of_kind, prefixed
from harness.spec.augmentation import Augmentation
from harness.spec.data import Digits
from harness.spec.experiment import Experiment, Training
from harness.spec.model import Model
from harness.spec.parameters import Mask, Noise, UniformNoise
from harness.system.array_files import load_arrays, save_arrays

Array = NDArray[Any]

# Streams of the seed. A new kind of draw needs a new number, so that the digests of old plans stay the same.
_WEIGHTS, _ORDER, _NOISE, _AUGMENTATION = 0, 1, 2, 3


@dataclass(frozen=True)
class Batch:
    """One batch: its epoch, its sample numbers (batch,), and its noise, (batch, ...), by name."""

    epoch: int
    samples: Array
    noise: Mapping[str, Array]

    def first(self, count: int) -> Batch:
        """The batch of its first `count` samples."""
        return Batch(self.epoch, self.samples[:count], {name: values[:count] for name, values in self.noise.items()})


@dataclass(frozen=True)
class Plan:
    """All random numbers of one run.

    `weights`: by name, float64, in canonical layout. `orders`: for each epoch the sample numbers (samples,), int32, in
    the order of training. `noise`: for each epoch and name one row for each sample of its order; masks are bits, packed
    along the last axis. `augmentation`: for each epoch one row for each training sample; see `draw_augmentation`.
    `digest`: SHA-256 over all of these.
    """

    weights: Mapping[str, Array]
    orders: tuple[Array, ...]
    batch_size: int
    digest: str
    noise: tuple[Mapping[str, Array], ...] = ()
    augmentation: tuple[Mapping[str, Array], ...] = ()

    @property
    def steps(self) -> int:
        """The number of updates in the whole run."""
        return self.steps_before(len(self.orders))

    def steps_before(self, epoch: int) -> int:
        """The number of updates in the epochs before this one."""
        return sum(math.ceil(len(order) / self.batch_size) for order in self.orders[:epoch])

    def batches(self, count: int, noise: Sequence[Noise] = (), first_epoch: int = 0) -> list[Batch]:
        """The first `count` batches from an epoch on (fewer in a shorter run), each with the model's `noise`."""
        batches: list[Batch] = []
        for epoch, order in enumerate(self.orders[first_epoch:], first_epoch):
            for start in range(0, len(order), self.batch_size):
                if len(batches) == count:
                    return batches
                part = slice(start, start + self.batch_size)
                batches.append(Batch(epoch, order[part], self.noise_of(epoch, noise, part)))
        return batches

    def noise_of(self, epoch: int, noise: Sequence[Noise], part: slice = slice(None)) -> dict[str, Array]:
        """The noise of the samples `part` of an epoch's order, by name: (samples, ...), masks as uint8."""
        return {spec.name: _unpacked(self.noise[epoch][spec.name][part], spec) for spec in noise}

    def seen(self, samples: Array, epoch: int, chosen: Array | slice = slice(None)) -> Array:
        """The chosen training samples (N, ...) with the augmentation of an epoch."""
        if not self.augmentation:
            return samples[chosen]
        return augmented(samples[chosen], {name: rows[chosen] for name, rows in self.augmentation[epoch].items()})

    def save(self, path: Path) -> None:
        arrays = keyed("weight", self.weights) | prefixed("order", dict(enumerate(self.orders)))
        for epoch, of_epoch in enumerate(self.noise):
            arrays |= prefixed(f"noise/{epoch}", of_epoch)
        for epoch, of_epoch in enumerate(self.augmentation):
            arrays |= prefixed(f"augmentation/{epoch}", of_epoch)
        save_arrays(path, {"batch_size": np.asarray(self.batch_size, np.int64), **arrays})

    @classmethod
    def load(cls, path: Path) -> Plan:
        """Reads a plan and computes its digest from the bytes read."""
        file = load_arrays(path)
        weights, order_by_epoch = of_kind(file, "weight"), below(file, "order")
        epochs = len(order_by_epoch)
        orders = tuple(order_by_epoch[str(epoch)] for epoch in range(epochs))
        noise = tuple(below(file, f"noise/{epoch}") for epoch in range(epochs))
        moves = tuple(below(file, f"augmentation/{epoch}") for epoch in range(epochs))
        moves = moves if any(moves) else ()
        batch_size = int(file["batch_size"])
        return cls(weights, orders, batch_size, _digest(weights, orders, batch_size, noise, moves), noise, moves)


def draw_plan(experiment: Experiment, train_samples: int) -> Plan:
    """Draws weights, batch orders, noise and augmentation from the experiment's seed, for `train_samples` samples."""
    weights = draw_weights(experiment.model, experiment.seed)
    orders = draw_orders(experiment.training, experiment.seed, train_samples)
    batch_size = experiment.training.batch_size
    noise = draw_noise(experiment.model, orders, experiment.seed)
    moves: tuple[dict[str, Array], ...] = ()
    if isinstance(experiment.data, Digits) and experiment.data.augmentation is not None:
        moves = draw_augmentation(experiment.data.augmentation, len(orders), train_samples, experiment.seed)
    return Plan(weights, orders, batch_size, _digest(weights, orders, batch_size, noise, moves), noise, moves)


def draw_weights(model: Model, seed: int) -> dict[str, Array]:
    """The initial weights by name, float64; one stream per parameter, so that a changed layer alters no other draws."""
    weights = {}
    for number, parameter in enumerate(model.parameters()):
        stream = np.random.default_rng(np.random.SeedSequence([seed, _WEIGHTS, number]))
        draw = DRAWS[type(parameter.initializer)]
        weights[parameter.name] = draw(parameter.initializer, parameter.shape_drawn, stream).reshape(parameter.shape)
    return weights


def draw_orders(training: Training, seed: int, samples: int) -> tuple[Array, ...]:
    """The sample numbers of each epoch, int32: one permutation of all samples for each pass.

    They are cut to whole batches if `last_batch` is dropped, and to `max_steps` over all epochs. Passes are joined
    before they are cut, so that a batch may contain the end of one and the beginning of the next.
    """
    samples_per_epoch, steps_per_epoch = training.kept(samples), training.steps_per_epoch(samples)
    remaining_steps = training.max_steps or steps_per_epoch * training.epochs
    orders = []
    for epoch in range(training.epochs):
        if remaining_steps <= 0:
            break
        stream = np.random.default_rng(np.random.SeedSequence([seed, _ORDER, epoch]))
        passes = np.concatenate([stream.permutation(samples) for _ in range(training.passes_per_epoch)])
        orders.append(passes[: min(samples_per_epoch, remaining_steps * training.batch_size)].astype(np.int32))
        remaining_steps -= steps_per_epoch
    return tuple(orders)


def draw_noise(model: Model, orders: Sequence[Array], seed: int) -> tuple[dict[str, Array], ...]:
    """The noise of each epoch, by name: a row for each sample of its order, a stream per epoch and layer with noise."""
    noise = []
    for epoch, order in enumerate(orders):
        of_epoch: dict[str, Array] = {}
        for number, spec in enumerate(model.noise()):
            stream = np.random.default_rng(np.random.SeedSequence([seed, _NOISE, epoch, number]))
            shape = (len(order), *spec.shape)
            if isinstance(spec, UniformNoise):
                of_epoch[spec.name] = stream.uniform(spec.low, spec.high, shape).astype(np.float32)
            else:
                of_epoch[spec.name] = np.packbits(stream.random(shape, np.float32) >= spec.drop_rate, axis=-1)
        noise.append(of_epoch)
    return tuple(noise)


def draw_augmentation(spec: Augmentation, epochs: int, samples: int, seed: int) -> tuple[dict[str, Array], ...]:
    """The moves of each epoch, by name, one row for each training sample; one stream per epoch and kind of move.

    `shift` (samples, 2), int8: down and right, in pixels. `turn` (samples, 2), float32: cosine and sine of the angle,
    drawn here since libraries differ in their last bit. `flip` (samples,), uint8: 0 or 1.
    """
    moves = []
    for epoch in range(epochs):
        shifts, angles, flips = (
            np.random.default_rng(np.random.SeedSequence([seed, _AUGMENTATION, epoch, number])) for number in range(3)
        )
        angle = np.deg2rad(angles.uniform(-spec.rotate, spec.rotate, samples))
        moves.append(
            {
                "shift": shifts.integers(-spec.shift, spec.shift, (samples, 2), np.int8, endpoint=True),
                "turn": np.stack([np.cos(angle), np.sin(angle)], axis=-1).astype(np.float32),
                "flip": flips.integers(0, 1 + spec.flip, samples, np.uint8),
            }
        )
    return tuple(moves)


def _unpacked(rows: Array, spec: Noise) -> Array:
    return np.unpackbits(rows, axis=-1, count=spec.shape[-1]) if isinstance(spec, Mask) else rows


def digest_arrays(arrays: Mapping[str, Array]) -> str:
    """SHA-256, in hex, over names, dtypes, shapes and bytes, in the order of the mapping."""
    sha = hashlib.sha256()
    for name, value in arrays.items():
        sha.update(f"{name}:{value.dtype.str}:{value.shape};".encode())
        sha.update(np.ascontiguousarray(value).data)
    return sha.hexdigest()


def digest_in_precision(arrays: Mapping[str, Array], precision: str) -> str:
    """`digest_arrays` of the arrays as an arm of this precision holds them."""
    return digest_arrays({name: value.astype(precision) for name, value in arrays.items()})


def _digest(
    weights: Mapping[str, Array],
    orders: tuple[Array, ...],
    batch_size: int,
    noise: tuple[Mapping[str, Array], ...],
    augmentation: tuple[Mapping[str, Array], ...],
) -> str:
    named = {str(epoch): order for epoch, order in enumerate(orders)}
    named |= {f"{epoch}/{name}": array for epoch, arrays in enumerate(noise) for name, array in arrays.items()}
    for epoch, arrays in enumerate(augmentation):
        named |= {f"augmentation/{epoch}/{name}": array for name, array in arrays.items()}
    return digest_arrays({**weights, **named, "batch_size": np.int64(batch_size).reshape(1)})
