"""Settings that a layer of one side has and its partner has not, as causes that are found by trying.

The live layer takes the other value, and where the sides differed first they then agree. MindSpore's recurrent layers
take axis 0 for the time without `batch_first`; some layers of Keras mask steps, which the layers after them leave out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import adapters
from harness.records.verdict import Verdict
from harness.subjects.pair.calls import Calls
from harness.subjects.pair.causality import Culprit, culprit
from harness.subjects.pair.climbing import Climb
from harness.subjects.pair.passes import calls_of
from harness.subjects.pair.tasks import TASKS

BATCH_FIRST = "batch_first"  # whether the batch is axis 0 and the time axis 1
MASKS, TAKES_MASKS = "masks", "takes_masks"  # whether a layer masks steps, and whether it leaves out masked ones


@dataclass(frozen=True)
class _Trial:
    """Other values of one setting in layers of one side: what the side does now, and what would make both equal."""

    side: int
    altered: list[tuple[str, str, bool]]
    cause: str
    advice: str


@dataclass(frozen=True)
class Difference:
    """Where the sides differ first: the culprit among the calls of both, in a phase.

    `precisions`: of both sides. `tolerance`: how far two tensors may be apart to agree, relative.
    """

    found: Culprit
    calls: tuple[Calls, Calls]
    phase: str
    precisions: tuple[str, str]
    tolerance: float

    @property
    def layers(self) -> tuple[list[str], list[str]]:
        """The layers that are called there, by side."""
        first, second = (
            [side.called[number].layer for number in numbers]
            for side, numbers in zip(self.calls, self.found.calls, strict=True)
        )
        return first, second


def with_tried_settings(climb: Climb, verdict: Verdict, difference: Difference) -> Verdict:
    """The verdict on a culprit, with a setting as its cause if the sides agree there once a layer has another value."""
    for trial in (*_time_axes(climb, difference), *_masks(climb, difference)):
        if _agrees_with(climb, trial, difference):
            return verdict.model_copy(update={"cause": f"{verdict.cause}; {trial.cause}", "advice": trial.advice})
    return verdict


def _time_axes(climb: Climb, difference: Difference) -> Iterator[_Trial]:
    """The other axis of time for the one layer of a side."""
    if [len(layers) for layers in difference.layers] != [1, 1]:
        return
    for number, arm in enumerate(climb.arms):
        layer, other = difference.layers[number][0], climb.arms[1 - number].name
        settings = climb.built[arm.name]["settings"].get(layer, {})
        if BATCH_FIRST in settings:
            is_first = bool(settings[BATCH_FIRST])
            axes = (1, 0) if is_first else (0, 1)
            cause = (
                f"{arm.name} takes axis {axes[0]} for the time, {other} axis {axes[1]}; "
                f"proven: with {BATCH_FIRST}={not is_first} in {arm.name}'s live {layer} the two agree"
            )
            advice = _spelling(arm.adapter, BATCH_FIRST).format(settings["kind"], not is_first)
            yield _Trial(number, [(layer, BATCH_FIRST, not is_first)], cause, advice)


def _masks(climb: Climb, difference: Difference) -> Iterator[_Trial]:
    """No masks for the layers of a side that take them."""
    for number, arm in enumerate(climb.arms):
        other, settings = climb.arms[1 - number].name, climb.built[arm.name]["settings"]
        masking = [layer for layer, of_layer in settings.items() if of_layer.get(MASKS)]
        taking = [layer for layer in difference.layers[number] if settings.get(layer, {}).get(TAKES_MASKS)]
        if masking and taking:
            cause = (
                f"{', '.join(taking)} leaves out the steps that {arm.name}'s {', '.join(masking)} masks, "
                f"{other} takes all; proven: without masks for {arm.name}'s live {', '.join(taking)} the two agree"
            )
            altered = [(layer, TAKES_MASKS, False) for layer in taking]
            yield _Trial(number, altered, cause, _spelling(arm.adapter, MASKS))


def _spelling(adapter: str, setting: str) -> str:
    models = adapters.info(adapter).user_models
    return models.spellings.get(setting, "") if models else ""


def _agrees_with(climb: Climb, trial: _Trial, difference: Difference) -> bool:
    """Whether the first difference, if there still is one, is elsewhere with these settings in the live layers."""
    arm = climb.arms[trial.side].name
    payload = {"weights": str(climb.start), "altered": [list(each) for each in trial.altered]}
    changed = climb.ask(TASKS["pair_model"], by_arm={arm: payload})
    if not changed[arm][0]["calls"]:
        return False  # the model does not run so
    answers = {**climb.answered, **changed}
    a, b = (
        calls_of(climb, answers, side, difference.phase, precision)
        for side, precision in zip(climb.read(answers), difference.precisions, strict=True)
    )
    again = culprit(a, b, climb.matches, difference.tolerance)
    if again is None:
        return True
    layers = {side.called[n].layer for side, numbers in zip((a, b), again.calls, strict=True) for n in numbers}
    return not layers & {layer for side in difference.layers for layer in side}
