"""Advice: what a diverging arm computes in place of the spec, and the change that makes the arms equal, proven.

The first hypothesis is the arm's own `spec`, each of its changes alone, then all of them; then come the known forms. A
hypothesis is the cause where what the arm answered agrees with the reference as soon as the reference has its changes:
that is judged with NumPy alone, by the rung's own judge. The proof asks again: another arm, given these changes, must
agree with the recorded answers; or the arm itself, given the opposite, with the stated spec.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.diagnosis.forms import OWN, Explanation, Form, in_words
from harness.diagnosis.known_forms import FORMS
from harness.diagnosis.proof import AskArm, Judge, Proofs, diverging
from harness.diagnosis.solved_numbers import relation_of, solved
from harness.judging.checks import uncertified
from harness.judging.context import Answers, Context
from harness.records.verdict import Verdict
from harness.rungs.rung import OF_THE_MODEL, OF_THE_UPDATE, Parts, Question, Shortened
from harness.spec.changes import Changes, leads_somewhere
from harness.spec.experiment import Experiment

# The most forms that are looked for together.
TOGETHER = 2
PHASES_OF_THE_UPDATE = ("slots", "update")
OWN_FORM = Form(OWN, lambda stated: iter(()))


@dataclass(frozen=True)
class Advice:
    """`cause`: the form, what the arm computes, what the spec says. `advice`: what was proven; may be empty."""

    cause: str
    advice: str = ""


def advise(
    context: Context, question: Question, verdict: Verdict, answers: Answers, ask: AskArm, phase: str = ""
) -> Advice | None:
    """What is to be said of a rung's first diverging verdict on answers; None if no hypothesis explains it.

    `phase`: the phase in which the divergence was localised; hypotheses about the parts computed there come first.
    """
    parts = question.parts(verdict.phase)
    if not parts:
        return None
    likely = OF_THE_UPDATE if phase in PHASES_OF_THE_UPDATE else OF_THE_MODEL
    with uncertified():
        return _advice(context, question, parts, likely, verdict, answers, ask)


def _advice(
    context: Context, question: Question, parts: Parts, likely: Parts, verdict: Verdict, answers: Answers, ask: AskArm
) -> Advice | None:
    wrong = _suspects(verdict, answers)
    known, unexplained = {}, []
    for name in wrong:
        short = question.shorten(context, answers, name, verdict) if question.shorten else Shortened(context, answers)
        search = Search(short, question.judge, parts, likely, name, [other for other in answers if other not in wrong])
        explanation = search.by_own_spec() or search.by_forms(most=1)
        if explanation is None and search.can_be_solved:
            explanation = search.by_numbers()
        explanation = explanation or search.by_forms()
        if explanation is not None:
            known[name] = explanation
        elif search.own_changes:
            own = Explanation((OWN_FORM,), search.own_changes)
            outcome = "has arrays of other shapes" if search.cannot_be_tried else "does not explain it"
            unexplained.append(f"{in_words(context.stated, name, own)} {outcome}")
    if not known:
        return Advice("; ".join([verdict.cause, *unexplained])) if unexplained else None
    proofs = Proofs(context, question.judge, answers, ask)
    sayable = {name: each for name, each in known.items() if all(form.can_be_said for form in each.forms)}
    others = {name: list(proofs.of_others(name, each.changes)) for name, each in sayable.items()}
    own_ways = {name: list(proofs.of_itself(name, each)) for name, each in sayable.items()}
    # One arm's way or another's; but where several are wrong, each has to be put right.
    ways = [text for texts in others.values() for text in texts]
    ways += [" and ".join(text for texts in own_ways.values() for text in texts)] if all(own_ways.values()) else []
    causes = [in_words(context.stated, name, each) for name, each in known.items()]
    return Advice("; ".join(causes + unexplained), ", or ".join(dict.fromkeys(filter(None, ways))))


def _suspects(verdict: Verdict, answers: Answers) -> list[str]:
    """The culprits; if the verdict names none, those of its arms that have a `spec` of their own, else the first."""
    if verdict.culprit:
        return [name for name in answers if name in verdict.culprit.split(", ")]
    suspects = [name for name in (verdict.arm_a, verdict.arm_b) if name in answers]
    return [name for name in suspects if answers[name].arm.spec] or suspects[:1]


@dataclass(frozen=True)
class Search:
    """The search for what one arm computes in place of the spec, in these `parts` of it; the `likely` ones first."""

    question: Shortened
    judge: Judge
    parts: Parts
    likely: Parts
    culprit: str
    right: list[str]

    @property
    def own_changes(self) -> Changes:
        """The changes of the arm's own `spec` in these parts."""
        spec = self.question.answers[self.culprit].arm.spec
        return {path: value for path, value in spec.items() if path.partition(".")[0] in self.parts}

    @property
    def cannot_be_tried(self) -> bool:
        """Whether no reference with the arm's own changes computes arrays that could be compared with its answers."""
        return _given(self.question.context, self.own_changes) is None

    def by_own_spec(self) -> Explanation | None:
        """The first of the arm's own changes that explains all its divergences, or all of them together."""
        context, changes = self.question.context, self.own_changes
        alone = [{path: value} for path, value in changes.items()]
        for candidate in [*alone, changes] if len(alone) > 1 else alone:
            given = _given(context, candidate)
            if given is not None and not self._diverging(given, [self.culprit]):
                forms = (_form_of(context, {path: value}) for path, value in candidate.items())
                return Explanation(tuple(dict.fromkeys(forms)), candidate, relation_of(context, candidate))
        return None

    @property
    def can_be_solved(self) -> bool:
        """Whether numbers are solved for: not in free runs, in which each hypothesis is a training."""
        return not self.question.is_run

    def by_numbers(self) -> Explanation | None:
        """The one number of the spec that explains all divergences at another value, solved for from the answers."""

        def explains(changes: Changes) -> bool:
            given = _given(self.question.context, changes)
            if given is None or self._diverging(given, [self.culprit]):
                return False
            return not self.right or bool(self._diverging(given, self.right))

        solution = solved(self.question, self.judge, self.culprit, self.parts, self.likely, explains)
        if solution is None:
            return None
        form = Form(solution.name, lambda stated: iter(()))
        return Explanation((form,), solution.changes, solution.relation)

    def by_forms(self, most: int = TOGETHER) -> Explanation | None:
        """The known forms that explain all divergences: one, else two of which the first explains some.

        `most`: how many are tried together. The answers of the right arms must diverge with them, or they would explain
        anything.
        """
        context, so_far = self.question.context, Explanation()
        left = self._diverging(context, [self.culprit])
        while left and len(so_far.forms) < most:
            best = None
            for form, changes, given in hypotheses(context, self.parts, self.likely):
                if not self.question.admits(given):
                    continue
                still = self._diverging(given, [self.culprit])
                if still < (best[0] if best else left) and (not self.right or self._diverging(given, self.right)):
                    best = still, form, changes, given
                if best and not best[0]:
                    break
            if best is None:
                return None
            left, form, changes, context = best
            so_far = Explanation((*so_far.forms, form), {**so_far.changes, **changes})
        return None if left or not so_far.forms else so_far

    def _diverging(self, context: Context, arms: list[str]) -> int:
        return diverging(self.judge(context, {name: self.question.answers[name] for name in arms}))


