"""Searches: the next trial follows from the rows on disk, by Optuna or by bisection. Parity is the constraint.

All that a search knows is in the rows, so it goes on after any end as if it had not ended.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.composition.mistakes import UserMistake, no_such
from harness.composition.sweep.hydra_options import BASIC_SWEEPER
from harness.composition.sweep.jobs import Asking, validated_job
from harness.composition.sweep.spaces import Dimension, Space, space_of
from harness.records.exit_codes import AGREES, UNVERIFIED
from harness.records.failure import in_one_line
from harness.records.sweep import Attempt, Job, Sweep, code_of
from harness.results.sweep_folder import attempts_at, last_rows, write_sweep
from harness.scenarios.sweep.driver import Driver
from harness.scenarios.sweep.launchers.extras import package

ACCURACY, LOSS, TIME, DIVERGENCE = "accuracy", "loss", "time", "divergence"
MEASURES = {ACCURACY: "test_accuracy", LOSS: "test_loss", TIME: "step_time_s"}
SAMPLERS = ("tpe", "random", "bisect")
Direction = Literal["maximize", "minimize"]


@dataclass
class OptunaSweeper:
    """The fields are those of `conf/hydra/sweeper/twinrun_optuna.yaml`."""

    objective: str = ACCURACY
    direction: Direction | None = None
    arm: str | None = None
    n_trials: int = 20
    sampler: str = "tpe"
    seed: int = 0
    params: Mapping[str, str] = field(default_factory=dict)

    def check(self, space: Space) -> None:
        """Raises UserMistake, with all mistakes, where this cannot be searched."""
        mistakes = []
        objectives = (*MEASURES, DIVERGENCE, *space.keys)
        if self.objective not in objectives:
            complaint = f"hydra.sweeper.objective: given {self.objective!r}"
            mistakes.append(no_such(complaint, self.objective, objectives))
        if self.direction not in (None, "maximize", "minimize"):
            mistakes.append(f"hydra.sweeper.direction: given {self.direction!r}; allowed: maximize, minimize, null")
        if not isinstance(self.n_trials, int) or self.n_trials < 1:
            mistakes.append(f"hydra.sweeper.n_trials: given {self.n_trials!r}; allowed: a whole number > 0")
        if self.sampler not in SAMPLERS:
            mistakes.append(no_such(f"hydra.sweeper.sampler: given {self.sampler!r}", self.sampler, SAMPLERS))
        if self.sampler == "bisect" and (len(space.dimensions) != 1 or space.dimensions[0].choices):
            mistakes.append("hydra.sweeper.sampler=bisect: it searches one interval; sweep one key as interval(A,B)")
        key = next((dimension for dimension in space.dimensions if dimension.key == self.objective), None)
        if key is not None and key.choices and not all(map(_is_number, key.choices)):
            mistakes.append(f"hydra.sweeper.objective={self.objective}: its values are names, and none is the largest")
        if mistakes:
            raise UserMistake(mistakes)
        if self.sampler != "bisect":
            package("optuna", "optuna", "hydra/sweeper=twinrun_optuna")

    @property
    def maximizes(self) -> bool:
        """Whether a larger value of the objective is better."""
        if self.direction is not None:
            return self.direction == "maximize"
        return self.objective not in (LOSS, TIME, DIVERGENCE)

    def value_of(self, job: Job, row: Attempt) -> float | None:
        """The objective of a job; None where its run has none."""
        if self.objective in job.values:
            return float(job.values[self.objective])
        if self.objective == DIVERGENCE:
            return row.share
        named: dict[str, float | None] = {
            name: getattr(numbers, MEASURES[self.objective]) for name, numbers in row.arms.items()
        }
        values = [value for name, value in named.items() if value is not None and self.arm in (None, name)]
        if not values:
            return None
        return min(values) if self.maximizes else max(values)


def sweeper_of(node: Mapping[str, Any], space: Space) -> OptunaSweeper:
    """The sweeper of Hydra's node. Raises UserMistake where it cannot be made or cannot search the space."""
    from hydra.utils import instantiate

    try:
        sweeper = instantiate(dict(node))
    except Exception as error:
        raise UserMistake([f"hydra.sweeper: {node.get('_target_')} cannot be made ({in_one_line(error)})"]) from None
    if not isinstance(sweeper, OptunaSweeper):
        raise UserMistake([f"hydra.sweeper: {node.get('_target_')} is no sweeper of twinrun: basic, twinrun_optuna"])
    sweeper.check(space)
    return sweeper


def search(driver: Driver, asking: Asking) -> None:
    """Runs trials until there are `n_trials`, or nothing is left to try."""
    sweep = driver.sweep
    params = [f"{key}={value}" for key, value in (sweep.sweeper.get("params") or {}).items()]
    space = space_of([*params, *sweep.typed], asking.known.groups.all_options(), sweep.verb)
    sweeper = sweeper_of(sweep.sweeper, space)
    driver.see_through(sweep.jobs)
    while len(driver.sweep.jobs) < sweeper.n_trials and not driver.is_stopped():
        rows = last_rows(driver.folder, driver.sweep.jobs)
        values = _next(sweeper, space, driver.sweep.jobs, rows)
        if values is None:
            return
        job = validated_job(asking, space.at(values)).at(len(driver.sweep.jobs), str(len(driver.sweep.jobs)))
        driver.sweep = driver.sweep.model_copy(update={"jobs": (*driver.sweep.jobs, job)})
        write_sweep(driver.folder, driver.sweep)
        driver.see_through([job])
        if not attempts_at(driver.folder, job.number):
            return


