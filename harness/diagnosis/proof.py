"""The proof of an advice: an arm is asked again with the changes, and the rung's own judge judges its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import adapters
from adapters.setting import Setting
from harness.diagnosis.forms import Explanation, as_written, shown
from harness.judging.context import Answer, Answers, Context
from harness.records.verdict import Verdict
from harness.spec.arm import Arm, DeviceName
from harness.spec.changes import Changes, at, changed, leads_somewhere

Judge = Callable[[Context, Answers], list[Verdict]]
# `ask(arm, changes)` puts the rung's question to one arm again, with these changes; None if the arm has no answer.
AskArm = Callable[[str, Changes], Answer | None]

# The largest number of questions for one advice.
ASKED_AGAIN = 4
MEANINGFUL_ULP = 1e6


class Proofs:
    """Asks arms again, at most `ASKED_AGAIN` times, and judges their answers by the rung's own judge."""

    def __init__(self, context: Context, judge: Judge, answers: Answers, ask: AskArm) -> None:
        self.context, self.judge, self.answers, self.ask = context, judge, answers, ask
        self.left = ASKED_AGAIN
        alone = {name: judge(context, {name: own}) for name, own in answers.items()}
        self.right = [name for name, verdicts in alone.items() if not diverging(verdicts)]
        self.subjects = {verdict.subject for own in alone.values() for verdict in own if verdict.status == "diverges"}

    def of_others(self, culprit: str, changes: Changes) -> Iterator[str]:
        """Proofs that the right arms, asked again with the changes, agree with the culprit.

        If no arm is right, the proof that the culprit agrees with a reference that has the changes.
        """
        changed_context = self.context.given(changes)
        if not self.right:
            yield from self._proof("the experiment", changes, self.judge(changed_context, self.answers), "judged")
        for name in self.right:
            answer = self._again(name, changes)
            if answer is not None:
                both = {culprit: self.answers[culprit], name: answer}
                yield from self._proof(name, changes, self.judge(changed_context, both), "rung run")

    def of_itself(self, culprit: str, explanation: Explanation) -> Iterator[str]:
        """A proof that the culprit agrees with the stated spec, once its own differences from the spec are undone."""
        for changes in self._opposites(self.answers[culprit].arm, explanation):
            answer = self._again(culprit, changes)
            if answer is not None and not diverging(verdicts := self.judge(self.context, {culprit: answer})):
                yield from self._proof(culprit, changes, verdicts, "rung run")
                return

    def _opposites(self, arm: Arm, explanation: Explanation) -> Iterator[Changes]:
        stated = self.context.stated
        paths = [path for path in arm.spec if any(_within(path, other) for other in explanation.changes)]
        if paths and all(leads_somewhere(stated, path) for path in paths):
            yield {path: as_written(at(stated, path)) for path in paths}
        for form in explanation.forms:
            yield from (
                alternative
                for alternative in form.changes_of(stated)
                if alternative.keys() == explanation.changes.keys()
            )

    def _again(self, name: str, changes: Changes) -> Answer | None:
        if not self.left or not supported(self.context, self.answers[name].arm, changes):
            return None
        self.left -= 1
        return self.ask(name, changes)

    def _proof(self, who: str, changes: Changes, verdicts: list[Verdict], how: str) -> Iterator[str]:
        if diverging(verdicts):
            return
        # The verdicts on subjects that diverged before; all, if the changes give the subjects other names.
        relevant = [verdict for verdict in verdicts if verdict.subject in self.subjects] or verdicts
        worst = max((verdict.worst_ulp or 0.0 for verdict in relevant), default=0.0)
        excess = max((verdict.error_over_tolerance or 0.0 for verdict in relevant), default=0.0)
        # A tensor that is all rounding error is off by any number of ULP.
        size = f"worst {worst:.3g} ULP" if worst < MEANINGFUL_ULP else f"worst {excess:.2g} of its tolerance"
        outcome = "known in the ledger" if any(verdict.status == "known" for verdict in relevant) else "agrees"
        yield f"{who} with {shown(changes)} ({how} again with it: {outcome}, {size})"


def _within(path: str, other: str) -> bool:
    """Whether the paths are equal or one contains the other."""
    return f"{path}.".startswith(f"{other}.") or f"{other}.".startswith(f"{path}.")


def supported(context: Context, arm: Arm, changes: Changes) -> bool:
    """Whether the arm supports the changed spec. An arm that fails on it would be lost for all further rungs."""
    try:
        changed_experiment = changed(context.stated, {**arm.spec, **changes})
    except ValueError:
        return False
    device: DeviceName = context.environments.get(arm.name, {}).get("device") or (
        "cpu" if arm.device == "auto" else arm.device
    )
    setting = Setting.of(arm, device)
    new_words = set(changed_experiment.words()) - set(context.stated.words())
    return all(adapters.realisation(word, setting).kind != "unsupported" for word in new_words)


def diverging(verdicts: list[Verdict]) -> int:
    """The number of comparisons that diverge. A verdict on an unused entry of the ledger is no comparison."""
    return sum(verdict.status == "diverges" and verdict.arm_b != "" for verdict in verdicts)
