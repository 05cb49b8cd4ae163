"""The part of the rung `trajectory` for live arms: short free runs, with every loss and a digest of every tensor.

The chaos envelope (`harness.judging.envelope`) gives the tolerances; past its horizon a float32 run tells nothing. Two
float64 arms are also compared with one another to the strict bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from harness.judging.checks import Check, judge_checks, pairs_of
from harness.judging.context import Answer, Answers, Context
from harness.judging.envelope import LOSS, Curves, Envelope, envelope, oracle_run
from harness.judging.first_divergence import first_step
from harness.judging.judge import Claim, worst_of
from harness.judging.ledger_excuses import Propagated, propagated
from harness.judging.overflow import up_to_overflow
from harness.judging.tolerances import STRICT_STEPS, TELLING, Tolerance, strict
from harness.judging.ulp import error_against
from harness.oracles.oracle import Place, checks
from harness.oracles.reference import Reference
from harness.records.array_types import FloatArray
from harness.records.tensor_key import TensorKey
from harness.records.verdict import Verdict
from harness.rungs.free_run_curves import FreeRuns
from harness.spec.arm import Arm
from harness.spec.words_within import words_within

NAME = "trajectory"
PLANNED, DISTURBED = "planned", "disturbed"
CURVES = "free runs"  # the key of the `FreeRuns` in the context's cache, from which the report takes them


def judge_answers(context: Context, answers: Answers) -> list[Verdict]:
    """For every two arms, a verdict on the losses and one on the digests; first the strict one if both are float64."""
    curve_checks = checks_of(context, answers)
    groups = [group for group in (curve_checks[:1], curve_checks[1:]) if group]
    verdicts = []
    for a, b in pairs_of(list(answers)):
        if b is not None and answers[a].precision == answers[b].precision == np.float64:
            curves = (answers[arm].tensor(f"{PLANNED}/losses") for arm in (a, b))
            verdicts.append(judge_strictly(a, b, *curves))
        horizon = envelope(context, answers[a].arm, context.free_steps).in_words
        verdicts += [_first_divergence(group, a, b, horizon) for group in groups]
    return verdicts


def checks_of(context: Context, answers: Answers) -> list[Check]:
    """The checks of `checks_by_curve`, up to the first step at which float32 overflows."""
    return up_to_overflow(list(checks_by_curve(context, answers).values()))


def checks_by_curve(context: Context, answers: Answers) -> dict[str, Check]:
    """By the name of the curve, the check of the losses, then those of the digests.

    The digests are in the order in which they are computed: gradients from the last layer to the first, then weights.
    """
    count = context.free_steps
    any_answer = next(iter(answers.values()))
    envelopes = {name: _widened_envelope(context, answer, count) for name, answer in answers.items()}
    oracle = envelopes[any_answer.arm.name].oracle
    widest = max(envelopes.values(), key=lambda candidate: float(np.max(candidate.loss.bound)))
    losses = {name: answer.tensor(f"{PLANNED}/losses") for name, answer in answers.items()}
    context.made[CURVES] = FreeRuns(widest, losses)
    words = list(words_within(context.experiment.recipe))
    effects = {
        name: propagated(context, answer.arm, words, lambda: oracle_run(context, count))
        for name, answer in answers.items()
    }
    reference = Reference(
        oracle,
        {name: widened.tolerances for name, widened in envelopes.items()},
        {name: partial(effect.excuse, reduce=partial(_widest, effect, oracle)) for name, effect in effects.items()},
    )
    places = {LOSS: Place(f"free run: train_loss, steps 0 to {count - 1}", "forward", name_index=_step_index)}
    places |= {column: _place(column, count) for column in _digests_in_order(oracle)}
    curves = {name: PlannedRun(answer) for name, answer in answers.items()}
    return dict(zip(places, checks(NAME, reference, curves, places), strict=True))


def _widest(effect: Propagated, oracle: Mapping[str, FloatArray], changes: FloatArray) -> FloatArray:
    """The effect on a curve up to each step, (steps,); without bound once the weights are anything.

    Where known errors are as large as gradients, and the update makes full steps of them, a few draws do not show all
    weights that may follow.
    """
    weights = [name for name in effect.changes[0] if TensorKey.parse(name).kind.startswith("weight")]
    lost = np.any([effect.changes[0][name] > TELLING * np.abs(oracle[name]) for name in weights], axis=0)
    widest: FloatArray = np.maximum.accumulate(changes)
    return np.where(np.append(False, np.maximum.accumulate(lost))[: len(widest)], np.inf, widest)


def _place(column: str, count: int) -> Place:
    key = TensorKey.parse(column)
    return Place(
        f"free run: digests, steps 0 to {count - 1}",
        "gradient" if key.kind.startswith("gradient") else "update",
        layer=key.layer,
        tensor=key.of,
        name_index=lambda index: f"step {index[0]}, {column}",
    )


def judge_strictly(a: str, b: str, first: FloatArray, second: FloatArray) -> Verdict:
    """The verdict on two float64 arms `a` and `b`, whose losses are compared up to `STRICT_STEPS` to the strict bound.

    `first`, `second`: the losses of the two, (steps,).
    """
    count = min(STRICT_STEPS, len(first), len(second))
    first, second = first[:count], second[:count]
    bound = strict(first)
    exact = Tolerance(np.zeros(()), bound.source)
    claims = {a: Claim(a, first, exact, np.float64), b: Claim(b, second, bound, np.float64)}
    subject = f"train_loss in float64, steps 0 to {count - 1}"
    check = Check(NAME, subject, first, claims, lambda i: f"step {i[0]}", tensor="loss")
    (verdict,) = judge_checks([check])
    # Only the two arms are compared: no third value decides which of them is wrong.
    changes = {"nearer": "", "value_reference": None, "culprit": "", "judgement": ""}
    if verdict.status == "diverges":
        changes |= {"cause": f"{a} and {b} part company", "judgement": "undetermined"}
    return verdict.model_copy(update=changes)


def _digests_in_order(curves: Iterable[str]) -> list[str]:
    """The names of the digests: gradients from the last layer to the first, then weights."""
    digests = [name for name in curves if name != LOSS]
    gradients = [name for name in digests if TensorKey.parse(name).kind.startswith("gradient")]
    return [*reversed(gradients), *(name for name in digests if name not in gradients)]


@dataclass(frozen=True)
class PlannedRun:
    """The curves of an arm's run from the plan's weights, by the names of the oracle's curves."""

    answer: Answer

    @property
    def arm(self) -> Arm:
        """The arm that ran."""
        return self.answer.arm

    def tensor(self, name: str) -> FloatArray:
        """The curve, (steps,); empty if the arm did not answer it."""
        if name == LOSS:
            return self.answer.tensor(f"{PLANNED}/losses")
        names, table = self.answer.result["columns"], self.answer.tensor(f"{PLANNED}/digests")
        return table[:, names.index(name)] if name in names and table.ndim == 2 else np.empty(0)


