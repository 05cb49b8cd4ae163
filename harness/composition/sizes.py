"""Estimates the memory and disk space of runs from their specs, before anything is drawn, loaded or written.

An estimate is a lower bound: what frameworks need in addition is not counted, so nothing that would fit is refused.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, prod
from pathlib import Path

from adapters.reference.draws import are_small
from harness.judging.tolerances import DRAWS
from harness.spec.data import Digits
from harness.spec.experiment import Experiment
from harness.spec.numbers import LARGEST_INT32
from harness.spec.parameters import Mask
from harness.system.files import in_units
from harness.system.memory import available_memory

_FLOAT64, _FLOAT32, _INT32, _INT64 = 8, 4, 4, 8
_ITEM = {"float32": _FLOAT32, "float64": _FLOAT64}
_AUGMENTED = 2 + 2 * _FLOAT32 + 1  # shift, turn and flip of a sample
_OF_A_STEP = 2 * _FLOAT64  # a loss and a rate
_OF_AN_EPOCH = 1000  # the objects that hold its arrays and its record
_MOST_REPORTED = 3
_ENVELOPED = "trajectory"  # the rung for which the draws of the reference are made


@dataclass(frozen=True)
class Part:
    """The `size` in bytes that a run needs for `what`, and the `key` of the config that lowers it."""

    key: str
    what: str
    size: int


def too_large(experiment: Experiment, runs: int, folder: Path) -> list[str]:
    """The reasons why `runs` runs, each with its own plan, do not fit into memory or on the disk; empty if they do.

    `folder`: where they will be recorded; it need not exist yet.
    """
    samples, _ = experiment.data.counts
    if samples > LARGEST_INT32:
        return [f"data: {samples:,} samples to train on; a plan numbers them in int32, up to {LARGEST_INT32:,}"]
    most, bound = _memory_limit(experiment)
    sentences = _too_large("memory", list(_in_memory(experiment, runs)), most, bound)
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    return sentences + _too_large(
        "disk", list(_on_disk(experiment, runs)), free, f"free in the file system of {existing}"
    )


def memory_bytes(experiment: Experiment, runs: int) -> int:
    """The bytes of memory that `runs` runs take at least."""
    return sum(part.size for part in _in_memory(experiment, runs))


def data_too_large(experiment: Experiment) -> list[str]:
    """The reason why the data alone do not fit into memory; empty if they do."""
    most, bound = _memory_limit(experiment)
    return _too_large("memory", [_data(experiment)], most, bound)


def _memory_limit(experiment: Experiment) -> tuple[int, str]:
    """The bytes that all processes of a run may take, and the name of the bound that applies."""
    stated = experiment.comparison.memory_bytes
    return min([available_memory(), *([] if stated is None else [(stated, "comparison.memory_bytes")])])


def _too_large(resource: str, parts: Sequence[Part], most: int, bound: str) -> list[str]:
    """The message if the parts are larger than `most` bytes of the resource, with the largest parts; empty if not."""
    total = sum(part.size for part in parts)
    if total <= most:
        return []
    largest = sorted(parts, key=lambda part: -part.size)[:_MOST_REPORTED]
    listed = ", ".join(f"{in_units(part.size)} for {part.what} ({part.key})" for part in largest if part.size)
    keys = " or ".join(dict.fromkeys(part.key for part in largest if part.size > total / 100))
    return [f"this takes at least {in_units(total)} of {resource}: {listed}; {in_units(most)} is {bound}; lower {keys}"]


def _in_memory(experiment: Experiment, runs: int) -> Iterator[Part]:
    """The memory of this process and of the workers, one for each arm, which run at the same time."""
    arms = experiment.arms
    slots = len(experiment.update.slot_names)
    of_arms = sum(_FLOAT64 + _ITEM[arm.variable_dtype] * (2 + slots) for arm in arms)
    for key, count in _parameters(experiment).items():
        yield Part(key, "weights", count * (_FLOAT64 * runs + of_arms))
    for part in _drawn(experiment):
        yield replace(part, size=part.size * (runs + len(arms)))
    yield _data(experiment)
    samples, _ = experiment.data.counts
    widest = max(_ITEM[arm.variable_dtype] for arm in arms)
    yield Part("data", "samples in an arm's precision", samples * prod(experiment.data.sample_shape) * widest)
    training = experiment.training
    yield Part("training.passes_per_epoch", "the order of an epoch", samples * training.passes_per_epoch * _INT64)
    yield Part("training.epochs", "what is recorded of epochs", training.drawn_epochs(samples) * _OF_AN_EPOCH * runs)
    steps = training.steps(samples) * len(arms) * runs
    yield Part("training.epochs or training.max_steps", "what is recorded of steps", steps * _OF_A_STEP)
    rows = min(training.batch_size, samples * training.passes_per_epoch)
    items = sum(_ITEM[arm.variable_dtype] for arm in arms)
    # The chaos envelope trains several draws of the reference in this process: at once, or if they are large in turn.
    at_once = DRAWS if are_small(DRAWS * rows * experiment.model.outputs, _FLOAT32) else 1
    draws = at_once if not experiment.rungs or _ENVELOPED in experiment.rungs else 0
    for index, placed in enumerate(experiment.model.placed_layers()):
        count = rows * placed.outputs
        key, layer = f"training.batch_size or model.layers.{index}", f"model.layers.{index}"
        yield Part(key, f"a batch's outputs of {layer} in {len(arms)} arms", count * items)
        yield Part(key, f"a batch's outputs of {layer} in {draws} draws of the reference", count * draws * _FLOAT32)


def _on_disk(experiment: Experiment, runs: int) -> Iterator[Part]:
    of_arms = sum(_ITEM[arm.variable_dtype] for arm in experiment.arms)
    for key, count in _parameters(experiment).items():
        yield Part(key, "weights", count * (_FLOAT64 + of_arms) * runs)
    for part in (*_drawn(experiment), _data(experiment)):
        yield replace(part, size=part.size * runs)


def _parameters(experiment: Experiment) -> dict[str, int]:
    """By key of the layer, the number of its parameters' elements."""
    placed = enumerate(experiment.model.placed_layers())
    return {f"model.layers.{index}": sum(prod(p.shape) for p in layer.parameters) for index, layer in placed}


def _drawn(experiment: Experiment) -> Iterator[Part]:
    """The parts of one plan other than weights."""
    training = experiment.training
    samples, _ = experiment.data.counts
    samples_seen = training.seen(samples)
    yield Part(
        "training.epochs, training.passes_per_epoch or training.max_steps", "batch orders", samples_seen * _INT32
    )
    for index, placed in enumerate(experiment.model.placed_layers()):
        for noise in placed.noise:
            *outer_axes, last_axis = noise.shape
            row = prod(outer_axes) * ceil(last_axis / 8) if isinstance(noise, Mask) else prod(noise.shape) * _FLOAT32
            yield Part("training.epochs or training.max_steps", f"noise of model.layers.{index}", samples_seen * row)
    if isinstance(experiment.data, Digits) and experiment.data.augmentation is not None:
        epochs = training.drawn_epochs(samples)
        yield Part("training.epochs or data.augmentation", "augmentation", epochs * samples * _AUGMENTED)


def _data(experiment: Experiment) -> Part:
    data = experiment.data
    item = 1 if isinstance(data, Digits) else _FLOAT64
    row = prod(data.sample_shape) * item + (_INT32 if data.classes is not None else prod(data.target_shape) * _FLOAT64)
    return Part("the sizes in data", "samples and targets", sum(data.counts) * row)
