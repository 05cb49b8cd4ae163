"""A number is solved for from what was computed with it, from any start, and what has no part in it is not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from harness.diagnosis.solving import Scale, scan, solve

X = np.random.default_rng(0).uniform(0.5, 2, 50)


def residuals(compute: Any, true: float) -> Any:
    return lambda value: compute(true) - compute(value)


@pytest.mark.parametrize(
    ("compute", "start", "true", "limits"),
    [
        (lambda e: X / np.sqrt(X + e), 1e-7, 1e-2, (0.0, math.inf)),
        (lambda e: X / np.sqrt(X + e), 1e-2, 1e-5, (0.0, math.inf)),
        (lambda m: m ** np.arange(20), 0.9, 0.999, (0.0, 1.0)),
        (lambda m: m ** np.arange(20), 0.9, 0.1, (0.0, 1.0)),
        (lambda s: (1 - s) * X + s / 10, 0.0, 0.3, (0.0, 1.0)),
        (lambda d: np.minimum(X**2 / 2, d * (X - d / 2)), 1.0, 0.6, (0.0, math.inf)),
    ],
)
def test_a_number_is_solved_for_from_afar(compute: Any, start: float, true: float, limits: tuple[float, float]) -> None:
    found = solve(residuals(compute, true), start, *limits)
    assert found == pytest.approx(true, rel=1e-4)


def test_what_has_no_part_in_the_residuals_is_not_solved_for() -> None:
    assert solve(lambda value: X, 0.5, 0.0, 1.0) is None
    assert solve(lambda value: np.zeros(3), 0.5, 0.0, 1.0) is None  # nothing is to be explained
    assert solve(lambda value: None, 0.5, 0.0, 1.0) is None


def test_few_runs_are_made() -> None:
    runs = []

    def counted(value: float) -> Any:
        runs.append(value)
        return X / np.sqrt(X + 1e-2) - X / np.sqrt(X + value)

    solve(counted, 1e-7, 0.0)
    assert len(runs) < 25


def test_a_scale_takes_a_value_there_and_back_within_its_limits() -> None:
    for scale, value in (
        (Scale.of(0.9, 0.0, 1.0), 0.37),
        (Scale.of(1e-7, 0.0, math.inf), 12.0),
        (Scale.of(0.0, 0, 1), 0.4),
    ):
        assert scale.value(scale.free(value)) == pytest.approx(value)
    assert 0 <= Scale.of(0.9, 0.0, 1.0).value(1e9) <= 1
    assert not Scale.of(0.0, 0.0, 1.0).holds(1.5)


@pytest.mark.parametrize("true", [1, 7, 41, 999, 12_345])
def test_a_whole_number_is_found_where_the_computation_has_steps(true: int) -> None:
    steps = np.arange(3 * true + 200)

    def distance(value: float) -> float:
        apart = 0.9 ** (steps // true) - 0.9 ** (steps // int(value))
        return float(np.sqrt(np.mean(apart**2)))

    assert scan(distance, 200, 1, math.inf, is_whole=True) == (None if true == 200 else true)


def test_a_search_from_nothing_goes_up_to_the_limit() -> None:
    assert scan(lambda value: abs(value - 0.3), 0.0, 0.0, 1.0) == pytest.approx(0.3, rel=1e-6)
    assert scan(lambda value: math.inf, 1.0, 0.0, math.inf) is None
