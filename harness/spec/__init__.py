"""Abstract, framework-free descriptions, each with its formula in its docstring. Imports no other package of ours."""

from harness.spec.arm import Arm
from harness.spec.base import Spec, Word, family_members
from harness.spec.experiment import Comparison, Experiment, Training

__all__ = ["Arm", "Comparison", "Experiment", "Spec", "Training", "Word", "family_members"]
