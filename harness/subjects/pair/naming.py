"""Names the known form behind a divergence of a pair, if there is one, and proves it by trying the change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.judging.ulp import error_against
from harness.oracles.own_float64 import Side
from harness.records.tensor_key import TensorKey
from harness.records.verdict import Verdict
from harness.subjects.pair.calls import Calls
from harness.subjects.pair.climbing import MODEL, Climb
from harness.subjects.pair.layer_forms import kept_differently, output_form, recovered
from harness.subjects.pair.layers import LayerPair
from harness.subjects.pair.moving_statistics import moving_in_training
from harness.subjects.pair.passes import Pass, kept_pass, layer_pass, paired_calls
from harness.subjects.pair.seen import Form, Seen
from harness.subjects.pair.tasks import TASKS

# Normalisations of each sample by itself, of all its channels, of groups of them, or of each.
OF_A_SAMPLE = {"groupnorm", "instancenorm", "layernorm"}


def named_forms(
    climb: Climb,
    verdict: Verdict,
    judged: Pass,
    pairs: Sequence[LayerPair],
    calls: tuple[Calls, Calls],
    a: Side,
    b: Side,
) -> Verdict:
    """The verdict with a known form as its cause, or unchanged if no form explains it."""
    if verdict.status != "diverges" or verdict.tensor == "" or climb.exactly:
        return verdict
    of_layer = (p for p in pairs if p.name_a == verdict.layer)
    pair = pairs[int(verdict.tensor)] if verdict.tensor.isdigit() else next(of_layer, None)
    kind = "" if pair is None else _common_kind(pair)
    if pair is None or not kind:
        return verdict
    sides = _seen(climb, pair, calls, a, b, verdict.phase)
    if verdict.phase == "kept":
        return _kept(climb, verdict, judged, pair, sides, a, b)
    in_training = verdict.phase == "training"
    form = moving_in_training(*sides) if in_training and pair.kind == "batchnorm" else None
    form = form or output_form(kind, *sides, in_training)
    return _with(climb, verdict, pair, [form]) if form else verdict


def _common_kind(pair: LayerPair) -> str:
    """The kind of both layers; empty if they have none in common. Each sample's normalisations are one of groups."""
    if pair.kind == pair.kind_b:
        return pair.kind
    return "groupnorm" if {pair.kind, pair.kind_b} <= OF_A_SAMPLE else ""


def _seen(climb: Climb, pair: LayerPair, calls: tuple[Calls, Calls], a: Side, b: Side, phase: str) -> tuple[Seen, Seen]:
    seen_calls = []
    for number, (side, name) in enumerate(((a, pair.name_a), (b, pair.name_b))):
        at = (pair.a, pair.b)[number]
        of_layer = [m for m in climb.matches if (m.a, m.b)[number].layer == name]
        weights = {(m.a, m.b)[number].role: climb.weights[m.name] for m in of_layer}
        settings = climb.built[side.name]["settings"].get(name, {})
        # In float64, if the side runs in it, a small epsilon is not lost in rounding.
        exact = (side.below(phase).float64 if side.float64 is not None and phase != "kept" else None) or {}
        x, y = exact.get(f"{at}/x0", calls[number].x(at)), exact.get(f"{at}/y0", calls[number].y(at))
        seen_calls.append(Seen(side.arm.adapter, side.name, x, y, weights, settings))
    return seen_calls[0], seen_calls[1]


def _kept(
    climb: Climb, verdict: Verdict, judged: Pass, pair: LayerPair, sides: tuple[Seen, Seen], a: Side, b: Side
) -> Verdict:
    name = TensorKey.parse(verdict.tensor).of
    statistic = next(m.a.role for m in climb.matches if m.name == name)
    old = climb.weights[name]
    how_a, how_b = (
        recovered(s.x, old, r.values[verdict.tensor], statistic) for s, r in zip(sides, (a, b), strict=True)
    )
    moving = moving_in_training(*sides)
    if moving is not None:
        return _with(climb, verdict.model_copy(update={"subject": f"{pair.spoken}, kept {statistic}"}), pair, [moving])
    if how_a is None or how_b is None:
        return verdict
    forms = kept_differently(statistic, *sides, how_a, how_b)
    if not forms:
        return verdict
    named = verdict.model_copy(update={"subject": f"{pair.spoken}, kept {statistic}"})
    if [form.setting for form in forms] != [""]:
        return _with(climb, named, pair, forms)
    # Only the estimate of the variance differs: convert both to the biased one and compare again.
    values = []
    for seen, side, statistic_kept in zip(sides, (a, b), (how_a, how_b), strict=True):
        x = seen.x.astype(np.float64)
        count, biased = x.size // x.shape[-1], x.var(tuple(range(x.ndim - 1)))
        correction = (1 - statistic_kept.kept) * biased / (count - 1) if statistic_kept.unbiased else 0.0
        values.append(side.values[verdict.tensor].astype(np.float64) - correction)
    if np.any(error_against(values[0], values[1]) > 2 * judged.oracle.tolerances[verdict.tensor].bound):
        return _with(climb, named, pair, forms)
    unbiased = next(side for side, how in zip(sides, (how_a, how_b), strict=True) if how.unbiased)
    known = ", ".join(filter(None, [forms[0].cause, unbiased.spells("batch_norm unbiased")]))
    cause = f"{known}; the two agree once it is taken back"
    return named.model_copy(
        update={"status": "known", "judgement": "both right", "cause": cause, "advice": forms[0].advice}
    )


def _with(climb: Climb, verdict: Verdict, pair: LayerPair, forms: Sequence[Form]) -> Verdict:
    cause = "; ".join(form.cause for form in forms)
    advice = "; ".join(form.advice for form in forms if form.advice)
    proof = next((text for form in forms if form.setting and (text := _proven(climb, verdict, pair, form))), "")
    # Both conventions are valid, so no side is the culprit: the user decides which was meant.
    attribution = {"judgement": "undetermined", "culprit": "", "nearer": "", "cause": cause + proof, "advice": advice}
    return verdict.model_copy(update=attribution)


def _proven(climb: Climb, verdict: Verdict, pair: LayerPair, form: Form) -> str:
    """The proof in words: the rung agrees with one side's setting in the live layer of the other; else empty."""
    assert form.values is not None
    tries = ((1, pair.name_b, form.values[0]), (0, pair.name_a, form.values[1]))
    for number, layer, value in tries:
        changed = climb.arms[number]
        if form.setting not in climb.built[changed.name]["settings"].get(layer, {}):
            continue  # a layer of the user's own has no such setting
        payload = {"weights": str(climb.start), "altered": [[layer, form.setting, value]]}
        answers = {**climb.answered, **climb.ask(TASKS["pair_model"], by_arm={changed.name: payload})}
        if not answers[changed.name][0]["calls"]:
            continue  # the model does not run so
        a, b = climb.read(answers)
        if verdict.phase == "kept":
            retried = kept_pass(climb, a, b).judge(verdict.tensor)
        else:
            pairs, calls = paired_calls(climb, answers, verdict.phase)
            retried = layer_pass(MODEL, climb, a, b, verdict.phase, pairs, calls).judge(verdict.tensor)
        if retried.status == "agrees":
            return f"; proven: with {form.setting}={value:g} in {changed.name}'s live {layer} the two agree"
    return ""
