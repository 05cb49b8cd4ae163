"""Verdicts on two recorded arms: the rungs that need only records, judged by the reference if it can run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from harness.judging.context import Answer
from harness.judging.judge import worst_of
from harness.judging.quantity import Quantity
from harness.judging.tolerances import STRICT_STEPS
from harness.oracles.oracle import check
from harness.oracles.recorded import EQUAL, Recorded
from harness.plan import digest_in_precision
from harness.records.array_types import FloatArray
from harness.records.step_columns import DIGESTS, columns
from harness.records.tensor_key import prefixed
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.results.recorded import EPOCHS, STEPS, TRACE, RecordedArm
from harness.rungs import convergence, evaluation, free_run, trajectory
from harness.rungs.convergence_losses import judge_losses
from harness.rungs.inputs import judge_orders
from harness.rungs.rung import Trainings
from harness.subjects.recorded.answers import answers_verdicts
from harness.subjects.recorded.differences import (
    ANSWERS_TO,
    FINAL_WEIGHTS,
    LABELS,
    MARGINS,
    TEST_ACCURACY,
    TEST_LOSS,
    quantities,
)
from harness.subjects.recorded.judge import Judge
from harness.subjects.recorded.pairing import ArmPair
from harness.subjects.recorded.rates import rates_verdicts
from harness.subjects.recorded.reliance import failed_arms, relied_on
from harness.subjects.recorded.rows import rows_of
from harness.subjects.recorded.verdicts import marked_equal, unknown, verdict_on
from harness.system.array_files import PREDICTIONS, WEIGHTS, Arrays

RECORDS, INPUTS = "records", "inputs"
DIGEST = "digest/"  # above the columns of steps.parquet that are digests
# How the kinds of quantities begin that other rungs' verdicts are about.
JUDGED_ELSEWHERE = ("learning_rate", "loss", FINAL_WEIGHTS, LABELS, MARGINS, TEST_LOSS, TEST_ACCURACY, ANSWERS_TO)


def judge_pair(judge: Judge, pair: ArmPair) -> list[Verdict]:
    """All verdicts on a pair of arms, in this order: damaged records, inputs, learning rates, loss curves, digests,
    other quantities by step, final weights, the test set, recorded answers. If the inputs differ, nothing after them is
    compared.
    """
    judge = judge.beside(pair)
    records, inputs = [*damaged_records(pair), *failed_arms(pair, RECORDS)], inputs_verdict(pair)
    if inputs.status == "diverges":
        return [*records, inputs]  # runs with different inputs are not compared
    recorded = quantities(pair)
    watched = [item for item in recorded if not item.kind.startswith(JUDGED_ELSEWHERE)]
    verdicts_by_file = {
        TRACE: [inputs, *_orders(judge, pair)],
        STEPS: [
            *rates_verdicts(judge, pair),
            *_curves(judge, pair),
            *_digests(judge, pair),
            *_others(judge.why, pair, watched),
        ],
        WEIGHTS: weights_verdicts(pair, judge.why),
        EPOCHS: list(_evaluations(judge, pair)),
    }
    earlier = [verdict for verdicts in verdicts_by_file.values() for verdict in verdicts]
    verdicts_by_file[EPOCHS] += _accuracy(judge, pair, earlier)
    return [
        *records,
        *(relied_on(item, pair.sides, file) for file, verdicts in verdicts_by_file.items() for item in verdicts),
        *answers_verdicts(judge, pair),
    ]


def damaged_records(pair: ArmPair) -> Iterator[Verdict]:
    """A verdict on each damaged record of the arms."""
    for arm in pair.sides:
        for failure in arm.failures:
            yield verdict_on(RECORDS, failure.file, [arm.trace], "unverified", failure.message)


def inputs_verdict(pair: ArmPair, plan: str = "plan") -> Verdict:
    """Whether both arms had the same plan and initial weights, by their digests. `plan`: what to call the plan."""
    a, b = (arm.trace for arm in pair.sides)
    digests = {plan: [a.plan_digest, b.plan_digest]}
    if a.arm.precision == b.arm.precision:
        digests["initial weights"] = [a.initial_weights_digest, b.initial_weights_digest]
    subject = " and ".join(digests)
    differences = [f"another {what}: {x[:8]} and {y[:8]}" for what, (x, y) in digests.items() if x and y and x != y]
    if differences:
        return verdict_on(INPUTS, subject, [a, b], "diverges", "; ".join(differences))
    for what, of in ((plan, "plan_digest"), ("initial weights", "initial_weights_digest")):
        missing = [trace for trace in (a, b) if not getattr(trace, of)]
        if missing:
            return unknown(INPUTS, subject, [a, b], missing, f"said which {what} it had")
    return verdict_on(INPUTS, subject, [a, b], "agrees", EQUAL)


def _orders(judge: Judge, pair: ArmPair) -> Iterator[Verdict]:
    """Whether each arm trained in the order that the seed gives; only if the plan can be drawn and it was recorded."""
    for trace in (arm.trace for arm in pair.sides):
        if judge.context is not None and trace.finished and trace.order_digests:
            yield judge_orders(judge.context, trace)


def _curves(judge: Judge, pair: ArmPair) -> list[Verdict]:
    traces = [_with_curve(judge, arm) for arm in pair.sides]
    if all(arm.answers and not arm.trace.losses for arm in pair.sides):
        return []  # two checks, which train nothing: the answers to the rungs are compared
    missing = [trace for trace in traces if not trace.losses]
    if missing:
        return [unknown(trajectory.NAME, "train_loss", traces, missing, "recorded a step")]
    curves = [np.asarray(trace.losses) for trace in traces]
    if judge.context is not None:
        return [marked_equal(verdict, *curves) for verdict in trajectory.judge_traces(judge.context, traces)]
    longest = max(map(len, curves))
    cut = _cut(curves)
    curve = Quantity("train_loss", *cut, np.arange(len(cut[0])))
    judged = _arm_against_arm(judge.why, trajectory.NAME, "train_loss", traces, curve)
    unfinished = [trace for trace in traces if not trace.finished or len(trace.losses) != longest]
    if not unfinished or judged.status == "diverges":
        return [judged]
    return [unknown(trajectory.NAME, judged.subject, traces, unfinished, "come to its end")]


def _digests(judge: Judge, pair: ArmPair) -> list[Verdict]:
    """The digests of the first steps, judged as `check` judges those of a free run; only if both arms have them."""
    if judge.context is None:
        return []
    count, digest_names = judge.context.free_steps, columns(judge.experiment.model, DIGESTS)
    answers = {}
    for arm in pair.sides:
        digests = {name: arm.columns[DIGEST + name] for name in digest_names if DIGEST + name in arm.columns}
        if not digests or len(arm.trace.losses) < count:
            return []
        tables = {"losses": np.asarray(arm.trace.losses), "digests": np.stack(list(digests.values()), axis=-1)}
        # There is no disturbed run of a recorded training: its spread is unknown and widens no tolerance.
        first_steps = {what: values[:count] for what, values in tables.items()}
        runs = prefixed(free_run.PLANNED, first_steps) | prefixed(free_run.DISTURBED, first_steps)
        answers[arm.trace.arm.name] = Answer(arm.trace.arm, {"columns": list(digests)}, runs)
    return [verdict for verdict in free_run.judge_answers(judge.context, answers) if "digests" in verdict.subject]


def weights_verdicts(pair: ArmPair, why: str) -> list[Verdict]:
    """Verdicts on the final weights of both arms. `why`: the reason why no reference judges them."""
    weights = [quantity for quantity in quantities(pair) if quantity.kind == FINAL_WEIGHTS]
    return [*_unlike_weights(pair), *_others(why, pair, weights)]


def _unlike_weights(pair: ArmPair) -> Iterator[Verdict]:
    unlike = _unlike(pair.a.weights, pair.b.weights)
    if unlike:
        yield verdict_on(trajectory.NAME, FINAL_WEIGHTS, [arm.trace for arm in pair.sides], "diverges", unlike)


def _others(why: str, pair: ArmPair, recorded: Sequence[Quantity]) -> Iterator[Verdict]:
    """A verdict on each row of the recorded quantities that is bit-equal, or that two float64 arms must agree on."""
    traces = [arm.trace for arm in pair.sides]
    is_strict = _both_float64(traces) and len(traces[0].losses) <= STRICT_STEPS
    for row in rows_of(quantity for quantity in recorded if quantity.common):
        if is_strict or row.is_equal:
            verdicts = [
                _arm_against_arm(why, trajectory.NAME, quantity.what, traces, quantity) for quantity in row.parts
            ]
            worst = worst_of(verdicts)
            tensor = "" if row.kind == worst.subject else worst.subject
            yield worst.model_copy(update={"subject": row.name, "tensor": tensor})


def _unlike(a: Arrays, b: Arrays) -> str:
    """Which parameters only one arm has, in words; empty if both have the same or one has recorded none."""
    shapes = [{f"{name} {value.shape}" for name, value in arrays.items()} for arrays in (a, b)]
    unshared = sorted(shapes[0] ^ shapes[1]) if a and b else []
    return f"only one of the arms has {', '.join(unshared)}" if unshared else ""


def _evaluations(judge: Judge, pair: ArmPair) -> Iterator[Verdict]:
    """What each arm said of the test set, computed again from its final weights; only if the reference can run."""
    for arm in pair.sides:
        if judge.context is not None and arm.trace.finished and arm.trace.failure is None and arm.weights:
            for verdict in evaluation.judge_arm(judge.context, arm.trace, arm.weights, arm.predictions):
                yield relied_on(verdict, [arm], WEIGHTS, *([PREDICTIONS] if arm.predictions else []))


def _accuracy(judge: Judge, pair: ArmPair, earlier: Sequence[Verdict]) -> list[Verdict]:
    traces = [arm.trace for arm in pair.sides]
    trainings = trainings_of(judge, pair, earlier)
    return [
        *convergence.judge_traces(judge.experiment, traces, trainings),
        *judge_losses(judge.experiment, traces, trainings),
    ]


def trainings_of(judge: Judge, pair: ArmPair, verdicts: Sequence[Verdict]) -> Trainings | None:
    """The records from which the reference can name a culprit, with earlier verdicts; None if it cannot run.

    An arm whose records are damaged has no weights there: what it recorded is not what it did.
    """
    if judge.context is None:
        return None
    sound = [arm for arm in pair.sides if not any(map(arm.failed, (TRACE, EPOCHS, WEIGHTS)))]
    weights = {arm.trace.arm.name: arm.weights for arm in sound}
    return Trainings(judge.context, [arm.trace for arm in pair.sides], weights, {}, verdicts=verdicts)


def _arm_against_arm(why: str, rung: str, subject: str, traces: Sequence[Trace], quantity: Quantity) -> Verdict:
    """One quantity of two arms, judged without a reference."""
    a, b = (trace.arm for trace in traces)
    oracle = Recorded(a, b, {subject: quantity}, why)
    return check(rung, oracle, oracle.claimants, subject, oracle.place(subject, subject)).judge(a.name, b.name)


def _with_curve(judge: Judge, arm: RecordedArm) -> Trace:
    """The arm's trace; if trace.json is damaged, a trace with the expected digests, so that its curve can be judged.

    The verdict on the inputs reports the damage.
    """
    if judge.context is None or not arm.failed(TRACE):
        return arm.trace
    expected_record = {
        "plan_digest": judge.context.plan.digest,
        "initial_weights_digest": digest_in_precision(judge.context.plan.weights, arm.trace.arm.variable_dtype),
        "finished": len(arm.trace.losses) == judge.context.plan.steps,
    }
    return arm.trace.model_copy(update=expected_record)


def _cut(curves: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
    count = min(map(len, curves))
    a, b = (curve[:count] for curve in curves)
    return a, b


def _both_float64(traces: Sequence[Trace]) -> bool:
    return all(trace.arm.precision == "float64" for trace in traces)
