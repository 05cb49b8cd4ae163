"""The reference's whole run, for small problems: its final weights, and whether they are at rest or oscillate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.judging.context import Context
from harness.system.array_files import Arrays

# A limit cycle is searched in the last steps: this share of the run, and at most this many.
LAST_SHARE = 0.25
LAST_STEPS = 1000
# A parameter oscillates if the path of every element is longer than this many times its range.
OSCILLATION = 2.0


@dataclass(frozen=True)
class WholeRun:
    """The final weights by parameter, and the movement of each element over the last `recorded_steps` steps.

    `low`, `high`: its lowest and highest value. `path`: the sum of its absolute changes.
    """

    final: Arrays
    low: Arrays
    high: Arrays
    path: Arrays
    recorded_steps: int

    def oscillates(self, name: str) -> bool:
        """Whether some element moves, and the path of each that does is longer than `OSCILLATION * (high - low)`.

        An element that approaches a point covers its range once.
        """
        span = self.high[name] - self.low[name]
        return bool(np.any(span > 0) and np.all((self.path[name] > OSCILLATION * span) | (span == 0)))


def whole_run(context: Context) -> WholeRun:
    """The float64 reference's run from the plan's weights to the end of the last epoch."""
    steps = context.plan.steps
    recorded_steps = max(1, min(LAST_STEPS, int(steps * LAST_SHARE)))
    trainer = context.trainer(context.oracle, steps)
    low: Arrays = {}
    high: Arrays = {}
    path: Arrays = {}
    last: Arrays = {}
    for step, batch in enumerate(context.steps(steps, "whole run")):
        context.updated(trainer, batch)
        if step >= steps - recorded_steps:
            weights = trainer.weights()
            low = {name: np.minimum(value, low.get(name, value)) for name, value in weights.items()}
            high = {name: np.maximum(value, high.get(name, value)) for name, value in weights.items()}
            path = {name: path.get(name, 0) + np.abs(value - last.get(name, value)) for name, value in weights.items()}
            last = weights
    return WholeRun(trainer.weights(), low, high, path, recorded_steps)
