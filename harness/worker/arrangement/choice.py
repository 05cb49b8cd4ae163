"""Chooses the arrangement of an arm: what is stated, else what is clearly faster on this machine, else none."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import adapters
from adapters.info import Arrangement
from harness.records.arrangement import ChosenArrangement
from harness.spec.arm import AUTO, NONE, Arm
from harness.worker.arrangement import cache
from harness.worker.arrangement.calibration import CalibrationError, measure, versions_of
from harness.worker.arrangement.figures import Figures, fastest, in_words


@dataclass
class Chooser:
    """Chooses for the arms of one command. `say` is given a line before and after each calibration.

    No calibration is repeated for another arm with the same settings, whether it failed or could not be kept.
    """

    say: Callable[[str], None]
    _outcomes: dict[str, dict[str, Figures] | CalibrationError] = field(default_factory=dict)

    def choice(self, arm: Arm, has_convolutions: bool) -> ChosenArrangement:
        """The arrangement of the arm. It is measured only for a model with convolutions, on which it can matter."""
        offered = adapters.arrangements(arm.adapter)
        if arm.arrangement != AUTO:
            return _as_stated(arm, offered)
        candidates, reason = candidates_for(arm, offered)
        if not candidates:
            return ChosenArrangement(name=NONE, reason="none", detail=reason)
        if variables := _stated(arm, candidates):
            return ChosenArrangement(name=NONE, variables=variables, reason="stated")
        try:
            figures = self.figures(arm, candidates, may_measure=has_convolutions)
        except CalibrationError as error:
            return ChosenArrangement(name=NONE, reason="none", detail=f"the calibration failed: {error}")
        if not figures:
            return ChosenArrangement(name=NONE, reason="none", detail="the model has no convolution; not measured")
        name = fastest(figures, has_convolutions)
        if name == NONE:
            return ChosenArrangement(name=NONE, reason="none", detail="no other is clearly faster here")
        variables = dict(candidates[name].environment)
        return ChosenArrangement(name=name, variables=variables, reason="calibrated", detail=in_words(figures, name))

    def figures(self, arm: Arm, candidates: Mapping[str, Arrangement], may_measure: bool) -> dict[str, Figures]:
        """The figures of the candidates and of `none`, kept or measured now. Raises CalibrationError.

        They are empty where none are kept and `may_measure` is false.
        """
        names = (NONE, *candidates)
        if not may_measure and not cache.has_any(arm.adapter):  # an interpreter is not started in vain
            return {}
        key = cache.Key.of(arm, cache.host(), versions_of(arm))
        kept = cache.read(key)
        if all(name in kept for name in names):
            return {name: kept[name] for name in names}
        if not may_measure:
            return {}
        text = key.model_dump_json()
        if text not in self._outcomes:
            self._outcomes[text] = self._measured(arm, key, candidates)
        outcome = self._outcomes[text]
        if isinstance(outcome, CalibrationError):
            raise outcome
        return outcome

    def _measured(
        self, arm: Arm, key: cache.Key, candidates: Mapping[str, Arrangement]
    ) -> dict[str, Figures] | CalibrationError:
        names = (NONE, *candidates)
        title = f"arm {arm.name}: {adapters.info(arm.adapter).title}"
        self.say(f"{title} is calibrated on this machine, once: {', '.join(names)}, a few seconds each")
        try:
            figures = measure(arm, names)
        except CalibrationError as error:
            self.say(f"{title}: the calibration failed, so no arrangement is chosen: {error}")
            return error
        with suppress(OSError):  # a cache that cannot be written to costs a calibration at the next run
            cache.write(key, figures)
        self.say(f"{title}: {'; '.join(f'{name}: {in_words(figures, name)}' for name in candidates)}")
        return figures


def candidates_for(arm: Arm, offered: Mapping[str, Arrangement]) -> tuple[dict[str, Arrangement], str]:
    """The arrangements that can matter for the arm on this processor; where there are none, the reason."""
    if not offered:
        return {}, f"{arm.adapter} has none"
    if arm.device not in ("auto", "cpu"):
        return {}, f"not for {arm.device}"
    flags = set(cache.host().flags)
    candidates = {name: entry for name, entry in offered.items() if flags & set(entry.processor_flags)}
    lacking = dict.fromkeys(flag for entry in offered.values() for flag in entry.processor_flags)
    return candidates, "" if candidates else f"the processor has no {' and no '.join(lacking)}"


def _as_stated(arm: Arm, offered: Mapping[str, Arrangement]) -> ChosenArrangement:
    detail = f"arm.arrangement={arm.arrangement}"
    if arm.arrangement == NONE:
        return ChosenArrangement(name=NONE, reason="none", detail=detail)
    entry = offered.get(arm.arrangement)  # without it the adapter cannot be loaded, which the run reports
    variables = {**entry.environment, **arm.environment} if entry else {}
    shown = {name: variables[name] for name in entry.environment} if entry else {}
    return ChosenArrangement(name=arm.arrangement, variables=shown, reason="stated", detail=detail)


def _stated(arm: Arm, candidates: Mapping[str, Arrangement]) -> dict[str, str]:
    """The variables of the candidates that the arm, or the environment of the command, sets."""
    environment = {**os.environ, **arm.environment}
    names = dict.fromkeys(name for entry in candidates.values() for name in entry.environment)
    return {name: environment[name] for name in names if name in environment}
