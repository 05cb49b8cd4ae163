"""Puts a culprit into a verdict: its place, how the tensors there are related, and who computes what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from harness.judging.ulp import error_against
from harness.oracles.oracle import NO_CULPRIT
from harness.records.verdict import Verdict
from harness.subjects.pair.calls import Called, Calls
from harness.subjects.pair.causality import Culprit
from harness.subjects.pair.kinds import spoken_kind
from harness.subjects.pair.relations import relation

MOST_NAMED = 4  # calls of one side


def placed(verdict: Verdict, culprit: Culprit, calls: tuple[Calls, Calls], tolerance: float, phase: str) -> Verdict:
    """The diverging verdict with the culprit as its place and cause."""
    names = verdict.arm_a, verdict.arm_b
    called = [[calls[side].called[n] for n in culprit.calls[side]] for side in (0, 1)]
    if not any(called):
        return verdict
    comparable = culprit.tensors is not None and culprit.tensors[0].shape == culprit.tensors[1].shape
    said = ""
    if culprit.tensors is not None and (comparable or not is_judged(verdict)):  # a judgement tells shapes itself
        said = relation(*culprit.tensors, names, culprit.inputs, tolerance)
    how = _misread(culprit, calls, names) or _computed(culprit, called, names)
    within = [f"in layer {' / '.join(dict.fromkeys(culprit.within))}"] if culprit.within else []
    place = ", ".join([subject(called, names), *within, "output in training" if phase == "training" else "output"])
    fields: dict[str, Any] = {"subject": place, "phase": phase}
    if is_judged(verdict):
        index = f"[{verdict.worst_index.rpartition('[')[2]}" if "[" in verdict.worst_index else ""
        return verdict.model_copy(
            update={**fields, "worst_index": index, "cause": "; ".join(filter(None, [how, said, verdict.cause]))}
        )
    layer = next((call.layer for each in called for call in each if call.layer), "")
    cause = "; ".join(filter(None, [how, said, _distance(culprit, names)]))
    fields |= {**NO_CULPRIT, "layer": layer, "tensor": "", "worst_index": "", "cause": cause, **_values(culprit)}
    return verdict.model_copy(update=fields)


def is_judged(verdict: Verdict) -> bool:
    """Whether the verdict is about the output of a pair of layers, by its number."""
    return verdict.tensor.isdigit()


def subject(called: Sequence[Sequence[Called]], names: Sequence[str]) -> str:
    """The place in words: `layer conv (conv1 / conv2d)`, `operation ... / ...`, or `layer relu (act), only in NAME`."""
    first, second = called
    if len(first) == len(second) == 1 and first[0].layer and second[0].layer:
        kinds = dict.fromkeys(spoken_kind(each[0].plain_kind) for each in called)
        sources = " / ".join(filter(None, (each[0].source for each in called)))
        own = f"{first[0].layer} / {second[0].layer}" + (f"; {sources}" if sources else "")
        return f"layer {' / '.join(kinds)} ({own})"
    what = "layer" if (first or second)[0].layer else "operation"
    if first and second:
        return f"{what} {_by_side(first)} / {_by_side(second)}"
    return f"{what} {_by_side(first or second)}, only in {names[0] if first else names[1]}"


def named(call: Called) -> str:
    """A call in words: `max_pool (pool, net.py:12)`, `` `ops.abs(x)` (net.py:12) ``."""
    where = ", ".join(filter(None, [call.layer, call.source]))
    what = spoken_kind(call.plain_kind) if call.layer or not call.text else f"`{call.text}`"
    return f"{what} ({where})" if where else what


def _by_side(calls: Sequence[Called]) -> str:
    more = f" and {len(calls) - MOST_NAMED} more" if len(calls) > MOST_NAMED else ""
    return ", ".join(named(call) for call in calls[:MOST_NAMED]) + more


def _misread(culprit: Culprit, calls: tuple[Calls, Calls], names: tuple[str, str]) -> str:
    if culprit.misread is None:
        return ""
    read = [_made(each, maker) for each, maker in zip(calls, culprit.misread, strict=True)]
    return f"both sides have both tensors, but {names[0]} gives it {read[0]}, {names[1]} {read[1]}"


def _made(calls: Calls, maker: int | None) -> str:
    return "an input of the model" if maker is None else f"the output of {named(calls.called[maker])}"


def _computed(culprit: Culprit, called: Sequence[Sequence[Called]], names: tuple[str, str]) -> str:
    told = [_by_side(calls) for calls in called]
    for side in (0, 1):
        if called[side] and not called[1 - side]:
            if culprit.later:
                return f"{names[side]} computes {told[side]} here, {names[1 - side]} only later, in another order"
            return f"{names[side]} computes {told[side]}, {names[1 - side]} has nothing there"
    constants = [f"{text} of {name}" for text, name in zip(culprit.constants, names, strict=True) if text]
    if constants:
        apart = " and ".join(constants)
        return f"{names[0]} computes {told[0]}, {names[1]} {told[1]}, with other numbers in {apart}"
    return f"{names[0]} computes {told[0]}, {names[1]} {told[1]}, from inputs that agree"


def _distance(culprit: Culprit, names: tuple[str, str]) -> str:
    if culprit.tensors is None or culprit.tensors[0].shape != culprit.tensors[1].shape:
        return "two different functions"
    apart = float(np.max(error_against(*culprit.tensors), initial=0.0))
    return f"{names[0]} and {names[1]} are {apart:.3g} apart: two different functions"


def _values(culprit: Culprit) -> dict[str, Any]:
    """The place and the values of the largest difference."""
    if culprit.tensors is None or culprit.tensors[0].shape != culprit.tensors[1].shape or not culprit.tensors[0].size:
        return {}
    a, b = culprit.tensors
    at = tuple(int(i) for i in np.unravel_index(int(np.argmax(error_against(a, b))), a.shape))
    return {"worst_index": str(list(at)), "value_a": float(a[at]), "value_b": float(b[at])}
