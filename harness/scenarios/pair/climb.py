"""Climbs the rungs of a pair: draws the batches, builds both models, pairs their parameters, judges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial

from harness.plan import digest_arrays
from harness.records.outcome import first_divergence
from harness.records.verdict import Verdict
from harness.results.store import write_text
from harness.scenarios.pair.asking import (
    ArmsFailedError,
    asker,
    build_models,
    keep_within_budget,
    start_climb,
    start_worker,
)
from harness.scenarios.pair.state import PairRun
from harness.subjects.pair import own_rungs, rungs
from harness.subjects.pair.batches import draw
from harness.subjects.pair.carrying import carried_over
from harness.subjects.pair.climbing import LOSS, MODEL, OPTIMIZER, SCHEDULE, SELF, STEP, TRAJECTORY, Climb
from harness.subjects.pair.drawing import BatchesError
from harness.subjects.pair.excuses import excused
from harness.subjects.pair.findings import with_findings
from harness.subjects.pair.localisation import localised
from harness.subjects.pair.spec import FAMILY_RUNGS, RUNGS
from harness.system.array_files import load_arrays
from harness.worker import Workers


def climb_rungs(run: PairRun) -> None:
    """Climbs the rungs of the pair. A failure of its batches or of an arm is recorded as a verdict."""
    composed, pair = run.composed, run.composed.pair
    write_text(run.scratch / "pair.json", composed.located().model_dump_json())
    with Workers(run.folder, run.listener.work) as pool:
        rung = "start"
        try:
            # They import their frameworks while the batches are drawn.
            workers = {arm.name: start_worker(pool, arm, run.scratch) for arm in pair.arms}
            if not _drawn(run):
                return
            run.listener.stage("start")
            ask = asker(workers)
            built = build_models(run, ask)
            plan = keep_within_budget(run, built)
            run.climb = start_climb(run, ask, built)
            run.climb.remarks += plan.remarks
            rung = MODEL
            carried = carried_over(run.climb)
            run.matches = run.climb.matches
            for name, digest in run.climb.start_digests.items():
                run.update(name, initial_weights_digest=digest)
            own = pair.own.families
            remaining = [rung for rung in pair.rungs or RUNGS if rung not in FAMILY_RUNGS or FAMILY_RUNGS[rung] in own]
            for rung, climb_rung in _in_order(run.climb, carried):
                if rung == SELF and rung not in remaining:
                    continue
                run.listener.stage(rung)
                if rung in plan.left_out:
                    climb_rung = partial(plan.verdicts_on, rung)
                verdicts = climb_rung()  # even if it was not chosen, since the rungs above use its results
                if rung in remaining:
                    remaining.remove(rung)
                    if rung == LOSS and not verdicts:
                        continue  # a remark says why
                    run.record_rung(rung, _localise_first(run, verdicts))
                if not remaining:
                    break
        except ArmsFailedError as error:
            for name, failure in error.failures.items():
                run.record_failure(rung, name, failure)


def _drawn(run: PairRun) -> bool:
    """Draws the batches; where that fails, records the failure and returns False."""
    run.listener.stage("batches")
    path = run.scratch / "batches.npz"
    try:
        draw(run.composed, path, run.folder / "batches.log")
    except BatchesError as error:
        run.verdicts.append(Verdict(rung="start", subject="batches", arm_a="", status="crashed", cause=str(error)))
        return False
    digest = digest_arrays(load_arrays(path))
    for name in run.traces:
        run.update(name, plan_digest=digest)
    return True


def _in_order(climb: Climb, carried: list[Verdict]) -> Iterator[tuple[str, Callable[[], list[Verdict]]]]:
    """The rungs from the lowest, each with the function that climbs it. They share one walk of the trajectory."""
    if climb.random:  # no two frameworks draw the same numbers, so that only evaluation is compared
        yield MODEL, lambda: with_findings(climb, [*carried, *_excused(climb, rungs.model_rung)])
        for rung in (SELF, STEP, TRAJECTORY):
            yield rung, lambda rung=rung: rungs.random_training(climb, rung)  # type: ignore[misc]
        return
    walk_once = cache(lambda: rungs.walk(climb))

    def walked(walking: Climb) -> list[Verdict]:
        return rungs.trajectory_rung(walking, walk_once() if walking is climb else rungs.walk(walking))

    if climb.pair.own.schedule:
        yield SCHEDULE, lambda: own_rungs.schedule_rung(climb)
    if climb.pair.own.loss:
        yield LOSS, lambda: own_rungs.loss_rung(climb)
    if climb.pair.own.optimizer:
        yield OPTIMIZER, lambda: own_rungs.optimizer_rung(climb)
    yield SELF, lambda: rungs.self_rung(climb, walk_once)
    yield MODEL, lambda: with_findings(climb, [*carried, *_excused(climb, rungs.model_rung)])
    if climb.pairing is not None and climb.pairing.misfits:
        for rung in (STEP, TRAJECTORY):
            yield rung, lambda rung=rung: rungs.not_climbed(climb, rung)  # type: ignore[misc]
        return
    yield STEP, lambda: _excused(climb, lambda exact: rungs.step_rung(exact, walk_once()))
    yield TRAJECTORY, lambda: _excused(climb, walked)


def _excused(climb: Climb, climb_rung: Callable[[Climb], list[Verdict]]) -> list[Verdict]:
    """The verdicts of a rung, of which those that the ledger explains are `known`."""
    verdicts = climb_rung(climb)
    try:
        return excused(climb, verdicts, climb_rung)
    except ArmsFailedError as error:
        climb.remarks.append(f"whether the ledger explains the divergence could not be tried: {error}")
        return verdicts


def _localise_first(run: PairRun, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts, with the place of the divergence if it is the first of the check."""
    first = first_divergence(verdicts)
    if first is None or run.climb is None or first_divergence(run.verdicts) is not None:
        return list(verdicts)
    try:
        localised_first = localised(run.climb, first)
    except ArmsFailedError as error:
        # The divergence stands without its place; a failure of this second question gets no verdict of its own.
        localised_first = first.model_copy(update={"cause": f"{first.cause}; not localised: {error}"})
    return [localised_first if verdict is first else verdict for verdict in verdicts]
