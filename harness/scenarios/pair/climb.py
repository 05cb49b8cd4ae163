"""Climbs the rungs of a pair: draws the batches, builds both models, pairs their parameters, judges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from harness.plan import digest_arrays
from harness.records.outcome import first_divergence
from harness.records.verdict import Verdict
from harness.results.store import write_text
from harness.scenarios.pair.asking import ArmsFailedError, asker, build_models, start_climb, start_worker
from harness.scenarios.pair.state import PairRun
from harness.subjects.pair import own_rungs, rungs
from harness.subjects.pair.batches import draw
from harness.subjects.pair.carrying import carried_over
from harness.subjects.pair.climbing import LOSS, MODEL, OPTIMIZER, SCHEDULE, SELF, STEP, TRAJECTORY, Climb
from harness.subjects.pair.drawing import BatchesError
from harness.subjects.pair.findings import with_findings
from harness.subjects.pair.localisation import localised
from harness.subjects.pair.spec import FAMILY_RUNGS, RUNGS
from harness.system.array_files import load_arrays
from harness.worker import Workers


def climb_rungs(run: PairRun) -> None:
    """Climbs the rungs of the pair. A failure of its batches or of an arm is recorded as a verdict."""
    composed, pair = run.composed, run.composed.pair
    write_text(run.scratch / "pair.json", composed.located().model_dump_json())
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
            ask = asker({arm.name: start_worker(pool, arm, run.scratch) for arm in pair.arms})
            built = build_models(run, ask)
            run.climb = start_climb(run, ask, built)
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


def _in_order(climb: Climb, carried: list[Verdict]) -> Iterator[tuple[str, Callable[[], list[Verdict]]]]:
    """The rungs from the lowest, each with the function that climbs it. They share one walk of the trajectory."""
    if climb.random:  # no two frameworks draw the same numbers, so that only evaluation is compared
        yield MODEL, lambda: with_findings(climb, [*carried, *rungs.model_rung(climb)])
        for rung in (SELF, STEP, TRAJECTORY):
            yield rung, lambda rung=rung: rungs.random_training(climb, rung)  # type: ignore[misc]
        return
    walk_once = cache(lambda: rungs.walk(climb))
    if climb.pair.own.schedule:
        yield SCHEDULE, lambda: own_rungs.schedule_rung(climb)
    if climb.pair.own.loss:
        yield LOSS, lambda: own_rungs.loss_rung(climb)
    if climb.pair.own.optimizer:
        yield OPTIMIZER, lambda: own_rungs.optimizer_rung(climb)
    yield SELF, lambda: rungs.self_rung(climb, walk_once)
    yield MODEL, lambda: with_findings(climb, [*carried, *rungs.model_rung(climb)])
    if climb.pairing is not None and climb.pairing.misfits:
        return  # the layers behind differ in any case, and so does every training
    yield STEP, lambda: rungs.step_rung(climb, walk_once())
    yield TRAJECTORY, lambda: rungs.trajectory_rung(climb, walk_once())


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
