"""Checks a pair: draws the batches, builds both models, pairs their parameters, climbs the rungs, writes the folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from adapters.user_model import OwnParameter
from harness.composition import UserMistake
from harness.composition.preflight import claimed
from harness.judging.silence import NO_CHECK, silent_rung
from harness.plan import digest_arrays
from harness.records import outcome
from harness.records.failure import Failure, WorkerFailedError
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.results.marker import Marker, complete
from harness.results.store import Store, write_text
from harness.scenarios.arrangement import Arrangements, arranged_arms
from harness.scenarios.ending import report_unfinished, unfinished_by
from harness.scenarios.ladder import failure_verdict
from harness.scenarios.pair_outcome import coverage, first_divergence, in_one_sentence
from harness.spec.arm import Arm
from harness.subjects.pair import rungs
from harness.subjects.pair.batches import draw
from harness.subjects.pair.carrying import carried_over
from harness.subjects.pair.climbing import MODEL, SELF, STEP, TRAJECTORY, Climb
from harness.subjects.pair.composing import ComposedPair
from harness.subjects.pair.drawing import BatchesError
from harness.subjects.pair.facts import code_digest, write_facts
from harness.subjects.pair.localisation import localised
from harness.subjects.pair.mapping import Match, Names, paired
from harness.subjects.pair.records import REFUSED, final_weights, write_side
from harness.subjects.pair.spec import RUNGS
from harness.subjects.pair.tasks import TASKS
from harness.system.array_files import Arrays, load_arrays
from harness.system.progress import Work
from harness.system.stopping import heeding_signals, shielded
from harness.worker import Worker, Workers
from harness.worker.asking import side_by_side
from harness.worker.task import Task


class PairListener(Protocol):
    """Receives the progress of a check; `harness.report.pair` prints it."""

    def begin(self, composed: ComposedPair) -> None: ...

    def matched(self, matches: Sequence[Match], names: tuple[str, str]) -> None: ...

    def rung(self, name: str, verdicts: Sequence[Verdict]) -> None: ...

    def arm_failed(self, arm: str, failure: Failure, log: Path) -> None: ...

    def end(self, run: PairRun) -> None: ...

    def stage(self, name: str) -> None:
        """The check turns to a part that may take long, such as a rung."""

    def work(self, work: Work) -> None:
        """How far a piece of work is. It may come from any thread."""

    def close(self) -> None:
        """Nothing more is reported."""


@dataclass
class PairRun:
    """The state and the results of a pair's check."""

    composed: ComposedPair
    folder: Path
    listener: PairListener
    traces: dict[str, Trace] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    climb: Climb | None = None
    matches: Sequence[Match] = ()
    unfinished: outcome.Unfinished | None = None
    code: str = ""  # the digest of the files that the pair names, as they were when it began

    @cached_property
    def scratch(self) -> Path:
        """The folder of the files that are shared with the workers; it is removed at the end."""
        return self.folder / ".scratch"

    @property
    def exit_code(self) -> int:
        """The exit code of the check, from its verdicts, its traces and whether it was finished."""
        return outcome.exit_code(self.verdicts, list(self.traces.values()), self.unfinished)

    @property
    def sentence(self) -> str:
        """The outcome in one sentence, with the first divergence where there is one."""
        name = self.composed.pair.name
        return in_one_sentence(name, self.traces, self.verdicts, self.exit_code, self.unfinished)

    @property
    def coverage(self) -> str:
        """What of the pair was judged and what was not, in words."""
        return coverage(self.composed.pair, self.verdicts)

    def update(self, arm: str, **fields: object) -> None:
        """Replaces fields of an arm's trace."""
        self.traces[arm] = self.traces[arm].model_copy(update=fields)

    def record_failure(self, rung: str, arm: str, failure: Failure) -> None:
        """Records and reports that an arm failed at a rung."""
        self.update(arm, failure=failure)
        self.verdicts.append(failure_verdict(rung, arm, failure))
        self.listener.arm_failed(arm, failure, self.folder / "arms" / arm / "worker.log")

    def record_rung(self, rung: str, verdicts: Sequence[Verdict]) -> None:
        """Records and reports the verdicts of a rung; a rung without any is unverified."""
        verdicts = verdicts or [silent_rung(rung, NO_CHECK)]
        self.verdicts += verdicts
        self.listener.rung(rung, verdicts)


