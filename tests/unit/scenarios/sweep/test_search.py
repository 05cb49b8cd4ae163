"""A search follows from the rows: bisection finds the border of parity, Optuna takes it as a constraint."""

from __future__ import annotations

from typing import Any

import pytest
from made_up_sweeps import job, numbers, sweep

from harness.composition import UserMistake
from harness.composition.sweep.spaces import Dimension, Space
from harness.records.sweep import Attempt, Job
from harness.scenarios.sweep.search import _next, best, found_in_words
from harness.scenarios.sweep.sweeper import OptunaSweeper

RATE = "schedule.initial_rate"
SWEEPER = "harness.scenarios.sweep.sweeper.OptunaSweeper"


def row(of: Job, code: int = 0, **fields: Any) -> Attempt:
    stated = {"job": of.number, "number": 1, "status": "done", "folder": of.place, "exit_code": code, **fields}
    return Attempt.model_validate(stated)


def bisected(border: float, dimension: Dimension, trials: int) -> list[float]:
    """The values that are tried where parity holds up to `border`."""
    sweeper, space = OptunaSweeper(RATE, sampler="bisect"), Space((dimension,), ())
    jobs: list[Job] = []
    rows: list[Attempt] = []
    for number in range(trials):
        values = _next(sweeper, space, jobs, rows)
        if values is None:
            break
        jobs.append(job(number, **values))
        rows.append(row(jobs[-1], code=int(float(values[RATE]) > border)))
    return [float(each.values[RATE]) for each in jobs]


def test_bisection_closes_in_on_the_border() -> None:
    tried = bisected(0.3, Dimension(RATE, low=0.0, high=1.0), 12)
    assert tried[:4] == [0.0, 1.0, 0.5, 0.25]
    assert max(value for value in tried if value <= 0.3) == pytest.approx(0.3, abs=2**-9)


def test_bisection_on_a_logarithmic_scale_and_of_whole_numbers() -> None:
    tried = bisected(0.02, Dimension(RATE, low=1e-4, high=1.0, is_log=True), 3)
    assert tried == pytest.approx([1e-4, 1.0, 1e-2])
    tried = bisected(6, Dimension(RATE, low=1, high=9, is_whole=True), 20)
    assert tried == [1, 9, 5, 7, 6]  # and nothing is left between 6 and 7


def test_bisection_ends_where_there_is_no_border() -> None:
    assert bisected(5.0, Dimension(RATE, low=0.0, high=1.0), 10) == [0.0, 1.0]


def test_the_best_is_among_those_in_which_parity_holds() -> None:
    jobs = [job(number, **{RATE: str(0.1 * (number + 1))}) for number in range(4)]
    accuracies = [0.8, 0.9, 0.95, 0.7]
    rows = [
        row(each, code, **numbers(a=value, b=value - 0.1))
        for each, code, value in zip(jobs, (0, 0, 1, 0), accuracies, strict=True)
    ]
    assert best(OptunaSweeper(), jobs, rows) == jobs[1]
    assert best(OptunaSweeper(RATE), jobs, rows) == jobs[3]
    assert best(OptunaSweeper(RATE, direction="minimize"), jobs, rows) == jobs[0]
    assert OptunaSweeper().value_of(jobs[1], rows[1]) == pytest.approx(0.8)  # of the worst arm
    assert OptunaSweeper(arm="a").value_of(jobs[1], rows[1]) == 0.9
    made = sweep(jobs, sweeper={"_target_": SWEEPER, "objective": RATE})
    words = found_in_words(made, rows)
    assert words == f"The largest {RATE} at which parity holds is 0.4, in job 3 ({RATE}=0.4)."
    assert found_in_words(sweep(jobs), rows) == ""
    assert found_in_words(made, [None] * 4) == f"No job has both parity and a value of {RATE}."


def test_optuna_takes_parity_as_a_constraint_and_suggests_the_same_again() -> None:
    pytest.importorskip("optuna")
    sweeper = OptunaSweeper(RATE)
    space = Space((Dimension(RATE, low=0.0, high=1.0), Dimension("seed", low=0, high=3, is_whole=True)), ())
    jobs = [job(number, **{RATE: str(number / 30), "seed": str(number % 4)}) for number in range(30)]
    rows = [row(each, code=int(number > 10)) for number, each in enumerate(jobs)]
    suggested = _next(sweeper, space, jobs, rows)
    assert suggested == _next(sweeper, space, jobs, rows)
    assert suggested is not None
    assert float(suggested[RATE]) < 0.6  # beyond a third nothing agrees, though the objective is larger there
    assert int(suggested["seed"]) in range(4)


def test_optuna_ends_where_the_space_is_exhausted() -> None:
    pytest.importorskip("optuna")
    space = Space((Dimension("optimizer", ("adam", "sgd")),), ())
    jobs = [job(0, optimizer="adam"), job(1, optimizer="sgd")]
    assert _next(OptunaSweeper(sampler="random"), space, jobs, [row(each) for each in jobs]) is None


def test_all_mistakes_of_a_search_at_once() -> None:
    space = Space((Dimension("optimizer", ("adam", "sgd")),), ())
    with pytest.raises(UserMistake) as raised:
        OptunaSweeper("acuracy", "up", n_trials=0, sampler="tpee").check(space)  # type: ignore[arg-type]
    objective, direction, trials, sampler = raised.value.mistakes
    assert "did you mean accuracy?" in objective
    assert direction == "hydra.sweeper.direction: given 'up'; allowed: maximize, minimize, null"
    assert trials == "hydra.sweeper.n_trials: given 0; allowed: a whole number > 0"
    assert "did you mean tpe?" in sampler
    with pytest.raises(UserMistake, match="it searches one interval"):
        OptunaSweeper(sampler="bisect").check(space)
    with pytest.raises(UserMistake, match="its values are names, and none is the largest"):
        OptunaSweeper("optimizer").check(space)
