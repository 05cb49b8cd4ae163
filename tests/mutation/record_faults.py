"""Faults of what a training records, and of what the plan draws: planted beside an arm of the reference."""

from __future__ import annotations

from dataclasses import dataclass

from planting import Edit

TRAINING, SESSION, TRAINER = "harness.worker.training", "harness.worker.session", "adapters.reference.trainer"


@dataclass(frozen=True)
class RecordFault:
    """`rung` must notice it first, of those that traces are judged by, and name `culprit`."""

    name: str
    module: str
    old: str
    new: str
    rung: str
    culprit: str = "one"

    @property
    def edits(self) -> tuple[Edit, ...]:
        return (Edit(self.module, self.old, self.new),)


LOSSES = "losses=[float(loss) for result in results for loss in result.losses]"
TRACES = (
    RecordFault(
        "a rate read one step late",
        TRAINING,
        "form.rate(np.arange(plan.steps))",
        "form.rate(np.arange(plan.steps) + 1)",
        "schedule",
    ),
    RecordFault(
        "the first rate recorded throughout",
        TRAINING,
        "form.rate(np.arange(plan.steps))",
        "form.rate(np.zeros(plan.steps, int))",
        "schedule",
    ),
    RecordFault(
        "losses recorded in another order",
        TRAINING,
        LOSSES,
        "losses=sorted(float(loss) for result in results for loss in result.losses)",
        "trajectory",
    ),
    RecordFault(
        "the mean of an epoch for each of its losses",
        TRAINING,
        LOSSES,
        "losses=[float(np.mean(result.losses)) for result in results for loss in result.losses]",
        "trajectory",
    ),
    RecordFault(
        "the last, short batch dropped in the recorded training",
        SESSION,
        "return [part for part in parts if part.size]",
        "return [part for part in parts[:1] if part.size]",
        "trajectory",
    ),
    RecordFault(
        "the last batch padded in the recorded training, and the padding counted",
        SESSION,
        "order[None, whole:]]",
        "np.concatenate([order[whole:], order[: -len(order) % batch_size]])[None]]",
        "trajectory",
    ),
    RecordFault(
        "the order of the first epoch used again in the recorded training",
        SESSION,
        "self.plan.orders[epoch][part]",
        "self.plan.orders[0][part]",
        "trajectory",
    ),
    RecordFault(
        "evaluation leaving out the last, short batch",
        TRAINER,
        "total, wrong, scored = 0.0, 0, 0\n",
        "total, wrong, scored, x, y = 0.0, 0, 0, x[:16], y[:16]\n",
        "convergence",
    ),
)
DRAWS = (
    RecordFault(
        "a variance for a standard deviation in the plan",
        "harness.plan.initializer_laws",
        "return rng.normal(self.center, self.spread, shape)",
        "return rng.normal(self.center, self.spread**2, shape)",
        "initializer",
        "plan",
    ),
    RecordFault(
        "half the width of a uniform in the plan",
        "harness.plan.initializer_laws",
        "return rng.uniform(self.center - self.spread, self.center + self.spread, shape)",
        "return rng.uniform(self.center, self.center + self.spread, shape)",
        "initializer",
        "plan",
    ),
    RecordFault(
        "a normal that is not truncated in the plan",
        "harness.plan.initializer_laws",
        "edge = float(special.ndtr(TRUNCATED_AT))",
        "edge = float(special.ndtr(2 * TRUNCATED_AT))",
        "initializer",
        "plan",
    ),
)
