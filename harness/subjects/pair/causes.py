"""Finds and names the culprit of a difference in a forward pass: the layer, or the operation in the user's code."""

from __future__ import annotations

from collections.abc import Sequence

from harness.judging.tolerances import STRICT
from harness.oracles.own_float64 import Side
from harness.records.verdict import Verdict
from harness.subjects.pair.calls import Calls
from harness.subjects.pair.causality import Culprit, culprit
from harness.subjects.pair.climbing import Answers, Climb
from harness.subjects.pair.layers import LayerPair
from harness.subjects.pair.passes import Pass, calls_of
from harness.subjects.pair.tasks import TASKS
from harness.subjects.pair.wording import placed

# How far two tensors may be apart to agree, relative to the largest value: rounding is smaller, faults are larger.
AGREES = {"float64": 100 * STRICT, "float32": 1e-4, "float16": 2e-2, "bfloat16": 1e-1}


def caused(
    climb: Climb,
    verdict: Verdict,
    answers: Answers,
    phase: str,
    pairs: Sequence[LayerPair],
    judged: Pass,
    follow: bool,
) -> Verdict:
    """A diverging verdict on a pass at its culprit: the first place where outputs differ although inputs agree.

    The sides' float64 passes are searched if both have one. `follow`: whether the operations in the user's code are
    followed too, which takes another pass. Without a culprit the verdict stays as it is: the sides differ by rounding.
    """
    a, b = climb.read(answers)
    precisions = ("float64", "float64") if a.float64 and b.float64 else (a.arm.precision, b.arm.precision)
    tolerance = max(AGREES[precision] for precision in precisions)
    layers = (
        calls_of(climb, answers, a, phase, precisions[0]),
        calls_of(climb, answers, b, phase, precisions[1]),
    )
    found = culprit(*layers, climb.matches, tolerance)
    if found is None:
        return verdict
    calls = _followed(climb, (a, b), phase, precisions) if follow else None
    by_operation = culprit(*calls, climb.matches, tolerance) if calls else None
    if calls is None or by_operation is None or not any(by_operation.calls):
        calls, by_operation = layers, found
    verdict = _of_pair(verdict, by_operation, calls, layers, pairs, judged)
    return placed(verdict, by_operation, calls, tolerance, phase)


def _followed(
    climb: Climb, sides: tuple[Side, Side], phase: str, precisions: tuple[str, str]
) -> tuple[Calls, Calls] | None:
    """The calls of layers and operations of both sides; None if a side cannot be followed."""
    common = {"weights": str(climb.start), "phase": phase}
    by_arm = {side.name: {**common, "precision": p} for side, p in zip(sides, precisions, strict=True)}
    answers = climb.ask(TASKS["pair_operations"], by_arm=by_arm)
    if not all(result["calls"] for result, _ in answers.values()):
        return None
    a, b = (calls_of(climb, answers, side, phase, p) for side, p in zip(sides, precisions, strict=True))
    return a, b


def _of_pair(
    verdict: Verdict,
    found: Culprit,
    calls: tuple[Calls, Calls],
    layers: tuple[Calls, Calls],
    pairs: Sequence[LayerPair],
    judged: Pass,
) -> Verdict:
    """The verdict on the output of the culprit, if it is a pair of layers that was judged; else the given verdict."""
    numbers = [_number(c, among, n) for c, among, n in zip(calls, layers, found.calls, strict=True)]
    for key, pair in enumerate(pairs):
        if [pair.a, pair.b] == numbers:
            own = judged.judge(str(key))
            if own.status == "diverges":
                return own
    return verdict


def _number(calls: Calls, layers: Calls, numbers: Sequence[int]) -> int | None:
    """The number of a call among the layers alone, from its number among all operations."""
    if len(numbers) != 1 or not calls.called[numbers[0]].layer:
        return None
    name = calls.called[numbers[0]].layer
    before = sum(call.layer == name for call in calls.called[: numbers[0]])
    same = [n for n, call in enumerate(layers.called) if call.layer == name]
    return same[before] if before < len(same) else None
