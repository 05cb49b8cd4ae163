"""What cannot be of trace.json."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite
from pathlib import PurePath

from harness.results.plausible.left import Left

SHA256 = re.compile(r"[0-9a-f]{64}")
DIGESTS = ("plan_digest", "initial_weights_digest", "final_weights_digest")


def arm_of_the_experiment(left: Left) -> Iterator[str]:
    """In every field, and in the folder of its name: folders of arms that were exchanged tell of other arms."""
    name, arm = PurePath(left.arm.place).name, left.trace.arm
    stated = next((each for each in left.stated.arms if each.name == name), None)
    if stated is None:
        yield f"is of an arm {name!r}, which experiment.json has not"
        return
    before, after = stated.model_dump(), arm.model_dump()
    other = [f"{field} is {after[field]!r}, and {before[field]!r} in experiment.json" for field in before]
    other = [text for field, text in zip(before, other, strict=True) if before[field] != after[field]]
    if other:
        yield f"is of another arm than that of the experiment: {'; '.join(other)}"


def end_of_the_training(left: Left) -> Iterator[str]:
    trace = left.trace
    if trace.finished and trace.failure is not None:
        yield f"says both that the training finished and that the arm failed ({trace.failure})"
    if not trace.finished and trace.failure is None and trace.epochs:
        yield f"says neither that the training finished nor that the arm failed, after {len(trace.epochs)} epochs"


def digests(left: Left) -> Iterator[str]:
    for field in DIGESTS:
        value = getattr(left.trace, field)
        if (value or left.trace.finished) and not SHA256.fullmatch(value):
            yield f"{field} is {value[:80]!r}, which is no SHA-256"


def times_and_memory(left: Left) -> Iterator[str]:
    trace = left.trace
    for field in ("import_time_s", "compile_time_s", "baseline_rss_bytes"):
        value = getattr(trace, field)
        if value is None:
            if trace.finished:
                yield f"has no {field}, and the training finished"
        elif not (isfinite(value) and value >= 0):
            yield f"{field} is {value:.6g}, which cannot be"


def status_and_summary(left: Left) -> Iterator[str]:
    """What follows from the rest, and was written beside it."""
    beside = left.arm.beside
    if beside.get("status", left.trace.status) != left.trace.status:
        yield f"status is {beside['status']!r}, and {left.trace.status!r} by what was recorded"
    if any(not (each.losses and each.samples and each.epoch_time_s > 0) for each in left.epochs):
        return
    for key, value in left.trace.summary().items():
        expected = None if isinstance(value, float) and not isfinite(value) else value
        said = beside.get("summary", {}).get(key, expected)
        if said != expected or isinstance(said, bool):
            yield f"summary.{key} is {said!r}, and {expected!r} by what was recorded"
