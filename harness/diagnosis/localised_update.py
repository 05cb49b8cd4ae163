"""At which update a replayed optimizer parts company: the span before the milestone that diverged, update by update."""

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
    """A case as the arms are asked it, and as the reference is; the arrays reach to the milestone that diverged."""

    context: Context
    asked: Update
    arrays: Arrays
    ask: AskTask

    @property
    def meant(self) -> Update:
        update: Update = self.context.replacement.of(self.asked)
        return update

    def upto(self, updates: int) -> Arrays:
        """Weights and gradients of the first so many updates."""
        return {n: v[:updates] if n.startswith("gradient/") else v for n, v in self.arrays.items()}


def localised_update(context: Context, verdict: Verdict, ask: AskTask) -> Verdict:
    """The first update after which the weights diverge, and what the optimizer keeps, where that shows more."""
    replay, after, count = _replay(context, verdict, ask)
    given = {**replay.upto(count), "milestones": np.arange(after + 1, count + 1)}
    path = context.scratch / "localised.npz"
    save_arrays(path, {f"0/{name}": value for name, value in given.items()})
    case = {"call": "update", "given": replay.asked.model_dump(mode="json")}
    answers = ask(TASKS["words"], {"cases": [case], "given": str(path)})
    found = first_diverging(_checks(replay, given, answers), list(answers))
    if found is None or found.step is None:
        return verdict
    moment = when(replay.meant.schedule, found.step)
    found = found.model_copy(update={"rung": verdict.rung, "subject": verdict.subject, "moment": moment})
    return _of_slots(replay, found) or found


def _replay(context: Context, verdict: Verdict, ask: AskTask) -> tuple[Replay, int, int]:
    """The case, the last milestone where it agreed, and the first where it did not."""
    case = next(each for each in optimizer.cases(context) if each.subject == verdict.subject)
    count = int(verdict.tensor.split("/")[0].removeprefix("after "))
    update: Any = case.given
    after = max((each for each in MILESTONES if each < count), default=0)
    return Replay(context, update, dict(case.arrays), ask), after, count


def _checks(replay: Replay, given: Arrays, answers: Answers) -> list[Check]:
    context = replay.context
    exact = answered(context.oracle, "update", replay.meant, given)
    bounds = {}
    for arm, each in answers.items():
        in_float32 = answered(context.in_float32(each.arm), "update", replay.meant, given)
        bounds[arm] = optimizer.by_milestone(exact, in_float32, each.precision)
    numbered = {arm: NumberedAnswer(each, 0) for arm, each in answers.items()}
    return checks(optimizer.NAME, Reference(exact, bounds), numbered, {name: _place(name) for name in exact})


def _place(name: str) -> Place:
    after, _, parameter = name.partition("/")
    step = int(after.removeprefix("after ")) - 1
    return Place("", "update", step, "", parameter, _index_of(parameter))


def _of_slots(replay: Replay, found: Verdict) -> Verdict | None:
    """The slot that diverges with the weights; None where none does, or where it is kept in another form anyway."""
    assert found.step is not None
    now = _slot_verdicts(replay, found.step + 1, found)
    before = _slot_verdicts(replay, found.step, found) if found.step and now else {}
    # A slot in which somebody else is off has no part in this divergence: the weights that come of it agree.
    new = [verdict for name, verdict in now.items() if name not in before and verdict.culprit == found.culprit]
    return worst_of(new) if new else None


def _slot_verdicts(replay: Replay, updates: int, found: Verdict) -> dict[str, Verdict]:
    """Of the slots that all arms show, those that diverge after so many updates."""
    arrays = replay.upto(updates)
    path = replay.context.scratch / "localised.npz"
    save_arrays(path, arrays)
    answers = replay.ask(TASKS["slots"], {"update": replay.asked.model_dump(mode="json"), "given": str(path)})
    start = {name.removeprefix("weight/"): value for name, value in arrays.items() if name.startswith("weight/")}
    fed = [{name: arrays[f"gradient/{name}"][k] for name in start} for k in range(updates)]
    context = replay.context
    exact = context.oracle.slots_after(replay.meant, start, fed)
    bounds = {
        arm: slot_tolerances(
            exact, context.oracle, context.in_float32(each.arm), replay.meant, start, fed, each.precision
        )
        for arm, each in answers.items()
    }
    diverging = {}
    shown = [name for name in exact if all(name in each.arrays for each in answers.values())]
    for name in shown:
        place = Place(found.subject, "slots", found.step, name_index=_index_of(name))
        compared = check(optimizer.NAME, Reference(exact, bounds), answers, name, place)
        judged = [compared.judge(a, b) for a, b in pairs_of(list(answers))]
        wrong = [verdict for verdict in judged if verdict.status == "diverges"]
        if wrong:
            diverging[name] = worst_of(wrong).model_copy(update={"moment": found.moment})
    return diverging


def _index_of(name: str) -> Callable[[tuple[int, ...]], str]:
    return lambda index: f"{name}{list(index)}"
