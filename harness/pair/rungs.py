"""The rungs of a pair, from `model` upwards. Each asks both sides and judges what they answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

import adapters
from harness.arrays import Arrays, load_arrays, save_arrays
from harness.pair.judging import Judged, Place, Reading, at_once, judged, reading
from harness.pair.layers import Calls, LayerPair, canonical_images, layer_pairs
from harness.pair.mapping import Match
from harness.pair.naming import named_forms
from harness.pair.spec import Pair
from harness.pair.tasks import rows_last
from harness.parity.checks import Check
from harness.parity.judge import Claim
from harness.parity.tolerances import FACTOR, Tolerance, enveloped, own_error, strict
from harness.parity.verdict import Verdict
from harness.plan import digest_arrays
from harness.spec.arm import Arm, Policy, Precision

MODEL, STEP, TRAJECTORY = "model", "step", "trajectory"
# The task with its payload by arm, or the same for both: the result and the arrays of each.
Answers = dict[str, tuple[dict[str, Any], Arrays]]
Ask = Callable[..., Answers]


@dataclass
class Climb:
    """What the rungs are given, and what they find out on the way."""

    pair: Pair
    scratch: Path
    ask: Ask
    built: Mapping[str, Mapping[str, Any]]
    matches: Sequence[Match]
    rows: dict[str, list[int]] = field(default_factory=dict)
    weights: Arrays = field(default_factory=dict)
    answered: Answers = field(default_factory=dict)
    apart: float | None = None
    loss_bound: float = 0.0
    remarks: list[str] = field(default_factory=list)

    @property
    def arms(self) -> tuple[Arm, Arm]:
        return self.pair.arms[0], self.pair.arms[1]

    @property
    def start(self) -> Path:
        return self.scratch / "weights.npz"

    def read(self, answers: Answers) -> tuple[Reading, Reading]:
        a, b = (reading(arm, answers[arm.name][1], self.built[arm.name]["refused"]) for arm in self.arms)
        return a, b

    @cached_property
    def trainable(self) -> list[str]:
        return [match.name for match in self.matches if match.a.trainable]

    @cached_property
    def kept(self) -> list[str]:
        return [match.name for match in self.matches if not match.a.trainable]

    def first_batch(self) -> Arrays:
        return {name: value[0] for name, value in load_arrays(self.scratch / "batches.npz").items()}


def carried_over(climb: Climb) -> list[Verdict]:
    """The first side's weights, given to both, and read back; flattened images are found on the way."""
    a, b = climb.arms
    names = {a.name: {m.name: m.a.name for m in climb.matches}, b.name: {m.name: m.b.name for m in climb.matches}}
    axes = {a.name: {}, b.name: {m.name: list(m.axes) for m in climb.matches if m.axes}}
    taken = climb.ask("pair_take", by_arm={n: {"names": names[n], "axes": axes[n]} for n in names})
    climb.weights = {name: value.astype(np.float32) for name, value in taken[a.name][1].items()}
    inputs = _loaded(climb)
    if climb.pair.models[a.adapter].layout != climb.pair.models[b.adapter].layout:
        climb.rows = _flattened(climb, *(inputs[arm.name][1] for arm in climb.arms))
        if climb.rows and _channels_first(climb) == a.name:
            climb.weights |= {n: rows_last(climb.weights[n], image) for n, image in climb.rows.items()}
        inputs = _loaded(climb) if climb.rows else inputs
    expected = {
        arm.name: digest_arrays({n: climb.weights[n].astype(arm.precision) for n in names[arm.name]})
        for arm in climb.arms
    }
    wrong = [name for name, digest in expected.items() if inputs[name][0]["digest"] != digest]
    cause = f"read back from {', '.join(wrong)}, the weights are others than were given" if wrong else ""
    return [_structure(climb), *_dropouts(climb), _stated(climb, "weights carried over", cause, "bit-equal, read back")]


