"""Which arm of one run is compared with which arm of the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.composition.mistakes import UserMistake, no_such
from harness.results.recorded import RecordedArm, RecordedRun
from harness.spec.arm import Arm

Arms = Mapping[str, RecordedArm]


@dataclass(frozen=True)
class ArmPair:
    """Two recorded arms. Their names begin with their run: `A.tensorflow`, `B.tensorflow`."""

    name: str
    a: RecordedArm
    b: RecordedArm

    @property
    def sides(self) -> tuple[RecordedArm, RecordedArm]:
        return self.a, self.b

    @property
    def names(self) -> tuple[str, str]:
        return self.a.trace.arm.name, self.b.trace.arm.name


def paired(a: RecordedRun, b: RecordedRun, requested: Sequence[str] = ()) -> tuple[list[ArmPair], list[str]]:
    """The pairs of arms, and the names of the arms without a counterpart.

    `requested`: the user's pairs, `ARM_OF_A:ARM_OF_B` each. Without them arms are paired by name; of the remaining
    arms, those that alone on both sides have the same adapter, mode and precision. Raises UserMistake if there is no
    pair, or if a requested pair is malformed or names an arm that does not exist.
    """
    chosen = _requested(a.arms, b.arms, requested) if requested else _matched(a.arms, b.arms)
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
    unpaired = [f"A.{x}" for x in a.arms if x not in {x for x, _ in chosen}]
    unpaired += [f"B.{y}" for y in b.arms if y not in {y for _, y in chosen}]
    return pairs, unpaired


def _requested(a: Arms, b: Arms, requested: Sequence[str]) -> list[tuple[str, str]]:
    mistakes, chosen = [], []
    for text in requested:
        x, colon, y = text.partition(":")
        if not (x and colon and y):
            mistakes.append(f"--arms {text}: give an arm of each run, as in --arms mindspore:tensorflow")
            continue
        for name, arms, side in ((x, a, "A"), (y, b, "B")):
            if name not in arms:
                mistakes.append(no_such(f"--arms {text}: run {side} has no arm {name!r}", name, arms))
        chosen.append((x, y))
    if mistakes:
        raise UserMistake(mistakes)
    return list(dict.fromkeys(chosen))


def _matched(a: Arms, b: Arms) -> list[tuple[str, str]]:
    chosen = [(name, name) for name in a if name in b]
    for name in (name for name in a if name not in b):
        counterparts = [other for other in b if other not in a and _alike(a[name].trace.arm, b[other].trace.arm)]
        rivals = [rival for rival in a if rival not in b and _alike(a[name].trace.arm, a[rival].trace.arm)]
        if len(counterparts) == 1 and len(rivals) == 1:
            chosen.append((name, counterparts[0]))
    return chosen


def _alike(x: Arm, y: Arm) -> bool:
    return (x.adapter, x.mode, x.precision) == (y.adapter, y.mode, y.precision)


def _named(arm: RecordedArm, name: str) -> RecordedArm:
    trace = arm.trace
    return replace(arm, trace=trace.model_copy(update={"arm": trace.arm.model_copy(update={"name": name})}))


def _listed(arms: Arms) -> str:
    return ", ".join(arms) or "none that can be read"
