"""A recurrent layer that takes another axis for the time than its partner does, as MindSpore's without `batch_first`.

It is found by trying: the live layer takes the other axis, and its output then equals the partner's.
"""

from __future__ import annotations

import adapters
from harness.records.verdict import Verdict
from harness.subjects.pair.calls import Called, Calls
from harness.subjects.pair.causality import Culprit, culprit
from harness.subjects.pair.climbing import Climb
from harness.subjects.pair.passes import calls_of
from harness.subjects.pair.tasks import TASKS

SETTING = "batch_first"  # whether the batch is axis 0 and the time axis 1


def with_time_axis(
    climb: Climb,
    verdict: Verdict,
    found: Culprit,
    calls: tuple[Calls, Calls],
    phase: str,
    precisions: tuple[str, str],
    tolerance: float,
) -> Verdict:
    """The verdict on a culprit, with the axis of time as its cause if the layers agree once one takes the other axis.

    `calls`, `precisions`: of both sides. `tolerance`: how far two tensors may be apart to agree, relative.
    """
    if [len(numbers) for numbers in found.calls] != [1, 1]:
        return verdict
    called = [side.called[numbers[0]] for side, numbers in zip(calls, found.calls, strict=True)]
    for number, arm in enumerate(climb.arms):
        layer, other = called[number].layer, climb.arms[1 - number].name
        settings = climb.built[arm.name]["settings"].get(layer, {})
        if SETTING not in settings:
            continue
        is_first = bool(settings[SETTING])
        if not _agrees_with(climb, number, layer, not is_first, called, phase, precisions, tolerance):
            continue
        axes = (1, 0) if is_first else (0, 1)
        cause = (
            f"{arm.name} takes axis {axes[0]} for the time, {other} axis {axes[1]}; "
            f"proven: with {SETTING}={not is_first} in {arm.name}'s live {layer} the two agree"
        )
        models = adapters.info(arm.adapter).user_models
        advice = models.spellings.get(SETTING, "") if models else ""
        fields = {"cause": f"{verdict.cause}; {cause}", "advice": advice.format(settings["kind"], not is_first)}
        return verdict.model_copy(update=fields)
    return verdict


def _agrees_with(
    climb: Climb,
    number: int,
    layer: str,
    value: bool,
    called: list[Called],
    phase: str,
    precisions: tuple[str, str],
    tolerance: float,
) -> bool:
    """Whether the first difference, if there still is one, is elsewhere with this setting in the live layer."""
    arm = climb.arms[number].name
    payload = {"weights": str(climb.start), "altered": [[layer, SETTING, value]]}
    changed = climb.ask(TASKS["pair_model"], by_arm={arm: payload})
    if not changed[arm][0]["calls"]:
        return False  # the model does not run so
    answers = {**climb.answered, **changed}
    a, b = (
        calls_of(climb, answers, side, phase, precision)
        for side, precision in zip(climb.read(answers), precisions, strict=True)
    )
    again = culprit(a, b, climb.matches, tolerance)
    if again is None:
        return True
    layers = {side.called[n].layer for side, numbers in zip((a, b), again.calls, strict=True) for n in numbers}
    return not layers & {each.layer for each in called}
