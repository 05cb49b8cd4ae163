"""The rungs of single words: every arm computes the same cases, and its answers are judged against the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from adapters.protocol import Adapter
from adapters.reference.ensemble import disturbed
from harness.judging.arithmetic import Arithmetic
from harness.judging.cases import Arrays, Case, answer
from harness.judging.checks import Check, judge_checks
from harness.judging.context import REFERENCE, Answer, Answers, Context, NumberedAnswer
from harness.judging.ledger_excuses import inaccuracies, of_word, propagated, share_of_bound
from harness.judging.remainders import InFloat32, one_run
from harness.judging.tolerances import FACTOR, Excuse, Tolerance, float32_runs, furthest, largest_anywhere, own_error
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
from harness.spec.words_within import words_within
from harness.system.array_files import save_arrays
from harness.system.progress import counted

NOTHING = "none"  # the clipping, regularizer or weight decay that does nothing: checked in the vocabulary only


def subjects(context: Context, family: str) -> list[Any]:
    """The experiment's words of a family; every specimen of the family follows if its vocabulary is checked."""
    stated = [word for word in context.stated.words() if word.family == family and word.word() != NOTHING]
    vocabulary = specimens(family) if family in context.stated.vocabulary else ()
    return list(dict.fromkeys([*stated, *vocabulary]))


def tolerances_by_own_error(case: Case, reference: Arrays, in_float32: Arrays, precision: Any) -> dict[str, Tolerance]:
    """By tensor, the tolerance from the reference's largest float32 error in it."""
    return {name: own_error(value, in_float32[name], precision) for name, value in reference.items()}


def _in_the_tensor(_: Case, error: FloatArray) -> Any:
    return largest_anywhere(error)


class _LedgerUse:
    """The ledger's entries that apply to a word of a case, and those that a claim needed, each with the arm's name.

    `shares`: the arm's largest error in the entry's word, as a share of the entry's bound.
    """

    def __init__(self) -> None:
        self.shares: dict[tuple[str, Entry], float] = {}
        self.needed: set[tuple[str, Entry]] = set()

    @property
    def stale(self) -> list[tuple[str, Entry]]:
        """Those that no claim needed and of whose bound the arm's errors are but a small share.

        On another processor, or at other numbers, the same version of a framework may be less accurate than here.
        """
        return [use for use, share in self.shares.items() if use not in self.needed and share < 1 / FACTOR]

    def excuses(
        self, context: Context, case: Case, given: NumberedAnswer, reference: Arrays, tolerances: dict[str, Tolerance]
    ) -> dict[str, Callable[[], Excuse | None]]:
        """By tensor, the excuse from the word's own entries, or else from those of the other words of the case."""
        arm = given.arm
        entries = [e for of_one_word in inaccuracies(context, arm, [case.word]).values() for e in of_one_word]
        if not entries:
            other_words = [word for word in words_within(case.given) if word != case.word]
            effect = propagated(
                context, arm, other_words, lambda: answer(context.oracle, case.call, case.given, case.arrays)
            )
            return {name: effect.excuse(name, tolerance) for name, tolerance in tolerances.items()}
        for entry in entries:
            shares = [share_of_bound(entry, given.tensor(name), reference[name]) for name in tolerances]
            self.shares[arm.name, entry] = max([*shares, self.shares.get((arm.name, entry), 0.0)])

        def excuse(name: str) -> Excuse:
            self.needed |= {(arm.name, entry) for entry in entries}
            return of_word(entries, reference[name], tolerances[name])

        return {name: partial(excuse, name) for name in tolerances}