def start_pair(
    composed: ComposedPair, listener: PairListener, page: Callable[[Path], str], notice: Callable[[str], None]
) -> int:
    """Checks a pair and returns the exit code.

    `notice` is given what is done before the check begins. `page` makes the text of `report.md` from the folder. Raises
    UserMistake, and leaves no folder, where the user has to say which parameters belong together.
    """
    now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    arms, arrangements = arranged_arms(composed.pair.arms, notice)
    composed = replace(composed, pair=composed.pair.model_copy(update={"arms": arms}))
    folder = claimed("check", composed.out, composed.results_root / composed.pair.name / now)
    with heeding_signals(), closing(listener):
        run = check_pair(composed, arrangements, folder, listener, page)
        if run.unfinished is None or run.unfinished.can_be_shown:
            run.listener.end(run)
    return run.exit_code


def check_pair(
    composed: ComposedPair,
    arrangements: Arrangements,
    folder: Path,
    listener: PairListener,
    page: Callable[[Path], str],
) -> PairRun:
    """Checks a pair, whose arms are arranged, in a folder that has been claimed, and writes its page."""
    run = PairRun(composed, folder, listener, code=code_digest(composed))
    run.traces = {arm.name: Trace(arm=arm, arrangement=arrangements[arm.name]) for arm in composed.pair.arms}
    _run_and_record(run)
    with shielded(), nullcontext() if run.unfinished is None else suppress(OSError):
        write_text(folder / "report.md", page(folder))
    return run


def _run_and_record(run: PairRun) -> None:
    """Makes the check and writes its records and its marker. On an exception it writes the records so far."""
    try:
        run.scratch.mkdir()
        for arm in run.traces:
            (run.folder / "arms" / arm).mkdir(parents=True)
        write_text(run.folder / "pair.json", run.composed.pair.model_dump_json(indent=2) + "\n")
        run.listener.begin(run.composed)
        with np.errstate(all="ignore"):  # Overflow is judged like any other value.
            _check(run)
        _write_records(run)
        with shielded():
            complete(run.folder, Marker.of("pair", run.exit_code, run.sentence, run.coverage))
    except UserMistake:
        shutil.rmtree(run.folder)
        raise
    except BaseException as error:
        with shielded():
            run.unfinished = unfinished_by(error, run.folder)
            kind, cause = run.unfinished.kind, run.unfinished.reason
            run.verdicts.append(Verdict(rung="run", subject=kind, arm_a="", status="interrupted", cause=cause))
            with suppress(OSError):
                _write_records(run)
            report_unfinished(run.unfinished, error, run.folder)


def _check(run: PairRun) -> None:
    """Climbs the rungs of the pair. A failure of its batches or of an arm is recorded as a verdict."""
    composed, pair = run.composed, run.composed.pair
    write_text(run.scratch / "pair.json", pair.model_dump_json())
    run.listener.stage("batches")
    try:
        draw(composed, run.scratch / "batches.npz", run.folder / "batches.log")
    except BatchesError as error:
        run.verdicts.append(Verdict(rung="start", subject="batches", arm_a="", status="crashed", cause=str(error)))
        return
    digest = digest_arrays(load_arrays(run.scratch / "batches.npz"))
    for name in run.traces:
        run.update(name, plan_digest=digest)
    run.listener.stage("start")
    with Workers(run.folder, run.listener.work) as pool:
        rung = "start"
        try:
            ask = _asker({arm.name: _start_worker(pool, arm, run.scratch) for arm in pair.arms})
            built = _build_models(run, ask)
            run.climb = _start_climb(run, ask, built)
            rung = MODEL
            carried = carried_over(run.climb)
            for name, digest in run.climb.start_digests.items():
                run.update(name, initial_weights_digest=digest)
            remaining = list(pair.rungs or RUNGS)
            for rung, climb_rung in _rungs(run.climb, carried):
                if rung == SELF and rung not in remaining:
                    continue
                run.listener.stage(rung)
                verdicts = climb_rung()  # even if it was not chosen, since the rungs above use its results
                if rung in remaining:
                    remaining.remove(rung)
                    run.record_rung(rung, _localise_first(run, verdicts))
                if not remaining:
                    break
        except _ArmsFailedError as error:
            for name, failure in error.failures.items():
                run.record_failure(rung, name, failure)


def _start_worker(pool: Workers, arm: Arm, scratch: Path) -> Worker:
    try:
        return pool.of(arm, scratch)
    except WorkerFailedError as error:
        raise _ArmsFailedError({arm.name: error.failure}) from None


