"""One run from experiment to folder: prepare, climb the ladder, train each arm in a fresh process, compare.

A run is complete only once `recorded` has written its marker, which it does last. Whatever ends it before leaves what
was recorded, and `Run.unfinished` says why.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from harness.data import Dataset
from harness.judging.context import Answers, Context
from harness.judging.flips import flips_between, shown_images
from harness.judging.silence import NO_TRAINING, silent_rung
from harness.plan import Plan, draw_plan
from harness.records import outcome
from harness.records.failure import Failure, WorkerFailedError
from harness.records.trace import EpochRecord, Trace
from harness.records.verdict import Verdict
from harness.results.answers import RecordedAnswer, write_answer
from harness.results.marker import Marker, complete, state_of
from harness.results.segments import Segments
from harness.results.store import Store, write_text
from harness.rungs import registry
from harness.rungs.coverage import Coverage, coverage
from harness.rungs.free_run import CURVES
from harness.rungs.free_run_curves import FreeRuns
from harness.rungs.rung import Rung, Trainings
from harness.scenarios import ladder
from harness.scenarios.ending import tell, unfinished_by
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment
from harness.system.array_files import save_array
from harness.system.stopping import shielded
from harness.worker import Worker, Workers
from harness.worker.asking import side_by_side
from harness.worker.tasks import TASKS

# What a killed parent may lose of a training's records; all else is written on the way out.
WRITE_EVERY_S = 2.0


class Show(Protocol):
    """Who is told what happens; `harness.report.terminal` prints it."""

    def begin(self, experiment: Experiment, plan: Plan, data: Dataset, folder: Path) -> None: ...

    def rung(self, name: str, verdicts: Sequence[Verdict]) -> None: ...

    def arm_failed(self, arm: str, failure: Failure) -> None: ...

    def training(self, arm: Arm, epochs: int, steps: int) -> None: ...

    def epoch(self, trace: Trace) -> None: ...

    def end(self, run: Run, is_brief: bool = False) -> None: ...


@dataclass
class Run:
    """What is known of a run so far. `traces` holds one per arm, in the experiment's order.

    `seeds` are those of all runs that are made of this experiment, where there are several. The first of them climbs
    the ladder, and whether they end equally well is judged over all of them, by the study that they are part of.
    """

    experiment: Experiment
    plan: Plan
    data: Dataset
    store: Store
    show: Show
    traces: dict[str, Trace] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    last_written: float = 0.0
    segments: dict[str, Segments] = field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    seeds: tuple[int, ...] = ()
    flips: pd.DataFrame | None = None
    trains: bool = False
    unfinished: outcome.Unfinished | None = None

    @property
    def is_alone(self) -> bool:
        return len(self.seeds) < 2

    @property
    def climbs(self) -> bool:
        return self.is_alone or self.experiment.seed == self.seeds[0]

    @property
    def scratch(self) -> Path:
        return self.store.folder / ".scratch"

    @cached_property
    def context(self) -> Context:
        return Context(self.experiment, self.plan, self.data, self.scratch, self.environments)

    @property
    def exit_code(self) -> int:
        return outcome.exit_code(self.verdicts, list(self.traces.values()), self.unfinished)

    @property
    def sentence(self) -> str:
        """The outcome in one line."""
        return outcome.in_one_line(self.verdicts, list(self.traces.values()), self.unfinished)

    @property
    def coverage(self) -> Coverage:
        """What of the run was judged, and what was not."""
        return coverage(self.experiment, self.plan.steps, self.verdicts, list(self.traces.values()), self.trains)

    def update(self, arm: str, **fields: object) -> Trace:
        self.traces[arm] = self.traces[arm].model_copy(update=fields)
        return self.traces[arm]


def begin(
    experiment: Experiment, data: Dataset, plan: Plan, folder: Path, show: Show, seeds: tuple[int, ...] = ()
) -> Run:
    """A run in a folder that has been claimed; nothing is written yet."""
    run = Run(experiment, plan, data, Store(folder.absolute()), show, seeds=seeds)
    run.traces = {arm.name: Trace(arm=arm) for arm in experiment.arms}
    return run


def plan_of(experiment: Experiment, data: Dataset) -> Plan:
    """Everything random of a run, drawn from the experiment's seed."""
    return draw_plan(experiment, len(data.x_train))


def check(runs: Sequence[Run], folder: Path) -> None:
    """The rungs that need no long training. `folder` gets the workers' logs."""
    recorded(runs, folder, lambda: _climb_all(runs, folder))


