"""Steps of schedules that are given in epochs: `decay_steps: 10 epochs` is 10 times the steps of an epoch.

A schedule's steps are updates, or batches where an accumulation says that it counts these.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.composition.fields import dotted
from harness.composition.mistakes import Mistake
from harness.spec import Training
from harness.spec.accumulation import AnyAccumulation
from harness.spec.data import AnyData

Path = tuple[str, ...]
PLACES = ("schedule", "suite")
_EPOCHS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) epochs?")


def in_steps(node: Any, per_epoch: Fraction | int, path: Path, notes: dict[Path, str], mistakes: list[Mistake]) -> Any:
    """The part of a config at `path` with steps in place of epochs, of which each has `per_epoch` steps.

    Adds to `notes` what stood at a path, and to `mistakes` each number of epochs that is no number of steps.
    """
    if isinstance(node, Mapping):
        return {key: in_steps(value, per_epoch, (*path, key), notes, mistakes) for key, value in node.items()}
    if isinstance(node, list):
        return [in_steps(item, per_epoch, (*path, str(n)), notes, mistakes) for n, item in enumerate(node)]
    match = _EPOCHS.fullmatch(node) if isinstance(node, str) else None
    if match is None:
        return node
    steps = Fraction(match[1]) * per_epoch
    if steps.denominator != 1:
        text = f"{dotted(path)}: {node} are {float(steps):g} steps of {per_epoch} an epoch, which is no whole number"
        mistakes.append(Mistake(path, text, covers_below=True))
        return node
    notes[path] = f"{node} of {per_epoch} steps"
    return int(steps)


def with_steps(plain: Mapping[str, Any]) -> tuple[dict[str, Any], dict[Path, str], list[Mistake]]:
    """The schedules of a config with steps in place of epochs, by key; notes by path; and the mistakes.

    If the data or the training are wrong, which the validation reports, an epoch counts as one step.
    """
    if not any(_EPOCHS.fullmatch(text) for place in PLACES for text in _texts(plain.get(place))):
        return {}, {}, []
    try:
        data = TypeAdapter[Any](AnyData).validate_python(plain.get("data"))
        accumulation = TypeAdapter[Any](AnyAccumulation).validate_python(plain.get("accumulation", "none"))
        batches = Training.model_validate(plain.get("training")).steps_per_epoch(data.counts[0])
        steps_of_a_group = accumulation.schedule_step(1) - accumulation.schedule_step(0)
        per_epoch = Fraction(batches * steps_of_a_group, accumulation.group)
    except ValidationError:
        per_epoch = Fraction(1)
    notes, mistakes = dict[Path, str](), list[Mistake]()
    changed = {key: in_steps(plain[key], per_epoch, (key,), notes, mistakes) for key in PLACES if key in plain}
    return changed, notes, mistakes


def _texts(node: Any) -> list[str]:
    if isinstance(node, str):
        return [node]
    below = list(node.values()) if isinstance(node, Mapping) else node if isinstance(node, list) else []
    return [text for part in below for text in _texts(part)]