@dataclass(frozen=True)
class WordRung:
    """A rung that consists of cases.

    `tolerances`: gives the bound for each tensor of an answer, from the case, the reference in float64 and in float32,
    and the arm's precision. `has_weights`: whether the float32 error is the largest of several runs, with weights moved
    by 1 ULP. `in_layers`: whether these words are computed in layers, in mixed precision in 16 bits. `nearby`:
    the largest error that counts at each element, from the errors of a tensor in which terms have cancelled.
    """

    name: str
    cases: Callable[[Context], Iterable[Case]]
    depends_on: Parts
    tolerances: Callable[[Case, Arrays, Arrays, Any], dict[str, Tolerance]] = tolerances_by_own_error
    has_weights: bool = False
    in_layers: bool = False
    nearby: Callable[[Case, FloatArray], Any] = _in_the_tensor

    @property
    def rung(self) -> Rung:
        """The rung for the registry."""
        return Rung(self.name, Question(self.ask, self.judge, TASKS["words"], {"": self.depends_on}))

    def ask(self, context: Context) -> dict[str, Any]:
        """The cases as JSON and the file of their arrays, named `<number of the case>/<array>`."""
        cases = list(self.cases(context))
        path = context.scratch / f"{self.name}_cases.npz"
        arrays: Arrays = {}
        for number, case in enumerate(cases):
            arrays |= prefixed(number, case.arrays)
        save_arrays(path, arrays)
        return {"cases": [case.plain() for case in cases], "given": str(path)}

    def judge(self, context: Context, answers: Answers) -> list[Verdict]:
        """The verdicts on every case, and on ledger entries that are no longer needed."""
        verdicts: list[Verdict] = []
        ledger_use = _LedgerUse()
        stated_cases = list(self.cases(context))
        for number, stated_case in enumerate(counted(stated_cases, REFERENCE, "", context.on_work, "cases")):
            case = replace(stated_case, given=context.replacement.of(stated_case.given))
            results = self._reference_results(context, context.oracle, case, number).values
            reference = {name: np.asarray(value, np.float64) for name, value in results.items()}
            supported = {}
            for name, arm_answer in answers.items():
                reason = arm_answer.result["refused"].get(str(number))
                if reason is None:
                    supported[name] = arm_answer
                else:
                    verdicts.append(self._unsupported(case, arm_answer, reason))
            tolerances = {
                name: self._tolerances(context, case, number, arm_answer, reference)
                for name, arm_answer in supported.items()
            }
            excuses = {
                name: ledger_use.excuses(context, case, NumberedAnswer(arm_answer, number), reference, tolerances[name])
                for name, arm_answer in supported.items()
            }
            verdicts += judge_checks(self._checks(case, number, reference, tolerances, excuses, supported))
        return verdicts + self._stale(context, ledger_use)

    def _stale(self, context: Context, ledger_use: _LedgerUse) -> list[Verdict]:
        """One divergence for each stale entry, if the whole vocabulary was checked."""
        return [
            Verdict(
                rung=self.name,
                subject=entry.word,
                arm_a=arm,
                status="diverges",
                cause=f"ledger: {entry.id} is stale: {arm} is within the ordinary tolerance and far within this bound",
            )
            for arm, entry in ledger_use.stale
            if entry.family in context.experiment.vocabulary
        ]

    def _tolerances(
        self, context: Context, case: Case, number: int, arm_answer: Answer, reference: Arrays
    ) -> dict[str, Tolerance]:
        adapter = context.in_float32(arm_answer.arm)
        run = self._reference_results(context, adapter, case, number)
        in_float32 = run.values
        if self.has_weights:
            seeds = range(1, _float32_runs(case))
            further_runs = [self._reference_results(context, adapter, case, number, seed) for seed in seeds]
            in_float32 = furthest(reference, [in_float32, *(further.values for further in further_runs)])
        precision = self._arithmetic(arm_answer)
        bounds = self.tolerances(case, reference, in_float32, precision)
        return run.floored(bounds, reference, precision, partial(self.nearby, case))

    def _arithmetic(self, arm_answer: Answer) -> Arithmetic:
        return arm_answer.arithmetic if self.in_layers else Arithmetic.of_dtype(arm_answer.precision)

    def _reference_results(
        self, context: Context, adapter: Adapter, case: Case, number: int, seed: int = 0
    ) -> InFloat32:
        """The reference's results for the case, cached: they depend on no other word of the experiment.

        A seed other than 0 moves the weights by a unit in the last place.
        """
        key = self.name, number, case.given, adapter.arm.arithmetic, seed
        if key not in context.of_words:
            weights = only(case.arrays, "weight")
            arrays = {**case.arrays, **disturbed(weights, seed)} if seed else case.arrays
            context.of_words[key] = one_run(lambda: answer(adapter, case.call, case.given, arrays), seed)
        results: InFloat32 = context.of_words[key]
        return results

    def _checks(
        self,
        case: Case,
        number: int,
        reference: Arrays,
        tolerances: Mapping[str, Mapping[str, Tolerance]],
        excuses: Mapping[str, Mapping[str, Callable[[], Excuse | None]]],
        supported: Answers,
    ) -> list[Check]:
        """One check for each tensor that has a tolerance and is within the range of every arm's precision."""
        layer = case.given.name if isinstance(case.given, PlacedLayer) else ""

        def place(name: str) -> Place:
            return Place(case.subject, layer=layer, name_index=lambda index: f"{name}{list(index)}")

        precisions = [self._arithmetic(arm_answer) for arm_answer in supported.values()]
        bounded = {n: values for n, values in reference.items() if all(n in of_arm for of_arm in tolerances.values())}
        names = [n for n, values in bounded.items() if all(_within_range(values, kind) for kind in precisions)]
        excuse_lookups = {arm: partial(_excuse_of, by_tensor) for arm, by_tensor in excuses.items()}
        numbered = {arm: NumberedAnswer(arm_answer, number) for arm, arm_answer in supported.items()}
        oracle = Reference(reference, tolerances, excuse_lookups)
        return checks(self.name, oracle, numbered, {name: place(name) for name in names})

    def _unsupported(self, case: Case, arm_answer: Answer, reason: str) -> Verdict:
        head = {"rung": self.name, "subject": case.subject, "arm_a": arm_answer.arm.name}
        return Verdict(**head, status="unsupported", cause=reason)


def _float32_runs(case: Case) -> int:
    """The number of float32 runs of a layer; one if it has no weights that could be moved."""
    placed = case.given
    if not isinstance(placed, PlacedLayer) or not placed.parameters:
        return 1
    return float32_runs(placed.layer.multiply_adds(placed.input_shape) * len(case.arrays["x"]))


def _excuse_of(
    excuses: Mapping[str, Callable[[], Excuse | None]], tensor: str, tolerance: Tolerance
) -> Callable[[], Excuse | None]:
    return excuses[tensor]


def _within_range(values: FloatArray, precision: Arithmetic) -> bool:
    """Whether the precision can hold the finite values. If it cannot, as in diverging updates, none is right."""
    return bool(np.max(np.abs(values[np.isfinite(values)]), initial=0.0) <= precision.largest)
