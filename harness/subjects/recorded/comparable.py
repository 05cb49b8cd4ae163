"""Whether two runs are of one experiment: else their numbers may differ, and say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.composition.mistakes import shown
from harness.results.recorded import EXPERIMENT, PLAN, RecordedRun
from harness.spec.experiment import Experiment

# What an experiment is. Its arms are what is compared, and what is expected of it changes no number.
PARTS = (
    "data",
    "model",
    "loss",
    "regularizer",
    "clipping",
    "weight_decay",
    "optimizer",
    "schedule",
    "training",
    "seed",
)
# Where the same data lies, and what is recorded besides.
ASIDE = ("data.root", "training.gradient_norms", "training.digests")
MOST_SHOWN = 8


def reasons(a: RecordedRun, b: RecordedRun) -> list[str]:
    """Why the runs are not comparable; nothing where they are, so far as their undamaged records say."""
    stated = [experiment_of(run) for run in (a, b)]
    found = _specs(stated[0], stated[1]) if stated[0] and stated[1] else []
    if a.failed(PLAN) or b.failed(PLAN):
        return found
    for key, what in (("data_digest", "data"), ("digest", "plan (weights, batches, noise, augmentation)")):
        first, second = a.plan.get(key), b.plan.get(key)
        if first and second and first != second:
            found.append(f"another {what}: digest {str(first)[:16]} in A, {str(second)[:16]} in B")
    return found


def experiment_of(run: RecordedRun) -> Experiment | None:
    """What the run is of; None where no undamaged record says it."""
    return None if run.failed(EXPERIMENT) else run.experiment


def stated_of(a: RecordedRun, b: RecordedRun) -> Experiment | None:
    """What both are of, by an undamaged record if there is one."""
    return experiment_of(a) or experiment_of(b) or a.experiment or b.experiment


def unknown(a: RecordedRun, b: RecordedRun) -> list[str]:
    """What of that cannot be said, since a file is damaged."""
    missing = [
        f"{file} of {side}"
        for side, run in (("A", a), ("B", b))
        for file, there in (
            (EXPERIMENT, experiment_of(run) is not None),
            (PLAN, not run.failed(PLAN) and all(run.plan.get(key) for key in ("digest", "data_digest"))),
        )
        if not there
    ]
    return (
        [f"whether both are of one experiment: {', '.join(missing)} is not there, whole, to say so"] if missing else []
    )


def _specs(a: Experiment, b: Experiment) -> list[str]:
    before, after = (dict(leaves(each.model_dump(mode="json", include=set(PARTS)))) for each in (a, b))
    paths = [path for path in dict.fromkeys([*before, *after]) if path not in ASIDE]
    told = {path: tuple(shown(each[path]) if path in each else "nothing" for each in (before, after)) for path in paths}
    other = [f"another spec: {path} is {x} in A, {y} in B" for path, (x, y) in told.items() if x != y]
    more = len(other) - MOST_SHOWN
    return other if more <= 0 else [*other[:MOST_SHOWN], f"another spec: {more} more places differ"]


def leaves(plain: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a plain tree, by its dotted path."""
    if isinstance(plain, dict | list) and plain:
        items = plain.items() if isinstance(plain, dict) else enumerate(plain)
        for key, value in items:
            yield from leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, plain