def match(runs: Sequence[Run], folder: Path) -> None:
    """The rungs, then the matched trainings, one arm after the other, then what the traces say."""
    for run in runs:
        run.trains = True
    recorded(runs, folder, lambda: _match(runs, folder))


def _match(runs: Sequence[Run], folder: Path) -> None:
    _climb_all(runs, folder)
    for name in dict.fromkeys(arm.name for run in runs for arm in run.experiment.arms):
        # A fresh process per arm, one at a time, so that nothing else of ours runs beside what is timed.
        with Workers(folder) as workers:
            for run in runs:
                if name in run.traces and run.traces[name].failure is None:
                    _train(run, run.traces[name].arm, workers)
    for run in runs:
        _judge_trainings(run)


def _judge_trainings(run: Run) -> None:
    traces = list(run.traces.values())
    weights = {trace.arm.name: run.store.read_weights(trace.arm.name) for trace in traces if trace.finished}
    trainings = Trainings(run.context, traces, weights, run.store.read_predictions(weights))
    for rung in registry.of_trainings(run.experiment.rungs):
        verdicts = [] if rung.over_seeds and not run.is_alone else _judged(rung, trainings)
        if verdicts is not None:
            run.verdicts += verdicts
            run.show.rung(rung.name, verdicts)


def _judged(rung: Rung, trainings: Trainings) -> list[Verdict] | None:
    """What the rung says of the trainings; one that was chosen and has nothing to say of them is unverified."""
    assert rung.judge_trainings is not None
    verdicts = rung.judge_trainings(trainings)
    if not verdicts and rung.name in trainings.context.stated.rungs and trainings.healthy:
        return [silent_rung(rung.name, NO_TRAINING)]
    return verdicts


def _climb_all(runs: Sequence[Run], folder: Path) -> None:
    """One long-lived worker per arm answers all rungs; times are not taken here, so the arms run side by side."""
    with Workers(folder) as workers:
        for run in runs:
            run.show.begin(run.experiment, run.plan, run.data, run.store.folder)
            _climb(run, workers)


def _climb(run: Run, workers: Workers) -> None:
    asked: dict[str, Worker] = {}
    for arm in run.experiment.arms:
        try:
            asked[arm.name] = workers.of(arm, run.scratch)
        except WorkerFailedError as error:
            _fail(run, arm.name, error.failure)
    # What is not climbed needs no preparing, which would go on beside the trainings that are timed.
    with ladder.prepared(run.context) if run.climbs else nullcontext():
        ready = _described(run, asked)
    run.verdicts += [ladder.failed("start", name, trace.failure) for name, trace in run.traces.items() if trace.failure]
    if run.climbs:
        run.verdicts += ladder.climb(
            run.context, ready, run.show.rung, partial(_fail, run), partial(_record_answers, run)
        )


def _record_answers(run: Run, rung: str, question: str, answers: Answers) -> None:
    """Keeps which plan and weights the arms say that they had, and writes the answers if the experiment asks for it."""
    for name, answer in answers.items():
        told = {"plan_digest": "plan_digest", "weights_digest": "initial_weights_digest"}
        run.update(name, **{told[key]: value for key, value in answer.result.items() if key in told})
    if run.experiment.comparison.record_answers:
        for name, answer in answers.items():
            recorded = RecordedAnswer(question, answer.result, answer.arrays)
            write_answer(run.store.arm_folder(name), rung, recorded)


def _described(run: Run, workers: Mapping[str, Worker]) -> list[Worker]:
    """Waits for all frameworks side by side and records what they are; the workers of those that there are."""
    with ThreadPoolExecutor(max_workers=max(1, len(workers))) as pool:
        answers, failures = side_by_side(pool, workers, lambda worker: worker.ask(TASKS["describe"])[0])
    for name, failure in failures.items():
        _fail(run, name, failure)
    for name, described in answers.items():
        run.update(name, **described)
        run.environments[name] = described["environment"]
    return [workers[name] for name in answers]


def _train(run: Run, arm: Arm, workers: Workers) -> None:
    run.show.training(arm, len(run.plan.orders), run.plan.steps)
    try:
        worker = workers.of(arm, run.scratch)
        started = worker.ready()
        run.update(
            arm.name,
            import_time_s=started["import_time_s"],
            baseline_rss_bytes=started["baseline_rss_bytes"],
        )
        run.segments[arm.name] = Segments(run.store.arm_folder(arm.name), run.scratch)
        for event in worker.stream(TASKS["train"], folder=str(run.store.arm_folder(arm.name))):
            _record(run, arm, event)
    except WorkerFailedError as error:
        _fail(run, arm.name, error.failure)
        run.verdicts.append(ladder.failed("training", arm.name, error.failure))


