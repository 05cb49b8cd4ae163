"""Composes config groups and overrides into one validated experiment, and reports all mistakes together.

`pipeline` composes files (`groups`, `base`) and typed overrides (`overrides`); `expansion` replaces names of arms and
schedules by specs; `trust` lists the fields of files that can run code; `mistakes` explains errors by what specs allow
(`fields`); `completion` completes overrides in the shell.
"""

from harness.composition.completion import completions
from harness.composition.mistakes import UserMistake
from harness.composition.pipeline import Composed, compose, compose_dict
from harness.composition.variants import ComposedStudy, compose_study

__all__ = [
    "Composed",
    "ComposedStudy",
    "UserMistake",
    "completions",
    "compose",
    "compose_dict",
    "compose_study",
]
