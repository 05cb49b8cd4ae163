"""What the rungs of single words share: cases are put to every arm, and each answer is judged against the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from adapters.protocol import Adapter
from adapters.reference.ensemble import disturbed
from harness.judging.cases import Arrays, Case, answer
from harness.judging.checks import Check, judge_checks
from harness.judging.context import Answer, Answers, Context, NumberedAnswer
from harness.judging.ledger_excuses import inaccuracies, of_word, propagated, words_within
from harness.judging.tolerances import RUNS, Excuse, Tolerance, furthest, own_error
from harness.ledger import Entry
from harness.oracles.oracle import Place, checks
from harness.oracles.reference import Reference
from harness.records.array_types import FloatArray
from harness.records.tensor_key import only, prefixed
from harness.records.verdict import Verdict
from harness.rungs.rung import Parts, Question, Rung
from harness.rungs.tasks import TASKS
from harness.spec.model import PlacedLayer
from harness.spec.vocabulary import specimens
from harness.system.array_files import save_arrays

NOTHING = "none"  # the clipping, regularizer or weight decay that does nothing: checked in the vocabulary only


def subjects(context: Context, family: str) -> list[Any]:
    """The experiment's own words of a family, then, where the vocabulary is checked, every specimen."""
    own = [word for word in context.stated.words() if word.family == family and word.word() != NOTHING]
    whole = specimens(family) if family in context.stated.vocabulary else ()
    return list(dict.fromkeys([*own, *whole]))


def tolerances_by_own_error(case: Case, reference: Arrays, in_float32: Arrays, precision: Any) -> dict[str, Tolerance]:
    """The reference's largest error in each tensor."""
    return {name: own_error(value, in_float32[name], precision) for name, value in reference.items()}


class _Needed:
    """The ledger's entries that were asked about, and those that a claim needed, by the arm's name."""

    def __init__(self) -> None:
        self.asked: dict[tuple[str, Entry], None] = {}
        self.used: set[tuple[str, Entry]] = set()

    def excuses(
        self, context: Context, case: Case, each: Answer, reference: Arrays, tolerances: dict[str, Tolerance]
    ) -> dict[str, Callable[[], Excuse | None]]:
        """By tensor: what the ledger says of the word itself, else of the words within what was made."""
        own = [entry for found in inaccuracies(context, each.arm, [case.word]).values() for entry in found]
        if not own:
            within = [word for word in words_within(case.given) if word != case.word]
            effect = propagated(
                context, each.arm, within, lambda: answer(context.oracle, case.call, case.given, case.arrays)
            )
            return {name: effect.excuse(name, tolerance) for name, tolerance in tolerances.items()}
        self.asked |= dict.fromkeys((each.arm.name, entry) for entry in own)

        def asked(name: str) -> Excuse:
            self.used |= {(each.arm.name, entry) for entry in own}
            return of_word(own, reference[name], tolerances[name])

        return {name: partial(asked, name) for name in tolerances}


