"""Whether two runs are of the same experiment. Numbers of different experiments may differ for good reason."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from pydantic import BaseModel

from harness.composition.mistakes import shown
from harness.results.recorded import EXPERIMENT, PLAN, RecordedRun
from harness.spec.experiment import Experiment

# The parts that define an experiment. Its arms are what is compared, and its expectations change no number.
PARTS = (
    "data",
    "model",
    "loss",
    "regularizer",
    "clipping",
    "weight_decay",
    "accumulation",
    "lookahead",
    "averaging",
    "optimizer",
    "schedule",
    "training",
    "seed",
)
# Paths that may differ: the folder of the data, and which extra curves are recorded.
ASIDE = ("data.root", "training.gradient_norms", "training.digests")
MOST_SHOWN = 8


def reasons(a: RecordedRun, b: RecordedRun) -> list[str]:
    """The reasons why two runs are not comparable; empty if their undamaged records give none."""
    a_stated, b_stated = (experiment_of(run) for run in (a, b))
    mismatches = differing_specs(a_stated, b_stated, PARTS, ASIDE) if a_stated and b_stated else []
    if a.failed(PLAN) or b.failed(PLAN):
        return mismatches
    for key, what in (("data_digest", "data"), ("digest", "plan (weights, batches, noise, augmentation)")):
        first, second = a.plan.get(key), b.plan.get(key)
        if first and second and first != second:
            mismatches.append(f"another {what}: digest {str(first)[:16]} in A, {str(second)[:16]} in B")
    return mismatches


def experiment_of(run: RecordedRun) -> Experiment | None:
    """The experiment of a run; None if its record is damaged or missing."""
    return None if run.failed(EXPERIMENT) else run.experiment


def stated_of(a: RecordedRun, b: RecordedRun) -> Experiment | None:
    """The experiment of both runs, from an undamaged record if either run has one."""
    return experiment_of(a) or experiment_of(b) or a.experiment or b.experiment


def unknown(a: RecordedRun, b: RecordedRun) -> list[str]:
    """What `reasons` could not check because a file is damaged."""
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


def differing_specs(a: BaseModel, b: BaseModel, fields: Collection[str], ignored: Collection[str] = ()) -> list[str]:
    """Where these fields of two specs differ, in words. `ignored`: the dotted paths that may."""
    before, after = (dict(_leaves(side.model_dump(mode="json", include=set(fields)))) for side in (a, b))
    paths = [path for path in dict.fromkeys([*before, *after]) if path not in ignored]
    differing = []
    for path in paths:
        x, y = (shown(side[path]) if path in side else "nothing" for side in (before, after))
        if x != y or before.get(path) != after.get(path):
            differing.append(f"another spec: {path} is {x} in A, {y} in B")
    unlisted = len(differing) - MOST_SHOWN
    return differing if unlisted <= 0 else [*differing[:MOST_SHOWN], f"another spec: {unlisted} more places differ"]


def _leaves(plain: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of nested dicts and lists: its dotted path and its value."""
    if isinstance(plain, dict | list) and plain:
        items = plain.items() if isinstance(plain, dict) else enumerate(plain)
        for key, value in items:
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, plain
