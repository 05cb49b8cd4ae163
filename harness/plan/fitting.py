"""Whether a plan is one of an experiment: every draw that the experiment asks for, in its shape and range, no other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

import numpy as np

from harness.plan.plan import Plan, draw_augmentation
from harness.spec.data import Digits
from harness.spec.experiment import Experiment
from harness.spec.parameters import Mask

Shapes = Mapping[str, tuple[int, ...]]


def misfits(plan: Plan, experiment: Experiment, samples: int) -> list[str]:
    """Why the plan is none of the experiment over `samples` training samples, in clauses; empty if it fits.

    The draws themselves are not repeated: on another processor their last bits may be others.
    """
    return list(_misfits(plan, experiment, samples))


def _misfits(plan: Plan, experiment: Experiment, samples: int) -> Iterator[str]:
    training = experiment.training
    wanted = {parameter.name: parameter.shape for parameter in experiment.model.parameters()}
    yield from _unlike("weights", wanted, plan.weights)
    if plan.batch_size != training.batch_size:
        yield f"its batches have {plan.batch_size} samples, the experiment's {training.batch_size}"
        return
    lengths = _epochs(experiment, samples)
    drawn = [len(order) for order in plan.orders]
    if drawn != lengths:
        yield f"its epochs have {_listed(drawn)} samples, the experiment's {_listed(lengths)}"
        return
    for epoch, order in enumerate(plan.orders):
        if order.dtype.kind not in "iu" or (len(order) and not 0 <= order.min() <= order.max() < samples):
            yield f"the order of epoch {epoch} names samples that the data has not"
    for epoch, (noise, length) in enumerate(zip_longest(plan.noise, lengths, fillvalue=None)):
        rows = length or 0
        wanted = {
            spec.name: (rows, *_packed(spec.shape)) if isinstance(spec, Mask) else (rows, *spec.shape)
            for spec in experiment.model.noise()
        }
        yield from _unlike(f"noise of epoch {epoch}", wanted, noise or {})
    yield from _augmentation_misfits(plan, experiment, samples)


def _augmentation_misfits(plan: Plan, experiment: Experiment, samples: int) -> Iterator[str]:
    data = experiment.data
    spec = data.augmentation if isinstance(data, Digits) else None
    if spec is None:
        if plan.augmentation:
            yield "it moves images, and the experiment has no augmentation"
        return
    (one,) = draw_augmentation(spec, 1, 1, 0)
    wanted = {name: (samples, *rows.shape[1:]) for name, rows in one.items()}
    for epoch in range(len(plan.orders)):
        moves = plan.augmentation[epoch] if epoch < len(plan.augmentation) else {}
        yield from _unlike(f"augmentation of epoch {epoch}", wanted, moves)


def _unlike(what: str, wanted: Shapes, drawn: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*wanted, *drawn]):
        a, b = wanted.get(name), np.shape(drawn[name]) if name in drawn else None
        if a != b:
            shown = [f"{name} {shape}" if shape is not None else f"no {name}" for shape in (b, a)]
            yield f"its {what} have {shown[0]}, the experiment's {shown[1]}"
            return


def _epochs(experiment: Experiment, samples: int) -> list[int]:
    """The number of samples in the order of each epoch, as `draw_orders` cuts them."""
    training = experiment.training
    kept, steps = training.kept(samples), training.steps_per_epoch(samples)
    left = training.max_steps or steps * training.epochs
    begun = range(0, min(left, steps * training.epochs), max(1, steps))
    return [min(kept, (left - before) * training.batch_size) for before in begun]


def _packed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a mask's bits, packed along the last axis."""
    return (*shape[:-1], -(-shape[-1] // 8))


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:4])) + (f", ... ({len(numbers)} epochs)" if len(numbers) > 4 else "")
