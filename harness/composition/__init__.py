"""From config groups and overrides to one validated experiment, with every mistake found in one go.

`pipeline` composes, from the files (`groups`) and what was typed (`overrides`); `expansion` turns the names of arms and
suites into specs; `mistakes` words what is wrong, from what the specs allow (`fields`); `completion` serves the shell.
"""

from harness.composition.completion import completions
from harness.composition.groups import conf_dir
from harness.composition.mistakes import UserMistake
from harness.composition.pipeline import Composed, compose, compose_dict

__all__ = ["Composed", "UserMistake", "completions", "compose", "compose_dict", "conf_dir"]
