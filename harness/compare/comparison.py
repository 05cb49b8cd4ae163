"""Two runs, or the variants of two studies, compared: pairs of arms with their verdicts, and what could not be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from harness import outcome
from harness.compare.comparable import reasons, unknown
from harness.compare.differences import Quantity, first_apart, quantities
from harness.compare.judge import Judge
from harness.compare.judging import INPUTS, RECORDS, judge_pair
from harness.compare.pairing import Pair, paired
from harness.composition.mistakes import UserMistake
from harness.parity.verdict import Verdict
from harness.results.reading import RecordedRun, read_run
from harness.spec.experiment import Experiment


@dataclass(frozen=True)
class Compared:
    """One pair of arms."""

    pair: Pair
    verdicts: Sequence[Verdict]

    @cached_property
    def quantities(self) -> list[Quantity]:
        return quantities(self.pair)

    @property
    def all_equal(self) -> bool:
        return all(each.equal for each in self.quantities)

    @cached_property
    def first_apart(self) -> str:
        return first_apart(self.quantities, self.pair.names)


@dataclass(frozen=True)
class Comparison:
    """Two runs. `variant` is their place in their studies, `notes` what a reader must know besides the verdicts."""

    a: RecordedRun
    b: RecordedRun
    compared: Sequence[Compared]
    general: Sequence[Verdict]
    judged_by: str
    notes: list[str] = field(default_factory=list)
    variant: str = ""

    @property
    def experiment(self) -> Experiment | None:
        """What both are of; None where neither says."""
        return self.a.experiment or self.b.experiment

    @property
    def verdicts(self) -> list[Verdict]:
        return [*self.general, *(verdict for each in self.compared for verdict in each.verdicts)]

    @property
    def exit_code(self) -> int:
        return outcome.exit_code(self.verdicts, [])


@dataclass(frozen=True)
class Folders:
    """The folders of two runs."""

    a: Path
    b: Path
    variant: str = ""
    pairs: Sequence[str] = field(default=())


def compare(folders: Folders) -> Comparison:
    """UserMistake, with every reason, where the runs are not comparable, or share no arm."""
    a, b = read_run(folders.a), read_run(folders.b)
    wrong = reasons(a, b)
    if wrong:
        above = f"{folders.variant}: " if folders.variant else ""
        raise UserMistake([f"{above}A ({folders.a}) and B ({folders.b}) cannot be compared: {each}" for each in wrong])
    experiment = a.experiment or b.experiment
    if experiment is None:
        told = "; ".join(map(str, (*a.failures, *b.failures)))
        raise UserMistake([f"neither run says what it is of: {told}; nothing can be judged"])
    pairs, alone = paired(a, b, folders.pairs)
    digests = [
        next((str(run.plan[key]) for run in (a, b) if run.plan.get(key)), "") for key in ("digest", "data_digest")
    ]
    judge = Judge.of(experiment, *digests)
    general = [
        Verdict(rung=RECORDS, subject=failure.file, arm_a=side, status="unverified", cause=failure.message)
        for side, run in (("A", a), ("B", b))
        for failure in run.failures
    ]
    general += [
        Verdict(rung=RECORDS, subject="experiment", arm_a="A", arm_b="B", status="unverified", cause=each)
        for each in unknown(a, b)
    ]
    return Comparison(
        a,
        b,
        [Compared(pair, judge_pair(judge, pair)) for pair in pairs],
        general,
        "the reference" if judge.context is not None else f"none, so arm against arm: {judge.why}",
        _notes(a, b, alone),
        folders.variant,
    )


def left_out(folders: Folders, mistake: UserMistake) -> Comparison:
    """A variant that cannot be compared, where others can."""
    a, b = read_run(folders.a), read_run(folders.b)
    causes = [
        Verdict(rung=INPUTS, subject="experiment", arm_a="A", arm_b="B", status="unverified", cause=each)
        for each in mistake.mistakes
    ]
    return Comparison(a, b, [], causes, "nobody", variant=folders.variant)


def _notes(a: RecordedRun, b: RecordedRun, alone: Sequence[str]) -> list[str]:
    notes = list[str]()
    if a.folder.resolve() == b.folder.resolve():
        notes.append("A and B are the same folder: that an arm agrees with itself says nothing of another run")
    if alone:
        notes.append(f"without a counterpart: {', '.join(alone)}; --arms ARM_OF_A:ARM_OF_B pairs by hand")
    if a.experiment and b.experiment and a.experiment.comparison != b.experiment.comparison:
        notes.append("judged by the comparison settings of A; those of B are others")
    return notes
