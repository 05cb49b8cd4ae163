"""The state of one run: its experiment, what its arms recorded, the verdicts on them, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import pandas as pd

from harness.data import Dataset
from harness.judging.context import Context
from harness.plan import Plan, draw_plan
from harness.records import outcome
from harness.records.arrangement import ChosenArrangement
from harness.records.cost import CostPlan
from harness.records.failure import Failure
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.results.segments import Segments
from harness.results.store import Store
from harness.rungs.coverage import Coverage, coverage
from harness.rungs.rung import Trainings
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment
from harness.system.array_files import Arrays
from harness.system.progress import Work


class RunListener(Protocol):
    """Receives the progress of a run; `harness.report.terminal` prints it."""

    def begin(self, experiment: Experiment, plan: Plan, data: Dataset, folder: Path) -> None: ...

    def planned(self, cost: CostPlan) -> None:
        """What the check is estimated to cost, and what its budget leaves of it."""

    def rung(self, name: str, verdicts: Sequence[Verdict]) -> None: ...

    def arm_failed(self, arm: str, failure: Failure) -> None: ...

    def training(self, arm: Arm, epochs: int, steps: int) -> None: ...

    def epoch(self, trace: Trace) -> None: ...

    def stage(self, name: str) -> None:
        """The run turns to a part that may take long, such as a rung."""

    def work(self, work: Work) -> None:
        """How far a piece of work is. It may come from any thread."""

    def close(self) -> None:
        """Nothing more is reported."""

    def end(self, run: Run, is_brief: bool = False) -> None: ...


@dataclass
class Run:
    """The state and the results of a run. `traces` has one trace for each arm, in the experiment's order.

    `seeds`: the seeds of all runs of this experiment, where there are several. Only the run of the first seed climbs
    the ladder. Whether the arms end equally well is judged over all seeds, by the study.
    """

    experiment: Experiment
    plan: Plan
    data: Dataset
    store: Store
    listener: RunListener
    traces: dict[str, Trace] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    last_written: float = 0.0
    segments: dict[str, Segments] = field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    seeds: tuple[int, ...] = ()
    flips: pd.DataFrame | None = None
    trains: bool = False
    unfinished: outcome.Unfinished | None = None
    cost: CostPlan | None = None

    @property
    def is_alone(self) -> bool:
        """Whether this is the only run of its experiment."""
        return len(self.seeds) < 2

    @property
    def climbs(self) -> bool:
        """Whether this run climbs the ladder: of several seeds, the first does."""
        return self.is_alone or self.experiment.seed == self.seeds[0]

    @property
    def scratch(self) -> Path:
        """The folder of the files that are shared with the workers; it is removed at the end."""
        return self.store.folder / ".scratch"

    @cached_property
    def context(self) -> Context:
        """What the rungs judge with."""
        return Context(
            self.experiment, self.plan, self.data, self.scratch, self.environments, on_work=self.listener.work
        )

    def follow(self, cost: CostPlan) -> None:
        """Asks no more than the plan of cost does, from now on."""
        self.cost = cost
        self.context = replace(self.context, cost=cost)

    @property
    def exit_code(self) -> int:
        """The exit code of the run, from its verdicts, its traces and whether it was finished."""
        return outcome.exit_code(self.verdicts, list(self.traces.values()), self.unfinished)

    @property
    def sentence(self) -> str:
        """The outcome in one line."""
        return outcome.in_one_line(self.verdicts, list(self.traces.values()), self.unfinished)

    @property
    def coverage(self) -> Coverage:
        """What of the run was judged, and what was not."""
        return coverage(
            self.experiment, self.plan.steps, self.verdicts, list(self.traces.values()), self.trains, self.cost
        )

    def trainings(self, checkpoints: Mapping[str, Arrays] = MappingProxyType({})) -> Trainings:
        """The records of the trainings, with the verdicts so far. `checkpoints`: by arm."""
        traces = list(self.traces.values())
        weights = {trace.arm.name: self.store.read_weights(trace.arm.name) for trace in traces if trace.finished}
        predictions = self.store.read_predictions(weights)
        return Trainings(self.context, traces, weights, predictions, checkpoints, tuple(self.verdicts))

    def update(self, arm: str, **fields: object) -> Trace:
        """Replaces fields of an arm's trace; returns the new trace."""
        self.traces[arm] = self.traces[arm].model_copy(update=fields)
        return self.traces[arm]

    def fail(self, arm: str, failure: Failure) -> None:
        """Records the failure of an arm and reports it."""
        self.update(arm, failure=failure)
        self.listener.arm_failed(arm, failure)


def begin(
    experiment: Experiment,
    data: Dataset,
    plan: Plan,
    folder: Path,
    listener: RunListener,
    seeds: tuple[int, ...] = (),
    arrangements: Mapping[str, ChosenArrangement] = MappingProxyType({}),
) -> Run:
    """A new run in a folder that has been claimed. It writes nothing yet. `arrangements`: by arm."""
    run = Run(experiment, plan, data, Store(folder.absolute()), listener, seeds=seeds)
    run.traces = {arm.name: Trace(arm=arm, arrangement=arrangements.get(arm.name)) for arm in experiment.arms}
    return run


def plan_of(experiment: Experiment, data: Dataset) -> Plan:
    """The plan of a run, drawn from the experiment's seed."""
    return draw_plan(experiment, len(data.x_train))
