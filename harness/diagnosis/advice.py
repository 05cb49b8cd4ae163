"""Advice: which known form a diverging arm computes, and the change of a spec that makes the arms equal, proven.

A form is the cause where what the arm answered agrees with the reference as soon as the reference has the form's
changes: that is judged with NumPy alone, by the rung's own judge. The proof asks again: another arm, given these
changes, must agree with the recorded answers; or the arm itself, given the opposite, with the stated spec.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.diagnosis.forms import Explanation, Form, in_words
from harness.diagnosis.known_forms import FORMS
from harness.diagnosis.proof import AskArm, Judge, Proofs, diverging
from harness.judging.checks import uncertified
from harness.judging.context import Answers, Context
from harness.records.verdict import Verdict
from harness.rungs.rung import Parts, Question
from harness.spec.changes import Changes, leads_somewhere
from harness.spec.experiment import Experiment

# The most forms that are looked for together.
TOGETHER = 2


@dataclass(frozen=True)
class Advice:
    """`cause`: the form, what the arm computes, what the spec says. `advice`: what was proven; may be empty."""

    cause: str
    advice: str = ""


def advise(context: Context, question: Question, verdict: Verdict, answers: Answers, ask: AskArm) -> Advice | None:
    """What is to be said of a rung's first diverging verdict on answers; None where no known form explains it."""
    parts = question.parts(verdict.phase)
    if not parts:
        return None
    with uncertified():
        return _advice(context, parts, question.judge, verdict, answers, ask)


def _advice(
    context: Context, parts: Parts, judge: Judge, verdict: Verdict, answers: Answers, ask: AskArm
) -> Advice | None:
    wrong = [name for name in answers if name in (verdict.culprit or verdict.arm_a).split(", ")]
    right = {name: answer for name, answer in answers.items() if name not in wrong}
    found = {name: explained(context, parts, judge, {name: answers[name]}, right) for name in wrong}
    known = {name: each for name, each in found.items() if each is not None}
    if not known:
        return None
    proofs = Proofs(context, judge, answers, ask)
    sayable = {name: each for name, each in known.items() if all(form.can_be_said for form in each.forms)}
    others = {name: list(proofs.of_others(name, each.changes)) for name, each in sayable.items()}
    own = {name: list(proofs.of_itself(name, each)) for name, each in sayable.items()}
    # One arm's way or another's; but where several are wrong, each has to be put right.
    ways = [text for texts in others.values() for text in texts]
    ways += [" and ".join(text for texts in own.values() for text in texts)] if all(own.values()) else []
    causes = [in_words(context.stated, name, each) for name, each in known.items()]
    return Advice("; ".join(causes), ", or ".join(dict.fromkeys(filter(None, ways))))


def explained(context: Context, parts: Parts, judge: Judge, answers: Answers, right: Answers) -> Explanation | None:
    """The forms that explain all divergences of one arm on a rung: one, else two of which the first explains some.

    The `right` answers of others must diverge with them, or they would explain anything.
    """
    so_far, left = Explanation(), diverging(judge(context, answers))
    while left and len(so_far.forms) < TOGETHER:
        best = None
        for form, changes, given in hypotheses(context, parts):
            still = diverging(judge(given, answers))
            if still < (best[0] if best else left) and (not right or diverging(judge(given, right))):
                best = still, form, changes, given
            if best and not best[0]:
                break
        if best is None:
            return None
        left, form, changes, context = best
        so_far = Explanation((*so_far.forms, form), {**so_far.changes, **changes})
    return None if left or not so_far.forms else so_far


def hypotheses(context: Context, parts: Parts) -> Iterator[tuple[Form, Changes, Context]]:
    """Every form's changes of these parts of the spec, with the reference that has them; the fewest changes first."""
    shapes = _shapes(context.experiment)
    each = [(form, changes) for form in FORMS for changes in form.changes_of(context.experiment)]
    for form, changes in sorted(each, key=lambda one: len(one[1])):
        if not all(path.partition(".")[0] in parts for path in changes):
            continue
        try:
            given = context.given(changes)
        except ValueError:  # no spec: the form does not go with its other words
            continue
        fits = _shapes(given.experiment) == shapes  # the questions are about arrays of the stated shapes
        told = all(leads_somewhere(context.stated, path) for path in changes)
        if fits and told and given.experiment != context.stated:
            yield form, changes, given


def _shapes(experiment: Experiment) -> list[tuple[int, ...]]:
    return [placed.output_shape for placed in experiment.model.placed_layers()]
