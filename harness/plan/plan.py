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
from harness.spec.augmentation import Augmentation
from harness.spec.data import Digits
from harness.spec.experiment import Experiment, Training
from harness.spec.model import Model
from harness.spec.parameters import Mask, Noise, UniformNoise
from harness.system.array_files import load_arrays, save_arrays

Array = NDArray[Any]

# Streams of the seed. A new kind of draw takes a new number, so that old plans keep their digests.
_WEIGHTS, _ORDER, _NOISE, _AUGMENTATION = 0, 1, 2, 3


@dataclass(frozen=True)
class Batch:
    """One batch: the epoch it belongs to, its sample numbers, and its noise, (batch, ...), by name."""

    epoch: int
    samples: Array
    noise: Mapping[str, Array]


@dataclass(frozen=True)
class Plan:
    """`weights`: float64, canonical layout. `orders`: per epoch, the sample numbers in the order they are seen.

    `noise`: per epoch and name, as many rows as samples are seen; masks are bits, packed along the last axis.
    `augmentation`: per epoch, a row for every training sample, by its number; see `draw_augmentation`.
    """

    weights: Mapping[str, Array]
    orders: tuple[Array, ...]
    batch_size: int
    digest: str
    noise: tuple[Mapping[str, Array], ...] = ()
    augmentation: tuple[Mapping[str, Array], ...] = ()

    @property
    def steps(self) -> int:
        """Updates in the whole run."""
        return sum(math.ceil(len(order) / self.batch_size) for order in self.orders)

    def batches(self, count: int, wanted: Sequence[Noise] = ()) -> list[Batch]:
        """The first `count` batches of the run, each with the noise that the model wants."""
        found: list[Batch] = []
        for epoch, order in enumerate(self.orders):
            for start in range(0, len(order), self.batch_size):
                if len(found) == count:
                    return found
                part = slice(start, start + self.batch_size)
                found.append(Batch(epoch, order[part], self.noise_of(epoch, wanted, part)))
        return found

    def noise_of(self, epoch: int, wanted: Sequence[Noise], part: slice = slice(None)) -> dict[str, Array]:
        """The noise of some of an epoch's samples, in the order they are seen: (samples, ...), masks as uint8."""
        return {each.name: _unpacked(self.noise[epoch][each.name][part], each) for each in wanted}

    def seen(self, samples: Array, epoch: int, chosen: Array | slice = slice(None)) -> Array:
        """The chosen training samples, as they are seen in an epoch."""
        if not self.augmentation:
            return samples[chosen]
        return augmented(samples[chosen], {name: rows[chosen] for name, rows in self.augmentation[epoch].items()})

    def save(self, path: Path) -> None:
        arrays = {f"weight/{name}": value for name, value in self.weights.items()}
        arrays |= {f"order/{epoch}": order for epoch, order in enumerate(self.orders)}
        for epoch, drawn in enumerate(self.noise):
            arrays |= {f"noise/{epoch}/{name}": value for name, value in drawn.items()}
        for epoch, drawn in enumerate(self.augmentation):
            arrays |= {f"augmentation/{epoch}/{name}": value for name, value in drawn.items()}
        save_arrays(path, {"batch_size": np.asarray(self.batch_size, np.int64), **arrays})

    @classmethod
    def load(cls, path: Path) -> Plan:
        """Reads a plan and recomputes its digest from the bytes that arrived."""
        file = load_arrays(path)
        weights = _below(file, "weight/")
        epochs = sum(key.startswith("order/") for key in file)
        orders = tuple(file[f"order/{epoch}"] for epoch in range(epochs))
        noise = tuple(_below(file, f"noise/{epoch}/") for epoch in range(epochs))
        moves = tuple(_below(file, f"augmentation/{epoch}/") for epoch in range(epochs))
        moves = moves if any(moves) else ()
        batch_size = int(file["batch_size"])
        return cls(weights, orders, batch_size, _digest(weights, orders, batch_size, noise, moves), noise, moves)


def draw_plan(experiment: Experiment, train_samples: int) -> Plan:
    """Draws weights, batch orders, noise and augmentation from the experiment's seed."""
    weights = draw_weights(experiment.model, experiment.seed)
    orders = draw_orders(experiment.training, experiment.seed, train_samples)
    batch_size = experiment.training.batch_size
    noise = draw_noise(experiment.model, orders, experiment.seed)
    moves: tuple[dict[str, Array], ...] = ()
    if isinstance(experiment.data, Digits) and experiment.data.augmentation is not None:
        moves = draw_augmentation(experiment.data.augmentation, len(orders), train_samples, experiment.seed)
    return Plan(weights, orders, batch_size, _digest(weights, orders, batch_size, noise, moves), noise, moves)


