"""What the rung `trajectory` makes of short free runs: every loss and a digest of every tensor at every step.

Float32 runs are judged by the chaos envelope (`harness.judging.envelope`); past its horizon they say nothing. Two
float64 arms are judged against one another to the strict bound as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from harness.judging.checks import Check, judge_checks, pairs_of
from harness.judging.context import Answer, Answers, Context
from harness.judging.envelope import LOSS, Curves, Envelope, envelope, oracle_run
from harness.judging.first_divergence import first_step
from harness.judging.judge import Claim, worst_of
from harness.judging.ledger_excuses import propagated, words_within
from harness.judging.tolerances import STRICT_STEPS, Tolerance, strict
from harness.judging.ulp import error_against
from harness.oracles.oracle import Place, checks
from harness.oracles.reference import Reference
from harness.records.array_types import FloatArray
from harness.records.tensor_key import TensorKey
from harness.records.verdict import Verdict
from harness.rungs.free_run_curves import FreeRuns
from harness.spec.arm import Arm

NAME = "trajectory"
PLANNED, DISTURBED = "planned", "disturbed"
CURVES = "free runs"  # under which the context keeps what was judged, for the report


def judge_answers(context: Context, answers: Answers) -> list[Verdict]:
    checks = checks_of(context, answers)
    losses, digests = checks[:1], checks[1:]
    verdicts = []
    for a, b in pairs_of(list(answers)):
        if b is not None and answers[a].precision == answers[b].precision == np.float64:
            curves = (answers[each].tensor(f"{PLANNED}/losses") for each in (a, b))
            verdicts.append(strictly(a, b, *curves))
        said = envelope(context, answers[a].arm, context.free_steps).in_words
        verdicts += [_first_of(each, a, b, said) for each in (losses, digests) if each]
    return verdicts


def checks_of(context: Context, answers: Answers) -> list[Check]:
    """The losses, then the digests: gradients from the last layer to the first, as they are computed, then weights."""
    count = context.free_steps
    some = next(iter(answers.values()))
    around = {name: _around(context, answer, count) for name, answer in answers.items()}
    oracle = around[some.arm.name].oracle
    widest = max(around.values(), key=lambda each: float(np.max(each.loss.bound)))
    context.made[CURVES] = FreeRuns(widest, {name: each.tensor(f"{PLANNED}/losses") for name, each in answers.items()})
    words = list(words_within(context.experiment.recipe))
    known = {
        name: propagated(context, answer.arm, words, lambda: oracle_run(context, count))
        for name, answer in answers.items()
    }
    reference = Reference(
        oracle,
        {name: each.tolerances for name, each in around.items()},
        {name: partial(effect.excuse, reduce=_so_far) for name, effect in known.items()},
    )
    places = {LOSS: Place(f"free run: train_loss, steps 0 to {count - 1}", "forward", name_index=_step_index)}
    places |= {column: _place(column, count) for column in _in_order(oracle)}
    curves = {name: PlannedRun(answer) for name, answer in answers.items()}
    return _before_overflow(checks(NAME, reference, curves, places))


def _place(column: str, count: int) -> Place:
    key = TensorKey.parse(column)
    return Place(
        f"free run: digests, steps 0 to {count - 1}",
        "gradient" if key.kind.startswith("gradient") else "update",
        layer=key.layer,
        tensor=key.of,
        name_index=lambda index: f"step {index[0]}, {column}",
    )


def strictly(a: str, b: str, first: FloatArray, second: FloatArray) -> Verdict:
    """Arm against arm in float64, over hundreds of steps, to the project's strict bound."""
    count = min(STRICT_STEPS, len(first), len(second))
    first, second = first[:count], second[:count]
    bound = strict(first)
    exact = Tolerance(np.zeros(()), bound.source)
    claims = {a: Claim(a, first, exact, np.float64), b: Claim(b, second, bound, np.float64)}
    subject = f"train_loss in float64, steps 0 to {count - 1}"
    check = Check(NAME, subject, first, claims, lambda i: f"step {i[0]}", tensor="loss")
    (verdict,) = judge_checks([check])
    # Judged arm against arm: there is no third value to be nearer to, and which is wrong is not said here.
    told = {"nearer": "", "value_reference": None, "culprit": "", "judgement": ""}
    if verdict.status == "diverges":
        told |= {"cause": f"{a} and {b} part company", "judgement": "undetermined"}
    return verdict.model_copy(update=told)


def _before_overflow(checks: Sequence[Check]) -> list[Check]:
    """Up to the first step from which float32 itself overflows somewhere: there nothing is right or wrong."""
    count = len(checks[0].reference)
    for check in checks:
        for claim in check.claims.values():
            bound = np.broadcast_to(claim.tolerance.bound, np.shape(check.reference))
            lost = np.flatnonzero(~np.isfinite(bound) | ~np.isfinite(check.reference))
            count = min(count, int(lost[0])) if lost.size else count
    return list(checks) if count == len(checks[0].reference) else [check.upto(max(1, count)) for check in checks]


def _in_order(columns: Iterable[str]) -> list[str]:
    named = [name for name in columns if name != LOSS]
    gradients = [name for name in named if TensorKey.parse(name).kind.startswith("gradient")]
    return [*reversed(gradients), *(name for name in named if name not in gradients)]


@dataclass(frozen=True)
class PlannedRun:
    """The curves of an arm's run from the plan's weights, by the names of the oracle's."""

    answer: Answer

    @property
    def arm(self) -> Arm:
        return self.answer.arm

    def tensor(self, name: str) -> FloatArray:
        if name == LOSS:
            return self.answer.tensor(f"{PLANNED}/losses")
        names, table = self.answer.result["columns"], self.answer.tensor(f"{PLANNED}/digests")
        return table[:, names.index(name)] if name in names and table.ndim == 2 else np.empty(0)


def _around(context: Context, answer: Answer, count: int) -> Envelope:
    """The envelope, with what the arm's own runs show of themselves."""
    names = (LOSS, *answer.result["columns"])
    moved = _apart(_curves(answer, DISTURBED), _curves(answer, PLANNED), names)
    again = context.spreads.get(answer.arm.name, {})
    table = np.column_stack([again["losses"], again["digests"]]) if again else np.zeros((count, len(names)))
    return envelope(context, answer.arm, count).with_own(moved, dict(zip(names, table.T, strict=True)))


def _curves(answer: Answer, run: str) -> Any:
    return np.column_stack([answer.arrays[f"{run}/losses"], answer.arrays[f"{run}/digests"]])


def _apart(a: Any, b: Any, names: Sequence[str]) -> Curves:
    return dict(zip(names, error_against(a, b).T, strict=True)) if a.shape == b.shape else {}


def _first_of(checks: Sequence[Check], a: str, b: str | None, said: str) -> Verdict:
    """The verdict of the check that parts company first; of all, the one nearest to its tolerance where none does."""
    arms = [each for each in (a, b) if each is not None]
    first = first_step(checks, arms)
    if first is None:
        worst = worst_of([check.judge(a, b) for check in checks])
        detected = max(check.detects(a, b) for check in checks)
        return worst.model_copy(update={"detects": detected, "cause": worst.cause or said})
    step, check = first
    upto = check.upto(step + 1)
    return upto.judge(a, b).model_copy(update={"step": step})


def _step_index(index: tuple[int, ...]) -> str:
    return f"step {index[0]}"


def _so_far(changes: Any) -> Any:
    return np.maximum.accumulate(changes)
