"""Advice: which known form a diverging arm computes, and the change of a spec that makes the arms equal, proven.

A form is the cause where what the arm answered agrees with the reference as soon as the reference has the form's
changes: that is judged with NumPy alone, by the rung's own judge. The proof asks again: another arm, given these
changes, must agree with the recorded answers; or the arm itself, given the opposite, with the stated spec.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import adapters
from adapters.setting import Setting
from harness.parity.checks import uncertified
from harness.parity.context import Answer, Answers, Context
from harness.parity.forms import FORMS, Form, said
from harness.parity.verdict import Verdict
from harness.spec.arm import Arm, DeviceName
from harness.spec.changes import Changes, NoSuchPathError, at, changed
from harness.spec.experiment import Experiment

Parts: TypeAlias = tuple[str, ...]
Judge = Callable[[Context, Answers], list[Verdict]]
# `ask(arm, changes)` puts the rung's question to the arm once more; None where it has no answer.
Ask = Callable[[str, Changes], Answer | None]

# The most forms that are looked for together, and the most questions for one advice.
TOGETHER = 2
ASKED_AGAIN = 4

MODEL, UPDATE = ("model", "loss", "regularizer"), ("optimizer", "schedule", "weight_decay", "clipping")
# The parts of a spec that a rung's verdicts depend on; of the rungs that are not here no form is looked for.
PARTS: Mapping[str, Parts] = {
    "schedule": ("schedule",),
    "applied-lr": ("optimizer", "schedule", "weight_decay"),
    "activation": ("model",),
    "loss": ("loss", "regularizer"),
    "layer": ("model",),
    "clipping": ("clipping",),
    "optimizer": UPDATE,
    "model": MODEL,
    "step gradient": MODEL,
    "step update": UPDATE,
}


@dataclass(frozen=True)
class Advice:
    """`cause`: the form, what the arm computes, what the spec says. `advice`: what was proven; may be empty."""

    cause: str
    advice: str = ""


@dataclass(frozen=True)
class Explanation:
    """Forms whose `changes`, put together, make the reference compute what an arm answered."""

    forms: tuple[Form, ...] = ()
    changes: Changes = field(default_factory=dict)


def advise(context: Context, rung: str, judge: Judge, verdict: Verdict, answers: Answers, ask: Ask) -> Advice | None:
    """What is to be said of the first diverging verdict of a rung; None where no known form explains it."""
    parts = PARTS.get(rung) or PARTS.get(f"{rung} {verdict.phase}")
    if parts is None:
        return None
    with uncertified():
        return _advice(context, parts, judge, verdict, answers, ask)


def _advice(
    context: Context, parts: Parts, judge: Judge, verdict: Verdict, answers: Answers, ask: Ask
) -> Advice | None:
    wrong = [name for name in answers if name in (verdict.culprit or verdict.arm_a).split(", ")]
    found = {name: explained(context, parts, judge, {name: answers[name]}) for name in wrong}
    known = {name: each for name, each in found.items() if each is not None}
    if not known:
        return None
    proofs = _Proofs(context, judge, answers, ask)
    sayable = {name: each for name, each in known.items() if all(form.can_be_said for form in each.forms)}
    others = {name: list(proofs.of_others(name, each.changes)) for name, each in sayable.items()}
    own = {name: list(proofs.of_itself(name, each)) for name, each in sayable.items()}
    # One arm's way or another's; but where several are wrong, each has to be put right.
    ways = [text for texts in others.values() for text in texts]
    ways += [" and ".join(text for texts in own.values() for text in texts)] if all(own.values()) else []
    causes = [in_words(context.stated, name, each) for name, each in known.items()]
    return Advice("; ".join(causes), ", or ".join(dict.fromkeys(filter(None, ways))))


def explained(context: Context, parts: Parts, judge: Judge, answers: Answers) -> Explanation | None:
    """The forms that explain all divergences of one arm on a rung: one, else two of which the first explains some."""
    so_far, left = Explanation(), _diverging(judge(context, answers))
    while left and len(so_far.forms) < TOGETHER:
        best = None
        for form, changes, given in hypotheses(context, parts):
            still = _diverging(judge(given, answers))
            if best is None or still < best[0]:
                best = still, form, changes, given
            if not still:
                break
        if best is None or best[0] >= left:
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
        if fits and given.experiment != context.stated and all(_is_in(context.stated, path) for path in changes):
            yield form, changes, given


def in_words(stated: Experiment, arm: str, explanation: Explanation) -> str:
    """`momentum form (mindspore has optimizer.form: rate_outside, the spec says rate_inside)`."""
    changes = explanation.changes
    usual = [shown_value(at(stated, path)) for path in changes]
    names = " and ".join(dict.fromkeys(form.name for form in explanation.forms))
    return f"{names} ({arm} computes {shown(changes)}, the spec says {', '.join(usual)})"


def shown(changes: Changes) -> str:
    """As one would write them in an arm's `spec`."""
    return ", ".join(f"{path}: {shown_value(value)}" for path, value in changes.items())


