"""What the rungs of single words share: cases are put to every arm, and each answer is judged against the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.arrays import save_arrays
from harness.cases import Arrays, Case, answer
from harness.parity.context import Answer, Answers, Context, pairs
from harness.parity.judge import Claim, judge, worst_of
from harness.parity.tolerances import Tolerance, own_error
from harness.parity.verdict import Verdict
from harness.spec.vocabulary import specimens


def subjects(context: Context, family: str) -> list[Any]:
    """The experiment's own words of a family, then, where the vocabulary is checked, every specimen."""
    own = [word for word in context.experiment.words() if word.family == family]
    whole = specimens(family) if family in context.experiment.vocabulary else ()
    return list(dict.fromkeys([*own, *whole]))


def tolerances_by_own_error(case: Case, reference: Arrays, in_float32: Arrays, precision: Any) -> dict[str, Tolerance]:
    """The reference's largest error in each tensor."""
    return {name: own_error(value, in_float32[name], precision) for name, value in reference.items()}


@dataclass(frozen=True)
class WordRung:
    """A rung made of cases. `tolerances` gives the bound for each tensor of an answer."""

    name: str
    cases: Callable[[Context], Iterable[Case]]
    tolerances: Callable[[Case, Arrays, Arrays, Any], dict[str, Tolerance]] = tolerances_by_own_error

    def ask(self, context: Context) -> dict[str, Any]:
        cases = list(self.cases(context))
        path = context.scratch / f"{self.name}_cases.npz"
        save_arrays(path, {f"{i}/{name}": value for i, case in enumerate(cases) for name, value in case.arrays.items()})
        return {"cases": [case.plain() for case in cases], "given": str(path)}

    def judge(self, context: Context, answers: Answers) -> list[Verdict]:
        verdicts: list[Verdict] = []
        for number, case in enumerate(self.cases(context)):
            reference = answer(context.oracle, case.call, case.given, case.arrays)
            reference = {name: np.asarray(value, np.float64) for name, value in reference.items()}
            able = {}
            for name, each in answers.items():
                refused = each.result["refused"].get(str(number))
                if refused is None:
                    able[name] = each
                else:
                    verdicts.append(self._unsupported(case, each, refused))
            own = {name: self._tolerances(context, case, each, reference) for name, each in able.items()}
            for a, b in pairs(able):
                verdicts.append(self._verdict(case, number, reference, own, a, b))
        return verdicts

    def _tolerances(self, context: Context, case: Case, each: Answer, reference: Arrays) -> dict[str, Tolerance]:
        in_float32 = answer(context.in_float32(each.arm), case.call, case.given, case.arrays)
        return self.tolerances(case, reference, in_float32, each.precision)

    def _verdict(
        self,
        case: Case,
        number: int,
        reference: Arrays,
        tolerances: dict[str, dict[str, Tolerance]],
        a: Answer,
        b: Answer | None,
    ) -> Verdict:
        """The worst of the tensors; an arm that answered others than the reference diverges."""

        def claim(each: Answer, name: str) -> Claim:
            bound = tolerances[each.arm.name][name]
            return Claim(each.arm.name, each.tensor(f"{number}/{name}"), bound, each.precision)

        found = [
            judge(
                self.name,
                case.subject,
                values,
                claim(a, name),
                claim(b, name) if b else None,
                lambda index, name=name: f"{name}{list(index)}",  # type: ignore[misc]
            )
            for name, values in reference.items()
        ]
        return worst_of(found)

    def _unsupported(self, case: Case, each: Answer, reason: str) -> Verdict:
        return Verdict(rung=self.name, subject=case.subject, arm_a=each.arm.name, status="unsupported", cause=reason)
