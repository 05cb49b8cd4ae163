"""Optimizers: how a weight w moves by its gradient g at rate r; k = t + 1 is the 1-based number of the update.

The rate comes from the schedule, anew at each update. Every slot starts at 0 but where a formula says otherwise, and
every operation is by element but where a norm is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.spec.base import union_of
from harness.spec.optimizers.base import Optimizer
from harness.spec.optimizers.descents import HeavyBall, Nesterov, Sgd
from harness.spec.optimizers.gradient_squares import Adadelta, Adagrad, Rmsprop
from harness.spec.optimizers.moments import Adam, Adamax, Adamw, Nadam
from harness.spec.optimizers.single_rules import Asgd, Ftrl, Lamb, Lion, Rprop

__all__ = [
    "Adadelta",
    "Adagrad",
    "Adam",
    "Adamax",
    "Adamw",
    "AnyOptimizer",
    "Asgd",
    "Ftrl",
    "HeavyBall",
    "Lamb",
    "Lion",
    "Nadam",
    "Nesterov",
    "Optimizer",
    "Rmsprop",
    "Rprop",
    "Sgd",
]

if TYPE_CHECKING:
    AnyOptimizer = Optimizer
else:
    AnyOptimizer: Any = union_of(Optimizer)
