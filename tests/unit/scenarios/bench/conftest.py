"""Benches of the reference that are over in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from in_process import InProcess

from harness.scenarios.bench import control, estimate, process
from harness.spec.arm import Arm


class AtOnce(InProcess):
    """A worker of a bench in this process: what is timed is real, and no process has to start."""

    def __init__(self, arm: Arm, folder: Path, scratch: Path) -> None:
        super().__init__(arm, scratch)

    def __enter__(self) -> AtOnce:
        return self

    def __exit__(self, *given: Any) -> None:
        pass


@pytest.fixture(scope="module")
def short() -> Iterator[pytest.MonkeyPatch]:
    """Few and small blocks. The machine on which tests run is not quiet: it never moves, and all is precise enough."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(estimate, "LONGEST_S", 0.05)
        patch.setattr(estimate, "SHORTEST_S", 0.05)
        patch.setattr(control, "REPETITIONS", 3)
        patch.setattr("harness.subjects.bench.control.Control.has_moved", False)
        patch.setattr("harness.timing.intervals.Interval.relative_half_width", 0.0)
        yield patch


@pytest.fixture(scope="module")
def at_once(short: pytest.MonkeyPatch) -> type[AtOnce]:
    """All of it in this process."""
    short.setattr(estimate, "Worker", AtOnce)
    short.setattr(process, "Worker", AtOnce)
    short.setattr(control, "Worker", AtOnce)
    return AtOnce
