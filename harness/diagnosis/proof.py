"""The proof of an advice: an arm is asked again, given the changes, and judged by the rung's own judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import adapters
from adapters.setting import Setting
from harness.diagnosis.forms import Explanation, said, shown
from harness.judging.context import Answer, Answers, Context
from harness.records.verdict import Verdict
from harness.spec.arm import Arm, DeviceName
from harness.spec.changes import Changes, at, changed, leads_somewhere

Judge = Callable[[Context, Answers], list[Verdict]]
# `ask(arm, changes)` puts the rung's question to one arm again, with these changes; None if the arm has no answer.
AskArm = Callable[[str, Changes], Answer | None]

# The most questions for one advice.
ASKED_AGAIN = 4


class Proofs:
    """Asks again, a few times at most, and judges by the rung's own judge."""

    def __init__(self, context: Context, judge: Judge, answers: Answers, ask: AskArm) -> None:
        self.context, self.judge, self.answers, self.ask = context, judge, answers, ask
        self.left = ASKED_AGAIN
        alone = {name: judge(context, {name: own}) for name, own in answers.items()}
        self.right = [name for name, verdicts in alone.items() if not diverging(verdicts)]
        self.subjects = {each.subject for own in alone.values() for each in own if each.status == "diverges"}

    def of_others(self, culprit: str, changes: Changes) -> Iterator[str]:
        """The arms that are right, given the changes; where none is, the experiment."""
        given = self.context.given(changes)
        if not self.right:
            yield from self._proof("the experiment", changes, self.judge(given, self.answers), "judged")
        for name in self.right:
            answer = self._again(name, changes)
            if answer is not None:
                both = {culprit: self.answers[culprit], name: answer}
                yield from self._proof(name, changes, self.judge(given, both), "rung run")

    def of_itself(self, culprit: str, found: Explanation) -> Iterator[str]:
        """The culprit, given what the spec says in place of its own; or what makes the spec's of it."""
        for changes in self._opposites(self.answers[culprit].arm, found):
            answer = self._again(culprit, changes)
            if answer is not None and not diverging(own := self.judge(self.context, {culprit: answer})):
                yield from self._proof(culprit, changes, own, "rung run")
                return

    def _opposites(self, arm: Arm, found: Explanation) -> Iterator[Changes]:
        stated = self.context.stated
        own = [path for path in arm.spec if any(_within(path, other) for other in found.changes)]
        if own and all(leads_somewhere(stated, path) for path in own):
            yield {path: said(at(stated, path)) for path in own}
        for form in found.forms:
            yield from (each for each in form.changes_of(stated) if each.keys() == found.changes.keys())

    def _again(self, name: str, changes: Changes) -> Answer | None:
        if not self.left or not supported(self.context, self.answers[name].arm, changes):
            return None
        self.left -= 1
        return self.ask(name, changes)

    def _proof(self, who: str, changes: Changes, verdicts: list[Verdict], how: str) -> Iterator[str]:
        if diverging(verdicts):
            return
        # The subjects that diverged, so far as they are called alike with the changes.
        own = [verdict for verdict in verdicts if verdict.subject in self.subjects] or verdicts
        worst = max((verdict.worst_ulp or 0.0 for verdict in own), default=0.0)
        outcome = "known in the ledger" if any(verdict.status == "known" for verdict in own) else "agrees"
        yield f"{who} with {shown(changes)} ({how} again with it: {outcome}, worst {worst:.3g} ULP)"


def _within(path: str, other: str) -> bool:
    """Whether either path lies within the other, or is it."""
    return f"{path}.".startswith(f"{other}.") or f"{other}.".startswith(f"{path}.")


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


def diverging(verdicts: list[Verdict]) -> int:
    """How many comparisons diverge; an entry of the ledger that nothing needs is none."""
    return sum(verdict.status == "diverges" and verdict.arm_b != "" for verdict in verdicts)
