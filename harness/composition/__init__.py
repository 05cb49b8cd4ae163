"""From config groups and overrides to one validated experiment, with every mistake found in one go.

`pipeline` composes, from files (`groups`, `base`) and what was typed (`overrides`); `expansion` turns names of arms and
schedules into specs; `trust` finds the fields of files that can run code; `mistakes` explains errors by what
specs allow (`fields`); `completion` serves the shell.
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
