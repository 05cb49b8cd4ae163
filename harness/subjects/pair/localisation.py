"""The place of the first divergence of two trainings: step, phase, layer, tensor, index.

Digests of the weights after every step show at which step the sides first differ. Only that step is then examined in
full: every layer's output, the loss, every gradient, the layers' statistics, and the weights after the update, each
judged by what both sides compute in float64 at that step.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from adapters.digests import PATTERN_SIZE
from harness.judging.checks import Check, first_diverging
from harness.judging.first_divergence import first_step
from harness.oracles.oracle import Place, checks
from harness.oracles.own_float64 import OwnFloat64, Side
from harness.records.array_types import FloatArray
from harness.records.tensor_key import TensorKey
from harness.records.verdict import Verdict
from harness.subjects.pair.beside import explained_beside
from harness.subjects.pair.causes import caused
from harness.subjects.pair.climbing import STEP, TRAJECTORY, Answers, Climb
from harness.subjects.pair.passes import below_name, layer_pass, paired_calls, passed
from harness.subjects.pair.tasks import TASKS


def localised(climb: Climb, verdict: Verdict) -> Verdict:
    """The diverging verdict with its place; unchanged if its rung cannot be localised."""
    if verdict.rung == TRAJECTORY:
        return _in_step(climb, verdict, _first_step(climb), forced=False)
    if verdict.rung == STEP and verdict.phase in ("loss", "gradient"):
        return _in_step(climb, verdict, verdict.step or 0, forced=True)
    return verdict


def _first_step(climb: Climb) -> int:
    """The first step after which a digest of the weights diverges; the last step if none does."""
    answers = climb.ask(TASKS["pair_digests"], weights=str(climb.start), steps=climb.pair.steps)
    a, b = climb.read(answers)
    keys = [key for key in map(TensorKey.parse, a.values) if key.kind == "digest" and key in b.values]
    measured = {side.name: answers[side.name] for side in (a, b) if side.float64 is not None}
    drifts: dict[str, FloatArray] = {key: _drift(measured, key) for key in keys if measured}
    oracle = OwnFloat64.of_curves(a, b, drifts)
    places: dict[str, Place] = {key: Place("digests", "update") for key in drifts}
    first = first_step(checks(TRAJECTORY, oracle, oracle.sides, places), list(oracle.sides)) if drifts else None
    return climb.pair.steps - 1 if first is None else first[0]


def _drift(answers: Answers, digest: TensorKey) -> FloatArray:
    """The bound for a digest's distance from that of the float64 weights, (steps,).

    It is `PATTERN_SIZE` times the norm of the weights' distance: the largest digest of such a difference.
    """
    apart = TensorKey("apart", digest.of)
    widest: FloatArray = PATTERN_SIZE * np.max([arrays[apart] for _, arrays in answers.values()], axis=0)
    return widest


def _in_step(climb: Climb, verdict: Verdict, step: int, forced: bool) -> Verdict:
    weights = climb.teacher if forced else climb.start
    answers = climb.ask(TASKS["pair_probe"], weights=str(weights), step=step, forced=forced)
    a, b = climb.read(answers)
    place = _forward(climb, answers, verdict.rung, a, b) or first_diverging(
        _later_checks(climb, verdict.rung, a, b), [a.name, b.name]
    )
    if place is None:
        cause = f"{verdict.cause}; no tensor of step {step} stands out"
        return verdict.model_copy(update={"cause": cause, "step": step})
    place_fields = {"subject": verdict.subject, "step": step, "worst_index": f"step {step}, {place.worst_index}"}
    return explained_beside(climb, place.model_copy(update=place_fields))


def _forward(climb: Climb, answers: Answers, rung: str, a: Side, b: Side) -> Verdict | None:
    """The first diverging output of a layer in a step, at its culprit; None if all outputs agree."""
    pairs, calls = paired_calls(climb, answers, "training")
    judged = layer_pass(rung, climb, a, b, "training", pairs, calls)
    first = first_diverging(judged.checks.values(), [a.name, b.name])
    if first is None:
        return None
    found = caused(climb, first, answers, "training", pairs, judged, follow=False)
    if found.status != "diverges":
        return None
    index = f"[{found.worst_index.rpartition('[')[2]}" if "[" in found.worst_index else ""
    where = pairs[int(first.tensor)].spoken if found.subject == first.subject else found.subject
    place = {"phase": "forward", "tensor": found.layer, "worst_index": f"{where.removesuffix(' in training')}{index}"}
    return found.model_copy(update=place)


def _later_checks(climb: Climb, rung: str, a: Side, b: Side) -> Iterator[Check]:
    """The checks of a step's other tensors in the order of computation: loss, gradients, statistics, weights.

    The gradients go from the last layer to the first.
    """
    loss = passed(rung, a, b, {"loss": Place("", "loss", name_index=below_name("loss"))})
    yield from loss.checks.values()
    for kind, phase in (("gradient", "gradient"), ("kept", "kept"), ("weight", "update")):
        keys = [key for key in (TensorKey(kind, match.name) for match in climb.matches) if key in a.values]
        if kind == "gradient":
            keys.reverse()
        places: dict[str, Place] = {
            key: Place("", phase, None, key.layer, key.of, below_name(climb.spoken(key.of))) for key in keys
        }
        yield from passed(rung, a, b, places).checks.values()
