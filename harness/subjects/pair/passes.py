"""The passes of one batch: layer by layer in evaluation and in training, and the layers' statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from harness.judging.checks import Check
from harness.judging.judge import IndexName
from harness.oracles.oracle import Place, checks
from harness.oracles.own_float64 import OwnFloat64, Side
from harness.records.tensor_key import TensorKey, below
from harness.records.verdict import Verdict
from harness.subjects.pair.calls import Called, Calls, canonical_images
from harness.subjects.pair.climbing import MODEL, Answers, Climb
from harness.subjects.pair.layers import LayerPair, layer_pairs


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
    a, b = (calls_of(climb, answers, side, phase, side.arm.precision) for side in climb.read(answers))
    return layer_pairs(a, b, climb.matches), (a, b)


def calls_of(climb: Climb, answers: Answers, side: Side, phase: str, precision: str) -> Calls:
    """One side's calls of a pass in a precision, with flattened images channels last."""
    described = answers[side.name][0]["calls"][f"{precision}/{phase}"]
    arrays = below(answers[side.name][1], f"{precision}/{phase}")
    calls = Calls([Called.of(each) for each in described], arrays)
    if side.name != climb.channels_first:
        return calls
    number = [arm.name for arm in climb.arms].index(side.name)
    return canonical_images(calls, _rows_by_layer(climb, number))


def layer_pass(
    rung: str, climb: Climb, a: Side, b: Side, phase: str, pairs: Sequence[LayerPair], calls: tuple[Calls, Calls]
) -> Pass:
    """The pass with the output of each layer, in the order of the calls. Tensors are called by the pair's number."""
    sides = []
    for number, side in enumerate((a, b)):
        values = {str(n): _output(calls[number], number, p) for n, p in enumerate(pairs)}
        float64 = None
        if side.float64 is not None:
            exact = Calls(calls[number].called, side.below(phase).float64 or {})
            if side.name == climb.channels_first:
                exact = canonical_images(exact, _rows_by_layer(climb, number))
            float64 = {str(n): _output(exact, number, p) for n, p in enumerate(pairs)}
        sides.append(replace(side, values=values, float64=float64))
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


def _output(calls: Calls, number: int, pair: LayerPair) -> NDArray[Any]:
    """The output of a pair's call that is compared, on the side of this number."""
    return (pair.view_a, pair.view_b)[number].of(calls.ys((pair.a, pair.b)[number]))


def _rows_by_layer(climb: Climb, number: int) -> dict[str, list[int]]:
    return {(m.a, m.b)[number].layer: climb.rows[m.name] for m in climb.matches if m.name in climb.rows}
