"""Rules on the records of a whole run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from harness.records.verdict import Status
from harness.results.plausible.trace import SHA256
from harness.results.recorded import RecordedRun


def plan_of_the_experiment(run: RecordedRun) -> Iterator[str]:
    experiment, plan = run.experiment, run.plan
    if experiment is None:
        return
    training, model = experiment.training, experiment.model
    expected: dict[str, Any] = {
        "seed": experiment.seed,
        "batch_size": training.batch_size,
        "parameters": model.parameter_count,
        "multiply_adds": model.multiply_adds,
    }
    for key, value in expected.items():
        if type(plan.get(key)) is not int or plan[key] != value:
            yield f"{key} is {plan.get(key)!r}, and {value} in the experiment"
    for key, most in (("epochs", training.epochs), ("steps", training.max_steps)):
        count = plan.get(key)
        if type(count) is not int or count < 1 or (most is not None and count > most):
            yield f"{key} is {count!r}, and {most or 'some'} were to be planned"
    for key in ("digest", "data_digest"):
        if not SHA256.fullmatch(str(plan.get(key, ""))):
            yield f"{key} is {str(plan.get(key))[:80]!r}, which is no SHA-256"


def outcomes(run: RecordedRun) -> Iterator[str]:
    """Each status in verdicts.parquet must be one that a check can have."""
    for row, status in enumerate(run.verdicts.get("status", [])):
        if status not in get_args(Status):
            yield f"row {row}: status is {status!r}, which no check comes to"
            return