def agrees(row: Attempt | None) -> bool:
    """Whether parity holds in a job. Without a framework nothing was verified, and nothing diverged."""
    return row is not None and row.status == "done" and code_of(row) in (AGREES, UNVERIFIED)


def best(sweeper: OptunaSweeper, jobs: Sequence[Job], rows: Sequence[Attempt | None]) -> Job | None:
    """The job with the best objective among those in which parity holds."""
    valued = [
        (value, job)
        for job, row in zip(jobs, rows, strict=True)
        if row is not None and agrees(row) and (value := sweeper.value_of(job, row)) is not None
    ]
    if not valued:
        return None
    choose = max if sweeper.maximizes else min
    return choose(valued, key=lambda pair: pair[0])[1]


def found_in_words(sweep: Sweep, rows: Sequence[Attempt | None]) -> str:
    """What a search has found; empty for a sweep that is none."""
    if sweep.sweeper.get("_target_") == BASIC_SWEEPER:
        return ""
    fields = {name: value for name, value in sweep.sweeper.items() if name != "_target_"}
    try:
        sweeper = OptunaSweeper(**fields)
    except TypeError:
        return ""
    which = "largest" if sweeper.maximizes else "smallest"
    job = best(sweeper, sweep.jobs, rows)
    if job is None:
        return f"No job of {len(rows):,} has both parity and a value of {sweeper.objective}."
    row = next(row for row in rows if row is not None and row.job == job.number)
    value = sweeper.value_of(job, row)
    values = ", ".join(f"{key}={text}" for key, text in job.values.items())
    return f"The {which} {sweeper.objective} at which parity holds is {value:.6g}, in job {job.number} ({values})."


def _next(
    sweeper: OptunaSweeper, space: Space, jobs: Sequence[Job], rows: Sequence[Attempt | None]
) -> dict[str, str] | None:
    """The values of the next trial, as typed; None where nothing is left."""
    if sweeper.sampler == "bisect":
        return _bisected(space.dimensions[0], jobs, rows)
    return _asked(sweeper, space, jobs, rows)


def _bisected(dimension: Dimension, jobs: Sequence[Job], rows: Sequence[Attempt | None]) -> dict[str, str] | None:
    """First both ends, then the middle between the largest value that agrees and the smallest above that does not."""
    seen = {float(job.values[dimension.key]): agrees(row) for job, row in zip(jobs, rows, strict=True)}
    for end in (dimension.low, dimension.high):
        if end not in seen:
            return {dimension.key: dimension.text(end)}
    if seen[dimension.high] == seen[dimension.low]:
        return None  # there is no border between the ends
    below = seen[dimension.low]
    low = max(value for value, agreed in seen.items() if agreed == below and _all_below(seen, value, below))
    high = min(value for value, agreed in seen.items() if agreed != below and value > low)
    middle = math.sqrt(low * high) if dimension.is_log else (low + high) / 2
    middle = float(round(middle)) if dimension.is_whole else middle
    return None if middle in seen else {dimension.key: dimension.text(middle)}


def _all_below(seen: Mapping[float, bool], value: float, expected: bool) -> bool:
    return all(agreed == expected for other, agreed in seen.items() if other <= value)


def _asked(
    sweeper: OptunaSweeper, space: Space, jobs: Sequence[Job], rows: Sequence[Attempt | None]
) -> dict[str, str] | None:
    """What Optuna suggests, told all rows: parity is a constraint, which a job that does not agree breaks."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    distributions = {dimension.key: _distribution(optuna, dimension) for dimension in space.dimensions}
    study = optuna.create_study(
        direction="maximize" if sweeper.maximizes else "minimize", sampler=_sampler(optuna, sweeper, len(jobs))
    )
    seen = set()
    for job, row in zip(jobs, rows, strict=True):
        seen.add(tuple(job.values[key] for key in space.keys))
        study.add_trial(_trial(optuna, sweeper, space, distributions, job, row))
    for _ in range(MOST_ASKED):
        trial = study.ask(distributions)
        values = {dimension.key: dimension.text(trial.params[dimension.key]) for dimension in space.dimensions}
        if tuple(values.values()) not in seen:
            return values
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
    return None


MOST_ASKED = 50  # suggestions that are known already, until the space counts as exhausted


def _distribution(optuna: Any, dimension: Dimension) -> Any:
    if dimension.choices:
        return optuna.distributions.CategoricalDistribution(dimension.choices)
    if dimension.is_whole:
        return optuna.distributions.IntDistribution(int(dimension.low), int(dimension.high), log=dimension.is_log)
    return optuna.distributions.FloatDistribution(dimension.low, dimension.high, log=dimension.is_log)


def _sampler(optuna: Any, sweeper: OptunaSweeper, count: int) -> Any:
    """The sampler. Its seed follows from the number of rows, so that a search that goes on suggests the same."""
    seed = sweeper.seed + count
    if sweeper.sampler == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.TPESampler(seed=seed)


def _trial(
    optuna: Any,
    sweeper: OptunaSweeper,
    space: Space,
    distributions: Mapping[str, Any],
    job: Job,
    row: Attempt | None,
) -> Any:
    """A row as a trial: failed where there is no value."""
    value = None if row is None else sweeper.value_of(job, row)
    states = optuna.trial.TrialState
    return optuna.trial.create_trial(
        params={dimension.key: _plain(dimension, job.values[dimension.key]) for dimension in space.dimensions},
        distributions=dict(distributions),
        value=value,
        state=states.FAIL if value is None else states.COMPLETE,
        constraints={"parity": 0.0 if agrees(row) else 1.0},  # above 0 it is broken
    )


def _plain(dimension: Dimension, text: str) -> Any:
    return text if dimension.choices else int(text) if dimension.is_whole else float(text)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