def _loaded(climb: Climb) -> dict[str, tuple[dict[str, Any], Arrays]]:
    save_arrays(climb.start, climb.weights)
    first = _channels_first(climb)
    rows = {arm.name: climb.rows if arm.name == first else {} for arm in climb.arms}
    return climb.ask("pair_load", by_arm={n: {"weights": str(climb.start), "rows": each} for n, each in rows.items()})


def _channels_first(climb: Climb) -> str:
    return next((a.name for a in climb.arms if climb.pair.models[a.adapter].layout == "channels_first"), "")


def _flattened(climb: Climb, of_a: Arrays, of_b: Arrays) -> dict[str, list[int]]:
    """The dense kernels behind a flatten whose input is nearer to the other side's with its image turned."""
    images = {name: {tuple(s) for s in each["images"]} for name, each in climb.built.items()}
    first = _channels_first(climb)
    found = {}
    for match in climb.matches:
        x, y = of_a.get(match.a.layer), of_b.get(match.b.layer)
        if match.a.role != "kernel" or x is None or y is None or x.shape != y.shape:
            continue
        turning, fixed = (x, y) if first == climb.arms[0].name else (y, x)
        best = float(np.max(np.abs(turning - fixed)))
        for image in images[first]:
            if int(np.prod(image)) == x.shape[1]:
                distance = float(np.max(np.abs(rows_last(turning.T, image).T - fixed)))
                if distance < best:
                    best, found[match.name] = distance, list(image)
    return found


def _structure(climb: Climb) -> Verdict:
    remarks = [f"{m.name}: {m.how}" for m in climb.matches if m.axes]
    remarks += [f"{n}: rows in the order of an image of {tuple(i)}, channels last" for n, i in climb.rows.items()]
    climb.remarks += remarks
    without = [name for name, partner in climb.pair.parameters.items() if partner is None]
    climb.remarks += [f"{name} has no partner, as given" for name in without]
    source = f"{len(climb.matches)} parameters, each with a partner of its shape"
    return _stated(climb, "structure", "", source)


def _dropouts(climb: Climb) -> list[Verdict]:
    """Dropout is off where training is compared: no two frameworks draw the same masks. Its rates are compared."""
    rates = [[s["rate"] for s in climb.built[arm.name]["settings"].values() if "rate" in s] for arm in climb.arms]
    if not any(rates):
        return []
    a, b = climb.arms
    cause = "" if rates[0] == rates[1] else f"{a.name} drops {_listed(rates[0])}, {b.name} {_listed(rates[1])}"
    return [_stated(climb, "dropout", cause, "rates, in order; off while training is compared")]


def _listed(rates: Sequence[float]) -> str:
    return ", ".join(f"{rate:g}" for rate in rates) or "nothing"


def _stated(climb: Climb, subject: str, cause: str, source: str) -> Verdict:
    a, b = climb.arms
    return Verdict(
        rung=MODEL,
        subject=subject,
        arm_a=a.name,
        arm_b=b.name,
        status="diverges" if cause else "agrees",
        judgement="undetermined" if cause else "both right",
        tolerance=0.0,
        tolerance_source=source,
        cause=cause,
    )


