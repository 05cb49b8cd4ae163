"""The phases of runs: climb the ladder, one worker per arm; train each arm in a fresh process; judge the records."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

from pydantic import TypeAdapter

from harness.judging.context import Answers
from harness.judging.silence import NO_TRAINING, silent_rung
from harness.records.failure import Failure, WorkerFailedError
from harness.records.series import Series
from harness.records.timing import HostState, Interference
from harness.records.trace import EpochRecord
from harness.records.verdict import Verdict
from harness.results.answers import RecordedAnswer, write_answer
from harness.results.segments import Segments
from harness.rungs import cost, registry, trajectory
from harness.rungs.checkpoints import checkpointed_epochs
from harness.rungs.questions import question_digest
from harness.rungs.rung import Rung, Trainings
from harness.scenarios import budget, ladder, rung_questions
from harness.scenarios.recording import run_and_record
from harness.scenarios.run import Run
from harness.spec.arm import Arm
from harness.system.array_files import Arrays, load_arrays
from harness.system.output import say_on_stderr
from harness.worker import OpenPool, Worker, Workers
from harness.worker.asking import side_by_side
from harness.worker.devices import alone_on, device_of, note_baselines
from harness.worker.tasks import TASKS
from harness.worker.training import checkpoints_file

# Seconds of a training's records that are lost if this process is killed; at any other end they are written.
WRITE_EVERY_S = 2.0
# By the field of an answer, the field of a trace that has the digest.
DIGESTS = {"plan_digest": "plan_digest", "weights_digest": "initial_weights_digest"}


def check(runs: Sequence[Run], folder: Path, open_pool: OpenPool = Workers) -> None:
    """Climbs the rungs that need no long training. The workers' logs are written below `folder`.

    `open_pool`: gives the workers, which may have answered for another run before.
    """
    run_and_record(runs, folder, lambda: _climb_all(runs, folder, open_pool))


def match(runs: Sequence[Run], folder: Path, open_pool: OpenPool = Workers) -> None:
    """Climbs the rungs, trains one arm after the other, then judges the recorded trainings.

    `open_pool`: is of no use here, since no worker may stay beside a timed training.
    """
    for run in runs:
        run.trains = True
    run_and_record(runs, folder, lambda: _climb_and_train(runs, folder))


def _climb_and_train(runs: Sequence[Run], folder: Path) -> None:
    _climb_all(runs, folder, Workers)
    for name in dict.fromkeys(arm.name for run in runs for arm in run.experiment.arms):
        with timed_alone(runs, name, folder) as workers:
            for run in runs:
                if name in run.traces and run.traces[name].failure is None:
                    train(run, run.traces[name].arm, workers)
    for run in runs:
        judge_trainings(run)


@contextmanager
def timed_alone(runs: Sequence[Run], arm: str, folder: Path) -> Iterator[Workers]:
    """The pool for the timed trainings of one arm: a fresh process, with the arm's device for itself.

    Runs of twinrun train one arm at a time, so that no other worker of theirs disturbs it.
    """
    first = next(run for run in runs if arm in run.traces)
    device = device_of(first.traces[arm].arm, str(first.traces[arm].environment.get("device", "")))
    with alone_on(device, say_on_stderr) as flag, Workers(folder, first.listener.work) as workers:
        for run in runs:
            if flag and arm in run.traces:
                run.update(arm, device_flag=flag)
        yield workers


def _climb_all(runs: Sequence[Run], folder: Path, open_pool: OpenPool) -> None:
    """Climbs the ladder of each run. One worker per arm answers all rungs; arms run in parallel, as none is timed."""
    note_baselines(arm for run in runs for arm in run.experiment.arms)
    with open_pool(folder, runs[0].listener.work) as workers:
        first = runs[0]
        for run in runs:
            run.listener.begin(run.experiment, run.plan, run.data, run.store.folder)
            _climb(run, workers)
            if run.climbs:
                first = run
            elif first.cost is not None:  # the other seeds are judged over as many steps
                run.follow(first.cost)


def _climb(run: Run, workers: Workers) -> None:
    run.listener.stage("start")
    started: dict[str, Worker] = {}
    for arm in run.experiment.arms:
        try:
            started[arm.name] = workers.of(arm, run.scratch)
        except WorkerFailedError as error:
            run.fail(arm.name, error.failure)
    # A run that does not climb prepares nothing: the preparation would still run beside the timed trainings.
    is_known = run.climbs and budget.is_small(run.context, run.trains)
    with ladder.preparing_envelopes(run.context) if is_known else nullcontext():
        ready = describe(run, started)
    run.verdicts += [
        ladder.failure_verdict("start", name, trace.failure) for name, trace in run.traces.items() if trace.failure
    ]
    if run.climbs:
        _climb_ladder(run, ready, is_known)


def _climb_ladder(run: Run, workers: Sequence[Worker], is_known: bool) -> None:
    """Climbs all rungs. `is_known`: whether they take so little that no plan of cost is made.

    Before a plan is made, the rungs that do not depend on it are told. The verdicts keep the order of the ladder.
    """
    rungs = list(registry.questions(run.experiment.rungs))
    first = [] if is_known else cost.before_the_plan(rungs)
    verdicts = _climb_rungs(run, workers, first)
    workers = [worker for worker in workers if run.traces[worker.arm.name].failure is None]
    if not is_known and workers:
        workers = _plan_cost(run, workers)
    with nullcontext() if is_known else ladder.preparing_envelopes(run.context):
        verdicts += _climb_rungs(run, workers, [rung for rung in rungs if rung not in first], verdicts)
    run.verdicts += sorted(verdicts, key=lambda verdict: rungs.index(verdict.rung))


def _climb_rungs(
    run: Run, workers: Sequence[Worker], rungs: Sequence[str], before: Sequence[Verdict] = ()
) -> list[Verdict]:
    listener, on_answers = run.listener, partial(_record_answers, run)
    return ladder.climb(run.context, workers, listener.rung, run.fail, on_answers, listener.stage, rungs, before)


def _plan_cost(run: Run, workers: Sequence[Worker]) -> list[Worker]:
    """Records what the check costs, and follows the plan. Returns the workers that have not failed."""

    def fail(name: str, failure: Failure) -> None:
        run.fail(name, failure)
        run.verdicts.append(ladder.failure_verdict("start", name, failure))

    plan, ready = budget.planned(run.context, workers, fail, run.trains)
    if plan is not None:
        run.follow(plan)
        run.store.write_cost(plan)
        run.listener.planned(plan)
    return ready


def describe(run: Run, workers: Mapping[str, Worker]) -> list[Worker]:
    """Asks all workers for their environments and records these. Returns the workers that answered."""
    with ThreadPoolExecutor(max_workers=max(1, len(workers))) as pool:
        answers, failures = side_by_side(pool, workers, lambda worker: worker.ask(TASKS["describe"])[0])
    for name, failure in failures.items():
        run.fail(name, failure)
    for name, description in answers.items():
        run.update(name, **description)
        run.environments[name] = description["environment"]
    return [workers[name] for name in answers]


def keep_digests(run: Run, name: str, result: Mapping[str, object]) -> None:
    """Keeps which plan and weights an arm reports in an answer."""
    run.update(name, **{DIGESTS[key]: value for key, value in result.items() if key in DIGESTS})


def _record_answers(run: Run, rung: str, payload: rung_questions.Payload, answers: Answers) -> None:
    """Keeps which plan and weights the arms report, and writes the answers if the experiment asks for it."""
    for name, answer in answers.items():
        keep_digests(run, name, answer.result)
    if run.experiment.comparison.record_answers:
        question = question_digest(registry.questions()[rung].task, payload)
        for name, answer in answers.items():
            recorded = RecordedAnswer(question, answer.result, answer.arrays)
            write_answer(run.store.arm_folder(name), rung, recorded)


def train(run: Run, arm: Arm, workers: Workers) -> None:
    """Trains one arm by its run's plan and records the training. A failure is recorded too."""
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
        # Of several seeds, the first stands for all, as it does on the ladder.
        checkpoints = checkpointed_epochs(run.context) if run.climbs and _judges_trajectory(run) else []
        folder = str(run.store.arm_folder(arm.name))
        for event in worker.stream(TASKS["train"], folder=folder, checkpoints=checkpoints):
            _record(run, arm, event)
    except WorkerFailedError as error:
        run.fail(arm.name, error.failure)
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
            result["order_digests"] = tuple(result["order_digests"])
            result["host"] = HostState.model_validate(result["host"])
            result["interference"] = Interference.model_validate(result["interference"])
            run.store.write_trace(run.update(arm.name, finished=True, **result))
        case "started":
            rates = TypeAdapter(Series).validate_python(fields["learning_rates"])
            run.update(arm.name, **(fields | {"learning_rates": rates}))
        case _:
            run.update(arm.name, **fields)