def _widened_envelope(context: Context, answer: Answer, count: int) -> Envelope:
    """The envelope widened by the distances between the arm's own runs: disturbed ones, and repeated ones."""
    names = (LOSS, *answer.result["columns"])
    disturbance = _distances(_curves(answer, DISTURBED), _curves(answer, PLANNED), names)
    repeats = context.spreads.get(answer.arm.name, {})
    table = np.column_stack([repeats["losses"], repeats["digests"]]) if repeats else np.zeros((count, len(names)))
    # Past the steps of its repeated runs nobody knows how far an inexact arm's runs are apart: the limit applies there.
    unknown = np.full((max(0, count - len(table)), len(names)), np.inf)
    spread = np.concatenate([table, unknown])[:count]
    return envelope(context, answer.arm, count).with_own(disturbance, dict(zip(names, spread.T, strict=True)))


def _curves(answer: Answer, run: str) -> Any:
    """The losses and digests of one run, (steps, 1 + digests)."""
    return np.column_stack([answer.arrays[f"{run}/losses"], answer.arrays[f"{run}/digests"]])


def _distances(a: Any, b: Any, names: Sequence[str]) -> Curves:
    """By name, the distance of two runs at every step; empty if they have different shapes."""
    return dict(zip(names, error_against(a, b).T, strict=True)) if a.shape == b.shape else {}


def _first_divergence(checks: Sequence[Check], a: str, b: str | None, horizon: str) -> Verdict:
    """The verdict of the check that diverges first; if none does, of the one that is nearest to its tolerance.

    `horizon`: the cause of a verdict that has no other.
    """
    arms = [arm for arm in (a, b) if arm is not None]
    first = first_step(checks, arms)
    if first is None:
        worst = worst_of([check.judge(a, b) for check in checks])
        detects = max(check.detects(a, b) for check in checks)
        return worst.model_copy(update={"detects": detects, "cause": worst.cause or horizon})
    step, check = first
    upto = check.upto(step + 1)
    return upto.judge(a, b).model_copy(update={"step": step})


def _step_index(index: tuple[int, ...]) -> str:
    return f"step {index[0]}"
