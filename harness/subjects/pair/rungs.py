"""The rungs of a pair, from `model` upwards. Each asks both sides and judges what they answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import adapters
from harness.judging.checks import Check
from harness.judging.judge import Claim
from harness.judging.tolerances import FACTOR, Tolerance, enveloped, own_error, strict
from harness.records.verdict import Verdict
from harness.spec.arm import Arm, Policy, Precision
from harness.subjects.pair.carrying import carried_over
from harness.subjects.pair.climbing import MODEL, STEP, TRAJECTORY, Climb
from harness.subjects.pair.judging import Place, Reading, at_once, judged
from harness.subjects.pair.naming import named_forms
from harness.subjects.pair.passes import judge_kept, judge_layers, paired_calls
from harness.subjects.pair.tasks import TASKS
from harness.system.array_files import Arrays, save_arrays


def model_rung(climb: Climb) -> list[Verdict]:
    """One batch: evaluation and training layer by layer, loss, gradients, what the layers keep."""
    verdicts = carried_over(climb)
    climb.answered = climb.ask(TASKS["pair_model"], weights=str(climb.start), altered=[])
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
    names |= {f"gradient/{n}": Place(f"gradient of {climb.spoken(n)}", "gradient") for n in climb.trainable}
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
    a, b = climb.read(climb.ask(TASKS["pair_pupil"], teacher=str(path), steps=steps))
    places = {f"loss/{k}": Place(f"loss, step {k}", "loss", k) for k in range(steps)}
    places |= {
        f"gradient/{k}/{n}": Place(f"gradient of {climb.spoken(n)}, step {k}", "gradient", k)
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
    answers = climb.ask(TASKS["pair_update"], teacher=str(path), steps=steps)
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
            subject, tensor = f"update of {climb.spoken(name)}, step {k}", f"weight/{name}"
            check = Check(STEP, subject, expected[k][name], claims, lambda i: str(list(i)), tensor, k, "update")
            verdict = check.judge(a.name, b.name)
            if verdict.status == "agrees":
                verdict = verdict.model_copy(update={"detects": check.detects(a.name, b.name)})
            verdicts.append(verdict)
    return [at_once(verdicts, f"updates by the same gradients, {steps} steps")]


def walk(climb: Climb) -> tuple[Reading, Reading]:
    """Both sides run free; what the later rungs are made of."""
    return climb.read(climb.ask(TASKS["pair_walk"], weights=str(climb.start), told=climb.pair.forced_steps))


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
