"""Two runs, or the variants of two studies, compared: pairs of arms with verdicts, and what could not be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from harness.composition.mistakes import UserMistake
from harness.judging.quantity import Quantity
from harness.records import outcome
from harness.records.verdict import Verdict
from harness.results.plausible import examined, examined_by_data
from harness.results.reading import read_run
from harness.results.recorded import EXPERIMENT, PLAN, RecordedRun
from harness.rungs.rung import Trainings
from harness.spec.experiment import Experiment
from harness.subjects.recorded.comparable import experiment_of, reasons, stated_of, unknown
from harness.subjects.recorded.differences import quantities
from harness.subjects.recorded.judge import Judge
from harness.subjects.recorded.judging import INPUTS, RECORDS, judge_pair, trainings_of
from harness.subjects.recorded.pairing import ArmPair, paired
from harness.subjects.recorded.reliance import unrelied
from harness.subjects.recorded.rows import in_words


@dataclass(frozen=True)
class Compared:
    """One pair of arms with its verdicts.

    `trainings`: the records from which the reference can name a culprit; None if it cannot run.
    """

    pair: ArmPair
    verdicts: Sequence[Verdict]
    trainings: Trainings | None = None

    @cached_property
    def quantities(self) -> list[Quantity]:
        return quantities(self.pair)

    @property
    def all_equal(self) -> bool:
        return all(quantity.equal for quantity in self.quantities)

    @cached_property
    def in_words(self) -> str:
        return in_words(self.quantities, self.pair.names)


@dataclass(frozen=True)
class Comparison:
    """The comparison of two runs.

    `compared`: the pairs of arms. `general`: verdicts on the runs themselves. `judged_by`: the oracle, in words.
    `notes`: remarks for the reader. `variant`: the name of the variant that both runs are, if studies are compared.
    """

    a: RecordedRun
    b: RecordedRun
    compared: Sequence[Compared]
    general: Sequence[Verdict]
    judged_by: str
    notes: list[str] = field(default_factory=list)
    variant: str = ""

    @property
    def experiment(self) -> Experiment | None:
        """The experiment of both runs; None if neither has a record of it."""
        return stated_of(self.a, self.b)

    @property
    def verdicts(self) -> list[Verdict]:
        return [*self.general, *(verdict for compared in self.compared for verdict in compared.verdicts)]

    @property
    def exit_code(self) -> int:
        return outcome.exit_code(self.verdicts, [])


@dataclass(frozen=True)
class Folders:
    """The folders of two runs. `pairs`: the user's pairs of arms, `ARM_OF_A:ARM_OF_B` each."""

    a: Path
    b: Path
    variant: str = ""
    pairs: Sequence[str] = field(default=())


def compare(folders: Folders) -> Comparison:
    """The comparison of two recorded runs.

    Raises UserMistake, with every reason, if the runs are not comparable or share no arm.
    """
    a, b = examined(read_run(folders.a)), examined(read_run(folders.b))
    mismatches = reasons(a, b)
    if mismatches:
        prefix = f"{folders.variant}: " if folders.variant else ""
        raise UserMistake(
            [f"{prefix}A ({folders.a}) and B ({folders.b}) cannot be compared: {reason}" for reason in mismatches]
        )
    undamaged = experiment_of(a) or experiment_of(b)
    experiment = stated_of(a, b)
    if experiment is None:
        damages = "; ".join(map(str, (*a.failures, *b.failures)))
        raise UserMistake([f"neither run says what it is of: {damages}; nothing can be judged"])
    pairs, unpaired = paired(a, b, folders.pairs)
    judge = _judge(experiment, a, b) if undamaged else Judge(experiment, None, f"{EXPERIMENT} of both is damaged")
    pairs = [_by_data(pair, judge) for pair in pairs]
    compared = [_compared(judge.beside(pair), pair) for pair in pairs]
    if undamaged is None:
        compared = [replace(c, verdicts=[unrelied(v, f"{EXPERIMENT} of both") for v in c.verdicts]) for c in compared]
    return Comparison(
        a,
        b,
        compared,
        [*general_verdicts(a, b, pairs), *_unknown(a, b)],
        "the reference" if judge.context is not None else f"none, so arm against arm: {judge.why}",
        notes_on(a, b, unpaired),
        folders.variant,
    )