def judge_trainings(run: Run) -> None:
    finished = [name for name, trace in run.traces.items() if trace.finished]
    trainings = run.trainings({name: _taken_checkpoints(run, name) for name in finished})
    left_out = () if run.cost is None else run.cost.asked.left_out
    for rung in registry.of_trainings(run.experiment.rungs):
        if rung.name in left_out:
            if rung.question is None:  # else the ladder has said so
                _leave_out(run, rung)
            continue
        run.listener.stage(rung.name)
        recorded = replace(trainings, verdicts=tuple(run.verdicts))
        verdicts = [] if rung.over_seeds and not run.is_alone else _judge_rung(rung, recorded)
        if verdicts is not None:
            verdicts = verdicts if run.cost is None else run.cost.noted(rung.name, verdicts, of_trainings=True)
            run.verdicts += verdicts
            run.listener.rung(rung.name, verdicts)


def _leave_out(run: Run, rung: Rung) -> None:
    """Says that the plan of cost has no time for a rung."""
    assert run.cost is not None
    verdicts = [silent_rung(rung.name, run.cost.why_left_out(rung.name))]
    run.verdicts += verdicts
    run.listener.rung(rung.name, verdicts)


def _judges_trajectory(run: Run) -> bool:
    return trajectory.NAME in {rung.name for rung in registry.of_trainings(run.experiment.rungs)}


def _taken_checkpoints(run: Run, arm: str) -> Arrays:
    """The checkpoints of an arm's training, whose file is removed; nothing if there are none."""
    path = run.scratch / checkpoints_file(arm)
    if not path.exists():
        return {}
    arrays = load_arrays(path)
    path.unlink()
    return arrays


def _judge_rung(rung: Rung, trainings: Trainings) -> list[Verdict] | None:
    """The verdicts of a rung on the trainings. A rung that was chosen by name and makes no check is unverified."""
    assert rung.judge_trainings is not None
    verdicts = rung.judge_trainings(trainings)
    if not verdicts and rung.name in trainings.context.stated.rungs and trainings.healthy:
        return [silent_rung(rung.name, NO_TRAINING)]
    return verdicts