def model_rung(climb: Climb) -> list[Verdict]:
    """One batch: evaluation and training layer by layer, loss, gradients, what the layers keep."""
    verdicts = carried_over(climb)
    climb.answered = climb.ask("pair_model", weights=str(climb.start), altered=[])
    a, b = climb.read(climb.answered)
    steady = [_steady(arm, climb.answered[arm.name][0]["unstable"]) for arm in climb.arms]
    verdicts += [verdict for verdict in steady if verdict is not None]
    apart = []
    for phase in ("evaluation", "training"):
        pairs, calls = paired_calls(climb, climb.answered, phase)
        found = judge_layers(climb, a, b, phase, pairs, calls)
        apart.append(found.apart)
        each = [named_forms(climb, v, found, pairs, calls, a, b) for v in found.verdicts.values()]
        verdicts += [at_once(each, f"{phase}: {len(pairs)} layers")] if each else []
    tensors = {"outputs": Place("outputs in evaluation", "evaluation")}
    found = judged(MODEL, a, b, tensors)
    verdicts += found.verdicts.values()
    names = {"loss": Place("loss", "loss")}
    names |= {f"gradient/{n}": Place(f"gradient of {_spoken(climb, n)}", "gradient") for n in climb.trainable}
    found = judged(MODEL, a, b, names)
    apart.append(found.apart)
    if "loss" in found.tolerances:
        climb.loss_bound = float(np.max(found.tolerances["loss"].bound)) / FACTOR
    verdicts.append(found.verdicts.pop("loss"))
    verdicts.append(at_once(list(found.verdicts.values()), f"gradients: {len(found.verdicts)} tensors"))
    climb.apart = max((each for each in apart if each is not None), default=None)
    if climb.kept:
        pairs, calls = paired_calls(climb, climb.answered, "training")
        found = judge_kept(climb, a, b)
        verdicts += [named_forms(climb, v, found, pairs, calls, a, b) for v in found.verdicts.values()]
    return verdicts


def paired_calls(climb: Climb, answers: Answers, phase: str) -> tuple[list[LayerPair], tuple[Calls, Calls]]:
    """The calls of a pass in the arms' own precision, and which is which."""
    first = _channels_first(climb)
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
            turned = canonical_images(
                below, climb.rows if side.name == _channels_first(climb) else {}, _of(climb, side)
            )
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


def _spoken(climb: Climb, name: str) -> str:
    match = next(m for m in climb.matches if m.name == name)
    return f"{name} ({match.a.name} / {match.b.name})"


def _steady(arm: Arm, unstable: Sequence[str]) -> Verdict | None:
    """A side whose evaluation is not the same twice."""
    if not unstable:
        return None
    cause = f"layer {unstable[0]} gives another output each time in evaluation: dropout left on?"
    return Verdict(
        rung=MODEL,
        subject=f"{arm.name} against itself",
        arm_a=arm.name,
        arm_b=arm.name,
        status="diverges",
        judgement="one wrong",
        culprit=arm.name,
        layer=unstable[0],
        phase="evaluation",
        cause=cause,
        advice="call it with training=False in evaluation",
    )


def step_rung(climb: Climb, walked: tuple[Reading, Reading]) -> list[Verdict]:
    """Teacher-forced. The teacher is one side's float64, its weights rounded to float32 once."""
    steps = climb.pair.forced_steps
    teacher = walked[1] if walked[1].exact is not None else walked[0]
    told = teacher.exact if teacher.exact is not None else teacher.own
    forced = {name: value.astype(np.float32) for name, value in told.items() if name.startswith("weight/")}
    path = climb.scratch / "teacher.npz"
    save_arrays(path, forced)
    a, b = climb.read(climb.ask("pair_pupil", teacher=str(path), steps=steps))
    places = {f"loss/{k}": Place(f"loss, step {k}", "loss", k) for k in range(steps)}
    places |= {
        f"gradient/{k}/{n}": Place(f"gradient of {_spoken(climb, n)}, step {k}", "gradient", k)
        for k in range(steps)
        for n in climb.trainable
    }
    found = judged(STEP, a, b, places).verdicts
    ordered = sorted(found.values(), key=lambda verdict: verdict.step or 0)
    verdicts = [at_once(ordered, f"loss and gradients, {steps} forced steps")]
    exact = b.exact if b.exact is not None else a.exact if a.exact is not None else a.own
    fed = {name: exact[name].astype(np.float32) for name in places if name.startswith("gradient/") and name in exact}
    save_arrays(path, {**forced, **fed})
    return [*verdicts, *_updates(climb, path, fed, forced)]


