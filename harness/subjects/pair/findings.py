"""What the parameters of two models show by themselves: frozen, doubled, of another shape, or without a partner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import prod

import adapters
from adapters.user_parameters import RECURRENT_KERNEL
from harness.records.verdict import Verdict
from harness.subjects.pair.climbing import MODEL, Climb
from harness.subjects.pair.correspondence import place
from harness.subjects.pair.mapping import Match, Pairing

GATES_OF_GRU = 3
RESET = "reset of the gru"


def with_findings(climb: Climb, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts on the computations of rung `model`, and then a verdict on each finding.

    A finding about how a layer computes is the cause of the first difference of that layer too.
    """
    findings = found_in_parameters(climb, verdicts)
    causes = {finding.layer: finding for finding in findings if finding.subject.endswith(RESET)}
    explained = []
    for verdict in verdicts:
        cause = causes.pop(verdict.layer, None) if verdict.status == "diverges" else None
        if cause is not None:
            verdict = verdict.model_copy(update={"cause": f"{verdict.cause}; {cause.cause}", "advice": cause.advice})
        explained.append(verdict)
    return [*explained, *findings]


def found_in_parameters(climb: Climb, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """A verdict on each finding; `verdicts` are those on the computations of rung `model`.

    A shape that differs behind a layer whose output differs is a consequence of that, and is told as one.
    """
    pairing = climb.pairing
    if pairing is None:
        return []
    diverging = [verdict for verdict in verdicts if verdict.status == "diverges" and verdict.layer]
    climb.remarks += _partly_compared(climb)
    return [
        *_misfits(climb, pairing, diverging[0].layer if diverging else ""),
        *_alone(climb, pairing),
        *_frozen(climb),
        *_second_biases(climb),
    ]


def _partly_compared(climb: Climb) -> Iterator[str]:
    """A remark on each parameter of which only a part has a partner, as the user gave it."""
    for number, arm in enumerate(climb.arms):
        shapes = {p["name"]: p["shape"] for p in climb.built[arm.name].get("parameters", ())}
        compared: Counter[str] = Counter()
        for match in climb.matches:
            p = (match.a, match.b)[number]
            compared[p.source or p.name] += prod(p.shape)
        for name, count in compared.items():
            if name in shapes and count < prod(shapes[name]):
                yield f"{name} of {arm.name}: {count} of {prod(shapes[name])} elements have a partner"


def _misfits(climb: Climb, pairing: Pairing, first: str) -> Iterator[Verdict]:
    """A verdict on each pair of another shape. `first`: the layer of the first difference; empty if there is none."""
    a, b = climb.arms
    layers = [p["layer"] for p in climb.built[a.name].get("parameters", ())]  # in the order of their calls
    for p, q in pairing.misfits:
        cause = f"{a.name} has {p.name} {p.shape}, {b.name} {q.name} {q.shape}"
        comes_before = first not in layers or p.layer not in layers or layers.index(first) < layers.index(p.layer)
        if first and comes_before:
            cause += f": what comes to it differs in shape from layer {first} on, which is to be mended first"
        else:
            cause += ": the layers are of different sizes"
        yield _finding(climb, f"layer {p.layer} / {q.layer}, {p.role}", cause, layer=p.layer)


def _alone(climb: Climb, pairing: Pairing) -> Iterator[Verdict]:
    """A verdict on each layer that has trained parameters without a partner; what no side trains is only remarked."""
    for own, other, parameters in (
        (climb.arms[0].name, climb.arms[1].name, pairing.alone_a),
        (climb.arms[1].name, climb.arms[0].name, pairing.alone_b),
    ):
        state = [p.name for p in parameters if not p.trainable]
        if state:
            climb.remarks.append(f"{', '.join(state)} of {own}: {other} has none of these; they are not compared")
        for layer in dict.fromkeys(p.layer for p in parameters if p.trainable):
            of_layer = [p for p in parameters if p.layer == layer and p.trainable]
            kind = climb.built[own]["settings"].get(layer, {}).get("kind", "")
            listed = ", ".join(f"{p.name} {p.shape}" for p in of_layer)
            cause = f"{own} has {listed}, {other} has no parameter for it"
            unknown = climb.built[other].get("not_registered", ())
            cause = "; ".join([cause, *(f"in {other}, {text}" for text in unknown)])
            names = ", ".join(p.name for p in of_layer)
            advice = f"if that is meant, give null under parameters for {names}"
            subject = f"layer {layer}{f' ({kind})' if kind else ''}, without a partner in {other}"
            yield _finding(climb, subject, cause, advice, layer)


def _frozen(climb: Climb) -> Iterator[Verdict]:
    a, b = climb.arms
    for match in climb.matches:
        if match.a.trainable != match.b.trainable:
            trains, keeps = (a, b) if match.a.trainable else (b, a)
            cause = f"{match.a.name} / {match.b.name}: {trains.name} trains it, in {keeps.name} it is frozen"
            advice = "freeze it on both sides, or on neither"
            yield _finding(climb, f"layer {match.a.layer} / {match.b.layer}, frozen {match.a.role}", cause, advice)


def _second_biases(climb: Climb) -> Iterator[Verdict]:
    """A verdict on each layer that trains two biases where the other side's has one."""
    for match in climb.matches:
        for arm, own, second in zip(climb.arms, (match.a, match.b), (match.added_a, match.added_b), strict=True):
            if second is None:
                continue
            if _gates(climb, match) == GATES_OF_GRU:
                yield _reset_elsewhere(climb, match, arm.name)
                continue
            if not second.trainable:
                continue
            cause = (
                f"{arm.name} adds two biases, {own.name} and {second.name}, and the other side has one: if both are "
                f"trained, their sum moves further in a step; compared with {second.name} 0 and fixed"
            )
            yield _finding(
                climb,
                f"layer {match.a.layer} / {match.b.layer}, two biases for one",
                cause,
                f"set {second.name} to 0 and freeze it for the same training",
                match.a.layer,
                known=True,
            )


def _gates(climb: Climb, match: Match) -> int:
    """The number of gates of the recurrent layer that a bias belongs to; 0 if its recurrent kernel is not matched."""
    kernels = (m.a for m in climb.matches if m.a.role == RECURRENT_KERNEL and place(m.a) == place(match.a))
    return next((kernel.shape[1] // kernel.shape[0] for kernel in kernels), 0)


def _reset_elsewhere(climb: Climb, match: Match, two_biases: str) -> Verdict:
    """The verdict on two GRUs of which one has a single bias: it resets the state before the product, not after."""
    (single,) = (arm for arm in climb.arms if arm.name != two_biases)
    cause = (
        f"gru: {two_biases} resets the product of state and recurrent kernel, {single.name} the state before it, "
        "and so has one bias: two different functions"
    )
    models = adapters.info(single.adapter).user_models
    advice = models.spellings.get("gru reset after", "") if models else ""
    return _finding(climb, f"layer {match.a.layer} / {match.b.layer}, {RESET}", cause, advice, match.a.layer)


def _finding(climb: Climb, subject: str, cause: str, advice: str = "", layer: str = "", known: bool = False) -> Verdict:
    a, b = climb.arms
    return Verdict(
        rung=MODEL,
        subject=subject,
        arm_a=a.name,
        arm_b=b.name,
        status="known" if known else "diverges",
        judgement="both right" if known else "undetermined",
        layer=layer,
        cause=cause,
        advice=advice,
    )
