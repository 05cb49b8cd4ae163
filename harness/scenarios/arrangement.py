"""Chooses the arrangements of all arms before a run begins, so that its records hold the choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from harness.composition import ComposedStudy
from harness.records.arrangement import ChosenArrangement
from harness.spec.arm import Arm
from harness.spec.changes import changed
from harness.spec.experiment import Experiment
from harness.spec.layers import Convolution
from harness.worker.arrangement.choice import Chooser

Arrangements = Mapping[str, ChosenArrangement]  # by the names of arms


def arranged_study(study: ComposedStudy, say: Callable[[str], None]) -> tuple[ComposedStudy, list[Arrangements]]:
    """The study with the chosen arrangement in place of `auto` in every arm, and the choices of each variant.

    `say` is given a line before and after each calibration.
    """
    chooser = Chooser(say)
    arranged = [_arranged(variant.experiment, chooser) for variant in study.variants]
    variants = (
        replace(variant, experiment=experiment)
        for variant, (experiment, _) in zip(study.variants, arranged, strict=True)
    )
    return replace(study, variants=tuple(variants)), [choices for _, choices in arranged]


def arranged_experiment(experiment: Experiment, say: Callable[[str], None]) -> tuple[Experiment, Arrangements]:
    """The experiment with the chosen arrangements in its arms, and the choices; as `arranged_study`."""
    return _arranged(experiment, Chooser(say))


def arranged_arms(arms: Sequence[Arm], say: Callable[[str], None]) -> tuple[tuple[Arm, ...], Arrangements]:
    """The arms of a pair with the chosen arrangements, and the choices. Any model of a user may have convolutions."""
    chooser = Chooser(say)
    choices = {arm.name: chooser.choice(arm, has_convolutions=True) for arm in arms}
    return tuple(_with(arm, choices) for arm in arms), choices


def _arranged(experiment: Experiment, chooser: Chooser) -> tuple[Experiment, Arrangements]:
    choices = {arm.name: chooser.choice(arm, _has_convolutions(experiment, arm)) for arm in experiment.arms}
    arms = tuple(_with(arm, choices) for arm in experiment.arms)
    return experiment.model_copy(update={"arms": arms}), choices


def _has_convolutions(experiment: Experiment, arm: Arm) -> bool:
    return any(isinstance(word, Convolution) for word in changed(experiment, arm.spec).model.words())


def _with(arm: Arm, choices: Arrangements) -> Arm:
    return arm.model_copy(update={"arrangement": choices[arm.name].name})