def _rungs(climb: Climb, carried: list[Verdict]) -> Iterator[tuple[str, Callable[[], list[Verdict]]]]:
    """The rungs from the lowest, each with the function that climbs it. They share one walk of the trajectory."""
    walk_once = cache(lambda: rungs.walk(climb))
    yield SELF, lambda: rungs.self_rung(climb, walk_once)
    yield MODEL, lambda: [*carried, *rungs.model_rung(climb)]
    yield STEP, lambda: rungs.step_rung(climb, walk_once())
    yield TRAJECTORY, lambda: rungs.trajectory_rung(climb, walk_once())


def _localise_first(run: PairRun, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts, with the place of the divergence if it is the first of the check."""
    first = first_divergence(verdicts)
    if first is None or run.climb is None or first_divergence(run.verdicts) is not None:
        return list(verdicts)
    try:
        localised_first = localised(run.climb, first)
    except _ArmsFailedError as error:
        # The divergence stands without its place; a failure of this second question gets no verdict of its own.
        localised_first = first.model_copy(update={"cause": f"{first.cause}; not localised: {error}"})
    return [localised_first if verdict is first else verdict for verdict in verdicts]


class _ArmsFailedError(Exception):
    """Arms failed, so that the check cannot go on; `failures` holds their failures by name."""

    def __init__(self, failures: Mapping[str, Failure]) -> None:
        super().__init__("; ".join(f"{name}: {failure}" for name, failure in failures.items()))
        self.failures = failures


def _asker(workers: Mapping[str, Worker]) -> Callable[..., dict[str, tuple[dict[str, Any], Arrays]]]:
    """A function that gives a task to both arms, or to those in `by_arm`, and returns their answers by name.

    It raises _ArmsFailedError where one of them fails, since a check needs both.
    """

    def ask(task: Task, by_arm: Mapping[str, Mapping[str, Any]] | None = None, **common: Any) -> Any:
        def ask_one(worker: Worker) -> tuple[dict[str, Any], Arrays]:
            return worker.ask(task, **(by_arm[worker.arm.name] if by_arm is not None else common))

        concerned = {name: workers[name] for name in by_arm or workers}
        with ThreadPoolExecutor(max_workers=len(concerned)) as threads:
            answers, failures = side_by_side(threads, concerned, ask_one, all_needed=True)
        if failures:
            raise _ArmsFailedError(failures)
        return answers

    return ask


def _build_models(run: PairRun, ask: Any) -> dict[str, dict[str, Any]]:
    """Has both arms build their models; returns what they tell of them, by arm."""
    composed = run.composed
    payload = {}
    for arm in composed.pair.arms:
        file, function = composed.place(composed.pair.models[arm.adapter].builder)
        payload[arm.name] = {"file": str(file), "function": function}
    built = {name: result for name, (result, _) in ask(TASKS["pair_build"], by_arm=payload).items()}
    for name, result in built.items():
        refused = {REFUSED: result["refused"]} if result["refused"] else {}
        run.update(name, environment={**result["environment"], **refused})
    return built


def _start_climb(run: PairRun, ask: Any, built: dict[str, dict[str, Any]]) -> Climb:
    """Pairs the parameters of both models, and returns the climb over the rungs."""
    a, b = (arm.name for arm in run.composed.pair.arms)
    parameters = [
        [OwnParameter(**{**p, "shape": tuple(p["shape"])}) for p in built[name]["parameters"]] for name in (a, b)
    ]
    run.matches = paired(parameters[0], parameters[1], run.composed.pair.parameters, Names(a, b))
    run.listener.matched(run.matches, (a, b))
    return Climb(run.composed.pair, run.scratch, ask, built, run.matches)


def _write_records(run: PairRun) -> None:
    shutil.rmtree(run.scratch, ignore_errors=True)
    store = Store(run.folder)
    for number, arm in enumerate(run.composed.pair.arms):
        walked = run.climb.walked[number] if run.climb and run.climb.walked else None
        if walked is not None:
            run.update(arm.name, finished=True, final_weights_digest=digest_arrays(final_weights(walked)))
        write_side(store, run.traces[arm.name], walked)
    write_facts(run.folder, run.composed, run.matches, run.climb, run.code)
    store.write_verdicts(run.verdicts)
    store.write_summary(list(run.traces.values()))
