"""What a bench, or a gate that times, needs of its command line, with every mistake at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import adapters
from harness.composition.capabilities import unsupported
from harness.composition.interpreters import OPTION, base_interpreter
from harness.composition.measurement import SWEPT, WIDTH, Asked, Sweep, as_of_gate, asked
from harness.composition.mistakes import UserMistake
from harness.composition.pipeline import Composed
from harness.composition.preflight import Known, offered, prepare
from harness.composition.variants import ComposedStudy
from harness.data import Dataset
from harness.records.interpreter import Interpreter
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment
from harness.system.text import printable


@dataclass(frozen=True)
class Point:
    """One experiment that is timed. `value`: of the key that is swept; empty where none is."""

    study: ComposedStudy
    data: Dataset
    value: str = ""


def prepare_bench(
    typed: Sequence[str], config_dirs: Sequence[Path], trust: bool = False, known: Known | None = None
) -> tuple[Asked, tuple[Point, ...]]:
    """The measuring, and the experiments with their data. Raises UserMistake with all mistakes if there are any.

    `known`: as of `prepare`.
    """
    question = asked(typed)
    return question, _checked_points(question, config_dirs, trust, known)


def prepare_in_turns(
    typed: Sequence[str], base_python: str, config_dirs: Sequence[Path], trust: bool = False
) -> tuple[Asked, Point, Interpreter]:
    """The measuring of a gate that times head and base in turns, its experiment, and the interpreter of the base.

    Raises UserMistake with all mistakes if there are any.
    """
    question, mistakes = as_of_gate(asked(typed)), list[str]()
    if folders := [text for text in question.overrides if "=" not in text]:
        mistakes.append(
            f"given {', '.join(map(printable, folders))} and {OPTION}: give the folder of a recorded run, which is "
            f"held against a baseline, or {OPTION}, with which head and base are timed now"
        )
        question = replace(question, overrides=tuple(text for text in question.overrides if "=" in text))
    point, base, experiment = None, None, ""
    try:
        (point,) = _checked_points(replace(question, sweep=None), config_dirs, trust)
        experiment = point.study.first.experiment.model_dump_json()
    except UserMistake as mistake:
        mistakes += mistake.mistakes
    try:
        base = base_interpreter(base_python, experiment)
    except UserMistake as mistake:
        mistakes += mistake.mistakes
    if mistakes or point is None or base is None:
        raise UserMistake(mistakes)
    return question, point, base


def _checked_points(
    question: Asked, config_dirs: Sequence[Path], trust: bool, known: Known | None = None
) -> tuple[Point, ...]:
    mistakes = list(question.mistakes)
    try:
        points = _points(question, config_dirs, trust, known)
    except UserMistake as mistake:
        raise UserMistake([*mistakes, *mistake.mistakes]) from None
    mistakes += [text for point in points for text in _mistakes(point.study, question, config_dirs)]
    if mistakes:
        raise UserMistake(list(dict.fromkeys(mistakes)))
    return points


def _points(question: Asked, config_dirs: Sequence[Path], trust: bool, known: Known | None) -> tuple[Point, ...]:
    """The experiment of each value that is swept, or the one experiment."""
    study, (dataset, *_) = prepare(question.overrides, config_dirs, trust, known)
    if question.sweep is None:
        return (Point(_as_timed(study, question), dataset),)
    points, mistakes = list[Point](), list[str]()
    for value in question.sweep.values:
        try:
            changes = _changes(question.sweep, value, study.first.experiment)
            swept, (data, *_) = prepare([*question.overrides, *changes], config_dirs, trust, known)
            points.append(Point(_as_timed(swept, question), data, value))
        except UserMistake as mistake:
            mistakes += [f"sweep: {question.sweep.key}={value}: {text}" for text in mistake.mistakes]
    if mistakes:
        raise UserMistake(mistakes)
    return tuple(points)


def _changes(sweep: Sweep, value: str, experiment: Experiment) -> list[str]:
    """The overrides for one value. A width is that of every layer that has units or filters, but the last."""
    if sweep.key != WIDTH:
        return [f"{SWEPT.get(sweep.key, sweep.key)}={value}"]
    sized = [
        (number, field)
        for number, layer in enumerate(experiment.model.layers)
        for field in ("units", "filters")
        if hasattr(layer, field)
    ]
    if len(sized) < 2:
        raise UserMistake(["the model has no hidden layer with units or filters"])
    return [f"model.layers.{number}.{field}={value}" for number, field in sized[:-1]]


def _as_timed(study: ComposedStudy, question: Asked) -> ComposedStudy:
    variants = tuple(map(_in_all_modes, study.variants)) if question.all_modes else study.variants
    return replace(study, variants=variants, orderings=())


def _mistakes(study: ComposedStudy, question: Asked, config_dirs: Sequence[Path]) -> list[str]:
    """What cannot be timed of an experiment that is sound."""
    experiment = study.first.experiment
    mistakes = []
    if len(study.variants) > 1:
        names = ", ".join(str(variant.experiment.variant) for variant in study.variants)
        mistakes.append(f"experiment {experiment.name} has variants, and one is timed: choose variant=NAME of {names}")
    if question.measurement.target_accuracy is not None and experiment.data.classes is None:
        mistakes.append("target_accuracy: the targets of this experiment are values, which have no accuracy")
    if question.all_modes:
        mistakes += unsupported(experiment, experiment.arms, lambda: offered(config_dirs))
    return mistakes


def _in_all_modes(composed: Composed) -> Composed:
    """The experiment with each arm in every mode of its framework; the arm's own mode is first, and keeps its name."""
    arms = [arm for stated in composed.experiment.arms for arm in _modes_of(stated)]
    distinct = list({arm.name: arm for arm in arms}.values())
    return replace(composed, experiment=composed.experiment.model_copy(update={"arms": tuple(distinct)}))


def _modes_of(arm: Arm) -> list[Arm]:
    others = [mode for mode in adapters.modes(arm.adapter) if mode != arm.mode]
    return [arm, *(arm.model_copy(update={"name": f"{arm.name}_{mode}", "mode": mode}) for mode in others)]