def shown_value(value: Any) -> str:
    plain = said(value)
    return plain if isinstance(plain, str) else json.dumps(plain).replace('"', "")


class _Proofs:
    """Asks again, a few times at most, and judges by the rung's own judge."""

    def __init__(self, context: Context, judge: Judge, answers: Answers, ask: Ask) -> None:
        self.context, self.judge, self.answers, self.ask = context, judge, answers, ask
        self.left = ASKED_AGAIN

    def of_others(self, culprit: str, changes: Changes) -> Iterator[str]:
        """The arms that are right, given the changes; where none is, the experiment."""
        given = self.context.given(changes)
        right = [name for name, own in self.answers.items() if not _diverging(self.judge(self.context, {name: own}))]
        if not right:
            yield from _proof("the experiment", changes, self.judge(given, self.answers), "judged")
        for name in right:
            answer = self._again(name, changes)
            if answer is not None:
                both = {culprit: self.answers[culprit], name: answer}
                yield from _proof(name, changes, self.judge(given, both), "rung run")

    def of_itself(self, culprit: str, found: Explanation) -> Iterator[str]:
        """The culprit, given what the spec says in place of its own; or what makes the spec's of it."""
        for changes in self._opposites(self.answers[culprit].arm, found):
            answer = self._again(culprit, changes)
            if answer is not None and not _diverging(own := self.judge(self.context, {culprit: answer})):
                yield from _proof(culprit, changes, own, "rung run")
                return

    def _opposites(self, arm: Arm, found: Explanation) -> Iterator[Changes]:
        stated = self.context.stated
        own = [path for path in arm.spec if any(_within(path, other) for other in found.changes)]
        if own and all(_is_in(stated, path) for path in own):
            yield {path: said(at(stated, path)) for path in own}
        for form in found.forms:
            yield from (each for each in form.changes_of(stated) if each.keys() == found.changes.keys())

    def _again(self, name: str, changes: Changes) -> Answer | None:
        if not self.left or not supported(self.context, self.answers[name].arm, changes):
            return None
        self.left -= 1
        return self.ask(name, changes)


def _proof(who: str, changes: Changes, verdicts: list[Verdict], how: str) -> Iterator[str]:
    if not _diverging(verdicts):
        worst = max((verdict.worst_ulp or 0.0 for verdict in verdicts), default=0.0)
        yield f"{who} with {shown(changes)} ({how} again with it: agrees, worst {worst:.3g} ULP)"


def _within(path: str, other: str) -> bool:
    """Whether either path lies within the other, or is it."""
    return f"{path}.".startswith(f"{other}.") or f"{other}.".startswith(f"{path}.")


def _is_in(experiment: Experiment, path: str) -> bool:
    try:
        at(experiment, path)
    except NoSuchPathError:
        return False
    return True


def supported(context: Context, arm: Arm, changes: Changes) -> bool:
    """Whether the arm can make what it would be asked for: one that cannot would be lost for all further rungs."""
    try:
        wanted = changed(context.stated, {**arm.spec, **changes})
    except ValueError:
        return False
    device: DeviceName = context.environments.get(arm.name, {}).get("device") or (
        "cpu" if arm.device == "auto" else arm.device
    )
    setting = Setting.of(arm, device)
    asked = set(wanted.words()) - set(context.stated.words())
    return all(adapters.realisation(word, setting).kind != "unsupported" for word in asked)


def _diverging(verdicts: list[Verdict]) -> int:
    """How many comparisons diverge; an entry of the ledger that nothing needs is none."""
    return sum(verdict.status == "diverges" and verdict.arm_b != "" for verdict in verdicts)


def _shapes(experiment: Experiment) -> list[tuple[int, ...]]:
    return [placed.output_shape for placed in experiment.model.placed_layers()]
