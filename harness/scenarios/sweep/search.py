"""Searches: the next trial follows from the rows on disk, by Optuna or by bisection. Parity is the constraint.

All that a search knows is in the rows, so it goes on after any end as if it had not ended.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from harness.composition.sweep.hydra_options import BASIC_SWEEPER
from harness.composition.sweep.jobs import Asking, validated_job
from harness.composition.sweep.spaces import Dimension, Space, space_of
from harness.records.exit_codes import AGREES, UNVERIFIED
from harness.records.sweep import Attempt, Job, Sweep, code_of
from harness.results.sweep_folder import attempts_at, last_rows, write_sweep
from harness.scenarios.sweep.driver import Driver
from harness.scenarios.sweep.launchers.local import LocalLauncher
from harness.scenarios.sweep.sweeper import OptunaSweeper, sweeper_of


def search(driver: Driver, asking: Asking) -> None:
    """Runs trials until there are `n_trials`, or nothing is left to try."""
    sweep = driver.sweep
    params = [f"{key}={value}" for key, value in (sweep.sweeper.get("params") or {}).items()]
    space = space_of([*params, *sweep.typed], asking.known.groups.all_options(), sweep.verb)
    sweeper = sweeper_of(sweep.sweeper, space)
    launcher = driver.launcher
    with launcher.keeping_processes(sweep) if isinstance(launcher, LocalLauncher) else nullcontext():
        _search(driver, asking, sweeper, space)


def _search(driver: Driver, asking: Asking, sweeper: OptunaSweeper, space: Space) -> None:
    driver.see_through(driver.sweep.jobs)
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
        return f"No job has both parity and a value of {sweeper.objective}."
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