@dataclass(frozen=True)
class WordRung:
    """A rung made of cases. `tolerances` gives the bound for each tensor of an answer."""

    name: str
    cases: Callable[[Context], Iterable[Case]]
    depends_on: Parts
    tolerances: Callable[[Case, Arrays, Arrays, Any], dict[str, Tolerance]] = tolerances_by_own_error
    has_weights: bool = False

    @property
    def rung(self) -> Rung:
        return Rung(self.name, Question(self.ask, self.judge, TASKS["words"], {"": self.depends_on}))

    def ask(self, context: Context) -> dict[str, Any]:
        cases = list(self.cases(context))
        path = context.scratch / f"{self.name}_cases.npz"
        arrays: Arrays = {}
        for number, case in enumerate(cases):
            arrays |= prefixed(number, case.arrays)
        save_arrays(path, arrays)
        return {"cases": [case.plain() for case in cases], "given": str(path)}

    def judge(self, context: Context, answers: Answers) -> list[Verdict]:
        verdicts: list[Verdict] = []
        needed = _Needed()
        for number, asked in enumerate(self.cases(context)):
            case = replace(asked, given=context.replacement.of(asked.given))
            reference = self._made(context, context.oracle, case, number)
            reference = {name: np.asarray(value, np.float64) for name, value in reference.items()}
            able = {}
            for name, each in answers.items():
                refused = each.result["refused"].get(str(number))
                if refused is None:
                    able[name] = each
                else:
                    verdicts.append(self._unsupported(case, each, refused))
            own = {name: self._tolerances(context, case, number, each, reference) for name, each in able.items()}
            excuses = {name: needed.excuses(context, case, each, reference, own[name]) for name, each in able.items()}
            verdicts += judge_checks(self._checks(case, number, reference, own, excuses, able))
        return verdicts + self._stale(context, needed)

    def _stale(self, context: Context, needed: _Needed) -> list[Verdict]:
        """A divergence each for the entries of the ledger that no case of the whole vocabulary needed."""
        return [
            Verdict(
                rung=self.name,
                subject=entry.word,
                arm_a=arm,
                status="diverges",
                cause=f"ledger: {entry.id} is stale: {arm} is within the ordinary tolerance everywhere",
            )
            for arm, entry in needed.asked
            if entry.family in context.experiment.vocabulary and (arm, entry) not in needed.used
        ]

    def _tolerances(
        self, context: Context, case: Case, number: int, each: Answer, reference: Arrays
    ) -> dict[str, Tolerance]:
        adapter = context.in_float32(each.arm)
        in_float32 = self._made(context, adapter, case, number)
        if self.has_weights:
            moved = (self._made(context, adapter, case, number, seed) for seed in range(1, RUNS))
            in_float32 = furthest(reference, [in_float32, *moved])
        return self.tolerances(case, reference, in_float32, each.precision)

    def _made(self, context: Context, adapter: Adapter, case: Case, number: int, seed: int = 0) -> Arrays:
        """By the reference: the same for all arms of a policy, and whatever the experiment's other words are.

        With a seed, at weights that are moved by a unit in the last place.
        """
        key = self.name, number, case.given, adapter.arm.precision, adapter.arm.realisation, seed
        if key not in context.of_words:
            weights = only(case.arrays, "weight")
            arrays = {**case.arrays, **disturbed(weights, seed)} if seed else case.arrays
            context.of_words[key] = answer(adapter, case.call, case.given, arrays)
        made: Arrays = context.of_words[key]
        return made

    def _checks(
        self,
        case: Case,
        number: int,
        reference: Arrays,
        tolerances: Mapping[str, Mapping[str, Tolerance]],
        excuses: Mapping[str, Mapping[str, Callable[[], Excuse | None]]],
        able: Answers,
    ) -> list[Check]:
        """One for each tensor; an arm that answered others than the reference diverges."""
        layer = case.given.name if isinstance(case.given, PlacedLayer) else ""

        def place(name: str) -> Place:
            return Place(case.subject, layer=layer, name_index=lambda index: f"{name}{list(index)}")

        held = [n for n, values in reference.items() if all(_holds(each.precision, values) for each in able.values())]
        by_tensor = {arm: partial(_excuse_of, of_arm) for arm, of_arm in excuses.items()}
        numbered = {arm: NumberedAnswer(each, number) for arm, each in able.items()}
        oracle = Reference(reference, tolerances, by_tensor)
        return checks(self.name, oracle, numbered, {name: place(name) for name in held})

    def _unsupported(self, case: Case, each: Answer, reason: str) -> Verdict:
        return Verdict(rung=self.name, subject=case.subject, arm_a=each.arm.name, status="unsupported", cause=reason)


def _excuse_of(
    excuses: Mapping[str, Callable[[], Excuse | None]], tensor: str, tolerance: Tolerance
) -> Callable[[], Excuse | None]:
    return excuses[tensor]


def _holds(precision: Any, values: FloatArray) -> bool:
    """Whether the numbers are within its range; past it, where updates grow without end, nothing is right or wrong."""
    return bool(np.max(np.abs(values[np.isfinite(values)]), initial=0.0) <= np.finfo(precision).max)
