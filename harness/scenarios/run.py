"""One run from experiment to folder: prepare, climb the ladder, train each arm in a fresh process, compare.

A run is complete only once `run_and_record` has written its marker, which it does last. A run that ends earlier keeps
its records so far, and `Run.unfinished` says why it ended.
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
from harness.scenarios.ending import report_unfinished, unfinished_by
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment
from harness.system.array_files import save_array
from harness.system.stopping import shielded
from harness.worker import Worker, Workers
from harness.worker.asking import side_by_side
from harness.worker.tasks import TASKS

# Seconds of a training's records that are lost if this process is killed; at any other end they are written.
WRITE_EVERY_S = 2.0


class RunListener(Protocol):
    """Receives the progress of a run; `harness.report.terminal` prints it."""

    def begin(self, experiment: Experiment, plan: Plan, data: Dataset, folder: Path) -> None: ...

    def rung(self, name: str, verdicts: Sequence[Verdict]) -> None: ...

    def arm_failed(self, arm: str, failure: Failure) -> None: ...

    def training(self, arm: Arm, epochs: int, steps: int) -> None: ...

    def epoch(self, trace: Trace) -> None: ...

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
        return Context(self.experiment, self.plan, self.data, self.scratch, self.environments)

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
        return coverage(self.experiment, self.plan.steps, self.verdicts, list(self.traces.values()), self.trains)

    def update(self, arm: str, **fields: object) -> Trace:
        """Replaces fields of an arm's trace; returns the new trace."""
        self.traces[arm] = self.traces[arm].model_copy(update=fields)
        return self.traces[arm]


def begin(
    experiment: Experiment, data: Dataset, plan: Plan, folder: Path, listener: RunListener, seeds: tuple[int, ...] = ()
) -> Run:
    """A new run in a folder that has been claimed. It writes nothing yet."""
    run = Run(experiment, plan, data, Store(folder.absolute()), listener, seeds=seeds)
    run.traces = {arm.name: Trace(arm=arm) for arm in experiment.arms}
    return run


def plan_of(experiment: Experiment, data: Dataset) -> Plan:
    """The plan of a run, drawn from the experiment's seed."""
    return draw_plan(experiment, len(data.x_train))


def check(runs: Sequence[Run], folder: Path) -> None:
    """Climbs the rungs that need no long training. The workers' logs are written below `folder`."""
    run_and_record(runs, folder, lambda: _climb_all(runs, folder))


def match(runs: Sequence[Run], folder: Path) -> None:
    """Climbs the rungs, trains one arm after the other, then judges the recorded trainings."""
    for run in runs:
        run.trains = True
    run_and_record(runs, folder, lambda: _climb_and_train(runs, folder))


def _climb_and_train(runs: Sequence[Run], folder: Path) -> None:
    _climb_all(runs, folder)
    for name in dict.fromkeys(arm.name for run in runs for arm in run.experiment.arms):
        # A fresh process per arm, one at a time, so that no other worker runs during the timed training.
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
        verdicts = [] if rung.over_seeds and not run.is_alone else _judge_rung(rung, trainings)
        if verdicts is not None:
            run.verdicts += verdicts
            run.listener.rung(rung.name, verdicts)


def _judge_rung(rung: Rung, trainings: Trainings) -> list[Verdict] | None:
    """The verdicts of a rung on the trainings. A rung that was chosen by name and makes no check is unverified."""
    assert rung.judge_trainings is not None
    verdicts = rung.judge_trainings(trainings)
    if not verdicts and rung.name in trainings.context.stated.rungs and trainings.healthy:
        return [silent_rung(rung.name, NO_TRAINING)]
    return verdicts


def _climb_all(runs: Sequence[Run], folder: Path) -> None:
    """Climbs the ladder of each run. One worker per arm answers all rungs; arms run in parallel, as none is timed."""
    with Workers(folder) as workers:
        for run in runs:
            run.listener.begin(run.experiment, run.plan, run.data, run.store.folder)
            _climb(run, workers)


