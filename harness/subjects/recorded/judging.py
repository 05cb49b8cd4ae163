"""Verdicts on two recorded arms: the rungs that records can climb, by the reference where it can run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from adapters.reference.schedules import oracle
from harness.judging.checks import Check, judge_checks
from harness.judging.context import Answer
from harness.judging.judge import Claim, judge, worst_of
from harness.judging.ledger_excuses import of_word
from harness.judging.tolerances import STRICT_STEPS, Excuse, Tolerance, strict
from harness.ledger.loading import entries_for
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
    Quantity,
    quantities,
    same_bits,
)
from harness.subjects.recorded.judge import Judge
from harness.subjects.recorded.pairing import Pair
from harness.subjects.recorded.reliance import failed_arms, relied_on
from harness.subjects.recorded.rows import rows_of
from harness.system.array_files import WEIGHTS, Arrays

RECORDS, INPUTS = "records", "inputs"
DIGEST = "digest/"  # above the columns of steps.parquet that are digests
EQUAL = "equal bit for bit"
JUDGED_ELSEWHERE = ("learning_rate", "loss", FINAL_WEIGHTS, LABELS, MARGINS, TEST_LOSS, TEST_ACCURACY)


def judge_pair(judge: Judge, pair: Pair) -> list[Verdict]:
    """Records that are damaged, inputs, rates, curves, what else was recorded by step, weights, accuracy."""
    judge = judge.beside(pair)
    records, inputs = [*_records(pair), *failed_arms(pair, RECORDS)], _inputs(judge, pair)
    if inputs.status == "diverges":
        return [*records, inputs]  # what did not start alike is not compared
    recorded = quantities(pair)
    watched = [each for each in recorded if each.kind not in JUDGED_ELSEWHERE]
    weights = [each for each in recorded if each.kind == FINAL_WEIGHTS]
    resting = {
        TRACE: [inputs],
        STEPS: [*_rates(judge, pair), *_curves(judge, pair), *_digests(judge, pair), *_others(judge, pair, watched)],
        WEIGHTS: [*_unlike_weights(pair), *_others(judge, pair, weights)],
        EPOCHS: _accuracy(judge, pair),
    }
    return [*records, *(relied_on(each, pair.sides, file) for file, of_it in resting.items() for each in of_it)]


def _records(pair: Pair) -> Iterator[Verdict]:
    for arm in pair.sides:
        for failure in arm.failures:
            yield _verdict(RECORDS, failure.file, [arm.trace], "unverified", failure.message)


def _inputs(judge: Judge, pair: Pair) -> Verdict:
    a, b = (arm.trace for arm in pair.sides)
    given = {"plan": [a.plan_digest, b.plan_digest]}
    if a.arm.precision == b.arm.precision:
        given["initial weights"] = [a.initial_weights_digest, b.initial_weights_digest]
    subject = " and ".join(given)
    other = [f"another {what}: {x[:8]} and {y[:8]}" for what, (x, y) in given.items() if x and y and x != y]
    if other:
        return _verdict(INPUTS, subject, [a, b], "diverges", "; ".join(other))
    for what, of in (("plan", "plan_digest"), ("initial weights", "initial_weights_digest")):
        nothing = [trace for trace in (a, b) if not getattr(trace, of)]
        if nothing:
            return _unknown(INPUTS, subject, [a, b], nothing, f"said which {what} it had")
    return _verdict(INPUTS, subject, [a, b], "agrees", EQUAL)


def _rates(judge: Judge, pair: Pair) -> list[Verdict]:
    """The rates as recorded, step by step, against the formula, which needs no data."""
    traces = [arm.trace for arm in pair.sides]
    count = min(len(trace.learning_rates) for trace in traces)
    word, steps = judge.experiment.schedule, np.arange(count)
    if not count:
        silent = [trace for trace in traces if trace.losses and not trace.learning_rates]
        return [_unknown(schedule.NAME, word.name_in_tables, traces, silent, "recorded a rate")] if silent else []
    reference = oracle(word, steps)
    claims = {}
    for trace in traces:
        precision = np.dtype(trace.arm.precision).type
        tolerance = schedule.rate_tolerance(word, steps, precision)
        rates = np.asarray(trace.learning_rates[:count])
        claims[trace.arm.name] = Claim(
            trace.arm.name,
            rates,
            tolerance,
            precision,
            lambda t=trace, own=tolerance: _excuse(word, t, reference, own),  # type: ignore[misc]
        )
    subject = f"{word.name_in_tables}, as recorded, steps 0 to {count - 1}"
    found = judge_checks([Check(schedule.NAME, subject, reference, claims, lambda i: f"step {i[0]}")])
    return [_said_equal(each, *(claim.values for claim in claims.values())) for each in found]


def _excuse(word: Any, trace: Trace, reference: FloatArray, tolerance: Tolerance) -> Excuse | None:
    """What the ledger says of the rates, in the versions that the arm ran on."""
    arm, said = trace.arm, trace.environment
    known = [
        entry
        for entry in entries_for(arm.adapter, said.get("versions", {}), "schedule", word.word(), arm.precision)
        if entry.kind == "inaccurate" and entry.holds_in(arm.precision, arm.mode, said.get("device", "cpu"))
    ]
    return of_word(known, reference, tolerance) if known else None


def _curves(judge: Judge, pair: Pair) -> list[Verdict]:
    traces = [_as_sent(judge, arm) for arm in pair.sides]
    nothing = [trace for trace in traces if not trace.losses]
    if nothing:
        return [_unknown(trajectory.NAME, "train_loss", traces, nothing, "recorded a step")]
    curves = [np.asarray(trace.losses) for trace in traces]
    if judge.context is not None:
        return [_said_equal(each, *curves) for each in trajectory.judge_traces(judge.context, traces)]
    whole = max(map(len, curves))
    found = _arm_against_arm(judge, trajectory.NAME, "train_loss", traces, *_cut(curves), "step {}")
    short = [trace for trace in traces if not trace.finished or len(trace.losses) != whole]
    if not short or found.status == "diverges":
        return [found]
    return [_unknown(trajectory.NAME, found.subject, traces, short, "come to its end")]


def _digests(judge: Judge, pair: Pair) -> list[Verdict]:
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


def _unlike_weights(pair: Pair) -> Iterator[Verdict]:
    unlike = _unlike(pair.a.weights, pair.b.weights)
    if unlike:
        yield _verdict(trajectory.NAME, FINAL_WEIGHTS, [arm.trace for arm in pair.sides], "diverges", unlike)


def _others(judge: Judge, pair: Pair, recorded: Sequence[Quantity]) -> Iterator[Verdict]:
    """A verdict on what both recorded where it is equal bit for bit, or where float64 says that it must be near."""
    traces = [arm.trace for arm in pair.sides]
    strictly = _both_float64(traces) and len(traces[0].losses) <= STRICT_STEPS
    for row in rows_of(each for each in recorded if each.common):
        if strictly or row.is_equal:
            place = "step {}" if row.parts[0].steps is not None else "value {}"
            verdicts = [
                _arm_against_arm(judge, trajectory.NAME, each.what, traces, each.a, each.b, place) for each in row.parts
            ]
            worst = worst_of(verdicts)
            tensor = "" if row.kind == worst.subject else worst.subject
            yield worst.model_copy(update={"subject": row.name, "tensor": tensor})


def _unlike(a: Arrays, b: Arrays) -> str:
    """Which parameters the arms do not share; empty where they share all, or one of them left none."""
    shapes = [{f"{name} {value.shape}" for name, value in each.items()} for each in (a, b)]
    wrong = sorted(shapes[0] ^ shapes[1]) if a and b else []
    return f"only one of the arms has {', '.join(wrong)}" if wrong else ""


def _accuracy(judge: Judge, pair: Pair) -> list[Verdict]:
    return convergence.judge_traces(judge.experiment, [arm.trace for arm in pair.sides])


def _arm_against_arm(
    judged: Judge, rung: str, subject: str, traces: Sequence[Trace], a: FloatArray, b: FloatArray, place: str
) -> Verdict:
    """Without a third value to be nearer to: equal bits agree, two float64 arms may be a strict bound apart."""
    head = {"judgement": "undetermined", "tolerance_source": EQUAL}
    if same_bits(a, b):
        return _verdict(rung, subject, traces, "agrees", EQUAL).model_copy(update=head)
    if _both_float64(traces):
        size = np.full(np.shape(a), np.max(np.abs(a), initial=0.0, where=np.isfinite(a)))
        bound = strict(size)
        exact = Tolerance(np.zeros(()), bound.source)
        claims = [Claim(t.arm.name, v, s, np.float64) for t, v, s in zip(traces, (a, b), (exact, bound), strict=True)]
        found = judge(rung, subject, a, claims[0], claims[1], lambda i: place.format(i[0]))
        return found.model_copy(
            update={"nearer": "", "value_reference": None, "culprit": "", "judgement": "undetermined"}
        )
    apart = Quantity(subject, np.asarray(a), np.asarray(b))
    cause = (
        f"apart from {place.format(apart.first)} on, by up to {apart.largest:.2g} of the largest value; "
        f"whether that is rounding cannot be said, since {judged.why}"
    )
    return _verdict(rung, subject, traces, "unverified", cause).model_copy(update=head)


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
