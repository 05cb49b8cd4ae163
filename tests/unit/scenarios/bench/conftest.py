"""Benches of the reference that are over in seconds."""

from __future__ import annotations

import pytest

from harness.scenarios.bench import estimate, process


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "LONGEST_S", 0.05)
    monkeypatch.setattr(estimate, "SHORTEST_S", 0.05)
    monkeypatch.setattr(process, "REPETITIONS", 3)
    # The machine on which tests run is not quiet.
    monkeypatch.setattr("harness.subjects.bench.control.LIMIT", 1000.0)
