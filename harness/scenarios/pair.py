"""The order of things for a pair: batches, both models, which parameter is which, the rungs, the folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
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
from harness.scenarios.ending import tell, unfinished_by
from harness.scenarios.ladder import failed
from harness.scenarios.pair_outcome import coverage, first_divergence, in_one_sentence
from harness.spec.arm import Arm
from harness.subjects.pair import rungs
from harness.subjects.pair.batches import draw
from harness.subjects.pair.carrying import carried_over
from harness.subjects.pair.climbing import MODEL, SELF, STEP, TRAJECTORY, Climb
from harness.subjects.pair.composing import ComposedPair
from harness.subjects.pair.drawing import BatchesError
from harness.subjects.pair.facts import write_facts
from harness.subjects.pair.localisation import localised
from harness.subjects.pair.mapping import Match, Names, paired
from harness.subjects.pair.records import REFUSED, final_weights, write_side
from harness.subjects.pair.spec import RUNGS
from harness.subjects.pair.tasks import TASKS
from harness.system.array_files import Arrays, load_arrays
from harness.system.stopping import heeding_signals, shielded
from harness.worker import Worker, Workers
from harness.worker.asking import side_by_side
from harness.worker.task import Task


class PairListener(Protocol):
    """Who is told what happens; `harness.report.pair` prints it."""

    def begin(self, composed: ComposedPair) -> None: ...

    def matched(self, matches: Sequence[Match], names: tuple[str, str]) -> None: ...

    def rung(self, name: str, verdicts: Sequence[Verdict]) -> None: ...

    def arm_failed(self, arm: str, failure: Failure, log: Path) -> None: ...

    def end(self, run: PairRun) -> None: ...


@dataclass
class PairRun:
    """What is known of a pair's run so far."""

    composed: ComposedPair
    folder: Path
    show: PairListener
    traces: dict[str, Trace] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    climb: Climb | None = None
    matches: Sequence[Match] = ()
    unfinished: outcome.Unfinished | None = None

    @cached_property
    def scratch(self) -> Path:
        return self.folder / ".scratch"

    @property
    def exit_code(self) -> int:
        return outcome.exit_code(self.verdicts, list(self.traces.values()), self.unfinished)

    @property
    def sentence(self) -> str:
        """The outcome; of a divergence the first, with its place and cause."""
        name = self.composed.pair.name
        return in_one_sentence(name, self.traces, self.verdicts, self.exit_code, self.unfinished)

    @property
    def coverage(self) -> str:
        """What of the pair was judged and what was not, in words."""
        return coverage(self.composed.pair, self.verdicts)

    def update(self, arm: str, **fields: object) -> None:
        self.traces[arm] = self.traces[arm].model_copy(update=fields)

    def fail(self, rung: str, arm: str, failure: Failure) -> None:
        self.update(arm, failure=failure)
        self.verdicts.append(failed(rung, arm, failure))
        self.show.arm_failed(arm, failure, self.folder / "arms" / arm / "worker.log")

    def climbed(self, rung: str, found: Sequence[Verdict]) -> None:
        found = found or [silent_rung(rung, NO_CHECK)]
        self.verdicts += found
        self.show.rung(rung, found)


def start_pair(composed: ComposedPair, show: PairListener, page: Callable[[Path], str]) -> int:
    """Checks a pair; the exit code. UserMistake, and no folder, where parameters must be asked for.

    `page` makes the text of `report.md` from the folder.
    """
    now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    folder = claimed("check", composed.out, composed.results_root / composed.pair.name / now)
    run = PairRun(composed, folder, show)
    run.traces = {arm.name: Trace(arm=arm) for arm in composed.pair.arms}
    with heeding_signals():
        _run_whole(run)
        with shielded(), nullcontext() if run.unfinished is None else suppress(OSError):
            write_text(folder / "report.md", page(folder))
        if run.unfinished is None or run.unfinished.can_be_shown:
            run.show.end(run)
    return run.exit_code


def _run_whole(run: PairRun) -> None:
    """From the inputs to the marker; where that is not reached, what is known, and why."""
    try:
        run.scratch.mkdir()
        for arm in run.traces:
            (run.folder / "arms" / arm).mkdir(parents=True)
        write_text(run.folder / "pair.json", run.composed.pair.model_dump_json(indent=2) + "\n")
        run.show.begin(run.composed)
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
            tell(run.unfinished, error, run.folder)


