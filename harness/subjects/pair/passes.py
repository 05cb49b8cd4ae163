"""The passes of one batch: layer by layer in evaluation and in training, and what the layers keep."""

from __future__ import annotations

from collections.abc import Sequence

from harness.subjects.pair.climbing import MODEL, Answers, Climb
from harness.subjects.pair.judging import Judged, Place, Reading, judged
from harness.subjects.pair.layers import Calls, LayerPair, canonical_images, layer_pairs
from harness.subjects.pair.mapping import Match


def paired_calls(climb: Climb, answers: Answers, phase: str) -> tuple[list[LayerPair], tuple[Calls, Calls]]:
    """The calls of a pass in the arms' own precision, and which is which."""
    first = climb.channels_first
    made = []
    for side in climb.read(answers):
        called = answers[side.name][0]["calls"][f"{side.arm.precision}/{phase}"]
        calls = Calls([(layer, kind) for layer, kind in called], side.below(f"{phase}/").own)
        made.append(canonical_images(calls, climb.rows if side.name == first else {}, _of(climb, side)))
    pairs = layer_pairs(made[0], made[1], climb.matches)
    return pairs, (made[0], made[1])


def judge_layers(
    climb: Climb, a: Reading, b: Reading, phase: str, pairs: Sequence[LayerPair], calls: tuple[Calls, Calls]
) -> Judged:
    """The output of each layer, in the order of the calls, by the number of the pair."""
    sides = []
    for number, side in enumerate((a, b)):
        own = {str(n): calls[number].y((p.a, p.b)[number]) for n, p in enumerate(pairs)}
        exact = None
        if side.exact is not None:
            below = Calls(calls[number].called, side.below(f"{phase}/").exact or {})
            turned = canonical_images(below, climb.rows if side.name == climb.channels_first else {}, _of(climb, side))
            exact = {str(n): turned.y((p.a, p.b)[number]) for n, p in enumerate(pairs)}
        sides.append(Reading(side.arm, own, exact, side.refused))
    places = {str(n): Place(f"{p.spoken}, output in {phase}", phase, layer=p.name_a) for n, p in enumerate(pairs)}
    return judged(MODEL, sides[0], sides[1], places)


def judge_kept(climb: Climb, a: Reading, b: Reading) -> Judged:
    places = {
        f"kept/{m.name}": Place(f"layer {m.a.layer} / {m.b.layer}, kept {m.a.role}", "kept", layer=m.a.layer)
        for m in climb.matches
        if not m.a.trainable
    }
    return judged(MODEL, a, b, places)


def _of(climb: Climb, side: Reading) -> list[Match]:
    """The matches with this side's layer as `a`."""
    if side.name == climb.arms[0].name:
        return list(climb.matches)
    return [Match(m.name, m.b, m.a) for m in climb.matches]