def _compared(judge: Judge, pair: ArmPair) -> Compared:
    verdicts = judge_pair(judge, pair)
    return Compared(pair, verdicts, trainings_of(judge, pair, verdicts))


def _judge(experiment: Experiment, a: RecordedRun, b: RecordedRun) -> Judge:
    """The judge, from the digests of whichever plan.json is undamaged."""
    plans = [run.plan for run in (a, b) if not run.failed(PLAN)]
    digests = [next((str(plan[key]) for plan in plans if plan.get(key)), "") for key in ("digest", "data_digest")]
    return Judge.of(experiment, *digests).at_most(run.cost for run in (a, b) if run.cost is not None)


def _by_data(pair: ArmPair, judge: Judge) -> ArmPair:
    """The pair, its arms' records examined against the data and the plan if both are available."""
    if (context := judge.context) is None:
        return pair
    a, b = (examined_by_data(arm, context.experiment, context.plan, context.data) for arm in pair.sides)
    return replace(pair, a=a, b=b)


def general_verdicts(a: RecordedRun, b: RecordedRun, pairs: Sequence[ArmPair]) -> list[Verdict]:
    """Verdicts on damaged records of the runs themselves and of arms without a counterpart."""
    verdicts = []
    for side, run, places in (("A", a, {pair.a.place for pair in pairs}), ("B", b, {pair.b.place for pair in pairs})):
        alone = [failure for arm in run.arms.values() if arm.place not in places for failure in arm.failures]
        verdicts += damage_verdicts(side, [(damage.file, damage.message) for damage in (*run.failures, *alone)])
    return verdicts


def _unknown(a: RecordedRun, b: RecordedRun) -> list[Verdict]:
    """Verdicts on what could not be checked because a record of the runs themselves is damaged."""
    return [
        Verdict(rung=RECORDS, subject="experiment", arm_a="A", arm_b="B", status="unverified", cause=reason)
        for reason in unknown(a, b)
    ]


def damage_verdicts(side: str, damages: Iterable[tuple[str, str]]) -> list[Verdict]:
    """A verdict on each damaged record of a side. `damages`: (place, what is wrong)."""
    return [Verdict(rung=RECORDS, subject=place, arm_a=side, status="unverified", cause=why) for place, why in damages]


def left_out(folders: Folders, mistake: UserMistake) -> Comparison:
    """The entry of a variant that cannot be compared, in a comparison of studies."""
    a, b = read_run(folders.a), read_run(folders.b)
    causes = [
        Verdict(rung=INPUTS, subject="experiment", arm_a="A", arm_b="B", status="unverified", cause=mistake_text)
        for mistake_text in mistake.mistakes
    ]
    return Comparison(
        a, b, [], [*general_verdicts(a, b, []), *_unknown(a, b), *causes], "nobody", variant=folders.variant
    )


def notes_on(a: RecordedRun, b: RecordedRun, unpaired: Sequence[str]) -> list[str]:
    """Remarks on a comparison that are no verdicts. `unpaired`: arms without a counterpart."""
    notes = list[str]()
    if a.folder.resolve() == b.folder.resolve():
        notes.append("A and B are the same folder: that an arm agrees with itself says nothing of another run")
    if unpaired:
        notes.append(f"without a counterpart: {', '.join(unpaired)}; --arms ARM_OF_A:ARM_OF_B pairs by hand")
    if a.experiment and b.experiment and a.experiment.comparison != b.experiment.comparison:
        notes.append("judged by the comparison settings of A; those of B are others")
    for side, run in (("A", a), ("B", b)):
        if run.cost is not None and run.cost.is_reduced:
            notes.append(f"{side} was asked for less: {run.cost.reductions}")
    return notes
