"""Finds and names the culprit of a difference in a forward pass: the layer, or the operation in the user's code."""

from __future__ import annotations

from collections.abc import Sequence

from harness.judging.checks import judge_checks
from harness.judging.tolerances import STRICT
from harness.oracles.own_float64 import Side
from harness.records.verdict import Verdict
from harness.subjects.pair.activation_forms import between_operations
from harness.subjects.pair.calls import Calls
from harness.subjects.pair.causality import Culprit, culprit
from harness.subjects.pair.climbing import Answers, Climb
from harness.subjects.pair.layers import LayerPair, without_partner
from harness.subjects.pair.passes import Pass, calls_of
from harness.subjects.pair.seen import Form, Seen
from harness.subjects.pair.tasks import TASKS
from harness.subjects.pair.tried_settings import Difference, with_tried_settings
from harness.subjects.pair.wording import is_judged, placed

# How far two tensors may be apart to agree, relative to the largest value: rounding is smaller, faults are larger. In
# float64 the wider one is tried first, because a framework may compute a constant or a function in float32.
AGREES = {"float64": (1e-6, 100 * STRICT), "float32": (1e-4,), "float16": (2e-2,), "bfloat16": (1e-1,)}


NOTHING_DIFFERS = {"status": "agrees", "judgement": "both right", "cause": "", "tensor": "", "worst_index": ""}


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
    if climb.exactly:
        return verdict
    a, b = climb.read(answers)
    precisions = ("float64", "float64") if a.float64 and b.float64 else (a.arm.precision, b.arm.precision)
    tolerances = max(AGREES[precision] for precision in precisions)
    layers = (
        calls_of(climb, answers, a, phase, precisions[0]),
        calls_of(climb, answers, b, phase, precisions[1]),
    )
    tried = ((tolerance, culprit(*layers, climb.matches, tolerance)) for tolerance in tolerances)
    tolerance, found = next((each for each in tried if each[1] is not None), (tolerances[0], None))
    if found is None:
        return _of_effect(climb, verdict, pairs, judged) if precisions[0] == precisions[1] == "float64" else verdict
    calls = _followed(climb, (a, b), phase, precisions) if follow else None
    by_operation = culprit(*calls, climb.matches, tolerance) if calls else None
    if calls is None or by_operation is None or not any(by_operation.calls):
        calls, by_operation = layers, found
    verdict = placed(
        _of_pair(verdict, by_operation, calls, layers, pairs, judged), by_operation, calls, tolerance, phase
    )
    if answers is not climb.answered:
        return verdict
    form = _activation_form((a, b), by_operation, calls)
    if form is not None:
        return verdict.model_copy(update={"cause": f"{verdict.cause}; {form.cause}", "advice": form.advice})
    return with_tried_settings(climb, verdict, Difference(by_operation, calls, phase, precisions, tolerance))


def _activation_form(sides: tuple[Side, Side], found: Culprit, calls: tuple[Calls, Calls]) -> Form | None:
    """The known form in which two activations differ, one of which may be a layer and the other a function."""
    if [len(numbers) for numbers in found.calls] != [1, 1]:
        return None
    a, b = (
        Seen(side.arm.adapter, side.name, of_side.x(numbers[0]), of_side.y(numbers[0]), {}, {})
        for side, of_side, numbers in zip(sides, calls, found.calls, strict=True)
    )
    return between_operations(a, b)


def _of_effect(climb: Climb, verdict: Verdict, pairs: Sequence[LayerPair], judged: Pass) -> Verdict:
    """The verdict without the layers that differ in float64 too, although all that depends on them agrees.

    Two ports may come to the same numbers on different ways, such as a ReLU before a pooling or after it.
    """
    own = pairs[int(verdict.tensor)] if is_judged(verdict) else None
    if own is None or own.anchored or verdict.judgement != "undetermined":
        return verdict
    judgements = {key: judged.judge(key) for key in judged.checks}
    idle = [k for k, v in judgements.items() if v.judgement == "undetermined" and not pairs[int(k)].anchored]
    climb.remarks += [f"{pairs[int(key)].spoken}: its outputs differ, and nothing that follows does" for key in idle]
    left = [check for key, check in judged.checks.items() if key not in idle]
    return judge_checks(left)[0] if left else verdict.model_copy(update=NOTHING_DIFFERS)


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
    for key, pair in enumerate(pairs if found.within is None else ()):
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


def pass_remarks(climb: Climb, pairs: Sequence[LayerPair], calls: tuple[Calls, Calls]) -> list[str]:
    """What a reader must know of a pass: layers that have no partner, and outputs that are laid out otherwise."""
    remarks = []
    names = [arm.name for arm in climb.arms]
    for side, (name, other) in enumerate(zip(names, reversed(names), strict=True)):
        alone = without_partner(calls[side], {(pair.a, pair.b)[side] for pair in pairs})
        if alone:
            remarks.append(f"layers of {name} without a partner in {other}: {', '.join(alone)}")
    for pair in pairs:
        if pair.view_a.axes is not None:
            axes = list(pair.view_a.axes)
            remarks.append(f"{pair.spoken}: {names[0]}'s axes are taken in the order {axes}, in which they match")
    return remarks
