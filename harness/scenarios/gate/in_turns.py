"""Times a head and its base in turns, in one invocation, and judges the one by the other."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Protocol

import numpy as np

from harness.composition.measurement import Asked
from harness.composition.preflight import claimed, refuse_too_large
from harness.composition.timed import Point
from harness.plan import Plan
from harness.records.interpreter import Interpreter
from harness.results.claim import claim
from harness.results.marker import Marker, complete
from harness.results.store import write_text
from harness.scenarios.arrangement import arranged_study
from harness.scenarios.bench import one
from harness.scenarios.ending import report_unfinished, unfinished_by
from harness.scenarios.gate import start
from harness.scenarios.gate.start import GATE
from harness.subjects.gate.in_turns import judge_in_turns, sides_of
from harness.system.stopping import heeding_signals, shielded, stopped_again

BENCH_PLACE = "bench"  # the folder of the bench in that of the gate


class Presenter(one.Presenter, start.Presenter, Protocol):
    """Shows the bench of both sides, and the gate."""


def start_in_turns(point: Point, asked: Asked, base: Interpreter, presenter: Presenter) -> int:
    """Runs the gate and returns the exit code. Raises UserMistake where something cannot be timed."""
    with np.errstate(all="ignore"), heeding_signals():
        refuse_too_large(point.study)
        study, (arrangements, *_) = arranged_study(point.study.at_first_seeds(), presenter.notice)
        composed = study.first

        def claim_folder(_: Plan) -> Path:
            usual = composed.results_root / "gate" / datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
            place = claimed("gate", composed.out, usual) / BENCH_PLACE
            claim(place, "bench")
            return place

        with closing(presenter.bench_listener()) as listener:
            bench = one.timed_bench(composed, point.data, claim_folder, asked, presenter, listener, arrangements, base)
            if bench.unfinished is not None:
                if bench.unfinished.can_be_shown:
                    listener.end(bench.folder, bench.exit_code, bench.sentence, is_brief=stopped_again())
                return bench.exit_code
        return _judged(bench.folder, presenter)


def _judged(place: Path, presenter: start.Presenter) -> int:
    """Writes and shows the gate of a bench that has come to its end."""
    folder = place.parent
    try:
        gate = judge_in_turns(*sides_of(place), BENCH_PLACE)
        write_text(folder / GATE, gate.model_dump_json(indent=2) + "\n")
        with shielded():
            complete(folder, Marker.of("gate", gate.exit_code, gate.sentence), {BENCH_PLACE: place})
            presenter.write_gate_outputs(folder)
    except BaseException as error:
        unfinished = unfinished_by(error, folder)
        report_unfinished(unfinished, error, folder)
        return unfinished.exit_code
    presenter.show_gate(folder)
    return gate.exit_code