def _check(run: PairRun) -> None:
    composed, pair = run.composed, run.composed.pair
    write_text(run.scratch / "pair.json", pair.model_dump_json())
    try:
        draw(composed, run.scratch / "batches.npz", run.folder / "batches.log")
    except BatchesError as error:
        run.verdicts.append(Verdict(rung="start", subject="batches", arm_a="", status="crashed", cause=str(error)))
        return
    digest = digest_arrays(load_arrays(run.scratch / "batches.npz"))
    for name in run.traces:
        run.update(name, plan_digest=digest)
    with Workers(run.folder) as pool:
        rung = "start"
        try:
            ask = _asking({arm.name: _worker(pool, arm, run.scratch) for arm in pair.arms})
            built = _built(run, ask)
            run.climb = _climb(run, ask, built)
            rung = MODEL
            carried = carried_over(run.climb)
            for name, digest in run.climb.start_digests.items():
                run.update(name, initial_weights_digest=digest)
            left = list(pair.rungs or RUNGS)
            for rung, climbed in _rungs(run.climb, carried):
                if rung == SELF and rung not in left:
                    continue
                verdicts = climbed()  # also where it is not asked for: those above it stand on what it finds out
                if rung in left:
                    left.remove(rung)
                    run.climbed(rung, _localised(run, verdicts))
                if not left:
                    break
        except _ArmsFailedError as error:
            for name, failure in error.failures.items():
                run.fail(rung, name, failure)


def _worker(pool: Workers, arm: Arm, scratch: Path) -> Worker:
    try:
        return pool.of(arm, scratch)
    except WorkerFailedError as error:
        raise _ArmsFailedError({arm.name: error.failure}) from None


def _rungs(climb: Climb, carried: list[Verdict]) -> Iterator[tuple[str, Callable[[], list[Verdict]]]]:
    """Each with what climbs it, from below; the trajectory is walked once, for all that need it."""
    walked = cache(lambda: rungs.walk(climb))
    yield SELF, lambda: rungs.self_rung(climb, walked)
    yield MODEL, lambda: [*carried, *rungs.model_rung(climb)]
    yield STEP, lambda: rungs.step_rung(climb, walked())
    yield TRAJECTORY, lambda: rungs.trajectory_rung(climb, walked())


def _localised(run: PairRun, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The first divergence of the run with its place; the others as they are."""
    first = first_divergence(verdicts)
    if first is None or run.climb is None or first_divergence(run.verdicts) is not None:
        return list(verdicts)
    try:
        place = localised(run.climb, first)
    except _ArmsFailedError as error:
        # The divergence stands, wherever it is; a side that cannot be asked again is no news of its own.
        place = first.model_copy(update={"cause": f"{first.cause}; not localised: {error}"})
    return [place if verdict is first else verdict for verdict in verdicts]


class _ArmsFailedError(Exception):
    def __init__(self, failures: Mapping[str, Failure]) -> None:
        super().__init__("; ".join(f"{name}: {failure}" for name, failure in failures.items()))
        self.failures = failures


def _asking(workers: Mapping[str, Worker]) -> Callable[..., dict[str, tuple[dict[str, Any], Arrays]]]:
    """Both sides at once; of no use without one of them."""

    def ask(task: Task, by_arm: Mapping[str, Mapping[str, Any]] | None = None, **same: Any) -> Any:
        def one(worker: Worker) -> tuple[dict[str, Any], Arrays]:
            return worker.ask(task, **(by_arm[worker.arm.name] if by_arm is not None else same))

        concerned = {name: workers[name] for name in by_arm or workers}
        with ThreadPoolExecutor(max_workers=len(concerned)) as threads:
            answers, failures = side_by_side(threads, concerned, one, all_needed=True)
        if failures:
            raise _ArmsFailedError(failures)
        return answers

    return ask


def _built(run: PairRun, ask: Any) -> dict[str, dict[str, Any]]:
    composed = run.composed
    payload = {}
    for arm in composed.pair.arms:
        file, function = composed.place(composed.pair.models[arm.adapter].builder)
        payload[arm.name] = {"file": str(file), "function": function}
    built = {name: result for name, (result, _) in ask(TASKS["pair_build"], by_arm=payload).items()}
    for name, each in built.items():
        refused = {REFUSED: each["refused"]} if each["refused"] else {}
        run.update(name, environment={**each["environment"], **refused})
    return built


def _climb(run: PairRun, ask: Any, built: dict[str, dict[str, Any]]) -> Climb:
    a, b = (arm.name for arm in run.composed.pair.arms)
    own = [[OwnParameter(**{**p, "shape": tuple(p["shape"])}) for p in built[name]["parameters"]] for name in (a, b)]
    run.matches = paired(own[0], own[1], run.composed.pair.parameters, Names(a, b))
    run.show.matched(run.matches, (a, b))
    return Climb(run.composed.pair, run.scratch, ask, built, run.matches)


def _write_records(run: PairRun) -> None:
    shutil.rmtree(run.scratch, ignore_errors=True)
    store = Store(run.folder)
    for number, arm in enumerate(run.composed.pair.arms):
        walked = run.climb.walked[number] if run.climb and run.climb.walked else None
        if walked is not None:
            run.update(arm.name, finished=True, final_weights_digest=digest_arrays(final_weights(walked)))
        write_side(store, run.traces[arm.name], walked)
    write_facts(run.folder, run.composed, run.matches, run.climb)
    store.write_verdicts(run.verdicts)
    store.write_summary(list(run.traces.values()))
