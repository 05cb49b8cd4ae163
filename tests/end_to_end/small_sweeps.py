"""For tests of sweeps: what as little a job as can be does, and what has become of the attempts at each."""

from __future__ import annotations

from pathlib import Path

from harness.results.sweep_folder import all_attempts

# The reference alone, and no more than its schedule.
TINY = ["arms=[{use: reference, name: one}]", "rungs=[schedule]", "training.max_steps=3"]
UNVERIFIED, CRASHED, INTERRUPTED = 4, 3, 130


def rows_of(folder: Path) -> dict[int, list[str]]:
    """By job, the status of every attempt; empty before the sweep has begun."""
    if not (folder / "jobs").is_dir():
        return {}
    return {job: [row.status for row in rows] for job, rows in all_attempts(folder).items()}
