"""The rungs of a pair. Each asks both sides and judges their answers by what each computes in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from harness.judging.checks import judge_checks
from harness.judging.context import Answer
from harness.judging.repeats import Repeats
from harness.judging.tolerances import FACTOR, Tolerance
from harness.oracles.oracle import Place, checks
from harness.oracles.own_float64 import OwnFloat64, Side
from harness.oracles.reference import Reference
from harness.records.tensor_key import TensorKey, of_kind, only
from harness.records.verdict import Verdict
from harness.spec.arm import Arm, Policy
from harness.spec.recipe import Update
from harness.subjects.pair.beside import explained_beside
from harness.subjects.pair.causes import caused, pass_remarks
from harness.subjects.pair.climbing import MODEL, STEP, Climb
from harness.subjects.pair.losses import LOSSES, judge_losses, losses_oracle
from harness.subjects.pair.naming import named_forms
from harness.subjects.pair.outputs import compared_outputs
from harness.subjects.pair.passes import below_name, kept_pass, layer_pass, paired_calls, passed
from harness.subjects.pair.tasks import TASKS
from harness.subjects.pair.update_errors import Updates
from harness.system.array_files import Arrays, save_arrays

Walked = tuple[Side, Side]


def self_rung(climb: Climb, walked: Callable[[], Walked]) -> list[Verdict]:
    """Compares each side with itself: three free runs from the same weights."""
    answers = climb.ask(TASKS["pair_repeat"], weights=str(climb.start))
    verdicts = []
    for number, arm in enumerate(climb.arms):
        repeats = Repeats(arm, Answer(arm, *answers[arm.name]).tensor, climb.pair.steps)
        verdicts.append(repeats.judge(lambda number=number: _own_drift(walked()[number])))  # type: ignore[misc]
        if not repeats.is_exact:
            climb.spreads[arm.name] = repeats.spread[LOSSES]
    return verdicts


def _own_drift(side: Side) -> Tolerance | None:
    """The tolerance from the drift of a side's losses from its own float64; None if it does not run in float64."""
    return losses_oracle(side, side).tolerances.get(LOSSES)


def model_rung(climb: Climb) -> list[Verdict]:
    """Compares one batch: evaluation and training layer by layer, loss, gradients, the layers' statistics."""
    climb.answered = climb.ask(TASKS["pair_model"], weights=str(climb.start), altered=[])
    a, b = climb.read(climb.answered)
    unstable_sides = [_steady(arm, climb.built[arm.name]["unstable"]) for arm in climb.arms]
    verdicts = [verdict for verdict in unstable_sides if verdict is not None]
    apart = []
    for phase in ("evaluation",) if climb.random else ("evaluation", "training"):
        pairs, calls = paired_calls(climb, climb.answered, phase)
        layers = layer_pass(MODEL, climb, a, b, phase, pairs, calls)
        apart.append(layers.oracle.apart)
        judged = judge_checks(layers.checks.values())
        if phase == "evaluation":
            climb.remarks += pass_remarks(climb, pairs, calls)
            outputs = compared_outputs(a, b, climb.outputs, climb.channels_first)
            named: dict[str, Place] = {name: Place("outputs in evaluation", "evaluation") for name in outputs[0].values}
            judged += judge_checks(passed(MODEL, *outputs, named).checks.values())
        for verdict in judged:
            if verdict.status == "diverges":
                follow = not any(before.status == "diverges" for before in verdicts)
                verdict = caused(climb, verdict, climb.answered, phase, pairs, layers, follow)
            verdicts.append(named_forms(climb, verdict, layers, pairs, calls, a, b))
    if climb.random:
        return [*verdicts, *random_training(climb, MODEL)]
    subject = f"gradients: {len(climb.trainable)} tensors"
    places = {"loss": Place("loss", "loss")} | {
        key: Place(subject, "gradient", name_index=below_name(key))
        for key in (TensorKey("gradient", name) for name in reversed(climb.trainable))  # as they are computed
    }
    trained = passed(MODEL, a, b, places)
    apart.append(trained.oracle.apart)
    if "loss" in trained.oracle.tolerances:
        climb.loss_bound = float(np.max(trained.oracle.tolerances["loss"].bound)) / FACTOR
    agree = not any(verdict.status == "diverges" for verdict in verdicts)
    for verdict in judge_checks(trained.checks.values()):
        if agree and verdict.subject == "loss" and verdict.status == "diverges":
            verdict = caused(climb, verdict, climb.answered, "training", pairs, layers, follow=True)
        verdicts.append(explained_beside(climb, _backward(verdict)) if agree else verdict)
        agree = agree and verdict.status != "diverges"
    climb.apart = max((distance for distance in apart if distance is not None), default=None)
    if climb.kept:
        pairs, calls = paired_calls(climb, climb.answered, "training")
        kept = kept_pass(climb, a, b)
        judged = judge_checks(kept.checks.values())
        verdicts += [named_forms(climb, verdict, kept, pairs, calls, a, b) for verdict in judged]
    return verdicts


