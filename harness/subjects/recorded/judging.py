"""Verdicts on two recorded arms: the rungs that records can climb, by the reference where it can run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from adapters.reference.schedules import oracle
from harness.judging.checks import judge_checks
from harness.judging.context import Answer
from harness.judging.judge import worst_of
from harness.judging.ledger_excuses import of_word
from harness.judging.quantity import Quantity, same_bits
from harness.judging.tolerances import STRICT_STEPS, Excuse, Tolerance
from harness.ledger.loading import entries_for
from harness.oracles.oracle import Place, check, checks
from harness.oracles.recorded import EQUAL, Recorded, RecordedValues
from harness.oracles.reference import Excusing, Reference
from harness.plan import digest_arrays
from harness.records.array_types import FloatArray
from harness.records.step_columns import DIGESTS, columns
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.results.recorded import EPOCHS, STEPS, TRACE, RecordedArm
from harness.rungs import convergence, free_run, schedule, trajectory
from harness.subjects.recorded.differences import (
    FINAL_WEIGHTS,
    LABELS,
    MARGINS,
    TEST_ACCURACY,
    TEST_LOSS,
    quantities,
)
from harness.subjects.recorded.judge import Judge
from harness.subjects.recorded.pairing import ArmPair
from harness.subjects.recorded.reliance import failed_arms, relied_on
from harness.subjects.recorded.rows import rows_of
from harness.system.array_files import WEIGHTS, Arrays

RECORDS, INPUTS = "records", "inputs"
DIGEST = "digest/"  # above the columns of steps.parquet that are digests
RATE = "learning rate"
JUDGED_ELSEWHERE = ("learning_rate", "loss", FINAL_WEIGHTS, LABELS, MARGINS, TEST_LOSS, TEST_ACCURACY)


def judge_pair(judge: Judge, pair: ArmPair) -> list[Verdict]:
    """Records that are damaged, inputs, rates, curves, what else was recorded by step, weights, accuracy."""
    judge = judge.beside(pair)
    records, inputs = [*damaged_records(pair), *failed_arms(pair, RECORDS)], inputs_verdict(pair)
    if inputs.status == "diverges":
        return [*records, inputs]  # what did not start alike is not compared
    recorded = quantities(pair)
    watched = [each for each in recorded if each.kind not in JUDGED_ELSEWHERE]
    resting = {
        TRACE: [inputs],
        STEPS: [
            *_rates(judge, pair),
            *_curves(judge, pair),
            *_digests(judge, pair),
            *_others(judge.why, pair, watched),
        ],
        WEIGHTS: weights_verdicts(pair, judge.why),
        EPOCHS: _accuracy(judge, pair),
    }
    return [*records, *(relied_on(each, pair.sides, file) for file, of_it in resting.items() for each in of_it)]


def damaged_records(pair: ArmPair) -> Iterator[Verdict]:
    """A verdict on each record of the arms that is damaged."""
    for arm in pair.sides:
        for failure in arm.failures:
            yield _verdict(RECORDS, failure.file, [arm.trace], "unverified", failure.message)


def inputs_verdict(pair: ArmPair, plan: str = "plan") -> Verdict:
    """Whether both arms were given the same. `plan`: what their plan's digest is of."""
    a, b = (arm.trace for arm in pair.sides)
    given = {plan: [a.plan_digest, b.plan_digest]}
    if a.arm.precision == b.arm.precision:
        given["initial weights"] = [a.initial_weights_digest, b.initial_weights_digest]
    subject = " and ".join(given)
    other = [f"another {what}: {x[:8]} and {y[:8]}" for what, (x, y) in given.items() if x and y and x != y]
    if other:
        return _verdict(INPUTS, subject, [a, b], "diverges", "; ".join(other))
    for what, of in ((plan, "plan_digest"), ("initial weights", "initial_weights_digest")):
        nothing = [trace for trace in (a, b) if not getattr(trace, of)]
        if nothing:
            return _unknown(INPUTS, subject, [a, b], nothing, f"said which {what} it had")
    return _verdict(INPUTS, subject, [a, b], "agrees", EQUAL)


