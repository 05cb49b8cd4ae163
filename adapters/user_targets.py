"""How the targets of a batch belong to an output of a user's own model: as labels or as values, and in which layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from adapters.protocol import Array
from adapters.user_data import MisfitError, Output, Parts, Path, bound_of, count, parts_of
from harness.spec.arm import Layout
from harness.spec.losses import Loss
from harness.spec.own import OwnLoss
from harness.spec.recipe import Targets

CLASSES = ("distribution", "one_hot")  # domains of losses over classes: each position has a row of its own


@dataclass(frozen=True)
class TargetForm:
    """The form of one target: `targets`, labels or values; `width`, the outputs of one row of the loss.

    `moved`: the output has its channels on axis 1, where the targets have them last. `whole`: a loss of the user's own
    takes outputs and targets as they are.
    """

    targets: Targets
    width: int
    moved: bool
    whole: bool = False

    def rows(self, y: Array) -> Array:
        """Labels as (rows,), values as (rows, width)."""
        if self.whole:
            return y
        return y.reshape(-1) if self.targets == "labels" else y.reshape(-1, self.width)


def heads_with_forms(
    word: Loss, outputs: Sequence[tuple[Path, Output]], y: Parts, layout: Layout
) -> list[tuple[Path, Output, str, TargetForm]]:
    """Of each output that the loss is of: its path, itself, and the name and form of its target.

    `outputs`: those of the model in training, with their paths. Raises MisfitError if targets and outputs do not fit.
    """
    found = []
    for number, target in heads([output for _, output in outputs], y):
        path, output = outputs[number]
        found.append((path, output, target, target_form(word, output, parts_of(y)[target], layout)))
    return found


def heads(outputs: Sequence[Output], y: Parts) -> list[tuple[int, str]]:
    """The outputs that the loss is of: their numbers, each with the name of its target.

    One target belongs to the first output of floating-point numbers; several to the outputs of their names or, in a
    tuple, of their positions. Raises MisfitError if they do not fit.
    """
    first = next((number for number, output in enumerate(outputs) if output.floating), None)
    if first is None:
        raise MisfitError("the model returns no tensor of floating-point numbers, of which a loss could be")
    targets, names = list(parts_of(y)), [output.name for output in outputs]
    if targets == [""]:
        return [(first, "")]
    if isinstance(y, Mapping) and set(targets) <= set(names):
        return [(names.index(target), target) for target in targets]
    if len(targets) != len(outputs):
        listed = ", ".join(names) if len(names) > 1 else "only one"
        raise MisfitError(
            f"y has {count(len(targets), 'part')} ({', '.join(targets)}), the model {count(len(names), 'output')} "
            f"({listed}); several targets need an output each, of their names in a mapping; one target belongs to the "
            "first output"
        )
    return list(enumerate(targets))


def target_form(word: Loss, output: Output, y: Array, layout: Layout) -> TargetForm:
    """The form of the target y of an output. Raises MisfitError if they do not fit."""
    shape, of_classes = output.shape, word.targets_domain in CLASSES
    if isinstance(word, OwnLoss):
        labels = np.issubdtype(y.dtype, np.integer)
        return TargetForm("labels" if labels else "values", prod(shape[1:]), False, whole=True)
    if not shape or shape[0] != len(y):
        samples = f"the output of the model has shape {shape}, whose first axis is not that of the {len(y)} samples"
        raise MisfitError(f"{samples}{'' if shape else ': a model must return outputs, not its loss'}")
    by_layout = {False: shape}
    if len(shape) > 2:
        last = {True: (shape[0], *shape[2:], shape[1])}
        by_layout = last | by_layout if layout == "channels_first" else by_layout | last
    for moved, form in by_layout.items():
        if y.shape == form:
            per_position = of_classes and len(form) > 2
            return TargetForm("values", form[-1] if per_position else prod(form[1:]), moved)
    if np.issubdtype(y.dtype, np.integer):
        for moved, form in by_layout.items():
            if y.shape in (form[:-1], (*form[:-1], 1)):
                return TargetForm("values" if form[-1] == 1 and not of_classes else "labels", form[-1], moved)
        if y.size == len(y):
            return TargetForm("labels", prod(shape[1:]), next(iter(by_layout)))
    elif y.size == prod(shape):
        return TargetForm("values", prod(shape[1:]), next(iter(by_layout)))
    raise MisfitError(
        f"y has shape {y.shape} and {y.dtype}, the output of the model {shape}; allowed: labels (integers) of shape "
        f"{shape[:-1]}, or values of shape {shape}"
    )


def require_range(form: TargetForm, name: str, y: Array) -> None:
    """Raises MisfitError if labels cannot be classes of an output."""
    low, high = bound_of(y) if form.targets == "labels" and not form.whole else (0, 0)
    if low < 0 or high >= form.width:
        target = f"y/{name}" if name else "y"
        raise MisfitError(
            f"batches: the labels in {target} go from {low} to {high}, and the output of the model has {form.width} "
            f"classes (0 to {form.width - 1})"
        )
