"""Rules on trace.json."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite
from pathlib import PurePath

from harness.results.plausible.left import Left

SHA256 = re.compile(r"[0-9a-f]{64}")
DIGESTS = ("plan_digest", "initial_weights_digest", "final_weights_digest")


def arm_of_the_experiment(records: Left) -> Iterator[str]:
    """The arm must be the experiment's arm of the folder's name in every field: folders may have been exchanged."""
    name, arm = PurePath(records.arm.place).name, records.trace.arm
    expected = next((candidate for candidate in records.stated.arms if candidate.name == name), None)
    if expected is None:
        yield f"is of an arm {name!r}, which experiment.json has not"
        return
    before, after = expected.model_dump(), arm.model_dump()
    differences = [f"{field} is {after[field]!r}, and {before[field]!r} in experiment.json" for field in before]
    differences = [text for field, text in zip(before, differences, strict=True) if before[field] != after[field]]
    if differences:
        yield f"is of another arm than that of the experiment: {'; '.join(differences)}"


def end_of_the_training(records: Left) -> Iterator[str]:
    trace = records.trace
    if trace.finished and trace.failure is not None:
        yield f"says both that the training finished and that the arm failed ({trace.failure})"
    if not trace.finished and trace.failure is None and trace.epochs:
        yield f"says neither that the training finished nor that the arm failed, after {len(trace.epochs)} epochs"


def digests(records: Left) -> Iterator[str]:
    for field in DIGESTS:
        value = getattr(records.trace, field)
        if (value or records.trace.finished) and not SHA256.fullmatch(value):
            yield f"{field} is {value[:80]!r}, which is no SHA-256"


def times_and_memory(records: Left) -> Iterator[str]:
    trace = records.trace
    for field in ("import_time_s", "compile_time_s", "baseline_rss_bytes"):
        value = getattr(trace, field)
        if value is None:
            if trace.finished:
                yield f"has no {field}, and the training finished"
        elif not (isfinite(value) and value >= 0):
            yield f"{field} is {value:.6g}, which cannot be"


def status_and_summary(records: Left) -> Iterator[str]:
    """`status` and `summary`, which were written with the trace, must follow from it."""
    beside = records.arm.beside
    if beside.get("status", records.trace.status) != records.trace.status:
        yield f"status is {beside['status']!r}, and {records.trace.status!r} by what was recorded"
    if any(not (epoch.losses and epoch.samples and epoch.epoch_time_s > 0) for epoch in records.epochs):
        return
    for key, value in records.trace.summary().items():
        expected = None if isinstance(value, float) and not isfinite(value) else value
        recorded = beside.get("summary", {}).get(key, expected)
        if recorded != expected or isinstance(recorded, bool):
            yield f"summary.{key} is {recorded!r}, and {expected!r} by what was recorded"