def draw_weights(model: Model, seed: int) -> dict[str, Array]:
    """One stream per parameter, so that changing a layer leaves the draws of the others as they were."""
    drawn = {}
    for number, parameter in enumerate(model.parameters()):
        stream = np.random.default_rng(np.random.SeedSequence([seed, _WEIGHTS, number]))
        draw = DRAWS[type(parameter.initializer)]
        drawn[parameter.name] = draw(parameter.initializer, parameter.shape, stream)
    return drawn


def draw_orders(training: Training, seed: int, samples: int) -> tuple[Array, ...]:
    """Per epoch a permutation a pass, cut to whole batches if `last_batch` is dropped, and to `max_steps` over all.

    Passes are joined before they are cut, so that a batch may hold the end of one and the beginning of the next.
    """
    kept, steps_per_epoch = training.kept(samples), training.steps_per_epoch(samples)
    left = training.max_steps or steps_per_epoch * training.epochs
    orders = []
    for epoch in range(training.epochs):
        if left <= 0:
            break
        stream = np.random.default_rng(np.random.SeedSequence([seed, _ORDER, epoch]))
        passes = np.concatenate([stream.permutation(samples) for _ in range(training.passes_per_epoch)])
        orders.append(passes[: min(kept, left * training.batch_size)].astype(np.int32))
        left -= steps_per_epoch
    return tuple(orders)


def draw_noise(model: Model, orders: Sequence[Array], seed: int) -> tuple[dict[str, Array], ...]:
    """One stream per epoch and layer that takes noise: a row for every sample, in the order they are seen."""
    drawn = []
    for epoch, order in enumerate(orders):
        of_epoch: dict[str, Array] = {}
        for number, wanted in enumerate(model.noise()):
            stream = np.random.default_rng(np.random.SeedSequence([seed, _NOISE, epoch, number]))
            shape = (len(order), *wanted.shape)
            if isinstance(wanted, UniformNoise):
                of_epoch[wanted.name] = stream.uniform(wanted.low, wanted.high, shape).astype(np.float32)
            else:
                of_epoch[wanted.name] = np.packbits(stream.random(shape, np.float32) >= wanted.drop_rate, axis=-1)
        drawn.append(of_epoch)
    return tuple(drawn)


def draw_augmentation(spec: Augmentation, epochs: int, samples: int, seed: int) -> tuple[dict[str, Array], ...]:
    """One stream per epoch and kind of move. By name, a row for every sample:

    `shift`: (down, right) in pixels. `turn`: (cosine, sine) of the angle, since libraries differ in the last bit of
    these. `flip`: 0 or 1.
    """
    drawn = []
    for epoch in range(epochs):
        shifts, angles, flips = (
            np.random.default_rng(np.random.SeedSequence([seed, _AUGMENTATION, epoch, number])) for number in range(3)
        )
        angle = np.deg2rad(angles.uniform(-spec.rotate, spec.rotate, samples))
        drawn.append(
            {
                "shift": shifts.integers(-spec.shift, spec.shift, (samples, 2), np.int8, endpoint=True),
                "turn": np.stack([np.cos(angle), np.sin(angle)], axis=-1).astype(np.float32),
                "flip": flips.integers(0, 1 + spec.flip, samples, np.uint8),
            }
        )
    return tuple(drawn)


def _unpacked(drawn: Array, wanted: Noise) -> Array:
    return np.unpackbits(drawn, axis=-1, count=wanted.shape[-1]) if isinstance(wanted, Mask) else drawn


def _below(file: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {key.removeprefix(prefix): file[key] for key in file if key.startswith(prefix)}


def digest_arrays(arrays: Mapping[str, Array]) -> str:
    """SHA-256 over names, dtypes, shapes and bytes, in the order given."""
    sha = hashlib.sha256()
    for name, value in arrays.items():
        sha.update(f"{name}:{value.dtype.str}:{value.shape};".encode())
        sha.update(np.ascontiguousarray(value).data)
    return sha.hexdigest()


def _digest(
    weights: Mapping[str, Array],
    orders: tuple[Array, ...],
    batch_size: int,
    noise: tuple[Mapping[str, Array], ...],
    augmentation: tuple[Mapping[str, Array], ...],
) -> str:
    named = {str(epoch): order for epoch, order in enumerate(orders)}
    named |= {f"{epoch}/{name}": drawn for epoch, each in enumerate(noise) for name, drawn in each.items()}
    for epoch, each in enumerate(augmentation):
        named |= {f"augmentation/{epoch}/{name}": drawn for name, drawn in each.items()}
    return digest_arrays({**weights, **named, "batch_size": np.int64(batch_size).reshape(1)})
