"""Records one arm of an exported file on this host: its answers to the whole ladder, then its training."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing

import numpy as np

from harness.composition.preflight import claimed
from harness.composition.trust import CodeField
from harness.records import outcome
from harness.records.exit_codes import AGREES
from harness.records.failure import WorkerFailedError
from harness.records.verdict import Verdict
from harness.results.answers import RecordedAnswer, write_answer
from harness.results.exported import EXPORT, write_further
from harness.results.store import run_folder
from harness.rungs.carried import Asked
from harness.scenarios import ladder, phases, run
from harness.scenarios.arrangement import arranged_experiment
from harness.scenarios.hosts.arrival import Arrived, arrived, arrived_questions
from harness.scenarios.hosts.request import own_values, questions_of, requested
from harness.scenarios.recording import run_and_record
from harness.scenarios.run import Run
from harness.scenarios.start import Presenter, conclude
from harness.system.stopping import heeding_signals
from harness.worker import Workers
from harness.worker.devices import note_baselines
from harness.worker.training import checkpoints_file

VERB, LADDER = "record", "ladder"
CHECKPOINTS = "checkpoints.npz"
NOT_JUDGED = "recorded and not judged: the recordings of several hosts are judged together"
NO_FURTHER = "answers to further questions, which are judged with the recordings of several hosts"


def record(
    arguments: Sequence[str], trust: bool, presenter: Presenter, announce: Callable[[Sequence[CodeField]], None]
) -> int:
    """Records what `arm=NAME from=FILE` in the arguments name; with `questions=FILE` only answers to these questions.

    `announce`: is given the trusted settings that can run code, before that code runs. Returns the exit code: 0 where
    the arm has answered and trained. Raises UserMistake where the arguments are wrong or the file does not fit.
    """
    own, others = own_values(arguments)
    with ExitStack() as stack, np.errstate(all="ignore"), heeding_signals():
        source = stack.enter_context(arrived(own["from"]))
        further = stack.enter_context(arrived_questions(own["questions"])) if "questions" in own else None
        questions = source.questions if further is None else questions_of(further, source, own)
        request = requested(source, own["arm"], others, trust)
        announce(request.code)
        experiment, arrangements = arranged_experiment(request.experiment, presenter.notice)
        usual = run_folder(request.results_root, experiment, source.plan.digest)
        folder = claimed(VERB, request.out, usual)
        shutil.copyfile(source.folder / EXPORT, folder / EXPORT)
        if further is not None:
            write_further(folder, further.further)
        listener = stack.enter_context(closing(presenter.run_listener()))
        active = run.begin(experiment, source.data, source.plan, folder, listener, arrangements=arrangements)
        if source.export.cost is not None:
            active.follow(source.export.cost)
            active.store.write_cost(source.export.cost)
        run_and_record([active], folder, lambda: _answer_and_train(active, source, questions, further is None))
        conclude(active, presenter)
        return _exit_code(active)


def _exit_code(active: Run) -> int:
    """0 where the arm did all that it was asked: that nothing is judged yet is no fault of the recording."""
    failed = [trace for trace in active.traces.values() if trace.failure is not None]
    return outcome.exit_code([], failed, active.unfinished) if failed or active.unfinished else AGREES


def _answer_and_train(active: Run, source: Arrived, questions: Mapping[str, Asked], trains: bool) -> None:
    (arm,) = active.experiment.arms
    active.trains = trains
    active.listener.begin(active.experiment, active.plan, active.data, active.store.folder)
    note_baselines([arm])
    with Workers(active.store.folder, active.listener.work) as workers:
        _answer(active, workers, questions)
    if trains and active.traces[arm.name].failure is None:
        with phases.timed_alone([active], arm.name, active.store.folder) as workers:
            phases.train(active, arm, workers)
        _keep_checkpoints(active, arm.name)
    if active.traces[arm.name].failure is None:
        active.verdicts.append(_unjudged(arm.name, NOT_JUDGED if trains else NO_FURTHER))


def _answer(active: Run, workers: Workers, questions: Mapping[str, Asked]) -> None:
    """Asks the arm all questions in turn and writes each answer. A failure ends it, as a row of the run."""
    (arm,) = active.experiment.arms
    active.listener.stage("start")
    rung = "start"
    try:
        worker = workers.of(arm, active.scratch)
        if not phases.describe(active, {arm.name: worker}):
            failure = active.traces[arm.name].failure
            assert failure is not None  # it did not answer
            active.verdicts.append(ladder.failure_verdict(rung, arm.name, failure))
            return
        for rung, asked in questions.items():
            active.listener.stage(rung)
            result, arrays = worker.ask(asked.task, **asked.payload)
            phases.keep_digests(active, arm.name, result)
            answer = RecordedAnswer(asked.digest, result, arrays)
            write_answer(active.store.arm_folder(arm.name), rung, answer)
    except WorkerFailedError as error:
        active.fail(arm.name, error.failure)
        active.verdicts.append(ladder.failure_verdict(rung, arm.name, error.failure))


def _keep_checkpoints(active: Run, arm: str) -> None:
    """Moves the states of the training, from which the reference goes on, to the records."""
    taken = active.scratch / checkpoints_file(arm)
    if taken.exists():
        shutil.move(taken, active.store.arm_folder(arm) / CHECKPOINTS)


def _unjudged(arm: str, cause: str) -> Verdict:
    return Verdict(rung=LADDER, subject="the answers", arm_a=arm, status="unverified", cause=cause)
