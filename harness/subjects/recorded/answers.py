"""Verdicts on the recorded answers of two arms to the rungs' questions, judged as if the arms had just given them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.judging.context import Answer, Context
from harness.records.verdict import Verdict
from harness.rungs import registry
from harness.rungs.questions import question_digest
from harness.subjects.recorded.judge import Judge
from harness.subjects.recorded.pairing import ArmPair
from harness.subjects.recorded.reliance import relied_on


def answers_verdicts(judge: Judge, pair: ArmPair) -> list[Verdict]:
    """The verdicts of every rung that both arms have recorded an answer to, in the ladder's order.

    A rung is `unverified` if the reference cannot run, or if the question that this version of twinrun asks is not the
    one that was answered.
    """
    both = [rung for rung in registry.questions() if all(rung in arm.answers for arm in pair.sides)]
    if judge.context is None:
        return [_unverified(pair, rung, judge.why) for rung in both]
    with TemporaryDirectory(prefix="twinrun-") as scratch:
        context = replace(judge.context, scratch=Path(scratch), spreads={})
        return [
            relied_on(verdict, pair.sides, f"{rung}.json", f"{rung}.npz")
            for rung in both
            for verdict in _judged(context, pair, rung)
        ]


def _judged(context: Context, pair: ArmPair, rung: str) -> Iterator[Verdict]:
    question = registry.questions()[rung]
    asked = question_digest(question.task, question.ask(context))
    others = [arm.trace.arm.name for arm in pair.sides if arm.answers[rung].question != asked]
    if others:
        cause = f"{' and '.join(others)} answered another question than this twinrun asks"
        if context.cost is not None and context.cost.is_reduced:
            cause += f", which asks what both were asked: {context.cost.reductions}"
        yield _unverified(pair, rung, cause)
        return
    recorded = ((arm.trace.arm, arm.answers[rung]) for arm in pair.sides)
    answers = {arm.name: Answer(arm, dict(answer.result), answer.arrays) for arm, answer in recorded}
    yield from question.judge(context, answers)


def _unverified(pair: ArmPair, rung: str, cause: str) -> Verdict:
    a, b = pair.names
    return Verdict(rung=rung, subject="recorded answers", arm_a=a, arm_b=b, status="unverified", cause=cause)