def _backward(verdict: Verdict) -> Verdict:
    """The verdict on gradients of sides whose outputs agree, with what that says of the place."""
    if verdict.status != "diverges" or verdict.phase != "gradient":
        return verdict
    where = "all outputs agree; from the loss backwards this is the first gradient that differs"
    return verdict.model_copy(update={"cause": f"{verdict.cause}; {where}"})


def random_training(climb: Climb, rung: str) -> list[Verdict]:
    """The verdicts on trainings that no comparison can judge, since a side draws random numbers of its own."""
    return [
        Verdict(
            rung=rung,
            subject="training",
            arm_a=name,
            status="unverified",
            cause=f"{name} is not the same twice in training although every layer of dropout is off: {where}",
            advice="use layers of dropout (nn.Dropout, keras.layers.Dropout), which the check can switch off, in place "
            "of a function such as ops.dropout",
        )
        for name, where in climb.random.items()
    ]


def not_climbed(climb: Climb, rung: str) -> list[Verdict]:
    """The verdict on trainings of models of which parameters have no common shape: they cannot start alike."""
    assert climb.pairing is not None
    names = [f"{p.name} {p.shape} / {q.name} {q.shape}" for p, q in climb.pairing.misfits]
    a, b = climb.arms
    return [
        Verdict(
            rung=rung,
            subject="training",
            arm_a=a.name,
            arm_b=b.name,
            status="unverified",
            cause=f"not climbed, since the models cannot start from the same weights: {', '.join(names)}",
            advice="mend the shapes first",
        )
    ]


def _steady(arm: Arm, unstable: Sequence[str]) -> Verdict | None:
    """The verdict on a side whose evaluation is not the same twice; None if it is."""
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


def step_rung(climb: Climb, walked: Walked) -> list[Verdict]:
    """Compares teacher-forced steps. The teacher is one side in float64, its weights rounded to float32 once."""
    steps = climb.pair.forced_steps
    oracle = OwnFloat64(*walked)
    forced = {name: value.astype(np.float32) for name, value in only(oracle.values, "weight").items()}
    save_arrays(climb.teacher, forced)
    a, b = climb.read(climb.ask(TASKS["pair_pupil"], teacher=str(climb.teacher), steps=steps))
    subject = f"loss and gradients, {steps} forced steps"
    places: dict[str, Place] = {}
    for k in range(steps):
        for key in (TensorKey("loss", step=k), *(TensorKey("gradient", name, k) for name in climb.trainable)):
            places[key] = Place(subject, key.kind, k, name_index=below_name(key))
    pupils = passed(STEP, a, b, places)
    verdicts = judge_checks(pupils.checks.values())
    exact = pupils.oracle.values
    fed_gradients = {key: exact[key].astype(np.float32) for key in only(exact, "gradient") if key in places}
    save_arrays(climb.teacher, {**forced, **fed_gradients})
    if climb.pair.own.optimizer:  # they have a rung of their own
        return verdicts
    return [*verdicts, *_updates(climb, climb.teacher, fed_gradients, forced)]


def _updates(climb: Climb, path: Path, fed_gradients: Arrays, forced: Arrays) -> list[Verdict]:
    """Gives both optimizers the same gradients. The reference judges: a pair's optimizer is a word of the spec."""
    steps, names = climb.pair.forced_steps, climb.trainable
    answers = climb.ask(TASKS["pair_update"], teacher=str(path), steps=steps)
    first = of_kind(forced, "weight", 0)
    start = {name: first[name] for name in names}
    gradients = [of_kind(fed_gradients, "gradient", k) for k in range(steps)]

    expected, tolerances = reference_updates(climb, climb.pair.update(schedule=climb.table), start, gradients)
    oracle = Reference(expected, tolerances)
    subject = f"updates by the same gradients, {steps} steps"
    places: dict[str, Place] = {
        TensorKey("weight", name, k): Place(subject, "update", k, "", f"weight/{name}", below_name(f"weight/{name}"))
        for k in range(steps)
        for name in names
    }
    return judge_checks(checks(STEP, oracle, {a.name: Answer(a, *answers[a.name]) for a in climb.arms}, places))


def reference_updates(
    climb: Climb, update: Update, start: Arrays, gradients: Sequence[Arrays]
) -> tuple[Arrays, dict[str, dict[str, Tolerance]]]:
    """The reference's weights after each update, `weight <step>/<name>`, and by arm how far it may be off."""

    # An arm's coefficients are computed as its own are.
    updates = Updates(update, start, gradients)

    def tolerances(arm: Arm) -> dict[str, Tolerance]:
        policy: Policy = "exact" if arm.precision == "float64" else arm.realisation
        return updates.tolerances(policy, np.dtype(arm.precision).type)

    return updates.expected, {arm.name: tolerances(arm) for arm in climb.arms}


def walk(climb: Climb) -> Walked:
    """Runs both sides free. The later rungs and the records use the result."""
    answers = climb.ask(TASKS["pair_walk"], weights=str(climb.start), told=climb.pair.forced_steps)
    climb.walked = climb.read(answers)
    return climb.walked


def trajectory_rung(climb: Climb, walked: Walked) -> list[Verdict]:
    """Compares the losses of the free-running trainings."""
    return judge_losses(*walked, climb.spread, climb.loss_bound)