def _rates(judge: Judge, pair: ArmPair) -> list[Verdict]:
    """The rates as recorded, step by step, against the formula, which needs no data."""
    traces = [arm.trace for arm in pair.sides]
    count = min(len(trace.learning_rates) for trace in traces)
    word, steps = judge.experiment.schedule, np.arange(count)
    if not count:
        silent = [trace for trace in traces if trace.losses and not trace.learning_rates]
        return [_unknown(schedule.NAME, word.name_in_tables, traces, silent, "recorded a rate")] if silent else []
    reference = oracle(word, steps)
    tolerances, excuses = dict[str, dict[str, Tolerance]](), dict[str, Excusing]()
    for trace in traces:
        precision = np.dtype(trace.arm.precision).type
        tolerances[trace.arm.name] = {RATE: schedule.rate_tolerance(word, steps, precision)}
        excuses[trace.arm.name] = partial(_excusing, word, trace, reference)
    rates = {t.arm.name: RecordedValues(t.arm, {RATE: np.asarray(t.learning_rates[:count])}) for t in traces}
    subject = f"{word.name_in_tables}, as recorded, steps 0 to {count - 1}"
    place = Place(subject, tensor="", name_index=lambda index: f"step {index[0]}")
    found = judge_checks(checks(schedule.NAME, Reference({RATE: reference}, tolerances, excuses), rates, {RATE: place}))
    return [_said_equal(each, *(values.tensor(RATE) for values in rates.values())) for each in found]


def _excusing(
    word: Any, trace: Trace, reference: FloatArray, tensor: str, tolerance: Tolerance
) -> Callable[[], Excuse | None]:
    return partial(_excuse, word, trace, reference, tolerance)


def _excuse(word: Any, trace: Trace, reference: FloatArray, tolerance: Tolerance) -> Excuse | None:
    """What the ledger says of the rates, in the versions that the arm ran on."""
    arm, said = trace.arm, trace.environment
    known = [
        entry
        for entry in entries_for(arm.adapter, said.get("versions", {}), "schedule", word.word(), arm.precision)
        if entry.kind == "inaccurate" and entry.holds_in(arm.precision, arm.mode, said.get("device", "cpu"))
    ]
    return of_word(known, reference, tolerance) if known else None


def _curves(judge: Judge, pair: ArmPair) -> list[Verdict]:
    traces = [_as_sent(judge, arm) for arm in pair.sides]
    nothing = [trace for trace in traces if not trace.losses]
    if nothing:
        return [_unknown(trajectory.NAME, "train_loss", traces, nothing, "recorded a step")]
    curves = [np.asarray(trace.losses) for trace in traces]
    if judge.context is not None:
        return [_said_equal(each, *curves) for each in trajectory.judge_traces(judge.context, traces)]
    whole = max(map(len, curves))
    cut = _cut(curves)
    curve = Quantity("train_loss", *cut, np.arange(len(cut[0])))
    found = _arm_against_arm(judge.why, trajectory.NAME, "train_loss", traces, curve)
    short = [trace for trace in traces if not trace.finished or len(trace.losses) != whole]
    if not short or found.status == "diverges":
        return [found]
    return [_unknown(trajectory.NAME, found.subject, traces, short, "come to its end")]


def _digests(judge: Judge, pair: ArmPair) -> list[Verdict]:
    """The digests of the first steps, as `check` judges them of its own free run; where both recorded them."""
    if judge.context is None:
        return []
    count, known = judge.context.free_steps, columns(judge.experiment.model, DIGESTS)
    answers = {}
    for arm in pair.sides:
        digests = {name: arm.columns[DIGEST + name] for name in known if DIGEST + name in arm.columns}
        if not digests or len(arm.trace.losses) < count:
            return []
        tables = {"losses": np.asarray(arm.trace.losses), "digests": np.stack(list(digests.values()), axis=-1)}
        # A recorded training has not been disturbed: its own spread is not known, and adds nothing.
        runs = {
            f"{run}/{what}": own[:count]
            for run in (free_run.PLANNED, free_run.DISTURBED)
            for what, own in tables.items()
        }
        answers[arm.trace.arm.name] = Answer(arm.trace.arm, {"columns": list(digests)}, runs)
    return [each for each in free_run.judge_answers(judge.context, answers) if "digests" in each.subject]