def _climb(run: Run, workers: Workers) -> None:
    started: dict[str, Worker] = {}
    for arm in run.experiment.arms:
        try:
            started[arm.name] = workers.of(arm, run.scratch)
        except WorkerFailedError as error:
            _fail(run, arm.name, error.failure)
    # A run that does not climb prepares nothing: the preparation would still run beside the timed trainings.
    with ladder.preparing_envelopes(run.context) if run.climbs else nullcontext():
        ready = _describe(run, started)
    run.verdicts += [
        ladder.failure_verdict("start", name, trace.failure) for name, trace in run.traces.items() if trace.failure
    ]
    if run.climbs:
        run.verdicts += ladder.climb(
            run.context, ready, run.listener.rung, partial(_fail, run), partial(_record_answers, run)
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


def _describe(run: Run, workers: Mapping[str, Worker]) -> list[Worker]:
    """Asks all workers for their environments and records these. Returns the workers that answered."""
    with ThreadPoolExecutor(max_workers=max(1, len(workers))) as pool:
        answers, failures = side_by_side(pool, workers, lambda worker: worker.ask(TASKS["describe"])[0])
    for name, failure in failures.items():
        _fail(run, name, failure)
    for name, description in answers.items():
        run.update(name, **description)
        run.environments[name] = description["environment"]
    return [workers[name] for name in answers]


def _train(run: Run, arm: Arm, workers: Workers) -> None:
    run.listener.training(arm, len(run.plan.orders), run.plan.steps)
    try:
        worker = workers.of(arm, run.scratch)
        ready_event = worker.ready()
        run.update(
            arm.name,
            import_time_s=ready_event["import_time_s"],
            baseline_rss_bytes=ready_event["baseline_rss_bytes"],
        )
        run.segments[arm.name] = Segments(run.store.arm_folder(arm.name), run.scratch)
        for event in worker.stream(TASKS["train"], folder=str(run.store.arm_folder(arm.name))):
            _record(run, arm, event)
    except WorkerFailedError as error:
        _fail(run, arm.name, error.failure)
        run.verdicts.append(ladder.failure_verdict("training", arm.name, error.failure))


def _record(run: Run, arm: Arm, event: dict[str, object]) -> None:
    """Adds an event of a training to its trace, and writes the trace every few seconds and at the end."""
    fields = {key: value for key, value in event.items() if key != "event"}
    match event["event"]:
        case "epoch":
            record = EpochRecord.model_validate(fields)
            trace = run.update(arm.name, epochs=(*run.traces[arm.name].epochs, record))
            if time.monotonic() - run.last_written > WRITE_EVERY_S:
                run.store.write_trace_record(trace)
                run.segments[arm.name].append(trace)
                run.last_written = time.monotonic()
            run.listener.epoch(trace)
        case "done":
            result = dict(fields["result"])  # type: ignore[call-overload]
            result.pop("peak_rss_bytes")
            run.store.write_trace(run.update(arm.name, finished=True, **result))
        case _:
            run.update(arm.name, **fields)


def _record_flips(run: Run) -> None:
    """Records the test images that the arms classify differently, where two arms have predictions."""
    predictions = run.store.read_predictions(trace.arm.name for trace in run.traces.values() if trace.finished)
    if len(predictions) > 1:
        run.flips = flips_between(run.data.y_test, predictions)
        run.store.write_flips(run.flips, shown_images(run.flips, run.data.x_test))


def _fail(run: Run, arm: str, failure: Failure) -> None:
    run.update(arm, failure=failure)
    run.listener.arm_failed(arm, failure)


def run_and_record(runs: Sequence[Run], folder: Path, work: Callable[[], None]) -> None:
    """Writes the inputs, does the work, writes the records of each run and, last, its marker.

    On any exception it writes the records so far, sets `unfinished` and returns, since an unfinished run is a result
    too.
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
            report_unfinished(unfinished, error, folder)


def _write_records(run: Run) -> None:
    shutil.rmtree(run.scratch, ignore_errors=True)
    for trace in run.traces.values():
        run.store.write_trace(trace)
    run.store.write_verdicts(run.verdicts)
    run.store.write_summary(list(run.traces.values()))
    _record_flips(run)
    free_runs: FreeRuns | None = run.context.made.get(CURVES)
    if free_runs is not None:
        run.store.write_free_runs(free_runs.table(), free_runs.facts())


def _leave_unfinished(run: Run, unfinished: outcome.Unfinished) -> None:
    """Writes the records so far, file by file. A file that cannot be written keeps its last state."""
    run.unfinished = unfinished
    # It needs a verdict of its own: all arms may have finished, and only the judging was cut short.
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
    """Writes the experiment, the plan and the data, which all arms read."""
    run.scratch.mkdir()
    write_text(run.scratch / "experiment.json", run.experiment.model_dump_json())
    run.plan.save(run.scratch / "plan.npz")
    for part in ("x_train", "y_train", "x_test", "y_test"):
        save_array(run.scratch / f"{part}.npy", getattr(run.data, part))
