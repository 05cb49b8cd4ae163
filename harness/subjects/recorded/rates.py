"""The learning rates of two recorded arms, judged by the formula of their schedule."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from adapters.reference.schedules import oracle
from harness.judging.checks import judge_checks
from harness.judging.ledger_excuses import of_word
from harness.judging.tolerances import Excuse, Tolerance
from harness.ledger.loading import inaccuracies_of
from harness.oracles.oracle import ArmValues, Place, checks
from harness.oracles.reference import Excusing, Reference
from harness.records.array_types import FloatArray
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.rungs import schedule
from harness.subjects.recorded.judge import Judge
from harness.subjects.recorded.pairing import ArmPair
from harness.subjects.recorded.verdicts import marked_equal, unknown

RATE = "learning rate"


def rates_verdicts(judge: Judge, pair: ArmPair) -> list[Verdict]:
    """The recorded learning rates, step by step, against the schedule's formula, which needs no data."""
    traces = [arm.trace for arm in pair.sides]
    count = min(len(trace.learning_rates) for trace in traces)
    word, steps = judge.experiment.schedule, np.arange(count)
    if not count:
        missing = [trace for trace in traces if trace.losses and not trace.learning_rates]
        return [unknown(schedule.NAME, word.name_in_tables, traces, missing, "recorded a rate")] if missing else []
    reference = oracle(word, steps)
    tolerances, excuses = dict[str, dict[str, Tolerance]](), dict[str, Excusing]()
    for trace in traces:
        precision = np.dtype(trace.arm.variable_dtype).type
        tolerances[trace.arm.name] = {RATE: schedule.rate_tolerance(word, steps, precision)}
        excuses[trace.arm.name] = partial(_excusing, word, trace, reference)
    rates = {t.arm.name: ArmValues(t.arm, {RATE: np.asarray(t.learning_rates[:count])}) for t in traces}
    subject = f"{word.name_in_tables}, as recorded, steps 0 to {count - 1}"
    place = Place(subject, tensor="", name_index=lambda index: f"step {index[0]}")
    verdicts = judge_checks(
        checks(schedule.NAME, Reference({RATE: reference}, tolerances, excuses), rates, {RATE: place})
    )
    return [marked_equal(verdict, *(values.tensor(RATE) for values in rates.values())) for verdict in verdicts]


def _excusing(
    word: Any, trace: Trace, reference: FloatArray, tensor: str, tolerance: Tolerance
) -> Callable[[], Excuse | None]:
    return partial(_excuse, word, trace, reference, tolerance)


def _excuse(word: Any, trace: Trace, reference: FloatArray, tolerance: Tolerance) -> Excuse | None:
    """The ledger's excuse for the learning rates, in the versions that the arm ran on; None if it has none."""
    arm, environment = trace.arm, trace.environment
    computed = arm.variable_dtype, arm.mode, environment.get("device", "cpu")
    entries = inaccuracies_of(arm.adapter, environment.get("versions", {}), word, *computed)
    return of_word(entries, reference, tolerance) if entries else None
