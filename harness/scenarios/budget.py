"""Keeps a check within its budget: measures arms and reference, plans the cost, and records the plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from harness.judging.context import Context
from harness.records.cost import CostPlan, Extent, Rates
from harness.records.failure import Failure
from harness.rungs import checkpoints, cost, pace, registry
from harness.worker import Worker
from harness.worker.asking import side_by_side


def is_small(context: Context, trains: bool = False) -> bool:
    """Whether the check needs no plan: it has no budget, or takes less than that wherever it runs.

    `trains`: whether trainings follow, which are then judged.
    """
    return cost.is_small(context.stated, _stated(context, trains), _batch_size(context), _scored(context, trains))


def planned(
    context: Context,
    workers: Sequence[Worker],
    on_failure: Callable[[str, Failure], None],
    trains: bool = False,
) -> tuple[CostPlan | None, list[Worker]]:
    """The plan of cost, and the workers that have not failed. None where there is no worker left to ask.

    `trains`: whether trainings follow, which are then judged.
    """
    by_name = {worker.arm.name: worker for worker in workers}
    samples = pace.samples(context)
    with ThreadPoolExecutor(max_workers=max(1, len(workers))) as pool:
        # Side by side, as the rungs ask them: what they take from each other is part of what they take.
        answers, failures = side_by_side(
            pool, by_name, lambda worker: worker.ask(pace.TASKS["pace"], samples=samples)[0]
        )
    for name, failure in failures.items():
        on_failure(name, failure)
    if not answers:
        return None, []
    of_reference = pace.of_reference(context, samples)
    scale = _batch_size(context) / samples
    rates = Rates(
        reference_float64=scale * of_reference["float64"],
        reference_float32=scale * of_reference["float32"],
        arms={name: scale * answer["gradient_s"] for name, answer in answers.items()},
        compilations={name: max(0.0, answer["first_s"] - answer["gradient_s"]) for name, answer in answers.items()},
    )
    extent = _stated(context, trains)
    plan = cost.planned(context.stated, extent, rates, _batch_size(context), _scored(context, trains))
    return plan, [by_name[name] for name in answers]


def planned_by_reference(context: Context, trains: bool = True) -> CostPlan | None:
    """The plan of cost where no arm can be measured, as if each took what the reference takes here in float32.

    None where nothing has to be reduced.
    """
    if is_small(context, trains):
        return None
    samples = pace.samples(context)
    of_reference = pace.of_reference(context, samples)
    scale = _batch_size(context) / samples
    exact_s, rounded_s = (scale * of_reference[precision] for precision in ("float64", "float32"))
    rates = Rates(
        reference_float64=exact_s,
        reference_float32=rounded_s,
        arms={arm.name: rounded_s for arm in context.stated.arms},
        compilations={},
    )
    extent = _stated(context, trains)
    plan = cost.planned(context.stated, extent, rates, _batch_size(context), _scored(context, trains))
    return plan if plan.is_reduced else None


def _stated(context: Context, trains: bool) -> Extent:
    judged = {rung.name for rung in registry.of_trainings(context.stated.rungs)} if trains else set()
    kept = len(checkpoints.checkpointed_epochs(context)) if checkpoints.NAME in judged else 0
    return cost.stated(context.stated, context.plan.steps, _batch_size(context), kept)


def _scored(context: Context, trains: bool) -> int:
    """The samples of the test set that are scored after a training; 0 where nothing is trained."""
    return len(context.data.x_test) if trains else 0


def _batch_size(context: Context) -> int:
    return len(context.batches(1)[0].samples)
