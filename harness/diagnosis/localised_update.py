"""The update at which a replayed optimizer first diverges: the updates before the diverging milestone, one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.judging.cases import MILESTONES
from harness.judging.cases import answer as answered
from harness.judging.checks import Check, first_diverging, pairs_of
from harness.judging.context import Answers, Context, NumberedAnswer
from harness.judging.first_divergence import when
from harness.judging.judge import worst_of
from harness.judging.optimizer_state import slot_tolerances
from harness.oracles.oracle import Place, check, checks
from harness.oracles.reference import Reference
from harness.records.tensor_key import TensorKey, keyed, of_kind, only, prefixed
from harness.records.verdict import Verdict
from harness.rungs import optimizer
from harness.rungs.tasks import TASKS
from harness.spec.recipe import Update
from harness.system.array_files import Arrays, save_arrays
from harness.worker.task import Task

# `ask(task, payload)` gives a worker task with its payload to every arm that the verdict is about.
AskTask = Callable[[Task, Mapping[str, Any]], Answers]


@dataclass(frozen=True)
class Replay:
    """The replayed update. `asked`: as the arms compute it. `arrays`: inputs up to the milestone that diverged."""

    context: Context
    asked: Update
    arrays: Arrays
    ask: AskTask

    @property
    def meant(self) -> Update:
        """The update as the reference computes it."""
        update: Update = self.context.replacement.of(self.asked)
        return update

    def upto(self, updates: int) -> Arrays:
        """The weights, and the gradients of the first `updates` updates."""
        fed = {name: gradients[:updates] for name, gradients in of_kind(self.arrays, "gradient").items()}
        return only(self.arrays, "weight") | keyed("gradient", fed)


def localised_update(context: Context, verdict: Verdict, ask: AskTask) -> Verdict:
    """The verdict on the first update after which the weights diverge, or on an optimizer slot that diverges there.

    The verdict unchanged if no single update diverges.
    """
    replay, after, count = _replay(context, verdict, ask)
    inputs = {**replay.upto(count), "milestones": np.arange(after + 1, count + 1)}
    path = context.scratch / "localised.npz"
    save_arrays(path, prefixed(0, inputs))
    case = {"call": "update", "given": replay.asked.model_dump(mode="json")}
    answers = ask(TASKS["words"], {"cases": [case], "given": str(path)})
    divergence = first_diverging(_checks(replay, inputs, answers), list(answers))
    if divergence is None or divergence.step is None:
        return verdict
    moment = when(replay.meant.schedule, divergence.step)
    divergence = divergence.model_copy(update={"rung": verdict.rung, "subject": verdict.subject, "moment": moment})
    return _of_slots(replay, divergence) or divergence


def _replay(context: Context, verdict: Verdict, ask: AskTask) -> tuple[Replay, int, int]:
    """The replay, the last milestone that agreed (0 if none), and the first that diverged."""
    case = next(entry for entry in optimizer.cases(context) if entry.subject == verdict.subject)
    count = TensorKey.parse(verdict.tensor).step
    assert count is not None
    update: Any = case.given
    after = max((entry for entry in MILESTONES if entry < count), default=0)
    return Replay(context, update, dict(case.arrays), ask), after, count


def _checks(replay: Replay, inputs: Arrays, answers: Answers) -> list[Check]:
    context = replay.context
    exact = answered(context.oracle, "update", replay.meant, inputs)
    bounds = {}
    for arm, answer in answers.items():
        in_float32 = answered(context.in_float32(answer.arm), "update", replay.meant, inputs)
        bounds[arm] = optimizer.by_milestone(exact, in_float32, answer.precision)
    numbered = {arm: NumberedAnswer(answer, 0) for arm, answer in answers.items()}
    keys = [key for key in map(TensorKey.parse, exact) if all(key in of_arm for of_arm in bounds.values())]
    return checks(optimizer.NAME, Reference(exact, bounds), numbered, {key: _place(key) for key in keys})


def _place(key: TensorKey) -> Place:
    assert key.step is not None
    return Place("", "update", key.step - 1, "", key.of, _index_of(key.of))


def _of_slots(replay: Replay, divergence: Verdict) -> Verdict | None:
    """The worst slot that starts to diverge at the same update as the weights; None if there is none."""
    assert divergence.step is not None
    after = _slot_verdicts(replay, divergence.step + 1, divergence)
    earlier = _slot_verdicts(replay, divergence.step, divergence) if divergence.step and after else {}
    # A slot in which another arm is wrong is no part of this divergence: the weights computed from it agree.
    new = [verdict for name, verdict in after.items() if name not in earlier and verdict.culprit == divergence.culprit]
    return worst_of(new) if new else None


def _slot_verdicts(replay: Replay, updates: int, divergence: Verdict) -> dict[str, Verdict]:
    """By slot, the diverging verdicts after `updates` updates, of the slots that all arms expose."""
    arrays = replay.upto(updates)
    path = replay.context.scratch / "localised.npz"
    save_arrays(path, arrays)
    answers = replay.ask(TASKS["slots"], {"update": replay.asked.model_dump(mode="json"), "given": str(path)})
    start, gradients = of_kind(arrays, "weight"), of_kind(arrays, "gradient")
    fed_gradients = [{name: gradients[name][k] for name in start} for k in range(updates)]
    context = replay.context
    exact = context.oracle.slots_after(replay.meant, start, fed_gradients)
    bounds = {
        arm: slot_tolerances(
            exact, context.oracle, context.in_float32(answer.arm), replay.meant, start, fed_gradients, answer.precision
        )
        for arm, answer in answers.items()
    }
    diverging = {}
    common = [name for name in exact if all(name in answer.arrays for answer in answers.values())]
    for name in common:
        place = Place(divergence.subject, "slots", divergence.step, name_index=_index_of(name))
        slot_check = check(optimizer.NAME, Reference(exact, bounds), answers, name, place)
        judged = [slot_check.judge(a, b) for a, b in pairs_of(list(answers))]
        wrong = [verdict for verdict in judged if verdict.status == "diverges"]
        if wrong:
            diverging[name] = worst_of(wrong).model_copy(update={"moment": divergence.moment})
    return diverging


def _index_of(name: str) -> Callable[[tuple[int, ...]], str]:
    return lambda index: f"{name}{list(index)}"
