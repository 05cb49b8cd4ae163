"""The outputs of two models: which belong together, and in which layout they are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness.oracles.own_float64 import Side
from harness.records.array_types import Array
from harness.system.array_files import Arrays

OUTPUTS = "outputs"


def output_key(name: str) -> str:
    """The name of an output among the arrays of an answer: `outputs`, or `outputs/logits` of several."""
    return f"{OUTPUTS}/{name}" if name else OUTPUTS


@dataclass(frozen=True)
class OutputPairs:
    """`pairs`: the names of an output in both models. `alone`: remarks on outputs without a counterpart."""

    pairs: Sequence[tuple[str, str]]
    alone: Sequence[str]


def paired_outputs(built: Mapping[str, Mapping[str, Any]]) -> OutputPairs:
    """The outputs that belong together: by name if both models have the same, else in order."""
    (a, outputs_a), (b, outputs_b) = ((arm, [o["name"] for o in one["outputs"]]) for arm, one in built.items())
    if set(outputs_a) == set(outputs_b):
        return OutputPairs([(name, name) for name in outputs_a], [])
    shared = min(len(outputs_a), len(outputs_b))
    rest = [(arm, names[shared:]) for arm, names in ((a, outputs_a), (b, outputs_b)) if names[shared:]]
    alone = [
        f"{arm}'s model has {shared + len(names)} outputs, the other {shared}: not compared: "
        f"{', '.join(output_key(name) for name in names)}"
        for arm, names in rest
    ]
    return OutputPairs(list(zip(outputs_a[:shared], outputs_b[:shared], strict=True)), alone)


def compared_outputs(a: Side, b: Side, pairs: OutputPairs, channels_first: str) -> tuple[Side, Side]:
    """Both sides with only their outputs, by the names of the first side.

    `channels_first`: the side whose images have their channels on axis 1, if the other's have them last. Its outputs
    are turned where they then fit the other side's: a model may have turned them itself.
    """
    values: list[Arrays] = [{}, {}]
    exact: list[Arrays | None] = [None if side.float64 is None else {} for side in (a, b)]
    for name_a, name_b in pairs.pairs:
        names = [output_key(name) for name in (name_a, name_b)]
        tensors = [side.tensor(name) for side, name in zip((a, b), names, strict=True)]
        turned = [False, False]
        for n, side in enumerate((a, b)):
            if side.name == channels_first:
                turned[n] = _fits_turned(tensors[n], tensors[1 - n])
        for n, side in enumerate((a, b)):
            values[n][names[0]] = _last(tensors[n], turned[n])
            of_side = exact[n]
            if of_side is not None and side.float64 is not None:
                of_side[names[0]] = _last(side.float64[names[n]], turned[n])
    first, second = (
        replace(side, values=of_side, float64=of_exact)
        for side, of_side, of_exact in zip((a, b), values, exact, strict=True)
    )
    return first, second


def _fits_turned(value: Array, other: Array) -> bool:
    """Whether the value is as the other with its channels moved last. Of two possible layouts the nearer one counts."""
    if value.ndim < 3:
        return False
    moved = _last(value, True)
    if moved.shape != other.shape or value.shape != other.shape:
        return moved.shape == other.shape
    with np.errstate(all="ignore"):
        return bool(np.abs(moved - other).sum() <= np.abs(value - other).sum())


def _last(value: Array, turned: bool) -> Array:
    return np.moveaxis(value, 1, -1) if turned else value
