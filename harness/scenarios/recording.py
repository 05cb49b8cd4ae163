"""What a run leaves: its inputs before it begins, its records at its end, and last the marker that makes it complete.

A run that ends earlier keeps its records so far, and `Run.unfinished` says why it ended.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from harness.judging.confusion import confusions
from harness.judging.flips import flips_between, shown_images
from harness.records import outcome
from harness.records.failure import Failure
from harness.records.verdict import Verdict
from harness.results.marker import Marker, complete, state_of
from harness.rungs.free_run import CURVES
from harness.rungs.free_run_curves import FreeRuns
from harness.scenarios.ending import report_unfinished, unfinished_by
from harness.scenarios.run import Run
from harness.system.stopping import shielded
from harness.worker.sharing import share


def run_and_record(runs: Sequence[Run], folder: Path, work: Callable[[], None]) -> None:
    """Writes the inputs, does the work, writes the records of each run and, last, its marker.

    On any exception it writes the records so far, sets `unfinished` and returns, since an unfinished run is a result
    too.
    """
    try:
        for run in runs:
            run.store.write_inputs(run.experiment, run.plan, run.data, run.seeds)
            run.scratch.mkdir()
            share(run.scratch, run.experiment, run.plan, run.data)
        work()
        for run in runs:
            _write_records(run)
        with shielded():
            for run in runs:
                marker = Marker.of("run", run.exit_code, run.sentence, run.coverage.in_words)
                complete(run.store.folder, marker)
    except BaseException as error:
        with shielded():
            unfinished = unfinished_by(error, folder)
            for run in runs:
                if state_of(run.store.folder) != "complete":
                    _leave_unfinished(run, unfinished)
            report_unfinished(unfinished, error, folder)


def _write_records(run: Run) -> None:
    run.listener.stage("records")
    shutil.rmtree(run.scratch, ignore_errors=True)
    for trace in run.traces.values():
        run.store.write_trace(trace)
    run.store.write_verdicts(run.verdicts)
    run.store.write_summary(list(run.traces.values()))
    _record_predictions(run)
    free_runs: FreeRuns | None = run.context.made.get(CURVES)
    if free_runs is not None:
        run.store.write_free_runs(free_runs.table(), free_runs.facts())


def _record_predictions(run: Run) -> None:
    """Records how the arms classify the test images: by class and, of two arms, where they differ."""
    predictions = run.store.read_predictions(trace.arm.name for trace in run.traces.values() if trace.finished)
    if predictions:
        run.store.write_confusions(confusions(run.data.y_test, predictions))
    if len(predictions) > 1:
        run.flips = flips_between(run.data.y_test, predictions)
        run.store.write_flips(run.flips, shown_images(run.flips, run.data.x_test))


def _leave_unfinished(run: Run, unfinished: outcome.Unfinished) -> None:
    """Writes the records so far, file by file. A file that cannot be written keeps its last state."""
    run.unfinished = unfinished
    # It needs a verdict of its own: all arms may have finished, and only the judging was cut short.
    run.verdicts.append(
        Verdict(rung="run", subject=unfinished.kind, arm_a="", status="interrupted", cause=unfinished.reason)
    )
    for name, trace in run.traces.items():
        if trace.failure is None and not trace.finished:
            run.update(name, failure=Failure(symptom="interrupted", stage="training", message=unfinished.reason))
    shutil.rmtree(run.scratch, ignore_errors=True)  # first, since it makes room
    traces = list(run.traces.values())
    writers: list[Callable[[], None]] = [partial(run.store.write_trace, trace) for trace in traces]
    writers += [partial(run.store.write_verdicts, run.verdicts), partial(run.store.write_summary, traces)]
    for write in writers:
        with suppress(OSError):
            write()
