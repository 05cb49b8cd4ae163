"""Which arm of one run stands beside which arm of the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.composition.mistakes import UserMistake, no_such
from harness.results.recorded import RecordedArm, RecordedRun
from harness.spec.arm import Arm

Arms = Mapping[str, RecordedArm]


@dataclass(frozen=True)
class ArmPair:
    """Two recorded arms, whose names say whose they are: `A.tensorflow`, `B.tensorflow`."""

    name: str
    a: RecordedArm
    b: RecordedArm

    @property
    def sides(self) -> tuple[RecordedArm, RecordedArm]:
        return self.a, self.b

    @property
    def names(self) -> tuple[str, str]:
        return self.a.trace.arm.name, self.b.trace.arm.name


def paired(a: RecordedRun, b: RecordedRun, asked: Sequence[str] = ()) -> tuple[list[ArmPair], list[str]]:
    """The pairs, and the arms that stand alone.

    As `asked`, each `ARM_OF_A:ARM_OF_B`; else by name; else by what is left over on both sides and has the same
    adapter, mode and precision. UserMistake where there is no pair, or one that was asked for is none.
    """
    chosen = _asked(a.arms, b.arms, asked) if asked else _found(a.arms, b.arms)
    if not chosen:
        raise UserMistake(
            [
                f"the runs share no arm: A has {_listed(a.arms)}, B has {_listed(b.arms)}; "
                "give pairs by hand, --arms ARM_OF_A:ARM_OF_B"
            ]
        )
    pairs = [
        ArmPair(x if x == y else f"{x} : {y}", _named(a.arms[x], f"A.{x}"), _named(b.arms[y], f"B.{y}"))
        for x, y in chosen
    ]
    alone = [f"A.{x}" for x in a.arms if x not in {x for x, _ in chosen}]
    alone += [f"B.{y}" for y in b.arms if y not in {y for _, y in chosen}]
    return pairs, alone


def _asked(a: Arms, b: Arms, asked: Sequence[str]) -> list[tuple[str, str]]:
    wrong, chosen = [], []
    for text in asked:
        x, colon, y = text.partition(":")
        if not (x and colon and y):
            wrong.append(f"--arms {text}: give an arm of each run, as in --arms mindspore:tensorflow")
            continue
        for name, arms, side in ((x, a, "A"), (y, b, "B")):
            if name not in arms:
                wrong.append(no_such(f"--arms {text}: run {side} has no arm {name!r}", name, arms))
        chosen.append((x, y))
    if wrong:
        raise UserMistake(wrong)
    return list(dict.fromkeys(chosen))


def _found(a: Arms, b: Arms) -> list[tuple[str, str]]:
    chosen = [(name, name) for name in a if name in b]
    for name in (name for name in a if name not in b):
        alike = [other for other in b if other not in a and _alike(a[name].trace.arm, b[other].trace.arm)]
        back = [each for each in a if each not in b and _alike(a[name].trace.arm, a[each].trace.arm)]
        if len(alike) == 1 and len(back) == 1:
            chosen.append((name, alike[0]))
    return chosen


def _alike(x: Arm, y: Arm) -> bool:
    return (x.adapter, x.mode, x.precision) == (y.adapter, y.mode, y.precision)


def _named(arm: RecordedArm, name: str) -> RecordedArm:
    trace = arm.trace
    return replace(arm, trace=trace.model_copy(update={"arm": trace.arm.model_copy(update={"name": name})}))


def _listed(arms: Arms) -> str:
    return ", ".join(arms) or "none that can be read"
