"""A loss, an optimizer and a schedule of the user's own, in native code: a function of a file takes a word's place.

They are no members of their families: no config names them, and no vocabulary lists them.
"""

from __future__ import annotations

from typing import Any, ClassVar

from harness.spec.losses import Loss
from harness.spec.optimizers import Optimizer
from harness.spec.schedules import Schedule


class OwnLoss(Loss):
    """The loss that `function` of `file` is or makes."""

    file: str
    function: str
    targets_domain: ClassVar[Any] = "any"

    @classmethod
    def word(cls) -> str:
        return "own loss"

    @property
    def name_in_tables(self) -> str:
        return f"{self.function}()"


class OwnOptimizer(Optimizer):
    """The optimizer that `function` of `file` makes."""

    file: str
    function: str

    @classmethod
    def word(cls) -> str:
        return "own optimizer"

    @property
    def name_in_tables(self) -> str:
        return f"{self.function}()"


class OwnSchedule(Schedule):
    """The schedule that `function` of `file` is or makes."""

    file: str
    function: str

    @classmethod
    def word(cls) -> str:
        return "own schedule"

    @property
    def name_in_tables(self) -> str:
        return f"{self.function}()"


OWN = (OwnLoss, OwnOptimizer, OwnSchedule)
