"""The passes of one batch: layer by layer in evaluation and in training, and the layers' statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.judging.checks import Check
from harness.judging.judge import IndexName
from harness.oracles.oracle import Place, checks
from harness.oracles.own_float64 import OwnFloat64, Side
from harness.records.tensor_key import TensorKey
from harness.records.verdict import Verdict
from harness.subjects.pair.climbing import MODEL, Answers, Climb
from harness.subjects.pair.layers import Calls, LayerPair, canonical_images, layer_pairs
from harness.subjects.pair.mapping import Match


@dataclass(frozen=True)
class Pass:
    """The tensors of one computation: their oracle, and a check for each by its name in the answers."""

    oracle: OwnFloat64
    checks: Mapping[str, Check]

    def judge(self, tensor: str) -> Verdict:
        return self.checks[tensor].judge(self.oracle.a.name, self.oracle.b.name)


def passed(rung: str, a: Side, b: Side, places: Mapping[str, Place]) -> Pass:
    """The pass with the tensors of these places, which belong to one computation."""
    oracle = OwnFloat64.pooled(a, b, list(places))
    return Pass(oracle, dict(zip(places, checks(rung, oracle, oracle.sides, places), strict=True)))


def paired_calls(climb: Climb, answers: Answers, phase: str) -> tuple[list[LayerPair], tuple[Calls, Calls]]:
    """The corresponding calls of a pass, and all calls of both sides, in the arms' own precision."""
    first = climb.channels_first
    turned = []
    for side in climb.read(answers):
        recorded = answers[side.name][0]["calls"][f"{side.arm.precision}/{phase}"]
        calls = Calls([(layer, kind) for layer, kind in recorded], side.below(phase).values)
        turned.append(canonical_images(calls, climb.rows if side.name == first else {}, _of(climb, side)))
    return layer_pairs(turned[0], turned[1], climb.matches), (turned[0], turned[1])


def layer_pass(
    rung: str, climb: Climb, a: Side, b: Side, phase: str, pairs: Sequence[LayerPair], calls: tuple[Calls, Calls]
) -> Pass:
    """The pass with the output of each layer, in the order of the calls. Tensors are called by the pair's number."""
    sides = []
    for number, side in enumerate((a, b)):
        values = {str(n): calls[number].y((p.a, p.b)[number]) for n, p in enumerate(pairs)}
        float64 = None
        if side.float64 is not None:
            below = Calls(calls[number].called, side.below(phase).float64 or {})
            turned = canonical_images(below, climb.rows if side.name == climb.channels_first else {}, _of(climb, side))
            float64 = {str(n): turned.y((p.a, p.b)[number]) for n, p in enumerate(pairs)}
        sides.append(Side(side.arm, values, float64, side.refused))
    subject = f"{phase}: {len(pairs)} layers"
    places = {
        str(n): Place(subject, phase, layer=p.name_a, name_index=below_name(p.name_a)) for n, p in enumerate(pairs)
    }
    return passed(rung, sides[0], sides[1], places)


def kept_pass(climb: Climb, a: Side, b: Side) -> Pass:
    """The pass with the layers' statistics, each with a verdict of its own."""
    places: dict[str, Place] = {
        TensorKey("kept", m.name): Place(f"layer {m.a.layer} / {m.b.layer}, kept {m.a.role}", "kept", layer=m.a.layer)
        for m in climb.matches
        if m.kept
    }
    return passed(MODEL, a, b, places)


def below_name(name: str) -> IndexName:
    """Names an index together with its tensor: `name[0, 3]`."""
    return lambda index: f"{name}{list(index)}"


def _of(climb: Climb, side: Side) -> list[Match]:
    """The matches with this side's parameters as `a`."""
    if side.name == climb.arms[0].name:
        return list(climb.matches)
    return [Match(m.name, m.b, m.a) for m in climb.matches]
