"""A run: what of its tables, its outcome and its page follows from its traces and verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from harness.judging.confusion import COLUMNS as CONFUSION_COLUMNS
from harness.judging.flips import COLUMNS, flips_between
from harness.records import outcome
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.results.claim import claimed_for
from harness.results.files import UnreadableError, read_table, read_verdicts
from harness.results.plausible import examined
from harness.results.reading import read_run
from harness.results.recorded import VERDICTS, RecordedRun
from harness.results.store import CONFUSION, FLIPS, VERDICT_COLUMNS
from harness.rungs import convergence, registry
from harness.rungs.coverage import coverage
from harness.scenarios.verify.check import Check, damaged, held, names, same, table_differences, unreadable
from harness.scenarios.verify.whole import Pages, marker_check, page_checks

SUMMARY = "summary.parquet"
WITHOUT_CULPRIT = (
    *("rung", "subject", "arm_a", "arm_b", "status", "worst_index", "value_a", "value_b"),
    *("tolerance", "error_over_tolerance", "tolerance_source"),
)


def run_checks(folder: Path, pages: Pages) -> list[Check]:
    """The checks of one run. Its steps, epochs, weights and predictions must also fit each other and its experiment."""
    run = examined(read_run(folder))
    checks = list(damaged(run.all_failures, "the records beside it"))
    traces = [arm.trace for arm in run.arms.values()]
    checks += held(SUMMARY, "the traces", lambda: _summary_differences(folder, traces))
    checks += _flips(run)
    checks += _confusions(run)
    if broken := unreadable(VERDICTS, lambda: read_verdicts(folder / VERDICTS)):
        checks += [check for check in broken if not names(checks, VERDICTS)]
        return [*checks, *page_checks(folder, pages, checks)]
    verdicts = read_verdicts(folder / VERDICTS)
    if _judges_convergence(run, verdicts):
        checks += held(VERDICTS, "the traces", lambda: _convergence_differences(run, traces, verdicts))
    if run.experiment is not None:
        trains = claimed_for(folder) == "match" or any(trace.epochs for trace in traces)
        steps = int(run.plan.get("steps", 0))
        judged = coverage(run.experiment, steps, verdicts, traces, trains, run.cost).in_words
        code, sentence = outcome.exit_code(verdicts, traces), outcome.in_one_line(verdicts, traces)
        checks += marker_check(folder, code, sentence, judged)
    return [*checks, *page_checks(folder, pages, checks)]


def summary_table(rows: list[dict[str, object]]) -> pd.DataFrame:
    """The rows as they are after they were written and read."""
    return pd.DataFrame(rows)


def _summary_differences(folder: Path, traces: list[Trace]) -> Iterator[str]:
    recorded = read_table(folder / SUMMARY, ())
    yield from table_differences(recorded, summary_table([trace.summary() for trace in traces]), ("arm",))


def _flips(run: RecordedRun) -> Iterator[Check]:
    """The test images that two arms classify differently. Their labels are those of the data, which has them."""
    finished = {name: arm.predictions for name, arm in run.arms.items() if arm.trace.finished and arm.predictions}
    if len(finished) < 2 and not (run.folder / FLIPS).exists():
        return
    yield from held(FLIPS, "the predictions", lambda: _flip_differences(run.folder, finished))


def _flip_differences(folder: Path, predictions: dict[str, dict[str, np.ndarray]]) -> Iterator[str]:  # type: ignore[type-arg]
    recorded = read_table(folder / FLIPS, COLUMNS)
    if len(predictions) < 2:
        raise UnreadableError("fewer than two arms have predictions")
    labels = np.zeros(len(next(iter(predictions.values()))["label"]), np.int64)
    index = recorded["index"].to_numpy(np.int64)
    if len(index) and not (index.min() >= 0 and index.max() < len(labels)):
        yield f"has an index of {index.max()}, and there are {len(labels)} predictions"
        return
    labels[index] = recorded["label"].to_numpy(np.int64)
    yield from table_differences(recorded, flips_between(labels, predictions), ("arm_a", "arm_b", "index"))


def _confusions(run: RecordedRun) -> Iterator[Check]:
    """The predictions by class. Of the labels, which the data has, only the accuracy that they make is known here."""
    if (run.folder / CONFUSION).exists():
        yield from held(CONFUSION, "the predictions", lambda: _confusion_differences(run))


def _confusion_differences(run: RecordedRun) -> Iterator[str]:
    recorded = read_table(run.folder / CONFUSION, CONFUSION_COLUMNS)
    finished = {name: arm for name, arm in run.arms.items() if arm.trace.finished and arm.predictions}
    for name in dict.fromkeys([*finished, *map(str, recorded["arm"])]):
        rows = recorded[recorded["arm"] == name]
        sums = rows.groupby("prediction", as_index=False)["count"].sum()
        counts = {int(k): int(v) for k, v in zip(sums["prediction"], sums["count"], strict=True)}
        if name not in finished:
            raise UnreadableError(f"the predictions of {name} cannot be read")
        predicted = finished[name].predictions["label"]
        expected = {int(k): int(v) for k, v in zip(*np.unique(predicted, return_counts=True), strict=True)}
        if counts != expected:
            yield f"has {counts} images by predicted class of {name}, and {expected} follow"
            continue
        right = int(rows.loc[rows["label"] == rows["prediction"], "count"].sum())
        stated = finished[name].trace.epochs[-1].test_accuracy
        if stated is not None and not same(right / len(predicted), float(stated)):
            yield f"makes an accuracy of {right / len(predicted)!r} of {name}, and {stated!r} was recorded"


def _judges_convergence(run: RecordedRun, verdicts: list[Verdict]) -> bool:
    """Whether the accuracies of single seeds were judged, or should have been."""
    if run.experiment is None or len(run.plan.get("seeds") or ()) > 1:
        return False
    left_out = () if run.cost is None else run.cost.asked.left_out
    chosen = {rung.name for rung in registry.of_trainings(run.experiment.rungs)} - set(left_out)
    is_due = convergence.NAME in chosen and claimed_for(run.folder) == "match"
    return is_due or any(_is_of_convergence(verdict) for verdict in verdicts)


def _is_of_convergence(verdict: Verdict) -> bool:
    return verdict.rung == convergence.NAME and verdict.subject == "test_accuracy" and bool(verdict.arm_b)


def _convergence_differences(run: RecordedRun, traces: list[Trace], verdicts: list[Verdict]) -> Iterator[str]:
    assert run.experiment is not None  # else convergence is not judged
    expected = convergence.judge_traces(run.experiment, traces)
    recorded = [verdict for verdict in verdicts if _is_of_convergence(verdict)]
    for difference in table_differences(numbers_table(recorded), numbers_table(expected), ("arm_a", "arm_b")):
        yield f"of rung {convergence.NAME}: {difference}"


def verdict_table(verdicts: list[Verdict]) -> pd.DataFrame:
    """The verdicts as rows."""
    return pd.DataFrame([verdict.model_dump() for verdict in verdicts], columns=list(VERDICT_COLUMNS))


def numbers_table(verdicts: list[Verdict]) -> pd.DataFrame:
    """The verdicts without what only the reference can tell of them: the culprit and the cause."""
    return verdict_table(verdicts)[list(WITHOUT_CULPRIT)]
