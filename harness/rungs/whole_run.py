"""The reference's whole run, for small problems: where its weights end, and whether they come to rest there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.judging.context import Context
from harness.system.array_files import Arrays

# A limit cycle is looked for among the last steps: this share of the run, and no more than so many.
LAST_SHARE = 0.25
LAST_STEPS = 1000
ROUND = 2.0


@dataclass(frozen=True)
class WholeRun:
    """The final weights; of each element the lowest and highest value over the last `watched` steps, and its way."""

    final: Arrays
    low: Arrays
    high: Arrays
    way: Arrays
    watched: int

    def goes_round(self, name: str) -> bool:
        """Whether a parameter came and went: each element that moves covers its range more than twice.

        On a way to a point it would cover it once.
        """
        span = self.high[name] - self.low[name]
        return bool(np.any(span > 0) and np.all((self.way[name] > ROUND * span) | (span == 0)))


def whole_run(context: Context) -> WholeRun:
    """The float64 reference from the plan's weights to the end of its last epoch."""
    steps = context.plan.steps
    watched = max(1, min(LAST_STEPS, int(steps * LAST_SHARE)))
    trainer = context.trainer(context.oracle, steps)
    low: Arrays = {}
    high: Arrays = {}
    way: Arrays = {}
    last: Arrays = {}
    for step, batch in enumerate(context.batches(steps)):
        context.updated(trainer, batch)
        if step >= steps - watched:
            weights = trainer.weights()
            low = {name: np.minimum(value, low.get(name, value)) for name, value in weights.items()}
            high = {name: np.maximum(value, high.get(name, value)) for name, value in weights.items()}
            way = {name: way.get(name, 0) + np.abs(value - last.get(name, value)) for name, value in weights.items()}
            last = weights
    return WholeRun(trainer.weights(), low, high, way, watched)
