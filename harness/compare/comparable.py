"""Whether two runs are of one experiment: else their numbers may differ, and say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.composition.mistakes import shown
from harness.results.reading import RecordedRun
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
    """Why the runs are not comparable; nothing where they are, so far as what can be read of them says."""
    found = _specs(a.experiment, b.experiment) if a.experiment and b.experiment else []
    for key, what in (("data_digest", "data"), ("digest", "plan (weights, batches, noise, augmentation)")):
        first, second = a.plan.get(key), b.plan.get(key)
        if first and second and first != second:
            found.append(f"another {what}: digest {str(first)[:16]} in A, {str(second)[:16]} in B")
    return found


def unknown(a: RecordedRun, b: RecordedRun) -> list[str]:
    """What of that cannot be said, since a file cannot be read."""
    missing = [
        f"{file} of {side}"
        for side, run in (("A", a), ("B", b))
        for file, there in (
            ("experiment.json", run.experiment is not None),
            ("plan.json", all(run.plan.get(key) for key in ("digest", "data_digest"))),
        )
        if not there
    ]
    return [f"whether both are of one experiment: {', '.join(missing)} is not there to say so"] if missing else []


def _specs(a: Experiment, b: Experiment) -> list[str]:
    before, after = (dict(_leaves(each.model_dump(mode="json", include=set(PARTS)))) for each in (a, b))
    paths = [path for path in dict.fromkeys([*before, *after]) if path not in ASIDE]
    told = {path: tuple(shown(each[path]) if path in each else "nothing" for each in (before, after)) for path in paths}
    other = [f"another spec: {path} is {x} in A, {y} in B" for path, (x, y) in told.items() if x != y]
    more = len(other) - MOST_SHOWN
    return other if more <= 0 else [*other[:MOST_SHOWN], f"another spec: {more} more places differ"]


def _leaves(plain: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a plain tree, by its dotted path."""
    if isinstance(plain, dict | list) and plain:
        items = plain.items() if isinstance(plain, dict) else enumerate(plain)
        for key, value in items:
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, plain