def weights_verdicts(pair: ArmPair, why: str) -> list[Verdict]:
    """On the final weights of both arms. `why`: why no reference judges them."""
    weights = [each for each in quantities(pair) if each.kind == FINAL_WEIGHTS]
    return [*_unlike_weights(pair), *_others(why, pair, weights)]


def _unlike_weights(pair: ArmPair) -> Iterator[Verdict]:
    unlike = _unlike(pair.a.weights, pair.b.weights)
    if unlike:
        yield _verdict(trajectory.NAME, FINAL_WEIGHTS, [arm.trace for arm in pair.sides], "diverges", unlike)


def _others(why: str, pair: ArmPair, recorded: Sequence[Quantity]) -> Iterator[Verdict]:
    """A verdict on what both recorded where it is equal bit for bit, or where float64 says that it must be near."""
    traces = [arm.trace for arm in pair.sides]
    strictly = _both_float64(traces) and len(traces[0].losses) <= STRICT_STEPS
    for row in rows_of(each for each in recorded if each.common):
        if strictly or row.is_equal:
            verdicts = [_arm_against_arm(why, trajectory.NAME, each.what, traces, each) for each in row.parts]
            worst = worst_of(verdicts)
            tensor = "" if row.kind == worst.subject else worst.subject
            yield worst.model_copy(update={"subject": row.name, "tensor": tensor})


def _unlike(a: Arrays, b: Arrays) -> str:
    """Which parameters the arms do not share; empty where they share all, or one of them left none."""
    shapes = [{f"{name} {value.shape}" for name, value in each.items()} for each in (a, b)]
    wrong = sorted(shapes[0] ^ shapes[1]) if a and b else []
    return f"only one of the arms has {', '.join(wrong)}" if wrong else ""


def _accuracy(judge: Judge, pair: ArmPair) -> list[Verdict]:
    return convergence.judge_traces(judge.experiment, [arm.trace for arm in pair.sides])


def _arm_against_arm(why: str, rung: str, subject: str, traces: Sequence[Trace], quantity: Quantity) -> Verdict:
    """Without a third value to be nearer to."""
    a, b = (trace.arm for trace in traces)
    oracle = Recorded(a, b, {subject: quantity}, why)
    return check(rung, oracle, oracle.claimants, subject, oracle.place(subject, subject)).judge(a.name, b.name)


def _as_sent(judge: Judge, arm: RecordedArm) -> Trace:
    """Where trace.json cannot be read, `inputs` has said so: the curve itself can still be judged."""
    if judge.context is None or not arm.failed(TRACE):
        return arm.trace
    rounded = {name: value.astype(arm.trace.arm.precision) for name, value in judge.context.plan.weights.items()}
    sent = {
        "plan_digest": judge.context.plan.digest,
        "initial_weights_digest": digest_arrays(rounded),
        "finished": len(arm.trace.losses) == judge.context.plan.steps,
    }
    return arm.trace.model_copy(update=sent)


def _said_equal(verdict: Verdict, a: Any, b: Any) -> Verdict:
    if not same_bits(a, b):
        return verdict
    said = f"{EQUAL}; {verdict.cause}" if verdict.cause else EQUAL
    return verdict.model_copy(update={"cause": said})


def _cut(curves: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
    count = min(map(len, curves))
    a, b = (curve[:count] for curve in curves)
    return a, b


def _both_float64(traces: Sequence[Trace]) -> bool:
    return all(trace.arm.precision == "float64" for trace in traces)


def _unknown(rung: str, subject: str, traces: Sequence[Trace], which: Sequence[Trace], what: str) -> Verdict:
    """An arm has not done what it takes: its failure is the verdict, which is never `agrees`."""
    failure = next((trace.failure for trace in which if trace.failure is not None), None)
    told = [f"{trace.arm.name} has not {what}" + (f" ({trace.failure})" if trace.failure else "") for trace in which]
    return _verdict(rung, subject, traces, failure.status if failure else "unverified", "; ".join(told))


def _verdict(rung: str, subject: str, traces: Sequence[Trace], status: Any, cause: str) -> Verdict:
    first, *other = [trace.arm.name for trace in traces]
    return Verdict(rung=rung, subject=subject, arm_a=first, arm_b="".join(other), status=status, cause=cause)