def _record(run: Run, arm: Arm, event: dict[str, object]) -> None:
    fields = {key: value for key, value in event.items() if key != "event"}
    match event["event"]:
        case "epoch":
            record = EpochRecord.model_validate(fields)
            trace = run.update(arm.name, epochs=(*run.traces[arm.name].epochs, record))
            if time.monotonic() - run.last_written > WRITE_EVERY_S:
                run.store.write_trace_record(trace)
                run.segments[arm.name].append(trace)
                run.last_written = time.monotonic()
            run.show.epoch(trace)
        case "done":
            result = dict(fields["result"])  # type: ignore[call-overload]
            result.pop("peak_rss_bytes")
            run.store.write_trace(run.update(arm.name, finished=True, **result))
        case _:
            run.update(arm.name, **fields)


def _find_flips(run: Run) -> None:
    """Which test images the arms see differently; nothing where there are no classes, or nobody to differ from."""
    predictions = run.store.read_predictions(trace.arm.name for trace in run.traces.values() if trace.finished)
    if len(predictions) > 1:
        run.flips = flips_between(run.data.y_test, predictions)
        run.store.write_flips(run.flips, shown_images(run.flips, run.data.x_test))


def _fail(run: Run, arm: str, failure: Failure) -> None:
    run.update(arm, failure=failure)
    run.show.arm_failed(arm, failure)


def recorded(runs: Sequence[Run], folder: Path, work: Callable[[], None]) -> None:
    """Lays out what the workers share, does the work, and writes all that is known, and last the marker of each run.

    Where that is not reached, whatever the reason, it writes what is known, sets `unfinished`, and goes on: an
    unfinished run is a result too.
    """
    try:
        for run in runs:
            run.store.write_inputs(run.experiment, run.plan, run.data, run.seeds)
            _share_inputs(run)
        work()
        for run in runs:
            _write_records(run)
        with shielded():
            for run in runs:
                marker = Marker.of("run", run.exit_code, run.sentence, run.coverage.in_words)
                complete(run.store.folder, marker)
    except BaseException as error:
        with shielded():
            unfinished = unfinished_by(error, folder)
            for run in runs:
                if state_of(run.store.folder) != "complete":
                    _leave_unfinished(run, unfinished)
            tell(unfinished, error, folder)


def _write_records(run: Run) -> None:
    shutil.rmtree(run.scratch, ignore_errors=True)
    for trace in run.traces.values():
        run.store.write_trace(trace)
    run.store.write_verdicts(run.verdicts)
    run.store.write_summary(list(run.traces.values()))
    _find_flips(run)
    free_runs: FreeRuns | None = run.context.made.get(CURVES)
    if free_runs is not None:
        run.store.write_free_runs(free_runs.table(), free_runs.facts())


def _leave_unfinished(run: Run, unfinished: outcome.Unfinished) -> None:
    """Writes what is known, file by file: one that the disk does not take leaves the others, and its last state."""
    run.unfinished = unfinished
    # A verdict of its own, for the arms may all have finished, and only the judging of them not.
    run.verdicts.append(
        Verdict(rung="run", subject=unfinished.kind, arm_a="", status="interrupted", cause=unfinished.reason)
    )
    for name, trace in run.traces.items():
        if trace.failure is None and not trace.finished:
            run.update(name, failure=Failure(symptom="interrupted", stage="training", message=unfinished.reason))
    shutil.rmtree(run.scratch, ignore_errors=True)  # first, since it makes room
    traces = list(run.traces.values())
    writers: list[Callable[[], None]] = [partial(run.store.write_trace, trace) for trace in traces]
    writers += [partial(run.store.write_verdicts, run.verdicts), partial(run.store.write_summary, traces)]
    for write in writers:
        with suppress(OSError):
            write()


def _share_inputs(run: Run) -> None:
    """The same bytes for every arm: experiment, plan, digits."""
    run.scratch.mkdir()
    write_text(run.scratch / "experiment.json", run.experiment.model_dump_json())
    run.plan.save(run.scratch / "plan.npz")
    for part in ("x_train", "y_train", "x_test", "y_test"):
        save_array(run.scratch / f"{part}.npy", getattr(run.data, part))
