"""The word of two arms over the seeds of a study never says more than the study."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from made_up_traces import verdict

from harness.report.study import sentences_over_seeds


@pytest.mark.parametrize(
    ("status", "code", "begins"),
    [
        ("agrees", 0, "AGREES: one and other"),
        ("agrees", 4, "agrees: one and other"),
        ("agrees", 1, "agrees: one and other"),
        ("diverges", 1, "DIVERGES: one and other"),
        ("unverified", 4, "UNVERIFIED: one and other"),
    ],
)
def test_capitals_are_of_the_study(status: str, code: int, begins: str) -> None:
    over_seeds = [verdict(status, rung="convergence")]
    study: Any = SimpleNamespace(state="complete", over_seeds=over_seeds, exit_code=code)
    (line,) = sentences_over_seeds(study)
    assert line.startswith(begins)
