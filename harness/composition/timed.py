"""What a bench needs of its command line, with every mistake at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import adapters
from harness.composition.capabilities import unsupported
from harness.composition.measurement import Asked, asked
from harness.composition.mistakes import UserMistake
from harness.composition.pipeline import Composed
from harness.composition.preflight import offered, prepare
from harness.composition.variants import ComposedStudy
from harness.data import Dataset
from harness.spec.arm import Arm


def prepare_bench(
    typed: Sequence[str], config_dirs: Sequence[Path], trust: bool = False
) -> tuple[Asked, ComposedStudy, list[Dataset]]:
    """The measuring, the experiment and its data. Raises UserMistake with all mistakes if there are any."""
    question = asked(typed)
    mistakes = list(question.mistakes)
    try:
        study, data = prepare(question.overrides, config_dirs, trust)
    except UserMistake as mistake:
        raise UserMistake([*mistakes, *mistake.mistakes]) from None
    names = [variant.experiment.variant for variant in study.variants if variant.experiment.variant is not None]
    if len(study.variants) > 1:
        name = study.first.experiment.name
        mistakes.append(f"experiment {name} has variants, and one is timed: choose variant=NAME of {', '.join(names)}")
    if question.measurement.target_accuracy is not None and study.first.experiment.data.classes is None:
        mistakes.append("target_accuracy: the targets of this experiment are values, which have no accuracy")
    if question.all_modes:
        study = replace(study, variants=tuple(map(_in_all_modes, study.variants)))
        arms = study.first.experiment.arms
        mistakes += unsupported(study.first.experiment, arms, lambda: offered(config_dirs))
    if mistakes:
        raise UserMistake(mistakes)
    return question, replace(study, orderings=()), data


def _in_all_modes(composed: Composed) -> Composed:
    """The experiment with each arm in every mode of its framework; the arm's own mode is first, and keeps its name."""
    arms = [arm for stated in composed.experiment.arms for arm in _modes_of(stated)]
    distinct = list({arm.name: arm for arm in arms}.values())
    return replace(composed, experiment=composed.experiment.model_copy(update={"arms": tuple(distinct)}))


def _modes_of(arm: Arm) -> list[Arm]:
    others = [mode for mode in adapters.modes(arm.adapter) if mode != arm.mode]
    return [arm, *(arm.model_copy(update={"name": f"{arm.name}_{mode}", "mode": mode}) for mode in others)]
