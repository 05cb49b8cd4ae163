"""One side of a gate: what a bench, a run or a study recorded that can be held against the other side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import median

from harness.records.timing import Bench, Row
from harness.records.verdict import Verdict
from harness.results.files import NOT_READ, read_experiment, read_object, read_verdicts
from harness.results.marker import damages, state_of
from harness.results.reading import is_run, read_run, runs_below
from harness.results.recorded import EXPERIMENT, PLAN, VERDICTS
from harness.results.timings import Timings, is_bench, read_timings
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment

BySeed = Mapping[int, float]


class SideError(Exception):
    """A folder that cannot be a side of a gate; `reasons` has a clause for each thing that is wrong."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


@dataclass(frozen=True)
class Side:
    """`experiment` is that of the first run. `accuracies`: of every arm, by seed, a fraction of `samples`.

    `plans`: the digest of the plan, by seed. `versions`: of the frameworks, by arm. `timings`: None without a bench.
    """

    folder: Path
    experiment: Experiment
    plans: Mapping[int, str]
    samples: int
    verdicts: Sequence[Verdict]
    accuracies: Mapping[str, BySeed]
    versions: Mapping[str, Mapping[str, str]]
    timings: Timings | None = None
    notes: Sequence[str] = field(default=())

    @cached_property
    def step_s(self) -> dict[str, dict[int, float]]:
        """The median seconds of a step of each process, by row and round; the control is a row."""
        return {} if self.timings is None else self.timings.step_s

    @property
    def bench(self) -> Bench | None:
        """The record of the bench; None without one."""
        return None if self.timings is None else self.timings.bench

    def arm(self, name: str) -> Arm | None:
        """The arm of this name; None where there is none."""
        return next((arm for arm in self.experiment.arms if arm.name == name), None)


def read_side(folder: Path) -> Side:
    """What a folder recorded. Raises SideError where it is damaged, unfinished, or nothing that can be gated."""
    if is_bench(folder):
        side = bench_side(folder)
        if side.bench is not None and side.bench.base is not None:
            raise SideError(["it holds a head and its base in turns, which the gate in the folder above has judged"])
        return side
    if is_run(folder):
        return _runs(folder, [folder])
    if runs := runs_below(folder):
        return _runs(folder, list(runs.values()))
    raise SideError(["it is no bench, no run and no study"])


def _require_whole(folder: Path) -> None:
    state = state_of(folder)
    if state != "complete":
        raise SideError([f"it is {state}: it has no complete.json"])
    if found := [f"{place} {why}" for place, why in damages(folder)]:
        raise SideError(found)


def bench_side(folder: Path) -> Side:
    """All rows of a bench, as one side. Raises SideError where it is damaged or unfinished."""
    _require_whole(folder)
    try:
        timings = read_timings(folder)
        experiment, plan = read_experiment(folder / EXPERIMENT), read_object(folder / PLAN)
    except NOT_READ as error:
        raise SideError([" ".join(str(error).split())[:200]]) from None
    accuracies: dict[str, BySeed] = {}
    versions = {}
    for row in timings.bench.rows:
        processes = timings.of_row(row.name)
        scored = [p.test_accuracy for p in processes if p.test_accuracy is not None]
        if scored:
            accuracies[row.name] = {experiment.seed: median(scored)}
        if processes:
            versions[row.name] = dict(processes[0].environment.get("versions", {}))
    return Side(
        folder,
        experiment,
        {experiment.seed: str(plan.get("digest"))},
        _test_samples(plan),
        list(credit_verdicts(timings.bench.rows)),
        accuracies,
        versions,
        timings,
    )


def credit_verdicts(rows: Iterable[Row]) -> Iterator[Verdict]:
    """The parity of each row as a verdict."""
    for row in rows:
        credit = row.credit
        status, cause = ("unverified", "not known") if credit is None else (credit.status, credit.cause)
        yield Verdict(rung="ladder", subject=row.name, arm_a=row.arm, status=status, cause=cause)


def _runs(folder: Path, runs: Sequence[Path]) -> Side:
    """A run, or the runs of a study of one experiment at several seeds."""
    _require_whole(folder)
    accuracies: dict[str, dict[int, float]] = {}
    versions: dict[str, Mapping[str, str]] = {}
    plans, verdicts, samples = dict[int, str](), list[Verdict](), 0
    experiments = []
    for place in runs:
        recorded = read_run(place)
        if recorded.experiment is None or recorded.all_failures:
            raise SideError([str(failure) for failure in recorded.all_failures] or [f"{place} has no {EXPERIMENT}"])
        experiments.append(recorded.experiment)
        seed = recorded.experiment.seed
        plans[seed] = str(recorded.plan.get("digest"))
        samples = _test_samples(recorded.plan)
        verdicts += read_verdicts(place / VERDICTS)
        for name, arm in recorded.arms.items():
            versions[name] = dict(arm.trace.environment.get("versions", {}))
            epochs = arm.trace.epochs
            if arm.trace.finished and epochs and epochs[-1].test_accuracy is not None:
                accuracies.setdefault(name, {})[seed] = epochs[-1].test_accuracy
    if len({experiment.variant for experiment in experiments}) > 1:
        raise SideError(["it is a study of several variants; give the folder of one of them"])
    if (folder / VERDICTS).is_file() and folder not in runs:
        verdicts += read_verdicts(folder / VERDICTS)
    return Side(folder, experiments[0], plans, samples, verdicts, accuracies, versions)


def _test_samples(plan: Mapping[str, object]) -> int:
    samples = plan.get("samples")
    return int(samples.get("test", 0)) if isinstance(samples, dict) else 0
