"""What a bench needs of its command line, with every mistake at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.composition.measurement import Asked, asked
from harness.composition.mistakes import UserMistake
from harness.composition.preflight import prepare
from harness.composition.variants import ComposedStudy
from harness.data import Dataset


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
    if mistakes:
        raise UserMistake(mistakes)
    return question, replace(study, orderings=()), data
