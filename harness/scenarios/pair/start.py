"""Checks a pair, and writes its folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing, nullcontext, suppress
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from harness.composition import UserMistake
from harness.composition.preflight import claimed
from harness.plan import digest_arrays
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.results.marker import Marker, complete
from harness.results.store import Store, write_text
from harness.scenarios.arrangement import Arrangements, arranged_arms
from harness.scenarios.ending import report_unfinished, unfinished_by
from harness.scenarios.pair.climb import climb_rungs
from harness.scenarios.pair.state import PairListener, PairRun
from harness.subjects.pair.composing import ComposedPair
from harness.subjects.pair.facts import code_digest, write_facts
from harness.subjects.pair.records import final_weights, write_side
from harness.system.stopping import heeding_signals, shielded


def start_pair(
    composed: ComposedPair,
    listener: PairListener,
    page: Callable[[Path], str],
    write_page: Callable[[Path], None],
    notice: Callable[[str], None],
) -> int:
    """Checks a pair and returns the exit code.

    `notice` is given what is done before the check begins. `page` makes the text of `report.md` from the folder, and
    `write_page` writes the page of a complete one. Raises UserMistake, and leaves no folder, where the user has to say
    which parameters belong together.
    """
    now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    arms, arrangements = arranged_arms(composed.pair.arms, notice)
    composed = replace(composed, pair=composed.pair.model_copy(update={"arms": arms}))
    folder = claimed("check", composed.out, composed.results_root / composed.pair.name / now)
    with heeding_signals(), closing(listener):
        run = check_pair(composed, arrangements, folder, listener, page)
        if run.unfinished is None:
            with shielded():
                write_page(folder)
        if run.unfinished is None or run.unfinished.can_be_shown:
            run.listener.end(run)
    return run.exit_code


def check_pair(
    composed: ComposedPair,
    arrangements: Arrangements,
    folder: Path,
    listener: PairListener,
    page: Callable[[Path], str],
) -> PairRun:
    """Checks a pair, whose arms are arranged, in a folder that has been claimed, and writes its page."""
    run = PairRun(composed, folder, listener, code=code_digest(composed))
    run.traces = {arm.name: Trace(arm=arm, arrangement=arrangements[arm.name]) for arm in composed.pair.arms}
    _run_and_record(run)
    with shielded(), nullcontext() if run.unfinished is None else suppress(OSError):
        write_text(folder / "report.md", page(folder))
    return run


def _run_and_record(run: PairRun) -> None:
    """Makes the check and writes its records and its marker. On an exception it writes the records so far."""
    try:
        run.scratch.mkdir()
        for arm in run.traces:
            (run.folder / "arms" / arm).mkdir(parents=True)
        write_text(run.folder / "pair.json", run.composed.pair.model_dump_json(indent=2) + "\n")
        run.listener.begin(run.composed)
        with np.errstate(all="ignore"):  # Overflow is judged like any other value.
            climb_rungs(run)
        _write_records(run)
        with shielded():
            complete(run.folder, Marker.of("pair", run.exit_code, run.sentence, run.coverage))
    except UserMistake:
        shutil.rmtree(run.folder)
        raise
    except BaseException as error:
        with shielded():
            run.unfinished = unfinished_by(error, run.folder)
            kind, cause = run.unfinished.kind, run.unfinished.reason
            run.verdicts.append(Verdict(rung="run", subject=kind, arm_a="", status="interrupted", cause=cause))
            with suppress(OSError):
                _write_records(run)
            report_unfinished(run.unfinished, error, run.folder)


def _write_records(run: PairRun) -> None:
    shutil.rmtree(run.scratch, ignore_errors=True)
    store = Store(run.folder)
    for number, arm in enumerate(run.composed.pair.arms):
        walked = run.climb.walked[number] if run.climb and run.climb.walked else None
        if walked is not None:
            run.update(arm.name, finished=True, final_weights_digest=digest_arrays(final_weights(walked)))
        write_side(store, run.traces[arm.name], walked)
    write_facts(run.folder, run.composed, run.matches, run.climb, run.code)
    store.write_verdicts(run.verdicts)
    store.write_summary(list(run.traces.values()))