def _updates(climb: Climb, path: Path, fed: Arrays, forced: Arrays) -> list[Verdict]:
    """The same gradients to both optimizers, judged by the reference: their words are ours."""
    steps, names = climb.pair.forced_steps, climb.trainable
    answers = climb.ask("pair_update", teacher=str(path), steps=steps)
    start = {name: forced[f"weight/0/{name}"] for name in names}
    gradients = [{name: fed[f"gradient/{k}/{name}"] for name in names} for k in range(steps)]

    def moved(precision: Precision, policy: Policy) -> list[dict[str, Any]]:
        arm = Arm(name="reference", adapter="reference", mode="numpy", precision=precision, realisation=policy)
        return list(adapters.load(arm).optimizer(climb.pair.update, start, gradients))

    expected = moved("float64", "exact")
    # Its coefficients computed as the arm's own are.
    policies: dict[str, Policy] = {a.name: "exact" if a.precision == "float64" else a.realisation for a in climb.arms}
    in_float32 = {policy: moved("float32", policy) for policy in set(policies.values())}
    a, b = climb.arms
    verdicts = []
    for k in range(steps):
        for name in names:
            claims = {}
            for arm in climb.arms:
                precision = np.dtype(arm.precision).type
                tolerance = own_error(expected[k][name], in_float32[policies[arm.name]][k][name], precision)
                claims[arm.name] = Claim(arm.name, answers[arm.name][1][f"weight/{k}/{name}"], tolerance, precision)
            subject, tensor = f"update of {_spoken(climb, name)}, step {k}", f"weight/{name}"
            check = Check(STEP, subject, expected[k][name], claims, lambda i: str(list(i)), tensor, k, "update")
            verdict = check.judge(a.name, b.name)
            if verdict.status == "agrees":
                verdict = verdict.model_copy(update={"detects": check.detects(a.name, b.name)})
            verdicts.append(verdict)
    return [at_once(verdicts, f"updates by the same gradients, {steps} steps")]


def walk(climb: Climb) -> tuple[Reading, Reading]:
    """Both sides run free; what the later rungs are made of."""
    return climb.read(climb.ask("pair_walk", weights=str(climb.start), told=climb.pair.forced_steps))


def trajectory_rung(climb: Climb, walked: tuple[Reading, Reading]) -> list[Verdict]:
    """The losses of free-running trainings, within the drift that each side shows against its own float64."""
    a, b = walked
    oracle = b if b.exact is not None else a
    subject = f"train_loss, steps 0 to {climb.pair.steps - 1}"
    if oracle.exact is None:
        return list(judged(TRAJECTORY, a, b, {"losses": Place(subject, "")}).verdicts.values())
    reference = oracle.exact["losses"]
    drifts = [np.abs(s.own["losses"] - s.exact["losses"]) for s in walked if s.exact is not None]
    apart = np.max(drifts, axis=0)
    if a.arm.precision == b.arm.precision == "float64":
        tolerance = strict(reference)
    else:
        least = climb.loss_bound
        tolerance = enveloped(reference, apart, np.zeros_like(apart), np.float32, least)
        tolerance = Tolerance(tolerance.bound, f"{FACTOR:g} x the drift of either side from its own float64")
    claims = {s.name: Claim(s.name, s.own["losses"], tolerance, np.dtype(s.arm.precision).type) for s in walked}
    check = Check(TRAJECTORY, subject, reference, claims, lambda i: f"step {i[0]}", "losses")
    verdict = check.judge(a.name, b.name)
    if verdict.status == "agrees":
        return [verdict.model_copy(update={"detects": check.detects(a.name, b.name), "value_reference": None})]
    cause = f"{a.name} and {b.name} part company: see the rungs below for where"
    untold = {"judgement": "undetermined", "culprit": "", "nearer": "", "value_reference": None, "cause": cause}
    return [verdict.model_copy(update=untold)]