def hypotheses(context: Context, parts: Parts, likely: Parts = ()) -> Iterator[tuple[Form, Changes, Context]]:
    """Every form's changes of these parts of the spec, with the reference that has them; the fewest changes first.

    `likely`: the parts whose forms come before all others.
    """
    pairs = [(form, changes) for form in FORMS for changes in form.changes_of(context.experiment)]

    def order(pair: tuple[Form, Changes]) -> tuple[bool, int]:
        return not _within(pair[1], likely), len(pair[1])

    for form, changes in sorted(pairs, key=order):
        if not _within(changes, parts):
            continue
        given = _given(context, changes)
        told = all(leads_somewhere(context.stated, path) for path in changes)
        if given is not None and told and given.experiment != context.stated:
            yield form, changes, given


def _given(context: Context, changes: Changes) -> Context | None:
    """The context with the changes; None if they give no spec, or one whose arrays have other shapes than was asked."""
    try:
        given = context.given(changes)
    except ValueError:  # the changes do not go with the other words
        return None
    return given if _shapes(given.experiment) == _shapes(context.experiment) else None


def _form_of(context: Context, changes: Changes) -> Form:
    """The known form that makes the same changes of the spec; else the arm's own."""
    for form in FORMS:
        if form.can_be_said and any(
            candidate.keys() == changes.keys() and _same(context, candidate, changes)
            for candidate in form.changes_of(context.experiment)
        ):
            return form
    return OWN_FORM


def _same(context: Context, a: Changes, b: Changes) -> bool:
    first, second = _given(context, a), _given(context, b)
    return first is not None and second is not None and first.experiment == second.experiment


def _within(changes: Changes, parts: Parts) -> bool:
    return all(path.partition(".")[0] in parts for path in changes)


def _shapes(experiment: Experiment) -> list[tuple[int, ...]]:
    return [placed.output_shape for placed in experiment.model.placed_layers()]
